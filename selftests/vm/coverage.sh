#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# coverage.sh KERNEL TAR: what of the module ran in a VM that left its counts in
# TAR, as out/coverage.txt: the lines of each file that did not run. The last
# line is printed.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
copy=$top/build/$1-gcov

find "$copy" -name '*.gcda' -delete
tar -C / -xf "$2" --no-same-owner --wildcards ".$copy/*.gcda"
gcovr --root "$copy" --object-directory "$copy" "$copy/kmod" \
	--filter "$copy/kmod/" > "$top/out/coverage.txt"
tail -n 2 "$top/out/coverage.txt"
