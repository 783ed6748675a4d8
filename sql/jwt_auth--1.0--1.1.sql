-- jwt_auth 1.0 to 1.1.
\echo Use "ALTER EXTENSION jwt_auth UPDATE TO '1.1'" to load this file. \quit
