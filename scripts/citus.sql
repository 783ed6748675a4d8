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
  \set ring ''
\endif
SET client_min_messages = notice;
SET search_path = pg_catalog, pg_temp;
SELECT set_config('citus_script.ring', :'ring', false) \g /dev/null

-- Run twice at once, one waits for the other.
SELECT pg_advisory_lock(hashtext('jwt_auth on Citus')) \g /dev/null

\echo 'Checking the nodes'
DO $$
DECLARE
  everywhere boolean := current_setting('citus_script.ring') = 'every_node';
  node record;
  wrong text[] := '{}';
  key text;
  asked timestamptz := clock_timestamp();
BEGIN
  IF current_setting('citus_script.ring') NOT IN ('coordinator', 'every_node') THEN
    RAISE EXCEPTION 'ring is coordinator or every_node, not "%"', current_setting('citus_script.ring')
      USING HINT = 'Say where the keyring is: -v ring=coordinator or -v ring=every_node.';
  END IF;
  IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    RAISE EXCEPTION 'a superuser is to run this';
  END IF;
  IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') OR NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'jwt_auth') THEN
    RAISE EXCEPTION 'this database lacks the extension citus or jwt_auth' USING HINT = 'CREATE EXTENSION citus, add the nodes, then CREATE EXTENSION jwt_auth.';
  END IF;
  IF to_regclass('jwt_auth.session_class') IS NULL THEN
    RAISE EXCEPTION 'jwt_auth is older than version 2.0' USING HINT = 'ALTER EXTENSION jwt_auth UPDATE.';
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
        'key', (SELECT encode(sha256(convert_to(regexp_replace(contents, '\s', '', 'g'), 'UTF8')), 'hex')
                FROM pg_read_file(nullif(current_setting('jwt_auth.key_encryption_key_file', true), ''), 0, 10000, true) AS contents),
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
    IF node.groupid = 0 THEN
      key := node.has ->> 'key';
    END IF;
    IF everywhere AND node.has ->> 'key_file' = '' THEN
      wrong := wrong || format('%s: jwt_auth.key_encryption_key_file is not set, and private keys must be sealed', node.name);
    ELSIF everywhere AND node.has ->> 'key' IS NULL THEN
      wrong := wrong || format('%s: the file that jwt_auth.key_encryption_key_file names is not there', node.name);
    ELSIF everywhere AND node.has ->> 'key' <> key THEN
      wrong := wrong || format('%s: the key in jwt_auth.key_encryption_key_file is another than here', node.name);
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
  -- All at once, and again where clients hold them in another order: nothing has been done yet that would have to be undone.
  LOOP
    BEGIN
      FOREACH name IN ARRAY ARRAY['account', 'refresh_session', 'session_data', 'denied_token', 'api_key', 'api_key_use']
                            || CASE WHEN everywhere THEN ARRAY['used_proof', 'imported_token', 'signing_key', 'token_lifetime', 'trusted_issuer', 'cutoff',
                                                               'server_secret', 'session_class'] ELSE '{}' END
      LOOP
        IF NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = ('jwt_auth.' || name)::regclass) THEN
          EXECUTE format('LOCK TABLE jwt_auth.%I IN EXCLUSIVE MODE', name);
        END IF;
      END LOOP;
      EXIT;
    EXCEPTION WHEN deadlock_detected THEN
      RAISE NOTICE 'a client has the tables, once more';
    END;
  END LOOP;
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
END $$;
COMMIT;
-- The rows that were here are in the shards now. So are those that a run has left that was interrupted at this place. One table at a
-- time: clients hold several.
\o /dev/null
SELECT format('SELECT truncate_local_data_after_distributing_table(%L)', c.oid::regclass)
FROM pg_dist_partition p JOIN pg_class c ON c.oid = p.logicalrelid
WHERE c.relnamespace = 'jwt_auth'::regnamespace AND pg_relation_size(c.oid) > 0 \gexec
\o

\echo 'Copying reference tables, triggers and privileges to nodes that lack them'
BEGIN;
SET LOCAL citus.enable_unsafe_triggers = on;
SELECT replicate_reference_tables('block_writes') \g /dev/null
COMMIT;
DO $$
DECLARE
  privileges jsonb;
  said record;
