// SPDX-License-Identifier: GPL-2.0
/*
 * Receiving with recv(2), and with recvmmsg(2).
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "bench.h"

struct plain {
	struct mmsghdr *msgs;
	struct iovec *iov;
};

static bool recv_fits(const struct cell *cell)
{
	(void)cell;
	return true;
}

static bool recvmmsg_fits(const struct cell *cell)
{
	return !work_is_tcp(cell->work);
}

static void plain_close(struct run *run)
{
	struct plain *plain = run->state;

	feed_stop();
	free(plain->msgs);
	free(plain->iov);
	free(plain);
}

static int plain_open(struct run *run)
{
	struct plain *plain = calloc(1, sizeof(*plain));
	unsigned int i, depth = run->cell->depth;

	run->state = plain;
	if (!plain)
		return bench_failed("receiving", -ENOMEM);
	plain->msgs = calloc(depth, sizeof(plain->msgs[0]));
	plain->iov = calloc(depth, sizeof(plain->iov[0]));
	if (!plain->msgs || !plain->iov)
		return bench_failed("receiving", -ENOMEM);
	for (i = 0; i < depth; i++) {
		plain->msgs[i].msg_hdr.msg_iov = &plain->iov[i];
		plain->msgs[i].msg_hdr.msg_iovlen = 1;
	}
	return feed_start(run);
}

static int recv_batch(struct run *run)
{
	int flags = work_is_tcp(run->cell->work) ? MSG_WAITALL : 0;
	struct request req;
	unsigned int i;
	int err = feed_batch();
	ssize_t n;

	for (i = 0; i < run->cell->depth && !err; i++) {
		run_request(run, i, &req);
		n = recv(run->socks[0], req.data, req.size, flags);
		if (n != (ssize_t)req.size)
			err = bench_failed("recv", n < 0 ? -errno : -EIO);
	}
	return err;
}

static void recvmmsg_fill(struct run *run)
{
	struct plain *plain = run->state;
	struct request req;
	unsigned int i;

	for (i = 0; i < run->cell->depth; i++) {
		run_request(run, i, &req);
		plain->iov[i].iov_base = req.data;
		plain->iov[i].iov_len = req.size;
	}
}

/* Whatever there is, and at least one. */
static int recvmmsg_batch(struct run *run)
{
	struct plain *plain = run->state;
	unsigned int got, depth = run->cell->depth;
	int n, err = feed_batch();

	recvmmsg_fill(run);
	for (got = 0; got < depth && !err; got += n) {
		n = recvmmsg(run->socks[0], plain->msgs + got, depth - got,
			     MSG_WAITFORONE, NULL);
		if (n <= 0)
			err = bench_failed("recvmmsg", n ? -errno : -EIO);
	}
	return err;
}

const struct engine rx_recv = {
	.name = "recv",
	.fits = recv_fits,
	.open = plain_open,
	.batch = recv_batch,
	.close = plain_close,
};

const struct engine rx_recvmmsg = {
	.name = "recvmmsg",
	.fits = recvmmsg_fits,
	.open = plain_open,
	.batch = recvmmsg_batch,
	.close = plain_close,
};
