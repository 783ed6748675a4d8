# The tests of the core (GoogleTest).
set +e
make -j"$(jobs_at_once)" unit PG_CONFIG="$PG_CONFIG" WERROR=-Werror >"$work/unit" 2>&1
status=$?
set -e
cat "$work/unit"
count_lines "$work/unit" '^\[       OK \]' '^\[  FAILED  \] .*\([0-9]+ ms' '^\[  SKIPPED \] .*\([0-9]+ ms'
exit "$status"
