# SPDX-License-Identifier: GPL-2.0
#
# Tables of reStructuredText: row() for each line, cells between "|", then
# table(), which prints and forgets them. The first line is the head.

# A dash would be a list, and an empty first cell would join its line with the
# one before.
function plain(text, column)
{
	if (text == "-")
		return "\\-"
	return text == "" && column == 1 ? "\\" : text
}

function row(text,    i, n, cell)
{
	n = split(text, cell, "|")
	if (n > columns)
		columns = n
	nr_rows++
	for (i = 1; i <= n; i++) {
		cell[i] = plain(cell[i], i)
		cells[nr_rows, i] = cell[i]
		if (length(cell[i]) > width[i])
			width[i] = length(cell[i])
	}
}

function ruler(    i, line)
{
	for (i = 1; i <= columns; i++) {
		line = sprintf("%*s", width[i] ? width[i] : 1, "")
		gsub(/ /, "=", line)
		printf "%s%s", (i > 1 ? "  " : ""), line
	}
	print ""
}

function table(    i, j, line)
{
	ruler()
	for (i = 1; i <= nr_rows; i++) {
		line = ""
		for (j = 1; j <= columns; j++)
			line = line sprintf("%-*s  ", width[j], cells[i, j])
		sub(/ +$/, "", line)
		print line
		if (i == 1)
			ruler()
	}
	if (nr_rows)
		ruler()
	print ""
	nr_rows = columns = 0
	split("", cells)
	split("", width)
}
