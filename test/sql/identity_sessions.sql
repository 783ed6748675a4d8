-- authenticate on the access tokens of sessions: its session's id, its binding, and that it ends with them.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
DELETE FROM jwt_auth.signing_key;
SELECT jwt_auth.create_signing_key('ES256') IS NOT NULL AS made;
CREATE FUNCTION attempt(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  answer text;
BEGIN
  EXECUTE statement INTO answer;
  RETURN 'ok ' || coalesce(answer, 'NULL');
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE;
END $$;
CREATE FUNCTION present(token text, ip text DEFAULT NULL, fingerprint text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
  SELECT attempt(format('SELECT jwt_auth.authenticate(%L, %L, %L) ->> ''sub''', token, ip, fingerprint))
$$;

\echo == the session of the token
SELECT access_token AS token, session_id AS session FROM jwt_auth.issue_refresh_session('alice', claims => '{"role": "member"}') \gset
BEGIN;
SELECT jwt_auth.authenticate(:'token') ->> 'role' AS role;
SELECT jwt_auth.current_session_id() = :'session' AS same_session, jwt_auth.current_user_id(), pg_typeof(jwt_auth.current_session_id()),
       jwt_auth.current_claim('sid') = :'session' AS same_claim, jwt_auth.current_claim('role') AS role;
COMMIT;
SELECT jwt_auth.current_session_id();

\echo == it ends with its session, also in an open REPEATABLE READ transaction
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT present(:'token');
SELECT jwt_auth.revoke_refresh_session(:'session');
SELECT present(:'token');
COMMIT;
SELECT present(:'token');
SELECT access_token AS token FROM jwt_auth.issue_refresh_session('alice') \gset
SELECT present(:'token'), jwt_auth.revoke_user_tokens('alice'), present(:'token') AS after_revocation;

\echo == a token whose sid is no session of ours
SELECT sid, present(jwt_auth.jwt_sign(jsonb_build_object('sub', 'alice', 'sid', sid)))
FROM unnest(ARRAY['"00000000-0000-8000-8000-000000000000"', '"x"', '""', '7', 'null']::jsonb[]) AS sid;

\echo == addresses: what the setting binds, the token carries, whatever the setting is by then
SELECT policy, token_ip, same, neighbour, elsewhere, unknown
FROM unnest(ARRAY['off', 'log', 'subnet', 'exact']) WITH ORDINALITY AS p (policy, n),
     LATERAL (SELECT set_config('jwt_auth.ip_binding', policy, false)) AS setting,
     LATERAL (SELECT access_token AS token FROM jwt_auth.issue_refresh_session('bob ' || setting.set_config, ip => '203.0.113.7')) AS s,
     LATERAL (SELECT (jwt_auth.jwt_decode_unverified(token)).payload ->> 'client_ip' AS token_ip) AS t,
     present(token, '203.0.113.7') AS same, present(token, '203.0.113.8') AS neighbour,
     present(token, '198.51.100.1') AS elsewhere, present(token) AS unknown
ORDER BY n;
RESET jwt_auth.ip_binding;
SET jwt_auth.ip_binding = 'subnet';
SELECT access_token AS v6 FROM jwt_auth.issue_refresh_session('carol', ip => '2001:db8:0:1::7') \gset
SELECT access_token AS unbound FROM jwt_auth.issue_refresh_session('carol') \gset
RESET jwt_auth.ip_binding;
SELECT present(:'v6', '2001:db8:0:1:ffff::1') AS same_network, present(:'v6', '2001:db8:0:2::7') AS other_network,
       present(:'v6', '203.0.113.7') AS v4, present(:'unbound', '203.0.113.7') AS unbound;

\echo == fingerprints
SET jwt_auth.fingerprint_binding = 'exact';
SELECT access_token AS device FROM jwt_auth.issue_refresh_session('dave', fingerprint => 'device 1') \gset
RESET jwt_auth.fingerprint_binding;
SELECT present(:'device', NULL, 'device 1') AS same, present(:'device', NULL, 'device 2') AS other, present(:'device') AS unknown;

\echo == a refusal writes nothing
SELECT count(*) AS live_sessions FROM jwt_auth.user_sessions('dave');
SELECT count(*) AS events FROM jwt_auth.auth_event WHERE user_id = 'dave' AND event <> 'login';

\echo == a recent log-in, by the auth_time of the session
SELECT access_token AS token, refresh_token FROM jwt_auth.issue_refresh_session('eve') \gset
SELECT attempt(format('SELECT jwt_auth.authenticate(%L, max_age => ''1 min'') ->> ''sub''', :'token')) AS at_once;
SELECT pg_sleep(2.1);
SELECT access_token AS token FROM jwt_auth.refresh_session(:'refresh_token') \gset
SELECT attempt(format('SELECT jwt_auth.authenticate(%L, max_age => ''1 s'') ->> ''sub''', :'token')) AS refreshed_is_not_recent,
       attempt(format('SELECT jwt_auth.authenticate(%L, max_age => ''1 min'') ->> ''sub''', :'token')) AS within;

DROP FUNCTION attempt, present;
TRUNCATE jwt_auth.account, jwt_auth.refresh_session, jwt_auth.session_data, jwt_auth.auth_event;
DELETE FROM jwt_auth.signing_key;
