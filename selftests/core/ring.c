// SPDX-License-Identifier: GPL-2.0
/*
 * C2, C17: what a program writes where it should not, at once or while the
 * kernel reads it: it hurts that queue only.
 */
#include "regbuf_queue.h"

#include "kselftest_harness.h"

#define ENTRIES		8
#define LEN		(16 * RB_PAGE)

FIXTURE(ring)
{
	struct rb_qrig qr;
	struct regbuf_ioc_enter out;
	struct regbuf_cqe cqe;
};

FIXTURE_SETUP(ring)
{
	ASSERT_EQ(0, rb_qrig_loopback(&self->qr, AF_INET, SOCK_STREAM, LEN,
				      ENTRIES));
}

FIXTURE_TEARDOWN(ring)
{
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

/* 0 if a queue of that context works. */
static int works(struct rb_queue *q)
{
	struct regbuf_cqe cqe;

	rb_sqe_nop(q, 42);
	return rb_q_one(q, &cqe) ?: cqe.user_data != 42;
}

/* 0 if another queue of the context works, with the same buffer. */
static int other_works(struct rb_rig *rig)
{
	struct regbuf_cqe cqe;
	struct rb_queue q;
	int sv[2], err;
	__u32 ep;

	if (rb_pair(NULL, AF_INET, SOCK_STREAM, sv) ||
	    rb_q_open(rig->dev, &q, 4, 4, 0) ||
	    rb_q_attach(&q, sv[0], RB_BOTH, 0, 0, &ep))
		return -1;
	rb_sqe_send(&q, ep, rig->id, 0, 10, 1);
	err = rb_q_one(&q, &cqe) ?: cqe.value != 10 || works(&q);
	rb_q_close(&q);
	close(sv[0]);
	close(sv[1]);
	return err;
}

/* Nothing works any more, whatever is done about it. */
static int broken(struct rb_queue *q)
{
	struct regbuf_ioc_enter out;

	for (int i = 0; i < 2; i++) {
		if (rb_q_enter(q, 1, 1, RB_FOREVER, &out) != -ENOTRECOVERABLE)
			return 1;
		/* Repairing it is no use. */
		q->tail = rb_load(&q->ring->sq_head);
		rb_store(&q->ring->cq_head, rb_load(&q->ring->cq_tail));
	}
	return !(rb_load(&q->ring->flags) & REGBUF_RING_F_BROKEN);
}

/* C2: an index where it cannot be. Some are pending, some to consume. */
static void misplace(struct __test_metadata *_metadata,
		     FIXTURE_DATA(ring) *self, __u32 *index, __u32 by)
{
	struct rb_qrig *qr = &self->qr;

	rb_qrig_recv(qr, 0, 100, 1);
	rb_sqe_timeout(&qr->q, 3600 * RB_SEC, 2);
	rb_sqe_nop(&qr->q, 3);
	rb_sqe_nop(&qr->q, 4);
	ASSERT_EQ(0, rb_q_submit_all(&qr->q));
	ASSERT_EQ(0, rb_q_expect(&qr->q, 3, 0));
	rb_sqe_nop(&qr->q, 5);
	if (index == &qr->q.ring->sq_tail)
		qr->q.tail += by;
	else
		rb_store(index, *index + by);
	EXPECT_EQ(0, broken(&qr->q));
	EXPECT_EQ(0, other_works(&qr->rig));
}

/* C2: more submitted than there are entries */
TEST_F(ring, tail_too_far)
{
	misplace(_metadata, self, &self->qr.q.ring->sq_tail, ENTRIES);
}

/* C2: fewer submitted than were taken */
TEST_F(ring, tail_before_head)
{
	misplace(_metadata, self, &self->qr.q.ring->sq_tail, -2);
}

/* C2: more consumed than were posted */
TEST_F(ring, head_too_far)
{
	misplace(_metadata, self, &self->qr.q.ring->cq_head, 2);
}

/* C2: what was consumed taken back */
TEST_F(ring, head_goes_back)
{
	misplace(_metadata, self, &self->qr.q.ring->cq_head, -ENTRIES);
}

/* C2: far away */
TEST_F(ring, head_far_away)
{
	misplace(_metadata, self, &self->qr.q.ring->cq_head, 0x80000000);
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

/* A thread waits; another call finds that an index is where it cannot be. */
static void break_under(struct __test_metadata *_metadata, struct rb_queue *q,
			__u32 *index)
{
	struct pollfd pfd = { .fd = q->fd, .events = POLLIN };
	struct regbuf_ioc_enter out;
	void *result = NULL;
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for_one, q));
	usleep(20000);	/* before or after it waits: both is right */
	if (index == &q->ring->sq_tail)
		q->tail += 2 * ENTRIES;
	else
		rb_store(index, 2 * ENTRIES);
	EXPECT_EQ(-ENOTRECOVERABLE, rb_q_enter(q, 1, 0, 0, &out));
	ASSERT_TRUE(rb_within(20, !pthread_tryjoin_np(thread, &result)));
	EXPECT_EQ(-ENOTRECOVERABLE, (long)result);
	EXPECT_EQ(1, poll(&pfd, 1, 0));
	EXPECT_EQ(POLLERR, pfd.revents & POLLERR);
}

