-- Encrypted tokens, and claims that are signed and then encrypted.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on

-- The SQLSTATE of a statement, or what its first column gives.
CREATE FUNCTION attempt(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  answer text;
BEGIN
  EXECUTE statement INTO answer;
  RETURN 'ok ' || coalesce(answer, 'NULL');
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE;
END $$;
-- The header of a token of either kind.
CREATE FUNCTION header_of(token text) RETURNS jsonb LANGUAGE sql AS
  $$ SELECT convert_from(jwt_auth.base64url_decode(split_part(token, '.', 1)), 'UTF8')::jsonb $$;

\echo == RFC 7516 A.3
SELECT convert_from(jwt_auth.jwe_decrypt('eyJhbGciOiJBMTI4S1ciLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0.6KB707dM9YTIgHtLvtgWQ8mKwboJW3of9locizkDTHzBC2IlrT1oOQ.AxY8DCtDaGlsbGljb3RoZQ.KDlTtXchhZTGufMYmOYGS4HffxPSUrfmqCHXaI9wOGY.U0m_YmjN04DJvceFICbCVQ',
  '{"kty":"oct","k":"GawgguFyGrWKav7AX4VKUg"}'), 'UTF8');

\echo == every algorithm with every encryption, keys made here
SELECT alg, count(*), count(*) FILTER (WHERE jwt_auth.jwe_decrypt(token, key::text) = '\x00ff') AS opened,
       bool_and(header_of(token) @> jsonb_build_object('alg', alg, 'enc', enc)) AS named
  FROM (SELECT alg, enc, key, jwt_auth.jwe_encrypt('\x00ff', coalesce(CASE WHEN key ->> 'kty' <> 'oct' THEN jwt_auth.jwk_public(key) END, key)::text,
                                                   alg, enc, CASE WHEN alg LIKE 'PBES2%' THEN '{"p2c": 1000}'::jsonb END) AS token
          FROM (SELECT alg, jwt_auth.jwk_generate(CASE alg WHEN 'dir' THEN enc ELSE alg END) AS key, enc
                  FROM unnest('{dir,A128KW,A192KW,A256KW,A128GCMKW,A192GCMKW,A256GCMKW,ECDH-ES,ECDH-ES+A128KW,ECDH-ES+A192KW,ECDH-ES+A256KW,PBES2-HS256+A128KW,PBES2-HS384+A192KW,PBES2-HS512+A256KW}'::text[]) AS alg,
                       unnest('{A128CBC-HS256,A192CBC-HS384,A256CBC-HS512,A128GCM,A192GCM,A256GCM}'::text[]) AS enc) AS k) AS t
 GROUP BY alg ORDER BY alg COLLATE "C";
WITH key AS MATERIALIZED (SELECT jwt_auth.jwk_generate('RSA-OAEP') - 'alg' AS key)
SELECT alg, count(*), count(*) FILTER (WHERE jwt_auth.jwe_decrypt(jwt_auth.jwe_encrypt('\x00ff', jwt_auth.jwk_to_pem(jwt_auth.jwk_public(key)), alg, enc),
                                                                  jwt_auth.jwk_to_pem(key)) = '\x00ff') AS opened
  FROM key, unnest('{RSA-OAEP,RSA-OAEP-256}'::text[]) AS alg,
       unnest('{A128CBC-HS256,A192CBC-HS384,A256CBC-HS512,A128GCM,A192GCM,A256GCM}'::text[]) AS enc
 GROUP BY alg ORDER BY alg;
SELECT crv, jwt_auth.jwe_decrypt(jwt_auth.jwe_encrypt('\x07', jwt_auth.jwk_public(key)::text, 'ECDH-ES', 'A128GCM'), key::text)
  FROM (SELECT crv, jwt_auth.jwk_generate('ECDH-ES', crv) AS key FROM unnest('{P-256,P-384,P-521,X25519,X448}'::text[]) AS crv) AS k;

\echo == what was encrypted comes out, whatever it is
SELECT length(plaintext), jwt_auth.jwe_decrypt(jwt_auth.jwe_encrypt(plaintext, repeat('k', 16), NULL, NULL), repeat('k', 16)) = plaintext AS same
  FROM (VALUES (''::bytea), ('\x00'), ('\x00ff00'), (decode(repeat('ab', 100000), 'hex'))) AS p (plaintext);

\echo == nothing of it shows
SELECT position('secret' IN convert_from(jwt_auth.base64url_decode(split_part(token, '.', 1)), 'UTF8')) = 0 AS header,
       position('secret'::bytea IN jwt_auth.base64url_decode(split_part(token, '.', 4))) = 0 AS ciphertext,
       array_length(string_to_array(token, '.'), 1) AS parts
  FROM jwt_auth.jwe_encrypt('a secret', repeat('k', 16), 'A128KW', 'A128GCM') AS token;

\echo == the key says how, where nobody else does
SELECT header_of(jwt_auth.jwe_encrypt('x', key, NULL, NULL)) - '{epk,kid,iv,tag}'::text[] FROM (VALUES
  (repeat('k', 16)), (repeat('k', 24)), (repeat('k', 32)), (repeat('k', 48)), (repeat('k', 64)),
  (jwt_auth.jwk_generate('A192GCM')::text), (jwt_auth.jwk_generate('A192GCMKW')::text),
  ((jwt_auth.jwk_generate('ECDH-ES') - 'alg')::text), (jwt_auth.jwk_generate('ECDH-ES', 'X25519')::text),
  (jwt_auth.jwk_to_pem(jwt_auth.jwk_generate('RSA-OAEP')))) AS k (key);

\echo == a header with more in it
SELECT header_of(jwt_auth.jwe_encrypt('x', repeat('k', 16), 'A128KW', 'A128GCM', '{"kid": "k", "cty": "text/plain", "n": 1.50}'));
SELECT h AS header, attempt(format('SELECT jwt_auth.jwe_encrypt(%L, %L, %L, %L, %L)', 'x', repeat('k', 16), 'A128KW', 'A128GCM', h))
  FROM unnest(ARRAY['{"alg": "A256KW"}', '{"enc": "A256GCM"}', '{"crit": []}', '{"zip": "DEF"}', '{"epk": {}}', '{"iv": ""}', '{"tag": ""}',
                    '{"p2s": ""}', '{"kid": 1}', '{"typ": null}', '{"cty": []}', '[]', '1']) AS h;

\echo == passwords
SELECT jwt_auth.jwe_encrypt('x', 'a password', 'PBES2-HS256+A128KW', 'A128GCM', '{"p2c": 1000}') AS token \gset
SELECT header_of(:'token') - 'p2s';
SELECT (header_of(jwt_auth.jwe_encrypt('x', 'a password', 'PBES2-HS512+A256KW', 'A128GCM'))) ->> 'p2c' AS p2c;
SELECT what, attempt(format('SELECT jwt_auth.jwe_decrypt(%L, %s)', :'token', arguments)) FROM (VALUES
  ('said to be one', '''a password'', ''{PBES2-HS256+A128KW}'''),
  ('in bytes', 'convert_to(''a password'', ''UTF8''), ''{PBES2-HS256+A128KW}'''),
  ('in a JWK that says so', '''{"kty":"oct","k":"YSBwYXNzd29yZA","alg":"PBES2-HS256+A128KW"}'''),
  ('in a JWK that says nothing', '''{"kty":"oct","k":"YSBwYXNzd29yZA"}'''),
  ('not said to be one', '''a password'''),
  ('said to be another', '''a password'', ''{PBES2-HS512+A256KW}'''),
  ('another password', '''another password'', ''{PBES2-HS256+A128KW}'''),
  ('empty', ''''', ''{PBES2-HS256+A128KW}''')) AS t (what, arguments);
SELECT p2c, attempt(format('SELECT jwt_auth.jwe_decrypt(%L, %L, %L)', forged, 'a password', '{PBES2-HS256+A128KW}'))
  FROM (SELECT p2c, jwt_auth.base64url_encode(convert_to(jsonb_set(header_of(:'token'), '{p2c}', p2c::jsonb)::text, 'UTF8'))
                    || substr(:'token', position('.' IN :'token')) AS forged
          FROM unnest('{0,-1000,999,1000,1000001,2147483648,4294968296,1e9,1000.5,"\"1000\"","null"}'::text[]) AS p2c) AS f;

\echo == refusals of the call
SELECT jwt_auth.jwe_encrypt('x', repeat('k', 32), 'A256KW', 'A128GCM') AS token \gset
SELECT jwt_auth.jwk_generate('ECDH-ES') AS key \gset
SELECT what, attempt(statement) FROM (VALUES
  ('null plaintext', 'SELECT jwt_auth.jwe_encrypt(NULL, repeat(''k'', 16), NULL, NULL)'),
  ('null key', 'SELECT jwt_auth.jwe_encrypt(''x'', NULL::text, NULL, NULL)'),
  ('null bytea key', 'SELECT jwt_auth.jwe_encrypt(''x'', NULL::bytea, NULL, NULL)'),
  ('empty algorithm', 'SELECT jwt_auth.jwe_encrypt(''x'', repeat(''k'', 16), '''', NULL)'),
  ('empty encryption', 'SELECT jwt_auth.jwe_encrypt(''x'', repeat(''k'', 16), NULL, '''')'),
  ('RSA1_5', 'SELECT jwt_auth.jwe_encrypt(''x'', repeat(''k'', 16), ''RSA1_5'', ''A128GCM'')'),
  ('unknown encryption', 'SELECT jwt_auth.jwe_encrypt(''x'', repeat(''k'', 16), ''A128KW'', ''A128CBC'')'),
  ('key of another length', 'SELECT jwt_auth.jwe_encrypt(''x'', repeat(''k'', 16), ''A256KW'', ''A128GCM'')'),
  ('dir with a key of another length', 'SELECT jwt_auth.jwe_encrypt(''x'', repeat(''k'', 16), ''dir'', ''A256GCM'')'),
  ('password that nobody called one', 'SELECT jwt_auth.jwe_encrypt(''x'', ''a password'', NULL, NULL)'),
  ('key for signing', format('SELECT jwt_auth.jwe_encrypt(''x'', %L, NULL, NULL)', jwt_auth.jwk_generate('ES256'))),
  ('text that looks like a key', 'SELECT jwt_auth.jwe_encrypt(''x'', '' -----BEGIN PUBLIC KEY-----'', ''PBES2-HS256+A128KW'', ''A128GCM'')'),
  ('null token', 'SELECT jwt_auth.jwe_decrypt(NULL, repeat(''k'', 32))'),
  ('null key to decrypt', format('SELECT jwt_auth.jwe_decrypt(%L, NULL::text)', :'token')),
  ('empty algorithms', format('SELECT jwt_auth.jwe_decrypt(%L, repeat(''k'', 32), ''{}'')', :'token')),
  ('unknown algorithms', format('SELECT jwt_auth.jwe_decrypt(%L, repeat(''k'', 32), ''{A256KW,RSA1_5}'')', :'token')),
  ('null in algorithms', format('SELECT jwt_auth.jwe_decrypt(%L, repeat(''k'', 32), ''{NULL}'')', :'token')),
  ('empty encryptions', format('SELECT jwt_auth.jwe_decrypt(%L, repeat(''k'', 32), NULL, ''{}'')', :'token')),
  ('unknown encryptions', format('SELECT jwt_auth.jwe_decrypt(%L, repeat(''k'', 32), NULL, ''{none}'')', :'token')),
  ('null in encryptions', format('SELECT jwt_auth.jwe_decrypt(%L, repeat(''k'', 32), NULL, ''{NULL}'')', :'token')),
  ('public key to decrypt', format('SELECT jwt_auth.jwe_decrypt(%L, %L)',
                                   jwt_auth.jwe_encrypt('x', :'key', NULL, NULL), jwt_auth.jwk_public(:'key')))
  ) AS t (what, statement);

\echo == refusals of the token
CREATE FUNCTION with_header(header text, token text) RETURNS text LANGUAGE sql AS
  $$ SELECT jwt_auth.base64url_encode(convert_to(header, 'UTF8')) || substr(token, position('.' IN token)) $$;
CREATE FUNCTION flipped(token text, part integer) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(CASE WHEN i = part THEN jwt_auth.base64url_encode(set_bit(jwt_auth.base64url_decode(p), 0, 1 - get_bit(jwt_auth.base64url_decode(p), 0)))
                         ELSE p END, '.' ORDER BY i)
    FROM string_to_table(token, '.') WITH ORDINALITY AS t (p, i) $$;
SELECT what, attempt(format('SELECT jwt_auth.jwe_decrypt(%L, %L, %L, %L)', token, key, algorithms, encryptions)) FROM (VALUES
  ('as it is', :'token', repeat('k', 32), NULL, NULL),
  ('listed', :'token', repeat('k', 32), '{dir,A256KW}', '{A128GCM}'),
  ('another key', :'token', repeat('o', 32), NULL, NULL),
  ('encrypted key changed', flipped(:'token', 2), repeat('k', 32), NULL, NULL),
  ('IV changed', flipped(:'token', 3), repeat('k', 32), NULL, NULL),
  ('ciphertext changed', flipped(:'token', 4), repeat('k', 32), NULL, NULL),
  ('tag changed', flipped(:'token', 5), repeat('k', 32), NULL, NULL),
  ('header says the same otherwise', with_header('{"enc":"A128GCM","alg":"A256KW"}', :'token'), repeat('k', 32), NULL, NULL),
  ('algorithm not listed', :'token', repeat('k', 32), '{dir,A256GCMKW}', NULL),
  ('encryption not listed', :'token', repeat('k', 32), NULL, '{A256GCM}'),
  ('key of another length', :'token', repeat('k', 16), NULL, NULL),
  ('alg none', with_header('{"alg":"none","enc":"A128GCM"}', :'token'), repeat('k', 32), NULL, NULL),
  ('alg RSA1_5', with_header('{"alg":"RSA1_5","enc":"A128GCM"}', :'token'), repeat('k', 32), NULL, NULL),
  ('alg dir', with_header('{"alg":"dir","enc":"A128GCM"}', :'token'), repeat('k', 32), NULL, NULL),
  ('zip', with_header('{"alg":"A256KW","enc":"A128GCM","zip":"DEF"}', :'token'), repeat('k', 32), NULL, NULL),
  ('crit', with_header('{"alg":"A256KW","enc":"A128GCM","crit":["x"],"x":1}', :'token'), repeat('k', 32), NULL, NULL),
  ('duplicate member', with_header('{"alg":"A256KW","enc":"A128GCM","enc":"A128GCM"}', :'token'), repeat('k', 32), NULL, NULL),
  ('kid of another', with_header('{"alg":"A256KW","enc":"A128GCM","kid":"a"}', :'token'), '{"kty":"oct","kid":"b","k":"a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s"}', NULL, NULL),
  ('tag cut', left(:'token', -2), repeat('k', 32), NULL, NULL),
  ('part missing', left(:'token', -23), repeat('k', 32), NULL, NULL),
  ('part too many', :'token' || '.', repeat('k', 32), NULL, NULL),
  ('padding', :'token' || '==', repeat('k', 32), NULL, NULL),
  ('nothing', '', repeat('k', 32), NULL, NULL),
  ('a hundred thousand dots', repeat('.', 100000), repeat('k', 32), NULL, NULL),
  ('a signed token', jwt_auth.jws_sign('x', repeat('k', 32)), repeat('k', 32), NULL, NULL),
  ('nested deeply', with_header('{"alg":"A256KW","enc":"A128GCM","x":' || repeat('[', 100000) || repeat(']', 100000) || '}', :'token'), repeat('k', 32), NULL, NULL)
  ) AS t (what, token, key, algorithms, encryptions);

\echo == what fails for want of the right key says nothing else
\set VERBOSITY terse
SELECT jwt_auth.jwe_decrypt(:'token', repeat('o', 32));
SELECT jwt_auth.jwe_decrypt(flipped(:'token', 2), repeat('k', 32));
SELECT jwt_auth.jwe_decrypt(flipped(:'token', 5), repeat('k', 32));
SELECT jwt_auth.jwe_decrypt(jwt_auth.jwe_encrypt('x', jwt_auth.jwk_generate('RSA-OAEP-256')::text, NULL, NULL, NULL), (jwt_auth.jwk_generate('RSA-OAEP-256') - 'kid')::text);
\set VERBOSITY sqlstate

\echo == too large
SET jwt_auth.max_token_size = '1kB';
SELECT attempt(format('SELECT length(jwt_auth.jwe_encrypt(%L, %L, %L, %L))', repeat('x', 600), repeat('k', 32), 'dir', 'A256GCM')),
       attempt(format('SELECT jwt_auth.jwe_encrypt(%L, %L, %L, %L)', repeat('x', 1000), repeat('k', 32), 'dir', 'A256GCM')),
       attempt(format('SELECT jwt_auth.jwe_encrypt(%L, %L, %L, %L)', repeat('x', 2000), repeat('k', 32), 'dir', 'A256GCM')),
       attempt(format('SELECT jwt_auth.jwe_decrypt(%L, %L)', repeat('x', 2000), repeat('k', 32)));
RESET jwt_auth.max_token_size;

\echo == nested: signed, then encrypted
SELECT jwt_auth.jwk_generate('ES256', kid => 's') AS signer, jwt_auth.jwk_generate('ECDH-ES+A128KW', 'X25519', kid => 'e') AS reader \gset
SELECT jwt_auth.jwk_public(:'signer') AS verifier, jwt_auth.jwk_public(:'reader') AS sender \gset
SELECT jwt_auth.jwt_encrypt('{"sub": "alice", "n": 1.50, "exp": 4102444800}', :'signer', :'sender') AS nested \gset
SELECT jwt_auth.jwt_decrypt(:'nested', :'reader', :'verifier');
SELECT header_of(:'nested') - 'epk', header_of(convert_from(jwt_auth.jwe_decrypt(:'nested', :'reader'), 'UTF8'));
SELECT jwt_auth.jwt_verify(convert_from(jwt_auth.jwe_decrypt(:'nested', :'reader'), 'UTF8'), :'verifier') AS inner_claims;
SELECT key_algorithm, enc, header_of(token) ->> 'alg' AS alg, header_of(token) ->> 'enc' AS enc, jwt_auth.jwt_decrypt(token, key, repeat('s', 32), key_algorithms => ARRAY[header_of(token) ->> 'alg'])
  FROM (SELECT key_algorithm, enc, key, jwt_auth.jwt_encrypt('{"a": 1}', repeat('s', 32), key, key_algorithm => key_algorithm, encryption => enc,
                                                              header => CASE WHEN key_algorithm LIKE 'PBES2%' THEN '{"p2c": 1000}'::jsonb END) AS token
          FROM (VALUES (repeat('k', 16), NULL, 'A256GCM'), (repeat('k', 32), 'A256GCMKW', 'A128CBC-HS256'), (repeat('k', 32), 'dir', NULL),
                       (repeat('k', 64), NULL, NULL), ('a password', 'PBES2-HS384+A192KW', 'A192GCM'),
                       ((jwt_auth.jwk_generate('RSA-OAEP') - 'alg')::text, NULL, 'A256GCM'),
                       ((jwt_auth.jwk_generate('ECDH-ES', 'P-521') - 'alg')::text, NULL, 'A256GCM')) AS k (key, key_algorithm, enc)) AS t;
SELECT jwt_auth.jwt_decrypt(jwt_auth.jwt_encrypt('{"a": 1}', '\x00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff'::bytea, '\x00112233445566778899aabbccddeeff'::bytea),
                            '\x00112233445566778899aabbccddeeff'::bytea, '\x00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff'::bytea);

\echo == claims of a nested token are claims
SELECT what, attempt(format('SELECT jwt_auth.jwt_decrypt(%L, %L, %L%s) - ''exp''', jwt_auth.jwt_encrypt(claims::jsonb, :'signer', :'sender'), :'reader', :'verifier', more)) FROM (VALUES
  ('expired', '{"exp": 1}', ''),
  ('expired, but forgiven', format('{"exp": %s}', extract(epoch FROM now())::bigint - 60), ', leeway => ''1 hour'''),
  ('not yet valid', '{"nbf": 4102444800}', ''),
  ('an audience that nobody named', '{"aud": "us"}', ''),
  ('another audience', '{"aud": "us"}', ', audience => ''them'''),
  ('the audience', '{"aud": "us"}', ', audience => ''us'''),
  ('another issuer', '{"iss": "i"}', ', issuer => ''j'''),
  ('the issuer', '{"iss": "i"}', ', issuer => ''i'''),
  ('algorithm of the signature not listed', '{}', ', algorithms => ''{RS256}'''),
  ('algorithm of the signature listed', '{}', ', algorithms => ''{ES256}'''),
  ('algorithm of the key not listed', '{}', ', key_algorithms => ''{ECDH-ES}'''),
  ('algorithm of the key listed', '{}', ', key_algorithms => ''{ECDH-ES+A128KW}'''),
  ('encryption not listed', '{}', ', encryptions => ''{A128GCM}'''),
  ('encryption listed', '{}', ', encryptions => ''{A256GCM}''')) AS t (what, claims, more);

\echo == the inner signature is always checked, and nothing else passes for a nested token
SELECT what, attempt(format('SELECT jwt_auth.jwt_decrypt(%L, %L, %L)', token, :'reader', :'verifier')) FROM (VALUES
  ('another signer', jwt_auth.jwt_encrypt('{}', (jwt_auth.jwk_generate('ES256') - 'kid')::text, :'sender')),
  ('another signer of that name', jwt_auth.jwt_encrypt('{}', jwt_auth.jwk_generate('ES256', kid => 's')::text, :'sender')),
  ('another signer of another name', jwt_auth.jwt_encrypt('{}', jwt_auth.jwk_generate('ES256', kid => 't')::text, :'sender')),
  ('unsigned claims', jwt_auth.jwe_encrypt('{"sub": "alice"}', :'sender', NULL, NULL, '{"cty": "JWT"}')),
  ('alg none', jwt_auth.jwe_encrypt(convert_to(jwt_auth.base64url_encode('{"alg":"none"}') || '.' || jwt_auth.base64url_encode('{"sub":"alice"}') || '.', 'UTF8'),
                                    :'sender', NULL, NULL, '{"cty": "JWT"}')),
  ('encrypted twice', jwt_auth.jwe_encrypt(convert_to(:'nested', 'UTF8'), :'sender', NULL, NULL, '{"cty": "JWT"}')),
  ('signed token, content type as it must be', jwt_auth.jwe_encrypt(convert_to(jwt_auth.jwt_sign('{"sub": "alice"}', :'signer'), 'UTF8'), :'sender', NULL, NULL, '{"cty": "JWT"}')),
  ('signed token, content type in small letters', jwt_auth.jwe_encrypt(convert_to(jwt_auth.jwt_sign('{"sub": "alice"}', :'signer'), 'UTF8'), :'sender', NULL, NULL, '{"cty": "jwt"}')),
  ('signed token, content type with application/', jwt_auth.jwe_encrypt(convert_to(jwt_auth.jwt_sign('{"sub": "alice"}', :'signer'), 'UTF8'), :'sender', NULL, NULL, '{"cty": "application/jwt"}')),
  ('signed token, no content type', jwt_auth.jwe_encrypt(convert_to(jwt_auth.jwt_sign('{}', :'signer'), 'UTF8'), :'sender', NULL, NULL)),
  ('signed token, another content type', jwt_auth.jwe_encrypt(convert_to(jwt_auth.jwt_sign('{}', :'signer'), 'UTF8'), :'sender', NULL, NULL, '{"cty": "text/plain"}')),
  ('signed claims of a wrong type', jwt_auth.jwe_encrypt(convert_to(jwt_auth.jws_sign('{"exp": "tomorrow"}', :'signer'), 'UTF8'), :'sender', NULL, NULL, '{"cty": "JWT"}')),
  ('signed, not encrypted', jwt_auth.jwt_sign('{}', :'signer')),
  ('encrypted for another', jwt_auth.jwt_encrypt('{}', :'signer', jwt_auth.jwk_generate('ECDH-ES+A128KW', 'X25519', kid => 'e')::text))) AS t (what, token);
SELECT what, attempt(statement) FROM (VALUES
  ('null claims', format('SELECT jwt_auth.jwt_encrypt(NULL, %L, %L)', :'signer', :'sender')),
  ('null signing key', format('SELECT jwt_auth.jwt_encrypt(''{}'', NULL, %L)', :'sender')),
  ('null encryption key', format('SELECT jwt_auth.jwt_encrypt(''{}'', %L, NULL)', :'signer')),
  ('claims that are none', format('SELECT jwt_auth.jwt_encrypt(''[]'', %L, %L)', :'signer', :'sender')),
  ('claim of a wrong type', format('SELECT jwt_auth.jwt_encrypt(''{"exp": "x"}'', %L, %L)', :'signer', :'sender')),
  ('another content type', format('SELECT jwt_auth.jwt_encrypt(''{}'', %L, %L, header => ''{"cty": "x"}'')', :'signer', :'sender')),
  ('keys the wrong way round', format('SELECT jwt_auth.jwt_encrypt(''{}'', %L, %L)', :'sender', :'signer')),
  ('null token', format('SELECT jwt_auth.jwt_decrypt(NULL, %L, %L)', :'reader', :'verifier')),
  ('null decryption key', format('SELECT jwt_auth.jwt_decrypt(%L, NULL, %L)', :'nested', :'verifier')),
  ('null verification key', format('SELECT jwt_auth.jwt_decrypt(%L, %L, NULL)', :'nested', :'reader')),
  ('unknown algorithm of the key', format('SELECT jwt_auth.jwt_decrypt(%L, %L, %L, key_algorithms => ''{ES256}'')', :'nested', :'reader', :'verifier')),
  ('unknown algorithm of the signature', format('SELECT jwt_auth.jwt_decrypt(%L, %L, %L, algorithms => ''{A256KW}'')', :'nested', :'reader', :'verifier'))
  ) AS t (what, statement);

\echo == not for everybody: no rows
SELECT oid::regprocedure FROM pg_proc
 WHERE pronamespace = 'jwt_auth'::regnamespace AND proname IN ('jws_sign', 'jws_verify', 'jwe_encrypt', 'jwe_decrypt', 'jwt_encrypt', 'jwt_decrypt')
   AND (has_function_privilege('public', oid, 'EXECUTE') OR provolatile <> 'v' OR proparallel <> 's' OR proisstrict);

DROP FUNCTION attempt, header_of, with_header, flipped;
