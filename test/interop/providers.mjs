// Key sets and tokens in the shape in which known providers deliver them, with keys of our own. Each provider has
//   issuer, audience  what its tokens say
//   set               what its jwks_uri answers
//   tokens            tokens that must be accepted, in the provider's form
//   refused           tokens that must not, each with the SQLSTATE of the function that is given the set, and of a trusted issuer if another
//   trust             further arguments of trust_issuer, where its tokens need them
//   skipped           what the notices of trust_issuer must say, in order: keys that can't be used, by kid
import { createHash, createHmac, generateKeyPairSync, randomBytes, randomUUID, sign } from 'node:crypto'

const now = Math.floor(Date.now() / 1000)
const encode = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

// What signs with one key: the JWK that is published and a function that makes a token.
function keyPair(algorithm, kid, members = {}) {
  const pair = algorithm === 'ES256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('rsa', { modulusLength: 2048 })
  const how = algorithm === 'ES256' ? { key: pair.privateKey, dsaEncoding: 'ieee-p1363' } : pair.privateKey
  return {
    jwk: { ...pair.publicKey.export({ format: 'jwk' }), kid, ...members },
    token(header, claims) {
      const input = `${encode({ alg: algorithm, kid, ...header })}.${encode(claims)}`
      return `${input}.${sign('sha256', Buffer.from(input), how).toString('base64url')}`
    },
  }
}

function secretKey(kid) {
  const secret = randomBytes(48)
  return {
    jwk: { kty: 'oct', k: secret.toString('base64url'), kid, alg: 'HS256', key_ops: ['verify'], ext: true },
    token(header, claims) {
      const input = `${encode({ alg: 'HS256', ...header })}.${encode(claims)}`
      return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
    },
  }
}

// Nothing of a certificate is read, so any bytes stand for one.
function withCertificate() {
  const der = randomBytes(700)
  return {
    x5c: [der.toString('base64')],
    x5t: createHash('sha1').update(der).digest('base64url'),
    'x5t#S256': createHash('sha256').update(der).digest('base64url'),
  }
}

const lived = (issuer, audience, claims = {}) => ({
  iss: issuer,
  ...(audience === undefined ? {} : { aud: audience }),
  sub: 'ann',
  iat: now,
  exp: now + 3600,
  ...claims,
})

function keycloak() {
  const issuer = 'https://sso.example/realms/app'
  const kid = 'mWn0T8Vt7sB5QmCqgGJpV2cI9d3h7f5mZq0aA1b2c3d'
  const signing = keyPair('RS256', kid, { use: 'sig', alg: 'RS256', ...withCertificate() })
  const encryption = keyPair('RS256', kid, { use: 'enc', alg: 'RSA-OAEP', ...withCertificate() })
  const other = keyPair('RS256', 'only-for-encryption', { use: 'enc', alg: 'RSA-OAEP-256' })
  const claims = lived(issuer, 'account', { typ: 'Bearer', azp: 'app', realm_access: { roles: ['offline_access'] }, scope: 'openid' })
  return {
    issuer,
    audience: 'account',
    set: { keys: [encryption.jwk, signing.jwk, other.jwk] },
    tokens: [signing.token({ typ: 'JWT' }, claims)],
    refused: [
      [other.token({ typ: 'JWT' }, claims), 'JW008'],
      [encryption.token({ typ: 'JWT' }, claims), 'JW002'],
    ],
    skipped: [/"mWn0T8Vt7sB5QmCqgGJpV2cI9d3h7f5mZq0aA1b2c3d": not a key that verifies signatures/, /"only-for-encryption": not a key/],
  }
}

function entra() {
  const tenant = randomUUID()
  const issuer = `https://login.example/${tenant}/v2.0`
  const audience = randomUUID()
  const keys = ['1LTMzakihiRla_8z2BEJVXeWMqo', 'T1St-dLTvyWRgxB_676u8krXS-I'].map((kid) => {
    const { x5c } = withCertificate()
    return keyPair('RS256', kid, { use: 'sig', x5t: kid, x5c, cloud_instance_name: 'login.example', issuer })
  })
  return {
    issuer,
    audience,
    set: { keys: keys.map((key) => key.jwk) },
    tokens: keys.map((key) =>
      key.token({ typ: 'JWT', x5t: key.jwk.kid }, lived(issuer, audience, { nbf: now, tid: tenant, ver: '2.0', oid: randomUUID(), roles: ['Reader'] })),
    ),
    refused: [],
  }
}

