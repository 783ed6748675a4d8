#!/usr/bin/env bash
# Builds the Debian packages for the installed majors and runs suites on what is in the package of the newest one: it is unpacked
# into the private copy of the server, nothing is installed.
#   scripts/test-package.sh                  regress, isolation, TAP and the demo
#   scripts/test-package.sh regress          only these suites
#   scripts/test-package.sh --autopkgtest    autopkgtest(1) installs the packages into this system and runs their own tests
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
source scripts/lib/packages.sh
source scripts/lib/server.sh

autopkgtest=
if [ "${1:-}" = --autopkgtest ]; then
  autopkgtest=yes
  [ "$(id -u)" -eq 0 ] || die "only root can install packages"
fi

need_to_build
need_command dpkg-buildpackage dpkg-dev
need_command dh debhelper
need_command fakeroot fakeroot
need_file '/usr/share/perl5/Debian/Debhelper/Sequence/pgxs_loop.pm' postgresql-server-dev-all
if [ -n "$autopkgtest" ]; then need_command autopkgtest autopkgtest; fi
install_missing

major=$("$PG_CONFIG" --version | sed 's/^[^0-9]*\([0-9]*\).*/\1/')
out=$repository/build/package
rm -rf "$out"
mkdir -p "$out/source"
# From what git knows, so that nothing built here gets in.
git ls-files -z | tar -cf - --null -T - | tar -xf - -C "$out/source"
build_packages() {
  cd "$out/source"
  # The tests follow below, on the package.
  PG_SUPPORTED_VERSIONS=installed DEB_BUILD_OPTIONS="nocheck parallel=$(jobs_at_once)" dpkg-buildpackage -us -uc -b -d
}
quietly "Building the Debian packages" build_packages
for package in "$out"/*.deb; do say "    $(basename "$package")"; done
package=$(echo "$out/postgresql-$major-jwt-auth"_*.deb)
[ -e "$package" ] || die "no package for PostgreSQL $major was built"

if [ -n "$autopkgtest" ]; then
  status=0
  # 2 and 8 say that tests were skipped, or that there are none.
  autopkgtest "$out"/*.deb "$out/source/" -- null 2>&1 | tee "$out/autopkgtest.log" || status=$?
  passed=$(grep -cE '^(test +[^ ]+ +\.\.\. ok|ok [0-9]+)' "$out/autopkgtest.log") || status=1
  failed=$(grep -cE '^(test +[^ ]+ +\.\.\. FAILED|not ok [0-9]+)' "$out/autopkgtest.log") || true
  if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi
  say "$passed passed, $failed failed"
  exit "$status"
fi

[ $# -gt 0 ] || set -- regress isolation tap demo
JWT_AUTH_PACKAGE=$package exec bash scripts/test.sh "$@"
