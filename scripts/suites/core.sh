# The core compiles with no PostgreSQL include path.
make -j"$(jobs_at_once)" core PG_CONFIG="$PG_CONFIG" WERROR=-Werror
count 1 0
