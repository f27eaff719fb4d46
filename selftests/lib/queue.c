// SPDX-License-Identifier: GPL-2.0
/*
 * libregbuf's queues: every call and every kind of entry, with the kernel. What
 * the rings do by themselves is tested in host/ring.c.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <regbuf.h>

#include "kselftest_harness.h"

#define PAGE	4096UL
#define SEC	1000000000LL
/* How long to wait for what should come. */
#define LONG	(20 * SEC)
#define NOBODY	65534
#define SQ	8
#define CQ	16
#define BOTH	(REGBUF_ATTACH_F_SEND | REGBUF_ATTACH_F_RECV)

static struct sockaddr_in loopback_addr(int port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = port,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

/* A bound socket, which listens if it can; its address. */
static int server(int type, struct sockaddr_in *sin)
{
	socklen_t len = sizeof(*sin);
	int sock = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	*sin = loopback_addr(0);
	if (bind(sock, (struct sockaddr *)sin, len) ||
	    getsockname(sock, (struct sockaddr *)sin, &len) ||
	    (type == SOCK_STREAM && listen(sock, 16)))
		return -1;
	return sock;
}

static int pair(int sv[2])
{
	struct sockaddr_in sin;
	int srv = server(SOCK_STREAM, &sin);

	sv[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(sv[0], (struct sockaddr *)&sin, sizeof(sin)))
		return -1;
	sv[1] = accept(srv, NULL, NULL);
	close(srv);
	return sv[1] < 0 ? -1 : 0;
}

static int attach(struct regbuf_queue *q, int sock, unsigned int flags,
		  uint32_t *endpoint)
{
	struct regbuf_ioc_attach attach = {
		.size = sizeof(attach),
		.flags = flags,
	};
	int err = regbuf_queue_attach(q, sock, &attach);

	*endpoint = attach.endpoint;
	return err;
}

static struct regbuf_sqe *entry(struct regbuf_queue *q, uint64_t user_data)
{
	struct regbuf_sqe *sqe = regbuf_queue_sqe(q);

	if (sqe)
		sqe->user_data = user_data;
	return sqe;
}

/* The next completion, when it is there. */
static int next(struct regbuf_queue *q, struct regbuf_cqe *cqe)
{
	int err;

	memset(cqe, 0, sizeof(*cqe));
	err = regbuf_queue_wait(q, 1, LONG, NULL);
	if (!err && regbuf_queue_reap(q, cqe, 1) != 1)
		return -EIO;
	return err;
}

static int submit_next(struct regbuf_queue *q, struct regbuf_cqe *cqe)
{
	int n = regbuf_queue_submit(q);

	return n == 1 ? next(q, cqe) : n < 0 ? n : -EIO;
}

FIXTURE(queue) {
	struct regbuf *rb;
	struct regbuf_queue *q;
	char *mem;
	uint64_t id;
	int sv[2];
	uint32_t ep;
};

FIXTURE_SETUP(queue)
{
	struct regbuf_queue_params params = {
		.sq_entries = SQ,
		.cq_entries = CQ,
		.pool_entries = 4,
	};

	ASSERT_EQ(0, regbuf_open(&self->rb));
	self->mem = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->mem);
	for (size_t i = 0; i < 4 * PAGE; i++)
		self->mem[i] = i * 7 + (i >> 8) * 13;
	ASSERT_EQ(0, regbuf_register(self->rb, self->mem, 4 * PAGE,
				     REGBUF_ACCESS_READ | REGBUF_ACCESS_WRITE,
				     &self->id));
	ASSERT_EQ(0, regbuf_queue_create(self->rb, &params, &self->q));
	ASSERT_EQ(0, pair(self->sv));
	ASSERT_EQ(0, attach(self->q, self->sv[0], BOTH, &self->ep));
	ASSERT_NE(0, self->ep);
}

FIXTURE_TEARDOWN(queue)
{
	regbuf_queue_destroy(self->q);
	regbuf_close(self->rb);
}

TEST_F(queue, create_says_what_is_wrong)
{
	static const struct regbuf_queue_params wrong[] = {
		{ .sq_entries = 0, .cq_entries = 8 },
		{ .sq_entries = 8, .cq_entries = 0 },
		{ .sq_entries = ~0u, .cq_entries = 8 },
		{ .sq_entries = 8, .cq_entries = ~0u },
		{ .sq_entries = 8, .cq_entries = 8, .pool_entries = ~0u },
		{ .sq_entries = 8, .cq_entries = 8, .poller_idle_us = 1 },
		{ .sq_entries = 8, .cq_entries = 8, .reserved = { 1 } },
	};
	struct regbuf_queue_params flag = {
		.flags = 1u << 31,
		.sq_entries = 8,
		.cq_entries = 8,
	};
	struct regbuf_queue *q;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		q = self->q;
		EXPECT_EQ(-EINVAL, regbuf_queue_create(self->rb, &wrong[i], &q))
			TH_LOG("case %zu", i);
		EXPECT_EQ(NULL, q);
	}
	EXPECT_EQ(-EOPNOTSUPP, regbuf_queue_create(self->rb, &flag, &q));
}

