-- Another key each time: more than are kept.
\set n random(1, 100000)
SELECT count(jwt_auth.jwt_sign('{"sub": "someone"}'::jsonb, md5((:n + i)::text) || md5((:n + i + 1)::text))) FROM generate_series(1, :batch::int) i;
