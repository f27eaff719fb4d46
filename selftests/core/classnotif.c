// SPDX-License-Identifier: GPL-2.0
/*
 * Bugs that others had in counting completions when a send is tried again, or
 * fails, or was cut in two, by class: see Documentation/bug-classes.rst. C1,
 * C2, C4, C14. Each request completes once, whatever the stack says to it and
 * at which step; an early completion comes once more before that, or never.
 * With every allocation failing in its turn: fault.c.
 */
#include "regbuf_lane.h"

#include "kselftest_harness.h"

#define LEN	(256UL << 10)
#define NR	32
#define PIECE	8000
#define DGRAM	1200

FIXTURE(notif)
{
	struct rb_qrig qr;
	struct rb_queue *q;
	struct rb_rig *rig;
	unsigned int last[NR + 1];	/* completions, by user data */
	unsigned int early[NR + 1];
	__u32 errors[NR + 1];
	__u64 values[NR + 1];
	unsigned int done;
};

FIXTURE_VARIANT(notif)
{
	int type;
	__u16 flags;	/* of each send */
	__u32 attach;	/* besides the lanes */
};

FIXTURE_VARIANT_ADD(notif, tcp) { SOCK_STREAM };
FIXTURE_VARIANT_ADD(notif, tcp_early) { SOCK_STREAM, REGBUF_SQE_F_EARLY };
FIXTURE_VARIANT_ADD(notif, tcp_ordered)
{ SOCK_STREAM, REGBUF_SQE_F_EARLY, REGBUF_ATTACH_F_ORDERED };
FIXTURE_VARIANT_ADD(notif, tcp_single)
{ SOCK_STREAM, REGBUF_SQE_F_EARLY, REGBUF_ATTACH_F_SINGLE };
FIXTURE_VARIANT_ADD(notif, udp) { SOCK_DGRAM };
FIXTURE_VARIANT_ADD(notif, udp_early) { SOCK_DGRAM, REGBUF_SQE_F_EARLY };
FIXTURE_VARIANT_ADD(notif, udp_single)
{ SOCK_DGRAM, REGBUF_SQE_F_EARLY, REGBUF_ATTACH_F_SINGLE };

FIXTURE_SETUP(notif)
{
	int sv[2];

	self->q = &self->qr.q;
	self->rig = &self->qr.rig;
	ASSERT_EQ(0, rb_net_setup(&self->rig->net));
	ASSERT_EQ(0, rb_pair(&self->rig->net, AF_INET, variant->type, sv));
	self->rig->near = sv[0];
	self->rig->far = sv[1];
	ASSERT_EQ(0, rb_qrig_queue(&self->qr, LEN, 128));
	ASSERT_EQ(0, rb_q_attach(self->q, sv[0], RB_BOTH | variant->attach, 0,
				 0, &self->qr.ep));
}

