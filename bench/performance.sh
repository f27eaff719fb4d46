#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# performance.sh [-n]: measure everything on both kernels, and write the page
# about it, Documentation/performance.rst. Takes some half an hour.
#
# What has been measured with the same sources and kernels is not measured
# again, so this can be stopped and started anew. The status is 1 if something
# could not be measured: it is missing on the page, and tried again next time.
#
#   -n   measure nothing, only write the page from what there is

set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/.." && pwd)
page=$here/page
out=$top/out/performance
results=$out/results
measures=yes
[ "${1:-}" != -n ] || measures=

# What the figures depend on.
key()
{
	{
		(cd "$top" && find Kbuild kmod include lib bench -type f \
			! -path 'bench/page/*' ! -name performance.sh \
			! -name '*.awk' ! -name '*.gp' -print0 | sort -z |
			xargs -0 sha256sum)
		"$top/selftests/vm/kernel.sh" 6.1
		"$top/selftests/vm/kernel.sh" 6.12
	} | sha256sum | cut -c1-16
}

# piece NAME ARGUMENT...: have bench.sh measure a part, if it has not yet.
piece()
{
	name=$1
	shift
	pieces="$pieces $name"
	[ -n "$measures" ] || return 0
	[ "$(cat "$out/$name/done" 2>/dev/null)" != "$now" ] || return 0
	rm -rf "${out:?}/$name"
	mkdir -p "$out/$name"
	echo "performance: $name"
	if "$here/bench.sh" "$@" -o "$out/$name" > "$out/$name/output" 2>&1
	then
		echo "$now" > "$out/$name/done"
	else
		echo "performance: not all of $name: see $out/$name/output"
		grep '^regbuf-bench: ' "$out/$name/output" || true
		failed=1
	fi
}

# All that was measured, in one file, if only in part.
collect()
{
	for name in $pieces; do
		for kernel in 6.1 6.12; do
			cat "$out/$name/bench-$kernel"/log* 2>/dev/null |
				grep '^[0-9.]*,[a-z]' || true
			sed -n "s/^memory: /$kernel &/p" \
				"$out/$name/bench-$kernel/log" 2>/dev/null ||
				true
		done
	done
}

# What machine it was, as a list.
machine()
{
	echo "- $(qemu-system-x86_64 --version | head -n 1), -icount"
	cat "$out"/*/bench-*/log | sed -n 's/^bench: guest: /- /p' | sort -u
}

shared()
{
	cat "$out"/scale/bench-*/shared > "$out/shared" 2>/dev/null || true
	if [ -s "$out/shared" ]; then
		printf '::\n\n'
		sed 's/^./    &/' "$out/shared"
	else
		echo 'Not measured.'
	fi
}

# with SCRIPT FILE...: what an awk script makes of files.
with()
{
	script=$1
	shift
	awk -v bench="$bench" -v depth="$depth" -f "$page/rst.awk" \
		-f "$page/results.awk" -f "$page/$script.awk" "$@"
}

# What is to be in the place of a line of the template.
fill()
{
	bench=${2:-}
	depth=${3:-}
	case $1 in
	machine) machine ;;
	shared) shared ;;
	targets) with targets "$page/targets" "$results" ;;
	*) with "$1" "$results" ;;
	esac
}

write_page()
{
	while IFS= read -r line; do
		case $line in
		@*)
			# shellcheck disable=SC2086 # words
			fill ${line#@}
			;;
		*) printf '%s\n' "$line" ;;
		esac
	done < "$page/template.rst" | cat -s
}

failed=0
pieces=
mkdir -p "$out"
now=$(key)
piece sending -b tx -m backlogged -p 2m
piece immediate -b tx -m immediate -p 2m
piece pages -b tx -m backlogged -p 4k -e regbuf
piece receiving -b rx
piece registering -b reg
piece crossover -b cross
piece held -b held
piece scale -b scale
collect > "$results"
write_page > "$out/performance.rst"
cp "$out/performance.rst" "$top/Documentation/performance.rst"
echo "performance: Documentation/performance.rst"
exit "$failed"
