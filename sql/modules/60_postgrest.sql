-- What PostgREST calls (db-pre-request, db-pre-config), and the cookie that carries a refresh token.

CREATE FUNCTION jwt_auth.pre_request()
RETURNS void LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_pre_request';
COMMENT ON FUNCTION jwt_auth.pre_request()
  IS 'For PostgREST''s db-pre-request: authenticates the bearer token in request.headers. Without one nobody is authenticated; a refusal is PT401 with the code JW... as detail, or to PostgREST itself PGRST, of which it makes a 401 with that code, a message and a challenge (jwt_auth.postgrest_errors)';
REVOKE ALL ON FUNCTION jwt_auth.pre_request() FROM PUBLIC;

CREATE FUNCTION jwt_auth.pre_config()
RETURNS void LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_pre_config';
COMMENT ON FUNCTION jwt_auth.pre_config()
  IS 'For PostgREST''s db-pre-config: sets pgrst.jwt_secret to jwks() and the public keys of trusted issuers for this transaction; with jwt_auth.pre_config_hmac_keys also to the HMAC keys of the ring';
REVOKE ALL ON FUNCTION jwt_auth.pre_config() FROM PUBLIC;

CREATE FUNCTION jwt_auth.request_ip()
RETURNS inet LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_request_ip';
COMMENT ON FUNCTION jwt_auth.request_ip()
  IS 'The client''s address in request.headers, as pre_request() reads it: jwt_auth.client_ip_header, jwt_auth.trusted_proxies hops from the right; NULL if there is none';
REVOKE ALL ON FUNCTION jwt_auth.request_ip() FROM PUBLIC;

CREATE FUNCTION jwt_auth.refresh_cookie(refresh_token text, name text DEFAULT 'refresh_token', path text DEFAULT '/',
                                        max_age interval DEFAULT NULL, same_site text DEFAULT 'Strict', domain text DEFAULT NULL,
                                        persistent boolean DEFAULT true, partitioned boolean DEFAULT false)
RETURNS text LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_refresh_cookie';
COMMENT ON FUNCTION jwt_auth.refresh_cookie(text, text, text, interval, text, text, boolean, boolean)
  IS 'The Set-Cookie value that carries the refresh token: HttpOnly and Secure. max_age NULL: as long as its session may live. persistent false: no Max-Age, so until the browser is closed. partitioned: one for each site that embeds the page. refresh_token NULL: forget the cookie; name, path, domain and partitioned must be those that it was set with';
REVOKE ALL ON FUNCTION jwt_auth.refresh_cookie(text, text, text, interval, text, text, boolean, boolean) FROM PUBLIC;
