#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# That gate.py is not fooled: streams it must pass, and streams it must not. And
# slipped.sh: what a VM may die of and be run once more.

set -eu
here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
echo core:a > "$tmp/list"
echo '6\.1 core:a global[.]may_skip # why' > "$tmp/skips"

tail_ok='# 1..1
# ok 1 vm.log
ok vm: guest-check'

# expect STATUS LAST-LINE NAME < stream
expect()
{
	status=0
	python3 "$here/gate.py" "$tmp/list" "$tmp/skips" 6.1 > "$tmp/out" ||
		status=$?
	if [ $status != "$1" ] || [ "$(tail -n 1 "$tmp/out")" != "$2" ]; then
		echo "gate_test: $3: status $status, $(tail -n 1 "$tmp/out")"
		exit 1
	fi
}

program()
{
	printf '# selftests: core: a\n%s\n%s\n%s\n' "$1" "$2" "$tail_ok"
}

good='ok 1 selftests: core: a'
program '# 1..2
# ok 1 global.x
# ok 2 global.y' "$good" | expect 0 '3 passed, 0 failed, 0 skipped' good
program '# 1..2
# ok 1 global.x
# ok 2 global.may_skip # SKIP no' "$good" |
	expect 0 '2 passed, 0 failed, 1 skipped' 'allowed skip'
program '# 1..1
# ok 1 global.x # SKIP no' "$good" |
	expect 1 '1 passed, 1 failed, 0 skipped' 'skip not allowed'
program '# 1..2
# ok 1 global.x
# not ok 2 global.y' "$good" |
	expect 1 '2 passed, 1 failed, 0 skipped' 'failure reported as ok'
program '# 1..2
# ok 1 global.x' "$good" |
	expect 1 '2 passed, 1 failed, 0 skipped' 'fewer results than planned'
program '' "$good" | expect 1 '1 passed, 1 failed, 0 skipped' 'no results'
program '# 1..1
# ok 1 global.x' 'not ok 1 selftests: core: a # exit=139' |
	expect 1 '2 passed, 1 failed, 0 skipped' 'crash after the last test'
echo "$tail_ok" | expect 1 '1 passed, 1 failed, 0 skipped' 'program not run'
printf '# selftests: core: a\n# 1..1\n# ok 1 x\n%s\n' "$good" |
	expect 1 '1 passed, 1 failed, 0 skipped' 'checks not made'
expect 1 '0 passed, 3 failed, 0 skipped' nothing < /dev/null

# dies STATUS NAME RIP OOPS: whether the emulator was it, and not the module.
dies()
{
	status=0
	printf '%s\n' '[    1.7] pnp 00:02: [dma 2]' "[    1.7] $4" \
		'[    1.7] CPU: 0 PID: 1 Comm: swapper/0 Not tainted' \
		"[    1.7] RIP: 0010:$3" > "$tmp/console"
	"$here/slipped.sh" "$tmp/console" || status=$?
	[ "$status" = "$1" ] || { echo "gate_test: $2: status $status"; exit 1; }
}

int3='int3: 0000 [#1] PREEMPT SMP NOPTI'
core='enqueue_task_fair+0xa0b/0xcc0'
dies 0 int3 "$core" "$int3"
dies 0 'int3 of newer kernels' "$core" "Oops: $int3"
dies 1 'int3 in the module' 'regbuf_send+0x1/0x20 [regbuf]' "$int3"
dies 1 'another exception' "$core" 'Oops: general protection fault: 0000 [#1]'
dies 1 'a second exception' "$core" 'int3: 0000 [#2] PREEMPT SMP NOPTI'
echo "gate: not fooled"
