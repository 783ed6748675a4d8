-- Moving in: sessions of another system go on here, with the refresh token that the client has.
\set VERBOSITY terse
\set SHOW_CONTEXT never
DELETE FROM jwt_auth.signing_key;
SELECT jwt_auth.create_signing_key('HS256') IS NOT NULL AS made;
DELETE FROM jwt_auth.auth_event;
CREATE FUNCTION import(user_id text, token text, began interval DEFAULT '1 day', good_for interval DEFAULT '1 day') RETURNS uuid LANGUAGE sql AS $$
  SELECT jwt_auth.import_session(user_id, token, clock_timestamp() - began, clock_timestamp() + good_for)
$$;
CREATE FUNCTION events_of(id uuid) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(concat_ws(' ', event, detail ->> 'presented'), ', ' ORDER BY e.id) FROM jwt_auth.auth_event e WHERE session_id = events_of.id
$$;

\echo == before anything was imported a foreign text is no token
TRUNCATE jwt_auth.imported_token;
SELECT status, session_id, user_id FROM jwt_auth.refresh_session('theirs');

-- while the table is empty that is known, and it is not looked into
-- How often a table and its indexes were looked into.
CREATE FUNCTION looks(tab regclass) RETURNS numeric LANGUAGE sql AS $$
  SELECT sum(coalesce(pg_stat_get_xact_numscans(c), 0)) FROM (SELECT tab UNION ALL SELECT indexrelid FROM pg_index WHERE indrelid = tab) t (c)
$$;
BEGIN;
SELECT looks('jwt_auth.imported_token') AS before \gset
SELECT status FROM jwt_auth.refresh_session('theirs');
SELECT looks('jwt_auth.imported_token') - :before AS looks;
COMMIT;

\echo == imported, presented once, answered with ours
SELECT clock_timestamp() AS began \gset
SELECT jwt_auth.import_session('ann', 'theirs', '2026-01-02 03:04:05.678901+00', 'infinity', '192.0.2.7', 'Browser', '{"role": "member"}', '{"device": "phone"}') AS id
\gset none_
SET jwt_auth.session_max_age = 0;
SELECT jwt_auth.import_session('ann', 'theirs', '2026-01-02 03:04:05.678901+00', 'infinity', '192.0.2.7', 'Browser', '{"role": "member"}', '{"device": "phone"}') AS id
\gset
RESET jwt_auth.session_max_age;
SELECT session_id = :'id' AS same, created_at AT TIME ZONE 'UTC' AS created_at, refreshed_at = created_at AS not_refreshed, expires_at, ip, user_agent, metadata
FROM jwt_auth.user_sessions('ann');
SELECT event, user_id, ip, user_agent, detail - 'created_at' AS detail, (detail ->> 'created_at')::timestamptz AT TIME ZONE 'UTC' AS created_at, at >= :'began' AS now
FROM jwt_auth.auth_event WHERE session_id = :'id';
SELECT token_hash = sha256('theirs') AS hash, session_id = :'id' AS session, right(session_id::text, 8) = encode(int4send(user_key), 'hex') AS key_in_id FROM jwt_auth.imported_token;
SELECT * FROM jwt_auth.refresh_session('theirs', '192.0.2.8', 'Browser') \gset t1_
SELECT :'t1_status' AS status, :'t1_session_id' = :'id' AS session, :'t1_user_id' AS user_id, :'t1_refresh_token' ~ '^jwtauth_r1_[A-Za-z0-9_-]{91}$' AS form;
SELECT c ->> 'sub' AS sub, c ->> 'role' AS role, c ->> 'sid' = :'id' AS sid, to_timestamp((c ->> 'auth_time')::bigint) AT TIME ZONE 'UTC' AS auth_time
FROM jwt_auth.jwt_verify(:'t1_access_token') c;

\echo -- a token of ours is not looked for among them
BEGIN;
SELECT looks('jwt_auth.imported_token') AS before \gset
SELECT status FROM jwt_auth.refresh_session(:'t1_refresh_token', '192.0.2.8');
SELECT looks('jwt_auth.imported_token') - :before AS looks;
ROLLBACK;
DROP FUNCTION looks;

\echo == presented again it is a previous token: a lost answer, then theft
SELECT status, refresh_token = :'t1_refresh_token' AS the_same FROM jwt_auth.refresh_session('theirs', '192.0.2.8');
UPDATE jwt_auth.refresh_session SET refreshed_at = refreshed_at - interval '1 hour' WHERE session_id = :'id';
SELECT status, refresh_token = :'t1_refresh_token' AS the_same FROM jwt_auth.refresh_session('theirs', '192.0.2.8');
SELECT * FROM jwt_auth.refresh_session(:'t1_refresh_token', '192.0.2.8') \gset t2_
SELECT :'t2_status' AS status, count(*) AS kept FROM jwt_auth.imported_token;
SELECT status, refresh_token, session_id = :'id' AS session, user_id FROM jwt_auth.refresh_session('theirs', '203.0.113.66');
SELECT events_of(:'id');
SELECT status FROM jwt_auth.refresh_session(:'t2_refresh_token');
SELECT status FROM jwt_auth.refresh_session('theirs');
\echo -- the token goes with its session
SELECT count(*) FROM jwt_auth.imported_token;

