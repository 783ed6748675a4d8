-- The record: the application's own events, who was logged in when, and a person who is to be forgotten.

CREATE FUNCTION jwt_auth.record_event(event text, user_id text, detail jsonb DEFAULT NULL, ip inet DEFAULT NULL)
RETURNS void LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_record_event';
COMMENT ON FUNCTION jwt_auth.record_event(text, text, jsonb, inet)
  IS 'Records an event of the application''s own beside ours: a failed password, an export. Its name begins with app. and has at most 63 characters a-z, 0-9, _, . and -. user_id NULL: of nobody known';
REVOKE ALL ON FUNCTION jwt_auth.record_event(text, text, jsonb, inet) FROM PUBLIC;

CREATE FUNCTION jwt_auth.session_history(user_id text, since timestamptz, until timestamptz)
RETURNS TABLE (session_id uuid, began_at timestamptz, ip inet, user_agent text, class text, actor text, last_seen timestamptz, is_alive boolean,
               ended_at timestamptz, ended text, reason text, ended_by text, ended_by_role text)
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_session_history';
COMMENT ON FUNCTION jwt_auth.session_history(text, timestamptz, timestamptz)
  IS 'The sessions that the user had at some time from since to until (NULL: no bound), from the audit and from the sessions that are there: when and from where each began, who acted for the user (actor; NULL: the user), and when, by which event (ended), why and by whom it ended. The latest first';
REVOKE ALL ON FUNCTION jwt_auth.session_history(text, timestamptz, timestamptz) FROM PUBLIC;

CREATE FUNCTION jwt_auth.forget_user(user_id text)
RETURNS boolean LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_forget_user';
COMMENT ON FUNCTION jwt_auth.forget_user(text)
  IS 'Erases a person: sessions and their data, API keys, policies, a lock, and from the audit whom its events were about, from where, by whom and their detail. Tokens from before stay refused while any can be good, and whoever has the id next may log in. False if nothing was known of the user';
REVOKE ALL ON FUNCTION jwt_auth.forget_user(text) FROM PUBLIC;
