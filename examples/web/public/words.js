// What the page says about sessions, in words.
const time = (at) => new Date(at).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' })

// Why a session was ended, or none begun.
export const WHY = {
  reuse_detected: 'Somebody else has used your session. It was ended to keep them out. Please log in and change your password.',
  session_revoked: 'This session was ended from another of your devices.',
  others_revoked: 'This session was ended from another of your devices.',
  user_revoked: 'Your password was changed, or all your sessions were ended. Please log in again.',
  all_revoked: 'All sessions were ended. Please log in again.',
  locked: 'The support has banned this account.',
  impersonated: 'A support agent acts in your place now. You see it below, and can end it.',
  acting_is_over: 'You no longer act for somebody.',
  ip_mismatch: 'Your session was used from another network and was ended. Please log in again.',
  fingerprint_mismatch: 'Your session was used from another device and was ended. Please log in again.',
  invalid: 'Your session has ended. Please log in again.',
  expired: 'Your session has run out. Please log in again.',
  idle_expired: 'You were away for long. Please log in again.',
  later: 'Your browser can not renew your session just now. Please reload this page in some minutes.',
  wrong_email_or_password: 'That e-mail address and password do not belong together.',
  email_taken: 'There is an account with that e-mail address already.',
  not_acceptable: 'Please give an e-mail address, and a password of 10 to 72 characters.',
  not_acceptable_name: 'Please give the key a name of at most 100 bytes.',
  not_allowed: 'You are not allowed to do that.',
  changed_meanwhile: 'That can not be done with this person any more.',
  wrong_password: 'That is not your current password.',
  unreachable: 'The server can not be reached. Please try again.',
}

// "Firefox on Linux"; a user agent of no such kind as it is.
export function nameOf(agent) {
  if (!agent) return 'Unknown device'
  const first = (names) => names.find(([, pattern]) => pattern.test(agent))?.[0]
  const browser = first([['Edge', /Edg/], ['Opera', /OPR\//], ['Firefox', /Firefox|FxiOS/], ['Chrome', /Chrom|CriOS/], ['Safari', /Safari/]])
  const system = first([['iPhone', /iPhone/], ['iPad', /iPad/], ['Android', /Android/], ['Windows', /Windows/], ['macOS', /Mac OS/], ['Linux', /Linux/]])
  return browser && system ? `${browser} on ${system}` : agent
}

// A session that lives: from where and when it was last seen, how long it lasts.
export function describeDevice({ address, lastUsed, class: name, bound }) {
  const kept = name === 'remember me' ? 'stays logged in' : 'until the browser is closed'
  return `${address ?? 'unknown address'}, last seen ${time(lastUsed)}, ${kept}${bound ? ', bound to this device' : ''}`
}

// An API key.
export function describeKey({ since, until, lastUsed }) {
  return `since ${time(since)}, until ${time(until)}, ${lastUsed ? `last used about ${time(lastUsed)}` : 'never used'}`
}

const ENDED = {
  evicted: 'one session too many',
  replaced: 'logged in again on that device',
  reuse_detected: 'somebody else used it',
  locked: 'banned by the support',
  expired: 'not used for long',
  refused: 'refused',
  user_revoked: 'all sessions ended',
  all_revoked: 'all sessions ended',
  others_revoked: 'ended from another device',
}

// One that has ended, and how; or one in which the support acts.
export function describeEnded({ since, until, address, ended, reason, alive, support }) {
  const how = reason === 'log-out' ? 'logged out' : (ENDED[ended] ?? (support && !ended ? 'its time was over' : 'ended from another device'))
  const from = support ? '' : `${address ?? 'unknown address'}, `
  return `${from}${time(since)} to ${alive ? 'now' : `${until ? time(until) : 'its end'}, ${how}`}`
}
