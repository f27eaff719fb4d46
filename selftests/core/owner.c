// SPDX-License-Identifier: GPL-2.0
/*
 * C8: only the process that opened the device may use it. Who else gets hold of
 * the descriptor is refused, and keeps at most the pages pinned.
 */
#include "regbuf_test.h"
#include "kselftest_harness.h"

#include <sys/prctl.h>
#include <sys/wait.h>

#define PAGES		3
#define NR_CALLS	7
#define EXEC_ENV	"REGBUF_TEST_EXEC"

FIXTURE(owner) {
	int dev;
	int sv[2];
	char *mem;
	__u64 id;
	long pins;
};

FIXTURE_SETUP(owner)
{
	self->pins = rb_pins();
	self->dev = open(REGBUF_DEVICE, O_RDWR);	/* survives exec */
	ASSERT_GE(self->dev, 0);
	ASSERT_EQ(0, rb_pair(NULL, AF_INET, SOCK_STREAM, self->sv));
	self->mem = rb_pages(PAGES);
	ASSERT_NE(NULL, self->mem);
	ASSERT_EQ(0, rb_register(self->dev, self->mem, PAGES * RB_PAGE,
				 RB_READ, &self->id));
}

FIXTURE_TEARDOWN(owner)
{
	close(self->dev);
	EXPECT_EQ(0, rb_vmpin());
	EXPECT_EQ(self->pins, rb_pins());
}

/* How many of all calls, each right in itself, give that result. */
static int calls_that_give(int want, int dev, int sock, void *mem, __u64 id)
{
	struct regbuf_ioc_query query = { .size = sizeof(query) };
	struct regbuf_ioc_status status;
	struct regbuf_ioc_stats stats;
	struct regbuf_ioc_send msg;
	__u64 other = 0;
	int nr = 0;

	nr += rb_ioctl(dev, REGBUF_IOC_QUERY, &query) == want;
	nr += rb_register(dev, mem, 1, RB_READ, &other) == want;
	nr += rb_deregister(dev, other ?: id) == want;
	nr += rb_status(dev, id, &status) == want;
	nr += rb_wait(dev, id, 5 * RB_SEC) == want;
	nr += rb_send(dev, sock, id, 0, 1, &msg) == want;
	nr += rb_stats(dev, &stats) == want;
	return nr;
}

static int my_calls_that_give(const FIXTURE_DATA(owner) *self, int want)
{
	return calls_that_give(want, self->dev, self->sv[0], self->mem,
			       self->id);
}

/* The owner's buffer is as it was; nobody sent anything. */
static bool unharmed(const FIXTURE_DATA(owner) *self)
{
	struct regbuf_ioc_status status;
	struct regbuf_ioc_stats stats;

	return !rb_status(self->dev, self->id, &status) &&
	       status.state == REGBUF_STATE_LIVE && status.in_flight == 0 &&
	       !rb_stats(self->dev, &stats) && stats.buffers == 1 &&
	       stats.sends == 0 && rb_vmpin() == PAGES;
}

