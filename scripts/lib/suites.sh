# Runs suites and counts. A suite is a file in scripts/suites that is read by a shell of its own, with errexit on and its
# output in build/log. It says what ran with `count` and what did not with `skip`. One that ends with an error has failed, and
# so has one that ran nothing and skipped nothing.

# count PASSED FAILED [SKIPPED]: add to this suite's figures.
count() { count_of "$suite" "$1" "$2" "${3:-0}"; }
count_of() {
  mkdir -p "$work/counts"
  printf '%d %d %d\n' "$2" "$3" "$4" >>"$work/counts/$1"
}

# skip WHY [HOW MANY]: shown to whoever looks, and counted.
skip() {
  count 0 0 "${2:-1}"
  printf '%s\n' "$1" >>"$work/counts/$suite.skipped"
}

# count_lines FILE PASSED FAILED SKIPPED: counts lines by extended regular expressions (an empty one matches nothing).
count_lines() {
  count "$(lines_like "$1" "$2")" "$(lines_like "$1" "$3")" "$(lines_like "$1" "$4")"
}
lines_like() {
  if [ -n "$2" ]; then grep -cE "$2" "$1" || true; else echo 0; fi
}

# The tests' files where the server's user can read and write them.
test_files=
copy_test_files() {
  test_files=$work/source
  [ ! -e "$test_files" ] || return 0
  mkdir "$test_files"
  tar -cf - --exclude=node_modules Makefile jwt_auth.control sql test docs scripts/citus.sql examples/monitoring examples/moving-in $(compgen -G expected || true) | tar -xf - -C "$test_files"
  if [ "$(id -u)" -eq 0 ]; then chown -R "$server_user" "$test_files"; fi
}

# installcheck_both_ways DIFFERENCES VARIABLE...: `make installcheck` with these variables, once with rows read and written as they
# are by default, once by statements. What failed is told from DIFFERENCES, a file below the tests'.
installcheck_both_ways() {
  local reader status=0
  need_cluster
  for reader in auto statement; do installcheck_one_way "$reader" "$@" || status=$?; done
  check_server_log "$work/cluster/log"
  return "$status"
}

# installcheck_one_way READER DIFFERENCES VARIABLE...
installcheck_one_way() {
  local reader=$1 differences=$2 status=0 output=$work/$suite-$1
  shift 2
  copy_test_files
  # The library is loaded first, for ALTER SYSTEM wants to know the setting.
  psql -qXc "LOAD 'jwt_auth'" -c "ALTER SYSTEM SET jwt_auth.debug_row_reader = $reader" -c 'SELECT pg_reload_conf()' >/dev/null
  rm -f "$test_files/$differences"
  as_server make -C "$test_files" installcheck "$@" PG_CONFIG="$PG_CONFIG" >"$output" 2>&1 || status=$?
  printf '== Rows read by: %s\n' "$reader"
  cat "$output"
  cat "$test_files/$differences" 2>/dev/null || true
  # Majors before 16 say "test name ... ok", later ones speak TAP.
  count_lines "$output" '^(test +[^ ]+ +\.\.\. ok|ok [0-9]+)' '^(test +[^ ]+ +\.\.\. FAILED|not ok [0-9]+)' ''
  psql -qXc "LOAD 'jwt_auth'" -c 'ALTER SYSTEM RESET jwt_auth.debug_row_reader' -c 'SELECT pg_reload_conf()' >/dev/null
  return "$status"
}

need_cluster() {
  [ -e "$work/cluster/data/postmaster.pid" ] || start_cluster
}

# What a server's log must not say: an assertion that failed, memory overwritten, something left open, a backend that died.
check_server_log() {
  if grep -aE 'TRAP:|write past chunk end|problem in alloc set|bogus aset link|reference leak|leaked|SPI stack|terminated by signal|PANIC' "$@"; then
    echo 'the log of the server tells of a mistake'
    count 0 1
  fi
}

sum() { awk -v column="$2" '{ n += $column } END { print n + 0 }' "$1"; }

run_suite() {
  local suite=$1 start=$SECONDS log=$repository/build/log/$1.log status figures=$work/counts/$1
  set +e
  (
    trap - EXIT
    set -e
    source "scripts/suites/$suite.sh"
  ) >"$log" 2>&1 </dev/null
  status=$?
  set -e
  [ -e "$figures" ] || count 0 0 0
  if [ "$status" -ne 0 ] && [ "$(sum "$figures" 2)" -eq 0 ]; then count 0 1; fi
  if [ "$(($(sum "$figures" 1) + $(sum "$figures" 2) + $(sum "$figures" 3)))" -eq 0 ]; then
    printf 'nothing ran\n' >>"$log"
    count 0 1
  fi
  printf '%-10s %5d passed, %d failed, %d skipped  (%d s)\n' "$suite" \
    "$(sum "$figures" 1)" "$(sum "$figures" 2)" "$(sum "$figures" 3)" $((SECONDS - start))
  if [ -e "$figures.skipped" ]; then sed 's/^/           skipped: /' "$figures.skipped"; fi
  if [ "$(sum "$figures" 2)" -gt 0 ]; then
    tail -n "${LINES_OF_FAILED_SUITE:-60}" "$log" | sed 's/^/    /'
    say "    (the whole output is in $log)"
  fi
}

# run_beside SUITE: in the background, with all that it starts in a process group of its own, so that it can be ended.
suite_beside='' process_beside=''
run_beside() {
  suite_beside=$1
  set -m
  (
    renice -n 19 "$BASHPID" >/dev/null
    run_suite "$suite_beside"
  ) >"$work/beside" 2>&1 </dev/null &
  process_beside=$!
  set +m
}
wait_for_suite_beside() {
  wait "$process_beside" || true
  process_beside=
  cat "$work/beside"
}
end_suite_beside() {
  [ -z "$process_beside" ] || kill -TERM -- "-$process_beside" 2>/dev/null || true
}

# The last line, and the exit status.
finish() {
  local passed=0 failed=0 skipped=0 p f s
  cat "$work"/counts/* 2>/dev/null | grep -E '^[0-9]+ [0-9]+ [0-9]+$' >"$work/total" || true
  while read -r p f s; do
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  done <"$work/total"
  if [ "$passed" -eq 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi
  cleanup
  work=
  if [ "$skipped" -gt 0 ]; then
    say "$passed passed, $failed failed, $skipped skipped"
  else
    say "$passed passed, $failed failed"
  fi
  [ "$failed" -eq 0 ] || exit 1
  exit 0
}
