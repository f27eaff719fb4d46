// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>

#include "uring.h"

/* User data: what a result has to be, and what the entry stands for. */
static uint64_t uring_tag(size_t size, unsigned int weight, uint16_t number)
{
	return size | (uint64_t)weight << 32 | (uint64_t)number << 48;
}

static int uring_setup(struct uring *u, const struct run *run)
{
	struct io_uring_params params = {
		.flags = IORING_SETUP_CQSIZE | IORING_SETUP_SINGLE_ISSUER |
			 IORING_SETUP_DEFER_TASKRUN,
		.cq_entries = 4 * run->limit,
	};

	return io_uring_queue_init_params(2 * run->cell->depth, &u->ring,
					  &params);
}

static int uring_buffers(struct run *run)
{
	unsigned int i, n = run->cell->buffers ? run->cell->buffers : 1;
	struct iovec *iov = malloc(n * sizeof(*iov));
	struct uring *u = run->state;
	int err;

	if (!iov)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		iov[i].iov_base = run->mem.base + run->offsets[i];
		iov[i].iov_len = run->cell->size;
	}
	if (!run->cell->buffers) {
		iov[0].iov_base = run->mem.base;
		iov[0].iov_len = run->mem.length;
	}
	err = io_uring_register_buffers(&u->ring, iov, n);
	free(iov);
	return err;
}

static int uring_register(struct run *run)
{
	struct uring *u = run->state;
	int err = io_uring_register_ring_fd(&u->ring);

	if (err < 0)
		return bench_failed("registering the ring", err);
	err = io_uring_register_files(&u->ring, run->socks,
				      run->cell->endpoints);
	if (err < 0)
		return bench_failed("registering sockets", err);
	err = uring_buffers(run);
	return err < 0 ? bench_failed("registering buffers", err) : 0;
}

/* Linux 6.1 cannot say what was copied. */
static bool uring_can_report(struct uring *u)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&u->ring);
	struct io_uring_cqe *cqe;
	bool can = false, more;

	io_uring_prep_send_zc(sqe, -1, NULL, 0, 0, IORING_SEND_ZC_REPORT_USAGE);
	io_uring_submit(&u->ring);
	do {
		if (io_uring_wait_cqe(&u->ring, &cqe))
			return false;
		/* No socket is what is wrong if the flag is not. */
		can |= cqe->res == -EBADF;
		more = cqe->flags & IORING_CQE_F_MORE;
		io_uring_cqe_seen(&u->ring, cqe);
	} while (more);
	return can;
}

int uring_open(struct run *run)
{
	struct uring *u = calloc(1, sizeof(*u));
	int err;

	if (!u)
		return bench_failed("io_uring", -ENOMEM);
	u->weight = 1;
	u->ordered = work_is_tcp(run->cell->work) && run->cell->endpoints == 1;
	err = uring_setup(u, run);
	if (err) {
		free(u);
		return bench_failed("making a ring", err);
	}
	run->state = u;
	u->reports = uring_can_report(u);
	return uring_register(run);
}

void uring_close(struct run *run)
{
	struct uring *u = run->state;

	io_uring_queue_exit(&u->ring);
	free(u);
}

void uring_entry(struct uring *u, struct io_uring_sqe *sqe, size_t size,
		 unsigned int weight)
{
	sqe->user_data = uring_tag(size, weight, u->asked++);
	sqe->flags |= IOSQE_FIXED_FILE;
	u->results++;
}

/* The memory of so many requests is free again. */
static void uring_freed(struct run *run, unsigned int n, unsigned int flags)
{
	run->in_flight -= n;
	if (!run->report)
		return;
	run->told += n;
	if (flags & IORING_NOTIF_USAGE_ZC_COPIED)
		run->told_copied += n;
}

static int uring_result(struct run *run, const struct io_uring_cqe *cqe)
{
	unsigned int weight = (cqe->user_data >> 32) & 0xffff;
	struct uring *u = run->state;

	u->results--;
	/* One had to wait, and others went in before it. */
	if (cqe->user_data >> 48 != u->answered++ && u->ordered)
		return bench_failed("results out of order", -EIO);
	if (cqe->res != (int)(uint32_t)cqe->user_data)
		return bench_failed("io_uring send",
				    cqe->res < 0 ? cqe->res : -EIO);
	if (cqe->flags & IORING_CQE_F_MORE)
		u->notices++;
	else
		run->in_flight -= weight;
	return 0;
}

static int uring_reap(struct run *run)
{
	struct uring *u = run->state;
	struct io_uring_cqe *cqe;
	unsigned int head, n = 0;
	int err = 0;

	io_uring_for_each_cqe(&u->ring, head, cqe) {
		n++;
		if (!(cqe->flags & IORING_CQE_F_NOTIF)) {
			err = uring_result(run, cqe);
			if (err)
				break;
			continue;
		}
		u->notices--;
		uring_freed(run, (cqe->user_data >> 32) & 0xffff, cqe->res);
	}
	io_uring_cq_advance(&u->ring, n);
	return err;
}

/* Notices to wait for, so that no more than @left requests are in flight. */
static unsigned int uring_wanted(const struct run *run, unsigned int left)
{
	const struct uring *u = run->state;
	unsigned int n;

	if (run->in_flight <= left || !u->weight)
		return 0;
	n = (run->in_flight - left + u->weight - 1) / u->weight;
	/* Copied ones are done with their result. */
	return n < u->notices ? n : u->notices;
}

int uring_submit(struct run *run, unsigned int left)
{
	struct uring *u = run->state;
	int ret, err = 0;

	while (!err && (u->results || run->in_flight > left)) {
		ret = io_uring_submit_and_wait(&u->ring, u->results +
					       uring_wanted(run, left));
		err = ret < 0 ? bench_failed("io_uring_enter", ret) :
				uring_reap(run);
	}
	return err;
}

int uring_drain(struct run *run)
{
	return uring_submit(run, 0);
}

/*
 * An upper bound: since 6.10 notices that are told together say so of all but
 * the first.
 */
double uring_copied(struct run *run)
{
	const struct uring *u = run->state;

	if (!u->reports || !run->told)
		return -1;
	return 100.0 * run->told_copied / run->told;
}
