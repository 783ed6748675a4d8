# Fuzzing: test/fuzz has the targets, libFuzzer (a part of clang) runs them. Any clang will do that has its runtime.

# Sets clangxx to the newest compiler that can; empty if there is none.
clangxx=
choose_fuzzing_compiler() {
  local major
  clangxx=
  for major in $(printf '%s\n' /usr/lib/llvm-*/bin/clang++ | sed -n 's|^/usr/lib/llvm-\([0-9]*\)/.*|\1|p' | sort -n); do
    [ -z "$(compgen -G "/usr/lib/llvm-$major/lib/clang/*/lib/linux/libclang_rt.fuzzer-$(uname -m).a")" ] || clangxx=clang++-$major
  done
}

# Asks for the distribution's own clang where there is no compiler that can.
need_to_fuzz() {
  local major
  choose_fuzzing_compiler
  [ -z "$clangxx" ] || return 0
  command -v apt-cache >/dev/null || return 0
  read_package_lists
  major=$(apt-cache depends clang 2>/dev/null | sed -n 's/.*Depends: clang-\([0-9]*\)$/\1/p' | head -n 1)
  [ -z "$major" ] || missing+=("clang-$major" "libclang-rt-$major-dev")
}

make_fuzzers() {
  make -C test/fuzz -j"$(jobs_at_once)" CLANGXX="$clangxx" all
  make -C test/fuzz CLANGXX="$clangxx" seeds
}
fuzz_targets() { make -s -C test/fuzz names; }

# fuzz_target TARGET SECONDS: one line with what was done. What it learned is kept in build/fuzz/corpus, what it found in
# build/fuzz/finds. Fails if it found something or ran nothing.
fuzz_target() {
  local target=$1 seconds=$2 status=0 executions corpus=build/fuzz/corpus/$1 finds=build/fuzz/finds/$1 output=build/fuzz/$1.log
  mkdir -p "$corpus" "$finds"
  build/fuzz/fuzz_"$target" "$corpus" "build/fuzz/seeds/$target" -dict=test/fuzz/jose.dict -max_total_time="$seconds" \
    -max_len=4096 -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$finds/" >"$output" 2>&1 || status=$?
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$output")
  if [ "$status" -eq 0 ] && [ "${executions:-0}" -gt 0 ]; then
    printf '%-10s %12d executions, nothing found\n' "$target" "$executions"
  else
    printf '%-10s %12d executions, FOUND SOMETHING: %s\n' "$target" "${executions:-0}" \
      "$(grep -m 1 -E 'broken promise|ERROR:|runtime error' "$output" || echo "exit status $status")"
    tail -n 40 "$output"
    return 1
  fi
}
export -f fuzz_target
