-- jwt_auth 1.1 to 2.0.
\echo Use "ALTER EXTENSION jwt_auth UPDATE TO '2.0'" to load this file. \quit

-- More events. What the old list allowed the new one allows, so no row needs another look, and no writer is waited for.
ALTER DOMAIN jwt_auth.event_name DROP CONSTRAINT event_name_check;
ALTER DOMAIN jwt_auth.event_name ADD CONSTRAINT event_name_check CHECK (VALUE IN (
  'login', 'limit_reached', 'evicted', 'refreshed', 'replay_elsewhere', 'reuse_detected', 'unknown_rotation', 'ip_mismatch',
  'fingerprint_mismatch', 'expired', 'logout', 'session_revoked', 'others_revoked', 'user_revoked', 'all_revoked',
  'token_denied', 'token_consumed', 'policy_changed', 'key_created', 'key_rotated', 'key_retired', 'issuer_trusted',
  'issuer_distrusted', 'api_key_created', 'api_key_revoked')) NOT VALID;
UPDATE pg_catalog.pg_constraint SET convalidated = true
WHERE contypid OPERATOR(pg_catalog.=) 'jwt_auth.event_name'::pg_catalog.regtype;

-- API keys: credentials of machines, which act for a user. A row of api_key is never updated, and the note of its last use is a
-- row of its own: revoking a key waits for no transaction that uses it.

CREATE TABLE jwt_auth.api_key (
  key_id       uuid NOT NULL,
  user_key     integer NOT NULL,
  created_at   timestamptz NOT NULL,
  expires_at   timestamptz,
  secret_hash  bytea NOT NULL,
  user_id      text COLLATE "C" NOT NULL,
  name         text NOT NULL,
  scopes       text[],
  allowed_from cidr[],
  claims       jsonb,
  PRIMARY KEY (key_id, user_key)
);
CREATE INDEX api_key_user_key ON jwt_auth.api_key (user_key);
CREATE INDEX api_key_expires_at ON jwt_auth.api_key (expires_at) WHERE expires_at IS NOT NULL;
ALTER TABLE jwt_auth.api_key ALTER secret_hash SET STORAGE PLAIN;
COMMENT ON TABLE jwt_auth.api_key IS 'One row per API key. Deleted: revoked';
COMMENT ON COLUMN jwt_auth.api_key.expires_at IS 'NULL: no end';
COMMENT ON COLUMN jwt_auth.api_key.secret_hash IS 'SHA-256 of the secret in the key';
COMMENT ON COLUMN jwt_auth.api_key.scopes IS 'What the key may be used for: the claim scope';
COMMENT ON COLUMN jwt_auth.api_key.allowed_from IS 'Networks that the key may be used from; NULL: from anywhere';
COMMENT ON COLUMN jwt_auth.api_key.claims IS 'Further claims of whoever presents the key';

CREATE TABLE jwt_auth.api_key_use (
  key_id       uuid NOT NULL,
  user_key     integer NOT NULL,
  last_used_at timestamptz,
  PRIMARY KEY (key_id, user_key)
) WITH (fillfactor = 70);
COMMENT ON TABLE jwt_auth.api_key_use IS 'When each API key was last used, to the hour';
COMMENT ON COLUMN jwt_auth.api_key_use.last_used_at IS 'Moved when it is an hour old; NULL: the key was never used';

REVOKE ALL ON jwt_auth.api_key, jwt_auth.api_key_use FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('jwt_auth.api_key', '');
SELECT pg_catalog.pg_extension_config_dump('jwt_auth.api_key_use', '');

CREATE FUNCTION jwt_auth.create_api_key(user_id text, name text, scopes text[] DEFAULT NULL, expires_at timestamptz DEFAULT NULL,
                                        allowed_from cidr[] DEFAULT NULL, claims jsonb DEFAULT NULL,
                                        OUT key_id uuid, OUT api_key text)
RETURNS record LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_create_api_key';
COMMENT ON FUNCTION jwt_auth.create_api_key(text, text, text[], timestamptz, cidr[], jsonb)
  IS 'Makes an API key for a user; it is shown this once. scopes: what it may be used for (the claim scope). allowed_from: networks that it may be used from; NULL: anywhere. claims: further claims of its bearer. Refused (42501) to whoever is authenticated with an API key';
REVOKE ALL ON FUNCTION jwt_auth.create_api_key(text, text, text[], timestamptz, cidr[], jsonb) FROM PUBLIC;
CREATE FUNCTION jwt_auth.create_api_key(user_id uuid, name text, scopes text[] DEFAULT NULL, expires_at timestamptz DEFAULT NULL,
                                        allowed_from cidr[] DEFAULT NULL, claims jsonb DEFAULT NULL,
                                        OUT key_id uuid, OUT api_key text)
