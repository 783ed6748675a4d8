-- Ids with trailing blanks, which is how char(n) is shown: one user with and without them.
\set VERBOSITY terse
\set SHOW_CONTEXT never
DELETE FROM jwt_auth.signing_key;
SELECT jwt_auth.create_signing_key('HS256') IS NOT NULL AS made;
CREATE FUNCTION good(token text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN quote_literal(jwt_auth.jwt_verify(token) ->> 'sub');
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE;
END $$;
CREATE FUNCTION key_of(user_id text) RETURNS integer LANGUAGE sql AS $$
  SELECT ('x' || encode(substr(sha256('\x00' || convert_to(user_id, 'UTF8')), 1, 4), 'hex'))::bit(32)::integer
$$;
-- Gives a session the padded id that version 1 stored where an application passed one, with everything that hangs on it.
CREATE FUNCTION pad(INOUT session_id uuid, INOUT refresh_token text, padded text, OUT access_token text) LANGUAGE plpgsql AS $$
DECLARE
  old uuid := session_id;
  raw bytea := jwt_auth.base64url_decode(substr(refresh_token, 12));
BEGIN
  session_id := encode(overlay(uuid_send(old) placing decode(lpad(to_hex(key_of(padded)), 8, '0'), 'hex') from 13), 'hex')::uuid;
  UPDATE jwt_auth.refresh_session s SET session_id = pad.session_id, user_key = key_of(padded), user_id = padded WHERE s.session_id = old;
  INSERT INTO jwt_auth.account (user_key, issuer, user_id) VALUES (key_of(padded), '', padded) ON CONFLICT DO NOTHING;
  refresh_token := 'jwtauth_r1_' || jwt_auth.base64url_encode(overlay(raw placing uuid_send(session_id) from 1));
  access_token := jwt_auth.jwt_sign(jsonb_build_object('sub', padded, 'sid', session_id));
END $$;

\echo == a char(n) column and its value as text are one user
CREATE TABLE app_user (id char(8) PRIMARY KEY);
INSERT INTO app_user VALUES ('ann'), ('bob');
SELECT s.user_id = 'ann' AS without_blanks, good(s.access_token) FROM app_user u, jwt_auth.issue_refresh_session(u.id) s WHERE id = 'ann';
SELECT count(*) FROM jwt_auth.user_sessions('ann');
SELECT count(*) FROM jwt_auth.user_sessions('ann     ');
SELECT count(s) FROM app_user u, jwt_auth.user_sessions(u.id) s WHERE u.id = 'ann';
SELECT jwt_auth.revoke_other_sessions('ann     ', session_id) FROM jwt_auth.user_sessions('ann');
SELECT jwt_auth.revoke_other_sessions('ann     ', '00000000-0000-8000-8000-000000000000');
SELECT status FROM jwt_auth.issue_refresh_session('ann');
SELECT jwt_auth.revoke_user_tokens('ann  ', 'both spellings');
SELECT event, quote_literal(user_id) AS user_id FROM jwt_auth.auth_event WHERE event LIKE '%revoked' ORDER BY id;
SELECT count(*) FROM jwt_auth.account WHERE user_id LIKE 'ann%';

\echo == what gives something to an id with trailing blanks refuses
SELECT status FROM jwt_auth.issue_refresh_session('ann     ');
SELECT status FROM jwt_auth.issue_refresh_session(' ');
SELECT jwt_auth.set_user_policy('ann ', max_sessions => 1);
\set VERBOSITY default
SELECT status FROM jwt_auth.issue_refresh_session('ann ');
\set VERBOSITY terse
\echo -- only blanks, and only behind: other white space and blanks elsewhere belong to the id
SELECT quote_literal(user_id) FROM (VALUES (' ann'), ('a n n'), (E'ann\t'), (E'ann\n'), (U&'ann\00A0')) v (id), jwt_auth.issue_refresh_session(id);

\echo == sessions that version 1 opened under a padded id live on
SELECT p.* FROM jwt_auth.issue_refresh_session('ann') s, pad(s.session_id, s.refresh_token, 'ann     ') p \gset a_
SELECT good(:'a_access_token');
SELECT refresh_token AS a_refresh_token, access_token AS a_access_token, status, quote_literal(user_id) AS user_id FROM jwt_auth.refresh_session(:'a_refresh_token') \gset
SELECT :'status', :'user_id', good(:'a_access_token');
SELECT count(*) FROM jwt_auth.user_sessions('ann');
SELECT count(*) FROM jwt_auth.user_sessions('ann     ');
\echo -- and end with the user, whichever spelling is revoked
SELECT jwt_auth.revoke_user_tokens('ann');
SELECT good(:'a_access_token');
SELECT count(*) FROM jwt_auth.user_sessions('ann     ');
SELECT status FROM jwt_auth.refresh_session(:'a_refresh_token');
SELECT alive, event FROM jwt_auth.explain_session(:'a_session_id');
SELECT p.* FROM jwt_auth.issue_refresh_session('bob') s, pad(s.session_id, s.refresh_token, 'bob     ') p \gset b_
SELECT jwt_auth.revoke_user_tokens('bob     ');
SELECT good(:'b_access_token');
SELECT status FROM jwt_auth.refresh_session(:'b_refresh_token');
SELECT p.* FROM jwt_auth.issue_refresh_session('bob') s, pad(s.session_id, s.refresh_token, 'bob     ') p \gset b_
CREATE TRIGGER remove AFTER DELETE ON app_user FOR EACH ROW EXECUTE FUNCTION jwt_auth.revoke_on_password_change('id');
DELETE FROM app_user WHERE id = 'bob';
SELECT good(:'b_access_token');
SELECT status FROM jwt_auth.refresh_session(:'b_refresh_token');

\echo == a token without a session whose sub is padded, as to_jsonb() of a char(n) column makes it
SELECT jwt_auth.jwt_sign(jsonb_build_object('sub', 'cyd'::char(8), 'iat', extract(epoch FROM now())::bigint - 1)) AS plain \gset
SELECT good(:'plain');
SELECT jwt_auth.revoke_user_tokens('cyd');
SELECT good(:'plain');

DROP TABLE app_user;
DROP FUNCTION good, key_of, pad;
DELETE FROM jwt_auth.refresh_session;
DELETE FROM jwt_auth.account;
DELETE FROM jwt_auth.auth_event;
