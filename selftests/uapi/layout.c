// SPDX-License-Identifier: GPL-2.0
/*
 * The layout of the structures and the values of the constants: what programs
 * that were built long ago have inside them. Most of it fails to compile, in
 * layout.h; here is what the running kernel has to say.
 */
#include "regbuf_test.h"
#include "kselftest_harness.h"

#include "layout.h"

FIXTURE(layout) {
	int dev;
};

FIXTURE_SETUP(layout)
{
	self->dev = rb_open();
	ASSERT_GE(self->dev, 0);
}

FIXTURE_TEARDOWN(layout)
{
	close(self->dev);
}

/* Constants are for ever: as text, so that a change of the header shows. */
TEST_F(layout, constants_have_their_values)
{
	EXPECT_EQ(0xeb00, REGBUF_IOC_QUERY);
	EXPECT_EQ(0xeb01, REGBUF_IOC_REGISTER);
	EXPECT_EQ(0xeb02, REGBUF_IOC_DEREGISTER);
	EXPECT_EQ(0xeb03, REGBUF_IOC_STATUS);
	EXPECT_EQ(0xeb04, REGBUF_IOC_WAIT);
	EXPECT_EQ(0xeb05, REGBUF_IOC_SEND);
	EXPECT_EQ(0xeb06, REGBUF_IOC_STATS);
	EXPECT_EQ(0, REGBUF_ID_NONE);
	EXPECT_EQ(1, REGBUF_FEAT_SEND);
	EXPECT_EQ(1, REGBUF_ACCESS_READ);
	EXPECT_EQ(2, REGBUF_ACCESS_WRITE);
	EXPECT_EQ(1, REGBUF_REGISTER_R_UNCHARGED);
	EXPECT_EQ(1, REGBUF_DEREGISTER_F_BUSY);
	EXPECT_EQ(2, REGBUF_DEREGISTER_F_WAIT);
	EXPECT_EQ(1, REGBUF_STATE_LIVE);
	EXPECT_EQ(2, REGBUF_STATE_CLOSING);
	EXPECT_EQ(1, REGBUF_SLICE_F_INLINE);
	EXPECT_EQ(1, REGBUF_SEND_F_DONTWAIT);
	EXPECT_EQ(2, REGBUF_SEND_F_MORE);
	EXPECT_EQ(0, REGBUF_COPY_INLINE);
	EXPECT_EQ(1, REGBUF_COPY_LOOPBACK);
	EXPECT_EQ(2, REGBUF_COPY_DEVICE);
	EXPECT_EQ(3, REGBUF_COPY_MTU);
	EXPECT_EQ(4, REGBUF_COPY_FRAGS);
	EXPECT_EQ(5, REGBUF_COPY_CORK);
	EXPECT_EQ(6, REGBUF_COPY_PROTOCOL);
	EXPECT_EQ(7, REGBUF_COPY_OTHER);
	EXPECT_EQ(16, REGBUF_COPY_MAX);
}

/* The kernel writes where the header says: raw words, no structure's names. */
TEST_F(layout, kernel_writes_where_the_header_says)
{
	__u64 reg[8] = { 64 }, status[7] = { 56 };
	char *mem = rb_pages(3);

	ASSERT_NE(NULL, mem);
	reg[1] = (unsigned long)mem + 5;		/* addr */
	reg[2] = 2 * RB_PAGE;				/* length */
	reg[3] = 3;					/* access */
	ASSERT_EQ(0, rb_ioctl(self->dev, 0xeb01, reg));
	EXPECT_EQ(3 | 1ULL << 32, reg[3]);		/* result */
	EXPECT_EQ(3, reg[5]);				/* needed */

	status[1] = reg[4];				/* id */
	ASSERT_EQ(0, rb_ioctl(self->dev, 0xeb03, status));
	EXPECT_EQ((unsigned long)mem + 5, status[2]);	/* addr */
	EXPECT_EQ(2 * RB_PAGE, status[3]);		/* length */
	EXPECT_EQ(3, status[4]);			/* pages */
	EXPECT_EQ(3 | 1ULL << 32, status[5]);		/* access, state */
	EXPECT_EQ(0, status[6]);			/* in_flight */
}

TEST_HARNESS_MAIN
