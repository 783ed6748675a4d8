-- Who may call what. Every function is closed to PUBLIC where it is created, but for the identity accessors and pure decoding;
-- a role gets the rest by kind, from the one list below.

GRANT USAGE ON SCHEMA jwt_auth TO PUBLIC;

CREATE FUNCTION jwt_auth.privileges(OUT function regprocedure, OUT grantee text)
RETURNS SETOF record LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT p.oid::regprocedure, coalesce(kind.grantee, 'owner')
  FROM pg_proc p
  LEFT JOIN (VALUES
    ('base64url_decode', 'public'),
    ('base64url_encode', 'public'),
    ('current_claim', 'public'),
    ('current_claims', 'public'),
    ('current_session_id', 'public'),
    ('current_user_id', 'public'),
    ('has_scope', 'public'),
    ('jwt_decode_unverified', 'public'),
    ('private_jwk_in_transit', 'public'),
    ('authenticate', 'verifier'),
    ('jwks', 'verifier'),
    ('jwt_try_verify', 'verifier'),
    ('jwt_verify', 'verifier'),
    ('pre_config', 'verifier'),
    ('pre_request', 'verifier'),
    ('proof_nonce', 'verifier'),
    ('request_ip', 'verifier'),
    ('verify_proof', 'verifier'),
    ('consume_token', 'issuer'),
    ('create_api_key', 'issuer'),
    ('deny_token', 'issuer'),
    ('exchange_api_key', 'issuer'),
    ('issue_refresh_session', 'issuer'),
    ('jwe_decrypt', 'issuer'),
    ('jwe_encrypt', 'issuer'),
    ('jws_sign', 'issuer'),
    ('jws_verify', 'issuer'),
    ('jwt_decrypt', 'issuer'),
    ('jwt_encrypt', 'issuer'),
    ('jwt_sign', 'issuer'),
    ('refresh_cookie', 'issuer'),
    ('refresh_session', 'issuer'),
    ('revoke_api_key', 'issuer'),
    ('revoke_other_sessions', 'issuer'),
    ('revoke_own_api_key', 'issuer'),
    ('revoke_refresh_session', 'issuer'),
    ('revoke_refresh_token', 'issuer'),
    ('revoke_user_tokens', 'issuer'),
    ('set_user_policy', 'issuer'),
    ('user_api_keys', 'issuer'),
    ('user_sessions', 'issuer')
  ) AS kind (name, grantee) ON kind.name = p.proname::text
  WHERE p.pronamespace = 'jwt_auth'::regnamespace
$$;
COMMENT ON FUNCTION jwt_auth.privileges()
  IS 'Who is meant to call each function: public, verifier (grant_verifier), issuer (grant_issuer, which has the verifier''s as well) or owner';
REVOKE ALL ON FUNCTION jwt_auth.privileges() FROM PUBLIC;

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
COMMENT ON FUNCTION jwt_auth.grant_functions(regrole, text[]) IS 'What grant_verifier and grant_issuer share';
REVOKE ALL ON FUNCTION jwt_auth.grant_functions(regrole, text[]) FROM PUBLIC;

CREATE FUNCTION jwt_auth.grant_verifier(role regrole)
RETURNS void LANGUAGE sql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT jwt_auth.grant_functions(role, '{verifier}')
$$;
COMMENT ON FUNCTION jwt_auth.grant_verifier(regrole)
  IS 'Lets a role verify tokens: jwt_verify, jwt_try_verify, authenticate, jwks, pre_request, pre_config, request_ip, verify_proof, proof_nonce';
REVOKE ALL ON FUNCTION jwt_auth.grant_verifier(regrole) FROM PUBLIC;

CREATE FUNCTION jwt_auth.grant_issuer(role regrole)
RETURNS void LANGUAGE sql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT jwt_auth.grant_functions(role, '{verifier,issuer}')
$$;
COMMENT ON FUNCTION jwt_auth.grant_issuer(regrole)
  IS 'Lets a role issue as well: what grant_verifier gives, jwt_sign, sessions, and ending them for one user, session or token';
REVOKE ALL ON FUNCTION jwt_auth.grant_issuer(regrole) FROM PUBLIC;
