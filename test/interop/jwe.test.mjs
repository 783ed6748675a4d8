// Encryption: every algorithm with every encryption, in two independent implementations (jose and node-jose), both ways.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import * as jose from 'jose'
import nodeJose from 'node-jose'
import { close, open, value } from './database.mjs'

before(open)
after(close)

const plaintext = Buffer.from('Zoë "z" \u{1F511}\0\xff', 'utf8')
const encryptions = ['A128CBC-HS256', 'A192CBC-HS384', 'A256CBC-HS512', 'A128GCM', 'A192GCM', 'A256GCM']
const contentKeySize = { 'A128CBC-HS256': 32, 'A192CBC-HS384': 48, 'A256CBC-HS512': 64, A128GCM: 16, A192GCM: 24, A256GCM: 32 }
const few = JSON.stringify({ p2c: 1000 })

const encryptHere = (key, alg, enc, header = null) =>
  value('SELECT jwt_auth.jwe_encrypt($1::bytea, $2::text, $3, $4, $5::jsonb)', plaintext, key, alg, enc, header)
const decryptHere = (token, key, algorithms = null) =>
  value('SELECT jwt_auth.jwe_decrypt($1, $2::text, $3::text[])', token, key, algorithms)

const oct = (bytes) => () => ({ kty: 'oct', k: randomBytes(bytes).toString('base64url') })
const pair = (...kind) => () => generateKeyPairSync(...kind).privateKey.export({ format: 'jwk' })
const rsaJwk = pair('rsa', { modulusLength: 2048 })() // one for all: they take long to make

const makers = { 'RSA-OAEP': () => rsaJwk, 'RSA-OAEP-256': () => rsaJwk }
for (const bits of [128, 192, 256]) {
  makers[`A${bits}KW`] = oct(bits / 8)
  makers[`A${bits}GCMKW`] = oct(bits / 8)
}
for (const alg of ['PBES2-HS256+A128KW', 'PBES2-HS384+A192KW', 'PBES2-HS512+A256KW']) makers[alg] = oct(20)

const curves = {
  'P-256': pair('ec', { namedCurve: 'P-256' }),
  'P-384': pair('ec', { namedCurve: 'P-384' }),
  'P-521': pair('ec', { namedCurve: 'P-521' }),
  X25519: pair('x25519'),
  X448: pair('x448'),
}

// Every case: a private JWK, an algorithm, an encryption.
const cases = []
for (const enc of encryptions) {
  cases.push({ alg: 'dir', enc, jwk: oct(contentKeySize[enc])() })
  for (const [alg, make] of Object.entries(makers)) cases.push({ alg, enc, jwk: make() })
  for (const alg of ['ECDH-ES', 'ECDH-ES+A128KW', 'ECDH-ES+A192KW', 'ECDH-ES+A256KW']) {
    for (const make of Object.values(curves)) cases.push({ alg, enc, jwk: make() })
  }
}

const publicPart = (jwk) =>
  jwk.kty === 'oct' ? jwk : Object.fromEntries(Object.entries(jwk).filter(([name]) => ['kty', 'crv', 'x', 'y', 'n', 'e'].includes(name)))
const joseKey = (jwk, alg) =>
  jwk.kty === 'oct' ? createSecretKey(Buffer.from(jwk.k, 'base64url')) : jose.importJWK(jwk, alg)
const joseOptions = (alg) => ({ keyManagementAlgorithms: [alg], maxPBES2Count: 1000 })
// node-jose has neither X25519 nor X448, and ECDH-ES without key wrap gives it no more than 32 bytes ("unsupported algorithm").
const inNodeJose = ({ alg, enc, jwk }) => jwk.kty !== 'OKP' && !(alg === 'ECDH-ES' && contentKeySize[enc] > 32)

for (const one of cases) {
  const { alg, enc, jwk } = one
  const name = `${alg} ${enc}${jwk.crv ? ` ${jwk.crv}` : ''}`
  const password = alg.startsWith('PBES2')
  const listed = password ? [alg] : null

  test(`${name}: encrypted here, decrypted by jose`, async () => {
    const token = await encryptHere(JSON.stringify(publicPart(jwk)), alg, enc, password ? few : null)
    const decrypted = await jose.compactDecrypt(token, await joseKey(jwk, alg), joseOptions(alg))
    assert.deepEqual(Buffer.from(decrypted.plaintext), plaintext)
    assert.equal(decrypted.protectedHeader.alg, alg)
    assert.equal(decrypted.protectedHeader.enc, enc)
  })

  test(`${name}: encrypted by jose, decrypted here`, async () => {
    const sender = new jose.CompactEncrypt(plaintext).setProtectedHeader({ alg, enc })
    if (password) sender.setKeyManagementParameters({ p2c: 1000 })
    const token = await sender.encrypt(await joseKey(publicPart(jwk), alg))
    assert.deepEqual(await decryptHere(token, JSON.stringify(jwk), listed), plaintext)
  })

  if (inNodeJose(one)) {
    test(`${name}: encrypted here, decrypted by node-jose`, async () => {
      const token = await encryptHere(JSON.stringify(publicPart(jwk)), alg, enc, password ? few : null)
      const key = await nodeJose.JWK.asKey(jwk)
      const decrypted = await nodeJose.JWE.createDecrypt(key, { algorithms: [alg, enc] }).decrypt(token)
      assert.deepEqual(decrypted.plaintext, plaintext)
    })

    test(`${name}: encrypted by node-jose, decrypted here`, async () => {
      const key = await nodeJose.JWK.asKey({ ...publicPart(jwk), kid: 'theirs' })
      const sender = nodeJose.JWE.createEncrypt({ format: 'compact', contentAlg: enc, fields: { alg } }, { key, reference: 'kid' })
      const token = await sender.update(plaintext).final()
      assert.deepEqual(await decryptHere(token, JSON.stringify({ ...jwk, kid: 'theirs' }), listed), plaintext)
    })
  }
}

