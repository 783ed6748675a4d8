-- Classes of sessions: lifetimes, limits, what is listed; changed and dropped under living sessions.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
DELETE FROM jwt_auth.signing_key;
DELETE FROM jwt_auth.auth_event;
SELECT jwt_auth.create_signing_key('HS256') IS NOT NULL AS made;
CREATE TABLE login (name text PRIMARY KEY, refresh_token text, access_token text, session_id uuid, status text, evicted uuid[]);
CREATE FUNCTION login(name text, user_id text, class text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
  WITH i AS (SELECT * FROM jwt_auth.issue_refresh_session(login.user_id, class => login.class))
  INSERT INTO login SELECT login.name, refresh_token, access_token, session_id, status, evicted_sessions FROM i RETURNING status
$$;
-- What is left of the access token and the refresh token, rounded to ten seconds, and how long the session lasts at most.
CREATE FUNCTION refresh(name text) RETURNS TABLE (status text, access integer, refresh integer, session integer) LANGUAGE plpgsql AS $$
DECLARE
  r jwt_auth.token_response;
BEGIN
  r := jwt_auth.refresh_session((SELECT l.refresh_token FROM login l WHERE l.name = refresh.name));
  UPDATE login l SET refresh_token = r.refresh_token, access_token = r.access_token WHERE l.name = refresh.name AND r.status = 'ok';
  RETURN QUERY SELECT r.status, round(extract(epoch FROM r.access_expires_at - clock_timestamp())::numeric, -1)::integer,
                      round(extract(epoch FROM r.refresh_expires_at - clock_timestamp())::numeric, -1)::integer,
                      CASE WHEN isfinite(s.ends_at) THEN round(extract(epoch FROM s.ends_at - s.created_at))::integer END
               FROM (SELECT 1) AS one LEFT JOIN jwt_auth.refresh_session s ON s.session_id = r.session_id;
END $$;
CREATE FUNCTION live(user_id text) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(l.name, ' ' ORDER BY l.name) FROM jwt_auth.user_sessions(live.user_id) s JOIN login l USING (session_id)
$$;

\echo == what is no class, no name, no lifetime, no limit
SELECT jwt_auth.issue_refresh_session('alice', class => 'kiosk');
SELECT jwt_auth.issue_refresh_session('alice', class => '');
SELECT jwt_auth.issue_refresh_session('alice', class => repeat('x', 10000));
SELECT jwt_auth.set_session_class(NULL);
SELECT jwt_auth.set_session_class('');
SELECT jwt_auth.set_session_class(' kiosk');
SELECT jwt_auth.set_session_class(E'ki\nosk');
SELECT jwt_auth.set_session_class(repeat('x', 64));
SELECT jwt_auth.set_session_class('kiosk', access_token_ttl => '0');
SELECT jwt_auth.set_session_class('kiosk', access_token_ttl => '999 milliseconds');
SELECT jwt_auth.set_session_class('kiosk', access_token_ttl => '-1 hour');
SELECT jwt_auth.set_session_class('kiosk', refresh_token_ttl => '0');
SELECT jwt_auth.set_session_class('kiosk', refresh_token_ttl => '69 years');
SELECT jwt_auth.set_session_class('kiosk', max_age => '-1 microsecond');
SELECT jwt_auth.set_session_class('kiosk', max_age => '178000000 years');
SELECT jwt_auth.set_session_class('kiosk', max_age => '-178000000 years');
SELECT jwt_auth.set_session_class('kiosk', max_sessions => -1);
SELECT jwt_auth.set_session_class('kiosk', max_sessions => 10001);
SELECT jwt_auth.set_session_class('kiosk', limit_policy => 'evict');
SELECT jwt_auth.set_session_class('kiosk', limit_policy => '');
SELECT jwt_auth.set_session_class('kiosk', listed => NULL);
SELECT jwt_auth.drop_session_class(NULL);
SELECT jwt_auth.drop_session_class('kiosk');
SELECT count(*) FROM jwt_auth.session_class;
SELECT count(*) FROM jwt_auth.auth_event WHERE event = 'class_changed';

\echo == the messages say what is allowed
\set VERBOSITY terse
SELECT jwt_auth.issue_refresh_session('alice', class => 'kiosk');
SELECT jwt_auth.issue_refresh_session('alice', class => E'a\tb');
SELECT jwt_auth.set_session_class('kiosk', access_token_ttl => '0');
SELECT jwt_auth.set_session_class('kiosk', max_age => '-1 hour');
SELECT jwt_auth.set_session_class('kiosk', limit_policy => 'evict');
\set VERBOSITY sqlstate

\echo == a row of the owner is held to the same, so that the keyring can always be loaded
INSERT INTO jwt_auth.session_class (name, access_token_ttl, listed) VALUES ('x', '0', true);
INSERT INTO jwt_auth.session_class (name, max_age, listed) VALUES ('x', '70 years', true);
INSERT INTO jwt_auth.session_class (name, limit_policy, listed) VALUES ('x', 'evict', true);
INSERT INTO jwt_auth.session_class (name, listed) VALUES ('', true);

\echo == a class has lifetimes of its own; NULL is the setting
SELECT jwt_auth.set_session_class('kiosk', access_token_ttl => '1 minute', refresh_token_ttl => '10 minutes', max_age => '1 hour');
SELECT jwt_auth.set_session_class('remember me', refresh_token_ttl => '1 mon', max_age => '0');
SELECT login('plain', 'alice'), login('kiosk', 'alice', 'kiosk'), login('remember', 'alice', 'remember me');
SELECT name, (jwt_auth.jwt_verify(access_token) ->> 'exp')::numeric - (jwt_auth.jwt_verify(access_token) ->> 'iat')::numeric AS access,
       round(extract(epoch FROM idle_ends_at - created_at)) AS refresh, CASE WHEN isfinite(ends_at) THEN ends_at - created_at END AS session, class
FROM login JOIN jwt_auth.refresh_session USING (session_id) ORDER BY name;
SELECT name, r.* FROM login, refresh(name) r ORDER BY name;
SELECT class, has_device, bound, is_current FROM jwt_auth.user_sessions('alice') ORDER BY class;

\echo == a class is kept with the keyring: a log-in and a refresh do not look for it
-- How often a table and its indexes were looked into.
CREATE FUNCTION looks(tab regclass) RETURNS numeric LANGUAGE sql AS $$
  SELECT sum(coalesce(pg_stat_get_xact_numscans(c), 0)) FROM (SELECT tab UNION ALL SELECT indexrelid FROM pg_index WHERE indrelid = tab) t (c)
$$;
SELECT login('kept', 'erin', 'remember me');
BEGIN;
SELECT looks('jwt_auth.session_class') AS before \gset
SELECT login('kept too', 'erin', 'remember me'), r.status FROM refresh('kept') r;
SELECT looks('jwt_auth.session_class') - :before AS looks, count(*) AS sessions FROM jwt_auth.refresh_session WHERE user_id = 'erin' AND class = 'remember me';
COMMIT;
DROP FUNCTION looks;

\echo == the class of this moment: shortened, lengthened, dropped
SELECT jwt_auth.set_session_class('kiosk', access_token_ttl => '2 minutes', refresh_token_ttl => '5 minutes', max_age => '2 hours');
SELECT r.* FROM refresh('kiosk') r;
SELECT jwt_auth.set_session_class('kiosk', access_token_ttl => '3 hours', max_age => '1 hour');
SELECT r.* FROM refresh('kiosk') r;
SELECT jwt_auth.drop_session_class('kiosk');
SELECT r.* FROM refresh('kiosk') r;
SELECT class FROM jwt_auth.refresh_session JOIN login USING (session_id) WHERE name = 'kiosk';
SELECT login('late', 'alice', 'kiosk');
SELECT live('alice');
SELECT jwt_auth.drop_session_class('kiosk');

\echo == a session that is older than its class now allows is over at its refresh
SELECT jwt_auth.set_session_class('kiosk', max_age => '1 hour');
UPDATE jwt_auth.refresh_session SET created_at = created_at - interval '2 hours' WHERE session_id = (SELECT session_id FROM login WHERE name = 'kiosk');
SELECT r.status FROM refresh('kiosk') r;
SELECT event, detail ->> 'status' AS status FROM jwt_auth.auth_event JOIN login USING (session_id) WHERE name = 'kiosk' ORDER BY id;

\echo == limits are counted within a class; one for the user is for sessions without one
SELECT jwt_auth.set_session_class('console', max_sessions => 1, limit_policy => 'reject');
SELECT jwt_auth.set_session_class('phone', max_sessions => 2, limit_policy => 'evict_idle');
SELECT jwt_auth.set_user_policy('bob', max_sessions => 1);
SELECT login('b1', 'bob'), login('b2', 'bob'), login('c1', 'bob', 'console'), login('c2', 'bob', 'console');
SELECT login('p1', 'bob', 'phone'), login('p2', 'bob', 'phone');
SELECT r.status FROM refresh('p1') r;
SELECT login('p3', 'bob', 'phone');
SELECT live('bob');
SELECT event, l.name, detail - 'by' AS detail FROM jwt_auth.auth_event e LEFT JOIN login l USING (session_id)
WHERE e.user_id = 'bob' AND event IN ('evicted', 'limit_reached') ORDER BY id;
SELECT (SELECT array_agg(name) FROM login WHERE session_id = ANY (l.evicted)) AS evicted FROM login l WHERE name = 'p3';

\echo == what is not listed is neither shown nor counted, and ends with a revocation of the user
SELECT jwt_auth.set_session_class('service', max_sessions => 1, limit_policy => 'reject', listed => false);
SELECT login('s1', 'bob', 'service'), login('s2', 'bob', 'service');
SELECT live('bob');
SELECT r.status FROM refresh('s1') r;
SELECT jwt_auth.revoke_other_sessions('bob', session_id) FROM login WHERE name = 's1';
SELECT jwt_auth.revoke_user_tokens('bob');
SELECT name, r.status FROM login, refresh(name) r WHERE name IN ('s1', 's2') ORDER BY name;

\echo == the current one is marked
BEGIN;
SELECT jwt_auth.authenticate(access_token) IS NOT NULL AS authenticated FROM login WHERE name = 'plain';
SELECT l.name, is_current FROM jwt_auth.user_sessions('alice') JOIN login l USING (session_id) ORDER BY 1;
COMMIT;

\echo == events
SELECT detail FROM jwt_auth.auth_event WHERE event = 'class_changed' ORDER BY id;
SELECT detail FROM jwt_auth.auth_event JOIN login USING (session_id) WHERE event = 'login' AND name IN ('plain', 'remember') ORDER BY name;

\echo == not to be called by anybody but the owner
CREATE ROLE regress_issuer;
SELECT jwt_auth.grant_issuer('regress_issuer');
SET ROLE regress_issuer;
SELECT jwt_auth.set_session_class('mine');
SELECT jwt_auth.drop_session_class('phone');
SELECT (jwt_auth.issue_refresh_session('carol', class => 'phone')).status;
RESET ROLE;
DROP OWNED BY regress_issuer;
DROP ROLE regress_issuer;

DROP FUNCTION login, refresh, live;
DROP TABLE login;
DELETE FROM jwt_auth.session_class;
SELECT jwt_auth.revoke_user_tokens('alice'), jwt_auth.revoke_user_tokens('carol'), jwt_auth.revoke_user_tokens('erin');
DELETE FROM jwt_auth.account;
DELETE FROM jwt_auth.auth_event;
DELETE FROM jwt_auth.signing_key;
