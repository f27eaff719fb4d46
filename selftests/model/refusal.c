// SPDX-License-Identifier: GPL-2.0
/*
 * Which entries have to be refused, and with what; and what follows from taking
 * one. Where several things are wrong any of them may be named.
 */
#include "model.h"

struct refusal {
	unsigned int must;	/* R_*: each is reason enough */
	unsigned int may;	/* it depends on what the kernel has done yet */
};

static unsigned int reason(int error)
{
	switch (error) {
	case EINVAL:
		return R_EINVAL;
	case EOPNOTSUPP:
		return R_EOPNOTSUPP;
	case ENOENT:
		return R_ENOENT;
	case ESTALE:
		return R_ESTALE;
	case EFAULT:
		return R_EFAULT;
	case EACCES:
		return R_EACCES;
	case ENOBUFS:
		return R_ENOBUFS;
	}
	return R_UNEXPECTED;
}

/* The lane that the operation needs; 0 for none. */
static __u32 lane_of(const struct regbuf_sqe *sqe)
{
	switch (sqe->op) {
	case REGBUF_OP_SEND:
	case REGBUF_OP_SHUTDOWN:
		return REGBUF_ATTACH_F_SEND;
	case REGBUF_OP_RECV:
		return REGBUF_ATTACH_F_RECV;
	}
	return 0;
}

/*
 * C2: a request that is pending has a place, until its completion is consumed.
 * One with an early completion has two. A multishot uses what is left.
 */
static void places(const struct queue *q, const struct request *req,
		   struct refusal *refusal)
{
	unsigned int need = req->sqe.flags & REGBUF_SQE_F_EARLY ? 2 : 1;
	unsigned int least = q->nr_pending, most = least;

	for (int i = 0; i < REQUESTS; i++) {
		const struct request *other = &m.reqs[i];

		if (other->state != PENDING || other->q != q)
			continue;
		if (other->sqe.flags & REGBUF_SQE_F_EARLY)
			most += !other->early;
		if (other->sqe.flags & REGBUF_SQE_F_MULTI)
			most += q->rb.cq_entries;
	}
	if (least + need > q->rb.cq_entries)
		refusal->must |= R_ENOBUFS;
	else if (most + need > q->rb.cq_entries)
		refusal->may |= R_ENOBUFS;
}

/*
 * C3: sends enter in order, so what was sent after one that waits does as well.
 * The first of those; or ~0.
 */
static __u64 waits_since(const struct endpoint *ep)
{
	__u64 order = ~0ULL;

	for (int i = 0; i < REQUESTS; i++)
		if (m.reqs[i].ep == ep && surely_waits(&m.reqs[i]) &&
		    m.reqs[i].order < order)
			order = m.reqs[i].order;
	return order;
}

/* Does it count for what its lane has? */
static bool counts(const struct request *req, __u64 since)
{
	if (req->posted)
		return false;
	if (req->sqe.op == REGBUF_OP_RECV)
		return true;
	return req->sqe.op == REGBUF_OP_SEND && req->order >= since &&
	       !req->may_cancel && !req->sqe.timeout_us;
}

/*
 * A lane takes no more than it was attached for. Sends that have entered the
 * socket, and wait for the network, may count or not.
 */
static void lane_room(const struct endpoint *ep, const struct request *req,
		      struct refusal *refusal)
{
	__u32 lane = lane_of(&req->sqe);
	__u32 max = lane == REGBUF_ATTACH_F_SEND ? ep->max_send : ep->max_recv;
	unsigned int least = 0, most = 0;
	__u64 since;

	if (!lane || !max)
		return;
	since = waits_since(ep);
	for (int i = 0; i < REQUESTS; i++) {
		const struct request *other = &m.reqs[i];

		if (other->state != PENDING || other->ep != ep ||
		    lane_of(&other->sqe) != lane)
			continue;
		most++;
		least += counts(other, since);
	}
	if (least >= max && req->sqe.op != REGBUF_OP_SHUTDOWN)
		refusal->must |= R_ENOBUFS;
	else if (most >= max)
		refusal->may |= R_ENOBUFS;
}

static void endpoint(struct queue *q, const struct request *req,
		     struct refusal *refusal)
{
	__u32 lane = lane_of(&req->sqe);
	struct endpoint *ep = endpoint_find(q, req->sqe.endpoint);

