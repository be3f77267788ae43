#!/bin/sh
# Fuzzes every fuzz test of the tree for the time given, one after the other.
set -eu
time=${1:-10s}
grep -rl --include='*_test.go' '^func Fuzz' . | sort | while read -r file; do
	for name in $(sed -n 's/^func \(Fuzz[A-Za-z0-9]*\).*/\1/p' "$file"); do
		echo "fuzz $name in $(dirname "$file") for $time"
		go test "$(dirname "$file")" -run '^$' -fuzz "^$name\$" -fuzztime "$time" </dev/null
	done
done
