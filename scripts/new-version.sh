#!/usr/bin/env bash
# Begins a version: freezes the install script of the present one and opens an upgrade script from it.
#   scripts/new-version.sh 1.1
# From then on a change of the SQL side goes into sql/modules and, as the same change, into the upgrade script; test/t/*upgrade*
# compares an updated database with a fresh one.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

[[ "${1:-}" =~ ^[0-9]+\.[0-9]+$ ]] || die "usage: new-version.sh MAJOR.MINOR"
next=$1
present=$(sed -n "s/^default_version = '\(.*\)'/\1/p" jwt_auth.control)
[ "$next" != "$present" ] || die "$present is the present version"
frozen=sql/jwt_auth--$present.sql
step=sql/jwt_auth--$present--$next.sql
[ ! -e "$step" ] || die "$step is there already"

cat sql/modules/*.sql >"$frozen"
{
  echo "-- jwt_auth $present to $next."
  printf '\\echo Use "ALTER EXTENSION jwt_auth UPDATE TO '\''%s'\''" to load this file. \\quit\n' "$next"
} >"$step"
sed -i "s/^default_version = .*/default_version = '$next'/" jwt_auth.control
sed -i "s|sql/jwt_auth--$present.sql|sql/jwt_auth--$next.sql|" .gitignore META.json
sed -i "/meta-spec/,\$!s|\"version\": \"$present\.[0-9]*\"|\"version\": \"$next.0\"|" META.json
sed -i "0,/^## $present\$/s//## $next\n\n## $present/" CHANGELOG.md
git add -f "$frozen" "$step" jwt_auth.control .gitignore META.json CHANGELOG.md
say "Version $next has begun. Frozen: $frozen. Write its changes into sql/modules, $step and CHANGELOG.md."
