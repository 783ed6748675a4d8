# docs/reference.md says what the catalog of a fresh installation says.
need_cluster
createdb reference
psql -X -q -d reference -c 'CREATE EXTENSION jwt_auth'
bash scripts/reference.sh --print reference >"$work/reference.md"
if diff -u docs/reference.md "$work/reference.md"; then
  count 1 0
else
  echo 'docs/reference.md differs from the catalog: run scripts/reference.sh'
  count 0 1
fi
