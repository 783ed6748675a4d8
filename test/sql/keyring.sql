-- The keyring's life: create, import, rotate, retire, what is published, what is refused.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
SET jwt_auth.issuer = '';
SET jwt_auth.audience = '';
TRUNCATE jwt_auth.signing_key, jwt_auth.trusted_issuer, jwt_auth.auth_event;

\echo == nothing to sign with
SELECT jwt_auth.jwt_sign('{}');
SELECT jwt_auth.rotate_signing_key();
SELECT jwt_auth.jwks();

\echo == the first key
SELECT jwt_auth.create_signing_key() AS first \gset
SELECT jwt_auth.create_signing_key();
SELECT jwt_auth.create_signing_key('ES256', true);
SELECT jwt_auth.create_signing_key(NULL);
SELECT jwt_auth.create_signing_key('ES256', NULL);
SELECT jwt_auth.create_signing_key('none', false);
SELECT jwt_auth.create_signing_key('es256', false);
SELECT jwt_auth.create_signing_key('RSA-OAEP', false);
SELECT kid = :'first' AS named, algorithm, state, sealed, created_at = activated_at AS at_once,
       rotated_at, verify_until, retired_at, kid = jwt_auth.jwk_thumbprint(public_jwk) AS thumbprint
FROM jwt_auth.signing_keys;
SELECT jwt_auth.jwt_sign('{"sub": "ann"}') AS of_first \gset
SELECT header = jsonb_build_object('alg', 'ES256', 'typ', 'JWT', 'kid', :'first') AS header FROM jwt_auth.jwt_decode_unverified(:'of_first');
SELECT jwt_auth.jwt_verify(:'of_first') ->> 'sub' AS sub;

\echo == a pending key is published, and does not sign yet; a rotation makes it sign; what the old one signed is still good
SELECT jwt_auth.create_signing_key('EdDSA', false) AS second \gset
SELECT jwt_auth.jwks() #>> '{keys,0,kid}' = :'first' AS active_first, jwt_auth.jwks() #>> '{keys,1,kid}' = :'second' AS then_pending;
SELECT header ->> 'kid' = :'first' AS first_signs FROM jwt_auth.jwt_decode_unverified(jwt_auth.jwt_sign('{}'));
SELECT jwt_auth.rotate_signing_key('RS256');
BEGIN;
SELECT jwt_auth.rotate_signing_key('EdDSA') = :'second' AS second;
-- Before the commit, which would extend it if it came a second late.
SELECT kid = :'second' AS second, state, rotated_at IS NULL AS not_rotated,
       verify_until - rotated_at AS verifies_on, activated_at > created_at AS later
FROM jwt_auth.signing_keys ORDER BY state;
COMMIT;
SELECT header ->> 'kid' = :'second' AS second_signs, header ->> 'alg' AS alg
FROM jwt_auth.jwt_decode_unverified(jwt_auth.jwt_sign('{}'));
SELECT jwt_auth.jwt_verify(:'of_first') ->> 'sub' AS sub;
SELECT jwt_auth.jwks() #>> '{keys,0,kid}' = :'second' AS active_first, jwt_auth.jwks() #>> '{keys,1,kid}' = :'first' AS then_old;

\echo == a rotation with nothing pending makes a key of the same algorithm, or of the one that is named
SELECT jwt_auth.rotate_signing_key() AS third \gset
SELECT algorithm, state FROM jwt_auth.signing_keys WHERE kid = :'third';
SELECT jwt_auth.rotate_signing_key('PS384') AS fourth \gset
SELECT algorithm, state, public_jwk ->> 'kty' AS kty FROM jwt_auth.signing_keys WHERE kid = :'fourth';
SELECT jwt_auth.rotate_signing_key('nonsense');
SELECT state, count(*) FROM jwt_auth.signing_keys GROUP BY state ORDER BY state;

\echo == every algorithm signs and verifies, and publishes what it should
CREATE TEMP TABLE rounds AS
SELECT algorithm, jwt_auth.rotate_signing_key(algorithm) AS kid, jwt_auth.jwt_sign(jsonb_build_object('sub', algorithm)) AS token
FROM unnest(ARRAY['HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512',
                  'ES256K', 'EdDSA', 'Ed25519', 'Ed448']) AS algorithm;
SELECT r.algorithm, header ->> 'alg' AS alg, jwt_auth.jwt_verify(token) ->> 'sub' AS sub, header ->> 'kid' = kid AS kid,
       k.state, k.public_jwk - '{x,y,n,e,kid}'::text[] AS published
FROM rounds r CROSS JOIN jwt_auth.jwt_decode_unverified(token) JOIN jwt_auth.signing_keys k USING (kid) ORDER BY activated_at;
SELECT count(*) AS keys, count(*) FILTER (WHERE k ->> 'kty' = 'oct') AS secrets,
       bool_or(k ?| '{d,p,q,dp,dq,qi,k,oth}'::text[]) AS private_parts,
       bool_and(k ?& '{kid,kty,alg,use}'::text[]) AS complete, count(DISTINCT k ->> 'kid') AS kids
FROM jsonb_array_elements(jwt_auth.jwks() -> 'keys') AS k;
SELECT array_agg(k ->> 'kid') = (SELECT array_agg(kid ORDER BY state, created_at DESC, kid) FROM jwt_auth.signing_keys
                                 WHERE public_jwk IS NOT NULL AND state <> 'retired') AS in_order
FROM jsonb_array_elements(jwt_auth.jwks() -> 'keys') AS k;

