// SPDX-License-Identifier: GPL-2.0
/*
 * C8, C15: what an export allows, and descriptors of exports and devices where
 * they are of no use: passed around, into themselves, dropped unread.
 */
#include "regbuf_buf.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "kselftest_harness.h"

#define PAGES		4
#define LEN		(PAGES * RB_PAGE)
#define BOTH		(RB_READ | RB_WRITE)
#define HUGE		(2UL << 20)

/* Two contexts of one process: one exports, the other imports. */
FIXTURE(rights)
{
	int dev;
	int to;			/* who imports */
	char *mem;
	__u64 id;
	long pins;
	struct regbuf_ioc_import got;
	struct regbuf_ioc_status status;
	struct regbuf_ioc_stats stats;
};

FIXTURE_SETUP(rights)
{
	self->pins = rb_pins();
	self->dev = rb_open();
	self->to = rb_open();
	ASSERT_LE(0, self->to);
	self->mem = rb_pages(PAGES);
	ASSERT_EQ(0, rb_register(self->dev, self->mem, LEN, BOTH, &self->id));
}

FIXTURE_TEARDOWN(rights)
{
	ASSERT_EQ(0, rb_stats(self->to, &self->stats));
	EXPECT_EQ(0, self->stats.pages);
	close(self->to);
	EXPECT_EQ(REGBUF_STATE_LIVE, rb_state(self->dev, self->id));
	ASSERT_EQ(0, rb_status(self->dev, self->id, &self->status));
	EXPECT_EQ(0, self->status.imports);
	EXPECT_EQ(0, self->status.in_flight);
	EXPECT_EQ(PAGES, rb_vmpin());
	close(self->dev);
	EXPECT_TRUE(rb_pinned(self->pins, 0));
}

static int export(FIXTURE_DATA(rights) *self, __u64 offset, __u64 length,
		  __u32 access)
{
	return rb_export(self->dev, self->id, offset, length, access);
}

/* What was granted is left in self->got. */
static int import(FIXTURE_DATA(rights) *self, int fd, __u32 access)
{
	self->got = (struct regbuf_ioc_import){
		.size = sizeof(self->got),
		.fd = fd,
		.access = access,
	};
	return rb_ioctl(self->to, REGBUF_IOC_IMPORT, &self->got);
}

/* C7, C8: no more rights than the buffer has, nor than the export has */
TEST_F(rights, are_narrowed_twice)
{
	static const struct {
		__u32 export, import, granted;
		int err;
	} cases[] = {
		{ BOTH, 0, BOTH }, { BOTH, BOTH, BOTH },
		{ BOTH, RB_READ, RB_READ }, { BOTH, RB_WRITE, RB_WRITE },
		{ RB_READ, 0, RB_READ }, { RB_READ, RB_READ, RB_READ },
		{ RB_READ, RB_WRITE, 0, -EACCES },
		{ RB_READ, BOTH, 0, -EACCES },
		{ RB_WRITE, 0, RB_WRITE },
		{ RB_WRITE, RB_READ, 0, -EACCES },
	};

	for (int i = 0; i < ARRAY_SIZE(cases); i++) {
		int fd = export(self, 0, 0, cases[i].export);

		ASSERT_LE(0, fd);
		EXPECT_EQ(cases[i].err, import(self, fd, cases[i].import));
		close(fd);
		if (cases[i].err)
			continue;
		EXPECT_EQ(cases[i].granted, self->got.granted);
		EXPECT_EQ(LEN, self->got.length);
		EXPECT_EQ(cases[i].granted & RB_READ ? 0 : -EACCES,
			  rb_use(self->to, self->got.id));
		ASSERT_EQ(0, rb_status(self->to, self->got.id, &self->status));
		EXPECT_EQ(cases[i].granted, self->status.access);
		EXPECT_EQ(0, rb_deregister(self->to, self->got.id));
	}
}

/* C7: what the buffer lacks is not given, nor unknown rights, nor none */
TEST_F(rights, are_checked_when_exporting)
{
	__u64 id;

	ASSERT_EQ(0, rb_register(self->dev, self->mem, RB_PAGE, RB_READ, &id));
	EXPECT_EQ(-EACCES, rb_export(self->dev, id, 0, 0, RB_WRITE));
	EXPECT_EQ(-EACCES, rb_export(self->dev, id, 0, 0, BOTH));
	EXPECT_EQ(0, rb_deregister(self->dev, id));
	EXPECT_EQ(-EINVAL, export(self, 0, 0, 0));
	for (int bit = 2; bit < 32; bit++) {
		EXPECT_EQ(-EOPNOTSUPP, export(self, 0, 0, 1u << bit));
		EXPECT_EQ(-EOPNOTSUPP, export(self, 0, 0,
					      1u << bit | RB_READ));
	}
	ASSERT_EQ(0, rb_status(self->dev, self->id, &self->status));
	EXPECT_EQ(0, self->status.exports);
}

