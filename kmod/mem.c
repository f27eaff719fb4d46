// SPDX-License-Identifier: GPL-2.0
/*
 * Pinned ranges: each belongs to one buffer, or to several that were registered
 * as the same range.
 */
#include <linux/err.h>
#include <linux/rculist.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "regbuf.h"

/* By address, then length: below 0 if that is before. */
static int regbuf_mem_cmp(u64 addr, u64 length, const struct regbuf_mem *mem)
{
	u64 here = mem->pin.start + mem->first;

	if (addr != here)
		return addr < here ? -1 : 1;
	if (length != mem->length)
		return length < mem->length ? -1 : 1;
	return 0;
}

static void regbuf_mem_add(struct regbuf_ctx *ctx, struct regbuf_mem *mem)
{
	struct rb_node **link = &ctx->mems.rb_node, *parent = NULL;
	u64 addr = mem->pin.start + mem->first;

	lockdep_assert_held(&ctx->mem_lock);
	while (*link) {
		parent = *link;
		link = regbuf_mem_cmp(addr, mem->length,
				      rb_entry(parent, struct regbuf_mem,
					       node)) < 0 ?
		       &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&mem->node, parent, link);
	rb_insert_color(&mem->node, &ctx->mems);
}

static bool regbuf_mem_serves(const struct regbuf_mem *mem,
			      const struct regbuf_want *want)
{
	return !(mem->out & ~REGBUF_OUT_SUSPECT) &&
	       !(want->access & ~mem->access) &&
	       mem->keep == !!(want->flags & REGBUF_REGISTER_F_KEEP);
}

/* The first of those that are the same range, in the order of the tree. */
static struct rb_node *regbuf_mem_first(struct regbuf_ctx *ctx, u64 addr,
					u64 length)
{
	struct rb_node *node = ctx->mems.rb_node, *found = NULL;
	int cmp;

	while (node) {
		cmp = regbuf_mem_cmp(addr, length,
				     rb_entry(node, struct regbuf_mem, node));
		if (cmp == 0)
			found = node;
		node = cmp <= 0 ? node->rb_left : node->rb_right;
	}
	return found;
}

/* Somebody's that will do, with a reference. */
static struct regbuf_mem *regbuf_mem_find(struct regbuf_ctx *ctx,
					  const struct regbuf_want *want)
{
	u64 addr = untagged_addr(want->addr);
	struct regbuf_mem *mem, *found = NULL;
	struct rb_node *node;

	spin_lock(&ctx->mem_lock);
	for (node = regbuf_mem_first(ctx, addr, want->length);
	     node && !found; node = rb_next(node)) {
		mem = rb_entry(node, struct regbuf_mem, node);
		if (regbuf_mem_cmp(addr, want->length, mem))
			break;
		if (!regbuf_mem_serves(mem, want))
			continue;
		mem->refs++;
		found = mem;
	}
	spin_unlock(&ctx->mem_lock);
	return found;
}

/* As regbuf_mem_find(), and it is still what is mapped there. */
static struct regbuf_mem *regbuf_mem_share(struct regbuf_ctx *ctx,
					   struct regbuf_want *want)
{
	struct regbuf_mem *mem;
	int err;

	while ((mem = regbuf_mem_find(ctx, want))) {
		err = regbuf_mem_check(mem);
		if (!err)
			break;
		regbuf_mem_put(mem);
		if (err != -ESTALE)
			return ERR_PTR(err);
	}
	if (mem) {
		want->result |= REGBUF_REGISTER_R_SHARED;
		regbuf_charge_tell(&mem->charge, want);
	}
	return mem;
}

/*
 * Charge for the pages first, so that a range beyond the budget is refused
 * before anything is pinned, then for the whole folios that they turn out to
 * lie in.
 */
static int regbuf_mem_pin(struct regbuf_mem *mem, struct mm_struct *mm,
			  struct regbuf_want *want)
{
	unsigned long pages = mem->nr_pages, charge;
	int err;

