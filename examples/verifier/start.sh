#!/usr/bin/env bash
# Starts the example on a throwaway PostgreSQL: examples/verifier/start.sh. Ctrl-C ends both.
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib/common.sh"
source scripts/lib/example.sh
start_example examples/verifier/schema.sql
quietly "Installing its npm packages" install_npm_packages examples/verifier
node examples/verifier/server.mjs
