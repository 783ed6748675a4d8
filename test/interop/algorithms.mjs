// What the tests go through: every algorithm, how Node makes a key for it, and which library has it.
import { generateKeyPairSync, randomBytes } from 'node:crypto'

const rsa = () => generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = (namedCurve) => () => generateKeyPairSync('ec', { namedCurve })
const secret = (bytes) => () => randomBytes(bytes).toString('hex').slice(0, bytes)

export const hmac = { HS256: secret(32), HS384: secret(48), HS512: secret(64) }

export const asymmetric = {
  RS256: rsa,
  RS384: rsa,
  RS512: rsa,
  PS256: rsa,
  PS384: rsa,
  PS512: rsa,
  ES256: ec('P-256'),
  ES384: ec('P-384'),
  ES512: ec('P-521'),
  ES256K: ec('secp256k1'),
  EdDSA: () => generateKeyPairSync('ed25519'),
  Ed25519: () => generateKeyPairSync('ed25519'),
}
// The other Edwards curve, which Node's libraries know as EdDSA only.
export const ed448 = () => generateKeyPairSync('ed448')

// jsonwebtoken has neither EdDSA, under any name, nor ES256K.
export const inJsonWebToken = (algorithm) => !['EdDSA', 'Ed25519', 'ES256K'].includes(algorithm)
// node-jose has neither of them either; its names for the rest are the same.
export const inNodeJose = inJsonWebToken

export const claims = Object.freeze({
  iss: 'https://issuer.example',
  sub: 'ann',
  aud: 'interop',
  iat: 1700000000,
  exp: 4102444800,
  name: 'Zoë "z" \u{1F511}',
  roles: ['a', 'b'],
  nested: { yes: true, no: null, n: -1.5e-3 },
})
