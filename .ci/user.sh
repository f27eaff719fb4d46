#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The library and the examples with every compiler and sanitizer; what can run
# without the module runs; an installed tree is used as a program would; the
# README's example compiles as shown.

set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
build=$top/build/user
rm -rf "$build"
mkdir -p "$build"

# lib NAME CC CFLAGS: a build of the library, and the host test on it.
lib()
{
	echo "library: $1"
	make -s -C "$top/lib" OUTPUT="$build/$1" CC="$2" CFLAGS="$3" LDFLAGS="$3"
	# shellcheck disable=SC2086 # flags are words
	$2 $3 -Wall -Wextra -Werror -I"$top/include" -I"$top/include/uapi" \
		-o "$build/$1/host" "$top/selftests/lib/host/host.c" \
		"$build/$1/libregbuf.a"
	"$build/$1/host"
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
lib sanitized gcc "-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all"
lib m32 gcc "-O2 -g -m32"
for cc in gcc clang; do
	echo "examples: $cc"
	make -s -C "$top/examples" CC=$cc OUTPUT="$build/examples-$cc" \
		CFLAGS="-O2 -g -Wall -Wextra -Werror"
done
readme
"$top/selftests/install-check.sh"
"$top/selftests/vm/gate_test.sh"
echo "user space: all well"
