// Every state of the page as somebody meets it who uses a phone, the keyboard alone, a screen reader, or large text: axe-core finds
// nothing to mend at WCAG 2.0 to 2.2, levels A and AA, nor against its best practices, in light and in dark.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import axe from 'axe-core'
import { PASSWORD, admin, cookieIn, enter, listens, logIn, newBrowser, open, post, replay, tokenOf } from './testing.mjs'

const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }
const DESKTOP = { viewport: { width: 1280, height: 900 } }
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa', 'best-practice']
const describe = ({ id, nodes }) => `${id}: ${nodes.map(({ target, any, all, none }) => `${target} (${[...any, ...all, ...none].map(({ message }) => message).join('; ')})`)}`

// What axe-core says of the page as it is now, in both colour schemes. What it could not decide counts as well; it can't where something
// that stays on top lies over the text, so nothing does.
async function check(page, state) {
  await page.evaluate(() => scrollTo(0, 0))
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme })
    if (!(await page.evaluate(() => window.axe !== undefined))) await page.evaluate(axe.source)
    const { violations, incomplete, passes } = await page.evaluate((tags) => window.axe.run(document, { runOnly: tags }), TAGS)
    assert.ok(passes.some(({ id }) => id === 'color-contrast'), state)
    assert.deepEqual([...violations, ...incomplete].map(describe), [], `${state}, ${colorScheme}`)
  }
  await page.emulateMedia({ colorScheme: null })
  const { scrollWidth, clientWidth } = await page.evaluate(() => ({ scrollWidth: document.documentElement.scrollWidth, clientWidth: document.documentElement.clientWidth }))
  assert.ok(scrollWidth <= clientWidth, `${state}: ${scrollWidth} pixels wide`)
  if (process.env.STATES) await page.screenshot({ path: `${process.env.STATES}/${state}.png`, fullPage: true })
}

