# SPDX-License-Identifier: GPL-2.0
#
# awk -f report.awk NAMES WINDOWS RESULTS: for each window that the plugin kept,
# a table of functions with what they did for each operation. NAMES is
# resolve.awk's; RESULTS has a line "profile,..." for each window, as
# regbuf-bench prints them.

FNR == 1 {
	file++
}

file == 1 {
	name[$1] = $2
	entry[$1] = $3 != "+"
	next
}

$1 == "window" {
	nr_windows++
	next
}

# The soaker does what nobody else wants to.
file == 2 && name[$2] == "soak" {
	next
}

$1 == "tb" {
	insns[nr_windows, name[$2]] += $3
	if (entry[$2])
		calls[nr_windows, name[$2]] += $4
	seen(name[$2])
	next
}

$1 == "locked" {
	locked[nr_windows, name[$2]] += $3
	seen(name[$2])
	next
}

# A lock's function is in nobody's way, but who took it.
$1 == "shared" {
	what = name[$2] " < " name[$3]
	shared[nr_windows, what] += $4
	if (!((nr_windows, what) in known)) {
		known[nr_windows, what] = 1
		shares[nr_windows, ++nr_shares[nr_windows]] = what
	}
	next
}

/^profile,/ {
	split($0, f, ",")
	cells++
	head[cells] = "Linux " f[2] ", " f[3] ", " f[4] " " f[5] ", " f[6] \
		" per submission, pages of " f[8] ", " f[9]
	ops[cells] = f[10]
	measured[cells] = f[11]
}

function seen(function_name)
{
	if (!((nr_windows, function_name) in known)) {
		known[nr_windows, function_name] = 1
		functions[nr_windows, ++nr_functions[nr_windows]] = \
			function_name
	}
}

function by_function(w,    i, f, per, sum, locks)
{
	for (i = 1; i <= nr_functions[w]; i++) {
		f = functions[w, i]
		per = insns[w, f] / ops[w]
		sum += per
		locks += locked[w, f] / ops[w]
		if (per >= least || locked[w, f] / ops[w] >= 0.005)
			printf "%10.1f %9.3f %9.3f  %s\n", per,
				calls[w, f] / ops[w], locked[w, f] / ops[w],
				f | "sort -k1,1nr"
	}
	close("sort -k1,1nr")
	printf "%10.1f %9s %9.3f  in all; %.1f measured\n", sum, "", locks,
		measured[w]
}

function by_share(w,    i, what, sum)
{
	for (i = 1; i <= nr_shares[w]; i++) {
		what = shares[w, i]
		sum += shared[w, what]
		if (shared[w, what] / ops[w] >= 0.0005)
			printf "%10.4f  %s\n", shared[w, what] / ops[w],
				what | "sort -k1,1nr"
	}
	close("sort -k1,1nr")
	printf "%10.4f  in all\n", sum / ops[w]
}

END {
	if (least == "")
		least = 0.5
	for (w = 1; w <= nr_windows && w <= cells; w++) {
		printf "\n%s: %d operations\n\n", head[w], ops[w]
		printf "%10s %9s %9s  %s\n", "insns/op", "calls/op",
			"locked/op", "function"
		fflush()
		by_function(w)
		if (!lines)
			continue
		printf "\n%10s  %s\n", "locked/op", "on lines that several " \
			"CPUs touched: function < last call before"
		fflush()
		by_share(w)
	}
	if (nr_windows != cells) {
		printf "%d windows, %d results\n", nr_windows, cells
		exit 1
	}
}
