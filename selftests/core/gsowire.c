// SPDX-License-Identifier: GPL-2.0
/*
 * Datagrams that go into the stack as segments of one, as the network sees
 * them: no other packets than if each had been sent alone, none twice, and no
 * memory that is still in use said to be free.
 */
#include "regbuf_lane.h"

#include <linux/if_packet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <net/ethernet.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>

#include "kselftest_harness.h"

#define LEN	(1UL << 20)
#define ENTRIES	128
#define MOST	64
#define NR_HELD	8	/* that are as one, and fail */
#define MARK	0	/* the number of a datagram that only says: the end */

/* What a packet says of itself. */
struct look {
	__u16 id;
	__u16 frag_off;
	__u16 len;		/* of its payload */
};

FIXTURE(wire)
{
	struct rb_qrig qr;
	struct rb_queue *q;
	struct rb_rig *rig;
	struct rb_tally *tally;
	int tap;		/* sees what comes to the peer's device */
	__u16 port;		/* that they are sent to */
	bool named;		/* by an address in each entry */
	struct sockaddr_in6 to;
	__u32 size;		/* of the datagrams, but perhaps the last */
	__u32 packets;
	struct look looks[MOST];
	__u32 times[MOST + 1];	/* that each datagram came */
};

FIXTURE_VARIANT(wire)
{
	int family;
	const char *host;
};

FIXTURE_VARIANT_ADD(wire, udp4) { AF_INET, RB_PEER4 };
FIXTURE_VARIANT_ADD(wire, udp6) { AF_INET6, RB_PEER6 };
FIXTURE_VARIANT_ADD(wire, udp_mapped) { AF_INET6, "::ffff:" RB_PEER4 };

static bool is_six(const FIXTURE_VARIANT(wire) *v)
{
	return !strcmp(v->host, RB_PEER6);
}

/* A packet socket at the peer's end of the wire, for one protocol. */
static int open_tap(const struct rb_net *net, int protocol)
{
	struct sockaddr_ll ll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(protocol),
	};
	int tap;

	if (rb_net_peer(net))
		return -1;
	ll.sll_ifindex = if_nametoindex("veth1");
	tap = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (tap < 0 || bind(tap, (struct sockaddr *)&ll, sizeof(ll)) ||
	    rb_sockbuf(tap, SO_RCVBUFFORCE, 8 << 20) || rb_net_near(net))
		return -1;
	return tap;
}

static int set_discover(int sock, bool six, int what)
{
	return setsockopt(sock, six ? SOL_IPV6 : SOL_IP,
			  six ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER, &what,
			  sizeof(what));
}

FIXTURE_SETUP(wire)
{
	socklen_t len = sizeof(self->to);
	int sv[2];

	self->q = &self->qr.q;
	self->rig = &self->qr.rig;
	self->size = 1000;
	ASSERT_EQ(0, rb_stay());
	ASSERT_EQ(0, rb_net_setup(&self->rig->net));
	ASSERT_EQ(0, rb_pair_at(&self->rig->net, variant->family, SOCK_DGRAM,
				variant->host, sv));
	ASSERT_EQ(0, rb_qrig_with(&self->qr, sv, LEN, ENTRIES));
	if (!is_six(variant))
		ASSERT_EQ(0, set_discover(self->rig->near, false,
					  IP_PMTUDISC_DO));
	ASSERT_EQ(0, getsockname(self->rig->far, (struct sockaddr *)&self->to,
				 &len));
	self->port = self->to.sin6_port;
	self->tap = open_tap(&self->rig->net,
			     is_six(variant) ? ETH_P_IPV6 : ETH_P_IP);
	ASSERT_LE(0, self->tap);
	self->tally = rb_tally_new(MOST);
	ASSERT_NE(NULL, self->tally);
	self->tally->nr = 0;
}

