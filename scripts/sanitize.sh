#!/usr/bin/env bash
# The tests under the address and undefined-behaviour sanitizers: those of the core, then the regression tests on a server that
# has the extension built with them and the sanitizer's library preloaded. Prints what ran and what was found.
#   scripts/sanitize.sh                       on this machine
#   scripts/sanitize.sh unit                  only the tests of the core; "regress": only the server's
#   scripts/sanitize.sh --root DIRECTORY ...  the same in a root that scripts/test-matrix.sh made, from a clone of HEAD (needs root)
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

if [ "${1:-}" = --root ]; then
  root=${2:?which root}
  shift 2
  [ "$(id -u)" -eq 0 ] || die "only root can enter a root"
  source scripts/lib/roots.sh
  exec 9>"${root%/}.lock"
  flock -n 9 || die "$root is in use"
  share_the_way_outside "$root"
  bundle=$(mktemp)
  trap 'rm -f "$bundle"' EXIT
  git bundle create -q "$bundle" HEAD
  cp "$bundle" "$root/tmp/jwt_auth.bundle"
  rm -rf "$root/root/jwt_auth"
  in_root "$root" git -c advice.detachedHead=false clone -q /tmp/jwt_auth.bundle /root/jwt_auth
  status=0
  in_root "$root" bash -c 'cd /root/jwt_auth && exec bash "$@"' bash scripts/sanitize.sh "$@" || status=$?
  exit "$status"
fi

source scripts/lib/packages.sh
source scripts/lib/server.sh
source scripts/lib/suites.sh
what=("$@")
[ "${#what[@]}" -gt 0 ] || what=(unit regress)

need_to_build
need_file '/usr/include/gtest/gtest.h' libgtest-dev
need_command prove perl
install_missing
choose_server_user
make_work_directory
say "Sanitizing on $("$PG_CONFIG" --version), $(g++ --version | head -n 1)"

for one in "${what[@]}"; do
  case "$one" in
    unit) run_suite sanitized_unit ;;
    regress) run_suite sanitized_regress ;;
    *) die "usage: sanitize.sh [--root DIRECTORY] [unit] [regress]" ;;
  esac
done
finish
