-- A person is forgotten: nothing that is left names them, and nothing that they were given is good again.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
SET client_min_messages = warning;
DELETE FROM jwt_auth.signing_key;
DELETE FROM jwt_auth.account;
DELETE FROM jwt_auth.denied_token;
DELETE FROM jwt_auth.auth_event;
DELETE FROM jwt_auth.revocation;
DELETE FROM jwt_auth.trusted_issuer;
SELECT jwt_auth.create_signing_key('HS256') IS NOT NULL AS made;
CREATE TABLE held (name text PRIMARY KEY, token text, refresh text, session_id uuid);
CREATE FUNCTION login(name text, user_id text, device text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
  WITH i AS (SELECT * FROM jwt_auth.issue_refresh_session(login.user_id, '192.0.2.7', 'Firefox', claims => '{"role": "x"}', metadata => '{"n": 1, "audit": {"by": "password"}}', device => login.device))
  INSERT INTO held SELECT login.name, access_token, refresh_token, session_id FROM i RETURNING (SELECT status FROM i)
$$;
CREATE FUNCTION verdict(name text) RETURNS text LANGUAGE sql AS $$
  SELECT coalesce(error_code || ' ' || error_message, 'good') FROM held h, jwt_auth.jwt_try_verify(h.token) WHERE h.name = verdict.name
$$;
CREATE FUNCTION signed(claims jsonb) RETURNS text LANGUAGE sql AS $$
  SELECT jwt_auth.jwt_sign(claims, private_jwk, header => '{"typ": "JWT"}') FROM jwt_auth.signing_key WHERE state = 'active'
$$;
-- Where a name is still to be read, in every table but the revocations.
CREATE FUNCTION named(what text) RETURNS TABLE (place text, rows bigint) LANGUAGE plpgsql AS $$
DECLARE tab text;
BEGIN
  FOR tab IN SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'jwt_auth'::regnamespace AND c.relkind = 'r' AND c.relname <> 'revocation' ORDER BY 1 LOOP
    RETURN QUERY EXECUTE format('SELECT %L, count(*) FROM jwt_auth.%I t WHERE t::text LIKE %L HAVING count(*) > 0', tab, tab, '%' || what || '%');
  END LOOP;
END $$;

\echo == everything of her
SELECT login('s1', 'annabel', 'phone'), login('s2', 'annabel'), login('other', 'bob');
INSERT INTO held SELECT 'link', jwt_auth.jwt_sign('{"sub": "annabel"}');
INSERT INTO held SELECT 'mail', jwt_auth.issue_token('mail', 'annabel', '1 hour');
INSERT INTO held SELECT 'no iat', signed('{"sub": "annabel", "exp": 4102444800}');
INSERT INTO held SELECT 'denied', jwt_auth.jwt_sign('{"sub": "annabel", "jti": "4711"}');
INSERT INTO held SELECT 'key', api_key FROM jwt_auth.create_api_key('annabel', 'of annabel', '{read}');
INSERT INTO held SELECT 'exchanged', access_token FROM held h, jwt_auth.exchange_api_key(h.token) WHERE h.name = 'key';
INSERT INTO held SELECT 'acted for', access_token, NULL, session_id FROM jwt_auth.impersonate('annabel', 'agent 7', '10 minutes', reason => 'annabel asked');
INSERT INTO held SELECT 'as actor', access_token, NULL, session_id FROM jwt_auth.impersonate('bob', 'annabel', '10 minutes', reason => 'bob asked');
SELECT jwt_auth.deny_token(token, 'annabel lost it') FROM held WHERE name = 'denied';
SELECT jwt_auth.set_user_policy('annabel', max_sessions => 3);
SELECT jwt_auth.record_event('app.export', 'annabel', '{"file": "annabel.zip"}', '192.0.2.8');
BEGIN;
SELECT jwt_auth.authenticate(token) ->> 'sub' AS sub FROM held WHERE name = 's1';
SELECT jwt_auth.record_event('app.look', 'bob');
SELECT jwt_auth.revoke_refresh_session(session_id, 'annabel did it') FROM held WHERE name = 's2';
COMMIT;
SELECT jwt_auth.require_refresh('annabel', 'annabel has another role');
SELECT name, verdict(name) FROM held WHERE name NOT IN ('key', 'mail', 's1') ORDER BY 1;
SELECT * FROM named('annabel');
SELECT count(*) AS events, count(user_id) AS with_user, count(session_id) AS with_session FROM jwt_auth.auth_event \gset before_

\echo == she is forgotten: by herself, and so the event does not say by whom
BEGIN;
INSERT INTO held SELECT 'fresh', r.access_token, r.refresh_token, r.session_id FROM held h, jwt_auth.refresh_session(h.refresh) r WHERE h.name = 's1';
SELECT jwt_auth.authenticate(token) ->> 'sub' AS sub FROM held WHERE name = 'fresh';
SELECT jwt_auth.forget_user('annabel');
COMMIT;
SELECT * FROM named('annabel');
SELECT count(*) FROM jwt_auth.refresh_session WHERE session_id IN (SELECT session_id FROM held WHERE name <> 'other');
SELECT count(*) AS data FROM jwt_auth.session_data;
SELECT count(*) AS keys FROM jwt_auth.api_key;
SELECT count(*) AS uses FROM jwt_auth.api_key_use;
\echo -- that something happened is left
SELECT count(*) - :before_events AS added, count(user_id) < :before_with_user AS fewer_users, count(session_id) < :before_with_session AS fewer_sessions FROM jwt_auth.auth_event;
SELECT event, user_id, session_id IS NOT NULL AS session, user_key IS NOT NULL AS key, actor, ip, user_agent, CASE WHEN event <> 'key_created' THEN detail END AS detail, db_role = current_user AS role FROM jwt_auth.auth_event ORDER BY id;
SELECT expires_at = 'infinity' AS tombstone, issuer, reason, length(token_id) FROM jwt_auth.denied_token ORDER BY expires_at;
SELECT * FROM jwt_auth.session_history('annabel', NULL, NULL);
SELECT explanation FROM held h, jwt_auth.explain_session(h.session_id) WHERE h.name = 's1';

\echo == nothing is good again
SELECT name, verdict(name) FROM held WHERE name NOT IN ('key', 'mail') ORDER BY 1;
SELECT jwt_auth.verify_token(token, 'mail') FROM held WHERE name = 'mail';
SELECT status FROM held h, jwt_auth.refresh_session(h.refresh) WHERE h.name = 'fresh';
SELECT jwt_auth.introspect(token) FROM held WHERE name IN ('key', 'link', 'fresh');
SELECT status FROM held h, jwt_auth.exchange_api_key(h.token) WHERE h.name = 'key';
\echo -- verifiers are told by one row, which goes with the tokens
SELECT kind, user_id, session_id IS NOT NULL AS session, not_before IS NOT NULL AS cutoff, token_id FROM jwt_auth.revocation ORDER BY kind, user_id;

\echo == where the secret of the server is out of reach, every tombstone of the user key counts
INSERT INTO held SELECT 'other link', jwt_auth.jwt_sign('{"sub": "bob"}');
BEGIN;
UPDATE jwt_auth.server_secret SET secret = 'spoilt';
SELECT verdict('link'), verdict('no iat'), verdict('other link');
SAVEPOINT s;
SELECT jwt_auth.forget_user('bob');
ROLLBACK TO s;
DELETE FROM jwt_auth.server_secret;
SELECT verdict('other link');
ROLLBACK;
SELECT verdict('link'), verdict('other link');

\echo == somebody new has the id
SELECT login('new', 'annabel');
SELECT verdict('new'), verdict('fresh'), verdict('link'), verdict('no iat');
INSERT INTO held SELECT 'new link', jwt_auth.jwt_sign('{"sub": "annabel"}');
INSERT INTO held SELECT 'new as actor', access_token FROM jwt_auth.impersonate('bob', 'annabel', '10 minutes');
SELECT verdict('new link'), verdict('new as actor'), verdict('as actor');
SELECT status FROM held h, jwt_auth.refresh_session(h.refresh) WHERE h.name = 'new';
SELECT jwt_auth.revoke_user_tokens('annabel');
SELECT verdict('new'), verdict('new link'), verdict('new as actor');
\echo -- and is forgotten as well
SELECT jwt_auth.forget_user('annabel');
SELECT verdict('new'), verdict('new link'), verdict('link'), verdict('no iat');
SELECT count(*) AS tombstones FROM jwt_auth.denied_token WHERE expires_at = 'infinity';

\echo == twice, and whoever never was; by an administrator
SELECT jwt_auth.forget_user('annabel'), jwt_auth.forget_user('nobody');
INSERT INTO held SELECT 'only token', jwt_auth.jwt_sign('{"sub": "carl"}');
SELECT verdict('only token');
SELECT jwt_auth.forget_user('carl');
SELECT verdict('only token');
BEGIN;
SELECT jwt_auth.authenticate(token) ->> 'sub' AS sub FROM held WHERE name = 'other';
SELECT jwt_auth.forget_user('carl');
COMMIT;
SELECT actor, detail FROM jwt_auth.auth_event WHERE event = 'forgotten' ORDER BY id DESC LIMIT 1;
SELECT jwt_auth.forget_user(NULL);
SELECT jwt_auth.forget_user('');
SELECT jwt_auth.forget_user(repeat('x', 1025));

\echo == a log-in of the same transaction, and one after it
BEGIN;
SELECT login('in between', 'dora');
SELECT jwt_auth.forget_user('dora');
SELECT login('after', 'dora');
COMMIT;
SELECT verdict('in between'), verdict('after');
\echo -- rolled back: nothing was forgotten
BEGIN;
SELECT jwt_auth.forget_user('dora');
SELECT verdict('after');
ROLLBACK;
SELECT verdict('after');

\echo == a lock goes with the user
SELECT jwt_auth.lock_user('evil');
SELECT jwt_auth.forget_user('evil');
SELECT login('evil', 'evil');

\echo == an issuer whose subjects are our users, and one whose subjects are its own
SELECT jwt_auth.jwk_generate('ES256', kid => 'k') AS idp \gset
SELECT jwt_auth.trust_issuer('idp', jsonb_build_object('keys', jsonb_build_array(jwt_auth.jwk_public(:'idp'))), subjects => 'ours');
SELECT jwt_auth.trust_issuer('partner', jsonb_build_object('keys', jsonb_build_array(jwt_auth.jwk_public(:'idp'))));
CREATE FUNCTION of_issuer(key jsonb, claims text) RETURNS text LANGUAGE sql AS $$ SELECT jwt_auth.jws_sign(convert_to(claims, 'UTF8'), key::text) $$;
INSERT INTO held SELECT iss || ' ' || jti, of_issuer(:'idp', format('{"iss": %s, "sub": "fritz", "iat": 4000000, "exp": 4102444800, "jti": "%s"}', to_json(iss), jti))
  FROM unnest(ARRAY['idp', 'partner']) iss, unnest(ARRAY['a', 'b']) jti;
INSERT INTO held SELECT 'idp no iat', of_issuer(:'idp', '{"iss": "idp", "sub": "fritz", "exp": 4102444800}');
SELECT jwt_auth.deny_token(token, 'of fritz') FROM held WHERE name IN ('idp b', 'partner b') ORDER BY name;
SELECT name, verdict(name) FROM held WHERE name LIKE 'idp%' OR name LIKE 'partner%' ORDER BY 1;
SELECT jwt_auth.forget_user('fritz');
SELECT name, verdict(name) FROM held WHERE name LIKE 'idp%' OR name LIKE 'partner%' ORDER BY 1;
\echo -- what is known of the users of a partner is not ours to forget
SELECT user_id, detail FROM jwt_auth.auth_event WHERE event = 'token_denied' ORDER BY id DESC LIMIT 2;
SELECT issuer, reason FROM jwt_auth.denied_token WHERE expires_at <> 'infinity' AND issuer <> '' ORDER BY 1;
INSERT INTO held SELECT 'idp now', of_issuer(:'idp', format('{"iss": "idp", "sub": "fritz", "iat": %s, "exp": 4102444800}', ceil(extract(epoch FROM clock_timestamp()))));
SELECT pg_sleep(1);
SELECT verdict('idp now');

\echo == tombstones are kept while something can be good
CALL jwt_auth.purge_expired();
SELECT count(*) AS tombstones FROM jwt_auth.denied_token WHERE expires_at = 'infinity';
SELECT jwt_auth.distrust_issuer('idp');
UPDATE jwt_auth.denied_token SET denied_at = now() - interval '100 minutes' WHERE expires_at = 'infinity' AND user_key <> (SELECT user_key FROM jwt_auth.account WHERE user_id = 'evil');
CALL jwt_auth.purge_expired();
SELECT count(*) AS tombstones FROM jwt_auth.denied_token WHERE expires_at = 'infinity';
UPDATE jwt_auth.signing_key SET imported = true;
UPDATE jwt_auth.denied_token SET denied_at = now() - interval '100 days' WHERE expires_at = 'infinity';
CALL jwt_auth.purge_expired();
SELECT count(*) AS tombstones FROM jwt_auth.denied_token WHERE expires_at = 'infinity';
UPDATE jwt_auth.signing_key SET imported = false;
CALL jwt_auth.purge_expired();
SELECT count(*) AS tombstones FROM jwt_auth.denied_token WHERE expires_at = 'infinity';

\echo == a trigger that keeps rows
SELECT login('kept', 'hedwig');
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER keep BEFORE DELETE ON jwt_auth.refresh_session FOR EACH ROW EXECUTE FUNCTION keep();
SELECT jwt_auth.forget_user('hedwig');
DROP TRIGGER keep ON jwt_auth.refresh_session;
SELECT key_id IS NOT NULL AS made FROM jwt_auth.create_api_key('hedwig', 'kept');
CREATE TRIGGER keep BEFORE DELETE ON jwt_auth.api_key FOR EACH ROW EXECUTE FUNCTION keep();
SELECT jwt_auth.forget_user('hedwig');
DROP TRIGGER keep ON jwt_auth.api_key;
CREATE TRIGGER keep BEFORE DELETE ON jwt_auth.account FOR EACH ROW EXECUTE FUNCTION keep();
SELECT jwt_auth.forget_user('hedwig');
DROP TRIGGER keep ON jwt_auth.account;
CREATE TRIGGER keep BEFORE INSERT ON jwt_auth.denied_token FOR EACH ROW EXECUTE FUNCTION keep();
SELECT jwt_auth.forget_user('hedwig');
DROP TRIGGER keep ON jwt_auth.denied_token;
SELECT verdict('kept');
SELECT jwt_auth.forget_user('hedwig');

\echo == an id with blanks behind it, which only version 1 gave sessions
INSERT INTO jwt_auth.account (user_key, issuer, user_id) VALUES (1, '', 'ida  ');
INSERT INTO held SELECT 'padded', jwt_auth.jwt_sign('{"sub": "ida  "}');
SELECT verdict('padded');
SELECT jwt_auth.forget_user('ida');
SELECT verdict('padded');

\echo == a cutoff that lies ahead, from a clock that ran ahead, is no earlier afterwards; one that never ends is not kept for whoever has the id next
CREATE FUNCTION forgotten_until() RETURNS interval LANGUAGE sql AS $$ SELECT date_trunc('hour', max(denied_at) - now() + interval '1 minute') FROM jwt_auth.denied_token WHERE expires_at = 'infinity' $$;
DELETE FROM jwt_auth.denied_token;
SELECT jwt_auth.revoke_user_tokens('hal') IS NOT NULL AS revoked, jwt_auth.revoke_user_tokens('ivy') IS NOT NULL AS revoked_too;
UPDATE jwt_auth.account SET not_before = CASE user_id WHEN 'hal' THEN now() + interval '2 hours' ELSE 'infinity' END WHERE user_id IN ('hal', 'ivy');
SELECT jwt_auth.forget_user('ivy'), forgotten_until();
SELECT jwt_auth.forget_user('hal'), forgotten_until();

\echo == the audit of an id with blanks behind it, whose account a purge has taken away
INSERT INTO jwt_auth.auth_event (at, user_id, user_key, event)
  SELECT now(), 'jan  ', ('x' || encode(substr(sha256('\x00' || convert_to('jan  ', 'UTF8')), 1, 4), 'hex'))::bit(32)::integer, 'logout';
SELECT jwt_auth.forget_user('jan  '), (SELECT count(*) FROM jwt_auth.auth_event WHERE user_id LIKE 'jan%') AS before_it;
SELECT count(*) AS left_of_it FROM jwt_auth.auth_event WHERE user_id LIKE 'jan%';

\echo == who may
CREATE ROLE regress_forgetter;
SET ROLE regress_forgetter;
SELECT jwt_auth.forget_user('bob');
RESET ROLE;
SELECT jwt_auth.grant_issuer('regress_forgetter');
SET ROLE regress_forgetter;
SELECT jwt_auth.forget_user('bob');
RESET ROLE;
SELECT verdict('other');

\echo == a cutoff that lies ahead holds on for verifiers, too
SELECT jwt_auth.revoke_user_tokens('zoe') AS sessions;
UPDATE jwt_auth.account SET not_before = now() + interval '1 hour' WHERE user_id = 'zoe';
UPDATE jwt_auth.revocation SET not_before = now() + interval '1 hour', until = now() + interval '3 hours' WHERE user_id = 'zoe';
SELECT jwt_auth.forget_user('zoe');
SELECT kind, not_before > now() + interval '59 minutes' AS not_before FROM jwt_auth.revocation WHERE user_id = 'zoe';

DROP OWNED BY regress_forgetter;
DROP ROLE regress_forgetter;
DROP FUNCTION forgotten_until, login, verdict, signed, named, of_issuer, keep;
DROP TABLE held;
DELETE FROM jwt_auth.trusted_issuer;
DELETE FROM jwt_auth.refresh_session;
DELETE FROM jwt_auth.session_data;
DELETE FROM jwt_auth.account;
DELETE FROM jwt_auth.denied_token;
DELETE FROM jwt_auth.revocation;
DELETE FROM jwt_auth.auth_event;
DELETE FROM jwt_auth.signing_key;