/* A child's exit code, or -1; of any child for pid -1. */
static int child_result(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static int pass_fd(int sock, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = "", byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
	return sendmsg(sock, &msg, 0) == 1 ? 0 : -1;
}

static int take_fd(int sock)
{
	char control[CMSG_SPACE(sizeof(int))] = "", byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	int fd;

	if (recvmsg(sock, &msg, 0) != 1 || !CMSG_FIRSTHDR(&msg))
		return -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
	return fd;
}

/*
 * This program again, after exec: its result is the number of calls refused.
 * A constructor, as the harness has the main().
 */
static void __attribute__((constructor)) after_exec(void)
{
	const char *args = getenv(EXEC_ENV);
	unsigned long long id;
	char byte;
	int dev, sock;

	if (!args)
		return;
	if (sscanf(args, "%d %d %llx", &dev, &sock, &id) != 3)
		_exit(99);
	_exit(calls_that_give(-EPERM, dev, sock, &byte, id));
}

static void exec_self(int dev, int sock, __u64 id)
{
	char args[64];

	snprintf(args, sizeof(args), "%d %d %llx", dev, sock,
		 (unsigned long long)id);
	setenv(EXEC_ENV, args, 1);
	execl("/proc/self/exe", "owner", NULL);
	_exit(98);
}

/* The control: the owner may do all of it. */
TEST_F(owner, may_use_everything)
{
	char byte;

	EXPECT_EQ(NR_CALLS, my_calls_that_give(self, 0));
	ASSERT_EQ(1, recv(self->sv[1], &byte, 1, 0));
	close(self->sv[0]);
	close(self->sv[1]);
	EXPECT_EQ(0, rb_wait(self->dev, self->id, 20 * RB_SEC));
}

/* C8, S55: a forked child is refused by every call, and harms nothing */
TEST_F(owner, forked_child_is_refused)
{
	pid_t pid = fork();

	if (!pid)
		_exit(my_calls_that_give(self, -EPERM));
	EXPECT_EQ(NR_CALLS, child_result(pid));
	EXPECT_TRUE(unharmed(self));
}

/* C8: a structure that can't even be read: still EPERM, it isn't looked at */
TEST_F(owner, forked_child_is_refused_before_anything)
{
	pid_t pid = fork();

	if (!pid)
		_exit(rb_ioctl(self->dev, REGBUF_IOC_STATS, NULL) == -EPERM);
	EXPECT_EQ(1, child_result(pid));
}

/* C8: a grandchild is no nearer */
TEST_F(owner, grandchild_is_refused)
{
	pid_t pid = fork();

	if (!pid) {
		pid = fork();
		if (!pid)
			_exit(my_calls_that_give(self, -EPERM));
		_exit(child_result(pid));
	}
	EXPECT_EQ(NR_CALLS, child_result(pid));
	EXPECT_TRUE(unharmed(self));
}

/* C8: closing it in the child takes nothing from the parent */
TEST_F(owner, close_in_the_child_closes_nothing)
{
	pid_t pid = fork();

	if (!pid)
		_exit(close(self->dev));
	EXPECT_EQ(0, child_result(pid));
	EXPECT_TRUE(unharmed(self));
	EXPECT_EQ(self->pins + PAGES, rb_pins());
}

/* C8, S55: a process that is given the descriptor is refused */
TEST_F(owner, receiver_of_the_descriptor_is_refused)
{
	int unix_sv[2], dev;
	pid_t pid;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_DGRAM, 0, unix_sv));
	pid = fork();
	if (!pid) {
		close(self->dev);
		dev = take_fd(unix_sv[1]);
		_exit(calls_that_give(-EPERM, dev, self->sv[0], self->mem,
				      self->id));
	}
	ASSERT_EQ(0, pass_fd(unix_sv[0], self->dev));
	EXPECT_EQ(NR_CALLS, child_result(pid));
	EXPECT_TRUE(unharmed(self));
}

/* C8: neither may the parent use what a child opened. */
TEST_F(owner, parent_is_refused_by_the_child_s)
{
	int unix_sv[2], hold[2], dev;
	char byte;
	pid_t pid;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_DGRAM, 0, unix_sv));
	ASSERT_EQ(0, pipe(hold));
	pid = fork();
	if (!pid) {
		close(hold[1]);
		dev = rb_open();
		_exit(pass_fd(unix_sv[1], dev) || read(hold[0], &byte, 1));
	}
	dev = take_fd(unix_sv[0]);
	ASSERT_GE(dev, 0);
	EXPECT_EQ(NR_CALLS, calls_that_give(-EPERM, dev, self->sv[0],
					    self->mem, self->id));
	close(dev);
	close(hold[0]);
	close(hold[1]);
	EXPECT_EQ(0, child_result(pid));
}

/* C8: after exec it is another program, though the same process */
TEST_F(owner, opener_is_refused_after_exec)
{
	pid_t pid = fork();
	char *mem;
	__u64 id;
	int dev;

	if (!pid) {
		close(self->dev);
		dev = open(REGBUF_DEVICE, O_RDWR);
		mem = rb_pages(5);
		if (rb_register(dev, mem, 5 * RB_PAGE, RB_READ, &id))
			_exit(97);
		exec_self(dev, self->sv[0], id);
	}
	EXPECT_EQ(NR_CALLS, child_result(pid));
	/* What it had pinned went with it. */
	EXPECT_EQ(self->pins + PAGES, rb_pins());
	EXPECT_TRUE(unharmed(self));
}

