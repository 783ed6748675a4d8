SELECT count(jwt_auth.jwt_verify(access_token)) FROM kept
CREATE TABLE calm AS SELECT n, r.* FROM generate_series(1, 900) n, jwt_auth.issue_refresh_session('calm' || n % 225, '10.0.0.1', 'Mozilla/5.0 (X11; Linux x86_64)') r
SELECT count(jwt_auth.refresh_session(refresh_token, '10.0.0.1', 'Mozilla/5.0 (X11; Linux x86_64)')) FROM calm WHERE n % 3 = 0
