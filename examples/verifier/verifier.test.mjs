// The verifier over HTTP. PGHOST, PGUSER and PGDATABASE name a database with schema.sql in it.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as oauth from 'oauth4webapi'
import pg from 'pg'
import { serve } from './server.mjs'
import { Verifier } from './verifier.mjs'

const admin = new pg.Client()
let api

const ask = async (sql, values) => (await admin.query(sql, values)).rows[0]
const logIn = (user) => ask('SELECT access_token, refresh_token, session_id FROM jwt_auth.issue_refresh_session($1)', [user])
const resource = async (token, base = api.url) =>
  (await fetch(`${base}/resource`, { headers: token ? { authorization: `Bearer ${token}` } : {} })).status
// How long it takes until the token is refused; fails after five seconds.
async function refusedAfter(token, base = api.url) {
  const start = Date.now()
  while (Date.now() - start < 5000) {
    if ((await resource(token, base)) === 401) return Date.now() - start
    await sleep(5)
  }
  assert.fail('the token is still accepted')
}

before(async () => {
  await admin.connect()
  api = await serve({ port: 0, pollEvery: 60000 })
})
after(async () => {
  await api.close()
  await admin.end()
})

test('a good token, and none', async () => {
  const { access_token } = await logIn('ann')
  assert.equal(await resource(access_token), 200)
  assert.equal(await resource(), 401)
  assert.equal(await resource('x.y.z'), 401)
})

test('each kind of revocation is heard within a second of its commit', async (t) => {
  const kinds = {
    session: async () => {
      const { access_token, session_id } = await logIn('ann')
      return [access_token, () => ask('SELECT jwt_auth.revoke_refresh_session($1)', [session_id])]
    },
    'log-out': async () => {
      const { access_token, refresh_token } = await logIn('ann')
      return [access_token, () => ask('SELECT jwt_auth.revoke_refresh_token($1)', [refresh_token])]
    },
    user: async () => [(await logIn('ben')).access_token, () => ask("SELECT jwt_auth.revoke_user_tokens('ben')")],
    token: async () => {
      const { access_token } = await logIn('cas')
      return [access_token, () => ask('SELECT jwt_auth.deny_token($1)', [access_token])]
    },
    'token without jti': async () => {
      const { token } = await ask(`SELECT jwt_auth.jwt_sign('{"sub": "cas"}') AS token`)
      return [token, () => ask('SELECT jwt_auth.deny_token($1)', [token])]
    },
    key: async () => {
      const { key_id, api_key } = await ask("SELECT * FROM jwt_auth.create_api_key('dan', 'x')")
      const { access_token } = await ask('SELECT access_token FROM jwt_auth.exchange_api_key($1)', [api_key])
      return [access_token, () => ask('SELECT jwt_auth.revoke_api_key($1)', [key_id])]
    },
    everybody: async () => [(await logIn('eva')).access_token, () => ask('SELECT jwt_auth.revoke_all_tokens()')],
  }
  for (const [kind, prepare] of Object.entries(kinds)) {
    const [token, revoke] = await prepare()
    const other = await logIn('other')
    assert.equal(await resource(token), 200, kind)
    await revoke()
    const milliseconds = await refusedAfter(token)
    t.diagnostic(`${kind}: refused ${milliseconds} ms after the commit`)
    assert.ok(milliseconds < 1000, `${kind}: ${milliseconds} ms`)
    if (kind !== 'everybody') assert.equal(await resource(other.access_token), 200, 'somebody else goes on')
  }
})

test('a revocation that commits late is heard all the same', async () => {
  const late = await logIn('fay')
  const early = await logIn('gus')
  const slow = new pg.Client()
  await slow.connect()
  await slow.query('BEGIN')
  await slow.query('SELECT jwt_auth.revoke_refresh_session($1)', [late.session_id])
  await ask('SELECT jwt_auth.revoke_refresh_session($1)', [early.session_id])
  await refusedAfter(early.access_token)
  assert.equal(await resource(late.access_token), 200)
  await slow.query('COMMIT')
  assert.ok((await refusedAfter(late.access_token)) < 1000)
  await slow.end()
})

test('a notification that is missed is made up for by asking', async () => {
  const quick = await serve({ port: 0, pollEvery: 300, channel: 'nobody_rings_here' })
  const { access_token, session_id } = await logIn('hal')
  assert.equal(await resource(access_token, quick.url), 200)
  await ask('SELECT jwt_auth.revoke_refresh_session($1)', [session_id])
  assert.ok((await refusedAfter(access_token, quick.url)) < 2000)
  await quick.close()
})

