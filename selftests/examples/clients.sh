#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The examples with clients that everybody has, over loopback: socat and nc.
# What comes back is compared byte by byte. Each test names the contract's rule.

# shellcheck disable=SC2317 # functions are called by name

# shellcheck source=selftests/examples/common.sh
. ./common.sh

says_port()
{
	grep -q '^port [0-9]' "$dir/port"
}

# start PROGRAM: as $server, on any port, $port
start()
{
	: > "$dir/port"
	"./$1" 0 > "$dir/port" 2> "$dir/errors" &
	server=$!
	within says_port && port=$(sed 's/^port //' "$dir/port")
}

# finish SIGNAL: the server ends well, said no word, and leaves nothing pinned.
finish()
{
	kill "-$1" "$server"
	wait "$server"
	status=$?
	server=
	[ "$status" = 0 ] && [ ! -s "$dir/errors" ] && within none_pinned
}

listens()
{
	grep -q ':138B .* 0A ' /proc/net/tcp /proc/net/tcp6
}

# C4: all of a file, by as many sends as it takes.
file_arrives()
{
	nc -l -p 5003 > "$dir/out" < /dev/null &
	receiver=$!
	within listens &&
		./send_file 127.0.0.1 5003 "$dir/bytes" > "$dir/log" 2>&1 &&
		wait "$receiver" && cmp "$dir/bytes" "$dir/out" &&
		grep -q "^copied: $size (loopback)$" "$dir/log" &&
		within none_pinned
}

size=$((9 << 20))
head -c "$size" /dev/urandom > "$dir/bytes"

echo "TAP version 13"
echo "1..16"

start tcp_echo
result C18.tcp4_socat same 1048576 socat -t 20 - "TCP4:127.0.0.1:$port"
result C18.tcp6_socat same 1048576 socat -t 20 - "TCP6:[::1]:$port"
result C18.tcp4_nc same 200000 nc 127.0.0.1 "$port"
result C18.tcp6_nc same 200000 nc ::1 "$port"
result C4.tcp_nothing same 0 nc 127.0.0.1 "$port"
result tcp_port_in_use complains 1 'port .*: Address already in use' \
	./tcp_echo "$port"
result C15.tcp_ends finish INT

start udp_echo
result C18.udp4_socat same 30000 socat -b 65536 -t 20 - \
	"UDP4:127.0.0.1:$port,readbytes=30000"
result C18.udp6_socat same 30000 socat -b 65536 -t 20 - \
	"UDP6:[::1]:$port,readbytes=30000"
result udp_port_in_use complains 1 'port .*: Address already in use' \
	./udp_echo "$port"
result C15.udp_ends finish TERM

result C4.file_arrives file_arrives
result file_refused complains 1 '127.0.0.1 port 1: Connection refused' \
	./send_file 127.0.0.1 1 "$dir/bytes"
result usage complains 2 '^usage: ' ./tcp_echo
result usage_help complains 2 '^usage: ' ./udp_echo --help
result usage_port complains 2 '^usage: ' ./tcp_echo 65536

exit $failed
