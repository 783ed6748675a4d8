-- The life of a session: log-in, refresh, the answer asked for again, theft, ends. What a presentation means, row by row.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
DELETE FROM jwt_auth.signing_key;
SELECT jwt_auth.create_signing_key('HS256') IS NOT NULL AS made;

\echo == a log-in
SELECT * FROM jwt_auth.issue_refresh_session('alice', '192.0.2.7', 'Browser', 'device', '{"role": "member"}', '{"device": "phone"}') \gset t0_
SELECT :'t0_status' AS status, :'t0_user_id' AS user_id, :'t0_refresh_token' ~ '^jwtauth_r1_[A-Za-z0-9_-]{91}$' AS form,
       :'t0_access_expires_at'::timestamptz - date_trunc('second', created_at) AS half_an_hour,
       :'t0_refresh_expires_at'::timestamptz - created_at AS fortnight
FROM jwt_auth.refresh_session;
SELECT c ->> 'sub' AS sub, c ->> 'role' AS role, c ->> 'sid' = :'t0_session_id' AS sid, length(c ->> 'jti') AS jti,
       c -> 'auth_time' = c -> 'iat' AS auth_time, to_timestamp((c ->> 'exp')::numeric) = :'t0_access_expires_at' AS exp,
       c ?| '{client_ip,client_fp,iss,aud,nbf}' AS others
FROM jwt_auth.jwt_verify(:'t0_access_token') c;
SELECT session_id = :'t0_session_id' AS same, created_at = refreshed_at AS fresh, expires_at = :'t0_refresh_expires_at' AS ends, ip, user_agent, metadata
FROM jwt_auth.user_sessions('alice');

\echo == what the tables hold: hashes, an id that ascends and names the key
SELECT user_key = ('x' || left(encode(sha256('\x00'::bytea || 'alice'), 'hex'), 8))::bit(32)::integer AS key_of_user,
       right(session_id::text, 8) = encode(int4send(user_key), 'hex') AS key_in_id, substr(session_id::text, 15, 1) AS version,
       substr(session_id::text, 20, 1) ~ '[89ab]' AS variant,
       abs(('x' || replace(left(session_id::text, 13), '-', ''))::bit(48)::bigint - extract(epoch FROM created_at) * 1000) < 1 AS time_in_id,
       family_hash = sha256(substr(raw, 21, 16)) AS family, current_hash = sha256(substr(raw, 37, 32)) AS secret,
       substr(raw, 17, 4) AS generation_in_token, generation, previous_hash, nonce, purge_after = (idle_ends_at AT TIME ZONE 'UTC')::date AS sweep_day,
       substr(raw, 1, 16) = uuid_send(session_id) AS id_in_token
FROM jwt_auth.refresh_session, jwt_auth.base64url_decode(substr(:'t0_refresh_token', 12)) AS raw;

\echo == rotation, and the same answer again
SELECT * FROM jwt_auth.refresh_session(:'t0_refresh_token', '192.0.2.7', 'Browser', 'device') \gset t1_
SELECT * FROM jwt_auth.refresh_session(:'t0_refresh_token', '192.0.2.7', 'Browser', 'device') \gset again_
SELECT :'t1_status' AS status, :'t1_session_id' = :'t0_session_id' AS same_session, :'t1_user_id' AS user_id,
       :'t1_refresh_token' <> :'t0_refresh_token' AS other_refresh_token, :'t1_access_token' <> :'t0_access_token' AS other_access_token;
SELECT :'again_status' AS status, :'again_refresh_token' = :'t1_refresh_token' AS same_successor, :'again_access_token' <> :'t1_access_token' AS fresh_access_token,
       :'again_refresh_expires_at' = :'t1_refresh_expires_at' AS same_end;
