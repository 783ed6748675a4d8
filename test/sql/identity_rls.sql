-- Row-level security on the accessors: by index, in parallel workers, in generic plans, and for a role that can't look around it.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
DELETE FROM jwt_auth.signing_key;
SELECT jwt_auth.create_signing_key('HS256') IS NOT NULL AS made;
SELECT jwt_auth.jwt_sign('{"sub": "user 7", "role": "regress_member", "tenant": 3}') AS seven \gset
SELECT jwt_auth.jwt_sign('{"sub": "user 8", "role": "regress_member", "tenant": 4}') AS eight \gset

CREATE ROLE regress_member;
CREATE ROLE regress_connects LOGIN;
GRANT regress_member TO regress_connects;
SELECT jwt_auth.grant_verifier('regress_connects');

CREATE TABLE note (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  owner text NOT NULL DEFAULT jwt_auth.current_user_id(),
  tenant integer NOT NULL DEFAULT jwt_auth.current_claim('tenant')::integer,
  body text
);
INSERT INTO note (owner, tenant, body) SELECT 'user ' || n % 100, n % 10, 'note ' || n FROM generate_series(1, 10000) AS n;
ALTER TABLE note ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON note USING (owner = jwt_auth.current_user_id()) WITH CHECK (owner = jwt_auth.current_user_id());
GRANT SELECT, INSERT, UPDATE, DELETE ON note TO regress_member;
ANALYZE note;

-- What a plan is made of, without what differs between versions.
CREATE FUNCTION plan_has(query text, part text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
    IF line LIKE '%' || part || '%' THEN RETURN true; END IF;
  END LOOP;
  RETURN false;
END $$;
CREATE FUNCTION workers_launched(query text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  plan json;
BEGIN
  EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, FORMAT JSON) ' || query INTO plan;
  RETURN (regexp_match(plan::text, '"Workers Launched": (\d+)'))[1];
END $$;

SET SESSION AUTHORIZATION regress_connects;
\echo == nobody sees nothing
BEGIN;
SET LOCAL ROLE regress_member;
SELECT count(*) FROM note;
COMMIT;

\echo == each their own
BEGIN;
SELECT jwt_auth.authenticate(:'seven', set_role => true) ->> 'sub' AS sub;
SELECT count(*), min(owner), max(owner) FROM note;
INSERT INTO note (body) VALUES ('mine') RETURNING owner, tenant;
INSERT INTO note (owner, body) VALUES ('user 8', 'not mine');
ROLLBACK;
BEGIN;
SELECT jwt_auth.authenticate(:'eight', set_role => true) ->> 'sub' AS sub;
SELECT count(*), min(owner), max(owner) FROM note;
UPDATE note SET owner = 'user 7' WHERE id = 8;
ROLLBACK;
BEGIN;
SELECT jwt_auth.authenticate(:'eight', set_role => true) ->> 'sub' AS sub;
DELETE FROM note WHERE owner = 'user 7';
SET LOCAL row_security = off;
SELECT count(*) FROM note;
ROLLBACK;

\echo == forged settings change nothing
BEGIN;
SELECT set_config('request.jwt.claims', '{"sub": "user 7", "role": "postgres"}', true) IS NOT NULL AS forged;
SELECT jwt_auth.authenticate(:'eight', set_role => true) ->> 'sub' AS sub;
SELECT count(*), min(owner), max(owner) FROM note;
RESET ROLE;
SELECT current_user, jwt_auth.current_user_id();
COMMIT;

\echo == a generic plan
SET plan_cache_mode = force_generic_plan;
PREPARE mine AS SELECT count(*), min(owner) FROM note;
BEGIN;
SELECT jwt_auth.authenticate(:'seven', set_role => true) ->> 'sub' AS sub;
EXECUTE mine;
COMMIT;
BEGIN;
SELECT jwt_auth.authenticate(:'eight', set_role => true) ->> 'sub' AS sub;
EXECUTE mine;
COMMIT;
BEGIN;
SET LOCAL ROLE regress_member;
EXECUTE mine;
COMMIT;
DEALLOCATE mine;
RESET plan_cache_mode;

\echo == parallel workers, the leader only gathering
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SET parallel_leader_participation = off;
SET enable_indexscan = off;
SET enable_bitmapscan = off;
BEGIN;
SELECT jwt_auth.authenticate(:'seven', set_role => true) ->> 'sub' AS sub;
SELECT plan_has('SELECT * FROM note', 'Parallel Seq Scan') AS parallel;
SELECT workers_launched('SELECT * FROM note') > 0 AS launched;
SELECT count(*), min(owner), max(owner), count(DISTINCT jwt_auth.current_claims()) FROM note;
RESET ROLE;
SELECT jwt_auth.authenticate(:'eight', set_role => true) ->> 'sub' AS sub;
SELECT count(*), min(owner), max(owner) FROM note;
COMMIT;
BEGIN;
SET LOCAL ROLE regress_member;
SELECT plan_has('SELECT * FROM note', 'Parallel Seq Scan') AS parallel, (SELECT count(*) FROM note) AS nobody;
COMMIT;
SELECT set_config(CASE WHEN current_setting('server_version_num')::integer < 160000 THEN 'force_parallel_mode'
                       ELSE 'debug_parallel_query' END, 'on', false) AS forced;
BEGIN;
SELECT jwt_auth.authenticate(:'seven') ->> 'sub' AS sub;
SELECT jwt_auth.current_user_id(), jwt_auth.current_claim('tenant'), jwt_auth.current_session_id();
SELECT workers_launched('SELECT jwt_auth.current_user_id()');
COMMIT;
SELECT jwt_auth.current_user_id();
RESET ALL;

\echo == an expired identity stops the scan of a worker as well
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
SET enable_indexscan = off;
RESET SESSION AUTHORIZATION;
SELECT jwt_auth.jwt_sign(jsonb_build_object('sub', 'user 9', 'exp', floor(extract(epoch FROM clock_timestamp())) + 5)) AS nine \gset
SET SESSION AUTHORIZATION regress_connects;
BEGIN;
SELECT jwt_auth.authenticate(:'nine') ->> 'sub' AS sub;
SET LOCAL ROLE regress_member;
SELECT count(*) FROM note;
SELECT pg_sleep(5.1);
SELECT count(*) FROM note;
ROLLBACK;
RESET ALL;
RESET SESSION AUTHORIZATION;

\echo == an index serves the policy
CREATE INDEX note_owner ON note (owner);
ANALYZE note;
SET SESSION AUTHORIZATION regress_connects;
BEGIN;
SELECT jwt_auth.authenticate(:'seven', set_role => true) ->> 'sub' AS sub;
SELECT plan_has('SELECT * FROM note', 'note_owner') AS by_index;
SELECT count(*), min(owner) FROM note;
COMMIT;
RESET SESSION AUTHORIZATION;

DROP TABLE note;
DROP FUNCTION plan_has, workers_launched;
DELETE FROM jwt_auth.signing_key;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA jwt_auth FROM regress_connects;
DROP ROLE regress_member, regress_connects;
