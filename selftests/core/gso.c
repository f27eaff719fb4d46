// SPDX-License-Identifier: GPL-2.0
/*
 * Datagrams that go into the stack as segments of one (design, part 4): those
 * that may are seen to, by a receiver that takes several at once (UDP_GRO);
 * others are seen to come alone; one that takes them one by one cannot tell.
 */
#include "regbuf_lane.h"

#include <linux/errqueue.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <net/ethernet.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>

#include "kselftest_harness.h"

#ifndef UDP_NO_CHECK6_TX
#define UDP_NO_CHECK6_TX	101
#define UDP_NO_CHECK6_RX	102
#endif
#ifndef UDP_SEGMENT
#define UDP_SEGMENT		103
#endif
#ifndef UDP_GRO
#define UDP_GRO			104
#endif

#define LEN	(2UL << 20)
#define ENTRIES	512
#define SMALL	100	/* bytes; copied */
#define MOST	200

/*
 * The first UDP_GRO makes the kernel patch itself, and the last one's end does
 * so again; the emulator now and then stays at an instruction that is being
 * patched. So have it done once, while nothing else goes on.
 */
static void __attribute__((constructor)) keep_patched(void)
{
	rb_sockopt_on(socket(AF_INET, SOCK_DGRAM, 0), SOL_UDP, UDP_GRO);
	rb_sockopt_on(socket(AF_INET6, SOCK_DGRAM, 0), SOL_UDP, UDP_GRO);
}

/* A datagram that should come. */
struct due {
	const unsigned char *bytes;
	size_t len;
};

FIXTURE(gso)
{
	struct rb_qrig qr;
	struct rb_queue *q;
	struct rb_rig *rig;
	struct rb_tally *tally;
	struct due due[MOST];
	unsigned int nr_due;
	unsigned int nr_seen;
	unsigned int packets;	/* that they came in */
	__u64 offset;		/* of the next one */
};

FIXTURE_VARIANT(gso)
{
	int family;
	bool loopback;
	const char *host;	/* or the usual one */
};

FIXTURE_VARIANT_ADD(gso, udp4) { .family = AF_INET };
FIXTURE_VARIANT_ADD(gso, udp6) { .family = AF_INET6 };
FIXTURE_VARIANT_ADD(gso, udp_mapped) {
	.family = AF_INET6,
	.host = "::ffff:" RB_PEER4,
};
FIXTURE_VARIANT_ADD(gso, udp4_loopback) {
	.family = AF_INET,
	.loopback = true,
};

static const char *far_host(const FIXTURE_VARIANT(gso) *v)
{
	if (v->loopback)
		return rb_loopback(v->family);
	return v->host ?: v->family == AF_INET ? RB_PEER4 : RB_PEER6;
}

/* Does it send IPv6 packets? */
static bool is_six(const FIXTURE_VARIANT(gso) *v)
{
	return v->family == AF_INET6 && !v->host;
}

/*
 * What may be in fragments must not go as a segment over IPv4: it would have
 * another's number.
 */
static int set_discover(int sock, int what)
{
	return setsockopt(sock, SOL_IP, IP_MTU_DISCOVER, &what, sizeof(what));
}

FIXTURE_SETUP(gso)
{
	int sv[2];

	self->q = &self->qr.q;
	self->rig = &self->qr.rig;
	ASSERT_EQ(0, rb_stay());
	ASSERT_EQ(0, rb_net_setup(&self->rig->net));
	ASSERT_EQ(0, rb_pair_at(variant->loopback ? NULL : &self->rig->net,
				variant->family, SOCK_DGRAM, far_host(variant),
				sv));
	ASSERT_EQ(0, rb_qrig_with(&self->qr, sv, LEN, ENTRIES));
	ASSERT_EQ(0, set_discover(self->rig->near, IP_PMTUDISC_DO));
	/* Nothing is dropped for want of room at the receiver. */
	ASSERT_EQ(0, rb_sockbuf(self->rig->far, SO_RCVBUFFORCE, 4 << 20));
	ASSERT_EQ(0, rb_sockbuf(self->rig->near, SO_SNDBUFFORCE, 1 << 20));
	self->tally = rb_tally_new(MOST);
	ASSERT_NE(NULL, self->tally);
	self->tally->nr = 0;
}

