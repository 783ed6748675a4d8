-- What the feed of revocations tells: one row for each, of each kind, with an end; positions.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
DELETE FROM jwt_auth.signing_key;
DELETE FROM jwt_auth.revocation;
SELECT jwt_auth.create_signing_key('HS256') IS NOT NULL AS made;
SELECT count(*) AS at_first FROM jwt_auth.revocations();

\echo == each kind, and where it comes from
CREATE FUNCTION heard() RETURNS TABLE (kind text, who text, session boolean, not_before boolean, token boolean, ends text) LANGUAGE sql AS $$
  WITH rows AS MATERIALIZED (SELECT * FROM jwt_auth.revocations())
  SELECT kind, user_id, session_id IS NOT NULL, not_before = (SELECT a.not_before FROM jwt_auth.account a WHERE a.user_id = rows.user_id) OR not_before = (SELECT c.not_before FROM jwt_auth.cutoff c),
         token_id IS NOT NULL, CASE WHEN until BETWEEN now() + interval '29 minutes' AND now() + interval '31 minutes' THEN 'with the longest token' ELSE (until AT TIME ZONE 'UTC')::text END
  FROM rows
$$;
SELECT * FROM jwt_auth.issue_refresh_session('alice') \gset a_
SELECT jwt_auth.revoke_refresh_session(:'a_session_id');
SELECT session_id = :'a_session_id' AS this_one FROM jwt_auth.revocations();
SELECT * FROM heard();
DELETE FROM jwt_auth.revocation;
\echo == again, and of a session that never was: nothing
SELECT jwt_auth.revoke_refresh_session(:'a_session_id'), jwt_auth.revoke_refresh_token('jwtauth_r1_x');
SELECT * FROM heard();
\echo == log-out, eviction, theft, another address
SELECT refresh_token AS out FROM jwt_auth.issue_refresh_session('bob') \gset
SELECT jwt_auth.revoke_refresh_token(:'out');
SET jwt_auth.max_sessions_per_user = 1;
SELECT (jwt_auth.issue_refresh_session('carol')).status FROM generate_series(1, 2);
RESET jwt_auth.max_sessions_per_user;
SELECT refresh_token AS t0 FROM jwt_auth.issue_refresh_session('dave') \gset
SELECT status, refresh_token AS t1 FROM jwt_auth.refresh_session(:'t0') \gset
SELECT status FROM jwt_auth.refresh_session(:'t1');
SELECT status FROM jwt_auth.refresh_session(:'t0');
SET jwt_auth.ip_binding = exact;
SELECT refresh_token AS here FROM jwt_auth.issue_refresh_session('erin', '192.0.2.1') \gset
SELECT status FROM jwt_auth.refresh_session(:'here', '192.0.2.2');
SET jwt_auth.ip_binding = log;
SELECT refresh_token AS here FROM jwt_auth.issue_refresh_session('frank', '192.0.2.1') \gset
SELECT status AS noted_only FROM jwt_auth.refresh_session(:'here', '192.0.2.2');
RESET jwt_auth.ip_binding;
SELECT * FROM heard();
DELETE FROM jwt_auth.revocation;
\echo == a session that had run out is no revocation
SELECT session_id AS late, refresh_token AS late_token FROM jwt_auth.issue_refresh_session('gina') \gset
UPDATE jwt_auth.refresh_session SET idle_ends_at = clock_timestamp() WHERE session_id = :'late';
SELECT status FROM jwt_auth.refresh_session(:'late_token');
SELECT * FROM heard();
\echo == other sessions, a user, a token, a key, everybody
SELECT session_id AS kept FROM jwt_auth.issue_refresh_session('henry') \gset
SELECT (jwt_auth.issue_refresh_session('henry')).status;
SELECT jwt_auth.revoke_other_sessions('henry', :'kept');
SELECT jwt_auth.revoke_user_tokens('henry');
SELECT jwt_auth.jwt_sign('{"sub": "ivan", "jti": "one"}') AS one, jwt_auth.jwt_sign(jsonb_build_object('sub', 'ivan', 'jti', repeat('x', 513))) AS other \gset
SELECT jwt_auth.deny_token(:'one'), jwt_auth.deny_token(:'one') AS again;
SELECT jwt_auth.consume_token(:'other') ->> 'sub' AS consumed;
SELECT jwt_auth.revoke_api_key(key_id) FROM jwt_auth.create_api_key('judy', 'x');
SELECT jwt_auth.revoke_all_tokens();
SELECT * FROM heard();
SELECT kind, token_id = 'one' AS by_jti, token_id ~ '^sha256:[A-Za-z0-9_-]{43}$' AS by_hash, token_id = (SELECT detail ->> 'key_id' FROM jwt_auth.auth_event WHERE event = 'api_key_revoked' AND user_id = 'judy') AS by_key_id
FROM jwt_auth.revocations() WHERE kind IN ('token', 'key');

