// SPDX-License-Identifier: GPL-2.0
/*
 * C1, C3, C15: an endpoint is given up in three ways, and the socket is as
 * before afterwards.
 */
#include "regbuf_lane.h"

#include "kselftest_harness.h"

#define LEN	(1UL << 20)
#define NR	6

FIXTURE(detach)
{
	struct rb_qrig qr;
	struct rb_queue *q;
	struct rb_rig *rig;
	struct rb_tally *tally;
	struct rb_stream stream;
};

FIXTURE_VARIANT(detach)
{
	bool loopback;
};

FIXTURE_VARIANT_ADD(detach, veth) { false };
FIXTURE_VARIANT_ADD(detach, loopback) { true };

FIXTURE_SETUP(detach)
{
	self->q = &self->qr.q;
	self->rig = &self->qr.rig;
	ASSERT_EQ(0, rb_qrig_setup(&self->qr, AF_INET, SOCK_STREAM,
				   variant->loopback, LEN, 64));
	self->tally = rb_tally_new(NR + 2);
	ASSERT_NE(NULL, self->tally);
	ASSERT_EQ(0, rb_stream_init(&self->stream, (NR + 1) * LEN));
	ASSERT_EQ(0, rb_sockbuf(self->rig->near, SO_SNDBUF, 65536));
	ASSERT_EQ(0, rb_sockbuf(self->rig->far, SO_RCVBUF, 65536));
}

FIXTURE_TEARDOWN(detach)
{
	free(self->tally);
	free(self->stream.bytes);
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

/* More sends than go in, and two receives with nothing to read. */
static void fill(struct __test_metadata *_metadata, FIXTURE_DATA(detach) *self,
		 __u32 length)
{
	for (int i = 1; i <= NR; i++) {
		rb_qrig_send(&self->qr, i, length, i);
		rb_stream_note(&self->stream, self->rig->mem + i, length);
	}
	rb_qrig_recv(&self->qr, 0, 100, NR + 1);
	rb_qrig_recv(&self->qr, 0, 100, NR + 2);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
}

/* What is true after each way: receives are cancelled, and the name is dead. */
static void check_given_up(struct __test_metadata *_metadata,
			   FIXTURE_DATA(detach) *self)
{
	struct regbuf_cqe *receives = &self->tally->cqes[NR + 1];

	ASSERT_TRUE(rb_within(10, ({
		ASSERT_EQ(0, rb_tally_take(self->tally, self->q));
		receives[0].user_data && receives[1].user_data; })));
	EXPECT_EQ(0, rb_tally_differs(self->tally, NR + 1, NR + 2, ECANCELED,
				      0));
	rb_qrig_send(&self->qr, 0, 1, 99);
	EXPECT_EQ(-ENOENT, rb_q_submit_all(self->q));
	rb_q_drop(self->q);
	EXPECT_EQ(-ENOENT, rb_q_detach(self->q, self->qr.ep, 0));
	EXPECT_EQ(-ENOENT, rb_q_detach(self->q, self->qr.ep,
				       REGBUF_DETACH_F_DRAIN));
}

/* Bytes that entered, all together. */
static __u64 entered(FIXTURE_DATA(detach) *self)
{
	__u64 total = 0;

	for (int i = 1; i <= NR; i++)
		total += self->tally->cqes[i].value;
	return total;
}

/* The socket is anybody's: plain sends, and an endpoint again. */
static void check_free(struct __test_metadata *_metadata,
		       FIXTURE_DATA(detach) *self)
{
	struct regbuf_ioc_send msg;

	ASSERT_EQ(5, send(self->rig->near, "plain", 5, MSG_NOSIGNAL));
	rb_stream_note(&self->stream, "plain", 5);
	ASSERT_EQ(0, rb_rig_send(self->rig, 9, 100, &msg));
	rb_stream_note(&self->stream, self->rig->mem + 9, 100);
	ASSERT_EQ(0, rb_q_attach(self->q, self->rig->near, RB_BOTH, 0, 0,
				 &self->qr.ep));
	rb_qrig_send(&self->qr, 77, 1000, 1);
	rb_stream_note(&self->stream, self->rig->mem + 77, 1000);
	rb_qrig_recv(&self->qr, 0, 100, 2);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, rb_stream_rest(&self->stream, self->rig->far));
	EXPECT_EQ(0, rb_q_value(self->q, 1, 1000));
	ASSERT_EQ(5, send(self->rig->far, "again", 5, 0));
	EXPECT_EQ(0, rb_q_value(self->q, 2, 5));
	EXPECT_EQ(0, memcmp(self->rig->mem, "again", 5));
}

