// SPDX-License-Identifier: GPL-2.0
/*
 * The operations: how each starts, and those that are no sends or receives.
 */
#include <linux/net.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/wait.h>
#include <net/sock.h>

#include "queue.h"

static int regbuf_op_nop(struct regbuf_queue *q, struct regbuf_req *req,
			 const struct regbuf_sqe *sqe)
{
	regbuf_req_complete(req, 0);
	return 0;
}

/* The request's endpoint, if it exists. */
static int regbuf_op_ep(struct regbuf_req *req, const struct regbuf_sqe *sqe)
{
	req->ep = regbuf_ep_find(req->q, sqe->endpoint);
	return req->ep ? 0 : -ENOENT;
}

static int regbuf_op_shutdown(struct regbuf_queue *q, struct regbuf_req *req,
			      const struct regbuf_sqe *sqe)
{
	int err = regbuf_op_lane(req, sqe, true);

	return err ?: regbuf_lane_add(&req->ep->send, req);
}

static int regbuf_op_accept(struct regbuf_queue *q, struct regbuf_req *req,
			    const struct regbuf_sqe *sqe)
{
	int err = regbuf_op_lane(req, sqe, false);

	if (err)
		return err;
	if (!regbuf_ep_listens(req->ep))
		return -EOPNOTSUPP;
	if (sqe->length && !(sqe->flags & REGBUF_SQE_F_MULTI))
		return -EINVAL;
	req->left = sqe->length;
	req->bounded = sqe->length;
	return regbuf_lane_add(&req->ep->recv, req);
}

static int regbuf_poll_add(struct regbuf_req *req)
{
	struct regbuf_ep *ep = req->ep;

	list_add_tail(&req->node, &ep->polls);
	WRITE_ONCE(ep->nr_polls, ep->nr_polls + 1);
	regbuf_ep_posted(ep);
	return 0;
}

static int regbuf_op_connect(struct regbuf_queue *q, struct regbuf_req *req,
			     const struct regbuf_sqe *sqe)
{
	int err = regbuf_op_ep(req, sqe);

	if (err)
		return err;
	if (!sk_is_tcp(req->ep->sock->sk) || regbuf_ep_listens(req->ep))
		return -EOPNOTSUPP;
	return regbuf_poll_add(req);
}

static int regbuf_op_poll(struct regbuf_queue *q, struct regbuf_req *req,
			  const struct regbuf_sqe *sqe)
{
	int err = regbuf_op_ep(req, sqe);

	if (err)
		return err;
	if (!sqe->length)
		return -EINVAL;
	req->left = sqe->length;
	return regbuf_poll_add(req);
}

/* True if the connection is made or has failed, with what then. */
static bool regbuf_connect_done(struct regbuf_ep *ep, int *err)
{
	struct sock *sk = ep->sock->sk;
	int state = READ_ONCE(sk->sk_state);

	*err = sock_error(sk);
	if (*err)
		return true;
	if (state == TCP_CLOSE && READ_ONCE(ep->sock->state) == SS_CONNECTING) {
		*err = -ECONNABORTED;
		return true;
	}
	return state != TCP_CLOSE && state != TCP_SYN_SENT &&
	       state != TCP_SYN_RECV;
}

static bool regbuf_poll_done(struct regbuf_req *req, __poll_t mask, int *err)
{
	if (req->op == REGBUF_OP_CONNECT)
		return regbuf_connect_done(req->ep, err);
	mask &= (__force __poll_t)req->left | EPOLLERR | EPOLLHUP;
	req->value = (__force u32)mask;
	*err = 0;
	return mask != 0;
}

/**
 * regbuf_ep_run_polls() - complete polls and connects that are through
 * @ep: the endpoint
 *
 * Context: q->lock held.
 */
void regbuf_ep_run_polls(struct regbuf_ep *ep)
{
	const struct proto_ops *ops = READ_ONCE(ep->sock->ops);
	__poll_t mask = ops->poll(ep->file, ep->sock, NULL);
	struct regbuf_req *req, *next;
	int err;

	list_for_each_entry_safe(req, next, &ep->polls, node)
		if (regbuf_poll_done(req, mask, &err))
			regbuf_req_finish(req, err);
}

static int regbuf_op_timeout(struct regbuf_queue *q, struct regbuf_req *req,
			     const struct regbuf_sqe *sqe)
{
	int err = regbuf_req_more(req);

	if (err)
		return err;
	req->fancy = true;
	list_add_tail(&req->node, &q->others);
	regbuf_timer_add(q, &req->more->timer, sqe->offset);
	return 0;
}

/* Requests to look at until others may run. */
#define REGBUF_CANCEL_RESCHED	1024

/* One by user data, or all that fit. */
struct regbuf_cancel {
	u64 user_data;
	struct regbuf_ep *ep;
	bool any;
	bool all;
	u32 cancelled;
	bool in_flight;
};