\echo == what a rotation keeps: the curve, the size
SELECT jwt_auth.retire_signing_key(kid) FROM jwt_auth.signing_keys WHERE state = 'active';
SELECT jwt_auth.import_signing_key(jwt_auth.jwk_generate('EdDSA', 'Ed448')::text) IS NOT NULL AS imported;
SELECT jwt_auth.rotate_signing_key() IS NOT NULL AS rotated;
SELECT algorithm, public_jwk ->> 'crv' AS crv FROM jwt_auth.signing_keys WHERE state = 'active';
SELECT jwt_auth.import_signing_key(jwt_auth.jwk_generate('RS256', rsa_bits => 2304)::text) IS NOT NULL AS imported;
SELECT jwt_auth.rotate_signing_key() IS NOT NULL AS rotated, jwt_auth.rotate_signing_key('PS512') IS NOT NULL AS rotated_again;
SELECT algorithm, length(jwt_auth.base64url_decode(public_jwk ->> 'n')) * 8 AS bits FROM jwt_auth.signing_keys WHERE state = 'active';

\echo == retiring is at once; it can be said twice; the only active key can be retired
TRUNCATE jwt_auth.signing_key;
SELECT jwt_auth.create_signing_key('HS256') AS secret \gset
SELECT jwt_auth.jwt_sign('{"sub": "bob"}') AS of_secret \gset
SELECT jwt_auth.rotate_signing_key('ES384') AS public \gset
SELECT jwt_auth.jwt_sign('{"sub": "cy"}') AS of_public \gset
SELECT jwt_auth.jwt_verify(:'of_secret') ->> 'sub' AS of_secret, jwt_auth.jwt_verify(:'of_public') ->> 'sub' AS of_public;
SELECT jwt_auth.retire_signing_key(:'secret');
SELECT jwt_auth.jwt_verify(:'of_secret');
SELECT jwt_auth.retire_signing_key(:'secret');
SELECT jwt_auth.retire_signing_key(:'public');
SELECT jwt_auth.jwt_verify(:'of_public');
\set VERBOSITY default
SELECT jwt_auth.jwt_sign('{}');
SELECT jwt_auth.jwt_sign('{"exp": 1764108000000000}', '{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T"}');
\set VERBOSITY sqlstate
SELECT jwt_auth.jwks();
SELECT state, retired_at IS NOT NULL AS retired_at, sealed, private_jwk IS NULL AS private_part_is_gone
FROM jwt_auth.signing_key JOIN jwt_auth.signing_keys USING (kid, state, retired_at);
SELECT jwt_auth.retire_signing_key('no such key');
SELECT jwt_auth.retire_signing_key(NULL);
SELECT jwt_auth.rotate_signing_key();
SELECT jwt_auth.rotate_signing_key('ES256K') IS NOT NULL AS a_new_start;

\echo == what happened is in the audit
SELECT event, count(*), bool_and(detail ->> 'kid' <> '') AS kid, count(detail -> 'previous') AS previous
FROM jwt_auth.auth_event GROUP BY event ORDER BY event;
SELECT event, detail ->> 'kid' = :'public' AS public, detail ->> 'previous' = :'secret' AS previous
FROM jwt_auth.auth_event WHERE detail ->> 'kid' = :'public' ORDER BY id;

\echo == the view shows no private part
SELECT column_name FROM information_schema.columns WHERE table_schema = 'jwt_auth' AND table_name = 'signing_keys' ORDER BY ordinal_position;
SELECT bool_or(to_jsonb(k)::text ~ '"(d|p|q|dp|dq|qi|k)":') AS private_parts FROM jwt_auth.signing_keys k;

\echo == ANALYZE copies no secret into the statistics, and what is no secret as ever
SELECT jwt_auth.create_signing_key('ES256', false) IS NOT NULL AS made;
SELECT jwt_auth.trust_issuer('machine ' || n, jsonb_build_object('keys', jsonb_build_array(jwt_auth.jwk_generate('HS256', kid => 'k')))) FROM generate_series(1, 2) AS n;
SELECT count(private_jwk) AS private_jwk, (SELECT count(secret_jwks) FROM jwt_auth.trusted_issuer) AS secret_jwks,
       (SELECT count(secret) FROM jwt_auth.server_secret) AS secret
FROM jwt_auth.signing_key;
ANALYZE jwt_auth.signing_key, jwt_auth.trusted_issuer, jwt_auth.server_secret;
SELECT tablename, attname FROM pg_stats
WHERE schemaname = 'jwt_auth' AND tablename IN ('signing_key', 'trusted_issuer', 'server_secret') AND attname IN ('created_at', 'private_jwk', 'secret_jwks', 'secret')
ORDER BY tablename, attname;
TRUNCATE jwt_auth.trusted_issuer;

\echo == what is internal stays so
SELECT jwt_auth.private_jwk_in_transit();
SELECT jwt_auth.seal_signing_keys();
SELECT jwt_auth.keyring_changed();
CREATE TEMP TABLE not_ours (kid text);
CREATE TRIGGER inserted AFTER INSERT ON not_ours FOR EACH ROW EXECUTE FUNCTION jwt_auth.signing_key_demoted();
INSERT INTO not_ours VALUES ('x');
CREATE OR REPLACE TRIGGER inserted BEFORE INSERT ON not_ours FOR EACH ROW EXECUTE FUNCTION jwt_auth.keyring_changed();
INSERT INTO not_ours VALUES ('x');
DROP TABLE not_ours;
CREATE TEMP TABLE not_ours (kid integer, text text);
INSERT INTO not_ours VALUES (5);
CREATE TRIGGER demoted AFTER UPDATE ON not_ours FOR EACH ROW EXECUTE FUNCTION jwt_auth.signing_key_demoted();
UPDATE not_ours SET kid = 6;
ALTER TABLE not_ours RENAME kid TO number;
UPDATE not_ours SET number = 7;
ALTER TABLE not_ours RENAME text TO kid;
UPDATE not_ours SET number = 8;
DROP TABLE not_ours;
