-- Ending sessions and tokens: one, one's own, the others, a user's, everybody's; denial; clean-up; and input that is none.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
DELETE FROM jwt_auth.signing_key;
SELECT jwt_auth.create_signing_key('HS256') IS NOT NULL AS made;
CREATE TABLE login (name text PRIMARY KEY, refresh_token text, access_token text, session_id uuid);
CREATE FUNCTION login(name text, user_id text) RETURNS text LANGUAGE sql AS $$
  WITH i AS (SELECT * FROM jwt_auth.issue_refresh_session(login.user_id))
  INSERT INTO login SELECT login.name, refresh_token, access_token, session_id FROM i RETURNING (SELECT status FROM i)
$$;
CREATE FUNCTION good(token text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN jwt_auth.jwt_verify(token) ->> 'sub';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE;
END $$;
CREATE FUNCTION state(pattern text) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(name || ':' || good(access_token), ' ' ORDER BY name) FROM login WHERE name LIKE pattern
$$;

\echo == one session
SELECT count(login('a' || n, 'alice')) FROM generate_series(1, 4) n;
SELECT jwt_auth.revoke_refresh_session(session_id, 'lost phone') FROM login WHERE name = 'a1';
SELECT jwt_auth.revoke_refresh_session(session_id) FROM login WHERE name = 'a1';
SELECT jwt_auth.revoke_refresh_session('00000000-0000-8000-8000-000000000000');
SELECT jwt_auth.revoke_refresh_session(NULL);
SELECT state('a%');
SELECT r.status FROM login, jwt_auth.refresh_session(refresh_token) r WHERE name = 'a1';
SELECT event, user_id, detail FROM jwt_auth.auth_event WHERE event = 'session_revoked';
SELECT alive, event, detail, regexp_replace(explanation, '[0-9].*[0-9] ', '(time) ') AS explanation FROM login, jwt_auth.explain_session(session_id) WHERE name IN ('a1', 'a2') ORDER BY name;

\echo == log-out: any authentic token of the session, no other
SELECT r.refresh_token AS second FROM login, jwt_auth.refresh_session(refresh_token) r WHERE name = 'a2' \gset
SELECT r.status FROM jwt_auth.refresh_session(:'second') r;
SELECT jwt_auth.revoke_refresh_token(overlay(refresh_token placing CASE WHEN substr(refresh_token, 45, 1) = 'A' THEN 'B' ELSE 'A' END from 45)) AS other_family FROM login WHERE name = 'a2';
SELECT jwt_auth.revoke_refresh_token(refresh_token) AS an_old_one, state('a%') FROM login WHERE name = 'a2';
SELECT jwt_auth.revoke_refresh_token(refresh_token) FROM login WHERE name = 'a2';
SELECT jwt_auth.revoke_refresh_token(''), jwt_auth.revoke_refresh_token('jwtauth_r1_'), jwt_auth.revoke_refresh_token('x');
SELECT jwt_auth.revoke_refresh_token(NULL);

\echo == everywhere else
SELECT count(login('a' || n, 'alice')) FROM generate_series(5, 7) n;
SELECT jwt_auth.revoke_other_sessions('alice', session_id), state('a%') FROM login WHERE name = 'a5';
SELECT jwt_auth.revoke_other_sessions('alice', session_id), state('a%') FROM login WHERE name = 'a5';
SELECT jwt_auth.revoke_other_sessions('alice', NULL);
SELECT jwt_auth.revoke_other_sessions(NULL, '00000000-0000-8000-8000-000000000000');
SELECT login('b1', 'bob');
SELECT jwt_auth.revoke_other_sessions('alice', session_id), state('%') FROM login WHERE name = 'b1';
SELECT event, user_id, session_id IS NOT NULL AS of_a_session, detail - 'kept' AS detail FROM jwt_auth.auth_event WHERE event = 'others_revoked' ORDER BY id;

\echo == everything of a user: sessions, and tokens without a session from before
SELECT count(login('c' || n, 'carol')) FROM generate_series(1, 3) n;
SELECT jwt_auth.jwt_sign(jsonb_build_object('sub', 'carol', 'iat', extract(epoch FROM now())::bigint - 1)) AS old \gset
SELECT jwt_auth.jwt_sign('{"sub": "bob"}') AS bobs \gset
SELECT good(:'old'), good(:'bobs');
SELECT jwt_auth.revoke_user_tokens('carol', 'password changed'), jwt_auth.revoke_user_tokens('carol'), state('c%'), good(:'old'), good(:'bobs'), state('b%');
SELECT login('c4', 'carol');
SELECT state('c4');
SELECT good(jwt_auth.jwt_sign(jsonb_build_object('sub', 'carol', 'iat', extract(epoch FROM now())::bigint + 1))) AS later;
SELECT good(jwt_auth.jwt_sign('{"sub": "carol", "iat": null}'));
SELECT event, session_id IS NOT NULL AS of_a_session, detail FROM jwt_auth.auth_event WHERE event = 'user_revoked' ORDER BY id;
SELECT jwt_auth.revoke_user_tokens('never seen'), jwt_auth.revoke_user_tokens(E'\x01\t''; --');
SELECT jwt_auth.revoke_user_tokens(NULL);
SELECT jwt_auth.revoke_user_tokens('');
SELECT jwt_auth.revoke_user_tokens(repeat('x', 10240));

\echo == a clock that was set back: a log-in after the cutoff is alive, one from before is not
UPDATE jwt_auth.account SET not_before = now() + interval '1 hour' WHERE user_id = 'carol';
SELECT state('c4'), (SELECT count(*) FROM jwt_auth.user_sessions('carol'));
SELECT r.status FROM login, jwt_auth.refresh_session(refresh_token) r WHERE name = 'c4';
SELECT login('c5', 'carol');
SELECT state('c5'), (SELECT count(*) FROM jwt_auth.user_sessions('carol'));
SELECT s.created_at - a.not_before AS after_the_cutoff FROM jwt_auth.refresh_session s JOIN jwt_auth.account a USING (user_key, user_id) WHERE s.user_id = 'carol';
SELECT jwt_auth.revoke_user_tokens('carol'), state('c5');
SELECT a.not_before > now() + interval '59 min' AS never_earlier FROM jwt_auth.account a WHERE user_id = 'carol';

\echo == everything of everybody, what is ahead of the clock as well; then log-ins are good at once
SELECT login('d1', 'dave'), login('d2', 'dave');
INSERT INTO jwt_auth.session_data SELECT overlay(session_id::text placing 'ffffffff' from 1)::uuid, user_key, '{}', '{}' FROM jwt_auth.refresh_session WHERE session_id = (SELECT session_id FROM login WHERE name = 'd2');
UPDATE jwt_auth.refresh_session SET has_data = true, created_at = now() + interval '1 hour', session_id = overlay(session_id::text placing 'ffffffff' from 1)::uuid
WHERE session_id = (SELECT session_id FROM login WHERE name = 'd2');
SELECT jwt_auth.revoke_all_tokens('leak');
SELECT state('b%'), state('d%'), (SELECT count(*) FROM jwt_auth.refresh_session WHERE user_id = 'dave') AS rows_of_dave, (SELECT count(*) FROM jwt_auth.session_data) AS data;
SELECT login('d3', 'dave');
SELECT state('d3'), good(:'bobs');
SELECT not_before = (SELECT max(at) FROM jwt_auth.auth_event WHERE event = 'all_revoked') AS at FROM jwt_auth.cutoff;
SELECT jwt_auth.revoke_all_tokens();
SELECT event, session_id IS NOT NULL AS of_a_session, detail FROM jwt_auth.auth_event WHERE event = 'all_revoked' ORDER BY id;
SELECT alive, event, explanation FROM login, jwt_auth.explain_session(session_id) WHERE name = 'd1';
DELETE FROM jwt_auth.cutoff;

\echo == a session that was over before: cleaned away under the name of what ended it, and counted by nobody
SELECT count(login('o' || n, 'olga')) FROM generate_series(1, 5) n;
SELECT login('o6', 'oscar'), login('o7', 'oscar'), login('o8', 'oscar');
UPDATE jwt_auth.refresh_session SET idle_ends_at = 'epoch' WHERE session_id IN (SELECT session_id FROM login WHERE name IN ('o1', 'o2', 'o3', 'o6'));
UPDATE jwt_auth.refresh_session SET ends_at = 'epoch', idle_ends_at = 'epoch' WHERE session_id = (SELECT session_id FROM login WHERE name = 'o4');
CREATE TEMP TABLE explained AS SELECT name, e.* FROM login, jwt_auth.explain_session(session_id) e WHERE name LIKE 'o_';
SELECT jwt_auth.revoke_refresh_token(refresh_token) FROM login WHERE name = 'o1';
SELECT jwt_auth.revoke_refresh_session(session_id, 'too late') FROM login WHERE name = 'o2';
SELECT r.status FROM login, jwt_auth.refresh_session(refresh_token) r WHERE name = 'o3';
SELECT jwt_auth.revoke_user_tokens('olga');
SELECT jwt_auth.revoke_other_sessions('oscar', session_id) FROM login WHERE name = 'o7';
SELECT name, event, detail ->> 'status' AS status, at = 'epoch' AS when_it_was_over, explanation FROM login, jwt_auth.explain_session(session_id) WHERE name LIKE 'o_' AND name <> 'o7' ORDER BY name;
\echo -- the same as before it was cleaned away
SELECT name FROM login JOIN explained x USING (name), jwt_auth.explain_session(session_id) e
WHERE NOT x.alive AND (x.event, x.at, x.explanation) IS DISTINCT FROM (e.event, e.at, e.explanation);
SELECT count(*) AS events, count(DISTINCT session_id) AS sessions FROM login JOIN jwt_auth.auth_event USING (session_id) WHERE name LIKE 'o_' AND event <> 'login';
SELECT detail - 'kept' FROM jwt_auth.auth_event WHERE session_id IS NULL AND (event, user_id) IN (('user_revoked', 'olga'), ('others_revoked', 'oscar')) ORDER BY id;
\echo -- by a cutoff for everybody
SELECT login('r1', 'rita'), login('r2', 'rita'), login('r3', 'rita');
SELECT jwt_auth.revoke_all_tokens();
SELECT jwt_auth.revoke_refresh_token(refresh_token) FROM login WHERE name = 'r1';
SELECT r.status FROM login, jwt_auth.refresh_session(refresh_token) r WHERE name = 'r2';
SELECT jwt_auth.revoke_user_tokens('rita');
SELECT name, event, at = (SELECT not_before FROM jwt_auth.cutoff) AS at_the_cutoff, explanation FROM login, jwt_auth.explain_session(session_id) WHERE name LIKE 'r_' ORDER BY name;
DELETE FROM jwt_auth.cutoff;

\echo == a cutoff that never ends lets nobody in; one beyond what can be counted is one
SELECT login('s1', 'sam');
UPDATE jwt_auth.account SET not_before = 'infinity' WHERE user_id = 'sam';
SELECT jwt_auth.issue_refresh_session('sam');
UPDATE jwt_auth.account SET not_before = '294276-12-31' WHERE user_id = 'sam';
SELECT jwt_auth.issue_refresh_session('sam');
SELECT state('s1');
UPDATE jwt_auth.account SET not_before = '-infinity' WHERE user_id = 'sam';
SELECT login('s2', 'sam');
SELECT state('s_');
INSERT INTO jwt_auth.cutoff (not_before) VALUES ('infinity');
SELECT jwt_auth.issue_refresh_session('sam');
SELECT jwt_auth.revoke_all_tokens();
SELECT state('s_');
DELETE FROM jwt_auth.cutoff;

\echo == the trigger
CREATE TABLE app_user (id bigint PRIMARY KEY, name text, password_hash text);
INSERT INTO app_user VALUES (1, 'one', 'x'), (2, 'two', 'x');
CREATE TRIGGER changed AFTER UPDATE OF password_hash ON app_user FOR EACH ROW WHEN (OLD.password_hash IS DISTINCT FROM NEW.password_hash)
  EXECUTE FUNCTION jwt_auth.revoke_on_password_change('id');
CREATE TRIGGER deleted AFTER DELETE ON app_user FOR EACH ROW EXECUTE FUNCTION jwt_auth.revoke_on_password_change('id');
SELECT login('e1', '1'), login('e2', '2');
UPDATE app_user SET name = 'uno', password_hash = 'x' WHERE id = 1;
SELECT state('e%');
UPDATE app_user SET id = 3, password_hash = 'y' WHERE id = 1;
SELECT state('e%');
DELETE FROM app_user WHERE id = 2;
SELECT state('e%');
SELECT user_id, session_id IS NOT NULL AS of_a_session, detail FROM jwt_auth.auth_event WHERE event = 'user_revoked' AND user_id IN ('1', '2') ORDER BY id;
CREATE TRIGGER wrong_column AFTER DELETE ON app_user FOR EACH ROW EXECUTE FUNCTION jwt_auth.revoke_on_password_change('no_such');
DELETE FROM app_user;
DROP TRIGGER wrong_column ON app_user;
CREATE TRIGGER no_column AFTER DELETE ON app_user FOR EACH ROW EXECUTE FUNCTION jwt_auth.revoke_on_password_change();
DELETE FROM app_user;
DROP TRIGGER no_column ON app_user;
CREATE TRIGGER before_it BEFORE DELETE ON app_user FOR EACH ROW EXECUTE FUNCTION jwt_auth.revoke_on_password_change('id');
DELETE FROM app_user;
DROP TRIGGER before_it ON app_user;
CREATE TRIGGER at_insert AFTER INSERT ON app_user FOR EACH ROW EXECUTE FUNCTION jwt_auth.revoke_on_password_change('id');
INSERT INTO app_user VALUES (9);
DROP TRIGGER at_insert ON app_user;
CREATE TRIGGER by_statement AFTER UPDATE ON app_user EXECUTE FUNCTION jwt_auth.revoke_on_password_change('id');
UPDATE app_user SET name = 'x';
DROP TABLE app_user;

\echo == denial
SELECT jwt_auth.jwt_sign('{"sub": "fred", "jti": "one"}') AS one, jwt_auth.jwt_sign('{"sub": "fred", "jti": "two"}') AS two,
       jwt_auth.jwt_sign('{"sub": "fred", "jti": "one", "extra": 1}') AS same_jti \gset
SELECT good(:'one'), jwt_auth.deny_token(:'one', 'leaked'), jwt_auth.deny_token(:'one'), good(:'one'), good(:'two'), good(:'same_jti') AS same_jti;
SELECT event, user_id, detail FROM jwt_auth.auth_event WHERE event = 'token_denied' ORDER BY id;
SELECT issuer, expires_at > now() AS until, reason, octet_length(token_id) AS id FROM jwt_auth.denied_token ORDER BY denied_at;
\echo -- the token of a session alone, not the session
SELECT login('f1', 'fred');
SELECT jwt_auth.deny_token(access_token), good(access_token) FROM login WHERE name = 'f1';
SELECT good(r.access_token) FROM login, jwt_auth.refresh_session(refresh_token) r WHERE name = 'f1';
\echo -- one that is not good yet, one for somebody else, one without a subject
SELECT jwt_auth.deny_token(jwt_auth.jwt_sign(jsonb_build_object('sub', 'fred', 'nbf', 99999999999, 'exp', 999999999999))) AS not_yet,
       jwt_auth.deny_token(jwt_auth.jwt_sign('{"sub": "fred", "aud": "others"}')) AS for_others,
       jwt_auth.deny_token(jwt_auth.jwt_sign('{}')) AS nobodys;
\echo -- a subject too long for any user of ours is recorded by its hash: an index on user_id does not refuse it
CREATE INDEX by_user ON jwt_auth.auth_event (user_id, at);
SELECT string_agg(md5(n::text), '' ORDER BY n) AS long FROM generate_series(1, 1000) n \gset
SELECT jwt_auth.deny_token(jwt_auth.jwt_sign(jsonb_build_object('sub', :'long', 'jti', 'long'))) AS longer,
       jwt_auth.deny_token(jwt_auth.jwt_sign(jsonb_build_object('sub', left(:'long', 1025), 'jti', 'just too long'))) AS just_longer,
       jwt_auth.deny_token(jwt_auth.jwt_sign(jsonb_build_object('sub', left(:'long', 1024), 'jti', 'longest'))) AS longest,
       jwt_auth.consume_token(jwt_auth.jwt_sign(jsonb_build_object('sub', :'long', 'jti', 'used'))) ->> 'jti' AS consumed;
SELECT event, octet_length(user_id) AS user_id, detail - 'sub_sha256' AS detail, CASE octet_length(user_id) WHEN 1024 THEN detail ->> 'sub_sha256' IS NULL
         ELSE detail ->> 'sub_sha256' = encode(sha256(convert_to(CASE detail ->> 'jti' WHEN 'just too long' THEN left(:'long', 1025) ELSE :'long' END, 'UTF8')), 'hex') END AS hash
FROM jwt_auth.auth_event WHERE detail ->> 'jti' IN ('long', 'just too long', 'longest', 'used') ORDER BY id;
DELETE FROM jwt_auth.auth_event WHERE detail ->> 'jti' IN ('long', 'just too long', 'longest', 'used');
DROP INDEX jwt_auth.by_user;
\echo -- expired, of another signature, none at all
SELECT jwt_auth.deny_token(jwt_auth.jwt_sign('{"sub": "fred", "exp": 1000}')) AS expired;
SELECT jwt_auth.deny_token(left(:'one', -4) || 'AAAA');
SELECT jwt_auth.deny_token('x');
SELECT jwt_auth.deny_token(NULL);

\echo == single use
SELECT jwt_auth.jwt_sign('{"sub": "gina", "purpose": "reset"}') AS link \gset
SELECT jwt_auth.consume_token(:'link') ->> 'purpose' AS purpose;
SELECT jwt_auth.consume_token(:'link');
SELECT good(:'link'), jwt_auth.deny_token(:'link');
BEGIN;
SELECT jwt_auth.jwt_sign('{"sub": "gina"}') AS link \gset
SAVEPOINT s;
SELECT jwt_auth.consume_token(:'link') ->> 'sub' AS sub;
ROLLBACK TO s;
SELECT jwt_auth.consume_token(:'link') ->> 'sub' AS again_after_a_rollback;
COMMIT;
SELECT jwt_auth.consume_token(access_token) FROM login WHERE name = 'e1';
SELECT jwt_auth.consume_token(NULL);
SELECT event, user_id FROM jwt_auth.auth_event WHERE event = 'token_consumed' ORDER BY id;

\echo == clean-up
DELETE FROM jwt_auth.refresh_session;
DELETE FROM jwt_auth.session_data;
DELETE FROM jwt_auth.auth_event;
DELETE FROM login;
SELECT count(login('p' || n, 'user ' || n)) FROM generate_series(1, 7) n;
SELECT status FROM jwt_auth.issue_refresh_session('with data', claims => '{"a": 1}', metadata => '{"b": 2}');
UPDATE jwt_auth.refresh_session SET purge_after = CURRENT_DATE - 1, idle_ends_at = clock_timestamp() WHERE user_id IN ('user 1', 'user 2', 'user 3', 'with data');
UPDATE jwt_auth.refresh_session SET purge_after = CURRENT_DATE - 1, idle_ends_at = clock_timestamp(), ends_at = idle_ends_at WHERE user_id = 'user 4';
UPDATE jwt_auth.refresh_session SET ends_at = idle_ends_at WHERE user_id = 'user 4';
\echo -- refreshed since: the day moves
UPDATE jwt_auth.refresh_session SET purge_after = CURRENT_DATE - 1 WHERE user_id = 'user 5';
\echo -- not yet its day
UPDATE jwt_auth.refresh_session SET idle_ends_at = clock_timestamp() WHERE user_id = 'user 6';
UPDATE jwt_auth.denied_token SET expires_at = now() - interval '61 min' WHERE reason = 'leaked';
SELECT count(*) AS denials FROM jwt_auth.denied_token \gset
BEGIN;
CALL jwt_auth.purge_expired();
ROLLBACK;
CALL jwt_auth.purge_expired(0);
CALL jwt_auth.purge_expired(NULL);
CALL jwt_auth.purge_expired(2);
SELECT user_id, purge_after = (idle_ends_at AT TIME ZONE 'UTC')::date AS its_day FROM jwt_auth.refresh_session ORDER BY user_id;
SELECT count(*) AS data FROM jwt_auth.session_data;
SELECT :denials - count(*) AS denials_gone FROM jwt_auth.denied_token;
SELECT user_id, event, detail - 'ended_at' AS detail FROM jwt_auth.auth_event WHERE event = 'expired' ORDER BY user_id;
\echo -- and what the cutoff for everybody ended
SELECT jwt_auth.revoke_all_tokens();
SELECT login('q1', 'after');
DO $$ BEGIN CALL jwt_auth.purge_expired(1); END $$;
SELECT user_id FROM jwt_auth.refresh_session ORDER BY user_id;
SELECT user_id, (detail ->> 'ended_at')::timestamptz = (SELECT not_before FROM jwt_auth.cutoff) AS at_the_cutoff FROM jwt_auth.auth_event WHERE event = 'all_revoked' ORDER BY user_id;
DELETE FROM jwt_auth.cutoff;

\echo == refresh tokens that are none: nothing ends, nothing is written
SELECT refresh_token AS token, session_id AS id FROM jwt_auth.issue_refresh_session('victim') \gset
CREATE TEMP TABLE before AS TABLE jwt_auth.refresh_session;
SELECT count(*) AS events FROM jwt_auth.auth_event \gset
SELECT what, r.* FROM (VALUES ('empty', ''), ('prefix', 'jwtauth_r1_'), ('padded', :'token' || '='), ('blank', ' ' || :'token'), ('other prefix', replace(:'token', '_r1_', '_r2_')),
  ('1 MB', repeat('A', 1048576)), ('prefix and 1 MB', 'jwtauth_r1_' || repeat('A', 1048576)), ('a JWT', 'eyJhbGciOiJIUzI1NiJ9.e30.AAAA')) v (what, token), jwt_auth.refresh_session(token) r;
SELECT status, count(*) FROM generate_series(0, 101) n, jwt_auth.refresh_session(left(:'token', n)) GROUP BY status;
\echo -- each bit of the id and of the family secret
SELECT part, status, count(*)
FROM (VALUES ('id', 0, 127), ('family', 160, 287)) v (part, first, last), generate_series(first, last) bit,
  jwt_auth.base64url_decode(substr(:'token', 12)) raw,
  jwt_auth.refresh_session('jwtauth_r1_' || jwt_auth.base64url_encode(set_bit(raw, bit, 1 - get_bit(raw, bit))))
GROUP BY part, status ORDER BY part;
SELECT jwt_auth.refresh_session(NULL);
SELECT count(*) - :events AS events FROM jwt_auth.auth_event;
SELECT count(*) AS unchanged, (SELECT count(*) FROM before) AS of FROM (TABLE before INTERSECT TABLE jwt_auth.refresh_session) same;
\echo -- the generation decides nothing where a secret matches
SELECT r.status, left(encode(jwt_auth.base64url_decode(substr(r.refresh_token, 12)), 'hex'), 40) LIKE '%00000001' AS next_generation
FROM jwt_auth.base64url_decode(substr(:'token', 12)) raw, jwt_auth.refresh_session('jwtauth_r1_' || jwt_auth.base64url_encode(overlay(raw placing '\xffffffff' from 17))) r;
\echo -- a wrong secret of the right family is theft
SELECT r.status FROM jwt_auth.base64url_decode(substr(:'token', 12)) raw,
  jwt_auth.refresh_session('jwtauth_r1_' || jwt_auth.base64url_encode(set_bit(raw, 543, 1 - get_bit(raw, 543)))) r;
SELECT event, detail FROM jwt_auth.auth_event ORDER BY id DESC LIMIT 1;

\echo == log-ins that are none
SELECT jwt_auth.issue_refresh_session(NULL);
SELECT jwt_auth.issue_refresh_session('');
SELECT jwt_auth.issue_refresh_session(repeat('x', 1025));
SELECT jwt_auth.issue_refresh_session('zoe', claims => '[]');
SELECT jwt_auth.issue_refresh_session('zoe', claims => '"x"');
SELECT jwt_auth.issue_refresh_session('zoe', claims => 'null');
SELECT jwt_auth.issue_refresh_session('zoe', metadata => '7');
SELECT jwt_auth.issue_refresh_session('zoe', claims => jsonb_build_object('x', repeat('y', 3000000)));
SELECT count(*) FROM jwt_auth.refresh_session WHERE user_id = 'zoe';
SELECT status FROM jwt_auth.issue_refresh_session(repeat('ä', 512));
SELECT i.status, jwt_auth.jwt_verify(i.access_token) ->> 'sub' = E'\x01\x1f\t"\\' AS sub FROM jwt_auth.issue_refresh_session(E'\x01\x1f\t"\\') i;
SELECT status FROM jwt_auth.issue_refresh_session('ua', user_agent => 'x' || repeat('ä', 1000));
SELECT octet_length(user_agent) AS cut FROM jwt_auth.user_sessions('ua');
SELECT user_id, evicted_sessions FROM jwt_auth.issue_refresh_session('netmask', '10.1.2.3/8');
SELECT jwt_auth.explain_session(NULL);
SELECT * FROM jwt_auth.explain_session('00000000-0000-8000-8000-000000000000');
SELECT * FROM jwt_auth.user_sessions(NULL);
SELECT * FROM jwt_auth.user_sessions('');

DROP TABLE login;
DROP FUNCTION login, good, state;
DELETE FROM jwt_auth.refresh_session;
DELETE FROM jwt_auth.session_data;
DELETE FROM jwt_auth.denied_token;
DELETE FROM jwt_auth.account;
DELETE FROM jwt_auth.auth_event;
