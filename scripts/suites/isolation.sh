# Isolation specs, as `make installcheck` runs them. Who waits for whom and what comes of it is the same both ways.
installcheck_both_ways output_iso/regression.diffs REGRESS=
