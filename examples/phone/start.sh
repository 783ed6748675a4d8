#!/usr/bin/env bash
# Starts the example on a throwaway PostgreSQL: examples/phone/start.sh. Ctrl-C ends both.
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib/common.sh"
source scripts/lib/example.sh
start_example examples/phone/schema.sql
quietly "Installing its npm packages" install_npm_packages examples/phone
node examples/phone/server.mjs
