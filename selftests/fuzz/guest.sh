#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# guest.sh ARGUMENT...: in the VM: run the fuzzer with these arguments, then see
# that nothing is left of what it did.

# shellcheck disable=SC1091 # run.sh puts it there
. /guest-left.sh

knob()
{
	[ ! -e "$2" ] || echo "$1" > "$2"
}

debug=/sys/kernel/debug
for fault in failslab fail_page_alloc fail_usercopy; do
	knob 0 $debug/$fault/verbose
	knob N $debug/$fault/ignore-gfp-wait
done
knob N $debug/fail_page_alloc/ignore-gfp-highmem
knob 0 $debug/fail_page_alloc/min-order
knob clear $debug/kmemleak
# Ports are not to run out.
knob 64 /proc/sys/net/ipv4/tcp_max_tw_buckets
knob 1 /proc/sys/net/ipv4/tcp_fin_timeout
# shellcheck disable=SC3045 # dash has it
ulimit -n 512

die()
{
	echo "fuzz: afterwards: $*"
	exit 1
}

no_leak()
{
	[ ! -e $debug/kmemleak ] || ! leaks
}

clean_log()
{
	! dmesg | grep -E 'BUG|WARNING|Oops|KASAN:|UBSAN:|refcount_t|blocked for more|Call Trace|ODEBUG|general protection|suspicious|while atomic|corrupt'
}

/fuzz "$@" || exit 1
pins_return || die "$(pinned) pages are still pinned"
within unloaded || die "the module is in use"
{ insmod /regbuf.ko && rmmod regbuf; } || die "the module does not load again"
no_leak || die "memory leaked"
clean_log || die "the kernel complained"
