#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The library and the programs with every compiler, the library with every
# sanitizer; what can run without the module runs; an installed tree is used as
# a program would; the README's example compiles as shown.

set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
build=$top/build/user
rm -rf "$build"
mkdir -p "$build"

# Where a test is the kernel.
wrap=-Wl,--wrap=open,--wrap=ioctl,--wrap=mmap,--wrap=munmap

# Older thread sanitizers cannot place their memory among much randomness.
fixed=
! setarch "$(uname -m)" -R true 2> /dev/null ||
	fixed="setarch $(uname -m) -R"

sanitized="-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all"

# host NAME CC CFLAGS TEST: a host test on a build of the library.
host()
{
	# shellcheck disable=SC2086 # flags are words
	$2 $3 -Wall -Wextra -Werror -I"$top/include" -I"$top/include/uapi" \
		-pthread -o "$build/$1/$4" "$top/selftests/lib/host/$4.c" \
		"$build/$1/libregbuf.a"
	# shellcheck disable=SC2086 # words
	$fixed "$build/$1/$4"
}

# lib NAME CC CFLAGS: a build of the library, and the host tests on it.
lib()
{
	echo "library: $1"
	make -s -C "$top/lib" OUTPUT="$build/$1" CC="$2" CFLAGS="$3" LDFLAGS="$3"
	host "$1" "$2" "$3" host
	host "$1" "$2" "$3 $wrap" ring
	host "$1" "$2" "$3 $wrap" cache
}

# command_on_mock NAME CC CFLAGS: the regbuf command with a mock of the kernel.
command_on_mock()
{
	echo "regbuf: $1"
	make -s -C "$top/tools/regbuf" OUTPUT="$build/regbuf-$1" CC="$2" \
		CFLAGS="$3" \
		NL="$top/selftests/tools/host/mock.c"
	"$top/selftests/tools/host/host.sh" "$build/regbuf-$1/regbuf" \
		"$build/json"
	"$top/selftests/tools/host/completion.sh" "$build/regbuf-$1"
}

command_installed()
{
	make -s -C "$top/tools/regbuf" OUTPUT="$build/regbuf-gcc-real" \
		DESTDIR="$build/installed" PREFIX=/usr install
	for file in bin/regbuf share/man/man8/regbuf.8 \
		    share/bash-completion/completions/regbuf; do
		[ -r "$build/installed/usr/$file" ] || {
			echo "$file is not installed"
			exit 1
		}
	done
}

# A build that lacks something says so, and is no failure.
tools_without_libraries()
{
	make -s -C "$top/tools/regbuf" OUTPUT="$build/regbuf-none" \
		PKG_CONFIG=false > "$build/regbuf-none.log"
	grep -q 'not built: pkg-config knows no libnl-genl-3.0 json-c' \
		"$build/regbuf-none.log"
	[ ! -e "$build/regbuf-none" ]
	make -s -C "$top/tools/perf" OUTPUT="$build/perf-none" \
		PKG_CONFIG=false > "$build/perf-none.log"
	grep -q 'not built: pkg-config knows no jansson liburing' \
		"$build/perf-none.log"
	[ ! -e "$build/perf-none" ]
}

readme()
{
	echo "README's example"
	# shellcheck disable=SC2016 # backquotes as they stand
	sed -n '/^```c$/,/^```$/p' "$top/README.md" | sed '/^```/d' \
		> "$build/readme.c"
	grep -q regbuf_send "$build/readme.c"
	for cc in gcc clang; do
		$cc -std=c99 -Wall -Wextra -Werror -I"$top/include" \
			-I"$top/include/uapi" -c -o "$build/readme.o" \
			"$build/readme.c"
	done
}

lib gcc gcc "-O2 -g"
lib clang clang "-O2 -g"
lib sanitized gcc "$sanitized"
lib threads gcc "-O1 -g -fsanitize=thread"
lib m32 gcc "-O2 -g -m32"
for cc in gcc clang; do
	echo "examples: $cc"
	make -s -C "$top/examples" CC=$cc OUTPUT="$build/examples-$cc" \
		CFLAGS="-O2 -g -Wall -Wextra -Werror"
	echo "regbuf-perf: $cc"
	make -s -C "$top/tools/perf" CC=$cc OUTPUT="$build/perf-$cc"
	make -s -C "$top/tools/regbuf" CC=$cc OUTPUT="$build/regbuf-$cc-real"
done
# shellcheck disable=SC2046 # words
gcc -O2 -g -Wall -Wextra -Werror -o "$build/json" \
	"$top/selftests/tools/json.c" $(pkg-config --cflags --libs json-c)
command_installed
command_on_mock gcc gcc "-O2 -g"
command_on_mock clang clang "-O2 -g"
command_on_mock sanitized gcc "$sanitized"
tools_without_libraries
readme
"$top/selftests/win/host/host.sh" "$build/win"
"$top/selftests/install-check.sh"
"$top/selftests/vm/gate_test.sh"
echo "user space: all well"
