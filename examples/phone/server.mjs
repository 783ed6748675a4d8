// The service that the phone talks to. What a proof is worth is decided in the database; the method and the URL that it must name are
// those that the server knows, not those that the client says.
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import pg from 'pg'

async function read(request) {
  let body = ''
  for await (const chunk of request) if ((body += chunk).length > 65536) throw Object.assign(new Error('too large'), { status: 413 })
  try {
    return JSON.parse(body) ?? {}
  } catch {
    throw Object.assign(new Error('not JSON'), { status: 400 })
  }
}
// PostgreSQL's text holds no NUL.
const text = (value) => (typeof value === 'string' && !value.includes('\0') ? value : '')

// origin: how clients reach it, for behind a proxy that is another one than here.
export async function serve({ port = 3500, connection = {}, origin } = {}) {
  const pool = new pg.Pool({ user: 'phone_api', max: 10, ...connection })
  pool.on('error', (error) => console.error(error.message))

  const session = async (sql, ...parameters) => {
    const { rows: [row] } = await pool.query(sql, parameters)
    if (!row) return [401, { status: 'wrong_email_or_password' }]
    const { status, access_token: accessToken, refresh_token: refreshToken } = row
    if (status === 'ok' || status === 'replayed') return [200, { status: 'ok', accessToken, refreshToken }]
    return [401, { status }]
  }
  // Runs `work` in a transaction that acts for the token's user.
  const as = async ({ method, url, proof, token }, work) => {
    const client = await pool.connect()
    try {
      await client.query('BEGIN')
      await client.query('SELECT jwt_auth.authenticate($1, proof => $2, proof_method => $3, proof_url => $4)', [token, proof, method, url])
      const answer = await work(client)
      await client.query('COMMIT')
      return answer
    } catch (error) {
      await client.query('ROLLBACK').catch(() => {})
      if (/^JW0/.test(error.code ?? '')) return [401, { status: 'refused', code: error.code }]
      throw error
    } finally {
      client.release()
    }
  }

  const routes = {
    'POST /log-in': async ({ method, url, proof, body: { email, password } }) =>
      // Without a proof the session would be bound to nothing.
      !proof
        ? [401, { status: 'proof_required' }]
        : session(
            `SELECT session.* FROM log_in($1, $2) AS id,
               jwt_auth.issue_refresh_session(id, class => 'phone', proof => $3, proof_method => $4, proof_url => $5) AS session`,
            text(email), text(password), proof, method, url,
          ),
    'POST /refresh': ({ method, url, proof, body: { refreshToken } }) =>
      session('SELECT * FROM jwt_auth.refresh_session($1, proof => $2, proof_method => $3, proof_url => $4)', text(refreshToken), proof, method, url),
    'GET /me': (request) => as(request, async (client) => [200, (await client.query('SELECT email FROM account')).rows[0]]),
    'POST /log-out': (request) =>
      as(request, async (client) => {
        await client.query("SELECT jwt_auth.revoke_refresh_session(jwt_auth.current_session_id(), 'log-out')")
        return [200, { status: 'ok' }]
      }),
  }

  const server = createServer(async (request, response) => {
    let [status, answer] = [500, { status: 'error' }]
    const headers = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }
    try {
      const { pathname } = new URL(request.url, origin)
      const route = routes[`${request.method} ${pathname}`]
      const [, token] = /^DPoP +(\S+)$/i.exec(request.headers.authorization ?? '') ?? []
      const about = { method: request.method, url: origin + pathname, proof: request.headers.dpop ?? null, token: token ?? '' }
      if (!route) [status, answer] = [404, { status: 'unknown' }]
      else [status, answer] = await route({ ...about, body: request.method === 'POST' && !token ? await read(request) : {} })
      // Fresh by the server's own word, for a client whose clock is wrong.
      if (status === 401) headers['DPoP-Nonce'] = (await pool.query('SELECT jwt_auth.proof_nonce() AS nonce')).rows[0].nonce
    } catch (error) {
      if (error.status) [status, answer] = [error.status, { status: 'bad_request' }]
      else console.error(error)
    }
    response.writeHead(status, headers).end(JSON.stringify(answer))
  })
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve))
  origin ??= `http://127.0.0.1:${server.address().port}`
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    async close() {
      await new Promise((resolve) => server.close(resolve).closeAllConnections?.())
      await pool.end()
    },
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await serve({ port: process.env.PORT ?? 3500 })
  console.log(`The service is at ${url}; ask it with: node demo.mjs ${url}`)
}
