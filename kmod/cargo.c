// SPDX-License-Identifier: GPL-2.0
/*
 * HOT: from the caller's slices to bvecs. Each slice is read once and checked
 * before anything is sent or received.
 */
#include <linux/bvec.h>
#include <linux/err.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <net/sock.h>

#include "regbuf.h"

/**
 * regbuf_cargo_room() - make room for slices
 * @cargo: an empty cargo
 * @nr: how many will come, and others that are to be held
 *
 * Context: Process context. May sleep.
 * Return: 0 or -ENOMEM.
 */
int regbuf_cargo_room(struct regbuf_cargo *cargo, u32 nr)
{
	struct regbuf_seg *room;

	if (nr <= REGBUF_CARGO_FEW)
		return 0;
	room = kmalloc_array(nr, sizeof(*room), GFP_KERNEL_ACCOUNT);
	if (!room)
		return -ENOMEM;
	cargo->segs = room;
	return 0;
}

/* regbuf_cargo_drop(), of anything but one buffer. */
void __regbuf_cargo_drop(struct regbuf_cargo *cargo, struct regbuf_hold *hold)
{
	const struct regbuf_seg *seg = cargo->segs;
	u32 left = cargo->nr_segs + cargo->nr_others;

	for (; left; left--, seg++) {
		if (!seg->holds)
			continue;
		if (seg->buf)
			regbuf_hold_add(hold, seg->buf);
		else
			put_page(virt_to_page((void *)(unsigned long)seg->off));
	}
	if (cargo->segs != cargo->few_segs)
		kfree(cargo->segs);
}

/* Checked; the bytes are taken later, all together. */
static int regbuf_cargo_inline(struct regbuf_cargo *cargo,
			       const struct regbuf_slice *slice,
			       struct regbuf_seg *seg)
{
	if (slice->offset)
		return -EINVAL;
	if (slice->length > REGBUF_MAX_INLINE - cargo->inlined)
		return -EMSGSIZE;
	seg->buf = NULL;
	seg->off = slice->id;
	seg->holds = false;
	cargo->inlined += slice->length;
	return 0;
}

/* The buffer of an id, if the cargo holds it already; most often the last. */
static struct regbuf_buf *regbuf_cargo_find(const struct regbuf_cargo *cargo,
					    u64 id)
{
	u32 i;

	for (i = cargo->nr_segs + cargo->nr_others; i > 0; i--)
		if (cargo->segs[i - 1].buf && cargo->segs[i - 1].buf->id == id)
			return cargo->segs[i - 1].buf;
	return NULL;
}

/* Whichever an index means now; seldom used twice. */
static struct regbuf_buf *regbuf_cargo_index(const struct regbuf_cargo *cargo,
					     struct regbuf_hold *hold,
					     u64 index, bool *holds)
{
	struct regbuf_buf *buf = regbuf_index_get(hold, index);
	const struct regbuf_buf *same;

	if (IS_ERR(buf))
		return buf;
	same = regbuf_cargo_find(cargo, buf->id);
	if (same)
		regbuf_hold_add(hold, buf);
	*holds = !same;
	return buf;
}

/* Each buffer is held once, so that it counts once. */
static struct regbuf_buf *regbuf_cargo_buf(const struct regbuf_cargo *cargo,
					   struct regbuf_hold *hold,
					   const struct regbuf_slice *slice,
					   bool *holds)
{
	struct regbuf_buf *buf;

	if (slice->flags & REGBUF_SLICE_F_INDEX)
		return regbuf_cargo_index(cargo, hold, slice->id, holds);
	buf = regbuf_cargo_find(cargo, slice->id);
	*holds = !buf;
	return buf ?: regbuf_hold_get(hold, slice->id);
}

static int regbuf_cargo_seg(struct regbuf_cargo *cargo,
			    struct regbuf_hold *hold, u32 access,
			    const struct regbuf_slice *slice,
			    struct regbuf_seg *seg)
{
	struct regbuf_buf *buf = regbuf_cargo_buf(cargo, hold, slice,
						  &seg->holds);
	int err;

	if (IS_ERR(buf))
		return regbuf_note_failed(hold->ctx, slice->id, PTR_ERR(buf));
	err = regbuf_seg_set(seg, buf, access, slice->offset, slice->length);
	if (!err)
		cargo->nr_bufs += seg->holds;
	else if (seg->holds)
		regbuf_hold_add(hold, buf);
	return err;
}

