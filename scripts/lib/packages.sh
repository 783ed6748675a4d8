# Finds out what is missing and installs it with apt, and the packages of a directory with npm. Nothing is touched, and no right needed,
# where nothing is missing.

missing=()
need_command() { command -v "$1" >/dev/null || missing+=("$2"); }
need_file() { [ -n "$(compgen -G "$1")" ] || missing+=("$2"); }
need_perl_module() { perl -M"$1" -e 1 2>/dev/null || missing+=("$2"); }

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    sudo "$@"
  fi
}

require_apt() {
  command -v apt-get >/dev/null || die "there is no apt here; please install by hand: $*"
  [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null || die "as root, or with sudo, please install: $*"
  # A password is asked for now, while the person looks.
  [ "$(id -u)" -eq 0 ] || sudo -v
}

package_lists_read=
read_package_lists() {
  [ -z "$package_lists_read" ] || return 0
  quietly "Reading the package lists" as_root apt-get update -o Acquire::Retries=3
  package_lists_read=yes
}

apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
    -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"
}

# A fresh PostgreSQL package makes a cluster and starts it. Nobody asked for one, so its setting is off for the while.
install_without_cluster() {
  local setting=/etc/postgresql-common/createcluster.conf status=0
  apt_install postgresql-common
  [ -e "$setting" ] || as_root touch "$setting"
  as_root cp -p "$setting" "$setting.jwt_auth-saved"
  as_root sed -i '/^[[:space:]]*create_main_cluster/d; $a create_main_cluster = false' "$setting"
  grep -q '^create_main_cluster' "$setting" || as_root sh -c "echo 'create_main_cluster = false' >$setting"
  apt_install "$@" || status=$?
  as_root mv "$setting.jwt_auth-saved" "$setting"
  return "$status"
}

# Packages of servers start them, and nobody asked for that either: policy-rc.d says no for the while (invoke-rc.d(8)).
without_starting_services() {
  local policy=/usr/sbin/policy-rc.d status=0
  [ ! -e "$policy" ] || {
    "$@"
    return
  }
  as_root sh -c "printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy"
  "$@" || status=$?
  as_root rm -f "$policy"
  return "$status"
}

install_missing() {
  [ "${#missing[@]}" -gt 0 ] || return 0
  local package installer=apt_install
  require_apt "${missing[@]}"
  read_package_lists
  for package in "${missing[@]}"; do
    [[ $package =~ ^postgresql-[0-9]+$ ]] && installer=install_without_cluster
  done
  say "Missing here: ${missing[*]}"
  quietly "Installing them" without_starting_services "$installer" "${missing[@]}"
  missing=()
}

# Chooses the server: PG_CONFIG if it is set, else the newest one installed, else the distribution's own. Sets and exports
# PG_CONFIG.
choose_server() {
  local major=
  if [ -z "${PG_CONFIG:-}" ]; then
    major=$(printf '%s\n' /usr/lib/postgresql/*/bin/postgres | sed -n 's|^/usr/lib/postgresql/\([0-9]*\)/.*|\1|p' | sort -n | tail -n 1)
    if [ -z "$major" ] && command -v pg_config >/dev/null && [ -x "$(pg_config --bindir)/postgres" ]; then
      PG_CONFIG=$(command -v pg_config)
    elif [ -z "$major" ]; then
      require_apt "PostgreSQL"
      read_package_lists
      major=$(apt-cache depends postgresql | sed -n 's/.*Depends: postgresql-\([0-9]*\)$/\1/p' | head -n 1)
      [ -n "$major" ] || die "this distribution has no package 'postgresql'"
    fi
  fi
  if [ -n "$major" ]; then
    PG_CONFIG=/usr/lib/postgresql/$major/bin/pg_config
    need_file "/usr/lib/postgresql/$major/bin/postgres" "postgresql-$major"
    need_file "/usr/include/postgresql/$major/server/postgres.h" "postgresql-server-dev-$major"
  fi
  export PG_CONFIG
  [ -n "$major" ] || major=$("$PG_CONFIG" --version | sed 's/^[^0-9]*\([0-9]*\).*/\1/')
  [ "$major" -ge 15 ] || die "PostgreSQL 15 or newer is needed, here it is $major"
}

need_to_build() {
  choose_server
  need_command make make
  need_command g++ g++
  need_file '/usr/include/openssl/evp.h' libssl-dev
  need_file '/usr/include/nlohmann/json.hpp' nlohmann-json3-dev
}

# What stands in front of a service in examples/gateway.
need_gateways() {
  need_file '/usr/sbin/nginx' nginx
  need_file '/usr/sbin/apache2' apache2-bin
  need_file '/usr/lib/apache2/modules/mod_auth_openidc.so' libapache2-mod-auth-openidc
  need_command openssl openssl
}

need_to_test() {
  need_file '/usr/include/gtest/gtest.h' libgtest-dev
  need_file '/usr/include/benchmark/benchmark.h' libbenchmark-dev
  need_command python3 python3
  need_command valgrind valgrind
  need_command prove perl
  need_perl_module IPC::Run libipc-run-perl
  need_command node nodejs
  need_command npm npm
  need_file '/usr/sbin/pgbouncer' pgbouncer
  need_file '/usr/bin/chromium' chromium
  need_command openssl openssl
  need_gateways
  need_file '/usr/share/i18n/locales/tr_TR' locales
}

# Tools whose verdict depends on their major: one major is asked for, and a distribution that lacks it goes without.
need_if_available() { command -v "$1" >/dev/null || add_if_available "$2"; }
need_file_if_available() { [ -n "$(compgen -G "$1")" ] || add_if_available "$2"; }
add_if_available() {
  command -v apt-cache >/dev/null || return 0
  [ "${#missing[@]}" -eq 0 ] || read_package_lists
  if apt-cache show "$1" >/dev/null 2>&1; then missing+=("$1"); fi
}

# install_npm_packages DIRECTORY
install_npm_packages() {
  (
    cd "$1"
    cmp -s package-lock.json node_modules/.installed-from && return 0
    npm ci --prefer-offline --fetch-retries=5 --no-audit --no-fund --loglevel=error
    cp package-lock.json node_modules/.installed-from
  )
}
