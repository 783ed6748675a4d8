// Sessions bound to a key (RFC 9449), with independent clients: proofs of the packages dpop and jose, oauth4webapi as a whole client over
// HTTP, and its check of our access tokens as a resource server would make it.
import assert from 'node:assert/strict'
import { createHash, webcrypto } from 'node:crypto'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'
import pg from 'pg'

// A database of its own: session.test.mjs wants the key that it makes to be the active one.
const first = new pg.Client()
await first.connect()
const name = `${first.database}_dpop`
await first.query(`CREATE DATABASE ${first.escapeIdentifier(name)}`)
await first.end()
process.env.PGDATABASE = name
const { close, open, refusal, row, value } = await import('./database.mjs')

globalThis.crypto ??= webcrypto
const dpop = await import('dpop')
const jose = await import('jose')
const oauth = await import('oauth4webapi')

const AUDIENCE = 'https://api.example.com'
let server, origin

// A token endpoint and a resource, as an application would have them: what they decide, the database says.
async function answer(request) {
  const url = `${origin}${request.url.split('?')[0]}`
  let body = ''
  for await (const chunk of request) body += chunk
  const proof = request.headers.dpop
  const nonce = { 'DPoP-Nonce': await value('SELECT jwt_auth.proof_nonce()') }
  const hasNonce = proof && 'nonce' in JSON.parse(Buffer.from(proof.split('.')[1], 'base64url'))
  if (request.url === '/token') {
    if (!hasNonce) return [400, { error: 'use_dpop_nonce' }, nonce]
    const form = new URLSearchParams(body)
    const session =
      form.get('grant_type') === 'refresh_token'
        ? await row("SELECT * FROM jwt_auth.refresh_session($1, proof => $2, proof_method => 'POST', proof_url => $3)", form.get('refresh_token'), proof, url)
        : await row(`SELECT * FROM jwt_auth.issue_refresh_session('ann', claims => '{"client_id": "phone"}', proof => $1, proof_method => 'POST', proof_url => $2)`, proof, url)
    if (session.status !== 'ok') return [400, { error: session.status.startsWith('proof_') ? 'invalid_dpop_proof' : 'invalid_grant' }]
    const { access_token, refresh_token } = session
    return [200, { access_token, refresh_token, token_type: 'DPoP', expires_in: 1800 }, { 'Cache-Control': 'no-store' }]
  }
  if (!hasNonce) return [401, {}, { ...nonce, 'WWW-Authenticate': 'DPoP error="use_dpop_nonce"' }]
  const [scheme, token] = (request.headers.authorization ?? '').split(' ')
  const error = await refusal('SELECT jwt_auth.authenticate($1, proof => $2, proof_method => $3, proof_url => $4)', token, proof, request.method, url)
  if (error) return [401, {}, { 'WWW-Authenticate': `DPoP error="invalid_token", code="${error.code}"` }]
  return [200, { scheme, user: await value("SELECT jwt_auth.jwt_verify($1) ->> 'sub'", token) }]
}

before(async () => {
  await open()
  assert.equal(await refusal('CREATE EXTENSION jwt_auth'), undefined)
  await value("SELECT jwt_auth.create_signing_key('ES256')")
  server = createServer(async (request, response) => {
    const [status, body, headers] = await answer(request)
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body))
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${server.address().port}`
  await value("SELECT set_config('jwt_auth.issuer', $1, false)", origin)
  await value("SELECT set_config('jwt_auth.audience', $1, false)", AUDIENCE)
})
after(async () => {
  server.close()
  await close()
})

test('proofs of dpop, by keys of each kind', async (t) => {
  for (const algorithm of ['ES256', 'Ed25519', 'RS256', 'PS256'])
    await t.test(algorithm, async () => {
      const keys = await dpop.generateKeyPair(algorithm)
      const url = 'https://api.example.com/things'
      const jkt = await dpop.calculateThumbprint(keys.publicKey)
      const session = await row(
        "SELECT * FROM jwt_auth.issue_refresh_session('ann', proof => $1, proof_method => 'POST', proof_url => $2)",
        await dpop.generateProof(keys, url, 'POST'), url,
      )
      assert.equal(session.status, 'ok')
      assert.deepEqual((await value('SELECT jwt_auth.jwt_verify($1)', session.access_token)).cnf, { jkt })
      const use = async (proof) =>
        (await refusal("SELECT jwt_auth.authenticate($1, proof => $2, proof_method => 'GET', proof_url => $3)", session.access_token, proof, url))?.code
      assert.equal(await use(await dpop.generateProof(keys, `${url}?page=2#top`, 'GET', undefined, session.access_token)), undefined)
      assert.equal(await use(null), 'JW015')
      assert.equal(await use(await dpop.generateProof(keys, url, 'GET')), 'JW015')
      assert.equal(await use(await dpop.generateProof(keys, url, 'GET', undefined, `${session.access_token}x`)), 'JW015')
      assert.equal(await use(await dpop.generateProof(keys, `${url}/`, 'GET', undefined, session.access_token)), 'JW015')
      assert.equal(await use(await dpop.generateProof(await dpop.generateKeyPair(algorithm), url, 'GET', undefined, session.access_token)), 'JW015')
    })
})

