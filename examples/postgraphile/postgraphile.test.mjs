// The GraphQL API over HTTP. PGHOST, PGUSER and PGDATABASE name a database with schema.sql in it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { serve } from './server.mjs'

const PASSWORD = 'correct horse battery'
const admin = new pg.Client()
let api

before(async () => {
  await admin.connect()
  api = await serve({ port: 0 })
})
after(async () => {
  await api.close()
  await admin.end()
})

async function ask(query, variables, token) {
  const response = await fetch(api.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
    body: JSON.stringify({ query, variables }),
  })
  return { status: response.status, ...(await response.json()) }
}
const FIELDS = 'session { status accessToken refreshToken expiresAt }'
const signUp = async (email, password = PASSWORD) =>
  (await ask(`mutation ($email: String!, $password: String!) { signUp(input: { email: $email, password: $password }) { ${FIELDS} } }`, { email, password })).data.signUp.session
const logIn = async (email, password) =>
  (await ask(`mutation ($email: String!, $password: String!) { logIn(input: { email: $email, password: $password }) { ${FIELDS} } }`, { email, password })).data.logIn.session
const refresh = async (refreshToken) =>
  (await ask(`mutation ($refreshToken: String!) { refresh(input: { refreshToken: $refreshToken }) { ${FIELDS} } }`, { refreshToken })).data.refresh.session
const write = (body, token) => ask('mutation ($body: String!) { createNote(input: { note: { body: $body } }) { note { owner body } } }', { body }, token)
const NOTES = '{ allNotes { nodes { body } } }'
const read = async (token) => {
  const { status, data, errors } = await ask(NOTES, {}, token)
  return errors ? [status, errors[0].message] : data.allNotes.nodes.map(({ body }) => body)
}

test('log in, write, and see one’s own rows only', async () => {
  const ann = await signUp('ann@example.org')
  assert.equal(ann.status, 'ok')
  const ben = await signUp('ben@example.org')
  assert.equal((await write('of ann', ann.accessToken)).data.createNote.note.body, 'of ann')
  await write('of ben', ben.accessToken)
  assert.deepEqual(await read(ann.accessToken), ['of ann'])
  assert.deepEqual(await read(ben.accessToken), ['of ben'])
  assert.equal((await logIn('ann@example.org', PASSWORD)).status, 'ok')
  assert.equal(await logIn('ann@example.org', 'wrong'), null)
  const me = await ask('{ myId }', {}, ann.accessToken)
  assert.match(me.data.myId, /^[0-9a-f-]{36}$/)
})

test('anonymous: nobody, and no table', async () => {
  assert.equal((await ask('{ myId }')).data.myId, null)
  assert.deepEqual(await read(), [200, 'permission denied'])
})

test('a revoked token is refused at once, though its signature is good', async () => {
  const cy = await signUp('cy@example.org')
  const other = await logIn('cy@example.org', PASSWORD)
  assert.equal((await ask('mutation { logOut(input: {}) { boolean } }', {}, cy.accessToken)).data.logOut.boolean, true)
  assert.deepEqual(await read(cy.accessToken), [401, 'session of this token has ended'])
  assert.deepEqual(await read(other.accessToken), [])
  await admin.query("SELECT jwt_auth.revoke_user_tokens(id::text) FROM app_private.account WHERE email = 'cy@example.org'")
  assert.deepEqual(await read(other.accessToken), [401, 'session of this token has ended'])
  assert.equal((await refresh(other.refreshToken)).status, 'invalid')
})

test('refresh, retry, theft', async () => {
  const { refreshToken: first } = await signUp('dan@example.org')
  const second = await refresh(first)
  assert.equal(second.status, 'ok')
  const retried = await refresh(first)
  assert.deepEqual([retried.status, retried.refreshToken], ['replayed', second.refreshToken])
  const third = await refresh(second.refreshToken)
  assert.equal((await refresh(first)).status, 'reuse_detected')
  assert.deepEqual(await read(third.accessToken), [401, 'session of this token has ended'])
})

