// SPDX-License-Identifier: GPL-2.0
/*
 * C16: wake-ups by every way there is: none lost and, with one consumer, none
 * without a reason. They are counted.
 */
#include "regbuf_queue.h"

#include "kselftest_harness.h"

#define ENTRIES		64

FIXTURE(notify)
{
	int dev;
	struct rb_queue q;
	int efd;
	int epfd;
};

FIXTURE_SETUP(notify)
{
	self->dev = rb_open();
	ASSERT_LE(0, self->dev);
	ASSERT_EQ(0, rb_q_open(self->dev, &self->q, ENTRIES, ENTRIES, 0));
	self->efd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	self->epfd = epoll_create1(EPOLL_CLOEXEC);
	ASSERT_LE(0, self->epfd);
	ASSERT_EQ(0, rb_q_eventfd(&self->q, self->efd));
}

FIXTURE_TEARDOWN(notify)
{
	close(self->efd);
	rb_q_close(&self->q);
	close(self->epfd);
	close(self->dev);
}

/* Complete so many, silently or not. */
static int complete(struct rb_queue *q, int nr, int silent)
{
	for (int i = 0; i < nr; i++)
		rb_sqe_nop(q, i)->flags = silent ? REGBUF_SQE_F_SILENT : 0;
	return rb_q_submit_all(q);
}

/* What an eventfd has counted; 0 if it was not signalled. */
static __u64 signals(int efd)
{
	__u64 count;

	return read(efd, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

/* Readable as long as one that is not silent is unconsumed. */
TEST_F(notify, poll_is_level_triggered)
{
	struct regbuf_cqe cqe;

	EXPECT_EQ(0, rb_q_poll(&self->q));
	ASSERT_EQ(0, complete(&self->q, 2, false));
	EXPECT_EQ(POLLIN, rb_q_poll(&self->q));
	EXPECT_EQ(POLLIN, rb_q_poll(&self->q));
	ASSERT_TRUE(rb_q_pop(&self->q, &cqe));
	EXPECT_EQ(POLLIN, rb_q_poll(&self->q));
	ASSERT_TRUE(rb_q_pop(&self->q, &cqe));
	EXPECT_EQ(0, rb_q_poll(&self->q));
}

/* Silent ones do not count, wherever they are. */
TEST_F(notify, poll_does_not_see_silent_ones)
{
	struct regbuf_cqe cqe;

	ASSERT_EQ(0, complete(&self->q, 3, true));
	EXPECT_EQ(0, rb_q_poll(&self->q));
	EXPECT_FALSE(rb_q_loud(&self->q));
	ASSERT_EQ(0, complete(&self->q, 1, false));
	ASSERT_EQ(0, complete(&self->q, 1, true));
	for (int i = 0; i < 4; i++) {
		EXPECT_EQ(POLLIN, rb_q_poll(&self->q));
		EXPECT_TRUE(rb_q_loud(&self->q));
		ASSERT_TRUE(rb_q_pop(&self->q, &cqe));
		EXPECT_EQ(i == 3 ? 0 : REGBUF_CQE_F_SILENT, cqe.flags);
	}
	EXPECT_EQ(0, rb_q_poll(&self->q));
	EXPECT_EQ(1, rb_q_ready(&self->q));
}

/* Who sleeps in poll(2) is woken, with no thread in the kernel for it. */
TEST_F(notify, poll_wakes)
{
	struct pollfd pfd = { .fd = self->q.fd, .events = POLLIN };

	for (int i = 0; i < 5; i++) {
		rb_sqe_timeout(&self->q, 10 * RB_MSEC, i);
		ASSERT_EQ(0, rb_q_submit_all(&self->q));
		ASSERT_EQ(1, poll(&pfd, 1, 20000));
		EXPECT_EQ(POLLIN, pfd.revents);
		EXPECT_EQ(0, rb_q_expect(&self->q, i, ETIME));
	}
}

static int watch(int epfd, int op, int fd, __u32 events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	return epoll_ctl(epfd, op, fd, &event);
}

/* How many descriptors are ready now. */
static int ready(int epfd)
{
	struct epoll_event events[4];

	return epoll_wait(epfd, events, 4, 0);
}

TEST_F(notify, epoll_is_level_triggered)
{
	ASSERT_EQ(0, watch(self->epfd, EPOLL_CTL_ADD, self->q.fd, EPOLLIN));
	EXPECT_EQ(0, ready(self->epfd));
	ASSERT_EQ(0, complete(&self->q, 1, true));
	EXPECT_EQ(0, ready(self->epfd));
	ASSERT_EQ(0, complete(&self->q, 1, false));
	EXPECT_EQ(1, ready(self->epfd));
	EXPECT_EQ(1, ready(self->epfd));
	rb_q_reap(&self->q);
	EXPECT_EQ(0, ready(self->epfd));
}

/* With EPOLLET: once for what came, again for what comes then. */
TEST_F(notify, epoll_edges)
{
	ASSERT_EQ(0, watch(self->epfd, EPOLL_CTL_ADD, self->q.fd,
			   EPOLLIN | EPOLLET));
	EXPECT_EQ(0, ready(self->epfd));
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, complete(&self->q, 2, false));
		EXPECT_EQ(1, ready(self->epfd));
		EXPECT_EQ(0, ready(self->epfd));
		ASSERT_EQ(0, complete(&self->q, 1, true));
		EXPECT_EQ(0, ready(self->epfd));
	}
	EXPECT_EQ(9, rb_q_reap(&self->q));
	EXPECT_EQ(0, ready(self->epfd));
	/* There before it was watched: that is an edge, too. */
	ASSERT_EQ(0, complete(&self->q, 1, false));
	ASSERT_EQ(0, watch(self->epfd, EPOLL_CTL_DEL, self->q.fd, 0));
	ASSERT_EQ(0, watch(self->epfd, EPOLL_CTL_ADD, self->q.fd,
			   EPOLLIN | EPOLLET));
	EXPECT_EQ(1, ready(self->epfd));
}

