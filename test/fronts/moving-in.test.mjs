// Moving in behind PostgREST: from a shared secret, and from a GoTrue that goes on running. What the old system leaves is made here as it
// makes it: tokens signed with its secret, policies and functions that read PostgREST's settings.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as jose from 'jose'
import pg from 'pg'
import { PostgREST, VERSIONS } from './postgrest.mjs'

const admin = new pg.Client()
const value = async (sql, ...parameters) => Object.values((await admin.query(sql, parameters)).rows[0])[0]
const hmac = (claims, secret, header = {}) => new jose.SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'JWT', ...header }).sign(new TextEncoder().encode(secret))
const now = () => Math.floor(Date.now() / 1000)

async function started(options) {
  const rest = new PostgREST({ user: 'authenticator' }, options)
  await rest.start()
  return rest
}
// The bodies of the rows that a token sees in a table, or the status and the code of its refusal.
async function sees(rest, table, token) {
  const { status, body } = await rest.request({ path: `/${table}`, headers: token ? { authorization: `Bearer ${token}` } : {} })
  return status === 200 ? body.map((row) => row.body) : [status, body.code]
}

before(() => admin.connect())
after(() => admin.end())

for (const version of [VERSIONS.at(-1), '12.2.12'])
  test(`from PostgREST ${version} with a shared secret: nobody is logged out`, async () => {
    const secret = 'reallyreallyreallyreallyverysafe'
    await admin.query(`CREATE TABLE api.todo (owner text, body text);
      INSERT INTO api.todo VALUES ('old-user', 'mine'), ('another', 'theirs');
      ALTER TABLE api.todo ENABLE ROW LEVEL SECURITY;
      CREATE POLICY own ON api.todo USING (owner = current_setting('request.jwt.claims', true)::json ->> 'sub');
      GRANT SELECT ON api.todo TO member;
      CREATE TABLE api.moved AS TABLE api.todo;
      ALTER TABLE api.moved ENABLE ROW LEVEL SECURITY;
      CREATE POLICY own ON api.moved USING (owner = jwt_auth.current_user_id());
      GRANT SELECT ON api.moved TO member`)
    const running = []
    let kid
    try {
      // As they are out there: without iat, one without sub.
      const old = await hmac({ role: 'member', sub: 'old-user', exp: now() + 3600 }, secret)
      const nameless = await hmac({ role: 'member', exp: now() + 3600 }, secret)
      const before = await started({ version, preRequest: null, preConfig: null, jwtSecret: secret })
      running.push(before)
      assert.deepEqual(await sees(before, 'todo', old), ['mine'])

      // There is an active key already, so the secret becomes the active one and makes way in one transaction: no token is signed with it.
      await admin.query('BEGIN')
      kid = await value("SELECT jwt_auth.import_signing_secret(convert_to($1, 'UTF8'), 'HS256', verify_until => now() + interval '1 day')", secret)
      await admin.query("SELECT jwt_auth.rotate_signing_key(), jwt_auth.rotate_signing_key('ES256')")
      await admin.query('COMMIT')
      await admin.query('ALTER ROLE authenticator SET jwt_auth.pre_config_hmac_keys = on')
      const rest = await started({ version })
      running.push(rest)
      const fresh = await value(`SELECT access_token FROM jwt_auth.issue_refresh_session('old-user', claims => '{"role": "member"}')`)
      assert.equal(jose.decodeProtectedHeader(fresh).alg, 'ES256')
      for (const table of ['todo', 'moved']) for (const token of [old, fresh]) assert.deepEqual(await sees(rest, table, token), ['mine'], table)
      assert.deepEqual(await sees(rest, 'moved', nameless), [])
      // Who knows no secret gets nowhere, and the old secret is no key of the tokens that are signed now.
      assert.deepEqual(await sees(rest, 'todo', await hmac({ role: 'member', sub: 'old-user', exp: now() + 3600 }, 'another secret that is long enough')), [401, 'PGRST301'])
      // What can be revoked now could not be before: a token without iat counts as issued before every cutoff.
      await admin.query("SELECT jwt_auth.revoke_user_tokens('old-user', 'stolen laptop')")
      assert.deepEqual(await sees(before, 'todo', old), ['mine'])
      for (const token of [old, fresh]) assert.deepEqual(await sees(rest, 'todo', token), [401, token === old ? 'JW009' : 'JW010'])
      assert.deepEqual(await sees(rest, 'moved', nameless), [])
      // The day is over, and the secret with it.
      await admin.query('SELECT jwt_auth.retire_signing_key($1)', [kid])
      assert.deepEqual(await sees(rest, 'todo', nameless), [401, 'JW007'])
      await admin.query('ALTER ROLE authenticator RESET jwt_auth.pre_config_hmac_keys')
      await rest.reloadConfiguration()
      assert.deepEqual(await sees(rest, 'todo', nameless), [401, 'PGRST301'])
    } finally {
      for (const rest of running) await rest.stop()
      await admin.query('DELETE FROM jwt_auth.signing_key WHERE kid = $1', [kid])
      await admin.query(`DROP TABLE api.todo, api.moved;
        ALTER ROLE authenticator RESET jwt_auth.pre_config_hmac_keys; DELETE FROM jwt_auth.account WHERE user_id = 'old-user'`)
    }
  })

