-- Keys and sets as the world has them, at every function that takes one: PEM as it arrives, sets as issuers publish them, tokens that name
-- the wrong key, and keys in disguise, which are never secrets.
\set ECHO none
\set VERBOSITY sqlstate
\getenv srcdir PG_ABS_SRCDIR
\set support :srcdir '/support/outcome.sql'
\i :support
SET client_min_messages = warning;
SET jwt_auth.issuer = '';
SET jwt_auth.audience = '';
TRUNCATE jwt_auth.signing_key, jwt_auth.trusted_issuer;
-- What each of several functions answers: "7: ann" for seven that answer the same, the name of one that answers something else.
CREATE FUNCTION pg_temp.summary(names text[], outcomes text[]) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(CASE WHEN functions = 1 THEN format('%s %s', name, o) ELSE format('%s: %s', functions, o) END, '; ' ORDER BY functions DESC, name)
  FROM (SELECT count(*) AS functions, min(n) AS name, coalesce(o, 'NULL') AS o FROM unnest(names, outcomes) AS u (n, o) GROUP BY 3) AS answers
$$;
CREATE FUNCTION pg_temp.jwks(VARIADIC keys jsonb[]) RETURNS jsonb LANGUAGE sql AS $$ SELECT jsonb_build_object('keys', to_jsonb(keys)) $$;
CREATE FUNCTION pg_temp.claims() RETURNS jsonb LANGUAGE sql AS $$ SELECT '{"iss": "https://idp.example", "sub": "ann", "exp": 4102444800}'::jsonb $$;

\echo == PEM in each form that is read: how many functions take the private key, and how many the public one
CREATE TEMP TABLE pair AS SELECT jwt_auth.jwk_to_pem(jwk) AS private, jwt_auth.jwk_to_pem(jwt_auth.jwk_public(jwk)) AS public,
  jwt_auth.jwk_thumbprint(jwk) AS thumbprint FROM jwt_auth.jwk_generate('RS256') AS jwk;
CREATE TEMP TABLE made_with AS SELECT jwt_auth.jwt_sign('{"sub": "ann"}', private) AS jws, jwt_auth.jwe_encrypt('ann', public, NULL, 'A256GCM') AS jwe,
  jwt_auth.jwt_encrypt('{"sub": "ann"}', private, public) AS nested FROM pair;
CREATE TEMP TABLE pem_form (place serial, name text, before text, what text, by text, after text);
INSERT INTO pem_form (name, before, what, by, after) VALUES
  ('as it is in the file', '', '', '', ''), ('a line break in front', E'\n', '', '', ''), ('white space in front', E' \t\r\n  ', '', '', ''),
  ('a byte order mark', U&'\FEFF', '', '', ''), ('text in front', E'Bag Attributes\n    friendlyName: mine\n    localKeyID: 01 02\n', '', '', ''),
  ('text behind', '', '', '', E'\nand that was it'), ('CR LF', '', E'\n', E'\r\n', ''), ('CR', '', E'\n', E'\r', ''),
  ('blank lines', '', E'\n', E'\n\n', ''), ('blanks at line ends', '', E'\n', E' \t\n', ''), ('blanks at line starts', '', E'\n', E'\n  ', '');
CREATE TEMP TABLE private_use AS SELECT * FROM (VALUES
  ('jwt_sign', 'SELECT jwt_auth.jwt_verify(jwt_auth.jwt_sign(''{"sub": "ann"}'', %1$L), public) ->> ''sub'' FROM pair'),
  ('jws_sign', 'SELECT convert_from(jwt_auth.jws_verify(jwt_auth.jws_sign(''ann'', %1$L), public), ''UTF8'') FROM pair'),
  ('jwt_verify', 'SELECT jwt_auth.jwt_verify(jws, %1$L) ->> ''sub'' FROM made_with'),
  ('jwe_decrypt', 'SELECT convert_from(jwt_auth.jwe_decrypt(jwe, %1$L), ''UTF8'') FROM made_with'),
  ('jwt_encrypt', 'SELECT jwt_auth.jwt_decrypt(jwt_auth.jwt_encrypt(''{"sub": "ann"}'', %1$L, public), private, public) ->> ''sub'' FROM pair'),
  ('jwt_decrypt', 'SELECT jwt_auth.jwt_decrypt(nested, %1$L, public) ->> ''sub'' FROM made_with, pair'),
  ('jwk_from_pem', 'SELECT CASE jwt_auth.jwk_from_pem(%1$L) ->> ''kid'' WHEN thumbprint THEN ''ann'' END FROM pair'),
  ('import_signing_key', 'SELECT CASE jwt_auth.import_signing_key(%1$L) WHEN thumbprint THEN ''ann'' END FROM pair')) AS t (name, statement);
