-- Every message about sessions, users, classes, triggers, API keys and the record: the statement that provokes it, SQLSTATE, message, detail and hint.
\set ECHO none
\getenv srcdir PG_ABS_SRCDIR
\set support :srcdir '/support/messages.sql'
\i :support

DELETE FROM jwt_auth.signing_key;
SELECT jwt_auth.create_signing_key('ES256') IS NOT NULL;
CREATE TEMP TABLE message_session AS SELECT * FROM jwt_auth.issue_refresh_session('ann');
CREATE FUNCTION pg_temp.session() RETURNS uuid LANGUAGE sql AS $$ SELECT session_id FROM message_session $$;
CREATE FUNCTION pg_temp.access() RETURNS text LANGUAGE sql AS $$ SELECT access_token FROM message_session $$;
-- For jwt_auth.claims_function, and for triggers.
CREATE SCHEMA message_app;
CREATE FUNCTION message_app.not_an_object(user_id text, session_id uuid, claims jsonb) RETURNS jsonb LANGUAGE sql AS $$ SELECT '[]'::jsonb $$;
CREATE FUNCTION message_app.strict(user_id text, session_id uuid, claims jsonb) RETURNS jsonb STRICT LANGUAGE sql AS $$ SELECT claims $$;
CREATE FUNCTION message_app.issues(user_id text, session_id uuid, claims jsonb) RETURNS jsonb LANGUAGE sql AS $$ SELECT to_jsonb(jwt_auth.jwt_sign('{}')) $$;
CREATE FUNCTION message_app.logs_in(user_id text, session_id uuid, claims jsonb) RETURNS jsonb LANGUAGE sql AS $$ SELECT to_jsonb(jwt_auth.issue_refresh_session('ben')) $$;
CREATE FUNCTION message_app.authenticates(user_id text, session_id uuid, claims jsonb) RETURNS jsonb LANGUAGE sql AS $$ SELECT jwt_auth.authenticate('a') $$;
CREATE TABLE message_app.users (id text, password text);
INSERT INTO message_app.users VALUES ('ann', 'old');

