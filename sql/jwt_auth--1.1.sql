-- jwt_auth: built from sql/modules by make.
\echo Use "CREATE EXTENSION jwt_auth" to load this file. \quit

DO $$
BEGIN
  IF pg_catalog.getdatabaseencoding() OPERATOR(pg_catalog.<>) 'UTF8' THEN
    RAISE EXCEPTION 'jwt_auth needs a database with UTF8 encoding, this one has %', pg_catalog.getdatabaseencoding()
      USING ERRCODE = 'feature_not_supported', DETAIL = 'JSON Web Tokens are UTF-8 (RFC 7519, RFC 8259 section 8.1).';
  END IF;
END $$;

CREATE SCHEMA jwt_auth;
COMMENT ON SCHEMA jwt_auth IS 'JSON Web Tokens, signing keys and refresh sessions';
-- What the session authority remembers. Rows of a user carry user_key, the first four bytes of SHA-256 over issuer, a zero byte
-- and user id, so that they can be distributed on it. Fixed-width columns come first, mutable ones together; fillfactor leaves
-- room for updates in place, and no column that changes in them is indexed.

-- Domains, not checks of the tables: those are read and compiled anew by every statement that writes.
CREATE DOMAIN jwt_auth.session_limit AS integer CHECK (VALUE >= 0);
COMMENT ON DOMAIN jwt_auth.session_limit IS 'How many sessions a user may have; 0 is no limit';
CREATE DOMAIN jwt_auth.ip_binding AS text CHECK (VALUE IN ('off', 'log', 'subnet', 'exact'));
COMMENT ON DOMAIN jwt_auth.ip_binding IS 'What becomes of a token that comes from another address';
CREATE DOMAIN jwt_auth.fingerprint_binding AS text CHECK (VALUE IN ('off', 'log', 'exact'));
COMMENT ON DOMAIN jwt_auth.fingerprint_binding IS 'What becomes of a token that comes with another fingerprint';
CREATE DOMAIN jwt_auth.event_name AS text CHECK (VALUE IN (
  'login', 'limit_reached', 'evicted', 'refreshed', 'replay_elsewhere', 'reuse_detected', 'unknown_rotation', 'ip_mismatch',
  'fingerprint_mismatch', 'expired', 'logout', 'session_revoked', 'others_revoked', 'user_revoked', 'all_revoked',
  'token_denied', 'token_consumed', 'policy_changed', 'key_created', 'key_rotated', 'key_retired', 'issuer_trusted',
  'issuer_distrusted'));
COMMENT ON DOMAIN jwt_auth.event_name IS 'What jwt_auth.auth_event tells: a closed list';

CREATE TABLE jwt_auth.account (
  user_key            integer NOT NULL,
  max_sessions        jwt_auth.session_limit,
  last_login          timestamptz,
  not_before          timestamptz,
  issuer              text COLLATE "C" NOT NULL,
  user_id             text COLLATE "C" NOT NULL,
  ip_binding          jwt_auth.ip_binding,
  fingerprint_binding jwt_auth.fingerprint_binding,
  PRIMARY KEY (user_key, issuer, user_id)
) WITH (fillfactor = 80);
COMMENT ON TABLE jwt_auth.account IS 'Per issuer and user: the cutoff of their tokens, and policies that differ from the settings';
COMMENT ON COLUMN jwt_auth.account.issuer IS 'Empty for our own users';
COMMENT ON COLUMN jwt_auth.account.not_before IS 'No session and no token from before this time is good';

CREATE TABLE jwt_auth.refresh_session (
  session_id       uuid NOT NULL,
  user_key         integer NOT NULL,
  purge_after      date NOT NULL,
  created_at       timestamptz NOT NULL,
  ends_at          timestamptz NOT NULL,
  idle_ends_at     timestamptz NOT NULL,
  refreshed_at     timestamptz NOT NULL,
  generation       integer NOT NULL,
  has_data         boolean NOT NULL,
  current_hash     bytea NOT NULL,
  previous_hash    bytea,
  nonce            bytea,
  ip               inet,
  fingerprint      bytea,
  user_agent       text,
  family_hash      bytea NOT NULL,
  login_ip         inet,
  login_fingerprint bytea,
  user_id          text COLLATE "C" NOT NULL,
  PRIMARY KEY (session_id, user_key)
) WITH (fillfactor = 70);
CREATE INDEX refresh_session_user_key ON jwt_auth.refresh_session (user_key);
CREATE INDEX refresh_session_purge_after ON jwt_auth.refresh_session (purge_after);
ALTER TABLE jwt_auth.refresh_session ALTER current_hash SET STORAGE PLAIN, ALTER previous_hash SET STORAGE PLAIN,
  ALTER nonce SET STORAGE PLAIN, ALTER fingerprint SET STORAGE PLAIN, ALTER family_hash SET STORAGE PLAIN,
  ALTER login_fingerprint SET STORAGE PLAIN;
COMMENT ON TABLE jwt_auth.refresh_session IS 'One row per log-in, updated in place at each refresh. Deleted: ended';
COMMENT ON COLUMN jwt_auth.refresh_session.purge_after
  IS 'A day on which the session may have ended: where clean-up looks, and moves it if the session lives on. A refresh does not';
COMMENT ON COLUMN jwt_auth.refresh_session.current_hash IS 'SHA-256 of the secret of the current refresh token';
COMMENT ON COLUMN jwt_auth.refresh_session.nonce
  IS 'With the previous token, and only with it, gives the current one again: for a client that lost the answer';
COMMENT ON COLUMN jwt_auth.refresh_session.ip IS 'Address of the last refresh; login_ip is what the session is bound to';

CREATE TABLE jwt_auth.session_data (
  session_id uuid NOT NULL,
  user_key   integer NOT NULL,
  claims     jsonb,
  metadata   jsonb,
  PRIMARY KEY (session_id, user_key)
);
COMMENT ON TABLE jwt_auth.session_data IS 'Claims and metadata that were given at log-in, apart so that a refresh does not rewrite them';

CREATE TABLE jwt_auth.denied_token (
  user_key   integer NOT NULL,
  denied_at  timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  token_id   bytea NOT NULL,
  issuer     text COLLATE "C" NOT NULL,
  reason     text,
  PRIMARY KEY (user_key, token_id)
);
CREATE INDEX denied_token_expires_at ON jwt_auth.denied_token (expires_at);
COMMENT ON TABLE jwt_auth.denied_token IS 'Access tokens that are refused until they would have expired anyway';
COMMENT ON COLUMN jwt_auth.denied_token.token_id IS 'SHA-256 over issuer and jti, or over issuer and signing input of a token without jti';

