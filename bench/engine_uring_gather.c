// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring SENDMSG_ZC: a batch gathered by hand into one entry; for UDP cut up
 * by the card. It has one notice for all.
 */
#include <errno.h>
#include <stdlib.h>

#include "uring.h"
#include "vector.h"

struct gather {
	struct uring u;		/* first: what uring.c sees */
	/* In turn: the kernel reads it until the result is there. */
	struct vector *vector;
};

static int gather_open(struct run *run)
{
	struct gather *gather;
	int err = uring_open(run);

	if (err)
		return err;
	gather = realloc(run->state, sizeof(*gather));
	if (!gather)
		return bench_failed("SENDMSG_ZC", -ENOMEM);
	run->state = gather;
	gather->u.weight = run->cell->depth;
	gather->vector = vector_new(run->cell);
	if (!gather->vector)
		return bench_failed("SENDMSG_ZC", -ENOMEM);
	if (run->cell->work == UDP)
		vector_segment(gather->vector, run->cell->size);
	return 0;
}

static void gather_prep(struct run *run, struct io_uring_sqe *sqe)
{
	struct gather *gather = run->state;
	struct vector *vector = gather->vector;
	bool tcp = work_is_tcp(run->cell->work);

	io_uring_prep_sendmsg_zc(sqe, 0, &vector->msg,
				 MSG_NOSIGNAL | (tcp ? MSG_WAITALL : 0));
	if (run->report && gather->u.reports)
		sqe->ioprio |= IORING_SEND_ZC_REPORT_USAGE;
	uring_entry(&gather->u, sqe, vector->size, run->cell->depth);
}

static int gather_batch(struct run *run)
{
	struct gather *gather = run->state;
	unsigned int i;

	vector_clear(gather->vector);
	for (i = 0; i < run->cell->depth; i++)
		vector_add(run, i, gather->vector);
	gather_prep(run, io_uring_get_sqe(&gather->u.ring));
	run->in_flight += run->cell->depth;
	return uring_submit(run, run_full(run) ? run_half(run) : UINT32_MAX);
}

static void gather_close(struct run *run)
{
	struct gather *gather = run->state;

	free(gather->vector);
	uring_close(run);
}

const struct engine engine_uring_gather = {
	.name = "uring_sendmsg_zc",
	.fits = vector_gathers,
	.open = gather_open,
	.batch = gather_batch,
	.drain = uring_drain,
	.copied = uring_copied,
	.close = gather_close,
};
