// SPDX-License-Identifier: GPL-2.0
/*
 * HOT: requests, from the place that is promised to the completion posted.
 */
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "queue.h"

/* Completions in order that are told of at a time, with interrupts off. */
#define REGBUF_ORDER_TURN	256

static void regbuf_req_expire(struct regbuf_queue *q,
			      struct regbuf_timer *timer)
{
	regbuf_req_abort(container_of(timer, struct regbuf_more, timer)->req,
			 -ETIME);
}

/**
 * regbuf_chunk_create() - make free requests
 * @q: whose they will be
 * @nr: how many
 *
 * Context: Process context. May sleep.
 * Return: the chunk, or NULL.
 */
struct regbuf_chunk *regbuf_chunk_create(struct regbuf_queue *q, u32 nr)
{
	struct regbuf_chunk *chunk;
	u32 i;

	/* kmalloc() would make a power of two of it. */
	chunk = __vmalloc(struct_size(chunk, reqs, nr),
			  GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN);
	if (!chunk)
		return NULL;
	chunk->nr = nr;
	for (i = 0; i < nr; i++)
		chunk->reqs[i].q = q;
	return chunk;
}

/**
 * regbuf_chunk_add() - give a queue more requests
 * @q: the queue
 * @chunk: from regbuf_chunk_create()
 *
 * Context: q->lock held.
 */
void regbuf_chunk_add(struct regbuf_queue *q, struct regbuf_chunk *chunk)
{
	unsigned long flags;
	LIST_HEAD(reqs);
	u32 i;

	/* There may be very many: not with interrupts off. */
	for (i = 0; i < chunk->nr; i++)
		list_add_tail(&chunk->reqs[i].node, &reqs);
	spin_lock_irqsave(&q->cq_lock, flags);
	list_add_tail(&chunk->node, &q->chunks);
	list_splice_tail(&reqs, &q->free);
	spin_unlock_irqrestore(&q->cq_lock, flags);
}

/**
 * regbuf_chunk_destroy() - free requests
 * @chunk: on no list; none of them is in use
 *
 * Context: Process context.
 */
void regbuf_chunk_destroy(struct regbuf_chunk *chunk)
{
	u32 i;

	for (i = 0; i < chunk->nr; i++)
		kfree(chunk->reqs[i].more);
	vfree(chunk);
}

/* regbuf_req_more(), for the first time. */
int __regbuf_req_more(struct regbuf_req *req)
{
	struct regbuf_more *more = kzalloc(sizeof(*more), GFP_KERNEL_ACCOUNT);

	if (!more)
		return -ENOMEM;
	more->req = req;
	regbuf_timer_setup(&more->timer, regbuf_req_expire);
	req->more = more;
	return 0;
}

static void regbuf_req_free_control(struct regbuf_req *req)
{
	if (!req->control)
		return;
	kfree(req->more->ctl);
	req->more->ctl = NULL;
}

static void __regbuf_queue_break(struct regbuf_queue *q)
{
	lockdep_assert_held(&q->cq_lock);
	if (q->broken)
		return;
	WRITE_ONCE(q->broken, true);
	WRITE_ONCE(q->shm->ring->flags,
		   q->shm->ring->flags | REGBUF_RING_F_BROKEN);
	wake_up_all(&q->wait);
	wake_up_poll(&q->poll, EPOLLERR);
}

/**
 * regbuf_queue_break() - an index is where it cannot be
 * @q: the queue; good for nothing from now on
 *
 * Context: Process context.
 */
void regbuf_queue_break(struct regbuf_queue *q)
{
	spin_lock_irq(&q->cq_lock);
	__regbuf_queue_break(q);
	spin_unlock_irq(&q->cq_lock);
}

/* Completions that the program has not consumed; it may have lied. */
static u32 regbuf_cq_used(struct regbuf_queue *q)
{
	u32 used = q->cq_tail - READ_ONCE(q->shm->ring->cq_head);

	lockdep_assert_held(&q->cq_lock);
	if (likely(used <= q->shm->cq_entries))
		return used;
	__regbuf_queue_break(q);
	return 0;
}

