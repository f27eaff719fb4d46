#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# top.sh [KERNEL]: what regbuf top shows in a VM that sends to this machine over
# TCP: the picture in README.md.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
vm=$top/selftests/vm
out=$top/out/top
kernel=${1:-6.12}

"$top/tools/deps.sh" build vm
mkdir -p "$out"
perf=$top/build/perf-static/regbuf-perf
make -s -C "$top/tools/perf" OUTPUT="$(dirname "$perf")" \
	LDFLAGS="-static -Wl,--no-warnings"
make -s -C "$here" OUTPUT="$top/build/regbuf-top"
"$vm/module.sh" "$kernel"

cat > "$out/guest.sh" <<'SCRIPT'
/regbuf-perf -c 10.72.0.1 -m regbuf -t 20 > /dev/null 2>&1 &
/regbuf top -n 3 -d 3
SCRIPT
"$vm/run.sh" -k "$kernel" -M 2048 -o "$out" -c "$perf" \
	-c "$top/build/regbuf-top/regbuf" -c "$out/guest.sh:guest.sh" \
	-H "exec '$perf' -s -a 10.72.0.1 -m recv" \
	'sh /guest.sh' > "$out/log" 2>&1 || { cat "$out/log"; exit 1; }
# The last round.
awk '/^CTX/ { shown = "" } { shown = shown $0 "\n" } END { printf "%s", shown }' \
	"$out/log"
