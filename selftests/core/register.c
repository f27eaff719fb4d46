// SPDX-License-Identifier: GPL-2.0
/*
 * What memory can be registered, what is refused and how, and that the bytes
 * sent are those of the range, whatever the pages behind it look like.
 */
#include "regbuf_test.h"
#include "kselftest_harness.h"

#include <linux/io_uring.h>
#include <linux/magic.h>
#include <linux/memfd.h>
#include <linux/userfaultfd.h>
#include <sys/auxv.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#define HUGE		(2UL << 20)
#define NR_HUGE		"/proc/sys/vm/nr_hugepages"
#define HUGE_PAGES	(HUGE / RB_PAGE)
#define RW		(PROT_READ | PROT_WRITE)
#define BOTH		(RB_READ | RB_WRITE)
#define BATCH		700	/* pages; more than one go pins, likely */

FIXTURE(reg) {
	int dev;
	long pins;
	bool huge;	/* huge pages were reserved */
};

FIXTURE_SETUP(reg)
{
	self->pins = rb_pins();
	ASSERT_GE(self->pins, 0);
	self->dev = rb_open();
	ASSERT_GE(self->dev, 0);
}

FIXTURE_TEARDOWN(reg)
{
	EXPECT_EQ(0, rb_left(self->dev));
	close(self->dev);
	EXPECT_EQ(0, rb_vmpin());
	EXPECT_EQ(self->pins, rb_pins());
	if (self->huge)
		EXPECT_EQ(0, rb_write_file(NR_HUGE, "0"));
}

/* Refused with exactly that error, and nothing stays pinned or charged. */
#define EXPECT_REFUSED(error, at, length, access) do {			\
	__u64 __id;							\
									\
	EXPECT_EQ(-(error),						\
		  rb_register(self->dev, at, length, access, &__id));	\
	EXPECT_EQ(0, rb_left(self->dev));				\
	EXPECT_EQ(self->pins, rb_pins());				\
} while (0)

#define EXPECT_SENDS(id, offset, bytes, length) do {			\
	char *__got = malloc(length);					\
									\
	EXPECT_EQ(0, rb_fetch(self->dev, id, offset, length, __got));	\
	EXPECT_EQ(0, memcmp(__got, bytes, length));			\
	free(__got);							\
} while (0)

static unsigned long pages_of(const void *at, size_t length)
{
	unsigned long first = (unsigned long)at / RB_PAGE;

	return ((unsigned long)at + length - 1) / RB_PAGE - first + 1;
}

/*
 * A buffer's whole life: it is what was asked for, costs what it should, its
 * bytes arrive, and nothing of it stays.
 */
static void whole_life(struct __test_metadata *_metadata,
		       const FIXTURE_DATA(reg) *self, char *at, size_t length,
		       __u32 access, unsigned long charge, unsigned long pins)
{
	struct regbuf_ioc_register reg = {
		.size = sizeof(reg),
		.addr = (unsigned long)at,
		.length = length,
		.access = access,
	};
	struct regbuf_ioc_status status;
	struct regbuf_ioc_stats stats;

	ASSERT_EQ(0, rb_ioctl(self->dev, REGBUF_IOC_REGISTER, &reg));
	EXPECT_EQ(charge, reg.needed);
	ASSERT_EQ(0, rb_status(self->dev, reg.id, &status));
	EXPECT_EQ((unsigned long)at, status.addr);
	EXPECT_EQ(length, status.length);
	EXPECT_EQ(access, status.access);
	EXPECT_EQ(charge, status.pages);
	EXPECT_EQ(REGBUF_STATE_LIVE, status.state);
	EXPECT_EQ(0, status.in_flight);
	ASSERT_EQ(0, rb_stats(self->dev, &stats));
	EXPECT_EQ(1, stats.buffers);
	EXPECT_EQ(charge, stats.pages);
	EXPECT_EQ(charge, rb_vmpin());
	EXPECT_EQ(self->pins + pins, rb_pins());
	if (access & RB_READ)
		EXPECT_SENDS(reg.id, 0, at, length);
	EXPECT_EQ(0, rb_deregister(self->dev, reg.id));
	EXPECT_EQ(0, rb_left(self->dev));
	EXPECT_EQ(self->pins, rb_pins());
}

#define WHOLE_LIFE(at, length, access, charge) \
	whole_life(_metadata, self, at, length, access, charge, \
		   pages_of(at, length))

/* A hugetlb page needs one pin, however much of it is in the range. */
#define HUGE_LIFE(at, length, access, nr) \
	whole_life(_metadata, self, at, length, access, (nr) * HUGE_PAGES, nr)

/* Pages of nothing but the mapping: nothing there yet, or nothing ever. */
static char *blank(unsigned long nr, int prot)
{
	char *mem = rb_map(nr * RB_PAGE, prot, 0);

	madvise(mem, nr * RB_PAGE, MADV_NOHUGEPAGE);
	return mem;
}

/* S4: the null pointer */
TEST_F(reg, null_is_refused)
{
	EXPECT_REFUSED(EFAULT, NULL, 1, RB_READ);
	EXPECT_REFUSED(EFAULT, NULL, RB_PAGE, BOTH);
}

/* S4, S43: memory that was unmapped */
TEST_F(reg, unmapped_is_refused)
{
	char *mem = rb_pages(2);

	ASSERT_EQ(0, munmap(mem, 2 * RB_PAGE));
	EXPECT_REFUSED(EFAULT, mem, RB_PAGE, RB_READ);
	EXPECT_REFUSED(EFAULT, mem + 100, 1, RB_WRITE);
}

/* S4: memory that nobody may touch */
TEST_F(reg, prot_none_is_refused)
{
	char *mem = rb_pages(2);

	ASSERT_EQ(0, mprotect(mem, 2 * RB_PAGE, PROT_NONE));
	EXPECT_REFUSED(EFAULT, mem, RB_PAGE, RB_READ);
	EXPECT_REFUSED(EFAULT, mem, RB_PAGE, RB_WRITE);
}

/*
 * S4, S43: the kernel's half, the gap between the halves, and user space's end
 */
