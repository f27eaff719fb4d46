/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REGBUF_FAULTSTEP_H
#define REGBUF_FAULTSTEP_H

/*
 * Every allocation and every copy to or from the caller that the module is the
 * reason of fails once, in each call: the call then says so and has had no
 * effect, or does without. The one exception is the result, which can't be
 * written any more when all is done.
 *
 * A program includes this, adds variants of "fault", and ends with
 * TEST_HARNESS_MAIN. With SHORTAGE, in bytes, all steps from one on fail, too,
 * and with PAGES those for which so many pages, or fewer, are too few. With
 * AGAIN so many of the first steps fail once more: one that found a slab full,
 * or not, may have hidden those after it.
 */

#include "regbuf_fault.h"

#ifndef AGAIN
#define AGAIN	0
#endif

FIXTURE(fault) {
	struct rig rig;
};

/*
 * What a call is made of: what it needs, itself, and a look at what it did,
 * which is undone.
 */
FIXTURE_VARIANT(fault) {
	int (*prepare)(struct rig *rig);
	int (*call)(struct rig *rig);
	int (*check)(struct rig *rig, int err);
	const char *whose;	/* names of tasks begin so; NULL: the caller */
	int also;		/* one more error that is of memory */
	bool absorbs;		/* it always does without */
	bool waits;		/* until there are pages, as streams do */
	bool (*seen)(void);	/* whether pages were too few as they should */
};

/*
 * What programs share
 */

static inline int nothing(struct rig *rig)
{
	return 0;
}

static inline int same(struct rig *rig, int err)
{
	return 0;
}

/* Descriptors that there is room for. */
static inline int room_for_fds(void)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[128];
	int room = 0;

	while (file && !room && fgets(line, sizeof(line), file))
		sscanf(line, "FDSize: %d", &room);
	if (file)
		fclose(file);
	return room;
}

/*
 * The next descriptor takes a larger table: that is kept, once it is there. A
 * step that was done without may have made it, before the step that needs it
 * came to fail; it does not grow for ever.
 */
static inline int fill_fds(struct rig *rig)
{
	int fd = -1, room = room_for_fds();

	while (room <= FDS && fd != room - 1) {
		fd = fcntl(rig->nth[0], F_DUPFD_CLOEXEC, 0);
		if (fd < 0 || fd >= room)
			return fd < 0 ? -1 : close(fd);
		rig->fillers[rig->nr_fillers++] = fd;
	}
	return 0;
}

static inline void free_fds(struct rig *rig)
{
	while (rig->nr_fillers)
		close(rig->fillers[--rig->nr_fillers]);
}

/*
 * C1, C2: of a queue that has nothing to do: no place is lost, nor a request,
 * and there is no completion that nobody waits for.
 */
static inline int whole(struct rb_queue *q)
{
	__u32 nr = q->cq_entries;

	rb_q_drop(q);
	if (!rb_q_empty(q))
		return 1;
	for (__u32 i = 0; i < nr; i++) {
		rb_sqe_nop(q, i);
		if (rb_q_submit_all(q))
			return 2;
	}
	return rb_q_reap(q) == nr ? 0 : 3;
}

/* A new queue for each step: its requests have had nothing made for them. */
static inline int new_queue(struct rig *rig, int sock, __u32 flags)
{
	rb_q_close(&rig->q);
	if (rb_q_open(rig->dev, &rig->q, 8, 16, 8))
		return -1;
	return rb_q_attach(&rig->q, sock, flags, 0, 0, &rig->ep);
}

/* What was written, by the call. */
static inline int call_enter(struct rig *rig)
{
	__u32 nr = rig->q.tail - rb_load(&rig->q.ring->sq_head);
	struct regbuf_ioc_enter out;
	int err = rb_q_enter(&rig->q, nr, 0, 0, &out);

	return err ?: -(int)out.error;
}

