# Format and static checks. Their verdicts differ between majors of the tools, so one major counts: others skip, visibly.
clang=14

files=(src/*/*.?pp test/unit/*.?pp test/fuzz/*.?pp)
if command -v "clang-format-$clang" >/dev/null; then
  set +e
  "clang-format-$clang" --dry-run -Werror "${files[@]}"
  [ $? -eq 0 ] && count 1 0 || count 0 1
  set -e
else
  skip "formatting: needs clang-format-$clang, which this distribution does not have"
fi

if ! command -v "clang-tidy-$clang" >/dev/null; then
  skip "clang-tidy: needs clang-tidy-$clang, which this distribution does not have"
  exit 0
fi

# A file is checked again only when it, a header or the rules have changed.
headers=$(cat .clang-tidy src/*/*.hpp | sha256sum)
includes=$("$PG_CONFIG" --includedir-server)
mkdir -p build/tidy
tidy() {
  local file=$1 mark flags=(-std=c++17 -Isrc)
  [[ $file != src/pg/* ]] || flags+=(-isystem "$includes" -Wno-register)
  mark=build/tidy/$( (printf '%s %s' "$headers" "$includes"; cat "$file") | sha256sum | cut -c 1-40)
  [ -e "$mark" ] || { "clang-tidy-$clang" --quiet "$file" -- "${flags[@]}" && touch "$mark"; }
}
export -f tidy
export clang headers includes
printf '%s\0' src/*/*.cpp | xargs -0 -n 1 -P "$(jobs_at_once)" bash -c 'tidy "$1" || { echo "clang-tidy: $1"; exit 1; }' bash
count 1 0
