#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# boot.sh QEMU-ARGUMENT...: the part of run.sh that is inside the VM's network
# namespace: makes the tap device, starts REGBUF_HOST beside QEMU (REGBUF_QEMU).

set -eu
: "${REGBUF_HOST?}" "${REGBUF_OUT:?}" "${REGBUF_QEMU:?}"

ip link set lo up
ip tuntap add tap0 mode tap vnet_hdr
ip addr add 10.72.0.1/24 dev tap0
ip addr add fd72::1/64 dev tap0 nodad
ip link set tap0 up

host=
if [ -n "$REGBUF_HOST" ]; then
	setsid sh -c "$REGBUF_HOST" > "$REGBUF_OUT/host.log" 2>&1 &
	host=$!
fi
status=0
"$REGBUF_QEMU" "$@" || status=$?
if [ -n "$host" ]; then
	# What the VM sent last may still be on its way through the command.
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		kill -0 "$host" 2>/dev/null || break
		sleep 0.2
	done
	kill -- "-$host" 2>/dev/null || true
fi
exit "$status"