TEST_F(queue, create_rounds_up_and_destroy_closes)
{
	struct regbuf_queue_params params = { .sq_entries = 5,
					      .cq_entries = 9 };
	struct regbuf_queue *q;
	int fd;

	ASSERT_EQ(0, regbuf_queue_create(self->rb, &params, &q));
	EXPECT_EQ(8, regbuf_queue_sq_entries(q));
	EXPECT_EQ(16, regbuf_queue_cq_entries(q));
	EXPECT_EQ(8, regbuf_queue_space(q));
	fd = regbuf_queue_fd(q);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	regbuf_queue_destroy(q);
	EXPECT_EQ(-1, fcntl(fd, F_GETFD));
	regbuf_queue_destroy(NULL);
}

/* C3, C18 */
TEST_F(queue, attach_says_what_is_wrong)
{
	struct regbuf_ioc_attach sizeless = { .flags = BOTH };
	uint32_t ep;
	int local[2];

	EXPECT_EQ(-EBUSY, attach(self->q, self->sv[0], BOTH, &ep));
	EXPECT_EQ(-EBADF, attach(self->q, -1, BOTH, &ep));
	EXPECT_EQ(-ENOTSOCK, attach(self->q, regbuf_fd(self->rb), BOTH,
				    &ep));
	EXPECT_EQ(-EINVAL, attach(self->q, self->sv[1], 0, &ep));
	EXPECT_EQ(-EOPNOTSUPP, attach(self->q, self->sv[1], 1u << 31, &ep));
	EXPECT_EQ(-EINVAL, regbuf_queue_attach(self->q, self->sv[1],
					       &sizeless));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, local));
	EXPECT_EQ(-EOPNOTSUPP, attach(self->q, local[0], BOTH, &ep));
}

/* C15 */
TEST_F(queue, detach_cancels_and_frees_the_socket)
{
	struct regbuf_cqe cqe;
	uint32_t ep;

	regbuf_prep_recv(entry(self->q, 1), self->ep, self->id, 0, 10);
	ASSERT_EQ(1, regbuf_queue_submit(self->q));
	EXPECT_EQ(-EOPNOTSUPP, regbuf_queue_detach(self->q, self->ep,
						   1u << 31));
	ASSERT_EQ(0, regbuf_queue_detach(self->q, self->ep, 0));
	ASSERT_EQ(0, next(self->q, &cqe));
	EXPECT_EQ(1, cqe.user_data);
	EXPECT_EQ(-ECANCELED, regbuf_cqe_error(&cqe));
	EXPECT_EQ(-ENOENT, regbuf_queue_detach(self->q, self->ep, 0));
	EXPECT_EQ(0, attach(self->q, self->sv[0], BOTH, &ep));
}

/* C1, C4 */
TEST_F(queue, sends_of_every_kind_arrive_in_order)
{
	struct regbuf_slice slices[] = {
		regbuf_slice_of(self->id, PAGE - 1, 100),
		regbuf_slice_inline("inline", 6),
		regbuf_slice_of(self->id, 0, 50),
	};
	char got[1000 + 156 + 5];
	struct regbuf_cqe cqe;
	uint32_t seen = 0;

	regbuf_prep_send(entry(self->q, 1), self->ep, self->id, 3, 1000);
	regbuf_prep_sendv(entry(self->q, 2), self->ep, slices, 3);
	regbuf_prep_send_inline(entry(self->q, 4), self->ep, "bytes", 5);
	ASSERT_EQ(3, regbuf_queue_submit(self->q));
	memset(slices, 0, sizeof(slices));
	ASSERT_EQ(sizeof(got), recv(self->sv[1], got, sizeof(got),
				    MSG_WAITALL));
	EXPECT_EQ(0, memcmp(got, self->mem + 3, 1000));
	EXPECT_EQ(0, memcmp(got + 1000, self->mem + PAGE - 1, 100));
	EXPECT_EQ(0, memcmp(got + 1100, "inline", 6));
	EXPECT_EQ(0, memcmp(got + 1106, self->mem, 50));
	EXPECT_EQ(0, memcmp(got + 1156, "bytes", 5));
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, next(self->q, &cqe));
		EXPECT_EQ(0, cqe.error);
		EXPECT_EQ(cqe.user_data == 1 ? 1000 :
			  cqe.user_data == 2 ? 156 : 5, cqe.value);
		seen += cqe.user_data;
	}
	EXPECT_EQ(7, seen);
	EXPECT_EQ(NULL, regbuf_queue_peek(self->q));
}

