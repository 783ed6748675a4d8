#!/usr/bin/env bash
# Makes the release's archives from HEAD: build/release/jwt_auth-X.Y.Z.tar.gz and .zip (PGXN wants the latter), and their checksums.
# Made twice from one commit they are the same, byte for byte.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

field() { git show "HEAD:$1" | sed -n "$2" | head -n 1; }
short=$(field jwt_auth.control "s/^default_version = '\(.*\)'/\1/p")
version=$(field META.json 's/^   "version": "\(.*\)",/\1/p')
[[ "$version" == "$short".* ]] || die "META.json says $version, jwt_auth.control says $short"
git show HEAD:CHANGELOG.md | grep -x "## $short" >/dev/null || die "CHANGELOG.md has nothing about $short"
[ "$(git show HEAD:META.json | grep -c "\"version\": \"$version\"")" -ge 2 ] || die "META.json does not provide $version"
[[ "$(field debian/changelog 's/^postgresql-jwt-auth (\([^)]*\)).*/\1/p')" == "$version"-* ]] ||
  die "debian/changelog does not begin with $version"

name=jwt_auth-$version
out=build/release
mkdir -p "$out"
git archive --prefix="$name/" HEAD | gzip -9n >"$out/$name.tar.gz"
git archive --prefix="$name/" --format=zip -9 -o "$out/$name.zip" HEAD
(cd "$out" && sha256sum "$name.tar.gz" "$name.zip" | tee "$name.sha256")
