// SPDX-License-Identifier: GPL-2.0
/*
 * C3, C4: datagrams: each arrives as it was or is an error of its own, with its
 * destination and control data.
 */
#include "regbuf_lane.h"

#include <netinet/udp.h>

#include "kselftest_harness.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT	103
#endif

#define LEN	(128UL << 10)

FIXTURE(dgram)
{
	struct rb_qrig qr;
	struct rb_queue *q;
	struct rb_rig *rig;
	struct rb_tally *tally;
};

FIXTURE_VARIANT(dgram)
{
	int family;
	bool loopback;
	const char *host;	/* or the usual one */
};

FIXTURE_VARIANT_ADD(dgram, udp4) { .family = AF_INET };
FIXTURE_VARIANT_ADD(dgram, udp6) { .family = AF_INET6 };
FIXTURE_VARIANT_ADD(dgram, udp4_loopback) {
	.family = AF_INET,
	.loopback = true,
};
FIXTURE_VARIANT_ADD(dgram, udp_mapped) {
	.family = AF_INET6,
	.host = "::ffff:" RB_PEER4,
};

/* Put other sockets into the rig. */
static void reconnect(struct __test_metadata *_metadata,
		      FIXTURE_DATA(dgram) *self, int family, const char *host)
{
	struct rb_net *net = self->rig->net.peer ? &self->rig->net : NULL;
	int sv[2];

	ASSERT_EQ(0, rb_q_detach(self->q, self->qr.ep, 0));
	close(self->rig->near);
	close(self->rig->far);
	ASSERT_EQ(0, rb_pair_at(net, family, SOCK_DGRAM, host, sv));
	self->rig->near = sv[0];
	self->rig->far = sv[1];
	ASSERT_EQ(0, rb_q_attach(self->q, sv[0], RB_BOTH, 0, 0, &self->qr.ep));
}

FIXTURE_SETUP(dgram)
{
	self->q = &self->qr.q;
	self->rig = &self->qr.rig;
	ASSERT_EQ(0, rb_qrig_setup(&self->qr, variant->family, SOCK_DGRAM,
				   variant->loopback, LEN, 128));
	if (variant->host)
		reconnect(_metadata, self, variant->family, variant->host);
	/* Nothing is dropped for want of room at the receiver. */
	ASSERT_EQ(0, rb_sockbuf(self->rig->far, SO_RCVBUFFORCE, 1 << 20));
	/* From another CPU later ones could be faster. */
	ASSERT_EQ(0, rb_stay());
	self->tally = rb_tally_new(100);
	ASSERT_NE(NULL, self->tally);
}

FIXTURE_TEARDOWN(dgram)
{
	free(self->tally);
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

/* 0 if the next datagram has exactly these bytes. */
static int arrives(int sock, const void *bytes, size_t len)
{
	static char data[65536];
	ssize_t n;
	int came = rb_within(10, ({
		n = recv(sock, data, sizeof(data), MSG_DONTWAIT);
		n >= 0; }));

	if (!came)
		fprintf(stderr, "# no datagram\n");
	else if (n != len)
		fprintf(stderr, "# %zd bytes, not %zu\n", n, len);
	return n != len || memcmp(data, bytes, len);
}

/* Nothing that has not been read: a mark that was sent last comes first. */
static int silent(FIXTURE_DATA(dgram) *self)
{
	return send(self->rig->near, "mark", 4, 0) != 4 ||
	       arrives(self->rig->far, "mark", 4);
}

/* C1, C3, C4: from none to as many bytes as fit, in their order. */
TEST_F(dgram, every_length)
{
	static const __u32 lengths[] = {
		0, 1, 1400, 1400, 1400, 700, 0, 0, 1472, 1473, 4096, 9000, 1,
		65507,
	};

	for (int i = 0; i < ARRAY_SIZE(lengths); i++)
		rb_qrig_send(&self->qr, i * 111, lengths[i], i + 1);
	self->tally->nr = ARRAY_SIZE(lengths);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	for (int i = 0; i < ARRAY_SIZE(lengths); i++) {
		EXPECT_EQ(0, arrives(self->rig->far, self->rig->mem + i * 111,
				     lengths[i])) {
			TH_LOG("the one of %u", lengths[i]);
		}
	}
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	for (int i = 0; i < ARRAY_SIZE(lengths); i++)
		EXPECT_EQ(0, rb_tally_differs(self->tally, i + 1, i + 1, 0,
					      lengths[i]));
	EXPECT_EQ(0, silent(self));
}

/* C3, C4: a run of the same length, which may go as one; the last differs. */
TEST_F(dgram, many_alike)
{
	for (int i = 1; i <= 100; i++)
		rb_qrig_send(&self->qr, i * 113, i == 100 ? 300 : 1000, i);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	for (int i = 1; i <= 100; i++) {
		ASSERT_EQ(0, arrives(self->rig->far, self->rig->mem + i * 113,
				     i == 100 ? 300 : 1000)) {
			TH_LOG("number %d", i);
		}
	}
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, 99, 0, 1000));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 100, 100, 0, 300));
	EXPECT_EQ(0, silent(self));
}

