// SPDX-License-Identifier: GPL-2.0
/*
 * sendmmsg(2), what writev is for datagrams: a batch in one call.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "mmsg.h"

static int sendmmsg_turn(struct stream *s, unsigned int n)
{
	struct mmsg *mmsg = s->state;
	unsigned int i;
	int sent;

	for (i = 0; i < n; i++)
		mmsg->iov[i].iov_base = s->test->memory + stream_slot(s);
	for (i = 0; i < n; i += sent) {
		sent = sendmmsg(s->sock, mmsg->msgs + i, n - i, MSG_NOSIGNAL);
		if (sent < 0)
			return perf_fail(s->test, "sendmmsg", -errno);
	}
	return 0;
}

const struct mode tx_sendmmsg = {
	.name = "writev",
	.udp = true,
	.copies = true,
	.open = mmsg_open,
	.turn = sendmmsg_turn,
	.close = mmsg_close,
};
