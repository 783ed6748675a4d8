# Tokens of ours in independent implementations (jose, jsonwebtoken, node-jose and oauth4webapi, from npm), and theirs and dpop's proofs here.
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 18 ? 1 : 0)' || {
  echo "Node.js 18 or newer is needed, here it is $(node --version)"
  exit 1
}
need_cluster
install_npm_packages test/interop
cd test/interop
createdb interop
psql -X -q -d interop -c 'CREATE EXTENSION jwt_auth'
set +e
PGDATABASE=interop node --test --test-reporter=tap *.test.mjs >"$work/interop" 2>&1
status=$?
set -e
cat "$work/interop"
count "$(sed -n 's/^# pass //p' "$work/interop")" \
  "$(sed -n 's/^# fail //p' "$work/interop")" \
  "$(sed -n 's/^# skipped //p' "$work/interop")"
exit "$status"
