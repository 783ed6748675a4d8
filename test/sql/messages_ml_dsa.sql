-- ML-DSA (RFC 9964) in the database: what it answers, and what each refusal says. Of the two files of expected answers messages_ml_dsa.out
-- is that of an OpenSSL without ML-DSA, messages_ml_dsa_1.out that of OpenSSL 3.5 or newer.
\set ECHO none
\getenv srcdir PG_ABS_SRCDIR
\set support :srcdir '/support/messages.sql'
\i :support

DELETE FROM jwt_auth.signing_key;
DELETE FROM jwt_auth.trusted_issuer;
-- What a statement answers, or what it says; it is undone in any case.
CREATE FUNCTION pg_temp.answer(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  answer text;
BEGIN
  EXECUTE statement INTO answer;
  RAISE EXCEPTION 'undo' USING ERRCODE = 'ZZ000';
EXCEPTION WHEN SQLSTATE 'ZZ000' THEN
  RETURN coalesce(answer, 'NULL');
WHEN OTHERS THEN
  RETURN pg_temp.said(statement);
END $$;
-- The key that is generated from 32 zero bytes, which RFC 9964 has in its appendix: the seed in PKCS#8 (RFC 9881 section 6). A public
-- key of the right length, and one of an algorithm that OpenSSL does not know.
CREATE FUNCTION pg_temp.der(name text) RETURNS bytea LANGUAGE sql AS $$
  SELECT decode(CASE name
    WHEN 'private' THEN '3034020100300b060960864801650304031104228020' || repeat('00', 32)
    WHEN 'public' THEN '30820532300b06096086480165030403110382052100' || repeat('ab', 1312)
    WHEN 'unknown' THEN '3032300b0609608648016503040328032300' || repeat('ab', 34) END, 'hex')
$$;
CREATE FUNCTION pg_temp.pem(name text, label text) RETURNS text LANGUAGE sql AS $$
  SELECT format(E'-----BEGIN %s-----\n%s\n-----END %s-----\n', label, encode(pg_temp.der(name), 'base64'), label)
$$;
CREATE FUNCTION pg_temp.jwk() RETURNS jsonb LANGUAGE sql AS $$
  SELECT jsonb_build_object('kty', 'AKP', 'alg', 'ML-DSA-44', 'kid', 'pq', 'pub', jwt_auth.base64url_encode(decode(repeat('ab', 1312), 'hex')))
$$;
CREATE TEMP TABLE classical AS SELECT jwt_auth.jwk_generate('ES256', kid => 'pq') AS jwk;
CREATE FUNCTION pg_temp.mixed() RETURNS jsonb LANGUAGE sql AS $$
  SELECT jsonb_build_object('keys', jsonb_build_array(pg_temp.jwk(), jwt_auth.jwk_public(jwk))) FROM classical
$$;

INSERT INTO message_case (name, statement) VALUES
('a key made', $$SELECT string_agg(concat_ws(' ', k ->> 'kty', k ->> 'alg', length(jwt_auth.base64url_decode(k ->> 'pub')), length(jwt_auth.base64url_decode(k ->> 'priv'))), '; ') FROM unnest('{ML-DSA-44,ML-DSA-65,ML-DSA-87}'::text[]) AS a, jwt_auth.jwk_generate(a) AS k$$),
('a curve for it', $$SELECT jwt_auth.jwk_generate('ML-DSA-44', curve => 'P-256')$$),
('signed and verified', $$SELECT string_agg(jwt_auth.jwt_verify(jwt_auth.jwt_sign('{"sub": "ann"}', k), jwt_auth.jwk_public(k)) ->> 'sub', ' ') FROM unnest('{ML-DSA-44,ML-DSA-65,ML-DSA-87}'::text[]) AS a, jwt_auth.jwk_generate(a) AS k$$),
('a key of the ring', $$SELECT jwt_auth.create_signing_key('ML-DSA-65') IS NOT NULL$$),
('a rotation to it', $$SELECT jwt_auth.rotate_signing_key('ML-DSA-87') IS NOT NULL FROM jwt_auth.create_signing_key('ES256')$$),
('a JWK as text', $$SELECT jwt_auth.jwt_verify('eyJhbGciOiJNTC1EU0EtNDQifQ.e30.AAAA', pg_temp.jwk()::text)$$),
('a JWK as jsonb', $$SELECT jwt_auth.jwt_verify('eyJhbGciOiJNTC1EU0EtNDQifQ.e30.AAAA', pg_temp.jwk())$$),
('its public part', $$SELECT jwt_auth.jwk_public(pg_temp.jwk()) ->> 'alg'$$),
('a public key of another length', $$SELECT jwt_auth.jwk_public(pg_temp.jwk() || '{"pub": "AAAA"}')$$),
('a seed of another length', $$SELECT jwt_auth.jwk_public(pg_temp.jwk() || '{"priv": "AAAA"}')$$),
('a seed of another key', $$SELECT jwt_auth.jwk_public(pg_temp.jwk() || '{"priv": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}')$$),
('an algorithm that there is not', $$SELECT jwt_auth.jwk_public(pg_temp.jwk() || '{"alg": "ML-DSA-99"}')$$),
('a PEM of it', $$SELECT jwt_auth.jwk_to_pem(pg_temp.jwk()) LIKE '-----BEGIN PUBLIC KEY-----%'$$),
('a public key as PEM', $$SELECT jwt_auth.jwk_from_pem(pg_temp.pem('public', 'PUBLIC KEY')) - 'kid' = pg_temp.jwk() - 'kid'$$),
('a private key as PEM', $$SELECT jwt_auth.jwk_from_pem(pg_temp.pem('private', 'PRIVATE KEY')) ->> 'kid'$$),
('signing with a public key as PEM', $$SELECT jwt_auth.jwt_sign('{}', pg_temp.pem('public', 'PUBLIC KEY'))$$),
('a key of an algorithm that is unknown, as PEM', $$SELECT jwt_auth.jwk_from_pem(pg_temp.pem('unknown', 'PUBLIC KEY'))$$),
('DER as bytes', $$SELECT jwt_auth.jwt_sign('{}', pg_temp.der('public'))$$),
('base64 of DER', $$SELECT jwt_auth.jwt_sign('{}', encode(pg_temp.der('public'), 'base64'))$$),
('base64 of DER of an algorithm that is unknown', $$SELECT jwt_auth.jwt_sign('{}', encode(pg_temp.der('unknown'), 'base64'))$$),
('base64 of DER as the bare secret of another system', $$SELECT jwt_auth.import_signing_secret(convert_to(encode(pg_temp.der('public'), 'base64'), 'UTF8'))$$),
('imported as PEM', $$SELECT jwt_auth.import_signing_key(pg_temp.pem('private', 'PRIVATE KEY'))$$),
('imported, published and used', $$SELECT concat_ws(' ', k ->> 'kty', k ->> 'alg', k ? 'priv', jwt_auth.jwt_verify(jwt_auth.jwt_sign('{"sub": "ann"}')) ->> 'sub') FROM jwt_auth.import_signing_key(pg_temp.pem('private', 'PRIVATE KEY')), jsonb_array_elements(jwt_auth.jwks() -> 'keys') AS k$$),
('a set of it alone', $$SELECT jwt_auth.jwt_verify('eyJhbGciOiJNTC1EU0EtNDQifQ.e30.AAAA', jsonb_build_object('keys', jsonb_build_array(pg_temp.jwk())))$$),
('a set with a classical key of the same kid', $$SELECT jwt_auth.jwt_verify(jwt_auth.jwt_sign('{"sub": "ann"}', jwk), pg_temp.mixed()) ->> 'sub' FROM classical$$),
('an issuer that has nothing else', $$SELECT jwt_auth.trust_issuer('them', pg_temp.jwk())$$);
SELECT format(E'-- %s\n%s\n%s\n', name, statement, pg_temp.answer(statement)) FROM message_case ORDER BY place;
\echo -- an issuer with a classical key of the same kid
\set VERBOSITY default
BEGIN;
SELECT jwt_auth.trust_issuer('them', pg_temp.mixed());
SELECT jwt_auth.jwt_verify(jwt_auth.jwt_sign('{"iss": "them", "sub": "ann", "exp": 4102444800}', jwk)) ->> 'sub' FROM classical;
ROLLBACK;
