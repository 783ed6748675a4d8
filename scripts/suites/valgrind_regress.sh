# The regression tests on a server under valgrind (scripts/test-matrix.sh valgrind). The server is one that tells valgrind what it
# allocates and frees; PostgreSQL's own suppressions are for what it knows and means. The tests run both ways, as ever, here at the
# same time on two clusters. JWT_AUTH_REGRESS names the tests to run instead of all.
suppressions=$("$PG_CONFIG" --sharedir)/valgrind.supp
[ -e "$suppressions" ] || suppressions=$(dirname "$("$PG_CONFIG" --bindir)")/share/valgrind.supp
[ -e "$suppressions" ] || {
  echo 'this server was not built for valgrind: see scripts/lib/source_server.sh'
  exit 1
}
tests=()
[ -z "${JWT_AUTH_REGRESS:-}" ] || tests=(REGRESS="$JWT_AUTH_REGRESS")

# A function of which valgrind must report a branch on what was never written and a read behind an allocation. (A value that is
# not used is not even read: valgrind drops such instructions.)
cat >"$work/planted.c" <<'C'
#include <postgres.h>
#include <fmgr.h>
PG_MODULE_MAGIC;
PG_FUNCTION_INFO_V1(planted);
Datum planted(PG_FUNCTION_ARGS) {
  volatile char *memory = palloc(10);
  if (memory[9] == 'x') elog(LOG, "never written");
  if (memory[10] == 'x') elog(LOG, "not allocated");
  PG_RETURN_VOID();
}
C
gcc -O1 -g -shared -fPIC -I"$("$PG_CONFIG" --includedir-server)" -o "$work/planted.so" "$work/planted.c"
chmod 755 "$work/planted.so"

# All processes of a server write into one file, for the number of one that has ended may be another's soon.
start_under_valgrind() {
  server_program=$work/postgres
  cat >"$server_program" <<SH
#!/bin/sh
exec valgrind --quiet --tool=memcheck --leak-check=no --track-origins=${JWT_AUTH_ORIGINS:-no} --num-callers=30 \\
  --suppressions='$suppressions' --error-markers=VALGRIND-BEGIN,VALGRIND-END \\
  --log-file='$work/reports' '$(server_bin)/postgres' "\$@"
SH
  chmod 755 "$server_program"
  : >"$work/reports"
  chmod 666 "$work/reports"
  start_cluster
  grep -q memcheck "/proc/$(head -n 1 "$work/cluster/data/postmaster.pid")/maps" || {
    echo 'the server runs without valgrind'
    return 1
  }
}

count_reports() { grep -c VALGRIND-BEGIN "$work/reports" || true; }

# Prints the reports that came after the first N, each process's by themselves.
print_reports() {
  awk -v known="$1" '/VALGRIND-BEGIN/ { seen++ } seen > known && match($0, /^==[0-9]+==/) {
    process = substr($0, RSTART, RLENGTH)
    if (!(process in lines)) order[++count] = process
    lines[process] = lines[process] $0 "\n"
  } END { for (i = 1; i <= count; i++) print lines[order[i]] }' "$work/reports"
}

# run_way READER: on a cluster of its own, in a directory of its own beside what all share. Statements that valgrind delays by
# much are no failure of memory: what it reports counts, beside what the tests say.
run_way() {
  local reader=$1 status=0 start=$SECONDS planted found whole=$work
  work=$whole/$reader
  mkdir "$work"
  chmod 755 "$work"
  ln -s ../server ../counts "$work"
  trap 'stop_cluster || true' EXIT
  trap 'exit 143' TERM INT HUP
  point_clients_here
  start_under_valgrind
  psql -qXAt -c "CREATE FUNCTION planted() RETURNS void LANGUAGE c AS '$whole/planted'" -c 'SELECT planted()' >/dev/null
  planted=$(count_reports)
  if [ "$planted" -ne 2 ]; then
    echo "valgrind reported $planted of the 2 mistakes that were planted"
    print_reports 0
    count 0 1
    return 1
  fi
  count 2 0
  psql -qXc 'DROP FUNCTION planted()'
  installcheck_one_way "$reader" regression.diffs ISOLATION= "${tests[@]}" || status=$?
  stop_cluster
  check_server_log "$work/cluster/log"
  found=$(($(count_reports) - planted))
  printf '== Rows read by: %s. Reports of valgrind: %d, minutes: %d\n' "$reader" "$found" $(((SECONDS - start) / 60))
  print_reports "$planted"
  count 0 "$found"
  return "$status"
}

mkdir -p "$work/counts"
ways=(auto statement) pids=() status=0
trap 'kill "${pids[@]}"; wait; exit 143' TERM INT HUP
for way in "${ways[@]}"; do
  (run_way "$way") >"$work/way-$way" 2>&1 &
  pids+=($!)
done
for i in "${!ways[@]}"; do
  wait "${pids[$i]}" || status=$?
  cat "$work/way-${ways[$i]}"
done
exit "$status"