static bool regbuf_cancel_fits(const struct regbuf_cancel *c,
			       const struct regbuf_req *req)
{
	return (c->any || req->user_data == c->user_data) &&
	       (!c->ep || req->ep == c->ep);
}

/* True if the search is over. */
static bool regbuf_cancel_list(struct regbuf_cancel *c, struct list_head *reqs)
{
	struct regbuf_req *req, *next;

	list_for_each_entry_safe(req, next, reqs, node) {
		cond_resched();
		if (!regbuf_cancel_fits(c, req))
			continue;
		regbuf_req_abort(req, -ECANCELED);
		c->cancelled++;
		if (!c->all)
			return true;
	}
	return false;
}

static bool regbuf_cancel_ep(struct regbuf_cancel *c, struct regbuf_ep *ep)
{
	return regbuf_cancel_list(c, &ep->send.reqs) ||
	       regbuf_cancel_list(c, &ep->recv.reqs) ||
	       regbuf_cancel_list(c, &ep->polls);
}

static void regbuf_cancel_queue(struct regbuf_cancel *c, struct regbuf_queue *q)
{
	struct regbuf_ep *ep;
	unsigned long id;

	if (regbuf_cancel_list(c, &q->others) ||
	    regbuf_cancel_list(c, &q->idles))
		return;
	xa_for_each(&q->eps, id, ep)
		if (regbuf_cancel_ep(c, ep))
			return;
}

/* Has such a request entered its socket, and the network keeps it? */
static bool regbuf_cancel_in_flight(const struct regbuf_cancel *c,
				    struct regbuf_queue *q)
{
	struct regbuf_chunk *chunk;
	struct regbuf_req *req;
	u32 i;

	list_for_each_entry(chunk, &q->chunks, node) {
		for (i = 0; i < chunk->nr; i++) {
			if (!(i % REGBUF_CANCEL_RESCHED))
				cond_resched();
			req = &chunk->reqs[i];
			if (READ_ONCE(req->state) >= REGBUF_REQ_FLIGHT &&
			    regbuf_cancel_fits(c, req))
				return true;
		}
	}
	return false;
}

static int regbuf_op_cancel(struct regbuf_queue *q, struct regbuf_req *req,
			    const struct regbuf_sqe *sqe)
{
	struct regbuf_cancel c = {
		.user_data = sqe->id,
		.any = sqe->flags & REGBUF_SQE_F_ANY,
		.all = sqe->flags & REGBUF_SQE_F_ALL,
	};
	int err = 0;

	if (c.any && (!sqe->endpoint || sqe->id))
		return -EINVAL;
	if (sqe->endpoint) {
		c.ep = regbuf_ep_find(q, sqe->endpoint);
		if (!c.ep)
			return -ENOENT;
		regbuf_cancel_ep(&c, c.ep);
	} else {
		regbuf_cancel_queue(&c, q);
	}
	if (!c.cancelled)
		err = regbuf_cancel_in_flight(&c, q) ? -EALREADY : -ENOENT;
	req->value = c.cancelled;
	regbuf_req_complete(req, err);
	return 0;
}

/**
 * regbuf_queue_abort_others() - cancel what belongs to no endpoint
 * @q: the queue
 *
 * Context: q->lock held.
 */
void regbuf_queue_abort_others(struct regbuf_queue *q)
{
	regbuf_list_abort(&q->others);
	regbuf_list_abort(&q->idles);
}

/* Some buffer of the context became idle, or went. */
static int regbuf_idle_wake(struct wait_queue_entry *wait, unsigned int mode,
			    int sync, void *key)
{
	struct regbuf_queue *q = container_of(wait, struct regbuf_queue,
					      idle_wait);

	regbuf_queue_due(q, &q->idle_due);
	return 0;
}

static void regbuf_queue_idle_start(struct regbuf_queue *q)
{
	if (q->idle_waits)
		return;
	init_waitqueue_func_entry(&q->idle_wait, regbuf_idle_wake);
	add_wait_queue(&q->ctx->wait, &q->idle_wait);
	q->idle_waits = true;
	/* Before the buffer is looked at; pairs with regbuf_buf_unref(). */
	smp_mb();
}

/**
 * regbuf_queue_idle_stop() - nobody asks for idle buffers any more
 * @q: the queue
 *
 * Context: q->lock held.
 */
void regbuf_queue_idle_stop(struct regbuf_queue *q)
{
	if (!q->idle_waits)
		return;
	remove_wait_queue(&q->ctx->wait, &q->idle_wait);
	q->idle_waits = false;
}

/**
 * regbuf_queue_run_idles() - complete what waited for idle buffers
 * @q: the queue
 *
 * Context: q->lock held.
 */
