// SPDX-License-Identifier: GPL-2.0
/*
 * Bugs that others had with descriptors that are passed around, and with what
 * shows them, by class: see Documentation/bug-classes.rst. C8, C15, C18.
 */
#include "regbuf_buf.h"

#include <dirent.h>
#include <linux/membarrier.h>
#include <stdatomic.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"

#define PAGES	4
#define LEN	(PAGES * RB_PAGE)
#define ROUNDS	40

FIXTURE(fds)
{
	struct rb_net net;
	int sv[2];
	int dev;
	char *mem;
	__u64 id;
	int export;
	struct rb_queue q;
	__u32 ep;
	long pins;
	atomic_int stop;
	atomic_int wrong;
};

FIXTURE_SETUP(fds)
{
	ASSERT_EQ(0, rb_net_setup(&self->net));
	ASSERT_EQ(0, rb_pair(&self->net, AF_INET, SOCK_STREAM, self->sv));
	self->pins = rb_pins();
	self->mem = rb_pages(PAGES);
}

/* The end of any UNIX socket has the collector of garbage run. */
static void collect(void)
{
	int sv[2];

	for (int i = 0; i < 3; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv))
			return;
		close(sv[0]);
		close(sv[1]);
	}
}

FIXTURE_TEARDOWN(fds)
{
	close(self->sv[0]);
	close(self->sv[1]);
	collect();
	EXPECT_TRUE(rb_pinned(self->pins, 0));
}

/* All descriptors that there are, one kind each; a request or two under way. */
static int open_all(FIXTURE_DATA(fds) *self)
{
	self->dev = rb_open();
	if (rb_register(self->dev, self->mem, LEN, RB_READ | RB_WRITE,
			&self->id) ||
	    rb_q_open(self->dev, &self->q, 8, 8, 0) ||
	    /* Who looks at the last one keeps its endpoint for a moment. */
	    !rb_within(20, !rb_q_attach(&self->q, self->sv[0], RB_BOTH, 0, 0,
					&self->ep)))
		return -1;
	self->export = rb_export(self->dev, self->id, 0, 0, RB_READ);
	rb_sqe_recv(&self->q, self->ep, self->id, 0, 100, 1);
	rb_sqe_send(&self->q, self->ep, self->id, 0, LEN, 2);
	return rb_q_submit_all(&self->q);
}

static void close_all(FIXTURE_DATA(fds) *self)
{
	close(self->export);
	rb_q_close(&self->q);
	close(self->dev);
}

/*
 * Passing in cycles. Everything of ours goes into a pair of UNIX sockets that
 * goes into itself, with requests under way: all of it is collected.
 */
TEST_F_TIMEOUT(fds, cve_2022_2602_all_in_a_cycle_with_requests, 60)
{
	int sv[2], all[4];

	ASSERT_EQ(0, rb_net_hold(&self->net));
	ASSERT_EQ(0, open_all(self));
	EXPECT_TRUE(rb_pinned(self->pins, PAGES));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv));
	all[0] = self->q.fd;
	all[1] = self->dev;
	all[2] = self->export;
	all[3] = self->sv[0];
	for (int i = 0; i < 4; i++)
		ASSERT_EQ(0, rb_pass(sv[i % 2], "x", 1, all[i]));
	ASSERT_EQ(0, rb_pass(sv[0], "x", 1, sv[1]));
	ASSERT_EQ(0, rb_pass(sv[1], "x", 1, sv[0]));
	close_all(self);
	close(self->sv[0]);
	self->sv[0] = -1;
	close(sv[0]);
	close(sv[1]);
	collect();
	/* What has not left yet keeps the pages, and nothing else does. */
	EXPECT_EQ(0, rb_net_release(&self->net, self->sv[1]));
	EXPECT_TRUE(rb_pinned(self->pins, 0));
}

