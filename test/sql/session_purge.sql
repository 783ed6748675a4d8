-- purge_expired: accounts that hold nothing, data whose session is gone, triggers that keep rows, higher isolation levels.
\set VERBOSITY terse
\set SHOW_CONTEXT never
DELETE FROM jwt_auth.signing_key;
DELETE FROM jwt_auth.trusted_issuer;
DELETE FROM jwt_auth.refresh_session;
DELETE FROM jwt_auth.session_data;
DELETE FROM jwt_auth.denied_token;
DELETE FROM jwt_auth.account;
DELETE FROM jwt_auth.auth_event;
SELECT jwt_auth.create_signing_key('HS256') IS NOT NULL AS made;
CREATE FUNCTION accounts() RETURNS text LANGUAGE sql AS $$
  SELECT coalesce(string_agg(user_id, ' ' ORDER BY user_id), 'none') FROM jwt_auth.account
$$;
CREATE FUNCTION end_sessions(pattern text) RETURNS void LANGUAGE sql AS $$
  UPDATE jwt_auth.refresh_session SET purge_after = current_date - 10, idle_ends_at = now() - interval '10 days' WHERE user_id LIKE pattern
$$;
CREATE FUNCTION cut_off(name text, age interval) RETURNS void LANGUAGE sql AS $$
  SELECT jwt_auth.revoke_user_tokens(name);
  UPDATE jwt_auth.account SET not_before = now() - age WHERE user_id = name;
$$;
-- Where the library is preloaded, the whole server is counted.
CREATE TABLE purged_before AS SELECT outcome, count FROM jwt_auth.stats WHERE what = 'purge';
CREATE FUNCTION purged(what text) RETURNS bigint LANGUAGE sql AS $$
  SELECT s.count - b.count FROM jwt_auth.stats s JOIN purged_before b USING (outcome) WHERE s.what = 'purge' AND outcome = purged.what
$$;

\echo == visitors who are gone leave nothing behind but the audit
SELECT count(*) FROM generate_series(1, 100) n, jwt_auth.issue_refresh_session('visitor ' || n, claims => '{"a": 1}');
SELECT end_sessions('visitor %');
CALL jwt_auth.purge_expired();
SELECT (SELECT count(*) FROM jwt_auth.refresh_session) AS sessions, (SELECT count(*) FROM jwt_auth.account) AS accounts, (SELECT count(*) FROM jwt_auth.session_data) AS data;
SELECT event, count(*) FROM jwt_auth.auth_event GROUP BY event ORDER BY event;
SELECT purged('sessions') AS sessions, purged('accounts') AS accounts;

\echo == an account with a session, a policy, an API key or a cutoff that may refuse something stays
SELECT status FROM jwt_auth.issue_refresh_session('session');
SELECT status FROM jwt_auth.issue_refresh_session('logged out') \gset
SELECT jwt_auth.revoke_refresh_session(session_id) FROM jwt_auth.user_sessions('logged out');
SELECT jwt_auth.set_user_policy('policy max', max_sessions => 0);
SELECT jwt_auth.set_user_policy('policy ip', ip_binding => 'off');
SELECT jwt_auth.set_user_policy('policy fp', fingerprint_binding => 'off');
SELECT jwt_auth.set_user_policy('policy taken back', max_sessions => 1);
SELECT jwt_auth.set_user_policy('policy taken back');
SELECT status FROM jwt_auth.issue_refresh_session('key') \gset
SELECT jwt_auth.revoke_refresh_session(session_id) FROM jwt_auth.user_sessions('key');
SELECT key_id IS NOT NULL AS made FROM jwt_auth.create_api_key('key', 'k');
SELECT cut_off('cutoff now', '0');
SELECT cut_off('cutoff old', '1 hour 30 min 1 s');
SELECT cut_off('cutoff young', '1 hour 29 min');
SELECT cut_off('cutoff ahead', '-1 year');
INSERT INTO jwt_auth.account (user_key, issuer, user_id, not_before) VALUES (1, 'https://idp.example', 'foreign', '2000-01-01'), (1, 'https://idp.example', 'foreign without cutoff', NULL);
SELECT accounts();
CALL jwt_auth.purge_expired(1);
SELECT accounts();
SELECT cut_off('cutoff old', '100 years');

