-- Tokens that no library would write, rightly signed with the ring's key or with that of a trusted issuer, at every function that takes a
-- token: each is refused for its reason, whatever its kind. What is signed with an explicit key is in 001_bad_input.pl.
\set ECHO none
\getenv srcdir PG_ABS_SRCDIR
\set support :srcdir '/support/outcome.sql'
\i :support
SET client_min_messages = error;
SET jwt_auth.issuer = '';
SET jwt_auth.audience = '';
TRUNCATE jwt_auth.signing_key, jwt_auth.trusted_issuer, jwt_auth.denied_token, jwt_auth.auth_event;
-- HMAC-SHA256 needs nothing but sha256() where each byte of the secret is the same: ours are 0, the issuer's are 1.
CREATE TEMP TABLE signer AS SELECT * FROM (VALUES
  ('ours', decode(repeat('00', 64), 'hex'), decode(repeat('36', 64), 'hex'), decode(repeat('5c', 64), 'hex')),
  ('them', decode(repeat('01', 64), 'hex'), decode(repeat('37', 64), 'hex'), decode(repeat('5d', 64), 'hex'))) AS t (name, secret, inner_pad, outer_pad);
CREATE FUNCTION pg_temp.signed(who text, header bytea, payload bytea) RETURNS text LANGUAGE sql AS $$
  SELECT input || '.' || jwt_auth.base64url_encode(sha256(outer_pad || sha256(inner_pad || input::bytea)))
  FROM signer, concat(jwt_auth.base64url_encode(header), '.', jwt_auth.base64url_encode(payload)) AS input WHERE name = who
$$;
SELECT jwt_auth.import_signing_secret(secret) IS NOT NULL FROM signer WHERE name = 'ours';
SELECT jwt_auth.trust_issuer('them', jsonb_build_object('kty', 'oct', 'alg', 'HS256', 'k', jwt_auth.base64url_encode(secret))) FROM signer WHERE name = 'them';

