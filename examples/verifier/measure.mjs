// How long a revoked token is still accepted after the commit, and what a look at the feed costs: PGDATABASE=app node measure.mjs
import pg from 'pg'
import { serve } from './server.mjs'

const ROUNDS = 200
const admin = new pg.Client()
await admin.connect()
const { verifier, close } = await serve({ port: 0, pollEvery: 60000 })
const milliseconds = (since) => Number(process.hrtime.bigint() - since) / 1e6
const show = (what, times) => {
  times.sort((a, b) => a - b)
  const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))].toFixed(1)
  console.log(`${what}: median ${at(0.5)} ms, 95 of 100 within ${at(0.95)} ms, the longest ${at(1)} ms`)
}
const accepts = (token) => verifier.verify(token).then(() => true, () => false)

const refusals = []
const looks = []
for (let i = 0; i < ROUNDS; i++) {
  const { rows: [{ token, id }] } = await admin.query(
    `SELECT access_token AS token, session_id AS id FROM jwt_auth.issue_refresh_session('measured ' || $1::text)`, [i])
  if (!(await accepts(token))) throw new Error('a good token is refused')
  await admin.query('SELECT jwt_auth.revoke_refresh_session($1)', [id])
  const committed = process.hrtime.bigint()
  while (await accepts(token)) await new Promise(setImmediate)
  refusals.push(milliseconds(committed))
  const start = process.hrtime.bigint()
  await verifier.look()
  looks.push(milliseconds(start))
}
show('refused after the commit', refusals)
show('a look at the feed', looks)
await close()
await admin.end()
