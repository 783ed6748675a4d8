-- One log-in, then 39 refreshes of that session, each with a new access token.
\if :k % 40 = 0
\set uid random(1, :users)
SELECT refresh_token AS tok FROM app.issue(:uid, '10.0.0.1', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36') \gset
\else
SELECT coalesce(refresh_token, 'x') AS tok, 1 / (status = 'ok')::int AS good FROM app.refresh(:tok, '10.0.0.1', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36', true) \gset
\endif
\set k :k + 1
