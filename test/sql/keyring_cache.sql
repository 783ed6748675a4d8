-- Each backend's copy of the keyring follows the tables: whoever changes them, however, and if it is undone.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
SET jwt_auth.issuer = '';
SET jwt_auth.audience = '';
TRUNCATE jwt_auth.signing_key, jwt_auth.trusted_issuer;
CREATE FUNCTION signer() RETURNS text LANGUAGE sql AS
  $$ SELECT header ->> 'kid' FROM jwt_auth.jwt_decode_unverified(jwt_auth.jwt_sign('{}')) $$;

\echo == a rotation that is undone changes nothing
SELECT jwt_auth.create_signing_key() AS first \gset
SELECT jwt_auth.jwt_sign('{"sub": "first"}') AS of_first \gset
BEGIN;
SELECT jwt_auth.rotate_signing_key() AS second \gset
SELECT signer() = :'second' AS second_signs;
SELECT jwt_auth.jwt_sign('{"sub": "second"}') AS of_second \gset
SELECT jwt_auth.jwt_verify(:'of_first') ->> 'sub' AS first, jwt_auth.jwt_verify(:'of_second') ->> 'sub' AS second;
ROLLBACK;
SELECT signer() = :'first' AS first_signs;
SELECT jwt_auth.jwt_verify(:'of_second');

\echo == the same with savepoints
BEGIN;
SAVEPOINT a;
SELECT jwt_auth.rotate_signing_key('EdDSA') AS second \gset
SAVEPOINT b;
SELECT jwt_auth.rotate_signing_key('HS256') AS third \gset
SELECT signer() = :'third' AS third_signs;
ROLLBACK TO b;
SELECT signer() = :'second' AS second_signs;
ROLLBACK TO a;
SELECT signer() = :'first' AS first_signs;
SELECT jwt_auth.retire_signing_key(:'first');
SAVEPOINT c;
SELECT jwt_auth.jwt_verify(:'of_first');
ROLLBACK TO c;
SELECT jwt_auth.jwt_sign('{}');
ROLLBACK TO a;
SELECT jwt_auth.jwt_verify(:'of_first') ->> 'sub' AS first;
COMMIT;
SELECT signer() = :'first' AS first_signs;

\echo == an administrator edits the table
UPDATE jwt_auth.signing_key SET state = 'retired';
SELECT jwt_auth.jwt_verify(:'of_first');
UPDATE jwt_auth.signing_key SET state = 'verify_only';
SELECT jwt_auth.jwt_verify(:'of_first') ->> 'sub' AS first;
SELECT jwt_auth.jwt_sign('{}');
UPDATE jwt_auth.signing_key SET state = 'active';
SELECT signer() = :'first' AS first_signs;
BEGIN;
DELETE FROM jwt_auth.signing_key;
SAVEPOINT a;
SELECT jwt_auth.jwt_verify(:'of_first');
ROLLBACK;
SELECT jwt_auth.jwt_verify(:'of_first') ->> 'sub' AS first;
BEGIN;
SET LOCAL session_replication_role = replica;
DELETE FROM jwt_auth.signing_key;
SAVEPOINT a;
SELECT jwt_auth.jwt_verify(:'of_first');
ROLLBACK TO a;
ROLLBACK;
BEGIN;
TRUNCATE jwt_auth.signing_key;
SAVEPOINT a;
SELECT jwt_auth.jwt_verify(:'of_first');
ROLLBACK;
SELECT jwt_auth.jwt_verify(:'of_first') ->> 'sub' AS first;
-- At most one is active, whoever says otherwise; and a state is one of four.
INSERT INTO jwt_auth.signing_key (kid, algorithm, state, created_at) VALUES ('another', 'ES256', 'active', now());
UPDATE jwt_auth.signing_key SET state = 'asleep';

