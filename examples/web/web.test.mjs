// The application in a real browser. PGHOST, PGUSER and PGDATABASE name a database with schema.sql in it; CHROMIUM the browser.
// With SCREENSHOTS=directory it also takes the pictures of the documentation.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import pg from 'pg'
import { serve } from './server.mjs'
import {
  PASSWORD, admin, app, breaksOff, cookieIn, enter, events, isWaitedFor, listens, logIn, newBrowser, open, picture, post, ready, replay, signUp, tokenOf, until,
} from './testing.mjs'

test('log in, wrong and right, and reload', async () => {
  const context = await newBrowser('Laptop')
  const page = await open(context)
  await page.getByRole('heading', { name: 'Welcome' }).waitFor()
  await picture(page, 'web-log-in')
  await enter(page, 'ann@example.org', PASSWORD, 'Log in')
  await page.getByRole('alert').getByText('do not belong together').waitFor()
  await enter(page, 'ann@example.org', PASSWORD, 'Sign up')
  await page.getByText('Logged in as ann@example.org').waitFor()
  assert.equal(await page.getByRole('alert').isVisible(), false)
  for (let i = 0; i < 3; i++) {
    await page.reload()
    await ready(page)
    assert.ok(await page.getByText('Logged in as ann@example.org').isVisible())
  }
  await page.getByRole('button', { name: 'Log out', exact: true }).click()
  await page.getByRole('heading', { name: 'Welcome' }).waitFor()
  await page.reload()
  await ready(page)
  assert.ok(await page.getByRole('heading', { name: 'Welcome' }).isVisible())
  assert.equal(await cookieIn(context), undefined)
  assert.deepEqual(context.errors, [])
  await context.close()
})

test('no script and no other path sees the refresh token, and the access token is nowhere but in memory', async () => {
  const context = await newBrowser('Laptop')
  const page = await signUp(context, 'ben@example.org')
  const cookie = await cookieIn(context)
  assert.deepEqual({ httpOnly: cookie.httpOnly, secure: cookie.secure, sameSite: cookie.sameSite, path: cookie.path }, {
    httpOnly: true, secure: true, sameSite: 'Strict', path: '/auth/refresh',
  })
  assert.match(cookie.value, /^jwtauth_r1_/)
  assert.deepEqual(await context.cookies(`${app.url}/api/account`), [])
  assert.deepEqual(await page.evaluate(() => [document.cookie, localStorage.length, sessionStorage.length]), ['', 0, 0])
  assert.deepEqual(context.errors, [])
  await context.close()
})

test('two tabs refresh at once and both stay logged in', async () => {
  const context = await newBrowser('Laptop')
  const first = await signUp(context, 'cy@example.org')
  const second = await open(context)
  await second.getByText('Logged in as cy@example.org').waitFor()
  for (let i = 0; i < 5; i++) {
    // Both requests leave with the same cookie before either answer comes back.
    let waiting = 0
    let release
    const both = new Promise((resolve) => (release = resolve))
    const answers = []
    await context.route('**/auth/refresh', async (route) => {
      const cookie = (await route.request().allHeaders()).cookie
      if (++waiting === 2) release()
      await both
      const response = await route.fetch({ headers: { ...(await route.request().allHeaders()), cookie } })
      answers.push((await response.json()).status)
      await route.fulfill({ response })
    })
    await Promise.all([first.reload(), second.reload()])
    await Promise.all([ready(first), ready(second)])
    await context.unroute('**/auth/refresh')
    assert.deepEqual(answers.sort(), ['ok', 'replayed'])
    for (const page of [first, second]) assert.ok(await page.getByText('Logged in as cy@example.org').isVisible())
  }
  const third = await open(context)
  await third.getByText('Logged in as cy@example.org').waitFor()
  assert.deepEqual(context.errors, [])
  await context.close()
})

