/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REGBUF_BATCH_H
#define REGBUF_BATCH_H

/* HOT: sends that are put together, for stream.c and dgram.c. */

#include "queue.h"

/* batch.c */
extern unsigned int regbuf_flight_requests;
bool regbuf_batch_small(const struct regbuf_batch *batch);
int regbuf_batch_send(struct regbuf_ep *ep, struct regbuf_batch *batch);
void regbuf_batch_lose(struct regbuf_ep *ep, struct regbuf_batch *batch,
		       int err);

/**
 * regbuf_batch_init() - an empty batch
 * @batch: the queue's; gets the control data, and no name
 * @ep: whose first requests are to go
 * @max: how many at most
 *
 * Context: q->lock held.
 */
static inline void regbuf_batch_init(struct regbuf_batch *batch,
				     struct regbuf_ep *ep, u32 max)
{
	const struct regbuf_req *first = list_first_entry(&ep->send.reqs,
							  struct regbuf_req,
							  node);
	struct regbuf_xmit *x = &batch->x;

	x->sock = ep->sock;
	x->flight = NULL;
	x->by_ref = 0;
	x->touched = false;
	x->msg.msg_name = NULL;
	x->msg.msg_namelen = 0;
	x->msg.msg_control = first->control ? first->more->ctl : NULL;
	x->msg.msg_controllen = first->control ? first->more->ctl_len : 0;
	x->to.nr = 0;
	x->segment = 0;
	x->more = false;
	x->resumes = first->value;
	x->connection = ep->send.connection;
	memset(&batch->zero, 0, sizeof(batch->zero));
	batch->max = min(max, READ_ONCE(regbuf_flight_requests));
}

/**
 * regbuf_batch_add() - describe the bytes of a send after those of others
 * @batch: the batch, with room for some
 * @req: the send
 *
 * Context: q->lock held.
 * Return: true if all of it is described.
 */
static inline bool regbuf_batch_add(struct regbuf_batch *batch,
				    const struct regbuf_req *req)
{
	const struct regbuf_cargo *cargo = &req->cargo;
	u32 bytes;

	bytes = regbuf_cargo_fill(cargo, &batch->x.to);
	batch->nr++;
	batch->bytes += bytes;
	batch->refs |= cargo->nr_bufs;
	batch->more = req->flags & REGBUF_SQE_F_MORE || bytes < cargo->total;
	return bytes == cargo->total;
}

/**
 * regbuf_batch_end() - let go of the flight of a batch
 * @batch: sent, or not
 *
 * Context: q->lock held.
 */
static inline void regbuf_batch_end(const struct regbuf_batch *batch)
{
	if (batch->x.flight)
		regbuf_flight_end(batch->x.flight, batch->holds);
}

#endif /* REGBUF_BATCH_H */