/* C3 */
TEST_F(queue, receives_fill_their_slices_until_the_end)
{
	struct regbuf_slice slices[] = {
		regbuf_slice_of(self->id, 100, 3),
		regbuf_slice_of(self->id, 200, 4),
	};
	struct regbuf_cqe cqe;

	regbuf_prep_recv(entry(self->q, 1), self->ep, self->id, 7, 5);
	regbuf_prep_recvv(entry(self->q, 2), self->ep, slices, 2);
	regbuf_prep_recv(entry(self->q, 3), self->ep, self->id, 0, 1);
	self->q->sqes[1].flags |= REGBUF_SQE_F_WAITALL;
	ASSERT_EQ(3, regbuf_queue_submit(self->q));
	ASSERT_EQ(12, send(self->sv[1], "helloabcdefg", 12, 0));
	ASSERT_EQ(0, next(self->q, &cqe));
	EXPECT_EQ(1, cqe.user_data);
	EXPECT_EQ(5, cqe.value);
	EXPECT_EQ(0, memcmp(self->mem + 7, "hello", 5));
	ASSERT_EQ(0, next(self->q, &cqe));
	EXPECT_EQ(2, cqe.user_data);
	EXPECT_EQ(7, cqe.value);
	EXPECT_EQ(0, memcmp(self->mem + 100, "abc", 3));
	EXPECT_EQ(0, memcmp(self->mem + 200, "defg", 4));
	close(self->sv[1]);
	ASSERT_EQ(0, next(self->q, &cqe));
	EXPECT_EQ(3, cqe.user_data);
	EXPECT_EQ(0, cqe.value);
	EXPECT_EQ(0, cqe.error);
	EXPECT_TRUE(cqe.flags & REGBUF_CQE_F_EOF);
}

/* C16: returning a slice is enough to go on. */
TEST_F(queue, pools_go_round)
{
	struct regbuf_cqe cqe;
	char c;

	ASSERT_EQ(0, regbuf_queue_pool_set(self->q, self->id, PAGE, 64, 2));
	EXPECT_EQ(-EBUSY, regbuf_queue_pool_set(self->q, self->id, 0, 64, 2));
	regbuf_prep_recv_multi(entry(self->q, 9), self->ep, 6);
	ASSERT_EQ(1, regbuf_queue_submit(self->q));
	for (c = 'a'; c < 'a' + 6; c++) {
		ASSERT_EQ(1, send(self->sv[1], &c, 1, 0));
		ASSERT_EQ(0, next(self->q, &cqe));
		ASSERT_TRUE(cqe.flags & REGBUF_CQE_F_POOL);
		ASSERT_GT(2, cqe.detail);
		EXPECT_EQ(1, cqe.value);
		EXPECT_EQ(c, self->mem[PAGE + 64 * cqe.detail]);
		EXPECT_EQ(c == 'a' + 5, !(cqe.flags & REGBUF_CQE_F_MORE));
		regbuf_queue_pool_return(self->q, cqe.detail);
	}
	/* Both out: the third byte waits for one to be returned. */
	for (int i = 0; i < 3; i++) {
		regbuf_prep_recv_pool(entry(self->q, i), self->ep);
		ASSERT_EQ(1, regbuf_queue_submit(self->q));
		ASSERT_EQ(1, send(self->sv[1], "x", 1, 0));
		if (i < 2)
			ASSERT_EQ(0, next(self->q, &cqe));
	}
	EXPECT_EQ(-ETIMEDOUT, regbuf_queue_wait(self->q, 1, 0, NULL));
	regbuf_queue_pool_return(self->q, cqe.detail);
	ASSERT_EQ(0, next(self->q, &cqe));
	EXPECT_EQ(2, cqe.user_data);
	EXPECT_EQ(0, regbuf_queue_pool_set(self->q, 0, 0, 0, 0));
	EXPECT_EQ(-EINVAL, regbuf_queue_pool_set(self->q, self->id, 0, 64, 5));
	EXPECT_EQ(-EFAULT, regbuf_queue_pool_set(self->q, self->id, 0, 4 * PAGE,
						 2));
	EXPECT_EQ(-ENOENT, regbuf_queue_pool_set(self->q, 5, 0, 64, 2));
}

TEST_F(queue, connections_are_made_and_accepted)
{
	uint32_t listener, client;
	struct sockaddr_in sin;
	struct regbuf_cqe cqe;
	int sock, found = 0, fd;

	ASSERT_EQ(0, attach(self->q, server(SOCK_STREAM, &sin), BOTH,
			    &listener));
	sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ASSERT_EQ(0, attach(self->q, sock, BOTH, &client));
	regbuf_prep_accept(entry(self->q, 1), listener);
	ASSERT_EQ(1, regbuf_queue_submit(self->q));
	ASSERT_EQ(0, regbuf_connect(self->q, client, sock, &sin, sizeof(sin),
				    2));
	/* As it was before: it blocks. */
	EXPECT_EQ(0, fcntl(sock, F_GETFL) & O_NONBLOCK);
	ASSERT_EQ(1, regbuf_queue_submit(self->q));
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, next(self->q, &cqe));
		EXPECT_EQ(0, cqe.error);
		found += cqe.user_data;
		if (cqe.user_data == 1)
			client = cqe.value;
	}
	EXPECT_EQ(3, found);
	fd = regbuf_queue_socket(self->q, client);
	ASSERT_LE(0, fd);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	/* C3: the endpoint receives; the descriptor may still send. */
	ASSERT_EQ(2, send(fd, "hi", 2, 0));
	EXPECT_EQ(-ENOENT, regbuf_queue_socket(self->q, client + 12345));
}

