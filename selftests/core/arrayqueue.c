// SPDX-License-Identifier: GPL-2.0
/*
 * C12, S25 to S36: the table in queues: entries that name buffers by index, and
 * the one that changes the table between others.
 */
#include "regbuf_buf.h"

#include "kselftest_harness.h"

#define NR	4
#define LEN	(4 * RB_PAGE)		/* of each entry of the table */
#define PIECE	500
#define BOTH	(RB_READ | RB_WRITE)
#define INDEX	REGBUF_SQE_F_INDEX

/* A queue with a socket, and a table of NR of 2 * NR ranges. */
FIXTURE(indexed)
{
	struct rb_qrig qr;
	struct rb_queue *q;
	struct rb_rig *rig;
	unsigned char *mem;
	struct regbuf_array_entry entries[NR];
	struct regbuf_ioc_array args;
	struct regbuf_cqe cqe;
};

FIXTURE_VARIANT(indexed)
{
	int type;
	bool loopback;
};

FIXTURE_VARIANT_ADD(indexed, tcp) { SOCK_STREAM, false };
FIXTURE_VARIANT_ADD(indexed, tcp_loopback) { SOCK_STREAM, true };
FIXTURE_VARIANT_ADD(indexed, udp) { SOCK_DGRAM, false };

static unsigned char *range(const FIXTURE_DATA(indexed) *self, int i)
{
	return self->mem + i * LEN;
}

static struct regbuf_array_entry entry(const FIXTURE_DATA(indexed) *self,
				       int i)
{
	return rb_entry(range(self, i), LEN, BOTH);
}

/* So that the other end of datagrams may answer. */
static int connect_back(const struct rb_rig *rig)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	return getsockname(rig->near, (struct sockaddr *)&ss, &len) ?:
	       connect(rig->far, (struct sockaddr *)&ss, len);
}

FIXTURE_SETUP(indexed)
{
	self->q = &self->qr.q;
	self->rig = &self->qr.rig;
	ASSERT_EQ(0, rb_qrig_setup(&self->qr, AF_INET, variant->type,
				   variant->loopback, RB_PAGE, 64));
	if (variant->type == SOCK_DGRAM)
		ASSERT_EQ(0, connect_back(self->rig) ?: rb_stay());
	self->mem = rb_pages(2 * NR * LEN / RB_PAGE);
	ASSERT_NE(NULL, self->mem);
	for (int i = 0; i < NR; i++)
		self->entries[i] = entry(self, i);
	ASSERT_EQ(0, rb_array(self->rig->dev, self->entries, NR));
}