/* C1, C4, C15: what has not entered is cancelled; what has is sent. */
TEST_F(detach, cancel)
{
	__u64 total;

	fill(_metadata, self, LEN / 2);
	ASSERT_EQ(0, rb_q_detach(self->q, self->qr.ep, 0));
	check_given_up(_metadata, self);
	/* Over veth the part that entered is in use until it is read. */
	ASSERT_TRUE(rb_within(20, ({
		ASSERT_LE(0, rb_stream_read(&self->stream, self->rig->far,
					    65536));
		ASSERT_EQ(0, rb_tally_take(self->tally, self->q));
		self->tally->done == NR + 2; })));
	total = entered(self);
	EXPECT_LT(0, total);
	EXPECT_GT(NR * LEN / 2, total);
	for (int i = 1; i <= NR; i++)
		EXPECT_EQ(self->tally->cqes[i].value == LEN / 2 ? 0 : ECANCELED,
			  self->tally->cqes[i].error);
	/* Nothing else of them comes, but what follows. */
	self->stream.sent = total;
	EXPECT_EQ(0, rb_stream_rest(&self->stream, self->rig->far));
	check_free(_metadata, self);
}

/* Read all of it at the far side, which lets the rest in. */
static void drain(struct __test_metadata *_metadata,
		  FIXTURE_DATA(detach) *self)
{
	EXPECT_EQ(0, rb_stream_rest(&self->stream, self->rig->far));
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, NR, 0, LEN / 2));
}

/* Give it up so; the call may wait until the last send has entered. */
static void start(struct __test_metadata *_metadata,
		  FIXTURE_DATA(detach) *self, struct rb_giver *giver,
		  __u32 flags)
{
	*giver = (struct rb_giver){
		.q = self->q,
		.ep = self->qr.ep,
		.flags = flags,
		.err = 1,
	};
	fill(_metadata, self, LEN / 2);
	ASSERT_EQ(0, pthread_create(&giver->thread, NULL, rb_give_up, giver));
	check_given_up(_metadata, self);
	EXPECT_GT(NR, self->tally->done - 2);
}

/* C15: all that was submitted is sent, though the endpoint is gone. */
TEST_F(detach, drain)
{
	struct rb_giver giver;

	start(_metadata, self, &giver, REGBUF_DETACH_F_DRAIN);
	drain(_metadata, self);
	ASSERT_EQ(0, pthread_join(giver.thread, NULL));
	EXPECT_EQ(0, giver.err);
	check_free(_metadata, self);
}

/* C15: likewise, and then the end, in both directions. */
TEST_F(detach, drain_and_close)
{
	struct rb_giver giver;
	char byte;

	start(_metadata, self, &giver, REGBUF_DETACH_F_CLOSE);
	drain(_metadata, self);
	ASSERT_EQ(0, pthread_join(giver.thread, NULL));
	EXPECT_EQ(0, giver.err);
	ASSERT_TRUE(rb_within(10, rb_sock_events(self->rig->far, POLLRDHUP)));
	EXPECT_EQ(0, recv(self->rig->far, &byte, 1, MSG_DONTWAIT));
	EXPECT_EQ(0, recv(self->rig->near, &byte, 1, MSG_DONTWAIT));
	EXPECT_EQ(-1, send(self->rig->near, "x", 1, MSG_NOSIGNAL));
	EXPECT_EQ(EPIPE, errno);
}

/* C15: the peer is gone in mid-drain: it ends, and each is told. */
TEST_F(detach, drain_to_nobody)
{
	struct rb_giver giver;

	start(_metadata, self, &giver, REGBUF_DETACH_F_DRAIN);
	ASSERT_EQ(0, rb_reset(self->rig->far));
	self->rig->far = -1;
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	ASSERT_EQ(0, pthread_join(giver.thread, NULL));
	EXPECT_EQ(0, giver.err);
	EXPECT_EQ(ECANCELED, self->tally->cqes[NR].error);
	EXPECT_EQ(0, self->tally->cqes[NR].value);
}

