// The endpoints: introspection (RFC 7662) and revocation (RFC 7009), for clients that authenticate with a secret, and the question that
// nginx asks about each request.
import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import pg from 'pg'

const MAX_BODY = 65536

// What is wrong with a request, as RFC 6749 section 5.2 has it.
class Refusal extends Error {
  constructor(status, code, description, headers = {}) {
    super(description)
    Object.assign(this, { status, headers, body: { error: code, error_description: description } })
  }
}

async function formOf(request) {
  const type = (request.headers['content-type'] ?? '').split(';')[0].trim().toLowerCase()
  if (type !== 'application/x-www-form-urlencoded') throw new Refusal(400, 'invalid_request', 'the body must be application/x-www-form-urlencoded')
  let body = ''
  for await (const chunk of request.setEncoding('utf8'))
    if ((body += chunk).length > MAX_BODY) throw new Refusal(413, 'invalid_request', 'the body is too large', { Connection: 'close' })
  // A parameter without a value counts as none, and none may come twice (RFC 6749 section 3.2).
  const form = new Map()
  for (const [name, value] of new URLSearchParams(body)) {
    if (form.has(name)) throw new Refusal(400, 'invalid_request', 'a parameter is there twice')
    form.set(name, value)
  }
  for (const [name, value] of form) if (value === '') form.delete(name)
  return form
}

const hashOf = (text) => createHash('sha256').update(text).digest()

function credentialsOf(request, form) {
  const header = request.headersDistinct.authorization ?? []
  if (header.length === 0) return [form.get('client_id'), form.get('client_secret')]
  if (header.length > 1 || form.has('client_secret')) throw new Refusal(400, 'invalid_request', 'a client must authenticate in one way')
  const [, encoded] = /^basic +([a-z0-9+/=]+)$/i.exec(header[0]) ?? []
  try {
    // Both parts are form-urlencoded within the header (RFC 6749 section 2.3.1).
    return Buffer.from(encoded ?? '', 'base64').toString().split(':').map((part) => decodeURIComponent(part.replaceAll('+', ' ')))
  } catch {
    return []
  }
}

// clients: { id: { secret, may: ['introspect', 'revoke'] } }
function requireClient(clients, request, form, right) {
  const [id, secret] = credentialsOf(request, form)
  const client = Object.hasOwn(clients, id ?? '') ? clients[id] : undefined
  // An unknown client's secret is compared as well, with one that never matches.
  const matches = timingSafeEqual(hashOf(client?.secret ?? ''), hashOf(secret ?? ''))
  if (!client || !secret || !matches)
    throw new Refusal(401, 'invalid_client', 'the client is unknown or its secret is wrong', { 'WWW-Authenticate': 'Basic realm="token endpoints", charset="UTF-8"' })
  if (!client.may.includes(right)) throw new Refusal(400, 'unauthorized_client', 'this client has no right to ask that')
}

// Serves `routes` (path to function) on a port or a Unix socket.
async function listen(routes, where, tls) {
  const serveWith = tls ? (work) => createSecureServer(tls, work) : createServer
  const server = serveWith(async (request, response) => {
    const answer = (status, body, headers = {}) => {
      response.writeHead(status, { 'Cache-Control': 'no-store', ...(body && { 'Content-Type': 'application/json' }), ...headers })
      response.end(body && JSON.stringify(body))
    }
    try {
      const route = routes[new URL(request.url, 'http://localhost').pathname]
      await (route ? route(request, answer) : answer(404))
    } catch (error) {
      if (error instanceof Refusal) return answer(error.status, error.body, error.headers)
      console.error(error.message)
      // The client is to take the token for good still and to ask again (RFC 7009 section 2.2.1).
      answer(503, { error: 'temporarily_unavailable' }, { 'Retry-After': '1' })
    }
  })
  await new Promise((resolve, reject) => server.once('error', reject).listen(where, resolve))
  return server
}

// port, tls: of the two endpoints. socket: where nginx asks; who can connect there needs no secret. origin: the URL that clients use for
// nginx, which proofs of a key must name.
export async function serve({ port = 0, tls, socket, origin, clients, connection = {} }) {
  const pool = new pg.Pool({ user: 'token_endpoints', max: 8, ...connection })
  pool.on('error', (error) => console.error(error.message))
  // How often each was asked, for the tests.
  const asked = { introspect: 0, revoke: 0, authorize: 0 }

  const endpoint = (name, work) => async (request, answer) => {
    if (request.method !== 'POST') throw new Refusal(405, 'invalid_request', 'the method must be POST', { Allow: 'POST' })
    const form = await formOf(request)
    requireClient(clients, request, form, name)
    if (!form.has('token')) throw new Refusal(400, 'invalid_request', 'the parameter token is missing')
    asked[name]++
    // PostgreSQL's text holds no NUL, so such a token is none of ours.
    const token = form.get('token').includes('\0') ? null : form.get('token')
    return answer(200, await work(token))
  }

  const authorize = async (request, answer) => {
    asked.authorize++
    const refuse = (scheme, error) => answer(401, undefined, { 'WWW-Authenticate': scheme + (error ? ` error="${error}"` : '') })
    const { authorization = [], dpop = [] } = request.headersDistinct
    const [, scheme, token] = /^(bearer|dpop) +(\S+)$/i.exec(authorization[0] ?? '') ?? []
    if (authorization.length !== 1 || dpop.length > 1 || !token) return refuse('Bearer', authorization.length > 0 && 'invalid_request')
    const isProven = scheme.toLowerCase() === 'dpop'
    const { 'x-original-method': method, 'x-original-uri': uri, 'x-real-ip': address } = request.headers
    const client = await pool.connect()
    try {
      await client.query('BEGIN')
      const { rows: [{ bound }] } = await client.query(
        `SELECT jwt_auth.authenticate($1, $2, proof => $3, proof_method => $4, proof_url => $5) ? 'cnf' AS bound`,
        [token, address, isProven ? dpop[0] : null, method, origin + uri.split('?')[0]],
      )
      // The sub of another issuer's token is none of our users.
      const { rows: [{ user }] } = await client.query('SELECT jwt_auth.current_user_id() AS user')
      await client.query('COMMIT')
      // The scheme DPoP is for tokens that are bound to a key alone (RFC 9449 section 7.1).
      if (isProven && !bound) return refuse('DPoP', 'invalid_token')
      if (user === null) return answer(403)
      return answer(204, undefined, { 'X-User': encodeURIComponent(user) })
    } catch (error) {
      await client.query('ROLLBACK').catch(() => {})
      if (error.code === 'JW015') return refuse('DPoP', 'invalid_dpop_proof')
      if (/^JW0/.test(error.code ?? '')) return refuse('Bearer', 'invalid_token')
      throw error
    } finally {
      client.release()
    }
  }

  const servers = [
    await listen({
      '/introspect': endpoint('introspect', async (token) => (await pool.query('SELECT jwt_auth.introspect($1) AS answer', [token])).rows[0].answer),
      '/revoke': endpoint('revoke', async (token) => void (await pool.query('SELECT jwt_auth.revoke($1)', [token]))),
    }, { port, host: '127.0.0.1' }, tls),
    await listen({ '/authorize': authorize }, { path: socket }),
  ]
  return {
    url: `https://127.0.0.1:${servers[0].address().port}`,
    asked,
    async close() {
      for (const server of servers) await new Promise((resolve) => server.close(resolve).closeAllConnections?.())
      await pool.end()
    },
  }
}
