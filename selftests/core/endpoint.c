// SPDX-License-Identifier: GPL-2.0
/*
 * C3, C15, C18: which sockets become endpoints, how often, and what an endpoint
 * then is good for.
 */
#include "regbuf_lane.h"

#include <net/ethernet.h>
#include <linux/netlink.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP	262
#endif
#ifndef IPPROTO_UDPLITE
#define IPPROTO_UDPLITE	136
#endif

#define LEN	(512UL << 10)
#define SEND	REGBUF_ATTACH_F_SEND
#define RECV	REGBUF_ATTACH_F_RECV

static const int families[] = { AF_INET, AF_INET6 };

FIXTURE(endpoint)
{
	struct rb_qrig qr;
	struct rb_queue *q;
	struct rb_rig *rig;
};

/* A connected pair, of which none is attached. */
FIXTURE_SETUP(endpoint)
{
	int sv[2];

	self->q = &self->qr.q;
	self->rig = &self->qr.rig;
	ASSERT_EQ(0, rb_qrig_bare(&self->qr, LEN, 64));
	ASSERT_EQ(0, rb_pair(NULL, AF_INET, SOCK_STREAM, sv));
	self->rig->near = sv[0];
	self->rig->far = sv[1];
}

FIXTURE_TEARDOWN(endpoint)
{
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

/* C18: whatever their state. */
TEST_F(endpoint, tcp_and_udp_over_ip)
{
	struct sockaddr_storage ss;
	int sv[2], type, bare;
	socklen_t len;
	__u32 ep;

	for (int i = 0; i < 4; i++) {
		type = i % 2 ? SOCK_STREAM : SOCK_DGRAM;
		ASSERT_EQ(0, rb_pair(NULL, families[i / 2], type, sv));
		bare = socket(families[i / 2], type, 0);
		EXPECT_EQ(0, rb_q_attach(self->q, sv[0], RB_BOTH, 0, 0, &ep));
		EXPECT_NE(0, ep);
		EXPECT_EQ(0, rb_q_attach(self->q, bare, RB_BOTH, 0, 0, &ep));
		EXPECT_NE(0, ep);
		close(bare);
		bare = rb_bound(families[i / 2], type,
				rb_loopback(families[i / 2]), &ss, &len);
		EXPECT_EQ(0, rb_q_attach(self->q, bare, RB_BOTH, 0, 0, &ep));
		close(bare);
		close(sv[0]);
		close(sv[1]);
	}
}

static void check_refused(struct __test_metadata *_metadata,
			  struct rb_queue *q, int fd, int err)
{
	__u32 ep;

	EXPECT_EQ(err, rb_q_attach(q, fd, SEND, 0, 0, &ep));
	EXPECT_EQ(err, rb_q_attach(q, fd, RECV, 0, 0, &ep));
	EXPECT_EQ(err, rb_q_attach(q, fd, RB_BOTH, 0, 0, &ep));
}

/* C18: told by family, kind and protocol. */
TEST_F(endpoint, refuses_other_sockets)
{
	static const struct { int family, type, protocol; } kinds[] = {
		{ AF_UNIX, SOCK_STREAM, 0 },
		{ AF_UNIX, SOCK_DGRAM, 0 },
		{ AF_UNIX, SOCK_SEQPACKET, 0 },
		{ AF_INET, SOCK_RAW, IPPROTO_UDP },
		{ AF_INET, SOCK_RAW, IPPROTO_TCP },
		{ AF_INET6, SOCK_RAW, IPPROTO_UDP },
		{ AF_PACKET, SOCK_DGRAM, IPPROTO_UDP },
		{ AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE },
	};
	int sock;

	for (int i = 0; i < ARRAY_SIZE(kinds); i++) {
		sock = socket(kinds[i].family, kinds[i].type,
			      kinds[i].protocol);
		ASSERT_LE(0, sock);
		check_refused(_metadata, self->q, sock, -EOPNOTSUPP);
		close(sock);
	}
}

/* C18: like UDP or TCP, but not quite. Is there such a kind? */
static bool check_relative(struct __test_metadata *_metadata,
			   struct rb_queue *q, int type, int protocol)
{
	int sock;

	for (int i = 0; i < 2; i++) {
		sock = socket(families[i], type, protocol);
		if (sock < 0)
			return false;
		check_refused(_metadata, q, sock, -EOPNOTSUPP);
		close(sock);
	}
	return true;
}

TEST_F(endpoint, refuses_udp_lite)
{
	if (!check_relative(_metadata, self->q, SOCK_DGRAM, IPPROTO_UDPLITE))
		SKIP(return, "this kernel has none");
}

TEST_F(endpoint, refuses_mptcp)
{
	if (!check_relative(_metadata, self->q, SOCK_STREAM, IPPROTO_MPTCP))
		SKIP(return, "this kernel has none");
}

/* C18: what is no socket; a queue must not hold itself open. */
TEST_F(endpoint, refuses_other_files)
{
	int fds[] = {
		self->rig->dev, self->q->fd, eventfd(0, 0), epoll_create1(0),
		memfd_create("file", 0),
	};

	for (int i = 0; i < ARRAY_SIZE(fds); i++) {
		ASSERT_LE(0, fds[i]);
		check_refused(_metadata, self->q, fds[i], -ENOTSOCK);
	}
	check_refused(_metadata, self->q, -1, -EBADF);
	check_refused(_metadata, self->q, 1 << 20, -EBADF);
	fds[0] = open("/", O_PATH);
	ASSERT_LE(0, fds[0]);
	check_refused(_metadata, self->q, fds[0], -EBADF);
}

/* An endpoint with no lane would be good for nothing. */
TEST_F(endpoint, refuses_no_lane)
{
	__u32 ep;

	EXPECT_EQ(-EINVAL, rb_q_attach(self->q, self->rig->near, 0, 0, 0, &ep));
	EXPECT_EQ(-EINVAL, rb_q_attach(self->q, self->rig->near,
				       REGBUF_ATTACH_F_ORDERED, 0, 0, &ep));
}

/* C3: one lane in each direction; a refused attach leaves none behind. */
TEST_F(endpoint, one_lane_in_each_direction)
{
	int near = self->rig->near, again = dup(near);
	__u32 one, two;

	ASSERT_EQ(0, rb_q_attach(self->q, near, SEND, 0, 0, &one));
	EXPECT_EQ(-EBUSY, rb_q_attach(self->q, near, SEND, 0, 0, &two));
	EXPECT_EQ(-EBUSY, rb_q_attach(self->q, again, SEND, 0, 0, &two));
	EXPECT_EQ(-EBUSY, rb_q_attach(self->q, near, RB_BOTH, 0, 0, &two));
	ASSERT_EQ(0, rb_q_attach(self->q, again, RECV, 0, 0, &two));
	EXPECT_NE(one, two);
	ASSERT_EQ(0, rb_q_detach(self->q, one, 0));
	EXPECT_EQ(-EBUSY, rb_q_attach(self->q, near, RB_BOTH, 0, 0, &one));
	EXPECT_EQ(0, rb_q_attach(self->q, near, SEND, 0, 0, &one));
	close(again);
}

/* C3: of another queue, and of another context. */
TEST_F(endpoint, one_lane_among_queues)
{
	struct rb_queue sibling, stranger;
	int near = self->rig->near, dev = rb_open();
	__u32 ep;

	ASSERT_EQ(0, rb_q_open(self->rig->dev, &sibling, 8, 8, 0));
	ASSERT_EQ(0, rb_q_open(dev, &stranger, 8, 8, 0));
	ASSERT_EQ(0, rb_q_attach(self->q, near, RB_BOTH, 0, 0, &ep));
	check_refused(_metadata, &sibling, near, -EBUSY);
	check_refused(_metadata, &stranger, near, -EBUSY);
	/* The end of a queue frees it as a detach does. */
	rb_q_close(self->q);
	EXPECT_EQ(0, rb_q_attach(&sibling, near, SEND, 0, 0, &ep));
	EXPECT_EQ(-EBUSY, rb_q_attach(&stranger, near, RB_BOTH, 0, 0, &ep));
	EXPECT_EQ(0, rb_q_attach(&stranger, near, RECV, 0, 0, &ep));
	rb_q_close(&stranger);
	rb_q_close(&sibling);
	close(dev);
}

/* In a process of its own: what attaching in both directions says there. */
static int attach_elsewhere(int sock)
{
	struct rb_queue q;
	int dev = rb_open();
	__u32 ep;

	if (dev < 0 || rb_q_open(dev, &q, 8, 8, 0))
		return 1;
	if (rb_q_attach(&q, sock, SEND, 0, 0, &ep) != -EBUSY)
		return 2;
	return rb_q_attach(&q, sock, RECV, 0, 0, &ep) ? 3 : 0;
}

/* C3: of another process. */
TEST_F(endpoint, one_lane_among_processes)
{
	int status;
	pid_t child;
	__u32 ep;

	ASSERT_EQ(0, rb_q_attach(self->q, self->rig->near, SEND, 0, 0, &ep));
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(attach_elsewhere(self->rig->near));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	/* Its lane went with it. */
	EXPECT_TRUE(rb_within(10, !rb_q_attach(self->q, self->rig->near, RECV,
					       0, 0, &ep)));
}

/* C3: one queue sends, another receives. */
TEST_F(endpoint, a_queue_for_each_direction)
{
	struct rb_rig *rig = self->rig;
	struct rb_queue in;
	__u32 to, from;
	char data[8];

	ASSERT_EQ(0, rb_q_open(rig->dev, &in, 8, 8, 0));
	ASSERT_EQ(0, rb_q_attach(self->q, rig->near, SEND, 0, 0, &to));
	ASSERT_EQ(0, rb_q_attach(&in, rig->near, RECV, 0, 0, &from));
	rb_sqe_recv(&in, from, rig->id, 0, 8, 1);
	ASSERT_EQ(0, rb_q_submit_all(&in));
	rb_sqe_send(self->q, to, rig->id, 100, 8, 2);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(0, rb_q_value(self->q, 2, 8));
	ASSERT_EQ(0, rb_recv_all(rig->far, data, 8));
	EXPECT_EQ(0, memcmp(data, rig->mem + 100, 8));
	EXPECT_TRUE(rb_q_empty(&in));
	ASSERT_EQ(8, send(rig->far, "received", 8, 0));
	ASSERT_EQ(0, rb_q_value(&in, 1, 8));
	EXPECT_EQ(0, memcmp(rig->mem, "received", 8));
	rb_q_close(&in);
}

/* C3: a lane that is not there takes nothing. */
TEST_F(endpoint, lane_that_is_not_attached)
{
	__u32 to, from;

	ASSERT_EQ(0, rb_q_attach(self->q, self->rig->near, SEND, 0, 0, &to));
	ASSERT_EQ(0, rb_q_attach(self->q, self->rig->far, RECV, 0, 0, &from));
	rb_sqe_recv(self->q, to, self->rig->id, 0, 8, 1);
	EXPECT_EQ(0, rb_q_refuses(self->q, -EOPNOTSUPP));
	rb_sqe_send(self->q, from, self->rig->id, 0, 8, 1);
	EXPECT_EQ(0, rb_q_refuses(self->q, -EOPNOTSUPP));
	rb_sqe_shutdown(self->q, from, 1);
	EXPECT_EQ(0, rb_q_refuses(self->q, -EOPNOTSUPP));
	/* The other end saw nothing. */
	rb_sqe_send(self->q, to, self->rig->id, 0, 3, 2);
	rb_sqe_recv(self->q, from, self->rig->id, 100, 8, 3);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, rb_q_value(self->q, 2, 3));
	EXPECT_EQ(0, rb_q_value(self->q, 3, 3));
}

