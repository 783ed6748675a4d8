#!/usr/bin/env bash
# Runs the whole suite on every PostgreSQL major that a Debian release has, each from a clean clone of HEAD in a root of that
# release, and prints a table. Needs root and debootstrap. Roots are kept with what the suite installs into them, so that the next
# run is quick.
#   scripts/test-matrix.sh                    all majors
#   scripts/test-matrix.sh 17 18              these
#   scripts/test-matrix.sh --fresh 17         makes the root anew
#   scripts/test-matrix.sh 15 -- unit regress only these suites; JWT_AUTH_TAP='106*' before it: of tap, only these files
#   scripts/test-matrix.sh --package          builds the Debian package there and tests what is in it
#   scripts/test-matrix.sh --autopkgtest      builds it, and autopkgtest(1) installs it and runs its tests, in a copy of the root
#   scripts/test-matrix.sh --pg-upgrade 17    pg_upgrade there, from the major of the oldest release (test/t/135_pg_upgrade.pl), in a copy
# JWT_AUTH_ROOTS says where the roots are kept (/var/cache/jwt_auth/roots).
#
# Two more forms need no root. They build PostgreSQL from the source of this distribution's package, made to find mistakes with memory
# (scripts/lib/source_server.sh), keep it in JWT_AUTH_SERVERS (/var/cache/jwt_auth/servers), and test a clean clone of HEAD on it.
#   scripts/test-matrix.sh cassert [SUITE...]   regress, isolation and tap with assertions
#   scripts/test-matrix.sh valgrind             regress under valgrind; takes about an hour. JWT_AUTH_REGRESS='audit jws' before
#                                               it: only these tests; JWT_AUTH_ORIGINS=yes: says where bad values come from, and
#                                               takes twice as long
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
if [[ ${1:-} == cassert || ${1:-} == valgrind ]]; then
  source scripts/lib/packages.sh
  source scripts/lib/source_server.sh
  form=$1
  shift
  suites=("$@")
  if [ "$form" = valgrind ]; then
    suites=(valgrind_regress)
  elif [ "${#suites[@]}" -eq 0 ]; then
    suites=(regress isolation tap)
  fi
  need_to_build
  need_to_build_server
  install_missing
  make_source_server "$("$PG_CONFIG" --version | sed 's/^[^0-9]*\([0-9]*\).*/\1/')" "$form"
  clone_for_source_server
  cd "$servers/jwt_auth"
  exec bash scripts/test.sh "${suites[@]}"
fi
source scripts/lib/roots.sh

fresh='' in_copy='' old='' wanted=() suites=() command=(scripts/test.sh)
while [ $# -gt 0 ]; do
  case "$1" in
    --fresh) fresh=yes ;;
    --package) command=(scripts/test-package.sh) ;;
    --autopkgtest) command=(scripts/test-package.sh --autopkgtest) in_copy=yes ;;
    --pg-upgrade) command=(-c 'PG_CONFIG=$oldinstall/bin/pg_config bash scripts/install.sh && git clean -dfqx &&
      JWT_AUTH_TAP="135*" exec bash scripts/test.sh tap') in_copy=yes old=$(awk '{ print $1; exit }' <<<"$majors") ;;
    --) shift && suites=("$@") && break ;;
    [0-9]*) wanted+=("$1") ;;
    *) die "usage: test-matrix.sh [--fresh] [--package | --autopkgtest | --pg-upgrade] [MAJOR...] [-- SUITE...]" ;;
  esac
  shift
done
[ "$(id -u)" -eq 0 ] || die "only root can make a root"
command -v debootstrap >/dev/null || die "debootstrap is needed: apt-get install debootstrap"
[ "${#wanted[@]}" -gt 0 ] || read -ra wanted <<<"$(awk '{ printf "%s ", $1 }' <<<"$majors")"

