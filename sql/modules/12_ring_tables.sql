-- The keyring, the issuers whose tokens are accepted beside our own, and the cutoff for everybody. Small tables that each
-- backend keeps a parsed copy of; the row trigger tells all backends to drop it, at commit and not on rollback.

CREATE TABLE jwt_auth.signing_key (
  kid          text COLLATE "C" PRIMARY KEY CHECK (kid <> '' AND octet_length(kid) <= 512),
  algorithm    text NOT NULL,
  state        text NOT NULL CHECK (state IN ('pending', 'active', 'verify_only', 'retired')),
  public_jwk   jsonb,
  private_jwk  text,
  created_at   timestamptz NOT NULL,
  activated_at timestamptz,
  rotated_at   timestamptz,
  retired_at   timestamptz,
  verify_until timestamptz,
  token_ttl    integer NOT NULL DEFAULT 0,
  tokens_until timestamptz,
  rotation_seen_at timestamptz,
  imported     boolean,
  keep_until   timestamptz
);
CREATE UNIQUE INDEX signing_key_one_active ON jwt_auth.signing_key (state) WHERE state = 'active';
-- ANALYZE copies values of a column into pg_statistic, where they outlive the row and its sealing. It is to take none of a secret.
ALTER TABLE jwt_auth.signing_key ALTER private_jwk SET STATISTICS 0;
COMMENT ON TABLE jwt_auth.signing_key IS 'Keys that sign and verify tokens: at most one is active';
COMMENT ON COLUMN jwt_auth.signing_key.public_jwk IS 'Public JWK (RFC 7517); NULL for HMAC keys, which have no public part';
COMMENT ON COLUMN jwt_auth.signing_key.private_jwk
  IS 'Private JWK, as an encrypted JWK (RFC 7517 section 7) where jwt_auth.key_encryption_key_file is set; NULL once retired';
COMMENT ON COLUMN jwt_auth.signing_key.verify_until
  IS 'When the last token that this key signed has surely run out; set at rotation, and moved by purge_expired() when it first sees the rotation';
COMMENT ON COLUMN jwt_auth.signing_key.token_ttl
  IS 'Longest jwt_auth.access_token_ttl, in seconds, that this key signed under';
COMMENT ON COLUMN jwt_auth.signing_key.tokens_until
  IS 'When the longest-lived token that this key signed beyond token_ttl has run out, rounded up; NULL: there is none. token_lifetime may say more';
COMMENT ON COLUMN jwt_auth.signing_key.rotation_seen_at
  IS 'When purge_expired() first saw that the rotation of this key had committed: no token was signed with it after that';
COMMENT ON COLUMN jwt_auth.signing_key.imported
  IS 'Whether another system signed with this key before; NULL: it is from before 2.0, when this was not recorded';
COMMENT ON COLUMN jwt_auth.signing_key.keep_until
  IS 'Of an imported key: when the tokens have run out that were signed before its import. A rotation lets it verify until then; NULL: until it is retired';

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

CREATE VIEW jwt_auth.signing_keys AS
  SELECT kid, algorithm, state, public_jwk, left(private_jwk, 1) <> '{' AS sealed,
         created_at, activated_at, rotated_at,
         CASE state WHEN 'verify_only'
           THEN greatest(verify_until, (SELECT max(l.tokens_until) FROM jwt_auth.token_lifetime l WHERE l.kid = k.kid AND l.tokens_until > '-infinity'))
           ELSE verify_until END AS verify_until,
         retired_at
  FROM jwt_auth.signing_key k;
COMMENT ON VIEW jwt_auth.signing_keys IS 'The keyring without its private parts';
COMMENT ON COLUMN jwt_auth.signing_keys.sealed
  IS 'Whether the private part is encrypted with the key-encryption key; NULL where there is no private part (any more)';

CREATE TABLE jwt_auth.trusted_issuer (
  issuer      text COLLATE "C" PRIMARY KEY CHECK (issuer <> ''),
  jwks        jsonb NOT NULL,
  audience    text,
  created_at  timestamptz NOT NULL,
  secret_jwks text,
  audiences   text[],
  token_types text[],
  subjects    text NOT NULL DEFAULT 'foreign' CHECK (subjects IN ('foreign', 'ours')),
  roles       text[]
);
ALTER TABLE jwt_auth.trusted_issuer ALTER secret_jwks SET STATISTICS 0;
COMMENT ON TABLE jwt_auth.trusted_issuer IS 'Issuers whose tokens are verified with their own keys';
COMMENT ON COLUMN jwt_auth.trusted_issuer.jwks IS 'Their public keys, as a JWK set (RFC 7517 section 5)';
COMMENT ON COLUMN jwt_auth.trusted_issuer.secret_jwks
  IS 'Their HMAC keys as a JWK set, encrypted (RFC 7517 section 7) where jwt_auth.key_encryption_key_file is set; NULL: none';
COMMENT ON COLUMN jwt_auth.trusted_issuer.audiences IS 'Whom their tokens may be meant for beside audience; where neither says so, whoever jwt_auth.audience names';
COMMENT ON COLUMN jwt_auth.trusted_issuer.token_types IS 'Types (typ) that pass for an access token; NULL: at+jwt, JWT and none, as for our own';
COMMENT ON COLUMN jwt_auth.trusted_issuer.subjects IS 'ours: their sub is the id of a user of ours; foreign: it is not, and current_user_id() is NULL';
COMMENT ON COLUMN jwt_auth.trusted_issuer.roles
  IS 'Roles that their tokens may name; NULL: none. {*}, every role, is left from versions before 2.0 and can''t be given';

