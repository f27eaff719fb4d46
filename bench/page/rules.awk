# SPDX-License-Identifier: GPL-2.0
#
# awk -f rst.awk -f results.awk -f rules.awk RESULTS: what was to hold for all
# cells of a kind: how far the worst of them is, and how many miss it.

# Take a cell into account for a rule.
function judge(rule, name, is, most)
{
	count[rule]++
	if (is > most)
		misses[rule]++
	if (is > worst[rule]) {
		worst[rule] = is
		where[rule] = name
	}
}

function outcome(rule)
{
	if (!misses[rule])
		return "met"
	return sprintf("**missed** by %d of %d", misses[rule], count[rule])
}

function conclude(rule, text, most)
{
	if (!count[rule])
		row(text "|" most "|-|-|not measured")
	else
		row(sprintf("%s|%s|%.2f|%s|%s", text, most, worst[rule],
			    where[rule], outcome(rule)))
}

function of_kernel(k, key,    p, own, other, name)
{
	split(key, p, SUBSEP)
	own = get(k, key, "2m", "regbuf")
	name = k ", " p[1] ", " p[2] " " p[3] ", " p[4]
	if (!own || p[1] !~ /^(tx|rx)/)
		return
	other = least(k, key, "2m", io_uring(key))
	if (other)
		judge("uring", name " / " best, own / other, 1)
	other = get(k, key, "2m", "uring_send_zc_fixed")
	if (p[1] == "tx-immediate" && p[4] == 32 && other &&
	    ((p[2] == "tcp" && p[3] <= 16384) || p[2] == "udp"))
		judge("immediate", name, own / other, 0.3)
	other = get(k, key, "4k", "regbuf")
	if (other)
		judge("pages", name, other / own, 1.6)
}

# The same ratio on both kernels.
function of_both(key,    p, i, n, e, old, new)
{
	split(key, p, SUBSEP)
	if (p[1] != "tx-backlogged")
		return
	n = split(io_uring(key), e, " ")
	for (i = 1; i <= n; i++) {
		old = get("6.1", key, "2m", e[i])
		new = get("6.12", key, "2m", e[i])
		if (!old || !new)
			continue
		old = get("6.1", key, "2m", "regbuf") / old
		new = get("6.12", key, "2m", "regbuf") / new
		if (new)
			judge("old", p[2] " " p[3] ", " p[4] " / " e[i],
			      old / new, 1.1)
	}
}

# The dearest of some that should cost the same, and the cheapest.
function flat(k, rule, pattern,    i, p, v, min, max)
{
	for (i = 1; i <= nr_keys; i++) {
		split(keys[i], p, SUBSEP)
		v = get(k, keys[i], "2m", "regbuf")
		if (p[1] != "scale" || p[2] !~ pattern || !v)
			continue
		if (!min || v < min)
			min = v
		if (v > max)
			max = v
	}
	if (min)
		judge(rule, k, max / min, 1.05)
}

END {
	split("6.1 6.12", kernel, " ")
	for (i = 1; i <= nr_keys; i++) {
		of_kernel("6.1", keys[i])
		of_kernel("6.12", keys[i])
		of_both(keys[i])
	}
	for (i = 1; i <= 2; i++) {
		flat(kernel[i], "endpoints", "^udp-endpoints")
		flat(kernel[i], "streams", "^tcp-endpoints")
		flat(kernel[i], "buffers", "^udp-buffers")
	}
	row("what, divided by what|target|worst|where|")
	conclude("uring", "regbuf / best form of io_uring", "1.00")
	conclude("immediate", "regbuf / SEND_ZC fixed, immediate, 32 deep",
		 "0.30")
	conclude("old", "ratio on 6.1 / on 6.12, backlogged", "1.10")
	conclude("pages", "4 KiB pages / 2 MiB pages", "1.60")
	conclude("endpoints", "10 000 UDP endpoints / 1", "1.05")
	conclude("streams", "10 000 TCP endpoints / 1", "1.05")
	conclude("buffers", "100 000 buffers / 1", "1.05")
	table()
}