/**
 * regbuf_cq_loud_ready() - is a completion unconsumed that is not silent
 * @q: the queue; broken if the program's index is impossible
 *
 * Context: Process context.
 */
bool regbuf_cq_loud_ready(struct regbuf_queue *q)
{
	bool ready;

	spin_lock_irq(&q->cq_lock);
	ready = regbuf_cq_used(q) > q->cq_tail - q->cq_loud;
	spin_unlock_irq(&q->cq_lock);
	return ready;
}

/**
 * regbuf_cq_ready() - completions that the program has not consumed
 * @q: the queue; broken if the program's index is impossible
 *
 * Context: Any.
 * Return: how many.
 */
u32 regbuf_cq_ready(struct regbuf_queue *q)
{
	unsigned long flags;
	u32 used;

	spin_lock_irqsave(&q->cq_lock, flags);
	used = regbuf_cq_used(q);
	spin_unlock_irqrestore(&q->cq_lock, flags);
	return used;
}

/**
 * regbuf_cq_has_place() - could a request be accepted
 * @q: the queue
 *
 * Context: q->cq_lock held. A hint only without q->lock.
 */
bool regbuf_cq_has_place(struct regbuf_queue *q)
{
	u32 head = READ_ONCE(q->shm->ring->cq_head);

	return regbuf_cq_used(q) < q->shm->cq_entries && !q->broken &&
	       READ_ONCE(q->promised) - head < q->shm->cq_entries;
}

/**
 * regbuf_cq_look() - see how far the program has come
 * @q: the queue; broken if the program's index is impossible
 *
 * Context: q->lock held.
 * Return: 0 or -ENOTRECOVERABLE.
 */
int regbuf_cq_look(struct regbuf_queue *q)
{
	u32 head;

	if (READ_ONCE(q->broken))
		return -ENOTRECOVERABLE;
	/*
	 * Before the tail, which grows, and before these places are written
	 * anew: pairs with the program's release after it read them.
	 */
	head = smp_load_acquire(&q->shm->ring->cq_head);
	/* More than was written, or than there is room for: it has lied. */
	if (READ_ONCE(q->cq_tail) - head > q->cq_entries ||
	    q->promised - head > q->cq_entries) {
		regbuf_queue_break(q);
		return -ENOTRECOVERABLE;
	}
	q->cq_seen = head;
	return 0;
}

/* regbuf_req_reserve(), if the program's index has to be looked at again. */
int __regbuf_req_reserve(struct regbuf_queue *q, u32 places)
{
	int err = regbuf_cq_look(q);

	if (err)
		return err;
	if (q->promised + places - q->cq_seen > q->cq_entries)
		return -ENOBUFS;
	WRITE_ONCE(q->promised, q->promised + places);
	return 0;
}

/**
 * regbuf_req_unreserve() - take a promise back
 * @q: the queue
 * @places: how many
 *
 * Context: q->lock held.
 */
void regbuf_req_unreserve(struct regbuf_queue *q, u32 places)
{
	WRITE_ONCE(q->promised, q->promised - places);
}

/* regbuf_req_start(), for some of the free requests, those used last. */
void __regbuf_req_refill(struct regbuf_queue *q)
{
	struct list_head *last = &q->free;
	struct regbuf_req *req;
	LIST_HEAD(taken);

	spin_lock_irq(&q->cq_lock);
	list_for_each_entry(req, &q->free, node) {
		last = &req->node;
		q->fresh[q->nr_fresh++] = req;
		if (q->nr_fresh == REGBUF_FRESH)
			break;
	}
	list_cut_position(&taken, &q->free, last);
	q->nr_busy += q->nr_fresh;
	spin_unlock_irq(&q->cq_lock);
}

