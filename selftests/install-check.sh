#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# install-check.sh: install the library somewhere, and see that it can be used
# from there with what pkg-config says, in C and C++, static and shared, and
# without the header; that each header compiles alone; that nothing but the
# map's symbols are exported; and that the man pages have the header's
# prototypes. Then libregbuf-win, with a program as Windows has them.
#
# CC and CXX are the compilers to use.

set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
dest=$(mktemp -d "${TMPDIR:-/tmp}/regbuf-install.XXXXXX")
trap 'rm -rf "$dest"' EXIT

CC=${CC:-cc}
CXX=${CXX:-c++}
prefix=$dest/usr/local
export PKG_CONFIG_PATH="$prefix/lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$dest"

die()
{
	echo "install-check: $*" >&2
	exit 1
}

install_library()
{
	make -s -C "$top/lib" OUTPUT="$dest/build" DESTDIR="$dest" \
		PREFIX=/usr/local LIBDIR=/usr/local/lib \
		INCLUDEDIR=/usr/local/include MANDIR=/usr/local/share/man \
		CC="$CC" install || die "make install fails"
	for file in lib/libregbuf.a lib/libregbuf.so lib/libregbuf.so.0 \
		    include/libregbuf/regbuf.h \
		    include/libregbuf/linux/regbuf.h \
		    share/man/man3/regbuf_send.3 share/man/man3/regbuf_sendv.3 \
		    share/man/man4/regbuf.4 share/man/man7/regbuf.7; do
		[ -r "$prefix/$file" ] || die "$file is not installed"
	done
}

check_version()
{
	version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$top/dkms.conf")
	[ "$(pkg-config --modversion libregbuf)" = "$version" ] ||
		die "libregbuf.pc does not have version $version"
	[ -f "$prefix/lib/libregbuf.so.$version" ] ||
		die "libregbuf.so.$version is not installed"
}

# Each header, in both languages, with nothing else and no warning.
check_headers()
{
	flags="-pedantic -Wall -Wextra -Werror -fsyntax-only"
	for header in regbuf.h linux/regbuf.h; do
		echo "#include <$header>" > "$dest/header.c"
		cp "$dest/header.c" "$dest/header.cc"
		# shellcheck disable=SC2046,SC2086 # words
		$CC -std=c99 $flags $(pkg-config --cflags libregbuf) \
			"$dest/header.c" || die "$header is not C99 by itself"
		# shellcheck disable=SC2046,SC2086 # words
		$CXX -std=c++11 $flags $(pkg-config --cflags libregbuf) \
			"$dest/header.cc" || die "$header is not C++11 by itself"
	done
}

# A program that says which version it runs with, and knows all of the API.
write_program()
{
	{
		echo '#include <regbuf.h>'
		echo '#include <stdio.h>'
		echo 'typedef void (*call)(void);'
		echo 'call calls[] = {'
		names "$top/lib/libregbuf.map" | sed 's/.*/(call)&,/'
		echo '};'
		echo 'int main(void)'
		echo '{'
		echo '	struct regbuf_slice s = regbuf_slice_of(1, 2, 3);'
		echo '	puts(regbuf_version());'
		echo '	return !calls[0] || s.length != 3;'
		echo '}'
	} > "$dest/program.c"
	cp "$dest/program.c" "$dest/program.cc"
}

# check_program COMPILER FILE HOW: HOW is static or shared
check_program()
{
	libs=$(pkg-config --libs libregbuf)
	[ "$3" = shared ] || libs=$prefix/lib/libregbuf.a
	# shellcheck disable=SC2046,SC2086 # words
	$1 $(pkg-config --cflags libregbuf) -o "$dest/program" "$dest/$2" \
		$libs || die "$2 does not build with the $3 library"
	output=$(LD_LIBRARY_PATH=$prefix/lib "$dest/program") ||
		die "$2 does not run with the $3 library"
	[ "$output" = "$version" ] ||
		die "$2 with the $3 library is of version $output"
}

