#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# bench.sh [OPTION]...: what regbuf costs, and what people would use instead, in
# instructions per operation, on a deterministic virtual machine.
#
#   -b BENCHES   of tx, rx, reg, scale (default: all)
#   -k KERNELS   of 6.1, 6.12 (default: both); lists are words in one argument
#   -m MODES     of the card: backlogged, immediate (default: both)
#   -s SIZES     bytes of a request      -d DEPTHS   requests in a submission
#   -w WORKS     kinds of work           -e ENGINES  ways of doing it
#   -p PAGES     of 2m, 4k               -l LAYOUT   packed, spaced or random
#   -B BYTES     SO_SNDBUF
#
# Leaves out/bench.csv and out/bench.svg and prints a table. All engines run in
# the same boot. Each figure was measured twice; the status is 1 if two differed
# by more than 1 %, or one is missing.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/.." && pwd)
vm=$top/selftests/vm
out=$top/out
kernels=
benches=
arguments=

while getopts b:k:m:s:d:w:e:p:l:B: opt; do
	case $opt in
	b) benches=$OPTARG ;;
	k) kernels=$OPTARG ;;
	B) arguments="$arguments -b '$OPTARG'" ;;
	[mswedpl]) arguments="$arguments -$opt '$OPTARG'" ;;
	*) exit 2 ;;
	esac
done
kernels=${kernels:-6.1 6.12}
benches=${benches:-tx rx reg scale}

"$top/tools/deps.sh" build vm bench
make -s -C "$here" OUTPUT="$top/build/bench"
mkdir -p "$out"

# The card's own net is 10.73.0.0/24; every other address in it answers. What a
# user of MSG_ZEROCOPY would be told to raise is raised; so are the limits for
# all sockets together, which io_uring would meet with its idea of how much
# memory on huge pages a send takes. Huge pages first, while there are some.
cat > "$out/bench-guest.sh" <<'SCRIPT'
echo 640 > /proc/sys/vm/nr_hugepages
echo 1048576 > /proc/sys/net/core/optmem_max
echo 1000000 1000000 1000000 | tee /proc/sys/net/ipv4/tcp_mem \
	> /proc/sys/net/ipv4/udp_mem
ulimit -n 32768
insmod /regbuf_nic.ko && insmod /regbuf_floor.ko || exit 1
ip addr add 10.73.0.1/24 dev rbnic0
ip addr add fd73::1/64 dev rbnic0 nodad
ip link set rbnic0 up
echo "bench: guest: $(uname -srvm), clock" \
	"$(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)"
SCRIPT

# Everything on one kernel, in one boot.
bench_kernel()
{
	echo "bench: Linux $1 on $(qemu-system-x86_64 --version | head -n 1)," \
		"one emulated CPU, -icount: figures are instructions"
	"$vm/module.sh" "$1"
	"$here/modules.sh" "$1"
	{
		cat "$out/bench-guest.sh"
		echo "status=0"
		for bench in $benches; do
			echo "/regbuf-bench -k '$1' $arguments $bench || status=1"
		done
		# shellcheck disable=SC2016 # for the guest
		echo 'exit $status'
	} > "$out/bench-command.sh"
	"$vm/run.sh" -i -k "$1" -M 3072 -t 7200 -o "$out/bench-$1" \
		-c "$top/build/bench/regbuf-bench" \
		-c "$top/build/bench/$1/regbuf_nic.ko" \
		-c "$top/build/bench/$1/regbuf_floor.ko" \
		-c "$out/bench-command.sh:command.sh" \
		'sh /command.sh' > "$out/bench-$1/log" 2>&1 || status=1
	grep -v '^[0-9.]*,[a-z]' "$out/bench-$1/log" |
		grep -v '^kernel,' || true
	grep '^[0-9.]*,[a-z]' "$out/bench-$1/log" >> "$out/bench.csv" || status=1
}

status=0
echo "kernel,bench,work,size,depth,endpoints,pages,engine,insn_per_op,copied_pct" \
	> "$out/bench.csv"
for kernel in $kernels; do
	mkdir -p "$out/bench-$kernel"
	bench_kernel "$kernel"
done

awk -f "$here/table.awk" "$out/bench.csv"
rm -f "$out"/bench.dat.*
files=$(awk -v prefix="$out/bench.dat" -f "$here/table.awk" "$out/bench.csv")
[ -z "$files" ] ||
	gnuplot -e "files='$files'; chart='$out/bench.svg'" "$here/chart.gp"
rm -f "$out"/bench.dat.*
echo
echo "bench: $out/bench.csv, $out/bench.svg"
[ "$status" = 0 ] || echo "bench: not all could be measured, see above"
exit "$status"
