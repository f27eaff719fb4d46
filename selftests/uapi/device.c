// SPDX-License-Identifier: GPL-2.0
/*
 * The device and its queues as files, calls that they do not have, and what
 * calls point to.
 */
#include "regbuf_queue.h"
#include "kselftest_harness.h"

#include <sys/ioctl.h>

#define NR_CALLS	12	/* of the device */
#define FIRST_QUEUE	0x20	/* those of a queue, and how many */
#define NR_QUEUE	7
#define DATA		64	/* bytes that a send sends */
#define NOT_THERE	((void *)16)
#define KERNEL_HALF	((void *)0xffff888000000000UL)

FIXTURE(device) {
	int dev;
	struct rb_queue q;
	int sv[2];
	char *mem;
	__u64 id;
};

FIXTURE_SETUP(device)
{
	self->dev = rb_open();
	ASSERT_GE(self->dev, 0);
	ASSERT_EQ(0, rb_pair(NULL, AF_INET, SOCK_STREAM, self->sv));
	self->mem = rb_pages(1);
	ASSERT_NE(NULL, self->mem);
	ASSERT_EQ(0, rb_register(self->dev, self->mem, RB_PAGE, RB_READ,
				 &self->id));
	ASSERT_EQ(0, rb_q_open(self->dev, &self->q, 1, 1, 0));
}

FIXTURE_TEARDOWN(device)
{
	rb_q_close(&self->q);
	close(self->sv[0]);
	close(self->sv[1]);
	close(self->dev);
}

static bool nothing_sent(const FIXTURE_DATA(device) *self)
{
	struct regbuf_ioc_status status;
	struct regbuf_ioc_stats stats;
	int arrived = 0;

	return !rb_status(self->dev, self->id, &status) &&
	       status.in_flight == 0 && !rb_stats(self->dev, &stats) &&
	       stats.sends == 0 &&
	       !ioctl(self->sv[1], FIONREAD, &arrived) && arrived == 0;
}

/* A call that a descriptor does not have: ENOTTY, and nothing is written. */
static bool unknown(int fd, unsigned int nr)
{
	static const char zeros[RB_PAGE];
	char arg[RB_PAGE] = "";
	int err;

	*(__u32 *)arg = 64;
	err = rb_ioctl(fd, _IO(REGBUF_IOC_TYPE, nr), arg);
	*(__u32 *)arg -= 64;
	return err == -ENOTTY && !memcmp(arg, zeros, RB_PAGE);
}

/* No such call: ENOTTY, for every number that is not one. */
TEST_F(device, unknown_numbers_are_refused)
{
	for (int nr = 0; nr < 256; nr++)
		EXPECT_EQ(nr >= NR_CALLS, unknown(self->dev, nr));
	EXPECT_EQ(-ENOTTY, rb_ioctl(self->dev, TCGETS, self->mem));
}

/* The same for a queue, which has none of the device's. */
TEST_F(device, unknown_numbers_of_a_queue_are_refused)
{
	for (int nr = 0; nr < 256; nr++)
		EXPECT_EQ(nr < FIRST_QUEUE || nr >= FIRST_QUEUE + NR_QUEUE,
			  unknown(self->q.fd, nr));
	EXPECT_EQ(-ENOTTY, rb_ioctl(self->q.fd, TCGETS, self->mem));
}

