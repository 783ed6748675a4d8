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
SELECT * FROM on_changed(:'token', 'CREATE ROLE keeper', 'GRANT USAGE, CREATE ON SCHEMA jwt_auth TO keeper', 'ALTER TABLE jwt_auth.account OWNER TO keeper',
  'REVOKE SELECT ON jwt_auth.account FROM keeper');
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

\echo == a refresh and a log-in write in place what an UPDATE would
CREATE FUNCTION row_of(id uuid) RETURNS jwt_auth.refresh_session LANGUAGE sql AS
  $$ SELECT s FROM jwt_auth.refresh_session s WHERE session_id = id $$;
-- What a refresh has done to the row, and whether without an UPDATE: one that is planned keeps a lock of the primary key's index.
CREATE FUNCTION refreshed(token text, id uuid, reader text, VARIADIC ddl text[] DEFAULT '{}') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  one text;
  o jwt_auth.refresh_session;
  s jwt_auth.refresh_session;
  changed text[] := '{generation,previous_hash,current_hash,nonce,refreshed_at,idle_ends_at,ip,user_agent,fingerprint}';
BEGIN
  FOREACH one IN ARRAY ddl LOOP EXECUTE one; END LOOP;
  DISCARD PLANS;
  PERFORM set_config('jwt_auth.debug_row_reader', reader, true);
  o := row_of(id);
  one := status FROM jwt_auth.refresh_session(token, '192.0.2.7', 'agent', '\x01');
  s := row_of(id);
  RAISE EXCEPTION '%', concat_ws(' ', one, s.generation - o.generation, s.previous_hash = o.current_hash,
    length(s.current_hash), s.current_hash <> o.current_hash, length(s.nonce), s.refreshed_at > o.refreshed_at,
    s.idle_ends_at > o.idle_ends_at, s.ip, s.user_agent, length(s.fingerprint), to_jsonb(s) - changed = to_jsonb(o) - changed,
    CASE WHEN EXISTS (SELECT FROM pg_locks WHERE pid = pg_backend_pid() AND mode = 'RowExclusiveLock'
      AND relation = 'jwt_auth.refresh_session_pkey'::regclass) THEN 'by an UPDATE' ELSE 'in place' END);
EXCEPTION WHEN raise_exception THEN
  RETURN sqlerrm;
WHEN OTHERS THEN
  RETURN sqlstate || ' ' || sqlerrm;
END $$;
SELECT refreshed(:'refresh', :'id', 'auto');
SELECT refreshed(:'refresh', :'id', 'statement');
-- Where an UPDATE does more than change the columns, it is one.
CREATE FUNCTION keep_as_is() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.user_agent := 'trigger'; RETURN NEW; END $$;
SELECT refreshed(:'refresh', :'id', 'auto', 'CREATE TRIGGER t BEFORE UPDATE ON jwt_auth.refresh_session FOR EACH ROW EXECUTE FUNCTION keep_as_is()');
SELECT refreshed(:'refresh', :'id', 'auto', 'CREATE RULE r AS ON UPDATE TO jwt_auth.refresh_session DO ALSO NOTIFY r');
SELECT refreshed(:'refresh', :'id', 'auto', 'ALTER TABLE jwt_auth.refresh_session ADD CHECK (generation < 1) NOT VALID');
SELECT refreshed(:'refresh', :'id', 'auto', 'ALTER TABLE jwt_auth.refresh_session ADD CHECK (refresh_session IS NOT NULL) NOT VALID');
SELECT refreshed(:'refresh', :'id', 'auto', 'ALTER TABLE jwt_auth.refresh_session ADD CHECK (user_key <> 0)');
SELECT refreshed(:'refresh', :'id', 'auto', 'ALTER TABLE jwt_auth.refresh_session ADD CHECK (class IS NOT NULL) NOT VALID');
SELECT refreshed(:'refresh', :'id', 'auto', 'ALTER TABLE jwt_auth.refresh_session ALTER generation ADD GENERATED ALWAYS AS IDENTITY');
SELECT refreshed(:'refresh', :'id', 'auto', 'CREATE ROLE keeper', 'GRANT USAGE, CREATE ON SCHEMA jwt_auth TO keeper',
  'ALTER TABLE jwt_auth.refresh_session OWNER TO keeper', 'REVOKE UPDATE ON jwt_auth.refresh_session FROM keeper');
