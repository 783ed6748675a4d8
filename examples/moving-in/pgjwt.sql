-- The functions of pgjwt (sign, verify, url_encode, url_decode) on top of jwt_auth, so that code which calls them runs on unchanged:
-- DROP EXTENSION pgjwt, then run this in the schema where it was. What is different, and safer:
--   a secret shorter than the hash is refused (JW020, RFC 7518 section 3.2), and so is a key of another kind given as a secret
--   sign() refuses an algorithm other than HS256, HS384 and HS512 (JW007, an unknown one 22023); verify() answers that it is not valid
--   verify() compares in constant time, reads the token strictly, and checks exp and nbf as RFC 7519 has them
--   payloads come back as their jsonb, so members are in another order
CREATE FUNCTION url_encode(data bytea) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT jwt_auth.base64url_encode(data) $$;
CREATE FUNCTION url_decode(data text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT jwt_auth.base64url_decode(data) $$;

CREATE FUNCTION sign(payload json, secret text, algorithm text DEFAULT 'HS256') RETURNS text LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
  SELECT jwt_auth.jwt_sign(payload::jsonb, convert_to(secret, 'UTF8'), algorithm)
$$;

-- As there, header and payload are shown of a token that is not valid, too: look at valid first. Of one that is malformed they are null,
-- and it is not valid either.
CREATE FUNCTION verify(token text, secret text, algorithm text DEFAULT 'HS256')
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
