-- The record: the application's own events, who was logged in when, and a person who is to be forgotten.

CREATE FUNCTION jwt_auth.record_event(event text, user_id text, detail jsonb DEFAULT NULL, ip inet DEFAULT NULL)
RETURNS void LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_record_event';
COMMENT ON FUNCTION jwt_auth.record_event(text, text, jsonb, inet)
  IS 'Records an event of the application''s own beside ours: a failed password, an export. Its name begins with app. and has at most 63 characters a-z, 0-9, _, . and -. user_id NULL: of nobody known';
REVOKE ALL ON FUNCTION jwt_auth.record_event(text, text, jsonb, inet) FROM PUBLIC;

CREATE FUNCTION jwt_auth.session_history(user_id text, since timestamptz, until timestamptz)
RETURNS TABLE (session_id uuid, began_at timestamptz, ip inet, user_agent text, class text, actor text, last_seen timestamptz, is_alive boolean,
               ended_at timestamptz, ended text, reason text, ended_by text, ended_by_role text)
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_session_history';
COMMENT ON FUNCTION jwt_auth.session_history(text, timestamptz, timestamptz)
  IS 'The sessions that the user had at some time from since to until (NULL: no bound), from the audit and from the sessions that are there: when and from where each began, who acted for the user (actor; NULL: the user), and when, by which event (ended), why and by whom it ended. The latest first';
REVOKE ALL ON FUNCTION jwt_auth.session_history(text, timestamptz, timestamptz) FROM PUBLIC;

CREATE FUNCTION jwt_auth.forget_user(user_id text)
RETURNS boolean LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_forget_user';
COMMENT ON FUNCTION jwt_auth.forget_user(text)
  IS 'Erases a person: sessions and their data, API keys, policies, a lock, and from the audit whom its events were about, from where, by whom and their detail. Tokens from before stay refused while any can be good, and whoever has the id next may log in. False if nothing was known of the user. One call after another, each to the end of its transaction';
REVOKE ALL ON FUNCTION jwt_auth.forget_user(text) FROM PUBLIC;

-- The audit by months, so that old ones are dropped and not deleted. After a restore from a dump the table is the plain one of the
-- install script, and the months stand alone: they are found by their names and joined to it again.
CREATE FUNCTION jwt_auth.partition_events(months_ahead integer DEFAULT 3)
RETURNS integer LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO' AS $$
DECLARE
  is_plain boolean;
  in_the_way text;
  grants text[];
  indexes text[];
  next_id bigint;
  is_restored boolean := false;
  month timestamptz;
  last timestamptz;
  name text;
  part record;
  statement text;
  made integer := 0;
