#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# profile.sh [OPTION]...: where the instructions go: for each operation and by
# function, those of the kernel, of its modules and of the program; which of them
# are locked, as atomic ones are.
#
#   -k KERNEL    6.1 or 6.12 (default)
#   -b BENCH     as bench.sh's (default: tx); the options below are passed on
#   -w WORKS     -s SIZES     -e ENGINES   -d DEPTHS    -m MODES     -p PAGES
#                (default: udp, 1400, regbuf, 32, backlogged, 2m)
#   -c CPUS      how many the machine has. With more than one: which locked
#                instructions are on cache lines that several CPUs touched, for
#                "-b scale", where each CPU has a queue of its own
#   -l LEAST     leave out functions of fewer instructions (default: 0.5)
#   -o OUT       where to leave the results (default: out/profile)

set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/.." && pwd)
kernel=6.12
bench=tx
cpus=1
least=0.5
out=$top/out/profile
works=udp
sizes=1400
engines=regbuf
depths=32
modes=backlogged
pages=2m

while getopts k:b:w:s:e:d:m:p:c:l:o: opt; do
	case $opt in
	k) kernel=$OPTARG ;;
	b) bench=$OPTARG ;;
	w) works=$OPTARG ;;
	s) sizes=$OPTARG ;;
	e) engines=$OPTARG ;;
	d) depths=$OPTARG ;;
	m) modes=$OPTARG ;;
	p) pages=$OPTARG ;;
	c) cpus=$OPTARG ;;
	l) least=$OPTARG ;;
	o) out=$OPTARG ;;
	*) exit 2 ;;
	esac
done
lines=
[ "$cpus" = 1 ] || lines=on

"$top/tools/deps.sh" build vm bench
make -s -C "$here" OUTPUT="$top/build/bench"
make -s -C "$here/profile" OUTPUT="$top/build/bench"
"$top/selftests/vm/module.sh" "$kernel"
"$here/modules.sh" "$kernel"
mkdir -p "$out"
out=$(cd "$out" && pwd)
rm -f "$out/windows"

# shellcheck disable=SC2016 # for the guest
# With one CPU the kernel would take its lock prefixes out.
{
	cat "$here/guest.sh"
	echo "/regbuf-bench -P -k '$kernel' -w '$works' -s '$sizes'" \
		"-e '$engines' -d '$depths' -m '$modes' -p '$pages' $bench"
	echo 'status=$?'
	echo 'echo 0 > /proc/sys/kernel/kptr_restrict'
	echo 'grep " [tTwW] " /proc/kallsyms | sed "s/^/symbol /"'
	echo 'exit $status'
} > "$out/command.sh"
status=0
"$top/selftests/vm/run.sh" -i -k "$kernel" -M 3072 -t 3000 -o "$out" \
	-a noreplace-smp -q "-smp $cpus -plugin \
file=$top/build/bench/profile.so,out=$out/windows${lines:+,lines=on}" \
	-c "$top/build/bench/regbuf-bench" \
	-c "$top/build/bench/$kernel/regbuf_nic.ko" \
	-c "$top/build/bench/$kernel/regbuf_floor.ko" \
	-c "$out/command.sh" 'sh /command.sh' > "$out/log" 2>&1 || status=$?
grep -v '^symbol ' "$out/log" | grep -v '^profile,' || true
[ -s "$out/windows" ] || exit 1

{
	sed -n 's/^symbol \([^ ]*\) . \([^ \t]*\)[ \t]*\(.*\)/\1 = \2\3/p' \
		"$out/log"
	nm "$top/build/bench/regbuf-bench" |
		sed -n 's/^\([^ ]*\) [tTwW] \(.*\)/\1 = \2/p'
} > "$out/symbols"
awk '$1 == "shared" { print $3 } NF > 1 { print $2 }' "$out/windows" |
	sort -u | sed 's/$/ ?/' > "$out/addresses"
LC_ALL=C sort "$out/symbols" "$out/addresses" |
	awk -f "$here/profile/resolve.awk" > "$out/names"
grep '^profile,' "$out/log" > "$out/results"
awk -v least="$least" -v lines="$lines" -f "$here/profile/report.awk" \
	"$out/names" "$out/windows" "$out/results" || status=1
exit "$status"
