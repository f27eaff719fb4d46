// SPDX-License-Identifier: GPL-2.0
/*
 * C1, C3, C4: what is sent to a stream arrives whole and in order, however the
 * other side and the network behave, and each send completes once.
 */
#include "regbuf_lane.h"

#include "kselftest_harness.h"

#define LEN	(1UL << 20)
#define ENTRIES	1024

FIXTURE(stream)
{
	struct rb_qrig qr;
	struct rb_queue *q;
	struct rb_rig *rig;
	struct rb_stream stream;
	struct rb_tally *tally;
	__u64 seed;
};

FIXTURE_VARIANT(stream)
{
	int family;
	bool loopback;
};

FIXTURE_VARIANT_ADD(stream, tcp4) { .family = AF_INET };
FIXTURE_VARIANT_ADD(stream, tcp6) { .family = AF_INET6 };
FIXTURE_VARIANT_ADD(stream, tcp4_loopback) {
	.family = AF_INET,
	.loopback = true,
};

FIXTURE_SETUP(stream)
{
	self->q = &self->qr.q;
	self->rig = &self->qr.rig;
	self->seed = 20;
	ASSERT_EQ(0, rb_qrig_setup(&self->qr, variant->family, SOCK_STREAM,
				   variant->loopback, LEN, ENTRIES));
	ASSERT_EQ(0, rb_stream_init(&self->stream, 8 * LEN));
}

