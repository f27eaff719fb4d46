#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# checks.sh CHECK: one of lint.sh's checks, from the top of the tree. Status 77
# means that there is nothing to check. "checks.sh list" names them.

# shellcheck disable=SC2317 # "each" calls some of the functions

set -eu

. .ci/common.sh

top=$PWD
out=build/lint
mkdir -p "$out"

source_tree()
{
	selftests/vm/kernel.sh source
}

# The module, in a copy of its sources: warnings and sparse's are errors.
# Sparse's are not without -Wsparse-error.
module()
{
	dir=$out/$1
	rm -rf "$dir"
	mkdir -p "$dir"
	files Kbuild dkms.conf kmod include |
		rsync -a --files-from=- . "$dir"
	selftests/vm/kmake.sh "$1" "$dir" W=1 KCFLAGS=-Werror C=2 \
		CF=-Wsparse-error modules
}

# What of checkpatch does not fit programs: they have none of the kernel's types
# and macros, but PRIu64.
program_ignores=PREFER_KERNEL_TYPES,PREFER_DEFINED_ATTRIBUTE_MACRO,BIT_MACRO,\
CAMELCASE
# Nor in what has Windows' interfaces: its types are typedefs, unknown to
# checkpatch, which takes their pointers for products; its macros are as they are.
win_ignores=$program_ignores,NEW_TYPEDEFS,SPACING,LINE_SPACING,LEADING_SPACE,\
MACRO_ARG_REUSE,COMPLEX_MACRO,FUNCTION_ARGUMENTS,STRCPY,STRNCPY,ENOSYS,ARRAY_SIZE,\
COMPARISON_TO_NULL,STATIC_CONST_CHAR_ARRAY
# The headers are C++, too, and say what other ones say.
win_header_ignores=$win_ignores,ARCH_DEFINES,BRACES,MACRO_ARG_PRECEDENCE,\
CONSTANT_COMPARISON,MACRO_ARG_UNUSED,MACRO_WITH_FLOW_CONTROL,UNSPECIFIED_INT,\
USE_NEGATIVE_ERRNO,VOLATILE
# And tests: a command to run is not a message to grep for, to wait for a
# condition is to evaluate it again, threads of a test share what is volatile,
# and kselftest has its own syntax for types (taken for products), variants (for
# complex macros) and checks (for none).
test_ignores=$program_ignores,SPLIT_STRING,MACRO_ARG_REUSE,COMPLEX_MACRO,\
SPACING,NAKED_SSCANF,VOLATILE,ENOSYS,LINE_SPACING,UNNECESSARY_PARENTHESES,\
MULTISTATEMENT_MACRO_USE_DO_WHILE

checkpatch()
{
	status=0
	perl "$(source_tree)/scripts/checkpatch.pl" -q --no-summary \
		--show-types "$@" || status=1
	# A cache of names that it leaves behind.
	rm -f .checkpatch-camelcase.*
	return "$status"
}

win_files='lib/win/*.[ch] examples/win/*.[ch]'
win_files_not=':!include/regbuf-win :!lib/win :!examples/win'
# As another program writes it, and where macros are a syntax of their own.
generated=':!include/uapi/linux/regbuf_netlink.h'
tracepoints=kmod/trace.h

# shellcheck disable=SC2046,SC2086 # one word a file
check_checkpatch()
{
	checkpatch -f $(files 'kmod/*.[ch]' 'include/uapi/*.h' \
		"$generated" ":!$tracepoints") || bad=1
	checkpatch --ignore OPEN_ENDED_LINE,PARENTHESIS_ALIGNMENT \
		-f "$tracepoints" || bad=1
	checkpatch --ignore "$program_ignores" -f $(files '*.[ch]' ':!kmod' \
		':!include/uapi' ':!selftests' $win_files_not) || bad=1
	checkpatch --ignore "$win_ignores" -f $(files $win_files) || bad=1
	checkpatch --ignore "$win_header_ignores" \
		-f $(files 'include/regbuf-win/*.h') || bad=1
	checkpatch --ignore "$test_ignores" \
		-f $(files 'selftests/*.[ch]' ':!selftests/win') || bad=1
	checkpatch --ignore "$test_ignores,$win_ignores" \
		-f $(files 'selftests/win/*.[ch]') || bad=1
}

check_codespell()
{
	files ':!LICENSES' | xargs codespell -q 3 -L nd,fo,inout
}

