// SPDX-License-Identifier: GPL-2.0
/* Queues, and the requests that are in them. */
#include "soak.h"

/*
 * Memory of its own: what requests send that is made up for them, and a
 * pool.
 */
static int queue_memory(struct queue *q)
{
	struct map *arena = map_new(SMALL, REQS * ARENA_SLOT, true);
	struct map *pool = map_new(SMALL, POOL_SLICES * POOL_SLICE, true);
	int err;

	if (!arena || !pool)
		retire();
	err = buf_register(&q->arena, arena, 0, arena->len, RB_READ, 0) ?:
	      buf_register(&q->pool, pool, 0, pool->len, RB_WRITE, 0);
	map_put(arena);
	map_put(pool);
	return err ?: rb_q_pool(&q->rb, q->pool.id, 0, POOL_SLICE,
				POOL_SLICES);
}

/* Without the memory for one there is no point in going on. */
void queue_open(struct queue *q, bool poller)
{
	struct regbuf_ioc_queue params = {
		.flags = poller ? REGBUF_QUEUE_F_POLLER : 0,
		.sq_entries = 16 << rnd(2),
		.cq_entries = 16 << rnd(3),
		.pool_entries = POOL_SLICES,
	};
	int err = rb_q_open_params(w.dev, &q->rb, &params);

	ALLOW("queue", err, ENOMEM);
	if (err)
		retire();
	q->open = true;
	q->poller = poller;
	q->id = ++w.queues_made;
	q->consumed = 0;
	q->pending = 0;
	q->efd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ALLOW("eventfd", rb_q_eventfd(&q->rb, q->efd), ENOMEM);
	if (queue_memory(q))
		retire();
}

void req_free(struct req *r)
{
	if (r->map) {
		r->map->busy = false;
		map_put(r->map);
	}
	for (int i = 0; i < PARTS; i++)
		map_put(r->from[i]);
	r->map = NULL;
	memset(r->from, 0, sizeof(r->from));
	r->state = FREE;
}

/*
 * A child may keep the queue open, and its poller would go on reading requests,
 * which are other ones by then.
 */
static void wait_for_children(const struct queue *q)
{
	while (q->poller && waitpid(-1, NULL, 0) > 0)
		;
}

/* C15: what was pending is not heard of again. Its memory is not ours yet. */
void queue_close(struct queue *q)
{
	wait_for_children(q);
	links_leave(q);
	for (int i = 0; i < REQS; i++) {
		struct req *r = &w.reqs[i];

		if (r->state == FREE || r->q != q)
			continue;
		if (r->map)
			r->map->disturbed = true;
		req_free(r);
	}
	for (int i = 0; i < LINKS; i++)
		if (w.links[i].used && w.links[i].q == q)
			w.links[i] = (struct link){ };
	rb_q_close(&q->rb);
	close(q->efd);
	buf_deregister(&q->arena, 0);
	buf_deregister(&q->pool, 0);
	q->open = false;
	q->id = 0;
}

struct queue *any_queue(void)
{
	return &w.queues[rnd(QUEUES)];
}

/* NULL if there are enough. */
struct req *req_new(struct queue *q, __u8 op, struct link *link)
{
	struct req *r = NULL;

	if (q->rb.tail - rb_load(&q->rb.ring->sq_head) >= q->rb.sq_entries)
		return NULL;
	for (int i = 0; i < REQS && !r; i++)
		if (w.reqs[i].state == FREE)
			r = &w.reqs[i];
	if (!r)
		return NULL;
	r->state = DRAFT;
	r->data = (r->data & ~(__u64)(REQS - 1)) + REQS + (r - w.reqs);
	r->op = op;
	r->flags = 0;
	r->early = false;
	r->end = false;
	r->foreign = false;
	r->q = q;
	r->link = link;
	r->nr_slices = 0;
	r->len = 0;
	return r;
}

struct regbuf_sqe *req_sqe(struct req *r)
{
	return rb_sqe_op(&r->q->rb, r->op, r->link ? r->link->ep : 0, r->data);
}

static struct req *req_of(const struct regbuf_sqe *sqe)
{
	return &w.reqs[sqe->user_data % REQS];
}

/* C9: by now nothing may use what was unmapped before this. */
static bool must_be_stale(const struct req *r)
{
	for (int i = 0; i < PARTS; i++)
		if (r->from[i] && r->from[i]->gone && !r->kept[i])
			return true;
	return false;
}

static bool may_be_stale(const struct req *r)
{
	bool may = r->foreign;

	for (int i = 0; i < PARTS; i++)
		may |= r->from[i] && (r->from[i]->gone ||
				      r->from[i]->disturbed);
	return may || (r->map && (r->map->gone || r->map->disturbed));
}

