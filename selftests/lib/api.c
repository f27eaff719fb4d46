// SPDX-License-Identifier: GPL-2.0
/*
 * libregbuf: every call, what it returns and what it fills in.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <regbuf.h>

#include "lib_pair.h"
#include "regbuf_alarms.h"
#include "kselftest_harness.h"

#define PAGE	4096UL
#define NOBODY	65534
#define BIT(n)	(1u << (n))

static void *map(size_t len)
{
	unsigned char *mem = mmap(NULL, len, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED)
		return NULL;
	/* A huge page would be charged as a whole. */
	madvise(mem, len, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < len; i++)
		mem[i] = i * 7 + (i >> 8) * 13;
	return mem;
}

static struct sockaddr_in inet_addr_of(const char *host, int port)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
	};

	inet_pton(AF_INET, host, &sin.sin_addr);
	return sin;
}

/* Become a user without CAP_IPC_LOCK who may pin that many pages. */
static int limit_to(unsigned long pages)
{
	struct rlimit limit = { pages * PAGE, pages * PAGE };

	return setrlimit(RLIMIT_MEMLOCK, &limit) || setgid(NOBODY) ||
	       setuid(NOBODY);
}

TEST(open_gives_a_context_and_close_takes_none)
{
	struct regbuf *rb = NULL;

	ASSERT_EQ(0, regbuf_open(&rb));
	ASSERT_NE(NULL, rb);
	EXPECT_EQ(FD_CLOEXEC, fcntl(regbuf_fd(rb), F_GETFD));
	regbuf_close(rb);
	regbuf_close(NULL);
}

TEST(close_closes_the_descriptor)
{
	struct regbuf *rb;
	int fd;

	ASSERT_EQ(0, regbuf_open(&rb));
	fd = regbuf_fd(rb);
	ASSERT_LE(0, fd);
	regbuf_close(rb);
	EXPECT_EQ(-1, fcntl(fd, F_GETFD));
	EXPECT_EQ(EBADF, errno);
}

TEST(open_without_permission)
{
	struct regbuf *rb = (void *)1;

	ASSERT_EQ(0, setgid(NOBODY));
	ASSERT_EQ(0, setuid(NOBODY));
	EXPECT_EQ(-EACCES, regbuf_open(&rb));
	EXPECT_EQ(NULL, rb);
}

TEST(open_without_device)
{
	struct regbuf *rb = (void *)1;

	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	ASSERT_EQ(0, mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	ASSERT_EQ(0, mount("none", "/dev", "tmpfs", 0, NULL));
	EXPECT_EQ(-ENODEV, regbuf_open(&rb));
	EXPECT_EQ(NULL, rb);
}

TEST(open_without_free_descriptor)
{
	struct rlimit none = { 0, 0 };
	struct regbuf *rb = (void *)1;

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &none));
	EXPECT_EQ(-EMFILE, regbuf_open(&rb));
	EXPECT_EQ(NULL, rb);
}

FIXTURE(context) {
	struct regbuf *rb;
	char *mem;
	uint64_t id;
};

FIXTURE_SETUP(context)
{
	ASSERT_EQ(0, regbuf_open(&self->rb));
	self->mem = map(16 * PAGE);
	ASSERT_NE(NULL, self->mem);
	ASSERT_EQ(0, regbuf_register(self->rb, self->mem, 16 * PAGE,
				     REGBUF_ACCESS_READ, &self->id));
	ASSERT_NE(REGBUF_ID_NONE, self->id);
}

FIXTURE_TEARDOWN(context)
{
	regbuf_close(self->rb);
}

TEST_F(context, query_tells_limits)
{
	struct regbuf_ioc_query query = { .size = sizeof(query) };

	ASSERT_EQ(0, regbuf_query(self->rb, &query));
	EXPECT_TRUE(query.features & REGBUF_FEAT_SEND);
	EXPECT_TRUE(query.access & REGBUF_ACCESS_READ);
	EXPECT_EQ(REGBUF_SEND_F_ALL, query.send_flags);
	EXPECT_EQ(BIT(REGBUF_COPY_NR) - 1, query.copy_reasons);
	EXPECT_LT(0, query.max_slices);
	EXPECT_LT(0, query.max_inline);
	EXPECT_LT(0, query.max_length);
}

TEST_F(context, structures_may_be_longer_than_the_kernels)
{
	struct {
		struct regbuf_ioc_query query;
		uint64_t later;
	} longer = { .query.size = sizeof(longer) };

	ASSERT_EQ(0, regbuf_query(self->rb, &longer.query));
	EXPECT_LT(0, longer.query.max_length);
	EXPECT_EQ(0, longer.later);
	EXPECT_EQ(0, regbuf_query(self->rb, &longer.query));
	longer.later = 1;
	EXPECT_EQ(-E2BIG, regbuf_query(self->rb, &longer.query));
}

TEST_F(context, structures_without_a_size_are_refused)
{
	struct regbuf_ioc_status status = { 0 };
	struct regbuf_ioc_query query = { 0 };
	struct regbuf_ioc_stats stats = { 0 };

	EXPECT_EQ(-EINVAL, regbuf_query(self->rb, &query));
	EXPECT_EQ(-EINVAL, regbuf_stats(self->rb, &stats));
	EXPECT_EQ(-EINVAL, regbuf_status(self->rb, self->id, &status));
}

