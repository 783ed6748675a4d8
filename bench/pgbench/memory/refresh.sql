-- A session that is there already, refreshed 39 times; the token travels in the client's variable.
\if :k % 40 = 0
SELECT refresh_token AS tok FROM known WHERE n = (SELECT nextval('next_known')) \gset
\else
SELECT refresh_token AS tok, 1 / (status = 'ok')::int AS good FROM jwt_auth.refresh_session(:tok, '10.0.0.1', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36') \gset
\endif
\set k :k + 1
