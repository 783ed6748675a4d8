# The benchmark works (what it measures in a moment says nothing), and no hot path takes more instructions than it used to.
source bench/lib.sh
make -C bench micro
need_cluster
psql -X -q -v ON_ERROR_STOP=1 -c "CREATE DATABASE bench" \
  -c "ALTER DATABASE bench SET jwt_auth.issuer = 'https://auth.example.com'" \
  -c "ALTER DATABASE bench SET jwt_auth.audience = 'api.example.com'"
export PGDATABASE=bench
psql -X -q -v ON_ERROR_STOP=1 -c "CREATE EXTENSION jwt_auth"
python3 bench/harness/main.py --short --out "$work/bench" --micro build/bench/micro --rounds 1 --calls 80 --clients 2 --micro-rounds 1 \
  --micro-seconds 0.001 --users 500 --revocable 40 --samples 50 --stages micro,tokens,checks,sessions
count 1 0
export PGDATABASE=postgres

if ! command -v valgrind >/dev/null; then
  skip "instruction counts: need valgrind"
  exit 0
fi
if ! server_runs_under_valgrind; then
  skip "instruction counts: valgrind does not know an instruction of this server: $(grep -m 1 -E 'Illegal opcode|unhandled instruction' "$work/under-valgrind")"
  exit 0
fi
count_instructions "$work/counted.tsv"
status=0
python3 bench/harness/instructions.py compare bench/instructions.tsv "$work/counted.tsv" >"$work/compared" || status=$?
cat "$work/compared"
if [ "$status" -eq 3 ]; then
  skip "instruction counts: $(cat "$work/compared"); bench/instructions --update makes them"
else
  count "$(grep -cvE 'grown|not counted' "$work/compared" || true)" "$(grep -cE 'grown|not counted' "$work/compared" || true)"
fi
