import { LOGGED_OUT, CANCELLED, act, api, bearer, begin, end, isLoggedIn, page, post, refresh, renew } from './session.js'
import { WHY, describeDevice, describeEnded, describeKey, nameOf } from './words.js'

let listening

const $ = (id) => document.getElementById(id)
// element('p', { className: 'hint' }, 'text', anotherElement)
const element = (name, properties, ...children) => {
  const made = Object.assign(document.createElement(name), properties)
  made.append(...children)
  return made
}
// key tells it from every other one of the list, about is the element that says more of what it is for.
const button = (text, label, { key, about }, work) => {
  const made = element('button', { type: 'button', className: 'secondary' }, text)
  made.setAttribute('aria-label', label)
  made.dataset.key = key
  about.id ||= `about-${key}`
  made.setAttribute('aria-describedby', about.id)
  made.addEventListener('click', handler(work))
  return made
}
// The list with these items. A button that has the focus keeps it, for the list is also shown anew while nobody does anything.
function fill(list, items) {
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.key : undefined
  list.replaceChildren(...items)
  list.hidden = items.length === 0
  if (focused) ([...list.querySelectorAll('button')].find(({ dataset }) => dataset.key === focused) ?? list.parentElement.querySelector('h2')).focus()
}

function notify(reason) {
  $('notice').textContent = WHY[reason] ?? 'That did not work. Please try again.'
  $('notice').hidden = false
  $('notice').scrollIntoView({ block: 'nearest' })
}
// What gets the focus is not to be hidden below what stays on top.
new ResizeObserver(([{ target }]) => {
  const stays = getComputedStyle(target).position === 'sticky'
  document.documentElement.style.scrollPaddingTop = `${stays ? target.offsetHeight + 8 : 0}px`
}).observe($('above'))
function clearNotice() {
  $('notice').hidden = true
  $('done').textContent = ''
}
const done = (text) => ($('done').textContent = text)

// What a button or a form does; whoever looks is told if it could not be done.
const handler = (work) => async (event) => {
  event.preventDefault()
  clearNotice()
  try {
    await work(event)
  } catch (error) {
    if (error !== LOGGED_OUT && error !== CANCELLED) notify('unreachable')
  }
}

