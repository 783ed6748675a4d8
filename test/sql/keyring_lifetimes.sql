-- How long a key's tokens live is recorded before they are signed, and a key is retired only after them.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
SET jwt_auth.issuer = '';
SET jwt_auth.audience = '';
TRUNCATE jwt_auth.signing_key, jwt_auth.token_lifetime, jwt_auth.auth_event;
SELECT jwt_auth.create_signing_key() AS first \gset
CREATE FUNCTION signs(exp interval DEFAULT NULL) RETURNS boolean LANGUAGE sql AS $$
  SELECT jwt_auth.jwt_sign(CASE WHEN exp IS NULL THEN '{}' ELSE jsonb_build_object('exp', extract(epoch FROM clock_timestamp() + exp)::bigint) END) <> ''
$$;
CREATE VIEW recorded AS SELECT kid = :'first' AS first, token_ttl, tokens_until > now() AS has_end FROM jwt_auth.token_lifetime;

\echo == what the row of the key says already costs no row
SELECT signs(), signs('29 min');
BEGIN READ ONLY;
SELECT signs(), signs('29 min');
COMMIT;
SELECT count(*) FROM jwt_auth.token_lifetime;

\echo == a longer access_token_ttl is recorded once; where nothing can be written, only what was recorded before is signed
SET jwt_auth.access_token_ttl = '8h';
BEGIN READ ONLY;
SELECT signs();
ROLLBACK;
SELECT signs(), signs('7 hours');
BEGIN READ ONLY;
SELECT signs(), signs('7 hours');
COMMIT;
TABLE recorded;
RESET jwt_auth.access_token_ttl;

\echo == what is rolled back is not recorded
SET jwt_auth.access_token_ttl = '9h';
BEGIN;
SELECT signs(), signs('90 days'), signs('8.5 hours');
SELECT count(*) FROM jwt_auth.token_lifetime;
ROLLBACK;
BEGIN READ ONLY;
SELECT signs();
ROLLBACK;
BEGIN;
SAVEPOINT s;
SELECT signs();
ROLLBACK TO s;
SELECT count(*) FROM jwt_auth.token_lifetime;
SELECT signs();
SELECT count(*) FROM jwt_auth.token_lifetime;
ROLLBACK;
BEGIN READ ONLY;
SELECT signs('90 days');
ROLLBACK;
RESET jwt_auth.access_token_ttl;
SELECT count(*) FROM jwt_auth.token_lifetime;

\echo == a token that ends later, likewise: rounded up, so that a series of them costs a row now and then
BEGIN READ ONLY;
SELECT signs('30 days');
ROLLBACK;
SELECT signs('30 days'), signs('30 days 1 min');
SELECT signs('30 days 2 min');
BEGIN READ ONLY;
SELECT signs('30 days 3 min');
SELECT signs('60 days');
ROLLBACK;
TABLE recorded ORDER BY has_end;

\echo == rows that say no more than others go
INSERT INTO jwt_auth.token_lifetime (kid, token_ttl, tokens_until, recorded_at)
  SELECT kid, token_ttl, tokens_until, recorded_at FROM jwt_auth.token_lifetime
  UNION ALL SELECT :'first', 60, '-infinity', now() UNION ALL SELECT :'first', 0, now() - interval '1 hour', now()
  UNION ALL SELECT 'no such key', 60, 'infinity', now();
SELECT count(*) FROM jwt_auth.token_lifetime;
CALL jwt_auth.purge_expired();
TABLE recorded ORDER BY has_end;

\echo == a rotation takes it into the row of the key
SELECT jwt_auth.rotate_signing_key() AS second \gset
SELECT token_ttl, tokens_until > now() + interval '30 days' AS until, verify_until > now() + interval '30 days' AS verifies, rotation_seen_at FROM jwt_auth.signing_key WHERE kid = :'first';
CALL jwt_auth.purge_expired();
SELECT rotation_seen_at IS NOT NULL AS seen FROM jwt_auth.signing_key WHERE kid = :'first';
SELECT count(*) FROM jwt_auth.token_lifetime;

\echo == a row that comes later keeps the key, and shows in the view
SELECT verify_until < now() + interval '40 days' AS before FROM jwt_auth.signing_keys WHERE kid = :'first';
INSERT INTO jwt_auth.token_lifetime (kid, token_ttl, tokens_until, recorded_at) VALUES (:'first', 0, now() + interval '1 year', now());
SELECT verify_until > now() + interval '11 months' AS after FROM jwt_auth.signing_keys WHERE kid = :'first';
UPDATE jwt_auth.signing_key SET verify_until = now() - interval '1 hour' WHERE kid = :'first';
CALL jwt_auth.purge_expired();
SELECT state FROM jwt_auth.signing_keys WHERE kid = :'first';
SET jwt_auth.leeway = '2 min';
UPDATE jwt_auth.token_lifetime SET tokens_until = now() - interval '1 min';
CALL jwt_auth.purge_expired();
SELECT state FROM jwt_auth.signing_keys WHERE kid = :'first';
RESET jwt_auth.leeway;
UPDATE jwt_auth.signing_key SET rotation_seen_at = now() - interval '8 hours' WHERE kid = :'first';
INSERT INTO jwt_auth.token_lifetime (kid, token_ttl, tokens_until, recorded_at) VALUES (:'first', 9 * 3600, '-infinity', now());
CALL jwt_auth.purge_expired();
SELECT state FROM jwt_auth.signing_keys WHERE kid = :'first';
UPDATE jwt_auth.signing_key SET rotation_seen_at = now() - interval '10 hours' WHERE kid = :'first';
CALL jwt_auth.purge_expired();
SELECT state FROM jwt_auth.signing_keys WHERE kid = :'first';
SELECT count(*) FROM jwt_auth.token_lifetime;
SELECT event, detail ->> 'kid' = :'first' AS first FROM jwt_auth.auth_event WHERE event = 'key_retired';

\echo == demoted by hand, made active again and demoted again: seen anew
UPDATE jwt_auth.signing_key SET state = 'verify_only' WHERE kid = :'second';
CALL jwt_auth.purge_expired();
SELECT rotation_seen_at IS NOT NULL AS seen, verify_until > now() + interval '29 min' AS verifies FROM jwt_auth.signing_key WHERE kid = :'second';
UPDATE jwt_auth.signing_key SET state = 'active' WHERE kid = :'second';
SELECT signs();
UPDATE jwt_auth.signing_key SET state = 'verify_only', verify_until = now() - interval '1 hour' WHERE kid = :'second';
SELECT rotation_seen_at FROM jwt_auth.signing_key WHERE kid = :'second';
CALL jwt_auth.purge_expired();
SELECT state, verify_until > now() + interval '29 min' AS verifies FROM jwt_auth.signing_key WHERE kid = :'second';

DROP VIEW recorded;
DROP FUNCTION signs;
TRUNCATE jwt_auth.signing_key, jwt_auth.token_lifetime, jwt_auth.auth_event;
