#!/usr/bin/env bash
# Starts the example on a throwaway PostgreSQL, with the PostgREST that is on the PATH: examples/postgrest/start.sh, then
# http://localhost:3000. Ctrl-C ends both.
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib/common.sh"
source scripts/lib/example.sh
start_example examples/postgrest/schema.sql
export PGRST_DB_URI="postgres://authenticator@/app?host=$PGHOST&port=$PGPORT"
say
say "The database is ready for PostgREST:"
say "    PGRST_DB_URI='$PGRST_DB_URI' postgrest examples/postgrest/postgrest.conf"
if command -v postgrest >/dev/null; then
  postgrest examples/postgrest/postgrest.conf
else
  say "There is no postgrest on the PATH (https://github.com/PostgREST/postgrest/releases)."
  say "Press Ctrl-C to stop the server and remove it."
  sleep infinity
fi
