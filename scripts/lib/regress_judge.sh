#!/usr/bin/env bash
# The judge of scripts/mutate.py for src/pg: a private server for regression tests. Says "ready" and the server's pg_config, or what
# is wrong; then reads lines "LIBRARY TEST..." and answers each with "passed", "failed" or "timeout", once rows were read by their index and by
# statements. isolation/NAME is an isolation test. It ends with its input.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
source scripts/lib/packages.sh
source scripts/lib/server.sh
source scripts/lib/suites.sh

choose_server
choose_server_user
make_work_directory
exec 3>&1 >>"$log" 2>&1
build_extension WERROR=-Werror && install_privately WERROR=-Werror && point_clients_here && start_cluster && copy_test_files || {
  echo "failed; see $log" >&3
  exit 1
}
installed=$work/server$("$PG_CONFIG" --pkglibdir)/jwt_auth.so
echo "ready $PG_CONFIG" >&3
while read -r library tests; do
  # By another name first: the old file is mapped by whoever still runs.
  cp "$library" "$installed.new"
  mv "$installed.new" "$installed"
  printf '== %s\n' "$tests"
  regress= specs=
  for name in $tests; do
    case $name in
      isolation/*) specs+=" ${name#isolation/}" ;;
      *) regress+=" $name" ;;
    esac
  done
  verdict=passed
  for reader in auto statement; do
    as_server timeout 180 env PGOPTIONS="-c jwt_auth.debug_row_reader=$reader" make -C "$test_files" installcheck REGRESS="$regress" ISOLATION="$specs" PG_CONFIG="$PG_CONFIG" && continue
    if [ "$?" -eq 124 ]; then verdict=timeout; else verdict=failed; fi
    break
  done
  echo "$verdict" >&3
  # A crash is over once the server answers again.
  if [ "$verdict" != passed ]; then
    for ((i = 0; i < 60; i++)); do psql -qXAtc 'SELECT 1' && break || sleep 0.5; done
  fi
done
