#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# host.sh REGBUF JSON: what the regbuf command prints, and exits with. REGBUF is
# built with mock.c for a kernel; JSON is selftests/tools/json.c.

set -eu
regbuf=$1
json=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

die()
{
	echo "host.sh: $*" >&2
	cat "$dir/out" >&2
	exit 1
}

# run MOCK ARGUMENT...: as $status, $dir/out; MOCK is "-" for nothing
run()
{
	mock=$1
	shift
	status=0
	REGBUF_MOCK=$mock "$regbuf" "$@" > "$dir/out" 2>&1 || status=$?
}

# expect STATUS NAME MOCK ARGUMENT... < what it prints, and nothing else
expect()
{
	wanted=$1 name=$2
	shift 2
	cat > "$dir/expected"
	run "$@"
	[ "$status" = "$wanted" ] || die "$name: status $status"
	diff -u "$dir/expected" "$dir/out" > "$dir/diff" ||
		die "$name: $(cat "$dir/diff")"
}

# has POINTER VALUE ARGUMENT...: in the JSON
has()
{
	pointer=$1 wanted=$2
	shift 2
	run - "$@" -j
	[ "$status" = 0 ] || die "$*: status $status"
	value=$("$json" "$pointer" < "$dir/out") || die "$*: no $pointer"
	[ "$value" = "$wanted" ] || die "$*: $pointer is $value"
}

# lacks POINTER ARGUMENT...
lacks()
{
	pointer=$1
	shift
	run - "$@" -j
	"$json" "" < "$dir/out" > /dev/null || die "$*: no JSON"
	! "$json" "$pointer" < "$dir/out" > /dev/null 2>&1 ||
		die "$*: has $pointer"
}

# wrong ARGUMENT...: refused, before the kernel is asked
wrong()
{
	run absent "$@"
	[ "$status" = 2 ] || die "$*: status $status"
	grep -q '^regbuf: .*; see: regbuf help$' "$dir/out" ||
		die "$*: does not say how it is used"
}

expect 0 list - list << 'EOF'
CTX    PID      USER       COMMAND           BUFFERS       PINNED  QUEUES ENDPOINTS        SENDS
3      4711     root       server                  2     72.0 KiB       1         2         1000
9      0        4294967294 gone                    1       4096 B       0         0            0 closed
4294967295 4294967295 4294967294 abcdefghijklmno  4294967295     16.0 EiB 4294967295 4294967295 18446744073709551615
EOF

expect 0 show - show 3 << 'EOF'
context 3: server, pid 4711, user root
  2 buffers, 68.4 KiB in 72.0 KiB of pages; 18 pages charged
  buffer 0x100000000: 64.0 KiB at 0x7f0000000000, 16 pages, read, live, 4 in flight
    keep
    registered 2 times
    3 ids on the same pages
    1 exports, imported 5 times
  buffer 0x200000001: 4464 B at 0x7f0000123456, 2 pages, read,write, closing, 0 in flight
  queue 1: 64 + 128 entries, pool of 0, flags poller,stalled
    5 requests pending, 77 completed, 3 of those unread
  endpoint 1 of queue 1: tcp 10.0.0.1:80 - 10.0.0.9:40312, established, flags send,recv
    inode 5120, cookie 77, 1 sends and 2 receives pending, 4 in flight (64.0 KiB)
  endpoint 2 of queue 1: udp [fd00::1]:53 - *, close, flags send,ordered,single
    inode 5121, cookie 78, 0 sends and 0 receives pending, 0 in flight (0 B)
context 3 buffer 0x100000000 held by queue 1 endpoint 1, tcp 10.0.0.1:80 - 10.0.0.9:40312, inode 5120, cookie 77: 2 requests, 64.0 KiB, for 93.2 s
context 3 buffer 0x100000000 held by queue 1 endpoint 2, detached: 1 requests, 100 B, for 999 ms
context 3 buffer 0x100000000 held by others: 1 requests, waiting or without a queue
EOF

expect 0 show_closed - show 9 << 'EOF'
context 9: gone, pid 0, user 4294967294, closed
  1 buffers, 1 B in 4096 B of pages; 0 pages charged
  buffer 0x100000000: 1 B at 0x1000, 1 pages, write, closing, 1 in flight