FIXTURE_TEARDOWN(wire)
{
	close(self->tap);
	free(self->tally);
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

/* Write an entry; its datagram starts with its number. */
static void post(FIXTURE_DATA(wire) *self, __u32 length)
{
	__u32 nr = ++self->tally->nr;
	struct regbuf_sqe *sqe;

	memcpy(self->rig->mem + nr * self->size, &nr, sizeof(nr));
	sqe = rb_qrig_send(&self->qr, nr * self->size, length, nr);
	if (self->named) {
		sqe->flags |= REGBUF_SQE_F_ADDR_PTR;
		sqe->addr_id = (unsigned long)&self->to;
	}
}

/* Equal ones, of which the last is shorter. */
static void post_some(FIXTURE_DATA(wire) *self, int nr)
{
	while (--nr)
		post(self, self->size);
	post(self, 100);
}

/* Forget what was sent and seen. */
static void start_anew(FIXTURE_DATA(wire) *self)
{
	memset(self->times, 0, sizeof(self->times));
	memset(self->tally, 0, sizeof(*self->tally));
	self->packets = 0;
}

/* All of a submission complete; with what is for the test to say. */
static void complete(struct __test_metadata *_metadata,
		     FIXTURE_DATA(wire) *self)
{
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
}

/* Note the datagrams that are in a packet, or the mark. */
static void note(FIXTURE_DATA(wire) *self, const struct look *look,
		 const unsigned char *payload)
{
	__u32 nr;

	if (look->len > sizeof(nr))
		self->looks[self->packets++ % MOST] = *look;
	for (__u32 at = 0; at + sizeof(nr) <= look->len; at += self->size) {
		memcpy(&nr, payload + at, sizeof(nr));
		if (nr <= MOST)
			self->times[nr]++;
	}
}

/* An IPv4 packet: where its datagram starts, or 0 if it is in one before. */
static size_t take_apart_4(const unsigned char *packet, struct look *look)
{
	const struct iphdr *ip = (const void *)packet;

	look->id = ntohs(ip->id);
	look->frag_off = ntohs(ip->frag_off);
	if (ip->protocol != IPPROTO_UDP || look->frag_off & IP_OFFMASK)
		return 0;
	return ip->ihl * 4;
}

/* Likewise; routers leave these in one piece. */
static size_t take_apart_6(const unsigned char *packet, struct look *look)
{
	const struct ip6_hdr *ip = (const void *)packet;
	const struct ip6_frag *frag = (const void *)(ip + 1);

	look->frag_off = IP_DF;
	if (ip->ip6_nxt == IPPROTO_UDP)
		return sizeof(*ip);
	if (ip->ip6_nxt != IPPROTO_FRAGMENT || frag->ip6f_nxt != IPPROTO_UDP ||
	    frag->ip6f_offlg & IP6F_OFF_MASK)
		return 0;
	return sizeof(*ip) + sizeof(*frag);
}

static void look_at(FIXTURE_DATA(wire) *self, const unsigned char *packet,
		    size_t len)
{
	struct look look = {};
	size_t head = packet[0] >> 4 == 6 ? take_apart_6(packet, &look) :
					    take_apart_4(packet, &look);
	const struct udphdr *udp = (const void *)(packet + head);

	if (!head || len < head + sizeof(*udp) + sizeof(__u32) ||
	    udp->dest != self->port)
		return;
	look.len = len - head - sizeof(*udp);
	note(self, &look, (const void *)(udp + 1));
}

/* What has come so far. */
static void look_on(FIXTURE_DATA(wire) *self)
{
	static unsigned char packet[66000];
	ssize_t n;

	while ((n = recv(self->tap, packet, sizeof(packet),
			 MSG_DONTWAIT)) > 0)
		look_at(self, packet, n);
}

/* See all that was sent so far: what is sent now comes after it. */
static void look_at_all(struct __test_metadata *_metadata,
			FIXTURE_DATA(wire) *self)
{
	__u32 mark = MARK;

	/* An error of before may be in the way. */
	ASSERT_TRUE(rb_within(10, send(self->rig->near, &mark, sizeof(mark),
				       MSG_DONTWAIT) == sizeof(mark)));
	ASSERT_TRUE(rb_within(10, ({
		look_on(self);
		self->times[MARK]; })));
}

/* They do go as one, and that is seen, or all of this shows nothing. */
TEST_F(wire, as_one)
{
	post_some(self, 20);
	complete(_metadata, self);
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, 19, 0, 1000));
	look_at_all(_metadata, self);
	EXPECT_EQ(1, self->packets);
	for (int i = 1; i <= 20; i++)
		EXPECT_EQ(1, self->times[i]);
}

