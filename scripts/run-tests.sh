#!/usr/bin/env bash
# Runs every test. Six hundred of them share the machine with PostgreSQL clusters, backends and browsers, and each waits for
# what it expects no longer than it may: where the machine stood still for that long, one fails that has nothing wrong.
# So up to three that failed are run once more, each alone, and named whatever comes of it. Who fails twice has failed.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cargo=${CARGO:-cargo}
printed=$(mktemp)
trap 'rm -f "$printed"' EXIT

"$cargo" test --workspace --locked --no-fail-fast 2>&1 | tee "$printed"
status=${PIPESTATUS[0]}
[ "$status" -eq 0 ] && exit 0

mapfile -t failed < <(sed -nE 's/^    ([a-z0-9_]+(::[a-z0-9_]+)+)$/\1/p' "$printed" | sort -u)
count=$(sed -nE 's/^test result: FAILED\..* ([0-9]+) failed;.*/\1/p' "$printed" | awk '{ all += $1 } END { print all + 0 }')
# What failed otherwise, as by a signal or an example in the documentation, is not among them.
if [ "$count" -eq 0 ] || [ "$count" -gt 3 ] || [ "$count" -ne ${#failed[@]} ] || grep -q "(signal: " "$printed"; then
    exit "$status"
fi
for test in "${failed[@]}"; do
    echo "== once more, alone: $test"
    "$cargo" test --workspace --locked --no-fail-fast -- --exact "$test" 2>&1 | tee "$printed"
    if [ "${PIPESTATUS[0]}" -ne 0 ] || ! grep -qE "^test $test \.\.\. ok$" "$printed"; then
        exit "$status"
    fi
done
echo "== failed beside the others and passed alone: ${failed[*]}"
