// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink: which endpoint's sends have which buffers in the network. All of a
 * queue is looked at, a few requests at a time under q->cq_lock, and added up;
 * then it is told.
 */
#include <linux/bsearch.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <net/genetlink.h>

#include "compat.h"
#include "netlink.h"

/* Room to begin with, and at most; requests to look at under the lock. */
#define REGBUF_HOLDS_MIN	4096
#define REGBUF_HOLDS_MAX	65536
#define REGBUF_HOLDS_TURN	64

/* What one request may need: its own, and one for each slice. */
#define REGBUF_HOLDS_ONE	(REGBUF_MAX_SLICES + 3U)

/* Where the next look begins. Chunks stay as long as the queue. */
struct regbuf_holds_at {
	struct regbuf_chunk *chunk;
	u32 next;
};

static int regbuf_held_cmp(const void *one, const void *other)
{
	const struct regbuf_held *a = one, *b = other;

	if (a->ep != b->ep)
		return a->ep < b->ep ? -1 : 1;
	if (a->buf != b->buf)
		return a->buf < b->buf ? -1 : 1;
	return 0;
}

static void regbuf_held_merge(struct regbuf_held *to,
			      const struct regbuf_held *from)
{
	to->nr += from->nr;
	to->bytes += from->bytes;
	if (from->has_born &&
	    (!to->has_born || time_before(from->born, to->born)))
		to->born = from->born;
	to->has_born |= from->has_born;
}

/* One for each endpoint and buffer. */
static void regbuf_holds_compact(struct regbuf_holds *holds)
{
	struct regbuf_held *held = holds->held;
	u32 i, last = 0;

	sort(held, holds->nr, sizeof(*held), regbuf_held_cmp, NULL);
	for (i = 1; i < holds->nr; i++) {
		if (regbuf_held_cmp(&held[i], &held[last]))
			held[++last] = held[i];
		else
			regbuf_held_merge(&held[last], &held[i]);
	}
	holds->nr = holds->nr ? last + 1 : 0;
}

static struct regbuf_held *regbuf_holds_add(struct regbuf_holds *holds,
					    const struct regbuf_req *req,
					    u64 buf, u64 bytes, u32 nr)
{
	struct regbuf_held *held = &holds->held[holds->nr++];

	*held = (struct regbuf_held){
		.ep = req->left,
		.buf = buf,
		.bytes = bytes,
		.nr = nr,
	};
	return held;
}

/* The slices, and what else keeps a buffer; each request counts once for it. */
static void regbuf_holds_segs(struct regbuf_holds *holds,
			      const struct regbuf_req *req)
{
	const struct regbuf_cargo *cargo = &req->cargo;
	const struct regbuf_seg *seg = cargo->segs;
	u32 i, len;

	for (i = 0; i < cargo->nr_segs + cargo->nr_others; i++, seg++) {
		len = i < cargo->nr_segs ? seg->len : 0;
		if (seg->buf)
			regbuf_holds_add(holds, req, seg->buf->id, len,
					 seg->holds);
	}
}

/*
 * One request. In flight, it changes no more; before its slices go its state
 * does, under the lock, and if it has one buffer only RCU keeps that.
 */
static void regbuf_holds_look(struct regbuf_holds *holds,
			      const struct regbuf_req *req)
{
	struct regbuf_held *own;

	lockdep_assert_held(&req->q->cq_lock);
	/* Pairs with regbuf_batch_enter() and regbuf_req_land(). */
	if (smp_load_acquire(&req->state) != REGBUF_REQ_FLIGHT || req->landed)
		return;
	own = regbuf_holds_add(holds, req, 0, req->value, 1);
	if (req->flight) {
		own->born = req->flight->born;
		own->has_born = true;
	}
	regbuf_holds_segs(holds, req);
}

/* Some more; false if there is no room, or they were the last. */
static bool regbuf_holds_some(struct regbuf_holds *holds,
			      struct regbuf_queue *q,
			      struct regbuf_holds_at *at)
{
	u32 turn = REGBUF_HOLDS_TURN, end = holds->nr + REGBUF_HOLDS_ONE;

	lockdep_assert_held(&q->cq_lock);
	end = min(end, holds->max - REGBUF_HOLDS_ONE);
	for (; turn && holds->nr <= end; turn--) {
		if (at->next == at->chunk->nr) {
			if (list_is_last(&at->chunk->node, &q->chunks))
				return false;
			at->chunk = list_next_entry(at->chunk, node);
			at->next = 0;
		}
		regbuf_holds_look(holds, &at->chunk->reqs[at->next++]);
	}
	return true;
}

