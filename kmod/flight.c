// SPDX-License-Identifier: GPL-2.0
/*
 * HOT: flights. What one send put into the stack, and how it ends.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/socket.h>

#include "compat.h"
#include "regbuf.h"

static struct kmem_cache *regbuf_flight_cache;

static struct regbuf_flight *regbuf_flight_of(struct ubuf_info *ubuf)
{
	return container_of(ubuf, struct regbuf_flight, ubuf);
}

static void regbuf_flight_land(struct regbuf_flight *flight)
{
	/* Before the buffers: they may be what keeps the context. */
	if (unlikely(flight->copied_later))
		this_cpu_add(flight->ctx->stats->copied_later, flight->by_ref);
	regbuf_cargo_drop(&flight->cargo);
	if (flight->req)
		regbuf_req_landed(flight->req);
	else
		kmem_cache_free(regbuf_flight_cache, flight);
}

/*
 * Something lets go of the flight: the submitter or the stack (no skb), or an
 * skb, with ok false if it copied the bytes. Any context, with any lock held.
 */
static void regbuf_flight_complete(struct sk_buff *skb, struct ubuf_info *ubuf,
				   bool ok)
{
	struct regbuf_flight *flight = regbuf_flight_of(ubuf);

	if (!ok)
		WRITE_ONCE(flight->copied_later, true);
	if (refcount_dec_and_test(&ubuf->refcnt))
		regbuf_flight_land(flight);
}

REGBUF_UBUF_OPS(regbuf_ubuf_ops, regbuf_flight_complete);

/**
 * regbuf_flight_init() - make a flight ready to board
 * @flight: the flight
 * @ctx: the context; kept by the request's queue, or by the first buffer
 * @req: the request that it is in, NULL for one of its own
 *
 * The submitter has a reference.
 *
 * Context: Any.
 */
void regbuf_flight_init(struct regbuf_flight *flight, struct regbuf_ctx *ctx,
			struct regbuf_req *req)
{
	/*
	 * Frags hold their own page references, and are never managed: see
	 * Documentation/design.rst. DONT_ORPHAN: a clone, as each TCP transmit
	 * makes, does not copy.
	 */
	flight->ubuf.flags = SKBFL_ZEROCOPY_FRAG | SKBFL_DONT_ORPHAN;
	regbuf_ubuf_set_ops(&flight->ubuf, regbuf_ubuf_ops);
	refcount_set(&flight->ubuf.refcnt, 1);
	flight->ctx = ctx;
	flight->req = req;
	flight->by_ref = 0;
	flight->copied_later = false;
	regbuf_cargo_init(&flight->cargo);
}

/**
 * regbuf_flight_create() - start a flight of its own
 * @ctx: the context; the flight's first buffer will keep it
 *
 * Context: Process context. May sleep.
 * Return: the flight, or an ERR_PTR.
 */
struct regbuf_flight *regbuf_flight_create(struct regbuf_ctx *ctx)
{
	struct regbuf_flight *flight;

	flight = kmem_cache_alloc(regbuf_flight_cache, GFP_KERNEL);
	if (!flight)
		return ERR_PTR(-ENOMEM);
	regbuf_flight_init(flight, ctx, NULL);
	return flight;
}

/**
 * regbuf_flight_end() - the submitter is done
 * @flight: the flight; may be gone after this
 *
 * Context: Any.
 */
void regbuf_flight_end(struct regbuf_flight *flight)
{
	regbuf_flight_complete(NULL, &flight->ubuf, true);
}

/*
 * Put bytes into an skb by reference: one frag each run, which bvecs are. The
 * stack calls it with the iterator of the message that the flight boarded.
 */
static int regbuf_sg_from_iter(REGBUF_SG_SK struct sk_buff *skb,
			       struct iov_iter *from, size_t length)
{
	struct msghdr *msg = container_of(from, struct msghdr, msg_iter);
	struct regbuf_flight *flight = regbuf_flight_of(msg->msg_ubuf);
	struct skb_shared_info *shinfo = skb_shinfo(skb);
	size_t want = min(length, iov_iter_count(from)), left = want;
	const struct bio_vec *bv = from->bvec;
	size_t off = from->iov_offset;
	unsigned int nr = shinfo->nr_frags, truesize = 0, len, at;
	struct page *page;

	/* What TCP could charge for: less than nothing is nothing. */
	if (unlikely((ssize_t)length < 0))
		return -EMSGSIZE;
	while (left && nr < MAX_SKB_FRAGS) {
		len = min_t(size_t, left, bv->bv_len - off);
		page = bv->bv_page + ((bv->bv_offset + off) >> PAGE_SHIFT);
		at = offset_in_page(bv->bv_offset + off);
		get_page(page);
		__skb_fill_page_desc_noacc(shinfo, nr++, page, at, len);
		truesize += PAGE_ALIGN(at + len);
		if (bv->bv_page != flight->cargo.inline_page)
			flight->by_ref += len;
		left -= len;
		off += len;
		if (off == bv->bv_len) {
			bv++;
			off = 0;
		}
	}
	shinfo->nr_frags = nr;
	from->nr_segs -= bv - from->bvec;
	from->bvec = bv;
	from->iov_offset = off;
	from->count -= want - left;
	skb->data_len += want - left;
	skb->len += want - left;
	skb->truesize += truesize;
	regbuf_sg_charge(skb, truesize);
	return left ? -EMSGSIZE : 0;
}

/**
 * regbuf_flight_board() - let a message go in by reference
 * @flight: the flight it belongs to
 * @msg: the message, its iterator over bvecs set up
 *
 * Context: Any.
 */
void regbuf_flight_board(struct regbuf_flight *flight, struct msghdr *msg)
{
	msg->msg_flags |= MSG_ZEROCOPY;
	msg->msg_ubuf = &flight->ubuf;
	msg->sg_from_iter = regbuf_sg_from_iter;
}

int __init regbuf_flight_setup(void)
{
	regbuf_flight_cache = KMEM_CACHE(regbuf_flight, SLAB_ACCOUNT);
	return regbuf_flight_cache ? 0 : -ENOMEM;
}

void regbuf_flight_cleanup(void)
{
	kmem_cache_destroy(regbuf_flight_cache);
}