CREATE TABLE jwt_auth.auth_event (
  id         bigint GENERATED ALWAYS AS IDENTITY,
  at         timestamptz NOT NULL,
  session_id uuid,
  event      jwt_auth.event_name NOT NULL,
  user_id    text COLLATE "C",
  ip         inet,
  user_agent text,
  detail     jsonb
);
CREATE INDEX auth_event_at ON jwt_auth.auth_event USING brin (at);
CREATE INDEX auth_event_session_id ON jwt_auth.auth_event (session_id) WHERE session_id IS NOT NULL;
COMMENT ON TABLE jwt_auth.auth_event IS 'Audit: what happened to sessions, tokens and keys. Nothing in here opens anything';

REVOKE ALL ON jwt_auth.account, jwt_auth.refresh_session, jwt_auth.session_data, jwt_auth.denied_token, jwt_auth.auth_event
  FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('jwt_auth.account', '');
SELECT pg_catalog.pg_extension_config_dump('jwt_auth.refresh_session', '');
SELECT pg_catalog.pg_extension_config_dump('jwt_auth.session_data', '');
SELECT pg_catalog.pg_extension_config_dump('jwt_auth.denied_token', '');
SELECT pg_catalog.pg_extension_config_dump('jwt_auth.auth_event', '');
SELECT pg_catalog.pg_extension_config_dump('jwt_auth.auth_event_id_seq', '');

CREATE TYPE jwt_auth.token_response AS (
  status             text,
  access_token       text,
  access_expires_at  timestamptz,
  refresh_token      text,
  refresh_expires_at timestamptz,
  session_id         uuid,
  user_id            text,
  evicted_sessions   uuid[]
);
COMMENT ON TYPE jwt_auth.token_response
  IS 'Answer of a log-in or a refresh. Tokens are NULL unless status is ok or replayed (RFC 6749 section 5.1)';
-- The keyring, the issuers whose tokens are accepted beside our own, and the cutoff for everybody. Small tables that each
-- backend keeps a parsed copy of; the row trigger tells all backends to drop it, at commit and not on rollback.

CREATE TABLE jwt_auth.signing_key (
  kid          text COLLATE "C" PRIMARY KEY CHECK (kid <> '' AND octet_length(kid) <= 512),
  algorithm    text NOT NULL,
  state        text NOT NULL CHECK (state IN ('pending', 'active', 'verify_only', 'retired')),
  public_jwk   jsonb,
  private_jwk  text,
  created_at   timestamptz NOT NULL,
  activated_at timestamptz,
  rotated_at   timestamptz,
  retired_at   timestamptz,
  verify_until timestamptz,
  token_ttl    integer NOT NULL DEFAULT 0,
  tokens_until timestamptz
);
CREATE UNIQUE INDEX signing_key_one_active ON jwt_auth.signing_key (state) WHERE state = 'active';
COMMENT ON TABLE jwt_auth.signing_key IS 'Keys that sign and verify tokens: at most one is active';
COMMENT ON COLUMN jwt_auth.signing_key.public_jwk IS 'Public JWK (RFC 7517); NULL for HMAC keys, which have no public part';
COMMENT ON COLUMN jwt_auth.signing_key.private_jwk
  IS 'Private JWK, as an encrypted JWK (RFC 7517 section 7) where jwt_auth.key_encryption_key_file is set; NULL once retired';
COMMENT ON COLUMN jwt_auth.signing_key.verify_until
  IS 'When the last token that this key signed has surely run out; set at rotation';
COMMENT ON COLUMN jwt_auth.signing_key.token_ttl
  IS 'Longest jwt_auth.access_token_ttl, in seconds, that this key signed under';
COMMENT ON COLUMN jwt_auth.signing_key.tokens_until
  IS 'When the longest-lived token that this key signed beyond token_ttl has run out, rounded up; NULL: there is none';

CREATE VIEW jwt_auth.signing_keys AS
  SELECT kid, algorithm, state, public_jwk, left(private_jwk, 1) <> '{' AS sealed,
         created_at, activated_at, rotated_at, verify_until, retired_at
  FROM jwt_auth.signing_key;
COMMENT ON VIEW jwt_auth.signing_keys IS 'The keyring without its private parts';
COMMENT ON COLUMN jwt_auth.signing_keys.sealed
  IS 'Whether the private part is encrypted with the key-encryption key; NULL where there is no private part (any more)';

CREATE TABLE jwt_auth.trusted_issuer (
  issuer     text COLLATE "C" PRIMARY KEY CHECK (issuer <> ''),
  jwks       jsonb NOT NULL,
  audience   text,
  created_at timestamptz NOT NULL
);
COMMENT ON TABLE jwt_auth.trusted_issuer IS 'Issuers whose tokens are verified with their own public keys';

CREATE TABLE jwt_auth.cutoff (
  only_row   boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  not_before timestamptz NOT NULL
);
COMMENT ON TABLE jwt_auth.cutoff IS 'The cutoff for everybody: no session and no token from before it is good';

REVOKE ALL ON jwt_auth.signing_key, jwt_auth.signing_keys, jwt_auth.trusted_issuer, jwt_auth.cutoff FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('jwt_auth.signing_key', '');
SELECT pg_catalog.pg_extension_config_dump('jwt_auth.trusted_issuer', '');
SELECT pg_catalog.pg_extension_config_dump('jwt_auth.cutoff', '');

CREATE FUNCTION jwt_auth.keyring_changed() RETURNS trigger
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_keyring_changed';
COMMENT ON FUNCTION jwt_auth.keyring_changed() IS 'Makes every backend read the keyring anew once the change commits';
REVOKE ALL ON FUNCTION jwt_auth.keyring_changed() FROM PUBLIC;

-- For each row and always: a standby, logical apply and a DBA's own UPDATE are to be noticed as well.
CREATE TRIGGER keyring_changed AFTER INSERT OR UPDATE OR DELETE ON jwt_auth.signing_key
  FOR EACH ROW EXECUTE FUNCTION jwt_auth.keyring_changed();
CREATE TRIGGER keyring_truncated AFTER TRUNCATE ON jwt_auth.signing_key
  FOR EACH STATEMENT EXECUTE FUNCTION jwt_auth.keyring_changed();
CREATE TRIGGER keyring_changed AFTER INSERT OR UPDATE OR DELETE ON jwt_auth.trusted_issuer
  FOR EACH ROW EXECUTE FUNCTION jwt_auth.keyring_changed();
CREATE TRIGGER keyring_truncated AFTER TRUNCATE ON jwt_auth.trusted_issuer
  FOR EACH STATEMENT EXECUTE FUNCTION jwt_auth.keyring_changed();
