// SPDX-License-Identifier: GPL-2.0
/*
 * C6: giving up a buffer that nobody uses, in all its forms. In flight:
 * flight.c.
 */
#include "regbuf_test.h"
#include "kselftest_harness.h"

#include <limits.h>

FIXTURE(idle) {
	int dev;
	__u64 id;
	long pins;
};

FIXTURE_SETUP(idle)
{
	char *mem = rb_pages(3);

	self->pins = rb_pins();
	self->dev = rb_open();
	ASSERT_GE(self->dev, 0);
	ASSERT_NE(NULL, mem);
	ASSERT_EQ(0, rb_register(self->dev, mem + 1, 2 * RB_PAGE, RB_READ,
				 &self->id));
	ASSERT_EQ(self->pins + 3, rb_pins());
}

FIXTURE_TEARDOWN(idle)
{
	struct regbuf_ioc_stats stats;

	ASSERT_EQ(0, rb_stats(self->dev, &stats));
	EXPECT_EQ(0, stats.deregistered_in_flight);
	close(self->dev);
	EXPECT_EQ(0, rb_vmpin());
	EXPECT_EQ(self->pins, rb_pins());
}

static int deregister(const FIXTURE_DATA(idle) *self, __u32 flags,
		      long long timeout_ns, __u32 *in_flight)
{
	struct regbuf_ioc_deregister dereg = {
		.size = sizeof(dereg),
		.flags = flags,
		.id = self->id,
		.timeout_ns = timeout_ns,
		.in_flight = 0xdeadbeef,
	};
	int err = rb_ioctl(self->dev, REGBUF_IOC_DEREGISTER, &dereg);

	*in_flight = dereg.in_flight;
	return err;
}

/* Pins and charge are gone before the call returns, and so is the id. */
static void expect_gone(struct __test_metadata *_metadata,
			const FIXTURE_DATA(idle) *self, __u32 flags,
			long long timeout_ns)
{
	struct regbuf_ioc_status status;
	__u32 in_flight;

	EXPECT_EQ(0, deregister(self, flags, timeout_ns, &in_flight));
	EXPECT_EQ(0, in_flight);
	EXPECT_EQ(0, rb_left(self->dev));
	EXPECT_EQ(self->pins, rb_pins());
	EXPECT_EQ(-ESTALE, rb_status(self->dev, self->id, &status));
	EXPECT_EQ(-ESTALE, deregister(self, flags, timeout_ns, &in_flight));
}

/* Refused: the buffer lives on as it was. */
static void expect_invalid(struct __test_metadata *_metadata,
			   const FIXTURE_DATA(idle) *self, __u32 flags,
			   long long timeout_ns)
{
	struct regbuf_ioc_status status;
	__u32 in_flight;

	EXPECT_EQ(-EINVAL, deregister(self, flags, timeout_ns, &in_flight));
	EXPECT_EQ(0, rb_status(self->dev, self->id, &status));
	EXPECT_EQ(REGBUF_STATE_LIVE, status.state);
	EXPECT_EQ(3, rb_vmpin());
	EXPECT_EQ(self->pins + 3, rb_pins());
}

/* S14, S18: an id is all it takes; nothing of the buffer is left then */
TEST_F(idle, is_released_at_once)
{
	expect_gone(_metadata, self, 0, 0);
}

/* C6: busy or not is the question: it is not */
TEST_F(idle, is_not_busy)
{
	expect_gone(_metadata, self, REGBUF_DEREGISTER_F_BUSY, 0);
}

/* C6: nothing to wait for, however long one would */
TEST_F(idle, needs_no_waiting)
{
	expect_gone(_metadata, self, REGBUF_DEREGISTER_F_WAIT, RB_FOREVER);
}

TEST_F(idle, needs_no_time_to_wait)
{
	expect_gone(_metadata, self, REGBUF_DEREGISTER_F_WAIT, 0);
}

