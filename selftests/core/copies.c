// SPDX-License-Identifier: GPL-2.0
/*
 * C13: what was copied, and why, is told exactly.
 */
#include "regbuf_test.h"
#include "regbuf_tls.h"

#include <net/if.h>

#include <linux/bpf.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"

#define LEN	(1UL << 20)
#define BIT(n)	(1U << (n))

FIXTURE(copies)
{
	struct rb_rig rig;
	struct regbuf_ioc_send msg;
	struct regbuf_ioc_stats stats;
};

FIXTURE_VARIANT(copies)
{
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(copies, tcp4) { AF_INET, SOCK_STREAM };
FIXTURE_VARIANT_ADD(copies, tcp6) { AF_INET6, SOCK_STREAM };
FIXTURE_VARIANT_ADD(copies, udp4) { AF_INET, SOCK_DGRAM };
FIXTURE_VARIANT_ADD(copies, udp6) { AF_INET6, SOCK_DGRAM };

FIXTURE_SETUP(copies)
{
	ASSERT_EQ(0, rb_rig_setup(&self->rig, variant->family, variant->type,
				  false, LEN));
}

FIXTURE_TEARDOWN(copies)
{
	EXPECT_EQ(0, rb_rig_close(&self->rig));
}

/* Send to sock, which reads it, and see that every byte went this way. */
static void check(struct __test_metadata *_metadata, struct rb_rig *rig,
		  __u64 offset, __u32 length, __u32 reasons)
{
	struct regbuf_ioc_stats before, after;
	struct regbuf_ioc_send msg;
	struct rb_sink sink;

	ASSERT_EQ(0, rb_stats(rig->dev, &before));
	ASSERT_EQ(0, rb_sink_start(&sink, rig->far, length));
	ASSERT_EQ(0, rb_rig_send(rig, offset, length, &msg));
	if (reasons)
		EXPECT_EQ(0, rb_in_flight(rig->dev, rig->id));
	EXPECT_EQ(length, msg.sent);
	EXPECT_EQ(reasons ? 0 : length, msg.zerocopied);
	EXPECT_EQ(reasons ? length : 0, msg.copied);
	EXPECT_EQ(reasons, msg.copy_reasons);
	ASSERT_EQ(0, rb_sink_finish(&sink, rig->mem + offset));

	/* Of one reason at most: then it must be counted under it, exactly. */
	ASSERT_EQ(0, rb_stats(rig->dev, &after));
	EXPECT_EQ(before.sends + 1, after.sends);
	EXPECT_EQ(before.zerocopied + msg.zerocopied, after.zerocopied);
	for (int i = 0; i < REGBUF_COPY_MAX; i++) {
		EXPECT_EQ(before.copied[i] + (reasons & BIT(i) ? length : 0),
			  after.copied[i]) {
			TH_LOG("reason %d", i);
		}
	}
}

/* Replace the rig's sockets. */
static void reconnect(struct __test_metadata *_metadata, struct rb_rig *rig,
		      int family, int type, const char *host)
{
	int sv[2], err;

	close(rig->near);
	close(rig->far);
	err = host ? rb_pair_at(NULL, family, type, host, sv) :
		     rb_pair(&rig->net, family, type, sv);
	ASSERT_EQ(0, err);
	rig->near = sv[0];
	rig->far = sv[1];
}

/* C13: over a virtual link zero-copied at first, and copied when it arrives. */
TEST_F(copies, later_over_veth)
{
	__u64 total = 0;

	for (__u32 length = 1; length <= 1400; length += 333) {
		check(_metadata, &self->rig, 100, length, 0);
		total += length;
	}
	if (variant->type == SOCK_STREAM) {
		check(_metadata, &self->rig, 7, LEN / 2, 0);
		total += LEN / 2;
	}
	ASSERT_EQ(0, rb_wait(self->rig.dev, self->rig.id, 10 * RB_SEC));
	ASSERT_EQ(0, rb_stats(self->rig.dev, &self->stats));
	EXPECT_EQ(total, self->stats.zerocopied);
	EXPECT_EQ(total, self->stats.copied_later);
	EXPECT_EQ(total, rb_total(&self->stats));
}

/* C13: what this machine receives itself is copied, and idle at once. */
TEST_F(copies, over_loopback)
{
	const char *host = variant->family == AF_INET ? "127.0.0.1" : "::1";

	reconnect(_metadata, &self->rig, variant->family, variant->type, host);
	check(_metadata, &self->rig, 100, 10000, BIT(REGBUF_COPY_LOOPBACK));
	check(_metadata, &self->rig, 1, 1, BIT(REGBUF_COPY_LOOPBACK));
	ASSERT_EQ(0, rb_stats(self->rig.dev, &self->stats));
	EXPECT_EQ(0, self->stats.copied_later);
}

/* C13: the same to an address of another link. */
TEST_F(copies, to_an_address_of_our_own)
{
	const char *host = variant->family == AF_INET ? RB_NEAR4 : RB_NEAR6;

	reconnect(_metadata, &self->rig, variant->family, variant->type, host);
	check(_metadata, &self->rig, 100, 1300, BIT(REGBUF_COPY_LOOPBACK));
}

/* C13: a link without scatter-gather. */
TEST_F(copies, without_scatter_gather)
{
	ASSERT_EQ(0, rb_ethtool("veth0", ETHTOOL_SSG, 0));
	reconnect(_metadata, &self->rig, variant->family, variant->type, NULL);
	check(_metadata, &self->rig, 100, 1300, BIT(REGBUF_COPY_DEVICE));
	if (variant->type == SOCK_STREAM)
		check(_metadata, &self->rig, 3, LEN / 2,
		      BIT(REGBUF_COPY_DEVICE));
}

/* C13: a link without checksum offload. */
TEST_F(copies, without_checksum_offload)
{
	ASSERT_EQ(0, rb_ethtool("veth0", ETHTOOL_STXCSUM, 0));
	reconnect(_metadata, &self->rig, variant->family, variant->type, NULL);
	check(_metadata, &self->rig, 100, 1300, BIT(REGBUF_COPY_DEVICE));
}

/* C13: the longest datagram that is not cut up, and one byte more. */
TEST_F(copies, at_the_mtu)
{
	__u32 fits = 1500 - 8 - (variant->family == AF_INET ? 20 : 40);
	__u32 reason = variant->type == SOCK_DGRAM ? BIT(REGBUF_COPY_MTU) : 0;

	check(_metadata, &self->rig, 0, fits, 0);
	check(_metadata, &self->rig, 0, fits + 1, reason);
	check(_metadata, &self->rig, 1, 50000, reason);
	ASSERT_EQ(0, rb_sh("ip link set veth0 mtu 1400"));
	check(_metadata, &self->rig, 1, fits - 100, 0);
	check(_metadata, &self->rig, 1, fits - 99, reason);
}

/* Send pieces that lie in pages apart from each other. */
static void send_pieces(struct __test_metadata *_metadata,
			FIXTURE_DATA(copies) *self, unsigned int nr)
{
	struct regbuf_slice slices[64];
	unsigned char expected[64 * 20];
	struct rb_sink sink;

	for (unsigned int i = 0; i < nr; i++) {
		slices[i] = rb_slice(self->rig.id, i * 2 * RB_PAGE + i, 20);
		memcpy(expected + i * 20, self->rig.mem + slices[i].offset, 20);
	}
	self->msg = rb_msg(self->rig.near, slices, nr);
	ASSERT_EQ(0, rb_sink_start(&sink, self->rig.far, nr * 20));
	ASSERT_EQ(0, rb_ioctl(self->rig.dev, REGBUF_IOC_SEND, &self->msg));
	EXPECT_EQ(nr * 20, self->msg.sent);
	ASSERT_EQ(0, rb_sink_finish(&sink, expected));
}

/* C13, hazard 6: a datagram in more pieces than an skb has place for. */
TEST_F(copies, too_many_pieces)
{
	static const unsigned int pieces[] = { 1, 8, 16, 18, 19, 40, 64 };
	bool copied;

	for (int i = 0; i < ARRAY_SIZE(pieces); i++) {
		send_pieces(_metadata, self, pieces[i]);
		/* A stream goes on in the next skb. */
		copied = variant->type == SOCK_DGRAM && pieces[i] > 17;
		EXPECT_EQ(copied ? BIT(REGBUF_COPY_FRAGS) : 0,
			  self->msg.copy_reasons);
		EXPECT_EQ(copied ? pieces[i] * 20 : 0, self->msg.copied);
		EXPECT_EQ(copied ? 0 : pieces[i] * 20, self->msg.zerocopied);
	}
}

/* C13: every reason side by side; nothing is counted twice or not at all. */
TEST_F(copies, counters_add_up)
{
	struct rb_rig *rig = &self->rig;
	struct regbuf_slice slices[] = {
		rb_inline("head", 4),
		rb_slice(rig->id, 5, 900),
	};
	__u64 total = 0;
	char data[2048];

	for (int i = 0; i < 50; i++) {
		self->msg = rb_msg(rig->near, slices + i % 2, 2 - i % 2);
		ASSERT_EQ(0, rb_ioctl(rig->dev, REGBUF_IOC_SEND, &self->msg));
		EXPECT_EQ(self->msg.sent,
			  self->msg.zerocopied + self->msg.copied);
		total += self->msg.sent;
		ASSERT_LT(0, recv(rig->far, data, sizeof(data), 0));
	}
	ASSERT_EQ(0, rb_wait(rig->dev, rig->id, 20 * RB_SEC));
	reconnect(_metadata, rig, variant->family, variant->type,
		  variant->family == AF_INET ? "127.0.0.1" : "::1");
	check(_metadata, rig, 0, 5000, BIT(REGBUF_COPY_LOOPBACK));
	/* Inline and loopback in one: each byte under its own reason. */
	self->msg = rb_msg(rig->near, slices, 2);
	ASSERT_EQ(0, rb_ioctl(rig->dev, REGBUF_IOC_SEND, &self->msg));
	EXPECT_EQ(BIT(REGBUF_COPY_INLINE) | BIT(REGBUF_COPY_LOOPBACK),
		  self->msg.copy_reasons);
	EXPECT_EQ(904, self->msg.copied);

	ASSERT_EQ(0, rb_stats(rig->dev, &self->stats));
	EXPECT_EQ(50 + 2, self->stats.sends);
	EXPECT_EQ(50 * 900, self->stats.zerocopied);
	EXPECT_EQ(25 * 4 + 4, self->stats.copied[REGBUF_COPY_INLINE]);
	EXPECT_EQ(5000 + 900, self->stats.copied[REGBUF_COPY_LOOPBACK]);
	EXPECT_EQ(total + 5000 + 904, rb_total(&self->stats));
}

/*
 * dummy0 swallows packets without looking at them: the only link here on which
 * nothing is ever copied.
 */
static void to_dummy(struct __test_metadata *_metadata,
		     FIXTURE_DATA(copies) *self, int family)
{
	struct sockaddr_storage ss;
	socklen_t len;

	ASSERT_EQ(0, rb_sh("ip link add dummy0 type dummy && "
			   "ip addr add 10.75.0.1/24 dev dummy0 && "
			   "ip addr add fd75::1/64 dev dummy0 nodad && "
			   "ip link set dummy0 up"));
	len = rb_addr(family, family == AF_INET ? "10.75.0.2" : "fd75::2", 9,
		      &ss);
	close(self->rig.near);
	self->rig.near = socket(family, SOCK_DGRAM, 0);
	ASSERT_LE(0, self->rig.near);
	ASSERT_EQ(0, connect(self->rig.near, (struct sockaddr *)&ss, len));
}

/* C13: no byte is copied where none needs to be, and none is said to be. */
TEST_F(copies, never_to_a_dummy)
{
	to_dummy(_metadata, self, variant->family);
	for (int i = 0; i < 20; i++) {
		ASSERT_EQ(0, rb_rig_send(&self->rig, i, 1300, &self->msg));
		EXPECT_EQ(1300, self->msg.zerocopied);
		EXPECT_EQ(0, self->msg.copied);
		EXPECT_EQ(0, self->msg.copy_reasons);
	}
	ASSERT_EQ(0, rb_wait(self->rig.dev, self->rig.id, 10 * RB_SEC));
	ASSERT_EQ(0, rb_stats(self->rig.dev, &self->stats));
	EXPECT_EQ(20 * 1300, self->stats.zerocopied);
	EXPECT_EQ(0, self->stats.copied_later);
}

/* C13, hazard 14: a packet tap copies, told when the send is through. */
TEST_F(copies, later_by_a_tap)
{
	struct sockaddr_ll ll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
	};
	int tap;

	to_dummy(_metadata, self, variant->family);
	tap = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
	ASSERT_LE(0, tap);
	ll.sll_ifindex = if_nametoindex("dummy0");
	ASSERT_EQ(0, bind(tap, (struct sockaddr *)&ll, sizeof(ll)));
	ASSERT_EQ(0, rb_rig_send(&self->rig, 0, 1300, &self->msg));
	EXPECT_EQ(1300, self->msg.zerocopied);
	ASSERT_EQ(0, rb_wait(self->rig.dev, self->rig.id, 10 * RB_SEC));
	ASSERT_EQ(0, rb_stats(self->rig.dev, &self->stats));
	EXPECT_EQ(1300, self->stats.copied_later);
	close(tap);
	ASSERT_EQ(0, rb_rig_send(&self->rig, 0, 1000, &self->msg));
	ASSERT_EQ(0, rb_wait(self->rig.dev, self->rig.id, 10 * RB_SEC));
	ASSERT_EQ(0, rb_stats(self->rig.dev, &self->stats));
	EXPECT_EQ(2300, self->stats.zerocopied);
	EXPECT_EQ(1300, self->stats.copied_later);
}

