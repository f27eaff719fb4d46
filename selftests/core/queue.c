// SPDX-License-Identifier: GPL-2.0
/*
 * Queues as such: how large they are, how they are mapped, and that no
 * completion is lost when there is no place for it.
 */
#include "regbuf_queue.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

FIXTURE(queue)
{
	int dev;
	struct rb_queue q;
	struct regbuf_cqe cqe;
	struct regbuf_ioc_enter out;
};

FIXTURE_SETUP(queue)
{
	self->dev = rb_open();
	ASSERT_LE(0, self->dev);
	ASSERT_EQ(0, rb_q_open(self->dev, &self->q, 8, 4, 4));
}

FIXTURE_TEARDOWN(queue)
{
	rb_q_close(&self->q);
	EXPECT_EQ(0, rb_left(self->dev));
	close(self->dev);
}

/* A child's exit code, or -1. */
static int child_result(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

/* 0 if the parts of the mapping are whole, aligned, and none over another. */
static int bad_layout(const struct regbuf_ioc_queue *p)
{
	struct {
		__u64 from;
		__u64 to;
	} part[3] = {
		{ p->sq_off, p->sq_off +
			     p->sq_entries * sizeof(struct regbuf_sqe) },
		{ p->cq_off, p->cq_off +
			     p->cq_entries * sizeof(struct regbuf_cqe) },
		{ p->pool_off, p->pool_off + p->pool_entries * sizeof(__u32) },
	};

	for (int i = 0; i < 3; i++) {
		if (part[i].from < sizeof(struct regbuf_ring) ||
		    part[i].to > p->map_size)
			return 1;
		for (int j = 0; j < i; j++)
			if (part[i].from < part[j].to &&
			    part[j].from < part[i].to)
				return 2;
	}
	return p->sq_off % 64 || p->cq_off % 32 || p->pool_off % 4 ? 3 : 0;
}

/* Sizes are rounded up to powers of two, and said. */
TEST_F(queue, sizes_are_rounded_up)
{
	static const __u32 sizes[][2] = {
		{ 1, 1 }, { 2, 2 }, { 3, 4 }, { 5, 8 }, { 64, 64 },
		{ 65, 128 }, { 1000, 1024 },
	};
	struct regbuf_ioc_queue p;
	struct rb_queue q;

	for (int i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (int which = 0; which < 3; which++) {
			p = (struct regbuf_ioc_queue){
				.sq_entries = which == 0 ? sizes[i][0] : 1,
				.cq_entries = which == 1 ? sizes[i][0] : 1,
				.pool_entries = which == 2 ? sizes[i][0] : 0,
			};
			ASSERT_EQ(0, rb_q_open_params(self->dev, &q, &p));
			EXPECT_EQ(which == 0 ? sizes[i][1] : 1, p.sq_entries);
			EXPECT_EQ(which == 1 ? sizes[i][1] : 1, p.cq_entries);
			EXPECT_EQ(which == 2 ? sizes[i][1] : 0,
				  p.pool_entries);
			EXPECT_EQ(0, bad_layout(&p));
			rb_q_close(&q);
		}
	}
}

/* What makes no sense: EINVAL, each alone. */
TEST_F(queue, senseless_sizes_are_refused)
{
	static const struct regbuf_ioc_queue bad[] = {
		{ .sq_entries = 0, .cq_entries = 1 },
		{ .sq_entries = 1, .cq_entries = 0 },
		{ .sq_entries = 0xffffffff, .cq_entries = 1 },
		{ .sq_entries = 1, .cq_entries = 0x80000001 },
		{ .sq_entries = 1, .cq_entries = 1, .pool_entries = ~0u },
		{ .sq_entries = 1, .cq_entries = 1, .poller_idle_us = 1 },
	};
	struct regbuf_ioc_queue p;
	struct rb_queue q;

	for (int i = 0; i < ARRAY_SIZE(bad); i++) {
		p = bad[i];
		EXPECT_EQ(-EINVAL, rb_q_open_params(self->dev, &q, &p));
	}
}

/* No descriptor left: EMFILE, and the next one works. */
TEST_F(queue, no_descriptor_is_an_error)
{
	struct rlimit old, none;
	struct rb_queue q;

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &old));
	none = old;
	none.rlim_cur = dup(self->dev);
	close(none.rlim_cur);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &none));
	EXPECT_EQ(-EMFILE, rb_q_open(self->dev, &q, 1, 1, 0));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &old));
	EXPECT_EQ(0, rb_q_open(self->dev, &q, 1, 1, 0));
	rb_q_close(&q);
}

