#!/usr/bin/env bash
# Runs every fuzz target for a time, such as 20s or 10m, or for a number of executions,
# such as 10000000x, and lists at the end how often each was executed. A crash ends it.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:?usage: packaging/fuzz.sh TIME|COUNTx [TARGET-REGEXP]}
only=${2:-}
flags=$(sh packaging/flags.sh)
log=$(mktemp)
trap 'rm -f "$log"' EXIT

summary=()
for pkg in $(go list $flags ./...); do
	for target in $(go test $flags -list '^Fuzz' "$pkg" | grep '^Fuzz' | grep -E "$only" || true); do
		echo "== $pkg $target"
		go test $flags -run '^$' -fuzz "^$target\$" -fuzztime "$time" "$pkg" | tee "$log"
		execs=$(sed -n 's/^fuzz: .*execs: \([0-9]*\).*/\1/p' "$log" | tail -1)
		[[ -n $execs ]] || { echo "$target: nothing was executed"; exit 1; }
		summary+=("$(printf '%-12s %-22s %12s' "${pkg#*/}" "$target" "$execs")")
	done
done
((${#summary[@]})) || { echo "no target matches $only"; exit 1; }
printf '\nexecutions of each target:\n'
printf '%s\n' "${summary[@]}"
