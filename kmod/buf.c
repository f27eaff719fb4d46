// SPDX-License-Identifier: GPL-2.0
/*
 * Ids, and references on buffers.
 *
 * ctx->bufs maps a slot to its buffer or, when it is free, to the generation
 * that it had last, as an xarray value; free slots carry REGBUF_FREE. A slot is
 * free again only when its buffer is released.
 */
#include <linux/err.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>

#include "regbuf.h"

#define REGBUF_FREE	XA_MARK_0

/* References to take at a time. */
#define REGBUF_HOLD	32

static unsigned int first_generation = 1;
module_param(first_generation, uint, 0444);
MODULE_PARM_DESC(first_generation, "generation of new slots; for tests");

/**
 * regbuf_buf_find() - find a buffer, usable or not
 * @ctx: the context
 * @id: the buffer's id
 *
 * Context: ctx->lock held, or the RCU read lock; the buffer may lose its last
 *          reference all the same.
 * Return: the buffer, or an ERR_PTR of -ENOENT or -ESTALE.
 */
struct regbuf_buf *regbuf_buf_find(struct regbuf_ctx *ctx, u64 id)
{
	struct regbuf_buf *buf = xa_load(&ctx->bufs, regbuf_id_slot(id));
	u32 gen = regbuf_id_gen(id), last;
	bool none;

	if (!buf || !gen)
		return ERR_PTR(-ENOENT);
	none = xa_is_value(buf);
	last = none ? xa_to_value(buf) : regbuf_id_gen(buf->id);
	/*
	 * Its id is not told yet: the last that was is the one before. Pairs
	 * with regbuf_buf_publish().
	 */
	if (!none && atomic_read(&buf->out) & REGBUF_OUT_NEW) {
		none = true;
		last--;
	}
	if (gen > last)
		return ERR_PTR(-ENOENT);
	return gen < last || none ? ERR_PTR(-ESTALE) : buf;
}

/* A suspect is looked at; then it can be used, or never again. */
static int regbuf_buf_check(struct regbuf_buf *buf)
{
	int out = atomic_read(&buf->out);

	if (!out)
		return 0;
	if (out != REGBUF_OUT_SUSPECT)
		return -ESTALE;
	return regbuf_mem_verify(buf->mem);
}

/**
 * regbuf_buf_get() - find a live buffer to use it
 * @ctx: the context
 * @id: the buffer's id
 * @nr: references to take
 *
 * Context: Process context. May sleep, and take mmap_lock, if its memory may
 *          have been unmapped.
 * Return: the buffer, or an ERR_PTR of -ENOENT or -ESTALE; or -EINTR or -ENOMEM
 *         if that could not be found out.
 */
struct regbuf_buf *regbuf_buf_get(struct regbuf_ctx *ctx, u64 id, u32 nr)
{
	struct regbuf_buf *buf;
	int err;

	rcu_read_lock();
	buf = regbuf_buf_find(ctx, id);
	if (!IS_ERR(buf) && (atomic_read(&buf->out) & ~REGBUF_OUT_SUSPECT ||
			     !refcount_add_not_zero(nr, &buf->ref)))
		buf = ERR_PTR(-ESTALE);
	rcu_read_unlock();
	if (IS_ERR(buf) || likely(regbuf_buf_usable(buf)))
		return buf;
	err = regbuf_buf_check(buf);
	if (!err)
		return buf;
	regbuf_buf_put(buf, nr);
	return ERR_PTR(err);
}

/**
 * regbuf_buf_in_flight() - requests that use a buffer
 * @buf: the buffer
 *
 * The id's own reference counts as one for as long as a deregistration is under
 * way: rather too many than too few.
 *
 * Context: Any.
 */
u32 regbuf_buf_in_flight(const struct regbuf_buf *buf)
{
	bool dead = atomic_read(&buf->out) & REGBUF_OUT_DEAD;
	unsigned int refs = refcount_read(&buf->ref);

	return !dead && refs ? refs - 1 : refs;
}

/**
 * regbuf_buf_uses() - requests that use a buffer, exactly
 * @buf: the buffer
 *
 * References that are only kept are none; those of imports are.
 *
 * Context: Any but softirq.
 */
