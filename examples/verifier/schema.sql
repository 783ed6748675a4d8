-- What the verifier needs in its database. Run as a superuser in an empty database.
\set ON_ERROR_STOP on
CREATE EXTENSION jwt_auth;
SELECT jwt_auth.create_signing_key('ES256');
SELECT format('ALTER DATABASE %I SET jwt_auth.revocation_channel = %L', current_database(), 'revocations') \gexec
