# Each fuzz target for a few seconds (scripts/fuzz.sh runs them for as long as you like).
if [ -z "$clangxx" ]; then
  skip "fuzzing: needs a clang with libFuzzer, which this distribution does not have"
  exit 0
fi
make_fuzzers
fuzz_targets | tr ' ' '\n' >"$work/targets"
xargs -P "$(jobs_at_once)" -I '{}' bash -c 'fuzz_target {} 6' <"$work/targets" >"$work/fuzz" || true
cat "$work/fuzz"
passed=$(lines_like "$work/fuzz" ' executions, nothing found$')
count "$passed" $(($(wc -l <"$work/targets") - passed))
