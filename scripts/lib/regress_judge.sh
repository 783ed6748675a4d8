#!/usr/bin/env bash
# The judge of scripts/mutate.py for src/pg: a private server for regression tests. Says "ready" and the server's pg_config, or what
# is wrong; then reads lines "LIBRARY TEST..." and answers each with "passed" or "failed". It ends with its input.
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
  if as_server timeout 180 make -C "$test_files" installcheck REGRESS="$tests" ISOLATION= PG_CONFIG="$PG_CONFIG"; then
    echo passed >&3
  else
    echo failed >&3
    # A crash is over once the server answers again.
    for ((i = 0; i < 60; i++)); do psql -qXAtc 'SELECT 1' && break || sleep 0.5; done
  fi
done
