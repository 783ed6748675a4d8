# docs/reference.md says what the catalog of a fresh installation says; every relative link in a page leads to a file, and to a
# heading in it if it names one.
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

# What a heading is called in a link to it.
headings_of() {
  awk '/^```/ { code = !code } !code && sub(/^#+ +/, "")' "$1" | tr '[:upper:]' '[:lower:]' | sed -E 's/[^a-z0-9 _-]//g; s/ /-/g'
}
# The targets of a page's links, code left out: inline, in images and in HTML.
links_of() {
  awk '/^```/ { code = !code; next } !code' "$1" | sed -E 's/`[^`]*`//g' |
    grep -oE '\]\([^) ]+\)|(src|href)="[^"]+"' | sed -E 's/^\]\(|\)$|^(src|href)="|"$//g' || true
}
good=0 bad=0
while IFS= read -r page; do
  while IFS= read -r link; do
    if [[ $link =~ ^[a-z]+: ]]; then continue; fi
    file=$(dirname "$page")/${link%%#*}
    if [[ $link == '#'* ]]; then file=$page; fi
    if [ ! -e "$file" ]; then
      printf '%s: there is no %s\n' "$page" "$link"
      bad=$((bad + 1))
    elif [[ $link == *'#'* ]] && ! headings_of "$file" | grep -xF -- "${link#*#}" >/dev/null; then
      printf '%s: %s has no heading for %s\n' "$page" "$file" "$link"
      bad=$((bad + 1))
    else
      good=$((good + 1))
    fi
  done < <(links_of "$page")
done < <(find . -name '*.md' -not -path '*/node_modules/*' -not -path './build/*')
count "$good" "$bad"
# Every page is in the index, and leads back to it.
unlinked=0
for page in docs/*.md; do
  [ "$page" != docs/README.md ] || continue
  if ! grep -qxF '[All pages](README.md)' "$page" || ! grep -qF "(${page#docs/})" docs/README.md; then
    echo "$page and docs/README.md do not link to each other"
    unlinked=$((unlinked + 1))
  fi
done
if [ "$unlinked" -eq 0 ] && grep -qF '(docs/README.md)' README.md; then count 1 0; else count 0 1; fi
# What pages call jwt_auth.something is there: a setting, a function, a relation, a type. `f` stands for any function.
psql -X -q -A -t -d reference -c "LOAD 'jwt_auth'" -c "SELECT split_part(name, '.', 2) FROM pg_settings WHERE name LIKE 'jwt\_auth.%'
  UNION SELECT proname FROM pg_proc WHERE pronamespace = 'jwt_auth'::regnamespace UNION SELECT 'f'
  UNION SELECT typname FROM pg_type WHERE typnamespace = 'jwt_auth'::regnamespace
  UNION SELECT relname FROM pg_class WHERE relnamespace = 'jwt_auth'::regnamespace" >"$work/names"
invented=$(grep -ohP '(?<![/\w-])jwt_auth\.[a-z]\w*(?!\.ya?ml)\b' README.md CHANGELOG.md docs/*.md | sort -u |
  sed -E 's/^jwt_auth\.//; s/^(auth_event)_[0-9_]+$/\1/' | grep -vxF -f "$work/names" || true)
if [ -z "$invented" ]; then count 1 0; else count 0 1; fi
printf '%s\n' "${invented:+pages name what is not there: $invented}"
# Messages are quoted as they are.
if python3 scripts/lint/quoted.py --self-test && python3 scripts/lint/quoted.py; then count 1 0; else count 0 1; fi
# And wrapped as the others are.
if python3 scripts/lint/wrapping.py --self-test && python3 scripts/lint/wrapping.py; then count 1 0; else count 0 1; fi
# docs/tokens.md and docs/keys.md name the tests that show what they say: `file: name`.
missing_tests=0
for page in docs/tokens.md docs/keys.md; do
  while IFS= read -r cited; do
    file=${cited%%: *} name=${cited#*: } found=
    for path in test/{unit,sql,t,interop,isolation/specs}/"$file"; do
      [ -e "$path" ] || continue
      case "$file" in
        *.cpp) grep -qE "^TEST(_P|_F)?\(${name%.*}, ${name#*.}\)" "$path" && found=yes ;;
        *) grep -qF -- "$name" "$path" && found=yes ;;
      esac
    done
    [ -n "$found" ] || {
      echo "$page names a test that does not exist: $cited"
      missing_tests=$((missing_tests + 1))
    }
  done < <(grep -oE '`[0-9a-z_.]+\.(cpp|sql|pl|mjs|spec): [^`]+`' "$page" | tr -d '`' | sort -u)
  # A row of its tables without a test is a promise without one.
  while IFS= read -r row; do
    echo "$page says something and names no test: $row"
    missing_tests=$((missing_tests + 1))
  done < <(awk '/^\|.*\| test \|$/ { in_table = 1; next } !/^\|/ { in_table = 0 } in_table && !/^\|---/ && !/\.(cpp|sql|pl|mjs|spec): / { print substr($0, 1, 80) }' "$page")
done
if [ "$missing_tests" -eq 0 ]; then count 1 0; else count 0 1; fi
