// SPDX-License-Identifier: GPL-2.0
/*
 * C9: what does not take memory from under a buffer does not detach it, and
 * what is sent afterwards is what is in memory then.
 */
#include "regbuf_buf.h"

#include <sys/syscall.h>

#include "kselftest_harness.h"

#define HUGE		(2UL << 20)
#define PAGES		16
#define LEN		(PAGES * RB_PAGE)
#define RW		(PROT_READ | PROT_WRITE)
#define BOTH		(RB_READ | RB_WRITE)
#define KSM		"/sys/kernel/mm/ksm/"

FIXTURE(unmoved)
{
	int dev;
	char *mem;		/* registered, with as much behind it */
	__u64 id;
	unsigned int writes;	/* so far */
	long pins;
	struct regbuf_ioc_stats stats;
};

FIXTURE_VARIANT(unmoved)
{
	bool shared;
};

FIXTURE_VARIANT_ADD(unmoved, private_memory) { false };
FIXTURE_VARIANT_ADD(unmoved, memfd) { true };

FIXTURE_SETUP(unmoved)
{
	int file = syscall(SYS_memfd_create, "unmoved", 1);

	self->pins = rb_pins();
	self->dev = rb_open();
	ASSERT_LE(0, self->dev);
	ASSERT_EQ(0, ftruncate(file, 2 * LEN));
	self->mem = variant->shared ?
		    mmap(NULL, 2 * LEN, RW, MAP_SHARED, file, 0) :
		    (void *)rb_pages(2 * PAGES);
	ASSERT_NE(MAP_FAILED, self->mem);
	rb_pattern(self->mem, 2 * LEN, 1);
	ASSERT_EQ(0, rb_register(self->dev, self->mem, LEN, BOTH, &self->id));
	close(file);
}

FIXTURE_TEARDOWN(unmoved)
{
	EXPECT_EQ(0, rb_deregister(self->dev, self->id));
	EXPECT_EQ(0, rb_left(self->dev));
	close(self->dev);
	EXPECT_TRUE(rb_pinned(self->pins, 0));
}

/* Live, with the bytes that memory has now, and has after another write. */
static void check_stays(struct __test_metadata *_metadata,
			FIXTURE_DATA(unmoved) *self)
{
	EXPECT_EQ(0, rb_use(self->dev, self->id));
	EXPECT_EQ(REGBUF_STATE_LIVE, rb_state(self->dev, self->id));
	EXPECT_EQ(0, rb_carries(self->dev, self->id, self->mem, LEN));
	rb_pattern(self->mem, LEN, 100 + self->writes++);
	EXPECT_EQ(0, rb_carries(self->dev, self->id, self->mem, LEN));
	ASSERT_EQ(0, rb_stats(self->dev, &self->stats));
	EXPECT_EQ(0, self->stats.detached);
	EXPECT_TRUE(rb_pinned(self->pins, PAGES));
}

#define EXPECT_STAYS()	check_stays(_metadata, self)

/* C9, S8: the control. */
TEST_F(unmoved, nothing)
{
	EXPECT_STAYS();
	EXPECT_STAYS();
}

/* A child that has a copy, and does something to it when it is told. */
static pid_t fork_that_waits(const int go[2], void (*what)(char *), char *mem)
{
	pid_t pid = fork();
	char byte;

	if (!pid) {
		close(go[1]);
		if (read(go[0], &byte, 1) < 0)
			_exit(1);
		what(mem);
		_exit(0);
	}
	return pid;
}

static void overwrite(char *mem)
{
	memset(mem, 0xcc, 2 * LEN);
}

static void unmap(char *mem)
{
	munmap(mem, 2 * LEN);
}

static void drop(char *mem)
{
	madvise(mem, 2 * LEN, MADV_DONTNEED);
}

/* The owner writes first, then the child does, and dies. */
static void check_fork(struct __test_metadata *_metadata,
		       FIXTURE_DATA(unmoved) *self, void (*what)(char *))
{
	int go[2];
	pid_t pid;

	ASSERT_EQ(0, pipe(go));
	pid = fork_that_waits(go, what, self->mem);
	EXPECT_STAYS();
	close(go[1]);
	EXPECT_EQ(0, rb_child_result(pid));
	close(go[0]);
	EXPECT_STAYS();
}