\echo == until the last token has run out, whatever the setting was
DELETE FROM jwt_auth.revocation;
UPDATE jwt_auth.signing_key SET token_ttl = 7200;
SELECT jwt_auth.revoke_user_tokens('alice');
SELECT until BETWEEN now() + interval '119 minutes' AND now() + interval '121 minutes' AS two_hours FROM jwt_auth.revocations();
UPDATE jwt_auth.signing_key SET tokens_until = '2100-01-01';
SELECT jwt_auth.revoke_user_tokens('alice');
SELECT max(until) AT TIME ZONE 'UTC' AS last FROM jwt_auth.revocations();
\echo == or a token was signed for longer than the row of its key says yet
DELETE FROM jwt_auth.revocation;
UPDATE jwt_auth.signing_key SET token_ttl = 1800, tokens_until = NULL;
SET jwt_auth.access_token_ttl = '3h';
SELECT jwt_auth.jwt_sign('{"sub": "alice"}') IS NOT NULL AS signed;
RESET jwt_auth.access_token_ttl;
SELECT jwt_auth.revoke_user_tokens('alice');
SELECT until BETWEEN now() + interval '179 minutes' AND now() + interval '181 minutes' AS three_hours FROM jwt_auth.revocations();
DELETE FROM jwt_auth.revocation;
SELECT jwt_auth.jwt_sign(jsonb_build_object('sub', 'alice', 'exp', extract(epoch FROM now() + interval '90 days')::bigint)) IS NOT NULL AS signed;
SELECT jwt_auth.revoke_user_tokens('alice');
SELECT until BETWEEN now() + interval '90 days' AND now() + interval '102 days' AS ninety_days FROM jwt_auth.revocations();
TRUNCATE jwt_auth.token_lifetime;
DELETE FROM jwt_auth.revocation;
\echo == another key that still verifies counts as well
SELECT jwt_auth.rotate_signing_key() IS NOT NULL AS rotated;
UPDATE jwt_auth.signing_key SET verify_until = '2100-01-01' WHERE state = 'verify_only';
SELECT jwt_auth.revoke_user_tokens('alice');
SELECT until AT TIME ZONE 'UTC' AS until FROM jwt_auth.revocations();
UPDATE jwt_auth.signing_key SET state = 'retired', private_jwk = NULL WHERE state = 'verify_only';
DELETE FROM jwt_auth.revocation;
\echo == and what an imported key signed elsewhere: that is no token of a session
SELECT jwt_auth.import_signing_secret(repeat('k', 32)::bytea, activate => false, verify_until => '2100-01-01') IS NOT NULL AS imported;
SELECT jwt_auth.rotate_signing_key() IS NOT NULL AS rotated;
SELECT status FROM jwt_auth.issue_refresh_session('alice');
SELECT session_id AS id FROM jwt_auth.issue_refresh_session('alice') \gset
SELECT jwt_auth.revoke_refresh_session(:'id'), jwt_auth.revoke_user_tokens('alice');
SELECT kind, until < now() + interval '31 minutes' AS half_an_hour, until >= '2100-01-01' AS as_imported FROM jwt_auth.revocations() ORDER BY kind, session_id IS NULL;
SELECT jwt_auth.rotate_signing_key() IS NOT NULL AS rotated;
SELECT jwt_auth.revoke_all_tokens();
SELECT until >= '2100-01-01' AS as_imported FROM jwt_auth.revocations() WHERE kind = 'everybody';
DELETE FROM jwt_auth.revocation;
\echo == of which nobody may know until when: the row stays until the key is retired
UPDATE jwt_auth.signing_key SET state = 'retired', private_jwk = NULL WHERE imported;
SELECT jwt_auth.import_signing_secret(repeat('l', 32)::bytea, activate => false) IS NOT NULL AS imported;
SET client_min_messages = error;
SELECT jwt_auth.rotate_signing_key() IS NOT NULL AS rotated FROM generate_series(1, 2);
RESET client_min_messages;
SELECT jwt_auth.revoke_user_tokens('alice'), jwt_auth.require_refresh('alice');
SELECT kind, until = 'infinity' AS unknown FROM jwt_auth.revocations() ORDER BY kind;
UPDATE jwt_auth.revocation SET not_before = now() - interval '1 year' WHERE kind = 'user';
CALL jwt_auth.purge_expired();
SELECT count(*) FILTER (WHERE kind = 'user') AS kept FROM jwt_auth.revocations();
UPDATE jwt_auth.signing_key SET state = 'retired', private_jwk = NULL WHERE imported;
CALL jwt_auth.purge_expired();
SELECT count(*) FILTER (WHERE kind = 'user') AS kept FROM jwt_auth.revocations();
DELETE FROM jwt_auth.revocation;
\echo == or another issuer, for our users
SELECT jwt_auth.trust_issuer('https://idp.example', jsonb_build_object('keys', jsonb_build_array(jwt_auth.jwk_public(jwt_auth.jwk_generate('ES256')))), subjects => 'ours');
SELECT jwt_auth.revoke_user_tokens('alice'), jwt_auth.require_refresh('alice');
SELECT kind, until = 'infinity' AS unknown FROM jwt_auth.revocations() ORDER BY kind;
SELECT jwt_auth.distrust_issuer('https://idp.example');
DELETE FROM jwt_auth.revocation;
\echo == or another issuer, for users of its own: of those a cutoff for everybody speaks as well
SELECT jwt_auth.trust_issuer('https://idp.example', jsonb_build_object('keys', jsonb_build_array(jwt_auth.jwk_public(jwt_auth.jwk_generate('ES256')))));
SELECT jwt_auth.revoke_user_tokens('alice'), jwt_auth.revoke_all_tokens();
SELECT kind, until = 'infinity' AS unknown FROM jwt_auth.revocations() ORDER BY kind;
UPDATE jwt_auth.revocation SET until = 'infinity', not_before = now() - interval '1 year';
CALL jwt_auth.purge_expired();
SELECT kind FROM jwt_auth.revocations();
SELECT jwt_auth.distrust_issuer('https://idp.example');
CALL jwt_auth.purge_expired();
SELECT count(*) AS kept FROM jwt_auth.revocations();
\echo == or a key of a database from before 2.0, which may have been imported
UPDATE jwt_auth.signing_key SET imported = NULL WHERE state = 'verify_only';
SELECT jwt_auth.revoke_user_tokens('alice'), jwt_auth.require_refresh('alice');
SELECT kind, until = 'infinity' AS unknown FROM jwt_auth.revocations() ORDER BY kind;
UPDATE jwt_auth.signing_key SET imported = false WHERE state = 'verify_only';
DELETE FROM jwt_auth.revocation;
SELECT jwt_auth.revoke_user_tokens('alice');

