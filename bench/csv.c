// SPDX-License-Identifier: GPL-2.0
/*
 * Results, a line each, on the standard output.
 */
#include <stdio.h>

#include "bench.h"

void csv_head(void)
{
	fputs("kernel,bench,work,size,depth,endpoints,pages,engine,", stdout);
	puts("insn_per_op,copied_pct,latency_p50_ns,latency_p99_ns");
}

static void csv_cell(const struct cell *cell, const char *engine)
{
	printf("%s,%s,%s,%zu,%u,%u,%s,%s", options.kernel, cell->bench,
	       cell->name, cell->size, cell->depth, cell->endpoints,
	       cell->huge ? "2m" : "4k", engine);
}

/* What is not known is left empty. */
static void csv_maybe(const char *format, double value)
{
	putchar(',');
	if (value >= 0)
		printf(format, value);
}

void csv_line(const struct cell *cell, const char *engine,
	      const struct result *result)
{
	csv_cell(cell, engine);
	csv_maybe("%.1f", result->per_op);
	csv_maybe("%.1f", result->copied);
	csv_maybe("%.0f", result->p50_ns);
	csv_maybe("%.0f", result->p99_ns);
	puts("");
	fflush(stdout);
}

void csv_profile(const struct cell *cell, const char *engine, uint64_t ops,
		 double per_op)
{
	fputs("profile,", stdout);
	csv_cell(cell, engine);
	printf(",%llu,%.1f\n", (unsigned long long)ops, per_op);
	fflush(stdout);
}
