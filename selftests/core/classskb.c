// SPDX-License-Identifier: GPL-2.0
/*
 * Bugs that others had with packets whose bytes are in a program's memory, by
 * class: see Documentation/bug-classes.rst. C1, C7, C13. Along paths of the
 * network, as many as there are: paths.c.
 */
#include "regbuf_buf.h"
#include "regbuf_xfrm.h"
#include "regbuf_tls.h"

#include <linux/errqueue.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <linux/sock_diag.h>
#include <net/ethernet.h>
#include <stdatomic.h>
#include <sys/sendfile.h>

#include "kselftest_harness.h"

#define LEN	(64UL << 10)
#define PAGES	(long)(LEN / RB_PAGE)
#define BOTH	(RB_READ | RB_WRITE)
/* Within a page each: UDPv6 of 6.1 sends a datagram for each page of a file. */
#define PIECE	1024

FIXTURE(skb)
{
	struct rb_qrig qr;
	struct rb_queue *q;
	struct rb_rig *rig;
	struct regbuf_ioc_send msg;
	char *want;		/* what the buffer had */
	int helper;		/* a socket that a test needs */
	atomic_int stop;
};

FIXTURE_VARIANT(skb)
{
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(skb, tcp4) { AF_INET, SOCK_STREAM };
FIXTURE_VARIANT_ADD(skb, tcp6) { AF_INET6, SOCK_STREAM };
FIXTURE_VARIANT_ADD(skb, udp4) { AF_INET, SOCK_DGRAM };
FIXTURE_VARIANT_ADD(skb, udp6) { AF_INET6, SOCK_DGRAM };

FIXTURE_SETUP(skb)
{
	self->q = &self->qr.q;
	self->rig = &self->qr.rig;
	self->helper = -1;
	ASSERT_EQ(0, rb_qrig_setup(&self->qr, variant->family, variant->type,
				   false, LEN, 64));
	ASSERT_EQ(0, rb_sockbuf(self->rig->near, SO_SNDBUFFORCE, 4 << 20));
	self->want = malloc(LEN);
	memcpy(self->want, self->rig->mem, LEN);
}

FIXTURE_TEARDOWN(skb)
{
	free(self->want);
	close(self->helper);
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

/* The next so many bytes, of a stream or a datagram. */
static int comes(const FIXTURE_DATA(skb) *self, size_t at, size_t len)
{
	char got[2 * PIECE];

	if (recv(self->rig->far, got, len, MSG_WAITALL) != (ssize_t)len)
		return -1;
	return memcmp(self->want + at, got, len);
}

/*
 * Registered without the right to be written to: no way to receive leads there.
 */
TEST_F(skb, shared_page_write_needs_the_right)
{
	struct rb_queue *q = self->q;
	__u32 ep = self->qr.ep;
	struct regbuf_array_entry entry;
	struct regbuf_slice slices[2];
	struct regbuf_ext ext = { .size = sizeof(ext), .ctl_length = 64 };
	__u64 id, all = self->rig->id;

	ASSERT_EQ(0, rb_register(self->rig->dev, self->rig->mem, LEN, RB_READ,
				 &id));
	entry = rb_entry(self->rig->mem, LEN, RB_READ);
	ASSERT_EQ(0, rb_array(self->rig->dev, &entry, 1));
	rb_sqe_recv(q, ep, id, 0, 100, 1);
	EXPECT_EQ(0, rb_q_refuses(q, -EACCES));
	rb_sqe_recv(q, ep, 0, 0, 100, 1)->flags = REGBUF_SQE_F_INDEX;
	EXPECT_EQ(0, rb_q_refuses(q, -EACCES));
	slices[0] = rb_slice(all, 0, 10);
	slices[1] = rb_slice(id, 0, 10);
	rb_sqe_recv_list(q, ep, slices, 2, 1);
	EXPECT_EQ(0, rb_q_refuses(q, -EACCES));
	EXPECT_EQ(-EACCES, rb_q_pool(q, id, 0, 100, 4));
	if (variant->type == SOCK_DGRAM) {
		struct regbuf_sqe *sqe = rb_sqe_recv(q, ep, all, 0, 100, 1);

		sqe->flags = REGBUF_SQE_F_ADDR;
		sqe->addr_id = id;
		EXPECT_EQ(0, rb_q_refuses(q, -EACCES));
		ext.ctl_id = id;
		rb_sqe_recv(q, ep, all, 0, 100, 1)->ext = (unsigned long)&ext;
		EXPECT_EQ(0, rb_q_refuses(q, -EACCES));
	}
	EXPECT_EQ(0, memcmp(self->want, self->rig->mem, LEN));
}

/* Somebody else's, who gave the right to read: not even by his own memory. */
TEST_F(skb, shared_page_write_not_to_another_s)
{
	int dev = rb_open(), fd;
	struct rb_queue q;
	__u64 id;
	__u32 ep;
	int sv[2];

	ASSERT_EQ(0, rb_pair(NULL, AF_INET, SOCK_DGRAM, sv));
	ASSERT_EQ(0, rb_q_open(dev, &q, 4, 4, 0));
	ASSERT_EQ(0, rb_q_attach(&q, sv[0], RB_BOTH, 0, 0, &ep));
	fd = rb_export(self->rig->dev, self->rig->id, 0, 0, RB_READ);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EACCES, rb_import(dev, fd, BOTH, &id));
	EXPECT_EQ(-EACCES, rb_import(dev, fd, RB_WRITE, &id));
	ASSERT_EQ(0, rb_import(dev, fd, RB_READ, &id));
	rb_sqe_recv(&q, ep, id, 0, 100, 1);
	EXPECT_EQ(0, rb_q_refuses(&q, -EACCES));
	EXPECT_EQ(0, rb_carries(dev, id, self->want, LEN));
	EXPECT_EQ(0, memcmp(self->want, self->rig->mem, LEN));
	rb_q_close(&q);
	close(fd);
	close(dev);
	close(sv[0]);
	close(sv[1]);
}

/* CVE-2026-31431: sockets that encrypt in place what they get: not ours. */
TEST_F(skb, shared_page_write_no_sockets_for_crypto)
{
	int sock = socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	__u32 ep;

	if (sock < 0)
		SKIP(return, "this kernel has none");
	EXPECT_EQ(-EOPNOTSUPP, rb_q_attach(self->q, sock, RB_BOTH, 0, 0, &ep));
	EXPECT_EQ(-EOPNOTSUPP, rb_send(self->rig->dev, sock, self->rig->id, 0,
				       100, &self->msg));
	close(sock);
}

/* Encrypted on a socket: elsewhere, not where the program has its bytes. */
TEST_F(skb, shared_page_write_tls)
{
	if (variant->type != SOCK_STREAM)
		SKIP(return, "of streams");
	ASSERT_EQ(0, rb_tls_layer(self->rig->near));
	ASSERT_EQ(0, rb_tls_layer(self->rig->far));
	if (rb_tls_key(self->rig->near, TLS_TX))
		SKIP(return, "this kernel has no cipher");
	ASSERT_EQ(0, rb_tls_key(self->rig->far, TLS_RX));
	for (int i = 0; i < 40; i++) {
		rb_qrig_send(&self->qr, i * PIECE, PIECE, 1);
		ASSERT_EQ(0, rb_q_submit_all(self->q));
		EXPECT_EQ(0, rb_q_value(self->q, 1, PIECE));
		EXPECT_EQ(0, rb_rig_send(self->rig, i * PIECE, PIECE,
					 &self->msg));
		ASSERT_EQ(0, comes(self, i * PIECE, PIECE));
		ASSERT_EQ(0, comes(self, i * PIECE, PIECE));
	}
	EXPECT_EQ(0, memcmp(self->want, self->rig->mem, LEN));
}

/*
 * What the flag SKBFL_SHARED_FRAG is for: a device that computes no checksums
 * has them computed of a copy, as the program may still write to what it sent.
 * Here it does, when that has happened and the packet has not left yet: it
 * arrives, as it was, and not as something that the checksum is not of.
 */
static long sent_packets(const char *device)
{
	FILE *file = fopen("/proc/thread-self/net/dev", "re");
	long packets = -1;
	char line[512], *at;

	while (file && fgets(line, sizeof(line), file)) {
		at = strstr(line, device);
		if (at && sscanf(at + strlen(device),
				 ": %*s %*s %*s %*s %*s %*s %*s %*s %*s %ld",
				 &packets) == 1)
			break;
	}
	if (file)
		fclose(file);
	return packets;
}

/* Packets of veth0 go by ifb0, which has no checksums, and then wait there. */
static int detour(void)
{
	return rb_sh("ip link add ifb0 type ifb") ||
	       rb_ethtool("ifb0", ETHTOOL_STXCSUM, 0) ||
	       rb_sh("ip link set ifb0 up && "
		     "tc qdisc add dev veth0 root netem delay 2s && "
		     "tc qdisc add dev veth0 clsact && "
		     "tc filter add dev veth0 egress matchall "
		     "action mirred egress redirect dev ifb0");
}

TEST_F(skb, cve_2026_43284_checksum_of_what_is_sent)
{
	/* What has another checksum does not come. */
	struct timeval limit = { .tv_sec = 20 };
	long before;

	/* A stream would be repaired by sending it again. */
	if (variant->type != SOCK_DGRAM)
		SKIP(return, "of datagrams");
	ASSERT_EQ(0, setsockopt(self->rig->far, SOL_SOCKET, SO_RCVTIMEO, &limit,
				sizeof(limit)));
	ASSERT_EQ(0, detour());
	before = sent_packets("ifb0");
	ASSERT_EQ(0, rb_rig_send(self->rig, 0, 1000, &self->msg));
	ASSERT_EQ(1000, self->msg.zerocopied);
	/* Later than in time it finds nothing to spoil any more. */
	ASSERT_TRUE(rb_within(20, sent_packets("ifb0") > before));
	memset(self->rig->mem, 0xa5, LEN);
	EXPECT_EQ(0, comes(self, 0, 1000));
}

/*
 * Decrypted on the way in: the program sends, as bytes of its own, what ESP in
 * UDP looks like. The network opens it, which it must not do in place, even if
 * packets are merged (GRO) before anybody has copied them.
 */
static int esp_both_ways(FIXTURE_DATA(skb) *self, int family)
{
	const char *near = family == AF_INET ? RB_NEAR4 : RB_NEAR6;
	const char *peer = family == AF_INET ? RB_PEER4 : RB_PEER6;
	const char *encap = family == AF_INET ?
			    "encap espinudp 4500 4500 0.0.0.0" :
			    "encap espinudp 4500 4500 ::";
	int far;

	/* Nothing that is encrypted already is, again. */
	self->helper = rb_decapsulate(family);
	if (self->helper < 0 || rb_xfrm(near, peer, true, encap) ||
	    rb_sh("ip xfrm policy add src %s dst %s proto 17 dport 4500 "
		  "dir out priority 1", near, peer) ||
	    rb_net_peer(&self->rig->net))
		return -1;
	far = rb_decapsulate(family);
	if (far < 0 || rb_sockopt_on(far, IPPROTO_UDP, UDP_GRO) ||
	    rb_xfrm(near, peer, false, encap) ||
	    rb_ethtool("veth1", ETHTOOL_SGRO, 1))
		return -1;
	return 0;
}

/* Whoever looks at frames sees one of those: its bytes behind UDP's. */
static ssize_t take_esp(int tap, int family, char *to, size_t max)
{
	size_t head = (family == AF_INET ? 20 : 40) + sizeof(struct udphdr);
	char frame[4096];
	struct udphdr udp;
	ssize_t n;

	while ((n = recv(tap, frame, sizeof(frame), 0)) > 0) {
		if ((size_t)n < head + 100 || n - head > max)
			continue;
		memcpy(&udp, frame + head - sizeof(udp), sizeof(udp));
		if (udp.dest != htons(4500))
			continue;
		memcpy(to, frame + head, n - head);
		return n - head;
	}
	return -1;
}

static int tap_open(void)
{
	/* What goes out is shown to those only who want all. */
	return socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_ALL));
}

