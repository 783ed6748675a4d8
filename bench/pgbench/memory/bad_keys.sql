-- Keys that are refused.
\set n random(1, 100000)
SELECT bad_key('{"kty": "oct", "k": "' || md5(:n::text) || '"');