/* C4: one that is too long is an error of its own. */
TEST_F(dgram, too_long)
{
	rb_qrig_send(&self->qr, 0, 100, 1);
	rb_qrig_send(&self->qr, 0, 66000, 2);
	rb_qrig_send(&self->qr, 7, 100, 3);
	self->tally->nr = 3;
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, 1, 0, 100));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 2, 2, EMSGSIZE, 0));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 3, 3, 0, 100));
	EXPECT_EQ(0, arrives(self->rig->far, self->rig->mem, 100));
	EXPECT_EQ(0, arrives(self->rig->far, self->rig->mem + 7, 100));
	EXPECT_EQ(0, silent(self));
}

/* C4: lists with bytes of the program between them are one datagram. */
TEST_F(dgram, lists)
{
	struct regbuf_slice list[] = {
		rb_inline("head", 4),
		rb_slice(self->rig->id, 5000, 700),
		rb_slice(self->rig->id, 1, 0),
		rb_slice(self->rig->id, 100, 300),
	};
	unsigned char whole[1004];

	memcpy(whole, "head", 4);
	memcpy(whole + 4, self->rig->mem + 5000, 700);
	memcpy(whole + 704, self->rig->mem + 100, 300);
	rb_sqe_send_list(self->q, self->qr.ep, list, 4, 1);
	rb_sqe_send_inline(self->q, self->qr.ep, "all of it", 9, 2);
	self->tally->nr = 2;
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	memset(list, 0xff, sizeof(list));
	EXPECT_EQ(0, arrives(self->rig->far, whole, 1004));
	EXPECT_EQ(0, arrives(self->rig->far, "all of it", 9));
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, 1, 0, 1004));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 2, 2, 0, 9));
}

/* Attach one that is not connected in place of the near one. */
static void disconnect(struct __test_metadata *_metadata,
		       FIXTURE_DATA(dgram) *self, int family)
{
	ASSERT_EQ(0, rb_q_detach(self->q, self->qr.ep, 0));
	close(self->rig->near);
	self->rig->near = socket(family, SOCK_DGRAM, 0);
	ASSERT_LE(0, self->rig->near);
	ASSERT_EQ(0, rb_q_attach(self->q, self->rig->near, RB_BOTH, 0, 0,
				 &self->qr.ep));
}

static struct regbuf_sqe *send_to(FIXTURE_DATA(dgram) *self, __u32 length,
				  const void *addr, __u64 data)
{
	struct regbuf_sqe *sqe = rb_qrig_send(&self->qr, 0, length, data);

	sqe->flags |= REGBUF_SQE_F_ADDR_PTR;
	sqe->addr_id = (unsigned long)addr;
	return sqe;
}