TEST_F(skb, cve_2026_43284_esp_in_udp_of_ones_own)
{
	struct regbuf_slice slice;
	struct sockaddr_storage to;
	socklen_t to_len;
	char text[1000];
	ssize_t n;
	int tap;

	if (variant->type != SOCK_DGRAM)
		SKIP(return, "of datagrams");
	ASSERT_EQ(0, esp_both_ways(self, variant->family));
	ASSERT_EQ(0, rb_net_near(&self->rig->net));
	/* On this side: at the other it may be open before anybody looks. */
	tap = tap_open();
	/* Else whoever receives from it does not look for what to merge. */
	ASSERT_EQ(0, rb_ethtool("veth0", ETHTOOL_STSO, 0));
	memcpy(text, self->want, sizeof(text));
	ASSERT_EQ(1000, send(self->rig->near, text, 1000, 0));
	ASSERT_EQ(0, comes(self, 0, 1000));
	n = take_esp(tap, variant->family, (char *)self->rig->mem, LEN);
	ASSERT_LT(1000, n);
	close(tap);
	memcpy(self->want + LEN / 2, self->rig->mem, n);
	to_len = rb_addr(variant->family, variant->family == AF_INET ?
			 RB_PEER4 : RB_PEER6, 4500, &to);
	slice = rb_slice(self->rig->id, 0, n);
	for (int i = 0; i < 8; i++) {
		self->msg = rb_msg(self->helper, &slice, 1);
		self->msg.addr = (unsigned long)&to;
		self->msg.addr_len = to_len;
		ASSERT_EQ(0, rb_ioctl(self->rig->dev, REGBUF_IOC_SEND,
				      &self->msg));
		EXPECT_EQ(n, self->msg.zerocopied);
		/* It was opened: the text is there. The secret stays one. */
		ASSERT_EQ(0, comes(self, 0, 1000));
		ASSERT_EQ(0, memcmp(self->want + LEN / 2, self->rig->mem, n));
	}
}

