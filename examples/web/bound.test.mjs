// Sessions bound to a key of the browser, in Chromium itself: it registers, renews its cookie, and what is stolen from it is worth nothing
// elsewhere. What the browser sends and reports is written to the test's output, for the standard still moves.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { X509Certificate, createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { promisify } from 'node:util'
import express from 'express'
import { chromium, request } from 'playwright-core'
import { serve } from './server.mjs'
import { PASSWORD, PATIENCE, admin, enter, listens, options, ready, until } from './testing.mjs'

const HOST = 'app.test'
let tls, spki

before(async () => {
  const { env: { HOME: home } } = await options()
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(home, name))
  await promisify(execFile)('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1',
    '-subj', `/CN=${HOST}`, '-addext', `subjectAltName=DNS:${HOST}`, '-keyout', key, '-out', cert])
  tls = { key: await readFile(key), cert: await readFile(cert) }
  spki = createHash('sha256').update(new X509Certificate(tls.cert).publicKey.export({ type: 'spki', format: 'der' })).digest('base64')
})

// The application over HTTPS. Access tokens, and so the browser's cookies, are good for `ttl`. Chromium signs no more than six times in
// nine minutes, and renews a cookie that is good for less than two minutes twice: it is left alone where it need not renew.
async function serveSecurely(t, ttl) {
  await admin.query(`ALTER ROLE web_app SET jwt_auth.access_token_ttl = '${ttl}'`)
  const app = await serve({ port: 0, tls })
  t.after(async () => {
    await app.close()
    await admin.query('ALTER ROLE web_app RESET jwt_auth.access_token_ttl')
  })
  return { ...app, origin: app.url.replace('localhost', HOST) }
}

const FEATURES = 'DeviceBoundSessions,EnableBoundSessionCredentialsSoftwareKeysForManualTesting'
// A browser that binds sessions, or one that knows nothing of it; with `launch` one that was closed before.
async function start(t, { origin }, { binds = true, launch } = {}) {
  launch ??= await options(`--host-resolver-rules=MAP ${HOST} localhost`, `--ignore-certificate-errors-spki-list=${spki}`,
    `--${binds ? 'enable' : 'disable'}-features=${FEATURES}`)
  const context = await chromium.launchPersistentContext(launch.env.HOME, { ...launch, baseURL: origin, userAgent: binds ? undefined : 'Phone', timeout: PATIENCE })
  context.setDefaultTimeout(PATIENCE)
  t.after(() => context.close())
  const page = await context.newPage()
  const events = []
  const devtools = await context.newCDPSession(page)
  await devtools.send('Network.enable')
  await devtools.send('Network.enableDeviceBoundSessions', { enable: true })
  devtools.on('Network.deviceBoundSessionEventOccurred', (event) => {
    events.push(event)
    t.diagnostic(`the browser reports ${JSON.stringify(event)}`)
  })
  const cookie = async (name = 'access_token') => (await context.cookies(`${origin}/auth/refresh`)).find((each) => each.name === name)
  await open(page)
  return {
    launch, context, page,
    created: () => events.filter((event) => event.succeeded && event.creationEventDetails).map((event) => event.sessionId),
    refreshed: () => events.filter((event) => event.refreshEventDetails?.refreshResult === 'Refreshed').length,
    ended: () => events.filter((event) => event.terminationEventDetails).map((event) => event.sessionId),
    // An open page would have its cookie renewed.
    runsOut: async () => {
      await page.goto('about:blank')
      await until(async () => !(await cookie()))
    },
    cookie,
  }
}
async function open(page) {
  await page.goto('/')
  await ready(page)
}
async function signUp(browser, email, { remember = false } = {}) {
  const { page } = browser
  await page.getByLabel('Stay logged in on this computer').setChecked(remember)
  const answer = page.waitForResponse((response) => response.url().endsWith('/auth/sign-up'))
  await enter(page, email, PASSWORD, 'Sign up')
  await page.getByText(`Logged in as ${email}`).waitFor()
  await until(() => browser.created().length > 0)
  const [, refreshToken] = /refresh_token=([^;]+)/.exec((await (await answer).allHeaders())['set-cookie'])
  return { session: browser.created()[0], refreshToken }
}
const stateOf = async (email) =>
  (
    await admin.query(
      `SELECT s.session_id AS id, bound, generation FROM account AS a, jwt_auth.user_sessions(a.id) AS s JOIN jwt_auth.refresh_session USING (session_id)
       WHERE email = $1`,
      [email],
    )
  ).rows
