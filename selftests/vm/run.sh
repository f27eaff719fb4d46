#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# run.sh [OPTION]... COMMAND: run a shell command in a VM that has regbuf loaded.
#
#   -k KERNEL    one of kernel.sh's (default: 6.12)
#   -m MODULE    the regbuf.ko to load; "" for none (default: build/KERNEL's)
#   -p PARAMS    parameters for it
#   -c PATH[:AS] copy a file or directory in, as /AS (default: its base name);
#                may be repeated. A program's shared libraries come along
#   -d FILE      a file to see as the read-only disk /dev/vda
#   -s DIR       a directory of this machine to see, and write to, as /share (kernels
#                of our own only)
#   -f FILE      a file of the VM's, to be left in OUT when the command has ended
#   -H COMMAND   run this outside the VM, at the other end of its network card,
#                for as long as the VM runs; its output goes to OUT/host.log
#   -t SECONDS   give up after this long (default 600)
#   -M MIB       memory (default 1024)
#   -i           the deterministic machine: one emulated CPU whose clock counts
#                instructions (1 ns each); no eth0. For benchmarks
#   -a WORDS     more for the kernel's command line
#   -q WORDS     more for QEMU's; the last of two that contradict each other holds
#   -o OUT       where to leave console.log and what else there is
#                (default: build/vm)
#
# The command's output is streamed to stdout and its exit status returned; 124
# means that the time ran out, 125 that the VM died or could not be started.
#
# The VM's eth0 is 10.72.0.2 and fd72::2, a virtio card with scatter-gather,
# checksum offload and TSO; the other end is 10.72.0.1 and fd72::1, a tap device
# in a network namespace of its own. Needs root, or user namespaces. The kernel uml
# has no eth0, one CPU, and takes neither -d, -f, -H, -i nor -q.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
kernel=6.12
module=default
params=
copies=
disk=
share=
file=
host=
seconds=600
mib=1024
counting=
more=
qemu=
out=$top/build/vm

die()
{
	echo "run.sh: $*" >&2
	exit 125
}

while getopts k:m:p:c:d:s:f:H:t:M:ia:q:o: opt; do
	case $opt in
	k) kernel=$OPTARG ;;
	m) module=$OPTARG ;;
	p) params=$OPTARG ;;
	c) copies="$copies
$OPTARG" ;;
	d) disk=$OPTARG ;;
	s) share=$OPTARG ;;
	f) file=$OPTARG ;;
	H) host=$OPTARG ;;
	t) seconds=$OPTARG ;;
	M) mib=$OPTARG ;;
	i) counting=yes ;;
	a) more=$OPTARG ;;
	q) qemu=$OPTARG ;;
	o) out=$OPTARG ;;
	*) exit 125 ;;
	esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || die "no command; see the head of $0"
[ "$module" != default ] || module=$top/build/$kernel/regbuf.ko
[ -z "$module" ] || [ -f "$module" ] || die "no module $module: build it first"
[ -z "$disk" ] || [ -f "$disk" ] || die "no file $disk"
[ -z "$share" ] || share=$(cd "$share" && pwd)

PATH=$PATH:/sbin:/usr/sbin
for tool in qemu-system-x86_64 cpio busybox ip tc depmod unshare timeout; do
	command -v $tool > /dev/null ||
		die "no $tool here: run tools/deps.sh, or install it"
done

dir=$("$here/kernel.sh" "$kernel")
release=$(cat "$dir/release")
mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/regbuf-vm.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 125' INT TERM

# The shared libraries that a program is linked to, if any.
add_libraries()
{
	for lib in $(ldd "$1" 2>/dev/null | grep -o '/[^ ]*'); do
		mkdir -p "$root$(dirname "$lib")"
		cp -L "$lib" "$root$lib"
	done
}

add_program()
{
	prog=$(command -v "$1")
	mkdir -p "$root$(dirname "$prog")"
	cp -L "$prog" "$root$prog"
	add_libraries "$prog"
}

# A module of the kernel with what it depends on, unpacked.
add_module()
{
	for mod in $(PATH=$PATH modprobe -d "$dir" -S "$release" \
			--show-depends "$1" 2>/dev/null |
			sed -n 's/^insmod \([^ ]*\).*/\1/p'); do
		name=$(basename "$mod" .xz)
		[ ! -e "$root/lib/modules/$release/$name" ] || continue
		case $mod in
		*.xz) xz -dc "$mod" > "$root/lib/modules/$release/$name" ;;
		*) cp "$mod" "$root/lib/modules/$release/$name" ;;
		esac
	done
}

