-- Times at the ends of timestamptz, where microseconds since 1970 do not fit: a cutoff there refuses, it does not wrap around.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
DELETE FROM jwt_auth.signing_key;
SELECT jwt_auth.create_signing_key('HS256') IS NOT NULL AS made;
SELECT jwt_auth.jwt_sign('{"sub": "ann"}') AS plain \gset
SELECT access_token AS token, refresh_token AS refresh, session_id AS id FROM jwt_auth.issue_refresh_session('ann') \gset
CREATE FUNCTION good(token text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN jwt_auth.jwt_verify(token) ->> 'sub';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE;
END $$;
CREATE TABLE times (name text, at timestamptz);
INSERT INTO times VALUES ('-infinity', '-infinity'), ('first', '4714-11-24 00:00:00+00 BC'), ('now', now()),
  ('fits', '294246-12-31'), ('too far', '294247-01-11'), ('last', '294276-12-31 23:59:59.999999+00'), ('infinity', 'infinity');

\echo == the cutoff for everybody
CREATE FUNCTION with_cutoff(at timestamptz, OUT plain text, OUT session text, OUT refresh text) LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM jwt_auth.cutoff;
  INSERT INTO jwt_auth.cutoff (not_before) VALUES (at);
  plain := good(current_setting('test.plain'));
  session := good(current_setting('test.token'));
  BEGIN
    refresh := (jwt_auth.refresh_session(current_setting('test.refresh'))).status;
    RAISE EXCEPTION 'undo' USING ERRCODE = 'ZZ001';
  EXCEPTION WHEN SQLSTATE 'ZZ001' THEN
  END;
END $$;
SELECT set_config('test.plain', :'plain', false) IS NOT NULL AND set_config('test.token', :'token', false) IS NOT NULL
  AND set_config('test.refresh', :'refresh', false) IS NOT NULL AS set;
BEGIN;
SELECT name, w.* FROM times t, with_cutoff(t.at) w ORDER BY t.at;
SELECT jwt_auth.revoke_all_tokens();
SELECT not_before FROM jwt_auth.cutoff;
SELECT status FROM jwt_auth.issue_refresh_session('bob');
ROLLBACK;

\echo == the cutoff of a user
CREATE FUNCTION with_user_cutoff(at timestamptz, OUT plain text, OUT session text) LANGUAGE plpgsql AS $$
BEGIN
  UPDATE jwt_auth.account SET not_before = at WHERE user_id = 'ann';
  plain := good(current_setting('test.plain'));
  session := good(current_setting('test.token'));
END $$;
BEGIN;
SELECT name, w.* FROM times t, with_user_cutoff(t.at) w ORDER BY t.at;
SELECT jwt_auth.revoke_user_tokens('ann');
SELECT not_before FROM jwt_auth.account WHERE user_id = 'ann';
ROLLBACK;

\echo == the ends of a session, and what tells of them
CREATE FUNCTION with_end(at timestamptz, OUT session text, OUT alive boolean) LANGUAGE plpgsql AS $$
BEGIN
  UPDATE jwt_auth.refresh_session SET idle_ends_at = at, ends_at = at;
  session := good(current_setting('test.token'));
  alive := e.alive FROM jwt_auth.refresh_session s, jwt_auth.explain_session(s.session_id) e;
END $$;
BEGIN;
SELECT name, w.* FROM times t, with_end(t.at) w ORDER BY t.at;
ROLLBACK;

\echo == a key whose tokens run that long
BEGIN;
SET LOCAL timezone = 'UTC';
SELECT length(jwt_auth.jwt_sign(jsonb_build_object('sub', 'ann', 'exp', 9223372036854))) > 0 AS signed;
SELECT max(l.tokens_until) AS tokens_until FROM jwt_auth.token_lifetime l JOIN jwt_auth.signing_key USING (kid) WHERE state = 'active';
SELECT jwt_auth.rotate_signing_key() IS NOT NULL AS rotated;
SELECT count(*) FROM jwt_auth.signing_key WHERE state = 'verify_only' AND verify_until > now();
ROLLBACK;

DROP FUNCTION with_cutoff, with_user_cutoff, with_end, good;
DROP TABLE times;
DELETE FROM jwt_auth.signing_key;
DELETE FROM jwt_auth.refresh_session;
DELETE FROM jwt_auth.account;
DELETE FROM jwt_auth.auth_event;
