\set uid random(1, :issuing - :batch)
SELECT 1 / (count(r.access_token) = :batch)::int AS good FROM generate_series(1, :batch::int) i, jwt_auth.issue_refresh_session('u' || (:uid + i), '10.0.0.1', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36') r;
