// What the tests share: the application on a port of its own, and a browser.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'
import pg from 'pg'
import { chromium } from 'playwright-core'
import { serve } from './server.mjs'

export const PASSWORD = 'correct horse battery'
// How long a test waits for what must happen: a busy machine is slow, and nothing here waits longer than it takes.
export const PATIENCE = 120_000
export let app, browser
export const admin = new pg.Client()

const homes = []
// How the browser is started; what it writes goes into a directory of its own.
export async function options(...more) {
  const home = await mkdtemp(join(tmpdir(), 'jwt-auth-web-'))
  homes.push(home)
  return {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    env: { ...process.env, HOME: home, XDG_CONFIG_HOME: home, XDG_CACHE_HOME: home },
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', ...more],
  }
}

before(async () => {
  await admin.connect()
  app = await serve({ port: 0 })
  browser = await chromium.launch(await options())
})
after(async () => {
  await browser?.close()
  await app?.close()
  await admin.end()
  for (const home of homes) await rm(home, { recursive: true, force: true, maxRetries: 50 })
})

// A browser of its own, with its own cookies; scripts' errors fail the test.
export async function newBrowser(agent, options = {}) {
  const context = await browser.newContext({ userAgent: agent, baseURL: app.url, viewport: { width: 900, height: 820 }, ...options })
  context.setDefaultTimeout(PATIENCE)
  const errors = []
  context.on('weberror', (error) => errors.push(error.error()))
  context.errors = errors
  return context
}
export async function open(context) {
  const page = await context.newPage()
  await page.goto('/')
  await ready(page)
  return page
}
export const ready = (page) => page.locator('body[data-ready]').waitFor()
export const listens = (page) => page.locator('body[data-listening]').waitFor()
// Runs what breaks the page's stream off. The page listens again a second later, so an observer is there first: it misses no gap.
export async function breaksOff(page, cause) {
  await page.evaluate(() => {
    window.brokeOff = false
    new MutationObserver(() => (window.brokeOff ||= !document.body.hasAttribute('data-listening'))).observe(document.body, { attributes: true })
  })
  await cause()
  await page.waitForFunction(() => window.brokeOff)
  await listens(page)
}
export async function enter(page, email, password, button) {
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: button }).click()
}
async function comesIn(context, email, button) {
  const page = await open(context)
  await enter(page, email, PASSWORD, button)
  try {
    await page.getByText(`Logged in as ${email}`).waitFor()
    await listens(page)
  } catch (error) {
    throw new Error(`${email} is not logged in; the page says: ${await page.locator('body').innerText()}; scripts: ${context.errors}`, { cause: error })
  }
  return page
}
export const signUp = (context, email) => comesIn(context, email, 'Sign up')
export const logIn = (context, email) => comesIn(context, email, 'Log in')
export async function picture(page, name) {
  if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}.png`) })
}
export const cookieIn = async (context) => (await context.cookies(`${app.url}/auth/refresh`)).find(({ name }) => name === 'refresh_token')
// Another client with a copied cookie.
export const replay = (cookie) =>
  fetch(`${app.url}/auth/refresh`, { method: 'POST', headers: { cookie: `refresh_token=${cookie}`, 'user-agent': 'Thief/1', 'content-type': 'application/json' }, body: '{}' })

export const post = (path, body, token) =>
  fetch(`${app.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
    body: JSON.stringify(body),
  })
export const tokenOf = async (response) => (await response.json()).accessToken
// The lines of a page's stream; it is at its end if the server ends it.
export async function* events(token, { url } = app) {
  const response = await fetch(`${url}/api/events`, { headers: { authorization: `Bearer ${token}` } })
  for await (const text of response.body.pipeThrough(new TextDecoderStream()))
    for (const line of text.split('\n')) if (line) yield JSON.parse(line).event
}
export const until = async (condition) => {
  for (const end = Date.now() + PATIENCE; !(await condition()); await new Promise((resolve) => setTimeout(resolve, 10)))
    if (Date.now() > end) throw new Error(`it did not come to: ${condition}`)
}
export const isWaitedFor = async () =>
  (await admin.query('SELECT bool_or(pg_backend_pid() = ANY (pg_blocking_pids(pid))) AS waits FROM pg_locks WHERE NOT granted')).rows[0].waits