test('what was revoked while the connection was down, or before the verifier started, is known', async () => {
  const { access_token, session_id } = await logIn('ida')
  const other = await logIn('jon')
  assert.equal(await resource(access_token), 200)
  await ask("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND query ILIKE '%jwks_http%'")
  await ask('SELECT jwt_auth.revoke_refresh_session($1)', [session_id])
  assert.ok((await refusedAfter(access_token)) < 2000)
  assert.equal(await resource(other.access_token), 200)
  const restarted = await serve({ port: 0 })
  assert.equal(await resource(access_token, restarted.url), 401)
  assert.equal(await resource(other.access_token, restarted.url), 200)
  await restarted.close()
})

// A way to the database that can be closed, as a server that is stopped and started again is for its clients.
async function gate() {
  const directory = await mkdtemp(join(tmpdir(), 'verifier.'))
  const [host, port] = [process.env.PGHOST, process.env.PGPORT ?? 5432]
  const there = host?.startsWith('/') ? { path: join(host, `.s.PGSQL.${port}`) } : { host: host ?? 'localhost', port }
  const open = new Set()
  let server
  return {
    connection: { host: directory, port: 5432 },
    async start() {
      server = createServer((client) => {
        const behind = connect(there)
        for (const [one, other] of [[client, behind], [behind, client]]) {
          open.add(one)
          one.on('error', () => {}).on('close', () => (open.delete(one), other.destroy())).pipe(other)
        }
      })
      await new Promise((resolve) => server.listen(join(directory, '.s.PGSQL.5432'), resolve))
    },
    async stop() {
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
    remove: () => rm(directory, { recursive: true }),
  }
}

test('while the server is away the verifier goes on for a while, then refuses; when it is back, it knows what happened', async () => {
  const way = await gate()
  await way.start()
  const verifier = await serve({ port: 0, connection: way.connection, pollEvery: 60000, staleAfter: 3000 })
  const [gone, stays] = [await logIn('oda'), await logIn('pam')]
  // The news is as old as the last look.
  await verifier.verifier.look()
  const looked = Date.now()
  await way.stop()
  for (const { access_token } of [gone, stays]) {
    const status = await resource(access_token, verifier.url)
    assert.ok(status === 200 || Date.now() - looked >= 3000)
  }
  await ask('SELECT jwt_auth.revoke_refresh_session($1)', [gone.session_id])
  await sleep(3000 - (Date.now() - looked))
  for (const { access_token } of [gone, stays]) assert.equal(await resource(access_token, verifier.url), 503)
  await way.start()
  assert.ok((await refusedAfter(gone.access_token, verifier.url)) < 5000)
  assert.equal(await resource(stays.access_token, verifier.url), 200)
  await verifier.close()
  await way.stop()
  await way.remove()
})

test('a server with another history is read from the start', async () => {
  // Stands in for pg_control_system() of a server that took this one's place.
  await admin.query(`DROP SCHEMA IF EXISTS replaced CASCADE; CREATE SCHEMA replaced;
    CREATE TABLE replaced.server AS SELECT 1::bigint AS system_identifier;
    CREATE FUNCTION replaced.pg_control_system() RETURNS SETOF replaced.server LANGUAGE sql AS 'TABLE replaced.server'`)
  const other = await serve({ port: 0, connection: { options: '-c search_path=replaced,pg_catalog' } })
  const { access_token, session_id } = await logIn('qia')
  await ask('SELECT jwt_auth.revoke_all_tokens()')
  const fresh = await logIn('qia')
  await refusedAfter(access_token, other.url)
  assert.equal(await resource(fresh.access_token, other.url), 200)
  // The other server had told of this long ago, at a position that lies before ours.
  await ask(`INSERT INTO jwt_auth.revocation (xact, kind, session_id, until) VALUES ('1', 'session', $1, now() + interval '1 hour')`, [fresh.session_id])
  await other.verifier.look()
  assert.equal(await resource(fresh.access_token, other.url), 200)
  await ask('UPDATE replaced.server SET system_identifier = 2')
  await other.verifier.look()
  assert.equal(await resource(fresh.access_token, other.url), 401)
  await other.close()
  await ask('DROP SCHEMA replaced CASCADE')
  await ask('DELETE FROM jwt_auth.revocation WHERE xact = $1', ['1'])
})

test('a position ahead of the server: the feed is read anew, and what was heard stays', async () => {
  // A server that was restored from a backup: the functions that the verifier asks, with a clock of transactions that can be put back.
  await admin.query('DROP DATABASE IF EXISTS verifier_restored')
  await admin.query('CREATE DATABASE verifier_restored')
  const restored = new pg.Client({ database: 'verifier_restored' })
  await restored.connect()
  await restored.query(`CREATE SCHEMA jwt_auth; CREATE TABLE position (n bigint); INSERT INTO position VALUES (1000); CREATE TABLE asked (after bigint);
    CREATE TABLE told (session_id uuid);
    CREATE FUNCTION jwt_auth.jwks_http() RETURNS TABLE (body text) LANGUAGE sql AS $$ SELECT '{"keys": []}' $$;
    CREATE FUNCTION jwt_auth.revocations(after bigint) RETURNS TABLE ("position" bigint, kind text, session_id uuid, user_id text, not_before timestamptz,
      version bigint, token_id text, until timestamptz) LANGUAGE plpgsql AS $$
    BEGIN
      IF after > (SELECT n FROM public.position) THEN RAISE 'ahead' USING ERRCODE = '22023'; END IF;
      INSERT INTO public.asked VALUES (after);
      RETURN QUERY SELECT n, 'session', t.session_id, NULL, NULL::timestamptz, NULL::bigint, NULL, now() + interval '1 hour' FROM public.position, public.told t;
    END $$;
    INSERT INTO told VALUES (gen_random_uuid())`)
  const verifier = new Verifier({ connection: { database: 'verifier_restored' }, pollEvery: 60000 })
  await verifier.start()
  await restored.query('UPDATE position SET n = 10; UPDATE told SET session_id = gen_random_uuid()')
  await verifier.look()
  const { rows } = await restored.query('SELECT after::int FROM asked')
  assert.deepEqual(rows.map(({ after }) => after), [null, null])
  assert.equal(verifier.known.session, 2)
  await verifier.stop()
  await restored.end()
  await admin.query('DROP DATABASE verifier_restored')
})

test('a key that is newer than the copy is fetched', async () => {
  await ask("SELECT jwt_auth.rotate_signing_key('EdDSA')")
  assert.equal(await resource((await logIn('kay')).access_token), 200)
})

test('on news that is too old nothing is accepted', async () => {
  const deaf = await serve({ port: 0, pollEvery: 60000, staleAfter: 300 })
  const { access_token } = await logIn('lea')
  await sleep(400)
  assert.equal(await resource(access_token, deaf.url), 503)
  await deaf.close()
})

test('oauth4webapi introspects and revokes', async () => {
  const server = { issuer: api.url, introspection_endpoint: `${api.url}/introspect`, revocation_endpoint: `${api.url}/revoke` }
  const client = { client_id: 'gateway' }
  const options = { [oauth.allowInsecureRequests]: true }
  const introspect = async (token) =>
    oauth.processIntrospectionResponse(server, client, await oauth.introspectionRequest(server, client, oauth.None(), token, options))
  const revoke = async (token) => oauth.processRevocationResponse(await oauth.revocationRequest(server, client, oauth.None(), token, options))

  const session = await logIn('mia')
  const answer = await introspect(session.access_token)
  assert.deepEqual([answer.active, answer.sub, answer.token_type, answer.sid], [true, 'mia', 'Bearer', session.session_id])
  assert.equal((await introspect(session.refresh_token)).token_type, 'refresh_token')
  for (const token of ['x', 'a.b.c', '\0', 'x'.repeat(60000), `${session.access_token}x`, 'jwtauth_k1_x']) assert.deepEqual(await introspect(token), { active: false })
  for (const token of ['nobody knows it', '\0']) await revoke(token)
  await revoke(session.access_token)
  assert.deepEqual(await introspect(session.access_token), { active: false })
  assert.equal((await introspect(session.refresh_token)).active, true)
  await revoke(session.refresh_token)
  assert.deepEqual(await introspect(session.refresh_token), { active: false })
})

test('a gateway asks with a sub-request', async () => {
  const { access_token, refresh_token } = await logIn('ned')
  const status = async (token) => (await fetch(`${api.url}/authorize`, { headers: { authorization: `Bearer ${token}` } })).status
  assert.deepEqual([await status(access_token), await status(refresh_token), await status('x')], [204, 401, 401])
})

test('the key set has its ETag and is not sent twice', async () => {
  const first = await fetch(`${api.url}/.well-known/jwks.json`)
  assert.equal(first.headers.get('cache-control'), 'public, max-age=300')
  assert.ok((await first.json()).keys.length > 0)
  const again = await fetch(`${api.url}/.well-known/jwks.json`, { headers: { 'if-none-match': first.headers.get('etag') } })
  assert.equal(again.status, 304)
})
