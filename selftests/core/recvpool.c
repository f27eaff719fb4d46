// SPDX-License-Identifier: GPL-2.0
/*
 * C1, C2, C3: receives into a pool of slices, taken when data arrive: once, so
 * many times, or without end; the pool may run dry.
 */
#include "regbuf_lane.h"

#include "kselftest_harness.h"

#define LEN	(64UL << 10)
#define SLICE	256
#define SLICES	4

struct pool_rig {
	struct rb_qrig qr;
	struct rb_queue *q;
	struct rb_rig *rig;
	struct regbuf_cqe cqe;
	struct sockaddr_storage far;
	socklen_t far_len;
	bool owned[64];		/* slices that are ours */
};

static int pool_setup(struct pool_rig *p, int type, __u32 entries)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	p->q = &p->qr.q;
	p->rig = &p->qr.rig;
	p->far_len = len;
	if (rb_qrig_setup(&p->qr, AF_INET, type, true, LEN, entries) ||
	    getsockname(p->rig->near, (struct sockaddr *)&ss, &len) ||
	    getsockname(p->rig->far, (struct sockaddr *)&p->far, &p->far_len))
		return -1;
	if (type == SOCK_DGRAM &&
	    connect(p->rig->far, (struct sockaddr *)&ss, len))
		return -1;
	memset(p->rig->mem, 0, LEN);
	return rb_q_pool(p->q, p->rig->id, 64, SLICE, SLICES);
}

#define POOL_FIXTURE(name, type, entries)				\
	FIXTURE_SETUP(name)						\
	{								\
		ASSERT_EQ(0, pool_setup(&self->pool, type, entries));	\
	}								\
									\
	FIXTURE_TEARDOWN(name)						\
	{								\
		EXPECT_EQ(0, rb_qrig_close(&self->pool.qr));		\
	}

/* What streams and datagrams have in common. */
FIXTURE(recvpool)
{
	struct pool_rig pool;
};

FIXTURE_VARIANT(recvpool)
{
	int type;
};

FIXTURE_VARIANT_ADD(recvpool, tcp) { SOCK_STREAM };
FIXTURE_VARIANT_ADD(recvpool, udp) { SOCK_DGRAM };
POOL_FIXTURE(recvpool, variant->type, 16)

FIXTURE(stream_pool)
{
	struct pool_rig pool;
};

POOL_FIXTURE(stream_pool, SOCK_STREAM, 16)

/* With a small completion ring. */
FIXTURE(dgram_pool)
{
	struct pool_rig pool;
};

POOL_FIXTURE(dgram_pool, SOCK_DGRAM, 2)

static unsigned char *slice_at(struct pool_rig *p, __u32 nr)
{
	return p->rig->mem + 64 + nr * SLICE;
}

/* What the far side says, as one datagram or segment. */
static void say(struct __test_metadata *_metadata, struct pool_rig *p,
		int nr)
{
	char text[8] = "";

	snprintf(text, sizeof(text), "nr %04d", nr);
	ASSERT_EQ(7, send(p->rig->far, text, 7, 0));
}

/* The next completion brings that; in which slice it is. */
static __u32 hear(struct __test_metadata *_metadata,
		  struct pool_rig *p, int nr, __u32 flags)
{
	char text[8] = "";

	snprintf(text, sizeof(text), "nr %04d", nr);
	ASSERT_EQ(0, rb_q_next(p->q, &p->cqe));
	EXPECT_EQ(1, p->cqe.user_data);
	EXPECT_EQ(0, p->cqe.error);
	EXPECT_EQ(flags | REGBUF_CQE_F_POOL, p->cqe.flags);
	ASSERT_EQ(7, p->cqe.value);
	ASSERT_GT(SLICES, p->cqe.detail);
	EXPECT_FALSE(p->owned[p->cqe.detail]);
	p->owned[p->cqe.detail] = true;
	EXPECT_EQ(0, memcmp(slice_at(p, p->cqe.detail), text, 7));
	return p->cqe.detail;
}

static void give_back(struct __test_metadata *_metadata,
		      struct pool_rig *p, __u32 nr)
{
	p->owned[nr] = false;
	ASSERT_EQ(0, rb_q_return(p->q, nr));
}

