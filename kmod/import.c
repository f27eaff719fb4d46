// SPDX-License-Identifier: GPL-2.0
/*
 * HOT: from the caller's slices to bvecs. Each slice is read once and checked
 * before anything is sent.
 */
#include <linux/bvec.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/uaccess.h>

#include "regbuf.h"

/* At most this much in one call of the stack: lengths there are ints. */
#define REGBUF_GATHER_BYTES	((u32)SZ_1G)

static int regbuf_import_inline(struct regbuf_flight *flight,
				const struct regbuf_slice *slice,
				struct regbuf_seg *seg)
{
	if (slice->offset)
		return -EINVAL;
	if (slice->length > REGBUF_MAX_INLINE - flight->inlined)
		return -EMSGSIZE;
	if (!flight->inline_page)
		flight->inline_page = alloc_page(GFP_KERNEL_ACCOUNT);
	if (!flight->inline_page)
		return -ENOMEM;
	if (copy_from_user(page_address(flight->inline_page) + flight->inlined,
			   u64_to_user_ptr(slice->id), slice->length))
		return -EFAULT;
	seg->buf = NULL;
	seg->off = flight->inlined;
	flight->inlined += slice->length;
	return 0;
}

/*
 * The buffer of an id. The flight holds each once, so that it counts once; most
 * often it is the last one.
 */
static struct regbuf_buf *regbuf_import_buf(struct regbuf_ctx *ctx,
					    struct regbuf_flight *flight,
					    u64 id)
{
	struct regbuf_buf *buf;
	u32 i;

	for (i = flight->nr_bufs; i > 0; i--)
		if (flight->bufs[i - 1]->id == id)
			return flight->bufs[i - 1];
	buf = regbuf_buf_get(ctx, id);
	if (!IS_ERR(buf))
		flight->bufs[flight->nr_bufs++] = buf;
	return buf;
}

static int regbuf_import_slice(struct regbuf_ctx *ctx,
			       struct regbuf_flight *flight,
			       const struct regbuf_slice *slice,
			       struct regbuf_seg *seg)
{
	struct regbuf_buf *buf;

	if (slice->flags & ~REGBUF_SLICE_F_ALL)
		return -EOPNOTSUPP;
	seg->len = slice->length;
	if (slice->flags & REGBUF_SLICE_F_INLINE)
		return regbuf_import_inline(flight, slice, seg);
	buf = regbuf_import_buf(ctx, flight, slice->id);
	if (IS_ERR(buf))
		return PTR_ERR(buf);
	if (!(buf->access & REGBUF_ACCESS_READ))
		return -EACCES;
	if (slice->offset > buf->length ||
	    slice->length > buf->length - slice->offset)
		return -EFAULT;
	seg->buf = buf;
	seg->off = slice->offset;
	return 0;
}

/**
 * regbuf_import() - read and check the slices of a send
 * @ctx: the context
 * @flight: gets the buffers; has room for one each slice
 * @send: where the slices are
 * @g: segs has room for one each slice; set to the first byte
 *
 * Context: Process context.
 * Return: 0, or what regbuf_ioc_send says. The flight holds what was found so
 *         far in either case.
 */
int regbuf_import(struct regbuf_ctx *ctx, struct regbuf_flight *flight,
		  const struct regbuf_ioc_send *send, struct regbuf_gather *g)
{
	const struct regbuf_slice __user *from = u64_to_user_ptr(send->slices);
	struct regbuf_slice slice;
	int err;
	u32 i;

	g->nr_segs = send->nr_slices;
	g->total = 0;
	g->seg = 0;
	g->off = 0;
	for (i = 0; i < g->nr_segs; i++) {
		if (copy_from_user(&slice, &from[i], sizeof(slice)))
			return -EFAULT;
		err = regbuf_import_slice(ctx, flight, &slice, &g->segs[i]);
		if (err)
			return err;
		g->total += slice.length;
	}
	return 0;
}

/* One bvec of at most @len bytes, from byte @off of a segment. */
static u32 regbuf_seg_bvec(const struct regbuf_seg *seg, u32 off, u32 len,
			   struct page *inline_page, struct bio_vec *bv)
{
	unsigned long pos = seg->off + off;
	unsigned long pfn;

	if (!seg->buf) {
		bv->bv_page = inline_page;
	} else {
		pos += seg->buf->first;
		len = regbuf_pin_run(&seg->buf->pin, pos, len, &pfn);
		bv->bv_page = pfn_to_page(pfn);
	}
	bv->bv_offset = offset_in_page(pos);
	bv->bv_len = len;
	return len;
}

/**
 * regbuf_gather_fill() - describe the next bytes as bvecs
 * @g: where they come from; not moved
 * @flight: holds their buffers
 * @bv: gets the bvecs
 * @max: how many at most
 * @nr: gets how many there are
 *
 * Each bvec is contiguous within one folio.
 *
 * Context: Any.
 * Return: the bytes described; fewer than are left if @max was reached.
 */
u32 regbuf_gather_fill(struct regbuf_gather *g, struct regbuf_flight *flight,
		       struct bio_vec *bv, u32 max, u32 *nr)
{
	u32 seg = g->seg, off = g->off, bytes = 0, n = 0, len;

	while (seg < g->nr_segs && n < max && bytes < REGBUF_GATHER_BYTES) {
		len = min(g->segs[seg].len - off, REGBUF_GATHER_BYTES - bytes);
		if (!len) {
			seg++;
			off = 0;
			continue;
		}
		len = regbuf_seg_bvec(&g->segs[seg], off, len,
				      flight->inline_page, &bv[n++]);
		bytes += len;
		off += len;
	}
	*nr = n;
	return bytes;
}

/**
 * regbuf_gather_skip() - move past bytes
 * @g: where
 * @bytes: how many; no more than are left
 *
 * Context: Any.
 */
void regbuf_gather_skip(struct regbuf_gather *g, u32 bytes)
{
	u32 here;

	g->total -= bytes;
	while (bytes) {
		here = min(bytes, g->segs[g->seg].len - g->off);
		g->off += here;
		bytes -= here;
		if (g->off == g->segs[g->seg].len) {
			g->seg++;
			g->off = 0;
		}
	}
}
