-- revoke_own_session: a session is ended only for the user whose it is.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
SET client_min_messages = warning;
DELETE FROM jwt_auth.signing_key;
TRUNCATE jwt_auth.auth_event;
SELECT jwt_auth.create_signing_key() IS NOT NULL AS ours;
SELECT session_id AS phone, access_token FROM jwt_auth.issue_refresh_session('ann') \gset
SELECT session_id AS laptop FROM jwt_auth.issue_refresh_session('ann') \gset
SELECT session_id AS bobs FROM jwt_auth.issue_refresh_session('bob') \gset

\echo == of somebody else, or none at all: nothing happens
SELECT jwt_auth.revoke_own_session('ann', :'bobs') AS bobs, jwt_auth.revoke_own_session('bob', :'phone') AS anns, jwt_auth.revoke_own_session('nobody', :'phone') AS nobody,
       jwt_auth.revoke_own_session('ann', '00000000-0000-0000-0000-000000000000') AS no_such, jwt_auth.revoke_own_session('ann', 'ffffffff-ffff-ffff-ffff-ffffffffffff') AS none;
SELECT user_id, count(*) FROM jwt_auth.refresh_session GROUP BY user_id ORDER BY user_id;
SELECT event, user_id FROM jwt_auth.auth_event WHERE event NOT IN ('login', 'key_created');

\echo == one of their own: once, and its tokens end with it
SELECT jwt_auth.revoke_own_session('ann', :'phone') AS first, jwt_auth.revoke_own_session('ann', :'phone') AS second;
SELECT jwt_auth.jwt_verify(:'access_token');
SELECT jwt_auth.revoke_own_session('ann     ', :'laptop') AS with_blanks;
SELECT event, user_id, session_id IN (:'phone', :'laptop') AS own, detail FROM jwt_auth.auth_event WHERE event NOT IN ('login', 'key_created') ORDER BY id;
SELECT event FROM jwt_auth.explain_session(:'phone');

\echo == one whose time had run out is cleaned away, and was not ended
UPDATE jwt_auth.refresh_session SET ends_at = clock_timestamp() - interval '1 hour' WHERE user_id = 'bob';
SELECT jwt_auth.revoke_own_session('bob', :'bobs') AS ended;
SELECT count(*) FROM jwt_auth.refresh_session;

\echo == NULL, and ids that are none
SELECT jwt_auth.revoke_own_session(NULL, :'phone');
SELECT jwt_auth.revoke_own_session('ann', NULL);
SELECT jwt_auth.revoke_own_session('', :'phone');
SELECT jwt_auth.revoke_own_session(repeat('x', 1025), :'phone');
SELECT jwt_auth.revoke_own_session('ann', 'ann');

DELETE FROM jwt_auth.signing_key;
TRUNCATE jwt_auth.account, jwt_auth.refresh_session, jwt_auth.auth_event, jwt_auth.revocation;
