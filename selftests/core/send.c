// SPDX-License-Identifier: GPL-2.0
/*
 * What is sent arrives, whole and in order, or is refused for the right reason.
 */
#include "regbuf_test.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>

#include "kselftest_harness.h"

#define LEN	(2UL << 20)
#define BIG	((1UL << 20) + 3)
#define HUGE	(2UL << 20)

FIXTURE(send)
{
	struct rb_rig rig;
	struct regbuf_ioc_send msg;
};

FIXTURE_VARIANT(send)
{
	int family;
	int type;
	bool loopback;
	const char *host;	/* or the usual one */
};

#define SEND_VARIANT(name, ...) \
	FIXTURE_VARIANT_ADD(send, name) { __VA_ARGS__ }

SEND_VARIANT(tcp4, .family = AF_INET, .type = SOCK_STREAM);
SEND_VARIANT(tcp6, .family = AF_INET6, .type = SOCK_STREAM);
SEND_VARIANT(udp4, .family = AF_INET, .type = SOCK_DGRAM);
SEND_VARIANT(udp6, .family = AF_INET6, .type = SOCK_DGRAM);
SEND_VARIANT(tcp_mapped, .family = AF_INET6, .type = SOCK_STREAM,
	     .host = "::ffff:" RB_PEER4);
SEND_VARIANT(udp_mapped, .family = AF_INET6, .type = SOCK_DGRAM,
	     .host = "::ffff:" RB_PEER4);
SEND_VARIANT(tcp4_loopback, .family = AF_INET, .type = SOCK_STREAM,
	     .loopback = true);
SEND_VARIANT(udp6_loopback, .family = AF_INET6, .type = SOCK_DGRAM,
	     .loopback = true);

FIXTURE_SETUP(send)
{
	int sv[2];

	ASSERT_EQ(0, rb_rig_setup(&self->rig, variant->family, variant->type,
				  variant->loopback, LEN));
	if (!variant->host)
		return;
	close(self->rig.near);
	close(self->rig.far);
	ASSERT_EQ(0, rb_pair_at(&self->rig.net, variant->family, variant->type,
				variant->host, sv));
	self->rig.near = sv[0];
	self->rig.far = sv[1];
}

FIXTURE_TEARDOWN(send)
{
	EXPECT_EQ(0, rb_rig_close(&self->rig));
}

/* One send is reported as whole, and the peer reads the same bytes. */
static void check_arrives(struct __test_metadata *_metadata,
			  struct rb_rig *rig, size_t offset, size_t length)
{
	struct regbuf_ioc_send msg;
	struct rb_sink sink;

	ASSERT_EQ(0, rb_sink_start(&sink, rig->far, length));
	ASSERT_EQ(0, rb_rig_send(rig, offset, length, &msg));
	EXPECT_EQ(length, msg.sent);
	EXPECT_EQ(0, msg.error);
	EXPECT_EQ(length, msg.zerocopied + msg.copied);
	ASSERT_EQ(0, rb_sink_finish(&sink, rig->mem + offset)) {
		TH_LOG("%zu bytes at %zu", length, offset);
	}
}

/* C4: every size and alignment arrives whole. */
TEST_F(send, bytes_arrive_as_they_were)
{
	static const size_t sizes[] = {
		1, 4095, 4096, 4097, 65507, 65536, BIG
	};
	static const size_t offsets[] = { 0, 1, 4095, 12347 };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		if (variant->type == SOCK_DGRAM && sizes[i] > 65507)
			continue;
		for (size_t j = 0; j < ARRAY_SIZE(offsets); j++)
			check_arrives(_metadata, &self->rig, offsets[j],
				      sizes[i]);
	}
	EXPECT_EQ(0, rb_wait(self->rig.dev, self->rig.id, 10 * RB_SEC));
}

/* C4, S13: the very last byte of a buffer, and all of it. */
TEST_F(send, ends_of_the_buffer)
{
	check_arrives(_metadata, &self->rig, LEN - 1, 1);
	check_arrives(_metadata, &self->rig, LEN - 4099, 4099);
	if (variant->type == SOCK_STREAM)
		check_arrives(_metadata, &self->rig, 0, LEN);
}

/* C4: a stream's sends follow each other; datagrams keep their bounds. */
TEST_F(send, many_small_ones_keep_order)
{
	bool stream = variant->type == SOCK_STREAM;
	unsigned char *all = malloc(LEN);
	size_t total = 0, length;
	struct rb_sink sink;

	ASSERT_NE(NULL, all);
	for (size_t i = 0; i < 300; i++)
		total += i % 700 + 1;
	if (stream)
		ASSERT_EQ(0, rb_sink_start(&sink, self->rig.far, total));
	total = 0;
	for (size_t i = 0; i < 300; i++) {
		length = i % 700 + 1;
		if (!stream) {
			check_arrives(_metadata, &self->rig, i * 37, length);
			continue;
		}
		ASSERT_EQ(0, rb_rig_send(&self->rig, i * 37, length,
					 &self->msg));
		ASSERT_EQ(length, self->msg.sent);
		memcpy(all + total, self->rig.mem + i * 37, length);
		total += length;
	}
	if (stream)
		EXPECT_EQ(0, rb_sink_finish(&sink, all));
	free(all);
}

