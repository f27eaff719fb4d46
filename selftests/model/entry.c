// SPDX-License-Identifier: GPL-2.0
/* Submission entries: sensible ones, and some that are wrong in one way. */
#include "model.h"

/* A request that is not used, with its name and its memory. */
static struct request *request_get(struct queue *q)
{
	unsigned int first = rnd(REQUESTS), i;
	struct request *req = NULL;

	for (i = 0; i < REQUESTS; i++) {
		req = &m.reqs[(first + i) % REQUESTS];
		if (req->state == FREE)
			break;
	}
	check(q, i < REQUESTS, "the model lost requests");
	memset(req, 0, sizeof(*req));
	req->state = DRAFT;
	req->q = q;
	req->data = ++m.serial * REQUESTS + (req - m.reqs);
	return req;
}

void request_free(struct request *req)
{
	unsigned char *region = m.regions + (req - m.reqs) * REGION;

	if (req->sqe.op == REGBUF_OP_RECV)
		memset(region, CANARY, REGION);
	req->state = FREE;
}

static struct request *new_request(struct queue *q, __u8 op, __u32 ep)
{
	struct request *req = request_get(q);

	req->sqe.op = op;
	req->sqe.endpoint = ep;
	req->sqe.user_data = req->data;
	if (chance(6))
		req->sqe.flags |= REGBUF_SQE_F_SILENT;
	return req;
}

/* Into the ring; the kernel takes it when it is told to. */
static void write_entry(struct queue *q, struct request *req)
{
	check(q, untaken(q) < q->rb.sq_entries, "there is no room");
	q->entries[q->rb.tail % ENTRIES] = req;
	*rb_q_sqe(&q->rb) = req->sqe;
	note(q, "entry: op %lld, flags %#llx, on %lld, data %lld, %lld bytes",
	     req->sqe.op, req->sqe.flags, req->sqe.endpoint, req->data,
	     req->len);
}

void draft_nop(struct queue *q)
{
	write_entry(q, new_request(q, REGBUF_OP_NOP, 0));
}

/* Of the request with that name. */
void draft_cancel(struct queue *q, __u64 data)
{
	struct request *req = new_request(q, REGBUF_OP_CANCEL, 0);

	req->sqe.id = data;
	write_entry(q, req);
}

static struct regbuf_slice slice_of(struct request *req,
				    const unsigned char *mem, size_t len,
				    __u32 access)
{
	struct buf *buf = buf_covering(mem, len, access);

	req->bufs[req->nr_bufs++] = buf;
	return rb_slice(buf->id, mem - buf->mem, len);
}

/* The same memory, as any number of slices of any buffers it is in (C19). */
static void make_list(struct request *req, __u32 access)
{
	unsigned int nr = 1 + rnd(SLICES);
	size_t done = 0, len;

	for (unsigned int i = 0; i < nr; i++, done += len) {
		len = req->len - done;
		if (i < nr - 1)
			len = rnd(len + 1);
		if (access == RB_READ && len <= INLINE && !req->inlined &&
		    chance(2)) {
			memcpy(req->bytes, req->mem + done, len);
			req->slices[i] = rb_inline(req->bytes, len);
			req->inlined += len;
			continue;
		}
		req->slices[i] = slice_of(req, req->mem + done, len, access);
	}
	req->sqe.flags |= REGBUF_SQE_F_LIST;
	req->sqe.id = (unsigned long)req->slices;
	req->sqe.length = nr;
}

static void make_one(struct request *req, __u32 access)
{
	struct regbuf_slice slice = slice_of(req, req->mem, req->len, access);

	req->sqe.id = slice.id;
	req->sqe.offset = slice.offset;
	req->sqe.length = slice.length;
}

static void make_inline(struct request *req)
{
	memcpy(req->bytes, req->mem, req->len);
	req->inlined = req->len;
	req->sqe.flags |= REGBUF_SQE_F_INLINE;
	req->sqe.id = (unsigned long)req->bytes;
	req->sqe.length = req->len;
}

static void make_timeout(struct request *req)
{
	if (chance(20))
		req->sqe.timeout_us = chance(2) ? 1 + rnd(3000) : 3600000000;
}

/* Where a datagram goes to: in the memory of the program, or in a buffer. */
static void make_address(struct request *req, const struct end *end)
{
	struct end *to = &end->pair->end[end == end->pair->end];

	if (end->connected && !chance(8))
		return;
	if (chance(2)) {
		req->to = to->addr;
		req->sqe.flags |= REGBUF_SQE_F_ADDR_PTR;
		req->sqe.addr_id = (unsigned long)&req->to;
		return;
	}
	req->bufs[req->nr_bufs++] = &m.all_book;
	req->sqe.flags |= REGBUF_SQE_F_ADDR;
	req->sqe.addr_id = m.all_book.id;
	req->sqe.addr_offset = to->book;
}

static struct request *make_send(struct queue *q, struct endpoint *ep)
{
	struct request *req = new_request(q, REGBUF_OP_SEND, ep->nr);
	bool stream = ep->end->out->stream;