// Another client, which has no browser's key.
async function send({ url }, path, headers) {
  const client = await request.newContext({ baseURL: url, ignoreHTTPSErrors: true })
  const answer = await client.post(path, { headers, data: '' })
  const said = { code: answer.status(), status: (await answer.json()).status, challenge: answer.headers()['secure-session-challenge'] }
  await client.dispose()
  return said
}
const isLoggedIn = (page, email) => page.getByText(`Logged in as ${email}`).isVisible()
const isVisitor = (page) => page.getByRole('heading', { name: 'Welcome' }).isVisible()

test('a log-in is bound where the browser offers it, and the browser renews the cookie that has run out', async (t) => {
  const app = await serveSecurely(t, '10s')
  const browser = await start(t, app)
  const { page } = browser
  const { session, refreshToken } = await signUp(browser, 'dot@example.org')
  assert.deepEqual((await stateOf('dot@example.org')).map(({ id, bound }) => [id, bound]), [[session, 'dbsc']])
  // The refresh token that came with the log-in has gone, and is good for nothing.
  assert.equal(await browser.cookie('refresh_token'), undefined)
  const old = await send(app, '/auth/refresh', { cookie: `refresh_token=${refreshToken}` })
  assert.deepEqual([old.code, old.status], [401, 'proof_required'])

  await open(page)
  assert.ok(await page.getByText('bound to this device').isVisible())
  const [refreshed, [{ generation }]] = [browser.refreshed(), await stateOf('dot@example.org')]
  assert.ok(refreshed > 0)
  await browser.runsOut()
  await open(page)
  assert.ok(await isLoggedIn(page, 'dot@example.org'))
  assert.ok(browser.refreshed() > refreshed)
  assert.ok((await stateOf('dot@example.org'))[0].generation > generation)

  // At last the browser signs no more for a while. That is no log-out.
  const notice = page.getByRole('alert').getByText('can not renew your session just now')
  await until(async () => {
    await browser.runsOut()
    await open(page)
    return notice.isVisible()
  })
  assert.deepEqual((await stateOf('dot@example.org')).map(({ id }) => id), [session])
  assert.deepEqual(browser.ended(), [])
})

test('a token in the cookie that is refused before its time is replaced, and a log-out ends what is bound', async (t) => {
  const app = await serveSecurely(t, '30min')
  const browser = await start(t, app)
  const { page } = browser
  const { session } = await signUp(browser, 'eva@example.org')
  await open(page)
  await listens(page)
  const before = await browser.cookie()
  await admin.query("UPDATE account SET role = 'support' WHERE email = 'eva@example.org'")
  await page.getByText('Logged in as eva@example.org (support)').waitFor()
  assert.notEqual((await browser.cookie()).value, before.value)
  assert.equal(browser.refreshed(), 2)

  await page.getByRole('button', { name: 'Log out', exact: true }).click()
  await page.getByRole('heading', { name: 'Welcome' }).waitFor()
  await open(page)
  assert.ok(await isVisitor(page))
  assert.deepEqual(await stateOf('eva@example.org'), [])
  await until(() => browser.ended().includes(session))
})

