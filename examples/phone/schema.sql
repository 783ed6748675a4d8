-- What the example needs in its database. Run as a superuser in an empty database.
\set ON_ERROR_STOP on
BEGIN;

CREATE EXTENSION jwt_auth;
CREATE EXTENSION pgcrypto;
SELECT jwt_auth.create_signing_key('ES256');

-- The service connects as this role. It issues and verifies tokens; it sees no key, no session and no password.
CREATE ROLE phone_api LOGIN;
SELECT jwt_auth.grant_issuer('phone_api');

CREATE TABLE account (
  id            bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  email         text NOT NULL UNIQUE,
  password_hash text NOT NULL
);
INSERT INTO account (email, password_hash) VALUES ('ann@example.org', crypt('correct horse battery', gen_salt('bf', 10)));

-- Whoever is authenticated sees their own account.
ALTER TABLE account ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON account FOR SELECT TO phone_api USING (id = jwt_auth.current_user_bigint());
GRANT SELECT (id, email) ON account TO phone_api;

-- The account of that address and password, or none. Call it in the statement that opens the session: its lock has a change of the
-- password wait until the session is there, and then end it.
CREATE FUNCTION log_in(email text, password text) RETURNS SETOF bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT a.id FROM public.account AS a
  WHERE a.email = log_in.email AND a.password_hash = public.crypt(log_in.password, a.password_hash) FOR SHARE
$$;
REVOKE ALL ON FUNCTION log_in FROM PUBLIC;
GRANT EXECUTE ON FUNCTION log_in TO phone_api;
CREATE TRIGGER revoke_tokens AFTER UPDATE ON account
  FOR EACH ROW WHEN (OLD.password_hash IS DISTINCT FROM NEW.password_hash) EXECUTE FUNCTION jwt_auth.revoke_on_change('id', 'password changed');

-- A phone sleeps for long. Its access tokens are short and useless without its key.
SELECT jwt_auth.set_session_class('phone', access_token_ttl => '10 minutes', refresh_token_ttl => '180 days', max_age => '0');

COMMIT;
