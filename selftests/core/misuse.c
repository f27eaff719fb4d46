// SPDX-License-Identifier: GPL-2.0
/*
 * What programs do wrong is counted: C5, C6, C10. What is in flight when its
 * buffer is deregistered: flight.c.
 */
#include "regbuf_queue.h"
#include "kselftest_harness.h"

#include <sys/resource.h>

#define NOBODY		65534

FIXTURE(misuse) {
	struct rb_rig rig;
	struct regbuf_ioc_stats stats;
	struct regbuf_ioc_send msg;
};

FIXTURE_SETUP(misuse)
{
	ASSERT_EQ(0, rb_rig_setup(&self->rig, AF_INET, SOCK_DGRAM, true,
				  RB_PAGE));
}

FIXTURE_TEARDOWN(misuse)
{
	EXPECT_EQ(0, rb_rig_close(&self->rig));
}

static __u64 used_after(FIXTURE_DATA(misuse) *self)
{
	rb_stats(self->rig.dev, &self->stats);
	return self->stats.used_after_deregister;
}

/* C5: a request that names a dead id is counted, once. */
TEST_F(misuse, dead_ids_in_sends)
{
	struct rb_rig *rig = &self->rig;

	ASSERT_EQ(0, used_after(self));
	ASSERT_EQ(0, rb_deregister(rig->dev, rig->id));
	EXPECT_EQ(-ESTALE, rb_rig_send(rig, 0, 1, &self->msg));
	EXPECT_EQ(1, used_after(self));
	EXPECT_EQ(-ESTALE, rb_rig_send(rig, 0, 1, &self->msg));
	EXPECT_EQ(2, used_after(self));
}

/* C5: in a queue as well. */
TEST_F(misuse, dead_ids_in_entries)
{
	struct rb_rig *rig = &self->rig;
	struct rb_queue q;
	__u32 ep;

	ASSERT_EQ(0, rb_q_open(rig->dev, &q, 4, 4, 0));
	ASSERT_EQ(0, rb_q_attach(&q, rig->near, RB_BOTH, 0, 0, &ep));
	ASSERT_EQ(0, rb_deregister(rig->dev, rig->id));
	rb_sqe_send(&q, ep, rig->id, 0, 1, 1);
	EXPECT_EQ(-ESTALE, rb_q_submit_all(&q));
	EXPECT_EQ(1, used_after(self));
	rb_q_close(&q);
}

/* C9: so is one whose memory is gone, and that it went. */
TEST_F(misuse, memory_that_is_gone)
{
	struct rb_rig *rig = &self->rig;
	char *mem = rb_pages(1);
	__u64 id;

	ASSERT_EQ(0, rb_register(rig->dev, mem, RB_PAGE, RB_READ, &id));
	ASSERT_EQ(0, munmap(mem, RB_PAGE));
	ASSERT_EQ(0, rb_stats(rig->dev, &self->stats));
	EXPECT_EQ(1, self->stats.detached);
	EXPECT_EQ(0, self->stats.used_detached);
	EXPECT_EQ(-ESTALE, rb_send(rig->dev, rig->near, id, 0, 1, &self->msg));
	EXPECT_EQ(0, used_after(self));
	EXPECT_EQ(1, self->stats.used_detached);
	EXPECT_EQ(0, rb_deregister(rig->dev, id));
	EXPECT_EQ(-ESTALE, rb_send(rig->dev, rig->near, id, 0, 1, &self->msg));
	EXPECT_EQ(1, used_after(self));
	EXPECT_EQ(1, self->stats.used_detached);
}

/* Ids that never were, and other calls with dead ones, are no such misuse. */
TEST_F(misuse, other_errors_are_not_counted)
{
	struct rb_rig *rig = &self->rig;
	struct regbuf_ioc_status status;

	EXPECT_EQ(-ENOENT, rb_send(rig->dev, rig->near, rig->id + 1, 0, 1,
				   &self->msg));
	ASSERT_EQ(0, rb_deregister(rig->dev, rig->id));
	EXPECT_EQ(-ESTALE, rb_deregister(rig->dev, rig->id));
	EXPECT_EQ(-ESTALE, rb_status(rig->dev, rig->id, &status));
	EXPECT_EQ(-ESTALE, rb_wait(rig->dev, rig->id, 0));
	EXPECT_EQ(0, used_after(self));
	EXPECT_EQ(0, self->stats.over_budget);
	EXPECT_EQ(0, self->stats.deregistered_in_flight);
}

/* C10: a registration beyond the budget is counted; what fits is not. */
TEST_F(misuse, over_budget)
{
	char *mem = rb_pages(2);
	__u64 id;

	ASSERT_NE(NULL, mem);
	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK,
			       &(struct rlimit){ RB_PAGE, RB_PAGE }));
	ASSERT_EQ(0, setresuid(NOBODY, NOBODY, NOBODY));
	EXPECT_EQ(-ENOBUFS, rb_register(self->rig.dev, mem, 2 * RB_PAGE,
					RB_READ, &id));
	EXPECT_EQ(-EINVAL, rb_register(self->rig.dev, mem, 0, RB_READ, &id));
	EXPECT_EQ(0, rb_register(self->rig.dev, mem, RB_PAGE, RB_READ, &id));
	EXPECT_EQ(0, rb_deregister(self->rig.dev, id));
	ASSERT_EQ(0, rb_stats(self->rig.dev, &self->stats));
	EXPECT_EQ(1, self->stats.over_budget);
}

/* A program of before has a shorter structure; nothing is written behind it. */
TEST_F(misuse, shorter_structure)
{
	__u32 first = offsetof(struct regbuf_ioc_stats, used_after_deregister);

	ASSERT_EQ(0, rb_deregister(self->rig.dev, self->rig.id));
	ASSERT_EQ(-ESTALE, rb_rig_send(&self->rig, 0, 1, &self->msg));
	memset(&self->stats, 0x5a, sizeof(self->stats));
	self->stats.size = first;
	self->stats.flags = 0;
	ASSERT_EQ(0, rb_ioctl(self->rig.dev, REGBUF_IOC_STATS, &self->stats));
	EXPECT_EQ(0, self->stats.deregistered_in_flight);
	EXPECT_EQ(0x5a5a5a5a5a5a5a5aULL, self->stats.used_after_deregister);
	EXPECT_EQ(0x5a5a5a5a5a5a5a5aULL, self->stats.over_budget);
}

#include "regbuf_main.h"