	err = regbuf_charge(&mem->charge, mm, pages, want);
	if (err)
		goto err_uncharge;
	err = regbuf_pin_range(mem, &charge);
	if (err)
		goto err_uncharge;
	if (charge > pages)
		err = regbuf_charge(&mem->charge, mm, charge, want);
	if (err)
		goto err_unpin;
	return 0;

err_unpin:
	regbuf_unpin(mem);
err_uncharge:
	regbuf_uncharge(&mem->charge, mm);
	return err;
}

static struct regbuf_mem *regbuf_mem_alloc(const struct regbuf_want *want)
{
	struct regbuf_mem *mem = kzalloc(sizeof(*mem), GFP_KERNEL_ACCOUNT);
	unsigned long addr = untagged_addr(want->addr);

	BUILD_BUG_ON(sizeof(*mem) > 128);
	if (!mem)
		return NULL;
	mem->pin.start = addr & PAGE_MASK;
	mem->first = offset_in_page(addr);
	mem->length = want->length;
	mem->nr_pages = DIV_ROUND_UP_ULL(mem->first + want->length, PAGE_SIZE);
	mem->access = want->access;
	mem->keep = want->flags & REGBUF_REGISTER_F_KEEP;
	mem->out = REGBUF_OUT_NEW;
	mem->refs = 1;
	return mem;
}

static void regbuf_mem_count(struct regbuf_ctx *ctx,
			     const struct regbuf_mem *mem, int sign)
{
	s64 pages = sign * (s64)mem->charge.pages;

	atomic64_add(pages, &ctx->nr_pages);
	atomic64_add(sign * (s64)mem->nr_pages, &ctx->nr_pinned);
	if (mem->charge.user)
		atomic64_add(pages, &ctx->nr_charged);
}

/* Pinned now: others may share it. What changed meanwhile was marked. */
static int regbuf_mem_settle(struct regbuf_ctx *ctx, struct regbuf_mem *mem)
{
	spin_lock(&ctx->mem_lock);
	mem->out &= ~REGBUF_OUT_NEW;
	regbuf_mem_add(ctx, mem);
	spin_unlock(&ctx->mem_lock);
	regbuf_mem_count(ctx, mem, 1);
	return regbuf_mem_check(mem);
}

/* Watched first: nothing that happens while it is pinned goes unnoticed. */
static struct regbuf_mem *regbuf_mem_create(struct regbuf_ctx *ctx,
					    struct regbuf_want *want)
{
	struct regbuf_mem *mem = regbuf_mem_alloc(want);
	int err;

	if (!mem)
		return ERR_PTR(-ENOMEM);
	err = regbuf_watch_start(mem, ctx);
	if (err)
		goto err_free;
	/* What began before that, and was not told to us, has ended then. */
	mmu_interval_read_begin(&mem->watch->sub);
	err = regbuf_mem_pin(mem, ctx->mm, want);
	if (err)
		goto err_unwatch;
	err = regbuf_mem_settle(ctx, mem);
	if (!err)
		return mem;
	regbuf_mem_put(mem);
	return ERR_PTR(err);

err_unwatch:
	regbuf_watch_end(mem);
err_free:
	kfree(mem);
	return ERR_PTR(err);
}

/**
 * regbuf_mem_get() - pin a range, or share the pins of one
 * @ctx: the context
 * @want: the range, checked; gets what it costs
 *
 * Context: Process context, of the owner. May sleep.
 * Return: the range, with a reference, or an ERR_PTR of what
 *         regbuf_ioc_register says.
 */
struct regbuf_mem *regbuf_mem_get(struct regbuf_ctx *ctx,
				  struct regbuf_want *want)
{
	struct regbuf_mem *mem;

	/* Other memory was mapped there meanwhile: that is it then, or none. */
	do {
		want->result = 0;
		mem = regbuf_mem_share(ctx, want) ?:
		      regbuf_mem_create(ctx, want);
	} while (mem == ERR_PTR(-ESTALE));
	return mem;
}

