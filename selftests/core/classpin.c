// SPDX-License-Identifier: GPL-2.0
/*
 * Bugs that others had when they pinned memory, by class: see
 * Documentation/bug-classes.rst. C5, C6, C7, C10. Whether what was pinned is
 * let go of as often as it was, page by page, a sealed memfd tells: sealing
 * fails while any of its pages has a reference too many, or too few.
 */
#include "regbuf_buf.h"

#include <linux/memfd.h>
#include <stdatomic.h>
#include <sys/mount.h>

#include "kselftest_harness.h"

#define HUGE		(2UL << 20)
#define HUGE_PAGES	(long)(HUGE / RB_PAGE)
#define RW		(PROT_READ | PROT_WRITE)
#define BOTH		(RB_READ | RB_WRITE)
#define MANY		1200	/* pages; more than one go pins */
#define SHMEM_HUGE	"/sys/kernel/mm/transparent_hugepage/shmem_enabled"

FIXTURE(pin)
{
	int dev;
	int fd;			/* memfd */
	char *mem;		/* all of it */
	size_t len;
	long pins;
};

FIXTURE_SETUP(pin)
{
	self->fd = -1;
	self->pins = rb_pins();
	ASSERT_LE(0, self->pins);
	self->dev = rb_open();
	ASSERT_LE(0, self->dev);
}

FIXTURE_TEARDOWN(pin)
{
	EXPECT_EQ(0, rb_left(self->dev));
	close(self->dev);
	EXPECT_TRUE(rb_pinned(self->pins, 0));
	if (self->mem)
		munmap(self->mem, self->len);
	/* No page of it has a reference that it should not have. */
	if (self->fd >= 0) {
		EXPECT_EQ(0, fcntl(self->fd, F_ADD_SEALS, F_SEAL_WRITE));
		close(self->fd);
	}
}