FIXTURE_TEARDOWN(gso)
{
	free(self->tally);
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

/* From now on the receiver takes several at once. */
static void see_packets(struct __test_metadata *_metadata,
			FIXTURE_DATA(gso) *self)
{
	ASSERT_EQ(0, rb_sockopt_on(self->rig->far, SOL_UDP, UDP_GRO));
}

static void expect(FIXTURE_DATA(gso) *self, const void *bytes, size_t len)
{
	self->due[self->nr_due++] = (struct due){ bytes, len };
}

/* Write an entry; its bytes come after those of the one before. */
static struct regbuf_sqe *post(FIXTURE_DATA(gso) *self, __u32 length)
{
	struct regbuf_sqe *sqe;

	if (self->offset + length > LEN)
		self->offset = 0;
	sqe = rb_qrig_send(&self->qr, self->offset, length, ++self->tally->nr);
	self->offset += length;
	return sqe;
}

/* Likewise, and it should arrive as it is. */
static struct regbuf_sqe *post_due(FIXTURE_DATA(gso) *self, __u32 length)
{
	struct regbuf_sqe *sqe = post(self, length);

	expect(self, self->rig->mem + sqe->offset, length);
	return sqe;
}

static void post_alike(FIXTURE_DATA(gso) *self, int nr, __u32 length)
{
	while (nr--)
		post_due(self, length);
}

/* Split what came into datagrams, and compare each. */
static int compare(FIXTURE_DATA(gso) *self, const unsigned char *bytes,
		   size_t len, size_t segment)
{
	const struct due *due;
	size_t here;

	self->packets++;
	do {
		here = segment && segment < len ? segment : len;
		due = &self->due[self->nr_seen];
		if (self->nr_seen == self->nr_due || here != due->len ||
		    memcmp(bytes, due->bytes, here)) {
			fprintf(stderr, "# number %u: %zu bytes, not %zu\n",
				self->nr_seen, here, due->len);
			return -1;
		}
		self->nr_seen++;
		bytes += here;
		len -= here;
	} while (len);
	return 0;
}

/* One packet, if there is one: 0, 1 if there is none, -1 if it is wrong. */
static int take(FIXTURE_DATA(gso) *self, int sock)
{
	static unsigned char data[65536];
	struct iovec iov = { data, sizeof(data) };
	char control[256];
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(sock, &msg, MSG_DONTWAIT);
	int *segment;

	if (n < 0)
		return errno == EAGAIN ? 1 : -1;
	segment = rb_cmsg_find(control, msg.msg_controllen, SOL_UDP, UDP_GRO);
	return compare(self, data, n, segment ? *segment : 0);
}

/* 0 if all that is due came, in order, and nothing else. */
static int arrive(FIXTURE_DATA(gso) *self)
{
	int err = 0, all;

	all = rb_within(10, ({
		do {
			err = take(self, self->rig->far);
		} while (!err);
		err < 0 || self->nr_seen == self->nr_due; }));
	if (!all)
		fprintf(stderr, "# %u of %u datagrams\n", self->nr_seen,
			self->nr_due);
	return err < 0 || self->nr_seen != self->nr_due;
}

/* Submit; all goes well, and arrives. */
static void go(struct __test_metadata *_metadata, FIXTURE_DATA(gso) *self)
{
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, arrive(self));
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	for (int i = 1; i <= self->tally->nr; i++)
		EXPECT_EQ(0, self->tally->cqes[i].error);
}

/* Submit; each of so many comes alone. */
static void go_alone(struct __test_metadata *_metadata,
		     FIXTURE_DATA(gso) *self)
{
	see_packets(_metadata, self);
	go(_metadata, self);
	EXPECT_EQ(self->nr_due, self->packets);
}

/* C3, C4: sizes are kept, whatever the number. */
TEST_F(gso, one_by_one)
{
	static const int numbers[] = { 1, 2, 3, 63, 64, 65, 200 };
	static const __u32 sizes[] = { 1, 64, 255, 256, 1000, 1452 };

	for (int i = 0; i < ARRAY_SIZE(numbers) * ARRAY_SIZE(sizes); i++) {
		self->tally->nr = 0;
		self->tally->done = 0;
		memset(self->tally->cqes, 0, sizeof(self->tally->cqes));
		self->nr_due = 0;
		self->nr_seen = 0;
		post_alike(self, numbers[i % ARRAY_SIZE(numbers)],
			   sizes[i / ARRAY_SIZE(numbers)]);
		go(_metadata, self);
		for (int j = 1; j <= self->tally->nr; j++)
			ASSERT_EQ(sizes[i / ARRAY_SIZE(numbers)],
				  self->tally->cqes[j].value);
	}
	EXPECT_TRUE(rb_within(10, !rb_in_flight(self->rig->dev,
						self->rig->id)));
}

/* C4: the last may be shorter, and the next begins anew. */
TEST_F(gso, one_by_one_the_last_is_shorter)
{
	for (int i = 0; i < 10; i++) {
		post_alike(self, i, 1000);
		post_due(self, 1000 - 99 * i);
	}
	go(_metadata, self);
	EXPECT_EQ(self->nr_due, self->packets);
}

/* They do go as one, or all of this shows nothing. */
TEST_F(gso, as_one)
{
	see_packets(_metadata, self);
	post_alike(self, 15, 1000);
	post_due(self, 300);
	go(_metadata, self);
	EXPECT_EQ(1, self->packets);
	for (int i = 1; i <= 16; i++)
		EXPECT_EQ(i < 16 ? 1000 : 300, self->tally->cqes[i].value);
}

/* As many segments and bytes as there may be. */
TEST_F(gso, as_few_as_possible)
{
	see_packets(_metadata, self);
	post_alike(self, MOST, 64);
	go(_metadata, self);
	EXPECT_EQ((MOST + 63) / 64, self->packets);
}

TEST_F(gso, as_many_bytes_as_possible)
{
	see_packets(_metadata, self);
	post_alike(self, MOST, 1400);
	go(_metadata, self);
	EXPECT_LE((MOST * 1400 + 65506) / 65507, self->packets);
	EXPECT_GE(8, self->packets);
}

/* C13: short ones are copied, with the reason; and both are counted. */
TEST_F(gso, short_ones_are_copied)
{
	__u32 reason = variant->loopback ? RB_COPY(LOOPBACK) : RB_COPY(SMALL);
	struct regbuf_ioc_stats stats;

	for (int i = 0; i < 100; i++) {
		post_due(self, 64);
		self->offset += 500;
	}
	go(_metadata, self);
	for (int i = 1; i <= 100; i++) {
		EXPECT_EQ(reason, self->tally->cqes[i].copy_reasons);
		EXPECT_EQ(0, self->tally->cqes[i].flags);
	}
	ASSERT_EQ(0, rb_stats(self->rig->dev, &stats));
	EXPECT_EQ(6400, rb_total(&stats));
	EXPECT_EQ(0, stats.zerocopied);
	EXPECT_EQ(100, stats.sends);
}

