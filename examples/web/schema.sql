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
  password_hash text NOT NULL
);
ALTER TABLE account OWNER TO web_owner;

-- A new password ends every session and every access token of its user.
CREATE TRIGGER revoke_tokens_of_old_password AFTER UPDATE ON account
  FOR EACH ROW WHEN (OLD.password_hash IS DISTINCT FROM NEW.password_hash OR OLD.id IS DISTINCT FROM NEW.id)
  EXECUTE FUNCTION jwt_auth.revoke_on_password_change('id');
CREATE TRIGGER revoke_tokens_of_the_deleted AFTER DELETE ON account
  FOR EACH ROW EXECUTE FUNCTION jwt_auth.revoke_on_password_change('id');

-- Queries see the account of whoever is authenticated, and without anybody none.
ALTER TABLE account ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON account TO web_app USING (id::text = jwt_auth.current_user_id());
GRANT SELECT, UPDATE (password_hash) ON account TO web_app;

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
ALTER FUNCTION is_recorded OWNER TO web_owner;
REVOKE ALL ON FUNCTION sign_up, log_in, is_recorded FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sign_up, log_in, is_recorded TO web_app;

-- Thefts, mismatches and revocations are told to whoever listens.
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET jwt_auth.notify_channel = %L', current_database(), 'auth_events'); END $$;

COMMIT;
