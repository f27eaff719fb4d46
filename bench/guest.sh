# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# What is done in the guest before anything is measured.
#
# The card's own net is 10.73.0.0/24; every other address in it answers. What a
# user of MSG_ZEROCOPY would be told to raise is raised; so are the limits for
# all sockets together, which io_uring would meet with its idea of how much
# memory on huge pages a send takes. Huge pages first, while there are some.

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
