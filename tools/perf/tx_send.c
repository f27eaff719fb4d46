// SPDX-License-Identifier: GPL-2.0
/*
 * send(2): one call for each message.
 */
#include <errno.h>
#include <sys/socket.h>

#include "perf.h"

static int send_open(struct stream *s)
{
	(void)s;
	return 0;
}

static int send_one(struct stream *s)
{
	const char *data = s->test->memory + stream_slot(s);
	size_t done = 0, size = s->test->opt.size;
	ssize_t n;

	while (done < size) {
		n = send(s->sock, data + done, size - done, MSG_NOSIGNAL);
		if (n < 0)
			return perf_fail(s->test, "send", -errno);
		done += n;
	}
	return 0;
}

static int send_turn(struct stream *s, unsigned int n)
{
	int err = 0;

	while (n-- && !err)
		err = send_one(s);
	return err;
}

static void send_close(struct stream *s)
{
	(void)s;
}

const struct mode tx_send = {
	.name = "send",
	.tcp = true,
	.udp = true,
	.copies = true,
	.open = send_open,
	.turn = send_turn,
	.close = send_close,
};
