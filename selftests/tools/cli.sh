#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The regbuf command, with programs that hold buffers, as root and as somebody
# else, with the module and without it. Host tests have what does not need it.

# shellcheck disable=SC2317 # functions are called by name

# shellcheck source=selftests/vm/guest-left.sh
. ./guest-left.sh

dir=$(mktemp -d)
chmod 755 "$dir"
stuck=
loop=
monitor=
n=0
failed=0

cleanup()
{
	exec 3>&- 4<&- 5>&- 6<&-
	[ -z "$monitor" ] || kill "$monitor" 2> /dev/null
	[ -e /sys/module/regbuf ] || insmod /regbuf.ko
	rm -rf "$dir"
}
trap cleanup EXIT

result()
{
	n=$((n + 1))
	name=$1
	shift
	if "$@"; then
		echo "ok $n $name"
	else
		echo "not ok $n $name"
		for log in "$dir/out" "$dir/errors" "$dir/events"; do
			[ ! -e "$log" ] || sed 's/^/# /' "$log"
		done
		failed=1
	fi
}

# The namespace of $stuck's context.
inside()
{
	nsenter -t "$stuck" -n "$@"
}

nobody()
{
	su -s /bin/sh nobody -c "$*"
}

# limited KIB COMMAND...: nobody, with so much memory to lock
limited()
(
	# shellcheck disable=SC3045 # dash and busybox have it
	ulimit -l "$1"
	shift
	nobody "$@"
)

# ends STATUS COMMAND...: what it prints is in $dir/out, complaints in errors
ends()
{
	expected=$1
	shift
	"$@" > "$dir/out" 2> "$dir/errors" < /dev/null
	status=$?
	[ "$status" != "$expected" ] || return 0
	echo "# $*: status $status"
	return 1
}

# is POINTER VALUE: in the JSON of $dir/out
is()
{
	value=$(./json "$1" < "$dir/out") && [ "$value" = "$2" ] && return 0
	echo "# $1 is $value"
	return 1
}

complains()
{
	grep -q "^regbuf: .*$1" "$dir/errors"
}

# The context that process $1 opened, as the command sees it that follows.
context_of()
{
	pid=$1
	shift
	"$@" ./regbuf list | awk -v pid="$pid" '$2 == pid { print $1 }'
}

# tell WORD: $stuck does it; ask WORD: $loop
tell()
{
	echo "$1" >&3
	read -r answer number <&4 && [ "$answer" = ok ]
}

ask()
{
	echo "$1" >&5
	read -r answer number <&6 && [ "$answer" = ok ]
}

# Both holders, $stuck's sends in flight.
start()
{
	mkfifo "$dir/in" "$dir/answers" "$dir/in2" "$dir/answers2"
	./holder < "$dir/in" > "$dir/answers" &
	stuck=$!
	exec 3> "$dir/in" 4< "$dir/answers"
	su -s /bin/sh nobody -c "exec $PWD/holder loopback" \
		< "$dir/in2" > "$dir/answers2" 3>&- 4<&- &
	loop=$!
	exec 5> "$dir/in2" 6< "$dir/answers2"
	read -r answer cookie inode port peer <&4 && [ "$answer" = ready ] &&
		read -r answer _ <&6 && [ "$answer" = ready ] && tell send &&
		ctx=$(context_of "$stuck" inside) && [ -n "$ctx" ] &&
		own=$(context_of "$loop") && [ -n "$own" ]
}

lists()
{
	ends 0 inside ./regbuf list && [ "$(wc -l < "$dir/out")" = 2 ] &&
		grep -q "^$ctx *$stuck *root *ho?.2J?ld?r *1 " "$dir/out" &&
		ends 0 inside ./regbuf list -j && is "" 1 &&
		is /0/pid "$stuck" && is /0/comm 'ho?[2J?ld?r' &&
		is /0/uid 0 && is /0/bytes 65536 && is /0/queues 1 &&
		is /0/endpoints 1 && is /0/closed false
}

shows()
{
	ends 0 inside ./regbuf show &&
		grep -q "^context $ctx: .*, pid $stuck, user root$" \
			"$dir/out" &&
		grep -q "10.73.0.1:$port - 10.73.0.2:$peer, established" \
			"$dir/out" &&
		ends 0 inside ./regbuf show -j "$ctx" && is "" 1 &&
		is /0/context/id "$ctx" && is /0/buffers 1 &&
		is /0/buffers/0/length 65536 && is /0/buffers/0/access 2 &&
		is /0/buffers/0/state live && is /0/queues/0/id 1 &&
		is /0/endpoints/0/cookie "$cookie" &&
		is /0/endpoints/0/inode "$inode" &&
		is /0/endpoints/0/local_port "$port" &&
		is /0/endpoints/0/remote_port "$peer" &&
		is /0/endpoints/0/protocol tcp
}