CREATE FUNCTION pg_temp.verdict(statement text) RETURNS text LANGUAGE sql AS $$ SELECT coalesce(pg_temp.outcome(statement), 'ok') $$;
CREATE FUNCTION pg_temp.request(token text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('request.headers', jsonb_build_object('authorization', 'Bearer ' || token)::text, true), jwt_auth.pre_request();
  RETURN NULL;
END $$;
-- The functions, the type that each expects, and whether a trusted issuer's tokens are tried there.
CREATE TEMP TABLE token_use (place serial, name text, typ text, theirs boolean, statement text);
INSERT INTO token_use (name, typ, theirs, statement) VALUES
  ('jwt_verify', 'at+jwt', true, 'SELECT NULL::text FROM jwt_auth.jwt_verify(%1$L)'),
  ('jwt_try_verify', 'at+jwt', true, 'SELECT error_code FROM jwt_auth.jwt_try_verify(%1$L)'),
  ('authenticate', 'at+jwt', true, 'SELECT NULL::text FROM jwt_auth.authenticate(%1$L)'),
  ('deny_token', 'at+jwt', true, 'SELECT NULL::text FROM jwt_auth.deny_token(%1$L)'),
  ('pre_request', 'at+jwt', true, 'SELECT pg_temp.request(%1$L)'),
  ('introspect', 'at+jwt', true, 'SELECT CASE WHEN (jwt_auth.introspect(%1$L) ->> ''active'')::boolean THEN ''ok'' ELSE ''not active'' END'),
  ('refresh_session', 'at+jwt', false, 'SELECT status FROM jwt_auth.refresh_session(%1$L)'),
  ('exchange_api_key', 'at+jwt', false, 'SELECT status FROM jwt_auth.exchange_api_key(%1$L)'),
  ('revoke', 'at+jwt', true, 'SELECT ''void'' FROM jwt_auth.revoke(%1$L)'),
  ('verify_token', 'mail+jwt', false, 'SELECT NULL::text FROM jwt_auth.verify_token(%1$L, ''mail'')'),
  ('consume_token for a purpose', 'mail+jwt', false, 'SELECT NULL::text FROM jwt_auth.consume_token(%1$L, ''mail'')'),
  ('deny_token for a purpose', 'mail+jwt', false, 'SELECT NULL::text FROM jwt_auth.deny_token(%1$L)'),
  ('consume_token', 'JWT', true, 'SELECT NULL::text FROM jwt_auth.consume_token(%1$L)'),
  ('jwt_verify with a type, jsonb', 'secevent+jwt', false, 'SELECT NULL::text FROM jwt_auth.jwt_verify(%1$L, jsonb_build_object(''kty'', ''oct'', ''k'', repeat(''A'', 86)), type => ''secevent+jwt'')'),
  ('jwt_try_verify with a type, jsonb', 'secevent+jwt', false, 'SELECT error_code FROM jwt_auth.jwt_try_verify(%1$L, jsonb_build_object(''kty'', ''oct'', ''k'', repeat(''A'', 86)), type => ''secevent+jwt'')'),
  ('jwt_verify with a type, bytea', 'secevent+jwt', false, 'SELECT NULL::text FROM jwt_auth.jwt_verify(%1$L, decode(repeat(''00'', 64), ''hex''), type => ''secevent+jwt'')');
-- In a header @typ stands for the member typ, in a payload @iss for the issuer and the times.
CREATE FUNCTION pg_temp.token(who text, typ text, header text, payload text) RETURNS text LANGUAGE sql AS $$
  SELECT pg_temp.signed(who, convert_to(replace(header, '@typ', format('"typ":"%s"', typ)), 'UTF8'),
                        convert_to(replace(payload, '@iss', CASE who WHEN 'them' THEN '"iss":"them",' ELSE '' END || '"jti":"j","exp":4102444800'), 'UTF8'))
$$;
CREATE FUNCTION pg_temp.everywhere(header text, payload text, the_signer text) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(CASE WHEN functions = 1 THEN format('%s %s', name, o) ELSE format('%s: %s', functions, o) END, '; ' ORDER BY functions DESC, name)
  FROM (SELECT count(*) AS functions, min(name) AS name, o
        FROM token_use, pg_temp.verdict(format(statement, pg_temp.token(the_signer, typ, header, payload))) AS o
        WHERE theirs OR the_signer = 'ours' GROUP BY o) AS answers
$$;
CREATE TEMP TABLE hostile (place serial, part text, name text, header text DEFAULT '{"alg":"HS256",@typ}', payload text DEFAULT '{@iss}');
INSERT INTO hostile (part, name) VALUES ('form', 'a good one');
INSERT INTO hostile (part, name, header) VALUES
  ('header', 'none', '{"alg":"none",@typ}'), ('header', 'NoNe', '{"alg":"NoNe",@typ}'), ('header', 'alg empty', '{"alg":"",@typ}'), ('header', 'alg in small letters', '{"alg":"hs256",@typ}'),
  ('header', 'RS256', '{"alg":"RS256",@typ}'), ('header', 'HS512', '{"alg":"HS512",@typ}'), ('header', 'dir', '{"alg":"dir","enc":"A128GCM",@typ}'),
  ('header', 'no alg', '{@typ}'), ('header', 'alg twice', '{"alg":"HS256","alg":"HS256",@typ}'), ('header', 'typ twice', '{"alg":"HS256","typ":"JWT",@typ}'),
  ('header', 'no object', '[]'), ('header', 'nothing', ''), ('header', 'half of it', '{"alg":"HS256",@typ'), ('header', 'a byte order mark', U&'\FEFF{"alg":"HS256",@typ}'),
  ('header', 'a NUL', '{"alg":"HS256",@typ,"x":"\u0000"}'), ('header', 'a lone surrogate', '{"alg":"HS256",@typ,"x":"\ud800"}'),
  ('header', 'depth', '{"alg":"HS256",@typ,"x":' || repeat('[', 100) || repeat(']', 100) || '}'), ('header', 'a hundred thousand brackets', '{"alg":"HS256",@typ,"x":' || repeat('[', 100000)),
  ('header', 'crit', '{"alg":"HS256",@typ,"crit":["exp"]}'), ('header', 'an empty crit', '{"alg":"HS256",@typ,"crit":[]}'), ('header', 'b64', '{"alg":"HS256",@typ,"b64":false}'),
  ('header', 'a kid of nothing', '{"alg":"HS256",@typ,"kid":"../../dev/null"}'), ('header', 'an empty kid', '{"alg":"HS256",@typ,"kid":""}'),
  ('header', 'keys of its own', '{"alg":"HS256",@typ,"jwk":{"kty":"oct","k":"AAAA"},"jku":"https://x","x5u":"https://x","x5c":["AA"]}'),
  ('header', 'a type of 1 MB', '{"alg":"HS256","typ":"' || repeat('a', 1048576) || '"}'), ('header', 'an empty type', '{"alg":"HS256","typ":""}'),
  ('header', 'another type', '{"alg":"HS256","typ":"dpop+jwt"}'), ('header', 'the type with a blank', '{"alg":"HS256","typ":"at+jwt "}'), ('header', 'only application/', '{"alg":"HS256","typ":"application/"}');
INSERT INTO hostile (part, name, payload) VALUES
  ('payload', 'a byte order mark', U&'\FEFF{@iss}'), ('payload', 'something behind it', '{@iss} {}'), ('payload', 'a NUL', '{@iss,"a":"\u0000"}'), ('payload', 'a lone surrogate', '{@iss,"a":"\ud800"}'),
  ('payload', 'a name twice', '{@iss,"a":1,"a":1}'), ('payload', 'a name twice, deep down', '{@iss,"a":[{"b":1,"\u0062":2}]}'), ('payload', 'jti twice', '{@iss,"jti":"k"}'),
  ('payload', 'a number that numeric can not hold', '{@iss,"a":1e999999}'), ('payload', 'NaN', '{@iss,"a":NaN}'), ('payload', 'depth', '{@iss,"a":' || repeat('[', 100) || repeat(']', 100) || '}'),
  ('payload', 'no exp', '{"jti":"j"}'), ('payload', 'sub as a number', '{@iss,"sub":1}'), ('payload', 'sub as null', '{@iss,"sub":null}'),
  ('payload', 'nbf in the future', '{@iss,"nbf":4102444800}'), ('payload', 'iat in the future', '{@iss,"iat":4102444800}'), ('payload', 'iat as text', '{@iss,"iat":"1"}'),
  ('payload', 'iat beyond time', '{@iss,"iat":1e300}'), ('payload', 'aud as an object', '{@iss,"aud":{}}'), ('payload', 'aud with a number', '{@iss,"aud":[1]}'), ('payload', 'an empty aud', '{@iss,"aud":[]}'),
  ('payload', 'an aud that nobody asked for', '{@iss,"aud":"a"}');
\echo == signed with our key: what each function that takes a token makes of it
SELECT part, name, pg_temp.everywhere(header, payload, 'ours') FROM hostile ORDER BY place;
\echo == the same of a trusted issuer
SELECT part, name, pg_temp.everywhere(header, payload, 'them') FROM hostile WHERE name <> 'no exp' ORDER BY place;

\echo == a registered member of the header with another type than it must have (RFC 7515 section 4.1): signed with our key, and of the issuer
SELECT member, string_agg(value, ' ' ORDER BY value COLLATE "C") AS values, ours, theirs
FROM (SELECT m.place, member, value, pg_temp.everywhere(header, '{@iss}', 'ours') AS ours, pg_temp.everywhere(header, '{@iss}', 'them') AS theirs
      FROM unnest('{alg,kid,typ,cty,jku,x5u,x5t,x5t#S256,jwk,x5c}'::text[]) WITH ORDINALITY AS m (member, place), unnest(ARRAY['null', '1', '[]', '{}', '"a"']) AS value,
        LATERAL (SELECT CASE member WHEN 'alg' THEN format('{"alg":%s,@typ}', value) WHEN 'typ' THEN format('{"alg":"HS256","typ":%s}', value)
                        ELSE format('{"alg":"HS256",@typ,"%s":%s}', member, value) END AS header) AS made) AS tried
GROUP BY place, member, ours, theirs ORDER BY place, min(value COLLATE "C") COLLATE "C";

\echo == claims that only our own tokens may make, with values that mean nothing: signed with our key, and of the issuer, where nobody reads them
SELECT claim, pg_temp.everywhere('{"alg":"HS256",@typ}', format('{@iss,%s}', claim), 'ours'), pg_temp.everywhere('{"alg":"HS256",@typ}', format('{@iss,%s}', claim), 'them')
FROM unnest(ARRAY['"sid":7', '"sid":"x"', '"sid":"08a5019c-17e1-8977-8f42-65a12843ea68"', '"uv":"1"', '"uv":-1', '"sv":1.5', '"iat":1,"iat_us":"x"', '"iat":1,"iat_us":1000000', '"act":"x"', '"act":{"sub":1}',
  '"key_id":7', '"key_id":"08a5019c-17e1-8977-8f42-65a12843ea68"', '"client_ip":"x"', '"client_ip":7', '"client_fp":7', '"auth_time":"x"', '"scope":7']) WITH ORDINALITY AS c (claim, place) ORDER BY place;

\echo == a claim cnf of any form asks for a proof where somebody acts by the token (JW015), and nowhere else: of ours, and of the issuer
SELECT cnf, pg_temp.everywhere('{"alg":"HS256",@typ}', format('{@iss,%s}', cnf), 'ours'), pg_temp.everywhere('{"alg":"HS256",@typ}', format('{@iss,%s}', cnf), 'them')
FROM unnest(ARRAY['"cnf":"x"', '"cnf":null', '"cnf":1', '"cnf":[]', '"cnf":{}', '"cnf":{"jkt":"x"}', '"cnf":{"jkt":1}', '"cnf":{"x5t#S256":"x"}', '"cnf":{"jkt":"x","new":1}', '"cnf":{"new":{}}',
  '"cnf":{},"cnf":{}', '"cnf":{"jkt":"x","jkt":"x"}']) WITH ORDINALITY AS c (cnf, place) ORDER BY place;

\echo == a signature that is none, or that of another token
CREATE TEMP TABLE cut AS SELECT place, name, typ, statement, parts[1] AS header, parts[2] AS payload, parts[3] AS signature
FROM token_use, string_to_array(pg_temp.token('ours', typ, '{"alg":"HS256",@typ}', '{@iss}'), '.') AS parts;
SELECT spoilt.name, string_agg(DISTINCT pg_temp.verdict(format(statement, text)), ', ')
FROM cut, LATERAL (VALUES (1, 'none', concat(header, '.', payload, '.')), (2, 'a part less', concat(header, '.', payload)), (3, 'a part more', concat(header, '.', payload, '.', signature, '.')),
  (4, 'a byte less', concat(header, '.', payload, '.', left(signature, -2), 'A')), (5, 'padded', concat(header, '.', payload, '.', signature, '=')),
  (6, 'in front of a blank', concat(header, '.', payload, '.', signature, ' ')), (7, 'of another payload', concat(header, '.e30.', signature)), (8, 'all the same byte', concat(header, '.', payload, '.', repeat('A', 43))),
  (9, 'behind Bearer', concat('Bearer ', header, '.', payload, '.', signature))) AS spoilt (place, name, text)
WHERE cut.name NOT IN ('pre_request', 'introspect', 'revoke', 'refresh_session', 'exchange_api_key') GROUP BY spoilt.place, spoilt.name ORDER BY spoilt.place;

\echo == a purpose of odd spelling, or one that means something elsewhere, and three that are good: to issue, to verify and to consume
SELECT left(purpose, 70), pg_temp.verdict(format('SELECT NULL::text FROM jwt_auth.issue_token(%L, ''ann'', ''1 hour'')', purpose)),
  pg_temp.verdict(format('SELECT NULL::text FROM jwt_auth.verify_token(%L, %L)', mail, purpose)), pg_temp.verdict(format('SELECT NULL::text FROM jwt_auth.consume_token(%L, %L)', mail, purpose))
FROM jwt_auth.issue_token('mail', 'ann', '1 hour') AS mail, unnest(ARRAY['', ' ', 'Mail', 'MAIL', ' mail', 'mail ', '9a', '-a', '.a', 'a b', 'a+b', 'mail+jwt', 'application/mail', 'a/b', 'a"b', E'a\tb', 'ä', repeat('a', 65),
  repeat('a', 1048576), 'at', 'jwt', 'dpop', 'dbsc', 'logout', 'secevent', 'statuslist', 'token-introspection', 'jwt-svid', 'a', 'a.b-9', repeat('a', 64)]) WITH ORDINALITY AS p (purpose, place) ORDER BY place;
\echo == a set of 10,000 keys as that of an issuer, and of 257 that are none
SELECT pg_temp.verdict(format('SELECT NULL::text FROM jwt_auth.trust_issuer(''many'', %L)', jsonb_build_object('keys', array_fill(key, ARRAY[n]))))
FROM (VALUES (10000, jwt_auth.jwk_public(jwt_auth.jwk_generate('ES256'))), (257, '7')) AS s (n, key);

TRUNCATE jwt_auth.signing_key, jwt_auth.trusted_issuer, jwt_auth.auth_event;