/* With EPOLLONESHOT: once, until it is asked for again. */
TEST_F(notify, epoll_one_shot)
{
	const __u32 events = EPOLLIN | EPOLLONESHOT;

	ASSERT_EQ(0, watch(self->epfd, EPOLL_CTL_ADD, self->q.fd, events));
	ASSERT_EQ(0, complete(&self->q, 1, false));
	EXPECT_EQ(1, ready(self->epfd));
	ASSERT_EQ(0, complete(&self->q, 1, false));
	EXPECT_EQ(0, ready(self->epfd));
	ASSERT_EQ(0, watch(self->epfd, EPOLL_CTL_MOD, self->q.fd, events));
	EXPECT_EQ(1, ready(self->epfd));
	rb_q_reap(&self->q);
	ASSERT_EQ(0, watch(self->epfd, EPOLL_CTL_MOD, self->q.fd, events));
	EXPECT_EQ(0, ready(self->epfd));
}

/* An epoll instance may outlive the queue. */
TEST_F(notify, epoll_outlives_the_queue)
{
	ASSERT_EQ(0, watch(self->epfd, EPOLL_CTL_ADD, self->q.fd, EPOLLIN));
	rb_sqe_timeout(&self->q, 5 * RB_MSEC, 1);
	ASSERT_EQ(0, rb_q_submit_all(&self->q));
	rb_q_close(&self->q);
	usleep(10000);	/* what was pending does no harm: sanitizers tell */
	EXPECT_EQ(0, ready(self->epfd));
}

/* The eventfd is signalled once each time that it is asked for, and says so. */
TEST_F(notify, eventfd_is_signalled_once)
{
	ASSERT_EQ(0, complete(&self->q, 3, false));
	EXPECT_EQ(0, signals(self->efd));
	EXPECT_EQ(1, rb_q_arm(&self->q));
	EXPECT_EQ(0, rb_q_disarm(&self->q));
	rb_q_reap(&self->q);
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(0, rb_q_arm(&self->q));
		ASSERT_EQ(0, complete(&self->q, 4, true));
		EXPECT_EQ(0, signals(self->efd));
		ASSERT_EQ(0, complete(&self->q, 4, false));
		EXPECT_EQ(1, signals(self->efd));
		EXPECT_EQ(0, rb_load(&self->q.ring->cq_armed));
		EXPECT_EQ(1, rb_q_disarm(&self->q));
		ASSERT_EQ(0, complete(&self->q, 1, false));
		EXPECT_EQ(0, signals(self->efd));
		EXPECT_EQ(9, rb_q_reap(&self->q));
	}
}

/* Taken back in time, there is none. */
TEST_F(notify, eventfd_is_disarmed)
{
	EXPECT_EQ(0, rb_q_arm(&self->q));
	EXPECT_EQ(0, rb_q_disarm(&self->q));
	ASSERT_EQ(0, complete(&self->q, 1, false));
	EXPECT_EQ(0, signals(self->efd));
}