/*
 * pfmemalloc: what a page's struct has in it while it is moved between lists is
 * no property of the packet. For the sanitizer of data races to look at; and
 * nothing is dropped for it.
 */
static void *move_pages_around(void *arg)
{
	FIXTURE_DATA(skb) *self = arg;
	char *mem = (char *)self->rig->mem;

	for (int i = 0; !atomic_load(&self->stop); i++) {
		mlock(mem, LEN);
		munlock(mem, LEN);
		madvise(mem, LEN, MADV_COLD);
		madvise(mem, LEN, i % 2 ? MADV_PAGEOUT : MADV_WILLNEED);
	}
	return NULL;
}

TEST_F_TIMEOUT(skb, cve_2022_48689_pages_that_change_lists, 60)
{
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, move_pages_around, self));
	for (int round = 0; round < 50; round++) {
		struct rb_tally *tally = rb_tally_new(16);

		for (int i = 0; i < 16; i++)
			rb_qrig_send(&self->qr, i * 4000, PIECE, i + 1);
		ASSERT_EQ(0, rb_q_submit_all(self->q));
		for (int i = 0; i < 16; i++)
			ASSERT_EQ(0, comes(self, i * 4000, PIECE));
		ASSERT_EQ(0, rb_tally_all(tally, self->q));
		EXPECT_EQ(0, rb_tally_differs(tally, 1, 16, 0, PIECE));
		free(tally);
	}
	atomic_store(&self->stop, 1);
	ASSERT_EQ(0, pthread_join(thread, NULL));
}

