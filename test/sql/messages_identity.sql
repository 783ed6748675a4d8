-- Every message about who presents a token: the ring's tokens, bindings, roles, API keys, proofs, PostgREST, cookies: the statement that provokes it, SQLSTATE, message, detail and hint.
\set ECHO none
\getenv srcdir PG_ABS_SRCDIR
\set support :srcdir '/support/messages.sql'
\i :support

DELETE FROM jwt_auth.signing_key;
SELECT jwt_auth.create_signing_key('ES256') IS NOT NULL;
CREATE TEMP TABLE message_session AS SELECT * FROM jwt_auth.issue_refresh_session('ann');
CREATE FUNCTION pg_temp.session() RETURNS uuid LANGUAGE sql AS $$ SELECT session_id FROM message_session $$;
CREATE FUNCTION pg_temp.access() RETURNS text LANGUAGE sql AS $$ SELECT access_token FROM message_session $$;
-- A token of the ring with these claims.
CREATE FUNCTION pg_temp.minted(claims jsonb DEFAULT '{}', typ text DEFAULT 'JWT') RETURNS text LANGUAGE sql AS $$
  SELECT jwt_auth.jwt_sign(jsonb_strip_nulls(jsonb_build_object('sub', 'ann', 'iat', 1700000000, 'exp', 32503680000) || claims),
                           (SELECT private_jwk FROM jwt_auth.signing_key WHERE state = 'active'), header => jsonb_build_object('typ', typ))