\echo == rows that do not belong together sign nothing, and answer for nobody
SELECT jwt_auth.create_signing_key('ES256', false) AS other \gset
SELECT jwt_auth.jwt_sign('{"sub": "other", "iat": 1, "exp": 4102444800}', private_jwk) AS of_other FROM jwt_auth.signing_key WHERE kid = :'other' \gset
BEGIN;
UPDATE jwt_auth.signing_key k SET private_jwk = (SELECT private_jwk FROM jwt_auth.signing_key WHERE kid = :'other') WHERE kid = :'first';
SAVEPOINT a;
SELECT jwt_auth.jwt_sign('{}');
ROLLBACK TO a;
SELECT jwt_auth.jwt_verify(:'of_first') ->> 'sub' AS still_verified;
UPDATE jwt_auth.signing_key k SET private_jwk = replace(private_jwk, :'other', :'first') WHERE kid = :'first';
SAVEPOINT b;
SELECT jwt_auth.jwt_sign('{}');
ROLLBACK TO b;
UPDATE jwt_auth.signing_key k SET public_jwk = (SELECT public_jwk FROM jwt_auth.signing_key WHERE kid = :'other') WHERE kid = :'first';
SAVEPOINT c;
SELECT jwt_auth.jwt_verify(:'of_first');
ROLLBACK TO c;
SELECT jwt_auth.jwt_verify(:'of_other');
ROLLBACK TO c;
UPDATE jwt_auth.signing_key SET private_jwk = NULL, public_jwk = NULL WHERE kid = :'first';
SAVEPOINT d;
SELECT jwt_auth.jwt_sign('{}');
ROLLBACK TO d;
SELECT jwt_auth.jwt_verify(:'of_first');
ROLLBACK;
BEGIN;
UPDATE jwt_auth.signing_key SET private_jwk = 'no JWK at all' WHERE kid = :'first';
SAVEPOINT a;
SELECT jwt_auth.jwt_sign('{}');
ROLLBACK TO a;
UPDATE jwt_auth.signing_key SET private_jwk = '{}' WHERE kid = :'first';
SAVEPOINT b;
SELECT jwt_auth.jwt_sign('{}');
ROLLBACK TO b;
UPDATE jwt_auth.signing_key SET private_jwk = NULL WHERE kid = :'other';
SELECT jwt_auth.rotate_signing_key();
ROLLBACK;

\echo == how long a key must verify on: as long as the longest of its tokens
TRUNCATE jwt_auth.signing_key, jwt_auth.token_lifetime;
SELECT jwt_auth.create_signing_key() AS key \gset
CREATE VIEW lifetime AS SELECT kid, state, greatest(k.token_ttl, l.token_ttl) AS token_ttl, greatest(k.tokens_until, l.tokens_until) AS tokens_until
  FROM jwt_auth.signing_key k LEFT JOIN (SELECT kid, max(token_ttl) AS token_ttl, max(nullif(tokens_until, '-infinity')) AS tokens_until
                                         FROM jwt_auth.token_lifetime GROUP BY kid) AS l USING (kid);
SELECT length(jwt_auth.jwt_sign('{"sub": "short"}')) > 0 AS signed, length(jwt_auth.jwt_sign('{"exp": 1}')) > 0 AS signed_too;
SELECT token_ttl, tokens_until FROM lifetime;
SELECT count(jwt_auth.jwt_sign(jsonb_build_object('exp', extract(epoch FROM now() + interval '30 days')::bigint + i))) FROM generate_series(1, 100) AS i;
SELECT tokens_until >= now() + interval '30 days 100 s' AS covers, tokens_until < now() + interval '35 days' AS not_much_more FROM lifetime;
SELECT count(jwt_auth.jwt_sign(jsonb_build_object('exp', extract(epoch FROM now() + interval '30 days')::bigint + i))) FROM generate_series(1, 100) AS i;
SELECT count(*) AS rarely_written FROM jwt_auth.token_lifetime;
BEGIN READ ONLY;
SELECT length(jwt_auth.jwt_sign('{"sub": "short"}')) > 0 AS signed;
SELECT length(jwt_auth.jwt_sign(jsonb_build_object('exp', extract(epoch FROM now() + interval '20 days')::bigint))) > 0 AS recorded_already;
SELECT jwt_auth.jwt_sign(jsonb_build_object('exp', extract(epoch FROM now() + interval '50 days')::bigint));
ROLLBACK;
SELECT tokens_until AS until FROM lifetime \gset
SELECT jwt_auth.rotate_signing_key() IS NOT NULL AS rotated;
SELECT verify_until - :'until' AS after_the_longest FROM jwt_auth.signing_key WHERE kid = :'key';

