-- Changes that take effect now, with nobody logged out: require_refresh, set_session_claims, set_session_metadata and the triggers.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
DELETE FROM jwt_auth.signing_key;
DELETE FROM jwt_auth.auth_event;
DELETE FROM jwt_auth.revocation;
SELECT jwt_auth.create_signing_key('HS256') IS NOT NULL AS made;
CREATE TABLE held (name text PRIMARY KEY, access text, refresh text, session_id uuid);
CREATE FUNCTION log_in(name text, user_id text, claims jsonb DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
  WITH i AS (SELECT * FROM jwt_auth.issue_refresh_session(log_in.user_id, claims => log_in.claims))
  INSERT INTO held SELECT log_in.name, access_token, refresh_token, session_id FROM i RETURNING (SELECT status FROM i)
$$;
CREATE FUNCTION refresh(name text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  r jwt_auth.token_response := jwt_auth.refresh_session((SELECT h.refresh FROM held h WHERE h.name = refresh.name));
BEGIN
  UPDATE held h SET access = coalesce(r.access_token, h.access), refresh = coalesce(r.refresh_token, h.refresh) WHERE h.name = refresh.name;
  RETURN r.status;
END $$;
CREATE FUNCTION good(name text) RETURNS text LANGUAGE sql AS $$
  SELECT coalesce(claims ->> 'sub', error_code || ' ' || error_message) FROM held h, jwt_auth.jwt_try_verify(h.access) WHERE h.name = good.name
$$;
-- The versions in a token, as whether it has one.
CREATE FUNCTION versions(name text) RETURNS text LANGUAGE sql AS $$
  SELECT concat_ws(' ', CASE WHEN payload ? 'uv' THEN 'uv' END, CASE WHEN payload ? 'sv' THEN 'sv' END)
  FROM held h, jwt_auth.jwt_decode_unverified(h.access) WHERE h.name = versions.name
$$;

\echo == require_refresh: tokens from before ask for a refresh, the sessions live on
SELECT log_in('a1', 'ann'), log_in('a2', 'ann'), log_in('b1', 'ben');
INSERT INTO held (name, access) SELECT 'signed', jwt_auth.jwt_sign('{"sub": "ann"}');
SELECT versions('a1') AS none;
SELECT jwt_auth.require_refresh('ann', 'role changed') IS NOT NULL AS called;
SELECT good('a1'), good('a2'), good('b1'), good('signed');
SELECT refresh('a1');
SELECT good('a1'), good('a2'), versions('a1'), versions('a2');
SELECT refresh('a1'), good('a1'), versions('a1');
SELECT log_in('a3', 'ann'), good('a3'), versions('a3');
SELECT jwt_auth.require_refresh('ann') IS NOT NULL AS again;
SELECT good('a1'), good('a2'), good('a3'), good('b1');
SELECT refresh('a1'), refresh('a2'), refresh('a3'), good('a1'), good('a2'), good('a3');
\echo -- wherever a token is looked at
SELECT jwt_auth.require_refresh('ann') IS NOT NULL AS again;
SELECT jwt_auth.jwt_verify(access) FROM held WHERE name = 'a1';
SELECT jwt_auth.authenticate(access) FROM held WHERE name = 'a1';
SELECT jwt_auth.introspect(access) FROM held WHERE name = 'a1';
BEGIN;
SELECT set_config('request.headers', json_build_object('authorization', 'Bearer ' || access)::text, true) IS NOT NULL AS set FROM held WHERE name = 'a1';
SELECT jwt_auth.pre_request();
ROLLBACK;
\echo -- a token that is denied, or whose session has ended, is that first
SELECT jwt_auth.deny_token(access) FROM held WHERE name = 'a2';
SELECT jwt_auth.revoke_refresh_session(session_id) FROM held WHERE name = 'a3';
SELECT good('a2'), good('a3');
\echo -- a lost answer that is asked for again has the new version
SELECT r.status AS first, refresh('a1') AS again, good('a1') FROM held h, jwt_auth.refresh_session(h.refresh) r WHERE name = 'a1';
\echo -- versions grow, also if the clock stepped back, and an account that was removed never goes back
UPDATE jwt_auth.account SET version = 9000000000000000000 WHERE user_id = 'ann';
SELECT jwt_auth.require_refresh('ann') IS NOT NULL AS called;
SELECT version FROM jwt_auth.account WHERE user_id = 'ann';
DELETE FROM jwt_auth.account WHERE user_id = 'ben';
SELECT jwt_auth.require_refresh('ben') IS NOT NULL AS called;
SELECT version > extract(epoch FROM now() - interval '1 minute') * 1000000 AS of_the_clock, last_login FROM jwt_auth.account WHERE user_id = 'ben';
SELECT good('b1'), refresh('b1'), good('b1');
\echo -- what rolls back has not happened
BEGIN;
SELECT jwt_auth.require_refresh('ben') IS NOT NULL AS called;
SELECT good('b1') AS in_the_transaction;
ROLLBACK;
SELECT good('b1');

\echo == set_session_claims
SELECT log_in('c1', 'cy', '{"role": "member", "tenant": 7}'), log_in('c2', 'cy');
SELECT jwt_auth.set_session_claims(session_id, '{"role": "admin"}') FROM held WHERE name IN ('c1', 'c2') ORDER BY name;
SELECT good('c1'), good('c2');
SELECT refresh('c1'), refresh('c2'), good('c1'), good('c2'), versions('c1'), versions('c2');
SELECT name, jwt_auth.jwt_verify(access) - '{sub,exp,iat,iat_us,jti,sid,auth_time,sv}'::text[] AS claims FROM held WHERE name IN ('c1', 'c2') ORDER BY name;
SELECT refresh('c1'), jwt_auth.jwt_verify(access) ->> 'role' AS role, versions('c1') FROM held WHERE name = 'c1';
\echo -- claims that no token has room for, beside what it says anyway
SET jwt_auth.max_token_size = '4kB';
SELECT jsonb_build_object('role', 'admin', 'long', repeat('x', 2900)) AS claims \gset
SELECT jwt_auth.set_session_claims(session_id, :'claims') FROM held WHERE name = 'c1';
SELECT jwt_auth.create_api_key('cy', 'k', claims => :'claims');
SELECT jwt_auth.import_session('cy', 'token of another system', now() - interval '1 hour', now() + interval '1 day', claims => :'claims');
-- The longest that is taken has room beside the versions of later tokens, and all digits of their microseconds.
BEGIN;
DO $$
DECLARE
  n integer := 2900;
BEGIN
  LOOP
    BEGIN
      PERFORM jwt_auth.set_session_claims(session_id, jsonb_build_object('l', repeat('x', n))) FROM held WHERE name = 'c2';
      EXIT;
    EXCEPTION WHEN SQLSTATE 'JW040' THEN
      n := n - 1;
    END;
  END LOOP;
END $$;
SELECT refresh('c2');
SELECT jwt_auth.require_refresh('cy') IS NOT NULL AS required;
SELECT refresh('c2');
ROLLBACK;
SELECT refresh('c1');
-- That nothing can be signed says nothing of them.
BEGIN;
DELETE FROM jwt_auth.signing_key;
SELECT jwt_auth.set_session_claims(session_id, :'claims') FROM held WHERE name = 'c1';
ROLLBACK;
RESET jwt_auth.max_token_size;
\echo -- of one session alone, and a lower version than both is refused
SELECT jwt_auth.set_session_claims(session_id, '{}') FROM held WHERE name = 'c1';
SELECT good('c1'), good('c2'), refresh('c1'), good('c1');
SELECT jwt_auth.jwt_verify(access) ? 'role' AS has_role FROM held WHERE name = 'c1';
\echo -- there is no such session, or no longer
SELECT jwt_auth.set_session_claims('00000000-0000-0000-0000-000000000000', '{}');
SELECT log_in('c3', 'cy'), jwt_auth.revoke_refresh_session(session_id) FROM held WHERE name = 'c2';
UPDATE jwt_auth.refresh_session s SET idle_ends_at = now() - interval '1 second' FROM held h WHERE h.name = 'c3' AND s.session_id = h.session_id;
SELECT name, jwt_auth.set_session_claims(session_id, '{}'), jwt_auth.set_session_metadata(session_id, '{}') FROM held WHERE name IN ('c2', 'c3') ORDER BY name;
\echo -- no claims
SELECT jwt_auth.set_session_claims(session_id, NULL) FROM held WHERE name = 'c1';
SELECT jwt_auth.set_session_claims(NULL, '{}');
SELECT jwt_auth.set_session_claims(session_id, '[]') FROM held WHERE name = 'c1';
SELECT jwt_auth.set_session_claims(session_id, 'null') FROM held WHERE name = 'c1';
SELECT claim, jwt_auth.set_session_claims(session_id, jsonb_build_object(claim, 1)) FROM held, unnest(ARRAY['sub']) claim WHERE name = 'c1';
SELECT claim, jwt_auth.set_session_claims(session_id, jsonb_build_object(claim, 1)) FROM held, unnest(ARRAY['uv']) claim WHERE name = 'c1';
SELECT claim, jwt_auth.set_session_claims(session_id, jsonb_build_object(claim, 1)) FROM held, unnest(ARRAY['act']) claim WHERE name = 'c1';
SELECT jwt_auth.set_session_claims(session_id, jsonb_build_object('a', repeat('x', 3000000))) FROM held WHERE name = 'c1';
SELECT good('c1') AS untouched;

\echo == set_session_metadata: no token has it
SELECT log_in('d1', 'dan'), log_in('d2', 'dan', '{"a": 1}');
SELECT jwt_auth.set_session_metadata(session_id, '{"label": "phone"}') FROM held WHERE name IN ('d1', 'd2') ORDER BY name;
SELECT good('d1'), good('d2'), versions('d1');
SELECT h.name, s.metadata FROM held h JOIN jwt_auth.user_sessions('dan') s USING (session_id) ORDER BY name;
SELECT refresh('d2'), jwt_auth.jwt_verify(access) -> 'a' AS claims_stay FROM held WHERE name = 'd2';
SELECT jwt_auth.set_session_metadata(session_id, '{}') FROM held WHERE name = 'd2';
SELECT s.metadata FROM held h JOIN jwt_auth.user_sessions('dan') s USING (session_id) WHERE name = 'd2';
SELECT jwt_auth.set_session_metadata('00000000-0000-0000-0000-000000000000', '{}');
SELECT jwt_auth.set_session_metadata(session_id, '1') FROM held WHERE name = 'd1';
SELECT jwt_auth.set_session_metadata(session_id, NULL) FROM held WHERE name = 'd1';
SELECT jwt_auth.set_session_metadata(NULL, '{}');

\echo == the trigger on the table of roles, and a claims function that reads it
CREATE SCHEMA app;
CREATE TABLE app.role_of (user_id bigint NOT NULL, role text NOT NULL, PRIMARY KEY (user_id, role));
CREATE TRIGGER refresh AFTER INSERT OR UPDATE OR DELETE ON app.role_of FOR EACH ROW EXECUTE FUNCTION jwt_auth.require_refresh_on_change('user_id', 'roles');
CREATE FUNCTION app.claims(user_id text, session_id uuid, claims jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT claims || jsonb_build_object('roles', coalesce((SELECT jsonb_agg(role ORDER BY role) FROM app.role_of r WHERE r.user_id = claims.user_id::bigint), '[]'))
$$;
SET jwt_auth.claims_function = 'app.claims';
SELECT log_in('e1', '1'), log_in('e2', '2');
INSERT INTO app.role_of VALUES (1, 'editor');
SELECT good('e1'), good('e2'), refresh('e1'), good('e1');
SELECT jwt_auth.jwt_verify(access) -> 'roles' AS roles FROM held WHERE name = 'e1';
\echo -- handed to another user: both
UPDATE app.role_of SET user_id = 2;
SELECT good('e1'), good('e2'), refresh('e1'), refresh('e2');
SELECT name, jwt_auth.jwt_verify(access) -> 'roles' AS roles FROM held WHERE name IN ('e1', 'e2') ORDER BY name;
DELETE FROM app.role_of;
SELECT good('e1'), good('e2');
SELECT user_id, detail, count(*) FROM jwt_auth.auth_event WHERE event = 'refresh_required' AND user_id IN ('1', '2') GROUP BY user_id, detail ORDER BY user_id;
RESET jwt_auth.claims_function;
\echo -- an id of no user, and a trigger that is made in another way
CREATE TABLE app.other (id text, role text);
CREATE TRIGGER refresh AFTER INSERT OR UPDATE ON app.other FOR EACH ROW EXECUTE FUNCTION jwt_auth.require_refresh_on_change('id');
INSERT INTO app.other VALUES (NULL, 'a'), ('', 'b'), (repeat('x', 1025), 'c'), ('zoe', 'd');
UPDATE app.other SET role = 'e' WHERE id = 'zoe';
SELECT user_id, count(*) FROM jwt_auth.auth_event WHERE event = 'refresh_required' AND user_id NOT IN ('ann', 'ben', '1', '2') GROUP BY user_id;
CREATE TRIGGER statement AFTER INSERT ON app.other EXECUTE FUNCTION jwt_auth.require_refresh_on_change('id');
INSERT INTO app.other VALUES ('zoe', 'f');
DROP TRIGGER statement ON app.other;
CREATE TRIGGER no_argument AFTER INSERT ON app.other FOR EACH ROW EXECUTE FUNCTION jwt_auth.require_refresh_on_change();
INSERT INTO app.other VALUES ('zoe', 'f');
DROP TRIGGER no_argument ON app.other;
CREATE TRIGGER no_column AFTER INSERT ON app.other FOR EACH ROW EXECUTE FUNCTION jwt_auth.require_refresh_on_change('user');
INSERT INTO app.other VALUES ('zoe', 'f');
SELECT jwt_auth.require_refresh_on_change();
SELECT jwt_auth.revoke_on_change();

\echo == revoke_on_change: with a reason, and the old id of a row that is renamed
CREATE TABLE app.person (id text PRIMARY KEY, disabled boolean NOT NULL DEFAULT false);
CREATE TRIGGER disabled AFTER UPDATE OR DELETE ON app.person FOR EACH ROW EXECUTE FUNCTION jwt_auth.revoke_on_change('id', 'person changed');
INSERT INTO app.person VALUES ('fay'), ('gus'), ('hal');
SELECT log_in('f1', 'fay'), log_in('g1', 'gus'), log_in('h1', 'hal');
UPDATE app.person SET disabled = true WHERE id = 'fay';
UPDATE app.person SET id = 'gustav' WHERE id = 'gus';
DELETE FROM app.person WHERE id = 'hal';
SELECT good('f1'), good('g1'), good('h1');
SELECT user_id, detail FROM jwt_auth.auth_event WHERE event = 'user_revoked' AND session_id IS NULL ORDER BY id;
DROP TRIGGER disabled ON app.person;
CREATE TRIGGER disabled AFTER UPDATE OR DELETE ON app.person FOR EACH ROW EXECUTE FUNCTION jwt_auth.revoke_on_change('id');
UPDATE app.person SET disabled = true WHERE id = 'gustav';
UPDATE app.person SET id = 'gus' WHERE id = 'gustav';
DELETE FROM app.person WHERE id = 'gus';
SELECT user_id, detail FROM jwt_auth.auth_event WHERE event = 'user_revoked' AND session_id IS NULL AND user_id LIKE 'gus%' ORDER BY id OFFSET 1;

\echo == bad input
SELECT jwt_auth.require_refresh(NULL);
SELECT jwt_auth.require_refresh('');
SELECT jwt_auth.require_refresh(repeat('a', 1025));

\echo == what the audit and verifiers are told
SELECT event, session_id IS NOT NULL AS of_session, user_id, detail, count(*) FROM jwt_auth.auth_event
WHERE event IN ('refresh_required', 'claims_changed') AND user_id IN ('ann', 'cy') GROUP BY 1, 2, 3, 4 ORDER BY user_id, detail;
SELECT r.kind, r.user_id, h.name, r.version > 0 AS has_version, r.not_before, count(*) FROM jwt_auth.revocations() r LEFT JOIN held h USING (session_id)
WHERE r.kind = 'refresh_required' AND r.user_id IN ('ann', 'cy') GROUP BY 1, 2, 3, 4, 5 ORDER BY user_id, name;
SELECT r.version = (jwt_auth.jwt_verify(access) ->> 'sv')::bigint AS same FROM held h JOIN jwt_auth.revocations() r USING (session_id)
WHERE h.name = 'c1' ORDER BY r.version DESC LIMIT 1;


\echo == what was added to a session without data goes with it, and no other session of the user is taken for one that has some
SELECT session_id AS one FROM jwt_auth.issue_refresh_session('ina') \gset
SELECT session_id AS two FROM jwt_auth.issue_refresh_session('ina') \gset
SELECT session_id AS three FROM jwt_auth.issue_refresh_session('ina') \gset
SELECT jwt_auth.set_session_metadata(:'one', '{"n": 1}'), jwt_auth.set_session_claims(:'two', '{"n": 2}');
SELECT has_data, version > 0 AS changed FROM jwt_auth.refresh_session WHERE user_id = 'ina' ORDER BY array_position(ARRAY[:'one', :'two', :'three']::uuid[], session_id);
SELECT jwt_auth.revoke_refresh_session(:'one'), jwt_auth.revoke_refresh_session(:'two');
SELECT count(*) FROM jwt_auth.session_data WHERE session_id IN (:'one', :'two');

DROP TABLE held;
DROP FUNCTION log_in, refresh, good, versions;
SET client_min_messages = warning;
DROP SCHEMA app CASCADE;
RESET client_min_messages;
DELETE FROM jwt_auth.signing_key;
DELETE FROM jwt_auth.refresh_session;
DELETE FROM jwt_auth.session_data;
DELETE FROM jwt_auth.denied_token;
DELETE FROM jwt_auth.account;
DELETE FROM jwt_auth.auth_event;
DELETE FROM jwt_auth.revocation;