u32 regbuf_buf_uses(struct regbuf_buf *buf)
{
	if (regbuf_buf_in_flight(buf))
		regbuf_stock_recall(buf);
	return READ_ONCE(buf->exported) ? regbuf_export_uses(buf) :
					  regbuf_buf_in_flight(buf);
}

static void regbuf_slot_free(struct regbuf_ctx *ctx, u64 id)
{
	u32 slot = regbuf_id_slot(id), gen = regbuf_id_gen(id);

	lockdep_assert_held(&ctx->lock);
	/* Takes the place of an entry: needs no memory, cannot fail. */
	xa_store(&ctx->bufs, slot, xa_mk_value(gen), GFP_KERNEL);
	/* A slot whose generation would wrap is retired. */
	if (gen != U32_MAX)
		xa_set_mark(&ctx->bufs, slot, REGBUF_FREE);
	regbuf_slot_show(ctx, slot);
}

/* Whoever waits for it, here or where it was exported, is to look again. */
static void regbuf_buf_wake(const struct regbuf_buf *buf)
{
	struct regbuf_ctx *owner = regbuf_buf_owner(buf);

	if (wq_has_sleeper(&buf->ctx->wait))
		wake_up_all(&buf->ctx->wait);
	if (unlikely(owner != buf->ctx) && wq_has_sleeper(&owner->wait))
		wake_up_all(&owner->wait);
}

/**
 * regbuf_buf_release() - the last reference is gone
 * @buf: the buffer
 *
 * What is in the table can be looked at until then.
 *
 * Context: Process context, of anybody. May sleep.
 */
void regbuf_buf_release(struct regbuf_buf *buf)
{
	struct regbuf_ctx *ctx = buf->ctx;

	regbuf_mem_leave(buf);
	mutex_lock(&ctx->lock);
	regbuf_slot_free(ctx, buf->id);
	__regbuf_ctx_count(ctx, buf, -1);
	mutex_unlock(&ctx->lock);
	wake_up_all(&ctx->wait);
	if (buf->imported)
		regbuf_import_release(buf);
	/* With what is around it. */
	BUILD_BUG_ON(offsetof(struct regbuf_import, buf));
	kfree_rcu(buf, rcu);
	regbuf_ctx_put(ctx);
}

/**
 * regbuf_buf_release_all() - release buffers whose last request has ended
 * @work: the context's release_work
 */
void regbuf_buf_release_all(struct work_struct *work)
{
	struct regbuf_ctx *ctx = container_of(work, struct regbuf_ctx,
					      release_work);
	struct llist_node *unused = llist_del_all(&ctx->unused);
	struct regbuf_buf *buf, *next;

	/* With the last one the context may go. */
	llist_for_each_entry_safe(buf, next, unused, unused) {
		regbuf_buf_release(buf);
		cond_resched();
	}
}

/* Drop references; true if they were the last. The buffer may go at once. */
static bool regbuf_buf_unref(struct regbuf_buf *buf, u32 nr)
{
	bool last;

	rcu_read_lock();
	last = refcount_sub_and_test(nr, &buf->ref);
	/*
	 * Idle now, or used again by somebody who will come here. The barrier
	 * in it pairs with that of prepare_to_wait() in regbuf_buf_wait().
	 */
	if (!last && refcount_read(&buf->ref) == 1)
		regbuf_buf_wake(buf);
	rcu_read_unlock();
	return last;
}

/**
 * regbuf_buf_put() - drop what regbuf_buf_get() took
 * @buf: the buffer
 * @nr: references
 *
 * Context: Any.
 */
void regbuf_buf_put(struct regbuf_buf *buf, u32 nr)
{
	struct regbuf_ctx *ctx = buf->ctx;

	if (!regbuf_buf_unref(buf, nr))
		return;
	/* Nobody takes it from there before the first one has done this. */
	if (llist_add(&buf->unused, &ctx->unused))
		queue_work(regbuf_wq, &ctx->release_work);
}

/**
 * regbuf_buf_drop() - drop the id's own reference
 * @buf: the buffer, dead
 *
 * Context: Process context. May sleep.
 */
