// SPDX-License-Identifier: GPL-2.0
/*
 * What all calls have in common: each way of asking wrong, alone and with
 * everything else right, for each call. A refused call has had no effect.
 */
#include "regbuf_buf.h"
#include "kselftest_harness.h"

#include <stddef.h>
#include <sys/ioctl.h>

#define FIRST_QUEUE	0x20	/* number of the first call of a queue */
#define ENTRIES		4
#define NR_PAGES	4
#define DATA		64	/* bytes that a send sends */
#define NOT_THERE	((void *)16)
#define KERNEL_HALF	((void *)0xffff888000000000UL)

FIXTURE(call) {
	int dev;
	int sv[2];
	char *mem;	/* registered as id */
	__u64 id;
	struct regbuf_slice slice;
	struct regbuf_array_entry entry;
	struct rb_queue q;	/* with an entry to take */
	int sock;	/* no endpoint */
	__u32 ep;	/* of sv[1] */
	int efd;
	int other;	/* a context that imports */
	int export;	/* of the buffer */
	int next_fd;	/* the lowest that is free */
	char *arg;	/* NR_PAGES, then a hole */
	long pins;
};

FIXTURE_VARIANT(call) {
	unsigned long cmd;
	size_t size;
	size_t first;	/* size of the first version, if it was another */
	__u32 flags;	/* known ones */
	__u32 set;	/* those that a right one has */
	size_t resv;	/* where the reserved member is, if any */
	size_t out;	/* where the output begins, if any */
};

FIXTURE_VARIANT_ADD(call, query) {
	.cmd = REGBUF_IOC_QUERY,
	.size = 160,
	.first = 88,
	.resv = 76,
	.out = 8,
};

FIXTURE_VARIANT_ADD(call, register) {
	.cmd = REGBUF_IOC_REGISTER,
	.size = 64,
	.flags = REGBUF_REGISTER_F_ALL,
	.out = 28,
};

FIXTURE_VARIANT_ADD(call, deregister) {
	.cmd = REGBUF_IOC_DEREGISTER,
	.size = 32,
	.flags = REGBUF_DEREGISTER_F_ALL,
	.out = 24,
};

FIXTURE_VARIANT_ADD(call, status) {
	.cmd = REGBUF_IOC_STATUS,
	.size = 72,
	.first = 56,
	.out = 16,
};

FIXTURE_VARIANT_ADD(call, wait) {
	.cmd = REGBUF_IOC_WAIT,
	.size = 24,
};

FIXTURE_VARIANT_ADD(call, send) {
	.cmd = REGBUF_IOC_SEND,
	.size = 72,
	.flags = REGBUF_SEND_F_ALL,
	.resv = 68,
	.out = 36,
};

FIXTURE_VARIANT_ADD(call, stats) {
	.cmd = REGBUF_IOC_STATS,
	.size = 216,
	.first = 184,
	.out = 8,
};

FIXTURE_VARIANT_ADD(call, queue) {
	.cmd = REGBUF_IOC_QUEUE,
	.size = 48,
	.flags = REGBUF_QUEUE_F_ALL,
	.out = 24,
};

FIXTURE_VARIANT_ADD(call, array) {
	.cmd = REGBUF_IOC_ARRAY,
	.size = 56,
	.flags = REGBUF_ARRAY_F_ALL,
	.out = 24,
};

FIXTURE_VARIANT_ADD(call, export) {
	.cmd = REGBUF_IOC_EXPORT,
	.size = 40,
	.out = 36,
};

FIXTURE_VARIANT_ADD(call, import) {
	.cmd = REGBUF_IOC_IMPORT,
	.size = 40,
	.resv = 36,
	.out = 16,
};

FIXTURE_VARIANT_ADD(call, revoke) {
	.cmd = REGBUF_IOC_REVOKE,
	.size = 24,
	.out = 20,
};

FIXTURE_VARIANT_ADD(call, enter) {
	.cmd = REGBUF_IOC_ENTER,
	.size = 48,
	.out = 36,
};

