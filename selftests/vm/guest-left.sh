# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Sourced in the VM, also by tests: what is left when all has ended, and waiting
# for it, since the kernel has works of its own for what the dead had.

# For at most 20 s, by counting.
within()
{
	for _ in $(seq 200); do
		! "$@" || return 0
		sleep 0.1
	done
	return 1
}

unloaded()
{
	rmmod regbuf 2> /dev/null
	[ ! -e /sys/module/regbuf ]
}

# CPUs, if there are several, count by themselves, and say it now and then.
pinned()
{
	[ ! -e /proc/sys/vm/stat_refresh ] || echo 1 > /proc/sys/vm/stat_refresh
	awk '/^nr_foll_pin_acquired/ { a = $2 } /^nr_foll_pin_released/ { r = $2 }
	     END { print a - r }' /proc/vmstat
}

orphans()
{
	awk '/^TCP:/ { print $5 }' /proc/net/sockstat
}

# The stack lets go of the last skbs in its own time: what streams of the dead
# still have to send, when it is acknowledged, or they give up.
pins_return()
{
	for tenth in $(seq 3000); do
		[ "$(pinned)" != 0 ] || return 0
		[ "$tenth" -lt 100 ] || [ "$(orphans)" != 0 ] || break
		sleep 0.1
	done
	sed 's/^/# /' /proc/net/sockstat /proc/net/sockstat6
	return 1
}

# Print them. The first scan reports what is still settling.
leaks()
{
	echo scan > /sys/kernel/debug/kmemleak
	echo clear > /sys/kernel/debug/kmemleak
	sleep 1
	echo scan > /sys/kernel/debug/kmemleak
	sleep 6
	echo scan > /sys/kernel/debug/kmemleak
	grep . /sys/kernel/debug/kmemleak
}
