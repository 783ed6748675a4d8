-- Proofs of a key (DPoP) as SQL checks them; test/unit has the rules one by one.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
DELETE FROM jwt_auth.signing_key;
DELETE FROM jwt_auth.server_secret;

-- A device's key, and a proof by it: claims are added or replaced, those that are null left out.
CREATE TABLE device AS SELECT name, (key - 'kid')::text AS key, jwt_auth.jwk_public(key) - '{kid,alg,use,key_ops}'::text[] AS jwk
  FROM (SELECT name, jwt_auth.jwk_generate('ES256') AS key FROM unnest('{phone,other}'::text[]) AS name OFFSET 0) AS made;
CREATE FUNCTION proof(claims jsonb DEFAULT '{}', header jsonb DEFAULT '{}', by text DEFAULT 'phone') RETURNS text LANGUAGE sql AS $$
  SELECT jwt_auth.jws_sign(convert_to(jsonb_strip_nulls(jsonb_build_object('jti', gen_random_uuid(), 'htm', 'POST', 'htu', 'https://api.example.com/refresh',
           'iat', floor(extract(epoch FROM clock_timestamp()))) || claims)::text, 'UTF8'), key, NULL, jsonb_build_object('typ', 'dpop+jwt', 'jwk', jwk) || header)
  FROM device WHERE name = by
$$;
-- ok, or the refusal.
CREATE FUNCTION checked(proof text, method text DEFAULT 'POST', url text DEFAULT 'https://api.example.com/refresh', access_token text DEFAULT NULL, nonce text DEFAULT NULL)
RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM jwt_auth.verify_proof(proof, method, url, access_token, nonce);
  RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE || ' ' || SQLERRM;
END $$;

\echo == a good proof: the thumbprint of its key, its jti and iat
SELECT jkt = jwt_auth.jwk_thumbprint(device.jwk) AS jkt, jti, iat
FROM device, jwt_auth.verify_proof(proof(jsonb_build_object('jti', 'id-1', 'iat', extract(epoch FROM date_trunc('second', clock_timestamp())))), 'POST', 'https://api.example.com/refresh')
  AS v(jkt, jti, at), LATERAL (SELECT at BETWEEN clock_timestamp() - interval '1 minute' AND clock_timestamp() AS iat) AS t WHERE name = 'phone';
SELECT checked(proof()) AS proof, checked(proof('{"htu": "HTTPS://API.example.com:443/refresh?a#b"}')) AS other_spelling,
       checked(proof(), 'POST', 'https://api.example.com/refresh?x=1') AS with_query;

\echo == refusals
SELECT what, checked(proof(claims, header)) FROM (VALUES
  ('method', '{"htm": "GET"}'::jsonb, '{}'::jsonb), ('path', '{"htu": "https://api.example.com/other"}', '{}'), ('port', '{"htu": "https://api.example.com:8443/refresh"}', '{}'),
  ('case of the path', '{"htu": "https://api.example.com/Refresh"}', '{}'), ('slash', '{"htu": "https://api.example.com/refresh/"}', '{}'), ('scheme', '{"htu": "http://api.example.com/refresh"}', '{}'),
  ('old', '{"iat": 1000000000}', '{}'), ('ahead', '{"iat": 9999999999}', '{}'), ('no iat', '{"iat": null}', '{}'), ('iat as text', '{"iat": "1"}', '{}'),
  ('no jti', '{"jti": null}', '{}'), ('jti of 1 MB', jsonb_build_object('jti', repeat('x', 1048576)), '{}'), ('jti of 257 bytes', jsonb_build_object('jti', repeat('x', 257)), '{}'),
  ('type', '{}', '{"typ": "JWT"}'), ('no key', '{}', '{"jwk": {}}'), ('a secret as key', '{}', '{"jwk": {"kty": "oct", "k": "AAAA"}}'),
  ('unknown curve', '{}', '{"jwk": {"kty": "EC", "crv": "P-257", "x": "AAAA", "y": "AAAA"}}')) AS c(what, claims, header);
SELECT checked(proof(header => jsonb_build_object('jwk', key::jsonb))) AS private_key FROM device WHERE name = 'phone';
SELECT checked(proof(header => jsonb_build_object('jwk', jwk))) AS another_key FROM device WHERE name = 'other';
SELECT checked(jwt_auth.base64url_encode(convert_to(jsonb_build_object('alg', alg, 'typ', 'dpop+jwt', 'jwk', jwk)::text, 'UTF8')) || '.e30.' || signature) AS unsigned
FROM device, (VALUES ('none', ''), ('HS256', 'AAAA'), ('ES256', '')) AS a(alg, signature) WHERE name = 'phone' ORDER BY alg;
SELECT checked('') AS empty, checked('a.b.c') AS garbage, checked(repeat('x', 1048576)) AS huge;