test('a stolen cookie replayed from elsewhere ends the session, and the page says so', async () => {
  const context = await newBrowser('Laptop')
  const page = await signUp(context, 'dan@example.org')
  const stolen = (await cookieIn(context)).value
  for (let i = 0; i < 2; i++) {
    await page.reload()
    await ready(page)
  }
  await listens(page)
  const thief = await replay(stolen)
  assert.equal(thief.status, 401)
  assert.equal((await thief.json()).status, 'reuse_detected')
  await page.getByRole('alert').getByText('Somebody else has used your session').waitFor()
  await page.getByRole('heading', { name: 'Welcome' }).waitFor()
  await picture(page, 'web-stolen')
  await page.reload()
  await ready(page)
  assert.ok(await page.getByRole('heading', { name: 'Welcome' }).isVisible())
  assert.equal((await (await replay(stolen)).json()).status, 'invalid')
  assert.deepEqual(context.errors, [])
  await context.close()
})

test('devices: the list, and a session ended from another one as one looks on', async () => {
  const [laptop, phone] = [await newBrowser('Laptop'), await newBrowser('Phone')]
  const page = await signUp(laptop, 'eve@example.org')
  assert.equal(await page.getByRole('listitem').count(), 1)
  const other = await logIn(phone, 'eve@example.org')
  await page.reload()
  await ready(page)
  assert.equal(await page.getByRole('listitem').count(), 2)
  assert.equal(await page.getByRole('listitem').filter({ hasText: 'Laptop' }).getByText('This device').count(), 1)
  await listens(page)
  await picture(page, 'web-devices')
  await page.getByRole('button', { name: 'End the session of Phone' }).click()
  await other.getByRole('alert').getByText('ended from another of your devices').waitFor()
  await other.getByRole('heading', { name: 'Welcome' }).waitFor()
  await page.waitForFunction(() => document.querySelectorAll('#device-list li').length === 1)
  await other.reload()
  await ready(other)
  assert.ok(await other.getByRole('heading', { name: 'Welcome' }).isVisible())

  await enter(other, 'eve@example.org', PASSWORD, 'Log in')
  await listens(other)
  await page.getByRole('button', { name: 'Log out everywhere else' }).click()
  await other.getByRole('alert').getByText('ended from another of your devices').waitFor()
  assert.ok(await page.getByText('Logged in as eve@example.org').isVisible())
  for (const context of [laptop, phone]) assert.deepEqual(context.errors, [])
  await Promise.all([laptop.close(), phone.close()])
})

test('a changed password logs the other browser out and this one stays', async () => {
  const [laptop, phone] = [await newBrowser('Laptop'), await newBrowser('Phone')]
  const page = await signUp(laptop, 'fay@example.org')
  const other = await logIn(phone, 'fay@example.org')
  await page.getByLabel('Current password').fill('not my password')
  await page.getByLabel('New password').fill('another long password')
  await page.getByRole('button', { name: 'Change it' }).click()
  await page.getByRole('alert').getByText('not your current password').waitFor()
  assert.ok(await other.getByText('Logged in as fay@example.org').isVisible())
  // A refused change leaves the page as it was: it still hears what the other one does.
  await listens(page)
  await other.getByRole('button', { name: 'Log out everywhere else' }).click()
  await page.getByRole('alert').getByText('ended from another of your devices').waitFor()
  await enter(page, 'fay@example.org', PASSWORD, 'Log in')
  await listens(page)
  await page.getByLabel('Current password').fill(PASSWORD)
  await page.getByLabel('New password').fill('another long password')
  await page.getByRole('button', { name: 'Change it' }).click()
  await other.getByRole('alert').getByText('Your password was changed').waitFor()
  await page.getByRole('status').getByText('Your password is changed').waitFor()
  await page.reload()
  await ready(page)
  assert.ok(await page.getByText('Logged in as fay@example.org').isVisible())
  await enter(other, 'fay@example.org', PASSWORD, 'Log in')
  await other.getByRole('alert').getByText('do not belong together').waitFor()
  await enter(other, 'fay@example.org', 'another long password', 'Log in')
  await other.getByText('Logged in as fay@example.org').waitFor()
  for (const context of [laptop, phone]) assert.deepEqual(context.errors, [])
  await Promise.all([laptop.close(), phone.close()])
})