\echo == whatever ends a session takes its token along, and the token may be imported again
CREATE TABLE imported AS SELECT name, import('bob', name) AS id FROM unnest('{log-out,one,revoke}'::text[]) AS name;
SELECT count(*) FROM jwt_auth.imported_token;
SELECT jwt_auth.revoke_refresh_token('log-out'), jwt_auth.revoke_refresh_token('log-out') AS again, jwt_auth.revoke_refresh_token('unknown') AS unknown;
SELECT jwt_auth.revoke_refresh_session(id) FROM imported WHERE name = 'one';
SELECT jwt_auth.revoke('revoke');
SELECT name, events_of(id) FROM imported ORDER BY name;
SELECT count(*) FROM jwt_auth.imported_token;
SELECT import('bob', 'log-out') IS NOT NULL AS again, import('bob', 'other') IS NOT NULL AS other;
SELECT jwt_auth.revoke_other_sessions('bob', session_id) FROM jwt_auth.imported_token WHERE token_hash = sha256('log-out');
SELECT count(*) FROM jwt_auth.imported_token;
SELECT jwt_auth.revoke_user_tokens('bob');
SELECT count(*) FROM jwt_auth.imported_token;
SELECT import('cy', 'idle') IS NOT NULL AS idle;
UPDATE jwt_auth.refresh_session SET idle_ends_at = now(), purge_after = current_date - 1 WHERE user_id = 'cy';
CALL jwt_auth.purge_expired();
SELECT (SELECT count(*) FROM jwt_auth.imported_token) AS tokens, (SELECT count(*) FROM jwt_auth.refresh_session WHERE user_id = 'cy') AS sessions;
SET jwt_auth.max_sessions_per_user = 1;
SELECT import('cy', 'first') IS NOT NULL AS first, import('cy', 'second') IS NOT NULL AS second;
SELECT cardinality(evicted_sessions) AS evicted FROM jwt_auth.issue_refresh_session('cy');
SELECT count(*) FROM jwt_auth.imported_token;
RESET jwt_auth.max_sessions_per_user;
SELECT import('cy', 'cut off') IS NOT NULL AS cut_off;
SELECT jwt_auth.revoke_all_tokens();
SELECT status FROM jwt_auth.refresh_session('cut off');
SELECT count(*) FROM jwt_auth.imported_token;
DELETE FROM jwt_auth.cutoff;

\echo == its ends
SELECT import('di', 'short', good_for => '1 hour') AS id \gset
SELECT idle_ends_at - now() < '61 min' AS idle, ends_at - now() BETWEEN '88 days' AND '89 days' AS absolute FROM jwt_auth.refresh_session WHERE session_id = :'id';
SELECT status, refresh_expires_at - now() > '13 days' AS slides FROM jwt_auth.refresh_session('short');
SELECT jwt_auth.set_session_class('remembered', max_age => '1 year', refresh_token_ttl => '100 days');
SELECT jwt_auth.import_session('di', 'long', now() - interval '200 days', now() + interval '1 year', class => 'remembered') AS id \gset
SELECT class, ends_at - now() < '166 days' AS absolute, idle_ends_at = ends_at AS idle_no_longer FROM jwt_auth.refresh_session WHERE session_id = :'id';
SELECT status, refresh_expires_at - now() BETWEEN '99 days' AND '101 days' AS slides FROM jwt_auth.refresh_session('long');
SELECT event, detail ->> 'class' AS class FROM jwt_auth.auth_event WHERE session_id = :'id';
SELECT jwt_auth.drop_session_class('remembered');

\echo == who is known by a uuid or a number
SELECT jwt_auth.import_session('6ba7b810-9dad-11d1-80b4-00c04fd430c8'::uuid, 'of a uuid', now(), now() + interval '1 day') IS NOT NULL AS imported;
SELECT jwt_auth.import_session(42, 'of a number', now(), now() + interval '1 day') IS NOT NULL AS imported;
SELECT user_id FROM jwt_auth.refresh_session('of a uuid') UNION ALL SELECT user_id FROM jwt_auth.refresh_session('of a number');

\echo == a token of any form: a JWT, one with blanks, a long one
SELECT import('eve', token) IS NOT NULL AS imported, (SELECT r.status FROM jwt_auth.refresh_session(token) r), (SELECT r.status FROM jwt_auth.refresh_session(token || ' ') r) AS another
FROM unnest(ARRAY['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJldmUifQ.c2lnbmF0dXJl', ' two words', repeat('x', 100000), 'jwtauth']) AS token;
SELECT jwt_auth.introspect('jwtauth');