/* The same datagrams, in whichever way: what the packets look like. */
static void send_and_look(struct __test_metadata *_metadata,
			  FIXTURE_DATA(wire) *self, __u32 flags,
			  struct look *looks)
{
	ASSERT_EQ(0, rb_q_detach(self->q, self->qr.ep, 0));
	ASSERT_EQ(0, rb_q_attach(self->q, self->rig->near, RB_BOTH | flags, 0,
				 0, &self->qr.ep));
	start_anew(self);
	post_some(self, 20);
	complete(_metadata, self);
	look_at_all(_metadata, self);
	ASSERT_EQ(20, self->packets);
	memcpy(looks, self->looks, 20 * sizeof(*looks));
}

/*
 * C3: alone or not, a router can do the same with them: what may not be in
 * fragments says so, and what may be has a number that no other has.
 */
static void same_looks(struct __test_metadata *_metadata,
		       FIXTURE_DATA(wire) *self)
{
	struct look alone[20], together[20];

	send_and_look(_metadata, self, REGBUF_ATTACH_F_SINGLE, alone);
	send_and_look(_metadata, self, 0, together);
	for (int i = 0; i < 20; i++) {
		EXPECT_EQ(alone[i].len, together[i].len);
		EXPECT_EQ(alone[i].frag_off, together[i].frag_off);
		for (int j = 0; j < i; j++)
			EXPECT_TRUE(together[i].frag_off & IP_DF ||
				    together[i].id != together[j].id);
	}
}

/* Whatever the program has chosen; by default, IP_PMTUDISC_WANT. */
TEST_F(wire, as_if_alone)
{
	/* The device takes no segments: they are seen as they would go. */
	ASSERT_EQ(0, rb_sh("ip link set veth0 gso_max_segs 1"));
	for (int what = IP_PMTUDISC_DONT; what <= IP_PMTUDISC_PROBE; what++) {
		ASSERT_EQ(0, set_discover(self->rig->near, is_six(variant),
					  what));
		same_looks(_metadata, self);
	}
}

/* From now on whatever the device is given is held by another, and dropped. */
static void hold_and_drop(struct __test_metadata *_metadata,
			  FIXTURE_DATA(wire) *self)
{
	struct rb_netem netem = { .delay_us = 100000000 };

	/* Nobody is to ask where the receiver is when that does not work. */
	look_at_all(_metadata, self);
	ASSERT_EQ(0, rb_sh("ip link add hold0 type dummy && "
			   "ip link set hold0 up && "
			   "tc qdisc add dev veth0 clsact && "
			   "tc filter add dev veth0 egress matchall "
			   "action mirred egress mirror dev hold0"));
	ASSERT_EQ(0, rb_qdisc("hold0", &netem));
	ASSERT_EQ(0, rb_choke(self->rig->near));
}

/*
 * C1, C6: the message failed, and what of it went somewhere is in use: so is
 * the memory of each of its datagrams.
 */
static void fail_and_hold(struct __test_metadata *_metadata,
			  FIXTURE_DATA(wire) *self, __u32 flags)
{
	hold_and_drop(_metadata, self);
	/* So long that each goes by reference, alone or not. */
	self->size = 8000;
	ASSERT_EQ(0, rb_sh("ip link set veth0 mtu 9000"));
	for (int i = 0; i < NR_HELD; i++)
		post(self, self->size);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(NR_HELD, rb_in_flight(self->rig->dev, self->rig->id));
	EXPECT_EQ(0, rb_q_quiet(self->q));
	ASSERT_EQ(0, rb_qdisc("hold0", NULL));
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, NR_HELD, ENOBUFS, 0));
	for (int i = 1; i <= NR_HELD; i++)
		EXPECT_EQ(flags, self->tally->cqes[i].flags);
}

TEST_F(wire, failed_together_and_held)
{
	fail_and_hold(_metadata, self, REGBUF_CQE_F_SHARED);
}

/* So that the one above is known to hold them. */
TEST_F(wire, failed_alone_and_held)
{
	struct look looks[20];

	send_and_look(_metadata, self, REGBUF_ATTACH_F_SINGLE, looks);
	start_anew(self);
	fail_and_hold(_metadata, self, 0);
}

