\set n random(1, :known)
SELECT jwt_auth.jwt_verify(access_token) FROM known WHERE n = :n;
