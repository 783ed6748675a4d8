-- Tokens of the keyring for one purpose, and the check of any token as a row.

CREATE FUNCTION jwt_auth.jwt_try_verify(token text, OUT valid boolean, OUT claims jsonb, OUT error_code text, OUT error_message text)
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_try_verify_ring';
COMMENT ON FUNCTION jwt_auth.jwt_try_verify(text)
  IS 'jwt_verify(token) that answers a row: valid is never NULL, claims are NULL unless valid, error_code is the SQLSTATE of the refusal. What is not the token''s fault is raised, such as a key of the server that is sealed or cannot be read (JW022)';
REVOKE ALL ON FUNCTION jwt_auth.jwt_try_verify(text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.issue_token(purpose text, user_id text, lifetime interval, claims jsonb DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_issue_token';
COMMENT ON FUNCTION jwt_auth.issue_token(text, text, interval, jsonb)
  IS 'A token that is good for one purpose only, such as a link in a mail: its type is <purpose>+jwt (RFC 8725 section 3.11). verify_token and consume_token accept it';
REVOKE ALL ON FUNCTION jwt_auth.issue_token(text, text, interval, jsonb) FROM PUBLIC;

CREATE FUNCTION jwt_auth.verify_token(token text, purpose text)
RETURNS jsonb LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_verify_token';
COMMENT ON FUNCTION jwt_auth.verify_token(text, text)
  IS 'The claims of a token of issue_token() for this purpose, if it is good now: not expired, not revoked, not consumed. JW014 for a token of another kind';
REVOKE ALL ON FUNCTION jwt_auth.verify_token(text, text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.consume_token(token text, purpose text)
RETURNS jsonb LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_consume_token';
COMMENT ON FUNCTION jwt_auth.consume_token(text, text)
  IS 'verify_token() and deny_token() in one step: the claims for the first caller, JW011 for the second';
REVOKE ALL ON FUNCTION jwt_auth.consume_token(text, text) FROM PUBLIC;
