-- Who may call what. Every function is closed to PUBLIC where it is created, but for the identity accessors and pure decoding;
-- a role gets the rest by kind, from the one list below. The last statement of the script enforces this.

CREATE FUNCTION jwt_auth.privileges(OUT function regprocedure, OUT grantee text)
RETURNS SETOF record LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT p.oid::regprocedure, coalesce(kind.grantee, 'owner')
  FROM pg_proc p
  LEFT JOIN (VALUES
    ('base64url_decode', 'public'),
    ('base64url_encode', 'public'),
    ('current_actor', 'public'),
    ('current_claim', 'public'),
    ('current_claims', 'public'),
    ('current_issuer', 'public'),
    ('current_session_id', 'public'),
    ('current_user_bigint', 'public'),
    ('current_user_id', 'public'),
    ('current_user_uuid', 'public'),
    ('token_user_key', 'public'),
    ('user_key', 'public'),
    ('has_scope', 'public'),
    ('jwt_decode_unverified', 'public'),
    ('authenticate', 'verifier'),
    ('introspect', 'verifier'),
    ('jwks', 'verifier'),
    ('jwks_http', 'verifier'),
    ('jwt_try_verify', 'verifier'),
    ('jwt_verify', 'verifier'),
    ('verify_token', 'verifier'),
    ('pre_config', 'verifier'),
    ('pre_request', 'verifier'),
    ('proof_nonce', 'verifier'),
    ('request_ip', 'verifier'),
    ('verify_proof', 'verifier'),
    ('counters', 'monitor'),
    ('bind_device', 'issuer'),
    ('revocations', 'verifier'),
    ('consume_token', 'issuer'),
    ('create_api_key', 'issuer'),
    ('deny_token', 'issuer'),
    ('device_challenge', 'issuer'),
    ('device_challenge_header', 'issuer'),
    ('device_instructions', 'issuer'),
    ('device_registration_header', 'issuer'),
    ('exchange_api_key', 'issuer'),
    ('forget_user', 'issuer'),
    ('header_string', 'issuer'),
    ('impersonate', 'issuer'),
    ('import_session', 'issuer'),
    ('issue_refresh_session', 'issuer'),
    ('issue_token', 'issuer'),
    ('jwe_decrypt', 'issuer'),
    ('jwe_encrypt', 'issuer'),
    ('jws_sign', 'issuer'),
    ('jws_verify', 'issuer'),
    ('jwt_decrypt', 'issuer'),
    ('jwt_encrypt', 'issuer'),
    ('jwt_sign', 'issuer'),
    ('lock_user', 'issuer'),
    ('reauthenticate_session', 'issuer'),
    ('record_event', 'issuer'),
    ('refresh_bound_session', 'issuer'),
    ('refresh_cookie', 'issuer'),
    ('refresh_session', 'issuer'),
    ('require_refresh', 'issuer'),
    ('revoke', 'issuer'),
    ('revoke_api_key', 'issuer'),
    ('revoke_other_sessions', 'issuer'),
    ('revoke_own_api_key', 'issuer'),
    ('revoke_own_session', 'issuer'),
    ('revoke_refresh_session', 'issuer'),
    ('revoke_refresh_token', 'issuer'),
    ('revoke_user_tokens', 'issuer'),
    ('session_history', 'issuer'),
    ('set_session_claims', 'issuer'),
    ('set_session_metadata', 'issuer'),
    ('set_user_policy', 'issuer'),
    ('unlock_user', 'issuer'),
    ('user_api_keys', 'issuer'),
    ('user_sessions', 'issuer')
  ) AS kind (name, grantee) ON kind.name = p.proname::text
  WHERE p.pronamespace = 'jwt_auth'::regnamespace
$$;
COMMENT ON FUNCTION jwt_auth.privileges()
  IS 'Who is meant to call each function: public, verifier (grant_verifier), issuer (grant_issuer, which has the verifier''s as well), monitor (grant_monitor) or owner';
REVOKE ALL ON FUNCTION jwt_auth.privileges() FROM PUBLIC;

-- The owner of an object has every privilege on it. PUBLIC may use the schema and the types, and execute what is public's.
CREATE FUNCTION jwt_auth.privilege_differences(OUT catalog regclass, OUT id oid, OUT object text, OUT grantee oid, OUT privilege text,
                                               OUT granted boolean, OUT remedy text)