/* C8, S55: not a byte outside of the part that was exported */
TEST_F(rights, end_with_the_part)
{
	static const struct {
		__u64 offset;
		__u32 length;
	} outside[] = {
		{ 0, 5001 }, { 5000, 1 }, { 4999, 2 }, { -1ULL, 1 },
		{ -1ULL, 2 }, { 1ULL << 32, 1 }, { 0, 0xffffffff },
	};
	int fd = export(self, 100, 5000, RB_READ), sv[2];
	struct regbuf_ioc_send msg;

	ASSERT_EQ(0, rb_pair(NULL, AF_INET, SOCK_STREAM, sv));
	ASSERT_EQ(0, import(self, fd, 0));
	EXPECT_EQ(5000, self->got.length);
	EXPECT_EQ(0, rb_carries(self->to, self->got.id, self->mem + 100,
				5000));
	for (int i = 0; i < ARRAY_SIZE(outside); i++)
		EXPECT_EQ(-EFAULT, rb_send(self->to, sv[0], self->got.id,
					   outside[i].offset,
					   outside[i].length, &msg));
	close(fd);
	close(sv[0]);
	close(sv[1]);
}

/* C5: the rest, the last byte; not one more, nor nothing at all at the end */
TEST_F(rights, parts_lie_in_the_buffer)
{
	static const struct {
		__u64 offset, length, got;
	} good[] = {
		{ 0, 0, LEN }, { 1, 0, LEN - 1 }, { LEN - 1, 0, 1 },
		{ 0, LEN, LEN }, { LEN - 1, 1, 1 }, { RB_PAGE, 7, 7 },
	}, bad[] = {
		{ 0, LEN + 1 }, { 1, LEN }, { LEN, 1 }, { LEN + 1, 0 },
		{ -1ULL, 1 }, { -1ULL, 2 }, { 1, -1ULL }, { -1ULL, 0 },
		{ 1ULL << 32, 1 }, { 2, -1ULL },
	};
	int fd;

	for (int i = 0; i < ARRAY_SIZE(good); i++) {
		fd = export(self, good[i].offset, good[i].length, BOTH);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, import(self, fd, 0));
		EXPECT_EQ(good[i].got, self->got.length);
		EXPECT_EQ(0, rb_carries(self->to, self->got.id,
					self->mem + good[i].offset,
					good[i].got));
		close(fd);
	}
	for (int i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(-EFAULT, export(self, bad[i].offset, bad[i].length,
					  BOTH));
}

/* C8: over a border between huge pages, in the middle of them. */
TEST_F(rights, part_of_huge_pages)
{
	char *area = rb_map(4 * HUGE, PROT_READ | PROT_WRITE, 0), *mem;
	int fd;
	__u64 id;

	mem = (char *)(((unsigned long)area + HUGE) & -HUGE);
	madvise(mem, 2 * HUGE, MADV_HUGEPAGE);
	rb_pattern(mem, 2 * HUGE, 9);
	ASSERT_EQ(0, rb_register(self->dev, mem, 2 * HUGE, BOTH, &id));
	fd = rb_export(self->dev, id, HUGE - 3333, 10000, RB_READ);
	ASSERT_EQ(0, import(self, fd, 0));
	EXPECT_EQ(0, rb_carries(self->to, self->got.id, mem + HUGE - 3333,
				10000));
	EXPECT_EQ(0, rb_deregister(self->dev, id));
	EXPECT_EQ(-ESTALE, rb_use(self->to, self->got.id));
	close(fd);
}

/* C7: received into what was imported, as far as it goes */
TEST_F(rights, received_into)
{
	int fd = export(self, 1000, 100, RB_WRITE);
	struct rb_queue q;
	int sv[2];
	__u32 ep;

	ASSERT_EQ(0, rb_pair(NULL, AF_INET, SOCK_STREAM, sv));
	ASSERT_EQ(0, import(self, fd, 0));
	ASSERT_EQ(0, rb_q_open(self->to, &q, 4, 4, 0));
	ASSERT_EQ(0, rb_q_attach(&q, sv[0], RB_BOTH, 0, 0, &ep));
	rb_sqe_recv(&q, ep, self->got.id, 1, 100, 1);
	EXPECT_EQ(0, rb_q_refuses(&q, -EFAULT));
	rb_sqe_recv(&q, ep, self->got.id, 90, 10, 1);
	ASSERT_EQ(0, rb_q_submit_all(&q));
	ASSERT_EQ(5, send(sv[1], "hello", 5, 0));
	EXPECT_EQ(0, rb_q_value(&q, 1, 5));
	EXPECT_EQ(0, memcmp(self->mem + 1090, "hello", 5));
	rb_q_close(&q);
	close(fd);
	close(sv[0]);
	close(sv[1]);
	EXPECT_TRUE(rb_within(20, !rb_in_flight(self->dev, self->id)));
}

