-- Moving in: sessions that another system began.

CREATE TABLE jwt_auth.imported_token (
  token_hash bytea PRIMARY KEY,
  session_id uuid NOT NULL,
  user_key   integer NOT NULL
);
CREATE INDEX imported_token_session_id ON jwt_auth.imported_token (session_id);
ALTER TABLE jwt_auth.imported_token ALTER token_hash SET STORAGE PLAIN;
COMMENT ON TABLE jwt_auth.imported_token IS 'Which session a refresh token of another system stands for (import_session). A row goes with its session';
COMMENT ON COLUMN jwt_auth.imported_token.token_hash IS 'SHA-256 of the token';
REVOKE ALL ON jwt_auth.imported_token FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('jwt_auth.imported_token', '');

CREATE FUNCTION jwt_auth.import_session(user_id text, refresh_token text, created_at timestamptz, expires_at timestamptz, ip inet DEFAULT NULL,
                                        user_agent text DEFAULT NULL, claims jsonb DEFAULT NULL, metadata jsonb DEFAULT NULL, class text DEFAULT NULL)
RETURNS uuid LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_import_session';
COMMENT ON FUNCTION jwt_auth.import_session(text, text, timestamptz, timestamptz, inet, text, jsonb, jsonb, text)
  IS 'A session that another system began goes on here: the refresh token that it gave out is presented to refresh_session() once and answered with ours. created_at: when the user logged in, which the session''s ends and its auth_time count from. expires_at: until when the token is good. class: of set_session_class(). Answers the session''s id. 22023 for a token of ours, one that has expired, or a session that is too old; 23505 for one that was imported already; JW009 where the user is locked or was cut off since created_at';
REVOKE ALL ON FUNCTION jwt_auth.import_session(text, text, timestamptz, timestamptz, inet, text, jsonb, jsonb, text) FROM PUBLIC;
