-- The record: by whom, from where, what a log-in says, the application's own events, who was logged in then, jwt_auth.audit.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
DELETE FROM jwt_auth.signing_key;
DELETE FROM jwt_auth.auth_event;
SELECT jwt_auth.create_signing_key('HS256') IS NOT NULL AS made;
DELETE FROM jwt_auth.auth_event;
CREATE TABLE login (name text PRIMARY KEY, refresh_token text, access_token text, session_id uuid);
CREATE FUNCTION login(name text, user_id text, device text DEFAULT NULL, class text DEFAULT NULL, metadata jsonb DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
  WITH i AS (SELECT * FROM jwt_auth.issue_refresh_session(login.user_id, '192.0.2.7', 'Firefox', metadata => login.metadata, class => login.class, device => login.device))
  INSERT INTO login SELECT login.name, refresh_token, access_token, session_id FROM i RETURNING (SELECT status FROM i)
$$;

\echo == what a log-in says: class, hash of the device, what the metadata has under audit
SELECT jwt_auth.set_session_class('kiosk');
SELECT login('a1', 'alice', 'phone', 'kiosk', '{"audit": {"by": ["password", "totp"], "n": 1}, "secret": 2}'), login('a2', 'alice'),
       login('a3', 'alice', NULL, NULL, '{"audit": "text"}'), login('a4', 'alice', NULL, NULL, '{"audit": null}');
SELECT l.name, e.event, e.user_id, e.ip, e.user_agent, e.actor, e.db_role = current_user AS role, e.detail - 'device' AS detail,
       e.detail ->> 'device' = rtrim(translate(encode(sha256('phone'), 'base64'), '+/', '-_'), '=') AS device
FROM jwt_auth.auth_event e JOIN login l USING (session_id) ORDER BY id;
SELECT count(*) AS events, count(DISTINCT e.user_key) AS keys, bool_and(e.user_key = s.user_key) AS same_as_the_session
FROM jwt_auth.auth_event e JOIN jwt_auth.refresh_session s USING (session_id);

\echo == by whom: the identity of the transaction, the role as SET ROLE has it, also in a function with other rights
CREATE ROLE regress_support;
SELECT jwt_auth.grant_issuer('regress_support');
CREATE FUNCTION revoke_as_owner(id uuid) RETURNS boolean LANGUAGE sql SECURITY DEFINER AS $$ SELECT jwt_auth.revoke_refresh_session(id, 'lost phone') $$;
GRANT SELECT ON login TO regress_support;
SELECT login('b1', 'bob');
BEGIN;
SET LOCAL ROLE regress_support;
SELECT jwt_auth.authenticate(access_token) IS NOT NULL AS authenticated FROM login WHERE name = 'b1';
SELECT revoke_as_owner(session_id) FROM login WHERE name = 'a2';
COMMIT;
SELECT jwt_auth.revoke_refresh_session(session_id) FROM login WHERE name = 'a3';
SELECT l.name, event, user_id, actor, CASE WHEN db_role = 'regress_support' THEN db_role END AS db_role, detail
FROM jwt_auth.auth_event e JOIN login l USING (session_id) WHERE event = 'session_revoked' ORDER BY id;

\echo == what another issuer calls an actor is none of our users
SELECT jwt_auth.jwk_generate('ES256') AS partner \gset
SELECT jwt_auth.trust_issuer('https://partner.example', jsonb_build_object('keys', jsonb_build_array(jwt_auth.jwk_public(:'partner'))));
BEGIN;
SELECT jwt_auth.authenticate(jwt_auth.jwt_sign(jsonb_build_object('iss', 'https://partner.example', 'sub', 'x', 'act', '{"sub": "alice"}'::jsonb,
                                                                  'exp', extract(epoch FROM now())::bigint + 600), :'partner'::jsonb)) ->> 'iss' AS issuer;
SELECT jwt_auth.record_event('app.export', 'bob');
SELECT event, user_id, actor FROM jwt_auth.auth_event ORDER BY id DESC LIMIT 1;
ROLLBACK;
SELECT jwt_auth.distrust_issuer('https://partner.example');

\echo == the events of the application
SELECT jwt_auth.record_event(e, 'alice') FROM unnest(ARRAY['login', 'logout', '', 'app.', 'app', 'App.x', 'app.X', 'app.x y', 'user_revoked', 'application', 'app.' || repeat('x', 60)]) e;
SELECT jwt_auth.record_event('login', 'alice');
SELECT jwt_auth.record_event('app.', 'alice');
SELECT jwt_auth.record_event('app.' || repeat('x', 60), 'alice');
SELECT jwt_auth.record_event(NULL, 'alice');
SELECT jwt_auth.record_event('app.x', '');
SELECT jwt_auth.record_event('app.x', repeat('x', 1025));
SELECT jwt_auth.record_event('app.x', 'alice', '[]');
SELECT jwt_auth.record_event('app.x', 'alice', '"x"');
SELECT jwt_auth.record_event('app.export', 'alice', '{"rows": 10}', '192.0.2.9'), jwt_auth.record_event('app.password_failed', NULL, ip => '198.51.100.1'),
       jwt_auth.record_event('app.' || repeat('x', 59), 'alice   ');
SELECT left(event, 20) AS event, user_id, ip, detail, user_key IS NOT NULL AS has_key FROM jwt_auth.auth_event WHERE event LIKE 'app.%' ORDER BY id;

\echo == who was logged in then
SELECT jwt_auth.set_session_class('kiosk', max_age => '1 hour');
SELECT l.name, h.began_at = e.at AS began_with_login, h.ip, h.user_agent, h.class, h.is_alive, h.ended_at IS NOT NULL AS has_end, h.ended, h.reason,
       h.ended_by, h.last_seen IS NOT NULL AS seen, h.ended_by_role = 'regress_support' AS by_support
FROM jwt_auth.session_history('alice', NULL, NULL) h JOIN login l USING (session_id) JOIN jwt_auth.auth_event e ON e.session_id = h.session_id AND e.event = 'login'
ORDER BY l.name;
SELECT count(*) FROM jwt_auth.session_history('alice', now() + interval '1 hour', NULL);
SELECT count(*) FROM jwt_auth.session_history('alice', NULL, now() - interval '1 hour');
SELECT count(*) FROM jwt_auth.session_history('alice', now() - interval '1 hour', now() + interval '1 hour');
SELECT count(*) FROM jwt_auth.session_history('alice', 'infinity', '-infinity');
SELECT count(*) FROM jwt_auth.session_history('nobody', NULL, NULL);
SELECT * FROM jwt_auth.session_history(NULL, NULL, NULL);
SELECT * FROM jwt_auth.session_history('', NULL, NULL);
\echo == of a row whose time ran out, of a revocation that the row outlived in a copy, of one that the audit knows nothing of
SELECT login('d1', 'dora'), login('d2', 'dora'), login('d3', 'dora');
UPDATE jwt_auth.refresh_session SET idle_ends_at = created_at WHERE session_id = (SELECT session_id FROM login WHERE name = 'd1');
UPDATE jwt_auth.refresh_session SET ends_at = created_at, idle_ends_at = created_at WHERE session_id = (SELECT session_id FROM login WHERE name = 'd2');
DELETE FROM jwt_auth.auth_event WHERE user_id = 'dora';
SELECT l.name, h.is_alive, h.ended, h.reason, h.ip, h.ended_at = h.began_at AS at_once FROM jwt_auth.session_history('dora', NULL, NULL) h JOIN login l USING (session_id) ORDER BY 1;
UPDATE jwt_auth.account SET not_before = clock_timestamp() WHERE user_id = 'dora';
SELECT l.name, h.is_alive, h.ended, h.reason FROM jwt_auth.session_history('dora', NULL, NULL) h JOIN login l USING (session_id) ORDER BY 1;

\echo -- of one whose greatest age alone is over, and of a cutoff that is the moment at which it began
SELECT login('h1', 'hal'), login('h2', 'hal');
UPDATE jwt_auth.refresh_session SET ends_at = created_at WHERE session_id = (SELECT session_id FROM login WHERE name = 'h1');
CREATE FUNCTION of_hal(since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL) RETURNS TABLE (name text, is_alive boolean, ended text, reason text, at_once boolean) LANGUAGE sql AS $$
  SELECT l.name, h.is_alive, h.ended, h.reason, h.ended_at = h.began_at FROM jwt_auth.session_history('hal', since, until) h JOIN login l USING (session_id) ORDER BY 1
$$;
SELECT * FROM of_hal();
UPDATE jwt_auth.account SET not_before = s.created_at FROM jwt_auth.refresh_session s JOIN login l USING (session_id) WHERE l.name = 'h2' AND account.user_id = 'hal';
SELECT * FROM of_hal();
UPDATE jwt_auth.account SET not_before = NULL WHERE user_id = 'hal';
INSERT INTO jwt_auth.cutoff (not_before) SELECT s.created_at FROM jwt_auth.refresh_session s JOIN login l USING (session_id) WHERE l.name = 'h2';
SELECT * FROM of_hal();
DELETE FROM jwt_auth.cutoff;
\echo -- from the moment at which one ended, it was there; until the moment at which it began, it was not
SELECT h.name FROM login l JOIN jwt_auth.refresh_session s USING (session_id), of_hal(s.created_at, s.created_at + interval '1 us') h WHERE l.name = 'h1';
SELECT h.name FROM login l JOIN jwt_auth.refresh_session s USING (session_id), of_hal(s.created_at, s.created_at) h WHERE l.name = 'h1';
SELECT h.name FROM login l JOIN jwt_auth.refresh_session s USING (session_id), of_hal(s.created_at + interval '1 us') h WHERE l.name = 'h1';

\echo -- a mismatch that was only logged is no end: of this session nobody knows how it went
SET jwt_auth.ip_binding = 'log';
SELECT login('j1', 'jim');
SELECT r.status FROM login l, jwt_auth.refresh_session(l.refresh_token, '198.51.100.1') r WHERE l.name = 'j1';
DELETE FROM jwt_auth.refresh_session WHERE user_id = 'jim';
SELECT event, detail -> 'enforced' AS enforced FROM jwt_auth.auth_event WHERE user_id = 'jim' ORDER BY id;
SELECT is_alive, ended_at, ended, reason FROM jwt_auth.session_history('jim', NULL, NULL);
RESET jwt_auth.ip_binding;

\echo == somebody who acts for the user: the actor, whoever the transaction acts as
BEGIN;
SELECT jwt_auth.authenticate(access_token) IS NOT NULL AS authenticated FROM login WHERE name = 'b1';
INSERT INTO login SELECT 'i1', NULL, access_token, session_id FROM jwt_auth.impersonate('fay', 'agent 7', '15 minutes', NULL, 'ticket 4711');
COMMIT;
SELECT actor, user_id, detail FROM jwt_auth.auth_event WHERE event = 'impersonated' AND user_id = 'fay';
BEGIN;
SELECT jwt_auth.authenticate(access_token) IS NOT NULL AS authenticated FROM login WHERE name = 'i1';
SELECT jwt_auth.record_event('app.export', 'fay');
COMMIT;
SELECT event, actor FROM jwt_auth.auth_event WHERE user_id = 'fay' ORDER BY id;
SELECT login('f2', 'fay');
SELECT l.name, h.actor, h.is_alive, h.ended FROM jwt_auth.session_history('fay', NULL, NULL) h JOIN login l USING (session_id) ORDER BY 1;
SELECT jwt_auth.revoke_refresh_session(session_id, 'done') FROM login WHERE name = 'i1';
SELECT l.name, h.actor, h.is_alive, h.ended, h.reason FROM jwt_auth.session_history('fay', NULL, NULL) h JOIN login l USING (session_id) ORDER BY 1;

\echo == jwt_auth.audit
SET jwt_auth.audit = 'some';
DELETE FROM jwt_auth.auth_event;
SET jwt_auth.audit = 'security';
SELECT login('e1', 'erin'), login('e2', 'erin');
SELECT jwt_auth.revoke_refresh_session(session_id) FROM login WHERE name = 'e1';
SELECT jwt_auth.record_event('app.x', 'erin');
SELECT event FROM jwt_auth.auth_event ORDER BY id;
SELECT l.name, h.is_alive, h.ended FROM jwt_auth.session_history('erin', NULL, NULL) h JOIN login l USING (session_id) ORDER BY 1;
SET jwt_auth.audit = 'off';
DELETE FROM jwt_auth.auth_event;
SELECT login('f1', 'erin'), jwt_auth.record_event('app.x', 'erin'), jwt_auth.revoke_user_tokens('erin');
SELECT count(*) FROM jwt_auth.auth_event;
SELECT count(*) FROM jwt_auth.session_history('erin', NULL, NULL);
SELECT alive, event, explanation FROM login, jwt_auth.explain_session(session_id) WHERE name = 'f1';
SELECT count(*) > 0 AS revocations_are_told FROM jwt_auth.revocations() WHERE kind = 'user' AND user_id = 'erin';
RESET jwt_auth.audit;

\echo == a history is found by the index
SET enable_seqscan = off;
CREATE FUNCTION plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || query; END $$;
SELECT bool_or(p LIKE '%auth_event_user_key%') AS by_index FROM plan('SELECT FROM jwt_auth.auth_event WHERE user_key = 1') p;
RESET enable_seqscan;

SELECT count(jwt_auth.revoke_user_tokens(u)) FROM unnest(ARRAY['alice', 'bob', 'dora', 'erin', 'fay']) u;
DROP FUNCTION login, revoke_as_owner, plan;
DROP TABLE login;
DROP OWNED BY regress_support;
DROP ROLE regress_support;
DELETE FROM jwt_auth.session_class;
DELETE FROM jwt_auth.account;
DELETE FROM jwt_auth.auth_event;
DELETE FROM jwt_auth.signing_key;
