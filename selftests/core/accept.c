// SPDX-License-Identifier: GPL-2.0
/*
 * C1, C14, C15: accepted connections become endpoints of the queue.
 */
#include "regbuf_lane.h"

#include "kselftest_harness.h"

#define LEN	(1UL << 20)

FIXTURE(accept)
{
	struct rb_qrig qr;
	struct rb_queue *q;
	struct rb_rig *rig;
	struct sockaddr_storage ss;
	socklen_t len;
	int listener;
	__u32 ep;
	struct regbuf_cqe cqe;
};

FIXTURE_VARIANT(accept)
{
	int family;
};

FIXTURE_VARIANT_ADD(accept, tcp4) { AF_INET };
FIXTURE_VARIANT_ADD(accept, tcp6) { AF_INET6 };

FIXTURE_SETUP(accept)
{
	self->q = &self->qr.q;
	self->rig = &self->qr.rig;
	ASSERT_EQ(0, rb_qrig_bare(&self->qr, LEN, 64));
	self->listener = rb_listener(variant->family, &self->ss, &self->len);
	ASSERT_LE(0, self->listener);
	ASSERT_EQ(0, rb_q_attach(self->q, self->listener, RB_BOTH, 2, 3,
				 &self->ep));
}

FIXTURE_TEARDOWN(accept)
{
	close(self->listener);
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

static int dial(struct __test_metadata *_metadata, FIXTURE_DATA(accept) *self)
{
	int sock = rb_dial(&self->ss, self->len);

	ASSERT_LE(0, sock);
	return sock;
}

/* The next completion is a connection; its endpoint. */
static __u32 accepted(struct __test_metadata *_metadata,
		      FIXTURE_DATA(accept) *self, __u64 data, __u32 flags)
{
	ASSERT_EQ(0, rb_q_next(self->q, &self->cqe));
	EXPECT_EQ(data, self->cqe.user_data);
	ASSERT_EQ(0, self->cqe.error);
	EXPECT_EQ(flags, self->cqe.flags);
	ASSERT_NE(0, self->cqe.value);
	EXPECT_NE(self->ep, self->cqe.value);
	return self->cqe.value;
}

/* Bytes there and back: it is that client's, and it works. */
static void check_usable(struct __test_metadata *_metadata,
			 FIXTURE_DATA(accept) *self, __u32 ep, int client)
{
	char data[100];

	rb_sqe_recv(self->q, ep, self->rig->id, 1000, 100, 100);
	rb_sqe_send(self->q, ep, self->rig->id, 5000, 100, 101);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(0, rb_q_value(self->q, 101, 100));
	ASSERT_EQ(0, rb_recv_all(client, data, 100));
	EXPECT_EQ(0, memcmp(data, self->rig->mem + 5000, 100));
	snprintf(data, sizeof(data), "client %d", client);
	ASSERT_EQ(100, send(client, data, 100, 0));
	ASSERT_EQ(0, rb_q_value(self->q, 100, 100));
	EXPECT_EQ(0, memcmp(data, self->rig->mem + 1000, 100));
}

/* C1: one connection for one accept, before or after it came. */
TEST_F(accept, one)
{
	int client;
	__u32 ep;

	for (int i = 0; i < 4; i++) {
		client = i % 2 ? dial(_metadata, self) : -1;
		rb_sqe_accept(self->q, self->ep, 0, 0, i);
		ASSERT_EQ(0, rb_q_submit_all(self->q));
		if (client < 0)
			client = dial(_metadata, self);
		ep = accepted(_metadata, self, i, 0);
		check_usable(_metadata, self, ep, client);
		close(client);
	}
	/* No more than was asked for. */
	client = dial(_metadata, self);
	EXPECT_EQ(0, rb_q_quiet(self->q));
	close(client);
}

/* C3: several accepts are served in their order. */
TEST_F(accept, several)
{
	int clients[3], err;
	__u32 eps[3];

	for (int i = 0; i < 5; i++)
		rb_sqe_accept(self->q, self->ep, 0, 0, i);
	/* Those above the lane's maximum, which is 3, may be refused. */
	err = rb_q_submit_all(self->q);
	ASSERT_TRUE(!err || err == -ENOBUFS);
	rb_q_drop(self->q);
	for (int i = 0; i < 3; i++) {
		clients[i] = dial(_metadata, self);
		eps[i] = accepted(_metadata, self, i, 0);
	}
	for (int i = 0; i < 3; i++) {
		check_usable(_metadata, self, eps[i], clients[i]);
		close(clients[i]);
	}
}

/* C1: again and again, until it is cancelled. */
TEST_F(accept, without_end)
{
	int clients[10];
	__u32 eps[10];

	rb_sqe_accept(self->q, self->ep, REGBUF_SQE_F_MULTI, 0, 1);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	for (int i = 0; i < 10; i++)
		clients[i] = dial(_metadata, self);
	for (int i = 0; i < 10; i++)
		eps[i] = accepted(_metadata, self, 1, REGBUF_CQE_F_MORE);
	for (int i = 0; i < 10; i++)
		check_usable(_metadata, self, eps[i], clients[i]);
	rb_sqe_cancel(self->q, self->ep, 1, 0, 2);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, rb_q_error(self->q, 1, ECANCELED));
	EXPECT_EQ(0, rb_q_value(self->q, 2, 1));
	for (int i = 0; i < 10; i++)
		close(clients[i]);
	clients[0] = dial(_metadata, self);
	EXPECT_EQ(0, rb_q_quiet(self->q));
	close(clients[0]);
}

