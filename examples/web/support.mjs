// What the support does: roles, bans, and acting for a member. The database decides who is of the support (is_support).
export function addSupport(app, as) {
  const support = (request, sql, parameters) => as(request, async (client) => (await client.query(sql, parameters)).rows, { only: 'support' })
  const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

  // A route about one person; 404 where there is none, or none of whom this may be done.
  const about = (path, sql, parametersOf = () => []) =>
    app.post(`/api/people/:id/${path}`, async (request, response) => {
      const known = UUID.test(request.params.id)
      const rows = known ? await support(request, sql, [request.params.id, ...parametersOf(request)]) : []
      response.set('Cache-Control', 'no-store').status(rows.length ? 200 : 404).json(rows[0] ?? { status: 'unknown' })
    })

  app.get('/api/people', async (request, response) => {
    response.json(
      await support(request, `SELECT id, email, role, banned FROM account
                              WHERE id <> jwt_auth.current_user_uuid() ORDER BY email LIMIT 200`),
    )
  })

  // A trigger has the access tokens with the old role refused, and their sessions go on.
  about('support', `SELECT 'ok' AS status FROM set_role($1, 'support')`)
  about('member', `SELECT 'ok' AS status FROM set_role($1, 'member')`)

  // Every session ends at once, and no log-in begins another while it lasts.
  about('ban', `SELECT 'ok' AS status, jwt_auth.lock_user(id, 'banned') AS ended FROM set_banned($1, true) AS id`)
  about('pardon', `SELECT 'ok' AS status, jwt_auth.unlock_user(id) AS ended FROM set_banned($1, false) AS id`)

  // An access token of the member that says who acts. No refresh token: after a quarter of an hour it is over.
  about(
    'act',
    `SELECT session.status, session.access_token AS "accessToken"
     FROM account, jwt_auth.impersonate(id, actor => jwt_auth.current_user_id(), lifetime => '15 minutes', reason => $2) AS session
     WHERE id = $1 AND role = 'member'`,
    (request) => [typeof request.body?.reason === 'string' ? request.body.reason.replaceAll('\0', '').slice(0, 200) : null],
  )
}