test('from Supabase: 80 policies, their index, both kinds of signatures, the keys that last for years', async () => {
  const [secret, issuer] = ['super-secret-jwt-token-with-at-least-32-characters-long', 'https://project.example/auth/v1']
  const user = '8f0b6c4e-2d7e-4f2a-9d57-3b1f3a7c9e10'
  // The functions as GoTrue leaves them: they believe the settings of the request. 80 policies depend on them.
  const policies = Array.from({ length: 20 }, (_, i) => `
    CREATE POLICY read_${i} ON api.document FOR SELECT TO authenticated USING (owner = (SELECT auth.uid()) AND ${i} >= 0);
    CREATE POLICY make_${i} ON api.document FOR INSERT TO authenticated WITH CHECK (auth.uid() = owner AND auth.role() = 'authenticated' AND ${i} >= 0);
    CREATE POLICY keep_${i} ON api.document FOR UPDATE TO authenticated USING (owner = auth.uid() AND (auth.jwt() ->> 'aal') = 'aal2' AND ${i} >= 0);
    CREATE POLICY drop_${i} ON api.document FOR DELETE TO authenticated USING (owner = auth.uid() AND auth.email() LIKE '%@example.org' AND ${i} >= 0);`)
  await admin.query(`
    CREATE ROLE authenticated NOLOGIN; CREATE ROLE service_role NOLOGIN BYPASSRLS;
    GRANT authenticated, service_role TO authenticator; GRANT USAGE ON SCHEMA api TO authenticated, service_role;
    SELECT jwt_auth.grant_verifier(role::regrole) FROM unnest(ARRAY['authenticated', 'service_role']) AS role;
    CREATE SCHEMA auth; GRANT USAGE ON SCHEMA auth TO anon, authenticated, service_role;
    CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
    CREATE FUNCTION auth.role() RETURNS text LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role' $$;
    CREATE FUNCTION auth.email() RETURNS text LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email' $$;
    CREATE FUNCTION auth.jwt() RETURNS jsonb LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('request.jwt.claims', true), '')::jsonb $$;
    CREATE TABLE api.document (owner uuid NOT NULL, body text); CREATE INDEX document_of_owner ON api.document (owner);
    INSERT INTO api.document SELECT gen_random_uuid(), 'another' FROM generate_series(1, 20000);
    INSERT INTO api.document VALUES ('${user}', 'mine'); ANALYZE api.document;
    ALTER TABLE api.document ENABLE ROW LEVEL SECURITY;
    GRANT SELECT, INSERT, UPDATE, DELETE ON api.document TO authenticated, service_role; GRANT SELECT ON api.document TO anon;
    ${policies.join('')}
    CREATE POLICY open ON api.document FOR SELECT TO anon USING (auth.role() = 'anon' AND auth.jwt() ->> 'role' = 'anon' AND body = 'never')`)
  const running = []
  try {
    // What a GoTrue signs: with its old secret, without a kid; with its new key pair. And the two keys that are in every application.
    const { publicKey, privateKey } = await jose.generateKeyPair('ES256')
    const claims = (more = {}) => ({
      iss: issuer, aud: 'authenticated', sub: user, role: 'authenticated', iat: now(), exp: now() + 3600, email: 'ann@example.org', phone: '',
      app_metadata: { provider: 'email', providers: ['email'] }, user_metadata: {}, aal: 'aal1', amr: [{ method: 'password', timestamp: now() }],
      session_id: '0b4e1c5c-8f43-4a6b-9b55-6d7cf4c5d0aa', is_anonymous: false, ...more,
    })
    const es256 = (payload) => new jose.SignJWT(payload).setProtectedHeader({ alg: 'ES256', kid: 'new', typ: 'JWT' }).sign(privateKey)
    const [old, fresh] = [await hmac(claims(), secret), await es256(claims())]
    const [anonKey, serviceKey] = await Promise.all(['anon', 'service_role'].map((role) => hmac({ role, iss: 'supabase', iat: now(), exp: now() + 315_360_000 }, secret)))
    const oct = { kty: 'oct', alg: 'HS256', k: jose.base64url.encode(secret) }
    const jwks = JSON.stringify({ keys: [{ ...oct, kid: 'legacy' }, { ...(await jose.exportJWK(publicKey)), kid: 'new', alg: 'ES256', use: 'sig' }] })

    // Before: PostgREST has GoTrue's keys in its jwt-secret.
    const before = await started({ preRequest: null, preConfig: null, jwtSecret: jwks })
    running.push(before)
    for (const token of [old, fresh]) assert.deepEqual(await sees(before, 'document', token), ['mine'])
    const defined = () => value("SELECT json_agg(p ORDER BY policyname)::text FROM pg_policies AS p WHERE tablename = 'document'")
    const policiesBefore = await defined()

    // The move: the issuers, the functions, and db-pre-request. jwt-secret stays as it is, and there is no pre_config.
    await admin.query("SELECT jwt_auth.trust_issuer($1, $2, 'authenticated', subjects => 'ours', roles => '{authenticated}')", [issuer, jwks])
    await admin.query("SELECT jwt_auth.trust_issuer('supabase', $1, roles => '{anon,service_role}')", [JSON.stringify({ keys: [oct] })])
    await admin.query((await import('node:fs')).readFileSync(new URL('../../examples/moving-in/supabase.sql', import.meta.url), 'utf8'))
    assert.equal(await defined(), policiesBefore)
    const rest = await started({ preConfig: null, jwtSecret: jwks })
    running.push(rest)
    for (const token of [old, fresh]) assert.deepEqual(await sees(rest, 'document', token), ['mine'])
    const run = async (token, sql, method = 'GET') => {
      const query = [`WITH pgrst_source AS (${sql}) SELECT json_agg(s) AS body, null AS response_headers, null AS response_status FROM pgrst_source s`, []]
      const { status, body } = await rest.request({ method, path: '/document', headers: token ? { authorization: `Bearer ${token}` } : {}, query })
      return status < 300 ? body : body.code
    }
    const who = 'SELECT auth.uid(), auth.role(), auth.email(), auth.jwt() ->> \'aal\' AS aal'
    assert.deepEqual(await run(fresh, who), [{ uid: user, role: 'authenticated', email: 'ann@example.org', aal: 'aal1' }])
    assert.deepEqual(await run(fresh, `INSERT INTO api.document VALUES ('${user}', 'made') RETURNING body`, 'POST'), [{ body: 'made' }])
    assert.deepEqual(await run(fresh, "UPDATE api.document SET body = 'changed' RETURNING body", 'POST'), null)
    assert.deepEqual(await run(await es256(claims({ aal: 'aal2' })), "UPDATE api.document SET body = 'changed' WHERE body = 'made' RETURNING body", 'POST'), [{ body: 'changed' }])
    assert.deepEqual(await run(fresh, "DELETE FROM api.document WHERE body = 'changed' RETURNING body", 'POST'), [{ body: 'changed' }])
    assert.equal(await run(fresh, `INSERT INTO api.document VALUES (gen_random_uuid(), 'not mine') RETURNING body`, 'POST'), '42501')

    // The index serves: one row of 20,001 is read, and none is filtered.
    await rest.client.query('BEGIN')
    await rest.client.query("SELECT set_config('role', 'authenticated', true), set_config('request.headers', $1, true)", [JSON.stringify({ authorization: `Bearer ${fresh}` })])
    await rest.client.query('SELECT jwt_auth.pre_request()')
    const plan = (await rest.client.query('EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT * FROM api.document')).rows.map((row) => row['QUERY PLAN']).join('\n')
    await rest.client.query('ROLLBACK')
    assert.match(plan, /document_of_owner/, plan)
    assert.doesNotMatch(plan, /Seq Scan|Rows Removed/, plan)

    // The keys that last for years: they name no user, and the policies treat them as before.
    assert.deepEqual(await run(anonKey, who), [{ uid: null, role: 'anon', email: null, aal: null }])
    assert.deepEqual(await run(null, who), [{ uid: null, role: 'anon', email: null, aal: null }])
    assert.deepEqual(await sees(rest, 'document', anonKey), [])
    assert.equal((await sees(rest, 'document', serviceKey)).length, 20001)
    // A user's token can not say that it is of the service, and one that a client has made up is none.
    assert.deepEqual(await sees(rest, 'document', await es256(claims({ role: 'service_role' }))), [403, '42501'])
    // A leaked service key is ended, which GoTrue can do only with a new secret for everybody.
    await admin.query('SELECT jwt_auth.deny_token($1)', [serviceKey])
    assert.deepEqual(await sees(rest, 'document', serviceKey), [401, 'JW011'])
    assert.deepEqual(await sees(rest, 'document', anonKey), [])

    // Its users are ours: their tokens are revoked here, whichever way they are signed.
    await new Promise((resolve) => setTimeout(resolve, 1100))
    await admin.query('SELECT jwt_auth.revoke_user_tokens($1::uuid)', [user])
    for (const token of [old, fresh]) assert.deepEqual(await sees(rest, 'document', token), [401, 'JW009'])
    await new Promise((resolve) => setTimeout(resolve, 1100))
    assert.deepEqual(await sees(rest, 'document', await es256(claims())), ['mine'])
  } finally {
    for (const rest of running) await rest.stop()
    await admin.query(`SELECT jwt_auth.distrust_issuer('${issuer}'), jwt_auth.distrust_issuer('supabase'); DROP TABLE api.document; DROP SCHEMA auth CASCADE;
      DELETE FROM jwt_auth.account WHERE user_id = '${user}';
      DROP OWNED BY authenticated, service_role; DROP ROLE authenticated, service_role`)
  }
})