CREATE TRIGGER keyring_changed AFTER INSERT OR UPDATE OR DELETE ON jwt_auth.cutoff
  FOR EACH ROW EXECUTE FUNCTION jwt_auth.keyring_changed();
CREATE TRIGGER keyring_truncated AFTER TRUNCATE ON jwt_auth.cutoff
  FOR EACH STATEMENT EXECUTE FUNCTION jwt_auth.keyring_changed();
ALTER TABLE jwt_auth.signing_key ENABLE ALWAYS TRIGGER keyring_changed;
ALTER TABLE jwt_auth.signing_key ENABLE ALWAYS TRIGGER keyring_truncated;
ALTER TABLE jwt_auth.trusted_issuer ENABLE ALWAYS TRIGGER keyring_changed;
ALTER TABLE jwt_auth.trusted_issuer ENABLE ALWAYS TRIGGER keyring_truncated;
ALTER TABLE jwt_auth.cutoff ENABLE ALWAYS TRIGGER keyring_changed;
ALTER TABLE jwt_auth.cutoff ENABLE ALWAYS TRIGGER keyring_truncated;

CREATE FUNCTION jwt_auth.signing_key_demoted() RETURNS trigger
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_signing_key_demoted';
COMMENT ON FUNCTION jwt_auth.signing_key_demoted() IS 'Lets a key verify what it signed until the commit of its rotation';
REVOKE ALL ON FUNCTION jwt_auth.signing_key_demoted() FROM PUBLIC;

-- At commit: until then others sign with the old key.
CREATE CONSTRAINT TRIGGER signing_key_demoted AFTER UPDATE OF state ON jwt_auth.signing_key
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.state = 'active' AND NEW.state = 'verify_only')
  EXECUTE FUNCTION jwt_auth.signing_key_demoted();
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

CREATE FUNCTION jwt_auth.jwt_verify(token text, key text, algorithms text[] DEFAULT NULL, issuer text DEFAULT NULL,
                                    audience text DEFAULT NULL, leeway interval DEFAULT '0')
RETURNS jsonb LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_verify';
COMMENT ON FUNCTION jwt_auth.jwt_verify(text, text, text[], text, text, interval)
  IS 'The claims of a token whose signature, times, issuer and audience hold (RFC 7519 section 7.2); an error of class JW otherwise';
REVOKE ALL ON FUNCTION jwt_auth.jwt_verify(text, text, text[], text, text, interval) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jwt_verify(token text, key bytea, algorithms text[] DEFAULT NULL, issuer text DEFAULT NULL,
                                    audience text DEFAULT NULL, leeway interval DEFAULT '0')
RETURNS jsonb LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_verify_bytea';
COMMENT ON FUNCTION jwt_auth.jwt_verify(text, bytea, text[], text, text, interval)
  IS 'The claims of a token that verifies with an HMAC secret of arbitrary bytes; an error of class JW otherwise';
REVOKE ALL ON FUNCTION jwt_auth.jwt_verify(text, bytea, text[], text, text, interval) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jwt_try_verify(token text, key text, algorithms text[] DEFAULT NULL, issuer text DEFAULT NULL,
                                        audience text DEFAULT NULL, leeway interval DEFAULT '0',
                                        OUT valid boolean, OUT claims jsonb, OUT error_code text, OUT error_message text)
LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_try_verify';
COMMENT ON FUNCTION jwt_auth.jwt_try_verify(text, text, text[], text, text, interval)
  IS 'jwt_verify that answers a row: valid is never NULL, claims are NULL unless valid, error_code is the SQLSTATE of the refusal';
REVOKE ALL ON FUNCTION jwt_auth.jwt_try_verify(text, text, text[], text, text, interval) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jwt_try_verify(token text, key bytea, algorithms text[] DEFAULT NULL, issuer text DEFAULT NULL,
                                        audience text DEFAULT NULL, leeway interval DEFAULT '0',
                                        OUT valid boolean, OUT claims jsonb, OUT error_code text, OUT error_message text)
LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_try_verify_bytea';
COMMENT ON FUNCTION jwt_auth.jwt_try_verify(text, bytea, text[], text, text, interval)
  IS 'jwt_verify with an HMAC secret of arbitrary bytes that answers a row instead of raising';
REVOKE ALL ON FUNCTION jwt_auth.jwt_try_verify(text, bytea, text[], text, text, interval) FROM PUBLIC;

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
-- The keyring's functions, and tokens signed and verified with it.

CREATE FUNCTION jwt_auth.create_signing_key(algorithm text DEFAULT 'ES256', activate boolean DEFAULT true)
RETURNS text LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_create_signing_key';
COMMENT ON FUNCTION jwt_auth.create_signing_key(text, boolean)
  IS 'Makes a key for the algorithm and answers its kid. activate false: pending, published by jwks() but not yet used';
REVOKE ALL ON FUNCTION jwt_auth.create_signing_key(text, boolean) FROM PUBLIC;

