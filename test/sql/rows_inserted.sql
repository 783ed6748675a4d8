-- Events and what verifiers are told are written without an INSERT where one would do nothing but add the rows; the rows are the
-- same both ways.
\set VERBOSITY terse
\set SHOW_CONTEXT never
TRUNCATE jwt_auth.signing_key, jwt_auth.refresh_session, jwt_auth.session_data, jwt_auth.account, jwt_auth.auth_event, jwt_auth.revocation;
SELECT jwt_auth.create_signing_key('HS256') IS NOT NULL AS made;
-- An index that tells who adds a row: a statement is in the context of its functions. With the row's value, so that it is not
-- computed once for all.
CREATE FUNCTION noted(name text, value text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$
DECLARE
  context text;
BEGIN
  GET DIAGNOSTICS context = PG_CONTEXT;
  PERFORM set_config('noted.' || name, CASE WHEN context LIKE '%SQL statement "INSERT INTO jwt_auth.' || name || '%' THEN 'by an INSERT' ELSE 'in place' END, false);
  RETURN value;
END $$;
CREATE INDEX noted_event ON jwt_auth.auth_event (noted('auth_event', event)) WHERE event <> '';
CREATE INDEX noted_revocation ON jwt_auth.revocation (noted('revocation', kind)) WHERE kind <> '';

-- A user with three sessions is revoked by somebody who is logged in. What was written, and how; or why it was not.
CREATE FUNCTION revoked(reader text, VARIADIC ddl text[] DEFAULT '{}', OUT rows text, OUT event text, OUT revocation text) LANGUAGE plpgsql AS $$
DECLARE
  one text;
BEGIN
  PERFORM (jwt_auth.issue_refresh_session('ann')).status FROM generate_series(1, 3);
  PERFORM jwt_auth.authenticate(access_token) FROM jwt_auth.issue_refresh_session('bob');
  DELETE FROM jwt_auth.auth_event;
  FOREACH one IN ARRAY ddl LOOP EXECUTE one; END LOOP;
  PERFORM set_config('jwt_auth.debug_row_reader', reader, true), set_config('noted.auth_event', '-', true), set_config('noted.revocation', '-', true);
  PERFORM jwt_auth.revoke_user_tokens('ann', 'why');
  rows := concat_ws(' ', (SELECT count(*) FROM jwt_auth.user_sessions('ann')),
    (SELECT string_agg(line, ', ' ORDER BY line) FROM (SELECT concat_ws(' ', count(*), e.event, e.user_id, e.actor, e.db_role = current_user,
       e.user_key = jwt_auth.user_key('ann'), count(DISTINCT e.session_id), e.detail, count(DISTINCT e.id) = count(*), e.ip, e.at = (SELECT not_before FROM jwt_auth.account WHERE user_id = 'ann'))
       FROM jwt_auth.auth_event e GROUP BY e.event, e.user_id, e.actor, e.db_role, e.user_key, e.detail, e.ip, e.at) AS l (line)), '|',
    (SELECT string_agg(concat_ws(' ', kind, user_id, session_id, version, token_id, not_before = (SELECT not_before FROM jwt_auth.account WHERE user_id = 'ann'),
       until BETWEEN now() + interval '29 minutes' AND now() + interval '31 minutes', xact = pg_current_xact_id(), id IS NOT NULL), ', ') FROM jwt_auth.revocation));
  event := current_setting('noted.auth_event');
  revocation := current_setting('noted.revocation');
  RAISE EXCEPTION 'undo' USING ERRCODE = 'XX000';
EXCEPTION WHEN internal_error THEN
WHEN OTHERS THEN
  rows := sqlstate || ' ' || sqlerrm;
END $$;
\echo == the same rows both ways
SELECT * FROM revoked('auto') \gx
SELECT a.rows = s.rows AS same, s.event, s.revocation FROM revoked('auto') a, revoked('statement') s;
-- Rows of many sessions are several times as many as one statement or one page has.
BEGIN;
SET LOCAL jwt_auth.max_sessions_per_user = 0;
SELECT count((jwt_auth.issue_refresh_session('many', user_agent => repeat('x', 500))).status) FROM generate_series(1, 200);
DELETE FROM jwt_auth.auth_event;
SELECT jwt_auth.revoke_user_tokens('many', repeat('why ', 100));
SELECT event, count(*), count(DISTINCT session_id) AS sessions, count(DISTINCT id) AS ids, min(length(detail ->> 'reason')) AS reason FROM jwt_auth.auth_event GROUP BY event;
SET LOCAL enable_seqscan = off;
SELECT count(*) AS by_session FROM jwt_auth.auth_event WHERE session_id IS NOT NULL;
SELECT count(*) AS by_user FROM jwt_auth.auth_event WHERE user_key = jwt_auth.user_key('many');
SELECT count(*) AS by_time FROM jwt_auth.auth_event WHERE at > now() - interval '1 hour';
ROLLBACK;
\echo == where an INSERT does more than add the rows, it is one
CREATE FUNCTION mark() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.user_id := 'marked'; RETURN NEW; END $$;
SELECT * FROM revoked('auto', 'CREATE TRIGGER t BEFORE INSERT ON jwt_auth.auth_event FOR EACH ROW EXECUTE FUNCTION mark()');
SELECT * FROM revoked('auto', 'CREATE TRIGGER t BEFORE INSERT ON jwt_auth.revocation FOR EACH ROW EXECUTE FUNCTION mark()');
SELECT event, revocation FROM revoked('auto', 'CREATE RULE r AS ON INSERT TO jwt_auth.auth_event DO ALSO NOTIFY r');
SELECT * FROM revoked('auto', 'ALTER TABLE jwt_auth.auth_event ADD CHECK (detail ->> ''reason'' <> ''why'')');
SELECT * FROM revoked('auto', 'ALTER TABLE jwt_auth.revocation ADD CHECK (kind <> ''user'')');
SELECT event, revocation FROM revoked('auto', 'ALTER TABLE jwt_auth.auth_event ADD extra text');
SELECT event, revocation FROM revoked('auto', 'ALTER TABLE jwt_auth.auth_event ADD extra text DEFAULT ''x'' NOT NULL');
SELECT event, revocation FROM revoked('auto', 'ALTER TABLE jwt_auth.revocation ALTER version SET DEFAULT 1');
SELECT * FROM revoked('auto', 'ALTER TABLE jwt_auth.auth_event ADD twice bigint GENERATED ALWAYS AS (user_key * 2::bigint) STORED');
SELECT * FROM revoked('auto', 'ALTER TABLE jwt_auth.auth_event ALTER ip SET NOT NULL');
SELECT * FROM revoked('auto', 'ALTER EXTENSION jwt_auth DROP SEQUENCE jwt_auth.auth_event_id_seq', 'ALTER TABLE jwt_auth.auth_event ALTER id DROP IDENTITY', 'ALTER TABLE jwt_auth.auth_event ALTER id DROP NOT NULL');
SELECT * FROM revoked('auto', 'DELETE FROM jwt_auth.revocation', 'ALTER TABLE jwt_auth.revocation ALTER version SET NOT NULL', 'ALTER TABLE jwt_auth.revocation ALTER version ADD GENERATED ALWAYS AS IDENTITY');
SELECT event, revocation FROM revoked('auto', 'ALTER TABLE jwt_auth.auth_event ALTER at TYPE timestamptz(0)');
SELECT event, revocation FROM revoked('auto', 'ALTER TABLE jwt_auth.auth_event ALTER user_agent TYPE varchar');
SELECT * FROM revoked('auto', 'CREATE DOMAIN other AS text CHECK (VALUE <> ''user_revoked'')', 'DROP INDEX jwt_auth.noted_event', 'ALTER TABLE jwt_auth.auth_event ALTER event TYPE other');
SELECT event, revocation FROM revoked('auto', 'ALTER TABLE jwt_auth.auth_event SET UNLOGGED');
SELECT event, revocation FROM revoked('auto', 'CREATE TABLE child () INHERITS (jwt_auth.auth_event)');
SELECT event, revocation FROM revoked('auto', 'ALTER TABLE jwt_auth.revocation ADD UNIQUE (kind, xact) DEFERRABLE');
SELECT * FROM revoked('auto', 'CREATE ROLE keeper', 'GRANT USAGE ON SCHEMA jwt_auth TO keeper', 'ALTER TABLE jwt_auth.revocation OWNER TO keeper', 'REVOKE INSERT ON jwt_auth.revocation FROM keeper');
SELECT event, revocation FROM revoked('auto', 'CREATE ROLE keeper', 'ALTER TABLE jwt_auth.auth_event OWNER TO keeper');
SELECT rows FROM revoked('auto', 'ALTER TABLE jwt_auth.auth_event DROP actor');
SELECT event, revocation FROM revoked('auto', 'SELECT jwt_auth.partition_events()');
\echo == and where it only adds them, whatever else there is
SELECT event, revocation FROM revoked('auto', 'ALTER TABLE jwt_auth.auth_event ALTER id SET GENERATED BY DEFAULT', 'ALTER TABLE jwt_auth.auth_event ALTER user_id SET NOT NULL');
SELECT event, revocation FROM revoked('auto', 'ALTER TABLE jwt_auth.auth_event ADD extra text', 'ALTER TABLE jwt_auth.auth_event DROP extra');
-- Row security is for others than the owner, and for the owner's other statements.
SELECT reader, rows, event, revocation FROM unnest('{auto,statement}'::text[]) reader, revoked(reader, 'CREATE ROLE keeper', 'GRANT USAGE ON SCHEMA jwt_auth, public TO keeper',
  'DO $$ DECLARE t regclass; BEGIN FOR t IN SELECT oid FROM pg_class WHERE relnamespace = ''jwt_auth''::regnamespace AND relkind = ''r'' LOOP EXECUTE format(''ALTER TABLE %s OWNER TO keeper'', t); END LOOP; END $$',
  'ALTER TABLE jwt_auth.auth_event ENABLE ROW LEVEL SECURITY', 'ALTER TABLE jwt_auth.auth_event FORCE ROW LEVEL SECURITY', 'ALTER TABLE jwt_auth.revocation ENABLE ROW LEVEL SECURITY',
  'ALTER TABLE jwt_auth.revocation FORCE ROW LEVEL SECURITY');
SELECT event, revocation FROM revoked('auto', 'DROP INDEX jwt_auth.auth_event_at, jwt_auth.auth_event_session_id, jwt_auth.auth_event_user_key');
SELECT rows FROM revoked('auto', 'CREATE UNIQUE INDEX once ON jwt_auth.auth_event (user_id)');
SELECT rows FROM revoked('statement', 'CREATE UNIQUE INDEX once ON jwt_auth.auth_event (user_id)');
SELECT reader, rows FROM unnest('{auto,statement}'::text[]) reader, revoked(reader, 'ALTER TABLE jwt_auth.auth_event ADD EXCLUDE (event WITH =)');
BEGIN READ ONLY;
SELECT jwt_auth.record_event('app.read_only', 'ann');
ROLLBACK;
BEGIN READ ONLY;
SET LOCAL jwt_auth.debug_row_reader = 'statement';
SELECT jwt_auth.record_event('app.read_only', 'ann');
ROLLBACK;
\echo == a sequence that counts on, whoever counts
SELECT count(DISTINCT id) = count(*) AS distinct FROM jwt_auth.auth_event;
BEGIN;
SELECT jwt_auth.revoke_user_tokens('one');
SET LOCAL jwt_auth.debug_row_reader = 'statement';
SELECT jwt_auth.revoke_user_tokens('two');
SET LOCAL jwt_auth.debug_row_reader = 'auto';
SELECT jwt_auth.revoke_user_tokens('three');
SELECT user_id, id - lag(id) OVER (ORDER BY id) AS after FROM jwt_auth.auth_event WHERE event = 'user_revoked' ORDER BY id;
SELECT user_id, id - lag(id) OVER (ORDER BY id) AS after FROM jwt_auth.revocation ORDER BY id;
ROLLBACK;
DROP INDEX jwt_auth.noted_event, jwt_auth.noted_revocation;
DROP FUNCTION noted, revoked, mark;
RESET noted.auth_event;
RESET noted.revocation;
TRUNCATE jwt_auth.signing_key, jwt_auth.refresh_session, jwt_auth.session_data, jwt_auth.account, jwt_auth.auth_event, jwt_auth.revocation;
