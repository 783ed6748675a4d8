-- jwt_auth.accept_unnamed: tokens from before jwt_auth.issuer or jwt_auth.audience was set.
\set VERBOSITY terse
DELETE FROM jwt_auth.signing_key;
SET jwt_auth.issuer = '';
SET jwt_auth.audience = '';
SELECT jwt_auth.create_signing_key() <> '' AS made;
SELECT jwt_auth.jwt_sign('{"sub": "ann"}') AS unnamed, jwt_auth.issue_token('link', 'ann', '1 hour') AS link \gset
SELECT access_token AS of_session FROM jwt_auth.issue_refresh_session('ann') \gset
SELECT jwt_auth.jwt_sign('{"sub": "ann", "iss": "other"}') AS of_other, jwt_auth.jwt_sign('{"sub": "ann", "aud": "other"}') AS for_other,
       jwt_auth.jwt_sign('{"sub": "ann", "iss": "us"}') AS only_issuer, jwt_auth.jwt_sign('{"sub": "ann", "aud": ["api", "web"]}') AS only_audience \gset

-- Off: what is expected must be there.
SHOW jwt_auth.accept_unnamed;
SET jwt_auth.issuer = 'us';
SELECT name, error_code, error_message FROM (VALUES (1, 'unnamed', :'unnamed'), (2, 'of_session', :'of_session'), (3, 'of_other', :'of_other'),
  (4, 'for_other', :'for_other'), (5, 'only_issuer', :'only_issuer'), (6, 'only_audience', :'only_audience')) AS t (n, name, token), jwt_auth.jwt_try_verify(token) ORDER BY n;
SET jwt_auth.audience = 'api';
SELECT name, error_code, error_message FROM (VALUES (1, 'unnamed', :'unnamed'), (2, 'of_session', :'of_session'), (3, 'of_other', :'of_other'),
  (4, 'for_other', :'for_other'), (5, 'only_issuer', :'only_issuer'), (6, 'only_audience', :'only_audience')) AS t (n, name, token), jwt_auth.jwt_try_verify(token) ORDER BY n;

-- On: it may be lacking, and must not be another.
SET jwt_auth.accept_unnamed = on;
SELECT name, error_code, error_message FROM (VALUES (1, 'unnamed', :'unnamed'), (2, 'of_session', :'of_session'), (3, 'of_other', :'of_other'),
  (4, 'for_other', :'for_other'), (5, 'only_issuer', :'only_issuer'), (6, 'only_audience', :'only_audience')) AS t (n, name, token), jwt_auth.jwt_try_verify(token) ORDER BY n;
BEGIN;
SELECT jwt_auth.authenticate(:'of_session') ->> 'sub' AS sub, jwt_auth.current_user_id();
ROLLBACK;
SELECT jwt_auth.verify_token(:'link', 'link') ->> 'sub' AS sub;
SELECT jwt_auth.introspect(:'unnamed') ->> 'active' AS active;
-- New ones name both.
SELECT payload ->> 'iss' AS iss, payload ->> 'aud' AS aud FROM jwt_auth.jwt_decode_unverified(jwt_auth.jwt_sign('{"sub": "ann"}'));
-- What the signature, the times, the type and the state say holds as ever.
SELECT jwt_auth.jwt_verify(:'unnamed' || 'A');
SELECT jwt_auth.jwt_verify(:'link');
SELECT jwt_auth.jwt_verify('e30.e30.e30');
SELECT jwt_auth.jwt_verify(jwt_auth.jwt_sign('{"sub": "ann"}', jwt_auth.jwk_generate('ES256')::text));
SELECT jwt_auth.deny_token(:'unnamed');
SELECT jwt_auth.jwt_verify(:'unnamed');
-- A trusted issuer's token must still name the audience.
SELECT jwt_auth.jwk_generate('ES256') AS key \gset
SELECT jwt_auth.trust_issuer('idp', jsonb_build_object('keys', jsonb_build_array(jwt_auth.jwk_public(:'key'))));
SELECT jwt_auth.jwt_verify(jwt_auth.jwt_sign('{"iss": "idp", "sub": "x", "iat": 1700000000, "exp": 4102444800}', :'key'::text));
SELECT jwt_auth.jwt_verify(jwt_auth.jwt_sign('{"iss": "idp", "sub": "x", "aud": "api", "iat": 1700000000, "exp": 4102444800}', :'key'::text)) ->> 'sub' AS sub;
SELECT severity, finding FROM jwt_auth.doctor() WHERE finding LIKE '%accept_unnamed%';

-- Off again: nothing that was kept meanwhile is good.
SELECT jwt_auth.jwt_verify(:'of_session') ->> 'sub' AS sub;
RESET jwt_auth.accept_unnamed;
SELECT jwt_auth.jwt_verify(:'of_session');
SELECT jwt_auth.verify_token(:'link', 'link');
SELECT count(*) FROM jwt_auth.doctor() WHERE finding LIKE '%accept_unnamed%';
-- Nobody loosens it who may not.
SELECT jwt_auth.distrust_issuer('idp');
CREATE ROLE regress_unnamed;
SET ROLE regress_unnamed;
SET jwt_auth.accept_unnamed = on;
RESET ROLE;
DROP ROLE regress_unnamed;
