// Every auth step is one SQL call. Nothing here knows how a token is made, checked, rotated or revoked.

// What a client is, as far as it tells.
const clientOf = (request) => [request.ip, request.get('user-agent') ?? null]

// A session that is remembered keeps its cookie when the browser is closed; the cookie of any other ends with the browser.
const REMEMBERED = 'remember me'
const WITH_COOKIE = `session.*, jwt_auth.refresh_cookie(session.refresh_token, path => '/auth/refresh', persistent =>
    CASE WHEN session.refresh_token IS NULL THEN false
         ELSE EXISTS (SELECT FROM jwt_auth.user_sessions(session.user_id) AS own
                      WHERE own.session_id = session.session_id AND own.class = '${REMEMBERED}') END) AS cookie`
// A new session also asks the browser to bind it to a key; a browser that knows nothing of it ignores the header. A refresh asks again,
// for it uses up the challenge of a registration that is under way.
const WITH_REGISTRATION = `${WITH_COOKIE}, CASE WHEN session.status = 'ok'
    THEN jwt_auth.device_registration_header(session.session_id, '/auth/bind/' || session.session_id) END AS registration`

export function authentication(pool) {
  const row = async (sql, parameters) => (await pool.query(sql, parameters)).rows[0]
  const open = (account) => (email, password, request, { remember, device }) =>
    row(
      `SELECT ${WITH_REGISTRATION} FROM ${account}($1, $2) AS id,
         jwt_auth.issue_refresh_session(id, ip => $3, user_agent => $4, class => $5, device => $6) AS session`,
      [email, password, ...clientOf(request), remember ? REMEMBERED : null, device],
    )

  return {
    // An account and its first session; none if the address is taken.
    signUp: open('sign_up'),

    // None if the password or the address is wrong. One statement, so log_in's lock is held until the session is there.
    logIn: open('log_in'),

    // Rotates the cookie. A refusal is a status, not an error: an error would undo what the refusal wrote.
    refresh: (refreshToken, request) =>
      row(`SELECT ${WITH_REGISTRATION} FROM jwt_auth.refresh_session($1, ip => $2, user_agent => $3) AS session`, [refreshToken, ...clientOf(request)]),

    // A session in place of one that the transaction has ended.
    issue: async (client, { id, class: name }, request, device) =>
      (
        await client.query(
          `SELECT ${WITH_REGISTRATION} FROM jwt_auth.issue_refresh_session($1::uuid, ip => $2, user_agent => $3, class => $4, device => $5) AS session`,
          [id, ...clientOf(request), name, device],
        )
      ).rows[0],

    forgetCookie: async () => (await row("SELECT jwt_auth.refresh_cookie(NULL, path => '/auth/refresh') AS cookie")).cookie,

    // Whether the database's record has what a notification tells.
    isRecorded: async ({ event, user_id: user, session_id: session = null, at = null }) =>
      (await row('SELECT is_recorded($1, $2, $3, $4) AS recorded', [event, user, session, at])).recorded,

    // Runs `work` in a transaction that acts for the token's user: row-level security and current_user_id() know who it is.
    // recentLogin: how long ago the password may have been given at most. only: 'in person' keeps out who acts for the user,
    // 'support' everybody but the support. scope: what an API key must be for; without one API keys are kept out.
    as: async (accessToken, request, work, { recentLogin = null, only = null, scope = null } = {}) => {
      const client = await pool.connect()
      try {
        await client.query('BEGIN')
        const { rows: [{ key }] } = await client.query(`SELECT jwt_auth.authenticate($1, ip => $2) ? 'key_id' AS key`, [accessToken, request.ip])
        if (key) {
          const { rows: [{ held }] } = await client.query('SELECT jwt_auth.has_scope($1) AS held', [scope])
          if (!held) throw Object.assign(new Error('not for this API key'), { status: 403, says: 'not_allowed' })
        }
        if (only) {
          const { rows } = await client.query(`SELECT jwt_auth.current_actor() IS NULL AS "in person", is_support() AS support`)
          if (!rows[0][only]) throw Object.assign(new Error(`only for: ${only}`), { status: 403, says: 'not_allowed' })
        }
        if (recentLogin) await client.query('SELECT jwt_auth.authenticate($1, ip => $2, max_age => $3)', [accessToken, request.ip, recentLogin])
        const result = await work(client)
        await client.query('COMMIT')
        return result
      } catch (error) {
        // A connection that was lost has rolled back.
        await client.query('ROLLBACK').catch(() => {})
        throw error
      } finally {
        client.release()
      }
    },
  }
}

// The database's refusals of a token: SQLSTATE class JW.
export const isRefusal = (error) => /^JW0(0\d|1[0-68]|30|40)$/.test(error.code ?? '')
// The token is good, and its user must give the password again (RFC 9470).
export const wantsPassword = (error) => error.code === 'JW013'
