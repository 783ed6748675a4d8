-- The claims function is called by its identity, not by its name: it runs as its own owner, whatever was renamed, moved, replaced
-- or handed over since this backend called it last.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
TRUNCATE jwt_auth.signing_key, jwt_auth.auth_event;
SELECT jwt_auth.create_signing_key() IS NOT NULL AS made;
CREATE ROLE regress_mallory;
CREATE ROLE regress_hr;
CREATE SCHEMA api;
GRANT USAGE, CREATE ON SCHEMA api TO regress_mallory, regress_hr;
CREATE SCHEMA attic;
GRANT USAGE, CREATE ON SCHEMA attic TO regress_hr;
-- What the next log-in's token says.
CREATE FUNCTION log_in(OUT claims jsonb) LANGUAGE sql AS $$
  SELECT jwt_auth.jwt_verify(access_token) - '{sub,exp,iat,iat_us,jti,sid,auth_time}'::text[] FROM jwt_auth.issue_refresh_session('ann', claims => '{"tenant": 7}')
$$;

\echo == renamed, the setting follows, and somebody else takes the name that became free
CREATE FUNCTION api.claims(user_id text, session_id uuid, claims jsonb) RETURNS jsonb LANGUAGE sql AS $$ SELECT claims || '{"v": 1}' $$;
SET jwt_auth.claims_function = 'api.claims';
SELECT * FROM log_in();
ALTER FUNCTION api.claims RENAME TO claims_v1;
SET jwt_auth.claims_function = 'api.claims_v1';
SET ROLE regress_mallory;
CREATE FUNCTION api.claims(user_id text, session_id uuid, claims jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  ALTER ROLE regress_mallory SUPERUSER;
  RETURN '{"v": "mallory"}';
END $$;
RESET ROLE;
SELECT * FROM log_in();
SELECT rolsuper FROM pg_roles WHERE rolname = 'regress_mallory';
\echo -- where the setting stays, the other one is called, as its own owner
SET jwt_auth.claims_function = 'api.claims';
SELECT * FROM log_in();
SELECT rolsuper FROM pg_roles WHERE rolname = 'regress_mallory';
DROP FUNCTION api.claims, api.claims_v1;

\echo == each language and option: what it is called with, who it is, what it sees
CREATE TABLE api.person (id text COLLATE "C" PRIMARY KEY, role text);
INSERT INTO api.person VALUES ('ann', 'member');
GRANT SELECT ON api.person TO regress_hr;
CREATE FUNCTION api.sql(user_id text, session_id uuid, claims jsonb) RETURNS jsonb LANGUAGE sql AS $$
  SELECT claims || jsonb_build_object('as', current_user, 'user', upper(user_id), 'role', (SELECT role FROM api.person WHERE id = lower(user_id)),
    'session', session_id IS NOT NULL, 'path', current_setting('search_path')) $$;
CREATE FUNCTION api.sql_strict(user_id text, session_id uuid, claims jsonb) RETURNS jsonb LANGUAGE sql STRICT STABLE AS $$
  SELECT claims || jsonb_build_object('as', current_user, 'role', (SELECT role FROM api.person WHERE id = lower(user_id))) $$;
CREATE FUNCTION api.sql_standard(user_id text, session_id uuid, claims jsonb) RETURNS jsonb LANGUAGE sql STABLE
RETURN claims || jsonb_build_object('as', current_user, 'role', (SELECT role FROM api.person WHERE id = lower(user_id)));
CREATE FUNCTION api.plpgsql(user_id text, session_id uuid, claims jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  RETURN claims || jsonb_build_object('as', current_user, 'role', (SELECT role FROM api.person WHERE id = lower(user_id)));
END $$;
CREATE FUNCTION api.plpgsql_strict(user_id text, session_id uuid, claims jsonb) RETURNS jsonb LANGUAGE plpgsql STRICT IMMUTABLE AS $$
BEGIN
  RETURN claims || jsonb_build_object('as', current_user, 'user', user_id);
END $$;
CREATE FUNCTION api.definer(user_id text, session_id uuid, claims jsonb) RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER
SET search_path = api, pg_temp SET work_mem = '7MB' AS $$
BEGIN
  RETURN claims || jsonb_build_object('as', current_user, 'role', (SELECT role FROM person WHERE id = user_id), 'work_mem', current_setting('work_mem'));
END $$;
CREATE FUNCTION api.large(user_id text, session_id uuid, claims jsonb) RETURNS jsonb LANGUAGE sql AS $$
  SELECT jsonb_build_object('length', (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 400) AS i)) $$;
DO $$
DECLARE
  function regprocedure;
BEGIN
  FOR function IN SELECT oid FROM pg_proc WHERE pronamespace = 'api'::regnamespace LOOP
    EXECUTE format('ALTER FUNCTION %s OWNER TO regress_hr', function);
  END LOOP;
END $$;
CREATE FUNCTION log_in_with(function text) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('jwt_auth.claims_function', function, false);
  RETURN log_in();
END $$;
SELECT name, log_in_with('api.' || name) AS claims, log_in_with('api.' || name) = log_in_with('api.' || name) AS again
FROM unnest(ARRAY['sql', 'sql_strict', 'sql_standard', 'plpgsql', 'plpgsql_strict', 'definer']) AS name;
SET jwt_auth.claims_function = 'api.large';
SELECT length(claims ->> 'length') FROM log_in();
SELECT current_setting('work_mem') AS work_mem, current_user = session_user AS myself;

\echo == a change of the transaction itself is seen, by a STABLE function as well
SET jwt_auth.claims_function = 'api.sql_strict';
BEGIN;
UPDATE api.person SET role = 'admin';
SELECT claims ->> 'role' AS role FROM log_in();
ROLLBACK;
SELECT claims ->> 'role' AS role FROM log_in();

\echo == moved, its schema renamed, replaced, handed over: the next call is the function as it is now
SET jwt_auth.claims_function = 'api.plpgsql';
SELECT claims ->> 'as' AS ran_as FROM log_in();
ALTER FUNCTION api.plpgsql SET SCHEMA attic;
SELECT * FROM log_in();
SET jwt_auth.claims_function = 'attic.plpgsql';
SELECT claims ->> 'as' AS ran_as FROM log_in();
ALTER SCHEMA attic RENAME TO cellar;
SELECT * FROM log_in();
SET jwt_auth.claims_function = 'cellar.plpgsql';
SELECT claims ->> 'as' AS ran_as FROM log_in();
CREATE OR REPLACE FUNCTION cellar.plpgsql(user_id text, session_id uuid, claims jsonb) RETURNS jsonb LANGUAGE sql AS $$
  SELECT jsonb_build_object('replaced', true, 'as', current_user) $$;
SELECT * FROM log_in();
ALTER FUNCTION cellar.plpgsql OWNER TO regress_mallory;
SELECT * FROM log_in();
BEGIN;
ALTER FUNCTION cellar.plpgsql OWNER TO regress_hr;
SELECT * FROM log_in();
ROLLBACK;
SELECT * FROM log_in();

\echo == dropped, and made again by another role: the rights of that role
DROP FUNCTION cellar.plpgsql;
SELECT * FROM log_in();
SET ROLE regress_hr;
CREATE FUNCTION cellar.plpgsql(user_id text, session_id uuid, claims jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  RETURN jsonb_build_object('made_again', true, 'as', current_user);
END $$;
RESET ROLE;
SELECT * FROM log_in();
BEGIN;
DROP FUNCTION cellar.plpgsql;
SAVEPOINT dropped;
SELECT * FROM log_in();
ROLLBACK;
SELECT * FROM log_in();

\echo == a restricted operation
CREATE FUNCTION api.restricted(user_id text, session_id uuid, claims jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  CREATE TEMP TABLE t (a int);
  RETURN '{}';
END $$;
SET jwt_auth.claims_function = 'api.restricted';
SELECT * FROM log_in();
\echo == not a function of that shape
CREATE FUNCTION api.rows(user_id text, session_id uuid, claims jsonb) RETURNS SETOF jsonb LANGUAGE sql AS $$ SELECT claims $$;
SET jwt_auth.claims_function = 'api.rows';
SELECT * FROM log_in();
CREATE PROCEDURE api.proc(user_id text, session_id uuid, INOUT claims jsonb) LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;
SET jwt_auth.claims_function = 'api.proc';
SELECT * FROM log_in();

RESET jwt_auth.claims_function;
DROP FUNCTION log_in, log_in_with;
SET client_min_messages = warning;
DROP SCHEMA api, cellar CASCADE;
RESET client_min_messages;
DELETE FROM jwt_auth.refresh_session;
DELETE FROM jwt_auth.session_data;
DELETE FROM jwt_auth.account;
TRUNCATE jwt_auth.signing_key, jwt_auth.auth_event;
DROP OWNED BY regress_mallory, regress_hr;
DROP ROLE regress_mallory, regress_hr;