SELECT (jwt_auth.jwt_verify(t)) ->> 'role' AS role FROM unnest(ARRAY[:'t0_access_token', :'t1_access_token', :'again_access_token']) t;
SELECT generation, previous_hash = sha256(substr(jwt_auth.base64url_decode(substr(:'t0_refresh_token', 12)), 37, 32)) AS previous,
       current_hash = sha256(substr(jwt_auth.base64url_decode(substr(:'t1_refresh_token', 12)), 37, 32)) AS current,
       octet_length(nonce) AS nonce, refreshed_at > created_at AS later FROM jwt_auth.refresh_session;
SELECT encode(substr(jwt_auth.base64url_decode(substr(:'t1_refresh_token', 12)), 17, 4), 'hex') AS generation;

\echo == the same answer asked for from elsewhere is noted
SELECT status FROM jwt_auth.refresh_session(:'t0_refresh_token', '198.51.100.9', 'Browser', 'device');
SELECT status FROM jwt_auth.refresh_session(:'t0_refresh_token', '192.0.2.7', 'Browser', 'other device');
SELECT status FROM jwt_auth.refresh_session(:'t0_refresh_token', NULL, 'Browser');
SELECT event, user_id, session_id = :'t0_session_id' AS session, ip, user_agent, detail FROM jwt_auth.auth_event WHERE event <> 'key_created' ORDER BY id;

\echo == the successor used, the first token is theft: the session ends, for the owner as well
SELECT * FROM jwt_auth.refresh_session(:'t1_refresh_token', '192.0.2.7') \gset t2_
SELECT status, access_token, access_expires_at, refresh_token, refresh_expires_at, session_id = :'t0_session_id' AS session, user_id, evicted_sessions
FROM jwt_auth.refresh_session(:'t0_refresh_token', '203.0.113.66', 'Thief');
SELECT status, session_id, user_id FROM jwt_auth.refresh_session(:'t2_refresh_token', '192.0.2.7');
SELECT jwt_auth.jwt_verify(:'t2_access_token');
SELECT event, ip, user_agent, detail FROM jwt_auth.auth_event ORDER BY id DESC LIMIT 1;
SELECT alive, user_id, event, detail, explanation FROM jwt_auth.explain_session(:'t0_session_id');
SELECT count(*) AS rows, (SELECT count(*) FROM jwt_auth.session_data) AS data FROM jwt_auth.refresh_session;

\echo == the interval counts from the rotation, and nothing extends it
SET jwt_auth.late_retry = never;
SET jwt_auth.refresh_reuse_interval = '1h';
SELECT * FROM jwt_auth.issue_refresh_session('bob') \gset t0_
SELECT * FROM jwt_auth.refresh_session(:'t0_refresh_token') \gset t1_
UPDATE jwt_auth.refresh_session SET refreshed_at = refreshed_at - interval '59 min';
SELECT status FROM jwt_auth.refresh_session(:'t0_refresh_token');
UPDATE jwt_auth.refresh_session SET refreshed_at = refreshed_at - interval '1 min';
SELECT status FROM jwt_auth.refresh_session(:'t0_refresh_token');
RESET jwt_auth.refresh_reuse_interval;
SELECT * FROM jwt_auth.issue_refresh_session('bob') \gset t0_
SELECT status FROM jwt_auth.refresh_session(:'t0_refresh_token');
SET jwt_auth.refresh_reuse_interval = 0;
SELECT status FROM jwt_auth.refresh_session(:'t0_refresh_token');
RESET jwt_auth.refresh_reuse_interval;

\echo == a clock that stepped back stretches no window
SELECT * FROM jwt_auth.issue_refresh_session('bob') \gset t0_
SELECT status FROM jwt_auth.refresh_session(:'t0_refresh_token');
UPDATE jwt_auth.refresh_session SET refreshed_at = refreshed_at + interval '5 s';
SELECT status FROM jwt_auth.refresh_session(:'t0_refresh_token');
UPDATE jwt_auth.refresh_session SET refreshed_at = refreshed_at + interval '1 hour';
SELECT status FROM jwt_auth.refresh_session(:'t0_refresh_token');

