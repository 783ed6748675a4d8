-- Sessions bound to a browser's key (DBSC).
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
DELETE FROM jwt_auth.signing_key;
DELETE FROM jwt_auth.server_secret;
SELECT jwt_auth.create_signing_key('ES256') IS NOT NULL AS key;
CREATE TABLE device AS SELECT name, (key - 'kid')::text AS key, jwt_auth.jwk_public(key) - '{kid,alg,use,key_ops}'::text[] AS jwk
  FROM (SELECT name, jwt_auth.jwk_generate(CASE name WHEN 'rsa' THEN 'RS256' ELSE 'ES256' END) AS key FROM unnest('{laptop,thief,rsa}'::text[]) AS name OFFSET 0) AS made;
-- As Chromium writes them: the key at registration, and nothing but the challenge at a refresh.
CREATE FUNCTION registration(challenge text, by text DEFAULT 'laptop', header jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
  SELECT jwt_auth.jws_sign(convert_to(jsonb_build_object('jti', challenge, 'unknown', 1)::text, 'UTF8'), key, NULL, jsonb_build_object('typ', 'dbsc+jwt', 'jwk', jwk) || header)
  FROM device WHERE name = by
$$;
CREATE FUNCTION answer(challenge text, by text DEFAULT 'laptop') RETURNS text LANGUAGE sql AS $$
  SELECT jwt_auth.jws_sign(convert_to(jsonb_build_object('jti', challenge)::text, 'UTF8'), key, NULL, '{"typ": "dbsc+jwt"}') FROM device WHERE name = by
$$;

\echo == registration
SELECT session_id AS session, refresh_token AS refresh, access_token AS access FROM jwt_auth.issue_refresh_session('alice') \gset
SELECT session_id AS other FROM jwt_auth.issue_refresh_session('bob') \gset
SELECT jwt_auth.device_challenge(:'session') AS challenge, jwt_auth.device_challenge(:'other') AS other_challenge \gset
SELECT jwt_auth.bind_device(:'session', registration(:'other_challenge')) AS challenge_of_another, jwt_auth.bind_device(:'session', registration('x')) AS no_challenge,
       jwt_auth.bind_device(:'session', answer(:'challenge')) AS without_key, jwt_auth.bind_device(:'session', 'garbage') AS garbage, jwt_auth.bind_device(:'session', '') AS empty,
       jwt_auth.bind_device(:'session', registration(:'challenge', header => '{"typ": "JWT"}')) AS other_type,
       jwt_auth.bind_device(:'session', (SELECT registration(:'challenge', header => jsonb_build_object('jwk', key::jsonb)) FROM device WHERE name = 'laptop')) AS private_key;
SELECT event, detail FROM jwt_auth.auth_event WHERE session_id = :'session' AND event <> 'login' ORDER BY id;
SELECT jwt_auth.bind_device(:'session', registration(:'challenge')) AS bound;
SELECT jwt_auth.bind_device(:'session', registration(:'challenge')) AS again, jwt_auth.bind_device(:'session', registration(jwt_auth.device_challenge(:'session'), 'thief')) AS by_another_key;
SELECT bound_kind, convert_from(bound_key, 'UTF8')::jsonb = jwk AS key, generation FROM jwt_auth.refresh_session, device WHERE session_id = :'session' AND name = 'laptop';
SELECT event, detail FROM jwt_auth.auth_event WHERE session_id = :'session' AND event = 'bound';

\echo == a session so bound is refreshed in no other way
SELECT status FROM jwt_auth.refresh_session(:'refresh');
SELECT status FROM jwt_auth.refresh_session(:'refresh', proof => 'x', proof_method => 'POST', proof_url => 'https://a.example/');
SELECT jwt_auth.authenticate(:'access') ->> 'sub' AS still_good;
SELECT status FROM jwt_auth.refresh_bound_session(:'other', 'x');
SELECT status FROM jwt_auth.refresh_bound_session(:'session', NULL);
SELECT status FROM jwt_auth.refresh_bound_session(:'session', '');
SELECT status FROM jwt_auth.refresh_bound_session(:'session', registration(:'challenge'));
SELECT jwt_auth.device_challenge(:'session') AS challenge \gset
SELECT status FROM jwt_auth.refresh_bound_session(:'session', answer(:'challenge', 'thief'));
SELECT status FROM jwt_auth.refresh_bound_session(:'session', answer(:'other_challenge'));
SELECT status, session_id = :'session' AS session, refresh_token IS NULL AS no_refresh_token, jwt_auth.jwt_verify(access_token) ? 'cnf' AS cnf,
       jwt_auth.authenticate(access_token) ->> 'sid' = :'session' AS good FROM jwt_auth.refresh_bound_session(:'session', answer(:'challenge'), '192.0.2.1', 'browser');
SELECT status AS used_up FROM jwt_auth.refresh_bound_session(:'session', answer(:'challenge'));
SELECT status AS asked_again FROM jwt_auth.refresh_bound_session(:'session', answer(jwt_auth.device_challenge(:'session')));
SELECT generation, ip, user_agent FROM jwt_auth.refresh_session WHERE session_id = :'session';
SELECT event, detail FROM jwt_auth.auth_event WHERE session_id = :'session' AND event = 'proof_mismatch';

\echo == a challenge from before a restore: the same generation, another secret
SELECT jwt_auth.device_challenge(:'session') AS challenge \gset
UPDATE jwt_auth.refresh_session SET current_hash = sha256(current_hash) WHERE session_id = :'session';
SELECT status FROM jwt_auth.refresh_bound_session(:'session', answer(:'challenge'));
\echo == of another secret of the server
DELETE FROM jwt_auth.server_secret;
SELECT jwt_auth.device_challenge(:'session') <> :'challenge' AS other;
SELECT status FROM jwt_auth.refresh_bound_session(:'session', answer(:'challenge'));

\echo == the end
SELECT jwt_auth.device_challenge(:'session') AS challenge \gset
SELECT jwt_auth.revoke_refresh_token(:'refresh') AS logged_out_with_the_old_cookie;
SELECT status FROM jwt_auth.refresh_bound_session(:'session', answer(:'challenge'));
SELECT jwt_auth.bind_device(:'session', registration(:'challenge')) AS after_log_out;
SELECT jwt_auth.device_challenge(:'session');
SELECT jwt_auth.device_challenge(NULL);
SELECT jwt_auth.bind_device(:'other', NULL);
SELECT status FROM jwt_auth.refresh_bound_session('00000000-0000-0000-0000-000000000000', 'x');
SELECT jwt_auth.bind_device(:'other', registration(jwt_auth.device_challenge(:'other'), 'rsa')) AS rsa;
SELECT status FROM jwt_auth.refresh_bound_session(:'other', answer(jwt_auth.device_challenge(:'other'), 'rsa'));
SELECT jwt_auth.revoke_user_tokens('bob');
SELECT status FROM jwt_auth.refresh_bound_session(:'other', answer(:'challenge', 'rsa'));
SELECT session_id AS idle FROM jwt_auth.issue_refresh_session('carol') \gset
SELECT jwt_auth.bind_device(:'idle', registration(jwt_auth.device_challenge(:'idle')));
UPDATE jwt_auth.refresh_session SET idle_ends_at = now() - interval '1 second' WHERE session_id = :'idle';
SELECT status FROM jwt_auth.refresh_bound_session(:'idle', answer(jwt_auth.device_challenge(:'idle')));
SELECT event, detail - 'ended_at' AS detail, (detail ->> 'ended_at')::timestamptz < now() AS ended_at FROM jwt_auth.auth_event WHERE session_id = :'idle' ORDER BY id DESC LIMIT 1;

\echo == headers and instructions
SELECT session_id AS session FROM jwt_auth.issue_refresh_session('dave') \gset
SELECT jwt_auth.device_registration_header(:'session', '/auth/"x"\y') ~ '^\(ES256 RS256\);path="/auth/\\"x\\"\\\\y";challenge="[A-Za-z0-9_-]{32}"$' AS registration,
       jwt_auth.device_challenge_header(:'session') ~ ('^"[A-Za-z0-9_-]{32}";id="' || :'session' || '"$') AS challenge;
SELECT jwt_auth.device_registration_header(:'session', E'/a\r\nSet-Cookie: b=c');
SELECT jwt_auth.device_registration_header(:'session', 'ä');
SELECT jwt_auth.device_registration_header(:'session', '');
SELECT jwt_auth.device_registration_header(:'session', NULL) IS NULL AS none;
SELECT jwt_auth.device_instructions('00000000-0000-0000-0000-000000000000', '/refresh', 'session');
SELECT jwt_auth.device_instructions('00000000-0000-0000-0000-000000000000', E'/"\n', 'a"b', 'Path=/', 'https://example.com', true);
DROP FUNCTION registration, answer;
DROP TABLE device;
DELETE FROM jwt_auth.refresh_session;