TEST_F(context, status_tells_what_was_registered)
{
	struct regbuf_ioc_status status = { .size = sizeof(status) };
	uint64_t id;

	ASSERT_EQ(0, regbuf_register(self->rb, self->mem + 5, 2 * PAGE,
				     REGBUF_ACCESS_READ | REGBUF_ACCESS_WRITE,
				     &id));
	EXPECT_NE(self->id, id);
	ASSERT_EQ(0, regbuf_status(self->rb, id, &status));
	EXPECT_EQ(id, status.id);
	EXPECT_EQ((uintptr_t)self->mem + 5, status.addr);
	EXPECT_EQ(2 * PAGE, status.length);
	EXPECT_EQ(3, status.pages);
	EXPECT_EQ(REGBUF_ACCESS_READ | REGBUF_ACCESS_WRITE, status.access);
	EXPECT_EQ(REGBUF_STATE_LIVE, status.state);
	EXPECT_EQ(0, status.in_flight);

	ASSERT_EQ(0, regbuf_status(self->rb, self->id, &status));
	EXPECT_EQ(self->id, status.id);
	EXPECT_EQ(16, status.pages);
}

TEST_F(context, register_says_what_is_wrong)
{
	struct regbuf_budget budget;
	size_t too_long = SIZE_MAX;
	uint64_t id = 77;

	EXPECT_EQ(-EINVAL, regbuf_register(self->rb, self->mem, 0,
					   REGBUF_ACCESS_READ, &id));
	EXPECT_EQ(REGBUF_ID_NONE, id);
	EXPECT_EQ(-EINVAL, regbuf_register(self->rb, self->mem, PAGE, 0, &id));
	EXPECT_EQ(-EOVERFLOW, regbuf_register(self->rb, self->mem, too_long,
					      REGBUF_ACCESS_READ, &id));
	EXPECT_EQ(-EOPNOTSUPP, regbuf_register(self->rb, self->mem, PAGE,
					       BIT(31), &id));
	memset(&budget, 0xff, sizeof(budget));
	id = 77;
	EXPECT_EQ(-EFAULT, regbuf_register_budget(self->rb, NULL, PAGE,
						  REGBUF_ACCESS_READ, &id,
						  &budget));
	EXPECT_EQ(REGBUF_ID_NONE, id);
	EXPECT_EQ(0, budget.needed);
	EXPECT_EQ(0, budget.allowed);
	EXPECT_EQ(0, budget.uncharged);
	EXPECT_EQ(0, budget.reserved);
}

TEST_F(context, register_with_cap_ipc_lock_is_not_charged)
{
	struct regbuf_budget budget;
	char text[REGBUF_BUDGET_STRING_MAX];
	uint64_t id;

	ASSERT_EQ(0, regbuf_register_budget(self->rb, self->mem, 2 * PAGE,
					    REGBUF_ACCESS_READ, &id, &budget));
	EXPECT_EQ(1, budget.uncharged);
	EXPECT_EQ(2, budget.needed);
	ASSERT_EQ(0, regbuf_budget_string(&budget, text, sizeof(text)));
	EXPECT_STREQ("needs 2 pages (8 KiB), not charged because of "
		     "CAP_IPC_LOCK", text);
}

TEST_F(context, register_over_the_budget_says_how_far)
{
	char *big = map(256 * PAGE);
	struct regbuf_budget budget;
	char text[REGBUF_BUDGET_STRING_MAX];
	uint64_t id;

	ASSERT_NE(NULL, big);
	ASSERT_EQ(0, limit_to(16));
	ASSERT_EQ(-ENOBUFS, regbuf_register_budget(self->rb, big, 256 * PAGE,
						   REGBUF_ACCESS_READ, &id,
						   &budget));
	EXPECT_EQ(REGBUF_ID_NONE, id);
	EXPECT_EQ(256, budget.needed);
	EXPECT_EQ(0, budget.charged);
	EXPECT_EQ(16, budget.allowed);
	EXPECT_EQ(0, budget.uncharged);
	ASSERT_EQ(0, regbuf_budget_string(&budget, text, sizeof(text)));
	EXPECT_STREQ("needs 256 pages (1 MiB), 0 pages charged to this user "
		     "already, 16 pages (64 KiB) allowed by RLIMIT_MEMLOCK: "
		     "raise it with ulimit -l or LimitMEMLOCK=", text);
}