	req->len = pick_length(stream);
	req->mem = m.table + pick_start(req->len);
	if (req->len <= INLINE && chance(4))
		make_inline(req);
	else if (chance(4))
		make_list(req, RB_READ);
	else
		make_one(req, RB_READ);
	if (!stream)
		make_address(req, ep->end);
	else if (chance(16))
		req->sqe.flags |= REGBUF_SQE_F_MORE;
	if (chance(6))
		req->sqe.flags |= REGBUF_SQE_F_EARLY;
	make_timeout(req);
	return req;
}

/* Where a datagram came from goes to the end of the region, or of a slice. */
static void want_address(struct request *req)
{
	unsigned char *mem = m.regions + (req - m.reqs) * REGION;
	struct regbuf_slice slice;

	req->sqe.flags |= REGBUF_SQE_F_ADDR;
	if (req->sqe.flags & REGBUF_SQE_F_POOL)
		return;
	slice = slice_of(req, mem + REGION - HEADER, REGBUF_ADDR_SIZE,
			 RB_WRITE);
	req->sqe.addr_id = slice.id;
	req->sqe.addr_offset = slice.offset;
}

static void make_pooled(struct request *req)
{
	req->sqe.flags |= REGBUF_SQE_F_POOL;
	req->len = POOL_SLICE;
	req->mem = NULL;
	if (chance(2))
		return;
	req->sqe.flags |= REGBUF_SQE_F_MULTI;
	req->sqe.length = rnd(5);
}

static struct request *make_recv(struct queue *q, struct endpoint *ep)
{
	struct request *req = new_request(q, REGBUF_OP_RECV, ep->nr);
	bool stream = ep->end->in->stream;

	req->len = 1 + rnd(chance(2) ? 400 : REGION - HEADER);
	if (stream && chance(40))
		req->len = 0;
	req->mem = m.regions + (req - m.reqs) * REGION;
	if (q->pooled && chance(4))
		make_pooled(req);
	else if (chance(4))
		make_list(req, RB_WRITE);
	else
		make_one(req, RB_WRITE);
	if (!stream && chance(3))
		want_address(req);
	if (stream && !(req->sqe.flags & REGBUF_SQE_F_POOL) && chance(6))
		req->sqe.flags |= REGBUF_SQE_F_WAITALL;
	make_timeout(req);
	return req;
}

static __u64 some_pending(const struct queue *q)
{
	unsigned int first = rnd(REQUESTS);

	for (unsigned int i = 0; i < REQUESTS; i++) {
		const struct request *req = &m.reqs[(first + i) % REQUESTS];

		if (req->state == PENDING && req->q == q)
			return req->data;
	}
	return 0;
}

static struct request *make_cancel(struct queue *q, struct endpoint *ep)
{
	struct request *req = new_request(q, REGBUF_OP_CANCEL, 0);

	if (ep && chance(4)) {
		req->sqe.endpoint = ep->nr;
		req->sqe.flags |= REGBUF_SQE_F_ANY;
	} else {
		req->sqe.id = chance(16) ? ~0ULL : some_pending(q);
	}
	if (chance(6))
		req->sqe.flags |= REGBUF_SQE_F_ALL;
	return req;
}

static struct request *make_poll(struct queue *q, struct endpoint *ep)
{
	static const __u32 wanted[] = { EPOLLIN, EPOLLOUT, EPOLLIN | EPOLLOUT };
	struct request *req = new_request(q, REGBUF_OP_POLL, ep->nr);

	req->sqe.length = wanted[rnd(3)];
	make_timeout(req);
	return req;
}

static struct request *make_idle(struct queue *q)
{
	struct request *req = new_request(q, REGBUF_OP_IDLE, 0);

	req->bufs[0] = m.bufs[rnd(BUFS)];
	req->nr_bufs = 1;
	req->sqe.id = req->bufs[0]->id;
	return req;
}

static struct request *make_timer(struct queue *q)
{
	struct request *req = new_request(q, REGBUF_OP_TIMEOUT, 0);

	req->sqe.offset = chance(4) ? 3600 * RB_SEC : 1 + rnd(2000000);
	return req;
}

/* One that most likely has a use for the operation. */
static struct endpoint *some_endpoint(struct queue *q, __u32 lane)
{
	struct endpoint *ep = NULL;

	for (int i = 0; q->nr_eps && i < 3; i++) {
		ep = q->eps[rnd(q->nr_eps)];
		if (ep->flags & lane && flow_room(ep->end->out) &&
		    (lane == REGBUF_ATTACH_F_SEND ? ep->sends < 12 :
						    ep->end->in->recvs < 5))
			return ep;
	}
	return ep && flow_room(ep->end->out) && chance(8) ? ep : NULL;
}

static struct request *make_shutdown(struct queue *q, struct endpoint *ep)
{
	if (!ep->end->out->stream)
		return new_request(q, REGBUF_OP_NOP, 0);
	return new_request(q, REGBUF_OP_SHUTDOWN, ep->nr);
}

