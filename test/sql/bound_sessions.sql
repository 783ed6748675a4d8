-- Sessions bound to a key by DPoP proofs (RFC 9449): log-in, refresh, access tokens.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
DELETE FROM jwt_auth.signing_key;
SELECT jwt_auth.create_signing_key('ES256') IS NOT NULL AS key;

-- Devices' keys, and proofs by them: claims are added or replaced, those that are null left out.
CREATE TABLE device AS SELECT name, (key - 'kid')::text AS key, jwt_auth.jwk_public(key) - '{kid,alg,use,key_ops}'::text[] AS jwk
  FROM (SELECT name, jwt_auth.jwk_generate('ES256') AS key FROM unnest('{phone,thief}'::text[]) AS name OFFSET 0) AS made;
CREATE FUNCTION proof(claims jsonb DEFAULT '{}', by text DEFAULT 'phone') RETURNS text LANGUAGE sql AS $$
  SELECT jwt_auth.jws_sign(convert_to(jsonb_strip_nulls(jsonb_build_object('jti', gen_random_uuid(), 'htm', 'POST', 'htu', 'https://api.example.com/auth',
           'iat', floor(extract(epoch FROM clock_timestamp()))) || claims)::text, 'UTF8'), key, NULL, jsonb_build_object('typ', 'dpop+jwt', 'jwk', jwk))
  FROM device WHERE name = by
