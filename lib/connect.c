// SPDX-License-Identifier: MIT
/*
 * Connecting: the kernel's operation only waits, so that what guards connect(2)
 * sees it made by the program.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "regbuf_int.h"

/* 0, also if it goes on by itself, or -errno. */
static int regbuf_connect_start(int sock, const void *addr, uint32_t addr_len)
{
	if (!connect(sock, addr, addr_len) || errno == EINPROGRESS)
		return 0;
	return -errno;
}

static int regbuf_connect_nonblock(int sock, const void *addr,
				   uint32_t addr_len)
{
	int flags = fcntl(sock, F_GETFL), err;

	if (flags < 0)
		return -errno;
	if (flags & O_NONBLOCK)
		return regbuf_connect_start(sock, addr, addr_len);
	if (fcntl(sock, F_SETFL, flags | O_NONBLOCK))
		return -errno;
	err = regbuf_connect_start(sock, addr, addr_len);
	fcntl(sock, F_SETFL, flags);
	return err;
}

REGBUF_EXPORT int regbuf_connect(struct regbuf_queue *q, uint32_t endpoint,
				 int sock, const void *addr, uint32_t addr_len,
				 uint64_t user_data)
{
	struct regbuf_sqe *sqe = regbuf_queue_sqe(q);
	int err;

	if (!sqe)
		return -EAGAIN;
	err = regbuf_connect_nonblock(sock, addr, addr_len);
	if (err) {
		/* Not published, so it can be taken back. */
		q->sq_tail--;
		return err;
	}
	regbuf_prep_connect(sqe, endpoint);
	sqe->user_data = user_data;
	return 0;
}