/* C2, C16: who waits is told. */
TEST_F(ring, waiting_thread_hears_of_a_broken_tail)
{
	break_under(_metadata, &self->qr.q, &self->qr.q.ring->sq_tail);
}

TEST_F(ring, waiting_thread_hears_of_a_broken_head)
{
	break_under(_metadata, &self->qr.q, &self->qr.q.ring->cq_head);
}

/* C17: the kernel believes itself, not what is in its own words. */
TEST_F(ring, words_of_the_kernel_are_not_read)
{
	struct rb_queue *q = &self->qr.q;
	struct regbuf_ring *ring = q->ring;

	ASSERT_EQ(0, works(q));
	for (int i = 0; i < 20; i++) {
		ring->sq_head = i * 12345;
		ring->cq_tail = i * 54321;
		ring->cq_loud = ~i;
		ring->pool_head = i;
		ring->flags = ~0u;
		q->sqes[q->tail++ % ENTRIES] = (struct regbuf_sqe){
			.user_data = i,
		};
		ASSERT_EQ(0, rb_q_enter(q, 1, 1, RB_FOREVER, &self->out));
		EXPECT_EQ(1, self->out.submitted);
		EXPECT_EQ(1, self->out.ready);
		EXPECT_EQ(i + 2, rb_load(&ring->sq_head));
		EXPECT_EQ(i + 2, rb_load(&ring->cq_tail));
		EXPECT_EQ(0, rb_q_expect(q, i, 0));
	}
}

/* Receive something into the pool: the slice's number, or -1. */
static int from_pool(struct rb_qrig *qr)
{
	struct regbuf_cqe cqe;

	rb_sqe_recv_pool(&qr->q, qr->ep, 0, 0, 1);
	if (send(qr->rig.far, "pool", 4, 0) != 4 || rb_q_one(&qr->q, &cqe) ||
	    cqe.error || cqe.value != 4 || !(cqe.flags & REGBUF_CQE_F_POOL))
		return -1;
	return cqe.detail;
}

/* C17: returned slices that are not the program's: ignored. */
TEST_F(ring, wrong_slices_are_not_taken_back)
{
	static const __u32 wrong[] = { 2, 3, 64, 0x7fffffff, 0xffffffff };
	struct rb_qrig *qr = &self->qr;
	int a, b;

	ASSERT_EQ(0, rb_q_pool(&qr->q, qr->rig.id, 0, RB_PAGE, 2));
	a = from_pool(qr);
	ASSERT_TRUE(a == 0 || a == 1);
	/* The other one is the kernel's, and others there are not. */
	for (int i = 0; i < ARRAY_SIZE(wrong); i++)
		ASSERT_EQ(0, rb_q_return(&qr->q, wrong[i]));
	ASSERT_EQ(0, rb_q_return(&qr->q, !a));
	b = from_pool(qr);
	ASSERT_EQ(!a, b);
	/* Both are the program's; of two returns of one the second is void. */
	ASSERT_EQ(0, rb_q_return(&qr->q, a));
	ASSERT_EQ(0, rb_q_return(&qr->q, a));
	ASSERT_EQ(a, from_pool(qr));
	rb_sqe_recv_pool(&qr->q, qr->ep, 0, 0, 7);
	ASSERT_EQ(4, send(qr->rig.far, "pool", 4, 0));
	ASSERT_EQ(0, rb_q_submit_all(&qr->q));
	EXPECT_EQ(-ETIMEDOUT, rb_q_enter(&qr->q, 0, 1, 20 * RB_MSEC, NULL));
	ASSERT_EQ(0, rb_q_return(&qr->q, b));
	ASSERT_EQ(0, rb_q_next(&qr->q, &self->cqe));
	EXPECT_EQ(b, self->cqe.detail);
}

