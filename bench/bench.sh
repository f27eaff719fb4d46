#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# bench.sh [OPTION]...: what regbuf costs, and what people would use instead, in
# instructions per operation, on a deterministic virtual machine.
#
#   -b BENCHES   of tx, rx, reg, scale, cross, held, maps (default: all)
#   -k KERNELS   of 6.1, 6.12 (default: both); lists are words in one argument
#   -m MODES     of the card: backlogged, immediate (default: both)
#   -s SIZES     bytes of a request      -d DEPTHS   requests in a submission
#   -w WORKS     kinds of work           -e ENGINES  ways of doing it
#   -p PAGES     of 2m, 4k               -l LAYOUT   packed, spaced or random
#   -B BYTES     SO_SNDBUF               -o OUT      where results go (out)
#
# Leaves OUT/bench.csv and OUT/bench.svg and prints a table. All engines run in
# the same boot, but for the four CPUs of scale; the kernels at the same time.
# Each figure was measured twice; the status is 1 if two differed by more than
# 1 %, or one is missing. Everything takes some half an hour.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/.." && pwd)
vm=$top/selftests/vm
out=$top/out
kernels=
benches=
works=
engines=
arguments=

while getopts b:k:m:s:d:w:e:p:l:B:o: opt; do
	case $opt in
	b) benches=$OPTARG ;;
	k) kernels=$OPTARG ;;
	o) out=$OPTARG ;;
	B) arguments="$arguments -b '$OPTARG'" ;;
	[mswedpl]) arguments="$arguments -$opt '$OPTARG'" ;;
	*) exit 2 ;;
	esac
	case $opt in
	w) works=$OPTARG ;;
	e) engines=$OPTARG ;;
	esac
done
kernels=${kernels:-6.1 6.12}
benches=${benches:-tx rx reg scale cross held maps}

"$top/tools/deps.sh" build vm bench
make -s -C "$here" OUTPUT="$top/build/bench"
mkdir -p "$out"
out=$(cd "$out" && pwd)

# What the guest of kernel $1 is to run.
guest_script()
{
	cat "$here/guest.sh"
	echo "status=0"
	for bench in $benches; do
		echo "/regbuf-bench -k '$1' $arguments $bench || status=1"
	done
	# shellcheck disable=SC2016 # for the guest
	echo 'exit $status'
}

# What is to be done on four CPUs; nothing if other work was asked for.
cpu_works()
{
	for work in ${works:-udp-cpus tcp-cpus}; do
		case $benches-$work in
		*scale*-*-cpus) echo "$work" ;;
		esac
	done
}

on_four_cpus()
{
	list=$(cpu_works | tr '\n' ' ')
	[ -n "$list" ] || return 0
	"$here/profile.sh" -c 4 -k "$1" -b scale -m immediate -w "$list" \
		-s '' -d '' -e "$engines" -o "$out/bench-$1/cpus"
}

# Everything on one kernel.
bench_kernel()
{
	dir=$out/bench-$1
	status=0
	guest_script "$1" > "$dir/command.sh"
	"$vm/run.sh" -i -k "$1" -M 3072 -t 7200 -o "$dir" \
		-c "$top/build/bench/regbuf-bench" \
		-c "$top/build/bench/$1/regbuf_nic.ko" \
		-c "$top/build/bench/$1/regbuf_floor.ko" \
		-c "$dir/command.sh" 'sh /command.sh' \
		> "$dir/log" 2>&1 || status=1
	on_four_cpus "$1" > "$dir/log-cpus" 2>&1 || status=1
	echo "$status" > "$dir/result"
}

# Its results, and all else that was said.
show_kernel()
{
	dir=$out/bench-$1
	echo "bench: Linux $1 on $(qemu-system-x86_64 --version | head -n 1)," \
		"one emulated CPU, -icount: figures are instructions"
	grep -hv -e '^[0-9.]*,[a-z]' -e '^kernel,' "$dir/log" || true
	[ ! -s "$dir/log-cpus" ] || sed -n '/^Linux/,$p' "$dir/log-cpus" |
		awk '/^Linux/ { print "" } /^Linux/ || shows { print }
		     /on lines/ || /^Linux/ { shows = /on lines/ }' \
			> "$dir/shared"
	cat "$dir/log" "$dir/log-cpus" | grep '^[0-9.]*,[a-z]' >> "$out/bench.csv"
	[ "$(cat "$dir/result")" = 0 ]
}

for kernel in $kernels; do
	"$vm/module.sh" "$kernel"
	"$here/modules.sh" "$kernel"
	mkdir -p "$out/bench-$kernel"
	rm -f "$out/bench-$kernel"/log* "$out/bench-$kernel/shared"
	echo 1 > "$out/bench-$kernel/result"
done
for kernel in $kernels; do
	bench_kernel "$kernel" &
done
wait

failed=0
printf '%s' kernel,bench,work,size,depth,endpoints,pages,engine, \
	insn_per_op,copied_pct,latency_p50_ns,latency_p99_ns > "$out/bench.csv"
echo >> "$out/bench.csv"
for kernel in $kernels; do
	show_kernel "$kernel" || failed=1
done
awk -f "$here/table.awk" "$out/bench.csv"
for kernel in $kernels; do
	[ ! -s "$out/bench-$kernel/shared" ] ||
		cat "$out/bench-$kernel/shared"
done
rm -f "$out"/bench.dat.*
files=$(awk -v prefix="$out/bench.dat" -f "$here/table.awk" "$out/bench.csv")
[ -z "$files" ] ||
	gnuplot -e "files='$files'; chart='$out/bench.svg'" "$here/chart.gp"
rm -f "$out"/bench.dat.*
echo
echo "bench: $out/bench.csv, $out/bench.svg"
[ "$failed" = 0 ] || echo "bench: not all could be measured, see above"
exit "$failed"
