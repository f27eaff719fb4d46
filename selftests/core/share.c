// SPDX-License-Identifier: GPL-2.0
/*
 * C11, S46 to S49: the same range registered again shares its pins, or has the
 * same id and a count.
 */
#include "regbuf_buf.h"

#include "kselftest_harness.h"

#define PAGES	8
#define LEN	(PAGES * RB_PAGE)
#define BOTH	(RB_READ | RB_WRITE)
#define COUNT	REGBUF_REGISTER_F_COUNT
#define KEEP	REGBUF_REGISTER_F_KEEP
#define SHARED	REGBUF_REGISTER_R_SHARED
#define COUNTED	REGBUF_REGISTER_R_COUNTED
#define ROUNDS	200

FIXTURE(share)
{
	int dev;
	char *mem;
	long pins;
	__u64 id;
	struct regbuf_ioc_register reg;
	struct regbuf_ioc_deregister dereg;
	struct regbuf_ioc_status status;
	struct regbuf_ioc_stats stats;
};

FIXTURE_SETUP(share)
{
	self->pins = rb_pins();
	self->dev = rb_open();
	ASSERT_LE(0, self->dev);
	self->mem = rb_pages(2 * PAGES);
	ASSERT_NE(NULL, self->mem);
	ASSERT_EQ(0, rb_register(self->dev, self->mem, LEN, BOTH, &self->id));
	ASSERT_TRUE(rb_pinned(self->pins, PAGES));
}

FIXTURE_TEARDOWN(share)
{
	EXPECT_EQ(0, rb_left(self->dev));
	close(self->dev);
	EXPECT_TRUE(rb_pinned(self->pins, 0));
}

/* The same range again: the result's bits that say how, or -errno. */
static int again(FIXTURE_DATA(share) *self, __u32 access, __u32 flags)
{
	return rb_register_flags(self->dev, self->mem, LEN, access, flags,
				 &self->reg) ?:
	       (int)(self->reg.result & (SHARED | COUNTED));
}

/* A register call that pins pages of its own, which go with it. */
static void check_fresh(struct __test_metadata *_metadata,
			FIXTURE_DATA(share) *self, void *at, size_t len,
			__u32 access, __u32 flags)
{
	long pins = rb_pins();

	ASSERT_EQ(0, rb_register_flags(self->dev, at, len, access, flags,
				       &self->reg));
	EXPECT_EQ(0, self->reg.result & (SHARED | COUNTED));
	EXPECT_TRUE(rb_pinned(pins, len / RB_PAGE));
	ASSERT_EQ(0, rb_status(self->dev, self->reg.id, &self->status));
	EXPECT_EQ(1, self->status.shared);
	EXPECT_EQ(0, rb_deregister(self->dev, self->reg.id));
	EXPECT_TRUE(rb_pinned(pins, 0));
}

/* C11, S46: two ids that are both good, and pins and a charge for one */
TEST_F(share, second_id_pins_nothing)
{
	ASSERT_EQ(SHARED, again(self, BOTH, 0));
	EXPECT_NE(self->id, self->reg.id);
	EXPECT_TRUE(rb_pinned(self->pins, PAGES));
	EXPECT_EQ(PAGES, rb_vmpin());
	ASSERT_EQ(0, rb_stats(self->dev, &self->stats));
	EXPECT_EQ(2, self->stats.buffers);
	EXPECT_EQ(PAGES, self->stats.pages);
	EXPECT_EQ(0, rb_carries(self->dev, self->id, self->mem, LEN));
	EXPECT_EQ(0, rb_carries(self->dev, self->reg.id, self->mem, LEN));
	EXPECT_EQ(0, rb_deregister(self->dev, self->id));
	EXPECT_EQ(0, rb_deregister(self->dev, self->reg.id));
}