test('two people in one browser, one after the other: each is who logged in last, and of the other nothing is left', async (t) => {
  const app = await serveSecurely(t, '30min')
  const browser = await start(t, app)
  const { page, context } = browser
  const other = await context.newPage()
  await open(other)
  const isBound = (email) => until(async () => (await stateOf(email))[0]?.bound === 'dbsc')
  await signUp(browser, 'tom@example.org')
  await open(page)
  assert.ok(await isLoggedIn(page, 'tom@example.org'))

  // Nobody logged out: the other tab shows the visitor's page still, and somebody else signs up there.
  await enter(other, 'ivy@example.org', PASSWORD, 'Sign up')
  await other.getByText('Logged in as ivy@example.org').waitFor()
  await isBound('ivy@example.org')
  assert.deepEqual(await stateOf('tom@example.org'), [])
  for (const tab of [page, other]) {
    await open(tab)
    assert.ok(await isLoggedIn(tab, 'ivy@example.org'))
  }

  // With a log-out between them.
  await page.goto('about:blank')
  await other.getByRole('button', { name: 'Log out', exact: true }).click()
  await other.getByRole('heading', { name: 'Welcome' }).waitFor()
  await enter(other, 'tom@example.org', PASSWORD, 'Log in')
  await other.getByText('Logged in as tom@example.org').waitFor()
  await isBound('tom@example.org')
  assert.deepEqual(await stateOf('ivy@example.org'), [])
})

test('a stolen cookie jar works elsewhere until the cookie runs out, and is never renewed', async (t) => {
  const app = await serveSecurely(t, '10s')
  const [victim, thief] = [await start(t, app), await start(t, app)]
  const { session, refreshToken } = await signUp(victim, 'eli@example.org')
  await open(victim.page)
  const jar = await victim.context.cookies()
  await victim.page.goto('about:blank')
  assert.deepEqual(jar.map(({ name }) => name).sort(), ['access_token', 'device', 'stays'])
  await thief.context.addCookies([...jar, { ...jar[0], name: 'refresh_token', path: '/auth/refresh', value: refreshToken }])
  await thief.runsOut()
  await open(thief.page)
  assert.ok(await isVisitor(thief.page))
  assert.deepEqual([thief.created(), thief.refreshed()], [[], 0])

  // The session's id opens nothing either, with a key of the thief's own.
  const asked = await send(app, '/auth/renew', { 'sec-secure-session-id': `"${session}"` })
  assert.deepEqual([asked.code, asked.status], [403, 'proof_required'])
  const [, challenge] = /^"([^"]+)";id="[^"]+"$/.exec(asked.challenge)
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${part({ alg: 'ES256', typ: 'dbsc+jwt' })}.${part({ jti: challenge })}`
  const proof = `${signed}.${sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
  const answered = await send(app, '/auth/renew', { 'sec-secure-session-id': `"${session}"`, 'secure-session-response': proof })
  assert.deepEqual([answered.code, answered.status], [403, 'proof_invalid'])
  for (const [path, headers, code] of [
    ['/auth/renew', {}, 401], ['/auth/renew', { 'sec-secure-session-id': 'rubbish' }, 401], ['/auth/renew', { 'sec-secure-session-id': randomUUID() }, 401],
    ['/auth/bind/rubbish', {}, 404], [`/auth/bind/${session}`, {}, 403], [`/auth/bind/${randomUUID()}`, { 'secure-session-response': proof }, 403],
  ])
    assert.equal((await send(app, path, headers)).code, code, path)
  const { rows } = await admin.query("SELECT detail ->> 'reason' AS reason FROM jwt_auth.auth_event WHERE event = 'proof_mismatch' AND session_id = $1", [session])
  assert.equal(rows.length, 1)

  await open(victim.page)
  assert.ok(await isLoggedIn(victim.page, 'eli@example.org'))
  assert.deepEqual((await stateOf('eli@example.org')).map(({ id }) => id), [session])
})

