// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring: SEND_ZC from registered memory. The bytes of a stream have to be in
 * order, and whole: its entries are linked.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "uring.h"

/* What the distribution's liburing may be too old to know. */
#ifndef IORING_SEND_ZC_REPORT_USAGE
#define IORING_SEND_ZC_REPORT_USAGE	(1U << 3)
#define IORING_NOTIF_USAGE_ZC_COPIED	(1U << 31)
#endif

struct uring {
	struct io_uring ring;
	unsigned int results;	/* to come */
	bool reports;		/* the kernel can tell what was copied */
};

/* No socket is what is wrong if the flag is not: Linux 6.1 does not know it. */
static bool can_report(struct io_uring *ring)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);
	struct io_uring_cqe *cqe;
	bool can = false, more;

	io_uring_prep_send_zc(sqe, -1, NULL, 0, 0, IORING_SEND_ZC_REPORT_USAGE);
	io_uring_submit(ring);
	do {
		if (io_uring_wait_cqe(ring, &cqe))
			return false;
		can |= cqe->res == -EBADF;
		more = cqe->flags & IORING_CQE_F_MORE;
		io_uring_cqe_seen(ring, cqe);
	} while (more);
	return can;
}

static int register_memory(struct stream *s, struct io_uring *ring)
{
	const struct iovec iov = { s->test->memory, s->test->length };
	int err = io_uring_register_buffers(ring, &iov, 1);

	if (err == -ENOMEM)
		return perf_say(s->test, err,
				"io_uring: registering %zu bytes: %s; raise ulimit -l",
				s->test->length, strerror(-err));
	return err ? perf_fail(s->test, "registering memory", err) : 0;
}

static int uring_open(struct stream *s)
{
	struct uring *u = calloc(1, sizeof(*u));
	int err;

	if (!u)
		return perf_fail(s->test, "io_uring", -ENOMEM);
	err = uring_setup(s, &u->ring, s->test->opt.depth, 4 * s->test->slots);
	if (err) {
		free(u);
		return err;
	}
	s->state = u;
	u->reports = can_report(&u->ring);
	return register_memory(s, &u->ring);
}

static void uring_close(struct stream *s)
{
	struct uring *u = s->state;

	if (!u)
		return;
	io_uring_queue_exit(&u->ring);
	free(u);
}

static void prep(struct stream *s, bool link)
{
	struct uring *u = s->state;
	struct io_uring_sqe *sqe = io_uring_get_sqe(&u->ring);
	const struct options *opt = &s->test->opt;
	unsigned int flags = IORING_RECVSEND_FIXED_BUF;

	if (u->reports)
		flags |= IORING_SEND_ZC_REPORT_USAGE;
	io_uring_prep_send_zc(sqe, 0, s->test->memory + stream_slot(s),
			      opt->size, MSG_NOSIGNAL |
			      (opt->udp ? 0 : MSG_WAITALL), flags);
	sqe->buf_index = 0;
	sqe->flags |= IOSQE_FIXED_FILE;
	if (link)
		sqe->flags |= IOSQE_IO_LINK;
	u->results++;
	s->in_flight++;
}

/* Without a notice to come the memory is free, and was copied or not needed. */
static int result(struct stream *s, const struct io_uring_cqe *cqe)
{
	struct uring *u = s->state;

	u->results--;
	if (cqe->res != (int)s->test->opt.size)
		return perf_fail(s->test, "SEND_ZC",
				 cqe->res < 0 ? cqe->res : -EIO);
	if (!(cqe->flags & IORING_CQE_F_MORE))
		s->in_flight--;
	return 0;
}

static void notice(struct stream *s, const struct io_uring_cqe *cqe)
{
	struct uring *u = s->state;

	s->in_flight--;
	if (u->reports)
		stream_told(s, 1, cqe->res & IORING_NOTIF_USAGE_ZC_COPIED);
}

static int reap(struct stream *s)
{
	struct uring *u = s->state;
	struct io_uring_cqe *cqe;
	unsigned int head, n = 0;
	int err = 0;

	io_uring_for_each_cqe(&u->ring, head, cqe) {
		n++;
		if (cqe->flags & IORING_CQE_F_NOTIF)
			notice(s, cqe);
		else if (!err)
			err = result(s, cqe);
	}
	io_uring_cq_advance(&u->ring, n);
	return err;
}

/* Submit, until all results came and no more are in flight than @left. */
static int submit(struct stream *s, unsigned int left)
{
	struct uring *u = s->state;
	unsigned int wanted;
	int ret, err = 0;

	while (!err && (u->results || s->in_flight > left)) {
		wanted = u->results;
		/* One notice may be for several; some come with results. */
		if (!wanted)
			wanted = 1;
		ret = io_uring_submit_and_wait(&u->ring, wanted);
		err = ret < 0 ? perf_fail(s->test, "io_uring_enter", ret) :
				reap(s);
	}
	return err;
}

static int uring_turn(struct stream *s, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		prep(s, !s->test->opt.udp && i + 1 < n);
	return submit(s, stream_full(s) ? stream_half(s) : UINT32_MAX);
}

static int uring_drain(struct stream *s)
{
	return submit(s, 0);
}

const struct mode tx_uring = {
	.name = "io_uring",
	.tcp = true,
	.udp = true,
	.open = uring_open,
	.turn = uring_turn,
	.drain = uring_drain,
	.close = uring_close,
};
