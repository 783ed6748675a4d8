// What PostgREST (12 to 14) sends to the database, in its order, over one connection: PostgREST itself is not here, this is its
// side of the contract. It reads its configuration, verifies the bearer token's signature with what pre_config set, and wraps
// each request in one transaction: settings, pre-request, the query, the response settings.
import * as jose from 'jose'
import pg from 'pg'

const CONFIGURATION = `
  WITH role_setting AS (
    SELECT setdatabase AS database, unnest(setconfig) AS setting FROM pg_catalog.pg_db_role_setting
    WHERE setrole = CURRENT_USER::regrole::oid
      AND setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = CURRENT_CATALOG))
  ), kv_settings AS (
    SELECT database, substr(setting, 1, strpos(setting, '=') - 1) AS k, substr(setting, strpos(setting, '=') + 1) AS v FROM role_setting
    UNION
    SELECT null AS database, x AS k, current_setting(x, true) AS v FROM unnest($1::text[]) x JOIN "jwt_auth"."pre_config"() _ ON TRUE
  )
  SELECT DISTINCT ON (key) replace(k, 'pgrst.', '') AS key, v AS value FROM kv_settings
  WHERE k = ANY($1) AND v IS NOT NULL ORDER BY key, database DESC NULLS LAST`
const SETTING_NAMES = ['db_anon_role', 'db_pre_request', 'jwt_aud', 'jwt_secret', 'jwt_secret_is_base64'].map((name) => `pgrst.${name}`)

// The status for a SQLSTATE, as PostgREST's documentation gives it.
function statusOf(sqlstate, authenticated) {
  if (/^PT\d{3}$/.test(sqlstate)) return Number(sqlstate.slice(2))
  if (sqlstate === '42501') return authenticated ? 403 : 401
  if (sqlstate === '23505' || sqlstate === '23503') return 409
  if (sqlstate === '25006') return 405
  if (sqlstate === '42883' || sqlstate === '42P01') return 404
  if (sqlstate === 'P0001' || /^(22|23)/.test(sqlstate)) return 400
  if (/^(28|0L|0P)/.test(sqlstate)) return 403
  if (/^(08|53|54|55|57|58|XX)/.test(sqlstate)) return 500
  return 400
}

export class PostgREST {
  constructor(connection, options = {}) {
    this.client = new pg.Client(connection)
    this.schema = options.schema ?? 'api'
    this.anonRole = options.anonRole ?? 'anon'
    this.preRequest = options.preRequest ?? '"jwt_auth"."pre_request"'
    this.checkTokens = options.checkTokens ?? true
  }

  async start() {
    await this.client.connect()
    await this.reloadConfiguration()
  }
  stop() {
    return this.client.end()
  }

  async reloadConfiguration() {
    await this.client.query('BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY')
    const { rows } = await this.client.query(CONFIGURATION, [SETTING_NAMES])
    await this.client.query('COMMIT')
    this.configuration = Object.fromEntries(rows.map(({ key, value }) => [key, value]))
  }

  // PostgREST's own look at the token: signature, exp, role. Revocation is nothing it knows of.
  async claimsOf(headers) {
    const [, token] = /^bearer +(.*)$/i.exec(headers.authorization ?? '') ?? []
    if (token === undefined) return {}
    if (!this.checkTokens) return jose.decodeJwt(token)
    const keys = jose.createLocalJWKSet(JSON.parse(this.configuration.jwt_secret))
    return (await jose.jwtVerify(token, keys)).payload
  }

  // method and path ('/rpc/name' or '/table'), headers with lower-case names, body for POST; `query` stands for what PostgREST
  // would have made of the path.
  async request({ method = 'GET', path = '/', headers = {}, cookies = {}, body, query }) {
    let claims
    try {
      claims = await this.claimsOf(headers)
    } catch (error) {
      return { status: 401, headers: {}, body: { code: 'PGRST301', message: error.message } }
    }
    const authenticated = claims.role !== undefined
    const role = claims.role ?? this.anonRole
    const [text, parameters] = query ?? this.call(path, body)
    try {
      await this.client.query(`BEGIN ISOLATION LEVEL READ COMMITTED ${method === 'GET' ? 'READ ONLY' : 'READ WRITE'}`)
      await this.client.query({
        name: 'settings',
        text: `select set_config('search_path', $1, true), set_config('role', $2, true), set_config('request.jwt.claims', $3, true),
          set_config('request.method', $4, true), set_config('request.path', $5, true), set_config('request.headers', $6, true),
          set_config('request.cookies', $7, true)`,
        values: [`"${this.schema}", "public"`, role, JSON.stringify({ ...claims, role }), method, path, JSON.stringify(headers), JSON.stringify(cookies)],
      })
      await this.client.query(`select ${this.preRequest}()`)
      const { rows } = await this.client.query(text, parameters)
      await this.client.query('COMMIT')
      const [{ body: answer, response_headers: set, response_status: status }] = rows
      const list = set ? JSON.parse(set) : []
      if (!Array.isArray(list) || list.some((header) => Object.keys(header).length !== 1)) throw new Error('GucHeadersError')
      if (status && !/^\d{3}$/.test(status)) throw new Error('GucStatusError')
      return { status: status ? Number(status) : 200, headers: Object.assign({}, ...list), body: answer }
    } catch (error) {
      await this.client.query('ROLLBACK')
      if (!(error instanceof pg.DatabaseError)) throw error
      return {
        status: statusOf(error.code, authenticated),
        headers: {},
        body: { code: error.code, message: error.message, details: error.detail ?? null, hint: error.hint ?? null },
      }
    }
  }

  call(path, body = {}) {
    const wrap = (source, aggregate) => `WITH pgrst_source AS (${source})
      SELECT null::bigint AS total_result_set, pg_catalog.count(_postgrest_t) AS page_total, ${aggregate} AS body,
        nullif(current_setting('response.headers', true), '') AS response_headers,
        nullif(current_setting('response.status', true), '') AS response_status
      FROM (SELECT * FROM pgrst_source) _postgrest_t`
    const rpc = /^\/rpc\/(\w+)$/.exec(path)
    if (!rpc) return [wrap(`SELECT * FROM "${this.schema}"."${path.slice(1)}"`, "coalesce(json_agg(_postgrest_t), '[]')"), []]
    const names = Object.keys(body)
    const list = names.map((name, i) => `"${name}" := $${i + 1}`).join(', ')
    return [wrap(`SELECT * FROM "${this.schema}"."${rpc[1]}"(${list}) pgrst_scalar`, 'json_agg(_postgrest_t)'), names.map((name) => body[name])]
  }
}

// The cookie that a Set-Cookie value sets, and where it is sent.
export function cookieOf(setCookie) {
  const [pair, ...attributes] = setCookie.split('; ')
  const [, name, value] = /^([^=]+)=(.*)$/.exec(pair)
  return { name, value, attributes: Object.fromEntries(attributes.map((attribute) => attribute.split('=').concat(true).slice(0, 2))) }
}
