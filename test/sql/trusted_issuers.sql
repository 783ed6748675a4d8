-- What a trusted issuer's tokens may say here: whose subjects they are, which roles, audiences and types, and with which keys.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET jwt_auth.issuer = 'https://us.example';
SET jwt_auth.audience = '';
TRUNCATE jwt_auth.signing_key, jwt_auth.trusted_issuer, jwt_auth.auth_event;
SELECT jwt_auth.create_signing_key() IS NOT NULL AS ours;
CREATE FUNCTION set_of(VARIADIC keys jsonb[]) RETURNS jsonb LANGUAGE sql AS $$
  SELECT jsonb_build_object('keys', jsonb_agg(CASE k ->> 'kty' WHEN 'oct' THEN k ELSE jwt_auth.jwk_public(k) END)) FROM unnest(keys) AS k $$;
CREATE FUNCTION token_of(key jsonb, issuer text, claims jsonb DEFAULT '{}', typ text DEFAULT 'JWT') RETURNS text LANGUAGE sql AS $$
  SELECT jwt_auth.jwt_sign(jsonb_build_object('iss', issuer, 'sub', 'ann', 'iat', extract(epoch FROM now())::bigint,
                                              'exp', extract(epoch FROM now())::bigint + 600) || claims, key::text, NULL,
                           jsonb_build_object('typ', typ)) $$;
CREATE FUNCTION untyped(key jsonb, claims text) RETURNS text LANGUAGE sql AS $$ SELECT jwt_auth.jws_sign(convert_to(claims, 'UTF8'), key) $$;
CREATE FUNCTION verdict(token text) RETURNS text LANGUAGE sql AS $$ SELECT coalesce(error_code || ' ' || error_message, 'ok') FROM jwt_auth.jwt_try_verify(token) $$;
SELECT jwt_auth.jwk_generate('ES256', kid => 'k') AS idp, jwt_auth.jwk_generate('HS256', kid => 'h') AS secret,
       jwt_auth.jwk_generate('HS256', kid => 'h') AS other_secret, jwt_auth.jwk_generate('RSA-OAEP', kid => 'enc') AS encrypting \gset
DROP ROLE IF EXISTS regress_issuer_reader, regress_issuer_admin;
CREATE ROLE regress_issuer_reader;
CREATE ROLE regress_issuer_admin;

\echo == foreign subjects, the default: the token is good, and its sub is no user of ours
SELECT jwt_auth.trust_issuer('idp', set_of(:'idp'));
SELECT subjects, roles, audiences, token_types, secret_jwks FROM jwt_auth.trusted_issuer;
BEGIN;
SELECT jwt_auth.authenticate(token_of(:'idp', 'idp')) ->> 'sub' AS sub;
SELECT jwt_auth.current_user_id(), jwt_auth.current_issuer(), jwt_auth.current_claim('sub');
COMMIT;
SELECT jwt_auth.current_issuer();
SELECT jwt_auth.revoke_user_tokens('ann');
SELECT verdict(token_of(:'idp', 'idp', '{"iat": 1}'));

\echo == a token of ours
BEGIN;
SELECT jwt_auth.authenticate(jwt_auth.jwt_sign('{"sub": "bob"}')) ->> 'sub' AS sub;
SELECT jwt_auth.current_user_id(), jwt_auth.current_issuer();
COMMIT;

\echo == subjects that are ours: current_user_id(), and the cutoff of that user
SELECT jwt_auth.trust_issuer('idp', set_of(:'idp'), subjects => 'ours');
BEGIN;
SELECT jwt_auth.authenticate(token_of(:'idp', 'idp', '{"sub": "cara"}')) ->> 'sub' AS sub;
SELECT jwt_auth.current_user_id(), jwt_auth.current_issuer(), jwt_auth.current_session_id();
COMMIT;
SELECT verdict(token_of(:'idp', 'idp', '{"iat": 1}')) AS before_ann_was_revoked, verdict(token_of(:'idp', 'idp', '{"sub": "cara", "iat": 1}')) AS cara;
SELECT jwt_auth.revoke_user_tokens('cara');
SELECT verdict(token_of(:'idp', 'idp', '{"sub": "cara", "iat": 1}'));
SELECT verdict(token_of(:'idp', 'idp', jsonb_build_object('sub', 'cara', 'iat', extract(epoch FROM clock_timestamp())::bigint + 2)));
SELECT verdict(untyped(:'idp', '{"iss": "idp", "sub": "cara", "exp": 4102444800}')) AS without_iat;