TEST_F(context, register_adds_up_to_the_budget)
{
	char *big = map(32 * PAGE);
	struct regbuf_budget budget;
	char text[REGBUF_BUDGET_STRING_MAX];
	uint64_t id, other;

	ASSERT_NE(NULL, big);
	ASSERT_EQ(0, limit_to(16));
	ASSERT_EQ(0, regbuf_register_budget(self->rb, big, 12 * PAGE,
					    REGBUF_ACCESS_READ, &id, &budget));
	EXPECT_EQ(12, budget.needed);
	EXPECT_EQ(0, budget.charged);
	ASSERT_EQ(-ENOBUFS, regbuf_register_budget(self->rb, big, 5 * PAGE,
						   REGBUF_ACCESS_READ, &other,
						   &budget));
	EXPECT_EQ(5, budget.needed);
	EXPECT_EQ(12, budget.charged);
	ASSERT_EQ(0, regbuf_deregister(self->rb, id));
	ASSERT_EQ(0, regbuf_register_budget(self->rb, big, 5 * PAGE,
					    REGBUF_ACCESS_READ, &other,
					    &budget));
	EXPECT_EQ(0, budget.charged);
	ASSERT_EQ(0, regbuf_budget_string(&budget, text, sizeof(text)));
	EXPECT_STREQ("needs 5 pages (20 KiB), 0 pages charged to this user "
		     "already, 16 pages (64 KiB) allowed by RLIMIT_MEMLOCK",
		     text);
}

TEST_F(context, dead_and_unknown_ids_differ)
{
	struct regbuf_ioc_status status = { .size = sizeof(status) };
	uint64_t never = self->id + (1ULL << 32);
	struct regbuf *rb = self->rb;

	EXPECT_EQ(-ENOENT, regbuf_deregister(rb, REGBUF_ID_NONE));
	EXPECT_EQ(-ENOENT, regbuf_deregister(rb, never));
	EXPECT_EQ(-ENOENT, regbuf_deregister_if_idle(rb, never, NULL));
	EXPECT_EQ(-ENOENT, regbuf_deregister_wait(rb, never, -1));
	EXPECT_EQ(-ENOENT, regbuf_wait(rb, never, -1));
	EXPECT_EQ(-ENOENT, regbuf_status(rb, never, &status));

	ASSERT_EQ(0, regbuf_deregister(rb, self->id));
	EXPECT_EQ(-ESTALE, regbuf_deregister(rb, self->id));
	EXPECT_EQ(-ESTALE, regbuf_deregister_if_idle(rb, self->id, NULL));
	EXPECT_EQ(-ESTALE, regbuf_deregister_wait(rb, self->id, -1));
	EXPECT_EQ(-ESTALE, regbuf_wait(rb, self->id, -1));
	EXPECT_EQ(-ESTALE, regbuf_status(rb, self->id, &status));
}

TEST_F(context, idle_buffers_are_deregistered_at_once)
{
	struct regbuf_ioc_stats stats = { .size = sizeof(stats) };
	unsigned int in_flight = 77;
	uint64_t id;

	ASSERT_EQ(0, regbuf_wait(self->rb, self->id, 0));
	ASSERT_EQ(0, regbuf_register(self->rb, self->mem, PAGE,
				     REGBUF_ACCESS_READ, &id));
	ASSERT_EQ(0, regbuf_stats(self->rb, &stats));
	EXPECT_EQ(2, stats.buffers);
	EXPECT_EQ(17, stats.pages);
	EXPECT_EQ(0, regbuf_deregister_if_idle(self->rb, self->id,
					       &in_flight));
	EXPECT_EQ(0, in_flight);
	EXPECT_EQ(0, regbuf_deregister_wait(self->rb, id, 0));
	ASSERT_EQ(0, regbuf_stats(self->rb, &stats));
	EXPECT_EQ(0, stats.buffers);
	EXPECT_EQ(0, stats.pages);
	EXPECT_EQ(0, stats.deregistered_in_flight);
}

TEST_F(context, forked_child_is_refused)
{
	struct regbuf_ioc_status status = { .size = sizeof(status) };
	struct regbuf_ioc_query query = { .size = sizeof(query) };
	struct regbuf_ioc_stats stats = { .size = sizeof(stats) };
	struct regbuf *rb = self->rb;
	struct regbuf_result res;
	uint64_t id = self->id;
	int ret[10], sv[2], p[2];
	pid_t child;

	ASSERT_EQ(0, pair(SOCK_DGRAM, sv));
	ASSERT_EQ(0, pipe(p));
	child = fork();
	if (child == 0) {
		ret[0] = regbuf_query(rb, &query);
		ret[1] = regbuf_register(rb, self->mem, PAGE, 1, &id);
		id = self->id;
		ret[2] = regbuf_deregister(rb, id);
		ret[3] = regbuf_deregister_if_idle(rb, id, NULL);
		ret[4] = regbuf_deregister_wait(rb, id, -1);
		ret[5] = regbuf_status(rb, id, &status);
		ret[6] = regbuf_wait(rb, id, -1);
		ret[7] = regbuf_stats(rb, &stats);
		ret[8] = regbuf_send(rb, sv[0], id, 0, 1, 0, &res);
		ret[9] = res.error;
		regbuf_close(rb);
		_exit(write(p[1], ret, sizeof(ret)) != sizeof(ret));
	}
	ASSERT_LT(0, child);
	ASSERT_EQ(sizeof(ret), read(p[0], ret, sizeof(ret)));
	for (int i = 0; i < 10; i++) {
		EXPECT_EQ(-EPERM, ret[i])
			TH_LOG("call %d", i);
	}
	ASSERT_EQ(child, waitpid(child, NULL, 0));
	/* The child closed its copy; the owner's context lives on. */
	EXPECT_EQ(0, regbuf_send(rb, sv[0], id, 0, 1, 0, NULL));
}

