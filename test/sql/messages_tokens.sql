-- Every message about signed and encrypted tokens: the statement that provokes it, SQLSTATE, message, detail and hint.
\set ECHO none
\getenv srcdir PG_ABS_SRCDIR
\set support :srcdir '/support/messages.sql'
\i :support
-- For functions that answer a refusal in a row.
CREATE FUNCTION pg_temp.raised(code text, message text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = code, MESSAGE = message;
END $$;

DELETE FROM jwt_auth.signing_key;
SELECT jwt_auth.create_signing_key('ES256') IS NOT NULL;
-- A token whose parts are these texts; its signature is none.
CREATE FUNCTION pg_temp.token(header text, payload text DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
  SELECT jwt_auth.base64url_encode(convert_to(header, 'UTF8')) || '.' || jwt_auth.base64url_encode(convert_to(payload, 'UTF8')) || '.AAAA'
$$;
CREATE FUNCTION pg_temp.secret() RETURNS text LANGUAGE sql AS $$ SELECT repeat('example ', 8) $$;
-- A token that verifies, whatever its payload is.
CREATE FUNCTION pg_temp.signed(payload text, header jsonb DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
  SELECT jwt_auth.jws_sign(convert_to(payload, 'UTF8'), pg_temp.secret(), header => header)
$$;
CREATE FUNCTION pg_temp.verify(token text) RETURNS jsonb LANGUAGE sql AS $$ SELECT jwt_auth.jwt_verify(token, pg_temp.secret()) $$;
CREATE TEMP TABLE message_key AS SELECT name, jwt_auth.jwk_generate(name, kid => lower(name)) AS jwk
FROM unnest('{ES256,RS256,HS256,EdDSA,ECDH-ES,A256KW,A256GCMKW,A256GCM,RSA-OAEP}'::text[]) AS name;
CREATE FUNCTION pg_temp.key(name text) RETURNS jsonb LANGUAGE sql AS $$
  SELECT jwk FROM message_key WHERE message_key.name = $1
$$;
-- A JWE for one of those keys whose header is another.
CREATE FUNCTION pg_temp.encrypted(header text, parts text DEFAULT '.AAAA.AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA') RETURNS text
LANGUAGE sql AS $$ SELECT jwt_auth.base64url_encode(convert_to(header, 'UTF8')) || parts $$;
CREATE FUNCTION pg_temp.decrypt(token text, name text) RETURNS bytea LANGUAGE sql AS $$ SELECT jwt_auth.jwe_decrypt(token, pg_temp.key(name)) $$;

INSERT INTO message_case (name, statement) VALUES
-- The form of a token.
('an Authorization header in place of its token', $$SELECT pg_temp.verify('Bearer ' || pg_temp.signed('{}'))$$),
('the same for an encrypted one', $$SELECT jwt_auth.jwe_decrypt('bearer ' || pg_temp.encrypted('{}'), pg_temp.key('A256KW'))$$),
('quotes', $$SELECT pg_temp.verify('"' || pg_temp.signed('{}') || '"')$$),
('a line break', $$SELECT pg_temp.verify(pg_temp.signed('{}') || chr(10))$$),
('no token', $$SELECT pg_temp.verify('')$$),
('NULL', $$SELECT pg_temp.verify(NULL)$$),
('two parts', $$SELECT pg_temp.verify('a.b')$$),
('four parts', $$SELECT pg_temp.verify('a.b.c.d')$$),
('a refresh token in place of an access token', $$SELECT jwt_auth.jwt_verify((jwt_auth.issue_refresh_session('ann')).refresh_token)$$),
('the same with a key', $$SELECT pg_temp.verify((jwt_auth.issue_refresh_session('ann')).refresh_token)$$),
('an API key in place of an access token', $$SELECT jwt_auth.jwt_verify((jwt_auth.create_api_key('ann', 'a key')).api_key)$$),
('an encrypted token to verify', $$SELECT pg_temp.verify(pg_temp.encrypted('{}'))$$),
('a header with enc in a signed token', $$SELECT pg_temp.verify(pg_temp.token('{"alg":"dir","enc":"A256GCM"}'))$$),
('a signed token to decrypt', $$SELECT pg_temp.decrypt(pg_temp.signed('{}'), 'A256KW')$$),
('six parts to decrypt', $$SELECT pg_temp.decrypt('a.b.c.d.e.f', 'A256KW')$$),
('too long', $$SET LOCAL jwt_auth.max_token_size = 1024; SELECT pg_temp.verify(repeat('a', 1025))$$),
('standard base64', $$SELECT pg_temp.verify('e30.e30=.AA+A')$$),
('base64url of an impossible length', $$SELECT pg_temp.verify('e30.e.AAAA')$$),
('base64url with stray bits', $$SELECT pg_temp.verify('e30.e31.AAAA')$$),
('base64url_decode', $$SELECT jwt_auth.base64url_decode('AA==')$$),
-- JSON.
('a header that is not JSON', $$SELECT pg_temp.verify(pg_temp.token('{alg: HS256}'))$$),
('a header that is an array', $$SELECT pg_temp.verify(pg_temp.token('[]'))$$),
('a member twice', $$SELECT pg_temp.verify(pg_temp.token('{"alg":"HS256","alg":"none"}'))$$),
('a byte order mark', $$SELECT pg_temp.verify(pg_temp.token(chr(65279) || '{"alg":"HS256"}'))$$),
('a NUL byte', $$SELECT pg_temp.verify(jwt_auth.base64url_encode('\x7b7d00') || '.e30.AAAA')$$),
('an escaped NUL', $$SELECT pg_temp.verify(pg_temp.signed('{"a":"\u0000"}'))$$),
('a number that jsonb cannot hold', $$SELECT pg_temp.verify(pg_temp.signed('{"a":1e999999}'))$$),
('JSON that is too deep', $$SELECT pg_temp.verify(pg_temp.signed(repeat('[', 200) || repeat(']', 200)))$$),
('claims that are too deep', $$SELECT jwt_auth.jwt_sign((repeat('{"a":', 200) || '1' || repeat('}', 200))::jsonb, pg_temp.secret())$$),
-- The header.
('no alg', $$SELECT pg_temp.verify(pg_temp.token('{}'))$$),
('alg none', $$SELECT pg_temp.verify(pg_temp.token('{"alg":"none"}'))$$),
('crit', $$SELECT pg_temp.verify(pg_temp.token('{"alg":"HS256","crit":["exp"]}'))$$),
('b64', $$SELECT pg_temp.verify(pg_temp.token('{"alg":"HS256","b64":false}'))$$),
('alg of a wrong type', $$SELECT pg_temp.verify(pg_temp.token('{"alg":1}'))$$),
('kid of a wrong type', $$SELECT pg_temp.verify(pg_temp.token('{"alg":"HS256","kid":null}'))$$),
('typ of a wrong type', $$SELECT pg_temp.verify(pg_temp.token('{"alg":"HS256","typ":{}}'))$$),
('cty of a wrong type', $$SELECT pg_temp.verify(pg_temp.token('{"alg":"HS256","cty":[]}'))$$),
('jku of a wrong type', $$SELECT pg_temp.verify(pg_temp.token('{"alg":"HS256","jku":1}'))$$),
('x5u of a wrong type', $$SELECT pg_temp.verify(pg_temp.token('{"alg":"HS256","x5u":1}'))$$),
('x5t of a wrong type', $$SELECT pg_temp.verify(pg_temp.token('{"alg":"HS256","x5t":1}'))$$),
('x5t#S256 of a wrong type', $$SELECT pg_temp.verify(pg_temp.token('{"alg":"HS256","x5t#S256":1}'))$$),
('jwk of a wrong type', $$SELECT pg_temp.verify(pg_temp.token('{"alg":"HS256","jwk":"{}"}'))$$),
('x5c of a wrong type', $$SELECT pg_temp.verify(pg_temp.token('{"alg":"HS256","x5c":[1]}'))$$),
-- The key, the algorithm and the signature.
('another secret', $$SELECT jwt_auth.jwt_verify(pg_temp.signed('{}'), repeat('another ', 8))$$),
('an algorithm that the key does not have', $$SELECT jwt_auth.jwt_verify(pg_temp.signed('{}'), pg_temp.key('ES256'))$$),
('an algorithm that the caller does not allow', $$SELECT jwt_auth.jwt_verify(pg_temp.signed('{}'), pg_temp.secret(), algorithms => '{HS512}')$$),
('an unknown algorithm among those allowed', $$SELECT jwt_auth.jwt_verify(pg_temp.signed('{}'), pg_temp.secret(), algorithms => '{HS265}')$$),
('an empty list of algorithms', $$SELECT jwt_auth.jwt_verify(pg_temp.signed('{}'), pg_temp.secret(), algorithms => '{}')$$),
('NULL in the list of algorithms', $$SELECT jwt_auth.jwt_verify(pg_temp.signed('{}'), pg_temp.secret(), algorithms => '{NULL}')$$),
('a kid that the key does not have', $$SELECT jwt_auth.jwt_verify(jwt_auth.jwt_sign('{}', pg_temp.key('ES256') || '{"kid":"other"}'), pg_temp.key('ES256'))$$),
('a kid whose key is not for signatures', $$SELECT jwt_auth.jwt_verify(jwt_auth.jwt_sign('{}', pg_temp.key('ES256') || '{"kid":"rsa-oaep"}'), jsonb_build_object('keys', jsonb_build_array(pg_temp.key('ES256'), pg_temp.key('RSA-OAEP'))))$$),
('no key of the set is for signatures', $$SELECT jwt_auth.jwt_verify(pg_temp.signed('{}'), jsonb_build_object('keys', jsonb_build_array(pg_temp.key('RSA-OAEP'))))$$),
('a key that is not for signatures', $$SELECT jwt_auth.jwt_verify(jwt_auth.jwt_sign('{}', pg_temp.key('ES256') - 'kid'), pg_temp.key('RSA-OAEP'))$$),
('a public key to sign with', $$SELECT jwt_auth.jwt_sign('{}', jwt_auth.jwk_public(pg_temp.key('ES256')))$$),
('an unknown algorithm to sign with', $$SELECT jwt_auth.jwt_sign('{}', pg_temp.secret(), 'HS265')$$),
('an algorithm to sign with that the key does not have', $$SELECT jwt_auth.jwt_sign('{}', pg_temp.secret(), 'RS256')$$),
('a header to sign that is not an object', $$SELECT jwt_auth.jwt_sign('{}', pg_temp.secret(), header => '[]')$$),
('a header to sign with crit', $$SELECT jwt_auth.jwt_sign('{}', pg_temp.secret(), header => '{"crit":["exp"]}')$$),
('a header to sign with another algorithm', $$SELECT jwt_auth.jwt_sign('{}', pg_temp.secret(), header => '{"alg":"HS512"}')$$),
('a header to sign with another kid', $$SELECT jwt_auth.jwt_sign('{}', pg_temp.key('ES256'), header => '{"kid":"other"}')$$),
('a header to sign with typ of a wrong type', $$SELECT jwt_auth.jwt_sign('{}', pg_temp.secret(), header => '{"typ":1}')$$),
-- Claims.
('claims that are not an object', $$SELECT pg_temp.verify(pg_temp.signed('[]'))$$),
('claims to sign that are not an object', $$SELECT jwt_auth.jwt_sign('[]', pg_temp.secret())$$),
('claims to sign with a wrong type', $$SELECT jwt_auth.jwt_sign('{"exp":"tomorrow"}', pg_temp.secret())$$),
('iss', $$SELECT pg_temp.verify(pg_temp.signed('{"iss":1}'))$$),
('sub', $$SELECT pg_temp.verify(pg_temp.signed('{"sub":1}'))$$),
('jti', $$SELECT pg_temp.verify(pg_temp.signed('{"jti":1}'))$$),
('aud', $$SELECT pg_temp.verify(pg_temp.signed('{"aud":[1]}'))$$),
('exp', $$SELECT pg_temp.verify(pg_temp.signed('{"exp":"1"}'))$$),
('nbf', $$SELECT pg_temp.verify(pg_temp.signed('{"nbf":"1"}'))$$),
('iat', $$SELECT pg_temp.verify(pg_temp.signed('{"iat":1e300}'))$$),
('expired', $$SELECT pg_temp.verify(pg_temp.signed('{"exp":1}'))$$),
('not yet valid', $$SELECT pg_temp.verify(pg_temp.signed('{"nbf":32503680000}'))$$),
('issued in the future', $$SELECT pg_temp.verify(pg_temp.signed('{"iat":32503680000}'))$$),
('another issuer', $$SELECT jwt_auth.jwt_verify(pg_temp.signed('{"iss":"a"}'), pg_temp.secret(), issuer => 'b')$$),
('no issuer', $$SELECT jwt_auth.jwt_verify(pg_temp.signed('{}'), pg_temp.secret(), issuer => 'b')$$),
('another audience', $$SELECT jwt_auth.jwt_verify(pg_temp.signed('{"aud":"a"}'), pg_temp.secret(), audience => 'b')$$),
('no audience', $$SELECT jwt_auth.jwt_verify(pg_temp.signed('{}'), pg_temp.secret(), audience => 'b')$$),
('an audience that the caller does not name', $$SELECT pg_temp.verify(pg_temp.signed('{"aud":"a"}'))$$),
('another type', $$SELECT jwt_auth.jwt_verify(pg_temp.signed('{}', '{"typ":"mail+jwt"}'), pg_temp.secret(), type => 'at+jwt')$$),
('a negative leeway', $$SELECT jwt_auth.jwt_verify(pg_temp.signed('{}'), pg_temp.secret(), leeway => '-1 second')$$),
-- Encryption.
('crit in a JWE', $$SELECT pg_temp.decrypt(pg_temp.encrypted('{"alg":"A256KW","enc":"A256GCM","crit":["exp"]}'), 'A256KW')$$),
('zip', $$SELECT pg_temp.decrypt(pg_temp.encrypted('{"alg":"A256KW","enc":"A256GCM","zip":"DEF"}'), 'A256KW')$$),
('no enc', $$SELECT pg_temp.decrypt(pg_temp.encrypted('{"alg":"A256KW"}'), 'A256KW')$$),
('enc of a wrong type', $$SELECT pg_temp.decrypt(pg_temp.encrypted('{"alg":"A256KW","enc":1}'), 'A256KW')$$),
('a short IV', $$SELECT pg_temp.decrypt(pg_temp.encrypted('{"alg":"A256KW","enc":"A256GCM"}', '.AAAA.AAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA'), 'A256KW')$$),
('no epk', $$SELECT pg_temp.decrypt(pg_temp.encrypted('{"alg":"ECDH-ES","enc":"A256GCM"}'), 'ECDH-ES')$$),
('apu that is not base64url', $$SELECT pg_temp.decrypt(pg_temp.encrypted('{"alg":"ECDH-ES","enc":"A256GCM","epk":{},"apu":"="}'), 'ECDH-ES')$$),
('no iv of the header', $$SELECT pg_temp.decrypt(pg_temp.encrypted('{"alg":"A256GCMKW","enc":"A256GCM"}'), 'A256GCMKW')$$),
('no tag of the header', $$SELECT pg_temp.decrypt(pg_temp.encrypted('{"alg":"A256GCMKW","enc":"A256GCM","iv":"AAAA"}'), 'A256GCMKW')$$),
('a short iv of the header', $$SELECT pg_temp.decrypt(pg_temp.encrypted('{"alg":"A256GCMKW","enc":"A256GCM","iv":"AAAA","tag":"AAAA"}'), 'A256GCMKW')$$),
('no p2s', $$SELECT jwt_auth.jwe_decrypt(pg_temp.encrypted('{"alg":"PBES2-HS256+A128KW","enc":"A256GCM"}'), 'a password', '{PBES2-HS256+A128KW}')$$),
('a short p2s', $$SELECT jwt_auth.jwe_decrypt(pg_temp.encrypted('{"alg":"PBES2-HS256+A128KW","enc":"A256GCM","p2s":"AAAA"}'), 'a password', '{PBES2-HS256+A128KW}')$$),
('no p2c', $$SELECT jwt_auth.jwe_decrypt(pg_temp.encrypted('{"alg":"PBES2-HS256+A128KW","enc":"A256GCM","p2s":"AAAAAAAAAAAA"}'), 'a password', '{PBES2-HS256+A128KW}')$$),
('a large p2c', $$SELECT jwt_auth.jwe_decrypt(pg_temp.encrypted('{"alg":"PBES2-HS256+A128KW","enc":"A256GCM","p2s":"AAAAAAAAAAAA","p2c":1000001}'), 'a password', '{PBES2-HS256+A128KW}')$$),
('an encrypted key beside a direct one', $$SELECT pg_temp.decrypt(pg_temp.encrypted('{"alg":"dir","enc":"A256GCM"}'), 'A256GCM')$$),
('another key to decrypt', $$SELECT jwt_auth.jwe_decrypt(jwt_auth.jwe_encrypt('a', jwt_auth.jwk_generate('A256KW') - 'kid', NULL, 'A256GCM'), pg_temp.key('A256KW'))$$),
('an algorithm to decrypt that the key does not have', $$SELECT jwt_auth.jwe_decrypt(jwt_auth.jwe_encrypt('a', pg_temp.key('A256KW') - 'kid', NULL, 'A256GCM'), pg_temp.key('RSA-OAEP'))$$),
('an algorithm to decrypt that the caller does not allow', $$SELECT jwt_auth.jwe_decrypt(jwt_auth.jwe_encrypt('a', pg_temp.key('A256KW'), NULL, 'A256GCM'), pg_temp.key('A256KW'), '{dir}')$$),
('an unknown algorithm among those to decrypt', $$SELECT jwt_auth.jwe_decrypt(pg_temp.encrypted('{}'), pg_temp.key('A256KW'), '{RSA1_5}')$$),
('an unknown encryption among those to decrypt', $$SELECT jwt_auth.jwe_decrypt(pg_temp.encrypted('{}'), pg_temp.key('A256KW'), NULL, '{A256}')$$),
('an empty list of encryptions', $$SELECT jwt_auth.jwe_decrypt(pg_temp.encrypted('{}'), pg_temp.key('A256KW'), NULL, '{}')$$),
('a key that is not for decrypting', $$SELECT jwt_auth.jwe_decrypt(jwt_auth.jwe_encrypt('a', pg_temp.key('ECDH-ES') - 'kid', NULL, 'A256GCM'), pg_temp.key('ES256'))$$),
('a kid whose key is not for decrypting', $$SELECT jwt_auth.jwe_decrypt(jwt_auth.jwe_encrypt('a', pg_temp.key('ECDH-ES') || '{"kid":"es256"}', NULL, 'A256GCM'), jsonb_build_object('keys', jsonb_build_array(pg_temp.key('ES256'), pg_temp.key('ECDH-ES'))))$$),
('no key of the set is for decrypting', $$SELECT jwt_auth.jwe_decrypt(jwt_auth.jwe_encrypt('a', pg_temp.key('ECDH-ES') - 'kid', NULL, 'A256GCM'), jsonb_build_object('keys', jsonb_build_array(pg_temp.key('ES256'))))$$),
('a kid that no key to decrypt has', $$SELECT jwt_auth.jwe_decrypt(jwt_auth.jwe_encrypt('a', pg_temp.key('ECDH-ES') || '{"kid":"other"}', NULL, 'A256GCM'), pg_temp.key('ECDH-ES'))$$),
('a key that is not for encrypting', $$SELECT jwt_auth.jwe_encrypt('a', pg_temp.key('ES256'), NULL, 'A256GCM')$$),
('an algorithm to encrypt that the key does not have', $$SELECT jwt_auth.jwe_encrypt('a', pg_temp.key('A256KW'), 'dir', 'A256GCM')$$),
('a password without its algorithm', $$SELECT jwt_auth.jwe_encrypt('a', 'a password', NULL, 'A256GCM')$$),
('an empty password', $$SELECT jwt_auth.jwe_encrypt('a', '', 'PBES2-HS256+A128KW', 'A256GCM')$$),
('an unknown algorithm to encrypt with', $$SELECT jwt_auth.jwe_encrypt('a', pg_temp.key('A256KW'), 'RSA1_5', 'A256GCM')$$),
('an unknown encryption', $$SELECT jwt_auth.jwe_encrypt('a', pg_temp.key('A256KW'), NULL, 'AES')$$),
('a JWE header that is not an object', $$SELECT jwt_auth.jwe_encrypt('a', pg_temp.key('A256KW'), NULL, 'A256GCM', '[]')$$),
('a JWE header with zip', $$SELECT jwt_auth.jwe_encrypt('a', pg_temp.key('A256KW'), NULL, 'A256GCM', '{"zip":"DEF"}')$$),
('a JWE header with enc of a wrong type', $$SELECT jwt_auth.jwe_encrypt('a', pg_temp.key('A256KW'), NULL, 'A256GCM', '{"enc":1}')$$),
('a JWE header with another alg', $$SELECT jwt_auth.jwe_encrypt('a', pg_temp.key('A256KW'), NULL, 'A256GCM', '{"alg":"dir"}')$$),
('a JWE header with apu that is not base64url', $$SELECT jwt_auth.jwe_encrypt('a', pg_temp.key('ECDH-ES'), NULL, 'A256GCM', '{"apu":1}')$$),
('a JWE header with a small p2c', $$SELECT jwt_auth.jwe_encrypt('a', 'a password', 'PBES2-HS256+A128KW', 'A256GCM', '{"p2c":1}')$$),
('an encrypted token that is not one', $$SELECT jwt_auth.jwt_decrypt(jwt_auth.jwe_encrypt('a', pg_temp.key('A256KW'), NULL, 'A256GCM'), pg_temp.key('A256KW'), pg_temp.key('ES256'))$$),
('a token in a row', $$SELECT pg_temp.raised(error_code, error_message) FROM jwt_auth.jwt_try_verify('a', pg_temp.secret())$$);

SELECT format(E'-- %s\n%s\n%s\n', name, statement, pg_temp.said(statement)) FROM message_case ORDER BY place;
