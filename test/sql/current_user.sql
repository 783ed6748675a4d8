-- The user of the identity as a uuid and as a number: only of ids that are the text of one.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
DELETE FROM jwt_auth.signing_key;
SELECT jwt_auth.create_signing_key('HS256') IS NOT NULL AS made;
CREATE FUNCTION as_uuid(sub text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM jwt_auth.authenticate(jwt_auth.jwt_sign(jsonb_build_object('sub', sub)));
  RETURN jwt_auth.current_user_uuid();
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
CREATE FUNCTION as_bigint(sub text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM jwt_auth.authenticate(jwt_auth.jwt_sign(jsonb_build_object('sub', sub)));
  RETURN jwt_auth.current_user_bigint();
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE || ' ' || SQLERRM;
END $$;

SELECT sub, as_uuid(sub), as_bigint(sub) FROM unnest(ARRAY['7d444840-9dc0-11d1-b245-5ffdce74fad2', '42', '-9223372036854775808']) AS sub;
\echo == other spellings of the same value are other users
SELECT sub, as_uuid(sub) FROM unnest(ARRAY['7D444840-9DC0-11D1-B245-5FFDCE74FAD2', '{7d444840-9dc0-11d1-b245-5ffdce74fad2}', '7d4448409dc011d1b2455ffdce74fad2',
  '7d444840-9dc0-11d1-b245-5ffdce74fad2 ', 'ann', repeat('a', 100)]) AS sub;
SELECT sub, as_bigint(sub) FROM unnest(ARRAY['042', '+42', ' 42', '42 ', '4_2', '0x2a', '-0', '9223372036854775808', '42.0', 'ann']) AS sub;

\echo == nobody
SELECT jwt_auth.current_user_uuid(), jwt_auth.current_user_bigint();
BEGIN;
SELECT jwt_auth.authenticate(jwt_auth.jwt_sign('{"role": "machine"}')) ->> 'role' AS a_token_without_a_user;
SELECT jwt_auth.current_user_uuid(), jwt_auth.current_user_bigint();
COMMIT;

\echo == an index on a column of the type serves a policy
CREATE TABLE document (id bigint PRIMARY KEY, owner uuid);
INSERT INTO document SELECT n, gen_random_uuid() FROM generate_series(1, 1000) n;
CREATE INDEX document_owner ON document (owner);
ANALYZE document;
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT FROM document WHERE owner = jwt_auth.current_user_uuid();
EXPLAIN (COSTS OFF) SELECT FROM document WHERE id = jwt_auth.current_user_bigint();
RESET enable_seqscan;
SELECT proname, provolatile, proparallel, proisstrict FROM pg_proc WHERE pronamespace = 'jwt_auth'::regnamespace AND proname LIKE 'current\_%' ORDER BY proname COLLATE "C";

DROP TABLE document;
DROP FUNCTION as_uuid, as_bigint;
DELETE FROM jwt_auth.signing_key;
