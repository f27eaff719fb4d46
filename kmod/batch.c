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

#include "batch.h"

/* A flight ends with the last of its bytes; the first must not wait long. */
#define REGBUF_FLIGHT_BYTES	SZ_256K
#define REGBUF_FLIGHT_JIFFIES	1

/* To have a flight is as dear as references to so many pieces. */
#define REGBUF_FLIGHT_PIECES	3

unsigned int regbuf_flight_requests = 64;
module_param_named(flight_requests, regbuf_flight_requests, uint, 0644);
MODULE_PARM_DESC(flight_requests,
		 "Sends that go into the stack, and complete, together at most");

static unsigned int regbuf_copy_below = 256;
module_param_named(copy_below, regbuf_copy_below, uint, 0644);
MODULE_PARM_DESC(copy_below,
		 "Bytes that are copied rather than referred to, for each piece of a message and 3 more");

/**
 * regbuf_batch_small() - is it cheaper to copy than to refer to the bytes
 * @batch: all that is to go in one message
 */
bool regbuf_batch_small(const struct regbuf_batch *batch)
{
	u64 pieces = batch->x.to.nr + REGBUF_FLIGHT_PIECES;

	return !batch->refs ||
	       batch->bytes < pieces * READ_ONCE(regbuf_copy_below);
}

/* The flight before, if it may take more along. */
static struct regbuf_flight *
regbuf_flight_extend(const struct regbuf_lane *lane,
		     const struct regbuf_req *first, u32 nr)
{
	struct regbuf_flight *flight = lane->flight;

	/* What only changes under q->lock; it may be another's by now. */
	if (!flight || flight->lane != lane ||
	    flight->nr_reqs + nr > READ_ONCE(regbuf_flight_requests) ||
	    flight->by_ref >= REGBUF_FLIGHT_BYTES ||
	    jiffies - flight->born > REGBUF_FLIGHT_JIFFIES ||
	    !refcount_inc_not_zero(&flight->ubuf.refcnt))
		return NULL;
	/* One that has landed has it for something else. */
	if (!flight->next || flight->next == first->flight)
		return flight;
	regbuf_flight_end(flight, 1);
	return NULL;
}

/* That of the first request. */
static struct regbuf_flight *regbuf_flight_lead(struct regbuf_req *first)
{
	struct regbuf_flight *flight = regbuf_req_lead(first);

	flight->born = jiffies;
	return flight;
}

/* What it carries of a request is not all. */
static void regbuf_flight_cut(struct regbuf_flight *flight,
			      struct regbuf_req *req)
{
	if (flight == req->flight || flight->next)
		return;
	flight->next = regbuf_req_lead(req);
}

/* The first request is whole now, and has no reference any more. */
static void regbuf_flight_whole(struct regbuf_batch *batch,
				struct regbuf_req *first)
{
	struct regbuf_flight *flight = batch->x.flight, *own = first->flight;

	if (flight == own) {
		batch->holds++;
		return;
	}
	if (likely(!own))
		return;
	/* It needs none. */
	if (flight->next == own) {
		flight->next = NULL;
		refcount_dec(&own->ubuf.refcnt);
	}
	regbuf_flight_end(own, 1);
}

/* Requests at the head of the lane are through, and nothing refers to them. */
static void regbuf_batch_done(struct regbuf_ep *ep, u32 nr)
{
	struct regbuf_lane *lane = &ep->send;
	struct regbuf_req *req;

	WRITE_ONCE(lane->count, lane->count - nr);
	while (nr--) {
		req = list_first_entry(&lane->reqs, struct regbuf_req, node);
		list_del(&req->node);
		regbuf_req_complete(req, -(int)req->error);
	}
}

/* The same, but a flight has their bytes. */
static void regbuf_batch_board(struct regbuf_lane *lane,
			       struct regbuf_batch *batch,
			       struct regbuf_req *last, u32 nr)
{
	struct regbuf_flight *flight = batch->x.flight;
	struct regbuf_req *first = list_first_entry(&lane->reqs,
						    struct regbuf_req, node);

