// SPDX-License-Identifier: GPL-2.0
/*
 * regbuf: a queue, one entry for each request.
 */
#include <errno.h>
#include <regbuf.h>
#include <stdlib.h>

#include "bench.h"

struct rb {
	struct regbuf *regbuf;
	struct regbuf_queue *queue;
	uint64_t *ids;		/* of the buffers */
	uint32_t *endpoints;
	/* Header and body of each request of a batch. */
	struct regbuf_slice (*slices)[2];
};

static bool rb_fits(const struct cell *cell)
{
	(void)cell;
	return true;
}

static void rb_close(struct run *run)
{
	struct rb *rb = run->state;

	regbuf_queue_destroy(rb->queue);
	if (!run->lead)
		regbuf_close(rb->regbuf);
	free(rb->endpoints);
	free(rb->slices);
	free(rb->ids);
	free(rb);
}

static int rb_attach(struct run *run, unsigned int i)
{
	struct rb *rb = run->state;
	struct regbuf_ioc_attach attach = {
		.size = sizeof(attach),
		.flags = REGBUF_ATTACH_F_SEND,
	};
	int err = regbuf_queue_attach(rb->queue, run->socks[i], &attach);

	rb->endpoints[i] = attach.endpoint;
	return err;
}

static int rb_queue(struct run *run)
{
	struct regbuf_queue_params params = {
		.sq_entries = run->cell->depth,
		.cq_entries = run->limit,
	};
	struct rb *rb = run->state;
	unsigned int i;
	int err = regbuf_queue_create(rb->regbuf, &params, &rb->queue);

	for (i = 0; i < run->cell->endpoints && !err; i++)
		err = rb_attach(run, i);
	return err;
}

static int rb_register(struct run *run)
{
	unsigned int i, n = run->cell->buffers;
	struct rb *rb = run->state;
	int err = 0;

	if (!n)
		return regbuf_register(rb->regbuf, run->mem.base,
				       run->mem.length, REGBUF_ACCESS_READ,
				       &rb->ids[0]);
	for (i = 0; i < n && !err; i++)
		err = regbuf_register(rb->regbuf,
				      run->mem.base + run->offsets[i],
				      run->cell->size, REGBUF_ACCESS_READ,
				      &rb->ids[i]);
	return err;
}

/* Of its own; or another run's, with the one buffer that there is. */
static int rb_context(struct run *run)
{
	struct rb *rb = run->state;
	const struct rb *lead;
	int err;

	if (run->lead) {
		lead = run->lead->state;
		rb->regbuf = lead->regbuf;
		rb->ids[0] = lead->ids[0];
		return 0;
	}
	err = regbuf_open(&rb->regbuf);
	return err ? err : rb_register(run);
}

static int rb_open(struct run *run)
{
	const struct cell *cell = run->cell;
	struct rb *rb = calloc(1, sizeof(*rb));
	int err;

	run->state = rb;
	if (!rb)
		return bench_failed("regbuf", -ENOMEM);
	rb->endpoints = calloc(cell->endpoints, sizeof(rb->endpoints[0]));
	rb->slices = calloc(cell->depth, sizeof(rb->slices[0]));
	rb->ids = calloc(cell->buffers + 1, sizeof(rb->ids[0]));
	if (!rb->endpoints || !rb->slices || !rb->ids)
		return bench_failed("regbuf", -ENOMEM);
	err = rb_context(run);
	if (!err)
		err = rb_queue(run);
	return err ? bench_failed("setting regbuf up", err) : 0;
}

static void rb_prep(struct run *run, unsigned int i)
{
	struct rb *rb = run->state;
	struct regbuf_sqe *sqe = regbuf_queue_sqe(rb->queue);
	struct regbuf_slice *slices = rb->slices[i];
	struct request req;
	uint32_t endpoint;
	uint64_t id;

	run_request(run, i, &req);
	id = rb->ids[req.buffer];
	endpoint = rb->endpoints[req.endpoint];
	if (req.header) {
		slices[0] = regbuf_slice_inline(req.header, req.header_size);
		slices[1] = regbuf_slice_of(id, req.offset, req.size);
		regbuf_prep_sendv(sqe, endpoint, slices, 2);
	} else {
		regbuf_prep_send(sqe, endpoint, id, req.offset, req.size);
	}
	if (req.dest)
		regbuf_sqe_addr_ptr(sqe, req.dest);
	sqe->user_data = req.size + req.header_size;
}

static int rb_reap(struct run *run)
{
	struct rb *rb = run->state;
	const struct regbuf_cqe *cqe;
	uint32_t n = 0;

	regbuf_for_each_cqe(rb->queue, n, cqe)
		if (cqe->error || cqe->value != cqe->user_data)
			return bench_failed("regbuf send", cqe->error ?
					    -(int)cqe->error : -EIO);
	if (n)
		regbuf_queue_advance(rb->queue, n);
	run->in_flight -= n;
	return 0;
}

/* Until no more than @left are in flight. */
static int rb_wait(struct run *run, unsigned int left)
{
	struct rb *rb = run->state;
	int err = 0;

	while (!err && run->in_flight > left) {
		err = regbuf_queue_wait(rb->queue, run->in_flight - left, -1,
					NULL);
		err = err ? bench_failed("regbuf wait", err) : rb_reap(run);
	}
	return err;
}

static int rb_batch(struct run *run)
{
	unsigned int i, depth = run->cell->depth, wanted = 0;
	struct rb *rb = run->state;
	int n;

	for (i = 0; i < depth; i++)
		rb_prep(run, i);
	run->in_flight += depth;
	if (run_full(run))
		wanted = run->in_flight - run_half(run);
	n = regbuf_queue_submit_wait(rb->queue, wanted, -1, NULL);
	if (n != (int)depth)
		return bench_failed("regbuf submit", n < 0 ? n : -EIO);
	n = rb_reap(run);
	return n || !wanted ? n : rb_wait(run, run_half(run));
}

static int rb_drain(struct run *run)
{
	return rb_wait(run, 0);
}

static int rb_first(struct run *run)
{
	return rb_wait(run, run->in_flight - 1);
}

static double rb_copied(struct run *run)
{
	struct rb *rb = run->state;
	struct regbuf_ioc_stats stats = { .size = sizeof(stats) };
	uint64_t copied;
	int i;

	if (regbuf_stats(rb->regbuf, &stats))
		return -1;
	copied = stats.copied_later;
	for (i = 0; i < REGBUF_COPY_MAX; i++)
		copied += stats.copied[i];
	return 100.0 * copied / run->sent;
}

const struct engine engine_regbuf = {
	.name = "regbuf",
	.fits = rb_fits,
	.open = rb_open,
	.batch = rb_batch,
	.drain = rb_drain,
	.first = rb_first,
	.copied = rb_copied,
	.close = rb_close,
};
