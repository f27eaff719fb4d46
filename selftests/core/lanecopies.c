// SPDX-License-Identifier: GPL-2.0
/*
 * C13: a queue says what was copied and why: when a socket is attached, as far
 * as one can know, and with each completion, exactly.
 */
#include "regbuf_lane.h"
#include "regbuf_tls.h"

#include <linux/if_packet.h>
#include <net/ethernet.h>

#include "kselftest_harness.h"

#define LEN	(256UL << 10)
#define PIECE	1400	/* too long to be copied, if it is all that is left */

FIXTURE(lanecopies)
{
	struct rb_qrig qr;
	struct rb_queue *q;
	struct rb_rig *rig;
	struct rb_stream stream;
	struct regbuf_cqe cqe;
};

FIXTURE_VARIANT(lanecopies)
{
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(lanecopies, tcp4) { AF_INET, SOCK_STREAM };
FIXTURE_VARIANT_ADD(lanecopies, tcp6) { AF_INET6, SOCK_STREAM };
FIXTURE_VARIANT_ADD(lanecopies, udp4) { AF_INET, SOCK_DGRAM };
FIXTURE_VARIANT_ADD(lanecopies, udp6) { AF_INET6, SOCK_DGRAM };

FIXTURE_SETUP(lanecopies)
{
	self->q = &self->qr.q;
	self->rig = &self->qr.rig;
	ASSERT_EQ(0, rb_qrig_setup(&self->qr, variant->family, variant->type,
				   false, LEN, 64));
	ASSERT_EQ(0, rb_q_detach(self->q, self->qr.ep, 0));
	ASSERT_EQ(0, rb_stream_init(&self->stream, 4 * LEN));
}

FIXTURE_TEARDOWN(lanecopies)
{
	free(self->stream.bytes);
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

static void check_attach(struct __test_metadata *_metadata, struct rb_qrig *qr,
			 __u32 reasons)
{
	EXPECT_EQ(reasons, rb_q_attach_reasons(&qr->q, qr->rig.near, &qr->ep));
}

/* One message: it arrives, and its completion says that of it. */
static void check_send(struct __test_metadata *_metadata, struct rb_qrig *qr,
		       __u32 length, __u32 reasons, __u32 flags)
{
	struct regbuf_ioc_stats before, after;
	struct regbuf_cqe cqe;
	struct rb_sink sink;

	ASSERT_EQ(0, rb_stats(qr->rig.dev, &before));
	ASSERT_EQ(0, rb_sink_start(&sink, qr->rig.far, length));
	rb_qrig_send(qr, 5, length, 1);
	ASSERT_EQ(0, rb_q_one(&qr->q, &cqe));
	EXPECT_EQ(0, rb_sink_finish(&sink, qr->rig.mem + 5));
	EXPECT_EQ(0, cqe.error);
	EXPECT_EQ(length, cqe.value);
	EXPECT_EQ(reasons, cqe.copy_reasons);
	EXPECT_EQ(flags, cqe.flags);
	ASSERT_EQ(0, rb_stats(qr->rig.dev, &after));
	EXPECT_EQ(before.zerocopied + (reasons ? 0 : length), after.zerocopied);
	EXPECT_EQ(rb_total(&before) + length, rb_total(&after));
}

/* By reference as far as the socket goes, and copied when it arrives. */
TEST_F(lanecopies, veth)
{
	check_attach(_metadata, &self->qr, 0);
	check_send(_metadata, &self->qr, 1, RB_COPY(SMALL), 0);
	check_send(_metadata, &self->qr, 1023, RB_COPY(SMALL), 0);
	check_send(_metadata, &self->qr, 1024, 0, REGBUF_CQE_F_COPIED);
	check_send(_metadata, &self->qr, 1300, 0, REGBUF_CQE_F_COPIED);
}

static void reconnect(struct __test_metadata *_metadata, struct rb_qrig *qr,
		      const struct rb_net *net, int family, int type,
		      const char *host)
{
	int sv[2];

	close(qr->rig.near);
	close(qr->rig.far);
	ASSERT_EQ(0, rb_pair_at(net, family, type, host, sv));
	qr->rig.near = sv[0];
	qr->rig.far = sv[1];
}

TEST_F(lanecopies, loopback)
{
	__u32 reason = RB_COPY(LOOPBACK);

	reconnect(_metadata, &self->qr, NULL, variant->family, variant->type,
		  rb_loopback(variant->family));
	check_attach(_metadata, &self->qr, reason);
	check_send(_metadata, &self->qr, 1300, reason, 0);
	check_send(_metadata, &self->qr, 5000, reason, 0);
}

/* An address of our own on another link. */
TEST_F(lanecopies, address_of_our_own)
{
	reconnect(_metadata, &self->qr, NULL, variant->family, variant->type,
		  variant->family == AF_INET ? RB_NEAR4 : RB_NEAR6);
	check_attach(_metadata, &self->qr, RB_COPY(LOOPBACK));
	check_send(_metadata, &self->qr, 1300, RB_COPY(LOOPBACK), 0);
}

TEST_F(lanecopies, no_scatter_gather)
{
	ASSERT_EQ(0, rb_ethtool("veth0", ETHTOOL_SSG, 0));
	reconnect(_metadata, &self->qr, &self->rig->net, variant->family,
		  variant->type,
		  variant->family == AF_INET ? RB_PEER4 : RB_PEER6);
	check_attach(_metadata, &self->qr, RB_COPY(DEVICE));
	check_send(_metadata, &self->qr, 1300, RB_COPY(DEVICE), 0);
}

/* Of several reasons each its own bytes. */
TEST_F(lanecopies, inline_bytes)
{
	struct regbuf_slice list[] = {
		rb_inline("head", 4), rb_slice(self->rig->id, 0, 1400),
	};
	struct regbuf_ioc_stats stats;
	char data[1500];

	check_attach(_metadata, &self->qr, 0);
	rb_sqe_send_list(self->q, self->qr.ep, list, 2, 1);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(1404, recv(self->rig->far, data, 1404, MSG_WAITALL));
	ASSERT_EQ(0, rb_q_next(self->q, &self->cqe));
	EXPECT_EQ(RB_COPY(INLINE), self->cqe.copy_reasons);
	EXPECT_EQ(1404, self->cqe.value);
	rb_sqe_send_inline(self->q, self->qr.ep, "all", 3, 2);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(0, rb_q_next(self->q, &self->cqe));
	EXPECT_EQ(RB_COPY(INLINE), self->cqe.copy_reasons);
	EXPECT_EQ(3, self->cqe.value);
	ASSERT_EQ(0, rb_stats(self->rig->dev, &stats));
	EXPECT_EQ(7, stats.copied[REGBUF_COPY_INLINE]);
	EXPECT_EQ(1400, stats.zerocopied);
}

/* More pieces than an skb has place for: a stream goes on in the next. */
TEST_F(lanecopies, many_pieces)
{
	bool dgram = variant->type == SOCK_DGRAM;
	struct regbuf_slice list[20];
	static char data[20 * PIECE];
	size_t got = 0;
	ssize_t n;

	check_attach(_metadata, &self->qr, 0);
	for (int i = 0; i < 20; i++)
		list[i] = rb_slice(self->rig->id, i * 5000, PIECE);
	rb_sqe_send_list(self->q, self->qr.ep, list, 20, 1);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	while (got < sizeof(data)) {
		n = recv(self->rig->far, data + got, sizeof(data) - got, 0);
		ASSERT_LT(0, n);
		got += n;
	}
	for (int i = 0; i < 20; i++)
		EXPECT_EQ(0, memcmp(data + i * PIECE,
				    self->rig->mem + i * 5000, PIECE));
	ASSERT_EQ(0, rb_q_next(self->q, &self->cqe));
	EXPECT_EQ(sizeof(data), self->cqe.value);
	EXPECT_EQ(dgram ? RB_COPY(FRAGS) : 0, self->cqe.copy_reasons);
	EXPECT_EQ(dgram ? 0 : REGBUF_CQE_F_COPIED, self->cqe.flags);
}

FIXTURE(in_flow)
{
	struct rb_qrig qr;
	struct rb_queue *q;
	struct rb_rig *rig;
	struct rb_stream stream;
	struct rb_tally *tally;
};

FIXTURE_SETUP(in_flow)
{
	self->q = &self->qr.q;
	self->rig = &self->qr.rig;
	ASSERT_EQ(0, rb_qrig_setup(&self->qr, AF_INET, SOCK_STREAM, false, LEN,
				   64));
	ASSERT_EQ(0, rb_stream_init(&self->stream, 16 * LEN));
	self->tally = rb_tally_new(12);
	ASSERT_NE(NULL, self->tally);
}

FIXTURE_TEARDOWN(in_flow)
{
	free(self->tally);
	free(self->stream.bytes);
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

/* More sends than go in, so that some enter after what happens now. */
static void flow(struct __test_metadata *_metadata, FIXTURE_DATA(in_flow) *self)
{
	ASSERT_EQ(0, rb_sockbuf(self->rig->near, SO_SNDBUF, 32768));
	ASSERT_EQ(0, rb_sockbuf(self->rig->far, SO_RCVBUF, 32768));
	for (int i = 1; i <= 12; i++) {
		rb_qrig_send(&self->qr, i, LEN / 2, i);
		rb_stream_note(&self->stream, self->rig->mem + i, LEN / 2);
	}
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_TRUE(rb_within(10, rb_sock_events(self->rig->far, POLLIN)));
	ASSERT_TRUE(rb_q_empty(self->q));
}

/*
 * All of it arrives, and each is told once; of the last one, the reasons. What
 * was left of it, after others, may have been short.
 */
static __u32 ebb(struct __test_metadata *_metadata, FIXTURE_DATA(in_flow) *self)
{
	EXPECT_EQ(0, rb_stream_rest(&self->stream, self->rig->far));
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, 12, 0, LEN / 2));
	return self->tally->cqes[12].copy_reasons & ~RB_COPY(SMALL);
}

/* Nothing happens: the others below mean something. */
TEST_F(in_flow, nothing)
{
	flow(_metadata, self);
	EXPECT_EQ(0, ebb(_metadata, self));
}

/* A packet tap may copy what passes; it is no reason not to send it. */
TEST_F(in_flow, packet_tap)
{
	struct sockaddr_ll ll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = if_nametoindex("veth0"),
	};
	char packet[64];
	int tap;

	flow(_metadata, self);
	tap = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
	ASSERT_EQ(0, bind(tap, (struct sockaddr *)&ll, sizeof(ll)));
	EXPECT_EQ(0, ebb(_metadata, self));
	EXPECT_LT(0, recv(tap, packet, sizeof(packet), MSG_DONTWAIT));
	EXPECT_TRUE(self->tally->cqes[12].flags & REGBUF_CQE_F_COPIED);
	close(tap);
}

