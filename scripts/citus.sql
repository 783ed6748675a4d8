-- Distributes jwt_auth over the nodes of a Citus cluster, or brings a cluster up to date to which a node was added: docs/scaling.md.
-- On the coordinator, as a superuser, before clients connect:
--   psql -d DATABASE -v ring=coordinator -f scripts/citus.sql   the keyring stays on the coordinator, and so do the clients
--   psql -d DATABASE -v ring=every_node -f scripts/citus.sql    clients may connect to any node
-- What was done before is not done again. Nothing is changed unless all that must hold does.
\set ON_ERROR_STOP on
\set QUIET on
\set VERBOSITY terse
\if :{?ring}
\else
  \warn 'say where the keyring is: -v ring=coordinator or -v ring=every_node'
  \quit
\endif
SET client_min_messages = notice;
SET search_path = pg_catalog, pg_temp;
SELECT set_config('citus_script.ring', :'ring', false) \g /dev/null

\echo 'Checking the nodes'
DO $$
DECLARE
  everywhere boolean := current_setting('citus_script.ring') = 'every_node';
  node record;
  wrong text[] := '{}';
  asked timestamptz := clock_timestamp();
BEGIN
  IF current_setting('citus_script.ring') NOT IN ('coordinator', 'every_node') THEN
    RAISE EXCEPTION 'ring is coordinator or every_node, not "%"', current_setting('citus_script.ring');
  END IF;
  IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') OR NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'jwt_auth') THEN
    RAISE EXCEPTION 'this database lacks the extension citus or jwt_auth' USING HINT = 'CREATE EXTENSION citus, add the nodes, then CREATE EXTENSION jwt_auth.';
  END IF;
  IF (SELECT groupid FROM pg_dist_local_group) <> 0 THEN
    RAISE EXCEPTION 'this is not the coordinator';
  END IF;
  IF NOT EXISTS (SELECT FROM pg_dist_node WHERE groupid = 0) THEN
    RAISE EXCEPTION 'the coordinator is not among the nodes' USING HINT = 'SELECT citus_set_coordinator_host(name, port).';
  END IF;
  IF NOT EXISTS (SELECT FROM pg_dist_node WHERE groupid <> 0) THEN
    RAISE EXCEPTION 'there is no other node' USING HINT = 'SELECT citus_add_node(name, port).';
  END IF;
  FOR node IN
    SELECT format('%s:%s', n.nodename, n.nodeport) AS name, n.groupid, said.success, said.result,
           CASE WHEN said.success THEN said.result::jsonb ELSE '{}' END AS has
    FROM run_command_on_all_nodes($sql$
      SELECT jsonb_build_object(
        'preload', (SELECT count(*) FROM regexp_split_to_table(current_setting('shared_preload_libraries'), '\s*,\s*') AS library
                    WHERE trim(both '"' FROM library) IN ('citus', 'jwt_auth')),
        'version', (SELECT extversion FROM pg_extension WHERE extname = 'jwt_auth'),
        'prepared', current_setting('max_prepared_transactions'),
        'key_file', coalesce(current_setting('jwt_auth.key_encryption_key_file', true), ''),
        'strings', current_setting('standard_conforming_strings'), 'datestyle', current_setting('datestyle'),
        'synchronous', current_setting('synchronous_commit'), 'clock', clock_timestamp(),
        'settings', (SELECT md5(string_agg(name || '=' || setting, ';' ORDER BY name)) FROM pg_settings
                     WHERE name LIKE 'jwt\_auth.%' AND name NOT LIKE '%key\_file%' AND name NOT LIKE '%.debug\_%'))
    $sql$, parallel => false) AS said JOIN pg_dist_node n USING (nodeid) ORDER BY n.groupid
  LOOP
    IF NOT node.success THEN
      wrong := wrong || format('%s does not answer: %s', node.name, node.result);
      CONTINUE;
    END IF;
    IF (node.has ->> 'preload')::integer <> 2 THEN
      wrong := wrong || format('%s: shared_preload_libraries is to begin with citus,jwt_auth', node.name);
    END IF;
    IF node.has ->> 'version' IS DISTINCT FROM (SELECT extversion FROM pg_extension WHERE extname = 'jwt_auth') THEN
      wrong := wrong || format('%s has version %s of jwt_auth', node.name, coalesce(node.has ->> 'version', 'no'));
    END IF;
    IF node.has ->> 'prepared' = '0' THEN
      wrong := wrong || format('%s: max_prepared_transactions is 0', node.name);
    END IF;
    IF everywhere AND node.has ->> 'key_file' = '' THEN
      wrong := wrong || format('%s: jwt_auth.key_encryption_key_file is not set, and private keys must be sealed', node.name);
    END IF;
    IF node.has ->> 'strings' <> 'on' OR node.has ->> 'datestyle' NOT LIKE 'ISO%' THEN
      wrong := wrong || format('%s: standard_conforming_strings is to be on and datestyle ISO', node.name);
    END IF;
    IF node.has ->> 'synchronous' = 'off' THEN
      wrong := wrong || format('%s: synchronous_commit is off, so a refresh that was answered may be lost', node.name);
    END IF;
    -- It was asked between then and now.
    IF (node.has ->> 'clock')::timestamptz NOT BETWEEN asked - interval '5 seconds' AND clock_timestamp() + interval '5 seconds' THEN
      wrong := wrong || format('%s: its clock is %s seconds from this one', node.name, round(extract(epoch FROM (node.has ->> 'clock')::timestamptz - asked)));
    END IF;
    IF everywhere AND node.has ->> 'settings' <> (SELECT md5(string_agg(name || '=' || setting, ';' ORDER BY name)) FROM pg_settings
                                                  WHERE name LIKE 'jwt\_auth.%' AND name NOT LIKE '%key\_file%' AND name NOT LIKE '%.debug\_%') THEN
      RAISE WARNING 'the settings jwt_auth.* of % are others than here', node.name;
    END IF;
  END LOOP;
  IF wrong <> '{}' THEN
    RAISE EXCEPTION E'the nodes are not ready:\n%', array_to_string(wrong, E'\n');
  END IF;
  IF NOT everywhere AND EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'jwt_auth.signing_key'::regclass) THEN
    RAISE EXCEPTION 'the keyring is on every node already';
  END IF;
