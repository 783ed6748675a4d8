-- API keys: made, exchanged, presented themselves, ended; what they may not do; what no key is.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
DELETE FROM jwt_auth.signing_key;
SELECT jwt_auth.create_signing_key('HS256') IS NOT NULL AS made;

SELECT clock_timestamp() AS began \gset

\echo == a key
SELECT * FROM jwt_auth.create_api_key('alice', 'build server', '{orders:read,orders:write}', claims => '{"team": 7}') \gset ci_
SELECT :'ci_api_key' ~ '^jwtauth_k1_[A-Za-z0-9_-]{69}[AQgw]$' AS form;
SELECT k.key_id = :'ci_key_id' AS id, secret_hash = sha256(substr(raw, 17, 32)) AS secret, substr(raw, 1, 16) = uuid_send(k.key_id) AS id_in_key,
       substr(raw, 49) = substr(sha256('jwtauth_k1_'::bytea || substr(raw, 1, 48)), 1, 4) AS checksum,
       right(k.key_id::text, 8) = encode(int4send(k.user_key), 'hex') AS key_of_user, k.user_id, k.name, k.scopes, k.claims, u.last_used_at
FROM jwt_auth.api_key k JOIN jwt_auth.api_key_use u USING (key_id, user_key), jwt_auth.base64url_decode(substr(:'ci_api_key', 12)) AS raw;
SELECT event, user_id, detail ->> 'key_id' = :'ci_key_id' AS key_id, detail ->> 'name' AS name FROM jwt_auth.auth_event WHERE event LIKE 'api%';

\echo == exchanged for an access token
SELECT (r).*, (r).session_id IS NULL AS no_session, (r).refresh_token IS NULL AS no_refresh, (r).refresh_expires_at IS NULL AS no_end
FROM jwt_auth.exchange_api_key(:'ci_api_key') r \gset x_
SELECT :'x_status' AS status, :'x_user_id' AS user_id, :'x_no_session' AS no_session, :'x_no_refresh' AS no_refresh, :'x_no_end' AS no_end;
SELECT c ->> 'sub' AS sub, c ->> 'scope' AS scope, c ->> 'key_id' = :'ci_key_id' AS key_id, c -> 'team' AS team,
       to_timestamp((c ->> 'exp')::numeric) = :'x_access_expires_at' AS exp, c ?| '{sid,auth_time,nbf}' AS of_a_session
FROM jwt_auth.jwt_verify(:'x_access_token') c;
BEGIN;
SELECT jwt_auth.authenticate(:'x_access_token') ->> 'scope' AS scope;
SELECT jwt_auth.current_user_id(), jwt_auth.current_session_id(), jwt_auth.has_scope('orders:read') AS held, jwt_auth.has_scope('orders:write') AS held,
       jwt_auth.has_scope('orders') AS part, jwt_auth.has_scope('orders:read orders:write') AS both, jwt_auth.has_scope('') AS empty, jwt_auth.has_scope(NULL) AS none;
COMMIT;
SELECT jwt_auth.has_scope('orders:read') AS by_nobody;

\echo == presented itself
BEGIN;
SELECT c ->> 'sub' AS sub, c ->> 'scope' AS scope, c -> 'team' AS team, c ? 'exp' AS ends, c ?| '{sid,auth_time,jti}' AS of_a_token
FROM jwt_auth.authenticate(:'ci_api_key') c;
SELECT jwt_auth.current_user_id(), jwt_auth.current_claim('key_id') = :'ci_key_id' AS key_id, jwt_auth.has_scope('orders:read') AS held;
COMMIT;
SELECT jwt_auth.authenticate(:'ci_api_key', max_age => '1 year');
SELECT jwt_auth.authenticate(:'x_access_token', max_age => '1 year');

