-- Users spread over several servers: where a user's rows are, and moving them.

CREATE FUNCTION jwt_auth.user_key(user_id text)
RETURNS integer LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_user_key';
COMMENT ON FUNCTION jwt_auth.user_key(text)
  IS 'The key by which users are spread over servers: the first four bytes of SHA-256 over a zero byte and the id, as integer';

CREATE FUNCTION jwt_auth.token_user_key(token text)
RETURNS integer LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_token_user_key';
COMMENT ON FUNCTION jwt_auth.token_user_key(text)
  IS 'user_key() of whom an access token, a refresh token or an API key names, to choose the server by; NULL if it names nobody. Nothing is verified';

CREATE FUNCTION jwt_auth.tables_of_users(OUT name text)
RETURNS SETOF text LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'user_key' AND NOT a.attisdropped
  WHERE c.relnamespace = 'jwt_auth'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname !~ '^(used_proof|auth_event)' ORDER BY c.relname
$$;
COMMENT ON FUNCTION jwt_auth.tables_of_users() IS 'The tables whose rows belong to a user: what hand_over_users() moves';
REVOKE ALL ON FUNCTION jwt_auth.tables_of_users() FROM PUBLIC;

-- The setting of the server is asked, not what this session may have set.
CREATE FUNCTION jwt_auth.check_handed_over(first integer, last integer)
RETURNS void LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  own text;
BEGIN
  IF first IS NULL OR last IS NULL THEN
    RAISE EXCEPTION '% must not be null', CASE WHEN first IS NULL THEN 'first' ELSE 'last' END USING ERRCODE = 'null_value_not_allowed';
  END IF;
  IF last < first THEN
    RAISE EXCEPTION 'last must not be less than first' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  -- The setting is there once the library is.
  PERFORM jwt_auth.user_key('nobody');
  SELECT reset_val INTO own FROM pg_settings WHERE name = 'jwt_auth.user_key_range';
  IF own = '' OR EXISTS (SELECT FROM unnest(string_to_array(own, ',')) AS range
                         WHERE split_part(range, '..', 1)::integer <= last AND split_part(range, '..', 2)::integer >= first) THEN
    RAISE EXCEPTION 'users from % to % are still this server''s', first, last
      USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = format('jwt_auth.user_key_range is "%s".', own),
            HINT = 'Take them out of jwt_auth.user_key_range, and reload the configuration.';
  END IF;
END $$;
COMMENT ON FUNCTION jwt_auth.check_handed_over(integer, integer) IS 'An error (55000) unless no user key from first to last is this server''s';
REVOKE ALL ON FUNCTION jwt_auth.check_handed_over(integer, integer) FROM PUBLIC;

CREATE FUNCTION jwt_auth.hand_over_users(first integer, last integer, OUT relation text, OUT contents jsonb)
RETURNS SETOF record LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp SET bytea_output = hex AS $$
DECLARE
  others text[];
