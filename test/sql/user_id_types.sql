-- User ids of type text, uuid and bigint: every function that takes one takes all three, and they are the same user.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
SET client_min_messages = warning;
DELETE FROM jwt_auth.signing_key;
SELECT jwt_auth.create_signing_key() IS NOT NULL AS ours;

\echo == whose overloads are missing, or are not the same C function, or differ in anything but the ids, or are too many: no rows
WITH argument AS (
  SELECT p.oid, p.proname, count(*) AS ids, count(*) FILTER (WHERE p.proargtypes[n - 1] = 'text'::regtype) AS texts
  FROM pg_proc p, unnest(p.proargnames[1:p.pronargs]) WITH ORDINALITY AS a (name, n)
  WHERE p.pronamespace = 'jwt_auth'::regnamespace AND name IN ('user_id', 'actor') GROUP BY p.oid, p.proname
), wanted AS (
  SELECT a.oid, a.proname, a.ids, id.type AS id_type, actor.type AS actor_type
  FROM argument a, unnest(ARRAY['text', 'uuid', 'bigint']) AS id (type), unnest(ARRAY['text', 'uuid', 'bigint']) AS actor (type)
  WHERE a.ids = a.texts AND (a.ids = 2 OR actor.type = 'text')
)
SELECT w.oid::regprocedure, id_type, actor_type FROM wanted w JOIN pg_proc t ON t.oid = w.oid
WHERE NOT EXISTS (
  SELECT FROM pg_proc p
  WHERE p.pronamespace = t.pronamespace AND p.proname = t.proname AND p.prolang = t.prolang AND p.prosrc = t.prosrc AND p.probin = t.probin
    AND p.provolatile = t.provolatile AND p.proparallel = t.proparallel AND p.proisstrict = t.proisstrict AND p.proretset = t.proretset
    AND p.prorows = t.prorows AND p.procost = t.procost AND p.pronargdefaults = t.pronargdefaults AND p.proargnames IS NOT DISTINCT FROM t.proargnames
    AND has_function_privilege('public', p.oid, 'EXECUTE') = has_function_privilege('public', t.oid, 'EXECUTE')
    AND pg_get_function_result(p.oid) IS NOT DISTINCT FROM pg_get_function_result(t.oid)
    AND pg_get_function_arguments(p.oid) = regexp_replace(regexp_replace(pg_get_function_arguments(t.oid), '\muser_id text', 'user_id ' || id_type), '\mactor text', 'actor ' || actor_type));
SELECT proname, count(*) FROM pg_proc, LATERAL (SELECT count(*) FROM unnest(proargnames[1:pronargs]) AS name WHERE name IN ('user_id', 'actor')) AS has (ids)
WHERE pronamespace = 'jwt_auth'::regnamespace AND ids > 0 GROUP BY proname, ids HAVING count(*) <> 3 ^ ids;

\echo == each function with an id of each type: the same user
\set id 00000000-0000-4000-8000-00000000000a
SELECT status, session_id FROM jwt_auth.issue_refresh_session(upper(:'id')::uuid, class => NULL) \gset uuid_
SELECT status, session_id FROM jwt_auth.issue_refresh_session(4711) \gset int_
SELECT status, session_id FROM jwt_auth.issue_refresh_session(4712::bigint) \gset bigint_
SELECT :'uuid_status' AS uuid, :'int_status' AS int, :'bigint_status' AS bigint;
SELECT user_id FROM jwt_auth.refresh_session WHERE session_id IN (:'uuid_session_id', :'int_session_id', :'bigint_session_id') ORDER BY 1;
SELECT (SELECT session_id FROM jwt_auth.user_sessions(:'id'::uuid)) = :'uuid_session_id' AS uuid, (SELECT session_id FROM jwt_auth.user_sessions(:'id')) = :'uuid_session_id' AS text,
       (SELECT session_id FROM jwt_auth.user_sessions(4711::smallint)) = :'int_session_id' AS smallint, (SELECT session_id FROM jwt_auth.user_sessions('4711')) = :'int_session_id' AS literal;
SELECT jwt_auth.jwt_verify(jwt_auth.issue_token('link', :'id'::uuid, '1 hour'), jwt_auth.jwks(), type => 'link+jwt') ->> 'sub' AS uuid;
SELECT jwt_auth.verify_token(jwt_auth.issue_token('link', :'id'::uuid, '1 hour'), 'link') ->> 'sub' AS uuid,
       jwt_auth.verify_token(jwt_auth.issue_token('link', -9223372036854775808, '1 hour'), 'link') ->> 'sub' AS least;
