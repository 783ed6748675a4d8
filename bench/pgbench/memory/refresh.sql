-- A session that is there already, refreshed 40 times; the token travels in the client's variable.
\if :k % 4 = 0
SELECT refresh_token AS tok FROM known WHERE n = (SELECT nextval('next_known')) \gset
\endif
SELECT refreshed(:tok, :batch) AS tok \gset
\set k :k + 1
