// SPDX-License-Identifier: GPL-2.0
/*
 * Multishot requests that wait until the program has made room: consumed
 * completions, or returned slices. It does so in shared memory, and is asked to
 * come by a flag there.
 */
#include "queue.h"

/**
 * regbuf_ring_need() - ask the program to come, or no more
 * @q: the queue
 * @why: REGBUF_NEED_*
 * @need: is it so
 *
 * Context: Any.
 */
void regbuf_ring_need(struct regbuf_queue *q, u32 why, bool need)
{
	struct regbuf_ring *ring;
	unsigned long flags;
	u32 shown;

	spin_lock_irqsave(&q->cq_lock, flags);
	ring = q->shm->ring;
	q->needs = need ? q->needs | why : q->needs & ~why;
	shown = q->needs ? REGBUF_RING_F_NEED_ENTER : 0;
	if (q->broken)
		shown |= REGBUF_RING_F_BROKEN;
	WRITE_ONCE(ring->flags, shown);
	spin_unlock_irqrestore(&q->cq_lock, flags);
}

static void regbuf_stall(struct regbuf_ep *ep)
{
	struct regbuf_queue *q = ep->q;

	if (list_empty(&ep->node))
		list_add_tail(&ep->node, &q->stalled);
	regbuf_ring_need(q, REGBUF_NEED_ROOM, true);
	/*
	 * The flag before the look at what the program did meanwhile. Pairs
	 * with the barrier between its doing that and looking at the flag.
	 */
	smp_mb();
}

/**
 * regbuf_stall_for_slice() - wait for slices to be returned
 * @ep: the endpoint that needs one
 *
 * Context: q->lock held.
 */
void regbuf_stall_for_slice(struct regbuf_ep *ep)
{
	struct regbuf_queue *q = ep->q;

	regbuf_stall(ep);
	if (!READ_ONCE(q->broken) &&
	    READ_ONCE(q->shm->ring->pool_tail) != q->pool.head)
		regbuf_queue_unstall(q);
}

/**
 * regbuf_stall_for_place() - wait for completions to be consumed
 * @ep: the endpoint that needs a place for another
 *
 * Context: q->lock held.
 */
void regbuf_stall_for_place(struct regbuf_ep *ep)
{
	struct regbuf_queue *q = ep->q;

	regbuf_stall(ep);
	if (regbuf_req_reserve(q, 1))
		return;
	regbuf_req_unreserve(q, 1);
	regbuf_queue_unstall(q);
}

/**
 * regbuf_queue_unstall() - the program came: look for room again
 * @q: the queue
 *
 * Context: q->lock held.
 */
void regbuf_queue_unstall(struct regbuf_queue *q)
{
	struct regbuf_ep *ep, *next;

	if (likely(list_empty(&q->stalled)))
		return;
	regbuf_ring_need(q, REGBUF_NEED_ROOM, false);
	list_for_each_entry_safe(ep, next, &q->stalled, node) {
		list_del_init(&ep->node);
		regbuf_ep_ready(ep);
	}
}
