#!/usr/bin/env bash
# Runs the whole suite on every PostgreSQL major that a Debian release has, each from a clean clone of HEAD in a root of that
# release, and prints a table. Needs root and debootstrap. Roots are kept with what the suite installs into them, so that the next
# run is quick.
#   scripts/test-matrix.sh                    all majors
#   scripts/test-matrix.sh 17 18              these
#   scripts/test-matrix.sh --fresh 17         makes the root anew
#   scripts/test-matrix.sh 15 -- unit regress only these suites; JWT_AUTH_TAP='106*' before it: of tap, only these files
#   scripts/test-matrix.sh --package          builds the Debian package there and tests what is in it
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

# major  release  debootstrap's script for it  release with the server, if another
majors='15 bookworm bookworm -
17 trixie trixie -
18 forky sid -
19 sid sid experimental'

fresh='' wanted=() suites=() command=(scripts/test.sh)
while [ $# -gt 0 ]; do
  case "$1" in
    --fresh) fresh=yes ;;
    --package) command=(scripts/test-package.sh) ;;
    --) shift && suites=("$@") && break ;;
    [0-9]*) wanted+=("$1") ;;
    *) die "usage: test-matrix.sh [--fresh] [--package] [MAJOR...] [-- SUITE...]" ;;
  esac
  shift
done
[ "$(id -u)" -eq 0 ] || die "only root can make a root"
command -v debootstrap >/dev/null || die "debootstrap is needed: apt-get install debootstrap"
[ "${#wanted[@]}" -gt 0 ] || read -ra wanted <<<"$(awk '{ printf "%s ", $1 }' <<<"$majors")"

roots=${JWT_AUTH_ROOTS:-/var/cache/jwt_auth/roots}
mkdir -p "$roots"
bundle=$(mktemp)
trap 'rm -f "$bundle"' EXIT
git bundle create -q "$bundle" HEAD

# A root is made under another name, so that one that was interrupted is not taken for whole.
make_root() {
  local root=$1 major=$2 release=$3 script=$4 server_release=$5 from=()
  rm -rf "$root" "$root.new"
  debootstrap --variant=minbase --include=git,ca-certificates "$release" "$root.new" '' "/usr/share/debootstrap/scripts/$script"
  if [ "$server_release" != - ]; then
    sed -n "s/^\(deb [^ ]* \)$release \(main\).*/\1$server_release \2/p" "$root.new/etc/apt/sources.list" \
      >"$root.new/etc/apt/sources.list.d/$server_release.list"
    # The server brings its C library from there, and what is built on that library must be of the same version.
    printf 'Package: src:glibc\nPin: release a=%s\nPin-Priority: 990\n' "$server_release" >"$root.new/etc/apt/preferences.d/server"
    from=(-t "$server_release")
  fi
  share_the_way_outside "$root.new"
  # A root that a crash has spoilt is made anew.
  echo force-unsafe-io >"$root.new/etc/dpkg/dpkg.cfg.d/unsafe-io"
  in_root "$root.new" apt-get update
  mkdir -p "$root.new/etc/postgresql-common"
  echo 'create_main_cluster = false' >"$root.new/etc/postgresql-common/createcluster.conf"
  in_root "$root.new" apt-get install -y --no-install-recommends postgresql-common
  in_root "$root.new" apt-get install -y --no-install-recommends "${from[@]}" "postgresql-$major" "postgresql-server-dev-$major"
  mv "$root.new" "$root"
}

clone_into() {
  rm -rf "$1/root/jwt_auth"
  cp "$bundle" "$1/tmp/jwt_auth.bundle"
  in_root "$1" git -c advice.detachedHead=false clone -q /tmp/jwt_auth.bundle /root/jwt_auth
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
  read -r _ release script server_release <<<"$(grep "^$major " <<<"$majors")" || die "no Debian release is known for PostgreSQL $major"
  root=$roots/$major-$release
  exec 9>"$root.lock"
  flock -n 9 || die "$root is in use"
  if [ -n "$fresh" ] || [ ! -d "$root" ]; then
    quietly "PostgreSQL $major: making a root of $release" make_root "$root" "$major" "$release" "$script" "$server_release"
  fi
  share_the_way_outside "$root"
  clone_into "$root"
  say "== PostgreSQL $major on $release"
  start=$SECONDS output=$repository/build/log/matrix-$major.log
  set +e
  in_root "$root" env JWT_AUTH_TAP="${JWT_AUTH_TAP:-*}" bash -c "cd /root/jwt_auth && exec bash \"\$@\"" bash "${command[@]}" "${suites[@]}" >"$output" 2>&1
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
done

say
printf '%-3s %-9s %-9s %-7s %-7s %-7s %s\n' PG release server g++ OpenSSL json 'time, result'
printf '%s\n' "${report[@]}"
exit "$status"
