// SPDX-License-Identifier: GPL-2.0
/*
 * What there can be at most of each thing that others have to look through, or
 * that has threads of the kernel, as Documentation/security.rst says. CVE
 * class: exhaustion, long times under a lock.
 */
#include "regbuf_lane.h"
#include "regbuf_left.h"
#include "regbuf_proc.h"
#include "regbuf_slow.h"

#include "kselftest_harness.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define MAX_CONTEXTS	"/sys/module/regbuf/parameters/max_contexts"
#define SOME		8
#define MAX_QUEUES	4096
#define MAX_SHARES	4096
#define MAX_ENDPOINTS	65536
#define MAX_BUFFERS	(1 << 20)

FIXTURE(contexts) {
	struct rb_rig rig;
	int fds[SOME];
	char before[16];
};

FIXTURE_SETUP(contexts)
{
	ASSERT_EQ(0, rb_first_line(MAX_CONTEXTS, self->before,
				   sizeof(self->before)));
	EXPECT_STREQ("1024\n", self->before);
	ASSERT_EQ(0, rb_write_file(MAX_CONTEXTS, "8"));
	ASSERT_EQ(0, chmod(REGBUF_DEVICE, 0666));
}

/* By root, whoever the test became. */
FIXTURE_TEARDOWN_PARENT(contexts)
{
	EXPECT_EQ(0, rb_write_file(MAX_CONTEXTS, self->before));
	EXPECT_EQ(0, chmod(REGBUF_DEVICE, 0660));
}

/* What opening the device says to a process of a user; 0 if it can be. */
static int opens(uid_t uid)
{
	pid_t pid = fork();

	if (!pid) {
		if (setresuid(uid, uid, uid))
			_exit(255);
		_exit(rb_open() < 0 ? errno : 0);
	}
	return rb_child_result(pid);
}

/* So many of a user, whichever process has them; others have their own. */
TEST_F(contexts, are_counted_by_user)
{
	ASSERT_EQ(0, setresuid(RB_NOBODY, RB_NOBODY, 0));
	for (int i = 0; i < SOME; i++) {
		self->fds[i] = rb_open();
		ASSERT_LE(0, self->fds[i]);
	}
	EXPECT_EQ(-1, rb_open());
	EXPECT_EQ(EMFILE, errno);
	/* And again: a refusal counts for nothing. */
	EXPECT_EQ(-1, rb_open());
	EXPECT_EQ(EMFILE, errno);
	EXPECT_EQ(EMFILE, opens(RB_NOBODY));
	close(self->fds[0]);
	EXPECT_EQ(0, opens(RB_NOBODY));
	self->fds[0] = rb_open();
	EXPECT_LE(0, self->fds[0]);
	EXPECT_EQ(EMFILE, opens(RB_NOBODY));
	ASSERT_EQ(0, setresuid(0, 0, 0));
	EXPECT_EQ(EMFILE, opens(RB_NOBODY));
	EXPECT_EQ(0, opens(RB_NOBODY - 1));
}

/* CAP_SYS_RESOURCE is above it. */
TEST_F(contexts, are_not_limited_for_root)
{
	for (int i = 0; i < 2 * SOME; i++)
		ASSERT_LE(0, rb_open());
}

/* C10, C15: what the network has counts until it lets go: pages and context. */
TEST_F(contexts, of_the_dead_count)
{
	int sv[2];

	ASSERT_EQ(0, rb_net_setup(&self->rig.net));
	ASSERT_EQ(0, rb_pair(&self->rig.net, AF_INET, SOCK_STREAM, sv));
	self->rig.near = sv[0];
	self->rig.far = sv[1];
	ASSERT_EQ(0, rb_rig_hold(&self->rig, RB_LEFT * RB_PAGE));
	ASSERT_EQ(0, rb_send_and_exit(&self->rig));
	EXPECT_EQ(RB_LEFT, rb_charged_to(RB_NOBODY));
	EXPECT_EQ(0, rb_charged_to(RB_NOBODY - 1));
	ASSERT_EQ(0, rb_write_file(MAX_CONTEXTS, "1"));
	EXPECT_EQ(EMFILE, opens(RB_NOBODY));
	EXPECT_EQ(EMFILE, opens(RB_NOBODY));
	ASSERT_EQ(0, rb_net_release(&self->rig.net, sv[1]));
	EXPECT_TRUE(rb_within(20, !opens(RB_NOBODY)));
	EXPECT_EQ(0, rb_charged_to(RB_NOBODY));
}

/*
 * C15: and lets go of that when TCP gives up, sooner if it is of a socket that
 * nobody has any more. The peer never says a word.
 */
