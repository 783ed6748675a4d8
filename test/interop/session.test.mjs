// A service with nothing but the public keys verifies the tokens of a session.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as jose from 'jose'
import jwt from 'jsonwebtoken'
import { createPublicKey } from 'node:crypto'
import { close, open, row, value } from './database.mjs'

before(open)
after(close)

test('access tokens of a session verify against jwks()', async (t) => {
  const kid = await value("SELECT jwt_auth.create_signing_key('ES256')")
  const jwks = await value('SELECT jwt_auth.jwks()')
  const published = jwks.keys.find((key) => key.kid === kid)
  const keys = jose.createLocalJWKSet(jwks)

  await t.test('the default kid is the thumbprint', async () => {
    assert.equal(kid, await jose.calculateJwkThumbprint(published))
  })

  await t.test('nothing private is published', () => {
    for (const key of jwks.keys) for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) assert.ok(!(member in key), member)
  })

  const issued = await row(
    "SELECT * FROM jwt_auth.issue_refresh_session('ann', ip => '192.0.2.1', claims => $1)",
    JSON.stringify({ role: 'reader', name: 'Zoë' }),
  )

  await t.test('by jose', async () => {
    const { payload, protectedHeader } = await jose.jwtVerify(issued.access_token, keys, { subject: 'ann' })
    assert.equal(protectedHeader.kid, kid)
    assert.equal(protectedHeader.alg, 'ES256')
    assert.equal(payload.sid, issued.session_id)
    assert.equal(payload.role, 'reader')
    assert.equal(payload.name, 'Zoë')
    assert.equal(payload.exp, Math.floor(issued.access_expires_at.getTime() / 1000))
    for (const time of ['iat', 'exp', 'auth_time']) assert.ok(Number.isInteger(payload[time]), time)
    assert.equal(typeof payload.jti, 'string')
  })

  await t.test('by jsonwebtoken', () => {
    const spki = createPublicKey({ key: published, format: 'jwk' }).export({ format: 'pem', type: 'spki' })
    assert.equal(jwt.verify(issued.access_token, spki, { algorithms: ['ES256'] }).sub, 'ann')
  })

  await t.test('after a refresh', async () => {
    const refreshed = await row('SELECT * FROM jwt_auth.refresh_session($1)', issued.refresh_token)
    assert.equal(refreshed.status, 'ok')
    const { payload } = await jose.jwtVerify(refreshed.access_token, keys, { subject: 'ann' })
    assert.equal(payload.sid, issued.session_id)
  })

  await t.test('and so do tokens of jwt_sign(claims)', async () => {
    const token = await value('SELECT jwt_auth.jwt_sign($1::jsonb)', JSON.stringify({ sub: 'job', scope: 'nightly' }))
    const { payload } = await jose.jwtVerify(token, keys, { subject: 'job' })
    assert.equal(payload.scope, 'nightly')
  })
})
