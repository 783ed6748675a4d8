# Isolation specs, as `make installcheck` runs them.
need_cluster
copy_test_files
set +e
as_server make -C "$test_files" installcheck REGRESS= PG_CONFIG="$PG_CONFIG" >"$work/isolation" 2>&1
status=$?
set -e
cat "$work/isolation"
cat "$test_files/output_iso/regression.diffs" 2>/dev/null || true
count_lines "$work/isolation" '^(test +[^ ]+ +\.\.\. ok|ok [0-9]+)' '^(test +[^ ]+ +\.\.\. FAILED|not ok [0-9]+)' ''
check_server_log "$work/cluster/log"
exit "$status"