/* Back to where it came from; there is room, unless others were taken since. */
static void regbuf_req_push(struct regbuf_req *req)
{
	struct regbuf_queue *q = req->q;

	if (q->nr_fresh < REGBUF_FRESH) {
		q->fresh[q->nr_fresh++] = req;
		return;
	}
	spin_lock_irq(&q->cq_lock);
	list_add(&req->node, &q->free);
	q->nr_busy--;
	spin_unlock_irq(&q->cq_lock);
}

/**
 * regbuf_req_refuse() - the request was not accepted
 * @req: from regbuf_req_start(), on no list
 * @places: as promised
 *
 * Context: q->lock held.
 */
void regbuf_req_refuse(struct regbuf_req *req, u32 places)
{
	regbuf_cargo_drop(&req->cargo, &req->q->hold);
	regbuf_req_free_control(req);
	regbuf_req_unreserve(req->q, places);
	regbuf_req_push(req);
}

/**
 * regbuf_reqs_shut() - no more requests will be started
 * @q: the queue, shut
 *
 * Context: q->cq_lock held.
 * Return: true if none is in flight either; else the last one drops the queue.
 */
bool regbuf_reqs_shut(struct regbuf_queue *q)
{
	lockdep_assert_held(&q->cq_lock);
	q->nr_busy -= q->nr_fresh;
	while (q->nr_fresh)
		list_add(&q->fresh[--q->nr_fresh]->node, &q->free);
	q->closed = true;
	return !q->nr_busy;
}

/* What there is to tell of a request. */
static __always_inline void regbuf_cqe_write(struct regbuf_cqe *cqe,
					     const struct regbuf_req *req,
					     u32 more)
{
	u32 silent = (req->flags & REGBUF_SQE_F_SILENT) << 9;

	BUILD_BUG_ON(REGBUF_SQE_F_SILENT << 9 != REGBUF_CQE_F_SILENT);
	*cqe = (struct regbuf_cqe){
		.user_data = req->user_data,
		.error = req->error,
		.flags = req->cqe_flags | more | silent,
		.value = req->value,
		.copy_reasons = req->copy_reasons,
		.ctl_length = req->ctl_length,
		.detail = req->detail,
	};
	regbuf_trace(complete, req, req->cqe_flags | more | silent);
}

/* The next place, which was promised; NULL if nobody looks any more. */
static struct regbuf_cqe *regbuf_cq_next(struct regbuf_queue *q, bool silent)
{
	u32 tail = q->cq_tail;

	lockdep_assert_held(&q->cq_lock);
	if (unlikely(q->broken))
		return NULL;
	WRITE_ONCE(q->cq_tail, tail + 1);
	if (!silent)
		WRITE_ONCE(q->cq_loud, tail + 1);
	return &q->shm->cqes[tail & (q->shm->cq_entries - 1)];
}

static __always_inline void regbuf_cq_write(const struct regbuf_req *req,
					    u32 more)
{
	struct regbuf_cqe *cqe;

	cqe = regbuf_cq_next(req->q, req->flags & REGBUF_SQE_F_SILENT);
	if (likely(cqe))
		regbuf_cqe_write(cqe, req, more);
}

/* Show what was written; @loud is q->cq_loud of before. */
static void regbuf_cq_publish(struct regbuf_queue *q, u32 loud)
{
	struct regbuf_ring *ring = q->shm->ring;

	lockdep_assert_held(&q->cq_lock);
	/* After the entries; pairs with the program's acquire. */
	smp_store_release(&ring->cq_tail, q->cq_tail);
	if (q->cq_loud == loud)
		return;
	WRITE_ONCE(ring->cq_loud, q->cq_loud);
	regbuf_notify(q);
}

/**
 * regbuf_req_post_early() - tell that a send has entered its socket
 * @req: the request; a place was promised
 *
 * At once: the network may be through with it before what is staged is told.
 *
 * Context: q->lock held.
 */
void regbuf_req_post_early(struct regbuf_req *req)
{
	struct regbuf_queue *q = req->q;
	u32 loud;

	spin_lock_irq(&q->cq_lock);
	loud = q->cq_loud;
	regbuf_cq_write(req, REGBUF_CQE_F_EARLY);
	regbuf_cq_publish(q, loud);
	spin_unlock_irq(&q->cq_lock);
}