\echo == a longer lifetime that the key signed under keeps cutoffs for longer
UPDATE jwt_auth.signing_key SET token_ttl = 7200;
SELECT cut_off('cutoff old', '2 hours 59 min');
CALL jwt_auth.purge_expired();
SELECT accounts();
SELECT cut_off('cutoff old', '3 hours 1 s');
CALL jwt_auth.purge_expired();
SELECT accounts();
\echo -- and so does a token that is good for longer than that: it may be from any time since the key signs
SELECT jwt_auth.jwt_sign('{"sub": "x", "exp": 99999999999}') IS NOT NULL AS signed;
UPDATE jwt_auth.signing_key SET activated_at = now() - interval '1 year';
SELECT cut_off('cutoff old', '11 months');
CALL jwt_auth.purge_expired();
SELECT accounts();
SELECT cut_off('cutoff old', '13 months');
CALL jwt_auth.purge_expired();
SELECT accounts();
UPDATE jwt_auth.signing_key SET tokens_until = NULL;
\echo -- an imported key, and one of which that is not known, keep every cutoff until they are retired, pending ones as well:
\echo -- what they have signed elsewhere is good once they are active
SELECT imported FROM jwt_auth.signing_key;
SELECT jwt_auth.import_signing_key(jwt_auth.jwk_generate('HS256')::text, activate => false) AS kid \gset
SELECT imported FROM jwt_auth.signing_key WHERE kid = :'kid';
SELECT cut_off('cutoff old', '100 years');
CALL jwt_auth.purge_expired();
SELECT accounts();
SELECT jwt_auth.rotate_signing_key() = :'kid' AS rotated;
CALL jwt_auth.purge_expired();
SELECT accounts();
UPDATE jwt_auth.signing_key SET imported = NULL WHERE kid = :'kid';
CALL jwt_auth.purge_expired();
SELECT accounts();
SELECT jwt_auth.retire_signing_key(:'kid');
CALL jwt_auth.purge_expired();
SELECT accounts();
DELETE FROM jwt_auth.signing_key;
SELECT jwt_auth.create_signing_key('HS256') IS NOT NULL AS made;

\echo == data of a session that was deleted by hand
SELECT session_id AS gone FROM jwt_auth.issue_refresh_session('by hand', claims => '{"a": 1}') \gset
SELECT session_id AS stays FROM jwt_auth.issue_refresh_session('by hand', metadata => '{"a": 1}') \gset
DELETE FROM jwt_auth.refresh_session WHERE session_id = :'gone';
CALL jwt_auth.purge_expired(1);
SELECT count(*), bool_and(session_id = :'stays') AS of_the_living FROM jwt_auth.session_data;

