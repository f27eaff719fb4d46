# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0
#
# What the tests of the examples share: a directory, results, what is pinned.

# shellcheck disable=SC2317,SC2034 # called and used by who includes this

# shellcheck source=selftests/vm/guest-left.sh
. ./guest-left.sh

dir=$(mktemp -d)
server=
n=0
failed=0

cleanup()
{
	[ -z "$server" ] || kill "$server" 2> /dev/null
	rm -rf "$dir"
}
trap cleanup EXIT

none_pinned()
{
	[ "$(pinned)" = 0 ]
}

result()
{
	n=$((n + 1))
	name=$1
	shift
	if "$@"; then
		echo "ok $n $name"
	else
		echo "not ok $n $name"
		cat "$dir/log" "$dir/errors" 2> /dev/null | sed 's/^/# /'
		failed=1
	fi
}

# same BYTES COMMAND...: what it is given is what it gives
same()
{
	head -c "$1" "$dir/bytes" > "$dir/in"
	shift
	timeout 60 "$@" < "$dir/in" > "$dir/out" 2> "$dir/log" &&
		cmp "$dir/in" "$dir/out" >> "$dir/log" 2>&1
}

# complains STATUS TEXT COMMAND...: it fails, and says so
complains()
{
	expected=$1 text=$2
	shift 2
	timeout 20 "$@" > "$dir/log" 2>&1
	[ $? = "$expected" ] && grep -q "$text" "$dir/log"
}
