// SPDX-License-Identifier: GPL-2.0
/*
 * Headers of what the peer sends.
 */
#include <linux/etherdevice.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "nic.h"

/**
 * regbuf_nic_put_eth() - begin a packet
 * @nic: the card
 * @skb: the packet
 * @protocol: what comes next
 */
void regbuf_nic_put_eth(struct regbuf_nic *nic, struct sk_buff *skb,
			__be16 protocol)
{
	struct ethhdr *eth = skb_put(skb, sizeof(*eth));

	/* The card has no neighbours: all packets carry its own address. */
	ether_addr_copy(eth->h_dest, nic->dev->dev_addr);
	ether_addr_copy(eth->h_source, nic->dev->dev_addr);
	eth->h_proto = protocol;
}

/**
 * regbuf_nic_put_ipv4() - add an IPv4 header
 * @skb: the packet
 * @saddr: from
 * @daddr: to
 * @protocol: what comes next
 * @payload: how much of it
 */
void regbuf_nic_put_ipv4(struct sk_buff *skb, __be32 saddr, __be32 daddr,
			 u8 protocol, u32 payload)
{
	struct iphdr *ip = skb_put_zero(skb, sizeof(*ip));

	ip->version = 4;
	ip->ihl = sizeof(*ip) / 4;
	ip->tot_len = htons(sizeof(*ip) + payload);
	ip->frag_off = htons(IP_DF);
	ip->ttl = IPDEFTTL;
	ip->protocol = protocol;
	ip->saddr = saddr;
	ip->daddr = daddr;
	ip_send_check(ip);
}

/**
 * regbuf_nic_put_ipv6() - add an IPv6 header that turns another's addresses
 * @skb: the packet
 * @in: the header of the packet that it answers
 * @payload: how much comes next
 */
void regbuf_nic_put_ipv6(struct sk_buff *skb, const struct ipv6hdr *in,
			 u32 payload)
{
	struct ipv6hdr *ip = skb_put_zero(skb, sizeof(*ip));

	ip->version = 6;
	ip->payload_len = htons(payload);
	ip->nexthdr = in->nexthdr;
	ip->hop_limit = IPDEFTTL;
	ip->saddr = in->daddr;
	ip->daddr = in->saddr;
}

/**
 * regbuf_nic_finish() - make a packet ready for the stack
 * @nic: the card
 * @skb: the packet
 */
void regbuf_nic_finish(struct regbuf_nic *nic, struct sk_buff *skb)
{
	dev_sw_netstats_rx_add(nic->dev, skb->len);
	skb->protocol = eth_type_trans(skb, nic->dev);
	skb->ip_summed = CHECKSUM_UNNECESSARY;
}
