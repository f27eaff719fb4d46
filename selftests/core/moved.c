// SPDX-License-Identifier: GPL-2.0
/*
 * C9: memory that is not what is mapped there any more is noticed, at once or
 * by the next use; what does not count: unmoved.c.
 */
#include "regbuf_buf.h"

#include <sys/syscall.h>

#include "kselftest_harness.h"

#define HUGE		(2UL << 20)
#define NR_HUGE		"/proc/sys/vm/nr_hugepages"
#define PAGES		16
#define LEN		(PAGES * RB_PAGE)
#define RW		(PROT_READ | PROT_WRITE)
#define BOTH		(RB_READ | RB_WRITE)
#define KEEP		REGBUF_REGISTER_F_KEEP
#define LIVE		REGBUF_STATE_LIVE
#define DETACHED	REGBUF_STATE_DETACHED
#define ROUNDS		300

FIXTURE(moved)
{
	int dev;
	char *mem;		/* registered, with a page more on each side */
	__u64 id;
	long pins;
	struct regbuf_ioc_register reg;
	struct regbuf_ioc_status status;
	struct regbuf_ioc_stats stats;
};

FIXTURE_SETUP(moved)
{
	char *mem = rb_pages(PAGES + 2);

	self->pins = rb_pins();
	self->dev = rb_open();
	ASSERT_LE(0, self->dev);
	ASSERT_NE(NULL, mem);
	self->mem = mem + RB_PAGE;
	ASSERT_EQ(0, rb_register(self->dev, self->mem, LEN, BOTH, &self->id));
}

FIXTURE_TEARDOWN(moved)
{
	close(self->dev);
	EXPECT_TRUE(rb_pinned(self->pins, 0));
}

/* Detached it is dead for requests, found, and goes as any other. */
static void check_dead(struct __test_metadata *_metadata,
		       FIXTURE_DATA(moved) *self, __u64 detached)
{
	EXPECT_EQ(-ESTALE, rb_use(self->dev, self->id));
	EXPECT_EQ(DETACHED, rb_state(self->dev, self->id));
	ASSERT_EQ(0, rb_stats(self->dev, &self->stats));
	EXPECT_EQ(detached, self->stats.detached);
	EXPECT_EQ(0, self->stats.deregistered_in_flight);
	EXPECT_EQ(0, rb_wait(self->dev, self->id, 0));
	EXPECT_EQ(0, rb_deregister(self->dev, self->id));
	EXPECT_EQ(-ESTALE, rb_deregister(self->dev, self->id));
	EXPECT_EQ(0, rb_left(self->dev));
	EXPECT_TRUE(rb_pinned(self->pins, 0));
}

/* It was noticed before the call that did it was back. */
#define EXPECT_DETACHED() do {						\
	EXPECT_EQ(DETACHED, rb_state(self->dev, self->id));		\
	check_dead(_metadata, self, 1);					\
} while (0)

/* It is noticed by a use, and then it is so. */
#define EXPECT_FOUND() check_dead(_metadata, self, 1)

/* C9: at once */
TEST_F(moved, unmapped_whole)
{
	ASSERT_EQ(0, munmap(self->mem, LEN));
	EXPECT_DETACHED();
}

/* C9: one page of many is enough: each of them */
TEST_F(moved, unmapped_in_part)
{
	for (int i = 0; i < PAGES; i++) {
		char *page = self->mem + i * RB_PAGE;

		ASSERT_EQ(LIVE, rb_state(self->dev, self->id));
		ASSERT_EQ(0, munmap(page, RB_PAGE));
		ASSERT_EQ(DETACHED, rb_state(self->dev, self->id));
		check_dead(_metadata, self, i + 1);
		ASSERT_EQ(page, mmap(page, RB_PAGE, RW, MAP_PRIVATE |
				     MAP_ANONYMOUS | MAP_FIXED, -1, 0));
		ASSERT_EQ(0, rb_register(self->dev, self->mem, LEN, BOTH,
					 &self->id));
		EXPECT_EQ(0, rb_carries(self->dev, self->id, self->mem, LEN));
	}
}