/* C4: without a destination; the lane goes on. */
TEST_F(dgram, no_destination)
{
	unsigned char addr[REGBUF_ADDR_SIZE] = "";
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	ASSERT_EQ(0, getsockname(self->rig->far, (struct sockaddr *)&ss, &len));
	memcpy(addr, &ss, len);
	disconnect(_metadata, self, variant->family);
	rb_qrig_send(&self->qr, 0, 100, 1);
	send_to(self, 200, addr, 2);
	rb_qrig_send(&self->qr, 0, 100, 3);
	self->tally->nr = 3;
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, 1, EDESTADDRREQ, 0));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 2, 2, 0, 200));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 3, 3, EDESTADDRREQ, 0));
	EXPECT_EQ(0, arrives(self->rig->far, self->rig->mem, 200));
}

/* C4, C7: two destinations by turns, out of memory that is used again. */
static void two_destinations(struct __test_metadata *_metadata,
			     FIXTURE_DATA(dgram) *self, int family,
			     const char *host, bool pointer)
{
	unsigned char *mem = self->rig->mem, *addrs = mem + 70000;
	struct sockaddr_storage ss;
	struct regbuf_sqe *sqe;
	int socks[2];
	socklen_t len;

	disconnect(_metadata, self, family);
	for (int i = 0; i < 2; i++) {
		socks[i] = rb_bound(family, SOCK_DGRAM, host, &ss, &len);
		ASSERT_LE(0, socks[i]);
		memset(addrs + 28 * i, 0, REGBUF_ADDR_SIZE);
		memcpy(addrs + 28 * i, &ss, len);
	}
	for (int i = 0; i < 10; i++) {
		sqe = send_to(self, 100 + i, addrs + i % 2 * 28, i + 1);
		if (pointer)
			continue;
		sqe->flags = REGBUF_SQE_F_ADDR;
		sqe->addr_id = self->rig->id;
		sqe->addr_offset = 70000 + i % 2 * 28;
	}
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	memset(addrs, 0xff, 56);
	for (int i = 0; i < 10; i++)
		EXPECT_EQ(0, arrives(socks[i % 2], mem, 100 + i));
	self->tally->nr = 10;
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	for (int i = 0; i < 10; i++)
		EXPECT_EQ(0, rb_tally_differs(self->tally, i + 1, i + 1, 0,
					      100 + i));
	close(socks[0]);
	close(socks[1]);
}

TEST_F(dgram, destination_in_a_buffer)
{
	two_destinations(_metadata, self, variant->family,
			 rb_loopback(variant->family), false);
}

TEST_F(dgram, destination_by_pointer)
{
	two_destinations(_metadata, self, variant->family,
			 rb_loopback(variant->family), true);
}

TEST_F(dgram, destination_of_the_other_family)
{
	two_destinations(_metadata, self, AF_INET6, "::ffff:127.0.0.1",
			 variant->loopback);
}

/* C7, C5: where a destination must not come from. */
TEST_F(dgram, destination_out_of_bounds)
{
	struct regbuf_sqe *sqe;
	__u64 write_only;

	ASSERT_EQ(0, rb_register(self->rig->dev, self->rig->mem, LEN, RB_WRITE,
				 &write_only));
	sqe = rb_qrig_send(&self->qr, 0, 10, 1);
	sqe->flags = REGBUF_SQE_F_ADDR;
	sqe->addr_id = write_only;
	EXPECT_EQ(0, rb_q_refuses(self->q, -EACCES));
	sqe = rb_qrig_send(&self->qr, 0, 10, 1);
	sqe->flags = REGBUF_SQE_F_ADDR;
	sqe->addr_id = self->rig->id;
	sqe->addr_offset = LEN - REGBUF_ADDR_SIZE + 1;
	EXPECT_EQ(0, rb_q_refuses(self->q, -EFAULT));
	send_to(self, 10, NULL, 1);
	EXPECT_EQ(0, rb_q_refuses(self->q, -EFAULT));
	EXPECT_EQ(0, silent(self));
}

