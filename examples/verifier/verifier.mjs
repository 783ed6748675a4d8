// Verifies access tokens without asking the database: with its public keys, and with what its feed of revocations has told. One
// connection stays open for the notifications; the feed is also asked every `pollEvery` milliseconds, for a notification that was
// missed, and from the start whenever the server may be another one.
import { createHash } from 'node:crypto'
import { createLocalJWKSet, errors, jwtVerify } from 'jose'
import pg from 'pg'

const MICROS = 1000000n
const microsOf = (timestamp) => BigInt(Math.round(Number(timestamp) * 1e6))

// The server, and its timeline: a position means something to these alone.
const EPOCH = `SELECT system_identifier || '/' || CASE WHEN pg_is_in_recovery() THEN 'standby' ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END AS epoch
               FROM pg_control_system()`
const FEED = `SELECT position, kind, session_id, user_id, extract(epoch FROM not_before)::text AS not_before, version, token_id,
                     extract(epoch FROM until)::text AS until
              FROM jwt_auth.revocations($1)`

export class Verifier {
  #options
  #client
  #timer
  #stopped = false
  #rung = false
  #looking = false
  #busy = Promise.resolve()
  #keys
  #epoch
  #position = null
  #readAt = -Infinity
  #forget = { session: new Map(), user: new Map(), token: new Map(), key: new Map(), versionOfUser: new Map(), versionOfSession: new Map() }
  #everybody = -Infinity

  // options: connection (of pg), channel (jwt_auth.revocation_channel), pollEvery and staleAfter in milliseconds, issuer, audience
  constructor(options) {
    this.#options = { channel: 'revocations', pollEvery: 10000, staleAfter: 30000, ...options }
  }

  async start() {
    await this.#connect()
    return this
  }

  async stop() {
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.#busy.catch(() => {})
    await this.#client?.end().catch(() => {})
  }

