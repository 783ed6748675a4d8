# Counting instructions of the hot paths under callgrind: the same figures on a busy machine as on an idle one.
# Source scripts/lib/{common,packages,server}.sh first; the extension must be installed privately.

need_to_count() {
  need_command valgrind valgrind
  need_command python3 python3
}

# valgrind knows no instruction that is newer than itself, and a server may use any that the machine has.
server_runs_under_valgrind() {
  # It ends for want of a directory, if it comes that far.
  as_server valgrind --quiet --tool=none "$(server_bin)/postgres" --single -D "$work/nowhere" postgres >"$work/under-valgrind" 2>&1 || true
  ! grep -qE 'Illegal opcode|unhandled instruction' "$work/under-valgrind"
}

count_in_single_user_server() {
  as_server env LD_PRELOAD="$work/even_clock.so" valgrind --quiet --tool=callgrind --callgrind-out-file="$2" \
    "$(server_bin)/postgres" --single -D "$work/cluster-counted" -c shared_preload_libraries=jwt_auth -c fsync=off \
    -c autovacuum=off -c jit=off -c max_parallel_workers_per_gather=0 \
    -c jwt_auth.issuer=https://auth.example.com -c jwt_auth.audience=api.example.com postgres \
    <"$1" >>"$work/single.out" 2>&1 || {
    tail -n 30 "$work/single.out"
    return 1
  }
}

# count_instructions FILE: writes "path <tab> instructions per call", for the core and, in a single-user server, for SQL.
count_instructions() {
  local count=500
  make -j"$(jobs_at_once)" -C bench paths clock
  install -m 644 build/bench/even_clock.so "$work/even_clock.so"
  valgrind --quiet --tool=callgrind --callgrind-out-file="$work/paths.callgrind" build/bench/paths

  install -d -m 700 "$work/cluster-counted"
  if [ "$(id -u)" -eq 0 ]; then chown "$server_user" "$work/cluster-counted"; fi
  as_server "$(server_bin)/initdb" -D "$work/cluster-counted" -U postgres -A trust -E UTF8 --no-locale --no-sync
  sed "s/:count/$count/g" bench/sql/instructions.sql >"$work/instructions.sql"
  : >"$work/single.out"
  count_in_single_user_server "$work/instructions.sql" "$work/cluster-counted/callgrind"
  # A backend's first call, and refreshes in pages that have room for every new version, as those of a session have that is
  # refreshed now and then.
  count_in_single_user_server bench/sql/instructions_later.sql "$work/cluster-counted/callgrind-later"
  if grep -E 'ERROR|FATAL|PANIC' "$work/single.out"; then die "a statement that is counted failed"; fi
  python3 bench/harness/instructions.py count "$work/paths.callgrind" "$work/cluster-counted/callgrind" \
    --later "$work/cluster-counted/callgrind-later" >"$1"
}
