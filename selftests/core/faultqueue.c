// SPDX-License-Identifier: GPL-2.0
/*
 * Faults in the calls that make queues and change them.
 */
#define SHORTAGE	64
#define PAGES		1
#define AGAIN		6	/* the queue's own are among them */
#include "regbuf_faultstep.h"

#include <signal.h>

#define HOLE		(1UL << 30)	/* of more than one upper table */
#define LANES		600	/* more than their table has room for */

static struct regbuf_ioc_resize resize;
static char *around, *hole;

/* With a context of its own: the first queue makes its workers. */
static int prepare_context(struct rig *rig)
{
	rig->fd = rb_open();
	return rig->fd < 0 ? -1 : fill_fds(rig);
}

static int call_queue(struct rig *rig)
{
	return rb_q_open(rig->fd, &rig->q, 8, 64, 8);
}

static int call_poller(struct rig *rig)
{
	struct regbuf_ioc_queue params = {
		.flags = REGBUF_QUEUE_F_POLLER,
		.sq_entries = 8,
		.cq_entries = 8,
	};

	return rb_q_open_params(rig->fd, &rig->q, &params);
}

/* It works, or there is none. */
static int check_queue(struct rig *rig, int err)
{
	int bad = 0;

	free_fds(rig);
	if (!err)
		rb_sqe_nop(&rig->q, 1);
	if (!err && rb_q_submit_all(&rig->q) != -EINVAL)
		bad = rb_q_reap(&rig->q) != 1;
	rb_q_close(&rig->q);
	close(rig->fd);
	return bad;
}

FIXTURE_VARIANT_ADD(fault, queue) {
	.prepare = prepare_context,
	.call = call_queue,
	.check = check_queue,
};

FIXTURE_VARIANT_ADD(fault, poller) {
	.prepare = prepare_context,
	.call = call_poller,
	.check = check_queue,
};

/* A queue for the others, the same for all steps. */
static int prepare_queue(struct rig *rig)
{
	return rig->q.map ? 0 : rb_q_open(rig->dev, &rig->q, 8, 16, 8);
}

/* Where no page table is yet, nor the one above it. */
static int prepare_map(struct rig *rig)
{
	if (prepare_queue(rig))
		return -1;
	rb_q_unmap(&rig->q);
	around = rb_map(2 * HOLE, PROT_NONE, 0);
	hole = (char *)(((unsigned long)around + HOLE - 1) & -HOLE);
	return munmap(hole, rig->q.map_size);
}

static int call_map(struct rig *rig)
{
	void *map = mmap(hole, rig->q.map_size, RW, MAP_SHARED | MAP_FIXED,
			 rig->q.fd, 0);

	return map == MAP_FAILED ? -errno : 0;
}

/* C2: as it was, wherever it is. */
static int check_map(struct rig *rig, int err)
{
	struct regbuf_ring *ring = rig->q.ring;
	__u32 sqes = (char *)rig->q.sqes - (char *)ring;
	__u32 cqes = (char *)rig->q.cqes - (char *)ring;
	__u32 pool = (char *)rig->q.pool - (char *)ring;

	munmap(around, 2 * HOLE);
	if (rb_q_map(&rig->q, rig->q.map_size, sqes, cqes, pool))
		return 1;
	return whole(&rig->q);
}

FIXTURE_VARIANT_ADD(fault, map) {
	.prepare = prepare_map,
	.call = call_map,
	.check = check_map,
};

static int call_attach(struct rig *rig)
{
	return rb_q_attach(&rig->q, rig->sv[0], RB_BOTH, 0, 0, &rig->ep);
}

/* C3: what failed has left no lane behind. */
static int check_attach(struct rig *rig, int err)
{
	if (err && call_attach(rig))
		return 1;
	return rb_q_detach(&rig->q, rig->ep, 0) ? 2 : 0;
}

FIXTURE_VARIANT_ADD(fault, attach) {
	.prepare = prepare_queue,
	.call = call_attach,
	.check = check_attach,
};

static int prepare_attached(struct rig *rig)
{
	return prepare_queue(rig) ?: call_attach(rig);
}

static int call_detach(struct rig *rig)
{
	return rb_q_detach(&rig->q, rig->ep, REGBUF_DETACH_F_DRAIN);
}

static int check_detach(struct rig *rig, int err)
{
	if (err && rb_q_detach(&rig->q, rig->ep, 0))
		return 1;
	return rb_q_detach(&rig->q, rig->ep, 0) == -ENOENT ? 0 : 2;
}

