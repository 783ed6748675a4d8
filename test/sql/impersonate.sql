-- Somebody acts for a user: the token says so, and it ends with either of the two.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
DELETE FROM jwt_auth.signing_key;
DELETE FROM jwt_auth.auth_event;
DELETE FROM jwt_auth.revocation;
SELECT jwt_auth.create_signing_key('HS256') IS NOT NULL AS made;
CREATE TABLE held (name text PRIMARY KEY, access text, session_id uuid);
CREATE FUNCTION impersonate(name text, user_id text, actor text) RETURNS text LANGUAGE sql AS $$
  WITH i AS (SELECT * FROM jwt_auth.impersonate(impersonate.user_id, impersonate.actor, '10 minutes'))
  INSERT INTO held SELECT impersonate.name, access_token, session_id FROM i RETURNING (SELECT status FROM i)
$$;
CREATE FUNCTION good(name text) RETURNS text LANGUAGE sql AS $$
  SELECT coalesce(claims ->> 'sub', error_code || ' ' || error_message) FROM held h, jwt_auth.jwt_try_verify(h.access) WHERE h.name = good.name
$$;

\echo == the answer and the token
SET jwt_auth.max_sessions_per_user = 1;
INSERT INTO held SELECT 'own', access_token, session_id FROM jwt_auth.issue_refresh_session('ann');
CREATE TEMP TABLE answer AS SELECT * FROM jwt_auth.impersonate('ann', 'agent 7', '10 minutes', '{"role": "support"}', 'ticket 4711');
SELECT status, access_expires_at - now() BETWEEN interval '9 minutes' AND interval '10 minutes' AS ten_minutes, refresh_token, refresh_expires_at,
       session_id IS NOT NULL AS has_session, user_id, evicted_sessions FROM answer;
SELECT jwt_auth.jwt_verify(access_token) - '{exp,iat,iat_us,jti,sid}'::text[] AS claims FROM answer;
INSERT INTO held SELECT 'answer', access_token, session_id FROM answer;
\echo -- it counts for nothing: no session was evicted for it, and none is listed
SELECT good('own'), count(*) AS listed FROM jwt_auth.user_sessions('ann');
INSERT INTO held SELECT 'next', access_token, session_id FROM jwt_auth.issue_refresh_session('ann');
SELECT good('own'), good('answer'), good('next');
\echo -- the actor in SQL
BEGIN;
SELECT jwt_auth.authenticate(access_token) ->> 'sub' AS sub FROM answer;
SELECT jwt_auth.current_user_id(), jwt_auth.current_actor(), jwt_auth.current_session_id() = session_id AS same FROM answer;
SELECT jwt_auth.authenticate(access) ->> 'sub' AS sub FROM held WHERE name = 'next';
SELECT jwt_auth.current_user_id(), jwt_auth.current_actor();
COMMIT;
SELECT jwt_auth.current_actor();
BEGIN;
SELECT jwt_auth.authenticate(jwt_auth.jwt_sign('{"sub": "ann", "act": {"sub": "agent 7"}}')) ->> 'sub' AS without_a_session;
SELECT jwt_auth.current_actor();
COMMIT;
\echo -- the user has proven nothing: whoever asks for a recent log-in refuses it
SELECT jwt_auth.authenticate(access, max_age => '1 hour') FROM held WHERE name = 'answer';
SELECT r.status, r.access_token FROM held h, jwt_auth.reauthenticate_session(h.session_id, '{pwd}') r WHERE name = 'answer';

\echo == it ends with revoke_refresh_session
SELECT jwt_auth.revoke_refresh_session(session_id, 'done') FROM held WHERE name = 'answer';
SELECT good('answer'), good('next');

