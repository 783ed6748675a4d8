// What PostgREST sends to the database and makes of the answers, for each version below, over one connection: PostgREST itself is not
// here, this is its side of the contract, after its sources (docs/postgrest.md says which). It reads its configuration, verifies the
// bearer token with what pre_config set, and wraps each request in one transaction: settings, pre-request, the query, the response
// settings.
import * as jose from 'jose'
import pg from 'pg'

// The last release of each major, and the one before the newest, which reads `jwt-role-claim-key` in one way only.
export const VERSIONS = ['12.2.12', '13.0.8', '14.17', '16.1', '16.2']

// Where the versions differ (Config.hs, Config/Database.hs, Auth.hs, Auth/Jwt.hs, Error.hs, MainTx.hs).
function traitsOf(version) {
  const major = parseInt(version)
  return {
    quotesRole: major >= 14, // quote_ident(CURRENT_USER)::regrole
    claimPaths: { 12: 'JSPath', 13: 'JSPath', 14: 'JSPath', 16: version === '16.1' ? 'JSONPath' : 'either' }[major],
    library: major === 12 ? 'hs-jose' : 'jose-jwt',
    emptyBearerIsAnonymous: major === 12,
    claimErrorsHaveOwnCode: major >= 13, // PGRST303
    missingRoleIs401: major >= 13,
    hasProxyStatus: major >= 13,
    repeatsConflicts: major < 16, // 40001, by hasql-transaction, until it succeeds
    hasVerbosity: major >= 16,
    settings: major < 16 ? SETTING_NAMES : [...SETTING_NAMES, 'client_error_verbosity', 'url_use_legacy_target_names'],
  }
}
const SETTING_NAMES = [
  'db_aggregates_enabled', 'db_anon_role', 'db_pre_config', 'db_extra_search_path', 'db_max_rows', 'db_plan_enabled', 'db_pre_request',
  'db_prepared_statements', 'db_root_spec', 'db_schemas', 'db_tx_end', 'db_hoisted_tx_settings', 'jwt_aud', 'jwt_role_claim_key', 'jwt_secret',
  'jwt_secret_is_base64', 'jwt_cache_max_lifetime', 'openapi_mode', 'openapi_security_active', 'openapi_server_proxy_uri',
  'server_cors_allowed_origins', 'server_trace_header', 'server_timing_enabled',
]

const configurationQuery = ({ quotesRole }, preConfig) => `
  WITH role_setting AS (
    SELECT setdatabase AS database, unnest(setconfig) AS setting FROM pg_catalog.pg_db_role_setting
    WHERE setrole = ${quotesRole ? 'quote_ident(CURRENT_USER)' : 'CURRENT_USER'}::regrole::oid
      AND setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = CURRENT_CATALOG))
  ), kv_settings AS (
    SELECT database, substr(setting, 1, strpos(setting, '=') - 1) AS k, substr(setting, strpos(setting, '=') + 1) AS v FROM role_setting
    ${preConfig ? `UNION
    SELECT null AS database, x AS k, current_setting(x, true) AS v FROM unnest($1::text[]) x JOIN ${preConfig}() _ ON TRUE` : ''}
  )
  SELECT DISTINCT ON (key) replace(k, 'pgrst.', '') AS key, v AS value FROM kv_settings
  WHERE k = ANY($1) AND v IS NOT NULL ORDER BY key, database DESC NULLS LAST`

// The steps of `jwt-role-claim-key`: '.a."b-c"[0]' in the notation of its own, '$.a["b-c"][0]' in that of RFC 9535. Filters, which
// both have, are left out.
export function claimPath(text, notations) {
  const own = /^(?:\.(?:[\p{L}\p{N}_$@]+|"[^"]*")|\[\d+\])+$/u
  const standard = /^\$(?:\.[\p{L}_][\p{L}\p{N}_]*|\["[^"]*"\]|\['[^']*'\]|\[\d+\])*$/u
  const is = { JSPath: own.test(text), JSONPath: standard.test(text), either: standard.test(text) || own.test(text) }
  if (!is[notations]) throw new Error(`failed to parse role-claim-key value (${text})`)
  return [...text.replace(/^\$/, '').matchAll(/\.?(?:"([^"]*)"|\["([^"]*)"\]|\['([^']*)'\]|\[(\d+)\]|([^.[\]"']+))/g)].map((step) => step.slice(1).find((part) => part !== undefined))
}
const claimAt = (claims, path) => path.reduce((value, step) => (value !== null && typeof value === 'object' && Object.hasOwn(value, step) ? value[step] : undefined), claims)

