// SPDX-License-Identifier: GPL-2.0
/*
 * The peer at the other end of the wire: what it answers to a TCP packet.
 *
 * It has no connections. All that an answer says is in the packet: the peer got
 * whatever was sent, and its own sequence number is what the guest has
 * acknowledged.
 */
#include <linux/etherdevice.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/tcp.h>

#include "nic.h"

/* Where the peer's sequence numbers begin. */
#define REGBUF_NIC_ISS		0x10000000

/* 1 GiB: TCP's largest. */
#define REGBUF_NIC_WINDOW	0xffff
#define REGBUF_NIC_WSCALE	14

/* Of a SYN: MSS, SACK permitted, window scale, and what pads them. */
#define REGBUF_NIC_SYN_OPTIONS	12

#define REGBUF_NIC_ANSWER_SIZE	(ETH_HLEN + sizeof(struct ipv6hdr) + \
				 sizeof(struct tcphdr) + REGBUF_NIC_SYN_OPTIONS)

static bool regbuf_nic_is_v6(const struct sk_buff *skb)
{
	return skb->protocol == htons(ETH_P_IPV6);
}

/* The TCP header of a packet that the stack made; NULL if it has none. */
static const struct tcphdr *regbuf_nic_tcp(const struct sk_buff *skb)
{
	u8 protocol;

	if (regbuf_nic_is_v6(skb))
		protocol = ipv6_hdr(skb)->nexthdr;
	else if (skb->protocol == htons(ETH_P_IP))
		protocol = ip_hdr(skb)->protocol;
	else
		return NULL;
	if (protocol != IPPROTO_TCP)
		return NULL;
	/* A packet socket's may be anything. */
	if ((int)skb_headlen(skb) < skb_transport_offset(skb) +
				    (int)sizeof(struct tcphdr))
		return NULL;
	return tcp_hdr(skb);
}

static u32 regbuf_nic_payload(const struct sk_buff *skb,
			      const struct tcphdr *th)
{
	return skb->len - skb_transport_offset(skb) - th->doff * 4;
}

static void regbuf_nic_put_ipv4(struct sk_buff *answer,
				const struct sk_buff *skb, u32 payload)
{
	const struct iphdr *in = ip_hdr(skb);
	struct iphdr *ip = skb_put_zero(answer, sizeof(*ip));

	ip->version = 4;
	ip->ihl = sizeof(*ip) / 4;
	ip->tot_len = htons(sizeof(*ip) + payload);
	ip->frag_off = htons(IP_DF);
	ip->ttl = IPDEFTTL;
	ip->protocol = IPPROTO_TCP;
	ip->saddr = in->daddr;
	ip->daddr = in->saddr;
	ip_send_check(ip);
}

static void regbuf_nic_put_ipv6(struct sk_buff *answer,
				const struct sk_buff *skb, u32 payload)
{
	const struct ipv6hdr *in = ipv6_hdr(skb);
	struct ipv6hdr *ip = skb_put_zero(answer, sizeof(*ip));

	ip->version = 6;
	ip->payload_len = htons(payload);
	ip->nexthdr = IPPROTO_TCP;
	ip->hop_limit = IPDEFTTL;
	ip->saddr = in->daddr;
	ip->daddr = in->saddr;
}

static void regbuf_nic_put_syn_options(struct sk_buff *answer, u16 mss)
{
	u8 *opt = skb_put(answer, REGBUF_NIC_SYN_OPTIONS);

	opt[0] = TCPOPT_MSS;
	opt[1] = TCPOLEN_MSS;
	opt[2] = mss >> 8;
	opt[3] = mss & 0xff;
	opt[4] = TCPOPT_SACK_PERM;
	opt[5] = TCPOLEN_SACK_PERM;
	opt[6] = TCPOPT_NOP;
	opt[7] = TCPOPT_WINDOW;
	opt[8] = TCPOLEN_WINDOW;
	opt[9] = REGBUF_NIC_WSCALE;
	opt[10] = TCPOPT_NOP;
	opt[11] = TCPOPT_NOP;
}

static void regbuf_nic_put_tcp(struct sk_buff *answer, const struct tcphdr *in,
			       u32 len)
{
	struct tcphdr *th = skb_put_zero(answer, sizeof(*th));

	th->source = in->dest;
	th->dest = in->source;
	th->seq = in->syn ? htonl(REGBUF_NIC_ISS) : in->ack_seq;
	th->ack_seq = htonl(ntohl(in->seq) + len + in->syn + in->fin);
	th->doff = sizeof(*th) / 4;
	th->ack = 1;
	th->syn = in->syn;
	th->fin = in->fin;
	th->window = htons(REGBUF_NIC_WINDOW);
	if (in->syn)
		th->doff += REGBUF_NIC_SYN_OPTIONS / 4;
}

static void regbuf_nic_put_eth(struct sk_buff *answer,
			       const struct sk_buff *skb)
{
	struct ethhdr *eth = skb_put(answer, sizeof(*eth));

	/* The card has no neighbours: all packets carry its own address. */
	ether_addr_copy(eth->h_dest, eth_hdr(skb)->h_source);
	ether_addr_copy(eth->h_source, eth_hdr(skb)->h_source);
	eth->h_proto = skb->protocol;
}

/**
 * regbuf_nic_wants_answer() - will the peer say something to a packet?
 * @skb: the packet, on its way out
 *
 * Context: Any.
 * Return: true if so: it is TCP, and takes up sequence numbers.
 */
bool regbuf_nic_wants_answer(const struct sk_buff *skb)
{
	const struct tcphdr *th = regbuf_nic_tcp(skb);

	if (!th || th->rst)
		return false;
	return th->syn || th->fin || regbuf_nic_payload(skb, th);
}

/**
 * regbuf_nic_answer() - what the peer says to a packet
 * @nic: the card
 * @skb: a packet on its way out that wants an answer; only read
 *
 * Context: Bottom halves off.
 * Return: a packet for the stack; NULL if there is no memory for it: lost on
 *         the wire.
 */
struct sk_buff *regbuf_nic_answer(struct regbuf_nic *nic,
				  const struct sk_buff *skb)
{
	const struct tcphdr *th = tcp_hdr(skb);
	struct sk_buff *answer;
	u32 size;

	answer = napi_alloc_skb(&nic->napi, REGBUF_NIC_ANSWER_SIZE);
	if (!answer)
		return NULL;
	size = sizeof(*th) + (th->syn ? REGBUF_NIC_SYN_OPTIONS : 0);
	regbuf_nic_put_eth(answer, skb);
	if (regbuf_nic_is_v6(skb))
		regbuf_nic_put_ipv6(answer, skb, size);
	else
		regbuf_nic_put_ipv4(answer, skb, size);
	regbuf_nic_put_tcp(answer, th, regbuf_nic_payload(skb, th));
	if (th->syn)
		regbuf_nic_put_syn_options(answer, nic->dev->mtu -
			sizeof(*th) - skb_network_header_len(skb));
	answer->protocol = eth_type_trans(answer, nic->dev);
	answer->ip_summed = CHECKSUM_UNNECESSARY;
	return answer;
}