/* C4, C17: whatever is said to be an address: at most an error of its own. */
static void check_garbage(struct __test_metadata *_metadata,
			  FIXTURE_DATA(dgram) *self, unsigned char fill)
{
	unsigned char addr[REGBUF_ADDR_SIZE];
	struct regbuf_cqe cqe;

	for (__u16 family = 0; family < 46; family++) {
		memset(addr, fill, sizeof(addr));
		memcpy(addr, &family, sizeof(family));
		send_to(self, 100, addr, family);
		ASSERT_EQ(0, rb_q_submit_all(self->q));
		ASSERT_EQ(0, rb_q_next(self->q, &cqe));
		EXPECT_EQ(family, cqe.user_data);
		EXPECT_EQ(cqe.error ? 0 : 100, cqe.value);
		if (family != AF_UNSPEC && family != AF_INET &&
		    family != AF_INET6)
			EXPECT_NE(0, cqe.error);
	}
}

TEST_F(dgram, garbage_for_a_destination)
{
	check_garbage(_metadata, self, 0);
	check_garbage(_metadata, self, 0x7f);
	disconnect(_metadata, self, variant->family);
	check_garbage(_metadata, self, 0);
	check_garbage(_metadata, self, 0xff);
}

/* C4: a socket that becomes one of IPv4 (IPV6_ADDRFORM) in between. */
TEST_F(dgram, turned_into_ipv4)
{
	int family = AF_INET;

	reconnect(_metadata, self, AF_INET6,
		  variant->loopback ? "::ffff:127.0.0.1" :
				      "::ffff:" RB_PEER4);
	self->tally->nr = 4;
	for (int i = 1; i <= 4; i++) {
		rb_qrig_send(&self->qr, i, 1000, i);
		ASSERT_EQ(0, rb_q_submit_all(self->q));
		EXPECT_EQ(0, arrives(self->rig->far, self->rig->mem + i, 1000));
		if (i == 2)
			ASSERT_EQ(0, setsockopt(self->rig->near, SOL_IPV6,
						IPV6_ADDRFORM, &family,
						sizeof(family)));
	}
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, 4, 0, 1000));
}

/* C4: a network error of one destination is not another's. */
TEST_F(dgram, broadcast_is_not_allowed)
{
	struct sockaddr_in everybody = {
		.sin_family = AF_INET,
		.sin_port = htons(9),
		.sin_addr.s_addr = htonl(INADDR_BROADCAST),
	};
	unsigned char addr[REGBUF_ADDR_SIZE] = "";

	memcpy(addr, &everybody, sizeof(everybody));
	reconnect(_metadata, self, AF_INET,
		  variant->loopback ? "127.0.0.1" : RB_PEER4);
	rb_qrig_send(&self->qr, 0, 100, 1);
	send_to(self, 100, addr, 2);
	rb_qrig_send(&self->qr, 0, 100, 3);
	self->tally->nr = 3;
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, 1, 0, 100));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 3, 3, 0, 100));
	EXPECT_EQ(0, arrives(self->rig->far, self->rig->mem, 100));
	EXPECT_EQ(0, arrives(self->rig->far, self->rig->mem, 100));
	EXPECT_TRUE(self->tally->cqes[2].error == EACCES ||
		    self->tally->cqes[2].error == ENETUNREACH);
	EXPECT_EQ(0, self->tally->cqes[2].value);
	EXPECT_EQ(0, silent(self));
}

/* Close the far socket, send to it, which is unreachable now. */
static void provoke(struct __test_metadata *_metadata,
		    FIXTURE_DATA(dgram) *self, struct sockaddr_storage *ss)
{
	socklen_t len = sizeof(*ss);

	ASSERT_EQ(0, getsockname(self->rig->far, (struct sockaddr *)ss, &len));
	close(self->rig->far);
	rb_qrig_send(&self->qr, 0, 100, 90);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
}

