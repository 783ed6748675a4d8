# Whether the unit tests notice a dozen faults in the rules of sessions, drawn by JWT_AUTH_MUTATION_SEED (random). What is known to change
# nothing is not planted (test/unit/unseen_faults.txt).
seed=${JWT_AUTH_MUTATION_SEED:-$RANDOM}
say "seed $seed"
set +e
python3 scripts/mutate.py --sample 12 --seed "$seed" src/session >"$work/mutation" 2>&1
set -e
cat "$work/mutation"
[[ $(tail -n 1 "$work/mutation") =~ :\ ([0-9]+)\ noticed,\ ([0-9]+)\ survived,\ ([0-9]+)\ ran ]] || {
  count 0 1
  exit 1
}
count "${BASH_REMATCH[1]}" $((BASH_REMATCH[2] + BASH_REMATCH[3]))
