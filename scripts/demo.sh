#!/usr/bin/env bash
# Shows the whole life of a session in a real PostgreSQL: installs what is missing, builds, starts a throwaway server and plays
# scripts/demo.sql in it, checking what it shows.
#   scripts/demo.sh          cleans up when done
#   scripts/demo.sh --keep   leaves the server running, and says how to connect and how to stop it
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
source scripts/lib/packages.sh
source scripts/lib/server.sh
source scripts/lib/play.sh

keep=
case "${1:-}" in
  '') ;;
  --keep) keep=yes ;;
  *) die "usage: demo.sh [--keep]" ;;
esac

need_to_build
install_missing
choose_server_user
make_work_directory
say "The server is $("$PG_CONFIG" --version)"
quietly "Building the extension" build_for_use
quietly "Installing into a private copy of the server" install_privately
quietly "Starting a throwaway server" start_cluster "shared_preload_libraries = 'jwt_auth'"
point_clients_here

createdb demo
play_demo demo || die "the demo did not go as it should"

say
say "All of it behaved as it should."
if [ -n "$keep" ]; then
  keep_work_directory=yes
  say
  say "The server is still running. Connect:"
  say "    psql -h $PGHOST -U postgres demo"
  say "Stop it and remove it:"
  stop="$(server_bin)/pg_ctl -D $work/cluster/data -m fast stop"
  if [ "$(id -u)" -eq 0 ]; then stop="runuser -u $server_user -- $stop"; fi
  say "    (cd / && $stop) && rm -rf $work"
fi
