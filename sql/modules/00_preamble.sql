-- jwt_auth: built from sql/modules by make.
\echo Use "CREATE EXTENSION jwt_auth" to load this file. \quit

DO $$
BEGIN
  IF pg_catalog.getdatabaseencoding() OPERATOR(pg_catalog.<>) 'UTF8' THEN
    RAISE EXCEPTION 'jwt_auth needs a database with UTF8 encoding, this one has %', pg_catalog.getdatabaseencoding()
      USING ERRCODE = 'feature_not_supported', DETAIL = 'JSON Web Tokens are UTF-8 (RFC 7519, RFC 8259 section 8.1).';
  END IF;
END $$;

CREATE SCHEMA jwt_auth;
COMMENT ON SCHEMA jwt_auth IS 'JSON Web Tokens, signing keys and refresh sessions';
