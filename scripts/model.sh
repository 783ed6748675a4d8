#!/usr/bin/env bash
# The model of the session protocol with larger sizes than the suite `model` has: each promise in every state. Prints the number of
# states; UNKNOWN where the time or the memory did not suffice.
#   scripts/model.sh                   ten minutes for each promise
#   scripts/model.sh 3600              an hour for each
#   scripts/model.sh 600 cutoff limit  only these models
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
source scripts/lib/packages.sh
source scripts/lib/model.sh

seconds=${1:-600}
[[ $seconds =~ ^[0-9]+$ ]] || die "usage: model.sh [SECONDS_PER_PROMISE] [MODEL...]"
shift || true
need_to_model
install_missing
status=0
while IFS= read -r check; do
  model=$(cut -f 2 <<<"$check")
  [[ $# -eq 0 || " $* " == *" $model "* ]] || continue
  check_model "$check" "$seconds" larger || status=1
done < <(model_checks promise)
exit "$status"
