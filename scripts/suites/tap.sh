# Two files at a time, for each waits for servers and clocks half of its time. The last files come first, since the longest are among
# them. JWT_AUTH_TAP='106* 12[78]*' runs those of these names alone.
source scripts/lib/tap.sh
copy_test_files
read -ra names <<<"${JWT_AUTH_TAP:-*}"
files=()
for name in "${names[@]}"; do
  files+=("$test_files"/test/t/$name.pl)
done
run_tap 2 "${files[@]}"
