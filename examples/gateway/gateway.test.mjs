// nginx and Apache in front of the service.
import assert from 'node:assert/strict'
import { webcrypto } from 'node:crypto'
import { existsSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as oauth from 'oauth4webapi'
import { start } from './gateway.mjs'
import { admin, bearer, logIn, row, send } from './testing.mjs'

globalThis.crypto ??= webcrypto
const INTERVAL = 2
const GATEWAYS = ['nginx', 'apache']
let site

before(async () => {
  await admin.connect()
  site = await start({ interval: INTERVAL })
})
after(async () => {
  await site?.close()
  await admin.end()
})

const ask = (gateway, headers, path = '/orders', method = 'GET') => send(site[gateway] + path, { method, headers })
const user = ({ status, text }) => (status === 200 ? JSON.parse(text).user : status)
// Sends it, and says what the service saw of it.
async function seenOf(gateway, headers, path) {
  const before = site.upstream.seen.length
  const answer = await ask(gateway, headers, path)
  return { ...answer, seen: site.upstream.seen.slice(before) }
}
const signed = async (claims) => (await row('SELECT jwt_auth.jwt_sign($1) AS token', claims)).token

for (const gateway of GATEWAYS) {
  test(`${gateway}: a good token passes, as its user; the service does not see the token`, async () => {
    const { access_token } = await logIn('ann')
    const { seen, ...answer } = await seenOf(gateway, bearer(access_token))
    assert.equal(user(answer), 'ann')
    assert.deepEqual([seen.length, seen[0].method, seen[0].url, seen[0].headers['x-user']], [1, 'GET', '/orders', 'ann'])
    assert.ok(!JSON.stringify(seen).includes(access_token.split('.')[2]))
    assert.equal(user(await ask(gateway, bearer(access_token), '/orders?status=open', 'POST')), 'ann')
    assert.deepEqual([site.upstream.seen.at(-1).method, site.upstream.seen.at(-1).url], ['POST', '/orders?status=open'])
  })

  test(`${gateway}: a token that was revoked is refused on the next request`, async () => {
    const revocations = {
      'the session ends': ({ session_id }) => row('SELECT jwt_auth.revoke_refresh_session($1)', session_id),
      'a log-out': ({ refresh_token }) => row('SELECT jwt_auth.revoke_refresh_token($1)', refresh_token),
      'the token is denied': ({ access_token }) => row('SELECT jwt_auth.deny_token($1)', access_token),
      'everything of the user': () => row(`SELECT jwt_auth.revoke_user_tokens('ben')`),
      'the user is locked': () => row(`SELECT jwt_auth.lock_user('ben')`),
    }
    for (const [what, revoke] of Object.entries(revocations)) {
      const session = await logIn('ben')
      for (let i = 0; i < 2; i++) assert.equal(user(await ask(gateway, bearer(session.access_token))), 'ben', what)
      await revoke(session)
      const { status, seen } = await seenOf(gateway, bearer(session.access_token))
      assert.deepEqual([status, seen], [401, []], what)
    }
    await row(`SELECT jwt_auth.unlock_user('ben')`)
  })

  test(`${gateway}: what is refused never comes to the service`, async () => {
    const { access_token, refresh_token } = await logIn('cas')
    const other = (await logIn('dan')).access_token
    const now = Math.floor(Date.now() / 1000)
    const refused = {
      'no credential': [{}, 401],
      'only a name': [{ 'x-user': 'ann' }, 401],
      'garbage': [bearer('garbage'), 401],
      'an empty token': [{ authorization: 'Bearer ' }, 401],
      'a signature that is cut': [bearer(access_token.slice(0, -2)), 401],
      'a token that has run out': [bearer(await signed({ sub: 'cas', exp: now - 3600 })), 401],
      'a token that is not good yet': [bearer(await signed({ sub: 'cas', nbf: now + 3600 })), 401],
      'a token of nobody': [bearer(await signed({ role: 'admin' })), gateway === 'nginx' ? 403 : 401],
      'a refresh token': [bearer(refresh_token), 401],
      'a token for a purpose': [bearer((await row("SELECT jwt_auth.issue_token('mail', 'cas', '1 hour') AS token")).token), 401],
      'an API key that is cut': [bearer(`jwtauth_k1_${'A'.repeat(69)}`), 401],
      'an API key that was never made': [bearer(`jwtauth_k1_${'A'.repeat(69)}g`), 401],
      'another scheme': [{ authorization: `Basic ${Buffer.from(`cas:${access_token}`).toString('base64')}` }, 401],
      'the scheme for bound tokens': [{ authorization: `DPoP ${access_token}` }, 401],
      'two Authorization headers': [{ authorization: [`Bearer ${access_token}`, `Bearer ${other}`] }, gateway === 'nginx' ? 400 : 401],
      'the same one twice': [{ authorization: [`Bearer ${access_token}`, `Bearer ${access_token}`] }, gateway === 'nginx' ? 400 : 401],
      'two tokens in one header': [{ authorization: `Bearer ${access_token}, Bearer ${other}` }, 401],
      'a long token': [bearer('x'.repeat(7000)), 401],
      'a huge header': [bearer('x'.repeat(40000)), 400],
    }
    for (const [what, [headers, expected]] of Object.entries(refused)) {
      const { status, seen, headers: answered } = await seenOf(gateway, headers)
      assert.deepEqual([status, seen], [expected, []], what)
      if (what === 'no credential') assert.match(answered['www-authenticate'], /^Bearer/)
    }
    // In the URL a token would be in logs (RFC 6750 section 2.3).
    const { status, seen } = await seenOf(gateway, {}, `/orders?access_token=${access_token}`)
    assert.deepEqual([status, seen], [401, []])
  })

  test(`${gateway}: a name that the client sends is replaced`, async () => {
    const { access_token } = await logIn('eva')
    for (const forged of ['root', ['root', 'admin'], '', 'eva, root', '%72oot']) {
      const { seen, ...answer } = await seenOf(gateway, { ...bearer(access_token), 'X-USER': forged })
      assert.equal(user(answer), 'eva')
      assert.equal(seen[0].headers['x-user'], 'eva')
    }
    // A client that has the header dropped on the way (RFC 9110 section 7.6.1) is not somebody else, nor nobody.
    const dropped = await ask(gateway, { ...bearer(access_token), connection: 'X-User' })
    assert.equal(user(dropped), gateway === 'nginx' ? 'eva' : 500)
  })

  test(`${gateway}: a name of any characters arrives whole and adds no header`, async () => {
    const name = 'Zoë %41\r\nX-User: root\r\n\r\n"\\/;'
    const { access_token } = await logIn(name)
    const { seen, ...answer } = await seenOf(gateway, bearer(access_token))
    assert.equal(user(answer), name)
    assert.equal(seen.length, 1)
  })

  test(`${gateway}: an API key is a bearer token until it is revoked`, async () => {
    const { key_id, api_key } = await row("SELECT * FROM jwt_auth.create_api_key('fay', 'job', '{orders:read}')")
    assert.equal(user(await ask(gateway, bearer(api_key))), 'fay')
    const { access_token } = await row('SELECT access_token FROM jwt_auth.exchange_api_key($1)', api_key)
    assert.equal(user(await ask(gateway, bearer(access_token))), 'fay')
    await row('SELECT jwt_auth.revoke_api_key($1)', key_id)
    for (const credential of [api_key, access_token]) {
      const { status, seen } = await seenOf(gateway, bearer(credential))
      assert.deepEqual([status, seen], [401, []])
    }
  })

  test(`${gateway}: an API key for some networks`, async () => {
    const [inside, outside] = await Promise.all(['127.0.0.0/8', '192.0.2.0/24'].map((network) =>
      row("SELECT api_key FROM jwt_auth.create_api_key('gus', 'job', allowed_from => ARRAY[$1::cidr])", network)))
    // nginx tells the address. mod_auth_openidc does not, and an unknown address is refused.
    assert.equal(user(await ask(gateway, bearer(inside.api_key))), gateway === 'nginx' ? 'gus' : 401)
    for (const headers of [{}, { 'x-real-ip': '192.0.2.1', 'x-forwarded-for': '192.0.2.1' }])
      assert.equal(user(await ask(gateway, { ...bearer(outside.api_key), ...headers })), 401)
    // A token that such a key was exchanged for: introspection is given no address and calls it active.
    const { access_token } = await row("SELECT access_token FROM jwt_auth.exchange_api_key($1, '192.0.2.1')", outside.api_key)
    assert.equal(user(await ask(gateway, bearer(access_token))), gateway === 'nginx' ? 401 : 'gus')
  })
}

test('a token that is bound to a key passes nginx with a proof of the key', async () => {
  const pair = await oauth.generateKeyPair('ES256')
  const DPoP = oauth.DPoP({ client_id: 'phone' }, pair)
  const token = await signed({ sub: 'hal', exp: Math.floor(Date.now() / 1000) + 600, cnf: { jkt: await DPoP.calculateThumbprint() } })
  const request = (base, scheme = { DPoP }, path = '/orders?page=2') =>
    oauth.protectedResourceRequest(token, 'GET', new URL(base + path), new Headers(), null, { ...scheme, [oauth.allowInsecureRequests]: true })
  const answer = await request(site.nginx)
  assert.deepEqual([answer.status, (await answer.json()).user], [200, 'hal'])
  assert.ok(!('dpop' in site.upstream.seen.at(-1).headers))
  const seen = site.upstream.seen.length
  // Neither without the proof, nor with another key's, nor with one for another request. Apache's module knows no proofs.
  for (const gateway of GATEWAYS) assert.equal(user(await ask(gateway, bearer(token))), 401)
  const thief = oauth.DPoP({ client_id: 'phone' }, await oauth.generateKeyPair('ES256'))
  const rejects = (promise) => assert.rejects(promise, (error) => error.status === 401)
  await rejects(request(site.nginx, { DPoP: thief }))
  await rejects(request(site.apache))
  let proof
  const stealing = { DPoP, [oauth.customFetch]: async (url, { headers }) => ((proof = headers.dpop), new Response()) }
  await request(site.nginx, stealing, '/other')
  assert.equal(user(await ask('nginx', { authorization: `DPoP ${token}`, dpop: proof })), 401)
  assert.equal(user(await ask('nginx', { authorization: `DPoP ${token}`, dpop: [proof, proof] })), 401)
  assert.equal(site.upstream.seen.length, seen)
})

test('nginx asks about each request; Apache too, except below /cached', async () => {
  const { access_token } = await logIn('ida')
  const questions = async (gateway, name, path) => {
    const before = site.endpoints.asked[name]
    for (let i = 0; i < 5; i++) assert.equal(user(await ask(gateway, bearer(access_token), path)), 'ida')
    return site.endpoints.asked[name] - before
  }
  assert.equal(await questions('nginx', 'authorize'), 5)
  assert.equal(await questions('apache', 'introspect'), 5)
  assert.ok((await questions('apache', 'introspect', '/cached')) < 5)
})

test('below /cached a revocation is late by the interval, and no more', async (t) => {
  const cached = async (token) => user(await ask('apache', bearer(token), '/cached/orders'))
  const { access_token, session_id } = await logIn('jon')
  const { key_id, api_key } = await row("SELECT * FROM jwt_auth.create_api_key('jon', 'job')")
  for (const [what, token, revoke] of [
    ['a token', access_token, () => row('SELECT jwt_auth.revoke_refresh_session($1)', session_id)],
    ['an API key, which has no exp', api_key, () => row('SELECT jwt_auth.revoke_api_key($1)', key_id)],
  ]) {
    const questions = site.endpoints.asked.introspect
    assert.equal(await cached(token), 'jon', what)
    await revoke()
    const start = Date.now()
    let late = 0
    while ((await cached(token)) === 'jon' && Date.now() - start < 30000) {
      late++
      await sleep(20)
    }
    t.diagnostic(`${what}: ${late} requests in ${Date.now() - start} ms passed after the revocation`)
    assert.equal(await cached(token), 401)
    // What passed was the one answer; whatever was asked afterwards was refused.
    if (token === api_key) assert.equal(late, 0)
    assert.ok(late === 0 || site.endpoints.asked.introspect - questions === 3, `${what}: ${site.endpoints.asked.introspect - questions} questions`)
    assert.ok(Date.now() - start < INTERVAL * 1000 + 5000, `${what}: ${Date.now() - start} ms`)
  }
})

test('without the database nothing passes', async () => {
  const { access_token } = await logIn('kay')
  const severed = await start({ connection: { host: '/nowhere' } })
  try {
    for (const gateway of GATEWAYS) {
      const { status } = await send(`${severed[gateway]}/orders`, { headers: bearer(access_token) })
      assert.equal(status, gateway === 'nginx' ? 500 : 401)
    }
    assert.deepEqual(severed.upstream.seen, [])
  } finally {
    await severed.close()
  }
  // And nothing stays.
  assert.equal(existsSync(severed.directory), false)
  for (const gateway of GATEWAYS) await assert.rejects(send(severed[gateway]), { code: 'ECONNREFUSED' })
})
