// API keys of a user's own programs, on the page and over HTTP; and the public keys for services that verify by themselves.
import assert from 'node:assert/strict'
import { get } from 'node:http'
import { test } from 'node:test'
import { PASSWORD, admin, app, newBrowser, post, signUp, tokenOf } from './testing.mjs'

const request = async (method, path, token, body) => {
  const response = await fetch(`${app.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  })
  return { code: response.status, answer: await response.json() }
}
const status = async (...parameters) => (await request(...parameters)).code
const KEY = /^jwtauth_k1_[A-Za-z0-9_-]{69}[AQgw]$/

test('a key is made and ended on the page; a program reads the account with it in between', async () => {
  const context = await newBrowser('Desk')
  const page = await signUp(context, 'kim@example.org')
  const keys = page.getByRole('region', { name: 'Keys for your programs' })
  await keys.getByLabel('What is it for?').fill('back-up <b>')
  await keys.getByRole('button', { name: 'Create a key' }).click()
  await keys.getByText('back-up <b>').waitFor()
  await keys.getByText('never used').waitFor()
  const key = await keys.locator('code').textContent()
  assert.match(key, KEY)

  assert.deepEqual(await request('GET', '/api/account', key), { code: 200, answer: { email: 'kim@example.org', role: null, acting: false } })
  await page.reload()
  await keys.getByText('last used about').waitFor()
  assert.equal(await keys.locator('code').textContent(), '')
  // Only the account is what it is for.
  for (const [method, path, body] of [
    ['DELETE', '/api/account'], ['GET', '/api/devices'], ['DELETE', '/api/devices'], ['GET', '/api/history'], ['GET', '/api/events'], ['GET', '/api/people'],
    ['GET', '/api/keys'], ['POST', '/api/keys', { name: 'another' }], ['POST', '/api/password', { current: PASSWORD, next: 'another long password' }],
    ['POST', '/auth/log-out', {}], ['POST', '/auth/confirm', { password: PASSWORD }],
  ]) assert.deepEqual(await request(method, path, key, body), { code: 403, answer: { status: 'not_allowed' } }, `${method} ${path}`)

  await keys.getByRole('button', { name: 'End the key back-up <b>' }).click()
  await page.getByText('That key is ended.').waitFor()
  assert.equal(await keys.getByRole('listitem').count(), 0)
  assert.equal(await status('GET', '/api/account', key), 401)
  assert.deepEqual(context.errors, [])
  await context.close()
})

test('a key is its user\'s own, asks for a recent password, and ends with the password', async () => {
  const signedUp = async (email) => tokenOf(await post('/auth/sign-up', { email, password: PASSWORD }))
  const [lee, max] = [await signedUp('lee@example.org'), await signedUp('max@example.org')]
  for (const name of ['', '  ', 7, null, 'x'.repeat(101), 'a\0b']) assert.equal(await status('POST', '/api/keys', lee, { name }), 400)
  const { answer: { id, key } } = await request('POST', '/api/keys', lee, { name: 'job' })
  assert.equal(await status('GET', '/api/account', key), 200)
  for (const [token, which] of [[max, id], [lee, '00000000-0000-0000-0000-000000000000'], [lee, 'x']]) assert.equal(await status('DELETE', `/api/keys/${which}`, token), 404)
  assert.deepEqual((await request('GET', '/api/keys', max)).answer, [])
  assert.equal(await status('POST', '/api/password', lee, { current: PASSWORD, next: `${PASSWORD} 2` }), 200)
  assert.equal(await status('GET', '/api/account', key), 401)
})

test('for a new key the password may not be given long ago', async () => {
  const signedUp = await post('/auth/sign-up', { email: 'nia@example.org', password: PASSWORD })
  await admin.query(`UPDATE jwt_auth.refresh_session SET created_at = created_at - interval '10 minutes'
                     WHERE user_id = (SELECT id::text FROM account WHERE email = 'nia@example.org')`)
  const cookie = signedUp.headers.getSetCookie().at(-1).split(';')[0]
  const old = await tokenOf(await fetch(`${app.url}/auth/refresh`, { method: 'POST', headers: { cookie } }))
  assert.deepEqual(await request('POST', '/api/keys', old, { name: 'job' }), { code: 401, answer: { status: 'confirm', code: 'JW013' } })
  assert.deepEqual(await request('GET', '/api/keys', old), { code: 200, answer: [] })
})

test('the public keys, with how long a cache may keep them', async () => {
  const response = await fetch(`${app.url}/.well-known/jwks.json`)
  assert.deepEqual([response.status, response.headers.get('cache-control')], [200, 'public, max-age=300'])
  assert.match(response.headers.get('content-type'), /^application\/json/)
  const { keys } = await response.json()
  assert.ok(keys.length > 0 && keys.every(({ kid, d, k }) => kid && !d && !k))
  // As a cache asks again; fetch() would ask for a fresh copy.
  const again = await new Promise((resolve, reject) =>
    get(`${app.url}/.well-known/jwks.json`, { headers: { 'if-none-match': response.headers.get('etag') }, agent: false }, resolve).on('error', reject))
  again.resume()
  assert.deepEqual([again.statusCode, again.headers.etag], [304, response.headers.get('etag')])
})