function google() {
  const issuer = 'https://accounts.example'
  const audience = '123456789012-abc.apps.example'
  const keys = [1, 2].map(() => keyPair('RS256', randomBytes(20).toString('hex'), { use: 'sig', alg: 'RS256' }))
  const claims = lived(issuer, audience, { azp: audience, email: 'ann@example.com', email_verified: true })
  return {
    issuer,
    audience,
    set: { keys: keys.map((key) => key.jwk) },
    tokens: keys.map((key) => key.token({ typ: 'JWT' }, claims)),
    refused: [[keys[0].token({ kid: keys[1].jwk.kid }, claims), 'JW002']],
  }
}

function apple() {
  const issuer = 'https://appleid.example'
  const audience = 'com.example.app'
  const keys = ['fh6Bs8C', 'lVHdOx8ltR', 'Bh6H7rHVmb'].map((kid) => keyPair('RS256', kid, { use: 'sig', alg: 'RS256' }))
  return {
    issuer,
    audience,
    set: { keys: keys.map((key) => key.jwk) },
    // The header names nothing but kid and alg, and some claims are booleans as text.
    tokens: [keys[2].token({}, lived(issuer, audience, { email_verified: 'true', auth_time: now, nonce_supported: true }))],
    refused: [[keys[2].token({ kid: 'gone' }, lived(issuer, audience)), 'JW008']],
  }
}

function cognito() {
  const issuer = 'https://cognito-idp.eu-central-1.example/eu-central-1_AbCdEfGhI'
  const keys = [1, 2].map(() => keyPair('RS256', randomBytes(32).toString('base64'), { use: 'sig', alg: 'RS256' }))
  return {
    issuer,
    // Its access tokens have no aud, but client_id.
    audience: undefined,
    set: { keys: keys.map((key) => key.jwk) },
    tokens: [keys[1].token({}, lived(issuer, undefined, { client_id: '4example', token_use: 'access', 'cognito:groups': ['staff'] }))],
    refused: [],
  }
}

function auth0() {
  const issuer = 'https://tenant.example/'
  const audience = 'https://api.example'
  const keys = [1, 2].map(() => keyPair('RS256', randomBytes(15).toString('base64url'), { use: 'sig', alg: 'RS256', ...withCertificate() }))
  const claims = lived(issuer, [audience, 'https://tenant.example/userinfo'], { azp: 'client', 'https://app.example/roles': ['editor'] })
  return {
    issuer,
    audience,
    set: { keys: keys.map((key) => key.jwk) },
    tokens: [keys[0].token({ typ: 'JWT' }, claims), keys[0].token({ typ: 'at+jwt' }, claims)],
    refused: [
      [keys[0].token({ typ: 'id_token+jwt' }, claims), 'JW014'],
      [keys[0].token({ typ: 'JWT' }, { ...claims, aud: ['https://tenant.example/userinfo'] }), 'JW006'],
    ],
  }
}

function okta() {
  const issuer = 'https://dev-123456.example/oauth2/default'
  const audience = 'api://default'
  const key = keyPair('RS256', randomBytes(32).toString('base64url'), { use: 'sig', alg: 'RS256' })
  return {
    issuer,
    audience,
    set: { keys: [key.jwk] },
    tokens: [key.token({}, lived(issuer, audience, { ver: 1, jti: `AT.${randomBytes(32).toString('base64url')}`, cid: 'client', scp: ['openid'] }))],
    refused: [],
  }
}

