// SPDX-License-Identifier: GPL-2.0
/*
 * The query tells the truth: its masks are the header's, and what it calls a
 * limit is one.
 */
#include "regbuf_buf.h"
#include "kselftest_harness.h"

#include <stddef.h>

FIXTURE(query) {
	int dev;
	int sv[2];
	char *mem;
	__u64 id;
	struct regbuf_ioc_query limits;
	long pins;
};

FIXTURE_SETUP(query)
{
	self->pins = rb_pins();
	self->dev = rb_open();
	ASSERT_GE(self->dev, 0);
	ASSERT_EQ(0, rb_pair(NULL, AF_INET, SOCK_STREAM, self->sv));
	self->mem = rb_pages(2);
	ASSERT_NE(NULL, self->mem);
	ASSERT_EQ(0, rb_register(self->dev, self->mem, 2 * RB_PAGE, RB_READ,
				 &self->id));
	self->limits.size = sizeof(self->limits);
	ASSERT_EQ(0, rb_ioctl(self->dev, REGBUF_IOC_QUERY, &self->limits));
}

FIXTURE_TEARDOWN(query)
{
	close(self->sv[0]);
	close(self->sv[1]);
	EXPECT_EQ(0, rb_wait(self->dev, self->id, 20 * RB_SEC));
	EXPECT_EQ(0, rb_deregister(self->dev, self->id));
	EXPECT_EQ(0, rb_left(self->dev));
	close(self->dev);
	EXPECT_TRUE(rb_within(20, rb_pins() <= self->pins));
}

static int send_slices(const FIXTURE_DATA(query) *self,
		       const struct regbuf_slice *slices, unsigned int nr,
		       struct regbuf_ioc_send *msg)
{
	*msg = rb_msg(self->sv[0], slices, nr);
	return rb_ioctl(self->dev, REGBUF_IOC_SEND, msg);
}

/* S17, S30: what the header defines is what this kernel has, bit for bit. */
TEST_F(query, masks_are_the_header_s)
{
	EXPECT_EQ(REGBUF_FEAT_SEND | REGBUF_FEAT_QUEUE | REGBUF_FEAT_MOVED |
		  REGBUF_FEAT_SLOTS | REGBUF_FEAT_ARRAY | REGBUF_FEAT_EXPORT,
		  self->limits.features);
	EXPECT_EQ(REGBUF_REGISTER_F_ALL, self->limits.register_flags);
	EXPECT_EQ(REGBUF_ACCESS_READ | REGBUF_ACCESS_WRITE,
		  self->limits.access);
	EXPECT_EQ(REGBUF_DEREGISTER_F_ALL, self->limits.deregister_flags);
	EXPECT_EQ(REGBUF_SEND_F_ALL, self->limits.send_flags);
	EXPECT_EQ(REGBUF_SLICE_F_ALL, self->limits.slice_flags);
	EXPECT_EQ((1u << REGBUF_COPY_NR) - 1, self->limits.copy_reasons);
	EXPECT_EQ(REGBUF_QUEUE_F_ALL, self->limits.queue_flags);
	EXPECT_EQ(REGBUF_ATTACH_F_ALL, self->limits.attach_flags);
	EXPECT_EQ(REGBUF_DETACH_F_ALL, self->limits.detach_flags);
	EXPECT_EQ((1u << REGBUF_OP_NR) - 1, self->limits.ops);
	EXPECT_EQ(REGBUF_SQE_F_KNOWN, self->limits.sqe_flags);
	EXPECT_EQ(REGBUF_ARRAY_F_ALL, self->limits.array_flags);
	EXPECT_EQ(sizeof(struct regbuf_slot), self->limits.slot_size);
}

/* What a program built before there were queues asks with: no byte more. */
TEST_F(query, older_program_gets_what_it_knows)
{
	struct regbuf_ioc_query old;

	memset(&old, 0xaa, sizeof(old));
	old.size = offsetof(struct regbuf_ioc_query, queue_flags);
	old.flags = 0;
	old.__resv = 0;
	ASSERT_EQ(0, rb_ioctl(self->dev, REGBUF_IOC_QUERY, &old));
	EXPECT_EQ(88, old.size);
	EXPECT_EQ(self->limits.features, old.features);
	EXPECT_EQ(self->limits.max_length, old.max_length);
	for (size_t i = 88; i < sizeof(old); i++)
		EXPECT_EQ(0xaa, ((unsigned char *)&old)[i]);
}

