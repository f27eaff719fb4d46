#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# check-all.sh: all tests on every kernel that kernel.sh knows, some at a time,
# and a table of how it went.

here=$(cd "$(dirname "$0")" && pwd)
status=0
for some in "6.1 6.12 6.12.minutes" "rt 7.2" "7.3 kcsan" "kasan kasan7"; do
	# shellcheck disable=SC2086 # words
	"$here/check.sh" $some || status=1
done
"$here/support.sh"
exit $status