/* A new queue is empty, and its descriptor is gone after exec. */
TEST_F(queue, new_one_is_empty)
{
	struct regbuf_ring zeros = {};

	EXPECT_EQ(0, memcmp(&zeros, self->q.ring, sizeof(zeros)));
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->q.fd, F_GETFD));
	EXPECT_EQ(0, rb_q_poll(&self->q));
	EXPECT_EQ(0, rb_q_enter(&self->q, 10, 0, 0, &self->out));
	EXPECT_EQ(0, self->out.submitted);
	EXPECT_EQ(0, self->out.error);
	EXPECT_EQ(0, self->out.ready);
}

/* Many queues of a context do not know of each other. */
TEST_F(queue, many_are_independent)
{
	struct rb_queue qs[50];

	for (int i = 0; i < ARRAY_SIZE(qs); i++) {
		ASSERT_EQ(0, rb_q_open(self->dev, &qs[i], 2, 2, 0));
		rb_sqe_nop(&qs[i], i);
	}
	for (int i = 0; i < ARRAY_SIZE(qs); i += 2)
		ASSERT_EQ(0, rb_q_submit_all(&qs[i]));
	for (int i = 0; i < ARRAY_SIZE(qs); i++) {
		ASSERT_EQ(!(i % 2), rb_q_pop(&qs[i], &self->cqe));
		if (i % 2 == 0)
			EXPECT_EQ(i, self->cqe.user_data);
		EXPECT_EQ(i % 2 == 0, rb_load(&qs[i].ring->sq_head));
		rb_q_close(&qs[i]);
	}
}

static void *try_map(const struct rb_queue *q, size_t size, int flags,
		     off_t offset)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, flags, q->fd, offset);
}

/* Mapped shared, at offset 0, and no more than there is. */
TEST_F(queue, mapping_elsewhere_is_refused)
{
	size_t whole = (self->q.map_size + RB_PAGE - 1) & -RB_PAGE;
	void *again;

	EXPECT_EQ(MAP_FAILED, try_map(&self->q, RB_PAGE, MAP_SHARED, RB_PAGE));
	EXPECT_EQ(MAP_FAILED, try_map(&self->q, RB_PAGE, MAP_SHARED,
				      1L << 40));
	EXPECT_EQ(MAP_FAILED, try_map(&self->q, RB_PAGE, MAP_PRIVATE, 0));
	EXPECT_EQ(MAP_FAILED, try_map(&self->q, whole + RB_PAGE, MAP_SHARED,
				      0));
	/* The control; and both are the same memory. */
	again = try_map(&self->q, whole, MAP_SHARED, 0);
	ASSERT_NE(MAP_FAILED, again);
	rb_sqe_nop(&self->q, 5);
	ASSERT_EQ(0, rb_q_submit_all(&self->q));
	EXPECT_EQ(0, memcmp(again, self->q.map, self->q.map_size));
	EXPECT_EQ(0, munmap(again, whole));
	EXPECT_EQ(0, rb_q_expect(&self->q, 5, 0));
}

/* C8: a forked child does not have the rings, and cannot get them. */
TEST_F(queue, mapping_is_not_inherited)
{
	pid_t pid = fork();

	if (!pid) {
		if (!msync(self->q.map, RB_PAGE, MS_ASYNC) || errno != ENOMEM)
			_exit(1);
		if (try_map(&self->q, RB_PAGE, MAP_SHARED, 0) != MAP_FAILED)
			_exit(2);
		_exit(errno == EPERM ? 0 : 3);
	}
	EXPECT_EQ(0, child_result(pid));
	EXPECT_EQ(0, msync(self->q.map, RB_PAGE, MS_ASYNC));
}

