-- A refusal that is raised and caught.
\set n random(1, :samples)
SELECT refused(token || 'A') FROM sample WHERE n = :n;
