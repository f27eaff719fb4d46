// SPDX-License-Identifier: GPL-2.0
/*
 * Sends of a stream that go into the stack together (design, part 4): nobody
 * can tell by what arrives, and each of them still completes once, when its
 * memory is free.
 */
#include "regbuf_lane.h"

#include <linux/errqueue.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <net/ethernet.h>

#include "kselftest_harness.h"

#define LEN	(1UL << 20)
#define ENTRIES	512
#define MOST	200
#define SHORT	100	/* bytes that are cheaper to copy, */
#define LONG	4000	/* and not */
#define FLIGHT_REQUESTS	"/sys/module/regbuf/parameters/flight_requests"

/* What a send is made of. */
enum shape { SLICE, LIST, INLINE, SHAPES };

FIXTURE(flights)
{
	struct rb_qrig qr;
	struct rb_queue *q;
	struct rb_rig *rig;
	struct rb_stream stream;
	struct rb_tally *tally;
	struct regbuf_slice lists[MOST + 1][3];
	__u32 lengths[MOST + 1];
	__u64 seed;
};

FIXTURE_VARIANT(flights)
{
	int family;
	bool loopback;
};

FIXTURE_VARIANT_ADD(flights, tcp4) { .family = AF_INET };
FIXTURE_VARIANT_ADD(flights, tcp6) { .family = AF_INET6 };
FIXTURE_VARIANT_ADD(flights, tcp4_loopback) {
	.family = AF_INET,
	.loopback = true,
};
FIXTURE_VARIANT_ADD(flights, tcp6_loopback) {
	.family = AF_INET6,
	.loopback = true,
};

FIXTURE_SETUP(flights)
{
	self->q = &self->qr.q;
	self->rig = &self->qr.rig;
	self->seed = 7;
	ASSERT_EQ(0, rb_qrig_setup(&self->qr, variant->family, SOCK_STREAM,
				   variant->loopback, LEN, ENTRIES));
	ASSERT_EQ(0, rb_stream_init(&self->stream, 8 * LEN));
	self->tally = rb_tally_new(MOST);
	ASSERT_NE(NULL, self->tally);
	self->tally->nr = 0;
}

