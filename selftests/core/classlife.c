// SPDX-License-Identifier: GPL-2.0
/*
 * Bugs that others had with who keeps memory while packets refer to it, by
 * class: see Documentation/bug-classes.rst. C1, C6, C15, CVE-2025-68294.
 *
 * A process of its own sends, and then lets go of its memory in some way. The
 * packets have not left, or got lost: what arrives in the end was read from
 * memory after that.
 */
#include "regbuf_buf.h"

#include "kselftest_harness.h"

#define NR	8
#define PIECE	4000
#define PAGES	16
#define LEN	(PAGES * RB_PAGE)

/* The sender and what it has. */
struct sender {
	struct rb_queue q;
	int dev;
	char *mem;
	__u64 id;
	__u32 ep;
};

FIXTURE(life)
{
	struct rb_net net;
	int sv[2];
	int tell[2];
	pid_t pid;
	long pins;
	char *want;
};

FIXTURE_VARIANT(life)
{
	int (*give_up)(struct sender *s);
	int type;
};

static int deregisters(struct sender *s)
{
	return rb_deregister(s->dev, s->id);
}

/* The id is all that is left of it here. */
static int unmaps(struct sender *s)
{
	return rb_deregister(s->dev, s->id) ?: munmap(s->mem, LEN);
}

static int unmaps_first(struct sender *s)
{
	return munmap(s->mem, LEN);
}

static int drops_pages(struct sender *s)
{
	return madvise(s->mem, LEN, MADV_DONTNEED);
}

static int replaces_table(struct sender *s)
{
	return rb_array(s->dev, NULL, 0) ?: rb_deregister(s->dev, s->id);
}

static int closes_queue(struct sender *s)
{
	rb_q_close(&s->q);
	return rb_deregister(s->dev, s->id);
}

static int closes_all(struct sender *s)
{
	rb_q_close(&s->q);
	return close(s->dev);
}

static int exits(struct sender *s)
{
	return 0;
}

#define WAY(name, how)							\
	FIXTURE_VARIANT_ADD(life, name##_tcp) { how, SOCK_STREAM };	\
	FIXTURE_VARIANT_ADD(life, name##_udp) { how, SOCK_DGRAM }

WAY(deregistered, deregisters);
WAY(unmapped, unmaps);
WAY(unmapped_first, unmaps_first);
WAY(dropped, drops_pages);
WAY(table, replaces_table);
WAY(queue_closed, closes_queue);
WAY(all_closed, closes_all);
WAY(killed, exits);

FIXTURE_SETUP(life)
{
	self->pid = -1;
	ASSERT_EQ(0, rb_net_setup(&self->net));
	ASSERT_EQ(0, rb_pair(&self->net, AF_INET, variant->type, self->sv));
	ASSERT_EQ(0, rb_sockbuf(self->sv[0], SO_SNDBUFFORCE, 1 << 20));
	ASSERT_EQ(0, pipe2(self->tell, O_CLOEXEC));
	self->want = malloc(LEN);
	rb_pattern(self->want, LEN, 1);
	self->pins = rb_pins();
}

FIXTURE_TEARDOWN(life)
{
	close(self->sv[0]);
	close(self->sv[1]);
	free(self->want);
	EXPECT_TRUE(rb_pinned(self->pins, 0));
}

/* Streams by id, datagrams too large for a segment each by index. */
static int sends(struct sender *s, int type)
{
	__u32 piece = type == SOCK_STREAM ? PIECE : 1200;

	for (int i = 0; i < NR; i++) {
		struct regbuf_sqe *sqe;

		sqe = rb_sqe_send(&s->q, s->ep, i % 2 ? s->id : 0, i * piece,
				  piece, i + 1);
		if (i % 2 == 0)
			sqe->flags |= REGBUF_SQE_F_INDEX;
	}
	return rb_q_submit_all(&s->q);
}

static int prepares(struct sender *s, int sock)
{
	struct regbuf_array_entry entry;

	s->dev = rb_open();
	s->mem = rb_pages(PAGES);
	entry = rb_entry(s->mem, LEN, RB_READ);
	return rb_register(s->dev, s->mem, LEN, RB_READ, &s->id) ?:
	       rb_array(s->dev, &entry, 1) ?:
	       rb_q_open(s->dev, &s->q, 16, 16, 0) ?:
	       rb_q_attach(&s->q, sock, REGBUF_ATTACH_F_SEND, 0, 0, &s->ep);
}

static void sender_runs(FIXTURE_DATA(life) *self,
			const FIXTURE_VARIANT(life) *variant)
{
	struct sender s;
	char byte;

	byte = prepares(&s, self->sv[0]) || sends(&s, variant->type) ||
	       variant->give_up(&s);
	if (write(self->tell[1], &byte, 1) != 1)
		_exit(1);
	pause();
}

/* What is sent gets lost, or stays for a while, ns. */
#define LATE	(3 * RB_SEC)

static int hinder(int type)
{
	struct rb_netem lost = { .loss = 100 };
	struct rb_netem late = { .delay_us = LATE / 1000 };

	return rb_net_near_netem(type == SOCK_STREAM ? &lost : &late);
}

/* Whole and in order: a stream, or datagrams. */
static int arrives(FIXTURE_DATA(life) *self, int type)
{
	size_t len = type == SOCK_STREAM ? NR * PIECE : 1200;
	char got[NR * PIECE];

	if (type == SOCK_STREAM)
		return rb_recv_all(self->sv[1], got, len) ||
		       memcmp(got, self->want, len);
	for (int i = 0; i < NR; i++)
		if (recv(self->sv[1], got, sizeof(got), 0) != 1200 ||
		    memcmp(got, self->want + i * 1200, 1200))
			return -1;
	return 0;
}

static __u32 retransmitted(int sock)
{
	struct tcp_info info = { };
	socklen_t len = sizeof(info);

	getsockopt(sock, IPPROTO_TCP, TCP_INFO, &info, &len);
	return info.tcpi_total_retrans;
}

/*
 * Lifetime tied to the wrong object: neither the id, nor the mapping, the
 * request, the queue, the context or the process keeps memory for packets, but
 * what the packets refer to. And it is let go of when they do.
 */
TEST_F_TIMEOUT(life, cve_2025_68294_memory_stays_for_its_packets, 60)
{
	long long start;
	char byte;
	long pins;

	ASSERT_EQ(0, hinder(variant->type));
	start = rb_now();
	self->pid = fork();
	if (!self->pid)
		sender_runs(self, variant);
	ASSERT_EQ(1, read(self->tell[0], &byte, 1));
	ASSERT_EQ(0, byte);
	ASSERT_EQ(0, kill(self->pid, SIGKILL));
	ASSERT_EQ(-1, rb_child_result(self->pid));
	/* None was acknowledged, and none has arrived, if it is not late. */
	pins = rb_pins();
	if (variant->type == SOCK_STREAM || rb_now() - start < LATE)
		EXPECT_EQ(self->pins + PAGES, pins);
	ASSERT_EQ(0, rb_churn());
	if (variant->type == SOCK_STREAM)
		ASSERT_EQ(0, rb_net_near_netem(NULL));
	EXPECT_EQ(0, arrives(self, variant->type));
	if (variant->type == SOCK_STREAM)
		EXPECT_LT(0, retransmitted(self->sv[0]));
	EXPECT_TRUE(rb_pinned(self->pins, 0));
}

#include "regbuf_main.h"