/* A queue is not a file to read or write. */
TEST_F(device, queue_is_not_read_or_written)
{
	char byte = 1;

	EXPECT_EQ(-1, read(self->q.fd, &byte, 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, write(self->q.fd, &byte, 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, lseek(self->q.fd, 0, SEEK_CUR));
	EXPECT_EQ(ESPIPE, errno);
}

/* The device is not a file to read or write. For mmap(2): core/slots.c. */
TEST_F(device, is_not_read_or_written)
{
	char byte = 1;

	EXPECT_EQ(-1, read(self->dev, &byte, 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, write(self->dev, &byte, 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, lseek(self->dev, 0, SEEK_CUR));
	EXPECT_EQ(ESPIPE, errno);
}

/* Each unknown flag of a slice alone, on the last of two: EOPNOTSUPP. */
TEST_F(device, unknown_slice_flags_are_refused)
{
	struct regbuf_slice slices[2] = {
		rb_slice(self->id, 0, DATA), rb_slice(self->id, 0, DATA),
	};
	struct regbuf_ioc_send msg;

	for (int bit = 0; bit < 32; bit++) {
		if (REGBUF_SLICE_F_ALL & (1u << bit))
			continue;
		slices[1].flags = 1u << bit;
		msg = rb_msg(self->sv[0], slices, 2);
		EXPECT_EQ(-EOPNOTSUPP,
			  rb_ioctl(self->dev, REGBUF_IOC_SEND, &msg));
		EXPECT_TRUE(nothing_sent(self));
	}
}

/* The array of slices is elsewhere, or runs into a hole: EFAULT. */
TEST_F(device, slices_elsewhere_are_refused)
{
	char *mem = rb_map(2 * RB_PAGE, PROT_READ | PROT_WRITE, 0);
	struct regbuf_slice *last;
	struct regbuf_ioc_send msg;
	void *bad[] = {
		NULL, NOT_THERE, KERNEL_HALF, (void *)-1L, mem + RB_PAGE,
	};

	ASSERT_NE(NULL, mem);
	ASSERT_EQ(0, munmap(mem + RB_PAGE, RB_PAGE));
	for (int i = 0; i < ARRAY_SIZE(bad); i++) {
		msg = rb_msg(self->sv[0], bad[i], 1);
		EXPECT_EQ(-EFAULT, rb_ioctl(self->dev, REGBUF_IOC_SEND, &msg));
		EXPECT_TRUE(nothing_sent(self));
	}
	last = (struct regbuf_slice *)(mem + RB_PAGE) - 1;
	*last = rb_slice(self->id, 0, DATA);
	msg = rb_msg(self->sv[0], last, 2);
	EXPECT_EQ(-EFAULT, rb_ioctl(self->dev, REGBUF_IOC_SEND, &msg));
	EXPECT_TRUE(nothing_sent(self));
	/* The same one, alone, is fine: and so is a read-only one. */
	ASSERT_EQ(0, mprotect(mem, RB_PAGE, PROT_READ));
	msg = rb_msg(self->sv[0], last, 1);
	EXPECT_EQ(0, rb_ioctl(self->dev, REGBUF_IOC_SEND, &msg));
	EXPECT_EQ(DATA, msg.sent);
}

/* The address is elsewhere: EFAULT. Too long: EINVAL, before it is read. */
TEST_F(device, destinations_elsewhere_are_refused)
{
	struct regbuf_slice slice = rb_slice(self->id, 0, DATA);
	void *bad[] = { NOT_THERE, KERNEL_HALF, (void *)-1L };
	static const __u32 lengths[] = { 129, 256, 0xffffffff };
	struct sockaddr_storage to[2];
	struct regbuf_ioc_send msg;
	int udp = socket(AF_INET, SOCK_DGRAM, 0);
	int len = rb_addr(AF_INET, "127.0.0.1", 9, to);

	ASSERT_GE(udp, 0);
	for (int i = 0; i < ARRAY_SIZE(bad); i++) {
		msg = rb_msg(udp, &slice, 1);
		msg.addr = (unsigned long)bad[i];
		msg.addr_len = len;
		EXPECT_EQ(-EFAULT, rb_ioctl(self->dev, REGBUF_IOC_SEND, &msg));
		EXPECT_TRUE(nothing_sent(self));
	}
	msg = rb_msg(udp, &slice, 1);
	msg.addr = (unsigned long)to;
	for (int i = 0; i < ARRAY_SIZE(lengths); i++) {
		msg.addr_len = lengths[i];
		EXPECT_EQ(-EINVAL, rb_ioctl(self->dev, REGBUF_IOC_SEND, &msg));
		EXPECT_TRUE(nothing_sent(self));
	}
	msg.addr_len = 128;
	EXPECT_EQ(0, rb_ioctl(self->dev, REGBUF_IOC_SEND, &msg));
	EXPECT_EQ(DATA, msg.sent);
	close(udp);
}

TEST_HARNESS_MAIN