/* C9, S8 */
TEST_F(unmoved, fork)
{
	check_fork(_metadata, self, overwrite);
	check_fork(_metadata, self, unmap);
	check_fork(_metadata, self, drop);
}

/* C9, S8: the child writes while the owner has not since. */
TEST_F(unmoved, child_writes_first)
{
	pid_t pid = fork();

	if (!pid) {
		overwrite(self->mem);
		_exit(0);
	}
	EXPECT_EQ(0, rb_child_result(pid));
	EXPECT_STAYS();
}

/* C9, S8: with a registration of its own, which comes and goes. */
TEST_F(unmoved, child_registers_its_copy)
{
	pid_t pid = fork();
	__u64 id;

	if (!pid) {
		int dev = rb_open();

		_exit(rb_register(dev, self->mem, LEN, BOTH, &id) ||
		      munmap(self->mem, LEN) || !rb_use(dev, id));
	}
	EXPECT_EQ(0, rb_child_result(pid));
	EXPECT_STAYS();
}

/* C9, S8 */
TEST_F(unmoved, vfork_and_exec)
{
	pid_t pid = vfork();

	if (!pid) {
		execl("/bin/true", "true", NULL);
		_exit(1);
	}
	EXPECT_LE(0, rb_child_result(pid));
	EXPECT_STAYS();
}

/* C9, S8: its protection is the program's; the buffer has its own rights. */
TEST_F(unmoved, mprotect)
{
	static const int prots[] = { PROT_READ, PROT_NONE, PROT_READ, RW };

	for (int i = 0; i < ARRAY_SIZE(prots); i++) {
		ASSERT_EQ(0, mprotect(self->mem, LEN, prots[i]));
		EXPECT_EQ(0, rb_use(self->dev, self->id));
	}
	EXPECT_STAYS();
	ASSERT_EQ(0, mprotect(self->mem + RB_PAGE, RB_PAGE, PROT_NONE));
	EXPECT_EQ(0, rb_use(self->dev, self->id));
	ASSERT_EQ(0, mprotect(self->mem, LEN, RW));
	EXPECT_STAYS();
}

/* C9, S8: write-protected twice, by the program and by fork. */
TEST_F(unmoved, mprotect_and_fork)
{
	int go[2];
	pid_t pid;

	ASSERT_EQ(0, pipe(go));
	ASSERT_EQ(0, mprotect(self->mem, LEN, PROT_READ));
	pid = fork_that_waits(go, drop, self->mem);
	ASSERT_EQ(0, mprotect(self->mem, LEN, RW));
	EXPECT_STAYS();
	close(go[1]);
	EXPECT_EQ(0, rb_child_result(pid));
	EXPECT_STAYS();
}

/* C9, S8: its neighbours come and go, in the same page table. */
TEST_F(unmoved, neighbours)
{
	char *next = self->mem + LEN;

	ASSERT_EQ(0, madvise(next, LEN, MADV_DONTNEED));
	EXPECT_STAYS();
	ASSERT_EQ(0, munmap(next, RB_PAGE));
	EXPECT_STAYS();
	ASSERT_EQ(next, mmap(next, RB_PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS |
			     MAP_FIXED, -1, 0));
	*next = 1;
	EXPECT_STAYS();
	ASSERT_EQ(0, munmap(next, LEN));
	EXPECT_STAYS();
}

/* C9, S8: longer in its place: what was there stays there. */
TEST_F(unmoved, grown)
{
	ASSERT_EQ(0, munmap(self->mem + LEN, LEN));
	ASSERT_EQ(self->mem, mremap(self->mem, LEN, LEN + RB_PAGE, 0));
	EXPECT_STAYS();
}

/* C9, S8 */
TEST_F(unmoved, mlock)
{
	ASSERT_EQ(0, mlock(self->mem, 2 * LEN));
	EXPECT_STAYS();
	ASSERT_EQ(0, munlock(self->mem, 2 * LEN));
	EXPECT_STAYS();
}

