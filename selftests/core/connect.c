// SPDX-License-Identifier: GPL-2.0
/*
 * C1, C3, C14: sockets that are attached before they are connected or bound.
 */
#include "regbuf_lane.h"

#include "kselftest_harness.h"

#define LEN	(64UL << 10)

FIXTURE(connect)
{
	struct rb_qrig qr;
	struct rb_queue *q;
	struct rb_rig *rig;
	struct sockaddr_storage ss;
	socklen_t len;
	int listener;
	int sock;		/* neither bound nor connected */
	__u32 ep;
	struct regbuf_cqe cqe;
};

FIXTURE_VARIANT(connect)
{
	int family;
};

FIXTURE_VARIANT_ADD(connect, tcp4) { AF_INET };
FIXTURE_VARIANT_ADD(connect, tcp6) { AF_INET6 };

FIXTURE_SETUP(connect)
{
	self->q = &self->qr.q;
	self->rig = &self->qr.rig;
	ASSERT_EQ(0, rb_qrig_bare(&self->qr, LEN, 64));
	self->listener = rb_listener(variant->family, &self->ss, &self->len);
	ASSERT_LE(0, self->listener);
	self->sock = socket(variant->family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	ASSERT_EQ(0, rb_q_attach(self->q, self->sock, RB_BOTH, 0, 0,
				 &self->ep));
}

FIXTURE_TEARDOWN(connect)
{
	close(self->sock);
	close(self->listener);
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

/* Begin to connect, which may be done at once. */
static int begin(FIXTURE_DATA(connect) *self)
{
	int err = connect(self->sock, (struct sockaddr *)&self->ss, self->len);

	return err && errno != EINPROGRESS ? -errno : 0;
}

/* C1 */
TEST_F(connect, succeeds)
{
	ASSERT_EQ(0, begin(self));
	rb_sqe_connect(self->q, self->ep, 1);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, rb_q_value(self->q, 1, 0));
	/* It is made already: the same. */
	rb_sqe_connect(self->q, self->ep, 2);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, rb_q_value(self->q, 2, 0));
	EXPECT_EQ(1, send(self->sock, "x", 1, MSG_NOSIGNAL));
}

/* C3: what was posted before starts when it is connected, in order. */
TEST_F(connect, starts_what_was_posted)
{
	unsigned char data[600];
	int peer;

	rb_sqe_recv(self->q, self->ep, self->rig->id, 1000, 100, 1);
	for (int i = 2; i <= 4; i++)
		rb_sqe_send(self->q, self->ep, self->rig->id, i * 200, 200, i);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, rb_q_quiet(self->q));
	ASSERT_EQ(0, begin(self));
	for (int i = 2; i <= 4; i++)
		EXPECT_EQ(0, rb_q_value(self->q, i, 200));
	peer = accept(self->listener, NULL, NULL);
	ASSERT_LE(0, peer);
	ASSERT_EQ(0, rb_recv_all(peer, data, 600));
	EXPECT_EQ(0, memcmp(data, self->rig->mem + 400, 600));
	ASSERT_EQ(5, send(peer, "hello", 5, 0));
	EXPECT_EQ(0, rb_q_value(self->q, 1, 5));
	EXPECT_EQ(0, memcmp(self->rig->mem + 1000, "hello", 5));
	close(peer);
}

/* C16: and nobody has to wait for that. */
TEST_F(connect, starts_what_was_posted_by_itself)
{
	struct regbuf_cqe cqe;

	rb_sqe_send(self->q, self->ep, self->rig->id, 0, 200, 1);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(0, begin(self));
	ASSERT_TRUE(rb_within(10, rb_q_pop(self->q, &cqe)));
	EXPECT_EQ(1, cqe.user_data);
	EXPECT_EQ(0, cqe.error);
	EXPECT_EQ(200, cqe.value);
}

