// SPDX-License-Identifier: GPL-2.0
/*
 * C13: the VM's own card, of virtio, with scatter-gather and without. Its other
 * end takes no part: datagrams to a port that nobody listens at.
 */
#include "regbuf_lane.h"

#include "kselftest_harness.h"

#define CARD	"eth0"
#define LEN	1300

FIXTURE(card)
{
	struct rb_queue q;
	int dev, sock;
	unsigned char *mem;
	__u64 id;
	__u32 ep;
};

FIXTURE_VARIANT(card)
{
	int family;
	const char *far;
};

FIXTURE_VARIANT_ADD(card, ipv4) { AF_INET, "10.72.0.1" };
FIXTURE_VARIANT_ADD(card, ipv6) { AF_INET6, "fd72::1" };

FIXTURE_SETUP(card)
{
	struct sockaddr_storage to;
	socklen_t len = rb_addr(variant->family, variant->far, 9, &to);

	self->dev = rb_open();
	ASSERT_LE(0, self->dev);
	self->mem = rb_map(RB_PAGE, PROT_READ | PROT_WRITE, 0);
	ASSERT_NE(NULL, self->mem);
	ASSERT_EQ(0, rb_register(self->dev, self->mem, RB_PAGE,
				 REGBUF_ACCESS_READ, &self->id));
	ASSERT_EQ(0, rb_q_open(self->dev, &self->q, 4, 4, 0));
	self->sock = socket(variant->family, SOCK_DGRAM, 0);
	ASSERT_EQ(0, connect(self->sock, (void *)&to, len));
}

FIXTURE_TEARDOWN(card)
{
	EXPECT_EQ(0, rb_ethtool(CARD, ETHTOOL_SSG, 1));
	rb_q_close(&self->q);
	close(self->sock);
	close(self->dev);
	munmap(self->mem, RB_PAGE);
}

/* What the stack and the card make of one datagram. */
static void check_send(struct __test_metadata *_metadata,
		       FIXTURE_DATA(card) *self, __u32 reasons)
{
	struct regbuf_ioc_stats before, after;
	struct regbuf_cqe cqe;

	EXPECT_EQ(reasons, rb_q_attach_reasons(&self->q, self->sock,
					       &self->ep));
	ASSERT_EQ(0, rb_stats(self->dev, &before));
	rb_sqe_send(&self->q, self->ep, self->id, 1, LEN, 1);
	ASSERT_EQ(0, rb_q_submit_all(&self->q));
	ASSERT_EQ(0, rb_q_one(&self->q, &cqe));
	EXPECT_EQ(0, cqe.error);
	EXPECT_EQ(LEN, cqe.value);
	EXPECT_EQ(reasons, cqe.copy_reasons);
	ASSERT_EQ(0, rb_stats(self->dev, &after));
	EXPECT_EQ(before.zerocopied + (reasons ? 0 : LEN), after.zerocopied);
	EXPECT_EQ(before.copied[REGBUF_COPY_DEVICE] + (reasons ? LEN : 0),
		  after.copied[REGBUF_COPY_DEVICE]);
}

TEST_F(card, scatter_gather)
{
	check_send(_metadata, self, 0);
}

TEST_F(card, no_scatter_gather)
{
	ASSERT_EQ(0, rb_ethtool(CARD, ETHTOOL_SSG, 0));
	check_send(_metadata, self, RB_COPY(DEVICE));
}

TEST_HARNESS_MAIN
