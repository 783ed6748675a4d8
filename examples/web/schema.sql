-- What the application needs in its database. Run as a superuser in an empty database.
\set ON_ERROR_STOP on
BEGIN;

CREATE EXTENSION jwt_auth;
CREATE EXTENSION pgcrypto;
SELECT jwt_auth.create_signing_key('ES256');

-- The application connects as this role. It may issue and verify tokens, and end sessions; it sees no key and no session table.
CREATE ROLE web_app LOGIN;
SELECT jwt_auth.grant_issuer('web_app');

CREATE TABLE account (
  id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  email         text NOT NULL UNIQUE CHECK (email = lower(email) AND email LIKE '_%@_%' AND length(email) <= 320),
  password_hash text NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON account TO web_app;

-- A new password ends every session and every access token of its user.
CREATE TRIGGER revoke_tokens_of_old_password AFTER UPDATE OF password_hash ON account
  FOR EACH ROW WHEN (OLD.password_hash IS DISTINCT FROM NEW.password_hash)
  EXECUTE FUNCTION jwt_auth.revoke_on_password_change('id');
CREATE TRIGGER revoke_tokens_of_the_deleted AFTER DELETE ON account
  FOR EACH ROW EXECUTE FUNCTION jwt_auth.revoke_on_password_change('id');

-- Once somebody is authenticated, the application sees that account and no other, whatever its queries say.
ALTER TABLE account ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON account TO web_app
  USING (jwt_auth.current_user_id() IS NULL OR id::text = jwt_auth.current_user_id());

-- Thefts, mismatches and revocations are told to whoever listens.
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET jwt_auth.notify_channel = %L', current_database(), 'auth_events'); END $$;

COMMIT;
