#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# headers.sh OUT: each of libregbuf-win's headers is one that a program can
# include first, as C or C++; and all of them together, in each spelling, in all
# languages that it may be written in, with those of the C++ library before and
# after.

set -eu

top=$(cd "$(dirname "$0")/../../.." && pwd)
out=$1
headers=$top/include/regbuf-win
mkdir -p "$out"

# compile COMPILER STANDARD FILE
compile()
{
	lang=c
	case $2 in *++*) lang=c++ ;; esac
	# Clang takes a link for a mistake in the name's letters.
	case $1 in clang) set -- "$@" -Wno-nonportable-include-path ;; esac
	"$1" ${4:+"$4"} -x $lang "-std=$2" -Wall -Wextra -Werror -pedantic -I"$headers" \
		-Wno-unknown-pragmas -fsyntax-only "$3"
}

library()
{
	echo "#ifdef __cplusplus"
	for name in algorithm atomic chrono functional memory mutex random \
		    string thread vector; do
		echo "#include <$name>"
	done
	echo "#endif"
}

everywhere()
{
	for cc in gcc clang; do
		for std in c99 gnu11 gnu17 c++11 c++14 c++17 c++20 gnu++17; do
			compile "$cc" "$std" "$1"
		done
	done
}

for path in "$headers"/*; do
	[ -f "$path" ] || {
		echo "$path leads nowhere"
		exit 1
	}
	[ ! -h "$path" ] || continue
	{
		echo "#include <${path##*/}>"
		echo "extern int regbuf_win_alone;"
	} > "$out/alone.c"
	compile gcc c99 "$out/alone.c"
	compile gcc c++11 "$out/alone.c"
done

for path in "$headers"/*; do
	echo "#include <${path##*/}>"
done > "$out/list"
{
	cat "$out/list"
	library
} > "$out/before.c"
{
	library
	cat "$out/list"
} > "$out/after.c"
everywhere "$out/before.c"
everywhere "$out/after.c"
everywhere "$top/selftests/win/host/program.cpp"
everywhere "$top/selftests/win/host/winsock.c"
everywhere "$top/selftests/win/host/ioring.c"

# What is not there does not compile: completion routines are not.
cat > "$out/routine.c" << 'EOF'
#include <winsock2.h>
int regbuf_win_routine(SOCKET, LPWSABUF, LPOVERLAPPED,
		       LPWSAOVERLAPPED_COMPLETION_ROUTINE);
int regbuf_win_routine(SOCKET s, LPWSABUF buf, LPOVERLAPPED overlapped,
		       LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
	return (int)WSASend(s, buf, 1, NULL, 0, overlapped, routine);
}
EOF
for cc in gcc clang; do
	for lang in c c++; do
		if "$cc" -x $lang -I"$headers" -c -o "$out/routine.o" \
			"$out/routine.c" 2> "$out/routine.log"; then
			echo "a completion routine compiles: $cc, $lang"
			exit 1
		fi
		grep -qE 'routine|incompatible type|passing' "$out/routine.log"
	done
done
echo "headers of libregbuf-win: all well"
