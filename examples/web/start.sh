#!/usr/bin/env bash
# Starts the example on a throwaway PostgreSQL: examples/web/start.sh, then open http://localhost:3000. Ctrl-C ends both.
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib/common.sh"
source scripts/lib/example.sh
start_example examples/web/schema.sql
quietly "Installing its npm packages" install_npm_packages examples/web
node examples/web/server.mjs