RESET jwt_auth.late_retry;
\echo == a row that lost a rotation: no theft, but the end
SELECT * FROM jwt_auth.issue_refresh_session('carol') \gset t0_
CREATE TEMP TABLE backup AS TABLE jwt_auth.refresh_session;
SELECT * FROM jwt_auth.refresh_session(:'t0_refresh_token') \gset t1_
DELETE FROM jwt_auth.refresh_session;
INSERT INTO jwt_auth.refresh_session SELECT * FROM backup;
SELECT status, session_id = :'t0_session_id' AS session FROM jwt_auth.refresh_session(:'t1_refresh_token');
SELECT event, detail FROM jwt_auth.auth_event ORDER BY id DESC LIMIT 1;
SELECT status FROM jwt_auth.refresh_session(:'t0_refresh_token');

\echo == idle and absolute ends; an ended session is invalid from then on
SELECT * FROM jwt_auth.issue_refresh_session('dave') \gset t0_
UPDATE jwt_auth.refresh_session SET idle_ends_at = clock_timestamp() WHERE user_id = 'dave';
SELECT jwt_auth.jwt_verify(:'t0_access_token');
SELECT alive, event, explanation FROM jwt_auth.explain_session(:'t0_session_id');
SELECT status FROM jwt_auth.refresh_session(:'t0_refresh_token');
SELECT status FROM jwt_auth.refresh_session(:'t0_refresh_token');
SELECT * FROM jwt_auth.issue_refresh_session('dave') \gset t0_
UPDATE jwt_auth.refresh_session SET ends_at = clock_timestamp(), idle_ends_at = clock_timestamp() WHERE user_id = 'dave';
SELECT jwt_auth.jwt_verify(:'t0_access_token');
SELECT status FROM jwt_auth.refresh_session(:'t0_refresh_token');
SELECT event, detail - 'ended_at' AS detail FROM jwt_auth.auth_event WHERE user_id = 'dave' ORDER BY id;

\echo == lifetimes: the idle end slides, never beyond the absolute one; an access token never outlives its session
SET jwt_auth.refresh_token_ttl = '1h';
SET jwt_auth.session_max_age = '90min';
SELECT * FROM jwt_auth.issue_refresh_session('erin') \gset t0_
SELECT * FROM jwt_auth.refresh_session(:'t0_refresh_token') \gset t1_
SELECT :'t1_refresh_expires_at'::timestamptz - :'t0_refresh_expires_at' = refreshed_at - created_at AND refreshed_at > created_at AS slid,
       :'t1_refresh_expires_at' < ends_at AS not_yet_the_absolute_end FROM jwt_auth.refresh_session WHERE user_id = 'erin';
UPDATE jwt_auth.refresh_session SET ends_at = now() + interval '20 min' WHERE user_id = 'erin';
SELECT * FROM jwt_auth.refresh_session(:'t1_refresh_token') \gset t2_
SELECT :'t2_refresh_expires_at' = ends_at AS capped, :'t2_access_expires_at' = date_trunc('second', ends_at) AS access_capped
FROM jwt_auth.refresh_session WHERE user_id = 'erin';
SET jwt_auth.session_max_age = 0;
SET jwt_auth.access_token_ttl = '1s';
SET jwt_auth.refresh_token_ttl = '1s';
SELECT access_expires_at - date_trunc('second', clock_timestamp()) <= '1 s' AS one_second, refresh_expires_at - clock_timestamp() <= '1 s' AS and_one
FROM jwt_auth.issue_refresh_session('frank');
SELECT ends_at FROM jwt_auth.refresh_session WHERE user_id = 'frank';
RESET jwt_auth.session_max_age;
RESET jwt_auth.access_token_ttl;
RESET jwt_auth.refresh_token_ttl;

\echo == settings that change afterwards change no stored end
SELECT * FROM jwt_auth.issue_refresh_session('gina') \gset t0_
SET jwt_auth.refresh_token_ttl = '1s';
SELECT expires_at = :'t0_refresh_expires_at' AS as_it_was FROM jwt_auth.user_sessions('gina');
RESET jwt_auth.refresh_token_ttl;