test('party information takes part in the key', async () => {
  const jwk = curves['P-256']()
  const parties = { apu: Buffer.from('Alice'), apv: Buffer.from('Bob') }
  const theirs = await new jose.CompactEncrypt(plaintext)
    .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A128GCM' })
    .setKeyManagementParameters(parties)
    .encrypt(await joseKey(publicPart(jwk), 'ECDH-ES'))
  assert.equal(jose.decodeProtectedHeader(theirs).apu, 'QWxpY2U')
  assert.deepEqual(await decryptHere(theirs, JSON.stringify(jwk)), plaintext)
  const ours = await encryptHere(JSON.stringify(publicPart(jwk)), 'ECDH-ES', 'A128GCM', '{"apu":"QWxpY2U","apv":"Qm9i"}')
  assert.deepEqual(Buffer.from((await jose.compactDecrypt(ours, await joseKey(jwk, 'ECDH-ES'))).plaintext), plaintext)
})

test('nested: signed and encrypted here, opened by jose, and the other way round', async () => {
  const signer = { ...generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }) }
  const reader = curves.X25519()
  const claims = { sub: 'ann', aud: 'interop', exp: 4102444800 }
  const signing = await jose.importJWK(signer, 'EdDSA')
  const verifying = await jose.importJWK(publicPart(signer), 'EdDSA')

  const ours = await value(
    'SELECT jwt_auth.jwt_encrypt($1::jsonb, $2::text, $3::text)',
    JSON.stringify(claims),
    JSON.stringify(signer),
    JSON.stringify(publicPart(reader)),
  )
  const outer = await jose.compactDecrypt(ours, await joseKey(reader, 'ECDH-ES+A256KW'))
  assert.equal(outer.protectedHeader.cty, 'JWT')
  const inner = await jose.jwtVerify(Buffer.from(outer.plaintext).toString(), verifying, { audience: 'interop' })
  assert.deepEqual(inner.payload, claims)

  const signed = await new jose.SignJWT({ ...claims }).setProtectedHeader({ alg: 'EdDSA' }).sign(signing)
  const theirs = await new jose.CompactEncrypt(Buffer.from(signed))
    .setProtectedHeader({ alg: 'ECDH-ES+A256KW', enc: 'A256GCM', cty: 'JWT' })
    .encrypt(await joseKey(publicPart(reader), 'ECDH-ES+A256KW'))
  assert.deepEqual(
    await value(
      'SELECT jwt_auth.jwt_decrypt($1, $2::text, $3::text, audience => $4)',
      theirs,
      JSON.stringify(reader),
      JSON.stringify(publicPart(signer)),
      'interop',
    ),
    claims,
  )
})

test('keys generated here work there', async () => {
  for (const [alg, curve] of [['RSA-OAEP-256', null], ['ECDH-ES', 'P-384'], ['ECDH-ES+A256KW', 'X448'], ['A256KW', null]]) {
    const generated = await value('SELECT jwt_auth.jwk_generate($1, $2)', alg, curve)
    const published = generated.kty === 'oct' ? generated : await value('SELECT jwt_auth.jwk_public($1)', JSON.stringify(generated))
    const token = await new jose.CompactEncrypt(plaintext)
      .setProtectedHeader({ alg, enc: 'A256GCM', kid: generated.kid })
      .encrypt(await jose.importJWK(published, alg))
    assert.deepEqual(await decryptHere(token, JSON.stringify({ keys: [generated] })), plaintext)
  }
})

test('a tag of theirs that was changed is refused', async () => {
  const jwk = oct(16)()
  const token = await new jose.CompactEncrypt(plaintext)
    .setProtectedHeader({ alg: 'A128KW', enc: 'A128GCM' })
    .encrypt(await joseKey(jwk, 'A128KW'))
  const changed = token.slice(0, -22) + 'A'.repeat(22)
  await assert.rejects(decryptHere(changed, JSON.stringify(jwk)), { code: 'JW030' })
})