CREATE TABLE jwt_auth.cutoff (
  only_row   boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  not_before timestamptz NOT NULL
);
COMMENT ON TABLE jwt_auth.cutoff IS 'The cutoff for everybody: no session and no token from before it is good';

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

REVOKE ALL ON jwt_auth.signing_key, jwt_auth.signing_keys, jwt_auth.token_lifetime, jwt_auth.trusted_issuer, jwt_auth.cutoff, jwt_auth.server_secret
  FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('jwt_auth.signing_key', '');
SELECT pg_catalog.pg_extension_config_dump('jwt_auth.token_lifetime', '');
SELECT pg_catalog.pg_extension_config_dump('jwt_auth.trusted_issuer', '');
SELECT pg_catalog.pg_extension_config_dump('jwt_auth.cutoff', '');
SELECT pg_catalog.pg_extension_config_dump('jwt_auth.server_secret', '');

CREATE FUNCTION jwt_auth.keyring_changed() RETURNS trigger
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_keyring_changed';
COMMENT ON FUNCTION jwt_auth.keyring_changed() IS 'Makes every backend read the keyring anew once the change commits';
REVOKE ALL ON FUNCTION jwt_auth.keyring_changed() FROM PUBLIC;

-- For each row and always: a standby, logical apply and a DBA's own UPDATE are to be noticed as well.
CREATE TRIGGER keyring_changed AFTER INSERT OR UPDATE OR DELETE ON jwt_auth.signing_key
  FOR EACH ROW EXECUTE FUNCTION jwt_auth.keyring_changed();
CREATE TRIGGER keyring_truncated AFTER TRUNCATE ON jwt_auth.signing_key
  FOR EACH STATEMENT EXECUTE FUNCTION jwt_auth.keyring_changed();
CREATE TRIGGER keyring_changed AFTER INSERT OR UPDATE OR DELETE ON jwt_auth.token_lifetime
  FOR EACH ROW EXECUTE FUNCTION jwt_auth.keyring_changed();
CREATE TRIGGER keyring_truncated AFTER TRUNCATE ON jwt_auth.token_lifetime
  FOR EACH STATEMENT EXECUTE FUNCTION jwt_auth.keyring_changed();
CREATE TRIGGER keyring_changed AFTER INSERT OR UPDATE OR DELETE ON jwt_auth.trusted_issuer
  FOR EACH ROW EXECUTE FUNCTION jwt_auth.keyring_changed();
CREATE TRIGGER keyring_truncated AFTER TRUNCATE ON jwt_auth.trusted_issuer
  FOR EACH STATEMENT EXECUTE FUNCTION jwt_auth.keyring_changed();
CREATE TRIGGER keyring_changed AFTER INSERT OR UPDATE OR DELETE ON jwt_auth.cutoff
  FOR EACH ROW EXECUTE FUNCTION jwt_auth.keyring_changed();
CREATE TRIGGER keyring_truncated AFTER TRUNCATE ON jwt_auth.cutoff
  FOR EACH STATEMENT EXECUTE FUNCTION jwt_auth.keyring_changed();
CREATE TRIGGER keyring_changed AFTER INSERT OR UPDATE OR DELETE ON jwt_auth.server_secret
  FOR EACH ROW EXECUTE FUNCTION jwt_auth.keyring_changed();
CREATE TRIGGER keyring_truncated AFTER TRUNCATE ON jwt_auth.server_secret
  FOR EACH STATEMENT EXECUTE FUNCTION jwt_auth.keyring_changed();
ALTER TABLE jwt_auth.signing_key ENABLE ALWAYS TRIGGER keyring_changed;
ALTER TABLE jwt_auth.signing_key ENABLE ALWAYS TRIGGER keyring_truncated;
ALTER TABLE jwt_auth.token_lifetime ENABLE ALWAYS TRIGGER keyring_changed;
ALTER TABLE jwt_auth.token_lifetime ENABLE ALWAYS TRIGGER keyring_truncated;
ALTER TABLE jwt_auth.trusted_issuer ENABLE ALWAYS TRIGGER keyring_changed;
ALTER TABLE jwt_auth.trusted_issuer ENABLE ALWAYS TRIGGER keyring_truncated;
ALTER TABLE jwt_auth.cutoff ENABLE ALWAYS TRIGGER keyring_changed;
ALTER TABLE jwt_auth.cutoff ENABLE ALWAYS TRIGGER keyring_truncated;
ALTER TABLE jwt_auth.server_secret ENABLE ALWAYS TRIGGER keyring_changed;
ALTER TABLE jwt_auth.server_secret ENABLE ALWAYS TRIGGER keyring_truncated;

CREATE FUNCTION jwt_auth.signing_key_demoted() RETURNS trigger
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_signing_key_demoted';
COMMENT ON FUNCTION jwt_auth.signing_key_demoted() IS 'Lets a key verify what it signed until the commit of its rotation';
REVOKE ALL ON FUNCTION jwt_auth.signing_key_demoted() FROM PUBLIC;

-- At commit: until then others sign with the old key.
CREATE CONSTRAINT TRIGGER signing_key_demoted AFTER UPDATE OF state ON jwt_auth.signing_key
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.state = 'active' AND NEW.state = 'verify_only')
  EXECUTE FUNCTION jwt_auth.signing_key_demoted();
