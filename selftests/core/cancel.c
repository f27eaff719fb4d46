// SPDX-License-Identifier: GPL-2.0
/*
 * C14: cancelling: each request completes once, with ECANCELED or with what it
 * did. And what a lane takes at most, and waiting for a buffer.
 */
#include "regbuf_queue.h"

#include "kselftest_harness.h"

#define LEN		(64UL << 10)
#define ENTRIES		256
#define NEVER		(3600 * RB_SEC)
#define ANY		REGBUF_SQE_F_ANY
#define ALL		REGBUF_SQE_F_ALL
#define CANCELLER	999
#define LONG		1000	/* not copied for being short */

FIXTURE(cancel)
{
	struct rb_qrig qr;
	struct regbuf_cqe cqe;
	struct regbuf_ioc_enter out;
};

FIXTURE_VARIANT(cancel)
{
	int loopback;
};

FIXTURE_VARIANT_ADD(cancel, loopback) { .loopback = true };
FIXTURE_VARIANT_ADD(cancel, veth) { .loopback = false };

FIXTURE_SETUP(cancel)
{
	ASSERT_EQ(0, rb_qrig_setup(&self->qr, AF_INET, SOCK_STREAM,
				   variant->loopback, LEN, ENTRIES));
}

FIXTURE_TEARDOWN(cancel)
{
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

/*
 * Cancel, and look at all completions that come of it: 0 if the canceller's has
 * that error and count, and that many others say ECANCELED and nothing else.
 */
static int cancel(struct rb_queue *q, __u32 ep, __u64 what, __u16 flags,
		  int error, int count)
{
	int canceled = 0, cancels = 0;
	struct regbuf_cqe cqe = {};

	rb_sqe_cancel(q, ep, what, flags, CANCELLER);
	if (rb_q_submit_all(q))
		return -1;
	for (int i = 0; i < count + 1; i++) {
		if (rb_q_next(q, &cqe))
			break;
		if (cqe.user_data == CANCELLER)
			cancels += cqe.error == error && cqe.value == count;
		else
			canceled += cqe.error == ECANCELED && !cqe.value &&
				    !cqe.flags;
	}
	if (cancels == 1 && canceled == count && rb_q_empty(q))
		return 0;
	fprintf(stderr, "# %d of 1, %d of %d; the last: %llu, %u, %llu\n",
		cancels, canceled, count, cqe.user_data, cqe.error, cqe.value);
	return -1;
}

/* There is none such: ENOENT. */
TEST_F(cancel, nothing)
{
	struct rb_qrig *qr = &self->qr;

	EXPECT_EQ(0, cancel(&qr->q, 0, 1, 0, ENOENT, 0));
	EXPECT_EQ(0, cancel(&qr->q, 0, 1, ALL, ENOENT, 0));
	EXPECT_EQ(0, cancel(&qr->q, qr->ep, 0, ANY, ENOENT, 0));
	EXPECT_EQ(0, cancel(&qr->q, qr->ep, 0, ANY | ALL, ENOENT, 0));
	/* Not itself, whatever its data. */
	EXPECT_EQ(0, cancel(&qr->q, 0, CANCELLER, ALL, ENOENT, 0));
	/* Nor one that has other data. */
	rb_qrig_recv(qr, 0, 10, 2);
	ASSERT_EQ(0, rb_q_submit_all(&qr->q));
	EXPECT_EQ(0, cancel(&qr->q, 0, 1, ALL, ENOENT, 0));
	EXPECT_EQ(0, cancel(&qr->q, 0, 2, 0, 0, 1));
}

/* S27: by data, the oldest of them. */
TEST_F(cancel, oldest_first)
{
	struct rb_qrig *qr = &self->qr;

	for (int i = 0; i < 3; i++)
		rb_qrig_recv(qr, i * 10, 10, 7);
	ASSERT_EQ(0, rb_q_submit_all(&qr->q));
	EXPECT_EQ(0, cancel(&qr->q, 0, 7, 0, 0, 1));
	EXPECT_EQ(2, rb_in_flight(qr->rig.dev, qr->rig.id));
	/* The second is now the first, and gets the data. */
	ASSERT_EQ(2, send(qr->rig.far, "ab", 2, 0));
	EXPECT_EQ(0, rb_q_expect(&qr->q, 7, 0));
	EXPECT_EQ(0, memcmp(qr->rig.mem + 10, "ab", 2));
	EXPECT_EQ(0, cancel(&qr->q, qr->ep, 7, 0, 0, 1));
	EXPECT_EQ(0, rb_in_flight(qr->rig.dev, qr->rig.id));
}

/* S27: all with that data; all of an endpoint. */
TEST_F(cancel, all)
{
	struct rb_qrig *qr = &self->qr;

	for (int i = 0; i < 10; i++) {
		rb_qrig_recv(qr, 0, 10, i % 2);
		rb_sqe_timeout(&qr->q, NEVER, i % 2);
		rb_sqe_poll(&qr->q, qr->ep, EPOLLIN, 3);
	}
	ASSERT_EQ(0, rb_q_submit_all(&qr->q));
	EXPECT_EQ(0, cancel(&qr->q, 0, 0, ALL, 0, 10));
	EXPECT_EQ(0, cancel(&qr->q, qr->ep, 1, ALL, 0, 5));
	EXPECT_EQ(0, cancel(&qr->q, qr->ep, 0, ANY | ALL, 0, 10));
	EXPECT_EQ(0, cancel(&qr->q, 0, 1, ALL, 0, 5));
}

/* Another endpoint's are left alone, though they have the same data. */
TEST_F(cancel, endpoints_are_separate)
{
	struct rb_qrig *qr = &self->qr;
	int sv[2];
	__u32 ep;

	ASSERT_EQ(0, rb_pair(NULL, AF_INET, SOCK_DGRAM, sv));
	ASSERT_EQ(0, rb_q_attach(&qr->q, sv[1], RB_BOTH, 0, 0, &ep));
	rb_qrig_recv(qr, 0, 10, 1);
	rb_sqe_recv(&qr->q, ep, qr->rig.id, 20, 10, 1);
	ASSERT_EQ(0, rb_q_submit_all(&qr->q));
	EXPECT_EQ(0, cancel(&qr->q, qr->ep, 1, ALL, 0, 1));
	EXPECT_EQ(0, cancel(&qr->q, qr->ep, 0, ANY | ALL, ENOENT, 0));
	ASSERT_EQ(2, send(sv[0], "cd", 2, 0));
	EXPECT_EQ(0, rb_q_expect(&qr->q, 1, 0));
	EXPECT_EQ(0, memcmp(qr->rig.mem + 20, "cd", 2));
	close(sv[0]);
	close(sv[1]);
}

/* Each kind of request that may wait. */
TEST_F(cancel, each_kind)
{
	struct rb_qrig *qr = &self->qr;
	struct rb_queue *q = &qr->q;
	int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	__u32 ep;

	ASSERT_EQ(0, listen(sock, 1));
	ASSERT_EQ(0, rb_q_attach(q, sock, RB_BOTH, 0, 0, &ep));
	ASSERT_EQ(0, rb_q_pool(q, qr->rig.id, 0, 1000, 4));
	rb_qrig_recv(qr, 0, 10, 0);
	rb_qrig_recv(qr, 0, 10, 1)->flags = REGBUF_SQE_F_WAITALL;
	rb_sqe_recv_pool(q, qr->ep, REGBUF_SQE_F_MULTI, 0, 2);
	rb_sqe_accept(q, ep, 0, 0, 3);
	rb_sqe_accept(q, ep, REGBUF_SQE_F_MULTI, 0, 4);
	rb_sqe_poll(q, qr->ep, EPOLLIN, 5);
	rb_sqe_timeout(q, NEVER, 6);
	rb_sqe_idle(q, qr->rig.id, 7);
	ASSERT_EQ(0, rb_q_submit_all(q));
	EXPECT_TRUE(rb_q_empty(q));
	/* The wait for the buffer first, before nobody uses it any more. */
	for (int i = 7; i >= 0; i--)
		EXPECT_EQ(0, cancel(q, 0, i, 0, 0, 1));
	close(sock);
}

/* Sends of which nothing went in: the stream has no hole, others go on. */
TEST_F_TIMEOUT(cancel, waiting_sends, 60)
{
	struct rb_qrig *qr = &self->qr;
	struct rb_queue *q = &qr->q;
	__u64 total = 0, first;
	struct rb_sink sink;
	int done = 0;
	char *want;

	for (int i = 0; i < 200; i++)
		rb_qrig_send(qr, 0, LEN, i);
	ASSERT_EQ(0, rb_q_submit_all(q));
	/* The last ones wait for the first. */
	for (int i = 199; i > 150; i--) {
		rb_sqe_cancel(q, qr->ep, i, 0, CANCELLER);
		ASSERT_EQ(0, rb_q_submit_all(q));
		for (int seen = 0; seen != 3;) {
			ASSERT_EQ(0, rb_q_next(q, &self->cqe));
			if (self->cqe.user_data == CANCELLER) {
				seen |= 1;
				EXPECT_EQ(1, self->cqe.value);
			} else if (self->cqe.user_data == i) {
				seen |= 2;
				EXPECT_EQ(ECANCELED, self->cqe.error);
				EXPECT_EQ(0, self->cqe.value);
			} else {
				EXPECT_EQ(0, self->cqe.error);
				done++;
			}
		}
	}
	first = 151 * LEN;
	want = malloc(first);
	for (int i = 0; i < 151; i++)
		memcpy(want + i * LEN, qr->rig.mem, LEN);
	ASSERT_EQ(0, rb_sink_start(&sink, qr->rig.far, first));
	for (; done < 151; done++) {
		ASSERT_EQ(0, rb_q_next(q, &self->cqe));
		EXPECT_EQ(0, self->cqe.error);
		total += self->cqe.value;
	}
	EXPECT_GE(first, total);
	EXPECT_EQ(0, rb_sink_finish(&sink, want));
	free(want);
}

/* C4: one that is half in the socket: says how much; the rest is canceled. */
TEST_F_TIMEOUT(cancel, send_half_way, 60)
{
	struct rb_qrig *qr = &self->qr;
	struct rb_queue *q = &qr->q;
	__u64 total = 0, half = 0;
	struct rb_sink sink;
	int stuck = -1;
	char *want;

	for (int i = 0; i < 200; i++)
		rb_qrig_send(qr, 0, LEN, i);
	ASSERT_EQ(0, rb_q_submit_all(q));
	/* One after the other, from the first: sooner or later it is that. */
	rb_sqe_cancel(q, qr->ep, 0, ANY | ALL, CANCELLER);
	ASSERT_EQ(0, rb_q_submit_all(q));
	for (int i = 0; i < 201; i++) {
		if (rb_q_enter(q, 0, 1, RB_MSEC, &self->out) == -ETIMEDOUT &&
		    stuck < 0) {
			/* Those in the socket go when they are read. */
			stuck = i;
			break;
		}
		ASSERT_TRUE(rb_q_pop(q, &self->cqe));
		if (self->cqe.user_data == CANCELLER)
			continue;
		total += self->cqe.value;
		if (self->cqe.error) {
			EXPECT_EQ(ECANCELED, self->cqe.error);
			half += self->cqe.value != 0;
		}
	}
	shutdown(qr->rig.near, SHUT_WR);
	ASSERT_EQ(0, rb_sink_start(&sink, qr->rig.far, 200 * LEN));
	for (int i = stuck; stuck >= 0 && i < 201; i++) {
		ASSERT_EQ(0, rb_q_next(q, &self->cqe));
		total += self->cqe.value;
		half += self->cqe.error && self->cqe.value;
	}
	EXPECT_GE(1, half);
	/* What arrives is what was said to have gone in. */
	ASSERT_EQ(0, pthread_join(sink.thread, NULL));
	EXPECT_EQ(total, sink.got);
	want = malloc(200 * LEN);
	for (int i = 0; i < 200; i++)
		memcpy(want + i * LEN, qr->rig.mem, LEN);
	EXPECT_EQ(0, memcmp(want, sink.data, sink.got));
	EXPECT_GT(200 * LEN, total);
	free(want);
	free(sink.data);
}

/* C14: what is in the socket whole waits for the network: EALREADY. */
TEST_F(cancel, too_late)
{
	struct rb_qrig *qr = &self->qr;
	struct rb_queue *q = &qr->q;
	char got[3 * LONG];

	if (variant->loopback)
		SKIP(return, "nothing waits: it was copied");
	ASSERT_EQ(0, rb_net_delay_acks(&qr->rig.net, 100000));
	for (int i = 0; i < 3; i++)
		rb_qrig_send(qr, i * LONG, LONG, 1);
	ASSERT_EQ(0, rb_q_submit_all(q));
	EXPECT_EQ(0, cancel(q, 0, 1, 0, EALREADY, 0));
	EXPECT_EQ(0, cancel(q, qr->ep, 0, ANY | ALL, EALREADY, 0));
	EXPECT_LT(0, rb_in_flight(qr->rig.dev, qr->rig.id));
	/* One that can be cancelled is, beside them. */
	rb_qrig_recv(qr, 3 * LONG, 10, 1);
	ASSERT_EQ(0, rb_q_submit_all(q));
	EXPECT_EQ(0, cancel(q, 0, 1, ALL, 0, 1));
	ASSERT_EQ(0, rb_net_undelay(&qr->rig.net));
	ASSERT_EQ(1, send(qr->rig.far, "!", 1, 0));
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(0, rb_q_expect(q, 1, 0));
	ASSERT_EQ(0, rb_recv_all(qr->rig.far, got, sizeof(got)));
	EXPECT_EQ(0, memcmp(got, qr->rig.mem, sizeof(got)));
}

/* Racing with data that come: everything completes once, nothing is lost. */
TEST_F(cancel, races_with_completion)
{
	struct rb_qrig *qr = &self->qr;
	struct rb_queue *q = &qr->q;
	int received = 0, sent = 0, canceled = 0;

	for (int i = 0; i < 200; i++) {
		rb_qrig_recv(qr, 0, 1, 1);
		ASSERT_EQ(0, rb_q_submit_all(q));
		if (i % 2) {
			ASSERT_EQ(1, send(qr->rig.far, "r", 1, 0));
			sent++;
		}
		rb_sqe_cancel(q, 0, 1, 0, CANCELLER);
		ASSERT_EQ(0, rb_q_submit_all(q));
		for (int n = 0; n < 2; n++) {
			ASSERT_EQ(0, rb_q_next(q, &self->cqe));
			if (self->cqe.user_data == CANCELLER)
				continue;
			received += self->cqe.value;
			canceled += self->cqe.error == ECANCELED;
			EXPECT_EQ(!self->cqe.error, self->cqe.value);
		}
		EXPECT_TRUE(rb_q_empty(q));
	}
	/* What a cancelled one did not take is still there. */
	while (received < sent) {
		rb_qrig_recv(qr, 0, 200, 1);
		ASSERT_EQ(0, rb_q_one(q, &self->cqe));
		received += self->cqe.value;
	}
	EXPECT_LE(100, canceled);
}

/* Consume so many completions, in any order: bits of their data, or -1. */
static int seen(struct rb_queue *q, int nr)
{
	struct regbuf_cqe cqe;
	int bits = 0;

	while (nr--) {
		if (rb_q_next(q, &cqe) || cqe.error)
			return -1;
		bits |= 1 << cqe.user_data;
	}
	return bits;
}

/* A receive in flight keeps the buffer busy; then it is idle. */
TEST_F(cancel, idle_waits_for_the_last_request)
{
	struct rb_qrig *qr = &self->qr;
	struct rb_queue *q = &qr->q;

	rb_sqe_idle(q, qr->rig.id, 1);
	ASSERT_EQ(0, rb_q_submit_all(q));
	EXPECT_EQ(1 << 1, seen(q, 1));
	rb_qrig_recv(qr, 0, 10, 2);
	rb_sqe_idle(q, qr->rig.id, 3);
	rb_sqe_idle(q, qr->rig.id, 4);
	ASSERT_EQ(0, rb_q_submit_all(q));
	EXPECT_EQ(-ETIMEDOUT, rb_q_enter(q, 0, 1, 10 * RB_MSEC, NULL));
	ASSERT_EQ(1, send(qr->rig.far, "x", 1, 0));
	EXPECT_EQ(1 << 2 | 1 << 3 | 1 << 4, seen(q, 3));
}

/* C6: a buffer that is gone, or goes: that is idle, too. */
TEST_F(cancel, idle_of_a_buffer_that_goes)
{
	struct rb_qrig *qr = &self->qr;
	struct rb_queue *q = &qr->q;
	__u64 id;

	ASSERT_EQ(0, rb_register(qr->rig.dev, qr->rig.mem, LEN, RB_WRITE,
				 &id));
	rb_sqe_recv(q, qr->ep, id, 0, 10, 1);
	rb_sqe_idle(q, id, 2);
	ASSERT_EQ(0, rb_q_submit_all(q));
	ASSERT_EQ(0, rb_deregister(qr->rig.dev, id));
	EXPECT_EQ(-ETIMEDOUT, rb_q_enter(q, 0, 1, 10 * RB_MSEC, NULL));
	ASSERT_EQ(1, send(qr->rig.far, "x", 1, 0));
	EXPECT_EQ(1 << 1 | 1 << 2, seen(q, 2));
	/* C5: as REGBUF_IOC_WAIT says of one that was gone before. */
	rb_sqe_idle(q, id, 3);
	EXPECT_EQ(-ESTALE, rb_q_submit_all(q));
	q->sqes[(q->tail - 1) & (q->sq_entries - 1)].id = 1;
	EXPECT_EQ(-ENOENT, rb_q_submit_all(q));
	EXPECT_TRUE(rb_q_empty(q));
}

/* A lane takes so many and no more: ENOBUFS, and the queue has room. */
TEST_F(cancel, lanes_have_their_maxima)
{
	struct rb_qrig *qr = &self->qr;
	struct rb_queue *q = &qr->q;

	ASSERT_EQ(0, rb_q_detach(q, qr->ep, 0));
	ASSERT_EQ(0, rb_q_attach(q, qr->rig.near, RB_BOTH, 0, 2, &qr->ep));
	for (int i = 0; i < 3; i++)
		rb_qrig_recv(qr, i, 1, i);
	ASSERT_EQ(0, rb_q_enter(q, 3, 0, 0, &self->out));
	EXPECT_EQ(2, self->out.submitted);
	EXPECT_EQ(ENOBUFS, self->out.error);
	rb_q_drop(q);
	EXPECT_EQ(0, cancel(q, qr->ep, 1, 0, 0, 1));
	rb_qrig_recv(qr, 1, 1, 1);
	ASSERT_EQ(0, rb_q_submit_all(q));
	ASSERT_EQ(1, send(qr->rig.far, "x", 1, 0));
	EXPECT_EQ(0, rb_q_expect(q, 0, 0));
	rb_qrig_recv(qr, 2, 1, 2);
	rb_qrig_recv(qr, 3, 1, 3);
	ASSERT_EQ(0, rb_q_enter(q, 2, 0, 0, &self->out));
	EXPECT_EQ(1, self->out.submitted);
	EXPECT_EQ(ENOBUFS, self->out.error);
	rb_q_drop(q);
	EXPECT_EQ(0, cancel(q, qr->ep, 0, ANY | ALL, 0, 2));
}

/*
 * The same for sends, of which the first is stuck. Those in the socket do not
 * count; those that do can be cancelled.
 */
TEST_F_TIMEOUT(cancel, send_lane_has_its_maximum, 60)
{
	struct rb_qrig *qr = &self->qr;
	struct rb_queue *q = &qr->q;
	int err = 0;

	ASSERT_EQ(0, rb_q_detach(q, qr->ep, 0));
	ASSERT_EQ(0, rb_q_attach(q, qr->rig.near, RB_BOTH, 3, 0, &qr->ep));
	/* Until it is refused, and still is after a while. */
	for (;;) {
		if (q->tail == rb_load(&q->ring->sq_head))
			rb_qrig_send(qr, 0, LEN, 1);
		ASSERT_EQ(0, rb_q_enter(q, 1, 0, 0, &self->out));
		rb_q_reap(q);
		if (!self->out.submitted && err == -ETIMEDOUT)
			break;
		err = self->out.submitted ? 0 :
		      rb_q_enter(q, 0, 1, 300 * RB_MSEC, NULL);
	}
	EXPECT_EQ(ENOBUFS, self->out.error);
	rb_q_drop(q);
	rb_sqe_cancel(q, qr->ep, 0, ANY | ALL, CANCELLER);
	ASSERT_EQ(0, rb_q_submit_all(q));
	do {
		ASSERT_EQ(0, rb_q_next(q, &self->cqe));
	} while (self->cqe.user_data != CANCELLER);
	/* Since it was refused some of them may have gone. */
	EXPECT_LE(1, self->cqe.value);
	EXPECT_GE(3, self->cqe.value);
}

#include "regbuf_main.h"
