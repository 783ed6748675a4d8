\set n random(1, :samples - :batch)
\set last :n + :batch - 1
SELECT count(jwt_auth.jwt_verify(token, '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef', audience => 'api.example.com')) FROM sample WHERE n BETWEEN :n AND :last;