/* regbuf_cq_flush(), if there is something. */
void __regbuf_cq_flush(struct regbuf_queue *q)
{
	struct regbuf_cqe *cqe;
	u32 i, loud;

	/* What is told of is not used by it any more. */
	regbuf_hold_drop(&q->hold);
	spin_lock_irq(&q->cq_lock);
	loud = q->cq_loud;
	for (i = 0; i < q->nr_staged; i++) {
		cqe = regbuf_cq_next(q, q->staged[i].flags &
					REGBUF_CQE_F_SILENT);
		if (likely(cqe))
			*cqe = q->staged[i];
	}
	q->nr_staged = 0;
	regbuf_cq_publish(q, loud);
	spin_unlock_irq(&q->cq_lock);
}

static __always_inline void regbuf_req_done(struct regbuf_req *req)
{
	regbuf_cq_write(req, 0);
	WRITE_ONCE(req->state, REGBUF_REQ_FREE);
	req->q->nr_busy--;
}

/* Those at the head of the line that have landed, to @done; true if not all. */
static bool regbuf_order_done(struct regbuf_ep *ep, struct list_head *done)
{
	u32 turn = REGBUF_ORDER_TURN;
	struct regbuf_more *next;

	lockdep_assert_held(&ep->q->cq_lock);
	while (!list_empty(&ep->order)) {
		next = list_first_entry(&ep->order, struct regbuf_more, order);
		if (!next->req->landed)
			return false;
		if (!turn--)
			return true;
		list_del(&next->order);
		regbuf_req_done(next->req);
		list_add_tail(&next->req->node, done);
		regbuf_ep_put(ep);
	}
	return false;
}

/* All are of one endpoint; what is left in @reqs are others, perhaps. */
static noinline struct regbuf_ep *
regbuf_reqs_done_in_order(struct list_head *reqs)
{
	struct regbuf_req *req, *next;
	struct regbuf_ep *ep = NULL;

	list_for_each_entry_safe(req, next, reqs, node) {
		ep = req->ep;
		req->landed = true;
		list_del_init(&req->node);
	}
	return regbuf_order_done(ep, reqs) ? ep : NULL;
}

/* Requests of a flight: all are ordered, or none. Who has more, if any. */
static struct regbuf_ep *regbuf_reqs_done(struct list_head *reqs)
{
	struct regbuf_req *req;

	req = list_first_entry(reqs, struct regbuf_req, node);
	if (unlikely(req->ordered))
		return regbuf_reqs_done_in_order(reqs);
	list_for_each_entry(req, reqs, node)
		regbuf_req_done(req);
	return NULL;
}

/* The last request takes the queue along; its memory goes after the lock. */
static __always_inline struct regbuf_ep *
regbuf_reqs_post_some(struct regbuf_queue *q, struct list_head *reqs,
		      struct regbuf_flight *flight)
{
	struct regbuf_ep *more;
	unsigned long flags;
	u32 loud;

	spin_lock_irqsave(&q->cq_lock, flags);
	loud = q->cq_loud;
	more = regbuf_reqs_done(reqs);
	regbuf_cq_publish(q, loud);
	list_splice_init(reqs, &q->free);
	if (flight)
		regbuf_fleet_land(flight);
	if (unlikely(q->closed) && !q->nr_busy)
		regbuf_queue_put(q);
	spin_unlock_irqrestore(&q->cq_lock, flags);
	return more;
}

/*
 * Some more that had landed before, and waited for their turn. Another may do
 * the same meanwhile: then all may be gone, but for what RCU keeps.
 */