	WRITE_ONCE(lane->count, lane->count - nr);
	list_bulk_move_tail(&flight->reqs, &first->node, &last->node);
	flight->nr_reqs += nr;
	regbuf_flight_whole(batch, first);
}

static void regbuf_batch_early(struct regbuf_req *req)
{
	if (!req->early)
		return;
	req->early = false;
	regbuf_req_post_early(req);
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
	if (unlikely(req->fancy))
		regbuf_batch_early(req);
	return true;
}

/* In a flight until that has landed. */
static void regbuf_batch_enter(struct regbuf_req *req)
{
	/* After its cargo; pairs with regbuf_holds_look(). */
	smp_store_release(&req->state, REGBUF_REQ_FLIGHT);
	if (unlikely(req->fancy))
		regbuf_req_fancy(req);
}

/* The socket took so many bytes: of which sends, and which are through? */
static void regbuf_batch_settle(struct regbuf_ep *ep,
				struct regbuf_batch *batch, u32 bytes)
{
	struct regbuf_req *req, *last = NULL, *cut = NULL;
	struct regbuf_xmit *x = &batch->x;
	u32 through = 0, plain = 0, here;

	list_for_each_entry(req, &ep->send.reqs, node) {
		if (through == batch->nr)
			break;
		here = min_t(u64, bytes, req->cargo.total);
		if (!regbuf_batch_take(req, x, here, &plain)) {
			cut = here && x->by_ref ? req : NULL;
			break;
		}
		if (x->flight)
			regbuf_batch_enter(req);
		bytes -= here;
		last = req;
		through++;
	}
	regbuf_xmit_count_plain(x, plain);
	this_cpu_add(x->ctx->stats->sends, through);
	if (!x->flight)
		regbuf_batch_done(ep, through);
	else if (last)
		regbuf_batch_board(&ep->send, batch, last, through);
	/* After that: the first of them may have been cut before. */
	if (cut)
		regbuf_flight_cut(x->flight, cut);
}

/* With the flight before if it may, or with one of its own. */
static bool regbuf_batch_flight(struct regbuf_lane *lane,
				struct regbuf_batch *batch)
{
	struct regbuf_req *first = list_first_entry(&lane->reqs,
						    struct regbuf_req, node);
	struct regbuf_flight *flight = NULL;

	if (!regbuf_fleet_ready(first->q))
		return false;
	if (batch->extend)
		flight = regbuf_flight_extend(lane, first, batch->nr);
	if (!flight)
		flight = regbuf_flight_lead(first);
	/* What goes alone ends the one before: all of it is in order. */
	lane->flight = batch->extend ? flight : NULL;
	if (batch->extend)
		flight->lane = lane;
	batch->x.flight = flight;
	batch->holds = 1;
	return true;
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
	struct regbuf_xmit *x = &batch->x;
	int ret = 0;

	if (x->reason < 0 && regbuf_batch_small(batch))
		x->reason = REGBUF_COPY_SMALL;
	/* What is copied is in no flight. No memory for one: try again soon. */
	if (x->reason < 0 && !regbuf_batch_flight(&ep->send, batch))
		return batch->stream ? -ENOMEM : -EAGAIN;
	if (batch->bytes || !batch->stream)
		ret = regbuf_xmit_message(x, batch->bytes,
					  batch->more ? MSG_MORE : 0);
	if (!ret && batch->stream && batch->bytes)
		ret = -EAGAIN;
	if (ret >= 0)
		regbuf_batch_settle(ep, batch, ret);
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
void regbuf_batch_lose(struct regbuf_ep *ep, struct regbuf_batch *batch,
		       int err)
{
	struct regbuf_req *req, *last = NULL;
	u32 nr = 0;

	list_for_each_entry(req, &ep->send.reqs, node) {
		if (nr == batch->nr)
			break;
		req->error = -err;
		req->cqe_flags |= REGBUF_CQE_F_SHARED;
		if (batch->x.flight)
			regbuf_batch_enter(req);
		last = req;
		nr++;
	}
	if (batch->x.flight)
		regbuf_batch_board(&ep->send, batch, last, nr);
	else
		regbuf_batch_done(ep, nr);
}