FIXTURE_TEARDOWN(indexed)
{
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

static struct regbuf_sqe *send_at(FIXTURE_DATA(indexed) *self, __u64 index,
				  __u64 data)
{
	struct regbuf_sqe *sqe = rb_sqe_send(self->q, self->qr.ep, index, 0,
					     PIECE, data);

	sqe->flags |= INDEX;
	return sqe;
}

/* The next piece that arrives is the start of a range: 0 if it is. */
static int arrives(FIXTURE_DATA(indexed) *self, int i)
{
	char got[PIECE];

	return rb_recv_all(self->rig->far, got, PIECE) ?:
	       memcmp(got, range(self, i), PIECE);
}

/* So many completions, all without an error, and no more. */
static int sends_complete(FIXTURE_DATA(indexed) *self, int nr)
{
	for (int i = 0; i < nr; i++)
		if (rb_q_next(self->q, &self->cqe) || self->cqe.error)
			return -1;
	return rb_q_empty(self->q) ? 0 : -1;
}

/* S33: sends by index, in order */
TEST_F(indexed, sends)
{
	for (int i = 0; i < NR; i++)
		send_at(self, NR - 1 - i, i);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	for (int i = 0; i < NR; i++)
		EXPECT_EQ(0, arrives(self, NR - 1 - i));
	EXPECT_EQ(0, sends_complete(self, NR));
}

/* S33: and receives */
TEST_F(indexed, receives)
{
	rb_sqe_recv(self->q, self->qr.ep, 2, 7, 100, 1)->flags |= INDEX;
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(5, send(self->rig->far, "hello", 5, 0));
	ASSERT_EQ(0, rb_q_next(self->q, &self->cqe));
	EXPECT_EQ(0, self->cqe.error);
	EXPECT_EQ(5, self->cqe.value);
	EXPECT_EQ(0, memcmp(range(self, 2) + 7, "hello", 5));
}

/* C12: in a list each slice says for itself what it means. */
TEST_F(indexed, lists)
{
	struct regbuf_slice slices[] = {
		rb_at(3, 0, 100), rb_slice(self->entries[1].id, 100, 100),
		rb_inline("x", 1), rb_at(0, 200, 299),
	};
	char want[PIECE], got[PIECE];

	memcpy(want, range(self, 3), 100);
	memcpy(want + 100, range(self, 1) + 100, 100);
	want[200] = 'x';
	memcpy(want + 201, range(self, 0) + 200, 299);
	rb_sqe_send_list(self->q, self->qr.ep, slices, ARRAY_SIZE(slices), 1);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(0, rb_recv_all(self->rig->far, got, PIECE));
	EXPECT_EQ(0, memcmp(got, want, PIECE));
	EXPECT_EQ(0, sends_complete(self, 1));
}

/* S33: received into slices by index. */
TEST_F(indexed, receive_lists)
{
	struct regbuf_slice slices[] = { rb_at(1, 0, 2), rb_at(2, 0, 9) };

	rb_sqe_recv_list(self->q, self->qr.ep, slices, 2, 1);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(5, send(self->rig->far, "hello", 5, 0));
	ASSERT_EQ(0, rb_q_value(self->q, 1, 5));
	EXPECT_EQ(0, memcmp(range(self, 1), "he", 2));
	EXPECT_EQ(0, memcmp(range(self, 2), "llo", 3));
}

/* C5, C7: refused as an id would be, and nothing is sent. */
TEST_F(indexed, bad_indices_are_refused)
{
	struct regbuf_slice slice = rb_at(NR, 0, 1);

	send_at(self, NR, 1);
	EXPECT_EQ(0, rb_q_refuses(self->q, -ENOENT));
	send_at(self, 1ULL << 32, 1);
	EXPECT_EQ(0, rb_q_refuses(self->q, -ENOENT));
	send_at(self, self->entries[1].id, 1);
	EXPECT_EQ(0, rb_q_refuses(self->q, -ENOENT));
	send_at(self, 0, 1)->offset = LEN;
	EXPECT_EQ(0, rb_q_refuses(self->q, -EFAULT));
	rb_sqe_send_list(self->q, self->qr.ep, &slice, 1, 1);
	EXPECT_EQ(0, rb_q_refuses(self->q, -ENOENT));
	rb_sqe_send(self->q, self->qr.ep, 0, 0, PIECE, 1);
	EXPECT_EQ(0, rb_q_refuses(self->q, -ENOENT));
	ASSERT_EQ(0, rb_deregister(self->rig->dev, self->entries[1].id));
	send_at(self, 1, 1);
	EXPECT_EQ(0, rb_q_refuses(self->q, -ESTALE));
	EXPECT_EQ(0, rb_rig_silent(self->rig));
}

/* C1: the flag is for what names a buffer only. */
TEST_F(indexed, flag_is_refused_elsewhere)
{
	rb_sqe_nop(self->q, 1)->flags = INDEX;
	EXPECT_EQ(0, rb_q_refuses(self->q, -EOPNOTSUPP));
	rb_sqe_timeout(self->q, 1, 1)->flags = INDEX;
	EXPECT_EQ(0, rb_q_refuses(self->q, -EOPNOTSUPP));
	rb_sqe_shutdown(self->q, self->qr.ep, 1)->flags = INDEX;
	EXPECT_EQ(0, rb_q_refuses(self->q, -EOPNOTSUPP));
	rb_sqe_poll(self->q, self->qr.ep, POLLIN, 1)->flags = INDEX;
	EXPECT_EQ(0, rb_q_refuses(self->q, -EOPNOTSUPP));
	rb_sqe_array(self->q, &self->args, 1)->flags = INDEX;
	EXPECT_EQ(0, rb_q_refuses(self->q, -EOPNOTSUPP));
}

/* S34: those before use the old table, those after the new one */
TEST_F(indexed, array_between_sends)
{
	struct regbuf_array_entry other[NR];

	for (int i = 0; i < NR; i++)
		other[i] = entry(self, NR + i);
	self->args = rb_array_args(0, other, NR, 0);
	for (int i = 0; i < NR; i++)
		send_at(self, i, 1 + i);
	rb_sqe_array(self->q, &self->args, 10);
	for (int i = 0; i < NR; i++)
		send_at(self, i, 20 + i);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	for (int i = 0; i < 2 * NR; i++)
		EXPECT_EQ(0, arrives(self, i));
	EXPECT_EQ(0, sends_complete(self, 2 * NR + 1));
	for (int i = 0; i < NR; i++)
		EXPECT_EQ(-ESTALE, rb_use(self->rig->dev,
					  self->entries[i].id));
}

/* S34: several in one submission: shorter, emptied in part, back again */
TEST_F(indexed, arrays_between_sends)
{
	struct regbuf_array_entry one = entry(self, NR), none = {}, two[2] = {
		entry(self, NR + 1), entry(self, NR + 2),
	};
	struct regbuf_ioc_array args[3] = {
		rb_array_args(0, &one, 1, 0), rb_array_args(0, two, 2, 0),
		rb_array_args(REGBUF_ARRAY_F_UPDATE, &none, 1, 0),
	};

	send_at(self, 0, 1);
	rb_sqe_array(self->q, &args[0], 2);
	send_at(self, 0, 3);
	rb_sqe_array(self->q, &args[1], 4);
	send_at(self, 1, 5);
	rb_sqe_array(self->q, &args[2], 6);
	send_at(self, 1, 7);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, arrives(self, 0));
	EXPECT_EQ(0, arrives(self, NR));
	EXPECT_EQ(0, arrives(self, NR + 2));
	EXPECT_EQ(0, arrives(self, NR + 2));
	EXPECT_EQ(0, sends_complete(self, 7));
	send_at(self, 0, 8);
	EXPECT_EQ(0, rb_q_refuses(self->q, -ENOENT));
}