roots=${JWT_AUTH_ROOTS:-/var/cache/jwt_auth/roots}
mkdir -p "$roots"
bundle=$(mktemp)
copy=
trap 'rm -rf "$bundle" "$copy"' EXIT
git bundle create -q "$bundle" HEAD

clone_into() {
  rm -rf "$1/root/jwt_auth"
  cp "$bundle" "$1/tmp/jwt_auth.bundle"
  in_root "$1" git -c advice.detachedHead=false clone -q /tmp/jwt_auth.bundle /root/jwt_auth
}

# The server of another release beside that of the root.
add_old_server() {
  sed -n "s/^\(deb [^ ]* \)$2 \(main\).*/\1$(release_of "$old") \2/p" "$1/etc/apt/sources.list" >"$1/etc/apt/sources.list.d/old.list"
  in_root "$1" apt-get update
  in_root "$1" apt-get install -y --no-install-recommends "postgresql-$old" "postgresql-server-dev-$old"
}

versions_in() {
  in_root "$1" bash -c '
    printf "%s|" "$(/usr/lib/postgresql/'"$2"'/bin/postgres --version | sed "s/^[^0-9]*\([^ ]*\).*/\1/")"
    printf "%s|" "$(g++ -dumpfullversion 2>/dev/null)"
    printf "%s|" "$(dpkg-query -W -f "\${Version}" libssl-dev 2>/dev/null | sed "s/-.*//")"
    printf "%s" "$(sed -n "s/^#define NLOHMANN_JSON_VERSION_[A-Z]* \([0-9]*\).*/\1/p" /usr/include/nlohmann/detail/abi_macros.hpp \
                    /usr/include/nlohmann/json.hpp 2>/dev/null | head -n 3 | paste -sd.)"'
}

report=() status=0
for major in "${wanted[@]}"; do
  release=$(release_of "$major")
  root=$roots/$major-$release
  exec 9>"$root.lock"
  flock -n 9 || die "$root is in use"
  if [ -n "$fresh" ] || [ ! -d "$root" ]; then
    quietly "PostgreSQL $major: making a root of $release" make_server_root "$root" "$major" "postgresql-server-dev-$major"
  fi
  share_the_way_outside "$root"
  if [ -n "$in_copy" ]; then
    copy=$roots/copy-$major-$release
    rm -rf "$copy"
    cp -a "$root" "$copy"
    root=$copy
  fi
  if [ -n "$old" ]; then quietly "PostgreSQL $old into it" add_old_server "$root" "$release"; fi
  clone_into "$root"
  say "== PostgreSQL $major on $release"
  start=$SECONDS output=$repository/build/log/matrix-$major.log
  set +e
  in_root "$root" env JWT_AUTH_TAP="${JWT_AUTH_TAP:-*}" ${old:+oldinstall=/usr/lib/postgresql/$old} \
    bash -c "cd /root/jwt_auth && exec bash \"\$@\"" bash "${command[@]}" "${suites[@]}" >"$output" 2>&1
  result=$?
  set -e
  grep -E '^ *[a-z]+ +[0-9]+ passed|skipped: ' "$output" || true
  last=$(grep -E '^[0-9]+ passed' "$output" | tail -n 1)
  if [ "$result" -ne 0 ]; then
    status=1
    last="FAILED (${last:-no result}); see $output"
    tail -n 40 "$output" >&2
  fi
  report+=("$(printf '%-3s %-9s %s %d:%02d  %s' "$major" "$release" \
    "$(IFS='|' read -r server compiler ssl json <<<"$(versions_in "$root" "$major")" &&
      printf '%-9s %-7s %-7s %-7s' "$server" "$compiler" "$ssl" "$json")" \
    $(((SECONDS - start) / 60)) $(((SECONDS - start) % 60)) "$last")")
  if [ -n "$copy" ]; then rm -rf "$copy"; fi
done

say
printf '%-3s %-9s %-9s %-7s %-7s %-7s %s\n' PG release server g++ OpenSSL json 'time, result'
printf '%s\n' "${report[@]}"
exit "$status"