static noinline struct regbuf_ep *regbuf_order_post(struct regbuf_ep *ep)
{
	struct regbuf_queue *q = ep->q;
	struct regbuf_ep *more = NULL;
	unsigned long flags;
	LIST_HEAD(done);
	u32 loud;

	spin_lock_irqsave(&q->cq_lock, flags);
	loud = q->cq_loud;
	if (regbuf_order_done(ep, &done))
		more = ep;
	if (!list_empty(&done)) {
		regbuf_cq_publish(q, loud);
		list_splice(&done, &q->free);
		if (unlikely(q->closed) && !q->nr_busy)
			regbuf_queue_put(q);
	}
	spin_unlock_irqrestore(&q->cq_lock, flags);
	return more;
}

/* Under RCU's lock. */
static __always_inline void regbuf_reqs_post(struct regbuf_queue *q,
					     struct list_head *reqs,
					     struct regbuf_flight *flight)
{
	struct regbuf_ep *more = regbuf_reqs_post_some(q, reqs, flight);

	while (unlikely(more))
		more = regbuf_order_post(more);
}

/*
 * Let go of what a request has while it is in flight. nlhold.c looks at those
 * under the lock: at one buffer, which RCU keeps; at lists before they go.
 */
static void regbuf_req_unload(struct regbuf_req *req, struct regbuf_hold *hold)
{
	struct regbuf_queue *q = req->q;
	unsigned long flags;

	if (unlikely(!req->cargo.plain || req->cargo.nr_others)) {
		spin_lock_irqsave(&q->cq_lock, flags);
		WRITE_ONCE(req->state, REGBUF_REQ_LANDING);
		spin_unlock_irqrestore(&q->cq_lock, flags);
	}
	regbuf_cargo_drop(&req->cargo, hold);
}

/**
 * regbuf_reqs_landed() - the network has let go of a flight's memory
 * @flight: the flight; gone after this, with its requests
 *
 * Context: Any.
 */
void regbuf_reqs_landed(struct regbuf_flight *flight)
{
	bool copied = flight->copied_later;
	struct regbuf_queue *q = flight->q;
	struct regbuf_hold hold = { .stock = &q->stock };
	struct regbuf_req *req;

	if (unlikely(list_empty(&flight->reqs))) {
		regbuf_fleet_return(flight);
		return;
	}
	/* Of the leader, a part was in the flight before. */
	req = list_first_entry(&flight->reqs, struct regbuf_req, node);
	if (unlikely(flight->part_copied))
		req->cqe_flags |= REGBUF_CQE_F_COPIED;
	rcu_read_lock();
	list_for_each_entry(req, &flight->reqs, node) {
		regbuf_req_unload(req, &hold);
		if (unlikely(copied))
			req->cqe_flags |= REGBUF_CQE_F_COPIED;
	}
	regbuf_hold_drop(&hold);
	regbuf_reqs_post(q, &flight->reqs, flight);
	rcu_read_unlock();
}

/* Completions of this endpoint's sends are in order. */
static void regbuf_req_queue_up(struct regbuf_req *req)
{
	struct regbuf_queue *q = req->q;

	refcount_inc(&req->ep->ref);
	req->ordered = true;
	spin_lock_irq(&q->cq_lock);
	list_add_tail(&req->more->order, &req->ep->order);
	spin_unlock_irq(&q->cq_lock);
}

/**
 * regbuf_req_fancy() - a request is through that is not of the simplest kind
 * @req: one with a deadline, control data or an early completion that did not
 *       come, or of an endpoint whose sends complete in order
 *
 * Context: q->lock held.
 */
void regbuf_req_fancy(struct regbuf_req *req)
{
	if (req->more)
		regbuf_timer_del(req->q, &req->more->timer);
	regbuf_req_free_control(req);
	if (req->early)
		regbuf_req_unreserve(req->q, 1);
	if (req->op == REGBUF_OP_SEND &&
	    req->ep->flags & REGBUF_ATTACH_F_ORDERED)
		regbuf_req_queue_up(req);
}

