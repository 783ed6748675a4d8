-- No token of one kind passes for another (RFC 8725 sections 2.8, 3.11 and 3.12): every kind against every function.
\set VERBOSITY sqlstate
\pset format unaligned
\pset tuples_only on
DELETE FROM jwt_auth.signing_key;
SELECT jwt_auth.create_signing_key('HS256') IS NOT NULL;

-- A token of any type, signed with the ring's key: the claims of a session's access token, say, under another type.
SELECT private_jwk AS ring_key FROM jwt_auth.signing_key WHERE state = 'active' \gset
CREATE FUNCTION pg_temp.minted(typ text, claims jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
  SELECT jwt_auth.jwt_sign(jsonb_build_object('sub', 'ann', 'jti', gen_random_uuid(), 'iat', extract(epoch FROM now())::bigint,
                                              'exp', extract(epoch FROM now())::bigint + 600) || claims,
                           (SELECT private_jwk FROM jwt_auth.signing_key WHERE state = 'active'),
                           header => CASE WHEN typ IS NOT NULL THEN jsonb_build_object('typ', typ) END)
$$;
CREATE FUNCTION pg_temp.outcome(statement text, token text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE statement USING token;
  RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE;
END $$;

CREATE TEMP TABLE kind (place serial, name text, token text);
INSERT INTO kind (name, token) SELECT 'access token', access_token FROM jwt_auth.issue_refresh_session('ann');
INSERT INTO kind (name, token) VALUES
  ('jwt_sign(claims)', jwt_auth.jwt_sign('{"sub": "ann"}')),
  ('purpose mail', jwt_auth.issue_token('mail', 'ann', '1 hour')),
  ('purpose download', jwt_auth.issue_token('download', 'ann', '1 hour')),
  ('application/jwt', pg_temp.minted('application/jwt')),
  ('logout+jwt', pg_temp.minted('logout+jwt')),
  ('secevent+jwt', pg_temp.minted('secevent+jwt')),
  ('dpop+jwt', pg_temp.minted('dpop+jwt')),
  ('refresh token', (SELECT refresh_token FROM jwt_auth.issue_refresh_session('ann')));

SELECT name, pg_temp.outcome('SELECT jwt_auth.jwt_verify($1)', token) AS jwt_verify,
       (jwt_auth.jwt_try_verify(token)).error_code AS try_verify,
       pg_temp.outcome('SELECT jwt_auth.authenticate($1)', token) AS authenticate,
       pg_temp.outcome('SELECT jwt_auth.verify_token($1, ''mail'')', token) AS verify_mail,
       pg_temp.outcome('SELECT jwt_auth.verify_token($1, ''download'')', token) AS verify_download
FROM kind ORDER BY place;
-- Consuming comes last: it uses up what it accepts.
SELECT name, pg_temp.outcome('SELECT jwt_auth.consume_token($1, ''mail'')', token) AS consume_mail,
       pg_temp.outcome('SELECT jwt_auth.consume_token($1, ''mail'')', token) AS again,
       pg_temp.outcome('SELECT jwt_auth.consume_token($1)', token) AS consume,
       pg_temp.outcome('SELECT jwt_auth.deny_token($1)', token) AS deny
FROM kind ORDER BY place;

-- Typed access tokens alone.
SET jwt_auth.accept_untyped = off;
SELECT typ, (jwt_auth.jwt_try_verify(pg_temp.minted(typ))).error_code
FROM unnest('{at+jwt,AT+JWT,application/at+jwt,JWT,NULL,mail+jwt}'::text[]) AS typ;
-- For old verifiers: what is issued here is accepted here.
SET jwt_auth.access_token_type = 'JWT';
SELECT access_token FROM jwt_auth.issue_refresh_session('ann') \gset
SELECT (jwt_auth.jwt_decode_unverified(:'access_token')).header ->> 'typ', jwt_auth.jwt_verify(:'access_token') ->> 'sub';
SELECT jwt_auth.consume_token(:'access_token');
RESET jwt_auth.access_token_type;
RESET jwt_auth.accept_untyped;
SELECT access_token FROM jwt_auth.issue_refresh_session('ann') \gset
SELECT (jwt_auth.jwt_decode_unverified(:'access_token')).header ->> 'typ';

-- What issue_token puts in, and its bad input.
SELECT jwt_auth.issue_token('mail', 'ann', '90 seconds', '{"to": "a@example.com"}') AS mail \gset
SELECT (jwt_auth.jwt_decode_unverified(:'mail')).header ->> 'typ',
       payload ->> 'sub', payload ->> 'to', (payload ->> 'exp')::bigint - (payload ->> 'iat')::bigint, payload ? 'jti'
FROM jwt_auth.jwt_decode_unverified(:'mail');
SELECT jwt_auth.issue_token(NULL, 'ann', '1 hour');
SELECT jwt_auth.issue_token('', 'ann', '1 hour');
SELECT jwt_auth.issue_token('Mail', 'ann', '1 hour');
SELECT jwt_auth.issue_token('logout', 'ann', '1 hour');
SELECT jwt_auth.issue_token('mail', NULL, '1 hour');
SELECT jwt_auth.issue_token('mail', '', '1 hour');
SELECT jwt_auth.issue_token('mail', 'ann', NULL);
SELECT jwt_auth.issue_token('mail', 'ann', '0');
SELECT jwt_auth.issue_token('mail', 'ann', '-1 hour');
SELECT jwt_auth.issue_token('mail', 'ann', '999 ms');
SELECT jwt_auth.issue_token('mail', 'ann', '1 hour', '[]');
SELECT name, pg_temp.outcome(format('SELECT jwt_auth.issue_token(''mail'', ''ann'', ''1 hour'', %L), $1', jsonb_build_object(name, 1)), '')
FROM unnest('{iss,sub,aud,sid,iat,iat_us,nbf,exp,jti,auth_time,client_ip,client_fp,cnf,act,amr,acr,scope,key_id,uv,sv,other}'::text[]) AS name;
SELECT jwt_auth.verify_token(:'mail', 'at');
SELECT jwt_auth.verify_token(:'mail', NULL);
SELECT jwt_auth.verify_token(NULL, 'mail');
SELECT jwt_auth.consume_token('', 'mail');

-- The user's cutoff and that for everybody hold for each kind, to the microsecond: what is minted right behind is good at once.
SELECT jwt_auth.issue_token('mail', 'ann', '1 hour') AS before_mail, jwt_auth.jwt_sign('{"sub": "ann"}') AS before_plain \gset
SELECT jwt_auth.revoke_user_tokens('ann') > 0;
SELECT jwt_auth.issue_token('mail', 'ann', '1 hour') AS after_mail, jwt_auth.jwt_sign('{"sub": "ann"}') AS after_plain \gset
SELECT jwt_auth.verify_token(:'before_mail', 'mail');
SELECT jwt_auth.jwt_verify(:'before_plain');
SELECT jwt_auth.verify_token(:'after_mail', 'mail') ->> 'sub', jwt_auth.jwt_verify(:'after_plain') ->> 'sub';
-- iat_us is a whole number below a million, and only of our own tokens.
SELECT micros, (jwt_auth.jwt_try_verify(pg_temp.minted('JWT', jsonb_build_object('sub', 'bob', 'iat_us', micros)))).error_code
FROM unnest('{0,999999,1000000,-1,0.5,null,"1"}'::jsonb[]) AS micros;

-- Without iat a token counts as issued before every cutoff: good until the first one.
SELECT jwt_auth.jwt_sign(jsonb_build_object('sub', 'carl', 'exp', extract(epoch FROM now())::bigint + 600), :'ring_key') AS no_iat \gset
SELECT jwt_auth.jwt_verify(:'no_iat') ->> 'sub';
SELECT jwt_auth.revoke_user_tokens('carl');
SELECT jwt_auth.jwt_verify(:'no_iat');

-- A type may be asked of a token under an explicit key, too.
SELECT jwt_auth.jwt_sign('{"a": 1}', 'a secret that is long enough for HS256', header => '{"typ": "secevent+jwt"}') AS other \gset
SELECT jwt_auth.jwt_verify(:'other', 'a secret that is long enough for HS256');
SELECT jwt_auth.jwt_verify(:'other', 'a secret that is long enough for HS256', type => 'application/SecEvent+jwt');
SELECT jwt_auth.jwt_verify(:'other', 'a secret that is long enough for HS256', type => 'JWT');
SELECT jwt_auth.jwt_verify(:'other', 'a secret that is long enough for HS256', type => '');
SELECT valid, error_code, error_message FROM jwt_auth.jwt_try_verify(:'other', 'a secret that is long enough for HS256', type => 'JWT');

-- Keys as jsonb.
SELECT jwt_auth.jwk_generate('ES256') AS jwk \gset
SELECT jwt_auth.jwt_verify(jwt_auth.jwt_sign('{"a": 1}', :'jwk'::jsonb), jwt_auth.jwk_public(:'jwk'));
SELECT valid FROM jwt_auth.jwt_try_verify(jwt_auth.jwt_sign('{"a": 1}', :'jwk'::jsonb), jsonb_build_object('keys', jsonb_build_array(jwt_auth.jwk_public(:'jwk'))));
SELECT convert_from(jwt_auth.jws_verify(jwt_auth.jws_sign('x', :'jwk'::jsonb), :'jwk'::jsonb), 'UTF8');
SELECT jwt_auth.jwk_generate('ECDH-ES') AS box \gset
SELECT convert_from(jwt_auth.jwe_decrypt(jwt_auth.jwe_encrypt('x', jwt_auth.jwk_public(:'box'), NULL, NULL), :'box'::jsonb), 'UTF8');
SELECT jwt_auth.jwt_decrypt(jwt_auth.jwt_encrypt('{"a": 1}', :'jwk'::jsonb, jwt_auth.jwk_public(:'box')), :'box'::jsonb, jwt_auth.jwk_public(:'jwk'));
SELECT jwt_auth.jwt_sign('{}', '"secret"'::jsonb);
SELECT jwt_auth.jwt_sign('{}', '{}'::jsonb);
SELECT jwt_auth.jwt_sign('{}', NULL::jsonb);

-- The role claim may lie in an object.
CREATE ROLE regress_jwt_auth_kinds;
SET jwt_auth.role_claim = 'app.role';
BEGIN;
SELECT jwt_auth.authenticate(jwt_auth.jwt_sign('{"sub": "ann", "role": "postgres", "app": {"role": "regress_jwt_auth_kinds"}}'), set_role => true) ->> 'sub';
SELECT current_user;
ROLLBACK;
SELECT claims, pg_temp.outcome(format('SELECT jwt_auth.authenticate(jwt_auth.jwt_sign(%L), set_role => true), $1', claims), '')
FROM (VALUES ('{"role": "postgres"}'), ('{"app": "regress_jwt_auth_kinds"}'), ('{"app": ["role"]}'), ('{"app": {"role": {"a": 1}}}'),
             ('{"app": {"role": null}}'), ('{"app": {"role": 1}}'), ('{"app.role": "regress_jwt_auth_kinds"}')) AS odd (claims);
SET jwt_auth.role_claim = '';
SET jwt_auth.role_claim = 'a..b';
SET jwt_auth.role_claim = '.a';
RESET jwt_auth.role_claim;
DROP ROLE regress_jwt_auth_kinds;