/* C4: no bytes are a datagram, but nothing on a stream. */
TEST_F(send, nothing_is_an_empty_datagram)
{
	struct regbuf_slice empty = rb_slice(self->rig.id, 5, 0);
	char byte;

	for (unsigned int nr = 0; nr < 2; nr++) {
		self->msg = rb_msg(self->rig.near, &empty, nr);
		if (variant->type == SOCK_STREAM) {
			EXPECT_EQ(0, rb_rig_refuses(&self->rig, &self->msg, 0));
		} else {
			EXPECT_EQ(0, rb_ioctl(self->rig.dev, REGBUF_IOC_SEND,
					      &self->msg));
			EXPECT_EQ(0, recv(self->rig.far, &byte, 1, 0));
		}
		EXPECT_EQ(0, self->msg.sent);
		EXPECT_EQ(0, self->msg.zerocopied);
		EXPECT_EQ(0, self->msg.copied);
		EXPECT_EQ(0, self->msg.error);
	}
	EXPECT_EQ(0, rb_rig_silent(&self->rig));
	EXPECT_TRUE(rb_within(10, !rb_in_flight(self->rig.dev, self->rig.id)));
}

/* Hazard 5: pieces longer than a page, of a huge one, at any alignment. */
TEST_F(send, from_a_huge_page)
{
	struct rb_rig rig = self->rig;

	ASSERT_EQ(0, rb_sh("echo 4 > /proc/sys/vm/nr_hugepages"));
	rig.mem = rb_map(HUGE, PROT_READ | PROT_WRITE, MAP_HUGETLB);
	ASSERT_NE(NULL, rig.mem);
	rb_pattern(rig.mem, HUGE, 77);
	ASSERT_EQ(0, rb_register(rig.dev, rig.mem, HUGE, RB_READ, &rig.id));

	check_arrives(_metadata, &rig, 0, 65507);
	check_arrives(_metadata, &rig, 4095, 1400);
	check_arrives(_metadata, &rig, HUGE - 65507, 65507);
	if (variant->type == SOCK_STREAM)
		check_arrives(_metadata, &rig, 12345, BIG);
	ASSERT_EQ(0, rb_wait(rig.dev, rig.id, 10 * RB_SEC));
	EXPECT_EQ(0, rb_deregister(rig.dev, rig.id));
	EXPECT_EQ(0, munmap(rig.mem, HUGE));
	EXPECT_EQ(0, rb_sh("echo 0 > /proc/sys/vm/nr_hugepages"));
}

/*
 * Send by regbuf, send(), or MSG_ZEROCOPY; whether the last, which the kernel
 * refuses with ENOBUFS where it would have to join another's zero-copied bytes.
 */
static unsigned int send_by(struct __test_metadata *_metadata,
			    struct rb_rig *rig, int way, size_t offset,
			    size_t length)
{
	struct regbuf_ioc_send msg;
	unsigned char *mem = rig->mem + offset;

	if (way == 0) {
		ASSERT_EQ(0, rb_rig_send(rig, offset, length, &msg));
		ASSERT_EQ(length, msg.sent);
		return 0;
	}
	if (way == 2 && send(rig->near, mem, length, MSG_ZEROCOPY) == length)
		return 1;
	ASSERT_TRUE(way == 1 || errno == ENOBUFS);
	ASSERT_EQ(length, send(rig->near, mem, length, 0));
	return 0;
}

/* Read the error queue until so many MSG_ZEROCOPY sends were completed. */
static unsigned int zerocopy_completions(int sock, unsigned int wanted)
{
	struct sock_extended_err *err;
	unsigned int seen = 0;
	char control[256];
	struct msghdr msg = { .msg_control = control };

	while (seen < wanted && rb_within(20, ({
			msg.msg_controllen = sizeof(control);
			recvmsg(sock, &msg, MSG_ERRQUEUE) == 0; }))) {
		err = (void *)CMSG_DATA(CMSG_FIRSTHDR(&msg));
		if (err->ee_origin == SO_EE_ORIGIN_ZEROCOPY)
			seen += err->ee_data - err->ee_info + 1;
	}
	return seen;
}

