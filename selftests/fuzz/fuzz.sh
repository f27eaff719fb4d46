#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# fuzz.sh [OPTION]...: fuzz regbuf's interface in a VM, as long as the kernel does
# not complain. If it does, shows what it said, leaves the programs that ran last
# in OUT/share/last, and ends with status 1.
#
#   -k KERNEL   uml (default) or kasan
#   -t SECONDS  how long (default 60)
#   -s SEED     another run with it makes the same programs to begin with; later
#               ones depend on where those went, and that on chance
#   -c FILE     programs to begin with, besides seeds.txt
#   -r FILE     no fuzzing: run the programs of FILE again, as they are
#   -n TIMES    with -r: so many times (default 20)
#   -S DIR      the module's sources (default: this tree)
#   -o OUT      where to leave everything (default: out/fuzz-KERNEL)

set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
vm=$top/selftests/vm
kernel=uml
seconds=60
seed=$(date +%s)
corpus=
replay=
times=20
src=$top
out=

while getopts k:t:s:c:r:n:S:o: opt; do
	case $opt in
	k) kernel=$OPTARG ;;
	t) seconds=$OPTARG ;;
	s) seed=$OPTARG ;;
	c) corpus=$OPTARG ;;
	r) replay=$OPTARG ;;
	n) times=$OPTARG ;;
	S) src=$(cd "$OPTARG" && pwd) ;;
	o) out=$OPTARG ;;
	*) exit 2 ;;
	esac
done
out=${out:-$top/out/fuzz-$kernel}
module=$src/build/$kernel-kcov/regbuf.ko

# What the kernel said: the first report, and what followed.
complaint()
{
	grep -nE 'BUG|WARNING|KASAN:|UBSAN:|refcount_t|blocked for more|ODEBUG|general protection|suspicious|while atomic|corrupt|Kernel panic' \
		"$out/console.log" | head -n 1 | cut -d: -f1 |
		while read -r line; do
			tail -n "+$line" "$out/console.log" | head -n 50
		done
}

last_program()
{
	awk '/^stop$/ { exit } { text = text $0 "\n" }
	     /^end$/ { prog = text; text = "" } END { printf "%s", prog }' \
		"$out/share/last"
}

failed()
{
	echo "== fuzz: failed; console: $out/console.log"
	complaint
	if [ -z "$replay" ] && [ -s "$out/share/last" ]; then
		echo "== fuzz: the program that ran last:"
		last_program
		cp "$out/share/last" "$out/failed"
		echo "== fuzz: this and those before it again:" \
			"make fuzz KERNEL=$kernel REPLAY=$out/failed"
	fi
	exit 1
}

"$top/tools/deps.sh" build vm
REGBUF_SRC=$src "$vm/module.sh" "$kernel" kcov
make -s -C "$here" OUTPUT="$top/build/fuzz"
# How many points the module has; not to be seen where calls go by register.
points=$(readelf -rW "$module" | grep -c 'PLT32 .*__sanitizer_cov_trace_pc' ||
	true)

mkdir -p "$out/share"
rm -f "$out/share/last" "$out/share/corpus" "$out/share/more" "$out/share/again"
[ -z "$corpus" ] || cp "$corpus" "$out/share/more"
if [ -n "$replay" ]; then
	cp "$replay" "$out/share/again"
	args="-n $times -r /share/again"
else
	args="-t $seconds -s $seed -c /seeds.txt ${corpus:+-c /share/more}"
	echo "fuzzing on $kernel for $seconds s, SEED=$seed"
fi
# Booting, what is done at the end, and what hangs take their time, too.
"$vm/run.sh" -k "$kernel" -m "$module" -t $((seconds + 400)) -M 1024 \
	-o "$out" -s "$out/share" -c "$top/build/fuzz/fuzz:fuzz" \
	-c "$here/seeds.txt:seeds.txt" -c "$here/guest.sh:guest.sh" \
	-c "$vm/guest-left.sh:guest-left.sh" \
	"sh /guest.sh -d /share -p $points $args" 2> "$out/run.log" || failed
echo "== fuzz: nothing found"
