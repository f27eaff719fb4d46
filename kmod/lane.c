// SPDX-License-Identifier: GPL-2.0
/*
 * HOT: lanes, and the sends that go through them.
 */
#include <linux/net.h>
#include <linux/rhashtable.h>
#include <net/sock.h>

#include "queue.h"

/* Requests of one lane in one turn. */
#define REGBUF_LANE_BUDGET	64

/* When the stack has no memory, nothing tells that it has some again. */
#define REGBUF_RETRY_NS		(5 * NSEC_PER_MSEC)

/* All lanes, by socket and direction: two are never the same. */
static struct rhashtable regbuf_lanes;

static const struct rhashtable_params regbuf_lanes_params = {
	.key_len = sizeof(unsigned long),
	.key_offset = offsetof(struct regbuf_lane, key),
	.head_offset = offsetof(struct regbuf_lane, hash),
	.automatic_shrinking = true,
};

static unsigned long regbuf_lane_key(const struct sock *sk, bool send)
{
	return (unsigned long)sk | send;
}

/**
 * regbuf_lane_open() - claim one direction of a socket
 * @lane: the lane
 * @sk: the socket
 * @send: which direction
 * @max: requests that may be pending, 0 for any number
 *
 * Context: Process context. May sleep.
 * Return: 0, -EBUSY if somebody has it, -ENOMEM.
 */
int regbuf_lane_open(struct regbuf_lane *lane, const struct sock *sk, bool send,
		     u32 max)
{
	int err;

	lane->key = regbuf_lane_key(sk, send);
	lane->max = max;
	err = rhashtable_lookup_insert_fast(&regbuf_lanes, &lane->hash,
					    regbuf_lanes_params);
	if (err)
		lane->key = 0;
	return err == -EEXIST ? -EBUSY : err;
}

/**
 * regbuf_lane_close() - give up what was claimed
 * @lane: the lane, claimed or not; freed after a grace period
 *
 * Context: Process context.
 */
void regbuf_lane_close(struct regbuf_lane *lane)
{
	if (lane->key)
		rhashtable_remove_fast(&regbuf_lanes, &lane->hash,
				       regbuf_lanes_params);
}

/**
 * regbuf_lane_busy() - has some queue sends waiting for a socket
 * @sk: the socket
 *
 * Context: Any.
 */
bool regbuf_lane_busy(const struct sock *sk)
{
	unsigned long key = regbuf_lane_key(sk, true);
	struct regbuf_lane *lane;
	bool busy;

	rcu_read_lock();
	lane = rhashtable_lookup(&regbuf_lanes, &key, regbuf_lanes_params);
	busy = lane && READ_ONCE(lane->count);
	rcu_read_unlock();
	return busy;
}

/**
 * regbuf_req_lane() - the lane that an operation goes through
 * @req: the request
 *
 * Return: the lane, or NULL if it needs none.
 */
struct regbuf_lane *regbuf_req_lane(const struct regbuf_req *req)
{
	switch (req->op) {
	case REGBUF_OP_SEND:
	case REGBUF_OP_SHUTDOWN:
		return &req->ep->send;
	case REGBUF_OP_RECV:
	case REGBUF_OP_ACCEPT:
		return &req->ep->recv;
	default:
		return NULL;
	}
}

/**
 * regbuf_lane_add() - queue a request
 * @lane: of the request's endpoint
 * @req: the request
 *
 * Context: q->lock held.
 * Return: 0, -ENOBUFS if the lane is full.
 */
int regbuf_lane_add(struct regbuf_lane *lane, struct regbuf_req *req)
{
	if (lane->max && lane->count >= lane->max)
		return -ENOBUFS;
	list_add_tail(&req->node, &lane->reqs);
	WRITE_ONCE(lane->count, lane->count + 1);
	/* Before the socket is asked; see regbuf_ep_wake(). */
	smp_mb();
	regbuf_ep_ready(req->ep);
	return 0;
}

static bool regbuf_sock_connecting(const struct sock *sk)
{
	return sk_is_tcp(sk) && (1 << READ_ONCE(sk->sk_state)) &
				(TCPF_SYN_SENT | TCPF_SYN_RECV);
}

/*
 * Some errors pass, and nothing tells when: memory, another's signal on a lock
 * of kTLS, no room although there is. A stream goes on when they have.
 */
static int regbuf_send_again(struct regbuf_ep *ep, int err)
{
	struct sock *sk = ep->sock->sk;

	bool again;

	if (sk_is_tcp(sk))
		again = err == -ENOBUFS || err == -ENOMEM || err == -EINTR ||
			err == -ERESTARTSYS ||
			(err == -EAGAIN && !regbuf_sock_connecting(sk) &&
			 sk_stream_memory_free(sk));
	else
		again = err == -EAGAIN && sock_writeable(sk);
	if (!again)
		return err;
	regbuf_timer_del(ep->q, &ep->timer);
	regbuf_timer_add(ep->q, &ep->timer, REGBUF_RETRY_NS);
	return -EAGAIN;
}