/* C5 for endpoints: a name that was given up means nothing for a while. */
TEST_F(endpoint, names_are_not_used_again_at_once)
{
	__u32 eps[40];

	for (int i = 0; i < ARRAY_SIZE(eps); i++) {
		ASSERT_EQ(0, rb_q_attach(self->q, self->rig->near, RB_BOTH, 0,
					 0, &eps[i]));
		EXPECT_NE(0, eps[i]);
		for (int j = 0; j < i; j++)
			ASSERT_NE(eps[i], eps[j]);
		ASSERT_EQ(0, rb_q_detach(self->q, eps[i], 0));
		rb_sqe_send(self->q, eps[i], self->rig->id, 0, 1, 1);
		EXPECT_EQ(0, rb_q_refuses(self->q, -ENOENT));
	}
	EXPECT_EQ(-ENOENT, rb_q_detach(self->q, eps[0], 0));
	EXPECT_EQ(-ENOENT, rb_q_socket(self->q, eps[0]));
}

/* Names that never were. */
TEST_F(endpoint, unknown_names)
{
	static const __u32 names[] = { 0, 1 << 20, 0x7fffffff, 0xffffffff };

	for (int i = 0; i < ARRAY_SIZE(names); i++) {
		rb_sqe_recv(self->q, names[i], self->rig->id, 0, 1, 1);
		EXPECT_EQ(0, rb_q_refuses(self->q, -ENOENT));
		EXPECT_EQ(-ENOENT, rb_q_detach(self->q, names[i], 0));
		EXPECT_EQ(-ENOENT, rb_q_socket(self->q, names[i]));
	}
}