// The keys in the text of `jwt-secret`. A set with a member that the version's library can not read is no set to it: all of the text
// is then an HMAC secret (parseSecret in Config.hs). What the library reads and can not verify with is left out.
export function keysOf(text, library) {
  const known = {
    // Crypto.JOSE.JWK: every member must be one that it knows.
    'hs-jose': {
      reads: ({ kty, crv, alg, use }) =>
        ['RSA', 'oct'].includes(kty) || (kty === 'EC' && ['P-256', 'P-384', 'P-521', 'secp256k1'].includes(crv)) ||
        (kty === 'OKP' && ['Ed25519', 'Ed448', 'X25519', 'X448'].includes(crv))
          ? (alg === undefined || /^((HS|RS|PS|ES)(256|384|512)|ES256K|EdDSA)$/.test(alg)) && (use === undefined || ['sig', 'enc'].includes(use))
          : false,
      verifies: () => true,
    },
    // Jose.Jwk: one of a kty or an alg that it does not know is set aside; of those, each must be one that it knows.
    'jose-jwt': {
      reads: ({ kty, crv, alg, use }) =>
        !['RSA', 'oct', 'EC', 'OKP'].includes(kty) || (alg !== undefined && !/^((HS|RS|ES)(256|384|512)|EdDSA)$/.test(alg)) ||
        ((use === undefined || ['sig', 'enc'].includes(use)) && ({ EC: ['P-256', 'P-384', 'P-521'], OKP: ['Ed25519', 'Ed448'] }[kty]?.includes(crv) ?? true)),
      verifies: ({ kty, alg }) => ['RSA', 'oct', 'EC', 'OKP'].includes(kty) && (alg === undefined || /^((HS|RS|ES)(256|384|512)|EdDSA)$/.test(alg)),
    },
  }[library]
  let set
  try {
    set = JSON.parse(text)
  } catch {
    return { secret: text }
  }
  if (!Array.isArray(set?.keys) || !set.keys.every(known.reads)) return { secret: text }
  return { keys: set.keys.filter(known.verifies) }
}

// What the schema cache knows of a function: its arguments, whether POST needs a READ WRITE transaction, whether it answers rows.
const ROUTINES = `
  SELECT p.proname AS name, p.provolatile = 'v' AS writes, p.proretset OR t.typtype = 'c' AS gives_rows,
         coalesce(json_object_agg(a.name, pg_catalog.format_type(a.type, NULL)) FILTER (WHERE a.name IS NOT NULL), '{}') AS arguments
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_type t ON t.oid = p.prorettype
       LEFT JOIN LATERAL unnest(p.proargnames[1:p.pronargs], p.proargtypes::oid[]) AS a (name, type) ON TRUE
  WHERE p.pronamespace = $1::regnamespace GROUP BY p.oid, t.oid`

// The status for a SQLSTATE (Error.hs), the first that fits; one function for all versions but for the exceptions below.
const STATUSES = [
  ['08', 503], ['09', 500], ['0L', 403], ['0P', 403], ['23503', 409], ['23505', 409], ['25006', 405], ['21000', 500], ['25', 500], ['28', 403],
  ['2D', 500], ['38', 500], ['39', 500], ['3B', 500], ['40', 500], ['53400', 500], ['53', 503], ['54', 500], ['55', 500], ['57P01', 503],
  ['57', 500], ['58', 500], ['F0', 500], ['HV', 500], ['P0001', 400], ['P0', 500], ['XX', 500], ['42883', 404], ['42P01', 404], ['42P17', 500],
]
function statusOf({ code, message }, authenticated, { missingRoleIs401 }) {
  if (/^PT/.test(code)) return /^PT\d{3}$/.test(code) ? Number(code.slice(2)) : 500
  if (code === '42501') return authenticated ? 403 : 401
  if (code === '22023' && missingRoleIs401 && /^role.*does not exist$/s.test(message)) return 401
  return STATUSES.find(([prefix]) => code.startsWith(prefix))?.[1] ?? 400
}

// What the client gets for an error of the database. SQLSTATE PGRST says all of it: the body in MESSAGE, status and headers in DETAIL.
function answerTo(error, authenticated, traits) {
  const { code, message, detail = null, hint = null } = error
  if (code !== 'PGRST') {
    const status = statusOf(error, authenticated, traits)
    return { status, headers: status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {}, body: { code, message, details: detail, hint } }
  }
  const isText = (value) => typeof value === 'string'
  try {
    const [body, answer] = [JSON.parse(message), JSON.parse(detail)]
    const fits = isText(body.code) && isText(body.message) && [body.details ?? '', body.hint ?? ''].every(isText) &&
      Number.isInteger(answer.status) && Object.values(answer.headers).every(isText)
    if (!fits) throw new Error('not so')
    return { status: answer.status, headers: { ...answer.headers }, body: { code: body.code, message: body.message, details: body.details ?? null, hint: body.hint ?? null } }
  } catch {
    return { status: 500, headers: {}, body: { code: 'PGRST121', message: 'Could not parse JSON in the "RAISE SQLSTATE \'PGRST\'" error', details: null, hint: null } }
  }
}