/* Peers' "skb/uarg refcount elsewhere": others' zero copy on our socket. */
TEST_F(send, interleaved_with_send_and_msg_zerocopy)
{
	const size_t length = 1200;
	unsigned int wanted = 0, done = 0;
	struct rb_sink sink;
	int one = 1;

	ASSERT_EQ(0, setsockopt(self->rig.near, SOL_SOCKET, SO_ZEROCOPY, &one,
				sizeof(one)));
	if (variant->type == SOCK_STREAM)
		ASSERT_EQ(0, rb_sink_start(&sink, self->rig.far, 120 * length));
	for (size_t i = 0; i < 120; i++) {
		if (variant->type == SOCK_DGRAM)
			ASSERT_EQ(0, rb_sink_start(&sink, self->rig.far,
						   length));
		wanted += send_by(_metadata, &self->rig, (i + i / 30) % 3,
				  i * length, length);
		if (variant->type == SOCK_DGRAM)
			ASSERT_EQ(0, rb_sink_finish(&sink, self->rig.mem +
						    i * length));
		/* Unread completions take up the socket's option memory. */
		if (i % 30 == 29)
			done += zerocopy_completions(self->rig.near,
						     wanted - done);
	}
	if (variant->type == SOCK_STREAM)
		EXPECT_EQ(0, rb_sink_finish(&sink, self->rig.mem));
	EXPECT_EQ(0, rb_wait(self->rig.dev, self->rig.id, 10 * RB_SEC));
	EXPECT_LT(0, wanted);
	EXPECT_EQ(wanted, done);
}

/* Peers' "memleaks of sk and zerocopy skbs with TX timestamp". */
TEST_F(send, on_a_socket_with_timestamps)
{
	int what = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE |
		   SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_TX_SCHED;
	char control[512], data[2048];
	struct iovec iov = { data, sizeof(data) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
	};

	if (variant->type == SOCK_STREAM)
		what |= SOF_TIMESTAMPING_TX_ACK;
	ASSERT_EQ(0, setsockopt(self->rig.near, SOL_SOCKET, SO_TIMESTAMPING,
				&what, sizeof(what)));
	for (size_t i = 0; i < 8; i++)
		check_arrives(_metadata, &self->rig, i * 1000 + 1, 1000);
	/* It is not the unread timestamps that keep the buffer in use. */
	EXPECT_EQ(0, rb_wait(self->rig.dev, self->rig.id, 10 * RB_SEC));
	msg.msg_controllen = sizeof(control);
	EXPECT_TRUE(rb_within(20, recvmsg(self->rig.near, &msg,
					  MSG_ERRQUEUE) >= 0));
	/* The rest is left unread. */
}

/* C4: without room and without waiting nothing happens. */
static void fill(struct __test_metadata *_metadata, struct rb_rig *rig,
		 __u32 flags, __u64 *total)
{
	struct regbuf_slice slice;
	struct regbuf_ioc_send msg;
	int err;

	for (*total = 0; ; *total += msg.sent) {
		slice = rb_slice(rig->id, *total, rig->len - *total);
		msg = rb_msg(rig->near, &slice, 1);
		msg.flags = flags;
		ASSERT_LT(*total, rig->len);
		err = rb_ioctl(rig->dev, REGBUF_IOC_SEND, &msg);
		if (err)
			break;
		ASSERT_NE(0, msg.sent);
		EXPECT_EQ(msg.sent, msg.zerocopied + msg.copied);
		/* Full, if it says anything at all. */
		EXPECT_TRUE(!msg.error || msg.error == EAGAIN);
	}
	ASSERT_EQ(-EAGAIN, err);
	EXPECT_EQ(0, msg.sent);
}

FIXTURE(stream)
{
	struct rb_rig rig;
	struct regbuf_ioc_send msg;
};

FIXTURE_VARIANT(stream)
{
	int family;
	bool loopback;
};

FIXTURE_VARIANT_ADD(stream, tcp4) { .family = AF_INET };
FIXTURE_VARIANT_ADD(stream, tcp6) { .family = AF_INET6 };
FIXTURE_VARIANT_ADD(stream, tcp6_loopback) {
	.family = AF_INET6,
	.loopback = true,
};

FIXTURE_SETUP(stream)
{
	int small = 16384;

	ASSERT_EQ(0, rb_rig_setup(&self->rig, variant->family, SOCK_STREAM,
				  variant->loopback, 8 * LEN));
	ASSERT_EQ(0, setsockopt(self->rig.near, SOL_SOCKET, SO_SNDBUF, &small,
				sizeof(small)));
}

FIXTURE_TEARDOWN(stream)
{
	EXPECT_EQ(0, rb_rig_close(&self->rig));
}

/* C4: `sent` is exact when the socket fills up, and then EAGAIN. */
TEST_F(stream, dontwait_sends_what_fits)
{
	struct rb_sink sink;
	__u64 total;

	fill(_metadata, &self->rig, REGBUF_SEND_F_DONTWAIT, &total);
	ASSERT_EQ(0, rb_sink_start(&sink, self->rig.far, total));
	ASSERT_EQ(0, rb_sink_finish(&sink, self->rig.mem));
	EXPECT_EQ(0, rb_rig_silent(&self->rig));
}