RETURNS record LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_create_api_key';
COMMENT ON FUNCTION jwt_auth.create_api_key(uuid, text, text[], timestamptz, cidr[], jsonb) IS 'The same for ids of type uuid';
REVOKE ALL ON FUNCTION jwt_auth.create_api_key(uuid, text, text[], timestamptz, cidr[], jsonb) FROM PUBLIC;
CREATE FUNCTION jwt_auth.create_api_key(user_id bigint, name text, scopes text[] DEFAULT NULL, expires_at timestamptz DEFAULT NULL,
                                        allowed_from cidr[] DEFAULT NULL, claims jsonb DEFAULT NULL,
                                        OUT key_id uuid, OUT api_key text)
RETURNS record LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_create_api_key';
COMMENT ON FUNCTION jwt_auth.create_api_key(bigint, text, text[], timestamptz, cidr[], jsonb) IS 'The same for ids of type bigint';
REVOKE ALL ON FUNCTION jwt_auth.create_api_key(bigint, text, text[], timestamptz, cidr[], jsonb) FROM PUBLIC;

CREATE FUNCTION jwt_auth.exchange_api_key(api_key text, ip inet DEFAULT NULL)
RETURNS jwt_auth.token_response LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_exchange_api_key';
COMMENT ON FUNCTION jwt_auth.exchange_api_key(text, inet)
  IS 'A short access token for an API key, with the claims key_id and scope and without a refresh token. It is good while the key is, from the networks that the key may be used from. A refusal is a status: invalid, expired, ip_mismatch';
REVOKE ALL ON FUNCTION jwt_auth.exchange_api_key(text, inet) FROM PUBLIC;

CREATE FUNCTION jwt_auth.revoke_api_key(key_id uuid)
RETURNS boolean LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_revoke_api_key';
COMMENT ON FUNCTION jwt_auth.revoke_api_key(uuid)
  IS 'Ends an API key, and with it the access tokens that it was exchanged for; whether there was such a key';
REVOKE ALL ON FUNCTION jwt_auth.revoke_api_key(uuid) FROM PUBLIC;

CREATE FUNCTION jwt_auth.revoke_own_api_key(user_id text, key_id uuid)
RETURNS boolean LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_revoke_own_api_key';
COMMENT ON FUNCTION jwt_auth.revoke_own_api_key(text, uuid)
  IS 'revoke_api_key() for a key of this user alone: false for a key of somebody else';
REVOKE ALL ON FUNCTION jwt_auth.revoke_own_api_key(text, uuid) FROM PUBLIC;
CREATE FUNCTION jwt_auth.revoke_own_api_key(user_id uuid, key_id uuid)
RETURNS boolean LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_revoke_own_api_key';
COMMENT ON FUNCTION jwt_auth.revoke_own_api_key(uuid, uuid) IS 'The same for ids of type uuid';
REVOKE ALL ON FUNCTION jwt_auth.revoke_own_api_key(uuid, uuid) FROM PUBLIC;
CREATE FUNCTION jwt_auth.revoke_own_api_key(user_id bigint, key_id uuid)
RETURNS boolean LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_revoke_own_api_key';
COMMENT ON FUNCTION jwt_auth.revoke_own_api_key(bigint, uuid) IS 'The same for ids of type bigint';
REVOKE ALL ON FUNCTION jwt_auth.revoke_own_api_key(bigint, uuid) FROM PUBLIC;

CREATE FUNCTION jwt_auth.user_api_keys(user_id text)
RETURNS TABLE (key_id uuid, name text, scopes text[], allowed_from cidr[], created_at timestamptz, expires_at timestamptz,
               last_used_at timestamptz)
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_user_api_keys';
COMMENT ON FUNCTION jwt_auth.user_api_keys(text)
  IS 'The API keys of a user that are good, the newest first; last_used_at is right to the hour';
REVOKE ALL ON FUNCTION jwt_auth.user_api_keys(text) FROM PUBLIC;
CREATE FUNCTION jwt_auth.user_api_keys(user_id uuid)
RETURNS TABLE (key_id uuid, name text, scopes text[], allowed_from cidr[], created_at timestamptz, expires_at timestamptz,
               last_used_at timestamptz)
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_user_api_keys';
COMMENT ON FUNCTION jwt_auth.user_api_keys(uuid) IS 'The same for ids of type uuid';
REVOKE ALL ON FUNCTION jwt_auth.user_api_keys(uuid) FROM PUBLIC;
CREATE FUNCTION jwt_auth.user_api_keys(user_id bigint)
RETURNS TABLE (key_id uuid, name text, scopes text[], allowed_from cidr[], created_at timestamptz, expires_at timestamptz,
               last_used_at timestamptz)
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_user_api_keys';
COMMENT ON FUNCTION jwt_auth.user_api_keys(bigint) IS 'The same for ids of type bigint';
REVOKE ALL ON FUNCTION jwt_auth.user_api_keys(bigint) FROM PUBLIC;

