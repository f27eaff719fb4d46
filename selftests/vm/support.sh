#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# support.sh: what check.sh found on each kernel when it last ran there, as a
# table. What README.md says of kernels has to follow from it.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)

row()
{
	release=$(cat "$("$here/kernel.sh" "$1")/release")
	sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p' \
		"$top/out/check-$1.log.gate" |
		while read -r passed failed skipped; do
			echo "| $1 | $release | $passed | $failed | $skipped |"
		done
}

echo "| kernel | release | passed | failed | skipped |"
echo "|---|---|---|---|---|"
for kernel in 6.1 6.12 rt 7.2 7.3 kasan kcsan kasan7; do
	[ ! -e "$top/out/check-$kernel.log.gate" ] || row "$kernel"
done
