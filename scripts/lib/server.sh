# Builds the extension and runs it in a private copy of the server, so that nothing is ever installed into the system's.

server_user=
as_server() {
  if [ "$(id -u)" -eq 0 ]; then
    (cd "$work" && runuser -u "$server_user" -- env HOME="$work" "$@")
  else
    (cd "$work" && "$@")
  fi
}

# PostgreSQL refuses to run as root: then the packages' own user runs it.
choose_server_user() {
  server_user=$(id -un)
  if [ "$(id -u)" -eq 0 ]; then
    server_user=postgres
    id "$server_user" >/dev/null 2>&1 || die "PostgreSQL doesn't run as root, and there is no user '$server_user'"
  fi
}

# What was made for another server or with other flags is not worth trusting. The library goes as well: make would not miss the
# objects that a newer library was made of.
build_extension() {
  local built_for=build/built-for wanted
  wanted="$PG_CONFIG $("$PG_CONFIG" --version) $*"
  [ "$(cat "$built_for" 2>/dev/null)" = "$wanted" ] || find . -path ./build -prune -o \( -path './src/*.o' -o -name jwt_auth.so \) -exec rm {} +
  mkdir -p build
  printf '%s\n' "$wanted" >"$built_for"
  make -j"$(jobs_at_once)" PG_CONFIG="$PG_CONFIG" "$@"
}

# To be used, it may have warnings: a compiler newer than ours must not keep anybody from it.
build_for_use() { build_extension WERROR=-Werror || build_extension; }

# PostgreSQL finds its files relative to its binaries, so a copy with the same shape under another directory works.
copy_server() {
  local what directory
  for what in bindir pkglibdir sharedir; do
    # A pg_config that answers nothing would have the whole of / copied.
    directory=$("$PG_CONFIG" "--$what") && [[ $directory == /*/* && -d $directory ]] || die "$PG_CONFIG --$what names no directory"
    mkdir -p "$work/server$directory"
    cp -R "$directory/." "$work/server$directory"
  done
}

# The extension is then installed there, as a packager would, or is taken from the package that JWT_AUTH_PACKAGE names.
install_privately() {
  copy_server
  if [ -n "${JWT_AUTH_PACKAGE:-}" ]; then
    dpkg-deb -x "$JWT_AUTH_PACKAGE" "$work/server"
  else
    make install PG_CONFIG="$PG_CONFIG" DESTDIR="$work/server" "$@"
  fi
}
server_bin() { printf '%s' "$work/server$("$PG_CONFIG" --bindir)"; }

# The settings of someone's own shell must not lead to another server.
point_clients_here() {
  local name
  for name in "${!PG@}"; do
    [[ $name == PG_CONFIG || $name == PGCLIENTENCODING ]] || unset "$name"
  done
  export PGHOST=$work/run PGPORT=5432 PGUSER=postgres PGDATABASE=postgres
  PATH=$(server_bin):$PATH
}

# start_cluster [SETTING...]: one server on a Unix socket that only its owner and root can reach, with what server_environment adds
# to its environment; server_program runs in the place of `postgres`.
server_environment=()
server_program=
start_cluster() {
  local setting
  install -d -m 700 "$work/run" "$work/cluster"
  if [ "$(id -u)" -eq 0 ]; then chown "$server_user" "$work/run" "$work/cluster"; fi
  as_server "$(server_bin)/initdb" -D "$work/cluster/data" -U postgres -A trust -E UTF8 --no-locale --no-sync
  {
    printf "listen_addresses = ''\nunix_socket_directories = '%s'\n" "$work/run"
    # What a clean-up leaves depends on the oldest snapshot there is: none is to be one that autovacuum took by chance.
    printf "port = 5432\nfsync = off\nautovacuum = off\nmax_connections = 100\n"
    for setting in "$@"; do printf '%s\n' "$setting"; done
  } >>"$work/cluster/data/postgresql.conf"
  as_server env "${server_environment[@]}" "$(server_bin)/pg_ctl" -D "$work/cluster/data" -l "$work/cluster/log" -w -t 180 -s \
    ${server_program:+-p "$server_program"} start || {
    cat "$work/cluster/log"
    return 1
  }
}

stop_cluster() {
  [ -e "$work/cluster/data/postmaster.pid" ] || return 0
  as_server "$(server_bin)/pg_ctl" -D "$work/cluster/data" -m immediate -w -s stop
}