context 9 buffer 0x100000000 held by queue 7 endpoint 8, detached: 1 requests, 1 B, for 60 min
EOF

expect 0 show_largest - show 4294967295 << 'EOF'
context 4294967295: abcdefghijklmno, pid 4294967295, user 4294967294
  4294967295 buffers, 16.0 EiB in 16.0 EiB of pages; 18446744073709551615 pages charged
  buffer 0xffffffffffffffff: 16.0 EiB at 0xffffffffffffffff, 18446744073709551615 pages, read,write, ?, 4294967295 in flight
    imported,keep
    registered 4294967295 times
    4294967295 ids on the same pages
    4294967295 exports, imported 4294967295 times
  queue 4294967295: 4294967295 + 4294967295 entries, pool of 4294967295, flags poller,broken,stalled,shut
    4294967295 requests pending, 4294967295 completed, 4294967295 of those unread
  endpoint 4294967295 of queue 4294967295: ? * - *, ?, flags send,recv,ordered,single,draining
    inode 18446744073709551615, cookie 18446744073709551615, 4294967295 sends and 4294967295 receives pending, 4294967295 in flight (16.0 EiB)
context 4294967295 buffer 0xffffffffffffffff held by queue 4294967295 endpoint 4294967295, ? * - *, inode 18446744073709551615, cookie 18446744073709551615: 4294967295 requests, 16.0 EiB, for 307445734561825 min
EOF

expect 0 show_buffer - show 3 0x100000000 << 'EOF'
  buffer 0x100000000: 64.0 KiB at 0x7f0000000000, 16 pages, read, live, 4 in flight
    keep
    registered 2 times
    3 ids on the same pages
    1 exports, imported 5 times
context 3 buffer 0x100000000 held by queue 1 endpoint 1, tcp 10.0.0.1:80 - 10.0.0.9:40312, inode 5120, cookie 77: 2 requests, 64.0 KiB, for 93.2 s
context 3 buffer 0x100000000 held by queue 1 endpoint 2, detached: 1 requests, 100 B, for 999 ms
context 3 buffer 0x100000000 held by others: 1 requests, waiting or without a queue
EOF

expect 0 show_idle_buffer - show 3 0x200000001 << 'EOF'
  buffer 0x200000001: 4464 B at 0x7f0000123456, 2 pages, read,write, closing, 0 in flight
EOF

expect 0 stuck - show -s << 'EOF'
context 3 buffer 0x100000000 held by queue 1 endpoint 1, tcp 10.0.0.1:80 - 10.0.0.9:40312, inode 5120, cookie 77: 2 requests, 64.0 KiB, for 93.2 s
context 3 buffer 0x100000000 held by queue 1 endpoint 2, detached: 1 requests, 100 B, for 999 ms
context 3 buffer 0x100000000 held by others: 1 requests, waiting or without a queue
context 9 buffer 0x100000000 held by queue 7 endpoint 8, detached: 1 requests, 1 B, for 60 min
context 4294967295 buffer 0xffffffffffffffff held by queue 4294967295 endpoint 4294967295, ? * - *, inode 18446744073709551615, cookie 18446744073709551615: 4294967295 requests, 16.0 EiB, for 307445734561825 min
EOF

expect 0 stuck_context - show --stuck 9 << 'EOF'
context 9 buffer 0x100000000 held by queue 7 endpoint 8, detached: 1 requests, 1 B, for 60 min
EOF

expect 0 stuck_buffer - show -s 3 0x100000000 << 'EOF'
context 3 buffer 0x100000000 held by queue 1 endpoint 1, tcp 10.0.0.1:80 - 10.0.0.9:40312, inode 5120, cookie 77: 2 requests, 64.0 KiB, for 93.2 s
context 3 buffer 0x100000000 held by queue 1 endpoint 2, detached: 1 requests, 100 B, for 999 ms
context 3 buffer 0x100000000 held by others: 1 requests, waiting or without a queue
EOF

expect 0 stuck_idle_buffer - show -s 3 0x200000001 < /dev/null

expect 0 stat - stat << 'EOF'
contexts                 3
opened                   12
buffers                  4
bytes                    80000
pinned bytes             81920
pages                    20
charged pages            18
sends                    2000
zero-copied bytes        0
copied bytes, small      512
copied later             0
deregistered in flight   0
used after deregister    0
over budget              3
leaked at exit           0
detached                 0
used detached            0
EOF

