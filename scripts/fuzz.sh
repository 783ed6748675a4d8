#!/usr/bin/env bash
# Fuzzes the core: builds the targets of test/fuzz with the sanitizers and runs each for a while, as many at once as there are
# processors. Prints the executions of each and of all; an input that breaks something is kept in build/fuzz/finds.
#   scripts/fuzz.sh                    a minute for each target
#   scripts/fuzz.sh 3600               an hour for each
#   scripts/fuzz.sh 600 jws jwe        only these
#   scripts/fuzz.sh --fast 3600        without the sanitizers, several times as many; then the kept corpus once with them
#   scripts/fuzz.sh --coverage         which lines of the core the seeds and the kept corpora reach, by file
#   scripts/fuzz.sh 600 sql            the SQL functions, in a single-user backend (the first time, it compiles for minutes)
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
source scripts/lib/packages.sh
source scripts/lib/server.sh
source scripts/lib/fuzz.sh

coverage='' fast=''
case ${1:-} in
  --coverage)
    coverage=yes
    shift
    set -- 0 "$@"
    ;;
  --fast)
    fast=-fast
    shift
    ;;
esac
seconds=${1:-60}
[[ $seconds =~ ^[0-9]+$ ]] || die "usage: fuzz.sh [--fast] [SECONDS_PER_TARGET] [TARGET...]"
shift || true
need_command make make
need_file '/usr/include/openssl/evp.h' libssl-dev
need_file '/usr/include/nlohmann/json.hpp' nlohmann-json3-dev
need_to_fuzz
if [[ " $* " == *' sql '* ]]; then
  need_to_build
  need_command perl perl
fi
if [ -n "$coverage" ]; then need_file '/usr/lib/llvm-*/bin/llvm-cov' llvm; fi
install_missing
choose_fuzzing_compiler
[ -n "$clangxx" ] || die "a clang with libFuzzer is needed: apt-get install clang libclang-rt-dev"

targets=("$@")
[ "${#targets[@]}" -gt 0 ] || read -ra targets <<<"$(fuzz_targets)"
core=()
for target in "${targets[@]}"; do
  [ "$target" = sql ] || core+=("$target")
done
if [ -n "$coverage" ]; then
  quietly "Building the targets with $clangxx" make_fuzzers
  measure_coverage "${core[@]}"
  exit 0
fi
results=$(mktemp)
trap 'rm -f "$results"; cleanup' EXIT
status=0
if [ "${#core[@]}" -gt 0 ]; then
  quietly "Building the targets with $clangxx" make_fuzzers "$fast"
  printf '%s\n' "${core[@]}" | xargs -P "$(jobs_at_once)" -I '{}' bash -c "fuzz_target {} $seconds $fast" | tee "$results" || status=1
  printf '%s\n' "${core[@]}" | xargs -P "$(jobs_at_once)" -I '{}' bash -c 'shrink_corpus {}' || status=1
fi
if [ "${#core[@]}" -lt "${#targets[@]}" ]; then
  choose_server_user
  make_work_directory
  quietly "Building the extension with $clangxx" make_sql_fuzzer
  quietly "Preparing the functions' server" prepare_sql_fuzzer
  quietly "Breaking each promise, which must be noticed" check_sql_promises
  if fuzz_sql "$seconds" | tee -a "$results"; then keep_sql_corpus; else status=1; fi
fi
awk '/ executions, / { total += $2; if (/FOUND/) found++ }
     END { printf "%-10s %12d executions, %d of the targets found something\n", "total", total, found }' "$results"
exit "$status"
