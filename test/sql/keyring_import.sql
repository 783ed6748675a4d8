-- Private keys that somebody brings along: what is taken, what is refused, and that no refusal shows any of it.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
SET jwt_auth.issuer = '';
SET jwt_auth.audience = '';
TRUNCATE jwt_auth.signing_key, jwt_auth.trusted_issuer;
-- RFC 7515 appendix A.3 (P-256), RFC 8037 appendix A (Ed25519): public knowledge.
\set p256 '{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}'
\set ed25519 '{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}'

\echo == activate: NULL only if none is active, true or an error, false pending
SELECT jwt_auth.import_signing_key(:'p256') = jwt_auth.jwk_thumbprint(:'p256'::jsonb) AS thumbprint;
SELECT kid, state, public_jwk FROM jwt_auth.signing_keys;
SELECT jwt_auth.import_signing_key(:'ed25519', true);
SELECT jwt_auth.import_signing_key(:'ed25519');
SELECT jwt_auth.import_signing_key(jwt_auth.jwk_generate('ES256')::text, false) IS NOT NULL AS imported;
SELECT algorithm, state FROM jwt_auth.signing_keys ORDER BY state, created_at;
SELECT jwt_auth.jwt_verify(jwt_auth.jwt_sign('{"sub": "ann"}'), jwt_auth.jwk_public('{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}')::text) ->> 'sub' AS sub;