/* C18: a listening socket accepts, and does nothing else. */
TEST_F(endpoint, listening)
{
	struct sockaddr_storage ss;
	int sock, client;
	socklen_t len;
	__u32 ep;

	sock = rb_listener(AF_INET, &ss, &len);
	ASSERT_LE(0, sock);
	ASSERT_EQ(0, rb_q_attach(self->q, sock, RB_BOTH, 0, 0, &ep));
	rb_sqe_send(self->q, ep, self->rig->id, 0, 1, 1);
	EXPECT_EQ(0, rb_q_refuses(self->q, -EOPNOTSUPP));
	rb_sqe_recv(self->q, ep, self->rig->id, 0, 1, 1);
	EXPECT_EQ(0, rb_q_refuses(self->q, -EOPNOTSUPP));
	rb_sqe_accept(self->q, ep, 0, 0, 2);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	client = rb_dial(&ss, len);
	ASSERT_LE(0, client);
	EXPECT_EQ(0, rb_q_expect(self->q, 2, 0));
	close(client);
	close(sock);
}

/* RIO's maxima: a full lane refuses, and the other one does not care. */
TEST_F(endpoint, lane_is_full)
{
	int sock = socket(AF_INET, SOCK_STREAM, 0);
	struct rb_queue *q = self->q;
	__u32 ep;

	ASSERT_EQ(0, rb_q_attach(q, sock, RB_BOTH, 2, 3, &ep));
	for (int i = 0; i < 5; i++)
		rb_sqe_io(q, i < 2 ? REGBUF_OP_SEND : REGBUF_OP_RECV, ep,
			  self->rig->id, 0, 1, 1 + i);
	ASSERT_EQ(0, rb_q_submit_all(q));
	rb_sqe_send(q, ep, self->rig->id, 0, 1, 9);
	EXPECT_EQ(0, rb_q_refuses(q, -ENOBUFS));
	rb_sqe_recv(q, ep, self->rig->id, 0, 1, 9);
	EXPECT_EQ(0, rb_q_refuses(q, -ENOBUFS));

	/* One goes, one may come. */
	rb_sqe_cancel(q, ep, 1, 0, 10);
	ASSERT_EQ(0, rb_q_submit_all(q));
	EXPECT_EQ(0, rb_q_error(q, 1, ECANCELED));
	EXPECT_EQ(0, rb_q_value(q, 10, 1));
	rb_sqe_send(q, ep, self->rig->id, 0, 1, 11);
	EXPECT_EQ(0, rb_q_submit_all(q));
	rb_sqe_send(q, ep, self->rig->id, 0, 1, 12);
	EXPECT_EQ(0, rb_q_refuses(q, -ENOBUFS));
	close(sock);
}