TEST_F(reg, kernel_half_is_refused)
{
	static const unsigned long at[] = {
		0x00007ffffffff000, 0x0000800000000000, 0x00fffffffffff000,
		0x8000000000000000, 0xffff800000000000, 0xffff888000000000,
		0xffffffff81000000, 0xfffffffffffff000,
	};

	for (int i = 0; i < ARRAY_SIZE(at); i++) {
		EXPECT_REFUSED(EFAULT, (void *)at[i], 1, RB_READ);
		EXPECT_REFUSED(EFAULT, (void *)at[i], RB_PAGE, BOTH);
		EXPECT_REFUSED(EFAULT, (void *)(at[i] - 1), 2, RB_READ);
	}
}

/* S4, S43: runs off its mapping by a byte, or by much */
TEST_F(reg, running_off_the_mapping_is_refused)
{
	char *mem = rb_pages(4);

	ASSERT_EQ(0, munmap(mem + 3 * RB_PAGE, RB_PAGE));
	EXPECT_REFUSED(EFAULT, mem, 3 * RB_PAGE + 1, RB_READ);
	EXPECT_REFUSED(EFAULT, mem + 3 * RB_PAGE - 1, 2, RB_READ);
	EXPECT_REFUSED(EFAULT, mem, 1 << 30, RB_READ);
	WHOLE_LIFE(mem + 1, 3 * RB_PAGE - 1, BOTH, 3);
}

/* S4, CVE-2026-43494: a hole in the middle: what was pinned is let go, once */
TEST_F(reg, hole_in_the_middle_is_refused)
{
	char *mem = rb_pages(2 * BATCH);

	ASSERT_EQ(0, munmap(mem + BATCH * RB_PAGE, RB_PAGE));
	EXPECT_REFUSED(EFAULT, mem, 2 * BATCH * RB_PAGE, RB_READ);
	EXPECT_REFUSED(EFAULT, mem + (BATCH - 1) * RB_PAGE, 3 * RB_PAGE, BOTH);
	EXPECT_REFUSED(EFAULT, mem + BATCH * RB_PAGE, 2 * RB_PAGE, RB_READ);
	WHOLE_LIFE(mem, BATCH * RB_PAGE, BOTH, BATCH);
}

/* S4: one page that can't be touched, at each place of a small range */
TEST_F(reg, one_untouchable_page_is_refused)
{
	char *mem = rb_pages(5);

	for (int i = 0; i < 5; i++) {
		ASSERT_EQ(0, mprotect(mem + i * RB_PAGE, RB_PAGE, PROT_NONE));
		EXPECT_REFUSED(EFAULT, mem, 5 * RB_PAGE, RB_READ);
		EXPECT_REFUSED(EFAULT, mem + 1, 5 * RB_PAGE - 2, BOTH);
		ASSERT_EQ(0, mprotect(mem + i * RB_PAGE, RB_PAGE, RW));
	}
	WHOLE_LIFE(mem, 5 * RB_PAGE, BOTH, 5);
}

/* S4, S43: address and length wrap around, exactly to 0 and beyond */
TEST_F(reg, wrap_around_is_refused)
{
	EXPECT_REFUSED(EFAULT, (void *)-RB_PAGE, RB_PAGE, RB_READ);
	EXPECT_REFUSED(EFAULT, (void *)-RB_PAGE, 2 * RB_PAGE, RB_READ);
	EXPECT_REFUSED(EFAULT, (void *)-RB_PAGE, 1 << 30, RB_READ);
	EXPECT_REFUSED(EFAULT, (void *)-1L, 1, RB_READ);
	EXPECT_REFUSED(EFAULT, (void *)-1L, 2, RB_READ);
	EXPECT_REFUSED(EFAULT, (void *)-16L, 32, BOTH);
}

/* S5: nothing is EINVAL, before the address is looked at */
TEST_F(reg, zero_length_is_invalid)
{
	char *mem = rb_pages(1);

	EXPECT_REFUSED(EINVAL, mem, 0, RB_READ);
	EXPECT_REFUSED(EINVAL, mem + 1, 0, BOTH);
	EXPECT_REFUSED(EINVAL, NULL, 0, RB_READ);
	EXPECT_REFUSED(EINVAL, (void *)0xffff888000000000, 0, RB_READ);
	EXPECT_REFUSED(EINVAL, (void *)-1L, 0, RB_READ);
}

/* S7, CVE-2024-53187: lengths whose sum with anything wraps */
TEST_F(reg, too_long_is_refused)
{
	char *mem = rb_pages(1);
	const __u64 lengths[] = {
		-1ULL, -2ULL, -RB_PAGE, -RB_PAGE + 1, -RB_PAGE - 1,
		-(unsigned long)mem, -(unsigned long)mem + 1,
		1ULL << 63, (1ULL << 63) - 1, 1ULL << 47,
	};

	for (int i = 0; i < ARRAY_SIZE(lengths); i++) {
		EXPECT_REFUSED(EOVERFLOW, mem, lengths[i], RB_READ);
		EXPECT_REFUSED(EOVERFLOW, mem + RB_PAGE - 1, lengths[i], BOTH);
	}
}

/* S7: the edges of 32 bits are no edges: they only lack memory */
TEST_F(reg, lengths_around_4g_are_not_truncated)
{
	static const __u64 lengths[] = {
		0xffffffff, 0xfffff001, 0x100000000, 0x100000001, 0x100001000,
	};
	char *mem = rb_pages(2);

	ASSERT_EQ(0, munmap(mem + RB_PAGE, RB_PAGE));
	for (int i = 0; i < ARRAY_SIZE(lengths); i++)
		EXPECT_REFUSED(EFAULT, mem, lengths[i], RB_READ);
}

/* S9: any alignment of start and end; cost is by the page */
TEST_F(reg, any_alignment_is_taken)
{
	static const size_t starts[] = { 0, 1, 7, 2048, RB_PAGE - 1 };
	static const size_t lengths[] = {
		1, 2, RB_PAGE - 1, RB_PAGE, RB_PAGE + 1, 2 * RB_PAGE,
		3 * RB_PAGE + 5,
	};
	char *mem = rb_pages(6);

	for (int i = 0; i < ARRAY_SIZE(starts); i++)
		for (int j = 0; j < ARRAY_SIZE(lengths); j++)
			WHOLE_LIFE(mem + starts[i], lengths[j], RB_READ,
				   pages_of(mem + starts[i], lengths[j]));
}

/* S9: a byte at a page's end costs one page, two across a boundary two */
TEST_F(reg, tiny_buffers_cost_whole_pages)
{
	char *mem = rb_pages(2);

	WHOLE_LIFE(mem + RB_PAGE - 1, 1, RB_READ, 1);
	WHOLE_LIFE(mem + RB_PAGE - 1, 2, RB_READ, 2);
	WHOLE_LIFE(mem + RB_PAGE, 1, RB_READ, 1);
}

