// SPDX-License-Identifier: GPL-2.0
/*
 * The layout of the structures and the values of the constants: what programs
 * that were built long ago have inside them. Most of it fails to compile, in
 * layout.h; here is what the running kernel has to say.
 */
#include "regbuf_queue.h"
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
	EXPECT_EQ(8, REGBUF_COPY_SMALL);
	EXPECT_EQ(16, REGBUF_COPY_MAX);
}

TEST_F(layout, calls_of_sharing_have_their_numbers)
{
	EXPECT_EQ(0xeb08, REGBUF_IOC_ARRAY);
	EXPECT_EQ(0xeb09, REGBUF_IOC_EXPORT);
	EXPECT_EQ(0xeb0a, REGBUF_IOC_IMPORT);
	EXPECT_EQ(0xeb0b, REGBUF_IOC_REVOKE);
	EXPECT_EQ(4, REGBUF_FEAT_MOVED);
	EXPECT_EQ(8, REGBUF_FEAT_SLOTS);
	EXPECT_EQ(0x10, REGBUF_FEAT_ARRAY);
	EXPECT_EQ(0x20, REGBUF_FEAT_EXPORT);
	EXPECT_EQ(1, REGBUF_REGISTER_F_COUNT);
	EXPECT_EQ(2, REGBUF_REGISTER_F_KEEP);
	EXPECT_EQ(2, REGBUF_REGISTER_R_SHARED);
	EXPECT_EQ(4, REGBUF_REGISTER_R_COUNTED);
	EXPECT_EQ(0, REGBUF_STATE_NONE);
	EXPECT_EQ(3, REGBUF_STATE_DETACHED);
	EXPECT_EQ(1, REGBUF_STATUS_R_IMPORTED);
	EXPECT_EQ(2, REGBUF_STATUS_R_KEEP);
	EXPECT_EQ(2, REGBUF_SLICE_F_INDEX);
	EXPECT_EQ(1, REGBUF_ARRAY_F_UPDATE);
}

TEST_F(layout, calls_of_queues_have_their_numbers)
{
	EXPECT_EQ(0xeb07, REGBUF_IOC_QUEUE);
	EXPECT_EQ(0xeb20, REGBUF_IOC_ENTER);
	EXPECT_EQ(0xeb21, REGBUF_IOC_ATTACH);
	EXPECT_EQ(0xeb22, REGBUF_IOC_DETACH);
	EXPECT_EQ(0xeb23, REGBUF_IOC_RESIZE);
	EXPECT_EQ(0xeb24, REGBUF_IOC_EVENTFD);
	EXPECT_EQ(0xeb25, REGBUF_IOC_POOL);
	EXPECT_EQ(0xeb26, REGBUF_IOC_SOCKET);
	EXPECT_EQ(2, REGBUF_FEAT_QUEUE);
	EXPECT_EQ(1, REGBUF_RING_F_NEED_ENTER);
	EXPECT_EQ(2, REGBUF_RING_F_BROKEN);
	EXPECT_EQ(1, REGBUF_QUEUE_F_POLLER);
	EXPECT_EQ(1, REGBUF_ATTACH_F_SEND);
	EXPECT_EQ(2, REGBUF_ATTACH_F_RECV);
	EXPECT_EQ(4, REGBUF_ATTACH_F_ORDERED);
	EXPECT_EQ(8, REGBUF_ATTACH_F_SINGLE);
	EXPECT_EQ(1, REGBUF_DETACH_F_DRAIN);
	EXPECT_EQ(2, REGBUF_DETACH_F_CLOSE);
	EXPECT_EQ(28, REGBUF_ADDR_SIZE);
	EXPECT_EQ(256, REGBUF_MAX_CONTROL);
}

TEST_F(layout, entries_have_their_operations_and_flags)
{
	EXPECT_EQ(0, REGBUF_OP_NOP);
	EXPECT_EQ(1, REGBUF_OP_SEND);
	EXPECT_EQ(2, REGBUF_OP_RECV);
	EXPECT_EQ(3, REGBUF_OP_SHUTDOWN);
	EXPECT_EQ(4, REGBUF_OP_ACCEPT);
	EXPECT_EQ(5, REGBUF_OP_CONNECT);
	EXPECT_EQ(6, REGBUF_OP_POLL);
	EXPECT_EQ(7, REGBUF_OP_TIMEOUT);
	EXPECT_EQ(8, REGBUF_OP_CANCEL);
	EXPECT_EQ(9, REGBUF_OP_IDLE);
	EXPECT_EQ(10, REGBUF_OP_ARRAY);
	EXPECT_EQ(1, REGBUF_SQE_F_SILENT);
	EXPECT_EQ(2, REGBUF_SQE_F_EARLY);
	EXPECT_EQ(4, REGBUF_SQE_F_LIST);
	EXPECT_EQ(8, REGBUF_SQE_F_INLINE);
	EXPECT_EQ(0x10, REGBUF_SQE_F_ADDR);
	EXPECT_EQ(0x20, REGBUF_SQE_F_ADDR_PTR);
	EXPECT_EQ(0x40, REGBUF_SQE_F_MORE);
	EXPECT_EQ(0x80, REGBUF_SQE_F_WAITALL);
	EXPECT_EQ(0x100, REGBUF_SQE_F_POOL);
	EXPECT_EQ(0x200, REGBUF_SQE_F_MULTI);
	EXPECT_EQ(0x400, REGBUF_SQE_F_ANY);
	EXPECT_EQ(0x800, REGBUF_SQE_F_ALL);
	EXPECT_EQ(0x1000, REGBUF_SQE_F_INDEX);
}

