#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# host.sh OUT: what of libregbuf-win needs no module, with every compiler and
# sanitizer. The harness is a kernel source's, as selftests/Makefile has it.

set -eu

top=$(cd "$(dirname "$0")/../../.." && pwd)
ksft=${KSFT:-$("$top/selftests/vm/kernel.sh" source)/tools/testing/selftests}
tests="base port memory"
out=$1

# Older thread sanitizers cannot place their memory among much randomness.
fixed=
! setarch "$(uname -m)" -R true 2> /dev/null ||
	fixed="setarch $(uname -m) -R"

# build CC CFLAGS OUT FILE [FLAG]...
build()
{
	cc=$1 flags=$2 program=$3 file=$4
	shift 4
	# shellcheck disable=SC2086 # flags are words
	"$cc" -std=gnu11 $flags -D_GNU_SOURCE -Wall -Wextra -Werror \
		-I"$top/include/regbuf-win" "$@" -pthread -o "$program" \
		"$file" "$dir/win/libregbuf-win.a" "$dir/libregbuf.a"
}

# suite NAME CC CFLAGS
suite()
{
	echo "libregbuf-win: $1"
	dir=$out/$1
	make -s -C "$top/lib" OUTPUT="$dir" CC="$2" CFLAGS="$3" LDFLAGS="$3"
	make -s -C "$top/lib/win" OUTPUT="$dir/win" LIBREGBUF="$dir" CC="$2" \
		CFLAGS="$3" LDFLAGS="$3"
	for test in $tests; do
		build "$2" "$3" "$dir/$test" "$top/selftests/win/$test.c" \
			-I"$ksft" -I"$top/selftests" -Wno-unused-parameter -Wno-sign-compare \
			-Wno-missing-field-initializers -Wno-clobbered \
			-Wno-unknown-warning-option
		$fixed "$dir/$test" > "$dir/$test.log" 2>&1 || {
			cat "$dir/$test.log"
			exit 1
		}
	done
	build "$2" "$3" "$dir/watch" "$top/selftests/win/host/watch.c" \
		-I"$top/lib/win" -I"$top/include" -I"$top/include/uapi"
	$fixed "$dir/watch"
}

mkdir -p "$out"
"$top/selftests/win/host/headers.sh" "$out/headers"
suite gcc gcc "-O2 -g"
suite clang clang "-O2 -g"
suite sanitized gcc \
	"-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all"
suite threads gcc "-O1 -g -fsanitize=thread"
echo "libregbuf-win: all well"
