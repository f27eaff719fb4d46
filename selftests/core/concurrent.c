// SPDX-License-Identifier: GPL-2.0
/*
 * C6, C16, C19: requests that share memory, memory that is given up under them,
 * and progress when nobody waits.
 */
#include "regbuf_lane.h"

#include "kselftest_harness.h"

#define LEN	(512UL << 10)
#define ROUNDS	1000
#define BATCH	128
#define SHORT	1500

FIXTURE(concurrent)
{
	struct rb_qrig qr;
	struct rb_queue *q;
	struct rb_rig *rig;
	struct rb_stream stream;
	struct rb_tally *tally;
	__u32 far;		/* the other end, an endpoint too */
	struct regbuf_cqe cqe;
};

FIXTURE_VARIANT(concurrent)
{
	bool loopback;
};

FIXTURE_VARIANT_ADD(concurrent, veth) { false };
FIXTURE_VARIANT_ADD(concurrent, loopback) { true };

FIXTURE_SETUP(concurrent)
{
	self->q = &self->qr.q;
	self->rig = &self->qr.rig;
	ASSERT_EQ(0, rb_qrig_setup(&self->qr, AF_INET, SOCK_STREAM,
				   variant->loopback, LEN, 256));
	ASSERT_EQ(0, rb_q_attach(self->q, self->rig->far, RB_BOTH, 0, 0,
				 &self->far));
	ASSERT_EQ(0, rb_stream_init(&self->stream, 8 * LEN));
	ASSERT_EQ(0, rb_sockbuf(self->rig->near, SO_SNDBUF, 32768));
	ASSERT_EQ(0, rb_sockbuf(self->rig->far, SO_RCVBUF, 32768));
}

FIXTURE_TEARDOWN(concurrent)
{
	free(self->tally);
	free(self->stream.bytes);
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

/* C19: many sends of ranges that overlap, in flight together. */
TEST_F(concurrent, overlapping_sends)
{
	self->tally = rb_tally_new(100);
	for (int i = 1; i <= 100; i++) {
		rb_qrig_send(&self->qr, i * 10, 20000, i);
		rb_stream_note(&self->stream, self->rig->mem + i * 10, 20000);
	}
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, rb_stream_rest(&self->stream, self->rig->far));
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, 100, 0, 20000));
}

/* C19: one buffer, sent from and received into next to each other. */
TEST_F(concurrent, both_directions_in_one_buffer)
{
	unsigned char *mem = self->rig->mem;

	self->tally = rb_tally_new(80);
	for (int i = 0; i < 40; i++) {
		rb_sqe_recv(self->q, self->far, self->rig->id,
			    LEN / 2 + i * 3000, 3000, i + 1)->flags =
			REGBUF_SQE_F_WAITALL;
		rb_qrig_send(&self->qr, i * 3000, 3000, 41 + i);
	}
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, 80, 0, 3000));
	EXPECT_EQ(0, memcmp(mem, mem + LEN / 2, 40 * 3000));
}

/*
 * C19: received over what is being sent: bytes may be of either then, but each
 * request completes with its length, and nobody is hurt.
 */
TEST_F(concurrent, received_over_what_is_sent)
{
	self->tally = rb_tally_new(80);
	for (int i = 0; i < 40; i++) {
		rb_sqe_recv(self->q, self->far, self->rig->id, i * 999, 4000,
			    i + 1)->flags = REGBUF_SQE_F_WAITALL;
		rb_qrig_send(&self->qr, i * 1111, 4000, 41 + i);
	}
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, 80, 0, 4000));
}

/* C19, S1: one buffer in several queues at once. */
TEST_F(concurrent, one_buffer_in_two_queues)
{
	struct rb_queue other;
	struct rb_sink sink;
	int sv[2];
	__u32 ep;

	ASSERT_EQ(0, rb_q_open(self->rig->dev, &other, 64, 64, 0));
	ASSERT_EQ(0, rb_pair(NULL, AF_INET, SOCK_STREAM, sv));
	ASSERT_EQ(0, rb_q_attach(&other, sv[0], RB_BOTH, 0, 0, &ep));
	ASSERT_EQ(0, rb_sink_start(&sink, sv[1], 20 * 10000));
	for (int i = 0; i < 20; i++) {
		rb_qrig_send(&self->qr, i * 10000, 10000, i + 1);
		rb_stream_note(&self->stream, self->rig->mem + i * 10000,
			       10000);
		rb_sqe_send(&other, ep, self->rig->id, i * 10000, 10000, i + 1);
		ASSERT_EQ(0, rb_q_submit_all(self->q));
		ASSERT_EQ(0, rb_q_submit_all(&other));
	}
	EXPECT_EQ(0, rb_stream_rest(&self->stream, self->rig->far));
	EXPECT_EQ(0, rb_sink_finish(&sink, self->rig->mem));
	self->tally = rb_tally_new(20);
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, 20, 0, 10000));
	memset(self->tally, 0, sizeof(*self->tally));
	self->tally->nr = 20;
	ASSERT_EQ(0, rb_tally_all(self->tally, &other));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, 20, 0, 10000));
	rb_q_close(&other);
	close(sv[0]);
	close(sv[1]);
}

/*
 * C6, S21, S22: deregistered while sends of it are in the socket, half in, and
 * waiting: all of them go on, and then the pages go.
 */
