#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check.sh [-q] [-g] [-F] [-t TESTS] [KERNEL...]: run the selftests in VMs, one for
# each kernel (default: 6.1, 6.12 and 6.12.minutes), three at once: a VM keeps two
# thirds of a core busy. KERNEL.1of2 is half of the programs on it, and KERNEL.2of2
# the others; KERNEL.minutes is what would take minutes, on run.sh's deterministic
# machine, whose clock does not wait for that.
# TESTS are words such as core:send. What each run printed is left in
# out/check-KERNEL.log. The last line sums up all kernels. With -q all kernels do
# without the programs that the file "matrix" names. With -g (kasan
# only) what of the module ran is counted, and all tests have to reach most of it;
# the lines that did not run are in out/coverage.txt. With -F the tests are those of
# faults, and have to hit each allocation site of the module on kasan; the table,
# also of all tests, is in out/fault-sites.txt.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
tests=
gcov=
faults=
quick=/dev/null
least=least
while getopts qgFt: opt; do
	case $opt in
	q) quick=$here/matrix ;;
	g) gcov=gcov ;;
	F) faults=only ;;
	t) tests=$OPTARG least= ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
if [ $# = 0 ]; then
	set -- 6.1 6.12
	[ -n "$tests${TARGETS-}" ] || set -- "$@" 6.12.minutes
fi

"$top/tools/deps.sh" build vm
mkdir -p "$top/out"
dest=$top/build/selftests

build_tests()
{
	echo "building the tests"
	make -s -j"$(nproc)" -C "$top/selftests" DEST="$dest" \
		KSFT="$("$here/kernel.sh" source)/tools/testing/selftests" \
		${faults:+"TARGETS=core netlink"} install
	if [ -n "$faults" ]; then
		tests=$(grep ':fault' "$dest/kselftest-list.txt" | xargs)
	elif [ -z "$tests$gcov" ]; then
		faults=too
	fi
	if [ -n "$tests" ]; then
		echo "$tests" | tr ' ' '\n' > "$dest/kselftest-list.txt"
	fi
}

# Seconds; sanitizers take some three times as long.
limit_of()
{
	case $1 in
	*san*) echo 3600 ;;
	*) echo 2400 ;;
	esac
}

# Of kasan.1of2 the kernel, and the programs: every second one.
kernel_of()
{
	name=${1%.minutes}
	echo "${name%.*of*}"
}

part_of()
{
	case $1 in
	*.*of*) echo "${1##*.}" ;;
	*) echo 1of1 ;;
	esac
}

# The programs that $1, a kernel or a part of one, is to run.
list_of()
{
	part=$(part_of "$1")
	case $1 in
	*.minutes) grep '^minutes:' "$dest/kselftest-list.txt" ;;
	*) grep -vxFf "$quick" "$dest/kselftest-list.txt" | grep -v '^minutes:' ;;
	esac | awk -v part="${part%of*}" -v of="${part#*of}" \
		'NR % of == part % of'
}

in_vm()
{
	kernel=$(kernel_of "$1")
	case $1 in
	*.minutes) machine=-i cpus=1 ;;
	*) machine='' cpus=2 ;;
	esac
	"$here/run.sh" -k "$kernel" $machine \
		-m "$top/build/$kernel${gcov:+-gcov}/regbuf.ko" \
		${gcov:+-f /gcov.tar} ${faults:+-f /faults.txt} \
		-t "${TIMEOUT:-$(limit_of "$1")}" -M 2048 \
		-a secretmem.enable=1 -o "$top/out/vm-$1" -c "$dest:selftests" \
		-c "$here/guest-check.sh:guest-check.sh" \
		-c "$here/guest-left.sh:guest-left.sh" \
		-c "$(command -v socat):usr/bin/socat" \
		"CPUS=$cpus sh /guest-check.sh $(xargs < "$list")" 2>&1
}

