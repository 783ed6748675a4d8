-- Triggers of the owner's on our tables, among them such as suppress a row: no function reads a row that is not there, and what
-- must have been written was written, or it is an error (09000) and nothing is left of the call.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
DELETE FROM jwt_auth.signing_key;
SELECT jwt_auth.create_signing_key('HS256') IS NOT NULL AS made;
CREATE FUNCTION suppress() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';

\echo == an account whose cutoff lies ahead, and updates that change nothing are suppressed
SELECT access_token AS token FROM jwt_auth.issue_refresh_session('ann') \gset
UPDATE jwt_auth.account SET not_before = '2100-01-01' WHERE user_id = 'ann';
CREATE TRIGGER z_min BEFORE UPDATE ON jwt_auth.account FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
SELECT jwt_auth.revoke_user_tokens('ann');
SELECT not_before = '2100-01-01' AS kept FROM jwt_auth.account WHERE user_id = 'ann';
SELECT jwt_auth.jwt_verify(:'token');
SELECT session_id AS one FROM jwt_auth.issue_refresh_session('ann') \gset
SELECT status FROM jwt_auth.issue_refresh_session('ann');
SELECT jwt_auth.revoke_other_sessions('ann', :'one');
SELECT jwt_auth.set_user_policy('ann', max_sessions => 3);
SELECT jwt_auth.set_user_policy('ann', max_sessions => 3);
SELECT max_sessions FROM jwt_auth.account WHERE user_id = 'ann';
DROP TRIGGER z_min ON jwt_auth.account;

\echo == accounts that can not be updated: log-ins go on where the lock is enough, a revocation does not pretend
SELECT access_token AS token FROM jwt_auth.issue_refresh_session('bob') \gset
CREATE TRIGGER keep_account BEFORE UPDATE ON jwt_auth.account FOR EACH ROW EXECUTE FUNCTION suppress();
SELECT status FROM jwt_auth.issue_refresh_session('bob');
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT status FROM jwt_auth.issue_refresh_session('bob');
ROLLBACK;
SELECT jwt_auth.set_user_policy('bob', max_sessions => 1);
SELECT jwt_auth.set_user_policy('bob', ip_binding => 'log');
SELECT jwt_auth.set_user_policy('bob', fingerprint_binding => 'log');
SELECT jwt_auth.set_user_policy('bob');
\set VERBOSITY default
SELECT jwt_auth.revoke_user_tokens('bob');
\set VERBOSITY sqlstate
SELECT jwt_auth.jwt_verify(:'token') ->> 'sub' AS sub;
SELECT count(*) FROM jwt_auth.user_sessions('bob');
DROP TRIGGER keep_account ON jwt_auth.account;

\echo == accounts that can not be inserted
CREATE TRIGGER no_account BEFORE INSERT ON jwt_auth.account FOR EACH ROW EXECUTE FUNCTION suppress();
SELECT status FROM jwt_auth.issue_refresh_session('cleo');
SELECT jwt_auth.revoke_user_tokens('cleo');
SELECT jwt_auth.revoke_other_sessions('cleo', :'one');
DROP TRIGGER no_account ON jwt_auth.account;

\echo == the cutoff for everybody
BEGIN;
INSERT INTO jwt_auth.cutoff (not_before) VALUES ('2100-01-01');
CREATE TRIGGER z_min BEFORE UPDATE ON jwt_auth.cutoff FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
SELECT jwt_auth.revoke_all_tokens();
SELECT not_before = '2100-01-01' AS kept FROM jwt_auth.cutoff;
DROP TRIGGER z_min ON jwt_auth.cutoff;
UPDATE jwt_auth.cutoff SET not_before = '2000-01-01';
CREATE TRIGGER keep_cutoff BEFORE UPDATE ON jwt_auth.cutoff FOR EACH ROW EXECUTE FUNCTION suppress();
SELECT jwt_auth.revoke_all_tokens();
ROLLBACK;
BEGIN;
CREATE TRIGGER no_cutoff BEFORE INSERT ON jwt_auth.cutoff FOR EACH ROW EXECUTE FUNCTION suppress();
SELECT jwt_auth.revoke_all_tokens();
ROLLBACK;

