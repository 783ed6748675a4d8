-- The type token_response, altered by the owner: attributes that were added are NULL, and none is read past the end. Others than
-- those that the extension made are an error.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
DELETE FROM jwt_auth.signing_key;
SELECT jwt_auth.create_signing_key('HS256') IS NOT NULL AS made;

SET client_min_messages = warning;
\echo == more attributes, fixed and of variable length
DO $$ BEGIN
  FOR i IN 1..40 LOOP EXECUTE format('ALTER TYPE jwt_auth.token_response ADD ATTRIBUTE n%s bigint, ADD ATTRIBUTE t%s text', i, i); END LOOP;
END $$;
SELECT status, r.refresh_token AS token, num_nonnulls(access_token, access_expires_at, refresh_token, refresh_expires_at, session_id, user_id) AS filled,
  (SELECT count(*) FROM jsonb_each(to_jsonb(r)) WHERE key ~ '^[nt]\d+$' AND value <> 'null') AS added
FROM jwt_auth.issue_refresh_session('ann') r \gset
\echo :status :filled :added
SELECT status, user_id, n1, t1, n40, t40 FROM jwt_auth.refresh_session(:'token');
SELECT status, n1, t1, n40, t40 FROM jwt_auth.refresh_session('jwtauth_r1_x');
PREPARE refuse AS SELECT status, n1 FROM jwt_auth.refresh_session('jwtauth_r1_x');
EXECUTE refuse;
ALTER TYPE jwt_auth.token_response DROP ATTRIBUTE n2, ADD ATTRIBUTE last uuid;
EXECUTE refuse;
SELECT status, n1, t2, last FROM jwt_auth.issue_refresh_session('ann');
DO $$ BEGIN
  ALTER TYPE jwt_auth.token_response DROP ATTRIBUTE last;
  FOR i IN 1..40 LOOP EXECUTE format('ALTER TYPE jwt_auth.token_response DROP ATTRIBUTE IF EXISTS n%s, DROP ATTRIBUTE t%s', i, i); END LOOP;
END $$;

\echo == another type, one attribute less: refused, and no session is left behind
\set VERBOSITY default
BEGIN;
ALTER TYPE jwt_auth.token_response ALTER ATTRIBUTE access_expires_at TYPE text;
SELECT status FROM jwt_auth.issue_refresh_session('bob');
ROLLBACK;
\set VERBOSITY sqlstate
BEGIN;
ALTER TYPE jwt_auth.token_response DROP ATTRIBUTE user_id;
SELECT status FROM jwt_auth.issue_refresh_session('bob');
ROLLBACK;
BEGIN;
ALTER TYPE jwt_auth.token_response DROP ATTRIBUTE evicted_sessions;
SELECT status FROM jwt_auth.refresh_session('jwtauth_r1_x');
ROLLBACK;
SELECT count(*) FROM jwt_auth.refresh_session WHERE user_id = 'bob';

DELETE FROM jwt_auth.signing_key;
DELETE FROM jwt_auth.refresh_session;
DELETE FROM jwt_auth.account;
DELETE FROM jwt_auth.auth_event;