FIXTURE_TEARDOWN(flights)
{
	free(self->stream.bytes);
	free(self->tally);
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

/* In three parts, of which the one in the middle is inline. */
static struct regbuf_sqe *post_list(FIXTURE_DATA(flights) *self, __u64 offset,
				    __u32 length, __u64 data)
{
	struct regbuf_slice *list = self->lists[data];
	__u32 head = length / 3, some = head < 50 ? head : 50;
	__u64 id = self->rig->id;

	list[0] = rb_slice(id, offset, head);
	list[1] = rb_inline(self->rig->mem + offset + head, some);
	list[2] = rb_slice(id, offset + head + some, length - head - some);
	return rb_sqe_send_list(self->q, self->qr.ep, list, 3, data);
}

/* Write an entry that sends so much from some place. */
static struct regbuf_sqe *post(FIXTURE_DATA(flights) *self, enum shape shape,
			       __u32 length, __u64 data)
{
	__u64 offset = rb_rand(&self->seed) % (LEN - length + 1);
	unsigned char *mem = self->rig->mem + offset;

	rb_stream_note(&self->stream, mem, length);
	self->lengths[data] = length;
	if (shape == INLINE && length <= RB_PAGE)
		return rb_sqe_send_inline(self->q, self->qr.ep, mem, length,
					  data);
	if (shape == LIST)
		return post_list(self, offset, length, data);
	return rb_qrig_send(&self->qr, offset, length, data);
}

/* Entries of all shapes and sizes, by no rule. */
static void post_mixture(FIXTURE_DATA(flights) *self, __u32 nr, __u16 flags)
{
	static const __u32 sizes[] = { 0, 1, 100, 255, 256, 4096, 70000 };
	__u32 size;

	self->tally->nr = nr;
	for (__u32 i = 1; i <= nr; i++) {
		size = sizes[rb_rand(&self->seed) % ARRAY_SIZE(sizes)];
		post(self, rb_rand(&self->seed) % SHAPES, size, i)->flags |=
			flags;
	}
}

/* So many, one after another, alike. */
static void post_alike(FIXTURE_DATA(flights) *self, __u32 from, __u32 to,
		       __u32 length)
{
	for (__u32 i = from; i <= to; i++)
		post(self, SLICE, length, i);
	self->tally->nr = to;
}

/* C1, C4: one completion each, with its size and no error. */
static void check_all(struct __test_metadata *_metadata,
		      FIXTURE_DATA(flights) *self)
{
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	for (__u32 i = 1; i <= self->tally->nr; i++)
		ASSERT_EQ(0, rb_tally_differs(self->tally, i, i, 0,
					      self->lengths[i]));
}

static void in_one_submission(struct __test_metadata *_metadata,
			      FIXTURE_DATA(flights) *self, __u32 nr)
{
	struct rb_sink sink;

	post_mixture(self, nr, 0);
	ASSERT_EQ(0, rb_sink_start(&sink, self->rig->far, self->stream.sent));
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	check_all(_metadata, self);
	EXPECT_EQ(0, rb_sink_finish(&sink, self->stream.bytes));
	EXPECT_TRUE(rb_within(10, !rb_in_flight(self->rig->dev,
						self->rig->id)));
}

/* C1, C3, C4: fewer than a flight takes. */
TEST_F(flights, a_few_at_once)
{
	in_one_submission(_metadata, self, 32);
}

/* C1, C3, C4: and more than one takes. */
TEST_F(flights, many_at_once)
{
	in_one_submission(_metadata, self, MOST);
}

/* C13: each byte is counted once, whatever went with it. */
TEST_F(flights, counters_add_up)
{
	struct regbuf_ioc_stats before, after;

	ASSERT_EQ(0, rb_stats(self->rig->dev, &before));
	in_one_submission(_metadata, self, 60);
	ASSERT_EQ(0, rb_stats(self->rig->dev, &after));
	EXPECT_EQ(self->stream.sent, rb_total(&after) - rb_total(&before));
	EXPECT_EQ(60, after.sends - before.sends);
}

/* Hardly any room: sends are cut in two, and go on in the next flight. */
static void squeeze(struct __test_metadata *_metadata,
		    FIXTURE_DATA(flights) *self)
{
	ASSERT_EQ(0, rb_sockbuf(self->rig->near, SO_SNDBUF, 1));
	ASSERT_EQ(0, rb_sockbuf(self->rig->far, SO_RCVBUF, 16384));
}

/* A bit is read now and then, while others run the queue. */
static void read_bit_by_bit(struct __test_metadata *_metadata,
			    FIXTURE_DATA(flights) *self)
{
	ssize_t n;

	ASSERT_TRUE(rb_within(40, ({
		n = rb_stream_read(&self->stream, self->rig->far,
				   1 + rb_rand(&self->seed) % 30000);
		ASSERT_LE(0, n);
		rb_stream_whole(&self->stream); })));
}

/* C1, C3, C4 */
TEST_F_TIMEOUT(flights, cut_in_two, 90)
{
	squeeze(_metadata, self);
	post_mixture(self, 60, 0);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_LT(rb_q_ready(self->q), self->tally->nr);
	read_bit_by_bit(_metadata, self);
	check_all(_metadata, self);
}

/* C3, C4: a reader that stops until nothing moves any more, and goes on. */
TEST_F_TIMEOUT(flights, reader_stops_and_goes, 90)
{
	size_t some;

	ASSERT_EQ(0, rb_sockbuf(self->rig->near, SO_SNDBUF, 65536));
	ASSERT_EQ(0, rb_sockbuf(self->rig->far, SO_RCVBUF, 32768));
	post_mixture(self, 100, 0);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	for (int i = 1; i < 4; i++) {
		some = self->stream.sent * i / 4;
		while (!rb_q_enter(self->q, 0, rb_q_ready(self->q) + 1,
				   RB_SHORT, NULL))
			;
		ASSERT_GT(self->tally->nr, rb_q_ready(self->q));
		ASSERT_TRUE(rb_within(20, ({
			ASSERT_LE(0, rb_stream_read(&self->stream,
						    self->rig->far, 60000));
			self->stream.seen >= some; })));
	}
	EXPECT_EQ(0, rb_stream_rest(&self->stream, self->rig->far));
	check_all(_metadata, self);
}

/* Early completions, counted by request. */
struct early {
	__u8 nr[MOST + 1];
	__u32 total;
};

/* Consume what is there: early ones are counted, others are tallied. */
static int take_early(FIXTURE_DATA(flights) *self, struct early *early)
{
	struct regbuf_cqe cqe;

	while (rb_q_pop(self->q, &cqe)) {
		if (!(cqe.flags & REGBUF_CQE_F_EARLY)) {
			if (rb_tally_add(self->tally, &cqe))
				return -1;
			continue;
		}
		/* Of its size, first, and once. */
		if (cqe.user_data > MOST || early->nr[cqe.user_data]++ ||
		    self->tally->cqes[cqe.user_data].user_data || cqe.error ||
		    cqe.value != self->lengths[cqe.user_data])
			return -1;
		early->total++;
	}
	return 0;
}

/* C1: asked for, two completions each: one early, one final. */
TEST_F_TIMEOUT(flights, early_completions, 90)
{
	struct early early = {};

	squeeze(_metadata, self);
	post_mixture(self, 60, REGBUF_SQE_F_EARLY);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(0, take_early(self, &early));
	EXPECT_GT(60, early.total);
	read_bit_by_bit(_metadata, self);
	ASSERT_TRUE(rb_within(20, ({
		ASSERT_EQ(0, take_early(self, &early));
		self->tally->done == 60; })));
	EXPECT_EQ(60, early.total);
	check_all(_metadata, self);
}

/* C1, C14, C2: cancelled: no early one of those that had not entered. */
TEST_F(flights, early_and_cancelled)
{
	struct early early = {};
	__u32 whole = 0;

	squeeze(_metadata, self);
	post_mixture(self, 60, REGBUF_SQE_F_EARLY);
	self->tally->nr = 61;
	rb_sqe_cancel(self->q, self->qr.ep, 0,
		      REGBUF_SQE_F_ANY | REGBUF_SQE_F_ALL, 61);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_TRUE(rb_within(20, ({
		ASSERT_LE(0, rb_stream_read(&self->stream, self->rig->far,
					    65536));
		ASSERT_EQ(0, take_early(self, &early));
		self->tally->done == 61; })));
	for (int i = 1; i <= 60; i++) {
		whole += !self->tally->cqes[i].error;
		EXPECT_EQ(!self->tally->cqes[i].error, early.nr[i]);
	}
	EXPECT_GT(60, whole);
	EXPECT_EQ(whole, early.total);
	/* All places are free again. */
	for (int i = 0; i < ENTRIES; i++)
		rb_sqe_nop(self->q, 1);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(ENTRIES, rb_q_reap(self->q));
}

/* C16: silent ones of a flight wake nobody; one that is not, does. */
TEST_F(flights, silent)
{
	struct rb_sink sink;

	post_mixture(self, 20, REGBUF_SQE_F_SILENT);
	ASSERT_EQ(0, rb_sink_start(&sink, self->rig->far, self->stream.sent));
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_TRUE(rb_within(20, rb_q_ready(self->q) == 20));
	EXPECT_EQ(0, rb_q_poll(self->q));
	EXPECT_FALSE(rb_q_loud(self->q));
	check_all(_metadata, self);
	for (int i = 1; i <= 20; i++)
		EXPECT_TRUE(self->tally->cqes[i].flags & REGBUF_CQE_F_SILENT);
	EXPECT_EQ(0, rb_sink_finish(&sink, self->stream.bytes));

	self->stream.seen = self->stream.sent;
	for (int i = 1; i <= 9; i++)
		post(self, SLICE, LONG, i)->flags =
			i == 5 ? 0 : REGBUF_SQE_F_SILENT;
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, rb_stream_rest(&self->stream, self->rig->far));
	ASSERT_TRUE(rb_within(20, rb_q_ready(self->q) == 9));
	EXPECT_EQ(POLLIN, rb_q_poll(self->q));
	EXPECT_TRUE(rb_q_loud(self->q));
	rb_q_reap(self->q);
}

