#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# backport.sh COMMAND: packages that Debian has for its next release, such as kernel
# 7.3, or as backports for this one. No package is installed, no script of one is
# run.
#
#   newest PREFIX        the newest kernel whose name begins with PREFIX
#   get DIR RELEASE      in DIR, what kernel.sh says of a kernel; and DIR/sysroot,
#                        as it is built with compilers and libraries that are newer
#                        than this machine's: a root directory with nothing but
#                        what is needed to build a module
#   version PACKAGE      the version of a package
#   packages DIR PACKAGE...
#                        packages by themselves, unpacked in DIR
#
# PACKAGE may be NAME/here: of the backports for this release.

set -eu

cache=${REGBUF_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/regbuf}
apt=$cache/apt
suite=trixie
# shellcheck disable=SC1091 # Debian has it
here=$(. /etc/os-release && echo "$VERSION_CODENAME")-backports

# Its own lists of packages, and no package installed.
apt_options="-q -o Dir::State=$apt -o Dir::State::lists=$apt/lists \
-o Dir::State::status=$apt/status -o Dir::Cache=$apt/cache \
-o Dir::Etc::sourcelist=$apt/sources.list -o Dir::Etc::sourceparts=/dev/null \
-o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
-o APT::Sandbox::User=root -o APT::Install-Recommends=false"

# From where this machine has its own packages.
mirror()
{
	# shellcheck disable=SC2016 # not variables of the shell
	apt-get indextargets --format '$(REPO_URI) $(COMPONENT) $(SUITE)' \
		"Created-By: Packages" |
		awk '$2 == "main" && $1 ~ /\/debian\/?$/ { print $1; exit }'
}

# Of the suites $@.
update()
{
	key=/usr/share/keyrings/debian-archive-keyring.gpg
	for part; do
		echo "deb [signed-by=$key] $(mirror) $part main"
	done | sort -u > "$apt/sources.list"
	# shellcheck disable=SC2086 # words
	apt-get $apt_options --error-on=any update >&2
}

# Once a day, or when this was changed; what was there stays if there is no network.
# Kernels do without this release's backports, should they be gone some day.
lists()
{
	[ -z "$(find "$apt/updated" -mtime -1 -newer "$0" 2>/dev/null)" ] ||
		return 0
	mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
	: > "$apt/status"
	if update "$suite" "$suite-backports" "$here"; then
		touch "$apt/updated"
	else
		update "$suite" "$suite-backports" || [ -e "$apt/updated" ]
	fi
}

newest()
{
	# shellcheck disable=SC2086 # words
	apt-cache $apt_options pkgnames "linux-headers-$1" |
		sed -n 's/^linux-headers-\(.*[0-9]-cloud-amd64\)$/\1/p' |
		grep -F "$1." | sort -V | tail -n 1
}

fetch()
{
	release=$1
	rm -f "$apt"/cache/archives/*.deb
	# shellcheck disable=SC2086 # words
	apt-get $apt_options -y --download-only install \
		"linux-headers-$release" binutils make gawk bash coreutils \
		sed grep findutils dash >&2
	# shellcheck disable=SC2086 # words
	(cd "$apt/cache/archives" && apt-get $apt_options download \
		"linux-binary-$release" "linux-modules-$release" >&2)
}

unpack()
{
	root=$1
	mkdir -p "$root/usr/bin" "$root/src"
	for top in bin sbin lib lib64; do
		mkdir -p "$root/usr/$top"
		ln -s "usr/$top" "$root/$top"
	done
	for deb in "$apt"/cache/archives/*.deb; do
		dpkg-deb --fsys-tarfile "$deb" |
			tar -C "$root" -x --keep-directory-symlink
	done
	rm -f "$apt"/cache/archives/*.deb
	ln -sf gawk "$root/usr/bin/awk"
}

get()
{
	dir=$1
	fetch "$2"
	unpack "$dir/sysroot"
	mkdir -p "$dir/lib/modules"
	ln -s "../../sysroot/usr/lib/modules/$2" "$dir/lib/modules/$2"
	ln -s "lib/modules/$2" "$dir/modules"
	ln -s "modules/vmlinuz" "$dir/vmlinuz"
	ln -s "sysroot/usr/src/linux-headers-$2" "$dir/build"
	PATH=$PATH:/sbin:/usr/sbin depmod -b "$dir" "$2"
	echo "$2" > "$dir/release"
}

in_suite()
{
	echo "$1" | sed "s,/here\$,/$here,"
}

version()
{
	# shellcheck disable=SC2086 # words
	apt-cache $apt_options show --no-all-versions "$(in_suite "$1")" |
		sed -n 's/^Version: //p'
}

packages()
{
	dir=$1
	shift
	rm -f "$apt"/cache/archives/*.deb
	for package; do
		# shellcheck disable=SC2086 # words
		(cd "$apt/cache/archives" && apt-get $apt_options download \
			"$(in_suite "$package")" >&2)
	done
	for deb in "$apt"/cache/archives/*.deb; do
		dpkg-deb -x "$deb" "$dir"
	done
	rm -f "$apt"/cache/archives/*.deb
}

mkdir -p "$apt"
exec 8> "$apt/lock"
flock 8
lists || { echo "backport.sh: no lists of packages" >&2; exit 1; }
"$@"