test('with the keyboard alone, on a narrow screen, and the focus follows what is shown', async () => {
  const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0'
  const email = `${'long'.repeat(12)}@example.org`
  const context = await newBrowser(firefox, { viewport: { width: 320, height: 640 } })
  const page = await open(context)
  const fits = () => page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth)
  const focused = () => page.evaluate(() => document.activeElement.textContent)
  assert.ok(await fits())
  await page.keyboard.press('Tab')
  await page.keyboard.type(email)
  await page.keyboard.press('Tab')
  await page.keyboard.type(PASSWORD)
  for (const key of ['Tab', 'Space', 'Tab', 'Tab', 'Enter']) await page.keyboard.press(key)
  await page.getByText(`Logged in as ${email}`).waitFor()
  assert.equal(await focused(), 'Your devices')
  assert.ok(await fits())
  assert.equal(await page.getByRole('listitem').getByText('Firefox on Linux').count(), 1)
  await listens(page)
  const phone = await newBrowser('Phone')
  await logIn(phone, email)
  await page.getByRole('button', { name: 'Log out', exact: true }).focus()
  await page.reload()
  await listens(page)
  await page.getByRole('button', { name: 'End the session of Phone' }).focus()
  await page.keyboard.press('Enter')
  await page.getByRole('status').getByText('That session is ended').waitFor()
  assert.equal(await focused(), 'Your devices')
  await page.getByRole('button', { name: 'Log out', exact: true }).press('Enter')
  await page.getByRole('heading', { name: 'Welcome' }).waitFor()
  assert.equal(await focused(), 'Welcome')
  await page.keyboard.press('Tab')
  assert.equal(await page.evaluate(() => document.activeElement.id), 'log-in-email')
  for (const each of [context, phone]) assert.deepEqual(each.errors, [])
  await Promise.all([context.close(), phone.close()])
})

test('a server that went away and came back: the page says so, and hears again', async () => {
  const context = await newBrowser('Laptop')
  const page = await signUp(context, 'ida@example.org')
  await context.route('**/*', (route) => route.abort())
  await page.getByRole('button', { name: 'Log out everywhere else' }).click()
  await page.getByRole('alert').getByText('can not be reached').waitFor()
  await context.unroute('**/*')
  await breaksOff(page, () => app.closeStreams())
  await admin.query("SELECT jwt_auth.revoke_user_tokens(id::text) FROM account WHERE email = 'ida@example.org'")
  await page.getByRole('alert').getByText('all your sessions were ended').waitFor()
  assert.deepEqual(context.errors, [])
  await context.close()
})

test('nobody ends a session of somebody else, and a token of rubbish is refused', async () => {
  const [mine, theirs] = [await newBrowser('Laptop'), await newBrowser('Phone')]
  const page = await signUp(mine, 'gus@example.org')
  await signUp(theirs, 'hal@example.org')
  const { rows: [{ session_id: session }] } = await admin.query("SELECT session_id FROM jwt_auth.user_sessions((SELECT id::text FROM account WHERE email = 'hal@example.org'))")
  const { accessToken } = await (await fetch(`${app.url}/auth/log-in`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ email: 'gus@example.org', password: PASSWORD }),
  })).json()
  const end = (token, id) => fetch(`${app.url}/api/devices/${id}`, { method: 'DELETE', headers: { authorization: `Bearer ${token}` } })
  assert.equal((await end(accessToken, session)).status, 404)
  assert.equal((await end(accessToken, "x' OR 1=1")).status, 404)
  assert.equal((await end('rubbish', session)).status, 401)
  assert.equal((await fetch(`${app.url}/api/account`)).status, 401)
  assert.equal((await admin.query('SELECT count(*)::int AS n FROM jwt_auth.user_sessions((SELECT id::text FROM account WHERE email = $1))', ['hal@example.org'])).rows[0].n, 1)
  assert.ok(await page.getByText('Logged in as gus@example.org').isVisible())
  await Promise.all([mine.close(), theirs.close()])
})

