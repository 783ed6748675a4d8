\set n random(1, :samples - :batch)
\set last :n + :batch - 1
SELECT count(jwt_auth.jwt_sign(claims, '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef')) FROM sample WHERE n BETWEEN :n AND :last;
