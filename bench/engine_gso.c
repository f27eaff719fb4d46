// SPDX-License-Identifier: GPL-2.0
/*
 * UDP GSO by hand: as much of a batch as one message may have, cut up by the
 * card.
 */
#include <errno.h>
#include <stdlib.h>

#include "vector.h"

static bool gso_fits(const struct cell *cell)
{
	return cell->work == UDP && cell->depth > 1;
}

static int gso_open(struct run *run)
{
	struct vector *vector = vector_new(run->cell);

	if (!vector)
		return bench_failed("GSO", -ENOMEM);
	vector_segment(vector, run->cell->size);
	run->state = vector;
	return 0;
}

static int gso_batch(struct run *run)
{
	unsigned int i, left = run->cell->depth, n;
	struct vector *vector = run->state;
	unsigned int most = vector_segments(run->cell);
	int err;

	for (; left; left -= n) {
		n = left < most ? left : most;
		vector_clear(vector);
		for (i = 0; i < n; i++)
			vector_add(run, i, vector);
		err = vector_send(run->socks[0], vector, 0);
		if (err < 0)
			return bench_failed("UDP GSO", err);
	}
	return 0;
}

static void gso_close(struct run *run)
{
	free(run->state);
}

const struct engine engine_gso = {
	.name = "gso",
	.fits = gso_fits,
	.open = gso_open,
	.batch = gso_batch,
	.close = gso_close,
};
