// Encryption: every way to carry a key with every cipher, with jose, both ways; nested tokens.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import * as jose from 'jose'
import { claims } from './algorithms.mjs'
import { close, open, value } from './database.mjs'

before(open)
after(close)

const ciphers = { 'A128CBC-HS256': 32, 'A192CBC-HS384': 48, 'A256CBC-HS512': 64, A128GCM: 16, A192GCM: 24, A256GCM: 32 }
const plaintext = Buffer.from('Größe \u{1F511} \0 and bytes \xff', 'latin1')

const oct = (bytes) => ({ kty: 'oct', k: randomBytes(bytes).toString('base64url') })
const pair = (type, options) => {
  const { publicKey, privateKey } = generateKeyPairSync(type, options)
  return { encrypts: publicKey.export({ format: 'jwk' }), decrypts: privateKey.export({ format: 'jwk' }) }
}
const same = (jwk) => ({ encrypts: jwk, decrypts: jwk })

const rsa = pair('rsa', { modulusLength: 2048 })
const curves = {
  'P-256': pair('ec', { namedCurve: 'P-256' }),
  'P-384': pair('ec', { namedCurve: 'P-384' }),
  'P-521': pair('ec', { namedCurve: 'P-521' }),
  X25519: pair('x25519'),
  X448: pair('x448'),
}

// What carries the key: name, algorithm, keys for a cipher.
const carriers = [['dir', 'dir', (cipher) => same(oct(ciphers[cipher]))]]
for (const bits of [128, 192, 256]) {
  for (const algorithm of [`A${bits}KW`, `A${bits}GCMKW`]) carriers.push([algorithm, algorithm, () => same(oct(bits / 8))])
}
for (const algorithm of ['RSA-OAEP', 'RSA-OAEP-256']) carriers.push([algorithm, algorithm, () => rsa])
for (const algorithm of ['ECDH-ES', 'ECDH-ES+A128KW', 'ECDH-ES+A192KW', 'ECDH-ES+A256KW']) {
  for (const [curve, keys] of Object.entries(curves)) carriers.push([`${algorithm} on ${curve}`, algorithm, () => keys])
}
for (const algorithm of ['PBES2-HS256+A128KW', 'PBES2-HS384+A192KW', 'PBES2-HS512+A256KW']) {
  carriers.push([algorithm, algorithm, () => same({ ...oct(24), alg: algorithm })])
}

const encrypt = (bytes, jwk, algorithm, cipher) =>
  value('SELECT jwt_auth.jwe_encrypt($1::bytea, $2::text, $3, $4)', bytes, JSON.stringify(jwk), algorithm, cipher)
const decrypt = (token, jwk, algorithm) =>
  value('SELECT jwt_auth.jwe_decrypt($1, $2::text, $3::text[])', token, JSON.stringify(jwk), [algorithm])

for (const [name, algorithm, keysFor] of carriers) {
  for (const cipher of Object.keys(ciphers)) {
    const { encrypts, decrypts } = keysFor(cipher)

    test(`${name}, ${cipher}: encrypted here, decrypted by jose`, async () => {
      const token = await encrypt(plaintext, encrypts, algorithm, cipher)
      const key = await jose.importJWK(decrypts, algorithm)
      const opened = await jose.compactDecrypt(token, key, {
        keyManagementAlgorithms: [algorithm],
        contentEncryptionAlgorithms: [cipher],
        maxPBES2Count: 1000000,
      })
      assert.deepEqual(Buffer.from(opened.plaintext), plaintext)
      assert.equal(opened.protectedHeader.alg, algorithm)
      assert.equal(opened.protectedHeader.enc, cipher)
    })

    test(`${name}, ${cipher}: encrypted by jose, decrypted here`, async () => {
      const token = await new jose.CompactEncrypt(plaintext)
        .setProtectedHeader({ alg: algorithm, enc: cipher })
        .encrypt(await jose.importJWK(encrypts, algorithm))
      assert.deepEqual(await decrypt(token, decrypts, algorithm), plaintext)
    })
  }
}

test('a nested token made here opens and verifies with jose', async () => {
  const signer = pair('ec', { namedCurve: 'P-256' })
  const token = await value(
    'SELECT jwt_auth.jwt_encrypt($1::jsonb, $2::text, $3::text, key_algorithm => $4)',
    JSON.stringify(claims),
    JSON.stringify(signer.decrypts),
    JSON.stringify(curves.X25519.encrypts),
    'ECDH-ES+A256KW',
  )
  const outer = await jose.compactDecrypt(token, await jose.importJWK(curves.X25519.decrypts, 'ECDH-ES+A256KW'))
  assert.equal(outer.protectedHeader.cty, 'JWT')
  const inner = new TextDecoder().decode(outer.plaintext)
  const { payload } = await jose.jwtVerify(inner, await jose.importJWK(signer.encrypts, 'ES256'), { audience: claims.aud })
  assert.deepEqual(payload, claims)
})

test('a nested token made by jose opens and verifies here', async () => {
  const signer = pair('ed25519')
  const inner = await new jose.SignJWT({ ...claims })
    .setProtectedHeader({ alg: 'EdDSA', typ: 'JWT' })
    .sign(await jose.importJWK(signer.decrypts, 'EdDSA'))
  const token = await new jose.CompactEncrypt(new TextEncoder().encode(inner))
    .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM', cty: 'JWT' })
    .encrypt(await jose.importJWK(rsa.encrypts, 'RSA-OAEP-256'))
  const opened = await value(
    'SELECT jwt_auth.jwt_decrypt($1, $2::text, $3::text, audience => $4)',
    token,
    JSON.stringify(rsa.decrypts),
    JSON.stringify(signer.encrypts),
    claims.aud,
  )
  assert.deepEqual(opened, claims)
})

test("another's key opens nothing", async () => {
  const token = await new jose.CompactEncrypt(plaintext)
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .encrypt(await jose.importJWK(oct(32), 'dir'))
  await assert.rejects(decrypt(token, oct(32), 'dir'), { code: 'JW030' })
})

test('any bytes signed here verify with jose, and theirs here', async () => {
  const signer = pair('ec', { namedCurve: 'P-384' })
  const bytes = randomBytes(1000)
  const token = await value('SELECT jwt_auth.jws_sign($1::bytea, $2::text)', bytes, JSON.stringify(signer.decrypts))
  const verified = await jose.compactVerify(token, await jose.importJWK(signer.encrypts, 'ES384'))
  assert.deepEqual(Buffer.from(verified.payload), bytes)
  const theirs = await new jose.CompactSign(bytes).setProtectedHeader({ alg: 'ES384' }).sign(await jose.importJWK(signer.decrypts, 'ES384'))
  assert.deepEqual(await value('SELECT jwt_auth.jws_verify($1, $2::text)', theirs, JSON.stringify(signer.encrypts)), bytes)
})
