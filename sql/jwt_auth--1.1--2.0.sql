-- jwt_auth 1.1 to 2.0.
\echo Use "ALTER EXTENSION jwt_auth UPDATE TO '2.0'" to load this file. \quit

-- These tables get new columns. They are locked first, in the order in which the keyring is read: this waits for transactions that have
-- used the keyring, and whoever comes then waits for this. Set lock_timeout, and try again, where such transactions are long.
LOCK TABLE jwt_auth.signing_key, jwt_auth.trusted_issuer IN ACCESS EXCLUSIVE MODE;

-- What there is before, and what roles may execute of it. A function that gains arguments is dropped and made anew: the end of this
-- script grants the new one to the roles that had the old one.
CREATE TEMP TABLE object_before AS
  SELECT 'pg_proc'::regclass AS catalog, oid AS id, proname AS name FROM pg_proc WHERE pronamespace = 'jwt_auth'::regnamespace
  UNION ALL SELECT 'pg_class'::regclass, oid, relname FROM pg_class WHERE relnamespace = 'jwt_auth'::regnamespace
  UNION ALL SELECT 'pg_type'::regclass, oid, typname FROM pg_type WHERE typnamespace = 'jwt_auth'::regnamespace
  UNION ALL SELECT 'pg_namespace'::regclass, 'jwt_auth'::regnamespace, 'jwt_auth';
CREATE TEMP TABLE grant_before AS
  SELECT p.oid AS id, p.proname AS name, a.grantee, bool_or(a.is_grantable) AS grantable FROM pg_proc p, aclexplode(p.proacl) a
  WHERE p.pronamespace = 'jwt_auth'::regnamespace AND a.grantee NOT IN (0, p.proowner)
  GROUP BY p.oid, p.proname, a.grantee;

-- Drops a function that this script makes anew. What others made on it is named, and stays.
CREATE FUNCTION pg_temp.drop_function(function regprocedure) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  dependants text;
BEGIN
  SELECT string_agg(pg_describe_object(classid, objid, objsubid), ', ' ORDER BY pg_describe_object(classid, objid, objsubid)) INTO dependants
  FROM pg_depend WHERE refclassid = 'pg_proc'::regclass AND refobjid = function AND deptype <> 'i';
  IF dependants IS NOT NULL THEN
    RAISE EXCEPTION 'function % is replaced, and other objects depend on it', function
      USING ERRCODE = 'dependent_objects_still_exist', DETAIL = dependants, HINT = 'Drop these, update, and create them again.';
  END IF;
  EXECUTE format('DROP ROUTINE %s', function);
END $$;

-- More events. What the old list allowed the new one allows, so no row needs another look, and no writer is waited for.
ALTER DOMAIN jwt_auth.event_name DROP CONSTRAINT event_name_check;
ALTER DOMAIN jwt_auth.event_name ADD CONSTRAINT event_name_check CHECK (VALUE IN (
  'login', 'limit_reached', 'evicted', 'refreshed', 'replay_elsewhere', 'reuse_detected', 'unknown_rotation', 'ip_mismatch',
  'fingerprint_mismatch', 'expired', 'logout', 'session_revoked', 'others_revoked', 'user_revoked', 'all_revoked',
  'token_denied', 'token_consumed', 'policy_changed', 'key_created', 'key_rotated', 'key_retired', 'issuer_trusted',
  'issuer_distrusted', 'api_key_created', 'api_key_revoked', 'bound', 'proof_mismatch',
  'replaced', 'class_changed', 'locked', 'unlocked', 'refused',
  'refresh_required', 'claims_changed', 'reauthenticated', 'impersonated', 'late_replay', 'forgotten',
  'imported') OR VALUE LIKE 'app.%') NOT VALID;
UPDATE pg_catalog.pg_constraint SET convalidated = true
WHERE contypid OPERATOR(pg_catalog.=) 'jwt_auth.event_name'::pg_catalog.regtype;

COMMENT ON FUNCTION jwt_auth.pre_request()
  IS 'For PostgREST''s db-pre-request: authenticates the bearer token in request.headers. Without one nobody is authenticated; a refusal is PT401 with the code JW... as detail, or to PostgREST itself PGRST, of which it makes a 401 with that code, a message and a challenge (jwt_auth.postgrest_errors)';
COMMENT ON FUNCTION jwt_auth.grant_verifier(regrole)
  IS 'Lets a role verify tokens: jwt_verify, jwt_try_verify, authenticate, jwks, pre_request, pre_config, request_ip, verify_proof, proof_nonce';

COMMENT ON PROCEDURE jwt_auth.purge_expired(integer)
  IS 'Removes ended sessions, denials of expired tokens and accounts that hold nothing, in batches with a commit behind each: not inside a transaction block';

-- API keys: credentials of machines, which act for a user. A row of api_key is never updated, and the note of its last use is a
-- row of its own: revoking a key waits for no transaction that uses it.

CREATE TABLE jwt_auth.api_key (
  key_id       uuid NOT NULL,
  user_key     integer NOT NULL,
  created_at   timestamptz NOT NULL,
  expires_at   timestamptz,
  secret_hash  bytea NOT NULL,
  user_id      text COLLATE "C" NOT NULL,
  name         text NOT NULL,
  scopes       text[],
  allowed_from cidr[],
  claims       jsonb,
  PRIMARY KEY (key_id, user_key)
);
CREATE INDEX api_key_user_key ON jwt_auth.api_key (user_key);
CREATE INDEX api_key_expires_at ON jwt_auth.api_key (expires_at) WHERE expires_at IS NOT NULL;
ALTER TABLE jwt_auth.api_key ALTER secret_hash SET STORAGE PLAIN;
COMMENT ON TABLE jwt_auth.api_key IS 'One row per API key. Deleted: revoked';
COMMENT ON COLUMN jwt_auth.api_key.expires_at IS 'NULL: no end';
COMMENT ON COLUMN jwt_auth.api_key.secret_hash IS 'SHA-256 of the secret in the key';
COMMENT ON COLUMN jwt_auth.api_key.scopes IS 'What the key may be used for: the claim scope';
COMMENT ON COLUMN jwt_auth.api_key.allowed_from IS 'Networks that the key may be used from; NULL: from anywhere';
COMMENT ON COLUMN jwt_auth.api_key.claims IS 'Further claims of whoever presents the key';

CREATE TABLE jwt_auth.api_key_use (
  key_id       uuid NOT NULL,
  user_key     integer NOT NULL,
  last_used_at timestamptz,
  PRIMARY KEY (key_id, user_key)
) WITH (fillfactor = 70);
COMMENT ON TABLE jwt_auth.api_key_use IS 'When each API key was last used, to the hour';
COMMENT ON COLUMN jwt_auth.api_key_use.last_used_at IS 'Moved when it is an hour old; NULL: the key was never used';

REVOKE ALL ON jwt_auth.api_key, jwt_auth.api_key_use FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('jwt_auth.api_key', '');
SELECT pg_catalog.pg_extension_config_dump('jwt_auth.api_key_use', '');

CREATE FUNCTION jwt_auth.create_api_key(user_id text, name text, scopes text[] DEFAULT NULL, expires_at timestamptz DEFAULT NULL,
                                        allowed_from cidr[] DEFAULT NULL, claims jsonb DEFAULT NULL,
                                        OUT key_id uuid, OUT api_key text)
RETURNS record LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_create_api_key';
COMMENT ON FUNCTION jwt_auth.create_api_key(text, text, text[], timestamptz, cidr[], jsonb)
  IS 'Makes an API key for a user; it is shown this once. scopes: what it may be used for (the claim scope). allowed_from: networks that it may be used from; NULL: anywhere. claims: further claims of its bearer. Refused (42501) to whoever is authenticated with an API key or acts for the user';
REVOKE ALL ON FUNCTION jwt_auth.create_api_key(text, text, text[], timestamptz, cidr[], jsonb) FROM PUBLIC;

CREATE FUNCTION jwt_auth.exchange_api_key(api_key text, ip inet DEFAULT NULL)
RETURNS jwt_auth.token_response LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_exchange_api_key';
COMMENT ON FUNCTION jwt_auth.exchange_api_key(text, inet)
  IS 'A short access token for an API key, with the claims key_id and scope and without a refresh token. It is good while the key is, from the networks that the key may be used from. A refusal is a status: invalid, expired, locked, ip_mismatch';
REVOKE ALL ON FUNCTION jwt_auth.exchange_api_key(text, inet) FROM PUBLIC;

CREATE FUNCTION jwt_auth.revoke_api_key(key_id uuid)
RETURNS boolean LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_revoke_api_key';
COMMENT ON FUNCTION jwt_auth.revoke_api_key(uuid)
  IS 'Ends an API key, and with it the access tokens that it was exchanged for; whether there was such a key';
REVOKE ALL ON FUNCTION jwt_auth.revoke_api_key(uuid) FROM PUBLIC;

CREATE FUNCTION jwt_auth.revoke_own_api_key(user_id text, key_id uuid)
RETURNS boolean LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_revoke_own_api_key';
COMMENT ON FUNCTION jwt_auth.revoke_own_api_key(text, uuid)
  IS 'revoke_api_key() for a key of this user alone: false for a key of somebody else';
REVOKE ALL ON FUNCTION jwt_auth.revoke_own_api_key(text, uuid) FROM PUBLIC;

CREATE FUNCTION jwt_auth.user_api_keys(user_id text)
RETURNS TABLE (key_id uuid, name text, scopes text[], allowed_from cidr[], created_at timestamptz, expires_at timestamptz,
               last_used_at timestamptz)
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_user_api_keys';
COMMENT ON FUNCTION jwt_auth.user_api_keys(text)
  IS 'The API keys of a user that are good, the newest first; last_used_at is right to the hour';