/* C13: the others are not; what veth does later is said of each. */
TEST_F(gso, long_ones_are_not)
{
	struct regbuf_ioc_stats stats;

	post_alike(self, 20, 1000);
	go(_metadata, self);
	for (int i = 1; i <= 20 && !variant->loopback; i++) {
		EXPECT_EQ(0, self->tally->cqes[i].copy_reasons);
		EXPECT_EQ(REGBUF_CQE_F_COPIED, self->tally->cqes[i].flags);
	}
	ASSERT_EQ(0, rb_stats(self->rig->dev, &stats));
	EXPECT_EQ(20000, rb_total(&stats));
	EXPECT_EQ(20, stats.sends);
	if (!variant->loopback)
		EXPECT_EQ(20000, stats.copied_later);
}

/* More pieces of memory than a packet takes: in several, without copying. */
TEST_F(gso, scattered)
{
	see_packets(_metadata, self);
	for (int i = 0; i < 60; i++) {
		post_due(self, 1200);
		self->offset += 5000;
	}
	go(_metadata, self);
	EXPECT_GT(30, self->packets);
	for (int i = 1; i <= 60 && !variant->loopback; i++)
		EXPECT_EQ(0, self->tally->cqes[i].copy_reasons);
}

/* C13: many pieces that are cheaper to copy, among others. */
TEST_F(gso, scattered_each)
{
	struct regbuf_slice lists[6][20];
	unsigned char whole[6][600];

	for (int i = 0; i < 6; i++) {
		for (int j = 0; j < 20; j++) {
			lists[i][j] = rb_slice(self->rig->id, i * 31 + j * 5000,
					       30);
			memcpy(whole[i] + j * 30,
			       self->rig->mem + i * 31 + j * 5000, 30);
		}
		rb_sqe_send_list(self->q, self->qr.ep, lists[i], 20,
				 ++self->tally->nr);
		expect(self, whole[i], 600);
		post_due(self, 600);
	}
	go(_metadata, self);
	for (int i = 1; i <= 12 && !variant->loopback; i++)
		EXPECT_EQ(RB_COPY(SMALL), self->tally->cqes[i].copy_reasons);
}

/* C13: the pieces of the last do not fit: it is by itself, not corked. */
TEST_F(gso, scattered_too_much)
{
	static struct regbuf_slice lists[9][255];
	static unsigned char whole[9][255];
	__u32 reason = variant->loopback ? RB_COPY(LOOPBACK) : RB_COPY(SMALL);

	for (int i = 0; i < 9; i++) {
		for (int j = 0; j < 255; j++) {
			lists[i][j] = rb_slice(self->rig->id, i * 999 + j * 2,
					       1);
			whole[i][j] = self->rig->mem[i * 999 + j * 2];
		}
		rb_sqe_send_list(self->q, self->qr.ep, lists[i], 255,
				 ++self->tally->nr);
		expect(self, whole[i], 255);
	}
	go(_metadata, self);
	for (int i = 1; i <= 9; i++)
		EXPECT_EQ(reason, self->tally->cqes[i].copy_reasons);
}

/* Lists and inline bytes are datagrams like others. */
TEST_F(gso, of_all_shapes)
{
	unsigned char *mem = self->rig->mem + LEN / 2;
	struct regbuf_slice list[] = {
		rb_inline(mem, 100),
		rb_slice(self->rig->id, LEN / 2 + 100, 900),
	};

	see_packets(_metadata, self);
	for (int i = 0; i < 3; i++) {
		post_due(self, 1000);
		rb_sqe_send_list(self->q, self->qr.ep, list, 2,
				 ++self->tally->nr);
		rb_sqe_send_inline(self->q, self->qr.ep, mem, 1000,
				   ++self->tally->nr);
		expect(self, mem, 1000);
		expect(self, mem, 1000);
	}
	go(_metadata, self);
	EXPECT_EQ(1, self->packets);
	for (int i = 1; i <= 9 && !variant->loopback; i++)
		EXPECT_EQ(i % 3 == 1 ? 0 : RB_COPY(INLINE),
			  self->tally->cqes[i].copy_reasons);
}

/* C1: two completions each, if asked for. */
TEST_F(gso, early)
{
	struct regbuf_cqe cqe;
	__u32 early = 0;

	for (int i = 0; i < 40; i++)
		post_due(self, 1000)->flags = REGBUF_SQE_F_EARLY;
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, arrive(self));
	while (self->tally->done < 40) {
		ASSERT_EQ(0, rb_q_next(self->q, &cqe));
		if (!(cqe.flags & REGBUF_CQE_F_EARLY)) {
			ASSERT_EQ(0, rb_tally_add(self->tally, &cqe));
			continue;
		}
		/* In their order, so once each; before the other. */
		EXPECT_EQ(++early, cqe.user_data);
		EXPECT_EQ(1000, cqe.value);
		EXPECT_EQ(0, self->tally->cqes[cqe.user_data].user_data);
	}
	EXPECT_EQ(40, early);
	EXPECT_TRUE(rb_q_empty(self->q));
}

