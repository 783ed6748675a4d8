-- The keyring, trusted issuers, classes of sessions and the cutoff are read without statements where their tables are as the
-- install script made them, else by statements; what a backend then keeps is the same.
\set VERBOSITY terse
\set SHOW_CONTEXT never
DELETE FROM jwt_auth.signing_key;
-- Keys of each state, and the tokens that they signed.
SELECT jwt_auth.create_signing_key('HS256') IS NOT NULL AS made;
SELECT jwt_auth.jwt_sign('{"sub": "by the HMAC key"}') AS hmac \gset
SELECT jwt_auth.rotate_signing_key('ES256') IS NOT NULL AS rotated;
SELECT jwt_auth.jwt_sign('{"sub": "by a retired key"}') AS retired, kid AS retired_kid FROM jwt_auth.signing_keys WHERE state = 'active' \gset
SELECT jwt_auth.rotate_signing_key('EdDSA') IS NOT NULL AS rotated;
SELECT jwt_auth.jwt_sign('{"sub": "by the active key"}') AS active, kid AS active_kid FROM jwt_auth.signing_keys WHERE state = 'active' \gset
SELECT jwt_auth.retire_signing_key(:'retired_kid');
SELECT jwt_auth.create_signing_key('ES256', activate => false) IS NOT NULL AS made;
SELECT jwt_auth.trust_issuer('https://partner.example', '{"kty": "oct", "alg": "HS256", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldCE"}',
  audiences => '{us,them}', token_types => '{partner+jwt,JWT}', subjects => 'ours', roles => '{clerk}');
SELECT jwt_auth.jwt_sign('{"sub": "of the partner", "iss": "https://partner.example", "aud": "them", "exp": 4102444800}',
  'secret-secret-secret-secret-secret!') AS foreign \gset
SELECT jwt_auth.set_session_class('kiosk', access_token_ttl => '7 minutes', refresh_token_ttl => '8 hours', max_age => '1 day', max_sessions => 2,
  limit_policy => 'reject', listed => false);

