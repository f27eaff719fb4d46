// SPDX-License-Identifier: GPL-2.0
/*
 * C5 to C12 together: buffers that are registered, shared, replaced, exported
 * and unmapped by eight threads, with forks and sends in flight, for the
 * sanitizers to look at; in the end all of it must be gone. By rounds, so that
 * a slow machine does the same, and from a seed that is printed.
 */
#include "regbuf_buf.h"

#include "kselftest_harness.h"

#define THREADS		8
#define ROUNDS		400
#define FORKS		10
#define RANGES		6	/* that all threads register */
#define PAGES		4	/* of each */
#define LEN		(PAGES * RB_PAGE)
#define IDS		16	/* that they know of each other */
#define SEED		20261122
#define RW		(PROT_READ | PROT_WRITE)
#define BOTH		(RB_READ | RB_WRITE)

/* Those that are counted, each of which must have worked. */
enum {
	REGISTERED,
	DEREGISTERED,
	REPLACED,
	EXPORTED,
	IMPORTED,
	SENT,
	MOVED,
	FORKED,
	NR_DONE,
};

FIXTURE(stress)
{
	struct rb_rig rig;
	struct rb_queue q;	/* one thread's */
	__u32 ep;
	int other;		/* a context that imports */
	char *mem;
	volatile __u64 ids[IDS];
	volatile int fds[IDS];	/* of exports */
	int rounds;
	long wrong;
	long done[NR_DONE];	/* how often each thing worked */
	struct regbuf_ioc_stats stats;
};

FIXTURE_VARIANT(stress)
{
	bool loopback;
};

FIXTURE_VARIANT_ADD(stress, veth) { false };
FIXTURE_VARIANT_ADD(stress, loopback) { true };

struct worker {
	FIXTURE_DATA(stress) *self;
	__u64 seed;
	int sv[2];
	pthread_t thread;
};

FIXTURE_SETUP(stress)
{
	struct rb_rig *rig = &self->rig;
	bool slow = !access("/sys/kernel/debug/kmemleak", F_OK);

	ASSERT_EQ(0, rb_rig_setup(rig, AF_INET, SOCK_STREAM,
				  variant->loopback, LEN));
	ASSERT_EQ(0, rb_q_open(rig->dev, &self->q, 32, 32, 0));
	ASSERT_EQ(0, rb_q_attach(&self->q, rig->near, RB_BOTH, 0, 0,
				 &self->ep));
	self->other = rb_open();
	ASSERT_LE(0, self->other);
	self->mem = rb_pages(RANGES * PAGES);
	ASSERT_NE(NULL, self->mem);
	self->rounds = slow ? ROUNDS / 5 : ROUNDS;
	for (int i = 0; i < IDS; i++)
		self->fds[i] = -1;
	TH_LOG("seed %d, %d rounds", SEED, self->rounds);
}

FIXTURE_TEARDOWN(stress)
{
	rb_q_close(&self->q);
	close(self->other);
	EXPECT_EQ(0, rb_rig_close(&self->rig));
}

static __u32 rnd(struct worker *w, __u32 below)
{
	return rb_rand(&w->seed) % below;
}

static void did(struct worker *w, int what)
{
	__sync_fetch_and_add(&w->self->done[what], 1);
}

/* An error that this must not have: what is allowed is given, 0 at the end. */
static void judge(struct worker *w, const char *what, int err,
		  const int *allowed)
{
	if (!err)
		return;
	for (; *allowed; allowed++)
		if (err == -*allowed)
			return;
	fprintf(stderr, "# %s: %d\n", what, err);
	__sync_fetch_and_add(&w->self->wrong, 1);
}

#define JUDGE(w, what, err, ...) \
	judge(w, what, err, (const int []){ __VA_ARGS__, 0 })

static char *range(const struct worker *w, int i)
{
	return w->self->mem + i * LEN;
}

/* Flags and rights as they come; what was there is given up. */
static void do_register(struct worker *w)
{
	int i = rnd(w, IDS), which = rnd(w, RANGES), err;
	struct regbuf_ioc_register reg;
	struct regbuf_ioc_deregister dereg;
	__u64 old;

	/* A range may be unmapped just now. */
	err = rb_register_flags(w->self->rig.dev, range(w, which), LEN,
				1 + rnd(w, 3), rnd(w, 4), &reg);
	JUDGE(w, "register", err, EFAULT);
	if (err)
		return;
	did(w, REGISTERED);
	old = __atomic_exchange_n(&w->self->ids[i], reg.id, __ATOMIC_SEQ_CST);
	if (!old)
		return;
	/* What is busy is given up all the same: it has no other name. */
	err = rb_deregister_flags(w->self->rig.dev, old, rnd(w, 3), 0, &dereg);
	JUDGE(w, "deregister", err, EBUSY, EINPROGRESS, ESTALE);
	if (err == -EBUSY)
		err = rb_deregister(w->self->rig.dev, old);
	if (!err)
		did(w, DEREGISTERED);
}