FIXTURE_TEARDOWN(notif)
{
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

static void begin(FIXTURE_DATA(notif) *self)
{
	memset(self->last, 0, sizeof(self->last));
	memset(self->early, 0, sizeof(self->early));
	self->done = 0;
}

static __u32 size_of(const FIXTURE_VARIANT(notif) *variant)
{
	return variant->type == SOCK_STREAM ? PIECE : DGRAM;
}

static void send_all(struct __test_metadata *_metadata,
		     FIXTURE_DATA(notif) *self,
		     const FIXTURE_VARIANT(notif) *variant)
{
	__u32 size = size_of(variant);

	begin(self);
	for (int i = 1; i <= NR; i++)
		rb_qrig_send(&self->qr, (i - 1) * size, size, i)->flags |=
			variant->flags;
	ASSERT_EQ(0, rb_q_submit_all(self->q));
}

/* Note what there is: false if it is something that must not be. */
static bool note(FIXTURE_DATA(notif) *self)
{
	struct regbuf_cqe cqe;

	while (rb_q_pop(self->q, &cqe)) {
		__u64 i = cqe.user_data;

		if (i < 1 || i > NR || self->last[i])
			return false;
		if (cqe.flags & REGBUF_CQE_F_EARLY) {
			if (self->early[i]++)
				return false;
			continue;
		}
		self->last[i]++;
		self->errors[i] = cqe.error;
		self->values[i] = cqe.value;
		self->done++;
	}
	return true;
}

/* All have completed once, and no more comes. */
static void complete_all(struct __test_metadata *_metadata,
			 FIXTURE_DATA(notif) *self)
{
	bool right = true;

	while (right && self->done < NR) {
		ASSERT_EQ(0, rb_q_enter(self->q, 0, 1, RB_LONG, NULL));
		right = note(self);
	}
	ASSERT_TRUE(right);
	EXPECT_EQ(0, rb_q_quiet(self->q));
	EXPECT_EQ(0, rb_in_flight(self->rig->dev, self->rig->id));
}

/* An early one of each that did not fail, if it was asked for; or none. */
static void check_early(struct __test_metadata *_metadata,
			FIXTURE_DATA(notif) *self,
			const FIXTURE_VARIANT(notif) *variant)
{
	for (int i = 1; i <= NR; i++)
		if (!self->errors[i])
			EXPECT_EQ(!!variant->flags, self->early[i]);
}

/* That many bytes of the beginning arrive: all, or those before a break. */
static void check_bytes(struct __test_metadata *_metadata,
			FIXTURE_DATA(notif) *self, size_t len)
{
	char *got = malloc(len);

	ASSERT_EQ(0, rb_recv_all(self->rig->far, got, len));
	EXPECT_EQ(0, memcmp(self->rig->mem, got, len));
	free(got);
}

/* Those that went in, with all of their bytes. */
static unsigned int went_in(const FIXTURE_DATA(notif) *self, __u32 size)
{
	unsigned int nr = 0;

	for (int i = 1; i <= NR; i++)
		nr += !self->errors[i] && self->values[i] == size;
	return nr;
}

/*
 * Packets of a socket take up its buffer for a while. (Those that netem only
 * delays do not; what it lets out by slots does.)
 */
static int slow_down(void)
{
	return rb_sh("tc qdisc replace dev veth0 root netem "
		     "slot 20ms 20ms packets 1");
}

/* Which piece of the memory it is, or -1. */
static int which(const FIXTURE_DATA(notif) *self, const char *got, __u32 size)
{
	for (int i = 0; i < NR; i++)
		if (!memcmp(self->rig->mem + i * size, got, size))
			return i;
	return -1;
}

/*
 * All pieces, each once: in their order, but that datagrams may pass one that a
 * CPU had when it stalled.
 */
static void read_pieces(struct __test_metadata *_metadata,
			FIXTURE_DATA(notif) *self,
			const FIXTURE_VARIANT(notif) *variant)
{
	__u32 size = size_of(variant);
	bool there[NR] = {};
	char got[PIECE];

	for (int i = 0; i < NR; i++) {
		int piece;

		ASSERT_EQ(size, recv(self->rig->far, got, size, MSG_WAITALL));
		piece = which(self, got, size);
		ASSERT_LE(0, piece);
		EXPECT_TRUE(piece == i || variant->type == SOCK_DGRAM);
		EXPECT_FALSE(there[piece]);
		there[piece] = true;
		ASSERT_TRUE(note(self));
	}
}

/* EAGAIN, over and over: a socket that takes little, a reader that is slow. */
TEST_F_TIMEOUT(notif, notif_bookkeeping_eagain, 60)
{
	__u32 size = size_of(variant);

	ASSERT_EQ(0, rb_sockbuf(self->rig->near, SO_SNDBUF, 1));
	if (variant->type == SOCK_DGRAM)
		ASSERT_EQ(0, slow_down());
	for (int round = 0; round < 3; round++) {
		send_all(_metadata, self, variant);
		read_pieces(_metadata, self, variant);
		complete_all(_metadata, self);
		EXPECT_EQ(NR, went_in(self, size));
		check_early(_metadata, self, variant);
	}
}

/* ENOBUFS: a queue of the device's drops what comes, and says so. */
TEST_F_TIMEOUT(notif, notif_bookkeeping_enobufs, 60)
{
	__u32 size = size_of(variant);

	if (variant->type == SOCK_STREAM)
		SKIP(return, "of datagrams");
	ASSERT_EQ(0, rb_sockbuf(self->rig->near, SO_SNDBUFFORCE, 4 << 20));
	ASSERT_EQ(0, rb_choke(self->rig->near));
	for (int round = 0; round < 3; round++) {
		send_all(_metadata, self, variant);
		complete_all(_metadata, self);
		EXPECT_EQ(0, went_in(self, size));
		for (int i = 1; i <= NR; i++)
			EXPECT_EQ(ENOBUFS, self->errors[i]);
	}
	/* And nothing of that stays. */
	ASSERT_EQ(0, rb_net_near_netem(NULL));
	send_all(_metadata, self, variant);
	complete_all(_metadata, self);
	EXPECT_EQ(NR, went_in(self, size));
	check_early(_metadata, self, variant);
}

/* EPERM: a rule that nothing may go there. Streams try again, as ever. */
TEST_F_TIMEOUT(notif, notif_bookkeeping_eperm, 60)
{
	static const char rule[] = "src " RB_NEAR4 " dst " RB_PEER4 " dir out";
	__u32 size = size_of(variant);

	ASSERT_EQ(0, rb_sh("ip xfrm policy add %s action block", rule));
	send_all(_metadata, self, variant);
	if (variant->type == SOCK_DGRAM) {
		complete_all(_metadata, self);
		EXPECT_EQ(0, went_in(self, size));
		for (int i = 1; i <= NR; i++)
			EXPECT_EQ(EPERM, self->errors[i]);
	}
	ASSERT_EQ(0, rb_sh("ip xfrm policy del %s", rule));
	if (variant->type == SOCK_STREAM)
		check_bytes(_metadata, self, NR * PIECE);
	else
		send_all(_metadata, self, variant);
	complete_all(_metadata, self);
	EXPECT_EQ(NR, went_in(self, size));
	check_early(_metadata, self, variant);
}

/* Those that failed come after all that did not, and none has bytes then. */
static void check_broken(struct __test_metadata *_metadata,
			 FIXTURE_DATA(notif) *self, int error)
{
	int failed = 0;

	for (int i = 1; i <= NR; i++) {
		if (!failed && self->errors[i]) {
			EXPECT_TRUE(self->errors[i] == error ||
				    self->errors[i] == EPIPE ||
				    self->errors[i] == ECANCELED);
			failed = i;
		} else if (failed) {
			EXPECT_NE(0, self->errors[i]);
			EXPECT_EQ(0, self->values[i]);
		}
	}
}

/* EPIPE: shut down while some have gone in, others have not, one by half. */
TEST_F_TIMEOUT(notif, notif_bookkeeping_epipe, 60)
{
	size_t bytes = 0;

	if (variant->type == SOCK_DGRAM)
		SKIP(return, "of streams");
	/* Room for some of it; the peer has room for that without reading. */
	ASSERT_EQ(0, rb_sockbuf(self->rig->near, SO_SNDBUFFORCE, 3 * PIECE));
	ASSERT_EQ(0, rb_net_hold(&self->rig->net));
	send_all(_metadata, self, variant);
	ASSERT_EQ(0, shutdown(self->rig->near, SHUT_WR));
	ASSERT_EQ(0, rb_net_release(&self->rig->net, self->rig->far));
	complete_all(_metadata, self);
	check_broken(_metadata, self, EPIPE);
	for (int i = 1; i <= NR; i++)
		bytes += self->values[i];
	EXPECT_LT(0, bytes);
	EXPECT_GT(NR * PIECE, bytes);
	check_bytes(_metadata, self, bytes);
}

/* The peer resets, when it has read so much, or nothing. */
TEST_F_TIMEOUT(notif, notif_bookkeeping_reset, 60)
{
	char got[PIECE];
	int sv[2];

	if (variant->type == SOCK_DGRAM)
		SKIP(return, "of streams");
	for (int after = 0; after < NR; after += 5) {
		ASSERT_EQ(0, rb_sockbuf(self->rig->near, SO_SNDBUFFORCE,
					6 * PIECE));
		send_all(_metadata, self, variant);
		for (int i = 0; i < after; i++)
			ASSERT_EQ(PIECE, recv(self->rig->far, got, PIECE,
					      MSG_WAITALL));
		ASSERT_EQ(0, rb_reset(self->rig->far));
		complete_all(_metadata, self);
		check_broken(_metadata, self, ECONNRESET);
		/* What was read had gone in. */
		for (int i = 1; i <= after; i++)
			EXPECT_EQ(PIECE, self->values[i]);
		ASSERT_EQ(0, rb_q_detach(self->q, self->qr.ep, 0));
		close(self->rig->near);
		ASSERT_EQ(0, rb_pair(&self->rig->net, AF_INET, SOCK_STREAM,
				     sv));
		self->rig->near = sv[0];
		self->rig->far = sv[1];
		ASSERT_EQ(0, rb_q_attach(self->q, sv[0], RB_BOTH |
					 variant->attach, 0, 0, &self->qr.ep));
	}
}

/* With one cancelled at each place, half-way or not. */
TEST_F_TIMEOUT(notif, notif_bookkeeping_cancelled, 60)
{
	struct regbuf_cqe cqe;

	if (variant->type == SOCK_DGRAM)
		SKIP(return, "of streams");
	ASSERT_EQ(0, rb_sockbuf(self->rig->near, SO_SNDBUFFORCE, 3 * PIECE));
	ASSERT_EQ(0, rb_net_hold(&self->rig->net));
	send_all(_metadata, self, variant);
	ASSERT_TRUE(note(self));
	/* All that has not gone in, in one go: those before it are early. */
	rb_sqe_cancel(self->q, self->qr.ep, 0,
		      REGBUF_SQE_F_ANY | REGBUF_SQE_F_ALL, NR + 1);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	do {
		ASSERT_EQ(0, rb_q_next(self->q, &cqe));
		if (cqe.user_data > NR)
			break;
		self->done += !(cqe.flags & REGBUF_CQE_F_EARLY);
		self->last[cqe.user_data] += !(cqe.flags & REGBUF_CQE_F_EARLY);
		ASSERT_GE(1, self->last[cqe.user_data]);
	} while (true);
	ASSERT_EQ(0, rb_net_release(&self->rig->net, self->rig->far));
	complete_all(_metadata, self);
}

/* Control data is there again when a send is tried again. */
TEST_F_TIMEOUT(notif, notif_bookkeeping_control_of_a_retry, 60)
{
	char control[CMSG_SPACE(sizeof(int))], got[DGRAM];
	struct iovec iov = { got, sizeof(got) };

	if (variant->type == SOCK_STREAM)
		SKIP(return, "of datagrams");
	ASSERT_EQ(0, rb_sockopt_on(self->rig->far, SOL_IP, IP_RECVTOS));
	ASSERT_EQ(0, rb_sockbuf(self->rig->near, SO_SNDBUF, 1));
	ASSERT_EQ(0, slow_down());
	begin(self);
	for (int i = 1; i <= NR; i++) {
		struct regbuf_ext ext = { .size = sizeof(ext) };
		int tos = i * 4;

		ext.ctl_length = rb_cmsg(control, SOL_IP, IP_TOS, &tos,
					 sizeof(tos));
		ext.ctl_id = (unsigned long)control;
		rb_qrig_send(&self->qr, (i - 1) * DGRAM, DGRAM, i)->ext =
			(unsigned long)&ext;
		ASSERT_EQ(0, rb_q_submit_all(self->q));
	}
	for (int i = 1; i <= NR; i++) {
		struct msghdr msg = {
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control),
		};
		unsigned char *tos;
		int piece;

		ASSERT_EQ(DGRAM, recvmsg(self->rig->far, &msg, 0));
		piece = which(self, got, DGRAM);
		ASSERT_LE(0, piece);
		tos = rb_cmsg_find(control, msg.msg_controllen, SOL_IP,
				   IP_TOS);
		ASSERT_NE(NULL, tos);
		EXPECT_EQ((piece + 1) * 4, *tos);
	}
	complete_all(_metadata, self);
	EXPECT_EQ(NR, went_in(self, DGRAM));
}

#include "regbuf_main.h"