test('tokens that are not ours', async () => {
  const { accessToken } = await signUp('eve@example.org')
  const [header, payload, signature] = accessToken.split('.')
  const claims = JSON.parse(Buffer.from(payload, 'base64url'))
  const forged = Buffer.from(JSON.stringify({ ...claims, role: 'graphile_owner' })).toString('base64url')
  const none = Buffer.from('{"alg":"none"}').toString('base64url')
  for (const token of [`${header}.${forged}.${signature}`, `${none}.${payload}.`, 'rubbish', `${accessToken}x`])
    assert.equal((await ask(NOTES, {}, token)).status, 403, token)
  const { rows: [{ token }] } = await admin.query("SELECT jwt_auth.jwt_sign($1) AS token", [{ sub: claims.sub, role: 'graphile_owner' }])
  const refused = await ask(NOTES, {}, token)
  assert.deepEqual([refused.status, refused.errors[0].message], [403, 'permission denied to become the role that the token names'])
})

test('what cannot be: a status or plain words, and nothing of the database’s own', async () => {
  const status = async (...what) => (await signUp(...what)).status
  await signUp('gus@example.org')
  assert.equal(await status('GUS@example.org'), 'email_taken')
  for (const email of ['', 'nobody', `${'x'.repeat(320)}@example.org`]) assert.equal(await status(email), 'email_not_acceptable')
  for (const password of ['short', 'x'.repeat(73)]) assert.equal(await status('hal@example.org', password), 'password_not_acceptable')
  const { accessToken } = await logIn('gus@example.org', PASSWORD)
  const refused = await write('\u0000', accessToken)
  assert.deepEqual([refused.status, refused.errors.map(({ message }) => message)], [200, ['not acceptable']])
  assert.match((await ask('{ nothing }')).errors[0].message, /^Cannot query field/)
})

test('what bcrypt would cut off a password is not ignored', async () => {
  const full = 'x'.repeat(72)
  await signUp('ida@example.org', full)
  assert.equal(await logIn('ida@example.org', `${full}y`), null)
  assert.equal((await logIn('ida@example.org', full)).status, 'ok')
})

test('an unknown address takes as long as a wrong password', async () => {
  await signUp('jo@example.org')
  const [nobody, jo] = ['nobody@example.org', 'jo@example.org']
  const fastest = { [nobody]: Infinity, [jo]: Infinity }
  // In turns, for the machine's pace changes.
  for (let i = 0; i < 5; i++)
    for (const email of [nobody, jo]) {
      const start = performance.now()
      assert.equal(await logIn(email, 'wrong'), null)
      fastest[email] = Math.min(fastest[email], performance.now() - start)
    }
  assert.ok(fastest[nobody] > fastest[jo] / 4)
})

test('a log-in with the old password that a change overtakes is refused', async () => {
  await signUp('kim@example.org')
  await admin.query('BEGIN')
  await admin.query("UPDATE app_private.account SET password_hash = 'changed' WHERE email = 'kim@example.org'")
  let answered = false
  const late = logIn('kim@example.org', PASSWORD).finally(() => (answered = true))
  const waits = async () => (await admin.query('SELECT bool_or(pg_backend_pid() = ANY (pg_blocking_pids(pid))) AS waits FROM pg_locks WHERE NOT granted')).rows[0].waits
  while (!answered && !(await waits()));
  await admin.query('COMMIT')
  assert.equal(await late, null)
})

test('a changed password ends the sessions from before', async () => {
  const { accessToken } = await signUp('lea@example.org')
  await admin.query("UPDATE app_private.account SET password_hash = 'changed' WHERE email = 'lea@example.org'")
  assert.deepEqual(await read(accessToken), [401, 'session of this token has ended'])
})

test('a rotated key needs no restart, and the old tokens go on', async () => {
  const before = await signUp('fay@example.org')
  assert.deepEqual(await read(before.accessToken), [])
  await admin.query("UPDATE jwt_auth.signing_key SET state = 'verify_only' WHERE state = 'active'")
  await admin.query("SELECT jwt_auth.create_signing_key('ES256')")
  const after = await refresh(before.refreshToken)
  await new Promise((resolve) => setTimeout(resolve, 1100))
  assert.deepEqual(await read(after.accessToken), [])
  assert.deepEqual(await read(before.accessToken), [])
})

test('many users at once on pooled connections: everybody their own', async () => {
  const users = await Promise.all([1, 2, 3, 4, 5].map((n) => signUp(`user${n}@example.org`)))
  await Promise.all(users.map((user, n) => write(`note ${n}`, user.accessToken)))
  const seen = await Promise.all(Array.from({ length: 60 }, (_, i) => read(users[i % 5].accessToken)))
  seen.forEach((notes, i) => assert.deepEqual(notes, [`note ${i % 5}`]))
})