/*
 * A rule of nftables, without the program nft, which the VM has not: the
 * messages that make it, one after another.
 */
struct nft {
	char bytes[2048];
	size_t len;
	int family;
};

static struct nl_msg *nft_msg(const struct nft *nft, int type)
{
	bool nftables = type != NFNL_MSG_BATCH_BEGIN &&
			type != NFNL_MSG_BATCH_END;
	struct nfgenmsg gen = {
		.nfgen_family = nft->family,
		.version = NFNETLINK_V0,
		.res_id = htons(nftables ? 0 : NFNL_SUBSYS_NFTABLES),
	};
	struct nl_msg *msg;

	msg = nlmsg_alloc_simple(nftables ? NFNL_SUBSYS_NFTABLES << 8 | type :
					    type, nftables ? NLM_F_CREATE : 0);
	nlmsg_append(msg, &gen, sizeof(gen), NLMSG_ALIGNTO);
	return msg;
}

static void nft_add(struct nft *nft, struct nl_msg *msg)
{
	struct nlmsghdr *head = nlmsg_hdr(msg);

	head->nlmsg_flags |= NLM_F_REQUEST;
	head->nlmsg_seq = nft->len;
	memcpy(nft->bytes + nft->len, head, head->nlmsg_len);
	nft->len += NLMSG_ALIGN(head->nlmsg_len);
	nlmsg_free(msg);
}

/* All at once; 0, or -1 if the kernel does not like one of them. */
static int nft_commit(const struct nft *nft)
{
	struct nl_sock *nl = nl_socket_alloc();
	struct {
		struct nlmsghdr head;
		struct nlmsgerr err;
		char rest[1024];
	} answer = {};
	int err = nl_connect(nl, NETLINK_NETFILTER);

	if (!err)
		err = nl_sendto(nl, (void *)nft->bytes, nft->len) < 0;
	/* The last but one asks for an answer; an error would come before. */
	if (!err && recv(nl_socket_get_fd(nl), &answer, sizeof(answer), 0) < 0)
		err = -1;
	nl_socket_free(nl);
	return err || answer.head.nlmsg_type != NLMSG_ERROR ||
	       answer.err.error ? -1 : 0;
}

/* What sends from this namespace pass, and may be routed anew by. */
static void nft_add_chain(struct nft *nft)
{
	struct nl_msg *msg = nft_msg(nft, NFT_MSG_NEWTABLE);
	struct nlattr *hook;

	nla_put_string(msg, NFTA_TABLE_NAME, "rb");
	nft_add(nft, msg);
	msg = nft_msg(nft, NFT_MSG_NEWCHAIN);
	nla_put_string(msg, NFTA_CHAIN_TABLE, "rb");
	nla_put_string(msg, NFTA_CHAIN_NAME, "out");
	nla_put_string(msg, NFTA_CHAIN_TYPE, "route");
	hook = nla_nest_start(msg, NFTA_CHAIN_HOOK);
	nla_put_u32(msg, NFTA_HOOK_HOOKNUM, htonl(NF_INET_LOCAL_OUT));
	nla_put_u32(msg, NFTA_HOOK_PRIORITY, htonl(-150));
	nla_nest_end(msg, hook);
	nft_add(nft, msg);
}

static struct nlattr *nft_expression(struct nl_msg *msg, const char *name,
				     struct nlattr **data)
{
	struct nlattr *elem = nla_nest_start(msg, NFTA_LIST_ELEM);

	nla_put_string(msg, NFTA_EXPR_NAME, name);
	*data = nla_nest_start(msg, NFTA_EXPR_DATA);
	return elem;
}

