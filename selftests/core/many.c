// SPDX-License-Identifier: GPL-2.0
/*
 * C1, C3: ten thousand endpoints on one queue.
 */
#include "regbuf_lane.h"

#include <sys/resource.h>

#include "kselftest_harness.h"

#define ENTRIES	16384
#define BATCH	64

FIXTURE(many)
{
	struct rb_qrig qr;
	struct rb_queue *q;
	__u32 nr;
	int *socks;
	__u32 *eps;
	struct sockaddr_in *names;
	int hub;		/* all of them are connected to it */
	struct sockaddr_storage ss;
	socklen_t len;
};

static int socket_of(FIXTURE_DATA(many) *self, __u32 i)
{
	socklen_t len = sizeof(self->names[i]);

	self->socks[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (self->socks[i] < 0 ||
	    connect(self->socks[i], (struct sockaddr *)&self->ss, self->len) ||
	    getsockname(self->socks[i], (struct sockaddr *)&self->names[i],
			&len))
		return -errno;
	return rb_q_attach(self->q, self->socks[i], RB_BOTH, 1, 1,
			   &self->eps[i]);
}

FIXTURE_SETUP(many)
{
	struct rlimit limit = { 20000, 20000 };

	self->q = &self->qr.q;
	/* Found on kernels built to find mistakes, which are slow. */
	self->nr = access("/sys/kernel/debug/kmemleak", F_OK) ? 10000 : 1000;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	ASSERT_EQ(0, rb_qrig_bare(&self->qr, self->nr * 16, ENTRIES));
	self->socks = calloc(self->nr, sizeof(*self->socks));
	self->eps = calloc(self->nr, sizeof(*self->eps));
	self->names = calloc(self->nr, sizeof(*self->names));
	self->hub = rb_bound(AF_INET, SOCK_DGRAM, "127.0.0.1", &self->ss,
			     &self->len);
	ASSERT_LE(0, self->hub);
	for (__u32 i = 0; i < self->nr; i++)
		ASSERT_EQ(0, socket_of(self, i));
}

FIXTURE_TEARDOWN(many)
{
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
	for (__u32 i = 0; i < self->nr; i++)
		close(self->socks[i]);
	close(self->hub);
	free(self->names);
	free(self->eps);
	free(self->socks);
}

static int compare(const void *a, const void *b)
{
	__u32 one = *(const __u32 *)a, two = *(const __u32 *)b;

	return one < two ? -1 : one > two;
}

/* A name each. */
static void check_names(struct __test_metadata *_metadata,
			FIXTURE_DATA(many) *self)
{
	__u32 *sorted = calloc(self->nr + 1, sizeof(*sorted));

	ASSERT_NE(NULL, sorted);
	memcpy(sorted + 1, self->eps, self->nr * sizeof(*sorted));
	qsort(sorted, self->nr + 1, sizeof(*sorted), compare);
	/* The first is 0, which is not a name. */
	for (__u32 i = 0; i < self->nr; i++)
		ASSERT_LT(sorted[i], sorted[i + 1]);
	free(sorted);
}

/* One of the words that came to the hub: the sender's number, and port. */
static void hear_one(struct __test_metadata *_metadata,
		     FIXTURE_DATA(many) *self)
{
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	__u32 word;

	ASSERT_TRUE(rb_within(10, recvfrom(self->hub, &word, 4, MSG_DONTWAIT,
					   (struct sockaddr *)&from,
					   &len) == 4));
	ASSERT_GT(self->nr, word);
	ASSERT_EQ(self->names[word].sin_port, from.sin_port);
}

/* Each sends its number, in batches that the hub has room for. */
static void send_all(struct __test_metadata *_metadata,
		     FIXTURE_DATA(many) *self)
{
	struct regbuf_cqe cqe;
	__u32 end;

	for (__u32 i = 0; i < self->nr; i = end) {
		end = i + BATCH < self->nr ? i + BATCH : self->nr;
		for (__u32 j = i; j < end; j++)
			rb_sqe_send_inline(self->q, self->eps[j],
					   self->qr.rig.mem + j * 16, 4, j);
		ASSERT_EQ(0, rb_q_submit_all(self->q));
		for (__u32 j = i; j < end; j++)
			hear_one(_metadata, self);
		for (__u32 j = i; j < end; j++) {
			ASSERT_EQ(0, rb_q_next(self->q, &cqe));
			ASSERT_EQ(0, cqe.error);
			ASSERT_EQ(4, cqe.value);
		}
	}
}

/* Each has a receive posted, all of which wait at the same time. */
static void post_all(struct __test_metadata *_metadata,
		     FIXTURE_DATA(many) *self)
{
	for (__u32 i = 0; i < self->nr; i++)
		rb_sqe_recv(self->q, self->eps[i], self->qr.rig.id, i * 16 + 8,
			    4, i);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_TRUE(rb_q_empty(self->q));
}

/* C1, C3: each gets what was sent to it, backwards and all at once. */
static void answer_all(struct __test_metadata *_metadata,
		       FIXTURE_DATA(many) *self)
{
	struct regbuf_cqe cqe;
	__u32 word;

	for (__u32 i = self->nr; i-- > 0; ) {
		word = i ^ 0x5a5a0000;
		ASSERT_EQ(4, sendto(self->hub, &word, 4, 0,
				    (struct sockaddr *)&self->names[i],
				    sizeof(self->names[i])));
	}
	for (__u32 i = 0; i < self->nr; i++) {
		ASSERT_EQ(0, rb_q_next(self->q, &cqe));
		ASSERT_GT(self->nr, cqe.user_data);
		ASSERT_EQ(0, cqe.error);
		ASSERT_EQ(4, cqe.value);
	}
	EXPECT_TRUE(rb_q_empty(self->q));
	for (__u32 i = 0; i < self->nr; i++) {
		word = *(__u32 *)(self->qr.rig.mem + i * 16 + 8);
		ASSERT_EQ(i ^ 0x5a5a0000, word);
	}
}

TEST_F_TIMEOUT(many, endpoints, 120)
{
	for (__u32 i = 0; i < self->nr; i++)
		*(__u32 *)(self->qr.rig.mem + i * 16) = i;
	check_names(_metadata, self);
	send_all(_metadata, self);
	post_all(_metadata, self);
	answer_all(_metadata, self);
}

/* C15: all at once, with receives posted, by the end of the queue. */
TEST_F_TIMEOUT(many, close_with_all_busy, 120)
{
	post_all(_metadata, self);
	EXPECT_EQ(self->nr, rb_in_flight(self->qr.rig.dev, self->qr.rig.id));
	rb_q_close(self->q);
	EXPECT_TRUE(rb_within(20, !rb_in_flight(self->qr.rig.dev,
						self->qr.rig.id)));
}

/* C14: or one cancel for all of them. */
TEST_F_TIMEOUT(many, cancel_all, 120)
{
	struct regbuf_cqe cqe;
	__u64 cancelled = 0;

	for (__u32 i = 0; i < self->nr; i++)
		rb_sqe_recv(self->q, self->eps[i], self->qr.rig.id, 0, 4, 7);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	rb_sqe_cancel(self->q, 0, 7, REGBUF_SQE_F_ALL, 8);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	for (__u32 i = 0; i <= self->nr; i++) {
		ASSERT_EQ(0, rb_q_next(self->q, &cqe));
		if (cqe.user_data == 8) {
			EXPECT_EQ(self->nr, cqe.value);
			continue;
		}
		ASSERT_EQ(ECANCELED, cqe.error);
		cancelled++;
	}
	EXPECT_EQ(self->nr, cancelled);
}

TEST_HARNESS_MAIN