# The inline functions are in the library as well, for other languages.
write_foreign()
{
	cat > "$dest/foreign.c" << 'EOF'
struct slice { unsigned long long id, offset; unsigned int length, flags; };
struct slice regbuf_slice_of(unsigned long long, unsigned long long, unsigned);
void regbuf_prep_send(void *, unsigned, unsigned long long, unsigned long long,
		      unsigned);

int main(void)
{
	struct slice s = regbuf_slice_of(1, 2, 3);
	unsigned char sqe[64] = { 0 };

	regbuf_prep_send(sqe, 7, 0, 0, 0);
	return s.id != 1 || s.offset != 2 || s.length != 3 || s.flags ||
	       sqe[0] != 1 || sqe[4] != 7;
}
EOF
}

check_foreign()
{
	write_foreign
	for libs in "$(pkg-config --libs libregbuf)" "$prefix/lib/libregbuf.a"; do
		# shellcheck disable=SC2086 # words
		$CC -o "$dest/foreign" "$dest/foreign.c" $libs ||
			die "inline functions are not in $libs"
		LD_LIBRARY_PATH=$prefix/lib "$dest/foreign" ||
			die "inline functions of $libs do not work"
	done
}

names()
{
	sed -n 's/^\t\t\(regbuf_[a-z_]*\);$/\1/p' "$1"
}

check_symbols()
{
	names "$top/lib/libregbuf.map" | sort > "$dest/map"
	nm -D --defined-only "$prefix/lib/libregbuf.so" |
		sed -n 's/.* [^A] \(.*\)@@LIBREGBUF_.*/\1/p' |
		sort > "$dest/exported"
	cmp -s "$dest/map" "$dest/exported" ||
		die "the map and what is exported differ:" \
			"$(diff "$dest/map" "$dest/exported")"
	! nm -D --defined-only "$prefix/lib/libregbuf.so" |
		grep -v -e '@@LIBREGBUF_' -e ' A LIBREGBUF_' ||
		die "symbols without a version are exported"
}

# All prototypes of the header, one a line: "type name(argument, ...)". No
# macros, and no bodies of inline functions.
header_prototypes()
{
	sed -e '/^\/\*/,/\*\//d' -e ':join' -e '/\\$/{N;s/\\\n//;b join' \
		-e '}' -e '/^#/d' -e '/^{/,/^}/{/^}/!d;s/.*/;/' -e '}' "$1" |
		tr '\n\t' '  ' | tr ';{}' '\n' | tr -s ' ' |
		sed -e 's/^ //' -e 's/ $//' \
			-e 's/\* regbuf/*regbuf/' |
		sed -n '/regbuf_[a-z_]*(.*)$/p' | grep -v '^extern'
}

