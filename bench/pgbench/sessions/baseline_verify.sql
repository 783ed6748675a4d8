-- One log-in, then 199 verifications.
\if :k % 200 = 0
\set uid random(1, :users)
SELECT access_token AS tok FROM app.issue(:uid, '10.0.0.1', 'ua', true) \gset
\else
SELECT 1 / (app.verify(:tok) IS NOT NULL)::int AS good;
\endif
\set k :k + 1
