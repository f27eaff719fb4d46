// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>

#include "vector.h"

#define MAX_SEGMENTS	64u
#define MAX_FRAGS	17u	/* pieces of memory in a packet */
#define MAX_DATAGRAM	65487u	/* that fits with IPv6, too */

void vector_clear(struct vector *vector)
{
	vector->msg.msg_iov = vector->iov;
	vector->msg.msg_iovlen = 0;
	vector->size = 0;
}

struct vector *vector_new(const struct cell *cell)
{
	struct vector *vector;

	vector = calloc(1, sizeof(*vector) +
			   2 * cell->depth * sizeof(vector->iov[0]));
	if (vector)
		vector_clear(vector);
	return vector;
}

static void vector_part(struct vector *vector, char *base, size_t size)
{
	struct iovec *iov = &vector->iov[vector->msg.msg_iovlen++];

	iov->iov_base = base;
	iov->iov_len = size;
	vector->size += size;
}

void vector_add(struct run *run, unsigned int i, struct vector *vector)
{
	struct request req;

	run_request(run, i, &req);
	if (req.header)
		vector_part(vector, req.header, req.header_size);
	vector_part(vector, req.data, req.size);
}

/* Take @n bytes off its front. */
static void vector_skip(struct vector *vector, size_t n)
{
	struct iovec *iov = vector->msg.msg_iov;

	while (vector->msg.msg_iovlen && n >= iov->iov_len) {
		n -= iov->iov_len;
		vector->msg.msg_iovlen--;
		iov++;
	}
	if (n) {
		iov->iov_base = (char *)iov->iov_base + n;
		iov->iov_len -= n;
	}
	vector->msg.msg_iov = iov;
}

int vector_send(int sock, struct vector *vector, int flags)
{
	int calls = 0;
	ssize_t n;

	while (vector->msg.msg_iovlen) {
		n = sendmsg(sock, &vector->msg, flags | MSG_NOSIGNAL);
		if (n < 0)
			return -errno;
		calls++;
		vector_skip(vector, n);
	}
	return calls;
}

void vector_segment(struct vector *vector, uint16_t size)
{
	struct cmsghdr *cmsg;

	vector->msg.msg_control = vector->control;
	vector->msg.msg_controllen = sizeof(vector->control);
	cmsg = CMSG_FIRSTHDR(&vector->msg);
	cmsg->cmsg_level = IPPROTO_UDP;
	cmsg->cmsg_type = UDP_SEGMENT;
	cmsg->cmsg_len = CMSG_LEN(sizeof(size));
	memcpy(CMSG_DATA(cmsg), &size, sizeof(size));
}

unsigned int vector_segments(const struct cell *cell)
{
	unsigned int n = MAX_DATAGRAM / cell->size;

	return n < MAX_SEGMENTS ? n : MAX_SEGMENTS;
}

bool vector_gathers(const struct cell *cell)
{
	if (cell->depth == 1 || cell->endpoints > 1)
		return false;
	if (work_is_tcp(cell->work))
		return true;
	if (cell->work != UDP || vector_segments(cell) < cell->depth)
		return false;
	/* Slots that follow each other are one piece. */
	return options.layout == PACKED || cell->depth <= MAX_FRAGS;
}