/* Attach again, in another way. */
static void reattach(struct __test_metadata *_metadata,
		     FIXTURE_DATA(flights) *self, __u32 flags)
{
	ASSERT_EQ(0, rb_q_detach(self->q, self->qr.ep, 0));
	ASSERT_EQ(0, rb_q_attach(self->q, self->rig->near, RB_BOTH | flags, 0,
				 0, &self->qr.ep));
}

/* Segments with data that a connection has sent. */
static __u32 segments(int sock)
{
	return rb_tcp_info(sock, RB_TCPI_DATA_SEGS_OUT);
}

/* How many segments many short sends make. */
static __u32 many_short(struct __test_metadata *_metadata,
			FIXTURE_DATA(flights) *self)
{
	__u32 before = segments(self->rig->near);

	post_alike(self, 1, 60, SHORT);
	memset(self->tally->cqes, 0, sizeof(self->tally->cqes));
	self->tally->done = 0;
	EXPECT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, rb_stream_rest(&self->stream, self->rig->far));
	check_all(_metadata, self);
	return segments(self->rig->near) - before;
}

/* Of six thousand bytes, unless each is sent by itself. */
TEST_F(flights, single_ones_are_apart)
{
	__u32 apart, together;

	ASSERT_EQ(0, rb_sockopt_on(self->rig->near, SOL_TCP, TCP_NODELAY));
	together = many_short(_metadata, self);
	reattach(_metadata, self, REGBUF_ATTACH_F_SINGLE);
	apart = many_short(_metadata, self);
	EXPECT_LE(1, together);
	EXPECT_GE(8, together);
	EXPECT_LE(10, apart) {
		TH_LOG("%u segments, and %u", together, apart);
	}
}

/* A flight of two at most is one packet at least. */
TEST_F(flights, few_to_a_flight)
{
	__u32 together;

	ASSERT_EQ(0, rb_sockopt_on(self->rig->near, SOL_TCP, TCP_NODELAY));
	ASSERT_EQ(0, rb_write_file(FLIGHT_REQUESTS, "2"));
	together = many_short(_metadata, self);
	EXPECT_EQ(0, rb_write_file(FLIGHT_REQUESTS, "64"));
	EXPECT_LE(10, together) {
		TH_LOG("%u segments", together);
	}
}

/* C1, C3, C4: the same rules for them. */
TEST_F_TIMEOUT(flights, single, 90)
{
	reattach(_metadata, self, REGBUF_ATTACH_F_SINGLE);
	squeeze(_metadata, self);
	post_mixture(self, 60, 0);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	read_bit_by_bit(_metadata, self);
	check_all(_metadata, self);
}

