-- Tokens that are refused, each another one: garbled, with a foreign signature, cut.
\set n random(1, :samples)
SELECT (jwt_auth.jwt_try_verify(CASE :n % 3 WHEN 0 THEN replace(token, 'e', 'f') WHEN 1 THEN left(token, -3) || 'AAA' ELSE left(token, :n) END, '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef', audience => 'api.example.com')).error_code FROM sample WHERE n = :n;