/* C1: so many times. */
TEST_F(accept, bounded)
{
	int clients[4];

	rb_sqe_accept(self->q, self->ep, REGBUF_SQE_F_MULTI, 3, 1);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	for (int i = 0; i < 4; i++)
		clients[i] = dial(_metadata, self);
	for (int i = 0; i < 3; i++)
		accepted(_metadata, self, 1, i < 2 ? REGBUF_CQE_F_MORE : 0);
	EXPECT_EQ(0, rb_q_quiet(self->q));
	for (int i = 0; i < 4; i++)
		close(clients[i]);
}

/* C14: cancelled before anybody came; who comes then is not taken. */
TEST_F(accept, cancelled)
{
	int client;

	rb_sqe_accept(self->q, self->ep, 0, 0, 1);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, rb_q_quiet(self->q));
	rb_sqe_cancel(self->q, 0, 1, 0, 2);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, rb_q_error(self->q, 1, ECANCELED));
	EXPECT_EQ(0, rb_q_value(self->q, 2, 1));
	client = dial(_metadata, self);
	EXPECT_EQ(0, rb_q_quiet(self->q));
	/* It waits for whoever accepts next. */
	EXPECT_LE(0, accept(self->listener, NULL, NULL));
	close(client);
}

/* C15: the listener is detached: its accepts end, its children live. */
TEST_F(accept, detached)
{
	int client;
	__u32 ep;

	rb_sqe_accept(self->q, self->ep, REGBUF_SQE_F_MULTI, 0, 1);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	client = dial(_metadata, self);
	ep = accepted(_metadata, self, 1, REGBUF_CQE_F_MORE);
	ASSERT_EQ(0, rb_q_detach(self->q, self->ep, 0));
	EXPECT_EQ(0, rb_q_error(self->q, 1, ECANCELED));
	check_usable(_metadata, self, ep, client);
	close(client);
}

/* C15: a child that is detached has nobody else to keep it open. */
TEST_F(accept, child_is_detached)
{
	int client = dial(_metadata, self);
	char byte;
	__u32 ep;

	rb_sqe_accept(self->q, self->ep, 0, 0, 1);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ep = accepted(_metadata, self, 1, 0);
	EXPECT_EQ(0, rb_sock_events(client, POLLIN));
	ASSERT_EQ(0, rb_q_detach(self->q, ep, 0));
	ASSERT_TRUE(rb_within(10, rb_sock_events(client, POLLIN)));
	EXPECT_EQ(0, recv(client, &byte, 1, 0));
	close(client);
}

/* A child has the listener's maxima. */
TEST_F(accept, child_has_maxima)
{
	int client = dial(_metadata, self);
	__u32 ep;
	int fd;

	rb_sqe_accept(self->q, self->ep, 0, 0, 1);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ep = accepted(_metadata, self, 1, 0);
	fd = rb_q_socket(self->q, ep);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, rb_sockbuf(fd, SO_SNDBUF, 4096));
	ASSERT_EQ(0, rb_sockbuf(client, SO_RCVBUF, 4096));
	for (int i = 0; i < 5; i++)
		rb_sqe_io(self->q, i < 2 ? REGBUF_OP_SEND : REGBUF_OP_RECV, ep,
			  self->rig->id, 0, LEN, i);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	rb_sqe_send(self->q, ep, self->rig->id, 0, 1, 9);
	EXPECT_EQ(0, rb_q_refuses(self->q, -ENOBUFS));
	rb_sqe_recv(self->q, ep, self->rig->id, 0, 1, 9);
	EXPECT_EQ(0, rb_q_refuses(self->q, -ENOBUFS));
	close(fd);
	close(client);
}

