-- Signatures over any payload, and encryption, with keys given as arguments. Nothing here reads a table.

CREATE FUNCTION jwt_auth.jws_sign(payload bytea, key text, algorithm text DEFAULT NULL, header jsonb DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_jws_sign';
COMMENT ON FUNCTION jwt_auth.jws_sign(bytea, text, text, jsonb)
  IS 'Signs any bytes: a JWS in compact form (RFC 7515). key: JWK, JWKS, PEM or secret';
REVOKE ALL ON FUNCTION jwt_auth.jws_sign(bytea, text, text, jsonb) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jws_sign(payload bytea, key bytea, algorithm text DEFAULT NULL, header jsonb DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_jws_sign_bytea';
COMMENT ON FUNCTION jwt_auth.jws_sign(bytea, bytea, text, jsonb)
  IS 'Signs any bytes with an HMAC secret of arbitrary bytes (RFC 7518 section 3.2)';
REVOKE ALL ON FUNCTION jwt_auth.jws_sign(bytea, bytea, text, jsonb) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jws_sign(payload bytea, key jsonb, algorithm text DEFAULT NULL, header jsonb DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_jws_sign_jsonb';
COMMENT ON FUNCTION jwt_auth.jws_sign(bytea, jsonb, text, jsonb)
  IS 'Signs any bytes with a key that is a JWK or a JWK set';
REVOKE ALL ON FUNCTION jwt_auth.jws_sign(bytea, jsonb, text, jsonb) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jws_verify(token text, key text, algorithms text[] DEFAULT NULL)
RETURNS bytea LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_jws_verify';
COMMENT ON FUNCTION jwt_auth.jws_verify(text, text, text[])
  IS 'The payload of a JWS whose signature verifies, whatever it is; an error of class JW otherwise. Claims are not looked at';
REVOKE ALL ON FUNCTION jwt_auth.jws_verify(text, text, text[]) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jws_verify(token text, key bytea, algorithms text[] DEFAULT NULL)
RETURNS bytea LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_jws_verify_bytea';
COMMENT ON FUNCTION jwt_auth.jws_verify(text, bytea, text[])
  IS 'The payload of a JWS that verifies with an HMAC secret of arbitrary bytes; an error of class JW otherwise';
REVOKE ALL ON FUNCTION jwt_auth.jws_verify(text, bytea, text[]) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jws_verify(token text, key jsonb, algorithms text[] DEFAULT NULL)
RETURNS bytea LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_jws_verify_jsonb';
COMMENT ON FUNCTION jwt_auth.jws_verify(text, jsonb, text[])
  IS 'The payload of a JWS that verifies with a JWK or a JWK set; an error of class JW otherwise';
REVOKE ALL ON FUNCTION jwt_auth.jws_verify(text, jsonb, text[]) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jwe_encrypt(plaintext bytea, key text, algorithm text, encryption text, header jsonb DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_jwe_encrypt';
COMMENT ON FUNCTION jwt_auth.jwe_encrypt(bytea, text, text, text, jsonb)
  IS 'Encrypts any bytes: a JWE in compact form (RFC 7516). algorithm and encryption NULL: as the key says. key: JWK, JWKS, PEM, AES key or password';
REVOKE ALL ON FUNCTION jwt_auth.jwe_encrypt(bytea, text, text, text, jsonb) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jwe_encrypt(plaintext bytea, key bytea, algorithm text, encryption text, header jsonb DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_jwe_encrypt_bytea';
COMMENT ON FUNCTION jwt_auth.jwe_encrypt(bytea, bytea, text, text, jsonb)
  IS 'Encrypts any bytes with an AES key or a password of arbitrary bytes (RFC 7518 section 4)';
REVOKE ALL ON FUNCTION jwt_auth.jwe_encrypt(bytea, bytea, text, text, jsonb) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jwe_encrypt(plaintext bytea, key jsonb, algorithm text, encryption text, header jsonb DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_jwe_encrypt_jsonb';
COMMENT ON FUNCTION jwt_auth.jwe_encrypt(bytea, jsonb, text, text, jsonb)
  IS 'Encrypts any bytes for a key that is a JWK or a JWK set';
REVOKE ALL ON FUNCTION jwt_auth.jwe_encrypt(bytea, jsonb, text, text, jsonb) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jwe_decrypt(token text, key text, algorithms text[] DEFAULT NULL, encryptions text[] DEFAULT NULL)
RETURNS bytea LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_jwe_decrypt';
COMMENT ON FUNCTION jwt_auth.jwe_decrypt(text, text, text[], text[])
  IS 'What a JWE holds; an error of class JW otherwise. A password needs a PBES2 name in algorithms or in its JWK''s alg';
REVOKE ALL ON FUNCTION jwt_auth.jwe_decrypt(text, text, text[], text[]) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jwe_decrypt(token text, key bytea, algorithms text[] DEFAULT NULL, encryptions text[] DEFAULT NULL)
RETURNS bytea LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_jwe_decrypt_bytea';
COMMENT ON FUNCTION jwt_auth.jwe_decrypt(text, bytea, text[], text[])
  IS 'What a JWE holds that an AES key or a password of arbitrary bytes opens; an error of class JW otherwise';
REVOKE ALL ON FUNCTION jwt_auth.jwe_decrypt(text, bytea, text[], text[]) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jwe_decrypt(token text, key jsonb, algorithms text[] DEFAULT NULL, encryptions text[] DEFAULT NULL)
RETURNS bytea LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_jwe_decrypt_jsonb';
COMMENT ON FUNCTION jwt_auth.jwe_decrypt(text, jsonb, text[], text[])
  IS 'What a JWE holds that a JWK or a key of a JWK set opens; an error of class JW otherwise';
REVOKE ALL ON FUNCTION jwt_auth.jwe_decrypt(text, jsonb, text[], text[]) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jwt_encrypt(claims jsonb, signing_key text, encryption_key text, algorithm text DEFAULT NULL,
                                     key_algorithm text DEFAULT NULL, encryption text DEFAULT 'A256GCM', header jsonb DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_encrypt';
COMMENT ON FUNCTION jwt_auth.jwt_encrypt(jsonb, text, text, text, text, text, jsonb)
  IS 'A nested JWT (RFC 7519 section 5.2): the claims signed, then encrypted. key_algorithm NULL: as the encryption key says; header is the outer one';
REVOKE ALL ON FUNCTION jwt_auth.jwt_encrypt(jsonb, text, text, text, text, text, jsonb) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jwt_encrypt(claims jsonb, signing_key bytea, encryption_key bytea, algorithm text DEFAULT NULL,
                                     key_algorithm text DEFAULT NULL, encryption text DEFAULT 'A256GCM', header jsonb DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_encrypt_bytea';
COMMENT ON FUNCTION jwt_auth.jwt_encrypt(jsonb, bytea, bytea, text, text, text, jsonb)
  IS 'A nested JWT under two secrets of arbitrary bytes';
REVOKE ALL ON FUNCTION jwt_auth.jwt_encrypt(jsonb, bytea, bytea, text, text, text, jsonb) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jwt_encrypt(claims jsonb, signing_key jsonb, encryption_key jsonb, algorithm text DEFAULT NULL,
                                     key_algorithm text DEFAULT NULL, encryption text DEFAULT 'A256GCM', header jsonb DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_encrypt_jsonb';
COMMENT ON FUNCTION jwt_auth.jwt_encrypt(jsonb, jsonb, jsonb, text, text, text, jsonb)
  IS 'A nested JWT under two keys that are JWKs or JWK sets';
REVOKE ALL ON FUNCTION jwt_auth.jwt_encrypt(jsonb, jsonb, jsonb, text, text, text, jsonb) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jwt_decrypt(token text, encryption_key text, signing_key text, algorithms text[] DEFAULT NULL,
                                     issuer text DEFAULT NULL, audience text DEFAULT NULL, leeway interval DEFAULT '0',
                                     key_algorithms text[] DEFAULT NULL, encryptions text[] DEFAULT NULL)
RETURNS jsonb LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_decrypt';
COMMENT ON FUNCTION jwt_auth.jwt_decrypt(text, text, text, text[], text, text, interval, text[], text[])
  IS 'The claims of a nested JWT: decrypted, then verified as jwt_verify does. The inner signature is always checked';
REVOKE ALL ON FUNCTION jwt_auth.jwt_decrypt(text, text, text, text[], text, text, interval, text[], text[]) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jwt_decrypt(token text, encryption_key bytea, signing_key bytea, algorithms text[] DEFAULT NULL,
                                     issuer text DEFAULT NULL, audience text DEFAULT NULL, leeway interval DEFAULT '0',
                                     key_algorithms text[] DEFAULT NULL, encryptions text[] DEFAULT NULL)
RETURNS jsonb LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_decrypt_bytea';
COMMENT ON FUNCTION jwt_auth.jwt_decrypt(text, bytea, bytea, text[], text, text, interval, text[], text[])
  IS 'The claims of a nested JWT under two secrets of arbitrary bytes';
REVOKE ALL ON FUNCTION jwt_auth.jwt_decrypt(text, bytea, bytea, text[], text, text, interval, text[], text[]) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jwt_decrypt(token text, encryption_key jsonb, signing_key jsonb, algorithms text[] DEFAULT NULL,
                                     issuer text DEFAULT NULL, audience text DEFAULT NULL, leeway interval DEFAULT '0',
                                     key_algorithms text[] DEFAULT NULL, encryptions text[] DEFAULT NULL)
RETURNS jsonb LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_decrypt_jsonb';
COMMENT ON FUNCTION jwt_auth.jwt_decrypt(text, jsonb, jsonb, text[], text, text, interval, text[], text[])
  IS 'The claims of a nested JWT under two keys that are JWKs or JWK sets';
REVOKE ALL ON FUNCTION jwt_auth.jwt_decrypt(text, jsonb, jsonb, text[], text, text, interval, text[], text[]) FROM PUBLIC;
