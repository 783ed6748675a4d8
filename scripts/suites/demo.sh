# The demo, played in the tests' server; each of its checks counts.
need_cluster
createdb demo
set +e
play_demo demo >"$work/demo.out"
status=$?
set -e
cat "$work/demo.out"
count_lines "$work/demo.out" '^  \[ok\]' '' ''
exit "$status"
