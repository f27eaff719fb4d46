// SPDX-License-Identifier: GPL-2.0
/* Queues: entries go in, completions come out, none is lost. C1, C2, C16. */
#include "model.h"

static __u32 random_entries(void)
{
	return 1 << (3 + rnd(4));
}

void queue_open(struct queue *q)
{
	__u32 pool = chance(4) ? 0 : POOL_SLICES;
	size_t offset = (q - m.queues) * POOL;
	int err;

	memset(q, 0, sizeof(*q));
	err = rb_q_open(m.dev, &q->rb, random_entries(), random_entries(),
			pool);
	check(q, !err, "queue: %d", err);
	q->pooled = pool;
	if (pool) {
		err = rb_q_pool(&q->rb, m.all_pools.id, offset, POOL_SLICE,
				POOL_SLICES);
		check(q, !err, "pool: %d", err);
	}
	note(q, "opened: %lld and %lld entries", q->rb.sq_entries,
	     q->rb.cq_entries);
}

/* Nobody will learn what became of them. */
static void forget(struct queue *q)
{
	for (int i = 0; i < REQUESTS; i++) {
		struct request *req = &m.reqs[i];

		if (req->state == FREE || req->q != q)
			continue;
		if (req->state == PENDING && req->flow)
			req->flow->blind = true;
		request_free(req);
	}
}

/* C15: closed with whatever is going on; its sockets may be used again. */
void queue_close(struct queue *q)
{
	if (chance(2))
		consume(q, ENTRIES);
	if (chance(2))
		while (q->nr_eps)
			endpoint_detach(q->eps[0], 0);
	rb_q_close(&q->rb);
	forget(q);
	queue_open(q);
	pairs_leave(q);
}

/* Entries in the submission ring. */
unsigned int untaken(const struct queue *q)
{
	return q->rb.tail - rb_load(&q->rb.ring->sq_head);
}

static __u32 power_of_two(__u32 n)
{
	__u32 power = 1;

	while (power < n)
		power *= 2;
	return power;
}

/* What is pending or unconsumed has its place in the new ring, or EBUSY. */
void step_resize(struct queue *q)
{
	__u32 sq = chance(3) ? 0 : random_entries();
	__u32 cq = chance(3) ? 0 : random_entries() - rnd(3);
	unsigned int waiting = untaken(q), least = q->nr_pending;
	bool fits = (!sq || waiting <= sq) &&
		    (!cq || least <= power_of_two(cq));
	int err;

	/* What the kernel can't see yet would get lost. */
	rb_q_publish(&q->rb);
	err = rb_q_resize(&q->rb, sq, cq);
	note(q, "resize to %lld and %lld: %lld", sq, cq, err);
	check(q, !err || err == -EBUSY, "%d", err);
	check(q, err || fits, "C2: %u entries, %u pending in %u, %u", waiting,
	      least, sq, cq);
	/* Early and multishot completions may need more than we know. */
	if (!waiting && !least)
		check(q, !err, "%d with nothing pending", err);
	if (err)
		return;
	check(q, q->rb.sq_entries <= ENTRIES,
	      "%u and %u entries", q->rb.sq_entries, q->rb.cq_entries);
	check(q, (!sq || q->rb.sq_entries == sq) &&
	      (!cq || q->rb.cq_entries == power_of_two(cq)),
	      "%u and %u entries", q->rb.sq_entries, q->rb.cq_entries);
}

/* C16: readable if, and only if, something that is not silent is there. */
void step_look(struct queue *q)
{
	bool before = rb_q_loud(&q->rb);
	int events = rb_q_poll(&q->rb);
	bool after = rb_q_loud(&q->rb);

	check(q, events >= 0 && !(events & ~POLLIN), "poll: %#x", events);
	if (before)
		check(q, events & POLLIN, "C16: not readable");
	if (events & POLLIN)
		check(q, after, "C16: readable, and all are silent");
}

/* Give back some slice of the pool. */
void step_return(struct queue *q)
{
	struct regbuf_ring *ring = q->rb.ring;

	/* Nonsense that was returned takes room until the kernel looks. */
	if (ring->pool_tail - rb_load(&ring->pool_head) >= q->rb.pool_entries)
		return;
	for (unsigned int i = 0; i < POOL_SLICES; i++) {
		int err;

		if (!q->mine[i])
			continue;
		q->mine[i] = false;
		memset(m.pools + (q - m.queues) * POOL + i * POOL_SLICE,
		       CANARY, POOL_SLICE);
		note(q, "slice %lld is returned", i);
		err = rb_q_return(&q->rb, i);
		check(q, !err, "%d", err);
		return;
	}
	/* Nothing that it could believe: C17. */
	if (q->pooled && chance(2))
		check(q, !rb_q_return(&q->rb, POOL_SLICES + rnd(1000)), "pool");
}