\echo == a policy by scope, for keys and for people
CREATE TABLE orders (id int, owner text);
INSERT INTO orders VALUES (1, 'alice'), (2, 'bob');
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON orders USING (owner = jwt_auth.current_user_id() AND (jwt_auth.current_claim('key_id') IS NULL OR jwt_auth.has_scope('orders:read')));
CREATE ROLE regress_machine;
GRANT SELECT ON orders TO regress_machine;
SELECT access_token AS person FROM jwt_auth.issue_refresh_session('alice') \gset
SELECT * FROM jwt_auth.create_api_key('alice', 'other', '{invoices:read}') \gset other_
BEGIN;
SET LOCAL ROLE regress_machine;
SELECT count(*) AS nobody FROM orders;
RESET ROLE;
SELECT jwt_auth.authenticate(:'person') ->> 'sub' AS person, jwt_auth.has_scope('orders:read') AS held;
SET LOCAL ROLE regress_machine;
SELECT id FROM orders;
RESET ROLE;
SELECT jwt_auth.authenticate(:'ci_api_key') ->> 'scope' AS scope;
SET LOCAL ROLE regress_machine;
SELECT id FROM orders;
RESET ROLE;
SELECT jwt_auth.authenticate(:'other_api_key') ->> 'scope' AS scope;
SET LOCAL ROLE regress_machine;
SELECT count(*) AS other_scope FROM orders;
RESET ROLE;
\echo == has_scope: once for a statement if it names the scope, and in parallel workers
SELECT jwt_auth.authenticate(:'ci_api_key') ->> 'scope' AS scope;
CREATE TABLE many AS SELECT CASE WHEN n % 2 = 0 THEN 'orders:read' ELSE 'orders:' || n END AS scope FROM generate_series(1, 10000) n;
ALTER TABLE many SET (parallel_workers = 2);
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT count(*) FROM many WHERE jwt_auth.has_scope(scope);
SELECT count(*) FROM many WHERE jwt_auth.has_scope(scope);
SET LOCAL parallel_leader_participation = off;
SELECT count(*) AS in_workers_alone FROM many WHERE jwt_auth.has_scope(scope);
SET LOCAL max_parallel_workers_per_gather = 0;
EXPLAIN (COSTS OFF) SELECT FROM many WHERE scope <> '' AND (jwt_auth.current_claim('key_id') IS NULL OR jwt_auth.has_scope('orders:read'));
ROLLBACK;
DROP TABLE orders;
DROP ROLE regress_machine;

\echo == a key makes no keys
BEGIN;
SELECT jwt_auth.authenticate(:'ci_api_key') IS NOT NULL AS by_key;
SELECT FROM jwt_auth.create_api_key('alice', 'another');
ROLLBACK;
BEGIN;
SELECT jwt_auth.authenticate(:'x_access_token') IS NOT NULL AS by_its_token;
SELECT FROM jwt_auth.create_api_key('bob', 'another');
ROLLBACK;
BEGIN;
SELECT jwt_auth.authenticate(:'person') IS NOT NULL AS by_person;
SELECT key_id IS NOT NULL AS made FROM jwt_auth.create_api_key('alice', 'a third');
ROLLBACK;

\echo == last_used_at, to the hour
SELECT last_used_at >= :'began' AS recent FROM jwt_auth.user_api_keys('alice') WHERE name = 'build server';
UPDATE jwt_auth.api_key_use SET last_used_at = date_trunc('day', now()) - interval '10 years' WHERE key_id = :'ci_key_id';
BEGIN READ ONLY;
SELECT jwt_auth.authenticate(:'ci_api_key') IS NOT NULL AS read_only;
SELECT status FROM jwt_auth.exchange_api_key(:'ci_api_key');
COMMIT;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT jwt_auth.authenticate(:'ci_api_key') IS NOT NULL AS repeatable_read;
COMMIT;
SELECT last_used_at < now() - interval '9 years' AS unchanged FROM jwt_auth.user_api_keys('alice') WHERE name = 'build server';
SELECT jwt_auth.authenticate(:'ci_api_key') IS NOT NULL AS read_committed;
SELECT last_used_at >= :'began' AS noted FROM jwt_auth.user_api_keys('alice') WHERE name = 'build server';
UPDATE jwt_auth.api_key_use SET last_used_at = now() - interval '59 minutes' WHERE key_id = :'ci_key_id';
SELECT status FROM jwt_auth.exchange_api_key(:'ci_api_key');
SELECT last_used_at < now() - interval '58 minutes' AS not_yet FROM jwt_auth.user_api_keys('alice') WHERE name = 'build server';
UPDATE jwt_auth.api_key_use SET last_used_at = now() - interval '61 minutes' WHERE key_id = :'ci_key_id';
SELECT status FROM jwt_auth.exchange_api_key(:'ci_api_key');
SELECT last_used_at >= :'began' AS noted FROM jwt_auth.user_api_keys('alice') WHERE name = 'build server';

