-- authenticate outside a transaction block: as a statement of its own it identifies nobody any more when it has ended, and warns.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
SET client_min_messages = warning;
DELETE FROM jwt_auth.signing_key;
SELECT jwt_auth.create_signing_key() IS NOT NULL AS ours;
SELECT access_token AS token FROM jwt_auth.issue_refresh_session('ann') \gset
CREATE FUNCTION pg_temp.whole_request(token text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM jwt_auth.authenticate(token);
  RETURN jwt_auth.current_user_id();
END $$;

\echo == a statement of its own: a warning, and the answer
SELECT jwt_auth.authenticate(:'token') IS NOT NULL AS good;
SELECT jwt_auth.authenticate(:'token') ->> 'sub' AS sub;
SELECT claims ->> 'sub' AS sub FROM jwt_auth.authenticate(:'token') AS claims;
PREPARE alone AS SELECT jwt_auth.authenticate($1) ->> 'sub' AS sub;
EXECUTE alone (:'token');
EXECUTE alone (:'token');
SELECT jwt_auth.current_user_id() IS NULL AS nobody;

\echo == in a transaction block, in a function, or with something that uses it: none
BEGIN;
SELECT jwt_auth.authenticate(:'token') ->> 'sub' AS sub;
SELECT jwt_auth.current_user_id();
COMMIT;
SELECT jwt_auth.authenticate(:'token') ->> 'sub' AS sub \; SELECT jwt_auth.current_user_id();
SELECT pg_temp.whole_request(:'token');
SELECT jwt_auth.authenticate(:'token') ->> 'sub' AS sub, jwt_auth.current_user_id();
WITH who AS MATERIALIZED (SELECT jwt_auth.authenticate(:'token')) SELECT (SELECT count(*) FROM who) AS who, jwt_auth.current_user_id();

\echo == a refusal: an error alone
SELECT jwt_auth.authenticate('garbage');
SELECT jwt_auth.authenticate(NULL);

DELETE FROM jwt_auth.signing_key;
TRUNCATE jwt_auth.account, jwt_auth.refresh_session, jwt_auth.auth_event;
