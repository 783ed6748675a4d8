\set uid :users + 1 + :client_id * :each + :k
SELECT 1 / (floor.revoke('u' || :uid) = 5)::int AS good;
\set k :k + 1