BEGIN
  PERFORM jwt_auth.check_handed_over(first, last);
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'users are handed over at the isolation level READ COMMITTED' USING ERRCODE = 'invalid_transaction_state';
  END IF;
  IF NOT pg_try_advisory_xact_lock('jwt_auth.account'::regclass::integer) THEN
    RAISE EXCEPTION 'users are being handed over by another transaction' USING ERRCODE = 'lock_not_available';
  END IF;
  -- Whoever began before the setting was changed may still write rows of these users.
  others := ARRAY(SELECT l.virtualtransaction FROM pg_locks l JOIN pg_stat_activity a USING (pid)
                  WHERE l.locktype = 'virtualxid' AND a.datname = current_database() AND l.pid <> pg_backend_pid()
                    AND coalesce(a.backend_type, 'client backend') = 'client backend'
                  UNION
                  SELECT l.virtualtransaction FROM pg_locks l
                  WHERE l.pid IS NULL AND l.relation IN (SELECT ('jwt_auth.' || name)::regclass FROM jwt_auth.tables_of_users()));
  WHILE EXISTS (SELECT FROM pg_locks WHERE virtualtransaction = ANY (others)) LOOP
    PERFORM pg_sleep(0.02);
  END LOOP;
  -- What is known of another issuer's subjects has keys that say nothing of where they are asked for (token_user_key() looks at the
  -- subject alone), so all of it goes along, and stays here as well.
  FOR relation IN SELECT name FROM jwt_auth.tables_of_users() LOOP
    FOR contents IN EXECUTE format('SELECT to_jsonb(t) FROM jwt_auth.%I AS t WHERE user_key BETWEEN $1 AND $2', relation)
                            || CASE WHEN relation IN ('account', 'denied_token') THEN ' OR issuer <> ''''' ELSE '' END USING first, last LOOP
      RETURN NEXT;
    END LOOP;
  END LOOP;
  -- How long the tokens live that were signed here: a cutoff or a tombstone is kept until they have run out.
  relation := 'token_lifetime';
  FOR contents IN SELECT to_jsonb(l) FROM jwt_auth.token_lifetime AS l LOOP
    RETURN NEXT;
  END LOOP;
END $$;
COMMENT ON FUNCTION jwt_auth.hand_over_users(integer, integer)
  IS 'The rows of the users whose keys are from first to last, for take_over_users() on another server. They must be out of jwt_auth.user_key_range (55000); waits for every transaction that is open. The rows stay until drop_handed_over_users()';
REVOKE ALL ON FUNCTION jwt_auth.hand_over_users(integer, integer) FROM PUBLIC;

CREATE FUNCTION jwt_auth.take_over_users(relation text, contents jsonb)
RETURNS void LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  given jwt_auth.account;
  known jwt_auth.account;
  key_columns text;
BEGIN
  IF relation IS NULL OR contents IS NULL THEN
    RAISE EXCEPTION '% must not be null', CASE WHEN relation IS NULL THEN 'relation' ELSE 'contents' END USING ERRCODE = 'null_value_not_allowed';
  END IF;
  IF relation <> 'token_lifetime' AND relation NOT IN (SELECT name FROM jwt_auth.tables_of_users()) THEN
    RAISE EXCEPTION 'relation is not a table of users' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF jsonb_typeof(contents) <> 'object' THEN
    RAISE EXCEPTION 'contents is not a row of the table' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  -- A row that an earlier attempt left here is an old one. Only of an account something may be known here: that it was revoked. Whoever
  -- revokes it now waits.
  IF relation = 'account' THEN
    given := jsonb_populate_record(NULL::jwt_auth.account, contents);
    SELECT * INTO known FROM jwt_auth.account a
    WHERE a.user_key = given.user_key AND a.issuer = given.issuer AND a.user_id = given.user_id FOR UPDATE;
    contents := contents || jsonb_build_object('not_before', greatest(known.not_before, given.not_before),
                                               'locked_until', greatest(known.locked_until, given.locked_until),
                                               'version', greatest(known.version, given.version));
  END IF;
  SELECT string_agg(format('t.%1$I = r.%1$I', attname), ' AND ') INTO key_columns
  FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
  WHERE i.indrelid = ('jwt_auth.' || relation)::regclass AND i.indisprimary;
  EXECUTE format('DELETE FROM jwt_auth.%1$I AS t USING jsonb_populate_record(NULL::jwt_auth.%1$I, $1) AS r WHERE %2$s', relation, key_columns) USING contents;
  EXECUTE format('INSERT INTO jwt_auth.%1$I SELECT * FROM jsonb_populate_record(NULL::jwt_auth.%1$I, $1)', relation) USING contents;
END $$;
COMMENT ON FUNCTION jwt_auth.take_over_users(text, jsonb) IS 'Stores a row that hand_over_users() of another server gave';
REVOKE ALL ON FUNCTION jwt_auth.take_over_users(text, jsonb) FROM PUBLIC;

CREATE FUNCTION jwt_auth.drop_handed_over_users(first integer, last integer)
RETURNS bigint LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  relation text;
  deleted bigint;
  total bigint := 0;
BEGIN
  PERFORM jwt_auth.check_handed_over(first, last);
  FOR relation IN SELECT name FROM jwt_auth.tables_of_users() LOOP
    EXECUTE format('DELETE FROM jwt_auth.%I WHERE user_key BETWEEN $1 AND $2', relation)
            || CASE WHEN relation IN ('account', 'denied_token') THEN ' AND issuer = ''''' ELSE '' END USING first, last;
    GET DIAGNOSTICS deleted = ROW_COUNT;
    total := total + deleted;
  END LOOP;
  RETURN total;
END $$;
COMMENT ON FUNCTION jwt_auth.drop_handed_over_users(integer, integer)
  IS 'Deletes the rows of users whose keys are from first to last, which must be out of jwt_auth.user_key_range (55000); how many rows. Nobody is logged out: another server has them';
REVOKE ALL ON FUNCTION jwt_auth.drop_handed_over_users(integer, integer) FROM PUBLIC;