/* In the order of its endpoint. */
static void regbuf_req_line_up(struct regbuf_req *req)
{
	struct regbuf_queue *q = req->q;
	struct regbuf_hold hold = { .stock = &q->stock };
	LIST_HEAD(alone);

	rcu_read_lock();
	regbuf_req_unload(req, &hold);
	regbuf_hold_drop(&hold);
	list_add(&req->node, &alone);
	regbuf_reqs_post(q, &alone, NULL);
	rcu_read_unlock();
}

/* When its flight has landed, or in the order of its endpoint. */
static void regbuf_req_land(struct regbuf_req *req)
{
	struct regbuf_flight *flight = req->flight;

	/*
	 * The network may have it for long: anything but pending. After its
	 * cargo; pairs with regbuf_holds_look().
	 */
	smp_store_release(&req->state, REGBUF_REQ_FLIGHT);
	if (!flight) {
		regbuf_req_line_up(req);
		return;
	}
	list_add_tail(&req->node, &flight->reqs);
	regbuf_flight_end(flight, 1);
}

/* To be told of, with others. */
static void regbuf_req_stage(struct regbuf_req *req, u32 more)
{
	struct regbuf_queue *q = req->q;

	if (unlikely(q->nr_staged == REGBUF_STAGED))
		__regbuf_cq_flush(q);
	regbuf_cqe_write(&q->staged[q->nr_staged++], req, more);
}

/**
 * regbuf_req_post() - post a completion that is not the last
 * @req: the request; a place was promised
 *
 * Context: q->lock held.
 */
void regbuf_req_post(struct regbuf_req *req)
{
	regbuf_req_stage(req, REGBUF_CQE_F_MORE);
}

/* No flight has any of it: all that is left is to tell. */
static void regbuf_req_end(struct regbuf_req *req)
{
	regbuf_req_stage(req, 0);
	regbuf_cargo_drop(&req->cargo, &req->q->hold);
	WRITE_ONCE(req->state, REGBUF_REQ_FREE);
	regbuf_req_push(req);
}

/**
 * regbuf_req_complete() - the request is through; all but the network's part
 * @req: the request, on no list; gone after this
 * @err: 0, or a negative errno
 *
 * Context: q->lock held.
 */
void regbuf_req_complete(struct regbuf_req *req, int err)
{
	req->error = -err;
	if (unlikely(req->fancy))
		regbuf_req_fancy(req);
	if (unlikely(req->flight || req->ordered))
		regbuf_req_land(req);
	else
		regbuf_req_end(req);
}

/**
 * regbuf_req_finish() - take a request from its list and complete it
 * @req: the request
 * @err: 0, or a negative errno
 *
 * Context: q->lock held.
 */
void regbuf_req_finish(struct regbuf_req *req, int err)
{
	struct regbuf_lane *lane = regbuf_req_lane(req);

	list_del_init(&req->node);
	if (lane)
		WRITE_ONCE(lane->count, lane->count - 1);
	else if (req->op == REGBUF_OP_POLL || req->op == REGBUF_OP_CONNECT)
		WRITE_ONCE(req->ep->nr_polls, req->ep->nr_polls - 1);
	regbuf_req_complete(req, err);
}

/**
 * regbuf_req_abort() - cancel a pending request
 * @req: the request
 * @err: -ECANCELED or -ETIME
 *
 * A stream of which a part was sent has a hole then.
 *
 * Context: q->lock held.
 */
void regbuf_req_abort(struct regbuf_req *req, int err)
{
	struct regbuf_ep *ep = req->ep;

	if (req->op == REGBUF_OP_SEND && req->value)
		ep->send.broken = true;
	regbuf_req_finish(req, err);
	/* For what comes after it; or it was the last of those to drain. */
	if (ep)
		regbuf_ep_ready(ep);
}

/**
 * regbuf_list_abort() - cancel all requests of a list
 * @reqs: pending requests
 *
 * Context: Process context. q->lock held.
 */
void regbuf_list_abort(struct list_head *reqs)
{
	struct regbuf_req *req, *next;

	list_for_each_entry_safe(req, next, reqs, node) {
		regbuf_req_abort(req, -ECANCELED);
		cond_resched();
	}
}