FIXTURE_VARIANT_ADD(call, attach) {
	.cmd = REGBUF_IOC_ATTACH,
	.size = 32,
	.flags = REGBUF_ATTACH_F_ALL,
	.set = RB_BOTH,
	.resv = 28,
	.out = 20,
};

FIXTURE_VARIANT_ADD(call, detach) {
	.cmd = REGBUF_IOC_DETACH,
	.size = 16,
	.flags = REGBUF_DETACH_F_ALL,
	.resv = 12,
};

FIXTURE_VARIANT_ADD(call, resize) {
	.cmd = REGBUF_IOC_RESIZE,
	.size = 40,
	.resv = 28,
	.out = 16,
};

FIXTURE_VARIANT_ADD(call, eventfd) {
	.cmd = REGBUF_IOC_EVENTFD,
	.size = 16,
	.resv = 12,
};

FIXTURE_VARIANT_ADD(call, pool) {
	.cmd = REGBUF_IOC_POOL,
	.size = 32,
};

FIXTURE_VARIANT_ADD(call, socket) {
	.cmd = REGBUF_IOC_SOCKET,
	.size = 16,
	.out = 12,
};

static int lowest_fd(void)
{
	int fd = dup(STDERR_FILENO);

	close(fd);
	return fd;
}

static int setup_queue(FIXTURE_DATA(call) *self)
{
	int err = rb_q_open(self->dev, &self->q, ENTRIES, ENTRIES, ENTRIES);

	if (err)
		return err;
	self->sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	self->efd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (self->sock < 0 || self->efd < 0)
		return -errno;
	rb_sqe_nop(&self->q, 1);
	rb_q_publish(&self->q);
	return rb_q_attach(&self->q, self->sv[1], RB_BOTH, 0, 0, &self->ep);
}

static int setup_export(FIXTURE_DATA(call) *self)
{
	self->other = rb_open();
	self->export = rb_export(self->dev, self->id, 0, 0, RB_READ);
	return self->export < 0 ? self->export : 0;
}

FIXTURE_SETUP(call)
{
	self->pins = rb_pins();
	self->dev = rb_open();
	ASSERT_GE(self->dev, 0);
	ASSERT_EQ(0, rb_pair(NULL, AF_INET, SOCK_STREAM, self->sv));
	self->mem = rb_pages(1);
	ASSERT_NE(NULL, self->mem);
	ASSERT_EQ(0, rb_register(self->dev, self->mem, RB_PAGE,
				 RB_READ | RB_WRITE, &self->id));
	self->slice = rb_slice(self->id, 0, DATA);
	ASSERT_EQ(0, setup_queue(self));
	ASSERT_EQ(0, setup_export(self));
	self->entry = rb_entry(self->mem, 100, RB_READ);
	self->arg = rb_map((NR_PAGES + 1) * RB_PAGE, PROT_READ | PROT_WRITE, 0);
	ASSERT_NE(NULL, self->arg);
	ASSERT_EQ(0, munmap(self->arg + NR_PAGES * RB_PAGE, RB_PAGE));
	self->next_fd = lowest_fd();
}

FIXTURE_TEARDOWN(call)
{
	close(self->sv[0]);
	close(self->sv[1]);
	rb_q_close(&self->q);
	close(self->dev);
	close(self->other);
	EXPECT_TRUE(rb_within(20, !rb_vmpin()));
	EXPECT_TRUE(rb_within(20, rb_pins() <= self->pins));
}

union args {
	struct regbuf_ioc_register reg;
	struct regbuf_ioc_status status;	/* and others with an id */
	struct regbuf_ioc_send msg;
	struct regbuf_ioc_queue queue;
	struct regbuf_ioc_array array;
	struct regbuf_ioc_export export;
	struct regbuf_ioc_import import;
	struct regbuf_ioc_enter enter;
	struct regbuf_ioc_attach attach;
	struct regbuf_ioc_detach detach;
	struct regbuf_ioc_resize resize;
	struct regbuf_ioc_eventfd eventfd;
	struct regbuf_ioc_pool pool;
	struct regbuf_ioc_socket socket;
	__u32 size;
	char bytes[256];
};