\echo == a kid that is there already, retired or not
SELECT jwt_auth.import_signing_key(:'p256');
SELECT jwt_auth.retire_signing_key('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
SELECT jwt_auth.import_signing_key(:'ed25519');

\echo == kid and alg are kept, and nothing else that is not the key
SELECT jwt_auth.import_signing_key('{"kid":"mine \u00e9","alg":"EdDSA","use":"sig","key_ops":["sign"],"note":"x","kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}') AS kid;
SELECT public_jwk FROM jwt_auth.signing_keys WHERE kid = E'mine \u00e9';
SELECT private_jwk FROM jwt_auth.signing_key WHERE kid = E'mine \u00e9';

\echo == PEM
SELECT count(*) FROM (SELECT jwt_auth.import_signing_key(jwt_auth.jwk_to_pem(jwt_auth.jwk_generate(algorithm)))
                      FROM unnest(ARRAY['RS256', 'ES384', 'ES256K', 'Ed448']) AS algorithm) AS imported;
SELECT algorithm, state, kid = jwt_auth.jwk_thumbprint(public_jwk) AS thumbprint FROM jwt_auth.signing_keys ORDER BY created_at DESC LIMIT 4;

\echo == a secret without a kid gets a random one: a thumbprint would let guesses be tested
SELECT jwt_auth.import_signing_key('{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}', false) AS secret \gset
SELECT length(:'secret') AS length, :'secret' <> jwt_auth.jwk_thumbprint('{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}') AS no_thumbprint,
       algorithm, public_jwk FROM jwt_auth.signing_keys WHERE kid = :'secret';

\echo == refused
SELECT jwt_auth.import_signing_key(NULL);
SELECT jwt_auth.import_signing_key('');
SELECT jwt_auth.import_signing_key('a raw secret of more than thirty-two bytes, which is neither JWK nor PEM');
SELECT jwt_auth.import_signing_key('{');
SELECT jwt_auth.import_signing_key('{}');
SELECT jwt_auth.import_signing_key('[]');
SELECT jwt_auth.import_signing_key('-----BEGIN PRIVATE KEY-----');
SELECT jwt_auth.import_signing_key(jwt_auth.jwk_public(jwt_auth.jwk_generate('ES256'))::text);
SELECT jwt_auth.import_signing_key(jwt_auth.jwk_to_pem(jwt_auth.jwk_public(jwt_auth.jwk_generate('RS256'))));
SELECT jwt_auth.import_signing_key(jsonb_build_object('keys', jsonb_build_array(jwt_auth.jwk_generate('ES256')))::text);
SELECT jwt_auth.import_signing_key(jwt_auth.jwk_generate('A256KW')::text);
SELECT jwt_auth.import_signing_key(jwt_auth.jwk_generate('ECDH-ES')::text);
SELECT jwt_auth.import_signing_key((jwt_auth.jwk_generate('ES256') - 'alg' || '{"use": "enc"}')::text);
SELECT jwt_auth.import_signing_key((jwt_auth.jwk_generate('ES256') || '{"alg": "RS256"}')::text);
SELECT jwt_auth.import_signing_key((jwt_auth.jwk_generate('ES256') || '{"alg": "none"}')::text);
SELECT jwt_auth.import_signing_key((jwt_auth.jwk_generate('ES256') - 'use' || '{"key_ops": ["verify"]}')::text);
SELECT jwt_auth.import_signing_key((jwt_auth.jwk_generate('ES256') || '{"kid": ""}')::text);
SELECT jwt_auth.import_signing_key((jwt_auth.jwk_generate('ES256') || '{"kid": 1}')::text);
SELECT jwt_auth.import_signing_key((jwt_auth.jwk_generate('ES256') || jsonb_build_object('kid', repeat('k', 513)))::text);
SELECT jwt_auth.import_signing_key((jwt_auth.jwk_generate('ES256') || jsonb_build_object('d', jwt_auth.jwk_generate('ES256') ->> 'd'))::text);
SELECT jwt_auth.import_signing_key('{"kty":"oct","k":"c2hvcnQ"}');
SELECT jwt_auth.import_signing_key('{"kty":"oct","kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T"}');
SELECT length(jwt_auth.import_signing_key((jwt_auth.jwk_generate('ES256') || jsonb_build_object('kid', repeat('k', 512)))::text));

\echo == from a file: only with the privileges of pg_read_server_files
CREATE ROLE regress_importer;
GRANT EXECUTE ON FUNCTION jwt_auth.import_signing_key_from_file(text, boolean, timestamptz) TO regress_importer;
SET ROLE regress_importer;
SELECT jwt_auth.import_signing_key_from_file('/nonexistent/key.pem');
RESET ROLE;
GRANT pg_read_server_files TO regress_importer;
SET ROLE regress_importer;
SELECT jwt_auth.import_signing_key_from_file('/nonexistent/key.pem');
SELECT jwt_auth.import_signing_key_from_file('.');
SELECT jwt_auth.import_signing_key_from_file('PG_VERSION');
SELECT jwt_auth.import_signing_key_from_file(NULL);
RESET ROLE;
REVOKE ALL ON FUNCTION jwt_auth.import_signing_key_from_file(text, boolean, timestamptz) FROM regress_importer;
DROP ROLE regress_importer;

\echo == what a refusal says: never any of the key
\set VERBOSITY terse
SELECT jwt_auth.import_signing_key('-----BEGIN PRIVATE KEY-----
TmV2ZXIgaW4gYSBtZXNzYWdl
-----END PRIVATE KEY-----');
SELECT jwt_auth.import_signing_key('{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LJ"}');
SELECT jwt_auth.import_signing_key('{"kty":"oct","k":"c2hvcnQ"}');
-- Nor is a path repeated, for it may be a key: behind a byte order mark, a bracket, a quote or a blank of Unicode, or in base64.
SELECT jwt_auth.import_signing_key_from_file('{"kty":"oct","k":"c2hvcnQ"}');
SELECT jwt_auth.import_signing_key_from_file(E' \n{"kty":"oct","k":"c2hvcnQ"}');
SELECT jwt_auth.import_signing_key_from_file(E'-----BEGIN PRIVATE KEY-----\nTmV2ZXIgaW4gYSBtZXNzYWdl');
SELECT jwt_auth.import_signing_key_from_file(E'BEGIN PRIVATE KEY\nTmV2ZXIgaW4gYSBtZXNzYWdl');
SELECT jwt_auth.import_signing_key_from_file(E'\uFEFF{"kty":"oct","k":"c2hvcnQ"}');
SELECT jwt_auth.import_signing_key_from_file('[{"kty":"oct","k":"c2hvcnQ"}]');
SELECT jwt_auth.import_signing_key_from_file('"{\"kty\":\"oct\",\"k\":\"c2hvcnQ\"}"');
SELECT jwt_auth.import_signing_key_from_file(E'\u00A0{"kty":"oct","k":"c2hvcnQ"}');
SELECT jwt_auth.import_signing_key_from_file('TmV2ZXIgaW4gYSBtZXNzYWdlTmV2ZXIgaW4gYSBtZXNzYWdl');
SELECT jwt_auth.import_signing_key_from_file(repeat('a', 300));
SELECT jwt_auth.import_signing_key_from_file('.');
SELECT jwt_auth.import_signing_key_from_file('PG_VERSION');
TRUNCATE jwt_auth.signing_key;

\echo == an imported key verifies what its former owner signed: no rotation ends it before the time that was given
\set VERBOSITY default
SET client_min_messages = warning;
TRUNCATE jwt_auth.signing_key;
SELECT jwt_auth.import_signing_key((jwt_auth.jwk_generate('ES256') || '{"kid": "with an end"}')::text, verify_until => '2100-01-01 00:00 UTC');
SELECT jwt_auth.rotate_signing_key('ES256') IS NOT NULL AS rotated;
SELECT state, verify_until = '2100-01-01 00:00 UTC' AS as_given, imported FROM jwt_auth.signing_key WHERE kid = 'with an end';
TRUNCATE jwt_auth.signing_key;
-- One that lies before the end of what was signed here says nothing.
SELECT jwt_auth.import_signing_key((jwt_auth.jwk_generate('ES256') || '{"kid": "past"}')::text, verify_until => '2001-01-01 00:00 UTC');
SELECT jwt_auth.rotate_signing_key() IS NOT NULL AS rotated;
SELECT verify_until > now() AND verify_until < now() + interval '1 day' AS as_of_our_own FROM jwt_auth.signing_key WHERE kid = 'past';
TRUNCATE jwt_auth.signing_key;

\echo == without a time: no rotation ends it, each says so, and so does the doctor
SELECT jwt_auth.import_signing_key((jwt_auth.jwk_generate('ES256') || '{"kid": "endless"}')::text);
SELECT jwt_auth.rotate_signing_key() IS NOT NULL AS rotated;
SELECT verify_until, keep_until FROM jwt_auth.signing_key WHERE kid = 'endless';
SELECT severity, finding, advice FROM jwt_auth.doctor() WHERE finding LIKE '%endless%';
CALL jwt_auth.purge_expired();
CALL jwt_auth.purge_expired();
SELECT state FROM jwt_auth.signing_key WHERE kid = 'endless';
-- Our own key, and one that is retired at once.
SELECT jwt_auth.rotate_signing_key() IS NOT NULL AS rotated;
SELECT count(*) FROM jwt_auth.signing_key WHERE verify_until = 'infinity';
SELECT jwt_auth.retire_signing_key('endless');
SELECT state FROM jwt_auth.signing_key WHERE kid = 'endless';
-- Demoted by hand.
TRUNCATE jwt_auth.signing_key;
SELECT jwt_auth.import_signing_key((jwt_auth.jwk_generate('ES256') || '{"kid": "by hand"}')::text);
UPDATE jwt_auth.signing_key SET state = 'verify_only' WHERE kid = 'by hand';
SELECT verify_until FROM jwt_auth.signing_key WHERE kid = 'by hand';

\echo == a bare secret, as another system has it
TRUNCATE jwt_auth.signing_key;
SELECT jwt_auth.import_signing_secret('a secret that another system holds, long enough', verify_until => '2100-01-01 00:00 UTC') IS NOT NULL AS imported;
SELECT algorithm, state, public_jwk FROM jwt_auth.signing_keys;
SELECT jwt_auth.jwt_verify(jwt_auth.jwt_sign('{"sub": "ann", "exp": 4102444800}', 'a secret that another system holds, long enough'::text)) ->> 'sub' AS sub;
SELECT jwt_auth.jwt_verify(jwt_auth.jwt_sign('{"sub": "ours"}'), 'a secret that another system holds, long enough'::bytea) ->> 'sub' AS sub;
SELECT jwt_auth.rotate_signing_key('ES256') IS NOT NULL AS rotated;
SELECT jwt_auth.jwt_verify(jwt_auth.jwt_sign('{"sub": "ann", "exp": 4102444800}', 'a secret that another system holds, long enough'::text)) ->> 'sub' AS sub;
SELECT state, verify_until = '2100-01-01 00:00 UTC' AS as_given FROM jwt_auth.signing_key WHERE algorithm = 'HS256';
SELECT jwt_auth.import_signing_secret(decode(repeat('00ff', 32), 'hex'), 'HS512', false) IS NOT NULL AS imported;
SELECT algorithm, state FROM jwt_auth.signing_keys WHERE algorithm = 'HS512';
SELECT jwt_auth.import_signing_secret(decode(repeat('00ff', 32), 'hex'), 'HS256', true);
SELECT jwt_auth.import_signing_secret('short');
SELECT jwt_auth.import_signing_secret(decode(repeat('00ff', 16), 'hex'), 'HS512');
SELECT jwt_auth.import_signing_secret(decode(repeat('00ff', 16), 'hex'), 'ES256');
SELECT jwt_auth.import_signing_secret(decode(repeat('00ff', 16), 'hex'), NULL);
SELECT jwt_auth.import_signing_secret(NULL);
SELECT jwt_auth.import_signing_secret(convert_to(jwt_auth.jwk_to_pem(jwt_auth.jwk_generate('ES256')), 'UTF8'));
SELECT jwt_auth.import_signing_secret(convert_to(jwt_auth.jwk_generate('ES256')::text, 'UTF8'));
TRUNCATE jwt_auth.signing_key;