FIXTURE_TEARDOWN(stream)
{
	free(self->stream.bytes);
	free(self->tally);
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

static void expect_completions(struct __test_metadata *_metadata,
			       FIXTURE_DATA(stream) *self, __u32 nr)
{
	free(self->tally);
	self->tally = rb_tally_new(nr);
	ASSERT_NE(NULL, self->tally);
	ASSERT_EQ(nr, self->tally->nr);
}

/* Write an entry that sends so much from some place. */
static struct regbuf_sqe *post(FIXTURE_DATA(stream) *self, __u32 length,
			       __u64 data)
{
	__u64 offset = rb_rand(&self->seed) % (LEN - length + 1);

	rb_stream_note(&self->stream, self->rig->mem + offset, length);
	return rb_qrig_send(&self->qr, offset, length, data);
}

/* So many sends of random lengths, in one submission. */
static void post_many(struct __test_metadata *_metadata,
		      FIXTURE_DATA(stream) *self, __u32 nr, __u32 longest)
{
	expect_completions(_metadata, self, nr);
	for (__u32 i = 1; i <= nr; i++) {
		/* Kept to compare the completion with. */
		self->tally->cqes[i].value = 1 + rb_rand(&self->seed) % longest;
		post(self, self->tally->cqes[i].value, i);
	}
	ASSERT_EQ(0, rb_q_submit_all(self->q));
}

/* C1, C4: one completion each, without an error, of the whole length. */
static void check_completions(struct __test_metadata *_metadata,
			      FIXTURE_DATA(stream) *self)
{
	__u32 lengths[ENTRIES + 1];

	for (__u32 i = 1; i <= self->tally->nr; i++)
		lengths[i] = self->tally->cqes[i].value;
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	for (__u32 i = 1; i <= self->tally->nr; i++)
		ASSERT_EQ(0, rb_tally_differs(self->tally, i, i, 0,
					      lengths[i]));
}

/* C1, C3, C4: many small ones at once, which may go as one. */
TEST_F(stream, many_small_sends)
{
	struct rb_sink sink;

	post_many(_metadata, self, 1000, 100);
	ASSERT_EQ(0, rb_sink_start(&sink, self->rig->far, self->stream.sent));
	check_completions(_metadata, self);
	EXPECT_EQ(0, rb_sink_finish(&sink, self->stream.bytes));
}

/* C1, C3, C4: each its own submission, from one byte to many pages. */
TEST_F(stream, every_length)
{
	static const __u32 lengths[] = {
		1, 2, 1447, 1448, 1449, 4095, 4096, 4097, 65535, 65536, 262147,
	};
	struct rb_sink sink;

	for (int i = 0; i < ARRAY_SIZE(lengths); i++)
		self->stream.sent += lengths[i];
	ASSERT_EQ(0, rb_sink_start(&sink, self->rig->far, self->stream.sent));
	self->stream.sent = 0;
	for (int i = 0; i < ARRAY_SIZE(lengths); i++) {
		post(self, lengths[i], i + 1);
		ASSERT_EQ(0, rb_q_submit_all(self->q));
		ASSERT_EQ(0, rb_q_value(self->q, i + 1, lengths[i]));
	}
	EXPECT_EQ(0, rb_sink_finish(&sink, self->stream.bytes));
}

/*
 * C3, C4: hardly any room, so that every send is cut into pieces, and a reader
 * that takes a bit now and then.
 */
TEST_F(stream, tiny_socket_buffers)
{
	ASSERT_EQ(0, rb_sockbuf(self->rig->near, SO_SNDBUF, 1));
	ASSERT_EQ(0, rb_sockbuf(self->rig->far, SO_RCVBUF, 16384));
	post_many(_metadata, self, 60, 12000);
	EXPECT_LT(rb_q_ready(self->q), self->tally->nr);
	ASSERT_TRUE(rb_within(25, ({
		ssize_t n = rb_stream_read(&self->stream, self->rig->far,
					   1 + rb_rand(&self->seed) % 9000);

		ASSERT_LE(0, n);
		n > 0 && rb_stream_whole(&self->stream); })));
	check_completions(_metadata, self);
}

/* Until nothing more completes. */
static void settle(struct rb_queue *q)
{
	while (!rb_q_enter(q, 0, rb_q_ready(q) + 1, RB_SHORT, NULL))
		;
}

/* C3, C4: a reader that stops until nothing moves, and goes on. */
TEST_F(stream, reader_stops_and_goes)
{
	size_t some = LEN / 4;

	ASSERT_EQ(0, rb_sockbuf(self->rig->near, SO_SNDBUF, 32768));
	ASSERT_EQ(0, rb_sockbuf(self->rig->far, SO_RCVBUF, 32768));
	post_many(_metadata, self, 20, 200000);
	while (self->stream.seen + some < self->stream.sent) {
		settle(self->q);
		ASSERT_GT(self->tally->nr, rb_q_ready(self->q));
		ASSERT_TRUE(rb_within(20, ({
			ASSERT_LE(0, rb_stream_read(&self->stream,
						    self->rig->far, 60000));
			self->stream.seen >= some; })));
		some += LEN / 4;
	}
	EXPECT_EQ(0, rb_stream_rest(&self->stream, self->rig->far));
	check_completions(_metadata, self);
}

/* The same over a link on which these things happen. */
static void over_a_bad_link(struct __test_metadata *_metadata,
			    FIXTURE_DATA(stream) *self, bool loopback,
			    const struct rb_netem *there,
			    const struct rb_netem *back)
{
	struct rb_sink sink;

	/* Loopback has no link; there it goes without. */
	if (!loopback) {
		ASSERT_EQ(0, rb_net_near_netem(there));
		ASSERT_EQ(0, rb_net_peer_netem(&self->rig->net, back));
	}
	post_many(_metadata, self, 40, 8000);
	ASSERT_EQ(0, rb_sink_start(&sink, self->rig->far, self->stream.sent));
	check_completions(_metadata, self);
	EXPECT_EQ(0, rb_sink_finish(&sink, self->stream.bytes));
}

/* C3, C4 */
TEST_F(stream, delayed_link)
{
	struct rb_netem netem = { .delay_us = 5000, .jitter_us = 4000 };

	over_a_bad_link(_metadata, self, variant->loopback, &netem, &netem);
}

/* C3, C4 */
TEST_F_TIMEOUT(stream, reordering_link, 60)
{
	struct rb_netem netem = { .delay_us = 3000, .reorder = 30 };
	struct rb_netem back = { .delay_us = 1000 };

	over_a_bad_link(_metadata, self, variant->loopback, &netem, &back);
}

/* C1, C4: what is lost is sent again, and nothing is free before. */
TEST_F_TIMEOUT(stream, lossy_link, 90)
{
	struct rb_netem netem = { .loss = 4 }, back = { .loss = 2 };

	over_a_bad_link(_metadata, self, variant->loopback, &netem, &back);
}

/* C4: no bytes are nothing, and it completes in its turn. */
TEST_F(stream, nothing_at_all)
{
	char byte;

	rb_qrig_send(&self->qr, 0, 0, 1);
	rb_qrig_send(&self->qr, 5, 1, 2);
	rb_qrig_send(&self->qr, LEN, 0, 3);
	expect_completions(_metadata, self, 3);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, 1, 0, 0));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 2, 2, 0, 1));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 3, 3, 0, 0));
	ASSERT_EQ(1, recv(self->rig->far, &byte, 1, 0));
	EXPECT_EQ((char)self->rig->mem[5], byte);
}

