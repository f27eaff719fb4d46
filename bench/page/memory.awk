# SPDX-License-Identifier: GPL-2.0
#
# awk -f rst.awk -f results.awk -f memory.awk RESULTS: kernel memory, from lines
# "KERNEL memory: WHAT, WHOSE: BYTES bytes".

/^[0-9.]+ memory: / {
	match($0, /memory: .*, [a-z_]*: /)
	what = substr($0, RSTART + 8, RLENGTH - 10)
	bytes[$1, what] = $(NF - 1)
	if (!(what in seen)) {
		seen[what] = 1
		kinds[++n] = what
	}
}

function most(what)
{
	if (what !~ /regbuf$/)
		return ""
	if (what ~ /4 KiB/)
		return 256
	return what ~ /GiB/ ? 65536 : 300
}

function verdict(what,    a, b)
{
	a = bytes["6.1", what]
	b = bytes["6.12", what]
	if (most(what) == "")
		return ""
	return a == "" || b == "" ? "not measured" : \
		met(a <= most(what) && b <= most(what))
}

END {
	row("bytes for|6.1|6.12|target|")
	for (i = 1; i <= n; i++)
		row(kinds[i] "|" bytes["6.1", kinds[i]] "|" \
		    bytes["6.12", kinds[i]] "|" most(kinds[i]) "|" \
		    verdict(kinds[i]))
	table()
}
