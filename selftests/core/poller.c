// SPDX-License-Identifier: GPL-2.0
/*
 * A kernel thread takes the entries: no call, and the same rules.
 */
#include "regbuf_queue.h"
#include "regbuf_buf.h"
#include "regbuf_halt.h"
#include "regbuf_proc.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#define NOBODY		65534
#define ENTRIES		16
#define LEN		(4 * RB_PAGE)

FIXTURE(poller)
{
	struct rb_qrig qr;
	struct rb_queue q;
	struct regbuf_cqe cqe;
	struct regbuf_ioc_enter out;
	__u32 ep;
};

static int open_poller(int dev, struct rb_queue *q, __u32 idle_us)
{
	struct regbuf_ioc_queue params = {
		.flags = REGBUF_QUEUE_F_POLLER,
		.sq_entries = ENTRIES,
		.cq_entries = ENTRIES,
		.poller_idle_us = idle_us,
	};

	return rb_q_open_params(dev, q, &params);
}

FIXTURE_SETUP(poller)
{
	struct rb_qrig *qr = &self->qr;

	ASSERT_EQ(0, rb_qrig_loopback(qr, AF_INET, SOCK_STREAM, LEN, 1));
	ASSERT_EQ(0, rb_q_detach(&qr->q, qr->ep, 0));
	ASSERT_EQ(0, open_poller(qr->rig.dev, &self->q, 0));
	ASSERT_EQ(0, rb_q_attach(&self->q, qr->rig.near, RB_BOTH, 0, 0,
				 &self->ep));
}

