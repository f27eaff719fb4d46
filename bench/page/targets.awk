# SPDX-License-Identifier: GPL-2.0
#
# awk -f rst.awk -f results.awk -f targets.awk TARGETS RESULTS: which of the
# targets were met.

FNR == NR && !/^#/ {
	split($0, t, " ")
	nr_targets++
	target[nr_targets] = t[1] SUBSEP t[2] SUBSEP t[3] SUBSEP t[4]
	what[nr_targets] = t[2] " " t[3] ", " t[4] \
		(t[1] ~ /^tx/ ? "" : " (" t[1] ")")
	peers[nr_targets] = t[5]
	most[nr_targets] = t[6]
}

function judge(n, pages,    own, other)
{
	own = get("6.12", target[n], pages, "regbuf")
	other = least("6.12", target[n], pages, peers[n])
	if (!own || !other) {
		row(what[n] "|" peers[n] "|-|-|-|" most[n] "|not measured")
		return
	}
	row(sprintf("%s|%s|%.0f|%.0f|%.2f|%.2f|%s", what[n], best, own, other,
		    own / other, most[n], met(own / other <= most[n])))
}

END {
	row("work, bytes, depth|peer|regbuf|peer's|ratio|target|")
	for (n = 1; n <= nr_targets; n++) {
		judge(n, "2m")
		if (target[n] ~ /^reg/) {
			what[n] = what[n] ", 4 KiB pages"
			judge(n, "4k")
		}
	}
	table()
}