/* Operations on an endpoint, or 0. */
static struct request *make_for_endpoint(struct queue *q, unsigned int dice)
{
	bool recv = dice >= 48 && dice < 84;
	struct endpoint *ep = some_endpoint(q, recv ? REGBUF_ATTACH_F_RECV :
					    REGBUF_ATTACH_F_SEND);

	if (!ep)
		return new_request(q, REGBUF_OP_NOP, 0);
	if (recv)
		return make_recv(q, ep);
	if (dice < 48)
		return make_send(q, ep);
	if (dice < 89)
		return make_cancel(q, ep);
	return chance(12) ? make_shutdown(q, ep) : make_poll(q, ep);
}

static struct request *make_any(struct queue *q)
{
	unsigned int dice = rnd(100);

	if (dice < 92)
		return make_for_endpoint(q, dice);
	if (dice < 95)
		return make_timer(q);
	if (dice < 97)
		return make_idle(q);
	return new_request(q, REGBUF_OP_NOP, 0);
}

/* An id that never was: another generation, slot, or none at all. */
static __u64 no_id(void)
{
	static const __u64 odd[] = { 0, 0xffffffff, ~0ULL };

	return chance(2) ? m.all_table.id + (1ULL << 62) : odd[rnd(3)];
}

/* A flag that the operation does not have. */
static __u16 other_flag(__u8 op)
{
	switch (op) {
	case REGBUF_OP_SEND:
		return chance(2) ? REGBUF_SQE_F_ANY : REGBUF_SQE_F_WAITALL;
	case REGBUF_OP_RECV:
		return chance(2) ? REGBUF_SQE_F_ALL : REGBUF_SQE_F_INLINE;
	case REGBUF_OP_CANCEL:
		return REGBUF_SQE_F_LIST;
	default:
		return REGBUF_SQE_F_ADDR_PTR;
	}
}

/* Wrong in a way that any entry can be. */
static void spoil_entry(struct request *req)
{
	switch (rnd(5)) {
	case 0:
		req->sqe.op = REGBUF_OP_NR + rnd(200);
		req->wrong = R_EINVAL;
		break;
	case 1:
		req->sqe.__resv = 1;
		req->wrong = R_EINVAL;
		break;
	case 2:
		req->sqe.flags |= 1 << (13 + rnd(3));
		req->wrong = R_EOPNOTSUPP;
		break;
	case 3:
		req->sqe.flags |= other_flag(req->sqe.op);
		req->wrong = R_EOPNOTSUPP;
		break;
	case 4:
		if (req->sqe.op != REGBUF_OP_NOP)
			break;
		req->sqe.offset = 1;
		req->wrong = R_EINVAL;
		break;
	}
}

/* An endpoint that never was, or was. */
static void spoil_endpoint(struct request *req)
{
	__u32 dead = req->q->dead_ep;

	req->sqe.endpoint = 0x7fffff00 + rnd(100);
	if (chance(2) && !endpoint_find(req->q, dead))
		req->sqe.endpoint = dead;
	req->wrong = R_ENOENT;
}

/* C5, C7: the slice. Bytes that are not there must not be used. */
static void spoil_slice(struct request *req)
{
	bool send = req->sqe.op == REGBUF_OP_SEND;
	struct buf *buf = req->bufs[0];

	req->bufs[0] = NULL;
	switch (rnd(5)) {
	case 0:
		req->sqe.id = no_id();
		req->wrong = R_ENOENT;
		break;
	case 1:
		req->sqe.id = m.nr_dead ? m.dead[rnd(m.nr_dead)] : no_id();
		req->wrong = m.nr_dead ? R_ESTALE : R_ENOENT;
		break;
	case 2:
		req->sqe.offset = buf->len - req->len + 1;
		req->bufs[0] = buf;
		req->wrong = R_EFAULT;
		break;
	case 3:
		req->sqe.offset = -(__u64)(1 + rnd(req->len));
		req->bufs[0] = buf;
		req->wrong = R_EFAULT;
		break;
	case 4:
		req->sqe.id = (send ? &m.all_regions : &m.all_table)->id;
		req->sqe.offset = 0;
		req->wrong = R_EACCES;
		break;
	}
}

/* Refused entries are as if they had never been. */
static void spoil(struct request *req)
{
	bool io = req->sqe.op == REGBUF_OP_SEND ||
		  req->sqe.op == REGBUF_OP_RECV;
	__u16 plain = REGBUF_SQE_F_LIST | REGBUF_SQE_F_INLINE |
		      REGBUF_SQE_F_POOL;

	if (io && req->len && !(req->sqe.flags & plain) && chance(2))
		spoil_slice(req);
	else if (io && chance(4))
		spoil_endpoint(req);
	else
		spoil_entry(req);
}

/* Write an entry; if there is no room, let the kernel take some. */
void step_draft(struct queue *q)
{
	struct request *req;

	if (untaken(q) >= q->rb.sq_entries) {
		step_enter(q);
		return;
	}
	req = make_any(q);
	if (chance(16))
		spoil(req);
	write_entry(q, req);
}
