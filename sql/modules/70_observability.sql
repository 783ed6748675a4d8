-- What a DBA looks at: counts, live sessions, keys, tables.

CREATE FUNCTION jwt_auth.counters(OUT what text, OUT outcome text, OUT count bigint, OUT scope text, OUT since timestamptz)
RETURNS SETOF record LANGUAGE c VOLATILE PARALLEL RESTRICTED ROWS 70 AS 'MODULE_PATHNAME', 'jwt_auth_counters';
COMMENT ON FUNCTION jwt_auth.counters()
  IS 'What happened in this database, counted by outcome: since the server started (scope server) where the library is preloaded, else in this backend';
REVOKE ALL ON FUNCTION jwt_auth.counters() FROM PUBLIC;

CREATE VIEW jwt_auth.stats AS SELECT what, outcome, count, scope, since FROM jwt_auth.counters();
COMMENT ON VIEW jwt_auth.stats
  IS 'Counts by outcome: verify (ok or SQLSTATE), login, refresh (status; replayed: a lost answer was asked for again), reuse (by what was presented), event, keyring, purge, proof (what authenticate was shown)';

-- A session is alive if it is after both cutoffs and before its ends.
CREATE VIEW jwt_auth.live_sessions AS
  SELECT s.user_id, count(*) AS sessions, min(s.created_at) AS oldest_login, max(s.created_at) AS latest_login,
         max(s.refreshed_at) AS latest_refresh, count(DISTINCT s.ip) AS addresses
  FROM jwt_auth.refresh_session s
  LEFT JOIN jwt_auth.account a ON a.user_key = s.user_key AND a.issuer = '' AND a.user_id = s.user_id
  WHERE s.ends_at > pg_catalog.now() AND s.idle_ends_at > pg_catalog.now()
    AND s.created_at > coalesce(a.not_before, '-infinity')
    AND s.created_at > coalesce((SELECT not_before FROM jwt_auth.cutoff), '-infinity')
  GROUP BY s.user_id;
COMMENT ON VIEW jwt_auth.live_sessions IS 'Live sessions by user';

CREATE VIEW jwt_auth.key_ages AS
  SELECT kid, algorithm, state, sealed, pg_catalog.now() - created_at AS age, pg_catalog.now() - activated_at AS active_for, verify_until,
         state = 'verify_only' AND verify_until < pg_catalog.now() AS run_out
  FROM jwt_auth.signing_keys;
COMMENT ON VIEW jwt_auth.key_ages IS 'Keys of the ring with their age; run_out: no token that it signed can be valid any more';

CREATE VIEW jwt_auth.table_health AS
  SELECT relname::text AS "table", n_live_tup AS live_rows, n_dead_tup AS dead_rows, n_tup_upd AS updates, n_tup_hot_upd AS hot_updates,
         pg_catalog.round(n_tup_hot_upd::numeric / nullif(n_tup_upd, 0), 3) AS hot_ratio, pg_catalog.pg_total_relation_size(relid) AS bytes,
         greatest(last_vacuum, last_autovacuum) AS last_vacuum, greatest(last_analyze, last_autoanalyze) AS last_analyze
  FROM pg_catalog.pg_stat_all_tables WHERE schemaname = 'jwt_auth';
COMMENT ON VIEW jwt_auth.table_health
  IS 'Rows, dead rows, sizes and the share of HOT updates of the extension''s tables: refreshes of refresh_session should be nearly all HOT';

-- What doctor() asks that costs a scrape next to nothing, and that a role without a right on the tables may know.
CREATE VIEW jwt_auth.checks AS
  SELECT name, severity, coalesce(failed, false) AS failed, coalesce(value, 0) AS value FROM (
    SELECT 'active_key' AS name, 'error' AS severity, count(*) = 0 AS failed, count(*)::double precision AS value
    FROM jwt_auth.signing_key WHERE state = 'active'
    UNION ALL
    SELECT 'active_key_age', 'warning', max(active_for) > interval '1 year', extract(epoch FROM max(active_for))
    FROM jwt_auth.key_ages WHERE state = 'active'
    UNION ALL
    SELECT 'pending_key_age', 'warning', max(age) > interval '30 days', extract(epoch FROM max(age))
    FROM jwt_auth.key_ages WHERE state = 'pending'
    UNION ALL
    SELECT 'run_out_keys', 'notice', count(*) > 0, count(*) FROM jwt_auth.key_ages WHERE run_out
    UNION ALL
    SELECT 'unsealed_keys', 'notice', count(*) > 0, count(*) FROM jwt_auth.signing_keys WHERE sealed IS FALSE
    UNION ALL
    SELECT 'undecided_issuers', 'warning', count(*) > 0, count(*) FROM jwt_auth.trusted_issuer WHERE roles = '{*}'
    UNION ALL
    SELECT 'keyring_triggers', 'error', count(*) <> 12, count(*)
    FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
    WHERE t.tgfoid = 'jwt_auth.keyring_changed()'::regprocedure AND t.tgenabled = 'A' AND c.relnamespace = 'jwt_auth'::regnamespace
    UNION ALL
    SELECT 'version_behind', 'warning', count(*) > 0, count(*)
    FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_available_extensions a ON a.name = e.extname
    WHERE e.extname = 'jwt_auth' AND e.extversion <> a.default_version
    UNION ALL
    SELECT 'not_preloaded', 'notice', min(scope) <> 'server', (min(scope) <> 'server')::integer FROM jwt_auth.counters()
    UNION ALL
    SELECT 'overdue_sessions', 'warning', min(purge_after) < current_date - 2, greatest(current_date - min(purge_after), 0)
    FROM jwt_auth.refresh_session WHERE isfinite(purge_after)
    UNION ALL
    SELECT 'overdue_denials', 'warning', min(expires_at) < pg_catalog.now() - interval '2 days',
           greatest(extract(epoch FROM pg_catalog.now() - min(expires_at)), 0)
    FROM jwt_auth.denied_token WHERE isfinite(expires_at)
    UNION ALL
    SELECT 'cold_updates', 'warning', hot_ratio < 0.9 AND updates > 1000, 1 - hot_ratio FROM jwt_auth.table_health WHERE "table" = 'refresh_session'
    UNION ALL
    SELECT 'dead_rows', 'warning', count(*) > 0, count(*) FROM jwt_auth.table_health WHERE dead_rows > 10000 AND dead_rows > live_rows
  ) AS found;
COMMENT ON VIEW jwt_auth.checks
  IS 'The checks of doctor() that are cheap enough to be asked every few seconds, as numbers for a monitoring system';
COMMENT ON COLUMN jwt_auth.checks.failed IS 'Whether doctor() would say so, with this severity';
COMMENT ON COLUMN jwt_auth.checks.value
  IS 'What was found: a number of keys, issuers, triggers or tables; an age in seconds, of sessions in days; a share of cold_updates; 0 or 1';

REVOKE ALL ON jwt_auth.stats, jwt_auth.live_sessions, jwt_auth.key_ages, jwt_auth.table_health, jwt_auth.checks FROM PUBLIC;
