# Runs the README's tour: the ```sql blocks below the heading that has "tour" in it, in a fresh database, from top to bottom.
# A line "-- => value" says what the statement before it answers ("..." at its end: how the answer begins).
need_cluster
awk '
  /^#/          { tour = tolower($0) ~ /tour/; next }
  /^```/        { code = tour && /^```sql/; next }
  !code         { next }
  /^ *-- => /   { sub(/^ *-- => /, ""); gsub(/\\/, "\\\\"); gsub(/\047/, "\047\047"); print "\\echo \047EXPECTED " $0 "\047"; next }
                { print }
' README.md >"$work/tour.sql"
createdb tour
set +e
psql -XAtq -v ON_ERROR_STOP=1 -d tour -f "$work/tour.sql" >"$work/tour.out" 2>&1
status=$?
set -e
cat "$work/tour.sql" "$work/tour.out"
awk '
  /^EXPECTED / {
    wanted = substr($0, 10)
    holds = wanted == answer
    if (wanted ~ /\.\.\.$/) holds = index(answer, substr(wanted, 1, length(wanted) - 3)) == 1
    print (holds ? "ok" : "not ok") " " wanted (holds ? "" : "\n# answered: " answer)
    next
  }
  { answer = $0 }
' "$work/tour.out" >"$work/tour.tap"
cat "$work/tour.tap"
count_lines "$work/tour.tap" '^ok ' '^not ok ' ''
exit "$status"
