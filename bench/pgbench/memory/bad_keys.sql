-- Keys that are refused.
\set n random(1, 100000)
SELECT 1 / (count(*) = :batch)::int AS good FROM generate_series(1, :batch::int) i WHERE bad_key('{"kty": "oct", "k": "' || md5((:n + i)::text) || '"');