# C19, seeds: what keeps memory in use has a name.
names_the_holder()
{
	ends 0 inside ./regbuf show --stuck &&
		grep -q "inode $inode, cookie $cookie: 2 requests, 16.0 KiB" \
			"$dir/out" &&
		ends 0 inside ./regbuf show --stuck -j && is "" 1 &&
		is /0/context "$ctx" && is /0/requests 2 &&
		is /0/bytes 16384 && is /0/cookie "$cookie" &&
		is /0/inode "$inode" && is /0/socket/local 10.73.0.1 &&
		is /0/socket/remote 10.73.0.2 && is /0/socket/id 1
}

shows_a_buffer()
{
	ends 0 inside ./regbuf show "$ctx" -j &&
		id=$(./json /0/buffers/0/id < "$dir/out") &&
		ends 0 inside ./regbuf show -j "$ctx" "$id" &&
		is /0/id "$id" && is /0/holds 1 &&
		is /0/holds/0/requests 2 &&
		ends 1 inside ./regbuf show "$ctx" 0x7fffffff7fffffff &&
		[ ! -s "$dir/out" ] && complains .
}

# A send that no queue has: held, but by nobody with a name.
holds_without_a_queue()
{
	tell plain && ends 0 inside ./regbuf show -s -j "$ctx" &&
		is "" 2 && is /0/queue 1 && is /1/requests 1 &&
		! ./json /1/queue < "$dir/out"
}

# C13: the same numbers as the program itself gets.
counts()
{
	tell zerocopied && ends 0 inside ./regbuf stat -j "$ctx" &&
		is /zerocopied "$number" && is /sends 3 &&
		ends 0 inside ./regbuf stat "$ctx" &&
		grep -q "^zero-copied bytes *$number$" "$dir/out" &&
		ends 0 ./regbuf stat -j && is /contexts 2 &&
		ends 0 ./regbuf stat && grep -q '^contexts *2$' "$dir/out"
}

moved()
{
	ask send && ask reap || return 1
	./json /0/sends_per_second < "$dir/top" 2> /dev/null |
		awk '$1 > 0 { found = 1 } END { exit !found }'
}

tops()
{
	./regbuf top -j -d 0.2 > "$dir/top" 2> "$dir/errors" 3>&- 5>&- &
	top=$!
	within moved
	status=$?
	kill "$top"
	wait "$top" 2> /dev/null
	[ "$status" = 0 ] && ends 0 ./regbuf top -n 2 -d 0.05 &&
		[ "$(grep -c "^$own *$loop " "$dir/out")" = 2 ]
}

# Once it listens it hears: there is no other sign that it does.
hears()
{
	ask register && ask deregister && [ -s "$dir/events" ]
}

# heard KIND CTX
heard()
{
	./json /kind < "$dir/events" > "$dir/kinds" &&
		./json /context < "$dir/events" |
			paste -d ' ' "$dir/kinds" - | grep -qx "$1 $2"
}

monitors()
{
	./regbuf monitor -j > "$dir/events" 2> "$dir/errors" 3>&- 5>&- &
	monitor=$!
	within hears && ask stale && ask budget && exec 5>&- &&
		wait "$loop" && within heard leaked-at-exit "$own" &&
		heard registered "$own" && heard deregistered "$own" &&
		heard used-after-deregister "$own" &&
		heard over-budget "$own" && ! grep -v '^{.*}$' "$dir/events"
	status=$?
	kill "$monitor"
	wait "$monitor" 2> /dev/null
	monitor=
	return "$status"
}

monitor_counts()
{
	inside ./regbuf monitor -n 1 > "$dir/events" 2> "$dir/errors" &
	monitor=$!
	within heard_one || return 1
	wait "$monitor"
	status=$?
	monitor=
	[ "$status" = 0 ] && [ "$(wc -l < "$dir/events")" = 1 ] &&
		grep -qE "^(de)?registered: context $ctx, " "$dir/events"
}

heard_one()
{
	tell register && tell deregister && [ -s "$dir/events" ]
}

# What somebody else opened is not there for him.
nobody_sees_his_own()
{
	ends 0 nobody ./regbuf list -j && is "" 1 && is /0/id "$own" &&
		ends 0 nobody ./regbuf show -j "$own" &&
		is /0/context/comm 'ho?[2J?ld?r' &&
		ends 0 nobody ./regbuf stat "$own" &&
		ends 1 nobody ./regbuf show "$ctx" && complains . &&
		[ ! -s "$dir/out" ]
}

nobody_may_not()
{
	ends 4 nobody ./regbuf stat && complains . &&
		ends 4 nobody ./regbuf monitor -n 1 && complains . &&
		ends 4 nobody ./regbuf abort -y "$own" 1 1 && complains .
}

# A namespace sees what was opened in it, whoever asks.
namespaces_are_apart()
{
	ends 0 unshare -n ./regbuf list -j && is "" 0 &&
		ends 1 unshare -n ./regbuf show "$ctx" && complains . &&
		ends 0 ./regbuf list -j && is "" 1 && is /0/id "$own"
}

# What it complains of is the kernel's own text.
says_what_the_kernel_says()
{
	ends 1 inside ./regbuf show 4000000000 &&
		! complains 'No such file or directory' &&
		ends 1 inside ./regbuf abort -y "$ctx" 1 77 &&
		! complains 'No such file or directory'
}