\echo == triggers that keep rows: what they keep is left, and the sweep ends
CREATE FUNCTION keep_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
SELECT count(*) FROM generate_series(1, 5) n, jwt_auth.issue_refresh_session('kept ' || n, claims => '{"a": 1}');
SELECT jwt_auth.deny_token(jwt_auth.jwt_sign(jsonb_build_object('sub', 'x' || n))) AS denied FROM generate_series(1, 3) n;
UPDATE jwt_auth.denied_token SET expires_at = '2000-01-01';
SELECT end_sessions('kept %');
CREATE TRIGGER keep BEFORE DELETE ON jwt_auth.refresh_session FOR EACH ROW WHEN (OLD.user_id IN ('kept 2', 'kept 3')) EXECUTE FUNCTION keep_row();
CREATE TRIGGER keep BEFORE DELETE ON jwt_auth.denied_token FOR EACH ROW EXECUTE FUNCTION keep_row();
CREATE TRIGGER keep BEFORE DELETE ON jwt_auth.account FOR EACH ROW WHEN (OLD.user_id = 'kept 4') EXECUTE FUNCTION keep_row();
CREATE TRIGGER keep BEFORE DELETE ON jwt_auth.session_data FOR EACH ROW EXECUTE FUNCTION keep_row();
CREATE TRIGGER keep BEFORE DELETE ON jwt_auth.auth_event FOR EACH ROW WHEN (OLD.user_id = 'kept 2') EXECUTE FUNCTION keep_row();
UPDATE jwt_auth.auth_event SET at = '2000-01-01';
SELECT purged('left') AS left_before \gset
CALL jwt_auth.purge_expired(1);
SELECT purged('left') > :left_before AS left_some;
SELECT string_agg(user_id, ' ' ORDER BY user_id) AS sessions FROM jwt_auth.refresh_session WHERE user_id LIKE 'kept %';
SELECT count(*) AS denials FROM jwt_auth.denied_token;
SELECT string_agg(user_id, ' ' ORDER BY user_id) AS accounts FROM jwt_auth.account WHERE user_id LIKE 'kept %';
SELECT user_id, count(*) AS said_to_have_ended FROM jwt_auth.auth_event WHERE event = 'expired' AND user_id LIKE 'kept %' GROUP BY user_id ORDER BY user_id;
CALL jwt_auth.purge_events('1 day', 1);
SELECT user_id, event FROM jwt_auth.auth_event WHERE at = '2000-01-01' ORDER BY user_id, event;
DROP TRIGGER keep ON jwt_auth.refresh_session;
DROP TRIGGER keep ON jwt_auth.denied_token;
DROP TRIGGER keep ON jwt_auth.account;
DROP TRIGGER keep ON jwt_auth.session_data;
DROP TRIGGER keep ON jwt_auth.auth_event;
CREATE TRIGGER keep BEFORE UPDATE ON jwt_auth.refresh_session FOR EACH ROW EXECUTE FUNCTION keep_row();
SELECT status FROM jwt_auth.issue_refresh_session('stuck') \gset
ALTER TABLE jwt_auth.refresh_session DISABLE TRIGGER keep;
UPDATE jwt_auth.refresh_session SET purge_after = current_date - 10 WHERE user_id = 'stuck';
ALTER TABLE jwt_auth.refresh_session ENABLE TRIGGER keep;
CALL jwt_auth.purge_expired(1);
SELECT purge_after = current_date - 10 AS its_day_is_the_same FROM jwt_auth.refresh_session WHERE user_id = 'stuck';
DROP TRIGGER keep ON jwt_auth.refresh_session;

\echo == whatever isolation level is the default
DELETE FROM jwt_auth.refresh_session;
DELETE FROM jwt_auth.auth_event;
CREATE FUNCTION note_isolation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO public.seen VALUES (current_setting('transaction_isolation')) ON CONFLICT DO NOTHING;
  RETURN OLD;
END $$;
CREATE TABLE seen (level text PRIMARY KEY);
CREATE TRIGGER seen BEFORE DELETE ON jwt_auth.refresh_session FOR EACH ROW EXECUTE FUNCTION note_isolation();
CREATE TRIGGER seen BEFORE DELETE ON jwt_auth.account FOR EACH ROW EXECUTE FUNCTION note_isolation();
CREATE TRIGGER seen BEFORE DELETE ON jwt_auth.auth_event FOR EACH ROW EXECUTE FUNCTION note_isolation();
SELECT count(*) FROM generate_series(1, 5) n, jwt_auth.issue_refresh_session('level ' || n);
SELECT end_sessions('level %');
UPDATE jwt_auth.auth_event SET at = '2000-01-01';
SET default_transaction_isolation = 'repeatable read';
CALL jwt_auth.purge_expired(2);
CALL jwt_auth.purge_events('1 day', 2);
SET default_transaction_isolation = 'serializable';
SET default_transaction_deferrable = on;
SELECT count(*) FROM generate_series(6, 9) n, jwt_auth.issue_refresh_session('level ' || n);
SELECT end_sessions('level %');
CALL jwt_auth.purge_expired(3);
DO $$ BEGIN CALL jwt_auth.purge_events('1 day', 2); END $$;
SHOW transaction_isolation;
RESET default_transaction_isolation;
RESET default_transaction_deferrable;
SELECT level FROM seen;
SELECT count(*) AS sessions, accounts() FROM jwt_auth.refresh_session;

DROP TRIGGER seen ON jwt_auth.refresh_session;
DROP TRIGGER seen ON jwt_auth.account;
DROP TRIGGER seen ON jwt_auth.auth_event;
DROP TABLE seen;
DROP FUNCTION accounts, end_sessions, cut_off, purged, keep_row, note_isolation;
DELETE FROM jwt_auth.refresh_session;
DELETE FROM jwt_auth.session_data;
DELETE FROM jwt_auth.denied_token;
DELETE FROM jwt_auth.api_key;
DELETE FROM jwt_auth.account;
DELETE FROM jwt_auth.auth_event;