/* C9: a buffer need not begin or end with its pages. */
TEST_F(moved, unmapped_under_a_byte)
{
	ASSERT_EQ(0, rb_deregister(self->dev, self->id));
	ASSERT_EQ(0, rb_register(self->dev, self->mem + RB_PAGE - 1,
				 RB_PAGE + 2, BOTH, &self->id));
	ASSERT_EQ(0, munmap(self->mem + 2 * RB_PAGE, RB_PAGE));
	EXPECT_DETACHED();
}

/* C9: at once */
TEST_F(moved, mapped_over)
{
	char *page = self->mem + 3 * RB_PAGE;

	ASSERT_EQ(page, mmap(page, RB_PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS |
			     MAP_FIXED, -1, 0));
	EXPECT_DETACHED();
}

/* C9: at once */
TEST_F(moved, remapped_elsewhere)
{
	char *to = rb_map(LEN, PROT_NONE, 0);

	ASSERT_EQ(to, mremap(self->mem, LEN, LEN, MREMAP_MAYMOVE |
			     MREMAP_FIXED, to));
	EXPECT_DETACHED();
}

/* C9: at once */
TEST_F(moved, one_page_remapped_elsewhere)
{
	char *to = rb_map(RB_PAGE, PROT_NONE, 0);

	ASSERT_EQ(to, mremap(self->mem + RB_PAGE, RB_PAGE, RB_PAGE,
			     MREMAP_MAYMOVE | MREMAP_FIXED, to));
	EXPECT_DETACHED();
}

/* C9: at once */
TEST_F(moved, remapped_away_without_unmapping)
{
	void *to = mremap(self->mem, LEN, LEN, MREMAP_MAYMOVE |
			  MREMAP_DONTUNMAP, NULL);

	ASSERT_NE(MAP_FAILED, to);
	EXPECT_DETACHED();
}

/* C9: at once */
TEST_F(moved, something_remapped_over_it)
{
	char *other = rb_pages(1);

	ASSERT_EQ(self->mem, mremap(other, RB_PAGE, RB_PAGE, MREMAP_MAYMOVE |
				    MREMAP_FIXED, self->mem));
	EXPECT_DETACHED();
}

/* C9: at once */
TEST_F(moved, shrunk)
{
	ASSERT_EQ(self->mem, mremap(self->mem, LEN, LEN - RB_PAGE, 0));
	EXPECT_DETACHED();
}

/* A child that calls nothing that might move the break itself. */
static int break_is_noticed(void)
{
	int dev = rb_open();
	char *end = sbrk(0), *mem = sbrk(0) + (-(unsigned long)end & 4095);
	__u64 id;

	if (brk(mem + LEN) || rb_register(dev, mem, LEN, BOTH, &id) ||
	    rb_state(dev, id) != LIVE || brk(mem + RB_PAGE))
		return 1;
	return rb_state(dev, id) == DETACHED && !rb_deregister(dev, id) ? 0 : 2;
}

/* C9: at once */
TEST_F(moved, break_moved_back)
{
	pid_t pid = fork();

	if (!pid)
		_exit(break_is_noticed());
	EXPECT_EQ(0, rb_child_result(pid));
}

/* C9: found by the next use: its pages are other ones now, or none. */
TEST_F(moved, dropped)
{
	ASSERT_EQ(0, madvise(self->mem, LEN, MADV_DONTNEED));
	EXPECT_FOUND();
}

/* C9: by the next use */
TEST_F(moved, dropped_and_used_again)
{
	ASSERT_EQ(0, madvise(self->mem, LEN, MADV_DONTNEED));
	rb_pattern(self->mem, LEN, 77);
	EXPECT_FOUND();
}