FIXTURE_TEARDOWN(poller)
{
	rb_q_close(&self->q);
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

/* Nobody is charged for its time: it needs CAP_SYS_NICE. */
TEST_F(poller, needs_the_capability)
{
	struct rb_queue q;

	ASSERT_EQ(0, seteuid(NOBODY));
	EXPECT_EQ(-EPERM, open_poller(self->qr.rig.dev, &q, 0));
	EXPECT_EQ(0, rb_q_open(self->qr.rig.dev, &q, 1, 1, 0));
	rb_q_close(&q);
	ASSERT_EQ(0, seteuid(0));
}

/* Entries are not for the call to take. */
TEST_F(poller, call_does_not_submit)
{
	EXPECT_EQ(-EINVAL, rb_q_enter(&self->q, 1, 0, 0, &self->out));
	EXPECT_EQ(0, rb_q_enter(&self->q, 0, 0, 0, &self->out));
}

/* C16: asleep or awake, it takes what it is told of, in order. */
TEST_F(poller, takes_entries)
{
	for (int i = 0; i < 500; i++) {
		rb_sqe_nop(&self->q, i);
		ASSERT_EQ(0, rb_q_kick(&self->q));
		if (i % 50 == 0)
			ASSERT_TRUE(rb_within(20, rb_q_wants_call(&self->q)));
		ASSERT_EQ(0, rb_q_expect(&self->q, i, 0));
	}
	/* A completion may be seen a moment before its entry is free. */
	EXPECT_TRUE(rb_within(20, rb_load(&self->q.ring->sq_head) == 500));
}

/* It sleeps after its time, and says so; with more time it is not so soon. */
TEST_F(poller, sleeps)
{
	struct rb_queue q;

	ASSERT_EQ(0, open_poller(self->qr.rig.dev, &q, 1));
	EXPECT_TRUE(rb_within(20, rb_q_wants_call(&q)));
	rb_sqe_nop(&q, 1);
	ASSERT_EQ(0, rb_q_kick(&q));
	EXPECT_EQ(0, rb_q_expect(&q, 1, 0));
	EXPECT_TRUE(rb_within(20, rb_q_wants_call(&q)));
	rb_q_close(&q);
}

/* C1: what is refused is a completion, and it goes on. */
TEST_F(poller, refusals_are_completions)
{
	rb_sqe_nop(&self->q, 1);
	rb_sqe_op(&self->q, REGBUF_OP_NR, 0, 2);
	rb_sqe_send(&self->q, self->ep, 12345, 0, 10, 3);
	rb_sqe_send(&self->q, self->ep + 1, self->qr.rig.id, 0, 10, 4);
	rb_sqe_send_inline(&self->q, self->ep, (void *)16, 1, 5);
	rb_sqe_send(&self->q, self->ep, 12345, 0, 10, 6)->flags |=
		REGBUF_SQE_F_EARLY;
	rb_sqe_nop(&self->q, 7);
	ASSERT_EQ(0, rb_q_kick(&self->q));
	for (int i = 1; i <= 7; i++) {
		static const int errors[] = {
			0, 0, EINVAL, ENOENT, ENOENT, EFAULT, ENOENT, 0,
		};

		ASSERT_EQ(0, rb_q_next(&self->q, &self->cqe));
		EXPECT_EQ(i, self->cqe.user_data);
		EXPECT_EQ(errors[i], self->cqe.error);
		EXPECT_EQ(errors[i] ? REGBUF_CQE_F_REFUSED : 0,
			  self->cqe.flags);
	}
	EXPECT_EQ(0, rb_rig_silent(&self->qr.rig));
}

/* C2: without a place it stalls; when there is one it goes on. */
TEST_F(poller, stalls_when_there_is_no_place)
{
	__u64 written = 0, seen = 0;

	while (written < ENTRIES * 2) {
		while (self->q.tail - rb_load(&self->q.ring->sq_head) <
		       ENTRIES && written < ENTRIES * 2)
			rb_sqe_nop(&self->q, written++);
		ASSERT_EQ(0, rb_q_kick(&self->q));
		ASSERT_TRUE(rb_within(20, rb_q_ready(&self->q) == ENTRIES));
	}
	EXPECT_TRUE(rb_within(20, rb_q_wants_call(&self->q)));
	EXPECT_EQ(ENTRIES, rb_load(&self->q.ring->sq_head));
	while (seen < written) {
		ASSERT_EQ(0, rb_q_kick(&self->q));
		ASSERT_EQ(0, rb_q_expect(&self->q, seen, 0));
		seen++;
	}
	EXPECT_TRUE(rb_q_empty(&self->q));
}

/* Data, and memory of the program's that only the entry names. */
TEST_F(poller, sends_and_receives)
{
	struct rb_qrig *qr = &self->qr;
	struct regbuf_slice slices[2] = {
		rb_inline("head", 4), rb_slice(qr->rig.id, 3, 10),
	};
	char got[17];

	rb_sqe_send_inline(&self->q, self->ep, "abc", 3, 1);
	rb_sqe_send_list(&self->q, self->ep, slices, 2, 2);
	rb_sqe_recv(&self->q, self->ep, qr->rig.id, 100, 10, 3);
	ASSERT_EQ(0, rb_q_kick(&self->q));
	EXPECT_EQ(0, rb_q_expect(&self->q, 1, 0));
	EXPECT_EQ(0, rb_q_expect(&self->q, 2, 0));
	ASSERT_EQ(0, rb_recv_all(qr->rig.far, got, sizeof(got)));
	EXPECT_EQ(0, memcmp(got, "abchead", 7));
	EXPECT_EQ(0, memcmp(got + 7, qr->rig.mem + 3, 10));
	/* Asleep when the data come. */
	ASSERT_TRUE(rb_within(20, rb_q_wants_call(&self->q)));
	ASSERT_EQ(5, send(qr->rig.far, "hello", 5, 0));
	EXPECT_TRUE(rb_within(20, !rb_q_empty(&self->q)));
	EXPECT_EQ(0, rb_q_expect(&self->q, 3, 0));
	EXPECT_EQ(0, memcmp(qr->rig.mem + 100, "hello", 5));
}

/* C2: an index where it cannot be, with nobody to tell it by a call. */
TEST_F(poller, impossible_index_breaks_it)
{
	rb_sqe_nop(&self->q, 1);
	self->q.tail += ENTRIES;
	rb_q_publish(&self->q);
	rb_q_enter(&self->q, 0, 0, 0, &self->out);
	EXPECT_TRUE(rb_within(20, rb_load(&self->q.ring->flags) &
				  REGBUF_RING_F_BROKEN));
	EXPECT_EQ(-ENOTRECOVERABLE, rb_q_enter(&self->q, 0, 1, RB_LONG,
					       &self->out));
}

/* C2: other rings while it is at work, goes to sleep, or wakes. */
TEST_F(poller, rings_change_under_it)
{
	__u64 written = 0, seen = 0;
	struct rb_queue q;

	ASSERT_EQ(0, open_poller(self->qr.rig.dev, &q, 1));
	for (int i = 0; i < 300; i++) {
		for (int n = 0; n < i % 5; n++)
			rb_sqe_nop(&q, written++);
		ASSERT_EQ(0, rb_q_kick(&q));
		ASSERT_EQ(0, rb_q_resize(&q, 8 << i % 4, 8 << i % 3));
		while (seen < written)
			ASSERT_EQ(0, rb_q_expect(&q, seen++, 0));
	}
	rb_q_close(&q);
}

/* C15: closed in the middle of work: nothing is left. */
TEST_F(poller, is_closed_at_work)
{
	struct rb_queue q;

	for (int i = 0; i < 20; i++) {
		ASSERT_EQ(0, open_poller(self->qr.rig.dev, &q, i % 2));
		for (int n = 0; n < i % ENTRIES; n++)
			rb_sqe_timeout(&q, n * RB_MSEC, n);
		ASSERT_EQ(0, rb_q_kick(&q));
		rb_q_close(&q);
	}
}

struct closing {
	struct rb_queue q;
	pid_t tid;
};

static void *close_it(void *arg)
{
	struct closing *c = arg;

	__atomic_store_n(&c->tid, gettid(), __ATOMIC_RELEASE);
	rb_q_close(&c->q);
	return NULL;
}

/*
 * CVE class: rights that a thread of the kernel has. Nobody's limits hold
 * there, so no table is made, even when it is about to go.
 */
TEST_F(poller, registers_nothing_at_its_end)
{
	char *late = rb_map(RB_PAGE, PROT_READ | PROT_WRITE, 0);
	char *mem = rb_pages(1);
	struct regbuf_array_entry entry = rb_entry(mem, RB_PAGE, RB_READ);
	struct regbuf_ioc_array array = rb_array_args(0, &entry, 1, 0);
	struct regbuf_ioc_stats stats;
	struct closing c = { };
	pthread_t thread;
	int uffd;

	ASSERT_EQ(0, open_poller(self->qr.rig.dev, &c.q, 1000000));
	ASSERT_EQ(0, rb_q_attach(&c.q, self->qr.rig.far, RB_BOTH, 0, 0,
				 &self->ep));
	uffd = rb_miss_page(late);
	ASSERT_LE(0, uffd);
	rb_sqe_send_inline(&c.q, self->ep, late, 1, 1);
	rb_sqe_array(&c.q, &array, 2);
	ASSERT_EQ(0, rb_q_kick(&c.q));
	ASSERT_TRUE(rb_is_missed(uffd));
	ASSERT_EQ(0, pthread_create(&thread, NULL, close_it, &c));
	/* It waits for the poller. */
	ASSERT_TRUE(rb_within(20, rb_thread_in_state(&c.tid, 'D')));
	ASSERT_EQ(0, rb_give_page(uffd, late, mem));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	ASSERT_EQ(0, rb_stats(self->qr.rig.dev, &stats));
	EXPECT_EQ(1, stats.buffers);
	EXPECT_EQ(0, entry.id);
	close(uffd);
}

/* C15: killed with it at work: the thread goes, and the pages. */
TEST_F(poller, dies_with_the_process)
{
	long pins = rb_pins();
	struct rb_qrig qr = {};
	struct rb_queue q;
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (rb_qrig_bare(&qr, LEN, 1) ||
		    open_poller(qr.rig.dev, &q, 1000000))
			_exit(1);
		rb_sqe_timeout(&q, 3600 * RB_SEC, 1);
		rb_q_kick(&q);
		raise(SIGKILL);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_TRUE(rb_within(20, rb_pins() <= pins));
}

TEST_HARNESS_MAIN
