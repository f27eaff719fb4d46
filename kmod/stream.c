// SPDX-License-Identifier: GPL-2.0
/*
 * HOT: consecutive sends of a stream, in one message.
 */
#include <linux/sizes.h>
#include <net/sock.h>

#include "batch.h"

/* Enough for some of the largest packets; the socket may take less. */
#define REGBUF_STREAM_BYTES	SZ_256K

/* The first; or another, after bytes: an empty one has errors of its own. */
static bool regbuf_stream_joins(const struct regbuf_batch *batch,
				const struct regbuf_req *req)
{
	if (!batch->nr)
		return true;
	return req->op == REGBUF_OP_SEND && !req->control &&
	       batch->nr < batch->max && batch->bytes &&
	       batch->bytes < REGBUF_STREAM_BYTES &&
	       batch->x.to.nr < batch->x.to.max;
}

static void regbuf_stream_gather(struct regbuf_ep *ep,
				 struct regbuf_batch *batch)
{
	const struct regbuf_req *req;

	list_for_each_entry(req, &ep->send.reqs, node)
		if (!regbuf_stream_joins(batch, req) ||
		    !regbuf_batch_add(batch, req))
			return;
}

/**
 * regbuf_stream_send() - send the first requests of a stream's lane
 * @ep: the lane's endpoint
 * @max: how many at most
 *
 * Context: q->lock held; with the endpoint's credentials.
 * Return: 0 if something or all has entered, or the error of the first.
 */
int regbuf_stream_send(struct regbuf_ep *ep, unsigned int max)
{
	const struct regbuf_req *first = list_first_entry(&ep->send.reqs,
							  struct regbuf_req,
							  node);
	struct regbuf_batch *batch = &ep->q->batch;
	int err;

	regbuf_batch_init(batch, ep, max);
	batch->stream = true;
	batch->x.reason = regbuf_copy_before(&batch->x, 0);
	batch->extend = !regbuf_req_single(first);
	/*
	 * Whoever reads the bytes may make a record of each message. About the
	 * rest of one, security modules are not asked; about others, they are.
	 */
	if (!batch->extend || batch->x.resumes ||
	    batch->x.reason == REGBUF_COPY_PROTOCOL)
		batch->max = 1;
	regbuf_stream_gather(ep, batch);
	err = regbuf_batch_send(ep, batch);
	ep->send.connection = batch->x.connection;
	regbuf_batch_end(batch);
	return err;
}