\echo == networks
SELECT * FROM jwt_auth.create_api_key('bob', 'office', allowed_from => '{192.0.2.0/24,2001:db8::/32}') \gset office_
SELECT address, (jwt_auth.exchange_api_key(:'office_api_key', address)).status
FROM unnest(ARRAY['192.0.2.7', '::ffff:192.0.2.7', '192.0.3.1', '2001:db8::1', '2001:db9::1', '0.0.0.0', NULL]::inet[]) WITH ORDINALITY AS a (address, n) ORDER BY n;
SELECT access_token AS office_access FROM jwt_auth.exchange_api_key(:'office_api_key', '192.0.2.7') \gset
SELECT jwt_auth.authenticate(:'office_api_key');
SELECT jwt_auth.authenticate(:'office_api_key', '192.0.3.1');
SELECT jwt_auth.authenticate(:'office_api_key', '192.0.2.8') ->> 'sub' AS inside;
SELECT jwt_auth.authenticate(:'office_access');
SELECT jwt_auth.authenticate(:'office_access', '192.0.3.1');
SELECT jwt_auth.authenticate(:'office_access', '192.0.2.8') ->> 'sub' AS inside;

\echo == in a header, as PostgREST passes it on
CREATE ROLE regress_machine;
CREATE ROLE regress_other;
CREATE ROLE regress_authenticator NOINHERIT;
GRANT regress_machine TO regress_authenticator;
SELECT jwt_auth.grant_verifier('regress_authenticator');
SELECT api_key AS role_key FROM jwt_auth.create_api_key('gina', 'with a role', '{orders:read}', claims => '{"role": "regress_machine"}') \gset
SELECT api_key AS other_role_key FROM jwt_auth.create_api_key('gina', 'with a role of others', claims => '{"role": "regress_other"}') \gset
-- Who the request acts for, by what, as which role; or the SQLSTATE.
CREATE FUNCTION request(headers jsonb, claims text DEFAULT '{"role": "regress_authenticator"}') RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('role', 'regress_authenticator', true), set_config('request.headers', headers::text, true), set_config('request.jwt.claims', claims, true);
  PERFORM jwt_auth.pre_request();
  RETURN format('%s by %s as %s', coalesce(jwt_auth.current_user_id(), 'nobody'),
                CASE WHEN jwt_auth.current_claim('key_id') IS NOT NULL THEN 'key' WHEN jwt_auth.current_user_id() IS NOT NULL THEN 'token' ELSE 'nothing' END, current_user);
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE;
END $$;
SELECT jwt_auth.jwt_verify(:'person') AS persons_claims \gset
SELECT request(jsonb_build_object('x-api-key', :'role_key'::text)) AS no_header_is_named;
SET jwt_auth.api_key_header = 'X-Api-Key';
SET SESSION AUTHORIZATION regress_authenticator;
SELECT what, request(headers) FROM (VALUES
  ('a key', jsonb_build_object('x-api-key', :'ci_api_key'::text)), ('with a role', jsonb_build_object('x-api-key', :'role_key'::text)),
  ('with a role of others', jsonb_build_object('x-api-key', :'other_role_key'::text)), ('in another header', jsonb_build_object('x-other', :'role_key'::text)),
  ('another scheme beside it', jsonb_build_object('x-api-key', :'role_key'::text, 'authorization', 'Basic YTpi')),
  ('a bad bearer token beside it', jsonb_build_object('x-api-key', :'role_key'::text, 'authorization', 'Bearer x.y.z')),
  ('empty', '{"x-api-key": ""}'), ('an access token', jsonb_build_object('x-api-key', :'x_access_token'::text)), ('two keys', jsonb_build_object('x-api-key', :'ci_api_key' || ', ' || :'role_key')),
  ('cut', jsonb_build_object('x-api-key', left(:'role_key', -1))), ('huge', jsonb_build_object('x-api-key', repeat('jwtauth_k1_', 300000))),
  ('of the office, from there', jsonb_build_object('x-api-key', :'office_api_key'::text, 'x-forwarded-for', '192.0.2.7')),
  ('of the office, from elsewhere', jsonb_build_object('x-api-key', :'office_api_key'::text, 'x-forwarded-for', '192.0.3.7')),
  ('of the office, from where is not known', jsonb_build_object('x-api-key', :'office_api_key'::text))) AS r (what, headers);
