-- What the application needs in its database. Run as a superuser in an empty database.
\set ON_ERROR_STOP on
BEGIN;

CREATE EXTENSION jwt_auth;
CREATE EXTENSION pgcrypto;
SELECT jwt_auth.create_signing_key('ES256');

-- The application connects as this role. It may issue and verify tokens, and end sessions; it sees no key and no session table.
CREATE ROLE web_app LOGIN;
SELECT jwt_auth.grant_issuer('web_app');
-- Owns the table, and the functions that look where the application doesn't.
CREATE ROLE web_owner NOLOGIN;

CREATE TABLE account (
  id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  email         text NOT NULL UNIQUE CHECK (email = lower(email) AND email LIKE '_%@_%' AND length(email) <= 320),
  password_hash text NOT NULL,
  role          text NOT NULL DEFAULT 'member' CHECK (role IN ('member', 'support')),
  banned        boolean NOT NULL DEFAULT false
);
ALTER TABLE account OWNER TO web_owner;

-- "Stay logged in on this computer" is a class of sessions. All others have the settings' lifetimes and a cookie that ends with the browser.
SELECT jwt_auth.set_session_class('remember me', refresh_token_ttl => '90 days', max_age => '1 year');

-- What an access token says beside who it is: asked at each log-in, refresh and impersonation. No row: refused.
CREATE FUNCTION token_claims(user_id text, session_id uuid, claims jsonb) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT token_claims.claims || jsonb_build_object('role', a.role) FROM public.account AS a WHERE a.id = token_claims.user_id::uuid
$$;

-- A new password ends every session and every access token of its user.
CREATE TRIGGER revoke_tokens_of_old_password AFTER UPDATE ON account
  FOR EACH ROW WHEN (OLD.password_hash IS DISTINCT FROM NEW.password_hash OR OLD.id IS DISTINCT FROM NEW.id)
  EXECUTE FUNCTION jwt_auth.revoke_on_password_change('id');
CREATE TRIGGER revoke_tokens_of_the_deleted AFTER DELETE ON account
  FOR EACH ROW EXECUTE FUNCTION jwt_auth.revoke_on_password_change('id');

-- A new role logs nobody out: access tokens with the old one are refused with "refresh first". The open pages are told to look.
CREATE TRIGGER refresh_tokens_of_old_role AFTER UPDATE ON account
  FOR EACH ROW WHEN (OLD.role IS DISTINCT FROM NEW.role)
  EXECUTE FUNCTION jwt_auth.require_refresh_on_change('id', 'role changed');
CREATE FUNCTION tell_of_role() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM pg_notify('auth_events', json_build_object('event', 'role_changed', 'user_id', NEW.id)::text);
  RETURN NULL;
END $$;
CREATE TRIGGER tell_of_role AFTER UPDATE ON account
  FOR EACH ROW WHEN (OLD.role IS DISTINCT FROM NEW.role) EXECUTE FUNCTION tell_of_role();

-- Whether the transaction's user is of the support, and not one of them who acts for somebody.
CREATE FUNCTION is_support() RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(jwt_auth.current_claim('role') = 'support', false) AND jwt_auth.current_actor() IS NULL
$$;

-- Queries see the account of whoever is authenticated, and without anybody none. The support sees all. Who acts for somebody changes nothing.
ALTER TABLE account ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON account TO web_app USING (id = jwt_auth.current_user_uuid());
CREATE POLICY support ON account FOR SELECT TO web_app USING (is_support());
CREATE POLICY changed_in_person ON account AS RESTRICTIVE FOR UPDATE TO web_app USING (jwt_auth.current_actor() IS NULL);
CREATE POLICY deleted_in_person ON account AS RESTRICTIVE FOR DELETE TO web_app USING (jwt_auth.current_actor() IS NULL);
GRANT SELECT, UPDATE (password_hash), DELETE ON account TO web_app;

-- A new account; none if the address is taken.
CREATE FUNCTION sign_up(email text, password text) RETURNS SETOF uuid
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO public.account (email, password_hash)
  VALUES (lower(sign_up.email), public.crypt(password, public.gen_salt('bf', 10)))
  ON CONFLICT DO NOTHING RETURNING id
$$;

-- The account of that address and password, or none. Call it in the statement that opens the session.
CREATE FUNCTION log_in(email text, password text) RETURNS SETOF uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  account public.account;
  -- What an unknown e-mail address is compared with, so that it takes as long as a wrong password.
  nobody constant text := '$2a$10$CwTycUXWue0Thq9StjUM0uJ8.0g5n8nGe8aG4zFhQ2w3yZC6m2N1a';
BEGIN
  SELECT * INTO account FROM public.account a WHERE a.email = lower(log_in.email);
  -- bcrypt looks at no more than 72 bytes.
  IF coalesce(account.password_hash, nobody) = public.crypt(password, coalesce(account.password_hash, nobody))
     AND octet_length(password) <= 72 THEN
    -- A password changed while it was compared no longer counts; a change from here on waits, and then ends the session.
    RETURN QUERY SELECT a.id FROM public.account a
                 WHERE a.id = account.id AND a.password_hash = account.password_hash FOR SHARE;
  END IF;
END $$;

-- What the support may change of others: their role, and of members whether they are banned. They answer whom they changed.
CREATE FUNCTION set_role(person uuid, role text) RETURNS SETOF uuid
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  UPDATE public.account AS a SET role = set_role.role
  WHERE a.id = person AND a.id <> jwt_auth.current_user_uuid() AND public.is_support() RETURNING a.id
$$;
CREATE FUNCTION set_banned(person uuid, banned boolean) RETURNS SETOF uuid
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  UPDATE public.account AS a SET banned = set_banned.banned
  WHERE a.id = person AND a.role = 'member' AND public.is_support() RETURNING a.id
$$;

-- Whether the record tells of it. Any role that connects may NOTIFY, so what was heard is a hint to look here, and no more.
CREATE FUNCTION is_recorded(event text, user_id text, session_id uuid, at timestamptz) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT is_recorded.at > now() - interval '1 minute'
         AND EXISTS (SELECT FROM jwt_auth.auth_event AS e
                     WHERE e.at = is_recorded.at AND e.event = is_recorded.event AND e.user_id = is_recorded.user_id
                       AND e.session_id IS NOT DISTINCT FROM is_recorded.session_id)
$$;
GRANT SELECT ON jwt_auth.auth_event TO web_owner;

ALTER FUNCTION sign_up OWNER TO web_owner;
ALTER FUNCTION log_in OWNER TO web_owner;
ALTER FUNCTION set_role OWNER TO web_owner;
ALTER FUNCTION set_banned OWNER TO web_owner;
ALTER FUNCTION is_recorded OWNER TO web_owner;
ALTER FUNCTION token_claims OWNER TO web_owner;
REVOKE ALL ON FUNCTION sign_up, log_in, set_role, set_banned, is_recorded, token_claims, tell_of_role, is_support FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sign_up, log_in, set_role, set_banned, is_recorded, is_support TO web_app;
GRANT EXECUTE ON FUNCTION is_support TO web_owner;

-- Thefts, mismatches and revocations are told to whoever listens.
DO $$
BEGIN
  EXECUTE format('ALTER DATABASE %I SET jwt_auth.notify_channel = %L', current_database(), 'auth_events');
  EXECUTE format('ALTER DATABASE %I SET jwt_auth.claims_function = %L', current_database(), 'public.token_claims');
END $$;

COMMIT;