static struct regbuf_buf *regbuf_mem_counted_here(struct regbuf_ctx *ctx,
						  struct regbuf_mem *mem,
						  u32 access)
{
	struct regbuf_buf *buf;

	hlist_for_each_entry(buf, &mem->bufs, node)
		if (buf->ctx == ctx && buf->counted && buf->access == access &&
		    !(atomic_read(&buf->out) & ~REGBUF_OUT_SUSPECT))
			return buf;
	return NULL;
}

/**
 * regbuf_mem_counted() - find what REGBUF_REGISTER_F_COUNT is to count
 * @ctx: the context
 * @want: the range
 *
 * Context: ctx->lock held, which keeps what is found.
 * Return: the buffer that was registered like that, or NULL.
 */
struct regbuf_buf *regbuf_mem_counted(struct regbuf_ctx *ctx,
				      const struct regbuf_want *want)
{
	u64 addr = untagged_addr(want->addr);
	struct regbuf_buf *found = NULL;
	struct regbuf_mem *mem;
	struct rb_node *node;

	lockdep_assert_held(&ctx->lock);
	spin_lock(&ctx->mem_lock);
	for (node = regbuf_mem_first(ctx, addr, want->length);
	     node && !found; node = rb_next(node)) {
		mem = rb_entry(node, struct regbuf_mem, node);
		if (regbuf_mem_cmp(addr, want->length, mem))
			break;
		if (regbuf_mem_serves(mem, want))
			found = regbuf_mem_counted_here(ctx, mem, want->access);
	}
	spin_unlock(&ctx->mem_lock);
	return found;
}

/**
 * regbuf_mem_hold() - one more reference to a range
 * @mem: the range; the caller keeps it
 *
 * Context: Process context.
 */
void regbuf_mem_hold(struct regbuf_mem *mem)
{
	struct regbuf_ctx *ctx = mem->watch->ctx;

	spin_lock(&ctx->mem_lock);
	mem->refs++;
	spin_unlock(&ctx->mem_lock);
}

/**
 * regbuf_mem_put() - drop a reference to a range
 * @mem: the range; unpinned with the last one
 *
 * Context: Process context, of anybody. May sleep.
 */
void regbuf_mem_put(struct regbuf_mem *mem)
{
	struct regbuf_ctx *ctx = mem->watch->ctx;
	bool last;

	spin_lock(&ctx->mem_lock);
	last = !--mem->refs;
	if (last)
		rb_erase(&mem->node, &ctx->mems);
	spin_unlock(&ctx->mem_lock);
	if (!last)
		return;
	regbuf_watch_end(mem);
	regbuf_unpin(mem);
	regbuf_mem_count(ctx, mem, -1);
	regbuf_uncharge(&mem->charge, ctx->mm);
	kfree_rcu(mem, rcu);
}

/*
 * What of it is said of its buffers. With F_KEEP they go on with the pages that
 * they have, while their process does; other memory that is mapped there only
 * means that nobody else gets those pages.
 */
static u8 regbuf_mem_out(const struct regbuf_mem *mem)
{
	return mem->keep && !(mem->out & REGBUF_OUT_ENDED) ? 0 : mem->out;
}

/**
 * regbuf_mem_join() - have a buffer on a range
 * @mem: the range; the caller's reference is the buffer's
 * @buf: the buffer; is marked as the range is, from now on
 *
 * Context: Process context.
 */
void regbuf_mem_join(struct regbuf_mem *mem, struct regbuf_buf *buf)
{
	struct regbuf_ctx *ctx = mem->watch->ctx;

	buf->mem = mem;
	spin_lock(&ctx->mem_lock);
	hlist_add_head_rcu(&buf->node, &mem->bufs);
	atomic_or(regbuf_mem_out(mem), &buf->out);
	spin_unlock(&ctx->mem_lock);
}

/**
 * regbuf_mem_leave() - take a buffer from its range
 * @buf: the buffer; its reference to the range is dropped
 *
 * Context: Process context, of anybody. May sleep.
 */
void regbuf_mem_leave(struct regbuf_buf *buf)
{
	struct regbuf_ctx *ctx = buf->mem->watch->ctx;

	spin_lock(&ctx->mem_lock);
	hlist_del_rcu(&buf->node);
	spin_unlock(&ctx->mem_lock);
	regbuf_mem_put(buf->mem);
}