/* C12, S25: ids and the rest are there as from the call. */
TEST_F(indexed, array_is_written_back)
{
	struct regbuf_array_entry two[2] = { entry(self, NR) };

	two[1].id = 77;
	self->args = rb_array_args(0, two, 2, 0);
	self->args.result = 0xffffffff;
	rb_sqe_array(self->q, &self->args, 1);
	ASSERT_EQ(0, rb_q_one(self->q, &self->cqe));
	EXPECT_EQ(1, self->cqe.user_data);
	EXPECT_EQ(0, self->cqe.error);
	EXPECT_EQ(0, self->cqe.flags);
	EXPECT_EQ(REGBUF_REGISTER_R_UNCHARGED, self->args.result);
	EXPECT_EQ(0, two[1].id);
	EXPECT_EQ(0, rb_carries(self->rig->dev, two[0].id, range(self, NR),
				LEN));
	EXPECT_EQ(sizeof(self->args), self->args.size);
}

/*
 * S31: a refused table is a completion with the error; the old one is as it
 * was, and what follows goes on.
 */
TEST_F(indexed, refused_array_is_a_completion)
{
	struct regbuf_array_entry two[2] = {
		entry(self, NR), rb_entry((void *)16, LEN, BOTH),
	};

	self->args = rb_array_args(0, two, 2, 0);
	rb_sqe_array(self->q, &self->args, 1);
	send_at(self, 0, 2);
	send_at(self, 1, 3);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, arrives(self, 0));
	EXPECT_EQ(0, arrives(self, 1));
	for (int i = 1; i <= 3; i++) {
		ASSERT_EQ(0, rb_q_next(self->q, &self->cqe));
		EXPECT_EQ(self->cqe.user_data == 1 ? EFAULT : 0,
			  self->cqe.error);
	}
	EXPECT_EQ(1, self->args.failed);
	EXPECT_EQ(REGBUF_STATE_LIVE, rb_state(self->rig->dev,
					      self->entries[0].id));
}

