-- The statement that a verification consists of, for a random session, 39 times.
\if :k % 40 = 0
\set n random(1, :samples)
SELECT payload ->> 'sid' AS sid, payload ->> 'sub' AS sub, public.user_key(payload ->> 'sub') AS key FROM known, jwt_auth.jwt_decode_unverified(access_token) WHERE n = :n \gset
\else
SELECT s.created_at, s.ends_at, s.idle_ends_at, EXISTS (SELECT FROM jwt_auth.denied_token d WHERE d.user_key = :key::int AND d.token_id = '\x00'), (SELECT a.not_before FROM jwt_auth.account a WHERE a.user_key = :key::int AND a.issuer = '' AND a.user_id = :sub) FROM jwt_auth.refresh_session s WHERE s.session_id = :sid::uuid AND s.user_key = :key::int AND s.user_id = :sub;
\endif
\set k :k + 1