TEST_F(queue, connections_that_fail_say_so)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(sin);
	struct regbuf_cqe cqe;
	uint32_t client;
	int sock;

	/* A port that nobody listens on: bound, but not to listen. */
	sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ASSERT_EQ(0, bind(sock, (struct sockaddr *)&sin, sizeof(sin)));
	ASSERT_EQ(0, getsockname(sock, (struct sockaddr *)&sin, &len));
	sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ASSERT_EQ(0, attach(self->q, sock, BOTH, &client));
	EXPECT_EQ(-EBADF, regbuf_connect(self->q, client, -1, &sin, sizeof(sin),
					 1));
	EXPECT_EQ(-EINVAL, regbuf_connect(self->q, client, sock, &sin, 1, 1));
	EXPECT_EQ(SQ, regbuf_queue_space(self->q));
	ASSERT_EQ(0, regbuf_connect(self->q, client, sock, &sin, sizeof(sin),
				    1));
	ASSERT_EQ(0, submit_next(self->q, &cqe));
	EXPECT_EQ(-ECONNREFUSED, regbuf_cqe_error(&cqe));
	while (regbuf_queue_sqe(self->q))
		;
	EXPECT_EQ(-EAGAIN, regbuf_connect(self->q, client, sock, &sin,
					  sizeof(sin), 1));
}

TEST_F(queue, accepts_go_on)
{
	struct sockaddr_in sin;
	struct regbuf_cqe cqe;
	uint32_t listener;
	int sock;

	ASSERT_EQ(0, attach(self->q, server(SOCK_STREAM, &sin), BOTH,
			    &listener));
	regbuf_prep_accept_multi(entry(self->q, 1), listener, 3);
	ASSERT_EQ(1, regbuf_queue_submit(self->q));
	for (int i = 0; i < 3; i++) {
		sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		ASSERT_EQ(0, connect(sock, (void *)&sin, sizeof(sin)));
		ASSERT_EQ(0, next(self->q, &cqe));
		EXPECT_EQ(0, cqe.error);
		EXPECT_EQ(i < 2, !!(cqe.flags & REGBUF_CQE_F_MORE));
	}
}

TEST_F(queue, datagrams_have_addresses)
{
	union {
		struct sockaddr_in sin;
		char bytes[REGBUF_ADDR_SIZE];
	} to = { 0 };
	struct sockaddr_in *from = (void *)(self->mem + 8);
	struct sockaddr_in sin;
	struct regbuf_cqe cqe;
	struct regbuf_sqe *sqe;
	uint32_t tx, rx;

	ASSERT_EQ(0, attach(self->q, server(SOCK_DGRAM, &to.sin), BOTH, &rx));
	ASSERT_EQ(0, attach(self->q, server(SOCK_DGRAM, &sin), BOTH, &tx));
	sqe = entry(self->q, 1);
	regbuf_prep_send(sqe, tx, self->id, PAGE, 100);
	regbuf_sqe_addr_ptr(sqe, &to);
	ASSERT_EQ(0, submit_next(self->q, &cqe));
	EXPECT_EQ(0, cqe.error);
	sqe = entry(self->q, 2);
	regbuf_prep_recv(sqe, rx, self->id, 2 * PAGE, 200);
	regbuf_sqe_addr(sqe, self->id, 8);
	ASSERT_EQ(0, submit_next(self->q, &cqe));
	EXPECT_EQ(100, cqe.value);
	EXPECT_EQ(0, memcmp(self->mem + PAGE, self->mem + 2 * PAGE, 100));
	EXPECT_EQ(AF_INET, from->sin_family);
	EXPECT_EQ(sin.sin_port, from->sin_port);
	EXPECT_EQ(sin.sin_addr.s_addr, from->sin_addr.s_addr);
}

/* C14 */
TEST_F(queue, the_other_operations_complete)
{
	struct regbuf_cqe cqe;
	char byte;

	regbuf_prep_nop(entry(self->q, 1));
	ASSERT_EQ(0, submit_next(self->q, &cqe));
	EXPECT_EQ(1, cqe.user_data);
	regbuf_prep_timeout(entry(self->q, 2), 1000);
	ASSERT_EQ(0, submit_next(self->q, &cqe));
	EXPECT_EQ(2, cqe.user_data);
	EXPECT_EQ(-ETIME, regbuf_cqe_error(&cqe));
	regbuf_prep_poll(entry(self->q, 3), self->ep, POLLOUT);
	ASSERT_EQ(0, submit_next(self->q, &cqe));
	EXPECT_EQ(3, cqe.user_data);
	EXPECT_EQ(POLLOUT, cqe.value);
	regbuf_prep_idle(entry(self->q, 4), self->id);
	ASSERT_EQ(0, submit_next(self->q, &cqe));
	EXPECT_EQ(4, cqe.user_data);
	regbuf_prep_shutdown(entry(self->q, 5), self->ep);
	ASSERT_EQ(0, submit_next(self->q, &cqe));
	EXPECT_EQ(5, cqe.user_data);
	EXPECT_EQ(0, cqe.error);
	EXPECT_EQ(0, recv(self->sv[1], &byte, 1, 0));
}