/* C9, S8: advice that leaves the bytes as they are. */
TEST_F(unmoved, advice)
{
	static const int advice[] = {
		MADV_NORMAL, MADV_RANDOM, MADV_WILLNEED, MADV_COLD,
		MADV_PAGEOUT, MADV_DONTFORK, MADV_DOFORK, MADV_POPULATE_READ,
		MADV_POPULATE_WRITE, MADV_DONTDUMP, MADV_HUGEPAGE,
		25 /* MADV_COLLAPSE */, MADV_NOHUGEPAGE,
	};

	for (int i = 0; i < ARRAY_SIZE(advice); i++) {
		/* Whether this kernel takes it is not the question. */
		madvise(self->mem, LEN, advice[i]);
		EXPECT_STAYS();
	}
}

/* C9, S8: memory that may be had back when it is scarce: not what is pinned. */
TEST_F(unmoved, lazily_freed)
{
	madvise(self->mem, LEN, MADV_FREE);
	EXPECT_EQ(0, rb_carries(self->dev, self->id, self->mem, LEN));
	EXPECT_STAYS();
	madvise(self->mem, LEN, MADV_FREE);
	madvise(self->mem, LEN, MADV_PAGEOUT);
	EXPECT_STAYS();
}

/*
 * C9, S8: a shared page that is taken out of the table is found again in the
 * file.
 */
TEST_F(unmoved, dropped_from_the_page_table)
{
	if (!variant->shared)
		SKIP(return, "of shared memory");
	ASSERT_EQ(0, madvise(self->mem, LEN, MADV_DONTNEED));
	EXPECT_EQ(0, rb_use(self->dev, self->id));
	EXPECT_STAYS();
	ASSERT_EQ(0, madvise(self->mem + RB_PAGE, RB_PAGE, MADV_DONTNEED));
	EXPECT_STAYS();
}

/* C9, S8: not in the table, and not to be read there: still the same page. */
TEST_F(unmoved, dropped_and_protected)
{
	if (!variant->shared)
		SKIP(return, "of shared memory");
	ASSERT_EQ(0, madvise(self->mem, LEN, MADV_DONTNEED));
	ASSERT_EQ(0, mprotect(self->mem, LEN, PROT_NONE));
	EXPECT_EQ(0, rb_use(self->dev, self->id));
	ASSERT_EQ(0, mprotect(self->mem, LEN, RW));
	EXPECT_STAYS();
}

static int compact(void)
{
	return rb_write_file("/proc/sys/vm/compact_memory", "1");
}

/* S8: what is pinned stays where it is. */
TEST_F(unmoved, compaction)
{
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, compact());
		EXPECT_STAYS();
	}
}

/* C9, S8 */
TEST_F(unmoved, caches_dropped)
{
	ASSERT_EQ(0, rb_write_file("/proc/sys/vm/drop_caches", "3"));
	EXPECT_STAYS();
}

/* S8: to the node it is on, if there are such: pinned it cannot go anywhere. */
TEST_F(unmoved, migration)
{
	void *pages[PAGES];
	int nodes[PAGES] = {}, status[PAGES];

	for (int i = 0; i < PAGES; i++)
		pages[i] = self->mem + i * RB_PAGE;
	syscall(SYS_move_pages, 0, PAGES, pages, nodes, status, 1 << 2);
	EXPECT_STAYS();
	syscall(SYS_mbind, self->mem, 2 * LEN, 2, &(long){ 1 }, 64, 7);
	EXPECT_STAYS();
}

/*
 * C9, S8: written by the kernel, on the program's behalf, or by another
 * process.
 */
TEST_F(unmoved, written_by_others)
{
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);

	ASSERT_EQ(5, pwrite(fd, "bytes", 5, (unsigned long)self->mem + 100));
	EXPECT_EQ(0, memcmp(self->mem + 100, "bytes", 5));
	EXPECT_EQ(0, rb_carries(self->dev, self->id, self->mem, LEN));
	close(fd);
	EXPECT_STAYS();
}

