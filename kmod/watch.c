// SPDX-License-Identifier: GPL-2.0
/*
 * Noticing that memory is unmapped or moved. Whatever changes mappings asks the
 * watches in its way one after another, and fork and exit come by all: so
 * ranges that lie close together share one.
 */
#include <linux/mm_types.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "regbuf.h"

/* What one watch covers; a range that crosses a border has its own. */
#define REGBUF_WATCH_SHIFT	21

static bool regbuf_watch_hits(const struct regbuf_mem *mem,
			      const struct mmu_notifier_range *range)
{
	unsigned long end = mem->pin.start + ((unsigned long)mem->nr_pages <<
					      PAGE_SHIFT);

	return mem->pin.start < range->end && range->start < end;
}

/* What an event means for the ranges that it hits. */
static u8 regbuf_watch_means(const struct mmu_notifier_range *range)
{
	switch (range->event) {
	case MMU_NOTIFY_RELEASE:
		return REGBUF_OUT_DETACHED | REGBUF_OUT_ENDED;
	case MMU_NOTIFY_UNMAP:
		return REGBUF_OUT_DETACHED;
	case MMU_NOTIFY_CLEAR:
	case MMU_NOTIFY_MIGRATE:
	case MMU_NOTIFY_EXCLUSIVE:
		return REGBUF_OUT_SUSPECT;
	default:
		return 0;
	}
}

static void regbuf_watch_mark(struct regbuf_watch *watch,
			      const struct mmu_notifier_range *range)
{
	u8 out = regbuf_watch_means(range);
	struct regbuf_mem *mem;

	if (!out)
		return;
	hlist_for_each_entry(mem, &watch->mems, watched)
		if (regbuf_watch_hits(mem, range))
			regbuf_mem_mark(mem, out);
}

/* The owner is gone, if not his descriptors: nobody else may use his memory. */
static void regbuf_watch_exit(struct regbuf_ctx *ctx)
{
	refcount_inc(&ctx->ref);
	if (!queue_work(regbuf_ctx_wq, &ctx->exit_work))
		refcount_dec(&ctx->ref);
}

static bool regbuf_watch_invalidate(struct mmu_interval_notifier *sub,
				    const struct mmu_notifier_range *range,
				    unsigned long seq)
{
	struct regbuf_watch *watch = container_of(sub, struct regbuf_watch,
						  sub);

	spin_lock(&watch->ctx->mem_lock);
	mmu_interval_set_seq(sub, seq);
	regbuf_watch_mark(watch, range);
	if (range->event == MMU_NOTIFY_RELEASE &&
	    !hlist_empty(&watch->mems))
		regbuf_watch_exit(watch->ctx);
	spin_unlock(&watch->ctx->mem_lock);
	return true;
}

static const struct mmu_interval_notifier_ops regbuf_watch_ops = {
	.invalidate = regbuf_watch_invalidate,
};

static unsigned long regbuf_watch_key(unsigned long addr)
{
	return addr >> REGBUF_WATCH_SHIFT;
}

static bool regbuf_watch_crosses(unsigned long addr, u64 length)
{
	return regbuf_watch_key(addr) != regbuf_watch_key(addr + length - 1);
}

static struct regbuf_watch *regbuf_watch_create(struct regbuf_ctx *ctx,
						unsigned long start, u64 size)
{
	struct regbuf_watch *watch = kzalloc(sizeof(*watch),
					     GFP_KERNEL_ACCOUNT);
	int err;

	if (!watch)
		return ERR_PTR(-ENOMEM);
	watch->ctx = ctx;
	watch->refs = 1;
	err = mmu_interval_notifier_insert(&watch->sub, ctx->mm, start, size,
					   &regbuf_watch_ops);
	if (!err)
		return watch;
	kfree(watch);
	return ERR_PTR(err);
}

static void regbuf_watch_destroy(struct regbuf_watch *watch)
{
	mmu_interval_notifier_remove(&watch->sub);
	kfree(watch);
}

/* One that others use as well, or may. */
static struct regbuf_watch *regbuf_watch_share(struct regbuf_ctx *ctx,
					       unsigned long addr)
{
	unsigned long key = regbuf_watch_key(addr);
	struct regbuf_watch *watch = xa_load(&ctx->watches, key);
	int err;

	lockdep_assert_held(&ctx->watch_lock);
	if (watch) {
		watch->refs++;
		return watch;
	}
	watch = regbuf_watch_create(ctx, key << REGBUF_WATCH_SHIFT,
				    1UL << REGBUF_WATCH_SHIFT);
	if (IS_ERR(watch))
		return watch;
	err = xa_err(xa_store(&ctx->watches, key, watch, GFP_KERNEL_ACCOUNT));
	if (!err)
		return watch;
	regbuf_watch_destroy(watch);
	return ERR_PTR(err);
}

/**
 * regbuf_watch_start() - be told when a range is unmapped
 * @mem: the range, not pinned yet
 * @ctx: its context
 *
 * Context: Process context, of the owner. May sleep.
 * Return: 0, -ENOMEM or -EINTR.
 */
int regbuf_watch_start(struct regbuf_mem *mem, struct regbuf_ctx *ctx)
{
	unsigned long addr = mem->pin.start + mem->first;
	struct regbuf_watch *watch;

	if (regbuf_watch_crosses(addr, mem->length)) {
		watch = regbuf_watch_create(ctx, mem->pin.start,
					    (u64)mem->nr_pages << PAGE_SHIFT);
		if (!IS_ERR(watch))
			watch->own = true;
	} else {
		mutex_lock(&ctx->watch_lock);
		watch = regbuf_watch_share(ctx, addr);
		mutex_unlock(&ctx->watch_lock);
	}
	if (IS_ERR(watch))
		return PTR_ERR(watch);
	mem->watch = watch;
	spin_lock(&ctx->mem_lock);
	hlist_add_head(&mem->watched, &watch->mems);
	spin_unlock(&ctx->mem_lock);
	return 0;
}

/**
 * regbuf_watch_end() - undo regbuf_watch_start()
 * @mem: the range
 *
 * Context: Process context, of anybody. May sleep.
 */
void regbuf_watch_end(struct regbuf_mem *mem)
{
	struct regbuf_watch *watch = mem->watch;
	struct regbuf_ctx *ctx = watch->ctx;
	bool last = true;

	spin_lock(&ctx->mem_lock);
	hlist_del(&mem->watched);
	spin_unlock(&ctx->mem_lock);
	if (!watch->own) {
		mutex_lock(&ctx->watch_lock);
		last = !--watch->refs;
		if (last)
			xa_erase(&ctx->watches,
				 regbuf_watch_key(mem->pin.start));
		mutex_unlock(&ctx->watch_lock);
	}
	if (last)
		regbuf_watch_destroy(watch);
}
