-- What the session authority remembers. Rows of a user carry user_key, the first four bytes of SHA-256 over issuer, a zero byte
-- and user id, so that they can be distributed on it. Fixed-width columns come first, mutable ones together; fillfactor leaves
-- room for updates in place, and no column that changes in them is indexed.

-- Domains, not checks of the tables: those are read and compiled anew by every statement that writes.
CREATE DOMAIN jwt_auth.session_limit AS integer CHECK (VALUE >= 0);
COMMENT ON DOMAIN jwt_auth.session_limit IS 'How many sessions a user may have; 0 is no limit';
CREATE DOMAIN jwt_auth.ip_binding AS text CHECK (VALUE IN ('off', 'log', 'subnet', 'exact'));
COMMENT ON DOMAIN jwt_auth.ip_binding IS 'What becomes of a token that comes from another address';
CREATE DOMAIN jwt_auth.fingerprint_binding AS text CHECK (VALUE IN ('off', 'log', 'exact'));
COMMENT ON DOMAIN jwt_auth.fingerprint_binding IS 'What becomes of a token that comes with another fingerprint';
CREATE DOMAIN jwt_auth.event_name AS text CHECK (VALUE IN (
  'login', 'limit_reached', 'evicted', 'refreshed', 'replay_elsewhere', 'reuse_detected', 'unknown_rotation', 'ip_mismatch',
  'fingerprint_mismatch', 'expired', 'logout', 'session_revoked', 'others_revoked', 'user_revoked', 'all_revoked',
  'token_denied', 'token_consumed', 'policy_changed', 'key_created', 'key_rotated', 'key_retired', 'issuer_trusted',
  'issuer_distrusted', 'api_key_created', 'api_key_revoked', 'bound', 'proof_mismatch',
  'replaced', 'class_changed', 'locked', 'unlocked', 'refused',
  'refresh_required', 'claims_changed', 'reauthenticated', 'impersonated', 'late_replay', 'forgotten',
  'imported') OR VALUE LIKE 'app.%');
COMMENT ON DOMAIN jwt_auth.event_name IS 'What jwt_auth.auth_event tells: a closed list, and the application''s own (record_event) with app. in front';

CREATE TABLE jwt_auth.account (
  user_key            integer NOT NULL,
  max_sessions        jwt_auth.session_limit,
  last_login          timestamptz,
  not_before          timestamptz,
  issuer              text COLLATE "C" NOT NULL,
  user_id             text COLLATE "C" NOT NULL,
  ip_binding          jwt_auth.ip_binding,
  fingerprint_binding jwt_auth.fingerprint_binding,
  locked_until        timestamptz,
  version             bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (user_key, issuer, user_id)
) WITH (fillfactor = 80);
COMMENT ON TABLE jwt_auth.account IS 'Per issuer and user: the cutoff of their tokens, and policies that differ from the settings';
COMMENT ON COLUMN jwt_auth.account.issuer IS 'Empty for our own users';
COMMENT ON COLUMN jwt_auth.account.not_before IS 'No session and no token from before this time is good';
COMMENT ON COLUMN jwt_auth.account.locked_until
  IS 'Until when the user is locked; infinity: without an end, NULL: not locked. A time that has passed is a cutoff';
COMMENT ON COLUMN jwt_auth.account.version
  IS 'Raised by require_refresh(): access tokens of sessions that carry a lower one (uv) are refused';

CREATE TABLE jwt_auth.refresh_session (
  session_id       uuid NOT NULL,
  user_key         integer NOT NULL,
  purge_after      date NOT NULL,
  created_at       timestamptz NOT NULL,
  ends_at          timestamptz NOT NULL,
  idle_ends_at     timestamptz NOT NULL,
  refreshed_at     timestamptz NOT NULL,
  generation       integer NOT NULL,
  has_data         boolean NOT NULL,
  current_hash     bytea NOT NULL,
  previous_hash    bytea,
  nonce            bytea,
  ip               inet,
  fingerprint      bytea,
  user_agent       text,
  family_hash      bytea NOT NULL,
  login_ip         inet,
  login_fingerprint bytea,
  user_id          text COLLATE "C" NOT NULL,
  bound_kind       "char",
  bound_key        bytea,
  proof_mismatch_at timestamptz,
  class            text COLLATE "C",
  device_hash      bytea,
  version          bigint NOT NULL DEFAULT 0,
  auth_time        timestamptz,
  auth_context     text,
  actor            text COLLATE "C",
  late_generation  integer,
  late_at          timestamptz,
  PRIMARY KEY (session_id, user_key)
) WITH (fillfactor = 70);
CREATE INDEX refresh_session_user_key ON jwt_auth.refresh_session (user_key);
CREATE INDEX refresh_session_purge_after ON jwt_auth.refresh_session (purge_after);
ALTER TABLE jwt_auth.refresh_session ALTER current_hash SET STORAGE PLAIN, ALTER previous_hash SET STORAGE PLAIN,
  ALTER nonce SET STORAGE PLAIN, ALTER fingerprint SET STORAGE PLAIN, ALTER family_hash SET STORAGE PLAIN,
  ALTER login_fingerprint SET STORAGE PLAIN, ALTER device_hash SET STORAGE PLAIN;