# The form of a commit's message: what, why, and who answers for it.
commit_message()
{
	git log -1 --format=%B "$1" | awk -v commit="$1" '
	function complain(what) {
		print substr(commit, 1, 12) ": " what ": " $0
		bad = 1
	}
	NR == 1 && length > 65 { complain("a subject longer than 65") }
	NR == 1 && !/^[a-z0-9.\/-]+: [^ ].*[^. ]$/ {
		complain("not \"area: what it does\"")
	}
	NR == 2 && NF { complain("no empty line after the subject") }
	/^Signed-off-by: .+ <.+@.+>$/ { signed = 1 }
	/^[A-Z][a-z-]+(-by)?: / { next }
	NR > 2 && NF { body = 1 }
	NR > 2 && length > 72 && /^[^ \t>].* / { complain("longer than 72") }
	END {
		$0 = ""
		if (!body) complain("does not say why")
		if (!signed) complain("no Signed-off-by")
		exit bad
	}'
}

# What its C files look like; the rest is not for checkpatch.
commit_patch()
{
	git format-patch -M --stdout "$1^!" -- '*.[ch]' "$generated" \
		":!$tracepoints" > "$out/patch"
	[ ! -s "$out/patch" ] ||
		checkpatch --ignore "$test_ignores" "$out/patch"
}

check_commits()
{
	[ -n "${COMMITS:-}" ] || exit 77
	commits=$(git rev-list --no-merges "$COMMITS")
	[ -n "$commits" ] || exit 77
	echo "$commits" | each commit_message || bad=1
	echo "$commits" | each commit_patch || bad=1
}

check_kernel_doc()
{
	files 'include/*.h' 'kmod/*.c' |
		xargs perl "$(source_tree)/scripts/kernel-doc" \
			-none -v -Werror > "$out/log" 2>&1 && return 0
	grep -v ': info: ' "$out/log"
	return 1
}

# Shell scripts: by name, or by what their first line says.
scripts()
{
	files '*.sh'
	files ':!*.sh' | while IFS= read -r file; do
		[ -f "$file" ] || continue
		! head -n 1 "$file" | grep -aqE '^#!.*[/ ](ba|da)?sh$' ||
			echo "$file"
	done
}

# Busybox' shell is not one that shellcheck knows; dash is near.
script()
{
	shell=
	! head -n 1 "$1" | grep -q busybox || shell=dash
	shellcheck -x -S style ${shell:+-s "$shell"} "$1"
}

check_shellcheck()
{
	scripts | each script
}

check_mandoc()
{
	files 'man/*.[1-8]' | xargs -r mandoc -T lint -W warning
}

check_yaml()
{
	files '*.yml' '*.yaml' | xargs -r yamllint
}

# One of the kernel's semantic checks over the module.
semantic()
{
	case $1 in
	# One needs an OCaml compiler, the other's script is broken.
	*/badzero.cocci|*/check_bq27xxx_data.cocci) return 0 ;;
	esac
	if ! spatch -D report --very-quiet --no-show-diff -I include \
			--cocci-file "$1" --dir kmod \
			> "$out/cocci" 2> "$out/cocci.err"; then
		echo "spatch failed on $1:"
		cat "$out/cocci.err"
		return 1
	fi
	cat "$out/cocci"
	[ ! -s "$out/cocci" ]
}

check_coccinelle()
{
	source=$(source_tree)
	find "$source/scripts/coccinelle" -name '*.cocci' | sort | each semantic
}