expect 0 stat_context - stat 3 << 'EOF'
sends                    1000
zero-copied bytes        5242880
copied bytes, inline     64
copied bytes, loopback   4096
copied later             7
deregistered in flight   1
used after deregister    0
over budget              0
leaked at exit           2
detached                 0
used detached            0
EOF

expect 0 monitor - monitor -n 5 << 'EOF'
registered: context 3, pid 4711 (server), buffer 0x100000000, 64.0 KiB at 0x7f0000000000, 16 pages
deregistered-in-flight: context 3, pid 4711 (server), buffer 0x100000000, 4 requests use it
over-budget: context 3, pid 4711 (server), 1.0 MiB at 0x1000, 256 pages needed, 2000 of 2048 taken
leaked-at-exit: context 3, pid 4711 (server), 2 buffers
?: context 3, pid 4711 (server)
EOF

# What fails, and how that is said.
expect 3 absent absent list << 'EOF'
regbuf: the module is not there: modprobe regbuf
EOF

expect 4 refused refused list << 'EOF'
regbuf: context: not for you
EOF

expect 4 refused_stat refused stat << 'EOF'
regbuf: counters of the module: not for you
EOF

expect 4 refused_monitor refused monitor << 'EOF'
regbuf: events: Operation not permitted
EOF

expect 4 refused_abort refused abort -y 3 1 1 << 'EOF'
regbuf: abort: not for you
EOF

expect 1 silent silent list << 'EOF'
regbuf: context: Cannot allocate memory
EOF

expect 1 no_context - show 77 << 'EOF'
regbuf: context: no such context
EOF

expect 1 no_buffer - show 3 77 << 'EOF'
regbuf: buffer: no such context
EOF

expect 1 no_endpoint - abort 3 1 77 << 'EOF'
regbuf: no such endpoint
EOF

expect 1 no_reset - abort -y 3 1 2 << 'EOF'
regbuf: abort: this socket cannot be reset
EOF

# It was there when contexts were listed, and has nothing any more.
expect 0 vanished vanish stat 9 << 'EOF'
sends                    0
zero-copied bytes        0
copied later             0
deregistered in flight   0
used after deregister    0
over budget              0
leaked at exit           0
detached                 0
used detached            0
EOF

expect 0 vanished_show vanish show 9 << 'EOF'
context 9: gone, pid 0, user 4294967294, closed
  1 buffers, 1 B in 4096 B of pages; 0 pages charged
EOF

expect 0 vanished_stuck vanish show -s < /dev/null

expect 0 missed missed monitor -n 2 << 'EOF'
registered: context 3, pid 4711 (server), buffer 0x100000000, 64.0 KiB at 0x7f0000000000, 16 pages
regbuf: some events were missed
over-budget: context 3, pid 4711 (server), 1.0 MiB at 0x1000, 256 pages needed, 2000 of 2048 taken
EOF


# The order is that of bytes moved; what was new in the first round is not.
torn_is_told()
{
	run torn list
	grep -q '^regbuf: there were changes all the time' "$dir/out" ||
		die "a torn list is not told"
	grep -q ' server ' "$dir/out" || die "a torn list is not shown"
}

top_refreshes()
{
	run - top -n 2 -d 0.01
	[ "$(awk '{ print $1 }' "$dir/out" | tr '\n' ' ')" = \
		"CTX 9 3 4294967295 CTX 9 3 4294967295 " ] || die "top: order"
	run - top -n 3 -d 0.01 -j
	[ "$("$json" /0/zerocopied_per_second < "$dir/out" |
		awk '$1 > 1e6' | wc -l)" = 3 ] || die "top: rates"
	[ "$("$json" /1/sends_per_second < "$dir/out" |
		awk '$1 > 1 && $1 < 10001' | wc -l)" = 3 ] || die "top: sends"
}