/* C13: what goes in after it is switched off is copied, and said to be. */
TEST_F(in_flow, scatter_gather_goes)
{
	flow(_metadata, self);
	ASSERT_EQ(0, rb_ethtool("veth0", ETHTOOL_SSG, 0));
	ebb(_metadata, self);
	/* A connection keeps what it knew of the device; a new one learns. */
	ASSERT_EQ(0, rb_q_detach(self->q, self->qr.ep, 0));
	reconnect(_metadata, &self->qr, &self->rig->net, AF_INET, SOCK_STREAM,
		  RB_PEER4);
	check_attach(_metadata, &self->qr, RB_COPY(DEVICE));
	check_send(_metadata, &self->qr, 10000, RB_COPY(DEVICE), 0);
}

/*
 * Keys on both sides. A kernel without the cipher still has the layer, which
 * then passes everything on.
 */
static void switch_keys_on(struct __test_metadata *_metadata,
			   struct rb_rig *rig)
{
	int err = rb_tls_key(rig->near, TLS_TX);

	ASSERT_TRUE(!err || err == -ENOENT) {
		TH_LOG("TLS_TX: %d", err);
	}
	if (!err)
		ASSERT_EQ(0, rb_tls_key(rig->far, TLS_RX));
}

/* C13, C18: kTLS sees the bytes: copied, known when it is attached. */
TEST_F(in_flow, ktls_from_the_start)
{
	ASSERT_EQ(0, rb_q_detach(self->q, self->qr.ep, 0));
	ASSERT_EQ(0, rb_tls_layer(self->rig->near));
	ASSERT_EQ(0, rb_tls_layer(self->rig->far));
	check_attach(_metadata, &self->qr, RB_COPY(PROTOCOL));
	check_send(_metadata, &self->qr, 3000, RB_COPY(PROTOCOL), 0);
	switch_keys_on(_metadata, self->rig);
	check_send(_metadata, &self->qr, 5, RB_COPY(PROTOCOL), 0);
	check_send(_metadata, &self->qr, 100000, RB_COPY(PROTOCOL), 0);
}

