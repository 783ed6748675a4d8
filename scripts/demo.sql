-- The whole life of a session, as an application sees it. `scripts/demo.sh` plays it: each paragraph is shown and then run.
--   "--# text"        is a heading
--   "--| name"        shows the answer that the last statement left in the variables name_...
--   "--> text: sql"   is checked: the demo stops if the expression is not true
--   "--! JW010"       the next statement must be refused with that code

--# An application of your own: users with hashed passwords, and a trigger

CREATE EXTENSION pgcrypto;
CREATE EXTENSION jwt_auth;

CREATE TABLE users (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email         text NOT NULL UNIQUE,
    password_hash text NOT NULL
);

INSERT INTO users (email, password_hash)
VALUES ('ann@example.org', crypt('correct horse', gen_salt('bf'))),
       ('bob@example.org', crypt('battery staple', gen_salt('bf')));

-- Whoever changes a password, from wherever: every token issued before it is worth nothing.
CREATE TRIGGER password_changed
AFTER UPDATE ON users FOR EACH ROW
WHEN (OLD.password_hash IS DISTINCT FROM NEW.password_hash OR OLD.id IS DISTINCT FROM NEW.id)
EXECUTE FUNCTION jwt_auth.revoke_on_password_change('id');
CREATE TRIGGER user_deleted
AFTER DELETE ON users FOR EACH ROW
EXECUTE FUNCTION jwt_auth.revoke_on_password_change('id');

-- The key that signs. It never leaves the database; its public half is for everybody.
SELECT jwt_auth.create_signing_key('ES256') AS kid;

SELECT jsonb_pretty(jwt_auth.jwks()) AS "what other services verify with";

-- The role that the backend connects as.
CREATE ROLE backend LOGIN;
GRANT SELECT, UPDATE ON users TO backend;
SELECT jwt_auth.grant_issuer('backend');

-- The application's own log-in: it knows how passwords are kept, jwt_auth does the rest.
CREATE FUNCTION log_in(email text, password text, ip inet, user_agent text)
RETURNS SETOF jwt_auth.token_response LANGUAGE sql
BEGIN ATOMIC
  SELECT answer.*
  FROM users
  CROSS JOIN LATERAL jwt_auth.issue_refresh_session(users.id::text, ip => log_in.ip, user_agent => log_in.user_agent,
                                                    claims => jsonb_build_object('email', users.email)) AS answer
  WHERE users.email = log_in.email AND users.password_hash = crypt(log_in.password, users.password_hash);
END;

SET ROLE backend;

--# Ann logs in from two devices

SELECT * FROM log_in('ann@example.org', 'correct horse', '192.0.2.10', 'Firefox on a laptop') \gset laptop_

--| laptop

SELECT * FROM log_in('ann@example.org', 'correct horse', '198.51.100.7', 'App on a phone') \gset phone_

--| phone

--> both log-ins are answered with tokens: :'laptop_status' = 'ok' AND :'phone_status' = 'ok'
--> they are two sessions: :'laptop_session_id' <> :'phone_session_id'

SELECT count(*) AS wrong_password FROM log_in('ann@example.org', 'a guess', '203.0.113.66', 'curl') \gset

--> a wrong password gets nothing: :wrong_password = 0

SELECT session_id, ip, user_agent, expires_at::timestamp(0) FROM jwt_auth.user_sessions(:'laptop_user_id') ORDER BY created_at;

--# Each request carries the access token

SELECT jsonb_pretty(jwt_auth.jwt_verify(:'laptop_access_token')) AS claims;

--> the token is Ann's: jwt_auth.jwt_verify(:'laptop_access_token') ->> 'sub' = :'laptop_user_id'
--> and knows its session: jwt_auth.jwt_verify(:'laptop_access_token') ->> 'sid' = :'laptop_session_id'

-- One character of the payload changed.
SELECT overlay(:'laptop_access_token' placing CASE substr(:'laptop_access_token', 120, 1) WHEN 'A' THEN 'B' ELSE 'A' END from 120)
    AS forged_token \gset

--! JW002
SELECT jwt_auth.jwt_verify(:'forged_token');

--# Before half an hour is over, the laptop trades its refresh token for a new pair

SELECT * FROM jwt_auth.refresh_session(:'laptop_refresh_token', ip => '192.0.2.10') \gset second_

