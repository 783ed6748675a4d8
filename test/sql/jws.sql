-- Signatures over any payload.
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
\set secret 'an HMAC secret of sixty-four bytes, which suits each hash there is'

\echo == RFC 7515 A.1, and its header as it stands there
SELECT convert_from(jwt_auth.jws_verify('eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
  '{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}'), 'UTF8');

\echo == what was signed comes out, whatever it is
SELECT jwt_auth.jws_sign('Hello', :'secret');
SELECT convert_from(jwt_auth.jws_verify(jwt_auth.jws_sign('Hello', :'secret'), :'secret'), 'UTF8');
SELECT length(payload), jwt_auth.jws_verify(jwt_auth.jws_sign(payload, :'secret'), :'secret') = payload AS same
  FROM (VALUES (''::bytea), ('\x00'), ('\x00ff00'), (convert_to('not {json', 'UTF8')), (decode(repeat('ab', 100000), 'hex'))) AS p (payload);
SELECT jwt_auth.jws_verify(jwt_auth.jws_sign('x', '\x00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff'::bytea),
                           '\x00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff'::bytea);

\echo == every algorithm, with the public key where there is one
SELECT alg, jwt_auth.jws_verify(jwt_auth.jws_sign('\x0102', key::text),
                                CASE WHEN key ->> 'kty' = 'oct' THEN key ELSE jwt_auth.jwk_public(key) END::text, ARRAY[alg]) AS payload,
       (jwt_auth.jwt_decode_unverified(jwt_auth.jws_sign('{}', key::text))).header = jsonb_build_object('alg', alg, 'kid', key -> 'kid') AS header
  FROM (SELECT alg, jwt_auth.jwk_generate(alg) AS key
          FROM unnest('{HS256,HS384,HS512,RS256,RS384,RS512,PS256,PS384,PS512,ES256,ES384,ES512,ES256K,EdDSA,Ed25519,Ed448}'::text[]) AS alg) AS k;

\echo == claims are not looked at: an expired token is a payload like any other
SELECT convert_from(jwt_auth.jws_verify(jwt_auth.jwt_sign('{"exp": 1}', :'secret'), :'secret'), 'UTF8');

\echo == a header with more in it
SELECT (jwt_auth.jwt_decode_unverified(jwt_auth.jws_sign('{}', :'secret', 'HS512', '{"typ": "x", "kid": "k", "n": 1.50}'))).header;
SELECT h AS header, attempt(format('SELECT jwt_auth.jws_sign(%L, %L, %L, %L)', 'x', :'secret', 'HS256', h))
  FROM unnest(ARRAY['{"alg": "HS512"}', '{"crit": []}', '{"b64": false}', '{"enc": "A128GCM"}', '{"kid": 1}', '[]', '"x"', 'null']) AS h;

\echo == refusals
SELECT jwt_auth.jws_sign('Hello', :'secret') AS token \gset
SELECT what, attempt(statement) FROM (VALUES
  ('null payload', format('SELECT jwt_auth.jws_sign(NULL, %L::text)', :'secret')),
  ('null key', 'SELECT jwt_auth.jws_sign(''x'', NULL::text)'),
  ('null bytea key', 'SELECT jwt_auth.jws_sign(''x'', NULL::bytea)'),
  ('empty algorithm', format('SELECT jwt_auth.jws_sign(''x'', %L, '''')', :'secret')),
  ('unknown algorithm', format('SELECT jwt_auth.jws_sign(''x'', %L, ''none'')', :'secret')),
  ('algorithm of another kind', format('SELECT jwt_auth.jws_sign(''x'', %L, ''RS256'')', :'secret')),
  ('short secret', 'SELECT jwt_auth.jws_sign(''x'', ''short'')'),
  ('short bytea secret', 'SELECT jwt_auth.jws_sign(''x'', ''\x00''::bytea)'),
  ('public key', format('SELECT jwt_auth.jws_sign(''x'', %L)', jwt_auth.jwk_public(jwt_auth.jwk_generate('ES256')))),
  ('key for encryption', format('SELECT jwt_auth.jws_sign(''x'', %L)', jwt_auth.jwk_generate('A256KW'))),
  ('null token', format('SELECT jwt_auth.jws_verify(NULL, %L::text)', :'secret')),
  ('null key to verify', format('SELECT jwt_auth.jws_verify(%L, NULL::text)', :'token')),
  ('null in algorithms', format('SELECT jwt_auth.jws_verify(%L, %L, ARRAY[NULL])', :'token', :'secret')),
  ('empty algorithms', format('SELECT jwt_auth.jws_verify(%L, %L, ''{}'')', :'token', :'secret')),
  ('unknown algorithms', format('SELECT jwt_auth.jws_verify(%L, %L, ''{HS256,none}'')', :'token', :'secret')),
  ('algorithm not in the list', format('SELECT jwt_auth.jws_verify(%L, %L, ''{HS512}'')', :'token', :'secret')),
  ('another secret', format('SELECT jwt_auth.jws_verify(%L, %L)', :'token', reverse(:'secret'))),
  ('another payload', format('SELECT jwt_auth.jws_verify(%L, %L)', overlay(:'token' placing 'x' from 24), :'secret')),
  ('no token', format('SELECT jwt_auth.jws_verify(''x'', %L)', :'secret')),
  ('an encrypted token', format('SELECT jwt_auth.jws_verify(%L, %L)',
                                jwt_auth.jwe_encrypt('x', repeat('k', 32), 'A256KW', 'A128GCM'), repeat('k', 32)))
  ) AS t (what, statement);

\echo == too large to be verified here is not made here
SET jwt_auth.max_token_size = '1kB';
SELECT attempt(format('SELECT length(jwt_auth.jws_sign(%L, %L))', repeat('x', 600), :'secret')),
       attempt(format('SELECT jwt_auth.jws_sign(%L, %L)', repeat('x', 1000), :'secret')),
       attempt(format('SELECT jwt_auth.jws_sign(%L, %L)', repeat('x', 2000), :'secret')),
       attempt(format('SELECT jwt_auth.jws_verify(%L, %L)', repeat('x', 2000), :'secret'));
RESET jwt_auth.max_token_size;

\echo == claims of any number of members are the jsonb that PostgreSQL makes of the same text, and each is found by its name
SELECT count(*), bool_and(claims = payload::jsonb AND claims::text = payload::jsonb::text) AS same,
       bool_and((SELECT coalesce(bool_and(claims -> key = value), true) FROM jsonb_each(payload::jsonb))) AS found
  FROM (SELECT payload, jwt_auth.jwt_verify(jwt_auth.jws_sign(convert_to(payload, 'UTF8'), :'secret'), :'secret') AS claims
          FROM (SELECT '{' || coalesce(string_agg(format('"%s": %s', chr(97 + i * 7 % 26) || repeat(CASE i % 3 WHEN 0 THEN 'ü' ELSE 'x' END, i / 26),
                                                          CASE i % 6 WHEN 0 THEN '"text"' WHEN 1 THEN i || '.50' WHEN 2 THEN 'null' WHEN 3 THEN 'false' WHEN 4 THEN i::text
                                                            ELSE CASE n % 2 WHEN 0 THEN '{"z": [], "a": [1, {}]}' ELSE '"\n"' END END), ', ' ORDER BY i), '') || '}' AS payload
                  FROM generate_series(0, 70) AS n LEFT JOIN generate_series(1, 70) AS i ON i <= n GROUP BY n) AS p) AS c;

DROP FUNCTION attempt;