/* C15: an idle endpoint: nothing to cancel or to wait for. */
TEST_F(detach, idle)
{
	static const __u32 flags[] = { 0, REGBUF_DETACH_F_DRAIN };

	for (int i = 0; i < ARRAY_SIZE(flags); i++) {
		ASSERT_EQ(0, rb_q_detach(self->q, self->qr.ep, flags[i]));
		check_free(_metadata, self);
	}
	EXPECT_TRUE(rb_q_empty(self->q));
}

/* C15: closed in mid-send by the end of the queue: what entered is sent. */
TEST_F(detach, queue_is_closed)
{
	struct rb_sink sink;
	size_t part;

	fill(_metadata, self, LEN / 2);
	rb_q_close(self->q);
	/* Now nobody but us sends, after what has entered. */
	ASSERT_EQ(0, rb_sink_start(&sink, self->rig->far, self->stream.sent));
	ASSERT_EQ(4, send(self->rig->near, "\xff\0\xff\0", 4, MSG_NOSIGNAL));
	ASSERT_EQ(0, shutdown(self->rig->near, SHUT_WR));
	ASSERT_EQ(0, pthread_join(sink.thread, NULL));
	ASSERT_LT(4, sink.got);
	part = sink.got - 4;
	EXPECT_GT(self->stream.sent, part);
	EXPECT_EQ(0, memcmp(sink.data, self->stream.bytes, part));
	EXPECT_EQ(0, memcmp(sink.data + part, "\xff\0\xff\0", 4));
	free(sink.data);
}

FIXTURE(held)
{
	struct rb_qrig qr;
	struct rb_queue *q;
};

FIXTURE_SETUP(held)
{
	self->q = &self->qr.q;
	ASSERT_EQ(0, rb_qrig_setup(&self->qr, AF_INET, SOCK_STREAM, false, LEN,
				   64));
}

FIXTURE_TEARDOWN(held)
{
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

/* C1, C4: what the network holds completes later, into the same queue. */
TEST_F(held, completes_after_detaching)
{
	ASSERT_EQ(0, rb_net_hold(&self->qr.rig.net));
	rb_qrig_send(&self->qr, 0, 2000, 1);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(0, rb_q_detach(self->q, self->qr.ep, 0));
	EXPECT_EQ(0, rb_q_quiet(self->q));
	EXPECT_EQ(1, rb_in_flight(self->qr.rig.dev, self->qr.rig.id));
	ASSERT_EQ(0, rb_net_release(&self->qr.rig.net, self->qr.rig.far));
	EXPECT_EQ(0, rb_q_value(self->q, 1, 2000));
	EXPECT_TRUE(rb_within(10, !rb_in_flight(self->qr.rig.dev,
						self->qr.rig.id)));
}

/* C14: what has entered whole can't be cancelled, and completes as sent. */
TEST_F(held, can_not_be_cancelled)
{
	struct regbuf_cqe cqe;

	ASSERT_EQ(0, rb_net_hold(&self->qr.rig.net));
	rb_qrig_send(&self->qr, 0, 2000, 1);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	rb_sqe_cancel(self->q, self->qr.ep, 1, 0, 2);
	ASSERT_EQ(0, rb_q_one(self->q, &cqe));
	EXPECT_EQ(2, cqe.user_data);
	EXPECT_EQ(EALREADY, cqe.error);
	EXPECT_EQ(0, rb_q_quiet(self->q));
	ASSERT_EQ(0, rb_net_release(&self->qr.rig.net, self->qr.rig.far));
	EXPECT_EQ(0, rb_q_value(self->q, 1, 2000));
}

/* C1, C6: a socket that is closed while the network holds its bytes. */
TEST_F(held, completes_after_closing)
{
	ASSERT_EQ(0, rb_net_hold(&self->qr.rig.net));
	rb_qrig_send(&self->qr, 0, 2000, 1);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	close(self->qr.rig.near);
	self->qr.rig.near = -1;
	ASSERT_EQ(0, rb_deregister(self->qr.rig.dev, self->qr.rig.id));
	ASSERT_EQ(0, rb_q_detach(self->q, self->qr.ep, 0));
	EXPECT_EQ(0, rb_q_quiet(self->q));
	/* A word from the peer would only be refused; it is sent again. */
	ASSERT_EQ(0, rb_net_release(&self->qr.rig.net, -1));
	EXPECT_EQ(0, rb_q_value(self->q, 1, 2000));
}

#include "regbuf_main.h"
