#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# coverage.sh KERNEL TAR [least]: what of the module ran in a VM that left its
# counts in TAR, as out/coverage.txt: see coverage.py. The last line is printed.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
copy=$top/build/$1-gcov
status=0

find "$copy" -name '*.gcda' -delete
tar -C / -xf "$2" --no-same-owner --wildcards ".$copy/*.gcda"
python3 "$here/coverage.py" "$copy" ${3:+"$3"} > "$top/out/coverage.txt" ||
	status=1
grep '^coverage\.unrun' "$top/out/coverage.txt" || true
tail -n 1 "$top/out/coverage.txt"
exit $status
