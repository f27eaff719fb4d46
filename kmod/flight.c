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

static struct kmem_cache *regbuf_solo_cache;

static struct regbuf_flight *regbuf_flight_of(struct ubuf_info *ubuf)
{
	return container_of(ubuf, struct regbuf_flight, ubuf);
}

static void regbuf_solo_landed(struct regbuf_flight *flight)
{
	struct regbuf_solo *solo = container_of(flight, struct regbuf_solo,
						flight);
	struct regbuf_hold hold = { };

	regbuf_cargo_drop(&solo->cargo, &hold);
	/* Its buffers are what keeps its context. */
	regbuf_hold_drop(&hold);
	kmem_cache_free(regbuf_solo_cache, solo);
}

/* The last reference is gone. True if that lands the next one, too. */
static bool regbuf_flight_land(struct regbuf_flight *flight,
			       struct regbuf_flight **next)
{
	struct regbuf_flight *after = flight->next;

	regbuf_trace(flight, flight, true, flight->by_ref);
	if (unlikely(flight->copied_later))
		this_cpu_add(flight->ctx->stats->copied_later, flight->by_ref);
	if (unlikely(after && flight->copied_later))
		WRITE_ONCE(after->part_copied, true);
	if (flight->q)
		regbuf_reqs_landed(flight);
	else
		regbuf_solo_landed(flight);
	*next = after;
	return after && refcount_dec_and_test(&after->ubuf.refcnt);
}

/*
 * Something lets go of the flight: the stack (no skb), or an skb, with ok false
 * if it copied the bytes. Any context, with any lock held.
 */
static void regbuf_flight_complete(struct sk_buff *skb, struct ubuf_info *ubuf,
				   bool ok)
{
	struct regbuf_flight *flight = regbuf_flight_of(ubuf);

	if (unlikely(!ok))
		WRITE_ONCE(flight->copied_later, true);
	regbuf_flight_end(flight, 1);
}

REGBUF_UBUF_OPS(regbuf_ubuf_ops, regbuf_flight_complete);

/**
 * regbuf_flight_init() - set up what does not change
 * @flight: the flight
 * @ctx: the context; kept by the queue, or by a solo's first buffer
 * @q: the queue whose it is; NULL: a solo
 *
 * Context: Any.
 */
void regbuf_flight_init(struct regbuf_flight *flight, struct regbuf_ctx *ctx,
			struct regbuf_queue *q)
{
	/*
	 * Frags hold their own page references, and are never managed: see
	 * Documentation/design.rst. DONT_ORPHAN: a clone, as each TCP transmit
	 * makes, does not copy.
	 */
	flight->ubuf.flags = SKBFL_ZEROCOPY_FRAG | SKBFL_DONT_ORPHAN;
	regbuf_ubuf_set_ops(&flight->ubuf, regbuf_ubuf_ops);
	flight->ctx = ctx;
	flight->q = q;
	INIT_LIST_HEAD(&flight->reqs);
}

/**
 * regbuf_solo_create() - start a flight of its own
 * @ctx: the context; the flight's first buffer will keep it
 *
 * Context: Process context. May sleep.
 * Return: the flight and its cargo, or an ERR_PTR.
 */
struct regbuf_solo *regbuf_solo_create(struct regbuf_ctx *ctx)
{
	struct regbuf_solo *solo;

	solo = kmem_cache_alloc(regbuf_solo_cache, GFP_KERNEL);
	if (!solo)
		return ERR_PTR(-ENOMEM);
	regbuf_flight_init(&solo->flight, ctx, NULL);
	regbuf_flight_start(&solo->flight, 1);
	regbuf_cargo_init(&solo->cargo);
	return solo;
}

/* The last reference is gone. */
void regbuf_flight_landed(struct regbuf_flight *flight)
{
	while (regbuf_flight_land(flight, &flight))
		;
}

/* Does it go on where the skb's last frag ends, in the same folio? */
static bool regbuf_frag_joins(const struct skb_shared_info *shinfo,
			      struct page *page, unsigned int at)
{
	const skb_frag_t *frag;
	unsigned int end;

	if (!shinfo->nr_frags)
		return false;
	frag = &shinfo->frags[shinfo->nr_frags - 1];
	end = skb_frag_off(frag) + skb_frag_size(frag);
	return offset_in_page(end) == at &&
	       page_to_pfn(skb_frag_page(frag)) + (end >> PAGE_SHIFT) ==
	       page_to_pfn(page) &&
	       page_folio(skb_frag_page(frag)) == page_folio(page);
}

/*
 * Add a run to an skb, and the pages that it had not yet to @truesize; no less
 * than the bytes: an skb that was split does not account for whole pages.
 */
static bool regbuf_frag_add(struct skb_shared_info *shinfo, struct page *page,
			    unsigned int at, unsigned int len,
			    unsigned int *truesize)
{
	if (regbuf_frag_joins(shinfo, page, at)) {
		skb_frag_size_add(&shinfo->frags[shinfo->nr_frags - 1], len);
		*truesize += max_t(unsigned int, len,
				   PAGE_ALIGN(at + len) - PAGE_ALIGN(at));
		return true;
	}
	if (shinfo->nr_frags == MAX_SKB_FRAGS)
		return false;
	get_page(page);
	__skb_fill_page_desc_noacc(shinfo, shinfo->nr_frags++, page, at, len);
	*truesize += PAGE_ALIGN(at + len);
	return true;
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
	unsigned int truesize = 0, len, at;
	struct page *page;

	/* What TCP could charge for: less than nothing is nothing. */
	if (unlikely((ssize_t)length < 0))
		return -EMSGSIZE;
	while (left) {
		len = min_t(size_t, left, bv->bv_len - off);
		page = bv->bv_page + ((bv->bv_offset + off) >> PAGE_SHIFT);
		at = offset_in_page(bv->bv_offset + off);
		if (!regbuf_frag_add(shinfo, page, at, len, &truesize))
			break;
		left -= len;
		off += len;
		if (off == bv->bv_len) {
			bv++;
			off = 0;
		}
	}
	flight->by_ref += want - left;
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
	regbuf_trace(flight, flight, false, iov_iter_count(&msg->msg_iter));
	msg->msg_flags |= MSG_ZEROCOPY;
	msg->msg_ubuf = &flight->ubuf;
	msg->sg_from_iter = regbuf_sg_from_iter;
}

int __init regbuf_flight_setup(void)
{
	regbuf_solo_cache = KMEM_CACHE(regbuf_solo, SLAB_ACCOUNT);
	return regbuf_solo_cache ? 0 : -ENOMEM;
}

void regbuf_flight_cleanup(void)
{
	kmem_cache_destroy(regbuf_solo_cache);
}
