#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# completion.sh DIRECTORY: what bash offers after a part of a command line.
# DIRECTORY has a regbuf that is built with mock.c.

set -eu
here=$(cd "$(dirname "$0")" && pwd)
PATH=$1:$PATH
# shellcheck source=tools/regbuf/completion.bash
. "$here/../../../tools/regbuf/completion.bash"

# offers WORDS EXPECTED: the last word of the line is the one to complete
offers()
{
	# Words with nothing after the last space are one more.
	read -ra COMP_WORDS <<< "$1"
	[[ $1 != *" " ]] || COMP_WORDS+=("")
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	COMPREPLY=()
	_regbuf
	if [ "${COMPREPLY[*]}" != "$2" ]; then
		echo "completion: \"$1\" offers \"${COMPREPLY[*]}\"" >&2
		exit 1
	fi
}

offers "regbuf " "list show stat top monitor abort doctor help version --help \
--version"
offers "regbuf s" "show stat"
offers "regbuf x" ""
offers "regbuf show " "3 9 4294967295"
offers "regbuf show -s 3" "3"
offers "regbuf show --stuck " "3 9 4294967295"
offers "regbuf show 3 " "0x100000000 0x200000001"
offers "regbuf show 3 0x2" "0x200000001"
offers "regbuf show 3 0x100000000 " ""
offers "regbuf show 77 " ""
offers "regbuf show --" "--json --stuck --help"
offers "regbuf stat 3 " ""
offers "regbuf top -n " ""
offers "regbuf top --d" "--delay"
offers "regbuf monitor --count 3" ""
offers "regbuf abort " "3 9 4294967295"
offers "regbuf abort -y 3 " "1"
offers "regbuf abort 3 1 " "1 2"
offers "regbuf abort 3 2 " ""
offers "regbuf abort 3 1 1 " ""
offers "regbuf help mon" "monitor"
offers "regbuf version " ""
echo "completion: all well"