/* C1: one slice for one receive. */
TEST_F(recvpool, once)
{
	struct pool_rig *p = &self->pool;

	rb_sqe_recv_pool(p->q, p->qr.ep, 0, 0, 1);
	ASSERT_EQ(0, rb_q_submit_all(p->q));
	EXPECT_EQ(0, rb_q_quiet(p->q));
	say(_metadata, p, 1);
	hear(_metadata, p, 1, 0);
	say(_metadata, p, 2);
	EXPECT_EQ(0, rb_q_quiet(p->q));
}

/* C1: each datum its completion, all but the last with F_MORE. */
TEST_F(recvpool, bounded)
{
	struct pool_rig *p = &self->pool;

	rb_sqe_recv_pool(p->q, p->qr.ep, REGBUF_SQE_F_MULTI, 3, 1);
	ASSERT_EQ(0, rb_q_submit_all(p->q));
	for (int i = 1; i <= 3; i++) {
		say(_metadata, p, i);
		hear(_metadata, p, i, i < 3 ? REGBUF_CQE_F_MORE : 0);
	}
	say(_metadata, p, 4);
	EXPECT_EQ(0, rb_q_quiet(p->q));
	/* It was left in the socket. */
	rb_sqe_recv_pool(p->q, p->qr.ep, 0, 0, 1);
	ASSERT_EQ(0, rb_q_submit_all(p->q));
	hear(_metadata, p, 4, 0);
}

/* C2: dry, it waits; with each slice that comes back it goes on. */
TEST_F(recvpool, runs_dry)
{
	struct pool_rig *p = &self->pool;
	__u32 back;

	rb_sqe_recv_pool(p->q, p->qr.ep, REGBUF_SQE_F_MULTI, 0, 1);
	ASSERT_EQ(0, rb_q_submit_all(p->q));
	for (int i = 1; i <= SLICES; i++) {
		say(_metadata, p, i);
		hear(_metadata, p, i, REGBUF_CQE_F_MORE);
	}
	for (int i = SLICES + 1; i <= 12; i++) {
		say(_metadata, p, i);
		EXPECT_EQ(0, rb_q_quiet(p->q));
		back = i % SLICES;
		give_back(_metadata, p, back);
		EXPECT_EQ(back, hear(_metadata, p, i, REGBUF_CQE_F_MORE));
	}
}

/* C17: what is not ours to return is no slice of the pool's. */
TEST_F(recvpool, bad_returns)
{
	struct pool_rig *p = &self->pool;

	rb_sqe_recv_pool(p->q, p->qr.ep, REGBUF_SQE_F_MULTI, 0, 1);
	ASSERT_EQ(0, rb_q_submit_all(p->q));
	/* All are the kernel's, and others never were. */
	ASSERT_EQ(0, rb_q_return(p->q, 0));
	ASSERT_EQ(0, rb_q_return(p->q, SLICES));
	ASSERT_EQ(0, rb_q_return(p->q, 0xffffffff));
	for (int i = 1; i <= SLICES; i++) {
		say(_metadata, p, i);
		hear(_metadata, p, i, REGBUF_CQE_F_MORE);
	}
	give_back(_metadata, p, 2);
	ASSERT_EQ(0, rb_q_return(p->q, 2));
	ASSERT_EQ(0, rb_q_return(p->q, 2));
	say(_metadata, p, 5);
	EXPECT_EQ(2, hear(_metadata, p, 5, REGBUF_CQE_F_MORE));
	say(_metadata, p, 6);
	EXPECT_EQ(0, rb_q_quiet(p->q));
}

/* C5, C6: the pool does not keep its buffer: the receive ends. */
TEST_F(recvpool, buffer_is_gone)
{
	struct pool_rig *p = &self->pool;

	rb_sqe_recv_pool(p->q, p->qr.ep, REGBUF_SQE_F_MULTI, 0, 1);
	ASSERT_EQ(0, rb_q_submit_all(p->q));
	say(_metadata, p, 1);
	hear(_metadata, p, 1, REGBUF_CQE_F_MORE);
	EXPECT_EQ(0, rb_in_flight(p->rig->dev, p->rig->id));
	ASSERT_EQ(0, rb_deregister(p->rig->dev, p->rig->id));
	EXPECT_TRUE(rb_within(10, rb_pins() <= p->rig->pins));
	say(_metadata, p, 2);
	ASSERT_EQ(0, rb_q_next(p->q, &p->cqe));
	EXPECT_EQ(1, p->cqe.user_data);
	EXPECT_EQ(ESTALE, p->cqe.error);
	EXPECT_EQ(0, p->cqe.flags);
	EXPECT_EQ(0, p->cqe.value);
}