SELECT refreshed(:'refresh', :'id', 'auto', 'ALTER TABLE jwt_auth.refresh_session ADD twice int GENERATED ALWAYS AS (generation * 2) STORED');
SELECT refreshed(:'refresh', :'id', 'auto', 'CREATE DOMAIN agent AS text CHECK (VALUE <> ''agent'')', 'ALTER TABLE jwt_auth.refresh_session ALTER user_agent TYPE agent');
SELECT refreshed(:'refresh', :'id', 'auto', 'ALTER TABLE jwt_auth.refresh_session ADD UNIQUE (session_id, generation) DEFERRABLE');
SELECT refreshed(:'refresh', :'id', 'auto', 'ALTER TABLE jwt_auth.refresh_session SET UNLOGGED');
-- A publication warns of wal_level, in words that depend on the major.
SET client_min_messages = error;
SELECT refreshed(:'refresh', :'id', 'auto', 'ALTER TABLE jwt_auth.refresh_session REPLICA IDENTITY NOTHING',
  'CREATE PUBLICATION p FOR TABLE jwt_auth.refresh_session');
SELECT refreshed(:'refresh', :'id', 'statement', 'ALTER TABLE jwt_auth.refresh_session REPLICA IDENTITY NOTHING',
  'CREATE PUBLICATION p FOR TABLE jwt_auth.refresh_session');
RESET client_min_messages;
SELECT refreshed(:'refresh', :'id', reader, 'SET LOCAL transaction_read_only = on') FROM unnest('{auto,statement}'::text[]) reader;
-- New entries in every index, for an indexed column changes; a unique one refuses as ever.
SELECT refreshed(:'refresh', :'id', 'auto', 'CREATE INDEX ON jwt_auth.refresh_session (generation, user_agent)',
  'CREATE INDEX ON jwt_auth.refresh_session (lower(user_agent)) WHERE generation > 0');
SELECT refreshed(:'refresh', :'id', reader, 'CREATE UNIQUE INDEX one_agent ON jwt_auth.refresh_session (user_agent)',
  'INSERT INTO jwt_auth.refresh_session SELECT (jsonb_populate_record(s, ''{"session_id": "00000000-0000-8000-8000-000000000000", "user_agent": "agent"}'')).*'
  ' FROM jwt_auth.refresh_session s WHERE session_id = ''' || :'id' || '''')
  FROM unnest('{auto,statement}'::text[]) reader;
BEGIN;
CREATE INDEX agents ON jwt_auth.refresh_session (user_agent);
SELECT status FROM jwt_auth.refresh_session(:'refresh', user_agent => 'found by it');
SET LOCAL enable_seqscan = off;
SET LOCAL enable_bitmapscan = off;
SELECT generation FROM jwt_auth.refresh_session WHERE user_agent = 'found by it';
ROLLBACK;
-- A log-in notes its time in the account's row, and finds the sessions among which it needs room.
CREATE FUNCTION logged_in(reader text, VARIADIC ddl text[] DEFAULT '{}') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  one text;
BEGIN
  FOREACH one IN ARRAY ddl LOOP EXECUTE one; END LOOP;
  DISCARD PLANS;
  PERFORM set_config('jwt_auth.debug_row_reader', reader, true);
  SET LOCAL jwt_auth.max_sessions_per_user = 1;
  one := concat_ws(' ', status, cardinality(evicted_sessions)) FROM jwt_auth.issue_refresh_session('reader');
  RAISE EXCEPTION '%', concat_ws(' ', one, (SELECT last_login > now() - interval '1 minute' FROM jwt_auth.account WHERE user_id = 'reader'),
    CASE WHEN EXISTS (SELECT FROM pg_locks WHERE pid = pg_backend_pid() AND mode = 'RowExclusiveLock'
      AND relation = 'jwt_auth.account_pkey'::regclass) THEN 'by an UPDATE' ELSE 'in place' END);
EXCEPTION WHEN raise_exception THEN
  RETURN sqlerrm;
WHEN OTHERS THEN
  RETURN sqlstate || ' ' || sqlerrm;
END $$;
SELECT logged_in('auto');
SELECT logged_in('statement');
SELECT logged_in(reader, 'ALTER INDEX jwt_auth.refresh_session_user_key RENAME TO other') FROM unnest('{auto,index}'::text[]) reader;
SELECT logged_in('auto', 'DROP INDEX jwt_auth.refresh_session_user_key');
SELECT logged_in('auto', 'DROP INDEX jwt_auth.refresh_session_user_key', 'CREATE VIEW jwt_auth.refresh_session_user_key AS SELECT 1 AS user_key');
SELECT logged_in('auto', 'DROP INDEX jwt_auth.refresh_session_user_key', 'CREATE INDEX refresh_session_user_key ON jwt_auth.refresh_session (user_key) WHERE user_key = 0');
SELECT logged_in('auto', 'DROP INDEX jwt_auth.refresh_session_user_key', 'CREATE INDEX refresh_session_user_key ON jwt_auth.refresh_session (purge_after, user_key)');
SELECT logged_in('auto', 'ALTER TABLE jwt_auth.account ALTER last_login TYPE timestamptz(0)');
SELECT logged_in('auto', 'ALTER TABLE jwt_auth.account ADD CHECK (last_login < ''2000-01-01'') NOT VALID');

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
