-- Refresh tokens of nobody.
\set n random(1, 1000000)
SELECT (jwt_auth.refresh_session('jwtauth_r1_' || left(translate(encode(sha256(:n::text::bytea) || sha256(:n::text::bytea) || '\x00000000'::bytea, 'base64'), E'+/=\n', '-_'), 91), '10.0.0.1', 'ua')).status;
