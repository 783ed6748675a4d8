// API keys: credentials for the user's own programs. Each may read the account and nothing else, for a year.
export const READ_ACCOUNT = 'account:read'

export function addKeys(app, as, recentLogin) {
  app.get('/api/keys', async (request, response) => {
    const { rows } = await as(request, (client) =>
      client.query(`SELECT key_id AS id, name, created_at AS since, expires_at AS until, last_used_at AS "lastUsed"
                    FROM jwt_auth.user_api_keys(jwt_auth.current_user_id()) LIMIT 100`),
    )
    response.json(rows)
  })

  // The key is in this answer alone: the database has its hash. It outlives the session, so the password is asked for.
  app.post('/api/keys', async (request, response) => {
    const name = typeof request.body?.name === 'string' ? request.body.name.trim() : ''
    if (name === '' || Buffer.byteLength(name) > 100 || name.includes('\0')) return response.status(400).json({ status: 'not_acceptable_name' })
    const { rows } = await as(request, (client) =>
      client.query(
        `SELECT key_id AS id, api_key AS key
         FROM jwt_auth.create_api_key(jwt_auth.current_user_id(), $1, scopes => ARRAY[$2], expires_at => now() + interval '1 year')`,
        [name, READ_ACCOUNT],
      ),
      { only: 'in person', recentLogin },
    )
    response.set('Cache-Control', 'no-store').json({ status: 'ok', ...rows[0] })
  })

  app.delete('/api/keys/:id', async (request, response) => {
    const known = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(request.params.id)
    const { rows } = known
      ? await as(request, (client) => client.query('SELECT jwt_auth.revoke_own_api_key(jwt_auth.current_user_id(), $1) AS ended', [request.params.id]),
          { only: 'in person' })
      : { rows: [] }
    response.status(rows[0]?.ended ? 200 : 404).json({ status: rows[0]?.ended ? 'ok' : 'unknown' })
  })
}
