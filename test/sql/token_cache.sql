-- A token that was accepted is found again by all of its bytes; what its verdict rested on is watched, what the tables say is
-- asked each time. Each section accepts a token, changes one thing, and presents it again.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
DELETE FROM jwt_auth.signing_key;
SET jwt_auth.issuer = '';
SET jwt_auth.audience = '';
SELECT jwt_auth.create_signing_key('HS256') AS first \gset
CREATE VIEW kept AS SELECT coalesce(sum(used_bytes), 0) AS bytes FROM pg_backend_memory_contexts WHERE name = 'jwt_auth accepted tokens';
-- Whose a token is, verified twice: the second time it is known.
CREATE FUNCTION twice(token text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  first jsonb := jwt_auth.jwt_verify(token);
BEGIN
  RETURN CASE WHEN jwt_auth.jwt_verify(token) = first THEN first ->> 'sub' ELSE 'another answer' END;
END $$;

\echo == the same answer, from each function
SELECT access_token AS token, session_id AS id FROM jwt_auth.issue_refresh_session('cached', claims => '{"a": {"b": [1, 2.50, null, "\u00fc"]}}') \gset
SELECT twice(:'token');
SELECT jwt_auth.jwt_verify(:'token') -> 'a' AS a;
SELECT valid, claims -> 'a' AS a FROM jwt_auth.jwt_try_verify(:'token');
BEGIN;
SELECT jwt_auth.authenticate(:'token') -> 'a' AS a;
SELECT jwt_auth.current_user_id(), jwt_auth.current_session_id() = :'id' AS session;
ROLLBACK;
SELECT bytes > 0 AS kept FROM kept;

\echo == every byte counts
SELECT jwt_auth.jwt_verify(:'token' || 'A');
SELECT jwt_auth.jwt_verify(left(:'token', -2));
SELECT jwt_auth.jwt_verify(overlay(:'token' placing CASE WHEN substr(:'token', length(:'token') - 5, 1) = 'A' THEN 'B' ELSE 'A' END from length(:'token') - 5 for 1));
SELECT jwt_auth.jwt_verify(split_part(:'token', '.', 1) || '.' || split_part(jwt_auth.jwt_sign('{"sub": "other"}'), '.', 2) || '.' || split_part(:'token', '.', 3));
SELECT twice(:'token');

\echo == the state is asked each time: a denial, a cutoff, an end, undone and done
BEGIN;
SELECT jwt_auth.deny_token(:'token');
SAVEPOINT a;
SELECT jwt_auth.jwt_verify(:'token');
ROLLBACK;
SELECT twice(:'token');
BEGIN;
SELECT jwt_auth.revoke_all_tokens();
SAVEPOINT a;
SELECT jwt_auth.jwt_verify(:'token');
ROLLBACK;
SELECT twice(:'token');
SELECT jwt_auth.jwt_sign('{"sub": "cut"}') AS plain \gset
SELECT twice(:'plain');
SELECT jwt_auth.revoke_user_tokens('cut');
SELECT jwt_auth.jwt_verify(:'plain');
SELECT jwt_auth.revoke_refresh_session(:'id');
SELECT jwt_auth.jwt_verify(:'token');

\echo == the ring
SELECT jwt_auth.jwt_sign('{"sub": "ring"}') AS ring \gset
SELECT twice(:'ring');
BEGIN;
SELECT jwt_auth.retire_signing_key(:'first');
SAVEPOINT a;
SELECT jwt_auth.jwt_verify(:'ring');
ROLLBACK;
SELECT twice(:'ring');
SELECT jwt_auth.rotate_signing_key() IS NOT NULL AS rotated;
SELECT twice(:'ring');
SELECT jwt_auth.retire_signing_key(:'first');
SELECT jwt_auth.jwt_verify(:'ring');

\echo == a trusted issuer
SELECT jwt_auth.jwk_generate('EdDSA') AS jwk \gset
SELECT jwt_auth.trust_issuer('https://partner.example', jwt_auth.jwk_public(:'jwk'));
SELECT jwt_auth.jwt_sign('{"iss": "https://partner.example", "sub": "p", "exp": 4102444800}'::jsonb, :'jwk'::jsonb) AS foreign \gset
SELECT twice(:'foreign');
SELECT jwt_auth.trust_issuer('https://partner.example', jwt_auth.jwk_public(:'jwk'), audience => 'us');
SELECT jwt_auth.jwt_verify(:'foreign');
SELECT jwt_auth.trust_issuer('https://partner.example', jwt_auth.jwk_public(:'jwk'));
SELECT twice(:'foreign');
SELECT jwt_auth.distrust_issuer('https://partner.example');
SELECT jwt_auth.jwt_verify(:'foreign');

\echo == each setting that a verdict rests on
SELECT jwt_auth.jwt_sign('{"sub": "settings"}') AS token \gset
SELECT twice(:'token');
SET jwt_auth.issuer = 'https://other.example';
SELECT jwt_auth.jwt_verify(:'token');
RESET jwt_auth.issuer;
SELECT twice(:'token');
SET jwt_auth.audience = 'other';
SELECT jwt_auth.jwt_verify(:'token');
RESET jwt_auth.audience;
SELECT twice(:'token');
SET jwt_auth.accept_untyped = off;
SELECT jwt_auth.jwt_verify(:'token');
RESET jwt_auth.accept_untyped;
SELECT twice(:'token');
SELECT jwt_auth.jwt_sign(jsonb_build_object('sub', 'large', 'x', repeat('x', 1000))) AS large \gset
SELECT twice(:'large');
SET jwt_auth.max_token_size = 1024;
SELECT jwt_auth.jwt_verify(:'large');
RESET jwt_auth.max_token_size;
SET jwt_auth.leeway = '1h';
SELECT jwt_auth.jwt_sign(jsonb_build_object('sub', 'ahead', 'nbf', extract(epoch FROM now())::bigint + 1800)) AS ahead \gset
SELECT twice(:'ahead');
SET jwt_auth.leeway = 0;
SELECT jwt_auth.jwt_verify(:'ahead');
RESET jwt_auth.leeway;

\echo == its end
SELECT jwt_auth.jwt_sign(jsonb_build_object('sub', 'short', 'exp', extract(epoch FROM clock_timestamp()) + 1.5)) AS short \gset
SELECT twice(:'short');
SELECT pg_sleep(1.6);
SELECT jwt_auth.jwt_verify(:'short');

\echo == another kind of token is judged as before
SELECT jwt_auth.issue_token('mail', 'cached', '1 hour') AS mail \gset
SELECT jwt_auth.verify_token(:'mail', 'mail') ->> 'sub' AS sub;
SELECT jwt_auth.jwt_verify(:'mail');
SELECT twice(:'token');
SELECT jwt_auth.verify_token(:'token', 'mail');
SELECT jwt_auth.consume_token(:'token') ->> 'sub' AS sub;
SELECT jwt_auth.jwt_verify(:'token');

\echo == only what was accepted is kept, and no more than there is room for
SELECT twice(jwt_auth.jwt_sign('{"sub": "last"}'));
SELECT bytes AS before FROM kept \gset
SELECT count(*), bool_or(valid) AS valid FROM generate_series(1, 50) n, jwt_auth.jwt_try_verify(:'token' || n);
SELECT count(*), bool_or(valid) AS valid FROM generate_series(1, 50) n, jwt_auth.jwt_try_verify(jwt_auth.jwt_sign('{"sub": "cut", "iat": 1000}'));
SELECT bytes - :before AS more FROM kept;
SELECT count(jwt_auth.jwt_verify(jwt_auth.jwt_sign(jsonb_build_object('sub', n::text, 'x', repeat('x', 300))))) FROM generate_series(1, 2000) n;
SELECT bytes > :before AS more, bytes < 600000 AS bounded FROM kept;

\echo == it can be switched off by administrators, which forgets everything
SET jwt_auth.token_cache = off;
SELECT twice(jwt_auth.jwt_sign('{"sub": "off"}'));
SELECT bytes FROM kept;
CREATE ROLE cache_user;
SET ROLE cache_user;
SET jwt_auth.token_cache = on;
RESET ROLE;
RESET jwt_auth.token_cache;
SELECT twice(jwt_auth.jwt_sign('{"sub": "on"}'));

DROP ROLE cache_user;
DROP FUNCTION twice;
DROP VIEW kept;
DELETE FROM jwt_auth.signing_key;
TRUNCATE jwt_auth.refresh_session, jwt_auth.session_data, jwt_auth.account, jwt_auth.denied_token, jwt_auth.auth_event;
