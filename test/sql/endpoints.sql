-- introspect and revoke as RFC 7662 and RFC 7009 have them, and jwks_http: for every kind of token, and for everything that is none.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
DELETE FROM jwt_auth.auth_event;
DELETE FROM jwt_auth.signing_key;
SELECT jwt_auth.create_signing_key('ES256') IS NOT NULL AS made;
SET jwt_auth.issuer = 'https://auth.example';

\echo == an access token of a session
SELECT * FROM jwt_auth.issue_refresh_session('alice', claims => '{"role": "member", "active": "no", "token_type": "none"}') \gset alice_
SELECT i -> 'active' AS active, i ->> 'token_type' AS token_type, i ->> 'sub' AS sub, i ->> 'role' AS role, i ->> 'iss' AS iss, i ->> 'sid' = :'alice_session_id' AS sid,
       i ?& '{exp,iat,jti,auth_time}' AS others
FROM jwt_auth.introspect(:'alice_access_token') i;
SELECT DISTINCT i ->> 'sub' AS whatever_the_hint FROM unnest(ARRAY['access_token', 'refresh_token', 'saml', '', NULL]) hint, jwt_auth.introspect(:'alice_access_token', hint) i;
\echo == a refresh token, which no resource may accept
SELECT i - 'iat' - 'exp' - 'sid' AS answer, i ->> 'sid' = :'alice_session_id' AS sid, to_timestamp((i ->> 'exp')::bigint) = date_trunc('second', :'alice_refresh_expires_at'::timestamptz) AS exp
FROM jwt_auth.introspect(:'alice_refresh_token') i;
\echo == an API key and its access token
SELECT * FROM jwt_auth.create_api_key('alice', 'ci', '{read,write}') \gset key_
SELECT access_token AS key_access FROM jwt_auth.exchange_api_key(:'key_api_key') \gset
SELECT i -> 'active' AS active, i ->> 'token_type' AS token_type, i ->> 'sub' AS sub, i ->> 'scope' AS scope, i ->> 'key_id' = :'key_key_id' AS key_id
FROM unnest(ARRAY[:'key_api_key', :'key_access']) t, jwt_auth.introspect(t) i;
\echo == a token that is bound to a key
SELECT i ->> 'token_type' AS token_type, i -> 'cnf' AS cnf FROM jwt_auth.introspect(jwt_auth.jwt_sign('{"iss": "https://auth.example", "sub": "alice", "cnf": {"jkt": "x"}}')) i;

\echo == what is not good is inactive, and nothing more is said
SELECT * FROM jwt_auth.create_api_key('bob', 'office', allowed_from => '{192.0.2.0/24}') \gset office_
SELECT refresh_token AS next_refresh FROM jwt_auth.refresh_session(:'alice_refresh_token') \gset
SELECT what, jwt_auth.introspect(token) FROM (VALUES
  ('null', NULL), ('empty', ''), ('garbage', 'x'), ('three parts', 'a.b.c'), ('none', 'eyJhbGciOiJub25lIn0.e30.'), ('cut', left(:'alice_access_token', -2)),
  ('of nobody''s key', jwt_auth.jwt_sign('{"sub": "x", "exp": 4102444800}', 'a secret of their own, long enough')),
  ('of another issuer', jwt_auth.jwt_sign('{"iss": "https://other.example", "sub": "x"}')),
  ('expired', jwt_auth.jwt_sign('{"iss": "https://auth.example", "sub": "x", "exp": 1000000000}')),
  ('not yet good', jwt_auth.jwt_sign('{"iss": "https://auth.example", "sub": "x", "nbf": 4102444800}')),
  ('of a session that never was', jwt_auth.jwt_sign('{"iss": "https://auth.example", "sub": "x", "sid": "00000000-0000-8000-8000-000000000000"}')),
  ('five parts', 'a.b.c.d.e'),
  ('a used refresh token', :'alice_refresh_token'), ('a cut refresh token', left(:'next_refresh', -1)), ('no refresh token', 'jwtauth_r1_x'),
  ('a key bound to a network', :'office_api_key'), ('a cut key', left(:'key_api_key', -1)), ('no key', 'jwtauth_k1_x'), ('huge', repeat('x', 3000000))) AS t (what, token);