RETURNS SETOF record LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  WITH object AS (
    SELECT 'pg_namespace'::regclass AS catalog, oid AS id, 'SCHEMA ' || quote_ident(nspname) AS object, nspowner AS owner,
           coalesce(nspacl, acldefault('n', nspowner)) AS acl, acldefault('n', nspowner) AS initial, 'USAGE' AS public
    FROM pg_namespace WHERE nspname = 'jwt_auth'
    UNION ALL
    SELECT 'pg_class'::regclass, oid, CASE relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || oid::regclass, relowner,
           coalesce(relacl, acldefault(kind, relowner)), acldefault(kind, relowner), NULL
    FROM pg_class, LATERAL (SELECT CASE relkind WHEN 'S' THEN 's'::"char" ELSE 'r'::"char" END AS kind) AS k
    WHERE relnamespace = 'jwt_auth'::regnamespace AND relkind IN ('r', 'p', 'v', 'S')
    UNION ALL
    SELECT 'pg_proc'::regclass, oid, 'ROUTINE ' || oid::regprocedure, proowner,
           coalesce(proacl, acldefault('f', proowner)), acldefault('f', proowner), CASE p.grantee WHEN 'public' THEN 'EXECUTE' END
    FROM jwt_auth.privileges() AS p JOIN pg_proc ON oid = p.function
    UNION ALL
    SELECT 'pg_type'::regclass, oid, 'TYPE ' || oid::regtype, typowner, coalesce(typacl, acldefault('T', typowner)), acldefault('T', typowner), 'USAGE'
    FROM pg_type
    WHERE typnamespace = 'jwt_auth'::regnamespace
      AND (typtype IN ('d', 'e') OR typtype = 'c' AND EXISTS (SELECT FROM pg_class c WHERE c.oid = typrelid AND relkind = 'c'))
  ), own AS (
    SELECT object.* FROM object JOIN pg_depend d ON d.classid = catalog AND d.objid = id AND d.deptype = 'e'
      AND d.refclassid = 'pg_extension'::regclass AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'jwt_auth')
  ), present AS (
    SELECT catalog, id, a.grantee, a.privilege_type FROM own, aclexplode(acl) AS a
  ), meant AS (
    SELECT catalog, id, a.grantee, a.privilege_type FROM own, aclexplode(initial) AS a WHERE a.grantee = owner
    UNION ALL
    SELECT catalog, id, 0, public FROM own WHERE public IS NOT NULL
  ), difference AS (
    SELECT p.*, true AS granted FROM (TABLE present EXCEPT TABLE meant) AS p
    UNION ALL
    SELECT m.*, false FROM (TABLE meant EXCEPT TABLE present) AS m
  )
  SELECT d.catalog, d.id, o.object, d.grantee, d.privilege_type, d.granted,
         format(CASE WHEN d.granted THEN 'REVOKE %s ON %s FROM %s' ELSE 'GRANT %s ON %s TO %s' END, d.privilege_type, o.object,
                CASE d.grantee WHEN 0 THEN 'PUBLIC' ELSE d.grantee::regrole::text END)
  FROM difference AS d JOIN own AS o USING (catalog, id)
  ORDER BY o.object, d.grantee, d.privilege_type
$$;
COMMENT ON FUNCTION jwt_auth.privilege_differences()
  IS 'How the privileges on the extension''s objects differ from those of a fresh installation: granted true for one that somebody has beside, false for one that the owner or PUBLIC lacks; and the statement that mends it. What grant_verifier, grant_issuer and grant_monitor gave is among it';
REVOKE ALL ON FUNCTION jwt_auth.privilege_differences() FROM PUBLIC;

CREATE FUNCTION jwt_auth.grant_functions(role regrole, kinds text[])
RETURNS void LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  function regprocedure;
BEGIN
  IF role IS NULL OR role::oid = 0 THEN
    RAISE EXCEPTION 'role must not be null' USING ERRCODE = 'null_value_not_allowed';
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.oid = role) THEN
    RAISE EXCEPTION 'there is no such role' USING ERRCODE = 'undefined_object';
  END IF;
  FOR function IN SELECT p.function FROM jwt_auth.privileges() p WHERE p.grantee = ANY (kinds) LOOP
    EXECUTE format('GRANT EXECUTE ON %s %s TO %s',
                   (SELECT CASE prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END FROM pg_proc WHERE oid = function),
                   function, role);
  END LOOP;
END $$;
COMMENT ON FUNCTION jwt_auth.grant_functions(regrole, text[]) IS 'What grant_verifier, grant_issuer and grant_monitor share';
REVOKE ALL ON FUNCTION jwt_auth.grant_functions(regrole, text[]) FROM PUBLIC;

CREATE FUNCTION jwt_auth.grant_verifier(role regrole)
RETURNS void LANGUAGE sql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT jwt_auth.grant_functions(role, '{verifier}')
$$;
COMMENT ON FUNCTION jwt_auth.grant_verifier(regrole)
  IS 'Lets a role verify tokens: jwt_verify, jwt_try_verify, verify_token, authenticate, introspect, jwks, jwks_http, revocations, pre_request, pre_config, request_ip, verify_proof, proof_nonce';
REVOKE ALL ON FUNCTION jwt_auth.grant_verifier(regrole) FROM PUBLIC;

CREATE FUNCTION jwt_auth.grant_issuer(role regrole)
RETURNS void LANGUAGE sql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT jwt_auth.grant_functions(role, '{verifier,issuer}')
$$;
COMMENT ON FUNCTION jwt_auth.grant_issuer(regrole)
  IS 'Lets a role issue as well: what grant_verifier gives, jwt_sign, sessions, and ending them for one user, session or token';
REVOKE ALL ON FUNCTION jwt_auth.grant_issuer(regrole) FROM PUBLIC;

CREATE FUNCTION jwt_auth.grant_monitor(role regrole)
RETURNS void LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM jwt_auth.grant_functions(role, '{monitor}');
  EXECUTE format('GRANT SELECT ON jwt_auth.stats, jwt_auth.checks, jwt_auth.key_ages, jwt_auth.table_health TO %s', role);
END $$;
COMMENT ON FUNCTION jwt_auth.grant_monitor(regrole)
  IS 'Lets a role watch: the views stats, checks, key_ages and table_health. Nothing in them is about a person, and nothing is secret';
REVOKE ALL ON FUNCTION jwt_auth.grant_monitor(regrole) FROM PUBLIC;

-- Whatever default privileges the database has: what they gave is taken away, what they took is given back.
DO $$
DECLARE
  statement text;
BEGIN
  FOR statement IN SELECT remedy FROM jwt_auth.privilege_differences() LOOP
    EXECUTE statement;
  END LOOP;
END $$;
