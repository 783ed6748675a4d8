#!/usr/bin/env bash
# Shows that demo.sh and test.sh work from a clean clone on a machine with nothing but git and bash: makes a fresh minimal root
# of each distribution, clones this working copy's HEAD into it, runs both there and prints the times. Needs root and debootstrap.
#   scripts/fresh-root-test.sh                     bookworm and trixie, as root
#   scripts/fresh-root-test.sh --sudo trixie       as an ordinary user who may use sudo
#   scripts/fresh-root-test.sh --from DIR ...      copies DIR/NAME, a root made earlier, instead of running debootstrap
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
source scripts/lib/roots.sh

from='' user=root names=()
while [ $# -gt 0 ]; do
  case "$1" in
    --from) from=$2 && shift ;;
    --sudo) user=stranger ;;
    *) names+=("$1") ;;
  esac
  shift
done
[ "${#names[@]}" -gt 0 ] || names=(bookworm trixie)
[ "$(id -u)" -eq 0 ] || die "only root can make a root"

scratch=$(mktemp -d "${JWT_AUTH_ROOTS:-/var/tmp}/fresh-root.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

make_root() {
  local name=$1 root=$2 packages=git
  [ "$user" = root ] || packages=git,sudo
  if [ -n "$from" ]; then
    cp -a "$from/$name" "$root"
    share_the_way_outside "$root"
    in_root "$root" sh -c "apt-get update && apt-get install -y --no-install-recommends ${packages/,/ } && rm -rf /var/lib/apt/lists/*"
  else
    debootstrap --variant=minbase --include="$packages" "$name" "$root"
    share_the_way_outside "$root"
  fi
  if [ "$user" != root ]; then
    in_root "$root" useradd -m -s /bin/bash "$user"
    printf '%s ALL=(ALL) NOPASSWD:ALL\nDefaults env_keep += "%s"\n' "$user" "${outside[*]%%=*}" >"$root/etc/sudoers.d/$user"
  fi
  git bundle create -q "$root/tmp/project.bundle" HEAD
  in_root "$root" runuser -u "$user" -- bash -c 'cd && git -c advice.detachedHead=false clone -q /tmp/project.bundle jwt_auth'
}

status=0 report=()
for name in "${names[@]}"; do
  root=$scratch/$name
  quietly "$name: making a root" make_root "$name" "$root"
  for script in demo.sh test.sh; do
    say "== $name: scripts/$script, as $user"
    start=$SECONDS result=passed
    in_root "$root" runuser -u "$user" -- bash -c "cd && cd jwt_auth && bash scripts/$script" || result=FAILED status=1
    report+=("$(printf '%-10s %-8s %s in %d:%02d' "$name" "$script" "$result" $(((SECONDS - start) / 60)) $(((SECONDS - start) % 60)))")
  done
  left=$(find "$root/tmp" -maxdepth 1 -name 'jwt_auth.*' | wc -l)
  if [ "$left" -gt 0 ]; then report+=("$name: $left directories left behind in /tmp") status=1; fi
  rm -rf "$root"
done
say
printf '%s\n' "${report[@]}"
exit "$status"
