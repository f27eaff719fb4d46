// SPDX-License-Identifier: GPL-2.0
/*
 * Requests that time ends: timeouts, and deadlines of others (C14). Never too
 * early; how late is not tested.
 */
#include "regbuf_queue.h"

#include "kselftest_harness.h"

#define LEN		(256UL << 10)
#define ENTRIES		1024

FIXTURE(timer)
{
	struct rb_qrig qr;
	struct regbuf_cqe cqe;
	struct regbuf_ioc_enter out;
};

FIXTURE_SETUP(timer)
{
	ASSERT_EQ(0, rb_qrig_loopback(&self->qr, AF_INET, SOCK_STREAM, LEN,
				      ENTRIES));
}

FIXTURE_TEARDOWN(timer)
{
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

TEST_F(timer, completes_not_too_early)
{
	static const long long ns[] = {
		0, 1, 1000, RB_MSEC, 30 * RB_MSEC,
	};
	struct rb_queue *q = &self->qr.q;

	for (int i = 0; i < ARRAY_SIZE(ns); i++) {
		long long start = rb_now();

		rb_sqe_timeout(q, ns[i], i);
		ASSERT_EQ(0, rb_q_one(q, &self->cqe));
		EXPECT_LE(ns[i], rb_now() - start);
		EXPECT_EQ(i, self->cqe.user_data);
		EXPECT_EQ(ETIME, self->cqe.error);
		EXPECT_EQ(0, self->cqe.flags);
		EXPECT_EQ(0, self->cqe.value);
	}
}

/* In order of time, not of submission. */
TEST_F(timer, sooner_ones_complete_first)
{
	static const int msec[] = { 3000, 1000, 2000 };
	static const int order[] = { 1, 2, 0 };
	struct rb_queue *q = &self->qr.q;

	for (int i = 0; i < 3; i++)
		rb_sqe_timeout(q, msec[i] * RB_MSEC, i);
	ASSERT_EQ(0, rb_q_submit_all(q));
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(0, rb_q_expect(q, order[i], ETIME));
}

/* Longer than a clock can count: for ever, and not at once. */
TEST_F(timer, longest_ones_do_not_overflow)
{
	static const __u64 ns[] = {
		~0ULL, 1ULL << 63, (1ULL << 63) - 1, 1ULL << 62,
	};
	struct rb_queue *q = &self->qr.q;

	for (int i = 0; i < ARRAY_SIZE(ns); i++)
		rb_sqe_timeout(q, ns[i], 5);
	ASSERT_EQ(0, rb_q_submit_all(q));
	EXPECT_EQ(-ETIMEDOUT, rb_q_enter(q, 0, 1, 30 * RB_MSEC, NULL));
	rb_sqe_cancel(q, 0, 5, REGBUF_SQE_F_ALL, 6);
	ASSERT_EQ(0, rb_q_enter(q, 1, 5, RB_LONG, &self->out));
	EXPECT_EQ(5, rb_q_reap(q));
}

/* C1: a thousand, each once. */
TEST_F(timer, many_complete_once_each)
{
	struct rb_queue *q = &self->qr.q;
	char seen[1000] = "";
	unsigned int seed = 3;

	for (int i = 0; i < 1000; i++)
		rb_sqe_timeout(q, rand_r(&seed) % 50 * RB_MSEC, i);
	ASSERT_EQ(0, rb_q_submit_all(q));
	for (int i = 0; i < 1000; i++) {
		ASSERT_EQ(0, rb_q_next(q, &self->cqe));
		ASSERT_EQ(ETIME, self->cqe.error);
		ASSERT_EQ(0, seen[self->cqe.user_data]++);
	}
	EXPECT_TRUE(rb_q_empty(q));
}

/* C16: they complete with nobody waiting, as soon as it is time. */
TEST_F(timer, completes_with_nobody_waiting)
{
	struct rb_queue *q = &self->qr.q;

	rb_sqe_timeout(q, RB_MSEC, 1);
	rb_sqe_timeout(q, 2 * RB_MSEC, 2);
	ASSERT_EQ(0, rb_q_submit_all(q));
	EXPECT_TRUE(rb_within(20, rb_q_ready(q) == 2));
}

/* C14: a receive that found nothing: no data are lost with it. */
TEST_F(timer, deadline_ends_a_receive)
{
	struct rb_qrig *qr = &self->qr;
	long long start = rb_now();

	rb_qrig_recv(qr, 0, 100, 1)->timeout_us = 20000;
	rb_qrig_recv(qr, 100, 100, 2);
	ASSERT_EQ(0, rb_q_one(&qr->q, &self->cqe));
	EXPECT_LE(20 * RB_MSEC, rb_now() - start);
	EXPECT_EQ(1, self->cqe.user_data);
	EXPECT_EQ(ETIME, self->cqe.error);
	EXPECT_EQ(0, self->cqe.value);
	EXPECT_EQ(1, rb_in_flight(qr->rig.dev, qr->rig.id));
	ASSERT_EQ(5, send(qr->rig.far, "hello", 5, 0));
	ASSERT_EQ(0, rb_q_next(&qr->q, &self->cqe));
	EXPECT_EQ(2, self->cqe.user_data);
	EXPECT_EQ(5, self->cqe.value);
	EXPECT_EQ(0, memcmp(qr->rig.mem + 100, "hello", 5));
}

/* C14: one that was in time completes as ever, and once. */
TEST_F(timer, deadline_that_is_met)
{
	struct rb_qrig *qr = &self->qr;

	for (int i = 0; i < 10; i++) {
		rb_qrig_recv(qr, 0, 100, i)->timeout_us = 3600000000u;
		ASSERT_EQ(1, send(qr->rig.far, "x", 1, 0));
		ASSERT_EQ(0, rb_q_one(&qr->q, &self->cqe));
		EXPECT_EQ(i, self->cqe.user_data);
		EXPECT_EQ(0, self->cqe.error);
		EXPECT_EQ(1, self->cqe.value);
	}
	/* What was armed for it is gone, and does not hit the next. */
	rb_qrig_recv(qr, 0, 100, 20)->timeout_us = 5000;
	EXPECT_EQ(0, rb_q_one(&qr->q, &self->cqe));
	EXPECT_EQ(ETIME, self->cqe.error);
	EXPECT_TRUE(rb_q_empty(&qr->q));
}

/*
 * C14: a send that waits behind one that is stuck. It had not begun, so that
 * what comes after it is sent (C4).
 */
TEST_F_TIMEOUT(timer, deadline_ends_a_send_in_its_lane, 60)
{
	struct rb_qrig *qr = &self->qr;
	struct rb_sink sink;
	unsigned char *want = malloc(65 * LEN);
	int nr = 0;

	/* Until one is stuck: more than any socket takes. */
	for (; nr < 64; nr++)
		rb_qrig_send(qr, 0, LEN, nr);
	rb_qrig_send(qr, 1, 1000, 100)->timeout_us = 20000;
	rb_qrig_send(qr, 2, LEN - 2, 101);
	ASSERT_EQ(0, rb_q_submit_all(&qr->q));
	do {
		ASSERT_EQ(0, rb_q_next(&qr->q, &self->cqe));
		nr -= self->cqe.user_data < 64;
	} while (self->cqe.user_data < 64);
	EXPECT_EQ(100, self->cqe.user_data);
	EXPECT_EQ(ETIME, self->cqe.error);
	EXPECT_EQ(0, self->cqe.value);
	EXPECT_LT(0, nr);

	ASSERT_EQ(0, rb_sink_start(&sink, qr->rig.far, 65 * LEN - 2));
	for (int i = 0; i < 64; i++)
		memcpy(want + i * LEN, qr->rig.mem, LEN);
	memcpy(want + 64 * LEN, qr->rig.mem + 2, LEN - 2);
	for (; nr >= 0; nr--) {
		ASSERT_EQ(0, rb_q_next(&qr->q, &self->cqe));
		EXPECT_EQ(0, self->cqe.error);
	}
	EXPECT_EQ(101, self->cqe.user_data);
	EXPECT_EQ(0, rb_sink_finish(&sink, want));
	free(want);
}

/* C14: others that wait: for a connection, for events, for a buffer. */
TEST_F(timer, deadline_ends_other_requests)
{
	struct rb_qrig *qr = &self->qr;
	struct rb_queue *q = &qr->q;
	int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), seen = 0;
	__u32 ep;

	ASSERT_EQ(0, listen(sock, 1));
	ASSERT_EQ(0, rb_q_attach(q, sock, RB_BOTH, 0, 0, &ep));
	rb_sqe_accept(q, ep, REGBUF_SQE_F_MULTI, 0, 0)->timeout_us = 10000;
	rb_sqe_poll(q, qr->ep, EPOLLIN, 1)->timeout_us = 10000;
	rb_qrig_recv(qr, 0, 10, 2)->timeout_us = 2000000;
	rb_sqe_idle(q, qr->rig.id, 3)->timeout_us = 10000;
	ASSERT_EQ(0, rb_q_submit_all(q));
	for (int i = 0; i < 4; i++) {
		ASSERT_EQ(0, rb_q_next(q, &self->cqe));
		EXPECT_EQ(ETIME, self->cqe.error);
		EXPECT_EQ(0, self->cqe.flags);
		seen |= 1 << self->cqe.user_data;
	}
	EXPECT_EQ(15, seen);
	close(sock);
}

TEST_HARNESS_MAIN