INSERT INTO message_case (name, statement) VALUES
-- The user.
('no user', $$SELECT jwt_auth.issue_refresh_session(NULL)$$),
('an empty user id', $$SELECT jwt_auth.issue_refresh_session('')$$),
('a long user id', $$SELECT jwt_auth.issue_refresh_session(repeat('a', 10000))$$),
('a user id of type char(n)', $$SELECT jwt_auth.issue_refresh_session('ann  '::char(5)::varchar || '  ')$$),
-- Log-in.
('no key to sign with', $$DELETE FROM jwt_auth.signing_key; SELECT jwt_auth.issue_refresh_session('ann')$$),
('claims that are not an object', $$SELECT jwt_auth.issue_refresh_session('ann', claims => '1')$$),
('metadata that is not an object', $$SELECT jwt_auth.issue_refresh_session('ann', metadata => '[]')$$),
('a claim that the server sets', $$SELECT jwt_auth.issue_refresh_session('ann', claims => '{"exp":1}')$$),
('an empty device', $$SELECT jwt_auth.issue_refresh_session('ann', device => '')$$),
('a class that is not there', $$SELECT jwt_auth.issue_refresh_session('ann', class => 'kiosk')$$),
('a class of an impossible name', $$SELECT jwt_auth.issue_refresh_session('ann', class => ' kiosk')$$),
('a log-in that could never be good', $$UPDATE jwt_auth.account SET not_before = 'infinity' WHERE user_id = 'ann'; SELECT jwt_auth.issue_refresh_session('ann')$$),
('a proof without its request', $$SELECT jwt_auth.issue_refresh_session('ann', proof => 'a')$$),
('a proof with an empty method', $$SELECT jwt_auth.issue_refresh_session('ann', proof => 'a', proof_method => '', proof_url => 'https://api.example.com/')$$),
('a proof with a relative URL', $$SELECT jwt_auth.issue_refresh_session('ann', proof => 'a', proof_method => 'POST', proof_url => '/refresh')$$),
-- The claims function.
('a claims function without its schema', $$SET LOCAL jwt_auth.claims_function = 'token_claims'$$),
('a claims function that is not there', $$SET LOCAL jwt_auth.claims_function = 'message_app.missing'; SELECT jwt_auth.issue_refresh_session('ann')$$),
('a claims function that answers an array', $$SET LOCAL jwt_auth.claims_function = 'message_app.not_an_object'; SELECT jwt_auth.issue_refresh_session('ann')$$),
('a claims function that logs in', $$SET LOCAL jwt_auth.claims_function = 'message_app.logs_in'; SELECT jwt_auth.issue_refresh_session('ann')$$),
('a claims function that authenticates', $$SET LOCAL jwt_auth.claims_function = 'message_app.authenticates'; SELECT jwt_auth.issue_refresh_session('ann')$$),
-- Classes.
('a class without a name', $$SELECT jwt_auth.set_session_class('')$$),
('a class with a short lifetime', $$SELECT jwt_auth.set_session_class('kiosk', access_token_ttl => '0')$$),
('a class with a long age', $$SELECT jwt_auth.set_session_class('kiosk', max_age => '70 years')$$),
('a class with too many sessions', $$SELECT jwt_auth.set_session_class('kiosk', max_sessions => -1)$$),
('a class with an unknown policy', $$SELECT jwt_auth.set_session_class('kiosk', limit_policy => 'evict')$$),
('a class that is neither listed nor not', $$SELECT jwt_auth.set_session_class('kiosk', listed => NULL)$$),
-- What a user may choose.
('a policy with too many sessions', $$SELECT jwt_auth.set_user_policy('ann', max_sessions => 10001)$$),
('a policy with an unknown binding', $$SELECT jwt_auth.set_user_policy('ann', ip_binding => 'on')$$),
('a policy with an unknown fingerprint binding', $$SELECT jwt_auth.set_user_policy('ann', fingerprint_binding => 'subnet')$$),
-- Locks, changes and acting for somebody.
('a lock that has ended', $$SELECT jwt_auth.lock_user('ann', until => '2020-01-01')$$),
('session claims of NULL', $$SELECT jwt_auth.set_session_claims(pg_temp.session(), NULL)$$),
('a short impersonation', $$SELECT jwt_auth.impersonate('ann', 'eve', '0')$$),
('impersonating oneself', $$SELECT jwt_auth.impersonate('ann', 'ann', '1 hour')$$),
('an impersonation that could never be good', $$UPDATE jwt_auth.account SET not_before = 'infinity' WHERE user_id = 'ann'; SELECT jwt_auth.impersonate('ann', 'eve', '1 hour')$$),
('an empty acr', $$SELECT jwt_auth.reauthenticate_session(pg_temp.session(), acr => '')$$),
('an empty element of amr', $$SELECT jwt_auth.reauthenticate_session(pg_temp.session(), amr => '{""}')$$),
('too many elements of amr', $$SELECT jwt_auth.reauthenticate_session(pg_temp.session(), amr => array_fill('pwd'::text, ARRAY[33]))$$),
('sessions to keep of NULL', $$SELECT jwt_auth.revoke_other_sessions('ann', NULL)$$),
-- Triggers.
('a trigger function that is called', $$SELECT jwt_auth.revoke_on_change()$$),
('a trigger without the name of the id', $$CREATE TRIGGER t AFTER UPDATE ON message_app.users FOR EACH ROW EXECUTE FUNCTION jwt_auth.revoke_on_change(); UPDATE message_app.users SET password = 'new'$$),
('a trigger that is fired before', $$CREATE TRIGGER t BEFORE UPDATE ON message_app.users FOR EACH ROW EXECUTE FUNCTION jwt_auth.require_refresh_on_change('id'); UPDATE message_app.users SET password = 'new'$$),
('a trigger with another column', $$CREATE TRIGGER t AFTER UPDATE ON message_app.users FOR EACH ROW EXECUTE FUNCTION jwt_auth.revoke_on_password_change('user_id'); UPDATE message_app.users SET password = 'new'$$),
-- Devices.
('a device of a session that is not there', $$SELECT jwt_auth.device_challenge('00000000-0000-8000-8000-000000000000')$$),
('a value that no header can carry', $$SELECT jwt_auth.device_registration_header(pg_temp.session(), E'/\n')$$),
-- API keys.
('an API key without a name', $$SELECT jwt_auth.create_api_key('ann', '')$$),
('a scope with a space', $$SELECT jwt_auth.create_api_key('ann', 'a key', scopes => '{"read write"}')$$),
('scopes that are too long', $$SELECT jwt_auth.create_api_key('ann', 'a key', scopes => ARRAY[repeat('a', 5000)])$$),
('a key that has expired', $$SELECT jwt_auth.create_api_key('ann', 'a key', expires_at => '2020-01-01')$$),
('a key from nowhere', $$SELECT jwt_auth.create_api_key('ann', 'a key', allowed_from => '{}')$$),
('a key from NULL', $$SELECT jwt_auth.create_api_key('ann', 'a key', allowed_from => '{NULL}')$$),
('a key of a locked user', $$SELECT jwt_auth.lock_user('ann'); SELECT jwt_auth.create_api_key('ann', 'a key')$$),
('a key that could never be good', $$UPDATE jwt_auth.account SET not_before = 'infinity' WHERE user_id = 'ann'; SELECT jwt_auth.create_api_key('ann', 'a key')$$),
('a key that makes keys', $$SELECT jwt_auth.authenticate((jwt_auth.create_api_key('ann', 'a key')).api_key); SELECT jwt_auth.create_api_key('ann', 'another')$$),
('a key of an actor', $$SELECT jwt_auth.authenticate((jwt_auth.impersonate('ann', 'agent 7', '10 minutes')).access_token); SELECT jwt_auth.create_api_key('ann', 'a key')$$),
-- The record.
('an event without its prefix', $$SELECT jwt_auth.record_event('export', 'ann')$$),
('detail that is not an object', $$SELECT jwt_auth.record_event('app.export', 'ann', '[]')$$),
('a negative position', $$SELECT * FROM jwt_auth.revocations(-1)$$),
('a position of another server', $$SELECT * FROM jwt_auth.revocations(9223372036854775807)$$),
('recent events to remove', $$CALL jwt_auth.purge_events('1 hour')$$),
('batches of none', $$CALL jwt_auth.purge_expired(0)$$),
('a clean-up within a transaction', $$CALL jwt_auth.purge_expired()$$),
-- Roles.
('a grant to nobody', $$SELECT jwt_auth.grant_verifier(NULL)$$),
('a grant to a role that is not there', $$SELECT jwt_auth.grant_issuer(4294967295::oid::regrole)$$),
-- Damage.
('a session with a short hash', $$UPDATE jwt_auth.refresh_session SET current_hash = '\x00'; SELECT jwt_auth.refresh_session(refresh_token) FROM message_session$$),
('a trigger that suppresses rows', $$CREATE FUNCTION message_app.suppress() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; CREATE TRIGGER suppress BEFORE INSERT ON jwt_auth.refresh_session FOR EACH ROW EXECUTE FUNCTION message_app.suppress(); SELECT jwt_auth.issue_refresh_session('ann')$$),
('no extension', $$DROP EXTENSION jwt_auth; CREATE FUNCTION pg_temp.revoke(uuid, text) RETURNS boolean LANGUAGE c AS '$libdir/jwt_auth', 'jwt_auth_revoke_refresh_session'; SELECT pg_temp.revoke('00000000-0000-8000-8000-000000000000', NULL)$$);

SELECT format(E'-- %s\n%s\n%s\n', name, statement, pg_temp.said(statement)) FROM message_case ORDER BY place;
DELETE FROM jwt_auth.refresh_session;
DELETE FROM jwt_auth.session_data;
DELETE FROM jwt_auth.account;
DELETE FROM jwt_auth.auth_event;
DELETE FROM jwt_auth.revocation;
DELETE FROM jwt_auth.token_lifetime;
DELETE FROM jwt_auth.signing_key;
DELETE FROM jwt_auth.server_secret;
SET client_min_messages = warning;
DROP SCHEMA message_app CASCADE;
