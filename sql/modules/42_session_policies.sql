-- Refresh sessions: mass endings, single tokens, users' own policies, clean-up, explanations.

CREATE FUNCTION jwt_auth.revoke_other_sessions(user_id text, keep uuid)
RETURNS integer LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_revoke_other_sessions';
COMMENT ON FUNCTION jwt_auth.revoke_other_sessions(text, uuid)
  IS 'Ends all sessions of the user but one ("log me out everywhere else"); answers how many. A keep that is not the user''s ends all';
REVOKE ALL ON FUNCTION jwt_auth.revoke_other_sessions(text, uuid) FROM PUBLIC;

CREATE FUNCTION jwt_auth.revoke_own_session(user_id text, session_id uuid)
RETURNS boolean LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_revoke_own_session';
COMMENT ON FUNCTION jwt_auth.revoke_own_session(text, uuid)
  IS 'revoke_refresh_session() for a session of this user alone: false for a session of somebody else';
REVOKE ALL ON FUNCTION jwt_auth.revoke_own_session(text, uuid) FROM PUBLIC;

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
  IS 'Verifies a token of type JWT or of no type, and denies it in one step: its claims for the first caller, JW011 for the second. JW014 for the access token of a session and for other kinds';
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
  IS 'Removes ended sessions, denials of expired tokens and accounts that hold nothing, in batches with a commit behind each: not inside a transaction block';
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