\echo == what rolls back leaves nothing
BEGIN;
SELECT * FROM jwt_auth.issue_refresh_session('heidi') \gset t0_
SAVEPOINT s;
SELECT * FROM jwt_auth.refresh_session(:'t0_refresh_token') \gset t1_
ROLLBACK TO s;
SELECT status FROM jwt_auth.refresh_session(:'t0_refresh_token');
SELECT jwt_auth.revoke_user_tokens('heidi');
ROLLBACK;
SELECT (SELECT count(*) FROM jwt_auth.refresh_session WHERE user_id = 'heidi') AS sessions,
       (SELECT count(*) FROM jwt_auth.account WHERE user_id = 'heidi') AS accounts,
       (SELECT count(*) FROM jwt_auth.auth_event WHERE user_id = 'heidi') AS events;

\echo == an issuer and an audience
SET jwt_auth.issuer = 'https://auth.example';
SET jwt_auth.audience = 'api';
SELECT c ->> 'iss' AS iss, c ->> 'aud' AS aud FROM jwt_auth.issue_refresh_session('ivan') i, jwt_auth.jwt_verify(i.access_token) c;
RESET jwt_auth.issuer;
RESET jwt_auth.audience;

\echo == each refresh is an event only where it is asked for
SELECT * FROM jwt_auth.issue_refresh_session('judy') \gset t0_
SET jwt_auth.log_refresh = on;
SELECT status FROM jwt_auth.refresh_session(:'t0_refresh_token', '192.0.2.9', 'Browser');
RESET jwt_auth.log_refresh;
SELECT event, ip, user_agent, detail FROM jwt_auth.auth_event WHERE user_id = 'judy' ORDER BY id;
SELECT ip, user_agent FROM jwt_auth.user_sessions('judy');

\echo == which rows a log-in adds: its session and its event, the first of a user an account too; a refresh and a verification add none
CREATE FUNCTION rows_of_tables() RETURNS TABLE (name text, rows bigint) LANGUAGE plpgsql AS $$
BEGIN
  FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'jwt_auth'::regnamespace AND relkind = 'r' LOOP
    EXECUTE format('SELECT count(*) FROM jwt_auth.%I', name) INTO rows;
    RETURN NEXT;
  END LOOP;
END $$;
CREATE TEMP TABLE before (name text, rows bigint);
CREATE FUNCTION added() RETURNS TABLE (name text, rows bigint) LANGUAGE sql AS
  $$ SELECT name, now.rows - before.rows FROM rows_of_tables() AS now JOIN before USING (name) WHERE now.rows <> before.rows ORDER BY name $$;
INSERT INTO before SELECT * FROM rows_of_tables();
SELECT access_token AS access, refresh_token AS refresh FROM jwt_auth.issue_refresh_session('leo') \gset
SELECT * FROM added();
TRUNCATE before;
INSERT INTO before SELECT * FROM rows_of_tables();
SELECT status FROM jwt_auth.issue_refresh_session('leo', '192.0.2.1', 'Browser', device => 'phone');
SELECT * FROM added();
TRUNCATE before;
INSERT INTO before SELECT * FROM rows_of_tables();
SELECT jwt_auth.jwt_verify(:'access') ->> 'sub' AS sub;
SELECT status FROM jwt_auth.refresh_session(:'refresh');
SELECT * FROM added();
DROP FUNCTION added(), rows_of_tables();
DROP TABLE before;

\echo == no key: an error, and nothing is written
BEGIN;
DELETE FROM jwt_auth.signing_key;
SAVEPOINT s;
SELECT jwt_auth.issue_refresh_session('kim');
ROLLBACK TO s;
SELECT count(*) FROM jwt_auth.refresh_session WHERE user_id = 'kim';
ROLLBACK;
DELETE FROM jwt_auth.refresh_session;
DELETE FROM jwt_auth.session_data;
DELETE FROM jwt_auth.account;
DELETE FROM jwt_auth.auth_event;