/**
 * regbuf_cargo_other() - check a range that is not of the message
 * @cargo: all slices are loaded; has room for one more; keeps the buffer
 * @hold: to get buffers with
 * @access: what it must allow
 * @slice: the range; of flags, F_INDEX is looked at
 * @seg: gets the range
 *
 * Context: Any.
 * Return: 0, -ENOENT, -ESTALE, -EACCES or -EFAULT.
 */
int regbuf_cargo_other(struct regbuf_cargo *cargo, struct regbuf_hold *hold,
		       u32 access, const struct regbuf_slice *slice,
		       struct regbuf_seg *seg)
{
	struct regbuf_seg *other = &cargo->segs[cargo->nr_segs +
						cargo->nr_others];
	int err = regbuf_cargo_seg(cargo, hold, access, slice, other);

	if (err)
		return err;
	cargo->nr_others++;
	*seg = *other;
	return 0;
}

/**
 * regbuf_cargo_load() - check a slice and add it
 * @cargo: has room for one more slice
 * @hold: to get buffers with
 * @access: what its buffer must allow; inline bytes are for READ only
 * @slice: the slice, a copy
 *
 * Context: Process context, of the caller for inline bytes.
 * Return: 0, or what regbuf_ioc_send says. What was loaded so far stays in
 *         either case.
 */
int regbuf_cargo_load(struct regbuf_cargo *cargo, struct regbuf_hold *hold,
		      u32 access, const struct regbuf_slice *slice)
{
	struct regbuf_seg *seg = &cargo->segs[cargo->nr_segs];
	u32 known = access & REGBUF_ACCESS_READ ? REGBUF_SLICE_F_ALL :
						  REGBUF_SLICE_F_INDEX;
	int err;

	if (slice->flags & ~known)
		return -EOPNOTSUPP;
	if (slice->flags == REGBUF_SLICE_F_ALL)
		return -EINVAL;
	seg->len = slice->length;
	err = slice->flags & REGBUF_SLICE_F_INLINE ?
	      regbuf_cargo_inline(cargo, slice, seg) :
	      regbuf_cargo_seg(cargo, hold, access, slice, seg);
	if (err)
		return err;
	cargo->nr_segs++;
	cargo->total += slice->length;
	return 0;
}

/**
 * regbuf_cargo_import() - read and check a list of slices
 * @cargo: has room for them
 * @hold: to get buffers with
 * @access: what their buffers must allow
 * @from: where the slices are
 * @nr: how many
 *
 * Context: Process context.
 * Return: as regbuf_cargo_load().
 */
int regbuf_cargo_import(struct regbuf_cargo *cargo, struct regbuf_hold *hold,
			u32 access, const struct regbuf_slice __user *from,
			u32 nr)
{
	struct regbuf_slice slice;
	int err = 0;
	u32 i;

	BUILD_BUG_ON(sizeof(slice) % sizeof(u64));
	for (i = 0; i < nr && !err; i++) {
		err = regbuf_read_words((u64 *)&slice,
					(const u64 __user *)&from[i],
					sizeof(slice));
		err = err ?: regbuf_cargo_load(cargo, hold, access, &slice);
	}
	return err;
}

/* Memory for the inline bytes, with a reference to its page. */
static void *regbuf_cargo_page(const struct regbuf_cargo *cargo,
			       struct page_frag *frag)
{
	struct page *page;
	void *mem;

	if (!frag) {
		page = alloc_page(GFP_KERNEL_ACCOUNT);
		return page ? page_address(page) : NULL;
	}
	if (!skb_page_frag_refill(cargo->inlined, frag, GFP_KERNEL_ACCOUNT))
		return NULL;
	get_page(frag->page);
	mem = page_address(frag->page) + frag->offset;
	frag->offset += ALIGN(cargo->inlined, sizeof(u64));
	return mem;
}

/**
 * regbuf_cargo_take() - copy the inline bytes
 * @cargo: all slices are loaded
 * @frag: to take memory from, or NULL
 *
 * Context: Process context, of the caller.
 * Return: 0, -ENOMEM or -EFAULT.
 */
