// What the tests share. PGHOST, PGUSER and PGDATABASE name a database with schema.sql in it.
import { request as plainRequest } from 'node:http'
import { request as secureRequest } from 'node:https'
import pg from 'pg'

export const admin = new pg.Client()
export const row = async (sql, ...values) => (await admin.query(sql, values)).rows[0]
export const logIn = (user) => row('SELECT access_token, refresh_token, session_id FROM jwt_auth.issue_refresh_session($1)', user)
export const bearer = (token) => ({ authorization: `Bearer ${token}` })

// A header may be a list, and is then sent more than once: fetch() can't do that.
export function send(url, { method = 'GET', headers = {}, body, ca } = {}) {
  return new Promise((resolve, reject) => {
    const request = (ca ? secureRequest : plainRequest)(url, { method, headers, ca, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk) => (text += chunk))
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text }))
    })
    request.on('error', reject).end(body)
  })
}
