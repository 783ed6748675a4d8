#!/usr/bin/env bash
# Builds the extension and installs it into an existing server: the one PG_CONFIG names, else the newest one installed. Missing
# build packages are installed with apt.
#   scripts/install.sh                  into the server's own directories
#   scripts/install.sh --destdir DIR    under DIR, as a packager wants it
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
source scripts/lib/packages.sh
source scripts/lib/server.sh

destination=
case "${1:-}" in
  '') ;;
  --destdir) destination=${2:?a directory} ;;
  *) die "usage: install.sh [--destdir DIR]" ;;
esac

need_to_build
install_missing
quietly "Building for $("$PG_CONFIG" --version)" build_for_use
if [ -n "$destination" ]; then
  quietly "Installing under $destination" make install PG_CONFIG="$PG_CONFIG" DESTDIR="$destination"
else
  quietly "Installing into $("$PG_CONFIG" --pkglibdir)" as_root make install PG_CONFIG="$PG_CONFIG"
  say
  say "Preload it (shared_preload_libraries = 'jwt_auth'), restart, and in your database: CREATE EXTENSION jwt_auth"
fi
