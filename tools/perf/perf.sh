#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# perf.sh [OPTION]... [WORD]...: regbuf-perf from a VM that has the module to this
# machine, through a virtio card and a tap device: each mode, over TCP and UDP.
# Prints a table. WORDS are more options for the client, such as -d 64.
#
#   -k KERNEL    6.1 or 6.12 (default)
#   -t SECONDS   for each mode (default 3)
#   -m MODES     default: all that there are
#   -r MODE      how to receive, here: recv (default) or io_uring
#
# It is for orientation. Neither end has a card of its own, both share this
# machine's processors, and without KVM the VM's is emulated: the table says so.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
vm=$top/selftests/vm
out=$top/out/perf
kernel=6.12
seconds=3
modes="send writev gso zerocopy io_uring regbuf"
receive=recv

while getopts k:t:m:r: opt; do
	case $opt in
	k) kernel=$OPTARG ;;
	t) seconds=$OPTARG ;;
	m) modes=$OPTARG ;;
	r) receive=$OPTARG ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))

"$top/tools/deps.sh" build vm
mkdir -p "$out"
program=$top/build/perf-static/regbuf-perf
make -s -C "$here" OUTPUT="$(dirname "$program")" \
	LDFLAGS="-static -Wl,--no-warnings"
"$vm/module.sh" "$kernel"

# MSG_ZEROCOPY keeps its notices in memory that has a limit of its own.
cat > "$out/guest.sh" <<SCRIPT
echo 1048576 > /proc/sys/net/core/optmem_max
grep -m 1 '^model name' /proc/cpuinfo
status=0
for protocol in tcp udp; do
	for mode in $modes; do
		[ "\$protocol-\$mode" != tcp-gso ] || continue
		u=
		[ \$protocol != udp ] || u=-u
		/regbuf-perf -c 10.72.0.1 \$u -m \$mode -t $seconds $* ||
			status=1
	done
done
exit \$status
SCRIPT

status=0
"$vm/run.sh" -k "$kernel" -M 2048 -o "$out" -c "$program" \
	-c "$out/guest.sh:guest.sh" \
	-H "exec '$program' -s -a 10.72.0.1 -m '$receive'" \
	'sh /guest.sh' > "$out/log" 2>&1 || status=$?
grep '^regbuf-perf: ' "$out/log" || true
echo "Linux $kernel in a VM, sending to this machine; receiving by $receive"
awk -f "$here/table.awk" "$out/log"
[ "$status" = 0 ] || echo "perf: not all went well: $out/log, $out/host.log"
exit "$status"
