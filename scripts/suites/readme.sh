# Runs the tours of the README and of the pages in docs: the ```sql blocks below a heading that has "tour" in it, each page in a
# fresh database, from top to bottom. The cookbook is one tour.
# A line "-- => value" says what the statement before it answers ("..." at its end: how the answer begins).
need_cluster
status=0
for page in README.md docs/*.md; do
  tour=tour_$(basename "$page" .md | tr -c 'a-zA-Z\n' _)
  awk '
    NR == 1       { whole = /^# Cookbook/ }
    /^```/        { code = tour && /^```sql/; next }
    !code && /^#/ { tour = whole || tolower($0) ~ /tour/ }
    !code         { next }
    /^ *-- => /   { sub(/^ *-- => /, ""); gsub(/\\/, "\\\\"); gsub(/\047/, "\047\047"); print "\\echo \047EXPECTED " $0 "\047"; next }
                  { print }
  ' "$page" >"$work/$tour.sql"
  [ -s "$work/$tour.sql" ] || continue
  createdb "$tour"
  set +e
  psql -XAtq -v ON_ERROR_STOP=1 -d "$tour" -f "$work/$tour.sql" >"$work/$tour.out" 2>&1 || status=1
  set -e
  cat "$work/$tour.sql" "$work/$tour.out"
  awk '
    /^EXPECTED / {
      wanted = substr($0, 10)
      holds = wanted == answer
      if (wanted ~ /\.\.\.$/) holds = index(answer, substr(wanted, 1, length(wanted) - 3)) == 1
      print (holds ? "ok" : "not ok") " " wanted (holds ? "" : "\n# answered: " answer)
      next
    }
    # A line of a plan is indented.
    { answer = $0; sub(/^ +/, "", answer) }
  ' "$work/$tour.out" >"$work/$tour.tap"
  cat "$work/$tour.tap"
  count_lines "$work/$tour.tap" '^ok ' '^not ok ' ''
done
exit "$status"