FIXTURE(loopback) {
	struct regbuf *rb;
	char *mem;
	uint64_t id;
	int sv[2];
};

FIXTURE_VARIANT(loopback) {
	int type;
};

FIXTURE_VARIANT_ADD(loopback, tcp) { .type = SOCK_STREAM };
FIXTURE_VARIANT_ADD(loopback, udp) { .type = SOCK_DGRAM };

FIXTURE_SETUP(loopback)
{
	ASSERT_EQ(0, regbuf_open(&self->rb));
	self->mem = map(16 * PAGE);
	ASSERT_NE(NULL, self->mem);
	ASSERT_EQ(0, regbuf_register(self->rb, self->mem, 16 * PAGE,
				     REGBUF_ACCESS_READ, &self->id));
	ASSERT_EQ(0, pair(variant->type, self->sv));
}

FIXTURE_TEARDOWN(loopback)
{
	regbuf_close(self->rb);
}

TEST_F(loopback, copies_are_reported)
{
	struct regbuf_ioc_stats stats = { .size = sizeof(stats) };
	struct regbuf_result res;
	char got[1000];

	memset(&res, 0xff, sizeof(res));
	ASSERT_EQ(0, regbuf_send(self->rb, self->sv[0], self->id, PAGE - 3,
				 sizeof(got), 0, &res));
	EXPECT_EQ(sizeof(got), res.sent);
	EXPECT_EQ(0, res.zerocopied);
	EXPECT_EQ(sizeof(got), res.copied);
	EXPECT_EQ(0, res.error);
	EXPECT_EQ(0, res.reserved[0]);
	ASSERT_EQ(BIT(REGBUF_COPY_LOOPBACK), res.copy_reasons);
	EXPECT_STREQ("loopback",
		     regbuf_copy_reason(__builtin_ctz(res.copy_reasons)));
	ASSERT_EQ(sizeof(got), recv(self->sv[1], got, sizeof(got),
				    MSG_WAITALL));
	EXPECT_EQ(0, memcmp(got, self->mem + PAGE - 3, sizeof(got)));

	ASSERT_EQ(0, regbuf_stats(self->rb, &stats));
	EXPECT_EQ(1, stats.sends);
	EXPECT_EQ(0, stats.zerocopied);
	EXPECT_EQ(sizeof(got), stats.copied[REGBUF_COPY_LOOPBACK]);
}

TEST_F(loopback, header_and_body_are_one_message)
{
	struct regbuf_slice slices[] = {
		regbuf_slice_inline("header: ", 8),
		regbuf_slice_of(self->id, 10, 500),
		regbuf_slice_of(self->id, 0, 0),
		regbuf_slice_of(self->id, 8 * PAGE, 20),
	};
	struct regbuf_message msg = {
		.slices = slices,
		.nr_slices = 4,
		.sock = self->sv[0],
	};
	struct regbuf_result res;
	char got[528];

	ASSERT_EQ(0, regbuf_sendv(self->rb, &msg, &res));
	EXPECT_EQ(sizeof(got), res.sent);
	EXPECT_EQ(sizeof(got), res.copied);
	EXPECT_EQ(BIT(REGBUF_COPY_INLINE) | BIT(REGBUF_COPY_LOOPBACK),
		  res.copy_reasons);
	ASSERT_EQ(sizeof(got), recv(self->sv[1], got, sizeof(got),
				    MSG_WAITALL));
	EXPECT_EQ(0, memcmp(got, "header: ", 8));
	EXPECT_EQ(0, memcmp(got + 8, self->mem + 10, 500));
	EXPECT_EQ(0, memcmp(got + 508, self->mem + 8 * PAGE, 20));
}

TEST_F(loopback, result_may_be_null)
{
	char got[10];

	ASSERT_EQ(0, regbuf_send(self->rb, self->sv[0], self->id, 0,
				 sizeof(got), 0, NULL));
	ASSERT_EQ(sizeof(got), recv(self->sv[1], got, sizeof(got),
				    MSG_WAITALL));
	EXPECT_EQ(0, memcmp(got, self->mem, sizeof(got)));
	EXPECT_EQ(-EBADF, regbuf_send(self->rb, -1, self->id, 0, 1, 0, NULL));
}

/* The same error from both calls, and in the result, with all else zero. */
#define EXPECT_REFUSED(err, msg) do {					\
	struct regbuf_result r_;					\
									\
	memset(&r_, 0xff, sizeof(r_));					\
	EXPECT_EQ(err, regbuf_sendv(self->rb, msg, &r_));		\
	EXPECT_EQ(err, r_.error);					\
	EXPECT_EQ(0, r_.sent);						\
	EXPECT_EQ(0, r_.zerocopied);					\
	EXPECT_EQ(0, r_.copied);					\
	EXPECT_EQ(0, r_.copy_reasons);					\
	EXPECT_EQ(err, regbuf_sendv(self->rb, msg, NULL));		\
} while (0)

