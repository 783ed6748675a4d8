// The endpoints, asked by oauth4webapi and by hand.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as oauth from 'oauth4webapi'
import { start } from './gateway.mjs'
import { admin, logIn, row, send } from './testing.mjs'

let site, server
const FORM = 'application/x-www-form-urlencoded'

before(async () => {
  await admin.connect()
  site = await start()
  const { url } = site.endpoints
  server = { issuer: url, introspection_endpoint: `${url}/introspect`, revocation_endpoint: `${url}/revoke` }
})
after(async () => {
  await site?.close()
  await admin.end()
})

// fetch() with our certificate.
const options = {
  [oauth.customFetch]: async (url, { method, headers, body }) => {
    const answer = await send(url, { method, headers, body: body?.toString(), ca: site.certificate })
    return new Response(answer.text, { status: answer.status, headers: answer.headers })
  },
}
const client = { client_id: 'application' }
const secretOf = (id) => site.clients[id].secret
const introspect = async (token, { authentication, ...more } = {}) =>
  oauth.processIntrospectionResponse(server, client,
    await oauth.introspectionRequest(server, client, authentication ?? oauth.ClientSecretBasic(secretOf('application')), token, { ...options, ...more }))
const revoke = async (token, { authentication, ...more } = {}) =>
  oauth.processRevocationResponse(
    await oauth.revocationRequest(server, client, authentication ?? oauth.ClientSecretBasic(secretOf('application')), token, { ...options, ...more }))
const INACTIVE = { active: false }

// By hand: what comes back, and that no cache may keep it.
async function post(path, { method = 'POST', headers = {}, body = '', id = 'application', type = FORM } = {}) {
  const basic = id ? { authorization: `Basic ${Buffer.from(`${id}:${secretOf(id)}`).toString('base64')}` } : {}
  const contentType = type ? { 'content-type': type } : {}
  const answer = await send(site.endpoints.url + path, { method, headers: { ...basic, ...contentType, ...headers }, body, ca: site.certificate })
  assert.equal(answer.headers['cache-control'], 'no-store')
  return { ...answer, error: answer.text && JSON.parse(answer.text).error }
}

test('oauth4webapi asks about each kind of token', async () => {
  const { access_token, refresh_token, session_id } = await logIn('ann')
  for (const authentication of [oauth.ClientSecretBasic(secretOf('application')), oauth.ClientSecretPost(secretOf('application'))]) {
    const answer = await introspect(access_token, { authentication })
    assert.deepEqual([answer.active, answer.token_type, answer.sub, answer.sid], [true, 'Bearer', 'ann', session_id])
  }
  assert.equal((await introspect(refresh_token)).token_type, 'refresh_token')
  const { api_key, key_id } = await row("SELECT * FROM jwt_auth.create_api_key('ann', 'job', '{orders:read}')")
  const answer = await introspect(api_key, { additionalParameters: { token_type_hint: 'access_token' } })
  assert.deepEqual([answer.active, answer.token_type, answer.scope, answer.key_id], [true, 'Bearer', 'orders:read', key_id])
  const { token } = await row(`SELECT jwt_auth.jwt_sign('{"sub": "ann", "cnf": {"jkt": "x"}}') AS token`)
  assert.equal((await introspect(token)).token_type, 'DPoP')
})

test('whatever is not good is inactive, and nothing more', async () => {
  const { access_token } = await logIn('ben')
  const tokens = ['x', 'a.b.c', '\0', 'ä€😀', `${access_token}x`, access_token.slice(0, -1), 'jwtauth_k1_x', 'jwtauth_r1_x', "'; --", 'x'.repeat(60000),
    (await row(`SELECT jwt_auth.jwt_sign('{"sub": "ben", "exp": 1000000000}') AS token`)).token]
  for (const token of tokens) assert.deepEqual(await introspect(token), INACTIVE)
})

