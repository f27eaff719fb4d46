#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The samples in the style of Windows, as C and as C++, with clients that
# everybody has, over loopback: socat and nc. What arrives is compared byte by
# byte, and counted. Each test names the seeds' rules.

# shellcheck disable=SC2317 # functions are called by name

# shellcheck source=selftests/examples/common.sh
. ./common.sh

says_port()
{
	grep -q '^port [0-9]' "$dir/errors"
}

# start PROGRAM ARGUMENT...: as $server, its output in $dir/out, and $port
start()
{
	[ -z "$server" ] || kill "$server"
	: > "$dir/errors"
	timeout 60 "$@" > "$dir/out" 2> "$dir/errors" &
	server=$!
	within says_port && port=$(sed -n 's/^port //p' "$dir/errors")
}

# By itself, well, and nothing is pinned any more.
finished()
{
	wait "$server"
	status=$?
	server=
	[ "$status" = 0 ] && within none_pinned
}

said()
{
	grep -q "^$1\$" "$dir/errors"
}

# loopback FAMILY
loopback()
{
	case $1 in
	4) echo 127.0.0.1 ;;
	6) echo ::1 ;;
	esac
}

# datagrams FAMILY SIZE: of what is in $dir/in, to $port
datagrams()
{
	host=$(loopback "$1")
	[ "$1" = 4 ] || host="[$host]"
	socat -u -b "$2" - "UDP$1-SENDTO:$host:$port" < "$dir/in" \
		2> "$dir/log"
}

# received MODE FAMILY [SUFFIX]: 64 datagrams, by their bytes
received()
{
	head -c 64000 "$dir/bytes" > "$dir/in"
	start "./rio_udp_receive${3:-}" "$1" "$2" 0 64 &&
		datagrams "$2" 1000 && finished && cmp "$dir/in" "$dir/out" &&
		said "64 datagrams, 64000 bytes, last from $(loopback "$2")"
}

# One that is longer than its slice has an error of its own; the next is fine.
too_long()
{
	start ./rio_udp_receive event 4 0 2 || return 1
	head -c 3000 "$dir/bytes" > "$dir/in"
	datagrams 4 3000 || return 1
	head -c 500 "$dir/bytes" > "$dir/in"
	datagrams 4 500 && finished && cmp "$dir/in" "$dir/out" &&
		said '2 datagrams, 500 bytes, last from 127.0.0.1'
}

# echoed FAMILY [SUFFIX]: three connections, what they had is told
echoed()
{
	start "./rio_tcp_echo${2:-}" "$1" 0 3 || return 1
	mv "$dir/out" "$dir/none"
	host=$(loopback "$1")
	socat_host=$host
	[ "$1" = 4 ] || socat_host="[$host]"
	same 1048576 socat -t 20 - "TCP$1:$socat_host:$port" &&
		same 200000 nc "$host" "$port" && same 0 nc "$host" "$port" &&
		finished && [ ! -s "$dir/none" ] && said '1048576 bytes' &&
		said '200000 bytes' && said '0 bytes'
}

# Eight at once.
echoed_at_once()
{
	start ./rio_tcp_echo 4 0 8 || return 1
	head -c 300000 "$dir/bytes" > "$dir/in"
	clients=
	for i in 1 2 3 4 5 6 7 8; do
		socat -t 20 - "TCP4:127.0.0.1:$port" < "$dir/in" \
			> "$dir/out$i" 2> "$dir/log" &
		clients="$clients $!"
	done
	# shellcheck disable=SC2086 # words
	wait $clients
	for i in 1 2 3 4 5 6 7 8; do
		cmp "$dir/in" "$dir/out$i" || return 1
	done
	finished && [ "$(grep -c '^300000 bytes$' "$dir/errors")" = 8 ]
}

# A client that resets its connection is an error of that one alone.
reset()
{
	start ./rio_tcp_echo 4 0 2 || return 1
	socat -u - "TCP4:127.0.0.1:$port,linger=0" < "$dir/in" 2> "$dir/log"
	same 1000 nc 127.0.0.1 "$port" && finished && said '1000 bytes'
}

# 5004 in hexadecimal
receives()
{
	grep -q ':138C ' /proc/net/udp /proc/net/udp6
}

# 64 datagrams of 1000 bytes, each full of its number's last digit.
digits()
{
	for _ in 1 2 3 4 5 6 7; do
		for digit in 0 1 2 3 4 5 6 7 8 9; do
			head -c 1000 /dev/zero | tr '\0' "$digit"
		done
	done | head -c 64000
}

# loaded FAMILY [SUFFIX]
loaded()
{
	digits > "$dir/in"
	timeout 60 socat -u -b 65536 "UDP$1-RECV:5004,readbytes=64000" - \
		> "$dir/out" 2> "$dir/log" &
	receiver=$!
	within receives && "./rio_load${2:-}" "$(loopback "$1")" 5004 64 1000 \
		2> "$dir/errors" && wait "$receiver" &&
		cmp "$dir/in" "$dir/out" && within none_pinned &&
		grep -q '^64 datagrams, 64000 bytes, ' "$dir/errors"
}

# Both ends in the style of Windows.
loaded_into_receiver()
{
	digits > "$dir/in"
	start ./rio_udp_receive port 6 0 64 &&
		./rio_load ::1 "$port" 64 1000 2> "$dir/log" && finished &&
		cmp "$dir/in" "$dir/out"
}

head -c 1048576 /dev/urandom > "$dir/bytes"

echo "TAP version 13"
echo "1..23"

result R18.udp4_polled received poll 4
result R18.udp6_polled received poll 6
result R16.udp4_event received event 4
result R16.udp6_event received event 6
result R17.udp4_port received port 4
result R17.udp6_port received port 6
result R16.udp4_event_cxx received event 4 -cxx
result R17.udp6_port_cxx received port 6 -cxx
result R24.udp_too_long too_long
result R1.tcp4_echo echoed 4
result R1.tcp6_echo echoed 6
result R1.tcp4_echo_cxx echoed 4 -cxx
result R3.tcp_echo_at_once echoed_at_once
result R24.tcp_reset reset
result R11.load4 loaded 4
result R11.load6 loaded 6
result R11.load4_cxx loaded 4 -cxx
result R11.load_into_receiver loaded_into_receiver
start ./rio_tcp_echo 6 0 0
result bound_is_told complains 1 '^bind: .* (10048)$' \
	./rio_tcp_echo 6 "$port" 0
kill "$server"
result usage_receive complains 2 '^usage: ' ./rio_udp_receive poll 5 0 1
result usage_echo complains 2 '^usage: ' ./rio_tcp_echo 4
result usage_load complains 2 '^usage: ' ./rio_load 127.0.0.1 1 1 65508
result no_such_host complains 1 '^no.such.host.invalid: .* ([0-9]*)$' \
	./rio_load no.such.host.invalid 1 1 1

exit $failed
