#!/usr/bin/env bash
# Shows that demo.sh and test.sh work from a clean clone on a machine with nothing but git and bash: makes a fresh minimal root
# of each distribution, clones this working copy's HEAD into it, runs both there and prints the times. Needs root and debootstrap.
#   scripts/fresh-root-test.sh                     bookworm and trixie, as root
#   scripts/fresh-root-test.sh --sudo trixie       as an ordinary user who may use sudo
#   scripts/fresh-root-test.sh --from DIR ...      copies DIR/NAME, a root made earlier, instead of running debootstrap
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

from='' user=root names=()
while [ $# -gt 0 ]; do
  case "$1" in
    --from) from=$2 && shift 2 ;;
    --sudo) user=stranger && shift ;;
    *) names+=("$1") && shift ;;
  esac
done
[ "${#names[@]}" -gt 0 ] || names=(bookworm trixie)
[ "$(id -u)" -eq 0 ] || { echo "only root can make a root" >&2; exit 1; }

scratch=$(mktemp -d "${FRESH_ROOT_DIR:-/var/tmp}/jwt_auth-root.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

# A process and mount namespace of its own: whatever is started in there ends with it.
in_root() {
  local root=$1 inside=(chroot "$1")
  shift
  if unshare --mount --pid --fork --mount-proc="$root/proc" true 2>/dev/null; then
    inside=(unshare --mount --pid --fork --kill-child --mount-proc="$root/proc" chroot "$root")
  fi
  env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb "${outside[@]}" \
    "${inside[@]}" "$@" </dev/null
}

# How this machine reaches the world (proxies, certificates) is its own business and no file's.
outside=()
for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
  if [ -n "${!name:-}" ]; then outside+=("$name=${!name}"); fi
done
if [ -n "${NODE_EXTRA_CA_CERTS:-}" ]; then outside+=(NODE_EXTRA_CA_CERTS=/etc/outside-certificates.pem); fi

make_root() {
  local name=$1 root=$2 packages=git
  [ "$user" = root ] || packages=git,sudo
  if [ -n "$from" ]; then
    cp -a "$from/$name" "$root"
  else
    debootstrap --variant=minbase --include="$packages" "$name" "$root"
  fi
  cp -L /etc/resolv.conf "$root/etc/resolv.conf"
  apt-config dump 2>/dev/null | grep -E '^Acquire::(https?::|Check-)' >"$root/etc/apt/apt.conf.d/99outside" || true
  if [ -n "${NODE_EXTRA_CA_CERTS:-}" ]; then cp -L "$NODE_EXTRA_CA_CERTS" "$root/etc/outside-certificates.pem"; fi
  echo "127.0.0.1 localhost $(hostname)" >"$root/etc/hosts"
  if [ -n "$from" ]; then
    in_root "$root" sh -c "apt-get update && apt-get install -y --no-install-recommends ${packages/,/ } && rm -rf /var/lib/apt/lists/*"
  fi
  git bundle create -q "$root/tmp/project.bundle" HEAD
  if [ "$user" != root ]; then
    in_root "$root" useradd -m -s /bin/bash "$user"
    echo "$user ALL=(ALL) NOPASSWD:ALL" >"$root/etc/sudoers.d/$user"
    outside_words=("${outside[@]%%=*}")
    echo "Defaults env_keep += \"${outside_words[*]:-}\"" >>"$root/etc/sudoers.d/$user"
  fi
  in_root "$root" runuser -u "$user" -- sh -c 'cd && git clone -q /tmp/project.bundle jwt_auth'
}

status=0 report=()
for name in "${names[@]}"; do
  root=$scratch/$name
  echo "== $name: making a root"
  make_root "$name" "$root" >"$scratch/log" 2>&1 || { tail -n 30 "$scratch/log" && exit 1; }
  for script in demo.sh test.sh; do
    echo "== $name: scripts/$script, as $user"
    start=$SECONDS result=passed
    in_root "$root" runuser -u "$user" -- sh -c "cd && cd jwt_auth && bash scripts/$script" || result=FAILED status=1
    report+=("$(printf '%-10s %-8s %s in %d:%02d' "$name" "$script" "$result" $(((SECONDS - start) / 60)) $(((SECONDS - start) % 60)))")
  done
  left=$(find "$root/tmp" -maxdepth 1 -name 'jwt_auth.??????' | wc -l)
  if [ "$left" -gt 0 ]; then report+=("$name left $left directories behind") status=1; fi
  rm -rf "$root"
done
echo
printf '%s\n' "${report[@]}"
exit "$status"
