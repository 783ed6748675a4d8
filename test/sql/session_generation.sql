-- The generation in a refresh token is believed only if the token proves it: an old token whose generation was altered is theft,
-- and only a token that the server issued, and whose row lost the rotation, is "newer".
\set VERBOSITY terse
\set SHOW_CONTEXT never
DELETE FROM jwt_auth.signing_key;
SELECT jwt_auth.create_signing_key('HS256') IS NOT NULL AS made;
SELECT count(*) AS server_secrets FROM jwt_auth.server_secret;
CREATE FUNCTION with_generation(token text, generation bytea) RETURNS text LANGUAGE sql AS $$
  SELECT 'jwtauth_r1_' || jwt_auth.base64url_encode(overlay(jwt_auth.base64url_decode(substr(token, 12)) placing generation from 17))
$$;
CREATE FUNCTION generation_of(token text) RETURNS bytea LANGUAGE sql AS $$
  SELECT substr(jwt_auth.base64url_decode(substr(token, 12)), 17, 4)
$$;
CREATE FUNCTION what_happened(id uuid) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(concat_ws(' ', event, detail ->> 'presented'), ', ' ORDER BY e.id) FROM jwt_auth.auth_event e WHERE session_id = what_happened.id AND event <> 'login'
$$;

\echo == an old token, as it is and with another generation
SELECT what, (SELECT r.status FROM jwt_auth.refresh_session(with_generation(t0.refresh_token, coalesce(generation, '\x00000000'))) r) AS status, what_happened(t0.session_id)
FROM (VALUES ('as it is', NULL::bytea), ('the current one', '\x00000002'), ('the next one', '\x00000003'), ('the last one', '\xffffffff'), ('2^31', '\x80000000')) v (what, generation),
  LATERAL jwt_auth.issue_refresh_session(what) t0, LATERAL jwt_auth.refresh_session(t0.refresh_token) t1, LATERAL jwt_auth.refresh_session(t1.refresh_token) t2
WHERE t2.status = 'ok';
\echo -- the previous one, late
SET jwt_auth.late_retry = never;
SET jwt_auth.refresh_reuse_interval = 0;
SELECT (SELECT r.status FROM jwt_auth.refresh_session(with_generation(t1.refresh_token, '\x00000009')) r) AS status, what_happened(t0.session_id)
FROM jwt_auth.issue_refresh_session('previous') t0, LATERAL jwt_auth.refresh_session(t0.refresh_token) t1, LATERAL jwt_auth.refresh_session(t1.refresh_token) t2 WHERE t2.status = 'ok';
RESET jwt_auth.refresh_reuse_interval;
RESET jwt_auth.late_retry;
\echo -- with the current or the previous secret the generation decides nothing
SELECT session_id, refresh_token AS t0 FROM jwt_auth.issue_refresh_session('honest') \gset
SELECT status, refresh_token AS t1, generation_of(refresh_token) FROM jwt_auth.refresh_session(with_generation(:'t0', '\xffffffff')) \gset
SELECT :'status', :'generation_of', (SELECT r.refresh_token = :'t1' AND r.status = 'replayed' FROM jwt_auth.refresh_session(with_generation(:'t0', '\xffffffff')) r) AS the_same_again;

\echo == a row that lost rotations: the token is newer, nobody is accused
CREATE TEMP TABLE lost AS TABLE jwt_auth.refresh_session;
SELECT refresh_token AS t2 FROM jwt_auth.refresh_session(:'t1') \gset
SELECT refresh_token AS t3 FROM jwt_auth.refresh_session(:'t2') \gset
CREATE FUNCTION present_to_lost(token text) RETURNS text LANGUAGE sql AS $$
  DELETE FROM jwt_auth.refresh_session WHERE session_id IN (SELECT session_id FROM lost);
  INSERT INTO jwt_auth.refresh_session SELECT * FROM lost;
  DELETE FROM jwt_auth.auth_event WHERE event <> 'login' AND session_id IN (SELECT session_id FROM lost);
  SELECT status FROM jwt_auth.refresh_session(token);
$$;
SELECT what, present_to_lost(token), what_happened(:'session_id')
FROM (VALUES (1, 'the latest', :'t3'), (2, 'the one before', :'t2'), (3, 'the one that the row knows', :'t1'),
             (4, 'the latest, altered', with_generation(:'t3', '\x00000004')), (5, 'the one before, altered', with_generation(:'t2', '\x00000003')),
             (6, 'the first, altered', with_generation(:'t0', '\x00000002')),
             (7, 'the latest with another secret', overlay(:'t3' placing CASE substr(:'t3', 60, 1) WHEN 'A' THEN 'B' ELSE 'A' END from 60))) v (n, what, token) ORDER BY n;

\echo == tokens from before there was a secret, as version 1 issued them, are good; of a newer generation they prove nothing
DELETE FROM jwt_auth.server_secret;
SELECT session_id, refresh_token AS t0 FROM jwt_auth.issue_refresh_session('version 1') \gset
SELECT refresh_token AS t1 FROM jwt_auth.refresh_session(:'t0') \gset
CALL jwt_auth.purge_expired();
SELECT count(*) AS made_by_the_clean_up FROM jwt_auth.server_secret;
\echo -- a lost answer of a rotation from before
SELECT r.status, r.refresh_token = :'t1' AS the_same FROM jwt_auth.refresh_session(:'t0') r;
SELECT status, refresh_token AS t2 FROM jwt_auth.refresh_session(:'t1') \gset
SELECT :'status';
SELECT r.status, r.refresh_token = :'t2' AS the_same FROM jwt_auth.refresh_session(:'t1') r;
SELECT r.status FROM jwt_auth.refresh_session(:'t2') r;
SELECT r.status, what_happened(:'session_id') FROM jwt_auth.refresh_session(with_generation(:'t1', '\x7fffffff')) r;
\echo -- under another secret than that of the rotation nothing is handed out again, and nothing ends
SELECT session_id, refresh_token AS t0 FROM jwt_auth.issue_refresh_session('other secret') \gset
SELECT refresh_token AS t1 FROM jwt_auth.refresh_session(:'t0') \gset
DELETE FROM jwt_auth.server_secret;
CALL jwt_auth.purge_expired();
SELECT r.status FROM jwt_auth.refresh_session(:'t0') r;
SELECT r.status FROM jwt_auth.refresh_session(:'t1') r;

\echo == behind the greatest generation there is none, and the session stays as it is
SELECT session_id, refresh_token AS t0 FROM jwt_auth.issue_refresh_session('the greatest') \gset
UPDATE jwt_auth.refresh_session SET generation = 2147483647 WHERE session_id = :'session_id';
SELECT status FROM jwt_auth.refresh_session(:'t0');
SELECT generation FROM jwt_auth.refresh_session WHERE session_id = :'session_id';

DROP FUNCTION with_generation, generation_of, what_happened, present_to_lost;
DROP TABLE lost;
DELETE FROM jwt_auth.refresh_session;
DELETE FROM jwt_auth.account;
DELETE FROM jwt_auth.auth_event;
