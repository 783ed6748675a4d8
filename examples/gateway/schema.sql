-- What the example needs in its database. Run as a superuser in an empty database.
\set ON_ERROR_STOP on
BEGIN;

CREATE EXTENSION jwt_auth;
SELECT jwt_auth.create_signing_key('ES256');

-- The endpoints connect as this role. It asks about tokens and ends those that it is shown; it can issue none, and end nobody else's.
CREATE ROLE token_endpoints LOGIN;
SELECT jwt_auth.grant_verifier('token_endpoints');
GRANT EXECUTE ON FUNCTION jwt_auth.revoke(text, text) TO token_endpoints;

COMMIT;
