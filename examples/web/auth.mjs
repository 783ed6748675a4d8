// Every auth step is one SQL call. Nothing here knows how a token is made, checked, rotated or revoked.

// What a client is, as far as it tells.
const clientOf = (request) => [request.ip, request.get('user-agent') ?? null]

export function authentication(pool) {
  const row = async (sql, parameters) => (await pool.query(sql, parameters)).rows[0]

  return {
    // An account and its first session; none if the address is taken.
    signUp: (email, password, request) =>
      row(
        `WITH made AS (INSERT INTO account (email, password_hash) VALUES (lower($1), crypt($2, gen_salt('bf', 10)))
                       ON CONFLICT DO NOTHING RETURNING id)
         SELECT session.*, jwt_auth.refresh_cookie(session.refresh_token, path => '/auth/refresh') AS cookie
         FROM made, jwt_auth.issue_refresh_session(made.id::text, ip => $3, user_agent => $4) AS session`,
        [email, password, ...clientOf(request)],
      ),

    // None if the password or the address is wrong.
    logIn: (email, password, request) =>
      row(
        `SELECT session.*, jwt_auth.refresh_cookie(session.refresh_token, path => '/auth/refresh') AS cookie
         FROM (SELECT id FROM account WHERE email = lower($1) AND password_hash = crypt($2, password_hash) OFFSET 0) AS who,
              jwt_auth.issue_refresh_session(who.id::text, ip => $3, user_agent => $4) AS session`,
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
        await client.query('ROLLBACK')
        throw error
      } finally {
        client.release()
      }
    },
  }
}

// The database's refusals of a token: SQLSTATE class JW.
export const isRefusal = (error) => /^JW0(0\d|1[0-3]|30|40)$/.test(error.code ?? '')
