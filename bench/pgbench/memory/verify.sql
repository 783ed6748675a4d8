\if :k = 0
SELECT token FROM sample WHERE n = 1 \gset
\set k 1
\endif
SELECT jwt_auth.jwt_verify(:token, '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef', audience => 'api.example.com');