/* What a call of the device needs. */
static void fill_device(const FIXTURE_DATA(call) *self, unsigned long cmd,
			union args *args)
{
	switch (cmd) {
	case REGBUF_IOC_REGISTER:
		args->reg.addr = (unsigned long)self->mem;
		args->reg.length = RB_PAGE;
		args->reg.access = RB_READ;
		break;
	case REGBUF_IOC_DEREGISTER:
	case REGBUF_IOC_STATUS:
	case REGBUF_IOC_WAIT:
	case REGBUF_IOC_REVOKE:
		args->status.id = self->id;
		break;
	case REGBUF_IOC_SEND:
		args->msg.fd = self->sv[0];
		args->msg.nr_slices = 1;
		args->msg.slices = (unsigned long)&self->slice;
		break;
	case REGBUF_IOC_QUEUE:
		args->queue.sq_entries = ENTRIES;
		args->queue.cq_entries = ENTRIES;
		break;
	case REGBUF_IOC_ARRAY:
		args->array.entries = (unsigned long)&self->entry;
		args->array.nr = 1;
		break;
	case REGBUF_IOC_EXPORT:
		args->export.id = self->id;
		args->export.access = RB_READ;
		break;
	case REGBUF_IOC_IMPORT:
		args->import.fd = self->export;
		break;
	}
}

/* What a call of the queue needs. */
static void fill_queue(const FIXTURE_DATA(call) *self, unsigned long cmd,
		       union args *args)
{
	switch (cmd) {
	case REGBUF_IOC_ENTER:
		args->enter.submit = 1;
		break;
	case REGBUF_IOC_ATTACH:
		args->attach.fd = self->sock;
		break;
	case REGBUF_IOC_DETACH:
	case REGBUF_IOC_SOCKET:
		args->detach.endpoint = self->ep;
		break;
	case REGBUF_IOC_RESIZE:
		args->resize.sq_entries = 1024;
		break;
	case REGBUF_IOC_EVENTFD:
		args->eventfd.fd = self->efd;
		break;
	case REGBUF_IOC_POOL:
		args->pool.id = self->id;
		args->pool.length = DATA;
		args->pool.count = ENTRIES;
		break;
	}
}

/* A structure that the call accepts, with nonsense where the output goes. */
static void fill(const FIXTURE_DATA(call) *self,
		 const FIXTURE_VARIANT(call) *variant, void *at)
{
	union args args;

	memset(&args, 0, sizeof(args));
	if (variant->out)
		memset(args.bytes + variant->out, 0xff,
		       variant->size - variant->out);
	if (variant->resv)
		memset(args.bytes + variant->resv, 0, sizeof(__u32));
	fill_device(self, variant->cmd, &args);
	fill_queue(self, variant->cmd, &args);
	args.size = variant->size;
	args.reg.flags = variant->set;
	memcpy(at, &args, variant->size);
}

/* The call, on the descriptor that it is for. */
static int call(const FIXTURE_DATA(call) *self, unsigned long cmd, void *arg)
{
	if ((cmd & 0xff) >= FIRST_QUEUE)
		return rb_ioctl(self->q.fd, cmd, arg);
	return rb_ioctl(cmd == REGBUF_IOC_IMPORT ? self->other : self->dev, cmd,
			arg);
}

/* One buffer, idle; nothing sent; nothing at the other end. */
static bool device_untouched(const FIXTURE_DATA(call) *self)
{
	struct regbuf_ioc_status status;
	struct regbuf_ioc_stats stats;
	int arrived = 0;

	return !rb_status(self->dev, self->id, &status) &&
	       status.state == REGBUF_STATE_LIVE && status.in_flight == 0 &&
	       !rb_stats(self->dev, &stats) &&
	       stats.buffers == 1 && stats.pages == 1 && stats.sends == 0 &&
	       rb_vmpin() == 1 && lowest_fd() == self->next_fd &&
	       !ioctl(self->sv[1], FIONREAD, &arrived) && arrived == 0;
}

