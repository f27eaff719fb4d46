// SPDX-License-Identifier: GPL-2.0
/*
 * A 32-bit program on a 64-bit kernel: the same structures, the same answers.
 */
#include "regbuf_buf.h"
#include "kselftest_harness.h"

#include <sys/resource.h>

#include "layout.h"

_Static_assert(sizeof(long) == 4, "to be built with -m32");

#define NOBODY		65534

FIXTURE(compat) {
	int dev;
	char *mem;
};

FIXTURE_SETUP(compat)
{
	self->dev = rb_open();
	ASSERT_GE(self->dev, 0);
	self->mem = rb_pages(4);
	ASSERT_TRUE(!!self->mem);
}

FIXTURE_TEARDOWN(compat)
{
	EXPECT_EQ(0, rb_left(self->dev));
	close(self->dev);
}

/* Register, look, send, receive, deregister: the whole life of a buffer. */
TEST_F(compat, buffer_lives_and_is_sent_from)
{
	struct regbuf_ioc_status status;
	char got[3 * RB_PAGE];
	__u64 id;

	ASSERT_EQ(0, rb_register(self->dev, self->mem + 7, sizeof(got),
				 RB_READ | RB_WRITE, &id));
	EXPECT_EQ(4, rb_vmpin());
	ASSERT_EQ(0, rb_status(self->dev, id, &status));
	EXPECT_EQ((unsigned long)self->mem + 7, status.addr);
	EXPECT_EQ(sizeof(got), status.length);
	EXPECT_EQ(4, status.pages);
	EXPECT_EQ(RB_READ | RB_WRITE, status.access);
	EXPECT_EQ(REGBUF_STATE_LIVE, status.state);
	ASSERT_EQ(0, rb_fetch(self->dev, id, 0, sizeof(got), got));
	EXPECT_EQ(0, memcmp(got, self->mem + 7, sizeof(got)));
	EXPECT_EQ(0, rb_wait(self->dev, id, 0));
	EXPECT_EQ(0, rb_deregister(self->dev, id));
	EXPECT_EQ(-ESTALE, rb_status(self->dev, id, &status));
}

/* A header from anywhere in front of a registered body. */
TEST_F(compat, slices_are_gathered)
{
	struct regbuf_ioc_send msg;
	struct regbuf_slice slices[2];
	char got[5 + 100];
	int sv[2];
	__u64 id;

	ASSERT_EQ(0, rb_pair(NULL, AF_INET6, SOCK_STREAM, sv));
	ASSERT_EQ(0, rb_register(self->dev, self->mem, RB_PAGE, RB_READ, &id));
	slices[0] = rb_inline("head:", 5);
	slices[1] = rb_slice(id, 17, 100);
	msg = rb_msg(sv[0], slices, 2);
	ASSERT_EQ(0, rb_ioctl(self->dev, REGBUF_IOC_SEND, &msg));
	EXPECT_EQ(105, msg.sent);
	ASSERT_EQ(0, rb_recv_all(sv[1], got, sizeof(got)));
	EXPECT_EQ(0, memcmp(got, "head:", 5));
	EXPECT_EQ(0, memcmp(got + 5, self->mem + 17, 100));
	close(sv[0]);
	close(sv[1]);
	EXPECT_EQ(0, rb_wait(self->dev, id, 20 * RB_SEC));
	EXPECT_EQ(0, rb_deregister(self->dev, id));
}

/* C8, C12: a table, an export of an entry, and the slots, as seen by both. */
TEST_F(compat, buffers_are_shared)
{
	struct regbuf_array_entry entry = rb_entry(self->mem, RB_PAGE, RB_READ);
	int dev = rb_open(), fd;
	struct regbuf_slot *slots;
	char got[100];
	__u64 id;

	ASSERT_EQ(0, rb_array(self->dev, &entry, 1));
	fd = rb_export(self->dev, entry.id, 50, 100, RB_READ);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, rb_import(dev, fd, 0, &id));
	ASSERT_EQ(0, rb_fetch(dev, id, 0, 100, got));
	EXPECT_EQ(0, memcmp(got, self->mem + 50, 100));
	slots = mmap(NULL, RB_PAGE, PROT_READ, MAP_SHARED, self->dev, 0);
	ASSERT_TRUE(slots != MAP_FAILED);
	EXPECT_EQ(entry.id, slots[(__u32)entry.id].id);
	EXPECT_EQ(RB_PAGE, slots[(__u32)entry.id].length);
	EXPECT_EQ(REGBUF_STATE_LIVE, slots[(__u32)entry.id].state);
	EXPECT_EQ(0, rb_revoke(self->dev, entry.id, 0));
	EXPECT_EQ(-ESTALE, rb_fetch(dev, id, 0, 1, got));
	ASSERT_EQ(0, rb_array(self->dev, NULL, 0));
	close(fd);
	close(dev);
}

