-- Who may call what, and who may touch what: every function and table of the schema, from the catalog.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
CREATE ROLE regress_verifier;
CREATE ROLE regress_issuer;
CREATE ROLE regress_monitor;
CREATE ROLE "regress ""quoted"" role";
SELECT jwt_auth.grant_verifier('regress_verifier'), jwt_auth.grant_issuer('regress_issuer');
SELECT jwt_auth.grant_verifier('"regress ""quoted"" role"'), jwt_auth.grant_monitor('regress_monitor');

\echo == every function is of the kind that it is meant to be: no rows
SELECT function, grantee, coalesce(kind, 'owner') AS meant
FROM jwt_auth.privileges() JOIN pg_proc p ON p.oid = function
LEFT JOIN (SELECT 'public', unnest(ARRAY['base64url_decode', 'base64url_encode', 'current_actor', 'current_claim', 'current_claims', 'current_issuer', 'current_session_id',
                                         'current_user_bigint', 'current_user_id', 'current_user_uuid', 'has_scope', 'jwt_decode_unverified', 'token_user_key', 'user_key'])
           UNION ALL
           SELECT 'verifier', unnest(ARRAY['authenticate', 'introspect', 'jwks', 'jwks_http', 'jwt_try_verify', 'jwt_verify', 'pre_config', 'pre_request',
                                           'proof_nonce', 'request_ip', 'revocations', 'verify_proof', 'verify_token'])
           UNION ALL
           SELECT 'monitor', 'counters'
           UNION ALL
           SELECT 'issuer', unnest(ARRAY['bind_device', 'consume_token', 'create_api_key', 'deny_token', 'device_challenge', 'device_challenge_header', 'device_instructions', 'device_registration_header', 'exchange_api_key', 'forget_user', 'header_string', 'impersonate', 'import_session', 'issue_refresh_session', 'issue_token', 'jwe_decrypt', 'jwe_encrypt', 'jws_sign',
                                         'jws_verify', 'jwt_decrypt', 'jwt_encrypt', 'jwt_sign', 'lock_user', 'reauthenticate_session', 'record_event', 'refresh_bound_session', 'refresh_cookie', 'refresh_session',
                                         'require_refresh', 'revoke', 'revoke_api_key', 'revoke_other_sessions', 'revoke_own_api_key', 'revoke_own_session', 'revoke_refresh_session', 'revoke_refresh_token', 'revoke_user_tokens',
                                         'session_history', 'set_session_claims', 'set_session_metadata', 'set_user_policy', 'unlock_user', 'user_api_keys', 'user_sessions'])) AS meant (kind, name) ON name = proname::text
WHERE grantee <> coalesce(kind, 'owner');

\echo == what each role may call is what its kind says, for every function: no rows
SELECT function, grantee, role
FROM jwt_auth.privileges(),
     (VALUES ('public', '{public}'::text[]), ('regress_verifier', '{public,verifier}'), ('regress_issuer', '{public,verifier,issuer}'), ('regress_monitor', '{public,monitor}'),
             ('regress "quoted" role', '{public,verifier}')) AS roles (role, kinds)
WHERE has_function_privilege(role, function, 'EXECUTE') <> (grantee = ANY (kinds));
SELECT count(*) = (SELECT count(*) FROM pg_proc WHERE pronamespace = 'jwt_auth'::regnamespace) AS every_function FROM jwt_auth.privileges();

\echo == nothing with the rights of its owner: no rows
SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'jwt_auth'::regnamespace AND prosecdef;

\echo == every function is commented, has named arguments and a pinned path unless it is C: no rows
SELECT oid::regprocedure FROM pg_proc
WHERE pronamespace = 'jwt_auth'::regnamespace
  AND (obj_description(oid, 'pg_proc') IS NULL OR (pronargs > 0 AND proargnames IS NULL)
       OR (prolang <> (SELECT oid FROM pg_language WHERE lanname = 'c') AND proconfig IS NULL));

\echo == what can refuse a token is volatile, what reads tables is parallel unsafe, accessors are stable and parallel safe
SELECT proname, provolatile, proparallel FROM pg_proc
WHERE oid = ANY (ARRAY['jwt_auth.authenticate(text, inet, text, boolean, interval, text, text, text, text)', 'jwt_auth.jwt_verify(text)', 'jwt_auth.pre_request()',
  'jwt_auth.pre_config()', 'jwt_auth.jwks()', 'jwt_auth.current_claims()', 'jwt_auth.current_claim(text)', 'jwt_auth.current_user_id()',
  'jwt_auth.current_session_id()', 'jwt_auth.current_issuer()']::regprocedure[]) ORDER BY proname::text;