static long ksm_scanned(void)
{
	FILE *file = fopen(KSM "full_scans", "re");
	long nr = -1;

	if (!file || fscanf(file, "%ld", &nr) != 1)
		nr = -1;
	if (file)
		fclose(file);
	return nr;
}

/* So many times over all memory; 0 if it was. */
static int ksm_scans(int nr)
{
	long end = ksm_scanned() + nr;

	return rb_within(30, ksm_scanned() >= end) ? 0 : -1;
}

/* C9, S8: pages alike, of which some may be merged; pinned ones are not. */
TEST_F(unmoved, ksm)
{
	char *alike = rb_pages(2 * PAGES);

	if (access(KSM "run", W_OK))
		SKIP(return, "this kernel has no KSM");
	memcpy(alike, self->mem, 2 * LEN);
	ASSERT_EQ(0, rb_write_file(KSM "sleep_millisecs", "1"));
	ASSERT_EQ(0, rb_write_file(KSM "pages_to_scan", "2000"));
	ASSERT_EQ(0, madvise(self->mem, 2 * LEN, MADV_MERGEABLE));
	ASSERT_EQ(0, madvise(alike, 2 * LEN, MADV_MERGEABLE));
	ASSERT_EQ(0, rb_write_file(KSM "run", "1"));
	EXPECT_EQ(0, ksm_scans(3));
	EXPECT_STAYS();
	memcpy(alike, self->mem, 2 * LEN);
	EXPECT_EQ(0, ksm_scans(3));
	EXPECT_STAYS();
	ASSERT_EQ(0, rb_write_file(KSM "run", "2"));
	EXPECT_STAYS();
	ASSERT_EQ(0, rb_write_file(KSM "run", "0"));
}

struct scribbler {
	FIXTURE_DATA(unmoved) *self;
	volatile int stop;
	long rounds;
};

/* All that does not count, all the time. */
static void *disturb(void *arg)
{
	struct scribbler *s = arg;
	char *mem = s->self->mem;

	for (; !s->stop; s->rounds++) {
		mprotect(mem, LEN, PROT_READ);
		madvise(mem, LEN, MADV_COLD);
		madvise(mem, LEN, MADV_PAGEOUT);
		mprotect(mem, LEN, RW);
		madvise(mem, LEN, MADV_FREE);
		madvise(mem + LEN, LEN, MADV_DONTNEED);
		mem[LEN] = 1;
	}
	return NULL;
}

/* C9, S8: at once with requests: never refused. */
TEST_F_TIMEOUT(unmoved, disturbed_while_it_is_used, 120)
{
	struct scribbler s = { self };
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, disturb, &s));
	for (int i = 0; i < 200 || !s.rounds; i++)
		ASSERT_EQ(0, rb_use(self->dev, self->id));
	s.stop = 1;
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_STAYS();
}

/*
 * C9, S8: read-only memory, pinned for writing all the same: one and the same
 * page.
 */
TEST(read_only_memory_made_writable)
{
	char *mem = rb_pages(PAGES);
	int dev = rb_open();
	__u64 id;

	ASSERT_EQ(0, mprotect(mem, LEN, PROT_READ));
	ASSERT_EQ(0, rb_register(dev, mem, LEN, RB_READ, &id));
	EXPECT_EQ(0, rb_carries(dev, id, mem, LEN));
	ASSERT_EQ(0, mprotect(mem, LEN, RW));
	rb_pattern(mem, LEN, 44);
	EXPECT_EQ(0, rb_carries(dev, id, mem, LEN));
	EXPECT_EQ(0, rb_deregister(dev, id));
	close(dev);
}

/*
 * Huge pages, of which the buffer has a part
 */
FIXTURE(huge)
{
	int dev;
	char *mem;		/* 2 * HUGE */
	char *at;		/* the buffer, LEN */
	__u64 id;
	long pins;
};

FIXTURE_VARIANT(huge)
{
	int advice;
};