--| second

--> both tokens are new: :'second_status' = 'ok' AND :'second_refresh_token' <> :'laptop_refresh_token' AND :'second_access_token' <> :'laptop_access_token'
--> it is still the same session: :'second_session_id' = :'laptop_session_id'

--# The answer was lost on the way: asked again, the same successor

SELECT * FROM jwt_auth.refresh_session(:'laptop_refresh_token', ip => '192.0.2.10') \gset again_

--| again

--> a replay within ten seconds is no theft: :'again_status' = 'replayed'
--> and gets the very same refresh token: :'again_refresh_token' = :'second_refresh_token'

SELECT * FROM jwt_auth.refresh_session(:'second_refresh_token', ip => '192.0.2.10') \gset third_

--> the laptop goes on with it: :'third_status' = 'ok'

--# Somebody stole the laptop's first refresh token and tries it

SELECT * FROM jwt_auth.refresh_session(:'laptop_refresh_token', ip => '203.0.113.66', user_agent => 'curl') \gset thief_

--| thief

--> the theft is noticed, and nothing handed out: :'thief_status' = 'reuse_detected' AND :'thief_refresh_token' = '' AND :'thief_access_token' = ''

-- Nobody can tell who is the thief, so the whole session has ended: its newest refresh token is worth nothing,

SELECT status FROM jwt_auth.refresh_session(:'third_refresh_token', ip => '192.0.2.10') \gset victim_

--> the session's newest refresh token is worth nothing: :'victim_status' = 'invalid'

-- and neither is its access token, though it has half an hour to go.

--! JW010
SELECT jwt_auth.jwt_verify(:'third_access_token');

-- The phone is not concerned.
SELECT jwt_auth.jwt_verify(:'phone_access_token') ->> 'email' AS phone_is_still;

RESET ROLE;

SELECT at::timestamp(0), event, user_id, ip, user_agent, detail FROM jwt_auth.auth_event ORDER BY at;

--> the audit tells of the theft and from where: EXISTS (SELECT FROM jwt_auth.auth_event WHERE event = 'reuse_detected' AND session_id = :'laptop_session_id' AND ip = '203.0.113.66')

SET ROLE backend;

--# Bob logs in a sixth time: five sessions are the limit, the oldest goes

SELECT n AS log_in, answer.status, answer.session_id, answer.evicted_sessions
FROM generate_series(1, 6) AS n
CROSS JOIN LATERAL log_in('bob@example.org', 'battery staple', '192.0.2.20', 'Device ' || n) AS answer;

SELECT user_agent, session_id FROM jwt_auth.user_sessions('2') ORDER BY created_at;

--> five are left, the first is gone: (SELECT array_agg(user_agent ORDER BY created_at) FROM jwt_auth.user_sessions('2')) = '{Device 2,Device 3,Device 4,Device 5,Device 6}'

--# Ann changes her password; the trigger does the rest

SELECT jwt_auth.jwt_verify(:'phone_access_token') ->> 'sub' AS phone_is_good_before;

UPDATE users SET password_hash = crypt('a better horse', gen_salt('bf')) WHERE email = 'ann@example.org';

-- The token issued before the change is refused,

--! JW010
SELECT jwt_auth.jwt_verify(:'phone_access_token');

SELECT status FROM jwt_auth.refresh_session(:'phone_refresh_token', ip => '198.51.100.7') \gset old_

--> the refresh token from before is refused, too: :'old_status' = 'invalid'

-- and one issued after it is accepted, in the same second.

SELECT * FROM log_in('ann@example.org', 'a better horse', '198.51.100.7', 'App on a phone') \gset new_

SELECT jwt_auth.jwt_verify(:'new_access_token') ->> 'email' AS accepted;

--> the new token is accepted: jwt_auth.jwt_verify(:'new_access_token') ->> 'sid' = :'new_session_id'

RESET ROLE;

--# What was written down on the way

SELECT at::timestamp(0), event, user_id, ip, user_agent FROM jwt_auth.auth_event ORDER BY at;

--> every end of a session has its event: (SELECT array_agg(DISTINCT event ORDER BY event) FROM jwt_auth.auth_event WHERE event IN ('reuse_detected', 'evicted', 'user_revoked')) = '{evicted,reuse_detected,user_revoked}'
