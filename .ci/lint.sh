#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# lint.sh [CHECK]...: check the tree without running it; all checks, or those
# named. One line a check, with its output if it failed; status 1 if any did.
# What it needs is installed by "tools/deps.sh lint".
#
# COMMITS=RANGE adds the check of that range's commits, as upstream..HEAD.

set -eu

cd "$(dirname "$0")/.."
tab=$(printf '\t')
out=build/lint
all=$(sh .ci/checks.sh list)

# A shell of its own for each: "set -e" does not work in one that is tested.
run()
{
	start=$(date +%s)
	status=0
	sh .ci/checks.sh "$1" > "$out/output" 2>&1 || status=$?
	seconds=$(($(date +%s) - start))
	case $status in
	0) echo "ok    $1 ($seconds s)" ;;
	77) echo "skip  $1" ;;
	*)
		echo "FAIL  $1 ($seconds s)"
		sed "s/^/$tab/" "$out/output"
		return 1
		;;
	esac
}

# Without git there would be no files, and so nothing to complain about.
git rev-parse --git-dir > /dev/null
mkdir -p "$out"
# shellcheck disable=SC2086 # words
[ $# -gt 0 ] || set -- $all
failed=0
for check; do
	run "$check" || failed=1
done
exit $failed