/* Make room for one more request; false if there is to be none. */
static bool regbuf_holds_room(struct regbuf_holds **holds)
{
	struct regbuf_holds *old = *holds, *new;
	u32 max = min_t(u32, 2 * old->max, REGBUF_HOLDS_MAX);

	if (old->max - old->nr > 2 * REGBUF_HOLDS_ONE)
		return true;
	regbuf_holds_compact(old);
	if (old->max - old->nr > max(old->max / 4, 2 * REGBUF_HOLDS_ONE))
		return true;
	if (max == old->max)
		return false;
	new = kvmalloc(struct_size(new, held, max),
		       GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!new)
		return false;
	memcpy(new, old, struct_size(old, held, old->nr));
	new->max = max;
	kvfree(old);
	*holds = new;
	return true;
}

static void regbuf_holds_fill(struct regbuf_holds **holds,
			      struct regbuf_queue *q)
{
	struct regbuf_holds_at at = { };
	bool more = true;

	at.chunk = list_first_entry(&q->chunks, struct regbuf_chunk, node);
	while (more) {
		if (!regbuf_holds_room(holds)) {
			(*holds)->lacks = true;
			break;
		}
		rcu_read_lock();
		spin_lock_irq(&q->cq_lock);
		more = regbuf_holds_some(*holds, q, &at);
		spin_unlock_irq(&q->cq_lock);
		rcu_read_unlock();
		cond_resched();
	}
	regbuf_holds_compact(*holds);
}

/* The age is that of the endpoint's oldest flight: those end in order. */
static void regbuf_holds_date(struct regbuf_holds *holds)
{
	const struct regbuf_held *own = NULL;
	u32 i;

	for (i = 0; i < holds->nr; i++) {
		if (!holds->held[i].buf) {
			own = &holds->held[i];
		} else if (own && own->has_born) {
			holds->held[i].born = own->born;
			holds->held[i].has_born = true;
		}
	}
}

/**
 * regbuf_holds_take() - see what the sends of a queue hold
 * @dump: gets it, unless it has it already
 * @q: the queue
 *
 * Context: Process context. May sleep.
 * Return: 0 or -ENOMEM.
 */
int regbuf_holds_take(struct regbuf_dump *dump, struct regbuf_queue *q)
{
	struct regbuf_holds *holds;

	if (dump->holds)
		return 0;
	holds = kvmalloc(struct_size(holds, held, REGBUF_HOLDS_MIN),
			 GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!holds)
		return -ENOMEM;
	holds->nr = 0;
	holds->max = REGBUF_HOLDS_MIN;
	holds->lacks = false;
	regbuf_holds_fill(&holds, q);
	regbuf_holds_date(holds);
	dump->holds = holds;
	/* Who asked is to know, and to ask again. */
	if (holds->lacks)
		dump->seq++;
	return 0;
}

/**
 * regbuf_holds_drop() - forget what a queue's sends hold
 * @dump: has it, or not
 *
 * Context: Process context.
 */
void regbuf_holds_drop(struct regbuf_dump *dump)
{
	kvfree(dump->holds);
	dump->holds = NULL;
}

/**
 * regbuf_holds_of() - what one endpoint's sends have in the network
 * @holds: the queue's
 * @ep: the endpoint
 *
 * Context: Any.
 * Return: all together, or NULL if there are none.
 */
const struct regbuf_held *regbuf_holds_of(const struct regbuf_holds *holds,
					  u32 ep)
{
	const struct regbuf_held key = { .ep = ep };

	return bsearch(&key, holds->held, holds->nr, sizeof(key),
		       regbuf_held_cmp);
}

/**
 * regbuf_dump_by_queue() - go through the queues of a context
 * @dump: the dump
 * @to: where to
 * @ctx: the context
 * @fn: has one queue put into it, from @dump->pos on
 *
 * Context: Process context. May sleep.
 * Return: 0 or -EMSGSIZE, -ENOMEM.
 */
