-- Refresh sessions.

CREATE FUNCTION jwt_auth.issue_refresh_session(user_id text, ip inet DEFAULT NULL, user_agent text DEFAULT NULL,
                                               fingerprint text DEFAULT NULL, claims jsonb DEFAULT NULL,
                                               metadata jsonb DEFAULT NULL, class text DEFAULT NULL, device text DEFAULT NULL,
                                               proof text DEFAULT NULL, proof_method text DEFAULT NULL, proof_url text DEFAULT NULL)
RETURNS jwt_auth.token_response LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_issue_refresh_session';
COMMENT ON FUNCTION jwt_auth.issue_refresh_session(text, inet, text, text, jsonb, jsonb, text, text, text, text, text)
  IS 'A log-in: opens a session and answers its first access and refresh token. class: of set_session_class(), whose lifetimes and limit it has. device: an id that the client keeps; the session that the same user, class and device had is replaced and named in evicted_sessions. proof: binds it to the key of a DPoP proof. status: ok, limit_reached under the policy reject, locked, refused, or proof_invalid';
REVOKE ALL ON FUNCTION jwt_auth.issue_refresh_session(text, inet, text, text, jsonb, jsonb, text, text, text, text, text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.refresh_session(refresh_token text, ip inet DEFAULT NULL, user_agent text DEFAULT NULL,
                                         fingerprint text DEFAULT NULL, proof text DEFAULT NULL, proof_method text DEFAULT NULL,
                                         proof_url text DEFAULT NULL)
RETURNS jwt_auth.token_response LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_refresh_session';
COMMENT ON FUNCTION jwt_auth.refresh_session(text, inet, text, text, text, text, text)
  IS 'Rotates a refresh token and answers new tokens. proof: of the key that the session is bound to. Refusals are statuses, not errors: raising one would undo what the refusal wrote';
REVOKE ALL ON FUNCTION jwt_auth.refresh_session(text, inet, text, text, text, text, text) FROM PUBLIC;

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
               user_agent text, metadata jsonb, class text, has_device boolean, bound text, is_current boolean)
LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 5 AS 'MODULE_PATHNAME', 'jwt_auth_user_sessions';
COMMENT ON FUNCTION jwt_auth.user_sessions(text)
  IS 'The user''s live sessions, the one used last first: "your devices". refreshed_at and ip: when and from where it was last refreshed. has_device: its log-in named a device. bound: dpop or dbsc where it is bound to a key. is_current: of the identity of this transaction. Sessions of a class that is not listed are left out';
REVOKE ALL ON FUNCTION jwt_auth.user_sessions(text) FROM PUBLIC;