/* S8: memory never touched is there afterwards, and is the program's own */
TEST_F(reg, untouched_memory_is_filled_in)
{
	char *mem = blank(4, RW);
	__u64 id;

	ASSERT_EQ(0, rb_register(self->dev, mem, 4 * RB_PAGE, BOTH, &id));
	EXPECT_EQ(self->pins + 4, rb_pins());
	rb_pattern(mem, 4 * RB_PAGE, 3);
	EXPECT_SENDS(id, 0, mem, 4 * RB_PAGE);
	EXPECT_EQ(0, rb_deregister(self->dev, id));
}

/* C7: read-only private memory: never the zero page, so later bytes are sent */
static void read_only(struct __test_metadata *_metadata,
		      const FIXTURE_DATA(reg) *self, bool look)
{
	char *mem = blank(4, PROT_READ);
	__u64 id;

	ASSERT_NE(NULL, mem);
	for (int i = 0; look && i < 4; i++)
		ASSERT_EQ(0, *(volatile char *)(mem + i * RB_PAGE));
	ASSERT_EQ(0, rb_register(self->dev, mem, 4 * RB_PAGE, RB_READ, &id));
	EXPECT_EQ(4, rb_vmpin());
	EXPECT_SENDS(id, 0, mem, 4 * RB_PAGE);
	ASSERT_EQ(0, mprotect(mem, 4 * RB_PAGE, RW));
	rb_pattern(mem, 4 * RB_PAGE, 5);
	EXPECT_SENDS(id, 0, mem, 4 * RB_PAGE);
	EXPECT_EQ(0, rb_deregister(self->dev, id));
}

TEST_F(reg, read_only_memory_follows_later_writes)
{
	read_only(_metadata, self, false);
}

/* The same where the zero page is mapped already. */
TEST_F(reg, read_only_zero_page_is_replaced)
{
	read_only(_metadata, self, true);
}

/* C7: read-only memory with data in it */
TEST_F(reg, read_only_data_can_be_sent)
{
	char *mem = rb_pages(3);

	ASSERT_EQ(0, mprotect(mem, 3 * RB_PAGE, PROT_READ));
	WHOLE_LIFE(mem + 9, 2 * RB_PAGE, RB_READ, 3);
	EXPECT_REFUSED(EFAULT, mem, RB_PAGE, RB_WRITE);
	EXPECT_REFUSED(EFAULT, mem, RB_PAGE, BOTH);
}

/* S8, C9: with F_KEEP, what becomes of the mapping does not move the pages */
TEST_F(reg, pages_stay_whatever_happens_to_the_mapping)
{
	char *mem = rb_pages(3), *copy = malloc(3 * RB_PAGE);
	struct regbuf_ioc_register reg;
	__u64 id;

	memcpy(copy, mem, 3 * RB_PAGE);
	ASSERT_EQ(0, rb_register_flags(self->dev, mem, 3 * RB_PAGE, RB_READ,
				       REGBUF_REGISTER_F_KEEP, &reg));
	id = reg.id;
	ASSERT_EQ(0, mprotect(mem, RB_PAGE, PROT_NONE));
	ASSERT_EQ(0, madvise(mem + RB_PAGE, RB_PAGE, MADV_DONTNEED));
	ASSERT_EQ(0, munmap(mem + 2 * RB_PAGE, RB_PAGE));
	EXPECT_EQ(self->pins + 3, rb_pins());
	EXPECT_SENDS(id, 0, copy, 3 * RB_PAGE);
	EXPECT_EQ(0, rb_deregister(self->dev, id));
	free(copy);
}

/* Fork copies pinned pages for the child: the parent's bytes are sent. */
static void across_fork(struct __test_metadata *_metadata,
			const FIXTURE_DATA(reg) *self, int prot)
{
	char *mem = rb_pages(4);
	int hold[2];
	char byte;
	pid_t pid;
	__u64 id;

	ASSERT_EQ(0, pipe(hold));
	ASSERT_EQ(0, mprotect(mem, 4 * RB_PAGE, prot));
	ASSERT_EQ(0, rb_register(self->dev, mem, 4 * RB_PAGE, RB_READ, &id));
	pid = fork();
	if (!pid) {
		close(hold[1]);
		_exit(read(hold[0], &byte, 1));
	}
	ASSERT_EQ(0, mprotect(mem, 4 * RB_PAGE, RW));
	rb_pattern(mem, 4 * RB_PAGE, 77);
	EXPECT_SENDS(id, 0, mem, 4 * RB_PAGE);
	EXPECT_EQ(0, rb_deregister(self->dev, id));
	close(hold[0]);
	close(hold[1]);
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
}

TEST_F(reg, fork_leaves_the_pages_with_the_parent)
{
	across_fork(_metadata, self, RW);
}

TEST_F(reg, fork_leaves_read_only_pages_with_the_parent)
{
	across_fork(_metadata, self, PROT_READ);
}

/* Pages shared with a child since before: the registrant gets its own. */
static void after_fork(struct __test_metadata *_metadata,
		       const FIXTURE_DATA(reg) *self, int prot)
{
	char *mem = rb_pages(4);
	int hold[2], status = -1;
	char first = mem[0];
	char byte;
	pid_t pid;
	__u64 id;

	ASSERT_EQ(0, pipe(hold));
	ASSERT_EQ(0, mprotect(mem, 4 * RB_PAGE, prot));
	pid = fork();
	if (!pid) {
		close(hold[1]);
		_exit(read(hold[0], &byte, 1) || mem[0] != first);
	}
	ASSERT_EQ(0, rb_register(self->dev, mem, 4 * RB_PAGE, RB_READ, &id));
	ASSERT_EQ(0, mprotect(mem, 4 * RB_PAGE, RW));
	rb_pattern(mem, 4 * RB_PAGE, 78);
	EXPECT_SENDS(id, 0, mem, 4 * RB_PAGE);
	close(hold[0]);
	close(hold[1]);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, rb_deregister(self->dev, id));
}

TEST_F(reg, pages_shared_by_fork_are_unshared)
{
	after_fork(_metadata, self, RW);
}

TEST_F(reg, read_only_pages_shared_by_fork_are_unshared)
{
	after_fork(_metadata, self, PROT_READ);
}

