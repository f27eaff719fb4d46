// SPDX-License-Identifier: GPL-2.0
/*
 * C1: entries that are refused, each for one reason alone and with everything
 * else right: the error, and that nothing happened.
 */
#include "regbuf_queue.h"

#include <stddef.h>
#include <limits.h>

#include "kselftest_harness.h"

#define LEN	(4 * RB_PAGE)
#define BAD	((void *)16)

FIXTURE(refuse)
{
	struct rb_qrig qr;
	struct regbuf_slice slice;
	__u32 udp;		/* endpoints of other sockets */
	__u32 listener;
	__u32 only_recv;
	struct regbuf_ioc_array array;	/* of nothing */
	__u64 only_read;	/* buffers */
	__u64 only_write;
	__u64 dead;
};

static int listening(void)
{
	int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return listen(sock, 1) ? -1 : sock;
}

FIXTURE_SETUP(refuse)
{
	struct rb_rig *rig = &self->qr.rig;
	struct rb_queue *q = &self->qr.q;
	int udp[2];

	ASSERT_EQ(0, rb_qrig_loopback(&self->qr, AF_INET, SOCK_STREAM, LEN,
				      16));
	ASSERT_EQ(0, rb_pair(NULL, AF_INET, SOCK_DGRAM, udp));
	ASSERT_EQ(0, rb_q_attach(q, udp[0], RB_BOTH, 0, 0, &self->udp));
	ASSERT_EQ(0, rb_q_attach(q, udp[1], REGBUF_ATTACH_F_RECV, 0, 0,
				 &self->only_recv));
	ASSERT_EQ(0, rb_q_attach(q, listening(), RB_BOTH, 0, 0,
				 &self->listener));
	ASSERT_EQ(0, rb_register(rig->dev, rig->mem, LEN, RB_READ,
				 &self->only_read));
	ASSERT_EQ(0, rb_register(rig->dev, rig->mem, LEN, RB_WRITE,
				 &self->only_write));
	ASSERT_EQ(0, rb_register(rig->dev, rig->mem, LEN, RB_READ | RB_WRITE,
				 &self->dead));
	ASSERT_EQ(0, rb_deregister(rig->dev, self->dead));
	self->slice = rb_slice(rig->id, 0, 10);
}