\echo == positions
SELECT count(DISTINCT position) AS one_position, bool_and(position <= pg_snapshot_xmin(pg_current_snapshot())::text::bigint) AS of_the_past FROM jwt_auth.revocations();
SELECT max(position) AS here FROM jwt_auth.revocations() \gset
SELECT count(*) AS from_the_start FROM jwt_auth.revocations(0);
SELECT jwt_auth.revoke_user_tokens('bob');
SELECT bool_or(user_id = 'bob') AS since FROM jwt_auth.revocations(:here);
SELECT count(*) AS ahead FROM jwt_auth.revocations(:here + 1000000000);
SELECT count(*) AS negative FROM jwt_auth.revocations(-1);
SELECT count(*) AS greatest FROM jwt_auth.revocations(9223372036854775807);
BEGIN;
SELECT jwt_auth.revoke_user_tokens('rolled back');
ROLLBACK;
SELECT count(*) AS undone FROM jwt_auth.revocations() WHERE user_id = 'rolled back';

\echo == whatever becomes of the audit
DELETE FROM jwt_auth.auth_event;
SELECT count(*) > 0 AS still_there FROM jwt_auth.revocations();

\echo == purged with what it speaks of
CALL jwt_auth.purge_expired();
SELECT count(*) > 0 AS kept FROM jwt_auth.revocations();
UPDATE jwt_auth.revocation SET until = now() - interval '61 minutes' WHERE user_id = 'alice';
CALL jwt_auth.purge_expired(1);
SELECT count(*) AS gone FROM jwt_auth.revocations() WHERE user_id = 'alice';
\echo == and so are API keys that have ended, and the notes of their use
DELETE FROM jwt_auth.api_key;
SELECT count(*) AS made FROM unnest(ARRAY['kim', 'lee', 'max', 'nia']) u, jwt_auth.create_api_key(u, u);
UPDATE jwt_auth.api_key SET expires_at = clock_timestamp() WHERE user_id = 'kim';
SELECT jwt_auth.revoke_user_tokens('lee');
UPDATE jwt_auth.cutoff SET not_before = (SELECT min(created_at) FROM jwt_auth.api_key) - interval '1 hour';
UPDATE jwt_auth.api_key SET created_at = (SELECT not_before FROM jwt_auth.cutoff) WHERE user_id = 'max';
CALL jwt_auth.purge_expired(1);
SELECT k.user_id, count(*) OVER () AS keys, (SELECT count(*) FROM jwt_auth.api_key_use) AS uses FROM jwt_auth.api_key k;
DROP FUNCTION heard;
DELETE FROM jwt_auth.signing_key;
DELETE FROM jwt_auth.api_key;
DELETE FROM jwt_auth.api_key_use;
DELETE FROM jwt_auth.account;
DELETE FROM jwt_auth.refresh_session;
DELETE FROM jwt_auth.session_data;
DELETE FROM jwt_auth.denied_token;
DELETE FROM jwt_auth.auth_event;
DELETE FROM jwt_auth.cutoff;
DELETE FROM jwt_auth.revocation;
