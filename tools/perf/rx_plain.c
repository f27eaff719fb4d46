// SPDX-License-Identifier: GPL-2.0
/*
 * recv(2) for streams, recvmmsg(2) for datagrams.
 */
#include <errno.h>
#include <stdlib.h>

#include "mmsg.h"

#define CHUNK	((size_t)256 << 10)	/* of a stream */

/* A datagram that is longer than it should be is seen to be. */
static size_t room_for(const struct options *opt)
{
	return opt->udp ? opt->size + 1 : CHUNK;
}

static int plain_open(struct stream *s)
{
	size_t room = room_for(&s->test->opt);
	unsigned int i, n = s->test->opt.udp ? s->test->opt.depth : 1;
	struct mmsg *mmsg;
	int err = mmsg_open(s);

	if (err)
		return err;
	mmsg = s->state;
	mmsg->room = malloc(n * room);
	if (!mmsg->room)
		return perf_fail(s->test, "room to receive", -ENOMEM);
	for (i = 0; i < n; i++) {
		mmsg->iov[i].iov_base = mmsg->room + i * room;
		mmsg->iov[i].iov_len = room;
	}
	return 0;
}

/* A socket has been told to wait for no longer than a tick. */
static int failed(struct stream *s, const char *what)
{
	if (errno == EAGAIN || errno == EINTR)
		return -ETIMEDOUT;
	return perf_fail(s->test, what, -errno);
}

static int recv_turn(struct stream *s)
{
	struct mmsg *mmsg = s->state;
	ssize_t n = recv(s->sock, mmsg->room, CHUNK, 0);

	if (n < 0)
		return failed(s, "recv");
	s->eof = !n;
	memory_received(s, mmsg->room, n);
	return 0;
}

static int plain_turn(struct stream *s, unsigned int n)
{
	struct mmsg *mmsg = s->state;
	int i, got;

	if (!s->test->opt.udp)
		return recv_turn(s);
	got = recvmmsg(s->sock, mmsg->msgs, n, MSG_WAITFORONE, NULL);
	if (got < 0)
		return failed(s, "recvmmsg");
	for (i = 0; i < got; i++)
		memory_received(s, mmsg->iov[i].iov_base,
				mmsg->msgs[i].msg_len);
	return 0;
}

const struct mode rx_plain = {
	.name = "recv",
	.tcp = true,
	.udp = true,
	.open = plain_open,
	.turn = plain_turn,
	.close = mmsg_close,
};
