// SPDX-License-Identifier: GPL-2.0
/*
 * One call to submit and to wait: how much it takes, how long it waits, and
 * what ends it.
 */
#include "regbuf_alarms.h"
#include "regbuf_queue.h"
#include "regbuf_proc.h"

#include <signal.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#define NEVER	(3600 * RB_SEC)
#define BAD_OP	255

FIXTURE(enter)
{
	int dev;
	struct rb_queue q;
	struct regbuf_ioc_enter out;
	struct regbuf_cqe cqe;
};

FIXTURE_SETUP(enter)
{
	self->dev = rb_open();
	ASSERT_LE(0, self->dev);
	ASSERT_EQ(0, rb_q_open(self->dev, &self->q, 16, 16, 0));
}

FIXTURE_TEARDOWN(enter)
{
	rb_q_close(&self->q);
	EXPECT_EQ(0, rb_left(self->dev));
	close(self->dev);
}

static void nops(struct rb_queue *q, int nr)
{
	for (int i = 0; i < nr; i++)
		rb_sqe_nop(q, i);
}

/* As many as are asked for, or as there are. */
TEST_F(enter, submits_as_many_as_asked)
{
	nops(&self->q, 5);
	ASSERT_EQ(0, rb_q_enter(&self->q, 2, 0, 0, &self->out));
	EXPECT_EQ(2, self->out.submitted);
	EXPECT_EQ(2, self->out.ready);
	EXPECT_EQ(2, rb_load(&self->q.ring->sq_head));
	ASSERT_EQ(0, rb_q_enter(&self->q, 0, 0, 0, &self->out));
	EXPECT_EQ(0, self->out.submitted);
	ASSERT_EQ(0, rb_q_enter(&self->q, ~0u, 0, 0, &self->out));
	EXPECT_EQ(3, self->out.submitted);
	EXPECT_EQ(0, self->out.error);
	EXPECT_EQ(5, self->out.ready);
}

/* C1: it stops at the first that is refused, which stays, and does not wait. */
TEST_F(enter, stops_at_the_first_refused)
{
	nops(&self->q, 2);
	rb_sqe_op(&self->q, BAD_OP, 0, 2);
	rb_sqe_nop(&self->q, 3);
	ASSERT_EQ(0, rb_q_enter(&self->q, 4, 4, RB_FOREVER, &self->out));
	EXPECT_EQ(2, self->out.submitted);
	EXPECT_EQ(EINVAL, self->out.error);
	EXPECT_EQ(2, self->out.ready);
	EXPECT_EQ(2, rb_load(&self->q.ring->sq_head));
	/* Again: nothing but the same answer. */
	ASSERT_EQ(0, rb_q_enter(&self->q, 2, 0, 0, &self->out));
	EXPECT_EQ(0, self->out.submitted);
	EXPECT_EQ(EINVAL, self->out.error);
	EXPECT_EQ(2, self->out.ready);
	/* Put right where it is, all goes on. */
	self->q.sqes[2].op = REGBUF_OP_NOP;
	ASSERT_EQ(0, rb_q_enter(&self->q, 2, 4, RB_FOREVER, &self->out));
	EXPECT_EQ(2, self->out.submitted);
	EXPECT_EQ(0, self->out.error);
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(0, rb_q_expect(&self->q, i, 0));
	EXPECT_TRUE(rb_q_empty(&self->q));
}

/* An entry behind those that are to be taken is not looked at. */
TEST_F(enter, does_not_look_further)
{
	nops(&self->q, 1);
	rb_sqe_op(&self->q, BAD_OP, 0, 2);
	ASSERT_EQ(0, rb_q_enter(&self->q, 1, 1, RB_FOREVER, &self->out));
	EXPECT_EQ(1, self->out.submitted);
	EXPECT_EQ(0, self->out.error);
}

/* What is there already is not waited for. */
TEST_F(enter, does_not_wait_for_what_is_there)
{
	nops(&self->q, 3);
	ASSERT_EQ(0, rb_q_enter(&self->q, 3, 3, RB_FOREVER, &self->out));
	EXPECT_EQ(3, self->out.ready);
	for (int wait = 0; wait <= 3; wait++)
		EXPECT_EQ(0, rb_q_enter(&self->q, 0, wait, 0, NULL));
	EXPECT_EQ(-ETIMEDOUT, rb_q_enter(&self->q, 0, 4, 0, NULL));
	rb_q_reap(&self->q);
	EXPECT_EQ(-ETIMEDOUT, rb_q_enter(&self->q, 0, 1, 0, NULL));
}

