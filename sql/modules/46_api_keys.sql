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
  IS 'Makes an API key for a user; it is shown this once. scopes: what it may be used for (the claim scope). allowed_from: networks that it may be used from; NULL: anywhere. claims: further claims of its bearer. Refused (42501) to whoever is authenticated with an API key or acts for the user';
REVOKE ALL ON FUNCTION jwt_auth.create_api_key(text, text, text[], timestamptz, cidr[], jsonb) FROM PUBLIC;

CREATE FUNCTION jwt_auth.exchange_api_key(api_key text, ip inet DEFAULT NULL)
RETURNS jwt_auth.token_response LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_exchange_api_key';
COMMENT ON FUNCTION jwt_auth.exchange_api_key(text, inet)
  IS 'A short access token for an API key, with the claims key_id and scope and without a refresh token. It is good while the key is, from the networks that the key may be used from. A refusal is a status: invalid, expired, locked, ip_mismatch';
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

CREATE FUNCTION jwt_auth.user_api_keys(user_id text)
RETURNS TABLE (key_id uuid, name text, scopes text[], allowed_from cidr[], created_at timestamptz, expires_at timestamptz,
               last_used_at timestamptz)
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_user_api_keys';
COMMENT ON FUNCTION jwt_auth.user_api_keys(text)
  IS 'The API keys of a user that are good, the newest first; last_used_at is right to the hour';
REVOKE ALL ON FUNCTION jwt_auth.user_api_keys(text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.has_scope(scope text)
RETURNS boolean LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_has_scope';
COMMENT ON FUNCTION jwt_auth.has_scope(text)
  IS 'Whether the scope claim of the authenticated token or API key holds this scope. False if it has no such claim, as a session''s token, and if nobody is authenticated';
