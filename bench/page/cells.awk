# SPDX-License-Identifier: GPL-2.0
#
# awk -v bench=BENCH [-v depth=DEPTH] -f rst.awk -f results.awk -f cells.awk
# RESULTS: every engine at every piece of a bench's work, on both kernels.

function figure(k, key, pages, e,    v, own)
{
	v = get(k, key, pages, e)
	own = get(k, key, pages, "regbuf")
	if (!v)
		return "-|-"
	return sprintf("%.0f|%s", v, (e == "regbuf" || !own ? "" : \
					    sprintf("%.2f", own / v)))
}

function latency(k, key, e)
{
	if (!latencies)
		return ""
	return "|" (late[k, key, "2m", e] == "" ? "" : late[k, key, "2m", e])
}

function cell(key, pages, name,    i, n, e)
{
	n = split(engines[key], e, " ")
	for (i = 1; i <= n; i++) {
		if (get("6.1", key, pages, e[i]) + \
		    get("6.12", key, pages, e[i]) == 0)
			continue
		row(name "|" e[i] "|" figure("6.1", key, pages, e[i]) \
		    latency("6.1", key, e[i]) "|" \
		    figure("6.12", key, pages, e[i]) latency("6.12", key, e[i]))
		name = ""
	}
}

# Other pages than those of 2 MiB only where they are what it is about.
function show(key, name)
{
	cell(key, "2m", name)
	if (bench == "reg")
		cell(key, "4k", name ", 4 KiB pages")
}

END {
	latencies = bench ~ /backlogged/
	row("work, bytes|way|6.1|ratio" (latencies ? "|p50/p99" : "") \
	    "|6.12|ratio" (latencies ? "|p50/p99" : ""))
	for (i = 1; i <= nr_keys; i++) {
		split(keys[i], p, SUBSEP)
		if (p[1] == bench && (depth == "" || p[4] == depth))
			show(keys[i], p[2] " " p[3])
	}
	table()
}
