# The model of the session protocol: test/model has the Promela, spin makes a program of it that visits every state.

need_to_model() {
  need_command spin spin
  need_command gcc gcc
  need_command awk mawk
}

# model_checks KINDS...: the lines of test/model/checks.tsv of these kinds, without its head.
model_checks() {
  awk -F '\t' -v kinds=" $* " '!/^#/ && index(kinds, " " $1 " ")' test/model/checks.tsv
}

# check_model LINE SECONDS [larger]: asks one line of checks.tsv, prints what came of it, and fails unless it is as the line says.
check_model() {
  local kind model definitions larger breaks what directory seconds=$2 status=0 output states broke verdict optimize=-O0 table=20
  IFS=$'\x1f' read -r kind model definitions larger breaks what <<<"${1//$'\t'/$'\x1f'}"
  if [ "${3:-}" = larger ]; then definitions="$definitions $larger" optimize=-O2 table=26; fi
  directory=build/model/$(printf '%s %s' "$model" "$definitions" | cksum | cut -d ' ' -f 1)
  mkdir -p "$directory"
  output=$directory/output
  make_model "$model" "$definitions" "$directory" "$optimize" >"$output" 2>&1 || status=$?
  if [ "$status" -eq 0 ]; then
    (cd "$directory" && timeout -s INT "$seconds" ./pan -m1000000 "-w$table") >"$output" 2>&1 || status=$?
  fi
  states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored$/\1/p' "$output")
  # What broke: the name of a promise (see test/model/promise.pml), another assertion as it is written, or `invalid end state`.
  broke=$(sed -n 's/^pan:1: *\(assertion violated *\)\{0,1\}\(.*\) (at depth [0-9]*)$/\2/p' "$output")
  if [ -n "$broke" ]; then
    verdict=fails
  elif grep -q 'errors: 0$' "$output" && ! grep -qiE 'too small|interrupted|not completed|truncated|out of memory' "$output"; then
    verdict=holds
  else
    verdict=unknown
  fi
  case $kind-$verdict${broke:+-$broke} in
    promise-holds) printf 'ok      %-8s %s (%s states)\n' "$model" "$what" "$states" ;;
    fault-fails-"$breaks" | beyond-fails-"$breaks") printf 'ok      %-8s %s\n' "$model" "$what" ;;
    *-unknown)
      printf 'UNKNOWN %-8s %s (%s states, %s)\n' "$model" "$what" "${states:-no}" "$definitions"
      tail -n 5 "$output" | sed 's/^/        /'
      return 1
      ;;
    *)
      printf 'FAILED  %-8s %s: it %s%s (%s)\n' "$model" "$what" "$verdict" "${broke:+, $broke}${breaks:+, not $breaks}" "$definitions"
      if [ "$verdict" = fails ]; then (cd "$directory" && spin -t -p -g -l model.pml | tail -n 60 | sed 's/^/        /'); fi
      return 1
      ;;
  esac
}

# make_model MODEL DEFINITIONS DIRECTORY OPTIMIZATION: compiles the program that visits its states. A later definition of a size replaces an earlier.
make_model() {
  local -A sizes=()
  local definition flags=()
  for definition in $2; do sizes[${definition%%=*}]=$definition; done
  for definition in "${sizes[@]}"; do flags+=("-D$definition"); done
  awk -f test/model/rules.awk test/vectors/refresh_rules.tsv >"$3/rules.pml"
  gcc -E -P -x c "${flags[@]}" -I "$3" "test/model/$1.pml" >"$3/model.pml"
  (
    cd "$3"
    rm -f model.pml.trail
    spin -a model.pml
    gcc "$4" -w -DSAFETY -DNOFAIR -DCOLLAPSE -o pan pan.c
  )
}
export -f check_model make_model