copy_in()
{
	[ -n "$1" ] || return 0
	case $1 in
	*:*) from=${1%:*} as=${1##*:} ;;
	*) from=$1 as=$(basename "$1") ;;
	esac
	[ -e "$from" ] || die "no $from to copy in"
	mkdir -p "$(dirname "$root/$as")"
	cp -rL "$from" "$root/$as"
	[ ! -f "$from" ] || [ ! -x "$from" ] || add_libraries "$from"
}

make_root()
{
	root=$work/root
	mkdir -p "$root/bin" "$root/etc" "$root/lib/modules/$release"
	cp "$(command -v busybox)" "$root/bin/busybox"
	cp "$here/init" "$root/init"
	for prog in dash ip tc timeout; do
		add_program $prog
	done
	for mod in virtio_pci virtio_net virtio_blk virtio_console veth dummy \
		   tun tls sch_netem sch_ingress cls_matchall act_mirred \
		   crc32c_generic nf_tables bridge ifb esp4 esp6 \
		   esp4_offload esp6_offload xfrm_user gcm ghash-generic ctr seqiv \
		   hmac sha512_generic jitterentropy_rng drbg af_alg; do
		add_module "$mod"
	done
	cp "$dir/modules/modules.builtin" "$dir/modules/modules.order" \
		"$root/lib/modules/$release/" 2>/dev/null || true
	depmod -b "$root" "$release" 2>/dev/null
	# What is for debuggers would be most of it.
	[ -z "$module" ] || strip -g -o "$root/regbuf.ko" "$module"
	echo "$params" > "$root/etc/regbuf.params"
	echo "$file" > "$root/etc/regbuf.file"
	printf '%s\n' "$*" > "$root/command"
	echo "$copies" > "$work/copies"
	while read -r item; do
		copy_in "$item"
	done < "$work/copies"
	(cd "$root" && find . | cpio -o -H newc --quiet) > "$work/initrd"
}

# KVM where a kernel really boots under it; that it can be opened says little.
# Tried once for each boot of this machine.
accel()
{
	cache=${REGBUF_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/regbuf}
	known=$cache/accel-$(cat /proc/sys/kernel/random/boot_id)
	if [ ! -e "$known" ]; then
		find "$cache" -name 'accel-*' ! -path "$known" -delete
		answer=tcg
		if [ -w /dev/kvm ] && timeout 20 qemu-system-x86_64 \
				-accel kvm -cpu host -m 256 -nodefaults \
				-no-reboot -display none -serial stdio \
				-kernel "$dir/vmlinuz" \
				-append "console=ttyS0 panic=-1" \
				< /dev/null 2>&1 | grep -q 'Kernel panic'; then
			answer=kvm
		fi
		echo $answer > "$work/accel"
		mv "$work/accel" "$known"
	fi
	cat "$known"
}

# Under -icount the TSC advances by one for each instruction, as a clock of 1 GHz
# does in a nanosecond; the kernel is told, and made to keep its time by it. When
# the guest idles, the clock jumps to its next timer. Without fast string moves a
# copy costs an instruction for 8 bytes, not for each. Nothing random: neither
# the addresses, nor the CPU's random numbers, nor packets from outside.
counting_machine()
{
	echo "-accel tcg,thread=single -icount shift=0,sleep=off \
		-cpu max,-erms,-fsrm -smp 1 -seed 1 -rtc base=2024-01-01,clock=vm"
}

counting_append="tsc=reliable clocksource=tsc tsc_early_khz=1000000 nokaslr \
mitigations=off"

# Kernels change code that another CPU may be about to run, whenever a static
# branch turns. QEMU before 8.1 could keep what it had just translated, and run an
# int3 that was gone: the kernel died, if the machine was busy. Newer ones do so very
# rarely; see slipped.sh. With KVM nothing is translated; one CPU alone is safe, and
# the numbers of the bench are those of Debian 12's QEMU.
emulator()
{
	own=$(qemu-system-x86_64 --version | sed -n '1s/.*version \([0-9.]*\).*/\1/p')
	if [ -n "$counting" ] || [ "$(accel)" = kvm ] ||
		dpkg --compare-versions "$own" ge 8.1; then
		echo qemu-system-x86_64
	else
		newer=$("$here/kernel.sh" qemu) || die "no QEMU newer than $own"
		echo "$newer/usr/bin/qemu-system-x86_64"
	fi
}