/* C4: the socket's own O_NONBLOCK does the same. */
TEST_F(stream, nonblocking_socket_sends_what_fits)
{
	struct rb_sink sink;
	__u64 total;

	ASSERT_EQ(0, fcntl(self->rig.near, F_SETFL, O_RDWR | O_NONBLOCK));
	fill(_metadata, &self->rig, 0, &total);
	ASSERT_EQ(0, rb_sink_start(&sink, self->rig.far, total));
	ASSERT_EQ(0, rb_sink_finish(&sink, self->rig.mem));
	EXPECT_EQ(0, rb_rig_silent(&self->rig));
}

/* C4: as sendmsg(2), SO_SNDTIMEO ends the waiting. */
TEST_F(stream, send_timeout_ends_it)
{
	struct timeval tv = { .tv_usec = 200000 };
	struct rb_sink sink;
	__u64 sent;

	ASSERT_EQ(0, setsockopt(self->rig.near, SOL_SOCKET, SO_SNDTIMEO, &tv,
				sizeof(tv)));
	ASSERT_EQ(0, rb_rig_send(&self->rig, 0, self->rig.len, &self->msg));
	sent = self->msg.sent;
	EXPECT_LT(0, sent);
	EXPECT_GT(self->rig.len, sent);
	EXPECT_EQ(EAGAIN, self->msg.error);
	/* The far side's buffers may make a little more room yet. */
	while (!rb_rig_send(&self->rig, sent, 100, &self->msg))
		sent += self->msg.sent;
	EXPECT_EQ(EAGAIN, errno);
	ASSERT_EQ(0, rb_sink_start(&sink, self->rig.far, sent));
	ASSERT_EQ(0, rb_sink_finish(&sink, self->rig.mem));
	EXPECT_EQ(0, rb_rig_silent(&self->rig));
}

/* C4: a blocking send much larger than the socket's buffer goes in whole. */
TEST_F(stream, blocking_send_is_whole)
{
	check_arrives(_metadata, &self->rig, 3, 4 * LEN - 5);
	EXPECT_EQ(0, rb_wait(self->rig.dev, self->rig.id, 10 * RB_SEC));
}

/*
 * A part under MORE stays here until the rest follows, unless the timer that
 * limits the wait gets in between.
 */
static bool more_is_held(struct __test_metadata *_metadata, struct rb_rig *rig)
{
	long before = rb_tcp_info(rig->far, RB_TCPI_DATA_SEGS_IN), now = -1;
	struct regbuf_slice slice;
	struct regbuf_ioc_send msg;
	struct rb_sink sink;

	ASSERT_EQ(0, rb_sink_start(&sink, rig->far, 200));
	for (unsigned int i = 0; i < 2; i++) {
		slice = rb_slice(rig->id, i * 100, 100);
		msg = rb_msg(rig->near, &slice, 1);
		msg.flags = i ? 0 : REGBUF_SEND_F_MORE;
		ASSERT_EQ(0, rb_ioctl(rig->dev, REGBUF_IOC_SEND, &msg));
		ASSERT_EQ(100, msg.sent);
		if (!i)
			now = rb_tcp_info(rig->far, RB_TCPI_DATA_SEGS_IN);
	}
	ASSERT_EQ(0, rb_sink_finish(&sink, rig->mem));
	return now == before;
}

/* REGBUF_SEND_F_MORE is MSG_MORE; without it TCP_NODELAY would send at once. */
TEST_F(stream, more_is_held_for_the_rest)
{
	int one = 1, good = 0;

	ASSERT_EQ(0, setsockopt(self->rig.near, IPPROTO_TCP, TCP_NODELAY, &one,
				sizeof(one)));
	for (int i = 0; i < 10 && !good; i++)
		good = more_is_held(_metadata, &self->rig);
	EXPECT_TRUE(good);
}

/* C4: what went in before the connection broke is told, and why it broke. */
TEST_F(stream, reset_half_way_reports_both)
{
	struct linger linger = { .l_onoff = 1 };
	struct regbuf_ioc_stats stats;
	struct rb_sink sink;
	pid_t child;

	ASSERT_EQ(0, setsockopt(self->rig.far, SOL_SOCKET, SO_LINGER, &linger,
				sizeof(linger)));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		/* Read a part, then reset. */
		close(self->rig.near);
		if (rb_sink_start(&sink, self->rig.far, 100000) ||
		    rb_sink_finish(&sink, self->rig.mem))
			_exit(1);
		close(self->rig.far);
		_exit(0);
	}
	close(self->rig.far);
	self->rig.far = -1;
	ASSERT_EQ(0, rb_rig_send(&self->rig, 0, self->rig.len, &self->msg));
	EXPECT_LE(100000, self->msg.sent);
	EXPECT_GT(self->rig.len, self->msg.sent);
	EXPECT_TRUE(self->msg.error == ECONNRESET || self->msg.error == EPIPE) {
		TH_LOG("error %u", self->msg.error);
	}
	EXPECT_EQ(self->msg.sent, self->msg.zerocopied + self->msg.copied);
	ASSERT_EQ(0, rb_stats(self->rig.dev, &stats));
	EXPECT_EQ(self->msg.sent, rb_total(&stats));
	/* A reset lets go of all that was queued. */
	EXPECT_EQ(0, rb_wait(self->rig.dev, self->rig.id, 10 * RB_SEC));
	ASSERT_EQ(child, waitpid(child, &child, 0));
	EXPECT_EQ(0, child);
}