/* C5: ids are each context's own. */
TEST_F(rights, ids_are_the_importer_s)
{
	int fd = export(self, 0, 0, BOTH);
	__u64 mine[3];

	/* So that the same number cannot be meant. */
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(0, rb_register(self->to, self->mem, 1, RB_WRITE,
					 &mine[i]));
	ASSERT_EQ(0, import(self, fd, 0));
	EXPECT_NE(self->id, self->got.id);
	EXPECT_GT(0, rb_state(self->dev, self->got.id));
	EXPECT_EQ(0, rb_use(self->to, self->got.id));
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(0, rb_deregister(self->to, mine[i]));
	close(fd);
}

/* C5, C6: what is not there, or not any more, is not exported or revoked. */
TEST_F(rights, dead_buffers_are_not_exported)
{
	__u64 id;

	ASSERT_EQ(0, rb_register(self->dev, self->mem, 1, RB_READ, &id));
	ASSERT_EQ(0, rb_deregister(self->dev, id));
	EXPECT_EQ(-ESTALE, rb_export(self->dev, id, 0, 0, RB_READ));
	EXPECT_EQ(-ESTALE, rb_revoke(self->dev, id, 0));
	EXPECT_EQ(-ENOENT, rb_export(self->dev, 0, 0, 0, RB_READ));
	EXPECT_EQ(-ENOENT, rb_export(self->dev, 0xffffffff, 0, 0, RB_READ));
	EXPECT_EQ(-ENOENT, rb_revoke(self->dev, 0xffffffff, 0));
	EXPECT_GT(0, rb_export(self->to, self->id, 0, 0, RB_READ));
}

/* C8: an import is not exported, though by the exporter's own process. */
TEST_F(rights, imports_are_not_exported)
{
	int fd = export(self, 0, 0, BOTH);

	ASSERT_EQ(0, import(self, fd, 0));
	EXPECT_EQ(-EOPNOTSUPP, rb_export(self->to, self->got.id, 0, 0,
					 RB_READ));
	ASSERT_EQ(0, rb_status(self->dev, self->id, &self->status));
	EXPECT_EQ(1, self->status.exports);
	EXPECT_EQ(1, self->status.imports);
	close(fd);
}

/* C8: what is no export is not taken for one. */
TEST_F(rights, garbage_is_refused)
{
	int fds[] = {
		self->dev, self->to, open("/dev/null", O_RDWR | O_CLOEXEC),
		socket(AF_INET, SOCK_DGRAM, 0), eventfd(0, 0), epoll_create1(0),
		open(REGBUF_DEVICE, O_PATH | O_CLOEXEC), 0, 0,
	};
	int fd = export(self, 0, 0, BOTH);
	struct rb_queue q;
	int p[2];

	ASSERT_EQ(0, rb_q_open(self->dev, &q, 1, 1, 0));
	ASSERT_EQ(0, pipe(p));
	fds[7] = q.fd;
	fds[8] = p[0];
	for (int i = 0; i < ARRAY_SIZE(fds); i++) {
		/* One that is only a path is no descriptor to the kernel. */
		int want = i == 6 ? -EBADF : -EINVAL;

		EXPECT_EQ(want, import(self, fds[i], 0));
		EXPECT_EQ(want, rb_revoke(self->dev, 0, fds[i]));
	}
	EXPECT_EQ(-EBADF, import(self, -1, 0));
	EXPECT_EQ(-EBADF, import(self, 9999, 0));
	EXPECT_EQ(-EBADF, rb_revoke(self->dev, 0, -1));
	EXPECT_EQ(-EBADF, rb_revoke(self->dev, 0, 9999));
	/* An id or a descriptor, not both. */
	EXPECT_EQ(-EINVAL, rb_revoke(self->dev, self->id, fd));
	EXPECT_EQ(-EPERM, rb_revoke(self->to, 0, fd));
	for (int bit = 2; bit < 32; bit++)
		EXPECT_EQ(-EOPNOTSUPP, import(self, fd, 1u << bit));
	EXPECT_EQ(0, import(self, fd, 0));
	rb_q_close(&q);
	close(fd);
}

