# SPDX-License-Identifier: GPL-2.0
#
# awk -f rst.awk -f results.awk -f held.awk RESULTS: flights of some sizes.

function figures(k, key, e,    v)
{
	v = get(k, key, "2m", e)
	return v ? sprintf("%.0f|%s", v, late[k, key, "2m", e]) : "-|-"
}

END {
	row("work, bytes, in a flight|6.1|first, ns|6.12|first, ns")
	for (i = 1; i <= nr_keys; i++) {
		split(keys[i], p, SUBSEP)
		if (p[1] !~ /^held/)
			continue
		n = split(engines[keys[i]], e, " ")
		for (j = 1; j <= n; j++) {
			most = e[j]
			sub(/^regbuf_flight_/, "", most)
			row(p[2] " " p[3] ", " most "|" \
			    figures("6.1", keys[i], e[j]) "|" \
			    figures("6.12", keys[i], e[j]))
		}
	}
	table()
}