/* C11: the status of each says how many share, and what they share */
TEST_F(share, status_tells)
{
	ASSERT_EQ(0, rb_status(self->dev, self->id, &self->status));
	EXPECT_EQ(1, self->status.shared);
	EXPECT_EQ(1, self->status.count);
	ASSERT_EQ(SHARED, again(self, RB_READ, 0));
	ASSERT_EQ(0, rb_status(self->dev, self->id, &self->status));
	EXPECT_EQ(2, self->status.shared);
	EXPECT_EQ(PAGES, self->status.pages);
	EXPECT_EQ(BOTH, self->status.access);
	ASSERT_EQ(0, rb_status(self->dev, self->reg.id, &self->status));
	EXPECT_EQ(2, self->status.shared);
	EXPECT_EQ(1, self->status.count);
	EXPECT_EQ(PAGES, self->status.pages);
	EXPECT_EQ(RB_READ, self->status.access);
	EXPECT_EQ((unsigned long)self->mem, self->status.addr);
	EXPECT_EQ(LEN, self->status.length);
	EXPECT_EQ(0, rb_deregister(self->dev, self->id));
	ASSERT_EQ(0, rb_status(self->dev, self->reg.id, &self->status));
	EXPECT_EQ(1, self->status.shared);
	EXPECT_EQ(PAGES, self->status.pages);
	EXPECT_EQ(0, rb_deregister(self->dev, self->reg.id));
}

/* C11: the pages go with the last, whichever that is. */
TEST_F(share, pages_go_with_the_last)
{
	for (int first = 0; first < 2; first++) {
		__u64 ids[2] = { self->id };

		ASSERT_EQ(SHARED, again(self, BOTH, 0));
		ids[1] = self->reg.id;
		EXPECT_EQ(0, rb_deregister(self->dev, ids[first]));
		EXPECT_EQ(-ESTALE, rb_use(self->dev, ids[first]));
		EXPECT_TRUE(rb_pinned(self->pins, PAGES));
		EXPECT_EQ(PAGES, rb_vmpin());
		EXPECT_EQ(0, rb_carries(self->dev, ids[!first], self->mem,
					LEN));
		EXPECT_EQ(0, rb_deregister(self->dev, ids[!first]));
		EXPECT_EQ(0, rb_left(self->dev));
		EXPECT_TRUE(rb_pinned(self->pins, 0));
		ASSERT_EQ(0, rb_register(self->dev, self->mem, LEN, BOTH,
					 &self->id));
	}
	EXPECT_EQ(0, rb_deregister(self->dev, self->id));
}

/* C11: a third shares with the second when the first is gone. */
TEST_F(share, chain_of_ids)
{
	__u64 last = self->id;

	for (int i = 0; i < 20; i++) {
		ASSERT_EQ(SHARED, again(self, BOTH, 0));
		EXPECT_EQ(0, rb_deregister(self->dev, last));
		last = self->reg.id;
		EXPECT_EQ(PAGES, rb_vmpin());
	}
	EXPECT_TRUE(rb_pinned(self->pins, PAGES));
	EXPECT_EQ(0, rb_deregister(self->dev, last));
}

/* C11, S46: any number of them */
TEST_F(share, hundred_ids)
{
	__u64 ids[100];

	for (int i = 0; i < 100; i++) {
		ASSERT_EQ(SHARED, again(self, BOTH, 0));
		ids[i] = self->reg.id;
	}
	EXPECT_TRUE(rb_pinned(self->pins, PAGES));
	ASSERT_EQ(0, rb_status(self->dev, self->id, &self->status));
	EXPECT_EQ(101, self->status.shared);
	EXPECT_EQ(0, rb_deregister(self->dev, self->id));
	for (int i = 0; i < 100; i++)
		EXPECT_EQ(0, rb_deregister(self->dev, ids[i * 37 % 100]));
}

/* C7, C11: a second one with fewer rights has no more than that. */
TEST_F(share, rights_are_those_asked_for)
{
	ASSERT_EQ(SHARED, again(self, RB_WRITE, 0));
	EXPECT_EQ(-EACCES, rb_use(self->dev, self->reg.id));
	EXPECT_EQ(0, rb_use(self->dev, self->id));
	EXPECT_EQ(0, rb_deregister(self->dev, self->reg.id));
	EXPECT_EQ(0, rb_deregister(self->dev, self->id));
}

