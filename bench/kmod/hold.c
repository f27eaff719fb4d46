// SPDX-License-Identifier: GPL-2.0
/*
 * Backlogged mode: packets stay on the card for a while, as they do on a link
 * that is busy, and come back in batches.
 *
 * A batch is over when it has "batch" packets (of a wire: a super-packet of 64
 * KiB is 45), or "hold_us" after its first. From softirq, the packets are freed
 * then, and after that each connection among them gets one ACK for all that it
 * sent: what GRO makes of a peer's many, or what a peer that coalesces sends in
 * the first place.
 */
#include <linux/hash.h>
#include <linux/ktime.h>
#include <linux/moduleparam.h>

#include "nic.h"

/* Descriptors of the card's ring: packets that it takes at a time. */
#define REGBUF_NIC_RING		1024

static unsigned int batch = 32;
module_param(batch, uint, 0644);
MODULE_PARM_DESC(batch, "backlogged: packets that come back at once");

static unsigned int hold_us = 100;
module_param(hold_us, uint, 0644);
MODULE_PARM_DESC(hold_us, "backlogged: longest stay of a packet, in us");

static ktime_t regbuf_nic_due(const struct regbuf_nic *nic)
{
	return ktime_add_us(nic->held_since, READ_ONCE(hold_us));
}

/**
 * regbuf_nic_hold() - transmit a packet that is to come back later
 * @nic: the card
 * @skb: the packet
 * @packets: how many it is on a wire
 *
 * Context: The transmit routine.
 */
void regbuf_nic_hold(struct regbuf_nic *nic, struct sk_buff *skb, u32 packets)
{
	bool due;

	spin_lock(&nic->held.lock);
	if (skb_queue_empty(&nic->held)) {
		nic->held_since = ktime_get();
		if (!nic->timer_runs) {
			nic->timer_runs = true;
			hrtimer_start(&nic->timer, regbuf_nic_due(nic),
				      HRTIMER_MODE_ABS_SOFT);
		}
	}
	__skb_queue_tail(&nic->held, skb);
	nic->held_packets += packets;
	due = nic->held_packets >= READ_ONCE(batch);
	if (skb_queue_len(&nic->held) >= REGBUF_NIC_RING)
		netif_stop_queue(nic->dev);
	spin_unlock(&nic->held.lock);
	if (due)
		napi_schedule(&nic->napi);
}

/*
 * Under load a batch fills before it is due, and the timer is left to find that
 * out by itself: cheaper than to stop and start it for each.
 */
static enum hrtimer_restart regbuf_nic_timeout(struct hrtimer *timer)
{
	struct regbuf_nic *nic = container_of(timer, struct regbuf_nic, timer);
	enum hrtimer_restart again = HRTIMER_NORESTART;
	bool due = false;

	spin_lock(&nic->held.lock);
	if (!skb_queue_empty(&nic->held)) {
		due = ktime_compare(ktime_get(), regbuf_nic_due(nic)) >= 0;
		if (!due) {
			hrtimer_set_expires(timer, regbuf_nic_due(nic));
			again = HRTIMER_RESTART;
		}
	}
	nic->timer_runs = again == HRTIMER_RESTART;
	spin_unlock(&nic->held.lock);
	if (due)
		napi_schedule(&nic->napi);
	return again;
}

static void regbuf_nic_add_answer(struct regbuf_nic *nic,
				  const struct sk_buff *skb,
				  struct list_head *answers)
{
	struct sk_buff *answer = regbuf_nic_answer(nic, skb);

	if (answer)
		list_add_tail(&answer->list, answers);
}

/* Remember a packet for its connection, instead of the one before. */
static void regbuf_nic_note(struct regbuf_nic *nic, struct sk_buff *skb,
			    struct list_head *answers)
{
	u32 i = hash_ptr(skb->sk, REGBUF_NIC_SLOT_BITS);

	if (!nic->slots[i])
		nic->used[nic->nr_used++] = i;
	else if (nic->slots[i]->sk != skb->sk || !skb->sk)
		regbuf_nic_add_answer(nic, nic->slots[i], answers);
	nic->slots[i] = skb;
}

static void regbuf_nic_answer_all(struct regbuf_nic *nic,
				  const struct sk_buff_head *done,
				  struct list_head *answers)
{
	struct sk_buff *skb;
	u32 i;

	skb_queue_walk(done, skb) {
		if (regbuf_nic_wants_answer(skb))
			regbuf_nic_note(nic, skb, answers);
	}
	for (i = 0; i < nic->nr_used; i++) {
		skb = nic->slots[nic->used[i]];
		nic->slots[nic->used[i]] = NULL;
		regbuf_nic_add_answer(nic, skb, answers);
	}
	nic->nr_used = 0;
}

static void regbuf_nic_take_held(struct regbuf_nic *nic,
				 struct sk_buff_head *done)
{
	__skb_queue_head_init(done);
	spin_lock(&nic->held.lock);
	if (!skb_queue_empty(&nic->held))
		nic->released_ns = ktime_get_ns();
	skb_queue_splice_init(&nic->held, done);
	nic->held_packets = 0;
	spin_unlock(&nic->held.lock);
	if (netif_queue_stopped(nic->dev))
		netif_wake_queue(nic->dev);
}

static int regbuf_nic_poll(struct napi_struct *napi, int budget)
{
	struct regbuf_nic *nic = container_of(napi, struct regbuf_nic, napi);
	struct sk_buff_head done;
	struct sk_buff *skb;
	LIST_HEAD(received);
	int work = 0;

	/* No room to receive: netpoll, for which this card is not. */
	if (!budget)
		return 0;
	regbuf_nic_take_held(nic, &done);
	regbuf_nic_answer_all(nic, &done, &received);
	while ((skb = __skb_dequeue(&done)))
		napi_consume_skb(skb, budget);
	if (unlikely(READ_ONCE(nic->injecting)))
		work = regbuf_nic_peer_send(nic, &received, budget);
	netif_receive_skb_list(&received);
	if (work < budget)
		napi_complete_done(napi, work);
	return work;
}

/**
 * regbuf_nic_hold_init() - make a new card able to hold packets
 * @nic: the card
 */
void regbuf_nic_hold_init(struct regbuf_nic *nic)
{
	skb_queue_head_init(&nic->held);
	hrtimer_init(&nic->timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_SOFT);
	nic->timer.function = regbuf_nic_timeout;
	netif_napi_add(nic->dev, &nic->napi, regbuf_nic_poll);
}

/**
 * regbuf_nic_hold_start() - the card goes up
 * @nic: the card
 */
void regbuf_nic_hold_start(struct regbuf_nic *nic)
{
	napi_enable(&nic->napi);
}

/**
 * regbuf_nic_hold_stop() - the card goes down; nothing is transmitted any more
 * @nic: the card
 *
 * Context: Process context. Sleeps.
 */
void regbuf_nic_hold_stop(struct regbuf_nic *nic)
{
	hrtimer_cancel(&nic->timer);
	napi_disable(&nic->napi);
	nic->timer_runs = false;
	nic->held_packets = 0;
	skb_queue_purge(&nic->held);
}