man_prototypes()
{
	awk '
	/^\.Sh/ { synopsis = $2 == "SYNOPSIS" }
	!synopsis { next }
	/^\.Ft/ { sub(/^\.Ft /, ""); type = $0 }
	/^\.Fo/ { args = ""; name = $2 }
	/^\.Fa/ {
		sub(/^\.Fa /, "")
		gsub(/"/, "")
		args = args (args == "" ? "" : ", ") $0
	}
	/^\.Fc/ { print type (type ~ /\*$/ ? "" : " ") name "(" args ")" }
	' "$@"
}

check_manuals()
{
	header_prototypes "$top/include/regbuf.h" | sort > "$dest/in-header"
	man_prototypes "$top"/man/*.3 | sort > "$dest/in-manuals"
	[ "$(wc -l < "$dest/in-header")" -ge "$(wc -l < "$dest/map")" ] ||
		die "prototypes in regbuf.h are not recognised"
	cmp -s "$dest/in-header" "$dest/in-manuals" ||
		die "regbuf.h and the manuals differ:" \
			"$(diff "$dest/in-header" "$dest/in-manuals")"
}

install_win()
{
	make -s -C "$top/lib/win" OUTPUT="$dest/build-win" \
		LIBREGBUF="$dest/build" DESTDIR="$dest" PREFIX=/usr/local \
		LIBDIR=/usr/local/lib INCLUDEDIR=/usr/local/include CC="$CC" \
		install || die "make install of libregbuf-win fails"
	for file in lib/libregbuf-win.a lib/libregbuf-win.so \
		    lib/libregbuf-win.so.0 include/regbuf-win/WinSock2.h \
		    include/regbuf-win/mswsock.h share/man/man7/regbuf-win.7; do
		[ -r "$prefix/$file" ] || die "$file is not installed"
	done
	[ "$(pkg-config --modversion libregbuf-win)" = "$version" ] ||
		die "libregbuf-win.pc does not have version $version"
}

# Needs no module: the table of functions is refused for what is no socket.
write_win_program()
{
	cat > "$dest/win.c" << 'EOF'
#include <WinSock2.h>
#include <MSWSock.h>
#include <Windows.h>

int main(void)
{
	HANDLE event = CreateEvent(NULL, TRUE, FALSE, NULL);
	RIO_EXTENSION_FUNCTION_TABLE rio;
	GUID id = WSAID_MULTIPLE_RIO;
	DWORD bytes;
	WSADATA data;

	if (WSAStartup(MAKEWORD(2, 2), &data) || !event ||
	    WaitForSingleObject(event, 0) != WAIT_TIMEOUT ||
	    !SetEvent(event) || WaitForSingleObject(event, 0) != WAIT_OBJECT_0)
		return 1;
	if (!WSAIoctl(INVALID_SOCKET,
		      SIO_GET_MULTIPLE_EXTENSION_FUNCTION_POINTER, &id,
		      sizeof(id), &rio, sizeof(rio), &bytes, NULL, NULL) ||
	    GetLastError() != WSAENOTSOCK)
		return 2;
	return !CloseHandle(event) || WSACleanup();
}
EOF
	cp "$dest/win.c" "$dest/win.cc"
}

# check_win_program COMPILER FILE HOW
check_win_program()
{
	libs=$(pkg-config --libs libregbuf-win)
	[ "$3" = shared ] || libs="$prefix/lib/libregbuf-win.a
		$prefix/lib/libregbuf.a -pthread"
	# shellcheck disable=SC2046,SC2086 # words
	LD_LIBRARY_PATH=$prefix/lib $1 -Wall -Wextra -Werror \
		$(pkg-config --cflags libregbuf-win) -o "$dest/win" \
		"$dest/$2" $libs ||
		die "$2 does not build with the $3 library"
	LD_LIBRARY_PATH=$prefix/lib "$dest/win" ||
		die "$2 ends with $? with the $3 library"
}

# What programs call by names of the C library's has other symbols.
check_win_symbols()
{
	nm -D --defined-only "$prefix/lib/libregbuf-win.so" |
		sed -n 's/.* [^A] \([^@]*\).*/\1/p' | sort > "$dest/exported"
	nm -D --defined-only "$($CC -print-file-name=libc.so.6)" |
		sed -n 's/.* [^A] \([^@]*\).*/\1/p' | sort -u > "$dest/libc"
	taken=$(comm -12 "$dest/exported" "$dest/libc")
	[ -z "$taken" ] || die "libregbuf-win takes names of libc:" "$taken"
	! grep -E '^(win|rio|ioring|san|thread)_' "$dest/exported" ||
		die "libregbuf-win exports what is its own"
}

install_library
check_version
check_headers
check_symbols
check_manuals
write_program
for how in static shared; do
	check_program "$CC" program.c $how
	check_program "$CXX" program.cc $how
done
check_foreign
install_win
write_win_program
for how in static shared; do
	check_win_program "$CC" win.c $how
	check_win_program "$CXX" win.cc $how
done
check_win_symbols
echo "install-check: the installed library is fine"