/* C14: cancelled, it ends, once. */
TEST_F(recvpool, cancelled)
{
	struct pool_rig *p = &self->pool;

	rb_sqe_recv_pool(p->q, p->qr.ep, REGBUF_SQE_F_MULTI, 0, 1);
	ASSERT_EQ(0, rb_q_submit_all(p->q));
	say(_metadata, p, 1);
	hear(_metadata, p, 1, REGBUF_CQE_F_MORE);
	rb_sqe_cancel(p->q, p->qr.ep, 1, 0, 2);
	ASSERT_EQ(0, rb_q_submit_all(p->q));
	ASSERT_EQ(0, rb_q_next(p->q, &p->cqe));
	EXPECT_EQ(1, p->cqe.user_data);
	EXPECT_EQ(ECANCELED, p->cqe.error);
	EXPECT_EQ(0, p->cqe.flags);
	EXPECT_EQ(0, rb_q_value(p->q, 2, 1));
	say(_metadata, p, 2);
	EXPECT_EQ(0, rb_q_quiet(p->q));
}

/*
 * C2: more arrive than the completion ring holds: it waits for places, and none
 * is lost. Slices come back as the completions are consumed.
 */
TEST_F(dgram_pool, completion_ring_is_full)
{
	struct pool_rig *p = &self->pool;
	__u32 nr;

	rb_sqe_recv_pool(p->q, p->qr.ep, REGBUF_SQE_F_MULTI, 0, 1);
	ASSERT_EQ(0, rb_q_submit_all(p->q));
	for (int i = 1; i <= 10; i++)
		say(_metadata, p, i);
	for (int i = 1; i <= 10; i++) {
		nr = hear(_metadata, p, i, REGBUF_CQE_F_MORE);
		EXPECT_GE(2, rb_q_ready(p->q));
		give_back(_metadata, p, nr);
	}
}

/* The end of a stream is the end of the receive, and takes no slice. */
TEST_F(stream_pool, end_of_the_stream)
{
	struct pool_rig *p = &self->pool;

	rb_sqe_recv_pool(p->q, p->qr.ep, REGBUF_SQE_F_MULTI, 0, 1);
	ASSERT_EQ(0, rb_q_submit_all(p->q));
	say(_metadata, p, 1);
	hear(_metadata, p, 1, REGBUF_CQE_F_MORE);
	ASSERT_EQ(0, shutdown(p->rig->far, SHUT_WR));
	ASSERT_EQ(0, rb_q_next(p->q, &p->cqe));
	EXPECT_EQ(1, p->cqe.user_data);
	EXPECT_EQ(0, p->cqe.error);
	EXPECT_EQ(0, p->cqe.value);
	EXPECT_EQ(REGBUF_CQE_F_EOF, p->cqe.flags);
	EXPECT_EQ(0, rb_q_quiet(p->q));
}

/* A stream's bytes go on from slice to slice. */
TEST_F(stream_pool, long_stream)
{
	struct pool_rig *p = &self->pool;
	unsigned char sent[10 * SLICE + 3];
	size_t done = 0;

	rb_pattern(sent, sizeof(sent), 9);
	rb_sqe_recv_pool(p->q, p->qr.ep, REGBUF_SQE_F_MULTI, 0, 1);
	ASSERT_EQ(0, rb_q_submit_all(p->q));
	ASSERT_EQ(sizeof(sent), send(p->rig->far, sent, sizeof(sent), 0));
	while (done < sizeof(sent)) {
		ASSERT_EQ(0, rb_q_next(p->q, &p->cqe));
		ASSERT_EQ(REGBUF_CQE_F_MORE | REGBUF_CQE_F_POOL,
			  p->cqe.flags);
		ASSERT_GT(SLICES, p->cqe.detail);
		ASSERT_LT(0, p->cqe.value);
		ASSERT_GE(SLICE, p->cqe.value);
		ASSERT_GE(sizeof(sent), done + p->cqe.value);
		ASSERT_EQ(0, memcmp(slice_at(p, p->cqe.detail),
				    sent + done, p->cqe.value));
		done += p->cqe.value;
		ASSERT_EQ(0, rb_q_return(p->q, p->cqe.detail));
	}
}

