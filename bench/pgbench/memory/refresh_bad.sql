-- Refresh tokens of nobody.
\set n random(1, 1000000)
\set last :n + :batch - 1
SELECT 1 / (count(*) = :batch)::int AS good FROM generate_series(:n::int, :last::int) n, jwt_auth.refresh_session('jwtauth_r1_' || left(translate(encode(sha256(n::text::bytea) || sha256(n::text::bytea) || '\x00000000'::bytea, 'base64'), E'+/=\n', '-_'), 91), '10.0.0.1', 'ua') r WHERE r.status = 'invalid';
