# pg_regress, as `make installcheck` runs it.
need_cluster
copy_test_files
set +e
as_server make -C "$test_files" installcheck ISOLATION= PG_CONFIG="$PG_CONFIG" >"$work/regress" 2>&1
status=$?
set -e
cat "$work/regress"
cat "$test_files/regression.diffs" 2>/dev/null || true
# Majors before 16 say "test name ... ok", later ones speak TAP.
count_lines "$work/regress" '^(test +[^ ]+ +\.\.\. ok|ok [0-9]+)' '^(test +[^ ]+ +\.\.\. FAILED|not ok [0-9]+)' ''
exit "$status"