$$;
-- A request of PostgREST with these headers.
CREATE FUNCTION pg_temp.request(headers text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('request.headers', headers, true);
  PERFORM jwt_auth.pre_request();
END $$;
CREATE FUNCTION pg_temp.request(headers jsonb) RETURNS void LANGUAGE sql AS $$ SELECT pg_temp.request(headers::text) $$;
CREATE FUNCTION pg_temp.bearer(token text) RETURNS jsonb LANGUAGE sql AS $$ SELECT jsonb_build_object('authorization', 'Bearer ' || token) $$;
CREATE TEMP TABLE message_device AS SELECT jwt_auth.jwk_generate('ES256') - 'kid' AS key;
CREATE FUNCTION pg_temp.jwk() RETURNS jsonb LANGUAGE sql AS $$ SELECT jwt_auth.jwk_public(key) - '{alg,use,key_ops}'::text[] FROM message_device $$;
CREATE FUNCTION pg_temp.jkt() RETURNS jsonb LANGUAGE sql AS $$ SELECT jsonb_build_object('cnf', jsonb_build_object('jkt', jwt_auth.jwk_thumbprint(pg_temp.jwk()))) $$;
CREATE FUNCTION pg_temp.proof(claims jsonb DEFAULT '{}', header jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
  SELECT jwt_auth.jws_sign(convert_to(jsonb_strip_nulls(jsonb_build_object('jti', 'an id', 'htm', 'GET', 'htu', 'https://api.example.com/', 'iat', floor(extract(epoch FROM clock_timestamp()))) || claims)::text, 'UTF8'),
                           key, header => jsonb_build_object('typ', 'dpop+jwt', 'jwk', pg_temp.jwk()) || header) FROM message_device
$$;
CREATE FUNCTION pg_temp.check(proof text, access_token text DEFAULT NULL, nonce text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
  SELECT jkt FROM jwt_auth.verify_proof(proof, 'GET', 'https://api.example.com/', access_token, nonce)
$$;
CREATE FUNCTION pg_temp.other_hand(typ text DEFAULT 'JWT') RETURNS text LANGUAGE sql AS $$
  SELECT jwt_auth.jwt_sign('{"iss":"them","sub":"ann","aud":"others","role":"regress_message","exp":32503680000}', key, header => jsonb_build_object('typ', typ)) FROM message_device
$$;
CREATE ROLE regress_message;

INSERT INTO message_case (name, statement) VALUES
-- What the ring's tokens must say.
('another key', $$SELECT jwt_auth.jwt_verify(jwt_auth.jwt_sign('{}', key)) FROM message_device$$),
('no exp', $$SELECT jwt_auth.jwt_verify(pg_temp.minted('{"exp":null}'))$$),
('sid of a wrong type', $$SELECT jwt_auth.jwt_verify(pg_temp.minted('{"sid":1}'))$$),
('iat_us of a wrong type', $$SELECT jwt_auth.jwt_verify(pg_temp.minted('{"iat_us":1000000}'))$$),
('another issuer', $$SET LOCAL jwt_auth.issuer = 'us'; SELECT jwt_auth.jwt_verify(pg_temp.minted('{"iss":"them"}'))$$),
('no issuer', $$SET LOCAL jwt_auth.issuer = 'us'; SELECT jwt_auth.jwt_verify(pg_temp.minted())$$),
('an issuer that is not trusted', $$SET LOCAL jwt_auth.issuer = 'us'; SELECT jwt_auth.jwt_verify(pg_temp.other_hand())$$),
('an audience where none is set', $$SELECT jwt_auth.jwt_verify(pg_temp.minted('{"aud":"others"}'))$$),
('another audience', $$SET LOCAL jwt_auth.audience = 'us'; SELECT jwt_auth.jwt_verify(pg_temp.minted('{"aud":"others"}'))$$),
('another audience of a trusted issuer', $$SELECT jwt_auth.trust_issuer('them', pg_temp.jwk(), audiences => '{us,here}'); SELECT jwt_auth.jwt_verify(pg_temp.other_hand())$$),
('a link in place of an access token', $$SELECT jwt_auth.jwt_verify(jwt_auth.issue_token('mail', 'ann', '1 hour'))$$),
('an access token in place of a link', $$SELECT jwt_auth.verify_token(pg_temp.access(), 'mail')$$),
('a link of a trusted issuer', $$SELECT jwt_auth.trust_issuer('them', pg_temp.jwk(), 'others', token_types => '{mail+jwt}'); SELECT jwt_auth.verify_token(pg_temp.other_hand('mail+jwt'), 'mail')$$),
('an access token to consume', $$SET LOCAL jwt_auth.access_token_type = 'JWT'; SELECT jwt_auth.consume_token((jwt_auth.issue_refresh_session('ann')).access_token)$$),
('an invalid purpose', $$SELECT jwt_auth.issue_token('Mail', 'ann', '1 hour')$$),
('a reserved purpose', $$SELECT jwt_auth.issue_token('logout', 'ann', '1 hour')$$),
('a short lifetime', $$SELECT jwt_auth.issue_token('mail', 'ann', '0')$$),
('a claim that the server sets', $$SELECT jwt_auth.issue_token('mail', 'ann', '1 hour', '{"scope":"all"}')$$),
-- Revoked, denied, outdated.
('revoked', $$SELECT jwt_auth.revoke_user_tokens('ann'); SELECT jwt_auth.jwt_verify(pg_temp.minted())$$),
('locked', $$SELECT jwt_auth.lock_user('ann'); SELECT jwt_auth.jwt_verify(pg_temp.minted())$$),
('a session that has ended', $$SELECT jwt_auth.revoke_refresh_session(pg_temp.session()); SELECT jwt_auth.jwt_verify(pg_temp.access())$$),
('denied', $$SELECT jwt_auth.deny_token(pg_temp.access()); SELECT jwt_auth.jwt_verify(pg_temp.access())$$),
('refresh first', $$SELECT jwt_auth.require_refresh('ann'); SELECT jwt_auth.jwt_verify(pg_temp.access())$$),
('a user of another server', $$SET LOCAL jwt_auth.user_key_range = '0..0'; SELECT jwt_auth.jwt_verify(pg_temp.access())$$),
('a log-in at another server', $$SET LOCAL jwt_auth.user_key_range = '0..0'; SELECT jwt_auth.issue_refresh_session('ann')$$),
-- Bound to a client.
('client_ip of a wrong type', $$SELECT jwt_auth.authenticate(pg_temp.minted('{"client_ip":1}'))$$),
('client_ip that is no address', $$SELECT jwt_auth.authenticate(pg_temp.minted('{"client_ip":"here"}'))$$),
('client_fp of a wrong type', $$SELECT jwt_auth.authenticate(pg_temp.minted('{"client_fp":1}'))$$),
('no address', $$SELECT jwt_auth.authenticate(pg_temp.minted('{"client_ip":"192.0.2.0/24"}'))$$),
('another address', $$SELECT jwt_auth.authenticate(pg_temp.minted('{"client_ip":"192.0.2.0/24"}'), '198.51.100.1')$$),
('no fingerprint', $$SELECT jwt_auth.authenticate(pg_temp.minted('{"client_fp":"AAAA"}'))$$),
('another fingerprint', $$SELECT jwt_auth.authenticate(pg_temp.minted('{"client_fp":"AAAA"}'), fingerprint => 'another')$$),
('no time of the log-in', $$SELECT jwt_auth.authenticate(pg_temp.minted(), max_age => '1 hour')$$),
('auth_time of a wrong type', $$SELECT jwt_auth.authenticate(pg_temp.minted('{"auth_time":"1"}'), max_age => '1 hour')$$),
('an old log-in', $$SELECT jwt_auth.authenticate(pg_temp.minted('{"auth_time":1}'), max_age => '1 hour')$$),
('acr of a wrong type', $$SELECT jwt_auth.authenticate(pg_temp.minted('{"acr":1}'), acr => 'gold')$$),
('no acr', $$SELECT jwt_auth.authenticate(pg_temp.minted(), acr => 'gold')$$),
('another acr', $$SELECT jwt_auth.authenticate(pg_temp.minted('{"acr":"silver"}'), acr => 'gold')$$),
-- Roles.
('a token without a role', $$SELECT jwt_auth.authenticate(pg_temp.minted(), set_role => true)$$),
('a role that is not granted', $$SET SESSION AUTHORIZATION regress_message; SELECT jwt_auth.authenticate(token, set_role => true) FROM message_token$$),
('a role of a trusted issuer', $$SELECT jwt_auth.trust_issuer('them', pg_temp.jwk(), 'others'); SELECT jwt_auth.authenticate(pg_temp.other_hand(), set_role => true)$$),
-- The identity.
('the identity by hand', $$SET LOCAL jwt_auth.identity = 'ann'$$),
('an id that is no uuid', $$SELECT jwt_auth.authenticate(pg_temp.minted()), jwt_auth.current_user_uuid()$$),
('an id that is no bigint', $$SELECT jwt_auth.authenticate(pg_temp.minted()), jwt_auth.current_user_bigint()$$),
('an identity that has run out', $$SELECT jwt_auth.authenticate(pg_temp.minted(jsonb_build_object('exp', floor(extract(epoch FROM clock_timestamp())) + 3))); SELECT pg_sleep(3.1); SELECT jwt_auth.current_user_id()$$),
-- API keys.
('half an API key', $$SELECT jwt_auth.authenticate('jwtauth_k1_')$$),
('an API key with a typing error', $$SELECT jwt_auth.authenticate(overlay(api_key PLACING CASE substr(api_key, 40, 1) WHEN 'A' THEN 'B' ELSE 'A' END FROM 40)) FROM jwt_auth.create_api_key('ann', 'a key')$$),
('an API key that was revoked', $$CREATE TEMP TABLE k AS SELECT * FROM jwt_auth.create_api_key('ann', 'a key'); SELECT jwt_auth.revoke_api_key(key_id) FROM k; SELECT jwt_auth.authenticate(api_key) FROM k$$),
('an API key from before a cutoff', $$CREATE TEMP TABLE k AS SELECT * FROM jwt_auth.create_api_key('ann', 'a key'); SELECT jwt_auth.revoke_user_tokens('ann'); SELECT jwt_auth.authenticate(api_key) FROM k$$),
('an API key that has expired', $$CREATE TEMP TABLE k AS SELECT * FROM jwt_auth.create_api_key('ann', 'a key'); UPDATE jwt_auth.api_key SET expires_at = '2020-01-01'; SELECT jwt_auth.authenticate(api_key) FROM k$$),
('an API key from elsewhere', $$SELECT jwt_auth.authenticate((jwt_auth.create_api_key('ann', 'a key', allowed_from => '{192.0.2.0/24}')).api_key)$$),
('an API key where a log-in is asked for', $$SELECT jwt_auth.authenticate((jwt_auth.create_api_key('ann', 'a key')).api_key, max_age => '1 hour')$$),
('a token of an API key from elsewhere', $$SELECT jwt_auth.authenticate((jwt_auth.exchange_api_key((jwt_auth.create_api_key('ann', 'a key', allowed_from => '{192.0.2.0/24}')).api_key, '192.0.2.1')).access_token)$$),
('a token of an API key that was revoked', $$CREATE TEMP TABLE k AS SELECT * FROM jwt_auth.create_api_key('ann', 'a key'); CREATE TEMP TABLE a AS SELECT access_token FROM k, jwt_auth.exchange_api_key(api_key); SELECT jwt_auth.revoke_api_key(key_id) FROM k; SELECT jwt_auth.authenticate(access_token) FROM a$$),
('an API key with a short hash', $$CREATE TEMP TABLE k AS SELECT * FROM jwt_auth.create_api_key('ann', 'a key'); UPDATE jwt_auth.api_key SET secret_hash = '\x00'; SELECT jwt_auth.authenticate(api_key) FROM k$$),
-- Proofs of a key.
('no proof', $$SELECT jwt_auth.authenticate(pg_temp.minted(pg_temp.jkt()))$$),
('cnf of another kind', $$SELECT jwt_auth.authenticate(pg_temp.minted('{"cnf":{"x5t#S256":"AAAA"}}'))$$),
('a proof that is too long', $$SELECT pg_temp.check(repeat('a', 16385))$$),
('a proof that is no token', $$SELECT pg_temp.check('a')$$),
('a proof of another type', $$SELECT pg_temp.check(pg_temp.proof(header => '{"typ":"JWT"}'))$$),
('a proof with alg none', $$SELECT pg_temp.check(jwt_auth.base64url_encode(convert_to(jsonb_build_object('alg', 'none', 'typ', 'dpop+jwt', 'jwk', pg_temp.jwk())::text, 'UTF8')) || '.e30.')$$),
('a proof without its key', $$SELECT pg_temp.check(jwt_auth.jws_sign('{}', key, header => '{"typ":"dpop+jwt"}')) FROM message_device$$),
('a proof with a private key', $$SELECT pg_temp.check(pg_temp.proof(header => jsonb_build_object('jwk', key))) FROM message_device$$),
('a proof with an unusable key', $$SELECT pg_temp.check(pg_temp.proof(header => '{"jwk":{"kty":"EC","crv":"P-257","x":"AAAA","y":"AAAA"}}'))$$),
('a proof signed by another key', $$SELECT pg_temp.check(pg_temp.proof(header => jsonb_build_object('jwk', jwt_auth.jwk_public(jwt_auth.jwk_generate('ES256')))))$$),
('a proof without jti', $$SELECT pg_temp.check(pg_temp.proof('{"jti":null}'))$$),
('a proof for another method', $$SELECT pg_temp.check(pg_temp.proof('{"htm":"POST"}'))$$),
('a proof for another URL', $$SELECT pg_temp.check(pg_temp.proof('{"htu":"https://other.example.com/"}'))$$),
('an old proof', $$SELECT pg_temp.check(pg_temp.proof('{"iat":1}'))$$),
('a proof of the future', $$SELECT pg_temp.check(pg_temp.proof('{"iat":32503680000}'))$$),
('a proof for another access token', $$SELECT pg_temp.check(pg_temp.proof('{"ath":"AAAA"}'), 'a')$$),
('a proof with another nonce', $$SELECT pg_temp.check(pg_temp.proof('{"nonce":"a"}'), nonce => 'b')$$),
('a proof by another key', $$SELECT jwt_auth.authenticate(token, proof => pg_temp.proof(jsonb_build_object('ath', jwt_auth.base64url_encode(sha256(convert_to(token, 'UTF8'))))), proof_method => 'GET', proof_url => 'https://api.example.com/') FROM pg_temp.minted('{"cnf":{"jkt":"AAAA"}}') AS token$$),
-- PostgREST.
('headers that are not an object', $$SELECT pg_temp.request('[]'::text)$$),
('an Authorization header that is a number', $$SELECT pg_temp.request('{"authorization":1}'::text)$$),
('Bearer without a token', $$SELECT pg_temp.request('{"authorization":"Bearer "}'::text)$$),
('Bearer with two tokens', $$SELECT pg_temp.request('{"authorization":"Bearer a b"}'::text)$$),
('Bearer with no JWT', $$SELECT pg_temp.request('{"authorization":"Bearer a"}'::text)$$),
('a header for API keys with something else', $$SET LOCAL jwt_auth.api_key_header = 'x-api-key'; SELECT pg_temp.request('{"x-api-key":"a"}'::text)$$),
('no address under an enforcing policy', $$SET LOCAL jwt_auth.ip_binding = 'exact'; SELECT pg_temp.request(pg_temp.bearer(pg_temp.access()))$$),
('claims of another token', $$SET LOCAL "request.jwt.claims" = '{"sub":"eve"}'; SELECT pg_temp.request(pg_temp.bearer(pg_temp.access()))$$),
('claims that are not an object', $$SET LOCAL "request.jwt.claims" = '[]'; SELECT pg_temp.request(pg_temp.bearer(pg_temp.access()))$$),
('a bound token where no origin is set', $$SELECT pg_temp.request(pg_temp.bearer(pg_temp.minted(pg_temp.jkt())))$$),
-- Cookies.
('a cookie without a name', $$SELECT jwt_auth.refresh_cookie('a', name => '', max_age => '1 hour')$$),
('a cookie with a semicolon', $$SELECT jwt_auth.refresh_cookie('a;b', max_age => '1 hour')$$),
('a cookie with a relative path', $$SELECT jwt_auth.refresh_cookie('a', path => 'refresh', max_age => '1 hour')$$),
('a cookie with a bad domain', $$SELECT jwt_auth.refresh_cookie('a', domain => 'a b', max_age => '1 hour')$$),
('a cookie with a bad same_site', $$SELECT jwt_auth.refresh_cookie('a', same_site => 'Maybe', max_age => '1 hour')$$),
('a __Host- cookie with a domain', $$SELECT jwt_auth.refresh_cookie('a', name => '__Host-a', domain => 'example.com', max_age => '1 hour')$$),
('a cookie for some other token', $$SELECT jwt_auth.refresh_cookie('a')$$);
CREATE TEMP TABLE message_token AS SELECT pg_temp.minted('{"role":"postgres"}') AS token;
GRANT SELECT ON message_token TO regress_message;
GRANT EXECUTE ON FUNCTION jwt_auth.authenticate TO regress_message;

SELECT format(E'-- %s\n%s\n%s\n', name, statement, pg_temp.said(statement)) FROM message_case ORDER BY place;
-- A function of the extension that was not granted.
\set VERBOSITY default
SET ROLE regress_message;
SELECT jwt_auth.jwt_verify('a');
RESET ROLE;
DELETE FROM jwt_auth.refresh_session;
DELETE FROM jwt_auth.session_data;
DELETE FROM jwt_auth.account;
DELETE FROM jwt_auth.auth_event;
DELETE FROM jwt_auth.revocation;
DELETE FROM jwt_auth.token_lifetime;
DELETE FROM jwt_auth.signing_key;
DELETE FROM jwt_auth.server_secret;
REVOKE EXECUTE ON FUNCTION jwt_auth.authenticate FROM regress_message;
REVOKE ALL ON message_token FROM regress_message;
DROP ROLE regress_message;