BEGIN
  IF months_ahead IS NULL THEN
    RAISE EXCEPTION 'months_ahead must not be null' USING ERRCODE = 'null_value_not_allowed';
  ELSIF months_ahead NOT BETWEEN 1 AND 120 THEN
    RAISE EXCEPTION 'months_ahead must be from 1 to 120' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  last := date_trunc('month', now()) + make_interval(months => months_ahead);
  -- Calls take turns. Whoever writes events goes on, unless the table has to become another one.
  LOCK TABLE ONLY jwt_auth.auth_event IN SHARE UPDATE EXCLUSIVE MODE;
  is_plain := (SELECT relkind = 'r' FROM pg_class WHERE oid = 'jwt_auth.auth_event'::regclass);
  IF is_plain THEN
    LOCK TABLE ONLY jwt_auth.auth_event IN ACCESS EXCLUSIVE MODE;
    SELECT string_agg(DISTINCT pg_describe_object(d.classid, d.objid, d.objsubid), ', ') INTO in_the_way
    FROM pg_depend d
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = 'jwt_auth.auth_event'::regclass
      AND (d.classid IN ('pg_rewrite'::regclass, 'pg_trigger'::regclass, 'pg_policy'::regclass, 'pg_publication_rel'::regclass,
                         'pg_constraint'::regclass, 'pg_proc'::regclass)
           OR d.classid = 'pg_class'::regclass AND d.deptype = 'n');
    IF in_the_way IS NULL AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'jwt_auth.auth_event'::regclass AND attacl IS NOT NULL) THEN
      in_the_way := 'privileges on columns of table jwt_auth.auth_event';
    END IF;
    IF in_the_way IS NOT NULL THEN
      RAISE EXCEPTION 'auth_event cannot be partitioned while other objects depend on it'
        USING ERRCODE = 'dependent_objects_still_exist', DETAIL = in_the_way || '.', HINT = 'Drop them, call partition_events() and make them again.';
    END IF;
    SELECT array_agg(format('GRANT %s ON %s %s TO %s%s', a.privilege_type, CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, c.oid::regclass,
                            CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
                            CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)) INTO grants
    FROM pg_class c, aclexplode(c.relacl) AS a
    WHERE c.oid IN ('jwt_auth.auth_event'::regclass, 'jwt_auth.auth_event_id_seq'::regclass) AND a.grantee <> c.relowner;
    SELECT array_agg(format('CREATE %s %I ON jwt_auth.auth_event %s', CASE WHEN i.indisunique THEN 'UNIQUE INDEX' ELSE 'INDEX' END, c.relname,
                            substring(pg_get_indexdef(c.oid) FROM ' (USING .*)$'))) INTO indexes
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = 'jwt_auth.auth_event'::regclass AND i.indisvalid;
    next_id := coalesce(pg_sequence_last_value('jwt_auth.auth_event_id_seq'), 0) + 1;

    FOR statement IN
      SELECT format('ALTER INDEX jwt_auth.%I RENAME TO %I', c.relname, 'auth_event_plain_' || i.indexrelid)
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = 'jwt_auth.auth_event'::regclass
    LOOP
      EXECUTE statement;
    END LOOP;
    ALTER EXTENSION jwt_auth DROP TABLE jwt_auth.auth_event;
    ALTER EXTENSION jwt_auth DROP SEQUENCE jwt_auth.auth_event_id_seq;
    ALTER TABLE jwt_auth.auth_event RENAME TO auth_event_plain;
    ALTER TABLE jwt_auth.auth_event_plain ALTER id DROP IDENTITY;
    CREATE TABLE jwt_auth.auth_event (LIKE jwt_auth.auth_event_plain INCLUDING COMMENTS) PARTITION BY RANGE (at);
    EXECUTE format('ALTER TABLE jwt_auth.auth_event OWNER TO %s', (SELECT relowner::regrole FROM pg_class WHERE oid = 'jwt_auth.auth_event_plain'::regclass));
    EXECUTE format('COMMENT ON TABLE jwt_auth.auth_event IS %L', obj_description('jwt_auth.auth_event_plain'::regclass, 'pg_class'));
    FOREACH statement IN ARRAY indexes LOOP
      EXECUTE statement;
    END LOOP;
    -- An event of a time that no month is there for has a place as well: nothing may fail for want of one.
    IF to_regclass('jwt_auth.auth_event_default') IS NULL THEN
      CREATE TABLE jwt_auth.auth_event_default (LIKE jwt_auth.auth_event INCLUDING DEFAULTS);
    END IF;
    FOR part IN
      SELECT c.relname AS name, to_date(right(c.relname, 7), 'YYYY_MM') AS month, c.relname LIKE '%until%' AS is_oldest
      FROM pg_class c WHERE c.relnamespace = 'jwt_auth'::regnamespace AND c.relkind = 'r' AND c.relname ~ '^auth_event_(until_)?\d{4}_\d{2}$'
      ORDER BY 2
    LOOP
      EXECUTE format('SELECT greatest(%s, max(id) + 1) FROM jwt_auth.%I', next_id, part.name) INTO next_id;
      EXECUTE format('ALTER TABLE jwt_auth.auth_event ATTACH PARTITION jwt_auth.%I FOR VALUES FROM (%s) TO (%L)', part.name,
                     CASE WHEN part.is_oldest THEN 'MINVALUE' ELSE quote_literal(part.month) END,
                     CASE WHEN part.is_oldest THEN part.month ELSE (part.month + interval '1 month')::date END);
      is_restored := true;
    END LOOP;
    IF NOT is_restored THEN
      -- What there is becomes the oldest part, but for events of a clock that ran ahead.
      month := date_trunc('month', now()) + interval '1 month';
      WITH ahead AS (DELETE FROM jwt_auth.auth_event_plain WHERE at >= month RETURNING *)
      INSERT INTO jwt_auth.auth_event_default SELECT * FROM ahead;
      name := 'auth_event_until_' || to_char(month, 'YYYY_MM');
      EXECUTE format('ALTER TABLE jwt_auth.auth_event_plain RENAME TO %I', name);
      EXECUTE format('ALTER TABLE jwt_auth.auth_event ATTACH PARTITION jwt_auth.%I FOR VALUES FROM (MINVALUE) TO (%L)', name, month);
    END IF;
    EXECUTE format('ALTER TABLE jwt_auth.auth_event ALTER id ADD GENERATED ALWAYS AS IDENTITY (START WITH %s)', next_id);
    ALTER EXTENSION jwt_auth ADD TABLE jwt_auth.auth_event;
    ALTER EXTENSION jwt_auth ADD SEQUENCE jwt_auth.auth_event_id_seq;
    ALTER TABLE jwt_auth.auth_event ATTACH PARTITION jwt_auth.auth_event_default DEFAULT;
  END IF;

  -- The month behind the latest that is there.
  SELECT max(substring(pg_get_expr(c.relpartbound, c.oid) FROM $re$TO \('([^']+)'\)$re$)::timestamptz) INTO month
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'jwt_auth.auth_event'::regclass;
  month := coalesce(month, date_trunc('month', now()));
  IF month <= last THEN
    LOCK TABLE jwt_auth.auth_event_default IN ACCESS EXCLUSIVE MODE;
  END IF;
  WHILE month <= last LOOP
    name := 'auth_event_' || to_char(month, 'YYYY_MM');
    EXECUTE format('CREATE TABLE jwt_auth.%I (LIKE jwt_auth.auth_event INCLUDING DEFAULTS)', name);
    EXECUTE format('WITH late AS (DELETE FROM jwt_auth.auth_event_default WHERE at >= %1$L AND at < %2$L RETURNING *) INSERT INTO jwt_auth.%3$I SELECT * FROM late',
                   month, month + interval '1 month', name);
    EXECUTE format('ALTER TABLE jwt_auth.auth_event ATTACH PARTITION jwt_auth.%I FOR VALUES FROM (%L) TO (%L)', name, month, month + interval '1 month');
    month := month + interval '1 month';
    made := made + 1;
  END LOOP;
  IF is_restored THEN
    -- What happened since the restore was numbered from one again.
    EXECUTE (SELECT format('INSERT INTO jwt_auth.auth_event (%1$s) SELECT %1$s FROM jwt_auth.auth_event_plain ORDER BY id', string_agg(quote_ident(attname), ', '))
             FROM pg_attribute WHERE attrelid = 'jwt_auth.auth_event_plain'::regclass AND attnum > 0 AND NOT attisdropped AND attname <> 'id');
    DROP TABLE jwt_auth.auth_event_plain;
  END IF;

  -- Who owns the audit owns its months.
  FOR statement IN
    SELECT format('ALTER TABLE %s OWNER TO %s', c.oid::regclass, audit.relowner::regrole)
    FROM pg_class c JOIN pg_class audit ON audit.oid = 'jwt_auth.auth_event'::regclass
    WHERE c.relnamespace = 'jwt_auth'::regnamespace AND c.relkind = 'r' AND c.relname ~ '^auth_event(_(until_)?\d{4}_\d{2}|_default)$'
      AND c.relowner <> audit.relowner
  LOOP
    EXECUTE statement;
  END LOOP;

  -- Default privileges of the database hold for new tables and for the new sequence; who may read the audit is said by its own.
  FOR statement IN
    SELECT DISTINCT format('REVOKE ALL ON %s %s FROM %s', CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, c.oid::regclass,
                           CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END)
    FROM pg_class c, aclexplode(c.relacl) AS a
    WHERE c.relnamespace = 'jwt_auth'::regnamespace AND c.relname ~ '^auth_event(_(until_)?\d{4}_\d{2}|_default|_id_seq)?$' AND a.grantee <> c.relowner
      AND (is_plain OR c.relname NOT IN ('auth_event', 'auth_event_id_seq'))
  LOOP
    EXECUTE statement;
  END LOOP;
  FOREACH statement IN ARRAY coalesce(grants, '{}') LOOP
    EXECUTE statement;
  END LOOP;
  RETURN made;
END $$;
COMMENT ON FUNCTION jwt_auth.partition_events(integer)
  IS 'Partitions the audit by month, once, and makes the months to come, every time: how many it made. Months are those of UTC; what was there before is one part. Old months are dropped with DROP TABLE. After a restore from a dump: call it again';
REVOKE ALL ON FUNCTION jwt_auth.partition_events(integer) FROM PUBLIC;