void regbuf_buf_drop(struct regbuf_buf *buf)
{
	if (regbuf_buf_unref(buf, 1))
		regbuf_buf_release(buf);
}

/* Another buffer, or more references on this one. */
struct regbuf_buf *__regbuf_hold_get(struct regbuf_hold *hold, u64 id)
{
	struct regbuf_buf *buf;

	regbuf_hold_drop(hold);
	if (hold->stock && regbuf_stock_take(hold, id)) {
		hold->left--;
		return hold->buf;
	}
	buf = regbuf_buf_get(hold->ctx, id, REGBUF_HOLD);
	if (IS_ERR(buf))
		return buf;
	hold->buf = buf;
	hold->left = REGBUF_HOLD - 1;
	return buf;
}

/**
 * regbuf_buf_init() - make a buffer, not told to anybody yet
 * @buf: zeroed memory for it
 * @ctx: its context
 * @mem: its range; the caller's reference is the buffer's from now on
 * @access: REGBUF_ACCESS_*
 *
 * Context: Process context.
 */
void regbuf_buf_init(struct regbuf_buf *buf, struct regbuf_ctx *ctx,
		     struct regbuf_mem *mem, u32 access)
{
	BUILD_BUG_ON(sizeof(*buf) > 96);
	buf->ctx = ctx;
	buf->length = mem->length;
	buf->first = mem->first;
	buf->access = access;
	buf->count = 1;
	refcount_set(&buf->ref, 1);
	atomic_set(&buf->out, REGBUF_OUT_NEW);
	regbuf_mem_join(mem, buf);
}

/* Find a free slot, or reserve one more; and its next generation. */
static int regbuf_slot_take(struct regbuf_ctx *ctx, u64 *id)
{
	unsigned long slot = 0;
	void *entry;
	u32 gen;
	int err;

	lockdep_assert_held(&ctx->lock);
	if (ctx->nr_bufs >= REGBUF_MAX_BUFFERS)
		return -ENOSPC;
	entry = xa_find(&ctx->bufs, &slot, ULONG_MAX, REGBUF_FREE);
	gen = entry ? xa_to_value(entry) + 1 : first_generation ?: 1;
	if (!entry) {
		if (ctx->nr_slots == U32_MAX)
			return -ENOSPC;
		slot = ctx->nr_slots;
		err = xa_reserve(&ctx->bufs, slot, GFP_KERNEL_ACCOUNT);
		if (err)
			return err;
	}
	*id = (u64)gen << 32 | slot;
	return 0;
}

/**
 * regbuf_buf_insert() - put a buffer into the table
 * @buf: the buffer; gets its id, which is not live yet
 *
 * Context: Process context. May sleep.
 * Return: 0, -ENOSPC or -ENOMEM.
 */
int regbuf_buf_insert(struct regbuf_buf *buf)
{
	struct regbuf_ctx *ctx = buf->ctx;
	u32 slot;
	int err;

	mutex_lock(&ctx->lock);
	err = regbuf_slot_take(ctx, &buf->id);
	if (err)
		goto out;
	slot = regbuf_id_slot(buf->id);
	xa_clear_mark(&ctx->bufs, slot, REGBUF_FREE);
	/* Reserved, or taking the place of an entry: cannot fail. */
	xa_store(&ctx->bufs, slot, buf, GFP_KERNEL);
	if (slot == ctx->nr_slots)
		ctx->nr_slots++;
	refcount_inc(&ctx->ref);
	__regbuf_ctx_count(ctx, buf, 1);
out:
	mutex_unlock(&ctx->lock);
	return err;
}

/**
 * regbuf_buf_publish() - a buffer's id is told now, and live
 * @buf: the buffer
 *
 * Context: Process context.
 */
void regbuf_buf_publish(struct regbuf_buf *buf)
{
	u32 slot = regbuf_id_slot(buf->id);
	struct regbuf_ctx *ctx = buf->ctx;

	/* What it is before it is live: pairs with regbuf_buf_find(). */
	smp_mb__before_atomic();
	atomic_andnot(REGBUF_OUT_NEW, &buf->out);
	regbuf_slot_show(ctx, slot);
}
