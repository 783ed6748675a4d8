// Key pairs: JWK, JWKS and PEM, with both libraries, both ways.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createPublicKey } from 'node:crypto'
import * as jose from 'jose'
import jwt from 'jsonwebtoken'
import { asymmetric, claims, ed448, inJsonWebToken } from './algorithms.mjs'
import { close, open, sign, value, verify } from './database.mjs'

before(open)
after(close)

const pem = (key) => key.export({ format: 'pem', type: key.type === 'private' ? 'pkcs8' : 'spki' })
const expected = { issuer: claims.iss, audience: claims.aud }

for (const [algorithm, makePair] of Object.entries(asymmetric)) {
  const { publicKey, privateKey } = makePair()
  const privateJwk = { ...privateKey.export({ format: 'jwk' }), kid: 'theirs' }
  const publicJwk = { ...publicKey.export({ format: 'jwk' }), kid: 'theirs' }
  const other = makePair()
  const otherJwk = { ...other.publicKey.export({ format: 'jwk' }), kid: 'other' }
  const unknown = { kty: 'AKP', alg: 'ML-DSA-44', pub: 'AAAA', kid: 'not for us' }

  const privateForms = { JWK: JSON.stringify(privateJwk), 'PEM (PKCS#8)': pem(privateKey) }
  const publicForms = {
    JWK: JSON.stringify(publicJwk),
    JWKS: JSON.stringify({ keys: [unknown, otherJwk, publicJwk] }),
    'PEM (SPKI)': pem(publicKey),
  }

  for (const [form, key] of Object.entries(privateForms)) {
    test(`${algorithm}, ${form}: signed here, verified by jose`, async () => {
      const { payload, protectedHeader } = await jose.jwtVerify(await sign(claims, key, algorithm), publicKey, {
        algorithms: [algorithm],
        ...expected,
      })
      assert.deepEqual(payload, claims)
      assert.equal(protectedHeader.alg, algorithm)
    })

    if (inJsonWebToken(algorithm)) {
      test(`${algorithm}, ${form}: signed here, verified by jsonwebtoken`, async () => {
        const token = await sign(claims, key, algorithm)
        assert.deepEqual(jwt.verify(token, pem(publicKey), { algorithms: [algorithm], ...expected }), claims)
      })
    }
  }

  for (const [form, key] of Object.entries(publicForms)) {
    const header = form === 'PEM (SPKI)' ? { alg: algorithm } : { alg: algorithm, kid: 'theirs' }

    test(`${algorithm}, ${form}: signed by jose, verified here`, async () => {
      const token = await new jose.SignJWT({ ...claims }).setProtectedHeader(header).sign(privateKey)
      assert.deepEqual(await verify(token, key), claims)
    })

    if (inJsonWebToken(algorithm)) {
      test(`${algorithm}, ${form}: signed by jsonwebtoken, verified here`, async () => {
        const token = jwt.sign(claims, privateKey, { algorithm, keyid: header.kid ?? 'any' })
        const withoutKid = jwt.sign(claims, privateKey, { algorithm })
        if (header.kid) assert.deepEqual(await verify(token, key), claims)
        assert.deepEqual(await verify(withoutKid, key), claims)
      })
    }
  }

  test(`${algorithm}: another's signature is refused`, async () => {
    const token = await new jose.SignJWT({ ...claims }).setProtectedHeader({ alg: algorithm }).sign(other.privateKey)
    await assert.rejects(verify(token, pem(publicKey)), { code: 'JW002' })
  })

  test(`${algorithm}: a key generated here works in jose, and only its public part is needed`, async () => {
    const generated = await value('SELECT jwt_auth.jwk_generate($1)', algorithm)
    const published = await value('SELECT jwt_auth.jwk_public($1)', JSON.stringify(generated))
    for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) assert.ok(!(member in published), member)
    const token = await sign(claims, JSON.stringify(generated))

    const key = await jose.importJWK(published, algorithm)
    assert.deepEqual((await jose.jwtVerify(token, key, expected)).payload, claims)
    const set = jose.createLocalJWKSet({ keys: [published, otherJwk] })
    assert.deepEqual((await jose.jwtVerify(token, set, expected)).payload, claims)
    if (inJsonWebToken(algorithm)) {
      const spki = pem(createPublicKey({ key: published, format: 'jwk' }))
      assert.deepEqual(jwt.verify(token, spki, { algorithms: [algorithm], ...expected }), claims)
    }

    // And Node signs with the private part.
    const theirs = await new jose.SignJWT({ ...claims })
      .setProtectedHeader({ alg: algorithm, kid: generated.kid })
      .sign(await jose.importJWK(generated, algorithm))
    assert.deepEqual(await verify(theirs, JSON.stringify(published)), claims)
  })

  test(`${algorithm}: both compute the same thumbprint`, async () => {
    const here = await value('SELECT jwt_auth.jwk_thumbprint($1)', JSON.stringify(publicJwk))
    assert.equal(here, await jose.calculateJwkThumbprint(publicJwk, 'sha256'))
    assert.equal(here, await value('SELECT jwt_auth.jwk_thumbprint($1)', JSON.stringify(privateJwk)))
  })
}

// jose has Ed448 only by way of Node, and only as EdDSA.
test('EdDSA with Ed448: both ways with jose', async () => {
  const { publicKey, privateKey } = ed448()
  const token = await sign(claims, JSON.stringify(privateKey.export({ format: 'jwk' })))
  assert.equal(jose.decodeProtectedHeader(token).alg, 'EdDSA')
  assert.deepEqual((await jose.jwtVerify(token, publicKey, expected)).payload, claims)
  const theirs = await new jose.SignJWT({ ...claims }).setProtectedHeader({ alg: 'EdDSA' }).sign(privateKey)
  for (const key of [JSON.stringify(publicKey.export({ format: 'jwk' })), pem(publicKey)]) {
    assert.deepEqual(await verify(theirs, key), claims)
  }
})