\echo == a purge keeps what such a token is judged by: the cutoff, and the version of what the user may do
SELECT jwt_auth.require_refresh('nora');
SELECT verdict(token_of(:'idp', 'idp', jsonb_build_object('sub', 'nora', 'iat', extract(epoch FROM now())::bigint - 10)));
SELECT pg_current_xact_id() IS NOT NULL AS later;
SELECT pg_current_xact_id() IS NOT NULL AS later;
CALL jwt_auth.purge_expired();
SELECT verdict(token_of(:'idp', 'idp', jsonb_build_object('sub', 'nora', 'iat', extract(epoch FROM now())::bigint - 10))), verdict(token_of(:'idp', 'idp', '{"sub": "cara", "iat": 1}'));
SELECT verdict(token_of(:'idp', 'idp', jsonb_build_object('sub', 'nora', 'iat', extract(epoch FROM clock_timestamp())::bigint + 2)));

\echo == denials are by issuer, whatever its subjects are
SELECT jwt_auth.deny_token(token_of(:'idp', 'idp', '{"sub": "dora", "jti": "7"}')) AS denied;
SELECT verdict(token_of(:'idp', 'idp', '{"sub": "dora", "jti": "7"}'));
SELECT jwt_auth.trust_issuer('idp', set_of(:'idp'));
SELECT verdict(token_of(:'idp', 'idp', '{"sub": "dora", "jti": "7"}'));
SELECT verdict(jwt_auth.jwt_sign('{"sub": "dora", "jti": "7"}'));

\echo == what only our own tokens may say means nothing, whatever it is
SELECT verdict(token_of(:'idp', 'idp', '{"client_ip": "192.0.2.1", "client_fp": "x", "sid": "08a5019c-17e1-8977-8f42-65a12843ea68", "uv": 1, "sv": -1, "iat_us": "x", "key_id": "08a5019c-17e1-8977-8f42-65a12843ea68"}'));
BEGIN;
SELECT jwt_auth.authenticate(token_of(:'idp', 'idp', '{"client_ip": "192.0.2.1", "client_fp": 7, "sid": "08a5019c-17e1-8977-8f42-65a12843ea68"}'), '198.51.100.1') ->> 'client_ip' AS client_ip;
SELECT jwt_auth.current_session_id();
COMMIT;

\echo == roles: none is believed, then one
BEGIN;
SELECT jwt_auth.authenticate(token_of(:'idp', 'idp', '{"role": "regress_issuer_reader"}'), set_role => true);
ROLLBACK;
SELECT jwt_auth.trust_issuer('idp', set_of(:'idp'), roles => ARRAY['regress_issuer_reader', 'none']);
BEGIN;
SELECT jwt_auth.authenticate(token_of(:'idp', 'idp', '{"role": "regress_issuer_reader"}'), set_role => true) ->> 'role' AS role;
SELECT current_user;
ROLLBACK;
BEGIN;
SELECT jwt_auth.authenticate(token_of(:'idp', 'idp', '{"role": "regress_issuer_admin"}'), set_role => true);
ROLLBACK;
BEGIN;
SELECT jwt_auth.authenticate(token_of(:'idp', 'idp', '{"role": "none"}'), set_role => true);
ROLLBACK;
-- Without set_role no role is chosen.
SELECT jwt_auth.authenticate(token_of(:'idp', 'idp', '{"role": "regress_issuer_admin"}')) ->> 'role' AS role;
-- Our own tokens name any role.
BEGIN;
SELECT jwt_auth.authenticate(jwt_auth.jwt_sign('{"role": "regress_issuer_admin"}'), set_role => true) ->> 'role' AS role;
SELECT current_user;
ROLLBACK;