/* C4: more to come does not mean that it never goes. */
TEST_F(stream, more_to_come)
{
	for (int i = 1; i <= 20; i++)
		post(self, 100 * i, i)->flags |= i % 5 ? REGBUF_SQE_F_MORE : 0;
	expect_completions(_metadata, self, 20);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, rb_stream_rest(&self->stream, self->rig->far));
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	for (int i = 1; i <= 20; i++)
		EXPECT_EQ(0, rb_tally_differs(self->tally, i, i, 0, 100 * i));

	/* The last one says it, too, and nothing comes. */
	post(self, 7, 21)->flags |= REGBUF_SQE_F_MORE;
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, rb_q_value(self->q, 21, 7));
	EXPECT_EQ(0, rb_stream_rest(&self->stream, self->rig->far));
}

/* Fill a list with slices of three buffers and bytes; how long it is. */
static size_t make_list(FIXTURE_DATA(stream) *self, __u64 *ids, char *bytes,
			struct regbuf_slice *list, __u32 nr)
{
	size_t total = 0;
	__u64 offset;

	for (__u32 i = 0; i < nr; i++) {
		offset = i * 4099;
		list[i] = rb_slice(ids[i % 4], offset, i % 7 * 211);
		if (i % 4 == 3)
			list[i] = rb_inline(bytes + i * 8, i % 9);
		rb_stream_note(&self->stream,
			       i % 4 == 3 ? (void *)(bytes + i * 8) :
			       self->rig->mem + i % 4 * 65536 + offset,
			       list[i].length);
		total += list[i].length;
	}
	return total;
}

/*
 * C4, C13: lists over several buffers with bytes between them, of which each
 * send is one; all are read when the entry is taken, though the lane is stuck.
 */
TEST_F(stream, lists)
{
	struct regbuf_slice list[60];
	struct regbuf_cqe cqe;
	size_t total, first;
	char bytes[60 * 8];
	__u64 ids[4];

	for (int i = 0; i < 4; i++)
		ASSERT_EQ(0, rb_register(self->rig->dev,
					 self->rig->mem + i * 65536, 262144,
					 RB_READ, &ids[i]));
	rb_pattern(bytes, sizeof(bytes), 99);
	/* More than any socket takes, so that what follows is stuck. */
	ASSERT_EQ(0, rb_sockbuf(self->rig->near, SO_SNDBUF, 32768));
	ASSERT_EQ(0, rb_sockbuf(self->rig->far, SO_RCVBUF, 32768));
	post(self, LEN, 1);
	first = make_list(self, ids, bytes, list, 60);
	rb_sqe_send_list(self->q, self->qr.ep, list, 60, 2);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	memset(list, 0xff, sizeof(list));
	memset(bytes, 0xee, sizeof(bytes));
	EXPECT_TRUE(rb_q_empty(self->q));
	rb_pattern(bytes, sizeof(bytes), 55);
	total = make_list(self, ids, bytes, list, 13);
	rb_sqe_send_list(self->q, self->qr.ep, list, 13, 3);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	memset(bytes, 0xdd, sizeof(bytes));

	EXPECT_EQ(0, rb_stream_rest(&self->stream, self->rig->far));
	EXPECT_EQ(0, rb_q_value(self->q, 1, LEN));
	ASSERT_EQ(0, rb_q_next(self->q, &cqe));
	EXPECT_EQ(2, cqe.user_data);
	EXPECT_EQ(first, cqe.value);
	EXPECT_TRUE(cqe.copy_reasons & RB_COPY(INLINE));
	EXPECT_EQ(0, rb_q_value(self->q, 3, total));
}

