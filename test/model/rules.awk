# Makes the model's decision from test/vectors/refresh_rules.tsv: a number for each label, and the inline decide().
# The conditions are the columns before `status`, the outcomes those from there on.
BEGIN { FS = "\t" }
/^#/ { next }
!columns {
  columns = NF
  for (i = 1; i <= NF; i++) {
    name[i] = $i
    if ($i == "status") first_outcome = i
  }
  next
}
NF != columns { printf "rules.awk: line %d has %d columns, not %d\n", NR, NF, columns >"/dev/stderr"; failed = 1; exit 1 }
{
  condition = ""
  for (i = 1; i < first_outcome; i++)
    if ($i != "*") condition = condition (condition == "" ? "" : " && ") name[i] " == " label(i, $i)
  outcome = ""
  for (i = first_outcome; i <= NF; i++) outcome = outcome " out_" name[i] " = " label(i, $i) ";"
  rule[++rules] = sprintf(":: (%s) ->%s", condition == "" ? "true" : condition, outcome)
}
END {
  if (failed || !rules) exit 1
  for (i = 1; i <= labels; i++) print "#define " defined[i] " " number[defined[i]]
  for (i = first_outcome; i <= columns; i++) print "byte out_" name[i] ";"
  printf "inline decide("
  for (i = 1; i < first_outcome; i++) printf "%s%s", (i > 1 ? ", " : ""), name[i]
  print ") {"
  for (i = 1; i <= rules; i++) printf "if\n%s\n:: else ->\n", rule[i]
  # A presentation that no rule matches is a hole in the table.
  print "assert(false)"
  for (i = 1; i <= rules; i++) print "fi"
  print "}"
}

function label(column, value, text) {
  text = toupper(name[column] "_" value)
  if (!(text in number)) {
    number[text] = ++values[column]
    defined[++labels] = text
  }
  return text
}
