-- Two users whose ids have the same user_key, which is a hash of four bytes: what is done to one leaves the other alone.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
SET client_min_messages = warning;
DELETE FROM jwt_auth.signing_key;
DELETE FROM jwt_auth.account;
DELETE FROM jwt_auth.denied_token;
DELETE FROM jwt_auth.auth_event;
DELETE FROM jwt_auth.revocation;
SELECT jwt_auth.create_signing_key('HS256') IS NOT NULL AS made;
SELECT jwt_auth.user_key('user154158') = jwt_auth.user_key('user159185') AS shared;
CREATE TABLE held (user_id text, name text, token text, refresh text, session_id uuid, PRIMARY KEY (user_id, name));
-- Everything that there is of a user: two sessions, tokens of each kind, one of them denied, an API key, a policy, an event.
CREATE PROCEDURE begin_life(u text) LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO held SELECT u, device, access_token, refresh_token, session_id
    FROM unnest(ARRAY['phone', 'laptop']) device, jwt_auth.issue_refresh_session(u, '192.0.2.7', 'Firefox', metadata => '{"n": 1}', device => device, class => NULL);
  INSERT INTO held SELECT u, 'plain', jwt_auth.jwt_sign(jsonb_build_object('sub', u));
  INSERT INTO held SELECT u, 'link', jwt_auth.issue_token('mail', u, '1 hour');
  INSERT INTO held SELECT u, 'denied', jwt_auth.jwt_sign(jsonb_build_object('sub', u, 'jti', 'of ' || u));
  PERFORM jwt_auth.deny_token(token, 'lost') FROM held WHERE user_id = u AND name = 'denied';
  INSERT INTO held SELECT u, 'key', api_key, NULL, key_id FROM jwt_auth.create_api_key(u, 'a key', '{read}');
  INSERT INTO held SELECT u, 'exchanged', access_token FROM held h, jwt_auth.exchange_api_key(h.token) WHERE h.user_id = u AND h.name = 'key';
  PERFORM jwt_auth.set_user_policy(u, max_sessions => 2);
  PERFORM jwt_auth.record_event('app.export', u);
END $$;
CALL begin_life('user154158');
CALL begin_life('user159185');
-- Users of another issuer, of the same key too: a cutoff is kept for them.
INSERT INTO jwt_auth.account (user_key, issuer, user_id, not_before) SELECT user_key, 'partner', user_id, now() FROM jwt_auth.account;