TEST_F(loopback, bad_slices_are_refused)
{
	struct regbuf_slice slice = regbuf_slice_of(self->id, 16 * PAGE, 1);
	struct regbuf_message msg = {
		.slices = &slice,
		.nr_slices = 1,
		.sock = self->sv[0],
	};
	uint64_t write_only;

	EXPECT_REFUSED(-EFAULT, &msg);
	slice = regbuf_slice_of(self->id + (1ULL << 32), 0, 1);
	EXPECT_REFUSED(-ENOENT, &msg);
	slice = regbuf_slice_of(self->id, 0, 1);
	slice.flags = BIT(31);
	EXPECT_REFUSED(-EOPNOTSUPP, &msg);
	slice = regbuf_slice_inline(NULL, 1);
	EXPECT_REFUSED(-EFAULT, &msg);
	slice = regbuf_slice_inline(self->mem, 16 * PAGE);
	EXPECT_REFUSED(-EMSGSIZE, &msg);

	ASSERT_EQ(0, regbuf_register(self->rb, self->mem, PAGE,
				     REGBUF_ACCESS_WRITE, &write_only));
	slice = regbuf_slice_of(write_only, 0, 1);
	EXPECT_REFUSED(-EACCES, &msg);
	ASSERT_EQ(0, regbuf_deregister(self->rb, self->id));
	slice = regbuf_slice_of(self->id, 0, 1);
	EXPECT_REFUSED(-ESTALE, &msg);
}

TEST_F(loopback, bad_messages_are_refused)
{
	struct regbuf_slice slice = regbuf_slice_of(self->id, 0, 1);
	struct regbuf_message good = {
		.slices = &slice,
		.nr_slices = 1,
		.sock = self->sv[0],
	};
	struct regbuf_ioc_query query = { .size = sizeof(query) };
	struct regbuf_message msg;
	int unix_sv[2];

	ASSERT_EQ(0, regbuf_query(self->rb, &query));
	ASSERT_EQ(0, socketpair(AF_UNIX, variant->type, 0, unix_sv));
	msg = good;
	msg.sock = -1;
	EXPECT_REFUSED(-EBADF, &msg);
	msg.sock = regbuf_fd(self->rb);
	EXPECT_REFUSED(-ENOTSOCK, &msg);
	msg.sock = unix_sv[0];
	EXPECT_REFUSED(-EOPNOTSUPP, &msg);
	msg = good;
	msg.flags = BIT(31);
	EXPECT_REFUSED(-EOPNOTSUPP, &msg);
	msg = good;
	msg.reserved[1] = 1;
	EXPECT_REFUSED(-EINVAL, &msg);
	msg = good;
	msg.slices = NULL;
	msg.nr_slices = query.max_slices + 1;
	EXPECT_EQ(-EINVAL, regbuf_sendv(self->rb, &msg, NULL));
	msg = good;
	msg.addr = self->mem;
	msg.addr_len = 129;
	EXPECT_REFUSED(-EINVAL, &msg);
	msg = good;
	ASSERT_EQ(0, shutdown(msg.sock, SHUT_WR));
	EXPECT_REFUSED(-EPIPE, &msg);
}

TEST_F(context, destination_is_for_udp)
{
	int udp = socket(AF_INET, SOCK_DGRAM, 0);
	struct regbuf_slice slice = regbuf_slice_of(self->id, 7, 100);
	struct regbuf_message msg = {
		.slices = &slice,
		.nr_slices = 1,
		.sock = udp,
	};
	struct sockaddr_in sin;
	struct regbuf_result res;
	socklen_t len = sizeof(sin);
	char got[200];
	int sv[2], tcp[2];

	ASSERT_EQ(0, pair(SOCK_DGRAM, sv));
	ASSERT_EQ(0, pair(SOCK_STREAM, tcp));
	ASSERT_EQ(0, getsockname(sv[1], (struct sockaddr *)&sin, &len));
	EXPECT_REFUSED(-EDESTADDRREQ, &msg);
	msg.addr = &sin;
	msg.addr_len = sizeof(sin);
	ASSERT_EQ(0, regbuf_sendv(self->rb, &msg, &res));
	EXPECT_EQ(100, res.sent);
	EXPECT_EQ(100, res.zerocopied + res.copied);
	ASSERT_EQ(100, recv(sv[1], got, sizeof(got), 0));
	EXPECT_EQ(0, memcmp(got, self->mem + 7, 100));
	msg.sock = tcp[0];
	EXPECT_REFUSED(-EISCONN, &msg);
}

TEST_F(context, long_datagram_is_refused)
{
	struct regbuf_slice slice = regbuf_slice_of(self->id, 0, 65508);
	struct regbuf_message msg = { .slices = &slice, .nr_slices = 1 };
	int sv[2];

	ASSERT_EQ(0, pair(SOCK_DGRAM, sv));
	msg.sock = sv[0];
	EXPECT_REFUSED(-EMSGSIZE, &msg);
}