/* As sendmsg(2): the reset is reported once, then the pipe is broken. */
TEST_F(stream, after_a_reset)
{
	struct linger linger = { .l_onoff = 1 };
	struct regbuf_slice slice = rb_slice(self->rig.id, 0, 10);
	struct pollfd pfd = { .fd = self->rig.near };

	ASSERT_EQ(0, setsockopt(self->rig.far, SOL_SOCKET, SO_LINGER, &linger,
				sizeof(linger)));
	close(self->rig.far);
	self->rig.far = -1;
	ASSERT_EQ(1, poll(&pfd, 1, 10000));
	self->msg = rb_msg(self->rig.near, &slice, 1);
	EXPECT_EQ(0, rb_rig_refuses(&self->rig, &self->msg, -ECONNRESET));
	EXPECT_EQ(0, rb_rig_refuses(&self->rig, &self->msg, -EPIPE));
}

/* EPIPE comes without SIGPIPE, whose default action would end this test. */
TEST_F(stream, after_shutdown_no_signal)
{
	struct regbuf_slice slice = rb_slice(self->rig.id, 0, 10);
	char byte;

	signal(SIGPIPE, SIG_DFL);
	ASSERT_EQ(0, shutdown(self->rig.near, SHUT_WR));
	self->msg = rb_msg(self->rig.near, &slice, 1);
	EXPECT_EQ(0, rb_rig_refuses(&self->rig, &self->msg, -EPIPE));
	EXPECT_EQ(0, recv(self->rig.far, &byte, 1, 0));
}

/* A destination makes no sense on a stream, not even the right one. */
TEST_F(stream, destination_is_refused)
{
	struct regbuf_slice slice = rb_slice(self->rig.id, 0, 10);
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	ASSERT_EQ(0, getpeername(self->rig.near, (struct sockaddr *)&ss, &len));
	self->msg = rb_msg(self->rig.near, &slice, 1);
	self->msg.addr = (unsigned long)&ss;
	self->msg.addr_len = len;
	EXPECT_EQ(0, rb_rig_refuses(&self->rig, &self->msg, -EISCONN));
	EXPECT_EQ(0, rb_rig_silent(&self->rig));
}

/* As sendmsg(2): a TCP socket that was never connected, and a listening one. */
TEST_F(stream, unconnected_is_refused)
{
	struct regbuf_slice slice = rb_slice(self->rig.id, 0, 10);
	int sock = socket(variant->family, SOCK_STREAM, 0);

	ASSERT_LE(0, sock);
	self->msg = rb_msg(sock, &slice, 1);
	EXPECT_EQ(0, rb_rig_refuses(&self->rig, &self->msg, -EPIPE));
	ASSERT_EQ(0, listen(sock, 1));
	EXPECT_EQ(0, rb_rig_refuses(&self->rig, &self->msg, -EPIPE));
	ASSERT_EQ(-1, send(sock, "x", 1, MSG_NOSIGNAL));
	EXPECT_EQ(EPIPE, errno);
	close(sock);
}

/* What is not an open socket. */
TEST_F(stream, descriptor_that_is_no_socket)
{
	struct regbuf_slice slice = rb_slice(self->rig.id, 0, 10);
	int file = open("/proc/version", O_RDONLY);
	int closed = dup(file);

	ASSERT_LE(0, file);
	close(closed);
	self->msg = rb_msg(-1, &slice, 1);
	EXPECT_EQ(0, rb_rig_refuses(&self->rig, &self->msg, -EBADF));
	self->msg.fd = closed;
	EXPECT_EQ(0, rb_rig_refuses(&self->rig, &self->msg, -EBADF));
	self->msg.fd = 1 << 30;
	EXPECT_EQ(0, rb_rig_refuses(&self->rig, &self->msg, -EBADF));
	self->msg.fd = file;
	EXPECT_EQ(0, rb_rig_refuses(&self->rig, &self->msg, -ENOTSOCK));
	self->msg.fd = self->rig.dev;
	EXPECT_EQ(0, rb_rig_refuses(&self->rig, &self->msg, -ENOTSOCK));
	EXPECT_EQ(0, rb_rig_silent(&self->rig));
	close(file);
}

