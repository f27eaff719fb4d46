#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# kernel.sh NAME: fetch or build a kernel to test on, once, and print where.
#
# NAME is 6.1 or 6.12 (Debian's cloud kernels), rt (6.12 with PREEMPT_RT), 7.2 or
# 7.3 (cloud kernels of the next release: see backport.sh), kasan or kcsan (built
# from Debian's 6.12 source with that .config and base.config), kasan7 (the same
# of 7.3), uml (a process of this machine, of uml.config), or source and source7
# (only the unpacked 6.12 and 7.3 sources: checkpatch, kselftest and their like
# live in the first), or qemu (no kernel, but an emulator that is newer than Debian
# 12's). The directory printed holds
#   vmlinuz   what to boot           release   its name, as uname -r says it
#   build/    what to build against  modules/  its modules (may be empty)
# and for sources the tree itself. kmake.sh builds against it.
#
# Everything lands in $REGBUF_CACHE (default ~/.cache/regbuf), in a directory
# named for its content, and is made again when that is missing.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=${REGBUF_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/regbuf}
name=${1:?usage: kernel.sh NAME}

say()
{
	echo "kernel.sh: $*" >&2
}

die()
{
	say "$*"
	exit 1
}

# The newest version that apt knows of package $1; package lists are fetched
# when there are none.
version_of()
{
	v=$(apt-cache show --no-all-versions "$1" 2>/dev/null |
		sed -n 's/^Version: //p')
	if [ -z "$v" ]; then
		apt-get -q update >&2 || die "apt-get update failed"
		v=$(apt-cache show --no-all-versions "$1" 2>/dev/null |
			sed -n 's/^Version: //p')
	fi
	[ -n "$v" ] || die "no package $1 in this machine's apt sources"
	echo "$v"
}

key_of()
{
	sha256sum | cut -c1-12
}

