#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# planted.sh [NAME...]: does the fuzzer find bugs? Plants each (or those named) in
# a copy of the module, and fuzzes that until it is found; then runs what found it
# again. Status 1 if one isn't found in its time, or for another reason. Those that
# take two CPUs, and so an emulated machine and minutes, are planted only if named.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
dir=$top/build/planted

# The sources with the sed script $3 run on $2, which has to change it. In one
# place for all, so that only what changes is compiled.
copy()
{
	mkdir -p "$dir"
	rsync -a --exclude='*.o' --exclude='*.cmd' "$top/kmod" "$top/include" \
		"$top/Kbuild" "$top/dkms.conf" "$dir/"
	[ ! -e "$dir/last" ] || touch "$dir/$(cat "$dir/last")"
	echo "$2" > "$dir/last"
	sed "$3" "$top/$2" > "$dir/$2"
	if cmp -s "$top/$2" "$dir/$2"; then
		echo "planted.sh: $1: nothing to change in $2 any more"
		return 1
	fi
}

fuzz()
{
	name=$1
	shift
	"$here/fuzz.sh" -S "$dir" -o "$top/out/planted/$name" \
		"$@" > "$top/out/planted/$name.log" 2>&1
}

# plant NAME KERNEL SECONDS REPORT FILE SED
plant()
{
	case " $names " in
	*" $1 "*) ;;
	*) return 0 ;;
	esac
	copy "$1" "$5" "$6" || { bad=1; return 0; }
	mkdir -p "$top/out/planted"
	rm -rf "$top/out/planted/$1"
	begin=$(date +%s)
	if fuzz "$1" -k "$2" -t "$3" || ! grep -qE "$4" \
			"$top/out/planted/$1/console.log"; then
		echo "FAIL $1: not found; see out/planted/$1.log"
		bad=1
		return 0
	fi
	echo "ok   $1: found after $(($(date +%s) - begin)) s:" \
		"$(grep -oE "$4" "$top/out/planted/$1/console.log" | head -n 1)"
	[ "$2" = uml ] || return 0
	if fuzz "$1" -k "$2" -r "$top/out/planted/$1/failed"; then
		echo "FAIL $1: not found again by what found it"
		bad=1
	fi
}

names=${*:-ring-index missing-get missing-unlock}
bad=0

# An index from a ring that nobody checks: slices that are returned to a pool.
plant ring-index uml 300 'KASAN: [a-z-]*|Kernel mode fault' kmod/pool.c \
	'/if (nr >= pool->count)/,/array_index_nospec/d'
# An import that doesn't count as one who uses the export.
plant missing-get uml 300 'KASAN: [a-z-]*use-after-free|refcount_t: [a-z]*' \
	kmod/export.c \
	'/^regbuf_import_create/,/^}/{/refcount_inc(&export->ref)/d}'
# A way out that forgets the lock.
plant missing-unlock uml 300 \
	'lock held when returning|possible [a-z]* locking|blocked for more' \
	kmod/pool.c \
	's/^\t\terr = regbuf_pool_set(q, arg);/\t\tif ((err = regbuf_pool_set(q, arg)))\n\t\t\treturn err;/; s/^\tif (arg->count)$/\tif (arg->count) {/; s/^\telse$/\t} else/'
# An entry that is checked, and then read from the ring once more. Two CPUs.
plant double-fetch kasan 400 'KASAN: [a-z-]*|BUG: [a-z ]*|Oops|general protection' \
	kmod/submit.c \
	's/regbuf_submit_one(q, &q->sqe)/regbuf_submit_one(q, \&q->shm->sqes[q->sq_head \& (q->shm->sq_entries - 1)])/'

exit $bad