test('a log-in with the old password that a change overtakes is refused', async () => {
  await post('/auth/sign-up', { email: 'joe@example.org', password: PASSWORD })
  await admin.query('BEGIN')
  await admin.query("UPDATE account SET password_hash = 'changed' WHERE email = 'joe@example.org'")
  let answered = false
  const late = post('/auth/log-in', { email: 'joe@example.org', password: PASSWORD }).finally(() => (answered = true))
  await until(async () => answered || (await isWaitedFor()))
  await admin.query('COMMIT')
  assert.equal((await late).status, 401)
})

test('what bcrypt would cut off a password is not ignored', async () => {
  const full = 'x'.repeat(72)
  const token = await tokenOf(await post('/auth/sign-up', { email: 'kay@example.org', password: full }))
  assert.equal((await post('/auth/log-in', { email: 'kay@example.org', password: `${full}y` })).status, 401)
  assert.equal((await post('/api/password', { current: `${full}y`, next: PASSWORD }, token)).status, 403)
  assert.equal((await post('/auth/log-in', { email: 'kay@example.org', password: full })).status, 200)
})

test('an unknown address takes as long as a wrong password', async () => {
  await post('/auth/sign-up', { email: 'leo@example.org', password: PASSWORD })
  const [nobody, leo] = ['nobody@example.org', 'leo@example.org']
  const fastest = { [nobody]: Infinity, [leo]: Infinity }
  // In turns, for the machine's pace changes.
  for (let i = 0; i < 5; i++)
    for (const email of [nobody, leo]) {
      const start = performance.now()
      assert.equal((await post('/auth/log-in', { email, password: 'wrong' })).status, 401)
      fastest[email] = Math.min(fastest[email], performance.now() - start)
    }
  assert.ok(fastest[nobody] > fastest[leo] / 4)
})

test('what a client gets wrong is not an error of the server', async () => {
  const token = await tokenOf(await post('/auth/sign-up', { email: 'mia@example.org', password: PASSWORD }))
  assert.equal((await post('/auth/sign-up', { email: `${'x'.repeat(320)}@example.org`, password: PASSWORD })).status, 400)
  for (const path of ['/auth/sign-up', '/auth/log-in'])
    for (const body of [{ email: 'a\0@example.org', password: PASSWORD }, { email: 'mia@example.org', password: `${PASSWORD}\0` }])
      assert.equal((await post(path, body)).status, 400)
  assert.equal((await post('/api/password', { current: `${PASSWORD}\0`, next: 'another long password' }, token)).status, 400)
  assert.equal((await post('/auth/confirm', { password: `${PASSWORD}\0` }, token)).status, 400)
  assert.equal((await post('/auth/confirm', { password: ['x'] }, token)).status, 403)
  const end = (id) => fetch(`${app.url}/api/devices/${id}`, { method: 'DELETE', headers: { authorization: `Bearer ${token}` } })
  for (const id of ['-'.repeat(36), '%00', '0', randomUUID()]) assert.equal((await end(id)).status, 404)
  await admin.query("UPDATE account SET role = 'support' WHERE email = 'mia@example.org'")
  const support = await tokenOf(await post('/auth/log-in', { email: 'mia@example.org', password: PASSWORD }))
  for (const path of ['support', 'member', 'ban', 'pardon', 'act'])
    for (const id of ['-'.repeat(36), '%00', '0', randomUUID()]) assert.equal((await post(`/api/people/${id}/${path}`, {}, support)).status, 404)
})

test('without anybody authenticated the application sees no account', async () => {
  await post('/auth/sign-up', { email: 'ned@example.org', password: PASSWORD })
  const client = new pg.Client({ user: 'web_app' })
  await client.connect()
  assert.equal((await client.query('SELECT count(*)::int AS n FROM account')).rows[0].n, 0)
  assert.equal((await client.query("UPDATE account SET password_hash = 'mine'")).rowCount, 0)
  await assert.rejects(client.query("UPDATE account SET role = 'support'"), { code: '42501' })
  const { rows: [{ id }] } = await admin.query("SELECT id FROM account WHERE email = 'ned@example.org'")
  assert.equal((await client.query("SELECT FROM set_role($1, 'support')", [id])).rowCount, 0)
  assert.equal((await client.query('SELECT FROM set_banned($1, true)', [id])).rowCount, 0)
  await client.end()
})