TEST_F(concurrent, deregistered_under_sends)
{
	struct regbuf_ioc_status status;
	struct regbuf_ioc_stats stats;

	self->tally = rb_tally_new(5);
	for (int i = 1; i <= 5; i++) {
		rb_qrig_send(&self->qr, i, LEN / 2, i);
		rb_stream_note(&self->stream, self->rig->mem + i, LEN / 2);
	}
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(0, rb_deregister(self->rig->dev, self->rig->id));
	ASSERT_EQ(0, rb_status(self->rig->dev, self->rig->id, &status));
	EXPECT_EQ(REGBUF_STATE_CLOSING, status.state);
	EXPECT_LT(0, status.in_flight);
	rb_qrig_send(&self->qr, 0, 1, 6);
	EXPECT_EQ(-ESTALE, rb_q_submit_all(self->q));
	rb_q_drop(self->q);
	EXPECT_LT(self->rig->pins, rb_pins());
	EXPECT_EQ(0, rb_stream_rest(&self->stream, self->rig->far));
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, 5, 0, LEN / 2));
	EXPECT_TRUE(rb_within(20, rb_pins() <= self->rig->pins &&
			      !rb_stats(self->rig->dev, &stats) &&
			      !stats.buffers));
	EXPECT_EQ(1, stats.deregistered_in_flight);
}

/* C6: its memory is unmapped as well: the bytes are those that were there. */
TEST_F(concurrent, unmapped_under_sends)
{
	self->tally = rb_tally_new(3);
	for (int i = 1; i <= 3; i++) {
		rb_qrig_send(&self->qr, i, LEN / 2, i);
		rb_stream_note(&self->stream, self->rig->mem + i, LEN / 2);
	}
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(0, rb_deregister(self->rig->dev, self->rig->id));
	ASSERT_EQ(0, munmap(self->rig->mem, LEN));
	EXPECT_EQ(0, rb_stream_rest(&self->stream, self->rig->far));
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, 3, 0, LEN / 2));
}

/* Read at the far side only; whether so many completions came to be seen. */
static int seen_in_memory(FIXTURE_DATA(concurrent) *self, __u32 nr)
{
	return rb_within(20, rb_stream_read(&self->stream, self->rig->far,
					    65536) < 0 ||
			     rb_q_ready(self->q) >= nr);
}

/* C16: no call is made after the submission: the worker goes on by itself. */
TEST_F(concurrent, progress_without_calls)
{
	self->tally = rb_tally_new(12);
	for (int i = 1; i <= 12; i++) {
		rb_qrig_send(&self->qr, i, 100000, i);
		rb_stream_note(&self->stream, self->rig->mem + i, 100000);
	}
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_GT(12, rb_q_ready(self->q));
	ASSERT_TRUE(seen_in_memory(self, 12));
	ASSERT_EQ(0, rb_tally_take(self->tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, 12, 0, 100000));
	EXPECT_EQ(0, rb_stream_rest(&self->stream, self->rig->far));
}

/* C16: the same with both ends in the queue, sending and receiving. */
TEST_F(concurrent, both_ends_without_calls)
{
	unsigned char *mem = self->rig->mem;

	self->tally = rb_tally_new(4);
	rb_sqe_recv(self->q, self->far, self->rig->id, LEN / 2, LEN / 2,
		    1)->flags = REGBUF_SQE_F_WAITALL;
	rb_qrig_send(&self->qr, 0, LEN / 4, 2);
	rb_qrig_send(&self->qr, LEN / 4, LEN / 4, 3);
	rb_sqe_shutdown(self->q, self->qr.ep, 4);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_TRUE(rb_within(20, rb_q_ready(self->q) == 4));
	ASSERT_EQ(0, rb_tally_take(self->tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, 1, 0, LEN / 2));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 2, 3, 0, LEN / 4));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 4, 4, 0, 0));
	EXPECT_EQ(0, memcmp(mem, mem + LEN / 2, LEN / 2));
}

/* Consume all, of which one is a no-op's; how many sends that were. */
static int reap_sends(FIXTURE_DATA(concurrent) *self)
{
	int nr = -1;

	for (; rb_q_pop(self->q, &self->cqe); nr++)
		if (self->cqe.error)
			return -1;
	return nr;
}

/* Look all the time; how often a call told of more than there was, or -1. */
static int calls_that_lie(FIXTURE_DATA(concurrent) *self, int sends)
{
	struct regbuf_ioc_enter out;
	int lies = 0, nr;

	while (sends > 0) {
		rb_sqe_nop(self->q, 0);
		if (rb_q_enter(self->q, ~0u, 0, 0, &out))
			return -1;
		lies += out.ready > rb_q_ready(self->q);
		nr = reap_sends(self);
		if (nr < 0)
			return -1;
		sends -= nr;
	}
	return lies;
}

/* Until the end. */
static void *read_all(void *arg)
{
	static char bytes[65536];

	while (recv(*(int *)arg, bytes, sizeof(bytes), 0) > 0)
		;
	return NULL;
}

/*
 * C16: what a call says is there can be consumed, also while flights land on
 * the other CPU, with many requests each: whoever reads there sends what is in
 * the socket, and has it acknowledged.
 */
TEST_F_TIMEOUT(concurrent, what_is_told_is_there, 120)
{
	bool slow = !access("/sys/kernel/debug/kmemleak", F_OK);
	int rounds = slow ? ROUNDS / 10 : ROUNDS, lies = 0;
	pthread_t reader;

	ASSERT_EQ(0, rb_sockbuf(self->rig->near, SO_SNDBUF, 1 << 20));
	ASSERT_EQ(0, pthread_create(&reader, NULL, read_all,
				    &self->rig->far));
	for (int i = 0; i < rounds && !lies; i++) {
		for (int j = 0; j < BATCH; j++)
			rb_qrig_send(&self->qr, j * SHORT, SHORT, 1);
		lies = calls_that_lie(self, BATCH);
	}
	EXPECT_EQ(0, lies);
	shutdown(self->rig->near, SHUT_WR);
	EXPECT_EQ(0, pthread_join(reader, NULL));
}

#include "regbuf_main.h"
