// A small application: log-in, devices, password, and a notice when a session was stolen. `node server.mjs` serves it on
// http://localhost:3000 from the database that PGHOST, PGDATABASE and so on name.
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import express from 'express'
import pg from 'pg'
import { authentication, isRefusal } from './auth.mjs'

// The listening server; close() also ends its database connections.
export async function serve({ port = 3000, connection = {}, checkEvery = 10_000 } = {}) {
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
    const granted = session.status === 'ok' || session.status === 'replayed'
    response.status(granted ? 200 : 401).set('Cache-Control', 'no-store')
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
  const bearer = (request) => /^Bearer +(\S+)$/i.exec(request.get('authorization') ?? '')?.[1]
  const as = (request, work, options) => {
    const token = bearer(request)
    if (token === undefined) throw Object.assign(new Error('no access token'), { status: 401 })
    return auth.as(token, request, work, options)
  }

  app.post('/auth/sign-up', async (request, response) => {
    const [email, password] = [text(request.body?.email), text(request.body?.password)]
    if (!isEmail(email) || !isAcceptable(password)) return response.status(400).json({ status: 'not_acceptable' })
    const session = await auth.signUp(email, password, request)
    if (session === undefined) return response.status(409).json({ status: 'email_taken' })
    answer(response, session)
  })

  app.post('/auth/log-in', async (request, response) => {
    const session = await auth.logIn(text(request.body?.email), text(request.body?.password), request)
    if (session === undefined) return response.status(401).json({ status: 'wrong_email_or_password' })
    answer(response, session)
  })

  app.post('/auth/refresh', async (request, response) => {
    const [, cookie] = /(?:^|; *)refresh_token=([^;]*)/.exec(request.get('cookie') ?? '') ?? []
    answer(response, await auth.refresh(cookie ?? '', request))
  })

  app.post('/auth/log-out', async (request, response) => {
    await as(request, (client) => client.query("SELECT jwt_auth.revoke_refresh_session(jwt_auth.current_session_id(), 'log-out')"))
    response.append('Set-Cookie', await auth.forgetCookie()).json({ status: 'ok' })
  })

  app.get('/api/account', async (request, response) => {
    const { rows } = await as(request, (client) => client.query('SELECT email FROM account'))
    response.json(rows[0])
  })

  app.get('/api/devices', async (request, response) => {
    const { rows } = await as(request, (client) =>
      client.query(`SELECT session_id AS id, created_at AS since, refreshed_at AS "lastUsed", host(ip) AS address, user_agent AS agent,
                           session_id = jwt_auth.current_session_id() AS here
                    FROM jwt_auth.user_sessions(jwt_auth.current_user_id())`),
    )
    response.json(rows)
  })

  // Only one's own sessions: the id alone would end anybody's.
  app.delete('/api/devices/:id', async (request, response) => {
    if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(request.params.id)) return response.status(404).json({ status: 'unknown' })
    const { rows } = await as(request, (client) =>
      client.query(
        `SELECT jwt_auth.revoke_refresh_session(session_id, 'ended by its user') AS ended
         FROM jwt_auth.user_sessions(jwt_auth.current_user_id()) WHERE session_id = $1`,
        [request.params.id],
      ),
    )
    response.status(rows.length ? 200 : 404).json({ status: rows.length ? 'ok' : 'unknown' })
  })

  app.delete('/api/devices', async (request, response) => {
    const { rows } = await as(request, (client) =>
      client.query('SELECT jwt_auth.revoke_other_sessions(jwt_auth.current_user_id(), jwt_auth.current_session_id()) AS ended'),
    )
    response.json(rows[0])
  })

  // The trigger on the table ends every session, this one too; so this browser gets a new one.
  app.post('/api/password', async (request, response) => {
    const [current, next] = [text(request.body?.current), text(request.body?.next)]
    if (!isAcceptable(next)) return response.status(400).json({ status: 'not_acceptable' })
    const session = await as(request, async (client) => {
      if (!isWhole(current)) return undefined
      const { rows } = await client.query(
        `WITH changed AS (UPDATE account SET password_hash = crypt($2, gen_salt('bf', 10))
                          WHERE password_hash = crypt($1, password_hash) RETURNING id)
         SELECT id FROM changed`,
        [current, next],
      )
      if (rows.length === 0) return undefined
      const issued = await client.query(
        `SELECT session.*, jwt_auth.refresh_cookie(session.refresh_token, path => '/auth/refresh') AS cookie
         FROM jwt_auth.issue_refresh_session($1, ip => $2, user_agent => $3) AS session`,
        [rows[0].id, request.ip, request.get('user-agent') ?? null],
      )
      return issued.rows[0]
    })
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

  app.use((error, request, response, next) => {
    if (response.headersSent) return next(error)
    if (isRefusal(error)) return response.status(401).json({ status: 'refused', code: error.code })
    if (error.status >= 400 && error.status < 500) return response.status(error.status).json({ status: 'bad_request' })
    console.error(error)
    response.status(500).json({ status: 'error' })
  })

  const server = await new Promise((resolve, reject) => {
    const listening = app.listen(port, 'localhost', (error) => (error ? reject(error) : resolve(listening)))
  })
  // Longer than proxies keep an idle connection (60 s, mostly), so that none sends a request into one that is being closed.
  server.keepAliveTimeout = 65_000
  return {
    url: `http://localhost:${server.address().port}`,
    closeStreams: streams.endAll,
    close: async () => {
      streams.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await pool.end()
    },
  }
}

// Listens for the database's notifications and passes on to the user's open pages those that its record bears out.
async function tellUsers(connection, isRecorded, checkEvery) {
  const open = new Set()
  let listener
  let closed = false

  const end = (stream) => {
    clearInterval(stream.timer)
    open.delete(stream)
    stream.response.end()
  }
  const endAll = () => open.forEach(end)

  // Ends a stream whose token is no longer good, be it that its session has ended or that its time is over.
  const check = async (stream) => {
    try {
      await stream.check()
    } catch (error) {
      if (!isRefusal(error)) console.error(error.message)
      end(stream)
    }
  }

  // Any role that connects to the database may NOTIFY, and so send anything at all.
  const hear = async ({ payload }) => {
    try {
      const notice = JSON.parse(payload)
      const { event, user_id: user, session_id: session, at } = notice
      const streams = () => [...open].filter((stream) => stream.user === user)
      if (streams().length === 0 || !(await isRecorded(notice))) return
      for (const stream of streams()) {
        stream.response.write(JSON.stringify({ event, at, here: session === undefined || session === stream.session }) + '\n')
        check(stream)
      }
    } catch (error) {
      console.error(`not a notification of ours: ${error.message}`)
    }
  }

  const listen = async () => {
    const client = (listener = new pg.Client(connection))
    const lost = new Promise((resolve) => client.once('end', resolve))
    client.on('error', (error) => console.error(error.message))
    client.on('notification', hear)
    await client.connect()
    await client.query('LISTEN auth_events')
    lost.then(listenAgain)
  }
  // Then the pages ask again too, for they have missed what happened meanwhile.
  const listenAgain = async () => {
    while (!closed) {
      await sleep(1000, undefined, { ref: false })
      try {
        if (!closed) await listen()
        return endAll()
      } catch (error) {
        console.error(error.message)
        listener.end().catch(() => {})
      }
    }
  }

  await listen()
  return {
    endAll,
    add: (stream) => {
      stream.timer = setInterval(check, checkEvery, stream)
      open.add(stream)
      stream.response.on('close', () => end(stream))
      stream.response.write(JSON.stringify({ event: 'listening' }) + '\n')
    },
    close: () => {
      closed = true
      endAll()
      return listener.end()
    },
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await serve({ port: Number(process.env.PORT ?? 3000) })
  console.log(`Open ${url}`)
}