static void reattach(struct __test_metadata *_metadata,
		     FIXTURE_DATA(gso) *self, __u32 flags)
{
	ASSERT_EQ(0, rb_q_detach(self->q, self->qr.ep, 0));
	ASSERT_EQ(0, rb_q_attach(self->q, self->rig->near, RB_BOTH | flags, 0,
				 0, &self->qr.ep));
}

/*
 * Part 4, what may not be coalesced.
 */
TEST_F(gso, alone_if_asked_for)
{
	reattach(_metadata, self, REGBUF_ATTACH_F_SINGLE);
	post_alike(self, 20, 1000);
	post_alike(self, 20, 64);
	go_alone(_metadata, self);
}

/* Over IPv4: by default they may be in fragments. */
TEST_F(gso, alone_by_default)
{
	ASSERT_EQ(0, set_discover(self->rig->near, IP_PMTUDISC_WANT));
	post_alike(self, 20, 1000);
	see_packets(_metadata, self);
	go(_metadata, self);
	EXPECT_EQ(is_six(variant) ? 1 : 20, self->packets);
}

TEST_F(gso, as_one_to_probe)
{
	ASSERT_EQ(0, set_discover(self->rig->near, IP_PMTUDISC_PROBE));
	post_alike(self, 20, 1000);
	see_packets(_metadata, self);
	go(_metadata, self);
	EXPECT_EQ(1, self->packets);
}

TEST_F(gso, alone_growing)
{
	for (int i = 1; i <= 14; i++)
		post_due(self, 100 * i);
	go_alone(_metadata, self);
}

TEST_F(gso, alone_with_empty_ones_between)
{
	for (int i = 0; i < 6; i++) {
		post_due(self, 500);
		post_due(self, 0);
	}
	post_alike(self, 3, 0);
	go_alone(_metadata, self);
	for (int i = 1; i <= 12; i++)
		EXPECT_EQ(i % 2 * 500, self->tally->cqes[i].value);
}

/* Two of each make one, which is what the flag is for. */
TEST_F(gso, alone_with_more_to_come)
{
	struct regbuf_sqe *sqe;

	for (int i = 0; i < 6; i++) {
		sqe = post(self, 500);
		sqe->flags |= REGBUF_SQE_F_MORE;
		expect(self, self->rig->mem + sqe->offset, 1000);
		post(self, 500);
	}
	go_alone(_metadata, self);
}

/* One that is corked, between others. */
TEST_F(gso, alone_when_one_has_more_to_come)
{
	struct regbuf_sqe *sqe;

	post_alike(self, 3, 500);
	sqe = post(self, 500);
	sqe->flags |= REGBUF_SQE_F_MORE;
	expect(self, self->rig->mem + sqe->offset, 1000);
	post(self, 500);
	post_alike(self, 3, 500);
	see_packets(_metadata, self);
	go(_metadata, self);
	EXPECT_EQ(3, self->packets);
}

/* With so long segments, or 0. */
static void segmented(struct __test_metadata *_metadata,
		      FIXTURE_DATA(gso) *self, __u16 segment)
{
	struct regbuf_ext ext = { .size = sizeof(ext), .segment = segment };
	struct regbuf_sqe *sqe;

	for (int i = 0; i < 6; i++) {
		sqe = post(self, 1000);
		if (segment)
			sqe->ext = (unsigned long)&ext;
		expect(self, self->rig->mem + sqe->offset, 500);
		expect(self, self->rig->mem + sqe->offset + 500, 500);
	}
	see_packets(_metadata, self);
	go(_metadata, self);
	EXPECT_EQ(6, self->packets);
}

TEST_F(gso, alone_with_segments_of_their_own)
{
	segmented(_metadata, self, 500);
}

TEST_F(gso, alone_if_the_socket_has_segments)
{
	int segment = 500;

	ASSERT_EQ(0, setsockopt(self->rig->near, SOL_UDP, UDP_SEGMENT, &segment,
				sizeof(segment)));
	segmented(_metadata, self, 0);
}

TEST_F(gso, alone_with_control_data)
{
	int level = is_six(variant) ? IPPROTO_IPV6 : IPPROTO_IP, tos = 2;
	struct regbuf_ext ext = { .size = sizeof(ext) };
	char control[64];

	ext.ctl_id = (unsigned long)control;
	ext.ctl_length = rb_cmsg(control, level,
				 is_six(variant) ? IPV6_TCLASS : IP_TOS, &tos,
				 sizeof(tos));
	for (int i = 0; i < 8; i++)
		post_due(self, 1000)->ext = (unsigned long)&ext;
	go_alone(_metadata, self);
}

/* One that has some, between others: it and nobody else has them. */
TEST_F(gso, alone_when_one_has_control_data)
{
	struct regbuf_ext ext = { .size = sizeof(ext), .segment = 1000 };

	post_alike(self, 4, 1000);
	post_due(self, 1000)->ext = (unsigned long)&ext;
	post_alike(self, 4, 1000);
	see_packets(_metadata, self);
	go(_metadata, self);
	EXPECT_EQ(3, self->packets);
}

TEST_F(gso, alone_without_checksums)
{
	ASSERT_EQ(0, rb_sockopt_on(self->rig->near, SOL_SOCKET, SO_NO_CHECK));
	if (is_six(variant)) {
		ASSERT_EQ(0, rb_sockopt_on(self->rig->near, SOL_UDP,
					   UDP_NO_CHECK6_TX));
		ASSERT_EQ(0, rb_sockopt_on(self->rig->far, SOL_UDP,
					   UDP_NO_CHECK6_RX));
	}
	post_alike(self, 20, 1000);
	post_alike(self, 20, 64);
	go_alone(_metadata, self);
}

