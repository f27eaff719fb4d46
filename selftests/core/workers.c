// SPDX-License-Identifier: GPL-2.0
/*
 * Threads of the kernel that work for a context: so many at a time, as
 * Documentation/security.rst says, however many of its queues are held up, and
 * none of another's. CVE class: exhaustion.
 */
#include "regbuf_halt.h"
#include "regbuf_proc.h"
#include "regbuf_queue.h"

#include "kselftest_harness.h"

#define MAX_WORKERS	4
#define QUEUES		(MAX_WORKERS + 2)
#define DEADLINES	50
#define EVERY_US	100000
#define LEN		RB_PAGE

/* A queue, and a thread that has the lock of its socket. */
struct lane {
	struct rb_queue q;
	int sv[2];
	pthread_t holder;
	const void *page;
	ssize_t sent;
};

FIXTURE(workers)
{
	struct rb_qrig other;
	struct lane lanes[QUEUES];
	int dev;
	__u64 id;
	void *mem;
	void *page;
	int uffd;
};

FIXTURE_SETUP(workers)
{
	ASSERT_EQ(0, rb_qrig_loopback(&self->other, AF_INET, SOCK_STREAM, LEN,
				      4));
	self->dev = rb_open();
	self->mem = rb_mem(LEN);
	ASSERT_EQ(0, rb_register(self->dev, self->mem, LEN, RB_WRITE,
				 &self->id));
	self->page = rb_map(RB_PAGE, PROT_READ | PROT_WRITE, 0);
	self->uffd = rb_miss_page(self->page);
	ASSERT_LE(0, self->uffd);
}

FIXTURE_TEARDOWN(workers)
{
	for (int i = 0; i < QUEUES; i++)
		rb_q_close(&self->lanes[i].q);
	close(self->dev);
	close(self->uffd);
	EXPECT_EQ(0, rb_qrig_close(&self->other));
}

/* A send has the socket's lock, and misses the page to send from. */
static void *hold(void *of)
{
	struct lane *lane = of;

	lane->sent = send(lane->sv[0], lane->page, 1, 0);
	return NULL;
}

/* Threads that do queues' work at the moment. */
static int working(void)
{
	DIR *proc = opendir("/proc");
	char name[64];
	int nr = 0;

	while (proc && rb_next_task(proc, name, sizeof(name)))
		nr += !!strstr(name, "+regbuf-run");
	if (proc)
		closedir(proc);
	return nr;
}

/*
 * Receives that time out one after the other: each time a worker comes, and
 * tries the next. Sooner or later that is while the lock is held.
 */
static int keep_busy(const FIXTURE_DATA(workers) *self, struct lane *lane)
{
	struct rb_queue *q = &lane->q;
	__u32 ep;
	int err = rb_pair(NULL, AF_INET, SOCK_STREAM, lane->sv) ?:
		  rb_q_open(self->dev, q, 64, 64, 0) ?:
		  rb_q_attach(q, lane->sv[0], RB_BOTH, 0, 0, &ep);

	for (int i = 1; !err && i <= DEADLINES; i++)
		rb_sqe_recv(q, ep, self->id, 0, LEN, i)->timeout_us =
			i * EVERY_US;
	return err ?: rb_q_submit_all(q);
}

static void hold_all(struct __test_metadata *_metadata,
		     FIXTURE_DATA(workers) *self)
{
	for (int i = 0; i < QUEUES; i++) {
		struct lane *lane = &self->lanes[i];

		ASSERT_EQ(0, keep_busy(self, lane));
		lane->page = self->page;
		ASSERT_EQ(0, pthread_create(&lane->holder, NULL, hold, lane));
		ASSERT_TRUE(rb_is_missed(self->uffd));
	}
}

TEST_F(workers, of_a_context)
{
	struct rb_queue *q = &self->other.q;

	hold_all(_metadata, self);
	ASSERT_TRUE(rb_within(20, working() == MAX_WORKERS));
	/* Those of the other queues have come due, too. */
	usleep(2 * EVERY_US);
	EXPECT_EQ(MAX_WORKERS, working());
	/* Nobody calls: a worker of the other context does it. */
	rb_qrig_recv(&self->other, 0, LEN, 1)->timeout_us = 1000;
	ASSERT_EQ(0, rb_q_submit_all(q));
	EXPECT_TRUE(rb_within(20, rb_q_ready(q)));
	EXPECT_TRUE(rb_within(20, working() == MAX_WORKERS));
	ASSERT_EQ(0, rb_give_page(self->uffd, self->page, self->mem));
	for (int i = 0; i < QUEUES; i++) {
		struct lane *lane = &self->lanes[i];

		ASSERT_EQ(0, pthread_join(lane->holder, NULL));
		EXPECT_EQ(1, lane->sent);
		EXPECT_TRUE(rb_within(20, rb_q_ready(&lane->q)));
	}
}

TEST_HARNESS_MAIN