FIXTURE(protocol)
{
	struct rb_rig rig;
};

FIXTURE_VARIANT(protocol)
{
	int family;
	bool loopback;
};

FIXTURE_VARIANT_ADD(protocol, tcp4) { .family = AF_INET };
FIXTURE_VARIANT_ADD(protocol, tcp6_loopback) {
	.family = AF_INET6,
	.loopback = true,
};

FIXTURE_SETUP(protocol)
{
	ASSERT_EQ(0, rb_rig_setup(&self->rig, variant->family, SOCK_STREAM,
				  variant->loopback, LEN));
}

FIXTURE_TEARDOWN(protocol)
{
	EXPECT_EQ(0, rb_rig_close(&self->rig));
}

/*
 * C13, hazard 11: kTLS sees the bytes itself; the other side reads them as they
 * were. A kernel without the cipher still has the layer, passing them on.
 */
TEST_F(protocol, ktls)
{
	struct rb_rig *rig = &self->rig;
	int err;

	ASSERT_EQ(0, rb_tls_layer(rig->near));
	check(_metadata, rig, 0, 3000, BIT(REGBUF_COPY_PROTOCOL));
	ASSERT_EQ(0, rb_tls_layer(rig->far));
	err = rb_tls_key(rig->near, TLS_TX);
	ASSERT_TRUE(!err || err == -ENOENT) {
		TH_LOG("TLS_TX: %d", err);
	}
	if (!err)
		ASSERT_EQ(0, rb_tls_key(rig->far, TLS_RX));
	check(_metadata, rig, 0, 5, BIT(REGBUF_COPY_PROTOCOL));
	check(_metadata, rig, 77, 100000, BIT(REGBUF_COPY_PROTOCOL));
}

static int bpf(int cmd, union bpf_attr *attr)
{
	return syscall(__NR_bpf, cmd, attr, sizeof(*attr));
}

/* C13, hazard 11: a socket in a sockmap. Kernels without BPF have no such. */
TEST_F(protocol, sockmap)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_SOCKMAP,
		.key_size = 4,
		.value_size = 4,
		.max_entries = 1,
	};
	__u32 key = 0;
	int map = bpf(BPF_MAP_CREATE, &attr);

	if (map < 0 && errno == ENOSYS)
		SKIP(return, "this kernel has no BPF");
	ASSERT_LE(0, map);
	attr = (union bpf_attr){
		.map_fd = map,
		.key = (unsigned long)&key,
		.value = (unsigned long)&self->rig.near,
	};
	ASSERT_EQ(0, bpf(BPF_MAP_UPDATE_ELEM, &attr));
	check(_metadata, &self->rig, 3, 100000, BIT(REGBUF_COPY_PROTOCOL));
	close(map);
}

#include "regbuf_main.h"