abort_asks()
{
	for answer in y Y yes; do
		echo $answer | REGBUF_MOCK='' "$regbuf" abort 3 1 1 \
			> "$dir/out" || die "abort does not take \"$answer\""
		grep -q '^reset the tcp socket 10.0.0.1:80 - 10.0.0.9:40312 ' \
			"$dir/out" || die "abort does not say what"
	done
	for answer in n '' maybe; do
		! echo $answer | "$regbuf" abort 3 1 1 > "$dir/out" 2>&1 ||
			die "abort takes \"$answer\""
	done
	! "$regbuf" abort 3 1 1 < /dev/null > "$dir/out" 2>&1 ||
		die "abort takes silence"
	"$regbuf" abort -y 3 1 1 < /dev/null > "$dir/out" ||
		die "abort --yes asks"
	[ ! -s "$dir/out" ] || die "abort --yes talks"
}

json_is_json()
{
	has "" 3 list
	has /0/comm server list
	has /1/closed true list
	has /2/bytes 18446744073709551615 list
	has /0/stats/copied/inline 64 list
	has /2/stats/copied/unknown 3 list
	has "" 1 show 3
	has /0/context/pid 4711 show 3
	has /0/buffers 2 show 3
	has /0/buffers/1/access/1 write show 3
	has /0/queues/0/flags/1 stalled show 3
	has /0/endpoints/0/remote 10.0.0.9 show 3
	has /0/endpoints/1/local fd00::1 show 3
	has /0/endpoints/1/remote '' show 3
	has /0/endpoints/1/protocol udp show 3
	has /0/endpoints/0/protocol 99 show 4294967295
	has /0/holds/0/age 93210 show 3
	has /0/holds/0/socket/local_port 80 show 3
	lacks /0/holds/1/socket show 3
	lacks /0/holds/1/cookie show 3
	lacks /0/holds/2/queue show 3
	has /0/holds/2/requests 1 show 3
	has /0/holds 3 show 3 0x100000000
	has /0/state live show 3 4294967296
	has "" 5 show -s
	has /0/age 93210 show -s
	has /stats/copied/small 512 stat
	has /opened 12 stat
	has /leaked_at_exit 2 stat 3
	has /kind registered monitor -n 1
	lacks /in_flight monitor -n 1
}

doctor_speaks()
{
	for option in '' -j; do
		status=0
		# shellcheck disable=SC2086 # a word, or none
		"$regbuf" doctor $option > "$dir/out" 2>&1 || status=$?
		[ "$status" -le 1 ] || die "doctor: status $status"
	done
	checks=$(for i in 0 1; do "$json" /$i/check < "$dir/out"; done | xargs)
	[ "$checks" = "module device" ] || die "doctor: checks $checks"
	verdict=$("$json" /0/verdict < "$dir/out")
	[ -e /sys/module/regbuf ] || [ "$verdict" = bad ] ||
		die "doctor: no module is $verdict"
}

help_helps()
{
	for command in list show stat top monitor abort doctor help version; do
		run absent help
		grep -q "^  $command " "$dir/out" || die "help: no $command"
		run absent help $command
		cp "$dir/out" "$dir/help"
		grep -q "^usage: regbuf $command" "$dir/help" ||
			die "help $command"
		run absent $command --help
		cmp -s "$dir/help" "$dir/out" || die "$command --help"
	done
	run absent --help
	[ "$status" = 0 ] || die "--help: status $status"
	[ "$(awk '{ print length }' "$dir/out" | sort -n | tail -n 1)" -le 80 ] ||
		die "help is too wide"
}

mistakes_are_told()
{
	wrong
	wrong frobnicate
	wrong help frobnicate
	wrong -j list
	wrong list 3
	wrong list -s
	wrong list -x
	wrong list --jsonx
	wrong show 3 4 5
	wrong show three
	wrong show 0
	wrong show -- -3
	wrong show 4294967296
	wrong show 3 18446744073709551616
	wrong show 3 0x
	wrong show '3 '
	wrong show ''
	wrong stat 3 4
	wrong top -n
	wrong top -n 0
	wrong top -d 0
	wrong top -d nan
	wrong top -d 1s
	wrong monitor -d 1
	wrong monitor -n -1
	wrong abort 3 1
	wrong abort 3 1 1 1
	wrong abort -j 3 1 1
	wrong version 1
}

torn_is_told
top_refreshes
abort_asks
json_is_json
doctor_speaks
help_helps
mistakes_are_told
