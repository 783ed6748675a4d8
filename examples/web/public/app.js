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
}

function notify(reason) {
  $('notice').textContent = WHY[reason] ?? 'That did not work. Please try again.'
  $('notice').hidden = false
}
const clearNotice = () => ($('notice').hidden = true)

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
      throw new Error('logged out')
    }
    response = await send()
  }
  return { ok: response.ok, answer: await response.json() }
}

// What happens to this user's sessions, told by the database.
async function listen() {
  listening?.abort()
  const mine = (listening = new AbortController())
  try {
    const response = await fetch('/api/events', { headers: { Authorization: `Bearer ${accessToken}` }, signal: mine.signal })
    if (!response.ok) return
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
    let rest = ''
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      const lines = (rest + value).split('\n')
      rest = lines.pop()
      for (const line of lines) await hear(JSON.parse(line))
    }
  } catch (error) {
    if (error.name !== 'AbortError') console.info('no longer listening')
  }
}

async function hear({ event, here }) {
  if (event === 'listening') return document.body.setAttribute('data-listening', 'yes')
  const ended = (await fetch('/api/account', { headers: { Authorization: `Bearer ${accessToken}` } })).status === 401
  if (ended) return showVisitor(event)
  if (event === 'reuse_detected' && !here) notify(event)
  await showDevices()
}

function show(loggedIn) {
  $('visitor').hidden = loggedIn
  for (const id of ['who', 'devices', 'password']) $(id).hidden = !loggedIn
}

function showVisitor(reason) {
  accessToken = undefined
  listening?.abort()
  document.body.removeAttribute('data-listening')
  show(false)
  if (reason) notify(reason)
}

async function showUser() {
  const { answer } = await api('GET', '/api/account')
  $('email').textContent = answer.email
  await showDevices()
  show(true)
  listen()
}

async function showDevices() {
  const { answer } = await api('GET', '/api/devices')
  $('device-list').replaceChildren(
    ...answer.map((device) => {
      const item = document.createElement('li')
      const what = document.createElement('span')
      what.className = 'what'
      what.textContent = device.agent ?? 'Unknown device'
      const detail = document.createElement('small')
      detail.textContent = `${device.address ?? 'unknown address'}, last used ${new Date(device.lastUsed).toLocaleString()}`
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
        button.setAttribute('aria-label', `End the session of ${device.agent ?? 'an unknown device'}`)
        button.addEventListener('click', async () => {
          await api('DELETE', `/api/devices/${device.id}`)
          await showDevices()
        })
        item.append(button)
      }
      return item
    }),
  )
}

$('log-in').addEventListener('submit', async (event) => {
  event.preventDefault()
  clearNotice()
  const { email, password } = Object.fromEntries(new FormData(event.target))
  const answer = await post(`/auth/${event.submitter?.value ?? 'log-in'}`, { email, password })
  if (!answer.ok) return notify(answer.status)
  accessToken = answer.accessToken
  event.target.reset()
  await showUser()
})

$('log-out').addEventListener('click', async () => {
  await api('POST', '/auth/log-out', {})
  clearNotice()
  showVisitor()
})

$('end-others').addEventListener('click', async () => {
  await api('DELETE', '/api/devices')
  await showDevices()
})

$('change-password').addEventListener('submit', async (event) => {
  event.preventDefault()
  clearNotice()
  listening?.abort()
  const { ok, answer } = await api('POST', '/api/password', Object.fromEntries(new FormData(event.target)))
  if (!ok) return notify(answer.status)
  accessToken = answer.accessToken
  event.target.reset()
  await showUser()
})

// After a reload, or in a new tab: the cookie says whether somebody is logged in here.
const status = await refresh()
if (accessToken) await showUser()
else showVisitor(status === 'invalid' ? undefined : status)
document.body.setAttribute('data-ready', 'yes')