for (const [kind, options] of Object.entries({ phone: PHONE, desktop: DESKTOP }))
  test(`nothing to mend in any state of the page: ${kind}`, async () => {
    const address = (name) => `${name}-${kind}@a11y.example.org`
    const context = await newBrowser('Laptop', options)
    const page = await open(context)
    const at = (state) => check(page, `${kind}-${state}`)
    await at('signed-out')
    await enter(page, address('ann'), PASSWORD, 'Log in')
    await page.getByRole('alert').getByText('do not belong together').waitFor()
    await at('wrong-password')
    await enter(page, address('ann'), PASSWORD, 'Sign up')
    await listens(page)
    await at('signed-up')
    await page.getByRole('button', { name: 'Log out', exact: true }).click()
    await page.getByRole('heading', { name: 'Welcome' }).waitFor()
    await enter(page, address('ann'), PASSWORD, 'Sign up')
    await page.getByRole('alert').getByText('is an account').waitFor()
    await at('address-taken')

    // Many sessions, and some that have ended.
    for (let i = 0; i < 3; i++) await post('/auth/log-in', { email: address('ann'), password: PASSWORD, remember: i === 0 })
    await enter(page, address('ann'), PASSWORD, 'Log in')
    await listens(page)
    await page.getByRole('button', { name: /^End the session of/ }).first().click()
    await page.getByRole('status').getByText('That session is ended').waitFor()
    await at('sessions')
    await page.getByLabel('What is it for?').fill('x'.repeat(50))
    await page.getByRole('button', { name: 'Create a key' }).click()
    await page.locator('code').getByText('jwtauth_k1_').waitFor()
    await at('key-created')
    await page.getByRole('button', { name: 'End the key' }).click()
    await page.getByText('That key is ended.').waitFor()
    await at('key-ended')
    await page.getByLabel('Current password').fill('not my password')
    await page.getByLabel('New password').fill('another long password')
    await page.getByRole('button', { name: 'Change it' }).click()
    await page.getByRole('alert').getByText('not your current password').waitFor()
    await at('wrong-current-password')
    await listens(page)

    // Step-up.
    await admin.query(`UPDATE jwt_auth.refresh_session SET created_at = created_at - interval '10 minutes'
                       WHERE user_id = (SELECT id::text FROM account WHERE email = $1)`, [address('ann')])
    await page.reload()
    await listens(page)
    await page.getByLabel('Erase my account').check()
    await page.getByRole('button', { name: 'Erase it' }).click()
    const dialog = page.getByRole('dialog', { name: 'Your password, please' })
    await dialog.waitFor()
    await at('step-up')
    await dialog.getByLabel('Your password').fill('not my password')
    await dialog.getByRole('button', { name: 'Go on' }).click()
    await dialog.getByText('not your current password').waitFor()
    await at('step-up-refused')
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    await listens(page)
    await context.route('**/*', (route) => route.abort())
    await page.getByRole('button', { name: 'Log out everywhere else' }).click()
    await page.getByRole('alert').getByText('can not be reached').waitFor()
    await at('unreachable')
    await context.unroute('**/*')

    // The support, and acting for a member.
    const desk = await newBrowser('Desk', options)
    await post('/auth/sign-up', { email: address('sue'), password: PASSWORD })
    await admin.query("UPDATE account SET role = 'support' WHERE email = $1", [address('sue')])
    const agent = await logIn(desk, address('sue'))
    await check(agent, `${kind}-support`)
    await agent.getByRole('button', { name: `Act for: ${address('ann')}` }).click()
    await agent.getByText(`You act for ${address('ann')}`).waitFor()
    await listens(agent)
    await check(agent, `${kind}-acting`)
    await page.getByRole('alert').getByText('acts in your place').waitFor()
    await page.getByText('The support, in your place').waitFor()
    await at('acted-for')
    await agent.getByRole('button', { name: 'Stop acting' }).click()
    await listens(agent)
    await agent.getByRole('button', { name: `Ban: ${address('ann')}` }).click()
    await agent.getByText('is banned, and logged out everywhere').waitFor()
    await check(agent, `${kind}-banned-somebody`)
    await page.getByRole('alert').getByText('has banned this account').waitFor()
    await page.getByRole('heading', { name: 'Welcome' }).waitFor()
    await at('banned')
    await agent.getByRole('button', { name: `Lift the ban: ${address('ann')}` }).click()
    await agent.getByText('may log in again').waitFor()

    // A stolen session, and the end.
    await enter(page, address('ann'), PASSWORD, 'Log in')
    await listens(page)
    const stolen = (await cookieIn(context)).value
    for (let i = 0; i < 2; i++) {
      await page.reload()
      await listens(page)
    }
    await replay(stolen)
    await page.getByRole('alert').getByText('Somebody else has used your session').waitFor()
    await page.getByRole('heading', { name: 'Welcome' }).waitFor()
    await at('stolen')
    await enter(page, address('ann'), PASSWORD, 'Log in')
    await listens(page)
    await page.getByLabel('Erase my account').check()
    await page.getByRole('button', { name: 'Erase it' }).click()
    await page.getByRole('status').getByText('is erased').waitFor()
    await at('erased')
    for (const each of [context, desk]) {
      assert.deepEqual(each.errors, [])
      await each.close()
    }
  })

