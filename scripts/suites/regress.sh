# pg_regress, as `make installcheck` runs it. The answers are the same both ways.
installcheck_both_ways regression.diffs ISOLATION=