function githubActions() {
  const issuer = 'https://token.actions.example'
  const audience = 'https://github.example/octo-org'
  const keys = ['cc413527-173f-5a05-976e-9c52b1d7b431', '38826b17-6a30-5f9b-b169-8beb8202f723'].map((kid) => {
    const { x5c, x5t } = withCertificate()
    return keyPair('RS256', kid, { use: 'sig', alg: 'RS256', x5c, x5t })
  })
  const claims = lived(issuer, audience, { sub: 'repo:octo-org/octo-repo:ref:refs/heads/main', run_attempt: '1', repository_visibility: 'private' })
  return {
    issuer,
    audience,
    set: { keys: keys.map((key) => key.jwk) },
    tokens: [keys[1].token({ typ: 'JWT', x5t: keys[1].jwk.x5t }, claims)],
    refused: [],
  }
}

function kubernetes() {
  const issuer = 'https://kubernetes.default.svc.cluster.local'
  const key = keyPair('RS256', randomBytes(32).toString('base64url'), { use: 'sig', alg: 'RS256' })
  return {
    issuer,
    audience: issuer,
    set: { keys: [key.jwk] },
    tokens: [
      key.token(
        {},
        lived(issuer, [issuer], {
          nbf: now,
          sub: 'system:serviceaccount:default:web',
          'kubernetes.io': { namespace: 'default', serviceaccount: { name: 'web', uid: randomUUID() }, warnafter: now + 3607 },
        }),
      ),
    ],
    refused: [],
  }
}

function spiffe() {
  const issuer = 'https://spire.example'
  const audience = 'spiffe://example.org/database'
  const signing = keyPair('ES256', randomBytes(16).toString('base64url'), { use: 'jwt-svid' })
  // The bundle also holds the authorities of certificates, which have no kid and verify no token.
  const { kid: _, ...certificate } = keyPair('ES256', undefined, { use: 'x509-svid', ...withCertificate() }).jwk
  const claims = lived(issuer, [audience], { sub: 'spiffe://example.org/web' })
  return {
    issuer,
    audience,
    set: { spiffe_sequence: 12, spiffe_refresh_hint: 600, keys: [certificate, signing.jwk] },
    tokens: [signing.token({ typ: 'JWT' }, claims), signing.token({ typ: 'JOSE' }, claims), signing.token({}, claims)],
    // A SPIFFE token may also say JOSE, which the caller has to allow.
    trust: { token_types: ['JWT', 'JOSE'] },
    refused: [],
    skipped: [/use of the JWK is neither sig nor enc/],
  }
}

function supabase() {
  const issuer = 'https://abcdefghijklm.supabase.example/auth/v1'
  const signing = keyPair('ES256', randomUUID(), { alg: 'ES256', use: 'sig', key_ops: ['verify'], ext: true })
  const old = secretKey(randomUUID())
  const claims = lived(issuer, 'authenticated', { role: 'authenticated', aal: 'aal1', amr: [{ method: 'password', timestamp: now }] })
  return {
    issuer,
    audience: 'authenticated',
    set: { keys: [signing.jwk, old.jwk] },
    tokens: [signing.token({ typ: 'JWT' }, claims), old.token({ typ: 'JWT', kid: old.jwk.kid }, claims), old.token({ typ: 'JWT' }, claims)],
    refused: [[old.token({ typ: 'JWT', kid: signing.jwk.kid }, claims), 'JW007', 'JW008']],
  }
}

// The new key under the old one's kid, as long as not every verifier knows ML-DSA.
function inTransition() {
  const issuer = 'https://quantum.example'
  const signing = keyPair('ES256', 'current', { use: 'sig', alg: 'ES256' })
  const next = { kty: 'AKP', alg: 'ML-DSA-44', use: 'sig', kid: 'current', pub: randomBytes(1312).toString('base64url') }
  return {
    issuer,
    audience: 'app',
    set: { keys: [next, signing.jwk] },
    tokens: [signing.token({ typ: 'JWT' }, lived(issuer, 'app'))],
    refused: [],
    skippedWithoutMlDsa: [/current.*ML-DSA/],
  }
}

export const providers = {
  Keycloak: keycloak(),
  Entra: entra(),
  Google: google(),
  Apple: apple(),
  Cognito: cognito(),
  Auth0: auth0(),
  Okta: okta(),
  'GitHub Actions': githubActions(),
  Kubernetes: kubernetes(),
  SPIFFE: spiffe(),
  Supabase: supabase(),
  'ES256 and ML-DSA under one kid': inTransition(),
}
