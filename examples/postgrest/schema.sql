-- A complete API for PostgREST: sign up, log in, refresh by cookie, log out here and everywhere, change the password, see and end
-- one's devices; and a table that shows everybody their own rows. Run as a superuser in an empty database.
\set ON_ERROR_STOP on
BEGIN;

CREATE EXTENSION jwt_auth;
CREATE SCHEMA crypto;
CREATE EXTENSION pgcrypto SCHEMA crypto;
-- Anything but an HMAC key: PostgREST verifies with the public half.
SELECT jwt_auth.create_signing_key('ES256');

-- PostgREST connects as authenticator and becomes anon, or the role that a token names.
CREATE ROLE authenticator LOGIN NOINHERIT;
CREATE ROLE anon NOLOGIN;
CREATE ROLE member NOLOGIN;
GRANT anon, member TO authenticator;
-- Owns the tables and the functions below, and alone may issue tokens.
CREATE ROLE api_owner NOLOGIN;

-- pre_config runs as authenticator, pre_request as anon or member.
SELECT jwt_auth.grant_verifier(role::regrole) FROM unnest(ARRAY['authenticator', 'anon', 'member']) AS role;
SELECT jwt_auth.grant_issuer('api_owner');

CREATE SCHEMA private AUTHORIZATION api_owner;
CREATE SCHEMA api AUTHORIZATION api_owner;
GRANT USAGE ON SCHEMA api TO anon, member;
GRANT USAGE ON SCHEMA crypto TO api_owner;
ALTER DEFAULT PRIVILEGES FOR ROLE api_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

SET LOCAL ROLE api_owner;

CREATE FUNCTION private.is_email(email text) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT email = lower(email) AND email LIKE '_%@_%' AND length(email) <= 320
$$;

CREATE TABLE private.account (
  id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  email         text NOT NULL UNIQUE CHECK (private.is_email(email)),
  password_hash text NOT NULL,
  role          text NOT NULL DEFAULT 'member'
);

CREATE TABLE api.note (
  id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  owner text NOT NULL DEFAULT jwt_auth.current_user_id(),
  body  text NOT NULL CHECK (length(body) <= 10000)
);
CREATE INDEX ON api.note (owner);
ALTER TABLE api.note ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON api.note USING (owner = jwt_auth.current_user_id()) WITH CHECK (owner = jwt_auth.current_user_id());
GRANT SELECT, INSERT, UPDATE, DELETE ON api.note TO member;

-- Answers tokens: the refresh token in a cookie that only /rpc/refresh ever sees, the access token in the body. A refusal is a
-- status, not an error: an error would undo what the refusal wrote, such as the end of a stolen session.
CREATE FUNCTION private.answer(response jwt_auth.token_response) RETURNS json
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  granted boolean := response.status IN ('ok', 'replayed');
BEGIN
  PERFORM set_config('response.headers', json_build_array(
            json_build_object('Set-Cookie', jwt_auth.refresh_cookie(response.refresh_token, path => '/rpc/refresh')),
            json_build_object('Cache-Control', 'no-store'))::text, true);
  IF NOT granted THEN
    PERFORM set_config('response.status', '401', true);
    RETURN json_build_object('status', response.status);
  END IF;
  RETURN json_build_object('status', response.status, 'access_token', response.access_token,
                           'expires_at', response.access_expires_at);
END $$;

CREATE FUNCTION private.refuse(http_status integer, status text) RETURNS json
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM set_config('response.status', http_status::text, true);
  RETURN json_build_object('status', status);
END $$;

