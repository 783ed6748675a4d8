// GraphQL on http://localhost:5000/graphql from the database that PGHOST, PGDATABASE and so on name. PostGraphile verifies
// tokens with the public keys; the hook below has the database verify them too, revocation included, and makes the token's
// user the identity that row-level security sees.
import { createPublicKey } from 'node:crypto'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import postgraphileModule from 'postgraphile'

const { postgraphile, makePluginHook } = postgraphileModule

// The key for a token's kid. An unknown kid is looked for again, so a rotation needs no restart, but at most once a second.
function publicKeys(pool) {
  let keys = new Map()
  let readAt = 0
  return async ({ kid }, done) => {
    try {
      if (!keys.has(kid) && Date.now() - readAt > 1000) {
        readAt = Date.now()
        const { rows } = await pool.query('SELECT jwt_auth.jwks() AS jwks')
        keys = new Map(rows[0].jwks.keys.map((key) => [key.kid, createPublicKey({ key, format: 'jwk' })]))
      }
      if (!keys.has(kid)) throw new Error('no such key')
      done(null, keys.get(kid))
    } catch (error) {
      done(error)
    }
  }
}

// In each request's transaction, before its query: everybody starts as graphile_anon, and a good token makes its user the
// identity and its role claim the role. A revoked token ends the request here.
const sessionHook = {
  withPostGraphileContext: (base) => (options, callback) =>
    base(options, async (context) => {
      if (options.jwtToken) {
        const client = context.pgClient
        try {
          await client.query('SELECT jwt_auth.authenticate($1, ip => $2, set_role => true)', [
            options.jwtToken,
            options.pgSettings['request.ip'],
          ])
        } catch (error) {
          const statusCode = /^JW0/.test(error.code) ? 401 : error.code === '42501' ? 403 : 500
          throw Object.assign(new Error(statusCode === 500 ? 'unexpected error' : error.message), { statusCode })
        }
      }
      return callback(context)
    }),
}

// PostgreSQL's own messages name tables and constraints and quote rows: a client gets plain words instead.
function plainly(error) {
  const { code, message } = error.originalError ?? error
  if (code === undefined || /^JW0/.test(code)) return message
  if (code === '42501') return 'permission denied'
  if (/^2[23]/.test(code)) return 'not acceptable'
  console.error(error)
  return 'unexpected error'
}

export async function serve({ port = 5000, connection = {} } = {}) {
  const pool = new pg.Pool({ user: 'graphile', ...connection })
  const middleware = postgraphile(pool, 'app_public', {
    pluginHook: makePluginHook([sessionHook]),
    pgForceTransaction: true,
    jwtPublicKey: publicKeys(pool),
    jwtVerifyOptions: { algorithms: ['ES256'], audience: null },
    pgSettings: (request) => ({ role: 'graphile_anon', 'request.ip': request.socket.remoteAddress }),
    handleErrors: (errors) => errors.map((error) => ({ message: plainly(error), locations: error.locations, path: error.path })),
    ignoreRBAC: false,
    dynamicJson: true,
    graphiql: false,
    disableQueryLog: true,
    legacyRelations: 'omit',
  })
  const server = createServer(middleware)
  // Longer than proxies keep an idle connection (60 s, mostly), so that none sends a request into one that is being closed.
  server.keepAliveTimeout = 65_000
  await new Promise((resolve, reject) => server.once('error', reject).listen(port, 'localhost', resolve))
  return {
    url: `http://localhost:${server.address().port}/graphql`,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await middleware.release()
      await pool.end()
    },
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await serve({ port: Number(process.env.PORT ?? 5000) })
  console.log(`POST queries to ${url}`)
}