/* Open it again. */
static void reopen(struct __test_metadata *_metadata,
		   FIXTURE_DATA(dgram) *self, struct sockaddr_storage *ss)
{
	socklen_t len = ss->ss_family == AF_INET ? sizeof(struct sockaddr_in) :
						   sizeof(struct sockaddr_in6);

	if (self->rig->net.peer)
		ASSERT_EQ(0, rb_net_peer(&self->rig->net));
	self->rig->far = socket(ss->ss_family, SOCK_DGRAM, 0);
	ASSERT_EQ(0, bind(self->rig->far, (struct sockaddr *)ss, len));
	if (self->rig->net.peer)
		ASSERT_EQ(0, rb_net_near(&self->rig->net));
}

/* C4: nobody was there: one datagram of those behind it is not sent. */
TEST_F(dgram, port_unreachable)
{
	struct sockaddr_storage ss;

	provoke(_metadata, self, &ss);
	ASSERT_EQ(0, rb_q_value(self->q, 90, 100));
	ASSERT_TRUE(rb_within(10, rb_sock_events(self->rig->near, 0) &
				  POLLERR));
	reopen(_metadata, self, &ss);
	for (int i = 1; i <= 8; i++)
		rb_qrig_send(&self->qr, i * 10, 100, i);
	self->tally->nr = 8;
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, 1, ECONNREFUSED, 0));
	EXPECT_EQ(0, self->tally->cqes[1].flags & REGBUF_CQE_F_SHARED);
	EXPECT_EQ(0, rb_tally_differs(self->tally, 2, 8, 0, 100));
	for (int i = 2; i <= 8; i++)
		EXPECT_EQ(0, arrives(self->rig->far, self->rig->mem + i * 10,
				     100));
	EXPECT_EQ(0, silent(self));
}

/* C4: or a receive is told, one, and those behind it go on. */
TEST_F(dgram, port_unreachable_seen_by_a_receive)
{
	struct sockaddr_storage ss, near;
	socklen_t len = sizeof(near);
	struct regbuf_cqe cqe;

	ASSERT_EQ(0, getsockname(self->rig->near, (struct sockaddr *)&near,
				 &len));
	rb_qrig_recv(&self->qr, 5000, 100, 1);
	rb_qrig_recv(&self->qr, 6000, 100, 2);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	provoke(_metadata, self, &ss);
	/* The send has nothing to do with it; one or the other comes first. */
	while (self->tally->done < 2) {
		ASSERT_EQ(0, rb_q_next(self->q, &cqe));
		ASSERT_EQ(0, rb_tally_add(self->tally, &cqe));
	}
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, 1, ECONNREFUSED, 0));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 90, 90, 0, 100));
	reopen(_metadata, self, &ss);
	ASSERT_EQ(3, sendto(self->rig->far, "abc", 3, 0,
			    (struct sockaddr *)&near, len));
	EXPECT_EQ(0, rb_q_value(self->q, 2, 3));
	EXPECT_EQ(0, memcmp(self->rig->mem + 6000, "abc", 3));
}

/* Give an entry what few entries have. */
static void extend(struct regbuf_sqe *sqe, struct regbuf_ext *ext)
{
	ext->size = sizeof(*ext);
	sqe->ext = (unsigned long)ext;
}

/* C4: one send of many segments is many datagrams. */
TEST_F(dgram, segments)
{
	struct regbuf_ext ext = { .segment = 1000 };

	extend(rb_qrig_send(&self->qr, 0, 4500, 1), &ext);
	rb_qrig_send(&self->qr, 77, 4500, 2);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	memset(&ext, 0xff, sizeof(ext));
	for (int i = 0; i < 5; i++)
		EXPECT_EQ(0, arrives(self->rig->far, self->rig->mem + i * 1000,
				     i < 4 ? 1000 : 500));
	EXPECT_EQ(0, arrives(self->rig->far, self->rig->mem + 77, 4500));
	self->tally->nr = 2;
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, 2, 0, 4500));
	EXPECT_EQ(0, silent(self));
}

