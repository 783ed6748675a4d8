# The fronts: PostgREST's statements replayed on its example, and the examples themselves over HTTP and in a browser.
need_cluster
status=0
# run_node DIRECTORY DATABASE: the tests of that directory, on that database, one file after the other.
run_node() {
  (
    install_npm_packages "$1"
    cd "$1"
    PGDATABASE=$2 node --test --test-concurrency=1 --test-reporter=tap *.test.mjs
  ) >"$work/fronts.$2" 2>&1 || status=1
  cat "$work/fronts.$2"
  count "$(sed -n 's/^# pass //p' "$work/fronts.$2")" "$(sed -n 's/^# fail //p' "$work/fronts.$2")" \
    "$(sed -n 's/^# skipped //p' "$work/fronts.$2")"
}

createdb postgrest_example
psql -X -q -d postgrest_example -f examples/postgrest/schema.sql
run_node test/fronts postgrest_example
for example in postgraphile web verifier phone gateway; do
  createdb "${example}_example"
  psql -X -q -d "${example}_example" -f "examples/$example/schema.sql"
  run_node "examples/$example" "${example}_example"
done

# start_as_a_newcomer EXAMPLE SAYS CHECK...: by the one command of its README, in a directory where it must leave nothing behind.
# SAYS is an expression for the line that says where it is, by its first group; CHECK is called with that.
start_as_a_newcomer() {
  local example=$1 says=$2 said=$work/fronts.start_$1 home=$work/home_$1 group where= ok=0
  shift 2
  mkdir -m 755 "$home"
  : >"$said"
  PORT=0 TMPDIR=$home setsid "examples/$example/start.sh" >"$said" 2>&1 </dev/null &
  group=$!
  for _ in $(seq 600); do
    where=$(sed -nE "s|$says|\\1|p" "$said")
    if [ -n "$where" ] || ! kill -0 "$group"; then break; fi
    sleep 1
  done
  if [ -n "$where" ] && "$@" "$where" && grep -qx " *examples/$example/start.sh" "examples/$example/README.md"; then ok=1; fi
  kill -TERM -- "-$group" || ok=0
  wait "$group" || true
  rmdir "$home" || ok=0
  cat "$said"
  count "$ok" "$((1 - ok))"
  [ "$ok" -eq 1 ] || status=1
}
answers() { node -e 'fetch(process.argv[2], JSON.parse(process.argv[1])).then((r) => process.exit(r.ok ? 0 : 1))' "$@"; }
answers_nobody() { node -e 'fetch(process.argv[1] + "/resource").then((r) => process.exit(r.status === 401 ? 0 : 1))' "$@"; }
# grep reads it all: with -q it would end the program before its last line.
phone_logs_in() { node examples/phone/demo.mjs "$1" | grep -x 'log-in: ok' >/dev/null; }
reads_configuration() { psql -X -q "$1" -c 'SELECT jwt_auth.pre_config()'; }

start_as_a_newcomer web '^Open (http://.*)' answers '{}'
start_as_a_newcomer postgraphile '^POST queries to (http://.*)' answers \
  '{"method": "POST", "headers": {"content-type": "application/json"}, "body": "{\"query\": \"{ myId }\"}"}'
start_as_a_newcomer verifier '^Ask (http://[^ ]*)/resource .*' answers_nobody
start_as_a_newcomer phone '^The service is at (http://[^;]*);.*' phone_logs_in
start_as_a_newcomer gateway '^nginx is at (http://[^,]*), Apache at .*' answers_nobody
start_as_a_newcomer postgrest "^ +PGRST_DB_URI='([^']*)' postgrest .*" reads_configuration
exit "$status"
