-- A lost answer that is asked for again after refresh_reuse_interval: given once, recorded, and not in two successive rotations.
\set VERBOSITY terse
\set SHOW_CONTEXT never
DELETE FROM jwt_auth.signing_key;
SELECT jwt_auth.create_signing_key('HS256') IS NOT NULL AS made;
DELETE FROM jwt_auth.auth_event;
SHOW jwt_auth.late_retry;

-- A phone: what it holds, what it held before, and what it answers to a refresh.
CREATE TABLE phone (name text PRIMARY KEY, session_id uuid, previous text, token text);
CREATE FUNCTION log_in(name text, ip inet DEFAULT NULL, fingerprint text DEFAULT NULL) RETURNS void LANGUAGE sql AS $$
  INSERT INTO phone SELECT name, r.session_id, NULL, r.refresh_token FROM jwt_auth.issue_refresh_session(name, ip, fingerprint => fingerprint) r
$$;
CREATE FUNCTION rotate(name text, ip inet DEFAULT NULL, fingerprint text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
  UPDATE phone p SET previous = p.token, token = r.refresh_token
  FROM phone q, LATERAL jwt_auth.refresh_session(q.token, ip, fingerprint => fingerprint) r WHERE p.name = rotate.name AND q.name = p.name
  RETURNING r.status
$$;
CREATE FUNCTION retry(name text, ip inet DEFAULT NULL, fingerprint text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
  SELECT concat_ws(' ', r.status, CASE WHEN r.refresh_token = p.token THEN 'the same' WHEN r.refresh_token IS NOT NULL THEN 'another' END,
                   CASE WHEN r.access_token IS NOT NULL THEN jwt_auth.jwt_verify(r.access_token) ->> 'sub' END)
  FROM phone p, LATERAL jwt_auth.refresh_session(p.previous, ip, fingerprint => fingerprint) r WHERE p.name = retry.name
$$;
-- Sleeps so long: the row's times go back instead.
CREATE FUNCTION sleeps(name text, duration interval) RETURNS void LANGUAGE sql AS $$
  UPDATE jwt_auth.refresh_session s SET refreshed_at = refreshed_at - duration, late_at = late_at - duration FROM phone p
  WHERE p.name = sleeps.name AND s.session_id = p.session_id
$$;
CREATE FUNCTION row_of(name text) RETURNS text LANGUAGE sql AS $$
  SELECT concat_ws(' ', 'generation', generation, 'late', late_generation, late_at > refreshed_at) FROM jwt_auth.refresh_session s, phone p
  WHERE p.name = row_of.name AND s.session_id = p.session_id
$$;
CREATE FUNCTION events_of(name text) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(concat_ws(' ', event, detail ->> 'presented', host(ip)), ', ' ORDER BY e.id) FROM jwt_auth.auth_event e, phone p
  WHERE p.name = events_of.name AND e.session_id = p.session_id AND event <> 'login'
$$;

\echo == an hour later: the same successor, recorded in the row and in the audit
SELECT log_in('ann'), rotate('ann');
SELECT sleeps('ann', '1 hour');
SELECT idle_ends_at AS idle_end FROM jwt_auth.refresh_session \gset
SELECT retry('ann', '192.0.2.7');
SELECT row_of('ann'), events_of('ann'), idle_ends_at = :'idle_end' AS same_end, host(ip) AS ip FROM jwt_auth.refresh_session;
SELECT user_id, ip, detail FROM jwt_auth.auth_event WHERE event = 'late_replay';
\echo -- again within the interval of that: nothing is written; after it, theft
SELECT retry('ann');
SELECT row_of('ann'), events_of('ann');
SELECT sleeps('ann', '5 s');
SELECT retry('ann');
SELECT sleeps('ann', '6 s');
SELECT retry('ann');
SELECT rotate('ann'), events_of('ann');

\echo == another session of the same user is asked for on its own
SELECT log_in('zoe');
INSERT INTO phone SELECT 'tablet', r.session_id, NULL, r.refresh_token FROM jwt_auth.issue_refresh_session('zoe') r;
SELECT rotate('zoe'), rotate('tablet');
SELECT sleeps('zoe', '1 hour'), sleeps('tablet', '1 hour');
SELECT retry('zoe'), row_of('zoe'), row_of('tablet');
SELECT retry('tablet'), row_of('tablet');

\echo == a client that loses an answer in every second rotation keeps its session
SELECT log_in('bea');
SELECT i, rotate('bea'), sleeps('bea', '1 hour'), retry('bea'), row_of('bea'), rotate('bea') AS next, sleeps('bea', '1 hour') FROM generate_series(1, 3) i;
SELECT events_of('bea');
\echo -- and is refused in the second of two successive ones
SELECT rotate('bea'), sleeps('bea', '1 hour'), retry('bea'), rotate('bea') AS next, sleeps('bea', '1 hour'), retry('bea') AS late_again;
SELECT events_of('bea');

\echo == within the interval nothing has changed, also in the rotation after a late retry
SELECT log_in('cy'), rotate('cy'), sleeps('cy', '1 hour');
SELECT retry('cy');
SELECT rotate('cy'), retry('cy'), retry('cy', '192.0.2.7') AS elsewhere, row_of('cy');
SELECT events_of('cy');

\echo == a successor that was used: theft, however early
SELECT log_in('di'), rotate('di');
SELECT previous AS old FROM phone WHERE name = 'di' \gset
SELECT rotate('di'), sleeps('di', '1 hour');
SELECT status, session_id = (SELECT session_id FROM phone WHERE name = 'di') AS session FROM jwt_auth.refresh_session(:'old');

\echo == a thief who presents old tokens is served once, and an event
SELECT log_in('eve'), rotate('eve'), sleeps('eve', '1 hour');
SELECT retry('eve', '203.0.113.66') AS thief;
SELECT rotate('eve') AS owner, sleeps('eve', '1 hour');
SELECT retry('eve', '203.0.113.66') AS thief;
SELECT events_of('eve');

\echo == never: as in version 1
SET jwt_auth.late_retry = never;
SELECT log_in('flo'), rotate('flo');
SELECT retry('flo');
SELECT sleeps('flo', '10 s');
SELECT retry('flo'), row_of('flo'), events_of('flo');
RESET jwt_auth.late_retry;

\echo == no interval: every retry is late, so one is answered
SET jwt_auth.refresh_reuse_interval = 0;
SELECT log_in('gus'), rotate('gus');
SELECT retry('gus');
SELECT retry('gus'), events_of('gus');
SET jwt_auth.late_retry = never;
SELECT log_in('gil'), rotate('gil');
SELECT retry('gil');
RESET jwt_auth.late_retry;
RESET jwt_auth.refresh_reuse_interval;

\echo == under an enforcing policy the client is compared with that of the latest rotation, where the log-in bound nothing
SET jwt_auth.ip_binding = 'exact';
SET jwt_auth.fingerprint_binding = 'exact';
SELECT name, log_in(name), rotate(name, '192.0.2.7', 'device'), sleeps(name, '1 hour') FROM unnest('{hal,hana,hedy}'::text[]) name;
SELECT retry('hal', '192.0.2.8', 'device') AS other_address, events_of('hal');
SELECT retry('hana', '192.0.2.7', 'other') AS other_fingerprint, events_of('hana');
SELECT retry('hedy', '192.0.2.7', 'device') AS the_same_client, events_of('hedy');
SET jwt_auth.ip_binding = 'subnet';
SELECT log_in('hugo'), rotate('hugo', '192.0.2.7', 'device'), sleeps('hugo', '1 hour');
SELECT retry('hugo', '192.0.2.8', 'device') AS neighbour;
SET jwt_auth.ip_binding = 'log';
SET jwt_auth.fingerprint_binding = 'log';
SELECT log_in('huw'), rotate('huw', '192.0.2.7', 'device'), sleeps('huw', '1 hour');
SELECT retry('huw') AS only_logged, events_of('huw');
RESET jwt_auth.ip_binding;
RESET jwt_auth.fingerprint_binding;

\echo == it is one update in place of one row, and so is a refresh
SELECT log_in('ivy'), rotate('ivy'), sleeps('ivy', '1 hour');
CREATE FUNCTION updates(OUT all_of_them bigint, OUT in_place bigint) LANGUAGE sql AS $$
  SELECT pg_stat_get_xact_tuples_updated(t), pg_stat_get_xact_tuples_hot_updated(t) FROM (SELECT 'jwt_auth.refresh_session'::regclass AS t) r
$$;
BEGIN;
SELECT * FROM updates() \gset before_
SELECT retry('ivy');
SELECT all_of_them - :before_all_of_them AS updates, in_place - :before_in_place AS in_place FROM updates();
SELECT rotate('ivy');
SELECT all_of_them - :before_all_of_them AS updates, in_place - :before_in_place AS in_place FROM updates();
ROLLBACK;

\echo == what is undone was not granted
BEGIN;
SELECT retry('ivy');
ROLLBACK;
SELECT retry('ivy'), events_of('ivy');

\echo == a trigger that suppresses the record: an error, and no token
CREATE FUNCTION suppress() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
SELECT log_in('jo'), rotate('jo'), sleeps('jo', '1 hour');
CREATE TRIGGER suppressed BEFORE UPDATE ON jwt_auth.refresh_session FOR EACH ROW WHEN (NEW.late_at IS DISTINCT FROM OLD.late_at) EXECUTE FUNCTION suppress();
\set VERBOSITY sqlstate
SELECT retry('jo');
\set VERBOSITY terse
DROP TRIGGER suppressed ON jwt_auth.refresh_session;
DROP FUNCTION suppress;
SELECT retry('jo');

\echo == no token at all
SELECT status, access_token, refresh_token, session_id, user_id FROM jwt_auth.refresh_session(NULL);
SELECT status FROM jwt_auth.refresh_session('');
SELECT status FROM jwt_auth.refresh_session(NULL, '192.0.2.7', 'Browser', 'device', 'proof', 'POST', 'https://example.com');

SET jwt_auth.late_retry = 'sometimes';
DROP FUNCTION updates, events_of, row_of, sleeps, retry, rotate, log_in;
DROP TABLE phone;
DELETE FROM jwt_auth.refresh_session;
DELETE FROM jwt_auth.account;
DELETE FROM jwt_auth.auth_event;
