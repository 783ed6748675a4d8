-- Tokens that are refused, each another one: garbled, with a foreign signature, cut.
\set n random(1, :samples - :batch)
\set last :n + :batch - 1
SELECT 1 / (count(*) = :batch)::int AS good FROM sample, jwt_auth.jwt_try_verify(CASE n % 3 WHEN 0 THEN replace(token, 'e', 'f') WHEN 1 THEN left(token, -3) || 'AAA' ELSE left(token, n % 300) END, '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef', audience => 'api.example.com') v WHERE n BETWEEN :n AND :last AND NOT v.valid;