/* The value of one control message with the next datagram, or -1. */
static int arrives_with(int sock, int level, int type)
{
	char control[256], data[2048];
	struct iovec iov = { data, sizeof(data) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	unsigned char *value;

	if (!rb_within(10, recvmsg(sock, &msg, MSG_DONTWAIT) >= 0))
		return -1;
	value = rb_cmsg_find(control, msg.msg_controllen, level, type);
	return value ? *value : -1;
}

/* Control data of a send: the bits for congestion, say, differ by datagram. */
TEST_F(dgram, traffic_class)
{
	bool six = variant->family == AF_INET6 && !variant->host;
	int level = six ? IPPROTO_IPV6 : IPPROTO_IP;
	int type = six ? IPV6_TCLASS : IP_TOS;
	struct regbuf_ext ext[4];
	char control[4][64];
	int tos;

	/* An IPv4 address in an IPv6 socket is asked for both. */
	rb_sockopt_on(self->rig->far, IPPROTO_IP, IP_RECVTOS);
	rb_sockopt_on(self->rig->far, IPPROTO_IPV6, IPV6_RECVTCLASS);
	for (int i = 0; i < 4; i++) {
		tos = i;
		ext[i] = (struct regbuf_ext){
			.ctl_id = (unsigned long)control[i],
			.ctl_length = rb_cmsg(control[i], level, type, &tos,
					      sizeof(tos)),
		};
		extend(rb_qrig_send(&self->qr, 0, 1000, i + 1), &ext[i]);
	}
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	memset(control, 0xff, sizeof(control));
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(i, arrives_with(self->rig->far, level, type));
	self->tally->nr = 4;
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, 4, 0, 1000));
}

/* Which of its addresses a machine sends from. */
TEST_F(dgram, source_by_packet_info)
{
	struct in_pktinfo info = { .ipi_ifindex = 0 };
	struct sockaddr_storage ss, from = {};
	unsigned char addr[REGBUF_ADDR_SIZE] = "";
	socklen_t len, from_len = sizeof(from);
	struct regbuf_ext ext = {};
	struct regbuf_sqe *sqe;
	char control[64], byte;
	int sock;

	disconnect(_metadata, self, AF_INET);
	sock = rb_bound(AF_INET, SOCK_DGRAM, "127.0.0.1", &ss, &len);
	memcpy(addr, &ss, len);
	info.ipi_spec_dst.s_addr = htonl(INADDR_LOOPBACK + 41);
	ext.ctl_id = (unsigned long)control;
	ext.ctl_length = rb_cmsg(control, IPPROTO_IP, IP_PKTINFO, &info,
				 sizeof(info));
	sqe = send_to(self, 1, addr, 1);
	extend(sqe, &ext);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, rb_q_value(self->q, 1, 1));
	ASSERT_TRUE(rb_within(10, recvfrom(sock, &byte, 1, MSG_DONTWAIT,
					   (struct sockaddr *)&from,
					   &from_len) == 1));
	EXPECT_EQ(htonl(INADDR_LOOPBACK + 41),
		  ((struct sockaddr_in *)&from)->sin_addr.s_addr);
	close(sock);
}

/* Control data that are none; C4: they concern one datagram. */
TEST_F(dgram, bad_control_data)
{
	struct regbuf_ext bad = {}, long_one = {}, nowhere = {};
	char control[512] = "";

	memset(control, 0xff, 64);
	bad.ctl_id = (unsigned long)control;
	bad.ctl_length = 64;
	extend(rb_qrig_send(&self->qr, 0, 100, 1), &bad);
	rb_qrig_send(&self->qr, 0, 100, 2);
	self->tally->nr = 2;
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, 1, EINVAL, 0));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 2, 2, 0, 100));
	EXPECT_EQ(0, arrives(self->rig->far, self->rig->mem, 100));

	long_one.ctl_id = (unsigned long)control;
	long_one.ctl_length = REGBUF_MAX_CONTROL + 8;
	extend(rb_qrig_send(&self->qr, 0, 100, 3), &long_one);
	EXPECT_EQ(0, rb_q_refuses(self->q, -EINVAL));
	nowhere.ctl_id = 8;
	nowhere.ctl_length = 64;
	extend(rb_qrig_send(&self->qr, 0, 100, 4), &nowhere);
	EXPECT_EQ(0, rb_q_refuses(self->q, -EFAULT));
	EXPECT_EQ(0, silent(self));
}