BEGIN
  IF current_setting('citus_script.ring') <> 'every_node' THEN
    RETURN;
  END IF;
  FOR said IN
    SELECT n.nodename, n.nodeport, r.success, r.result
    FROM run_command_on_all_nodes($node$
      DO $triggers$
      DECLARE
        lacking record;
      BEGIN
        SET LOCAL citus.enable_manual_changes_to_shards = on;
        SET LOCAL citus.enable_ddl_propagation = off;
        FOR lacking IN
          SELECT shard.id::regclass AS shard, meant.trigger || '_' || s.shardid AS trigger, meant.event
          FROM pg_dist_shard s JOIN pg_class c ON c.oid = s.logicalrelid
          CROSS JOIN LATERAL to_regclass(format('jwt_auth.%I', c.relname || '_' || s.shardid)) AS shard (id)
          CROSS JOIN (VALUES ('keyring_changed', 'INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW'), ('keyring_truncated', 'TRUNCATE ON %s FOR EACH STATEMENT'))
            AS meant (trigger, event)
          WHERE c.relnamespace = 'jwt_auth'::regnamespace AND shard.id IS NOT NULL
            AND c.relname IN ('signing_key', 'token_lifetime', 'trusted_issuer', 'cutoff', 'server_secret', 'session_class')
            AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = shard.id AND t.tgname = meant.trigger || '_' || s.shardid AND t.tgenabled = 'A')
        LOOP
          EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER ' || lacking.event || ' EXECUTE FUNCTION jwt_auth.keyring_changed()', lacking.trigger, lacking.shard);
          EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', lacking.shard, lacking.trigger);
        END LOOP;
      END $triggers$ $node$) AS r JOIN pg_dist_node n USING (nodeid) WHERE NOT r.success
  LOOP
    RAISE WARNING 'triggers were not made on %:%: %', said.nodename, said.nodeport, said.result;
  END LOOP;
  -- How they differ from those of a fresh installation; each node makes its own the same.
  SELECT coalesce(jsonb_agg(jsonb_build_object('object', object, 'privilege', privilege, 'granted', granted,
                                               'grantee', CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END)), '[]')
  INTO privileges FROM jwt_auth.privilege_differences();
  FOR said IN
    SELECT n.nodename, n.nodeport, r.success, r.result
    FROM run_command_on_workers(format($node$
      DO $privileges$
      DECLARE
        change text;
      BEGIN
        SET LOCAL citus.enable_ddl_propagation = off;
        FOR change IN
          WITH meant AS (
            SELECT object, privilege, granted, grantee FROM jsonb_to_recordset(%L) AS m (object text, privilege text, granted boolean, grantee text)
          ), present AS (
            SELECT object, privilege, granted, CASE d.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(d.grantee)) END AS grantee
            FROM jwt_auth.privilege_differences() AS d
          )
          SELECT format(CASE WHEN granted THEN 'REVOKE %%s ON %%s FROM %%s' ELSE 'GRANT %%s ON %%s TO %%s' END, privilege, object, grantee)
          FROM (TABLE present EXCEPT TABLE meant) AS too_many
          UNION ALL
          SELECT format(CASE WHEN granted THEN 'GRANT %%s ON %%s TO %%s' ELSE 'REVOKE %%s ON %%s FROM %%s' END, privilege, object, grantee)
          FROM (TABLE meant EXCEPT TABLE present) AS too_few
        LOOP
          EXECUTE change;
        END LOOP;
      END $privileges$ $node$, privileges)) AS r JOIN pg_dist_node n USING (nodename, nodeport) WHERE NOT r.success
  LOOP
    RAISE WARNING 'privileges were not copied to %:%: %', said.nodename, said.nodeport, said.result;
  END LOOP;
  RAISE NOTICE 'privileges on every node: %', jsonb_array_length(privileges);
END $$;

\echo 'What doctor() says of the nodes'
SELECT severity, finding, advice FROM jwt_auth.doctor() WHERE subject = 'citus';