/* C11: one that may do less lends no pins to one that may do more. */
TEST_F(share, not_with_one_of_fewer_rights)
{
	EXPECT_EQ(0, rb_deregister(self->dev, self->id));
	ASSERT_EQ(0, rb_register(self->dev, self->mem, LEN, RB_READ,
				 &self->id));
	check_fresh(_metadata, self, self->mem, LEN, BOTH, 0);
	check_fresh(_metadata, self, self->mem, LEN, RB_WRITE, 0);
	EXPECT_EQ(0, rb_deregister(self->dev, self->id));
}

/* C11: another range is another range, even if it overlaps. */
TEST_F(share, not_with_another_range)
{
	check_fresh(_metadata, self, self->mem, LEN - RB_PAGE, BOTH, 0);
	check_fresh(_metadata, self, self->mem, LEN + RB_PAGE, BOTH, 0);
	check_fresh(_metadata, self, self->mem + RB_PAGE, LEN, BOTH, 0);
	check_fresh(_metadata, self, self->mem + RB_PAGE, LEN - RB_PAGE, BOTH,
		    0);
	EXPECT_EQ(0, rb_deregister(self->dev, self->id));
}

/* C11: not with one byte less or more in the same pages either. */
TEST_F(share, not_with_another_length)
{
	ASSERT_EQ(0, rb_register_flags(self->dev, self->mem, LEN - 1, BOTH, 0,
				       &self->reg));
	EXPECT_EQ(0, self->reg.result & SHARED);
	EXPECT_TRUE(rb_pinned(self->pins, 2 * PAGES));
	EXPECT_EQ(0, rb_deregister(self->dev, self->reg.id));
	EXPECT_EQ(0, rb_deregister(self->dev, self->id));
}

/* C9, C11: F_KEEP promises something else. */
TEST_F(share, not_if_only_one_is_kept)
{
	__u64 keep;

	check_fresh(_metadata, self, self->mem, LEN, BOTH, KEEP);
	EXPECT_EQ(0, rb_deregister(self->dev, self->id));
	ASSERT_EQ(0, again(self, BOTH, KEEP));
	keep = self->reg.id;
	check_fresh(_metadata, self, self->mem, LEN, BOTH, 0);
	ASSERT_EQ(SHARED, again(self, BOTH, KEEP));
	EXPECT_TRUE(rb_pinned(self->pins, PAGES));
	EXPECT_EQ(0, rb_deregister(self->dev, self->reg.id));
	EXPECT_EQ(0, rb_deregister(self->dev, keep));
}

/* C8, C11: each context has its own. */
TEST_F(share, not_with_another_context)
{
	int dev = rb_open();
	__u64 id;

	ASSERT_EQ(0, rb_register(dev, self->mem, LEN, BOTH, &id));
	EXPECT_TRUE(rb_pinned(self->pins, 2 * PAGES));
	EXPECT_EQ(0, rb_deregister(dev, id));
	close(dev);
	EXPECT_EQ(0, rb_deregister(self->dev, self->id));
}

/* C9, C11: memory that went and came back is other memory. */
TEST_F(share, not_after_it_was_unmapped)
{
	ASSERT_EQ(self->mem, mmap(self->mem, LEN, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
				  0));
	rb_pattern(self->mem, LEN, 99);
	ASSERT_EQ(0, again(self, BOTH, 0));
	EXPECT_EQ(0, rb_carries(self->dev, self->reg.id, self->mem, LEN));
	EXPECT_EQ(-ESTALE, rb_use(self->dev, self->id));
	EXPECT_EQ(0, rb_deregister(self->dev, self->reg.id));
	EXPECT_EQ(0, rb_deregister(self->dev, self->id));
}

/* C9, C11: nor is it shared before anybody has found out. */
TEST_F(share, not_after_its_pages_were_dropped)
{
	ASSERT_EQ(0, madvise(self->mem + RB_PAGE, RB_PAGE, MADV_DONTNEED));
	rb_pattern(self->mem, LEN, 99);
	ASSERT_EQ(0, again(self, BOTH, 0));
	EXPECT_EQ(0, rb_carries(self->dev, self->reg.id, self->mem, LEN));
	EXPECT_EQ(-ESTALE, rb_use(self->dev, self->id));
	EXPECT_EQ(0, rb_deregister(self->dev, self->reg.id));
	EXPECT_EQ(0, rb_deregister(self->dev, self->id));
}

