// SPDX-License-Identifier: GPL-2.0
/*
 * Lanes: one for each direction of a socket, of which each socket has at most
 * one, whatever queue it is of.
 */
#include <linux/net.h>
#include <linux/rhashtable.h>
#include <net/sock.h>

#include "compat.h"
#include "queue.h"

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
 * socket is asked, too, which may have to wait until then.
 */
static void regbuf_send_torn(struct regbuf_ep *ep)
{
	struct sock *sk = ep->sock->sk;
	struct regbuf_req *req;
	bool torn;

	/* The socket does not count those that were never established. */
	torn = READ_ONCE(ep->was_closed) ? xchg(&ep->was_closed, false) : false;
	req = list_first_entry_or_null(&ep->send.reqs, struct regbuf_req, node);
	if (likely(!req || !req->value))
		return;
	if (torn || regbuf_sock_connection(sk) != ep->send.connection)
		regbuf_send_done(ep, req, sock_error(sk) ?: -ECONNRESET);
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
