-- Another session each time: its token is read from a table first.
\set n random(1, :samples)
SELECT jwt_auth.jwt_verify(access_token) FROM known WHERE n = :n;
