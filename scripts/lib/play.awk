# Turns demo.sql into a psql script that shows each paragraph before it runs it. See the top of demo.sql for the notation.
BEGIN {
  RS = ""
  FS = "\n"
  columns = "status access_token access_expires_at refresh_token refresh_expires_at session_id user_id evicted_sessions"
}

function quoted(text) {
  gsub(/\\/, "\\\\\\\\", text)
  gsub(/'/, "''", text)
  return "'" text "'"
}

# The paragraph as it stands, indented. (psql substitutes no variables in a quoted argument.)
function show(i) {
  print "\\echo"
  for (i = 1; i <= NF; i++) if ($i !~ /^--!/) print "\\echo " quoted("  " $i)
}

# \gset leaves a variable unset where the column is NULL.
function defaults(name, n, i, list) {
  n = split(columns, list, " ")
  for (i = 1; i <= n; i++) {
    print "\\if :{?" name "_" list[i] "}"
    print "\\else"
    print "\\set " name "_" list[i] " ''"
    print "\\endif"
  }
}

function expect(text, condition) {
  print "SELECT demo.expect(" quoted(text) ", (" condition ")) \\g (tuples_only=on format=unaligned)"
}

/^--#/ {
  sub(/^--# /, "")
  step++
  print "\\echo"
  print "\\echo " quoted("== " step ". " $0)
  next
}

/^--\|/ {
  sub(/^--\| /, "")
  defaults($0)
  print "SELECT * FROM demo.answer(:'" $0 "_status', :'" $0 "_access_token', :'" $0 "_refresh_token', :'" $0 "_session_id') \\g (tuples_only=on)"
  next
}

/^-->/ {
  for (i = 1; i <= NF; i++) {
    line = $i
    sub(/^--> /, "", line)
    colon = index(line, ": ")
    expect(substr(line, 1, colon - 1), substr(line, colon + 2))
  }
  next
}

/^--!/ {
  show()
  code = substr($1, 5)
  print "\\set ON_ERROR_STOP off"
  for (i = 2; i <= NF; i++) print $i
  print "\\set refused_with :SQLSTATE"
  print "\\set ON_ERROR_STOP on"
  expect("refused with " code, ":'refused_with' = '" code "'")
  next
}

NR > 1 {
  show()
  print
}
