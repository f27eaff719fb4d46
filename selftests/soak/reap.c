// SPDX-License-Identifier: GPL-2.0
/* What completions may say. C1, C3, C4, C14. */
#include "soak.h"

/* Nobody should wonder at an error of this kind; at any other one should. */
static bool usual(const struct req *r, __u32 error)
{
	switch (error) {
	case 0:
	case ECANCELED:
	case ENOMEM:
		return true;
	case ETIME:
		return r->op == REGBUF_OP_TIMEOUT ||
		       r->op == REGBUF_OP_SEND || r->op == REGBUF_OP_RECV;
	case ENOENT:
	case EALREADY:
		return r->op == REGBUF_OP_CANCEL;
	case ESTALE:
		return r->op == REGBUF_OP_RECV && r->flags & REGBUF_SQE_F_POOL;
	case EPIPE:
	case ECONNRESET:
	case ECONNREFUSED:
	case ECONNABORTED:
	case ENOTCONN:
	case ETIMEDOUT:
	case EHOSTUNREACH:
	case ENETUNREACH:
		return r->link;
	case ENOBUFS:
		if (r->op == REGBUF_OP_ARRAY)
			return true;
		__attribute__((fallthrough));
	case EMFILE:
	case ENFILE:
	case ENOSPC:
		return r->link && (!r->link->stream || r->link->listens);
	}
	return false;
}

/* C4: success is all bytes, an error is not. */
static void sent(struct req *r, const struct regbuf_cqe *cqe)
{
	struct link *l = r->link;
	bool early = cqe->flags & REGBUF_CQE_F_EARLY;

	if (cqe->error ? cqe->value >= r->len : cqe->value != r->len)
		die("C4: error %u, %llu bytes of %zu", cqe->error, cqe->value,
		    r->len);
	if (early && (r->early || cqe->error ||
		      !(r->flags & REGBUF_SQE_F_EARLY)))
		die("an early completion, flags %#x", cqe->flags);
	if (early) {
		r->early = true;
		return;
	}
	if (!cqe->error && l->flags & REGBUF_ATTACH_F_ORDERED) {
		if (r->order < l->last_send)
			die("C3: sends complete in another order");
		l->last_send = r->order;
	}
	if (!l->stream)
		return;
	if (!cqe->error) {
		l->frames += !r->end;
		l->over |= r->end;
	} else if (cqe->value || r->end ||
		   (cqe->error != ECANCELED && cqe->error != ETIME)) {
		l->broken = true;
	}
}

/* Its bytes, wherever they are; NULL if they cannot be looked at any more. */
static void landed(struct req *r, const struct regbuf_cqe *cqe)
{
	static unsigned char bytes[1 << 18];
	struct link *l = r->link;
	size_t left = cqe->value, n, at = 0;

	if (r->map->gone || r->map->disturbed) {
		l->in.blind = true;
		return;
	}
	for (unsigned int i = 0; i < r->nr_slices && left; i++) {
		n = r->slices[i].length < left ? r->slices[i].length : left;
		memcpy(bytes + at, r->map->mem + r->base +
		       r->slices[i].offset, n);
		at += n;
		left -= n;
	}
	if (left)
		die("C5: %llu bytes into %zu", cqe->value, r->len);
	if (l->stream)
		parse(&l->in, bytes, at);
	else if (!cqe->error && !(cqe->flags & REGBUF_CQE_F_TRUNC))
		parse_datagram(bytes, at);
}

static void pooled(struct req *r, const struct regbuf_cqe *cqe)
{
	struct queue *q = r->q;
	const unsigned char *mem = q->pool.map->mem;
	struct link *l = r->link;

	if (cqe->detail >= POOL_SLICES || cqe->value > POOL_SLICE)
		die("slice %u of the pool, %llu bytes", cqe->detail,
		    cqe->value);
	mem += cqe->detail * POOL_SLICE;
	if (l->stream)
		parse(&l->in, mem, cqe->value);
	else if (!cqe->error && !(cqe->flags & REGBUF_CQE_F_TRUNC))
		parse_datagram(mem, cqe->value);
	ALLOW("return", rb_q_return(&q->rb, cqe->detail), 0);
}