FIXTURE_TEARDOWN(refuse)
{
	EXPECT_TRUE(rb_q_empty(&self->qr.q));
	EXPECT_EQ(0, rb_rig_silent(&self->qr.rig));
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

/* 0 if what was written is refused with that error, and has no effect. */
static int refused(struct rb_qrig *qr, int err)
{
	__u32 head = rb_load(&qr->q.ring->sq_head);
	int got = rb_q_submit_all(&qr->q);

	if (got == err && rb_load(&qr->q.ring->sq_head) == head &&
	    rb_q_empty(&qr->q) && !rb_in_flight(qr->rig.dev, qr->rig.id)) {
		rb_q_drop(&qr->q);
		return 0;
	}
	fprintf(stderr, "# expected %d, got %d; %d in flight\n", err, got,
		rb_in_flight(qr->rig.dev, qr->rig.id));
	rb_q_drop(&qr->q);
	return -1;
}

/* An entry of each operation that would be accepted. */
static struct regbuf_sqe *right(FIXTURE_DATA(refuse) *self, int op)
{
	struct regbuf_sqe *sqe = rb_sqe_op(&self->qr.q, op, self->qr.ep, 1);

	switch (op) {
	case REGBUF_OP_SEND:
	case REGBUF_OP_RECV:
		sqe->id = self->qr.rig.id;
		sqe->length = 10;
		break;
	case REGBUF_OP_ACCEPT:
		sqe->endpoint = self->listener;
		break;
	case REGBUF_OP_POLL:
		sqe->length = EPOLLIN;
		break;
	case REGBUF_OP_TIMEOUT:
		sqe->endpoint = 0;
		sqe->offset = 3600 * RB_SEC;
		break;
	case REGBUF_OP_IDLE:
		sqe->id = self->qr.rig.id;
		sqe->endpoint = 0;
		break;
	case REGBUF_OP_ARRAY:
		self->array = (struct regbuf_ioc_array){
			.size = sizeof(self->array),
		};
		sqe->id = (unsigned long)&self->array;
		sqe->endpoint = 0;
		break;
	case REGBUF_OP_NOP:
		sqe->endpoint = 0;
		break;
	}
	return sqe;
}

enum {
	ENDPOINT, ID, OFFSET, LENGTH, ADDR_ID, ADDR_OFFSET, EXT, NR_MEMBERS,
};

static void set_member(struct regbuf_sqe *sqe, int member)
{
	static const size_t at[NR_MEMBERS] = {
		offsetof(struct regbuf_sqe, endpoint),
		offsetof(struct regbuf_sqe, id),
		offsetof(struct regbuf_sqe, offset),
		offsetof(struct regbuf_sqe, length),
		offsetof(struct regbuf_sqe, addr_id),
		offsetof(struct regbuf_sqe, addr_offset),
		offsetof(struct regbuf_sqe, ext),
	};

	((char *)sqe)[at[member]] = 1;
}

/* Each member that an operation has no use for: EINVAL. */
TEST_F(refuse, unused_members)
{
	static const struct {
		__u8 op;
		unsigned int used;	/* bits of members */
	} ops[] = {
		{ REGBUF_OP_NOP, 0 },
		{ REGBUF_OP_SHUTDOWN, 1 << ENDPOINT },
		{ REGBUF_OP_ACCEPT, 1 << ENDPOINT | 1 << LENGTH },
		{ REGBUF_OP_CONNECT, 1 << ENDPOINT },
		{ REGBUF_OP_POLL, 1 << ENDPOINT | 1 << LENGTH },
		{ REGBUF_OP_TIMEOUT, 1 << OFFSET },
		{ REGBUF_OP_CANCEL, 1 << ENDPOINT | 1 << ID },
		{ REGBUF_OP_IDLE, 1 << ID },
		{ REGBUF_OP_ARRAY, 1 << ID },
		{ REGBUF_OP_SEND, 1 << ENDPOINT | 1 << ID | 1 << OFFSET |
				  1 << LENGTH | 1 << EXT },
		{ REGBUF_OP_RECV, 1 << ENDPOINT | 1 << ID | 1 << OFFSET |
				  1 << LENGTH | 1 << EXT },
	};

	for (int i = 0; i < ARRAY_SIZE(ops); i++) {
		for (int m = 0; m < NR_MEMBERS; m++) {
			if (ops[i].used & (1 << m))
				continue;
			set_member(right(self, ops[i].op), m);
			EXPECT_EQ(0, refused(&self->qr, -EINVAL)) {
				TH_LOG("operation %d, member %d", ops[i].op, m);
			}
		}
		right(self, ops[i].op)->__resv = 1;
		EXPECT_EQ(0, refused(&self->qr, -EINVAL));
	}
}

/* The offset of what has none, and the second half of an address. */
TEST_F(refuse, members_unused_with_a_flag)
{
	struct rb_qrig *qr = &self->qr;

	rb_sqe_send_list(&qr->q, qr->ep, &self->slice, 1, 1)->offset = 1;
	EXPECT_EQ(0, refused(qr, -EINVAL));
	rb_sqe_recv_list(&qr->q, qr->ep, &self->slice, 1, 1)->offset = 1;
	EXPECT_EQ(0, refused(qr, -EINVAL));
	rb_sqe_send_inline(&qr->q, qr->ep, "x", 1, 1)->offset = 1;
	EXPECT_EQ(0, refused(qr, -EINVAL));
	right(self, REGBUF_OP_SEND)->addr_offset = 1;
	EXPECT_EQ(0, refused(qr, -EINVAL));
}

/* Numbers that are no operation: EINVAL, whatever else is there. */
TEST_F(refuse, unknown_operations)
{
	for (int op = REGBUF_OP_NR; op < 256; op++) {
		rb_sqe_op(&self->qr.q, op, 0, 1);
		EXPECT_EQ(0, refused(&self->qr, -EINVAL));
	}
}

#define SILENT	REGBUF_SQE_F_SILENT

/* Each flag that there is not, or that the operation does not have. */
TEST_F(refuse, flags_of_others)
{
	static const unsigned int known[REGBUF_OP_NR] = {
		[REGBUF_OP_NOP] = SILENT,
		[REGBUF_OP_SEND] = SILENT | REGBUF_SQE_F_EARLY |
			REGBUF_SQE_F_LIST | REGBUF_SQE_F_INLINE |
			REGBUF_SQE_F_ADDR | REGBUF_SQE_F_ADDR_PTR |
			REGBUF_SQE_F_MORE | REGBUF_SQE_F_INDEX,
		[REGBUF_OP_RECV] = SILENT | REGBUF_SQE_F_LIST |
			REGBUF_SQE_F_ADDR | REGBUF_SQE_F_WAITALL |
			REGBUF_SQE_F_POOL | REGBUF_SQE_F_MULTI |
			REGBUF_SQE_F_INDEX,
		[REGBUF_OP_SHUTDOWN] = SILENT,
		[REGBUF_OP_ACCEPT] = SILENT | REGBUF_SQE_F_MULTI,
		[REGBUF_OP_CONNECT] = SILENT,
		[REGBUF_OP_POLL] = SILENT,
		[REGBUF_OP_TIMEOUT] = SILENT,
		[REGBUF_OP_CANCEL] = SILENT | REGBUF_SQE_F_ANY |
			REGBUF_SQE_F_ALL,
		[REGBUF_OP_IDLE] = SILENT,
		[REGBUF_OP_ARRAY] = SILENT,
	};

	for (int op = 0; op < REGBUF_OP_NR; op++) {
		for (int bit = 0; bit < 16; bit++) {
			if (known[op] & (1u << bit))
				continue;
			right(self, op)->flags = 1u << bit;
			EXPECT_EQ(0, refused(&self->qr, -EOPNOTSUPP)) {
				TH_LOG("operation %d, bit %d", op, bit);
			}
		}
	}
}

/* No such endpoint, for all that need one: ENOENT. */
TEST_F(refuse, unknown_endpoints)
{
	static const __u8 ops[] = {
		REGBUF_OP_SEND, REGBUF_OP_RECV, REGBUF_OP_SHUTDOWN,
		REGBUF_OP_ACCEPT, REGBUF_OP_CONNECT, REGBUF_OP_POLL,
	};
	__u32 bad[] = { 0, 1000000, 0x7fffffff, 0x80000000, ~0u, 0 };

	bad[5] = self->only_recv;
	ASSERT_EQ(0, rb_q_detach(&self->qr.q, self->only_recv, 0));
	for (int i = 0; i < ARRAY_SIZE(ops); i++) {
		for (int j = 0; j < ARRAY_SIZE(bad); j++) {
			right(self, ops[i])->endpoint = bad[j];
			EXPECT_EQ(0, refused(&self->qr, -ENOENT));
		}
	}
}

/* A name is not used again soon: it must not be another's. */
TEST_F(refuse, endpoint_that_was)
{
	struct rb_qrig *qr = &self->qr;
	__u32 old = self->udp, ep;
	int sock = rb_q_socket(&qr->q, old);

	ASSERT_LE(0, sock);
	ASSERT_EQ(0, rb_q_detach(&qr->q, old, 0));
	ASSERT_EQ(0, rb_q_attach(&qr->q, sock, RB_BOTH, 0, 0, &ep));
	EXPECT_NE(old, ep);
	right(self, REGBUF_OP_SEND)->endpoint = old;
	EXPECT_EQ(0, refused(qr, -ENOENT));
	close(sock);
}

/* An endpoint that cannot do that: EOPNOTSUPP. */
TEST_F(refuse, endpoints_of_another_kind)
{
	static const struct {
		__u8 op;
		char on;	/* r, l, u, t */
	} bad[] = {
		{ REGBUF_OP_SEND, 'r' }, { REGBUF_OP_SHUTDOWN, 'r' },
		{ REGBUF_OP_SEND, 'l' }, { REGBUF_OP_RECV, 'l' },
		{ REGBUF_OP_ACCEPT, 'u' }, { REGBUF_OP_CONNECT, 'u' },
		{ REGBUF_OP_ACCEPT, 't' },
	};
	struct regbuf_sqe *sqe;

	for (int i = 0; i < ARRAY_SIZE(bad); i++) {
		sqe = right(self, bad[i].op);
		sqe->endpoint = bad[i].on == 'r' ? self->only_recv :
				bad[i].on == 'l' ? self->listener :
				bad[i].on == 'u' ? self->udp : self->qr.ep;
		EXPECT_EQ(0, refused(&self->qr, -EOPNOTSUPP)) {
			TH_LOG("operation %d on %c", bad[i].op, bad[i].on);
		}
	}
}

/* To cancel everything on no endpoint: EINVAL. */
TEST_F(refuse, cancel_of_any_on_none)
{
	rb_sqe_cancel(&self->qr.q, 0, 0, REGBUF_SQE_F_ANY, 1);
	EXPECT_EQ(0, refused(&self->qr, -EINVAL));
}

/* C5, S19: buffers that there are not, or not any more. */
TEST_F(refuse, unknown_buffers)
{
	__u64 bad[] = {
		0, 1, 0xffffffff, ~0ULL, self->qr.rig.id + 12345,
		(__u32)self->qr.rig.id, self->dead,
	};

	for (int i = 0; i < ARRAY_SIZE(bad); i++) {
		for (int op = REGBUF_OP_SEND; op <= REGBUF_OP_RECV; op++) {
			right(self, op)->id = bad[i];
			EXPECT_EQ(0, refused(&self->qr,
					     bad[i] == self->dead ?
					     -ESTALE : -ENOENT));
		}
	}
}

/* C5: the same in the last slice of a list; the first is let go of. */
TEST_F(refuse, unknown_buffers_in_a_list)
{
	struct rb_qrig *qr = &self->qr;
	struct regbuf_slice slices[2] = { self->slice, self->slice };
	__u64 bad[] = { 0, self->dead };

	for (int i = 0; i < ARRAY_SIZE(bad); i++) {
		slices[1].id = bad[i];
		rb_sqe_send_list(&qr->q, qr->ep, slices, 2, 1);
		EXPECT_EQ(0, refused(qr, i ? -ESTALE : -ENOENT));
		rb_sqe_recv_list(&qr->q, qr->ep, slices, 2, 1);
		EXPECT_EQ(0, refused(qr, i ? -ESTALE : -ENOENT));
	}
}

/* C5, S13: outside of the buffer, by one byte or by overflow: EFAULT. */
TEST_F(refuse, slices_outside)
{
	static const struct {
		__u64 offset;
		__u32 length;
	} bad[] = {
		{ 0, LEN + 1 }, { LEN, 1 }, { LEN - 1, 2 }, { LEN + 1, 0 },
		{ ~0ULL, 1 }, { ~0ULL, 2 }, { ~0ULL - 9, 10 },
		{ 1ULL << 63, 10 }, { 1ULL << 32, 10 }, { 0, ~0u },
	};
	struct regbuf_sqe *sqe;

	for (int i = 0; i < ARRAY_SIZE(bad); i++) {
		for (int op = REGBUF_OP_SEND; op <= REGBUF_OP_RECV; op++) {
			sqe = right(self, op);
			sqe->offset = bad[i].offset;
			sqe->length = bad[i].length;
			EXPECT_EQ(0, refused(&self->qr, -EFAULT));
		}
	}
}

/* C7, S52, S53: sending needs READ, receiving WRITE. */
TEST_F(refuse, missing_rights)
{
	struct rb_qrig *qr = &self->qr;
	struct regbuf_slice slices[2] = { self->slice, self->slice };

	right(self, REGBUF_OP_SEND)->id = self->only_write;
	EXPECT_EQ(0, refused(qr, -EACCES));
	right(self, REGBUF_OP_RECV)->id = self->only_read;
	EXPECT_EQ(0, refused(qr, -EACCES));
	slices[1].id = self->only_write;
	rb_sqe_send_list(&qr->q, qr->ep, slices, 2, 1);
	EXPECT_EQ(0, refused(qr, -EACCES));
	slices[1].id = self->only_read;
	rb_sqe_recv_list(&qr->q, qr->ep, slices, 2, 1);
	EXPECT_EQ(0, refused(qr, -EACCES));
}

/* C5, C7: the slice that an address comes from or goes to. */
TEST_F(refuse, address_slices)
{
	struct rb_qrig *qr = &self->qr;
	const struct {
		__u64 id;
		__u64 offset;
		int op;
		int err;
	} bad[] = {
		{ 0, 0, REGBUF_OP_RECV, -ENOENT },
		{ self->dead, 0, REGBUF_OP_RECV, -ESTALE },
		{ self->only_read, 0, REGBUF_OP_RECV, -EACCES },
		{ self->only_write, 0, REGBUF_OP_SEND, -EACCES },
		{ qr->rig.id, LEN - REGBUF_ADDR_SIZE + 1, REGBUF_OP_RECV,
		  -EFAULT },
		{ qr->rig.id, ~0ULL, REGBUF_OP_RECV, -EFAULT },
		{ qr->rig.id, LEN, REGBUF_OP_SEND, -EFAULT },
	};
	struct regbuf_sqe *sqe;

	for (int i = 0; i < ARRAY_SIZE(bad); i++) {
		sqe = right(self, bad[i].op);
		sqe->endpoint = self->udp;
		sqe->flags = REGBUF_SQE_F_ADDR;
		sqe->addr_id = bad[i].id;
		sqe->addr_offset = bad[i].offset;
		EXPECT_EQ(0, refused(qr, bad[i].err)) {
			TH_LOG("case %d", i);
		}
	}
	sqe = right(self, REGBUF_OP_SEND);
	sqe->endpoint = self->udp;
	sqe->flags = REGBUF_SQE_F_ADDR_PTR;
	sqe->addr_id = (unsigned long)BAD;
	EXPECT_EQ(0, refused(qr, -EFAULT));
}

/* Lists and inline bytes: too many, too long, not readable. */
TEST_F(refuse, lists_and_inline_bytes)
{
	struct rb_qrig *qr = &self->qr;
	struct regbuf_ioc_query max = { .size = sizeof(max) };
	struct regbuf_slice *slices;
	char *bytes;

	ASSERT_EQ(0, rb_ioctl(qr->rig.dev, REGBUF_IOC_QUERY, &max));
	slices = calloc(max.max_slices + 1, sizeof(*slices));
	bytes = calloc(max.max_inline + 1, 1);
	for (unsigned int i = 0; i <= max.max_slices; i++)
		slices[i] = self->slice;
	rb_sqe_send_list(&qr->q, qr->ep, slices, max.max_slices + 1, 1);
	EXPECT_EQ(0, refused(qr, -EINVAL));
	rb_sqe_recv_list(&qr->q, qr->ep, slices, ~0u, 1);
	EXPECT_EQ(0, refused(qr, -EINVAL));
	rb_sqe_send_list(&qr->q, qr->ep, BAD, 1, 1);
	EXPECT_EQ(0, refused(qr, -EFAULT));
	rb_sqe_recv_list(&qr->q, qr->ep, BAD, 1, 1);
	EXPECT_EQ(0, refused(qr, -EFAULT));
	rb_sqe_send_inline(&qr->q, qr->ep, bytes, max.max_inline + 1, 1);
	EXPECT_EQ(0, refused(qr, -EMSGSIZE));
	rb_sqe_send_inline(&qr->q, qr->ep, BAD, 1, 1);
	EXPECT_EQ(0, refused(qr, -EFAULT));
	slices[1].flags = 1u << 31;
	rb_sqe_send_list(&qr->q, qr->ep, slices, 2, 1);
	EXPECT_EQ(0, refused(qr, -EOPNOTSUPP));
	free(slices);
	free(bytes);
}

/* What few requests need has the rules of all structures. */
TEST_F(refuse, ext)
{
	struct rb_qrig *qr = &self->qr;
	static const struct {
		struct regbuf_ext ext;
		int err;
	} bad[] = {
		{ { .size = sizeof(struct regbuf_ext) - 1 }, -EINVAL },
		{ { .size = 0 }, -EINVAL },
		{ { .size = RB_PAGE + 1 }, -E2BIG },
		{ { .size = sizeof(struct regbuf_ext), .flags = 1 },
		  -EOPNOTSUPP },
		{ { .size = sizeof(struct regbuf_ext), .__resv = 1 },
		  -EINVAL },
		{ { .size = sizeof(struct regbuf_ext),
		    .ctl_length = REGBUF_MAX_CONTROL + 1 }, -EINVAL },
		{ { .size = sizeof(struct regbuf_ext), .ctl_length = 24,
		    .ctl_id = 16 }, -EFAULT },
		{ { .size = sizeof(struct regbuf_ext), .ctl_offset = 1 },
		  -EINVAL },
	};
	struct regbuf_sqe *sqe;

	for (int i = 0; i < ARRAY_SIZE(bad); i++) {
		sqe = right(self, REGBUF_OP_SEND);
		sqe->endpoint = self->udp;
		sqe->ext = (unsigned long)&bad[i].ext;
		EXPECT_EQ(0, refused(qr, bad[i].err)) {
			TH_LOG("case %d", i);
		}
	}
	right(self, REGBUF_OP_SEND)->ext = (unsigned long)BAD;
	EXPECT_EQ(0, refused(qr, -EFAULT));
}

/* One byte of something unknown behind it: E2BIG. */
TEST_F(refuse, longer_ext)
{
	struct {
		struct regbuf_ext ext;
		char more[8];
	} longer = { .ext.size = sizeof(longer), .more[7] = 1 };

	right(self, REGBUF_OP_SEND)->ext = (unsigned long)&longer;
	EXPECT_EQ(0, refused(&self->qr, -E2BIG));
}

/* Control data that are received go to a buffer: its id, rights and bounds. */
TEST_F(refuse, control_slices)
{
	struct rb_qrig *qr = &self->qr;
	struct regbuf_ext ext = { .size = sizeof(ext) };
	const struct {
		__u32 length;
		__u64 id;
		__u64 offset;
		int err;
	} bad[] = {
		{ 64, 0, 0, -ENOENT }, { 64, self->dead, 0, -ESTALE },
		{ 64, self->only_read, 0, -EACCES },
		{ 64, qr->rig.id, LEN - 63, -EFAULT },
		{ 64, qr->rig.id, ~0ULL, -EFAULT },
		{ 0, qr->rig.id, 0, -EINVAL }, { 0, 0, 1, -EINVAL },
	};
	struct regbuf_sqe *sqe;

	for (int i = 0; i < ARRAY_SIZE(bad); i++) {
		sqe = right(self, REGBUF_OP_RECV);
		sqe->endpoint = self->udp;
		sqe->ext = (unsigned long)&ext;
		ext.ctl_length = bad[i].length;
		ext.ctl_id = bad[i].id;
		ext.ctl_offset = bad[i].offset;
		EXPECT_EQ(0, refused(qr, bad[i].err)) {
			TH_LOG("case %d", i);
		}
	}
}

/* The control: every entry that the others change is accepted as it is. */
TEST_F(refuse, right_ones_are_accepted)
{
	struct rb_queue *q = &self->qr.q;
	char got[10];

	for (int op = 0; op < REGBUF_OP_NR; op++) {
		if (op == REGBUF_OP_SHUTDOWN)
			continue;
		right(self, op);
		EXPECT_EQ(0, rb_q_submit_all(q)) {
			TH_LOG("operation %d", op);
		}
	}
	ASSERT_EQ(0, rb_recv_all(self->qr.rig.far, got, sizeof(got)));
	/* Those that are pending go with their data, which all have. */
	rb_sqe_cancel(q, 0, 1, REGBUF_SQE_F_ALL, 2);
	ASSERT_EQ(0, rb_q_submit_all(q));
	ASSERT_EQ(0, rb_q_enter(q, 0, REGBUF_OP_NR, RB_LONG, NULL));
	EXPECT_EQ(REGBUF_OP_NR, rb_q_reap(q));
}

TEST_HARNESS_MAIN