/* C14 */
TEST_F(queue, requests_are_cancelled)
{
	struct regbuf_cqe cqe;
	uint64_t sum = 0;

	for (int i = 1; i <= 3; i++)
		regbuf_prep_recv(entry(self->q, i), self->ep, self->id, 0, 1);
	ASSERT_EQ(3, regbuf_queue_submit(self->q));
	regbuf_prep_cancel(entry(self->q, 10), 0, 2);
	ASSERT_EQ(1, regbuf_queue_submit(self->q));
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, next(self->q, &cqe));
		EXPECT_EQ(cqe.user_data == 10 ? 0 : -ECANCELED,
			  regbuf_cqe_error(&cqe));
		sum += cqe.user_data;
	}
	EXPECT_EQ(12, sum);
	regbuf_prep_cancel_all(entry(self->q, 20), self->ep);
	ASSERT_EQ(1, regbuf_queue_submit(self->q));
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, next(self->q, &cqe));
		if (cqe.user_data == 20)
			EXPECT_EQ(2, cqe.value);
		sum += cqe.user_data;
	}
	EXPECT_EQ(12 + 20 + 4, sum);
	regbuf_prep_cancel(entry(self->q, 30), self->ep, 1);
	ASSERT_EQ(0, submit_next(self->q, &cqe));
	EXPECT_EQ(-ENOENT, regbuf_cqe_error(&cqe));
}

/* C1 */
TEST_F(queue, refused_entries_stay)
{
	struct regbuf_sqe *sqe;
	struct regbuf_cqe cqe;

	EXPECT_EQ(0, regbuf_queue_submit(self->q));
	regbuf_prep_nop(entry(self->q, 1));
	regbuf_prep_send(entry(self->q, 2), self->ep, self->id, 4 * PAGE, 1);
	regbuf_prep_nop(entry(self->q, 3));
	ASSERT_EQ(1, regbuf_queue_submit(self->q));
	ASSERT_EQ(0, next(self->q, &cqe));
	EXPECT_EQ(1, cqe.user_data);
	EXPECT_EQ(-EFAULT, regbuf_queue_submit(self->q));
	/* Nor is there waiting. */
	EXPECT_EQ(-EFAULT, regbuf_queue_submit_wait(self->q, 1, -1, NULL));
	sqe = regbuf_queue_refused(self->q);
	ASSERT_NE(NULL, sqe);
	EXPECT_EQ(2, sqe->user_data);
	regbuf_prep_nop(sqe);
	EXPECT_EQ(2, regbuf_queue_submit(self->q));
	ASSERT_EQ(0, next(self->q, &cqe));
	EXPECT_EQ(2, cqe.user_data);
	ASSERT_EQ(0, next(self->q, &cqe));
	EXPECT_EQ(3, cqe.user_data);

	regbuf_prep_accept(entry(self->q, 4), 0);
	regbuf_prep_nop(entry(self->q, 5));
	EXPECT_EQ(-ENOENT, regbuf_queue_submit(self->q));
	EXPECT_EQ(2, regbuf_queue_drop(self->q));
	EXPECT_EQ(NULL, regbuf_queue_refused(self->q));
	EXPECT_EQ(SQ, regbuf_queue_space(self->q));
	regbuf_prep_nop(entry(self->q, 6));
	ASSERT_EQ(0, submit_next(self->q, &cqe));
	EXPECT_EQ(6, cqe.user_data);
}

/* C2 */
TEST_F(queue, full_rings_refuse)
{
	uint32_t i;

	for (i = 0; i < CQ; i++) {
		regbuf_prep_nop(entry(self->q, i));
		ASSERT_EQ(1, regbuf_queue_submit(self->q));
	}
	for (i = 0; i < SQ; i++)
		regbuf_prep_nop(entry(self->q, CQ + i));
	EXPECT_EQ(NULL, regbuf_queue_sqe(self->q));
	EXPECT_EQ(-ENOBUFS, regbuf_queue_submit(self->q));
	EXPECT_EQ(CQ, regbuf_queue_ready(self->q));
	EXPECT_EQ(0, regbuf_queue_wait(self->q, CQ + 1, LONG, NULL));
	regbuf_queue_advance(self->q, 3);
	EXPECT_EQ(3, regbuf_queue_submit(self->q));
	EXPECT_EQ(-ENOBUFS, regbuf_queue_submit(self->q));
	for (i = 3; i < CQ; i++)
		EXPECT_EQ(i, regbuf_queue_peek_at(self->q, i - 3)->user_data);
}

static void nothing(int sig)
{
	(void)sig;
}

TEST_F(queue, waits_end)
{
	struct sigaction action = { .sa_handler = nothing };
	sigset_t none, usr1;

	EXPECT_EQ(-ETIMEDOUT, regbuf_queue_wait(self->q, 1, 1000, NULL));
	EXPECT_EQ(-ETIMEDOUT, regbuf_queue_submit_wait(self->q, 1, 0, NULL));
	regbuf_prep_nop(entry(self->q, 1));
	/* One was taken, though the wait for two failed. */
	EXPECT_EQ(1, regbuf_queue_submit_wait(self->q, 2, 1000, NULL));
	EXPECT_EQ(1, regbuf_queue_ready(self->q));

	sigemptyset(&none);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	ASSERT_EQ(0, sigprocmask(SIG_BLOCK, &usr1, NULL));
	ASSERT_EQ(0, raise(SIGUSR1));
	EXPECT_EQ(-ETIMEDOUT, regbuf_queue_wait(self->q, 2, 1000, NULL));
	EXPECT_EQ(-EINTR, regbuf_queue_wait(self->q, 2, LONG, &none));
	EXPECT_EQ(-ETIMEDOUT, regbuf_queue_wait(self->q, 2, 1000, &none));
}