# Which sites the tests of faults hit. Of other kernels nobody has made the list.
judge_faults()
{
	python3 "$here/faults.py" "$top/build/$1/regbuf.ko" \
		"$top/out/vm-$1/faults.txt" > "$top/out/fault-sites.txt" ||
		[ "$faults" = too ] ||
		echo "sites without a fault: out/fault-sites.txt" >> "$log.bad"
	grep -E 'NOT HIT|^faults\.|sites hit' "$top/out/fault-sites.txt" || true
}

judge()
{
	python3 "$here/gate.py" "$list" "$here/skips" "$1"
}

# The VM's exit status counts too: it dies with the kernel.
run_kernel()
{
	log=$top/out/check-$1.log
	list=$top/out/list-$1
	list_of "$1" > "$list"
	echo "== $1: booting, testing; log: out/check-$1.log"
	rm -f "$log.bad"
	{ in_vm "$1" || echo "the VM ended with status $?" >> "$log.bad"; } |
		tee "$log" |
		{ judge "$(kernel_of "$1")" || echo "tests failed" >> "$log.bad"; } |
		tee "$log.gate"
	[ -z "$gcov" ] ||
		"$here/coverage.sh" "$1" "$top/out/vm-$1/gcov.tar" $least ||
		echo "too little of the module ran: out/coverage.txt" >> "$log.bad"
	if [ "$faults" ] && [ "$1" = kasan ]; then
		judge_faults "$1"
	fi
	[ -e "$log.bad" ] || return 0
	grep -q '^ok vm: guest-check' "$log" || tail -n 20 "$log"
	cat "$log.bad"
	return 1
}

sum()
{
	for kernel in "$@"; do
		cat "$top/out/check-$kernel.log.gate"
	done | awk '
		/^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/ {
			p += $1; f += $3; s += $5
		}
		END { printf "%d passed, %d failed, %d skipped\n", p, f, s }'
}

# Which kernel says it, if there are several.
say_which()
{
	if [ "$several" = 1 ]; then
		sed -u "s/^/$1: /"
	else
		cat
	fi
}

# What failed, and what it had expected; if the VM died, its last words, too.
failures_of()
{
	log=$top/out/check-$1.log
	grep -E '^FAIL|^# +# [^ ]+\.[ch]:[0-9]+:' "$log.gate" | head -n 12 || true
	cat "$log.bad"
	! grep -q '^the VM ended' "$log.bad" ||
		grep -aE -A 2 'Kernel panic|BUG|Oops|RIP:|Out of memory|stall' \
			"$top/out/vm-$1/console.log" | tail -n 12 || true
}

# Last, since who reads the end of a long log wants to know just that.
say_what_failed()
{
	while read -r kernel; do
		echo "failed on $kernel:"
		failures_of "$kernel" | cut -c 1-160
	done < "$failed"
}

# Once more at most, from the start, and only when the VM died.
run_again()
{
	grep -q '^the VM ended' "$top/out/check-$1.log.bad" &&
		"$here/slipped.sh" "$top/out/vm-$1/console.log" || return 1
	echo "the emulator let $1 die; once more"
	run_kernel "$1"
}

verdict()
{
	run_kernel "$1" || run_again "$1" || echo "$1" >> "$failed"
}

# One for all parts of a kernel. Without it there is no VM.
build_module()
{
	echo "== $1: building the module"
	# shellcheck disable=SC2086 # a word or none
	"$here/module.sh" "$1" $gcov || true
}

for kernel in "$@"; do
	rm -f "$top/out/check-$kernel.log.gate"
done
build_tests
for kernel in $(for k in "$@"; do kernel_of "$k"; done | sort -u); do
	build_module "$kernel" &
done
wait
several=$(($# > 1))
failed=$top/out/check-failed
: > "$failed"
# Interrupted, the VMs end, too.
trap 'trap - TERM; kill 0' INT TERM
running=0
for kernel in "$@"; do
	[ $((running += 1)) -le 3 ] || wait -n
	verdict "$kernel" 2>&1 | say_which "$kernel" &
done
wait
say_what_failed
sum "$@"
[ ! -s "$failed" ]
