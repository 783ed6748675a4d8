-- When an old key ends by itself, and what a constraint shows of a row that it refuses.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
SET jwt_auth.issuer = '';
SET jwt_auth.audience = '';
TRUNCATE jwt_auth.signing_key, jwt_auth.trusted_issuer, jwt_auth.auth_event;

\echo == purge_expired retires what has run out, and nothing else
SELECT jwt_auth.create_signing_key() AS first \gset
SELECT jwt_auth.jwt_sign('{"sub": "first"}') AS of_first \gset
SELECT jwt_auth.rotate_signing_key() AS second \gset
SELECT jwt_auth.jwt_sign('{"sub": "second"}') AS of_second \gset
SELECT jwt_auth.rotate_signing_key() AS third \gset
CALL jwt_auth.purge_expired();
SELECT state, count(*) FROM jwt_auth.signing_keys GROUP BY state ORDER BY state;
UPDATE jwt_auth.signing_key SET verify_until = clock_timestamp() WHERE kid = :'first';
SELECT jwt_auth.jwt_verify(:'of_first') ->> 'sub' AS until_it_is_purged;
CALL jwt_auth.purge_expired();
SELECT kid = :'first' AS first, state, retired_at > verify_until AS then, sealed FROM jwt_auth.signing_keys WHERE state = 'retired';
SELECT jwt_auth.jwt_verify(:'of_first');
SELECT jwt_auth.jwt_verify(:'of_second') ->> 'sub' AS sub;
SELECT event, detail ->> 'kid' = :'first' AS first FROM jwt_auth.auth_event WHERE event = 'key_retired';
CALL jwt_auth.purge_expired();
SELECT state, count(*) FROM jwt_auth.signing_keys GROUP BY state ORDER BY state;

\echo == with short tokens it is soon; with one long one it is not
TRUNCATE jwt_auth.signing_key;
SET jwt_auth.access_token_ttl = '1s';
SELECT jwt_auth.create_signing_key() AS short \gset
SELECT length(jwt_auth.jwt_sign('{}')) > 0 AS signed;
SELECT jwt_auth.rotate_signing_key() AS long \gset
SELECT length(jwt_auth.jwt_sign(jsonb_build_object('exp', extract(epoch FROM now())::bigint + 600))) > 0 AS signed;
SELECT jwt_auth.rotate_signing_key() IS NOT NULL AS rotated;
SELECT pg_sleep(1.1);
CALL jwt_auth.purge_expired();
SELECT count(*) AS not_yet_retired FROM jwt_auth.signing_keys WHERE state = 'verify_only';
UPDATE jwt_auth.signing_key SET verify_until = verify_until - interval '10 s';
CALL jwt_auth.purge_expired();
SELECT kid = :'short' AS short, kid = :'long' AS long, state FROM jwt_auth.signing_keys ORDER BY created_at;
RESET jwt_auth.access_token_ttl;

\echo == a rotation counts from its commit
TRUNCATE jwt_auth.signing_key;
SELECT jwt_auth.create_signing_key() AS key \gset
BEGIN;
SELECT jwt_auth.rotate_signing_key() IS NOT NULL AS rotated;
SELECT verify_until - rotated_at AS so_far FROM jwt_auth.signing_keys WHERE kid = :'key';
SELECT pg_sleep(1.1);
COMMIT;
SELECT verify_until - rotated_at > '30 min 11.1 s' AS from_the_commit FROM jwt_auth.signing_keys WHERE kid = :'key';
UPDATE jwt_auth.signing_key SET state = 'verify_only' WHERE state = 'active';
SELECT verify_until > now() + interval '29 min' AS by_hand_as_well FROM jwt_auth.signing_keys WHERE rotated_at IS NULL;
SELECT jwt_auth.signing_key_demoted();

\echo == a constraint that somebody else has made shows no private part
ALTER TABLE jwt_auth.signing_key ADD CONSTRAINT somebody_elses CHECK (algorithm = 'ES256') NOT VALID;
CREATE FUNCTION shows_only_blanks(algorithm text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  detail text;
BEGIN
  PERFORM jwt_auth.create_signing_key(algorithm, false);
  RETURN NULL;
EXCEPTION WHEN check_violation THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
  RETURN detail ~ '^Failing row contains .*, \{ {63}\.\.\., ';
END $$;
SELECT algorithm, shows_only_blanks(algorithm) FROM unnest(ARRAY['HS256', 'HS512', 'RS256', 'ES512', 'EdDSA']) AS algorithm;
SELECT jwt_auth.import_signing_key('{"kid": "k", "kty": "oct", "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T"}');
ALTER TABLE jwt_auth.signing_key DROP CONSTRAINT somebody_elses;
DROP FUNCTION shows_only_blanks;
-- The failed statements have left nothing behind that could be asked for.
SELECT jwt_auth.private_jwk_in_transit();
TRUNCATE jwt_auth.signing_key;