SELECT request(jsonb_build_object('x-api-key', :'role_key'::text, 'authorization', 'Bearer ' || :'person'), :'persons_claims') AS a_bearer_token_beside_it;
\echo == claims that PostgREST has from no token are not believed beside a key
SELECT claims, request(jsonb_build_object('x-api-key', :'role_key'::text), claims)
FROM unnest(ARRAY['', '{}', '{"role": "regress_other"}', '{"sub": "gina"}', '{"sub": "root", "role": "regress_machine"}', '[]', 'x']) AS claims;
RESET SESSION AUTHORIZATION;
SELECT jwt_auth.revoke_own_api_key('gina', key_id) AS revoked, request(jsonb_build_object('x-api-key', :'role_key'::text)) FROM jwt_auth.user_api_keys('gina') WHERE name = 'with a role';
RESET jwt_auth.api_key_header;
DROP FUNCTION request;
DROP OWNED BY regress_authenticator;
DROP ROLE regress_machine, regress_other, regress_authenticator;

\echo == ends: its time, the cutoff of its user, the cutoff for everybody, revocation
SELECT * FROM jwt_auth.create_api_key('carol', 'short', expires_at => clock_timestamp() + interval '1 hour') \gset short_
SELECT access_token AS short_access, access_expires_at <= now() + interval '30 minutes' AS by_ttl FROM jwt_auth.exchange_api_key(:'short_api_key') \gset
SELECT c ? 'exp' AS ends FROM jwt_auth.authenticate(:'short_api_key') c;
UPDATE jwt_auth.api_key SET expires_at = date_trunc('second', clock_timestamp()) + interval '10 minutes' WHERE key_id = :'short_key_id';
SELECT r.access_expires_at = k.expires_at AS not_after_the_key FROM jwt_auth.exchange_api_key(:'short_api_key') r, jwt_auth.api_key k WHERE key_id = :'short_key_id';
UPDATE jwt_auth.api_key SET expires_at = clock_timestamp() WHERE key_id = :'short_key_id';
SELECT status FROM jwt_auth.exchange_api_key(:'short_api_key');
SELECT jwt_auth.authenticate(:'short_api_key');
SELECT jwt_auth.jwt_verify(:'short_access');
SELECT count(*) AS shown FROM jwt_auth.user_api_keys('carol');

