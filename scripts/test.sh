#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test. Nothing is installed into the system's server, and nothing it starts
# outlives it.
#   scripts/test.sh                  everything
#   scripts/test.sh unit regress     only these suites (scripts/suites)
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
source scripts/lib/packages.sh
source scripts/lib/server.sh
source scripts/lib/play.sh
source scripts/lib/suites.sh
source scripts/lib/fuzz.sh
source scripts/lib/model.sh

all_suites=(core unit mutation model timing regress isolation demo readme reference interop fronts packaging tap citus fuzz lint bench)
suites=("$@")
[ "${#suites[@]}" -gt 0 ] || suites=("${all_suites[@]}")
for suite in "${suites[@]}"; do
  [ -e "scripts/suites/$suite.sh" ] || die "there is no suite '$suite'; there are: ${all_suites[*]}"
done

need_to_build
need_to_test
need_to_fuzz
need_to_model
need_if_available clang-format-14 clang-format-14
need_if_available clang-tidy-14 clang-tidy-14
need_if_available clang++-14 clang-14
if [[ $PG_CONFIG =~ ^/usr/lib/postgresql/([0-9]+)/ ]]; then
  need_file_if_available "/usr/lib/postgresql/${BASH_REMATCH[1]}/lib/pg_cron.so" "postgresql-${BASH_REMATCH[1]}-cron"
fi
install_missing
# The tests of the monitoring kit, of pgBackRest, of the clock and of the archive skip without these, so that they can't be installed
# is no failure.
if [[ " ${suites[*]} " == *' tap '* || " ${suites[*]} " == *' packaging '* ]]; then
  if [[ " ${suites[*]} " == *' packaging '* ]]; then need_if_available pgxn pgxnclient; fi
  if [[ " ${suites[*]} " == *' tap '* ]]; then
    need_if_available promtool prometheus
    need_if_available prometheus-postgres-exporter prometheus-postgres-exporter
    need_if_available pgbackrest pgbackrest
    need_file_if_available '/usr/lib/*/faketime/libfaketime.so.1' libfaketime
  fi
  set +e
  (
    set -e
    install_missing
  )
  set -e
  missing=()
fi
choose_fuzzing_compiler
choose_server_user
make_work_directory
say "Testing on $("$PG_CONFIG" --version)"

quietly "Building, every warning an error" build_extension WERROR=-Werror
count_of build 1 0 0
quietly "Installing into a private copy of the server" install_privately WERROR=-Werror
point_clients_here

say
trap 'end_suite_beside; cleanup' EXIT
# Lint needs no server, and the others wait half of their time: it runs beside them, for what they leave of the processors.
if [ "${#suites[@]}" -gt 1 ] && [[ " ${suites[*]} " == *' lint '* ]]; then run_beside lint; fi
for suite in "${suites[@]}"; do
  if [ "$suite" = "$suite_beside" ]; then wait_for_suite_beside; else run_suite "$suite"; fi
done
say
finish