# Without ACPI there is nothing but the PIT that a kernel could measure the TSC by
# when it boots. That fails on a busy machine, and then it has no clock but its
# timer's ticks. A guest's TSC is this machine's: it is told.
tsc_append()
{
	[ "$(uname -m)" = x86_64 ] || return 0
	cc -O2 -o "$work/tsc-khz" "$here/tsc-khz.c"
	echo "tsc_early_khz=$("$work/tsc-khz")"
}

make_root "$@"
rm -f "$out/console.log" "$out/status" "$out/host.log"
append="loglevel=5 panic=-1 rdinit=/init"
case $kernel in
*san*|uml) append="$append panic_on_warn=1 kcsan.early_enable=1" ;;
esac
case $kernel in
*san*) append="$append $(tsc_append)" ;;
esac
card="-netdev tap,id=net,ifname=tap0,script=no,downscript=no \
	-device virtio-net-pci,netdev=net,romfile="
if [ -n "$counting" ]; then
	machine=$(counting_machine)
	append="$append $counting_append"
	card=
else
	# A socket for each: of several cores in one, SeaBIOS lists the first only
	# in the table of CPUs that kernels without ACPI read.
	machine="-accel $(accel) -cpu max -smp 2,sockets=2"
fi

# A process of this machine. Its kernel's own messages go to its second console.
run_uml()
{
	[ -n "$share" ] || share=$work/share
	mkdir -p "$share"
	rm -f "$share/.status"
	# shellcheck disable=SC3045 # dash has it
	ulimit -c 0
	# shellcheck disable=SC2086 # words
	TMPDIR='' timeout -k 5 "$seconds" "$dir/vmlinuz" "mem=${mib}M" \
		"uml_dir=$work/" "initrd=$work/initrd" "REGBUF_SHARE=$share" \
		con=null con0=null,fd:1 con1=null,fd:2 console=tty1 \
		$append $more \
		< /dev/null 2> "$out/console.log" || status=$?
	mv "$share/.status" "$out/status" 2>/dev/null || true
}

run_qemu()
{
	namespace="unshare -n"
	[ "$(id -u)" = 0 ] || namespace="unshare -rn"

	path=$(emulator) || exit 125

	# A pipe of our own: QEMU would truncate a file, and overwrite what
	# others put in.
	mkfifo "$work/out"
	cat "$work/out" &
	stream=$!
	exec 8> "$work/out"

	# shellcheck disable=SC2086 # $namespace, $machine, $card, $qemu are words
	REGBUF_QEMU=$path REGBUF_HOST=$host REGBUF_OUT=$out \
		timeout -k 5 "$seconds" $namespace sh "$here/boot.sh" $machine \
		-m "$mib" -nodefaults -no-reboot -display none \
		-kernel "$dir/vmlinuz" -initrd "$work/initrd" \
		-append "console=ttyS0 log_buf_len=4M $append $more" \
		-serial "file:$out/console.log" \
		-device virtio-serial-pci \
		-chardev "file,id=out,path=$work/out" \
		-device virtserialport,chardev=out,name=out \
		-chardev "file,id=status,path=$out/status" \
		-device virtserialport,chardev=status,name=status \
		${file:+-chardev "file,id=file,path=$out/$(basename "$file")"} \
		${file:+-device virtserialport,chardev=file,name=file} \
		${disk:+-drive "file=$disk,format=raw,readonly=on,if=virtio"} \
		${share:+-fsdev "local,id=share,path=$share,security_model=none"} \
		${share:+-device virtio-9p-pci,fsdev=share,mount_tag=share} \
		$card $qemu < /dev/null 8>&- || status=$?
	exec 8>&-
	wait "$stream"
}

status=0
if [ "$kernel" = uml ]; then
	run_uml
else
	run_qemu
fi

if [ "$status" = 124 ] || [ "$status" = 137 ]; then
	echo "run.sh: no end after $seconds s; console: $out/console.log" >&2
	tail -n 20 "$out/console.log" >&2 || true
	exit 124
fi
if [ ! -s "$out/status" ]; then
	tail -n 60 "$out/console.log" >&2 || true
	die "the VM died; console: $out/console.log"
fi
exit "$(cat "$out/status")"