/* C9, C11: what shares its memory loses it together. */
TEST_F(share, all_are_detached_together)
{
	ASSERT_EQ(SHARED, again(self, BOTH, 0));
	ASSERT_EQ(0, munmap(self->mem, RB_PAGE));
	EXPECT_EQ(REGBUF_STATE_DETACHED, rb_state(self->dev, self->id));
	EXPECT_EQ(REGBUF_STATE_DETACHED, rb_state(self->dev, self->reg.id));
	EXPECT_EQ(-ESTALE, rb_use(self->dev, self->id));
	EXPECT_EQ(-ESTALE, rb_use(self->dev, self->reg.id));
	EXPECT_EQ(0, rb_deregister(self->dev, self->id));
	EXPECT_EQ(0, rb_deregister(self->dev, self->reg.id));
	EXPECT_TRUE(rb_pinned(self->pins, 0));
}

/* S46: memory that a plain registration has, counted by one that counts */
TEST_F(share, counted_one_shares_with_a_plain_one)
{
	ASSERT_EQ(SHARED, again(self, BOTH, COUNT));
	EXPECT_NE(self->id, self->reg.id);
	EXPECT_EQ(0, rb_deregister(self->dev, self->id));
	EXPECT_EQ(0, rb_use(self->dev, self->reg.id));
	ASSERT_EQ(SHARED, again(self, BOTH, 0));
	ASSERT_EQ(0, rb_status(self->dev, self->reg.id, &self->status));
	EXPECT_EQ(2, self->status.shared);
	EXPECT_EQ(0, rb_deregister(self->dev, self->reg.id));
	ASSERT_LE(COUNTED, again(self, BOTH, COUNT));
	EXPECT_EQ(0, rb_deregister(self->dev, self->reg.id));
	EXPECT_EQ(0, rb_deregister(self->dev, self->reg.id));
}

FIXTURE(count)
{
	struct rb_rig rig;
	struct regbuf_ioc_send msg;
	struct regbuf_ioc_register reg;
	struct regbuf_ioc_deregister dereg;
	struct regbuf_ioc_status status;
	pthread_barrier_t barrier;
};

FIXTURE_SETUP(count)
{
	struct rb_rig *rig = &self->rig;

	ASSERT_EQ(0, rb_rig_setup(rig, AF_INET, SOCK_STREAM, false, LEN));
	ASSERT_EQ(0, rb_deregister(rig->dev, rig->id));
	rig->id = 0;
}

FIXTURE_TEARDOWN(count)
{
	EXPECT_EQ(0, rb_rig_close(&self->rig));
}

/* One more registration: as again(). */
static int count(FIXTURE_DATA(count) *self, __u32 access)
{
	int err = rb_register_flags(self->rig.dev, self->rig.mem, LEN, access,
				    COUNT, &self->reg);

	self->rig.id = self->reg.id;
	return err ?: (int)(self->reg.result & COUNTED);
}

static int down(FIXTURE_DATA(count) *self, __u32 flags, long long timeout_ns)
{
	return rb_deregister_flags(self->rig.dev, self->rig.id, flags,
				   timeout_ns, &self->dereg);
}

/* S47 to S49: registered three times, usable until the third is given up */
TEST_F(count, third_frees)
{
	struct rb_rig *rig = &self->rig;
	__u64 id;

	ASSERT_EQ(0, count(self, RB_READ));
	id = rig->id;
	for (int i = 2; i <= 3; i++) {
		ASSERT_EQ(COUNTED, count(self, RB_READ));
		EXPECT_EQ(id, rig->id);
		ASSERT_EQ(0, rb_status(rig->dev, id, &self->status));
		EXPECT_EQ(i, self->status.count);
	}
	EXPECT_TRUE(rb_pinned(rig->pins, PAGES));
	for (int i = 2; i >= 0; i--) {
		EXPECT_EQ(0, rb_use(rig->dev, id));
		EXPECT_EQ(0, down(self, 0, 0));
		EXPECT_EQ(i, self->dereg.count);
	}
	EXPECT_EQ(-ESTALE, rb_use(rig->dev, id));
	EXPECT_EQ(-ESTALE, down(self, 0, 0));
	EXPECT_EQ(0, rb_left(rig->dev));
}

