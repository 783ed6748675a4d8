-- A user who is locked: no log-in, no token, no API key, until unlock_user() or until the lock ends by itself.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET jwt_auth.claims_function = '';
DELETE FROM jwt_auth.signing_key;
DELETE FROM jwt_auth.auth_event;
DELETE FROM jwt_auth.revocation;
SELECT jwt_auth.create_signing_key('HS256') IS NOT NULL AS made;
CREATE TABLE held (name text PRIMARY KEY, access text, refresh text, session_id uuid);
CREATE FUNCTION login(name text, user_id text) RETURNS text LANGUAGE sql AS $$
  WITH i AS (SELECT * FROM jwt_auth.issue_refresh_session(login.user_id))
  INSERT INTO held SELECT login.name, access_token, refresh_token, session_id FROM i RETURNING (SELECT status FROM i)
$$;
CREATE FUNCTION good(token text) RETURNS text LANGUAGE sql AS $$
  SELECT coalesce(claims ->> 'sub', concat_ws(' ', error_code, error_message)) FROM jwt_auth.jwt_try_verify(token)
$$;

SELECT login('first', 'ann'), login('second', 'ann'), login('other', 'ben');
INSERT INTO held (name, access) SELECT 'signed', jwt_auth.jwt_sign('{"sub": "ann"}');
INSERT INTO held (name, access) SELECT 'key', api_key FROM jwt_auth.create_api_key('ann', 'machine');
INSERT INTO held (name, access) SELECT 'exchanged', access_token FROM held h, jwt_auth.exchange_api_key(h.access) WHERE name = 'key';
INSERT INTO held (name, access) SELECT 'link', jwt_auth.issue_token('download', 'ann', '1 hour');
SELECT name, good(access) FROM held WHERE name NOT IN ('key', 'link') ORDER BY name COLLATE "C";

\echo == locked without an end
SELECT jwt_auth.lock_user('ann', 'fraud');
SELECT name, good(access) FROM held WHERE name NOT IN ('key', 'link') ORDER BY name COLLATE "C";
SELECT jwt_auth.verify_token(access, 'download') FROM held WHERE name = 'link';
\set VERBOSITY default
SELECT jwt_auth.jwt_verify(access) FROM held WHERE name = 'signed';
\set VERBOSITY sqlstate
SELECT status, access_token IS NULL AS no_token, session_id, user_id FROM jwt_auth.issue_refresh_session('ann');
SELECT status, access_token IS NULL AS no_token FROM held h, jwt_auth.refresh_session(h.refresh) WHERE name = 'first';
SELECT status, access_token IS NULL AS no_token FROM held h, jwt_auth.exchange_api_key(h.access) WHERE name = 'key';
SELECT jwt_auth.authenticate(access) FROM held WHERE name = 'key';
SELECT name, jwt_auth.introspect(access) FROM held WHERE name IN ('first', 'signed', 'key') ORDER BY name COLLATE "C";
SELECT jwt_auth.create_api_key('ann', 'another');
BEGIN;
SET LOCAL "request.headers" = '{}';
SELECT set_config('request.headers', json_build_object('authorization', 'Bearer ' || access)::text, true) IS NOT NULL AS set FROM held WHERE name = 'first';
SELECT jwt_auth.pre_request();
ROLLBACK;
\echo -- also what is signed while it lasts
SELECT good(jwt_auth.jwt_sign('{"sub": "ann"}')), good(jwt_auth.jwt_sign('{"sub": "ben"}'));
\echo -- what the row of the user says, and that a purge keeps it
SELECT user_id, locked_until, not_before IS NOT NULL AS cut_off FROM jwt_auth.account WHERE user_id = 'ann';
SELECT count(*) FROM jwt_auth.user_sessions('ann');
SELECT count(*) FROM jwt_auth.user_api_keys('ann');
CALL jwt_auth.purge_expired();
SELECT status FROM jwt_auth.issue_refresh_session('ann');
\echo -- nor does a purge remove the account of somebody who was locked long ago
SELECT jwt_auth.lock_user('old');
UPDATE jwt_auth.account SET not_before = now() - interval '2 years' WHERE user_id = 'old';
CALL jwt_auth.purge_expired();
SELECT user_id, locked_until FROM jwt_auth.account WHERE user_id = 'old';
SELECT status FROM jwt_auth.issue_refresh_session('old');

