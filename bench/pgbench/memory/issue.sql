\set uid random(1, :issuing)
SELECT refresh_token, access_token FROM jwt_auth.issue_refresh_session('u' || :uid, '10.0.0.1', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36');
