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
 * regbuf_batch_init() - an empty batch
 * @batch: the batch; has the control data, and no name
 * @ep: whose first requests are to go
 * @max: how many at most
 *
 * Context: q->lock held.
 */
void regbuf_batch_init(struct regbuf_batch *batch, struct regbuf_ep *ep,
		       u32 max)
{
	const struct regbuf_req *first = list_first_entry(&ep->send.reqs,
							  struct regbuf_req,
							  node);

	memset(batch, 0, sizeof(*batch));
	batch->x.ctx = ep->q->ctx;
	batch->x.sock = ep->sock;
	batch->x.control = first->ctl;
	batch->x.control_len = first->ctl ? first->ctl_len : 0;
	batch->x.to.bv = ep->q->bv;
	batch->x.to.max = REGBUF_QUEUE_BVECS;
	batch->x.flags = MSG_NOSIGNAL | MSG_DONTWAIT;
	batch->max = max;
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

	bytes = regbuf_cargo_fill(cargo, &batch->x.to);
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
		     const struct regbuf_req *first, u32 nr)
{
	struct regbuf_flight *flight = lane->flight;

	if (!flight || !refcount_inc_not_zero(&flight->ubuf.refcnt))
		return NULL;
	/* It may be another one by now, of a request used again. */
	if (flight->lane == lane &&
	    flight->nr_reqs + nr <= REGBUF_FLIGHT_REQS &&
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

	regbuf_req_lead(first);
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
	regbuf_req_lead(req);
	refcount_inc(&req->flight.ubuf.refcnt);
	flight->next = &req->flight;
}

/* The first request is whole now: never the last reference. */
static void regbuf_flight_whole(struct regbuf_flight *flight,
				struct regbuf_req *first)
{
	if (flight == &first->flight) {
		regbuf_flight_end(flight);
	} else if (flight->next == &first->flight) {
		flight->next = NULL;
		refcount_dec(&first->flight.ubuf.refcnt);
	}
}

/* Requests at the head of the lane have entered whole; the last of them. */
static void regbuf_batch_board(struct regbuf_ep *ep,
			       struct regbuf_flight *flight,
			       struct regbuf_req *last, u32 nr)
{
	struct regbuf_lane *lane = &ep->send;
	struct regbuf_req *first = list_first_entry(&lane->reqs,
						    struct regbuf_req, node);
	LIST_HEAD(reqs);

	WRITE_ONCE(lane->count, lane->count - nr);
	list_cut_position(&reqs, &lane->reqs, &last->node);
	list_splice_tail(&reqs, &flight->reqs);
	flight->nr_reqs += nr;
	regbuf_flight_whole(flight, first);
}

static void regbuf_batch_fancy(struct regbuf_req *req)
{
	if (req->early) {
		req->early = false;
		regbuf_req_post(req, REGBUF_CQE_F_EARLY);
	}
	regbuf_req_fancy(req);
}

/*
 * Bytes of a request have entered; true if it was all of them. What is not
 * inline is counted in @plain, for all requests together.
 */
static bool regbuf_batch_take(struct regbuf_req *req, struct regbuf_xmit *x,
			      u32 bytes, u32 *plain)
{
	if (unlikely(req->cargo.inlined))
		req->copy_reasons |= regbuf_xmit_count(x, &req->cargo, bytes);
	else
		*plain += bytes;
	if (!x->by_ref && bytes && !req->cargo.inlined)
		req->copy_reasons |= BIT(x->reason);
	req->value += bytes;
	if (unlikely(bytes < req->cargo.total)) {
		regbuf_cargo_skip(&req->cargo, bytes);
		return false;
	}
	req->cargo.total = 0;
	WRITE_ONCE(req->state, REGBUF_REQ_FLIGHT);
	if (unlikely(req->fancy))
		regbuf_batch_fancy(req);
	return true;
}

/* The socket took so many bytes: of which sends, and which are through? */
static void regbuf_batch_settle(struct regbuf_ep *ep, struct regbuf_xmit *x,
				u32 nr, u32 bytes)
{
	struct regbuf_req *req, *last = NULL, *cut = NULL;
	u32 through = 0, plain = 0, here;

	list_for_each_entry(req, &ep->send.reqs, node) {
		if (through == nr)
			break;
		here = min_t(u64, bytes, req->cargo.total);
		if (!regbuf_batch_take(req, x, here, &plain)) {
			cut = here && x->by_ref ? req : NULL;
			break;
		}
		bytes -= here;
		last = req;
		through++;
	}
	regbuf_xmit_count_plain(x, plain);
	this_cpu_add(x->ctx->stats->sends, through);
	if (last)
		regbuf_batch_board(ep, x->flight, last, through);
	/* After that: the first of them may have been cut before. */
	if (cut)
		regbuf_flight_cut(x->flight, cut);
}

/* With the flight before if it may, or with one of its own. */
static void regbuf_batch_flight(struct regbuf_lane *lane,
				struct regbuf_batch *batch,
				struct regbuf_req *first)
{
	bool extend = batch->extend && batch->x.reason < 0;
	struct regbuf_flight *flight = NULL;

	if (extend)
		flight = regbuf_flight_extend(lane, first, batch->nr);
	if (!flight)
		flight = regbuf_flight_lead(first);
	if (extend) {
		flight->lane = lane;
		lane->flight = flight;
	}
	batch->x.flight = flight;
}

/**
 * regbuf_batch_send() - send the first requests of a lane in one message
 * @ep: the lane's endpoint
 * @batch: which, why to copy them, where to; gets what became of it. To be
 *         ended.
 *
 * Context: q->lock held; with the endpoint's credentials.
 * Return: 0 if something or all has entered, or the error.
 */
int regbuf_batch_send(struct regbuf_ep *ep, struct regbuf_batch *batch)
{
	struct regbuf_lane *lane = &ep->send;
	struct regbuf_xmit *x = &batch->x;
	int ret = 0;

	regbuf_batch_flight(lane, batch,
			    list_first_entry(&lane->reqs, struct regbuf_req,
					     node));
	if (batch->bytes || !batch->stream)
		ret = regbuf_xmit_message(x, batch->bytes,
					  batch->more ? MSG_MORE : 0);
	if (!ret && batch->stream && batch->bytes)
		ret = -EAGAIN;
	if (ret >= 0)
		regbuf_batch_settle(ep, x, batch->nr, ret);
	return min(ret, 0);
}

/**
 * regbuf_batch_lose() - some of a message that failed may have been sent
 * @ep: the lane's endpoint
 * @batch: the message; all of its requests get the error, when the network has
 *         let go of what it may have of any of them
 * @err: the error
 *
 * Context: q->lock held.
 */
void regbuf_batch_lose(struct regbuf_ep *ep, const struct regbuf_batch *batch,
		       int err)
{
	struct regbuf_req *req, *last = NULL;
	u32 nr = 0;

	list_for_each_entry(req, &ep->send.reqs, node) {
		if (nr == batch->nr)
			break;
		req->error = -err;
		req->cqe_flags |= REGBUF_CQE_F_SHARED;
		WRITE_ONCE(req->state, REGBUF_REQ_FLIGHT);
		if (req->fancy)
			regbuf_req_fancy(req);
		last = req;
		nr++;
	}
	regbuf_batch_board(ep, batch->x.flight, last, nr);
}

/**
 * regbuf_batch_end() - let go of the flight of a batch
 * @batch: sent, or not
 *
 * Context: q->lock held.
 */
void regbuf_batch_end(const struct regbuf_batch *batch)
{
	regbuf_flight_end(batch->x.flight);
}