/* C14: cancelled instead: nothing of it is sent when it is connected. */
TEST_F(connect, cancelled)
{
	char data[8];
	int peer;

	for (int i = 1; i <= 3; i++)
		rb_sqe_send(self->q, self->ep, self->rig->id, 0, 200, i);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	rb_sqe_cancel(self->q, self->ep, 0,
		      REGBUF_SQE_F_ANY | REGBUF_SQE_F_ALL, 4);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	for (int i = 1; i <= 3; i++)
		EXPECT_EQ(0, rb_q_error(self->q, i, ECANCELED));
	EXPECT_EQ(0, rb_q_value(self->q, 4, 3));
	/* No hole in the stream, so the lane goes on. */
	rb_sqe_send_inline(self->q, self->ep, "after it", 8, 5);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(0, begin(self));
	EXPECT_EQ(0, rb_q_value(self->q, 5, 8));
	peer = accept(self->listener, NULL, NULL);
	ASSERT_EQ(0, rb_recv_all(peer, data, 8));
	EXPECT_EQ(0, memcmp(data, "after it", 8));
	close(peer);
}

/* C15: detached instead. */
TEST_F(connect, detached)
{
	rb_sqe_send(self->q, self->ep, self->rig->id, 0, 200, 1);
	rb_sqe_recv(self->q, self->ep, self->rig->id, 0, 200, 2);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(0, rb_q_detach(self->q, self->ep, 0));
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, rb_q_next(self->q, &self->cqe));
		EXPECT_EQ(ECANCELED, self->cqe.error);
	}
	ASSERT_EQ(0, begin(self));
	EXPECT_EQ(0, rb_q_quiet(self->q));
}

/*
 * C1, C18: it begins to listen with requests posted: they are of no use any
 * more, and end once, at the latest when they are cancelled.
 */
TEST_F(connect, listens_instead)
{
	struct rb_tally *tally = rb_tally_new(3);
	struct sockaddr_storage ss;
	socklen_t len;
	int client;

	rb_sqe_send(self->q, self->ep, self->rig->id, 0, 200, 1);
	rb_sqe_recv(self->q, self->ep, self->rig->id, 0, 200, 2);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	len = rb_addr(variant->family, rb_loopback(variant->family), 0, &ss);
	ASSERT_EQ(0, bind(self->sock, (struct sockaddr *)&ss, len));
	ASSERT_EQ(0, listen(self->sock, 4));
	ASSERT_EQ(0, getsockname(self->sock, (struct sockaddr *)&ss, &len));
	client = rb_dial(&ss, len);
	ASSERT_LE(0, client);
	rb_sqe_poll(self->q, self->ep, EPOLLIN, 3);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_TRUE(rb_within(10, ({
		ASSERT_EQ(0, rb_tally_take(tally, self->q));
		tally->cqes[3].user_data == 3; })));
	ASSERT_EQ(0, rb_q_detach(self->q, self->ep, 0));
	ASSERT_EQ(0, rb_tally_all(tally, self->q));
	EXPECT_NE(0, tally->cqes[1].error);
	EXPECT_NE(0, tally->cqes[2].error);
	EXPECT_EQ(0, tally->cqes[1].value);
	EXPECT_EQ(0, tally->cqes[2].value);
	/* The connection is there for whoever accepts it. */
	EXPECT_LE(0, accept(self->sock, NULL, NULL));
	close(client);
	free(tally);
}

/* C18: datagrams need no connection. */
TEST_F(connect, not_for_datagrams)
{
	int sock = socket(variant->family, SOCK_DGRAM, 0);
	__u32 ep;

	ASSERT_EQ(0, rb_q_attach(self->q, sock, RB_BOTH, 0, 0, &ep));
	rb_sqe_connect(self->q, ep, 1);
	EXPECT_GT(0, rb_q_submit_all(self->q));
	EXPECT_TRUE(rb_q_empty(self->q));
	close(sock);
}

/* A receive posted before bind(2) gets what is sent there. */
TEST_F(connect, bound_later)
{
	int sock = socket(variant->family, SOCK_DGRAM, 0);
	int peer = socket(variant->family, SOCK_DGRAM, 0);
	struct sockaddr_storage ss;
	socklen_t len;
	__u32 ep;

	ASSERT_EQ(0, rb_q_attach(self->q, sock, RB_BOTH, 0, 0, &ep));
	rb_sqe_recv(self->q, ep, self->rig->id, 0, 100, 1);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, rb_q_quiet(self->q));
	len = rb_addr(variant->family, rb_loopback(variant->family), 0, &ss);
	ASSERT_EQ(0, bind(sock, (struct sockaddr *)&ss, len));
	ASSERT_EQ(0, getsockname(sock, (struct sockaddr *)&ss, &len));
	ASSERT_EQ(4, sendto(peer, "data", 4, 0, (struct sockaddr *)&ss, len));
	EXPECT_EQ(0, rb_q_value(self->q, 1, 4));
	EXPECT_EQ(0, memcmp(self->rig->mem, "data", 4));
	close(sock);
	close(peer);
}