/* C9: by the next use */
TEST_F(moved, dropped_in_part)
{
	ASSERT_EQ(0, madvise(self->mem + LEN - RB_PAGE, RB_PAGE,
			     MADV_DONTNEED));
	self->mem[LEN - RB_PAGE] = 1;
	EXPECT_FOUND();
}

/* C9: a request for the very end of it, too: no page is looked at alone. */
TEST_F(moved, dropped_where_nobody_looks)
{
	struct regbuf_ioc_send msg;
	int sv[2];

	ASSERT_EQ(0, rb_pair(NULL, AF_INET, SOCK_STREAM, sv));
	ASSERT_EQ(0, madvise(self->mem, RB_PAGE, MADV_DONTNEED));
	EXPECT_EQ(-ESTALE, rb_send(self->dev, sv[0], self->id, LEN - 1, 1,
				   &msg));
	EXPECT_FOUND();
}

/* C9: registered again after that: pins afresh, and with the new bytes. */
TEST_F(moved, registered_again)
{
	__u64 old = self->id;

	ASSERT_EQ(self->mem, mmap(self->mem, LEN, RW, MAP_PRIVATE |
				  MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	rb_pattern(self->mem, LEN, 55);
	ASSERT_EQ(0, rb_register_flags(self->dev, self->mem, LEN, BOTH, 0,
				       &self->reg));
	EXPECT_EQ(0, self->reg.result & REGBUF_REGISTER_R_SHARED);
	EXPECT_EQ(0, rb_carries(self->dev, self->reg.id, self->mem, LEN));
	EXPECT_EQ(-ESTALE, rb_use(self->dev, old));
	ASSERT_EQ(0, rb_deregister(self->dev, self->reg.id));
	EXPECT_EQ(0, rb_deregister(self->dev, old));
	EXPECT_TRUE(rb_pinned(self->pins, 0));
}

/* C9: counted once, whatever else happens to it and whoever looks. */
TEST_F(moved, counted_once)
{
	for (int i = 0; i < PAGES; i += 2)
		ASSERT_EQ(0, munmap(self->mem + i * RB_PAGE, RB_PAGE));
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(-ESTALE, rb_use(self->dev, self->id));
	EXPECT_DETACHED();
}

/* C9: not each of many: only those that were there. */
TEST_F(moved, others_stay)
{
	__u64 ids[PAGES];

	for (int i = 0; i < PAGES; i++)
		ASSERT_EQ(0, rb_register(self->dev, self->mem + i * RB_PAGE,
					 RB_PAGE, BOTH, &ids[i]));
	ASSERT_EQ(0, munmap(self->mem + 5 * RB_PAGE, 2 * RB_PAGE));
	for (int i = 0; i < PAGES; i++)
		EXPECT_EQ(i == 5 || i == 6 ? DETACHED : LIVE,
			  rb_state(self->dev, ids[i]));
	EXPECT_EQ(-ESTALE, rb_use(self->dev, ids[6]));
	EXPECT_EQ(0, rb_use(self->dev, ids[4]));
	EXPECT_EQ(0, rb_use(self->dev, ids[7]));
	ASSERT_EQ(0, rb_stats(self->dev, &self->stats));
	EXPECT_EQ(3, self->stats.detached);
}

/* C9: F_KEEP: the owner means it: the pages that were there, while it lives. */
TEST_F(moved, kept_on_purpose)
{
	char copy[LEN];

	memcpy(copy, self->mem, LEN);
	ASSERT_EQ(0, rb_deregister(self->dev, self->id));
	ASSERT_EQ(0, rb_register_flags(self->dev, self->mem, LEN, BOTH, KEEP,
				       &self->reg));
	ASSERT_EQ(0, rb_status(self->dev, self->reg.id, &self->status));
	EXPECT_EQ(REGBUF_STATUS_R_KEEP, self->status.flags_out);
	ASSERT_EQ(0, madvise(self->mem, RB_PAGE, MADV_DONTNEED));
	EXPECT_EQ(0, rb_carries(self->dev, self->reg.id, copy, LEN));
	ASSERT_EQ(0, munmap(self->mem, LEN));
	EXPECT_EQ(0, rb_carries(self->dev, self->reg.id, copy, LEN));
	EXPECT_EQ(LIVE, rb_state(self->dev, self->reg.id));
	EXPECT_TRUE(rb_pinned(self->pins, PAGES));
	ASSERT_EQ(0, rb_stats(self->dev, &self->stats));
	EXPECT_EQ(0, self->stats.detached);
	EXPECT_EQ(0, rb_deregister(self->dev, self->reg.id));
}

/*
 * Files in memory: what is taken from the file is found at the next use.
 */
FIXTURE(memfd)
{
	int dev;
	int file;
	char *mem;
	__u64 id;
	long pins;
	struct regbuf_ioc_stats stats;
};

FIXTURE_SETUP(memfd)
{
	self->pins = rb_pins();
	self->dev = rb_open();
	ASSERT_LE(0, self->dev);
	self->file = syscall(SYS_memfd_create, "moved", 1);
	ASSERT_LE(0, self->file);
	ASSERT_EQ(0, ftruncate(self->file, LEN));
	self->mem = mmap(NULL, LEN, RW, MAP_SHARED, self->file, 0);
	ASSERT_NE(MAP_FAILED, self->mem);
	rb_pattern(self->mem, LEN, 1);
	ASSERT_EQ(0, rb_register(self->dev, self->mem, LEN, BOTH, &self->id));
	ASSERT_EQ(0, rb_carries(self->dev, self->id, self->mem, LEN));
}

FIXTURE_TEARDOWN(memfd)
{
	EXPECT_EQ(-ESTALE, rb_use(self->dev, self->id));
	EXPECT_EQ(DETACHED, rb_state(self->dev, self->id));
	ASSERT_EQ(0, rb_stats(self->dev, &self->stats));
	EXPECT_EQ(1, self->stats.detached);
	EXPECT_EQ(0, rb_deregister(self->dev, self->id));
	EXPECT_TRUE(rb_pinned(self->pins, 0));
	close(self->dev);
}

/* C9: at once */
TEST_F(memfd, unmapped)
{
	ASSERT_EQ(0, munmap(self->mem, RB_PAGE));
	EXPECT_EQ(DETACHED, rb_state(self->dev, self->id));
}

/* C9: found when it is used, as the rest of these */
TEST_F(memfd, removed)
{
	ASSERT_EQ(0, madvise(self->mem + RB_PAGE, RB_PAGE, MADV_REMOVE));
}

/* C9: as above */
TEST_F(memfd, removed_and_used_again)
{
	ASSERT_EQ(0, madvise(self->mem + RB_PAGE, RB_PAGE, MADV_REMOVE));
	self->mem[RB_PAGE] = 1;
}

/* C9: as above */
TEST_F(memfd, hole_punched)
{
	ASSERT_EQ(0, fallocate(self->file, 3 /* keep size, punch hole */,
			       LEN - RB_PAGE, RB_PAGE));
}

/* C9: as above */
TEST_F(memfd, truncated)
{
	ASSERT_EQ(0, ftruncate(self->file, LEN - 1));
	ASSERT_EQ(0, ftruncate(self->file, LEN - RB_PAGE));
}

/* C9: as above */
TEST_F(memfd, truncated_and_made_longer)
{
	ASSERT_EQ(0, ftruncate(self->file, 0));
	ASSERT_EQ(0, ftruncate(self->file, LEN));
	rb_pattern(self->mem, LEN, 1);
}

/* C9: another part of the file in its place. */
TEST_F(memfd, mapped_otherwise)
{
	ASSERT_EQ(self->mem, mmap(self->mem, RB_PAGE, RW, MAP_SHARED |
				  MAP_FIXED, self->file, RB_PAGE));
	EXPECT_EQ(DETACHED, rb_state(self->dev, self->id));
}

/*
 * Large ranges, and large pages
 */
FIXTURE(large)
{
	int dev;
	char *mem;		/* 3 * HUGE, at a multiple of it */
	__u64 id;
	long pins;
};

FIXTURE_VARIANT(large)
{
	int advice;
	bool hugetlb;
};

FIXTURE_VARIANT_ADD(large, small_pages) { MADV_NOHUGEPAGE };
FIXTURE_VARIANT_ADD(large, huge_pages) { MADV_HUGEPAGE };
FIXTURE_VARIANT_ADD(large, hugetlb) { .hugetlb = true };

FIXTURE_SETUP(large)
{
	char *area = rb_map(5 * HUGE, PROT_NONE, 0);
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;

	if (variant->advice == MADV_HUGEPAGE && !rb_has_huge_pages())
		SKIP(return, "no transparent huge pages");
	ASSERT_NE(NULL, area);
	if (variant->hugetlb) {
		ASSERT_EQ(0, rb_write_file(NR_HUGE, "4"));
		flags |= MAP_HUGETLB;
	}
	self->pins = rb_pins();
	self->dev = rb_open();
	self->mem = (char *)(((unsigned long)area + 2 * HUGE - 1) & -HUGE);
	ASSERT_EQ(self->mem, mmap(self->mem, 3 * HUGE, RW, flags, -1, 0));
	if (!variant->hugetlb)
		ASSERT_EQ(0, rb_advise_huge(self->mem, 3 * HUGE,
					    variant->advice));
	rb_pattern(self->mem, 3 * HUGE, 1);
	ASSERT_EQ(0, rb_register(self->dev, self->mem, 3 * HUGE, BOTH,
				 &self->id));
	ASSERT_EQ(0, rb_use(self->dev, self->id));
}

FIXTURE_TEARDOWN(large)
{
	EXPECT_EQ(-ESTALE, rb_use(self->dev, self->id));
	EXPECT_EQ(DETACHED, rb_state(self->dev, self->id));
	EXPECT_EQ(0, rb_deregister(self->dev, self->id));
	EXPECT_TRUE(rb_pinned(self->pins, 0));
	close(self->dev);
	munmap(self->mem, 3 * HUGE);
	if (variant->hugetlb)
		EXPECT_EQ(0, rb_write_file(NR_HUGE, "0"));
}

/* The smallest part that can be unmapped. */
#define PART	(variant->hugetlb ? HUGE : RB_PAGE)

/* C9: at once */
TEST_F(large, first_page_unmapped)
{
	ASSERT_EQ(0, munmap(self->mem, PART));
	EXPECT_EQ(DETACHED, rb_state(self->dev, self->id));
}

/* C9: at once */
TEST_F(large, last_page_unmapped)
{
	ASSERT_EQ(0, munmap(self->mem + 3 * HUGE - PART, PART));
	EXPECT_EQ(DETACHED, rb_state(self->dev, self->id));
}

/* C9: at once */
TEST_F(large, page_behind_a_border_unmapped)
{
	ASSERT_EQ(0, munmap(self->mem + HUGE, PART));
	EXPECT_EQ(DETACHED, rb_state(self->dev, self->id));
}

/* C9: at once */
TEST_F(large, page_before_a_border_unmapped)
{
	ASSERT_EQ(0, munmap(self->mem + 2 * HUGE - PART, PART));
	EXPECT_EQ(DETACHED, rb_state(self->dev, self->id));
}

/* C9: at once */
TEST_F(large, all_unmapped)
{
	ASSERT_EQ(0, munmap(self->mem, 3 * HUGE));
	EXPECT_EQ(DETACHED, rb_state(self->dev, self->id));
}

/* C9: by the next use */
TEST_F(large, part_dropped)
{
	ASSERT_EQ(0, madvise(self->mem + HUGE, PART, MADV_DONTNEED));
}

/* C9: by the next use */
TEST_F(large, part_dropped_and_used_again)
{
	ASSERT_EQ(0, madvise(self->mem + 3 * HUGE - PART, PART,
			     MADV_DONTNEED));
	self->mem[3 * HUGE - 1] = 1;
}

/* C9: at once */
TEST_F(large, remapped)
{
	char *to = rb_map(HUGE, PROT_NONE, 0);

	if (variant->hugetlb) {
		/* No room for it elsewhere in general: mapped over. */
		ASSERT_NE(MAP_FAILED, mmap(self->mem, HUGE, RW, MAP_PRIVATE |
					   MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	} else {
		ASSERT_EQ(to, mremap(self->mem + HUGE, HUGE, HUGE,
				     MREMAP_MAYMOVE | MREMAP_FIXED, to));
	}
	EXPECT_EQ(DETACHED, rb_state(self->dev, self->id));
}

/*
 * In flight, and the end of the memory as a whole
 */
FIXTURE(gone)
{
	struct rb_rig rig;
	struct rb_other other;
	struct regbuf_ioc_send msg;
	struct regbuf_ioc_stats stats;
	unsigned char copy[LEN];
	__u64 id;
};

FIXTURE_SETUP(gone)
{
	ASSERT_EQ(0, rb_rig_setup(&self->rig, AF_INET, SOCK_STREAM, false,
				  LEN));
	memcpy(self->copy, self->rig.mem, LEN);
	ASSERT_EQ(0, rb_rig_hold(&self->rig, LEN));
}

FIXTURE_TEARDOWN(gone)
{
	EXPECT_EQ(0, rb_rig_close(&self->rig));
}

/* Requests in flight finish, with the bytes that were there. */
static void check_lands(struct __test_metadata *_metadata,
			FIXTURE_DATA(gone) *self)
{
	struct rb_rig *rig = &self->rig;

	EXPECT_EQ(-ESTALE, rb_rig_send(rig, 0, 1, &self->msg));
	EXPECT_EQ(1, rb_in_flight(rig->dev, rig->id));
	EXPECT_EQ(-ETIMEDOUT, rb_wait(rig->dev, rig->id, RB_SHORT));
	EXPECT_TRUE(rb_pinned(rig->pins, PAGES));
	EXPECT_EQ(0, rb_rig_lands(rig, self->copy, LEN));
	EXPECT_EQ(0, rb_wait(rig->dev, rig->id, RB_LONG));
	EXPECT_EQ(DETACHED, rb_state(rig->dev, rig->id));
	EXPECT_EQ(0, rb_deregister(rig->dev, rig->id));
	EXPECT_TRUE(rb_pinned(rig->pins, 0));
	ASSERT_EQ(0, rb_stats(rig->dev, &self->stats));
	EXPECT_EQ(0, self->stats.deregistered_in_flight);
	EXPECT_EQ(1, self->stats.detached);
}

/* C9: what is in flight keeps its bytes */
TEST_F(gone, unmapped_in_flight)
{
	ASSERT_EQ(0, rb_rig_send(&self->rig, 0, LEN, &self->msg));
	ASSERT_EQ(LEN, self->msg.zerocopied);
	ASSERT_EQ(0, munmap(self->rig.mem, LEN));
	check_lands(_metadata, self);
}

/* C9: what is in flight keeps its bytes */
TEST_F(gone, dropped_in_flight)
{
	ASSERT_EQ(0, rb_rig_send(&self->rig, 0, LEN, &self->msg));
	ASSERT_EQ(LEN, self->msg.zerocopied);
	ASSERT_EQ(0, madvise(self->rig.mem, LEN, MADV_DONTNEED));
	rb_pattern(self->rig.mem, LEN, 88);
	check_lands(_metadata, self);
}

/* C6: deregistering a detached one in flight waits, and closes, as ever. */
TEST_F(gone, deregistered_when_detached)
{
	struct regbuf_ioc_deregister dereg;
	struct rb_rig *rig = &self->rig;

	ASSERT_EQ(0, rb_rig_send(rig, 0, LEN, &self->msg));
	ASSERT_EQ(0, munmap(rig->mem, LEN));
	EXPECT_EQ(-EBUSY, rb_deregister_flags(rig->dev, rig->id,
					      REGBUF_DEREGISTER_F_BUSY, 0,
					      &dereg));
	EXPECT_EQ(DETACHED, rb_state(rig->dev, rig->id));
	EXPECT_EQ(-EINPROGRESS, rb_deregister_flags(rig->dev, rig->id,
						    REGBUF_DEREGISTER_F_WAIT,
						    RB_SHORT, &dereg));
	EXPECT_EQ(REGBUF_STATE_CLOSING, rb_state(rig->dev, rig->id));
	EXPECT_EQ(0, rb_rig_lands(rig, self->copy, LEN));
	EXPECT_TRUE(rb_pinned(rig->pins, 0));
}

/* A process of its own registers so much, kept or not; its device is ours. */
static int others_device(FIXTURE_DATA(gone) *self)
{
	struct rb_task device = { .what = RB_DO_DEVICE }, reg = {
		.what = RB_DO_REGISTER,
		.length = LEN,
		.access = RB_READ,
	};
	int fd = -1;

	self->other.sock = self->rig.near;
	if (rb_other_start(&self->other) || rb_other_do(&self->other, reg))
		return -1;
	self->id = self->other.answer.id;
	if (rb_other_trade(&self->other, device, -1, &fd))
		return -1;
	return fd;
}

/* C8, C9: exec: another memory, though the descriptor lives on, here too */
TEST_F(gone, owner_execs)
{
	struct rb_task exec = { .what = RB_DO_EXEC };
	int fd = others_device(self);

	ASSERT_LE(0, fd);
	EXPECT_TRUE(rb_pinned(self->rig.pins, 2 * PAGES));
	ASSERT_EQ(0, rb_other_do(&self->other, exec));
	EXPECT_TRUE(rb_pinned(self->rig.pins, PAGES));
	EXPECT_EQ(-EPERM, rb_use(fd, self->id));
	EXPECT_EQ(0, rb_other_end(&self->other));
	EXPECT_TRUE(rb_pinned(self->rig.pins, PAGES));
	close(fd);
}

/* C9, C15: death: the same, with a descriptor kept elsewhere */
TEST_F(gone, owner_dies)
{
	int fd = others_device(self);

	ASSERT_LE(0, fd);
	EXPECT_TRUE(rb_pinned(self->rig.pins, 2 * PAGES));
	rb_other_kill(&self->other);
	EXPECT_TRUE(rb_pinned(self->rig.pins, PAGES));
	close(fd);
}

/* C9, C15: what it had in flight arrives. */
TEST_F(gone, owner_dies_in_flight)
{
	int fd = others_device(self);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, rb_other_sends(&self->other, self->id, 0, LEN));
	rb_other_kill(&self->other);
	EXPECT_TRUE(rb_pinned(self->rig.pins, 2 * PAGES));
	EXPECT_EQ(0, rb_rig_lands(&self->rig, self->copy, LEN));
	EXPECT_TRUE(rb_pinned(self->rig.pins, PAGES));
	close(fd);
}

/*
 * Register while the memory comes and goes. A page says which one it is; from
 * when it was unmapped its bytes must not be sent.
 */
FIXTURE(churn)
{
	int dev;
	int sv[2];
	volatile __u32 *at;	/* where pages come and go */
	volatile __u32 unmapped;	/* the last one that is gone for sure */
	volatile int stop;
	volatile long sends;
	long pins;
};

FIXTURE_VARIANT(churn)
{
	bool drop;		/* by MADV_DONTNEED, or unmapped */
	__u32 flags;
};

FIXTURE_VARIANT_ADD(churn, unmapped) { false };
FIXTURE_VARIANT_ADD(churn, unmapped_counted) {
	.flags = REGBUF_REGISTER_F_COUNT,
};
FIXTURE_VARIANT_ADD(churn, dropped) { true };

FIXTURE_SETUP(churn)
{
	self->pins = rb_pins();
	self->dev = rb_open();
	self->at = rb_map(RB_PAGE, RW, 0);
	ASSERT_NE(NULL, self->at);
	ASSERT_EQ(0, rb_pair(NULL, AF_INET, SOCK_DGRAM, self->sv));
}

FIXTURE_TEARDOWN(churn)
{
	close(self->dev);
	EXPECT_TRUE(rb_pinned(self->pins, 0));
}

struct churner {
	FIXTURE_DATA(churn) *self;
	bool drop;
	int wrong;
	/* Mapped while the place is: it would be given that otherwise. */
	__u32 *spare;
};

/* The page with this number, whole, in one step. */
static int put_page(struct churner *churner, __u32 number)
{
	__u32 *page = churner->spare;
	void *at = (void *)churner->self->at;

	*page = number;
	if (mremap(page, RB_PAGE, RB_PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		   at) != at)
		return -1;
	churner->spare = rb_map(RB_PAGE, RW, 0);
	return churner->spare ? 0 : -1;
}

static int take_page(const struct churner *churner)
{
	void *at = (void *)churner->self->at;

	return churner->drop ? madvise(at, RB_PAGE, MADV_DONTNEED) :
			       munmap(at, RB_PAGE);
}

/* Until enough was sent; and each page stays a moment. */
static void *come_and_go(void *arg)
{
	struct churner *churner = arg;
	FIXTURE_DATA(churn) *self = churner->self;

	churner->spare = rb_map(RB_PAGE, RW, 0);
	for (__u32 i = 1; !self->stop && !churner->wrong; i++) {
		long sends = self->sends;

		churner->wrong += !!put_page(churner, i);
		for (int j = 0; j < 20 && sends == self->sends; j++)
			sched_yield();
		churner->wrong += !!take_page(churner);
		self->unmapped = i;
	}
	return NULL;
}

/*
 * Send from what was just registered: 0 if that is refused, or the bytes are
 * not of a page that was gone. One that was dropped reads as 0.
 */
static int sends_no_old_page(FIXTURE_DATA(churn) *self, __u64 id)
{
	__u32 gone = self->unmapped, number = 0;
	struct regbuf_ioc_send msg;
	int err = rb_send(self->dev, self->sv[0], id, 0, sizeof(number), &msg);

	if (err == -ESTALE)
		return 0;
	if (err || recv(self->sv[1], &number, sizeof(number), 0) !=
	    sizeof(number))
		return -1;
	self->sends++;
	return number && number <= gone ? (int)(gone - number) + 1 : 0;
}

/* C9, C17: never old bytes after an munmap() was done */
TEST_F_TIMEOUT(churn, no_old_bytes, 120)
{
	bool slow = !access("/sys/kernel/debug/kmemleak", F_OK);
	struct churner churner = { self, variant->drop };
	int rounds = slow ? ROUNDS / 5 : ROUNDS;
	struct regbuf_ioc_register reg;
	pthread_t thread;
	int err;

	ASSERT_EQ(0, pthread_create(&thread, NULL, come_and_go, &churner));
	for (int i = 0; !churner.wrong && (i < rounds || !self->sends); i++) {
		err = rb_register_flags(self->dev, (void *)self->at, RB_PAGE,
					RB_READ, variant->flags, &reg);
		if (err == -EFAULT)
			continue;
		ASSERT_EQ(0, err);
		for (int j = 0; j < 3; j++)
			EXPECT_EQ(0, sends_no_old_page(self, reg.id));
		EXPECT_EQ(0, rb_deregister(self->dev, reg.id));
	}
	self->stop = 1;
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, churner.wrong);
	EXPECT_EQ(0, rb_left(self->dev));
}

#include "regbuf_main.h"