END $$;

\echo 'Sealing private keys'
DO $$
BEGIN
  IF current_setting('jwt_auth.key_encryption_key_file', true) <> '' THEN
    RAISE NOTICE '% were not sealed with the present key', jwt_auth.seal_signing_keys();
  ELSIF EXISTS (SELECT FROM jwt_auth.signing_keys WHERE NOT sealed) THEN
    RAISE NOTICE 'private keys are in the clear: set jwt_auth.key_encryption_key_file and call jwt_auth.seal_signing_keys()';
  END IF;
END $$;

\echo 'Distributing the tables'
BEGIN;
DO $$
DECLARE
  everywhere boolean := current_setting('citus_script.ring') = 'every_node';
  name text;
  done text[] := '{}';
BEGIN
  -- The tables of users, on the user's key: account first, the others beside it.
  FOREACH name IN ARRAY ARRAY['account', 'refresh_session', 'session_data', 'denied_token', 'api_key', 'api_key_use']
                        || CASE WHEN everywhere THEN ARRAY['used_proof'] ELSE '{}' END
  LOOP
    IF NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = ('jwt_auth.' || name)::regclass) THEN
      PERFORM create_distributed_table(('jwt_auth.' || name)::regclass, 'user_key',
                                       colocate_with => CASE name WHEN 'account' THEN 'none' ELSE 'jwt_auth.account' END);
      done := done || name;
    END IF;
  END LOOP;
  IF everywhere THEN
    IF NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'jwt_auth.imported_token'::regclass) THEN
      PERFORM create_distributed_table('jwt_auth.imported_token', 'token_hash', colocate_with => 'none');
      done := done || 'imported_token'::text;
    END IF;
    -- Their triggers tell the backends of each node of a change. They are fired on each copy, which is what they are for.
    SET LOCAL citus.enable_unsafe_triggers = on;
    FOREACH name IN ARRAY ARRAY['signing_key', 'token_lifetime', 'trusted_issuer', 'cutoff', 'server_secret', 'session_class'] LOOP
      IF NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = ('jwt_auth.' || name)::regclass) THEN
        PERFORM create_reference_table(('jwt_auth.' || name)::regclass);
        done := done || name;
      END IF;
    END LOOP;
  END IF;
  RAISE NOTICE 'distributed: %', CASE WHEN done = '{}' THEN 'nothing, all are' ELSE array_to_string(done, ', ') END;
  PERFORM set_config('citus_script.done', array_to_string(done, ','), false);
END $$;
COMMIT;
DO $$
DECLARE
  name text;
BEGIN
  -- The rows that were here are in the shards now.
  FOREACH name IN ARRAY string_to_array(current_setting('citus_script.done'), ',') LOOP
    PERFORM truncate_local_data_after_distributing_table(('jwt_auth.' || name)::regclass);
  END LOOP;
END $$;

\echo 'Copying reference tables and privileges to nodes that lack them'
BEGIN;
SET LOCAL citus.enable_unsafe_triggers = on;
SELECT replicate_reference_tables('block_writes') \g /dev/null
COMMIT;
DO $$
DECLARE
  grants text[];
  failed record;
BEGIN
  IF current_setting('citus_script.ring') <> 'every_node' THEN
    RETURN;
  END IF;
  grants := ARRAY(
    SELECT format('GRANT %s ON %s %s TO %s', a.privilege_type, o.kind, o.name, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END)
    FROM (SELECT CASE prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END AS kind, oid::regprocedure::text AS name, proowner AS owner, proacl AS acl
          FROM pg_proc WHERE pronamespace = 'jwt_auth'::regnamespace
          UNION ALL
          SELECT 'TABLE', oid::regclass::text, relowner, relacl FROM pg_class WHERE relnamespace = 'jwt_auth'::regnamespace AND relkind IN ('r', 'p', 'v')
          UNION ALL
          SELECT 'SCHEMA', 'jwt_auth', nspowner, nspacl FROM pg_namespace WHERE nspname = 'jwt_auth') AS o, aclexplode(o.acl) AS a
    WHERE a.grantee <> o.owner);
  -- One command for each node: a connection costs more than all of them.
  FOR failed IN
    SELECT n.nodename, n.nodeport, said.result
    FROM run_command_on_workers(format('DO $grants$ BEGIN %s; END $grants$', array_to_string(grants, '; '))) AS said
    JOIN pg_dist_node n USING (nodename, nodeport) WHERE NOT said.success
  LOOP
    RAISE WARNING 'privileges were not copied to %:%: %', failed.nodename, failed.nodeport, failed.result;
  END LOOP;
  RAISE NOTICE 'privileges on every node: %', cardinality(grants);
END $$;

\echo 'What doctor() says of the nodes'
SELECT severity, finding, advice FROM jwt_auth.doctor() WHERE subject = 'citus';
