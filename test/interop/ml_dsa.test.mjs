// ML-DSA (RFC 9964) against an implementation that shares no code with OpenSSL, both ways. With an OpenSSL that has no ML-DSA each
// use is refused with its reason, and that is what is tested there.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa'
import { claims } from './algorithms.mjs'
import { close, open, refusal, rolledBack, sign, value, verify } from './database.mjs'

const implementations = { 'ML-DSA-44': ml_dsa44, 'ML-DSA-65': ml_dsa65, 'ML-DSA-87': ml_dsa87 }
const json = (part) => JSON.parse(Buffer.from(part, 'base64url'))
const part = (object) => Buffer.from(JSON.stringify(object)).toString('base64url')

let supported
before(async () => {
  await open()
  supported = (await refusal("SELECT jwt_auth.jwk_generate('ML-DSA-44')")) === undefined
})
after(close)

// Where it is missing, each use must be refused as a key that can't be used.
async function refusedForWantOfIt(sql, ...parameters) {
  const error = await refusal(sql, ...parameters)
  assert.equal(error?.code, 'JW020')
  assert.match(error.message, /ML-DSA keys need OpenSSL 3\.5 or newer/)
}

for (const [algorithm, theirs] of Object.entries(implementations)) {
  const seed = Buffer.alloc(32, algorithm)
  const pair = theirs.keygen(seed)
  const publicJwk = { kty: 'AKP', alg: algorithm, kid: 'theirs', pub: Buffer.from(pair.publicKey).toString('base64url') }
  const privateJwk = { ...publicJwk, priv: seed.toString('base64url') }
  const signTheirs = (header, payload) => {
    const input = `${part(header)}.${part(payload)}`
    return `${input}.${Buffer.from(theirs.sign(pair.secretKey, Buffer.from(input))).toString('base64url')}`
  }
  const verifyTheirs = (publicKey, token) => {
    const [header, payload, signature] = token.split('.')
    return theirs.verify(publicKey, Buffer.from(`${header}.${payload}`), Buffer.from(signature, 'base64url'))
  }

  test(`${algorithm}: signed here with their key, verified there`, async () => {
    if (!supported) return refusedForWantOfIt('SELECT jwt_auth.jwt_sign($1::jsonb, $2::text)', '{}', JSON.stringify(privateJwk))
    const token = await sign(claims, JSON.stringify(privateJwk), algorithm)
    assert.equal(json(token.split('.')[0]).alg, algorithm)
    assert.ok(verifyTheirs(pair.publicKey, token))
  })

  test(`${algorithm}: signed there, verified here`, async () => {
    const token = signTheirs({ alg: algorithm, kid: 'theirs' }, claims)
    if (!supported) return refusedForWantOfIt('SELECT jwt_auth.jwt_verify($1::text, $2::text)', token, JSON.stringify(publicJwk))
    assert.deepEqual(await verify(token, JSON.stringify({ keys: [publicJwk] })), claims)
    const broken = token.slice(0, -4) + (token.endsWith('AAAA') ? 'BBBB' : 'AAAA')
    assert.equal((await refusal('SELECT jwt_auth.jwt_verify($1::text, $2::text)', broken, JSON.stringify(publicJwk))).code, 'JW002')
  })

  test(`${algorithm}: a key of the keyring, published and verified there`, async () => {
    if (!supported) return refusedForWantOfIt('SELECT jwt_auth.create_signing_key($1)', algorithm)
    await rolledBack(async () => {
      const kid = await value('SELECT jwt_auth.create_signing_key($1)', algorithm)
      const published = (await value('SELECT jwt_auth.jwks()')).keys.find((key) => key.kid === kid)
      assert.deepEqual(Object.keys(published).sort(), ['alg', 'kid', 'kty', 'pub', 'use'])
      const token = await value("SELECT access_token FROM jwt_auth.issue_refresh_session('ann')")
      assert.equal(json(token.split('.')[0]).kid, kid)
      assert.ok(verifyTheirs(Buffer.from(published.pub, 'base64url'), token))
      assert.equal(await value("SELECT jwt_auth.jwt_verify($1)->>'sub'", token), 'ann')
    })
  })

  test(`${algorithm}: their key imported into the keyring`, async () => {
    if (!supported) return refusedForWantOfIt('SELECT jwt_auth.import_signing_key($1)', JSON.stringify(privateJwk))
    await rolledBack(async () => {
      assert.equal(await value('SELECT jwt_auth.import_signing_key($1, activate => true)', JSON.stringify(privateJwk)), 'theirs')
      assert.ok(verifyTheirs(pair.publicKey, await value('SELECT jwt_auth.jwt_sign($1::jsonb)', '{"sub": "job"}')))
    })
  })
}