\echo == with every revocation of the user
SELECT impersonate('i1', 'ann', 'agent 7'), good('i1'), jwt_auth.revoke_user_tokens('ann') AS ended, good('i1');
SELECT impersonate('i2', 'ann', 'agent 7'), jwt_auth.revoke_other_sessions('ann', gen_random_uuid()) IS NOT NULL AS revoked, good('i2');
SELECT impersonate('i3', 'ann', 'agent 7'), jwt_auth.lock_user('ann') IS NOT NULL AS locked, good('i3'), impersonate('i4', 'ann', 'agent 7');
SELECT jwt_auth.unlock_user('ann'), good('i3');
\echo -- and of the actor
SELECT impersonate('a1', 'ann', 'agent 7'), impersonate('a2', 'ann', 'agent 8'), jwt_auth.revoke_user_tokens('agent 7') AS own_sessions;
SELECT good('a1'), good('a2');
SELECT h.name, e.alive, e.event, e.at <= now() AS at, regexp_replace(e.explanation, '[0-9]{4}-.* UTC|[0-9]{4}-[-0-9:. +A-Z]*', 'TIME') AS explanation
FROM held h, jwt_auth.explain_session(h.session_id) e WHERE h.name IN ('a1', 'a2') ORDER BY h.name;
SELECT impersonate('a3', 'ann', 'agent 7'), good('a3');
SELECT jwt_auth.lock_user('agent 7', 'left') AS ended, good('a3'), good('a2'), impersonate('a4', 'ann', 'agent 7');
SELECT e.alive, e.event, e.explanation FROM held h, jwt_auth.explain_session(h.session_id) e WHERE h.name = 'a3';
SELECT jwt_auth.unlock_user('agent 7'), good('a3'), impersonate('a5', 'ann', 'agent 7'), good('a5');
SELECT jwt_auth.revoke_all_tokens(), good('a5'), good('a2');
DELETE FROM jwt_auth.cutoff;

\echo == a change of what the user may do holds for it
SELECT impersonate('v1', 'ann', 'agent 7'), good('v1'), jwt_auth.require_refresh('ann') IS NOT NULL AS required, good('v1');
SELECT impersonate('v2', 'ann', 'agent 7'), good('v2');

SELECT impersonate('v3', 'ann', 'agent 7');
SELECT jwt_auth.set_session_claims(session_id, '{"a": 1}') AS changed, good('v3') FROM held WHERE name = 'v3';

\echo == it ends by itself
UPDATE jwt_auth.refresh_session s SET ends_at = now(), idle_ends_at = now() FROM held h WHERE h.name = 'v2' AND h.session_id = s.session_id;
SELECT good('v2');

\echo == the claims function is asked, and may refuse
CREATE FUNCTION app_claims(user_id text, session_id uuid, claims jsonb) RETURNS jsonb LANGUAGE sql AS $$
  SELECT CASE WHEN user_id <> 'cy' THEN claims || '{"role": "member"}' END $$;
SET jwt_auth.claims_function = 'public.app_claims';
SELECT jwt_auth.jwt_verify(access_token) ->> 'role' AS role, jwt_auth.jwt_verify(access_token) -> 'tenant' AS tenant FROM jwt_auth.impersonate('ann', 'agent 7', '1 hour', '{"tenant": 7}');
SELECT status, access_token, session_id FROM jwt_auth.impersonate('cy', 'agent 7', '1 hour');
SELECT count(*) FROM jwt_auth.refresh_session WHERE user_id = 'cy';
RESET jwt_auth.claims_function;

\echo == a long one is good for as long
SELECT access_expires_at > now() + interval '29 days' AS long FROM jwt_auth.impersonate('ann', 'agent 7', '30 days');

\echo == bad input
SELECT jwt_auth.impersonate(NULL, 'agent 7', '1 hour');
SELECT jwt_auth.impersonate('ann', NULL::text, '1 hour');
SELECT jwt_auth.impersonate('ann', '', '1 hour');
SELECT jwt_auth.impersonate('ann', 'ann', '1 hour');
SELECT jwt_auth.impersonate('ann', 'ann ', '1 hour');
SELECT jwt_auth.impersonate('ann', 'agent 7', NULL);
SELECT jwt_auth.impersonate('ann', 'agent 7', '0');
SELECT jwt_auth.impersonate('ann', 'agent 7', '999 ms');
SELECT jwt_auth.impersonate('ann', 'agent 7', '-1 hour');
SELECT jwt_auth.impersonate('ann', 'agent 7', '100000 years');
SELECT jwt_auth.impersonate('ann', 'agent 7', '1 hour', '[]');
SELECT jwt_auth.impersonate('ann', 'agent 7', '1 hour', '{"act": {"sub": "boss"}}');
SELECT jwt_auth.impersonate('ann', 'agent 7', '1 hour', '{"sub": "boss"}');

\echo == the audit
SELECT event, user_id, session_id IS NOT NULL AS of_session, detail FROM jwt_auth.auth_event
WHERE event = 'impersonated' AND detail ? 'reason' OR event = 'refused' ORDER BY id;

DROP TABLE held, answer;
DROP FUNCTION impersonate, good, app_claims;
RESET jwt_auth.max_sessions_per_user;
DELETE FROM jwt_auth.signing_key;
DELETE FROM jwt_auth.token_lifetime;
DELETE FROM jwt_auth.refresh_session;
DELETE FROM jwt_auth.session_data;
DELETE FROM jwt_auth.account;
DELETE FROM jwt_auth.auth_event;
DELETE FROM jwt_auth.revocation;