test('oauth4webapi revokes each kind of token, and what is no token', async () => {
  const { access_token, refresh_token } = await logIn('cas')
  const other = await logIn('cas')
  const { api_key } = await row("SELECT * FROM jwt_auth.create_api_key('cas', 'job')")
  await revoke(access_token, { additionalParameters: { token_type_hint: 'refresh_token' } })
  assert.deepEqual(await introspect(access_token), INACTIVE)
  assert.equal((await introspect(refresh_token)).active, true)
  await revoke(refresh_token)
  assert.deepEqual(await introspect(refresh_token), INACTIVE)
  await revoke(api_key, { authentication: oauth.ClientSecretPost(secretOf('application')) })
  assert.deepEqual(await introspect(api_key), INACTIVE)
  for (const token of [access_token, refresh_token, api_key, 'x', '\0', 'a.b.c']) await revoke(token)
  assert.equal((await introspect(other.access_token)).active, true)
})

test('a client that does not prove itself learns nothing and ends nothing', async () => {
  const { access_token } = await logIn('dan')
  const isInvalidClient = (error) => error.status === 401 && (error.error === 'invalid_client' || error.cause?.[0]?.scheme === 'basic')
  for (const authentication of [oauth.None(), oauth.ClientSecretBasic('wrong'), oauth.ClientSecretPost('wrong'), oauth.ClientSecretBasic(secretOf('apache'))]) {
    await assert.rejects(introspect(access_token, { authentication }), isInvalidClient)
    await assert.rejects(revoke(access_token, { authentication }), isInvalidClient)
  }
  const body = `token=${access_token}`
  const basic = (text) => ({ headers: { authorization: `Basic ${Buffer.from(text).toString('base64')}` }, id: null, body })
  for (const id of ['', 'nobody', '__proto__', 'constructor', 'application%', 'apache']) {
    const { status, error, headers } = await post('/introspect', basic(`${id}:${secretOf('application')}`))
    assert.deepEqual([status, error], [401, 'invalid_client'], id)
    assert.match(headers['www-authenticate'], /^Basic realm=/)
  }
  for (const header of ['Basic', 'Basic !', 'Bearer x', `Bearer ${access_token}`])
    assert.equal((await post('/introspect', { headers: { authorization: header }, id: null, body })).status, 401, header)
  // Apache's client may ask and not revoke.
  assert.equal((await post('/introspect', { id: 'apache', body })).status, 200)
  const { status, error } = await post('/revoke', { id: 'apache', body })
  assert.deepEqual([status, error], [400, 'unauthorized_client'])
  // The secret in the URL is none (RFC 6749 section 2.3.1).
  assert.equal((await post(`/introspect?client_id=application&client_secret=${secretOf('application')}`, { id: null, body })).status, 401)
  assert.equal((await introspect(access_token)).active, true)
})

test('what is wrong with a request is told as RFC 6749 section 5.2 has it', async () => {
  const { access_token } = await logIn('eva')
  const asked = { ...site.endpoints.asked }
  const token = `token=${access_token}`
  for (const path of ['/introspect', '/revoke']) {
    for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS']) {
      const { status, headers } = await post(path, { method })
      assert.deepEqual([status, headers.allow], [405, 'POST'], method)
    }
    const secret = `client_id=application&client_secret=${secretOf('application')}`
    for (const [what, request] of Object.entries({
      'no token': { body: 'token_type_hint=access_token' },
      'an empty token': { body: 'token=' },
      'no body': {},
      'a token in the URL': { path: `${path}?${token}` },
      'two tokens': { body: `${token}&${token}` },
      'JSON': { type: 'application/json', body: JSON.stringify({ token: access_token }) },
      'no content type': { type: null, body: token },
      'multipart': { type: 'multipart/form-data; boundary=x', body: `--x\r\ncontent-disposition: form-data; name="token"\r\n\r\n${access_token}\r\n--x--\r\n` },
      'two ways to authenticate': { body: `${token}&${secret}` },
    })) {
      const { status, error } = await post(request.path ?? path, request)
      assert.deepEqual([status, error], [400, 'invalid_request'], `${path}: ${what}`)
    }
    const large = await post(path, { body: `token=${'x'.repeat(70000)}` })
    assert.deepEqual([large.status, large.error], [413, 'invalid_request'])
  }
  assert.deepEqual(site.endpoints.asked, asked)
  for (const type of [FORM.toUpperCase(), `${FORM}; charset=UTF-8`]) assert.equal((await post('/introspect', { type, body: token })).status, 200)
  assert.equal((await post('/elsewhere', { body: token })).status, 404)
  // nginx's question is not asked here.
  assert.equal((await post('/authorize', { method: 'GET' })).status, 404)
})