int regbuf_dump_by_queue(struct regbuf_dump *dump,
			 const struct regbuf_answer *to, struct regbuf_ctx *ctx,
			 regbuf_dump_queue_fn fn)
{
	struct regbuf_queue *q;
	int err = 0;

	if (!dump->queue)
		dump->queue = dump->only_queue;
	while (!err && (q = regbuf_queue_from(ctx, dump->queue))) {
		/* It is gone, with what was known of it. */
		if (q->id != dump->queue) {
			regbuf_holds_drop(dump);
			dump->pos = 0;
		}
		dump->queue = q->id;
		if (!dump->only_queue || q->id == dump->only_queue)
			err = regbuf_holds_take(dump, q) ?: fn(dump, to, q);
		if (!err) {
			regbuf_holds_drop(dump);
			dump->pos = 0;
			dump->queue++;
		}
		regbuf_queue_put(q);
		if (dump->only_queue)
			break;
	}
	return err;
}

static int regbuf_put_hold_sock(struct sk_buff *skb, struct regbuf_queue *q,
				u32 ep)
{
	struct regbuf_ep_view view;
	unsigned long id = ep;
	int err = 0;

	if (!regbuf_ep_view(q, &id, &view))
		return 0;
	if (view.id == ep)
		err = regbuf_put_u64(skb, REGBUF_A_HOLD_COOKIE,
				     regbuf_ep_cookie(&view)) ||
		      regbuf_put_u64(skb, REGBUF_A_HOLD_INODE, view.inode);
	sock_put(view.sk);
	return err;
}

static int regbuf_put_hold(const struct regbuf_answer *to,
			   struct regbuf_queue *q,
			   const struct regbuf_held *held)
{
	u64 age = held->has_born ? jiffies_to_msecs(jiffies - held->born) : 0;
	struct sk_buff *skb = to->skb;
	void *hdr = regbuf_answer_begin(to);
	int err;

	if (!hdr)
		return -EMSGSIZE;
	err = nla_put_u32(skb, REGBUF_A_HOLD_CONTEXT, q->ctx->id) ||
	      regbuf_put_u64(skb, REGBUF_A_HOLD_BUFFER, held->buf) ||
	      nla_put_u32(skb, REGBUF_A_HOLD_QUEUE, q->id) ||
	      nla_put_u32(skb, REGBUF_A_HOLD_ENDPOINT, held->ep) ||
	      regbuf_put_hold_sock(skb, q, held->ep) ||
	      nla_put_u32(skb, REGBUF_A_HOLD_REQUESTS, held->nr) ||
	      regbuf_put_u64(skb, REGBUF_A_HOLD_BYTES, held->bytes) ||
	      regbuf_put_u64(skb, REGBUF_A_HOLD_AGE, age);
	return regbuf_answer_end(to, hdr, err);
}

int regbuf_nl_holds_start(struct netlink_callback *cb)
{
	struct nlattr **attrs = regbuf_dump_attrs(cb);
	struct nlattr *buf = attrs[REGBUF_A_HOLD_BUFFER];
	int err;

	if (buf && !attrs[REGBUF_A_HOLD_CONTEXT]) {
		NL_SET_ERR_MSG_ATTR(cb->extack, buf,
				    "a buffer needs its context");
		return -EINVAL;
	}
	err = regbuf_dump_start(cb, REGBUF_A_HOLD_CONTEXT);
	if (!err && buf)
		regbuf_dump_of(cb)->only_buf = nla_get_u64(buf);
	return err;
}

static int regbuf_dump_queue_holds(struct regbuf_dump *dump,
				   const struct regbuf_answer *to,
				   struct regbuf_queue *q)
{
	const struct regbuf_held *held;
	int err;

	for (; dump->pos < dump->holds->nr; dump->pos++) {
		held = &dump->holds->held[dump->pos];
		if (!held->buf ||
		    (dump->only_buf && held->buf != dump->only_buf))
			continue;
		err = regbuf_put_hold(to, q, held);
		if (err)
			return err;
		cond_resched();
	}
	return 0;
}

static int regbuf_dump_holds(struct regbuf_dump *dump,
			     const struct regbuf_answer *to,
			     struct regbuf_ctx *ctx)
{
	return regbuf_dump_by_queue(dump, to, ctx, regbuf_dump_queue_holds);
}

int regbuf_nl_holds(struct sk_buff *skb, struct netlink_callback *cb)
{
	return regbuf_dump_run(skb, cb, REGBUF_CMD_HOLD_GET,
			       regbuf_dump_holds);
}
