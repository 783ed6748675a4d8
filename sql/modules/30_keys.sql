-- The keyring's functions, and tokens signed and verified with it.

CREATE FUNCTION jwt_auth.create_signing_key(algorithm text DEFAULT 'ES256', activate boolean DEFAULT true)
RETURNS text LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_create_signing_key';
COMMENT ON FUNCTION jwt_auth.create_signing_key(text, boolean)
  IS 'Makes a key for the algorithm and answers its kid. activate false: pending, published by jwks() but not yet used';
REVOKE ALL ON FUNCTION jwt_auth.create_signing_key(text, boolean) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jwks()
RETURNS jsonb LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_jwks';
COMMENT ON FUNCTION jwt_auth.jwks()
  IS 'The public keys that verify our tokens, as a JWK set (RFC 7517 section 5): what goes to /.well-known/jwks.json';
REVOKE ALL ON FUNCTION jwt_auth.jwks() FROM PUBLIC;

CREATE FUNCTION jwt_auth.jwt_sign(claims jsonb)
RETURNS text LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_sign_ring';
COMMENT ON FUNCTION jwt_auth.jwt_sign(jsonb)
  IS 'Signs the claims with the active key; iat, exp, iss, aud and jti are filled in where absent';
REVOKE ALL ON FUNCTION jwt_auth.jwt_sign(jsonb) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jwt_verify(token text)
RETURNS jsonb LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_verify_ring';
COMMENT ON FUNCTION jwt_auth.jwt_verify(text)
  IS 'The claims of a token of the keyring or of a trusted issuer, if it is good now: not revoked, not denied, its session alive';
REVOKE ALL ON FUNCTION jwt_auth.jwt_verify(text) FROM PUBLIC;