\echo == also where the setting was longer for those who signed than for the one who rotates
SELECT jwt_auth.rotate_signing_key() AS key \gset
SET jwt_auth.access_token_ttl = '1d';
BEGIN READ ONLY;
SELECT jwt_auth.jwt_sign('{}');
ROLLBACK;
SELECT token_ttl, tokens_until FROM lifetime WHERE kid = :'key';
SELECT length(jwt_auth.jwt_sign('{}')) > 0 AS signed;
SELECT token_ttl, tokens_until FROM lifetime WHERE kid = :'key';
RESET jwt_auth.access_token_ttl;
SET jwt_auth.leeway = '10 s';
BEGIN;
SELECT jwt_auth.rotate_signing_key() IS NOT NULL AS rotated;
-- Before the commit, which would extend it if it came a second late.
SELECT verify_until - rotated_at AS verifies_on FROM jwt_auth.signing_key WHERE kid = :'key';
COMMIT;
RESET jwt_auth.leeway;
SELECT length(jwt_auth.jwt_sign('{"exp": 9223372036853}')) > 0 AS as_far_as_numbers_go;
SELECT tokens_until FROM lifetime WHERE state = 'active';
DROP VIEW lifetime;
TRUNCATE jwt_auth.signing_key, jwt_auth.token_lifetime;
DROP FUNCTION signer();

\echo == a backend that reads them for the first time within a statement that fails
SELECT jwt_auth.create_signing_key() AS kid \gset
SELECT jwt_auth.jwt_sign('{"iss": "nobody", "sub": "x"}', jwk) AS of_nobody, jwk AS nobody FROM jwt_auth.jwk_generate('ES256') AS jwk \gset
CREATE FUNCTION looks_and_fails() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  PERFORM jwt_auth.jwt_sign('{}');
  RAISE division_by_zero;
END $$;
\c -
WITH made AS (INSERT INTO jwt_auth.trusted_issuer (issuer, jwks, created_at)
              VALUES ('nobody', jsonb_build_object('keys', jsonb_build_array(jwt_auth.jwk_public(:'nobody'))), now()) RETURNING issuer)
SELECT looks_and_fails() FROM made;
SELECT count(*) AS issuers FROM jwt_auth.trusted_issuer;
SELECT error_code FROM jwt_auth.jwt_try_verify(:'of_nobody');
\c -
WITH changed AS (UPDATE jwt_auth.signing_key SET public_jwk = jwt_auth.jwk_public(:'nobody'), private_jwk = NULL RETURNING kid) SELECT looks_and_fails() FROM changed;
SELECT header ->> 'kid' = :'kid' AS signs FROM jwt_auth.jwt_decode_unverified(jwt_auth.jwt_sign('{}'));
\c -
BEGIN;
SAVEPOINT a;
WITH changed AS (DELETE FROM jwt_auth.signing_key RETURNING kid) SELECT looks_and_fails() FROM changed;
ROLLBACK TO a;
SELECT header ->> 'kid' = :'kid' AS signs FROM jwt_auth.jwt_decode_unverified(jwt_auth.jwt_sign('{}'));
COMMIT;
DROP FUNCTION looks_and_fails();
TRUNCATE jwt_auth.signing_key;