/* One that its program does not know yet cannot be lost to it. */
static void regbuf_mem_mark_buf(struct regbuf_buf *buf, u8 out)
{
	int old = atomic_fetch_or(out, &buf->out);

	if (out & ~old & REGBUF_OUT_DETACHED &&
	    !(old & (REGBUF_OUT_NEW | REGBUF_OUT_DEAD))) {
		regbuf_note_detached(buf);
		regbuf_slot_show(buf->ctx, regbuf_id_slot(buf->id));
	}
}

/**
 * regbuf_mem_mark() - what is mapped may be something else now
 * @mem: the range
 * @out: REGBUF_OUT_DETACHED, perhaps with REGBUF_OUT_ENDED, or
 *       REGBUF_OUT_SUSPECT
 *
 * Context: ctx->mem_lock held. Any process, while it changes mappings.
 */
void regbuf_mem_mark(struct regbuf_mem *mem, u8 out)
{
	struct regbuf_buf *buf;

	lockdep_assert_held(&mem->watch->ctx->mem_lock);
	if ((mem->out & out) == out)
		return;
	WRITE_ONCE(mem->out, mem->out | out);
	out = regbuf_mem_out(mem);
	hlist_for_each_entry(buf, &mem->bufs, node)
		regbuf_mem_mark_buf(buf, out);
}

static void regbuf_mem_clear(struct regbuf_mem *mem)
{
	struct regbuf_buf *buf;

	WRITE_ONCE(mem->out, mem->out & ~REGBUF_OUT_SUSPECT);
	hlist_for_each_entry(buf, &mem->bufs, node)
		atomic_andnot(REGBUF_OUT_SUSPECT, &buf->out);
}

static int regbuf_mem_compare(const struct regbuf_mem *mem,
			      struct mm_struct *mm)
{
	int err;

	if (!mmget_not_zero(mm))
		return -ESTALE;
	err = regbuf_pin_compare(mem, mm);
	mmput(mm);
	return err;
}

/* True if nothing changed meanwhile. */
static bool regbuf_mem_judge(struct regbuf_mem *mem, unsigned long seq,
			     bool same)
{
	struct regbuf_watch *watch = mem->watch;
	bool valid;

	spin_lock(&watch->ctx->mem_lock);
	valid = !mmu_interval_read_retry(&watch->sub, seq);
	if (valid && same)
		regbuf_mem_clear(mem);
	else if (valid)
		regbuf_mem_mark(mem, REGBUF_OUT_DETACHED);
	spin_unlock(&watch->ctx->mem_lock);
	return valid;
}

/**
 * regbuf_mem_verify() - look whether a suspect range is what is mapped
 * @mem: the range; the caller keeps it
 *
 * Context: Process context, of anybody. Takes mmap_lock.
 * Return: 0, -ESTALE if it is not; or as regbuf_pin_compare().
 */
int regbuf_mem_verify(struct regbuf_mem *mem)
{
	struct mm_struct *mm = mem->watch->ctx->mm;
	unsigned long seq;
	int err;

	do {
		if (fatal_signal_pending(current))
			return -EINTR;
		if (READ_ONCE(mem->out) & REGBUF_OUT_DETACHED)
			return -ESTALE;
		/* Waits until what changes it has changed it. */
		seq = mmu_interval_read_begin(&mem->watch->sub);
		err = regbuf_mem_compare(mem, mm);
		if (err && err != -ESTALE)
			return err;
	} while (!regbuf_mem_judge(mem, seq, !err));
	return READ_ONCE(mem->out) & REGBUF_OUT_DETACHED ? -ESTALE : 0;
}

/**
 * regbuf_mem_check() - as regbuf_mem_verify(), if it is suspect
 * @mem: the range; the caller keeps it
 *
 * Context: Process context, of anybody. Takes mmap_lock.
 * Return: as regbuf_mem_verify().
 */
int regbuf_mem_check(struct regbuf_mem *mem)
{
	return READ_ONCE(mem->out) ? regbuf_mem_verify(mem) : 0;
}
