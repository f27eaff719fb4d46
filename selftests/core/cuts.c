// SPDX-License-Identifier: GPL-2.0
/*
 * Sends of a stream that go in by halves, in two flights or more: each is in
 * use until all of it is through, and is told of its own bytes only.
 */
#include "regbuf_lane.h"

#include "kselftest_harness.h"

#define LEN	(1UL << 20)
#define ENTRIES	64
#define MOST	40
#define SHORT	9000	/* not so short that it is copied */
#define LONG	400000	/* longer than what goes in at a time */

FIXTURE(cuts)
{
	struct rb_qrig qr;
	struct rb_queue *q;
	struct rb_rig *rig;
	struct rb_stream stream;
	struct rb_tally *tally;
	__u32 lengths[MOST + 1];
};

FIXTURE_VARIANT(cuts)
{
	int family;
	__u32 flags;	/* to attach with */
};

FIXTURE_VARIANT_ADD(cuts, tcp4) { AF_INET };
FIXTURE_VARIANT_ADD(cuts, tcp6) { AF_INET6 };
FIXTURE_VARIANT_ADD(cuts, single) { AF_INET, REGBUF_ATTACH_F_SINGLE };

FIXTURE_SETUP(cuts)
{
	self->q = &self->qr.q;
	self->rig = &self->qr.rig;
	ASSERT_EQ(0, rb_qrig_setup(&self->qr, variant->family, SOCK_STREAM,
				   false, LEN, ENTRIES));
	ASSERT_EQ(0, rb_q_detach(self->q, self->qr.ep, 0));
	ASSERT_EQ(0, rb_q_attach(self->q, self->rig->near,
				 RB_BOTH | variant->flags, 0, 0,
				 &self->qr.ep));
	ASSERT_EQ(0, rb_stream_init(&self->stream, 32 * LEN));
	self->tally = rb_tally_new(MOST);
	ASSERT_NE(NULL, self->tally);
	self->tally->nr = 0;
}