static int regbuf_send_one(struct regbuf_ep *ep, struct regbuf_req *req)
{
	struct regbuf_xmit x = {
		.ctx = ep->q->ctx,
		.sock = ep->sock,
		.flight = &req->flight,
		.name = req->name_len ? req->name : NULL,
		.name_len = req->name_len,
		.control = req->ctl,
		.control_len = req->ctl_len,
		.bv = ep->q->bv,
		.max_bv = REGBUF_QUEUE_BVECS,
		.flags = MSG_NOSIGNAL | MSG_DONTWAIT,
		.more = req->flags & REGBUF_SQE_F_MORE,
	};
	int err = regbuf_xmit(&x);

	req->value += x.sent;
	req->copy_reasons |= x.copy_reasons;
	return err ? regbuf_send_again(ep, err) : 0;
}

static void regbuf_send_done(struct regbuf_ep *ep, struct regbuf_req *req,
			     int err)
{
	if (!err || req->value)
		this_cpu_inc(ep->q->ctx->stats->sends);
	if (err && sk_is_tcp(ep->sock->sk))
		ep->send.broken = true;
	if (!err && req->early) {
		req->early = false;
		regbuf_req_post(req, REGBUF_CQE_F_EARLY);
	}
	regbuf_req_finish(req, err);
}

/* True if there is more that could be done now. */
static bool regbuf_send_run(struct regbuf_ep *ep)
{
	unsigned int budget = REGBUF_LANE_BUDGET;
	struct regbuf_lane *lane = &ep->send;
	struct regbuf_req *req;
	int err;

	while (!list_empty(&lane->reqs)) {
		if (!budget--)
			return true;
		req = list_first_entry(&lane->reqs, struct regbuf_req, node);
		if (unlikely(lane->broken)) {
			regbuf_req_finish(req, -ECANCELED);
			continue;
		}
		if (req->op == REGBUF_OP_SHUTDOWN) {
			if (regbuf_sock_connecting(ep->sock->sk))
				return false;
			err = kernel_sock_shutdown(ep->sock, SHUT_WR);
			regbuf_req_finish(req, err);
			continue;
		}
		err = regbuf_send_one(ep, req);
		if (err == -EAGAIN)
			return false;
		regbuf_send_done(ep, req, err);
	}
	return false;
}

/* Not connected, and not tried: what is posted waits for connect(2). */
static bool regbuf_ep_parked(struct regbuf_ep *ep)
{
	const struct sock *sk = ep->sock->sk;
	const struct regbuf_req *req;

	/* It did listen, or it would not be there. */
	req = list_first_entry_or_null(&ep->recv.reqs, struct regbuf_req, node);
	if (req && req->op == REGBUF_OP_ACCEPT)
		return false;
	return sk_is_tcp(sk) && READ_ONCE(sk->sk_state) == TCP_CLOSE &&
	       READ_ONCE(ep->sock->state) == SS_UNCONNECTED &&
	       !READ_ONCE(sk->sk_err);
}

/*
 * The connection is closed, and perhaps another has been made since: what went
 * into the first in part must not go on in the second. Looked for before the
 * socket is asked, which may have to wait until then.
 */
static void regbuf_send_torn(struct regbuf_ep *ep)
{
	struct regbuf_req *req;

	req = list_first_entry_or_null(&ep->send.reqs, struct regbuf_req, node);
	if (xchg(&ep->was_closed, false) && req && req->value)
		regbuf_send_done(ep, req,
				 sock_error(ep->sock->sk) ?: -ECONNRESET);
}

/**
 * regbuf_ep_run_lanes() - send and receive what can be
 * @ep: the endpoint
 *
 * Context: q->lock held; with the endpoint's credentials.
 * Return: true if there is more that could be done now.
 */
bool regbuf_ep_run_lanes(struct regbuf_ep *ep)
{
	bool more = false;

	if (unlikely(READ_ONCE(ep->was_closed)))
		regbuf_send_torn(ep);
	if (unlikely(regbuf_ep_parked(ep)))
		return ep->send.broken && regbuf_send_run(ep);
	if (!list_empty(&ep->send.reqs))
		more = regbuf_send_run(ep);
	if (!list_empty(&ep->recv.reqs))
		more |= regbuf_recv_run(ep);
	return more;
}

int __init regbuf_lanes_init(void)
{
	return rhashtable_init(&regbuf_lanes, &regbuf_lanes_params);
}

void regbuf_lanes_exit(void)
{
	rhashtable_destroy(&regbuf_lanes);
}
