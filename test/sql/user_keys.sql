-- Users spread over several servers: where a user's rows are, and what a server says of users that are not its own.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET jwt_auth.issuer = '';
SET jwt_auth.audience = '';
TRUNCATE jwt_auth.signing_key, jwt_auth.trusted_issuer, jwt_auth.auth_event, jwt_auth.account, jwt_auth.refresh_session, jwt_auth.api_key;
SELECT jwt_auth.create_signing_key() IS NOT NULL AS ours;

\echo == the key of an id, of every type
SELECT jwt_auth.user_key('ann'), jwt_auth.user_key('ann  ') AS padded, jwt_auth.user_key('ann'::char(8)) AS of_char_n,
       ('x' || left(encode(sha256('\x00'::bytea || 'ann'::bytea), 'hex'), 8))::bit(32)::integer AS by_hand;
SELECT jwt_auth.user_key(42) = jwt_auth.user_key('42') AS of_integer, jwt_auth.user_key(42::bigint) = jwt_auth.user_key('42') AS of_bigint,
       jwt_auth.user_key('00000000-0000-8000-8000-00000000000A'::uuid) = jwt_auth.user_key('00000000-0000-8000-8000-00000000000a') AS of_uuid;
SELECT jwt_auth.user_key(NULL), jwt_auth.user_key(NULL::uuid), jwt_auth.user_key(NULL::bigint);
SELECT jwt_auth.user_key('');
SELECT jwt_auth.user_key(repeat('x', 1025));

\echo == of whom a token is
SELECT access_token, refresh_token, session_id FROM jwt_auth.issue_refresh_session('ann') \gset
SELECT key_id, api_key FROM jwt_auth.create_api_key('ann', 'machine') \gset
SELECT jwt_auth.issue_token('link', 'ann', '1 hour') AS link, jwt_auth.jwt_sign('{"sub": "ann"}') AS signed \gset
SELECT count(*) FILTER (WHERE jwt_auth.token_user_key(token) = jwt_auth.user_key('ann')) AS of_ann, count(*)
FROM unnest(ARRAY[:'access_token', :'refresh_token', :'api_key', :'link', :'signed']) AS token;
SELECT jwt_auth.token_user_key(NULL), jwt_auth.token_user_key(''), jwt_auth.token_user_key('noise'), jwt_auth.token_user_key(jwt_auth.jwt_sign('{}')),
       jwt_auth.token_user_key(repeat('x', 3000000));

\echo == the setting
SET jwt_auth.user_key_range = 'all';
SET jwt_auth.user_key_range = '5..1';
SET jwt_auth.user_key_range = '-2147483648..-1, 7..9';
RESET jwt_auth.user_key_range;