/* The socket is no endpoint, the other one is. */
static bool endpoints_untouched(FIXTURE_DATA(call) *self)
{
	int fd = rb_q_socket(&self->q, self->ep);
	__u32 ep;

	return fd >= 0 && !close(fd) &&
	       !rb_q_attach(&self->q, self->sock, RB_BOTH, 0, 0, &ep) &&
	       !rb_q_detach(&self->q, ep, 0);
}

/* The rings are not larger than they were. */
static bool rings_untouched(const FIXTURE_DATA(call) *self)
{
	size_t size = 1024 * sizeof(struct regbuf_sqe);
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
			 self->q.fd, 0);

	if (map != MAP_FAILED)
		munmap(map, size);
	return map == MAP_FAILED;
}

/* No eventfd is signalled; uses up the entry. */
static bool eventfd_untouched(FIXTURE_DATA(call) *self)
{
	__u64 count;

	rb_q_arm(&self->q);
	if (rb_q_submit_all(&self->q) || rb_q_reap(&self->q) != 1)
		return false;
	rb_q_disarm(&self->q);
	rb_sqe_nop(&self->q, 1);
	return read(self->efd, &count, sizeof(count)) < 0;
}

static bool pool_untouched(FIXTURE_DATA(call) *self)
{
	return !rb_q_pool(&self->q, self->id, 0, DATA, 1) &&
	       !rb_q_pool(&self->q, 0, 0, 0, 0);
}

/* Nothing was imported, and there still is something to import. */
static bool export_untouched(const FIXTURE_DATA(call) *self)
{
	struct regbuf_ioc_stats stats;
	__u64 id;

	return !rb_stats(self->other, &stats) && !stats.buffers &&
	       !rb_import(self->other, self->export, 0, &id) &&
	       !rb_deregister(self->other, id);
}

/* The entry is still in the ring, and so on. */
static bool untouched(FIXTURE_DATA(call) *self, unsigned long cmd)
{
	if (!device_untouched(self))
		return false;
	switch (cmd) {
	case REGBUF_IOC_ENTER:
		return !rb_load(&self->q.ring->sq_head) &&
		       rb_q_empty(&self->q);
	case REGBUF_IOC_ATTACH:
	case REGBUF_IOC_DETACH:
		return endpoints_untouched(self);
	case REGBUF_IOC_RESIZE:
		return rings_untouched(self);
	case REGBUF_IOC_EVENTFD:
		return eventfd_untouched(self);
	case REGBUF_IOC_POOL:
		return pool_untouched(self);
	case REGBUF_IOC_IMPORT:
	case REGBUF_IOC_REVOKE:
		return export_untouched(self);
	}
	return true;
}

/* What a call that succeeds does can be seen: the other tests rest on it. */
static bool touched(FIXTURE_DATA(call) *self, unsigned long cmd)
{
	switch (cmd) {
	case REGBUF_IOC_QUERY:
	case REGBUF_IOC_STATUS:
	case REGBUF_IOC_WAIT:
	case REGBUF_IOC_STATS:
		return untouched(self, cmd);
	}
	return !untouched(self, cmd);
}

/* For the call to be right a second time. */
static int undo(FIXTURE_DATA(call) *self, unsigned long cmd)
{
	union args *args = (union args *)self->arg;

	switch (cmd) {
	case REGBUF_IOC_DEREGISTER:
		return rb_register(self->dev, self->mem, RB_PAGE,
				   RB_READ | RB_WRITE, &self->id);
	case REGBUF_IOC_ATTACH:
		return rb_q_detach(&self->q, args->attach.endpoint, 0);
	case REGBUF_IOC_DETACH:
		return rb_q_attach(&self->q, self->sv[1], RB_BOTH, 0, 0,
				   &self->ep);
	case REGBUF_IOC_POOL:
		return rb_q_pool(&self->q, 0, 0, 0, 0);
	}
	return 0;
}

#define EXPECT_CALL(want, at) do {					\
	EXPECT_EQ(want, call(self, variant->cmd, at));			\
	EXPECT_TRUE(untouched(self, variant->cmd));			\
} while (0)