CREATE FUNCTION jwt_auth.import_signing_key(key text, activate boolean DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_import_signing_key';
COMMENT ON FUNCTION jwt_auth.import_signing_key(text, boolean)
  IS 'Takes over a private key (JWK or PEM) and answers its kid. activate NULL: if no key is active. SQL text is often logged: import_signing_key_from_file() is safer';
REVOKE ALL ON FUNCTION jwt_auth.import_signing_key(text, boolean) FROM PUBLIC;

CREATE FUNCTION jwt_auth.import_signing_key_from_file(path text, activate boolean DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_import_signing_key_from_file';
COMMENT ON FUNCTION jwt_auth.import_signing_key_from_file(text, boolean)
  IS 'import_signing_key() of a file on the server, for those with the privileges of pg_read_server_files';
REVOKE ALL ON FUNCTION jwt_auth.import_signing_key_from_file(text, boolean) FROM PUBLIC;

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

CREATE FUNCTION jwt_auth.private_jwk_in_transit()
RETURNS text LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_private_jwk_in_transit';
COMMENT ON FUNCTION jwt_auth.private_jwk_in_transit()
  IS 'Internal: how a private key gets into signing_key without being a parameter that could be logged. 55000 for anybody else';
-- Executed as the tables' owner, whoever that is by then: so it stays open, and answers nobody but the statements it is for.

CREATE FUNCTION jwt_auth.trust_issuer(issuer text, jwks jsonb, audience text DEFAULT NULL)
RETURNS void LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_trust_issuer';
COMMENT ON FUNCTION jwt_auth.trust_issuer(text, jsonb, text)
  IS 'From now on jwt_verify(token) accepts tokens of this issuer (iss) that verify with its public keys and are meant for the audience (NULL: jwt_auth.audience). Replaces what was there';
REVOKE ALL ON FUNCTION jwt_auth.trust_issuer(text, jsonb, text) FROM PUBLIC;

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
-- Refresh sessions.

CREATE FUNCTION jwt_auth.issue_refresh_session(user_id text, ip inet DEFAULT NULL, user_agent text DEFAULT NULL,
                                               fingerprint text DEFAULT NULL, claims jsonb DEFAULT NULL,
                                               metadata jsonb DEFAULT NULL)
RETURNS jwt_auth.token_response LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_issue_refresh_session';
COMMENT ON FUNCTION jwt_auth.issue_refresh_session(text, inet, text, text, jsonb, jsonb)
  IS 'A log-in: opens a session and answers its first access and refresh token. status: ok, or limit_reached under the policy reject';
REVOKE ALL ON FUNCTION jwt_auth.issue_refresh_session(text, inet, text, text, jsonb, jsonb) FROM PUBLIC;

CREATE FUNCTION jwt_auth.refresh_session(refresh_token text, ip inet DEFAULT NULL, user_agent text DEFAULT NULL,
                                         fingerprint text DEFAULT NULL)
RETURNS jwt_auth.token_response LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_refresh_session';
COMMENT ON FUNCTION jwt_auth.refresh_session(text, inet, text, text)
  IS 'Rotates a refresh token and answers new tokens. Refusals are statuses, not errors: raising one would undo what the refusal wrote';
REVOKE ALL ON FUNCTION jwt_auth.refresh_session(text, inet, text, text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.revoke_refresh_session(session_id uuid, reason text DEFAULT NULL)
RETURNS boolean LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_revoke_refresh_session';
COMMENT ON FUNCTION jwt_auth.revoke_refresh_session(uuid, text)
  IS 'Ends one session and with it its access tokens; false if there was none';
REVOKE ALL ON FUNCTION jwt_auth.revoke_refresh_session(uuid, text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.revoke_refresh_token(refresh_token text)
RETURNS boolean LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_revoke_refresh_token';
COMMENT ON FUNCTION jwt_auth.revoke_refresh_token(text)
  IS 'A log-out: ends the session that an authentic refresh token, current or old, belongs to (RFC 7009); false if there was none';
REVOKE ALL ON FUNCTION jwt_auth.revoke_refresh_token(text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.revoke_user_tokens(user_id text, reason text DEFAULT NULL)
RETURNS integer LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_revoke_user_tokens';
COMMENT ON FUNCTION jwt_auth.revoke_user_tokens(text, text)
  IS 'Refuses every token that the user was given until now and ends every session; answers how many sessions ended';
REVOKE ALL ON FUNCTION jwt_auth.revoke_user_tokens(text, text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.revoke_on_password_change()
RETURNS trigger LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_revoke_on_password_change';
COMMENT ON FUNCTION jwt_auth.revoke_on_password_change()
  IS 'For the application''s own table of users, AFTER UPDATE OR DELETE FOR EACH ROW: revoke_user_tokens for the old value of the column that its argument names';
REVOKE ALL ON FUNCTION jwt_auth.revoke_on_password_change() FROM PUBLIC;

CREATE FUNCTION jwt_auth.user_sessions(user_id text)
RETURNS TABLE (session_id uuid, created_at timestamptz, refreshed_at timestamptz, expires_at timestamptz, ip inet,
               user_agent text, metadata jsonb)
LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 5 AS 'MODULE_PATHNAME', 'jwt_auth_user_sessions';
COMMENT ON FUNCTION jwt_auth.user_sessions(text) IS 'The user''s live sessions, the one used last first: "your devices"';
REVOKE ALL ON FUNCTION jwt_auth.user_sessions(text) FROM PUBLIC;
-- Refresh sessions: mass endings, single tokens, users' own policies, clean-up, explanations.

CREATE FUNCTION jwt_auth.revoke_other_sessions(user_id text, keep uuid)
RETURNS integer LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_revoke_other_sessions';
COMMENT ON FUNCTION jwt_auth.revoke_other_sessions(text, uuid)
  IS 'Ends all sessions of the user but one ("log me out everywhere else"); answers how many. A keep that is not the user''s ends all';
REVOKE ALL ON FUNCTION jwt_auth.revoke_other_sessions(text, uuid) FROM PUBLIC;

CREATE FUNCTION jwt_auth.revoke_all_tokens(reason text DEFAULT NULL)
RETURNS void LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_revoke_all_tokens';
COMMENT ON FUNCTION jwt_auth.revoke_all_tokens(text)
  IS 'Refuses every token that anybody was given until now and ends every session: after a leak, or a restore';
REVOKE ALL ON FUNCTION jwt_auth.revoke_all_tokens(text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.deny_token(token text, reason text DEFAULT NULL)
RETURNS boolean LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_deny_token';
COMMENT ON FUNCTION jwt_auth.deny_token(text, text)
  IS 'Refuses one access token from now on; false if it has expired or was denied already';
REVOKE ALL ON FUNCTION jwt_auth.deny_token(text, text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.consume_token(token text)
RETURNS jsonb LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_consume_token';
COMMENT ON FUNCTION jwt_auth.consume_token(text)
  IS 'Verifies a token and denies it in one step (single-use links): its claims for the first caller, JW011 for the second';
REVOKE ALL ON FUNCTION jwt_auth.consume_token(text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.set_user_policy(user_id text, max_sessions integer DEFAULT NULL, ip_binding text DEFAULT NULL,
                                         fingerprint_binding text DEFAULT NULL)
RETURNS void LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_set_user_policy';
COMMENT ON FUNCTION jwt_auth.set_user_policy(text, integer, text, text)
  IS 'A user''s own session limit (0: none) and bindings (off, log, subnet, exact; off, log, exact), over the settings; NULL inherits';
REVOKE ALL ON FUNCTION jwt_auth.set_user_policy(text, integer, text, text) FROM PUBLIC;

CREATE PROCEDURE jwt_auth.purge_expired(batch_size integer DEFAULT 10000)
LANGUAGE c AS 'MODULE_PATHNAME', 'jwt_auth_purge_expired';
COMMENT ON PROCEDURE jwt_auth.purge_expired(integer)
  IS 'Removes ended sessions and denials of expired tokens, in batches with a commit behind each: not inside a transaction block';
REVOKE ALL ON PROCEDURE jwt_auth.purge_expired(integer) FROM PUBLIC;

CREATE PROCEDURE jwt_auth.purge_events(older_than interval, batch_size integer DEFAULT 10000)
LANGUAGE c AS 'MODULE_PATHNAME', 'jwt_auth_purge_events';
COMMENT ON PROCEDURE jwt_auth.purge_events(interval, integer)
  IS 'Removes events of the audit that are older, but for the log-ins of sessions that are still there; in batches with a commit behind each: not inside a transaction block';
REVOKE ALL ON PROCEDURE jwt_auth.purge_events(interval, integer) FROM PUBLIC;

CREATE FUNCTION jwt_auth.explain_session(session_id uuid, OUT alive boolean, OUT user_id text, OUT event text,
                                         OUT at timestamptz, OUT detail jsonb, OUT explanation text)
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_explain_session';
COMMENT ON FUNCTION jwt_auth.explain_session(uuid)
  IS 'Whether a session is alive, or which event ended it, when and under which policy (from the audit)';
REVOKE ALL ON FUNCTION jwt_auth.explain_session(uuid) FROM PUBLIC;
-- Who the transaction acts for. authenticate() decides it; the accessors are for policies, defaults and queries of any role.

CREATE FUNCTION jwt_auth.authenticate(token text, ip inet DEFAULT NULL, fingerprint text DEFAULT NULL,
                                      set_role boolean DEFAULT false, max_age interval DEFAULT NULL)
RETURNS jsonb LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_authenticate';
COMMENT ON FUNCTION jwt_auth.authenticate(text, inet, text, boolean, interval)
  IS 'Verifies a token as jwt_verify(token) does, checks what it is bound to, and makes its claims the identity of the transaction. set_role: also SET LOCAL ROLE to its role claim. max_age: refuse if the user logged in longer ago';
REVOKE ALL ON FUNCTION jwt_auth.authenticate(text, inet, text, boolean, interval) FROM PUBLIC;

CREATE FUNCTION jwt_auth.current_claims()
RETURNS jsonb LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_current_claims';
COMMENT ON FUNCTION jwt_auth.current_claims()
  IS 'The claims of the authenticated token; NULL if nobody is authenticated, JW003 if the token has expired since';

CREATE FUNCTION jwt_auth.current_claim(name text)
RETURNS text LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_current_claim';
COMMENT ON FUNCTION jwt_auth.current_claim(text)
  IS 'One claim of the authenticated token as text; NULL if it has none or nobody is authenticated';

CREATE FUNCTION jwt_auth.current_user_id()
RETURNS text LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_current_user_id';
COMMENT ON FUNCTION jwt_auth.current_user_id()
  IS 'The user (sub) of the authenticated token: for USING (owner = jwt_auth.current_user_id()); NULL if nobody is authenticated';

CREATE FUNCTION jwt_auth.current_session_id()
RETURNS uuid LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_current_session_id';
COMMENT ON FUNCTION jwt_auth.current_session_id()
  IS 'The session (sid) of the authenticated token; NULL if it belongs to none or nobody is authenticated';
-- What PostgREST calls (db-pre-request, db-pre-config), and the cookie that carries a refresh token.

CREATE FUNCTION jwt_auth.pre_request()
RETURNS void LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_pre_request';
COMMENT ON FUNCTION jwt_auth.pre_request()
  IS 'For PostgREST''s db-pre-request: authenticates the bearer token in request.headers. Without one nobody is authenticated; a refusal is PT401, whose detail is its SQLSTATE';
REVOKE ALL ON FUNCTION jwt_auth.pre_request() FROM PUBLIC;

CREATE FUNCTION jwt_auth.pre_config()
RETURNS void LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_pre_config';
COMMENT ON FUNCTION jwt_auth.pre_config()
  IS 'For PostgREST''s db-pre-config: sets pgrst.jwt_secret to jwks() for this transaction';
REVOKE ALL ON FUNCTION jwt_auth.pre_config() FROM PUBLIC;

CREATE FUNCTION jwt_auth.request_ip()
RETURNS inet LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_request_ip';
COMMENT ON FUNCTION jwt_auth.request_ip()
  IS 'The client''s address in request.headers, as pre_request() reads it: jwt_auth.client_ip_header, jwt_auth.trusted_proxies hops from the right; NULL if there is none';
REVOKE ALL ON FUNCTION jwt_auth.request_ip() FROM PUBLIC;

CREATE FUNCTION jwt_auth.refresh_cookie(refresh_token text, name text DEFAULT 'refresh_token', path text DEFAULT '/',
                                        max_age interval DEFAULT NULL, same_site text DEFAULT 'Strict', domain text DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_refresh_cookie';
COMMENT ON FUNCTION jwt_auth.refresh_cookie(text, text, text, interval, text, text)
  IS 'The Set-Cookie value that carries the refresh token: HttpOnly and Secure. max_age NULL: as long as its session may live; refresh_token NULL: forget the cookie';
REVOKE ALL ON FUNCTION jwt_auth.refresh_cookie(text, text, text, interval, text, text) FROM PUBLIC;
-- What a DBA looks at: counts, live sessions, keys, tables, and a check of the whole installation.

CREATE FUNCTION jwt_auth.counters(OUT what text, OUT outcome text, OUT count bigint, OUT scope text, OUT since timestamptz)
RETURNS SETOF record LANGUAGE c VOLATILE PARALLEL RESTRICTED ROWS 70 AS 'MODULE_PATHNAME', 'jwt_auth_counters';
COMMENT ON FUNCTION jwt_auth.counters()
  IS 'What happened in this database, counted by outcome: since the server started (scope server) where the library is preloaded, else in this backend';
REVOKE ALL ON FUNCTION jwt_auth.counters() FROM PUBLIC;

CREATE VIEW jwt_auth.stats AS SELECT what, outcome, count, scope, since FROM jwt_auth.counters();
COMMENT ON VIEW jwt_auth.stats
  IS 'Counts by outcome: verify (ok or SQLSTATE), login, refresh (status; replayed: a lost answer was asked for again), reuse (by what was presented), event, keyring, purge';

-- A session is alive if it is after both cutoffs and before its ends.
CREATE VIEW jwt_auth.live_sessions AS
  SELECT s.user_id, count(*) AS sessions, min(s.created_at) AS oldest_login, max(s.created_at) AS latest_login,
         max(s.refreshed_at) AS latest_refresh, count(DISTINCT s.ip) AS addresses
  FROM jwt_auth.refresh_session s
  LEFT JOIN jwt_auth.account a ON a.user_key = s.user_key AND a.issuer = '' AND a.user_id = s.user_id
  WHERE s.ends_at > pg_catalog.now() AND s.idle_ends_at > pg_catalog.now()
    AND s.created_at > coalesce(a.not_before, '-infinity')
    AND s.created_at > coalesce((SELECT not_before FROM jwt_auth.cutoff), '-infinity')
  GROUP BY s.user_id;
COMMENT ON VIEW jwt_auth.live_sessions IS 'Live sessions by user';

CREATE VIEW jwt_auth.key_ages AS
  SELECT kid, algorithm, state, sealed, pg_catalog.now() - created_at AS age, pg_catalog.now() - activated_at AS active_for, verify_until,
         state = 'verify_only' AND verify_until < pg_catalog.now() AS run_out
  FROM jwt_auth.signing_keys;
COMMENT ON VIEW jwt_auth.key_ages IS 'Keys of the ring with their age; run_out: no token that it signed can be valid any more';

CREATE VIEW jwt_auth.table_health AS
  SELECT relname::text AS "table", n_live_tup AS live_rows, n_dead_tup AS dead_rows, n_tup_upd AS updates, n_tup_hot_upd AS hot_updates,
         pg_catalog.round(n_tup_hot_upd::numeric / nullif(n_tup_upd, 0), 3) AS hot_ratio, pg_catalog.pg_total_relation_size(relid) AS bytes,
         greatest(last_vacuum, last_autovacuum) AS last_vacuum, greatest(last_analyze, last_autoanalyze) AS last_analyze
  FROM pg_catalog.pg_stat_all_tables WHERE schemaname = 'jwt_auth';
COMMENT ON VIEW jwt_auth.table_health
  IS 'Rows, dead rows, sizes and the share of HOT updates of the extension''s tables: refreshes of refresh_session should be nearly all HOT';

REVOKE ALL ON jwt_auth.stats, jwt_auth.live_sessions, jwt_auth.key_ages, jwt_auth.table_health FROM PUBLIC;

CREATE FUNCTION jwt_auth.doctor(OUT severity text, OUT subject text, OUT finding text, OUT advice text)
RETURNS SETOF record LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  failure text;
  remedy text;
BEGIN
  -- Settings are there once the library is.
  PERFORM jwt_auth.jwks();

  -- Keys
  IF NOT EXISTS (SELECT FROM jwt_auth.signing_key WHERE state = 'active') THEN
    RETURN QUERY VALUES ('error', 'keys', 'no key is active: nothing can be signed', 'SELECT jwt_auth.create_signing_key()');
  END IF;
  RETURN QUERY SELECT 'warning', 'keys', format('key %s has been active for %s days', kid, extract(day FROM active_for)),
                      'SELECT jwt_auth.rotate_signing_key()'
               FROM jwt_auth.key_ages WHERE state = 'active' AND active_for > interval '1 year';
  RETURN QUERY SELECT 'warning', 'keys', format('key %s has been pending for %s days', kid, extract(day FROM age)),
                      'SELECT jwt_auth.rotate_signing_key() makes it the active one'
               FROM jwt_auth.key_ages WHERE state = 'pending' AND age > interval '30 days';
  RETURN QUERY SELECT 'notice', 'keys', format('active key %s is an HMAC secret: jwks() can''t publish it, so nobody else can verify', kid),
                      'SELECT jwt_auth.rotate_signing_key(''ES256'') if other services are to verify'
               FROM jwt_auth.signing_key WHERE state = 'active' AND public_jwk IS NULL;
  RETURN QUERY SELECT 'notice', 'keys', format('%s old keys still verify though every token that they signed has run out', count(*)),
                      'CALL jwt_auth.purge_expired(), or SELECT jwt_auth.retire_signing_key(kid)'
               FROM jwt_auth.key_ages WHERE run_out HAVING count(*) > 0;

  -- Sealing
  IF current_setting('jwt_auth.key_encryption_key_file') = '' THEN
    RETURN QUERY SELECT 'error', 'sealing', format('%s private keys are sealed, but jwt_auth.key_encryption_key_file is not set', count(*)),
                        'set it to the file that holds the key which sealed them'
                 FROM jwt_auth.signing_keys WHERE sealed HAVING count(*) > 0;
    RETURN QUERY SELECT 'notice', 'sealing', 'private keys are stored in the clear: a dump or a backup lets its reader sign',
                        'set jwt_auth.key_encryption_key_file, then SELECT jwt_auth.seal_signing_keys()'
                 FROM jwt_auth.signing_keys WHERE sealed IS FALSE HAVING count(*) > 0;
  ELSE
    RETURN QUERY SELECT 'warning', 'sealing', format('%s private keys are stored in the clear though a key file is set', count(*)),
                        'SELECT jwt_auth.seal_signing_keys()'
                 FROM jwt_auth.signing_keys WHERE sealed IS FALSE HAVING count(*) > 0;
  END IF;

  IF EXISTS (SELECT FROM jwt_auth.signing_key WHERE state = 'active') THEN
    BEGIN
      PERFORM jwt_auth.jwt_sign('{}'::jsonb);
    EXCEPTION WHEN OTHERS THEN
      GET STACKED DIAGNOSTICS failure = MESSAGE_TEXT, remedy = PG_EXCEPTION_HINT;
      RETURN QUERY SELECT 'error', 'sealing', format('nobody can log in, for the active key can''t sign: %s', failure),
                          coalesce(nullif(remedy, ''), 'give the server back the file, or SELECT jwt_auth.rotate_signing_key()');
    END;
  END IF;

  -- Installation
  IF current_setting('shared_preload_libraries') !~ '\mjwt_auth\M' THEN
    RETURN QUERY VALUES ('notice', 'installation', 'the library is not preloaded: misspelt settings go unnoticed, stats counts this backend alone',
                         'add jwt_auth to shared_preload_libraries and restart');
  END IF;
  RETURN QUERY SELECT 'warning', 'installation', format('the extension is of version %s, the installed files are of %s', e.extversion, a.default_version),
                      'ALTER EXTENSION jwt_auth UPDATE'
               FROM pg_extension e JOIN pg_available_extensions a ON a.name = e.extname
               WHERE e.extname = 'jwt_auth' AND e.extversion <> a.default_version;
  RETURN QUERY SELECT 'error', 'installation', format('the tables belong to several roles (%s): functions that use them fail', string_agg(DISTINCT relowner::regrole::text, ', ')),
                      'ALTER TABLE ... OWNER TO one and the same role'
               FROM pg_class WHERE relnamespace = 'jwt_auth'::regnamespace AND relkind = 'r' HAVING count(DISTINCT relowner) > 1;
  RETURN QUERY SELECT 'error', 'installation', format('trigger %s of %s does not fire always: backends would go on with old keys', tgname, tgrelid::regclass),
                      format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', tgrelid::regclass, tgname)
               FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid
               WHERE c.relnamespace = 'jwt_auth'::regnamespace AND NOT tgisinternal AND tgname LIKE 'keyring%' AND tgenabled <> 'A';

  -- Settings that weaken
  RETURN QUERY
    SELECT 'warning', 'settings', format('jwt_auth.%s is %s: %s', name, current_setting('jwt_auth.' || name), what), 'ALTER SYSTEM SET jwt_auth.' || name || ' = ...'
    FROM (VALUES
      ('access_token_ttl', 3600, 'a stolen access token is good for services that verify offline for that long'),
      ('refresh_token_ttl', 90 * 86400, 'a forgotten device stays logged in for that long'),
      ('refresh_reuse_interval', 60, 'a stolen refresh token goes unnoticed for that long after a rotation'),
      ('leeway', 300, 'expired tokens are accepted for that long')
    ) AS most (name, seconds, what)
    WHERE (SELECT setting::bigint FROM pg_settings WHERE pg_settings.name = 'jwt_auth.' || most.name) > seconds;
  RETURN QUERY
    SELECT 'notice', 'settings', format('jwt_auth.%s is %L: %s', name, current_setting('jwt_auth.' || name), what), 'ALTER SYSTEM SET jwt_auth.' || name || ' = ...'
    FROM (VALUES
      ('issuer', '', 'tokens don''t say who issued them'),
      ('audience', '', 'tokens don''t say whom they are for'),
      ('session_max_age', '0', 'a session that is used lasts for ever'),
      ('max_sessions_per_user', '0', 'a user may have any number of sessions'),
      ('refresh_reuse_interval', '0', 'a client that loses one answer is taken for a thief')
    ) AS weak (name, value, what)
    WHERE current_setting('jwt_auth.' || name) = value;
  IF has_function_privilege('pg_show_all_file_settings()', 'EXECUTE') AND has_table_privilege('pg_file_settings', 'SELECT') THEN
    RETURN QUERY SELECT 'warning', 'settings', format('%s in %s is not in force: %s', name, sourcefile, error), 'correct it, then SELECT pg_reload_conf()'
                 FROM pg_file_settings WHERE name LIKE 'jwt\_auth.%' AND error IS NOT NULL;
  END IF;
  RETURN QUERY SELECT 'error', 'settings', format('jwt_auth.claims_function names %s, and there is no such function (text, uuid, jsonb)', f), 'create it or reset the setting'
               FROM current_setting('jwt_auth.claims_function') AS f WHERE f <> '' AND to_regprocedure(f || '(text, uuid, jsonb)') IS NULL;
  RETURN QUERY SELECT 'warning', 'settings', format('%s is %s: tokens that are written into SQL text are logged', name, setting),
                      'pass tokens as parameters, or turn it off for the application''s role'
               FROM pg_settings WHERE name = 'log_statement' AND setting IN ('all', 'mod');
  RETURN QUERY SELECT 'notice', 'settings', 'synchronous_commit is off: a revocation may be lost in a crash', 'SET synchronous_commit = on for what revokes'
               WHERE current_setting('synchronous_commit') = 'off';

  -- Privileges
  RETURN QUERY SELECT 'error', 'privileges', format('%s is executable by PUBLIC', p.function), format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', p.function)
               FROM jwt_auth.privileges() p JOIN pg_proc f ON f.oid = p.function
               WHERE p.grantee <> 'public'
                 AND EXISTS (SELECT FROM aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) a WHERE a.grantee = 0 AND a.privilege_type = 'EXECUTE');
  RETURN QUERY SELECT 'warning', 'privileges', format('%s may %s %s', a.grantee::regrole, string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type), c.oid::regclass),
                      format('REVOKE ALL ON %s FROM %s, unless it is meant to', c.oid::regclass, a.grantee::regrole)
               FROM pg_class c, aclexplode(c.relacl) a
               WHERE c.relnamespace = 'jwt_auth'::regnamespace AND c.relkind = 'r' AND a.grantee NOT IN (c.relowner, 0)
                 AND c.relname IN ('signing_key', 'refresh_session', 'account', 'denied_token', 'cutoff', 'trusted_issuer')
               GROUP BY a.grantee, c.oid;
  RETURN QUERY SELECT 'error', 'privileges', format('PUBLIC may %s %s', string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type), c.oid::regclass),
                      format('REVOKE ALL ON %s FROM PUBLIC', c.oid::regclass)
               FROM pg_class c, aclexplode(c.relacl) a
               WHERE c.relnamespace = 'jwt_auth'::regnamespace AND c.relkind IN ('r', 'v') AND a.grantee = 0
               GROUP BY c.oid;
  RETURN QUERY SELECT 'warning', 'privileges', format('%s may %s of jwt_auth.signing_key', a.grantee::regrole,
                        string_agg(format('%s %s', a.privilege_type, attname), ', ' ORDER BY a.privilege_type, attname)),
                      format('REVOKE ALL (%s) ON jwt_auth.signing_key FROM %s', string_agg(DISTINCT quote_ident(attname), ', '), a.grantee::regrole)
               FROM pg_attribute, aclexplode(attacl) a
               WHERE attrelid = 'jwt_auth.signing_key'::regclass AND a.grantee <> 0
               GROUP BY a.grantee;
  RETURN QUERY SELECT 'notice', 'privileges', format('%s may read every table (pg_read_all_data), private keys that are in the clear as well',
                        string_agg(member::regrole::text, ', ' ORDER BY member::regrole::text)),
                      'seal the keys, or REVOKE pg_read_all_data'
               FROM pg_auth_members WHERE roleid = 'pg_read_all_data'::regrole AND EXISTS (SELECT FROM jwt_auth.signing_keys WHERE sealed IS FALSE)
               HAVING count(*) > 0;
  RETURN QUERY SELECT 'notice', 'privileges', format('%s may call what is the owner''s: %s', a.grantee::regrole,
                        string_agg(DISTINCT f.proname, ', ' ORDER BY f.proname)),
                      format('REVOKE EXECUTE ON ALL ROUTINES IN SCHEMA jwt_auth FROM %s, unless it is meant to', a.grantee::regrole)
               FROM jwt_auth.privileges() p JOIN pg_proc f ON f.oid = p.function, aclexplode(f.proacl) a
               WHERE p.grantee = 'owner' AND a.grantee NOT IN (f.proowner, 0)
               GROUP BY a.grantee;

  -- Clean-up
  RETURN QUERY SELECT 'warning', 'clean-up', format('sessions have been due for removal since %s', min(purge_after)),
                      'CALL jwt_auth.purge_expired() once a day, by pg_cron or cron'
               FROM jwt_auth.refresh_session HAVING min(purge_after) < current_date - 2;
  RETURN QUERY SELECT 'warning', 'clean-up', format('denials of tokens that expired by %s are still there', min(expires_at)),
                      'CALL jwt_auth.purge_expired() once a day, by pg_cron or cron'
               FROM jwt_auth.denied_token HAVING min(expires_at) < now() - interval '2 days';
  RETURN QUERY SELECT 'warning', 'clean-up', format('only %s of the updates of %s are HOT', hot_ratio, "table"),
                      'look for long transactions and replication slots that hold back vacuum'
               FROM jwt_auth.table_health WHERE "table" = 'refresh_session' AND updates > 1000 AND hot_ratio < 0.9;
  RETURN QUERY SELECT 'warning', 'clean-up', format('%s has %s dead rows beside %s live ones', "table", dead_rows, live_rows), format('VACUUM jwt_auth.%I', "table")
               FROM jwt_auth.table_health WHERE dead_rows > 10000 AND dead_rows > live_rows;
  -- New events go where old ones were removed, so the first pages tell how far back it goes, and whether anybody cuts it.
  RETURN QUERY SELECT 'notice', 'clean-up', format('the audit has some %s million events, the first of %s', round(c.reltuples / 1e6), first.latest::date),
                      'CALL jwt_auth.purge_events(interval ''1 year''), or for as long as you have to keep them'
               FROM pg_class c, (SELECT max(at) AS latest FROM jwt_auth.auth_event WHERE ctid < '(8,0)') AS first
               WHERE c.oid = 'jwt_auth.auth_event'::regclass AND c.reltuples > 1e7 AND first.latest < now() - interval '1 year';
END $$;
COMMENT ON FUNCTION jwt_auth.doctor()
  IS 'Checks the installation: keys, sealing, settings that weaken, privileges, clean-up. Each row says what was found (error, warning, notice) and what to do; no error and no warning: all is well';
REVOKE ALL ON FUNCTION jwt_auth.doctor() FROM PUBLIC;
-- Who may call what. Every function is closed to PUBLIC where it is created, but for the identity accessors and pure decoding;
-- a role gets the rest by kind, from the one list below.

GRANT USAGE ON SCHEMA jwt_auth TO PUBLIC;

CREATE FUNCTION jwt_auth.privileges(OUT function regprocedure, OUT grantee text)
RETURNS SETOF record LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT p.oid::regprocedure, coalesce(kind.grantee, 'owner')
  FROM pg_proc p
  LEFT JOIN (VALUES
    ('base64url_decode', 'public'),
    ('base64url_encode', 'public'),
    ('current_claim', 'public'),
    ('current_claims', 'public'),
    ('current_session_id', 'public'),
    ('current_user_id', 'public'),
    ('jwt_decode_unverified', 'public'),
    ('private_jwk_in_transit', 'public'),
    ('authenticate', 'verifier'),
    ('jwks', 'verifier'),
    ('jwt_try_verify', 'verifier'),
    ('jwt_verify', 'verifier'),
    ('pre_config', 'verifier'),
    ('pre_request', 'verifier'),
    ('request_ip', 'verifier'),
    ('consume_token', 'issuer'),
    ('deny_token', 'issuer'),
    ('issue_refresh_session', 'issuer'),
    ('jwe_decrypt', 'issuer'),
    ('jwe_encrypt', 'issuer'),
    ('jws_sign', 'issuer'),
    ('jws_verify', 'issuer'),
    ('jwt_decrypt', 'issuer'),
    ('jwt_encrypt', 'issuer'),
    ('jwt_sign', 'issuer'),
    ('refresh_cookie', 'issuer'),
    ('refresh_session', 'issuer'),
    ('revoke_other_sessions', 'issuer'),
    ('revoke_refresh_session', 'issuer'),
    ('revoke_refresh_token', 'issuer'),
    ('revoke_user_tokens', 'issuer'),
    ('set_user_policy', 'issuer'),
    ('user_sessions', 'issuer')
  ) AS kind (name, grantee) ON kind.name = p.proname::text
  WHERE p.pronamespace = 'jwt_auth'::regnamespace
$$;
COMMENT ON FUNCTION jwt_auth.privileges()
  IS 'Who is meant to call each function: public, verifier (grant_verifier), issuer (grant_issuer, which has the verifier''s as well) or owner';
REVOKE ALL ON FUNCTION jwt_auth.privileges() FROM PUBLIC;

CREATE FUNCTION jwt_auth.grant_functions(role regrole, kinds text[])
RETURNS void LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  function regprocedure;
BEGIN
  IF role IS NULL OR role::oid = 0 THEN
    RAISE EXCEPTION 'role must not be null' USING ERRCODE = 'null_value_not_allowed';
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.oid = role) THEN
    RAISE EXCEPTION 'there is no such role' USING ERRCODE = 'undefined_object';
  END IF;
  FOR function IN SELECT p.function FROM jwt_auth.privileges() p WHERE p.grantee = ANY (kinds) LOOP
    EXECUTE format('GRANT EXECUTE ON %s %s TO %s',
                   (SELECT CASE prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END FROM pg_proc WHERE oid = function),
                   function, role);
  END LOOP;
END $$;
COMMENT ON FUNCTION jwt_auth.grant_functions(regrole, text[]) IS 'What grant_verifier and grant_issuer share';
REVOKE ALL ON FUNCTION jwt_auth.grant_functions(regrole, text[]) FROM PUBLIC;

CREATE FUNCTION jwt_auth.grant_verifier(role regrole)
RETURNS void LANGUAGE sql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT jwt_auth.grant_functions(role, '{verifier}')
$$;
COMMENT ON FUNCTION jwt_auth.grant_verifier(regrole)
  IS 'Lets a role verify tokens: jwt_verify, jwt_try_verify, authenticate, jwks, pre_request, pre_config, request_ip';
REVOKE ALL ON FUNCTION jwt_auth.grant_verifier(regrole) FROM PUBLIC;

CREATE FUNCTION jwt_auth.grant_issuer(role regrole)
RETURNS void LANGUAGE sql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT jwt_auth.grant_functions(role, '{verifier,issuer}')
$$;
COMMENT ON FUNCTION jwt_auth.grant_issuer(regrole)
  IS 'Lets a role issue as well: what grant_verifier gives, jwt_sign, sessions, and ending them for one user, session or token';
REVOKE ALL ON FUNCTION jwt_auth.grant_issuer(regrole) FROM PUBLIC;
