# The regression tests on a server under valgrind (scripts/test-matrix.sh valgrind). The server is one that tells valgrind what it
# allocates and frees; PostgreSQL's own suppressions are for what it knows and means.
suppressions=$("$PG_CONFIG" --sharedir)/valgrind.supp
[ -e "$suppressions" ] || suppressions=$(dirname "$("$PG_CONFIG" --bindir)")/share/valgrind.supp
[ -e "$suppressions" ] || {
  echo 'this server was not built for valgrind: see scripts/lib/source_server.sh'
  exit 1
}
mkdir "$work/reports"
chmod 777 "$work/reports"
server_program=$work/postgres
cat >"$server_program" <<SH
#!/bin/sh
exec valgrind --quiet --tool=memcheck --leak-check=no --track-origins=yes --num-callers=30 --time-stamp=yes --trace-children=yes \\
  --suppressions='$suppressions' --gen-suppressions=all --error-markers=VALGRIND-BEGIN,VALGRIND-END \\
  --log-file='$work/reports/%p' '$(server_bin)/postgres' "\$@"
SH
chmod 755 "$server_program"
start_cluster
pid=$(head -n 1 "$work/cluster/data/postmaster.pid")
grep -q memcheck "/proc/$pid/maps" || {
  echo 'the server runs without valgrind'
  exit 1
}
# Statements that valgrind delays by much are no failure of memory: what it reports counts, beside what the tests say.
(source scripts/suites/regress.sh) && status=0 || status=$?
stop_cluster
for report in "$work"/reports/*; do
  found=$(grep -c VALGRIND-BEGIN "$report" || true)
  if [ "$found" -gt 0 ]; then
    cat "$report"
    count 0 "$found"
  fi
done
exit "$status"
