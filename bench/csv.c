// SPDX-License-Identifier: GPL-2.0
/*
 * Results, a line each, on the standard output.
 */
#include <stdio.h>

#include "bench.h"

void csv_head(void)
{
	fputs("kernel,bench,work,size,depth,endpoints,pages,engine,", stdout);
	puts("insn_per_op,copied_pct");
}

/* What is copied is left empty if it is not known. */
void csv_line(const struct cell *cell, const char *engine, double per_op,
	      double copied)
{
	printf("%s,%s,%s,%zu,%u,%u,%s,%s,%.1f,", options.kernel, cell->bench,
	       cell->name, cell->size, cell->depth, cell->endpoints,
	       cell->huge ? "2m" : "4k", engine, per_op);
	if (copied >= 0)
		printf("%.1f", copied);
	puts("");
	fflush(stdout);
}
