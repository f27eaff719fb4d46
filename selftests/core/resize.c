// SPDX-License-Identifier: GPL-2.0
/*
 * Rings of another size: what is in them and what is pending stays.
 */
#include "regbuf_queue.h"

#include "kselftest_harness.h"

#define NEVER		(3600 * RB_SEC)
#define LEN		(16 * RB_PAGE)

FIXTURE(resize)
{
	struct rb_qrig qr;
	struct regbuf_ioc_enter out;
	struct regbuf_cqe cqe;
};

FIXTURE_SETUP(resize)
{
	ASSERT_EQ(0, rb_qrig_loopback(&self->qr, AF_INET, SOCK_STREAM, LEN,
				      8));
}

FIXTURE_TEARDOWN(resize)
{
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

/* Rounded up, as when they were made; 0 leaves one as it is. */
TEST_F(resize, sizes_are_rounded_up)
{
	struct rb_queue *q = &self->qr.q;

	ASSERT_EQ(0, rb_q_resize(q, 33, 0));
	EXPECT_EQ(64, q->sq_entries);
	EXPECT_EQ(8, q->cq_entries);
	ASSERT_EQ(0, rb_q_resize(q, 0, 100));
	EXPECT_EQ(64, q->sq_entries);
	EXPECT_EQ(128, q->cq_entries);
	ASSERT_EQ(0, rb_q_resize(q, 1, 1));
	EXPECT_EQ(1, q->sq_entries);
	EXPECT_EQ(1, q->cq_entries);
	ASSERT_EQ(0, rb_q_resize(q, 0, 0));
	EXPECT_EQ(1, q->sq_entries);
	rb_sqe_nop(q, 1);
	ASSERT_EQ(0, rb_q_submit_all(q));
	EXPECT_EQ(0, rb_q_expect(q, 1, 0));
}

TEST_F(resize, too_many_entries_are_refused)
{
	struct rb_queue *q = &self->qr.q;
	struct regbuf_ioc_query max = { .size = sizeof(max) };

	ASSERT_EQ(0, rb_ioctl(self->qr.rig.dev, REGBUF_IOC_QUERY, &max));
	EXPECT_EQ(-EINVAL, rb_q_resize(q, max.max_sq_entries + 1, 0));
	EXPECT_EQ(-EINVAL, rb_q_resize(q, 0, max.max_cq_entries + 1));
	EXPECT_EQ(-EINVAL, rb_q_resize(q, ~0u, ~0u));
	/* As it was, and where it was mapped. */
	rb_sqe_nop(q, 1);
	ASSERT_EQ(0, rb_q_submit_all(q));
	EXPECT_EQ(0, rb_q_expect(q, 1, 0));
}

/* What is in the rings is still there, and the indices go on. */
TEST_F(resize, entries_stay)
{
	struct rb_queue *q = &self->qr.q;
	static const __u32 sizes[] = { 64, 8, 256, 16 };
	__u64 data = 0, seen = 0;

	/* Not at a multiple of anything. */
	for (; data < 13; data++) {
		rb_sqe_nop(q, data);
		ASSERT_EQ(0, rb_q_one(q, &self->cqe));
		seen++;
	}
	for (int i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (int n = 0; n < 7; n++)
			rb_sqe_nop(q, data++);
		ASSERT_EQ(0, rb_q_enter(q, 4, 0, 0, &self->out));
		ASSERT_EQ(4, self->out.submitted);
		ASSERT_EQ(0, rb_q_resize(q, sizes[i], sizes[i]));
		EXPECT_EQ(data, rb_load(&q->ring->sq_tail));
		EXPECT_EQ(data - 3, rb_load(&q->ring->sq_head));
		EXPECT_EQ(4, rb_q_ready(q));
		EXPECT_TRUE(rb_q_loud(q));
		ASSERT_EQ(0, rb_q_submit_all(q));
		while (rb_q_pop(q, &self->cqe))
			EXPECT_EQ(seen++, self->cqe.user_data);
		EXPECT_EQ(data, seen);
	}
}

/* What does not fit: EBUSY, and nothing has changed. */
TEST_F(resize, too_small_is_refused)
{
	struct rb_queue *q = &self->qr.q;

	for (int i = 0; i < 3; i++)
		rb_sqe_nop(q, i);
	rb_q_publish(q);
	EXPECT_EQ(-EBUSY, rb_q_resize(q, 2, 0));
	ASSERT_EQ(0, rb_q_submit_all(q));
	EXPECT_EQ(-EBUSY, rb_q_resize(q, 0, 2));
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(0, rb_q_expect(q, i, 0));
	/* C2: those that are pending need their places. */
	for (int i = 0; i < 3; i++)
		rb_sqe_timeout(q, NEVER, 7);
	ASSERT_EQ(0, rb_q_submit_all(q));
	EXPECT_EQ(-EBUSY, rb_q_resize(q, 0, 2));
	ASSERT_EQ(0, rb_q_resize(q, 0, 4));
	rb_sqe_cancel(q, 0, 7, REGBUF_SQE_F_ALL, 8);
	ASSERT_EQ(0, rb_q_enter(q, 1, 4, RB_LONG, &self->out));
	EXPECT_EQ(4, rb_q_reap(q));
	ASSERT_EQ(0, rb_q_resize(q, 0, 1));
}

/* The old mapping is dead memory: writing there does nothing. */
TEST_F(resize, old_mapping_is_dead)
{
	struct rb_queue *q = &self->qr.q, old = *q;
	struct regbuf_ioc_resize resize = {
		.size = sizeof(resize),
		.sq_entries = 16,
		.cq_entries = 16,
	};

	ASSERT_EQ(0, rb_ioctl(q->fd, REGBUF_IOC_RESIZE, &resize));
	q->sq_entries = resize.sq_entries;
	q->cq_entries = resize.cq_entries;
	ASSERT_EQ(0, rb_q_map(q, resize.map_size, resize.sq_off, resize.cq_off,
			      resize.pool_off));
	memset(old.map, 0xff, old.map_size);
	rb_sqe_nop(q, 1);
	ASSERT_EQ(0, rb_q_submit_all(q));
	EXPECT_EQ(0, rb_q_expect(q, 1, 0));
	EXPECT_EQ(~0u, *(__u32 *)old.map);
	rb_q_unmap(&old);
	rb_sqe_nop(q, 2);
	ASSERT_EQ(0, rb_q_submit_all(q));
	EXPECT_EQ(0, rb_q_expect(q, 2, 0));
}

static void *wait_for_one(void *arg)
{
	struct rb_queue *q = arg;
	struct regbuf_ioc_enter enter = {
		.size = sizeof(enter),
		.wait = 1,
		.timeout_ns = RB_FOREVER,
	};

	return (void *)(long)rb_ioctl(q->fd, REGBUF_IOC_ENTER, &enter);
}

/* C16: a waiting thread is not disturbed, and gets what comes. */
TEST_F(resize, waiting_thread_stays)
{
	struct rb_queue *q = &self->qr.q;
	struct rb_queue other = *q;
	pthread_t thread;
	void *result;

	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for_one, &other));
	for (int i = 0; i < 20; i++)
		ASSERT_EQ(0, rb_q_resize(q, 8, i % 2 ? 16 : 64));
	rb_sqe_timeout(q, 5 * RB_MSEC, 3);
	ASSERT_EQ(0, rb_q_submit_all(q));
	ASSERT_EQ(0, pthread_join(thread, &result));
	EXPECT_EQ(NULL, result);
	EXPECT_EQ(0, rb_q_expect(q, 3, ETIME));
}