static void do_replace(struct worker *w)
{
	struct regbuf_array_entry entries[3] = {};
	__u32 nr = rnd(w, 4), which;
	int err;

	for (__u32 i = 0; i < nr; i++) {
		if (!rnd(w, 4))
			continue;
		which = rnd(w, RANGES);
		entries[i] = rb_entry(range(w, which), LEN, RB_READ);
	}
	err = rnd(w, 2) ? rb_array(w->self->rig.dev, entries, nr) :
	      rb_array_update(w->self->rig.dev, entries, 1, rnd(w, 3));
	JUDGE(w, "array", err, EFAULT, ERANGE);
	if (!err)
		did(w, REPLACED);
}

/* Export something, or revoke it; the descriptor is for others. */
static void do_export(struct worker *w)
{
	__u64 id = w->self->ids[rnd(w, IDS)];
	int i = rnd(w, IDS), fd, old;

	if (!rnd(w, 4)) {
		JUDGE(w, "revoke", rb_revoke(w->self->rig.dev, id, 0), ENOENT,
		      ESTALE, EINVAL, EBADF);
		return;
	}
	fd = rb_export(w->self->rig.dev, id, rnd(w, LEN), 0, RB_READ);
	JUDGE(w, "export", fd < 0 ? fd : 0, ENOENT, ESTALE, EACCES);
	if (fd < 0)
		return;
	did(w, EXPORTED);
	old = __atomic_exchange_n(&w->self->fds[i], fd, __ATOMIC_SEQ_CST);
	if (old >= 0)
		close(old);
}

/* Import it, use it, give it up; sometimes not that. */
static void do_import(struct worker *w)
{
	int fd = w->self->fds[rnd(w, IDS)], err;
	struct regbuf_ioc_send msg;
	__u64 id;

	if (fd < 0)
		return;
	/* It may be closed by now, and opened as something else. */
	err = rb_import(w->self->other, fd, 0, &id);
	JUDGE(w, "import", err, EBADF, EINVAL, ESTALE);
	if (err)
		return;
	did(w, IMPORTED);
	err = rb_send(w->self->other, w->sv[0], id, 0, 1, &msg);
	JUDGE(w, "send imported", err, ESTALE, EAGAIN);
	if (rnd(w, 3))
		JUDGE(w, "deregister imported",
		      rb_deregister(w->self->other, id), ESTALE);
}

/* By id and by index, from what may go at any time. */
static void do_send(struct worker *w)
{
	struct regbuf_slice slices[2] = {
		rb_slice(w->self->ids[rnd(w, IDS)], rnd(w, LEN - 3000), 3000),
		rb_at(rnd(w, 3), 0, 1 + rnd(w, 2000)),
	};
	struct regbuf_ioc_send msg;
	int err;

	msg = rb_msg(w->sv[0], slices + rnd(w, 2), 1);
	err = rb_ioctl(w->self->rig.dev, REGBUF_IOC_SEND, &msg);
	JUDGE(w, "send", err, ENOENT, ESTALE, EACCES, EAGAIN, ENOBUFS);
	if (!err)
		did(w, SENT);
}

/* Take a range away, or what is in it, and put another in its place. */
static void do_move(struct worker *w)
{
	char *at = range(w, rnd(w, RANGES)) + rnd(w, PAGES) * RB_PAGE;

	switch (rnd(w, 3)) {
	case 0:
		madvise(at, RB_PAGE, MADV_DONTNEED);
		break;
	case 1:
		if (mmap(at, RB_PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS |
			 MAP_FIXED, -1, 0) != at)
			__sync_fetch_and_add(&w->self->wrong, 1);
		break;
	default:
		mprotect(at, RB_PAGE, PROT_READ);
		mprotect(at, RB_PAGE, RW);
	}
	did(w, MOVED);
}

/* Never more than a few children at a time, which write and die. */
static void do_fork(struct worker *w)
{
	pid_t pid;

	if (w->self->done[FORKED] >= FORKS)
		return;
	did(w, FORKED);
	pid = fork();
	if (!pid) {
		/* Some of it was read-only in that moment. */
		mprotect(w->self->mem, RANGES * LEN, RW);
		for (int i = 0; i < RANGES; i++)
			*(volatile char *)range(w, i) = 1;
		_exit(0);
	}
	if (rb_child_result(pid))
		__sync_fetch_and_add(&w->self->wrong, 1);
}