FIXTURE_VARIANT_ADD(fault, detach) {
	.prepare = prepare_attached,
	.call = call_detach,
	.check = check_detach,
};

/* C15: the connection is closed, if the stack has no memory to say so, too. */
static int prepare_close(struct rig *rig)
{
	close(rig->sv[0]);
	close(rig->sv[1]);
	return rb_pair(NULL, AF_INET, SOCK_STREAM, rig->sv) ?:
	       prepare_attached(rig);
}

static int call_close(struct rig *rig)
{
	return rb_q_detach(&rig->q, rig->ep, REGBUF_DETACH_F_CLOSE);
}

static int check_close(struct rig *rig, int err)
{
	if (err)
		return check_detach(rig, err);
	return !is_shut(rig->sv[0]);
}

FIXTURE_VARIANT_ADD(fault, detach_close) {
	.prepare = prepare_close,
	.call = call_close,
	.check = check_close,
};

static int prepare_socket(struct rig *rig)
{
	return prepare_attached(rig) ?: fill_fds(rig);
}

static int call_socket(struct rig *rig)
{
	rig->fd = rb_q_socket(&rig->q, rig->ep);
	return rig->fd < 0 ? rig->fd : 0;
}

static int check_socket(struct rig *rig, int err)
{
	free_fds(rig);
	if (!err)
		close(rig->fd);
	return rb_q_detach(&rig->q, rig->ep, 0);
}

FIXTURE_VARIANT_ADD(fault, socket) {
	.prepare = prepare_socket,
	.call = call_socket,
	.check = check_socket,
};

/* More requests, too: each time anew. */
static int prepare_resize(struct rig *rig)
{
	rb_q_close(&rig->q);
	return rb_q_open(rig->dev, &rig->q, 8, 16, 8);
}

static int call_resize(struct rig *rig)
{
	resize = (struct regbuf_ioc_resize){
		.size = sizeof(resize),
		.sq_entries = 16,
		.cq_entries = 64,
	};
	return rb_ioctl(rig->q.fd, REGBUF_IOC_RESIZE, &resize);
}

/* The old rings, or the new ones; if only the result got lost, who knows. */
static int check_resize(struct rig *rig, int err)
{
	struct regbuf_ioc_enter out;

	rb_sqe_nop(&rig->q, 1);
	if (err && !rb_q_enter(&rig->q, 1, 0, 0, &out) && out.submitted) {
		rb_q_reap(&rig->q);
		return whole(&rig->q);
	}
	rig->late += err == -EFAULT;
	if (err)
		return err != -EFAULT;
	rb_q_unmap(&rig->q);
	rig->q.sq_entries = resize.sq_entries;
	rig->q.cq_entries = resize.cq_entries;
	rig->q.tail = 0;
	if (rb_q_map(&rig->q, resize.map_size, resize.sq_off, resize.cq_off,
		     resize.pool_off))
		return 2;
	return resize.cq_entries != 64 || whole(&rig->q);
}

FIXTURE_VARIANT_ADD(fault, resize) {
	.prepare = prepare_resize,
	.call = call_resize,
	.check = check_resize,
};

static int call_pool(struct rig *rig)
{
	return rb_q_pool(&rig->q, rig->ids[0], 0, 512, 8);
}

/* None, or one that is in the way of another. */
static int check_pool(struct rig *rig, int err)
{
	if (call_pool(rig) != (err ? 0 : -EBUSY))
		return 1;
	return rb_q_pool(&rig->q, 0, 0, 0, 0);
}

FIXTURE_VARIANT_ADD(fault, pool) {
	.prepare = prepare_queue,
	.call = call_pool,
	.check = check_pool,
};

static int prepare_eventfd(struct rig *rig)
{
	rig->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return rig->fd < 0 ? -1 : prepare_queue(rig);
}

static int call_eventfd(struct rig *rig)
{
	return rb_q_eventfd(&rig->q, rig->fd);
}

/* C16: it gets a signal, or it does not. */
static int check_eventfd(struct rig *rig, int err)
{
	__u64 got = 0;

	rb_q_arm(&rig->q);
	rb_sqe_nop(&rig->q, 1);
	if (rb_q_submit_all(&rig->q) || rb_q_reap(&rig->q) != 1)
		return 1;
	if (read(rig->fd, &got, sizeof(got)) < 0 && errno != EAGAIN)
		return 2;
	rb_q_disarm(&rig->q);
	rb_q_eventfd(&rig->q, -1);
	close(rig->fd);
	return got == !err ? 0 : 3;
}