/* One range over a thousand mappings, of changing protection */
TEST_F(reg, range_over_many_mappings_is_taken)
{
	char *mem = rb_pages(1024);

	for (int i = 0; i < 1024; i += 2)
		ASSERT_EQ(0, mprotect(mem + i * RB_PAGE, RB_PAGE, PROT_READ));
	WHOLE_LIFE(mem + 1, 1024 * RB_PAGE - 2, RB_READ, 1024);
	EXPECT_REFUSED(EFAULT, mem + RB_PAGE, 3 * RB_PAGE, RB_WRITE);
}

/* S1: address and length give an id, for all sockets, of any protocol */
TEST_F(reg, id_is_of_no_socket)
{
	static const struct {
		int family;
		int type;
	} kinds[] = {
		{ AF_INET, SOCK_STREAM }, { AF_INET, SOCK_DGRAM },
		{ AF_INET6, SOCK_STREAM }, { AF_INET6, SOCK_DGRAM },
	};
	char *mem = rb_pages(1), got[RB_PAGE];
	struct regbuf_ioc_send msg;
	int sv[2];
	__u64 id;

	ASSERT_EQ(0, rb_register(self->dev, mem, RB_PAGE, RB_READ, &id));
	for (int i = 0; i < ARRAY_SIZE(kinds); i++) {
		ASSERT_EQ(0, rb_pair(NULL, kinds[i].family, kinds[i].type, sv));
		EXPECT_EQ(0, rb_send(self->dev, sv[0], id, i, 1000, &msg));
		EXPECT_EQ(1000, recv(sv[1], got, sizeof(got), 0));
		EXPECT_EQ(0, memcmp(got, mem + i, 1000));
		close(sv[0]);
		close(sv[1]);
	}
	EXPECT_EQ(0, rb_wait(self->dev, id, 20 * RB_SEC));
	EXPECT_EQ(0, rb_deregister(self->dev, id));
}

/* The same range again and again: as many buffers, all with the same bytes */
TEST_F(reg, same_range_can_be_registered_many_times)
{
	char *mem = rb_pages(2);
	__u64 ids[1000];
	int i, j;

	for (i = 0; i < 1000; i++) {
		ASSERT_EQ(0, rb_register(self->dev, mem, 2 * RB_PAGE, RB_READ,
					 &ids[i]));
		for (j = i - 5 > 0 ? i - 5 : 0; j < i; j++)
			EXPECT_NE(ids[j], ids[i]);
	}
	EXPECT_SENDS(ids[0], 0, mem, 2 * RB_PAGE);
	EXPECT_SENDS(ids[999], 0, mem, 2 * RB_PAGE);
	for (i = 0; i < 1000; i += 2)
		EXPECT_EQ(0, rb_deregister(self->dev, ids[i]));
	EXPECT_SENDS(ids[501], 0, mem, 2 * RB_PAGE);
	for (i = 1; i < 1000; i += 2)
		EXPECT_EQ(0, rb_deregister(self->dev, ids[i]));
}

/* S12: closing the context with buffers in it lets go of all at once. */
TEST_F(reg, close_lets_go_of_everything)
{
	char *mem = rb_pages(64);
	int dev = rb_open();
	__u64 id;

	for (int i = 0; i < 64; i++)
		ASSERT_EQ(0, rb_register(dev, mem + i * RB_PAGE, RB_PAGE,
					 BOTH, &id));
	EXPECT_EQ(64, rb_vmpin());
	EXPECT_EQ(self->pins + 64, rb_pins());
	close(dev);
	EXPECT_EQ(0, rb_vmpin());
	EXPECT_EQ(self->pins, rb_pins());
}

/* Memory that is neither mapped by hand nor aligned: what programs pass */
TEST_F(reg, heap_stack_and_data_are_taken)
{
	static char data[100] = "data";
	static char bss[100];
	char stack[100] = "stack";
	char *heap = malloc(100);
	char * const all[] = { data, bss, stack, heap };
	__u64 id;

	for (int i = 0; i < ARRAY_SIZE(all); i++) {
		ASSERT_EQ(0, rb_register(self->dev, all[i], 100, BOTH, &id));
		rb_pattern(all[i], 100, i);
		EXPECT_SENDS(id, 0, all[i], 100);
		EXPECT_EQ(0, rb_deregister(self->dev, id));
	}
	free(heap);
}

/* Make the kernel reserve huge pages; the teardown gives them back. */
static void reserve_huge(struct __test_metadata *_metadata,
			 FIXTURE_DATA(reg) *self)
{
	self->huge = true;
	ASSERT_EQ(0, rb_write_file(NR_HUGE, "4"));
	ASSERT_LE(4, rb_number("/proc/meminfo", "HugePages_Free"));
}

/* Memory in transparent huge pages; checked that it is. */
static char *thp(struct __test_metadata *_metadata, unsigned long nr)
{
	char *area = rb_map((nr + 1) * HUGE, RW, 0);
	char *mem;
	long kib;

	ASSERT_NE(NULL, area);
	mem = (char *)(((unsigned long)area + HUGE - 1) & -HUGE);
	ASSERT_EQ(0, madvise(mem, nr * HUGE, MADV_HUGEPAGE));
	kib = rb_number("/proc/self/smaps_rollup", "AnonHugePages");
	rb_pattern(mem, nr * HUGE, 17);
	ASSERT_EQ(kib + nr * HUGE / 1024,
		  rb_number("/proc/self/smaps_rollup", "AnonHugePages"));
	return mem;
}

static char *shared(struct __test_metadata *_metadata, int fd, size_t length,
		    int prot)
{
	char *mem = mmap(NULL, length, prot, MAP_SHARED, fd, 0);

	ASSERT_NE(MAP_FAILED, mem);
	return mem;
}

static int memfd(struct __test_metadata *_metadata, size_t length,
		 unsigned int flags)
{
	int fd = memfd_create("regbuf", MFD_CLOEXEC | flags);

	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, ftruncate(fd, length));
	return fd;
}