/* C15: an attached endpoint keeps its socket open, a detached one does not. */
TEST_F(endpoint, outlives_its_descriptor)
{
	struct rb_rig *rig = self->rig;
	char data[100];
	__u32 ep;

	ASSERT_EQ(0, rb_q_attach(self->q, rig->near, RB_BOTH, 0, 0, &ep));
	close(rig->near);
	rig->near = -1;
	rb_sqe_send(self->q, ep, rig->id, 0, 100, 1);
	rb_sqe_recv(self->q, ep, rig->id, 1000, 3, 2);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, rb_q_value(self->q, 1, 100));
	ASSERT_EQ(0, rb_recv_all(rig->far, data, 100));
	EXPECT_EQ(0, memcmp(data, rig->mem, 100));
	EXPECT_EQ(0, rb_sock_events(rig->far, POLLIN | POLLRDHUP));
	ASSERT_EQ(3, send(rig->far, "abc", 3, 0));
	EXPECT_EQ(0, rb_q_value(self->q, 2, 3));
	EXPECT_EQ(0, memcmp(rig->mem + 1000, "abc", 3));
	ASSERT_EQ(0, rb_q_detach(self->q, ep, 0));
	/* The file goes by the time the task is back from the call. */
	EXPECT_TRUE(rb_within(10, rb_sock_events(rig->far, POLLRDHUP) &
				  POLLRDHUP));
	EXPECT_EQ(0, recv(rig->far, data, 1, MSG_DONTWAIT));
}

