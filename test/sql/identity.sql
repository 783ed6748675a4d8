-- Who the transaction acts for: its scope, what it refuses, and that nothing but authenticate() sets it.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
DELETE FROM jwt_auth.signing_key;
SELECT jwt_auth.create_signing_key('HS256') IS NOT NULL AS made;
SELECT jwt_auth.jwt_sign('{"sub": "alice", "role": "regress_app", "n": 1.50, "yes": true, "nothing": null, "list": [1, "b"],
                           "sid2": "x", "exp": 4102444800}') AS alice \gset
SELECT jwt_auth.jwt_sign('{"sub": "bob"}') AS bob \gset
SELECT jwt_auth.jwt_sign('{"scope": "no sub"}') AS nameless \gset

-- The SQLSTATE of a statement, or what its first column gives.
CREATE FUNCTION attempt(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  answer text;
BEGIN
  EXECUTE statement INTO answer;
  RETURN 'ok ' || coalesce(answer, 'NULL');
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE;
END $$;

\echo == nobody
SELECT jwt_auth.current_claims(), jwt_auth.current_claim('sub'), jwt_auth.current_user_id(), jwt_auth.current_session_id();

\echo == somebody, until the transaction ends
BEGIN;
SELECT jwt_auth.authenticate(:'alice') - 'iat' - 'iat_us' - 'jti' AS claims;
SELECT jwt_auth.current_claims() - 'iat' - 'iat_us' - 'jti' AS claims;
SELECT jwt_auth.current_user_id(), jwt_auth.current_session_id(), jwt_auth.current_claims() = jwt_auth.jwt_verify(:'alice') AS same;
SELECT name, jwt_auth.current_claim(name) AS claim, jwt_auth.current_claims() ->> name AS same
  FROM unnest(ARRAY['sub', 'n', 'yes', 'nothing', 'list', 'exp', 'SUB', '', 'none']) AS name;
SELECT jwt_auth.current_claim(NULL);
COMMIT;
SELECT jwt_auth.current_user_id();
BEGIN;
SELECT jwt_auth.authenticate(:'alice') IS NOT NULL AS authenticated;
ROLLBACK;
SELECT jwt_auth.current_user_id();

\echo == a statement of its own is a transaction of its own
SELECT jwt_auth.authenticate(:'alice') ->> 'sub', jwt_auth.current_user_id() FROM (SELECT 1 OFFSET 0) AS one;
SELECT jwt_auth.current_user_id();

\echo == without a sub there is no user
BEGIN;
SELECT jwt_auth.authenticate(:'nameless') ->> 'scope' AS scope;
SELECT jwt_auth.current_user_id(), jwt_auth.current_claim('scope');
COMMIT;

\echo == savepoints
BEGIN;
SAVEPOINT one;
SELECT jwt_auth.authenticate(:'alice') ->> 'sub' AS sub;
SAVEPOINT two;
SELECT jwt_auth.authenticate(:'bob') ->> 'sub' AS sub;
SELECT jwt_auth.current_user_id();
ROLLBACK TO two;
SELECT jwt_auth.current_user_id();
SELECT jwt_auth.authenticate(:'bob') ->> 'sub' AS sub;
RELEASE two;
SELECT jwt_auth.current_user_id();
ROLLBACK TO one;
SELECT jwt_auth.current_user_id();
COMMIT;

\echo == a chained transaction is another one
BEGIN;
SELECT jwt_auth.authenticate(:'alice') ->> 'sub' AS sub;
COMMIT AND CHAIN;
SELECT jwt_auth.current_user_id();
SELECT jwt_auth.authenticate(:'alice') ->> 'sub' AS sub;
ROLLBACK AND CHAIN;
SELECT jwt_auth.current_user_id();
COMMIT;

\echo == a refusal leaves what was there before it
BEGIN;
SELECT jwt_auth.authenticate(:'alice') ->> 'sub' AS sub;
SELECT attempt(format('SELECT jwt_auth.authenticate(%L)', :'bob' || 'x'));
SELECT attempt('SELECT jwt_auth.authenticate(NULL)');
SELECT attempt('SELECT jwt_auth.authenticate('''')');
SELECT attempt(format('SELECT jwt_auth.authenticate(%L, set_role => NULL)', :'bob'));
SELECT attempt(format('SELECT jwt_auth.authenticate(%L, max_age => ''-1 s'')', :'bob'));
SELECT attempt(format('SELECT jwt_auth.authenticate(%L, set_role => true)', :'bob'));
SELECT attempt(format('SELECT jwt_auth.authenticate(%L)', repeat('x', 3000000)));
SELECT jwt_auth.current_user_id();
COMMIT;

\echo == an expired identity says so
SELECT jwt_auth.jwt_sign(jsonb_build_object('sub', 'carol', 'exp', floor(extract(epoch FROM clock_timestamp())) + 5)) AS carol \gset
BEGIN;
SELECT jwt_auth.authenticate(:'carol') ->> 'sub' AS sub, jwt_auth.current_user_id() IS NOT NULL AS there FROM (SELECT 1 OFFSET 0) AS one;
SELECT pg_sleep(5.1);
SELECT attempt('SELECT jwt_auth.current_user_id()'), attempt('SELECT jwt_auth.current_claims()'),
       attempt('SELECT jwt_auth.current_claim(''sub'')'), attempt('SELECT jwt_auth.current_session_id()'),
       attempt(format('SELECT jwt_auth.authenticate(%L)', :'carol'));
SELECT jwt_auth.authenticate(:'bob') ->> 'sub' AS sub;
SELECT jwt_auth.current_user_id();
COMMIT;

\echo == the end of time, and a leeway beyond it
SET jwt_auth.leeway = 3600;
BEGIN;
SELECT jwt_auth.authenticate(jwt_auth.jwt_sign('{"sub": "dora", "exp": 9223372036854}')) ->> 'sub' AS sub;
SELECT jwt_auth.current_user_id();
COMMIT;
RESET jwt_auth.leeway;

\echo == no other way to set it, for a superuser either
BEGIN;
SELECT jwt_auth.authenticate(:'alice') ->> 'sub' AS sub;
SELECT statement, attempt(format(statement, current_database())) FROM unnest(ARRAY[
  'SET jwt_auth.identity = ''x''',
  'SET LOCAL jwt_auth.identity = ''x''',
  'SELECT set_config(''jwt_auth.identity'', ''x'', true)',
  'SELECT set_config(''jwt_auth.identity'', ''x'', false)',
  'SELECT set_config(''JWT_AUTH.IDENTITY'', ''x'', false)',
  'ALTER DATABASE %I SET jwt_auth.identity = ''x''',
  'ALTER ROLE CURRENT_USER SET jwt_auth.identity = ''x''',
  'ALTER ROLE ALL SET jwt_auth.identity = ''x''',
  'CREATE FUNCTION forged() RETURNS text LANGUAGE sql SET jwt_auth.identity = ''x'' AS ''SELECT jwt_auth.current_user_id()''',
  'CREATE FUNCTION kept() RETURNS text LANGUAGE sql SET jwt_auth.identity FROM CURRENT AS ''SELECT jwt_auth.current_user_id()''',
  'UPDATE pg_settings SET setting = ''x'' WHERE name = ''jwt_auth.identity''']) AS statement;