/* A wait for more than there are entries is one for all. */
TEST_F(enter, waits_for_no_more_than_fit)
{
	nops(&self->q, 15);
	ASSERT_EQ(0, rb_q_submit_all(&self->q));
	EXPECT_EQ(-ETIMEDOUT, rb_q_enter(&self->q, 0, ~0u, RB_MSEC, NULL));
	nops(&self->q, 1);
	ASSERT_EQ(0, rb_q_enter(&self->q, 1, ~0u, RB_FOREVER, &self->out));
	EXPECT_EQ(16, self->out.ready);
}

/* The time runs out: what was submitted is told, and lives on. */
TEST_F(enter, times_out)
{
	long long start = rb_now();

	rb_sqe_timeout(&self->q, NEVER, 1);
	nops(&self->q, 1);
	EXPECT_EQ(-ETIMEDOUT, rb_q_enter(&self->q, 2, 2, 20 * RB_MSEC,
					 &self->out));
	EXPECT_LE(20 * RB_MSEC, rb_now() - start);
	EXPECT_EQ(2, self->out.submitted);
	EXPECT_EQ(0, self->out.error);
	EXPECT_EQ(1, self->out.ready);
	rb_q_reap(&self->q);
	rb_sqe_cancel(&self->q, 0, 1, 0, 2);
	ASSERT_EQ(0, rb_q_enter(&self->q, 1, 2, RB_LONG, &self->out));
	EXPECT_EQ(2, self->out.ready);
}

/* As long as it takes. */
TEST_F(enter, waits_without_a_limit)
{
	rb_sqe_timeout(&self->q, 20 * RB_MSEC, 7);
	rb_sqe_timeout(&self->q, RB_MSEC, 7);
	ASSERT_EQ(0, rb_q_enter(&self->q, 2, 2, RB_FOREVER, &self->out));
	EXPECT_EQ(2, self->out.ready);
	EXPECT_EQ(0, rb_q_expect(&self->q, 7, ETIME));
	EXPECT_EQ(0, rb_q_expect(&self->q, 7, ETIME));
}

/* Silent ones that are there count. */
TEST_F(enter, silent_completions_count)
{
	rb_sqe_nop(&self->q, 1)->flags = REGBUF_SQE_F_SILENT;
	ASSERT_EQ(0, rb_q_enter(&self->q, 1, 1, RB_FOREVER, &self->out));
	EXPECT_EQ(1, self->out.ready);
	ASSERT_EQ(0, rb_q_next(&self->q, &self->cqe));
	EXPECT_EQ(REGBUF_CQE_F_SILENT, self->cqe.flags);
}

struct waiting {
	struct rb_queue *q;
	pid_t tid;
	struct regbuf_ioc_enter enter;
	int err;
};

static void *wait_for_one(void *arg)
{
	struct waiting *w = arg;

	w->enter = (struct regbuf_ioc_enter){
		.size = sizeof(w->enter),
		.wait = 1,
		.timeout_ns = RB_LONG,
	};
	__atomic_store_n(&w->tid, gettid(), __ATOMIC_RELEASE);
	w->err = rb_ioctl(w->q->fd, REGBUF_IOC_ENTER, &w->enter);
	return NULL;
}

/* C16: those that come while it waits do not end a wait. */
TEST_F(enter, silent_completions_wake_nobody)
{
	struct waiting w = { .q = &self->q };
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for_one, &w));
	ASSERT_TRUE(rb_within(20, rb_thread_in_state(&w.tid, 'S')));
	for (int i = 0; i < 3; i++) {
		rb_sqe_nop(&self->q, i)->flags = REGBUF_SQE_F_SILENT;
		ASSERT_EQ(0, rb_q_submit_all(&self->q));
		usleep(10000);	/* to wake up, if it does so wrongly */
	}
	rb_sqe_nop(&self->q, 3);
	ASSERT_EQ(0, rb_q_submit_all(&self->q));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, w.err);
	EXPECT_EQ(4, w.enter.ready);
}

static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
	caught++;
}

static void handle(int sig)
{
	struct sigaction sa = { .sa_handler = on_signal };

	caught = 0;
	sigaction(sig, &sa, NULL);
}

/* A signal ends the wait; what was submitted is told, and lives on. */
TEST_F(enter, is_interrupted)
{
	rb_sqe_timeout(&self->q, NEVER, 1);
	ASSERT_EQ(0, rb_start_alarms(0));
	EXPECT_EQ(-EINTR, rb_q_enter(&self->q, 1, 1, RB_FOREVER, &self->out));
	ASSERT_EQ(0, rb_stop_alarms());
	EXPECT_LE(1, rb_alarms);
	EXPECT_EQ(1, self->out.submitted);
	EXPECT_EQ(0, self->out.ready);
	rb_sqe_cancel(&self->q, 0, 1, 0, 2);
	ASSERT_EQ(0, rb_q_enter(&self->q, 1, 2, RB_LONG, &self->out));
	EXPECT_EQ(2, self->out.ready);
}