/* The requests whose completions are in the ring already. */
void mark_posted(struct queue *q)
{
	__u32 head = q->rb.ring->cq_head;
	__u32 tail = rb_load(&q->rb.ring->cq_tail);

	check(q, tail - head <= q->rb.cq_entries, "C2: %u in the ring",
	      tail - head);
	for (; head != tail; head++) {
		const struct regbuf_cqe *cqe;

		struct request *req;

		cqe = &q->rb.cqes[head & (q->rb.cq_entries - 1)];
		req = &m.reqs[cqe->user_data % REQUESTS];
		if (cqe->flags & REGBUF_CQE_F_EARLY)
			req->entered = true;
		else if (!(cqe->flags & REGBUF_CQE_F_MORE))
			req->posted = true;
	}
}

/*
 * A send that has not entered its socket: that was to be told. The network may
 * have any other, and what went in of one that failed, for a moment even over
 * loopback: what is not copied when it is sent is copied when it is received,
 * by whoever has the time. Or it waits for its turn to be told of.
 */
bool surely_waits(const struct request *req)
{
	return req->state == PENDING && req->sqe.op == REGBUF_OP_SEND &&
	       req->sqe.flags & REGBUF_SQE_F_EARLY && !req->entered &&
	       !req->posted && !req->may_cancel && !req->sqe.timeout_us &&
	       !req->flow->broken &&
	       !(req->ep->flags & REGBUF_ATTACH_F_ORDERED);
}

/* C16: it counts what is not silent, but is written after the tail. */
static void check_loud(struct queue *q)
{
	__u32 head = q->rb.ring->cq_head, *loud = &q->rb.ring->cq_loud;

	check(q, rb_within(10, (__s32)(rb_load(loud) - head) >= 0),
	      "cq_loud %u, consumed %u", rb_load(loud), head);
}

/* Consume up to so many; how many there were. */
unsigned int consume(struct queue *q, unsigned int nr)
{
	struct regbuf_cqe cqe;
	unsigned int done = 0;

	check(q, !(rb_load(&q->rb.ring->flags) & REGBUF_RING_F_BROKEN),
	      "the ring is broken");
	for (; done < nr && rb_q_pop(&q->rb, &cqe); done++) {
		if (!(cqe.flags & REGBUF_CQE_F_SILENT))
			check_loud(q);
		judge(q, &cqe);
		m.completed++;
	}
	return done;
}

static bool certain(const struct request *req)
{
	return req->sqe.op == REGBUF_OP_NOP && !req->wrong &&
	       !(req->sqe.flags & REGBUF_SQE_F_SILENT);
}

/* Completions that have to be there after this call, if none is refused. */
static unsigned int must_come(struct queue *q, unsigned int submit)
{
	__u32 head = rb_load(&q->rb.ring->sq_head);
	unsigned int nr = rb_q_ready(&q->rb);

	for (unsigned int i = 0; i < submit && i < untaken(q); i++)
		nr += certain(q->entries[(head + i) % ENTRIES]);
	return nr;
}

static void check_enter(struct queue *q, const struct regbuf_ioc_enter *out,
			int err, unsigned int waiting)
{
	unsigned int most = out->submit < waiting ? out->submit : waiting;
	__u32 wait = out->wait;

	if (wait > q->rb.cq_entries)
		wait = q->rb.cq_entries;
	check(q, out->submitted <= most, "took %u of %u", out->submitted, most);
	check(q, waiting - untaken(q) == out->submitted, "took %u, says %u",
	      waiting - untaken(q), out->submitted);
	check(q, out->error ? out->submitted < most : out->submitted == most,
	      "C1: took %u of %u, error %u", out->submitted, most, out->error);
	check(q, out->ready <= rb_q_ready(&q->rb), "%u ready, %u in the ring",
	      out->ready, rb_q_ready(&q->rb));
	check(q, !err || err == -ETIMEDOUT, "enter: %d", err);
	if (err)
		check(q, !out->error && out->ready < wait, "%u ready of %u",
		      out->ready, wait);
	else
		check(q, out->error || out->ready >= wait, "%u ready of %u",
		      out->ready, wait);
}

/* One call, and what it says. */
void enter(struct queue *q, __u32 submit, __u32 wait, long long timeout_ns)
{
	unsigned int waiting = untaken(q), must = must_come(q, submit);
	__u32 head = rb_load(&q->rb.ring->sq_head);
	struct regbuf_ioc_enter out = { 0 };
	int err;

	err = rb_q_enter(&q->rb, submit, wait, timeout_ns, &out);
	note(q, "call: submit %lld, wait %lld: %lld; %lld, err %lld, has %lld",
	     submit, wait, err, out.submitted, out.error, out.ready);
	check_enter(q, &out, err, waiting);
	if (wait <= must && timeout_ns)
		check(q, !err, "C16: %u must be there", must);
	for (__u32 i = 0; i < out.submitted; i++)
		accept_entry(q, q->entries[(head + i) % ENTRIES]);
	if (out.error)
		refuse_entry(q, q->entries[(head + out.submitted) % ENTRIES],
			     out.error);
}

void step_enter(struct queue *q)
{
	__u32 submit = chance(3) ? rnd(8) : ENTRIES;
	__u32 wait = chance(4) ? rnd(4) : 0;
	long long timeout = 0;

	if (wait && wait <= must_come(q, submit))
		timeout = chance(2) ? PATIENCE * RB_SEC : -1;
	else if (wait)
		timeout = chance(4) ? 1 + rnd(300000) : 0;
	enter(q, submit, wait, timeout);
}