SELECT jwt_auth.current_user_id(), current_setting('jwt_auth.identity');
SELECT count(*) FROM pg_settings WHERE name = 'jwt_auth.identity';
COMMIT;
ALTER SYSTEM SET jwt_auth.identity = 'x';
ALTER SYSTEM SET jwt_auth.identity = '';

\echo == what resets settings does not make somebody
BEGIN;
SELECT jwt_auth.authenticate(:'alice') ->> 'sub' AS sub;
RESET ALL;
SELECT jwt_auth.current_user_id();
RESET jwt_auth.identity;
SELECT jwt_auth.current_user_id();
ROLLBACK;
DISCARD ALL;
\set VERBOSITY sqlstate
SELECT jwt_auth.current_user_id();

\echo == an ordinary role
CREATE ROLE regress_app;
CREATE ROLE regress_other;
CREATE ROLE regress_login LOGIN;
GRANT regress_app TO regress_login;
SELECT jwt_auth.grant_verifier('regress_login');
SET SESSION AUTHORIZATION regress_login;
BEGIN;
SELECT jwt_auth.authenticate(:'alice') ->> 'sub' AS sub;
SELECT statement, attempt(statement) FROM unnest(ARRAY[
  'SET jwt_auth.identity = ''''',
  'SELECT set_config(''jwt_auth.identity'', '''', true)',
  'RESET jwt_auth.identity',
  'SELECT current_setting(''jwt_auth.identity'')',
  'SHOW jwt_auth.identity']) AS statement;
