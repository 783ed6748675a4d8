-- Tokens the way pgjwt makes and checks them: HMAC in SQL-language functions over pgcrypto. Same steps, same types, same
-- volatility, so that it costs what pgjwt costs.
CREATE EXTENSION pgcrypto;
CREATE SCHEMA peer;

CREATE FUNCTION peer.url_encode(data bytea) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT translate(encode(data, 'base64'), E'+/=\n', '-_')
$$;

CREATE FUNCTION peer.url_decode(data text) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
  WITH t AS (SELECT translate(data, '-_', '+/') AS trans),
       r AS (SELECT length(t.trans) % 4 AS remainder FROM t)
  SELECT decode(t.trans || CASE WHEN r.remainder > 0 THEN repeat('=', 4 - r.remainder) ELSE '' END, 'base64') FROM t, r
$$;

CREATE FUNCTION peer.algorithm_sign(signables text, secret text, algorithm text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  WITH a AS (SELECT CASE algorithm WHEN 'HS256' THEN 'sha256' WHEN 'HS384' THEN 'sha384' WHEN 'HS512' THEN 'sha512'
                    ELSE '' END AS id)
  SELECT peer.url_encode(public.hmac(signables, secret, a.id)) FROM a
$$;

CREATE FUNCTION peer.sign(payload json, secret text, algorithm text DEFAULT 'HS256') RETURNS text LANGUAGE sql IMMUTABLE AS $$
  WITH header AS (SELECT peer.url_encode(convert_to('{"alg":"' || algorithm || '","typ":"JWT"}', 'utf8')) AS data),
       body AS (SELECT peer.url_encode(convert_to(payload::text, 'utf8')) AS data),
       signables AS (SELECT header.data || '.' || body.data AS data FROM header, body)
  SELECT signables.data || '.' || peer.algorithm_sign(signables.data, secret, algorithm) FROM signables
$$;

CREATE FUNCTION peer.try_cast_double(input text) RETURNS double precision LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  BEGIN
    RETURN input::double precision;
  EXCEPTION WHEN OTHERS THEN
    RETURN NULL;
  END;
END $$;

CREATE FUNCTION peer.verify(token text, secret text, algorithm text DEFAULT 'HS256')
RETURNS TABLE (header json, payload json, valid boolean) LANGUAGE sql IMMUTABLE AS $$
  SELECT jwt.header, jwt.payload,
         jwt.signature_ok AND tstzrange(to_timestamp(peer.try_cast_double(jwt.payload->>'nbf')),
                                        to_timestamp(peer.try_cast_double(jwt.payload->>'exp'))) @> CURRENT_TIMESTAMP
  FROM (SELECT convert_from(peer.url_decode(r[1]), 'utf8')::json AS header,
               convert_from(peer.url_decode(r[2]), 'utf8')::json AS payload,
               r[3] = peer.algorithm_sign(r[1] || '.' || r[2], secret, algorithm) AS signature_ok
        FROM regexp_split_to_array(token, '\.') r) jwt
$$;

-- Tokens to verify and claims to sign: nine claims each, 238 bytes of payload.
CREATE TABLE public.sample (
  n integer PRIMARY KEY,
  claims jsonb NOT NULL,
  claims_text json NOT NULL,
  token text NOT NULL
);
INSERT INTO public.sample
SELECT n, t::jsonb, t::json, peer.sign(t::json, :'secret')
FROM generate_series(1, :samples) n,
     LATERAL format('{"iss":"https://auth.example.com","sub":"%s","aud":"api.example.com","exp":4102444800,'
                    '"nbf":1700000000,"iat":1700000000,"jti":"%s","sid":"%s","role":"authenticated"}',
                    md5('s' || n)::uuid, md5('j' || n)::uuid, 1000000 + n) t;
VACUUM (ANALYZE) public.sample;