/* C15: the end of the queue is the end of its endpoints. */
TEST_F(endpoint, queue_closes_what_only_it_holds)
{
	struct rb_rig *rig = self->rig;
	char byte;
	__u32 ep;

	ASSERT_EQ(0, rb_q_attach(self->q, rig->near, RB_BOTH, 0, 0, &ep));
	close(rig->near);
	rig->near = -1;
	rb_sqe_recv(self->q, ep, rig->id, 0, 1, 1);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	rb_q_close(self->q);
	ASSERT_TRUE(rb_within(10, rb_sock_events(rig->far, POLLIN)));
	EXPECT_EQ(0, recv(rig->far, &byte, 1, 0));
}

/* A descriptor for an endpoint is of the very same socket. */
TEST_F(endpoint, descriptor_for_an_endpoint)
{
	__u64 one = 1, two = 2;
	socklen_t len = sizeof(one);
	__u32 ep;
	int fd;

	ASSERT_EQ(0, rb_q_attach(self->q, self->rig->near, RECV, 0, 0, &ep));
	fd = rb_q_socket(self->q, ep);
	ASSERT_LE(0, fd);
	EXPECT_NE(fd, self->rig->near);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	ASSERT_EQ(0, getsockopt(self->rig->near, SOL_SOCKET, SO_COOKIE, &one,
				&len));
	ASSERT_EQ(0, getsockopt(fd, SOL_SOCKET, SO_COOKIE, &two, &len));
	EXPECT_EQ(one, two);
	close(fd);
	/* It was only one more. */
	EXPECT_EQ(1, send(self->rig->near, "x", 1, MSG_NOSIGNAL));
}

/* C3: the synchronous call waits for no lane, and passes none by. */
TEST_F(endpoint, synchronous_send_while_the_lane_has_work)
{
	struct rb_rig *rig = self->rig;
	struct rb_stream stream;
	struct regbuf_ioc_send msg;
	int other[2];
	__u32 ep;

	ASSERT_EQ(0, rb_stream_init(&stream, 2 * LEN));
	ASSERT_EQ(0, rb_pair(NULL, AF_INET, SOCK_STREAM, other));
	ASSERT_EQ(0, rb_sockbuf(rig->near, SO_SNDBUF, 16384));
	ASSERT_EQ(0, rb_sockbuf(rig->far, SO_RCVBUF, 16384));
	ASSERT_EQ(0, rb_q_attach(self->q, rig->near, SEND, 0, 0, &ep));
	/* Idle: attached alone is no hindrance. */
	ASSERT_EQ(0, rb_rig_send(rig, 0, 100, &msg));
	rb_stream_note(&stream, rig->mem, 100);

	rb_sqe_send(self->q, ep, rig->id, 0, LEN, 1);
	rb_stream_note(&stream, rig->mem, LEN);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(-EBUSY, rb_rig_send(rig, 0, 100, &msg));
	EXPECT_EQ(0, rb_send(rig->dev, other[0], rig->id, 0, 100, &msg));
	ASSERT_EQ(0, rb_stream_rest(&stream, rig->far));
	EXPECT_EQ(0, rb_q_value(self->q, 1, LEN));
	EXPECT_EQ(0, rb_rig_send(rig, 7, 100, &msg));
	rb_stream_note(&stream, rig->mem + 7, 100);
	EXPECT_EQ(0, rb_stream_rest(&stream, rig->far));
}

/* C19: a receive lane with work is no hindrance to it either. */
TEST_F(endpoint, synchronous_send_beside_a_receive)
{
	struct regbuf_ioc_send msg;
	__u32 ep;

	ASSERT_EQ(0, rb_q_attach(self->q, self->rig->near, RB_BOTH, 0, 0, &ep));
	rb_sqe_recv(self->q, ep, self->rig->id, 0, 100, 1);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, rb_rig_send(self->rig, 0, 100, &msg));
	EXPECT_EQ(100, msg.sent);
}

TEST_HARNESS_MAIN