SELECT jwt_auth.current_user_id();
COMMIT;

\echo == the role of the token, with the rights of the session user
BEGIN;
SELECT jwt_auth.authenticate(:'alice', set_role => true) ->> 'role' AS role;
SELECT current_user, session_user, jwt_auth.current_user_id();
RESET ROLE;
SELECT current_user, jwt_auth.current_user_id();
COMMIT;
SELECT current_user;
RESET SESSION AUTHORIZATION;
CREATE ROLE "regress_Quoted name";
GRANT "regress_Quoted name" TO regress_login;
SELECT jwt_auth.jwt_sign('{"sub": "alice", "role": "regress_Quoted name"}') AS quoted \gset
SET SESSION AUTHORIZATION regress_login;
BEGIN;
SELECT jwt_auth.authenticate(:'quoted', set_role => true) ->> 'role' AS role;
SELECT current_user;
COMMIT;
RESET SESSION AUTHORIZATION;
DROP ROLE "regress_Quoted name";
SELECT role, jwt_auth.jwt_sign(jsonb_build_object('sub', 'mallory', 'role', role)) AS token
INTO TEMP hostile
FROM unnest(ARRAY['"regress_other"', '"postgres"', '"none"', '"NONE"', '""', 'null', '7', '["regress_app"]', '"no such role"',
                  '"regress_app "', '"\"regress_app\""', '"pg_read_all_data"']::jsonb[]) AS role;
GRANT SELECT ON hostile TO regress_login;
SET SESSION AUTHORIZATION regress_login;
SELECT role, attempt(format('SELECT jwt_auth.authenticate(%L, set_role => true)', token)) FROM hostile;
SELECT current_user, jwt_auth.current_user_id();
RESET SESSION AUTHORIZATION;

\echo == a recent log-in
SELECT jwt_auth.jwt_sign(jsonb_build_object('sub', 'dave', 'auth_time', floor(extract(epoch FROM clock_timestamp())) - 1000)) AS dave \gset
SELECT max_age, attempt(format('SELECT jwt_auth.authenticate(%L, max_age => %L) ->> ''sub''', :'dave', max_age))
  FROM unnest(ARRAY['0', '900 s', '1200 s', '1 month', NULL]) AS max_age;
SELECT attempt(format('SELECT jwt_auth.authenticate(%L, max_age => ''1 day'')', :'bob')) AS no_auth_time,
       attempt(format('SELECT jwt_auth.authenticate(%L, max_age => ''1 day'')',
                      jwt_auth.jwt_sign('{"sub": "eve", "auth_time": "yesterday"}'))) AS no_time;
SET jwt_auth.leeway = 300;
SELECT attempt(format('SELECT jwt_auth.authenticate(%L, max_age => ''900 s'') ->> ''sub''', :'dave')) AS with_leeway;
RESET jwt_auth.leeway;

\echo == what a token is bound to
SELECT network, client,
       attempt(format('SELECT jwt_auth.authenticate(%L, %L) ->> ''sub''',
                      jwt_auth.jwt_sign(jsonb_build_object('sub', 'frank', 'client_ip', network)), client))
