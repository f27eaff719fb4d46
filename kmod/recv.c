// SPDX-License-Identifier: GPL-2.0
/*
 * HOT: receives.
 */
#include <linux/bvec.h>
#include <linux/err.h>
#include <linux/net.h>
#include <linux/poll.h>
#include <linux/socket.h>
#include <net/sock.h>

#include "queue.h"

/* Requests, or shots, of one lane in one turn. */
#define REGBUF_RECV_BUDGET	64

/* Before the payload, in a slice of the pool. */
#define REGBUF_POOL_NAME	ALIGN(REGBUF_ADDR_SIZE, 8)

/* What came with a datagram. */
static void regbuf_recv_tell(struct regbuf_req *req, struct regbuf_rx *rx)
{
	const struct regbuf_more *more = req->more;

	if (rx->msg.msg_flags & MSG_TRUNC)
		req->cqe_flags |= REGBUF_CQE_F_TRUNC;
	if (req->name_len)
		regbuf_seg_write(&more->name_seg, &rx->name, REGBUF_ADDR_SIZE);
	if (!req->control)
		return;
	req->ctl_length = more->ctl_len - rx->msg.msg_controllen;
	if (rx->msg.msg_flags & MSG_CTRUNC)
		req->cqe_flags |= REGBUF_CQE_F_CTRUNC;
	regbuf_seg_write(&more->ctl_seg, rx->ctl, req->ctl_length);
}

/* What else is wanted of a datagram. */
static void regbuf_recv_ask(struct regbuf_req *req, struct regbuf_rx *rx)
{
	struct msghdr *msg = &rx->msg;

	if (req->name_len) {
		memset(&rx->name, 0, REGBUF_ADDR_SIZE);
		msg->msg_name = &rx->name;
	}
	if (req->control) {
		memset(rx->ctl, 0, req->more->ctl_len);
		msg->msg_control = rx->ctl;
		msg->msg_controllen = req->more->ctl_len;
	}
}

/*
 * As recvmmsg(2) does, the first of several messages is checked with the
 * security modules: nothing that they look at is another for the rest.
 */
static int regbuf_recv_call(struct regbuf_ep *ep, struct regbuf_rx *rx,
			    u32 bytes)
{
	const struct proto_ops *ops = READ_ONCE(ep->sock->ops);
	int ret;

	if (likely(rx->checked))
		return ops->recvmsg(ep->sock, &rx->msg, bytes, MSG_DONTWAIT);
	ret = sock_recvmsg(ep->sock, &rx->msg, MSG_DONTWAIT);
	rx->checked = ret >= 0;
	return ret;
}

/* One message, or what there is of a stream. */
static int regbuf_recv_msg(struct regbuf_ep *ep, struct regbuf_req *req,
			   const struct regbuf_bvecs *to, u32 bytes)
{
	struct regbuf_rx *rx = &ep->q->rx;
	struct msghdr *msg = &rx->msg;
	int ret;

	iov_iter_bvec(&msg->msg_iter, ITER_DEST, to->bv, to->nr, bytes);
	msg->msg_name = NULL;
	msg->msg_namelen = 0;
	msg->msg_control = NULL;
	msg->msg_controllen = 0;
	msg->msg_flags = 0;
	if (unlikely(req->name_len || req->control))
		regbuf_recv_ask(req, rx);
	ret = regbuf_recv_call(ep, rx, bytes);
	if (ret >= 0 && !sk_is_tcp(ep->sock->sk))
		regbuf_recv_tell(req, rx);
	return ret;
}

/* Into the request's cargo. */
static int regbuf_recv_cargo(struct regbuf_ep *ep, struct regbuf_req *req)
{
	struct regbuf_bvecs to = {
		.bv = ep->q->bv,
		.max = REGBUF_QUEUE_BVECS,
	};
	u32 bytes = regbuf_cargo_fill(&req->cargo, &to);

	return regbuf_recv_msg(ep, req, &to, bytes);
}

static bool regbuf_recv_readable(struct regbuf_ep *ep)
{
	const struct proto_ops *ops = READ_ONCE(ep->sock->ops);
	__poll_t mask = ops->poll(ep->file, ep->sock, NULL);

	return mask & (EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP);
}

static int regbuf_recv_stream(struct regbuf_ep *ep, struct regbuf_req *req)
{
	struct regbuf_cargo *cargo = &req->cargo;
	unsigned int budget = REGBUF_RECV_BUDGET;
	int ret;

	if (!cargo->total)
		return regbuf_recv_readable(ep) ? 0 : -EAGAIN;
	do {
		if (!budget--) {
			regbuf_ep_ready(ep);
			return -EAGAIN;
		}
		ret = regbuf_recv_cargo(ep, req);
		if (ret < 0)
			return ret;
		if (!ret)
			req->cqe_flags |= REGBUF_CQE_F_EOF;
		req->value += ret;
		regbuf_cargo_skip(cargo, ret);
	} while (ret && req->flags & REGBUF_SQE_F_WAITALL && cargo->total);
	return 0;
}

static int regbuf_recv_dgram(struct regbuf_ep *ep, struct regbuf_req *req)
{
	int ret = regbuf_recv_cargo(ep, req);

	if (ret < 0)
		return ret;
	req->value = ret;
	return 0;
}

/*
 * Lay a slice of the pool out: address, control data, payload. That its buffer
 * has it, and may be written, was checked when the pool was set; and the id is
 * of that buffer, or of none.
 */
static int regbuf_recv_pool_load(struct regbuf_req *req, u32 nr,
				 struct regbuf_seg *seg)
{
	const struct regbuf_pool *pool = &req->q->pool;
	u64 off = pool->offset + (u64)nr * pool->length;
	u32 name = req->name_len ? REGBUF_POOL_NAME : 0;
	u32 control = req->control ? req->more->ctl_len : 0;
	u32 head = name + control;
	struct regbuf_buf *buf;

