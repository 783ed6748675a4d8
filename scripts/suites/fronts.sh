# The fronts: PostgREST's statements replayed on its example, and the examples themselves over HTTP and in a browser.
need_cluster
install_packages() {
  cmp -s package-lock.json node_modules/.installed-from && return 0
  npm ci --no-audit --no-fund --loglevel=error
  cp package-lock.json node_modules/.installed-from
}
status=0
# run_node DIRECTORY DATABASE: the tests of that directory, on that database.
run_node() {
  (
    cd "$1"
    install_packages
    PGDATABASE=$2 node --test --test-reporter=tap *.test.mjs
  ) >"$work/fronts.$2" 2>&1 || status=1
  cat "$work/fronts.$2"
  count "$(sed -n 's/^# pass //p' "$work/fronts.$2")" "$(sed -n 's/^# fail //p' "$work/fronts.$2")" \
    "$(sed -n 's/^# skipped //p' "$work/fronts.$2")"
}

createdb postgrest_example
psql -X -q -d postgrest_example -f examples/postgrest/schema.sql
run_node test/fronts postgrest_example
for example in postgraphile web; do
  createdb "${example}_example"
  psql -X -q -d "${example}_example" -f "examples/$example/schema.sql"
  run_node "examples/$example" "${example}_example"
done
exit "$status"
