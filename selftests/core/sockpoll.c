// SPDX-License-Identifier: GPL-2.0
/*
 * C1, C14: a queue that waits for events of sockets.
 */
#include "regbuf_lane.h"

#include "kselftest_harness.h"

#define LEN	(64UL << 10)

FIXTURE(sockpoll)
{
	struct rb_qrig qr;
	struct rb_queue *q;
	struct rb_rig *rig;
	struct regbuf_cqe cqe;
};

FIXTURE_SETUP(sockpoll)
{
	self->q = &self->qr.q;
	self->rig = &self->qr.rig;
	ASSERT_EQ(0, rb_qrig_setup(&self->qr, AF_INET, SOCK_STREAM, true, LEN,
				   64));
}

FIXTURE_TEARDOWN(sockpoll)
{
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

/* The next completion is of that request; the events that it brings. */
static __u64 events(struct __test_metadata *_metadata,
		    FIXTURE_DATA(sockpoll) *self, __u64 data)
{
	ASSERT_EQ(0, rb_q_next(self->q, &self->cqe));
	EXPECT_EQ(data, self->cqe.user_data);
	EXPECT_EQ(0, self->cqe.error);
	EXPECT_EQ(0, self->cqe.flags);
	return self->cqe.value;
}

/* C1: once, when there is something to read, which is left to be read. */
TEST_F(sockpoll, readable)
{
	char byte;

	rb_sqe_poll(self->q, self->qr.ep, EPOLLIN, 1);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, rb_q_quiet(self->q));
	ASSERT_EQ(1, send(self->rig->far, "x", 1, 0));
	EXPECT_EQ(EPOLLIN, events(_metadata, self, 1));
	EXPECT_EQ(1, recv(self->rig->near, &byte, 1, MSG_DONTWAIT));
	ASSERT_EQ(1, send(self->rig->far, "x", 1, 0));
	EXPECT_EQ(0, rb_q_quiet(self->q));
	/* It is there already. */
	rb_sqe_poll(self->q, self->qr.ep, EPOLLIN, 2);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(EPOLLIN, events(_metadata, self, 2));
}

/* C16: nobody waits. */
TEST_F(sockpoll, by_itself)
{
	struct regbuf_cqe cqe;

	rb_sqe_poll(self->q, self->qr.ep, EPOLLIN, 1);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(1, send(self->rig->far, "x", 1, 0));
	ASSERT_TRUE(rb_within(10, rb_q_pop(self->q, &cqe)));
	EXPECT_EQ(1, cqe.user_data);
	EXPECT_EQ(EPOLLIN, cqe.value);
}

/* Only those that were asked for, of several that are there. */
TEST_F(sockpoll, writable)
{
	ASSERT_EQ(1, send(self->rig->far, "x", 1, 0));
	ASSERT_TRUE(rb_within(10, rb_sock_events(self->rig->near, POLLIN)));
	rb_sqe_poll(self->q, self->qr.ep, EPOLLOUT, 1);
	rb_sqe_poll(self->q, self->qr.ep, EPOLLIN | EPOLLOUT | EPOLLPRI, 2);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(EPOLLOUT, events(_metadata, self, 1));
	EXPECT_EQ(EPOLLIN | EPOLLOUT, events(_metadata, self, 2));
}

/* A socket that is full, until it is not. */
TEST_F(sockpoll, writable_again)
{
	static char data[65536];
	int flags = MSG_DONTWAIT | MSG_NOSIGNAL;

	while (send(self->rig->near, data, sizeof(data), flags) > 0)
		;
	ASSERT_EQ(EAGAIN, errno);
	rb_sqe_poll(self->q, self->qr.ep, EPOLLOUT, 1);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, rb_q_quiet(self->q));
	ASSERT_TRUE(rb_within(10, ({
		while (recv(self->rig->far, data, sizeof(data), MSG_DONTWAIT)
		       > 0)
			;
		rb_q_ready(self->q); })));
	EXPECT_EQ(EPOLLOUT, events(_metadata, self, 1));
}

/* The ends of a connection are told, asked for or not. */
TEST_F(sockpoll, end)
{
	rb_sqe_poll(self->q, self->qr.ep, EPOLLRDHUP, 1);
	rb_sqe_poll(self->q, self->qr.ep, EPOLLPRI, 2);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(0, shutdown(self->rig->far, SHUT_WR));
	EXPECT_EQ(EPOLLRDHUP, events(_metadata, self, 1));
	EXPECT_EQ(0, rb_q_quiet(self->q));
	ASSERT_EQ(0, rb_reset(self->rig->far));
	self->rig->far = -1;
	EXPECT_EQ(EPOLLERR | EPOLLHUP, events(_metadata, self, 2) &
				       (EPOLLERR | EPOLLHUP));
}

/* A connection to accept. */
TEST_F(sockpoll, listener)
{
	struct sockaddr_storage ss;
	int listener, client;
	socklen_t len;
	__u32 ep;

	listener = rb_listener(AF_INET6, &ss, &len);
	ASSERT_EQ(0, rb_q_attach(self->q, listener, RB_BOTH, 0, 0, &ep));
	rb_sqe_poll(self->q, ep, EPOLLIN, 1);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, rb_q_quiet(self->q));
	client = rb_dial(&ss, len);
	ASSERT_LE(0, client);
	EXPECT_EQ(EPOLLIN, events(_metadata, self, 1));
	close(client);
	close(listener);
}

/* C14: cancelled, and cancelled by detaching. */
TEST_F(sockpoll, cancelled)
{
	rb_sqe_poll(self->q, self->qr.ep, EPOLLIN, 1);
	rb_sqe_poll(self->q, self->qr.ep, EPOLLIN, 2);
	rb_sqe_poll(self->q, self->qr.ep, EPOLLIN, 3);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	rb_sqe_cancel(self->q, self->qr.ep, 2, 0, 4);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, rb_q_error(self->q, 2, ECANCELED));
	EXPECT_EQ(0, rb_q_value(self->q, 4, 1));
	ASSERT_EQ(0, rb_q_detach(self->q, self->qr.ep, 0));
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, rb_q_next(self->q, &self->cqe));
		EXPECT_EQ(ECANCELED, self->cqe.error);
		EXPECT_NE(2, self->cqe.user_data);
	}
	ASSERT_EQ(1, send(self->rig->far, "x", 1, 0));
	EXPECT_EQ(0, rb_q_quiet(self->q));
}

/* Many wait for the same; each is told. */
TEST_F(sockpoll, many)
{
	struct rb_tally *tally = rb_tally_new(40);

	for (int i = 1; i <= 40; i++)
		rb_sqe_poll(self->q, self->qr.ep, EPOLLIN, i);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(1, send(self->rig->far, "x", 1, 0));
	ASSERT_EQ(0, rb_tally_all(tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(tally, 1, 40, 0, EPOLLIN));
	free(tally);
}

#include "regbuf_main.h"