	if (!ep)
		refusal->must |= R_ENOENT;
	else if (lane & ~ep->flags)
		refusal->must |= R_EOPNOTSUPP;
	else
		lane_room(ep, req, refusal);
}

/* C5: a buffer that was live when the entry was written, and is not any more.*/
static void buffers(const struct request *req, struct refusal *refusal)
{
	unsigned int dead = 0;

	for (unsigned int i = 0; i < req->nr_bufs; i++)
		if (req->bufs[i] && !req->bufs[i]->live)
			dead = R_ESTALE;
	if (req->sqe.op == REGBUF_OP_IDLE)
		refusal->may |= dead;
	else
		refusal->must |= dead;
}

static struct refusal refusals(struct queue *q, const struct request *req)
{
	struct refusal refusal = { .must = req->wrong };

	places(q, req, &refusal);
	if (req->sqe.op >= REGBUF_OP_NR)
		return refusal;
	buffers(req, &refusal);
	if (req->sqe.endpoint || lane_of(&req->sqe))
		endpoint(q, req, &refusal);
	return refusal;
}

/* What a CANCEL means to find. */
static bool fits(const struct request *cancel, const struct request *req)
{
	if (req->state != PENDING || req->q != cancel->q || req == cancel)
		return false;
	if (cancel->sqe.endpoint && req->ep != cancel->ep)
		return false;
	return cancel->sqe.flags & REGBUF_SQE_F_ANY ||
	       req->data == cancel->sqe.id;
}

/* C14: whoever it may hit can be cancelled, but need not. */
static void accept_cancel(struct request *cancel)
{
	for (int i = 0; i < REQUESTS; i++) {
		struct request *req = &m.reqs[i];

		if (!fits(cancel, req))
			continue;
		req->may_cancel = true;
		req->hit_by = cancel->order;
		cancel->times += lane_of(&req->sqe) == REGBUF_ATTACH_F_SEND;
	}
}

static void accept_io(struct request *req)
{
	struct end *end = req->ep->end;

	if (req->sqe.op == REGBUF_OP_RECV) {
		req->flow = end->in;
		req->flow->recvs++;
		return;
	}
	req->flow = end->out;
	req->flow->sends++;
	req->ep->sends++;
	if (req->sqe.op == REGBUF_OP_SHUTDOWN)
		req->flow->ended = true;
	else
		flow_wrote(req->flow, req->mem, req->len, -1, req);
}

/* What the kernel was shown for the time of the call may be reused. */
static void scribble(struct request *req)
{
	memset(req->slices, 0xff, sizeof(req->slices));
	memset(req->bytes, 0xff, req->inlined);
	memset(&req->to, 0xff, sizeof(req->to));
}

/* C1: an entry was taken; there must have been nothing against it. */
void accept_entry(struct queue *q, struct request *req)
{
	struct refusal refusal;

	mark_posted(q);
	refusal = refusals(q, req);
	check(q, !refusal.must, "data %llu: accepted in spite of %#x",
	      req->data, refusal.must);
	req->state = PENDING;
	req->order = ++m.order;
	req->ep = endpoint_find(q, req->sqe.endpoint);
	q->nr_pending++;
	m.accepted++;
	scribble(req);
	if (lane_of(&req->sqe))
		accept_io(req);
	else if (req->sqe.op == REGBUF_OP_CANCEL)
		accept_cancel(req);
}

/*
 * C1: an entry was not taken; there must be a reason. A program gets rid of it,
 * and of what follows, or waits for room and tries again.
 */
void refuse_entry(struct queue *q, struct request *req, int error)
{
	struct refusal refusal = refusals(q, req);
	__u32 head = rb_load(&q->rb.ring->sq_head);

	note(q, "data %lld refused: %lld", req->data, error);
	check(q, reason(error) & (refusal.must | refusal.may),
	      "data %llu, op %u: refused with %s, expected %#x or %#x",
	      req->data, req->sqe.op, strerror(error), refusal.must,
	      refusal.may);
	m.refused++;
	if (error == ENOBUFS && chance(2)) {
		consume(q, 1 + rnd(ENTRIES));
		return;
	}
	for (__u32 i = head; i != q->rb.tail; i++)
		request_free(q->entries[i % ENTRIES]);
	rb_q_drop(&q->rb);
}