/* Longer than a slice: kept is what fits. */
TEST_F(dgram_pool, truncated)
{
	struct pool_rig *p = &self->pool;
	static char large[SLICE + 1];

	rb_sqe_recv_pool(p->q, p->qr.ep, 0, 0, 1);
	ASSERT_EQ(0, rb_q_submit_all(p->q));
	memset(large, 'x', sizeof(large));
	ASSERT_EQ(sizeof(large), send(p->rig->far, large, sizeof(large), 0));
	ASSERT_EQ(0, rb_q_next(p->q, &p->cqe));
	EXPECT_EQ(SLICE, p->cqe.value);
	EXPECT_EQ(REGBUF_CQE_F_POOL | REGBUF_CQE_F_TRUNC, p->cqe.flags);
	EXPECT_EQ(0, memcmp(slice_at(p, p->cqe.detail), large, SLICE));
	EXPECT_EQ(0, slice_at(p, p->cqe.detail)[SLICE]);
}

/* The address and control data stand in front of the payload. */
TEST_F(dgram_pool, address_and_control_data_in_front)
{
	struct pool_rig *p = &self->pool;
	struct regbuf_ext ext = { .size = sizeof(ext), .ctl_length = 64 };
	struct in_pktinfo *info;
	struct regbuf_sqe *sqe;
	unsigned char *slice;

	ASSERT_EQ(0, rb_sockopt_on(p->rig->near, IPPROTO_IP, IP_PKTINFO));
	sqe = rb_sqe_recv_pool(p->q, p->qr.ep, REGBUF_SQE_F_MULTI |
			       REGBUF_SQE_F_ADDR, 2, 1);
	sqe->ext = (unsigned long)&ext;
	ASSERT_EQ(0, rb_q_submit_all(p->q));
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(4, send(p->rig->far, "data", 4, 0));
		ASSERT_EQ(0, rb_q_next(p->q, &p->cqe));
		EXPECT_EQ(4, p->cqe.value);
		ASSERT_GT(SLICES, p->cqe.detail);
		slice = slice_at(p, p->cqe.detail);
		EXPECT_EQ(0, memcmp(slice, &p->far, p->far_len));
		info = rb_cmsg_find(slice + 32, p->cqe.ctl_length,
				    IPPROTO_IP, IP_PKTINFO);
		ASSERT_NE(NULL, info);
		EXPECT_EQ(if_nametoindex("lo"), info->ipi_ifindex);
		EXPECT_EQ(0, memcmp(slice + 32 + 64, "data", 4));
	}
}

/* Let the pool run dry with something to receive. */
static void run_dry(struct __test_metadata *_metadata, struct pool_rig *p)
{
	rb_sqe_recv_pool(p->q, p->qr.ep, REGBUF_SQE_F_MULTI, 0, 1);
	ASSERT_EQ(0, rb_q_submit_all(p->q));
	for (int i = 1; i <= SLICES; i++) {
		say(_metadata, p, i);
		hear(_metadata, p, i, REGBUF_CQE_F_MORE);
	}
	say(_metadata, p, SLICES + 1);
	EXPECT_EQ(0, rb_q_quiet(p->q));
	EXPECT_TRUE(rb_q_wants_call(p->q));
}

/* C15: detached while it waits for a slice; slices come back later. */
TEST_F(recvpool, detached_while_dry)
{
	struct pool_rig *p = &self->pool;

	run_dry(_metadata, p);
	ASSERT_EQ(0, rb_q_detach(p->q, p->qr.ep, 0));
	ASSERT_EQ(0, rb_q_next(p->q, &p->cqe));
	EXPECT_EQ(1, p->cqe.user_data);
	EXPECT_EQ(ECANCELED, p->cqe.error);
	for (int i = 0; i < SLICES; i++)
		give_back(_metadata, p, i);
	EXPECT_TRUE(rb_q_empty(p->q));
	ASSERT_EQ(0, rb_q_attach(p->q, p->rig->near, RB_BOTH, 0, 0, &p->qr.ep));
	rb_sqe_recv_pool(p->q, p->qr.ep, 0, 0, 1);
	ASSERT_EQ(0, rb_q_submit_all(p->q));
	hear(_metadata, p, SLICES + 1, 0);
}