CREATE FUNCTION link_verdict(token text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN jwt_auth.verify_token(token, 'mail') ->> 'sub';
EXCEPTION WHEN OTHERS THEN
  RETURN sqlstate;
END $$;
-- What can be seen of a user from outside.
CREATE FUNCTION life(u text) RETURNS jsonb LANGUAGE sql AS $$
  SELECT jsonb_build_object(
    'tokens', (SELECT jsonb_object_agg(name, coalesce(error_code, 'good')) FROM held h, jwt_auth.jwt_try_verify(h.token) WHERE h.user_id = u AND name NOT IN ('key', 'link')),
    'introspected', (SELECT jsonb_object_agg(name, jwt_auth.introspect(token) -> 'active') FROM held h WHERE h.user_id = u AND name <> 'link'),
    'link', (SELECT link_verdict(token) FROM held h WHERE h.user_id = u AND name = 'link'),
    'sessions', (SELECT jsonb_agg(s.session_id ORDER BY s.session_id) FROM jwt_auth.user_sessions(u) s),
    'metadata', (SELECT count(*) FROM jwt_auth.user_sessions(u) s WHERE s.metadata = '{"n": 1}'),
    'keys', (SELECT jsonb_agg(k.key_id) FROM jwt_auth.user_api_keys(u) k),
    'history', (SELECT jsonb_agg(to_jsonb(h) - 'last_seen' ORDER BY h.session_id) FROM jwt_auth.session_history(u, NULL, NULL) h),
    'audit', (SELECT jsonb_agg(to_jsonb(e) ORDER BY e.id) FROM jwt_auth.auth_event e WHERE e.user_id = u),
    'account', (SELECT to_jsonb(a) FROM jwt_auth.account a WHERE a.user_id = u AND a.issuer = ''),
    'explained', (SELECT jsonb_agg(e.alive ORDER BY h.name) FROM held h, jwt_auth.explain_session(h.session_id) e WHERE h.user_id = u AND refresh IS NOT NULL),
    'told', (SELECT jsonb_agg(to_jsonb(r) ORDER BY r.kind, r.id) FROM jwt_auth.revocation r WHERE r.user_id = u))
$$;
-- What happens to both while $1 is held in the place of a user's id in the call; all of it is undone.
CREATE FUNCTION after(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  mine jsonb := life('user154158');
  others jsonb := life('user159185');
  of_partner jsonb := (SELECT jsonb_agg(to_jsonb(a) ORDER BY a.user_id) FROM jwt_auth.account a WHERE issuer = 'partner');
  result text;
  said text;
BEGIN
  BEGIN
    EXECUTE call INTO result USING 'user154158';
    mine := (SELECT jsonb_agg(now.key ORDER BY now.key) FROM jsonb_each(life('user154158')) now WHERE now.value IS DISTINCT FROM mine -> now.key);
    others := (SELECT jsonb_object_agg(now.key, now.value) FROM jsonb_each(life('user159185')) now WHERE now.value IS DISTINCT FROM others -> now.key);
    of_partner := nullif((SELECT jsonb_agg(to_jsonb(a) ORDER BY a.user_id) FROM jwt_auth.account a WHERE issuer = 'partner'), of_partner);
    said := format('%s; changes %s', result, mine) || coalesce(', OF THE OTHER ' || others::text, '') || coalesce(', OF THE PARTNER ' || of_partner::text, '');
    RAISE raise_exception;
  EXCEPTION WHEN raise_exception THEN
    RETURN said;
  END;
END $$;

\echo == what each has
SELECT life('user154158') #- '{audit}' #- '{told}' #- '{account}' #- '{sessions}' #- '{history}' #- '{keys}' AS life;
SELECT jsonb_array_length(life(u) -> 'sessions') AS sessions, jsonb_array_length(life(u) -> 'history') AS history,
       jsonb_array_length(life(u) -> 'keys') AS keys, life(u) -> 'account' ->> 'max_sessions' AS max_sessions
  FROM unnest(ARRAY['user154158', 'user159185']) u;

\echo == what is done to one
SELECT after($$ SELECT jwt_auth.revoke_user_tokens($1) $$);
SELECT after($$ SELECT jwt_auth.revoke_user_tokens($1, 'password changed') $$);
SELECT after($$ SELECT jwt_auth.revoke_other_sessions($1, session_id) FROM held WHERE user_id = $1 AND name = 'phone' $$);
SELECT after($$ SELECT jwt_auth.revoke_own_session($1, session_id) FROM held WHERE user_id = $1 AND name = 'phone' $$);
SELECT after($$ SELECT jwt_auth.revoke_refresh_session(session_id) FROM held WHERE user_id = $1 AND name = 'phone' $$);
SELECT after($$ SELECT status FROM jwt_auth.issue_refresh_session($1) $$);
SELECT after($$ SELECT status FROM jwt_auth.issue_refresh_session($1, device => 'phone') $$);
SELECT after($$ SELECT r.status FROM held h, jwt_auth.refresh_session(h.refresh) r WHERE h.user_id = $1 AND name = 'phone' $$);
SELECT after($$ SELECT jwt_auth.set_user_policy($1, max_sessions => 1) $$);
SELECT after($$ SELECT jwt_auth.lock_user($1) $$);
SELECT after($$ SELECT jwt_auth.require_refresh($1) $$);
SELECT after($$ SELECT jwt_auth.deny_token(token) FROM held WHERE user_id = $1 AND name = 'plain' $$);
SELECT after($$ SELECT jwt_auth.consume_token(token, 'mail') ->> 'sub' FROM held WHERE user_id = $1 AND name = 'link' $$);
SELECT after($$ SELECT jwt_auth.revoke_own_api_key($1, session_id) FROM held WHERE user_id = $1 AND name = 'key' $$);
SELECT after($$ SELECT jwt_auth.record_event('app.look', $1) $$);
SELECT after($$ SELECT status FROM jwt_auth.impersonate($1, 'agent', '10 minutes') $$);
SELECT after($$ SELECT status FROM jwt_auth.impersonate('somebody', $1, '10 minutes') $$);
SELECT after($$ SELECT jwt_auth.forget_user($1) $$);

\echo == one cannot end what belongs to the other
SELECT after($$ SELECT jwt_auth.revoke_own_session($1, session_id) FROM held WHERE user_id <> $1 AND name = 'phone' $$);
SELECT after($$ SELECT jwt_auth.revoke_own_api_key($1, session_id) FROM held WHERE user_id <> $1 AND name = 'key' $$);
SELECT after($$ SELECT jwt_auth.revoke_other_sessions($1, session_id) FROM held WHERE user_id <> $1 AND name = 'phone' $$);

\echo == a lock, a cutoff and a tombstone, and then what the other does
SELECT jwt_auth.lock_user('user154158');
SELECT status FROM jwt_auth.issue_refresh_session('user154158');
SELECT status FROM jwt_auth.issue_refresh_session('user159185', device => 'laptop');
BEGIN;
SELECT jwt_auth.lock_user('user159185'), jwt_auth.unlock_user('user154158');
SELECT status FROM jwt_auth.issue_refresh_session('user159185');
SELECT status FROM jwt_auth.issue_refresh_session('user154158');
ROLLBACK;
SELECT jwt_auth.forget_user('user154158');
SELECT r.status FROM held h, jwt_auth.refresh_session(h.refresh) r WHERE h.name = 'phone' ORDER BY h.user_id;
SELECT user_id, name, coalesce(error_code, 'good') AS verdict FROM held h, jwt_auth.jwt_try_verify(h.token) WHERE name IN ('phone', 'plain', 'exchanged') ORDER BY 1, 2;
CALL jwt_auth.purge_expired();
SELECT issuer, user_id FROM jwt_auth.account WHERE user_key = jwt_auth.user_key('user154158') ORDER BY 1, 2;

DROP TABLE held;
DROP FUNCTION life(text), after(text), link_verdict(text);
DROP PROCEDURE begin_life(text);