/* Limits that a program can live with, and that fit where they are used. */
TEST_F(query, limits_are_sane)
{
	EXPECT_GE(self->limits.max_buffers, 1024);
	EXPECT_GE(self->limits.max_slices, 64);
	EXPECT_GE(self->limits.max_inline, 256);
	EXPECT_GE(self->limits.max_length, 1ULL << 32);
	EXPECT_LE(self->limits.max_length, 1ULL << 47);
	EXPECT_GE(self->limits.max_sq_entries, 1024);
	EXPECT_GE(self->limits.max_cq_entries, 16384);
	EXPECT_GE(self->limits.max_pool_entries, 1024);
	EXPECT_GE(self->limits.max_endpoints, 10000);
	EXPECT_GE(self->limits.max_array, 1024);
	EXPECT_LE(self->limits.max_array, self->limits.max_buffers);
	EXPECT_LE(self->limits.max_sq_entries, 1u << 24);
	EXPECT_LE(self->limits.max_cq_entries, 1u << 24);
}

/* The answer does not depend on who asks when. */
TEST_F(query, is_the_same_in_every_context)
{
	struct regbuf_ioc_query other = { .size = sizeof(other) };
	int dev = rb_open();

	ASSERT_EQ(0, rb_ioctl(dev, REGBUF_IOC_QUERY, &other));
	EXPECT_EQ(0, memcmp(&other, &self->limits, sizeof(other)));
	close(dev);
}

/* max_slices are taken, one more is not: EINVAL, and nothing was sent. */
TEST_F(query, max_slices_is_the_limit)
{
	unsigned int nr = self->limits.max_slices;
	struct regbuf_slice *slices = calloc(nr + 1, sizeof(*slices));
	struct regbuf_ioc_send msg;
	struct regbuf_ioc_stats stats;
	char *got = malloc(nr);

	for (unsigned int i = 0; i <= nr; i++)
		slices[i] = rb_slice(self->id, i, 1);
	EXPECT_EQ(-EINVAL, send_slices(self, slices, nr + 1, &msg));
	EXPECT_EQ(-EINVAL, send_slices(self, slices, 0xffffffff, &msg));
	ASSERT_EQ(0, rb_stats(self->dev, &stats));
	EXPECT_EQ(0, stats.sends);
	ASSERT_EQ(0, send_slices(self, slices, nr, &msg));
	EXPECT_EQ(nr, msg.sent);
	ASSERT_EQ(0, rb_recv_all(self->sv[1], got, nr));
	EXPECT_EQ(0, memcmp(got, self->mem, nr));
	free(got);
	free(slices);
}

/* max_inline counts all inline slices together; one byte more: EMSGSIZE. */
TEST_F(query, max_inline_is_the_limit_of_all_together)
{
	unsigned int max = self->limits.max_inline;
	char *bytes = malloc(max + 1), *got = malloc(max + 1);
	struct regbuf_slice slices[3];
	struct regbuf_ioc_stats stats;
	struct regbuf_ioc_send msg;

	rb_pattern(bytes, max + 1, 9);
	slices[0] = rb_inline(bytes, max - 10);
	slices[1] = rb_slice(self->id, 0, 1);
	slices[2] = rb_inline(bytes + max - 10, 11);
	EXPECT_EQ(-EMSGSIZE, send_slices(self, slices, 3, &msg));
	slices[0] = rb_inline(bytes, max + 1);
	EXPECT_EQ(-EMSGSIZE, send_slices(self, slices, 1, &msg));
	/* Two that overflow 32 bits when added. */
	slices[0] = rb_inline(bytes, 0xffffffff);
	slices[1] = rb_inline(bytes, 2);
	EXPECT_EQ(-EMSGSIZE, send_slices(self, slices, 2, &msg));
	ASSERT_EQ(0, rb_stats(self->dev, &stats));
	EXPECT_EQ(0, stats.sends);

	slices[0] = rb_inline(bytes, max - 10);
	slices[1] = rb_inline(bytes + max - 10, 10);
	ASSERT_EQ(0, send_slices(self, slices, 2, &msg));
	EXPECT_EQ(max, msg.sent);
	EXPECT_EQ(max, msg.copied);
	ASSERT_EQ(0, rb_recv_all(self->sv[1], got, max));
	EXPECT_EQ(0, memcmp(got, bytes, max));
	free(got);
	free(bytes);
}