TEST_F_TIMEOUT(contexts, of_the_dead_end_with_their_sockets, 150)
{
	int sv[2];

	ASSERT_EQ(0, rb_net_setup(&self->rig.net));
	ASSERT_EQ(0, rb_write_file("/proc/sys/net/ipv4/tcp_orphan_retries",
				   "1"));
	ASSERT_EQ(0, rb_pair(&self->rig.net, AF_INET, SOCK_STREAM, sv));
	self->rig.near = sv[0];
	ASSERT_EQ(0, rb_rig_hold(&self->rig, RB_LEFT * RB_PAGE));
	ASSERT_EQ(0, rb_send_and_exit(&self->rig));
	EXPECT_EQ(RB_LEFT, rb_charged_to(RB_NOBODY));
	close(sv[0]);
	/* Nine times what the first answer took: the machine may stall. */
	EXPECT_TRUE(rb_within(120, !rb_charged_to(RB_NOBODY)));
	close(sv[1]);
}

FIXTURE(limits) {
	int dev;
	long pins;
};

FIXTURE_SETUP(limits)
{
	struct rlimit files = { 2 * MAX_QUEUES, 2 * MAX_QUEUES };

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &files));
	self->pins = rb_pins();
	self->dev = rb_open();
	ASSERT_LE(0, self->dev);
}

FIXTURE_TEARDOWN(limits)
{
	close(self->dev);
	EXPECT_TRUE(rb_pinned(self->pins, 0));
}

/* The smallest there is: its descriptor, or -errno. */
static int make_queue(int dev)
{
	struct regbuf_ioc_queue queue = {
		.size = sizeof(queue),
		.sq_entries = 1,
		.cq_entries = 1,
	};

	return rb_ioctl(dev, REGBUF_IOC_QUEUE, &queue) ?: queue.fd;
}

TEST_F_TIMEOUT(limits, queues_of_a_context, 120)
{
	int other, fd = -1;

	for (int i = 0; i < MAX_QUEUES; i++) {
		fd = make_queue(self->dev);
		ASSERT_LE(0, fd);
	}
	EXPECT_EQ(-ENOSPC, make_queue(self->dev));
	other = rb_open();
	EXPECT_LE(0, make_queue(other));
	/* It is freed by a worker. */
	close(fd);
	EXPECT_TRUE(rb_within(20, make_queue(self->dev) >= 0));
	EXPECT_EQ(-ENOSPC, make_queue(self->dev));
}

static int attach_another(struct rb_queue *q)
{
	int err, sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	__u32 ep;

	if (sock < 0)
		return -errno;
	err = rb_q_attach(q, sock, REGBUF_ATTACH_F_SEND, 1, 0, &ep);
	close(sock);
	return err;
}

TEST_F_TIMEOUT(limits, endpoints_of_a_queue, 300)
{
	struct rb_queue q;

	if (rb_slow())
		SKIP(return, "takes long with sanitizers");
	ASSERT_EQ(0, rb_q_open(self->dev, &q, 1, 1, 0));
	for (int i = 0; i < MAX_ENDPOINTS; i++)
		ASSERT_EQ(0, attach_another(&q));
	EXPECT_EQ(-ENOSPC, attach_another(&q));
	ASSERT_EQ(0, rb_q_detach(&q, 1, 0));
	EXPECT_EQ(0, attach_another(&q));
	EXPECT_EQ(-ENOSPC, attach_another(&q));
	rb_q_close(&q);
}

TEST_F_TIMEOUT(limits, buffers_of_a_context, 300)
{
	void *mem = rb_pages(1);
	__u64 id;

	if (rb_slow())
		SKIP(return, "takes long with sanitizers");
	for (int i = 0; i < MAX_BUFFERS; i++)
		ASSERT_EQ(0, rb_register(self->dev, mem, 1, RB_READ, &id));
	EXPECT_EQ(-ENOSPC, rb_register(self->dev, mem, 1, RB_READ, &id));
}

TEST_F_TIMEOUT(limits, shares_of_a_context, 120)
{
	void *mem = rb_pages(1);
	int export, importer = rb_open();
	__u64 own, id, import = 0;

	ASSERT_EQ(0, rb_register(self->dev, mem, 1, RB_READ, &own));
	export = rb_export(self->dev, own, 0, 1, RB_READ);
	ASSERT_LE(0, export);
	for (int i = 1; i < MAX_SHARES; i++)
		ASSERT_EQ(0, rb_import(importer, export, RB_READ, &import));
	EXPECT_EQ(-ENOSPC, rb_import(importer, export, RB_READ, &id));
	EXPECT_EQ(-ENOSPC, rb_import(self->dev, export, RB_READ, &id));
	EXPECT_EQ(-ENOSPC, rb_export(self->dev, own, 0, 1, RB_READ));
	/* Of either kind one goes, and there is room for one of either. */
	ASSERT_EQ(0, rb_deregister(importer, import));
	EXPECT_EQ(0, rb_import(self->dev, export, RB_READ, &import));
	EXPECT_EQ(-ENOSPC, rb_import(importer, export, RB_READ, &id));
	ASSERT_EQ(0, rb_deregister(self->dev, import));
	/* All at once. */
	EXPECT_EQ(0, rb_revoke(self->dev, 0, export));
	EXPECT_EQ(-ESTALE, rb_import(importer, export, RB_READ, &id));
	close(importer);
}

TEST_HARNESS_MAIN
