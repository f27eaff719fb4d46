/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REGBUF_NIC_H
#define REGBUF_NIC_H

#include <linux/hrtimer.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>

struct ipv6hdr;
struct regbuf_nic_conn;

/* Where the peer's sequence numbers begin. */
#define REGBUF_NIC_ISS		0x10000000

/* The peer's window, 1 GiB when scaled: TCP's largest. */
#define REGBUF_NIC_WINDOW	0xffff
#define REGBUF_NIC_WSCALE	14

/* Connections told apart in one batch, by a hash of their socket. */
#define REGBUF_NIC_SLOT_BITS	8
#define REGBUF_NIC_SLOTS	BIT(REGBUF_NIC_SLOT_BITS)

/* What the card is; there is one. */
struct regbuf_nic {
	struct net_device *dev;
	struct napi_struct napi;
	struct dentry *dir;

	/* held.lock: packets that are on the wire, backlogged mode. */
	struct sk_buff_head held;
	u32 held_packets;
	bool timer_runs;
	ktime_t held_since;
	u64 released_ns;	/* when the last batch came back */
	struct hrtimer timer;

	/* Being polled: the last packet to be answered of each connection. */
	struct sk_buff *slots[REGBUF_NIC_SLOTS];
	u8 used[REGBUF_NIC_SLOTS];
	u32 nr_used;

	/* peer_lock: connections by the guest's port, those with streams. */
	spinlock_t peer_lock;
	bool injecting;		/* set once, read without it */
	struct regbuf_nic_conn *conns;
	struct list_head sending;

	/* Set once: what the peer sends. */
	struct page *pattern;
};

static inline u32 regbuf_nic_payload(const struct sk_buff *skb,
				     const struct tcphdr *th)
{
	return skb->len - skb_transport_offset(skb) - th->doff * 4;
}

/* packet.c */
void regbuf_nic_put_eth(struct regbuf_nic *nic, struct sk_buff *skb,
			__be16 protocol);
void regbuf_nic_put_ipv4(struct sk_buff *skb, __be32 saddr, __be32 daddr,
			 u8 protocol, u32 payload);
void regbuf_nic_put_ipv6(struct sk_buff *skb, const struct ipv6hdr *in,
			 u32 payload);
void regbuf_nic_finish(struct regbuf_nic *nic, struct sk_buff *skb);

/* answer.c */
const struct tcphdr *regbuf_nic_tcp(const struct sk_buff *skb);
bool regbuf_nic_wants_answer(const struct sk_buff *skb);
struct sk_buff *regbuf_nic_answer(struct regbuf_nic *nic,
				  const struct sk_buff *skb);

/* hold.c */
void regbuf_nic_hold(struct regbuf_nic *nic, struct sk_buff *skb, u32 packets);
void regbuf_nic_hold_init(struct regbuf_nic *nic);
void regbuf_nic_hold_start(struct regbuf_nic *nic);
void regbuf_nic_hold_stop(struct regbuf_nic *nic);

/* peer.c */
int regbuf_nic_peer_init(struct regbuf_nic *nic);
void regbuf_nic_peer_free(struct regbuf_nic *nic);
void regbuf_nic_peer_opened(struct regbuf_nic *nic, const struct sk_buff *skb);
void regbuf_nic_peer_heard(struct regbuf_nic *nic, const struct sk_buff *skb);
__be32 regbuf_nic_peer_seq(struct regbuf_nic *nic, const struct sk_buff *skb);
int regbuf_nic_peer_stream(struct regbuf_nic *nic, u16 port, u64 bytes);
u32 regbuf_nic_peer_send(struct regbuf_nic *nic, struct list_head *out,
			 u32 max);

/* inject.c */
void regbuf_nic_put_payload(struct regbuf_nic *nic, struct sk_buff *skb, u32 at,
			    u32 len);
int regbuf_nic_inject_init(struct regbuf_nic *nic);
void regbuf_nic_inject_open(struct regbuf_nic *nic);
void regbuf_nic_inject_free(struct regbuf_nic *nic);

#endif /* REGBUF_NIC_H */