FROM (VALUES ('203.0.113.7', '203.0.113.7'), ('203.0.113.7', '203.0.113.8'), ('203.0.113.7', '::ffff:203.0.113.7'),
             ('::ffff:203.0.113.7', '203.0.113.7'), ('203.0.113.0/24', '203.0.113.9'), ('203.0.113.0/24', '203.0.112.9'),
             ('203.0.113.0/24', '203.0.113.9/8'), ('10.0.0.0/9', '10.127.255.255'), ('10.0.0.0/9', '10.128.0.0'),
             ('0.0.0.0/0', '8.8.8.8'), ('0.0.0.0/0', '2001:db8::1'),
             ('2001:db8::/64', '2001:db8::ffff'), ('2001:db8::/64', '2001:db8:0:1::1'), ('2001:db8::1', '2001:db8::1'),
             ('203.0.113.7', NULL), ('not an address', '203.0.113.7'), ('203.0.113.0/33', '203.0.113.7'),
             ('203.0.113.07', '203.0.113.7'), ('', '203.0.113.7'), ('fe80::1%eth0', 'fe80::1')) AS t (network, client);
SELECT attempt(format('SELECT jwt_auth.authenticate(%L, %L)', jwt_auth.jwt_sign('{"sub": "frank", "client_ip": 7}'), '10.0.0.1'))
       AS no_string;
SELECT fingerprint, attempt(format('SELECT jwt_auth.authenticate(%L, fingerprint => %L) ->> ''sub''', token, fingerprint))
FROM unnest(ARRAY['device 1', 'device 2', '', NULL]) AS fingerprint,
     jwt_auth.jwt_sign(jsonb_build_object('sub', 'grace', 'client_fp', jwt_auth.base64url_encode(sha256('device 1')))) AS token;
SELECT attempt(format('SELECT jwt_auth.authenticate(%L, ''10.0.0.1'', ''anything'') ->> ''sub''', :'bob')) AS unbound;

\echo == a cached plan does not freeze it
SET plan_cache_mode = force_generic_plan;
PREPARE who AS SELECT jwt_auth.current_user_id();
EXECUTE who;
BEGIN;
SELECT jwt_auth.authenticate(:'alice') ->> 'sub' AS sub;
EXECUTE who;
SELECT jwt_auth.authenticate(:'bob') ->> 'sub' AS sub;
EXECUTE who;
COMMIT;
EXECUTE who;
DEALLOCATE who;
CREATE FUNCTION who_in_sql() RETURNS text LANGUAGE sql STABLE AS 'SELECT jwt_auth.current_user_id()';
CREATE FUNCTION who_in_plpgsql() RETURNS text LANGUAGE plpgsql STABLE AS 'BEGIN RETURN jwt_auth.current_user_id(); END';
SELECT who_in_sql(), who_in_plpgsql();
BEGIN;
SELECT jwt_auth.authenticate(:'alice') ->> 'sub' AS sub;
SELECT who_in_sql(), who_in_plpgsql();
COMMIT;
SELECT who_in_sql(), who_in_plpgsql();
RESET plan_cache_mode;

\echo == cursors
BEGIN;
SELECT jwt_auth.authenticate(:'alice') ->> 'sub' AS sub;
DECLARE inside CURSOR FOR SELECT n, jwt_auth.current_user_id() FROM generate_series(1, 3) AS n;
DECLARE held CURSOR WITH HOLD FOR SELECT n, jwt_auth.current_user_id() FROM generate_series(1, 2) AS n;
FETCH inside;
SELECT jwt_auth.authenticate(:'bob') ->> 'sub' AS sub;
FETCH inside;
COMMIT;
FETCH ALL held;
CLOSE held;

\echo == functions with settings or another owner, nested calls
CREATE FUNCTION log_in(token text) RETURNS text LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  PERFORM jwt_auth.authenticate(token);
  RETURN jwt_auth.current_user_id();
