# What the examples' start.sh share, behind common.sh: a throwaway server with the extension, and a database for the example.

# start_example SCHEMA [NEED...]: builds, starts, makes the database `app` from that file; PGHOST and PGDATABASE then point to it.
# NEED: functions of packages.sh that say what the example runs besides.
start_example() {
  local need
  source scripts/lib/packages.sh
  source scripts/lib/server.sh
  need_to_build
  if [ -e "$(dirname "$1")/package.json" ]; then
    need_command node nodejs
    need_command npm npm
  fi
  for need in "${@:2}"; do "$need"; done
  install_missing
  choose_server_user
  make_work_directory
  say "The server is $("$PG_CONFIG" --version)"
  quietly "Building the extension" build_for_use
  quietly "Installing into a private copy of the server" install_privately
  quietly "Starting a throwaway server" start_cluster "shared_preload_libraries = 'jwt_auth'"
  point_clients_here
  createdb app
  quietly "Making the database" psql -X -q -d app -f "$1"
  export PGDATABASE=app
}
