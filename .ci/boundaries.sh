#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# boundaries.sh: who may include and use what, from the top of the tree.

# shellcheck disable=SC2317 # "each" calls some of the functions

set -eu

. .ci/common.sh

include='^[[:space:]]*#[[:space:]]*include[[:space:]]*'

uapi()
{
	type='(enum|(unsigned |signed )?(char|short|int|long)|s?size_t|bool)'
	type="($type|u?int(8|16|32|64)_t)"
	refuse "the interface includes linux/types.h and linux/ioctl.h alone" \
		"${include}(\"|<([^l]|linux/([^it]|i[^o]|t[^y])))" include/uapi
	refuse "the interface has words of fixed size" \
		"^[[:space:]]+${type}[[:space:]]" include/uapi
	refuse "the interface has no bit-fields" \
		'^[[:space:]]+__[a-z0-9_]+[[:space:]]+[a-z_0-9]+[[:space:]]*:' \
		include/uapi
}

kmod()
{
	refuse "versions lie: probe in Kbuild, use in kmod/compat.h" \
		'\<(LINUX_VERSION_CODE|KERNEL_VERSION|linux/version\.h)\>' \
		kmod Kbuild
	refuse "differences between kernels belong in kmod/compat.h" \
		REGBUF_HAVE_ ':!Kbuild' ':!kmod/compat.h' ':!.ci' ':!*.md'
	refuse "the module includes the kernel, its interface and itself" \
		"${include}(<(regbuf|std|sys/)|\"[^\"]*/)" kmod
	files 'kmod/*.[ch]' | each include_order || bad=1
}

# Linux, net, our interface, our own; each in alphabetical order. What expands
# tracepoints is last.
include_order()
{
	awk -v file="$1" '
	$1 == "#include" && $2 != "<trace/define_trace.h>" {
		group = 1
		if ($2 ~ /^<net/) group = 2
		if ($2 ~ /^<uapi/) group = 3
		if ($2 ~ /^"/) group = 4
		key = group $2
		if (key < last) {
			print file ":" NR ": " $2 " is too late"
			bad = 1
		}
		last = key
	}
	END { exit bad }' "$1"
}

# Calls inside the module point one way: chardev, ctx, xmit -> buf, import,
# flight -> pin, charge, route.
kmod_direction()
{
	high='ioctl_|chardev_|xmit_|cargo_import|gather_'
	refuse "pin, charge and route call none of the others" \
		"\\<regbuf_($high|flight_|buf_|ctx_)[a-z_]*\\(" \
		kmod/pin.c kmod/charge.c kmod/route.c
	refuse "the end of a flight registers and submits nothing" \
		"\\<regbuf_($high|buf_kill)[a-z_]*\\(" kmod/flight.c
	refuse "buffers know nothing of sending" \
		'\<regbuf_(xmit_|cargo_|gather_|flight_|ioctl_send)[a-z_]*\(' \
		kmod/buf.c
}

library()
{
	print='v?d?f?printf|f?puts|f?putc|putchar|perror|fwrite|syslog'
	refuse "the library neither prints nor ends the program" \
		"\\<($print|abort|assert|_?exit)[[:space:]]*\\(" 'lib/*.[ch]'
	refuse "the library includes libc, itself and the interface" \
		"${include}[<\"](.*kmod/|netlink/|libnl|linux/[^r]|.*selftests/)" \
		'lib/*.[ch]'
}

tools()
{
	refuse "tools see what is installed, and make no ioctl of their own" \
		"${include}.*(regbuf_int|lib/|kmod/)|\\<ioctl\\(" 'tools/*.[ch]'
}

tests()
{
	refuse "tests of the module do without the library and its mistakes" \
		"${include}[<\"](regbuf\\.h|.*include/regbuf\\.h)|-lregbuf" \
		selftests/uapi selftests/core selftests/regbuf_test.h
	refuse "tests see no private headers" \
		"${include}.*(regbuf_int|kmod/|lib/)" 'selftests/*.[ch]'
}

# Whoever uses the library from outside.
users()
{
	refuse "examples and measurements see what is installed" \
		"${include}.*(regbuf_int|kmod/|lib/|selftests/)" bench examples
}

uapi
kmod
kmod_direction
library
tools
tests
users
exit "$bad"
