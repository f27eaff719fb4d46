#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# [CPUS=2] guest-check.sh [TEST...]: in the VM: run the selftests, then see that
# nothing is left of them. Prints KTAP for gate.py.

# shellcheck disable=SC1091 # run.sh puts it there
. /guest-left.sh
cd /selftests || exit 1

modprobe -a veth dummy tls 2>/dev/null
[ ! -e /sys/kernel/debug/kmemleak ] || echo clear > /sys/kernel/debug/kmemleak

# Tests of faults switch this on: what failed, on whose behalf. See faults.py.
record_faults()
{
	cd /sys/kernel/debug/tracing 2>/dev/null || return 0
	[ -e /proc/self/fail-nth ] && [ -e kprobe_events ] || return 0
	mkdir instances/faults
	# shellcheck disable=SC2016 # not the shell's
	echo 'r:faults/failed should_fail_ex failed=$retval:u8' > kprobe_events
	cd instances/faults || return 1
	echo 'failed == 1' > events/faults/failed/filter
	echo 1 > options/stacktrace
	echo 1 > options/sym-offset
	echo 16384 > buffer_size_kb
}

# Each way once, from the failure out.
print_faults()
{
	[ -e /faults.log ] || return 0
	awk '/^ *=> / { way = way " " $2 $3; next }
	     { if (way != "") ways[way]++; way = "" }
	     END { if (way != "") ways[way]++
		   for (way in ways) print ways[way] way }' /faults.log
}

(record_faults)

args=
for t in "$@"; do
	args="$args -t $t"
done
# A pipe: with a file the runner's log would overwrite itself.
# shellcheck disable=SC2086 # words
./run_kselftest.sh $args 2>&1 | cat

n=0
result()
{
	n=$((n + 1))
	if "$2"; then
		echo "# ok $n vm.$1"
	else
		echo "# not ok $n vm.$1"
	fi
}

no_pins()
{
	pins_return && return 0
	echo "# $(pinned) pages are still pinned"
	return 1
}

no_charge()
{
	within ./uncharged
}

reloads()
{
	within unloaded && insmod /regbuf.ko && rmmod regbuf
}

no_cache()
{
	! grep '^regbuf' /proc/slabinfo
}

no_leak()
{
	! leaks | sed 's/^/# /' | grep .
}

# From the first line on: of a log that is full the oldest is gone.
whole_log()
{
	dmesg | grep -q 'Linux version' || echo "# the kernel's log is not whole"
	dmesg
}

# A cgroup that has too much is told of with a call trace, too; and a slab cache
# of ours that could not be made (core:faultload). What is not clean is shown with
# what was said around it, as much as gate.py shows of a failure.
clean_log()
{
	! whole_log | sed '/ invoked oom-killer: /,/ oom-kill:/{/CONSTRAINT_NONE/!d}
		/kmem_cache_create_args(regbuf_solo) failed/,/<\/TASK>/d' |
		grep -m 1 -B 8 -A 20 -E 'CONSTRAINT_NONE|BUG|WARNING|Oops|KASAN:|KCSAN:|UBSAN:|refcount_t|detected stall|soft lockup|blocked for more than|Call Trace|general protection|suspicious|while atomic|leaked|corrupt|log is not whole' |
		sed 's/^/# /' | grep .
}

# With one a race is hardly ever seen.
all_cpus()
{
	[ "$(nproc)" = "${CPUS:-2}" ]
}

if [ -e /sys/kernel/debug/kmemleak ]; then
	echo "# 1..7"
else
	echo "# 1..6"
fi
result has_all_cpus all_cpus
result nothing_stays_pinned no_pins
result nothing_stays_charged no_charge
result unloads_and_loads_again reloads
result no_slab_cache_left no_cache
[ ! -e /sys/kernel/debug/kmemleak ] || result no_memory_leaked no_leak
result kernel_log_is_clean clean_log
print_faults > /faults.txt
# What of the module ran, of all its lives (it was unloaded now and then). These
# files have no size before they are read.
counts=/tmp/counts
(cd /sys/kernel/debug/gcov 2>/dev/null && find . -name '*.gcda') |
	while read -r data; do
		mkdir -p "$counts/$(dirname "$data")"
		cat "/sys/kernel/debug/gcov/$data" > "$counts/$data"
	done
[ ! -d $counts ] || tar -cf /gcov.tar -C $counts .

echo "ok vm: guest-check"
