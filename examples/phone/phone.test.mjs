// The phone over HTTP. PGHOST, PGUSER and PGDATABASE name a database with schema.sql in it.
import assert from 'node:assert/strict'
import { webcrypto } from 'node:crypto'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { Phone } from './phone.mjs'
import { serve } from './server.mjs'

globalThis.crypto ??= webcrypto
const [EMAIL, PASSWORD] = ['ann@example.org', 'correct horse battery']
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
const loggedIn = async () => {
  const phone = await Phone.create(api.url)
  assert.equal(await phone.logIn(EMAIL, PASSWORD), 'ok')
  return phone
}
const sessionOf = (phone) => JSON.parse(Buffer.from(phone.accessToken.split('.')[1], 'base64url')).sid
const ask = async (sql, ...values) => (await admin.query(sql, values)).rows
const me = (phone) => phone.request('GET', '/me?a=b')

test('a log-in is bound to the key, and each request proves it', async () => {
  const phone = await loggedIn()
  assert.deepEqual(await me(phone), { status: 200, answer: { email: EMAIL } })
  const [{ bound, class: name }] = await ask("SELECT bound, class FROM jwt_auth.user_sessions('1') WHERE session_id = $1", sessionOf(phone))
  assert.deepEqual([bound, name], ['dpop', 'phone'])
  const other = await Phone.create(api.url)
  assert.equal(await other.logIn(EMAIL, 'wrong'), 'wrong_email_or_password')
  assert.equal(await other.logIn(EMAIL, '\0'), 'wrong_email_or_password')
})

test('the private key can not be read', async (t) => {
  const made = []
  const generate = crypto.subtle.generateKey
  t.mock.method(crypto.subtle, 'generateKey', async (...parameters) => {
    made.push(await generate.apply(crypto.subtle, parameters))
    return made[0]
  })
  await Phone.create(api.url)
  const [{ privateKey }] = made
  assert.equal(privateKey.extractable, false)
  for (const format of ['jwk', 'pkcs8']) await assert.rejects(crypto.subtle.exportKey(format, privateKey), /not extractable/)
})

test('a token that has run out is refreshed once, on the way', async () => {
  const phone = await loggedIn()
  const before = phone.accessToken
  await ask('SELECT jwt_auth.deny_token($1)', before)
  assert.equal((await me(phone)).status, 200)
  assert.notEqual(phone.accessToken, before)
})

test('who has both tokens and another key gets nothing, and the phone goes on', async () => {
  const phone = await loggedIn()
  const thief = await Phone.create(api.url)
  Object.assign(thief, { accessToken: phone.accessToken, refreshToken: phone.refreshToken })
  assert.deepEqual(await me(thief), { status: 401, answer: { status: 'refused', code: 'JW015' } })
  assert.equal(await thief.refresh(), 'proof_invalid')
  // Nor does who has the tokens and no key, or a proof that was made for another request.
  const get = async (headers) => (await fetch(`${api.url}/me`, { headers })).status
  assert.equal(await get({ authorization: `DPoP ${phone.accessToken}` }), 401)
  assert.equal(await get({ authorization: `Bearer ${phone.accessToken}`, dpop: await phone.prove('GET', `${api.url}/me`, phone.accessToken) }), 401)
  assert.equal(await get({ authorization: `DPoP ${phone.accessToken}`, dpop: await phone.prove('POST', `${api.url}/me`, phone.accessToken) }), 401)
  assert.equal(await get({ authorization: `DPoP ${phone.accessToken}`, dpop: await phone.prove('GET', `${api.url}/you`, phone.accessToken) }), 401)
  assert.equal(await get({ authorization: `DPoP ${phone.accessToken}`, dpop: await phone.prove('GET', `${api.url}/me`, phone.refreshToken) }), 401)
  const unbound = await fetch(`${api.url}/log-in`, { method: 'POST', body: JSON.stringify({ email: EMAIL, password: PASSWORD }) })
  assert.deepEqual([unbound.status, (await unbound.json()).status], [401, 'proof_required'])
  assert.equal((await me(phone)).status, 200)
  assert.equal(await phone.refresh(), 'ok')
})

test('an answer that was lost is given again, however late', async () => {
  const phone = await loggedIn()
  const lost = phone.refreshToken
  assert.equal(await phone.refresh(), 'ok')
  await ask(`UPDATE jwt_auth.refresh_session SET refreshed_at = refreshed_at - interval '3 days' WHERE session_id = $1`, sessionOf(phone))
  const successor = phone.refreshToken
  for (let i = 0; i < 3; i++) {
    phone.refreshToken = lost
    assert.equal(await phone.refresh(), 'ok')
    assert.equal(phone.refreshToken, successor)
  }
  assert.equal((await me(phone)).status, 200)
})

test('a clock that is wrong: the server gives out a nonce, and the phone goes on with it', async (t) => {
  const now = Date.now
  t.mock.method(Date, 'now', () => now() - 3600_000)
  const phone = await loggedIn()
  assert.equal((await me(phone)).status, 200)
  assert.equal(await phone.refresh(), 'ok')
})

test('log-out ends it, and so does a new password', async () => {
  const [phone, tablet] = [await loggedIn(), await loggedIn()]
  assert.equal((await phone.request('POST', '/log-out')).status, 200)
  assert.equal((await me(phone)).answer.code, 'JW010')
  assert.equal(await phone.refresh(), 'invalid')
  assert.equal((await me(tablet)).status, 200)
  await ask(`UPDATE account SET password_hash = crypt($1, gen_salt('bf', 4)) WHERE email = $2`, `${PASSWORD} 2`, EMAIL)
  assert.equal((await me(tablet)).status, 401)
  await ask(`UPDATE account SET password_hash = crypt($1, gen_salt('bf', 4)) WHERE email = $2`, PASSWORD, EMAIL)
})

test('what a client gets wrong is not an error of the server', async () => {
  const status = async (method, path, body, headers = {}) => (await fetch(api.url + path, { method, body, headers })).status
  assert.equal(await status('GET', '/'), 404)
  assert.equal(await status('POST', '/refresh', '{'), 400)
  assert.equal(await status('POST', '/refresh', 'null'), 401)
  assert.equal(await status('POST', '/refresh', JSON.stringify({ refreshToken: 'x'.repeat(70000) })), 413)
  assert.equal(await status('POST', '/log-in', JSON.stringify({ email: 7, password: [] }), { dpop: 'rubbish' }), 401)
  assert.equal(await status('GET', '/me', undefined, { authorization: 'DPoP rubbish', dpop: 'rubbish' }), 401)
})