CREATE TEMP TABLE public_use AS SELECT * FROM (VALUES
  ('jwt_verify', 'SELECT jwt_auth.jwt_verify(jws, %1$L) ->> ''sub'' FROM made_with'),
  ('jwt_try_verify', 'SELECT v.claims ->> ''sub'' FROM made_with, jwt_auth.jwt_try_verify(jws, %1$L) AS v'),
  ('jws_verify', 'SELECT convert_from(jwt_auth.jws_verify(jws, %1$L), ''UTF8'')::jsonb ->> ''sub'' FROM made_with'),
  ('jwe_encrypt', 'SELECT convert_from(jwt_auth.jwe_decrypt(jwt_auth.jwe_encrypt(''ann'', %1$L, NULL, ''A256GCM''), private), ''UTF8'') FROM pair'),
  ('jwt_encrypt', 'SELECT jwt_auth.jwt_decrypt(jwt_auth.jwt_encrypt(''{"sub": "ann"}'', private, %1$L), private, public) ->> ''sub'' FROM pair'),
  ('jwt_decrypt', 'SELECT jwt_auth.jwt_decrypt(nested, private, %1$L) ->> ''sub'' FROM made_with, pair'),
  ('jwk_from_pem', 'SELECT CASE jwt_auth.jwk_from_pem(%1$L) ->> ''kid'' WHEN thumbprint THEN ''ann'' END FROM pair')) AS t (name, statement);
CREATE FUNCTION pg_temp.used(pem text, uses regclass) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  answer text;
BEGIN
  EXECUTE format('SELECT pg_temp.summary(array_agg(name), array_agg(pg_temp.outcome(format(statement, $1)))) FROM %s', uses) INTO answer USING pem;
  RETURN answer;
END $$;
SELECT name, pg_temp.used(before || replace(private, what, by) || after, 'private_use'), pg_temp.used(before || replace(public, what, by) || after, 'public_use')
FROM pem_form, pair ORDER BY place;
SELECT 'a private key beside its public one', pg_temp.used(public || private, 'private_use') FROM pair;

\echo == PEM that is none any more: refused by each function
SELECT name, pg_temp.used(text, 'private_use') FROM pair, LATERAL (VALUES
  ('\n as two characters', replace(private, E'\n', '\n')), ('on one line', replace(private, E'\n', ' ')), ('in quotes', '"' || private || '"'),
  ('a name in front', 'KEY=' || private), ('headers', replace(private, E'KEY-----\nM', E'KEY-----\nComment: mine\n\nM')), ('cut off', left(private, -20)),
  ('two keys', private || jwt_auth.jwk_to_pem(jwt_auth.jwk_generate('RS256')))) AS spoilt (name, text);

\echo == sets that issuers publish: each function verifies with the one key that is meant
CREATE TEMP TABLE k AS SELECT jwt_auth.jwk_generate('RS256', kid => 'k') - '{alg,use}'::text[] AS rsa, jwt_auth.jwk_generate('RS256', kid => 'k') - '{alg,use}'::text[] AS other,
  jwt_auth.jwk_generate('ES256', kid => 'k') AS ec;
