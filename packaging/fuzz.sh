#!/usr/bin/env bash
# Runs every fuzz target for a time (20s, 10m), a number of executions (10000000x), or
# whichever of both comes first (10000000x,10m), and lists at the end how often each was
# executed. A crash ends it.
set -euo pipefail
cd "$(dirname "$0")/.."
limit=${1:?usage: packaging/fuzz.sh LIMIT [TARGET-REGEXP]}
only=${2:-}
flags=$(sh packaging/flags.sh)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
most=${limit%%,*} longest=${limit#*,}
[[ $longest != "$limit" ]] || longest=0 # as long as it takes

# fuzz PACKAGE TARGET: interrupted, a test binary ends as if its time were over, which go test does not.
fuzz() {
	local folder
	folder=$(go list $flags -f '{{.Dir}}' "$1")
	go test $flags -c -fuzz "^$2\$" -o "$work/test" "$1"
	(cd "$folder" && timeout --signal=INT "$longest" "$work/test" -test.run '^$' -test.fuzz "^$2\$" -test.fuzztime "$most" \
		-test.fuzzminimizetime 1s -test.fuzzcachedir "$(go env GOCACHE)/fuzz/$1" || [[ $? == 124 ]]) 2>&1 | tee "$work/log"
	grep -q '^PASS$' "$work/log"
}

summary=()
for pkg in $(go list $flags ./...); do
	for target in $(go test $flags -list '^Fuzz' "$pkg" | grep '^Fuzz' | grep -E "$only" || true); do
		echo "== $pkg $target"
		fuzz "$pkg" "$target"
		execs=$(sed -n 's/^fuzz: .*execs: \([0-9]*\).*/\1/p' "$work/log" | tail -1)
		[[ -n $execs ]] || { echo "$target: nothing was executed"; exit 1; }
		summary+=("$(printf '%-12s %-22s %12s' "${pkg#*/}" "$target" "$execs")")
	done
done
((${#summary[@]})) || { echo "no target matches $only"; exit 1; }
printf '\nexecutions of each target:\n'
printf '%s\n' "${summary[@]}"