/* C16 */
TEST_F(queue, descriptor_is_readable_while_there_is_something)
{
	struct pollfd pfd = {
		.fd = regbuf_queue_fd(self->q),
		.events = POLLIN,
	};

	EXPECT_EQ(0, poll(&pfd, 1, 0));
	regbuf_prep_recv(entry(self->q, 1), self->ep, self->id, 0, 1);
	ASSERT_EQ(1, regbuf_queue_submit(self->q));
	EXPECT_EQ(0, poll(&pfd, 1, 0));
	ASSERT_EQ(1, send(self->sv[1], "x", 1, 0));
	ASSERT_EQ(1, poll(&pfd, 1, 20000));
	EXPECT_EQ(POLLIN, pfd.revents);
	EXPECT_EQ(1, regbuf_queue_ready(self->q));
	regbuf_queue_advance(self->q, 1);
	EXPECT_EQ(0, poll(&pfd, 1, 0));
}

/* C16 */
TEST_F(queue, eventfd_is_signalled_once_when_armed)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct regbuf_sqe *sqe;
	uint64_t value;

	EXPECT_EQ(-EBADF, regbuf_queue_eventfd(self->q, -2));
	EXPECT_EQ(-EINVAL, regbuf_queue_eventfd(self->q,
						regbuf_fd(self->rb)));
	ASSERT_EQ(0, regbuf_queue_eventfd(self->q, fd));
	regbuf_prep_nop(entry(self->q, 1));
	ASSERT_EQ(1, regbuf_queue_submit(self->q));
	EXPECT_EQ(-1, read(fd, &value, sizeof(value)));
	/* There already, so no signal. */
	EXPECT_EQ(1, regbuf_queue_arm(self->q));
	regbuf_queue_advance(self->q, 1);
	EXPECT_EQ(0, regbuf_queue_arm(self->q));
	sqe = entry(self->q, 2);
	regbuf_prep_nop(sqe);
	sqe->flags = REGBUF_SQE_F_SILENT;
	ASSERT_EQ(1, regbuf_queue_submit(self->q));
	EXPECT_EQ(-1, read(fd, &value, sizeof(value)));
	for (int i = 0; i < 2; i++) {
		regbuf_prep_nop(entry(self->q, 3));
		ASSERT_EQ(1, regbuf_queue_submit(self->q));
	}
	ASSERT_EQ(8, read(fd, &value, sizeof(value)));
	EXPECT_EQ(1, value);
	regbuf_queue_advance(self->q, 3);
	EXPECT_EQ(0, regbuf_queue_arm(self->q));
	EXPECT_EQ(0, regbuf_queue_disarm(self->q));
	regbuf_prep_nop(entry(self->q, 4));
	ASSERT_EQ(1, regbuf_queue_submit(self->q));
	EXPECT_EQ(-1, read(fd, &value, sizeof(value)));
	regbuf_queue_advance(self->q, 1);
	EXPECT_EQ(0, regbuf_queue_arm(self->q));
	regbuf_prep_nop(entry(self->q, 5));
	ASSERT_EQ(1, regbuf_queue_submit(self->q));
	EXPECT_EQ(1, regbuf_queue_disarm(self->q));
	EXPECT_EQ(8, read(fd, &value, sizeof(value)));
	EXPECT_EQ(0, regbuf_queue_eventfd(self->q, -1));
}

#define NR_NOPS	3000

/* The submitter; NULL if all went well. */
static void *submit_nops(void *arg)
{
	struct regbuf_queue *q = arg;
	int i, n;

	for (i = 0; i < NR_NOPS; i++) {
		regbuf_prep_nop(entry(q, i));
		do {
			n = regbuf_queue_submit(q);
		} while (n == -ENOBUFS && !sched_yield());
		if (n != 1)
			return arg;
	}
	return NULL;
}

/* Consume all there are; how many, or -1 if they were not in order. */
static int consume(struct regbuf_queue *q, uint64_t first)
{
	const struct regbuf_cqe *cqe;
	uint32_t n = 0;

	regbuf_for_each_cqe(q, n, cqe)
		if (cqe->user_data != first + n - 1)
			return -1;
	regbuf_queue_advance(q, n);
	return n;
}

/* C16: a signal for each time that one was asked for, and for nothing else. */
TEST_F(queue, eventfd_signals_are_exact)
{
	struct pollfd pfd = { .events = POLLIN };
	uint64_t value, done = 0;
	pthread_t thread;
	void *failed;
	int n, armed;

	pfd.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ASSERT_EQ(0, regbuf_queue_eventfd(self->q, pfd.fd));
	ASSERT_EQ(0, pthread_create(&thread, NULL, submit_nops, self->q));
	while (done < NR_NOPS) {
		armed = !regbuf_queue_arm(self->q);
		if (armed) {
			ASSERT_EQ(1, poll(&pfd, 1, 20000));
			ASSERT_EQ(8, read(pfd.fd, &value, sizeof(value)));
			ASSERT_EQ(1, value);
		}
		n = consume(self->q, done);
		ASSERT_LT(0, n);
		done += n;
	}
	ASSERT_EQ(0, pthread_join(thread, &failed));
	EXPECT_EQ(NULL, failed);
	EXPECT_EQ(-1, read(pfd.fd, &value, sizeof(value)));
}

