# TAP tests on clusters of their own.

# run_tap JOBS FILE...: counts what they say, and shows the servers' logs where something failed. Modules are found beside the tap
# suite's and beside the first file. PG_CONFIG and PATH say which server.
run_tap() {
  local jobs=$1 pgxs scratch=$work/tap status skipped died file
  shift
  pgxs=$(dirname "$("$PG_CONFIG" --pgxs)")/../..
  install -d -m 700 "$scratch"
  if [ "$(id -u)" -eq 0 ]; then chown "$server_user" "$scratch"; fi
  # PostgreSQL::Test starts servers of its own and must not be led to another.
  set +e
  (
    unset PGHOST PGUSER PGDATABASE
    cd "$test_files"
    as_server env PATH="$PATH" PGPORT=65432 PGCTLTIMEOUT=180 PG_REGRESS="$pgxs/src/test/regress/pg_regress" \
      TESTDIR="$scratch" TESTDATADIR="$scratch/data" TESTLOGDIR="$scratch/log" \
      prove -j "$jobs" --reverse --timer -v -I "$pgxs/src/test/perl" -I "$test_files/test/t" -I "$(dirname "$1")" "$@"
  ) >"$work/tap.out" 2>&1
  status=$?
  set -e
  cat "$work/tap.out"
  # A "skipped" test is an "ok" with a directive.
  skipped=$(lines_like "$work/tap.out" '^ok [0-9]+.*# skip')
  # A file that died behind tests that passed has no "not ok" and has failed all the same.
  died=$(lines_like "$work/tap.out" '^(No subtests run|All [0-9]+ subtests passed) *$')
  count $(($(lines_like "$work/tap.out" '^ok [0-9]+') - skipped)) \
    $(($(lines_like "$work/tap.out" '^not ok [0-9]+') + died)) "$skipped"
  # Some tests kill servers; none makes an assertion fail.
  if grep -aE 'TRAP:|write past chunk end|problem in alloc set|reference leak' -r "$scratch" --include='*.log'; then
    echo 'the log of a server tells of a mistake'
    count 0 1
  fi
  if [ "$status" -ne 0 ]; then
    for file in "$scratch"/log/* "$scratch"/tmp_check/log/*; do
      printf '\n== %s\n' "$file"
      tail -n 30 "$file"
    done
    printf '\n== What failed\n'
    grep -E -A 8 '^# +Failed test|^# Looks like|^Bailout' "$work/tap.out" | grep -vE '^ok|^--' || true
  fi
  return "$status"
}