$$;
CREATE FUNCTION for_token(token text, claims jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$
  SELECT jsonb_build_object('htm', 'GET', 'htu', 'https://api.example.com/things', 'ath', jwt_auth.base64url_encode(sha256(convert_to(token, 'UTF8')))) || claims
$$;
CREATE FUNCTION login(proof text, user_id text DEFAULT 'alice') RETURNS jwt_auth.token_response LANGUAGE sql AS $$
  SELECT jwt_auth.issue_refresh_session(user_id, proof => proof, proof_method => 'POST', proof_url => 'https://api.example.com/auth')
$$;
CREATE FUNCTION refresh(token text, proof text DEFAULT NULL) RETURNS jwt_auth.token_response LANGUAGE sql AS $$
  SELECT jwt_auth.refresh_session(token, proof => proof, proof_method => 'POST', proof_url => 'https://api.example.com/auth')
$$;
-- Who it is, or why not.
CREATE FUNCTION caller(token text, proof text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN jwt_auth.authenticate(token, proof => proof, proof_method => 'GET', proof_url => 'https://api.example.com/things') ->> 'sub';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE || ' ' || SQLERRM;
END $$;

\echo == a log-in with a proof is bound; its tokens say so
SELECT status, access_token AS access, refresh_token AS refresh, session_id AS session FROM login(proof()) \gset
SELECT :'status' AS status, bound_kind, bound_key = jwt_auth.base64url_decode(jwt_auth.jwk_thumbprint(jwk)) AS key FROM jwt_auth.refresh_session, device WHERE session_id = :'session' AND name = 'phone';
SELECT jwt_auth.jwt_verify(:'access') -> 'cnf' = jsonb_build_object('jkt', jwt_auth.jwk_thumbprint(jwk)) AS cnf FROM device WHERE name = 'phone';
SELECT event, detail FROM jwt_auth.auth_event WHERE session_id = :'session' ORDER BY id;

\echo == a log-in whose proof is not one for it makes nothing
SELECT (login(p)).status, (SELECT count(*) FROM jwt_auth.user_sessions('alice')) FROM unnest(ARRAY[proof('{"htm": "GET"}'), proof('{"iat": 1}'), proof('{"htu": "https://api.example.com/"}'), 'garbage', '']) AS p;
SELECT proof() AS once \gset
SELECT (login(:'once')).status AS first, (login(:'once')).status AS second, (login(:'once', 'bob')).status AS of_another_user;
SELECT jwt_auth.issue_refresh_session('alice', proof => proof());
SELECT jwt_auth.issue_refresh_session('alice', proof => proof(), proof_method => 'POST', proof_url => '/auth');
SELECT jwt_auth.issue_refresh_session('alice', claims => '{"cnf": {"jkt": "x"}}');
SELECT (jwt_auth.issue_refresh_session('alice', proof_method => 'POST')).status AS without_proof;

\echo == a refresh takes a proof by the same key; nothing else ends the session or uses its token up
SELECT (refresh(:'refresh')).status AS no_proof, (refresh(:'refresh', proof(by => 'thief'))).status AS other_key, (refresh(:'refresh', proof('{"htm": "GET"}'))).status AS other_method,
       (refresh(:'refresh', proof('{"iat": 1}'))).status AS old, (refresh(:'refresh', 'x')).status AS garbage;
SELECT generation FROM jwt_auth.refresh_session WHERE session_id = :'session';
SELECT proof() AS once \gset
SELECT status, refresh_token AS next, access_token AS access FROM refresh(:'refresh', :'once') \gset
SELECT :'status' AS status, :'next' <> :'refresh' AS rotated, jwt_auth.jwt_verify(:'access') ? 'cnf' AS bound;
SELECT (refresh(:'next', :'once')).status AS same_proof_again, (refresh(:'next', proof())).status AS another;
\echo == a lost answer is given again to whoever proves the key, however late
SET jwt_auth.refresh_reuse_interval = 0;
SELECT status, refresh_token = (SELECT r.refresh_token FROM refresh(:'next', proof()) AS r) AS same FROM refresh(:'next', proof());
SELECT (refresh(:'next')).status AS no_proof, (refresh(:'next', proof(by => 'thief'))).status AS other_key;
RESET jwt_auth.refresh_reuse_interval;
SELECT refresh_token AS next FROM refresh(:'next', proof()) \gset
\echo == an old token with the right proof is reuse; without it nothing ends
SELECT (refresh(:'refresh')).status AS no_proof, (refresh(:'refresh', proof(by => 'thief'))).status AS other_key;
SELECT count(*) FROM jwt_auth.refresh_session WHERE session_id = :'session';
SELECT (refresh(:'refresh', proof())).status AS right_key;
SELECT count(*) FROM jwt_auth.refresh_session WHERE session_id = :'session';
SELECT (refresh(:'next', proof())).status AS ended;

\echo == wrong proofs are recorded once a minute, and leave no rows
SELECT status, refresh_token AS refresh, access_token AS access, session_id AS session FROM login(proof(), 'carol') \gset
SELECT count(*) AS proofs FROM jwt_auth.used_proof \gset
SELECT count((refresh(:'refresh', proof(by => 'thief'))).status) FROM generate_series(1, 200);
SELECT event, detail FROM jwt_auth.auth_event WHERE session_id = :'session' AND event = 'proof_mismatch';
UPDATE jwt_auth.refresh_session SET proof_mismatch_at = proof_mismatch_at - interval '61 seconds' WHERE session_id = :'session';
SELECT (refresh(:'refresh')).status;
SELECT event, detail FROM jwt_auth.auth_event WHERE session_id = :'session' AND event = 'proof_mismatch' ORDER BY id;
SELECT count(*) = :proofs AS no_growth FROM jwt_auth.used_proof;
SELECT (refresh(:'refresh', proof())).status AS still_good;
\echo == used proofs do not pile up
UPDATE jwt_auth.used_proof SET good_until = good_until - interval '1 hour';
SELECT count(*) > 4 AS before FROM jwt_auth.used_proof;
DO $$ BEGIN FOR i IN 1..10 LOOP PERFORM login(proof(), 'dave' || i); END LOOP; END $$;
SELECT count(*) AS after, bool_and(good_until > now()) AS fresh FROM jwt_auth.used_proof;
UPDATE jwt_auth.used_proof SET good_until = good_until - interval '1 hour';
CALL jwt_auth.purge_expired();
SELECT count(*) AS after_a_purge FROM jwt_auth.used_proof;
\echo == a nonce stands for a clock that is ahead; the proof is remembered until its iat has passed
SELECT proof(jsonb_build_object('nonce', jwt_auth.proof_nonce(), 'iat', floor(extract(epoch FROM clock_timestamp())) + 7200)) AS ahead \gset
SELECT (login(:'ahead', 'dora')).status AS first, (login(:'ahead', 'dora')).status AS second,
       (login(proof(jsonb_build_object('nonce', jwt_auth.proof_nonce(), 'iat', floor(extract(epoch FROM clock_timestamp())) + 90000)), 'dora')).status AS more_than_a_day;
SELECT max(good_until) - now() > interval '2 hours' AS remembered FROM jwt_auth.used_proof;

\echo == an access token takes a proof for it
SELECT caller(:'access') AS none;
SELECT caller(:'access', proof(for_token(:'access'))) AS its_own, caller(:'access', proof(for_token(:'access'), 'thief')) AS other_key;
SELECT caller(:'access', proof(for_token(:'access', '{"ath": null}'))) AS no_ath;
SELECT caller(:'access', proof(for_token('x.y.z'))) AS of_another_token;
SELECT caller(:'access', proof(for_token(:'access', '{"htm": "POST"}'))) AS other_method;
SELECT caller(:'access', proof(for_token(:'access', '{"iat": 1}'))) AS old;
SELECT jwt_auth.jwt_verify(:'access') ->> 'sub' AS jwt_verify;
SELECT caller(jwt_auth.jwt_sign('{"sub": "alice"}'), proof()) AS unbound_token;
SELECT caller(jwt_auth.jwt_sign(jsonb_build_object('sub', 'alice', 'cnf', cnf))) FROM unnest(ARRAY['{}', '{"x5t#S256": "x"}', '{"jkt": 1}', '"x"', 'null']::jsonb[]) AS cnf;

\echo == PostgREST: the header dpop, and the origin that is set
CREATE FUNCTION request(token text, proof text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  why text; hint text;
BEGIN
  PERFORM set_config('request.method', 'GET', true), set_config('request.path', '/things', true),
    set_config('request.headers', jsonb_strip_nulls(jsonb_build_object('authorization', 'Bearer ' || token, 'dpop', proof))::text, true);
  PERFORM jwt_auth.pre_request();
  RETURN jwt_auth.current_user_id();
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS why = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(' ', SQLSTATE, why, SQLERRM, nullif(hint, ''));
END $$;
SELECT request(:'access', proof(for_token(:'access'))) AS without_origin;
SET jwt_auth.proof_origin = 'https://API.example.com:443/';
SELECT request(:'access', proof(for_token(:'access'))) AS good;
SELECT request(:'access') AS none;
SELECT request(:'access', proof(for_token(:'access', '{"htu": "https://api.example.com/other"}'))) AS other_path;
SELECT request(:'access', proof(for_token(:'access'), 'thief')) AS other_key;
SET jwt_auth.proof_origin = 'https://other.example.com';
SELECT request(:'access', proof(for_token(:'access'))) AS other_origin;
SELECT request(jwt_auth.jwt_sign('{"sub": "alice"}'), 'garbage') AS unbound_token;
RESET jwt_auth.proof_origin;

\echo == an unbound session goes on as before
SELECT refresh_token AS refresh FROM jwt_auth.issue_refresh_session('erin') \gset
SELECT status, jwt_auth.jwt_verify(access_token) ? 'cnf' AS bound FROM refresh(:'refresh', proof());
DROP FUNCTION request, caller, refresh, login, for_token, proof;
DROP TABLE device;
DELETE FROM jwt_auth.refresh_session;
DELETE FROM jwt_auth.used_proof;
