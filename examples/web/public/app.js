// The access token lives in this variable and nowhere else; the refresh token in a cookie that no script sees. A reload asks for
// a new access token with the cookie, and so does a request that the old one no longer serves.
let accessToken
let refreshing
let listening

const $ = (id) => document.getElementById(id)

const WHY = {
  reuse_detected: 'Somebody else has used your session. It was ended to keep them out. Please log in and change your password.',
  session_revoked: 'This session was ended from another of your devices.',
  others_revoked: 'This session was ended from another of your devices.',
  user_revoked: 'Your password was changed, or all your sessions were ended. Please log in again.',
  all_revoked: 'All sessions were ended. Please log in again.',
  ip_mismatch: 'Your session was used from another network and was ended. Please log in again.',
  fingerprint_mismatch: 'Your session was used from another device and was ended. Please log in again.',
  invalid: 'Your session has ended. Please log in again.',
  expired: 'Your session has run out. Please log in again.',
  idle_expired: 'You were away for long. Please log in again.',
  wrong_email_or_password: 'That e-mail address and password do not belong together.',
  email_taken: 'There is an account with that e-mail address already.',
  not_acceptable: 'Please give an e-mail address, and a password of 10 to 72 characters.',
  wrong_password: 'That is not your current password.',
  unreachable: 'The server can not be reached. Please try again.',
}

function notify(reason) {
  $('notice').textContent = WHY[reason] ?? 'That did not work. Please try again.'
  $('notice').hidden = false
}
function clearNotice() {
  $('notice').hidden = true
  $('done').textContent = ''
}
const done = (text) => ($('done').textContent = text)

const LOGGED_OUT = new Error('logged out')

// What a button or a form does; whoever looks is told if it could not be done.
const handler = (work) => async (event) => {
  event.preventDefault()
  clearNotice()
  try {
    await work(event)
  } catch (error) {
    if (error !== LOGGED_OUT) notify('unreachable')
  }
}

async function post(path, body = {}, headers = {}) {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  return { ok: response.ok, ...(await response.json()) }
}

// One refresh at a time in this tab. Another tab may refresh at the same moment: the database gives both the same successor.
function refresh() {
  refreshing ??= post('/auth/refresh')
    .then((answer) => {
      accessToken = answer.ok ? answer.accessToken : undefined
      return answer.status
    })
    .finally(() => (refreshing = undefined))
  return refreshing
}

// A request with the access token; if it is refused, one more with a fresh one.
async function api(method, path, body) {
  const send = () =>
    fetch(path, {
      method,
      headers: { Authorization: `Bearer ${accessToken}`, ...(body ? { 'Content-Type': 'application/json' } : {}) },
      body: body && JSON.stringify(body),
    })
  let response = await send()
  if (response.status === 401) {
    const status = await refresh()
    if (!accessToken) {
      showVisitor(status)
      throw LOGGED_OUT
    }
    response = await send()
  }
  return { ok: response.ok, answer: await response.json() }
}

// What happens to this user's sessions, told by the database, for as long as somebody is logged in here.
async function listen() {
  listenNoMore()
  const { signal } = (listening = new AbortController())
  for (let again = false; accessToken && !signal.aborted; again = true) {
    try {
      // After a break: what was missed shows here, and a token that has run out is renewed.
      if (again) await showDevices()
      await hearAll(await fetch('/api/events', { headers: { Authorization: `Bearer ${accessToken}` }, signal }))
    } catch {
      // It broke off.
    }
    if (signal.aborted) return
    document.body.removeAttribute('data-listening')
    await new Promise((resolve) => setTimeout(resolve, 1000))
  }
}

function listenNoMore() {
  listening?.abort()
  document.body.removeAttribute('data-listening')
}

async function hearAll(response) {
  if (!response.ok) return
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const { done: ended, value } = await reader.read()
    if (ended) return
    const lines = (rest + value).split('\n')
    rest = lines.pop()
    for (const line of lines) await hear(JSON.parse(line))
  }
}

async function hear({ event, here }) {
  if (event === 'listening') return document.body.setAttribute('data-listening', 'yes')
  const ended = (await fetch('/api/account', { headers: { Authorization: `Bearer ${accessToken}` } })).status === 401
  if (ended) return showVisitor(event)
  if (event === 'reuse_detected' && !here) notify(event)
  await showDevices()
}

