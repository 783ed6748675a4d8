-- Rows are read by the index where a table is as the install script made it, else by statements; the answers are the same.
\set VERBOSITY terse
\set SHOW_CONTEXT never
DELETE FROM jwt_auth.signing_key;
SELECT jwt_auth.create_signing_key('HS256') IS NOT NULL AS made;
SELECT access_token AS token, refresh_token AS refresh, session_id AS id FROM jwt_auth.issue_refresh_session('reader', claims => '{"a": 1}') \gset
SELECT access_token AS ended, session_id AS ended_id FROM jwt_auth.issue_refresh_session('reader') \gset
SELECT jwt_auth.jwt_sign('{"sub": "reader", "jti": "plain"}') AS plain, jwt_auth.jwt_sign('{"jti": "nobody"}') AS nobody \gset
SELECT jwt_auth.revoke_refresh_session(:'ended_id');

-- What a verification answers by the index (or why it can't), by statements and by default.
CREATE FUNCTION verdict(token text, reader text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  detail text;
BEGIN
  PERFORM set_config('jwt_auth.debug_row_reader', reader, true);
  RETURN jwt_auth.jwt_verify(token) ->> 'sub';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
  RETURN concat_ws(' ', sqlstate, detail);
END $$;
CREATE FUNCTION verdicts(token text, OUT by_index text, OUT by_statement text, OUT by_default text) LANGUAGE sql AS
  $$ SELECT verdict(token, 'index'), verdict(token, 'statement'), verdict(token, 'auto') $$;

\echo == every kind of token
SELECT * FROM verdicts(:'token');
SELECT * FROM verdicts(:'ended');
SELECT * FROM verdicts(:'plain');
SELECT by_index IS NULL AS by_index, by_statement IS NULL AS by_statement FROM verdicts(:'nobody');
SELECT jwt_auth.deny_token(:'plain'), jwt_auth.deny_token(:'nobody');
SELECT * FROM verdicts(:'plain');
SELECT * FROM verdicts(:'nobody');
BEGIN;
SELECT jwt_auth.revoke_user_tokens('reader');
SELECT * FROM verdicts(:'token');
SELECT * FROM verdicts(:'plain');
ROLLBACK;
BEGIN;
SELECT jwt_auth.revoke_all_tokens();
SELECT * FROM verdicts(:'token');
ROLLBACK;
SELECT * FROM verdicts(:'token');

\echo == its own uncommitted work is seen, and what a savepoint undid is not
BEGIN;
SAVEPOINT a;
DELETE FROM jwt_auth.refresh_session WHERE session_id = :'id';
SELECT * FROM verdicts(:'token');
ROLLBACK TO a;
SELECT * FROM verdicts(:'token');
COMMIT;

\echo == tables that somebody has changed
CREATE FUNCTION changed(token text, VARIADIC ddl text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  one text;
  answer text;
BEGIN
  FOREACH one IN ARRAY ddl LOOP EXECUTE one; END LOOP;
  SELECT v::text INTO answer FROM verdicts(token) v;
  RAISE EXCEPTION '%', answer;
EXCEPTION WHEN raise_exception THEN
  RETURN sqlerrm;
END $$;
-- The same again once it is undone: what is known of a table is found out anew.
CREATE FUNCTION on_changed(token text, VARIADIC ddl text[], OUT changed text, OUT undone text) LANGUAGE plpgsql AS $$
BEGIN
  changed := changed(token, VARIADIC ddl);
  undone := verdict(token, 'index');
END $$;
SELECT * FROM on_changed(:'token', 'CREATE TABLE child () INHERITS (jwt_auth.account)');
SELECT * FROM on_changed(:'token', 'ALTER TABLE jwt_auth.refresh_session SET UNLOGGED');
SELECT * FROM on_changed(:'token', 'ALTER TABLE jwt_auth.denied_token DROP CONSTRAINT denied_token_pkey');
SELECT * FROM on_changed(:'token', 'ALTER TABLE jwt_auth.denied_token DROP CONSTRAINT denied_token_pkey',
  'ALTER TABLE jwt_auth.denied_token ADD PRIMARY KEY (token_id, user_key)');
SELECT * FROM on_changed(:'token', 'ALTER TABLE jwt_auth.denied_token DROP CONSTRAINT denied_token_pkey',
  'ALTER TABLE jwt_auth.denied_token ADD PRIMARY KEY (user_key, token_id) DEFERRABLE');
SELECT * FROM on_changed(:'token', 'ALTER TABLE jwt_auth.denied_token ALTER user_key TYPE bigint');
SELECT * FROM on_changed(:'token', 'ALTER TABLE jwt_auth.account RENAME TO old', 'CREATE TABLE jwt_auth.account AS TABLE jwt_auth.old',
  'ALTER TABLE jwt_auth.account ALTER user_id TYPE text COLLATE "POSIX", ADD PRIMARY KEY (user_key, issuer, user_id)');
SELECT * FROM on_changed(:'token', 'ALTER TABLE jwt_auth.account RENAME TO old', 'CREATE TABLE jwt_auth.account AS TABLE jwt_auth.old',
  'ALTER TABLE jwt_auth.account ADD PRIMARY KEY (user_key, issuer, user_id)');
SELECT * FROM on_changed(:'token', 'ALTER TABLE jwt_auth.refresh_session RENAME TO old',
  'CREATE TABLE jwt_auth.refresh_session AS TABLE jwt_auth.old',
  'ALTER TABLE jwt_auth.refresh_session ALTER user_id TYPE varchar, ADD PRIMARY KEY (session_id, user_key)');
SELECT * FROM on_changed(:'token', 'ALTER TABLE jwt_auth.refresh_session ADD COLUMN first int DEFAULT 1');
SELECT * FROM on_changed(:'token', 'ALTER TABLE jwt_auth.refresh_session DROP COLUMN user_agent', 'CLUSTER jwt_auth.refresh_session USING refresh_session_pkey');
SELECT * FROM on_changed(:'token', 'ALTER TABLE jwt_auth.refresh_session RENAME TO old', 'CREATE VIEW jwt_auth.refresh_session AS TABLE jwt_auth.old');
SELECT * FROM on_changed(:'token', 'ALTER TABLE jwt_auth.refresh_session RENAME TO old',
  'CREATE TABLE jwt_auth.refresh_session (LIKE jwt_auth.old INCLUDING ALL)');
-- Forced row security holds for an owner, but not for what is read here.
SELECT * FROM on_changed(:'token', 'CREATE ROLE row_reader_owner', 'GRANT USAGE ON SCHEMA jwt_auth TO row_reader_owner',
  'ALTER TABLE jwt_auth.account OWNER TO row_reader_owner', 'ALTER TABLE jwt_auth.denied_token OWNER TO row_reader_owner',
  'ALTER TABLE jwt_auth.refresh_session OWNER TO row_reader_owner',
  'ALTER TABLE jwt_auth.refresh_session ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY');
SELECT * FROM on_changed(:'token', 'TRUNCATE jwt_auth.refresh_session');
SELECT * FROM on_changed(:'token', 'REINDEX TABLE jwt_auth.refresh_session');

\echo == a table that Citus has distributed
SET allow_system_table_mods = on;
BEGIN;
CREATE TABLE pg_catalog.pg_dist_partition (logicalrelid regclass);
INSERT INTO pg_catalog.pg_dist_partition VALUES ('jwt_auth.account');
ALTER TABLE jwt_auth.account SET (fillfactor = 81);
SELECT * FROM verdicts(:'token');
ROLLBACK;
RESET allow_system_table_mods;
SELECT * FROM verdicts(:'token');

\echo == a refresh reads by the index what a statement would
BEGIN;
SET LOCAL jwt_auth.debug_row_reader = 'index';
SELECT status, jwt_auth.jwt_verify(access_token) ->> 'a' AS claim FROM jwt_auth.refresh_session(:'refresh');
ROLLBACK;
BEGIN;
SET LOCAL jwt_auth.debug_row_reader = 'statement';
SELECT status, jwt_auth.jwt_verify(access_token) ->> 'a' AS claim FROM jwt_auth.refresh_session(:'refresh');
ROLLBACK;

\echo == no lock of a table outlives a verification by the index
BEGIN;
SET LOCAL jwt_auth.debug_row_reader = 'index';
SELECT jwt_auth.jwt_verify(:'token') ->> 'sub';
SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND relation IN
  ('jwt_auth.refresh_session'::regclass, 'jwt_auth.account'::regclass, 'jwt_auth.denied_token'::regclass,
   'jwt_auth.refresh_session_pkey'::regclass, 'jwt_auth.account_pkey'::regclass, 'jwt_auth.denied_token_pkey'::regclass);
COMMIT;

\echo == at SERIALIZABLE it locks rows and places in indexes against writers, no table whole
SELECT jwt_auth.deny_token(jwt_auth.jwt_sign('{"sub": "denied"}'));
BEGIN ISOLATION LEVEL SERIALIZABLE;
SET LOCAL jwt_auth.debug_row_reader = 'index';
SELECT jwt_auth.jwt_verify(:'token') ->> 'sub';
SELECT relation::regclass, locktype FROM pg_locks WHERE pid = pg_backend_pid() AND mode = 'SIReadLock' ORDER BY relation::regclass::text, locktype;
COMMIT;
-- Nor where no token was ever denied. A denial that others write beside it is a conflict still, as with a row that is there.
TRUNCATE jwt_auth.denied_token;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SET LOCAL jwt_auth.debug_row_reader = 'index';
SELECT jwt_auth.jwt_verify(:'token') ->> 'sub';
SELECT relation::regclass, locktype FROM pg_locks WHERE pid = pg_backend_pid() AND mode = 'SIReadLock' ORDER BY relation::regclass::text, locktype;
COMMIT;

\echo == only administrators choose
CREATE ROLE reader_of_rows;
SET ROLE reader_of_rows;
SET jwt_auth.debug_row_reader = 'statement';
RESET ROLE;
SET jwt_auth.debug_row_reader = 'neither';
DROP ROLE reader_of_rows;
DROP FUNCTION on_changed, changed, verdicts, verdict;
DELETE FROM jwt_auth.signing_key;
TRUNCATE jwt_auth.refresh_session, jwt_auth.session_data, jwt_auth.account, jwt_auth.denied_token, jwt_auth.auth_event;
