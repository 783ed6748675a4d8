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

# docs/tokens.md names the tests that show what it says: `file: name`.
missing_tests=0
while IFS= read -r cited; do
  file=${cited%%: *} name=${cited#*: } found=
  for path in test/{unit,sql,t,interop}/"$file"; do
    [ -e "$path" ] || continue
    case "$file" in
      *.cpp) grep -qE "^TEST(_P|_F)?\(${name%.*}, ${name#*.}\)" "$path" && found=yes ;;
      *) grep -qF -- "$name" "$path" && found=yes ;;
    esac
  done
  [ -n "$found" ] || {
    echo "docs/tokens.md names a test that does not exist: $cited"
    missing_tests=$((missing_tests + 1))
  }
done < <(grep -oE '`[0-9a-z_.]+\.(cpp|sql|pl|mjs): [^`]+`' docs/tokens.md | tr -d '`' | sort -u)
# A row of its tables without a test is a promise without one.
while IFS= read -r row; do
  echo "docs/tokens.md says something and names no test: $row"
  missing_tests=$((missing_tests + 1))
done < <(awk '/^\|.*\| test \|$/ { in_table = 1; next } !/^\|/ { in_table = 0 } in_table && !/^\|---/ && !/\.(cpp|sql|pl|mjs): / { print substr($0, 1, 80) }' docs/tokens.md)
if [ "$missing_tests" -eq 0 ]; then count 1 0; else count 0 1; fi