// What happens to this user's sessions, told by the database, for as long as somebody is logged in here.
async function listen() {
  listenNoMore()
  const { signal } = (listening = new AbortController())
  for (let again = false; isLoggedIn() && !signal.aborted; again = true) {
    try {
      // After a break: what was missed shows here, and a token that has run out, or whose role is an old one, is renewed.
      if (again) await showAll()
      await hearAll(await fetch('/api/events', { headers: bearer(), signal }))
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
  // Refused: a fresh token, or what has happened is why there is none.
  if ((await fetch('/api/account', { headers: bearer() })).status === 401) await renew(event)
  if (['reuse_detected', 'impersonated'].includes(event) && !here) notify(event)
  await showDevices()
}

// The focus goes to what is new, but not when the page has only just opened.
function show(loggedIn) {
  const changes = $('devices').hidden === loggedIn
  $('visitor').hidden = loggedIn
  for (const id of ['who', 'devices']) $(id).hidden = !loggedIn
  if (!loggedIn) for (const id of ['acting', 'earlier', 'keys', 'people', 'password', 'erase']) $(id).hidden = true
  forgetNewKey()
  if (changes && document.body.hasAttribute('data-ready')) $(loggedIn ? 'devices-title' : 'visitor-title').focus()
}

function showVisitor(reason) {
  end()
  listenNoMore()
  if ($('confirm').open) $('confirm').close()
  show(false)
  if (reason) notify(reason)
}
page.loggedOut = showVisitor

async function showUser() {
  listenNoMore()
  await showAll()
  show(true)
  listen()
}

// Who this is decides what there is: the support has its list, and who acts for somebody changes nothing.
async function showAll() {
  const { answer } = await api('GET', '/api/account')
  const { email, role, acting } = answer
  $('email').textContent = $('change-password-of').value = $('acting-for').textContent = $('confirm-of').value = email
  $('role').textContent = role === 'support' ? ' (support)' : ''
  $('acting').hidden = !acting
  $('log-out').hidden = acting
  $('end-others').hidden = acting
  for (const id of ['keys', 'password', 'erase']) $(id).hidden = acting
  $('people').hidden = role !== 'support'
  await showDevices(acting)
  if (!acting) await showKeys()
  if (role === 'support') await showPeople()
}

async function showDevices(acting = !$('acting').hidden) {
  const [{ answer: devices }, { answer: history }] = [await api('GET', '/api/devices'), await api('GET', '/api/history')]
  const end = (session, what, about) =>
    button('End', what, { key: `end-${session.id}`, about }, async () => {
      await api('DELETE', `/api/devices/${session.id}`)
      await showDevices()
      done('That session is ended.')
      $('devices-title').focus()
    })
  fill($('device-list'), devices.map((device) => {
    const name = nameOf(device.agent)
    const about = element('small', {}, describeDevice(device))
    const item = element('li', {}, element('span', { className: 'what', title: device.agent ?? '' }, name, about))
    if (device.here) item.append(element('strong', {}, 'This device'))
    else if (!acting) item.append(end(device, `End the session of ${name}`, about))
    return item
  }))
  fill($('history-list'), history.map((session) => {
    const about = element('small', {}, describeEnded(session))
    const item = element('li', {},
      element('span', { className: 'what' }, session.support ? 'The support, in your place' : nameOf(session.agent), about))
    if (session.alive && !acting) item.append(end(session, 'End the session of the support', about))
    return item
  }))
  $('earlier').hidden = history.length === 0
}

async function showKeys() {
  const { answer: keys } = await api('GET', '/api/keys')
  fill($('key-list'), keys.map((key) => {
    const about = element('small', {}, describeKey(key))
    return element('li', {}, element('span', { className: 'what' }, key.name, about),
      button('End', `End the key ${key.name}`, { key: `end-${key.id}`, about }, async () => {
        await api('DELETE', `/api/keys/${key.id}`)
        forgetNewKey()
        await showKeys()
        done('That key is ended.')
        $('keys-title').focus()
      }))
  }))
}

function forgetNewKey() {
  $('new-key-is').hidden = true
  $('new-key-text').textContent = ''
}

$('create-key').addEventListener('submit', handler(async (event) => {
  forgetNewKey()
  const { ok, answer } = await api('POST', '/api/keys', Object.fromEntries(new FormData(event.target)))
  if (!ok) return notify(answer.status)
  event.target.reset()
  await showKeys()
  $('new-key-text').textContent = answer.key
  $('new-key-is').hidden = false
}))

// What the support may do with each person. The list is shown anew after each.
async function showPeople() {
  const { answer } = await api('GET', '/api/people')
  fill($('people-list'), answer.map((person) => {
    const { id, email, role, banned } = person
    const about = element('small', {}, banned ? `${role}, banned` : role)
    const does = (text, work) => button(text, `${text}: ${email}`, { key: `${text.replaceAll(' ', '-')}-${id}`, about }, work)
    const change = (path, text, said) =>
      does(text, async () => {
        const { ok } = await api('POST', `/api/people/${id}/${path}`, {})
        await showPeople()
        if (!ok) return notify('changed_meanwhile')
        done(said)
        $('people-title').focus()
      })
    const actions = element('span', { className: 'row' })
    if (role === 'member' && !banned) actions.append(does('Act for', () => startActing(person)))
    if (role === 'member')
      actions.append(banned ? change('pardon', 'Lift the ban', `${email} may log in again.`)
        : change('ban', 'Ban', `${email} is banned, and logged out everywhere.`))
    actions.append(role === 'support' ? change('member', 'Make a member', `${email} is a member.`)
      : change('support', 'Make support', `${email} is of the support.`))
    return element('li', {}, element('span', { className: 'what' }, email, about), actions)
  }))
}

async function startActing(person) {
  const { ok, answer } = await api('POST', `/api/people/${person.id}/act`, { reason: 'asked by the member' })
  if (!ok || answer.status !== 'ok') return notify('changed_meanwhile')
  listenNoMore()
  act(answer.accessToken)
  await showUser()
  $('devices-title').focus()
}
page.actingIsOver = () => {
  notify('acting_is_over')
  if (isLoggedIn()) showUser().catch(() => {})
  else showVisitor('invalid')
}

// The password in a dialog: then the same session counts as one that has just logged in.
page.askPassword = () =>
  new Promise((resolve, reject) => {
    const dialog = $('confirm')
    const form = $('confirm-form')
    $('confirm-notice').textContent = ''
    form.reset()
    form.onsubmit = async (event) => {
      event.preventDefault()
      try {
        const answer = await post('/auth/confirm', { password: new FormData(form).get('password') }, bearer())
        if (!answer.ok) return ($('confirm-notice').textContent = WHY[answer.status] ?? WHY.unreachable)
        begin(answer.accessToken)
        resolve()
        dialog.close()
      } catch (error) {
        reject(error)
        dialog.close()
      }
    }
    // After resolve() this does nothing.
    dialog.onclose = () => reject(CANCELLED)
    dialog.showModal()
  })
$('confirm-cancel').addEventListener('click', () => $('confirm').close())

$('log-in').addEventListener('submit', handler(async (event) => {
  const { email, password, remember } = Object.fromEntries(new FormData(event.target))
  const answer = await post(`/auth/${event.submitter?.value ?? 'log-in'}`, { email, password, remember: remember === 'on' })
  if (!answer.ok) return notify(answer.status)
  begin(answer.accessToken)
  event.target.reset()
  await showUser()
}))

$('log-out').addEventListener('click', handler(async () => {
  await api('POST', '/auth/log-out', {})
  showVisitor()
}))

// Ends the token of the other person; the agent's own session has its cookie.
$('stop-acting').addEventListener('click', handler(async () => {
  listenNoMore()
  await api('POST', '/auth/log-out', {})
  end()
  await refresh()
  if (!isLoggedIn()) return showVisitor('invalid')
  await showUser()
  $('people-title').focus()
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
  begin(changed.answer.accessToken)
  event.target.reset()
  await showUser()
  done('Your password is changed, and every other device is logged out.')
}))

$('erase-account').addEventListener('submit', handler(async (event) => {
  listenNoMore()
  let erased
  try {
    erased = await api('DELETE', '/api/account')
  } finally {
    if (!erased?.ok) listen()
  }
  if (!erased.ok) return notify(erased.answer.status)
  event.target.reset()
  showVisitor()
  done('Your account and everything about it is erased.')
}))

// After a reload, or in a new tab: the cookie says whether somebody is logged in here.
try {
  const status = await refresh()
  if (isLoggedIn()) await showUser()
  else showVisitor(status === 'invalid' ? undefined : status)
} catch (error) {
  if (error !== LOGGED_OUT) showVisitor('unreachable')
}
document.body.setAttribute('data-ready', 'yes')
