// SPDX-License-Identifier: GPL-2.0
/*
 * MSG_ZEROCOPY: one call for each message; which of them are done is read from
 * the error queue, many in one notice, when there is need to know.
 */
#include <errno.h>
#include <time.h>			/* which the next does without */
#include <linux/errqueue.h>
#include <poll.h>
#include <sys/socket.h>

#include "perf.h"

static int zerocopy_open(struct stream *s)
{
	int one = 1;

	if (setsockopt(s->sock, SOL_SOCKET, SO_ZEROCOPY, &one, sizeof(one)))
		return perf_fail(s->test, "SO_ZEROCOPY", -errno);
	return 0;
}

static void zerocopy_notice(struct stream *s, const struct cmsghdr *cmsg)
{
	const struct sock_extended_err *err = (void *)CMSG_DATA(cmsg);
	unsigned int n;

	if (err->ee_origin != SO_EE_ORIGIN_ZEROCOPY)
		return;
	n = err->ee_data - err->ee_info + 1;
	s->in_flight -= n;
	stream_told(s, n, err->ee_code & SO_EE_CODE_ZEROCOPY_COPIED);
}

/* Read one notice. Was there any? */
static int zerocopy_read(struct stream *s)
{
	char control[256];
	struct msghdr msg = {
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;

	if (recvmsg(s->sock, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
		return errno == EAGAIN ? 0 :
		       perf_fail(s->test, "reading the error queue", -errno);
	for (cmsg = CMSG_FIRSTHDR(&msg); cmsg; cmsg = CMSG_NXTHDR(&msg, cmsg))
		zerocopy_notice(s, cmsg);
	return 1;
}

/* For errors, which need not be asked for, or the end of the socket. */
static int zerocopy_wait(struct stream *s)
{
	struct pollfd fd = { .fd = s->sock };

	if (test_stopped(s->test))
		return -ECANCELED;
	if (poll(&fd, 1, PERF_TICK_MS) < 0)
		return perf_fail(s->test, "poll", -errno);
	return 0;
}

/* Until no more than @left are in flight. */
static int zerocopy_reap(struct stream *s, unsigned int left)
{
	int got, err = 0;

	while (s->in_flight > left && !err) {
		got = zerocopy_read(s);
		if (!got)
			got = zerocopy_wait(s);
		err = got < 0 ? got : 0;
	}
	return err;
}

/* The kernel keeps notices in a limited place; read some, and try again. */
static int zerocopy_full(struct stream *s)
{
	if (s->in_flight)
		return zerocopy_reap(s, s->in_flight - 1);
	return perf_say(s->test, -ENOBUFS,
			"MSG_ZEROCOPY: the kernel has no room for a message; raise net.core.optmem_max or ulimit -l");
}

static int zerocopy_send(struct stream *s)
{
	const char *data = s->test->memory + stream_slot(s);
	size_t done = 0, size = s->test->opt.size;
	int err = 0;
	ssize_t n;

	while (done < size && !err) {
		n = send(s->sock, data + done, size - done,
			 MSG_ZEROCOPY | MSG_NOSIGNAL);
		if (n < 0) {
			err = errno == ENOBUFS ? zerocopy_full(s) :
			      perf_fail(s->test, "MSG_ZEROCOPY", -errno);
			continue;
		}
		/* A stream may take less than all: one notice for each. */
		done += n;
		s->in_flight++;
	}
	return err;
}

static int zerocopy_turn(struct stream *s, unsigned int n)
{
	int err = 0;

	while (n-- && !err)
		err = zerocopy_send(s);
	if (err)
		return err;
	return stream_full(s) ? zerocopy_reap(s, stream_half(s)) : 0;
}

static int zerocopy_drain(struct stream *s)
{
	return zerocopy_reap(s, 0);
}

static void zerocopy_close(struct stream *s)
{
	(void)s;
}

const struct mode tx_zerocopy = {
	.name = "zerocopy",
	.tcp = true,
	.udp = true,
	.open = zerocopy_open,
	.turn = zerocopy_turn,
	.drain = zerocopy_drain,
	.close = zerocopy_close,
};