/* C8: the descriptor of an export does nothing but be passed on. */
TEST_F(rights, descriptor_is_good_for_nothing_else)
{
	int fd = export(self, 0, 0, BOTH);
	struct regbuf_ioc_stats stats;
	char byte = 1;

	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	EXPECT_EQ(-1, read(fd, &byte, 1));
	EXPECT_EQ(-1, write(fd, &byte, 1));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, RB_PAGE, PROT_READ, MAP_SHARED, fd,
				   0));
	EXPECT_EQ(-ENOTTY, rb_stats(fd, &stats));
	EXPECT_EQ(-ENOTTY, rb_use(fd, self->id));
	close(fd);
}

/* C8: many of them, and many imports of each, by turns. */
TEST_F(rights, many_of_both)
{
	int fds[50];
	__u64 ids[50];

	for (int i = 0; i < 50; i++) {
		fds[i] = export(self, i, 1 + i, RB_READ);
		ASSERT_LE(0, fds[i]);
		ASSERT_EQ(0, import(self, fds[i], 0));
		ids[i] = self->got.id;
	}
	ASSERT_EQ(0, rb_status(self->dev, self->id, &self->status));
	EXPECT_EQ(50, self->status.exports);
	EXPECT_EQ(50, self->status.imports);
	for (int i = 0; i < 50; i += 2)
		ASSERT_EQ(0, rb_revoke(self->dev, 0, fds[i]));
	for (int i = 0; i < 50; i++) {
		EXPECT_EQ(i % 2 ? 0 : -ESTALE, rb_use(self->to, ids[i]));
		close(fds[i]);
	}
	ASSERT_EQ(0, rb_status(self->dev, self->id, &self->status));
	EXPECT_EQ(25, self->status.imports);
}

/* C8: no descriptor left: EMFILE, and nothing is exported. */
TEST_F(rights, no_descriptor_left)
{
	struct rlimit limit = { 0, 1024 };

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(-EMFILE, export(self, 0, 0, RB_READ));
	limit.rlim_cur = 1024;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	ASSERT_EQ(0, rb_status(self->dev, self->id, &self->status));
	EXPECT_EQ(0, self->status.exports);
}

/* C8: inherited by a forked child, which imports into a device of its own. */
TEST_F(rights, inherited_by_fork)
{
	int fd = export(self, 10, 100, RB_READ);
	pid_t pid = fork();
	__u64 id;

	if (!pid) {
		int dev = rb_open();

		/* The exporter's device is not the child's, as ever. */
		_exit(rb_import(self->to, fd, 0, &id) != -EPERM ||
		      rb_export(self->dev, self->id, 0, 0, RB_READ) != -EPERM ||
		      rb_revoke(self->dev, self->id, 0) != -EPERM ||
		      rb_import(dev, fd, 0, &id) ||
		      rb_carries(dev, id, self->mem + 10, 100));
	}
	EXPECT_EQ(0, rb_child_result(pid));
	EXPECT_TRUE(rb_within(20, !rb_status(self->dev, self->id,
					     &self->status) &&
			      !self->status.imports));
	close(fd);
}

/*
 * Descriptors in flight over UNIX sockets
 */
FIXTURE(loop)
{
	int dev;
	char *mem;
	__u64 id;
	int fd;
	int sv[2];
	long pins;
};

FIXTURE_SETUP(loop)
{
	self->pins = rb_pins();
	self->dev = rb_open();
	self->mem = rb_pages(PAGES);
	ASSERT_EQ(0, rb_register(self->dev, self->mem, LEN, BOTH, &self->id));
	self->fd = rb_export(self->dev, self->id, 0, 0, BOTH);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, self->sv));
}

/* All that is not reachable any more is collected, and nothing stays. */
FIXTURE_TEARDOWN(loop)
{
	close(self->fd);
	close(self->dev);
	close(self->sv[0]);
	close(self->sv[1]);
	EXPECT_TRUE(rb_pinned(self->pins, 0));
}

static int pass(FIXTURE_DATA(loop) *self, int from, int fd)
{
	return rb_pass(self->sv[from], "x", 1, fd);
}

/* C8: the last descriptor is in the socket, and comes out as good as before. */
TEST_F(loop, comes_back)
{
	int dev = rb_open();
	char byte;
	__u64 id;

	ASSERT_EQ(0, pass(self, 0, self->fd));
	close(self->fd);
	ASSERT_EQ(0, rb_take(self->sv[1], &byte, 1, &self->fd));
	ASSERT_EQ(0, rb_import(dev, self->fd, 0, &id));
	EXPECT_EQ(0, rb_carries(dev, id, self->mem, LEN));
	close(dev);
}