SELECT jwt_auth.set_user_policy(:'id'::uuid, max_sessions => 3), jwt_auth.set_user_policy(4711, max_sessions => 4);
SELECT user_id, max_sessions FROM jwt_auth.account WHERE max_sessions IS NOT NULL ORDER BY 1;
SELECT jwt_auth.require_refresh(:'id'::uuid, 'role'), jwt_auth.require_refresh(4711, 'role');
SELECT user_id, version > 0 AS asked FROM jwt_auth.account WHERE user_id IN (:'id', '4711') ORDER BY 1;
SELECT i.status, v.claims -> 'sub' AS sub, v.claims -> 'act' ->> 'sub' AS actor
FROM (SELECT * FROM jwt_auth.impersonate(:'id'::uuid, 4711, '1 minute') UNION ALL SELECT * FROM jwt_auth.impersonate(4711::bigint, :'id'::uuid, '1 minute')
      UNION ALL SELECT * FROM jwt_auth.impersonate(4711, 'support', '1 minute') UNION ALL SELECT * FROM jwt_auth.impersonate('ann', 'support', '1 minute')) AS i,
     jwt_auth.jwt_try_verify(i.access_token) AS v;
SELECT jwt_auth.impersonate(4711, '4711', '1 minute');
SELECT jwt_auth.impersonate(4711, NULL, '1 minute');
SELECT key_id FROM jwt_auth.create_api_key(:'id'::uuid, 'machine') \gset
SELECT name, (SELECT count(*) FROM jwt_auth.user_api_keys('4711')) AS others FROM jwt_auth.user_api_keys(:'id'::uuid);
SELECT jwt_auth.revoke_own_api_key(4711, :'key_id') AS of_somebody_else, jwt_auth.revoke_own_api_key(:'id'::uuid, :'key_id') AS own;
SELECT jwt_auth.revoke_other_sessions(:'id'::uuid, :'uuid_session_id'), jwt_auth.revoke_other_sessions(4711, gen_random_uuid());
SELECT jwt_auth.lock_user(:'id'::uuid), jwt_auth.lock_user(4712);
SELECT status FROM jwt_auth.issue_refresh_session(:'id');
SELECT jwt_auth.unlock_user(:'id'::uuid), jwt_auth.unlock_user(4712), jwt_auth.unlock_user(4711);
SELECT jwt_auth.revoke_user_tokens(:'id'::uuid, 'why'), jwt_auth.revoke_user_tokens(4711);

\echo == a literal and NULL are text
SELECT jwt_auth.user_key(:'id') = jwt_auth.user_key(:'id'::uuid) AS same;
SELECT count(*) FROM jwt_auth.user_sessions('not a uuid');
SELECT jwt_auth.revoke_user_tokens(NULL);
SELECT jwt_auth.revoke_user_tokens(NULL::uuid);
SELECT jwt_auth.revoke_user_tokens(NULL::bigint);
SELECT jwt_auth.revoke_user_tokens(4.5);

\echo == char(n): one user with and without the blanks, in the trigger too; what would give tokens to an id with blanks is refused
SELECT status FROM jwt_auth.issue_refresh_session('fixed'::char(10));
SELECT jwt_auth.issue_refresh_session('fixed     '::text);
SELECT user_id, (SELECT count(*) FROM jwt_auth.user_sessions('fixed     '::text)) AS with_blanks, (SELECT count(*) FROM jwt_auth.user_sessions('fixed')) AS without
FROM jwt_auth.refresh_session WHERE user_id LIKE 'fixed%';
SELECT count(*) FROM jwt_auth.user_api_keys('fixed     '::text);
CREATE TABLE app_user (id char(10), password text);
CREATE TRIGGER password_changed AFTER UPDATE ON app_user FOR EACH ROW EXECUTE FUNCTION jwt_auth.revoke_on_password_change('id');
INSERT INTO app_user VALUES ('fixed', 'x');
UPDATE app_user SET password = 'y';
SELECT count(*) AS left FROM jwt_auth.user_sessions('fixed');
SELECT status FROM jwt_auth.issue_refresh_session('fixed');
SELECT jwt_auth.revoke_user_tokens(id) FROM app_user;
DROP TABLE app_user;

DELETE FROM jwt_auth.signing_key;
TRUNCATE jwt_auth.account, jwt_auth.refresh_session, jwt_auth.api_key, jwt_auth.api_key_use, jwt_auth.auth_event, jwt_auth.revocation, jwt_auth.denied_token;
