# A Citus cluster of three nodes: both ways to distribute the extension, every function, races, a shard that moves, a node that dies.
# CITUS_PG_CONFIG is the pg_config of a server that has Citus; none of Debian's packages has it.
# JWT_AUTH_CITUS='002*' runs the files of that name alone.
if [ -z "${CITUS_PG_CONFIG:-}" ]; then
  skip 'no server with Citus: CITUS_PG_CONFIG is to name its pg_config'
  exit 0
fi
source scripts/lib/tap.sh
copy_test_files
mkdir "$work/citus"
tar -cf - --exclude=node_modules --exclude=./build --exclude=./.git . | tar -xf - -C "$work/citus"
# What was built for the same server serves this one as well.
if [ "$("$CITUS_PG_CONFIG" --version)" != "$("$PG_CONFIG" --version)" ]; then
  find "$work/citus" \( -path '*/src/*.o' -o -name jwt_auth.so \) -exec rm {} +
fi
PG_CONFIG=$CITUS_PG_CONFIG
(
  cd "$work/citus"
  make -j"$(jobs_at_once)" PG_CONFIG="$PG_CONFIG" WERROR=-Werror
  install_privately WERROR=-Werror
)
point_clients_here
run_tap 1 "$test_files"/test/citus/${JWT_AUTH_CITUS:-*}.pl
