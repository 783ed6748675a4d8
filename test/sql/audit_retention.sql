-- purge_events: what it removes of the audit and what it leaves, and what it refuses.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
DELETE FROM jwt_auth.signing_key;
DELETE FROM jwt_auth.refresh_session;
SELECT jwt_auth.create_signing_key('HS256') IS NOT NULL AS made;
DELETE FROM jwt_auth.auth_event;
CREATE FUNCTION events() RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(format('%s %s', user_id, event), ', ' ORDER BY user_id, event COLLATE "C") FROM jwt_auth.auth_event
$$;
CREATE FUNCTION purged() RETURNS bigint LANGUAGE sql AS $$
  SELECT count FROM jwt_auth.stats WHERE what = 'purge' AND outcome = 'events'
$$;

\echo == refused
CALL jwt_auth.purge_events(NULL);
CALL jwt_auth.purge_events('1 year', NULL);
CALL jwt_auth.purge_events('-1 day');
CALL jwt_auth.purge_events('0');
\echo -- a slip of the pen: that is one second
CALL jwt_auth.purge_events('1');
CALL jwt_auth.purge_events('23:59:59.999999');
CALL jwt_auth.purge_events('1100 years');
CALL jwt_auth.purge_events('2000000000 months');
CALL jwt_auth.purge_events('1 year', 0);
CALL jwt_auth.purge_events('1 year', -1);
BEGIN;
CALL jwt_auth.purge_events('1 year');
ROLLBACK;
CREATE FUNCTION in_a_function() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CALL jwt_auth.purge_events('1 year'); END $$;
SELECT in_a_function();
BEGIN READ ONLY;
CALL jwt_auth.purge_events('1 year');
ROLLBACK;
\echo -- why, in words
\set VERBOSITY default
CALL jwt_auth.purge_events('1 hour');
\set VERBOSITY terse
CALL jwt_auth.purge_events('-1 day');
CALL jwt_auth.purge_events('1 day -1 microsecond');
CALL jwt_auth.purge_events('1100 years');
CALL jwt_auth.purge_events('1000 years 1 day');
CALL jwt_auth.purge_events('1000 years');
BEGIN;
CALL jwt_auth.purge_events('1 year');
ROLLBACK;
\set VERBOSITY sqlstate

\echo == nothing there
CALL jwt_auth.purge_events('1 day');

\echo == old and young
SELECT session_id AS ended FROM jwt_auth.issue_refresh_session('ended') \gset
SELECT session_id AS living FROM jwt_auth.issue_refresh_session('living') \gset
SELECT session_id AS young FROM jwt_auth.issue_refresh_session('young') \gset
SELECT jwt_auth.revoke_refresh_session(:'ended'), jwt_auth.revoke_refresh_session(:'young');
SELECT jwt_auth.set_user_policy('living', max_sessions => 3);
UPDATE jwt_auth.auth_event SET at = now() - interval '13 months' WHERE user_id IS DISTINCT FROM 'young';
SELECT events();
CALL jwt_auth.purge_events('14 months');
SELECT events();
CALL jwt_auth.purge_events('1 year');
\echo -- the log-in of a session that is still there stays
SELECT events();
SELECT purged() AS purged;
SELECT explanation FROM jwt_auth.explain_session(:'ended');
SELECT alive FROM jwt_auth.explain_session(:'living');
DELETE FROM jwt_auth.refresh_session WHERE session_id = :'living';
SELECT user_id, explanation FROM jwt_auth.explain_session(:'living');
\echo -- and goes with the session
CALL jwt_auth.purge_events('1 year');
SELECT events();

\echo == by the calendar: a year is a year and not twelve times thirty days
INSERT INTO jwt_auth.auth_event (at, event, user_id)
  VALUES (now() - interval '1 year' + interval '1 hour', 'logout', 'a year less'), (now() - interval '1 year' - interval '1 hour', 'logout', 'a year more');
CALL jwt_auth.purge_events('1 year');
SELECT user_id FROM jwt_auth.auth_event WHERE user_id LIKE 'a year%';

\echo == batches of every size
DELETE FROM jwt_auth.auth_event;
INSERT INTO jwt_auth.auth_event (at, event, user_id) SELECT now() - n * interval '1 day', 'refreshed', n FROM generate_series(1, 400) n;
SELECT purged() AS before \gset
CALL jwt_auth.purge_events(interval '390.5 days', 1);
SELECT count(*), purged() - :before AS purged FROM jwt_auth.auth_event;
CALL jwt_auth.purge_events(interval '380.5 days', 10);
SELECT count(*), purged() - :before AS purged FROM jwt_auth.auth_event;
CALL jwt_auth.purge_events(interval '350.5 days', 7);
SELECT count(*), purged() - :before AS purged FROM jwt_auth.auth_event;
CALL jwt_auth.purge_events(interval '300.5 days', 2147483647);
SELECT count(*), purged() - :before AS purged FROM jwt_auth.auth_event;
\echo -- wherever they lie: young ones before, between and behind
DELETE FROM jwt_auth.auth_event;
INSERT INTO jwt_auth.auth_event (at, event, detail)
  SELECT now() - (CASE n % 3 WHEN 0 THEN 30 ELSE 1 END) * interval '1 day', 'refreshed', jsonb_build_object('n', n, 'padding', repeat('x', 500)) FROM generate_series(1, 12000) n;
SELECT pg_relation_size('jwt_auth.auth_event') > 3 * 128 * 8192 AS in_several_ranges;
CALL jwt_auth.purge_events('7 days', 999);
SELECT count(*), count(*) FILTER (WHERE at < now() - interval '7 days') AS old FROM jwt_auth.auth_event;
\echo -- nor does it matter that somebody has made the index another way
BEGIN;
DROP INDEX jwt_auth.auth_event_at;
COMMIT;
CALL jwt_auth.purge_events('1 day');
SELECT count(*) FROM jwt_auth.auth_event;
INSERT INTO jwt_auth.auth_event (at, event) VALUES (now() - interval '2 days', 'logout');
CREATE INDEX auth_event_at ON jwt_auth.auth_event (at);
CALL jwt_auth.purge_events('1 day');
SELECT count(*) FROM jwt_auth.auth_event;
DROP INDEX jwt_auth.auth_event_at;
CREATE INDEX auth_event_at ON jwt_auth.auth_event USING brin (at);

\echo == who may
CREATE ROLE janitor;
CREATE ROLE other;
SELECT jwt_auth.grant_issuer('other');
GRANT EXECUTE ON PROCEDURE jwt_auth.purge_events TO janitor;
INSERT INTO jwt_auth.auth_event (at, event) VALUES (now() - interval '2 days', 'logout');
SET ROLE other;
CALL jwt_auth.purge_events('1 day');
SET ROLE janitor;
SELECT count(*) FROM jwt_auth.auth_event;
CALL jwt_auth.purge_events('1 day');
RESET ROLE;
SELECT count(*) FROM jwt_auth.auth_event;

REVOKE ALL ON PROCEDURE jwt_auth.purge_events FROM janitor;
DROP OWNED BY other;
DROP ROLE janitor, other;
DROP FUNCTION events(), purged(), in_a_function();
