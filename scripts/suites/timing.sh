# Whether the time of what the core does with secrets depends on them (test/timing): memcheck takes the secrets for undefined.
if ! command -v valgrind >/dev/null || [ ! -e /usr/include/valgrind/memcheck.h ]; then
  skip "timing: needs valgrind and its header"
  exit 0
fi
set +e
make -C test/timing -j"$(jobs_at_once)" timing >"$work/timing" 2>&1
status=$?
set -e
cat "$work/timing"
count_lines "$work/timing" '^ok ' '^FAILED ' ''
exit "$status"
