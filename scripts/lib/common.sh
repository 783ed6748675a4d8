# What every script here begins with: source it first. Sets $repository, $log and $work, and cleans up when the script ends.
set -euo pipefail
shopt -s nullglob
export LC_ALL=C.UTF-8 LANG=C.UTF-8 PGCLIENTENCODING=UTF8

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
cd "$repository"
mkdir -p build/log
log=$repository/build/log/$(basename "$0" .sh).log
: >"$log"

say() { printf '%s\n' "$*"; }
die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}
jobs_at_once() { nproc 2>/dev/null || echo 2; }

# quietly WHAT COMMAND...: one line on the screen, the output in the log; shows the end of the log and stops if it fails.
quietly() {
  local what=$1 start=$SECONDS status
  shift
  printf '%-62s ' "$what"
  printf '\n== %s\n' "$what" >>"$log"
  # A condition (if, ||) would switch errexit off inside the command, hence this way.
  set +e
  (
    set -e
    "$@"
  ) >>"$log" 2>&1 </dev/null
  status=$?
  set -e
  if [ "$status" -ne 0 ]; then
    printf 'failed\n\n'
    grep -vE '^(g\+\+|gcc|cc) ' "$log" | tail -n 40 | cut -c 1-300 >&2
    die "that failed; the whole output is in $log"
  fi
  printf 'done, %d s\n' $((SECONDS - start))
}

# The throwaway directory: everything that runs, runs from there, for the clone may be unreadable to the server's user.
# What is removed in the end is only what was made here, whatever a script sets $work to.
work='' made_work=''
make_work_directory() {
  work=$(mktemp -d "${TMPDIR:-/tmp}/jwt_auth.XXXXXX")
  made_work=$work
  chmod 755 "$work"
}

keep_work_directory=
cleanup() {
  if [ -n "$made_work" ] && [ -z "$keep_work_directory" ]; then
    stop_cluster || true
    rm -rf "$made_work"
  fi
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