/* C3: bytes of a program's memory, which may be used again at once. */
TEST_F(stream, inline_sends)
{
	struct regbuf_cqe cqe;
	char bytes[64];

	for (int i = 1; i <= 50; i++) {
		memset(bytes, i, sizeof(bytes));
		rb_sqe_send_inline(self->q, self->qr.ep, bytes, i, i);
		rb_stream_note(&self->stream, bytes, i);
		ASSERT_EQ(0, rb_q_submit_all(self->q));
		memset(bytes, 0xcc, sizeof(bytes));
	}
	for (int i = 1; i <= 50; i++) {
		ASSERT_EQ(0, rb_q_next(self->q, &cqe));
		EXPECT_EQ(i, cqe.user_data);
		EXPECT_EQ(i, cqe.value);
		EXPECT_TRUE(cqe.copy_reasons & RB_COPY(INLINE));
	}
	EXPECT_EQ(0, rb_stream_rest(&self->stream, self->rig->far));
}

/* Stall the lane with a send that cannot go in whole, and two behind it. */
static void stall(struct __test_metadata *_metadata,
		  FIXTURE_DATA(stream) *self)
{
	ASSERT_EQ(0, rb_sockbuf(self->rig->near, SO_SNDBUF, 32768));
	ASSERT_EQ(0, rb_sockbuf(self->rig->far, SO_RCVBUF, 32768));
	rb_qrig_send(&self->qr, 0, 100, 1);
	rb_qrig_send(&self->qr, 0, LEN, 2);
	rb_qrig_send(&self->qr, 0, 100, 3);
	rb_qrig_send(&self->qr, 0, 100, 4);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	/* Something of it is there: the first bytes after the first 100. */
	ASSERT_TRUE(rb_within(10, ({
		char data[200];

		recv(self->rig->far, data, 200, MSG_PEEK | MSG_DONTWAIT) ==
			200; })));
	expect_completions(_metadata, self, 4);
}

/*
 * C4: the peer resets in mid-send: that one says how much went in, those behind
 * it are cancelled, and so are all that come later.
 */
TEST_F(stream, reset_in_mid_send)
{
	struct regbuf_cqe *cqe;

	stall(_metadata, self);
	ASSERT_EQ(0, rb_reset(self->rig->far));
	self->rig->far = -1;
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, 1, 0, 100));
	cqe = &self->tally->cqes[2];
	EXPECT_TRUE(cqe->error == ECONNRESET || cqe->error == EPIPE) {
		TH_LOG("error %u", cqe->error);
	}
	EXPECT_LT(0, cqe->value);
	EXPECT_GT(LEN, cqe->value);
	EXPECT_EQ(0, rb_tally_differs(self->tally, 3, 4, ECANCELED, 0));
	rb_qrig_send(&self->qr, 0, 100, 5);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, rb_q_error(self->q, 5, ECANCELED));
	EXPECT_TRUE(rb_q_empty(self->q));
}

/* C4: the same if our side is shut down by somebody else. */
TEST_F(stream, shut_down_in_mid_send)
{
	struct rb_rig *rig = self->rig;
	struct regbuf_cqe *cqe;

	stall(_metadata, self);
	ASSERT_EQ(0, shutdown(rig->near, SHUT_WR));
	rb_stream_note(&self->stream, rig->mem, 100);
	rb_stream_note(&self->stream, rig->mem, LEN);
	/* What went in is sent, and then the end. */
	ASSERT_TRUE(rb_within(20, rb_stream_read(&self->stream, rig->far,
						 65536) < 0));
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	cqe = &self->tally->cqes[2];
	EXPECT_EQ(EPIPE, cqe->error);
	EXPECT_EQ(self->stream.seen, 100 + cqe->value);
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, 1, 0, 100));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 3, 4, ECANCELED, 0));
}

