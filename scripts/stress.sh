#!/usr/bin/env bash
# The random run of test/stress for as long as you like. Prints what was done, what was refused, and the seed.
#   scripts/stress.sh SECONDS [SEED] [--crash | --clock]
# --crash kills the server (kill -9) again and again meanwhile, --clock sets its clock forwards and backwards (libfaketime).
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
source scripts/lib/packages.sh
source scripts/lib/server.sh
source scripts/lib/suites.sh

usage() { die "usage: stress.sh SECONDS [SEED] [--crash | --clock]"; }
JWT_AUTH_TAP=110_stress numbers=()
for argument in "$@"; do
  case $argument in
    --crash) JWT_AUTH_TAP=111_stress_crash ;;
    --clock) JWT_AUTH_TAP=138_stress_clock ;;
    '' | *[!0-9]*) usage ;;
    *) numbers+=("$argument") ;;
  esac
done
[ "${#numbers[@]}" -eq 1 ] || [ "${#numbers[@]}" -eq 2 ] || usage
export JWT_AUTH_STRESS_SECONDS=${numbers[0]} JWT_AUTH_STRESS_SEED=${numbers[1]:-$((RANDOM << 15 | RANDOM))}

need_to_build
need_to_test
[ "$JWT_AUTH_TAP" != 138_stress_clock ] || need_file_if_available '/usr/lib/*/faketime/libfaketime.so.1' libfaketime
install_missing
choose_server_user
make_work_directory
quietly "Building" build_for_use
quietly "Installing into a private copy of the server" install_privately
point_clients_here
say "$JWT_AUTH_TAP on $("$PG_CONFIG" --version), $JWT_AUTH_STRESS_SECONDS s, seed $JWT_AUTH_STRESS_SEED"
run_suite tap
say
# What the run has to say for itself.
sed -n 's/^# //p' "$repository/build/log/tap.log"
say
finish
