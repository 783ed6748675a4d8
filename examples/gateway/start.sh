#!/usr/bin/env bash
# Starts the example on a throwaway PostgreSQL: examples/gateway/start.sh. Ctrl-C ends all of it.
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib/common.sh"
source scripts/lib/example.sh
start_example examples/gateway/schema.sql need_gateways
quietly "Installing its npm packages" install_npm_packages examples/gateway
node examples/gateway/gateway.mjs