/* C10: huge pages: whole ones are charged */
TEST_F(reg, hugetlb_is_taken_and_charged_whole)
{
	char *mem;

	reserve_huge(_metadata, self);
	mem = rb_map(2 * HUGE, RW, MAP_HUGETLB);
	ASSERT_NE(NULL, mem);
	rb_pattern(mem, 2 * HUGE, 21);
	HUGE_LIFE(mem, HUGE, BOTH, 1);
	HUGE_LIFE(mem, 1, BOTH, 1);
	HUGE_LIFE(mem + HUGE - 1, 1, RB_READ, 1);
	HUGE_LIFE(mem + HUGE - 1, 2, RB_READ, 2);
	HUGE_LIFE(mem + 5 * RB_PAGE + 3, HUGE, RB_READ, 2);
	HUGE_LIFE(mem, 2 * HUGE, BOTH, 2);
	munmap(mem, 2 * HUGE);
}

/* C7: read-only huge pages: private ones can't be had at all, shared not so */
TEST_F(reg, read_only_hugetlb_is_refused)
{
	char *mem;
	int fd;

	reserve_huge(_metadata, self);
	mem = rb_map(HUGE, RW, MAP_HUGETLB);
	ASSERT_NE(NULL, mem);
	rb_pattern(mem, HUGE, 21);
	ASSERT_EQ(0, mprotect(mem, HUGE, PROT_READ));
	EXPECT_REFUSED(EOPNOTSUPP, mem, HUGE, RB_READ);
	EXPECT_REFUSED(EFAULT, mem, HUGE, RB_WRITE);
	fd = memfd(_metadata, HUGE, MFD_HUGETLB);
	mem = shared(_metadata, fd, HUGE, PROT_READ);
	EXPECT_REFUSED(EFAULT, mem, HUGE, RB_READ);
	EXPECT_REFUSED(EFAULT, mem, HUGE, RB_WRITE);
}

/* Huge pages by memfd, as others map them too */
TEST_F(reg, hugetlb_memfd_is_taken)
{
	char *mem, *alias;
	int fd;

	reserve_huge(_metadata, self);
	fd = memfd(_metadata, 2 * HUGE, MFD_HUGETLB);
	mem = shared(_metadata, fd, 2 * HUGE, RW);
	alias = shared(_metadata, fd, 2 * HUGE, RW);
	rb_pattern(alias, 2 * HUGE, 22);
	HUGE_LIFE(mem + 12345, HUGE, BOTH, 2);
	munmap(mem, 2 * HUGE);
	munmap(alias, 2 * HUGE);
	close(fd);
}

/* Small pages around a hugetlb page: units of a page, of which it has many */
TEST_F(reg, hugetlb_amid_others_is_taken)
{
	char *area, *mem;

	reserve_huge(_metadata, self);
	area = rb_map(4 * HUGE, RW, MAP_NORESERVE);
	ASSERT_NE(NULL, area);
	madvise(area, 4 * HUGE, MADV_NOHUGEPAGE);
	mem = (char *)(((unsigned long)area + 2 * HUGE - 1) & -HUGE);
	ASSERT_NE(MAP_FAILED, mmap(mem, HUGE, RW, MAP_PRIVATE | MAP_ANONYMOUS |
				   MAP_FIXED | MAP_HUGETLB, -1, 0));
	rb_pattern(mem - 3 * RB_PAGE, HUGE + 7 * RB_PAGE, 23);
	whole_life(_metadata, self, mem - 3 * RB_PAGE, HUGE + 7 * RB_PAGE,
		   BOTH, HUGE_PAGES + 7, 8);
	whole_life(_metadata, self, mem - 1, 2, BOTH, HUGE_PAGES + 1, 2);
	whole_life(_metadata, self, mem + HUGE - 2 * RB_PAGE, 3 * RB_PAGE,
		   BOTH, HUGE_PAGES + 1, 2);
	munmap(area, 4 * HUGE);
}