void regbuf_queue_run_idles(struct regbuf_queue *q)
{
	struct regbuf_req *req, *next;

	list_for_each_entry_safe(req, next, &q->idles, node) {
		if (regbuf_buf_idle(q->ctx, req->more->buf_id))
			regbuf_req_finish(req, 0);
		cond_resched();
	}
	if (list_empty(&q->idles))
		regbuf_queue_idle_stop(q);
}

static int regbuf_op_idle(struct regbuf_queue *q, struct regbuf_req *req,
			  const struct regbuf_sqe *sqe)
{
	int idle = regbuf_buf_idle(q->ctx, sqe->id);

	if (idle < 0)
		return idle;
	if (regbuf_req_more(req))
		return -ENOMEM;
	req->more->buf_id = sqe->id;
	list_add_tail(&req->node, &q->idles);
	regbuf_queue_idle_start(q);
	/* Looked at again when we wait: it may have become idle before. */
	regbuf_queue_due(q, &q->idle_due);
	return 0;
}

/*
 * Done when it is taken: what was taken before has its buffers. A poller has
 * neither the limits nor the user of whom it works for.
 */
static int regbuf_op_array(struct regbuf_queue *q, struct regbuf_req *req,
			   const struct regbuf_sqe *sqe)
{
	int err;

	if (q->flags & REGBUF_QUEUE_F_POLLER)
		return -EOPNOTSUPP;
	/* What is only kept is not in flight. */
	regbuf_hold_drop(&q->hold);
	err = regbuf_ctx_call(q->ctx, REGBUF_IOC_ARRAY, sqe->id);
	regbuf_req_complete(req, err);
	return 0;
}

const struct regbuf_op regbuf_ops[REGBUF_OP_NR] = {
	[REGBUF_OP_NOP] = {
		.flags = REGBUF_SQE_F_SILENT,
		.start = regbuf_op_nop,
	},
	[REGBUF_OP_SEND] = {
		.flags = REGBUF_SQE_F_SILENT | REGBUF_SQE_F_EARLY |
			 REGBUF_SQE_F_LIST | REGBUF_SQE_F_INLINE |
			 REGBUF_SQE_F_ADDR | REGBUF_SQE_F_ADDR_PTR |
			 REGBUF_SQE_F_MORE | REGBUF_SQE_F_INDEX,
		.uses = REGBUF_USES_ALL,
		.start = regbuf_op_send,
	},
	[REGBUF_OP_RECV] = {
		.flags = REGBUF_SQE_F_SILENT | REGBUF_SQE_F_LIST |
			 REGBUF_SQE_F_ADDR | REGBUF_SQE_F_WAITALL |
			 REGBUF_SQE_F_POOL | REGBUF_SQE_F_MULTI |
			 REGBUF_SQE_F_INDEX,
		.uses = REGBUF_USES_ALL,
		.start = regbuf_op_recv,
	},
	[REGBUF_OP_SHUTDOWN] = {
		.flags = REGBUF_SQE_F_SILENT,
		.uses = REGBUF_USES_ENDPOINT | REGBUF_USES_TIMEOUT,
		.start = regbuf_op_shutdown,
	},
	[REGBUF_OP_ACCEPT] = {
		.flags = REGBUF_SQE_F_SILENT | REGBUF_SQE_F_MULTI,
		.uses = REGBUF_USES_ENDPOINT | REGBUF_USES_LENGTH |
			REGBUF_USES_TIMEOUT,
		.start = regbuf_op_accept,
	},
	[REGBUF_OP_CONNECT] = {
		.flags = REGBUF_SQE_F_SILENT,
		.uses = REGBUF_USES_ENDPOINT | REGBUF_USES_TIMEOUT,
		.start = regbuf_op_connect,
	},
	[REGBUF_OP_POLL] = {
		.flags = REGBUF_SQE_F_SILENT,
		.uses = REGBUF_USES_ENDPOINT | REGBUF_USES_LENGTH |
			REGBUF_USES_TIMEOUT,
		.start = regbuf_op_poll,
	},
	[REGBUF_OP_TIMEOUT] = {
		.flags = REGBUF_SQE_F_SILENT,
		.uses = REGBUF_USES_OFFSET,
		.start = regbuf_op_timeout,
	},
	[REGBUF_OP_CANCEL] = {
		.flags = REGBUF_SQE_F_SILENT | REGBUF_SQE_F_ANY |
			 REGBUF_SQE_F_ALL,
		.uses = REGBUF_USES_ENDPOINT | REGBUF_USES_ID,
		.start = regbuf_op_cancel,
	},
	[REGBUF_OP_IDLE] = {
		.flags = REGBUF_SQE_F_SILENT,
		.uses = REGBUF_USES_ID | REGBUF_USES_TIMEOUT,
		.start = regbuf_op_idle,
	},
	[REGBUF_OP_ARRAY] = {
		.flags = REGBUF_SQE_F_SILENT,
		.uses = REGBUF_USES_ID,
		.start = regbuf_op_array,
	},
};