/* Entries of a table are not cut either. */
TEST_F(compat, high_entries_are_not_truncated)
{
	struct regbuf_array_entry entry = rb_entry(self->mem, RB_PAGE, RB_READ);
	struct regbuf_ioc_array array = rb_array_args(0, &entry, 1, 0);

	array.entries |= 1ULL << 32;
	EXPECT_EQ(-EFAULT, rb_ioctl(self->dev, REGBUF_IOC_ARRAY, &array));
	entry.addr |= 1ULL << 32;
	EXPECT_EQ(-EFAULT, rb_array(self->dev, &entry, 1));
}

/* 64-bit addresses are not cut to 32 bits: EFAULT, not other memory. */
TEST_F(compat, high_addresses_are_not_truncated)
{
	struct regbuf_ioc_register reg = {
		.size = sizeof(reg),
		.addr = (unsigned long)self->mem | 1ULL << 32,
		.length = RB_PAGE,
		.access = RB_READ,
	};
	struct regbuf_slice slice = rb_inline(self->mem, 4);
	struct regbuf_ioc_send msg;
	int sv[2];

	EXPECT_EQ(-EFAULT, rb_ioctl(self->dev, REGBUF_IOC_REGISTER, &reg));
	reg.addr = (unsigned long)self->mem;
	reg.length = RB_PAGE | 1ULL << 32;
	EXPECT_EQ(-EFAULT, rb_ioctl(self->dev, REGBUF_IOC_REGISTER, &reg));

	ASSERT_EQ(0, rb_pair(NULL, AF_INET, SOCK_STREAM, sv));
	msg = rb_msg(sv[0], &slice, 1);
	msg.slices |= 1ULL << 32;
	EXPECT_EQ(-EFAULT, rb_ioctl(self->dev, REGBUF_IOC_SEND, &msg));
	msg = rb_msg(sv[0], &slice, 1);
	slice.id |= 1ULL << 32;
	EXPECT_EQ(-EFAULT, rb_ioctl(self->dev, REGBUF_IOC_SEND, &msg));
	close(sv[0]);
	close(sv[1]);
}

/* Wrong calls get the answers that a 64-bit program gets. */
TEST_F(compat, refusals_are_the_same)
{
	struct regbuf_ioc_stats stats = { .size = sizeof(stats) + 4 };
	__u64 id;

	EXPECT_EQ(-ENOTTY, rb_ioctl(self->dev, _IO(REGBUF_IOC_TYPE, 127),
				    &stats));
	EXPECT_EQ(-EFAULT, rb_ioctl(self->dev, REGBUF_IOC_STATS, NULL));
	EXPECT_EQ(-EFAULT, rb_ioctl(self->dev, REGBUF_IOC_STATS,
				    (void *)0xfffff000UL));
	stats.size = offsetof(struct regbuf_ioc_stats, used_after_deregister) -
		     4;
	EXPECT_EQ(-EINVAL, rb_ioctl(self->dev, REGBUF_IOC_STATS, &stats));
	EXPECT_EQ(-EINVAL, rb_register(self->dev, self->mem, 0, RB_READ, &id));
	EXPECT_EQ(-EFAULT, rb_register(self->dev, NULL, 1, RB_READ, &id));
	EXPECT_EQ(-ENOENT, rb_deregister(self->dev, 1));
}

/* C10: an unprivileged 32-bit process has the same budget. */
TEST_F(compat, budget_is_enforced)
{
	struct rlimit limit = { 3 * RB_PAGE, 3 * RB_PAGE };
	struct regbuf_ioc_register reg = {
		.size = sizeof(reg),
		.addr = (unsigned long)self->mem,
		.length = 4 * RB_PAGE,
		.access = RB_READ,
	};
	__u64 id;

	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &limit));
	ASSERT_EQ(0, setresuid(NOBODY, NOBODY, NOBODY));
	EXPECT_EQ(-ENOBUFS, rb_ioctl(self->dev, REGBUF_IOC_REGISTER, &reg));
	EXPECT_EQ(4, reg.needed);
	EXPECT_EQ(0, reg.charged);
	EXPECT_EQ(3, reg.allowed);
	ASSERT_EQ(0, rb_register(self->dev, self->mem, 3 * RB_PAGE, RB_READ,
				 &id));
	EXPECT_EQ(-ENOBUFS, rb_ioctl(self->dev, REGBUF_IOC_REGISTER, &reg));
	EXPECT_EQ(3, reg.charged);
	EXPECT_EQ(0, rb_deregister(self->dev, id));
}

