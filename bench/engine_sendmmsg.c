// SPDX-License-Identifier: GPL-2.0
/*
 * sendmmsg(2): the datagrams of a batch in one call.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "bench.h"

struct mmsg {
	struct mmsghdr *msgs;
	struct iovec *iov;
};

static bool sendmmsg_fits(const struct cell *cell)
{
	return !work_is_tcp(cell->work) && cell->depth > 1;
}

static void sendmmsg_close(struct run *run)
{
	struct mmsg *mmsg = run->state;

	free(mmsg->msgs);
	free(mmsg->iov);
	free(mmsg);
}

static int sendmmsg_open(struct run *run)
{
	struct mmsg *mmsg = calloc(1, sizeof(*mmsg));
	unsigned int i, depth = run->cell->depth;

	run->state = mmsg;
	if (!mmsg)
		return bench_failed("sendmmsg", -ENOMEM);
	mmsg->msgs = calloc(depth, sizeof(mmsg->msgs[0]));
	mmsg->iov = calloc(depth, sizeof(mmsg->iov[0]));
	if (!mmsg->msgs || !mmsg->iov)
		return bench_failed("sendmmsg", -ENOMEM);
	for (i = 0; i < depth; i++) {
		mmsg->msgs[i].msg_hdr.msg_iov = &mmsg->iov[i];
		mmsg->msgs[i].msg_hdr.msg_iovlen = 1;
	}
	return 0;
}

static void sendmmsg_fill(struct run *run, unsigned int i)
{
	struct mmsg *mmsg = run->state;
	struct msghdr *msg = &mmsg->msgs[i].msg_hdr;
	struct request req;

	run_request(run, i, &req);
	mmsg->iov[i].iov_base = req.data;
	mmsg->iov[i].iov_len = req.size;
	if (!req.dest)
		return;
	msg->msg_name = (void *)req.dest;
	msg->msg_namelen = net_dest_size();
}

static int sendmmsg_batch(struct run *run)
{
	struct mmsg *mmsg = run->state;
	unsigned int i, depth = run->cell->depth;
	int n;

	for (i = 0; i < depth; i++)
		sendmmsg_fill(run, i);
	/* A call may stop short for no good reason. */
	for (i = 0; i < depth; i += n) {
		n = sendmmsg(run->socks[0], mmsg->msgs + i, depth - i,
			     MSG_NOSIGNAL);
		if (n <= 0)
			return bench_failed("sendmmsg", n ? -errno : -EIO);
	}
	return 0;
}

const struct engine engine_sendmmsg = {
	.name = "sendmmsg",
	.fits = sendmmsg_fits,
	.open = sendmmsg_open,
	.batch = sendmmsg_batch,
	.close = sendmmsg_close,
};