/* More than the receiver, who does not, and the sender can queue. */
TEST_F(context, short_sends_of_a_stream_are_told)
{
	size_t len = 64 << 20;
	struct regbuf_result res;
	uint64_t id;
	char *big;
	int sv[2];

	big = map(len);
	ASSERT_NE(NULL, big);
	ASSERT_EQ(0, regbuf_register(self->rb, big, len, REGBUF_ACCESS_READ,
				     &id));
	ASSERT_EQ(0, pair(SOCK_STREAM, sv));
	ASSERT_EQ(0, regbuf_send(self->rb, sv[0], id, 0, len,
				 REGBUF_SEND_F_DONTWAIT, &res));
	EXPECT_LT(0, res.sent);
	EXPECT_GT(len, res.sent);
	EXPECT_EQ(res.sent, res.zerocopied + res.copied);
	EXPECT_TRUE(res.error == 0 || res.error == -EAGAIN);

	ASSERT_EQ(0, pair(SOCK_STREAM, sv));
	ASSERT_EQ(0, fcntl(sv[0], F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-EIO, regbuf_send(self->rb, sv[0], id, 0, len, 0, NULL));
	/* What little room there may be is gone after a few. */
	for (int i = 0; i < 1000; i++)
		if (regbuf_send(self->rb, sv[0], id, 0, len, 0, &res))
			break;
	EXPECT_EQ(-EAGAIN, res.error);
	EXPECT_EQ(0, res.sent);
}

#define THREADS	4
#define ROUNDS	200

struct worker {
	pthread_t thread;
	struct regbuf *rb;
	int failed;
};

/* 0, or the number of the step that went wrong. */
static int work_once(struct regbuf *rb, const int sv[2], char *mem)
{
	struct regbuf_ioc_status status = { .size = sizeof(status) };
	struct regbuf_result res;
	char got[300];
	uint64_t id;

	if (regbuf_register(rb, mem, PAGE, REGBUF_ACCESS_READ, &id))
		return 1;
	if (regbuf_send(rb, sv[0], id, 11, sizeof(got), 0, &res) ||
	    res.sent != sizeof(got))
		return 2;
	if (recv(sv[1], got, sizeof(got), 0) != sizeof(got) ||
	    memcmp(got, mem + 11, sizeof(got)))
		return 3;
	if (regbuf_status(rb, id, &status) || status.addr != (uintptr_t)mem)
		return 4;
	return regbuf_deregister_wait(rb, id, -1) ? 5 : 0;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	char *mem = map(PAGE);
	int sv[2];

	w->failed = !mem || pair(SOCK_DGRAM, sv) ? 6 : 0;
	for (int i = 0; i < ROUNDS && !w->failed; i++) {
		mem[11] = i;
		w->failed = work_once(w->rb, sv, mem);
	}
	return NULL;
}

TEST_F(context, threads_share_a_context)
{
	struct regbuf_ioc_stats stats = { .size = sizeof(stats) };
	struct worker w[THREADS];

	for (int i = 0; i < THREADS; i++) {
		w[i].rb = self->rb;
		ASSERT_EQ(0, pthread_create(&w[i].thread, NULL, work, &w[i]));
	}
	for (int i = 0; i < THREADS; i++) {
		ASSERT_EQ(0, pthread_join(w[i].thread, NULL));
		EXPECT_EQ(0, w[i].failed);
	}
	ASSERT_EQ(0, regbuf_stats(self->rb, &stats));
	EXPECT_EQ(THREADS * ROUNDS, stats.sends);
	EXPECT_EQ(1, stats.buffers);
}

/*
 * A device that transmits nothing before it is told to, and a datagram in it:
 * in flight for as long as a test likes.
 */
FIXTURE(held) {
	struct regbuf *rb;
	char *mem;
	uint64_t id;
	int sock;
	struct regbuf_result res;
};

/* Drop what is held, and hold no more. Any number of times. */
static int release(void)
{
	return system("tc qdisc replace dev hold root pfifo");
}

FIXTURE_SETUP(held)
{
	struct sockaddr_in sin = inet_addr_of("10.74.0.2", 9);

	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	ASSERT_EQ(0, system("ip link add hold type dummy && "
			    "ip addr add 10.74.0.1/24 dev hold && "
			    "ip link set hold up && "
			    "tc qdisc add dev hold root netem delay 200s"));
	self->sock = socket(AF_INET, SOCK_DGRAM, 0);
	ASSERT_EQ(0, connect(self->sock, (struct sockaddr *)&sin, sizeof(sin)));
	ASSERT_EQ(0, regbuf_open(&self->rb));
	self->mem = map(4 * PAGE);
	ASSERT_NE(NULL, self->mem);
	ASSERT_EQ(0, regbuf_register(self->rb, self->mem, 4 * PAGE,
				     REGBUF_ACCESS_READ, &self->id));
	ASSERT_EQ(0, regbuf_send(self->rb, self->sock, self->id, 0, 1200, 0,
				 &self->res));
}

/* A held packet would keep the namespace, and with it itself. */
FIXTURE_TEARDOWN(held)
{
	EXPECT_EQ(0, release());
	regbuf_close(self->rb);
}

TEST_F(held, is_not_copied)
{
	struct regbuf_ioc_stats stats = { .size = sizeof(stats) };

	EXPECT_EQ(1200, self->res.sent);
	EXPECT_EQ(1200, self->res.zerocopied);
	EXPECT_EQ(0, self->res.copied);
	EXPECT_EQ(0, self->res.copy_reasons);
	ASSERT_EQ(0, regbuf_stats(self->rb, &stats));
	EXPECT_EQ(1200, stats.zerocopied);
}

TEST_F(held, is_seen_and_waited_for)
{
	struct regbuf_ioc_status status = { .size = sizeof(status) };

	ASSERT_EQ(0, regbuf_status(self->rb, self->id, &status));
	EXPECT_EQ(1, status.in_flight);
	EXPECT_EQ(-ETIMEDOUT, regbuf_wait(self->rb, self->id, 0));
	EXPECT_EQ(-ETIMEDOUT, regbuf_wait(self->rb, self->id, 1000000));
	ASSERT_EQ(0, release());
	EXPECT_EQ(0, regbuf_wait(self->rb, self->id, -1));
	ASSERT_EQ(0, regbuf_status(self->rb, self->id, &status));
	EXPECT_EQ(0, status.in_flight);
	EXPECT_EQ(REGBUF_STATE_LIVE, status.state);
}

TEST_F(held, wait_ends_with_a_signal)
{
	ASSERT_EQ(0, rb_start_alarms(SA_RESTART));
	EXPECT_EQ(-EINTR, regbuf_wait(self->rb, self->id, -1));
	EXPECT_EQ(-EINPROGRESS, regbuf_deregister_wait(self->rb, self->id, -1));
	EXPECT_EQ(0, rb_stop_alarms());
}

TEST_F(held, deregister_if_idle_is_refused)
{
	struct regbuf_ioc_status status = { .size = sizeof(status) };
	unsigned int in_flight = 0;

	ASSERT_EQ(0, regbuf_send(self->rb, self->sock, self->id, 0, 100, 0,
				 NULL));
	EXPECT_EQ(-EBUSY, regbuf_deregister_if_idle(self->rb, self->id,
						    &in_flight));
	EXPECT_EQ(2, in_flight);
	EXPECT_EQ(-EBUSY, regbuf_deregister_if_idle(self->rb, self->id, NULL));
	ASSERT_EQ(0, regbuf_status(self->rb, self->id, &status));
	EXPECT_EQ(REGBUF_STATE_LIVE, status.state);
	ASSERT_EQ(0, release());
	ASSERT_EQ(0, regbuf_wait(self->rb, self->id, -1));
	EXPECT_EQ(0, regbuf_deregister_if_idle(self->rb, self->id, NULL));
}

TEST_F(held, deregister_does_not_wait)
{
	struct regbuf_ioc_status status = { .size = sizeof(status) };
	struct regbuf_ioc_stats stats = { .size = sizeof(stats) };
	int err;

	ASSERT_EQ(0, regbuf_deregister(self->rb, self->id));
	EXPECT_EQ(-ESTALE, regbuf_deregister(self->rb, self->id));
	EXPECT_EQ(-ESTALE, regbuf_send(self->rb, self->sock, self->id, 0, 1, 0,
				       NULL));
	ASSERT_EQ(0, regbuf_status(self->rb, self->id, &status));
	EXPECT_EQ(REGBUF_STATE_CLOSING, status.state);
	EXPECT_EQ(1, status.in_flight);
	ASSERT_EQ(0, regbuf_stats(self->rb, &stats));
	EXPECT_EQ(1, stats.deregistered_in_flight);
	EXPECT_EQ(1, stats.buffers);

	ASSERT_EQ(0, release());
	/* It may be gone before this is called. */
	err = regbuf_wait(self->rb, self->id, -1);
	EXPECT_TRUE(err == 0 || err == -ESTALE);
	EXPECT_EQ(-ESTALE, regbuf_status(self->rb, self->id, &status));
	ASSERT_EQ(0, regbuf_stats(self->rb, &stats));
	EXPECT_EQ(0, stats.buffers);
}

/*
 * While this thread runs tc it blocks SIGCHLD, and the signal is sent to
 * another one of the process, whose call it would end: see no_sigchld().
 */
static void *release_soon(void *ready)
{
	char c;

	if (read(*(int *)ready, &c, 1) != 1 || release())
		return (void *)1;
	return NULL;
}

static int no_sigchld(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	return pthread_sigmask(SIG_BLOCK, &set, NULL);
}

TEST_F(held, deregister_wait_waits)
{
	struct regbuf_ioc_stats stats = { .size = sizeof(stats) };
	pthread_t thread;
	void *failed;
	int p[2];

	ASSERT_EQ(0, pipe(p));
	ASSERT_EQ(0, no_sigchld());
	ASSERT_EQ(0, pthread_create(&thread, NULL, release_soon, &p[0]));
	ASSERT_EQ(1, write(p[1], "", 1));
	EXPECT_EQ(0, regbuf_deregister_wait(self->rb, self->id, -1));
	ASSERT_EQ(0, pthread_join(thread, &failed));
	EXPECT_EQ(NULL, failed);
	ASSERT_EQ(0, regbuf_stats(self->rb, &stats));
	EXPECT_EQ(0, stats.buffers);
	EXPECT_EQ(0, stats.deregistered_in_flight);
}

TEST_F(held, deregister_wait_gives_up_in_time)
{
	struct regbuf_ioc_status status = { .size = sizeof(status) };

	EXPECT_EQ(-EINPROGRESS, regbuf_deregister_wait(self->rb, self->id, 0));
	ASSERT_EQ(0, regbuf_status(self->rb, self->id, &status));
	EXPECT_EQ(REGBUF_STATE_CLOSING, status.state);
	EXPECT_EQ(-ETIMEDOUT, regbuf_wait(self->rb, self->id, 0));
}

TEST_F(held, close_does_not_wait)
{
	struct regbuf *other;
	uint64_t id;

	ASSERT_EQ(0, regbuf_open(&other));
	ASSERT_EQ(0, regbuf_register(other, self->mem, PAGE,
				     REGBUF_ACCESS_READ, &id));
	ASSERT_EQ(0, regbuf_send(other, self->sock, id, 0, 100, 0, NULL));
	regbuf_close(other);
	EXPECT_EQ(0, release());
}

TEST(strerror_has_words_for_every_error)
{
	static const int errors[] = {
		0, EPERM, ENOENT, EINTR, EIO, E2BIG, EBADF, EAGAIN, ENOMEM,
		EACCES, EFAULT, EBUSY, ENODEV, EINVAL, ENFILE, EMFILE, ENOSPC,
		EPIPE, ERANGE, ENOTTY, ENOTSOCK, EDESTADDRREQ, EMSGSIZE,
		EOPNOTSUPP, ENOBUFS, EISCONN, ENOTCONN, ETIMEDOUT, EINPROGRESS,
		ESTALE, EOVERFLOW,
	};
	const char *unknown = regbuf_strerror(-4095);

	ASSERT_NE(NULL, unknown);
	EXPECT_STREQ(unknown, regbuf_strerror(ESTALE));
	EXPECT_STREQ("buffer was deregistered, or its memory unmapped",
		     regbuf_strerror(-ESTALE));
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		EXPECT_STRNE(unknown, regbuf_strerror(-errors[i]))
			TH_LOG("errno %d", errors[i]);
	}
}