TEST_F(gso, alone_with_a_time_to_go)
{
	struct sock_txtime txtime = { .clockid = CLOCK_MONOTONIC };

	ASSERT_EQ(0, setsockopt(self->rig->near, SOL_SOCKET, SO_TXTIME, &txtime,
				sizeof(txtime)));
	post_alike(self, 20, 1000);
	go_alone(_metadata, self);
}

/* Each comes whole, in fragments. */
TEST_F(gso, alone_if_longer_than_the_mtu)
{
	if (variant->loopback)
		SKIP(return, "its packets are long enough for all");
	ASSERT_EQ(0, set_discover(self->rig->near, IP_PMTUDISC_WANT));
	post_alike(self, 10, 2000);
	go_alone(_metadata, self);
	for (int i = 1; i <= 10; i++)
		EXPECT_EQ(RB_COPY(MTU), self->tally->cqes[i].copy_reasons);
}

/* Names of events, and how many, of the error queue. */
static unsigned int events(int sock, __u64 *names)
{
	struct sock_extended_err *err;
	char control[512];
	struct msghdr msg = {};
	unsigned int nr = 0;

	for (;;) {
		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
		if (recvmsg(sock, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
			return nr;
		err = rb_cmsg_find(control, msg.msg_controllen, SOL_IP,
				   IP_RECVERR) ?:
		      rb_cmsg_find(control, msg.msg_controllen, SOL_IPV6,
				   IPV6_RECVERR);
		if (!err || err->ee_origin != SO_EE_ORIGIN_TIMESTAMPING)
			continue;
		*names |= 1ULL << (err->ee_data % 64);
		nr++;
	}
}

/* Each has an event, by its own name. */
TEST_F(gso, alone_with_time_stamps)
{
	int what = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE |
		   SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY;
	unsigned int nr = 0;
	__u64 names = 0;

	ASSERT_EQ(0, setsockopt(self->rig->near, SOL_SOCKET, SO_TIMESTAMPING,
				&what, sizeof(what)));
	post_alike(self, 30, 1000);
	go_alone(_metadata, self);
	EXPECT_TRUE(rb_within(3, ({
		nr += events(self->rig->near, &names);
		nr == 30; })));
	EXPECT_EQ((1ULL << 30) - 1, names);
}

/* A socket of the same kind in place of the near one, not connected. */
static void disconnect(struct __test_metadata *_metadata,
		       FIXTURE_DATA(gso) *self, int family)
{
	ASSERT_EQ(0, rb_q_detach(self->q, self->qr.ep, 0));
	close(self->rig->near);
	self->rig->near = socket(family, SOCK_DGRAM, 0);
	ASSERT_LE(0, self->rig->near);
	ASSERT_EQ(0, set_discover(self->rig->near, IP_PMTUDISC_DO));
	ASSERT_EQ(0, rb_sockbuf(self->rig->near, SO_SNDBUFFORCE, 1 << 20));
	ASSERT_EQ(0, rb_q_attach(self->q, self->rig->near, RB_BOTH, 0, 0,
				 &self->qr.ep));
}

/* Where a socket is, as entries name it. */
static void address(struct __test_metadata *_metadata, int sock,
		    unsigned char *addr)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	ASSERT_EQ(0, getsockname(sock, (struct sockaddr *)&ss, &len));
	memset(addr, 0, REGBUF_ADDR_SIZE);
	memcpy(addr, &ss, len);
}

static void name(struct regbuf_sqe *sqe, const void *addr)
{
	sqe->flags |= REGBUF_SQE_F_ADDR_PTR;
	sqe->addr_id = (unsigned long)addr;
}

/*
 * Destinations that are the same in other memory; connected or not. A shorter
 * one is by itself: the others might not fit on the way, and it does.
 */
static void named(struct __test_metadata *_metadata, FIXTURE_DATA(gso) *self)
{
	unsigned char addr[2][REGBUF_ADDR_SIZE];
	__u64 at = LEN - REGBUF_ADDR_SIZE;
	struct regbuf_sqe *sqe;

	address(_metadata, self->rig->far, addr[0]);
	memcpy(addr[1], addr[0], sizeof(addr[1]));
	memcpy(self->rig->mem + at, addr[0], sizeof(addr[0]));
	for (int i = 0; i < 15; i++) {
		sqe = post_due(self, i == 14 ? 10 : 1000);
		name(sqe, addr[i % 2]);
		if (i % 3)
			continue;
		sqe->flags = REGBUF_SQE_F_ADDR;
		sqe->addr_id = self->rig->id;
		sqe->addr_offset = at;
	}
	see_packets(_metadata, self);
	go(_metadata, self);
	EXPECT_EQ(2, self->packets);
}

TEST_F(gso, as_one_to_one_name)
{
	named(_metadata, self);
}

TEST_F(gso, as_one_to_one_name_unconnected)
{
	disconnect(_metadata, self, variant->family);
	named(_metadata, self);
}

/* Some with a name, some without: it is the same place, but not the same. */
TEST_F(gso, apart_with_and_without_a_name)
{
	unsigned char addr[REGBUF_ADDR_SIZE];

	address(_metadata, self->rig->far, addr);
	for (int i = 0; i < 4; i++) {
		name(post_due(self, 1000), addr);
		post_due(self, 1000);
	}
	go_alone(_metadata, self);
}

/* Another socket at the far side. */
static int another(const FIXTURE_DATA(gso) *self,
		   const FIXTURE_VARIANT(gso) *v)
{
	struct sockaddr_storage ss;
	socklen_t len;
	int sock;

	if (!v->loopback && rb_net_peer(&self->rig->net))
		return -1;
	sock = rb_bound(v->family, SOCK_DGRAM, far_host(v), &ss, &len);
	if (!v->loopback && rb_net_near(&self->rig->net))
		return -1;
	return sock >= 0 && rb_sockopt_on(sock, SOL_UDP, UDP_GRO) ? -1 : sock;
}

/* C4: to two places by turns: each gets its own, alone. */
TEST_F(gso, alone_to_two_names)
{
	unsigned char addr[2][REGBUF_ADDR_SIZE], byte[1200];
	int other = another(self, variant);

	ASSERT_LE(0, other);
	address(_metadata, self->rig->far, addr[0]);
	address(_metadata, other, addr[1]);
	disconnect(_metadata, self, variant->family);
	for (int i = 0; i < 10; i++) {
		name(post_due(self, 1000), addr[0]);
		name(post(self, 1000), addr[1]);
	}
	go_alone(_metadata, self);
	for (int i = 0; i < 10; i++) {
		ASSERT_TRUE(rb_within(10, recv(other, byte, sizeof(byte),
					       MSG_DONTWAIT) == 1000));
		EXPECT_EQ(0, memcmp(byte, self->rig->mem + 2000 * i + 1000,
				    1000));
	}
	EXPECT_EQ(-1, recv(other, byte, sizeof(byte), MSG_DONTWAIT));
	close(other);
}

/* C4: what is longer than the MTU comes, too, and is no harm to the others. */
TEST_F(gso, named_and_longer_than_the_mtu)
{
	unsigned char addr[REGBUF_ADDR_SIZE];

	address(_metadata, self->rig->far, addr);
	disconnect(_metadata, self, variant->family);
	ASSERT_EQ(0, set_discover(self->rig->near, IP_PMTUDISC_WANT));
	for (int i = 0; i < 6; i++)
		name(post_due(self, 2000), addr);
	for (int i = 0; i < 10; i++)
		name(post_due(self, 1000), addr);
	go(_metadata, self);
}

/*
 * Errors
 */

/* C4: one that is too long is an error of its own. */
static void one_too_long(struct __test_metadata *_metadata,
			 FIXTURE_DATA(gso) *self, __u32 length)
{
	post_alike(self, 4, 1000);
	post(self, length);
	post_alike(self, 4, 1000);
	see_packets(_metadata, self);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, arrive(self));
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, 4, 0, 1000));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 5, 5, EMSGSIZE, 0));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 6, 9, 0, 1000));
	EXPECT_EQ(0, self->tally->cqes[5].flags & REGBUF_CQE_F_SHARED);
	EXPECT_EQ(2, self->packets);
}