FIXTURE(datagram)
{
	struct rb_rig rig;
	struct regbuf_ioc_send msg;
	struct regbuf_slice slice;
	struct sockaddr_storage to;	/* of far, for sock */
	socklen_t len;
	int sock;			/* not connected */
};

FIXTURE_VARIANT(datagram)
{
	int family;
};

FIXTURE_VARIANT_ADD(datagram, udp4) { .family = AF_INET };
FIXTURE_VARIANT_ADD(datagram, udp6) { .family = AF_INET6 };

FIXTURE_SETUP(datagram)
{
	ASSERT_EQ(0, rb_rig_setup(&self->rig, variant->family, SOCK_DGRAM,
				  false, LEN));
	self->sock = socket(variant->family, SOCK_DGRAM, 0);
	ASSERT_LE(0, self->sock);
	self->len = sizeof(self->to);
	ASSERT_EQ(0, getpeername(self->rig.near, (struct sockaddr *)&self->to,
				 &self->len));
	self->slice = rb_slice(self->rig.id, 7, 1000);
	self->msg = rb_msg(self->sock, &self->slice, 1);
	self->msg.addr = (unsigned long)&self->to;
	self->msg.addr_len = self->len;
}

FIXTURE_TEARDOWN(datagram)
{
	close(self->sock);
	EXPECT_EQ(0, rb_rig_close(&self->rig));
}

/* The message arrives at a socket as it is in the slice. */
static void check_datagram(struct __test_metadata *_metadata,
			   FIXTURE_DATA(datagram) *self, int sock)
{
	struct rb_sink sink;

	ASSERT_EQ(0, rb_sink_start(&sink, sock, self->slice.length));
	ASSERT_EQ(0, rb_ioctl(self->rig.dev, REGBUF_IOC_SEND, &self->msg));
	EXPECT_EQ(self->slice.length, self->msg.sent);
	EXPECT_EQ(0, rb_sink_finish(&sink, self->rig.mem + self->slice.offset));
}

/* Hazard 27: destinations, also longer than needed and on connected sockets. */
TEST_F(datagram, goes_to_its_destination)
{
	int other[2];

	check_datagram(_metadata, self, self->rig.far);
	self->msg.addr_len = 128;
	check_datagram(_metadata, self, self->rig.far);

	/* Away from where a connected socket points. */
	ASSERT_EQ(0, rb_pair(&self->rig.net, variant->family, SOCK_DGRAM,
			     other));
	self->msg.fd = other[0];
	check_datagram(_metadata, self, self->rig.far);
	self->msg.addr = 0;
	self->msg.addr_len = 0;
	check_datagram(_metadata, self, other[1]);
	close(other[0]);
	close(other[1]);
}

/* Each thing that an address can be wrong by, alone. */
TEST_F(datagram, bad_destination_is_refused)
{
	struct sockaddr_storage ss = self->to;
	char *edge = rb_mem(2 * RB_PAGE);
	struct rb_rig *rig = &self->rig;
	static const struct sockaddr_storage port;

	self->msg.addr_len = sizeof(sa_family_t) + 2;
	EXPECT_EQ(0, rb_rig_refuses(rig, &self->msg, -EINVAL));
	self->msg.addr_len = 129;
	EXPECT_EQ(0, rb_rig_refuses(rig, &self->msg, -EINVAL));
	self->msg.addr_len = ~0U;
	EXPECT_EQ(0, rb_rig_refuses(rig, &self->msg, -EINVAL));

	/* Half of it can be read. */
	self->msg.addr_len = self->len;
	ASSERT_EQ(0, munmap(edge + RB_PAGE, RB_PAGE));
	memcpy(edge + RB_PAGE - 8, &self->to, 8);
	self->msg.addr = (unsigned long)edge + RB_PAGE - 8;
	EXPECT_EQ(0, rb_rig_refuses(rig, &self->msg, -EFAULT));
	self->msg.addr = 1UL << 63;
	EXPECT_EQ(0, rb_rig_refuses(rig, &self->msg, -EFAULT));

	self->msg.addr = (unsigned long)&ss;
	ss.ss_family = AF_UNIX;
	EXPECT_EQ(0, rb_rig_refuses(rig, &self->msg,
				    variant->family == AF_INET ?
				    -EAFNOSUPPORT : -EINVAL));
	/* The port is at the same place in both families. */
	ss = self->to;
	((struct sockaddr_in *)&ss)->sin_port =
		((struct sockaddr_in *)&port)->sin_port;
	EXPECT_EQ(0, rb_rig_refuses(rig, &self->msg, -EINVAL));
	EXPECT_EQ(0, rb_rig_silent(rig));
}

