#!/usr/bin/env bash
# Runs the steps of the Dockerfile without Docker, each stage in a fresh root of a Debian release with that server's package, which
# has the layout of the official image; then starts the server of the last stage by the image's own command and plays the demo in
# it. Needs root and debootstrap.
#   scripts/test-image.sh          the major that the Dockerfile is for
#   scripts/test-image.sh 15       another
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
source scripts/lib/roots.sh

# instruction NAME: what stands behind it in the Dockerfile; one that is there once.
instruction() {
  [ "$(grep -c "^$1 " Dockerfile)" -eq 1 ] || die "the Dockerfile has not one '$1'"
  sed -n "s/^$1 //p" Dockerfile
}
[ "$(id -u)" -eq 0 ] || die "only root can make a root"
major=$(instruction ARG)
major=${1:-${major#PG_MAJOR=}}
release=$(release_of "$major")
run=$(instruction RUN) command=$(instruction CMD)
read -r from to <<<"$(instruction 'COPY --from=build')"
read -r context source <<<"$(grep '^COPY [^-]' Dockerfile | sed 's/^COPY //')"
[[ $context == . && -n $source && -n $to ]] || die "the Dockerfile copies in another way than this script knows"

scratch=$(mktemp -d "${JWT_AUTH_ROOTS:-/var/tmp}/image.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
passed=0 failed=0
check() {
  local what=$1
  shift
  if "$@"; then passed=$((passed + 1)) && say "ok $what"; else failed=$((failed + 1)) && say "not ok $what"; fi
}

last=$scratch/last build=$scratch/build
quietly "Making a root of $release with PostgreSQL $major" make_server_root "$last" "$major"
cp -a "$last" "$build"
mkdir -p "$build$source"
git archive HEAD | tar -xf - -C "$build$source"
quietly "RUN $run" in_root "$build" bash -c "$run"
cp -a "$build$from/." "$last$to/"

# The image's last stage must not need what only the build has.
has() { [ -n "$(compgen -G "$last$1")" ]; }
lacks() { ! has "$1"; }
for file in '/usr/bin/g++*' /usr/bin/make /usr/include/openssl /usr/include/nlohmann "/usr/include/postgresql/$major/server"; do
  check "the last stage has no $file" lacks "$file"
done
library=/usr/lib/postgresql/$major/lib/jwt_auth.so
check "and it has the library" has "$library"
libraries=$(in_root "$last" ldd "$library" || true)
check "and libcrypto for it" grep -qE 'libcrypto.*=> /' <<<"$libraries"
check "and every other library" test -z "$(grep 'not found' <<<"$libraries")"

# The entrypoint of the official image makes the cluster and then runs the command as postgres.
mkdir -p "$last/tmp/scripts/lib"
cp scripts/lib/play.* "$last/tmp/scripts/lib"
cp scripts/demo.sql "$last/tmp/scripts"
cat >"$last/tmp/in_image.sh" <<'SH'
set -euo pipefail
bin=/usr/lib/postgresql/$1/bin
shift
export PATH=$bin:$PATH PGHOST=/tmp PGUSER=postgres
as_postgres() { runuser -u postgres -- env HOME=/tmp PGDATA=/tmp/data PATH="$PATH" "$@"; }
cd /tmp
as_postgres initdb -A trust -E UTF8 --no-locale --no-sync >/dev/null
start() {
  as_postgres "$@" -k /tmp >>/tmp/server.log 2>&1 &
  for _ in $(seq 100); do
    if pg_isready -q; then return 0; fi
    sleep 0.1
  done
  cat /tmp/server.log
  return 1
}
start "$@"
createdb demo
source scripts/lib/play.sh
work=/tmp
play_demo demo
token=$(psql -XAtqc "SELECT jwt_auth.jwt_sign('{\"sub\": \"1\"}')" demo)
as_postgres pg_ctl -w -m fast stop >/dev/null
start "$@"
[ "$(psql -XAtqc "SELECT jwt_auth.jwt_verify('$token') ->> 'sub'" demo)" = 1 ]
[ "$(psql -XAtqc 'SHOW shared_preload_libraries' demo)" = jwt_auth ]
as_postgres pg_ctl -w -m fast stop >/dev/null
SH
mapfile -t arguments < <(perl -MJSON::PP -e 'print "$_\n" for @{decode_json($ARGV[0])}' "$command")
check "the demo, and a token that is good after a restart" in_root "$last" bash /tmp/in_image.sh "$major" "${arguments[@]}"
say
say "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