/* C8: a child is refused after exec as before. */
TEST_F(owner, child_is_refused_after_exec)
{
	pid_t pid = fork();

	if (!pid)
		exec_self(self->dev, self->sv[0], self->id);
	EXPECT_EQ(NR_CALLS, child_result(pid));
	EXPECT_TRUE(unharmed(self));
}

/* rb_open() is what programs should do: the descriptor is gone after exec. */
TEST_F(owner, exec_closes_what_says_so)
{
	pid_t pid = fork();
	int dev;

	if (!pid) {
		dev = rb_open();
		exec_self(dev, self->sv[0], self->id);
	}
	EXPECT_EQ(0, child_result(pid));
}

static void *thread_calls(void *arg)
{
	return (void *)(long)my_calls_that_give(arg, 0);
}

/* C8: threads are the same process */
TEST_F(owner, thread_may_use_everything)
{
	pthread_t thread;
	void *result;
	char byte;

	ASSERT_EQ(0, pthread_create(&thread, NULL, thread_calls, self));
	ASSERT_EQ(0, pthread_join(thread, &result));
	EXPECT_EQ(NR_CALLS, (long)result);
	ASSERT_EQ(1, recv(self->sv[1], &byte, 1, 0));
	close(self->sv[0]);
	close(self->sv[1]);
	EXPECT_EQ(0, rb_wait(self->dev, self->id, 20 * RB_SEC));
}

/* C8: a vfork child shares the memory, and so the right to it */
TEST_F(owner, vfork_child_may_use_it)
{
	struct regbuf_ioc_status status;
	volatile __u64 id = 0;
	volatile int err = 1;
	pid_t pid = vfork();

	if (!pid) {
		__u64 got;

		err = rb_register(self->dev, self->mem, 1, RB_READ, &got);
		id = got;
		_exit(0);
	}
	EXPECT_EQ(0, child_result(pid));
	ASSERT_EQ(0, err);
	EXPECT_EQ(0, rb_status(self->dev, id, &status));
	EXPECT_EQ(0, rb_deregister(self->dev, id));
}

/*
 * C8, C9: the owner dies while a child keeps the descriptor: nobody else may
 * use the pages, so they go with his memory.
 */
TEST_F(owner, pages_go_with_the_owners_memory)
{
	int hold[2], ready[2];
	char byte;
	pid_t pid;
	__u64 id;
	int dev;

	ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1));
	ASSERT_EQ(0, pipe(hold));
	ASSERT_EQ(0, pipe(ready));
	pid = fork();
	if (!pid) {
		dev = rb_open();
		if (rb_register(dev, rb_pages(7), 7 * RB_PAGE, RB_READ, &id) ||
		    fork())
			_exit(0);
		close(self->dev);
		close(hold[1]);
		_exit(write(ready[1], "r", 1) != 1 ||
		      read(hold[0], &byte, 1) != 0);
	}
	EXPECT_EQ(0, child_result(pid));
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	EXPECT_TRUE(rb_within(20, rb_pins() == self->pins + PAGES));
	close(hold[1]);
	close(hold[0]);
	EXPECT_EQ(0, child_result(-1));
	EXPECT_EQ(self->pins + PAGES, rb_pins());
	EXPECT_TRUE(unharmed(self));
}

/* C15, S12: dying without closing anything leaves nothing behind. */
TEST_F(owner, death_leaves_nothing)
{
	pid_t pid = fork();
	int status;
	__u64 id;

	if (!pid) {
		rb_register(rb_open(), rb_pages(9), 9 * RB_PAGE, RB_READ, &id);
		raise(SIGKILL);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(self->pins + PAGES, rb_pins());
	EXPECT_TRUE(unharmed(self));
}

TEST_HARNESS_MAIN