/* The next event of a type on the error queue: its name, or -1 if none comes.*/
static long event(int sock, __u32 type)
{
	struct sock_extended_err *err;
	char control[512];
	struct msghdr msg = {};
	long found = -1;

	rb_within(20, ({
		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
		err = NULL;
		if (recvmsg(sock, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0) {
			err = rb_cmsg_find(control, msg.msg_controllen, SOL_IP,
					   IP_RECVERR) ?:
			      rb_cmsg_find(control, msg.msg_controllen,
					   SOL_IPV6, IPV6_RECVERR);
		}
		if (err && err->ee_info == type)
			found = err->ee_data;
		found >= 0; }));
	return found;
}

/*
 * Control data are for one send, so its flight ends with it: the time stamp is
 * that of its last byte, whatever is sent before and after.
 */
TEST_F(flights, control_data_end_a_flight)
{
	__u32 what = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_ID |
		     SOF_TIMESTAMPING_OPT_TSONLY;
	__u32 record = SOF_TIMESTAMPING_TX_ACK;
	struct regbuf_ext ext = { .size = sizeof(ext) };
	struct regbuf_sqe *sqe;
	size_t last = 0;
	char control[64];

	ASSERT_EQ(0, setsockopt(self->rig->near, SOL_SOCKET, SO_TIMESTAMPING,
				&what, sizeof(what)));
	ext.ctl_id = (unsigned long)control;
	ext.ctl_length = rb_cmsg(control, SOL_SOCKET, SO_TIMESTAMPING, &record,
				 sizeof(record));
	self->tally->nr = 9;
	for (int i = 1; i <= 9; i++) {
		sqe = post(self, SLICE, 500 + i, i);
		if (i != 5)
			continue;
		sqe->ext = (unsigned long)&ext;
		last = self->stream.sent - 1;
	}
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, rb_stream_rest(&self->stream, self->rig->far));
	check_all(_metadata, self);
	EXPECT_EQ(last, event(self->rig->near, SCM_TSTAMP_ACK));
}

/* C6: deregistered when some wait in the lane and some in the network. */
TEST_F_TIMEOUT(flights, deregistered_under_way, 90)
{
	__u64 other;

	squeeze(_metadata, self);
	ASSERT_EQ(0, rb_register(self->rig->dev, self->rig->mem, LEN, RB_READ,
				 &other));
	post_mixture(self, 40, 0);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_LT(0, rb_in_flight(self->rig->dev, self->rig->id));
	ASSERT_EQ(0, rb_deregister(self->rig->dev, self->rig->id));
	rb_qrig_send(&self->qr, 0, LONG, 99);
	EXPECT_EQ(-ESTALE, rb_q_submit_all(self->q));
	rb_q_drop(self->q);
	rb_sqe_send(self->q, self->qr.ep, other, 7, LONG, 41);
	rb_stream_note(&self->stream, self->rig->mem + 7, LONG);
	self->lengths[41] = LONG;
	self->tally->nr = 41;
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	read_bit_by_bit(_metadata, self);
	check_all(_metadata, self);
}

/* More than goes in, and one that is cut; and a deadline for each, or 0. */
static void stick(struct __test_metadata *_metadata,
		  FIXTURE_DATA(flights) *self, __u32 timeout_us)
{
	ASSERT_EQ(0, rb_sockbuf(self->rig->near, SO_SNDBUF, 65536));
	ASSERT_EQ(0, rb_sockbuf(self->rig->far, SO_RCVBUF, 32768));
	self->tally->nr = 40;
	for (int i = 1; i <= 40; i++)
		post(self, i % SHAPES, i % 2 ? 3000 + i : 50000,
		     i)->timeout_us = timeout_us;
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_TRUE(rb_within(10, rb_sock_events(self->rig->far, POLLIN)));
	if (!timeout_us)
		ASSERT_GT(40, rb_q_ready(self->q));
}

/* Read and count until all of that many have completed. */
static void read_until_done(struct __test_metadata *_metadata,
			    FIXTURE_DATA(flights) *self)
{
	ASSERT_TRUE(rb_within(20, ({
		/* After the last byte there may be the end. */
		if (self->rig->far >= 0 && !rb_stream_whole(&self->stream))
			ASSERT_LE(0, rb_stream_read(&self->stream,
						    self->rig->far, 65536));
		ASSERT_EQ(0, rb_tally_take(self->tally, self->q));
		self->tally->done == self->tally->nr; })));
	EXPECT_TRUE(rb_within(10, !rb_in_flight(self->rig->dev,
						self->rig->id)));
}

/*
 * C4: the first ones went in whole, then there is one of which a part did, or
 * none, with that error, or another that comes of it; and of the others nothing
 * did. How many bytes it was.
 */
static __u64 check_ended(struct __test_metadata *_metadata,
			 FIXTURE_DATA(flights) *self, __u32 error)
{
	struct regbuf_cqe *cqes = self->tally->cqes;
	__u64 total = 0;
	int i = 1;

	while (i <= 40 && !cqes[i].error) {
		EXPECT_EQ(self->lengths[i], cqes[i].value);
		total += cqes[i++].value;
	}
	EXPECT_LT(1, i);
	EXPECT_GE(40, i);
	EXPECT_EQ(error, cqes[i].error);
	EXPECT_GT(self->lengths[i], cqes[i].value);
	total += cqes[i++].value;
	for (; i <= 40; i++) {
		EXPECT_TRUE(cqes[i].error == ECANCELED ||
			    cqes[i].error == error);
		EXPECT_EQ(0, cqes[i].value);
	}
	return total;
}

