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

// What the schema cache knows of a function: its arguments, whether POST needs a READ WRITE transaction, whether it answers rows.
const ROUTINES = `
  SELECT p.proname AS name, p.provolatile = 'v' AS writes, p.proretset OR t.typtype = 'c' AS gives_rows,
         coalesce(json_object_agg(a.name, pg_catalog.format_type(a.type, NULL)) FILTER (WHERE a.name IS NOT NULL), '{}') AS arguments
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_type t ON t.oid = p.prorettype
       LEFT JOIN LATERAL unnest(p.proargnames[1:p.pronargs], p.proargtypes::oid[]) AS a (name, type) ON TRUE
  WHERE p.pronamespace = $1::regnamespace GROUP BY p.oid, t.oid`

// The status for a SQLSTATE: the table of PostgREST's documentation, the first that fits.
const STATUSES = [
  ['08', 503], ['09', 500], ['0L', 403], ['0P', 403], ['23503', 409], ['23505', 409], ['25006', 405], ['25', 500], ['28', 403],
  ['2D', 500], ['38', 500], ['39', 500], ['3B', 500], ['40', 500], ['53400', 500], ['53', 503], ['54', 500], ['55', 500],
  ['57', 500], ['58', 500], ['F0', 500], ['HV', 500], ['P0001', 400], ['P0', 500], ['XX', 500], ['42883', 404], ['42P01', 404],
]
function statusOf(sqlstate, authenticated) {
  if (/^PT/.test(sqlstate)) return /^PT\d{3}$/.test(sqlstate) ? Number(sqlstate.slice(2)) : 500
  if (sqlstate === '42501') return authenticated ? 403 : 401
  return STATUSES.find(([prefix]) => sqlstate.startsWith(prefix))?.[1] ?? 400
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
    const routines = await this.client.query(ROUTINES, [`"${this.schema}"`])
    this.routines = new Map(routines.rows.map((routine) => [routine.name, routine]))
  }

  // PostgREST's own look at the token: signature, exp, role. Revocation is nothing it knows of.
  async claimsOf(headers) {
    const [, authorization] = headers.find(([name]) => name === 'authorization') ?? []
    const [, token] = /^bearer(?:\s+(.*))?$/i.exec(authorization ?? '') ?? []
    if (token === undefined) return {}
    if (!this.checkTokens) return jose.decodeJwt(token)
    const keys = jose.createLocalJWKSet(JSON.parse(this.configuration.jwt_secret))
    return (await jose.jwtVerify(token, keys)).payload
  }

  // method and path ('/rpc/name' or '/table'), headers with lower-case names (an object, or a list of pairs where a name comes
  // twice), body for POST; `query` stands for what PostgREST would have made of the path.
  async request({ method = 'GET', path = '/', headers = {}, cookies = {}, body = {}, query }) {
    const list = Array.isArray(headers) ? headers : Object.entries(headers)
    const failure = (status, code, message) => ({ status, headers: {}, body: { code, message, details: null, hint: null } })
    let claims
    try {
      claims = await this.claimsOf(list)
    } catch (error) {
      return failure(401, 'PGRST301', error.message)
    }
    const role = claims.role ?? this.anonRole
    const [, name] = /^\/rpc\/(\w+)$/.exec(path) ?? []
    const routine = this.routines.get(name)
    if (name && !(routine && Object.keys(body).every((argument) => argument in routine.arguments)))
      return failure(404, 'PGRST202', 'no such function in the schema cache')
    const [text, parameters] = query ?? (routine ? this.call(routine, body) : this.read(path.slice(1)))
    const writes = method !== 'GET' && method !== 'HEAD' && (routine?.writes ?? true)
    try {
      await this.client.query(`BEGIN ISOLATION LEVEL READ COMMITTED ${writes ? 'READ WRITE' : 'READ ONLY'}`)
      await this.client.query({
        name: 'settings',
        text: `select set_config('search_path', $1, true), set_config('role', $2, true), set_config('request.jwt.claims', $3, true),
          set_config('request.method', $4, true), set_config('request.path', $5, true), set_config('request.headers', $6, true),
          set_config('request.cookies', $7, true)`,
        // Of headers of one name the role came from the first, and the last is passed on.
        values: [`"${this.schema}", "public"`, role, JSON.stringify({ ...claims, role }), method, path,
          JSON.stringify(Object.fromEntries(list)), JSON.stringify(cookies)],
      })
      await this.client.query(`select ${this.preRequest}()`)
      const { rows } = await this.client.query(text, parameters)
      await this.client.query('COMMIT')
      const [{ body: answer, response_headers: set, response_status: status }] = rows
      const answered = set ? JSON.parse(set) : []
      if (!Array.isArray(answered) || answered.some((header) => Object.keys(header).length !== 1)) throw new Error('GucHeadersError')
      if (status && !/^\d{3}$/.test(status)) throw new Error('GucStatusError')
      return { status: status ? Number(status) : 200, headers: Object.assign({}, ...answered), body: answer }
    } catch (error) {
      await this.client.query('ROLLBACK')
      if (!(error instanceof pg.DatabaseError)) throw error
      const status = statusOf(error.code, role !== this.anonRole)
      return {
        status,
        headers: status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {},
        body: { code: error.code, message: error.message, details: error.detail ?? null, hint: error.hint ?? null },
      }
    }
  }

  wrap(source, body) {
    return `WITH pgrst_source AS (${source})
      SELECT null::bigint AS total_result_set, pg_catalog.count(_postgrest_t) AS page_total, ${body} AS body,
        nullif(current_setting('response.headers', true), '') AS response_headers,
        nullif(current_setting('response.status', true), '') AS response_status, '' AS response_inserted
      FROM (SELECT * FROM pgrst_source) _postgrest_t`
  }
  read(table) {
    return [this.wrap(`SELECT "${table}".* FROM "${this.schema}"."${table}"`, "coalesce(json_agg(_postgrest_t), '[]')"), []]
  }
  call({ name, gives_rows: givesRows, arguments: types }, body) {
    const names = Object.keys(body)
    const columns = (of) => names.map(of).join(', ')
    const payload = `(SELECT $1::json AS json_data) pgrst_payload,
        LATERAL (SELECT ${columns((argument) => `"${argument}"`)}
                 FROM json_to_record(pgrst_payload.json_data) AS _(${columns((argument) => `"${argument}" ${types[argument]}`)}) LIMIT 1) pgrst_body, LATERAL`
    const list = columns((argument) => `"${argument}" := "pgrst_body"."${argument}"`)
    const source = `SELECT ${givesRows ? 'pgrst_call.*' : 'pgrst_call AS pgrst_scalar'}
      FROM ${names.length ? payload : ''} "${this.schema}"."${name}"(${list}) pgrst_call`
    const answer = givesRows ? "coalesce(json_agg(_postgrest_t), '[]')" : "coalesce(json_agg(_postgrest_t.pgrst_scalar)->0, 'null')"
    return [this.wrap(source, answer), names.length ? [JSON.stringify(body)] : []]
  }
}

// The cookie that a Set-Cookie value sets, and where it is sent.
export function cookieOf(setCookie) {
  const [pair, ...attributes] = setCookie.split('; ')
  const [, name, value] = /^([^=]+)=(.*)$/.exec(pair)
  return { name, value, attributes: Object.fromEntries(attributes.map((attribute) => attribute.split('=').concat(true).slice(0, 2))) }
}