/* One for several queues; another one; none. */
TEST_F(notify, eventfd_is_changed)
{
	int other = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct rb_queue second;

	ASSERT_EQ(0, rb_q_open(self->dev, &second, 4, 4, 0));
	ASSERT_EQ(0, rb_q_eventfd(&second, self->efd));
	rb_q_arm(&self->q);
	rb_q_arm(&second);
	ASSERT_EQ(0, complete(&self->q, 1, false));
	ASSERT_EQ(0, complete(&second, 1, false));
	EXPECT_EQ(2, signals(self->efd));
	rb_q_close(&second);

	rb_q_arm(&self->q);
	ASSERT_EQ(0, rb_q_eventfd(&self->q, other));
	ASSERT_EQ(0, complete(&self->q, 1, false));
	EXPECT_EQ(0, signals(self->efd));
	EXPECT_EQ(1, signals(other));
	rb_q_arm(&self->q);
	ASSERT_EQ(0, rb_q_eventfd(&self->q, -1));
	ASSERT_EQ(0, complete(&self->q, 1, false));
	EXPECT_EQ(0, signals(self->efd) + signals(other));
	close(other);
}

TEST_F(notify, wrong_eventfds_are_refused)
{
	EXPECT_EQ(-EBADF, rb_q_eventfd(&self->q, 12345));
	EXPECT_EQ(-EINVAL, rb_q_eventfd(&self->q, self->dev));
	EXPECT_EQ(-EINVAL, rb_q_eventfd(&self->q, self->q.fd));
	/* The one that there was is still there. */
	rb_q_arm(&self->q);
	ASSERT_EQ(0, complete(&self->q, 1, false));
	EXPECT_EQ(1, signals(self->efd));
}

/*
 * One thread submits; the other waits, in some way, and consumes. A wake-up
 * that finds nothing is spurious; one that does not come in 20 seconds is lost.
 */
struct count {
	struct rb_queue *q;
	int efd;
	int epfd;
	unsigned long total;
	unsigned long consumed;
	unsigned long wakeups;
	unsigned long spurious;
	unsigned long lost;
};

static void *produce(void *arg)
{
	struct count *c = arg;
	unsigned int seed = 7, nr;
	unsigned long done = 0;

	while (done < c->total && !__atomic_load_n(&c->lost,
						   __ATOMIC_RELAXED)) {
		struct regbuf_ioc_enter out;

		nr = rand_r(&seed) % ENTRIES + 1;
		if (nr > c->total - done)
			nr = c->total - done;
		for (unsigned int i = 0; i < nr; i++)
			rb_sqe_nop(c->q, done);
		do {
			if (rb_q_enter(c->q, nr, 0, 0, &out))
				return arg;
			nr -= out.submitted;
			done += out.submitted;
			if (nr)
				sched_yield();
		} while (nr && !__atomic_load_n(&c->lost, __ATOMIC_RELAXED));
	}
	return NULL;
}

/* Wait for the signal of the eventfd, which is one. */
static void wait_signal(struct count *c)
{
	struct pollfd pfd = { .fd = c->efd, .events = POLLIN };

	if (poll(&pfd, 1, 20000) != 1)
		c->lost++;
	else if (signals(c->efd) != 1)
		c->spurious++;
}

static void by_eventfd(struct count *c)
{
	if (!rb_q_arm(c->q) || rb_q_disarm(c->q))
		wait_signal(c);
	else
		c->wakeups--;	/* found without a signal */
}

static void by_poll(struct count *c)
{
	struct pollfd pfd = { .fd = c->q->fd, .events = POLLIN };

	c->lost += poll(&pfd, 1, 20000) != 1;
}

static void by_epoll(struct count *c)
{
	struct epoll_event event;

	c->lost += epoll_wait(c->epfd, &event, 1, 20000) != 1;
}

static void by_enter(struct count *c)
{
	struct regbuf_ioc_enter enter = {
		.size = sizeof(enter),
		.wait = 1,
		.timeout_ns = RB_LONG,
	};

	/* Not rb_q_enter(), which publishes: that is the other thread's. */
	c->lost += rb_ioctl(c->q->fd, REGBUF_IOC_ENTER, &enter) != 0;
}

static void consume(struct count *c, void (*wait)(struct count *c))
{
	struct regbuf_cqe cqe;
	int found;

	while (c->consumed < c->total && !c->lost) {
		wait(c);
		c->wakeups++;
		for (found = 0; rb_q_pop(c->q, &cqe); found++)
			;
		if (!found)
			c->spurious++;
		c->consumed += found;
	}
}

static void run(struct __test_metadata *_metadata, FIXTURE_DATA(notify) *self,
		unsigned long total, void (*wait)(struct count *c))
{
	struct count c = {
		.q = &self->q,
		.efd = self->efd,
		.epfd = self->epfd,
		.total = total,
	};
	pthread_t thread;
	void *result;

	ASSERT_EQ(0, pthread_create(&thread, NULL, produce, &c));
	consume(&c, wait);
	ASSERT_EQ(0, pthread_join(thread, &result));
	EXPECT_EQ(NULL, result);
	TH_LOG("%lu completions, %lu wake-ups", c.consumed, c.wakeups);
	EXPECT_EQ(total, c.consumed);
	EXPECT_EQ(0, c.lost);
	EXPECT_EQ(0, c.spurious);
	EXPECT_LT(0, c.wakeups);
	EXPECT_TRUE(rb_q_empty(&self->q));
}