/* The collector runs while others submit, attach and wait. */
static void *collect_all_the_time(void *arg)
{
	FIXTURE_DATA(fds) *self = arg;

	while (!atomic_load(&self->stop)) {
		int sv[2];

		if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv))
			return NULL;
		/* Descriptors that are in use, on their way to nobody. */
		rb_pass(sv[0], "x", 1, self->q.fd);
		rb_pass(sv[1], "x", 1, self->dev);
		rb_pass(sv[0], "x", 1, self->sv[0]);
		rb_pass(sv[0], "x", 1, sv[1]);
		rb_pass(sv[1], "x", 1, sv[0]);
		close(sv[0]);
		close(sv[1]);
	}
	return NULL;
}

static void *read_all_the_time(void *arg)
{
	FIXTURE_DATA(fds) *self = arg;
	static __thread char bytes[LEN];

	while (recv(self->sv[1], bytes, sizeof(bytes), 0) > 0)
		;
	return NULL;
}

/* C1: none of them is taken for garbage, and all requests complete. */
TEST_F_TIMEOUT(fds, cve_2022_2602_collected_while_in_use, 120)
{
	pthread_t collector, reader;
	struct regbuf_cqe cqe;

	ASSERT_EQ(0, open_all(self));
	ASSERT_EQ(0, pthread_create(&collector, NULL, collect_all_the_time,
				    self));
	ASSERT_EQ(0, pthread_create(&reader, NULL, read_all_the_time, self));
	ASSERT_EQ(0, rb_q_value(&self->q, 2, LEN));
	for (int i = 0; i < 10 * ROUNDS; i++) {
		rb_sqe_send(&self->q, self->ep, self->id, 0, LEN, 3);
		ASSERT_EQ(0, rb_q_submit_all(&self->q));
		ASSERT_EQ(0, rb_q_value(&self->q, 3, LEN));
	}
	atomic_store(&self->stop, 1);
	ASSERT_EQ(0, pthread_join(collector, NULL));
	ASSERT_EQ(0, rb_q_detach(&self->q, self->ep, 0));
	ASSERT_EQ(0, rb_q_next(&self->q, &cqe));
	EXPECT_EQ(1, cqe.user_data);
	shutdown(self->sv[0], SHUT_WR);
	ASSERT_EQ(0, pthread_join(reader, NULL));
	close_all(self);
}

/*
 * What we keep of a program's files is sockets that carry no descriptors: a
 * UNIX socket, or a file of our own, in a queue would be a cycle by itself.
 */
TEST_F(fds, cve_2023_6531_keeps_nothing_that_carries_descriptors)
{
	int sv[2], pipes[2], ep_fd = epoll_create1(EPOLL_CLOEXEC);
	struct regbuf_ioc_send msg;
	__u32 ep;

	ASSERT_EQ(0, open_all(self));
	for (int type = SOCK_STREAM; type <= SOCK_SEQPACKET; type++) {
		if (socketpair(AF_UNIX, type, 0, sv))
			continue;
		ASSERT_EQ(0, rb_pass(sv[0], "x", 1, self->q.fd));
		EXPECT_EQ(-EOPNOTSUPP, rb_q_attach(&self->q, sv[0], RB_BOTH, 0,
						   0, &ep));
		EXPECT_EQ(-EOPNOTSUPP, rb_send(self->dev, sv[0], self->id, 0,
					       1, &msg));
		close(sv[0]);
		close(sv[1]);
	}
	ASSERT_EQ(0, pipe(pipes));
	EXPECT_EQ(-ENOTSOCK, rb_q_attach(&self->q, self->q.fd, RB_BOTH, 0, 0,
					 &ep));
	EXPECT_EQ(-ENOTSOCK, rb_q_attach(&self->q, self->dev, RB_BOTH, 0, 0,
					 &ep));
	EXPECT_EQ(-ENOTSOCK, rb_q_attach(&self->q, self->export, RB_BOTH, 0, 0,
					 &ep));
	EXPECT_EQ(-ENOTSOCK, rb_q_attach(&self->q, ep_fd, RB_BOTH, 0, 0, &ep));
	EXPECT_EQ(-ENOTSOCK, rb_q_attach(&self->q, pipes[0], RB_BOTH, 0, 0,
					 &ep));
	/* Nor is anything but an eventfd signalled. */
	EXPECT_EQ(-EINVAL, rb_q_eventfd(&self->q, self->q.fd));
	EXPECT_EQ(-EINVAL, rb_q_eventfd(&self->q, self->dev));
	close(ep_fd);
	close(pipes[0]);
	close(pipes[1]);
	close_all(self);
}

