#!/usr/bin/env bash
# Writes docs/reference.md from the catalog of a fresh installation.
#   scripts/reference.sh --print DATABASE   prints it from a database of a running server, which the tests compare
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
source scripts/lib/packages.sh
source scripts/lib/server.sh

print_reference() {
  psql -X -q -d "$1" -v errors="$(sed -n 's/^ *{ErrorCode::k[A-Za-z]*, "\([0-9A-Z]*\)", "\([^"]*\)".*/\1|\2/p' src/pg/support/errors.cpp)" \
    -f scripts/reference.sql
}

if [ "${1:-}" = --print ]; then
  print_reference "${2:?a database}"
  exit 0
fi
need_to_build
install_missing
choose_server_user
make_work_directory
quietly "Building" build_for_use
quietly "Installing into a private copy of the server" install_privately
quietly "Starting a throwaway server" start_cluster "shared_preload_libraries = 'jwt_auth'"
point_clients_here
psql -X -q -c 'CREATE EXTENSION jwt_auth'
print_reference postgres >docs/reference.md
say "docs/reference.md is written: $(wc -l <docs/reference.md) lines"