# Unpack the packages $2... below directory $1.
unpack()
{
	into=$1
	shift
	mkdir -p "$into/debs"
	say "fetching $*"
	(cd "$into/debs" &&
		apt-get -q -o APT::Sandbox::User=root download "$@" >&2)
	for deb in "$into"/debs/*.deb; do
		dpkg-deb -x "$deb" "$into"
	done
	rm -r "$into/debs"
}

# Debian's headers name each other by absolute path: point them into the cache.
relocate_headers()
{
	root=$1
	build=$2
	sed -i "s#/usr/src/#$root/usr/src/#g" "$build/Makefile"
	for link in "$build"/*; do
		[ -L "$link" ] || continue
		target=$(readlink "$link")
		case $target in
		/*) ln -sfn "$root$target" "$link" ;;
		esac
	done
}

debian_packages()
{
	apt-cache depends --recurse -i "$@" |
		grep -E '^linux-(image|headers|kbuild)-' |
		grep -v -- -unsigned | sort -u
}

debian_kernel()
{
	dir=$1
	shift
	# shellcheck disable=SC2046 # one word a package
	unpack "$dir" $(debian_packages "$@")
	release=$(ls "$dir/lib/modules")
	build="$dir/usr/src/linux-headers-$release"
	relocate_headers "$dir" "$build"
	ln -s "boot/vmlinuz-$release" "$dir/vmlinuz"
	ln -s "usr/src/linux-headers-$release" "$dir/build"
	PATH=$PATH:/sbin:/usr/sbin depmod -b "$dir" "$release"
	ln -s "lib/modules/$release" "$dir/modules"
	echo "$release" > "$dir/release"
}

backport_kernel()
{
	"$here/backport.sh" get "$1" "$2"
}

backport_source()
{
	"$here/backport.sh" packages "$1" linux-source-7.3
	unpack_source "$1" 7.3
}

# The rest of it, such as its firmware, does from the one that is installed.
backport_qemu()
{
	"$here/backport.sh" packages "$1" qemu-system-x86/here
}

unpack_source()
{
	say "unpacking the $2 source"
	tar -C "$1" --strip-components=1 -xf "$1/usr/src/linux-source-$2.tar.xz"
	rm -r "${1:?}/usr/src"
}

source_tree()
{
	unpack "$1" linux-source-6.12
	unpack_source "$1" 6.12
}

# Every option that the fragment asks for must have survived.
check_config()
{
	missing=$(sed -n 's/^\(CONFIG_[A-Za-z0-9_]*=[^n].*\)/\1/p' "$1" |
		grep -vxF -f "$2" || true)
	[ -z "$missing" ] || die "options lost from $1: $missing"
}

# Options, by the names that source $1 has for them.
named()
{
	sysctl=SYSCTL
	! grep -q "^config PROC_SYSCTL" "$1/fs/proc/Kconfig" ||
		sysctl=PROC_SYSCTL
	sed "s/^CONFIG_PROC_SYSCTL=/CONFIG_$sysctl=/"
}

# With the options of base.config and $2.config, or of uml.config by itself, from
# the source in $3.
sanitizer_kernel()
{
	dir=$1
	obj=$dir/build
	log=$dir/log
	mkdir -p "$obj"
	options "$2" | named "$3" > "$dir/wanted"
	say "building a sanitizer kernel, $2: some 8 minutes on two cores"
	[ "$2" != uml ] || export ARCH=um
	make -C "$3" O="$obj" KCONFIG_ALLCONFIG="$dir/wanted" \
		allnoconfig > "$log" 2>&1 || die "see $log"
	check_config "$dir/wanted" "$obj/.config"
	# shellcheck disable=SC2046 # one word a variable
	make -C "$obj" -j"$(nproc)" $(variables "$2") vmlinux modules_prepare \
		>> "$log" 2>&1 || die "see $log"
	cp "$obj/vmlinux.symvers" "$obj/Module.symvers"
	find "$obj" \( -name '*.o' -o -name '*.a' -o -name '.*.cmd' \) \
		! -path "$obj/scripts/*" ! -path "$obj/tools/*" -delete
	strip --strip-debug -o "$dir/vmlinuz" "$obj/vmlinux"
	mkdir -p "$dir/modules"
	make -s -C "$obj" kernelrelease > "$dir/release"
}

options()
{
	case $1 in
	uml) cat "$here/uml.config" ;;
	*) cat "$here/base.config" "$here/$1.config" ;;
	esac
}

# Races are looked for in the module, not in the rest of the kernel; but of that
# KCSAN has to know what orders the module's reads and writes.
variables()
{
	[ "$1" = kcsan ] || return 0
	echo KCSAN_SANITIZE=n
	for file in spinlock qspinlock qrwlock mutex rwsem percpu-rwsem \
		semaphore rtmutex_api tree srcutree workqueue; do
		echo "KCSAN_INSTRUMENT_BARRIERS_$file.o=y"
	done
}

# sanitizers CONFIG SOURCE-DIRECTORY
sanitizers()
{
	key=$( (basename "$2"; gcc --version; options "$1" | grep ^CONFIG
		variables "$1") | key_of)
	cached "$cache/linux-$name-$key" sanitizer_kernel "$1" "$2"
}

# Make directory $1 with the command that follows, unless it is there already.
cached()
{
	dir=$1
	shift
	mkdir -p "$cache"
	exec 9> "$cache/lock-$name"
	flock 9
	if [ ! -e "$dir/.done" ]; then
		rm -rf "$dir"
		mkdir -p "$dir"
		cmd=$1
		shift
		"$cmd" "$dir" "$@"
		touch "$dir/.done"
	fi
	echo "$dir"
}

case $name in
6.1)
	version=$(version_of linux-image-cloud-amd64)
	cached "$cache/linux-6.1-$version" debian_kernel \
		linux-image-cloud-amd64 linux-headers-cloud-amd64
	;;
6.12)
	version=$(version_of linux-image-6.12-cloud-amd64)
	cached "$cache/linux-6.12-$version" debian_kernel \
		linux-image-6.12-cloud-amd64 linux-headers-6.12-cloud-amd64
	;;
7.2|7.3)
	release=$("$here/backport.sh" newest "$name")
	[ -n "$release" ] || die "no kernel $name in the next release"
	key=$(key_of < "$here/backport.sh")
	cached "$cache/linux-$release-$key" backport_kernel "$release"
	;;
rt)
	version=$(version_of linux-image-6.12-rt-amd64)
	cached "$cache/linux-rt-$version" debian_kernel \
		linux-image-6.12-rt-amd64 linux-headers-6.12-rt-amd64
	;;
source)
	version=$(version_of linux-source-6.12)
	cached "$cache/source-$version" source_tree
	;;
source7)
	version=$("$here/backport.sh" version linux-source-7.3)
	[ -n "$version" ] || die "no source of 7.3 in the next release"
	cached "$cache/source-$version" backport_source
	;;
qemu)
	version=$("$here/backport.sh" version qemu-system-x86/here)
	[ -n "$version" ] || die "no qemu in the backports for this release"
	cached "$cache/qemu-$version" backport_qemu
	;;
kasan|kcsan|uml)
	sanitizers "$name" "$("$0" source)"
	;;
kasan7)
	sanitizers kasan "$("$0" source7)"
	;;
*)
	die "no kernel $name; see the head of $0"
	;;
esac
