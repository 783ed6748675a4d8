# The regression tests on a server with the sanitizers' libraries preloaded (scripts/sanitize.sh). The extension is built in a
# copy: what is built beside its sources stays as it is.
mkdir "$work/sanitized"
tar -cf - --exclude=node_modules --exclude=./build --exclude=./.git --exclude='*.o' --exclude='*.so' . | tar -xf - -C "$work/sanitized"
flags='-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -O1 -g'
(
  cd "$work/sanitized"
  make -j"$(jobs_at_once)" PG_CONFIG="$PG_CONFIG" SANITIZE="$flags" WERROR=-Werror
  install_privately SANITIZE="$flags" WERROR=-Werror
)
point_clients_here

# The first thing that the program does is an allocation, for with that the sanitizer's library prepares itself. Else, on Debian 12,
# it is prepared by an allocation that glibc makes with the lock of its message catalogs held (libgpg-error calls bindtextdomain when
# it is loaded), asks dlsym() for a symbol that is not there, and the text of that error waits for the same lock for ever.
cat >"$work/first.c" <<'C'
#include <stdlib.h>
__attribute__((constructor)) static void allocate_first(void) { free(malloc(1)); }
C
gcc -O0 -shared -fPIC -Wl,-z,initfirst -o "$work/first.so" "$work/first.c"

# Leaks are not asked for: a server forgets what it ends with. Stacks stay where the server can measure them.
mkdir "$work/reports"
chmod 777 "$work/reports"
server_environment=(
  LD_PRELOAD="$(g++ -print-file-name=libasan.so) $(g++ -print-file-name=libubsan.so) $work/first.so"
  ASAN_OPTIONS="detect_leaks=0:detect_stack_use_after_return=0:abort_on_error=1:log_path=$work/reports/address"
  UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1:log_path=$work/reports/undefined"
)
start_cluster
grep -q libasan "/proc/$(head -n 1 "$work/cluster/data/postmaster.pid")/maps" || {
  echo 'the server runs without the sanitizer'
  exit 1
}
nm -D "$work/server$("$PG_CONFIG" --pkglibdir)/jwt_auth.so" >"$work/symbols"
grep -q __asan_report_load "$work/symbols" || {
  echo 'the extension was built without the sanitizer'
  exit 1
}
# What the sanitizers wrote counts beside what the tests say.
(source scripts/suites/regress.sh) && status=0 || status=$?
for report in "$work"/reports/*; do
  cat "$report"
  count 0 1
done
exit "$status"