static void accepted(struct req *r)
{
	struct link *l = r->link;

	r->state = PENDING;
	r->order = ++w.order;
	r->q->pending++;
	w.seat->accepted++;
	if (!l)
		return;
	l->pending++;
	l->sends += r->op == REGBUF_OP_SEND;
	l->recvs += r->op == REGBUF_OP_RECV;
}

/* C1: there must be a reason. */
static void refused(const struct req *r, int error)
{
	if (error == ENOBUFS || error == ENOMEM)
		return;
	if (error == ESTALE && may_be_stale(r))
		return;
	die("op %u not taken: %s; flags %#x, %s, %zu bytes", r->op,
	    strerror(error), r->flags, map_text(r->map ?: r->from[0]), r->len);
}

static void submit_poller(struct queue *q)
{
	__u32 head = q->rb.ring->sq_tail;

	for (; head != q->rb.tail; head++)
		accepted(req_of(&q->rb.sqes[head & (q->rb.sq_entries - 1)]));
	ALLOW("enter", rb_q_kick(&q->rb), 0);
}

/* All that was drafted. What is refused, and what follows it, is dropped. */
void submit(struct queue *q)
{
	__u32 head = rb_load(&q->rb.ring->sq_head), nr = q->rb.tail - head;
	struct req *reqs[64], *r;
	struct regbuf_ioc_enter out;
	int err;

	if (q->poller) {
		submit_poller(q);
		return;
	}
	if (!nr)
		return;
	for (__u32 i = 0; i < nr; i++)
		reqs[i] = req_of(&q->rb.sqes[(head + i) &
					     (q->rb.sq_entries - 1)]);
	err = rb_q_enter(&q->rb, nr, 0, 0, &out);
	ALLOW("enter", err, 0);
	if (out.submitted > nr || (out.submitted < nr && !out.error))
		die("%u of %u were taken, error %u", out.submitted, nr,
		    out.error);
	for (__u32 i = 0; i < nr; i++) {
		r = reqs[i];
		if (i < out.submitted) {
			if (must_be_stale(r))
				die("C9: accepted, its memory is unmapped");
			accepted(r);
			continue;
		}
		if (i == out.submitted)
			refused(r, out.error);
		req_free(r);
	}
	rb_q_drop(&q->rb);
}

/* It goes in the middle of everything, and there is another. */
void op_queue(void)
{
	struct queue *q = any_queue();
	bool poller = w.root && chance(2);

	if (!chance(4))
		return;
	thread_hold();
	queue_close(q);
	queue_open(q, poller);
	thread_release();
	links_open(q);
}

/* EBUSY: what is there does not fit. */
void op_resize(void)
{
	__u32 sq = 16 << rnd(2), cq = 16 << rnd(4);
	struct queue *q = any_queue();

	submit(q);
	ALLOW("resize", rb_q_resize(&q->rb, sq, cq), EBUSY, ENOMEM);
	q->rb.tail = q->rb.ring->sq_tail;
}

/* C14: something, or all of an endpoint. */
void op_cancel(void)
{
	struct queue *q = any_queue();
	__u32 which = rnd(REQS);
	bool any = chance(4);
	struct link *l = any_link(true);
	struct req *r = req_new(q, REGBUF_OP_CANCEL, NULL);
	struct regbuf_sqe *sqe;

	if (!r)
		return;
	if (any && l && l->q == q)
		r->link = l;
	sqe = req_sqe(r);
	if (r->link)
		sqe->flags = REGBUF_SQE_F_ANY | REGBUF_SQE_F_ALL;
	else
		sqe->id = w.reqs[which].data;
	submit(q);
}

/* Short ones, of no connection. */
void op_misc(void)
{
	static const __u8 ops[] = {
		REGBUF_OP_NOP, REGBUF_OP_TIMEOUT, REGBUF_OP_IDLE,
		REGBUF_OP_POLL,
	};
	__u8 op = ops[rnd(4)];
	struct queue *q = any_queue();
	__u32 ns = 1000 + rnd(20000000), flags = rnd(2);
	struct link *l = any_link(chance(2));
	const struct buf *b = &w.bufs[rnd(BUFS)];
	struct regbuf_sqe *sqe;
	struct req *r;

	if (op == REGBUF_OP_POLL && (!l || l->q != q))
		return;
	if (op == REGBUF_OP_IDLE && (!b->id || b->imported))
		return;
	r = req_new(q, op, op == REGBUF_OP_POLL ? l : NULL);
	if (!r)
		return;
	sqe = req_sqe(r);
	sqe->flags = flags * REGBUF_SQE_F_SILENT;
	r->flags = sqe->flags;
	if (op == REGBUF_OP_TIMEOUT)
		sqe->offset = ns;
	else if (op == REGBUF_OP_IDLE)
		sqe->id = b->id;
	else if (op == REGBUF_OP_POLL)
		sqe->length = EPOLLIN;
	submit(q);
}
