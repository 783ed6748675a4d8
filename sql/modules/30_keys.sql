-- The keyring's functions, and tokens signed and verified with it.

CREATE FUNCTION jwt_auth.create_signing_key(algorithm text DEFAULT 'ES256', activate boolean DEFAULT true)
RETURNS text LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_create_signing_key';
COMMENT ON FUNCTION jwt_auth.create_signing_key(text, boolean)
  IS 'Makes a key for the algorithm and answers its kid. activate false: pending, published by jwks() but not yet used';
REVOKE ALL ON FUNCTION jwt_auth.create_signing_key(text, boolean) FROM PUBLIC;

CREATE FUNCTION jwt_auth.import_signing_key(key text, activate boolean DEFAULT NULL, verify_until timestamptz DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_import_signing_key';
COMMENT ON FUNCTION jwt_auth.import_signing_key(text, boolean, timestamptz)
  IS 'Takes over a private key (JWK or PEM) and answers its kid. activate NULL: if no key is active. verify_until: no rotation ends it before; NULL: none ends it at all. SQL text is often logged: import_signing_key_from_file() is safer';
REVOKE ALL ON FUNCTION jwt_auth.import_signing_key(text, boolean, timestamptz) FROM PUBLIC;

CREATE FUNCTION jwt_auth.import_signing_key_from_file(path text, activate boolean DEFAULT NULL, verify_until timestamptz DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_import_signing_key_from_file';
COMMENT ON FUNCTION jwt_auth.import_signing_key_from_file(text, boolean, timestamptz)
  IS 'import_signing_key() of a file on the server, for those with the privileges of pg_read_server_files';
REVOKE ALL ON FUNCTION jwt_auth.import_signing_key_from_file(text, boolean, timestamptz) FROM PUBLIC;

CREATE FUNCTION jwt_auth.import_signing_secret(secret bytea, algorithm text DEFAULT 'HS256', activate boolean DEFAULT NULL,
                                               verify_until timestamptz DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_import_signing_secret';
COMMENT ON FUNCTION jwt_auth.import_signing_secret(bytea, text, boolean, timestamptz)
  IS 'import_signing_key() of a bare secret (HS256, HS384, HS512), as the bytes that the other system signs with: base64 text is decoded first only if that system does so';
REVOKE ALL ON FUNCTION jwt_auth.import_signing_secret(bytea, text, boolean, timestamptz) FROM PUBLIC;

CREATE FUNCTION jwt_auth.rotate_signing_key(algorithm text DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_rotate_signing_key';
COMMENT ON FUNCTION jwt_auth.rotate_signing_key(text)
  IS 'Makes the pending key the active one, or else a new one of this or the active key''s algorithm, and answers its kid. The old key verifies until its tokens have run out';
REVOKE ALL ON FUNCTION jwt_auth.rotate_signing_key(text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.retire_signing_key(kid text)
RETURNS void LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_retire_signing_key';
COMMENT ON FUNCTION jwt_auth.retire_signing_key(text)
  IS 'Ends a key at once: what it signed no longer verifies, and its private part is deleted. For a compromised key';
REVOKE ALL ON FUNCTION jwt_auth.retire_signing_key(text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.seal_signing_keys()
RETURNS integer LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_seal_signing_keys';
COMMENT ON FUNCTION jwt_auth.seal_signing_keys()
  IS 'Seals the private keys that are not yet sealed with the key in jwt_auth.key_encryption_key_file; how many. Opens with the previous file what was sealed before';
REVOKE ALL ON FUNCTION jwt_auth.seal_signing_keys() FROM PUBLIC;

-- While the library is exchanged, sessions with the one of version 1 still call it.
CREATE FUNCTION jwt_auth.private_jwk_in_transit()
RETURNS text LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_private_jwk_in_transit';
COMMENT ON FUNCTION jwt_auth.private_jwk_in_transit()
  IS 'Internal to versions before 2.0: how a private key got into signing_key without being a parameter that could be logged. Always 55000';
REVOKE ALL ON FUNCTION jwt_auth.private_jwk_in_transit() FROM PUBLIC;

CREATE FUNCTION jwt_auth.trust_issuer(issuer text, jwks jsonb, audience text DEFAULT NULL, audiences text[] DEFAULT NULL,
                                      token_types text[] DEFAULT NULL, subjects text DEFAULT 'foreign', roles text[] DEFAULT NULL)
RETURNS void LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_trust_issuer';
COMMENT ON FUNCTION jwt_auth.trust_issuer(text, jsonb, text, text[], text[], text, text[])
  IS 'From now on jwt_verify(token) accepts tokens of this issuer (iss) that verify with the keys of its JWK set and are meant for an audience that is named (none: jwt_auth.audience). token_types: types that pass for an access token. subjects: ours if its sub is the id of a user of ours, foreign if not. roles: roles that its tokens may name. Replaces what was there';
REVOKE ALL ON FUNCTION jwt_auth.trust_issuer(text, jsonb, text, text[], text[], text, text[]) FROM PUBLIC;

CREATE FUNCTION jwt_auth.distrust_issuer(issuer text)
RETURNS boolean LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_distrust_issuer';
COMMENT ON FUNCTION jwt_auth.distrust_issuer(text) IS 'Refuses this issuer''s tokens from now on; whether it was trusted';
REVOKE ALL ON FUNCTION jwt_auth.distrust_issuer(text) FROM PUBLIC;

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
