-- A step-up: the user proves again who they are, and the session's tokens say when and how from then on.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
DELETE FROM jwt_auth.signing_key;
DELETE FROM jwt_auth.auth_event;
SELECT jwt_auth.create_signing_key('HS256') IS NOT NULL AS made;
CREATE TABLE held (name text PRIMARY KEY, access text, refresh text, session_id uuid);
INSERT INTO held SELECT 'ann', access_token, refresh_token, session_id FROM jwt_auth.issue_refresh_session('ann', claims => '{"role": "member"}');
-- As if the log-in were an hour ago.
UPDATE jwt_auth.refresh_session SET created_at = created_at - interval '1 hour';
UPDATE held SET access = r.access_token, refresh = r.refresh_token FROM (SELECT r.* FROM held, jwt_auth.refresh_session(refresh) r) r;
CREATE FUNCTION claims() RETURNS jsonb LANGUAGE sql AS $$
  SELECT jwt_auth.jwt_verify(access) - '{sub,exp,iat,iat_us,jti,sid}'::text[]
         || jsonb_build_object('auth_time', to_timestamp((jwt_auth.jwt_verify(access) ->> 'auth_time')::bigint) > now() - interval '5 minutes') FROM held
$$;
CREATE FUNCTION authenticate(max_age interval DEFAULT NULL, acr text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN jwt_auth.authenticate((SELECT access FROM held), max_age => authenticate.max_age, acr => authenticate.acr) ->> 'sub';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE || ' ' || SQLERRM;
END $$;

\echo == before
SELECT claims();
SELECT authenticate(), authenticate('10 minutes'), authenticate(acr => 'gold');

\echo == an access token, no refresh token, no new session
CREATE TEMP TABLE answer AS SELECT r.* FROM held, jwt_auth.reauthenticate_session(session_id, '{pwd,otp}', 'gold') r;
SELECT status, access_token IS NOT NULL AS access, access_expires_at > now() AS expires, refresh_token, refresh_expires_at, session_id = (SELECT session_id FROM held) AS same,
       user_id, evicted_sessions FROM answer;
UPDATE held SET access = answer.access_token FROM answer;
SELECT claims();
SELECT authenticate('10 minutes'), authenticate(acr => 'gold'), authenticate('10 minutes', 'gold'), authenticate(acr => 'silver'), authenticate(acr => 'GOLD');
SELECT count(*) FROM jwt_auth.user_sessions('ann');

\echo == kept at later refreshes
UPDATE held SET access = r.access_token, refresh = r.refresh_token FROM (SELECT r.* FROM held, jwt_auth.refresh_session(refresh) r) r;
SELECT claims();
UPDATE held SET access = r.access_token, refresh = r.refresh_token FROM (SELECT r.* FROM held, jwt_auth.refresh_session(refresh) r) r;
SELECT authenticate('10 minutes', 'gold');

\echo == the next one replaces it, whole
UPDATE held SET access = r.access_token FROM (SELECT r.* FROM held, jwt_auth.reauthenticate_session(session_id, acr => 'silver "1"') r) r;
SELECT claims();
UPDATE held SET access = r.access_token FROM (SELECT r.* FROM held, jwt_auth.reauthenticate_session(session_id, '{}') r) r;
SELECT claims(), authenticate('10 minutes'), authenticate(acr => 'silver "1"');

\echo == the present claims are in it, and what else the session is
SELECT jwt_auth.set_session_claims(session_id, '{"role": "admin"}') FROM held;
UPDATE held SET access = r.access_token FROM (SELECT r.* FROM held, jwt_auth.reauthenticate_session(session_id) r) r;
SELECT claims() - 'sv' AS claims;

\echo == no session, or an ended one
SELECT * FROM jwt_auth.reauthenticate_session('00000000-0000-0000-0000-000000000000', '{pwd}', 'gold');
INSERT INTO held SELECT 'idle', access_token, refresh_token, session_id FROM jwt_auth.issue_refresh_session('ben');
UPDATE jwt_auth.refresh_session s SET idle_ends_at = now() - interval '1 second' FROM held h WHERE h.name = 'idle' AND s.session_id = h.session_id;
SELECT r.status, r.access_token, r.session_id FROM held h, jwt_auth.reauthenticate_session(h.session_id) r WHERE name = 'idle';
SELECT jwt_auth.lock_user('ben');
SELECT status FROM held, jwt_auth.reauthenticate_session(session_id) WHERE name = 'idle';
DELETE FROM held WHERE name = 'idle';

\echo == refused by the application: the session ends
CREATE FUNCTION refuse(user_id text, session_id uuid, claims jsonb) RETURNS jsonb LANGUAGE sql AS $$ SELECT NULL::jsonb $$;
SET jwt_auth.claims_function = 'public.refuse';
SELECT status, access_token, session_id FROM jwt_auth.issue_refresh_session('cy');
SELECT r.status, r.access_token, r.session_id = h.session_id AS same, r.user_id FROM held h, jwt_auth.reauthenticate_session(h.session_id, '{pwd}') r;
RESET jwt_auth.claims_function;
SELECT count(*) FROM jwt_auth.user_sessions('ann');

\echo == an API key and a token that says nothing of it do not suffice
UPDATE held SET access = api_key FROM jwt_auth.create_api_key('dan', 'machine');
SELECT authenticate(), authenticate(acr => 'gold');
UPDATE held SET access = jwt_auth.jwt_sign('{"sub": "dan", "acr": 1}');
SELECT authenticate(), authenticate(acr => 'gold');
UPDATE held SET access = jwt_auth.jwt_sign('{"sub": "dan", "acr": "gold"}');
SELECT authenticate(acr => 'gold');
SELECT authenticate(acr => '');

\echo == a row that was written by hand
SELECT refresh_token FROM jwt_auth.issue_refresh_session('by hand') \gset
UPDATE jwt_auth.refresh_session SET auth_context = '' WHERE user_id = 'by hand';
SELECT status FROM jwt_auth.refresh_session(:'refresh_token');

\echo == bad input
SELECT jwt_auth.reauthenticate_session(NULL);
SELECT jwt_auth.reauthenticate_session(gen_random_uuid(), '{pwd,NULL}');
SELECT jwt_auth.reauthenticate_session(gen_random_uuid(), ARRAY['pwd', '']);
SELECT jwt_auth.reauthenticate_session(gen_random_uuid(), ARRAY[repeat('a', 257)]);
SELECT jwt_auth.reauthenticate_session(gen_random_uuid(), array_fill('a'::text, ARRAY[33]));
SELECT jwt_auth.reauthenticate_session(gen_random_uuid(), acr => '');
SELECT jwt_auth.reauthenticate_session(gen_random_uuid(), acr => repeat('a', 257));

\echo == the audit
SELECT event, user_id, session_id IS NOT NULL AS of_session, detail FROM jwt_auth.auth_event WHERE event = 'reauthenticated' ORDER BY id;

DROP TABLE held, answer;
DROP FUNCTION claims, authenticate, refuse;
DELETE FROM jwt_auth.signing_key;
DELETE FROM jwt_auth.refresh_session;
DELETE FROM jwt_auth.session_data;
DELETE FROM jwt_auth.api_key;
DELETE FROM jwt_auth.api_key_use;
DELETE FROM jwt_auth.account;
DELETE FROM jwt_auth.auth_event;
DELETE FROM jwt_auth.revocation;
