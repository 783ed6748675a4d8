# Two files at a time, for each waits for servers and clocks half of its time. The last files come first, since the longest are among
# them. JWT_AUTH_TAP='106*' runs those of that name alone.
source scripts/lib/tap.sh
copy_test_files
run_tap 2 "$test_files"/test/t/${JWT_AUTH_TAP:-*}.pl