\echo == revoke: nothing happens for what is no token of ours
SELECT what, jwt_auth.revoke(token) AS answer FROM (VALUES ('null', NULL), ('empty', ''), ('garbage', 'a.b.c'), ('no refresh token', 'jwtauth_r1_x'), ('no key', 'jwtauth_k1_x'),
  ('of nobody''s key', jwt_auth.jwt_sign('{"sub": "x", "exp": 4102444800}', 'a secret of their own, long enough')),
  ('expired', jwt_auth.jwt_sign('{"iss": "https://auth.example", "sub": "x", "exp": 1000000000}')), ('huge', repeat('x', 3000000))) AS t (what, token);
SELECT jwt_auth.introspect(t) -> 'active' AS active FROM unnest(ARRAY[:'alice_access_token', :'next_refresh', :'key_api_key', :'key_access']) t;
\echo == an access token
SELECT jwt_auth.revoke(:'alice_access_token', 'refresh_token'), jwt_auth.revoke(:'alice_access_token');
SELECT jwt_auth.introspect(t) -> 'active' AS active FROM unnest(ARRAY[:'alice_access_token', :'next_refresh', :'key_api_key', :'key_access']) t;
\echo == a refresh token, an old one as well
SELECT jwt_auth.revoke(:'alice_refresh_token');
SELECT jwt_auth.introspect(t) -> 'active' AS active FROM unnest(ARRAY[:'next_refresh', :'key_api_key', :'key_access']) t;
\echo == an API key, from outside its network as well
SELECT jwt_auth.revoke(:'key_api_key'), jwt_auth.revoke(:'key_api_key'), jwt_auth.revoke(:'office_api_key');
SELECT jwt_auth.introspect(t) -> 'active' AS active FROM unnest(ARRAY[:'key_api_key', :'key_access']) t;
SELECT count(*) AS keys FROM jwt_auth.api_key;
SELECT event, count(*) FROM jwt_auth.auth_event WHERE event IN ('token_denied', 'logout', 'api_key_revoked') GROUP BY event ORDER BY event;
\echo == which a read-only transaction can not
BEGIN READ ONLY;
SELECT jwt_auth.introspect('x');
SELECT jwt_auth.revoke(jwt_auth.jwt_sign('{"iss": "https://auth.example", "sub": "alice"}'));
ROLLBACK;

\echo == a refresh token of another system, once it is imported
SELECT jwt_auth.introspect('token of another system');
SELECT jwt_auth.import_session('nora', 'token of another system', now() - interval '1 hour', now() + interval '1 day') IS NOT NULL AS imported;
SELECT i -> 'active' AS active, i ->> 'token_type' AS token_type, i ->> 'sub' AS sub FROM jwt_auth.introspect('token of another system') i;
SELECT status FROM jwt_auth.refresh_session('token of another system');
SELECT jwt_auth.introspect('token of another system');

\echo == a token that is bound to a certificate is presented as any other
SELECT jwt_auth.introspect(jwt_auth.jwt_sign('{"iss": "https://auth.example", "sub": "nora", "cnf": {"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}}')) ->> 'token_type' AS token_type;

\echo == jwks_http
SELECT body::jsonb = jwt_auth.jwks() AS keys, body !~ '[ \n]' AS compact, etag ~ '^"[A-Za-z0-9_-]{43}"$' AS form, max_age FROM jwt_auth.jwks_http();
SELECT etag AS before FROM jwt_auth.jwks_http() \gset
SELECT etag = :'before' AS same FROM jwt_auth.jwks_http();
SELECT jwt_auth.create_signing_key(activate => false) IS NOT NULL AS pending;
SET jwt_auth.jwks_max_age = '1h';
SELECT etag <> :'before' AS other, max_age FROM jwt_auth.jwks_http();
RESET jwt_auth.jwks_max_age;
DELETE FROM jwt_auth.signing_key;
SELECT body, max_age FROM jwt_auth.jwks_http();
RESET jwt_auth.issuer;
DELETE FROM jwt_auth.api_key;
DELETE FROM jwt_auth.api_key_use;
DELETE FROM jwt_auth.account;
DELETE FROM jwt_auth.refresh_session;
DELETE FROM jwt_auth.session_data;
DELETE FROM jwt_auth.denied_token;
DELETE FROM jwt_auth.auth_event;
DELETE FROM jwt_auth.revocation;