/* C3, C4: what the completions say went in arrives, and no more. */
static void check_arrived(struct __test_metadata *_metadata,
			  FIXTURE_DATA(flights) *self, __u64 total)
{
	char byte;

	self->stream.sent = total;
	EXPECT_EQ(0, rb_stream_rest(&self->stream, self->rig->far));
	ASSERT_EQ(0, shutdown(self->rig->near, SHUT_WR));
	EXPECT_EQ(0, recv(self->rig->far, &byte, 1, 0));
}

/* C14 */
TEST_F(flights, cancelled_under_way)
{
	stick(_metadata, self, 0);
	rb_sqe_cancel(self->q, self->qr.ep, 0,
		      REGBUF_SQE_F_ANY | REGBUF_SQE_F_ALL, 41);
	self->tally->nr = 41;
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	read_until_done(_metadata, self);
	EXPECT_EQ(0, self->tally->cqes[41].error);
	EXPECT_LT(0, self->tally->cqes[41].value);
	check_arrived(_metadata, self, check_ended(_metadata, self, ECANCELED));
}

/* C14: the last one alone: those before it do not notice. */
TEST_F_TIMEOUT(flights, one_cancelled, 60)
{
	stick(_metadata, self, 0);
	rb_sqe_cancel(self->q, self->qr.ep, 40, 0, 41);
	self->tally->nr = 41;
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	self->stream.sent -= self->lengths[40];
	read_until_done(_metadata, self);
	EXPECT_EQ(0, rb_tally_differs(self->tally, 40, 40, ECANCELED, 0));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 41, 41, 0, 1));
	for (int i = 1; i < 40; i++)
		ASSERT_EQ(0, rb_tally_differs(self->tally, i, i, 0,
					      self->lengths[i]));
	check_arrived(_metadata, self, self->stream.sent);
}

/* C14: the one that is cut is the first whose time is up. */
TEST_F(flights, time_is_up)
{
	stick(_metadata, self, 5000000);
	/* Nobody reads until then, so that they are stuck. */
	ASSERT_TRUE(rb_within(20, ({
		ASSERT_EQ(0, rb_tally_take(self->tally, self->q));
		self->tally->cqes[40].user_data; })));
	read_until_done(_metadata, self);
	check_arrived(_metadata, self, check_ended(_metadata, self, ETIME));
}

/* C15 */
TEST_F(flights, detached_under_way)
{
	stick(_metadata, self, 0);
	ASSERT_EQ(0, rb_q_detach(self->q, self->qr.ep, 0));
	read_until_done(_metadata, self);
	check_arrived(_metadata, self, check_ended(_metadata, self, ECANCELED));
}

static void drained_under_way(struct __test_metadata *_metadata,
			      FIXTURE_DATA(flights) *self, __u32 flags)
{
	struct rb_giver giver = {
		.q = self->q,
		.ep = self->qr.ep,
		.flags = flags,
		.err = 1,
	};

	stick(_metadata, self, 0);
	ASSERT_EQ(0, pthread_create(&giver.thread, NULL, rb_give_up, &giver));
	read_until_done(_metadata, self);
	ASSERT_EQ(0, pthread_join(giver.thread, NULL));
	EXPECT_EQ(0, giver.err);
	check_all(_metadata, self);
	EXPECT_EQ(0, rb_stream_rest(&self->stream, self->rig->far));
}

/* C15 */
TEST_F_TIMEOUT(flights, drained, 60)
{
	drained_under_way(_metadata, self, REGBUF_DETACH_F_DRAIN);
	/* The socket is as before. */
	ASSERT_EQ(5, send(self->rig->near, "plain", 5, MSG_NOSIGNAL));
	rb_stream_note(&self->stream, "plain", 5);
	EXPECT_EQ(0, rb_stream_rest(&self->stream, self->rig->far));
}

/* C15 */
TEST_F_TIMEOUT(flights, drained_and_closed, 60)
{
	char byte;

	drained_under_way(_metadata, self, REGBUF_DETACH_F_CLOSE);
	EXPECT_EQ(0, recv(self->rig->far, &byte, 1, 0));
}

/* C15: the teardown sees that nothing stays pinned. */
TEST_F(flights, queue_is_closed)
{
	int err;

	stick(_metadata, self, 0);
	rb_q_close(self->q);
	ASSERT_EQ(0, shutdown(self->rig->near, SHUT_WR));
	/* What entered is sent, and is the beginning of it; then the end. */
	ASSERT_TRUE(rb_within(20, ({
		err = rb_stream_read(&self->stream, self->rig->far, 65536);
		err < 0; })));
	EXPECT_LT(self->lengths[1], self->stream.seen);
	EXPECT_GT(self->stream.sent, self->stream.seen);
}

