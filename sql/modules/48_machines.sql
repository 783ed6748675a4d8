-- For machines around the database: services that verify tokens themselves learn of revocations, gateways ask about a token, and
-- keys are published over HTTP.

CREATE TABLE jwt_auth.revocation (
  xact       xid8 NOT NULL,
  id         bigint GENERATED ALWAYS AS IDENTITY,
  until      timestamptz NOT NULL,
  not_before timestamptz,
  version    bigint,
  session_id uuid,
  kind       text NOT NULL,
  user_id    text COLLATE "C",
  token_id   text,
  PRIMARY KEY (xact, id)
);
CREATE INDEX revocation_until ON jwt_auth.revocation (until);
COMMENT ON TABLE jwt_auth.revocation IS 'What revocations() tells: one row for each revocation, kept while a token can be good that it refuses';
COMMENT ON COLUMN jwt_auth.revocation.xact IS 'The transaction that wrote the row: what positions are compared with';
COMMENT ON COLUMN jwt_auth.revocation.until IS 'When every token that the row speaks of has run out';

REVOKE ALL ON jwt_auth.revocation FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('jwt_auth.revocation', '');
SELECT pg_catalog.pg_extension_config_dump('jwt_auth.revocation_id_seq', '');

CREATE FUNCTION jwt_auth.revocations(after bigint DEFAULT NULL)
RETURNS TABLE ("position" bigint, kind text, session_id uuid, user_id text, not_before timestamptz, version bigint, token_id text,
               until timestamptz)
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_revocations';
COMMENT ON FUNCTION jwt_auth.revocations(bigint)
  IS 'For services that verify offline: the revocations since the position `after` (NULL: all that matter now), at least once each. Ask again with the position of any row. kind: session, user, everybody, token, key, refresh_required. 22023 for a position ahead of this server: start anew with NULL';
REVOKE ALL ON FUNCTION jwt_auth.revocations(bigint) FROM PUBLIC;

CREATE FUNCTION jwt_auth.introspect(token text, token_type_hint text DEFAULT NULL)
RETURNS jsonb LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_introspect';
COMMENT ON FUNCTION jwt_auth.introspect(text, text)
  IS 'The answer of a token introspection endpoint (RFC 7662) for an access token, a refresh token or an API key: {"active": false} for anything that is not good. An error says nothing about the token: JW017 on a standby that may not know its session yet, JW018 for a user of another server, JW022 if the key of the token is sealed or cannot be read. token_type is Bearer or DPoP, and refresh_token for a refresh token, which no resource may accept';
REVOKE ALL ON FUNCTION jwt_auth.introspect(text, text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.revoke(token text, token_type_hint text DEFAULT NULL)
RETURNS void LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_revoke';
COMMENT ON FUNCTION jwt_auth.revoke(text, text)
  IS 'What a token revocation endpoint (RFC 7009) does: ends the session of a refresh token, denies an access token, ends an API key. A token that is none of ours or has ended is no error';
REVOKE ALL ON FUNCTION jwt_auth.revoke(text, text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jwks_http(OUT body text, OUT etag text, OUT max_age integer)
RETURNS record LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_jwks_http';
COMMENT ON FUNCTION jwt_auth.jwks_http()
  IS 'jwks() for a route: the body, its ETag and the max-age of Cache-Control (jwt_auth.jwks_max_age)';
REVOKE ALL ON FUNCTION jwt_auth.jwks_http() FROM PUBLIC;