/* All events that a packet can have, each with the packet itself. */
static int stamp(int sock, int type)
{
	int what = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE |
		   SOF_TIMESTAMPING_TX_SCHED | SOF_TIMESTAMPING_OPT_ID;

	if (type == SOCK_STREAM)
		what |= SOF_TIMESTAMPING_TX_ACK;
	return setsockopt(sock, SOL_SOCKET, SO_TIMESTAMPING, &what,
			  sizeof(what));
}

/* How many messages the error queue has, of one origin if not 0. */
static unsigned int told(int sock, int origin)
{
	struct sock_extended_err *err;
	unsigned int seen = 0;
	char control[512];
	struct msghdr msg = { .msg_control = control };

	for (;;) {
		msg.msg_controllen = sizeof(control);
		if (recvmsg(sock, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
			return seen;
		err = rb_cmsg_find(control, msg.msg_controllen, SOL_IP,
				   IP_RECVERR) ?:
		      rb_cmsg_find(control, msg.msg_controllen, SOL_IPV6,
				   IPV6_RECVERR);
		if (err && err->ee_origin == origin)
			seen += origin == SO_EE_ORIGIN_ZEROCOPY ?
				err->ee_data - err->ee_info + 1 : 1;
	}
}

/*
 * skb and uarg references. Copies of packets wait in the error queue with their
 * time stamps, and nobody reads them: that keeps no memory, nor a completion.
 */
TEST_F(skb, uarg_refcount_time_stamps_that_nobody_reads)
{
	ASSERT_EQ(0, stamp(self->rig->near, variant->type));
	for (int i = 0; i < 20; i++) {
		rb_qrig_send(&self->qr, i * PIECE, PIECE, 1);
		ASSERT_EQ(0, rb_q_submit_all(self->q));
		ASSERT_EQ(0, comes(self, i * PIECE, PIECE));
		ASSERT_EQ(0, rb_q_value(self->q, 1, PIECE));
		ASSERT_EQ(0, rb_rig_send(self->rig, i * PIECE, PIECE,
					 &self->msg));
		ASSERT_EQ(0, comes(self, i * PIECE, PIECE));
	}
	EXPECT_EQ(0, rb_wait(self->rig->dev, self->rig->id, RB_LONG));
	EXPECT_EQ(0, rb_deregister(self->rig->dev, self->rig->id));
	EXPECT_TRUE(rb_pinned(self->rig->pins, 0));
	/* They were there. */
	EXPECT_LT(0, told(self->rig->near, SO_EE_ORIGIN_TIMESTAMPING));
}

/* Bytes that the socket accounts for: none, when all is acknowledged. */
static long queued(int sock)
{
	__u32 meminfo[SK_MEMINFO_VARS];
	socklen_t len = sizeof(meminfo);

	if (getsockopt(sock, SOL_SOCKET, SO_MEMINFO, meminfo, &len))
		return -1;
	return (long)meminfo[SK_MEMINFO_WMEM_QUEUED] +
	       meminfo[SK_MEMINFO_WMEM_ALLOC];
}

/* By MSG_ZEROCOPY if the kernel takes it now, else plainly: whether it was. */
static int send_zerocopy(struct __test_metadata *_metadata, int sock,
			 const char *bytes)
{
	if (send(sock, bytes, PIECE, MSG_ZEROCOPY) == PIECE)
		return 1;
	ASSERT_EQ(ENOBUFS, errno);
	ASSERT_EQ(PIECE, send(sock, bytes, PIECE, 0));
	return 0;
}

/* One by each way there is to send; how many by MSG_ZEROCOPY. */
static int send_each_way(struct __test_metadata *_metadata,
			 FIXTURE_DATA(skb) *self, int file, size_t at,
			 __u64 data)
{
	struct rb_rig *rig = self->rig;
	char *mem = (char *)rig->mem;
	off_t off = at + 4 * PIECE;
	int zerocopied;

	rb_qrig_send(&self->qr, at, PIECE, data);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	zerocopied = send_zerocopy(_metadata, rig->near, mem + at + PIECE);
	ASSERT_EQ(0, rb_rig_send(rig, at + 2 * PIECE, PIECE, &self->msg));
	ASSERT_EQ(PIECE, send(rig->near, mem + at + 3 * PIECE, PIECE, 0));
	ASSERT_EQ(PIECE, sendfile(rig->near, file, &off, PIECE));
	rb_qrig_send(&self->qr, at + 5 * PIECE, PIECE, data + 1);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	return zerocopied;
}

/*
 * Which of six datagrams have come. A plain send may overtake a queue's, which
 * waits for the socket if somebody has it just then.
 */
static int come_in_any_order(const FIXTURE_DATA(skb) *self, size_t at)
{
	char got[PIECE];
	int there = 0;

	for (int i = 0; i < 6; i++) {
		if (recv(self->rig->far, got, PIECE, 0) != PIECE)
			return -1;
		for (int j = 0; j < 6; j++)
			if (!memcmp(self->want + at + j * PIECE, got, PIECE))
				there |= 1 << j;
	}
	return there;
}

/*
 * All ways to send on one socket, with time stamps: each completes by its own
 * way, as often as it should, and the socket has nothing left to account for.
 */
TEST_F(skb, uarg_refcount_all_ways_on_one_socket)
{
	int file = memfd_create("file", MFD_CLOEXEC), zerocopies = 0;
	struct rb_tally *tally = rb_tally_new(16);
	bool tcp = variant->type == SOCK_STREAM;
	size_t at = 0;

	ASSERT_EQ(LEN, write(file, self->rig->mem, LEN));
	ASSERT_EQ(0, stamp(self->rig->near, variant->type));
	ASSERT_EQ(0, rb_sockopt_on(self->rig->near, SOL_SOCKET, SO_ZEROCOPY));
	if (tcp)
		ASSERT_EQ(0, rb_net_hold(&self->rig->net));
	for (int i = 0; i < 8; i++, at += 6 * PIECE) {
		zerocopies += send_each_way(_metadata, self, file, at,
					    2 * i + 1);
		if (!tcp)
			EXPECT_EQ(0x3f, come_in_any_order(self, at));
	}
	if (tcp) {
		ASSERT_EQ(0, rb_net_release(&self->rig->net, self->rig->far));
		for (int i = 0; i < 48; i++)
			ASSERT_EQ(0, comes(self, i * PIECE, PIECE));
	}
	EXPECT_EQ(0, rb_tally_all(tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(tally, 1, 16, 0, PIECE));
	free(tally);
	EXPECT_EQ(0, rb_wait(self->rig->dev, self->rig->id, RB_LONG));
	EXPECT_LT(0, zerocopies);
	EXPECT_TRUE(rb_within(20, ({
			zerocopies -= told(self->rig->near,
					   SO_EE_ORIGIN_ZEROCOPY);
			zerocopies <= 0; })));
	EXPECT_EQ(0, zerocopies);
	EXPECT_TRUE(rb_within(20, queued(self->rig->near) == 0));
	EXPECT_TRUE(rb_q_empty(self->q));
	close(file);
}

#include "regbuf_main.h"