CREATE FUNCTION jwt_auth.has_scope(scope text)
RETURNS boolean LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_has_scope';
COMMENT ON FUNCTION jwt_auth.has_scope(text)
  IS 'Whether the scope claim of the authenticated token or API key holds this scope. False if it has no such claim, as a session''s token, and if nobody is authenticated';

-- Proofs of a key, and the secret that nonces are made under.

CREATE TABLE jwt_auth.server_secret (
  only_row   boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  created_at timestamptz NOT NULL,
  secret     text NOT NULL
);
COMMENT ON TABLE jwt_auth.server_secret
  IS 'The secret under which nonces and challenges are made: one row, made with the first signing key or when it is first needed';
COMMENT ON COLUMN jwt_auth.server_secret.secret
  IS 'A JWK of 32 bytes, as an encrypted JWK (RFC 7517 section 7) where jwt_auth.key_encryption_key_file is set';
REVOKE ALL ON jwt_auth.server_secret FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('jwt_auth.server_secret', '');
CREATE TRIGGER keyring_changed AFTER INSERT OR UPDATE OR DELETE ON jwt_auth.server_secret
  FOR EACH ROW EXECUTE FUNCTION jwt_auth.keyring_changed();
CREATE TRIGGER keyring_truncated AFTER TRUNCATE ON jwt_auth.server_secret
  FOR EACH STATEMENT EXECUTE FUNCTION jwt_auth.keyring_changed();
ALTER TABLE jwt_auth.server_secret ENABLE ALWAYS TRIGGER keyring_changed;
ALTER TABLE jwt_auth.server_secret ENABLE ALWAYS TRIGGER keyring_truncated;

CREATE FUNCTION jwt_auth.verify_proof(proof text, method text, url text, access_token text DEFAULT NULL,
                                      nonce text DEFAULT NULL, OUT jkt text, OUT jti text, OUT iat timestamptz)
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_verify_proof';
COMMENT ON FUNCTION jwt_auth.verify_proof(text, text, text, text, text)
  IS 'Checks a DPoP proof (RFC 9449) for a request and answers the thumbprint of its key. access_token: the proof must be for it. nonce: the proof must have it, or if it is one of proof_nonce() a fresh one. JW015 otherwise. Whether the jti was seen before is for the caller to know';
REVOKE ALL ON FUNCTION jwt_auth.verify_proof(text, text, text, text, text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.proof_nonce()
RETURNS text LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_proof_nonce';
COMMENT ON FUNCTION jwt_auth.proof_nonce()
  IS 'A nonce for DPoP proofs (the header DPoP-Nonce), good for jwt_auth.proof_max_age. Nothing is stored, so a standby makes and knows them too';
REVOKE ALL ON FUNCTION jwt_auth.proof_nonce() FROM PUBLIC;

-- Who may call what.
CREATE OR REPLACE FUNCTION jwt_auth.privileges(OUT function regprocedure, OUT grantee text)
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
    ('has_scope', 'public'),
    ('jwt_decode_unverified', 'public'),
    ('private_jwk_in_transit', 'public'),
    ('authenticate', 'verifier'),
    ('jwks', 'verifier'),
    ('jwt_try_verify', 'verifier'),
    ('jwt_verify', 'verifier'),
    ('pre_config', 'verifier'),
    ('pre_request', 'verifier'),
    ('proof_nonce', 'verifier'),
    ('request_ip', 'verifier'),
    ('verify_proof', 'verifier'),
    ('consume_token', 'issuer'),
    ('create_api_key', 'issuer'),
    ('deny_token', 'issuer'),
    ('exchange_api_key', 'issuer'),
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
    ('revoke_api_key', 'issuer'),
    ('revoke_other_sessions', 'issuer'),
    ('revoke_own_api_key', 'issuer'),
    ('revoke_refresh_session', 'issuer'),
    ('revoke_refresh_token', 'issuer'),
    ('revoke_user_tokens', 'issuer'),
    ('set_user_policy', 'issuer'),
    ('user_api_keys', 'issuer'),
    ('user_sessions', 'issuer')
  ) AS kind (name, grantee) ON kind.name = p.proname::text
  WHERE p.pronamespace = 'jwt_auth'::regnamespace
$$;
COMMENT ON FUNCTION jwt_auth.grant_verifier(regrole)
  IS 'Lets a role verify tokens: jwt_verify, jwt_try_verify, authenticate, jwks, pre_request, pre_config, request_ip, verify_proof, proof_nonce';
