# The tests of the core under the sanitizers (scripts/sanitize.sh). A find ends the program.
set +e
make -j"$(jobs_at_once)" -C test/unit unit SANITIZE=1 >"$work/unit" 2>&1
status=$?
set -e
cat "$work/unit"
count_lines "$work/unit" '^\[       OK \]' '^\[  FAILED  \] .*\([0-9]+ ms|ERROR: AddressSanitizer|runtime error: ' ''
exit "$status"