/* C1: the completion of an entry that was taken; none of a refused one. */
static inline int settle(struct rig *rig, int err)
{
	rig->taken = rb_load(&rig->q.ring->sq_head) == rig->q.tail;
	memset(&rig->cqe, 0, sizeof(rig->cqe));
	rig->late += rig->taken && err;
	if (rig->taken != !err && err != -EFAULT)
		return 101;
	if (rig->taken && rb_q_next(&rig->q, &rig->cqe))
		return 102;
	return 0;
}

/* A completion's error that is one of memory. */
static inline bool of_memory(const struct regbuf_cqe *cqe)
{
	return cqe->error == ENOMEM || cqe->error == ENOBUFS ||
	       cqe->error == EFAULT;
}

/* Whether a connection was closed on this side. */
static inline bool is_shut(int sock)
{
	struct tcp_info info = { };
	socklen_t len = sizeof(info);

	return !getsockopt(sock, IPPROTO_TCP, TCP_INFO, &info, &len) &&
	       info.tcpi_state != TCP_ESTABLISHED;
}

/*
 * The test
 */

static bool as_before(const struct rig *rig)
{
	struct regbuf_ioc_stats stats;

	return !rb_stats(rig->dev, &stats) &&
	       stats.buffers == rig->before.buffers &&
	       stats.pages == rig->before.pages &&
	       stats.deregistered_in_flight == 0 &&
	       rb_within(20, rb_vmpin() == MANY && rb_pins() <= rig->pins);
}

FIXTURE_SETUP(fault)
{
	struct rig *rig = &self->rig;

	if (access("/proc/self/fail-nth", F_OK))
		SKIP(return, "no fault injection in this kernel");
	rig->q.fd = -1;
	ASSERT_EQ(0, rb_fault_allow());
	ASSERT_EQ(0, rb_write_file(NR_HUGE, "2"));
	if (!variant->whose)
		rb_fault_victim(rig, "self");
	rig->dev = rb_open();
	ASSERT_GE(rig->dev, 0);
	ASSERT_EQ(0, rb_pair(NULL, AF_INET, SOCK_STREAM, rig->sv));
	rig->mem = rb_pages(MANY);
	ASSERT_NE(NULL, rig->mem);
	for (int i = 0; i < MANY; i++)
		ASSERT_EQ(0, rb_register(rig->dev, rig->mem + i * RB_PAGE,
					 RB_PAGE, RB_READ | RB_WRITE,
					 &rig->ids[i]));
	ASSERT_EQ(0, rb_stats(rig->dev, &rig->before));
	rig->pins = rb_pins();
	rb_fault_record(true);
}

FIXTURE_TEARDOWN(fault)
{
	rb_fault_record(false);
	rb_fault_save();
	rb_q_close(&self->rig.q);
	close(self->rig.sv[0]);
	close(self->rig.sv[1]);
	close(self->rig.dev);
	EXPECT_TRUE(rb_within(20, rb_vmpin() == 0));
	EXPECT_TRUE(rb_within(20, rb_pins() <= self->rig.pins - MANY));
	EXPECT_EQ(0, rb_write_file(NR_HUGE, "0"));
}

/* Descriptors that were reserved, and neither used nor given back. */
static int lost_fds(void)
{
	int nr = 0, room = room_for_fds();

	for (int fd = 0; fd < room; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		if (dup2(STDOUT_FILENO, fd) == fd)
			close(fd);
		else
			nr += errno == EBUSY;
	}
	return nr;
}

/* One call with a step that fails; whether there was such a step. */
static bool one_step(struct __test_metadata *_metadata, struct rig *rig,
		     const FIXTURE_VARIANT(fault) *variant, int nth,
		     int *failed)
{
	int err, bad;
	bool met;

	ASSERT_EQ(0, variant->prepare(rig));
	ASSERT_EQ(0, arm(rig, variant->whose, nth));
	err = variant->call(rig);
	met = disarm(rig, variant->whose);
	*failed += err != 0;
	if (err)
		EXPECT_TRUE(err == -ENOMEM || err == -EFAULT ||
			    err == -variant->also);
	EXPECT_TRUE(met || err == 0);
	bad = variant->check(rig, err);
	ASSERT_EQ(0, bad)
		TH_LOG("fault %d, met %d, result %d", nth, met, err);
	ASSERT_TRUE(as_before(rig))
		TH_LOG("fault %d, met %d, result %d", nth, met, err);
	return met;
}