/* Read all that is shown of a process's descriptors. */
static void look_at(pid_t pid)
{
	char path[300], text[4096];
	struct dirent *entry;
	DIR *dir;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo", pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%d/fdinfo/%s", pid,
			 entry->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		while (fd >= 0 && read(fd, text, sizeof(text)) > 0)
			;
		close(fd);
	}
	if (dir)
		closedir(dir);
}

struct looker {
	FIXTURE_DATA(fds) *self;
	pid_t pid;
	unsigned int looks;
	pthread_t thread;
};

static void *look_all_the_time(void *arg)
{
	struct looker *l = arg;

	while (!atomic_load(&l->self->stop)) {
		look_at(l->pid);
		__atomic_fetch_add(&l->looks, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static bool has_looked(const struct looker *l)
{
	return __atomic_load_n(&l->looks, __ATOMIC_RELAXED);
}

/*
 * What shows a descriptor while it, and all that it is of, goes: by closing, by
 * revoking, by the end of the process.
 */
static void come_and_go(FIXTURE_DATA(fds) *self)
{
	/* Until they look. */
	raise(SIGSTOP);
	for (int i = 0; i < ROUNDS; i++) {
		if (open_all(self))
			_exit(1);
		if (i % 3 == 0)
			rb_revoke(self->dev, self->id, 0);
		if (i % 4 == 0)
			rb_deregister(self->dev, self->id);
		if (i % 2)
			close(self->dev);
		close(self->export);
		rb_q_close(&self->q);
		if (i % 2 == 0)
			close(self->dev);
	}
	if (open_all(self))
		_exit(1);
	kill(getpid(), SIGKILL);
}

TEST_F_TIMEOUT(fds, cve_2023_46862_fdinfo_of_what_goes, 120)
{
	struct looker lookers[2];
	pthread_t reader;
	int status;
	pid_t pid;

	ASSERT_EQ(0, pthread_create(&reader, NULL, read_all_the_time, self));
	pid = fork();
	if (!pid)
		come_and_go(self);
	ASSERT_EQ(pid, waitpid(pid, &status, WUNTRACED));
	for (int i = 0; i < 2; i++) {
		lookers[i] = (struct looker){ .self = self, .pid = pid };
		ASSERT_EQ(0, pthread_create(&lookers[i].thread, NULL,
					    look_all_the_time, &lookers[i]));
	}
	EXPECT_TRUE(rb_within(20, has_looked(&lookers[0]) &&
			      has_looked(&lookers[1])));
	ASSERT_EQ(0, kill(pid, SIGCONT));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	atomic_store(&self->stop, 1);
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_join(lookers[i].thread, NULL));
	shutdown(self->sv[0], SHUT_WR);
	ASSERT_EQ(0, pthread_join(reader, NULL));
}

/* What was shown is the export's, as long as it can be looked at. */
TEST_F(fds, cve_2025_38002_fdinfo_of_what_is_gone)
{
	char path[64];

	ASSERT_EQ(0, open_all(self));
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", self->export);
	EXPECT_EQ(LEN, rb_number(path, "regbuf-length"));
	EXPECT_EQ(0, rb_number(path, "regbuf-ended"));
	rb_q_close(&self->q);
	close(self->dev);
	EXPECT_TRUE(rb_within(20, rb_number(path, "regbuf-ended") == 1));
	/* Its context, its buffer and the pages: all gone, and freed. */
	EXPECT_TRUE(rb_within(20, rb_pins() == self->pins));
	for (int i = 0; i < 5; i++) {
		/* What waits to be freed is freed soon then. */
		ASSERT_EQ(0, rb_write_file("/proc/sys/vm/drop_caches", "2"));
		syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
		EXPECT_EQ(LEN, rb_number(path, "regbuf-length"));
	}
	close(self->export);
	EXPECT_EQ(-1, rb_number(path, "regbuf-length"));
}

#include "regbuf_main.h"