abort_asks()
{
	ends 1 inside ./regbuf abort "$ctx" 1 1 &&
		grep -q "10.73.0.1:$port - 10.73.0.2:$peer " "$dir/out" &&
		ends 1 inside ./regbuf abort "$ctx" 1 77 &&
		ends 0 inside ./regbuf show -s -j && is "" 2
}

# C15: what it held ends, and each request completes.
aborts()
{
	echo y > "$dir/yes"
	inside ./regbuf abort "$ctx" 1 1 < "$dir/yes" > "$dir/out" \
		2> "$dir/errors" && tell reap && within nothing_is_held
}

nothing_is_held()
{
	ends 0 inside ./regbuf show -s && [ ! -s "$dir/out" ]
}

# verdict CHECK: of the first line with it
verdict()
{
	awk -v check="$1" '$2 == check { print $1; exit }' "$dir/out"
}

# Kernels without ethtool's netlink family say nothing of interfaces.
says_of_cards()
{
	if grep -q ' ethnl_default_doit$' /proc/kallsyms; then
		grep -q -e "$1" "$dir/out"
	else
		grep -q '^ok *interface *cannot tell: ' "$dir/out"
	fi
}

doctor_is_content()
{
	ends 0 ./regbuf doctor && ! grep '^bad' "$dir/out" &&
		[ "$(verdict module)" = ok ] && [ "$(verdict access)" = ok ] &&
		grep -q '^ok *memlock *you have CAP_IPC_LOCK' "$dir/out" &&
		says_of_cards '^[a-z]* *interface *eth0 ' &&
		ends 0 ./regbuf doctor -j && is /0/check module &&
		is /0/verdict ok
}

doctor_mends_the_device()
{
	chmod 660 /dev/regbuf
	ends 1 nobody ./regbuf doctor && [ "$(verdict device)" = warn ] &&
		[ "$(verdict access)" = bad ] || return 1
	echo 'regbuf:x:990:nobody' >> /etc/group
	chgrp regbuf /dev/regbuf
	ends 0 nobody ./regbuf doctor && [ "$(verdict device)" = ok ] &&
		[ "$(verdict access)" = ok ] || return 1
	sed -i 's/^regbuf:.*/regbuf:x:990:/' /etc/group
	ends 1 nobody ./regbuf doctor &&
		grep -q -- '-> usermod --append --groups regbuf nobody' \
			"$dir/out"
}

# What is charged already is not there any more.
doctor_knows_the_budget()
{
	chmod 666 /dev/regbuf
	ends 0 limited 65536 ./regbuf doctor &&
		grep -q 'RLIMIT_MEMLOCK is 64.0 MiB, 64.0 KiB taken' \
			"$dir/out" && [ "$(verdict memlock)" = warn ] &&
		ends 1 limited 64 ./regbuf doctor &&
		[ "$(verdict memlock)" = bad ] && [ "$(verdict device)" = warn ]
}

doctor_names_what_a_card_lacks()
{
	ends 0 inside ./regbuf doctor &&
		says_of_cards '^ok *interface *veth0 .*virtual' &&
		tell cut && ends 0 inside ./regbuf doctor &&
		says_of_cards '^warn *interface *veth0 lacks scatter-gather' &&
		says_of_cards '-> ethtool -K veth0 sg on'
}

without_the_module()
{
	exec 3>&- 5>&-
	wait "$stuck" "$loop"
	within unloaded || return 1
	for command in list show stat top 'show -s' 'monitor -n 1' 'stat 3' \
		       'abort -y 1 1 1'; do
		# shellcheck disable=SC2086 # words
		ends 3 ./regbuf $command && [ ! -s "$dir/out" ] &&
			complains 'modprobe regbuf' || return 1
	done
	ends 3 nobody ./regbuf list && ends 2 ./regbuf show x &&
		ends 0 ./regbuf version && ends 0 ./regbuf help &&
		ends 1 ./regbuf doctor && [ "$(verdict module)" = bad ] &&
		grep -q -- '-> modprobe regbuf' "$dir/out"
}

with_the_module_again()
{
	insmod /regbuf.ko && ends 0 ./regbuf list -j && is "" 0 &&
		within test -c /dev/regbuf
}

echo "TAP version 13"
echo "1..22"

chmod 666 /dev/regbuf
result starts start
[ $failed = 0 ] || exit 1
result lists lists
result shows shows
result C19.names_the_holder names_the_holder
result shows_a_buffer shows_a_buffer
result holds_without_a_queue holds_without_a_queue
result C13.counts counts
result tops tops
result nobody_sees_his_own nobody_sees_his_own
result nobody_may_not nobody_may_not
result namespaces_are_apart namespaces_are_apart
result says_what_the_kernel_says says_what_the_kernel_says
result monitor_counts monitor_counts
result abort_asks abort_asks
result C15.aborts aborts
result doctor_is_content doctor_is_content
result doctor_knows_the_budget doctor_knows_the_budget
result doctor_mends_the_device doctor_mends_the_device
result doctor_names_what_a_card_lacks doctor_names_what_a_card_lacks
result monitors monitors
result without_the_module without_the_module
result with_the_module_again with_the_module_again
exit $failed
