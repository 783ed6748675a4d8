-- explain_session as the first thing that a connection does: nothing of its answer is in memory that SPI has freed.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
DELETE FROM jwt_auth.signing_key;
SELECT jwt_auth.create_signing_key('HS256') IS NOT NULL AS made;
SELECT session_id AS living FROM jwt_auth.issue_refresh_session('ann') \gset
SELECT session_id AS ended FROM jwt_auth.issue_refresh_session('ann') \gset
SELECT session_id AS vanished FROM jwt_auth.issue_refresh_session('ann') \gset
SELECT jwt_auth.revoke_refresh_session(:'ended', 'lost phone');
DELETE FROM jwt_auth.refresh_session WHERE session_id = :'vanished';

\echo == a session that is unknown
\c -
SELECT * FROM jwt_auth.explain_session('11111111-1111-8111-8111-111111111111');
\c -
SELECT e.* FROM generate_series(1, 3), jwt_auth.explain_session('11111111-1111-8111-8111-111111111111') e;

\echo == one that was ended, one whose row was deleted by hand, one that lives
\c -
SELECT alive, user_id, event, at <= now() AS at, detail, explanation FROM jwt_auth.explain_session(:'ended');
\c -
SELECT * FROM jwt_auth.explain_session(:'vanished');
\c -
SELECT alive, user_id, event, at, detail, explanation LIKE 'alive until %' AS explained FROM jwt_auth.explain_session(:'living');

DELETE FROM jwt_auth.signing_key;
DELETE FROM jwt_auth.refresh_session;
DELETE FROM jwt_auth.account;
DELETE FROM jwt_auth.auth_event;