FIXTURE_VARIANT_ADD(fault, eventfd) {
	.prepare = prepare_eventfd,
	.call = call_eventfd,
	.check = check_eventfd,
};

/* A wait with a mask, for one of two completions: it has to sleep. */
static int prepare_wait(struct rig *rig)
{
	if (prepare_queue(rig))
		return -1;
	rb_sqe_timeout(&rig->q, RB_MSEC, 7);
	return rb_q_submit_all(&rig->q);
}

static int call_wait(struct rig *rig)
{
	__u64 mask = 1ULL << (SIGUSR1 - 1);
	struct regbuf_ioc_enter enter = {
		.size = sizeof(enter),
		.wait = 1,
		.timeout_ns = RB_LONG,
		.sigmask = (unsigned long)&mask,
		.sigmask_size = sizeof(mask),
	};

	return rb_ioctl(rig->q.fd, REGBUF_IOC_ENTER, &enter);
}

/* C16: nothing is lost with the wait, nor is a signal's mask. */
static int check_wait(struct rig *rig, int err)
{
	sigset_t set;

	sigprocmask(SIG_SETMASK, NULL, &set);
	if (sigismember(&set, SIGUSR1))
		return 1;
	return rb_q_expect(&rig->q, 7, ETIME) || whole(&rig->q);
}

FIXTURE_VARIANT_ADD(fault, wait_masked) {
	.prepare = prepare_wait,
	.call = call_wait,
	.check = check_wait,
};

/*
 * C3: the table of lanes grows in its own time, and in that of who finds it
 * full. With no memory for either a socket is refused, and nothing else.
 */
TEST(fault_of_the_table_of_lanes_is_survived)
{
	static int socks[LANES];
	struct rb_queue q;
	int dev, nr, err = 0;
	__u32 ep;

	if (access("/proc/self/fail-nth", F_OK))
		SKIP(return, "no fault injection in this kernel");
	dev = rb_open();
	ASSERT_EQ(0, rb_q_open(dev, &q, 8, 16, 8));
	ASSERT_EQ(0, rb_fault_allow());
	ASSERT_EQ(0, rb_fault_symbol("require", "bucket_table_alloc"));
	rb_fault_record(true);
	ASSERT_EQ(0, rb_fault_all("failslab", true));
	for (nr = 0; nr < LANES && !err; nr++) {
		socks[nr] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		ASSERT_LE(0, socks[nr]);
		err = rb_q_attach(&q, socks[nr], RB_BOTH, 0, 0, &ep);
	}
	EXPECT_EQ(-ENOMEM, err);
	ASSERT_EQ(0, rb_fault_all("failslab", false));
	rb_fault_record(false);
	rb_fault_save();
	EXPECT_EQ(0, rb_q_attach(&q, socks[nr - 1], RB_BOTH, 0, 0, &ep));
	EXPECT_EQ(0, whole(&q));
	rb_q_close(&q);
	while (nr)
		close(socks[--nr]);
	close(dev);
	ASSERT_EQ(0, rb_fault_allow());
}

/* Without memory there is no endpoint: not with the id of who has just left. */
TEST(fault_of_an_id_gives_no_old_one)
{
	int dev, sv[2], other, err;
	struct rb_queue q;
	__u32 ep;

	if (access("/proc/self/fail-nth", F_OK))
		SKIP(return, "no fault injection in this kernel");
	dev = rb_open();
	ASSERT_EQ(0, rb_q_open(dev, &q, 8, 16, 8));
	ASSERT_EQ(0, rb_pair(NULL, AF_INET, SOCK_STREAM, sv));
	other = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ASSERT_EQ(0, rb_q_attach(&q, sv[0], RB_BOTH, 0, 0, &ep));
	ASSERT_EQ(0, rb_fill_table(&q, other));
	ASSERT_EQ(0, rb_fault_allow());
	ASSERT_EQ(0, rb_fault_symbol("require", "__xa_alloc"));
	ASSERT_EQ(0, rb_fault_all("failslab", true));
	err = rb_q_attach(&q, other, RB_BOTH, 0, 0, &ep);
	ASSERT_EQ(0, rb_fault_all("failslab", false));
	EXPECT_EQ(-ENOMEM, err);
	EXPECT_EQ(0, rb_q_attach(&q, other, RB_BOTH, 0, 0, &ep));
	EXPECT_EQ(RB_TABLE, ep);
	EXPECT_EQ(0, whole(&q));
	rb_q_close(&q);
	close(other);
	close(sv[0]);
	close(sv[1]);
	close(dev);
	ASSERT_EQ(0, rb_fault_allow());
}

TEST_HARNESS_MAIN