/* C1: its pool is taken away while it waits: it ends. */
TEST_F(recvpool, pool_taken_away_while_dry)
{
	struct pool_rig *p = &self->pool;

	run_dry(_metadata, p);
	ASSERT_EQ(0, rb_q_pool(p->q, 0, 0, 0, 0));
	ASSERT_EQ(0, rb_q_next(p->q, &p->cqe));
	EXPECT_EQ(1, p->cqe.user_data);
	EXPECT_NE(0, p->cqe.error);
	EXPECT_EQ(0, p->cqe.flags);
}

/* One pool at a time, of memory that is there and may be written. */
TEST_F(recvpool, refused)
{
	struct pool_rig *p = &self->pool;
	__u64 id = p->rig->id, read_only;

	EXPECT_EQ(-EBUSY, rb_q_pool(p->q, id, 0, SLICE, SLICES));
	ASSERT_EQ(0, rb_q_pool(p->q, 0, 0, 0, 0));
	EXPECT_EQ(-EINVAL, rb_q_pool(p->q, id, 0, 0, SLICES));
	EXPECT_EQ(-EINVAL, rb_q_pool(p->q, id, 0, 1, 65));
	EXPECT_EQ(-EFAULT, rb_q_pool(p->q, id, 0, LEN / 4 + 1, 4));
	EXPECT_EQ(-EFAULT, rb_q_pool(p->q, id, LEN - 3, 1, 4));
	EXPECT_EQ(-EFAULT, rb_q_pool(p->q, id, ~0ULL, 1, 1));
	EXPECT_EQ(-EFAULT, rb_q_pool(p->q, id, 0, 0xffffffff, 64));
	ASSERT_EQ(0, rb_register(p->rig->dev, p->rig->mem, LEN, RB_READ,
				 &read_only));
	EXPECT_EQ(-EACCES, rb_q_pool(p->q, read_only, 0, SLICE, SLICES));
	ASSERT_EQ(0, rb_deregister(p->rig->dev, read_only));
	EXPECT_EQ(-ESTALE, rb_q_pool(p->q, read_only, 0, SLICE, SLICES));
	EXPECT_EQ(-ENOENT, rb_q_pool(p->q, 12345, 0, SLICE, SLICES));
	/* None of these left a pool behind. */
	EXPECT_EQ(0, rb_q_pool(p->q, id, LEN - 4, 1, 4));
}

#define SOCKS	50

/* Many endpoints, each with a receive without end, share few slices. */
TEST_F(recvpool, shared_by_many_endpoints)
{
	struct pool_rig *p = &self->pool;
	int socks[SOCKS][2], sum = 0, got = 0;
	struct rb_queue q;
	__u32 ep;

	ASSERT_EQ(0, rb_q_open(p->rig->dev, &q, 64, 128, 16));
	ASSERT_EQ(0, rb_q_pool(&q, p->rig->id, 64, SLICE, SLICES));
	for (int i = 0; i < SOCKS; i++) {
		ASSERT_EQ(0, rb_pair(NULL, AF_INET, variant->type, socks[i]));
		/* Datagrams can't be answered; the connected one sends. */
		ASSERT_EQ(0, rb_q_attach(&q, socks[i][1], RB_BOTH, 0, 0, &ep));
		rb_sqe_recv_pool(&q, ep, REGBUF_SQE_F_MULTI, 0, i);
	}
	ASSERT_EQ(0, rb_q_submit_all(&q));
	for (int i = 0; i < 4 * SOCKS; i++)
		ASSERT_EQ(1, send(socks[i % SOCKS][0], "x", 1, 0));
	while (got < 4 * SOCKS) {
		ASSERT_EQ(0, rb_q_next(&q, &p->cqe));
		ASSERT_EQ(0, p->cqe.error);
		ASSERT_LT(0, p->cqe.value);
		got += p->cqe.value;
		sum += p->cqe.value * p->cqe.user_data;
		ASSERT_EQ(0, rb_q_return(&q, p->cqe.detail));
	}
	EXPECT_EQ(4 * SOCKS, got);
	EXPECT_EQ(4 * SOCKS * (SOCKS - 1) / 2, sum);
	rb_q_close(&q);
	for (int i = 0; i < SOCKS; i++) {
		close(socks[i][0]);
		close(socks[i][1]);
	}
}

#include "regbuf_main.h"
