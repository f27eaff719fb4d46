// SPDX-License-Identifier: GPL-2.0
/*
 * MSG_ZEROCOPY: one call for each request; which of them are done is read from
 * the error queue, many in one message, when there is need to know.
 *
 * And the same with a batch gathered by hand, so that one notice is for all.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "vector.h"

struct zerocopy {
	struct vector *vector;	/* for those gathered by hand */
	struct pollfd *polls;
	unsigned int weight;	/* requests that a call is taken for */
};

static bool zerocopy_fits(const struct cell *cell)
{
	(void)cell;
	return true;
}

static void zerocopy_close(struct run *run)
{
	struct zerocopy *zc = run->state;

	free(zc->vector);
	free(zc->polls);
	free(zc);
}

static int zerocopy_open(struct run *run)
{
	struct zerocopy *zc = calloc(1, sizeof(*zc));
	unsigned int i, n = run->cell->endpoints;
	int one = 1;

	run->state = zc;
	if (!zc)
		return bench_failed("MSG_ZEROCOPY", -ENOMEM);
	zc->weight = 1;
	zc->polls = calloc(n, sizeof(zc->polls[0]));
	zc->vector = vector_new(run->cell);
	if (!zc->polls || !zc->vector)
		return bench_failed("MSG_ZEROCOPY", -ENOMEM);
	for (i = 0; i < n; i++) {
		/* Nothing but errors, which cannot be asked for. */
		zc->polls[i].fd = run->socks[i];
		if (setsockopt(run->socks[i], SOL_SOCKET, SO_ZEROCOPY, &one,
			       sizeof(one)))
			return bench_failed("SO_ZEROCOPY", -errno);
	}
	return 0;
}

static int zerocopy_open_gather(struct run *run)
{
	struct zerocopy *zc;
	int err = zerocopy_open(run);

	if (err)
		return err;
	zc = run->state;
	zc->weight = run->cell->depth;
	if (run->cell->work == UDP)
		vector_segment(zc->vector, run->cell->size);
	return 0;
}

static void zerocopy_notice(struct run *run, struct cmsghdr *cmsg)
{
	const struct zerocopy *zc = run->state;
	const struct sock_extended_err *err = (void *)CMSG_DATA(cmsg);
	unsigned int n;

	if (err->ee_origin != SO_EE_ORIGIN_ZEROCOPY)
		return;
	n = (err->ee_data - err->ee_info + 1) * zc->weight;
	run->in_flight -= n;
	run->told += n;
	if (err->ee_code & SO_EE_CODE_ZEROCOPY_COPIED)
		run->told_copied += n;
}

/* Read one message, of some requests. Were there any? */
static int zerocopy_read(struct run *run, int sock)
{
	char control[256];
	struct msghdr msg = {
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;

	if (recvmsg(sock, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
		return errno == EAGAIN ? 0 :
		       bench_failed("reading the error queue", -errno);
	for (cmsg = CMSG_FIRSTHDR(&msg); cmsg; cmsg = CMSG_NXTHDR(&msg, cmsg))
		zerocopy_notice(run, cmsg);
	return 1;
}

/* Until no more than @left are in flight. */
static int zerocopy_reap(struct run *run, unsigned int left)
{
	struct zerocopy *zc = run->state;
	unsigned int i, n = run->cell->endpoints;
	int got, any;

	while (run->in_flight > left) {
		any = 0;
		for (i = 0; i < n; i++) {
			got = zerocopy_read(run, run->socks[i]);
			if (got < 0)
				return got;
			any |= got;
		}
		if (!any && poll(zc->polls, n, 10000) <= 0)
			return bench_failed("waiting for the error queue",
					    -ETIMEDOUT);
	}
	return 0;
}

static int zerocopy_send(struct run *run, struct request *req)
{
	int sock = run->socks[req->endpoint];
	size_t done = 0;
	ssize_t n;

	if (req->header && send(sock, req->header, req->header_size,
				MSG_MORE | MSG_NOSIGNAL) < 0)
		return bench_failed("sending a header", -errno);
	while (done < req->size) {
		n = sendto(sock, req->data + done, req->size - done,
			   MSG_ZEROCOPY | MSG_NOSIGNAL,
			   (const struct sockaddr *)req->dest,
			   req->dest ? net_dest_size() : 0);
		if (n < 0)
			return bench_failed("MSG_ZEROCOPY", -errno);
		/* A stream may take less than all: one notice for each. */
		done += n;
		run->in_flight++;
	}
	return 0;
}

static int zerocopy_batch(struct run *run)
{
	struct request req;
	unsigned int i;
	int err;

	for (i = 0; i < run->cell->depth; i++) {
		run_request(run, i, &req);
		err = zerocopy_send(run, &req);
		if (err)
			return err;
	}
	return run_full(run) ? zerocopy_reap(run, run_half(run)) : 0;
}

static int zerocopy_batch_gather(struct run *run)
{
	struct zerocopy *zc = run->state;
	unsigned int i;
	int calls;

	vector_clear(zc->vector);
	for (i = 0; i < run->cell->depth; i++)
		vector_add(run, i, zc->vector);
	calls = vector_send(run->socks[0], zc->vector, MSG_ZEROCOPY);
	if (calls < 0)
		return bench_failed("MSG_ZEROCOPY, gathered", calls);
	run->in_flight += calls * zc->weight;
	return run_full(run) ? zerocopy_reap(run, run_half(run)) : 0;
}

static int zerocopy_drain(struct run *run)
{
	return zerocopy_reap(run, 0);
}

static double zerocopy_copied(struct run *run)
{
	return 100.0 * run->told_copied / run->told;
}

const struct engine engine_zerocopy = {
	.name = "zerocopy",
	.fits = zerocopy_fits,
	.open = zerocopy_open,
	.batch = zerocopy_batch,
	.drain = zerocopy_drain,
	.copied = zerocopy_copied,
	.close = zerocopy_close,
};

const struct engine engine_zerocopy_gather = {
	.name = "zerocopy_gather",
	.fits = vector_gathers,
	.open = zerocopy_open_gather,
	.batch = zerocopy_batch_gather,
	.drain = zerocopy_drain,
	.copied = zerocopy_copied,
	.close = zerocopy_close,
};