/*
 * C4: the socket is disconnected in mid-send, and connected to somebody else,
 * who must not get the rest.
 */
TEST_F(stream, disconnected_in_mid_send)
{
	struct sockaddr nobody = { .sa_family = AF_UNSPEC };
	struct sockaddr_storage ss;
	struct regbuf_cqe *cqe;
	int listener, peer;
	socklen_t len;
	char byte;

	stall(_metadata, self);
	ASSERT_EQ(0, connect(self->rig->near, &nobody, sizeof(nobody)));
	listener = rb_listener(variant->family, &ss, &len);
	ASSERT_LE(0, listener);
	ASSERT_EQ(0, connect(self->rig->near, (struct sockaddr *)&ss, len));
	peer = accept(listener, NULL, NULL);
	ASSERT_LE(0, peer);
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	cqe = &self->tally->cqes[2];
	EXPECT_NE(0, cqe->error);
	EXPECT_LT(0, cqe->value);
	EXPECT_GT(LEN, cqe->value);
	EXPECT_EQ(0, rb_tally_differs(self->tally, 3, 4, ECANCELED, 0));
	ASSERT_EQ(0, shutdown(self->rig->near, SHUT_WR));
	ASSERT_TRUE(rb_within(10, rb_sock_events(peer, POLLIN)));
	EXPECT_EQ(0, recv(peer, &byte, 1, 0));
	close(peer);
	close(listener);
}

/* C3: the end comes after what was sent before, and is the end. */
TEST_F(stream, shutdown_in_its_turn)
{
	char byte;

	ASSERT_EQ(0, rb_sockbuf(self->rig->near, SO_SNDBUF, 4096));
	for (int i = 1; i <= 10; i++)
		post(self, 10000, i);
	rb_sqe_shutdown(self->q, self->qr.ep, 11);
	expect_completions(_metadata, self, 13);
	rb_qrig_send(&self->qr, 0, 10, 12);
	rb_qrig_send(&self->qr, 0, 10, 13);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, rb_stream_rest(&self->stream, self->rig->far));
	EXPECT_EQ(0, recv(self->rig->far, &byte, 1, 0));
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, 10, 0, 10000));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 11, 11, 0, 0));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 12, 12, EPIPE, 0));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 13, 13, ECANCELED, 0));
	/* Half of the connection goes on. */
	ASSERT_EQ(3, send(self->rig->far, "abc", 3, 0));
	rb_qrig_recv(&self->qr, 0, 10, 14);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, rb_q_value(self->q, 14, 3));
}

/* C4: the peer says no more itself: what we send still arrives. */
TEST_F(stream, half_closed_by_the_peer)
{
	struct regbuf_cqe cqe;

	ASSERT_EQ(0, shutdown(self->rig->far, SHUT_WR));
	rb_qrig_recv(&self->qr, 0, 10, 1);
	ASSERT_EQ(0, rb_q_one(self->q, &cqe));
	EXPECT_EQ(0, cqe.value);
	EXPECT_EQ(0, cqe.error);
	EXPECT_EQ(REGBUF_CQE_F_EOF, cqe.flags & REGBUF_CQE_F_EOF);
	post(self, 300000, 2);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, rb_stream_rest(&self->stream, self->rig->far));
	EXPECT_EQ(0, rb_q_value(self->q, 2, 300000));
}

/* C4: a send to nobody: EPIPE, no SIGPIPE, and the rest is cancelled. */
TEST_F(stream, peer_is_gone)
{
	ASSERT_EQ(0, rb_reset(self->rig->far));
	self->rig->far = -1;
	ASSERT_TRUE(rb_within(10, rb_sock_events(self->rig->near, 0)));
	for (int i = 1; i <= 3; i++)
		rb_qrig_send(&self->qr, 0, 100, i);
	expect_completions(_metadata, self, 3);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	EXPECT_TRUE(self->tally->cqes[1].error == ECONNRESET ||
		    self->tally->cqes[1].error == EPIPE);
	EXPECT_EQ(0, self->tally->cqes[1].value);
	EXPECT_EQ(0, rb_tally_differs(self->tally, 2, 3, ECANCELED, 0));
}

