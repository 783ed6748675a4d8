-- Tokens and keys given as arguments. Nothing here reads a table.

CREATE FUNCTION jwt_auth.jwt_sign(claims jsonb, key text, algorithm text DEFAULT NULL, header jsonb DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_sign';
COMMENT ON FUNCTION jwt_auth.jwt_sign(jsonb, text, text, jsonb)
  IS 'Signs the claims as they are: a JWT in compact form (RFC 7519, RFC 7515). key: JWK, JWKS, PEM or secret';
REVOKE ALL ON FUNCTION jwt_auth.jwt_sign(jsonb, text, text, jsonb) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jwt_sign(claims jsonb, key bytea, algorithm text DEFAULT NULL, header jsonb DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_sign_bytea';
COMMENT ON FUNCTION jwt_auth.jwt_sign(jsonb, bytea, text, jsonb)
  IS 'Signs the claims as they are with an HMAC secret of arbitrary bytes (RFC 7518 section 3.2)';
REVOKE ALL ON FUNCTION jwt_auth.jwt_sign(jsonb, bytea, text, jsonb) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jwt_sign(claims jsonb, key jsonb, algorithm text DEFAULT NULL, header jsonb DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_sign_jsonb';
COMMENT ON FUNCTION jwt_auth.jwt_sign(jsonb, jsonb, text, jsonb)
  IS 'Signs the claims as they are with a key that is a JWK or a JWK set';
REVOKE ALL ON FUNCTION jwt_auth.jwt_sign(jsonb, jsonb, text, jsonb) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jwt_verify(token text, key text, algorithms text[] DEFAULT NULL, issuer text DEFAULT NULL,
                                    audience text DEFAULT NULL, leeway interval DEFAULT '0', type text DEFAULT NULL)
RETURNS jsonb LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_verify';
COMMENT ON FUNCTION jwt_auth.jwt_verify(text, text, text[], text, text, interval, text)
  IS 'The claims of a token whose signature, times, issuer and audience hold (RFC 7519 section 7.2), and whose type (typ) is the given one, if one is given; an error of class JW otherwise';
REVOKE ALL ON FUNCTION jwt_auth.jwt_verify(text, text, text[], text, text, interval, text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jwt_verify(token text, key bytea, algorithms text[] DEFAULT NULL, issuer text DEFAULT NULL,
                                    audience text DEFAULT NULL, leeway interval DEFAULT '0', type text DEFAULT NULL)
RETURNS jsonb LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_verify_bytea';
COMMENT ON FUNCTION jwt_auth.jwt_verify(text, bytea, text[], text, text, interval, text)
  IS 'The claims of a token that verifies with an HMAC secret of arbitrary bytes; an error of class JW otherwise';
REVOKE ALL ON FUNCTION jwt_auth.jwt_verify(text, bytea, text[], text, text, interval, text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jwt_verify(token text, key jsonb, algorithms text[] DEFAULT NULL, issuer text DEFAULT NULL,
                                    audience text DEFAULT NULL, leeway interval DEFAULT '0', type text DEFAULT NULL)
RETURNS jsonb LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_verify_jsonb';
COMMENT ON FUNCTION jwt_auth.jwt_verify(text, jsonb, text[], text, text, interval, text)
  IS 'The claims of a token that verifies with a JWK or a JWK set; an error of class JW otherwise';
REVOKE ALL ON FUNCTION jwt_auth.jwt_verify(text, jsonb, text[], text, text, interval, text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jwt_try_verify(token text, key text, algorithms text[] DEFAULT NULL, issuer text DEFAULT NULL,
                                        audience text DEFAULT NULL, leeway interval DEFAULT '0', type text DEFAULT NULL,
                                        OUT valid boolean, OUT claims jsonb, OUT error_code text, OUT error_message text)
LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_try_verify';
COMMENT ON FUNCTION jwt_auth.jwt_try_verify(text, text, text[], text, text, interval, text)
  IS 'jwt_verify that answers a row: valid is never NULL, claims are NULL unless valid, error_code is the SQLSTATE of the refusal. What is not the token''s fault is raised, such as a key that cannot be used';
REVOKE ALL ON FUNCTION jwt_auth.jwt_try_verify(text, text, text[], text, text, interval, text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jwt_try_verify(token text, key bytea, algorithms text[] DEFAULT NULL, issuer text DEFAULT NULL,
                                        audience text DEFAULT NULL, leeway interval DEFAULT '0', type text DEFAULT NULL,
                                        OUT valid boolean, OUT claims jsonb, OUT error_code text, OUT error_message text)
LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_try_verify_bytea';
COMMENT ON FUNCTION jwt_auth.jwt_try_verify(text, bytea, text[], text, text, interval, text)
  IS 'jwt_verify with an HMAC secret of arbitrary bytes that answers a row instead of raising';
REVOKE ALL ON FUNCTION jwt_auth.jwt_try_verify(text, bytea, text[], text, text, interval, text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jwt_try_verify(token text, key jsonb, algorithms text[] DEFAULT NULL, issuer text DEFAULT NULL,
                                        audience text DEFAULT NULL, leeway interval DEFAULT '0', type text DEFAULT NULL,
                                        OUT valid boolean, OUT claims jsonb, OUT error_code text, OUT error_message text)
LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_try_verify_jsonb';
COMMENT ON FUNCTION jwt_auth.jwt_try_verify(text, jsonb, text[], text, text, interval, text)
  IS 'jwt_verify with a JWK or a JWK set that answers a row instead of raising';
REVOKE ALL ON FUNCTION jwt_auth.jwt_try_verify(text, jsonb, text[], text, text, interval, text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jwt_decode_unverified(token text, OUT header jsonb, OUT payload jsonb)
LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_decode_unverified';
COMMENT ON FUNCTION jwt_auth.jwt_decode_unverified(text)
  IS 'What a token says, for debugging. Nothing is verified: never base a decision on it';

CREATE FUNCTION jwt_auth.jwk_generate(algorithm text, curve text DEFAULT NULL, rsa_bits integer DEFAULT 2048, kid text DEFAULT NULL)
RETURNS jsonb LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_jwk_generate';
COMMENT ON FUNCTION jwt_auth.jwk_generate(text, text, integer, text)
  IS 'A fresh private key for the algorithm as a JWK (RFC 7517). kid: the RFC 7638 thumbprint unless given';
REVOKE ALL ON FUNCTION jwt_auth.jwk_generate(text, text, integer, text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jwk_public(jwk jsonb)
RETURNS jsonb LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_jwk_public';
COMMENT ON FUNCTION jwt_auth.jwk_public(jsonb) IS 'The public part of a JWK; an error for a symmetric key, which has none';
REVOKE ALL ON FUNCTION jwt_auth.jwk_public(jsonb) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jwk_thumbprint(jwk jsonb)
RETURNS text LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_jwk_thumbprint';
COMMENT ON FUNCTION jwt_auth.jwk_thumbprint(jsonb) IS 'SHA-256 thumbprint of a JWK in base64url (RFC 7638)';
REVOKE ALL ON FUNCTION jwt_auth.jwk_thumbprint(jsonb) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jwk_from_pem(pem text, kid text DEFAULT NULL, algorithm text DEFAULT NULL)
RETURNS jsonb LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_jwk_from_pem';
COMMENT ON FUNCTION jwt_auth.jwk_from_pem(text, text, text)
  IS 'A PEM key (SPKI, PKCS#8, PKCS#1, SEC1, or a certificate''s public key) as a JWK';
REVOKE ALL ON FUNCTION jwt_auth.jwk_from_pem(text, text, text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jwk_to_pem(jwk jsonb)
RETURNS text LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_jwk_to_pem';
COMMENT ON FUNCTION jwt_auth.jwk_to_pem(jsonb) IS 'A JWK as PEM: PKCS#8 for a private key, SPKI for a public one';
REVOKE ALL ON FUNCTION jwt_auth.jwk_to_pem(jsonb) FROM PUBLIC;

CREATE FUNCTION jwt_auth.base64url_encode(data bytea)
RETURNS text LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_base64url_encode';
COMMENT ON FUNCTION jwt_auth.base64url_encode(bytea) IS 'base64url without padding (RFC 4648 section 5)';

CREATE FUNCTION jwt_auth.base64url_decode(data text)
RETURNS bytea LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_base64url_decode';
COMMENT ON FUNCTION jwt_auth.base64url_decode(text) IS 'Strict base64url without padding (RFC 4648 section 5); 22023 otherwise';