TEST_F(layout, completions_have_their_flags)
{
	EXPECT_EQ(1, REGBUF_CQE_F_MORE);
	EXPECT_EQ(2, REGBUF_CQE_F_EARLY);
	EXPECT_EQ(4, REGBUF_CQE_F_EOF);
	EXPECT_EQ(8, REGBUF_CQE_F_TRUNC);
	EXPECT_EQ(0x10, REGBUF_CQE_F_CTRUNC);
	EXPECT_EQ(0x20, REGBUF_CQE_F_COPIED);
	EXPECT_EQ(0x40, REGBUF_CQE_F_SHARED);
	EXPECT_EQ(0x80, REGBUF_CQE_F_REFUSED);
	EXPECT_EQ(0x100, REGBUF_CQE_F_POOL);
	EXPECT_EQ(0x200, REGBUF_CQE_F_SILENT);
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
	EXPECT_EQ(1ULL << 32, status[6]);		/* in_flight, count */
}

/* The longer structures, and those of later calls. */
TEST_F(layout, kernel_writes_the_rest_where_the_header_says)
{
	__u64 entry[4] = { 0, RB_PAGE, 3 }, array[7] = { 56, 0, 1 };
	__u64 export[5] = { 40 }, import[5] = { 40 }, status[9] = { 72 };
	__u64 revoke[3] = { 24 };
	int dev = rb_open();
	__u64 *slots;

	entry[0] = (unsigned long)rb_pages(1);
	array[1] = (unsigned long)entry;
	ASSERT_EQ(0, rb_ioctl(self->dev, 0xeb08, array));
	EXPECT_EQ(1, array[3]);				/* result, failed */
	export[1] = entry[3];				/* id */
	export[2] = 100;				/* offset */
	export[4] = 1;					/* access */
	ASSERT_EQ(0, rb_ioctl(self->dev, 0xeb09, export));
	import[1] = export[4] >> 32;			/* fd */
	ASSERT_EQ(0, rb_ioctl(dev, 0xeb0a, import));
	EXPECT_EQ(RB_PAGE - 100, import[3]);		/* length */
	EXPECT_EQ(1, import[4]);			/* granted */
	status[1] = entry[3];
	ASSERT_EQ(0, rb_ioctl(self->dev, 0xeb03, status));
	EXPECT_EQ(1ULL << 32, status[6]);		/* in_flight, count */
	EXPECT_EQ(1 | 1ULL << 32, status[7]);		/* shared, exports */
	EXPECT_EQ(1, status[8]);			/* imports, flags_out */
	status[1] = import[2];
	ASSERT_EQ(0, rb_ioctl(dev, 0xeb03, status));
	EXPECT_EQ(1ULL << 32, status[8]);		/* imports, flags_out */
	slots = mmap(NULL, RB_PAGE, PROT_READ, MAP_SHARED, self->dev, 0);
	ASSERT_NE(MAP_FAILED, slots);
	slots += (__u32)entry[3] * 4;
	EXPECT_EQ(entry[3], slots[0]);			/* id */
	EXPECT_EQ(RB_PAGE, slots[1]);			/* length */
	EXPECT_EQ(1, slots[2]);				/* state */
	EXPECT_EQ(0, slots[3]);
	revoke[1] = entry[3];
	EXPECT_EQ(0, rb_ioctl(self->dev, 0xeb0b, revoke));
	EXPECT_EQ(0, revoke[2]);			/* fd, in_flight */
	EXPECT_EQ(0, slots[2] >> 32);
	close(dev);
}

/* The same for rings: a silent NOP and a timeout of 1 ns, as words. */
TEST_F(layout, rings_are_where_the_header_says)
{
	__u64 queue[6] = { 48, 4 | 8ULL << 32 }, *sqe, *cqe;
	__u64 enter[6] = { 48, 2 | 2ULL << 32, RB_FOREVER };
	__u32 *ring;

	ASSERT_EQ(0, rb_ioctl(self->dev, 0xeb07, queue));
	ring = mmap(NULL, queue[5], PROT_READ | PROT_WRITE, MAP_SHARED,
		    (int)queue[3], 0);
	ASSERT_NE(MAP_FAILED, ring);
	sqe = (__u64 *)((char *)ring + (queue[3] >> 32));
	cqe = (__u64 *)((char *)ring + (__u32)queue[4]);
	sqe[0] = 0x00010000;				/* op, flags */
	sqe[1] = 0x123456789abcdef0;			/* user_data */
	sqe[8] = 7;					/* op */
	sqe[11] = 1;					/* offset */
	rb_store(&ring[16], 2);				/* sq_tail */
	ASSERT_EQ(0, rb_ioctl((int)queue[3], 0xeb20, enter));
	EXPECT_EQ(2ULL << 32, enter[4]);		/* submitted */
	EXPECT_EQ(2ULL << 32, enter[5]);		/* error, ready */
	EXPECT_EQ(2, ring[0]);				/* sq_head */
	EXPECT_EQ(2, ring[32]);				/* cq_tail */
	EXPECT_EQ(2, ring[33]);				/* cq_loud */
	EXPECT_EQ(0x123456789abcdef0, cqe[0]);
	EXPECT_EQ(0x200ULL << 32, cqe[1]);		/* error, flags */
	EXPECT_EQ(0, cqe[4]);
	EXPECT_EQ(ETIME, cqe[5]);			/* error, flags */
	EXPECT_EQ(0, cqe[6]);
	EXPECT_EQ(0, cqe[7]);
	close((int)queue[3]);
}

TEST_HARNESS_MAIN