SELECT * FROM jwt_auth.create_api_key('dave', 'first') \gset first_
SELECT access_token AS first_access FROM jwt_auth.exchange_api_key(:'first_api_key') \gset
SELECT jwt_auth.revoke_user_tokens('dave');
SELECT status FROM jwt_auth.exchange_api_key(:'first_api_key');
SELECT jwt_auth.authenticate(:'first_api_key');
SELECT jwt_auth.jwt_verify(:'first_access');
SELECT count(*) AS shown FROM jwt_auth.user_api_keys('dave');
SELECT * FROM jwt_auth.create_api_key('dave', 'second') \gset second_
SELECT (r).status, jwt_auth.jwt_verify((r).access_token) ->> 'sub' AS at_once FROM (SELECT jwt_auth.exchange_api_key(:'second_api_key') OFFSET 0) AS x (r);
SELECT jwt_auth.deny_token((r).access_token) AS denied, (r).access_token AS denied_access FROM (SELECT jwt_auth.exchange_api_key(:'second_api_key') OFFSET 0) AS x (r) \gset
SELECT jwt_auth.jwt_verify(:'denied_access');
SELECT jwt_auth.revoke_own_api_key('alice', :'second_key_id') AS of_another, jwt_auth.revoke_own_api_key('dave', :'second_key_id') AS own, jwt_auth.revoke_own_api_key('dave', :'second_key_id') AS again;
SELECT jwt_auth.revoke_api_key(:'ci_key_id') AS revoked, jwt_auth.revoke_api_key(:'ci_key_id') AS again, jwt_auth.revoke_api_key('00000000-0000-0000-0000-000000000000') AS unknown;
SELECT status FROM jwt_auth.exchange_api_key(:'ci_api_key');
SELECT jwt_auth.authenticate(:'ci_api_key');
SELECT jwt_auth.jwt_verify(:'x_access_token');
SELECT jwt_auth.jwt_verify(:'person') ->> 'sub' AS a_log_in_goes_on;
SELECT event, user_id, detail ->> 'name' AS name FROM jwt_auth.auth_event WHERE event = 'api_key_revoked' ORDER BY id;
SELECT count(*) AS without_a_key FROM jwt_auth.api_key_use u LEFT JOIN jwt_auth.api_key k USING (key_id, user_key) WHERE k.key_id IS NULL;
SELECT jwt_auth.revoke_all_tokens();
SELECT status FROM jwt_auth.exchange_api_key(:'office_api_key', '192.0.2.7');
DELETE FROM jwt_auth.cutoff;

\echo == ids of type uuid and bigint are those of their text
SELECT key_id IS NOT NULL AS made FROM jwt_auth.create_api_key('6fa459ea-ee8a-3ca4-894e-db77e160355e'::uuid, 'by uuid');
SELECT key_id IS NOT NULL AS made FROM jwt_auth.create_api_key(42, 'by int');
SELECT key_id IS NOT NULL AS made FROM jwt_auth.create_api_key(-9223372036854775808, 'by bigint');
SELECT name FROM jwt_auth.user_api_keys('6fa459ea-ee8a-3ca4-894e-db77e160355e') UNION ALL SELECT name FROM jwt_auth.user_api_keys('42')
UNION ALL SELECT name FROM jwt_auth.user_api_keys('-9223372036854775808');
SELECT count(*) AS by_uuid FROM jwt_auth.user_api_keys('6fa459ea-ee8a-3ca4-894e-db77e160355e'::uuid);
SELECT key_id AS k42 FROM jwt_auth.user_api_keys(42::smallint) \gset
SELECT jwt_auth.revoke_own_api_key(43, :'k42') AS of_another, jwt_auth.revoke_own_api_key(42, :'k42') AS own;
SELECT jwt_auth.user_api_keys(NULL::uuid);

