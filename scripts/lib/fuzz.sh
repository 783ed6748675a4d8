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

# make_fuzzers [-fast]: with the sanitizers; -fast: also without them.
make_fuzzers() {
  make -C test/fuzz -j"$(jobs_at_once)" CLANGXX="$clangxx" all
  [ -z "${1:-}" ] || make -C test/fuzz -j"$(jobs_at_once)" CLANGXX="$clangxx" FAST=yes all
  make -C test/fuzz CLANGXX="$clangxx" seeds
  add_kept_corpus
}
# What earlier runs found worth keeping (test/fuzz/corpus) is among the seeds.
add_kept_corpus() {
  local file
  for file in test/fuzz/corpus/*.txt; do
    perl test/fuzz/corpus.pl unpack "$file" "build/fuzz/seeds/$(basename "$file" .txt)"
  done
}
fuzz_targets() { make -s -C test/fuzz names; }

# fuzz_target TARGET SECONDS [-fast]: one line with what was done. What it learned is kept in build/fuzz/corpus, what it found in
# build/fuzz/finds. Fails if it found something or ran nothing. With -fast it runs without the sanitizers, and then with them what
# it learned.
fuzz_target() {
  local target=$1 seconds=$2 fast=${3:-} status=0 executions corpus=build/fuzz/corpus/$1 finds=build/fuzz/finds/$1 output=build/fuzz/$1.log
  local limits=(-max_len=4096 -timeout=20 -rss_limit_mb=2048 "-artifact_prefix=$finds/")
  mkdir -p "$corpus" "$finds"
  "build/fuzz$fast/fuzz_$target" "$corpus" "build/fuzz/seeds/$target" -dict=test/fuzz/jose.dict -max_total_time="$seconds" \
    -print_final_stats=1 "${limits[@]}" >"$output" 2>&1 || status=$?
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$output")
  if [ -n "$fast" ] && [ "$status" -eq 0 ]; then
    "build/fuzz/fuzz_$target" "$corpus" -runs=0 "${limits[@]}" >>"$output" 2>&1 || status=$?
  fi
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

# shrink_corpus TARGET: keeps of the corpus the smallest inputs that reach what all of them reach, also as lines of text in
# build/fuzz/TARGET-corpus.txt. What is small enough is committed as test/fuzz/corpus/TARGET.txt.
shrink_corpus() {
  local target=$1 corpus=build/fuzz/corpus/$1
  rm -rf "$corpus.new"
  mkdir -p "$corpus.new"
  build/fuzz/fuzz_"$target" -merge=1 -timeout=20 -rss_limit_mb=2048 "$corpus.new" "$corpus" "build/fuzz/seeds/$target" \
    >>"build/fuzz/$target.log" 2>&1 || return 1
  rm -rf "$corpus"
  mv "$corpus.new" "$corpus"
  perl test/fuzz/corpus.pl pack "$corpus" >"build/fuzz/$target-corpus.txt"
}
export -f shrink_corpus

# Which lines of the core the seeds and the corpora of these targets reach, a line for each file of src/jose and src/session.
measure_coverage() {
  local target tools=/usr/lib/llvm-${clangxx##*-}/bin directory=build/fuzz-coverage objects=() profiles=()
  make -C test/fuzz -j"$(jobs_at_once)" CLANGXX="$clangxx" COVERAGE=yes all >>"$log" 2>&1
  for target in "$@"; do
    mkdir -p "build/fuzz/corpus/$target"
    LLVM_PROFILE_FILE=$directory/$target.profraw "$directory/fuzz_$target" -runs=0 -max_len=4096 \
      "build/fuzz/corpus/$target" "build/fuzz/seeds/$target" >>"$log" 2>&1
    objects+=(-object "$directory/fuzz_$target")
    profiles+=("$directory/$target.profraw")
  done
  "$tools/llvm-profdata" merge -sparse "${profiles[@]}" -o "$directory/all.profdata"
  "$tools/llvm-cov" export -summary-only -instr-profile "$directory/all.profdata" "${objects[@]:1}" >"$directory/coverage.json"
  perl test/fuzz/coverage.pl "$repository/src/" "$directory/coverage.json"
}

# The SQL functions are fuzzed inside a single-user backend (test/fuzz/sql). Needs scripts/lib/server.sh and a server's headers.
# make_sql_fuzzer [-plain]: a library that counts what it runs, which is compiled for minutes; -plain: of the extension's own objects,
# which are there.
make_sql_fuzzer() {
  make -C test/fuzz/sql -j"$(jobs_at_once)" CLANGXX="$clangxx" PG_CONFIG="$PG_CONFIG" ${1:+PLAIN=yes} \
    "../../../build/fuzz/sql${1:-}/jwt_auth.so"
}

# prepare_sql_fuzzer [-plain]: a private server with that library, the fixtures, and the corpus in $work/fuzz/corpus.
prepare_sql_fuzzer() {
  local version kept=$repository/build/fuzz/corpus/sql
  version=$(sed -n "s/^default_version = '\(.*\)'/\1/p" jwt_auth.control)
  make -s PG_CONFIG="$PG_CONFIG" "sql/jwt_auth--$version.sql"
  copy_server
  cp jwt_auth.control "sql/jwt_auth--$version.sql" "$work/server$("$PG_CONFIG" --sharedir)/extension/"
  cp "build/fuzz/sql${1:-}/jwt_auth.so" "$work/server$("$PG_CONFIG" --pkglibdir)/"
  point_clients_here
  # The keys 1 and 2 are another server's, so that they can be handed over.
  start_cluster "shared_preload_libraries = 'jwt_auth'" "jwt_auth.user_key_range = '3..2147483647,-2147483648..0'" \
    "jwt_auth.access_token_ttl = '1d'" "jwt_auth.refresh_token_ttl = '30d'"
  psql -qXc 'CREATE EXTENSION jwt_auth' -c "SELECT jwt_auth.create_signing_key('ES256')" >/dev/null
  mkdir -p "$work/fuzz/corpus" "$work/fuzz/finds" "$kept"
  perl test/fuzz/sql/prepare.pl "$work/fuzz"
  perl test/fuzz/corpus.pl unpack test/fuzz/sql/corpus.txt "$work/fuzz/corpus"
  cp -r "$kept/." "$work/fuzz/seeds/." "$work/fuzz/corpus"
  as_server "$(server_bin)/pg_ctl" -D "$work/cluster/data" -m fast -w -s stop
  if [ "$(id -u)" -eq 0 ]; then chown -R "$server_user" "$work/fuzz"; fi
}

# in_single_user_backend SECONDS ARGUMENT...: libFuzzer with these arguments; ended if it is not done in that time.
backend_settings=()
in_single_user_backend() {
  local seconds=$1 list status=0
  shift
  printf -v list "'%s'," "$@"
  printf 'SELECT fuzz.run(ARRAY[%s])\n' "${list%,}" |
    as_server timeout -k 10 "$seconds" "$(server_bin)/postgres" --single -D "$work/cluster/data" \
      -c log_min_messages=fatal -c client_min_messages=error -c shared_preload_libraries=jwt_auth \
      "${backend_settings[@]}" postgres || status=$?
  # One that libFuzzer ended leaves it.
  rm -f "$work/cluster/data/postmaster.pid"
  return "$status"
}

# Each promise that is broken by a function planted for it must be noticed, and one that breaks none must not be.
check_sql_promises() {
  local how promise notices
  local -A promises=([internal]=XX000 [lock]='a lock is left' [message]='a secret in a message' [token]='a secret in a message'
    [path]='another search_path' [role]='another user' [accepted]='accepts what was not issued' [none]='')
  local backend_settings=(-c fuzz.planted=on)
  for how in "${!promises[@]}"; do
    promise=${promises[$how]}
    printf 'fuzz.planted(text)\0%s' "$how" >"$work/fuzz/planted"
    in_single_user_backend 60 "$work/fuzz/planted" "-artifact_prefix=$work/fuzz/planted-" -rss_limit_mb=0 >"$work/planted.log" 2>&1 || true
    notices=$(tr -d '\0' <"$work/planted.log" | sed -n 's/^broken promise: //p; s/^stat::answers/answered/p')
    if [ -n "$promise" ]; then
      [[ $notices == "$promise"* ]] || die "the planted fault '$how' is not noticed: $notices"
    else
      [[ $notices == 'answered: 1' ]] || die "a call that breaks nothing is noticed: $notices"
    fi
  done
}

# fuzz_sql SECONDS: one line with what was done, like fuzz_target.
fuzz_sql() {
  local seconds=$1 status=0 output=$repository/build/fuzz/sql.log calls
  # What would be the memory's limit for libFuzzer is watched by a thread, which a backend can't have; backend.cpp looks itself.
  in_single_user_backend $((seconds + 120)) "$work/fuzz/corpus" "-dict=$work/fuzz/words" "-max_total_time=$seconds" -max_len=2048 \
    -timeout=0 -rss_limit_mb=0 -print_final_stats=1 -reduce_inputs=1 "-artifact_prefix=$work/fuzz/finds/" >"$output" 2>&1 || status=$?
  calls=$(sed -n 's/^stat::calls: *//p' "$output")
  if [ "$status" -ne 0 ] || [ "${calls:-0}" -eq 0 ]; then
    printf '%-10s %12d executions, FOUND SOMETHING: %s\n' sql "${calls:-0}" \
      "$(grep -m 1 -E 'broken promise|ERROR:' "$output" || echo "exit status $status")"
    tail -n 40 "$output"
    mkdir -p build/fuzz/finds/sql
    cp -r "$work/fuzz/finds/." build/fuzz/finds/sql
    return 1
  fi
  printf '%-10s %12d executions, nothing found\n' sql "$calls"
}

# Of what fuzz_sql ran, the smallest inputs that reach what was reached are kept.
keep_sql_corpus() {
  local output=$repository/build/fuzz/sql.log kept=$repository/build/fuzz/corpus/sql file
  perl test/fuzz/corpus.pl list "$work/fuzz/corpus" >"$work/fuzz/control"
  if [ "$(id -u)" -eq 0 ]; then chown "$server_user" "$work/fuzz/control"; fi
  in_single_user_backend 600 -merge_inner=1 "-merge_control_file=$work/fuzz/control" -timeout=0 -rss_limit_mb=0 >>"$output" 2>&1
  rm -rf "$kept"
  mkdir -p "$kept"
  perl test/fuzz/corpus.pl choose "$work/fuzz/control" | while read -r file; do cp "$file" "$kept"; done
  perl test/fuzz/corpus.pl pack "$kept" >build/fuzz/sql-corpus.txt
}

# fuzz_sql_briefly SECONDS: without counting, beside the server of the tests.
fuzz_sql_briefly() (
  set -e
  work=$work/fuzzed
  install -d -m 755 "$work"
  trap stop_cluster EXIT
  make_sql_fuzzer -plain
  prepare_sql_fuzzer -plain
  check_sql_promises
  fuzz_sql "$1"
)
