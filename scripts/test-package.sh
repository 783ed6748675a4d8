#!/usr/bin/env bash
# Builds the Debian packages for the installed majors and runs suites on what is in the package of the newest one: it is unpacked
# into the private copy of the server, nothing is installed.
#   scripts/test-package.sh                  regress, isolation, TAP and the demo
#   scripts/test-package.sh regress          only these suites
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
source scripts/lib/packages.sh
source scripts/lib/server.sh

need_to_build
need_command dpkg-buildpackage dpkg-dev
need_command dh debhelper
need_command fakeroot fakeroot
need_file '/usr/share/perl5/Debian/Debhelper/Sequence/pgxs_loop.pm' postgresql-server-dev-all
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

[ $# -gt 0 ] || set -- regress isolation tap demo
JWT_AUTH_PACKAGE=$package exec bash scripts/test.sh "$@"
