// SPDX-License-Identifier: GPL-2.0
/*
 * Receiving with regbuf: datagrams by one receive that goes on and on, into a
 * pool; a stream by receives that complete when they are full.
 */
#include <errno.h>
#include <regbuf.h>
#include <stdlib.h>

#include "bench.h"

#define SLICES		256
#define SLICE		2048

struct rb {
	struct regbuf *regbuf;
	struct regbuf_queue *queue;
	uint64_t id;
	uint32_t endpoint;
	bool armed;
};

static bool rb_fits(const struct cell *cell)
{
	(void)cell;
	return true;
}

static void rb_close(struct run *run)
{
	struct rb *rb = run->state;

	feed_stop();
	regbuf_queue_destroy(rb->queue);
	regbuf_close(rb->regbuf);
	free(rb);
}

static int rb_setup(struct run *run)
{
	struct rb *rb = run->state;
	struct regbuf_queue_params params = {
		.sq_entries = run->cell->depth,
		.cq_entries = 2 * SLICES,
		.pool_entries = SLICES,
	};
	struct regbuf_ioc_attach attach = {
		.size = sizeof(attach),
		.flags = REGBUF_ATTACH_F_RECV,
	};
	int err = regbuf_open(&rb->regbuf);

	if (!err)
		err = regbuf_register(rb->regbuf, run->mem.base,
				      run->mem.length, REGBUF_ACCESS_WRITE,
				      &rb->id);
	if (!err)
		err = regbuf_queue_create(rb->regbuf, &params, &rb->queue);
	if (!err)
		err = regbuf_queue_attach(rb->queue, run->socks[0], &attach);
	rb->endpoint = attach.endpoint;
	if (!err && !work_is_tcp(run->cell->work))
		err = regbuf_queue_pool_set(rb->queue, rb->id, 0, SLICE,
					    SLICES);
	return err;
}

static int rb_open(struct run *run)
{
	int err;

	run->state = calloc(1, sizeof(struct rb));
	if (!run->state)
		return bench_failed("regbuf", -ENOMEM);
	err = rb_setup(run);
	if (err)
		return bench_failed("setting regbuf up", err);
	return feed_start(run);
}

/* How many completions there were; their slices are given back. */
static int rb_reap(struct run *run)
{
	struct rb *rb = run->state;
	const struct regbuf_cqe *cqe;
	uint32_t n = 0;

	regbuf_for_each_cqe(rb->queue, n, cqe) {
		if (cqe->error || cqe->value != run->cell->size)
			return bench_failed("regbuf receive", cqe->error ?
					    -(int)cqe->error : -EIO);
		rb->armed = cqe->flags & REGBUF_CQE_F_MORE;
		if (cqe->flags & REGBUF_CQE_F_POOL)
			regbuf_queue_pool_return(rb->queue, cqe->detail);
	}
	regbuf_queue_advance(rb->queue, n);
	return n;
}

static void rb_stream(struct run *run)
{
	struct rb *rb = run->state;
	struct regbuf_sqe *sqe;
	struct request req;
	unsigned int i;

	for (i = 0; i < run->cell->depth; i++) {
		run_request(run, i, &req);
		sqe = regbuf_queue_sqe(rb->queue);
		regbuf_prep_recv(sqe, rb->endpoint, rb->id, req.offset,
				 req.size);
		sqe->flags |= REGBUF_SQE_F_WAITALL;
	}
}

static int rb_batch(struct run *run)
{
	struct rb *rb = run->state;
	unsigned int got, depth = run->cell->depth;
	int n, err = feed_batch();

	if (work_is_tcp(run->cell->work))
		rb_stream(run);
	for (got = 0; got < depth && !err; got += n) {
		if (!rb->armed && !work_is_tcp(run->cell->work)) {
			regbuf_prep_recv_multi(regbuf_queue_sqe(rb->queue),
					       rb->endpoint, 0);
			rb->armed = true;
		}
		n = regbuf_queue_submit_wait(rb->queue, depth - got, -1, NULL);
		if (n < 0)
			return bench_failed("regbuf submit", n);
		n = rb_reap(run);
		if (n < 0)
			return n;
	}
	return err;
}

const struct engine rx_regbuf = {
	.name = "regbuf",
	.fits = rb_fits,
	.open = rb_open,
	.batch = rb_batch,
	.close = rb_close,
};