/* C3: the children's lanes are lanes: nobody else gets one. */
TEST_F(accept, child_is_attached)
{
	int client = dial(_metadata, self), fd;
	__u64 one = 1, two = 2;
	socklen_t len = sizeof(one);
	__u32 ep, other;

	rb_sqe_accept(self->q, self->ep, 0, 0, 1);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ep = accepted(_metadata, self, 1, 0);
	fd = rb_q_socket(self->q, ep);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EBUSY, rb_q_attach(self->q, fd, REGBUF_ATTACH_F_SEND, 0, 0,
				      &other));
	EXPECT_EQ(-EBUSY, rb_q_attach(self->q, fd, REGBUF_ATTACH_F_RECV, 0, 0,
				      &other));
	ASSERT_EQ(0, getsockopt(fd, SOL_SOCKET, SO_COOKIE, &one, &len));
	ASSERT_EQ(0, getsockopt(self->listener, SOL_SOCKET, SO_COOKIE, &two,
				&len));
	EXPECT_NE(one, two);
	close(fd);
	check_usable(_metadata, self, ep, client);
	close(client);
}

/* C15: the queue goes with connections that nobody else holds. */
TEST_F(accept, queue_is_closed)
{
	int client = dial(_metadata, self);
	char byte;

	rb_sqe_accept(self->q, self->ep, REGBUF_SQE_F_MULTI, 0, 1);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	accepted(_metadata, self, 1, REGBUF_CQE_F_MORE);
	rb_q_close(self->q);
	ASSERT_TRUE(rb_within(10, rb_sock_events(client, POLLIN)));
	EXPECT_GE(0, recv(client, &byte, 1, 0));
	close(client);
}

/* C1: nobody listens any more: whoever waits for a connection is told. */
TEST_F(accept, listener_is_shut_down)
{
	rb_sqe_accept(self->q, self->ep, 0, 0, 1);
	rb_sqe_accept(self->q, self->ep, REGBUF_SQE_F_MULTI, 0, 2);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(0, shutdown(self->listener, SHUT_RDWR));
	for (int i = 1; i <= 2; i++) {
		ASSERT_EQ(0, rb_q_next(self->q, &self->cqe));
		EXPECT_EQ(i, self->cqe.user_data);
		EXPECT_NE(0, self->cqe.error);
		EXPECT_EQ(0, self->cqe.flags);
		EXPECT_EQ(0, self->cqe.value);
	}
}

/* C2: more come than the completion ring holds: none is lost. */
TEST_F(accept, completion_ring_is_full)
{
	struct rb_queue small, large = *self->q;
	int clients[6];

	ASSERT_EQ(0, rb_q_detach(self->q, self->ep, 0));
	ASSERT_EQ(0, rb_q_open(self->rig->dev, &small, 2, 2, 0));
	*self->q = small;
	ASSERT_EQ(0, rb_q_attach(self->q, self->listener, RB_BOTH, 0, 0,
				 &self->ep));
	rb_sqe_accept(self->q, self->ep, REGBUF_SQE_F_MULTI, 0, 1);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	for (int i = 0; i < 6; i++)
		clients[i] = dial(_metadata, self);
	for (int i = 0; i < 6; i++) {
		accepted(_metadata, self, 1, REGBUF_CQE_F_MORE);
		EXPECT_GE(2, rb_q_ready(self->q));
	}
	for (int i = 0; i < 6; i++)
		close(clients[i]);
	rb_q_close(&large);
}

/* C18: what does not listen accepts nothing. */
TEST_F(accept, datagrams)
{
	int sock = socket(variant->family, SOCK_DGRAM, 0);
	__u32 ep;

	ASSERT_EQ(0, rb_q_attach(self->q, sock, RB_BOTH, 0, 0, &ep));
	rb_sqe_accept(self->q, ep, 0, 0, 1);
	EXPECT_GT(0, rb_q_submit_all(self->q));
	EXPECT_TRUE(rb_q_empty(self->q));
	close(sock);
}

TEST_HARNESS_MAIN
