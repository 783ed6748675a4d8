// The verifier over HTTP. PGHOST, PGUSER and PGDATABASE name a database with schema.sql in it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as oauth from 'oauth4webapi'
import pg from 'pg'
import { serve } from './server.mjs'

const admin = new pg.Client()
let api

const ask = async (sql, values) => (await admin.query(sql, values)).rows[0]
const logIn = (user) => ask('SELECT access_token, refresh_token, session_id FROM jwt_auth.issue_refresh_session($1)', [user])
const resource = async (token, base = api.url) =>
  (await fetch(`${base}/resource`, { headers: token ? { authorization: `Bearer ${token}` } : {} })).status
// How long it takes until the token is refused; fails after five seconds.
async function refusedAfter(token, base = api.url) {
  const start = Date.now()
  while (Date.now() - start < 5000) {
    if ((await resource(token, base)) === 401) return Date.now() - start
    await sleep(5)
  }
  assert.fail('the token is still accepted')
}

before(async () => {
  await admin.connect()
  api = await serve({ port: 0, pollEvery: 60000 })
})
after(async () => {
  await api.close()
  await admin.end()
})

test('a good token, and none', async () => {
  const { access_token } = await logIn('ann')
  assert.equal(await resource(access_token), 200)
  assert.equal(await resource(), 401)
  assert.equal(await resource('x.y.z'), 401)
})

test('each kind of revocation is heard within a second of its commit', async (t) => {
  const kinds = {
    session: async () => {
      const { access_token, session_id } = await logIn('ann')
      return [access_token, () => ask('SELECT jwt_auth.revoke_refresh_session($1)', [session_id])]
    },
    'log-out': async () => {
      const { access_token, refresh_token } = await logIn('ann')
      return [access_token, () => ask('SELECT jwt_auth.revoke_refresh_token($1)', [refresh_token])]
    },
    user: async () => [(await logIn('ben')).access_token, () => ask("SELECT jwt_auth.revoke_user_tokens('ben')")],
    token: async () => {
      const { access_token } = await logIn('cas')
      return [access_token, () => ask('SELECT jwt_auth.deny_token($1)', [access_token])]
    },
    'token without jti': async () => {
      const { token } = await ask(`SELECT jwt_auth.jwt_sign('{"sub": "cas"}') AS token`)
      return [token, () => ask('SELECT jwt_auth.deny_token($1)', [token])]
    },
    key: async () => {
      const { key_id, api_key } = await ask("SELECT * FROM jwt_auth.create_api_key('dan', 'x')")
      const { access_token } = await ask('SELECT access_token FROM jwt_auth.exchange_api_key($1)', [api_key])
      return [access_token, () => ask('SELECT jwt_auth.revoke_api_key($1)', [key_id])]
    },
    everybody: async () => [(await logIn('eva')).access_token, () => ask('SELECT jwt_auth.revoke_all_tokens()')],
  }
  for (const [kind, prepare] of Object.entries(kinds)) {
    const [token, revoke] = await prepare()
    const other = await logIn('other')
    assert.equal(await resource(token), 200, kind)
    await revoke()
    const milliseconds = await refusedAfter(token)
    t.diagnostic(`${kind}: refused ${milliseconds} ms after the commit`)
    assert.ok(milliseconds < 1000, `${kind}: ${milliseconds} ms`)
    if (kind !== 'everybody') assert.equal(await resource(other.access_token), 200, 'somebody else goes on')
  }
})

test('a revocation that commits late is heard all the same', async () => {
  const late = await logIn('fay')
  const early = await logIn('gus')
  const slow = new pg.Client()
  await slow.connect()
  await slow.query('BEGIN')
  await slow.query('SELECT jwt_auth.revoke_refresh_session($1)', [late.session_id])
  await ask('SELECT jwt_auth.revoke_refresh_session($1)', [early.session_id])
  await refusedAfter(early.access_token)
  assert.equal(await resource(late.access_token), 200)
  await slow.query('COMMIT')
  assert.ok((await refusedAfter(late.access_token)) < 1000)
  await slow.end()
})