/* S48: a plain registration and its id are not counted */
TEST_F(count, plain_ids_are_not_counted)
{
	struct rb_rig *rig = &self->rig;
	__u64 plain;

	ASSERT_EQ(0, count(self, RB_READ));
	ASSERT_EQ(0, rb_register(rig->dev, rig->mem, LEN, RB_READ, &plain));
	EXPECT_NE(rig->id, plain);
	ASSERT_EQ(0, rb_status(rig->dev, rig->id, &self->status));
	EXPECT_EQ(1, self->status.count);
	EXPECT_EQ(2, self->status.shared);
	EXPECT_EQ(0, rb_deregister(rig->dev, plain));
	EXPECT_EQ(0, down(self, 0, 0));
	EXPECT_EQ(0, self->dereg.count);
}

/* C11: other rights are another id, and shared if they are fewer. */
TEST_F(count, other_rights_are_another_id)
{
	__u64 first;

	ASSERT_EQ(0, count(self, BOTH));
	first = self->rig.id;
	ASSERT_EQ(0, count(self, RB_READ));
	EXPECT_NE(first, self->rig.id);
	EXPECT_EQ(SHARED, self->reg.result & SHARED);
	ASSERT_EQ(COUNTED, count(self, RB_READ));
	EXPECT_EQ(0, down(self, 0, 0));
	EXPECT_EQ(1, self->dereg.count);
	EXPECT_EQ(0, down(self, 0, 0));
	EXPECT_EQ(0, rb_deregister(self->rig.dev, first));
}

/* S49: with a new count after the old one came to its end: a new id */
TEST_F(count, begins_anew)
{
	__u64 old;

	ASSERT_EQ(0, count(self, RB_READ));
	old = self->rig.id;
	EXPECT_EQ(0, down(self, 0, 0));
	ASSERT_EQ(0, count(self, RB_READ));
	EXPECT_NE(old, self->rig.id);
	EXPECT_EQ(-ESTALE, rb_use(self->rig.dev, old));
	EXPECT_EQ(0, down(self, 0, 0));
}

/* C9: a count does not keep memory that is gone; the next is another one */
TEST_F(count, ends_with_the_mapping)
{
	struct rb_rig *rig = &self->rig;
	__u64 old;

	ASSERT_EQ(0, count(self, RB_READ));
	ASSERT_EQ(COUNTED, count(self, RB_READ));
	old = rig->id;
	ASSERT_EQ(rig->mem, mmap(rig->mem, LEN, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
				 0));
	EXPECT_EQ(-ESTALE, rb_use(rig->dev, old));
	ASSERT_EQ(0, count(self, RB_READ));
	EXPECT_NE(old, rig->id);
	EXPECT_EQ(0, rb_use(rig->dev, rig->id));
	EXPECT_EQ(0, down(self, 0, 0));
	rig->id = old;
	EXPECT_EQ(0, down(self, 0, 0));
	EXPECT_EQ(1, self->dereg.count);
	EXPECT_EQ(0, down(self, 0, 0));
	EXPECT_EQ(0, self->dereg.count);
	EXPECT_EQ(-ESTALE, down(self, 0, 0));
}

/* Twice registered, and a send of it that stays in flight. */
static void launch(struct __test_metadata *_metadata,
		   FIXTURE_DATA(count) *self)
{
	ASSERT_EQ(0, count(self, RB_READ));
	ASSERT_EQ(COUNTED, count(self, RB_READ));
	ASSERT_EQ(0, rb_rig_hold(&self->rig, LEN));
	ASSERT_EQ(0, rb_rig_send(&self->rig, 0, LEN, &self->msg));
	ASSERT_EQ(LEN, self->msg.zerocopied);
	ASSERT_EQ(1, rb_in_flight(self->rig.dev, self->rig.id));
}