\echo == bound to an access token
SELECT checked(proof(jsonb_build_object('ath', jwt_auth.base64url_encode(sha256('a.b.c')))), access_token => 'a.b.c') AS its_own,
       checked(proof(jsonb_build_object('ath', jwt_auth.base64url_encode(sha256('a.b.d')))), access_token => 'a.b.c') AS another,
       checked(proof(), access_token => 'a.b.c') AS none;

\echo == arguments
SELECT checked(NULL) AS no_proof;
SELECT checked(proof(), NULL) AS no_method;
SELECT checked(proof(), url => NULL) AS no_url;
SELECT checked(proof(), '') AS empty_method;
SELECT url, checked(proof(), url => url) FROM unnest('{/refresh,"",https://user@api.example.com/,ftp://api.example.com/,"https://a b/"}'::text[]) AS url;
SELECT checked(proof(), nonce => '') AS empty_nonce;

\echo == the secret of the server is made on demand, once; a nonce is the clock of a proof
SELECT count(*) FROM jwt_auth.server_secret;
SELECT length(jwt_auth.proof_nonce());
SELECT count(*), count(DISTINCT secret) FROM jwt_auth.server_secret;
SELECT jwt_auth.proof_nonce() AS nonce \gset
SELECT checked(proof(jsonb_build_object('nonce', :'nonce')), nonce => jwt_auth.proof_nonce()) AS fresh,
       checked(proof(), nonce => jwt_auth.proof_nonce()) AS none,
       checked(proof('{"nonce": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}'), nonce => jwt_auth.proof_nonce()) AS forged,
       checked(proof(jsonb_build_object('nonce', :'nonce', 'iat', 1)), nonce => jwt_auth.proof_nonce()) AS slow_clock,
       checked(proof(jsonb_build_object('nonce', :'nonce', 'iat', 1))) AS slow_clock_unasked;
SELECT checked(proof('{"nonce": "ours"}'), nonce => 'ours') AS of_the_application, checked(proof('{"nonce": "ours"}'), nonce => 'others') AS another,
       checked(proof('{"nonce": "ours", "iat": 1}'), nonce => 'ours') AS says_nothing_of_time, checked(proof('{"nonce": "any"}')) AS unasked;
SET jwt_auth.proof_max_age = 1;
SELECT pg_sleep(2.2);
SELECT checked(proof(jsonb_build_object('nonce', :'nonce')), nonce => jwt_auth.proof_nonce()) AS stale;
RESET jwt_auth.proof_max_age;
-- Another secret knows none of the nonces.
DELETE FROM jwt_auth.server_secret;
SELECT checked(proof(jsonb_build_object('nonce', :'nonce', 'iat', 1))) AS without_secret;
SELECT jwt_auth.create_signing_key('ES256') IS NOT NULL AS key;
SELECT count(*) AS made_with_the_first_key FROM jwt_auth.server_secret;
SELECT checked(proof(jsonb_build_object('nonce', :'nonce')), nonce => jwt_auth.proof_nonce()) AS of_the_old_secret;
BEGIN;
DELETE FROM jwt_auth.server_secret;
SELECT length(jwt_auth.proof_nonce());
SELECT jwt_auth.proof_nonce() AS undone \gset
ROLLBACK;
SELECT checked(proof(jsonb_build_object('nonce', :'undone')), nonce => jwt_auth.proof_nonce()) AS of_an_undone_secret;
BEGIN READ ONLY;
SELECT length(jwt_auth.proof_nonce()) AS read_only, checked(proof()) AS proof;
COMMIT;
DELETE FROM jwt_auth.server_secret;
BEGIN READ ONLY;
SELECT jwt_auth.proof_nonce();
ROLLBACK;
INSERT INTO jwt_auth.server_secret (created_at, secret) VALUES (now(), '{"kty":"oct","k":"c2hvcnQ"}');
SELECT jwt_auth.proof_nonce();
DELETE FROM jwt_auth.server_secret;

\echo == settings
SET jwt_auth.proof_origin = 'https://api.example.com/';
SET jwt_auth.proof_origin = 'api.example.com';
SET jwt_auth.proof_origin = 'https://api.example.com/path';
SHOW jwt_auth.proof_origin;
SHOW jwt_auth.proof_max_age;

\echo == privileges
CREATE ROLE regress_proof;
SELECT jwt_auth.grant_verifier('regress_proof');
SET ROLE regress_proof;
SELECT checked(:'nonce') AS verifier, length(jwt_auth.proof_nonce());
SELECT * FROM jwt_auth.server_secret;
RESET ROLE;
SELECT function, grantee FROM jwt_auth.privileges() WHERE function::text ~ 'proof' ORDER BY function::text COLLATE "C";
DROP OWNED BY regress_proof;
DROP ROLE regress_proof;
DROP FUNCTION checked, proof;
DROP TABLE device;