/* C2: the index of returned slices where it cannot be: when it is needed. */
TEST_F(ring, pool_tail_too_far)
{
	struct rb_qrig *qr = &self->qr;

	ASSERT_EQ(0, rb_q_pool(&qr->q, qr->rig.id, 0, RB_PAGE, 1));
	ASSERT_EQ(0, from_pool(qr));
	rb_store(&qr->q.ring->pool_tail, qr->q.pool_entries + 1);
	rb_sqe_recv_pool(&qr->q, qr->ep, 0, 0, 1);
	ASSERT_EQ(4, send(qr->rig.far, "pool", 4, 0));
	rb_q_enter(&qr->q, 1, 1, RB_LONG, &self->out);
	EXPECT_EQ(0, broken(&qr->q));
	EXPECT_EQ(0, other_works(&qr->rig));
}

/* A thread that writes into the rings what might be taken for something. */
struct scribbler {
	struct rb_qrig *qr;
	unsigned int seed;
	int indices;		/* those too */
	int stop;
	pthread_t thread;
};

static __u64 pick(struct scribbler *s)
{
	const __u64 some[] = {
		0, 1, s->qr->ep, s->qr->rig.id, LEN, LEN - 1, 100, ~0ULL,
		(unsigned long)s->qr, 1ULL << 32, 1000, RB_PAGE,
	};

	return some[rand_r(&s->seed) % ARRAY_SIZE(some)];
}

static void scribble_entry(struct scribbler *s)
{
	volatile struct regbuf_sqe *sqe =
		&s->qr->q.sqes[rand_r(&s->seed) % ENTRIES];

	switch (rand_r(&s->seed) % 6) {
	case 0:
		sqe->op = rand_r(&s->seed) % (REGBUF_OP_NR + 1);
		break;
	case 1:
		sqe->flags = rand_r(&s->seed) % 2 ?
			     1u << rand_r(&s->seed) % 12 : 0;
		break;
	case 2:
		sqe->id = pick(s);
		break;
	case 3:
		sqe->offset = pick(s);
		break;
	case 4:
		sqe->length = pick(s);
		break;
	case 5:
		sqe->endpoint = rand_r(&s->seed) % 2 ? s->qr->ep : pick(s);
		break;
	}
}

/* Mostly as it was again at once: else little would be read at all. */
static void scribble_index(struct scribbler *s)
{
	volatile __u32 *words = s->qr->q.map;
	int at = rand_r(&s->seed) % (sizeof(struct regbuf_ring) / 4);
	__u32 old = words[at];

	words[at] = old + rand_r(&s->seed) % 4 - 1;
	if (rand_r(&s->seed) % 16)
		words[at] = old;
}

static void *scribble(void *arg)
{
	struct scribbler *s = arg;

	while (!__atomic_load_n(&s->stop, __ATOMIC_RELAXED)) {
		scribble_entry(s);
		if (s->indices)
			scribble_index(s);
	}
	return NULL;
}

static int start(struct scribbler *s, struct rb_qrig *qr, int indices)
{
	static unsigned int seed;

	*s = (struct scribbler){ .qr = qr, .seed = seed++, .indices = indices };
	return pthread_create(&s->thread, NULL, scribble, s);
}

static int stop(struct scribbler *s)
{
	__atomic_store_n(&s->stop, 1, __ATOMIC_RELAXED);
	return pthread_join(s->thread, NULL);
}

/* Write entries of all kinds, of which the scribbler makes others. */
static void write_entries(struct rb_qrig *qr, unsigned int i)
{
	struct rb_queue *q = &qr->q;

	for (unsigned int n = 0; n < ENTRIES; n++, i++) {
		struct regbuf_sqe *sqe = &q->sqes[q->tail++ % ENTRIES];

		memset(sqe, 0, sizeof(*sqe));
		sqe->op = i % 3;
		if (sqe->op != REGBUF_OP_NOP) {
			sqe->endpoint = qr->ep;
			sqe->id = qr->rig.id;
			sqe->length = 100;
			sqe->timeout_us = 1000;
		}
		sqe->user_data = i;
	}
}

