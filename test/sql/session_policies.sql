-- Session limits, bindings, users' own policies, the claims function.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
DELETE FROM jwt_auth.signing_key;
SELECT jwt_auth.create_signing_key('HS256') IS NOT NULL AS made;
CREATE TABLE login (name text PRIMARY KEY, refresh_token text, access_token text, session_id uuid, status text, evicted uuid[]);
CREATE FUNCTION login(name text, user_id text, ip inet DEFAULT NULL, fingerprint text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
  WITH i AS (SELECT * FROM jwt_auth.issue_refresh_session(login.user_id, login.ip, NULL, login.fingerprint))
  INSERT INTO login SELECT login.name, refresh_token, access_token, session_id, status, evicted_sessions FROM i RETURNING status
$$;
CREATE FUNCTION refresh(name text, ip inet DEFAULT NULL, fingerprint text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  r jwt_auth.token_response;
BEGIN
  r := jwt_auth.refresh_session((SELECT l.refresh_token FROM login l WHERE l.name = refresh.name), ip, NULL, fingerprint);
  UPDATE login l SET refresh_token = r.refresh_token, access_token = r.access_token WHERE l.name = refresh.name AND r.status = 'ok';
  RETURN r.status;
END $$;
CREATE FUNCTION live(user_id text) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(l.name, ' ' ORDER BY l.name) FROM jwt_auth.user_sessions(live.user_id) s JOIN login l USING (session_id)
$$;

\echo == evict_oldest: five, and the sixth evicts the first, which is named and logged
SELECT login('a' || n, 'alice') FROM generate_series(1, 5) n;
SELECT refresh('a1');
SELECT login('a6', 'alice');
SELECT live('alice');
SELECT evicted = ARRAY[(SELECT session_id FROM login WHERE name = 'a1')] AS first_one FROM login WHERE name = 'a6';
SELECT refresh('a1');
SELECT e.session_id = a1.session_id AS session, e.detail ->> 'policy' AS policy, (e.detail ->> 'by')::uuid = a6.session_id AS by
FROM jwt_auth.auth_event e, login a1, login a6 WHERE e.event = 'evicted' AND a1.name = 'a1' AND a6.name = 'a6';
SELECT alive, event, detail ->> 'policy' AS policy, explanation FROM login, jwt_auth.explain_session(session_id) WHERE name = 'a1';

\echo == evict_idle: the one that was not refreshed for longest
SET jwt_auth.session_limit_policy = 'evict_idle';
SELECT refresh('a2');
SELECT login('a7', 'alice');
SELECT live('alice');

\echo == the laptop in daily use, the forgotten phone, and somebody else who refreshes all the time
SET jwt_auth.max_sessions_per_user = 2;
SELECT policy, kept FROM (VALUES (1, 'evict_oldest'), (2, 'evict_idle')) AS p (n, policy), LATERAL (
  SELECT set_config('jwt_auth.session_limit_policy', policy, false), login('laptop ' || n, 'lea ' || n), login('phone ' || n, 'lea ' || n), refresh('laptop ' || n),
         login('tablet ' || n, 'lea ' || n), live('lea ' || n) AS kept OFFSET 0) AS one ORDER BY n;
SELECT policy, kept FROM (VALUES (3, 'evict_oldest'), (4, 'evict_idle')) AS p (n, policy), LATERAL (
  SELECT set_config('jwt_auth.session_limit_policy', policy, false), login('thief ' || n, 'lea ' || n), login('laptop ' || n, 'lea ' || n), refresh('thief ' || n),
         login('phone ' || n, 'lea ' || n), refresh('thief ' || n), login('tablet ' || n, 'lea ' || n), live('lea ' || n) AS kept OFFSET 0) AS one ORDER BY n;
RESET jwt_auth.max_sessions_per_user;

\echo == reject
SET jwt_auth.session_limit_policy = 'reject';
SELECT status, access_token, refresh_token, session_id, user_id, evicted_sessions FROM jwt_auth.issue_refresh_session('alice', '192.0.2.1');
SELECT live('alice');
SELECT event, ip, detail FROM jwt_auth.auth_event WHERE event = 'limit_reached';

\echo == expired sessions do not count
UPDATE jwt_auth.refresh_session SET idle_ends_at = clock_timestamp() WHERE session_id = (SELECT session_id FROM login WHERE name = 'a4');
SELECT login('a8', 'alice');
SELECT live('alice');
\echo -- whatever they ended by; nor do those of somebody who acts for the user
SET jwt_auth.max_sessions_per_user = 1;
SELECT status FROM jwt_auth.impersonate('zoe', 'agent', '10 minutes');
SELECT login('z1', 'zoe'), login('z2', 'zoe');
UPDATE jwt_auth.refresh_session SET ends_at = clock_timestamp() WHERE session_id = (SELECT session_id FROM login WHERE name = 'z1');
SELECT login('z3', 'zoe'), login('z4', 'zoe');
UPDATE jwt_auth.account SET not_before = clock_timestamp() WHERE user_id = 'zoe';
SELECT login('z5', 'zoe'), login('z6', 'zoe');
RESET jwt_auth.max_sessions_per_user;
RESET jwt_auth.session_limit_policy;

\echo == a lowered limit evicts several at once, a limit of one user overrides, 0 is none
SET jwt_auth.max_sessions_per_user = 2;
SELECT login('a9', 'alice');
SELECT live('alice'), cardinality(evicted) AS evicted FROM login WHERE name = 'a9';
SELECT jwt_auth.set_user_policy('alice', 4);
SELECT login('b1', 'alice'), login('b2', 'alice'), login('b3', 'alice');
SELECT live('alice');
SELECT jwt_auth.set_user_policy('alice', 0);
SELECT count(login('c' || n, 'alice')) FROM generate_series(1, 20) n;
SELECT count(*) FROM jwt_auth.user_sessions('alice');
SELECT jwt_auth.set_user_policy('alice');
SELECT login('d1', 'alice');
SELECT live('alice');
RESET jwt_auth.max_sessions_per_user;
SELECT event, detail FROM jwt_auth.auth_event WHERE event = 'policy_changed' ORDER BY id;

\echo == bad policies
SELECT jwt_auth.set_user_policy(NULL);
SELECT jwt_auth.set_user_policy('');
SELECT jwt_auth.set_user_policy('alice', -1);
SELECT jwt_auth.set_user_policy('alice', 10001);
SELECT jwt_auth.set_user_policy('alice', ip_binding => 'strict');
SELECT jwt_auth.set_user_policy('alice', fingerprint_binding => 'subnet');
SELECT jwt_auth.set_user_policy('alice', fingerprint_binding => '');

\echo == bindings: off, log, subnet, exact, for both families
CREATE FUNCTION try(binding text, bound inet, presented inet) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  i jwt_auth.token_response;
  status text;
BEGIN
  PERFORM set_config('jwt_auth.ip_binding', binding, true);
  i := jwt_auth.issue_refresh_session('bound', bound);
  status := (jwt_auth.refresh_session(i.refresh_token, presented)).status;
  RETURN status || coalesce(' ' || ((jwt_auth.jwt_decode_unverified(i.access_token)).payload ->> 'client_ip'), '') || coalesce(
    (SELECT ' [' || string_agg(event || coalesce(' ' || (detail ->> 'enforced'), ''), ', ' ORDER BY id) || ']' FROM jwt_auth.auth_event WHERE session_id = i.session_id AND event <> 'login'), '');
END $$;
SELECT bound, presented, try('off', bound, presented) AS off, try('log', bound, presented) AS log, try('subnet', bound, presented) AS subnet, try('exact', bound, presented) AS exact
FROM (VALUES ('192.0.2.7'::inet, '192.0.2.7'::inet), ('192.0.2.7', '192.0.2.99'), ('192.0.2.7', '192.0.3.7'), ('192.0.2.7', '::ffff:192.0.2.7'),
  ('::ffff:192.0.2.7', '192.0.2.9'), ('192.0.2.7', '2001:db8::7'), ('2001:db8::7', '2001:db8::ff'), ('2001:db8::7', '2001:db8:0:1::7'),
  ('192.0.2.7', NULL), (NULL, '192.0.2.7'), (NULL, NULL)) v (bound, presented);
SET jwt_auth.ip_binding_prefix_v4 = 16;
SET jwt_auth.ip_binding_prefix_v6 = 48;
SELECT try('subnet', '192.0.2.7', '192.0.3.7'), try('subnet', '192.0.2.7', '192.1.2.7'), try('subnet', '2001:db8::7', '2001:db8:0:1::7');
RESET jwt_auth.ip_binding_prefix_v4;
RESET jwt_auth.ip_binding_prefix_v6;

\echo == what a mismatch writes, and that the session is over
SET jwt_auth.ip_binding = 'exact';
SELECT login('e1', 'erin', '192.0.2.7');
SELECT refresh('e1', '192.0.2.7'), refresh('e1', '198.51.100.1'), refresh('e1', '192.0.2.7');
SELECT event, ip, detail FROM jwt_auth.auth_event WHERE user_id = 'erin' ORDER BY id;
\echo -- the address at log-in binds, not the newest
SET jwt_auth.ip_binding = 'off';
SELECT login('e2', 'erin', '192.0.2.7');
SELECT refresh('e2', '198.51.100.1');
SELECT ip FROM jwt_auth.user_sessions('erin');
SET jwt_auth.ip_binding = 'exact';
SELECT refresh('e2', '192.0.2.7'), refresh('e2', '198.51.100.1');
\echo -- the choice of a user goes before the setting, both ways
SELECT jwt_auth.set_user_policy('erin', ip_binding => 'off');
SELECT login('e3', 'erin', '192.0.2.7');
SELECT refresh('e3', '198.51.100.1');
SET jwt_auth.ip_binding = 'off';
SELECT jwt_auth.set_user_policy('erin', ip_binding => 'exact');
SELECT refresh('e3', '198.51.100.1');
RESET jwt_auth.ip_binding;

\echo == fingerprints
SELECT jwt_auth.set_user_policy('fred', fingerprint_binding => 'exact');
SELECT login('f1', 'fred', NULL, 'laptop'), login('f2', 'fred', NULL, 'laptop'), login('f3', 'fred'), login('f4', 'fred', NULL, 'laptop');
SELECT refresh('f1', NULL, 'laptop'), refresh('f1', NULL, 'phone'), refresh('f2', NULL, NULL), refresh('f3', NULL, 'anything');
SELECT jwt_auth.jwt_verify(access_token) ->> 'client_fp' = rtrim(translate(encode(sha256('laptop'), 'base64'), '+/', '-_'), '=') AS client_fp FROM login WHERE name = 'f4';
SELECT jwt_auth.jwt_verify(access_token) ? 'client_fp' AS unbound FROM login WHERE name = 'f3';
SELECT jwt_auth.set_user_policy('fred', fingerprint_binding => 'log');
SELECT refresh('f4', NULL, 'phone');
SELECT jwt_auth.jwt_verify(access_token) ? 'client_fp' AS under_log FROM login WHERE name = 'f4';
SELECT event, detail FROM jwt_auth.auth_event WHERE user_id = 'fred' AND event = 'fingerprint_mismatch' ORDER BY id;

\echo == fresh claims
CREATE TABLE app_role (user_id text PRIMARY KEY, role text);
INSERT INTO app_role VALUES ('gina', 'member');
CREATE FUNCTION claims(user_id text, session_id uuid, claims jsonb) RETURNS jsonb LANGUAGE sql AS $$
  SELECT claims || jsonb_build_object('role', r.role, 'sid_seen', session_id IS NOT NULL, 'as', current_user, 'sub', 'mallory', 'exp', 99999999999,
    'sid', 'x', 'iat', 1, 'jti', 'x', 'auth_time', 1, 'iss', 'x', 'aud', 'x', 'nbf', 99999999999, 'client_ip', '::1', 'client_fp', 'x')
  FROM public.app_role r WHERE r.user_id = $1
$$;
CREATE ROLE regress_claims;
CREATE ROLE regress_app;
ALTER FUNCTION claims OWNER TO regress_claims;
GRANT SELECT ON app_role TO regress_claims;
SET jwt_auth.claims_function = 'public.claims';
SELECT * FROM jwt_auth.issue_refresh_session('gina', claims => '{"tenant": 7, "role": "guest"}') \gset g_
SELECT jwt_auth.jwt_verify(:'g_access_token') - '{exp,iat,iat_us,jti,sid,auth_time}'::text[] AS claims,
       (jwt_auth.jwt_verify(:'g_access_token') ->> 'exp')::bigint - extract(epoch FROM now())::bigint BETWEEN 1780 AND 1801 AS exp;
UPDATE app_role SET role = 'admin';
SELECT jwt_auth.jwt_verify(r.access_token) - '{exp,iat,iat_us,jti,sid,auth_time}'::text[] AS claims, r.status FROM jwt_auth.refresh_session(:'g_refresh_token') r;
UPDATE app_role SET role = 'owner';
SELECT jwt_auth.jwt_verify(r.access_token) ->> 'role' AS role, r.status FROM jwt_auth.refresh_session(:'g_refresh_token') r;
SELECT claims FROM jwt_auth.session_data WHERE session_id = :'g_session_id';
\echo -- none stored: it is given an empty object
SELECT jwt_auth.jwt_verify(access_token) ->> 'role' AS role FROM jwt_auth.issue_refresh_session('gina');
\echo -- NULL, something else than an object, an error of its own, a missing function, another signature
SELECT status FROM jwt_auth.issue_refresh_session('nobody');
CREATE FUNCTION not_an_object(user_id text, session_id uuid, claims jsonb) RETURNS jsonb LANGUAGE sql AS $$ SELECT '[]'::jsonb $$;
CREATE FUNCTION fails(user_id text, session_id uuid, claims jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$ BEGIN RAISE 'no' USING ERRCODE = 'P0042'; END $$;
CREATE FUNCTION other(user_id text, claims jsonb) RETURNS jsonb LANGUAGE sql AS $$ SELECT '{}'::jsonb $$;
CREATE FUNCTION sets(user_id text, session_id uuid, claims jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('work_mem', '7MB', false), set_config('app.forged', 'yes', false);
  RETURN jsonb_build_object('path', current_setting('search_path'), 'forged', current_setting('app.forged'));
END $$;
CREATE FUNCTION issues(user_id text, session_id uuid, claims jsonb) RETURNS jsonb LANGUAGE sql AS $$ SELECT to_jsonb(jwt_auth.issue_refresh_session('mallory')) $$;
CREATE FUNCTION becomes(user_id text, session_id uuid, claims jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$ BEGIN SET LOCAL ROLE regress_app; RETURN '{}'; END $$;
CREATE FUNCTION authenticates(user_id text, session_id uuid, claims jsonb) RETURNS jsonb LANGUAGE sql AS $$
  SELECT jwt_auth.authenticate(jwt_auth.jwt_sign('{"sub": "mallory"}')) $$;
SET jwt_auth.claims_function = 'public.not_an_object';
SELECT status FROM jwt_auth.issue_refresh_session('gina');
SET jwt_auth.claims_function = 'public.fails';
SELECT status FROM jwt_auth.refresh_session(:'g_refresh_token');
SET jwt_auth.claims_function = 'public.other';
SELECT status FROM jwt_auth.issue_refresh_session('gina');
SET jwt_auth.claims_function = 'nowhere.claims';
SELECT status FROM jwt_auth.issue_refresh_session('gina');
SET jwt_auth.claims_function = 'claims';
SET jwt_auth.claims_function = 'public.issues';
SELECT status FROM jwt_auth.issue_refresh_session('gina');
SET jwt_auth.claims_function = 'public.becomes';
SELECT status FROM jwt_auth.issue_refresh_session('gina');
SET jwt_auth.claims_function = 'public.authenticates';
SELECT status FROM jwt_auth.issue_refresh_session('gina');
\echo -- none of these wrote anything
SELECT count(*) FROM jwt_auth.user_sessions('gina');
SELECT count(*) FROM jwt_auth.user_sessions('nobody');
SELECT generation FROM jwt_auth.refresh_session WHERE session_id = :'g_session_id';
\echo -- settings that it changes are undone, its path is pinned
SET jwt_auth.claims_function = 'public.sets';
SELECT c ->> 'path' AS path, c ->> 'forged' AS forged FROM jwt_auth.issue_refresh_session('gina') i, jwt_auth.jwt_verify(i.access_token) c;
SELECT current_setting('work_mem') AS work_mem, current_setting('app.forged', true) AS forged, current_setting('search_path') AS path;
\echo -- the role of an application needs no rights on the function or its schema
CREATE SCHEMA closed;
GRANT USAGE ON SCHEMA closed TO regress_claims;
CREATE FUNCTION closed.claims(user_id text, session_id uuid, claims jsonb) RETURNS jsonb LANGUAGE sql AS $$ SELECT jsonb_build_object('as', current_user) $$;
ALTER FUNCTION closed.claims OWNER TO regress_claims;
REVOKE ALL ON FUNCTION closed.claims FROM PUBLIC;
SET jwt_auth.claims_function = 'closed.claims';
SELECT jwt_auth.grant_issuer('regress_app');
SET ROLE regress_app;
SELECT jwt_auth.jwt_verify(access_token) ->> 'as' AS ran_as, current_user FROM jwt_auth.issue_refresh_session('gina');
RESET ROLE;
RESET jwt_auth.claims_function;
\echo -- reserved names in given claims are a mistake of the caller
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY '{iss,sub,aud,sid,iat,nbf,exp,jti,auth_time,client_ip,client_fp}'::text[] LOOP
    BEGIN
      PERFORM jwt_auth.issue_refresh_session('gina', claims => jsonb_build_object(name, '1'));
      RAISE NOTICE '% was accepted', name;
    EXCEPTION WHEN invalid_parameter_value THEN
      NULL;
    END;
  END LOOP;
END $$;

DROP TABLE login, app_role;
DROP FUNCTION login, refresh, live, try, not_an_object, fails, other, sets, issues, becomes, authenticates;
DROP FUNCTION claims, closed.claims;
DROP SCHEMA closed;
DELETE FROM jwt_auth.refresh_session;
DELETE FROM jwt_auth.session_data;
DELETE FROM jwt_auth.account;
DELETE FROM jwt_auth.auth_event;
DROP OWNED BY regress_claims, regress_app;
DROP ROLE regress_claims, regress_app;
