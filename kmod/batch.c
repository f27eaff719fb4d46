// SPDX-License-Identifier: GPL-2.0
/*
 * HOT: sends of a lane, as many at a time as the stack takes together. stream.c
 * and dgram.c say which those are; they share a flight.
 */
#include <linux/jiffies.h>
#include <linux/moduleparam.h>
#include <linux/net.h>
#include <linux/socket.h>
#include <net/sock.h>

#include "queue.h"

/* A flight ends with the last of its bytes; the first must not wait long. */
#define REGBUF_FLIGHT_REQS	64
#define REGBUF_FLIGHT_BYTES	SZ_256K
#define REGBUF_FLIGHT_JIFFIES	1

static unsigned int regbuf_copy_below = 256;
module_param_named(copy_below, regbuf_copy_below, uint, 0644);
MODULE_PARM_DESC(copy_below,
		 "Sends of fewer bytes are copied, if those next to them are");

/**
 * regbuf_req_single() - must a send go alone
 * @req: the send, of a lane
 *
 * Control data are for one message; so are transmit timestamps.
 */
bool regbuf_req_single(const struct regbuf_req *req)
{
	return req->ctl || req->ep->flags & REGBUF_ATTACH_F_SINGLE ||
	       READ_ONCE(req->ep->sock->sk->sk_tsflags) &
	       SOF_TIMESTAMPING_TX_RECORD_MASK;
}

/**
 * regbuf_batch_add() - describe the bytes of a send after those of others
 * @batch: the batch, with room for some
 * @req: the send
 *
 * Context: q->lock held.
 * Return: true if all of it is described.
 */
bool regbuf_batch_add(struct regbuf_batch *batch, const struct regbuf_req *req)
{
	const struct regbuf_cargo *cargo = &req->cargo;
	u32 bytes;

	bytes = regbuf_cargo_fill(cargo, req->q->bv, REGBUF_QUEUE_BVECS,
				  &batch->nr_bv);
	batch->nr++;
	batch->bytes += bytes;
	batch->large |= cargo->nr_bufs &&
			cargo->total >= READ_ONCE(regbuf_copy_below);
	batch->more = req->flags & REGBUF_SQE_F_MORE || bytes < cargo->total;
	return bytes == cargo->total;
}

/* The flight before, if it may take more along. */
static struct regbuf_flight *
regbuf_flight_extend(const struct regbuf_lane *lane,
		     const struct regbuf_req *first)
{
	struct regbuf_flight *flight = lane->flight;

	if (!flight || !refcount_inc_not_zero(&flight->ubuf.refcnt))
		return NULL;
	/* It may be another one by now, of a request used again. */
	if (flight->lane == lane && flight->nr_reqs < REGBUF_FLIGHT_REQS &&
	    flight->by_ref < REGBUF_FLIGHT_BYTES &&
	    jiffies - flight->born <= REGBUF_FLIGHT_JIFFIES &&
	    (!flight->next || flight->next == &first->flight))
		return flight;
	regbuf_flight_end(flight);
	return NULL;
}

/* That of the first request. */
static struct regbuf_flight *regbuf_flight_lead(struct regbuf_req *first)
{
	struct regbuf_flight *flight = &first->flight;

	refcount_inc(&flight->ubuf.refcnt);
	flight->born = jiffies;
	return flight;
}

/* What it carries of a request is not all. */
static void regbuf_flight_cut(struct regbuf_flight *flight,
			      struct regbuf_req *req)
{
	if (flight == &req->flight || flight->next)
		return;
	refcount_inc(&req->flight.ubuf.refcnt);
	flight->next = &req->flight;
}

/* Now it is; never the last reference. */
static void regbuf_flight_whole(struct regbuf_flight *flight,
				struct regbuf_req *req)
{
	if (likely(flight->next != &req->flight))
		return;
	flight->next = NULL;
	refcount_dec(&req->flight.ubuf.refcnt);
}

static void regbuf_batch_entered(struct regbuf_req *req,
				 struct regbuf_flight *flight)
{
	struct regbuf_lane *lane = &req->ep->send;

	regbuf_flight_whole(flight, req);
	this_cpu_inc(req->q->ctx->stats->sends);
	if (req->early) {
		req->early = false;
		regbuf_req_post(req, REGBUF_CQE_F_EARLY);
	}
	list_del(&req->node);
	WRITE_ONCE(lane->count, lane->count - 1);
	regbuf_req_enter(req, flight);
}

/* The socket took so many bytes: of which sends, and which are through? */
static void regbuf_batch_settle(struct regbuf_ep *ep, struct regbuf_xmit *x,
				u32 nr, u32 bytes)
{
	struct regbuf_req *req;
	u32 here;

	while (nr--) {
		req = list_first_entry(&ep->send.reqs, struct regbuf_req, node);
		here = min_t(u64, bytes, req->cargo.total);
		req->copy_reasons |= regbuf_xmit_count(x, &req->cargo, here);
		req->value += here;
		regbuf_cargo_skip(&req->cargo, here);
		bytes -= here;
		if (req->cargo.total) {
			if (here && x->by_ref)
				regbuf_flight_cut(x->flight, req);
			return;
		}
		regbuf_batch_entered(req, x->flight);
	}
}

/**
 * regbuf_batch_send() - send the first requests of a lane in one message
 * @ep: the lane's endpoint
 * @batch: which, and why to copy them
 * @x: gets the message, and what became of it; name and control data are set
 *
 * Context: q->lock held; with the endpoint's credentials.
 * Return: 0 if something or all has entered, or the error.
 */
int regbuf_batch_send(struct regbuf_ep *ep, const struct regbuf_batch *batch,
		      struct regbuf_xmit *x)
{
	struct regbuf_lane *lane = &ep->send;
	struct regbuf_req *first = list_first_entry(&lane->reqs,
						    struct regbuf_req, node);
	bool extend = batch->extend && batch->reason < 0;
	int ret = 0;

	x->ctx = ep->q->ctx;
	x->sock = ep->sock;
	x->bv = ep->q->bv;
	x->flags = MSG_NOSIGNAL | MSG_DONTWAIT;
	x->reason = batch->reason;
	x->flight = extend ? regbuf_flight_extend(lane, first) : NULL;
	if (!x->flight)
		x->flight = regbuf_flight_lead(first);
	if (extend) {
		x->flight->lane = lane;
		lane->flight = x->flight;
	}
	if (batch->bytes || !batch->stream)
		ret = regbuf_xmit_message(x, batch->nr_bv, batch->bytes,
					  batch->more ? MSG_MORE : 0);
	if (!ret && batch->stream && batch->bytes)
		ret = -EAGAIN;
	if (ret >= 0)
		regbuf_batch_settle(ep, x, batch->nr, ret);
	regbuf_flight_end(x->flight);
	return min(ret, 0);
}