COMMENT ON TABLE jwt_auth.refresh_session IS 'One row per log-in, updated in place at each refresh. Deleted: ended';
COMMENT ON COLUMN jwt_auth.refresh_session.purge_after
  IS 'A day on which the session may have ended: where clean-up looks, and moves it if the session lives on. A refresh does not';
COMMENT ON COLUMN jwt_auth.refresh_session.current_hash IS 'SHA-256 of the secret of the current refresh token';
COMMENT ON COLUMN jwt_auth.refresh_session.nonce
  IS 'With the previous token, and only with it, gives the current one again: for a client that lost the answer';
COMMENT ON COLUMN jwt_auth.refresh_session.ip IS 'Address of the last refresh; login_ip is what the session is bound to';
COMMENT ON COLUMN jwt_auth.refresh_session.bound_kind
  IS 'How the session''s key is proven: p by DPoP proofs (RFC 9449), b by a browser (DBSC); NULL: the session is bound to none';
COMMENT ON COLUMN jwt_auth.refresh_session.bound_key
  IS 'The thumbprint (RFC 7638) of the key for DPoP, the public JWK for DBSC, whose proofs do not bring it along';
COMMENT ON COLUMN jwt_auth.refresh_session.proof_mismatch_at IS 'When a wrong proof was last recorded: at most once a minute';
COMMENT ON COLUMN jwt_auth.refresh_session.class
  IS 'The class of the log-in (see session_class), which the session keeps; NULL: none. One that was dropped means nothing any more';
COMMENT ON COLUMN jwt_auth.refresh_session.device_hash IS 'SHA-256 of the device that the log-in named; NULL: none';
COMMENT ON COLUMN jwt_auth.refresh_session.version
  IS 'Raised by set_session_claims(): access tokens of the session that carry a lower one (sv) are refused';
COMMENT ON COLUMN jwt_auth.refresh_session.auth_time
  IS 'When the user last proved who they are, where that is not created_at: at reauthenticate_session(), or at the log-in where a clock that ran ahead wrote created_at';
COMMENT ON COLUMN jwt_auth.refresh_session.auth_context IS 'The claims amr and acr of that time, a JSON object; NULL: none';
COMMENT ON COLUMN jwt_auth.refresh_session.actor
  IS 'Who acts for the user: the row is of impersonate(), cannot be refreshed and counts for nothing; NULL: the user';
COMMENT ON COLUMN jwt_auth.refresh_session.late_generation
  IS 'The generation whose token was handed out again after refresh_reuse_interval, by the latest late retry; NULL: there was none';
COMMENT ON COLUMN jwt_auth.refresh_session.late_at IS 'When that was: for refresh_reuse_interval from here the same answer is given again';

CREATE TABLE jwt_auth.used_proof (
  user_key   integer NOT NULL,
  good_until timestamptz NOT NULL,
  proof_id   bytea NOT NULL,
  PRIMARY KEY (user_key, proof_id)
);
CREATE INDEX used_proof_good_until ON jwt_auth.used_proof (good_until);
ALTER TABLE jwt_auth.used_proof ALTER proof_id SET STORAGE PLAIN;
COMMENT ON TABLE jwt_auth.used_proof
  IS 'Proofs that a log-in or a refresh used, until they would be refused for their age: each is good once. Every use removes some that are older, so the table does not grow. Dumped: a restored row refuses its own proof for that time and nothing else';
COMMENT ON COLUMN jwt_auth.used_proof.user_key IS 'The first four bytes of proof_id: the distribution key';
COMMENT ON COLUMN jwt_auth.used_proof.proof_id IS 'SHA-256 over the thumbprint of the key and the jti';

