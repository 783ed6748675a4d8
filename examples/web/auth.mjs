// Every auth step is one SQL call. Nothing here knows how a token is made, checked, rotated or revoked.

// What a client is, as far as it tells.
const clientOf = (request) => [request.ip, request.get('user-agent') ?? null]

export function authentication(pool) {
  const row = async (sql, parameters) => (await pool.query(sql, parameters)).rows[0]

  return {
    // An account and its first session; none if the address is taken.
    signUp: (email, password, request) =>
      row(
        `SELECT session.*, jwt_auth.refresh_cookie(session.refresh_token, path => '/auth/refresh') AS cookie
         FROM sign_up($1, $2) AS id, jwt_auth.issue_refresh_session(id::text, ip => $3, user_agent => $4) AS session`,
        [email, password, ...clientOf(request)],
      ),

    // None if the password or the address is wrong. One statement, so log_in's lock is held until the session is there.
    logIn: (email, password, request) =>
      row(
        `SELECT session.*, jwt_auth.refresh_cookie(session.refresh_token, path => '/auth/refresh') AS cookie
         FROM log_in($1, $2) AS id, jwt_auth.issue_refresh_session(id::text, ip => $3, user_agent => $4) AS session`,
        [email, password, ...clientOf(request)],
      ),

    // Rotates the cookie. A refusal is a status, not an error: an error would undo what the refusal wrote.
    refresh: (refreshToken, request) =>
      row(
        `SELECT session.*, jwt_auth.refresh_cookie(session.refresh_token, path => '/auth/refresh') AS cookie
         FROM jwt_auth.refresh_session($1, ip => $2, user_agent => $3) AS session`,
        [refreshToken, ...clientOf(request)],
      ),

    forgetCookie: async () => (await row("SELECT jwt_auth.refresh_cookie(NULL, path => '/auth/refresh') AS cookie")).cookie,

    // Whether the database's record has what a notification tells.
    isRecorded: async ({ event, user_id: user, session_id: session = null, at }) =>
      (await row('SELECT is_recorded($1, $2, $3, $4) AS recorded', [event, user, session, at])).recorded,

    // Runs `work` in a transaction that acts for the token's user: row-level security and current_user_id() know who it is.
    as: async (accessToken, request, work, { recentLogin = null } = {}) => {
      const client = await pool.connect()
      try {
        await client.query('BEGIN')
        await client.query('SELECT jwt_auth.authenticate($1, ip => $2, max_age => $3)', [accessToken, request.ip, recentLogin])
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
export const isRefusal = (error) => /^JW0(0\d|1[0-3]|30|40)$/.test(error.code ?? '')
