// SPDX-License-Identifier: GPL-2.0
/*
 * HOT: the send lane: what is first in it, and what becomes of errors.
 */
#include <linux/net.h>
#include <net/sock.h>

#include "queue.h"

/* Requests of one lane in one turn. */
#define REGBUF_LANE_BUDGET	64

/* When the stack has no memory, nothing tells that it has some again. */
#define REGBUF_RETRY_NS		(5 * NSEC_PER_MSEC)

static bool regbuf_sock_connecting(const struct sock *sk)
{
	return sk_is_tcp(sk) && (1 << READ_ONCE(sk->sk_state)) &
				(TCPF_SYN_SENT | TCPF_SYN_RECV);
}

/*
 * Some errors pass, and nothing tells when: memory, another's signal on a lock
 * of kTLS, no room although there is. A stream goes on when they have.
 */
static bool regbuf_send_passes(struct sock *sk, int err)
{
	if (!sk_is_tcp(sk))
		return err == -EAGAIN && sock_writeable(sk);
	return err == -ENOBUFS || err == -ENOMEM || err == -EINTR ||
	       err == -ERESTARTSYS ||
	       (err == -EAGAIN && !regbuf_sock_connecting(sk) &&
		sk_stream_memory_free(sk));
}

static int regbuf_send_again(struct regbuf_ep *ep, int err)
{
	if (!regbuf_send_passes(ep->sock->sk, err))
		return err;
	regbuf_timer_del(ep->q, &ep->timer);
	regbuf_timer_add(ep->q, &ep->timer, REGBUF_RETRY_NS);
	return -EAGAIN;
}

/**
 * regbuf_send_done() - a send failed, perhaps with a part sent
 * @ep: the endpoint
 * @req: the first in its lane
 * @err: the error
 *
 * Context: q->lock held.
 */
void regbuf_send_done(struct regbuf_ep *ep, struct regbuf_req *req, int err)
{
	if (req->value)
		this_cpu_inc(ep->q->ctx->stats->sends);
	if (sk_is_tcp(ep->sock->sk))
		ep->send.broken = true;
	regbuf_req_finish(req, err);
}

/* The first in the lane: -EAGAIN if it has to wait. */
static int regbuf_send_first(struct regbuf_ep *ep, struct regbuf_req *req,
			     unsigned int max)
{
	int err;

	if (unlikely(ep->send.broken)) {
		regbuf_req_finish(req, -ECANCELED);
		return 0;
	}
	if (req->op == REGBUF_OP_SHUTDOWN) {
		if (regbuf_sock_connecting(ep->sock->sk))
			return -EAGAIN;
		regbuf_req_finish(req, kernel_sock_shutdown(ep->sock, SHUT_WR));
		return 0;
	}
	err = sk_is_tcp(ep->sock->sk) ? regbuf_stream_send(ep, max) :
					regbuf_dgram_send(ep, max);
	if (likely(!err))
		return 0;
	err = regbuf_send_again(ep, err);
	if (err != -EAGAIN)
		regbuf_send_done(ep, req, err);
	return err == -EAGAIN ? err : 0;
}

/**
 * regbuf_send_run() - send what can be
 * @ep: the endpoint
 *
 * Context: q->lock held; with the endpoint's credentials.
 * Return: true if there is more that could be done now.
 */
bool regbuf_send_run(struct regbuf_ep *ep)
{
	struct regbuf_lane *lane = &ep->send;
	u32 end = lane->count > REGBUF_LANE_BUDGET ?
		  lane->count - REGBUF_LANE_BUDGET : 0;
	struct regbuf_req *req;

	while (lane->count > end) {
		req = list_first_entry(&lane->reqs, struct regbuf_req, node);
		if (regbuf_send_first(ep, req, lane->count - end))
			return false;
	}
	return lane->count;
}
