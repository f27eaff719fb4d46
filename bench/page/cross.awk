# SPDX-License-Identifier: GPL-2.0
#
# awk -f rst.awk -f results.awk -f cross.awk RESULTS: by reference or by copy, at
# each size.

function pair(k, key,    r, c)
{
	r = get(k, key, "2m", "regbuf_reference")
	c = get(k, key, "2m", "regbuf_copy")
	if (!r || !c)
		return "-|-|-"
	return sprintf("%.0f|%.0f|%s", r, c, (r < 0.99 * c ? "reference" : \
					      c < 0.99 * r ? "copy" : "even"))
}

END {
	row("work, bytes, depth|6.1: reference|copy|cheaper|" \
	    "6.12: reference|copy|cheaper")
	for (i = 1; i <= nr_keys; i++) {
		split(keys[i], p, SUBSEP)
		if (p[1] ~ /^cross/)
			row(p[2] " " p[3] ", " p[4] "|" pair("6.1", keys[i]) \
			    "|" pair("6.12", keys[i]))
	}
	table()
}