test('proofs of jose, and our bound access token in jose', async (t) => {
  const url = 'https://api.example.com/things'
  for (const algorithm of ['ES256', 'EdDSA', 'RS256', 'PS256'])
    await t.test(algorithm, async () => {
      const { publicKey, privateKey } = await jose.generateKeyPair(algorithm)
      const jwk = await jose.exportJWK(publicKey)
      const proofOf = (method, token, key = privateKey) =>
        new jose.SignJWT({ htm: method, htu: url, jti: webcrypto.randomUUID(), ...(token && { ath: createHash('sha256').update(token).digest('base64url') }) })
          .setProtectedHeader({ typ: 'dpop+jwt', alg: algorithm, jwk }).setIssuedAt().sign(key)
      const session = await row(
        "SELECT * FROM jwt_auth.issue_refresh_session('ann', proof => $1, proof_method => 'POST', proof_url => $2)", await proofOf('POST'), url,
      )
      assert.equal(session.status, 'ok')
      const keys = jose.createLocalJWKSet(await value('SELECT jwt_auth.jwks()'))
      const { payload } = await jose.jwtVerify(session.access_token, keys, { issuer: origin, audience: AUDIENCE, typ: 'at+jwt' })
      assert.equal(payload.cnf.jkt, await jose.calculateJwkThumbprint(jwk))
      const use = async (proof) =>
        (await refusal("SELECT jwt_auth.authenticate($1, proof => $2, proof_method => 'GET', proof_url => $3)", session.access_token, proof, url))?.code
      assert.equal(await use(await proofOf('GET', session.access_token)), undefined)
      assert.equal(await use(await proofOf('GET')), 'JW015')
      assert.equal(await use(await proofOf('POST', session.access_token)), 'JW015')
      assert.equal(await use(await proofOf('GET', session.access_token, (await jose.generateKeyPair(algorithm)).privateKey)), 'JW015')
    })
})

test('oauth4webapi as a client: log-in, refresh and resource, with a nonce that it is asked for', async () => {
  const as = { issuer: origin, token_endpoint: `${origin}/token` }
  const client = { client_id: 'phone' }
  const keys = await oauth.generateKeyPair('ES256')
  const DPoP = oauth.DPoP(client, keys)
  const insecure = { [oauth.allowInsecureRequests]: true }
  // Asked for a nonce once, it does it again with that one.
  const again = async (work) => {
    try {
      return await work()
    } catch (error) {
      assert.ok(oauth.isDPoPNonceError(error), error)
      return work()
    }
  }
  const login = await again(async () =>
    oauth.processGenericTokenEndpointResponse(as, client, await oauth.genericTokenEndpointRequest(as, client, oauth.None(), 'password', {}, { DPoP, ...insecure })),
  )
  assert.equal(login.token_type, 'dpop')
  const refreshed = await oauth.processRefreshTokenResponse(
    as, client, await oauth.refreshTokenGrantRequest(as, client, oauth.None(), login.refresh_token, { DPoP, ...insecure }),
  )
  assert.notEqual(refreshed.refresh_token, login.refresh_token)
  const resource = await again(() => oauth.protectedResourceRequest(refreshed.access_token, 'GET', new URL(`${origin}/me?x=1`), undefined, undefined, { DPoP, ...insecure }))
  assert.deepEqual(await resource.json(), { scheme: 'DPoP', user: 'ann' })

  // A thief with both tokens and a key of their own.
  const own = oauth.DPoP(client, await oauth.generateKeyPair('ES256'))
  const stolen = (work) => again(work).then(() => assert.fail('accepted'), (error) => error)
  const refusedRefresh = await stolen(async () =>
    oauth.processRefreshTokenResponse(as, client, await oauth.refreshTokenGrantRequest(as, client, oauth.None(), refreshed.refresh_token, { DPoP: own, ...insecure })),
  )
  assert.equal(refusedRefresh.error, 'invalid_dpop_proof')
  const refusedUse = await stolen(() => oauth.protectedResourceRequest(refreshed.access_token, 'GET', new URL(`${origin}/me`), undefined, undefined, { DPoP: own, ...insecure }))
  assert.equal(refusedUse.cause[0].parameters.code, 'JW015')
})

test('oauth4webapi checks our bound access token as a resource server', async () => {
  const keys = await dpop.generateKeyPair('ES256')
  const url = `${AUDIENCE}/things`
  const { access_token: token } = await row(
    `SELECT * FROM jwt_auth.issue_refresh_session('ann', claims => '{"client_id": "phone"}', proof => $1, proof_method => 'POST', proof_url => $2)`,
    await dpop.generateProof(keys, url, 'POST'), url,
  )
  const jwks = await value('SELECT jwt_auth.jwks()')
  const as = { issuer: origin, jwks_uri: 'https://auth.example.com/jwks' }
  const check = async (by) =>
    oauth.validateJwtAccessToken(
      as, new Request(url, { headers: { authorization: `DPoP ${token}`, dpop: await dpop.generateProof(by, url, 'GET', undefined, token) } }), AUDIENCE,
      { requireDPoP: true, [oauth.customFetch]: async () => Response.json(jwks) },
    )
  const claims = await check(keys)
  assert.deepEqual([claims.sub, claims.cnf], ['ann', { jkt: await dpop.calculateThumbprint(keys.publicKey) }])
  await assert.rejects(check(await dpop.generateKeyPair('ES256')), { name: 'OperationProcessingError' })
})
