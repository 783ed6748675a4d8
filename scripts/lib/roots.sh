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