TEST_F(queue, rings_are_resized_with_requests_in_flight)
{
	struct regbuf_cqe cqe;

	regbuf_prep_recv(entry(self->q, 1), self->ep, self->id, 0, 1);
	regbuf_prep_nop(entry(self->q, 2));
	ASSERT_EQ(2, regbuf_queue_submit(self->q));
	regbuf_prep_nop(entry(self->q, 3));
	EXPECT_EQ(-EINVAL, regbuf_queue_resize(self->q, ~0u, 0));
	EXPECT_EQ(-EBUSY, regbuf_queue_resize(self->q, 0, 1));
	ASSERT_EQ(0, regbuf_queue_resize(self->q, 64, 128));
	EXPECT_EQ(64, regbuf_queue_sq_entries(self->q));
	EXPECT_EQ(128, regbuf_queue_cq_entries(self->q));
	EXPECT_EQ(63, regbuf_queue_space(self->q));
	ASSERT_EQ(1, regbuf_queue_submit(self->q));
	ASSERT_EQ(0, next(self->q, &cqe));
	EXPECT_EQ(2, cqe.user_data);
	ASSERT_EQ(0, next(self->q, &cqe));
	EXPECT_EQ(3, cqe.user_data);
	ASSERT_EQ(0, regbuf_queue_resize(self->q, 1, 2));
	ASSERT_EQ(1, send(self->sv[1], "x", 1, 0));
	ASSERT_EQ(0, next(self->q, &cqe));
	EXPECT_EQ(1, cqe.user_data);
	EXPECT_EQ(1, cqe.value);
	regbuf_prep_nop(entry(self->q, 4));
	ASSERT_EQ(0, submit_next(self->q, &cqe));
	EXPECT_EQ(4, cqe.user_data);
}

/* C15 */
TEST_F(queue, closing_the_context_ends_its_queues)
{
	uint32_t ep;

	regbuf_close(self->rb);
	self->rb = NULL;
	regbuf_prep_nop(entry(self->q, 1));
	EXPECT_EQ(-ESHUTDOWN, regbuf_queue_submit(self->q));
	EXPECT_EQ(-ESHUTDOWN, regbuf_queue_wait(self->q, 1, -1, NULL));
	EXPECT_EQ(-ESHUTDOWN, regbuf_queue_kick(self->q));
	EXPECT_EQ(-ESHUTDOWN, attach(self->q, self->sv[1], BOTH, &ep));
	EXPECT_EQ(-ESHUTDOWN, regbuf_queue_resize(self->q, 0, 0));
	EXPECT_EQ(-ESHUTDOWN, regbuf_queue_detach(self->q, self->ep, 0));
	EXPECT_EQ(-ESHUTDOWN, regbuf_queue_socket(self->q, self->ep));
	EXPECT_EQ(-ESHUTDOWN, regbuf_queue_eventfd(self->q, -1));
	EXPECT_EQ(-ESHUTDOWN, regbuf_queue_pool_set(self->q, self->id, 0, 64,
						    2));
}

/* C2, C17 */
TEST_F(queue, consuming_too_much_breaks_the_queue)
{
	regbuf_queue_advance(self->q, 1);
	regbuf_prep_nop(entry(self->q, 1));
	EXPECT_EQ(-ENOTRECOVERABLE, regbuf_queue_submit(self->q));
	EXPECT_EQ(-ENOTRECOVERABLE, regbuf_queue_submit(self->q));
}

/* C1: refusals of a poller are completions. */
TEST_F(queue, pollers_take_entries_by_themselves)
{
	struct regbuf_queue_params params = {
		.flags = REGBUF_QUEUE_F_POLLER,
		.sq_entries = SQ,
		.cq_entries = CQ,
		.poller_idle_us = 1000,
	};
	struct regbuf_queue *q;
	struct regbuf_cqe cqe;

	ASSERT_EQ(0, regbuf_queue_create(self->rb, &params, &q));
	EXPECT_EQ(0, regbuf_queue_submit(q));
	for (int i = 0; i < 100; i++) {
		regbuf_prep_nop(entry(q, i));
		ASSERT_EQ(1, regbuf_queue_submit(q));
		ASSERT_EQ(0, next(q, &cqe));
		EXPECT_EQ(i, cqe.user_data);
		EXPECT_EQ(0, cqe.error);
	}
	regbuf_prep_accept(entry(q, 100), 0);
	ASSERT_EQ(1, regbuf_queue_submit_wait(q, 1, LONG, NULL));
	ASSERT_EQ(1, regbuf_queue_reap(q, &cqe, 1));
	EXPECT_EQ(100, cqe.user_data);
	EXPECT_EQ(-ENOENT, regbuf_cqe_error(&cqe));
	EXPECT_TRUE(cqe.flags & REGBUF_CQE_F_REFUSED);
	EXPECT_EQ(NULL, regbuf_queue_refused(q));
	EXPECT_EQ(0, regbuf_queue_drop(q));
	regbuf_queue_destroy(q);

	ASSERT_EQ(0, setgid(NOBODY));
	ASSERT_EQ(0, setuid(NOBODY));
	EXPECT_EQ(-EPERM, regbuf_queue_create(self->rb, &params, &q));
}