END $$;
CREATE FUNCTION log_in_definer(token text, set_role boolean) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  PERFORM jwt_auth.authenticate(token, set_role => set_role);
  RETURN jwt_auth.current_user_id();
END $$;
CREATE FUNCTION log_in_and_fail(token text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM jwt_auth.authenticate(token);
  RAISE division_by_zero;
EXCEPTION WHEN division_by_zero THEN
  RETURN jwt_auth.current_user_id();
END $$;
CREATE FUNCTION log_in_for_a_while(token text) RETURNS text LANGUAGE plpgsql SET jwt_auth.identity = '' AS $$
BEGIN
  PERFORM jwt_auth.authenticate(token);
  RETURN jwt_auth.current_user_id();
END $$;
SET SESSION AUTHORIZATION regress_app;
BEGIN;
SELECT attempt(format('SELECT jwt_auth.authenticate(%L)', :'alice')) AS not_granted;
SELECT log_in_definer(:'alice', false), attempt(format('SELECT log_in_definer(%L, true)', :'alice')) AS role_in_definer;
SELECT jwt_auth.current_user_id();
COMMIT;
RESET SESSION AUTHORIZATION;
BEGIN;
SELECT log_in(:'bob');
SELECT jwt_auth.current_user_id();
SELECT log_in_and_fail(:'alice');
SELECT jwt_auth.current_user_id();
SELECT log_in_for_a_while(:'alice');
SELECT jwt_auth.current_user_id();
COMMIT;
SELECT jwt_auth.current_user_id();

\echo == a procedure that commits
CREATE PROCEDURE in_two(token text, OUT before text, OUT after text) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM jwt_auth.authenticate(token);
  before := jwt_auth.current_user_id();
  COMMIT;
  after := jwt_auth.current_user_id();
END $$;
CALL in_two(:'alice', NULL, NULL);

\echo == not within what acts for somebody else
CREATE TABLE plain (token text);
INSERT INTO plain VALUES (:'alice');
CREATE FUNCTION sneak(token text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM jwt_auth.authenticate(token); RETURN token; END';
CREATE INDEX ON plain (sneak(token));
CREATE MATERIALIZED VIEW sneaky AS SELECT sneak(token) FROM plain WITH NO DATA;
REFRESH MATERIALIZED VIEW sneaky;

\echo == deferred triggers still know
CREATE TABLE audited (who text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE 'at commit: %', jwt_auth.current_user_id();
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER note AFTER INSERT ON audited DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note();
\set VERBOSITY terse
BEGIN;
SELECT jwt_auth.authenticate(:'alice') ->> 'sub' AS sub;
INSERT INTO audited VALUES (jwt_auth.current_user_id());
COMMIT;
\set VERBOSITY sqlstate

\echo == hostile names in the search path
CREATE SCHEMA hostile_schema;
CREATE FUNCTION hostile_schema.current_user_id() RETURNS text LANGUAGE sql AS $$ SELECT 'mallory' $$;
CREATE FUNCTION hostile_schema.json_each(jsonb) RETURNS text LANGUAGE sql AS $$ SELECT 'mallory' $$;
CREATE TEMP TABLE signing_key (kid text, state text, public_jwk jsonb, private_jwk text, created_at timestamptz);
SET search_path = hostile_schema, pg_temp, pg_catalog, jwt_auth, public;
BEGIN;
SELECT jwt_auth.authenticate(:'alice') ->> 'sub' AS sub;
SELECT jwt_auth.current_user_id();
COMMIT;
RESET search_path;

SET client_min_messages = warning;
DROP TABLE hostile, plain, audited, signing_key CASCADE;
DROP SCHEMA hostile_schema CASCADE;
RESET client_min_messages;
DROP FUNCTION attempt, who_in_sql, who_in_plpgsql, log_in, log_in_definer, log_in_and_fail, log_in_for_a_while, sneak, note;
DROP PROCEDURE in_two;
DELETE FROM jwt_auth.signing_key;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA jwt_auth FROM regress_login;
DROP ROLE regress_app, regress_other, regress_login;
