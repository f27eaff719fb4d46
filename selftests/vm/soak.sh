#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# soak.sh [-m MINUTES] [-s SEED] [-M MIB] [KERNEL]: selftests/soak for so long (5),
# in a VM with little memory (MIB: 384, and 1536 for sanitizers), and then whether
# anything is left of it. KERNEL is one of kernel.sh's (6.12). The same seed makes
# the same choices. What it printed is left in out/soak-KERNEL.log.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
minutes=5
seed=
mib=
while getopts m:s:M: opt; do
	case $opt in
	m) minutes=$OPTARG ;;
	s) seed=$OPTARG ;;
	M) mib=$OPTARG ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
kernel=${1:-6.12}
case $kernel in
*san*) : "${mib:=1536}" ;;
*) : "${mib:=384}" ;;
esac

"$top/tools/deps.sh" build vm
mkdir -p "$top/out"
dest=$top/build/soak
log=$top/out/soak-$kernel.log
make -s -C "$top/selftests" DEST="$dest" TARGETS=soak \
	KSFT="$("$here/kernel.sh" source)/tools/testing/selftests" install
"$here/module.sh" "$kernel"

# Starting, the last things to come to rest, and looking for leaks take a while.
"$here/run.sh" -k "$kernel" -m "$top/build/$kernel/regbuf.ko" -M "$mib" \
	-t $((minutes * 60 + 900)) -o "$top/out/vm-soak-$kernel" \
	-c "$dest:selftests" -c "$here/guest-check.sh:guest-check.sh" \
	-c "$here/guest-left.sh:guest-left.sh" \
	"export REGBUF_SOAK='-p -t $((minutes * 60))${seed:+ -s $seed}'
	sh /guest-check.sh soak:soak" 2>&1 | tee "$log"
python3 "$here/gate.py" "$dest/kselftest-list.txt" "$here/skips" "$kernel" \
	< "$log"
