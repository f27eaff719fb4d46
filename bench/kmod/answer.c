// SPDX-License-Identifier: GPL-2.0
/*
 * The peer at the other end of the wire: what it answers to a TCP packet.
 *
 * It needs to know nothing of connections. All that an answer says is in the
 * packet: the peer got whatever was sent, and its own sequence number is what
 * the guest has acknowledged, unless it sends streams itself (peer.c).
 */
#include <linux/etherdevice.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/tcp.h>

#include "nic.h"

/* Of a SYN: MSS, SACK permitted, window scale, and what pads them. */
#define REGBUF_NIC_SYN_OPTIONS	12

#define REGBUF_NIC_ANSWER_SIZE	(ETH_HLEN + sizeof(struct ipv6hdr) + \
				 sizeof(struct tcphdr) + REGBUF_NIC_SYN_OPTIONS)

static bool regbuf_nic_is_v6(const struct sk_buff *skb)
{
	return skb->protocol == htons(ETH_P_IPV6);
}

/**
 * regbuf_nic_tcp() - the TCP header of a packet that the stack made
 * @skb: the packet
 *
 * Return: the header; NULL if it has none.
 */
const struct tcphdr *regbuf_nic_tcp(const struct sk_buff *skb)
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

static __be32 regbuf_nic_seq(struct regbuf_nic *nic, const struct sk_buff *skb)
{
	if (tcp_hdr(skb)->syn)
		return htonl(REGBUF_NIC_ISS);
	if (unlikely(READ_ONCE(nic->injecting)))
		return regbuf_nic_peer_seq(nic, skb);
	return tcp_hdr(skb)->ack_seq;
}

static void regbuf_nic_put_tcp(struct regbuf_nic *nic, struct sk_buff *answer,
			       const struct sk_buff *skb)
{
	struct tcphdr *th = skb_put_zero(answer, sizeof(*th));
	const struct tcphdr *in = tcp_hdr(skb);
	u32 len = regbuf_nic_payload(skb, in) + in->syn + in->fin;

	th->source = in->dest;
	th->dest = in->source;
	th->seq = regbuf_nic_seq(nic, skb);
	th->ack_seq = htonl(ntohl(in->seq) + len);
	th->doff = sizeof(*th) / 4;
	th->ack = 1;
	th->syn = in->syn;
	th->fin = in->fin;
	th->window = htons(REGBUF_NIC_WINDOW);
	if (!in->syn)
		return;
	th->doff += REGBUF_NIC_SYN_OPTIONS / 4;
	regbuf_nic_put_syn_options(answer, nic->dev->mtu - sizeof(*th) -
				   skb_network_header_len(skb));
	regbuf_nic_peer_opened(nic, skb);
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
	regbuf_nic_put_eth(nic, answer, skb->protocol);
	if (regbuf_nic_is_v6(skb))
		regbuf_nic_put_ipv6(answer, ipv6_hdr(skb), size);
	else
		regbuf_nic_put_ipv4(answer, ip_hdr(skb)->daddr,
				    ip_hdr(skb)->saddr, IPPROTO_TCP, size);
	regbuf_nic_put_tcp(nic, answer, skb);
	regbuf_nic_finish(nic, answer);
	return answer;
}