-- What a backend has of all this after a load in that way: what each token is good for, which algorithm signs, and for how long
-- in that class.
CREATE FUNCTION verdict(token text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN jwt_auth.jwt_verify(token) ->> 'sub';
EXCEPTION WHEN OTHERS THEN
  IF sqlstate LIKE 'JW%' THEN RETURN sqlstate; END IF;
  RAISE;
END $$;
CREATE FUNCTION seen(tokens text[], reader text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  seen text;
BEGIN
  PERFORM set_config('jwt_auth.debug_row_reader', reader, true);
  -- Whatever changes a table of the ring makes backends load it anew.
  ALTER TABLE jwt_auth.session_class SET (fillfactor = 99);
  SELECT string_agg(verdict(token), ', ' ORDER BY n) INTO seen FROM unnest(tokens) WITH ORDINALITY t(token, n);
  RETURN seen || '; ' || (SELECT concat_ws(' ', header ->> 'alg', (payload ->> 'exp')::int - (payload ->> 'iat')::int)
    FROM jwt_auth.issue_refresh_session('ring', class => 'kiosk') r, jwt_auth.jwt_decode_unverified(r.access_token));
EXCEPTION WHEN OTHERS THEN
  RETURN concat_ws('; ', seen, sqlstate || ' ' || sqlerrm);
END $$;
CREATE FUNCTION seen_after(tokens text[], VARIADIC ddl text[], OUT by_index text, OUT by_statement text, OUT by_default text, OUT afterwards text)
LANGUAGE plpgsql AS $$
DECLARE
  one text;
BEGIN
  BEGIN
    FOREACH one IN ARRAY ddl LOOP EXECUTE one; END LOOP;
    by_index := seen(tokens, 'index');
    by_statement := seen(tokens, 'statement');
    by_default := seen(tokens, 'auto');
    RAISE EXCEPTION SQLSTATE 'XX999';
  EXCEPTION WHEN SQLSTATE 'XX999' THEN
    afterwards := seen(tokens, 'index');
  END;
END $$;
CREATE FUNCTION ring(VARIADIC ddl text[], OUT by_index text, OUT by_statement text, OUT same boolean, OUT undone boolean) LANGUAGE sql AS $$
  SELECT by_index, by_statement, by_default = by_statement, afterwards = seen(current_setting('test.tokens')::text[], 'statement')
  FROM seen_after(current_setting('test.tokens')::text[], VARIADIC ddl)
$$;
SELECT set_config('test.tokens', ARRAY[:'hmac', :'retired', :'active', :'foreign']::text, false) IS NULL;
\pset format unaligned
\pset tuples_only on
\pset fieldsep '\n'

\echo == as it is
SELECT * FROM ring('SELECT');

\echo == changed, and as it was
SELECT * FROM ring('TRUNCATE jwt_auth.signing_key');
SELECT * FROM ring($$UPDATE jwt_auth.signing_key SET state = 'retired' WHERE state = 'verify_only'$$);
SELECT * FROM ring('DELETE FROM jwt_auth.trusted_issuer', 'DELETE FROM jwt_auth.session_class');
SELECT * FROM ring($$UPDATE jwt_auth.trusted_issuer SET token_types = '{other+jwt,NULL}'$$);
SELECT * FROM ring($$UPDATE jwt_auth.trusted_issuer SET audiences = NULL, audience = 'us'$$);
SELECT * FROM ring($$UPDATE jwt_auth.session_class SET access_token_ttl = NULL, limit_policy = NULL$$);
SELECT * FROM ring('ALTER TABLE jwt_auth.session_class DROP CONSTRAINT session_class_access_token_ttl_check',
  $$UPDATE jwt_auth.session_class SET access_token_ttl = '-1 second'$$);
SELECT * FROM ring('SELECT jwt_auth.revoke_all_tokens()');
-- Values that lie apart from their row, or are compressed.
SELECT * FROM ring('ALTER TABLE jwt_auth.signing_key ALTER private_jwk SET STORAGE EXTERNAL',
  $$UPDATE jwt_auth.signing_key SET private_jwk = '{' || repeat(' ', 9000) || substr(private_jwk, 2) WHERE state <> 'pending'$$);
SELECT * FROM ring($$UPDATE jwt_auth.signing_key SET private_jwk = '{' || repeat(' ', 9000) || substr(private_jwk, 2)$$);
-- Many of everything.
SELECT * FROM ring($$INSERT INTO jwt_auth.trusted_issuer (issuer, jwks, created_at) SELECT 'https://' || n, '{"keys": []}', now() FROM generate_series(1, 70) n$$,
  $$INSERT INTO jwt_auth.signing_key (kid, algorithm, state, created_at) SELECT n, 'HS256', 'verify_only', now() FROM generate_series(1, 70) n$$,
  $$INSERT INTO jwt_auth.session_class (name, listed) SELECT n, true FROM generate_series(1, 70) n$$);

\echo == tables that somebody has changed, and that are still plain
SELECT * FROM ring('ALTER TABLE jwt_auth.signing_key DROP COLUMN keep_until', 'ALTER TABLE jwt_auth.signing_key ADD first int DEFAULT 1');
SELECT * FROM ring('DROP INDEX jwt_auth.signing_key_one_active', 'ALTER TABLE jwt_auth.signing_key DROP CONSTRAINT signing_key_pkey',
  'ALTER TABLE jwt_auth.cutoff DROP CONSTRAINT cutoff_pkey');
SELECT * FROM ring('CREATE DOMAIN issuer AS text COLLATE "C"', 'ALTER TABLE jwt_auth.trusted_issuer ALTER issuer TYPE issuer');
SELECT * FROM ring('CREATE ROLE ring_owner', 'GRANT USAGE ON SCHEMA jwt_auth TO ring_owner', 'ALTER TABLE jwt_auth.signing_key OWNER TO ring_owner',
  'ALTER TABLE jwt_auth.trusted_issuer OWNER TO ring_owner', 'ALTER TABLE jwt_auth.cutoff OWNER TO ring_owner',
  'ALTER TABLE jwt_auth.token_lifetime OWNER TO ring_owner', 'ALTER TABLE jwt_auth.session_class OWNER TO ring_owner',
  'ALTER TABLE jwt_auth.signing_key ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY');

\echo == and that no longer are
SELECT * FROM ring('ALTER TABLE jwt_auth.trusted_issuer SET UNLOGGED');
SELECT * FROM ring('CREATE TABLE child () INHERITS (jwt_auth.signing_key)', 'INSERT INTO child TABLE ONLY jwt_auth.signing_key',
  'DELETE FROM ONLY jwt_auth.signing_key');
SELECT * FROM ring('ALTER TABLE jwt_auth.cutoff RENAME TO old', 'CREATE VIEW jwt_auth.cutoff AS SELECT now() + interval ''1 hour'' AS not_before');
SELECT * FROM ring('ALTER TABLE jwt_auth.trusted_issuer ALTER jwks TYPE json');
SELECT * FROM ring('ALTER TABLE jwt_auth.token_lifetime ALTER token_ttl TYPE bigint');
SELECT * FROM ring('ALTER TABLE jwt_auth.session_class DROP CONSTRAINT session_class_access_token_ttl_check',
  'ALTER TABLE jwt_auth.session_class ALTER access_token_ttl TYPE text');
SELECT * FROM ring('ALTER TABLE jwt_auth.trusted_issuer DROP COLUMN token_types');
SELECT * FROM ring('CREATE ROLE ring_owner', 'GRANT USAGE ON SCHEMA jwt_auth TO ring_owner', 'ALTER TABLE jwt_auth.signing_key OWNER TO ring_owner',
  'REVOKE SELECT ON jwt_auth.signing_key FROM ring_owner');
SET allow_system_table_mods = on;
SELECT * FROM ring('CREATE TABLE pg_catalog.pg_dist_partition (logicalrelid regclass)',
  'INSERT INTO pg_catalog.pg_dist_partition VALUES (''jwt_auth.signing_key'')', 'ALTER TABLE jwt_auth.signing_key SET (fillfactor = 99)');
RESET allow_system_table_mods;

\echo == no lock of a table outlives the load
\pset tuples_only off
\pset format aligned
BEGIN;
ALTER TABLE jwt_auth.session_class SET (fillfactor = 99);
SET LOCAL jwt_auth.debug_row_reader = 'index';
SELECT verdict(:'foreign');
SELECT relation::regclass FROM pg_locks WHERE pid = pg_backend_pid() AND relation IN ('jwt_auth.signing_key'::regclass,
  'jwt_auth.trusted_issuer'::regclass, 'jwt_auth.cutoff'::regclass, 'jwt_auth.token_lifetime'::regclass);
COMMIT;

\echo == at SERIALIZABLE the load locks rows and pages of indexes against writers, no table and no index whole
BEGIN ISOLATION LEVEL SERIALIZABLE;
ALTER TABLE jwt_auth.session_class SET (fillfactor = 99);
SET LOCAL jwt_auth.debug_row_reader = 'index';
SELECT verdict(:'foreign');
SELECT relation::regclass, locktype, count(*) FROM pg_locks
WHERE pid = pg_backend_pid() AND mode = 'SIReadLock' GROUP BY 1, 2 ORDER BY relation::regclass::text, locktype;
COMMIT;
-- Nor where a table has no rows.
SELECT jwt_auth.drop_session_class('kiosk');
TRUNCATE jwt_auth.session_class, jwt_auth.cutoff;
BEGIN ISOLATION LEVEL SERIALIZABLE;
ALTER TABLE jwt_auth.token_lifetime SET (fillfactor = 99);
SET LOCAL jwt_auth.debug_row_reader = 'index';
SELECT verdict(:'foreign');
SELECT relation::regclass, locktype, count(*) FROM pg_locks
WHERE pid = pg_backend_pid() AND mode = 'SIReadLock' GROUP BY 1, 2 ORDER BY relation::regclass::text, locktype;
COMMIT;

DROP FUNCTION ring, seen_after, seen, verdict;
SELECT jwt_auth.distrust_issuer('https://partner.example');
DELETE FROM jwt_auth.signing_key;
TRUNCATE jwt_auth.refresh_session, jwt_auth.session_data, jwt_auth.account, jwt_auth.token_lifetime, jwt_auth.auth_event;
