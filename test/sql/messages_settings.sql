-- Every message about settings and what lies in tables: the statement that provokes it, SQLSTATE, message, detail and hint.
\set ECHO none
\getenv srcdir PG_ABS_SRCDIR
\set support :srcdir '/support/messages.sql'
\i :support

DELETE FROM jwt_auth.signing_key;
SELECT jwt_auth.create_signing_key('ES256') IS NOT NULL;
CREATE TEMP TABLE message_session AS SELECT * FROM jwt_auth.issue_refresh_session('ann');
CREATE FUNCTION pg_temp.session() RETURNS uuid LANGUAGE sql AS $$ SELECT session_id FROM message_session $$;
CREATE FUNCTION pg_temp.access() RETURNS text LANGUAGE sql AS $$ SELECT access_token FROM message_session $$;

INSERT INTO message_case (name, statement) VALUES
('a claims function without its schema', $$SET LOCAL jwt_auth.claims_function = 'token_claims'$$),
('a role claim that ends with a dot', $$SET LOCAL jwt_auth.role_claim = 'app.'$$),
('a long channel', $$SELECT set_config('jwt_auth.notify_channel', repeat('a', 64), true)$$),
('an origin without its scheme', $$SET LOCAL jwt_auth.proof_origin = 'api.example.com'$$),
('events that are younger than a day', $$SET LOCAL jwt_auth.purge_events_older_than = '1h'$$),
('a range that is none', $$SET LOCAL jwt_auth.user_key_range = 'all'$$),
('a table that is read by its index and cannot be', $$ALTER TABLE jwt_auth.account SET UNLOGGED; SET LOCAL jwt_auth.debug_row_reader = index; SELECT jwt_auth.jwt_verify(pg_temp.access())$$),
('a table whose index is missing', $$DROP INDEX jwt_auth.refresh_session_user_key; SET LOCAL jwt_auth.debug_row_reader = index; SELECT jwt_auth.issue_refresh_session('messages')$$),
('a table whose index is partial', $$DROP INDEX jwt_auth.refresh_session_user_key; CREATE INDEX refresh_session_user_key ON jwt_auth.refresh_session (user_key) WHERE false; SET LOCAL jwt_auth.debug_row_reader = index; SELECT jwt_auth.issue_refresh_session('messages')$$),
('a table whose index has other columns', $$DROP INDEX jwt_auth.refresh_session_user_key; CREATE INDEX refresh_session_user_key ON jwt_auth.refresh_session (user_key, purge_after); SET LOCAL jwt_auth.debug_row_reader = index; SELECT jwt_auth.issue_refresh_session('messages')$$),
('a table that lacks a column', $$ALTER TABLE jwt_auth.account DROP COLUMN ip_binding CASCADE; SET LOCAL jwt_auth.debug_row_reader = index; SELECT jwt_auth.jwt_verify(pg_temp.access())$$),
('a read-only transaction without a secret', $$DELETE FROM jwt_auth.server_secret; SET LOCAL transaction_read_only = on; SELECT jwt_auth.proof_nonce()$$),
('a secret that is gone', $$SELECT jwt_auth.forget_user('somebody'); DELETE FROM jwt_auth.server_secret; SELECT jwt_auth.proof_nonce()$$),
('a secret of another hand', $$SELECT jwt_auth.proof_nonce(); UPDATE jwt_auth.server_secret SET secret = '{}'; SELECT jwt_auth.proof_nonce()$$),
('a long token in a read-only transaction', $$SET LOCAL transaction_read_only = on; SET LOCAL jwt_auth.access_token_ttl = '365 d'; SELECT jwt_auth.jwt_sign('{}')$$);

SELECT format(E'-- %s\n%s\n%s\n', name, statement, pg_temp.said(statement)) FROM message_case ORDER BY place;
DELETE FROM jwt_auth.refresh_session;
DELETE FROM jwt_auth.session_data;
DELETE FROM jwt_auth.account;
DELETE FROM jwt_auth.auth_event;
DELETE FROM jwt_auth.revocation;
DELETE FROM jwt_auth.token_lifetime;
DELETE FROM jwt_auth.signing_key;
DELETE FROM jwt_auth.server_secret;