export class PostgREST {
  constructor(connection, options = {}) {
    this.client = new pg.Client(connection)
    this.version = options.version ?? VERSIONS.at(-1)
    this.traits = traitsOf(this.version)
    this.schema = options.schema ?? 'api'
    this.anonRole = options.anonRole ?? 'anon'
    // Null: none is configured. jwtSecret stands in the file, where pre-config and the role's settings take its place.
    this.preRequest = options.preRequest === undefined ? '"jwt_auth"."pre_request"' : options.preRequest
    this.preConfig = options.preConfig === undefined ? '"jwt_auth"."pre_config"' : options.preConfig
    this.jwtSecret = options.jwtSecret
    this.checkTokens = options.checkTokens ?? true
    this.roleClaim = claimPath(options.roleClaimKey ?? (this.traits.claimPaths === 'JSPath' ? '.role' : '$.role'), this.traits.claimPaths)
    this.verbosity = options.verbosity ?? 'verbose'
  }

  async start() {
    await this.client.connect()
    // As its connections call themselves (Config.hs, addFallbackAppName).
    await this.client.query("SELECT set_config('application_name', $1, false)", [`PostgREST ${this.version}`])
    await this.reloadConfiguration()
  }
  stop() {
    return this.client.end()
  }

  async reloadConfiguration() {
    await this.client.query('BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY')
    const { rows } = await this.client.query(configurationQuery(this.traits, this.preConfig), [this.traits.settings.map((name) => `pgrst.${name}`)])
    await this.client.query('COMMIT')
    this.configuration = { jwt_secret: this.jwtSecret, ...Object.fromEntries(rows.map(({ key, value }) => [key, value])) }
    const routines = await this.client.query(ROUTINES, [`"${this.schema}"`])
    this.routines = new Map(routines.rows.map((routine) => [routine.name, routine]))
  }

  // The error as its client gets it.
  failure({ status, headers, body }) {
    const { code, message } = body
    return {
      status,
      headers: {
        ...(this.traits.hasProxyStatus ? { 'Proxy-Status': `PostgREST; error=${code}` } : {}),
        ...(status === 503 ? { 'Retry-After': '0' } : {}),
        ...headers,
      },
      body: this.traits.hasVerbosity && this.verbosity === 'minimal' ? { code, message } : body,
    }
  }

  // PostgREST's own look at the token: signature, times, role. Revocation is nothing it knows of.
  async claimsOf(headers) {
    const [, authorization] = headers.find(([name]) => name === 'authorization') ?? []
    const [, token] = /^bearer(?:\s+(.*))?$/i.exec(authorization ?? '') ?? []
    if (token === undefined || (token === '' && this.traits.emptyBearerIsAnonymous)) return {}
    if (!this.checkTokens) return jose.decodeJwt(token)
    const { keys, secret } = keysOf(this.configuration.jwt_secret, this.traits.library)
    const { alg, kid } = jose.decodeProtectedHeader(token)
    const kty = { HS: 'oct', RS: 'RSA', PS: 'RSA', ES: 'EC', Ed: 'OKP' }[alg.slice(0, 2)]
    const candidates = (keys ?? [{ kty: 'oct', k: jose.base64url.encode(secret) }]).filter((key) =>
      key.kty === kty && (key.alg === undefined || key.alg === alg) && (kid === undefined || key.kid === undefined || key.kid === kid))
    let refusal = new Error('No suitable key or wrong key type')
    for (const key of candidates) {
      try {
        return (await jose.jwtVerify(token, await jose.importJWK(key, alg), { clockTolerance: 30 })).payload
      } catch (error) {
        refusal = error
      }
    }
    throw refusal
  }

  // method and path ('/rpc/name' or '/table'), headers with lower-case names (an object, or a list of pairs where a name comes
  // twice), body for POST; `query` stands for what PostgREST would have made of the path.
  async request({ method = 'GET', path = '/', headers = {}, cookies = {}, body = {}, query }) {
    const list = Array.isArray(headers) ? headers : Object.entries(headers)
    let claims
    try {
      claims = await this.claimsOf(list)
    } catch (error) {
      const ofClaims = this.traits.claimErrorsHaveOwnCode && (error instanceof jose.errors.JWTExpired || error instanceof jose.errors.JWTClaimValidationFailed)
      return this.failure({
        status: 401,
        headers: { 'WWW-Authenticate': `Bearer error="invalid_token", error_description=${JSON.stringify(error.message)}` },
        body: { code: ofClaims ? 'PGRST303' : 'PGRST301', message: error.message, details: null, hint: null },
      })
    }
    const claimed = claimAt(claims, this.roleClaim) ?? this.anonRole
    const role = typeof claimed === 'string' ? claimed : JSON.stringify(claimed)
    const [, name] = /^\/rpc\/(\w+)$/.exec(path) ?? []
    const routine = this.routines.get(name)
    if (name && !(routine && Object.keys(body).every((argument) => argument in routine.arguments)))
      return this.failure({ status: 404, headers: {}, body: { code: 'PGRST202', message: 'no such function in the schema cache', details: null, hint: null } })
    const [text, parameters] = query ?? (routine ? this.call(routine, body) : this.read(path.slice(1)))
    const writes = method !== 'GET' && method !== 'HEAD' && (routine?.writes ?? true)
    for (;;) {
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
        if (this.preRequest) await this.client.query(`select ${this.preRequest}()`)
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
        if (error.code === '40001' && this.traits.repeatsConflicts) continue
        return this.failure(answerTo(error, role !== this.anonRole, this.traits))
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
