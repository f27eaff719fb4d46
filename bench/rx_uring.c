// SPDX-License-Identifier: GPL-2.0
/*
 * Receiving with io_uring: datagrams by one receive that goes on and on, into
 * buffers that the ring is given; a stream by receives of fixed length, one at
 * a time or linked.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "uring.h"

#define BUFFERS		256	/* a power of two */
#define BUFFER		2048
#define GROUP		1

struct multi {
	struct uring u;		/* first: what uring.c sees */
	struct io_uring_buf_ring *buffers;
	bool armed;
};

static bool multi_fits(const struct cell *cell)
{
	return !work_is_tcp(cell->work);
}

static bool stream_fits(const struct cell *cell)
{
	return work_is_tcp(cell->work);
}

static void multi_add(struct run *run, unsigned int i, unsigned int place)
{
	struct multi *multi = run->state;

	io_uring_buf_ring_add(multi->buffers, run->mem.base + i * BUFFER,
			      BUFFER, i, io_uring_buf_ring_mask(BUFFERS),
			      place);
}

static int multi_buffers(struct run *run)
{
	struct multi *multi = run->state;
	struct io_uring_buf_reg reg = {
		.ring_entries = BUFFERS,
		.bgid = GROUP,
	};
	unsigned int i;
	int err;

	multi->buffers = mmap(NULL, BUFFERS * sizeof(struct io_uring_buf),
			      PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (multi->buffers == MAP_FAILED) {
		multi->buffers = NULL;
		return bench_failed("a ring of buffers", -errno);
	}
	reg.ring_addr = (uintptr_t)multi->buffers;
	err = io_uring_register_buf_ring(&multi->u.ring, &reg, 0);
	if (err)
		return bench_failed("a ring of buffers", err);
	io_uring_buf_ring_init(multi->buffers);
	for (i = 0; i < BUFFERS; i++)
		multi_add(run, i, i);
	io_uring_buf_ring_advance(multi->buffers, BUFFERS);
	return 0;
}

static int multi_open(struct run *run)
{
	struct multi *multi;
	int err = uring_open(run);

	if (err)
		return err;
	multi = realloc(run->state, sizeof(*multi));
	if (!multi)
		return bench_failed("multishot", -ENOMEM);
	run->state = multi;
	multi->buffers = NULL;
	multi->armed = false;
	err = multi_buffers(run);
	return err ? err : feed_start(run);
}

static void multi_close(struct run *run)
{
	struct multi *multi = run->state;

	feed_stop();
	if (multi->buffers)
		munmap(multi->buffers, BUFFERS * sizeof(struct io_uring_buf));
	uring_close(run);
}

static void multi_arm(struct multi *multi)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&multi->u.ring);

	io_uring_prep_recv_multishot(sqe, 0, NULL, 0, 0);
	sqe->flags |= IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT;
	sqe->buf_group = GROUP;
	multi->armed = true;
}

/* How many datagrams there were; their buffers are given back. */
static int multi_reap(struct run *run)
{
	struct multi *multi = run->state;
	struct io_uring_cqe *cqe;
	unsigned int head;
	int n = 0;

	io_uring_for_each_cqe(&multi->u.ring, head, cqe) {
		if (cqe->res != (int)run->cell->size)
			return bench_failed("multishot", cqe->res < 0 ?
					    cqe->res : -EIO);
		multi_add(run, cqe->flags >> IORING_CQE_BUFFER_SHIFT, n++);
		multi->armed = cqe->flags & IORING_CQE_F_MORE;
	}
	io_uring_cq_advance(&multi->u.ring, n);
	io_uring_buf_ring_advance(multi->buffers, n);
	return n;
}

static int multi_batch(struct run *run)
{
	struct multi *multi = run->state;
	unsigned int got, depth = run->cell->depth;
	int n, err = feed_batch();

	for (got = 0; got < depth && !err; got += n) {
		if (!multi->armed)
			multi_arm(multi);
		/*
		 * One is enough, and all come with it. To wait for more may
		 * last for ever: the kernel takes a wake-up for one each.
		 */
		n = io_uring_submit_and_wait(&multi->u.ring, 1);
		if (n < 0)
			return bench_failed("io_uring_enter", n);
		n = multi_reap(run);
		if (n < 0)
			return n;
	}
	return err;
}

static int stream_open(struct run *run)
{
	int err = uring_open(run);

	return err ? err : feed_start(run);
}

static void stream_close(struct run *run)
{
	feed_stop();
	uring_close(run);
}

static void stream_prep(struct run *run, unsigned int i, bool link)
{
	struct uring *u = run->state;
	struct io_uring_sqe *sqe = io_uring_get_sqe(&u->ring);
	struct request req;

	run_request(run, i, &req);
	io_uring_prep_recv(sqe, 0, req.data, req.size, MSG_WAITALL);
	if (link)
		sqe->flags |= IOSQE_IO_LINK;
	uring_entry(u, sqe, req.size, 1);
	run->in_flight++;
}

static int stream_batch(struct run *run)
{
	unsigned int i;
	int err = feed_batch();

	for (i = 0; i < run->cell->depth && !err; i++) {
		stream_prep(run, i, false);
		err = uring_submit(run, 0);
	}
	return err;
}

static int stream_link_batch(struct run *run)
{
	unsigned int i, depth = run->cell->depth;
	int err = feed_batch();

	for (i = 0; i < depth; i++)
		stream_prep(run, i, i + 1 < depth);
	return err ? err : uring_submit(run, 0);
}

const struct engine rx_uring_multi = {
	.name = "uring_recv_multishot",
	.fits = multi_fits,
	.open = multi_open,
	.batch = multi_batch,
	.close = multi_close,
};

const struct engine rx_uring_recv = {
	.name = "uring_recv",
	.fits = stream_fits,
	.open = stream_open,
	.batch = stream_batch,
	.close = stream_close,
};

const struct engine rx_uring_recv_link = {
	.name = "uring_recv_link",
	.fits = stream_fits,
	.open = stream_open,
	.batch = stream_link_batch,
	.close = stream_close,
};
