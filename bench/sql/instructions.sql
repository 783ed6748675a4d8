CREATE EXTENSION jwt_auth
SELECT jwt_auth.create_signing_key('HS256')
CREATE TABLE claims AS SELECT n, ('{"iss":"https://auth.example.com","sub":"u1","aud":"api.example.com","exp":4102444800,"nbf":1700000000,"iat":1700000000,"jti":"' || md5(n::text) || '","role":"authenticated"}')::jsonb AS claims FROM generate_series(1, :count) n
SELECT jwt_auth.jws_verify(jwt_auth.jws_sign('warm', repeat('0123456789abcdef', 4)), repeat('0123456789abcdef', 4))
CREATE TABLE explicit AS SELECT jwt_auth.jwt_sign(claims, repeat('0123456789abcdef', 4)) AS token FROM claims
CREATE TABLE issued AS SELECT n, r.* FROM generate_series(1, :count) n, jwt_auth.issue_refresh_session('u' || n % 100, '10.0.0.1', 'Mozilla/5.0 (X11; Linux x86_64)') r
SELECT count(jwt_auth.authenticate(access_token)) FROM (SELECT access_token FROM issued ORDER BY n DESC LIMIT 1) t
SELECT jwt_auth.set_user_policy('u0', NULL)
CREATE TABLE kept AS SELECT * FROM jwt_auth.issue_refresh_session('kept')
SELECT count(jwt_auth.jwt_sign(claims)) FROM claims
SELECT count(jwt_auth.jwt_verify(token, repeat('0123456789abcdef', 4), audience => 'api.example.com')) FROM explicit
SELECT count(*) FROM explicit, jwt_auth.jwt_try_verify(token || 'A', repeat('0123456789abcdef', 4)) v WHERE NOT v.valid
SELECT count(jwt_auth.jwt_verify(access_token)) FROM (SELECT access_token FROM issued ORDER BY n DESC LIMIT 400) t
SELECT count(jwt_auth.refresh_session(refresh_token, '10.0.0.1', 'Mozilla/5.0 (X11; Linux x86_64)')) FROM (SELECT refresh_token FROM issued ORDER BY n DESC LIMIT 400) t
SELECT count(jwt_auth.revoke_user_tokens('u' || n)) FROM generate_series(0, 99) n
