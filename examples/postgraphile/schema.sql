-- What the GraphQL API needs in its database. Run as a superuser in an empty database.
\set ON_ERROR_STOP on
BEGIN;

CREATE EXTENSION jwt_auth;
CREATE SCHEMA crypto;
CREATE EXTENSION pgcrypto SCHEMA crypto;
SELECT jwt_auth.create_signing_key('ES256');

-- PostGraphile connects as graphile and becomes graphile_anon, or the role that a token names.
CREATE ROLE graphile LOGIN NOINHERIT;
CREATE ROLE graphile_anon NOLOGIN;
CREATE ROLE graphile_member NOLOGIN;
CREATE ROLE graphile_owner NOLOGIN;
GRANT graphile_anon, graphile_member TO graphile;

-- graphile reads the public keys; the other two authenticate.
SELECT jwt_auth.grant_verifier(role::regrole) FROM unnest(ARRAY['graphile', 'graphile_anon', 'graphile_member']) AS role;
SELECT jwt_auth.grant_issuer('graphile_owner');

CREATE SCHEMA app_private AUTHORIZATION graphile_owner;
CREATE SCHEMA app_public AUTHORIZATION graphile_owner;
GRANT USAGE ON SCHEMA app_public TO graphile, graphile_anon, graphile_member;
GRANT USAGE ON SCHEMA crypto TO graphile_owner;
ALTER DEFAULT PRIVILEGES FOR ROLE graphile_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

SET LOCAL ROLE graphile_owner;

CREATE FUNCTION app_private.is_email(email text) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT email = lower(email) AND email LIKE '_%@_%' AND length(email) <= 320
$$;

CREATE TABLE app_private.account (
  id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  email         text NOT NULL UNIQUE CHECK (app_private.is_email(email)),
  password_hash text NOT NULL
);

CREATE TABLE app_public.note (
  id    integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  owner text NOT NULL DEFAULT jwt_auth.current_user_id(),
  body  text NOT NULL
);
CREATE INDEX ON app_public.note (owner);
ALTER TABLE app_public.note ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON app_public.note USING (owner = jwt_auth.current_user_id()) WITH CHECK (owner = jwt_auth.current_user_id());
GRANT SELECT, INSERT (body), UPDATE (body), DELETE ON app_public.note TO graphile_member;

-- What a log-in and a refresh answer. A browser's server would put the refresh token into a cookie instead.
CREATE TYPE app_public.session AS (status text, access_token text, expires_at timestamptz, refresh_token text);

CREATE FUNCTION app_private.open_session(account_id uuid) RETURNS app_public.session
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  SELECT (status, access_token, access_expires_at, refresh_token)::app_public.session
  FROM jwt_auth.issue_refresh_session(account_id::text, ip => nullif(current_setting('request.ip', true), '')::inet,
                                      claims => '{"role": "graphile_member"}')
$$;

-- bcrypt looks at no more than 72 bytes.
CREATE FUNCTION app_public.sign_up(email text, password text) RETURNS app_public.session
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  account_id uuid;
BEGIN
  IF (length(password) >= 10 AND octet_length(password) <= 72) IS NOT TRUE THEN
    RETURN ('password_not_acceptable', NULL, NULL, NULL)::app_public.session;
  END IF;
  IF app_private.is_email(lower(sign_up.email)) IS NOT TRUE THEN
    RETURN ('email_not_acceptable', NULL, NULL, NULL)::app_public.session;
  END IF;
  INSERT INTO app_private.account (email, password_hash)
  VALUES (lower(sign_up.email), crypto.crypt(password, crypto.gen_salt('bf', 10)))
  ON CONFLICT DO NOTHING RETURNING id INTO account_id;
  IF account_id IS NULL THEN
    RETURN ('email_taken', NULL, NULL, NULL)::app_public.session;
  END IF;
  RETURN app_private.open_session(account_id);
END $$;

-- NULL if the address or the password is wrong.
CREATE FUNCTION app_public.log_in(email text, password text) RETURNS app_public.session
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  account app_private.account;
  -- What an unknown e-mail address is compared with, so that it takes as long as a wrong password.
  nobody constant text := '$2a$10$CwTycUXWue0Thq9StjUM0uJ8.0g5n8nGe8aG4zFhQ2w3yZC6m2N1a';
BEGIN
  SELECT * INTO account FROM app_private.account a WHERE a.email = lower(log_in.email);
  IF coalesce(account.password_hash, nobody) IS DISTINCT FROM crypto.crypt(password, coalesce(account.password_hash, nobody))
     OR account.id IS NULL OR octet_length(password) > 72 THEN
    RETURN NULL;
  END IF;
  -- A password changed while it was compared no longer counts; a change from here on waits, and then ends this session.
  PERFORM FROM app_private.account a WHERE a.id = account.id AND a.password_hash = account.password_hash FOR SHARE;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  RETURN app_private.open_session(account.id);
END $$;

-- A refusal is a status, not an error: an error would undo what the refusal wrote.
CREATE FUNCTION app_public.refresh(refresh_token text) RETURNS app_public.session
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT (status, access_token, access_expires_at, r.refresh_token)::app_public.session
  FROM jwt_auth.refresh_session(refresh.refresh_token, ip => nullif(current_setting('request.ip', true), '')::inet) AS r
$$;

CREATE FUNCTION app_public.log_out() RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT jwt_auth.revoke_refresh_session(jwt_auth.current_session_id(), 'log-out')
$$;

CREATE FUNCTION app_public.my_id() RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT jwt_auth.current_user_id()
$$;

GRANT EXECUTE ON FUNCTION app_public.sign_up, app_public.log_in, app_public.refresh, app_public.my_id TO graphile_anon, graphile_member;
GRANT EXECUTE ON FUNCTION app_public.log_out TO graphile_member;

RESET ROLE;

-- A new password ends every session and every access token of its user.
CREATE TRIGGER revoke_tokens_of_old_password AFTER UPDATE ON app_private.account
  FOR EACH ROW WHEN (OLD.password_hash IS DISTINCT FROM NEW.password_hash OR OLD.id IS DISTINCT FROM NEW.id)
  EXECUTE FUNCTION jwt_auth.revoke_on_password_change('id');
CREATE TRIGGER revoke_tokens_of_the_deleted AFTER DELETE ON app_private.account
  FOR EACH ROW EXECUTE FUNCTION jwt_auth.revoke_on_password_change('id');

COMMIT;