static void nft_add_mark(struct nft *nft, __u32 mark)
{
	struct nl_msg *msg = nft_msg(nft, NFT_MSG_NEWRULE);
	struct nlattr *list, *elem, *data, *value;

	nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_ACK;
	nla_put_string(msg, NFTA_RULE_TABLE, "rb");
	nla_put_string(msg, NFTA_RULE_CHAIN, "out");
	list = nla_nest_start(msg, NFTA_RULE_EXPRESSIONS);
	elem = nft_expression(msg, "immediate", &data);
	nla_put_u32(msg, NFTA_IMMEDIATE_DREG, htonl(NFT_REG_1));
	value = nla_nest_start(msg, NFTA_IMMEDIATE_DATA);
	nla_put_u32(msg, NFTA_DATA_VALUE, mark);
	nla_nest_end(msg, value);
	nla_nest_end(msg, data);
	nla_nest_end(msg, elem);
	elem = nft_expression(msg, "meta", &data);
	nla_put_u32(msg, NFTA_META_KEY, htonl(NFT_META_MARK));
	nla_put_u32(msg, NFTA_META_SREG, htonl(NFT_REG_1));
	nla_nest_end(msg, data);
	nla_nest_end(msg, elem);
	nla_nest_end(msg, list);
	nft_add(nft, msg);
}

/* Whatever is sent has a mark from now on. */
static int mark_all(bool six, __u32 mark)
{
	struct nft nft = { .family = six ? NFPROTO_IPV6 : NFPROTO_IPV4 };

	nft_add(&nft, nft_msg(&nft, NFNL_MSG_BATCH_BEGIN));
	nft_add_chain(&nft);
	nft_add_mark(&nft, mark);
	nft_add(&nft, nft_msg(&nft, NFNL_MSG_BATCH_END));
	return nft_commit(&nft);
}

/* Make the way of the packet too narrow, not that of the socket. */
static int make_narrow(bool six)
{
	const char *ip = six ? "ip -6" : "ip";

	return rb_sh("%s route add %s dev veth0 table 100 mtu 1300 && "
		     "%s rule add fwmark 7 table 100", ip,
		     six ? RB_PEER6 : RB_PEER4, ip) || mark_all(six, 7);
}

/*
 * C4: so many go that way, for which all but the last are too long. Nothing
 * comes twice; who is told of no error, comes; who is told of one that is not
 * shared, does not.
 */
static void go_narrow(struct __test_metadata *_metadata,
		      FIXTURE_DATA(wire) *self, bool six, int what, int nr)
{
	struct regbuf_cqe *cqe = self->tally->cqes;

	ASSERT_EQ(0, set_discover(self->rig->near, six, what));
	look_at_all(_metadata, self);
	start_anew(self);
	self->size = 1400;
	ASSERT_EQ(0, make_narrow(six));
	post_some(self, nr);
	complete(_metadata, self);
	look_at_all(_metadata, self);
	for (int i = 1; i <= nr; i++) {
		TH_LOG("%d: error %u, flags %#x, came %u times", i,
		       cqe[i].error, cqe[i].flags, self->times[i]);
		EXPECT_GE(1, self->times[i]);
		EXPECT_LE(!cqe[i].error, self->times[i]);
		if (cqe[i].error && !(cqe[i].flags & REGBUF_CQE_F_SHARED))
			EXPECT_EQ(0, self->times[i]);
	}
}

/* If fragments may be made of them, they come, whatever they went as. */
TEST_F(wire, in_fragments_once)
{
	go_narrow(_metadata, self, is_six(variant), IP_PMTUDISC_WANT, 10);
	EXPECT_EQ(1, self->times[1]);
	EXPECT_EQ(1, self->times[10]);
}

/* If not, the last may have gone when the message failed. */
TEST_F(wire, not_in_fragments)
{
	go_narrow(_metadata, self, is_six(variant), IP_PMTUDISC_DO, 10);
	EXPECT_EQ(0, self->times[1]);
}

/* One more, so that errors that are left for the next meet another. */
TEST_F(wire, one_more_not_in_fragments)
{
	go_narrow(_metadata, self, is_six(variant), IP_PMTUDISC_DO, 11);
	EXPECT_EQ(0, self->times[1]);
}

/* By name: whether they fit is not known before. */
TEST_F(wire, named_not_in_fragments)
{
	self->named = true;
	go_narrow(_metadata, self, is_six(variant), IP_PMTUDISC_DO, 10);
	EXPECT_EQ(0, self->times[1]);
}

/*
 * And by name they do go as one, or the one before shows nothing; all but the
 * last: it is shorter, and could fit where the others do not.
 */
TEST_F(wire, named_as_one)
{
	self->named = true;
	post_some(self, 20);
	complete(_metadata, self);
	look_at_all(_metadata, self);
	EXPECT_EQ(2, self->packets);
}

#include "regbuf_main.h"