  async #connect() {
    const client = new pg.Client(this.#options.connection)
    client.on('error', () => this.#reconnect(client))
    client.on('end', () => this.#reconnect(client))
    client.on('notification', () => this.#look())
    await client.connect()
    this.#client = client
    // Listen first: what commits after the first look then rings.
    await client.query(`LISTEN ${client.escapeIdentifier(this.#options.channel)}`)
    await this.#read()
    this.#soon(this.#options.pollEvery)
  }

  #reconnect(client) {
    if (this.#stopped || client !== this.#client) return
    this.#client = undefined
    client.end().catch(() => {})
    const again = () => {
      if (!this.#stopped) this.#connect().catch(() => (this.#timer = setTimeout(again, 200)))
    }
    clearTimeout(this.#timer)
    this.#timer = setTimeout(again, 50)
  }

  #soon(milliseconds) {
    clearTimeout(this.#timer)
    if (!this.#stopped) this.#timer = setTimeout(() => this.#look(), milliseconds)
  }

  // Asks the feed now; done when it has answered.
  async look() {
    this.#look()
    await this.#busy
  }

  // A notification that comes while the feed is being read may be of something that this look does not see: then look again.
  #look() {
    this.#rung = true
    if (this.#looking) return
    this.#looking = true
    const client = this.#client
    const looks = async () => {
      while (this.#rung && !this.#stopped) {
        this.#rung = false
        await this.#read()
      }
    }
    this.#busy = looks()
      .then(() => this.#soon(this.#options.pollEvery))
      .catch(() => client && this.#reconnect(client))
      .finally(() => (this.#looking = false))
  }

  async #read() {
    const startedAt = Date.now()
    const client = this.#client
    const { rows: [{ epoch }] } = await client.query(EPOCH)
    if (epoch !== this.#epoch) {
      this.#position = null
      this.#epoch = epoch
    }
    const { rows } = await client.query(FEED, [this.#position]).catch((error) => {
      if (error.code !== '22023') throw error
      // "Start anew". What was heard before stays: it refuses nothing that is good.
      this.#position = null
      return client.query(FEED, [null])
    })
    for (const row of rows) this.#hear(row)
    if (rows.length > 0) this.#position = rows[0].position
    await this.#readKeys()
    this.#readAt = startedAt
    this.#clean(startedAt / 1000)
  }

  async #readKeys() {
    const { rows: [{ body }] } = await this.#client.query('SELECT body FROM jwt_auth.jwks_http()')
    this.#keys = createLocalJWKSet(JSON.parse(body))
  }

  #hear(row) {
    const until = Number(row.until)
    const put = (map, name, value) => {
      const known = map.get(name)
      if (known === undefined || known.value < value) map.set(name, { value, until: Math.max(until, known?.until ?? 0) })
    }
    switch (row.kind) {
      case 'session': return put(this.#forget.session, row.session_id, true)
      case 'token': return put(this.#forget.token, row.token_id, true)
      case 'key': return put(this.#forget.key, row.token_id, true)
      case 'user': return put(this.#forget.user, row.user_id, microsOf(row.not_before))
      case 'everybody': {
        const cutoff = microsOf(row.not_before)
        if (this.#everybody === -Infinity || cutoff > this.#everybody) this.#everybody = cutoff
        return
      }
      case 'refresh_required':
        return row.session_id
          ? put(this.#forget.versionOfSession, row.session_id, BigInt(row.version))
          : put(this.#forget.versionOfUser, row.user_id, BigInt(row.version))
      default:
        throw new Error(`the feed tells of a "${row.kind}", which this verifier does not know`)
    }
  }

  // Tokens that a row speaks of have run out by then, whatever the clocks differ by within an hour.
  #clean(now) {
    for (const map of Object.values(this.#forget))
      for (const [name, { until }] of map) if (until + 3600 < now) map.delete(name)
  }

  get known() {
    return Object.fromEntries(Object.entries(this.#forget).map(([kind, map]) => [kind, map.size]))
  }

  // The claims of a good token. Throws an error of jose's, or one whose `code` is REVOKED, REFRESH_REQUIRED or STALE: nothing is
  // accepted on news that is older than `staleAfter`.
  async verify(token) {
    if (Date.now() - this.#readAt > this.#options.staleAfter) throw refusal('STALE', 'the feed of revocations was not reached')
    const verify = () => jwtVerify(token, this.#keys, { issuer: this.#options.issuer, audience: this.#options.audience, requiredClaims: ['exp', 'sub'] })
    const { payload, protectedHeader } = await verify().catch(async (error) => {
      // A key that is newer than our copy.
      if (!(error instanceof errors.JWKSNoMatchingKey) || !this.#client) throw error
      await this.#readKeys()
      return verify()
    })
    const kind = (protectedHeader.typ ?? 'JWT').toLowerCase().replace(/^application\//, '')
    if (kind !== 'jwt' && kind !== 'at+jwt') throw refusal('REVOKED', 'not an access token')
    this.#check(payload, token)
    return payload
  }

  #check(claims, token) {
    const issuedAt = BigInt(Math.floor(claims.iat ?? 0)) * MICROS + BigInt(claims.iat_us ?? 0)
    if (issuedAt < this.#everybody) throw refusal('REVOKED', 'every token was revoked')
    const user = this.#forget.user.get(claims.sub)
    if (user && issuedAt < user.value) throw refusal('REVOKED', 'the tokens of this user were revoked')
    if (claims.sid && this.#forget.session.has(claims.sid)) throw refusal('REVOKED', 'the session has ended')
    if (claims.key_id && this.#forget.key.has(claims.key_id)) throw refusal('REVOKED', 'the API key was revoked')
    if (this.#forget.token.has(tokenId(claims, token))) throw refusal('REVOKED', 'the token was denied')
    // Who acts for the user (RFC 8693) was revoked.
    const actor = claims.sid && typeof claims.act?.sub === 'string' ? this.#forget.user.get(claims.act.sub) : undefined
    if (actor && issuedAt < actor.value) throw refusal('REVOKED', 'the tokens of the actor were revoked')
    // A token without a session has no versions, and nothing to refresh.
    const ofUser = claims.sid && this.#forget.versionOfUser.get(claims.sub)
    const ofSession = claims.sid && this.#forget.versionOfSession.get(claims.sid)
    if ((ofUser && BigInt(claims.uv ?? 0) < ofUser.value) || (ofSession && BigInt(claims.sv ?? 0) < ofSession.value))
      throw refusal('REFRESH_REQUIRED', 'refresh first')
  }
}

function refusal(code, message) {
  return Object.assign(new Error(message), { code })
}

// How the feed names one token: its jti, or a hash of what is signed where it has none or a long one.
function tokenId(claims, token) {
  const { jti } = claims
  if (jti !== undefined && Buffer.byteLength(jti) <= 512) return jti
  const named = jti !== undefined ? `\0jti\0${jti}` : `\0input\0${token.slice(0, token.lastIndexOf('.'))}`
  return `sha256:${createHash('sha256').update(named).digest('base64url')}`
}

