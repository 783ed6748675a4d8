// What people and the support do with sessions, in two browsers where it takes two: remember me, a ban, a role that changes, the
// password again before what can't be undone, acting for somebody, erasing an account.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chromium } from 'playwright-core'
import {
  PASSWORD, PATIENCE, admin, app, cookieIn, enter, listens, logIn, newBrowser, open, options, picture, post, ready, signUp, tokenOf,
} from './testing.mjs'

const value = async (sql, ...parameters) => Object.values((await admin.query(sql, parameters)).rows[0])[0]
const idOf = (email) => value('SELECT id FROM account WHERE email = $1', email)
const tokenFor = async (email) => tokenOf(await post('/auth/log-in', { email, password: PASSWORD }))
const send = async (method, path, token, body) => {
  const response = await fetch(`${app.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  })
  return { code: response.status, challenge: response.headers.get('www-authenticate'), answer: await response.json() }
}
// Somebody of the support, whom the database's administrator has made one.
async function support(context, email) {
  await post('/auth/sign-up', { email, password: PASSWORD })
  await admin.query("UPDATE account SET role = 'support' WHERE email = $1", [email])
  return logIn(context, email)
}
const section = (page, name) => page.getByRole('region', { name })
const press = (page, name) => page.getByRole('button', { name, exact: true }).click()
async function closeAll(...contexts) {
  for (const context of contexts) assert.deepEqual(context.errors, [])
  await Promise.all(contexts.map((context) => context.close()))
}

// A browser on a profile that outlives it.
async function start(launch) {
  const context = await chromium.launchPersistentContext(launch.env.HOME, { ...launch, baseURL: app.url, userAgent: 'Laptop', timeout: PATIENCE })
  context.setDefaultTimeout(PATIENCE)
  return context
}

test('remember me: logged in when the browser is opened again; without it the cookie has gone with the browser', async () => {
  for (const remember of [true, false]) {
    const email = `una-${remember}@example.org`
    const launch = await options()
    let browser = await start(launch)
    let page = await open(browser)
    await page.getByLabel('Stay logged in on this computer').setChecked(remember)
    await enter(page, email, PASSWORD, 'Sign up')
    await page.getByText(`Logged in as ${email}`).waitFor()
    // A refresh keeps it as it was chosen.
    for (let i = 0; i < 2; i++) {
      const { expires } = await cookieIn(browser)
      if (remember) assert.ok(expires > Date.now() / 1000 + 89 * 86400, `${expires}`)
      else assert.equal(expires, -1)
      await page.reload()
      await ready(page)
    }
    await browser.close()

    browser = await start(launch)
    page = await open(browser)
    if (remember) {
      assert.ok(await page.getByText(`Logged in as ${email}`).isVisible())
      assert.ok(await section(page, 'Your devices').getByText('stays logged in').isVisible())
    } else {
      assert.ok(await page.getByRole('heading', { name: 'Welcome' }).isVisible())
      assert.equal(await cookieIn(browser), undefined)
      // The log-in from the same browser takes the place of the session that it had.
      await enter(page, email, PASSWORD, 'Log in')
      await section(page, 'Your devices').getByText('until the browser is closed').waitFor()
      assert.equal(await section(page, 'Your devices').getByRole('listitem').count(), 1)
      assert.ok(await section(page, 'Earlier').getByText('logged in again on that device').isVisible())
    }
    await browser.close()
  }
})

test('a ban logs out in other browsers at once, and no log-in begins until it is lifted', async () => {
  const [desk, laptop, phone] = [await newBrowser('Desk'), await newBrowser('Laptop'), await newBrowser('Phone')]
  const agent = await support(desk, 'vic@example.org')
  const pages = [await signUp(laptop, 'wil@example.org'), await logIn(phone, 'wil@example.org')]
  const token = await tokenFor('wil@example.org')
  await agent.reload()
  await press(agent, 'Ban: wil@example.org')
  for (const page of pages) {
    await page.getByRole('alert').getByText('has banned this account').waitFor()
    await page.getByRole('heading', { name: 'Welcome' }).waitFor()
  }
  assert.deepEqual((await send('GET', '/api/account', token)).answer, { status: 'refused', code: 'JW009' })
  const [page] = pages
  await page.reload()
  await ready(page)
  await enter(page, 'wil@example.org', PASSWORD, 'Log in')
  await page.getByRole('alert').getByText('has banned this account').waitFor()
  assert.equal(await value('SELECT count(*)::int FROM jwt_auth.user_sessions($1)', await idOf('wil@example.org')), 0)

  await agent.getByText('wil@example.org is banned, and logged out everywhere.').waitFor()
  await press(agent, 'Lift the ban: wil@example.org')
  await agent.getByText('wil@example.org may log in again.').waitFor()
  await enter(page, 'wil@example.org', PASSWORD, 'Log in')
  await page.getByText('Logged in as wil@example.org').waitFor()
  assert.equal((await send('GET', '/api/account', token)).code, 401)
  assert.ok(await section(page, 'Earlier').getByText('banned by the support').first().isVisible())
  await closeAll(desk, laptop, phone)
})

test('a changed role takes effect at once, by one refresh and without a log-out', async () => {
  const [desk, laptop] = [await newBrowser('Desk'), await newBrowser('Laptop')]
  const agent = await support(desk, 'xia@example.org')
  const page = await signUp(laptop, 'yan@example.org')
  const yan = await idOf('yan@example.org')
  const session = await value('SELECT session_id FROM jwt_auth.user_sessions($1)', yan)
  const [old, seen] = [await tokenFor('yan@example.org'), []]
  page.on('response', (response) => {
    const { pathname } = new URL(response.url())
    if (response.status() === 401 || pathname === '/auth/refresh') seen.push(`${response.status()} ${pathname}`)
  })
  assert.equal((await send('GET', '/api/people', old)).code, 403)
  await agent.reload()
  await press(agent, 'Make support: yan@example.org')
  await section(page, 'People').getByText('xia@example.org').waitFor()
  await listens(page)
  assert.deepEqual(seen, ['401 /api/account', '200 /auth/refresh'])
  assert.ok(await page.getByText('Logged in as yan@example.org (support)').isVisible())
  assert.equal(await page.getByRole('alert').isVisible(), false)
  assert.deepEqual((await send('GET', '/api/account', old)).answer, { status: 'refused', code: 'JW016' })

  const supports = await tokenFor('yan@example.org')
  assert.equal((await send('GET', '/api/people', supports)).code, 200)
  await press(agent, 'Make a member: yan@example.org')
  await section(page, 'People').waitFor({ state: 'hidden' })
  await listens(page)
  assert.deepEqual(seen, ['401 /api/account', '200 /auth/refresh', '401 /api/account', '200 /auth/refresh'])
  assert.deepEqual((await send('GET', '/api/people', supports)).answer, { status: 'refused', code: 'JW016' })
  assert.equal((await send('GET', '/api/people', await tokenFor('yan@example.org'))).code, 403)
  assert.ok(await page.getByText('Logged in as yan@example.org').isVisible())
  assert.equal(await value('SELECT count(*)::int FROM jwt_auth.user_sessions($1) WHERE session_id = $2', yan, session), 1)
  await closeAll(desk, laptop)
})

// As if the person had logged in ten minutes earlier.
const age = (email) =>
  admin.query(
    `UPDATE jwt_auth.refresh_session SET created_at = created_at - interval '10 minutes'
     WHERE user_id = (SELECT id::text FROM account WHERE email = $1)`,
    [email],
  )

test('before the account is deleted the password is asked for again, unless it was just given', async () => {
  const laptop = await newBrowser('Laptop')
  const page = await signUp(laptop, 'zoe@example.org')
  await age('zoe@example.org')
  await page.reload()
  await listens(page)
  const dialog = page.getByRole('dialog', { name: 'Your password, please' })
  const erase = async () => {
    await page.getByLabel('Erase my account').check()
    await press(page, 'Erase it')
    await dialog.waitFor()
  }
  await erase()
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'hidden' })
  await listens(page)
  await erase()
  await dialog.getByLabel('Your password').fill('not my password')
  await dialog.getByRole('button', { name: 'Go on' }).click()
  await dialog.getByText('not your current password').waitFor()
  assert.ok(await idOf('zoe@example.org'))
  // The same session goes on, with its cookie and a log-in that is recent now.
  const id = await idOf('zoe@example.org')
  const sessions = () => value('SELECT array_agg(session_id) FROM jwt_auth.user_sessions($1)', id)
  const before = [await sessions(), await cookieIn(laptop)]
  await page.route('**/api/account', (route) => (route.request().method() === 'DELETE' ? route.abort() : route.continue()))
  await dialog.getByLabel('Your password').fill(PASSWORD)
  await dialog.getByRole('button', { name: 'Go on' }).click()
  await page.getByRole('alert').getByText('can not be reached').waitFor()
  assert.deepEqual([await sessions(), await cookieIn(laptop)], before)
  await page.unroute('**/api/account')
  await press(page, 'Erase it')
  await page.getByRole('status').getByText('is erased').waitFor()
  assert.equal(await dialog.isVisible(), false)
  assert.equal(await value('SELECT count(*)::int FROM account WHERE id = $1', id), 0)

  // What another client is told: RFC 9470.
  const signedUp = await post('/auth/sign-up', { email: 'zed@example.org', password: PASSWORD })
  await age('zed@example.org')
  const aged = await fetch(`${app.url}/auth/refresh`, { method: 'POST', headers: { cookie: signedUp.headers.getSetCookie().at(-1).split(';')[0] } })
  const refused = await send('DELETE', '/api/account', await tokenOf(aged))
  assert.deepEqual(refused, {
    code: 401,
    challenge: 'Bearer error="insufficient_user_authentication", max_age=300',
    answer: { status: 'confirm', code: 'JW013' },
  })
  await closeAll(laptop)
})

test('the support acts for a member: both see it, it changes nothing of theirs, and either ends it', async () => {
  const [desk, laptop] = [await newBrowser('Desk'), await newBrowser('Laptop')]
  const agent = await support(desk, 'abe@example.org')
  const page = await signUp(laptop, 'bea@example.org')
  const banner = agent.getByRole('complementary', { name: 'Acting for somebody' })
  await agent.reload()
  const acting = agent.waitForResponse((response) => response.url().endsWith('/act'))
  await press(agent, 'Act for: bea@example.org')
  await banner.getByText('You act for bea@example.org').waitFor()
  await agent.getByText('Logged in as bea@example.org').waitFor()
  await picture(agent, 'web-acting')
  const token = await tokenOf(await acting)
  await page.getByRole('alert').getByText('A support agent acts in your place now').waitFor()
  await section(page, 'Earlier').getByText('The support, in your place').waitFor()

  // What is the person's own to decide is neither offered nor done.
  for (const name of ['People', 'Change password', 'Erase account']) assert.equal(await section(agent, name).isVisible(), false)
  assert.equal(await agent.getByRole('button', { name: 'Log out' }).count(), 0)
  const bea = await idOf('bea@example.org')
  const session = await value('SELECT session_id FROM jwt_auth.user_sessions($1)', bea)
  for (const [method, path, body] of [
    ['POST', '/api/password', { current: PASSWORD, next: 'another long password' }], ['POST', '/auth/confirm', { password: PASSWORD }],
    ['DELETE', '/api/account'], ['DELETE', '/api/devices'], ['DELETE', `/api/devices/${session}`], ['GET', '/api/people'],
    ['POST', `/api/people/${bea}/ban`],
  ])
    assert.deepEqual(await send(method, path, token, body), { code: 403, challenge: null, answer: { status: 'not_allowed' } }, path)
  assert.deepEqual((await send('GET', '/api/account', token)).answer, { email: 'bea@example.org', role: 'member', acting: true })

  await press(agent, 'Stop acting')
  await agent.getByText('Logged in as abe@example.org (support)').waitFor()
  assert.equal(await banner.isVisible(), false)
  assert.deepEqual((await send('GET', '/api/account', token)).answer, { status: 'refused', code: 'JW010' })

  // Again, and this time the person ends it.
  await press(agent, 'Act for: bea@example.org')
  await banner.waitFor()
  await listens(agent)
  await page.getByRole('button', { name: 'End the session of the support' }).click()
  await agent.getByRole('alert').getByText('no longer act').waitFor()
  await agent.getByText('Logged in as abe@example.org (support)').waitFor()
  assert.equal(await banner.isVisible(), false)
  assert.ok(await page.getByText('Logged in as bea@example.org').isVisible())
  const { rows } = await admin.query('SELECT actor, reason FROM jwt_auth.session_history($1, NULL, NULL) WHERE actor IS NOT NULL ORDER BY began_at', [bea])
  assert.deepEqual(rows, [
    { actor: await idOf('abe@example.org'), reason: 'log-out' },
    { actor: await idOf('abe@example.org'), reason: null },
  ])
  // Of their own kind they act for none.
  await admin.query("UPDATE account SET role = 'support' WHERE id = $1", [bea])
  assert.equal((await send('POST', `/api/people/${bea}/act`, await tokenFor('abe@example.org'), {})).code, 404)
  await closeAll(desk, laptop)
})

test('an erased account: logged out everywhere at once, nothing is left, and the address is free', async () => {
  const [laptop, phone] = [await newBrowser('Laptop'), await newBrowser('Phone')]
  const page = await signUp(laptop, 'cal@example.org')
  const other = await logIn(phone, 'cal@example.org')
  const [id, token] = [await idOf('cal@example.org'), await tokenFor('cal@example.org')]
  await page.getByLabel('Erase my account').check()
  await press(page, 'Erase it')
  await page.getByRole('status').getByText('is erased').waitFor()
  await page.getByRole('heading', { name: 'Welcome' }).waitFor()
  await other.getByRole('alert').getByText('Your session has ended').waitFor()
  await other.getByRole('heading', { name: 'Welcome' }).waitFor()
  assert.equal(await cookieIn(laptop), undefined)
  assert.deepEqual((await send('GET', '/api/account', token)).answer.status, 'refused')
  const { rows } = await admin.query(
    `SELECT (SELECT count(*)::int FROM account WHERE id::text = $1) AS account,
            (SELECT count(*)::int FROM jwt_auth.refresh_session WHERE user_id = $1) AS sessions,
            (SELECT count(*)::int FROM jwt_auth.auth_event WHERE user_id = $1 OR actor = $1 OR detail::text LIKE '%' || $1 || '%') AS events,
            (SELECT count(*)::int FROM jwt_auth.session_history($1, NULL, NULL)) AS history`,
    [id],
  )
  assert.deepEqual(rows, [{ account: 0, sessions: 0, events: 0, history: 0 }])
  await enter(other, 'cal@example.org', PASSWORD, 'Log in')
  await other.getByRole('alert').getByText('do not belong together').waitFor()
  await enter(other, 'cal@example.org', PASSWORD, 'Sign up')
  await other.getByText('Logged in as cal@example.org').waitFor()
  assert.equal(await section(other, 'Earlier').isVisible(), false)
  assert.equal((await send('GET', '/api/account', token)).code, 401)
  await closeAll(laptop, phone)
})