/* As sendmsg(2): nowhere to go. */
TEST_F(datagram, no_destination_is_refused)
{
	self->msg.addr = 0;
	self->msg.addr_len = 0;
	EXPECT_EQ(0, rb_rig_refuses(&self->rig, &self->msg, -EDESTADDRREQ));
}

/* As sendmsg(2): an error that came back is reported by the next send. */
TEST_F(datagram, refused_by_the_peer)
{
	struct pollfd pfd = { .fd = self->rig.near };

	close(self->rig.far);
	self->rig.far = -1;
	self->msg.fd = self->rig.near;
	self->msg.addr = 0;
	self->msg.addr_len = 0;
	ASSERT_EQ(0, rb_ioctl(self->rig.dev, REGBUF_IOC_SEND, &self->msg));
	EXPECT_EQ(1000, self->msg.sent);
	ASSERT_EQ(1, poll(&pfd, 1, 10000));
	ASSERT_EQ(0, rb_wait(self->rig.dev, self->rig.id, 10 * RB_SEC));
	EXPECT_EQ(0, rb_rig_refuses(&self->rig, &self->msg, -ECONNREFUSED));
}

/* The longest datagram of the protocol, and one byte more. */
TEST_F(datagram, longest_one)
{
	__u32 longest = variant->family == AF_INET ? 65507 : 65527;

	self->slice.length = longest;
	check_datagram(_metadata, self, self->rig.far);
	EXPECT_EQ(0, rb_wait(self->rig.dev, self->rig.id, 10 * RB_SEC));
	self->slice.length = longest + 1;
	EXPECT_EQ(0, rb_rig_refuses(&self->rig, &self->msg, -EMSGSIZE));
	self->slice.length = LEN - 7;
	EXPECT_EQ(0, rb_rig_refuses(&self->rig, &self->msg, -EMSGSIZE));
	EXPECT_EQ(0, rb_rig_silent(&self->rig));
}

/* A link-local address is told from others by its scope. */
TEST_F(datagram, scope_picks_the_link)
{
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&self->to;
	int sock, near = socket(AF_INET6, SOCK_DGRAM, 0);

	ASSERT_EQ(0, rb_sh("ip addr add fe80::7301/64 dev veth0 nodad"));
	ASSERT_EQ(0, rb_net_peer(&self->rig.net));
	ASSERT_EQ(0, rb_sh("ip addr add fe80::7302/64 dev veth1 nodad"));
	sock = socket(AF_INET6, SOCK_DGRAM, 0);
	self->len = rb_addr(AF_INET6, "fe80::7302", 7300, &self->to);
	sin6->sin6_scope_id = if_nametoindex("veth1");
	ASSERT_EQ(0, bind(sock, (struct sockaddr *)&self->to, self->len));
	ASSERT_EQ(0, rb_net_near(&self->rig.net));

	self->msg.fd = near;
	self->msg.addr_len = self->len;
	sin6->sin6_scope_id = if_nametoindex("veth0");
	check_datagram(_metadata, self, sock);
	/* A link that is not there, as for sendmsg(2). */
	sin6->sin6_scope_id = 9999;
	ASSERT_EQ(-1, sendto(near, "x", 1, 0, (struct sockaddr *)&self->to,
			     self->len));
	EXPECT_EQ(0, rb_rig_refuses(&self->rig, &self->msg, -errno));
	close(near);
	close(sock);
}

/* An IPv6 socket reaches IPv4 by a mapped address and by a plain one. */
TEST_F(datagram, mapped_destination)
{
	struct sockaddr_in in;
	int sv[2], near = socket(AF_INET6, SOCK_DGRAM, 0);
	socklen_t len = sizeof(in);

	ASSERT_EQ(0, rb_pair(&self->rig.net, AF_INET, SOCK_DGRAM, sv));
	ASSERT_EQ(0, getpeername(sv[0], (struct sockaddr *)&in, &len));
	self->msg.fd = near;
	self->msg.addr_len = rb_addr(AF_INET6, "::ffff:" RB_PEER4,
				     ntohs(in.sin_port), &self->to);
	check_datagram(_metadata, self, sv[1]);
	memcpy(&self->to, &in, len);
	self->msg.addr_len = len;
	check_datagram(_metadata, self, sv[1]);
	close(near);
	close(sv[0]);
	close(sv[1]);
}

/* What was sent in two calls arrives as one datagram, copied and said so. */
static void check_corked(struct __test_metadata *_metadata,
			 FIXTURE_DATA(datagram) *self, __u32 first,
			 __u32 second)
{
	__u32 flags[] = { first, second };

	for (int i = 0; i < 2; i++) {
		self->slice.offset = i * 300;
		self->slice.length = 300;
		self->msg.fd = self->rig.near;
		self->msg.addr = 0;
		self->msg.addr_len = 0;
		self->msg.flags = flags[i];
		ASSERT_EQ(0, rb_ioctl(self->rig.dev, REGBUF_IOC_SEND,
				      &self->msg));
		EXPECT_EQ(300, self->msg.sent);
		EXPECT_EQ(300, self->msg.copied);
		EXPECT_EQ(0, self->msg.zerocopied);
		EXPECT_EQ(1U << REGBUF_COPY_CORK, self->msg.copy_reasons);
		EXPECT_EQ(0, rb_in_flight(self->rig.dev, self->rig.id));
	}
}