TEST_F(gso, one_is_too_long)
{
	one_too_long(_metadata, self, 66000);
}

TEST_F(gso, one_is_a_bit_too_long)
{
	one_too_long(_metadata, self, 65530);
}

TEST_F(gso, one_must_not_be_in_fragments)
{
	int probe = IP_PMTUDISC_DO;

	if (variant->loopback)
		SKIP(return, "its packets are long enough for all");
	if (is_six(variant))
		ASSERT_EQ(0, setsockopt(self->rig->near, SOL_IPV6,
					IPV6_MTU_DISCOVER, &probe,
					sizeof(probe)));
	one_too_long(_metadata, self, 3000);
}

/* C4: all of them are, without an effect on each other. */
TEST_F(gso, none_must_be_in_fragments)
{
	int probe = IP_PMTUDISC_DO;
	unsigned char addr[REGBUF_ADDR_SIZE];

	if (variant->loopback)
		SKIP(return, "its packets are long enough for all");
	address(_metadata, self->rig->far, addr);
	if (is_six(variant))
		ASSERT_EQ(0, setsockopt(self->rig->near, SOL_IPV6,
					IPV6_MTU_DISCOVER, &probe,
					sizeof(probe)));
	for (int i = 0; i < 4; i++)
		post(self, 3000);
	for (int i = 0; i < 4; i++)
		name(post(self, 3000), addr);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, 8, EMSGSIZE, 0));
	for (int i = 1; i <= 8; i++)
		EXPECT_EQ(0, self->tally->cqes[i].flags & REGBUF_CQE_F_SHARED);
	EXPECT_EQ(1, take(self, self->rig->far));
}

/* An error that was there before is the first one's; the others come. */
static void first_has(struct __test_metadata *_metadata,
		      FIXTURE_DATA(gso) *self, int err)
{
	see_packets(_metadata, self);
	post(self, 1000);
	post_alike(self, 11, 1000);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, arrive(self));
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, 1, err, 0));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 2, 12, 0, 1000));
	for (int i = 1; i <= 12; i++)
		EXPECT_EQ(0, self->tally->cqes[i].flags & REGBUF_CQE_F_SHARED);
	EXPECT_EQ(1, self->packets);
}

/* C4: an error that was there before is the first one's; the others go. */
TEST_F(gso, error_from_before)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	ASSERT_EQ(0, getsockname(self->rig->far, (struct sockaddr *)&ss, &len));
	close(self->rig->far);
	ASSERT_EQ(1, send(self->rig->near, "?", 1, 0));
	ASSERT_TRUE(rb_within(10, rb_sock_events(self->rig->near, 0) &
				  POLLERR));
	if (!variant->loopback)
		ASSERT_EQ(0, rb_net_peer(&self->rig->net));
	self->rig->far = socket(variant->family, SOCK_DGRAM, 0);
	ASSERT_EQ(0, bind(self->rig->far, (struct sockaddr *)&ss, len));
	if (!variant->loopback)
		ASSERT_EQ(0, rb_net_near(&self->rig->net));
	first_has(_metadata, self, ECONNREFUSED);
}