/* A thread that sends, time and again, what is received meanwhile. */
static void *feed(void *arg)
{
	struct rb_rig *rig = arg;

	for (int i = 0; i < 1000; i++) {
		char byte = i;

		if (send(rig->far, &byte, 1, 0) != 1)
			return arg;
		if (i % 16 == 0)
			sched_yield();
	}
	return NULL;
}

/* C1, C2: completions come in while the rings change under them. */
TEST_F_TIMEOUT(resize, requests_are_in_flight, 60)
{
	struct rb_qrig *qr = &self->qr;
	struct rb_queue *q = &qr->q;
	unsigned int seed = 11;
	int got = 0, pending = 0;
	pthread_t thread;
	void *result;

	ASSERT_EQ(0, pthread_create(&thread, NULL, feed, &qr->rig));
	while (got < 1000) {
		__u32 size = 8 << rand_r(&seed) % 6;
		int err;

		for (; pending < 8 && pending < 1000 - got; pending++)
			rb_qrig_recv(qr, 0, 1, 1);
		ASSERT_EQ(0, rb_q_submit_all(q));
		err = rb_q_resize(q, size, size);
		ASSERT_TRUE(!err || err == -EBUSY);
		ASSERT_EQ(0, rb_q_enter(q, 0, 1, RB_LONG, NULL));
		while (rb_q_pop(q, &self->cqe)) {
			ASSERT_EQ(0, self->cqe.error);
			ASSERT_EQ(1, self->cqe.value);
			got++;
			pending--;
		}
	}
	ASSERT_EQ(0, pthread_join(thread, &result));
	EXPECT_EQ(NULL, result);
	EXPECT_EQ(0, pending);
}

