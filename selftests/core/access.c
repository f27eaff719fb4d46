// SPDX-License-Identifier: GPL-2.0
/*
 * C7: a buffer may be used for what it was registered for, and memory be
 * registered for what its mapping allows.
 */
#include "regbuf_test.h"
#include "kselftest_harness.h"

#define RW		(PROT_READ | PROT_WRITE)
#define BOTH		(RB_READ | RB_WRITE)

FIXTURE(rights) {
	int dev;
	long pins;
	char *mem;
};

/* What a mapping of some kind and protection gives, by what is asked for. */
FIXTURE_VARIANT(rights) {
	int prot;
	bool shared;
	int read;
	int write;
	int both;
};

FIXTURE_VARIANT_ADD(rights, private_none) {
	.prot = PROT_NONE,
	.read = -EFAULT,
	.write = -EFAULT,
	.both = -EFAULT,
};

FIXTURE_VARIANT_ADD(rights, private_read) {
	.prot = PROT_READ,
	.write = -EFAULT,
	.both = -EFAULT,
};

FIXTURE_VARIANT_ADD(rights, private_write) {
	.prot = PROT_WRITE,
	.read = -EFAULT,
	.both = -EFAULT,
};

FIXTURE_VARIANT_ADD(rights, private_both) {
	.prot = RW,
};

FIXTURE_VARIANT_ADD(rights, shared_none) {
	.prot = PROT_NONE,
	.shared = true,
	.read = -EFAULT,
	.write = -EFAULT,
	.both = -EFAULT,
};

FIXTURE_VARIANT_ADD(rights, shared_read) {
	.prot = PROT_READ,
	.shared = true,
	.read = -EFAULT,
	.write = -EFAULT,
	.both = -EFAULT,
};

FIXTURE_VARIANT_ADD(rights, shared_write) {
	.prot = PROT_WRITE,
	.shared = true,
	.read = -EFAULT,
	.both = -EFAULT,
};

FIXTURE_VARIANT_ADD(rights, shared_both) {
	.prot = RW,
	.shared = true,
};

FIXTURE_SETUP(rights)
{
	self->pins = rb_pins();
	self->dev = rb_open();
	ASSERT_GE(self->dev, 0);
	self->mem = mmap(NULL, 2 * RB_PAGE, RW, MAP_ANONYMOUS |
			 (variant->shared ? MAP_SHARED : MAP_PRIVATE), -1, 0);
	ASSERT_NE(MAP_FAILED, self->mem);
	rb_pattern(self->mem, 2 * RB_PAGE, 1);
	ASSERT_EQ(0, mprotect(self->mem, 2 * RB_PAGE, variant->prot));
}

FIXTURE_TEARDOWN(rights)
{
	EXPECT_EQ(0, rb_left(self->dev));
	close(self->dev);
	EXPECT_EQ(self->pins, rb_pins());
}

/* Register for something; if that works, the status says so. */
static int asked(struct __test_metadata *_metadata,
		 const FIXTURE_DATA(rights) *self, __u32 access)
{
	struct regbuf_ioc_status status;
	__u64 id;
	int err;

	err = rb_register(self->dev, self->mem + 1, 2 * RB_PAGE - 1, access,
			  &id);
	if (err) {
		EXPECT_EQ(0, rb_left(self->dev));
		EXPECT_EQ(self->pins, rb_pins());
		return err;
	}
	EXPECT_EQ(2, rb_vmpin());
	EXPECT_EQ(0, rb_status(self->dev, id, &status));
	EXPECT_EQ(access, status.access);
	return rb_deregister(self->dev, id);
}

/* C7, S50, S51: access asked for and protection of the mapping */
TEST_F(rights, are_those_of_the_mapping)
{
	EXPECT_EQ(variant->read, asked(_metadata, self, RB_READ));
	EXPECT_EQ(variant->write, asked(_metadata, self, RB_WRITE));
	EXPECT_EQ(variant->both, asked(_metadata, self, BOTH));
}

/* C7: the same where only the last of two pages is so protected */
TEST_F(rights, are_those_of_the_least_page)
{
	ASSERT_EQ(0, mprotect(self->mem, RB_PAGE, RW));
	EXPECT_EQ(variant->read, asked(_metadata, self, RB_READ));
	EXPECT_EQ(variant->write, asked(_metadata, self, RB_WRITE));
	EXPECT_EQ(variant->both, asked(_metadata, self, BOTH));
}

FIXTURE(access) {
	int dev;
	int sv[2];
	char *mem;
};

FIXTURE_SETUP(access)
{
	self->dev = rb_open();
	ASSERT_GE(self->dev, 0);
	ASSERT_EQ(0, rb_pair(NULL, AF_INET, SOCK_STREAM, self->sv));
	self->mem = rb_pages(2);
	ASSERT_NE(NULL, self->mem);
}

FIXTURE_TEARDOWN(access)
{
	EXPECT_EQ(0, rb_left(self->dev));
	close(self->dev);
}