/* The sum that an ICMP message has; of an even number of bytes. */
static __u16 icmp_sum(const void *bytes, size_t len)
{
	const __u16 *words = bytes;
	__u32 sum = 0;

	for (size_t i = 0; i < len / 2; i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return ~(sum + (sum >> 16));
}

/* Ports of a datagram from the near socket to the far one. */
static struct udphdr udp_head(const struct rb_rig *rig)
{
	struct sockaddr_in6 near, far;
	socklen_t len = sizeof(near);

	getsockname(rig->near, (struct sockaddr *)&near, &len);
	len = sizeof(far);
	getsockname(rig->far, (struct sockaddr *)&far, &len);
	return (struct udphdr){
		.source = near.sin6_port,
		.dest = far.sin6_port,
		.len = htons(1408),
	};
}

/* A router says that a datagram was longer than so many bytes: 0 if it did. */
static int too_long_4(const struct rb_rig *rig, __u16 mtu)
{
	struct {
		struct icmphdr icmp;
		struct iphdr ip;
		struct udphdr udp;
	} packet = {
		.icmp = { ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED },
		.ip = { .version = 4, .ihl = 5, .ttl = 64 },
		.udp = udp_head(rig),
	};
	struct sockaddr_in to = { .sin_family = AF_INET };
	int sock = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	ssize_t n;

	packet.icmp.un.frag.mtu = htons(mtu);
	packet.ip.tot_len = htons(1428);
	packet.ip.frag_off = htons(IP_DF);
	packet.ip.protocol = IPPROTO_UDP;
	packet.ip.saddr = inet_addr(RB_NEAR4);
	packet.ip.daddr = inet_addr(RB_PEER4);
	packet.icmp.checksum = icmp_sum(&packet, sizeof(packet));
	to.sin_addr.s_addr = packet.ip.saddr;
	n = sendto(sock, &packet, sizeof(packet), 0, (struct sockaddr *)&to,
		   sizeof(to));
	close(sock);
	return n != sizeof(packet);
}

static int too_long_6(const struct rb_rig *rig, __u16 mtu)
{
	struct {
		struct icmp6_hdr icmp;
		struct ip6_hdr ip;
		struct udphdr udp;
	} packet = {
		.icmp = { .icmp6_type = ICMP6_PACKET_TOO_BIG },
		.udp = udp_head(rig),
	};
	struct sockaddr_in6 to = { .sin6_family = AF_INET6 };
	int sock = socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
	ssize_t n;

	packet.icmp.icmp6_mtu = htonl(mtu);
	packet.ip.ip6_flow = htonl(6U << 28);
	packet.ip.ip6_plen = packet.udp.len;
	packet.ip.ip6_nxt = IPPROTO_UDP;
	inet_pton(AF_INET6, RB_NEAR6, &packet.ip.ip6_src);
	inet_pton(AF_INET6, RB_PEER6, &packet.ip.ip6_dst);
	to.sin6_addr = packet.ip.ip6_src;
	/* The sum is made for us. */
	n = sendto(sock, &packet, sizeof(packet), 0, (struct sockaddr *)&to,
		   sizeof(to));
	close(sock);
	return n != sizeof(packet);
}

/* C4: likewise that one before was too long, which these are not. */
TEST_F(gso, too_long_before)
{
	if (variant->loopback)
		SKIP(return, "its packets are long enough for all");
	ASSERT_EQ(0, rb_net_peer(&self->rig->net));
	ASSERT_EQ(0, is_six(variant) ? too_long_6(self->rig, 1300) :
				       too_long_4(self->rig, 1300));
	ASSERT_EQ(0, rb_net_near(&self->rig->net));
	ASSERT_TRUE(rb_within(10, rb_sock_events(self->rig->near, 0) &
				  POLLERR));
	first_has(_metadata, self, EMSGSIZE);
	/* And it is no reason to send others of that size alone. */
	memset(self->tally, 0, sizeof(*self->tally));
	post_alike(self, 12, 1000);
	go(_metadata, self);
	EXPECT_EQ(2, self->packets);
}

/* From now on the device drops what it is given, and says so. */
static void drop_all(struct __test_metadata *_metadata,
		     FIXTURE_DATA(gso) *self)
{
	char byte;

	/* Nobody is to ask where the receiver is when that does not work. */
	ASSERT_EQ(1, send(self->rig->near, "x", 1, 0));
	ASSERT_EQ(1, recv(self->rig->far, &byte, 1, 0));
	ASSERT_EQ(0, rb_choke(self->rig->near));
}

/*
 * C4: an error that is known when all may have gone: of each of them, and none
 * is sent again. By itself, each has its own.
 */
static void dropped(struct __test_metadata *_metadata, FIXTURE_DATA(gso) *self,
		    __u32 length, __u32 flags)
{
	drop_all(_metadata, self);
	for (int i = 0; i < 10; i++)
		post(self, length);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, 10, ENOBUFS, 0));
	for (int i = 1; i <= 10; i++)
		EXPECT_EQ(flags, self->tally->cqes[i].flags);
	/* The lane goes on. */
	ASSERT_EQ(0, rb_net_near_netem(NULL));
	memset(self->tally->cqes, 0, sizeof(self->tally->cqes));
	self->tally->done = 0;
	self->tally->nr = 0;
	post_alike(self, 10, length);
	go(_metadata, self);
}

