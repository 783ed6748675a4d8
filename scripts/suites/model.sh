# The model of the session protocol (test/model): each promise in every state of a small size, and each planted fault is found.
model_checks promise fault beyond >"$work/checks"
tr '\n' '\0' <"$work/checks" | xargs -0 -P "$(jobs_at_once)" -I '{}' bash -euc 'check_model "$1" 300' - '{}' >"$work/model" || true
cat "$work/model"
passed=$(lines_like "$work/model" '^ok ')
count "$passed" $(($(wc -l <"$work/checks") - passed))
