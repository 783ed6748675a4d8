# Minimal roots of other distributions, to run things in. Needs root and debootstrap.

# How this machine reaches the world (proxies, certificates) is its own business and no file's.
outside=()
for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
  if [ -n "${!name:-}" ]; then outside+=("$name=${!name}"); fi
done
if [ -n "${NODE_EXTRA_CA_CERTS:-}" ]; then outside+=(NODE_EXTRA_CA_CERTS=/etc/outside-certificates.pem); fi

share_the_way_outside() {
  local root=$1
  cp -L /etc/resolv.conf "$root/etc/resolv.conf"
  apt-config dump 2>/dev/null | grep -E '^Acquire::(https?::|Check-)' >"$root/etc/apt/apt.conf.d/99outside" || true
  # Under a name of its own: installing ca-certificates writes the usual one anew.
  if [ -n "${NODE_EXTRA_CA_CERTS:-}" ]; then cp -L "$NODE_EXTRA_CA_CERTS" "$root/etc/outside-certificates.pem"; fi
  echo "127.0.0.1 localhost $(uname -n)" >"$root/etc/hosts"
}

# in_root ROOT COMMAND...: a process and mount namespace of its own; whatever is started in there ends with it. A shell is its first
# process, which buries the orphans: the dead server of a crash test would else seem to be running.
in_root() {
  local root=$1 inside=(chroot "$1")
  shift
  if unshare --mount --pid --fork --mount-proc="$root/proc" true 2>/dev/null; then
    inside=(unshare --mount --pid --fork --kill-child --mount-proc="$root/proc" chroot "$root")
  fi
  env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LC_ALL=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive "${outside[@]}" "${inside[@]}" bash -c '"$@"; exit $?' bash "$@" </dev/null
}

# major  release  debootstrap's script for it  release with the server, if another
majors='15 bookworm bookworm -
17 trixie trixie -
18 forky sid -
19 sid sid experimental'

release_of() {
  local release
  release=$(awk -v major="$1" '$1 == major { print $2 }' <<<"$majors")
  [ -n "$release" ] || die "no Debian release is known for PostgreSQL $1"
  echo "$release"
}

# make_server_root ROOT MAJOR [PACKAGE...]: with PostgreSQL MAJOR and these packages, and no cluster. A root is made under another
# name, so that one that was interrupted is not taken for whole.
make_server_root() {
  local root=$1 major=$2 release script server_release from=()
  read -r _ release script server_release <<<"$(grep "^$major " <<<"$majors")"
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
  in_root "$root.new" apt-get install -y --no-install-recommends "${from[@]}" "postgresql-$major" "${@:3}"
  mv "$root.new" "$root"
}
