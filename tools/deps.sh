#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# deps.sh [build|vm|bench|lint|all]...: install what is missing on Debian 12 for
# building, and if asked for testing in a VM, for measuring, and for .ci/lint.sh.
#
# Says what it installs and what for; says nothing if nothing is missing. Needs
# root to install; anybody else is told the command.

set -eu

# purpose, package, what for. Debian always has the essential ones: coreutils,
# dash, dpkg, tar, util-linux and their like are left out.
packages()
{
	cat <<'EOF'
build gcc		compiles everything
build g++		programs of libregbuf-win; lint: headers
build make		drives everything
build libc6-dev		C library headers
build libc6-dev-i386	32-bit test programs
build gcc-multilib	32-bit test programs
build libnl-route-3-dev	tests set up networks
build libnl-genl-3-dev	regbuf; tests of what netlink shows
build python3-yaml	those tests: its specification
build libjson-c-dev	regbuf: JSON
build liburing-dev	regbuf-perf, the bench: io_uring, to compare with
build libjansson-dev	regbuf-perf: JSON
build pkg-config	tells programs where libregbuf is
build rsync		copies sources to a build directory
build kmod		depmod, modprobe
build xz-utils		unpacks the kernel's source and modules
build bc		kernel build
build bison		kernel build
build flex		kernel build
build libelf-dev	kernel build: objtool
build libssl-dev	kernel build: certificates
build pahole		kernel build: 6.12 asks for it; lint
build python3		kernel build; some tests
vm qemu-system-x86	the machine
vm busybox-static	its user space
vm cpio			its initial file system
vm iproute2		its network, inside and outside
vm socat		the other end of its connections
bench gnuplot-nox	draws the chart
lint git		lists the files and commits to check
lint clang		more warnings
lint sparse		types and locks of the module
lint coccinelle		the kernel's semantic checks
lint cppcheck		static analysis of the library
lint abigail-tools	changes of the library's ABI
lint perl		checkpatch, kernel-doc
lint codespell		spelling
lint shellcheck		shell scripts
lint mandoc		manual pages
lint yamllint		YAML files
lint python3-jsonschema	the header of the netlink interface
lint python3-docutils	pages of the documentation
EOF
}

die()
{
	echo "deps.sh: $*" >&2
	exit 1
}

installed()
{
	[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = \
		installed ]
}

# What of packages() is for one of the purposes $* and not installed.
missing()
{
	packages | while read -r purpose package why; do
		case " build $* " in
		*" all "*|*" $purpose "*) ;;
		*) continue ;;
		esac
		installed "$package" || echo "$package: $why"
	done
}

# Does apt know all of the packages $@?
known()
{
	[ "$(apt-cache show --no-all-versions "$@" 2>/dev/null |
		grep -c '^Package: ')" -ge $# ]
}

install()
{
	export DEBIAN_FRONTEND=noninteractive
	known "$@" || apt-get -q update
	apt-get -q install -y --no-install-recommends "$@"
}

for purpose; do
	case $purpose in
	build|vm|bench|lint|all) ;;
	*) die "no purpose $purpose: build, vm, bench, lint or all" ;;
	esac
done
command -v dpkg-query apt-get > /dev/null ||
	die "this is not Debian: see the list in $0 for what is needed"

lines=$(missing "$@")
[ -n "$lines" ] || exit 0
echo "missing:"
echo "$lines"
# shellcheck disable=SC2046 # one word a package
set -- $(echo "$lines" | cut -d: -f1)
if [ "$(id -u)" != 0 ]; then
	echo "as root: apt-get install -y --no-install-recommends $*"
	exit 1
fi
install "$@"
