#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# kmake.sh KERNEL DIR ARGUMENT...: make in the tree that modules of a kernel of
# kernel.sh's are built against, for the sources in DIR: in a root directory of
# its own if it has one (backport.sh). DIR is /src there.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
kernel=${1:?usage: kmake.sh KERNEL DIR ARGUMENT...}
source=$(cd "$2" && pwd)
shift 2
dir=$("$here/kernel.sh" "$kernel")

[ "$kernel" != uml ] || set -- ARCH=um "$@"
if [ ! -d "$dir/sysroot" ]; then
	exec make -s -C "$dir/build" M="$source" "$@"
fi

namespace="unshare -m"
[ "$(id -u)" = 0 ] || namespace="unshare -rm"
# objtool looks into /proc.
# shellcheck disable=SC2016,SC2086 # the inner shell's variables; words
exec $namespace --propagation private sh -ec '
	root=$1 source=$2
	shift 2
	mount --rbind /proc "$root/proc"
	mount --rbind /dev "$root/dev"
	mount --bind "$source" "$root/src"
	exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin "$@"
' sh "$dir/sysroot" "$source" \
	make -s -C "/usr/src/linux-headers-$(cat "$dir/release")" M=/src "$@"
