-- Who the transaction acts for. authenticate() decides it; the accessors are for policies, defaults and queries of any role.

CREATE FUNCTION jwt_auth.authenticate(token text, ip inet DEFAULT NULL, fingerprint text DEFAULT NULL,
                                      set_role boolean DEFAULT false, max_age interval DEFAULT NULL, acr text DEFAULT NULL,
                                      proof text DEFAULT NULL, proof_method text DEFAULT NULL, proof_url text DEFAULT NULL)
RETURNS jsonb LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_authenticate';
COMMENT ON FUNCTION jwt_auth.authenticate(text, inet, text, boolean, interval, text, text, text, text)
  IS 'Verifies a token as jwt_verify(token) does, checks what it is bound to, and makes its claims the identity of the transaction. set_role: also SET LOCAL ROLE to its role claim. max_age: refuse if the user logged in longer ago. acr: refuse a token that does not say this. proof: of the key that the token is bound to';
REVOKE ALL ON FUNCTION jwt_auth.authenticate(text, inet, text, boolean, interval, text, text, text, text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.current_claims()
RETURNS jsonb LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_current_claims';
COMMENT ON FUNCTION jwt_auth.current_claims()
  IS 'The claims of the authenticated token; NULL if nobody is authenticated, JW003 if the token has expired since';

CREATE FUNCTION jwt_auth.current_claim(name text)
RETURNS text LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_current_claim';
COMMENT ON FUNCTION jwt_auth.current_claim(text)
  IS 'One claim of the authenticated token as text; NULL if it has none or nobody is authenticated';

CREATE FUNCTION jwt_auth.current_user_id()
RETURNS text LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_current_user_id';
COMMENT ON FUNCTION jwt_auth.current_user_id()
  IS 'The user (sub) of the authenticated token: for USING (owner = jwt_auth.current_user_id()); NULL if nobody is authenticated, and for a token of an issuer whose subjects are foreign';

CREATE FUNCTION jwt_auth.current_session_id()
RETURNS uuid LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_current_session_id';
COMMENT ON FUNCTION jwt_auth.current_session_id()
  IS 'The session (sid) of the authenticated token; NULL if it belongs to none or nobody is authenticated';

CREATE FUNCTION jwt_auth.current_issuer()
RETURNS text LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_current_issuer';
COMMENT ON FUNCTION jwt_auth.current_issuer()
  IS 'The issuer (iss) of the authenticated token, ours or a trusted one; NULL if it names none or nobody is authenticated';

CREATE FUNCTION jwt_auth.current_user_uuid()
RETURNS uuid LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_current_user_uuid';
COMMENT ON FUNCTION jwt_auth.current_user_uuid()
  IS 'current_user_id() where user ids are uuids, so that an index on a uuid column serves. 22P02 for an id that is not the text of a uuid';

CREATE FUNCTION jwt_auth.current_user_bigint()
RETURNS bigint LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_current_user_bigint';
COMMENT ON FUNCTION jwt_auth.current_user_bigint()
  IS 'current_user_id() where user ids are numbers, so that an index on a bigint column serves. 22P02 for an id that is not the text of a bigint';

CREATE FUNCTION jwt_auth.current_actor()
RETURNS text LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_current_actor';
COMMENT ON FUNCTION jwt_auth.current_actor()
  IS 'Who acts for the user of the authenticated token (act.sub of impersonate()); NULL if the user acts, or nobody is authenticated';