/* As many as this kernel manages in a few seconds, up to a million. */
static unsigned long how_many(struct rb_queue *q)
{
	long long start = rb_now();
	unsigned long per_second;

	for (int i = 0; i < 100; i++) {
		complete(q, ENTRIES, false);
		rb_q_reap(q);
	}
	per_second = 100UL * ENTRIES * RB_SEC / (rb_now() - start + 1);
	return per_second > 200000 ? 1000000 : 100000;
}

TEST_F_TIMEOUT(notify, million_by_eventfd, 120)
{
	run(_metadata, self, how_many(&self->q), by_eventfd);
}

TEST_F_TIMEOUT(notify, many_by_poll, 60)
{
	run(_metadata, self, how_many(&self->q) / 10, by_poll);
}

TEST_F_TIMEOUT(notify, many_by_epoll, 60)
{
	ASSERT_EQ(0, watch(self->epfd, EPOLL_CTL_ADD, self->q.fd, EPOLLIN));
	run(_metadata, self, how_many(&self->q) / 10, by_epoll);
}

TEST_F_TIMEOUT(notify, many_by_enter, 60)
{
	run(_metadata, self, how_many(&self->q) / 10, by_enter);
}

/* Two threads that wait, and take turns to consume. */
struct waiters {
	struct rb_queue *q;
	pthread_mutex_t lock;
	unsigned long total;
	unsigned long consumed;
	int failed;
};

static void *wait_and_consume(void *arg)
{
	struct waiters *w = arg;
	struct regbuf_ioc_enter enter;
	struct regbuf_cqe cqe;
	int more = 1;

	while (more) {
		enter = (struct regbuf_ioc_enter){
			.size = sizeof(enter),
			.wait = 1,
			.timeout_ns = RB_LONG,
		};
		if (rb_ioctl(w->q->fd, REGBUF_IOC_ENTER, &enter)) {
			w->failed = 1;
			break;
		}
		pthread_mutex_lock(&w->lock);
		more = w->consumed < w->total;
		/* The last ones are left, for both to see and end. */
		while (w->consumed < w->total && rb_q_pop(w->q, &cqe))
			w->consumed++;
		more = w->consumed < w->total;
		pthread_mutex_unlock(&w->lock);
	}
	return NULL;
}

/* Submit one by one; two more at the end, for both waiters. */
static int feed(struct waiters *w)
{
	struct regbuf_ioc_enter out;

	for (unsigned long i = 0; i < w->total + 2; i++) {
		if (w->q->tail == rb_load(&w->q->ring->sq_head))
			rb_sqe_nop(w->q, i);
		if (rb_q_enter(w->q, 1, 0, 0, &out) || w->failed)
			return -1;
		if (!out.submitted) {
			sched_yield();
			i--;
		}
	}
	return 0;
}

TEST_F_TIMEOUT(notify, two_threads_wait, 60)
{
	struct waiters w = {
		.q = &self->q,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.total = 5000,
	};
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL,
					    wait_and_consume, &w));
	EXPECT_EQ(0, feed(&w));
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
	EXPECT_EQ(0, w.failed);
	EXPECT_EQ(w.total, w.consumed);
	EXPECT_EQ(2, rb_q_ready(&self->q));
}

/* Each waits for another number: each gets its own. */
static void *wait_for(void *arg)
{
	struct count *c = arg;
	struct regbuf_ioc_enter enter = {
		.size = sizeof(enter),
		.wait = c->total,
		.timeout_ns = RB_LONG,
	};

	c->lost = rb_ioctl(c->q->fd, REGBUF_IOC_ENTER, &enter) != 0;
	c->consumed = enter.ready;
	return NULL;
}

TEST_F(notify, threads_wait_for_different_numbers)
{
	struct count c[4];
	pthread_t threads[4];

	for (int i = 0; i < 4; i++) {
		c[i] = (struct count){ .q = &self->q, .total = 1 + i * 3 };
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, wait_for,
					    &c[i]));
	}
	for (int i = 0; i < 10; i++) {
		rb_sqe_timeout(&self->q, (10 + i) * RB_MSEC, i);
		ASSERT_EQ(0, rb_q_submit_all(&self->q));
	}
	for (int i = 0; i < 4; i++) {
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
		EXPECT_EQ(0, c[i].lost);
		EXPECT_LE(c[i].total, c[i].consumed);
	}
	EXPECT_EQ(10, rb_q_reap(&self->q));
}

TEST_HARNESS_MAIN
