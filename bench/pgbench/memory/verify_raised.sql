-- Refusals that are raised and caught.
\set n random(1, :samples - :batch)
\set last :n + :batch - 1
SELECT 1 / (count(*) = :batch)::int AS good FROM sample WHERE n BETWEEN :n AND :last AND refused(token || 'A');
