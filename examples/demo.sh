#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# demo.sh [-k KERNEL] [FILE]: send a file from registered memory in a VM, with a
# queue, over TCP and a virtio network card, to a receiver outside; compare. Then
# the same over the VM's loopback, which cannot do without copying, and says so.
#
# FILE is any file; by default the C compiler proper, some 30 MB that are on
# every machine that can build this. Exits 0 only if both sides have the same
# bytes, at least 99 % of them went without copying and several sends at a time,
# nothing stays pinned, and over loopback all of them were reported as copied,
# for that reason.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/.." && pwd)
vm=$top/selftests/vm
kernel=6.12
while getopts k: opt; do
	case $opt in
	k) kernel=$OPTARG ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))

"$top/tools/deps.sh" build vm
file=${1:-$(gcc -print-prog-name=cc1)}
if [ ! -f "$file" ] || [ ! -s "$file" ]; then
	echo "demo: $file is not a file with something in it" >&2
	exit 2
fi
size=$(stat -L -c %s "$file")
out=$top/out/demo
mkdir -p "$out"

echo "demo: building the module for $kernel, the library and the sender"
"$vm/module.sh" "$kernel"
make -s -C "$here" OUTPUT="$top/build/demo"

cat > "$out/guest.sh" <<SCRIPT
pinned()
{
	awk '/^nr_foll_pin_acquired/ { a = \$2 } /^nr_foll_pin_released/ { r = \$2 }
	     END { print a - r }' /proc/vmstat
}
echo "pinned before: \$(pinned) pages"
/send_file 10.72.0.1 5001 /dev/vda $size || exit 1
echo "pinned left: \$(pinned) pages"
echo "sha256 inside: \$(head -c $size /dev/vda | sha256sum | cut -d' ' -f1)"
echo "-- the same over loopback"
nc -l -p 5002 > /dev/null < /dev/null &
for _ in \$(seq 100); do
	! grep -q ':138A ' /proc/net/tcp* || break
	sleep 0.1
done
/send_file 127.0.0.1 5002 /dev/vda $size
SCRIPT

echo "demo: sending $file, $size bytes, from a VM with Linux $kernel"
rm -f "$out/log" "$out/host.log"
"$vm/run.sh" -k "$kernel" -t 300 -o "$out" -d "$(readlink -f "$file")" \
	-c "$out/guest.sh:guest.sh" -c "$top/build/demo/send_file" \
	-H "socat -u TCP-LISTEN:5001,bind=10.72.0.1,reuseaddr - | sha256sum" \
	'sh /guest.sh' | tee "$out/log"

first()
{
	sed -n "/^-- the same/q; s/^$1: \([^ ]*\).*/\1/p" "$out/log"
}

inside=$(first 'sha256 inside')
outside=$(cut -d' ' -f1 "$out/host.log")
left=$(first 'pinned left')
flying=$(first 'in flight at once')
share=$(first zero-copied | awk -v n="$size" '{ printf "%.1f", 100 * $1 / n }')
equal=no
[ -z "$inside" ] || [ "$inside" != "$outside" ] || equal=yes
copied=$(sed -n "/^-- the same/,\$ s/^copied: \([0-9]*\) (loopback)$/\1/p" "$out/log")
echo "sha256 outside: $outside"
[ "$copied" = "$size" ] || {
	echo "demo: over loopback ${copied:-0} bytes were reported as copied"
	exit 1
}
echo "demo: equal $equal, zero-copied $share %, ${flying:-0} sends in flight," \
	"pinned left $left pages"
[ $equal = yes ] && [ "$left" = 0 ] && [ "${flying:-0}" -gt 1 ] &&
	awk -v share="$share" 'BEGIN { exit !(share >= 99) }'
