-- A device's session: a log-in of the same device, user and class takes its place.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
DELETE FROM jwt_auth.signing_key;
DELETE FROM jwt_auth.auth_event;
SELECT jwt_auth.create_signing_key('HS256') IS NOT NULL AS made;
CREATE TABLE login (name text PRIMARY KEY, refresh_token text, access_token text, session_id uuid, status text, evicted uuid[]);
CREATE FUNCTION login(name text, user_id text, device text DEFAULT NULL, class text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
  WITH i AS (SELECT * FROM jwt_auth.issue_refresh_session(login.user_id, class => login.class, device => login.device))
  INSERT INTO login SELECT login.name, refresh_token, access_token, session_id, status, evicted_sessions FROM i RETURNING status
$$;
CREATE FUNCTION live(user_id text) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(l.name, ' ' ORDER BY l.name) FROM jwt_auth.user_sessions(live.user_id) s JOIN login l USING (session_id)
$$;
CREATE FUNCTION evicted(name text) RETURNS text[] LANGUAGE sql AS $$
  SELECT array_agg(o.name ORDER BY array_position(l.evicted, o.session_id)) FROM login l JOIN login o ON o.session_id = ANY (l.evicted) WHERE l.name = evicted.name
$$;

\echo == what is no device
SELECT jwt_auth.issue_refresh_session('alice', device => '');
SELECT jwt_auth.issue_refresh_session('alice', device => repeat('d', 129));
SELECT jwt_auth.issue_refresh_session('alice', device => repeat('d', 10240));
SELECT (jwt_auth.issue_refresh_session('longest', device => repeat('d', 128))).status;
SELECT count(*) FROM jwt_auth.account WHERE user_id = 'alice';

\echo == the second log-in of a device replaces the first; other devices, users and no device do not
SELECT login('a1', 'alice', 'phone'), login('a2', 'alice', 'tablet'), login('a3', 'alice'), login('a4', 'alice'), login('b1', 'bob', 'phone');
SELECT login('a5', 'alice', 'phone');
SELECT live('alice'), live('bob'), evicted('a5');
SELECT (jwt_auth.refresh_session(refresh_token)).status FROM login WHERE name = 'a1';
SELECT jwt_auth.jwt_verify(access_token) FROM login WHERE name = 'a1';
SELECT event, detail ->> 'by' = (SELECT session_id::text FROM login WHERE name = 'a5') AS by_newcomer, detail - 'by' AS detail
FROM jwt_auth.auth_event JOIN login USING (session_id) WHERE name = 'a1' ORDER BY id;
SELECT alive, event, explanation FROM login, jwt_auth.explain_session(session_id) WHERE name = 'a1';
SELECT l.name, has_device FROM jwt_auth.user_sessions('alice') JOIN login l USING (session_id) ORDER BY 1;

\echo == one device in two classes has two sessions
SELECT jwt_auth.set_session_class('app', max_sessions => 1, limit_policy => 'reject');
SELECT login('a6', 'alice', 'phone', 'app');
SELECT live('alice'), evicted('a6');

\echo == the limit is counted without the one that is replaced
SELECT login('a7', 'alice', 'phone', 'app'), login('a8', 'alice', 'tablet', 'app'), login('a9', 'alice', NULL, 'app');
SELECT live('alice'), evicted('a7');
SET jwt_auth.max_sessions_per_user = 3;
SELECT login('a10', 'alice', 'tablet');
SELECT live('alice'), evicted('a10');
RESET jwt_auth.max_sessions_per_user;

\echo == the session of a device is replaced where no limit is counted
SELECT jwt_auth.set_session_class('service', listed => false);
SELECT login('s1', 'dora', 'd', 'service'), login('s2', 'dora', 'd', 'service'), login('s3', 'dora', 'e', 'service');
SELECT count(*) FROM jwt_auth.refresh_session WHERE user_id = 'dora';
SELECT evicted('s2'), evicted('s3');

\echo == a log-in that fails or is refused ends nothing: by the limit, by the claims function
SET jwt_auth.session_limit_policy = 'reject';
SET jwt_auth.max_sessions_per_user = 1;
SELECT login('e1', 'erin', 'phone'), login('e2', 'erin', 'tablet'), login('e3', 'erin');
SELECT live('erin');
RESET jwt_auth.session_limit_policy;
RESET jwt_auth.max_sessions_per_user;
CREATE FUNCTION public.fails(user_id text, session_id uuid, claims jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'live sessions: %', (SELECT count(*) FROM jwt_auth.refresh_session s WHERE s.user_id = fails.user_id) USING ERRCODE = 'P0042';
END $$;
SET jwt_auth.claims_function = 'public.fails';
\set VERBOSITY terse
SELECT login('e4', 'erin', 'phone');
\set VERBOSITY sqlstate
RESET jwt_auth.claims_function;
DROP FUNCTION public.fails;
CREATE FUNCTION public.refuses(user_id text, session_id uuid, claims jsonb) RETURNS jsonb LANGUAGE sql AS 'SELECT NULL::jsonb';
SET jwt_auth.claims_function = 'public.refuses';
SELECT status, evicted_sessions FROM jwt_auth.issue_refresh_session('erin', device => 'phone');
RESET jwt_auth.claims_function;
DROP FUNCTION public.refuses;
SELECT live('erin');
SELECT event, count(*) FROM jwt_auth.auth_event WHERE user_id = 'erin' GROUP BY event ORDER BY event COLLATE "C";

\echo == the id of the device is nowhere
SELECT device_hash = sha256('phone') AS hashed FROM jwt_auth.refresh_session JOIN login USING (session_id) WHERE name = 'a6' OR name = 'b1';
SELECT count(*) FROM jwt_auth.auth_event WHERE detail::text LIKE '%phone%' OR detail::text LIKE '%tablet%';

DROP FUNCTION login, live, evicted;
DROP TABLE login;
SELECT count(jwt_auth.revoke_user_tokens(u)) FROM unnest(ARRAY['alice', 'bob', 'dora', 'erin', 'longest']) u;
DELETE FROM jwt_auth.session_class;
DELETE FROM jwt_auth.account;
DELETE FROM jwt_auth.auth_event;
DELETE FROM jwt_auth.signing_key;
