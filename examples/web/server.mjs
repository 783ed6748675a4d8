// A small application: log-in, devices, password, erasure, a support, and a notice when a session was stolen. `node server.mjs`
// serves it on http://localhost:3000 from the database that PGHOST, PGDATABASE and so on name.
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { fileURLToPath } from 'node:url'
import express from 'express'
import pg from 'pg'
import { authentication, isRefusal, wantsPassword } from './auth.mjs'
import { addBinding } from './bound.mjs'
import { READ_ACCOUNT, addKeys } from './keys.mjs'
import { tellUsers } from './streams.mjs'
import { addSupport } from './support.mjs'

// How long ago the password may have been given for what can't be undone.
const RECENT = { interval: '5 minutes', seconds: 300 }
const YEAR = 365 * 86_400_000
const OWN = { path: '/auth', httpOnly: true, secure: true, sameSite: 'strict' }

// The listening server; close() also ends its database connections. tls: the key and the certificate, to serve it over HTTPS.
export async function serve({ port = 3000, connection = {}, checkEvery = 10_000, tls } = {}) {
  const pool = new pg.Pool({ user: 'web_app', max: 10, ...connection })
  // An idle connection that is lost is replaced by the pool; one in use fails its query, which is told there.
  pool.on('error', (error) => console.error(error.message))
  pool.on('connect', (client) => client.on('error', () => {}))
  const auth = authentication(pool)
  const streams = await tellUsers({ user: 'web_app', ...connection }, auth.isRecorded, checkEvery)

  const app = express()
  app.disable('x-powered-by')
  app.use((request, response, next) => {
    response.set({
      'Content-Security-Policy': "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
    })
    next()
  })
  app.use(express.static(fileURLToPath(new URL('public', import.meta.url))))
  app.use(express.json({ limit: '10kb' }))

  // The refresh token goes into the cookie, everything that the page needs into the body.
  const answer = (response, session) => {
    if (session.cookie) response.append('Set-Cookie', session.cookie)
    if (session.registration) response.set('Secure-Session-Registration', session.registration)
    const granted = session.status === 'ok' || session.status === 'replayed'
    response.status(session.code ?? (granted ? 200 : 401)).set('Cache-Control', 'no-store')
    response.json({ status: session.status, accessToken: session.access_token, expiresAt: session.access_expires_at })
  }
  // PostgreSQL's text holds no NUL.
  const text = (value) => {
    if (typeof value !== 'string') return ''
    if (value.includes('\0')) throw Object.assign(new Error('NUL in a text'), { status: 400 })
    return value
  }
  const isEmail = (email) => /^[^@\s]+@[^@\s]+$/.test(email) && email.length <= 320
  // bcrypt looks at no more than 72 bytes.
  const isWhole = (password) => Buffer.byteLength(password) <= 72
  const isAcceptable = (password) => password.length >= 10 && isWhole(password)
  const cookieIn = (request, name) => new RegExp(`(?:^|; *)${name}=([^;]*)`).exec(request.get('cookie') ?? '')?.[1]
  const bearer = (request) => /^Bearer +(\S+)$/i.exec(request.get('authorization') ?? '')?.[1]
  const as = (request, work, options) => {
    const token = bearer(request)
    if (token === undefined) throw Object.assign(new Error('no access token'), { status: 401 })
    return auth.as(token, request, work, options)
  }

  // A browser's name for itself: a log-in from it replaces the session that it had. It is no secret and opens nothing.
  const deviceOf = (request, response) => {
    const known = cookieIn(request, 'device')
    if (/^[0-9a-f-]{36}$/.test(known ?? '')) return known
    const device = randomUUID()
    response.cookie('device', device, { ...OWN, maxAge: YEAR })
    return device
  }
  // Who does not want to stay logged in has a cookie `stays` that ends with the browser: a bound session is not renewed without it.
  const choices = (request, response) => {
    const [remember, device] = [request.body?.remember === true, deviceOf(request, response)]
    response.cookie('stays', 'yes', { ...OWN, maxAge: remember ? YEAR : undefined })
    return { remember, device }
  }

  const bound = addBinding(app, {
    query: async (sql, parameters) => (await pool.query(sql, parameters)).rows,
    as: (token, request) => auth.as(token, request, async () => {}),
    cookieIn,
    forgetCookie: auth.forgetCookie,
  })

  app.post('/auth/sign-up', async (request, response) => {
    const [email, password] = [text(request.body?.email), text(request.body?.password)]
    if (!isEmail(email) || !isAcceptable(password)) return response.status(400).json({ status: 'not_acceptable' })
    const session = await auth.signUp(email, password, request, choices(request, response))
    if (session === undefined) return response.status(409).json({ status: 'email_taken' })
    await bound.endFormer(request, response)
    answer(response, session)
  })

  app.post('/auth/log-in', async (request, response) => {
    const session = await auth.logIn(text(request.body?.email), text(request.body?.password), request, choices(request, response))
    if (session === undefined) return response.status(401).json({ status: 'wrong_email_or_password' })
    await bound.endFormer(request, response)
    answer(response, session)
  })

  app.post('/auth/refresh', async (request, response) => {
    answer(response, (await bound.answerOf(request)) ?? (await auth.refresh(cookieIn(request, 'refresh_token') ?? '', request)))
  })

  // Also ends acting for somebody; the cookie is then of the agent's own session, and stays.
  app.post('/auth/log-out', async (request, response) => {
    const { rows } = await as(request, (client) =>
      client.query(`SELECT jwt_auth.revoke_refresh_session(jwt_auth.current_session_id(), 'log-out'),
                           jwt_auth.current_actor() IS NOT NULL AS acting`),
    )
    if (!rows[0].acting) response.append('Set-Cookie', [await auth.forgetCookie(), bound.forget])
    response.json({ status: 'ok' })
  })

  // The password again, for what can't be undone: the same session, whose log-in is now a recent one.
  app.post('/auth/confirm', async (request, response) => {
    const password = text(request.body?.password)
    const session = await as(request, async (client) => {
      const { rowCount } = await client.query(
        'SELECT FROM account WHERE id = jwt_auth.current_user_uuid() AND $2 AND password_hash = crypt($1, password_hash)',
        [password, isWhole(password)],
      )
      if (rowCount === 0) return undefined
      const { rows } = await client.query(`SELECT * FROM jwt_auth.reauthenticate_session(jwt_auth.current_session_id(), amr => '{pwd}')`)
      return rows[0]
    }, { only: 'in person' })
    if (session === undefined) return response.status(403).json({ status: 'wrong_password' })
    answer(response, session)
  })

  app.get('/api/account', async (request, response) => {
    const { rows } = await as(request, (client) =>
      client.query(`SELECT email, jwt_auth.current_claim('role') AS role, jwt_auth.current_actor() IS NOT NULL AS acting
                    FROM account WHERE id = jwt_auth.current_user_uuid()`),
      { scope: READ_ACCOUNT },
    )
    response.json(rows[0])
  })

  // Everything of this person: the account, and what the extension knows, in one transaction. The trigger ends the sessions.
  app.delete('/api/account', async (request, response) => {
    await as(request, async (client) => {
      const user = (await client.query('SELECT jwt_auth.current_user_uuid() AS id')).rows[0].id
      await client.query('DELETE FROM account WHERE id = $1', [user])
      await client.query('SELECT jwt_auth.forget_user($1::uuid)', [user])
    }, { only: 'in person', recentLogin: RECENT.interval })
    response.append('Set-Cookie', [await auth.forgetCookie(), bound.forget]).json({ status: 'ok' })
  })

  app.get('/api/devices', async (request, response) => {
    const { rows } = await as(request, (client) =>
      client.query(`SELECT session_id AS id, created_at AS since, refreshed_at AS "lastUsed", host(ip) AS address, user_agent AS agent,
                           class, bound, is_current AS here
                    FROM jwt_auth.user_sessions(jwt_auth.current_user_id())`),
    )
    response.json(rows)
  })

  // Sessions that have ended, and those in which the support acted or acts.
  app.get('/api/history', async (request, response) => {
    const { rows } = await as(request, (client) =>
      client.query(`SELECT session_id AS id, began_at AS since, ended_at AS until, host(ip) AS address, user_agent AS agent, ended, reason,
                           is_alive AS alive, actor IS NOT NULL AS support
                    FROM jwt_auth.session_history(jwt_auth.current_user_id(), now() - interval '30 days', NULL)
                    WHERE NOT is_alive OR actor IS NOT NULL ORDER BY began_at DESC LIMIT 20`),
    )
    response.json(rows)
  })

  // Only one's own sessions: the id alone would end anybody's.
  app.delete('/api/devices/:id', async (request, response) => {
    if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(request.params.id)) return response.status(404).json({ status: 'unknown' })
    const { rows } = await as(request, (client) =>
      client.query('SELECT jwt_auth.revoke_own_session(jwt_auth.current_user_id(), $1) AS ended', [request.params.id]),
      { only: 'in person' },
    )
    response.status(rows[0].ended ? 200 : 404).json({ status: rows[0].ended ? 'ok' : 'unknown' })
  })

  app.delete('/api/devices', async (request, response) => {
    const { rows } = await as(request, (client) =>
      client.query('SELECT jwt_auth.revoke_other_sessions(jwt_auth.current_user_id(), jwt_auth.current_session_id()) AS ended'),
      { only: 'in person' },
    )
    response.json(rows[0])
  })

  // The trigger on the table ends every session, this one too; so this browser gets a new one, remembered or not as before.
  app.post('/api/password', async (request, response) => {
    const [current, next] = [text(request.body?.current), text(request.body?.next)]
    if (!isAcceptable(next)) return response.status(400).json({ status: 'not_acceptable' })
    const session = await as(request, async (client) => {
      if (!isWhole(current)) return undefined
      const { rows } = await client.query(
        `WITH own AS (SELECT class FROM jwt_auth.user_sessions(jwt_auth.current_user_id()) WHERE is_current),
              changed AS (UPDATE account SET password_hash = crypt($2, gen_salt('bf', 10))
                          WHERE id = jwt_auth.current_user_uuid() AND password_hash = crypt($1, password_hash) RETURNING id)
         SELECT id, class FROM own, changed`,
        [current, next],
      )
      return rows.length === 0 ? undefined : auth.issue(client, rows[0], request, deviceOf(request, response))
    }, { only: 'in person' })
    if (session === undefined) return response.status(403).json({ status: 'wrong_password' })
    answer(response, session)
  })

  // What happens to the user's sessions, as it happens: one line of JSON each, for as long as the token is good.
  app.get('/api/events', async (request, response) => {
    const who = await as(request, async (client) =>
      (await client.query('SELECT jwt_auth.current_user_id() AS "user", jwt_auth.current_session_id() AS session')).rows[0],
    )
    response.set({ 'Content-Type': 'application/x-ndjson', 'Cache-Control': 'no-store' }).flushHeaders()
    streams.add({ ...who, response, check: () => as(request, async () => {}) })
  })

  addSupport(app, as)
  addKeys(app, as, RECENT.interval)

  // The public keys, for services that verify by themselves. A cache keeps them for as long as the database says.
  app.get('/.well-known/jwks.json', async (request, response) => {
    const { rows: [{ body, etag, max_age: age }] } = await pool.query('SELECT * FROM jwt_auth.jwks_http()')
    response.set({ ETag: etag, 'Cache-Control': `public, max-age=${age}` }).type('application/json').send(body)
  })

  app.use((error, request, response, next) => {
    if (response.headersSent) return next(error)
    if (wantsPassword(error)) {
      response.set('WWW-Authenticate', `Bearer error="insufficient_user_authentication", max_age=${RECENT.seconds}`)
      return response.status(401).json({ status: 'confirm', code: error.code })
    }
    if (isRefusal(error)) return response.status(401).json({ status: 'refused', code: error.code })
    if (error.status >= 400 && error.status < 500) return response.status(error.status).json({ status: error.says ?? 'bad_request' })
    console.error(error)
    response.status(500).json({ status: 'error' })
  })

  const server = await new Promise((resolve, reject) => {
    const listening = tls ? createSecureServer(tls, app) : createServer(app)
    listening.once('error', reject).listen(port, 'localhost', () => resolve(listening))
  })
  // Longer than proxies keep an idle connection (60 s, mostly), so that none sends a request into one that is being closed.
  server.keepAliveTimeout = 65_000
  return {
    url: `${tls ? 'https' : 'http'}://localhost:${server.address().port}`,
    closeStreams: streams.endAll,
    close: async () => {
      streams.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await pool.end()
    },
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await serve({ port: Number(process.env.PORT ?? 3000) })
  console.log(`Open ${url}`)
}