/* C8: revoked on the way: it arrives, and is good for nothing. */
TEST_F(loop, revoked_on_the_way)
{
	int dev = rb_open();
	char byte;
	__u64 id;

	ASSERT_EQ(0, pass(self, 0, self->fd));
	close(self->fd);
	ASSERT_EQ(0, rb_revoke(self->dev, self->id, 0));
	ASSERT_EQ(0, rb_take(self->sv[1], &byte, 1, &self->fd));
	EXPECT_EQ(-ESTALE, rb_import(dev, self->fd, 0, &id));
	close(dev);
}

/* C15: into a pair of sockets that goes into itself with it. */
TEST_F(loop, dropped_in_a_cycle)
{
	for (int i = 0; i < 20; i++) {
		int sv[2];

		ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv));
		ASSERT_EQ(0, rb_pass(sv[0], "x", 1, self->fd));
		ASSERT_EQ(0, rb_pass(sv[0], "x", 1, sv[1]));
		ASSERT_EQ(0, rb_pass(sv[1], "x", 1, sv[0]));
		close(sv[0]);
		close(sv[1]);
	}
	EXPECT_EQ(0, rb_use(self->dev, self->id));
}

/* C15: the same with the device: with its last descriptor the context goes. */
TEST_F(loop, device_dropped_in_a_cycle)
{
	int probe[2];

	ASSERT_EQ(0, pass(self, 0, self->dev));
	ASSERT_EQ(0, pass(self, 0, self->fd));
	ASSERT_EQ(0, pass(self, 0, self->sv[1]));
	ASSERT_EQ(0, pass(self, 1, self->sv[0]));
	close(self->dev);
	close(self->sv[0]);
	close(self->sv[1]);
	/* The end of any UNIX socket has the collector run. */
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, probe));
	close(probe[0]);
	close(probe[1]);
	EXPECT_TRUE(rb_pinned(self->pins, 0));
	self->dev = rb_open();
	EXPECT_EQ(-ESTALE, rb_import(self->dev, self->fd, 0, &self->id));
}

/* C15: a context that imports from itself keeps nothing of itself alive. */
TEST_F(loop, imported_by_the_exporter)
{
	int err = rb_import(self->dev, self->fd, 0, &self->id);

	if (!err)
		EXPECT_EQ(0, rb_carries(self->dev, self->id, self->mem, LEN));
	close(self->dev);
	EXPECT_TRUE(rb_pinned(self->pins, 0));
	self->dev = -1;
}

/* C15: two contexts that import from each other: either may go first. */
TEST_F(loop, imported_from_each_other)
{
	int dev = rb_open(), fd;
	__u64 theirs, id;

	ASSERT_EQ(0, rb_register(dev, self->mem, RB_PAGE, RB_READ, &theirs));
	fd = rb_export(dev, theirs, 0, 0, RB_READ);
	ASSERT_EQ(0, rb_import(self->dev, fd, 0, &id));
	ASSERT_EQ(0, rb_import(dev, self->fd, 0, &theirs));
	close(fd);
	close(dev);
	EXPECT_TRUE(rb_pinned(self->pins, PAGES));
	EXPECT_EQ(-ESTALE, rb_use(self->dev, id));
	EXPECT_EQ(0, rb_use(self->dev, self->id));
}

/*
 * C15: in a queue, waiting, when both ends go: the sockets are of the importer.
 */
TEST_F(loop, dropped_with_requests_posted)
{
	int dev = rb_open(), sv[2];
	struct rb_queue q;
	__u32 ep;
	__u64 id;

	ASSERT_EQ(0, rb_pair(NULL, AF_INET, SOCK_STREAM, sv));
	ASSERT_EQ(0, rb_import(dev, self->fd, 0, &id));
	ASSERT_EQ(0, rb_q_open(dev, &q, 4, 4, 0));
	ASSERT_EQ(0, rb_q_attach(&q, sv[0], RB_BOTH, 0, 0, &ep));
	rb_sqe_recv(&q, ep, id, 0, 100, 1);
	ASSERT_EQ(0, rb_q_submit_all(&q));
	close(self->dev);
	EXPECT_TRUE(rb_pinned(self->pins, PAGES));
	close(dev);
	EXPECT_TRUE(rb_pinned(self->pins, 0));
	rb_q_close(&q);
	close(sv[0]);
	close(sv[1]);
	self->dev = -1;
}

TEST_HARNESS_MAIN