static void *work(void *arg)
{
	static void (* const todo[])(struct worker *w) = {
		do_register, do_register, do_register, do_replace, do_export,
		do_import, do_send, do_send, do_send, do_move, do_fork,
	};
	struct worker *w = arg;

	for (int i = 0; i < w->self->rounds; i++)
		todo[rnd(w, ARRAY_SIZE(todo))](w);
	return NULL;
}

/* What the queue's one submitter adds: requests that stay for a while. */
static void *work_queue(void *arg)
{
	struct worker *w = arg;
	FIXTURE_DATA(stress) *self = w->self;
	struct regbuf_cqe cqe;
	struct regbuf_sqe *sqe;
	int err;

	for (int i = 0; i < self->rounds; i++) {
		sqe = rb_sqe_send(&self->q, self->ep, rnd(w, 3), 0,
				  1 + rnd(w, LEN), i);
		sqe->flags = REGBUF_SQE_F_INDEX;
		if (rnd(w, 2)) {
			sqe->flags = 0;
			sqe->id = self->ids[rnd(w, IDS)];
		}
		err = rb_q_submit_all(&self->q);
		JUDGE(w, "submit", err, ENOENT, ESTALE, EACCES, ENOBUFS);
		if (err)
			rb_q_drop(&self->q);
		while (rb_q_pop(&self->q, &cqe))
			JUDGE(w, "completion", -(int)cqe.error, ESTALE);
	}
	return NULL;
}

/* Read and forget, until the end. */
static void *drain(void *arg)
{
	static __thread char data[65536];

	while (recv(*(int *)arg, data, sizeof(data), 0) > 0)
		;
	return NULL;
}

/* All threads but the first have sockets of their own. */
static void run(struct __test_metadata *_metadata, FIXTURE_DATA(stress) *self,
		const struct rb_net *net)
{
	struct worker workers[THREADS];
	pthread_t drains[THREADS];

	for (int i = 0; i < THREADS; i++) {
		struct worker *w = &workers[i];

		*w = (struct worker){ .self = self, .seed = SEED + i };
		w->sv[0] = self->rig.near;
		w->sv[1] = self->rig.far;
		if (i)
			ASSERT_EQ(0, rb_pair(net, AF_INET, SOCK_STREAM,
					     w->sv));
		ASSERT_EQ(0, pthread_create(&drains[i], NULL, drain,
					    &w->sv[1]));
	}
	for (int i = 0; i < THREADS; i++)
		ASSERT_EQ(0, pthread_create(&workers[i].thread, NULL,
					    i ? work : work_queue,
					    &workers[i]));
	for (int i = 0; i < THREADS; i++)
		ASSERT_EQ(0, pthread_join(workers[i].thread, NULL));
	ASSERT_EQ(0, rb_q_detach(&self->q, self->ep, 0));
	for (int i = 0; i < THREADS; i++) {
		shutdown(workers[i].sv[0], SHUT_WR);
		ASSERT_EQ(0, pthread_join(drains[i], NULL));
		if (!i)
			continue;
		close(workers[i].sv[0]);
		close(workers[i].sv[1]);
	}
}

/* C5 to C12, C15, C19: no error that is not one, and nothing left behind */
TEST_F_TIMEOUT(stress, everything_at_once, 250)
{
	struct rb_rig *rig = &self->rig;

	run(_metadata, self, variant->loopback ? NULL : &rig->net);
	EXPECT_EQ(0, self->wrong);
	for (int i = 0; i < ARRAY_SIZE(self->done); i++)
		EXPECT_LT(0, self->done[i]);
	/* A counted id may be known in several places, or not at all. */
	for (int i = 0; i < IDS; i++) {
		while (self->ids[i] &&
		       !rb_deregister(rig->dev, self->ids[i]))
			;
		if (self->fds[i] >= 0)
			close(self->fds[i]);
	}
	ASSERT_EQ(0, rb_array(rig->dev, NULL, 0));
	EXPECT_EQ(0, rb_deregister(rig->dev, rig->id));
	EXPECT_TRUE(rb_within(20, !rb_stats(rig->dev, &self->stats) &&
			      !self->stats.buffers));
	EXPECT_EQ(0, self->stats.pages);
	EXPECT_TRUE(rb_pinned(rig->pins, 0));
}

#include "regbuf_main.h"
