// SPDX-License-Identifier: GPL-2.0
/*
 * Bugs of queues that were found and must not come back, each with what it
 * took.
 */
#include <poll.h>
#include <sys/mman.h>

#include "regbuf_buf.h"
#include "regbuf_lane.h"
#include "regbuf_stuffed.h"
#include "kselftest_harness.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT	21
#endif

#define REGRESS_LEN	(16 * RB_PAGE)

FIXTURE(queueregress) {
	struct rb_qrig qr;
	struct rb_queue *q;
	struct regbuf_cqe cqe;
};

FIXTURE_SETUP(queueregress)
{
	ASSERT_EQ(0, rb_qrig_setup(&self->qr, AF_INET, SOCK_STREAM, 0,
				   REGRESS_LEN, 64));
	self->q = &self->qr.q;
}

FIXTURE_TEARDOWN(queueregress)
{
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

/*
 * C6: what was received shows in no page table: a page that the program had
 * made clean was given back by reclaim as if nothing were in it.
 */
TEST_F(queueregress, received_bytes_survive_reclaim)
{
	unsigned char *mem = self->qr.rig.mem;

	memset(mem, 1, REGRESS_LEN);
	ASSERT_EQ(0, madvise(mem, REGRESS_LEN, MADV_FREE));
	for (size_t at = 0; at < REGRESS_LEN; at += RB_PAGE) {
		rb_qrig_recv(&self->qr, at, 4, at);
		ASSERT_EQ(4, send(self->qr.rig.far, "here", 4, 0));
		ASSERT_EQ(0, rb_q_one(self->q, &self->cqe));
		ASSERT_EQ(4, self->cqe.value);
	}
	ASSERT_EQ(0, rb_deregister(self->qr.rig.dev, self->qr.rig.id));
	ASSERT_EQ(0, madvise(mem, REGRESS_LEN, MADV_PAGEOUT));
	for (size_t at = 0; at < REGRESS_LEN; at += RB_PAGE)
		EXPECT_EQ(0, memcmp(mem + at, "here", 4));
}

/*
 * Fill the socket, so that the next send has to wait: until the peer has taken
 * what it has room for, there is room here again.
 */
static void stuff(struct __test_metadata *_metadata, struct rb_qrig *qr)
{
	int size = 4096;

	ASSERT_EQ(0, setsockopt(qr->rig.near, SOL_SOCKET, SO_SNDBUF, &size,
				sizeof(size)));
	ASSERT_TRUE(rb_within(20, rb_is_stuffed(qr)));
}

/* C15: a drain whose last send was cancelled by its deadline never ended. */
TEST_F(queueregress, drain_ends_with_a_deadline)
{
	__u32 ep;
	int err;

	stuff(_metadata, &self->qr);
	rb_qrig_send(&self->qr, 0, RB_PAGE, 1)->timeout_us = 3000000;
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(0, rb_q_detach(self->q, self->qr.ep, REGBUF_DETACH_F_DRAIN));
	err = rb_q_attach(self->q, self->qr.rig.near, RB_BOTH, 0, 0, &ep);
	/* Or the machine stalled until then. */
	EXPECT_TRUE(err == -EBUSY || !rb_q_empty(self->q));
	ASSERT_EQ(0, rb_q_expect(self->q, 1, ETIME));
	EXPECT_TRUE(!err ||
		    rb_within(20, !rb_q_attach(self->q, self->qr.rig.near,
					       RB_BOTH, 0, 0, &ep)));
}

/* C15: sends that are drained to a peer that does not read can be cancelled. */
TEST_F(queueregress, drain_is_cancelled)
{
	__u32 ep;

	stuff(_metadata, &self->qr);
	rb_qrig_send(&self->qr, 0, RB_PAGE, 1);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(0, rb_q_detach(self->q, self->qr.ep, REGBUF_DETACH_F_DRAIN));
	rb_sqe_cancel(self->q, 0, 1, 0, 2);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(0, rb_q_expect(self->q, 1, ECANCELED));
	ASSERT_EQ(0, rb_q_one(self->q, &self->cqe));
	EXPECT_EQ(2, self->cqe.user_data);
	EXPECT_EQ(1, self->cqe.value);
	EXPECT_TRUE(rb_within(20, !rb_q_attach(self->q, self->qr.rig.near,
					       RB_BOTH, 0, 0, &ep)));
}

/* C3: what comes after a receive that was cancelled was not looked at. */
TEST_F(queueregress, next_receive_goes_on)
{
	rb_sqe_recv_pool(self->q, self->qr.ep, 0, 0, 1);
	ASSERT_EQ(0, rb_q_pool(self->q, self->qr.rig.id, 0, RB_PAGE, 1));
	ASSERT_EQ(4, send(self->qr.rig.far, "1111", 4, 0));
	ASSERT_EQ(0, rb_q_one(self->q, &self->cqe));
	ASSERT_EQ(1, self->cqe.user_data);
	/* The pool is dry, the data are there, another receive is behind. */
	ASSERT_EQ(4, send(self->qr.rig.far, "2222", 4, 0));
	rb_sqe_recv_pool(self->q, self->qr.ep, 0, 0, 2);
	rb_qrig_recv(&self->qr, 2 * RB_PAGE, 4, 3);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_TRUE(rb_q_empty(self->q));
	rb_sqe_cancel(self->q, 0, 2, 0, 4);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, rb_q_expect(self->q, 2, ECANCELED));
	EXPECT_EQ(0, rb_q_expect(self->q, 4, 0));
	EXPECT_EQ(0, rb_q_expect(self->q, 3, 0));
	EXPECT_EQ(0, memcmp(self->qr.rig.mem + 2 * RB_PAGE, "2222", 4));
}

