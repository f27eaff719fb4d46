// SPDX-License-Identifier: GPL-2.0
/*
 * The floor's memory: pinned once, and found again by offset in constant time.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "floor_int.h"

static bool regbuf_floor_adjacent(const struct page *a, const struct page *b)
{
	return b == a + 1 && page_folio(a) == page_folio(b);
}

/* Fold the pages into runs. @offset is where the first page is begun at. */
static void regbuf_floor_fold(struct regbuf_floor *floor, unsigned int offset)
{
	struct bio_vec *bv = floor->runs - 1;
	u64 left = floor->len, at = 0;
	unsigned long i;
	u32 len;

	for (i = 0; i < floor->nr_pages; i++) {
		len = min_t(u64, left, PAGE_SIZE - offset);
		if (i && regbuf_floor_adjacent(floor->pages[i - 1],
					       floor->pages[i])) {
			bv->bv_len += len;
		} else {
			bv++;
			bvec_set_page(bv, floor->pages[i], len, offset);
			floor->run_starts[bv - floor->runs] = at;
		}
		floor->run_of[i] = bv - floor->runs;
		at += len;
		left -= len;
		offset = 0;
	}
	floor->nr_runs = bv - floor->runs + 1;
}

static int regbuf_floor_alloc(struct regbuf_floor *floor)
{
	unsigned long nr = floor->nr_pages;

	floor->pages = kvcalloc(nr, sizeof(*floor->pages), GFP_KERNEL);
	floor->runs = kvcalloc(nr, sizeof(*floor->runs), GFP_KERNEL);
	floor->run_starts = kvcalloc(nr, sizeof(*floor->run_starts),
				     GFP_KERNEL);
	floor->run_of = kvcalloc(nr, sizeof(*floor->run_of), GFP_KERNEL);
	if (!floor->pages || !floor->runs || !floor->run_starts ||
	    !floor->run_of)
		return -ENOMEM;
	return 0;
}

static void regbuf_floor_free(struct regbuf_floor *floor)
{
	kvfree(floor->pages);
	kvfree(floor->runs);
	kvfree(floor->run_starts);
	kvfree(floor->run_of);
	floor->pages = NULL;
	floor->runs = NULL;
	floor->run_starts = NULL;
	floor->run_of = NULL;
	floor->nr_pages = 0;
	floor->len = 0;
}

/* All of them or none. */
static int regbuf_floor_get_pages(struct regbuf_floor *floor, u64 addr)
{
	unsigned long done = 0;
	int ret;

	while (done < floor->nr_pages) {
		ret = pin_user_pages_fast(addr + done * PAGE_SIZE,
					  floor->nr_pages - done,
					  FOLL_WRITE | FOLL_LONGTERM,
					  floor->pages + done);
		if (ret <= 0) {
			unpin_user_pages(floor->pages, done);
			return ret ?: -EFAULT;
		}
		done += ret;
	}
	return 0;
}

/**
 * regbuf_floor_pin() - pin the memory to send from
 * @floor: the file; its lock is held
 * @addr: the caller's memory
 * @len: how much of it
 *
 * Context: Process context. Sleeps.
 * Return: 0, -EBUSY if there is some, -EINVAL, -ENOMEM, or why it can't be had.
 */
int regbuf_floor_pin(struct regbuf_floor *floor, u64 addr, u64 len)
{
	int err;

	lockdep_assert_held(&floor->lock);
	if (floor->len)
		return -EBUSY;
	if (!len || len > U32_MAX || addr + len < addr)
		return -EINVAL;
	floor->len = len;
	floor->nr_pages = DIV_ROUND_UP(offset_in_page(addr) + len, PAGE_SIZE);
	err = regbuf_floor_alloc(floor);
	if (!err)
		err = regbuf_floor_get_pages(floor, addr & PAGE_MASK);
	if (err) {
		regbuf_floor_free(floor);
		return err;
	}
	regbuf_floor_fold(floor, offset_in_page(addr));
	return 0;
}

/**
 * regbuf_floor_unpin() - let go of the memory, if there is any
 * @floor: the file; nothing is in flight
 *
 * Context: Process context. Sleeps.
 */
void regbuf_floor_unpin(struct regbuf_floor *floor)
{
	unpin_user_pages(floor->pages, floor->nr_pages);
	regbuf_floor_free(floor);
}