/* The memfd, in single pages or a huge one if the kernel has one. */
static void file(struct __test_metadata *_metadata, FIXTURE_DATA(pin) *self,
		 size_t len, bool huge)
{
	char *area = mmap(NULL, len + HUGE, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (huge)
		rb_write_file(SHMEM_HUGE, "advise");
	self->fd = memfd_create("classpin", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ftruncate(self->fd, len));
	area = (char *)(((unsigned long)area + HUGE - 1) & -HUGE);
	self->mem = mmap(area, len, RW, MAP_SHARED | MAP_FIXED, self->fd, 0);
	ASSERT_EQ(area, self->mem);
	self->len = len;
	madvise(self->mem, len, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	rb_pattern(self->mem, len, 1);
	if (huge)
		rb_write_file(SHMEM_HUGE, "never");
}

/* From here on charged as anybody is; and back. */
static int be_nobody(unsigned long pages)
{
	return rb_set_memlock(pages) ?: setresuid(RB_NOBODY, RB_NOBODY, 0);
}

static int be_root(void)
{
	return setresuid(0, 0, 0);
}

/* Pages of the memfd, mapped where they are wanted. */
static char *aliases(struct __test_metadata *_metadata,
		     const FIXTURE_DATA(pin) *self, const int *which, int nr)
{
	char *area = rb_map(nr * RB_PAGE, PROT_NONE, 0);

	for (int i = 0; i < nr; i++)
		ASSERT_NE(MAP_FAILED, mmap(area + i * RB_PAGE, RB_PAGE, RW,
					   MAP_SHARED | MAP_FIXED, self->fd,
					   which[i] * RB_PAGE));
	return area;
}

/* Over loopback into a buffer: what is sent by the far end. */
static void receive(struct __test_metadata *_metadata, int dev, __u64 id,
		    const char *bytes, __u32 len)
{
	struct rb_queue q;
	__u32 ep;
	int sv[2];

	ASSERT_EQ(0, rb_pair(NULL, AF_INET, SOCK_STREAM, sv));
	ASSERT_EQ(0, rb_q_open(dev, &q, 4, 4, 0));
	ASSERT_EQ(0, rb_q_attach(&q, sv[0], RB_BOTH, 0, 0, &ep));
	rb_sqe_recv(&q, ep, id, 0, len, 7)->flags = REGBUF_SQE_F_WAITALL;
	ASSERT_EQ(0, rb_q_submit_all(&q));
	ASSERT_EQ(len, send(sv[1], bytes, len, 0));
	EXPECT_EQ(0, rb_q_value(&q, 7, len));
	rb_q_close(&q);
	close(sv[0]);
	close(sv[1]);
}

/*
 * What is received into pages goes to these, and to nowhere else in what they
 * were cut from; what is sent is what they have.
 */
static void only_these(struct __test_metadata *_metadata,
		       FIXTURE_DATA(pin) *self, const int *which, int nr)
{
	char *area = aliases(_metadata, self, which, nr);
	unsigned char *want = malloc(self->len);
	char *bytes = malloc(nr * RB_PAGE);
	__u64 id;

	ASSERT_EQ(0, rb_register(self->dev, area, nr * RB_PAGE, BOTH, &id));
	EXPECT_EQ(self->pins + nr, rb_pins());
	EXPECT_EQ(0, rb_carries(self->dev, id, area, nr * RB_PAGE));
	rb_pattern(bytes, nr * RB_PAGE, 77);
	memcpy(want, self->mem, self->len);
	for (int i = 0; i < nr; i++)
		memcpy(want + which[i] * RB_PAGE, bytes + i * RB_PAGE, RB_PAGE);
	receive(_metadata, self->dev, id, bytes, nr * RB_PAGE);
	EXPECT_EQ(0, memcmp(want, self->mem, self->len));
	EXPECT_EQ(0, rb_carries(self->dev, id, area, nr * RB_PAGE));
	EXPECT_EQ(0, rb_deregister(self->dev, id));
	munmap(area, nr * RB_PAGE);
	free(bytes);
	free(want);
}

/*
 * Page-range maths. A page that is mapped many times is not as many pages, and
 * what follows it in memory is somebody else's.
 */
TEST_F(pin, cve_2023_2598_same_page_many_times)
{
	static const int same[32] = { [0 ... 31] = 1 };

	file(_metadata, self, 40 * RB_PAGE, false);
	only_these(_metadata, self, same, 32);
}

/* The same of a huge page, where what follows is in the same folio. */
TEST_F(pin, cve_2023_2598_same_page_of_a_folio_many_times)
{
	static const int same[32] = { [0 ... 31] = 1 };

	file(_metadata, self, HUGE, true);
	only_these(_metadata, self, same, 32);
}

/* Some follow each other, some are turned round, some have gaps. */
TEST_F(pin, cve_2023_2598_pages_of_a_folio_in_any_order)
{
	static const int order[] = {
		0, 1, 2, 3, 3, 5, 7, 8, 9, 10, 9, 8, 511, 0, 1, 510, 511, 100,
		101, 99, 98, 200, 201, 202, 203, 400, 300, 301, 302, 303, 304,
		2,
	};

	file(_metadata, self, HUGE, true);
	only_these(_metadata, self, order, 32);
	only_these(_metadata, self, order + 3, 9);
	only_these(_metadata, self, order + 16, 13);
}

/* One message of neighbours that are named in the wrong order: slices. */
TEST_F(pin, cve_2023_2598_slices_that_touch_in_memory)
{
	static const int order[] = { 3, 3, 2, 1, 4, 5 };
	struct regbuf_slice slices[6];
	char got[6 * RB_PAGE];
	struct regbuf_ioc_send msg;
	__u64 id;
	int sv[2];

	file(_metadata, self, HUGE, true);
	ASSERT_EQ(0, rb_pair(NULL, AF_INET, SOCK_STREAM, sv));
	ASSERT_EQ(0, rb_register(self->dev, self->mem, HUGE, RB_READ, &id));
	for (int i = 0; i < 6; i++)
		slices[i] = rb_slice(id, order[i] * RB_PAGE, RB_PAGE);
	msg = rb_msg(sv[0], slices, 6);
	ASSERT_EQ(0, rb_ioctl(self->dev, REGBUF_IOC_SEND, &msg));
	ASSERT_EQ(0, rb_recv_all(sv[1], got, sizeof(got)));
	for (int i = 0; i < 6; i++)
		EXPECT_EQ(0, memcmp(self->mem + slices[i].offset,
				    got + i * RB_PAGE, RB_PAGE));
	close(sv[0]);
	close(sv[1]);
	EXPECT_EQ(0, rb_deregister(self->dev, id));
}

/*
 * Size overflow: sums that wrap around, in every call that has a range. None
 * finds memory, and none is let in by what it wraps to.
 */
static const __u64 wrapping[] = {
	-1ULL, -2ULL, -RB_PAGE, -RB_PAGE + 1, -RB_PAGE - 1, -2 * RB_PAGE,
	1ULL << 63, (1ULL << 63) - 1, (1ULL << 63) + RB_PAGE,
	1ULL << 52, (1ULL << 52) + 1, (1ULL << 44) + 1,
};

TEST_F(pin, cve_2024_53187_lengths_that_wrap)
{
	struct regbuf_array_entry entry;
	char *mem = rb_pages(2);
	__u64 id;
	int err;

	for (int i = 0; i < ARRAY_SIZE(wrapping); i++)
		for (int at = 0; at <= RB_PAGE; at += RB_PAGE - 1) {
			err = rb_register(self->dev, mem + at, wrapping[i],
					  RB_READ, &id);
			EXPECT_TRUE(err == -EOVERFLOW || err == -EFAULT);
			entry = rb_entry(mem + at, wrapping[i], RB_READ);
			err = rb_array(self->dev, &entry, 1);
			EXPECT_TRUE(err == -EOVERFLOW || err == -EFAULT);
			EXPECT_EQ(0, rb_left(self->dev));
		}
	EXPECT_TRUE(rb_pinned(self->pins, 0));
}

/* The end of user space, with nothing to round up to. */
TEST_F(pin, cve_2024_53187_end_of_the_address_space)
{
	char *last = (char *)0x7fffffffe000, *mem;
	__u64 id;

	mem = mmap(last, RB_PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS |
		   MAP_FIXED_NOREPLACE, -1, 0);
	if (mem == MAP_FAILED)		/* the stack has it: as good */
		mem = last;
	for (__u64 len = 1; len < 1ULL << 36; len *= 2) {
		int err = rb_register(self->dev, mem + RB_PAGE - 1, len,
				      RB_READ, &id);

		EXPECT_EQ(len == 1 ? 0 : -EFAULT, err);
		if (!err)
			EXPECT_EQ(0, rb_deregister(self->dev, id));
	}
	for (int i = 0; i < ARRAY_SIZE(wrapping); i++)
		EXPECT_NE(0, rb_register(self->dev, (void *)-wrapping[i],
					 wrapping[i], RB_READ, &id));
	EXPECT_EQ(0, rb_left(self->dev));
}

/* Slices, exports and pools of a buffer whose end they pass by wrapping. */
TEST_F(pin, cve_2024_53187_offsets_that_wrap)
{
	struct regbuf_ioc_send msg;
	struct rb_queue q;
	__u64 id;
	int sv[2];

	ASSERT_EQ(0, rb_pair(NULL, AF_INET, SOCK_DGRAM, sv));
	ASSERT_EQ(0, rb_register(self->dev, rb_pages(2), 2 * RB_PAGE, BOTH,
				 &id));
	ASSERT_EQ(0, rb_q_open(self->dev, &q, 4, 4, 64));
	for (int i = 0; i < ARRAY_SIZE(wrapping); i++) {
		__u64 off = wrapping[i];

		EXPECT_EQ(-EFAULT, rb_send(self->dev, sv[0], id, off, 4096,
					   &msg));
		EXPECT_EQ(-EFAULT, rb_send(self->dev, sv[0], id, off, -1U,
					   &msg));
		EXPECT_EQ(-EFAULT, rb_export(self->dev, id, off, RB_PAGE,
					     RB_READ));
		EXPECT_EQ(-EFAULT, rb_export(self->dev, id, RB_PAGE, off,
					     RB_READ));
		EXPECT_EQ(-EFAULT, rb_q_pool(&q, id, off, RB_PAGE, 1));
	}
	/* 2^32 slices of one byte are too many, and so is their product. */
	EXPECT_EQ(-EFAULT, rb_q_pool(&q, id, 0, 1U << 31, 2));
	EXPECT_EQ(-EFAULT, rb_q_pool(&q, id, 0, 1U << 26, 64));
	rb_q_close(&q);
	close(sv[0]);
	close(sv[1]);
	EXPECT_EQ(0, rb_deregister(self->dev, id));
}

/* Parts of a folio: first page, pages. None begins where the folio does. */
static const int parts[][2] = {
	{ 1, 1 }, { 511, 1 }, { 5, 7 }, { 256, 256 }, { 1, 511 }, { 3, 508 },
};

/* Wrong unpin object: of a tail page it is the folio that was pinned. */
static void unpins_parts(struct __test_metadata *_metadata,
			 FIXTURE_DATA(pin) *self, char *mem, __u32 access)
{
	__u64 ids[ARRAY_SIZE(parts)];
	long pinned = 0;

	for (int i = 0; i < ARRAY_SIZE(parts); i++) {
		ASSERT_EQ(0, rb_register(self->dev, mem + parts[i][0] * RB_PAGE,
					 parts[i][1] * RB_PAGE, access,
					 &ids[i]));
		pinned += parts[i][1];
		EXPECT_EQ(self->pins + pinned, rb_pins());
	}
	/* What is received makes pages dirty, by another way of unpinning. */
	if (access & RB_WRITE)
		receive(_metadata, self->dev, ids[2], mem, 7 * RB_PAGE);
	for (int i = 0; i < ARRAY_SIZE(parts); i++) {
		int nr = i % 2 ? ARRAY_SIZE(parts) - i : i;

		EXPECT_EQ(0, rb_deregister(self->dev, ids[nr]));
		pinned -= parts[nr][1];
		EXPECT_TRUE(rb_pinned(self->pins, pinned));
	}
}

TEST_F(pin, cve_2025_38256_tail_pages_of_shared_memory)
{
	file(_metadata, self, HUGE, true);
	unpins_parts(_metadata, self, self->mem, RB_READ);
	unpins_parts(_metadata, self, self->mem, BOTH);
}

/* Anonymous: that it can be freed is all that can be seen of it. */
TEST_F(pin, cve_2025_38256_tail_pages_of_anonymous_memory)
{
	char *area = rb_map(2 * HUGE, RW, 0);
	char *mem = (char *)(((unsigned long)area + HUGE - 1) & -HUGE);

	madvise(mem, HUGE, MADV_HUGEPAGE);
	rb_pattern(mem, HUGE, 3);
	unpins_parts(_metadata, self, mem, RB_READ);
	unpins_parts(_metadata, self, mem, BOTH);
	ASSERT_EQ(0, munmap(area, 2 * HUGE));
}

/*
 * Double put: registration fails after some of it was pinned, at each page and
 * for each reason. The pages before are let go of once.
 */
static int unmap_page(char *page)
{
	return munmap(page, RB_PAGE);
}

static int forbid_page(char *page)
{
	return mprotect(page, RB_PAGE, PROT_NONE);
}

static int protect_page(char *page)
{
	return mprotect(page, RB_PAGE, PROT_READ);
}

static int (*const spoilers[])(char *page) = {
	unmap_page, forbid_page, protect_page,
};

/* One page after the other, of memory mapped anew each time. */
static void fails_at_each(struct __test_metadata *_metadata,
			  FIXTURE_DATA(pin) *self, int nr, int step)
{
	char *copy = malloc(nr * RB_PAGE);
	__u64 id;

	memcpy(copy, self->mem, nr * RB_PAGE);
	for (int s = 0; s < ARRAY_SIZE(spoilers); s++)
		for (int bad = 0; bad < nr; bad += step) {
			char *mem = mmap(NULL, nr * RB_PAGE, RW, MAP_SHARED,
					 self->fd, 0);

			ASSERT_EQ(0, spoilers[s](mem + bad * RB_PAGE));
			EXPECT_EQ(-EFAULT,
				  rb_register(self->dev, mem, nr * RB_PAGE,
					      BOTH, &id));
			EXPECT_EQ(0, rb_left(self->dev));
			ASSERT_EQ(0, munmap(mem, nr * RB_PAGE));
		}
	EXPECT_EQ(self->pins, rb_pins());
	/* What was freed once too often would be another's by now. */
	EXPECT_EQ(0, memcmp(copy, self->mem, nr * RB_PAGE));
	free(copy);
}

TEST_F(pin, cve_2026_43494_pinned_in_part)
{
	file(_metadata, self, 20 * RB_PAGE, false);
	fails_at_each(_metadata, self, 20, 1);
}

/* Over more than one go of pinning. */
TEST_F(pin, cve_2026_43494_pinned_in_part_of_much)
{
	file(_metadata, self, MANY * RB_PAGE, false);
	fails_at_each(_metadata, self, MANY, 171);
}

/* Of a huge page, in which a hole is. */
TEST_F(pin, cve_2026_43494_pinned_in_part_of_a_folio)
{
	file(_metadata, self, HUGE, true);
	fails_at_each(_metadata, self, HUGE_PAGES, 73);
}

/* Pages of another's file come and go among those that are being pinned. */
struct swapper {
	char *page;
	int files[2];
	off_t offsets[2];
	atomic_int stop;
	pthread_t thread;
};

static void *swap_files(void *arg)
{
	struct swapper *s = arg;

	for (unsigned int i = 0; !atomic_load(&s->stop); i++)
		if (mmap(s->page, RB_PAGE, RW, MAP_SHARED | MAP_FIXED,
			 s->files[i % 2], s->offsets[i % 2]) == s->page) {
			/* As those around it are: one mapping with these. */
			madvise(s->page, RB_PAGE, MADV_NOHUGEPAGE);
			*(volatile char *)s->page = 1;
		}
	return NULL;
}

/* On a file system that is nobody's shared memory. */
static int ramfs_file(void)
{
	char page[RB_PAGE] = "";
	int fd;

	if (unshare(CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("ramfs", "/tmp", "ramfs", 0, NULL))
		return -1;
	fd = open("/tmp/file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	return write(fd, page, RB_PAGE) == RB_PAGE ? fd : -1;
}

/* What is found to be wrong only when it is pinned is let go of once. */
TEST_F_TIMEOUT(pin, cve_2026_43494_replaced_while_it_is_pinned, 60)
{
	struct swapper swapper = { };
	int other = ramfs_file(), err;
	__u64 id;

	ASSERT_LE(0, other);
	file(_metadata, self, MANY * RB_PAGE, false);
	/* At the end of one mapping that was looked at long before. */
	swapper.offsets[0] = (MANY - 3) * RB_PAGE;
	swapper.page = self->mem + swapper.offsets[0];
	swapper.files[0] = self->fd;
	swapper.files[1] = other;
	ASSERT_EQ(0, pthread_create(&swapper.thread, NULL, swap_files,
				    &swapper));
	for (int i = 0; i < 200; i++) {
		err = rb_register(self->dev, self->mem, MANY * RB_PAGE, BOTH,
				  &id);
		if (err == -EOPNOTSUPP)
			continue;
		ASSERT_EQ(0, err);
		ASSERT_EQ(0, rb_deregister(self->dev, id));
	}
	atomic_store(&swapper.stop, 1);
	ASSERT_EQ(0, pthread_join(swapper.thread, NULL));
	EXPECT_EQ(self->pins, rb_pins());
	close(other);
}

/*
 * And after all of it was: the budget has room for the range, but not for the
 * folio that it turns out to lie in.
 */
TEST_F(pin, cve_2026_43502_refused_when_all_is_pinned)
{
	struct regbuf_ioc_register reg;

	file(_metadata, self, HUGE, true);
	ASSERT_EQ(0, be_nobody(64));
	for (int i = 0; i < 20; i++) {
		int err = rb_register_flags(self->dev, self->mem + i * RB_PAGE,
					    3 * RB_PAGE, BOTH, 0, &reg);

		/* A kernel without huge pages there has room for it. */
		if (!err && reg.needed == 3)
			err = rb_deregister(self->dev, reg.id) ?: -ENOBUFS;
		EXPECT_EQ(-ENOBUFS, err);
		EXPECT_EQ(0, rb_charged(self->dev));
	}
	ASSERT_EQ(0, be_root());
}

/* A table of which the last entry is refused: those before were pinned. */
TEST_F(pin, cve_2026_43502_table_with_a_bad_end)
{
	struct regbuf_array_entry entries[8];

	file(_metadata, self, 8 * RB_PAGE, false);
	for (int bad = 0; bad < 8; bad++) {
		for (int i = 0; i < 8; i++)
			entries[i] = rb_entry(self->mem, (i + 1) * RB_PAGE,
					      BOTH);
		entries[bad].addr = 0x1000;
		EXPECT_EQ(-EFAULT, rb_array(self->dev, entries, 8));
		EXPECT_EQ(0, rb_left(self->dev));
	}
	EXPECT_EQ(self->pins, rb_pins());
}

/*
 * Writes to shared pages: what is received is the program's own, and neither in
 * the file that it maps privately, nor in what a child has of before.
 */
static void not_in_the_file(struct __test_metadata *_metadata,
			    FIXTURE_DATA(pin) *self, int fd)
{
	char *mem = mmap(NULL, RB_PAGE, RW, MAP_PRIVATE, fd, 0);
	char bytes[RB_PAGE], before[RB_PAGE], after[RB_PAGE];
	__u64 id;

	ASSERT_NE(MAP_FAILED, mem);
	ASSERT_EQ(RB_PAGE, pread(fd, before, RB_PAGE, 0));
	ASSERT_EQ(0, rb_register(self->dev, mem, RB_PAGE, BOTH, &id));
	rb_pattern(bytes, RB_PAGE, 55);
	receive(_metadata, self->dev, id, bytes, RB_PAGE);
	EXPECT_EQ(0, memcmp(bytes, mem, RB_PAGE));
	ASSERT_EQ(RB_PAGE, pread(fd, after, RB_PAGE, 0));
	EXPECT_EQ(0, memcmp(before, after, RB_PAGE));
	EXPECT_EQ(0, rb_deregister(self->dev, id));
	munmap(mem, RB_PAGE);
}

TEST_F(pin, shared_page_write_private_mapping_of_a_file)
{
	int other = ramfs_file();

	ASSERT_LE(0, other);
	not_in_the_file(_metadata, self, other);
	file(_metadata, self, RB_PAGE, false);
	not_in_the_file(_metadata, self, self->fd);
	close(other);
}

/* A child that looks at its copy when it is told to. */
static pid_t child_looks(const char *mem, const char *want, const int tell[2])
{
	pid_t pid = fork();
	char byte;

	if (pid)
		return pid;
	close(tell[1]);
	_exit(read(tell[0], &byte, 1) || memcmp(mem, want, RB_PAGE));
}

TEST_F(pin, shared_page_write_child_keeps_its_copy)
{
	char bytes[RB_PAGE], before[RB_PAGE], *mem = rb_pages(1);
	pid_t children[2];
	int tell[2];
	__u64 id;

	memcpy(before, mem, RB_PAGE);
	ASSERT_EQ(0, pipe(tell));
	children[0] = child_looks(mem, before, tell);
	ASSERT_EQ(0, rb_register(self->dev, mem, RB_PAGE, BOTH, &id));
	children[1] = child_looks(mem, before, tell);
	rb_pattern(bytes, RB_PAGE, 55);
	receive(_metadata, self->dev, id, bytes, RB_PAGE);
	EXPECT_EQ(0, memcmp(bytes, mem, RB_PAGE));
	close(tell[1]);
	for (int i = 0; i < 2; i++)
		EXPECT_EQ(0, rb_child_result(children[i]));
	EXPECT_EQ(0, rb_deregister(self->dev, id));
}

/*
 * Accounting: parts of one huge page that overlap, freed in any order, are
 * charged for as long as one of them is there, and not for longer.
 */
static const int orders[][4] = {
	{ 0, 1, 2, 3 }, { 3, 2, 1, 0 }, { 1, 3, 0, 2 }, { 2, 0, 3, 1 },
	{ 0, 3, 1, 2 }, { 3, 0, 2, 1 }, { 1, 0, 3, 2 }, { 2, 3, 0, 1 },
};

static void charged_in_any_order(struct __test_metadata *_metadata,
				 FIXTURE_DATA(pin) *self, char *mem)
{
	static const int from[] = { 0, 0, 7, 100 }, nr[] = { 1, 9, 3, 1 };
	struct regbuf_ioc_register reg[4];
	long pages;

	for (int o = 0; o < ARRAY_SIZE(orders); o++) {
		pages = 0;
		for (int i = 0; i < 4; i++) {
			ASSERT_EQ(0, rb_register_flags(self->dev,
						       mem + from[i] * RB_PAGE,
						       nr[i] * RB_PAGE, BOTH, 0,
						       &reg[i]));
			pages += reg[i].needed;
			/* Never less than what it keeps from being freed. */
			EXPECT_LE(nr[i], reg[i].needed);
			EXPECT_EQ(pages, rb_charged(self->dev));
		}
		for (int i = 0; i < 4; i++) {
			pages -= reg[orders[o][i]].needed;
			ASSERT_EQ(0, rb_deregister(self->dev,
						   reg[orders[o][i]].id));
			EXPECT_EQ(pages, rb_charged(self->dev));
		}
		EXPECT_EQ(0, pages);
	}
}

TEST_F(pin, memlock_bypass_overlaps_in_a_huge_page)
{
	struct regbuf_ioc_register reg;
	char *area = rb_map(2 * HUGE, RW, 0);
	char *mem = (char *)(((unsigned long)area + HUGE - 1) & -HUGE);

	if (!rb_has_huge_pages())
		SKIP(return, "the kernel has none");
	ASSERT_EQ(0, madvise(mem, HUGE, MADV_HUGEPAGE));
	rb_pattern(mem, HUGE, 3);
	ASSERT_EQ(0, be_nobody(4 * HUGE_PAGES));
	charged_in_any_order(_metadata, self, mem);
	/* A byte of it keeps all of it, and costs all of it. */
	ASSERT_EQ(0, rb_register_flags(self->dev, mem + 5, 1, RB_READ, 0,
				       &reg));
	EXPECT_EQ(HUGE_PAGES, reg.needed);
	EXPECT_EQ(0, rb_deregister(self->dev, reg.id));
	ASSERT_EQ(0, be_root());
	munmap(area, 2 * HUGE);
}

/*
 * CVE-2025-21686: who takes over what another registered gets no charge of his
 * own, and his end does not give the other's back.
 */
TEST_F(pin, cve_2025_21686_charge_is_the_owner_s)
{
	struct rb_other other = { .sock = -1, .uid = RB_NOBODY - 1 };
	struct rb_task charged = { .what = RB_DO_CHARGED };
	__u64 mine, theirs;
	int fd;

	ASSERT_EQ(0, rb_other_start(&other));
	ASSERT_EQ(0, be_nobody(64));
	ASSERT_EQ(0, rb_register(self->dev, rb_pages(5), 5 * RB_PAGE, RB_READ,
				 &mine));
	fd = rb_export(self->dev, mine, 0, 0, RB_READ);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, rb_other_imports(&other, fd, RB_READ, &theirs));
	ASSERT_EQ(0, rb_other_do(&other, charged));
	EXPECT_EQ(0, other.answer.value);
	EXPECT_EQ(5, rb_charged(self->dev));
	close(fd);
	EXPECT_EQ(0, rb_other_end(&other));
	EXPECT_EQ(5, rb_charged(self->dev));
	EXPECT_EQ(0, rb_deregister(self->dev, mine));
	EXPECT_TRUE(rb_within(20, !rb_charged(self->dev)));
	ASSERT_EQ(0, be_root());
}

TEST_HARNESS_MAIN
