// SPDX-License-Identifier: GPL-2.0
/* Is this completion one that the contract allows? C1, C3, C4, C13, C14. */
#include "model.h"

/* Is it the oldest of its kind that its endpoint has not finished? */
static bool oldest(const struct request *req)
{
	for (int i = 0; i < REQUESTS; i++) {
		const struct request *other = &m.reqs[i];

		if (other->state == PENDING && other->ep == req->ep &&
		    other->sqe.op == req->sqe.op && other->order < req->order)
			return false;
	}
	return true;
}

/* The connection is gone, or may be. */
static bool cut_off(const struct request *req)
{
	struct pair *pair = req->ep->end->pair;

	return req->flow->broken || pair_over(pair) ||
	       (req->flow->stream && pair_reset(pair));
}

/* Nobody should wonder at an error. */
static bool connection_error(const struct request *req, __u32 error)
{
	const struct flow *flow = req->flow;

	if (flow->ended && error == EPIPE && req->sqe.op != REGBUF_OP_RECV)
		return true;
	/* A full device, or many fragments: as sendmsg(2). */
	if (!flow->stream && error == ENOBUFS && req->sqe.op == REGBUF_OP_SEND)
		return true;
	if (error != EPIPE && error != ECONNRESET && error != ENOTCONN &&
	    error != ECONNREFUSED && error != ETIMEDOUT)
		return false;
	return cut_off(req);
}

/* C4: what follows a failed send of a stream is cancelled. */
bool after_failure(const struct request *req)
{
	return req->flow && req->flow->stream && req->ep->failed &&
	       req->order > req->ep->failed_order &&
	       req->sqe.op != REGBUF_OP_RECV;
}

/*
 * One before it may have failed in mid-send, and wait for the network still:
 * cancelled, or because TCP has reset the connection.
 */
static bool after_cut(const struct request *req)
{
	bool stream = req->flow && req->flow->stream, waits = false;

	if (!stream || req->sqe.op == REGBUF_OP_RECV)
		return false;
	for (int i = 0; i < REQUESTS; i++) {
		const struct request *cut = &m.reqs[i];

		if (cut->state != PENDING || cut->ep != req->ep ||
		    cut->sqe.op != REGBUF_OP_SEND || cut->order > req->order)
			continue;
		if (cut->may_cancel || cut->sqe.timeout_us)
			return true;
		waits = true;
	}
	return waits && pair_reset(req->ep->end->pair);
}

static void check_error(struct queue *q, const struct request *req,
			const struct regbuf_cqe *cqe)
{
	bool expected;

	switch (cqe->error) {
	case 0:
		return;
	case ECANCELED:
		expected = req->may_cancel || after_failure(req) ||
			   after_cut(req);
		break;
	case ETIME:
		expected = req->sqe.timeout_us ||
			   req->sqe.op == REGBUF_OP_TIMEOUT;
		break;
	default:
		expected = req->flow && connection_error(req, cqe->error);
		break;
	}
	check(q, expected, "data %llu, op %u, endpoint %u: %s, %llu bytes",
	      req->data, req->sqe.op, req->sqe.endpoint, strerror(cqe->error),
	      cqe->value);
}

static void fail_lane(struct request *req)
{
	struct endpoint *ep = req->ep;

	if (!ep->failed || req->order < ep->failed_order)
		ep->failed_order = req->order;
	ep->failed = true;
}

/*
 * C13: how it went in; over loopback all is copied. The way is not known before
 * if there is an address, and while the socket's route is to be looked up anew:
 * TCP drops it when a window stays closed, UDP over IPv6 when routes change.
 * The stack copies then, and says so, unless a reset came first.
 */
static void check_copies(struct queue *q, const struct request *req,
			 const struct regbuf_cqe *cqe)
{
	unsigned int inlined = 1 << REGBUF_COPY_INLINE;

	check(q, !(cqe->copy_reasons >> REGBUF_COPY_NR), "%#x",
	      cqe->copy_reasons);
	check(q, !!req->inlined == !!(cqe->copy_reasons & inlined),
	      "data %llu: %zu bytes inline, reasons %#x", req->data,
	      req->inlined, cqe->copy_reasons);
	if (!req->flow->veth && req->len)
		check(q, cqe->copy_reasons ||
		      cqe->flags & REGBUF_CQE_F_COPIED || cut_off(req),
		      "data %llu: not copied", req->data);
}