// What has the focus: its name; whether it is in sight, with nothing over it; and the contrast of the ring around it (WCAG 2.4.7,
// 2.4.11 and 1.4.11, which axe-core does not look at).
const focused = (page) =>
  page.evaluate(async () => {
    // What the key scrolls to is there in the next frame.
    await new Promise((resolve) => requestAnimationFrame(resolve))
    const element = document.activeElement
    if (element === document.body) return undefined
    const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(element)
    let behind = element.parentElement
    while (getComputedStyle(behind).backgroundColor === 'rgba(0, 0, 0, 0)') behind = behind.parentElement
    const luminance = (color) => {
      const [r, g, b] = color.match(/\d+/g).map((n) => (n / 255 <= 0.03928 ? n / 255 / 12.92 : ((n / 255 + 0.055) / 1.055) ** 2.4))
      return 0.2126 * r + 0.7152 * g + 0.0722 * b
    }
    const [light, dark] = [outlineColor, getComputedStyle(behind).backgroundColor].map(luminance).sort((a, b) => b - a)
    const { left, top, width, height } = element.getBoundingClientRect()
    const there = document.elementFromPoint(left + width / 2, top + height / 2)
    return {
      name: element.getAttribute('aria-label') ?? (element.labels?.length ? element.labels[0].textContent.trim() : element.textContent.trim()),
      ring: outlineStyle === 'solid' && parseFloat(outlineWidth) >= 2 ? (light + 0.05) / (dark + 0.05) : 0,
      inSight: there !== null && (element.contains(there) || there.contains(element)) && top > -1 && top + height < innerHeight + 1,
      where: `${left}, ${top}, ${width} x ${height} of ${innerWidth} x ${innerHeight}, below ${there?.outerHTML.slice(0, 60)}`,
    }
  })
// Presses the key until what has that name has the focus; answers the names on the way.
async function go(page, name, key = 'Tab') {
  for (const names = []; ; ) {
    await page.keyboard.press(key)
    const now = await focused(page)
    assert.ok(now && names.length < 60, `${key} leads to ${name}, not only to ${names}`)
    assert.ok(now.inSight, `${now.name} has the focus and is hidden: ${now.where}`)
    assert.ok(now.ring >= 3, `the ring around ${now.name} has a contrast of ${now.ring}`)
    names.push(now.name)
    if (now.name === name) return names
  }
}
const type = async (page, name, text) => {
  await go(page, name)
  await page.keyboard.type(text)
}

test('the tree that a screen reader reads: landmarks, headings, names, what is said by itself', async () => {
  const [context, email] = [await newBrowser('Laptop'), 'tree@a11y.example.org']
  const page = await open(context)
  const tree = async () => (await page.locator('body').ariaSnapshot()).replace(/last seen .*?, (?=until|stays)/g, 'last seen then, ')
  const visitor = (notice, entered) => `- banner:
  - heading "Sessions in PostgreSQL" [level=1]
${notice}- status
- main:
  - region "Welcome":
    - heading "Welcome" [level=2]
    - text: E-mail
    - textbox "E-mail"${entered ? `: ${email}` : ''}
    - text: Password
    - textbox "Password"${entered ? `: ${PASSWORD}` : ''}
    - checkbox "Stay logged in on this computer"
    - text: Stay logged in on this computer
    - button "Log in"
    - button "Sign up"
    - paragraph: At least ten characters. Nothing is kept in this page but a short-lived token, in memory.`
  assert.equal(await tree(), visitor('', false))
  await enter(page, email, PASSWORD, 'Log in')
  await page.getByRole('alert').getByText('do not belong together').waitFor()
  assert.equal(await tree(), visitor('- alert: That e-mail address and password do not belong together.\n', true))
  await enter(page, email, PASSWORD, 'Sign up')
  await listens(page)
  await post('/auth/log-in', { email, password: PASSWORD })
  await page.reload()
  await listens(page)
  assert.equal(await tree(), `- banner:
  - heading "Sessions in PostgreSQL" [level=1]
  - paragraph:
    - text: Logged in as
    - strong: ${email}
    - button "Log out"
- status
- main:
  - region "Your devices":
    - heading "Your devices" [level=2]
    - list:
      - listitem:
        - text: Laptop 127.0.0.1, last seen then, until the browser is closed
        - strong: This device
      - listitem:
        - text: node 127.0.0.1, last seen then, until the browser is closed
        - button "End the session of node": End
    - button "Log out everywhere else"
  - region "Keys for your programs":
    - heading "Keys for your programs" [level=2]
    - text: What is it for?
    - textbox "What is it for?"
    - button "Create a key"
    - paragraph: A program that has the key can read your account and nothing else, for a year.
    - status
  - region "Change password":
    - heading "Change password" [level=2]
    - text: Current password
    - textbox "Current password"
    - text: New password
    - textbox "New password"
    - button "Change it"
    - paragraph: At least ten characters. Every other device is logged out at once.
  - region "Erase account":
    - heading "Erase account" [level=2]
    - checkbox "Erase my account and everything about me"
    - text: Erase my account and everything about me
    - button "Erase it"
    - paragraph: At once and for good, on every device.`)
  // Two sessions of one browser are told apart by what is said of them.
  const described = await page.getByRole('button', { name: 'End the session of node' }).evaluate((button) =>
    document.getElementById(button.getAttribute('aria-describedby')).textContent)
  assert.match(described, /^127\.0\.0\.1, last seen /)
  assert.deepEqual(context.errors, [])
  await context.close()
})

