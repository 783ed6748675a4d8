-- A random session's token, verified 39 times.
\if :k % 40 = 0
\set n random(1, :samples)
SELECT access_token AS tok FROM known WHERE n = :n \gset
\else
SELECT jwt_auth.jwt_verify(:tok);
\endif
\set k :k + 1
