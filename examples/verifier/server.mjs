// A service with one resource, which believes the verifier alone; and, for whoever asks the database instead, the endpoints of RFC
// 7662 and RFC 7009 and the key set.
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { Verifier } from './verifier.mjs'

// The form; PostgreSQL's text holds no NUL, so a token with one is none of ours, as an empty one is.
const read = async (request) => {
  let body = ''
  for await (const chunk of request) if ((body += chunk).length > 65536) throw new Error('too large')
  const form = new URLSearchParams(body)
  if (form.get('token')?.includes('\0')) form.set('token', '')
  return form
}

export async function serve({ port = 4000, ...options } = {}) {
  const verifier = await new Verifier(options).start()
  const pool = new pg.Pool({ max: 4, ...options.connection })
  pool.on('error', () => {})
  // Who may call these is the deployment's business: put client authentication in front of them (RFC 7662 section 4).
  const routes = {
    'GET /resource': async (request, answer) => {
      const [scheme, token] = (request.headers.authorization ?? '').split(' ')
      if (scheme.toLowerCase() !== 'bearer' || !token) return answer(401, {}, { 'WWW-Authenticate': 'Bearer' })
      try {
        const claims = await verifier.verify(token)
        return answer(200, { user: claims.sub })
      } catch (error) {
        if (error.code === 'STALE') return answer(503, { error: 'temporarily_unavailable' })
        return answer(401, { error: error.code ?? 'invalid_token' }, { 'WWW-Authenticate': 'Bearer error="invalid_token"' })
      }
    },
    'POST /introspect': async (request, answer) => {
      const form = await read(request)
      if (!form.has('token')) return answer(400, { error: 'invalid_request' })
      const { rows } = await pool.query('SELECT jwt_auth.introspect($1) AS answer', [form.get('token')])
      return answer(200, rows[0].answer, { 'Cache-Control': 'no-store' })
    },
    'POST /revoke': async (request, answer) => {
      const form = await read(request)
      if (!form.has('token')) return answer(400, { error: 'invalid_request' })
      await pool.query('SELECT jwt_auth.revoke($1)', [form.get('token')])
      return answer(200, undefined, { 'Cache-Control': 'no-store' })
    },
    // For gateways that ask with a sub-request, such as nginx's auth_request: the status says it all. A refresh token is active
    // too, and no resource may accept it.
    'GET /authorize': async (request, answer) => {
      const token = (request.headers.authorization ?? '').replace(/^bearer /i, '')
      const { rows } = await pool.query('SELECT jwt_auth.introspect($1) AS answer', [token])
      const { active, token_type, sub } = rows[0].answer
      return active && token_type === 'Bearer' ? answer(204, undefined, { 'X-User': encodeURIComponent(sub ?? '') }) : answer(401)
    },
    'GET /.well-known/jwks.json': async (request, answer) => {
      const { rows: [{ body, etag, max_age }] } = await pool.query('SELECT * FROM jwt_auth.jwks_http()')
      const headers = { ETag: etag, 'Cache-Control': `public, max-age=${max_age}` }
      return request.headers['if-none-match'] === etag ? answer(304, undefined, headers) : answer(200, body, headers)
    },
  }
  const server = createServer(async (request, response) => {
    const answer = (status, body, headers = {}) => {
      response.writeHead(status, { ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers })
      response.end(body === undefined || typeof body === 'string' ? body : JSON.stringify(body))
    }
    try {
      const route = routes[`${request.method} ${new URL(request.url, 'http://localhost').pathname}`]
      await (route ? route(request, answer) : answer(404, {}))
    } catch {
      answer(500, { error: 'server_error' })
    }
  })
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    verifier,
    async close() {
      await new Promise((resolve) => server.close(resolve).closeAllConnections?.())
      await verifier.stop()
      await pool.end()
    },
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await serve({ port: process.env.PORT ?? 4000 })
  console.log(`Ask ${url}/resource with a token of: SELECT access_token FROM jwt_auth.issue_refresh_session('ann')`)
}
