// Signatures of node-jose, which brings its own JOSE: over claims and over bytes, with secrets and key pairs, both ways.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import nodeJose from 'node-jose'
import { asymmetric, claims, hmac, inNodeJose } from './algorithms.mjs'
import { close, open, sign, value, verify } from './database.mjs'

before(open)
after(close)

const bytes = Buffer.from('any bytes: \0\xff', 'latin1')
const pairs = Object.entries(asymmetric).filter(([algorithm]) => inNodeJose(algorithm))
const keys = [
  ...Object.entries(hmac).map(([algorithm, make]) => {
    const jwk = { kty: 'oct', k: Buffer.from(make()).toString('base64url'), kid: 'theirs' }
    return { algorithm, ours: jwk, published: jwk }
  }),
  ...pairs.map(([algorithm, make]) => {
    const { publicKey, privateKey } = make()
    const jwk = (key) => ({ ...key.export({ format: 'jwk' }), kid: 'theirs' })
    return { algorithm, ours: jwk(privateKey), published: jwk(publicKey) }
  }),
]

for (const { algorithm, ours, published } of keys) {
  const theirs = (payload, key) =>
    nodeJose.JWS.createSign({ format: 'compact', fields: { alg: algorithm } }, { key, reference: 'kid' }).update(Buffer.from(payload)).final()

  test(`${algorithm}: signed here, verified by node-jose`, async () => {
    const key = await nodeJose.JWK.asKey(published)
    const verifier = nodeJose.JWS.createVerify(key, { algorithms: [algorithm] })
    const token = await sign(claims, JSON.stringify(ours), algorithm)
    assert.deepEqual(JSON.parse((await verifier.verify(token)).payload.toString()), claims)
    const signed = await value('SELECT jwt_auth.jws_sign($1::bytea, $2::text, $3)', bytes, JSON.stringify(ours), algorithm)
    assert.deepEqual((await verifier.verify(signed)).payload, bytes)
  })

  test(`${algorithm}: signed by node-jose, verified here`, async () => {
    const key = await nodeJose.JWK.asKey(ours)
    assert.deepEqual(await verify(await theirs(JSON.stringify(claims), key), JSON.stringify(published)), claims)
    const token = await theirs(bytes, key)
    assert.deepEqual(await value('SELECT jwt_auth.jws_verify($1, $2::text)', token, JSON.stringify(published)), bytes)
  })
}
