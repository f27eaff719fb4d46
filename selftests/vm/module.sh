#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# module.sh KERNEL [gcov]: build regbuf.ko for a kernel of kernel.sh's, in a copy
# of the sources, as build/KERNEL/regbuf.ko; or build/KERNEL-gcov/regbuf.ko, which
# counts what of it runs. Any warning is an error.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
kernel=${1:?usage: module.sh KERNEL [gcov]}
dir=$("$here/kernel.sh" "$kernel")
copy=$top/build/$kernel${2:+-$2}

# Objects of another release of the same kernel are no good.
if [ "$(cat "$copy/.kernel" 2>/dev/null)" != "$dir" ]; then
	rm -rf "$copy"
	mkdir -p "$copy"
	echo "$dir" > "$copy/.kernel"
fi
(cd "$top" && rsync -a --delete --include='*.[ch]' --include='*/' \
	--exclude='*' kmod include "$copy/")
cp "$top/Kbuild" "$top/dkms.conf" "$copy/"
"$here/kmake.sh" "$kernel" "$copy" W=1 KCFLAGS=-Werror \
	${2:+GCOV_PROFILE=y} modules 2>&1 |
	sed '/^Skipping BTF generation/d' >&2
[ -f "$copy/regbuf.ko" ]
