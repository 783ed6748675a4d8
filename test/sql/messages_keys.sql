-- Every message about keys, key sets, the keyring and trusted issuers: the statement that provokes it, SQLSTATE, message, detail and hint.
\set ECHO none
\getenv srcdir PG_ABS_SRCDIR
\set support :srcdir '/support/messages.sql'
\i :support

DELETE FROM jwt_auth.signing_key;
DELETE FROM jwt_auth.trusted_issuer;
-- A PEM text with this body.
CREATE FUNCTION pg_temp.pem(body text, label text DEFAULT 'PUBLIC KEY') RETURNS text LANGUAGE sql AS $$
  SELECT format(E'-----BEGIN %s-----\n%s\n-----END %s-----\n', label, body, label)
$$;
CREATE TEMP TABLE message_key (name text, body text);
INSERT INTO message_key VALUES
('RSASSA-PSS, salt of 64', 'MIIBVjBBBgkqhkiG9w0BAQowNKAPMA0GCWCGSAFlAwQCAQUAoRwwGgYJKoZIhvcNAQEIMA0GCWCGSAFlAwQCAQUAogMCAUADggEPADCCAQoCggEBAMqTCFhaG7ZD3TKomKgrQe+3k9dSSzfeELqU4haGOIzL/4zzD0wuBXxXo0aU/SR+31B9NYjXIOP71RUpWhPCxs8n/hTDolFA1oQ5RGqJFCnnhS6DQl/uB4JH05N7dd+WxU5JWRuBl9vJxpINg/lPiemyTzI2dZUmz7jwNfQOAkIRykfi80v4eszYCDSPCTCyJ4hXcly5577msId6EZx8QURWekiba6n5rqeRM1E7SPeQ2fhEkUtij1mNOP5kXYtTEFDPEPth+lRpHAyFsARYLsgsotorqvftuisEa3x3LdrIyY5NYuu5oo17CMEVK/kpajCY+9oU78kg6o+4ZL6D6BECAwEAAQ=='),
('brainpoolP256r1', 'MFowFAYHKoZIzj0CAQYJKyQDAwIIAQEHA0IABKIRDs9V496KYDgURJ+wBQ8mV/SMVTJAv2gGwqjkHpheW/+RHSACdA53UnOxiyt6S5UqJE0qEaOLYqItvmHoNUs='),
('explicit curve', 'MIIBSzCCAQMGByqGSM49AgEwgfcCAQEwLAYHKoZIzj0BAQIhAP////8AAAABAAAAAAAAAAAAAAAA////////////////MFsEIP////8AAAABAAAAAAAAAAAAAAAA///////////////8BCBaxjXYqjqT57PrvVV2mIa8ZR0GsMxTsPY7zjw+J9JgSwMVAMSdNgiG5wSTamZ44ROdJreBn36QBEEEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9QIhAP////8AAAAA//////////+85vqtpxeehPO5ysL8YyVRAgEBA0IABN7HA4E8HEZmkJhiBwSRAzavh7dmQ2YYWRrMV87M5dx3plqRATUc81Rk6ZYbcx7CmmMNXFMuq+Uks2R4uwESxwY='),
('DSA', 'MIIBvzCCATMGByqGSM44BAEwggEmAoGBAKNhj3Mu8PlvsKu162TSmSdxKHN4ey7pKTe8W3Q6gbhPndaJd6zlhGeb2L+Lqbw0v3dnzmhj30ZHYweEyhMfVm14FLHivkPmnYLxkkmkBiIMmUr8oFT9OoNRT3vFm+c8ifDVs9Tzp8Xkbf/03hOFsOo+lldHxV1qO6ccaY2Gq1FlAh0A7d/0o0kdMYOsGDsg34fv/oWc0rdfDArXnPJZUQKBgDQiaEbRx+yzBfavC32KGAekAEIvSsa38Magso7VzcU8pev1EMt09A+HHZdPUxLXig9qLlrbyxU+InGEV/vt9k1NJdFeCceTFP03Ezkko8hyqyP/eCwIVOztxKr0CpEJ8GprggXYBSSGPy9Co0Nd5Guk50Ful/CB0WyC8miCGT2zA4GFAAKBgQCed+1y0Uw1bXtfjkUW4psOj4vgM8aFEDSKK78cRvULtmNemzhthNnM39K4VmnzFwyDDRVm272iojnHoqbjRsIVTZ3RnFwVFKTjAFVlUiRIcxssHof5IHTJh37uVuYG6/r99Rsjr2K7ME9ZqMhiYqTkStcbcLWaQ0yCk9grgMEiBQ=='),
('certificate', 'MIIBOjCB7aADAgECAhRCs7hgtKv4wvDrsKms/DE/YZJvJzAFBgMrZXAwEjEQMA4GA1UEAwwHZXhhbXBsZTAgFw0yNjExMjgxMTU1MDVaGA8yMTI2MTEwNDExNTUwNVowEjEQMA4GA1UEAwwHZXhhbXBsZTAqMAUGAytlcAMhAH+CnFiGdMYl+6FMSVjsjWiZC189FBsdZsz78pIKifdUo1MwUTAdBgNVHQ4EFgQUfks10ZioU+ZQbOfnTpugZXjzVqowHwYDVR0jBBgwFoAUfks10ZioU+ZQbOfnTpugZXjzVqowDwYDVR0TAQH/BAUwAwEB/zAFBgMrZXADQQAnQa5wTguqTwMSQ2o6gcO2Mg3/j9pDIq8casLmXMM6ceCEcdg9KVOR3HFS2NfQA1I6n33MuJLz6Q2cQNwsnh8G'),
('encrypted', 'MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAi4AnKi2R64XAICCAAwDAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEFqYAHs4WAsDCKw2/CHn1tkEQGg4+hyiWdo4dUmkJi29WCAHSux+TLFD3Lptri9Cb3j/tgFZ1j9X9cWWRcn7PdcR70nyFlUTmep4irl7YkSkIg4=');
CREATE FUNCTION pg_temp.body(name text) RETURNS text LANGUAGE sql AS $$ SELECT body FROM message_key WHERE message_key.name = $1 $$;
CREATE FUNCTION pg_temp.bytes(hex text) RETURNS text LANGUAGE sql AS $$ SELECT jwt_auth.base64url_encode(decode(hex, 'hex')) $$;
CREATE FUNCTION pg_temp.rsa(n text, e text DEFAULT '010001') RETURNS jsonb LANGUAGE sql AS $$
  SELECT jsonb_build_object('kty', 'RSA', 'n', pg_temp.bytes(n), 'e', pg_temp.bytes(e))
