# SPDX-License-Identifier: GPL-2.0
#
# awk [-v prefix=PREFIX] -f table.awk bench.csv: a block for each kernel, bench,
# depth and kind of page, as a table: a line for each engine, a column for each
# piece of work, in it the instructions for each operation and, after it, what
# regbuf needs divided by that: below 1, regbuf is better. Below that, where it
# was measured, how long after the card the program knows that it has its memory
# again: p50/p99, in nanoseconds; and from which size on references cost less
# than copies, if both were measured. With PREFIX, as files
# PREFIX.NN for chart.gp: a line for each piece of work, a column for each
# engine; prints their names.

BEGIN {
	FS = ","
	# Others come after these.
	nr_order = split("regbuf send sendmmsg writev gso zerocopy " \
			 "zerocopy_gather uring_send uring_send_link " \
			 "uring_send_bundle uring_send_zc uring_send_zc_fixed " \
			 "uring_send_zc_fixed_link uring_sendmsg_zc floor " \
			 "regbuf_copy regbuf_reference", order, " ")
	for (n = 1; n <= nr_order; n++)
		place[order[n]] = n
}

# Sort the engines of a block: few, and nearly in order.
function sort(b,    i, j, e)
{
	for (i = 2; i <= engines[b]; i++) {
		e = engine[b, i]
		for (j = i; j > 1 && rank(engine[b, j - 1]) > rank(e); j--)
			engine[b, j] = engine[b, j - 1]
		engine[b, j] = e
	}
}

function rank(e)
{
	return e in place ? place[e] : nr_order + 1
}

$1 == "kernel" {
	next
}

{
	block = "Linux " $1 ", " $2 ", " $5 " per submission, pages of " \
		($7 == "2m" ? "2 MiB" : $7 == "4k" ? "4 KiB" : $7)
	cell = $3 " " $4
	if ($2 == "scale" && $3 ~ /endpoints/)
		cell = cell " x" $6
	if (!(block in works)) {
		blocks[++nr_blocks] = block
		works[block] = 0
		engines[block] = 0
	}
	if (!((block, cell) in seen_cell)) {
		seen_cell[block, cell] = 1
		work[block, ++works[block]] = cell
	}
	if (!((block, $8) in seen_engine)) {
		seen_engine[block, $8] = 1
		engine[block, ++engines[block]] = $8
	}
	value[block, cell, $8] = $9
	if ($11 != "") {
		late[block, cell, $8] = sprintf("%.0f/%.0f", $11, $12)
		is_late[block] = 1
		is_late[block, $8] = 1
	}
	if ($8 == "regbuf_copy")
		cross[block, $3, ++sizes[block, $3]] = $4
	if ($8 == "regbuf_copy" && sizes[block, $3] == 1)
		crossed[block] = crossed[block] " " $3
	if ($10 != "" && $10 > 0 && $10 < 100)
		partly = partly sprintf("  %s, %s: %s copied %s %%\n", block,
					cell, $8, $10)
}

# What is in the table for one engine at one piece of work.
function entry(b, c, e,    v, own)
{
	if (!((b, c, e) in value))
		return "-"
	v = value[b, c, e]
	own = value[b, c, "regbuf"]
	if (e == "regbuf" || !own || !v)
		return sprintf("%.0f     ", v)
	return sprintf("%.0f %4.2f", v, own / v)
}

function table(b,    i, j, e)
{
	printf "\n%s\n%-25s", b, ""
	for (j = 1; j <= works[b]; j++)
		printf " %18s", work[b, j]
	print ""
	for (i = 1; i <= engines[b]; i++) {
		e = engine[b, i]
		printf "%-25s", e
		for (j = 1; j <= works[b]; j++)
			printf " %18s", entry(b, work[b, j], e)
		print ""
	}
}

function show(b)
{
	table(b)
	if (is_late[b])
		latencies(b)
	crossovers(b)
}

function latencies(b,    i, j, e)
{
	printf "%-25s\n", "  p50/p99 in ns:"
	for (i = 1; i <= engines[b]; i++) {
		e = engine[b, i]
		if (!((b, e) in is_late))
			continue
		printf "%-25s", e
		for (j = 1; j <= works[b]; j++)
			printf " %18s", (b, work[b, j], e) in late ? \
				late[b, work[b, j], e] : "-"
		print ""
	}
}

# The size from which on references are always better.
function crossover(b, w,    i, cell, from)
{
	from = "never"
	for (i = sizes[b, w]; i >= 1; i--) {
		cell = w " " cross[b, w, i]
		if (value[b, cell, "regbuf_reference"] > \
		    value[b, cell, "regbuf_copy"])
			break
		from = "from " cross[b, w, i] " bytes on"
	}
	printf "%s: references cost less %s\n", w, from
}

function crossovers(b,    i, n, list)
{
	n = split(crossed[b], list, " ")
	for (i = 1; i <= n; i++)
		crossover(b, list[i])
}

# One file for each block.
function data(b, file,    i, j, v)
{
	printf "# %s\nwork", b > file
	for (i = 1; i <= engines[b]; i++)
		printf " %s", engine[b, i] > file
	print "" > file
	for (j = 1; j <= works[b]; j++) {
		printf "\"%s\"", work[b, j] > file
		for (i = 1; i <= engines[b]; i++) {
			v = value[b, work[b, j], engine[b, i]]
			printf " %s", v ? v : "?" > file
		}
		print "" > file
	}
	close(file)
	print file
}

END {
	for (n = 1; n <= nr_blocks; n++) {
		sort(blocks[n])
		if (prefix == "")
			show(blocks[n])
		else
			data(blocks[n], sprintf("%s.%02d", prefix, n))
	}
	if (prefix == "" && partly)
		printf "\nCopied in part:\n%s", partly
}