test('a notification that somebody made up says nothing to nobody', async () => {
  const context = await newBrowser('Laptop')
  const page = await signUp(context, 'ora@example.org')
  const { rows: [{ id }] } = await admin.query("SELECT id FROM account WHERE email = 'ora@example.org'")
  const forgery = { event: 'reuse_detected', user_id: id, session_id: '00000000-0000-0000-0000-000000000000', at: new Date() }
  for (const payload of ['not JSON', 'null', '7', JSON.stringify({ ...forgery, at: 'never' }), JSON.stringify(forgery)])
    await admin.query('SELECT pg_notify($1, $2)', ['auth_events', payload])
  // One of ours behind them: when it has arrived, so have they.
  const phone = await newBrowser('Phone')
  await logIn(phone, 'ora@example.org')
  await page.reload()
  await listens(page)
  await admin.query('SELECT pg_notify($1, $2)', ['auth_events', JSON.stringify(forgery)])
  await admin.query("SELECT jwt_auth.revoke_refresh_session(session_id) FROM jwt_auth.user_sessions($1) WHERE user_agent = 'Phone'", [id])
  await page.waitForFunction(() => document.querySelectorAll('#device-list li').length === 1)
  assert.equal(await page.getByRole('alert').isVisible(), false)
  for (const each of [context, phone]) assert.deepEqual(each.errors, [])
  await Promise.all([context.close(), phone.close()])
})

test('what is recorded counts for a minute: an old notification told again ends nothing', async () => {
  await admin.query('BEGIN')
  await admin.query(`INSERT INTO jwt_auth.auth_event (at, event, user_id)
                     SELECT now() - age, 'reuse_detected', 'nobody' FROM unnest('{59 s, 60 s, 1 day}'::interval[]) AS age`)
  const { rows } = await admin.query(`SELECT is_recorded(event, user_id, session_id, at) AS counts
                                      FROM jwt_auth.auth_event WHERE user_id = 'nobody' ORDER BY at DESC`)
  await admin.query('ROLLBACK')
  assert.deepEqual(rows.map((row) => row.counts), [true, false, false])
})

test('lost connections to the database: the server goes on, and hears again', async () => {
  const context = await newBrowser('Laptop')
  const page = await signUp(context, 'pia@example.org')
  // One of them is in use.
  await admin.query('BEGIN')
  await admin.query("UPDATE account SET password_hash = 'changed' WHERE email = 'pia@example.org'")
  const { rows: [{ id }] } = await admin.query("SELECT id FROM account WHERE email = 'pia@example.org'")
  const used = post('/auth/log-in', { email: 'pia@example.org', password: PASSWORD })
  await until(isWaitedFor)
  await breaksOff(page, async () => {
    await admin.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'web_app'")
    assert.equal((await used).status, 500)
    await admin.query('ROLLBACK')
  })
  await admin.query('SELECT jwt_auth.revoke_user_tokens($1)', [id])
  await page.getByRole('alert').getByText('all your sessions were ended').waitFor()
  assert.deepEqual(context.errors, [])
  await context.close()
})

test('a stream of events ends with its session, and with its token', async () => {
  const token = await tokenOf(await post('/auth/sign-up', { email: 'quy@example.org', password: PASSWORD }))
  const heard = []
  for await (const event of events(token)) {
    heard.push(event)
    if (event === 'listening') await post('/auth/log-out', {}, token)
  }
  assert.deepEqual(heard, ['listening', 'session_revoked'])
  // Nothing is notified when a token's time is over; it must be long enough for a slow machine to open the stream.
  await admin.query("ALTER ROLE web_app SET jwt_auth.access_token_ttl = '20s'")
  const brief = await serve({ port: 0, checkEvery: 100 })
  try {
    const response = await fetch(`${brief.url}/auth/log-in`, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ email: 'quy@example.org', password: PASSWORD }),
    })
    heard.length = 0
    for await (const event of events(await tokenOf(response), brief)) heard.push(event)
    assert.deepEqual(heard, ['listening'])
  } finally {
    await admin.query('ALTER ROLE web_app RESET jwt_auth.access_token_ttl')
    await brief.close()
  }
})