\echo == sessions that can not be written
SELECT session_id AS id, refresh_token AS first FROM jwt_auth.issue_refresh_session('dora') \gset
BEGIN;
CREATE TRIGGER no_session BEFORE INSERT ON jwt_auth.refresh_session FOR EACH ROW EXECUTE FUNCTION suppress();
SELECT status FROM jwt_auth.issue_refresh_session('dora');
ROLLBACK;
BEGIN;
CREATE TRIGGER no_data BEFORE INSERT ON jwt_auth.session_data FOR EACH ROW EXECUTE FUNCTION suppress();
SELECT status FROM jwt_auth.issue_refresh_session('dora', claims => '{"role": "limited"}');
ROLLBACK;
BEGIN;
CREATE TRIGGER keep_session BEFORE UPDATE ON jwt_auth.refresh_session FOR EACH ROW EXECUTE FUNCTION suppress();
SELECT status FROM jwt_auth.refresh_session(:'first');
ROLLBACK;

\echo == sessions that can not be deleted
SELECT refresh_token AS second FROM jwt_auth.refresh_session(:'first') \gset
SELECT refresh_token AS third FROM jwt_auth.refresh_session(:'second') \gset
SELECT count((jwt_auth.issue_refresh_session('dora')).status) FROM generate_series(1, 4);
CREATE TRIGGER keep_session BEFORE DELETE ON jwt_auth.refresh_session FOR EACH ROW EXECUTE FUNCTION suppress();
\echo == a theft is not reported as ended
SELECT status FROM jwt_auth.refresh_session(:'first');
\echo == nor is anything else
SELECT jwt_auth.revoke_refresh_session(:'id');
SELECT jwt_auth.revoke_refresh_token(:'third');
SELECT jwt_auth.revoke_other_sessions('dora', :'id');
\echo == no room is made for a log-in
SELECT status FROM jwt_auth.issue_refresh_session('dora');
BEGIN;
SET LOCAL jwt_auth.session_limit_policy = evict_idle;
SELECT status FROM jwt_auth.issue_refresh_session('dora');
ROLLBACK;
\echo == a cutoff ends them all the same
SELECT jwt_auth.revoke_user_tokens('dora');
SELECT count(*) AS rows FROM jwt_auth.refresh_session WHERE user_id = 'dora';
SELECT count(*) AS alive FROM jwt_auth.user_sessions('dora');
SELECT status FROM jwt_auth.refresh_session(:'third');
DROP TRIGGER keep_session ON jwt_auth.refresh_session;

\echo == denials that can not be written, of a user who has another one
SELECT jwt_auth.deny_token(jwt_auth.jwt_sign('{"sub": "eve"}'));
SELECT jwt_auth.jwt_sign('{"sub": "eve"}') AS token \gset
CREATE TRIGGER no_denial BEFORE INSERT ON jwt_auth.denied_token FOR EACH ROW EXECUTE FUNCTION suppress();
SELECT jwt_auth.deny_token(:'token');
SELECT jwt_auth.consume_token(:'token');
DROP TRIGGER no_denial ON jwt_auth.denied_token;
SELECT jwt_auth.consume_token(:'token') ->> 'sub' AS sub;

\echo == a lifetime that can not be recorded
CREATE TRIGGER no_lifetime BEFORE INSERT ON jwt_auth.token_lifetime FOR EACH ROW EXECUTE FUNCTION suppress();
SELECT jwt_auth.issue_token('invitation', 'eve', '7 days');
DROP TRIGGER no_lifetime ON jwt_auth.token_lifetime;
SELECT jwt_auth.verify_token(jwt_auth.issue_token('invitation', 'eve', '7 days'), 'invitation') ->> 'sub' AS sub;

\echo == the audit may be filtered
CREATE TRIGGER no_event BEFORE INSERT ON jwt_auth.auth_event FOR EACH ROW EXECUTE FUNCTION suppress();
SELECT status FROM jwt_auth.issue_refresh_session('fay');
DROP TRIGGER no_event ON jwt_auth.auth_event;

DROP FUNCTION suppress;
DELETE FROM jwt_auth.signing_key;
DELETE FROM jwt_auth.refresh_session;
DELETE FROM jwt_auth.session_data;
DELETE FROM jwt_auth.denied_token;
DELETE FROM jwt_auth.token_lifetime;
DELETE FROM jwt_auth.account;
DELETE FROM jwt_auth.auth_event;