\echo == refused: the token
CREATE FUNCTION refusal(user_id text, token text, began timestamptz DEFAULT now(), good_until timestamptz DEFAULT 'infinity', claims jsonb DEFAULT NULL,
                        metadata jsonb DEFAULT NULL, class text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  detail text; hint text;
BEGIN
  RETURN jwt_auth.import_session(user_id, token, began, good_until, claims => claims, metadata => metadata, class => class);
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(E'\n', SQLSTATE || ' ' || SQLERRM, nullif(detail, ''), nullif(hint, ''));
END $$;
SELECT refusal('flo', NULL);
SELECT refusal('flo', '');
SELECT refusal('flo', refresh_token) FROM jwt_auth.issue_refresh_session('flo');
SELECT refusal('flo', 'jwtauth_r1_x');
SELECT refusal('flo', 'jwtauth_k1_x');
SELECT import('flo', 'twice') IS NOT NULL AS imported;
SELECT refusal('flo', 'twice');
SELECT refusal('gus', 'twice');
SELECT status FROM jwt_auth.refresh_session('twice');
SELECT refusal('flo', 'twice');
SELECT refusal('flo', repeat('x', 2097153));
SELECT status FROM jwt_auth.refresh_session(repeat('x', 2097153));
\echo == the times
SELECT refusal('flo', 'x', NULL, 'infinity');
SELECT refusal('flo', 'x', now(), NULL);
SELECT refusal('flo', 'x', 'infinity', 'infinity');
SELECT refusal('flo', 'x', '-infinity', 'infinity');
SELECT refusal('flo', 'x', now() + interval '1 min', 'infinity');
SELECT refusal('flo', 'x', now() - interval '2 days', now() - interval '1 day');
SELECT refusal('flo', 'x', now() - interval '91 days', 'infinity');
\echo == the user, the class, claims and metadata
SELECT refusal(NULL, 'x');
SELECT refusal('', 'x');
SELECT refusal('flo ', 'x');
SELECT refusal('flo', 'x', now(), 'infinity', class => 'unknown');
SELECT refusal('flo', 'x', now(), 'infinity', claims => '{"sub": "x"}');
SELECT refusal('flo', 'x', now(), 'infinity', claims => '[]');
SELECT refusal('flo', 'x', now(), 'infinity', metadata => '1');
\echo == claims that no token has room for, as for set_session_claims
SELECT jwt_auth.import_session('ann', 'deep', now(), now() + interval '1 day', claims => (repeat('{"a":', 150) || '1' || repeat('}', 150))::jsonb);
SELECT jwt_auth.import_session('ann', 'large', now(), now() + interval '1 day', claims => jsonb_build_object('a', repeat('a', 2000000)));

\echo == a user who is locked, or was revoked since
SELECT jwt_auth.lock_user('hal') IS NOT NULL AS locked;
SELECT refusal('hal', 'x', now() - interval '1 day');
SELECT jwt_auth.unlock_user('hal');
SELECT refusal('hal', 'x', now() - interval '1 day');
SELECT jwt_auth.import_session('hal', 'x', clock_timestamp(), 'infinity') IS NOT NULL AS begun_since;
SELECT jwt_auth.lock_user('hal') IS NOT NULL AS locked;
SELECT status FROM jwt_auth.refresh_session('x');
\echo -- and one who was forgotten
SELECT import('jim', 'of jim') IS NOT NULL AS imported;
SELECT jwt_auth.forget_user('jim');
SELECT status FROM jwt_auth.refresh_session('of jim');
SELECT refusal('jim', 'of jim', now() - interval '1 day');
SELECT jwt_auth.import_session('jim', 'of jim', clock_timestamp(), 'infinity') IS NOT NULL AS somebody_new;
\echo -- nothing was left behind
SELECT count(*) FROM jwt_auth.imported_token t WHERE NOT EXISTS (SELECT FROM jwt_auth.refresh_session s WHERE s.session_id = t.session_id);

\echo == one whose session was deleted by hand is swept, and may be imported again
SELECT import('kim', 'of kim') AS id \gset
SELECT import('lea', 'of lea') IS NOT NULL AS imported;
DELETE FROM jwt_auth.refresh_session WHERE session_id = :'id';
SELECT refusal('kim', 'of kim');
CALL jwt_auth.purge_expired(1);
SELECT jwt_auth.import_session('kim', 'of kim', clock_timestamp(), 'infinity') IS NOT NULL AS again;
SELECT user_id, status FROM unnest('{of kim, of lea}'::text[]) AS t(token), jwt_auth.refresh_session(token);

\echo == what rolls back was not imported
BEGIN;
SELECT import('ivy', 'undone') IS NOT NULL AS imported;
SELECT status FROM jwt_auth.refresh_session('undone');
ROLLBACK;
SELECT status FROM jwt_auth.refresh_session('undone');

DROP FUNCTION import, refusal, events_of;
DROP TABLE imported;
DELETE FROM jwt_auth.refresh_session;
DELETE FROM jwt_auth.session_data;
DELETE FROM jwt_auth.imported_token;
DELETE FROM jwt_auth.account;
DELETE FROM jwt_auth.denied_token;
DELETE FROM jwt_auth.auth_event;
DELETE FROM jwt_auth.revocation;