/* S31: as the call refuses them, so the entry. */
TEST_F(indexed, bad_arrays_are_completions)
{
	struct regbuf_array_entry one = entry(self, NR);
	struct regbuf_ioc_array args[] = {
		rb_array_args(0x80, &one, 1, 0), rb_array_args(0, &one, 1, 1),
		rb_array_args(REGBUF_ARRAY_F_UPDATE, &one, 1, NR),
		rb_array_args(0, NULL, 1, 0), rb_array_args(0, &one, 1, 0),
		rb_array_args(0, &one, 1, 0),
	};
	static const int errors[] = {
		EOPNOTSUPP, EINVAL, ERANGE, EFAULT, EINVAL, E2BIG,
	};

	args[4].size = 4;
	args[5].size = 2 * RB_PAGE;
	for (int i = 0; i < ARRAY_SIZE(args); i++) {
		rb_sqe_array(self->q, &args[i], i);
		ASSERT_EQ(0, rb_q_submit_all(self->q));
		EXPECT_EQ(0, rb_q_expect(self->q, i, errors[i]));
	}
	send_at(self, 0, 99);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, arrives(self, 0));
	EXPECT_EQ(0, sends_complete(self, 1));
}

/*
 * C17: its structure cannot be read: taken or refused, but EFAULT, and
 * harmless.
 */
TEST_F(indexed, array_elsewhere)
{
	int err;

	rb_sqe_array(self->q, (void *)16, 1);
	err = rb_q_submit_all(self->q);
	rb_q_drop(self->q);
	if (!err)
		err = rb_q_expect(self->q, 1, EFAULT) ?: -EFAULT;
	EXPECT_EQ(-EFAULT, err);
	send_at(self, 0, 2);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, arrives(self, 0));
	EXPECT_EQ(0, sends_complete(self, 1));
}

/* C1: members that it has no use for: EINVAL, and nothing is taken. */
TEST_F(indexed, array_has_no_other_members)
{
	struct regbuf_array_entry one = entry(self, NR);

	self->args = rb_array_args(0, &one, 1, 0);
	rb_sqe_array(self->q, &self->args, 1)->endpoint = self->qr.ep;
	EXPECT_EQ(0, rb_q_refuses(self->q, -EINVAL));
	rb_sqe_array(self->q, &self->args, 1)->length = 1;
	EXPECT_EQ(0, rb_q_refuses(self->q, -EINVAL));
	rb_sqe_array(self->q, &self->args, 1)->offset = 1;
	EXPECT_EQ(0, rb_q_refuses(self->q, -EINVAL));
	rb_sqe_array(self->q, &self->args, 1)->ext = (unsigned long)&one;
	EXPECT_EQ(0, rb_q_refuses(self->q, -EINVAL));
	EXPECT_EQ(REGBUF_STATE_LIVE, rb_state(self->rig->dev,
					      self->entries[0].id));
}

/* S29: no place for its completion: refused, and it works when there is one */
TEST_F(indexed, array_needs_a_place)
{
	struct regbuf_array_entry one = entry(self, NR);

	for (int i = 0; i < 64; i++)
		rb_sqe_nop(self->q, i);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	self->args = rb_array_args(0, &one, 1, 0);
	rb_sqe_array(self->q, &self->args, 1);
	EXPECT_EQ(-ENOBUFS, rb_q_submit_all(self->q));
	EXPECT_EQ(REGBUF_STATE_LIVE, rb_state(self->rig->dev,
					      self->entries[0].id));
	EXPECT_EQ(64, rb_q_reap(self->q));
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, rb_q_expect(self->q, 1, 0));
	EXPECT_EQ(-ESTALE, rb_use(self->rig->dev, self->entries[0].id));
}

/* S25: a refused entry before it: the table is not changed either. */
TEST_F(indexed, array_behind_a_refused_entry)
{
	struct regbuf_array_entry one = entry(self, NR);

	self->args = rb_array_args(0, &one, 1, 0);
	send_at(self, NR, 1);
	rb_sqe_array(self->q, &self->args, 2);
	EXPECT_EQ(0, rb_q_refuses(self->q, -ENOENT));
	EXPECT_EQ(REGBUF_STATE_LIVE, rb_state(self->rig->dev,
					      self->entries[0].id));
}