TEST_F(idle, may_be_waited_for_for_ages)
{
	expect_gone(_metadata, self, REGBUF_DEREGISTER_F_WAIT, LLONG_MAX);
}

TEST_F(idle, may_be_waited_for_without_limit)
{
	expect_gone(_metadata, self, REGBUF_DEREGISTER_F_WAIT, LLONG_MIN);
}

/* C6: to be refused and to wait at once makes no sense */
TEST_F(idle, both_flags_are_invalid)
{
	expect_invalid(_metadata, self, REGBUF_DEREGISTER_F_ALL, 0);
	expect_invalid(_metadata, self, REGBUF_DEREGISTER_F_ALL, RB_FOREVER);
}

/* A timeout is only for those who wait. */
TEST_F(idle, timeout_without_wait_is_invalid)
{
	expect_invalid(_metadata, self, 0, 1);
	expect_invalid(_metadata, self, 0, RB_FOREVER);
	expect_invalid(_metadata, self, 0, LLONG_MAX);
	expect_invalid(_metadata, self, REGBUF_DEREGISTER_F_BUSY, 1);
	expect_invalid(_metadata, self, REGBUF_DEREGISTER_F_BUSY, LLONG_MIN);
}

/* Waiting for an idle buffer is over at once; it stays what it was. */
TEST_F(idle, wait_is_over_at_once)
{
	static const long long timeouts[] = {
		0, 1, RB_FOREVER, LLONG_MIN, LLONG_MAX,
	};
	struct regbuf_ioc_status status;

	for (int i = 0; i < ARRAY_SIZE(timeouts); i++)
		EXPECT_EQ(0, rb_wait(self->dev, self->id, timeouts[i]));
	EXPECT_EQ(0, rb_status(self->dev, self->id, &status));
	EXPECT_EQ(REGBUF_STATE_LIVE, status.state);
	EXPECT_EQ(self->pins + 3, rb_pins());
}

/* Waiting for a dead one says so, and does not wait. */
TEST_F(idle, wait_for_a_dead_one_is_refused)
{
	static const long long timeouts[] = {
		0, 1, RB_FOREVER, LLONG_MIN, LLONG_MAX,
	};

	ASSERT_EQ(0, rb_deregister(self->dev, self->id));
	for (int i = 0; i < ARRAY_SIZE(timeouts); i++)
		EXPECT_EQ(-ESTALE, rb_wait(self->dev, self->id, timeouts[i]));
}

/* A buffer that was used and is idle again is as good as one never used. */
TEST_F(idle, after_use_is_released_at_once)
{
	char got[2 * RB_PAGE];

	ASSERT_EQ(0, rb_fetch(self->dev, self->id, 0, sizeof(got), got));
	EXPECT_EQ(0, rb_in_flight(self->dev, self->id));
	expect_gone(_metadata, self, REGBUF_DEREGISTER_F_BUSY, 0);
}

/* One of many: the others stay. */
TEST_F(idle, release_leaves_the_others)
{
	char *mem = rb_pages(10), got[RB_PAGE];
	__u64 ids[10];

	for (int i = 0; i < 10; i++)
		ASSERT_EQ(0, rb_register(self->dev, mem + i * RB_PAGE, RB_PAGE,
					 RB_READ, &ids[i]));
	EXPECT_EQ(0, rb_deregister(self->dev, ids[3]));
	EXPECT_EQ(0, rb_deregister(self->dev, self->id));
	EXPECT_EQ(9, rb_vmpin());
	EXPECT_EQ(self->pins + 9, rb_pins());
	for (int i = 0; i < 10; i++) {
		if (i == 3)
			continue;
		ASSERT_EQ(0, rb_fetch(self->dev, ids[i], 0, RB_PAGE, got));
		EXPECT_EQ(0, memcmp(got, mem + i * RB_PAGE, RB_PAGE));
	}
}

TEST_HARNESS_MAIN
