# SPDX-License-Identifier: GPL-2.0
#
# What clients of regbuf-perf printed, one after the other, as a table; and what
# it is worth, by the processor that the first line has.

function head()
{
	print "                                          CPU, s a GB   copied  lost"
	print "protocol mode      bytes   Gbit/s  messages/s  process machine" \
		"     %     %"
}

# The word after the word that is @what.
function after(what,	i)
{
	for (i = 1; i < NF; i++)
		if ($i == what) {
			i = $(i + 1)
			gsub(/[(,;]/, "", i)
			return i
		}
	return "?"
}

/^model name/ { emulated = /TCG/ }

/^(TCP|UDP)\/IPv[46] to / {
	protocol = $1
	mode = after("mode")
	for (i = 1; i < NF; i++)
		if ($(i + 1) ~ /^bytes/) bytes = $i
}

/^total:/ { total = 1; next }

total {
	total = 0
	for (i = 2; i <= NF; i++) {
		if ($i == "Gbit/s") speed = $(i - 1)
		if ($i == "messages/s,") rate = $(i - 1)
	}
	copied = after("copied:")
}

/^CPU: / {
	process = after("process")
	machine = after("machine")
}

/^received / {
	if (!lines++) head()
	got = $3
	sent = $5
	gb = sent / 1e9
	if (gb == 0) next
	printf "%-8s %-8s %6d %8.3f %11d %8.2f %7.2f %6s %5.1f\n", protocol, \
		mode, bytes, speed, rate, process / gb, machine / gb, \
		copied, 100 * (sent - got) / sent
}

END {
	if (emulated)
		print "The VM's processor was emulated (TCG): these figures are" \
			" no claims, not even\nfor which mode is faster."
	else
		print "Sender and receiver shared a machine: these figures are" \
			" for orientation, no\nclaims."
}
