\set uid random(1, :issuing)
SELECT floor.issue('u' || :uid);
