-- A server's clock that ran ahead and was set right: sessions keep the time of their log-in and end when they should, and the
-- doctor says what lies ahead. (Times in the tables are moved in place of the clock.)
\set VERBOSITY terse
\set SHOW_CONTEXT never
DELETE FROM jwt_auth.signing_key;
DELETE FROM jwt_auth.refresh_session;
DELETE FROM jwt_auth.account;
SELECT jwt_auth.create_signing_key('HS256') IS NOT NULL AS made;
CREATE FUNCTION auth_time(token text) RETURNS bigint LANGUAGE sql AS $$ SELECT (jwt_auth.jwt_verify(token) ->> 'auth_time')::bigint $$;
-- What a clock that was two years ahead would have written.
CREATE FUNCTION move_ahead(name text) RETURNS void LANGUAGE sql AS $$
  UPDATE jwt_auth.refresh_session SET created_at = created_at + interval '730 days', refreshed_at = refreshed_at + interval '730 days',
    ends_at = ends_at + interval '730 days', idle_ends_at = idle_ends_at + interval '730 days', purge_after = purge_after + 730,
    session_id = encode(overlay(uuid_send(session_id) placing decode(lpad(to_hex(floor(extract(epoch FROM now() + interval '730 days') * 1000)::bigint), 12, '0'), 'hex') from 1), 'hex')::uuid
  WHERE user_id = name
$$;
CREATE FUNCTION ends(name text, OUT absolute boolean, OUT idle boolean, OUT sweep boolean, OUT corrected boolean) LANGUAGE sql AS $$
  SELECT ends_at BETWEEN now() + interval '89 days' AND now() + interval '90 days 1 min', idle_ends_at BETWEEN now() + interval '13 days' AND now() + interval '14 days 1 min',
    purge_after <= current_date + 15, auth_time <= now() FROM jwt_auth.refresh_session WHERE user_id = name
$$;
CREATE FUNCTION clock_findings() RETURNS TABLE (severity text, finding text) LANGUAGE sql AS $$
  SELECT severity, regexp_replace(finding, '\d{4}-[^:]*:\d\d:[^:]*:|\w{3} \w{3} \d\d [^:]*:\d\d:[^:]*:', '(time):') FROM jwt_auth.doctor() WHERE subject = 'clock' ORDER BY finding
$$;
SELECT * FROM clock_findings();

\echo == the password was changed while the clock ran ahead: the cutoff lies ahead
SELECT jwt_auth.revoke_user_tokens('ann');
UPDATE jwt_auth.account SET not_before = now() + interval '2 years' WHERE user_id = 'ann';
SELECT date_trunc('second', clock_timestamp()) AS before \gset
SELECT session_id, access_token AS a, refresh_token AS t FROM jwt_auth.issue_refresh_session('ann') \gset
SELECT to_timestamp(auth_time(:'a')) BETWEEN :'before' AND clock_timestamp() AS logged_in_now;
SELECT * FROM ends('ann');
SELECT created_at > now() + interval '1 year' AS after_the_cutoff, (SELECT count(*) FROM jwt_auth.user_sessions('ann')) AS shown FROM jwt_auth.refresh_session;
SELECT pg_sleep(1.1);
SELECT access_token AS b, refresh_token AS t FROM jwt_auth.refresh_session(:'t') \gset
SELECT auth_time(:'b') - auth_time(:'a') AS moved, (jwt_auth.jwt_verify(:'b') ->> 'iat')::bigint > auth_time(:'b') AS issued_later;
SELECT * FROM ends('ann');
\echo -- a log-in within the last second is asked for, and this one is older
SELECT jwt_auth.authenticate(:'b', max_age => interval '1 second');
SELECT jwt_auth.authenticate(:'b', max_age => interval '1 minute') ->> 'sub' AS sub;

\echo == sessions that the wrong clock has begun
SELECT refresh_token AS t FROM jwt_auth.issue_refresh_session('bob') \gset
SELECT move_ahead('bob');
SELECT * FROM ends('bob');
SELECT overlay(jwt_auth.base64url_decode(substr(:'t', 12)) placing uuid_send(session_id) from 1) AS raw FROM jwt_auth.refresh_session WHERE user_id = 'bob' \gset
SELECT 'jwtauth_r1_' || jwt_auth.base64url_encode(:'raw') AS t \gset
SELECT severity, finding FROM clock_findings();
SELECT date_trunc('second', clock_timestamp()) AS before \gset
SELECT status, access_token AS a, refresh_token AS t FROM jwt_auth.refresh_session(:'t') \gset
SELECT :'status', to_timestamp(auth_time(:'a')) BETWEEN :'before' AND clock_timestamp() AS seen_first_now;
SELECT * FROM ends('bob');
SELECT pg_sleep(1.1);
SELECT auth_time(access_token) - auth_time(:'a') AS moved FROM jwt_auth.refresh_session(:'t');
\echo -- nobody uses this one: the clean-up corrects it, once
SELECT status FROM jwt_auth.issue_refresh_session('cyd') \gset
SELECT move_ahead('cyd');
CALL jwt_auth.purge_expired(1);
SELECT * FROM ends('cyd');
SELECT auth_time, ends_at, idle_ends_at FROM jwt_auth.refresh_session WHERE user_id = 'cyd' \gset
CALL jwt_auth.purge_expired();
SELECT auth_time = :'auth_time' AND ends_at = :'ends_at' AND idle_ends_at = :'idle_ends_at' AS as_before FROM jwt_auth.refresh_session WHERE user_id = 'cyd';
SELECT count FROM jwt_auth.stats WHERE what = 'purge' AND outcome = 'corrected';
\echo -- without an absolute end
SET jwt_auth.session_max_age = 0;
SELECT status FROM jwt_auth.issue_refresh_session('dan') \gset
SELECT move_ahead('dan');
CALL jwt_auth.purge_expired();
SELECT ends_at, idle_ends_at BETWEEN now() + interval '13 days' AND now() + interval '14 days' AS idle FROM jwt_auth.refresh_session WHERE user_id = 'dan';
RESET jwt_auth.session_max_age;

\echo == the doctor, and what it advises
SELECT status FROM jwt_auth.issue_refresh_session('eve') \gset
SELECT move_ahead('eve');
INSERT INTO jwt_auth.cutoff VALUES (true, now() + interval '2 years');
SELECT severity, finding FROM clock_findings();
UPDATE jwt_auth.account SET not_before = now() WHERE not_before > now();
UPDATE jwt_auth.cutoff SET not_before = now();
CALL jwt_auth.purge_expired();
SELECT * FROM clock_findings();
SELECT auth_time(:'b') IS NOT NULL AS the_session_lives;
DELETE FROM jwt_auth.cutoff;

DROP FUNCTION auth_time, move_ahead, ends, clock_findings;
DELETE FROM jwt_auth.refresh_session;
DELETE FROM jwt_auth.account;
DELETE FROM jwt_auth.auth_event;