/* C16: a wait for more than there are entries, rings made smaller meanwhile. */
TEST_F(queueregress, wait_for_more_than_fits)
{
	struct regbuf_ioc_enter out;

	ASSERT_EQ(0, rb_q_resize(self->q, 0, 2));
	rb_sqe_nop(self->q, 1);
	rb_sqe_nop(self->q, 2);
	ASSERT_EQ(0, rb_q_enter(self->q, 2, 1000, 20 * RB_SEC, &out));
	EXPECT_EQ(2, out.ready);
}

/* The connection is refused: who waits for it is told why, a send or not. */
TEST_F(queueregress, connect_sees_its_own_error)
{
	struct sockaddr_in nobody = {
		.sin_family = AF_INET,
		.sin_port = htons(1),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int sock = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	__u32 ep;

	ASSERT_LE(0, sock);
	ASSERT_EQ(0, rb_q_attach(self->q, sock, RB_BOTH, 0, 0, &ep));
	rb_sqe_send(self->q, ep, self->qr.rig.id, 0, 10, 1);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	connect(sock, (struct sockaddr *)&nobody, sizeof(nobody));
	rb_sqe_connect(self->q, ep, 2);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, rb_q_next(self->q, &self->cqe));
		EXPECT_NE(0, self->cqe.error);
	}
	close(sock);
}

/* C16: readable, although a silent completion came after the loud one. */
TEST_F(queueregress, silent_ones_hide_nothing)
{
	rb_sqe_nop(self->q, 1);
	rb_sqe_nop(self->q, 2)->flags = REGBUF_SQE_F_SILENT;
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(POLLIN, rb_q_poll(self->q));
	ASSERT_EQ(0, rb_q_expect(self->q, 1, 0));
	EXPECT_EQ(0, rb_q_poll(self->q));
	ASSERT_EQ(0, rb_q_expect(self->q, 2, 0));
}

/* C14: a timeout that was cancelled ended whatever had its place by then. */
TEST_F(queueregress, cancelled_timeout_is_over)
{
	rb_sqe_timeout(self->q, 6000 * RB_MSEC, 1);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	rb_sqe_cancel(self->q, 0, 1, 0, 2);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, rb_q_expect(self->q, 1, ECANCELED));
	EXPECT_EQ(0, rb_q_expect(self->q, 2, 0));
	/* All places but one, and then the time is up. */
	for (int i = 0; i < 63; i++)
		rb_qrig_recv(&self->qr, 0, 10, 10 + i);
	rb_sqe_timeout(self->q, 6500 * RB_MSEC, 3);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, rb_q_expect(self->q, 3, ETIME));
	EXPECT_TRUE(rb_q_empty(self->q));
}

/* C14: and was in the queue's list of timers twice when set again. */
TEST_F(queueregress, cancelled_timeout_is_set_again)
{
	for (int i = 0; i < 64; i++) {
		rb_sqe_timeout(self->q, 3600 * RB_SEC, i);
		ASSERT_EQ(0, rb_q_submit_all(self->q));
		rb_sqe_cancel(self->q, 0, i, 0, 99);
		ASSERT_EQ(0, rb_q_submit_all(self->q));
		ASSERT_EQ(0, rb_q_expect(self->q, i, ECANCELED));
		ASSERT_EQ(0, rb_q_expect(self->q, 99, 0));
	}
	for (int i = 0; i < 64; i++)
		rb_sqe_timeout(self->q, (200 + i) * RB_MSEC, i);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	for (int i = 0; i < 64; i++)
		ASSERT_EQ(0, rb_q_expect(self->q, i, ETIME));
}

/*
 * C3: completions that wait for one before them are told of when that has come,
 * however many: some at a time, as interrupts are off meanwhile.
 */
TEST_F(queueregress, many_wait_for_their_turn)
{
	struct rb_rig *rig = &self->qr.rig;
	__u32 ep;

	ASSERT_EQ(0, rb_q_resize(self->q, 1024, 1024));
	ASSERT_EQ(0, rb_q_detach(self->q, self->qr.ep, 0));
	ASSERT_EQ(0, rb_q_attach(self->q, rig->near,
				 RB_BOTH | REGBUF_ATTACH_F_ORDERED, 0, 0, &ep));
	ASSERT_EQ(0, rb_rig_hold(rig, REGRESS_LEN));
	rb_sqe_send(self->q, ep, rig->id, 0, REGRESS_LEN, 0);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	/* Each is copied, and so through at once. */
	for (int i = 1; i < 1000; i++) {
		rb_sqe_send(self->q, ep, rig->id, 0, 8, i);
		ASSERT_EQ(0, rb_q_submit_all(self->q));
	}
	EXPECT_EQ(0, rb_q_ready(self->q));
	ASSERT_EQ(0, rb_net_release(&rig->net, rig->far));
	for (int i = 0; i < 1000; i++)
		ASSERT_EQ(0, rb_q_expect(self->q, i, 0));
}

#include "regbuf_main.h"