/* C1, C4: success is all bytes. */
static void check_sent(struct queue *q, const struct request *req,
		       const struct regbuf_cqe *cqe)
{
	check(q, cqe->value == req->len, "data %llu: %llu bytes of %zu",
	      req->data, cqe->value, req->len);
	check(q, !after_failure(req), "data %llu: the stream has a hole",
	      req->data);
	check(q, req->early || !(req->sqe.flags & REGBUF_SQE_F_EARLY),
	      "data %llu: no early completion", req->data);
	if (req->ep->flags & REGBUF_ATTACH_F_ORDERED)
		check(q, oldest(req), "data %llu: not in order", req->data);
	check_copies(q, req, cqe);
}

static void judge_send(struct queue *q, struct request *req,
		       const struct regbuf_cqe *cqe)
{
	bool stream = req->flow->stream, shared;

	if (!cqe->error) {
		check_sent(q, req, cqe);
	} else {
		check(q, cqe->value < req->len || !req->len,
		      "C4: %llu bytes of %zu, and an error", cqe->value,
		      req->len);
		check(q, !req->early, "data %llu: an error, all had gone in",
		      req->data);
		check(q, !cqe->value || (stream && !after_failure(req)),
		      "C4: data %llu: %llu bytes", req->data, cqe->value);
	}
	if (stream && cqe->error &&
	    (cqe->value || (cqe->error != ECANCELED && cqe->error != ETIME)))
		fail_lane(req);
	shared = cqe->flags & REGBUF_CQE_F_SHARED;
	flow_sent(q, req->flow, req, shared ? -1 : (long)cqe->value);
}

/* The early completion comes before the other, once, and with all bytes. */
static void judge_early(struct queue *q, struct request *req,
			const struct regbuf_cqe *cqe)
{
	check(q, req->sqe.flags & REGBUF_SQE_F_EARLY && !req->early,
	      "data %llu: early", req->data);
	check(q, !cqe->error && cqe->value == req->len,
	      "data %llu: early, error %u, %llu bytes", req->data, cqe->error,
	      cqe->value);
	req->early = true;
	req->entered = true;
}

/* The address of whom it came from. */
static void check_source(struct queue *q, const struct request *req,
			 const void *addr)
{
	const struct end *end = req->ep->end;
	const struct end *from = &end->pair->end[end == end->pair->end];
	bool v4 = from->addr.ss_family == AF_INET;
	const struct sockaddr_in6 *want = (const void *)&from->addr;
	const struct sockaddr_in6 *got = addr;

	/* Family and port are where a sockaddr_in has them; zeros follow it. */
	if (v4)
		check(q, !memcmp(addr, want, 8), "another source");
	else
		check(q, got->sin6_family == AF_INET6 &&
		      got->sin6_port == want->sin6_port &&
		      !memcmp(&got->sin6_addr, &want->sin6_addr, 16),
		      "another source");
}

/* A slice of the pool becomes the program's; its bytes. */
static unsigned char *take_slice(struct queue *q, const struct request *req,
				 const struct regbuf_cqe *cqe)
{
	unsigned char *mem = m.pools + (q - m.queues) * POOL;

	check(q, req->sqe.flags & REGBUF_SQE_F_POOL, "data %llu: of a pool",
	      req->data);
	check(q, cqe->detail < POOL_SLICES && !q->mine[cqe->detail],
	      "slice %u is not the kernel's", cqe->detail);
	q->mine[cqe->detail] = true;
	return mem + cqe->detail * POOL_SLICE;
}

/* How much is there room for? */
static size_t capacity(const struct request *req)
{
	__u16 both = REGBUF_SQE_F_POOL | REGBUF_SQE_F_ADDR;

	return (req->sqe.flags & both) == both ? req->len - HEADER : req->len;
}