for (const [kind, options] of Object.entries({ phone: PHONE, desktop: DESKTOP }))
  test(`from the first log-in to the last log-out with the keyboard alone: ${kind}`, async () => {
    const email = `kit-${kind}@a11y.example.org`
    const [context, other] = [await newBrowser('Laptop', { ...options, colorScheme: kind === 'phone' ? 'dark' : 'light' }), await newBrowser('Phone')]
    const page = await open(context)
    const press = (key) => page.keyboard.press(key)
    assert.deepEqual(await go(page, 'Sign up'), ['E-mail', 'Password', 'Stay logged in on this computer', 'Log in', 'Sign up'])
    assert.deepEqual(await go(page, 'E-mail', 'Shift+Tab'), ['Log in', 'Stay logged in on this computer', 'Password', 'E-mail'])
    await page.keyboard.type(email)
    await type(page, 'Password', PASSWORD)
    await go(page, 'Sign up')
    await press('Enter')
    await page.getByText(`Logged in as ${email}`).waitFor()
    await listens(page)
    // The heading of what is new; what can be done there comes next.
    assert.equal((await focused(page)).name, 'Your devices')
    await go(page, 'Log out', 'Shift+Tab')
    await press('Space')
    await page.getByRole('heading', { name: 'Welcome' }).waitFor()
    assert.equal((await focused(page)).name, 'Welcome')

    await type(page, 'E-mail', email)
    await type(page, 'Password', 'not my password')
    await press('Enter')
    await page.getByRole('alert').getByText('do not belong together').waitFor()
    assert.equal((await focused(page)).name, 'Password')
    await press('Control+a')
    await page.keyboard.type(PASSWORD)
    await press('Enter')
    await listens(page)
    await logIn(other, email)
    const third = await tokenOf(await post('/auth/log-in', { email, password: PASSWORD }))
    await page.reload()
    await listens(page)
    assert.deepEqual(await go(page, 'Erase it'), [
      'Log out', 'End the session of node', 'End the session of Phone', 'Log out everywhere else', 'What is it for?', 'Create a key', 'Current password', 'New password', 'Change it',
      'Erase my account and everything about me', 'Erase it',
    ])
    await go(page, 'Log out', 'Shift+Tab')

    // A log-out elsewhere shows the list anew, and the focus stays where it was.
    await go(page, 'End the session of Phone')
    await page.evaluate(() => (document.activeElement.seen = true))
    await post('/auth/log-out', {}, third)
    await page.waitForFunction(() => document.querySelectorAll('#device-list li').length === 2)
    assert.equal(await page.evaluate(() => document.activeElement.seen), undefined)
    assert.equal((await focused(page)).name, 'End the session of Phone')
    await press('Enter')
    await page.getByRole('status').getByText('That session is ended').waitFor()
    assert.equal((await focused(page)).name, 'Your devices')

    await type(page, 'What is it for?', 'back-up')
    await press('Enter')
    await page.locator('code').getByText('jwtauth_k1_').waitFor()
    await go(page, 'End the key back-up', 'Shift+Tab')
    await press('Enter')
    await page.getByRole('status').getByText('That key is ended').waitFor()
    assert.deepEqual(await focused(page).then(({ name, inSight }) => ({ name, inSight })), { name: 'Keys for your programs', inSight: true })

    // The dialog keeps the focus, and gives it back.
    await admin.query(`UPDATE jwt_auth.refresh_session SET created_at = created_at - interval '10 minutes'
                       WHERE user_id = (SELECT id::text FROM account WHERE email = $1)`, [email])
    await page.reload()
    await listens(page)
    await go(page, 'Erase my account and everything about me')
    await press('Space')
    await go(page, 'Erase it')
    await press('Enter')
    const dialog = page.getByRole('dialog', { name: 'Your password, please' })
    await dialog.waitFor()
    assert.equal((await focused(page)).name, 'Your password')
    assert.deepEqual(await go(page, 'Cancel'), ['Go on', 'Cancel'])
    await press('Tab')
    assert.equal(await page.evaluate(() => document.querySelector('main').contains(document.activeElement)), false)
    await press('Escape')
    await dialog.waitFor({ state: 'hidden' })
    assert.equal((await focused(page)).name, 'Erase it')
    await listens(page)

    // What the page says is in sight however far down it was said.
    const inSight = (element) => element.evaluate((node) => {
      const { top, bottom } = node.getBoundingClientRect()
      return top >= 0 && bottom <= innerHeight && node.contains(document.elementFromPoint(innerWidth / 2, (top + bottom) / 2))
    })
    await go(page, 'Current password', 'Shift+Tab')
    await page.keyboard.type('not my password')
    await type(page, 'New password', 'another long password')
    await go(page, 'Change it')
    await press('Space')
    await page.getByRole('alert').getByText('not your current password').waitFor()
    assert.ok(await inSight(page.getByRole('alert')))
    assert.equal((await focused(page)).name, 'Change it')
    await listens(page)
    await go(page, 'Current password', 'Shift+Tab')
    await press('Control+a')
    await page.keyboard.type(PASSWORD)
    await press('Enter')
    await page.getByRole('status').getByText('Your password is changed').waitFor()
    assert.ok(await inSight(page.getByRole('status').getByText('Your password is changed')))
    await listens(page)

    await go(page, 'Log out', 'Shift+Tab')
    await press('Enter')
    await page.getByRole('heading', { name: 'Welcome' }).waitFor()
    assert.equal(await cookieIn(context), undefined)
    for (const each of [context, other]) {
      assert.deepEqual(each.errors, [])
      await each.close()
    }
  })

