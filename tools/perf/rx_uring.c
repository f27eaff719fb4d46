// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring: one receive that goes on and on, into buffers that the ring is
 * given.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "room.h"
#include "uring.h"

#define GROUP	1

struct uring {
	struct io_uring ring;
	struct io_uring_buf_ring *buffers;
	struct room room;
	bool armed;
};

static void give(struct uring *u, unsigned int i, unsigned int place)
{
	io_uring_buf_ring_add(u->buffers, u->room.base + i * u->room.slice,
			      u->room.slice, i,
			      io_uring_buf_ring_mask(u->room.count), place);
}

static size_t ring_size(const struct uring *u)
{
	return u->room.count * sizeof(struct io_uring_buf);
}

static int give_all(struct stream *s, struct uring *u)
{
	struct io_uring_buf_reg reg = {
		.ring_entries = u->room.count,
		.bgid = GROUP,
	};
	unsigned int i;
	int err;

	u->buffers = mmap(NULL, ring_size(u), PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (u->buffers == MAP_FAILED) {
		u->buffers = NULL;
		return perf_fail(s->test, "a ring of buffers", -errno);
	}
	reg.ring_addr = (uintptr_t)u->buffers;
	err = io_uring_register_buf_ring(&u->ring, &reg, 0);
	if (err)
		return perf_fail(s->test, "a ring of buffers", err);
	io_uring_buf_ring_init(u->buffers);
	for (i = 0; i < u->room.count; i++)
		give(u, i, i);
	io_uring_buf_ring_advance(u->buffers, u->room.count);
	return 0;
}

static int uring_open(struct stream *s)
{
	struct uring *u = calloc(1, sizeof(*u));
	int err;

	if (!u)
		return perf_fail(s->test, "io_uring", -ENOMEM);
	err = room_open(s, &u->room);
	if (!err)
		err = uring_setup(s, &u->ring, 8, 2 * u->room.count);
	if (err) {
		room_close(&u->room);
		free(u);
		return err;
	}
	s->state = u;
	return give_all(s, u);
}

static void uring_close(struct stream *s)
{
	struct uring *u = s->state;

	if (!u)
		return;
	io_uring_queue_exit(&u->ring);
	if (u->buffers)
		munmap(u->buffers, ring_size(u));
	room_close(&u->room);
	free(u);
}

static void arm(struct uring *u)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&u->ring);

	io_uring_prep_recv_multishot(sqe, 0, NULL, 0, 0);
	sqe->flags |= IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT;
	sqe->buf_group = GROUP;
	u->armed = true;
}

/* Was one of the buffers filled? An empty datagram fills one, too. */
static bool filled(struct stream *s, const struct io_uring_cqe *cqe)
{
	struct uring *u = s->state;
	unsigned int i = cqe->flags >> IORING_CQE_BUFFER_SHIFT;

	u->armed = cqe->flags & IORING_CQE_F_MORE;
	if (!cqe->res && !s->test->opt.udp)
		s->eof = true;
	if (cqe->res < 0 || !(cqe->flags & IORING_CQE_F_BUFFER))
		return false;
	memory_received(s, u->room.base + i * u->room.slice, cqe->res);
	return true;
}

static int reap(struct stream *s)
{
	struct uring *u = s->state;
	struct io_uring_cqe *cqe;
	unsigned int head, n = 0, back = 0;
	int err = 0;

	io_uring_for_each_cqe(&u->ring, head, cqe) {
		n++;
		if (filled(s, cqe))
			give(u, cqe->flags >> IORING_CQE_BUFFER_SHIFT, back++);
		/* All buffers were full: they are given back, it begins anew.*/
		else if (cqe->res < 0 && cqe->res != -ENOBUFS)
			err = perf_fail(s->test, "io_uring receive", cqe->res);
	}
	io_uring_cq_advance(&u->ring, n);
	io_uring_buf_ring_advance(u->buffers, back);
	return err;
}

static int uring_turn(struct stream *s, unsigned int n)
{
	struct __kernel_timespec tick = { .tv_nsec = PERF_TICK_MS * 1000000 };
	struct uring *u = s->state;
	struct io_uring_cqe *cqe;
	int ret;

	(void)n;
	if (!u->armed)
		arm(u);
	ret = io_uring_submit_and_wait_timeout(&u->ring, &cqe, 1, &tick, NULL);
	if (ret == -ETIME || ret == -EINTR)
		return -ETIMEDOUT;
	if (ret < 0)
		return perf_fail(s->test, "io_uring_enter", ret);
	return reap(s);
}

const struct mode rx_uring = {
	.name = "io_uring",
	.tcp = true,
	.udp = true,
	.open = uring_open,
	.turn = uring_turn,
	.close = uring_close,
};
