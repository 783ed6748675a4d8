// The access token lives in this module's variable and nowhere else; the refresh token in a cookie that no script sees. A reload asks
// for a new access token with the cookie, and so does a request that the old one no longer serves.
let accessToken
let refreshing
// Whether the token is of somebody for whom an agent of the support acts. Such a token is not refreshed.
let acting = false

export const LOGGED_OUT = new Error('logged out')
export const CANCELLED = new Error('cancelled')

// What the page does when the session is over, when acting is over, and to have the password given again.
export const page = { loggedOut() {}, actingIsOver() {}, async askPassword() {} }

export const isLoggedIn = () => accessToken !== undefined
export const bearer = () => ({ Authorization: `Bearer ${accessToken}` })
export function begin(token) {
  accessToken = token
}
export function act(token) {
  accessToken = token
  acting = true
}
export function end() {
  accessToken = undefined
  acting = false
}

export async function post(path, body = {}, headers = {}) {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  return { ok: response.ok, ...(await response.json()) }
}

// One refresh at a time in this tab. Another tab may refresh at the same moment: the database gives both the same successor.
export function refresh() {
  refreshing ??= post('/auth/refresh')
    // The cookie of a bound session held a token that is no longer good: the browser fetches another one first.
    .then((answer) => (answer.status === 'again' ? post('/auth/refresh') : answer))
    .then((answer) => {
      accessToken = answer.ok ? answer.accessToken : undefined
      return answer.status
    })
    .finally(() => (refreshing = undefined))
  return refreshing
}

// After a 401: a fresh token. Without one the session is over, and why is what is known of it, or the answer's status.
export async function renew(why) {
  if (acting) {
    acting = false
    await refresh()
    page.actingIsOver()
  } else {
    const status = await refresh()
    if (accessToken) return
    page.loggedOut(why ?? status)
  }
  throw LOGGED_OUT
}

// The token is good, but the password was given too long ago for this request.
const wantsPassword = (response) => /insufficient_user_authentication/.test(response.headers.get('WWW-Authenticate'))

// A request with the access token. If it is refused, one more with a fresh one; if it wants the password, one more after that.
export async function api(method, path, body) {
  const send = () =>
    fetch(path, {
      method,
      headers: { ...bearer(), ...(body ? { 'Content-Type': 'application/json' } : {}) },
      body: body && JSON.stringify(body),
    })
  let response = await send()
  if (response.status === 401 && !wantsPassword(response)) {
    await renew()
    response = await send()
  }
  if (wantsPassword(response)) {
    await page.askPassword()
    response = await send()
  }
  return { ok: response.ok, answer: await response.json() }
}