static unsigned char *find_bytes(struct queue *q, const struct request *req,
				 const struct regbuf_cqe *cqe)
{
	bool pool = req->sqe.flags & REGBUF_SQE_F_POOL;
	bool data = req->flow->stream ? cqe->value : !cqe->error;
	unsigned char *addr = m.regions + (req - m.reqs + 1) * REGION - HEADER;
	unsigned char *mem = req->mem;

	check(q, pool && data ? cqe->flags & REGBUF_CQE_F_POOL :
	      !(cqe->flags & REGBUF_CQE_F_POOL), "data %llu: flags %#x",
	      req->data, cqe->flags);
	if (pool && data) {
		mem = take_slice(q, req, cqe);
		addr = mem;
	}
	if (data && req->sqe.flags & REGBUF_SQE_F_ADDR) {
		check_source(q, req, addr);
		memset(addr, CANARY, REGBUF_ADDR_SIZE);
		mem += pool ? HEADER : 0;
	}
	return mem;
}

/* C3, C4 of a stream: in order, and not less than was asked for. */
static void check_stream(struct queue *q, const struct request *req,
			 const struct regbuf_cqe *cqe)
{
	check(q, !(cqe->flags & REGBUF_CQE_F_TRUNC), "a stream, cut");
	if (cqe->flags & REGBUF_CQE_F_EOF) {
		check(q, !cqe->error, "%u and the end", cqe->error);
		check(q, !cqe->value || req->sqe.flags & REGBUF_SQE_F_WAITALL,
		      "data %llu: %llu bytes and the end", req->data,
		      cqe->value);
		flow_end(q, req->flow);
	} else if (!cqe->error) {
		check(q, cqe->value || !req->len, "data %llu: nothing",
		      req->data);
		if (req->sqe.flags & REGBUF_SQE_F_WAITALL)
			check(q, cqe->value == req->len,
			      "data %llu: %llu bytes of %zu", req->data,
			      cqe->value, req->len);
	}
	check(q, !cqe->value || !cqe->error ||
	      req->sqe.flags & REGBUF_SQE_F_WAITALL,
	      "data %llu: %llu bytes and error %u", req->data, cqe->value,
	      cqe->error);
}

/* A multishot goes on, until it has had its times or an end comes. */
static void check_multi(struct queue *q, struct request *req,
			const struct regbuf_cqe *cqe)
{
	bool more = cqe->flags & REGBUF_CQE_F_MORE;
	bool end = cqe->error || cqe->flags & REGBUF_CQE_F_EOF;
	bool done;

	check(q, !more || req->sqe.flags & REGBUF_SQE_F_MULTI, "data %llu",
	      req->data);
	if (!(req->sqe.flags & REGBUF_SQE_F_MULTI))
		return;
	req->times += !end;
	done = req->sqe.length && req->times >= req->sqe.length;
	check(q, more == !(end || done), "data %llu: %u times of %u, more %d",
	      req->data, req->times, req->sqe.length, more);
}

static void judge_recv(struct queue *q, struct request *req,
		       const struct regbuf_cqe *cqe)
{
	unsigned char *bytes = find_bytes(q, req, cqe);

	check(q, cqe->value <= capacity(req), "C5: data %llu: %llu of %zu",
	      req->data, cqe->value, capacity(req));
	if (cqe->value || !cqe->error)
		check(q, oldest(req), "C3: data %llu: not in order",
		      req->data);
	if (req->flow->stream)
		check_stream(q, req, cqe);
	check_multi(q, req, cqe);
	if (cqe->value || (!req->flow->stream && !cqe->error))
		flow_got(q, req->flow, bytes, cqe->value,
			 cqe->flags & REGBUF_CQE_F_TRUNC);
	if (!(req->sqe.flags & REGBUF_SQE_F_POOL))
		memset(bytes, CANARY, cqe->value);
}

/* C14: one that was not found is through, one that was will be soon. */
static void judge_cancel(struct queue *q, const struct request *cancel,
			 const struct regbuf_cqe *cqe)
{
	check(q, !cqe->error ? cqe->value > 0 : !cqe->value, "%u and %llu",
	      cqe->error, cqe->value);
	check(q, !cqe->error || cqe->error == ENOENT || cqe->error == EALREADY,
	      "%s", strerror(cqe->error));
	check(q, cancel->sqe.flags & REGBUF_SQE_F_ALL || cqe->value <= 1,
	      "%llu cancelled", cqe->value);
	for (int i = 0; i < REQUESTS; i++) {
		struct request *req = &m.reqs[i];

		if (req->state != PENDING || req->hit_by != cancel->order)
			continue;
		if (cqe->error == ENOENT ||
		    (!cqe->error && cancel->sqe.flags & REGBUF_SQE_F_ALL))
			req->must_end = !req->flow || !req->flow->veth;
	}
	check(q, cqe->error != EALREADY || cancel->times,
	      "EALREADY, and none could wait for the network");
}