FIXTURE(slow_connect)
{
	struct rb_qrig qr;
	struct rb_queue *q;
	struct sockaddr_storage ss;
	socklen_t len;
	int listener;
	int sock;
	__u32 ep;
};

/* To the peer, who hears nothing of it for now. */
FIXTURE_SETUP(slow_connect)
{
	struct rb_netem netem = { .loss = 100 };

	self->q = &self->qr.q;
	ASSERT_EQ(0, rb_net_setup(&self->qr.rig.net));
	ASSERT_EQ(0, rb_qrig_bare(&self->qr, LEN, 64));
	ASSERT_EQ(0, rb_net_peer(&self->qr.rig.net));
	self->listener = rb_bound(AF_INET, SOCK_STREAM, RB_PEER4, &self->ss,
				  &self->len);
	ASSERT_LE(0, self->listener);
	ASSERT_EQ(0, rb_net_near(&self->qr.rig.net));
	self->sock = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	ASSERT_EQ(0, rb_q_attach(self->q, self->sock, RB_BOTH, 0, 0,
				 &self->ep));
	ASSERT_EQ(0, rb_net_near_netem(&netem));
	ASSERT_EQ(-1, connect(self->sock, (struct sockaddr *)&self->ss,
			      self->len));
	ASSERT_EQ(EINPROGRESS, errno);
	rb_sqe_connect(self->q, self->ep, 1);
	rb_sqe_send(self->q, self->ep, self->qr.rig.id, 0, 100, 2);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(0, rb_q_quiet(self->q));
}

FIXTURE_TEARDOWN(slow_connect)
{
	close(self->sock);
	close(self->listener);
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

/* C1, C3: under way when it was asked, then made. */
TEST_F(slow_connect, succeeds)
{
	struct rb_tally *tally = rb_tally_new(2);
	unsigned char data[100];
	int peer;

	ASSERT_EQ(0, listen(self->listener, 1));
	ASSERT_EQ(0, rb_net_near_netem(&(struct rb_netem){}));
	ASSERT_EQ(0, rb_tally_all(tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(tally, 1, 1, 0, 0));
	EXPECT_EQ(0, rb_tally_differs(tally, 2, 2, 0, 100));
	free(tally);
	peer = accept(self->listener, NULL, NULL);
	ASSERT_EQ(0, rb_recv_all(peer, data, 100));
	EXPECT_EQ(0, memcmp(data, self->qr.rig.mem, 100));
	close(peer);
}

/* C1: under way, then refused: told once, as SO_ERROR would. */
TEST_F(slow_connect, refused)
{
	socklen_t len = sizeof(int);
	int error = 1;

	rb_sqe_cancel(self->q, self->ep, 2, 0, 3);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, rb_q_error(self->q, 2, ECANCELED));
	EXPECT_EQ(0, rb_q_value(self->q, 3, 1));
	ASSERT_EQ(0, rb_net_near_netem(&(struct rb_netem){}));
	EXPECT_EQ(0, rb_q_error(self->q, 1, ECONNREFUSED));
	ASSERT_EQ(0, getsockopt(self->sock, SOL_SOCKET, SO_ERROR, &error,
				&len));
	EXPECT_EQ(0, error);
}

/* C14: nobody wants to know any more. */
TEST_F(slow_connect, cancelled)
{
	rb_sqe_cancel(self->q, self->ep, 1, 0, 3);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, rb_q_error(self->q, 1, ECANCELED));
	EXPECT_EQ(0, rb_q_value(self->q, 3, 1));
	EXPECT_EQ(0, rb_q_quiet(self->q));
}

#include "regbuf_main.h"
