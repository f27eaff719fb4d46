/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REGBUF_NIC_H
#define REGBUF_NIC_H

#include <linux/hrtimer.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>

/* Connections told apart in one batch, by a hash of their socket. */
#define REGBUF_NIC_SLOT_BITS	8
#define REGBUF_NIC_SLOTS	BIT(REGBUF_NIC_SLOT_BITS)

/* What the card is; there is one. */
struct regbuf_nic {
	struct net_device *dev;
	struct napi_struct napi;
	struct dentry *dir;

	/* The transmit lock. */
	u64 tx_skbs;

	/* held.lock: packets that are on the wire, backlogged mode. */
	struct sk_buff_head held;
	u32 held_packets;
	bool timer_runs;
	ktime_t held_since;
	struct hrtimer timer;

	/* Being polled: the last packet to be answered of each connection. */
	struct sk_buff *slots[REGBUF_NIC_SLOTS];
	u8 used[REGBUF_NIC_SLOTS];
	u32 nr_used;
};

/* answer.c */
bool regbuf_nic_wants_answer(const struct sk_buff *skb);
struct sk_buff *regbuf_nic_answer(struct regbuf_nic *nic,
				  const struct sk_buff *skb);

/* hold.c */
void regbuf_nic_hold(struct regbuf_nic *nic, struct sk_buff *skb, u32 packets);
void regbuf_nic_hold_init(struct regbuf_nic *nic);
void regbuf_nic_hold_start(struct regbuf_nic *nic);
void regbuf_nic_hold_stop(struct regbuf_nic *nic);

#endif /* REGBUF_NIC_H */