CREATE TABLE jwt_auth.session_data (
  session_id uuid NOT NULL,
  user_key   integer NOT NULL,
  claims     jsonb,
  metadata   jsonb,
  PRIMARY KEY (session_id, user_key)
);
COMMENT ON TABLE jwt_auth.session_data IS 'Claims and metadata that were given at log-in, apart so that a refresh does not rewrite them';

CREATE TABLE jwt_auth.denied_token (
  user_key   integer NOT NULL,
  denied_at  timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  token_id   bytea NOT NULL,
  issuer     text COLLATE "C" NOT NULL,
  reason     text,
  PRIMARY KEY (user_key, token_id)
);
CREATE INDEX denied_token_expires_at ON jwt_auth.denied_token (expires_at);
COMMENT ON TABLE jwt_auth.denied_token IS 'Access tokens that are refused until they would have expired anyway';
COMMENT ON COLUMN jwt_auth.denied_token.token_id IS 'SHA-256 over issuer and jti, or over issuer and signing input of a token without jti; of a user who was forgotten: a keyed hash of the id';

CREATE TABLE jwt_auth.auth_event (
  id         bigint GENERATED ALWAYS AS IDENTITY,
  at         timestamptz NOT NULL,
  session_id uuid,
  event      jwt_auth.event_name NOT NULL,
  user_id    text COLLATE "C",
  ip         inet,
  user_agent text,
  detail     jsonb,
  actor      text COLLATE "C",
  db_role    name,
  user_key   integer
);
CREATE INDEX auth_event_at ON jwt_auth.auth_event USING brin (at);
CREATE INDEX auth_event_session_id ON jwt_auth.auth_event (session_id) WHERE session_id IS NOT NULL;
CREATE INDEX auth_event_user_key ON jwt_auth.auth_event (user_key) WHERE user_key IS NOT NULL;
COMMENT ON TABLE jwt_auth.auth_event IS 'Audit: what happened to sessions, tokens and keys. Nothing in here opens anything';
COMMENT ON COLUMN jwt_auth.auth_event.at IS 'When it happened; of a revocation of a user or of everybody: the cutoff';
COMMENT ON COLUMN jwt_auth.auth_event.session_id IS 'The session that the event is about; NULL: none, or several';
COMMENT ON COLUMN jwt_auth.auth_event.user_id IS 'Whom it is about; NULL: nobody, or nobody known';
COMMENT ON COLUMN jwt_auth.auth_event.ip IS 'Address of the caller''s client, where the function takes one';
COMMENT ON COLUMN jwt_auth.auth_event.user_agent IS 'User agent of that client';
COMMENT ON COLUMN jwt_auth.auth_event.detail IS 'What there is to say of this kind of event; docs/audit.md lists the keys';
COMMENT ON COLUMN jwt_auth.auth_event.actor
  IS 'By whom: the user of the transaction''s identity, or whoever impersonates that user; NULL: nobody was authenticated';
COMMENT ON COLUMN jwt_auth.auth_event.db_role IS 'The database role that called, as SET ROLE has it';
COMMENT ON COLUMN jwt_auth.auth_event.user_key IS 'The user key of user_id: what a user''s events are found by';

REVOKE ALL ON jwt_auth.account, jwt_auth.refresh_session, jwt_auth.used_proof, jwt_auth.session_data, jwt_auth.denied_token, jwt_auth.auth_event
  FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('jwt_auth.account', '');
SELECT pg_catalog.pg_extension_config_dump('jwt_auth.refresh_session', '');
SELECT pg_catalog.pg_extension_config_dump('jwt_auth.session_data', '');
SELECT pg_catalog.pg_extension_config_dump('jwt_auth.denied_token', '');
SELECT pg_catalog.pg_extension_config_dump('jwt_auth.auth_event', '');
SELECT pg_catalog.pg_extension_config_dump('jwt_auth.auth_event_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('jwt_auth.used_proof', '');

CREATE TYPE jwt_auth.token_response AS (
  status             text,
  access_token       text,
  access_expires_at  timestamptz,
  refresh_token      text,
  refresh_expires_at timestamptz,
  session_id         uuid,
  user_id            text,
  evicted_sessions   uuid[]
);
COMMENT ON TYPE jwt_auth.token_response
  IS 'Answer of a log-in or a refresh. Tokens are NULL unless status is ok or replayed (RFC 6749 section 5.1)';