#define LATE4	"10.73.0.3"

/* Who waits for that address learns where it is: somebody there asks for us. */
static int appear(const struct rb_net *net)
{
	struct nl_sock *nl = nl_socket_alloc();
	struct sockaddr_storage ss, near;
	int sock = -1, err = -1;
	socklen_t len;

	if (rb_net_peer(net) || nl_connect(nl, NETLINK_ROUTE))
		return -1;
	if (!rb_net_addr(nl, "veth1", AF_INET, LATE4 "/24"))
		sock = rb_bound(AF_INET, SOCK_DGRAM, LATE4, &ss, &len);
	len = rb_addr(AF_INET, RB_NEAR4, 9, &near);
	if (sock >= 0)
		err = sendto(sock, "?", 1, 0, (struct sockaddr *)&near, len);
	close(sock);
	nl_socket_free(nl);
	return rb_net_near(net) ?: err != 1;
}

/*
 * How many of thirty, of 901 bytes and more, came as they should, each once.
 * The first ones are on their way when the others are let in: those may be
 * faster.
 */
static int all_arrive(int sock, const unsigned char *mem)
{
	bool came[31] = {};
	char data[1000];
	int nr, i;

	for (nr = 0; nr < 30; nr++) {
		ssize_t n = -1;

		rb_within(10, (n = recv(sock, data, sizeof(data),
					MSG_DONTWAIT)) >= 0);
		i = n - 900;
		if (i < 1 || i > 30 || came[i] || memcmp(mem + i, data, n))
			break;
		came[i] = true;
	}
	return nr;
}

/* C1, C4: no room in the socket: they wait for it, and none is lost. */
TEST(no_room_for_datagrams)
{
	struct rb_tally *tally = rb_tally_new(30);
	struct sockaddr_storage ss;
	struct rb_qrig qr = {};
	socklen_t len;
	int far, port;

	ASSERT_EQ(0, rb_qrig_setup(&qr, AF_INET, SOCK_DGRAM, false, LEN, 128));
	ASSERT_EQ(0, rb_net_peer(&qr.rig.net));
	far = rb_bound(AF_INET, SOCK_DGRAM, "0.0.0.0", &ss, &len);
	ASSERT_LE(0, far);
	ASSERT_EQ(0, rb_net_near(&qr.rig.net));
	port = ntohs(((struct sockaddr_in *)&ss)->sin_port);
	len = rb_addr(AF_INET, LATE4, port, &ss);
	ASSERT_EQ(0, connect(qr.rig.near, (struct sockaddr *)&ss, len));
	ASSERT_EQ(0, rb_sockbuf(qr.rig.near, SO_SNDBUF, 1));

	/* Nobody there yet: what is sent waits, and takes up room. */
	for (int i = 1; i <= 30; i++)
		rb_sqe_send_inline(&qr.q, qr.ep, qr.rig.mem + i, 900 + i, i);
	ASSERT_EQ(0, rb_q_submit_all(&qr.q));
	EXPECT_GT(30, rb_q_ready(&qr.q));
	ASSERT_EQ(0, appear(&qr.rig.net));
	EXPECT_EQ(30, all_arrive(far, qr.rig.mem));
	ASSERT_EQ(0, rb_tally_all(tally, &qr.q));
	for (int i = 1; i <= 30; i++)
		EXPECT_EQ(0, rb_tally_differs(tally, i, i, 0, 900 + i));
	free(tally);
	EXPECT_EQ(0, rb_qrig_close(&qr));
}

#include "regbuf_main.h"