/* A thread that writes indices that may be or may not. */
struct scribbler {
	struct rb_queue *q;
	int stop;
	pthread_t thread;
};

static void *scribble(void *arg)
{
	struct scribbler *s = arg;
	volatile struct regbuf_ring *ring = s->q->ring;
	__u32 head = ring->cq_head, tail = ring->sq_tail;

	while (!__atomic_load_n(&s->stop, __ATOMIC_RELAXED)) {
		ring->cq_head = head + 0x1000000;
		ring->sq_tail = tail - 0x1000000;
		ring->cq_head = head;
		ring->sq_tail = tail;
	}
	return NULL;
}

/* C17: what is checked is what is copied, however many there seem to be. */
TEST_F_TIMEOUT(resize, indices_are_scribbled, 60)
{
	struct regbuf_ioc_resize resize = { .size = sizeof(resize) };
	int dev = self->qr.rig.dev, err;
	struct scribbler s;
	struct rb_queue q;

	for (int i = 0; i < 400; i++) {
		ASSERT_EQ(0, rb_q_open(dev, &q, 8, 8, 0));
		s = (struct scribbler){ .q = &q };
		ASSERT_EQ(0, pthread_create(&s.thread, NULL, scribble, &s));
		/* The scribbler's is the old mapping after the first one. */
		do {
			resize.sq_entries = 16;
			resize.cq_entries = 16;
			err = rb_ioctl(q.fd, REGBUF_IOC_RESIZE, &resize);
		} while (err == -EBUSY);
		ASSERT_TRUE(!err || err == -ENOTRECOVERABLE);
		__atomic_store_n(&s.stop, 1, __ATOMIC_RELAXED);
		ASSERT_EQ(0, pthread_join(s.thread, NULL));
		rb_q_close(&q);
	}
}

/* A thread that wakes the endpoint, and so whoever waits, all the time. */
struct waker {
	struct rb_rig *rig;
	int stop;
	pthread_t thread;
};

static void *wake(void *arg)
{
	struct waker *w = arg;
	char byte = 0;

	while (!__atomic_load_n(&w->stop, __ATOMIC_RELAXED))
		if (send(w->rig->far, &byte, 1, 0) != 1 ||
		    recv(w->rig->near, &byte, 1, 0) != 1)
			return arg;
	return NULL;
}

/* C17: who is woken to work looks at no rings: they may be going. */
TEST_F_TIMEOUT(resize, woken_meanwhile, 60)
{
	struct rb_queue *q = &self->qr.q, other = *q;
	struct waker w = { .rig = &self->qr.rig };
	pthread_t waits;
	void *result;

	/* It never is, so each byte has it looked at. */
	rb_sqe_poll(q, self->qr.ep, POLLPRI, 1);
	ASSERT_EQ(0, rb_q_submit_all(q));
	ASSERT_EQ(0, pthread_create(&waits, NULL, wait_for_one, &other));
	ASSERT_EQ(0, pthread_create(&w.thread, NULL, wake, &w));
	for (int i = 0; i < 1000; i++)
		ASSERT_EQ(0, rb_q_resize(q, 8, i % 2 ? 16 : 64));
	__atomic_store_n(&w.stop, 1, __ATOMIC_RELAXED);
	EXPECT_EQ(0, pthread_join(w.thread, &result));
	EXPECT_EQ(NULL, result);
	rb_sqe_nop(q, 2);
	ASSERT_EQ(0, rb_q_submit_all(q));
	EXPECT_EQ(0, pthread_join(waits, &result));
	EXPECT_EQ(NULL, result);
	EXPECT_EQ(0, rb_q_expect(q, 2, 0));
}

/* The pool's returned slices move along. */
TEST_F(resize, returned_slices_stay)
{
	struct rb_qrig *qr = &self->qr;
	struct rb_queue *q = &qr->q;

	ASSERT_EQ(0, rb_q_pool(q, qr->rig.id, 0, RB_PAGE, 1));
	for (int i = 0; i < 3; i++) {
		rb_sqe_recv_pool(q, qr->ep, 0, 0, i);
		ASSERT_EQ(1, send(qr->rig.far, "p", 1, 0));
		ASSERT_EQ(0, rb_q_one(q, &self->cqe));
		EXPECT_EQ(0, self->cqe.error);
		EXPECT_EQ(1, self->cqe.value);
		q->pool[q->ring->pool_tail & (q->pool_entries - 1)] =
			self->cqe.detail;
		rb_store(&q->ring->pool_tail, q->ring->pool_tail + 1);
		ASSERT_EQ(0, rb_q_resize(q, 8 << i, 16));
	}
}

TEST_HARNESS_MAIN