/* C4: what had gone in is no error; the rest is. */
TEST_F(flights, peer_resets)
{
	struct regbuf_cqe *cqes = self->tally->cqes;
	int i = 1;

	stick(_metadata, self, 0);
	ASSERT_EQ(0, rb_reset(self->rig->far));
	self->rig->far = -1;
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	while (i <= 40 && !cqes[i].error)
		i++;
	ASSERT_GE(40, i);
	EXPECT_TRUE(cqes[i].error == ECONNRESET || cqes[i].error == EPIPE);
	check_ended(_metadata, self, cqes[i].error);
	EXPECT_EQ(0, rb_in_flight(self->rig->dev, self->rig->id));
}

/*
 * Where nothing is acknowledged until we say so: sends stay in the network.
 */
FIXTURE(held)
{
	struct rb_qrig qr;
	struct rb_queue *q;
	struct rb_rig *rig;
	struct rb_stream stream;
	struct rb_tally *tally;
};

FIXTURE_VARIANT(held)
{
	int family;
	__u32 flags;	/* to attach with */
};

FIXTURE_VARIANT_ADD(held, tcp4) { AF_INET };
FIXTURE_VARIANT_ADD(held, tcp6) { AF_INET6 };
FIXTURE_VARIANT_ADD(held, single) { AF_INET, REGBUF_ATTACH_F_SINGLE };

/* Attach in that way, and hold. */
static void hold(struct __test_metadata *_metadata, FIXTURE_DATA(held) *self,
		 __u32 flags)
{
	ASSERT_EQ(0, rb_q_detach(self->q, self->qr.ep, 0));
	ASSERT_EQ(0, rb_q_attach(self->q, self->rig->near, RB_BOTH | flags, 0,
				 0, &self->qr.ep));
	ASSERT_EQ(0, rb_net_hold(&self->rig->net));
}

FIXTURE_SETUP(held)
{
	self->q = &self->qr.q;
	self->rig = &self->qr.rig;
	ASSERT_EQ(0, rb_qrig_setup(&self->qr, variant->family, SOCK_STREAM,
				   false, LEN, ENTRIES));
	ASSERT_EQ(0, rb_sockbuf(self->rig->near, SO_SNDBUFFORCE, 4 << 20));
	ASSERT_EQ(0, rb_stream_init(&self->stream, LEN));
	self->tally = rb_tally_new(MOST);
	ASSERT_NE(NULL, self->tally);
	self->tally->nr = 0;
}

FIXTURE_TEARDOWN(held)
{
	free(self->stream.bytes);
	free(self->tally);
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

/* One more, which is the next in the tally. */
static struct regbuf_sqe *add(FIXTURE_DATA(held) *self, __u32 length)
{
	__u64 offset = ++self->tally->nr * 4999;

	rb_stream_note(&self->stream, self->rig->mem + offset, length);
	return rb_qrig_send(&self->qr, offset, length, self->tally->nr);
}

static void add_some(struct __test_metadata *_metadata,
		     FIXTURE_DATA(held) *self, int nr, __u32 length)
{
	while (nr--)
		add(self, length);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
}

/* From now on the network lets go: all arrives, and is through. */
static void release(struct __test_metadata *_metadata,
		    FIXTURE_DATA(held) *self)
{
	ASSERT_EQ(0, rb_net_release(&self->rig->net, self->rig->far));
	EXPECT_EQ(0, rb_stream_rest(&self->stream, self->rig->far));
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	EXPECT_TRUE(rb_within(10, !rb_in_flight(self->rig->dev,
						self->rig->id)));
}

static int in_flight(FIXTURE_DATA(held) *self)
{
	return rb_in_flight(self->rig->dev, self->rig->id);
}

/* C1, C4: by reference: in use until it is acknowledged. */
TEST_F(held, long_ones_wait)
{
	hold(_metadata, self, variant->flags);
	add_some(_metadata, self, 8, LONG);
	EXPECT_EQ(0, rb_q_quiet(self->q));
	EXPECT_EQ(8, in_flight(self));
	EXPECT_EQ(-ETIMEDOUT, rb_wait(self->rig->dev, self->rig->id, RB_MSEC));
	release(_metadata, self);
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, 8, 0, LONG));
	for (int i = 1; i <= 8; i++)
		EXPECT_EQ(0, self->tally->cqes[i].copy_reasons);
}

/* C1, C13: copied, with the reason: free at once. */
TEST_F(held, short_ones_do_not)
{
	struct regbuf_ioc_stats stats;

	hold(_metadata, self, variant->flags);
	add_some(_metadata, self, 8, 255);
	EXPECT_EQ(8, rb_q_ready(self->q));
	EXPECT_EQ(0, in_flight(self));
	EXPECT_EQ(0, rb_wait(self->rig->dev, self->rig->id, 0));
	release(_metadata, self);
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, 8, 0, 255));
	for (int i = 1; i <= 8; i++) {
		EXPECT_EQ(RB_COPY(SMALL), self->tally->cqes[i].copy_reasons);
		EXPECT_EQ(0, self->tally->cqes[i].flags);
	}
	ASSERT_EQ(0, rb_stats(self->rig->dev, &stats));
	EXPECT_EQ(8 * 255, stats.copied[REGBUF_COPY_SMALL]);
	EXPECT_EQ(0, stats.zerocopied);
}

