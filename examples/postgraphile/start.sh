#!/usr/bin/env bash
# Starts the example on a throwaway PostgreSQL: examples/postgraphile/start.sh, then POST queries to
# http://localhost:5000/graphql. Ctrl-C ends both.
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib/common.sh"
source scripts/lib/example.sh
start_example examples/postgraphile/schema.sql
quietly "Installing its npm packages" install_npm_packages examples/postgraphile
node examples/postgraphile/server.mjs