/* Hazard 28: one datagram of several sends under MORE. */
TEST_F(datagram, more_makes_one_datagram)
{
	struct rb_sink sink;

	ASSERT_EQ(0, rb_sink_start(&sink, self->rig.far, 600));
	check_corked(_metadata, self, REGBUF_SEND_F_MORE, 0);
	EXPECT_EQ(0, rb_sink_finish(&sink, self->rig.mem));
	EXPECT_EQ(0, rb_rig_silent(&self->rig));
}

/* Hazard 28: the same under UDP_CORK. */
TEST_F(datagram, cork_makes_one_datagram)
{
	int cork = 1;
	struct rb_sink sink;

	ASSERT_EQ(0, rb_sink_start(&sink, self->rig.far, 600));
	ASSERT_EQ(0, setsockopt(self->rig.near, IPPROTO_UDP, 1 /* UDP_CORK */,
				&cork, sizeof(cork)));
	check_corked(_metadata, self, 0, 0);
	cork = 0;
	ASSERT_EQ(0, setsockopt(self->rig.near, IPPROTO_UDP, 1, &cork,
				sizeof(cork)));
	EXPECT_EQ(0, rb_sink_finish(&sink, self->rig.mem));
	EXPECT_EQ(0, rb_rig_silent(&self->rig));
}

/* Hazard 28: a datagram that send(MSG_MORE) began is finished by ours. */
TEST_F(datagram, finishes_what_send_began)
{
	struct rb_sink sink;

	ASSERT_EQ(0, rb_sink_start(&sink, self->rig.far, 507));
	ASSERT_EQ(7, send(self->rig.near, self->rig.mem, 7, MSG_MORE));
	self->slice.length = 500;
	self->msg.fd = self->rig.near;
	self->msg.addr = 0;
	self->msg.addr_len = 0;
	ASSERT_EQ(0, rb_ioctl(self->rig.dev, REGBUF_IOC_SEND, &self->msg));
	EXPECT_EQ(1U << REGBUF_COPY_CORK, self->msg.copy_reasons);
	EXPECT_EQ(500, self->msg.copied);
	EXPECT_EQ(0, rb_sink_finish(&sink, self->rig.mem));
	EXPECT_EQ(0, rb_rig_silent(&self->rig));
}

/* What netem holds goes soon, once another packet has come that way. */
static int let_go(FIXTURE_DATA(datagram) *self, int family)
{
	int other[2], err;

	err = rb_sh("tc qdisc change dev veth0 root netem slot 1ms 1ms");
	if (err || rb_pair(&self->rig.net, family, SOCK_DGRAM, other))
		return err ?: -1;
	err = send(other[0], "", 1, 0) != 1;
	close(other[0]);
	close(other[1]);
	return err;
}

/* C4: no room is EAGAIN, and exactly what was accepted arrives. */
TEST_F(datagram, dontwait_when_full)
{
	unsigned int accepted = 0;
	int small = 1, err = 0;
	struct rb_sink sink;

	ASSERT_EQ(0, setsockopt(self->sock, SOL_SOCKET, SO_SNDBUF, &small,
				sizeof(small)));
	/*
	 * Held on the way out, they take up the socket's buffer; what netem
	 * delays does not, what it lets out by slots does.
	 */
	ASSERT_EQ(0, rb_sh("tc qdisc replace dev veth0 root netem "
			   "slot 1000s 1000s"));
	self->msg.flags = REGBUF_SEND_F_DONTWAIT;
	for (; accepted < 100; accepted++) {
		self->slice.offset = accepted;
		err = rb_ioctl(self->rig.dev, REGBUF_IOC_SEND, &self->msg);
		if (err)
			break;
	}
	EXPECT_EQ(-EAGAIN, err);
	EXPECT_EQ(accepted, rb_in_flight(self->rig.dev, self->rig.id));
	EXPECT_LT(0, accepted);
	ASSERT_GT(100, accepted);
	ASSERT_EQ(0, let_go(self, variant->family));
	for (unsigned int i = 0; i < accepted; i++) {
		ASSERT_EQ(0, rb_sink_start(&sink, self->rig.far, 1000));
		EXPECT_EQ(0, rb_sink_finish(&sink, self->rig.mem + i));
	}
	EXPECT_EQ(0, rb_wait(self->rig.dev, self->rig.id, 10 * RB_SEC));
	EXPECT_EQ(0, rb_rig_silent(&self->rig));
}

#include "regbuf_main.h"