test('a browser that binds nothing goes on as ever, and from there the bound session is ended', async (t) => {
  const app = await serveSecurely(t, '30min')
  const [laptop, phone] = [await start(t, app), await start(t, app, { binds: false })]
  const { session } = await signUp(laptop, 'fox@example.org')
  await listens(laptop.page)
  await enter(phone.page, 'fox@example.org', PASSWORD, 'Log in')
  await phone.page.getByText('Logged in as fox@example.org').waitFor()
  for (let i = 0; i < 2; i++) await open(phone.page)
  assert.ok(await isLoggedIn(phone.page, 'fox@example.org'))
  assert.ok(await phone.cookie('refresh_token'))
  assert.deepEqual(phone.created(), [])
  const device = (text) => phone.page.getByRole('listitem').filter({ hasText: text })
  assert.equal(await device('Phone').getByText('bound to').count(), 0)
  assert.equal(await device('Chrome on Linux').getByText('bound to this device').count(), 1)

  await phone.page.getByRole('button', { name: 'End the session of Chrome on Linux' }).click()
  await laptop.page.getByRole('alert').getByText('ended from another of your devices').waitFor()
  await open(laptop.page)
  assert.ok(await isVisitor(laptop.page))
  await until(() => laptop.ended().includes(session))
  assert.equal(await laptop.cookie(), undefined)
  assert.ok(await isLoggedIn(phone.page, 'fox@example.org'))
})

test('a bound session outlives its browser if it is to be remembered, and only then', async (t) => {
  const app = await serveSecurely(t, '10s')
  for (const remember of [true, false]) {
    const email = `gil-${remember}@example.org`
    let browser = await start(t, app)
    const { session } = await signUp(browser, email, { remember })
    await open(browser.page)
    const { launch, context } = browser
    await context.close()

    browser = await start(t, app, { launch })
    await browser.runsOut()
    await open(browser.page)
    assert.equal(await isLoggedIn(browser.page, email), remember)
    assert.deepEqual((await stateOf(email)).map(({ id }) => id), remember ? [session] : [])
  }
})

test('the steps of the page in the documentation, as they stand there', async (t) => {
  const [, section] = (await readFile(new URL('../../docs/bound-sessions.md', import.meta.url), 'utf8')).split('## A browser: DBSC')
  const [logIn, ...steps] = [...section.split('\n## ')[0].matchAll(/^```js\n(.*?)^```/gms)].map(([, code]) => code)
  const query = async (sql, parameters) => (await admin.query(sql, parameters)).rows
  const [{ id: reader }] = await query("INSERT INTO account (email, password_hash) VALUES ('reader@example.org', '') RETURNING id")
  const app = express()
  app.get('/', (request, response) => response.send('<body data-ready="yes">'))
  app.post('/log-in', async (request, response) => {
    const [session] = await query('SELECT * FROM jwt_auth.issue_refresh_session($1::uuid)', [reader])
    await new (async () => {}).constructor('response', 'session', 'query', logIn)(response, session, query)
    response.end()
  })
  new Function('app', 'query', steps.join('\n'))(app, query)
  app.post('/auth/refresh', (request, response) => response.json(/access_token=([^;]*)/.exec(request.get('cookie'))?.[1] ?? null))
  const server = createServer(tls, app)
  await new Promise((resolve) => server.listen(0, 'localhost', resolve))
  t.after(() => server.close().closeAllConnections())

  const browser = await start(t, { origin: `https://${HOST}:${server.address().port}` })
  const ask = (path) => browser.page.evaluate(async (path) => (await fetch(path, { method: 'POST' })).text(), path)
  await ask('/log-in')
  await until(() => browser.created().length > 0)
  const [session] = browser.created()
  const token = JSON.parse(await ask('/auth/refresh'))
  const [{ claims }] = await query('SELECT jwt_auth.jwt_verify($1) AS claims', [token])
  assert.deepEqual([claims.sub, claims.sid], [reader, session])
  assert.equal(browser.refreshed(), 1)
  await query('SELECT jwt_auth.revoke_refresh_session($1)', [session])
  await browser.context.clearCookies()
  assert.equal(await ask('/auth/refresh'), 'null')
  await until(() => browser.ended().includes(session))
})