/* C4: a bad entry is refused, with the sends around it left alone. */
TEST_F(stream, refused_in_the_middle)
{
	__u64 dead;

	ASSERT_EQ(0, rb_register(self->rig->dev, self->rig->mem, LEN, RB_WRITE,
				 &dead));
	post(self, 1000, 1);
	rb_sqe_send(self->q, self->qr.ep, dead, 0, 10, 2);
	EXPECT_EQ(-EACCES, rb_q_submit_all(self->q));
	rb_q_drop(self->q);
	ASSERT_EQ(0, rb_deregister(self->rig->dev, dead));
	rb_sqe_send(self->q, self->qr.ep, dead, 0, 10, 3);
	EXPECT_EQ(-ESTALE, rb_q_submit_all(self->q));
	rb_q_drop(self->q);
	rb_qrig_send(&self->qr, LEN - 5, 6, 4);
	EXPECT_EQ(-EFAULT, rb_q_submit_all(self->q));
	rb_q_drop(self->q);
	post(self, 1000, 5);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, rb_stream_rest(&self->stream, self->rig->far));
	EXPECT_EQ(0, rb_q_value(self->q, 1, 1000));
	EXPECT_EQ(0, rb_q_value(self->q, 5, 1000));
}

FIXTURE(ordered)
{
	struct rb_qrig qr;
	struct rb_queue *q;
	__u32 ep;
};

FIXTURE_SETUP(ordered)
{
	self->q = &self->qr.q;
	ASSERT_EQ(0, rb_qrig_setup(&self->qr, AF_INET, SOCK_STREAM, false, LEN,
				   64));
	ASSERT_EQ(0, rb_q_detach(self->q, self->qr.ep, 0));
	ASSERT_EQ(0, rb_net_hold(&self->qr.rig.net));
}

FIXTURE_TEARDOWN(ordered)
{
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

/* Zero-copied and copied ones by turns. */
static void post_mixture(struct __test_metadata *_metadata,
			 FIXTURE_DATA(ordered) *self)
{
	for (int i = 1; i <= 12; i++) {
		if (i % 2)
			rb_sqe_send(self->q, self->ep, self->qr.rig.id, 0,
				    2000, i);
		else
			rb_sqe_send_inline(self->q, self->ep, "ab", 2, i);
		ASSERT_EQ(0, rb_q_submit_all(self->q));
	}
}

/* C4: asked for, none completes before an earlier one that is in flight. */
TEST_F(ordered, completions_in_order)
{
	ASSERT_EQ(0, rb_q_attach(self->q, self->qr.rig.near,
				 RB_BOTH | REGBUF_ATTACH_F_ORDERED, 0, 0,
				 &self->ep));
	post_mixture(_metadata, self);
	EXPECT_EQ(0, rb_q_quiet(self->q));
	ASSERT_EQ(0, rb_net_release(&self->qr.rig.net, self->qr.rig.far));
	for (int i = 1; i <= 12; i++)
		ASSERT_EQ(0, rb_q_value(self->q, i, i % 2 ? 2000 : 2));
}

/* C4: else each one when its memory is free; zero-copied ones not before. */
TEST_F(ordered, not_asked_for)
{
	struct rb_tally *tally = rb_tally_new(12);

	ASSERT_EQ(0, rb_q_attach(self->q, self->qr.rig.near, RB_BOTH, 0, 0,
				 &self->ep));
	post_mixture(_metadata, self);
	ASSERT_EQ(0, rb_tally_take(tally, self->q));
	for (int i = 1; i <= 12; i += 2)
		EXPECT_EQ(0, tally->cqes[i].user_data);
	ASSERT_EQ(0, rb_net_release(&self->qr.rig.net, self->qr.rig.far));
	ASSERT_EQ(0, rb_tally_all(tally, self->q));
	free(tally);
}

#include "regbuf_main.h"