/* C10: every step of every call is undone when a later one fails */
TEST_F_TIMEOUT(fault, fault_of_every_step_is_survived, SECONDS)
{
	int nth, met = 0, failed = 0, unmet = 0;

	/* How many steps there are differs a bit from call to call. */
	for (nth = 1; unmet < UNMET && nth < MOST; nth++) {
		if (one_step(_metadata, &self->rig, variant, nth, &failed)) {
			unmet = 0;
			met++;
		} else {
			unmet++;
		}
	}
	for (int again = 1; again <= AGAIN; again++)
		met += one_step(_metadata, &self->rig, variant, again,
				&failed);
	TH_LOG("%d faults, %d failures", met, failed);
	EXPECT_LT(nth, MOST);
	EXPECT_LT(0, met);
	EXPECT_EQ(variant->absorbs, failed == 0);
	EXPECT_EQ(0, lost_fds());
	/* The last step of a call; again if that was a different one. */
	EXPECT_GE(4, self->rig.late);
}

#if defined(SHORTAGE) || defined(PAGES)

/* One call with so much memory and no more; whether that was too little. */
static bool one_shortage(struct __test_metadata *_metadata, struct rig *rig,
			 const FIXTURE_VARIANT(fault) *variant,
			 const char *kind, long amount)
{
	bool lacked;
	int err;

	ASSERT_EQ(0, variant->prepare(rig));
	ASSERT_EQ(0, rb_fault_space(kind, amount));
	err = variant->call(rig);
	lacked = rb_fault_lacked(kind);
	ASSERT_EQ(0, rb_fault_space(kind, -1));
	EXPECT_TRUE(!err || err == -ENOMEM || err == -variant->also)
		TH_LOG("of %ld, lacked %d, result %d", amount, lacked, err);
	EXPECT_TRUE(lacked || !err);
	ASSERT_EQ(0, variant->check(rig, err))
		TH_LOG("of %ld, lacked %d, result %d", amount, lacked, err);
	ASSERT_TRUE(as_before(rig))
		TH_LOG("of %ld, lacked %d, result %d", amount, lacked, err);
	return lacked;
}

#endif

#ifdef SHORTAGE

/*
 * C10: likewise if there is none either when it is asked for again, as trees do
 * for their nodes. For calls that do not wait until there is some.
 */
TEST_F_TIMEOUT(fault, shortage_from_every_step_on_is_survived, SECONDS)
{
	long bytes = 0, enough = 0;

	/* Others' memory is not short. */
	if (variant->whose)
		return;
	for (; enough < UNMET && bytes < MOST * SHORTAGE; bytes += SHORTAGE) {
		if (one_shortage(_metadata, &self->rig, variant, "failslab",
				 bytes))
			enough = 0;
		else
			enough++;
	}
	TH_LOG("%ld bytes are enough", bytes - UNMET * SHORTAGE);
	EXPECT_LE(UNMET, enough);
	EXPECT_EQ(0, lost_fds());
}

#endif /* SHORTAGE */

#ifdef PAGES

/* C10: and if it is large, and there are no pages to make it up of either. */
TEST_F_TIMEOUT(fault, shortage_of_pages_is_survived, SECONDS)
{
	int lacked = 0;

	if (variant->whose || variant->waits)
		return;
	for (long nr = 0; nr <= PAGES; nr += nr / 4 + 1)
		lacked += one_shortage(_metadata, &self->rig, variant,
				       "fail_page_alloc", nr);
	TH_LOG("too few %d times", lacked);
	EXPECT_TRUE(!variant->seen || variant->seen());
	EXPECT_EQ(0, lost_fds());
}

#endif /* PAGES */

#endif /* REGBUF_FAULTSTEP_H */