TEST(copy_reasons_have_names)
{
	static const char *const names[REGBUF_COPY_NR] = {
		"inline", "loopback", "device", "mtu", "fragments", "cork",
		"protocol", "other", "small",
	};

	for (unsigned int i = 0; i < REGBUF_COPY_NR; i++)
		EXPECT_STREQ(names[i], regbuf_copy_reason(i));
	EXPECT_STREQ("unknown", regbuf_copy_reason(REGBUF_COPY_NR));
	EXPECT_STREQ("unknown", regbuf_copy_reason(~0u));
}

TEST(budget_string_is_cut_off_cleanly)
{
	struct regbuf_budget budget = {
		.needed = 4096,
		.charged = 120,
		.allowed = 2048,
	};
	char text[REGBUF_BUDGET_STRING_MAX] = "untouched";

	EXPECT_EQ(-ERANGE, regbuf_budget_string(&budget, text, 0));
	EXPECT_STREQ("untouched", text);
	EXPECT_EQ(-ERANGE, regbuf_budget_string(&budget, text, 12));
	EXPECT_STREQ("needs 4096 ", text);
	EXPECT_EQ(0, regbuf_budget_string(&budget, text, sizeof(text)));
	EXPECT_STREQ("needs 4096 pages (16 MiB), 120 pages charged to this user"
		     " already, 2048 pages (8 MiB) allowed by RLIMIT_MEMLOCK: "
		     "raise it with ulimit -l or LimitMEMLOCK=", text);
}

TEST(budget_string_takes_any_numbers)
{
	struct regbuf_budget budget = {
		.needed = UINT64_MAX,
		.charged = UINT64_MAX,
		.allowed = UINT64_MAX / PAGE - 1,
	};
	char text[REGBUF_BUDGET_STRING_MAX];

	EXPECT_EQ(0, regbuf_budget_string(&budget, text, sizeof(text)));
	EXPECT_NE(NULL, strstr(text, "raise it"));
	budget.needed = 1ULL << 28;
	budget.allowed = RLIM_INFINITY / PAGE;
	EXPECT_EQ(0, regbuf_budget_string(&budget, text, sizeof(text)));
	EXPECT_STREQ("needs 268435456 pages (1 TiB), not limited by "
		     "RLIMIT_MEMLOCK", text);
}

TEST(version_is_three_numbers)
{
	char text[32];
	int a, b, c;

	ASSERT_EQ(3, sscanf(regbuf_version(), "%d.%d.%d", &a, &b, &c));
	snprintf(text, sizeof(text), "%d.%d.%d", a, b, c);
	EXPECT_STREQ(text, regbuf_version());
}

TEST_HARNESS_MAIN