/* C13: switched on in between: from then on. */
TEST_F(in_flow, ktls_later)
{
	check_send(_metadata, &self->qr, 3000, 0, REGBUF_CQE_F_COPIED);
	ASSERT_EQ(0, rb_tls_layer(self->rig->near));
	ASSERT_EQ(0, rb_tls_layer(self->rig->far));
	check_send(_metadata, &self->qr, 3000, RB_COPY(PROTOCOL), 0);
	switch_keys_on(_metadata, self->rig);
	check_send(_metadata, &self->qr, 100000, RB_COPY(PROTOCOL), 0);
}

/* C3, C13: while sends wait in the lane, of which one is half way in. */
TEST_F(in_flow, ktls_in_mid_send)
{
	flow(_metadata, self);
	ASSERT_EQ(0, rb_tls_layer(self->rig->near));
	EXPECT_EQ(RB_COPY(PROTOCOL), ebb(_metadata, self));
}

/* C3: a receive is posted when the layer that decrypts is put in. */
TEST_F(in_flow, ktls_under_a_receive)
{
	rb_qrig_recv(&self->qr, 1000, 5, 1);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(0, rb_tls_layer(self->rig->near));
	ASSERT_EQ(0, rb_tls_layer(self->rig->far));
	if (!rb_tls_key(self->rig->far, TLS_TX))
		ASSERT_EQ(0, rb_tls_key(self->rig->near, TLS_RX));
	ASSERT_EQ(5, send(self->rig->far, "hello", 5, 0));
	EXPECT_EQ(0, rb_q_value(self->q, 1, 5));
	EXPECT_EQ(0, memcmp(self->rig->mem + 1000, "hello", 5));
}

#include "regbuf_main.h"