\echo == the role is where jwt_auth.role_claim says, through objects alone
SET jwt_auth.role_claim = 'realm.db.role';
BEGIN;
SELECT jwt_auth.authenticate(token_of(:'idp', 'idp', '{"role": "regress_issuer_admin", "realm": {"db": {"role": "regress_issuer_reader"}}}'), set_role => true) ->> 'role' AS role;
SELECT current_user;
ROLLBACK;
SELECT jwt_auth.authenticate(jwt_auth.jwt_sign(claims), set_role => true)
FROM (VALUES ('{"realm": {"db": {"role": 7}}}'::jsonb)) AS t (claims);
SELECT jwt_auth.authenticate(jwt_auth.jwt_sign('{"realm": [{"db": {"role": "regress_issuer_reader"}}]}'), set_role => true);
SELECT jwt_auth.authenticate(jwt_auth.jwt_sign('{"realm": {"db": ["role"]}}'), set_role => true);
SELECT jwt_auth.authenticate(jwt_auth.jwt_sign('{"realm": {"db": 7}}'), set_role => true);
SELECT jwt_auth.authenticate(jwt_auth.jwt_sign('{"realm.db.role": "regress_issuer_reader"}'), set_role => true);
RESET jwt_auth.role_claim;

\echo == behind PostgREST, which has taken the role already
CREATE FUNCTION request(token text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('request.headers', jsonb_build_object('authorization', 'Bearer ' || token)::text, true), set_config('request.jwt.claims', '', true);
  PERFORM jwt_auth.pre_request();
  RETURN format('ok, user %s of %s', coalesce(jwt_auth.current_user_id(), 'none'), jwt_auth.current_issuer());
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE;
END $$;
SELECT request(token_of(:'idp', 'idp')) AS without_role, request(token_of(:'idp', 'idp', '{"role": "regress_issuer_reader"}')) AS believed,
       request(token_of(:'idp', 'idp', '{"role": "regress_issuer_admin"}')) AS not_believed, request(token_of(:'idp', 'idp', '{"role": 7}')) AS no_name,
       request(jwt_auth.jwt_sign('{"sub": "bob", "role": "regress_issuer_admin"}')) AS ours;

\echo == several audiences
SELECT jwt_auth.trust_issuer('idp', set_of(:'idp'), audiences => ARRAY['a', 'b']);
SELECT aud, verdict(token_of(:'idp', 'idp', aud)) FROM (VALUES ('{"aud": "a"}'::jsonb), ('{"aud": ["x", "b"]}'), ('{"aud": "c"}'), ('{"aud": []}'), ('{}')) AS t (aud);
SELECT jwt_auth.trust_issuer('idp', set_of(:'idp'), 'c', ARRAY['a']);
SELECT aud, verdict(token_of(:'idp', 'idp', aud)) FROM (VALUES ('{"aud": "a"}'::jsonb), ('{"aud": "c"}'), ('{"aud": "b"}')) AS t (aud);
SELECT jwt_auth.trust_issuer('idp', set_of(:'idp'), audiences => '{a,*}');
SELECT aud, verdict(token_of(:'idp', 'idp', aud)) FROM (VALUES ('{"aud": "z"}'::jsonb), ('{}')) AS t (aud);
-- A denial asks for none.
SELECT jwt_auth.trust_issuer('idp', set_of(:'idp'), audiences => '{a}');
SELECT jwt_auth.deny_token(token_of(:'idp', 'idp', '{"aud": "z", "sub": "eve"}')) AS denied;

\echo == types
SELECT jwt_auth.trust_issuer('idp', set_of(:'idp'));
SELECT typ, verdict(token_of(:'idp', 'idp', '{}', typ)) FROM unnest(ARRAY['JWT', 'at+jwt', 'logout+jwt', 'secevent+jwt', 'dpop+jwt']) AS typ;
SELECT jwt_auth.trust_issuer('idp', set_of(:'idp'), token_types => ARRAY['application/Id-Token+JWT', 'at+jwt']);
SELECT typ, verdict(token_of(:'idp', 'idp', '{}', typ)) FROM unnest(ARRAY['JWT', 'at+jwt', 'id-token+jwt', 'APPLICATION/ID-TOKEN+JWT', 'logout+jwt']) AS typ;
-- A token without a type is a JWT.
SELECT jwt_auth.trust_issuer('idp', set_of(:'idp'), token_types => '{jwt}');
SET jwt_auth.accept_untyped = off;
SELECT typ, verdict(token_of(:'idp', 'idp', '{}', typ)) FROM unnest(ARRAY['JWT', 'at+jwt']) AS typ;
SELECT verdict(untyped(:'idp', '{"iss": "idp", "sub": "ann", "iat": 4000000, "exp": 4102444800}')) AS without_type;
SELECT jwt_auth.trust_issuer('idp', set_of(:'idp'));
SELECT typ, verdict(token_of(:'idp', 'idp', '{}', typ)) FROM unnest(ARRAY['JWT', 'at+jwt']) AS typ;
SELECT verdict(untyped(:'idp', '{"iss": "idp", "sub": "ann", "iat": 4000000, "exp": 4102444800}')) AS without_type;
RESET jwt_auth.accept_untyped;
-- A token for one purpose is ours alone, and consume_token takes what is untyped.
SELECT jwt_auth.trust_issuer('idp', set_of(:'idp'), token_types => '{link+jwt,at+jwt}');
SELECT jwt_auth.verify_token(token_of(:'idp', 'idp', '{}', 'link+jwt'), 'link');
SELECT jwt_auth.consume_token(token_of(:'idp', 'idp', '{}', 'at+jwt'));

\echo == an HMAC key beside public ones: sealed apart, never shown, and for the tokens of that issuer alone
SELECT jwt_auth.trust_issuer('idp', set_of(:'idp', :'secret'));
SELECT jwks = set_of(:'idp') AS public_alone, secret_jwks LIKE '{%"oct"%' AS kept FROM jwt_auth.trusted_issuer WHERE issuer = 'idp';
SELECT verdict(token_of(:'idp', 'idp')) AS es256, verdict(token_of(:'secret', 'idp')) AS hs256, verdict(token_of(:'other_secret', 'idp')) AS other;
SELECT verdict(token_of(:'secret', 'https://us.example')) AS as_ours, verdict(token_of(:'secret'::jsonb - 'kid', 'https://us.example')) AS without_kid;
SELECT jwt_auth.trust_issuer('second', set_of(:'idp', :'other_secret'));
SELECT verdict(token_of(:'secret', 'second')) AS of_idp, verdict(token_of(:'other_secret', 'second')) AS its_own;
SELECT jwt_auth.jwks()::text LIKE '%oct%' AS published;
-- It alone, as a set and as a JWK.
SELECT jwt_auth.trust_issuer('second', set_of(:'other_secret'));
SELECT jwks, verdict(token_of(:'other_secret', 'second')) AS hs256, verdict(token_of(:'idp', 'second')) AS es256 FROM jwt_auth.trusted_issuer WHERE issuer = 'second';
SELECT jwt_auth.trust_issuer('second', :'other_secret'::jsonb);
SELECT verdict(token_of(:'other_secret', 'second')) AS hs256;
-- An issuer without one: the public key is no secret.
SELECT jwt_auth.trust_issuer('second', set_of(:'idp'));
SELECT secret_jwks IS NULL AS gone, verdict(token_of(:'other_secret', 'second')) AS hs256 FROM jwt_auth.trusted_issuer WHERE issuer = 'second';
SELECT jwt_auth.distrust_issuer('second') AS was_trusted;

\echo == pre_config: the public keys of trusted issuers, and the HMAC keys of the ring where a setting says so
SELECT jwt_auth.trust_issuer('idp', set_of(:'idp', :'secret', :'encrypting'));
SELECT jwt_auth.import_signing_key('{"kty": "oct", "kid": "shared", "alg": "HS256", "k": "c2hhcmVkIHNlY3JldCBvZiB0aGlydHktdHdvIGJ5dGVzIQ"}', false);
SELECT jwt_auth.rotate_signing_key();
CREATE FUNCTION postgrest_keys() RETURNS SETOF jsonb LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('pgrst.jwt_secret', '', true), jwt_auth.pre_config();
  RETURN QUERY SELECT jsonb_array_elements(nullif(current_setting('pgrst.jwt_secret'), '')::jsonb -> 'keys');
END $$;
\set VERBOSITY terse
SELECT count(*) FILTER (WHERE k ->> 'kty' = 'oct') AS secrets, count(*) FILTER (WHERE k ->> 'kid' = 'k') AS of_idp, count(*) FROM postgrest_keys() AS k;
SET jwt_auth.pre_config_hmac_keys = on;
SELECT string_agg(k ->> 'kid', ', ') FILTER (WHERE k ->> 'kty' = 'oct') AS secrets, count(*) FILTER (WHERE k ->> 'kid' = 'k') AS of_idp, count(*) FROM postgrest_keys() AS k;
SELECT k FROM postgrest_keys() AS k WHERE k ->> 'kty' = 'oct';
RESET jwt_auth.pre_config_hmac_keys;
TRUNCATE jwt_auth.signing_key;
SELECT count(*) FROM postgrest_keys();
SELECT jwt_auth.distrust_issuer('idp');
SELECT count(*) FROM postgrest_keys();
SELECT jwt_auth.create_signing_key() IS NOT NULL AS ours;

\echo == what is skipped is named, and so is why nothing is left
SET client_min_messages = notice;
\set VERBOSITY default
SELECT jwt_auth.trust_issuer('idp', jsonb_build_object('keys', jsonb_build_array(jwt_auth.jwk_public(:'idp'), jwt_auth.jwk_public(:'encrypting'), '{"kty": "AKP", "kid": "pq", "alg": "ML-DSA-99"}'::jsonb, 7)));
SELECT jwt_auth.trust_issuer('x', jsonb_build_object('keys', jsonb_build_array(jwt_auth.jwk_public(:'encrypting'), '{"kty": "oct", "kid": "short", "k": "c2hvcnQ"}'::jsonb)));
SELECT jwt_auth.trust_issuer('x', '{"keys": []}');
SET client_min_messages = warning;

\echo == bad arguments
SELECT jwt_auth.trust_issuer('https://us.example', set_of(:'idp'));
SELECT jwt_auth.trust_issuer('x', set_of(:'idp'), audiences => '{}');
SELECT jwt_auth.trust_issuer('x', set_of(:'idp'), audiences => '{a,NULL}');
SELECT jwt_auth.trust_issuer('x', set_of(:'idp'), audiences => '{""}');
SELECT jwt_auth.trust_issuer('x', set_of(:'idp'), token_types => '{}');
SELECT jwt_auth.trust_issuer('x', set_of(:'idp'), token_types => '{NULL}');
SELECT jwt_auth.trust_issuer('x', set_of(:'idp'), subjects => 'theirs');
SELECT jwt_auth.trust_issuer('x', set_of(:'idp'), subjects => NULL);
SELECT jwt_auth.trust_issuer('x', set_of(:'idp'), roles => '{*}');
SELECT jwt_auth.trust_issuer('x', set_of(:'idp'), roles => '{a,NULL}');
SELECT jwt_auth.trust_issuer('x', set_of(:'idp'), roles => '{}');
SELECT roles FROM jwt_auth.trusted_issuer WHERE issuer = 'x';

\echo == a row of a dump of version 1.1, which has only these columns
INSERT INTO jwt_auth.trusted_issuer (issuer, jwks, audience, created_at) VALUES ('restored', set_of(:'idp'), NULL, now());
SELECT subjects, roles, token_types, audiences FROM jwt_auth.trusted_issuer WHERE issuer = 'restored';
SELECT jwt_auth.distrust_issuer('restored');
\echo == the doctor: an issuer of a version before 2.0 goes on as it was until somebody decides
INSERT INTO jwt_auth.trusted_issuer (issuer, jwks, created_at, subjects, roles) VALUES ('old', set_of(:'idp'), now(), 'ours', '{*}');
BEGIN;
SELECT jwt_auth.authenticate(token_of(:'idp', 'old', '{"sub": "fred", "role": "regress_issuer_admin"}'), set_role => true) ->> 'role' AS role;
RESET ROLE;
SELECT jwt_auth.current_user_id();
COMMIT;
SELECT finding, advice FROM jwt_auth.doctor() WHERE subject = 'issuers';
SELECT jwt_auth.trust_issuer('old', set_of(:'idp'), subjects => 'ours');
SELECT finding, advice FROM jwt_auth.doctor() WHERE subject = 'issuers';
SET jwt_auth.issuer = 'old';
SELECT finding, advice FROM jwt_auth.doctor() WHERE subject = 'issuers';

TRUNCATE jwt_auth.signing_key, jwt_auth.trusted_issuer, jwt_auth.auth_event, jwt_auth.account, jwt_auth.denied_token, jwt_auth.revocation;
DROP FUNCTION set_of, token_of, untyped, verdict, request, postgrest_keys;
DROP ROLE regress_issuer_reader, regress_issuer_admin;