# Can a program include this header first, as C or C++?
header_alone()
{
	name=${1#include/}
	echo "#include <${name#uapi/}>" > "$out/alone.c"
	set -- -pedantic -Wall -Wextra -Werror -fsyntax-only -Iinclude \
		-Iinclude/uapi "$out/alone.c"
	gcc -x c -std=c99 -Wstrict-prototypes "$@" &&
		g++ -x c++ -std=c++11 "$@"
}

check_headers()
{
	files 'include/*.h' | each header_alone
}

# What the header's structures look like, for a 32- or 64-bit program.
layout()
{
	{
		echo "#include <${2#include/uapi/}>"
		sed -n 's/^\(struct \([a-z0-9_]*\)\) {$/\1 __\2;/p' "$2"
	} > "$out/layout.c"
	gcc "-m$1" -g -c -Iinclude/uapi \
		-idirafter "/usr/include/$(gcc -print-multiarch)" \
		-o "$out/layout$1.o" "$out/layout.c"
	pahole "$out/layout$1.o" > "$out/layout$1"
}

header_layout()
{
	layout 64 "$1" && layout 32 "$1" || return 1
	wrong=0
	if grep -nE 'hole|padding' "$out/layout64"; then
		echo "$1: holes or padding: name every byte"
		wrong=1
	fi
	if ! sed -n 's/.*size: \([0-9]*\),.*/\1/p' "$out/layout64" |
			each whole_words; then
		echo "$1: a structure's size is not a multiple of 8"
		wrong=1
	fi
	if ! diff "$out/layout64" "$out/layout32"; then
		echo "$1: another layout in 32-bit programs"
		wrong=1
	fi
	return "$wrong"
}

whole_words()
{
	[ $(($1 % 8)) = 0 ]
}

check_layout()
{
	files 'include/uapi/*.h' | each header_layout
}

# What is generated must be what would be.
check_ynl()
{
	tools/ynl.sh > "$out/netlink.h" &&
		diff "$out/netlink.h" include/uapi/linux/regbuf_netlink.h
}

# Text that is under the licence of what it describes, or generated.
no_spdx=':!LICENSES :!COPYING :!CHANGES :!*.md :!*.abi'

file_licence()
{
	[ -s "$1" ] && [ -f "$1" ] || return 0
	line=$(head -n 3 "$1" | grep -a 'SPDX-License-Identifier: ' || true)
	if [ -z "$line" ]; then
		echo "$1: no SPDX-License-Identifier in the first 3 lines"
		return 1
	fi
	expression=$(echo "$line" |
		sed 's/.*Identifier: //; s/ *\*\/.*//; s/ *-->.*//')
	for id in $(echo "$expression" | tr -d '()'); do
		case $id in AND|OR|WITH) continue ;; esac
		grep -rqxE "(Valid-License|SPDX-Exception)-Identifier: $id" \
			LICENSES || {
			echo "$1: no text of $id in LICENSES/"
			return 1
		}
	done
	unit_licence "$1" "$expression"
}