int regbuf_cargo_take(struct regbuf_cargo *cargo, struct page_frag *frag)
{
	const void __user *from;
	struct regbuf_seg *seg;
	bool holds = true;
	void *mem;

	if (likely(!cargo->inlined))
		return 0;
	mem = regbuf_cargo_page(cargo, frag);
	if (!mem)
		return -ENOMEM;
	for (seg = cargo->segs; seg < cargo->segs + cargo->nr_segs; seg++) {
		if (seg->buf)
			continue;
		from = u64_to_user_ptr(seg->off);
		seg->off = (unsigned long)mem;
		/* The page, for all of them. */
		seg->holds = holds;
		holds = false;
		if (copy_from_user(mem, from, seg->len))
			return -EFAULT;
		mem += seg->len;
	}
	return 0;
}

/* Where a run of at most @len bytes is, from byte @off of a segment. */
static u32 regbuf_seg_run(const struct regbuf_seg *seg, u32 off, u32 len,
			  phys_addr_t *at)
{
	unsigned long pos = seg->off + off;

	if (likely(seg->buf))
		return regbuf_buf_run(seg->buf, pos, len, at);
	*at = virt_to_phys((void *)pos);
	return len;
}

/* regbuf_cargo_fill(), slice by slice and run by run. */
u32 __regbuf_cargo_fill(const struct regbuf_cargo *cargo,
			struct regbuf_bvecs *to)
{
	u32 seg = cargo->seg, off = cargo->off, bytes = 0, left, len;
	phys_addr_t at;

	for (; seg < cargo->nr_segs; seg++, off = 0) {
		left = min(cargo->segs[seg].len - off,
			   REGBUF_CARGO_BYTES - bytes);
		for (; left; left -= len, off += len, bytes += len) {
			if (to->nr == to->max)
				return bytes;
			len = regbuf_seg_run(&cargo->segs[seg], off, left, &at);
			regbuf_bvecs_add(to, at, len);
		}
	}
	return bytes;
}

/**
 * regbuf_cargo_inlined() - count inline bytes
 * @cargo: where
 * @bytes: among how many of the next ones; no more than are left
 *
 * Context: Any.
 */
u32 regbuf_cargo_inlined(const struct regbuf_cargo *cargo, u32 bytes)
{
	u32 seg = cargo->seg, off = cargo->off, inlined = 0, here;

	/* Most often none, or all. */
	if (!cargo->inlined || (bytes == cargo->total && !seg && !off))
		return cargo->inlined;
	for (; bytes; bytes -= here, off = 0, seg++) {
		here = min(bytes, cargo->segs[seg].len - off);
		if (!cargo->segs[seg].buf)
			inlined += here;
	}
	return inlined;
}

/**
 * regbuf_cargo_skip() - move past bytes
 * @cargo: where
 * @bytes: how many; no more than are left
 *
 * Context: Any.
 */
void regbuf_cargo_skip(struct regbuf_cargo *cargo, u32 bytes)
{
	u32 here;

	cargo->total -= bytes;
	while (bytes) {
		here = min(bytes, cargo->segs[cargo->seg].len - cargo->off);
		cargo->off += here;
		bytes -= here;
		if (cargo->off == cargo->segs[cargo->seg].len) {
			cargo->seg++;
			cargo->off = 0;
		}
	}
}

/* Copy between a segment and kernel memory, page by page. */
static void regbuf_seg_copy(const struct regbuf_seg *seg, void *mem, u32 len,
			    bool to_seg)
{
	phys_addr_t at;
	u32 done, here;
	char *page;

	for (done = 0; done < len; done += here) {
		here = regbuf_seg_run(seg, done, len - done, &at);
		here = min_t(u32, here, PAGE_SIZE - offset_in_page(at));
		page = kmap_local_page(pfn_to_page(PHYS_PFN(at)));
		if (to_seg)
			memcpy(page + offset_in_page(at), mem + done, here);
		else
			memcpy(mem + done, page + offset_in_page(at), here);
		kunmap_local(page);
	}
}

/**
 * regbuf_seg_write() - copy into a segment
 * @seg: a range of a buffer with REGBUF_ACCESS_WRITE
 * @from: the bytes
 * @len: how many; no more than the segment has
 *
 * Context: Any.
 */
void regbuf_seg_write(const struct regbuf_seg *seg, const void *from, u32 len)
{
	regbuf_seg_copy(seg, (void *)from, len, true);
}

/**
 * regbuf_seg_read() - copy out of a segment
 * @seg: a range of a buffer
 * @to: gets the bytes
 * @len: how many; no more than the segment has
 *
 * Context: Any.
 */
void regbuf_seg_read(const struct regbuf_seg *seg, void *to, u32 len)
{
	regbuf_seg_copy(seg, to, len, false);
}