/* Whatever there is at the other end is read and thrown away. */
static void drain(int sock)
{
	char bytes[4096];

	while (recv(sock, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
}

/* How many were accepted, and how many completions were the last of one. */
struct tally {
	unsigned long accepted;
	unsigned long done;
};

static void tally_completions(struct rb_queue *q, struct tally *t)
{
	struct regbuf_cqe cqe;

	while (rb_q_pop(q, &cqe))
		t->done += !(cqe.flags & (REGBUF_CQE_F_MORE |
					  REGBUF_CQE_F_EARLY));
}

/* Another queue for the socket, as soon as the one before has let go of it. */
static int again(struct rb_qrig *qr)
{
	rb_q_close(&qr->q);
	if (rb_q_open(qr->rig.dev, &qr->q, ENTRIES, ENTRIES, 0))
		return -1;
	return rb_within(20, !rb_q_attach(&qr->q, qr->rig.near, RB_BOTH, 0, 0,
					  &qr->ep)) ? 0 : -1;
}

/*
 * C1, C17: entries change between being written and taken, and while they are:
 * never more completions than were accepted, and nothing breaks. When all
 * places are taken by what never ends, it is begun again.
 */
TEST_F_TIMEOUT(ring, entries_are_scribbled, 60)
{
	struct rb_qrig *qr = &self->qr;
	struct tally t = {};
	struct scribbler s;
	int stuck = 0;

	ASSERT_EQ(0, start(&s, qr, false));
	for (int i = 0; i < 500; i++) {
		qr->q.tail = rb_load(&qr->q.ring->sq_head);
		write_entries(qr, i);
		ASSERT_EQ(0, rb_q_enter(&qr->q, ENTRIES, 0, 0, &self->out));
		t.accepted += self->out.submitted;
		tally_completions(&qr->q, &t);
		ASSERT_LE(t.done, t.accepted);
		drain(qr->rig.far);
		stuck = self->out.submitted ? 0 : stuck + 1;
		if (stuck == 5) {
			ASSERT_EQ(0, stop(&s));
			ASSERT_EQ(0, again(qr));
			ASSERT_EQ(0, start(&s, qr, false));
			t.done = t.accepted;
			stuck = 0;
		} else if (stuck) {
			rb_q_enter(&qr->q, 0, 1, 2 * RB_MSEC, &self->out);
		}
	}
	ASSERT_EQ(0, stop(&s));
	EXPECT_LT(100, t.accepted);
	EXPECT_EQ(0, other_works(&qr->rig));
}

/* C17: the same with indices, until a queue is broken, and then another one. */
TEST_F_TIMEOUT(ring, indices_are_scribbled, 60)
{
	struct rb_qrig *qr = &self->qr;
	struct scribbler s;
	int err;

	for (int i = 0; i < 30; i++) {
		ASSERT_EQ(0, again(qr));
		ASSERT_EQ(0, start(&s, qr, true));
		for (int j = 0; j < 20; j++) {
			qr->q.tail = rb_load(&qr->q.ring->sq_head);
			write_entries(qr, j);
			err = rb_q_enter(&qr->q, ENTRIES, 1, RB_MSEC,
					 &self->out);
			ASSERT_TRUE(!err || err == -ETIMEDOUT ||
				    err == -ENOTRECOVERABLE);
			rb_store(&qr->q.ring->cq_head,
				 rb_load(&qr->q.ring->cq_tail));
			drain(qr->rig.far);
		}
		ASSERT_EQ(0, stop(&s));
	}
	EXPECT_EQ(0, other_works(&qr->rig));
}

/* C17: the whole mapping, beyond what is in use, is no more than memory. */
TEST_F(ring, mapping_is_full_of_garbage)
{
	struct rb_qrig *qr = &self->qr;

	rb_qrig_recv(qr, 0, 100, 1);
	ASSERT_EQ(0, rb_q_submit_all(&qr->q));
	memset(qr->q.map, 0xa5, qr->q.map_size);
	EXPECT_EQ(-ENOTRECOVERABLE, rb_q_enter(&qr->q, 1, 1, RB_FOREVER,
					       &self->out));
	EXPECT_EQ(0, other_works(&qr->rig));
}

TEST_HARNESS_MAIN