# The licence that COPYING promises for the part that file $1 is in.
unit_licence()
{
	case $1 in
	kmod/*|selftests/*|bench/*) want=GPL-2.0 ;;
	include/uapi/linux/regbuf_netlink.h|Documentation/netlink/*)
		want='((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)' ;;
	include/uapi/*) want='GPL-2.0 WITH Linux-syscall-note' ;;
	include/*|lib/*.[ch]|examples/*.[ch]) want=MIT ;;
	*) return 0 ;;
	esac
	[ "$2" = "$want" ] || {
		echo "$1: licence $2, COPYING says $want"
		return 1
	}
}

check_spdx()
{
	# shellcheck disable=SC2086 # $no_spdx is words
	files $no_spdx | each file_licence
}

function_sizes()
{
	awk -v file="$1" -v max=60 '
	/^[a-zA-Z_].*\(/ { name = $0 }
	/^{/ { start = NR }
	/^}/ {
		if (start && NR - start - 1 > max) {
			print file ":" start ": " NR - start - 1 " lines, " \
				max " are allowed: " name
			bad = 1
		}
		start = 0
	}
	END { exit bad }' "$1"
}

file_size()
{
	lines=$(wc -l < "$1")
	[ "$lines" -le 800 ] || {
		echo "$1: $lines lines, 800 are allowed"
		return 1
	}
}

check_sizes()
{
	files 'kmod/*.[ch]' 'lib/*.[ch]' 'tools/*.[ch]' 'examples/*.[ch]' \
		'bench/*.[ch]' | each function_sizes || bad=1
	files 'kmod/*.[ch]' | each file_size || bad=1
}

library_build()
{
	dir=$top/$out/lib-$1
	shift
	rm -rf "$dir"
	mkdir -p "$dir"
	make -s -C lib OUTPUT="$dir" "$@"
}

# Nothing that a thread could share with another without a lock.
library_state()
{
	objdump -h "$1" | awk -v file="$1" '
	$2 ~ /^\.t?(data|bss)(\.[^r]|$)/ && $3 !~ /^0+$/ {
		print file ": writable " $2 ": the library has no global state"
		bad = 1
	}
	END { exit bad }'
}

check_library()
{
	[ -e lib/Makefile ] || return 77
	flags="-O2 -g -Wall -Wextra -Wshadow -Wstrict-prototypes -Werror"
	cppcheck -q --error-exitcode=1 --enable=warning,portability \
		-Iinclude -Iinclude/uapi lib || bad=1
	library_build gcc CC=gcc CFLAGS="$flags" || bad=1
	library_build clang CC=clang CFLAGS="$flags" || bad=1
	library_build analyzer CC=gcc CFLAGS="$flags -fanalyzer" || bad=1
	find "$out/lib-gcc" -name '*.o' | each library_state || bad=1
	library_abi || bad=1
}

# What the last release promised, once there is one.
library_abi()
{
	[ -e lib/libregbuf.abi ] || return 0
	abidiff --no-added-syms lib/libregbuf.abi "$out/lib-gcc/libregbuf.so"
}

# README.md has a table row for each entry of the top directory.
in_readme()
{
	awk -F'|' '/^\| `/ { print $2 }' README.md |
		grep -qF -e "\`$1\`" -e "\`$1/\`" || {
		echo "README.md: nothing about $1 in the table of the tree"
		return 1
	}
}

check_tree()
{
	[ -e README.md ] || {
		echo "no README.md"
		return 1
	}
	git ls-files | sed 's#/.*##' | sort -u | each in_readme
}

# said WORDS [VARIABLE]: Kbuild ends with these words where a kernel has this.
said()
{
	make -n -f Kbuild src=. srctree="$out/kernel" CONFIG_MODULES=y \
		CONFIG_64BIT=y CONFIG_NET=y CONFIG_INET=y \
		CONFIG_MMU_NOTIFIER=y ${2:+"$2"} > "$out/said" 2>&1 || true
	grep -q "$1" "$out/said" || {
		echo "Kbuild does not say \"$1\" with \"${2:-}\", but:"
		cat "$out/said"
		return 1
	}
}

# What regbuf cannot work with is refused before anything is compiled.
check_refusals()
{
	mkdir -p "$out/kernel/include/linux"
	echo "struct ubuf_info *msg_ubuf;" > "$out/kernel/include/linux/socket.h"
	said "No targets"	# which is fine: it has only objects
	said "64-bit" CONFIG_64BIT=
	for option in NET INET MMU_NOTIFIER; do
		said "CONFIG_$option" "CONFIG_$option="
	done
	echo > "$out/kernel/include/linux/socket.h"
	said "6.0 or later"
}

# Where somebody's machine keeps things is of no use to anybody else.
check_paths()
{
	hosts='([a-z0-9.-]+\.)?(debian|ubuntu|pypi|npmjs|golang|docker)\.'
	refuse "a path or host of one machine" \
		"(^|[^A-Za-z0-9_}])/([w]ork|[r]oot|[h]ome)/|[/@]$hosts" \
		':!LICENSES'
	for word in "$top" "$HOME" "$(hostname)"; do
		[ ${#word} -le 6 ] || refuse "a name of this machine" "$word"
	done
}

case $1 in
list)
	echo build-6.1 build-6.12 checkpatch codespell commits kernel-doc \
		shellcheck mandoc yaml coccinelle headers layout ynl \
		boundaries spdx sizes library tree refusals \
		paths seeds docs syzkaller classes
	;;
build-6.1) module 6.1 ;;
build-6.12) module 6.12 ;;
checkpatch) check_checkpatch ;;
codespell) check_codespell ;;
commits) check_commits ;;
kernel-doc) check_kernel_doc ;;
shellcheck) check_shellcheck ;;
mandoc) check_mandoc ;;
yaml) check_yaml ;;
coccinelle) check_coccinelle ;;
headers) check_headers ;;
layout) check_layout ;;
ynl) check_ynl ;;
boundaries) sh .ci/boundaries.sh ;;
spdx) check_spdx ;;
sizes) check_sizes ;;
library) check_library ;;
tree) check_tree ;;
refusals) check_refusals ;;
paths) check_paths ;;
seeds) python3 -B .ci/seeds.py ;;
docs) python3 -B .ci/docs.py ;;
syzkaller) selftests/fuzz/syz.py check ;;
classes) python3 -B .ci/classes.py ;;
*)
	echo "no check $1: one of $(sh "$0" list)"
	exit 2
	;;
esac
exit "$bad"
