-- Another key each time: more than are kept.
\set n random(1, 100000)
SELECT jwt_auth.jwt_sign('{"sub": "someone"}'::jsonb, md5(:n::text) || md5((:n + 1)::text));
