// SPDX-License-Identifier: GPL-2.0
/*
 * regbuf: one receive that goes on and on, into the queue's pool.
 */
#include <errno.h>
#include <stdlib.h>

#include "rb.h"
#include "room.h"

struct rx {
	struct rb rb;
	struct room room;
	bool armed;
};

static int make_queue(struct stream *s, struct rx *rx)
{
	const struct regbuf_queue_params params = {
		.sq_entries = 1,
		.cq_entries = 2 * rx->room.count,
		.pool_entries = rx->room.count,
	};
	int err = rb_queue(s, &rx->rb, &params, REGBUF_ATTACH_F_RECV);

	if (err)
		return err;
	err = regbuf_queue_pool_set(rx->rb.queue, rx->rb.id, 0, rx->room.slice,
				    rx->room.count);
	return err ? rb_failed(s, "giving slices", err) : 0;
}

static int rx_open(struct stream *s)
{
	struct rx *rx = calloc(1, sizeof(*rx));
	int err;

	s->state = rx;
	if (!rx)
		return perf_fail(s->test, "regbuf", -ENOMEM);
	err = room_open(s, &rx->room);
	if (!err)
		err = rb_register(s, &rx->rb, rx->room.base, rx->room.length,
				  REGBUF_ACCESS_WRITE);
	return err ? err : make_queue(s, rx);
}

static void rx_close(struct stream *s)
{
	struct rx *rx = s->state;

	if (!rx)
		return;
	rb_close(&rx->rb);
	room_close(&rx->room);
	free(rx);
}

static int received(struct stream *s, const struct regbuf_cqe *cqe)
{
	struct rx *rx = s->state;
	size_t at = (size_t)cqe->detail * rx->room.slice;

	if (cqe->error)
		return rb_failed(s, "receiving", regbuf_cqe_error(cqe));
	s->eof |= !!(cqe->flags & REGBUF_CQE_F_EOF);
	rx->armed = cqe->flags & REGBUF_CQE_F_MORE;
	if (!(cqe->flags & REGBUF_CQE_F_POOL))
		return 0;
	memory_received(s, rx->room.base + at, cqe->value);
	regbuf_queue_pool_return(rx->rb.queue, cqe->detail);
	return 0;
}

static int reap(struct stream *s)
{
	struct rx *rx = s->state;
	const struct regbuf_cqe *cqe;
	uint32_t n = 0;
	int err = 0;

	regbuf_for_each_cqe(rx->rb.queue, n, cqe) {
		err = received(s, cqe);
		if (err)
			break;
	}
	regbuf_queue_advance(rx->rb.queue, n);
	return err;
}

static int rx_turn(struct stream *s, unsigned int n)
{
	const int64_t tick = PERF_TICK_MS * (int64_t)1000000;
	struct rx *rx = s->state;
	int ret;

	(void)n;
	if (!rx->armed) {
		regbuf_prep_recv_multi(regbuf_queue_sqe(rx->rb.queue),
				       rx->rb.endpoint, 0);
		rx->armed = true;
	}
	ret = regbuf_queue_submit_wait(rx->rb.queue, 1, tick, NULL);
	if (ret == -ETIMEDOUT || ret == -EINTR)
		return -ETIMEDOUT;
	return ret < 0 ? rb_failed(s, "submitting", ret) : reap(s);
}

const struct mode rx_regbuf = {
	.name = "regbuf",
	.tcp = true,
	.udp = true,
	.open = rx_open,
	.turn = rx_turn,
	.close = rx_close,
};
