# Isolation specs, as `make installcheck` runs them: once with rows read and written as they are by default, once by statements.
# Who waits for whom and what comes of it is the same.
need_cluster
copy_test_files
status=0
for reader in auto statement; do
  # The library is loaded first, for ALTER SYSTEM wants to know the setting.
  psql -qXc "LOAD 'jwt_auth'" -c "ALTER SYSTEM SET jwt_auth.debug_row_reader = $reader" -c 'SELECT pg_reload_conf()' >/dev/null
  rm -f "$test_files/output_iso/regression.diffs"
  as_server make -C "$test_files" installcheck REGRESS= PG_CONFIG="$PG_CONFIG" >"$work/isolation" 2>&1 || status=$?
  printf '== Rows read by: %s\n' "$reader"
  cat "$work/isolation"
  cat "$test_files/output_iso/regression.diffs" 2>/dev/null || true
  count_lines "$work/isolation" '^(test +[^ ]+ +\.\.\. ok|ok [0-9]+)' '^(test +[^ ]+ +\.\.\. FAILED|not ok [0-9]+)' ''
done
psql -qXc "LOAD 'jwt_auth'" -c 'ALTER SYSTEM RESET jwt_auth.debug_row_reader' -c 'SELECT pg_reload_conf()' >/dev/null
check_server_log "$work/cluster/log"
exit "$status"