\echo == arguments
SELECT FROM jwt_auth.create_api_key(NULL, 'x');
SELECT FROM jwt_auth.create_api_key(NULL::bigint, 'x');
SELECT FROM jwt_auth.create_api_key('', 'x');
SELECT FROM jwt_auth.create_api_key('eve', NULL);
SELECT FROM jwt_auth.create_api_key('eve', '');
SELECT FROM jwt_auth.create_api_key('eve', repeat('x', 257));
SELECT FROM jwt_auth.create_api_key('eve', 'x', '{"a b"}');
SELECT FROM jwt_auth.create_api_key('eve', 'x', ARRAY['']);
SELECT FROM jwt_auth.create_api_key('eve', 'x', ARRAY['a"b']);
SELECT FROM jwt_auth.create_api_key('eve', 'x', ARRAY['a\b']);
SELECT FROM jwt_auth.create_api_key('eve', 'x', ARRAY['ä']);
SELECT FROM jwt_auth.create_api_key('eve', 'x', ARRAY[E'a\n']);
SELECT FROM jwt_auth.create_api_key('eve', 'x', ARRAY[NULL]);
SELECT FROM jwt_auth.create_api_key('eve', 'x', ARRAY[repeat('x', 4097)]);
SELECT FROM jwt_auth.create_api_key('eve', 'x', expires_at => now() - interval '1 second');
SELECT FROM jwt_auth.create_api_key('eve', 'x', expires_at => '-infinity');
SELECT FROM jwt_auth.create_api_key('eve', 'x', allowed_from => '{}');
SELECT FROM jwt_auth.create_api_key('eve', 'x', allowed_from => '{NULL}');
SELECT FROM jwt_auth.create_api_key('eve', 'x', allowed_from => ARRAY(SELECT format('10.0.%s.%s/32', i / 256, i % 256)::cidr FROM generate_series(1, 257) i));
SELECT FROM jwt_auth.create_api_key('eve', 'x', claims => '[]');
SELECT FROM jwt_auth.create_api_key('eve', 'x', claims => '{"sub": "root"}');
SELECT FROM jwt_auth.create_api_key('eve', 'x', claims => '{"scope": "admin"}');
SELECT FROM jwt_auth.create_api_key('eve', 'x', claims => '{"key_id": "x"}');
SELECT count(*) AS none FROM jwt_auth.user_api_keys('eve');
SELECT key_id IS NOT NULL AS plain FROM jwt_auth.create_api_key('eve', repeat('x', 256), '{}', 'infinity', '{0.0.0.0/0,::/0}', '{}');
SELECT scopes, expires_at, allowed_from FROM jwt_auth.user_api_keys('eve');
SELECT jwt_auth.revoke_api_key(NULL);
SELECT jwt_auth.revoke_own_api_key('eve', NULL);
SELECT FROM jwt_auth.issue_refresh_session('eve', claims => '{"scope": "admin"}');

\echo -- and claims that no token has room for
SELECT jwt_auth.create_api_key('ann', 'deep', claims => (repeat('{"a":', 150) || '1' || repeat('}', 150))::jsonb);
SELECT jwt_auth.create_api_key('ann', 'large', claims => jsonb_build_object('a', repeat('a', 2000000)));

