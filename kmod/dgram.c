// SPDX-License-Identifier: GPL-2.0
/*
 * HOT: datagrams; consecutive ones of one size to one place as segments of one
 * message (UDP_SEGMENT), if nobody can tell the difference.
 */
#include <linux/socket.h>
#include <linux/udp.h>
#include <net/sock.h>

#include "batch.h"

#define REGBUF_DGRAM_SEGMENTS	64

/* Put it last, unless there would be more pieces than a packet takes. */
static bool regbuf_gso_add(struct regbuf_batch *batch,
			   const struct regbuf_req *req)
{
	struct regbuf_bvecs *to = &batch->x.to;
	u32 nr = to->nr, bytes = batch->bytes;
	u32 last = to->bv[nr - 1].bv_len;
	bool refs = batch->refs;

	if (regbuf_batch_add(batch, req) &&
	    (likely(to->nr <= MAX_SKB_FRAGS) || regbuf_batch_small(batch)))
		return true;
	to->bv[nr - 1].bv_len = last;
	to->nr = nr;
	batch->bytes = bytes;
	batch->nr--;
	batch->refs = refs;
	batch->more = false;
	return false;
}

static void regbuf_dgram_gather(struct regbuf_ep *ep,
				struct regbuf_batch *batch)
{
	struct regbuf_req *first = list_first_entry(&ep->send.reqs,
						    struct regbuf_req, node);
	struct regbuf_req *req = first;

	regbuf_batch_add(batch, first);
	list_for_each_entry_continue(req, &ep->send.reqs, node) {
		if (!regbuf_gso_joins(batch, first, req) ||
		    (batch->nr == 1 && !regbuf_gso_may(ep, first)) ||
		    !regbuf_gso_add(batch, req))
			return;
		/* The last may be shorter. */
		if (req->cargo.total < first->cargo.total)
			return;
	}
}

static void regbuf_dgram_segment(struct regbuf_xmit *x, u16 size,
				 struct regbuf_segment *segment)
{
	memset(segment, 0, sizeof(*segment));
	regbuf_gso_control((struct cmsghdr *)segment->cmsg, size);
	x->segment = size;
	x->msg.msg_control = segment;
	x->msg.msg_controllen = sizeof(*segment);
}

/* Was it UDP itself that refused to make segments on the way to a name? */
static bool regbuf_dgram_refused(struct sock *sk, const struct regbuf_xmit *x,
				 int err)
{
	const void *name = x->msg.msg_name;

	return name && (err == -EINVAL || err == -EMSGSIZE || err == -EIO) &&
	       !regbuf_route_segments(sk, name, x->segment);
}

/*
 * A message of several failed. What was found before anything was taken is the
 * first one's, as if it had been alone. If UDP has no such messages there, they
 * go one by one; on the way of a connected socket that was checked before.
 * Anything else may have come from below: some of them may have been sent, so
 * none is sent again.
 */
static int regbuf_dgram_failed(struct regbuf_ep *ep,
			       struct regbuf_batch *batch, int err)
{
	const struct regbuf_xmit *x = &batch->x;

	if (err == -EAGAIN || !x->touched)
		return err;
	if (regbuf_dgram_refused(ep->sock->sk, x, err))
		ep->send.gso_refused = err == -EIO ? 0 : x->segment;
	else
		regbuf_batch_lose(ep, batch, err);
	return 0;
}

/**
 * regbuf_dgram_send() - send the first requests of a lane of datagrams
 * @ep: the lane's endpoint
 * @max: how many at most
 *
 * Context: q->lock held; with the endpoint's credentials.
 * Return: 0 if they are through or are to be tried again, or the error of the
 *         first.
 */
int regbuf_dgram_send(struct regbuf_ep *ep, unsigned int max)
{
	struct regbuf_req *first = list_first_entry(&ep->send.reqs,
						    struct regbuf_req, node);
	struct regbuf_batch *batch = &ep->q->batch;
	int err;

	if (first->cargo.total > U16_MAX)
		return -EMSGSIZE;
	regbuf_batch_init(batch, ep, min_t(u32, max, REGBUF_DGRAM_SEGMENTS));
	batch->x.more = first->flags & REGBUF_SQE_F_MORE;
	if (first->name_len) {
		batch->x.msg.msg_name = first->more->name;
		batch->x.msg.msg_namelen = first->name_len;
	}
	regbuf_dgram_gather(ep, batch);
	batch->x.reason = regbuf_copy_before(&batch->x,
					     regbuf_batch_small(batch) ?
					     0 : batch->x.to.nr);
	if (batch->nr > 1)
		regbuf_dgram_segment(&batch->x, first->cargo.total,
				     &batch->segment);
	err = regbuf_batch_send(ep, batch);
	if (unlikely(err) && batch->nr > 1)
		err = regbuf_dgram_failed(ep, batch, err);
	regbuf_batch_end(batch);
	return err;
}
