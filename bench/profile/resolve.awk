# SPDX-License-Identifier: GPL-2.0
#
# sort SYMBOLS ADDRESSES | awk -f resolve.awk: what function each address is in.
# Both have addresses of 16 digits, which sort as text; awk has no integers that
# long. Lines of symbols go on with " = NAME", those of addresses with " ?", so
# they are behind; they come out with the name, and a "+" if that begins before.

$2 == "=" {
	start = $1
	name = $3
	next
}

{
	print $1, name == "" ? "?" : name, $1 == start ? "" : "+"
}
