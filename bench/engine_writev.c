// SPDX-License-Identifier: GPL-2.0
/*
 * writev(2), or sendmsg(2) with a flag: a batch gathered by hand, in one call.
 */
#include <errno.h>
#include <stdlib.h>

#include "vector.h"

static bool writev_fits(const struct cell *cell)
{
	return work_is_tcp(cell->work) && cell->endpoints == 1 &&
	       cell->depth > 1;
}

static int writev_open(struct run *run)
{
	run->state = vector_new(run->cell);
	return run->state ? 0 : bench_failed("writev", -ENOMEM);
}

static int writev_batch(struct run *run)
{
	struct vector *vector = run->state;
	unsigned int i;
	int n;

	vector_clear(vector);
	for (i = 0; i < run->cell->depth; i++)
		vector_add(run, i, vector);
	n = vector_send(run->socks[0], vector, 0);
	return n < 0 ? bench_failed("writev", n) : 0;
}

static void writev_close(struct run *run)
{
	free(run->state);
}

const struct engine engine_writev = {
	.name = "writev",
	.fits = writev_fits,
	.open = writev_open,
	.batch = writev_batch,
	.close = writev_close,
};