test('an agent acts and stops with the keyboard, and the banner hides nothing that has the focus', async () => {
  const [context, email] = [await newBrowser('Desk', PHONE), '0-agent@a11y.example.org']
  await post('/auth/sign-up', { email, password: PASSWORD })
  for (let i = 0; i < 12; i++) await post('/auth/sign-up', { email: `0-${i}@a11y.example.org`, password: PASSWORD })
  for (let i = 0; i < 12; i++) await post('/auth/log-in', { email: '0-3@a11y.example.org', password: PASSWORD })
  await admin.query("UPDATE account SET role = 'support' WHERE email = $1", [email])
  const page = await logIn(context, email)
  await page.getByRole('button', { name: 'Act for: 0-3@a11y.example.org' }).focus()
  await page.keyboard.press('Enter')
  await page.getByText('You act for 0-3@a11y.example.org').waitFor()
  await listens(page)
  assert.equal((await focused(page)).name, 'Your devices')
  await page.keyboard.press('End')
  await go(page, 'Stop acting', 'Shift+Tab')
  await page.keyboard.press('Enter')
  await page.waitForFunction(() => document.activeElement.id === 'people-title')
  // Backwards through the long list, with a message on top.
  await go(page, 'Ban: 0-9@a11y.example.org')
  await page.keyboard.press('Enter')
  await page.getByRole('status').getByText('is banned').waitFor()
  await go(page, 'Act for: 0-11@a11y.example.org')
  await go(page, 'Log out', 'Shift+Tab')
  assert.deepEqual(context.errors, [])
  await context.close()
})
