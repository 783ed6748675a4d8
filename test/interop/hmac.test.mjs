// Shared secrets: raw text and oct JWK, with both libraries, both ways.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as jose from 'jose'
import jwt from 'jsonwebtoken'
import { claims, hmac } from './algorithms.mjs'
import { close, open, sign, value, verify } from './database.mjs'

before(open)
after(close)

const bytes = (text) => new TextEncoder().encode(text)

for (const [algorithm, makeSecret] of Object.entries(hmac)) {
  const secret = makeSecret()
  const jwk = { kty: 'oct', k: Buffer.from(secret).toString('base64url'), alg: algorithm }
  const keys = { 'raw secret': secret, JWK: JSON.stringify(jwk), JWKS: JSON.stringify({ keys: [jwk] }) }

  for (const [form, key] of Object.entries(keys)) {
    test(`${algorithm}, ${form}: signed here, verified by jose`, async () => {
      const { payload, protectedHeader } = await jose.jwtVerify(await sign(claims, key, algorithm), bytes(secret), {
        algorithms: [algorithm],
        issuer: claims.iss,
        audience: claims.aud,
      })
      assert.deepEqual(payload, claims)
      assert.equal(protectedHeader.alg, algorithm)
    })

    test(`${algorithm}, ${form}: signed here, verified by jsonwebtoken`, async () => {
      assert.deepEqual(jwt.verify(await sign(claims, key, algorithm), secret, { algorithms: [algorithm] }), claims)
    })

    test(`${algorithm}, ${form}: signed by jose, verified here`, async () => {
      const token = await new jose.SignJWT({ ...claims }).setProtectedHeader({ alg: algorithm }).sign(bytes(secret))
      assert.deepEqual(await verify(token, key), claims)
    })

    test(`${algorithm}, ${form}: signed by jsonwebtoken, verified here`, async () => {
      assert.deepEqual(await verify(jwt.sign(claims, secret, { algorithm }), key), claims)
    })
  }

  test(`${algorithm}: a secret generated here works in jose`, async () => {
    const generated = await value('SELECT jwt_auth.jwk_generate($1)', algorithm)
    const key = await jose.importJWK(generated, algorithm)
    const { payload } = await jose.jwtVerify(await sign(claims, JSON.stringify(generated)), key, { audience: claims.aud })
    assert.deepEqual(payload, claims)
  })

  test(`${algorithm}: another's secret is refused`, async () => {
    const token = jwt.sign(claims, makeSecret(), { algorithm })
    await assert.rejects(verify(token, secret), { code: 'JW002' })
  })
}