/* C12: a kernel thread has no memory to register. */
TEST_F(indexed, poller_refuses_arrays)
{
	struct regbuf_array_entry one = entry(self, NR);
	struct regbuf_ioc_queue params = {
		.flags = REGBUF_QUEUE_F_POLLER,
		.sq_entries = 8,
		.cq_entries = 8,
	};
	struct rb_queue q;
	__u32 ep;

	ASSERT_EQ(0, rb_q_open_params(self->rig->dev, &q, &params));
	ASSERT_EQ(0, rb_q_detach(self->q, self->qr.ep, 0));
	ASSERT_EQ(0, rb_q_attach(&q, self->rig->near, RB_BOTH, 0, 0, &ep));
	self->args = rb_array_args(0, &one, 1, 0);
	rb_sqe_array(&q, &self->args, 1);
	/* Those by index are fine with it. */
	rb_sqe_send(&q, ep, 2, 0, PIECE, 2)->flags |= INDEX;
	rb_q_publish(&q);
	ASSERT_EQ(0, rb_q_enter(&q, 0, 2, RB_LONG, NULL));
	EXPECT_EQ(0, arrives(self, 2));
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, rb_q_next(&q, &self->cqe));
		if (self->cqe.user_data == 2) {
			EXPECT_EQ(0, self->cqe.error);
			continue;
		}
		EXPECT_EQ(EOPNOTSUPP, self->cqe.error);
		EXPECT_EQ(REGBUF_CQE_F_REFUSED, self->cqe.flags);
	}
	EXPECT_EQ(REGBUF_STATE_LIVE, rb_state(self->rig->dev,
					      self->entries[0].id));
	rb_q_close(&q);
}

/* Streams, where what is not read stays unsent, or posted. */
FIXTURE(replaced)
{
	struct rb_qrig qr;
	struct rb_queue *q;
	struct rb_rig *rig;
	struct rb_tally *tally;
	struct rb_stream stream;
	unsigned char *mem;
	struct regbuf_array_entry entries[2];
	struct regbuf_cqe cqe;
};

#define LARGE	(256UL << 10)

FIXTURE_SETUP(replaced)
{
	self->q = &self->qr.q;
	self->rig = &self->qr.rig;
	ASSERT_EQ(0, rb_qrig_setup(&self->qr, AF_INET6, SOCK_STREAM, false,
				   RB_PAGE, 64));
	ASSERT_EQ(0, rb_sockbuf(self->rig->near, SO_SNDBUF, 32768));
	ASSERT_EQ(0, rb_sockbuf(self->rig->far, SO_RCVBUF, 32768));
	ASSERT_EQ(0, rb_stream_init(&self->stream, 8 * LARGE));
	self->mem = rb_pages(2 * LARGE / RB_PAGE);
	ASSERT_NE(NULL, self->mem);
	for (int i = 0; i < 2; i++)
		self->entries[i] = rb_entry(self->mem + i * LARGE, LARGE,
					    BOTH);
	ASSERT_EQ(0, rb_array(self->rig->dev, self->entries, 2));
}

FIXTURE_TEARDOWN(replaced)
{
	free(self->tally);
	free(self->stream.bytes);
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

/* C12: half in, or waiting: what was taken uses the old table to its end. */
TEST_F(replaced, under_sends)
{
	struct regbuf_array_entry swapped[2] = {
		self->entries[1], self->entries[0],
	};

	self->tally = rb_tally_new(8);
	for (int i = 1; i <= 8; i++) {
		int index = i % 2;

		if (i == 5)
			ASSERT_EQ(0, rb_array(self->rig->dev, swapped, 2));
		rb_sqe_send(self->q, self->qr.ep, index, 0, LARGE, i)->flags |=
			INDEX;
		rb_stream_note(&self->stream, self->mem +
			       (index ^ (i >= 5)) * LARGE, LARGE);
		ASSERT_EQ(0, rb_q_submit_all(self->q));
	}
	EXPECT_EQ(REGBUF_STATE_CLOSING, rb_state(self->rig->dev,
						 self->entries[1].id));
	EXPECT_EQ(0, rb_stream_rest(&self->stream, self->rig->far));
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, 8, 0, LARGE));
	EXPECT_TRUE(rb_pinned(self->rig->pins, 1 + 2 * LARGE / RB_PAGE));
}

/* C12: a posted receive goes where it was to go. */
TEST_F(replaced, under_receives)
{
	struct regbuf_array_entry other = self->entries[1];

	rb_sqe_recv(self->q, self->qr.ep, 0, 0, 5, 1)->flags |= INDEX;
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(0, rb_array(self->rig->dev, &other, 1));
	rb_sqe_recv(self->q, self->qr.ep, 0, 0, 5, 2)->flags |= INDEX;
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(10, send(self->rig->far, "firstsecon", 10, 0));
	ASSERT_EQ(0, rb_q_value(self->q, 1, 5));
	ASSERT_EQ(0, rb_q_value(self->q, 2, 5));
	EXPECT_EQ(0, memcmp(self->mem, "first", 5));
	EXPECT_EQ(0, memcmp(self->mem + LARGE, "secon", 5));
}