/* C3: in the order posted. */
static void received(struct req *r, const struct regbuf_cqe *cqe)
{
	struct link *l = r->link;

	if (cqe->value || !cqe->error) {
		if (r->order < l->last_recv)
			die("C3: receives complete in another order");
		l->last_recv = r->order;
	}
	if (cqe->flags & REGBUF_CQE_F_POOL)
		pooled(r, cqe);
	else if (r->map && (cqe->value || !l->stream))
		landed(r, cqe);
	else if (cqe->value)
		die("bytes from nowhere: %llu", cqe->value);
	if (!l->stream)
		return;
	if (cqe->flags & REGBUF_CQE_F_EOF || l->in.ended)
		l->over = true;
	else if (cqe->error && cqe->error != ECANCELED && cqe->error != ETIME)
		l->broken = true;
}

static void finish(struct req *r)
{
	struct link *l = r->link;

	r->q->pending--;
	w.seat->completed++;
	if (l) {
		l->pending--;
		l->sends -= r->op == REGBUF_OP_SEND;
		l->recvs -= r->op == REGBUF_OP_RECV;
		if (r->op == REGBUF_OP_RECV && r->flags & REGBUF_SQE_F_MULTI)
			l->multi = false;
		link_done(l);
	}
	req_free(r);
}

/* Of a poller: as what enter would have said. */
static void refused(struct req *r, __u32 error)
{
	if (error != ENOBUFS && error != ENOMEM && error != ESTALE &&
	    error != ENOENT)
		die("op %u not taken by the poller: %s", r->op,
		    strerror(error));
}

static void judge(struct req *r, const struct regbuf_cqe *cqe)
{
	if (!usual(r, cqe->error))
		die("op %u: %s, %llu bytes", r->op, strerror(cqe->error),
		    cqe->value);
	switch (r->op) {
	case REGBUF_OP_SEND:
		sent(r, cqe);
		break;
	case REGBUF_OP_RECV:
		received(r, cqe);
		break;
	case REGBUF_OP_ACCEPT:
		if (!cqe->error)
			link_accepted(r->q, cqe->value);
		break;
	case REGBUF_OP_CONNECT:
		r->link->broken |= cqe->error;
		break;
	case REGBUF_OP_ARRAY:
		w.array_error = cqe->error;
		break;
	}
}

/* C1: of a request that is pending, in this queue. */
static void complete(struct queue *q, const struct regbuf_cqe *cqe)
{
	struct req *r = &w.reqs[cqe->user_data % REQS];

	q->consumed++;
	if (r->state != PENDING || r->data != cqe->user_data || r->q != q)
		die("C1: a completion of no request: data %#llx, error %u",
		    cqe->user_data, cqe->error);
	if (!(cqe->flags & REGBUF_CQE_F_SILENT) !=
	    !(r->flags & REGBUF_SQE_F_SILENT))
		die("op %u: flags %#x", r->op, cqe->flags);
	if (cqe->flags & REGBUF_CQE_F_REFUSED)
		refused(r, cqe->error);
	else
		judge(r, cqe);
	if (!(cqe->flags & (REGBUF_CQE_F_MORE | REGBUF_CQE_F_EARLY)))
		finish(r);
}

static void reap_queue(struct queue *q)
{
	struct regbuf_cqe cqe;

	while (rb_q_pop(&q->rb, &cqe))
		complete(q, &cqe);
	/* Who waits for the room that there is now wants to be told. */
	ALLOW("enter", rb_q_call(&q->rb), 0);
}

/* All that are there. */
void reap(void)
{
	for (int i = 0; i < QUEUES; i++)
		if (w.queues[i].open)
			reap_queue(&w.queues[i]);
}