/* S7: one byte over max_length is too long; max_length only lacks memory. */
TEST_F(query, max_length_is_the_limit)
{
	__u64 max = self->limits.max_length, id;

	EXPECT_EQ(-EOVERFLOW, rb_register(self->dev, self->mem, max + 1,
					  RB_READ, &id));
	EXPECT_EQ(-EFAULT, rb_register(self->dev, self->mem, max, RB_READ,
				       &id));
}

/* Every flag that the query names is taken, and gives the same result here. */
TEST_F(query, known_flags_are_taken)
{
	struct regbuf_slice slice = rb_slice(self->id, 0, 8);
	struct regbuf_ioc_send msg;
	char got[8];

	for (int bit = 0; bit < 32; bit++) {
		if (!(self->limits.send_flags & (1ULL << bit)))
			continue;
		msg = rb_msg(self->sv[0], &slice, 1);
		msg.flags = 1u << bit;
		EXPECT_EQ(0, rb_ioctl(self->dev, REGBUF_IOC_SEND, &msg));
		EXPECT_EQ(8, msg.sent);
	}
	/* The last one pushes out what MORE held back. */
	ASSERT_EQ(0, send_slices(self, &slice, 1, &msg));
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, rb_recv_all(self->sv[1], got, 8));
		EXPECT_EQ(0, memcmp(got, self->mem, 8));
	}
}

/* As long a table as that, and not by one entry more: ERANGE. */
TEST_F(query, max_array_is_the_limit)
{
	__u32 max = self->limits.max_array;
	struct regbuf_array_entry *entries = calloc(max + 1, sizeof(*entries));

	ASSERT_NE(NULL, entries);
	EXPECT_EQ(0, rb_array(self->dev, entries, max));
	EXPECT_EQ(-ERANGE, rb_array(self->dev, entries, max + 1));
	EXPECT_EQ(0, rb_array(self->dev, NULL, 0));
	free(entries);
}

/* Each flag of REGBUF_IOC_REGISTER that it names is taken. */
TEST_F(query, known_register_flags_are_taken)
{
	struct regbuf_ioc_register reg;

	for (int bit = 0; bit < 32; bit++) {
		__u32 flag = 1u << bit;

		if (!(self->limits.register_flags & flag))
			continue;
		EXPECT_EQ(0, rb_register_flags(self->dev, self->mem, 1, RB_READ,
					       flag, &reg));
		EXPECT_EQ(0, rb_deregister(self->dev, reg.id));
	}
}

static int open_queue(int dev, __u32 sq, __u32 cq, __u32 pool)
{
	struct rb_queue q;
	int err = rb_q_open(dev, &q, sq, cq, pool);

	if (!err)
		rb_q_close(&q);
	return err;
}

/* Each ring may be as large as the query says, and not by one entry more. */
TEST_F(query, max_entries_are_the_limit)
{
	const struct regbuf_ioc_query *max = &self->limits;

	EXPECT_EQ(0, open_queue(self->dev, max->max_sq_entries, 1, 0));
	EXPECT_EQ(0, open_queue(self->dev, 1, max->max_cq_entries, 0));
	EXPECT_EQ(0, open_queue(self->dev, 1, 1, max->max_pool_entries));
	EXPECT_EQ(-EINVAL, open_queue(self->dev, max->max_sq_entries + 1, 1,
				      0));
	EXPECT_EQ(-EINVAL, open_queue(self->dev, 1, max->max_cq_entries + 1,
				      0));
	EXPECT_EQ(-EINVAL, open_queue(self->dev, 1, 1,
				      max->max_pool_entries + 1));
}

TEST_HARNESS_MAIN