/* C6, S49: who is not the last has nothing to wait for */
TEST_F(count, only_the_last_waits)
{
	struct rb_rig *rig = &self->rig;

	launch(_metadata, self);
	EXPECT_EQ(0, down(self, REGBUF_DEREGISTER_F_WAIT, RB_LONG));
	EXPECT_EQ(1, self->dereg.count);
	EXPECT_EQ(REGBUF_STATE_LIVE, rb_state(rig->dev, rig->id));
	EXPECT_EQ(-EINPROGRESS, down(self, REGBUF_DEREGISTER_F_WAIT,
				     RB_SHORT));
	EXPECT_EQ(REGBUF_STATE_CLOSING, rb_state(rig->dev, rig->id));
	EXPECT_EQ(0, rb_rig_lands(rig, rig->mem, LEN));
	EXPECT_TRUE(rb_pinned(rig->pins, 0));
}

/* C6, S49: and who is the last may be refused, which changes no count */
TEST_F(count, only_the_last_is_busy)
{
	struct rb_rig *rig = &self->rig;

	launch(_metadata, self);
	EXPECT_EQ(0, down(self, REGBUF_DEREGISTER_F_BUSY, 0));
	EXPECT_EQ(1, self->dereg.count);
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(-EBUSY, down(self, REGBUF_DEREGISTER_F_BUSY, 0));
		EXPECT_EQ(1, self->dereg.in_flight);
		ASSERT_EQ(0, rb_status(rig->dev, rig->id, &self->status));
		EXPECT_EQ(1, self->status.count);
	}
	EXPECT_EQ(0, rb_rig_lands(rig, rig->mem, LEN));
	EXPECT_EQ(0, rb_wait(rig->dev, rig->id, RB_LONG));
	EXPECT_EQ(0, down(self, REGBUF_DEREGISTER_F_BUSY, 0));
	EXPECT_EQ(0, self->dereg.count);
}

/* C6: what is closing is not counted on; its memory is pinned afresh */
TEST_F(count, closing_one_is_left_alone)
{
	struct rb_rig *rig = &self->rig;
	__u64 old;

	launch(_metadata, self);
	EXPECT_EQ(0, down(self, 0, 0));
	EXPECT_EQ(0, down(self, 0, 0));
	old = rig->id;
	ASSERT_EQ(0, count(self, RB_READ));
	EXPECT_NE(old, rig->id);
	EXPECT_EQ(REGBUF_STATE_CLOSING, rb_state(rig->dev, old));
	EXPECT_EQ(0, rb_rig_lands(rig, rig->mem, LEN));
	EXPECT_TRUE(rb_pinned(rig->pins, PAGES));
	EXPECT_EQ(0, rb_use(rig->dev, rig->id));
	EXPECT_EQ(0, down(self, 0, 0));
}

/* C6, C11: in flight by one id, while the other comes and goes */
TEST_F(count, one_in_flight_does_not_hold_the_other)
{
	struct rb_rig *rig = &self->rig;
	__u64 other;

	launch(_metadata, self);
	ASSERT_EQ(0, rb_register(rig->dev, rig->mem, LEN, RB_READ, &other));
	EXPECT_EQ(0, rb_in_flight(rig->dev, other));
	EXPECT_EQ(0, rb_wait(rig->dev, other, 0));
	EXPECT_EQ(0, rb_deregister_flags(rig->dev, other,
					 REGBUF_DEREGISTER_F_BUSY, 0,
					 &self->dereg));
	EXPECT_EQ(-ESTALE, rb_use(rig->dev, other));
	EXPECT_EQ(0, down(self, 0, 0));
	EXPECT_EQ(0, down(self, 0, 0));
	EXPECT_TRUE(rb_pinned(rig->pins, PAGES));
	EXPECT_EQ(0, rb_rig_lands(rig, rig->mem, LEN));
	EXPECT_TRUE(rb_pinned(rig->pins, 0));
}

struct racer {
	FIXTURE_DATA(count) *self;
	__u64 ids[ROUNDS];
	int wrong;
	pthread_t thread;
};

