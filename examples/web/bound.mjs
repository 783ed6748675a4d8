// Sessions that are bound to a key of the browser (Device Bound Session Credentials). A browser that offers it registers a key after
// the log-in; from then on it proves that key for a fresh cookie whenever the old one has run out. Every other browser goes on with its
// refresh token.
// For every path under /auth: a log-in must see whose session the browser has.
const COOKIE = { name: 'access_token', path: '/auth' }
const ATTRIBUTES = `Path=${COOKIE.path}; Secure; HttpOnly; SameSite=Strict`
const FORGET = `${COOKIE.name}=; ${ATTRIBUTES}; Max-Age=0`

export function addBinding(app, { query, as, cookieIn, forgetCookie }) {
  // A structured field's string stands in quotes.
  const field = (request, name) => request.get(name)?.replace(/^"(.*)"$/, '$1') ?? null
  const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

  // The browser registers the key that it has made. The refresh token is then good for nothing more.
  app.post('/auth/bind/:id', async (request, response) => {
    const { id } = request.params
    if (!UUID.test(id)) return response.status(404).json({ status: 'unknown' })
    const [answer] = await query(
      `SELECT CASE WHEN jwt_auth.bind_device($1, $2) THEN jwt_auth.device_instructions($1, '/auth/renew', $3, $4) END AS instructions`,
      [id, field(request, 'Secure-Session-Response') ?? '', COOKIE.name, ATTRIBUTES],
    )
    if (!answer.instructions) return response.status(403).json({ status: 'not_bound' })
    response.append('Set-Cookie', await forgetCookie()).set('Cache-Control', 'no-store').json(answer.instructions)
  })

  // The browser comes by itself, without and then with a proof over the challenge, and holds the page's requests back meanwhile.
  app.post('/auth/renew', async (request, response) => {
    const id = field(request, 'Sec-Secure-Session-Id')
    response.set('Cache-Control', 'no-store')
    if (!UUID.test(id ?? '')) return response.status(401).json({ status: 'unknown' })
    const [session] = await query('SELECT * FROM jwt_auth.refresh_bound_session($1, $2, ip => $3, user_agent => $4)', [
      id, field(request, 'Secure-Session-Response'), request.ip, request.get('user-agent') ?? null,
    ])
    if (session.status === 'proof_required' || session.status === 'proof_invalid') {
      const [{ challenge }] = await query('SELECT jwt_auth.device_challenge_header($1) AS challenge', [id])
      return response.status(403).set('Secure-Session-Challenge', challenge).json({ status: session.status })
    }
    if (session.status !== 'ok') return response.status(401).append('Set-Cookie', FORGET).json({ status: session.status })
    // The browser keeps its key when it is closed; who did not want to stay logged in is not.
    if (!cookieIn(request, 'stays')) {
      await query("SELECT jwt_auth.revoke_refresh_session($1, 'the browser was closed')", [id])
      return response.status(401).append('Set-Cookie', FORGET).json({ status: 'invalid' })
    }
    const seconds = Math.max(1, Math.floor((session.access_expires_at - Date.now()) / 1000))
    response.append('Set-Cookie', `${COOKIE.name}=${session.access_token}; ${ATTRIBUTES}; Max-Age=${seconds}`)
    response.end()
  })

  return {
    // The answer to a page that asks for an access token, out of the cookie; undefined if this browser has no bound session. 'again': what
    // is in the cookie is no longer good, so the browser must fetch another. 'later': it has a bound session and could not renew the
    // cookie just now (Chromium signs no more than six times in nine minutes), which is no log-out.
    answerOf: async (request) => {
      const accessToken = cookieIn(request, COOKIE.name)
      if (!accessToken) return request.get('Secure-Session-Skipped') ? { status: 'later', code: 503 } : undefined
      try {
        await as(accessToken, request)
        return { status: 'ok', access_token: accessToken }
      } catch (error) {
        if (!/^JW/.test(error.code)) throw error
        return { status: 'again', cookie: FORGET }
      }
    },
    // Somebody else logs in in this browser, as in another tab: the session that it had ends, or it would go on renewing that one's cookie.
    // The cookie is the credential.
    endFormer: async (request, response) => {
      const accessToken = cookieIn(request, COOKIE.name)
      if (!accessToken) return
      await query(
        "SELECT jwt_auth.revoke_refresh_session((claims ->> 'sid')::uuid, 'another log-in in this browser') FROM jwt_auth.jwt_try_verify($1) WHERE valid",
        [accessToken],
      )
      response.append('Set-Cookie', FORGET)
    },
    forget: FORGET,
  }
}
