-- What a check reads by key, from the index, is what a statement reads; and where only a statement can tell, it is a statement.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
DELETE FROM jwt_auth.signing_key;
SELECT jwt_auth.create_signing_key('HS256') IS NOT NULL AS made;
CREATE TABLE reads (name text PRIMARY KEY, access_token text, session_id uuid);
INSERT INTO reads SELECT u, i.access_token, i.session_id FROM unnest('{good,ended,cut,late,idle,denied,others}'::text[]) u,
  jwt_auth.issue_refresh_session(u) i;
SELECT jwt_auth.deny_token(access_token) FROM reads WHERE name = 'denied';
DELETE FROM jwt_auth.refresh_session WHERE user_id = 'ended';
-- A row that came back from a copy is older than its user's cutoff.
UPDATE jwt_auth.account SET not_before = now() + interval '1 hour' WHERE user_id = 'cut';
UPDATE jwt_auth.account SET not_before = now() - interval '1 hour' WHERE user_id = 'good';
UPDATE jwt_auth.refresh_session SET ends_at = now() WHERE user_id = 'late';
UPDATE jwt_auth.refresh_session SET idle_ends_at = now() WHERE user_id = 'idle';
UPDATE jwt_auth.refresh_session SET user_id = 'good' WHERE user_id = 'others';
CREATE FUNCTION outcome(token text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN jwt_auth.jwt_verify(token) ->> 'sub';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE;
END $$;
CREATE VIEW outcomes AS SELECT name, outcome(access_token) FROM reads ORDER BY name;
-- With indexes forbidden, a statement scans the table; what reads by key does not ask the planner.
CREATE VIEW scans AS SELECT seq_scan, idx_scan FROM pg_stat_xact_user_tables WHERE relid = 'jwt_auth.refresh_session'::regclass;
SET enable_indexscan = off;
SET enable_indexonlyscan = off;
SET enable_bitmapscan = off;

\echo == by key
BEGIN;
SELECT seq_scan AS seq, idx_scan AS idx FROM scans \gset
SELECT * FROM outcomes;
SELECT seq_scan > :seq AS by_statement, idx_scan > :idx AS by_key FROM scans;
COMMIT;

\echo == where Citus is, by statement
BEGIN;
SET LOCAL allow_system_table_mods = on;
CREATE TABLE pg_catalog.pg_dist_partition ();
SELECT seq_scan AS seq, idx_scan AS idx FROM scans \gset
SELECT * FROM outcomes;
SELECT seq_scan > :seq AS by_statement, idx_scan > :idx AS by_key FROM scans;
ROLLBACK;

\echo == a table that somebody has made another of
BEGIN;
ALTER TABLE jwt_auth.refresh_session DROP CONSTRAINT refresh_session_pkey;
SELECT seq_scan AS seq, idx_scan AS idx FROM scans \gset
SELECT * FROM outcomes WHERE name IN ('good', 'ended');
SELECT seq_scan > :seq AS by_statement, idx_scan > :idx AS by_key FROM scans;
ROLLBACK;
BEGIN;
CREATE TABLE of_last_year () INHERITS (jwt_auth.refresh_session);
WITH moved AS (DELETE FROM ONLY jwt_auth.refresh_session WHERE user_id = 'good' RETURNING *) INSERT INTO of_last_year SELECT * FROM moved;
SELECT * FROM outcomes WHERE name IN ('good', 'ended');
ROLLBACK;
BEGIN;
ALTER TABLE jwt_auth.denied_token DROP CONSTRAINT denied_token_pkey;
ALTER TABLE jwt_auth.denied_token ADD PRIMARY KEY (token_id, user_key);
SELECT * FROM outcomes WHERE name IN ('good', 'denied');
ROLLBACK;
BEGIN;
ALTER TABLE jwt_auth.account SET UNLOGGED;
SELECT * FROM outcomes WHERE name IN ('good', 'cut');
ROLLBACK;

\echo == the latest state, also in a transaction with an old snapshot
\setenv PGDATABASE :DBNAME
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT * FROM outcomes WHERE name = 'good';
\! psql -XAtq -c "DELETE FROM jwt_auth.refresh_session WHERE user_id = 'good'"
SELECT * FROM outcomes WHERE name = 'good';
COMMIT;
\c -
DROP VIEW outcomes, scans;
DROP FUNCTION outcome;
DROP TABLE reads;
DELETE FROM jwt_auth.refresh_session;
DELETE FROM jwt_auth.account;
DELETE FROM jwt_auth.denied_token;
DELETE FROM jwt_auth.auth_event;
DELETE FROM jwt_auth.signing_key;