/* S44: each unknown bit, alone and with known ones: EOPNOTSUPP */
TEST_F(access, unknown_bits_are_refused)
{
	__u64 id;

	for (int bit = 2; bit < 32; bit++) {
		EXPECT_EQ(-EOPNOTSUPP, rb_register(self->dev, self->mem, 1,
						   1u << bit, &id));
		EXPECT_EQ(-EOPNOTSUPP, rb_register(self->dev, self->mem, 1,
						   1u << bit | BOTH, &id));
		EXPECT_EQ(0, rb_left(self->dev));
	}
}

/* S44: no access at all makes no sense: EINVAL */
TEST_F(access, none_is_invalid)
{
	__u64 id;

	EXPECT_EQ(-EINVAL, rb_register(self->dev, self->mem, 1, 0, &id));
}

static bool nothing_sent(int dev, int peer)
{
	struct regbuf_ioc_stats stats;
	int arrived = 0;

	return !rb_stats(dev, &stats) && stats.sends == 0 &&
	       rb_total(&stats) == 0 &&
	       !ioctl(peer, FIONREAD, &arrived) && arrived == 0;
}

/* C7, S52: what is only to be written to is not sent from: EACCES */
TEST_F(access, write_only_buffer_is_not_sent_from)
{
	struct regbuf_slice slices[2];
	struct regbuf_ioc_send msg;
	__u64 read, write;

	ASSERT_EQ(0, rb_register(self->dev, self->mem, RB_PAGE, RB_READ,
				 &read));
	ASSERT_EQ(0, rb_register(self->dev, self->mem, RB_PAGE, RB_WRITE,
				 &write));
	EXPECT_EQ(-EACCES, rb_send(self->dev, self->sv[0], write, 0, 1, &msg));
	EXPECT_TRUE(nothing_sent(self->dev, self->sv[1]));
	/* The slice before it, though good, isn't sent either. */
	slices[0] = rb_slice(read, 0, 10);
	slices[1] = rb_slice(write, 0, 10);
	msg = rb_msg(self->sv[0], slices, 2);
	EXPECT_EQ(-EACCES, rb_ioctl(self->dev, REGBUF_IOC_SEND, &msg));
	EXPECT_TRUE(nothing_sent(self->dev, self->sv[1]));
	EXPECT_EQ(0, rb_in_flight(self->dev, read));
	EXPECT_EQ(0, rb_in_flight(self->dev, write));
	EXPECT_EQ(0, rb_deregister(self->dev, read));
	EXPECT_EQ(0, rb_deregister(self->dev, write));
}

/* C7: rights are looked at when registering: a later mprotect changes none */
TEST_F(access, outlives_a_change_of_protection)
{
	char got[RB_PAGE], copy[RB_PAGE];
	__u64 id;

	memcpy(copy, self->mem, RB_PAGE);
	ASSERT_EQ(0, rb_register(self->dev, self->mem, RB_PAGE, BOTH, &id));
	ASSERT_EQ(0, mprotect(self->mem, RB_PAGE, PROT_NONE));
	ASSERT_EQ(0, rb_fetch(self->dev, id, 0, RB_PAGE, got));
	EXPECT_EQ(0, memcmp(got, copy, RB_PAGE));
	EXPECT_EQ(0, rb_deregister(self->dev, id));
}

/* S13, S55: not a byte of the page around a small buffer can be had */
TEST_F(access, ends_with_the_buffer_and_not_its_page)
{
	static const struct {
		__u64 offset;
		__u32 length;
	} outside[] = {
		{ 0, 101 }, { 100, 1 }, { 99, 2 }, { 1, 100 }, { 101, 0 },
		{ RB_PAGE, 1 }, { -1ULL, 1 }, { -1ULL, 2 }, { -100ULL, 100 },
		{ 1ULL << 32, 1 }, { 1ULL << 63, 1 }, { 0, 0xffffffff },
		{ 50, 0xffffffff }, { -1ULL, 0xffffffff },
	};
	struct regbuf_ioc_send msg;
	__u64 id;

	ASSERT_EQ(0, rb_register(self->dev, self->mem + 200, 100, RB_READ,
				 &id));
	for (int i = 0; i < ARRAY_SIZE(outside); i++) {
		EXPECT_EQ(-EFAULT, rb_send(self->dev, self->sv[0], id,
					   outside[i].offset,
					   outside[i].length, &msg));
		EXPECT_TRUE(nothing_sent(self->dev, self->sv[1]));
	}
	/* The last byte, the first one, and nothing at the very end. */
	EXPECT_EQ(0, rb_send(self->dev, self->sv[0], id, 100, 0, &msg));
	EXPECT_EQ(0, rb_send(self->dev, self->sv[0], id, 99, 1, &msg));
	EXPECT_EQ(1, msg.sent);
	EXPECT_EQ(0, rb_send(self->dev, self->sv[0], id, 0, 1, &msg));
	EXPECT_EQ(1, msg.sent);
	close(self->sv[0]);
	close(self->sv[1]);
	EXPECT_EQ(0, rb_wait(self->dev, id, 20 * RB_SEC));
	EXPECT_EQ(0, rb_deregister(self->dev, id));
}

TEST_HARNESS_MAIN
