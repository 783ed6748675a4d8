\set n random(1, :known - :batch)
\set last :n + :batch - 1
SELECT count(jwt_auth.jwt_verify(access_token)) FROM known WHERE n BETWEEN :n AND :last;