REVOKE ALL ON FUNCTION jwt_auth.user_api_keys(text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.has_scope(scope text)
RETURNS boolean LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_has_scope';
COMMENT ON FUNCTION jwt_auth.has_scope(text)
  IS 'Whether the scope claim of the authenticated token or API key holds this scope. False if it has no such claim, as a session''s token, and if nobody is authenticated';

-- Proofs of a key, and the secret that nonces are made under.

CREATE TABLE jwt_auth.server_secret (
  only_row   boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  created_at timestamptz NOT NULL,
  secret     text NOT NULL
);
ALTER TABLE jwt_auth.server_secret ALTER secret SET STATISTICS 0;
COMMENT ON TABLE jwt_auth.server_secret
  IS 'The secret under which nonces and challenges are made: one row, made with the first signing key or when it is first needed';
COMMENT ON COLUMN jwt_auth.server_secret.secret
  IS 'A JWK of 32 bytes, as an encrypted JWK (RFC 7517 section 7) where jwt_auth.key_encryption_key_file is set';
REVOKE ALL ON jwt_auth.server_secret FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('jwt_auth.server_secret', '');
CREATE TRIGGER keyring_changed AFTER INSERT OR UPDATE OR DELETE ON jwt_auth.server_secret
  FOR EACH ROW EXECUTE FUNCTION jwt_auth.keyring_changed();
CREATE TRIGGER keyring_truncated AFTER TRUNCATE ON jwt_auth.server_secret
  FOR EACH STATEMENT EXECUTE FUNCTION jwt_auth.keyring_changed();
ALTER TABLE jwt_auth.server_secret ENABLE ALWAYS TRIGGER keyring_changed;
ALTER TABLE jwt_auth.server_secret ENABLE ALWAYS TRIGGER keyring_truncated;

CREATE FUNCTION jwt_auth.verify_proof(proof text, method text, url text, access_token text DEFAULT NULL,
                                      nonce text DEFAULT NULL, OUT jkt text, OUT jti text, OUT iat timestamptz)
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_verify_proof';
COMMENT ON FUNCTION jwt_auth.verify_proof(text, text, text, text, text)
  IS 'Checks a DPoP proof (RFC 9449) for a request and answers the thumbprint of its key. access_token: the proof must be for it. nonce: the proof must have it, or if it is one of proof_nonce() a fresh one. JW015 otherwise. Whether the jti was seen before is for the caller to know';
REVOKE ALL ON FUNCTION jwt_auth.verify_proof(text, text, text, text, text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.proof_nonce()
RETURNS text LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_proof_nonce';
COMMENT ON FUNCTION jwt_auth.proof_nonce()
  IS 'A nonce for DPoP proofs (the header DPoP-Nonce), good for jwt_auth.proof_max_age. Nothing is stored, so a standby makes and knows them too';
REVOKE ALL ON FUNCTION jwt_auth.proof_nonce() FROM PUBLIC;
-- For machines around the database: services that verify tokens themselves learn of revocations, gateways ask about a token, and
-- keys are published over HTTP.

CREATE TABLE jwt_auth.revocation (
  xact       xid8 NOT NULL,
  id         bigint GENERATED ALWAYS AS IDENTITY,
  until      timestamptz NOT NULL,
  not_before timestamptz,
  version    bigint,
  session_id uuid,
  kind       text NOT NULL,
  user_id    text COLLATE "C",
  token_id   text,
  PRIMARY KEY (xact, id)
);
CREATE INDEX revocation_until ON jwt_auth.revocation (until);
COMMENT ON TABLE jwt_auth.revocation IS 'What revocations() tells: one row for each revocation, kept while a token can be good that it refuses';
COMMENT ON COLUMN jwt_auth.revocation.xact IS 'The transaction that wrote the row: what positions are compared with';
COMMENT ON COLUMN jwt_auth.revocation.until IS 'When every token that the row speaks of has run out';

REVOKE ALL ON jwt_auth.revocation FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('jwt_auth.revocation', '');
SELECT pg_catalog.pg_extension_config_dump('jwt_auth.revocation_id_seq', '');

CREATE FUNCTION jwt_auth.revocations(after bigint DEFAULT NULL)
RETURNS TABLE ("position" bigint, kind text, session_id uuid, user_id text, not_before timestamptz, version bigint, token_id text,
               until timestamptz)
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_revocations';
COMMENT ON FUNCTION jwt_auth.revocations(bigint)
  IS 'For services that verify offline: the revocations since the position `after` (NULL: all that matter now), at least once each. Ask again with the position of any row. kind: session, user, everybody, token, key, refresh_required. 22023 for a position ahead of this server: start anew with NULL';
REVOKE ALL ON FUNCTION jwt_auth.revocations(bigint) FROM PUBLIC;

CREATE FUNCTION jwt_auth.introspect(token text, token_type_hint text DEFAULT NULL)
RETURNS jsonb LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_introspect';
COMMENT ON FUNCTION jwt_auth.introspect(text, text)
  IS 'The answer of a token introspection endpoint (RFC 7662) for an access token, a refresh token or an API key: {"active": false} for anything that is not good. An error says nothing about the token: JW017 on a standby that may not know its session yet, JW018 for a user of another server, JW022 if the key of the token is sealed or cannot be read. token_type is Bearer or DPoP, and refresh_token for a refresh token, which no resource may accept';
REVOKE ALL ON FUNCTION jwt_auth.introspect(text, text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.revoke(token text, token_type_hint text DEFAULT NULL)
RETURNS void LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_revoke';
COMMENT ON FUNCTION jwt_auth.revoke(text, text)
  IS 'What a token revocation endpoint (RFC 7009) does: ends the session of a refresh token, denies an access token, ends an API key. A token that is none of ours or has ended is no error';
REVOKE ALL ON FUNCTION jwt_auth.revoke(text, text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jwks_http(OUT body text, OUT etag text, OUT max_age integer)
RETURNS record LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_jwks_http';
COMMENT ON FUNCTION jwt_auth.jwks_http()
  IS 'jwks() for a route: the body, its ETag and the max-age of Cache-Control (jwt_auth.jwks_max_age)';
REVOKE ALL ON FUNCTION jwt_auth.jwks_http() FROM PUBLIC;

-- Signers record how long a key's tokens live in a table of its own, so nobody waits for them. A rotation counts from when it was seen.
ALTER TABLE jwt_auth.signing_key ADD COLUMN rotation_seen_at timestamptz, ADD imported boolean, ADD keep_until timestamptz;
-- ANALYZE copied private keys into pg_statistic, where they outlive their row and its sealing. It is to take none any more, and what it
-- took is removed. The other columns with secrets are new.
ALTER TABLE jwt_auth.signing_key ALTER private_jwk SET STATISTICS 0;
DELETE FROM pg_catalog.pg_statistic s USING pg_catalog.pg_attribute a
WHERE a.attrelid = 'jwt_auth.signing_key'::regclass AND a.attname = 'private_jwk' AND s.starelid = a.attrelid AND s.staattnum = a.attnum;
COMMENT ON COLUMN jwt_auth.signing_key.imported
  IS 'Whether another system signed with this key before; NULL: it is from before 2.0, when this was not recorded';
COMMENT ON COLUMN jwt_auth.signing_key.keep_until
  IS 'Of an imported key: when the tokens have run out that were signed before its import. A rotation lets it verify until then; NULL: until it is retired';
SELECT pg_temp.drop_function('jwt_auth.import_signing_key(text, boolean)');
SELECT pg_temp.drop_function('jwt_auth.import_signing_key_from_file(text, boolean)');
CREATE FUNCTION jwt_auth.import_signing_key(key text, activate boolean DEFAULT NULL, verify_until timestamptz DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_import_signing_key';
COMMENT ON FUNCTION jwt_auth.import_signing_key(text, boolean, timestamptz)
  IS 'Takes over a private key (JWK or PEM) and answers its kid. activate NULL: if no key is active. verify_until: no rotation ends it before; NULL: none ends it at all. SQL text is often logged: import_signing_key_from_file() is safer';
REVOKE ALL ON FUNCTION jwt_auth.import_signing_key(text, boolean, timestamptz) FROM PUBLIC;

CREATE FUNCTION jwt_auth.import_signing_key_from_file(path text, activate boolean DEFAULT NULL, verify_until timestamptz DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_import_signing_key_from_file';
COMMENT ON FUNCTION jwt_auth.import_signing_key_from_file(text, boolean, timestamptz)
  IS 'import_signing_key() of a file on the server, for those with the privileges of pg_read_server_files';
REVOKE ALL ON FUNCTION jwt_auth.import_signing_key_from_file(text, boolean, timestamptz) FROM PUBLIC;

CREATE FUNCTION jwt_auth.import_signing_secret(secret bytea, algorithm text DEFAULT 'HS256', activate boolean DEFAULT NULL,
                                               verify_until timestamptz DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_import_signing_secret';
COMMENT ON FUNCTION jwt_auth.import_signing_secret(bytea, text, boolean, timestamptz)
  IS 'import_signing_key() of a bare secret (HS256, HS384, HS512), as the bytes that the other system signs with: base64 text is decoded first only if that system does so';
REVOKE ALL ON FUNCTION jwt_auth.import_signing_secret(bytea, text, boolean, timestamptz) FROM PUBLIC;

COMMENT ON COLUMN jwt_auth.signing_key.verify_until
  IS 'When the last token that this key signed has surely run out; set at rotation, and moved by purge_expired() when it first sees the rotation';
COMMENT ON COLUMN jwt_auth.signing_key.tokens_until
  IS 'When the longest-lived token that this key signed beyond token_ttl has run out, rounded up; NULL: there is none. token_lifetime may say more';
COMMENT ON COLUMN jwt_auth.signing_key.rotation_seen_at
  IS 'When purge_expired() first saw that the rotation of this key had committed: no token was signed with it after that';

CREATE TABLE jwt_auth.token_lifetime (
  id           uuid PRIMARY KEY DEFAULT pg_catalog.gen_random_uuid(),
  kid          text COLLATE "C" NOT NULL,
  token_ttl    integer NOT NULL,
  tokens_until timestamptz NOT NULL,
  recorded_at  timestamptz NOT NULL
);
COMMENT ON TABLE jwt_auth.token_lifetime
  IS 'How long tokens of a signing key live where its row does not say as much: a row for each signer that needed more. Signers change no row, so nobody waits for them';
COMMENT ON COLUMN jwt_auth.token_lifetime.token_ttl IS 'Seconds that a token may live, whenever it is signed; 0: nothing said';
COMMENT ON COLUMN jwt_auth.token_lifetime.tokens_until IS 'When the longest-lived token has run out, rounded up; -infinity: nothing said';

REVOKE ALL ON jwt_auth.token_lifetime FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('jwt_auth.token_lifetime', '');
CREATE TRIGGER keyring_changed AFTER INSERT OR UPDATE OR DELETE ON jwt_auth.token_lifetime
  FOR EACH ROW EXECUTE FUNCTION jwt_auth.keyring_changed();
CREATE TRIGGER keyring_truncated AFTER TRUNCATE ON jwt_auth.token_lifetime
  FOR EACH STATEMENT EXECUTE FUNCTION jwt_auth.keyring_changed();
ALTER TABLE jwt_auth.token_lifetime ENABLE ALWAYS TRIGGER keyring_changed;
ALTER TABLE jwt_auth.token_lifetime ENABLE ALWAYS TRIGGER keyring_truncated;
CREATE OR REPLACE VIEW jwt_auth.signing_keys AS
  SELECT kid, algorithm, state, public_jwk, left(private_jwk, 1) <> '{' AS sealed,
         created_at, activated_at, rotated_at,
         CASE state WHEN 'verify_only'
           THEN greatest(verify_until, (SELECT max(l.tokens_until) FROM jwt_auth.token_lifetime l WHERE l.kid = k.kid AND l.tokens_until > '-infinity'))
           ELSE verify_until END AS verify_until,
         retired_at
  FROM jwt_auth.signing_key k;
-- Sessions bound to a key.

ALTER TABLE jwt_auth.refresh_session ADD bound_kind "char", ADD bound_key bytea, ADD proof_mismatch_at timestamptz;
COMMENT ON COLUMN jwt_auth.refresh_session.bound_kind
  IS 'How the session''s key is proven: p by DPoP proofs (RFC 9449), b by a browser (DBSC); NULL: the session is bound to none';
COMMENT ON COLUMN jwt_auth.refresh_session.bound_key
  IS 'The thumbprint (RFC 7638) of the key for DPoP, the public JWK for DBSC, whose proofs do not bring it along';
COMMENT ON COLUMN jwt_auth.refresh_session.proof_mismatch_at IS 'When a wrong proof was last recorded: at most once a minute';
-- The record says by whom, and finds a user's events. Those that are there get the key as the library makes it: the first four bytes of
-- SHA-256 over a zero byte (our own users have no issuer) and the user id.
ALTER TABLE jwt_auth.auth_event ADD actor text COLLATE "C", ADD db_role name, ADD user_key integer;
UPDATE jwt_auth.auth_event
SET user_key = ('x' || encode(substr(sha256('\x00'::bytea || convert_to(user_id, getdatabaseencoding()::name)), 1, 4), 'hex'))::bit(32)::integer
WHERE user_id IS NOT NULL;
CREATE INDEX auth_event_user_key ON jwt_auth.auth_event (user_key) WHERE user_key IS NOT NULL;
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
COMMENT ON COLUMN jwt_auth.denied_token.token_id IS 'SHA-256 over issuer and jti, or over issuer and signing input of a token without jti; of a user who was forgotten: a keyed hash of the id';
COMMENT ON DOMAIN jwt_auth.event_name IS 'What jwt_auth.auth_event tells: a closed list, and the application''s own (record_event) with app. in front';
-- The record: the application's own events, and who was logged in when.

CREATE FUNCTION jwt_auth.record_event(event text, user_id text, detail jsonb DEFAULT NULL, ip inet DEFAULT NULL)
RETURNS void LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_record_event';
COMMENT ON FUNCTION jwt_auth.record_event(text, text, jsonb, inet)
  IS 'Records an event of the application''s own beside ours: a failed password, an export. Its name begins with app. and has at most 63 characters a-z, 0-9, _, . and -. user_id NULL: of nobody known';
REVOKE ALL ON FUNCTION jwt_auth.record_event(text, text, jsonb, inet) FROM PUBLIC;

CREATE FUNCTION jwt_auth.session_history(user_id text, since timestamptz, until timestamptz)
RETURNS TABLE (session_id uuid, began_at timestamptz, ip inet, user_agent text, class text, actor text, last_seen timestamptz, is_alive boolean,
               ended_at timestamptz, ended text, reason text, ended_by text, ended_by_role text)
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_session_history';
COMMENT ON FUNCTION jwt_auth.session_history(text, timestamptz, timestamptz)
  IS 'The sessions that the user had at some time from since to until (NULL: no bound), from the audit and from the sessions that are there: when and from where each began, who acted for the user (actor; NULL: the user), and when, by which event (ended), why and by whom it ended. The latest first';
REVOKE ALL ON FUNCTION jwt_auth.session_history(text, timestamptz, timestamptz) FROM PUBLIC;

CREATE FUNCTION jwt_auth.forget_user(user_id text)
RETURNS boolean LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_forget_user';
COMMENT ON FUNCTION jwt_auth.forget_user(text)
  IS 'Erases a person: sessions and their data, API keys, policies, a lock, and from the audit whom its events were about, from where, by whom and their detail. Tokens from before stay refused while any can be good, and whoever has the id next may log in. False if nothing was known of the user. One call after another, each to the end of its transaction';
REVOKE ALL ON FUNCTION jwt_auth.forget_user(text) FROM PUBLIC;

-- The audit by months, so that old ones are dropped and not deleted. After a restore from a dump the table is the plain one of the
-- install script, and the months stand alone: they are found by their names and joined to it again.
CREATE FUNCTION jwt_auth.partition_events(months_ahead integer DEFAULT 3)
RETURNS integer LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO' AS $$
DECLARE
  is_plain boolean;
  in_the_way text;
  grants text[];
  indexes text[];
  next_id bigint;
  is_restored boolean := false;
  month timestamptz;
  last timestamptz;
  name text;
  part record;
  statement text;
  made integer := 0;
BEGIN
  IF months_ahead IS NULL THEN
    RAISE EXCEPTION 'months_ahead must not be null' USING ERRCODE = 'null_value_not_allowed';
  ELSIF months_ahead NOT BETWEEN 1 AND 120 THEN
    RAISE EXCEPTION 'months_ahead must be from 1 to 120' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  last := date_trunc('month', now()) + make_interval(months => months_ahead);
  -- Calls take turns. Whoever writes events goes on, unless the table has to become another one.
  LOCK TABLE ONLY jwt_auth.auth_event IN SHARE UPDATE EXCLUSIVE MODE;
  is_plain := (SELECT relkind = 'r' FROM pg_class WHERE oid = 'jwt_auth.auth_event'::regclass);
  IF is_plain THEN
    LOCK TABLE ONLY jwt_auth.auth_event IN ACCESS EXCLUSIVE MODE;
    SELECT string_agg(DISTINCT pg_describe_object(d.classid, d.objid, d.objsubid), ', ') INTO in_the_way
    FROM pg_depend d
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = 'jwt_auth.auth_event'::regclass
      AND (d.classid IN ('pg_rewrite'::regclass, 'pg_trigger'::regclass, 'pg_policy'::regclass, 'pg_publication_rel'::regclass,
                         'pg_constraint'::regclass, 'pg_proc'::regclass)
           OR d.classid = 'pg_class'::regclass AND d.deptype = 'n');
    IF in_the_way IS NULL AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'jwt_auth.auth_event'::regclass AND attacl IS NOT NULL) THEN
      in_the_way := 'privileges on columns of table jwt_auth.auth_event';
    END IF;
    IF in_the_way IS NOT NULL THEN
      RAISE EXCEPTION 'auth_event cannot be partitioned while other objects depend on it'
        USING ERRCODE = 'dependent_objects_still_exist', DETAIL = in_the_way || '.', HINT = 'Drop them, call partition_events() and make them again.';
    END IF;
    SELECT array_agg(format('GRANT %s ON %s %s TO %s%s', a.privilege_type, CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, c.oid::regclass,
                            CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
                            CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)) INTO grants
    FROM pg_class c, aclexplode(c.relacl) AS a
    WHERE c.oid IN ('jwt_auth.auth_event'::regclass, 'jwt_auth.auth_event_id_seq'::regclass) AND a.grantee <> c.relowner;
    SELECT array_agg(format('CREATE %s %I ON jwt_auth.auth_event %s', CASE WHEN i.indisunique THEN 'UNIQUE INDEX' ELSE 'INDEX' END, c.relname,
                            substring(pg_get_indexdef(c.oid) FROM ' (USING .*)$'))) INTO indexes
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = 'jwt_auth.auth_event'::regclass AND i.indisvalid;
    next_id := coalesce(pg_sequence_last_value('jwt_auth.auth_event_id_seq'), 0) + 1;

    FOR statement IN
      SELECT format('ALTER INDEX jwt_auth.%I RENAME TO %I', c.relname, 'auth_event_plain_' || i.indexrelid)
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = 'jwt_auth.auth_event'::regclass
    LOOP
      EXECUTE statement;
    END LOOP;
    ALTER EXTENSION jwt_auth DROP TABLE jwt_auth.auth_event;
    ALTER EXTENSION jwt_auth DROP SEQUENCE jwt_auth.auth_event_id_seq;
    ALTER TABLE jwt_auth.auth_event RENAME TO auth_event_plain;
    ALTER TABLE jwt_auth.auth_event_plain ALTER id DROP IDENTITY;
    CREATE TABLE jwt_auth.auth_event (LIKE jwt_auth.auth_event_plain INCLUDING COMMENTS) PARTITION BY RANGE (at);
    EXECUTE format('ALTER TABLE jwt_auth.auth_event OWNER TO %s', (SELECT relowner::regrole FROM pg_class WHERE oid = 'jwt_auth.auth_event_plain'::regclass));
    EXECUTE format('COMMENT ON TABLE jwt_auth.auth_event IS %L', obj_description('jwt_auth.auth_event_plain'::regclass, 'pg_class'));
    FOREACH statement IN ARRAY indexes LOOP
      EXECUTE statement;
    END LOOP;
    -- An event of a time that no month is there for has a place as well: nothing may fail for want of one.
    IF to_regclass('jwt_auth.auth_event_default') IS NULL THEN
      CREATE TABLE jwt_auth.auth_event_default (LIKE jwt_auth.auth_event INCLUDING DEFAULTS);
    END IF;
    FOR part IN
      SELECT c.relname AS name, to_date(right(c.relname, 7), 'YYYY_MM') AS month, c.relname LIKE '%until%' AS is_oldest
      FROM pg_class c WHERE c.relnamespace = 'jwt_auth'::regnamespace AND c.relkind = 'r' AND c.relname ~ '^auth_event_(until_)?\d{4}_\d{2}$'
      ORDER BY 2
    LOOP
      EXECUTE format('SELECT greatest(%s, max(id) + 1) FROM jwt_auth.%I', next_id, part.name) INTO next_id;
      EXECUTE format('ALTER TABLE jwt_auth.auth_event ATTACH PARTITION jwt_auth.%I FOR VALUES FROM (%s) TO (%L)', part.name,
                     CASE WHEN part.is_oldest THEN 'MINVALUE' ELSE quote_literal(part.month) END,
                     CASE WHEN part.is_oldest THEN part.month ELSE (part.month + interval '1 month')::date END);
      is_restored := true;
    END LOOP;
    IF NOT is_restored THEN
      -- What there is becomes the oldest part, but for events of a clock that ran ahead.
      month := date_trunc('month', now()) + interval '1 month';
      WITH ahead AS (DELETE FROM jwt_auth.auth_event_plain WHERE at >= month RETURNING *)
      INSERT INTO jwt_auth.auth_event_default SELECT * FROM ahead;
      name := 'auth_event_until_' || to_char(month, 'YYYY_MM');
      EXECUTE format('ALTER TABLE jwt_auth.auth_event_plain RENAME TO %I', name);
      EXECUTE format('ALTER TABLE jwt_auth.auth_event ATTACH PARTITION jwt_auth.%I FOR VALUES FROM (MINVALUE) TO (%L)', name, month);
    END IF;
    EXECUTE format('ALTER TABLE jwt_auth.auth_event ALTER id ADD GENERATED ALWAYS AS IDENTITY (START WITH %s)', next_id);
    ALTER EXTENSION jwt_auth ADD TABLE jwt_auth.auth_event;
    ALTER EXTENSION jwt_auth ADD SEQUENCE jwt_auth.auth_event_id_seq;
    ALTER TABLE jwt_auth.auth_event ATTACH PARTITION jwt_auth.auth_event_default DEFAULT;
  END IF;

  -- The month behind the latest that is there.
  SELECT max(substring(pg_get_expr(c.relpartbound, c.oid) FROM $re$TO \('([^']+)'\)$re$)::timestamptz) INTO month
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'jwt_auth.auth_event'::regclass;
  month := coalesce(month, date_trunc('month', now()));
  IF month <= last THEN
    LOCK TABLE jwt_auth.auth_event_default IN ACCESS EXCLUSIVE MODE;
  END IF;
  WHILE month <= last LOOP
    name := 'auth_event_' || to_char(month, 'YYYY_MM');
    EXECUTE format('CREATE TABLE jwt_auth.%I (LIKE jwt_auth.auth_event INCLUDING DEFAULTS)', name);
    EXECUTE format('WITH late AS (DELETE FROM jwt_auth.auth_event_default WHERE at >= %1$L AND at < %2$L RETURNING *) INSERT INTO jwt_auth.%3$I SELECT * FROM late',
                   month, month + interval '1 month', name);
    EXECUTE format('ALTER TABLE jwt_auth.auth_event ATTACH PARTITION jwt_auth.%I FOR VALUES FROM (%L) TO (%L)', name, month, month + interval '1 month');
    month := month + interval '1 month';
    made := made + 1;
  END LOOP;
  IF is_restored THEN
    -- What happened since the restore was numbered from one again.
    EXECUTE (SELECT format('INSERT INTO jwt_auth.auth_event (%1$s) SELECT %1$s FROM jwt_auth.auth_event_plain ORDER BY id', string_agg(quote_ident(attname), ', '))
             FROM pg_attribute WHERE attrelid = 'jwt_auth.auth_event_plain'::regclass AND attnum > 0 AND NOT attisdropped AND attname <> 'id');
    DROP TABLE jwt_auth.auth_event_plain;
  END IF;

  -- Who owns the audit owns its months.
  FOR statement IN
    SELECT format('ALTER TABLE %s OWNER TO %s', c.oid::regclass, audit.relowner::regrole)
    FROM pg_class c JOIN pg_class audit ON audit.oid = 'jwt_auth.auth_event'::regclass
    WHERE c.relnamespace = 'jwt_auth'::regnamespace AND c.relkind = 'r' AND c.relname ~ '^auth_event(_(until_)?\d{4}_\d{2}|_default)$'
      AND c.relowner <> audit.relowner
  LOOP
    EXECUTE statement;
  END LOOP;

  -- Default privileges of the database hold for new tables and for the new sequence; who may read the audit is said by its own.
  FOR statement IN
    SELECT DISTINCT format('REVOKE ALL ON %s %s FROM %s', CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, c.oid::regclass,
                           CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END)
    FROM pg_class c, aclexplode(c.relacl) AS a
    WHERE c.relnamespace = 'jwt_auth'::regnamespace AND c.relname ~ '^auth_event(_(until_)?\d{4}_\d{2}|_default|_id_seq)?$' AND a.grantee <> c.relowner
      AND (is_plain OR c.relname NOT IN ('auth_event', 'auth_event_id_seq'))
  LOOP
    EXECUTE statement;
  END LOOP;
  FOREACH statement IN ARRAY coalesce(grants, '{}') LOOP
    EXECUTE statement;
  END LOOP;
  RETURN made;
END $$;
COMMENT ON FUNCTION jwt_auth.partition_events(integer)
  IS 'Partitions the audit by month, once, and makes the months to come, every time: how many it made. Months are those of UTC; what was there before is one part. Old months are dropped with DROP TABLE. After a restore from a dump: call it again';
REVOKE ALL ON FUNCTION jwt_auth.partition_events(integer) FROM PUBLIC;

-- Sessions of a class, on a device.
ALTER TABLE jwt_auth.refresh_session ADD class text COLLATE "C", ADD device_hash bytea;
ALTER TABLE jwt_auth.refresh_session ALTER device_hash SET STORAGE PLAIN;
COMMENT ON COLUMN jwt_auth.refresh_session.class
  IS 'The class of the log-in (see session_class), which the session keeps; NULL: none. One that was dropped means nothing any more';
COMMENT ON COLUMN jwt_auth.refresh_session.device_hash IS 'SHA-256 of the device that the log-in named; NULL: none';

-- Classes of sessions: lifetimes and limits under a name. Each backend keeps them with the keyring.

CREATE TABLE jwt_auth.session_class (
  name              text COLLATE "C" PRIMARY KEY CHECK (octet_length(name) BETWEEN 1 AND 63),
  access_token_ttl  interval CHECK (access_token_ttl BETWEEN interval '1 second' AND interval '68 years'),
  refresh_token_ttl interval CHECK (refresh_token_ttl BETWEEN interval '1 second' AND interval '68 years'),
  max_age           interval CHECK (max_age BETWEEN interval '0' AND interval '68 years'),
  max_sessions      jwt_auth.session_limit,
  limit_policy      text CHECK (limit_policy IN ('evict_oldest', 'evict_idle', 'reject')),
  listed            boolean NOT NULL
);
COMMENT ON TABLE jwt_auth.session_class IS 'Classes of sessions. What is NULL is as the settings have it';
COMMENT ON COLUMN jwt_auth.session_class.max_age IS '0: no end but the idle one';
COMMENT ON COLUMN jwt_auth.session_class.max_sessions IS 'How many live sessions of the class a user may have; 0 is no limit';
COMMENT ON COLUMN jwt_auth.session_class.listed IS 'False: sessions of the class are neither shown by user_sessions() nor counted';
REVOKE ALL ON jwt_auth.session_class FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('jwt_auth.session_class', '');
CREATE TRIGGER keyring_changed AFTER INSERT OR UPDATE OR DELETE ON jwt_auth.session_class
  FOR EACH ROW EXECUTE FUNCTION jwt_auth.keyring_changed();
CREATE TRIGGER keyring_truncated AFTER TRUNCATE ON jwt_auth.session_class
  FOR EACH STATEMENT EXECUTE FUNCTION jwt_auth.keyring_changed();
ALTER TABLE jwt_auth.session_class ENABLE ALWAYS TRIGGER keyring_changed;
ALTER TABLE jwt_auth.session_class ENABLE ALWAYS TRIGGER keyring_truncated;

CREATE FUNCTION jwt_auth.set_session_class(name text, access_token_ttl interval DEFAULT NULL, refresh_token_ttl interval DEFAULT NULL,
                                           max_age interval DEFAULT NULL, max_sessions integer DEFAULT NULL,
                                           limit_policy text DEFAULT NULL, listed boolean DEFAULT true)
RETURNS void LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_set_session_class';
COMMENT ON FUNCTION jwt_auth.set_session_class(text, interval, interval, interval, integer, text, boolean)
  IS 'Makes or replaces a class of sessions: lifetimes and a limit under a name, for the argument class of issue_refresh_session(). NULL is as the settings have it. max_age 0: no end but the idle one; max_sessions 0: no limit. listed false: such sessions are neither shown by user_sessions() nor counted. Sessions that are there get the lifetimes with their next refresh';
REVOKE ALL ON FUNCTION jwt_auth.set_session_class(text, interval, interval, interval, integer, text, boolean) FROM PUBLIC;

CREATE FUNCTION jwt_auth.drop_session_class(name text)
RETURNS boolean LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_drop_session_class';
COMMENT ON FUNCTION jwt_auth.drop_session_class(text)
  IS 'Drops a class of sessions; whether there was one. Its sessions go on under the settings';
REVOKE ALL ON FUNCTION jwt_auth.drop_session_class(text) FROM PUBLIC;

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
REVOKE ALL ON jwt_auth.used_proof FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('jwt_auth.used_proof', '');

-- Users spread over several servers: where a user's rows are, and moving them.

CREATE FUNCTION jwt_auth.user_key(user_id text)
RETURNS integer LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_user_key';
COMMENT ON FUNCTION jwt_auth.user_key(text)
  IS 'The key by which users are spread over servers: the first four bytes of SHA-256 over a zero byte and the id, as integer';

CREATE FUNCTION jwt_auth.token_user_key(token text)
RETURNS integer LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_token_user_key';
COMMENT ON FUNCTION jwt_auth.token_user_key(text)
  IS 'user_key() of whom an access token, a refresh token or an API key names, to choose the server by; NULL if it names nobody. Nothing is verified';

CREATE FUNCTION jwt_auth.tables_of_users(OUT name text)
RETURNS SETOF text LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'user_key' AND NOT a.attisdropped
  WHERE c.relnamespace = 'jwt_auth'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname !~ '^(used_proof|auth_event)' ORDER BY c.relname
$$;
COMMENT ON FUNCTION jwt_auth.tables_of_users() IS 'The tables whose rows belong to a user: what hand_over_users() moves';
REVOKE ALL ON FUNCTION jwt_auth.tables_of_users() FROM PUBLIC;

-- The setting of the server is asked, not what this session may have set.
CREATE FUNCTION jwt_auth.check_handed_over(first integer, last integer)
RETURNS void LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  own text;
BEGIN
  IF first IS NULL OR last IS NULL THEN
    RAISE EXCEPTION '% must not be null', CASE WHEN first IS NULL THEN 'first' ELSE 'last' END USING ERRCODE = 'null_value_not_allowed';
  END IF;
  IF last < first THEN
    RAISE EXCEPTION 'last must not be less than first' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  -- The setting is there once the library is.
  PERFORM jwt_auth.user_key('nobody');
  SELECT reset_val INTO own FROM pg_settings WHERE name = 'jwt_auth.user_key_range';
  IF own = '' OR EXISTS (SELECT FROM unnest(string_to_array(own, ',')) AS range
                         WHERE split_part(range, '..', 1)::integer <= last AND split_part(range, '..', 2)::integer >= first) THEN
    RAISE EXCEPTION 'users from % to % are still this server''s', first, last
      USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = format('jwt_auth.user_key_range is "%s".', own),
            HINT = 'Take them out of jwt_auth.user_key_range, and reload the configuration.';
  END IF;
END $$;
COMMENT ON FUNCTION jwt_auth.check_handed_over(integer, integer) IS 'An error (55000) unless no user key from first to last is this server''s';
REVOKE ALL ON FUNCTION jwt_auth.check_handed_over(integer, integer) FROM PUBLIC;

CREATE FUNCTION jwt_auth.hand_over_users(first integer, last integer, OUT relation text, OUT contents jsonb)
RETURNS SETOF record LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp SET bytea_output = hex AS $$
DECLARE
  others text[];
BEGIN
  PERFORM jwt_auth.check_handed_over(first, last);
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'users are handed over at the isolation level READ COMMITTED' USING ERRCODE = 'invalid_transaction_state';
  END IF;
  IF NOT pg_try_advisory_xact_lock('jwt_auth.account'::regclass::integer) THEN
    RAISE EXCEPTION 'users are being handed over by another transaction' USING ERRCODE = 'lock_not_available';
  END IF;
  -- Whoever began before the setting was changed may still write rows of these users.
  others := ARRAY(SELECT l.virtualtransaction FROM pg_locks l JOIN pg_stat_activity a USING (pid)
                  WHERE l.locktype = 'virtualxid' AND a.datname = current_database() AND l.pid <> pg_backend_pid()
                    AND coalesce(a.backend_type, 'client backend') = 'client backend'
                  UNION
                  SELECT l.virtualtransaction FROM pg_locks l
                  WHERE l.pid IS NULL AND l.relation IN (SELECT ('jwt_auth.' || name)::regclass FROM jwt_auth.tables_of_users()));
  WHILE EXISTS (SELECT FROM pg_locks WHERE virtualtransaction = ANY (others)) LOOP
    PERFORM pg_sleep(0.02);
  END LOOP;
  -- What is known of another issuer's subjects has keys that say nothing of where they are asked for (token_user_key() looks at the
  -- subject alone), so all of it goes along, and stays here as well.
  FOR relation IN SELECT name FROM jwt_auth.tables_of_users() LOOP
    FOR contents IN EXECUTE format('SELECT to_jsonb(t) FROM jwt_auth.%I AS t WHERE user_key BETWEEN $1 AND $2', relation)
                            || CASE WHEN relation IN ('account', 'denied_token') THEN ' OR issuer <> ''''' ELSE '' END USING first, last LOOP
      RETURN NEXT;
    END LOOP;
  END LOOP;
  -- How long the tokens live that were signed here: a cutoff or a tombstone is kept until they have run out.
  relation := 'token_lifetime';
  FOR contents IN SELECT to_jsonb(l) FROM jwt_auth.token_lifetime AS l LOOP
    RETURN NEXT;
  END LOOP;
END $$;
COMMENT ON FUNCTION jwt_auth.hand_over_users(integer, integer)
  IS 'The rows of the users whose keys are from first to last, for take_over_users() on another server. They must be out of jwt_auth.user_key_range (55000); waits for every transaction that is open. The rows stay until drop_handed_over_users()';
REVOKE ALL ON FUNCTION jwt_auth.hand_over_users(integer, integer) FROM PUBLIC;

CREATE FUNCTION jwt_auth.take_over_users(relation text, contents jsonb)
RETURNS void LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  given jwt_auth.account;
  known jwt_auth.account;
  key_columns text;
BEGIN
  IF relation IS NULL OR contents IS NULL THEN
    RAISE EXCEPTION '% must not be null', CASE WHEN relation IS NULL THEN 'relation' ELSE 'contents' END USING ERRCODE = 'null_value_not_allowed';
  END IF;
  IF relation <> 'token_lifetime' AND relation NOT IN (SELECT name FROM jwt_auth.tables_of_users()) THEN
    RAISE EXCEPTION 'relation is not a table of users' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF jsonb_typeof(contents) <> 'object' THEN
    RAISE EXCEPTION 'contents is not a row of the table' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  -- A row that an earlier attempt left here is an old one. Only of an account something may be known here: that it was revoked. Whoever
  -- revokes it now waits.
  IF relation = 'account' THEN
    given := jsonb_populate_record(NULL::jwt_auth.account, contents);
    SELECT * INTO known FROM jwt_auth.account a
    WHERE a.user_key = given.user_key AND a.issuer = given.issuer AND a.user_id = given.user_id FOR UPDATE;
    contents := contents || jsonb_build_object('not_before', greatest(known.not_before, given.not_before),
                                               'locked_until', greatest(known.locked_until, given.locked_until),
                                               'version', greatest(known.version, given.version));
  END IF;
  SELECT string_agg(format('t.%1$I = r.%1$I', attname), ' AND ') INTO key_columns
  FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
  WHERE i.indrelid = ('jwt_auth.' || relation)::regclass AND i.indisprimary;
  EXECUTE format('DELETE FROM jwt_auth.%1$I AS t USING jsonb_populate_record(NULL::jwt_auth.%1$I, $1) AS r WHERE %2$s', relation, key_columns) USING contents;
  EXECUTE format('INSERT INTO jwt_auth.%1$I SELECT * FROM jsonb_populate_record(NULL::jwt_auth.%1$I, $1)', relation) USING contents;
END $$;
COMMENT ON FUNCTION jwt_auth.take_over_users(text, jsonb) IS 'Stores a row that hand_over_users() of another server gave';
REVOKE ALL ON FUNCTION jwt_auth.take_over_users(text, jsonb) FROM PUBLIC;

CREATE FUNCTION jwt_auth.drop_handed_over_users(first integer, last integer)
RETURNS bigint LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  relation text;
  deleted bigint;
  total bigint := 0;
BEGIN
  PERFORM jwt_auth.check_handed_over(first, last);
  FOR relation IN SELECT name FROM jwt_auth.tables_of_users() LOOP
    EXECUTE format('DELETE FROM jwt_auth.%I WHERE user_key BETWEEN $1 AND $2', relation)
            || CASE WHEN relation IN ('account', 'denied_token') THEN ' AND issuer = ''''' ELSE '' END USING first, last;
    GET DIAGNOSTICS deleted = ROW_COUNT;
    total := total + deleted;
  END LOOP;
  RETURN total;
END $$;
COMMENT ON FUNCTION jwt_auth.drop_handed_over_users(integer, integer)
  IS 'Deletes the rows of users whose keys are from first to last, which must be out of jwt_auth.user_key_range (55000); how many rows. Nobody is logged out: another server has them';
REVOKE ALL ON FUNCTION jwt_auth.drop_handed_over_users(integer, integer) FROM PUBLIC;

-- Trusted issuers: what each may say. Those that are trusted already go on as before, until somebody decides.

ALTER TABLE jwt_auth.trusted_issuer ADD secret_jwks text, ADD audiences text[], ADD token_types text[],
  ADD subjects text NOT NULL DEFAULT 'ours' CHECK (subjects IN ('foreign', 'ours')), ADD roles text[] DEFAULT '{*}';
ALTER TABLE jwt_auth.trusted_issuer ALTER subjects SET DEFAULT 'foreign', ALTER roles DROP DEFAULT, ALTER secret_jwks SET STATISTICS 0;
COMMENT ON TABLE jwt_auth.trusted_issuer IS 'Issuers whose tokens are verified with their own keys';
COMMENT ON COLUMN jwt_auth.trusted_issuer.jwks IS 'Their public keys, as a JWK set (RFC 7517 section 5)';
COMMENT ON COLUMN jwt_auth.trusted_issuer.secret_jwks
  IS 'Their HMAC keys as a JWK set, encrypted (RFC 7517 section 7) where jwt_auth.key_encryption_key_file is set; NULL: none';
COMMENT ON COLUMN jwt_auth.trusted_issuer.audiences IS 'Whom their tokens may be meant for beside audience; where neither says so, whoever jwt_auth.audience names';
COMMENT ON COLUMN jwt_auth.trusted_issuer.token_types IS 'Types (typ) that pass for an access token; NULL: at+jwt, JWT and none, as for our own';
COMMENT ON COLUMN jwt_auth.trusted_issuer.subjects IS 'ours: their sub is the id of a user of ours; foreign: it is not, and current_user_id() is NULL';
COMMENT ON COLUMN jwt_auth.trusted_issuer.roles
  IS 'Roles that their tokens may name; NULL: none. {*}, every role, is left from versions before 2.0 and can''t be given';

SELECT pg_temp.drop_function('jwt_auth.trust_issuer(text, jsonb, text)');
CREATE FUNCTION jwt_auth.trust_issuer(issuer text, jwks jsonb, audience text DEFAULT NULL, audiences text[] DEFAULT NULL,
                                      token_types text[] DEFAULT NULL, subjects text DEFAULT 'foreign', roles text[] DEFAULT NULL)
RETURNS void LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_trust_issuer';
COMMENT ON FUNCTION jwt_auth.trust_issuer(text, jsonb, text, text[], text[], text, text[])
  IS 'From now on jwt_verify(token) accepts tokens of this issuer (iss) that verify with the keys of its JWK set and are meant for an audience that is named (none: jwt_auth.audience). token_types: types that pass for an access token. subjects: ours if its sub is the id of a user of ours, foreign if not. roles: roles that its tokens may name. Replaces what was there';
REVOKE ALL ON FUNCTION jwt_auth.trust_issuer(text, jsonb, text, text[], text[], text, text[]) FROM PUBLIC;

CREATE FUNCTION jwt_auth.current_issuer()
RETURNS text LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_current_issuer';
COMMENT ON FUNCTION jwt_auth.current_issuer()
  IS 'The issuer (iss) of the authenticated token, ours or a trusted one; NULL if it names none or nobody is authenticated';
COMMENT ON FUNCTION jwt_auth.current_user_id()
  IS 'The user (sub) of the authenticated token: for USING (owner = jwt_auth.current_user_id()); NULL if nobody is authenticated, and for a token of an issuer whose subjects are foreign';
COMMENT ON FUNCTION jwt_auth.pre_config()
  IS 'For PostgREST''s db-pre-config: sets pgrst.jwt_secret to jwks() and the public keys of trusted issuers for this transaction; with jwt_auth.pre_config_hmac_keys also to the HMAC keys of the ring';

SELECT pg_temp.drop_function('jwt_auth.issue_refresh_session(text, inet, text, text, jsonb, jsonb)');
SELECT pg_temp.drop_function('jwt_auth.refresh_session(text, inet, text, text)');
SELECT pg_temp.drop_function('jwt_auth.user_sessions(text)');
SELECT pg_temp.drop_function('jwt_auth.refresh_cookie(text, text, text, interval, text, text)');
SELECT pg_temp.drop_function('jwt_auth.authenticate(text, inet, text, boolean, interval)');

CREATE FUNCTION jwt_auth.issue_refresh_session(user_id text, ip inet DEFAULT NULL, user_agent text DEFAULT NULL,
                                               fingerprint text DEFAULT NULL, claims jsonb DEFAULT NULL,
                                               metadata jsonb DEFAULT NULL, class text DEFAULT NULL, device text DEFAULT NULL,
                                               proof text DEFAULT NULL, proof_method text DEFAULT NULL, proof_url text DEFAULT NULL)
RETURNS jwt_auth.token_response LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_issue_refresh_session';
COMMENT ON FUNCTION jwt_auth.issue_refresh_session(text, inet, text, text, jsonb, jsonb, text, text, text, text, text)
  IS 'A log-in: opens a session and answers its first access and refresh token. class: of set_session_class(), whose lifetimes and limit it has. device: an id that the client keeps; the session that the same user, class and device had is replaced and named in evicted_sessions. proof: binds it to the key of a DPoP proof. status: ok, limit_reached under the policy reject, locked, refused, or proof_invalid';
REVOKE ALL ON FUNCTION jwt_auth.issue_refresh_session(text, inet, text, text, jsonb, jsonb, text, text, text, text, text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.refresh_session(refresh_token text, ip inet DEFAULT NULL, user_agent text DEFAULT NULL,
                                         fingerprint text DEFAULT NULL, proof text DEFAULT NULL, proof_method text DEFAULT NULL,
                                         proof_url text DEFAULT NULL)
RETURNS jwt_auth.token_response LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_refresh_session';
COMMENT ON FUNCTION jwt_auth.refresh_session(text, inet, text, text, text, text, text)
  IS 'Rotates a refresh token and answers new tokens. proof: of the key that the session is bound to. Refusals are statuses, not errors: raising one would undo what the refusal wrote';
REVOKE ALL ON FUNCTION jwt_auth.refresh_session(text, inet, text, text, text, text, text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.authenticate(token text, ip inet DEFAULT NULL, fingerprint text DEFAULT NULL,
                                      set_role boolean DEFAULT false, max_age interval DEFAULT NULL, acr text DEFAULT NULL,
                                      proof text DEFAULT NULL, proof_method text DEFAULT NULL, proof_url text DEFAULT NULL)
RETURNS jsonb LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_authenticate';
COMMENT ON FUNCTION jwt_auth.authenticate(text, inet, text, boolean, interval, text, text, text, text)
  IS 'Verifies a token as jwt_verify(token) does, checks what it is bound to, and makes its claims the identity of the transaction. set_role: also SET LOCAL ROLE to its role claim. max_age: refuse if the user logged in longer ago. acr: refuse a token that does not say this. proof: of the key that the token is bound to';
REVOKE ALL ON FUNCTION jwt_auth.authenticate(text, inet, text, boolean, interval, text, text, text, text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.user_sessions(user_id text)
RETURNS TABLE (session_id uuid, created_at timestamptz, refreshed_at timestamptz, expires_at timestamptz, ip inet,
               user_agent text, metadata jsonb, class text, has_device boolean, bound text, is_current boolean)
LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 5 AS 'MODULE_PATHNAME', 'jwt_auth_user_sessions';
COMMENT ON FUNCTION jwt_auth.user_sessions(text)
  IS 'The user''s live sessions, the one used last first: "your devices". refreshed_at and ip: when and from where it was last refreshed. has_device: its log-in named a device. bound: dpop or dbsc where it is bound to a key. is_current: of the identity of this transaction. Sessions of a class that is not listed are left out';
REVOKE ALL ON FUNCTION jwt_auth.user_sessions(text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.refresh_cookie(refresh_token text, name text DEFAULT 'refresh_token', path text DEFAULT '/',
                                        max_age interval DEFAULT NULL, same_site text DEFAULT 'Strict', domain text DEFAULT NULL,
                                        persistent boolean DEFAULT true, partitioned boolean DEFAULT false)
RETURNS text LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_refresh_cookie';
COMMENT ON FUNCTION jwt_auth.refresh_cookie(text, text, text, interval, text, text, boolean, boolean)
  IS 'The Set-Cookie value that carries the refresh token: HttpOnly and Secure. max_age NULL: as long as its session may live. persistent false: no Max-Age, so until the browser is closed. partitioned: one for each site that embeds the page. refresh_token NULL: forget the cookie; name, path, domain and partitioned must be those that it was set with';
REVOKE ALL ON FUNCTION jwt_auth.refresh_cookie(text, text, text, interval, text, text, boolean, boolean) FROM PUBLIC;

CREATE FUNCTION jwt_auth.device_challenge(session_id uuid)
RETURNS text LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_device_challenge';
COMMENT ON FUNCTION jwt_auth.device_challenge(uuid)
  IS 'A challenge for the browser of this session, to register a key or to prove the one it registered; good for ten minutes, and until the next refresh. Nothing is stored. JW010 if there is no such session (any more)';
REVOKE ALL ON FUNCTION jwt_auth.device_challenge(uuid) FROM PUBLIC;

CREATE FUNCTION jwt_auth.bind_device(session_id uuid, proof text)
RETURNS boolean LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_bind_device';
COMMENT ON FUNCTION jwt_auth.bind_device(uuid, text)
  IS 'Binds a session to the key that a browser''s registration (Secure-Session-Response) carries: from now on only refresh_bound_session() refreshes it. False if the proof is wrong, or the session is bound already or has ended';
REVOKE ALL ON FUNCTION jwt_auth.bind_device(uuid, text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.refresh_bound_session(session_id uuid, proof text, ip inet DEFAULT NULL, user_agent text DEFAULT NULL)
RETURNS jwt_auth.token_response LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_refresh_bound_session';
COMMENT ON FUNCTION jwt_auth.refresh_bound_session(uuid, text, inet, text)
  IS 'A browser''s refresh: the proof over device_challenge() is the credential, and the answer has an access token and no refresh token. status proof_required or proof_invalid: answer 403 with a new challenge';
REVOKE ALL ON FUNCTION jwt_auth.refresh_bound_session(uuid, text, inet, text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.header_string(value text)
RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF value ~ '[^\x20-\x7e]' OR length(value) NOT BETWEEN 1 AND 2048 THEN
    RAISE EXCEPTION 'value cannot be written into a header' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'It must be 1 to 2048 printable ASCII characters.';
  END IF;
  RETURN '"' || regexp_replace(value, '(["\\])', '\\\1', 'g') || '"';
END $$;
COMMENT ON FUNCTION jwt_auth.header_string(text) IS 'A string of a structured header (RFC 9651 section 3.3.3); what none can hold is 22023';
REVOKE ALL ON FUNCTION jwt_auth.header_string(text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.device_registration_header(session_id uuid, path text)
RETURNS text LANGUAGE sql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT '(ES256 RS256);path=' || jwt_auth.header_string(path) || ';challenge=' || jwt_auth.header_string(jwt_auth.device_challenge(session_id))
$$;
COMMENT ON FUNCTION jwt_auth.device_registration_header(uuid, text)
  IS 'The value of Secure-Session-Registration that asks the browser to register a key at this path; browsers that know nothing of it ignore it';
REVOKE ALL ON FUNCTION jwt_auth.device_registration_header(uuid, text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.device_challenge_header(session_id uuid)
RETURNS text LANGUAGE sql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT jwt_auth.header_string(jwt_auth.device_challenge(session_id)) || ';id=' || jwt_auth.header_string(session_id::text)
$$;
COMMENT ON FUNCTION jwt_auth.device_challenge_header(uuid)
  IS 'The value of Secure-Session-Challenge: with status 403 it asks for a proof, with another it is kept for the next refresh';
REVOKE ALL ON FUNCTION jwt_auth.device_challenge_header(uuid) FROM PUBLIC;

CREATE FUNCTION jwt_auth.device_instructions(session_id uuid, refresh_url text, cookie_name text,
                                             cookie_attributes text DEFAULT 'Path=/; Secure; HttpOnly; SameSite=Lax',
                                             origin text DEFAULT NULL, include_site boolean DEFAULT false)
RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT jsonb_build_object(
    'session_identifier', session_id, 'refresh_url', refresh_url,
    'scope', jsonb_strip_nulls(jsonb_build_object('origin', origin, 'include_site', include_site)),
    'credentials', jsonb_build_array(jsonb_build_object('type', 'cookie', 'name', cookie_name, 'attributes', cookie_attributes)))
$$;
COMMENT ON FUNCTION jwt_auth.device_instructions(uuid, text, text, text, text, boolean)
  IS 'The JSON that answers a registration: which cookie the browser keeps fresh, with which attributes, and where it refreshes it';
REVOKE ALL ON FUNCTION jwt_auth.device_instructions(uuid, text, text, text, text, boolean) FROM PUBLIC;

-- What the application knows better: a user who is locked, rights that have changed, a stronger log-in, somebody who acts for a user.

ALTER TABLE jwt_auth.account ADD locked_until timestamptz, ADD version bigint NOT NULL DEFAULT 0;
ALTER TABLE jwt_auth.refresh_session ADD version bigint NOT NULL DEFAULT 0, ADD auth_time timestamptz, ADD auth_context text, ADD actor text COLLATE "C",
  ADD late_generation integer, ADD late_at timestamptz;
COMMENT ON COLUMN jwt_auth.account.locked_until
  IS 'Until when the user is locked; infinity: without an end, NULL: not locked. A time that has passed is a cutoff';
COMMENT ON COLUMN jwt_auth.account.version
  IS 'Raised by require_refresh(): access tokens of sessions that carry a lower one (uv) are refused';
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

CREATE FUNCTION jwt_auth.revoke_own_session(user_id text, session_id uuid)
RETURNS boolean LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_revoke_own_session';
COMMENT ON FUNCTION jwt_auth.revoke_own_session(text, uuid)
  IS 'revoke_refresh_session() for a session of this user alone: false for a session of somebody else';
REVOKE ALL ON FUNCTION jwt_auth.revoke_own_session(text, uuid) FROM PUBLIC;

CREATE FUNCTION jwt_auth.lock_user(user_id text, reason text DEFAULT NULL, until timestamptz DEFAULT NULL)
RETURNS integer LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_lock_user';
COMMENT ON FUNCTION jwt_auth.lock_user(text, text, timestamptz)
  IS 'revoke_user_tokens(), and while the lock lasts log-ins answer the status locked and no token and no API key of the user is good. until: when it ends by itself (22023 unless it lies ahead); NULL or infinity: with unlock_user(). A later call replaces the lock. Answers how many sessions ended';
REVOKE ALL ON FUNCTION jwt_auth.lock_user(text, text, timestamptz) FROM PUBLIC;

CREATE FUNCTION jwt_auth.unlock_user(user_id text)
RETURNS boolean LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_unlock_user';
COMMENT ON FUNCTION jwt_auth.unlock_user(text)
  IS 'Ends the lock of a user, who may log in again; what was issued before stays refused. Whether the user was locked';
REVOKE ALL ON FUNCTION jwt_auth.unlock_user(text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.require_refresh(user_id text, reason text DEFAULT NULL)
RETURNS void LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_require_refresh';
COMMENT ON FUNCTION jwt_auth.require_refresh(text, text)
  IS 'For a change of what the user may do: access tokens of the user''s sessions from before are refused with JW016, refresh first. The sessions live on, and the next refresh is good';
REVOKE ALL ON FUNCTION jwt_auth.require_refresh(text, text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.require_refresh_on_change()
RETURNS trigger LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_require_refresh_on_change';
COMMENT ON FUNCTION jwt_auth.require_refresh_on_change()
  IS 'For the application''s own table of roles, AFTER INSERT OR UPDATE OR DELETE FOR EACH ROW: require_refresh for the value of the column that its first argument names, old and new. A second argument is the reason';
REVOKE ALL ON FUNCTION jwt_auth.require_refresh_on_change() FROM PUBLIC;

CREATE FUNCTION jwt_auth.revoke_on_change()
RETURNS trigger LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_revoke_on_change';
COMMENT ON FUNCTION jwt_auth.revoke_on_change()
  IS 'For the application''s own table of users, AFTER UPDATE OR DELETE FOR EACH ROW: revoke_user_tokens for the old value of the column that its first argument names. A second argument is the reason';
REVOKE ALL ON FUNCTION jwt_auth.revoke_on_change() FROM PUBLIC;

CREATE FUNCTION jwt_auth.set_session_claims(session_id uuid, claims jsonb)
RETURNS boolean LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_set_session_claims';
COMMENT ON FUNCTION jwt_auth.set_session_claims(uuid, jsonb)
  IS 'Stores other claims for a session: its next token has them, and those from before are refused with JW016, refresh first. False if there is no such session';
REVOKE ALL ON FUNCTION jwt_auth.set_session_claims(uuid, jsonb) FROM PUBLIC;

CREATE FUNCTION jwt_auth.set_session_metadata(session_id uuid, metadata jsonb)
RETURNS boolean LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_set_session_metadata';
COMMENT ON FUNCTION jwt_auth.set_session_metadata(uuid, jsonb)
  IS 'Stores other metadata for a session, which no token has: tokens stay good. False if there is no such session';
REVOKE ALL ON FUNCTION jwt_auth.set_session_metadata(uuid, jsonb) FROM PUBLIC;

CREATE FUNCTION jwt_auth.reauthenticate_session(session_id uuid, amr text[] DEFAULT NULL, acr text DEFAULT NULL)
RETURNS jwt_auth.token_response LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_reauthenticate_session';
COMMENT ON FUNCTION jwt_auth.reauthenticate_session(uuid, text[], text)
  IS 'The user of this session has proved again who they are: a fresh auth_time, with amr and acr (how, as RFC 8176 and OpenID Connect name it), in this access token and those of later refreshes. There is no refresh token in the answer: the session''s own goes on. status: ok, invalid, expired, idle_expired, refused';
REVOKE ALL ON FUNCTION jwt_auth.reauthenticate_session(uuid, text[], text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.impersonate(user_id text, actor text, lifetime interval, claims jsonb DEFAULT NULL, reason text DEFAULT NULL)
RETURNS jwt_auth.token_response LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_impersonate';
COMMENT ON FUNCTION jwt_auth.impersonate(text, text, interval, jsonb, text)
  IS 'An access token with which the actor acts for the user, and which says so (act.sub, RFC 8693 section 4.1). No refresh token, no auth_time. It ends with revoke_refresh_session(session_id) and with every revocation or lock of the user or the actor. status: ok, locked, refused';
REVOKE ALL ON FUNCTION jwt_auth.impersonate(text, text, interval, jsonb, text) FROM PUBLIC;

-- Moving in: sessions that another system began.

CREATE TABLE jwt_auth.imported_token (
  token_hash bytea PRIMARY KEY,
  session_id uuid NOT NULL,
  user_key   integer NOT NULL
);
CREATE INDEX imported_token_session_id ON jwt_auth.imported_token (session_id);
ALTER TABLE jwt_auth.imported_token ALTER token_hash SET STORAGE PLAIN;
COMMENT ON TABLE jwt_auth.imported_token IS 'Which session a refresh token of another system stands for (import_session). A row goes with its session';
COMMENT ON COLUMN jwt_auth.imported_token.token_hash IS 'SHA-256 of the token';
REVOKE ALL ON jwt_auth.imported_token FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('jwt_auth.imported_token', '');

CREATE FUNCTION jwt_auth.import_session(user_id text, refresh_token text, created_at timestamptz, expires_at timestamptz, ip inet DEFAULT NULL,
                                        user_agent text DEFAULT NULL, claims jsonb DEFAULT NULL, metadata jsonb DEFAULT NULL, class text DEFAULT NULL)
RETURNS uuid LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_import_session';
COMMENT ON FUNCTION jwt_auth.import_session(text, text, timestamptz, timestamptz, inet, text, jsonb, jsonb, text)
  IS 'A session that another system began goes on here: the refresh token that it gave out is presented to refresh_session() once and answered with ours. created_at: when the user logged in, which the session''s ends and its auth_time count from. expires_at: until when the token is good. class: of set_session_class(). Answers the session''s id. 22023 for a token of ours, one that has expired, or a session that is too old; 23505 for one that was imported already; JW009 where the user is locked or was cut off since created_at';
REVOKE ALL ON FUNCTION jwt_auth.import_session(text, text, timestamptz, timestamptz, inet, text, jsonb, jsonb, text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.current_user_uuid()
RETURNS uuid LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_current_user_uuid';
COMMENT ON FUNCTION jwt_auth.current_user_uuid()
  IS 'current_user_id() where user ids are uuids, so that an index on a uuid column serves. 22P02 for an id that is not the text of a uuid';

CREATE FUNCTION jwt_auth.current_user_bigint()
RETURNS bigint LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_current_user_bigint';
COMMENT ON FUNCTION jwt_auth.current_user_bigint()
  IS 'current_user_id() where user ids are numbers, so that an index on a bigint column serves. 22P02 for an id that is not the text of a bigint';

CREATE FUNCTION jwt_auth.current_actor()
RETURNS text LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_current_actor';
COMMENT ON FUNCTION jwt_auth.current_actor()
  IS 'Who acts for the user of the authenticated token (act.sub of impersonate()); NULL if the user acts, or nobody is authenticated';

-- The private key reaches its table in another way now.
COMMENT ON FUNCTION jwt_auth.private_jwk_in_transit()
  IS 'Internal to versions before 2.0: how a private key got into signing_key without being a parameter that could be logged. Always 55000';

COMMENT ON VIEW jwt_auth.stats
  IS 'Counts by outcome: verify (ok or SQLSTATE), login, refresh (status; replayed: a lost answer was asked for again), reuse (by what was presented), event, keyring, purge, proof (what authenticate was shown)';

-- Sees triggers that are missing, privileges that are missing, settings of roles and databases that are not in force.
CREATE OR REPLACE FUNCTION jwt_auth.doctor(OUT severity text, OUT subject text, OUT finding text, OUT advice text)
RETURNS SETOF record LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on AS $$
DECLARE
  failure text;
  remedy text;
  given record;
  function_name text[];
  scheduled text[];
  purging text;
  is_distributed boolean := false;
  has_ring_everywhere boolean := false;
  node jsonb;
  coordinator jsonb;
  differing text;
  silent text[] := '{}';
  asked timestamptz;
BEGIN
  -- Settings are there once the library is.
  PERFORM jwt_auth.jwks();

  -- Nodes of Citus
  IF EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN
    EXECUTE $sql$ SELECT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'jwt_auth.account'::regclass),
                         EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'jwt_auth.signing_key'::regclass) $sql$
      INTO is_distributed, has_ring_everywhere;
  END IF;
  IF is_distributed THEN
    RETURN QUERY EXECUTE $sql$
      SELECT 'error', 'citus', format('table jwt_auth.%s is not distributed as the others are', name), 'run scripts/citus.sql again'
      FROM unnest(ARRAY['refresh_session', 'session_data', 'denied_token', 'api_key', 'api_key_use']
                  || CASE WHEN $1 THEN ARRAY['used_proof', 'imported_token', 'token_lifetime', 'trusted_issuer', 'cutoff', 'server_secret', 'session_class']
                     ELSE '{}' END) AS name
      WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = ('jwt_auth.' || name)::regclass) $sql$ USING has_ring_everywhere;
    RETURN QUERY EXECUTE $sql$
      SELECT 'error', 'citus', format('node %s:%s has no copy of %s: its backends hear late of changes', n.nodename, n.nodeport,
                                      string_agg(p.logicalrelid::text, ', ' ORDER BY p.logicalrelid::text)), 'run scripts/citus.sql again'
      FROM pg_dist_node n CROSS JOIN pg_dist_partition p JOIN pg_dist_shard s USING (logicalrelid) JOIN pg_class c ON c.oid = p.logicalrelid
      WHERE n.isactive AND n.noderole = 'primary' AND p.partmethod = 'n' AND c.relnamespace = 'jwt_auth'::regnamespace
        AND NOT EXISTS (SELECT FROM pg_dist_placement l WHERE l.shardid = s.shardid AND l.groupid = n.groupid)
      GROUP BY n.nodename, n.nodeport $sql$;
    BEGIN
      asked := clock_timestamp();
      FOR given IN EXECUTE $sql$
        SELECT format('node %s:%s', n.nodename, n.nodeport) AS node, n.groupid, said.success, said.result
        FROM run_command_on_all_nodes($node$
          SELECT jsonb_build_object(
            'clock', clock_timestamp(), 'strings', current_setting('standard_conforming_strings'), 'datestyle', current_setting('datestyle'),
            'prepared', current_setting('max_prepared_transactions'), 'synchronous', current_setting('synchronous_commit'),
            'key_file', coalesce(current_setting('jwt_auth.key_encryption_key_file', true), ''),
            'triggers', (SELECT count(*) FROM pg_dist_shard s JOIN pg_class c ON c.oid = s.logicalrelid
                         JOIN pg_trigger t ON t.tgrelid = to_regclass(format('jwt_auth.%I', c.relname || '_' || s.shardid))
                         WHERE c.relnamespace = 'jwt_auth'::regnamespace AND t.tgenabled IN ('O', 'A')
                           AND t.tgfoid = 'jwt_auth.keyring_changed()'::regprocedure),
            'privileges', (SELECT coalesce(jsonb_agg(format('%s%s ON %s for %s', CASE WHEN NOT d.granted THEN 'no ' END, d.privilege, d.object,
                                                            CASE d.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(d.grantee) END)), '[]')
                           FROM jwt_auth.privilege_differences() d))
        $node$, parallel => false) AS said JOIN pg_dist_node n USING (nodeid) ORDER BY n.groupid $sql$
      LOOP
        IF NOT given.success THEN
          RETURN QUERY VALUES ('error', 'citus', format('%s does not answer: %s', given.node, given.result), 'start it, or put its standby in its place; the rest is checked then');
          silent := silent || given.node;
          CONTINUE;
        END IF;
        node := given.result::jsonb;
        IF given.groupid = 0 THEN
          coordinator := node;
        END IF;
        differing := (SELECT min(privilege) FROM jsonb_array_elements_text((node -> 'privileges') || (coordinator -> 'privileges')) AS privilege
                      WHERE NOT ((node -> 'privileges') ? privilege AND (coordinator -> 'privileges') ? privilege));
        RETURN QUERY
          SELECT seen.severity, 'citus', format('%s: %s', given.node, seen.finding), seen.advice
          FROM (VALUES
            ('error', node ->> 'strings' <> 'on' OR node ->> 'datestyle' NOT LIKE 'ISO%', 'values that other nodes send are read in another way',
             'set standard_conforming_strings to on and datestyle to ISO'),
            ('error', node ->> 'prepared' = '0', 'max_prepared_transactions is 0: what changes several nodes fails', 'set it, and restart the server'),
            ('warning', node ->> 'synchronous' = 'off', 'synchronous_commit is off: a refresh that was answered may be lost', 'set it to on'),
            ('error', has_ring_everywhere AND node ->> 'key_file' = '', 'jwt_auth.key_encryption_key_file is not set: it can sign nothing', 'set it, to the key of the other nodes'),
            ('error', has_ring_everywhere AND (node ->> 'triggers')::integer < 12, 'triggers of the keyring''s tables are missing: its backends hear late of changes',
             'run scripts/citus.sql again'),
            ('warning', has_ring_everywhere AND differing IS NOT NULL, format('privileges are others than on the coordinator, such as %s', differing), 'run scripts/citus.sql again'),
            ('warning', (node ->> 'clock')::timestamptz NOT BETWEEN asked - interval '5 seconds' AND clock_timestamp() + interval '5 seconds',
             format('its clock is %s seconds from this one', round(extract(epoch FROM (node ->> 'clock')::timestamptz - asked))), 'set the clocks by NTP')
          ) AS seen (severity, is_so, finding, advice) WHERE seen.is_so;
      END LOOP;
      -- Each node tries its key file on what is sealed.
      IF has_ring_everywhere THEN
        RETURN QUERY EXECUTE $sql$
          SELECT 'error', 'citus', format('%s cannot open what is sealed: %s', asked.node, said.result), 'give it the key file of the other nodes'
          FROM run_command_on_all_nodes('SELECT 0' || CASE WHEN EXISTS (SELECT FROM jwt_auth.signing_key WHERE state = 'active') THEN ' + length(jwt_auth.jwt_sign(''{}''))' ELSE '' END
                                                   || CASE WHEN EXISTS (SELECT FROM jwt_auth.server_secret) THEN ' + length(jwt_auth.proof_nonce())' ELSE '' END,
                                        parallel => false) AS said
          JOIN pg_dist_node n USING (nodeid), format('node %s:%s', n.nodename, n.nodeport) AS asked (node)
          WHERE NOT said.success AND asked.node <> ALL ($1) $sql$ USING silent;
      END IF;
    EXCEPTION WHEN insufficient_privilege THEN
      RETURN QUERY VALUES ('notice', 'citus', 'the other nodes were not asked: ' || SQLERRM, 'call doctor() as a superuser');
    END;
    -- What follows would ask it.
    IF silent <> '{}' THEN
      RETURN;
    END IF;
  END IF;

  -- Keys
  IF NOT EXISTS (SELECT FROM jwt_auth.signing_key WHERE state = 'active') THEN
    RETURN QUERY VALUES ('error', 'keys', 'no key is active: nothing can be signed', 'SELECT jwt_auth.create_signing_key()');
  END IF;
  RETURN QUERY SELECT 'warning', 'keys', format('key %s has been active for %s days', kid, extract(day FROM now() - activated_at)),
                      'SELECT jwt_auth.rotate_signing_key()'
               FROM jwt_auth.signing_key WHERE state = 'active' AND activated_at < now() - interval '1 year';
  RETURN QUERY SELECT 'warning', 'keys', format('key %s has been pending for %s days', kid, extract(day FROM age)),
                      'SELECT jwt_auth.rotate_signing_key() makes it the active one'
               FROM jwt_auth.key_ages WHERE state = 'pending' AND age > interval '30 days';
  RETURN QUERY SELECT 'notice', 'keys', format('active key %s is an HMAC secret: jwks() can''t publish it, so nobody else can verify', kid),
                      'SELECT jwt_auth.rotate_signing_key(''ES256'') if other services are to verify'
               FROM jwt_auth.signing_key WHERE state = 'active' AND public_jwk IS NULL;
  RETURN QUERY SELECT 'notice', 'keys', format('%s old keys still verify though every token that they signed has run out', count(*)),
                      'CALL jwt_auth.purge_expired(), or SELECT jwt_auth.retire_signing_key(kid)'
               FROM jwt_auth.key_ages WHERE run_out HAVING count(*) > 0;
  RETURN QUERY SELECT 'notice', 'keys', format('the imported key %s verifies until it is retired: nothing said when its old tokens run out', kid),
                      format('SELECT jwt_auth.retire_signing_key(%L) once they have', kid)
               FROM jwt_auth.signing_key WHERE state = 'verify_only' AND imported AND keep_until IS NULL AND verify_until = 'infinity' ORDER BY kid;

  -- Issuers
  RETURN QUERY SELECT 'warning', 'issuers', format('tokens of %s may name any role: it was trusted before version 2.0, and what it may say is not decided yet', issuer),
                      format('SELECT jwt_auth.trust_issuer(%L, ..., subjects => ''foreign'' or ''ours'', roles => ...)', issuer)
               FROM jwt_auth.trusted_issuer WHERE roles = '{*}' ORDER BY issuer;
  RETURN QUERY SELECT 'warning', 'issuers', format('%s is jwt_auth.issuer and a trusted issuer: only our own keys verify its tokens', issuer),
                      format('SELECT jwt_auth.distrust_issuer(%L)', issuer)
               FROM jwt_auth.trusted_issuer WHERE issuer = current_setting('jwt_auth.issuer');

  -- Sealing
  IF current_setting('jwt_auth.key_encryption_key_file') = '' THEN
    RETURN QUERY SELECT 'error', 'sealing', format('%s private keys are sealed, but jwt_auth.key_encryption_key_file is not set', count(*)),
                        'set it to the file that holds the key which sealed them'
                 FROM jwt_auth.signing_keys WHERE sealed HAVING count(*) > 0;
    RETURN QUERY SELECT 'notice', 'sealing', 'private keys are stored in the clear: a dump or a backup lets its reader sign',
                        'set jwt_auth.key_encryption_key_file, then SELECT jwt_auth.seal_signing_keys()'
                 FROM jwt_auth.signing_keys WHERE sealed IS FALSE HAVING count(*) > 0;
  ELSE
    RETURN QUERY SELECT 'warning', 'sealing', format('%s private keys are stored in the clear though a key file is set', count(*)),
                        'SELECT jwt_auth.seal_signing_keys()'
                 FROM jwt_auth.signing_keys WHERE sealed IS FALSE HAVING count(*) > 0;
    RETURN QUERY SELECT 'warning', 'sealing', format('the HMAC keys of trusted issuers are stored in the clear though a key file is set: %s', string_agg(issuer, ', ' ORDER BY issuer)),
                        'SELECT jwt_auth.seal_signing_keys()'
                 FROM jwt_auth.trusted_issuer WHERE starts_with(secret_jwks, '{') HAVING count(*) > 0;
    RETURN QUERY SELECT 'warning', 'sealing', 'the secret of the server is stored in the clear though a key file is set', 'SELECT jwt_auth.seal_signing_keys()'
                 FROM jwt_auth.server_secret WHERE starts_with(secret, '{');
  END IF;

  IF EXISTS (SELECT FROM jwt_auth.server_secret) THEN
    BEGIN
      PERFORM jwt_auth.proof_nonce();
    EXCEPTION
      -- These say nothing of the secret.
      WHEN insufficient_resources OR transaction_rollback THEN
        RAISE;
      WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS failure = MESSAGE_TEXT;
        RETURN QUERY SELECT 'error', 'sealing', format('the secret of the server can''t be read: %s', failure),
                            'give the server back the file; if it is lost, SELECT jwt_auth.seal_signing_keys() under a new one, or without any DELETE FROM jwt_auth.server_secret, and SELECT jwt_auth.revoke_all_tokens() if users were forgotten';
    END;
  ELSE
    -- A copy of the tables without it.
    RETURN QUERY SELECT 'error', 'sealing', format('the server has no secret, though %s users were forgotten under one: tokens of others with their user keys may be refused', count(*)),
                        'copy jwt_auth.server_secret as well'
                 FROM jwt_auth.denied_token WHERE issuer = '' AND expires_at = 'infinity'
                   AND denied_at > coalesce((SELECT not_before FROM jwt_auth.cutoff), '-infinity') HAVING count(*) > 0;
  END IF;

  IF EXISTS (SELECT FROM jwt_auth.signing_key WHERE state = 'active') THEN
    BEGIN
      PERFORM jwt_auth.jwt_sign('{}'::jsonb);
    EXCEPTION
      -- These say nothing of the key.
      WHEN insufficient_resources OR transaction_rollback THEN
        RAISE;
      WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS failure = MESSAGE_TEXT, remedy = PG_EXCEPTION_HINT;
        RETURN QUERY SELECT 'error', 'sealing', format('nobody can log in, for the active key can''t sign: %s', failure),
                            coalesce(nullif(remedy, ''), 'give the server back the file, or SELECT jwt_auth.rotate_signing_key()');
    END;
  END IF;

  -- Installation
  IF current_setting('shared_preload_libraries') !~ '\mjwt_auth\M' THEN
    RETURN QUERY VALUES ('notice', 'installation', 'the library is not preloaded: misspelt settings go unnoticed, stats counts this backend alone, and authenticate takes a proof of a key more than once',
                         'add jwt_auth to shared_preload_libraries and restart');
  END IF;
  RETURN QUERY SELECT 'warning', 'installation', format('the extension is of version %s, the installed files are of %s', e.extversion, a.default_version),
                      'ALTER EXTENSION jwt_auth UPDATE'
               FROM pg_extension e JOIN pg_available_extensions a ON a.name = e.extname
               WHERE e.extname = 'jwt_auth' AND e.extversion <> a.default_version;
  RETURN QUERY SELECT 'error', 'installation', format('the tables belong to several roles (%s): functions that use them fail', string_agg(DISTINCT relowner::regrole::text, ', ')),
                      'ALTER TABLE ... OWNER TO one and the same role'
               FROM pg_class WHERE relnamespace = 'jwt_auth'::regnamespace AND relkind = 'r' HAVING count(DISTINCT relowner) > 1;
  -- The tables' owner can drop and disable triggers.
  RETURN QUERY
    SELECT 'error', 'installation', format('trigger %s of %s %s: backends would go on with old keys', meant.trigger, meant.relation,
                                           CASE WHEN t.oid IS NULL THEN 'is missing' ELSE 'does not fire always' END),
           CASE WHEN t.oid IS NULL THEN format('CREATE TRIGGER %s AFTER %s EXECUTE FUNCTION jwt_auth.keyring_changed(); ', meant.trigger, meant.event) ELSE '' END
           || format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %s', meant.relation, meant.trigger)
    FROM (SELECT to_regclass('jwt_auth.' || name) AS relation, 'keyring_changed' AS trigger,
                 format('INSERT OR UPDATE OR DELETE ON jwt_auth.%s FOR EACH ROW', name) AS event
          FROM unnest(ARRAY['signing_key', 'token_lifetime', 'trusted_issuer', 'cutoff', 'server_secret', 'session_class']) AS name
          UNION ALL
          SELECT to_regclass('jwt_auth.' || name), 'keyring_truncated', format('TRUNCATE ON jwt_auth.%s FOR EACH STATEMENT', name)
          FROM unnest(ARRAY['signing_key', 'token_lifetime', 'trusted_issuer', 'cutoff', 'server_secret', 'session_class']) AS name) AS meant
    LEFT JOIN pg_trigger t ON t.tgrelid = meant.relation AND t.tgname = meant.trigger AND t.tgfoid = 'jwt_auth.keyring_changed()'::regprocedure
    WHERE t.tgenabled IS DISTINCT FROM 'A';
  RETURN QUERY
    SELECT 'error', 'installation', 'trigger signing_key_demoted of jwt_auth.signing_key is missing or disabled: a key that is demoted by hand verifies for ever',
           'see the trigger of a fresh installation'
    WHERE NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = 'jwt_auth.signing_key'::regclass AND tgname = 'signing_key_demoted'
                        AND tgfoid = 'jwt_auth.signing_key_demoted()'::regprocedure AND tgenabled IN ('O', 'A'));
  RETURN QUERY SELECT 'warning', 'installation', format('trigger %s of %s fires only where the statement names its columns: it misses what other triggers compute', tgname, tgrelid::regclass),
                      'create it AFTER UPDATE without OF, WHEN the password or the id IS DISTINCT FROM before'
               FROM pg_trigger WHERE tgfoid = 'jwt_auth.revoke_on_password_change()'::regprocedure AND tgattr::text <> '' AND tgparentid = 0;

  -- Settings that weaken
  RETURN QUERY
    SELECT 'warning', 'settings', format('jwt_auth.%s is %s: %s', name, current_setting('jwt_auth.' || name), what), format('ALTER DATABASE %I SET jwt_auth.%s = ...', current_database(), name)
    FROM (VALUES
      ('access_token_ttl', 3600, 'a stolen access token is good for services that verify offline for that long'),
      ('refresh_token_ttl', 90 * 86400, 'a forgotten device stays logged in for that long'),
      ('refresh_reuse_interval', 60, 'a stolen refresh token goes unnoticed for that long after a rotation'),
      ('leeway', 300, 'expired tokens are accepted for that long')
    ) AS most (name, seconds, what)
    WHERE (SELECT setting::bigint FROM pg_settings WHERE pg_settings.name = 'jwt_auth.' || most.name) > seconds;
  RETURN QUERY
    SELECT 'notice', 'settings', format('jwt_auth.%s is %L: %s', name, current_setting('jwt_auth.' || name), what), format('ALTER DATABASE %I SET jwt_auth.%s = ...', current_database(), name)
    FROM (VALUES
      ('issuer', '', 'tokens don''t say who issued them'),
      ('audience', '', 'tokens don''t say whom they are for'),
      ('session_max_age', '0', 'a session that is used lasts for ever'),
      ('max_sessions_per_user', '0', 'a user may have any number of sessions'),
      ('refresh_reuse_interval', '0', 'a client with several tabs is soon taken for a thief'),
      ('proof_table_size', '0', 'a proof of a key that was overheard can be shown again')
    ) AS weak (name, value, what)
    WHERE current_setting('jwt_auth.' || name) = value;
  RETURN QUERY
    SELECT 'notice', 'settings', 'jwt_auth.accept_unnamed is on: tokens that name no issuer or no audience are accepted',
           format('once the last one from before has expired: ALTER DATABASE %I RESET jwt_auth.accept_unnamed', current_database())
    WHERE current_setting('jwt_auth.accept_unnamed')::boolean
      AND (current_setting('jwt_auth.issuer') <> '' OR current_setting('jwt_auth.audience') <> '');
  IF has_function_privilege('pg_show_all_file_settings()', 'EXECUTE') AND has_table_privilege('pg_file_settings', 'SELECT') THEN
    -- Asked twice: PostgreSQL also calls a setting wrong that it has no memory to check.
    RETURN QUERY SELECT 'warning', 'settings', format('%s in %s is not in force: %s', name, sourcefile, error), 'correct it, then SELECT pg_reload_conf()'
                 FROM pg_file_settings JOIN pg_file_settings AS again USING (sourcefile, sourceline, name, error)
                 WHERE starts_with(name, 'jwt_auth.') AND error IS NOT NULL;
  END IF;
  -- In a session that had not loaded the library, ALTER ROLE and ALTER DATABASE took any name and any value.
  FOR given IN
    SELECT split_part(entry, '=', 1) AS name, substr(entry, strpos(entry, '=') + 1) AS value,
           concat_ws(' ', CASE WHEN setrole <> 0 THEN 'ROLE ' || setrole::regrole END, CASE WHEN setrole <> 0 AND setdatabase <> 0 THEN 'IN' END,
                     CASE WHEN setdatabase <> 0 THEN 'DATABASE ' || quote_ident(current_database()) END) AS place
    FROM pg_db_role_setting, unnest(setconfig) AS entry
    WHERE starts_with(lower(entry), 'jwt_auth.') AND setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
    ORDER BY place, entry
  LOOP
    failure := NULL;
    IF NOT EXISTS (SELECT FROM pg_settings WHERE lower(pg_settings.name) = lower(given.name)) THEN
      failure := 'there is no such setting';
    ELSE
      -- Tried, and undone.
      BEGIN
        PERFORM set_config(given.name, given.value, true);
        RAISE raise_exception;
      EXCEPTION
        WHEN raise_exception OR insufficient_privilege THEN
          NULL;
        WHEN insufficient_resources THEN
          RAISE;
        WHEN OTHERS THEN
          failure := SQLERRM;
      END;
    END IF;
    IF failure IS NOT NULL THEN
      RETURN QUERY SELECT 'warning', 'settings', format('%s of %s is not in force: %s', given.name, given.place, failure),
                          format('ALTER %s RESET %s', given.place, given.name);
    END IF;
  END LOOP;
  IF current_setting('jwt_auth.claims_function') <> '' THEN
    BEGIN
      function_name := parse_ident(current_setting('jwt_auth.claims_function'));
    EXCEPTION WHEN invalid_parameter_value THEN
      function_name := '{}';
    END;
    IF NOT EXISTS (SELECT FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
                   WHERE ARRAY[n.nspname::text, p.proname::text] = function_name AND oidvectortypes(p.proargtypes) = 'text, uuid, jsonb'
                     AND p.prokind = 'f' AND NOT p.proretset AND p.prorettype = 'jsonb'::regtype) THEN
      RETURN QUERY SELECT 'error', 'settings', format('jwt_auth.claims_function names %s, and there is no such function (text, uuid, jsonb)', current_setting('jwt_auth.claims_function')),
                          'create it or reset the setting';
    END IF;
  END IF;
  RETURN QUERY SELECT 'warning', 'settings', format('%s is %s: tokens that are written into SQL text are logged', name, setting),
                      'pass tokens as parameters, or turn it off for the application''s role'
               FROM pg_settings WHERE name = 'log_statement' AND setting IN ('all', 'mod');
  RETURN QUERY SELECT 'notice', 'settings', 'synchronous_commit is off: a revocation may be lost in a crash', 'SET synchronous_commit = on for what revokes'
               WHERE current_setting('synchronous_commit') = 'off';

  -- Privileges
  RETURN QUERY SELECT 'error', 'privileges', format('%s is executable by PUBLIC', d.id::regprocedure), d.remedy
               FROM jwt_auth.privilege_differences() d WHERE d.granted AND d.grantee = 0 AND d.catalog = 'pg_proc'::regclass;
  RETURN QUERY SELECT 'error', 'privileges', format('PUBLIC may %s %s', string_agg(d.privilege, ', ' ORDER BY d.privilege), d.id::regclass),
                      format('REVOKE ALL ON %s FROM PUBLIC', d.id::regclass)
               FROM jwt_auth.privilege_differences() d WHERE d.granted AND d.grantee = 0 AND d.catalog = 'pg_class'::regclass
               GROUP BY d.id;
  RETURN QUERY SELECT 'error', 'privileges', format('%s may create objects in the schema jwt_auth, and so a function that is called instead of the extension''s',
                                                    CASE d.grantee WHEN 0 THEN 'PUBLIC' ELSE d.grantee::regrole::text END), d.remedy
               FROM jwt_auth.privilege_differences() d WHERE d.granted AND d.privilege = 'CREATE' AND d.catalog = 'pg_namespace'::regclass;
  RETURN QUERY SELECT 'error', 'privileges', format('%s, the owner, lacks %s on %s', d.grantee::regrole, string_agg(d.privilege, ', ' ORDER BY d.privilege), d.object),
                      string_agg(d.remedy, '; ' ORDER BY d.privilege)
               FROM jwt_auth.privilege_differences() d WHERE NOT d.granted AND d.grantee <> 0
               GROUP BY d.grantee, d.object;
  -- What PUBLIC lacks, the role that owns the tables may lack as well.
  RETURN QUERY SELECT CASE WHEN bool_and(CASE d.catalog WHEN 'pg_namespace'::regclass THEN has_schema_privilege(c.relowner, d.id, d.privilege)
                                                        WHEN 'pg_type'::regclass THEN has_type_privilege(c.relowner, d.id, d.privilege)
                                                        ELSE true END) THEN 'warning' ELSE 'error' END,
                      'privileges', format('PUBLIC lacks %s on %s', d.privilege, string_agg(d.object, ', ' ORDER BY d.object)),
                      string_agg(d.remedy, '; ' ORDER BY d.object)
               FROM jwt_auth.privilege_differences() d, pg_class c
               WHERE NOT d.granted AND d.grantee = 0 AND c.oid = 'jwt_auth.account'::regclass
               GROUP BY d.catalog, d.privilege;
  -- An auditor may read the audit.
  RETURN QUERY SELECT 'warning', 'privileges', format('%s may %s %s', d.grantee::regrole, string_agg(d.privilege, ', ' ORDER BY d.privilege), d.id::regclass),
                      format('REVOKE ALL ON %s FROM %s, unless it is meant to', d.id::regclass, d.grantee::regrole)
               FROM jwt_auth.privilege_differences() d JOIN pg_class c ON c.oid = d.id
               WHERE d.granted AND d.grantee <> 0 AND d.catalog = 'pg_class'::regclass AND c.relkind = 'r'
                 AND NOT (c.relname = 'auth_event' AND d.privilege = 'SELECT')
               GROUP BY d.grantee, d.id;
  RETURN QUERY SELECT 'warning', 'privileges', format('%s may %s of jwt_auth.signing_key', a.grantee::regrole,
                        string_agg(format('%s %s', a.privilege_type, attname), ', ' ORDER BY a.privilege_type, attname)),
                      format('REVOKE ALL (%s) ON jwt_auth.signing_key FROM %s', string_agg(DISTINCT quote_ident(attname), ', '), a.grantee::regrole)
               FROM pg_attribute, aclexplode(attacl) a
               WHERE attrelid = 'jwt_auth.signing_key'::regclass AND a.grantee <> 0
               GROUP BY a.grantee;
  RETURN QUERY SELECT 'notice', 'privileges', format('%s may read every table (pg_read_all_data), private keys that are in the clear as well',
                        string_agg(member::regrole::text, ', ' ORDER BY member::regrole::text)),
                      'seal the keys, or REVOKE pg_read_all_data'
               FROM pg_auth_members WHERE roleid = 'pg_read_all_data'::regrole AND EXISTS (SELECT FROM jwt_auth.signing_keys WHERE sealed IS FALSE)
               HAVING count(*) > 0;
  RETURN QUERY SELECT 'notice', 'privileges', format('%s may write every table (pg_write_all_data): trust an issuer of their own, and so act as anybody',
                        string_agg(member::regrole::text, ', ' ORDER BY member::regrole::text)),
                      'REVOKE pg_write_all_data, unless they are meant to'
               FROM pg_auth_members WHERE roleid = 'pg_write_all_data'::regrole HAVING count(*) > 0;
  RETURN QUERY SELECT 'notice', 'privileges', format('%s may call what is the owner''s: %s', a.grantee::regrole,
                        string_agg(DISTINCT f.proname, ', ' ORDER BY f.proname)),
                      format('REVOKE EXECUTE ON ALL ROUTINES IN SCHEMA jwt_auth FROM %s, unless it is meant to', a.grantee::regrole)
               FROM jwt_auth.privileges() p JOIN pg_proc f ON f.oid = p.function, aclexplode(f.proacl) a
               WHERE p.grantee = 'owner' AND a.grantee NOT IN (f.proowner, 0)
               GROUP BY a.grantee;

  -- The clock
  RETURN QUERY SELECT 'warning', 'clock', format('the cutoffs of %s users lie ahead of the clock, up to %s: tokens without a session are refused until then', count(*), max(not_before)),
                      'set the clock right; if it ran ahead and is right now, UPDATE jwt_auth.account SET not_before = now() WHERE not_before > now()'
               FROM jwt_auth.account WHERE not_before > now() + interval '1 minute' HAVING count(*) > 0;
  RETURN QUERY SELECT 'warning', 'clock', format('the cutoff for everybody lies ahead of the clock, at %s: tokens without a session are refused until then', not_before),
                      'set the clock right; if it ran ahead and is right now, UPDATE jwt_auth.cutoff SET not_before = now()'
               FROM jwt_auth.cutoff WHERE not_before > now() + interval '1 minute';
  RETURN QUERY SELECT 'warning', 'clock', format('%s sessions lie ahead of the clock: they end too late', count(*)),
                      'set the clock right; if it ran ahead and is right now, CALL jwt_auth.purge_expired() corrects them'
               FROM jwt_auth.refresh_session
               WHERE session_id >= (lpad(to_hex(floor(extract(epoch FROM now()) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
                 AND created_at > now() + interval '1 minute' AND auth_time IS NULL
               HAVING count(*) > 0;
  RETURN QUERY SELECT 'warning', 'clock', format('%s API keys lie ahead of the clock', count(*)),
                      'set the clock right; each revocation ends them'
               FROM jwt_auth.api_key WHERE created_at > now() + interval '1 minute' HAVING count(*) > 0;

  -- Clean-up. Names are read as the setting's own parser reads them: in lower case unless they are in quotes.
  scheduled := ARRAY(SELECT CASE WHEN name[1] ~ '^"' THEN replace(substr(name[1], 2, length(name[1]) - 2), '""', '"') ELSE lower(name[1]) END
                     FROM regexp_matches(current_setting('jwt_auth.purge_databases'), '"(?:[^"]|"")*"|[^",\s]+', 'g') AS name);
  purging := CASE WHEN current_database() = ANY (scheduled) THEN 'jwt_auth.purge_databases names this database: see the server''s log for what keeps it from being purged'
                  ELSE 'name the database in jwt_auth.purge_databases, or CALL jwt_auth.purge_expired() once a day by pg_cron or cron' END;
  RETURN QUERY SELECT 'warning', 'settings', format('jwt_auth.purge_databases names %s, and there is no such database', quote_ident(name)),
                      'correct it, then SELECT pg_reload_conf()'
               FROM unnest(scheduled) AS name WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = name);
  -- Whoever may not read others' rows of pg_stat_activity can't tell.
  RETURN QUERY SELECT 'warning', 'clean-up', 'jwt_auth.purge_databases names databases, and no process begins their purges',
                      'add jwt_auth to shared_preload_libraries; if it is there, raise max_worker_processes; then restart'
               WHERE scheduled <> '{}' AND NOT pg_is_in_recovery() AND pg_has_role('pg_read_all_stats', 'USAGE')
                 AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'jwt_auth purge launcher');
  RETURN QUERY SELECT 'warning', 'clean-up', format('sessions have been due for removal since %s', min(purge_after)),
                      purging
               FROM jwt_auth.refresh_session HAVING min(purge_after) < current_date - 2;
  RETURN QUERY SELECT 'warning', 'clean-up', format('denials of tokens that expired by %s are still there', min(expires_at)),
                      purging
               FROM jwt_auth.denied_token HAVING min(expires_at) < now() - interval '2 days';
  RETURN QUERY SELECT 'warning', 'clean-up', format('only %s of the updates of %s are HOT', hot_ratio, "table"),
                      'look for long transactions and replication slots that hold back vacuum'
               FROM jwt_auth.table_health WHERE "table" = 'refresh_session' AND updates > 1000 AND hot_ratio < 0.9;
  RETURN QUERY SELECT 'warning', 'clean-up', format('%s has %s dead rows beside %s live ones', "table", dead_rows, live_rows), format('VACUUM jwt_auth.%I', "table")
               FROM jwt_auth.table_health WHERE dead_rows > 10000 AND dead_rows > live_rows;
  -- New events go where old ones were removed, so the first pages tell how far back it goes, and whether anybody cuts it.
  RETURN QUERY SELECT 'notice', 'clean-up', format('the audit has some %s million events, the first of %s', round(c.reltuples / 1e6), first.latest::date),
                      'CALL jwt_auth.purge_events(interval ''1 year''), or for as long as you have to keep them'
               FROM pg_class c, (SELECT max(at) AS latest FROM jwt_auth.auth_event WHERE ctid < '(8,0)') AS first
               WHERE c.oid = 'jwt_auth.auth_event'::regclass AND c.reltuples > 1e7 AND first.latest < now() - interval '1 year';
  RETURN QUERY SELECT 'warning', 'clean-up', 'parts of the audit stand alone, as after a restore from a dump: what they hold is not found',
                      'SELECT jwt_auth.partition_events() joins them again'
               FROM pg_class c WHERE c.oid = 'jwt_auth.auth_event'::regclass AND c.relkind = 'r'
                 AND EXISTS (SELECT FROM pg_class p WHERE p.relnamespace = c.relnamespace AND p.relkind = 'r' AND p.relname ~ '^auth_event_(until_)?\d{4}_\d{2}$');
  RETURN QUERY SELECT 'warning', 'clean-up', 'the audit has no part for the month to come', 'name the database in jwt_auth.purge_databases, or SELECT jwt_auth.partition_events() once a month by pg_cron or cron'
               FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhrelid
               WHERE i.inhparent = 'jwt_auth.auth_event'::regclass AND p.relname ~ '^auth_event_(until_)?\d{4}_\d{2}$'
               HAVING max(to_date(right(p.relname, 7), 'YYYY_MM') - CASE WHEN p.relname LIKE '%until%' THEN interval '1 month' ELSE '0' END)
                 < date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month';
END $$;

-- A type may be asked of a token under an explicit key.
SELECT pg_temp.drop_function('jwt_auth.jwt_verify(text, text, text[], text, text, interval)');
CREATE FUNCTION jwt_auth.jwt_verify(token text, key text, algorithms text[] DEFAULT NULL, issuer text DEFAULT NULL,
                                    audience text DEFAULT NULL, leeway interval DEFAULT '0', type text DEFAULT NULL)
RETURNS jsonb LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_verify';
COMMENT ON FUNCTION jwt_auth.jwt_verify(text, text, text[], text, text, interval, text)
  IS 'The claims of a token whose signature, times, issuer and audience hold (RFC 7519 section 7.2), and whose type (typ) is the given one, if one is given; an error of class JW otherwise';

SELECT pg_temp.drop_function('jwt_auth.jwt_verify(text, bytea, text[], text, text, interval)');
CREATE FUNCTION jwt_auth.jwt_verify(token text, key bytea, algorithms text[] DEFAULT NULL, issuer text DEFAULT NULL,
                                    audience text DEFAULT NULL, leeway interval DEFAULT '0', type text DEFAULT NULL)
RETURNS jsonb LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_verify_bytea';
COMMENT ON FUNCTION jwt_auth.jwt_verify(text, bytea, text[], text, text, interval, text)
  IS 'The claims of a token that verifies with an HMAC secret of arbitrary bytes; an error of class JW otherwise';

SELECT pg_temp.drop_function('jwt_auth.jwt_try_verify(text, text, text[], text, text, interval)');
CREATE FUNCTION jwt_auth.jwt_try_verify(token text, key text, algorithms text[] DEFAULT NULL, issuer text DEFAULT NULL,
                                        audience text DEFAULT NULL, leeway interval DEFAULT '0', type text DEFAULT NULL,
                                        OUT valid boolean, OUT claims jsonb, OUT error_code text, OUT error_message text)
LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_try_verify';
COMMENT ON FUNCTION jwt_auth.jwt_try_verify(text, text, text[], text, text, interval, text)
  IS 'jwt_verify that answers a row: valid is never NULL, claims are NULL unless valid, error_code is the SQLSTATE of the refusal. What is not the token''s fault is raised, such as a key that cannot be used';

SELECT pg_temp.drop_function('jwt_auth.jwt_try_verify(text, bytea, text[], text, text, interval)');
CREATE FUNCTION jwt_auth.jwt_try_verify(token text, key bytea, algorithms text[] DEFAULT NULL, issuer text DEFAULT NULL,
                                        audience text DEFAULT NULL, leeway interval DEFAULT '0', type text DEFAULT NULL,
                                        OUT valid boolean, OUT claims jsonb, OUT error_code text, OUT error_message text)
LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_try_verify_bytea';
COMMENT ON FUNCTION jwt_auth.jwt_try_verify(text, bytea, text[], text, text, interval, text)
  IS 'jwt_verify with an HMAC secret of arbitrary bytes that answers a row instead of raising';

-- Keys as jsonb.
CREATE FUNCTION jwt_auth.jwt_sign(claims jsonb, key jsonb, algorithm text DEFAULT NULL, header jsonb DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_sign_jsonb';
COMMENT ON FUNCTION jwt_auth.jwt_sign(jsonb, jsonb, text, jsonb)
  IS 'Signs the claims as they are with a key that is a JWK or a JWK set';
REVOKE ALL ON FUNCTION jwt_auth.jwt_sign(jsonb, jsonb, text, jsonb) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jwt_verify(token text, key jsonb, algorithms text[] DEFAULT NULL, issuer text DEFAULT NULL,
                                    audience text DEFAULT NULL, leeway interval DEFAULT '0', type text DEFAULT NULL)
RETURNS jsonb LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_verify_jsonb';
COMMENT ON FUNCTION jwt_auth.jwt_verify(text, jsonb, text[], text, text, interval, text)
  IS 'The claims of a token that verifies with a JWK or a JWK set; an error of class JW otherwise';
REVOKE ALL ON FUNCTION jwt_auth.jwt_verify(text, jsonb, text[], text, text, interval, text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jwt_try_verify(token text, key jsonb, algorithms text[] DEFAULT NULL, issuer text DEFAULT NULL,
                                        audience text DEFAULT NULL, leeway interval DEFAULT '0', type text DEFAULT NULL,
                                        OUT valid boolean, OUT claims jsonb, OUT error_code text, OUT error_message text)
LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_try_verify_jsonb';
COMMENT ON FUNCTION jwt_auth.jwt_try_verify(text, jsonb, text[], text, text, interval, text)
  IS 'jwt_verify with a JWK or a JWK set that answers a row instead of raising';
REVOKE ALL ON FUNCTION jwt_auth.jwt_try_verify(text, jsonb, text[], text, text, interval, text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jws_sign(payload bytea, key jsonb, algorithm text DEFAULT NULL, header jsonb DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_jws_sign_jsonb';
COMMENT ON FUNCTION jwt_auth.jws_sign(bytea, jsonb, text, jsonb)
  IS 'Signs any bytes with a key that is a JWK or a JWK set';
REVOKE ALL ON FUNCTION jwt_auth.jws_sign(bytea, jsonb, text, jsonb) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jws_verify(token text, key jsonb, algorithms text[] DEFAULT NULL)
RETURNS bytea LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_jws_verify_jsonb';
COMMENT ON FUNCTION jwt_auth.jws_verify(text, jsonb, text[])
  IS 'The payload of a JWS that verifies with a JWK or a JWK set; an error of class JW otherwise';
REVOKE ALL ON FUNCTION jwt_auth.jws_verify(text, jsonb, text[]) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jwe_encrypt(plaintext bytea, key jsonb, algorithm text, encryption text, header jsonb DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_jwe_encrypt_jsonb';
COMMENT ON FUNCTION jwt_auth.jwe_encrypt(bytea, jsonb, text, text, jsonb)
  IS 'Encrypts any bytes for a key that is a JWK or a JWK set';
REVOKE ALL ON FUNCTION jwt_auth.jwe_encrypt(bytea, jsonb, text, text, jsonb) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jwe_decrypt(token text, key jsonb, algorithms text[] DEFAULT NULL, encryptions text[] DEFAULT NULL)
RETURNS bytea LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_jwe_decrypt_jsonb';
COMMENT ON FUNCTION jwt_auth.jwe_decrypt(text, jsonb, text[], text[])
  IS 'What a JWE holds that a JWK or a key of a JWK set opens; an error of class JW otherwise';
REVOKE ALL ON FUNCTION jwt_auth.jwe_decrypt(text, jsonb, text[], text[]) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jwt_encrypt(claims jsonb, signing_key jsonb, encryption_key jsonb, algorithm text DEFAULT NULL,
                                     key_algorithm text DEFAULT NULL, encryption text DEFAULT 'A256GCM', header jsonb DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_encrypt_jsonb';
COMMENT ON FUNCTION jwt_auth.jwt_encrypt(jsonb, jsonb, jsonb, text, text, text, jsonb)
  IS 'A nested JWT under two keys that are JWKs or JWK sets';
REVOKE ALL ON FUNCTION jwt_auth.jwt_encrypt(jsonb, jsonb, jsonb, text, text, text, jsonb) FROM PUBLIC;

CREATE FUNCTION jwt_auth.jwt_decrypt(token text, encryption_key jsonb, signing_key jsonb, algorithms text[] DEFAULT NULL,
                                     issuer text DEFAULT NULL, audience text DEFAULT NULL, leeway interval DEFAULT '0',
                                     key_algorithms text[] DEFAULT NULL, encryptions text[] DEFAULT NULL)
RETURNS jsonb LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwt_auth_decrypt_jsonb';
COMMENT ON FUNCTION jwt_auth.jwt_decrypt(text, jsonb, jsonb, text[], text, text, interval, text[], text[])
  IS 'The claims of a nested JWT under two keys that are JWKs or JWK sets';
REVOKE ALL ON FUNCTION jwt_auth.jwt_decrypt(text, jsonb, jsonb, text[], text, text, interval, text[], text[]) FROM PUBLIC;

-- Kinds of tokens.
CREATE FUNCTION jwt_auth.jwt_try_verify(token text, OUT valid boolean, OUT claims jsonb, OUT error_code text, OUT error_message text)
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_try_verify_ring';
COMMENT ON FUNCTION jwt_auth.jwt_try_verify(text)
  IS 'jwt_verify(token) that answers a row: valid is never NULL, claims are NULL unless valid, error_code is the SQLSTATE of the refusal. What is not the token''s fault is raised, such as a key of the server that is sealed or cannot be read (JW022)';
REVOKE ALL ON FUNCTION jwt_auth.jwt_try_verify(text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.issue_token(purpose text, user_id text, lifetime interval, claims jsonb DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_issue_token';
COMMENT ON FUNCTION jwt_auth.issue_token(text, text, interval, jsonb)
  IS 'A token that is good for one purpose only, such as a link in a mail: its type is <purpose>+jwt (RFC 8725 section 3.11). verify_token and consume_token accept it';
REVOKE ALL ON FUNCTION jwt_auth.issue_token(text, text, interval, jsonb) FROM PUBLIC;

CREATE FUNCTION jwt_auth.verify_token(token text, purpose text)
RETURNS jsonb LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_verify_token';
COMMENT ON FUNCTION jwt_auth.verify_token(text, text)
  IS 'The claims of a token of issue_token() for this purpose, if it is good now: not expired, not revoked, not consumed. JW014 for a token of another kind';
REVOKE ALL ON FUNCTION jwt_auth.verify_token(text, text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.consume_token(token text, purpose text)
RETURNS jsonb LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_consume_token';
COMMENT ON FUNCTION jwt_auth.consume_token(text, text)
  IS 'verify_token() and deny_token() in one step: the claims for the first caller, JW011 for the second';
REVOKE ALL ON FUNCTION jwt_auth.consume_token(text, text) FROM PUBLIC;
COMMENT ON FUNCTION jwt_auth.consume_token(text)
  IS 'Verifies a token of type JWT or of no type, and denies it in one step: its claims for the first caller, JW011 for the second. JW014 for the access token of a session and for other kinds';

-- What doctor() asks that costs a scrape next to nothing, and that a role without a right on the tables may know.
CREATE VIEW jwt_auth.checks AS
  SELECT name, severity, coalesce(failed, false) AS failed, coalesce(value, 0) AS value FROM (
    SELECT 'active_key' AS name, 'error' AS severity, count(*) = 0 AS failed, count(*)::double precision AS value
    FROM jwt_auth.signing_key WHERE state = 'active'
    UNION ALL
    SELECT 'active_key_age', 'warning', max(active_for) > interval '1 year', extract(epoch FROM max(active_for))
    FROM jwt_auth.key_ages WHERE state = 'active'
    UNION ALL
    SELECT 'pending_key_age', 'warning', max(age) > interval '30 days', extract(epoch FROM max(age))
    FROM jwt_auth.key_ages WHERE state = 'pending'
    UNION ALL
    SELECT 'run_out_keys', 'notice', count(*) > 0, count(*) FROM jwt_auth.key_ages WHERE run_out
    UNION ALL
    SELECT 'unsealed_keys', 'notice', count(*) > 0, count(*) FROM jwt_auth.signing_keys WHERE sealed IS FALSE
    UNION ALL
    SELECT 'undecided_issuers', 'warning', count(*) > 0, count(*) FROM jwt_auth.trusted_issuer WHERE roles = '{*}'
    UNION ALL
    SELECT 'keyring_triggers', 'error', count(*) <> 12, count(*)
    FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
    WHERE t.tgfoid = 'jwt_auth.keyring_changed()'::regprocedure AND t.tgenabled = 'A' AND c.relnamespace = 'jwt_auth'::regnamespace
    UNION ALL
    SELECT 'version_behind', 'warning', count(*) > 0, count(*)
    FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_available_extensions a ON a.name = e.extname
    WHERE e.extname = 'jwt_auth' AND e.extversion <> a.default_version
    UNION ALL
    SELECT 'not_preloaded', 'notice', min(scope) <> 'server', (min(scope) <> 'server')::integer FROM jwt_auth.counters()
    UNION ALL
    SELECT 'overdue_sessions', 'warning', min(purge_after) < current_date - 2, greatest(current_date - min(purge_after), 0)
    FROM jwt_auth.refresh_session WHERE isfinite(purge_after)
    UNION ALL
    SELECT 'overdue_denials', 'warning', min(expires_at) < pg_catalog.now() - interval '2 days',
           greatest(extract(epoch FROM pg_catalog.now() - min(expires_at)), 0)
    FROM jwt_auth.denied_token WHERE isfinite(expires_at)
    UNION ALL
    SELECT 'cold_updates', 'warning', hot_ratio < 0.9 AND updates > 1000, 1 - hot_ratio FROM jwt_auth.table_health WHERE "table" = 'refresh_session'
    UNION ALL
    SELECT 'dead_rows', 'warning', count(*) > 0, count(*) FROM jwt_auth.table_health WHERE dead_rows > 10000 AND dead_rows > live_rows
  ) AS found;
COMMENT ON VIEW jwt_auth.checks
  IS 'The checks of doctor() that are cheap enough to be asked every few seconds, as numbers for a monitoring system';
COMMENT ON COLUMN jwt_auth.checks.failed IS 'Whether doctor() would say so, with this severity';
COMMENT ON COLUMN jwt_auth.checks.value
  IS 'What was found: a number of keys, issuers, triggers or tables; an age in seconds, of sessions in days; a share of cold_updates; 0 or 1';
REVOKE ALL ON jwt_auth.checks FROM PUBLIC;

-- Privileges. private_jwk_in_transit() is the owner's.
COMMENT ON FUNCTION jwt_auth.grant_verifier(regrole)
  IS 'Lets a role verify tokens: jwt_verify, jwt_try_verify, verify_token, authenticate, introspect, jwks, jwks_http, revocations, pre_request, pre_config, request_ip, verify_proof, proof_nonce';
COMMENT ON FUNCTION jwt_auth.grant_issuer(regrole)
  IS 'Lets a role issue as well: what grant_verifier gives, jwt_sign, sessions, and ending them for one user, session or token';
COMMENT ON FUNCTION jwt_auth.grant_functions(regrole, text[]) IS 'What grant_verifier, grant_issuer and grant_monitor share';
COMMENT ON FUNCTION jwt_auth.privileges()
  IS 'Who is meant to call each function: public, verifier (grant_verifier), issuer (grant_issuer, which has the verifier''s as well), monitor (grant_monitor) or owner';
CREATE FUNCTION jwt_auth.grant_monitor(role regrole)
RETURNS void LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM jwt_auth.grant_functions(role, '{monitor}');
  EXECUTE format('GRANT SELECT ON jwt_auth.stats, jwt_auth.checks, jwt_auth.key_ages, jwt_auth.table_health TO %s', role);
END $$;
COMMENT ON FUNCTION jwt_auth.grant_monitor(regrole)
  IS 'Lets a role watch: the views stats, checks, key_ages and table_health. Nothing in them is about a person, and nothing is secret';
REVOKE ALL ON FUNCTION jwt_auth.grant_monitor(regrole) FROM PUBLIC;
CREATE OR REPLACE FUNCTION jwt_auth.privileges(OUT function regprocedure, OUT grantee text)
RETURNS SETOF record LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT p.oid::regprocedure, coalesce(kind.grantee, 'owner')
  FROM pg_proc p
  LEFT JOIN (VALUES
    ('base64url_decode', 'public'),
    ('base64url_encode', 'public'),
    ('current_actor', 'public'),
    ('current_claim', 'public'),
    ('current_claims', 'public'),
    ('current_issuer', 'public'),
    ('current_session_id', 'public'),
    ('current_user_bigint', 'public'),
    ('current_user_id', 'public'),
    ('current_user_uuid', 'public'),
    ('token_user_key', 'public'),
    ('user_key', 'public'),
    ('has_scope', 'public'),
    ('jwt_decode_unverified', 'public'),
    ('authenticate', 'verifier'),
    ('introspect', 'verifier'),
    ('jwks', 'verifier'),
    ('jwks_http', 'verifier'),
    ('jwt_try_verify', 'verifier'),
    ('jwt_verify', 'verifier'),
    ('verify_token', 'verifier'),
    ('pre_config', 'verifier'),
    ('pre_request', 'verifier'),
    ('proof_nonce', 'verifier'),
    ('request_ip', 'verifier'),
    ('verify_proof', 'verifier'),
    ('counters', 'monitor'),
    ('bind_device', 'issuer'),
    ('revocations', 'verifier'),
    ('consume_token', 'issuer'),
    ('create_api_key', 'issuer'),
    ('deny_token', 'issuer'),
    ('device_challenge', 'issuer'),
    ('device_challenge_header', 'issuer'),
    ('device_instructions', 'issuer'),
    ('device_registration_header', 'issuer'),
    ('exchange_api_key', 'issuer'),
    ('forget_user', 'issuer'),
    ('header_string', 'issuer'),
    ('impersonate', 'issuer'),
    ('import_session', 'issuer'),
    ('issue_refresh_session', 'issuer'),
    ('issue_token', 'issuer'),
    ('jwe_decrypt', 'issuer'),
    ('jwe_encrypt', 'issuer'),
    ('jws_sign', 'issuer'),
    ('jws_verify', 'issuer'),
    ('jwt_decrypt', 'issuer'),
    ('jwt_encrypt', 'issuer'),
    ('jwt_sign', 'issuer'),
    ('lock_user', 'issuer'),
    ('reauthenticate_session', 'issuer'),
    ('record_event', 'issuer'),
    ('refresh_bound_session', 'issuer'),
    ('refresh_cookie', 'issuer'),
    ('refresh_session', 'issuer'),
    ('require_refresh', 'issuer'),
    ('revoke', 'issuer'),
    ('revoke_api_key', 'issuer'),
    ('revoke_other_sessions', 'issuer'),
    ('revoke_own_api_key', 'issuer'),
    ('revoke_own_session', 'issuer'),
    ('revoke_refresh_session', 'issuer'),
    ('revoke_refresh_token', 'issuer'),
    ('revoke_user_tokens', 'issuer'),
    ('session_history', 'issuer'),
    ('set_session_claims', 'issuer'),
    ('set_session_metadata', 'issuer'),
    ('set_user_policy', 'issuer'),
    ('unlock_user', 'issuer'),
    ('user_api_keys', 'issuer'),
    ('user_sessions', 'issuer')
  ) AS kind (name, grantee) ON kind.name = p.proname::text
  WHERE p.pronamespace = 'jwt_auth'::regnamespace
$$;

-- The owner of an object has every privilege on it. PUBLIC may use the schema and the types, and execute what is public's.
CREATE FUNCTION jwt_auth.privilege_differences(OUT catalog regclass, OUT id oid, OUT object text, OUT grantee oid, OUT privilege text,
                                               OUT granted boolean, OUT remedy text)
RETURNS SETOF record LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  WITH object AS (
    SELECT 'pg_namespace'::regclass AS catalog, oid AS id, 'SCHEMA ' || quote_ident(nspname) AS object, nspowner AS owner,
           coalesce(nspacl, acldefault('n', nspowner)) AS acl, acldefault('n', nspowner) AS initial, 'USAGE' AS public
    FROM pg_namespace WHERE nspname = 'jwt_auth'
    UNION ALL
    SELECT 'pg_class'::regclass, oid, CASE relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || oid::regclass, relowner,
           coalesce(relacl, acldefault(kind, relowner)), acldefault(kind, relowner), NULL
    FROM pg_class, LATERAL (SELECT CASE relkind WHEN 'S' THEN 's'::"char" ELSE 'r'::"char" END AS kind) AS k
    WHERE relnamespace = 'jwt_auth'::regnamespace AND relkind IN ('r', 'p', 'v', 'S')
    UNION ALL
    SELECT 'pg_proc'::regclass, oid, 'ROUTINE ' || oid::regprocedure, proowner,
           coalesce(proacl, acldefault('f', proowner)), acldefault('f', proowner), CASE p.grantee WHEN 'public' THEN 'EXECUTE' END
    FROM jwt_auth.privileges() AS p JOIN pg_proc ON oid = p.function
    UNION ALL
    SELECT 'pg_type'::regclass, oid, 'TYPE ' || oid::regtype, typowner, coalesce(typacl, acldefault('T', typowner)), acldefault('T', typowner), 'USAGE'
    FROM pg_type
    WHERE typnamespace = 'jwt_auth'::regnamespace
      AND (typtype IN ('d', 'e') OR typtype = 'c' AND EXISTS (SELECT FROM pg_class c WHERE c.oid = typrelid AND relkind = 'c'))
  ), own AS (
    SELECT object.* FROM object JOIN pg_depend d ON d.classid = catalog AND d.objid = id AND d.deptype = 'e'
      AND d.refclassid = 'pg_extension'::regclass AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'jwt_auth')
  ), present AS (
    SELECT catalog, id, a.grantee, a.privilege_type FROM own, aclexplode(acl) AS a
  ), meant AS (
    SELECT catalog, id, a.grantee, a.privilege_type FROM own, aclexplode(initial) AS a WHERE a.grantee = owner
    UNION ALL
    SELECT catalog, id, 0, public FROM own WHERE public IS NOT NULL
  ), difference AS (
    SELECT p.*, true AS granted FROM (TABLE present EXCEPT TABLE meant) AS p
    UNION ALL
    SELECT m.*, false FROM (TABLE meant EXCEPT TABLE present) AS m
  )
  SELECT d.catalog, d.id, o.object, d.grantee, d.privilege_type, d.granted,
         format(CASE WHEN d.granted THEN 'REVOKE %s ON %s FROM %s' ELSE 'GRANT %s ON %s TO %s' END, d.privilege_type, o.object,
                CASE d.grantee WHEN 0 THEN 'PUBLIC' ELSE d.grantee::regrole::text END)
  FROM difference AS d JOIN own AS o USING (catalog, id)
  ORDER BY o.object, d.grantee, d.privilege_type
$$;
COMMENT ON FUNCTION jwt_auth.privilege_differences()
  IS 'How the privileges on the extension''s objects differ from those of a fresh installation: granted true for one that somebody has beside, false for one that the owner or PUBLIC lacks; and the statement that mends it. What grant_verifier, grant_issuer and grant_monitor gave is among it';
REVOKE ALL ON FUNCTION jwt_auth.privilege_differences() FROM PUBLIC;

-- User ids of other types: every function that takes user_id as text gets overloads for uuid and bigint, and for each type of actor where
-- it takes one, all bound to the same C function. A literal of unknown type and NULL go to text.
DO $$
DECLARE
  overload record;
  signature text;
BEGIN
  FOR overload IN
    SELECT p.oid, p.proname, id.type AS id_type, actor.type AS actor_type, has.actor AS has_actor
    FROM pg_proc p
    CROSS JOIN LATERAL (SELECT 'actor' = ANY (p.proargnames[1:p.pronargs]) AS actor) AS has
    CROSS JOIN unnest(ARRAY['text', 'uuid', 'bigint']) WITH ORDINALITY AS id (type, n)
    CROSS JOIN unnest(ARRAY['text', 'uuid', 'bigint']) WITH ORDINALITY AS actor (type, n)
    WHERE p.pronamespace = 'jwt_auth'::regnamespace AND p.prolang = (SELECT l.oid FROM pg_language l WHERE l.lanname = 'c')
      AND p.proargtypes[array_position(p.proargnames[1:p.pronargs], 'user_id') - 1] = 'text'::regtype AND id.n + actor.n > 2 AND (has.actor OR actor.n = 1)
    ORDER BY p.proname, id.n, actor.n
  LOOP
    -- The first of each name is the argument; what the function answers comes behind it.
    EXECUTE regexp_replace(regexp_replace(regexp_replace(pg_get_functiondef(overload.oid), '^CREATE OR REPLACE', 'CREATE'),
                                          '\muser_id text', 'user_id ' || overload.id_type), '\mactor text', 'actor ' || overload.actor_type);
    signature := format('jwt_auth.%I(%s)', overload.proname,
                        regexp_replace(regexp_replace(pg_get_function_identity_arguments(overload.oid),
                                                      '\muser_id text', 'user_id ' || overload.id_type), '\mactor text', 'actor ' || overload.actor_type));
    EXECUTE format('COMMENT ON FUNCTION %s IS %L', signature,
                   CASE WHEN overload.has_actor THEN format('The same with user_id of type %s and actor of type %s', overload.id_type, overload.actor_type)
                        ELSE format('The same for ids of type %s', overload.id_type) END);
    IF NOT has_function_privilege('public', overload.oid, 'EXECUTE') THEN
      EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', signature);
    END IF;
  END LOOP;
END $$;

-- Where the tables were given to another role, it gets those that are new.
DO $$
DECLARE
  statement text;
BEGIN
  FOR statement IN
    SELECT format('ALTER TABLE %s OWNER TO %s', c.oid::regclass, account.relowner::regrole)
    FROM pg_class c JOIN pg_class account ON account.oid = 'jwt_auth.account'::regclass
    WHERE c.relnamespace = 'jwt_auth'::regnamespace AND c.relkind = 'r' AND c.relowner <> account.relowner
      AND NOT EXISTS (SELECT FROM pg_temp.object_before b WHERE b.catalog = 'pg_class'::regclass AND b.id = c.oid)
  LOOP
    EXECUTE statement;
  END LOOP;
END $$;

-- Whatever default privileges the database has: what is new has the privileges of a fresh installation. What was there keeps what
-- roles were granted on it; only what the owner and PUBLIC have is set right. Whoever had a function that was made anew, or one that
-- has got overloads, has these. This is the last statement that may grant anything.
DO $$
DECLARE
  statement text;
BEGIN
  FOR statement IN
    SELECT d.remedy FROM jwt_auth.privilege_differences() d LEFT JOIN pg_temp.object_before b ON b.catalog = d.catalog AND b.id = d.id
    WHERE b.id IS NULL OR NOT d.granted OR d.grantee = 0
  LOOP
    EXECUTE statement;
  END LOOP;
  FOR statement IN
    SELECT format('GRANT EXECUTE ON ROUTINE %s TO %s%s', p.oid::regprocedure, g.grantee::regrole, CASE WHEN bool_or(g.grantable) THEN ' WITH GRANT OPTION' ELSE '' END)
    FROM pg_temp.grant_before g JOIN pg_proc p ON p.proname = g.name AND p.pronamespace = 'jwt_auth'::regnamespace
    WHERE NOT EXISTS (SELECT FROM pg_proc s WHERE s.oid = g.id AND (s.prosrc <> p.prosrc OR s.pronargs <> p.pronargs))
      AND NOT EXISTS (SELECT FROM pg_temp.object_before b WHERE b.catalog = 'pg_proc'::regclass AND b.id = p.oid)
    GROUP BY p.oid, g.grantee
  LOOP
    EXECUTE statement;
  END LOOP;
END $$;
DROP FUNCTION pg_temp.drop_function(regprocedure);
DROP TABLE pg_temp.object_before, pg_temp.grant_before;