\echo == no relation is open to anybody: no rows
SELECT oid::regclass, role
FROM pg_class, unnest(ARRAY['public', 'regress_verifier', 'regress_issuer']) AS role
WHERE relnamespace = 'jwt_auth'::regnamespace
  AND CASE relkind WHEN 'S' THEN has_sequence_privilege(role, oid, 'USAGE, SELECT, UPDATE')
                   WHEN 'i' THEN false
                   ELSE has_table_privilege(role, oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
                        OR has_any_column_privilege(role, oid, 'SELECT, INSERT, UPDATE, REFERENCES') END;
SELECT role, has_schema_privilege(role, 'jwt_auth', 'USAGE') AS usage, has_schema_privilege(role, 'jwt_auth', 'CREATE') AS create
FROM unnest(ARRAY['public', 'regress_verifier', 'regress_issuer']) AS role;

\echo == who watches reads these views and nothing else, and nothing in them is about a person
SELECT oid::regclass, has_table_privilege('regress_monitor', oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER') AS more
FROM pg_class WHERE relnamespace = 'jwt_auth'::regnamespace AND relkind IN ('r', 'v', 'S')
  AND CASE relkind WHEN 'S' THEN has_sequence_privilege('regress_monitor', oid, 'USAGE, SELECT, UPDATE')
                   ELSE has_table_privilege('regress_monitor', oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
                        OR has_any_column_privilege('regress_monitor', oid, 'SELECT, INSERT, UPDATE, REFERENCES') END
ORDER BY oid::regclass::text;
SET ROLE regress_monitor;
SELECT count(*) > 0 AS stats FROM jwt_auth.stats;
SELECT count(*) AS checks FROM jwt_auth.checks;
SELECT count(*) > 0 AS tables, bool_or("table" = 'refresh_session') AS sessions FROM jwt_auth.table_health;
SELECT count(*) AS keys FROM jwt_auth.key_ages;
SELECT count(*) FROM jwt_auth.signing_keys;
SELECT count(*) FROM jwt_auth.live_sessions;
SELECT count(*) FROM jwt_auth.auth_event;
SELECT * FROM jwt_auth.doctor();
SELECT jwt_auth.jwks();
RESET ROLE;
-- The doctor finds nothing wrong with it.
SELECT severity, finding FROM jwt_auth.doctor() WHERE finding LIKE '%regress_monitor%';

\echo == only the owner grants
SET ROLE regress_issuer;
SELECT jwt_auth.grant_monitor('regress_issuer');
SELECT jwt_auth.grant_verifier('regress_verifier');
SELECT jwt_auth.grant_issuer('regress_issuer');
RESET ROLE;
SELECT jwt_auth.grant_verifier(NULL);
SELECT jwt_auth.grant_issuer('-');
SELECT jwt_auth.grant_issuer('regress_nobody');
SELECT jwt_auth.grant_monitor(NULL);
SELECT jwt_auth.grant_monitor('-');

\echo == a role that lacks a grant is told which one, where the library is loaded: every function that one of them gives, and some that none does
LOAD 'jwt_auth';
CREATE ROLE regress_without;
CREATE FUNCTION pg_temp.call(function oid) RETURNS text LANGUAGE sql AS $$
  SELECT format('SELECT FROM %s(%s)', function::regproc, string_agg('NULL::' || type::regtype, ', ' ORDER BY number))
  FROM (SELECT type, number FROM pg_proc, unnest(proargtypes) WITH ORDINALITY AS t(type, number) WHERE oid = function) AS argument
$$;
\set VERBOSITY default
SELECT call FROM (
  SELECT 0 AS number, '' AS name, 'SET ROLE regress_without' AS call
  UNION ALL
  SELECT 1, min(grantee) || proname, pg_temp.call(min(oid)) FROM jwt_auth.privileges() JOIN pg_proc ON oid = function
  WHERE grantee IN ('verifier', 'issuer', 'monitor') AND NOT proisstrict GROUP BY proname
  UNION ALL
  SELECT 2, proname, pg_temp.call(oid) FROM pg_proc WHERE oid IN ('jwt_auth.revoke_all_tokens'::regproc, 'jwt_auth.doctor'::regproc)
  UNION ALL
  SELECT 3, '', 'RESET ROLE') AS calls ORDER BY number, name \gexec
-- One of another schema has no hint of ours.
CREATE FUNCTION pg_temp.refuse() RETURNS void LANGUAGE sql AS '';
REVOKE ALL ON FUNCTION pg_temp.refuse() FROM PUBLIC;
SET ROLE regress_without;
SELECT pg_temp.refuse();
SELECT count(*) FROM jwt_auth.signing_key;
RESET ROLE;
\set VERBOSITY sqlstate
DROP ROLE regress_without;

\echo == the functions work with nothing but EXECUTE
DELETE FROM jwt_auth.signing_key;
SELECT jwt_auth.create_signing_key('ES256') IS NOT NULL AS made;
SET ROLE regress_issuer;
SELECT jwt_auth.jwt_sign('{"sub": "alice"}') AS alice \gset
RESET ROLE;
SET ROLE regress_verifier;
SELECT jwt_auth.jwt_sign('{"sub": "alice"}');
BEGIN;
SELECT jwt_auth.authenticate(:'alice') ->> 'sub' AS sub, jsonb_array_length(jwt_auth.jwks() -> 'keys') AS keys;
SELECT current_user, current_setting('search_path') AS search_path, jwt_auth.current_user_id();
COMMIT;
SELECT count(*) FROM jwt_auth.signing_key;
RESET ROLE;

DELETE FROM jwt_auth.signing_key;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA jwt_auth FROM regress_verifier, regress_issuer, regress_monitor, "regress ""quoted"" role";
REVOKE ALL ON ALL TABLES IN SCHEMA jwt_auth FROM regress_monitor;
DROP ROLE regress_verifier, regress_issuer, regress_monitor, "regress ""quoted"" role";