CREATE FUNCTION pg_temp.pub(jwk jsonb, members jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$ SELECT jwt_auth.jwk_public(jwk) || members $$;
CREATE TEMP TABLE key_set AS SELECT * FROM k, LATERAL (VALUES
  (1, 'a kty that is unknown, under the same kid', pg_temp.jwks('{"kty": "NEW", "alg": "NEW-65", "kid": "k", "use": "sig", "pub": "AAAA"}', pg_temp.pub(rsa, '{"use": "sig", "alg": "RS256"}'))),
  (2, 'an ML-DSA key under the same kid', pg_temp.jwks(jsonb_build_object('kty', 'AKP', 'alg', 'ML-DSA-65', 'kid', 'k', 'use', 'sig', 'pub', jwt_auth.base64url_encode(decode(repeat('07', 1952), 'hex'))), pg_temp.pub(rsa, '{"use": "sig", "alg": "RS256"}'))),
  (3, 'one key for three algorithms', pg_temp.jwks(pg_temp.pub(rsa, '{"use": "sig", "alg": "RS256"}'), pg_temp.pub(rsa, '{"use": "sig", "alg": "RS512"}'), pg_temp.pub(rsa, '{"use": "sig", "alg": "RS384"}'))),
  (4, 'a key to encrypt with under the same kid', pg_temp.jwks(pg_temp.pub(other, '{"use": "enc", "alg": "RSA-OAEP"}'), pg_temp.pub(rsa, '{"use": "sig", "alg": "RS256"}'))),
  (5, 'the same key twice', pg_temp.jwks(pg_temp.pub(rsa, '{"use": "sig"}'), pg_temp.pub(rsa, '{"use": "sig"}'))),
  (6, 'another type of key under the same kid', pg_temp.jwks(pg_temp.pub(ec), pg_temp.pub(rsa))),
  (7, 'members that are no keys', pg_temp.jwks('7', 'null', '{"kty": "RSA", "kid": "k", "n": "AA"}', pg_temp.pub(rsa))),
  (8, 'certificates that nobody looks at', pg_temp.jwks(pg_temp.pub(rsa, '{"x5c": ["AAAA"], "x5t": "AAAA", "x5t#S256": "AAAA", "x5u": "https://idp.example/x"}'))),
  (9, 'a single JWK', pg_temp.pub(rsa))) AS t (place, name, jwks);
CREATE TEMP TABLE set_use AS SELECT * FROM (VALUES
  ('jwt_verify text', 'SELECT jwt_auth.jwt_verify(%1$L, %2$L::text) ->> ''sub'''),
  ('jwt_verify text with white space', 'SELECT jwt_auth.jwt_verify(%1$L, E''\n\t '' || %2$L || E''\r\n '') ->> ''sub'''),
  ('jwt_verify jsonb', 'SELECT jwt_auth.jwt_verify(%1$L, %2$L::jsonb) ->> ''sub'''),
  ('jwt_try_verify text', 'SELECT coalesce(error_code, claims ->> ''sub'') FROM jwt_auth.jwt_try_verify(%1$L, %2$L::text)'),
  ('jwt_try_verify jsonb', 'SELECT coalesce(error_code, claims ->> ''sub'') FROM jwt_auth.jwt_try_verify(%1$L, %2$L::jsonb)'),
  ('jws_verify text', 'SELECT convert_from(jwt_auth.jws_verify(%1$L, %2$L::text), ''UTF8'')::jsonb ->> ''sub'''),
  ('jws_verify jsonb', 'SELECT convert_from(jwt_auth.jws_verify(%1$L, %2$L::jsonb), ''UTF8'')::jsonb ->> ''sub'''),
  ('jwt_decrypt text', 'SELECT jwt_auth.jwt_decrypt(jwt_auth.jwe_encrypt(%1$L, box, NULL, ''A256GCM'', ''{"cty": "JWT"}''), box::text, %2$L::text) ->> ''sub'' FROM box'),
  ('jwt_decrypt jsonb', 'SELECT jwt_auth.jwt_decrypt(jwt_auth.jwe_encrypt(%1$L, box, NULL, ''A256GCM'', ''{"cty": "JWT"}''), box, %2$L::jsonb) ->> ''sub'' FROM box'),
  ('trust_issuer', 'SELECT pg_temp.trusted(%2$L, %1$L, ''jwt_verify'')'),
  ('trust_issuer, jwt_try_verify', 'SELECT pg_temp.trusted(%2$L, %1$L, ''jwt_try_verify'')'),
  ('trust_issuer, authenticate', 'SELECT pg_temp.trusted(%2$L, %1$L, ''authenticate'')'),
  ('trust_issuer, pre_request', 'SELECT pg_temp.trusted(%2$L, %1$L, ''pre_request'')')) AS t (name, statement);
CREATE TEMP TABLE box AS SELECT jwt_auth.jwk_generate('A256KW') - 'kid' AS box;
CREATE FUNCTION pg_temp.trusted(jwks jsonb, token text, how text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM jwt_auth.trust_issuer('https://idp.example', jwks, token_types => '{JWT,JOSE}');
  CASE how
    WHEN 'jwt_verify' THEN RETURN jwt_auth.jwt_verify(token) ->> 'sub';
    WHEN 'jwt_try_verify' THEN RETURN coalesce((v).error_code, (v).claims ->> 'sub') FROM jwt_auth.jwt_try_verify(token) AS v;
    WHEN 'authenticate' THEN RETURN jwt_auth.authenticate(token) ->> 'sub';
    WHEN 'pre_request' THEN
      PERFORM set_config('request.headers', jsonb_build_object('authorization', 'Bearer ' || token)::text, true), jwt_auth.pre_request();
      RETURN jwt_auth.current_claim('sub');
  END CASE;
END $$;
CREATE FUNCTION pg_temp.with_set(token text, jwks jsonb) RETURNS text LANGUAGE sql AS $$
  SELECT pg_temp.summary(array_agg(name), array_agg(pg_temp.outcome(format(statement, token, jwks)))) FROM set_use
$$;
SELECT name, pg_temp.with_set(jwt_auth.jwt_sign(pg_temp.claims(), rsa, 'RS256'), jwks) FROM key_set ORDER BY place;
\echo -- two different keys that could verify the same token
SELECT pg_temp.with_set(jwt_auth.jwt_sign(pg_temp.claims(), rsa, 'RS256'), pg_temp.jwks(pg_temp.pub(rsa), pg_temp.pub(other, '{"alg": "RS256"}'))) FROM k;

\echo == SPIFFE: a key whose use is jwt-svid verifies, with each type that its tokens may have; one of a certificate does not
CREATE TEMP TABLE svid AS SELECT jwt_auth.jwk_generate('ES256', kid => 'svid') - '{alg,use}'::text[] AS jwt, jwt_auth.jwk_generate('ES256', kid => 'x509') - '{alg,use}'::text[] AS x509;
CREATE TEMP TABLE bundle AS SELECT pg_temp.jwks(pg_temp.pub(x509, '{"use": "x509-svid", "x5c": ["AAAA"]}'), pg_temp.pub(jwt, '{"use": "jwt-svid"}'))
  || '{"spiffe_sequence": 12, "spiffe_refresh_hint": 600}' AS jwks FROM svid;
CREATE FUNCTION pg_temp.svid(key jsonb, typ text, claims jsonb DEFAULT pg_temp.claims() || '{"sub": "spiffe://example.org/web"}') RETURNS text LANGUAGE sql AS $$
  SELECT jwt_auth.jws_sign(convert_to(claims::text, 'UTF8'), key, header => CASE WHEN typ IS NOT NULL THEN jsonb_build_object('typ', typ) END)
$$;
SELECT coalesce(typ, 'none'), pg_temp.with_set(pg_temp.svid(jwt, typ), jwks) FROM svid, bundle, unnest(ARRAY['JWT', 'JOSE', NULL]) AS typ;
SELECT 'without iss', jwt_auth.jwt_verify(pg_temp.svid(jwt, 'JWT', '{"sub": "spiffe://example.org/web", "aud": ["spiffe://example.org/db"], "exp": 4102444800}'), jwks,
  audience => 'spiffe://example.org/db') ->> 'sub' FROM svid, bundle;
SELECT 'signed with the key of a certificate', pg_temp.with_set(pg_temp.svid(x509, 'JWT'), jwks) FROM svid, bundle;
SELECT 'that without a kid', pg_temp.with_set(pg_temp.svid(x509 - 'kid', 'JWT'), jwks) FROM svid, bundle;
SELECT 'it signs, too', jwt_auth.jwt_verify(jwt_auth.jwt_sign('{"sub": "ann"}', jwt || '{"use": "jwt-svid"}'), jwks) ->> 'sub' FROM svid, bundle;
SELECT 'it does not encrypt', pg_temp.outcome(format('SELECT jwt_auth.jwe_encrypt(''x'', %L::jsonb, NULL, ''A256GCM'')', jwt || '{"use": "jwt-svid"}')) FROM svid;
SELECT 'against its key_ops', pg_temp.outcome(format('SELECT jwt_auth.jwt_sign(''{}'', %L::jsonb)', jwt || '{"use": "jwt-svid", "key_ops": ["deriveKey"]}')) FROM svid;

\echo == a token that names a key for something else, or none of the set: refused as a token, by each function
CREATE TEMP TABLE realm AS SELECT pg_temp.jwks(pg_temp.pub(rsa, '{"kid": "s", "use": "sig", "alg": "RS256"}'), pg_temp.pub(other, '{"kid": "e", "use": "enc", "alg": "RSA-OAEP"}'),
  '{"kty": "NEW", "kid": "n"}') AS jwks FROM k;
SELECT kid, pg_temp.with_set(jwt_auth.jwt_sign(pg_temp.claims(), other || jsonb_build_object('kid', kid), 'RS256'), jwks) FROM k, realm, unnest('{e,n,x,""}'::text[]) AS kid;
\echo -- the same for encrypted tokens
CREATE TEMP TABLE decryption_use AS SELECT * FROM (VALUES
  ('jwe_decrypt text', 'SELECT convert_from(jwt_auth.jwe_decrypt(%1$L, %2$L::text), ''UTF8'')'), ('jwe_decrypt jsonb', 'SELECT convert_from(jwt_auth.jwe_decrypt(%1$L, %2$L::jsonb), ''UTF8'')'),
  ('jwt_decrypt text', 'SELECT jwt_auth.jwt_decrypt(%1$L, %2$L::text, %2$L::text)::text'), ('jwt_decrypt jsonb', 'SELECT jwt_auth.jwt_decrypt(%1$L, %2$L::jsonb, %2$L::jsonb)::text')) AS t (name, statement);
CREATE FUNCTION pg_temp.decrypted(token text, jwks jsonb) RETURNS text LANGUAGE sql AS $$
  SELECT pg_temp.summary(array_agg(name), array_agg(pg_temp.outcome(format(statement, token, jwks)))) FROM decryption_use
$$;
CREATE TEMP TABLE private_realm AS SELECT pg_temp.jwks('{"kty": "NEW", "kid": "e"}', rsa || '{"kid": "s", "use": "sig", "alg": "RS256"}', rsa || '{"kid": "e", "use": "sig", "alg": "RS256"}',
  other || '{"kid": "e", "use": "enc", "alg": "RSA-OAEP"}') AS jwks FROM k;
SELECT kid, pg_temp.decrypted(jwt_auth.jwe_encrypt('ann', pg_temp.pub(other, jsonb_build_object('kid', kid)), 'RSA-OAEP', 'A256GCM'), jwks)
FROM k, private_realm, unnest('{s,x}'::text[]) AS kid;
\echo -- and one that names the key for it, whose kid others have as well
SELECT regexp_replace(pg_temp.decrypted(jwt_auth.jwe_encrypt(jwt_auth.jwt_sign('{"sub": "ann"}', rsa || '{"kid": "s"}', 'RS256')::bytea, pg_temp.pub(other, '{"kid": "e"}'), 'RSA-OAEP', 'A256GCM', '{"cty": "JWT"}'), jwks), 'eyJ[^;]*', 'the token inside')
FROM k, private_realm;

\echo == a key in disguise is never a secret: in how many functions, as text and as bytes
CREATE TEMP TABLE secret_use AS SELECT * FROM (VALUES
  ('jwt_sign text', 'SELECT jwt_auth.jwt_sign(''{}'', %1$L::text)'), ('jwt_sign bytea', 'SELECT jwt_auth.jwt_sign(''{}'', convert_to(%1$L, ''UTF8''))'),
  ('jws_sign text', 'SELECT jwt_auth.jws_sign(''x'', %1$L::text)'), ('jws_sign bytea', 'SELECT jwt_auth.jws_sign(''x'', convert_to(%1$L, ''UTF8''))'),
  ('jwt_verify text', 'SELECT jwt_auth.jwt_verify(token, %1$L::text)::text FROM mac'), ('jwt_verify bytea', 'SELECT jwt_auth.jwt_verify(token, convert_to(%1$L, ''UTF8''))::text FROM mac'),
  ('jwt_try_verify text', 'SELECT jwt_auth.jwt_try_verify(token, %1$L::text)::text FROM mac'), ('jwt_try_verify bytea', 'SELECT jwt_auth.jwt_try_verify(token, convert_to(%1$L, ''UTF8''))::text FROM mac'),
  ('jws_verify text', 'SELECT jwt_auth.jws_verify(token, %1$L::text)::text FROM mac'), ('jws_verify bytea', 'SELECT jwt_auth.jws_verify(token, convert_to(%1$L, ''UTF8''))::text FROM mac'),
  ('password text', 'SELECT jwt_auth.jwe_encrypt(''x'', %1$L::text, ''PBES2-HS256+A128KW'', ''A128GCM'')'), ('password bytea', 'SELECT jwt_auth.jwe_encrypt(''x'', convert_to(%1$L, ''UTF8''), ''PBES2-HS256+A128KW'', ''A128GCM'')'),
  ('import_signing_key', 'SELECT jwt_auth.import_signing_key(%1$L)'), ('import_signing_secret', 'SELECT jwt_auth.import_signing_secret(convert_to(%1$L, ''UTF8''))')) AS t (name, statement);
CREATE TEMP TABLE mac AS SELECT jwt_auth.jwt_sign('{"sub": "ann"}', repeat('secret', 8)) AS token;
CREATE FUNCTION pg_temp.base64(text) RETURNS text LANGUAGE sql AS $$ SELECT encode(convert_to($1, 'UTF8'), 'base64') $$;
SELECT disguise.name, key.name, pg_temp.used(text, 'secret_use')
FROM pair, k, LATERAL (VALUES (1, 'public PEM', public), (2, 'private PEM', private), (3, 'PEM behind a line break', E'\n' || public), (4, 'PEM with CR', replace(public, E'\n', E'\r')),
                              (5, 'JWK', ec::text), (6, 'JWK behind white space', E' \n' || ec::text), (7, 'set', pg_temp.jwks(pg_temp.pub(ec))::text)) AS key (place, name, body),
  LATERAL (VALUES (1, 'base64', translate(pg_temp.base64(body), E'\n', '')), (2, 'base64 in lines', pg_temp.base64(body)), (3, 'base64url', jwt_auth.base64url_encode(convert_to(body, 'UTF8'))),
                  (4, 'base64 of base64', pg_temp.base64(pg_temp.base64(body))), (5, 'base64 in quotes', '"' || translate(pg_temp.base64(body), E'\n', '') || '"')) AS disguise (place, name, text)
ORDER BY disguise.place, key.place;
SELECT 'base64 of DER', pg_temp.used(encode(decode(regexp_replace(public, '-----[^-]*-----|\n', '', 'g'), 'base64'), 'base64'), 'secret_use') FROM pair;
\echo -- base64 of bytes is a secret as ever; import_signing_key takes none
SELECT string_agg(name, ', ') FILTER (WHERE o = 'JW020'), count(*) FILTER (WHERE o <> 'JW020')
FROM (SELECT name, pg_temp.outcome(format(statement, encode(decode(repeat('80', 48), 'hex'), 'base64'))) AS o FROM secret_use) AS used;

TRUNCATE jwt_auth.signing_key, jwt_auth.trusted_issuer, jwt_auth.auth_event;
