// SPDX-License-Identifier: GPL-2.0
/*
 * What is to be received: a line written to the file "inject" says what.
 *
 *   udp LEN COUNT PORT [SOURCES]
 *	COUNT datagrams of LEN bytes from 10.73.0.2, from SOURCES ports in turn
 *	(1 unless said, from 1024 on), to 10.73.0.1:PORT. All have arrived when
 *	the write returns. Byte n of a datagram is n modulo 256.
 *   tcp BYTES PORT
 *	A stream of BYTES into the connection that the guest has from its port
 *	PORT, as fast as the guest has room for it. Byte n of all that one
 *	connection gets is n modulo 256.
 */
#include <linux/debugfs.h>
#include <linux/etherdevice.h>
#include <linux/fs.h>
#include <linux/inet.h>
#include <linux/ip.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/udp.h>

#include "nic.h"

/* Packets that a card hands up at a time. */
#define REGBUF_NIC_INJECT_BATCH	64

/* 10.73.0.1 and 2 */
#define REGBUF_NIC_GUEST	0x0a490001
#define REGBUF_NIC_PEER		0x0a490002
#define REGBUF_NIC_FIRST_PORT	1024

#define REGBUF_NIC_UDP_HEADERS	(ETH_HLEN + sizeof(struct iphdr) + \
				 sizeof(struct udphdr))

/* 64 KiB of 0 to 255, over and over; packets have references. */
#define REGBUF_NIC_PATTERN_ORDER	get_order(SZ_64K)

struct regbuf_nic_datagrams {
	u32 len, count;
	u16 port;
	u32 sources;
};

/**
 * regbuf_nic_put_payload() - add bytes to a packet
 * @nic: the card
 * @skb: the packet
 * @at: what the first byte is; each is one more than that before
 * @len: how many; together with @at at most 64 KiB
 */
void regbuf_nic_put_payload(struct regbuf_nic *nic, struct sk_buff *skb, u32 at,
			    u32 len)
{
	get_page(nic->pattern);
	skb_add_rx_frag(skb, 0, nic->pattern, at, len, PAGE_ALIGN(len));
}

static struct sk_buff *
regbuf_nic_datagram(struct regbuf_nic *nic,
		    const struct regbuf_nic_datagrams *dgrams, u32 i)
{
	u32 size = sizeof(struct udphdr) + dgrams->len;
	struct udphdr *udp;
	struct sk_buff *skb;

	skb = napi_alloc_skb(&nic->napi, REGBUF_NIC_UDP_HEADERS);
	if (!skb)
		return NULL;
	regbuf_nic_put_eth(nic, skb, htons(ETH_P_IP));
	regbuf_nic_put_ipv4(skb, htonl(REGBUF_NIC_PEER),
			    htonl(REGBUF_NIC_GUEST), IPPROTO_UDP, size);
	udp = skb_put_zero(skb, sizeof(*udp));
	udp->source = htons(REGBUF_NIC_FIRST_PORT + i % dgrams->sources);
	udp->dest = htons(dgrams->port);
	udp->len = htons(size);
	if (dgrams->len)
		regbuf_nic_put_payload(nic, skb, 0, dgrams->len);
	regbuf_nic_finish(nic, skb);
	return skb;
}

/* Some of the datagrams, from number @i on; returns how many. */
static u32 regbuf_nic_receive_some(struct regbuf_nic *nic,
				   const struct regbuf_nic_datagrams *dgrams,
				   u32 i)
{
	u32 max = min_t(u32, REGBUF_NIC_INJECT_BATCH, dgrams->count - i), n;
	struct sk_buff *skb;
	LIST_HEAD(list);

	local_bh_disable();
	for (n = 0; n < max; n++) {
		skb = regbuf_nic_datagram(nic, dgrams, i + n);
		if (!skb)
			break;
		list_add_tail(&skb->list, &list);
	}
	netif_receive_skb_list(&list);
	local_bh_enable();
	return n;
}

static int regbuf_nic_inject_udp(struct regbuf_nic *nic,
				 const struct regbuf_nic_datagrams *dgrams)
{
	u32 i, n;

	if (!dgrams->sources ||
	    dgrams->sources > U16_MAX - REGBUF_NIC_FIRST_PORT)
		return -EINVAL;
	if (dgrams->len > nic->dev->mtu - sizeof(struct iphdr) -
			  sizeof(struct udphdr))
		return -EMSGSIZE;
	for (i = 0; i < dgrams->count; i += n) {
		n = regbuf_nic_receive_some(nic, dgrams, i);
		if (!n)
			return -ENOMEM;
		cond_resched();
	}
	return 0;
}

static int regbuf_nic_inject(struct regbuf_nic *nic, const char *line)
{
	struct regbuf_nic_datagrams dgrams = { .sources = 1 };
	u64 bytes;
	u16 port;

	if (!netif_running(nic->dev))
		return -ENETDOWN;
	if (sscanf(line, "udp %u %u %hu %u", &dgrams.len, &dgrams.count,
		   &dgrams.port, &dgrams.sources) >= 3)
		return regbuf_nic_inject_udp(nic, &dgrams);
	if (sscanf(line, "tcp %llu %hu", &bytes, &port) == 2 && bytes)
		return regbuf_nic_peer_stream(nic, port, bytes);
	return -EINVAL;
}

static ssize_t regbuf_nic_inject_write(struct file *file,
				       const char __user *from, size_t size,
				       loff_t *pos)
{
	char line[64];
	int err;

	if (size >= sizeof(line))
		return -EINVAL;
	if (copy_from_user(line, from, size))
		return -EFAULT;
	line[size] = 0;
	err = regbuf_nic_inject(file->private_data, line);
	return err ?: size;
}

static const struct file_operations regbuf_nic_inject_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= regbuf_nic_inject_write,
};

/**
 * regbuf_nic_inject_init() - make a new card able to receive
 * @nic: the card
 *
 * Return: 0 or -ENOMEM.
 */
int regbuf_nic_inject_init(struct regbuf_nic *nic)
{
	u8 *pattern;
	u32 i;

	nic->pattern = alloc_pages(GFP_KERNEL | __GFP_COMP,
				   REGBUF_NIC_PATTERN_ORDER);
	if (!nic->pattern)
		return -ENOMEM;
	pattern = page_address(nic->pattern);
	for (i = 0; i < SZ_64K; i++)
		pattern[i] = i;
	return 0;
}

/**
 * regbuf_nic_inject_open() - let commands in
 * @nic: the card, registered
 */
void regbuf_nic_inject_open(struct regbuf_nic *nic)
{
	debugfs_create_file("inject", 0200, nic->dir, nic,
			    &regbuf_nic_inject_fops);
}

/**
 * regbuf_nic_inject_free() - undo regbuf_nic_inject_init()
 * @nic: the card; packets may still use its bytes
 */
void regbuf_nic_inject_free(struct regbuf_nic *nic)
{
	put_page(nic->pattern);
}