/* The control: right in every respect, whatever is where the output goes. */
TEST_F(call, right_one_succeeds_whatever_the_output_held)
{
	fill(self, variant, self->arg);
	EXPECT_EQ(0, call(self, variant->cmd, self->arg));
	EXPECT_TRUE(touched(self, variant->cmd));
	EXPECT_EQ(variant->size, *(__u32 *)self->arg);
	EXPECT_EQ(variant->set, *(__u32 *)(self->arg + 4));
}

/* Shorter than the first version: EINVAL; no byte less will do. */
TEST_F(call, too_short_is_refused)
{
	for (size_t size = 0; size < (variant->first ?: variant->size);
	     size++) {
		fill(self, variant, self->arg);
		*(__u32 *)self->arg = size;
		EXPECT_CALL(-EINVAL, self->arg);
	}
}

/* Longer than the kernel's with zeros behind: taken, and left as it is. */
TEST_F(call, longer_with_zeros_is_taken)
{
	static const char zeros[RB_PAGE];
	char *tail = self->arg + variant->size;

	fill(self, variant, self->arg);
	*(__u32 *)self->arg = variant->size + 1;
	tail[1] = 1;	/* behind the end: not looked at */
	EXPECT_EQ(0, call(self, variant->cmd, self->arg));
	EXPECT_TRUE(touched(self, variant->cmd));
	EXPECT_EQ(0, tail[0]);
	EXPECT_EQ(1, tail[1]);

	tail[1] = 0;
	ASSERT_EQ(0, undo(self, variant->cmd));
	fill(self, variant, self->arg);
	*(__u32 *)self->arg = RB_PAGE;
	EXPECT_EQ(0, call(self, variant->cmd, self->arg));
	EXPECT_EQ(0, memcmp(tail, zeros, RB_PAGE - variant->size));
	EXPECT_EQ(RB_PAGE, *(__u32 *)self->arg);
}

/* Longer with something unknown behind: E2BIG, wherever it is. */
TEST_F(call, longer_with_something_is_refused)
{
	static const size_t where[] = { 0, 1, 7, 8, 63, 1000 };

	for (int i = 0; i < ARRAY_SIZE(where); i++) {
		fill(self, variant, self->arg);
		*(__u32 *)self->arg = variant->size + where[i] + 1;
		self->arg[variant->size + where[i]] = 1;
		EXPECT_CALL(-E2BIG, self->arg);
		self->arg[variant->size + where[i]] = 0;
	}
	fill(self, variant, self->arg);
	*(__u32 *)self->arg = RB_PAGE;
	self->arg[RB_PAGE - 1] = 1;
	EXPECT_CALL(-E2BIG, self->arg);
}

/* Longer than a page: E2BIG, even if all is zero. */
TEST_F(call, longer_than_a_page_is_refused)
{
	static const __u32 sizes[] = {
		RB_PAGE + 1, 2 * RB_PAGE, 0x7fffffff, 0x80000000, 0xffffffff,
	};

	for (int i = 0; i < ARRAY_SIZE(sizes); i++) {
		fill(self, variant, self->arg);
		*(__u32 *)self->arg = sizes[i];
		EXPECT_CALL(-E2BIG, self->arg);
	}
}

/* S30: each unknown flag alone: EOPNOTSUPP. */
TEST_F(call, unknown_flags_are_refused)
{
	for (int bit = 0; bit < 32; bit++) {
		if (variant->flags & (1u << bit))
			continue;
		fill(self, variant, self->arg);
		*(__u32 *)(self->arg + 4) = 1u << bit;
		EXPECT_CALL(-EOPNOTSUPP, self->arg);
	}
}

/* Each byte of a reserved member: EINVAL. Of what has none, the flags. */
TEST_F(call, reserved_members_are_refused)
{
	size_t resv = variant->resv;

	for (int i = 0; i < 4; i++) {
		fill(self, variant, self->arg);
		self->arg[(resv ?: 4) + i] = resv ? 1 : 0x80;
		EXPECT_CALL(resv ? -EINVAL : -EOPNOTSUPP, self->arg);
	}
}

