-- What the application knows better: a user who is locked, rights that have changed, a stronger log-in, somebody who acts for a user.

CREATE FUNCTION jwt_auth.lock_user(user_id text, reason text DEFAULT NULL, until timestamptz DEFAULT NULL)
RETURNS integer LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_lock_user';
COMMENT ON FUNCTION jwt_auth.lock_user(text, text, timestamptz)
  IS 'revoke_user_tokens(), and while the lock lasts log-ins answer the status locked and no token and no API key of the user is good. until: when it ends by itself (22023 unless it lies ahead); NULL or infinity: with unlock_user(). A later call replaces the lock. Answers how many sessions ended';
REVOKE ALL ON FUNCTION jwt_auth.lock_user(text, text, timestamptz) FROM PUBLIC;

CREATE FUNCTION jwt_auth.unlock_user(user_id text)
RETURNS boolean LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_unlock_user';
COMMENT ON FUNCTION jwt_auth.unlock_user(text)
  IS 'Ends the lock of a user, who may log in again; what was issued before stays refused. Whether the user was locked';
REVOKE ALL ON FUNCTION jwt_auth.unlock_user(text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.require_refresh(user_id text, reason text DEFAULT NULL)
RETURNS void LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_require_refresh';
COMMENT ON FUNCTION jwt_auth.require_refresh(text, text)
  IS 'For a change of what the user may do: access tokens of the user''s sessions from before are refused with JW016, refresh first. The sessions live on, and the next refresh is good';
REVOKE ALL ON FUNCTION jwt_auth.require_refresh(text, text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.require_refresh_on_change()
RETURNS trigger LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_require_refresh_on_change';
COMMENT ON FUNCTION jwt_auth.require_refresh_on_change()
  IS 'For the application''s own table of roles, AFTER INSERT OR UPDATE OR DELETE FOR EACH ROW: require_refresh for the value of the column that its first argument names, old and new. A second argument is the reason';
REVOKE ALL ON FUNCTION jwt_auth.require_refresh_on_change() FROM PUBLIC;

CREATE FUNCTION jwt_auth.revoke_on_change()
RETURNS trigger LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_revoke_on_change';
COMMENT ON FUNCTION jwt_auth.revoke_on_change()
  IS 'For the application''s own table of users, AFTER UPDATE OR DELETE FOR EACH ROW: revoke_user_tokens for the old value of the column that its first argument names. A second argument is the reason';
REVOKE ALL ON FUNCTION jwt_auth.revoke_on_change() FROM PUBLIC;

CREATE FUNCTION jwt_auth.set_session_claims(session_id uuid, claims jsonb)
RETURNS boolean LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_set_session_claims';
COMMENT ON FUNCTION jwt_auth.set_session_claims(uuid, jsonb)
  IS 'Stores other claims for a session: its next token has them, and those from before are refused with JW016, refresh first. False if there is no such session';
REVOKE ALL ON FUNCTION jwt_auth.set_session_claims(uuid, jsonb) FROM PUBLIC;

CREATE FUNCTION jwt_auth.set_session_metadata(session_id uuid, metadata jsonb)
RETURNS boolean LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_set_session_metadata';
COMMENT ON FUNCTION jwt_auth.set_session_metadata(uuid, jsonb)
  IS 'Stores other metadata for a session, which no token has: tokens stay good. False if there is no such session';
REVOKE ALL ON FUNCTION jwt_auth.set_session_metadata(uuid, jsonb) FROM PUBLIC;

CREATE FUNCTION jwt_auth.reauthenticate_session(session_id uuid, amr text[] DEFAULT NULL, acr text DEFAULT NULL)
RETURNS jwt_auth.token_response LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_reauthenticate_session';
COMMENT ON FUNCTION jwt_auth.reauthenticate_session(uuid, text[], text)
  IS 'The user of this session has proved again who they are: a fresh auth_time, with amr and acr (how, as RFC 8176 and OpenID Connect name it), in this access token and those of later refreshes. There is no refresh token in the answer: the session''s own goes on. status: ok, invalid, expired, idle_expired, refused';
REVOKE ALL ON FUNCTION jwt_auth.reauthenticate_session(uuid, text[], text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.impersonate(user_id text, actor text, lifetime interval, claims jsonb DEFAULT NULL, reason text DEFAULT NULL)
RETURNS jwt_auth.token_response LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_impersonate';
COMMENT ON FUNCTION jwt_auth.impersonate(text, text, interval, jsonb, text)
  IS 'An access token with which the actor acts for the user, and which says so (act.sub, RFC 8693 section 4.1). No refresh token, no auth_time. It ends with revoke_refresh_session(session_id) and with every revocation or lock of the user or the actor. status: ok, locked, refused';
REVOKE ALL ON FUNCTION jwt_auth.impersonate(text, text, interval, jsonb, text) FROM PUBLIC;