static void judge_poll(struct queue *q, const struct request *req,
		       const struct regbuf_cqe *cqe)
{
	__u64 wanted = req->sqe.length | EPOLLERR | EPOLLHUP;

	if (!cqe->error)
		check(q, cqe->value && !(cqe->value & ~wanted),
		      "events %#llx of %#x", cqe->value, req->sqe.length);
}

static void judge_final(struct queue *q, struct request *req,
			const struct regbuf_cqe *cqe)
{
	switch (req->sqe.op) {
	case REGBUF_OP_SEND:
		judge_send(q, req, cqe);
		break;
	case REGBUF_OP_RECV:
		judge_recv(q, req, cqe);
		break;
	case REGBUF_OP_CANCEL:
		judge_cancel(q, req, cqe);
		return;
	case REGBUF_OP_POLL:
		judge_poll(q, req, cqe);
		break;
	case REGBUF_OP_TIMEOUT:
		check(q, cqe->error == ETIME || cqe->error == ECANCELED,
		      "error %u", cqe->error);
		break;
	case REGBUF_OP_NOP:
	case REGBUF_OP_IDLE:
	case REGBUF_OP_SHUTDOWN:
		check(q, !cqe->value, "value %llu", cqe->value);
		break;
	}
	check_error(q, req, cqe);
}

/* The request is through: C1, this was the last that is heard of it. */
static void finish(struct queue *q, struct request *req)
{
	struct endpoint *ep = req->ep;

	if (req->sqe.op == REGBUF_OP_RECV) {
		req->flow->recvs--;
	} else if (req->flow) {
		req->flow->sends--;
		ep->sends--;
		/* A lane that was to be drained first is free now. */
		if (!ep->sends && !ep->live && ep->end->tx == ep) {
			ep->end->drained = true;
			end_release(ep);
		}
	}
	q->nr_pending--;
	request_free(req);
}

/* Flags that cannot be there, whatever the operation did. */
static void check_flags(struct queue *q, const struct request *req,
			const struct regbuf_cqe *cqe)
{
	const __u32 send = REGBUF_CQE_F_EARLY | REGBUF_CQE_F_COPIED |
			   REGBUF_CQE_F_SHARED;
	const __u32 recv = REGBUF_CQE_F_MORE | REGBUF_CQE_F_EOF |
			   REGBUF_CQE_F_TRUNC | REGBUF_CQE_F_POOL;
	__u32 allowed = req->sqe.op == REGBUF_OP_SEND ? send :
			req->sqe.op == REGBUF_OP_RECV ? recv : 0;
	bool silent = cqe->flags & REGBUF_CQE_F_SILENT;

	check(q, !(cqe->flags & ~REGBUF_CQE_F_SILENT & ~allowed),
	      "data %llu, op %u: flags %#x", req->data, req->sqe.op,
	      cqe->flags);
	check(q, silent == !!(req->sqe.flags & REGBUF_SQE_F_SILENT),
	      "data %llu: silent %d", req->data, silent);
	check(q, !(cqe->flags & REGBUF_CQE_F_SHARED) || cqe->error,
	      "data %llu: shared, and no error", req->data);
	check(q, !cqe->ctl_length, "data %llu: control data", req->data);
}

void judge(struct queue *q, const struct regbuf_cqe *cqe)
{
	struct request *req = &m.reqs[cqe->user_data % REQUESTS];

	note(q, "completion: data %lld, error %lld, flags %#llx, value %lld,"
	     " copied %#llx",
	     cqe->user_data, cqe->error, cqe->flags, cqe->value,
	     cqe->copy_reasons);
	check(q, req->state == PENDING && req->data == cqe->user_data &&
	      req->q == q, "C1: data %llu: no such request", cqe->user_data);
	check_flags(q, req, cqe);
	if (cqe->flags & REGBUF_CQE_F_EARLY) {
		judge_early(q, req, cqe);
		return;
	}
	judge_final(q, req, cqe);
	if (!(cqe->flags & REGBUF_CQE_F_MORE))
		finish(q, req);
}