	if (pool->length < head)
		return -EMSGSIZE;
	buf = regbuf_hold_get(&req->q->hold, pool->id);
	if (IS_ERR(buf))
		return regbuf_note_failed(req->q->ctx, pool->id, PTR_ERR(buf));
	if (unlikely(head)) {
		req->more->name_seg = (struct regbuf_seg){ buf, off, name };
		req->more->ctl_seg = (struct regbuf_seg){ buf, off + name,
							  control };
	}
	seg->buf = buf;
	seg->off = off + head;
	seg->len = min(pool->length - head, REGBUF_CARGO_BYTES);
	return 0;
}

/* Most often that is one run. */
static u32 regbuf_recv_pool_fill(const struct regbuf_seg *seg,
				 struct regbuf_bvecs *to)
{
	phys_addr_t at;
	u32 done, len;

	for (done = 0; done < seg->len && to->nr < to->max; done += len) {
		len = regbuf_buf_run(seg->buf, seg->off + done,
				     seg->len - done, &at);
		regbuf_bvecs_add(to, at, len);
	}
	return done;
}

static int regbuf_recv_into_slice(struct regbuf_ep *ep, struct regbuf_req *req,
				  u32 nr)
{
	struct regbuf_bvecs to = {
		.bv = ep->q->bv,
		.max = REGBUF_QUEUE_BVECS,
	};
	struct regbuf_seg seg;
	int ret;

	ret = regbuf_recv_pool_load(req, nr, &seg);
	if (ret)
		return ret;
	ret = regbuf_recv_msg(ep, req, &to, regbuf_recv_pool_fill(&seg, &to));
	/* The queue has it until the next slice, or until this is told of. */
	ep->q->hold.left++;
	if (ret < 0)
		return ret;
	if (!ret && sk_is_tcp(ep->sock->sk))
		req->cqe_flags |= REGBUF_CQE_F_EOF;
	req->value = ret;
	return 0;
}

/* Tell of a slice: as one of many, or at last. */
static void regbuf_recv_shot(struct regbuf_req *req, u32 nr, bool last)
{
	req->detail = nr;
	req->cqe_flags |= REGBUF_CQE_F_POOL;
	regbuf_pool_give(req->q, nr);
	if (last) {
		regbuf_req_finish(req, 0);
		return;
	}
	regbuf_req_post(req);
	if (req->bounded)
		req->left--;
	req->value = 0;
	req->cqe_flags = 0;
	req->ctl_length = 0;
	req->detail = 0;
}

/* A slice, kept only if something came. */
static int regbuf_recv_slice(struct regbuf_ep *ep, struct regbuf_req *req,
			     bool last)
{
	struct regbuf_queue *q = ep->q;
	int err;
	u32 nr;

	err = regbuf_pool_take(q, &nr);
	if (err == -ENOBUFS) {
		regbuf_stall_for_slice(ep);
		return -EAGAIN;
	}
	if (err)
		return err;
	err = regbuf_recv_into_slice(ep, req, nr);
	if (err || req->cqe_flags & REGBUF_CQE_F_EOF) {
		regbuf_pool_untake(q, nr);
		return err ?: -ENODATA;
	}
	regbuf_recv_shot(req, nr, last);
	return 0;
}

/* One shot: a place in the completion ring, unless it is the last. */
static int regbuf_recv_pool(struct regbuf_ep *ep, struct regbuf_req *req)
{
	bool last = !(req->flags & REGBUF_SQE_F_MULTI) ||
		    (req->bounded && req->left == 1);
	int err;

	if (!last && regbuf_req_reserve(ep->q, 1)) {
		regbuf_stall_for_place(ep);
		return -EAGAIN;
	}
	err = regbuf_recv_slice(ep, req, last);
	if (err && !last)
		regbuf_req_unreserve(ep->q, 1);
	if (!err || err == -EAGAIN)
		return err;
	regbuf_req_finish(req, err == -ENODATA ? 0 : err);
	return 0;
}

/* -EAGAIN: the request stays; something will make the endpoint ready. */
static int regbuf_recv_one(struct regbuf_ep *ep, struct regbuf_req *req)
{
	int err;

	if (req->op == REGBUF_OP_ACCEPT)
		return regbuf_accept_run(ep, req);
	if (req->flags & REGBUF_SQE_F_POOL)
		return regbuf_recv_pool(ep, req);
	err = sk_is_tcp(ep->sock->sk) ? regbuf_recv_stream(ep, req) :
					regbuf_recv_dgram(ep, req);
	if (err == -EAGAIN)
		return err;
	regbuf_req_finish(req, err);
	return 0;
}

static bool regbuf_recv_some(struct regbuf_ep *ep)
{
	unsigned int budget = REGBUF_RECV_BUDGET;
	struct regbuf_req *req;

	while (!list_empty(&ep->recv.reqs)) {
		if (!budget--)
			return true;
		req = list_first_entry(&ep->recv.reqs, struct regbuf_req, node);
		if (regbuf_recv_one(ep, req))
			return false;
	}
	return false;
}

/**
 * regbuf_recv_run() - receive what there is
 * @ep: the endpoint
 *
 * Context: q->lock held; with the endpoint's credentials.
 * Return: true if there may be more.
 */
bool regbuf_recv_run(struct regbuf_ep *ep)
{
	bool more;

	ep->q->rx.checked = false;
	more = regbuf_recv_some(ep);
	/* The pool's, that nothing came into: it is as idle as before. */
	regbuf_hold_drop(&ep->q->hold);
	return more;
}
