-- Tokens of others: an identity provider, a partner, a machine that signs its own requests.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
SET jwt_auth.issuer = 'https://us.example';
SET jwt_auth.audience = '';
TRUNCATE jwt_auth.signing_key, jwt_auth.trusted_issuer, jwt_auth.auth_event;
SELECT jwt_auth.create_signing_key() IS NOT NULL AS ours;
CREATE FUNCTION jwks_of(VARIADIC keys jsonb[]) RETURNS jsonb LANGUAGE sql AS
  $$ SELECT jsonb_build_object('keys', jsonb_agg(jwt_auth.jwk_public(k))) FROM unnest(keys) AS k $$;
CREATE FUNCTION token_of(key jsonb, issuer text, claims jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
  SELECT jwt_auth.jwt_sign(jsonb_build_object('iss', issuer, 'sub', 'ann', 'iat', extract(epoch FROM now())::bigint,
                                              'exp', extract(epoch FROM now())::bigint + 600) || claims, key::text) $$;
SELECT jwt_auth.jwk_generate('RS256') AS idp, jwt_auth.jwk_generate('ES256') AS idp_new, jwt_auth.jwk_generate('EdDSA') AS machine,
       jwt_auth.jwk_generate('HS256') AS secret, jwt_auth.jwk_generate('RSA-OAEP') AS encrypting \gset

\echo == before and after
SELECT jwt_auth.jwt_verify(token_of(:'idp', 'https://idp.example'));
SELECT jwt_auth.trust_issuer('https://idp.example', jwks_of(:'idp'));
SELECT jwt_auth.trust_issuer('machine 7', jwks_of(:'machine'), 'https://us.example/api');
SELECT issuer, audience, jsonb_array_length(jwks -> 'keys') AS keys, created_at <= clock_timestamp() AS created
FROM jwt_auth.trusted_issuer ORDER BY issuer;
SELECT jwt_auth.jwt_verify(token_of(:'idp', 'https://idp.example')) ->> 'sub' AS sub;
SELECT jwt_auth.jwt_verify(token_of(:'machine', 'machine 7', '{"aud": ["x", "https://us.example/api"]}')) ->> 'iss' AS iss;
SELECT jwt_auth.jwt_verify(jwt_auth.jwt_sign('{"sub": "ours"}')) ->> 'sub' AS sub;

\echo == nobody can mint for another or for us, and we can not mint for them
SELECT jwt_auth.jwt_verify(token_of(:'idp', 'machine 7', '{"aud": "https://us.example/api"}'));
SELECT jwt_auth.jwt_verify(token_of(:'machine', 'https://idp.example'));
SELECT jwt_auth.jwt_verify(token_of(:'machine', 'https://us.example'));
SELECT jwt_auth.jwt_verify(token_of(:'machine', 'nobody'));
SELECT jwt_auth.jwt_verify(jwt_auth.jwt_sign('{"iss": "https://idp.example", "sub": "ann"}'));
SELECT jwt_auth.jwt_verify(jwt_auth.jwt_sign('{"iss": "nobody", "sub": "ann"}'));
SELECT jwt_auth.trust_issuer('https://us.example', jwks_of(:'machine'));
-- The same names without the kid, so that it is the signature which is looked at.
SELECT jwt_auth.jwt_verify(token_of(:'idp'::jsonb - 'kid', 'machine 7', '{"aud": "https://us.example/api"}'));
SELECT jwt_auth.jwt_verify(token_of(:'idp_new'::jsonb - 'kid', 'https://us.example'));
SELECT jwt_auth.jwt_verify(token_of(jwt_auth.jwk_generate('RS256') - 'kid', 'https://idp.example'));

\echo == a key of theirs that has the kid of ours; then we take their name: it is ours alone
SELECT kid AS our_kid FROM jwt_auth.signing_keys WHERE state = 'active' \gset
SELECT jwt_auth.jwk_generate('ES256', kid => :'our_kid') AS namesake \gset
SELECT jwt_auth.trust_issuer('namesake', jwks_of(:'namesake'));
SELECT jwt_auth.jwt_verify(token_of(:'namesake', 'namesake')) ->> 'sub' AS sub, jwt_auth.jwt_verify(jwt_auth.jwt_sign('{"sub": "ours"}')) ->> 'sub' AS ours;
SELECT jwt_auth.jwt_verify(token_of(:'namesake', 'https://us.example'));
SELECT jwt_auth.jwt_verify(jwt_auth.jwt_sign('{"iss": "namesake", "sub": "ann"}'));
SET jwt_auth.issuer = 'namesake';
SELECT jwt_auth.jwt_verify(token_of(:'namesake', 'namesake'));
SELECT jwt_auth.jwt_verify(jwt_auth.jwt_sign('{"sub": "ours"}')) ->> 'sub' AS ours;
SET jwt_auth.issuer = 'https://us.example';
SELECT jwt_auth.distrust_issuer('namesake') AS was_trusted;

\echo == a token of theirs that does not say so
SELECT jwt_auth.jwt_verify(jwt_auth.jwt_sign('{"sub": "ann", "exp": 4102444800}', :'idp'));

\echo == an audience for each issuer
SELECT jwt_auth.jwt_verify(token_of(:'machine', 'machine 7'));
SELECT jwt_auth.jwt_verify(token_of(:'machine', 'machine 7', '{"aud": "another"}'));
SELECT jwt_auth.jwt_verify(token_of(:'idp', 'https://idp.example', '{"aud": "somebody"}'));
SELECT jwt_auth.trust_issuer('https://idp.example', jwks_of(:'idp'), '*');
SELECT jwt_auth.jwt_verify(token_of(:'idp', 'https://idp.example', '{"aud": "somebody"}')) ->> 'aud' AS aud;
SET jwt_auth.audience = 'here';
SELECT jwt_auth.trust_issuer('https://idp.example', jwks_of(:'idp'));
SELECT jwt_auth.jwt_verify(token_of(:'idp', 'https://idp.example', '{"aud": "here"}')) ->> 'aud' AS aud;
SELECT jwt_auth.jwt_verify(token_of(:'idp', 'https://idp.example', '{"aud": "there"}'));
SET jwt_auth.audience = '';

\echo == times hold for everybody, and exp must be there
SELECT jwt_auth.jwt_verify(token_of(:'idp', 'https://idp.example', '{"exp": 1}'));
SELECT jwt_auth.jwt_verify(token_of(:'idp', 'https://idp.example', '{"nbf": 4102444800}'));
SELECT jwt_auth.jwt_verify(jwt_auth.jwt_sign('{"iss": "https://idp.example", "iat": 1}', :'idp'));

\echo == a session of theirs is none of ours
SELECT jwt_auth.jwt_verify(token_of(:'idp', 'https://idp.example', '{"sid": "08a5019c-17e1-8977-8f42-65a12843ea68"}')) ->> 'sid' AS sid;
SELECT jwt_auth.jwt_verify(token_of(:'idp', 'https://idp.example', '{"sid": 7}')) ->> 'sid' AS sid;

\echo == their keys change: trusting again replaces
SELECT jwt_auth.trust_issuer('https://idp.example', jwks_of(:'idp', :'idp_new'));
SELECT jwt_auth.jwt_verify(token_of(:'idp_new', 'https://idp.example')) ->> 'sub' AS new, jwt_auth.jwt_verify(token_of(:'idp', 'https://idp.example')) ->> 'sub' AS old;
SELECT jwt_auth.trust_issuer('https://idp.example', jwks_of(:'idp_new'));
SELECT jwt_auth.jwt_verify(token_of(:'idp_new', 'https://idp.example')) ->> 'sub' AS new;
SELECT jwt_auth.jwt_verify(token_of(:'idp', 'https://idp.example'));
SELECT count(*) FROM jwt_auth.trusted_issuer;

\echo == distrust
SELECT jwt_auth.distrust_issuer('https://idp.example') AS was_trusted;
SELECT jwt_auth.distrust_issuer('https://idp.example') AS was_trusted;
SELECT jwt_auth.jwt_verify(token_of(:'idp_new', 'https://idp.example'));
SELECT event, detail FROM jwt_auth.auth_event WHERE event LIKE 'issuer%' ORDER BY id;

\echo == what is refused: private keys first of all, whole or malformed, whoever stands beside them
SELECT jwt_auth.trust_issuer('x', jsonb_build_object('keys', jsonb_build_array(:'idp'::jsonb)));
SELECT jwt_auth.trust_issuer('x', jsonb_build_object('keys', jsonb_build_array(jwt_auth.jwk_public(:'idp'), :'machine'::jsonb)));
SELECT jwt_auth.trust_issuer('x', jsonb_build_object('keys', jsonb_build_array(jwt_auth.jwk_public(:'idp'), '{"kty": "EC", "d": "x"}'::jsonb)));
SELECT jwt_auth.trust_issuer('x', jsonb_build_object('keys', jsonb_build_array(jwt_auth.jwk_public(:'idp') || jsonb_build_object('before', :'machine'::jsonb))));
SELECT jwt_auth.trust_issuer('x', jsonb_build_object('keys', jsonb_build_array(jwt_auth.jwk_public(:'idp'), jwt_auth.jwk_to_pem(:'machine'))));
SELECT jwt_auth.trust_issuer('x', jsonb_build_object('keys', jsonb_build_array(jwt_auth.jwk_public(:'idp')), 'next', :'secret'::jsonb));
SELECT jwt_auth.trust_issuer('x', :'idp'::jsonb);
SELECT jwt_auth.trust_issuer('x', '{"keys": []}');
SELECT jwt_auth.trust_issuer('x', '{"keys": {}}');
SELECT jwt_auth.trust_issuer('x', '[]');
SELECT jwt_auth.trust_issuer('x', '"keys"');
SELECT jwt_auth.trust_issuer('x', jwks_of(:'encrypting'));
SELECT jwt_auth.trust_issuer('x', jwks_of(jwt_auth.jwk_generate('ES256', kid => 'k'), jwt_auth.jwk_generate('ES256', kid => 'k')));
SELECT jwt_auth.trust_issuer('x', NULL);
SELECT jwt_auth.trust_issuer(NULL, jwks_of(:'idp'));
SELECT jwt_auth.trust_issuer('', jwks_of(:'idp'));
SELECT jwt_auth.trust_issuer(repeat('x', 2049), jwks_of(:'idp'));
SELECT jwt_auth.trust_issuer('x', jwks_of(:'idp'), '');
SELECT jwt_auth.distrust_issuer(NULL);
SELECT count(*) FROM jwt_auth.trusted_issuer WHERE issuer = 'x';

\echo == a set with siblings that nobody here knows is good for what is known
SELECT jwt_auth.trust_issuer('x', jsonb_build_object('keys', jsonb_build_array('{"kty": "new"}'::jsonb, jwt_auth.jwk_public(:'encrypting'), jwt_auth.jwk_public(:'idp'))));
SELECT jwt_auth.jwt_verify(token_of(:'idp', 'x')) ->> 'sub' AS sub;

\echo == where we have no issuer of our own, a trusted one still has only its own keys
SET jwt_auth.issuer = '';
SELECT jwt_auth.jwt_verify(jwt_auth.jwt_sign('{"iss": "x", "sub": "ann"}'));
SELECT jwt_auth.jwt_verify(jwt_auth.jwt_sign('{"sub": "ann"}')) ->> 'sub' AS sub;

\echo == refusals never show the keys
\set VERBOSITY terse
SELECT jwt_auth.trust_issuer('x', jsonb_build_object('keys', jsonb_build_array(:'machine'::jsonb)));
TRUNCATE jwt_auth.signing_key, jwt_auth.trusted_issuer;
DROP FUNCTION jwks_of, token_of;