/* C13: bytes of the program are inline, not small, and counted as such. */
TEST_F(held, inline_ones_do_not)
{
	struct regbuf_ioc_stats stats;

	hold(_metadata, self, variant->flags);
	for (int i = 1; i <= 4; i++)
		rb_sqe_send_inline(self->q, self->qr.ep, self->rig->mem + i,
				   300, i);
	for (int i = 1; i <= 4; i++)
		rb_stream_note(&self->stream, self->rig->mem + i, 300);
	self->tally->nr = 4;
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(4, rb_q_ready(self->q));
	release(_metadata, self);
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, 4, 0, 300));
	for (int i = 1; i <= 4; i++)
		EXPECT_EQ(RB_COPY(INLINE), self->tally->cqes[i].copy_reasons);
	ASSERT_EQ(0, rb_stats(self->rig->dev, &stats));
	EXPECT_EQ(1200, stats.copied[REGBUF_COPY_INLINE]);
	EXPECT_EQ(1200, rb_total(&stats));
}

/* C1, C13: both by turns: who says that it was copied is free, nobody else. */
TEST_F(held, short_and_long_ones)
{
	int copied = 0;

	hold(_metadata, self, variant->flags);
	for (int i = 0; i < 6; i++) {
		add(self, SHORT);
		add(self, LONG);
	}
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(0, rb_tally_take(self->tally, self->q));
	for (int i = 1; i <= 12; i++) {
		if (!self->tally->cqes[i].user_data)
			continue;
		copied++;
		EXPECT_EQ(RB_COPY(SMALL), self->tally->cqes[i].copy_reasons);
	}
	EXPECT_GE(6, copied);
	EXPECT_EQ(12 - copied, in_flight(self));
	release(_metadata, self);
	for (int i = 1; i <= 12; i++)
		EXPECT_EQ(0, rb_tally_differs(self->tally, i, i, 0,
					      i % 2 ? SHORT : LONG));
}

/*
 * C1: a flight goes on from submission to submission, at once and when it is
 * old, with more than it takes. None is through before it is acknowledged.
 */
TEST_F(held, many_submissions)
{
	hold(_metadata, self, variant->flags);
	for (int i = 0; i < 150; i++) {
		add_some(_metadata, self, 1, LONG);
		if (i % 50 == 49)
			ASSERT_EQ(0, rb_q_quiet(self->q));
	}
	EXPECT_TRUE(rb_q_empty(self->q));
	EXPECT_EQ(150, in_flight(self));
	release(_metadata, self);
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, 150, 0, LONG));
}

/* C1: copied ones between flights do not keep them, nor are they kept. */
TEST_F(held, copied_ones_between)
{
	hold(_metadata, self, variant->flags);
	for (int i = 0; i < 10; i++) {
		add_some(_metadata, self, 1, LONG);
		add_some(_metadata, self, 2, SHORT);
	}
	EXPECT_EQ(20, rb_q_ready(self->q));
	EXPECT_EQ(10, in_flight(self));
	ASSERT_EQ(0, rb_tally_take(self->tally, self->q));
	EXPECT_EQ(0, rb_q_quiet(self->q));
	release(_metadata, self);
	for (int i = 1; i <= 30; i++)
		EXPECT_EQ(0, rb_tally_differs(self->tally, i, i, 0,
					      i % 3 == 1 ? LONG : SHORT));
}

/* C6: two buffers in a flight: each is in use as long as its sends are. */
TEST_F(held, two_buffers)
{
	__u64 other;

	ASSERT_EQ(0, rb_register(self->rig->dev, self->rig->mem, LEN, RB_READ,
				 &other));
	hold(_metadata, self, variant->flags);
	add(self, LONG);
	add(self, LONG)->id = other;
	add(self, LONG);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(2, in_flight(self));
	EXPECT_EQ(1, rb_in_flight(self->rig->dev, other));
	ASSERT_EQ(0, rb_deregister(self->rig->dev, other));
	EXPECT_EQ(1, rb_in_flight(self->rig->dev, other));
	release(_metadata, self);
	EXPECT_TRUE(rb_within(10, rb_in_flight(self->rig->dev, other) ==
				  -ESTALE));
}

/* C4: in order, if that is asked for, though some are copied. */
TEST_F(held, ordered)
{
	struct regbuf_cqe cqe;

	hold(_metadata, self, variant->flags | REGBUF_ATTACH_F_ORDERED);
	add_some(_metadata, self, 3, SHORT);
	EXPECT_EQ(3, rb_q_ready(self->q));
	for (int i = 0; i < 3; i++) {
		add_some(_metadata, self, 3, LONG);
		add_some(_metadata, self, 3, SHORT);
	}
	EXPECT_EQ(3, rb_q_ready(self->q));
	EXPECT_EQ(9, in_flight(self));
	ASSERT_EQ(0, rb_net_release(&self->rig->net, self->rig->far));
	for (int i = 1; i <= 21; i++) {
		ASSERT_EQ(0, rb_q_next(self->q, &cqe));
		EXPECT_EQ(i, cqe.user_data);
		EXPECT_EQ(0, cqe.error);
	}
	EXPECT_TRUE(rb_q_empty(self->q));
	EXPECT_EQ(0, rb_stream_rest(&self->stream, self->rig->far));
}