FIXTURE_VARIANT_ADD(huge, from_huge) { MADV_HUGEPAGE };
FIXTURE_VARIANT_ADD(huge, from_small) { MADV_NOHUGEPAGE };

FIXTURE_SETUP(huge)
{
	char *area = rb_map(4 * HUGE, PROT_NONE, 0);

	if (variant->advice == MADV_HUGEPAGE && !rb_has_huge_pages())
		SKIP(return, "no transparent huge pages");
	self->pins = rb_pins();
	self->dev = rb_open();
	self->mem = (char *)(((unsigned long)area + HUGE) & -HUGE);
	ASSERT_EQ(self->mem, mmap(self->mem, 2 * HUGE, RW, MAP_PRIVATE |
				  MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	ASSERT_EQ(0, rb_advise_huge(self->mem, 2 * HUGE, variant->advice));
	rb_pattern(self->mem, 2 * HUGE, 1);
	self->at = self->mem + HUGE / 2;
	ASSERT_EQ(0, rb_register(self->dev, self->at, LEN, BOTH, &self->id));
}

FIXTURE_TEARDOWN(huge)
{
	struct regbuf_ioc_stats stats;

	EXPECT_EQ(0, rb_use(self->dev, self->id));
	EXPECT_EQ(0, rb_carries(self->dev, self->id, self->at, LEN));
	rb_pattern(self->at, LEN, 66);
	EXPECT_EQ(0, rb_carries(self->dev, self->id, self->at, LEN));
	ASSERT_EQ(0, rb_stats(self->dev, &stats));
	EXPECT_EQ(0, stats.detached);
	close(self->dev);
	EXPECT_TRUE(rb_pinned(self->pins, 0));
	munmap(self->mem, 2 * HUGE);
}

/* C9, S8 */
TEST_F(huge, other_half_unmapped)
{
	ASSERT_EQ(0, munmap(self->mem, HUGE / 2));
	EXPECT_EQ(0, rb_use(self->dev, self->id));
	ASSERT_EQ(0, munmap(self->at + LEN, HUGE / 2 - LEN));
}

/* C9, S8 */
TEST_F(huge, other_half_dropped)
{
	ASSERT_EQ(0, madvise(self->mem, HUGE / 2, MADV_DONTNEED));
	EXPECT_EQ(0, rb_use(self->dev, self->id));
	memset(self->mem, 1, HUGE / 2);
	ASSERT_EQ(0, madvise(self->at + LEN, RB_PAGE, MADV_DONTNEED));
}

/* C9, S8 */
TEST_F(huge, other_half_moved)
{
	char *to = rb_map(HUGE / 2, PROT_NONE, 0);

	ASSERT_EQ(to, mremap(self->mem, HUGE / 2, HUGE / 2, MREMAP_MAYMOVE |
			     MREMAP_FIXED, to));
}

/* C9, S8 */
TEST_F(huge, split_by_protection)
{
	ASSERT_EQ(0, mprotect(self->mem, RB_PAGE, PROT_READ));
	EXPECT_EQ(0, rb_use(self->dev, self->id));
	ASSERT_EQ(0, mprotect(self->at, RB_PAGE, PROT_NONE));
	EXPECT_EQ(0, rb_use(self->dev, self->id));
	ASSERT_EQ(0, mprotect(self->mem, 2 * HUGE, RW));
}

/* C9, S8 */
TEST_F(huge, collapsed)
{
	for (int i = 0; i < 3; i++) {
		madvise(self->mem, 2 * HUGE, MADV_HUGEPAGE);
		madvise(self->mem, 2 * HUGE, 25 /* MADV_COLLAPSE */);
		EXPECT_EQ(0, rb_use(self->dev, self->id));
	}
}

/* C9, S8 */
TEST_F(huge, compacted)
{
	ASSERT_EQ(0, compact());
}

/* C9, S8 */
TEST_F(huge, forked)
{
	pid_t pid = fork();

	if (!pid) {
		memset(self->mem, 3, 2 * HUGE);
		_exit(0);
	}
	EXPECT_EQ(0, rb_child_result(pid));
}

TEST_HARNESS_MAIN
