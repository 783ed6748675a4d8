# Each fuzz target for a few seconds, the SQL functions too (scripts/fuzz.sh runs them for as long as you like).
if [ -z "$clangxx" ]; then
  skip "fuzzing: needs a clang with libFuzzer, which this distribution does not have"
  exit 0
fi
make_fuzzers
fuzz_targets | tr ' ' '\n' >"$work/targets"
xargs -P "$(jobs_at_once)" -I '{}' bash -c 'fuzz_target {} 6' <"$work/targets" >"$work/fuzz" || true
echo sql >>"$work/targets"
set +e
fuzz_sql_briefly 15 >"$work/fuzz-sql" 2>&1
set -e
tail -n 40 "$work/fuzz-sql" >>"$work/fuzz"
cat "$work/fuzz"
passed=$(lines_like "$work/fuzz" ' executions, nothing found$')
count "$passed" $(($(wc -l <"$work/targets") - passed))
