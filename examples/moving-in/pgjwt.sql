-- The functions of pgjwt (sign, verify, url_encode, url_decode) on top of jwt_auth, so that code which calls them runs on unchanged. Run this
-- as the owner of pgjwt's functions or a superuser, with the search_path set to their schema: they are replaced in place, so views and
-- functions that call them stay. algorithm_sign and try_cast_double stay as pgjwt has them; algorithm_sign needs pgcrypto, as before.
-- sign and verify call jwt_auth with the rights of whoever calls them; docs/moving-in.md has the grant. What is different, and safer:
--   a secret shorter than the hash is refused (JW020, RFC 7518 section 3.2), and so is a key of another kind given as a secret
--   sign() refuses an algorithm other than HS256, HS384 and HS512 (JW007, an unknown one 22023); verify() answers that it is not valid
--   sign() refuses a registered claim of another type than RFC 7519 has, such as an exp that is null or a text (22023)
--   verify() compares in constant time, reads the token strictly, and checks exp and nbf as RFC 7519 has them
--   payloads come back as their jsonb, so members are in another order
--   sign() and verify() are volatile (pgjwt calls them immutable), so an index or a generated column cannot use them

-- Where pgjwt is installed as an extension, its functions are taken out of it before it is dropped: DROP EXTENSION alone would refuse
-- while a view or a policy uses one, and with CASCADE it would drop that as well.
DO $$
DECLARE
  member regprocedure;
BEGIN
  IF EXISTS (SELECT FROM pg_extension WHERE extname = 'pgjwt') THEN
    FOR member IN
      SELECT d.objid FROM pg_depend AS d JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
      WHERE e.extname = 'pgjwt' AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e'
    LOOP
      EXECUTE format('ALTER EXTENSION pgjwt DROP FUNCTION %s', member);
    END LOOP;
    DROP EXTENSION pgjwt;
  END IF;
END $$;

CREATE OR REPLACE FUNCTION url_encode(data bytea) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT jwt_auth.base64url_encode(data) $$;
CREATE OR REPLACE FUNCTION url_decode(data text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT jwt_auth.base64url_decode(data) $$;

CREATE OR REPLACE FUNCTION sign(payload json, secret text, algorithm text DEFAULT 'HS256') RETURNS text LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
  SELECT jwt_auth.jwt_sign(payload::jsonb, convert_to(secret, 'UTF8'), algorithm)
$$;

-- As there, header and payload are shown of a token that is not valid, too: look at valid first. Of one that is malformed they are null,
-- and it is not valid either.
CREATE OR REPLACE FUNCTION verify(token text, secret text, algorithm text DEFAULT 'HS256')
RETURNS TABLE (header json, payload json, valid boolean) LANGUAGE plpgsql VOLATILE PARALLEL SAFE AS $$
DECLARE
  refusal text;
BEGIN
  SELECT v.valid, v.error_code INTO valid, refusal
  FROM jwt_auth.jwt_try_verify(token, convert_to(secret, 'UTF8'), ARRAY[algorithm], audience => '*') AS v;
  IF refusal IS NULL OR refusal NOT IN ('JW001', 'JW040') THEN
    SELECT d.header, d.payload INTO header, payload FROM jwt_auth.jwt_decode_unverified(token) AS d;
  END IF;
  RETURN NEXT;
END $$;