$$;
CREATE FUNCTION pg_temp.use(key jsonb) RETURNS text LANGUAGE sql AS $$ SELECT jwt_auth.jwt_sign('{}', key) $$;
CREATE FUNCTION pg_temp.use(key text) RETURNS text LANGUAGE sql AS $$ SELECT jwt_auth.jwt_sign('{}', key) $$;
CREATE FUNCTION pg_temp.jwks(VARIADIC keys jsonb[]) RETURNS jsonb LANGUAGE sql AS $$ SELECT jsonb_build_object('keys', to_jsonb(keys)) $$;
CREATE FUNCTION pg_temp.made(algorithm text) RETURNS jsonb LANGUAGE sql AS $$ SELECT jwt_auth.jwk_generate(algorithm) $$;

INSERT INTO message_case (name, statement) VALUES
-- What is not a key.
('a short secret', $$SELECT pg_temp.use('secret')$$),
('a URL in place of a key set', $$SELECT pg_temp.use('https://example.com/.well-known/jwks.json')$$),
('an SSH key', $$SELECT pg_temp.use('ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample ann@example.com')$$),
('JSON that is no key', $$SELECT pg_temp.use('[{"kty":"oct"}]')$$),
('an array with something in front', $$SELECT pg_temp.use('key=[]')$$),
('an object that is no key, with something in front', $$SELECT pg_temp.use('key={"a":"AAAA"}')$$),
('an object in quotes', $$SELECT pg_temp.use('"{"a":"b"}"')$$),
('an array that holds no key', $$SELECT pg_temp.use('["https://example.com"]')$$),
('JSON with something in front', $$SELECT pg_temp.use('key={"kty":"oct","k":"AAAA"}')$$),
('broken JSON', $$SELECT pg_temp.use('{"kty":')$$),
('an array of type jsonb', $$SELECT pg_temp.use('[]'::jsonb)$$),
('PEM as bytes', $$SELECT jwt_auth.jwt_sign('{}', convert_to(jwt_auth.jwk_to_pem(pg_temp.made('ES256')), 'UTF8'))$$),
('a JWK as bytes', $$SELECT jwt_auth.jwt_sign('{}', convert_to(pg_temp.made('ES256')::text, 'UTF8'))$$),
('DER as bytes', $$SELECT jwt_auth.jwt_sign('{}', decode(pg_temp.body('RSASSA-PSS, salt of 64'), 'base64'))$$),
('base64 of DER', $$SELECT pg_temp.use(pg_temp.body('RSASSA-PSS, salt of 64'))$$),
('base64 of PEM', $$SELECT pg_temp.use(encode(convert_to(jwt_auth.jwk_to_pem(pg_temp.made('ES256')), 'UTF8'), 'base64'))$$),
('base64 of a JWK', $$SELECT pg_temp.use(encode(convert_to(pg_temp.made('ES256')::text, 'UTF8'), 'base64'))$$),
('a key that is too long', $$SELECT pg_temp.use(repeat('a', 20000000))$$),
('bytes that are too long', $$SELECT jwt_auth.jwt_sign('{}', convert_to(repeat('a', 20000000), 'UTF8'))$$),
('no key', $$SELECT jwt_auth.jwt_sign('{}', NULL::text)$$),
-- PEM.
('literal \n in place of line breaks', $$SELECT pg_temp.use(replace(pg_temp.pem(pg_temp.body('certificate'), 'CERTIFICATE'), E'\n', '\n'))$$),
('PEM on one line', $$SELECT pg_temp.use(replace(pg_temp.pem(pg_temp.body('certificate'), 'CERTIFICATE'), E'\n', ' '))$$),
('an encrypted PEM', $$SELECT pg_temp.use(pg_temp.pem(pg_temp.body('encrypted'), 'ENCRYPTED PRIVATE KEY'))$$),
('an encrypted PEM of the old form', $$SELECT pg_temp.use(pg_temp.pem(E'Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA', 'RSA PRIVATE KEY'))$$),
('PEM with headers', $$SELECT pg_temp.use(pg_temp.pem(E'Comment: mine\n\nAAAA'))$$),
('PEM with a name in front', $$SELECT pg_temp.use('KEY="' || pg_temp.pem('AAAA'))$$),
('PEM without its end', $$SELECT pg_temp.use(E'-----BEGIN PUBLIC KEY-----\nAAAA\n')$$),
('PEM that only begins', $$SELECT pg_temp.use('-----BEGIN')$$),
('PEM that is not base64', $$SELECT pg_temp.use(pg_temp.pem('????'))$$),
('PEM of another kind', $$SELECT pg_temp.use(pg_temp.pem('AAAA', 'OPENSSH PRIVATE KEY'))$$),
('PEM that holds no key', $$SELECT pg_temp.use(pg_temp.pem('AAAA'))$$),
('PEM that holds no certificate', $$SELECT pg_temp.use(pg_temp.pem('AAAA', 'CERTIFICATE'))$$),
('PEM with parameters alone', $$SELECT pg_temp.use(pg_temp.pem('AAAA', 'EC PARAMETERS'))$$),
('PEM with two keys', $$SELECT pg_temp.use(jwt_auth.jwk_to_pem(pg_temp.made('ES256')) || jwt_auth.jwk_to_pem(pg_temp.made('ES256')))$$),
('PEM with a key and another one''s certificate', $$SELECT pg_temp.use(jwt_auth.jwk_to_pem(pg_temp.made('EdDSA')) || pg_temp.pem(pg_temp.body('certificate'), 'CERTIFICATE'))$$),
('PEM that is too long', $$SELECT pg_temp.use('-----BEGIN' || repeat(' ', 65536))$$),
('PEM with too many blocks', $$SELECT pg_temp.use(repeat(pg_temp.pem('AAAA', 'CERTIFICATE'), 65))$$),
('an RSASSA-PSS key with a long salt', $$SELECT jwt_auth.jwk_from_pem(pg_temp.pem(pg_temp.body('RSASSA-PSS, salt of 64')))$$),
('a curve that JWK does not have', $$SELECT pg_temp.use(pg_temp.pem(pg_temp.body('brainpoolP256r1')))$$),
('a curve by its parameters', $$SELECT pg_temp.use(pg_temp.pem(pg_temp.body('explicit curve')))$$),
('a DSA key', $$SELECT pg_temp.use(pg_temp.pem(pg_temp.body('DSA')))$$),
('another algorithm for a key from PEM', $$SELECT jwt_auth.jwk_from_pem(jwt_auth.jwk_to_pem(pg_temp.made('ES256')), algorithm => 'RS256')$$),
('an unknown algorithm for a key from PEM', $$SELECT jwt_auth.jwk_from_pem(jwt_auth.jwk_to_pem(pg_temp.made('ES256')), algorithm => 'ES265')$$),
-- JWK.
('no kty', $$SELECT pg_temp.use('{"k":"AAAA"}'::jsonb)$$),
('kty of a wrong type', $$SELECT pg_temp.use('{"kty":1}'::jsonb)$$),
('an unknown kty', $$SELECT pg_temp.use('{"kty":"rsa"}'::jsonb)$$),
('a thumbprint without kty', $$SELECT jwt_auth.jwk_thumbprint('{"k":"AAAA"}')$$),
('a thumbprint of an unknown kty', $$SELECT jwt_auth.jwk_thumbprint('{"kty":"rsa"}')$$),
('a thumbprint without a member', $$SELECT jwt_auth.jwk_thumbprint('{"kty":"EC"}')$$),
('a thumbprint of an array', $$SELECT jwt_auth.jwk_thumbprint('[]')$$),
('kid of a wrong type', $$SELECT pg_temp.use(pg_temp.made('ES256') || '{"kid":1}')$$),
('alg of a wrong type', $$SELECT pg_temp.use(pg_temp.made('ES256') || '{"alg":1}')$$),
('an unknown alg', $$SELECT pg_temp.use(pg_temp.made('ES256') || '{"alg":"ES265"}')$$),
('alg of another kind of key', $$SELECT pg_temp.use(pg_temp.made('ES256') || '{"alg":"RS256"}')$$),
('a secret shorter than its alg', $$SELECT pg_temp.use('{"kty":"oct","k":"AAAA","alg":"HS256"}'::jsonb)$$),
('a secret without alg that is short', $$SELECT pg_temp.use('{"kty":"oct","k":"AAAA"}'::jsonb)$$),
('use of a wrong type', $$SELECT pg_temp.use(pg_temp.made('ES256') || '{"use":1}')$$),
('an unknown use', $$SELECT pg_temp.use(pg_temp.made('ES256') || '{"use":"signature"}')$$),
('key_ops of a wrong type', $$SELECT pg_temp.use(pg_temp.made('ES256') || '{"key_ops":"sign"}')$$),
('key_ops that is too long', $$SELECT pg_temp.use(pg_temp.made('ES256') || jsonb_build_object('key_ops', array_fill('a'::text, ARRAY[65])))$$),
('key_ops with a number', $$SELECT pg_temp.use(pg_temp.made('ES256') || '{"key_ops":[1]}')$$),
('key_ops twice the same', $$SELECT pg_temp.use(pg_temp.made('ES256') || '{"key_ops":["sign","sign"]}')$$),
('key_ops against use', $$SELECT pg_temp.use(pg_temp.made('ES256') || '{"use":"sig","key_ops":["encrypt"]}')$$),
('k that is not base64url', $$SELECT pg_temp.use('{"kty":"oct","k":"="}'::jsonb)$$),
('a private RSA key without its CRT numbers', $$SELECT pg_temp.use(pg_temp.made('RS256') - '{p,q,dp,dq,qi}'::text[])$$),
('an RSA key without one of its numbers', $$SELECT pg_temp.use(pg_temp.made('RS256') - 'qi')$$),
('an RSA key with more primes', $$SELECT pg_temp.use(pg_temp.made('RS256') || '{"oth":[]}')$$),
('an RSA number with a leading zero', $$SELECT pg_temp.use(pg_temp.rsa('00' || repeat('ff', 256)))$$),
('an RSA key that is too long', $$SELECT pg_temp.use(pg_temp.rsa(repeat('ff', 2049)))$$),
('an RSA key that is too short', $$SELECT pg_temp.use(pg_temp.rsa(repeat('ff', 128)))$$),
('an even RSA modulus', $$SELECT pg_temp.use(pg_temp.rsa(repeat('fe', 256)))$$),
('an RSA exponent of 1', $$SELECT pg_temp.use(pg_temp.rsa(repeat('ff', 256), '01'))$$),
('a long RSA exponent', $$SELECT pg_temp.use(pg_temp.rsa(repeat('ff', 256), repeat('ff', 9)))$$),
('an RSA exponent longer than the modulus', $$SELECT pg_temp.use(pg_temp.rsa(repeat('ff', 256), repeat('ff', 257)))$$),
('an RSA key of two keys', $$SELECT pg_temp.use(pg_temp.made('RS256') || jsonb_build_object('n', pg_temp.bytes(repeat('ff', 256))))$$),
('crv of a wrong type', $$SELECT pg_temp.use('{"kty":"EC","crv":1}'::jsonb)$$),
('an unknown crv', $$SELECT pg_temp.use('{"kty":"EC","crv":"P-224"}'::jsonb)$$),
('no x', $$SELECT pg_temp.use(pg_temp.made('ES256') - 'x')$$),
('no y', $$SELECT pg_temp.use(pg_temp.made('ES256') - 'y')$$),
('a short x', $$SELECT pg_temp.use(pg_temp.made('ES256') || '{"x":"AAAA"}')$$),
('d that is not base64url', $$SELECT pg_temp.use(pg_temp.made('ES256') || '{"d":"="}')$$),
('a short d', $$SELECT pg_temp.use(pg_temp.made('ES256') || '{"d":"AAAA"}')$$),
('a point that is not on its curve', $$SELECT pg_temp.use(pg_temp.made('ES256') || jsonb_build_object('y', pg_temp.bytes(repeat('00', 32))))$$),
('a short OKP key', $$SELECT pg_temp.use(pg_temp.made('EdDSA') || '{"x":"AAAA"}')$$),
('an Ed25519 point that is not on its curve', $$SELECT pg_temp.use(pg_temp.made('EdDSA') || jsonb_build_object('x', pg_temp.bytes('02' || repeat('00', 31))))$$),
('an Ed25519 point of small order', $$SELECT pg_temp.use(pg_temp.made('EdDSA') || jsonb_build_object('x', pg_temp.bytes('01' || repeat('00', 31))))$$),
('ML-DSA without its alg', $$SELECT pg_temp.use('{"kty":"AKP","alg":"ES256"}'::jsonb)$$),
('ML-DSA without its key', $$SELECT pg_temp.use('{"kty":"AKP","alg":"ML-DSA-44"}'::jsonb)$$),
('ML-DSA with a seed that is not base64url', $$SELECT pg_temp.use('{"kty":"AKP","alg":"ML-DSA-44","pub":"AAAA","priv":"="}'::jsonb)$$),
('the public part of a secret', $$SELECT jwt_auth.jwk_public(pg_temp.made('HS256'))$$),
('PEM of a secret', $$SELECT jwt_auth.jwk_to_pem(pg_temp.made('HS256'))$$),
-- Sets.
('a single JWK in place of a set', $$SELECT jwt_auth.trust_issuer('them', jwt_auth.jwk_public(pg_temp.made('ES256')))$$),
('keys of a wrong type', $$SELECT pg_temp.use('{"keys":{}}'::jsonb)$$),
('a set of too many keys', $$SELECT pg_temp.use(jsonb_build_object('keys', array_fill(1, ARRAY[257])))$$),
('a set that is also a key', $$SELECT pg_temp.use(pg_temp.made('ES256') || '{"keys":[]}')$$),
('a set with nothing in it', $$SELECT pg_temp.use('{"keys":[]}'::jsonb)$$),
('a set with nothing usable', $$SELECT pg_temp.use(pg_temp.jwks('1', '{"kty":"rsa","kid":"of a new kind"}', pg_temp.made('ES256') || '{"kid":"half","x":"AAAA"}'))$$),
('two keys of one kid', $$SELECT pg_temp.use(pg_temp.jwks(pg_temp.made('ES256') || '{"kid":"a"}', pg_temp.made('ES256') || '{"kid":"a"}'))$$),
-- Keys made.
('an unknown algorithm to make a key for', $$SELECT jwt_auth.jwk_generate('ES265')$$),
('dir', $$SELECT jwt_auth.jwk_generate('dir')$$),
('another curve', $$SELECT jwt_auth.jwk_generate('ES256', curve => 'P-384')$$),
('a short RSA key', $$SELECT jwt_auth.jwk_generate('RS256', rsa_bits => 1024)$$),
-- The keyring.
('an unknown algorithm for a signing key', $$SELECT jwt_auth.create_signing_key('ES265')$$),
('an algorithm that does not sign', $$SELECT jwt_auth.create_signing_key('A256KW')$$),
('a second active key', $$SELECT jwt_auth.create_signing_key() FROM generate_series(1, 2)$$),
('nothing to rotate', $$SELECT jwt_auth.rotate_signing_key()$$),
('an unknown algorithm to rotate to', $$SELECT jwt_auth.rotate_signing_key('ES265')$$),
('a pending key of another algorithm', $$SELECT jwt_auth.create_signing_key(), jwt_auth.create_signing_key('EdDSA', false), jwt_auth.rotate_signing_key('RS256')$$),
('no such key to retire', $$SELECT jwt_auth.retire_signing_key('a kid')$$),
('nothing to sign with', $$SELECT jwt_auth.jwt_sign('{}')$$),
('nothing to seal with', $$SELECT jwt_auth.seal_signing_keys()$$),
('a bare secret to import', $$SELECT jwt_auth.import_signing_key(repeat('secret', 8))$$),
('broken JSON to import', $$SELECT jwt_auth.import_signing_key('{')$$),
('a set to import', $$SELECT jwt_auth.import_signing_key(pg_temp.jwks(pg_temp.made('ES256'))::text)$$),
('a public key to import', $$SELECT jwt_auth.import_signing_key(jwt_auth.jwk_public(pg_temp.made('ES256'))::text)$$),
('a key to import that does not sign', $$SELECT jwt_auth.import_signing_key(pg_temp.made('A256KW')::text)$$),
('an empty kid to import', $$SELECT jwt_auth.import_signing_key((pg_temp.made('ES256') || '{"kid":""}')::text)$$),
('a key to import twice', $$SELECT jwt_auth.import_signing_key((pg_temp.made('ES256') || '{"kid":"a"}')::text) FROM generate_series(1, 2)$$),
('a URL to import', $$SELECT jwt_auth.import_signing_key('https://example.com/key.pem')$$),
('a secret to import for another kind of key', $$SELECT jwt_auth.import_signing_secret(convert_to(repeat('secret', 8), 'UTF8'), 'ES256')$$),
('a short secret to import', $$SELECT jwt_auth.import_signing_secret('secret')$$),
('PEM to import as a secret', $$SELECT jwt_auth.import_signing_secret(convert_to(jwt_auth.jwk_to_pem(pg_temp.made('ES256')), 'UTF8'))$$),
('a file that is not there', $$SELECT jwt_auth.import_signing_key_from_file('no such file')$$),
('a directory', $$SELECT jwt_auth.import_signing_key_from_file('.')$$),
('a path that is too long', $$SELECT jwt_auth.import_signing_key_from_file(repeat('a', 5000))$$),
('a key in place of its path', $$SELECT jwt_auth.import_signing_key_from_file('{"kty":"oct"}')$$),
('a file that is too large', $$SELECT jwt_auth.import_signing_key_from_file(pg_relation_filepath('pg_proc'))$$),
('no right to read files', $$CREATE ROLE regress_message; GRANT EXECUTE ON FUNCTION jwt_auth.import_signing_key_from_file TO regress_message; SET ROLE regress_message; SELECT jwt_auth.import_signing_key_from_file('postgresql.conf')$$),
('a hint for versions before 2.0', $$SELECT jwt_auth.private_jwk_in_transit()$$),
('a trigger function that is called', $$SELECT jwt_auth.keyring_changed()$$),
('a private key that is no key', $$SELECT jwt_auth.create_signing_key(); UPDATE jwt_auth.signing_key SET private_jwk = '{}'; SELECT jwt_auth.jwt_sign('{}')$$),
('a private key that is not JSON', $$SELECT jwt_auth.create_signing_key(); UPDATE jwt_auth.signing_key SET private_jwk = '{'; SELECT jwt_auth.jwt_sign('{}')$$),
('a private key of another row', $$SELECT jwt_auth.create_signing_key(); UPDATE jwt_auth.signing_key SET private_jwk = pg_temp.made('ES256'); SELECT jwt_auth.jwt_sign('{}')$$),
('a private key that is gone', $$SELECT jwt_auth.create_signing_key(); UPDATE jwt_auth.signing_key SET private_jwk = NULL; SELECT jwt_auth.jwt_sign('{}')$$),
('a sealed key without the file', $$SELECT jwt_auth.create_signing_key(); UPDATE jwt_auth.signing_key SET private_jwk = 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA'; SELECT jwt_auth.jwt_sign('{}')$$),
('a public key of another hand', $$SELECT jwt_auth.create_signing_key(); UPDATE jwt_auth.signing_key SET public_jwk = '{}'; SELECT jwt_auth.jwt_sign('{}')$$),
('a public key that is no key', $$SELECT jwt_auth.create_signing_key(); UPDATE jwt_auth.signing_key SET public_jwk = '[]'; SELECT jwt_auth.rotate_signing_key()$$),
-- Trusted issuers.
('an issuer without a name', $$SELECT jwt_auth.trust_issuer('', '{"keys":[]}')$$),
('an issuer with a long name', $$SELECT jwt_auth.trust_issuer(repeat('a', 5000), '{"keys":[]}')$$),
('the issuer that we are', $$SET LOCAL jwt_auth.issuer = 'us'; SELECT jwt_auth.trust_issuer('us', '{"keys":[]}')$$),
('a URL in place of an issuer''s key set', $$SELECT jwt_auth.trust_issuer('them', '"https://example.com/jwks.json"')$$),
('an object that is no set', $$SELECT jwt_auth.trust_issuer('them', '{"jwks_uri":"https://example.com/jwks.json"}')$$),
('an issuer''s set with keys of a wrong type', $$SELECT jwt_auth.trust_issuer('them', '{"keys":{}}')$$),
('an issuer''s set of too many keys', $$SELECT jwt_auth.trust_issuer('them', jsonb_build_object('keys', array_fill(1, ARRAY[257])))$$),
('an issuer''s set with nothing in it', $$SELECT jwt_auth.trust_issuer('them', '{"keys":[]}')$$),
('an issuer''s set with nothing usable', $$SELECT jwt_auth.trust_issuer('them', pg_temp.jwks('1', '{"kty":"rsa","kid":"of a new kind"}', jwt_auth.jwk_public(pg_temp.made('ECDH-ES') || '{"kid":"enc"}')))$$),
('an issuer''s private key', $$SELECT jwt_auth.trust_issuer('them', pg_temp.jwks(pg_temp.made('ES256')))$$),
('no audiences', $$SELECT jwt_auth.trust_issuer('them', '{"keys":[]}', audiences => '{}')$$),
('an empty audience', $$SELECT jwt_auth.trust_issuer('them', '{"keys":[]}', audiences => '{""}')$$),
('an audience twice', $$SELECT jwt_auth.trust_issuer('them', '{"keys":[]}', audience => 'a', audiences => '{b}')$$),
('a role for all', $$SELECT jwt_auth.trust_issuer('them', '{"keys":[]}', roles => '{*}')$$),
('unknown subjects', $$SELECT jwt_auth.trust_issuer('them', '{"keys":[]}', subjects => 'mine')$$);

SELECT format(E'-- %s\n%s\n%s\n', name, statement, pg_temp.said(statement)) FROM message_case ORDER BY place;
-- Notices and warnings.
\set VERBOSITY default
\echo '-- a set of which not all keys can be used'
BEGIN;
SELECT jwt_auth.trust_issuer('them', pg_temp.jwks(jwt_auth.jwk_public(pg_temp.made('ES256')), '1', '{"kty":"rsa","kid":"of a new kind"}', jwt_auth.jwk_public(pg_temp.made('ECDH-ES') || '{"kid":"enc"}')));
ROLLBACK;
\echo -- an imported key that is rotated
BEGIN;
SELECT jwt_auth.import_signing_key((pg_temp.made('ES256') || '{"kid":"imported"}')::text);
SELECT jwt_auth.rotate_signing_key() IS NOT NULL;
ROLLBACK;
\echo -- no key to publish
SELECT jwt_auth.pre_config();
\echo -- a key that cannot be published
BEGIN;
SELECT jwt_auth.create_signing_key('HS256') IS NOT NULL;
SELECT jwt_auth.pre_config();
ROLLBACK;
\echo -- a key of an algorithm that not each PostgREST knows
BEGIN;
SELECT jwt_auth.create_signing_key('PS256') IS NOT NULL;
SELECT jwt_auth.pre_config();
ROLLBACK;