\echo == what no key is: refused without a look at the tables
SELECT * FROM jwt_auth.create_api_key('frank', 'whole') \gset whole_
SELECT refresh_token AS refresh_token FROM jwt_auth.issue_refresh_session('frank') \gset
CREATE FUNCTION refusal(token text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM jwt_auth.authenticate(token);
  RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE;
END $$;
ALTER TABLE jwt_auth.api_key RENAME TO api_key_away;
SELECT what, (jwt_auth.exchange_api_key(key)).status, refusal(key) FROM (VALUES
  ('cut', left(:'whole_api_key', 80)), ('longer', :'whole_api_key' || 'A'), ('of another version', replace(:'whole_api_key', 'k1', 'k2')),
  ('of another case', upper(:'whole_api_key')), ('mistyped', overlay(:'whole_api_key' placing CASE substr(:'whole_api_key', 41, 1) WHEN 'A' THEN 'B' ELSE 'A' END from 41 for 1)),
  ('a refresh token', :'refresh_token'), ('the prefix', 'jwtauth_k1_'), ('empty', ''), ('huge', repeat('jwtauth_k1_', 100000))) AS k (what, key);
SELECT status FROM jwt_auth.exchange_api_key(NULL);
ALTER TABLE jwt_auth.api_key_away RENAME TO api_key;
SELECT (jwt_auth.exchange_api_key(:'whole_api_key')).status, refusal(:'whole_api_key');
\echo == a log-in is no key and a key is no log-in
SELECT status FROM jwt_auth.refresh_session(:'whole_api_key');
SELECT jwt_auth.revoke_refresh_token(:'whole_api_key') AS ended;
SELECT jwt_auth.revoke_refresh_session(:'whole_key_id') AS ended;
SELECT jwt_auth.jwt_verify(:'whole_api_key');
SELECT session_id AS sid FROM jwt_auth.user_sessions('frank') \gset
SELECT jwt_auth.revoke_api_key(:'sid') AS revoked;
\echo == a key of another secret, of another user
INSERT INTO jwt_auth.api_key (key_id, user_key, user_id, name, secret_hash, created_at) SELECT :'sid', user_key, user_id, 'x', sha256('x'), now() FROM jwt_auth.api_key WHERE key_id = :'whole_key_id';
UPDATE jwt_auth.api_key SET secret_hash = sha256('x') WHERE key_id = :'whole_key_id';
SELECT (jwt_auth.exchange_api_key(:'whole_api_key')).status, refusal(:'whole_api_key');
SELECT jwt_auth.jwt_verify(jwt_auth.jwt_sign(jsonb_build_object('sub', 'mallory', 'key_id', :'whole_key_id')));
SELECT jwt_auth.jwt_verify(jwt_auth.jwt_sign(jsonb_build_object('key_id', :'whole_key_id')));
SELECT jwt_auth.jwt_verify(jwt_auth.jwt_sign(jsonb_build_object('sub', 'frank', 'key_id', :'whole_key_id'))) ->> 'sub' AS of_its_user;
SELECT jwt_auth.jwt_verify(jwt_auth.jwt_sign(jsonb_build_object('sub', 'frank', 'key_id', :'whole_key_id', 'sid', :'whole_key_id')));
SELECT jwt_auth.jwt_verify(jwt_auth.jwt_sign('{"sub": "frank", "key_id": "the third"}')) ->> 'key_id' AS of_somebody_elses_making;

\echo == nothing in a security-restricted operation
CREATE FUNCTION within() RETURNS text LANGUAGE sql AS $$ SELECT (jwt_auth.exchange_api_key('x')).status $$;
CREATE MATERIALIZED VIEW exchanged AS SELECT within();

\echo == many keys of one user
INSERT INTO jwt_auth.api_key (key_id, user_key, user_id, name, secret_hash, created_at)
  SELECT (lpad(to_hex(i), 24, '0') || right(replace(key_id::text, '-', ''), 8))::uuid, user_key, user_id, 'key ' || i, secret_hash, created_at
  FROM jwt_auth.api_key, generate_series(1, 20000) i WHERE key_id = :'whole_key_id';
SELECT count(*) FROM jwt_auth.user_api_keys('frank');

\echo == purge_expired takes the keys that are over, and what is noted of keys that are gone
DELETE FROM jwt_auth.api_key;
DELETE FROM jwt_auth.api_key_use;
SELECT count(api_key) FROM unnest(ARRAY['before everybody''s cutoff', 'good', 'run out', 'before the cutoff', 'after the cutoff', 'gone']) WITH ORDINALITY AS n (name, i),
  jwt_auth.create_api_key(CASE WHEN name LIKE '% the cutoff' THEN 'gina' ELSE 'hugo' END, name, expires_at => CASE name WHEN 'run out' THEN now() + interval '1 day' END) k,
  jwt_auth.exchange_api_key(k.api_key) e;
UPDATE jwt_auth.api_key SET created_at = now() - interval '2 days' WHERE name LIKE 'before everybody%';
UPDATE jwt_auth.api_key SET created_at = now() - interval '1 day' WHERE name <> 'gone' AND NOT name LIKE 'before everybody%';
UPDATE jwt_auth.api_key SET expires_at = now() - interval '1 hour' WHERE name = 'run out';
UPDATE jwt_auth.api_key SET created_at = now() - interval '2 hours' WHERE name = 'after the cutoff';
INSERT INTO jwt_auth.cutoff (not_before) SELECT created_at FROM jwt_auth.api_key WHERE name LIKE 'before everybody%';
SELECT jwt_auth.set_user_policy('gina', 3);
UPDATE jwt_auth.account a SET not_before = created_at FROM jwt_auth.api_key k WHERE a.user_id = 'gina' AND k.name = 'before the cutoff';
-- A cutoff of another issuer's user of the same key and id is none of hers.
INSERT INTO jwt_auth.account (user_key, issuer, user_id, not_before) SELECT user_key, 'partner', user_id, now() FROM jwt_auth.account WHERE user_id = 'gina';
DELETE FROM jwt_auth.api_key WHERE name = 'gone';
SELECT count(*) AS uses, count(k) AS of_keys FROM jwt_auth.api_key_use u LEFT JOIN jwt_auth.api_key k USING (key_id, user_key);
CALL jwt_auth.purge_expired(1);
SELECT user_id, name FROM jwt_auth.api_key ORDER BY name;
SELECT count(*) AS uses, count(k) AS of_keys FROM jwt_auth.api_key_use u LEFT JOIN jwt_auth.api_key k USING (key_id, user_key);
DELETE FROM jwt_auth.cutoff;

\echo == keys of a clock that ran ahead end with each revocation, which their time does not say
CREATE TABLE held AS SELECT owner, k.key_id, k.api_key FROM unnest('{hal,ida,jim,kim}'::text[]) AS owner, jwt_auth.create_api_key(owner, 'ahead') AS k;
CREATE FUNCTION statuses() RETURNS text LANGUAGE sql AS $$ SELECT string_agg(owner || ' ' || (jwt_auth.exchange_api_key(api_key)).status, ', ' ORDER BY owner) FROM held $$;
UPDATE jwt_auth.api_key k SET created_at = now() + interval '10 minutes' FROM held h WHERE h.key_id = k.key_id;
DELETE FROM jwt_auth.auth_event;
DELETE FROM jwt_auth.revocation;
SELECT statuses();
SELECT severity, finding FROM jwt_auth.doctor() WHERE subject = 'clock';
SELECT jwt_auth.revoke_user_tokens('hal') AS sessions;
SELECT statuses();
SELECT jwt_auth.lock_user('ida') AS sessions;
SELECT statuses();
SELECT jwt_auth.unlock_user('ida');
SELECT statuses();
SELECT a.event, a.user_id, a.detail ->> 'name' AS name FROM jwt_auth.auth_event a ORDER BY id;
SELECT kind, user_id FROM jwt_auth.revocations() ORDER BY position;
-- A trigger that keeps one does not keep it secretly.
CREATE FUNCTION keeps() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER keeps BEFORE DELETE ON jwt_auth.api_key FOR EACH ROW EXECUTE FUNCTION keeps();
SELECT jwt_auth.revoke_user_tokens('jim');
DROP TRIGGER keeps ON jwt_auth.api_key;
DROP FUNCTION keeps;
-- For everybody keys are found by their ids, which ascend in time.
UPDATE jwt_auth.api_key SET key_id = overlay(key_id::text placing 'ffffffff' from 1)::uuid WHERE user_id IN ('jim', 'kim');
SELECT jwt_auth.revoke_all_tokens();
SELECT user_id, name FROM jwt_auth.api_key WHERE name = 'ahead' ORDER BY user_id;
SELECT a.event, a.user_id FROM jwt_auth.auth_event a WHERE a.event = 'api_key_revoked' ORDER BY id;
DELETE FROM jwt_auth.cutoff;
DROP TABLE held;
DROP FUNCTION statuses;

DELETE FROM jwt_auth.api_key;
DELETE FROM jwt_auth.api_key_use;
DELETE FROM jwt_auth.account;
DELETE FROM jwt_auth.refresh_session;
DELETE FROM jwt_auth.session_data;
DELETE FROM jwt_auth.denied_token;
DELETE FROM jwt_auth.auth_event;
DELETE FROM jwt_auth.signing_key;
DROP FUNCTION refusal, within;
