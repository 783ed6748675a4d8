# Format and static checks. Their verdicts differ between majors of the tools, so one major counts: others skip, visibly.
# The checks of our own (scripts/lint) must first find each violation that is planted for them.
clang=14

# What is called by its name must be executable in a clone.
unready=0
for file in .ci/run scripts/*.sh bench/run bench/instructions examples/*/start.sh debian/rules debian/tests/*; do
  if [ "$(head -c 2 "$file")" = '#!' ] && [ ! -x "$file" ]; then
    echo "$file is not executable"
    unready=1
  fi
done
count $((1 - unready)) "$unready"

files=(src/*/*.?pp src/*/*/*.?pp test/*.?pp test/unit/*.?pp test/fuzz/*.?pp test/fuzz/sql/*.?pp)
if ! command -v "clang-format-$clang" >/dev/null; then
  skip "formatting: needs clang-format-$clang, which this distribution does not have"
elif "clang-format-$clang" --dry-run -Werror "${files[@]}"; then
  count 1 0
else
  count 0 1
fi

# passes COMMAND...: one check.
passes() {
  if "$@"; then count 1 0; else count 0 1; fi
}
headers=$("$PG_CONFIG" --includedir-server)
passes python3 scripts/lint/rules.py --self-test
passes python3 scripts/lint/rules.py "$headers"
passes python3 scripts/lint/messages.py --self-test
passes python3 scripts/lint/messages.py
if ! command -v "clang++-$clang" >/dev/null; then
  skip "the boundary: needs clang-$clang, which this distribution does not have"
else
  passes python3 scripts/lint/boundary.py --compiler "clang++-$clang" --server-headers "$headers" --self-test
  passes python3 scripts/lint/boundary.py --compiler "clang++-$clang" --server-headers "$headers" --cache build/boundary
fi

if ! command -v "clang-tidy-$clang" >/dev/null; then
  skip "clang-tidy: needs clang-tidy-$clang, which this distribution does not have"
  exit 0
fi

# A file is checked again only when it, a header that it includes or the rules have changed.
mkdir -p build/tidy
tidy() {
  local file=$1 mark flags=(-std=c++17 -Isrc)
  [[ $file != src/pg/* ]] || flags+=(-isystem "$("$PG_CONFIG" --includedir-server)" -Wno-register)
  mark=build/tidy/$( (echo "${flags[@]}"; cat .clang-tidy $(g++ -MM "${flags[@]}" "$file" | sed 's/^.*: //; s/\\$//')) | sha256sum)
  mark=${mark%% *}
  [ -e "$mark" ] || { "clang-tidy-$clang" --quiet "$file" -- "${flags[@]}" 2>&1 && touch "$mark"; } || {
    echo "clang-tidy refuses $file"
    return 1
  }
}
export -f tidy
export clang
if printf '%s\0' src/*/*.cpp src/*/*/*.cpp | xargs -0 -n 1 -P "$(jobs_at_once)" bash -c 'tidy "$1"' bash >"$work/tidy"; then
  count 1 0
else
  count 0 1
fi
grep -vE '^[0-9]+ warnings generated' "$work/tidy" || true