\echo == unlocked: what was issued before, or meanwhile, stays refused
INSERT INTO held (name, access) SELECT 'meanwhile', jwt_auth.jwt_sign('{"sub": "ann"}');
SELECT jwt_auth.unlock_user('ann'), jwt_auth.unlock_user('ann') AS again, jwt_auth.unlock_user('nobody') AS nobody;
SELECT name, good(access) FROM held WHERE name NOT IN ('key', 'link') ORDER BY name COLLATE "C";
SELECT status FROM held h, jwt_auth.exchange_api_key(h.access) WHERE name = 'key';
SELECT locked_until IS NULL AS unlocked FROM jwt_auth.account WHERE user_id = 'ann';
SELECT login('after', 'ann'), good(jwt_auth.jwt_sign('{"sub": "ann"}'));
SELECT good(access) FROM held WHERE name = 'after';

\echo == a lock with an end: it counts as a cutoff
SELECT jwt_auth.lock_user('ann', until => clock_timestamp() + interval '1 hour');
INSERT INTO held (name, access) SELECT 'timed', jwt_auth.jwt_sign('{"sub": "ann"}');
SELECT status FROM jwt_auth.issue_refresh_session('ann');
SELECT good(access) FROM held WHERE name = 'timed';
UPDATE jwt_auth.account SET locked_until = clock_timestamp() WHERE user_id = 'ann';
SELECT good(access) FROM held WHERE name = 'timed';
SELECT jwt_auth.unlock_user('ann') AS nothing_to_end;
SELECT login('later', 'ann');
SELECT good(access) FROM held WHERE name = 'later';
\echo -- a second lock replaces the first, whichever ends earlier
SELECT jwt_auth.lock_user('ann'), jwt_auth.lock_user('ann', 'shorter', clock_timestamp() + interval '1 hour');
SELECT locked_until < 'infinity' AS has_end FROM jwt_auth.account WHERE user_id = 'ann';
SELECT jwt_auth.lock_user('ann', until => 'infinity');
SELECT status FROM jwt_auth.issue_refresh_session('ann');
SELECT jwt_auth.unlock_user('ann');

\echo == somebody who never was
SELECT jwt_auth.lock_user('cy', NULL, now() + interval '1 day');
SELECT status FROM jwt_auth.issue_refresh_session('cy');
SELECT jwt_auth.unlock_user('cy');
SELECT status FROM jwt_auth.issue_refresh_session('cy');

\echo == an id with trailing blanks is the user without them
SELECT jwt_auth.lock_user('ben  ');
SELECT status FROM jwt_auth.issue_refresh_session('ben');
SELECT good(access) FROM held WHERE name = 'other';
SELECT jwt_auth.unlock_user('ben ');
SELECT status FROM jwt_auth.issue_refresh_session('ben');

\echo == a lock that is rolled back was none
BEGIN;
SELECT jwt_auth.lock_user('ann');
SELECT status FROM jwt_auth.issue_refresh_session('ann');
ROLLBACK;
SELECT status FROM jwt_auth.issue_refresh_session('ann');

\echo == until yesterday, and what else is no time
SELECT jwt_auth.lock_user('ann', until => now() - interval '1 day');
SELECT jwt_auth.lock_user('ann', until => now());
SELECT jwt_auth.lock_user('ann', until => '-infinity');
SELECT jwt_auth.lock_user(NULL);
SELECT jwt_auth.lock_user('');
SELECT jwt_auth.lock_user(repeat('a', 1025));
SELECT jwt_auth.unlock_user(NULL);
SELECT jwt_auth.unlock_user('');

\echo == a trigger on the table that suppresses the lock is an error
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
SELECT jwt_auth.lock_user('cy');
CREATE TRIGGER keep BEFORE UPDATE OF locked_until ON jwt_auth.account FOR EACH ROW EXECUTE FUNCTION keep();
SELECT jwt_auth.lock_user('ann');
SELECT jwt_auth.unlock_user('cy');
DROP TRIGGER keep ON jwt_auth.account;
DROP FUNCTION keep;
SELECT jwt_auth.unlock_user('cy');

\echo == what the audit and verifiers are told
SELECT event, user_id, session_id IS NOT NULL AS of_session, detail - 'until' AS detail, (detail ->> 'until')::timestamptz > at AS ends
FROM jwt_auth.auth_event WHERE event IN ('locked', 'unlocked') AND user_id = 'ann' ORDER BY id;
SELECT e.explanation FROM held h, jwt_auth.explain_session(h.session_id) e WHERE name = 'second';
SELECT kind, user_id, count(*) FROM jwt_auth.revocations() WHERE user_id IN ('ann', 'cy') AND not_before IS NOT NULL GROUP BY kind, user_id ORDER BY user_id;

DROP TABLE held;
DROP FUNCTION login, good;
DELETE FROM jwt_auth.signing_key;
DELETE FROM jwt_auth.refresh_session;
DELETE FROM jwt_auth.api_key;
DELETE FROM jwt_auth.api_key_use;
DELETE FROM jwt_auth.account;
DELETE FROM jwt_auth.auth_event;
DELETE FROM jwt_auth.revocation;