static int limit_to(unsigned long pages)
{
	struct rlimit limit = { pages * PAGE, pages * PAGE };

	return setrlimit(RLIMIT_MEMLOCK, &limit) || setgid(NOBODY) ||
	       setuid(NOBODY);
}

TEST_F(queue, pools_of_buffers_can_be_sent_and_received)
{
	struct regbuf_ioc_status status = { .size = sizeof(status) };
	struct regbuf_pool_slice slice;
	struct regbuf_pool *pool;
	struct regbuf_cqe cqe;
	char got[5];

	ASSERT_EQ(0, regbuf_pool_create(self->rb, 1000, 4, 0, &pool));
	ASSERT_EQ(0, regbuf_pool_get(pool, &slice));
	ASSERT_EQ(0, regbuf_pool_get(pool, &slice));
	EXPECT_EQ(1024, slice.length);
	EXPECT_EQ(slice.index * 1024ul, slice.offset);
	ASSERT_EQ(0, regbuf_status(self->rb, slice.id, &status));
	/* C10: no huge page for four small slices. */
	EXPECT_EQ(1, status.pages);
	EXPECT_EQ(REGBUF_ACCESS_READ | REGBUF_ACCESS_WRITE, status.access);
	EXPECT_EQ((uintptr_t)slice.ptr, status.addr + slice.offset);

	memcpy(slice.ptr, "hello", 5);
	regbuf_prep_send(entry(self->q, 1), self->ep, slice.id, slice.offset,
			 5);
	ASSERT_EQ(0, submit_next(self->q, &cqe));
	EXPECT_EQ(0, cqe.error);
	ASSERT_EQ(5, recv(self->sv[1], got, 5, MSG_WAITALL));
	EXPECT_EQ(0, memcmp(got, "hello", 5));
	EXPECT_EQ(0, regbuf_pool_put(pool, slice.index));
	EXPECT_EQ(-EINVAL, regbuf_pool_put(pool, slice.index));

	/* The slices of a pool are slices for the kernel, too. */
	ASSERT_EQ(0, regbuf_pool_at(pool, 2, &slice));
	ASSERT_EQ(0, regbuf_queue_pool_set(self->q, slice.id, slice.offset,
					   slice.length, 2));
	regbuf_prep_recv_pool(entry(self->q, 2), self->ep);
	ASSERT_EQ(1, send(self->sv[1], "z", 1, 0));
	ASSERT_EQ(0, submit_next(self->q, &cqe));
	ASSERT_EQ(0, cqe.error);
	ASSERT_EQ(0, regbuf_pool_at(pool, 2 + cqe.detail, &slice));
	EXPECT_EQ('z', *(char *)slice.ptr);
	regbuf_pool_destroy(pool);
	EXPECT_EQ(-ESTALE, regbuf_status(self->rb, slice.id, &status));
}

/* C10 */
TEST_F(queue, large_pools_are_charged_whole)
{
	struct regbuf_ioc_status status = { .size = sizeof(status) };
	struct regbuf_pool_slice slice;
	struct regbuf_pool *pool;

	ASSERT_EQ(0, regbuf_pool_create(self->rb, PAGE, 513, 0, &pool));
	ASSERT_EQ(0, regbuf_pool_get(pool, &slice));
	EXPECT_EQ(0, (uintptr_t)slice.ptr % (512 * PAGE));
	ASSERT_EQ(0, regbuf_status(self->rb, slice.id, &status));
	EXPECT_EQ(1024, status.pages);
	regbuf_pool_destroy(pool);
	ASSERT_EQ(0, regbuf_pool_create(self->rb, PAGE, 513,
					REGBUF_POOL_F_SMALL_PAGES, &pool));
	ASSERT_EQ(0, regbuf_pool_get(pool, &slice));
	ASSERT_EQ(0, regbuf_status(self->rb, slice.id, &status));
	EXPECT_EQ(513, status.pages);
	regbuf_pool_destroy(pool);

	ASSERT_EQ(0, limit_to(16));
	EXPECT_EQ(-ENOBUFS, regbuf_pool_create(self->rb, PAGE, 17, 0, &pool));
	EXPECT_EQ(NULL, pool);
	EXPECT_EQ(0, regbuf_pool_create(self->rb, PAGE, 16, 0, &pool));
	regbuf_pool_destroy(pool);
}

TEST(strerror_has_words_for_errors_of_queues)
{
	static const int errors[] = {
		ECANCELED, ETIME, ESHUTDOWN, ENOTRECOVERABLE, EALREADY,
		ECONNREFUSED, ECONNRESET,
	};
	const char *unknown = regbuf_strerror(-4095);

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		EXPECT_STRNE(unknown, regbuf_strerror(-errors[i]))
			TH_LOG("errno %d", errors[i]);
	}
}

TEST_HARNESS_MAIN
