-- pre_request, pre_config and refresh_cookie one by one; test/fronts replays whole requests.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
DELETE FROM jwt_auth.signing_key;
SELECT jwt_auth.create_signing_key('ES256') AS kid \gset
SELECT jwt_auth.jwt_sign('{"sub": "alice", "role": "regress_web"}') AS alice,
       jwt_auth.jwt_sign('{"sub": "bob", "client_ip": "203.0.113.0/24"}') AS bound,
       jwt_auth.jwt_sign(jsonb_build_object('sub', 'carol', 'client_fp', jwt_auth.base64url_encode(sha256('device 1')))) AS device,
       jwt_auth.jwt_sign('{"sub": "late", "exp": 1000000000}') AS late \gset

-- Who a request with these headers is, or how it is refused: SQLSTATE, and the code in the answer that PostgREST makes of it.
CREATE FUNCTION request(headers text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  why text;
BEGIN
  PERFORM pg_catalog.set_config('request.headers', headers, true);
  PERFORM jwt_auth.pre_request();
  RETURN coalesce(jwt_auth.current_user_id(), '(nobody)');
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS why = PG_EXCEPTION_DETAIL;
  IF SQLSTATE = 'PGRST' THEN why := SQLERRM::json ->> 'code'; END IF;
  RETURN rtrim(SQLSTATE || ' ' || why);
END $$;
CREATE FUNCTION request_of(form text, name text, authorization_header text) RETURNS text LANGUAGE sql AS $$
  SELECT set_config('jwt_auth.postgrest_errors', form, true) || set_config('application_name', name, true) IS NOT NULL;
  SELECT request(jsonb_build_object('authorization', authorization_header)::text)
$$;
CREATE FUNCTION request_by(authorization_header text, VARIADIC more text[] DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
  SELECT request((jsonb_build_object('authorization', authorization_header) || jsonb_object(more))::text)
$$;

\echo == who it is
SELECT request(NULL) AS unset, request('') AS empty, request('{}') AS anonymous, request('{"accept": "*/*"}') AS other_headers;
SELECT scheme, request_by(scheme || :'alice') FROM unnest(ARRAY['Bearer ', 'bearer ', 'BEARER  ', '  Bearer ', 'Basic ', 'Bearer', '', 'Bearers ']) AS scheme;
SELECT header, request_by(header) FROM unnest(ARRAY['', '   ', 'Basic YTpi', 'Bearer', 'Bearer ', 'Bearer a b', 'Bearer a,b', 'Bearer ä', 'Bearer "x"']) AS header;

\echo == refused
SELECT request_by('Bearer ' || :'late') AS expired, request_by('Bearer ' || :'alice' || 'x') AS tampered, request_by('Bearer x.y.z') AS garbage,
       request_by('Bearer ' || repeat('x', 3000000)) AS huge;
SELECT request_by('Bearer ' || jwt_auth.jwt_sign('{"sub": "mallory", "exp": 4102444800}', 'a secret of their own, long enough')) AS foreign_key;
SELECT headers, request(headers) FROM unnest(ARRAY['x', '[]', '7', '"authorization"', 'null', '{"authorization": 7}', '{"authorization": null}',
  '{"authorization": {"Bearer": "x"}}', '{"authorization": "Basic a", "authorization": "Bearer b"}', '{"authorization": "Bearer \u0000"}']) AS headers;

\echo == what PostgREST answers: status, headers and body, all of it from the error where the client is PostgREST
SET application_name = 'PostgREST 16.2';
\set VERBOSITY default
BEGIN;
SELECT set_config('request.headers', jsonb_build_object('authorization', 'Bearer ' || :'late')::text, true) IS NOT NULL AS set;
SELECT jwt_auth.pre_request();
ROLLBACK;
\echo -- an unusable key of the server is no fault of the client
SELECT jwt_auth.import_signing_key('{"kty": "oct", "kid": "spoilt", "alg": "HS256", "k": "c2hhcmVkIHNlY3JldCBvZiB0aGlydHktdHdvIGJ5dGVzIQ"}', false);
UPDATE jwt_auth.signing_key SET state = 'verify_only' WHERE kid = 'spoilt';
SELECT jwt_auth.jwt_sign('{"sub": "alice", "exp": 4102444800}', '{"kty": "oct", "kid": "spoilt", "k": "c2hhcmVkIHNlY3JldCBvZiB0aGlydHktdHdvIGJ5dGVzIQ"}') AS spoilt \gset
SELECT request_by('Bearer ' || :'spoilt');
UPDATE jwt_auth.signing_key SET private_jwk = 'spoilt' WHERE kid = 'spoilt';
BEGIN;
SELECT set_config('request.headers', jsonb_build_object('authorization', 'Bearer ' || :'spoilt')::text, true) IS NOT NULL AS set;
SELECT jwt_auth.pre_request();
ROLLBACK;
\echo -- and as the setting says, whoever it is
SELECT form, name, request_of(form, name, 'Bearer ' || :'late') FROM (VALUES ('auto', 'PostgREST 12.2.12'), ('auto', 'psql'), ('auto', 'postgrest'), ('pt', 'PostgREST 16.2'), ('pgrst', '')) AS v (form, name);
RESET application_name;
DELETE FROM jwt_auth.signing_key WHERE kid = 'spoilt';
\set VERBOSITY sqlstate

\echo == forged claims are not believed: they must be those of the token that the headers show
CREATE FUNCTION request_with(claims text, token text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_catalog.set_config('request.jwt.claims', claims, true);
  RETURN request(CASE WHEN token IS NULL THEN '{}' ELSE jsonb_build_object('authorization', 'Bearer ' || token)::text END);
END $$;
SELECT jwt_auth.jwt_verify(:'alice') AS hers, jwt_auth.jwt_verify(:'bound') AS his \gset
SELECT claims, request_with(claims, NULL) AS without_token, request_with(claims, :'alice') AS with_token
FROM unnest(ARRAY['', '{}', '{"role": "anon"}', '{"sub": "alice"}', '{"sub": "alice", "role": "postgres"}', '{"exp": 4102444800}', '[]', '7', 'x']) AS claims;
SELECT request_with(:'hers', :'alice') AS same, request_with((:'hers'::jsonb || '{"role": "other", "aud": ["x"]}')::text, :'alice') AS rewritten,
       request_with(regexp_replace(:'hers', '"exp": (\d+)', '"exp": \1.0'), :'alice') AS same_time,
       request_with(:'his', :'alice') AS of_another, request_with(:'hers', NULL) AS without_token;
SELECT name, request_with((:'hers'::jsonb - name)::text, :'alice') AS absent,
       request_with((:'hers'::jsonb || jsonb_build_object(name, wrong))::text, :'alice') AS other
FROM (VALUES ('iss', '"x"'::jsonb), ('sub', '"bob"'), ('sub', 'true'), ('sub', '["alice"]'), ('jti', '"x"'), ('sid', '"x"'), ('iat', '7'), ('exp', '4102444800'), ('exp', 'null')) AS t (name, wrong);
BEGIN;
SELECT set_config('request.jwt.claim.sub', 'alice', true) IS NOT NULL AS forged_the_old_way;
SELECT request('{}');
SELECT request_by('Bearer ' || :'bound', 'x-forwarded-for', '203.0.113.9');
SELECT request('{}');
COMMIT;
DROP FUNCTION request_with;

\echo == a READ ONLY transaction
BEGIN READ ONLY;
SELECT request_by('Bearer ' || :'alice');
COMMIT;

\echo == the address
SELECT header, request_by('Bearer ' || :'bound', 'x-forwarded-for', header) FROM unnest(ARRAY['203.0.113.9', ' 203.0.113.9 ', '203.0.113.9:5000', '::ffff:203.0.113.9',
  '[::ffff:203.0.113.9]:80', '198.51.100.1, 203.0.113.9', '203.0.113.9, 198.51.100.1', '198.51.100.1', '', ',', '203.0.113.9,', 'unknown', '203.0.113.9:', '203.0.113.9:99999',
  '203.0.113.9/24', '203.0.113', '[203.0.113.9]', '203.0.113.9 198.51.100.1', '203.0.113.9;', E'203.0.113.9\n']) AS header;
SELECT request_by('Bearer ' || :'bound') AS absent, request_by('Bearer ' || :'bound', 'X-Forwarded-For', '203.0.113.9') AS not_lower_case;
SELECT request('{"authorization": "Bearer ' || :'bound' || '", "x-forwarded-for": ["203.0.113.9"]}') AS no_string;
SET jwt_auth.trusted_proxies = 2;
SELECT header, request_by('Bearer ' || :'bound', 'x-forwarded-for', header) FROM unnest(ARRAY['203.0.113.9', '203.0.113.9, 10.0.0.1', '203.0.113.9, 198.51.100.1, 10.0.0.1']) AS header;
RESET jwt_auth.trusted_proxies;
SET jwt_auth.client_ip_header = 'X-Real-IP';
SELECT request_by('Bearer ' || :'bound', 'x-real-ip', '203.0.113.9') AS real_ip, request_by('Bearer ' || :'bound', 'x-forwarded-for', '203.0.113.9') AS forwarded;
RESET jwt_auth.client_ip_header;
\echo == request_ip reads the same
CREATE FUNCTION ip_of(headers text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_catalog.set_config('request.headers', headers, true);
  RETURN jwt_auth.request_ip();
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE;
END $$;
SELECT headers, ip_of(headers)
FROM unnest(ARRAY['{"x-forwarded-for": "198.51.100.1, 203.0.113.9"}', '{"x-forwarded-for": "[2001:db8::1]:443"}', '{"x-forwarded-for": "::ffff:192.0.2.1"}',
                  '{"x-forwarded-for": "unknown"}', '{"x-forwarded-for": 7}', '{}', '', NULL, 'x']) AS headers;
DROP FUNCTION ip_of;

\echo == under an enforcing policy an address is asked of all who bring a token
SELECT policy, set_config('jwt_auth.ip_binding', policy, false) IS NOT NULL AS set, request_by('Bearer ' || :'alice') AS absent,
       request_by('Bearer ' || :'alice', 'x-forwarded-for', 'unknown') AS unreadable,
       request_by('Bearer ' || :'alice', 'x-forwarded-for', '198.51.100.1') AS there, request('{}') AS anonymous
FROM unnest(ARRAY['log', 'subnet', 'exact', 'off']) AS policy;

\echo == the fingerprint
SELECT request_by('Bearer ' || :'device') AS no_header_named, request_by('Bearer ' || :'device', 'x-device', 'device 1') AS not_named_yet;
SET jwt_auth.fingerprint_header = 'X-Device';
SELECT request_by('Bearer ' || :'device', 'x-device', 'device 1') AS same, request_by('Bearer ' || :'device', 'x-device', 'device 2') AS other,
       request_by('Bearer ' || :'device') AS absent;
RESET jwt_auth.fingerprint_header;

\echo == hostile names in the search path
CREATE SCHEMA hostile_schema;
CREATE FUNCTION hostile_schema.set_config(text, text, boolean) RETURNS text LANGUAGE sql AS $$ SELECT 'mallory' $$;
CREATE FUNCTION hostile_schema.jsonb_agg(jsonb) RETURNS jsonb LANGUAGE sql AS $$ SELECT '[]'::jsonb $$;
CREATE TEMP TABLE signing_key (kid text, algorithm text, state text, public_jwk jsonb, private_jwk text, created_at timestamptz);
BEGIN;
SET LOCAL search_path = hostile_schema, pg_temp, public, pg_catalog, jwt_auth;
SELECT request_by('Bearer ' || :'alice');
SELECT jwt_auth.pre_config();
SELECT current_setting('pgrst.jwt_secret')::jsonb -> 'keys' -> 0 ->> 'kid' = :'kid' AS published;
COMMIT;
SET client_min_messages = warning;
DROP SCHEMA hostile_schema CASCADE;
DROP TABLE pg_temp.signing_key;
RESET client_min_messages;

\echo == pre_config
SELECT current_setting('pgrst.jwt_secret', true) = '' AS nothing_left;
BEGIN READ ONLY;
SELECT jwt_auth.pre_config();
SELECT current_setting('pgrst.jwt_secret')::jsonb = jwt_auth.jwks() AS published;
SELECT current_setting('pgrst.jwt_secret')::jsonb -> 'keys' -> 0 ->> 'kid' = :'kid' AS kid_of_tokens,
       current_setting('pgrst.jwt_secret')::jsonb -> 'keys' -> 0 ? 'd' AS private;
COMMIT;
\echo -- keys that a PostgREST does not know are kept from it, for one of them makes the whole set an HMAC secret to it
BEGIN;
SELECT jwt_auth.trust_issuer('idp', jsonb_build_object('keys', jsonb_agg(CASE kid WHEN 'edwards' THEN jwk || '{"alg": "Ed25519"}' WHEN 'padded' THEN jwk || '{"alg": "PS256"}' ELSE jwk - 'alg' END)))
FROM (VALUES ('ES256K', 'koblitz'), ('EdDSA', 'edwards'), ('ES256', 'plain'), ('PS256', 'padded')) AS t (alg, kid), LATERAL (SELECT jwt_auth.jwk_public(jwt_auth.jwk_generate(alg, kid => kid)) AS jwk) AS made;
SELECT jwt_auth.import_signing_key((jwt_auth.jwk_generate('ES256K', kid => 'ours'))::text, false);
SELECT jwt_auth.pre_config();
SELECT key ->> 'kid' = :'kid' AS active, nullif(key ->> 'kid', :'kid') AS kid, key ->> 'alg' AS alg, key - '{kid,alg,n,x,y}'::text[] AS members
FROM jsonb_array_elements(current_setting('pgrst.jwt_secret')::jsonb -> 'keys') AS key ORDER BY kid NULLS FIRST;
ROLLBACK;
\set VERBOSITY default
DELETE FROM jwt_auth.signing_key;
BEGIN;
SELECT jwt_auth.pre_config();
SELECT coalesce(current_setting('pgrst.jwt_secret', true), '') AS jwt_secret;
COMMIT;
SELECT jwt_auth.create_signing_key('HS256') IS NOT NULL AS made;
BEGIN;
SELECT jwt_auth.pre_config();
SELECT coalesce(current_setting('pgrst.jwt_secret', true), '') AS jwt_secret;
COMMIT;
\set VERBOSITY sqlstate

\echo == refresh_cookie
CREATE FUNCTION cookie(VARIADIC arguments text[]) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN jwt_auth.refresh_cookie(arguments[1], arguments[2], arguments[3], arguments[4]::interval, arguments[5], arguments[6]);
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE;
END $$;
SELECT jwt_auth.refresh_cookie('jwtauth_r1_abc-_', max_age => '14 days');
SELECT jwt_auth.refresh_cookie('abc', 'session', '/auth/refresh', '1.9 seconds', 'lax', 'example.org');
SELECT jwt_auth.refresh_cookie(NULL);
SELECT s.status, c LIKE 'refresh\_token=jwtauth\_r1\_%; Path=/; Max-Age=%; HttpOnly; Secure; SameSite=Strict' AS form,
       substring(c FROM 'Max-Age=(\d+)')::integer BETWEEN 14 * 86400 - 5 AND 14 * 86400 AS as_long_as_the_session
FROM jwt_auth.issue_refresh_session('alice') AS s, jwt_auth.refresh_cookie(s.refresh_token) AS c;
SET jwt_auth.session_max_age = '1h';
SELECT substring(jwt_auth.refresh_cookie(refresh_token) FROM 'Max-Age=(\d+)')::integer BETWEEN 3595 AND 3600 AS not_beyond_its_end, refresh_token
FROM jwt_auth.issue_refresh_session('bob') \gset
RESET jwt_auth.session_max_age;
SELECT :'not_beyond_its_end' AS not_beyond_its_end, jwt_auth.revoke_refresh_token(:'refresh_token') AS logged_out;
SELECT cookie(:'refresh_token', 'n', '/', NULL, 'Strict', NULL) AS ended, cookie('abc', 'n', '/', NULL, 'Strict', NULL) AS not_ours,
       cookie('jwtauth_r1_', 'n', '/', NULL, 'Strict', NULL) AS cut;
SELECT jwt_auth.refresh_cookie(NULL, 'session', '/auth', '1 day', 'NONE', 'example.org');
SELECT jwt_auth.refresh_cookie('abc', '__Host-refresh', max_age => '1 min');
SELECT jwt_auth.refresh_cookie('abc', '__Host-refresh', '/auth', max_age => '1 min');
SELECT jwt_auth.refresh_cookie('abc', '__Host-refresh', domain => 'example.org', max_age => '1 min');
SELECT jwt_auth.refresh_cookie('abc', '__Secure-refresh', '/auth', '1 min', domain => 'example.org');
SELECT jwt_auth.refresh_cookie('abc', persistent => false);
SELECT jwt_auth.refresh_cookie('abc', max_age => '1 min', persistent => false);
SELECT jwt_auth.refresh_cookie(NULL, persistent => false);
SELECT jwt_auth.refresh_cookie('abc', '__Host-refresh', max_age => '1 min', same_site => 'None', partitioned => true);
SELECT jwt_auth.refresh_cookie(NULL, '__Host-refresh', same_site => 'None', partitioned => true);
SELECT jwt_auth.refresh_cookie('abc', persistent => NULL);
SELECT jwt_auth.refresh_cookie('abc', partitioned => NULL);
SELECT bad, cookie(bad, 'n', '/', '1 min', 'Strict', NULL) AS token, cookie('t', bad, '/', '1 min', 'Strict', NULL) AS name,
       cookie('t', 'n', '/' || bad, '1 min', 'Strict', NULL) AS path, cookie('t', 'n', '/', '1 min', 'Strict' || bad, NULL) AS same_site,
       cookie('t', 'n', '/', '1 min', 'Strict', bad) AS domain
FROM unnest(ARRAY[E'a\r\nSet-Cookie: x=y', E'a\nb', E'a\rb', 'a;b', 'a,b', 'a b', 'a"b', E'a\tb', E'a\x01b', E'a\x7fb', 'a''b', E'a\\b', 'ä', '; Secure']) AS bad;
SELECT cookie('', 'n', '/', '1 min', 'Strict', NULL) AS no_token, cookie('t', '', '/', '1 min', 'Strict', NULL) AS no_name, cookie('t', 'n=m', '/', '1 min', 'Strict', NULL) AS equals_in_name,
       cookie('t', 'n', '', '1 min', 'Strict', NULL) AS no_path, cookie('t', 'n', 'auth', '1 min', 'Strict', NULL) AS relative_path, cookie('t', 'n', '/', '-1 s', 'Strict', NULL) AS negative,
       cookie('t', 'n', '/', '1 min', 'maybe', NULL) AS same_site, cookie('t', 'n', '/', '1 min', '', NULL) AS no_same_site, cookie('t', 'n', '/', '1 min', 'Strict', '') AS no_domain,
       cookie('t', '__Host-n', '/auth', '1 min', 'Strict', NULL) AS host_path, cookie('t', '__host-n', '/', '1 min', 'Strict', 'example.org') AS host_domain,
       cookie('t', NULL, '/', '1 min', 'Strict', NULL) AS null_name, cookie('t', 'n', NULL, '1 min', 'Strict', NULL) AS null_path, cookie('t', 'n', '/', '1 min', NULL, NULL) AS null_same_site;

DROP FUNCTION request, request_of, request_by, cookie;
TRUNCATE jwt_auth.account, jwt_auth.refresh_session, jwt_auth.session_data, jwt_auth.auth_event;
DELETE FROM jwt_auth.signing_key;