/* The structure is not the caller's memory: EFAULT. */
TEST_F(call, structure_elsewhere_is_refused)
{
	char *none = self->arg + RB_PAGE;

	EXPECT_CALL(-EFAULT, NULL);
	EXPECT_CALL(-EFAULT, NOT_THERE);
	EXPECT_CALL(-EFAULT, KERNEL_HALF);
	EXPECT_CALL(-EFAULT, (void *)-1L);
	EXPECT_CALL(-EFAULT, self->arg + NR_PAGES * RB_PAGE);
	fill(self, variant, none);
	ASSERT_EQ(0, mprotect(none, RB_PAGE, PROT_NONE));
	EXPECT_CALL(-EFAULT, none);
}

/* It runs into a hole, at every multiple of 4 bytes: EFAULT. */
TEST_F(call, structure_into_a_hole_is_refused)
{
	char *end = self->arg + NR_PAGES * RB_PAGE;
	char copy[256];
	size_t part;

	fill(self, variant, copy);
	for (part = 4; part < variant->size; part += 4) {
		memcpy(end - part, copy, part);
		EXPECT_CALL(-EFAULT, end - part);
	}
	/* The known part is there, but not what its size claims. */
	fill(self, variant, end - variant->size);
	*(__u32 *)(end - variant->size) = variant->size + 8;
	EXPECT_CALL(-EFAULT, end - variant->size);
}

/* What has output needs a place to put it; what has none does not. */
#define EXPECT_READ_ONLY(at) do {					\
	if (variant->out) {						\
		EXPECT_CALL(-EFAULT, at);				\
	} else {							\
		EXPECT_EQ(0, call(self, variant->cmd, at));		\
		EXPECT_TRUE(touched(self, variant->cmd));		\
	}								\
} while (0)

/* EFAULT, before anything is done. */
TEST_F(call, read_only_structure_has_no_effect)
{
	fill(self, variant, self->arg);
	ASSERT_EQ(0, mprotect(self->arg, RB_PAGE, PROT_READ));
	EXPECT_READ_ONLY(self->arg);
}

/* The same if only the last word of the output is on a read-only page. */
TEST_F(call, read_only_tail_has_no_effect)
{
	char *second = self->arg + RB_PAGE;
	char *at = second - variant->size + 4;

	fill(self, variant, at);
	ASSERT_EQ(0, mprotect(second, RB_PAGE, PROT_READ));
	EXPECT_READ_ONLY(at);
}

/* A structure need not be aligned. */
TEST_F(call, unaligned_structure_is_taken)
{
	fill(self, variant, self->arg + 1);
	EXPECT_EQ(0, call(self, variant->cmd, self->arg + 1));
	EXPECT_TRUE(touched(self, variant->cmd));
}

/* A number that differs in anything is another call: ENOTTY. */
TEST_F(call, other_type_direction_or_size_is_unknown)
{
	unsigned long nr = variant->cmd & 0xff;
	unsigned long others[] = {
		_IO(0xea, nr), _IO(0xec, nr), _IO(0x6b, nr), _IO(0xff, nr),
		_IOC(_IOC_READ, REGBUF_IOC_TYPE, nr, 0),
		_IOC(_IOC_WRITE, REGBUF_IOC_TYPE, nr, 0),
		_IOC(_IOC_READ | _IOC_WRITE, REGBUF_IOC_TYPE, nr,
		     variant->size),
		_IOC(_IOC_NONE, REGBUF_IOC_TYPE, nr, variant->size),
		_IOC(_IOC_NONE, REGBUF_IOC_TYPE, nr, 1),
	};

	for (int i = 0; i < ARRAY_SIZE(others); i++) {
		fill(self, variant, self->arg);
		EXPECT_EQ(-ENOTTY, call(self, others[i], self->arg));
		EXPECT_TRUE(untouched(self, variant->cmd));
	}
}

TEST_HARNESS_MAIN
