-- For the day on which jwt_auth takes over from a GoTrue (Supabase Auth): its sessions, and its claims. Stop GoTrue first, else it goes on
-- replacing the tokens that are imported here. Run the file and import_gotrue_sessions() as a superuser, or as the extension's owner if that
-- role may read GoTrue's tables.

-- Imports every session of GoTrue that is alive, with the refresh token that its client holds, and answers those that were refused, each
-- with the reason; the others are imported all the same. Most of GoTrue's sessions have no end: such a session gets expires_at.
-- Tokens without a session, as GoTrue made them before 2022, are passed over.
-- What is refused: sessions of users who are locked or were revoked meanwhile (JW009), and sessions older than jwt_auth.session_max_age
-- (22023). When the reason is mended, call it again: it passes over what it has imported. Do that before clients are let in: a session that
-- has ended here meanwhile would be imported anew.
CREATE FUNCTION import_gotrue_sessions(expires_at timestamptz)
RETURNS TABLE (user_id uuid, session_id uuid, error_code text, error_message text) LANGUAGE plpgsql AS $$
DECLARE
  gotrue record;
BEGIN
  FOR gotrue IN
    SELECT s.id, s.user_id, t.token, s.created_at, coalesce(s.not_after, import_gotrue_sessions.expires_at) AS expires_at, s.ip, s.user_agent, s.aal
    FROM auth.refresh_tokens AS t JOIN auth.sessions AS s ON s.id = t.session_id
    WHERE NOT t.revoked AND (s.not_after IS NULL OR s.not_after > now())
    ORDER BY s.created_at
  LOOP
    BEGIN
      PERFORM jwt_auth.import_session(gotrue.user_id, gotrue.token, gotrue.created_at, gotrue.expires_at,
                                      ip => gotrue.ip, user_agent => gotrue.user_agent, claims => jsonb_build_object('aal', coalesce(gotrue.aal::text, 'aal1')),
                                      metadata => jsonb_build_object('gotrue_session', gotrue.id));
    EXCEPTION
      WHEN unique_violation THEN NULL; -- It was imported by an earlier call.
      WHEN OTHERS THEN
        user_id := gotrue.user_id;
        session_id := gotrue.id;
        error_code := SQLSTATE;
        error_message := SQLERRM;
        RETURN NEXT;
    END;
  END LOOP;
END $$;

-- The claims that GoTrue puts into its tokens, for policies that read them from auth.jwt(): ALTER DATABASE ... SET
-- jwt_auth.claims_function = 'public.gotrue_claims' (or the schema where this is). aal is the one of the imported session; a log-in of
-- yours gives its own: issue_refresh_session(..., claims => '{"aal": "aal2"}'). session_id is the session's id here, not the one that
-- GoTrue gave it. A user who is banned or deleted gets no claims, which ends the session with the status "refused".
CREATE FUNCTION gotrue_claims(user_id text, session_id uuid, claims jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object('aal', 'aal1') || claims
         || jsonb_build_object('role', u.role, 'email', u.email, 'phone', coalesce(u.phone, ''), 'app_metadata', u.raw_app_meta_data,
                               'user_metadata', u.raw_user_meta_data, 'is_anonymous', u.is_anonymous, 'session_id', gotrue_claims.session_id)
  FROM auth.users AS u
  WHERE u.id = gotrue_claims.user_id::uuid AND u.deleted_at IS NULL AND (u.banned_until IS NULL OR u.banned_until < now())
$$;
