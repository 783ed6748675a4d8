-- jwt_auth 1.1 to 2.0.
\echo Use "ALTER EXTENSION jwt_auth UPDATE TO '2.0'" to load this file. \quit