static int enter_masked(struct rb_queue *q, const __u64 *mask, __u32 size,
			__u32 wait, long long timeout)
{
	struct regbuf_ioc_enter enter = {
		.size = sizeof(enter),
		.wait = wait,
		.timeout_ns = timeout,
		.sigmask = (unsigned long)mask,
		.sigmask_size = size,
	};

	return rb_ioctl(q->fd, REGBUF_IOC_ENTER, &enter);
}

static int blocked(int sig)
{
	sigset_t now;

	sigprocmask(SIG_BLOCK, NULL, &now);
	return sigismember(&now, sig);
}

/* A blocked signal is let in by the mask, and by nothing else (ppoll(2)). */
TEST_F(enter, waits_with_a_mask)
{
	__u64 none = 0, all = ~0ULL;
	sigset_t set;

	handle(SIGUSR1);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGUSR1);
	EXPECT_EQ(-ETIMEDOUT, enter_masked(&self->q, NULL, 0, 1, RB_MSEC));
	EXPECT_EQ(0, caught);
	EXPECT_EQ(-EINTR, enter_masked(&self->q, &none, 8, 1, RB_FOREVER));
	EXPECT_EQ(1, caught);
	EXPECT_EQ(1, blocked(SIGUSR1));
	/* The other way round: kept out as long as it waits. */
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	ASSERT_EQ(0, rb_start_alarms(0));
	EXPECT_EQ(-ETIMEDOUT, enter_masked(&self->q, &all, 8, 1,
					   50 * RB_MSEC));
	ASSERT_EQ(0, rb_stop_alarms());
	EXPECT_LE(1, rb_alarms);
	EXPECT_EQ(0, blocked(SIGALRM));
}

/* The mask is 8 bytes, and the caller's. */
TEST_F(enter, wrong_masks_are_refused)
{
	static const __u32 sizes[] = { 1, 4, 7, 9, 16, 128, 0xffffffff };
	__u64 none = 0;

	for (int i = 0; i < ARRAY_SIZE(sizes); i++)
		EXPECT_EQ(-EINVAL, enter_masked(&self->q, &none, sizes[i], 1,
						0));
	EXPECT_EQ(-EFAULT, enter_masked(&self->q, (void *)16, 8, 1, 0));
	EXPECT_EQ(-EFAULT, enter_masked(&self->q, (void *)-16L, 8, 1, 0));
	EXPECT_EQ(-ETIMEDOUT, enter_masked(&self->q, &none, 8, 1, 0));
}

/* Another process: waits for a byte on its socket, and sends it back. */
static int waiter(int sock, int ready)
{
	struct rb_qrig qr = {};
	int sv[2] = { sock, -1 };
	struct regbuf_cqe cqe;
	int err;

	if (rb_qrig_with(&qr, sv, RB_PAGE, 4))
		return 1;
	rb_qrig_recv(&qr, 0, 1, 1);
	if (rb_q_submit_all(&qr.q) || write(ready, "r", 1) != 1)
		return 2;
	do {
		err = rb_q_enter(&qr.q, 0, 1, RB_LONG, NULL);
	} while (err == -EINTR);
	if (err || !rb_q_pop(&qr.q, &cqe) || cqe.value != 1)
		return 3;
	return send(sock, qr.rig.mem, 1, 0) == 1 ? 0 : 4;
}

/* C16: stopped and continued, it gets what came meanwhile. */
TEST_F(enter, survives_being_stopped)
{
	int sv[2], ready[2], status;
	char byte = 0;
	pid_t pid;

	ASSERT_EQ(0, rb_pair(NULL, AF_INET, SOCK_STREAM, sv));
	ASSERT_EQ(0, pipe(ready));
	pid = fork();
	if (!pid)
		_exit(waiter(sv[0], ready[1]));
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	ASSERT_TRUE(rb_within(20, rb_in_state(pid, 'S')));
	kill(pid, SIGSTOP);
	ASSERT_EQ(pid, waitpid(pid, &status, WUNTRACED));
	ASSERT_TRUE(WIFSTOPPED(status));
	kill(pid, SIGCONT);
	ASSERT_TRUE(rb_within(20, rb_in_state(pid, 'S')));
	kill(pid, SIGSTOP);
	ASSERT_EQ(pid, waitpid(pid, &status, WUNTRACED));
	ASSERT_EQ(1, send(sv[1], "y", 1, 0));
	kill(pid, SIGCONT);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(1, recv(sv[1], &byte, 1, 0));
	EXPECT_EQ('y', byte);
}

TEST_HARNESS_MAIN
