#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# module.sh KERNEL [gcov|kcov]: build regbuf.ko for a kernel of kernel.sh's, in a
# copy of the sources, as build/KERNEL/regbuf.ko; or build/KERNEL-gcov/regbuf.ko,
# which counts what of it runs, or build/KERNEL-kcov/regbuf.ko, which tells who
# calls it. Any warning is an error. With REGBUF_SRC the sources are there.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
kernel=${1:?usage: module.sh KERNEL [gcov|kcov]}
dir=$("$here/kernel.sh" "$kernel")
from=${REGBUF_SRC:-$top}
copy=$from/build/$kernel${2:+-$2}
case ${2:-} in
gcov) instrument=GCOV_PROFILE=y ;;
kcov) instrument=KCOV_INSTRUMENT=y ;;
*) instrument= ;;
esac

# Objects of another release of the same kernel are no good.
if [ "$(cat "$copy/.kernel" 2>/dev/null)" != "$dir" ]; then
	rm -rf "$copy"
	mkdir -p "$copy"
	echo "$dir" > "$copy/.kernel"
fi
(cd "$from" && rsync -a --delete --include='*.[ch]' --include='*/' \
	--exclude='*' kmod include "$copy/")
cp "$from/Kbuild" "$from/dkms.conf" "$copy/"
# It is there afterwards if it could be built, and only then.
rm -f "$copy/regbuf.ko"
"$here/kmake.sh" "$kernel" "$copy" W=1 "KCFLAGS=-Werror -g" \
	$instrument modules 2>&1 |
	sed '/^Skipping BTF generation/d' >&2
[ -f "$copy/regbuf.ko" ]
