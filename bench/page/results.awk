# SPDX-License-Identifier: GPL-2.0
#
# The results that were read: value[kernel, bench, work, size, depth, pages,
# engine], a work of scale's with the number of its endpoints. get() is 0 if
# there is none.

/^[0-9.]+,[a-z]/ {
	split($0, f, ",")
	if (f[2] == "scale" && f[3] ~ /endpoints/)
		f[3] = f[3] "-" f[6]
	key = f[2] SUBSEP f[3] SUBSEP f[4] SUBSEP f[5]
	value[f[1], key, f[7], f[8]] = f[9]
	late[f[1], key, f[7], f[8]] = f[11] == "" ? "" : f[11] "/" f[12]
	if (!((key, f[8]) in known)) {
		known[key, f[8]] = 1
		engines[key] = engines[key] " " f[8]
	}
	if (!(key in is_key)) {
		is_key[key] = 1
		keys[++nr_keys] = key
	}
}

function get(kernel, key, pages, engine)
{
	return value[kernel, key, pages, engine] + 0
}

# The least of a list of engines; leaves its name in best.
function least(kernel, key, pages, list,    i, n, e, v, min)
{
	n = split(list, e, /[ ,]+/)
	min = 0
	best = "-"
	for (i = 1; i <= n; i++) {
		v = e[i] == "" ? 0 : get(kernel, key, pages, e[i])
		if (v && (!min || v < min)) {
			min = v
			best = e[i]
		}
	}
	return min
}

function io_uring(key,    i, n, e, list)
{
	n = split(engines[key], e, " ")
	for (i = 1; i <= n; i++)
		if (e[i] ~ /^uring/)
			list = list " " e[i]
	return list
}

function met(is)
{
	return is ? "met" : "**missed**"
}