/* S7: a range longer than 4 GiB, and the bytes at its far end */
TEST_F(reg, more_than_4g_is_taken)
{
	const unsigned long nr = (4UL << 30) / HUGE + 1;
	struct regbuf_ioc_status status;
	char *area, *mem;
	__u64 id;
	int fd;

	reserve_huge(_metadata, self);
	fd = memfd(_metadata, 2 * HUGE, MFD_HUGETLB);
	area = mmap(NULL, (nr + 1) * HUGE, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ASSERT_NE(MAP_FAILED, area);
	mem = (char *)(((unsigned long)area + HUGE - 1) & -HUGE);
	for (unsigned long i = 0; i < nr; i++)
		ASSERT_NE(MAP_FAILED, mmap(mem + i * HUGE, HUGE, RW,
					   MAP_SHARED | MAP_FIXED, fd,
					   i == nr - 1 ? HUGE : 0));
	rb_pattern(mem, HUGE, 1);
	rb_pattern(mem + (nr - 1) * HUGE, HUGE, 2);
	ASSERT_EQ(0, rb_register(self->dev, mem, nr * HUGE, BOTH, &id));
	ASSERT_EQ(0, rb_status(self->dev, id, &status));
	EXPECT_EQ(nr * HUGE, status.length);
	EXPECT_EQ(self->pins + nr, rb_pins());
	EXPECT_SENDS(id, 4UL << 30, mem + (nr - 1) * HUGE, 8 * RB_PAGE);
	EXPECT_SENDS(id, (4UL << 30) - 5, mem + (4UL << 30) - 5, 10);
	EXPECT_SENDS(id, nr * HUGE - 1, mem + nr * HUGE - 1, 1);
	EXPECT_EQ(0, rb_deregister(self->dev, id));
	munmap(area, (nr + 1) * HUGE);
	close(fd);
}

/* C10: transparent huge pages are charged whole as well */
TEST_F(reg, transparent_huge_pages_are_charged_whole)
{
	char *mem;

	if (!rb_has_huge_pages())
		SKIP(return, "no transparent huge pages");
	mem = thp(_metadata, 2);
	WHOLE_LIFE(mem, HUGE, BOTH, HUGE_PAGES);
	WHOLE_LIFE(mem, 2 * HUGE, BOTH, 2 * HUGE_PAGES);
}

/* CVE-2025-38256: parts of a huge page: what is unpinned is what was pinned */
TEST_F(reg, parts_of_transparent_huge_pages_are_taken)
{
	char *mem;

	if (!rb_has_huge_pages())
		SKIP(return, "no transparent huge pages");
	mem = thp(_metadata, 2);
	WHOLE_LIFE(mem + RB_PAGE, RB_PAGE, BOTH, HUGE_PAGES);
	WHOLE_LIFE(mem + 5 * RB_PAGE + 1, 7 * RB_PAGE, BOTH, HUGE_PAGES);
	WHOLE_LIFE(mem + HUGE - 1, 1, RB_READ, HUGE_PAGES);
	WHOLE_LIFE(mem + HUGE - RB_PAGE, 2 * RB_PAGE, BOTH, 2 * HUGE_PAGES);
	WHOLE_LIFE(mem + 3 * RB_PAGE, HUGE + RB_PAGE, BOTH, 2 * HUGE_PAGES);
}

/* Read-only ones are unshared like small ones. */
TEST_F(reg, read_only_transparent_huge_pages_are_taken)
{
	char *mem;
	struct regbuf_ioc_status status;
	__u64 id;

	if (!rb_has_huge_pages())
		SKIP(return, "no transparent huge pages");
	mem = thp(_metadata, 1);
	ASSERT_EQ(0, mprotect(mem, HUGE, PROT_READ));
	ASSERT_EQ(0, rb_register(self->dev, mem + 3, HUGE - 3, RB_READ, &id));
	ASSERT_EQ(0, rb_status(self->dev, id, &status));
	EXPECT_LE(HUGE_PAGES, status.pages);
	ASSERT_EQ(0, mprotect(mem, HUGE, RW));
	rb_pattern(mem, HUGE, 91);
	EXPECT_SENDS(id, 0, mem + 3, HUGE - 3);
	EXPECT_EQ(0, rb_deregister(self->dev, id));
}

/* CVE-2023-2598: pages of one huge page that don't follow each other */
TEST_F(reg, scrambled_pages_of_one_huge_page_are_told_apart)
{
	char *mem;
	char *area = blank(64, RW), *copy = malloc(64 * RB_PAGE);
	__u64 id;

	if (!rb_has_huge_pages())
		SKIP(return, "no transparent huge pages");
	mem = thp(_metadata, 1);
	/* Every third page, from the last one down, with pairs in between. */
	for (int i = 0; i < 64; i++) {
		char *from = mem + (i % 4 == 3 ? 400 + i : 200 - 3 * i) *
			     RB_PAGE;

		ASSERT_EQ(area + i * RB_PAGE,
			  mremap(from, RB_PAGE, RB_PAGE,
				 MREMAP_MAYMOVE | MREMAP_FIXED,
				 area + i * RB_PAGE));
	}
	memcpy(copy, area, 64 * RB_PAGE);
	ASSERT_EQ(0, rb_register(self->dev, area, 64 * RB_PAGE, BOTH, &id));
	EXPECT_SENDS(id, 0, copy, 64 * RB_PAGE);
	EXPECT_SENDS(id, 3 * RB_PAGE - 7, copy + 3 * RB_PAGE - 7, 5 * RB_PAGE);
	EXPECT_EQ(0, rb_deregister(self->dev, id));
	free(copy);
}

/* Shared anonymous memory, memfd, System V, /dev/zero: all of it is shmem */
TEST_F(reg, shared_memory_is_taken)
{
	int zero = open("/dev/zero", O_RDWR), fd;
	char *mem;

	mem = mmap(NULL, 3 * RB_PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, mem);
	rb_pattern(mem, 3 * RB_PAGE, 31);
	WHOLE_LIFE(mem + 1, 2 * RB_PAGE, BOTH, 3);

	fd = memfd(_metadata, 3 * RB_PAGE, 0);
	mem = shared(_metadata, fd, 3 * RB_PAGE, RW);
	rb_pattern(mem, 3 * RB_PAGE, 32);
	WHOLE_LIFE(mem + 1, 2 * RB_PAGE, BOTH, 3);

	mem = shared(_metadata, zero, 3 * RB_PAGE, RW);
	rb_pattern(mem, 3 * RB_PAGE, 33);
	WHOLE_LIFE(mem + 1, 2 * RB_PAGE, BOTH, 3);

	mem = mmap(NULL, 3 * RB_PAGE, RW, MAP_PRIVATE, zero, 0);
	ASSERT_NE(MAP_FAILED, mem);
	rb_pattern(mem, 3 * RB_PAGE, 34);
	WHOLE_LIFE(mem + 1, 2 * RB_PAGE, BOTH, 3);
}

/* C7: shared memory mapped read-only, though it is nobody's file */
TEST_F(reg, read_only_shared_memory_is_refused)
{
	int fd = memfd(_metadata, RB_PAGE, 0);
	char *mem = shared(_metadata, fd, RB_PAGE, RW);

	rb_pattern(mem, RB_PAGE, 1);
	mem = shared(_metadata, fd, RB_PAGE, PROT_READ);
	EXPECT_REFUSED(EFAULT, mem, RB_PAGE, RB_READ);
	EXPECT_REFUSED(EFAULT, mem, RB_PAGE, RB_WRITE);
	/* A private mapping would send pages that others may change. */
	mem = mmap(NULL, RB_PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_REFUSED(EOPNOTSUPP, mem, RB_PAGE, RB_READ);
}

/* A sealed memfd can't be had through the back door. */
TEST_F(reg, write_sealed_memfd_is_refused)
{
	int fd = memfd(_metadata, RB_PAGE, MFD_ALLOW_SEALING);
	char *mem;

	ASSERT_EQ(RB_PAGE, pwrite(fd, rb_pages(1), RB_PAGE, 0));
	ASSERT_EQ(0, fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	mem = mmap(NULL, RB_PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_REFUSED(EOPNOTSUPP, mem, RB_PAGE, RB_READ);
}

/* Map a page of a memfd at each page of an area. */
static char *aliases(struct __test_metadata *_metadata, int fd,
		     const int *which, int nr)
{
	char *area = blank(nr, PROT_NONE);

	for (int i = 0; i < nr; i++)
		ASSERT_NE(MAP_FAILED, mmap(area + i * RB_PAGE, RB_PAGE, RW,
					   MAP_SHARED | MAP_FIXED, fd,
					   which[i] * RB_PAGE));
	return area;
}

/* CVE-2023-2598: one page, mapped many times in a row, is not a long range */
TEST_F(reg, page_mapped_many_times_is_sent_many_times)
{
	static const int same[64];
	int fd = memfd(_metadata, 2 * RB_PAGE, 0);
	char *area = aliases(_metadata, fd, same, 64);
	struct regbuf_ioc_status status;
	__u64 id;

	rb_pattern(area, RB_PAGE, 41);
	ASSERT_EQ(0, rb_register(self->dev, area, 64 * RB_PAGE, BOTH, &id));
	ASSERT_EQ(0, rb_status(self->dev, id, &status));
	EXPECT_GE(64, status.pages);
	EXPECT_LE(1, status.pages);
	EXPECT_EQ(self->pins + 64, rb_pins());
	EXPECT_SENDS(id, 0, area, 64 * RB_PAGE);
	EXPECT_SENDS(id, 10 * RB_PAGE + 100, area + 100, RB_PAGE - 100);
	EXPECT_EQ(0, rb_deregister(self->dev, id));
}

/* CVE-2023-2598: some in a row, some not, some again */
TEST_F(reg, scrambled_pages_are_sent_as_mapped)
{
	static const int order[] = {
		0, 1, 2, 3, 3, 4, 5, 0, 15, 14, 13, 13, 0, 1, 2, 3,
		8, 9, 10, 11, 7, 6, 5, 4, 12, 13, 14, 15, 15, 15, 0, 1,
	};
	int fd = memfd(_metadata, 16 * RB_PAGE, 0);
	char *plain = shared(_metadata, fd, 16 * RB_PAGE, RW);
	int nr = ARRAY_SIZE(order);
	char *area;

	rb_pattern(plain, 16 * RB_PAGE, 42);
	area = aliases(_metadata, fd, order, nr);
	WHOLE_LIFE(area, nr * RB_PAGE, BOTH, nr);
	WHOLE_LIFE(area + 3 * RB_PAGE + 5, 9 * RB_PAGE, RB_READ, 10);
}

/* The same with a huge page, which has room for a wrong run. */
TEST_F(reg, huge_page_mapped_many_times_is_sent_as_mapped)
{
	static const int order[] = { 0, 0, 1, 0, 1, 1 };
	char *area, *mem;
	__u64 id;
	int fd;

	reserve_huge(_metadata, self);
	fd = memfd(_metadata, 2 * HUGE, MFD_HUGETLB);
	area = mmap(NULL, 7 * HUGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		    -1, 0);
	ASSERT_NE(MAP_FAILED, area);
	mem = (char *)(((unsigned long)area + HUGE - 1) & -HUGE);
	for (int i = 0; i < 6; i++)
		ASSERT_NE(MAP_FAILED, mmap(mem + i * HUGE, HUGE, RW,
					   MAP_SHARED | MAP_FIXED, fd,
					   order[i] * HUGE));
	rb_pattern(mem, HUGE, 51);
	rb_pattern(mem + 2 * HUGE, HUGE, 52);
	ASSERT_EQ(0, rb_register(self->dev, mem + 7, 6 * HUGE - 7, BOTH, &id));
	for (int i = 1; i < 6; i++)
		EXPECT_SENDS(id, i * HUGE - 7 - RB_PAGE,
			     mem + i * HUGE - RB_PAGE, 2 * RB_PAGE);
	EXPECT_EQ(0, rb_deregister(self->dev, id));
	munmap(area, 7 * HUGE);
	close(fd);
}

/* A file of a few pages, the pattern in it. */
static int make_file(struct __test_metadata *_metadata, const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	char *mem = rb_pages(4);

	ASSERT_GE(fd, 0);
	ASSERT_EQ(4 * RB_PAGE, write(fd, mem, 4 * RB_PAGE));
	munmap(mem, 4 * RB_PAGE);
	return fd;
}

static int ramfs_file(struct __test_metadata *_metadata)
{
	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	ASSERT_EQ(0, mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	ASSERT_EQ(0, mount("ramfs", "/tmp", "ramfs", 0, NULL));
	return make_file(_metadata, "/tmp/file");
}

/* C7, Dirty Frag: pages of the page cache, however they are mapped */
TEST_F(reg, file_pages_are_refused)
{
	int fd = ramfs_file(_metadata);
	char *mem = shared(_metadata, fd, 4 * RB_PAGE, RW);

	EXPECT_REFUSED(EOPNOTSUPP, mem, RB_PAGE, RB_READ);
	EXPECT_REFUSED(EOPNOTSUPP, mem, 4 * RB_PAGE, RB_WRITE);
	mem[0]++;	/* dirty or not makes no difference */
	EXPECT_REFUSED(EOPNOTSUPP, mem + 1, 4 * RB_PAGE - 1, BOTH);
	mem = shared(_metadata, fd, 4 * RB_PAGE, PROT_READ);
	EXPECT_REFUSED(EOPNOTSUPP, mem, 4 * RB_PAGE, RB_READ);
	mem = mmap(NULL, 4 * RB_PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_REFUSED(EOPNOTSUPP, mem, 4 * RB_PAGE, RB_READ);
	ASSERT_EQ(0, mprotect(mem, RB_PAGE, PROT_READ | PROT_EXEC));
	EXPECT_REFUSED(EOPNOTSUPP, mem, RB_PAGE, RB_READ);
}

/* C7: file pages amid good ones: all is refused, and what was pinned let go */
TEST_F(reg, file_page_amid_others_is_refused)
{
	int fd = ramfs_file(_metadata);
	char *mem = rb_pages(2 * BATCH);

	ASSERT_NE(MAP_FAILED, mmap(mem + BATCH * RB_PAGE, RB_PAGE, RW,
				   MAP_SHARED | MAP_FIXED, fd, 0));
	EXPECT_REFUSED(EOPNOTSUPP, mem, 2 * BATCH * RB_PAGE, RB_READ);
	EXPECT_REFUSED(EOPNOTSUPP, mem + BATCH * RB_PAGE - 1, 2, BOTH);
	WHOLE_LIFE(mem, BATCH * RB_PAGE, BOTH, BATCH);
}

/* A private writable mapping of a file: the program's copy, never the file */
TEST_F(reg, private_file_mapping_is_the_program_s_own_copy)
{
	char *mem, *copy = malloc(4 * RB_PAGE), got[RB_PAGE];
	int fd = ramfs_file(_metadata);
	__u64 id;

	mem = mmap(NULL, 4 * RB_PAGE, RW, MAP_PRIVATE, fd, 0);
	ASSERT_NE(MAP_FAILED, mem);
	ASSERT_EQ(0, rb_register(self->dev, mem, 4 * RB_PAGE, BOTH, &id));
	memcpy(copy, mem, 4 * RB_PAGE);
	/* Others write to the file: not sent. The program writes: sent. */
	ASSERT_EQ(3, pwrite(fd, "new", 3, RB_PAGE));
	EXPECT_SENDS(id, 0, copy, 4 * RB_PAGE);
	rb_pattern(mem, 4 * RB_PAGE, 61);
	EXPECT_SENDS(id, 0, mem, 4 * RB_PAGE);
	ASSERT_EQ(RB_PAGE, pread(fd, got, RB_PAGE, 0));
	EXPECT_EQ(0, memcmp(got, copy, RB_PAGE));
	EXPECT_EQ(0, rb_deregister(self->dev, id));
	free(copy);
}

/* A file on tmpfs is shared memory, one on another file system is not. */
TEST_F(reg, file_system_decides)
{
	struct statfs fs;
	char *mem;
	int fd;

	fd = make_file(_metadata, "/dev/shm/regbuf-test");
	ASSERT_EQ(0, fstatfs(fd, &fs));
	ASSERT_EQ(TMPFS_MAGIC, fs.f_type);
	mem = shared(_metadata, fd, 4 * RB_PAGE, RW);
	WHOLE_LIFE(mem, 4 * RB_PAGE, BOTH, 4);
	unlink("/dev/shm/regbuf-test");

	/* Whatever the initial root is. */
	fd = make_file(_metadata, "/regbuf-test");
	ASSERT_EQ(0, fstatfs(fd, &fs));
	mem = shared(_metadata, fd, 4 * RB_PAGE, RW);
	if (fs.f_type == TMPFS_MAGIC)
		WHOLE_LIFE(mem, 4 * RB_PAGE, BOTH, 4);
	else
		EXPECT_REFUSED(EOPNOTSUPP, mem, RB_PAGE, BOTH);
	unlink("/regbuf-test");
}

static const char rodata[2 * RB_PAGE] = "constant";

/* C7: the program's constants and code are pages of its file */
TEST_F(reg, constants_and_code_are_refused)
{
	EXPECT_REFUSED(EOPNOTSUPP, (void *)rodata, 8, RB_READ);
	EXPECT_REFUSED(EOPNOTSUPP, (void *)rodata, sizeof(rodata), RB_READ);
	EXPECT_REFUSED(EOPNOTSUPP, (void *)memcpy, 1, RB_READ);
}

/* The address of a mapping by its name. */
static char *mapping(const char *name)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long start = 0;
	char line[512];

	while (fgets(line, sizeof(line), maps))
		if (strstr(line, name) && sscanf(line, "%lx-", &start) == 1)
			break;
	fclose(maps);
	return (char *)start;
}

/*
 * Memory without pages of its own: EFAULT, whether a kernel maps raw frames
 * (VM_PFNMAP) or pages (VM_MIXEDMAP) there
 */
TEST_F(reg, memory_that_is_no_memory_is_refused)
{
	char *vvar = mapping("[vvar]");

	ASSERT_NE(NULL, vvar);
	EXPECT_REFUSED(EFAULT, vvar, RB_PAGE, RB_READ);
	EXPECT_REFUSED(EFAULT, vvar + 1, 1, RB_READ);
}

TEST_F(reg, memory_of_the_machine_is_refused)
{
	int fd = open("/dev/mem", O_RDWR | O_CLOEXEC);
	char *mem;

	if (fd < 0)
		SKIP(return, "this kernel has no /dev/mem");
	mem = mmap(NULL, RB_PAGE, RW, MAP_SHARED, fd, 0xf0000);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_REFUSED(EFAULT, mem, RB_PAGE, RB_READ);
	EXPECT_REFUSED(EFAULT, mem, RB_PAGE, BOTH);
	close(fd);
}

/* Memory of the kernel that it shares with the program is not its own. */
TEST_F(reg, memory_of_the_kernel_is_refused)
{
	struct io_uring_params params = { 0 };
	int ring = syscall(SYS_io_uring_setup, 4, &params);
	char *vdso = (char *)getauxval(AT_SYSINFO_EHDR), *mem;

	ASSERT_NE(NULL, vdso);
	EXPECT_REFUSED(EOPNOTSUPP, vdso, 1, RB_READ);
	ASSERT_GE(ring, 0);
	mem = shared(_metadata, ring, RB_PAGE, RW);
	/* A raw frame on older kernels, a mixed map on newer ones. */
	EXPECT_REFUSED(EFAULT, mem, RB_PAGE, RB_READ);
	close(ring);
}

/*
 * Pages that only another thread could fill in are not waited for. A kernel
 * with CONFIG_DEBUG_VM shows the stack whenever that happens, to whomever: as
 * its log has to stay clean, the sanitizer kernel is spared.
 */
TEST_F(reg, missing_under_userfaultfd_is_refused)
{
	struct uffdio_api api = { .api = UFFD_API };
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	struct uffdio_register range = { 0 };
	char *mem = blank(4, RW);

	ASSERT_GE(uffd, 0);
	if (!access("/sys/kernel/debug/kmemleak", F_OK))
		SKIP(return, "it would be in the log");
	ASSERT_EQ(0, ioctl(uffd, UFFDIO_API, &api));
	rb_pattern(mem, 3 * RB_PAGE, 1);
	range.range.start = (unsigned long)mem;
	range.range.len = 4 * RB_PAGE;
	range.mode = UFFDIO_REGISTER_MODE_MISSING;
	ASSERT_EQ(0, ioctl(uffd, UFFDIO_REGISTER, &range));
	EXPECT_REFUSED(EFAULT, mem, 4 * RB_PAGE, RB_READ);
	EXPECT_REFUSED(EFAULT, mem + 3 * RB_PAGE, 1, BOTH);
	WHOLE_LIFE(mem, 3 * RB_PAGE, BOTH, 3);
	close(uffd);
}

#ifndef SYS_memfd_secret
#define SYS_memfd_secret	447
#endif

/* Secret memory is nobody else's, not even the network's. */
TEST_F(reg, secret_memory_is_refused)
{
	int fd = syscall(SYS_memfd_secret, 0), err;
	char *mem;
	__u64 id;

	if (fd < 0) {
		ASSERT_EQ(ENOSYS, errno);
		SKIP(return, "this kernel has none");
	}
	ASSERT_EQ(0, ftruncate(fd, RB_PAGE));
	mem = shared(_metadata, fd, RB_PAGE, RW);
	mem[0] = 1;
	err = rb_register(self->dev, mem, RB_PAGE, RB_READ, &id);
	EXPECT_EQ(-EOPNOTSUPP, err);
	EXPECT_EQ(0, rb_left(self->dev));
	EXPECT_EQ(self->pins, rb_pins());
}

TEST_HARNESS_MAIN