\echo == on another server: signatures verify, sessions, log-ins and revocations are JW018
-- What a backend remembers of a token that it has accepted says nothing of whose server it is.
SELECT jwt_auth.jwt_verify(:'access_token') ->> 'sub' AS first_time, jwt_auth.jwt_verify(:'access_token') ->> 'sub' AS remembered;
SELECT format('%s..%s', jwt_auth.user_key('bob'), jwt_auth.user_key('bob')) AS only_bob \gset
SET jwt_auth.user_key_range = :'only_bob';
SELECT status FROM jwt_auth.issue_refresh_session('ann');
SELECT status FROM jwt_auth.issue_refresh_session('bob');
SELECT status FROM jwt_auth.refresh_session(:'refresh_token');
SELECT status FROM jwt_auth.refresh_session('garbage');
SELECT jwt_auth.jwt_verify(:'access_token');
SELECT valid, error_code, error_message FROM jwt_auth.jwt_try_verify(:'access_token');
SELECT jwt_auth.authenticate(:'access_token');
SELECT jwt_auth.authenticate(:'api_key');
SELECT status FROM jwt_auth.exchange_api_key(:'api_key');
SELECT jwt_auth.lock_user('ann');
SELECT jwt_auth.unlock_user('ann');
SELECT jwt_auth.require_refresh('ann');
SELECT jwt_auth.set_session_claims(:'session_id', '{"role": "admin"}');
SELECT jwt_auth.set_session_metadata(:'session_id', '{"name": "phone"}');
SELECT status FROM jwt_auth.reauthenticate_session(:'session_id');
SELECT status FROM jwt_auth.impersonate('ann', 'support', '1 minute');
SELECT jwt_auth.device_challenge(:'session_id');
SELECT jwt_auth.introspect(:'access_token');
SELECT jwt_auth.introspect(:'refresh_token');
SELECT jwt_auth.introspect(:'api_key');
SELECT jwt_auth.revoke_user_tokens('ann');
SELECT jwt_auth.revoke_user_tokens('ann   ');
SELECT jwt_auth.revoke_other_sessions('ann', :'session_id');
SELECT jwt_auth.revoke_refresh_session(:'session_id');
SELECT jwt_auth.revoke_refresh_token(:'refresh_token');
SELECT jwt_auth.revoke(:'refresh_token');
SELECT jwt_auth.revoke(:'access_token');
SELECT jwt_auth.revoke(:'api_key');
SELECT jwt_auth.deny_token(:'signed');
SELECT jwt_auth.consume_token(:'link', 'link');
SELECT * FROM jwt_auth.user_sessions('ann');
SELECT jwt_auth.set_user_policy('ann', max_sessions => 2);
SELECT jwt_auth.create_api_key('ann', 'machine');
SELECT * FROM jwt_auth.user_api_keys('ann');
SELECT jwt_auth.revoke_api_key(:'key_id');
SELECT jwt_auth.explain_session(:'session_id');
SELECT set_config('request.headers', jsonb_build_object('authorization', 'Bearer ' || :'access_token')::text, false) IS NOT NULL AS request;
SELECT jwt_auth.pre_request();
RESET request.headers;
SELECT jwt_auth.jwt_verify(:'signed') ->> 'sub' AS signed, jwt_auth.verify_token(:'link', 'link') ->> 'sub' AS link;
SELECT jwt_auth.deny_token(jwt_auth.jwt_sign('{}')) AS names_nobody;
CREATE TABLE app_user (id text, password text);
CREATE TRIGGER password_changed AFTER UPDATE ON app_user FOR EACH ROW EXECUTE FUNCTION jwt_auth.revoke_on_password_change('id');
INSERT INTO app_user VALUES ('ann', 'x');
UPDATE app_user SET password = 'y';
DROP TABLE app_user;
-- Somebody who acts for users of this server has a cutoff here, and is revoked here as well.
INSERT INTO jwt_auth.account (user_key, issuer, user_id) VALUES (jwt_auth.user_key('support'), '', 'support');
SELECT jwt_auth.revoke_user_tokens('support');

\echo == handing over: only what is out of the range of the server, which no session can pretend
SELECT jwt_auth.user_key('ann') AS ann \gset
SELECT count(*) FROM jwt_auth.hand_over_users(:ann, :ann);
SELECT jwt_auth.drop_handed_over_users(:ann, :ann);
SELECT count(*) FROM jwt_auth.hand_over_users(NULL, 1);
SELECT count(*) FROM jwt_auth.hand_over_users(2, 1);
SELECT jwt_auth.take_over_users('signing_key', '{}');
SELECT jwt_auth.take_over_users('account', '[]');
SELECT jwt_auth.take_over_users('account', '{}');
SELECT jwt_auth.take_over_users(NULL, '{}');
SELECT string_agg(name, ' ') FROM jwt_auth.tables_of_users() AS name WHERE name IN ('account', 'refresh_session', 'session_data', 'denied_token', 'api_key', 'api_key_use', 'used_proof', 'auth_event');

RESET jwt_auth.user_key_range;
\echo == nothing was lost
SELECT jwt_auth.jwt_verify(:'access_token') ->> 'sub' AS still_remembered;
SELECT status FROM jwt_auth.refresh_session(:'refresh_token');
TRUNCATE jwt_auth.signing_key, jwt_auth.auth_event, jwt_auth.account, jwt_auth.refresh_session, jwt_auth.session_data, jwt_auth.denied_token, jwt_auth.api_key, jwt_auth.api_key_use, jwt_auth.revocation;