/* Datagrams: addresses and control data by index as well. */
FIXTURE(datagrams)
{
	struct rb_qrig qr;
	struct rb_queue *q;
	struct rb_rig *rig;
	unsigned char *mem;
	struct regbuf_array_entry entries[3];
	struct regbuf_cqe cqe;
};

FIXTURE_SETUP(datagrams)
{
	self->q = &self->qr.q;
	self->rig = &self->qr.rig;
	ASSERT_EQ(0, rb_qrig_loopback(&self->qr, AF_INET, SOCK_DGRAM, RB_PAGE,
				      8));
	self->mem = rb_pages(3);
	for (int i = 0; i < 3; i++)
		self->entries[i] = rb_entry(self->mem + i * RB_PAGE, RB_PAGE,
					    BOTH);
	ASSERT_EQ(0, rb_array(self->rig->dev, self->entries, 3));
}

FIXTURE_TEARDOWN(datagrams)
{
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

/* S33: the buffer of a destination is named as that of the bytes. */
TEST_F(datagrams, destination_by_index)
{
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct regbuf_sqe *sqe;
	char got[100];
	__u32 ep;

	ASSERT_EQ(0, getsockname(self->rig->far, (struct sockaddr *)&ss, &len));
	memcpy(self->mem + RB_PAGE + 64, &ss, REGBUF_ADDR_SIZE);
	ASSERT_EQ(0, rb_q_attach(self->q, sock, RB_BOTH, 0, 0, &ep));
	sqe = rb_sqe_send(self->q, ep, 0, 10, 100, 1);
	sqe->flags = INDEX | REGBUF_SQE_F_ADDR;
	sqe->addr_id = 1;
	sqe->addr_offset = 64;
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, rb_q_value(self->q, 1, 100));
	ASSERT_EQ(100, recv(self->rig->far, got, 100, 0));
	EXPECT_EQ(0, memcmp(got, self->mem + 10, 100));
	sqe = rb_sqe_send(self->q, ep, 0, 10, 100, 1);
	sqe->flags = INDEX | REGBUF_SQE_F_ADDR;
	sqe->addr_id = 3;
	EXPECT_EQ(0, rb_q_refuses(self->q, -ENOENT));
	close(sock);
}

/*
 * S33: bytes, source address and control data, each into an entry of the table.
 */
TEST_F(datagrams, everything_received_by_index)
{
	struct regbuf_ext ext = {
		.size = sizeof(ext),
		.ctl_id = 2,
		.ctl_offset = 128,
		.ctl_length = 128,
	};
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	struct regbuf_sqe *sqe;

	ASSERT_EQ(0, rb_sockopt_on(self->rig->near, SOL_IP, IP_PKTINFO));
	ASSERT_EQ(0, getsockname(self->rig->near, (struct sockaddr *)&from,
				 &len));
	sqe = rb_sqe_recv(self->q, self->qr.ep, 0, 32, 100, 1);
	sqe->flags = INDEX | REGBUF_SQE_F_ADDR;
	sqe->addr_id = 1;
	sqe->addr_offset = 256;
	sqe->ext = (unsigned long)&ext;
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(5, sendto(self->rig->far, "hello", 5, 0,
			    (struct sockaddr *)&from, len));
	ASSERT_EQ(0, rb_q_next(self->q, &self->cqe));
	EXPECT_EQ(0, self->cqe.error);
	EXPECT_EQ(5, self->cqe.value);
	EXPECT_EQ(0, memcmp(self->mem + 32, "hello", 5));
	ASSERT_EQ(0, getsockname(self->rig->far, (struct sockaddr *)&from,
				 &len));
	EXPECT_EQ(0, memcmp(self->mem + RB_PAGE + 256, &from, 8));
	EXPECT_NE(NULL, rb_cmsg_find(self->mem + 2 * RB_PAGE + 128,
				     self->cqe.ctl_length, SOL_IP,
				     IP_PKTINFO));
}

#include "regbuf_main.h"