/* C1: the early one comes at once, the final one when the network lets go. */
TEST_F(held, early)
{
	struct regbuf_cqe cqe;

	hold(_metadata, self, variant->flags);
	for (int i = 0; i < 8; i++)
		add(self, LONG)->flags = REGBUF_SQE_F_EARLY;
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	for (int i = 1; i <= 8; i++) {
		ASSERT_EQ(1, rb_q_pop(self->q, &cqe));
		EXPECT_EQ(i, cqe.user_data);
		EXPECT_EQ(REGBUF_CQE_F_EARLY, cqe.flags);
		EXPECT_EQ(LONG, cqe.value);
	}
	EXPECT_EQ(0, rb_q_quiet(self->q));
	release(_metadata, self);
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, 8, 0, LONG));
}

/*
 * C14, C15: the last one is cut and cancelled: it, too, is in use until the
 * network has let go of what went in of it.
 */
TEST_F(held, cut_and_cancelled)
{
	hold(_metadata, self, variant->flags);
	ASSERT_EQ(0, rb_sockbuf(self->rig->near, SO_SNDBUF, 16384));
	add(self, LONG);
	add(self, 400000);
	add(self, LONG);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	rb_sqe_cancel(self->q, self->qr.ep, 0,
		      REGBUF_SQE_F_ANY | REGBUF_SQE_F_ALL, ++self->tally->nr);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(0, rb_tally_take(self->tally, self->q));
	/* Of the third, nothing went in; of the second, something did. */
	EXPECT_EQ(0, rb_tally_differs(self->tally, 3, 3, ECANCELED, 0));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 4, 4, 0, 2));
	EXPECT_EQ(2, self->tally->done);
	EXPECT_EQ(2, in_flight(self));
	EXPECT_EQ(0, rb_q_quiet(self->q));
	ASSERT_EQ(0, rb_net_release(&self->rig->net, self->rig->far));
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, 1, 0, LONG));
	EXPECT_EQ(ECANCELED, self->tally->cqes[2].error);
	EXPECT_LT(0, self->tally->cqes[2].value);
	self->stream.sent = LONG + self->tally->cqes[2].value;
	EXPECT_EQ(0, rb_stream_rest(&self->stream, self->rig->far));
}

/* C15: detached, closed, and gone: what the network holds goes later. */
TEST_F(held, queue_is_closed)
{
	hold(_metadata, self, variant->flags);
	for (int i = 0; i < 4; i++)
		add_some(_metadata, self, 10, LONG);
	rb_q_close(self->q);
	EXPECT_LT(0, in_flight(self));
	/* Only what had entered is sent. */
	ASSERT_EQ(0, shutdown(self->rig->near, SHUT_WR));
	ASSERT_EQ(0, rb_net_release(&self->rig->net, self->rig->far));
	ASSERT_TRUE(rb_within(20, rb_stream_some(&self->stream,
						 self->rig->far) ||
				  rb_stream_whole(&self->stream)));
	EXPECT_LE(LONG, self->stream.seen);
	EXPECT_TRUE(rb_within(10, !in_flight(self)));
}

/* C4, C15: reset, with flights in the network: they had entered. */
TEST_F(held, peer_resets)
{
	hold(_metadata, self, variant->flags);
	for (int i = 0; i < 4; i++)
		add_some(_metadata, self, 2, LONG);
	ASSERT_EQ(0, rb_net_peer_netem(&self->rig->net, NULL));
	ASSERT_EQ(0, rb_reset(self->rig->far));
	self->rig->far = -1;
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, 8, 0, LONG));
	EXPECT_EQ(0, in_flight(self));
}

/* C13: what the stack copies later is said of each send of the flight. */
TEST_F(held, copied_by_a_tap)
{
	struct sockaddr_ll ll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = if_nametoindex("veth0"),
	};
	struct regbuf_ioc_stats stats;
	int tap = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
	char packet[64];

	ASSERT_EQ(0, bind(tap, (struct sockaddr *)&ll, sizeof(ll)));
	hold(_metadata, self, variant->flags);
	add_some(_metadata, self, 8, LONG);
	EXPECT_LT(0, recv(tap, packet, sizeof(packet), MSG_DONTWAIT));
	release(_metadata, self);
	for (int i = 1; i <= 8; i++)
		EXPECT_EQ(REGBUF_CQE_F_COPIED, self->tally->cqes[i].flags);
	ASSERT_EQ(0, rb_stats(self->rig->dev, &stats));
	EXPECT_EQ(8 * LONG, stats.zerocopied);
	EXPECT_EQ(8 * LONG, stats.copied_later);
	close(tap);
}

#include "regbuf_main.h"