/* C8: the rings stay where they are; what was tried did no harm. */
TEST_F(queue, mapping_is_not_moved_or_grown)
{
	size_t size = (self->q.map_size + RB_PAGE - 1) & -RB_PAGE;
	void *to = rb_map(4 * size, PROT_READ, 0);

	ASSERT_NE(NULL, to);
	EXPECT_EQ(MAP_FAILED, mremap(self->q.map, size, 2 * size,
				     MREMAP_MAYMOVE));
	EXPECT_EQ(MAP_FAILED, mremap(self->q.map, size, size,
				     MREMAP_MAYMOVE | MREMAP_FIXED, to));
	EXPECT_EQ(MAP_FAILED, mremap(self->q.map, 0, size, MREMAP_MAYMOVE));
	rb_sqe_nop(&self->q, 1);
	ASSERT_EQ(0, rb_q_submit_all(&self->q));
	EXPECT_EQ(0, rb_q_expect(&self->q, 1, 0));
}

/* C1: each yields one completion, with nothing but its user data. */
TEST_F(queue, nop_completes_once)
{
	static const __u64 data[] = { 0, ~0ULL, 1, 0x8000000000000000 };
	struct regbuf_cqe want = {};

	for (int i = 0; i < ARRAY_SIZE(data); i++)
		rb_sqe_nop(&self->q, data[i]);
	ASSERT_EQ(0, rb_q_submit_all(&self->q));
	EXPECT_EQ(ARRAY_SIZE(data), rb_load(&self->q.ring->sq_head));
	for (int i = 0; i < ARRAY_SIZE(data); i++) {
		want.user_data = data[i];
		ASSERT_TRUE(rb_q_pop(&self->q, &self->cqe));
		EXPECT_EQ(0, memcmp(&want, &self->cqe, sizeof(want)));
	}
	EXPECT_TRUE(rb_q_empty(&self->q));
}

/* C1: round and round the rings, in order. */
TEST_F(queue, rings_wrap)
{
	__u64 seen = 0;

	for (__u64 data = 0; data < 1000; data++) {
		rb_sqe_nop(&self->q, data);
		if (data % 3)
			continue;
		ASSERT_EQ(0, rb_q_submit_all(&self->q));
		while (rb_q_pop(&self->q, &self->cqe))
			ASSERT_EQ(seen++, self->cqe.user_data);
		ASSERT_EQ(data + 1, seen);
	}
}

/* C2: no place: refused, the entry stays at the head, nothing is lost. */
TEST_F(queue, full_completion_ring_refuses)
{
	for (int i = 0; i < 6; i++)
		rb_sqe_nop(&self->q, i);
	ASSERT_EQ(0, rb_q_enter(&self->q, 6, 0, 0, &self->out));
	EXPECT_EQ(4, self->out.submitted);
	EXPECT_EQ(ENOBUFS, self->out.error);
	EXPECT_EQ(4, self->out.ready);
	EXPECT_EQ(4, rb_load(&self->q.ring->sq_head));
	/* As often as one likes. */
	ASSERT_EQ(0, rb_q_enter(&self->q, 2, 0, 0, &self->out));
	EXPECT_EQ(0, self->out.submitted);
	EXPECT_EQ(ENOBUFS, self->out.error);
	EXPECT_EQ(4, rb_q_ready(&self->q));
	/* Room for one, and then for the other. */
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(0, rb_q_expect(&self->q, i, 0));
		ASSERT_EQ(0, rb_q_enter(&self->q, 2, 0, 0, &self->out));
		EXPECT_EQ(1, self->out.submitted);
		EXPECT_EQ(i == 0 ? ENOBUFS : 0, self->out.error);
	}
	for (int i = 2; i < 6; i++)
		EXPECT_EQ(0, rb_q_expect(&self->q, i, 0));
	EXPECT_TRUE(rb_q_empty(&self->q));
}