// The focus goes to what is new, but not when the page has only just opened.
function show(loggedIn) {
  const changes = $('devices').hidden === loggedIn
  $('visitor').hidden = loggedIn
  for (const id of ['who', 'devices', 'password']) $(id).hidden = !loggedIn
  if (changes && document.body.hasAttribute('data-ready')) $(loggedIn ? 'devices-title' : 'visitor-title').focus()
}

function showVisitor(reason) {
  accessToken = undefined
  listenNoMore()
  show(false)
  if (reason) notify(reason)
}

async function showUser() {
  const { answer } = await api('GET', '/api/account')
  $('email').textContent = $('change-password-of').value = answer.email
  await showDevices()
  show(true)
  listen()
}

// "Firefox on Linux"; a user agent of no such kind as it is.
function nameOf(agent) {
  const first = (names) => names.find(([, pattern]) => pattern.test(agent))?.[0]
  const browser = first([['Edge', /Edg/], ['Opera', /OPR\//], ['Firefox', /Firefox|FxiOS/], ['Chrome', /Chrom|CriOS/], ['Safari', /Safari/]])
  const system = first([['iPhone', /iPhone/], ['iPad', /iPad/], ['Android', /Android/], ['Windows', /Windows/], ['macOS', /Mac OS/], ['Linux', /Linux/]])
  return browser && system ? `${browser} on ${system}` : agent
}

async function showDevices() {
  const { answer } = await api('GET', '/api/devices')
  $('device-list').replaceChildren(
    ...answer.map((device) => {
      const item = document.createElement('li')
      const what = document.createElement('span')
      what.className = 'what'
      const name = device.agent ? nameOf(device.agent) : 'Unknown device'
      what.textContent = name
      what.title = device.agent ?? ''
      const detail = document.createElement('small')
      detail.textContent = `${device.address ?? 'unknown address'}, last used ${new Date(device.lastUsed).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' })}`
      what.append(detail)
      item.append(what)
      if (device.here) {
        const here = document.createElement('strong')
        here.textContent = 'This device'
        item.append(here)
      } else {
        const button = document.createElement('button')
        button.type = 'button'
        button.className = 'secondary'
        button.textContent = 'End'
        button.setAttribute('aria-label', `End the session of ${name}`)
        button.addEventListener('click', handler(async () => {
          await api('DELETE', `/api/devices/${device.id}`)
          await showDevices()
          done('That session is ended.')
          $('devices-title').focus()
        }))
        item.append(button)
      }
      return item
    }),
  )
}

$('log-in').addEventListener('submit', handler(async (event) => {
  const { email, password } = Object.fromEntries(new FormData(event.target))
  const answer = await post(`/auth/${event.submitter?.value ?? 'log-in'}`, { email, password })
  if (!answer.ok) return notify(answer.status)
  accessToken = answer.accessToken
  event.target.reset()
  await showUser()
}))

$('log-out').addEventListener('click', handler(async () => {
  await api('POST', '/auth/log-out', {})
  showVisitor()
}))

$('end-others').addEventListener('click', handler(async () => {
  await api('DELETE', '/api/devices')
  await showDevices()
  done('Every other session is ended.')
}))

// The change ends this session too and gives a new one, so nothing is listened to in between.
$('change-password').addEventListener('submit', handler(async (event) => {
  listenNoMore()
  let changed
  try {
    changed = await api('POST', '/api/password', Object.fromEntries(new FormData(event.target)))
  } finally {
    if (!changed?.ok) listen()
  }
  if (!changed.ok) return notify(changed.answer.status)
  accessToken = changed.answer.accessToken
  event.target.reset()
  await showUser()
  done('Your password is changed, and every other device is logged out.')
}))

// After a reload, or in a new tab: the cookie says whether somebody is logged in here.
try {
  const status = await refresh()
  if (accessToken) await showUser()
  else showVisitor(status === 'invalid' ? undefined : status)
} catch (error) {
  if (error !== LOGGED_OUT) showVisitor('unreachable')
}
document.body.setAttribute('data-ready', 'yes')
