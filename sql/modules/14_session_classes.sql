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