/* Both count at once, and then both count down at once. */
static void *register_together(void *arg)
{
	struct racer *racer = arg;
	struct rb_rig *rig = &racer->self->rig;
	struct regbuf_ioc_register reg;

	for (int i = 0; i < ROUNDS; i++) {
		pthread_barrier_wait(&racer->self->barrier);
		racer->wrong += !!rb_register_flags(rig->dev, rig->mem, LEN,
						    RB_READ, COUNT, &reg);
		racer->ids[i] = reg.id;
		pthread_barrier_wait(&racer->self->barrier);
		racer->wrong += !!rb_deregister(rig->dev, reg.id);
	}
	return NULL;
}

/* C11, S47: two threads at once get one id, and it lives for both */
TEST_F(count, threads_get_one_id)
{
	static struct racer racers[2];

	ASSERT_EQ(0, pthread_barrier_init(&self->barrier, NULL, 2));
	for (int i = 0; i < 2; i++) {
		racers[i].self = self;
		ASSERT_EQ(0, pthread_create(&racers[i].thread, NULL,
					    register_together, &racers[i]));
	}
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, pthread_join(racers[i].thread, NULL));
		EXPECT_EQ(0, racers[i].wrong);
	}
	EXPECT_EQ(0, memcmp(racers[0].ids, racers[1].ids,
			    sizeof(racers[0].ids)));
	EXPECT_EQ(0, rb_left(self->rig.dev));
}

/* A process that is charged. */
FIXTURE(charge)
{
	int dev;
	int other;	/* opened while one may */
	char *mem;
	long pins;
	struct regbuf_ioc_register reg;
};

FIXTURE_SETUP(charge)
{
	self->pins = rb_pins();
	self->dev = rb_open();
	self->other = rb_open();
	ASSERT_LE(0, self->dev);
	ASSERT_LE(0, self->other);
	self->mem = rb_pages(PAGES);
	ASSERT_EQ(0, rb_set_memlock(PAGES));
	ASSERT_EQ(0, setresuid(RB_NOBODY, RB_NOBODY, RB_NOBODY));
	ASSERT_EQ(0, rb_charged(self->dev));
}

/* By root, when the process is gone. */
FIXTURE_TEARDOWN_PARENT(charge)
{
	EXPECT_TRUE(rb_pinned(self->pins, 0));
}

static int charged_register(FIXTURE_DATA(charge) *self, __u32 flags)
{
	return rb_register_flags(self->dev, self->mem, LEN, RB_READ, flags,
				 &self->reg);
}

/* C10, C11: charged once, however often, until the last is gone */
TEST_F(charge, is_one_for_all)
{
	__u64 first;

	ASSERT_EQ(0, charged_register(self, 0));
	first = self->reg.id;
	EXPECT_EQ(PAGES, rb_charged(self->dev));
	for (int i = 0; i < 3; i++) {
		/* The limit leaves no room for a second charge. */
		ASSERT_EQ(0, charged_register(self, i ? COUNT : 0));
		EXPECT_NE(0, self->reg.result & (SHARED | COUNTED));
		EXPECT_EQ(PAGES, rb_charged(self->dev));
	}
	EXPECT_EQ(0, rb_deregister(self->dev, first));
	EXPECT_EQ(0, rb_deregister(self->dev, self->reg.id));
	EXPECT_EQ(PAGES, rb_charged(self->dev));
	EXPECT_EQ(0, rb_deregister(self->dev, self->reg.id));
	EXPECT_EQ(PAGES, rb_charged(self->dev));
	close(self->dev);
	EXPECT_TRUE(rb_within(20, !rb_charged(self->other)));
}

/* C10, C11: what cannot be shared has to fit. */
TEST_F(charge, fresh_pins_need_room)
{
	ASSERT_EQ(0, charged_register(self, 0));
	EXPECT_EQ(-ENOBUFS, charged_register(self, KEEP));
	EXPECT_EQ(PAGES, self->reg.needed);
	EXPECT_EQ(PAGES, self->reg.charged);
	EXPECT_EQ(PAGES, self->reg.allowed);
	EXPECT_EQ(PAGES, rb_charged(self->dev));
}

#include "regbuf_main.h"