/* C2: what is pending has a place, which nothing else gets. */
TEST_F(queue, pending_requests_have_their_places)
{
	for (int i = 0; i < 3; i++)
		rb_sqe_timeout(&self->q, 3600 * RB_SEC, i);
	rb_sqe_nop(&self->q, 10);
	rb_sqe_nop(&self->q, 11);
	ASSERT_EQ(0, rb_q_enter(&self->q, 5, 0, 0, &self->out));
	EXPECT_EQ(4, self->out.submitted);
	EXPECT_EQ(ENOBUFS, self->out.error);
	EXPECT_EQ(0, rb_q_expect(&self->q, 10, 0));
	EXPECT_EQ(0, rb_q_submit_all(&self->q));
	EXPECT_EQ(0, rb_q_expect(&self->q, 11, 0));
	/* The last place is for cancelling, one after the other. */
	for (int i = 0; i < 3; i++) {
		rb_sqe_cancel(&self->q, 0, i, 0, i);
		ASSERT_EQ(0, rb_q_submit_all(&self->q));
		ASSERT_EQ(0, rb_q_enter(&self->q, 0, 2, RB_LONG, NULL));
		EXPECT_EQ(2, rb_q_reap(&self->q));
	}
	EXPECT_TRUE(rb_q_empty(&self->q));
}

/* C2: an early completion has a place of its own, asked for at once. */
TEST_F(queue, early_completion_has_its_place)
{
	int sv[2];
	__u32 ep;

	ASSERT_EQ(0, rb_pair(NULL, AF_INET, SOCK_STREAM, sv));
	ASSERT_EQ(0, rb_q_attach(&self->q, sv[0], RB_BOTH, 0, 0, &ep));
	for (int i = 0; i < 3; i++)
		rb_sqe_nop(&self->q, i);
	rb_sqe_send_inline(&self->q, ep, "x", 1, 9)->flags |=
		REGBUF_SQE_F_EARLY;
	ASSERT_EQ(0, rb_q_enter(&self->q, 4, 0, 0, &self->out));
	EXPECT_EQ(3, self->out.submitted);
	EXPECT_EQ(ENOBUFS, self->out.error);
	EXPECT_EQ(0, rb_q_expect(&self->q, 0, 0));
	ASSERT_EQ(0, rb_q_submit_all(&self->q));
	EXPECT_EQ(0, rb_q_expect(&self->q, 1, 0));
	EXPECT_EQ(0, rb_q_expect(&self->q, 2, 0));
	ASSERT_EQ(0, rb_q_next(&self->q, &self->cqe));
	EXPECT_EQ(9, self->cqe.user_data);
	EXPECT_EQ(REGBUF_CQE_F_EARLY, self->cqe.flags & REGBUF_CQE_F_EARLY);
	EXPECT_EQ(1, self->cqe.value);
	ASSERT_EQ(0, rb_q_next(&self->q, &self->cqe));
	EXPECT_EQ(9, self->cqe.user_data);
	EXPECT_EQ(0, self->cqe.flags & REGBUF_CQE_F_EARLY);
	EXPECT_EQ(1, self->cqe.value);
	close(sv[0]);
	close(sv[1]);
}