CREATE FUNCTION private.header(name text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT nullif(current_setting('request.headers', true), '')::json ->> name
$$;

CREATE FUNCTION private.open_session(account private.account) RETURNS json
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  SELECT private.answer(jwt_auth.issue_refresh_session(account.id::text, ip => jwt_auth.request_ip(),
                                                       user_agent => private.header('user-agent'),
                                                       claims => jsonb_build_object('role', account.role)))
$$;

-- bcrypt looks at no more than 72 bytes.
CREATE FUNCTION private.is_acceptable(password text) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT length(password) >= 10 AND octet_length(password) <= 72
$$;

CREATE FUNCTION api.sign_up(email text, password text) RETURNS json
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  account private.account;
BEGIN
  IF private.is_acceptable(password) IS NOT TRUE THEN
    RETURN private.refuse(400, 'password_not_acceptable');
  END IF;
  -- Looked at here, for an error of the table would show the row, the hash included, in its DETAIL.
  IF private.is_email(lower(sign_up.email)) IS NOT TRUE THEN
    RETURN private.refuse(400, 'email_not_acceptable');
  END IF;
  INSERT INTO private.account (email, password_hash)
  VALUES (lower(sign_up.email), crypto.crypt(password, crypto.gen_salt('bf', 10)))
  ON CONFLICT DO NOTHING RETURNING * INTO account;
  IF account.id IS NULL THEN
    RETURN private.refuse(409, 'email_taken');
  END IF;
  RETURN private.open_session(account);
END $$;

CREATE FUNCTION api.log_in(email text, password text) RETURNS json
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  account private.account;
  -- What an unknown e-mail address is compared with, so that it takes as long as a wrong password.
  nobody constant text := '$2a$10$CwTycUXWue0Thq9StjUM0uJ8.0g5n8nGe8aG4zFhQ2w3yZC6m2N1a';
BEGIN
  SELECT * INTO account FROM private.account a WHERE a.email = lower(log_in.email);
  IF coalesce(account.password_hash, nobody) IS DISTINCT FROM crypto.crypt(password, coalesce(account.password_hash, nobody))
     OR account.id IS NULL OR octet_length(password) > 72 THEN
    RETURN private.refuse(401, 'wrong_email_or_password');
  END IF;
  -- A password changed while it was compared no longer counts; a change from here on waits, and then ends this session.
  PERFORM FROM private.account a WHERE a.id = account.id AND a.password_hash = account.password_hash FOR SHARE;
  IF NOT FOUND THEN
    RETURN private.refuse(401, 'wrong_email_or_password');
  END IF;
  RETURN private.open_session(account);
END $$;

-- No access token needed: the cookie is enough. SameSite=Strict keeps other sites from sending it.
CREATE FUNCTION api.refresh() RETURNS json
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT private.answer(jwt_auth.refresh_session(
           coalesce(nullif(current_setting('request.cookies', true), '')::json ->> 'refresh_token', ''),
           ip => jwt_auth.request_ip(), user_agent => private.header('user-agent')))
$$;

CREATE FUNCTION private.forget_cookie() RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  SELECT set_config('response.headers', json_build_array(
           json_build_object('Set-Cookie', jwt_auth.refresh_cookie(NULL, path => '/rpc/refresh')))::text, true)
$$;

CREATE FUNCTION api.log_out() RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT private.forget_cookie();
  SELECT jwt_auth.revoke_refresh_session(jwt_auth.current_session_id(), 'log-out');
$$;

CREATE FUNCTION api.log_out_everywhere() RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT private.forget_cookie();
  SELECT jwt_auth.revoke_user_tokens(jwt_auth.current_user_id(), 'log-out everywhere');
$$;

-- The trigger below ends every session of the account, this one too; so this client gets a new one.
CREATE FUNCTION api.change_password(current_password text, new_password text) RETURNS json
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  account private.account;
BEGIN
  IF private.is_acceptable(new_password) IS NOT TRUE THEN
    RETURN private.refuse(400, 'password_not_acceptable');
  END IF;
  UPDATE private.account a SET password_hash = crypto.crypt(new_password, crypto.gen_salt('bf', 10))
  WHERE a.id = jwt_auth.current_user_id()::uuid AND octet_length(current_password) <= 72
    AND a.password_hash = crypto.crypt(current_password, a.password_hash)
  RETURNING * INTO account;
  IF account.id IS NULL THEN
    RETURN private.refuse(403, 'wrong_password');
  END IF;
  RETURN private.open_session(account);
END $$;

CREATE FUNCTION api.devices()
RETURNS TABLE (session_id uuid, created_at timestamptz, refreshed_at timestamptz, ip inet, user_agent text, is_this_one boolean)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT s.session_id, s.created_at, s.refreshed_at, s.ip, s.user_agent, s.session_id = jwt_auth.current_session_id()
  FROM jwt_auth.user_sessions(jwt_auth.current_user_id()) AS s
$$;

-- Only one's own: the id alone would end anybody's.
CREATE FUNCTION api.end_device(session_id uuid) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce((SELECT jwt_auth.revoke_refresh_session(s.session_id, 'ended by its user')
                   FROM jwt_auth.user_sessions(jwt_auth.current_user_id()) AS s
                   WHERE s.session_id = end_device.session_id), false)
$$;

GRANT EXECUTE ON FUNCTION api.sign_up, api.log_in, api.refresh TO anon, member;
GRANT EXECUTE ON FUNCTION api.log_out, api.log_out_everywhere, api.change_password, api.devices, api.end_device TO member;

RESET ROLE;

CREATE TRIGGER revoke_tokens_of_old_password AFTER UPDATE ON private.account
  FOR EACH ROW WHEN (OLD.password_hash IS DISTINCT FROM NEW.password_hash OR OLD.id IS DISTINCT FROM NEW.id)
  EXECUTE FUNCTION jwt_auth.revoke_on_password_change('id');
CREATE TRIGGER revoke_tokens_of_the_deleted AFTER DELETE ON private.account
  FOR EACH ROW EXECUTE FUNCTION jwt_auth.revoke_on_password_change('id');

COMMIT;
