// SPDX-License-Identifier: GPL-2.0
/*
 * A batch gathered by hand: writev(2) for streams; UDP GSO, one packet that the
 * card cuts up, for datagrams.
 */
#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "perf.h"

#define SEGMENTS	64u	/* of one packet, at most */

struct vector {
	struct msghdr msg;
	/* UDP_SEGMENT */
	char control[CMSG_SPACE(sizeof(uint16_t))];
	struct iovec iov[PERF_DEPTH];
};

static int vector_open(struct stream *s)
{
	s->state = calloc(1, sizeof(struct vector));
	return s->state ? 0 : perf_fail(s->test, "a vector", -ENOMEM);
}

static void vector_close(struct stream *s)
{
	free(s->state);
}

static void vector_fill(struct stream *s, unsigned int n)
{
	struct vector *vector = s->state;
	unsigned int i;

	for (i = 0; i < n; i++) {
		vector->iov[i].iov_base = s->test->memory + stream_slot(s);
		vector->iov[i].iov_len = s->test->opt.size;
	}
	vector->msg.msg_iov = vector->iov;
	vector->msg.msg_iovlen = n;
}

/* A stream took @n bytes: what is left of it? */
static void vector_skip(struct msghdr *msg, size_t n)
{
	while (msg->msg_iovlen && n >= msg->msg_iov->iov_len) {
		n -= msg->msg_iov->iov_len;
		msg->msg_iovlen--;
		msg->msg_iov++;
	}
	if (n) {
		msg->msg_iov->iov_base = (char *)msg->msg_iov->iov_base + n;
		msg->msg_iov->iov_len -= n;
	}
}

static int writev_turn(struct stream *s, unsigned int n)
{
	struct vector *vector = s->state;
	ssize_t done;

	vector_fill(s, n);
	while (vector->msg.msg_iovlen) {
		done = sendmsg(s->sock, &vector->msg, MSG_NOSIGNAL);
		if (done < 0)
			return perf_fail(s->test, "writev", -errno);
		vector_skip(&vector->msg, done);
	}
	return 0;
}

static int gso_open(struct stream *s)
{
	uint16_t size = s->test->opt.size;
	struct vector *vector;
	struct cmsghdr *cmsg;
	int err = vector_open(s);

	if (err)
		return err;
	vector = s->state;
	vector->msg.msg_control = vector->control;
	vector->msg.msg_controllen = sizeof(vector->control);
	cmsg = CMSG_FIRSTHDR(&vector->msg);
	cmsg->cmsg_level = IPPROTO_UDP;
	cmsg->cmsg_type = UDP_SEGMENT;
	cmsg->cmsg_len = CMSG_LEN(sizeof(size));
	memcpy(CMSG_DATA(cmsg), &size, sizeof(size));
	return 0;
}

static int gso_failed(struct stream *s, int err)
{
	if (err == -EINVAL || err == -EMSGSIZE)
		return perf_say(s->test, err,
				"UDP GSO: %s; are %u bytes too long for one packet of this path?",
				strerror(-err), s->test->opt.size);
	return perf_fail(s->test, "UDP GSO", err);
}

/* As many as one packet may have, until all are through. */
static int gso_turn(struct stream *s, unsigned int n)
{
	unsigned int part, most = PERF_DATAGRAM / s->test->opt.size;
	struct vector *vector = s->state;

	if (most > SEGMENTS)
		most = SEGMENTS;
	for (; n; n -= part) {
		part = n < most ? n : most;
		vector_fill(s, part);
		if (sendmsg(s->sock, &vector->msg, MSG_NOSIGNAL) < 0)
			return gso_failed(s, -errno);
	}
	return 0;
}

const struct mode tx_writev = {
	.name = "writev",
	.tcp = true,
	.copies = true,
	.open = vector_open,
	.turn = writev_turn,
	.close = vector_close,
};

const struct mode tx_gso = {
	.name = "gso",
	.udp = true,
	.copies = true,
	.open = gso_open,
	.turn = gso_turn,
	.close = vector_close,
};
