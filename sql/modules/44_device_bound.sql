-- Sessions bound to a browser's key: Device Bound Session Credentials (DBSC, W3C).

CREATE FUNCTION jwt_auth.device_challenge(session_id uuid)
RETURNS text LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_device_challenge';
COMMENT ON FUNCTION jwt_auth.device_challenge(uuid)
  IS 'A challenge for the browser of this session, to register a key or to prove the one it registered; good for ten minutes, and until the next refresh. Nothing is stored. JW010 if there is no such session (any more)';
REVOKE ALL ON FUNCTION jwt_auth.device_challenge(uuid) FROM PUBLIC;

CREATE FUNCTION jwt_auth.bind_device(session_id uuid, proof text)
RETURNS boolean LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_bind_device';
COMMENT ON FUNCTION jwt_auth.bind_device(uuid, text)
  IS 'Binds a session to the key that a browser''s registration (Secure-Session-Response) carries: from now on only refresh_bound_session() refreshes it. False if the proof is wrong, or the session is bound already or has ended';
REVOKE ALL ON FUNCTION jwt_auth.bind_device(uuid, text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.refresh_bound_session(session_id uuid, proof text, ip inet DEFAULT NULL, user_agent text DEFAULT NULL)
RETURNS jwt_auth.token_response LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_refresh_bound_session';
COMMENT ON FUNCTION jwt_auth.refresh_bound_session(uuid, text, inet, text)
  IS 'A browser''s refresh: the proof over device_challenge() is the credential, and the answer has an access token and no refresh token. status proof_required or proof_invalid: answer 403 with a new challenge';
REVOKE ALL ON FUNCTION jwt_auth.refresh_bound_session(uuid, text, inet, text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.header_string(value text)
RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF value ~ '[^\x20-\x7e]' OR length(value) NOT BETWEEN 1 AND 2048 THEN
    RAISE EXCEPTION 'value cannot be written into a header' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'It must be 1 to 2048 printable ASCII characters.';
  END IF;
  RETURN '"' || regexp_replace(value, '(["\\])', '\\\1', 'g') || '"';
END $$;
COMMENT ON FUNCTION jwt_auth.header_string(text) IS 'A string of a structured header (RFC 9651 section 3.3.3); what none can hold is 22023';
REVOKE ALL ON FUNCTION jwt_auth.header_string(text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.device_registration_header(session_id uuid, path text)
RETURNS text LANGUAGE sql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT '(ES256 RS256);path=' || jwt_auth.header_string(path) || ';challenge=' || jwt_auth.header_string(jwt_auth.device_challenge(session_id))
$$;
COMMENT ON FUNCTION jwt_auth.device_registration_header(uuid, text)
  IS 'The value of Secure-Session-Registration that asks the browser to register a key at this path; browsers that know nothing of it ignore it';
REVOKE ALL ON FUNCTION jwt_auth.device_registration_header(uuid, text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.device_challenge_header(session_id uuid)
RETURNS text LANGUAGE sql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT jwt_auth.header_string(jwt_auth.device_challenge(session_id)) || ';id=' || jwt_auth.header_string(session_id::text)
$$;
COMMENT ON FUNCTION jwt_auth.device_challenge_header(uuid)
  IS 'The value of Secure-Session-Challenge: with status 403 it asks for a proof, with another it is kept for the next refresh';
REVOKE ALL ON FUNCTION jwt_auth.device_challenge_header(uuid) FROM PUBLIC;

CREATE FUNCTION jwt_auth.device_instructions(session_id uuid, refresh_url text, cookie_name text,
                                             cookie_attributes text DEFAULT 'Path=/; Secure; HttpOnly; SameSite=Lax',
                                             origin text DEFAULT NULL, include_site boolean DEFAULT false)
RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT jsonb_build_object(
    'session_identifier', session_id, 'refresh_url', refresh_url,
    'scope', jsonb_strip_nulls(jsonb_build_object('origin', origin, 'include_site', include_site)),
    'credentials', jsonb_build_array(jsonb_build_object('type', 'cookie', 'name', cookie_name, 'attributes', cookie_attributes)))
$$;
COMMENT ON FUNCTION jwt_auth.device_instructions(uuid, text, text, text, text, boolean)
  IS 'The JSON that answers a registration: which cookie the browser keeps fresh, with which attributes, and where it refreshes it';
REVOKE ALL ON FUNCTION jwt_auth.device_instructions(uuid, text, text, text, text, boolean) FROM PUBLIC;