test('a notification that is missed is made up for by asking', async () => {
  const quick = await serve({ port: 0, pollEvery: 300, channel: 'nobody_rings_here' })
  const { access_token, session_id } = await logIn('hal')
  assert.equal(await resource(access_token, quick.url), 200)
  await ask('SELECT jwt_auth.revoke_refresh_session($1)', [session_id])
  assert.ok((await refusedAfter(access_token, quick.url)) < 2000)
  await quick.close()
})

test('what was revoked while the connection was down, or before the verifier started, is known', async () => {
  const { access_token, session_id } = await logIn('ida')
  const other = await logIn('jon')
  assert.equal(await resource(access_token), 200)
  await ask("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND query ILIKE '%jwks_http%'")
  await ask('SELECT jwt_auth.revoke_refresh_session($1)', [session_id])
  assert.ok((await refusedAfter(access_token)) < 2000)
  assert.equal(await resource(other.access_token), 200)
  const restarted = await serve({ port: 0 })
  assert.equal(await resource(access_token, restarted.url), 401)
  assert.equal(await resource(other.access_token, restarted.url), 200)
  await restarted.close()
})

test('a key that is newer than the copy is fetched', async () => {
  await ask("SELECT jwt_auth.rotate_signing_key('EdDSA')")
  assert.equal(await resource((await logIn('kay')).access_token), 200)
})

test('on news that is too old nothing is accepted', async () => {
  const deaf = await serve({ port: 0, pollEvery: 60000, staleAfter: 300 })
  const { access_token } = await logIn('lea')
  await sleep(400)
  assert.equal(await resource(access_token, deaf.url), 503)
  await deaf.close()
})

test('oauth4webapi introspects and revokes', async () => {
  const server = { issuer: api.url, introspection_endpoint: `${api.url}/introspect`, revocation_endpoint: `${api.url}/revoke` }
  const client = { client_id: 'gateway' }
  const options = { [oauth.allowInsecureRequests]: true }
  const introspect = async (token) =>
    oauth.processIntrospectionResponse(server, client, await oauth.introspectionRequest(server, client, oauth.None(), token, options))
  const revoke = async (token) => oauth.processRevocationResponse(await oauth.revocationRequest(server, client, oauth.None(), token, options))

  const session = await logIn('mia')
  const answer = await introspect(session.access_token)
  assert.deepEqual([answer.active, answer.sub, answer.token_type, answer.sid], [true, 'mia', 'Bearer', session.session_id])
  assert.equal((await introspect(session.refresh_token)).token_type, 'refresh_token')
  for (const token of ['x', 'a.b.c', `${session.access_token}x`, 'jwtauth_k1_x']) assert.deepEqual(await introspect(token), { active: false })
  await revoke('nobody knows it')
  await revoke(session.access_token)
  assert.deepEqual(await introspect(session.access_token), { active: false })
  assert.equal((await introspect(session.refresh_token)).active, true)
  await revoke(session.refresh_token)
  assert.deepEqual(await introspect(session.refresh_token), { active: false })
})

test('a gateway asks with a sub-request', async () => {
  const { access_token, refresh_token } = await logIn('ned')
  const status = async (token) => (await fetch(`${api.url}/authorize`, { headers: { authorization: `Bearer ${token}` } })).status
  assert.deepEqual([await status(access_token), await status(refresh_token), await status('x')], [204, 401, 401])
})

test('the key set has its ETag and is not sent twice', async () => {
  const first = await fetch(`${api.url}/.well-known/jwks.json`)
  assert.equal(first.headers.get('cache-control'), 'public, max-age=300')
  assert.ok((await first.json()).keys.length > 0)
  const again = await fetch(`${api.url}/.well-known/jwks.json`, { headers: { 'if-none-match': first.headers.get('etag') } })
  assert.equal(again.status, 304)
})
