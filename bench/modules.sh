#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# modules.sh KERNEL: build the bench's modules for a kernel of
# selftests/vm/kernel.sh's, in a copy of the sources, as build/bench/KERNEL/*.ko.
# Any warning is an error.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/.." && pwd)
kernel=${1:?usage: modules.sh KERNEL}
dir=$("$top/selftests/vm/kernel.sh" "$kernel")
copy=$top/build/bench/$kernel

# Objects of another release of the same kernel are no good.
if [ "$(cat "$copy/.kernel" 2>/dev/null)" != "$dir" ]; then
	rm -rf "$copy"
	mkdir -p "$copy"
	echo "$dir" > "$copy/.kernel"
fi
mkdir -p "$copy/include"	# regbuf's flags name it
rsync -a "$here/kmod/" "$copy/"
cp "$top/Kbuild" "$copy/regbuf.Kbuild"
cp "$top/dkms.conf" "$top/kmod/compat.h" "$here/floor.h" "$copy/"
"$top/selftests/vm/kmake.sh" "$kernel" "$copy" \
	W=1 KCFLAGS=-Werror modules 2>&1 |
	sed '/^Skipping BTF generation/d' >&2
[ -f "$copy/regbuf_nic.ko" ] && [ -f "$copy/regbuf_floor.ko" ]