FIXTURE_TEARDOWN(cuts)
{
	free(self->stream.bytes);
	free(self->tally);
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

/* One more, which is the next in the tally. */
static void add(FIXTURE_DATA(cuts) *self, __u32 length)
{
	__u64 offset = ++self->tally->nr * 4999;

	self->lengths[self->tally->nr] = length;
	rb_stream_note(&self->stream, self->rig->mem + offset, length);
	rb_qrig_send(&self->qr, offset, length, self->tally->nr);
}

/* Bytes that the socket has taken and nobody has acknowledged. */
static __u64 taken(FIXTURE_DATA(cuts) *self)
{
	int bytes;

	return ioctl(self->rig->near, SIOCOUTQ, &bytes) ? 0 : bytes;
}

/* Bytes of all sends. */
static __u64 total(const FIXTURE_DATA(cuts) *self)
{
	__u64 bytes = 0;

	for (__u32 i = 1; i <= self->tally->nr; i++)
		bytes += self->lengths[i];
	return bytes;
}

/*
 * Let in as much as there is room for now, and at least so many bytes: run the
 * queue until they went in, and it stopped. Nothing is acknowledged, so it does
 * that when the room is used up; but it goes on only when a third is free.
 */
static void let_in(struct __test_metadata *_metadata,
		   FIXTURE_DATA(cuts) *self, int room, __u64 bytes)
{
	while (taken(self) < bytes) {
		ASSERT_GE(16 << 20, room);
		ASSERT_EQ(0, rb_sockbuf(self->rig->near, SO_SNDBUFFORCE, room));
		/* Also when it is another thread that runs it just then. */
		ASSERT_EQ(0, rb_q_enter(self->q, 1, 0, 0, NULL));
		room += 16384;
	}
}

/* The number of the send that the byte with that number belongs to. */
static __u32 whose(const FIXTURE_DATA(cuts) *self, __u64 byte)
{
	__u32 i = 1;

	while (i < self->tally->nr && byte >= self->lengths[i])
		byte -= self->lengths[i++];
	return i;
}

/*
 * C1, C14: nothing was acknowledged, and what did not go in whole is cancelled:
 * of what went in, whole or in part, no memory is free, and nothing says so.
 */
static void cancel_rest(struct __test_metadata *_metadata,
			FIXTURE_DATA(cuts) *self)
{
	__u32 nr = self->tally->nr, last;

	EXPECT_TRUE(rb_q_empty(self->q));
	rb_sqe_cancel(self->q, self->qr.ep, 0,
		      REGBUF_SQE_F_ANY | REGBUF_SQE_F_ALL, ++self->tally->nr);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(0, rb_tally_take(self->tally, self->q));
	last = whose(self, taken(self) - 1);
	ASSERT_GE(nr, last);
	EXPECT_EQ(0, rb_tally_differs(self->tally, last + 1, nr, ECANCELED, 0));
	/* Or all had gone in, on a machine that was slow to send. */
	EXPECT_EQ(taken(self) == total(self) ? EALREADY : 0,
		  self->tally->cqes[nr + 1].error);
	EXPECT_EQ(nr - last + 1, self->tally->done);
	EXPECT_EQ(last, rb_in_flight(self->rig->dev, self->rig->id));
	EXPECT_EQ(0, rb_q_quiet(self->q));
}

/* C1, C4: it is acknowledged: exactly that arrives, and all is through. */
static void let_go(struct __test_metadata *_metadata,
		   FIXTURE_DATA(cuts) *self)
{
	__u64 went = taken(self), here;
	__u32 last = whose(self, went - 1);

	self->stream.sent = went;
	ASSERT_EQ(0, rb_net_release(&self->rig->net, self->rig->far));
	EXPECT_EQ(0, rb_stream_rest(&self->stream, self->rig->far));
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	for (__u32 i = 1; i <= last; i++, went -= here) {
		here = went < self->lengths[i] ? went : self->lengths[i];
		EXPECT_EQ(0, rb_tally_differs(self->tally, i, i,
					      here < self->lengths[i] ?
					      ECANCELED : 0, here));
	}
	EXPECT_TRUE(rb_within(10, !rb_in_flight(self->rig->dev,
						self->rig->id)));
}

/* The first is whole, the second goes in by halves, and so does the fourth. */
TEST_F(cuts, two_of_them)
{
	ASSERT_EQ(0, rb_sockbuf(self->rig->near, SO_SNDBUFFORCE, 16384));
	ASSERT_EQ(0, rb_net_hold(&self->rig->net));
	add(self, SHORT);
	add(self, 100000);
	add(self, SHORT);
	add(self, LONG);
	add(self, SHORT);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(2, whose(self, taken(self)));
	let_in(_metadata, self, 65536, 100000 + 2 * SHORT + 1);
	ASSERT_EQ(4, whose(self, taken(self)));
	cancel_rest(_metadata, self);
	let_go(_metadata, self);
}

/* Many, each in several parts, of which each part may end a flight. */
TEST_F(cuts, again_and_again)
{
	ASSERT_EQ(0, rb_sockbuf(self->rig->near, SO_SNDBUFFORCE, 16384));
	ASSERT_EQ(0, rb_net_hold(&self->rig->net));
	for (int i = 0; i < 20; i++)
		add(self, i % 3 ? 100000 : SHORT);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	for (int i = 1; i <= 6; i++)
		let_in(_metadata, self, 16384, taken(self) + 1);
	cancel_rest(_metadata, self);
	let_go(_metadata, self);
}

/* Nothing joins a flight that is older than two ticks, none as long as here. */
static void grow_old(struct __test_metadata *_metadata,
		     FIXTURE_DATA(cuts) *self)
{
	ASSERT_EQ(-ETIMEDOUT, rb_q_enter(self->q, 0, 1, 60 * RB_MSEC, NULL));
}

/*
 * C13: the network takes the first bytes, which are copied when they arrive,
 * and none of the others: it is said of those two sends to which they belong.
 */
TEST_F(cuts, copied_ones_are_told)
{
	const struct rb_netem lost = { .loss = 100 };
	struct regbuf_ioc_stats stats;

	ASSERT_EQ(0, rb_sockbuf(self->rig->near, SO_SNDBUFFORCE, 32768));
	ASSERT_EQ(0, rb_net_hold(&self->rig->net));
	add(self, SHORT);
	for (int i = 0; i < 5; i++)
		add(self, 100000);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(2, whose(self, taken(self)));
	while (taken(self) < self->stream.sent) {
		grow_old(_metadata, self);
		let_in(_metadata, self, 32768, taken(self) + 1);
	}
	EXPECT_EQ(6, rb_in_flight(self->rig->dev, self->rig->id));
	/* Nothing is sent again before that is over. */
	ASSERT_EQ(0, rb_net_near_netem(&lost));
	ASSERT_EQ(0, rb_net_peer_netem(&self->rig->net, NULL));
	ASSERT_EQ(0, rb_reset(self->rig->far));
	self->rig->far = -1;
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	for (int i = 1; i <= 6; i++) {
		EXPECT_EQ(0, rb_tally_differs(self->tally, i, i, 0,
					      self->lengths[i]));
		EXPECT_EQ(i <= 2 ? REGBUF_CQE_F_COPIED : 0,
			  self->tally->cqes[i].flags) {
			TH_LOG("%d", i);
		}
	}
	ASSERT_EQ(0, rb_stats(self->rig->dev, &stats));
	EXPECT_LT(SHORT, stats.copied_later);
	EXPECT_GE(SHORT + 100000, stats.copied_later);
}

/* C4: nothing is in it that could fail: the next one's error is not its. */
TEST_F(cuts, empty_before_an_error)
{
	ASSERT_EQ(0, shutdown(self->rig->near, SHUT_WR));
	add(self, 0);
	add(self, 0);
	add(self, 1000);
	add(self, 0);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, 2, 0, 0));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 3, 3, EPIPE, 0));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 4, 4, ECANCELED, 0));
}

/* No more goes in, until something is acknowledged. */
static void fill(struct __test_metadata *_metadata, FIXTURE_DATA(cuts) *self)
{
	ssize_t n;

	ASSERT_EQ(0, rb_sockbuf(self->rig->near, SO_SNDBUFFORCE, 16384));
	ASSERT_EQ(0, rb_net_hold(&self->rig->net));
	while ((n = send(self->rig->near, self->rig->mem, RB_PAGE,
			 MSG_DONTWAIT)) > 0)
		rb_stream_note(&self->stream, self->rig->mem, n);
	ASSERT_EQ(EAGAIN, errno);
}

/* C1: and it needs no room, for which the next one waits. */
TEST_F(cuts, empty_before_a_wait)
{
	fill(_metadata, self);
	add(self, 0);
	add(self, SHORT);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(0, rb_tally_take(self->tally, self->q));
	EXPECT_EQ(1, self->tally->done);
	EXPECT_EQ(1, self->tally->last);
	EXPECT_EQ(0, rb_q_quiet(self->q));
	ASSERT_EQ(0, rb_net_release(&self->rig->net, self->rig->far));
	EXPECT_EQ(0, rb_stream_rest(&self->stream, self->rig->far));
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, 1, 0, 0));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 2, 2, 0, SHORT));
}

#include "regbuf_main.h"