TEST_F(gso, dropped_together)
{
	if (variant->loopback)
		SKIP(return, "nothing drops there");
	dropped(_metadata, self, 1000, REGBUF_CQE_F_SHARED);
}

/* So short that they are copied: nothing is in use afterwards. */
TEST_F(gso, copied_and_dropped_together)
{
	if (variant->loopback)
		SKIP(return, "nothing drops there");
	dropped(_metadata, self, SMALL, REGBUF_CQE_F_SHARED);
	EXPECT_EQ(0, rb_in_flight(self->rig->dev, self->rig->id));
}

TEST_F(gso, dropped_one_by_one)
{
	if (variant->loopback)
		SKIP(return, "nothing drops there");
	reattach(_metadata, self, REGBUF_ATTACH_F_SINGLE);
	dropped(_metadata, self, 1000, 0);
}

/* The route is gone: each has the error, and they are not tried as segments. */
TEST_F(gso, no_way_there)
{
	unsigned char addr[REGBUF_ADDR_SIZE];
	struct sockaddr_storage ss;

	rb_addr(variant->family, variant->family == AF_INET ? "10.99.0.1" :
						      "fd99::1", 9, &ss);
	memcpy(addr, &ss, sizeof(addr));
	for (int i = 0; i < 4; i++) {
		name(post(self, 1000), addr);
		post_due(self, 1000);
	}
	for (int i = 0; i < 4; i++)
		name(post(self, 1000), addr);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, arrive(self));
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	for (int i = 1; i <= 12; i++) {
		bool bad = i > 8 || i % 2;

		EXPECT_EQ(0, rb_tally_differs(self->tally, i, i,
					      bad ? ENETUNREACH : 0,
					      bad ? 0 : 1000));
		EXPECT_EQ(0, self->tally->cqes[i].flags & REGBUF_CQE_F_SHARED);
	}
}

/*
 * A device that swallows packets without copying them: C13, only a tap does.
 */
FIXTURE(swallowed)
{
	struct rb_qrig qr;
	struct rb_queue *q;
	struct rb_tally *tally;
	int tap;
};

FIXTURE_VARIANT(swallowed)
{
	int family;
	const char *host;
};

FIXTURE_VARIANT_ADD(swallowed, udp4) { AF_INET, "10.75.0.2" };
FIXTURE_VARIANT_ADD(swallowed, udp6) { AF_INET6, "fd75::2" };

FIXTURE_SETUP(swallowed)
{
	struct sockaddr_storage ss;
	socklen_t len = rb_addr(variant->family, variant->host, 9, &ss);
	int sv[2] = { -1, -1 };

	self->q = &self->qr.q;
	ASSERT_EQ(0, rb_net_setup(&self->qr.rig.net));
	ASSERT_EQ(0, rb_sh("ip link add dummy0 type dummy && "
			   "ip addr add 10.75.0.1/24 dev dummy0 && "
			   "ip addr add fd75::1/64 dev dummy0 nodad && "
			   "ip link set dummy0 up"));
	sv[0] = socket(variant->family, SOCK_DGRAM, 0);
	ASSERT_EQ(0, connect(sv[0], (struct sockaddr *)&ss, len));
	ASSERT_EQ(0, set_discover(sv[0], IP_PMTUDISC_DO));
	ASSERT_EQ(0, rb_qrig_with(&self->qr, sv, LEN, ENTRIES));
	self->tally = rb_tally_new(20);
	ASSERT_NE(NULL, self->tally);
	self->tap = -1;
}

FIXTURE_TEARDOWN(swallowed)
{
	close(self->tap);
	free(self->tally);
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

static void swallow(struct __test_metadata *_metadata,
		    FIXTURE_DATA(swallowed) *self, __u32 flags)
{
	struct regbuf_ioc_stats stats;

	for (int i = 1; i <= 20; i++)
		rb_qrig_send(&self->qr, i * 1000, 1000, i);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, 20, 0, 1000));
	for (int i = 1; i <= 20; i++) {
		EXPECT_EQ(0, self->tally->cqes[i].copy_reasons);
		EXPECT_EQ(flags, self->tally->cqes[i].flags);
	}
	ASSERT_EQ(0, rb_stats(self->qr.rig.dev, &stats));
	EXPECT_EQ(20000, stats.zerocopied);
	EXPECT_EQ(flags ? 20000 : 0, stats.copied_later);
}

TEST_F(swallowed, nobody_looks)
{
	swallow(_metadata, self, 0);
}

TEST_F(swallowed, somebody_looks)
{
	struct sockaddr_ll ll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = if_nametoindex("dummy0"),
	};
	static char packet[65536];

	/* It sees no other device, not even before it is bound to this one. */
	self->tap = socket(AF_PACKET, SOCK_RAW, 0);
	ASSERT_EQ(0, bind(self->tap, (struct sockaddr *)&ll, sizeof(ll)));
	swallow(_metadata, self, REGBUF_CQE_F_COPIED);
	/* And what is seen is one packet, among those of the device's own. */
	EXPECT_TRUE(rb_within(10, recv(self->tap, packet, sizeof(packet),
				       MSG_DONTWAIT) > 20000));
}

#include "regbuf_main.h"
