// SPDX-License-Identifier: GPL-2.0
/*
 * send(2): one call for each request, which is done when the call returns.
 */
#include <errno.h>
#include <sys/socket.h>

#include "bench.h"

static bool send_fits(const struct cell *cell)
{
	(void)cell;
	return true;
}

static int send_open(struct run *run)
{
	(void)run;
	return 0;
}

static ssize_t send_both(int sock, struct request *req)
{
	struct iovec iov[] = {
		{ req->header, req->header_size },
		{ req->data, req->size },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };

	return sendmsg(sock, &msg, MSG_NOSIGNAL);
}

static ssize_t send_request(int sock, struct request *req)
{
	if (req->header)
		return send_both(sock, req);
	if (req->dest)
		return sendto(sock, req->data, req->size, MSG_NOSIGNAL,
			      (const struct sockaddr *)req->dest,
			      net_dest_size());
	return send(sock, req->data, req->size, MSG_NOSIGNAL);
}

/* A stream may take less than all. */
static int send_rest(int sock, struct request *req, size_t done)
{
	size_t size = req->header_size + req->size;
	ssize_t n;

	while (done < size) {
		if (done < req->header_size)
			n = send(sock, req->header + done,
				 req->header_size - done, MSG_NOSIGNAL);
		else
			n = send(sock, req->data + done - req->header_size,
				 size - done, MSG_NOSIGNAL);
		if (n < 0)
			return bench_failed("send", -errno);
		done += n;
	}
	return 0;
}

static int send_batch(struct run *run)
{
	struct request req;
	unsigned int i;
	int sock, err;
	ssize_t n;

	for (i = 0; i < run->cell->depth; i++) {
		run_request(run, i, &req);
		sock = run->socks[req.endpoint];
		n = send_request(sock, &req);
		if (n < 0)
			return bench_failed("send", -errno);
		err = send_rest(sock, &req, n);
		if (err)
			return err;
	}
	return 0;
}

const struct engine engine_send = {
	.name = "send",
	.fits = send_fits,
	.open = send_open,
	.batch = send_batch,
};