FIXTURE(compat_queue) {
	struct rb_qrig qr;
};

FIXTURE_SETUP(compat_queue)
{
	ASSERT_EQ(0, rb_qrig_loopback(&self->qr, AF_INET, SOCK_STREAM,
				      4 * RB_PAGE, 8));
}

FIXTURE_TEARDOWN(compat_queue)
{
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

/* The whole life of a queue: sends of every form of slice, and receives. */
TEST_F(compat_queue, sends_and_receives)
{
	struct rb_qrig *qr = &self->qr;
	struct regbuf_slice slices[2];
	struct regbuf_cqe cqe;
	char got[108];

	slices[0] = rb_inline("head", 4);
	slices[1] = rb_slice(qr->rig.id, 17, 100);
	rb_sqe_send_list(&qr->q, qr->ep, slices, 2, 1);
	rb_sqe_send_inline(&qr->q, qr->ep, "tail", 4, 2);
	ASSERT_EQ(0, rb_q_submit_all(&qr->q));
	ASSERT_EQ(0, rb_recv_all(qr->rig.far, got, sizeof(got)));
	EXPECT_EQ(0, memcmp(got, "head", 4));
	EXPECT_EQ(0, memcmp(got + 4, qr->rig.mem + 17, 100));
	EXPECT_EQ(0, memcmp(got + 104, "tail", 4));
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, rb_q_next(&qr->q, &cqe));
		EXPECT_EQ(0, cqe.error);
		EXPECT_EQ(cqe.user_data == 1 ? 104 : 4, cqe.value);
	}
	rb_qrig_recv(qr, RB_PAGE, 50, 3);
	ASSERT_EQ(0, rb_q_submit_all(&qr->q));
	ASSERT_EQ(5, send(qr->rig.far, "hello", 5, 0));
	ASSERT_EQ(0, rb_q_next(&qr->q, &cqe));
	EXPECT_EQ(5, cqe.value);
	EXPECT_EQ(0, memcmp(qr->rig.mem + RB_PAGE, "hello", 5));
}

/* A mask of 8 bytes, as a 64-bit program's; a time of 64 bits. */
TEST_F(compat_queue, waits_with_a_mask)
{
	__u64 mask = ~0ULL;
	struct regbuf_ioc_enter enter = {
		.size = sizeof(enter),
		.wait = 1,
		.timeout_ns = RB_MSEC,
		.sigmask = (unsigned long)&mask,
		.sigmask_size = 8,
	};

	EXPECT_EQ(-ETIMEDOUT, rb_ioctl(self->qr.q.fd, REGBUF_IOC_ENTER,
				       &enter));
	enter.sigmask |= 1ULL << 32;
	EXPECT_EQ(-EFAULT, rb_ioctl(self->qr.q.fd, REGBUF_IOC_ENTER, &enter));
}

/* Addresses in entries are not cut to 32 bits: EFAULT, and nothing is sent. */
TEST_F(compat_queue, high_addresses_are_not_truncated)
{
	struct rb_qrig *qr = &self->qr;
	struct regbuf_slice slice = rb_slice(qr->rig.id, 0, 4);
	struct regbuf_ext ext = { .size = sizeof(ext) };

	rb_sqe_send_list(&qr->q, qr->ep, &slice, 1, 1)->id |= 1ULL << 32;
	EXPECT_EQ(-EFAULT, rb_q_submit_all(&qr->q));
	rb_q_drop(&qr->q);
	rb_sqe_send_inline(&qr->q, qr->ep, "x", 1, 1)->id |= 1ULL << 32;
	EXPECT_EQ(-EFAULT, rb_q_submit_all(&qr->q));
	rb_q_drop(&qr->q);
	rb_qrig_send(qr, 0, 4, 1)->ext = (unsigned long)&ext | 1ULL << 32;
	EXPECT_EQ(-EFAULT, rb_q_submit_all(&qr->q));
	rb_q_drop(&qr->q);
	EXPECT_EQ(0, rb_rig_silent(&qr->rig));
}

TEST_HARNESS_MAIN
