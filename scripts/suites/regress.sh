# pg_regress, as `make installcheck` runs it: once with rows read as they are by default, once with rows read by statements.
# The answers are the same.
need_cluster
copy_test_files
status=0
for reader in auto statement; do
  # The library is loaded first, for ALTER SYSTEM wants to know the setting.
  psql -qXc "LOAD 'jwt_auth'" -c "ALTER SYSTEM SET jwt_auth.debug_row_reader = $reader" -c 'SELECT pg_reload_conf()' >/dev/null
  rm -f "$test_files/regression.diffs"
  as_server make -C "$test_files" installcheck ISOLATION= PG_CONFIG="$PG_CONFIG" >"$work/regress" 2>&1 || status=$?
  printf '== Rows read by: %s\n' "$reader"
  cat "$work/regress"
  cat "$test_files/regression.diffs" 2>/dev/null || true
  # Majors before 16 say "test name ... ok", later ones speak TAP.
  count_lines "$work/regress" '^(test +[^ ]+ +\.\.\. ok|ok [0-9]+)' '^(test +[^ ]+ +\.\.\. FAILED|not ok [0-9]+)' ''
done
psql -qXc "LOAD 'jwt_auth'" -c 'ALTER SYSTEM RESET jwt_auth.debug_row_reader' -c 'SELECT pg_reload_conf()' >/dev/null
check_server_log "$work/cluster/log"
exit "$status"
