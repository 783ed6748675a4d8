-- A check of the whole installation.

CREATE FUNCTION jwt_auth.doctor(OUT severity text, OUT subject text, OUT finding text, OUT advice text)
RETURNS SETOF record LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on AS $$
DECLARE
  failure text;
  remedy text;
  given record;
  function_name text[];
  scheduled text[];
  purging text;
  is_distributed boolean := false;
  has_ring_everywhere boolean := false;
  node jsonb;
  coordinator jsonb;
  differing text;
  silent text[] := '{}';
  asked timestamptz;
BEGIN
  -- Settings are there once the library is.
  PERFORM jwt_auth.jwks();

  -- Nodes of Citus
  IF EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN
    EXECUTE $sql$ SELECT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'jwt_auth.account'::regclass),
                         EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'jwt_auth.signing_key'::regclass) $sql$
      INTO is_distributed, has_ring_everywhere;
  END IF;
  IF is_distributed THEN
    RETURN QUERY EXECUTE $sql$
      SELECT 'error', 'citus', format('table jwt_auth.%s is not distributed as the others are', name), 'run scripts/citus.sql again'
      FROM unnest(ARRAY['refresh_session', 'session_data', 'denied_token', 'api_key', 'api_key_use']
                  || CASE WHEN $1 THEN ARRAY['used_proof', 'imported_token', 'token_lifetime', 'trusted_issuer', 'cutoff', 'server_secret', 'session_class']
                     ELSE '{}' END) AS name
      WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = ('jwt_auth.' || name)::regclass) $sql$ USING has_ring_everywhere;
    RETURN QUERY EXECUTE $sql$
      SELECT 'error', 'citus', format('node %s:%s has no copy of %s: its backends hear late of changes', n.nodename, n.nodeport,
                                      string_agg(p.logicalrelid::text, ', ' ORDER BY p.logicalrelid::text)), 'run scripts/citus.sql again'
      FROM pg_dist_node n CROSS JOIN pg_dist_partition p JOIN pg_dist_shard s USING (logicalrelid) JOIN pg_class c ON c.oid = p.logicalrelid
      WHERE n.isactive AND n.noderole = 'primary' AND p.partmethod = 'n' AND c.relnamespace = 'jwt_auth'::regnamespace
        AND NOT EXISTS (SELECT FROM pg_dist_placement l WHERE l.shardid = s.shardid AND l.groupid = n.groupid)
      GROUP BY n.nodename, n.nodeport $sql$;
    BEGIN
      asked := clock_timestamp();
      FOR given IN EXECUTE $sql$
        SELECT format('node %s:%s', n.nodename, n.nodeport) AS node, n.groupid, said.success, said.result
        FROM run_command_on_all_nodes($node$
          SELECT jsonb_build_object(
            'clock', clock_timestamp(), 'strings', current_setting('standard_conforming_strings'), 'datestyle', current_setting('datestyle'),
            'prepared', current_setting('max_prepared_transactions'), 'synchronous', current_setting('synchronous_commit'),
            'key_file', coalesce(current_setting('jwt_auth.key_encryption_key_file', true), ''),
            'triggers', (SELECT count(*) FROM pg_dist_shard s JOIN pg_class c ON c.oid = s.logicalrelid
                         JOIN pg_trigger t ON t.tgrelid = to_regclass(format('jwt_auth.%I', c.relname || '_' || s.shardid))
                         WHERE c.relnamespace = 'jwt_auth'::regnamespace AND t.tgenabled IN ('O', 'A')
                           AND t.tgfoid = 'jwt_auth.keyring_changed()'::regprocedure),
            'privileges', (SELECT coalesce(jsonb_agg(format('%s%s ON %s for %s', CASE WHEN NOT d.granted THEN 'no ' END, d.privilege, d.object,
                                                            CASE d.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(d.grantee) END)), '[]')
                           FROM jwt_auth.privilege_differences() d))
        $node$, parallel => false) AS said JOIN pg_dist_node n USING (nodeid) ORDER BY n.groupid $sql$
      LOOP
        IF NOT given.success THEN
          RETURN QUERY VALUES ('error', 'citus', format('%s does not answer: %s', given.node, given.result), 'start it, or put its standby in its place; the rest is checked then');
          silent := silent || given.node;
          CONTINUE;
        END IF;
        node := given.result::jsonb;
        IF given.groupid = 0 THEN
          coordinator := node;
        END IF;
        differing := (SELECT min(privilege) FROM jsonb_array_elements_text((node -> 'privileges') || (coordinator -> 'privileges')) AS privilege
                      WHERE NOT ((node -> 'privileges') ? privilege AND (coordinator -> 'privileges') ? privilege));
        RETURN QUERY
          SELECT seen.severity, 'citus', format('%s: %s', given.node, seen.finding), seen.advice
          FROM (VALUES
            ('error', node ->> 'strings' <> 'on' OR node ->> 'datestyle' NOT LIKE 'ISO%', 'values that other nodes send are read in another way',
             'set standard_conforming_strings to on and datestyle to ISO'),
            ('error', node ->> 'prepared' = '0', 'max_prepared_transactions is 0: what changes several nodes fails', 'set it, and restart the server'),
            ('warning', node ->> 'synchronous' = 'off', 'synchronous_commit is off: a refresh that was answered may be lost', 'set it to on'),
            ('error', has_ring_everywhere AND node ->> 'key_file' = '', 'jwt_auth.key_encryption_key_file is not set: it can sign nothing', 'set it, to the key of the other nodes'),
            ('error', has_ring_everywhere AND (node ->> 'triggers')::integer < 12, 'triggers of the keyring''s tables are missing: its backends hear late of changes',
             'run scripts/citus.sql again'),
            ('warning', has_ring_everywhere AND differing IS NOT NULL, format('privileges are others than on the coordinator, such as %s', differing), 'run scripts/citus.sql again'),
            ('warning', (node ->> 'clock')::timestamptz NOT BETWEEN asked - interval '5 seconds' AND clock_timestamp() + interval '5 seconds',
             format('its clock is %s seconds from this one', round(extract(epoch FROM (node ->> 'clock')::timestamptz - asked))), 'set the clocks by NTP')
          ) AS seen (severity, is_so, finding, advice) WHERE seen.is_so;
      END LOOP;
      -- Each node tries its key file on what is sealed.
      IF has_ring_everywhere THEN
        RETURN QUERY EXECUTE $sql$
          SELECT 'error', 'citus', format('%s cannot open what is sealed: %s', asked.node, said.result), 'give it the key file of the other nodes'
          FROM run_command_on_all_nodes('SELECT 0' || CASE WHEN EXISTS (SELECT FROM jwt_auth.signing_key WHERE state = 'active') THEN ' + length(jwt_auth.jwt_sign(''{}''))' ELSE '' END
                                                   || CASE WHEN EXISTS (SELECT FROM jwt_auth.server_secret) THEN ' + length(jwt_auth.proof_nonce())' ELSE '' END,
                                        parallel => false) AS said
          JOIN pg_dist_node n USING (nodeid), format('node %s:%s', n.nodename, n.nodeport) AS asked (node)
          WHERE NOT said.success AND asked.node <> ALL ($1) $sql$ USING silent;
      END IF;
    EXCEPTION WHEN insufficient_privilege THEN
      RETURN QUERY VALUES ('notice', 'citus', 'the other nodes were not asked: ' || SQLERRM, 'call doctor() as a superuser');
    END;
    -- What follows would ask it.
    IF silent <> '{}' THEN
      RETURN;
    END IF;
  END IF;

  -- Keys
  IF NOT EXISTS (SELECT FROM jwt_auth.signing_key WHERE state = 'active') THEN
    RETURN QUERY VALUES ('error', 'keys', 'no key is active: nothing can be signed', 'SELECT jwt_auth.create_signing_key()');
  END IF;
  RETURN QUERY SELECT 'warning', 'keys', format('key %s has been active for %s days', kid, extract(day FROM now() - activated_at)),
                      'SELECT jwt_auth.rotate_signing_key()'
               FROM jwt_auth.signing_key WHERE state = 'active' AND activated_at < now() - interval '1 year';
  RETURN QUERY SELECT 'warning', 'keys', format('key %s has been pending for %s days', kid, extract(day FROM age)),
                      'SELECT jwt_auth.rotate_signing_key() makes it the active one'
               FROM jwt_auth.key_ages WHERE state = 'pending' AND age > interval '30 days';
  RETURN QUERY SELECT 'notice', 'keys', format('active key %s is an HMAC secret: jwks() can''t publish it, so nobody else can verify', kid),
                      'SELECT jwt_auth.rotate_signing_key(''ES256'') if other services are to verify'
               FROM jwt_auth.signing_key WHERE state = 'active' AND public_jwk IS NULL;
  RETURN QUERY SELECT 'notice', 'keys', format('%s old keys still verify though every token that they signed has run out', count(*)),
                      'CALL jwt_auth.purge_expired(), or SELECT jwt_auth.retire_signing_key(kid)'
               FROM jwt_auth.key_ages WHERE run_out HAVING count(*) > 0;
  RETURN QUERY SELECT 'notice', 'keys', format('the imported key %s verifies until it is retired: nothing said when its old tokens run out', kid),
                      format('SELECT jwt_auth.retire_signing_key(%L) once they have', kid)
               FROM jwt_auth.signing_key WHERE state = 'verify_only' AND imported AND keep_until IS NULL AND verify_until = 'infinity' ORDER BY kid;

  -- Issuers
  RETURN QUERY SELECT 'warning', 'issuers', format('tokens of %s may name any role: it was trusted before version 2.0, and what it may say is not decided yet', issuer),
                      format('SELECT jwt_auth.trust_issuer(%L, ..., subjects => ''foreign'' or ''ours'', roles => ...)', issuer)
               FROM jwt_auth.trusted_issuer WHERE roles = '{*}' ORDER BY issuer;
  RETURN QUERY SELECT 'warning', 'issuers', format('%s is jwt_auth.issuer and a trusted issuer: only our own keys verify its tokens', issuer),
                      format('SELECT jwt_auth.distrust_issuer(%L)', issuer)
               FROM jwt_auth.trusted_issuer WHERE issuer = current_setting('jwt_auth.issuer');

  -- Sealing
  IF current_setting('jwt_auth.key_encryption_key_file') = '' THEN
    RETURN QUERY SELECT 'error', 'sealing', format('%s private keys are sealed, but jwt_auth.key_encryption_key_file is not set', count(*)),
                        'set it to the file that holds the key which sealed them'
                 FROM jwt_auth.signing_keys WHERE sealed HAVING count(*) > 0;
    RETURN QUERY SELECT 'notice', 'sealing', 'private keys are stored in the clear: a dump or a backup lets its reader sign',
                        'set jwt_auth.key_encryption_key_file, then SELECT jwt_auth.seal_signing_keys()'
                 FROM jwt_auth.signing_keys WHERE sealed IS FALSE HAVING count(*) > 0;
  ELSE
    RETURN QUERY SELECT 'warning', 'sealing', format('%s private keys are stored in the clear though a key file is set', count(*)),
                        'SELECT jwt_auth.seal_signing_keys()'
                 FROM jwt_auth.signing_keys WHERE sealed IS FALSE HAVING count(*) > 0;
    RETURN QUERY SELECT 'warning', 'sealing', format('the HMAC keys of trusted issuers are stored in the clear though a key file is set: %s', string_agg(issuer, ', ' ORDER BY issuer)),
                        'SELECT jwt_auth.seal_signing_keys()'
                 FROM jwt_auth.trusted_issuer WHERE starts_with(secret_jwks, '{') HAVING count(*) > 0;
    RETURN QUERY SELECT 'warning', 'sealing', 'the secret of the server is stored in the clear though a key file is set', 'SELECT jwt_auth.seal_signing_keys()'
                 FROM jwt_auth.server_secret WHERE starts_with(secret, '{');
  END IF;

  IF EXISTS (SELECT FROM jwt_auth.server_secret) THEN
    BEGIN
      PERFORM jwt_auth.proof_nonce();
    EXCEPTION
      -- These say nothing of the secret.
      WHEN insufficient_resources OR transaction_rollback THEN
        RAISE;
      WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS failure = MESSAGE_TEXT;
        RETURN QUERY SELECT 'error', 'sealing', format('the secret of the server can''t be read: %s', failure),
                            'give the server back the file; if it is lost, SELECT jwt_auth.seal_signing_keys() under a new one, or without any DELETE FROM jwt_auth.server_secret, and SELECT jwt_auth.revoke_all_tokens() if users were forgotten';
    END;
  ELSE
    -- A copy of the tables without it.
    RETURN QUERY SELECT 'error', 'sealing', format('the server has no secret, though %s users were forgotten under one: tokens of others with their user keys may be refused', count(*)),
                        'copy jwt_auth.server_secret as well'
                 FROM jwt_auth.denied_token WHERE issuer = '' AND expires_at = 'infinity'
                   AND denied_at > coalesce((SELECT not_before FROM jwt_auth.cutoff), '-infinity') HAVING count(*) > 0;
  END IF;

  IF EXISTS (SELECT FROM jwt_auth.signing_key WHERE state = 'active') THEN
    BEGIN
      PERFORM jwt_auth.jwt_sign('{}'::jsonb);
    EXCEPTION
      -- These say nothing of the key.
      WHEN insufficient_resources OR transaction_rollback THEN
        RAISE;
      WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS failure = MESSAGE_TEXT, remedy = PG_EXCEPTION_HINT;
        RETURN QUERY SELECT 'error', 'sealing', format('nobody can log in, for the active key can''t sign: %s', failure),
                            coalesce(nullif(remedy, ''), 'give the server back the file, or SELECT jwt_auth.rotate_signing_key()');
    END;
  END IF;

  -- Installation
  IF current_setting('shared_preload_libraries') !~ '\mjwt_auth\M' THEN
    RETURN QUERY VALUES ('notice', 'installation', 'the library is not preloaded: misspelt settings go unnoticed, stats counts this backend alone, and authenticate takes a proof of a key more than once',
                         'add jwt_auth to shared_preload_libraries and restart');
  END IF;
  RETURN QUERY SELECT 'warning', 'installation', format('the extension is of version %s, the installed files are of %s', e.extversion, a.default_version),
                      'ALTER EXTENSION jwt_auth UPDATE'
               FROM pg_extension e JOIN pg_available_extensions a ON a.name = e.extname
               WHERE e.extname = 'jwt_auth' AND e.extversion <> a.default_version;
  RETURN QUERY SELECT 'error', 'installation', format('the tables belong to several roles (%s): functions that use them fail', string_agg(DISTINCT relowner::regrole::text, ', ')),
                      'ALTER TABLE ... OWNER TO one and the same role'
               FROM pg_class WHERE relnamespace = 'jwt_auth'::regnamespace AND relkind = 'r' HAVING count(DISTINCT relowner) > 1;
  -- The tables' owner can drop and disable triggers.
  RETURN QUERY
    SELECT 'error', 'installation', format('trigger %s of %s %s: backends would go on with old keys', meant.trigger, meant.relation,
                                           CASE WHEN t.oid IS NULL THEN 'is missing' ELSE 'does not fire always' END),
           CASE WHEN t.oid IS NULL THEN format('CREATE TRIGGER %s AFTER %s EXECUTE FUNCTION jwt_auth.keyring_changed(); ', meant.trigger, meant.event) ELSE '' END
           || format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %s', meant.relation, meant.trigger)
    FROM (SELECT to_regclass('jwt_auth.' || name) AS relation, 'keyring_changed' AS trigger,
                 format('INSERT OR UPDATE OR DELETE ON jwt_auth.%s FOR EACH ROW', name) AS event
          FROM unnest(ARRAY['signing_key', 'token_lifetime', 'trusted_issuer', 'cutoff', 'server_secret', 'session_class']) AS name
          UNION ALL
          SELECT to_regclass('jwt_auth.' || name), 'keyring_truncated', format('TRUNCATE ON jwt_auth.%s FOR EACH STATEMENT', name)
          FROM unnest(ARRAY['signing_key', 'token_lifetime', 'trusted_issuer', 'cutoff', 'server_secret', 'session_class']) AS name) AS meant
    LEFT JOIN pg_trigger t ON t.tgrelid = meant.relation AND t.tgname = meant.trigger AND t.tgfoid = 'jwt_auth.keyring_changed()'::regprocedure
    WHERE t.tgenabled IS DISTINCT FROM 'A';
  RETURN QUERY
    SELECT 'error', 'installation', 'trigger signing_key_demoted of jwt_auth.signing_key is missing or disabled: a key that is demoted by hand verifies for ever',
           'see the trigger of a fresh installation'
    WHERE NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = 'jwt_auth.signing_key'::regclass AND tgname = 'signing_key_demoted'
                        AND tgfoid = 'jwt_auth.signing_key_demoted()'::regprocedure AND tgenabled IN ('O', 'A'));
  RETURN QUERY SELECT 'warning', 'installation', format('trigger %s of %s fires only where the statement names its columns: it misses what other triggers compute', tgname, tgrelid::regclass),
                      'create it AFTER UPDATE without OF, WHEN the password or the id IS DISTINCT FROM before'
               FROM pg_trigger WHERE tgfoid = 'jwt_auth.revoke_on_password_change()'::regprocedure AND tgattr::text <> '' AND tgparentid = 0;

  -- Settings that weaken
  RETURN QUERY
    SELECT 'warning', 'settings', format('jwt_auth.%s is %s: %s', name, current_setting('jwt_auth.' || name), what), format('ALTER DATABASE %I SET jwt_auth.%s = ...', current_database(), name)
    FROM (VALUES
      ('access_token_ttl', 3600, 'a stolen access token is good for services that verify offline for that long'),
      ('refresh_token_ttl', 90 * 86400, 'a forgotten device stays logged in for that long'),
      ('refresh_reuse_interval', 60, 'a stolen refresh token goes unnoticed for that long after a rotation'),
      ('leeway', 300, 'expired tokens are accepted for that long')
    ) AS most (name, seconds, what)
    WHERE (SELECT setting::bigint FROM pg_settings WHERE pg_settings.name = 'jwt_auth.' || most.name) > seconds;
  RETURN QUERY
    SELECT 'notice', 'settings', format('jwt_auth.%s is %L: %s', name, current_setting('jwt_auth.' || name), what), format('ALTER DATABASE %I SET jwt_auth.%s = ...', current_database(), name)
    FROM (VALUES
      ('issuer', '', 'tokens don''t say who issued them'),
      ('audience', '', 'tokens don''t say whom they are for'),
      ('session_max_age', '0', 'a session that is used lasts for ever'),
      ('max_sessions_per_user', '0', 'a user may have any number of sessions'),
      ('refresh_reuse_interval', '0', 'a client with several tabs is soon taken for a thief'),
      ('proof_table_size', '0', 'a proof of a key that was overheard can be shown again')
    ) AS weak (name, value, what)
    WHERE current_setting('jwt_auth.' || name) = value;
  RETURN QUERY
    SELECT 'notice', 'settings', 'jwt_auth.accept_unnamed is on: tokens that name no issuer or no audience are accepted',
           format('once the last one from before has expired: ALTER DATABASE %I RESET jwt_auth.accept_unnamed', current_database())
    WHERE current_setting('jwt_auth.accept_unnamed')::boolean
      AND (current_setting('jwt_auth.issuer') <> '' OR current_setting('jwt_auth.audience') <> '');
  IF has_function_privilege('pg_show_all_file_settings()', 'EXECUTE') AND has_table_privilege('pg_file_settings', 'SELECT') THEN
    -- Asked twice: PostgreSQL also calls a setting wrong that it has no memory to check.
    RETURN QUERY SELECT 'warning', 'settings', format('%s in %s is not in force: %s', name, sourcefile, error), 'correct it, then SELECT pg_reload_conf()'
                 FROM pg_file_settings JOIN pg_file_settings AS again USING (sourcefile, sourceline, name, error)
                 WHERE starts_with(name, 'jwt_auth.') AND error IS NOT NULL;
  END IF;
  -- In a session that had not loaded the library, ALTER ROLE and ALTER DATABASE took any name and any value.
  FOR given IN
    SELECT split_part(entry, '=', 1) AS name, substr(entry, strpos(entry, '=') + 1) AS value,
           concat_ws(' ', CASE WHEN setrole <> 0 THEN 'ROLE ' || setrole::regrole END, CASE WHEN setrole <> 0 AND setdatabase <> 0 THEN 'IN' END,
                     CASE WHEN setdatabase <> 0 THEN 'DATABASE ' || quote_ident(current_database()) END) AS place
    FROM pg_db_role_setting, unnest(setconfig) AS entry
    WHERE starts_with(lower(entry), 'jwt_auth.') AND setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
    ORDER BY place, entry
  LOOP
    failure := NULL;
    IF NOT EXISTS (SELECT FROM pg_settings WHERE lower(pg_settings.name) = lower(given.name)) THEN
      failure := 'there is no such setting';
    ELSE
      -- Tried, and undone.
      BEGIN
        PERFORM set_config(given.name, given.value, true);
        RAISE raise_exception;
      EXCEPTION
        WHEN raise_exception OR insufficient_privilege THEN
          NULL;
        WHEN insufficient_resources THEN
          RAISE;
        WHEN OTHERS THEN
          failure := SQLERRM;
      END;
    END IF;
    IF failure IS NOT NULL THEN
      RETURN QUERY SELECT 'warning', 'settings', format('%s of %s is not in force: %s', given.name, given.place, failure),
                          format('ALTER %s RESET %s', given.place, given.name);
    END IF;
  END LOOP;
  IF current_setting('jwt_auth.claims_function') <> '' THEN
    BEGIN
      function_name := parse_ident(current_setting('jwt_auth.claims_function'));
    EXCEPTION WHEN invalid_parameter_value THEN
      function_name := '{}';
    END;
    IF NOT EXISTS (SELECT FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
                   WHERE ARRAY[n.nspname::text, p.proname::text] = function_name AND oidvectortypes(p.proargtypes) = 'text, uuid, jsonb'
                     AND p.prokind = 'f' AND NOT p.proretset AND p.prorettype = 'jsonb'::regtype) THEN
      RETURN QUERY SELECT 'error', 'settings', format('jwt_auth.claims_function names %s, and there is no such function (text, uuid, jsonb)', current_setting('jwt_auth.claims_function')),
                          'create it or reset the setting';
    END IF;
  END IF;
  RETURN QUERY SELECT 'warning', 'settings', format('%s is %s: tokens that are written into SQL text are logged', name, setting),
                      'pass tokens as parameters, or turn it off for the application''s role'
               FROM pg_settings WHERE name = 'log_statement' AND setting IN ('all', 'mod');
  RETURN QUERY SELECT 'notice', 'settings', 'synchronous_commit is off: a revocation may be lost in a crash', 'SET synchronous_commit = on for what revokes'
               WHERE current_setting('synchronous_commit') = 'off';

  -- Privileges
  RETURN QUERY SELECT 'error', 'privileges', format('%s is executable by PUBLIC', d.id::regprocedure), d.remedy
               FROM jwt_auth.privilege_differences() d WHERE d.granted AND d.grantee = 0 AND d.catalog = 'pg_proc'::regclass;
  RETURN QUERY SELECT 'error', 'privileges', format('PUBLIC may %s %s', string_agg(d.privilege, ', ' ORDER BY d.privilege), d.id::regclass),
                      format('REVOKE ALL ON %s FROM PUBLIC', d.id::regclass)
               FROM jwt_auth.privilege_differences() d WHERE d.granted AND d.grantee = 0 AND d.catalog = 'pg_class'::regclass
               GROUP BY d.id;
  RETURN QUERY SELECT 'error', 'privileges', format('%s may create objects in the schema jwt_auth, and so a function that is called instead of the extension''s',
                                                    CASE d.grantee WHEN 0 THEN 'PUBLIC' ELSE d.grantee::regrole::text END), d.remedy
               FROM jwt_auth.privilege_differences() d WHERE d.granted AND d.privilege = 'CREATE' AND d.catalog = 'pg_namespace'::regclass;
  RETURN QUERY SELECT 'error', 'privileges', format('%s, the owner, lacks %s on %s', d.grantee::regrole, string_agg(d.privilege, ', ' ORDER BY d.privilege), d.object),
                      string_agg(d.remedy, '; ' ORDER BY d.privilege)
               FROM jwt_auth.privilege_differences() d WHERE NOT d.granted AND d.grantee <> 0
               GROUP BY d.grantee, d.object;
  -- What PUBLIC lacks, the role that owns the tables may lack as well.
  RETURN QUERY SELECT CASE WHEN bool_and(CASE d.catalog WHEN 'pg_namespace'::regclass THEN has_schema_privilege(c.relowner, d.id, d.privilege)
                                                        WHEN 'pg_type'::regclass THEN has_type_privilege(c.relowner, d.id, d.privilege)
                                                        ELSE true END) THEN 'warning' ELSE 'error' END,
                      'privileges', format('PUBLIC lacks %s on %s', d.privilege, string_agg(d.object, ', ' ORDER BY d.object)),
                      string_agg(d.remedy, '; ' ORDER BY d.object)
               FROM jwt_auth.privilege_differences() d, pg_class c
               WHERE NOT d.granted AND d.grantee = 0 AND c.oid = 'jwt_auth.account'::regclass
               GROUP BY d.catalog, d.privilege;
  -- An auditor may read the audit.
  RETURN QUERY SELECT 'warning', 'privileges', format('%s may %s %s', d.grantee::regrole, string_agg(d.privilege, ', ' ORDER BY d.privilege), d.id::regclass),
                      format('REVOKE ALL ON %s FROM %s, unless it is meant to', d.id::regclass, d.grantee::regrole)
               FROM jwt_auth.privilege_differences() d JOIN pg_class c ON c.oid = d.id
               WHERE d.granted AND d.grantee <> 0 AND d.catalog = 'pg_class'::regclass AND c.relkind = 'r'
                 AND NOT (c.relname = 'auth_event' AND d.privilege = 'SELECT')
               GROUP BY d.grantee, d.id;
  RETURN QUERY SELECT 'warning', 'privileges', format('%s may %s of jwt_auth.signing_key', a.grantee::regrole,
                        string_agg(format('%s %s', a.privilege_type, attname), ', ' ORDER BY a.privilege_type, attname)),
                      format('REVOKE ALL (%s) ON jwt_auth.signing_key FROM %s', string_agg(DISTINCT quote_ident(attname), ', '), a.grantee::regrole)
               FROM pg_attribute, aclexplode(attacl) a
               WHERE attrelid = 'jwt_auth.signing_key'::regclass AND a.grantee <> 0
               GROUP BY a.grantee;
  RETURN QUERY SELECT 'notice', 'privileges', format('%s may read every table (pg_read_all_data), private keys that are in the clear as well',
                        string_agg(member::regrole::text, ', ' ORDER BY member::regrole::text)),
                      'seal the keys, or REVOKE pg_read_all_data'
               FROM pg_auth_members WHERE roleid = 'pg_read_all_data'::regrole AND EXISTS (SELECT FROM jwt_auth.signing_keys WHERE sealed IS FALSE)
               HAVING count(*) > 0;
  RETURN QUERY SELECT 'notice', 'privileges', format('%s may write every table (pg_write_all_data): trust an issuer of their own, and so act as anybody',
                        string_agg(member::regrole::text, ', ' ORDER BY member::regrole::text)),
                      'REVOKE pg_write_all_data, unless they are meant to'
               FROM pg_auth_members WHERE roleid = 'pg_write_all_data'::regrole HAVING count(*) > 0;
  RETURN QUERY SELECT 'notice', 'privileges', format('%s may call what is the owner''s: %s', a.grantee::regrole,
                        string_agg(DISTINCT f.proname, ', ' ORDER BY f.proname)),
                      format('REVOKE EXECUTE ON ALL ROUTINES IN SCHEMA jwt_auth FROM %s, unless it is meant to', a.grantee::regrole)
               FROM jwt_auth.privileges() p JOIN pg_proc f ON f.oid = p.function, aclexplode(f.proacl) a
               WHERE p.grantee = 'owner' AND a.grantee NOT IN (f.proowner, 0)
               GROUP BY a.grantee;

  -- The clock
  RETURN QUERY SELECT 'warning', 'clock', format('the cutoffs of %s users lie ahead of the clock, up to %s: tokens without a session are refused until then', count(*), max(not_before)),
                      'set the clock right; if it ran ahead and is right now, UPDATE jwt_auth.account SET not_before = now() WHERE not_before > now()'
               FROM jwt_auth.account WHERE not_before > now() + interval '1 minute' HAVING count(*) > 0;
  RETURN QUERY SELECT 'warning', 'clock', format('the cutoff for everybody lies ahead of the clock, at %s: tokens without a session are refused until then', not_before),
                      'set the clock right; if it ran ahead and is right now, UPDATE jwt_auth.cutoff SET not_before = now()'
               FROM jwt_auth.cutoff WHERE not_before > now() + interval '1 minute';
  RETURN QUERY SELECT 'warning', 'clock', format('%s sessions lie ahead of the clock: they end too late', count(*)),
                      'set the clock right; if it ran ahead and is right now, CALL jwt_auth.purge_expired() corrects them'
               FROM jwt_auth.refresh_session
               WHERE session_id >= (lpad(to_hex(floor(extract(epoch FROM now()) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
                 AND created_at > now() + interval '1 minute' AND auth_time IS NULL
               HAVING count(*) > 0;
  RETURN QUERY SELECT 'warning', 'clock', format('%s API keys lie ahead of the clock', count(*)),
                      'set the clock right; each revocation ends them'
               FROM jwt_auth.api_key WHERE created_at > now() + interval '1 minute' HAVING count(*) > 0;

  -- Clean-up. Names are read as the setting's own parser reads them: in lower case unless they are in quotes.
  scheduled := ARRAY(SELECT CASE WHEN name[1] ~ '^"' THEN replace(substr(name[1], 2, length(name[1]) - 2), '""', '"') ELSE lower(name[1]) END
                     FROM regexp_matches(current_setting('jwt_auth.purge_databases'), '"(?:[^"]|"")*"|[^",\s]+', 'g') AS name);
  purging := CASE WHEN current_database() = ANY (scheduled) THEN 'jwt_auth.purge_databases names this database: see the server''s log for what keeps it from being purged'
                  ELSE 'name the database in jwt_auth.purge_databases, or CALL jwt_auth.purge_expired() once a day by pg_cron or cron' END;
  RETURN QUERY SELECT 'warning', 'settings', format('jwt_auth.purge_databases names %s, and there is no such database', quote_ident(name)),
                      'correct it, then SELECT pg_reload_conf()'
               FROM unnest(scheduled) AS name WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = name);
  -- Whoever may not read others' rows of pg_stat_activity can't tell.
  RETURN QUERY SELECT 'warning', 'clean-up', 'jwt_auth.purge_databases names databases, and no process begins their purges',
                      'add jwt_auth to shared_preload_libraries; if it is there, raise max_worker_processes; then restart'
               WHERE scheduled <> '{}' AND NOT pg_is_in_recovery() AND pg_has_role('pg_read_all_stats', 'USAGE')
                 AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'jwt_auth purge launcher');
  RETURN QUERY SELECT 'warning', 'clean-up', format('sessions have been due for removal since %s', min(purge_after)),
                      purging
               FROM jwt_auth.refresh_session HAVING min(purge_after) < current_date - 2;
  RETURN QUERY SELECT 'warning', 'clean-up', format('denials of tokens that expired by %s are still there', min(expires_at)),
                      purging
               FROM jwt_auth.denied_token HAVING min(expires_at) < now() - interval '2 days';
  RETURN QUERY SELECT 'warning', 'clean-up', format('only %s of the updates of %s are HOT', hot_ratio, "table"),
                      'look for long transactions and replication slots that hold back vacuum'
               FROM jwt_auth.table_health WHERE "table" = 'refresh_session' AND updates > 1000 AND hot_ratio < 0.9;
  RETURN QUERY SELECT 'warning', 'clean-up', format('%s has %s dead rows beside %s live ones', "table", dead_rows, live_rows), format('VACUUM jwt_auth.%I', "table")
               FROM jwt_auth.table_health WHERE dead_rows > 10000 AND dead_rows > live_rows;
  -- New events go where old ones were removed, so the first pages tell how far back it goes, and whether anybody cuts it.
  RETURN QUERY SELECT 'notice', 'clean-up', format('the audit has some %s million events, the first of %s', round(c.reltuples / 1e6), first.latest::date),
                      'CALL jwt_auth.purge_events(interval ''1 year''), or for as long as you have to keep them'
               FROM pg_class c, (SELECT max(at) AS latest FROM jwt_auth.auth_event WHERE ctid < '(8,0)') AS first
               WHERE c.oid = 'jwt_auth.auth_event'::regclass AND c.reltuples > 1e7 AND first.latest < now() - interval '1 year';
  RETURN QUERY SELECT 'warning', 'clean-up', 'parts of the audit stand alone, as after a restore from a dump: what they hold is not found',
                      'SELECT jwt_auth.partition_events() joins them again'
               FROM pg_class c WHERE c.oid = 'jwt_auth.auth_event'::regclass AND c.relkind = 'r'
                 AND EXISTS (SELECT FROM pg_class p WHERE p.relnamespace = c.relnamespace AND p.relkind = 'r' AND p.relname ~ '^auth_event_(until_)?\d{4}_\d{2}$');
  RETURN QUERY SELECT 'warning', 'clean-up', 'the audit has no part for the month to come', 'name the database in jwt_auth.purge_databases, or SELECT jwt_auth.partition_events() once a month by pg_cron or cron'
               FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhrelid
               WHERE i.inhparent = 'jwt_auth.auth_event'::regclass AND p.relname ~ '^auth_event_(until_)?\d{4}_\d{2}$'
               HAVING max(to_date(right(p.relname, 7), 'YYYY_MM') - CASE WHEN p.relname LIKE '%until%' THEN interval '1 month' ELSE '0' END)
                 < date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month';
END $$;
COMMENT ON FUNCTION jwt_auth.doctor()
  IS 'Checks the installation: keys, sealing, settings that weaken, privileges, clean-up. Each row says what was found (error, warning, notice) and what to do; no error and no warning: all is well';
REVOKE ALL ON FUNCTION jwt_auth.doctor() FROM PUBLIC;