/* Attach: what it refuses, and that it takes one socket once a direction. */
TEST_F(queue, lanes_are_exclusive)
{
	struct rb_queue other;
	__u32 a, b, none;
	int sv[2];

	ASSERT_EQ(0, rb_pair(NULL, AF_INET, SOCK_STREAM, sv));
	ASSERT_EQ(0, rb_q_open(self->dev, &other, 1, 1, 0));
	EXPECT_EQ(-EBADF, rb_q_attach(&self->q, -1, RB_BOTH, 0, 0, &none));
	EXPECT_EQ(-ENOTSOCK, rb_q_attach(&self->q, self->dev, RB_BOTH, 0, 0,
					 &none));
	EXPECT_EQ(-ENOTSOCK, rb_q_attach(&self->q, self->q.fd, RB_BOTH, 0, 0,
					 &none));
	EXPECT_EQ(-EINVAL, rb_q_attach(&self->q, sv[0], 0, 0, 0, &none));
	EXPECT_EQ(-EINVAL, rb_q_attach(&self->q, sv[0],
				       REGBUF_ATTACH_F_ORDERED, 0, 0, &none));
	/* C3: one direction through each queue. */
	ASSERT_EQ(0, rb_q_attach(&self->q, sv[0], REGBUF_ATTACH_F_SEND, 0, 0,
				 &a));
	EXPECT_NE(0, a);
	EXPECT_EQ(-EBUSY, rb_q_attach(&other, sv[0], RB_BOTH, 0, 0, &none));
	EXPECT_EQ(-EBUSY, rb_q_attach(&other, sv[0], REGBUF_ATTACH_F_SEND, 0,
				      0, &none));
	ASSERT_EQ(0, rb_q_attach(&other, sv[0], REGBUF_ATTACH_F_RECV, 0, 0,
				 &b));
	EXPECT_EQ(-EBUSY, rb_q_attach(&self->q, sv[0], REGBUF_ATTACH_F_RECV, 0,
				      0, &none));
	EXPECT_EQ(0, rb_q_detach(&self->q, a, 0));
	EXPECT_EQ(-ENOENT, rb_q_detach(&self->q, a, 0));
	EXPECT_EQ(-ENOENT, rb_q_socket(&self->q, a));
	ASSERT_EQ(0, rb_q_attach(&other, sv[0], REGBUF_ATTACH_F_SEND, 0, 0,
				 &a));
	rb_q_close(&other);
	close(sv[0]);
	close(sv[1]);
}

/* C18: other protocols are refused. */
TEST_F(queue, other_sockets_are_refused)
{
	static const int kinds[][3] = {
		{ AF_UNIX, SOCK_STREAM, 0 }, { AF_UNIX, SOCK_DGRAM, 0 },
		{ AF_INET, SOCK_RAW, IPPROTO_UDP },
		{ AF_NETLINK, SOCK_RAW, 0 }, { AF_PACKET, SOCK_RAW, 0 },
		{ AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE },
	};
	int seen = 0;
	__u32 ep;

	for (int i = 0; i < ARRAY_SIZE(kinds); i++) {
		int sock = socket(kinds[i][0], kinds[i][1], kinds[i][2]);

		if (sock < 0)
			continue;	/* not in this kernel */
		EXPECT_EQ(-EOPNOTSUPP, rb_q_attach(&self->q, sock, RB_BOTH, 0,
						   0, &ep));
		close(sock);
		seen++;
	}
	EXPECT_LE(3, seen);
}

/* A descriptor of an endpoint's socket is the socket. */
TEST_F(queue, socket_of_an_endpoint)
{
	int sv[2], fd;
	char got[2];
	__u32 ep;

	ASSERT_EQ(0, rb_pair(NULL, AF_INET, SOCK_STREAM, sv));
	ASSERT_EQ(0, rb_q_attach(&self->q, sv[0], RB_BOTH, 0, 0, &ep));
	/* C15: the endpoint keeps it open. */
	close(sv[0]);
	EXPECT_EQ(-ENOENT, rb_q_socket(&self->q, ep + 1));
	EXPECT_EQ(-ENOENT, rb_q_socket(&self->q, 0));
	EXPECT_EQ(-ENOENT, rb_q_socket(&self->q, ~0u));
	fd = rb_q_socket(&self->q, ep);
	ASSERT_LE(0, fd);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	ASSERT_EQ(2, send(fd, "ab", 2, 0));
	ASSERT_EQ(2, recv(sv[1], got, 2, 0));
	EXPECT_EQ(0, memcmp(got, "ab", 2));
	close(fd);
	close(sv[1]);
}

TEST_HARNESS_MAIN
