\if :k = 0
SELECT claims_text AS claims FROM sample WHERE n = 1 \gset
\set k 1
\endif
SELECT jwt_auth.jwt_sign(:claims, '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef');
