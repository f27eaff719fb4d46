// SPDX-License-Identifier: GPL-2.0
/*
 * regbuf: a queue, an entry for each message, a batch in each submission.
 */
#include <errno.h>
#include <stdlib.h>

#include "rb.h"

static int tx_open(struct stream *s)
{
	const struct test *test = s->test;
	const struct regbuf_queue_params params = {
		.sq_entries = test->opt.depth,
		.cq_entries = test->slots,
	};
	struct rb *rb = calloc(1, sizeof(*rb));
	int err;

	s->state = rb;
	if (!rb)
		return perf_fail(s->test, "regbuf", -ENOMEM);
	err = rb_register(s, rb, test->memory,
			  (size_t)test->slots * test->opt.size,
			  REGBUF_ACCESS_READ);
	return err ? err : rb_queue(s, rb, &params, REGBUF_ATTACH_F_SEND);
}

static void tx_close(struct stream *s)
{
	if (s->state)
		rb_close(s->state);
	free(s->state);
}

/* Copied at once for some reason, or on the way. */
static bool copied(const struct regbuf_cqe *cqe)
{
	return cqe->copy_reasons || cqe->flags & REGBUF_CQE_F_COPIED;
}

static int tx_reap(struct stream *s)
{
	const uint32_t size = s->test->opt.size;
	const struct regbuf_cqe *cqe;
	struct rb *rb = s->state;
	uint32_t n = 0;

	regbuf_for_each_cqe(rb->queue, n, cqe) {
		if (cqe->error || cqe->value != size)
			return rb_failed(s, "sending", cqe->error ?
					 regbuf_cqe_error(cqe) : -EIO);
		stream_told(s, 1, copied(cqe));
	}
	if (n)
		regbuf_queue_advance(rb->queue, n);
	s->in_flight -= n;
	return 0;
}

/* Until no more than @left are in flight. */
static int tx_wait(struct stream *s, unsigned int left)
{
	struct rb *rb = s->state;
	int err = 0;

	while (!err && s->in_flight > left) {
		err = regbuf_queue_wait(rb->queue, s->in_flight - left, -1,
					NULL);
		err = err ? rb_failed(s, "waiting", err) : tx_reap(s);
	}
	return err;
}

/* What is refused is so by itself, the second time. */
static int tx_submit(struct stream *s, unsigned int n, unsigned int wanted)
{
	struct rb *rb = s->state;
	int taken;

	for (; n; n -= taken) {
		taken = regbuf_queue_submit_wait(rb->queue, wanted, -1, NULL);
		if (taken <= 0)
			return rb_failed(s, "submitting",
					 taken ? taken : -EIO);
	}
	return 0;
}

static int tx_turn(struct stream *s, unsigned int n)
{
	unsigned int i, left, wanted = 0;
	struct rb *rb = s->state;
	struct regbuf_sqe *sqe;
	int err;

	for (i = 0; i < n; i++) {
		sqe = regbuf_queue_sqe(rb->queue);
		regbuf_prep_send(sqe, rb->endpoint, rb->id, stream_slot(s),
				 s->test->opt.size);
	}
	s->in_flight += n;
	left = stream_full(s) ? stream_half(s) : s->in_flight;
	wanted = s->in_flight - left;
	err = tx_submit(s, n, wanted);
	if (!err)
		err = tx_reap(s);
	return err || !wanted ? err : tx_wait(s, left);
}

static int tx_drain(struct stream *s)
{
	return tx_wait(s, 0);
}

const struct mode tx_regbuf = {
	.name = "regbuf",
	.tcp = true,
	.udp = true,
	.open = tx_open,
	.turn = tx_turn,
	.drain = tx_drain,
	.close = tx_close,
};
