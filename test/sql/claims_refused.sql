-- A claims function that answers NULL refuses: at a log-in nothing begins and nothing ends, at a refresh the session ends.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
DELETE FROM jwt_auth.signing_key;
DELETE FROM jwt_auth.auth_event;
DELETE FROM jwt_auth.revocation;
SELECT jwt_auth.create_signing_key('HS256') IS NOT NULL AS made;
CREATE SCHEMA app;
CREATE TABLE app.person (id text PRIMARY KEY, enabled boolean NOT NULL);
INSERT INTO app.person VALUES ('ann', true), ('ben', true), ('cy', false);
CREATE FUNCTION app.claims(user_id text, session_id uuid, claims jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT claims || '{"role": "member"}' FROM app.person p WHERE p.id = claims.user_id AND enabled
$$;
SET jwt_auth.claims_function = 'app.claims';
CREATE TABLE held (name text PRIMARY KEY, access text, refresh text, session_id uuid);

\echo == a log-in: no session, no token, and nobody is evicted for it
SELECT status, access_token, refresh_token, session_id, user_id, evicted_sessions FROM jwt_auth.issue_refresh_session('cy');
SELECT status FROM jwt_auth.issue_refresh_session('nobody');
SELECT count(*) FROM jwt_auth.refresh_session;
SET jwt_auth.max_sessions_per_user = 1;
INSERT INTO held SELECT 'first', access_token, refresh_token, session_id FROM jwt_auth.issue_refresh_session('ann', claims => '{"tenant": 7}');
UPDATE app.person SET enabled = false WHERE id = 'ann';
SELECT status, evicted_sessions FROM jwt_auth.issue_refresh_session('ann', '192.0.2.7', 'Firefox', metadata => '{"a": 1}', device => 'phone');
SELECT count(*) FROM jwt_auth.user_sessions('ann');
SELECT count(*) FROM jwt_auth.session_data;
SELECT jwt_auth.jwt_verify(access) ->> 'role' AS role FROM held;
UPDATE app.person SET enabled = true WHERE id = 'ann';

\echo == a refresh: the session ends
CREATE TEMP TABLE answer AS SELECT r.* FROM held h, jwt_auth.refresh_session(h.refresh, '192.0.2.8') r;
SELECT status, access_token IS NOT NULL AS access FROM answer;
UPDATE held SET refresh = answer.refresh_token, access = answer.access_token FROM answer;
UPDATE app.person SET enabled = false WHERE id = 'ann';
SELECT r.status, r.access_token, r.refresh_token, r.session_id = h.session_id AS same, r.user_id FROM held h, jwt_auth.refresh_session(h.refresh, '192.0.2.9') r;
SELECT error_code FROM held, jwt_auth.jwt_try_verify(access);
SELECT status FROM held, jwt_auth.refresh_session(refresh);
SELECT count(*) FROM jwt_auth.refresh_session;
SELECT count(*) FROM jwt_auth.session_data;
SELECT alive, event, explanation FROM held, jwt_auth.explain_session(session_id);
SELECT kind, r.session_id = h.session_id AS same FROM jwt_auth.revocations() r, held h;
\echo -- also where a lost answer is asked for again
INSERT INTO held SELECT 'second', access_token, refresh_token, session_id FROM jwt_auth.issue_refresh_session('ben');
SELECT status FROM held, jwt_auth.refresh_session(refresh) WHERE name = 'second';
UPDATE app.person SET enabled = false WHERE id = 'ben';
SELECT status FROM held, jwt_auth.refresh_session(refresh) WHERE name = 'second';
SELECT count(*) FROM jwt_auth.refresh_session;

\echo == a function that ends what it is asked about: the answer is no token that is refused
CREATE FUNCTION app.ends(user_id text, session_id uuid, claims jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  CASE user_id
    WHEN 'locks' THEN PERFORM jwt_auth.lock_user(user_id);
    WHEN 'revokes' THEN PERFORM jwt_auth.revoke_user_tokens(user_id);
    WHEN 'revokes all' THEN PERFORM jwt_auth.revoke_all_tokens();
    WHEN 'refresh' THEN PERFORM jwt_auth.revoke_user_tokens(ends.user_id) FROM jwt_auth.refresh_session s WHERE s.user_id = ends.user_id;
    WHEN 'lock at refresh' THEN PERFORM jwt_auth.lock_user(ends.user_id) FROM jwt_auth.refresh_session s WHERE s.user_id = ends.user_id;
  END CASE;
  RETURN '{}';
END $$;
SET jwt_auth.claims_function = 'app.ends';
SELECT u, status, access_token IS NOT NULL AS has_token FROM unnest('{locks,revokes,revokes all}'::text[]) u, jwt_auth.issue_refresh_session(u);
SELECT count(*) FROM jwt_auth.refresh_session WHERE user_id IN ('locks', 'revokes', 'revokes all');
SELECT login.status, refreshed.status, refreshed.access_token IS NOT NULL AS has_token
FROM unnest('{refresh,lock at refresh}'::text[]) u, jwt_auth.issue_refresh_session(u) login, jwt_auth.refresh_session(login.refresh_token) refreshed;
SELECT count(*) FROM jwt_auth.refresh_session WHERE user_id IN ('refresh', 'lock at refresh');
SELECT user_id, event FROM jwt_auth.auth_event WHERE user_id IN ('locks', 'revokes', 'revokes all', 'refresh', 'lock at refresh') ORDER BY id;
DELETE FROM jwt_auth.auth_event WHERE user_id IN ('locks', 'revokes', 'revokes all', 'refresh', 'lock at refresh') OR event = 'all_revoked';
DELETE FROM jwt_auth.cutoff;
SET jwt_auth.claims_function = 'app.claims';

\echo == what rolls back has not happened
UPDATE app.person SET enabled = true WHERE id = 'ben';
INSERT INTO held SELECT 'third', access_token, refresh_token, session_id FROM jwt_auth.issue_refresh_session('ben');
BEGIN;
UPDATE app.person SET enabled = false WHERE id = 'ben';
SELECT status FROM held, jwt_auth.refresh_session(refresh) WHERE name = 'third';
ROLLBACK;
SELECT status FROM held, jwt_auth.refresh_session(refresh) WHERE name = 'third';

\echo == events: of the user at a log-in, of the session at a refresh
SELECT event, user_id, session_id IS NOT NULL AS of_session, ip, detail FROM jwt_auth.auth_event WHERE event = 'refused' ORDER BY id;

\echo == NULL is a refusal in every language; a STRICT function is called, for no argument is ever NULL
CREATE FUNCTION app.refuse_plpgsql(user_id text, session_id uuid, claims jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE FUNCTION app.strict_null(user_id text, session_id uuid, claims jsonb) RETURNS jsonb LANGUAGE sql STRICT AS $$ SELECT NULL::jsonb $$;
CREATE FUNCTION app.strict_claims(user_id text, session_id uuid, claims jsonb) RETURNS jsonb LANGUAGE plpgsql STRICT AS $$
BEGIN
  RETURN jsonb_build_object('given', claims);
END $$;
SET jwt_auth.claims_function = 'app.refuse_plpgsql';
SELECT status FROM jwt_auth.issue_refresh_session('dan');
SET jwt_auth.claims_function = 'app.strict_null';
SELECT status FROM jwt_auth.issue_refresh_session('dan');
SET jwt_auth.claims_function = 'app.strict_claims';
SELECT status, jwt_auth.jwt_verify(access_token) -> 'given' AS given FROM jwt_auth.issue_refresh_session('dan');
\echo -- JSON null is no refusal, but no object either
CREATE FUNCTION app.json_null(user_id text, session_id uuid, claims jsonb) RETURNS jsonb LANGUAGE sql AS $$ SELECT 'null'::jsonb $$;
SET jwt_auth.claims_function = 'app.json_null';
SELECT status FROM jwt_auth.issue_refresh_session('dan');

\echo == one that ends the session itself is asked for no token of it
CREATE FUNCTION app.cuts_off(user_id text, session_id uuid, claims jsonb) RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  PERFORM CASE claims ->> 'cuts' WHEN 'user' THEN jwt_auth.revoke_user_tokens(user_id) END;
  PERFORM CASE claims ->> 'cuts' WHEN 'everybody' THEN jwt_auth.revoke_all_tokens() END;
  PERFORM CASE claims ->> 'cuts' WHEN 'actor' THEN jwt_auth.lock_user('agent') END;
  PERFORM CASE claims ->> 'cuts' WHEN 'forgets' THEN jwt_auth.forget_user(claims ->> 'whom') END;
  PERFORM CASE WHEN claims ? 'policy' THEN jwt_auth.set_user_policy(claims ->> 'whom', 3) END;
  RETURN claims;
END $$;
RESET jwt_auth.claims_function;
DELETE FROM held;
INSERT INTO held (name, refresh, session_id) SELECT 'e' || n, refresh_token, session_id FROM generate_series(1, 4) AS n, jwt_auth.issue_refresh_session('eve');
SELECT name, jwt_auth.set_session_claims(session_id, jsonb_build_object('cuts', CASE WHEN name IN ('e1', 'e3') THEN 'user' ELSE 'everybody' END)) FROM held WHERE name LIKE 'e_' ORDER BY name;
SET jwt_auth.claims_function = 'app.cuts_off';
BEGIN;
SELECT r.status, r.access_token IS NULL AS none FROM held, jwt_auth.reauthenticate_session(session_id) r WHERE name = 'e1';
ROLLBACK;
BEGIN;
SELECT r.status, r.access_token IS NULL AS none FROM held, jwt_auth.reauthenticate_session(session_id) r WHERE name = 'e2';
ROLLBACK;
BEGIN;
SELECT r.status, r.access_token IS NULL AS none FROM held, jwt_auth.refresh_session(refresh) r WHERE name = 'e3';
ROLLBACK;
BEGIN;
SELECT r.status, r.access_token IS NULL AS none FROM held, jwt_auth.refresh_session(refresh) r WHERE name = 'e4';
ROLLBACK;
BEGIN;
SELECT status, access_token IS NULL AS none FROM jwt_auth.impersonate('eve', 'agent', '1 hour', '{"cuts": "user"}');
SELECT event, detail ->> 'actor' AS actor FROM jwt_auth.auth_event ORDER BY id DESC LIMIT 1;
ROLLBACK;
BEGIN;
SELECT status, access_token IS NULL AS none FROM jwt_auth.impersonate('eve', 'agent', '1 hour', '{"cuts": "actor"}');
ROLLBACK;
SELECT status FROM jwt_auth.impersonate('eve', 'agent', '1 hour', '{"cuts": "nobody"}');
-- Who is forgotten has no cutoff any more.
BEGIN;
SELECT status, access_token IS NULL AS none FROM jwt_auth.impersonate('eve', 'agent', '1 hour', '{"cuts": "forgets", "whom": "eve"}');
ROLLBACK;
BEGIN;
SELECT status, access_token IS NULL AS none FROM jwt_auth.impersonate('eve', 'agent', '1 hour', '{"cuts": "forgets", "whom": "agent"}');
ROLLBACK;
BEGIN;
SELECT status, access_token IS NULL AS none FROM jwt_auth.issue_refresh_session('eve', claims => '{"cuts": "forgets", "whom": "eve"}');
SELECT count(*) FROM jwt_auth.refresh_session WHERE user_id = 'eve';
ROLLBACK;
-- Nor where an account is made anew.
BEGIN;
SELECT status FROM jwt_auth.issue_refresh_session('eve', claims => '{"cuts": "forgets", "whom": "eve", "policy": 1}');
ROLLBACK;
BEGIN;
SELECT status FROM jwt_auth.impersonate('eve', 'agent', '1 hour', '{"cuts": "forgets", "whom": "eve", "policy": 1}');
ROLLBACK;
BEGIN;
SELECT status FROM jwt_auth.impersonate('eve', 'agent', '1 hour', '{"cuts": "forgets", "whom": "agent", "policy": 1}');
ROLLBACK;
-- Who was forgotten before is whoever has the id now.
SELECT jwt_auth.forget_user('fay');
SELECT status FROM jwt_auth.issue_refresh_session('fay', claims => '{"cuts": "nobody"}');
DELETE FROM jwt_auth.denied_token;

RESET jwt_auth.claims_function;
RESET jwt_auth.max_sessions_per_user;
DROP TABLE held, answer;
SET client_min_messages = warning;
DROP SCHEMA app CASCADE;
RESET client_min_messages;
DELETE FROM jwt_auth.signing_key;
DELETE FROM jwt_auth.refresh_session;
DELETE FROM jwt_auth.session_data;
DELETE FROM jwt_auth.account;
DELETE FROM jwt_auth.auth_event;
DELETE FROM jwt_auth.revocation;
