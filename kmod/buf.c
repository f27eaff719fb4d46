// SPDX-License-Identifier: GPL-2.0
/*
 * The registry: ids, registration, deregistration, and waiting for buffers.
 *
 * ctx->bufs maps a slot to its buffer or, when it is free, to the generation
 * that it had last, as an xarray value; free slots carry REGBUF_FREE. A slot is
 * free again only when its buffer is unpinned.
 */
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/moduleparam.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "regbuf.h"

#define REGBUF_FREE	XA_MARK_0

/* References to take at a time. */
#define REGBUF_HOLD	32

static unsigned int first_generation = 1;
module_param(first_generation, uint, 0444);
MODULE_PARM_DESC(first_generation, "generation of new slots; for tests");

static u32 regbuf_id_slot(u64 id)
{
	return lower_32_bits(id);
}

static u32 regbuf_id_gen(u64 id)
{
	return upper_32_bits(id);
}

/*
 * Find a buffer, live or closing. The caller holds ctx->lock or the RCU read
 * lock; the buffer may lose its last reference all the same.
 */
static int regbuf_buf_find(struct regbuf_ctx *ctx, u64 id,
			   struct regbuf_buf **found)
{
	void *entry = xa_load(&ctx->bufs, regbuf_id_slot(id));
	struct regbuf_buf *buf = entry;
	u32 gen = regbuf_id_gen(id), last;

	if (!entry || !gen)
		return -ENOENT;
	last = xa_is_value(entry) ? xa_to_value(entry) : regbuf_id_gen(buf->id);
	if (gen > last)
		return -ENOENT;
	if (gen < last || xa_is_value(entry))
		return -ESTALE;
	*found = buf;
	return 0;
}

/**
 * regbuf_buf_get() - find a live buffer to use it
 * @ctx: the context
 * @id: the buffer's id
 * @nr: references to take
 *
 * Context: Any. Takes no lock.
 * Return: the buffer, or an ERR_PTR of -ENOENT or -ESTALE.
 */
struct regbuf_buf *regbuf_buf_get(struct regbuf_ctx *ctx, u64 id, u32 nr)
{
	struct regbuf_buf *buf;
	int err;

	rcu_read_lock();
	err = regbuf_buf_find(ctx, id, &buf);
	if (!err && (!READ_ONCE(buf->live) ||
		     !refcount_add_not_zero(nr, &buf->ref)))
		err = -ESTALE;
	rcu_read_unlock();
	if (likely(!err))
		return buf;
	if (err == -ESTALE)
		regbuf_note_stale(ctx, id);
	return ERR_PTR(err);
}

/*
 * Requests that use a buffer. The id's own reference counts as one for as long
 * as a deregistration is under way: rather too many than too few.
 */
static u32 regbuf_buf_in_flight(const struct regbuf_buf *buf, bool live)
{
	unsigned int refs = refcount_read(&buf->ref);

	return live && refs ? refs - 1 : refs;
}

/* The same, but exact: references that are only kept are none. */
static u32 regbuf_buf_uses(struct regbuf_buf *buf, bool live)
{
	if (regbuf_buf_in_flight(buf, live))
		regbuf_stock_recall(buf);
	return regbuf_buf_in_flight(buf, live);
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
}

/* The last reference is gone. What is in the table can be looked at. */
static void regbuf_buf_release(struct regbuf_buf *buf)
{
	struct regbuf_ctx *ctx = buf->ctx;

	regbuf_unpin(&buf->pin);
	regbuf_uncharge(&buf->charge);
	mutex_lock(&ctx->lock);
	regbuf_slot_free(ctx, buf->id);
	__regbuf_ctx_count(ctx, buf, -1);
	mutex_unlock(&ctx->lock);
	wake_up_all(&ctx->wait);
	kfree_rcu(buf, rcu);
	regbuf_ctx_put(ctx);
}

static void regbuf_buf_work(struct work_struct *work)
{
	regbuf_buf_release(container_of(work, struct regbuf_buf, work));
}

/* Drop references; true if they were the last. The buffer may go at once. */
static bool regbuf_buf_unref(struct regbuf_buf *buf, u32 nr)
{
	struct regbuf_ctx *ctx = buf->ctx;
	bool last;

	rcu_read_lock();
	last = refcount_sub_and_test(nr, &buf->ref);
	/*
	 * Idle now, or used again by somebody who will come here. The barrier
	 * pairs with that of prepare_to_wait() in regbuf_buf_wait().
	 */
	if (!last && refcount_read(&buf->ref) == 1 &&
	    wq_has_sleeper(&ctx->wait))
		wake_up_all(&ctx->wait);
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
	if (regbuf_buf_unref(buf, nr))
		queue_work(regbuf_wq, &buf->work);
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

/* The id's own reference, dropped where sleeping is fine. */
static void regbuf_buf_drop(struct regbuf_buf *buf)
{
	if (regbuf_buf_unref(buf, 1))
		regbuf_buf_release(buf);
}

/**
 * regbuf_buf_kill_all() - deregister what is left when a context is closed
 * @ctx: the context
 *
 * Context: Process context. May sleep.
 */
void regbuf_buf_kill_all(struct regbuf_ctx *ctx)
{
	struct regbuf_buf *buf, *next;
	unsigned long slot;
	LIST_HEAD(dead);
	u32 nr = 0;

	mutex_lock(&ctx->lock);
	xa_for_each(&ctx->bufs, slot, buf) {
		if (xa_is_value(buf) || !buf->live)
			continue;
		WRITE_ONCE(buf->live, false);
		list_add(&buf->kill, &dead);
		nr++;
	}
	mutex_unlock(&ctx->lock);
	if (nr)
		regbuf_note_leaked(ctx, nr);
	list_for_each_entry_safe(buf, next, &dead, kill) {
		regbuf_buf_drop(buf);
		cond_resched();
	}
}

static int regbuf_register_check(const struct regbuf_ioc_register *reg)
{
	if (reg->access & ~(REGBUF_ACCESS_READ | REGBUF_ACCESS_WRITE))
		return -EOPNOTSUPP;
	if (!reg->access || !reg->length)
		return -EINVAL;
	if (reg->length > REGBUF_MAX_LENGTH)
		return -EOVERFLOW;
	if (reg->addr + reg->length < reg->addr ||
	    !access_ok(u64_to_user_ptr(reg->addr), reg->length))
		return -EFAULT;
	return 0;
}

/*
 * Charge for the pages first, so that a range beyond the budget is refused
 * before anything is pinned, then for the whole folios that they turn out to
 * lie in.
 */
static int regbuf_buf_pin(struct regbuf_buf *buf,
			  struct regbuf_ioc_register *reg)
{
	unsigned long addr = untagged_addr(reg->addr);
	u64 pages = DIV_ROUND_UP_ULL(offset_in_page(addr) + reg->length,
				     PAGE_SIZE);
	int err;

	err = regbuf_charge(&buf->charge, pages, reg);
	if (err)
		goto err_uncharge;
	err = regbuf_pin_range(&buf->pin, addr, reg->length, reg->access);
	if (err)
		goto err_uncharge;
	if (buf->pin.charge > pages)
		err = regbuf_charge(&buf->charge, buf->pin.charge, reg);
	if (err)
		goto err_unpin;
	return 0;

err_unpin:
	regbuf_unpin(&buf->pin);
err_uncharge:
	regbuf_uncharge(&buf->charge);
	return err;
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

/* Put the buffer into the table; its id is not live yet. */
static int regbuf_buf_insert(struct regbuf_ctx *ctx, struct regbuf_buf *buf)
{
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

static struct regbuf_buf *regbuf_buf_create(struct regbuf_ctx *ctx,
					    struct regbuf_ioc_register *reg)
{
	struct regbuf_buf *buf = kzalloc(sizeof(*buf), GFP_KERNEL_ACCOUNT);
	int err;

	if (!buf)
		return ERR_PTR(-ENOMEM);
	buf->addr = reg->addr;
	buf->length = reg->length;
	buf->first = offset_in_page(reg->addr);
	buf->access = reg->access;
	buf->charge.mm = ctx->mm;
	buf->ctx = ctx;
	refcount_set(&buf->ref, 1);
	INIT_WORK(&buf->work, regbuf_buf_work);
	err = regbuf_buf_pin(buf, reg);
	if (err)
		goto err_free;
	err = regbuf_buf_insert(ctx, buf);
	if (err)
		goto err_unpin;
	return buf;

err_unpin:
	regbuf_unpin(&buf->pin);
	regbuf_uncharge(&buf->charge);
err_free:
	kfree(buf);
	return ERR_PTR(err);
}

int regbuf_ioctl_register(void *of, struct regbuf_call *call)
{
	struct regbuf_ioc_register *reg = &call->u.reg;
	struct regbuf_ctx *ctx = of;
	struct regbuf_buf *buf;
	int err;

	err = regbuf_register_check(reg);
	if (err)
		return err;
	reg->result = 0;
	reg->id = REGBUF_ID_NONE;
	buf = regbuf_buf_create(ctx, reg);
	if (IS_ERR(buf)) {
		err = PTR_ERR(buf);
		regbuf_note_registered(ctx, reg, err);
		if (err == -ENOBUFS && regbuf_reply(call))
			return -EFAULT;
		return err;
	}
	reg->id = buf->id;
	err = regbuf_reply(call);
	if (err) {
		regbuf_buf_release(buf);
		return err;
	}
	WRITE_ONCE(buf->live, true);
	regbuf_note_registered(ctx, reg, 0);
	return 0;
}

static void regbuf_buf_tell(struct regbuf_buf *buf,
			    struct regbuf_ioc_status *status)
{
	bool live = READ_ONCE(buf->live);

	status->id = buf->id;
	status->addr = buf->addr;
	status->length = buf->length;
	status->pages = buf->charge.pages;
	status->access = buf->access;
	status->in_flight = regbuf_buf_uses(buf, live);
	status->state = live ? REGBUF_STATE_LIVE : REGBUF_STATE_CLOSING;
}

/**
 * regbuf_buf_look() - what REGBUF_IOC_STATUS tells of a buffer
 * @ctx: the context
 * @status: has the id; gets the rest
 *
 * Context: Any.
 * Return: 0, -ENOENT or -ESTALE.
 */
int regbuf_buf_look(struct regbuf_ctx *ctx, struct regbuf_ioc_status *status)
{
	struct regbuf_buf *buf;
	int err;

	rcu_read_lock();
	err = regbuf_buf_find(ctx, status->id, &buf);
	if (!err)
		regbuf_buf_tell(buf, status);
	rcu_read_unlock();
	return err;
}

/**
 * regbuf_buf_next() - look at the next buffer, live or closing
 * @ctx: the context
 * @slot: where to begin; gets where it was found
 * @status: gets what there is to tell
 *
 * Context: Process context.
 * Return: false if there is none.
 */
bool regbuf_buf_next(struct regbuf_ctx *ctx, unsigned long *slot,
		     struct regbuf_ioc_status *status)
{
	bool found = false;
	void *entry;

	for (; !found; cond_resched()) {
		rcu_read_lock();
		entry = xa_find(&ctx->bufs, slot, ULONG_MAX, XA_PRESENT);
		found = entry && !xa_is_value(entry);
		if (found)
			regbuf_buf_tell(entry, status);
		rcu_read_unlock();
		if (!entry)
			break;
		*slot += !found;
	}
	return found;
}

int regbuf_ioctl_status(void *of, struct regbuf_call *call)
{
	struct regbuf_ioc_status *status = &call->u.status;

	if (status->__resv)
		return -EINVAL;
	return regbuf_buf_look(of, status) ?: regbuf_reply(call);
}

/**
 * regbuf_buf_idle() - does anything use a buffer
 * @ctx: the context
 * @id: the buffer's id
 *
 * Context: Any. To be told when that changes, wait on ctx->wait.
 * Return: 1 if nothing uses it, 0 if something does or it is closing; -ESTALE
 *         if it is gone, -ENOENT if it never was.
 */
int regbuf_buf_idle(struct regbuf_ctx *ctx, u64 id)
{
	struct regbuf_buf *buf;
	int ret;

	rcu_read_lock();
	ret = regbuf_buf_find(ctx, id, &buf);
	if (!ret)
		ret = READ_ONCE(buf->live) && !regbuf_buf_uses(buf, true);
	rcu_read_unlock();
	return ret;
}

static long regbuf_timeout(s64 ns)
{
	if (ns < 0)
		return MAX_SCHEDULE_TIMEOUT;
	if (ns == 0)
		return 0;
	return min_t(u64, nsecs_to_jiffies64(ns) + 1, MAX_SCHEDULE_TIMEOUT - 1);
}

static int regbuf_buf_wait(struct regbuf_ctx *ctx, u64 id, s64 timeout_ns)
{
	int idle;
	long ret;

	ret = wait_event_interruptible_timeout(ctx->wait,
					       (idle = regbuf_buf_idle(ctx,
								       id)),
					       regbuf_timeout(timeout_ns));
	if (ret < 0)
		return -EINTR;
	if (ret == 0)
		return -ETIMEDOUT;
	return idle < 0 ? idle : 0;
}

int regbuf_ioctl_wait(void *of, struct regbuf_call *call)
{
	struct regbuf_ctx *ctx = of;
	u64 id = call->u.wait.id;
	int err;

	err = regbuf_buf_idle(ctx, id);
	if (err < 0)
		return err;
	err = regbuf_buf_wait(ctx, id, call->u.wait.timeout_ns);
	/* It was there: that it is gone now is what was waited for. */
	return err == -ESTALE ? 0 : err;
}

/*
 * Make the id dead. With F_BUSY that takes its reference too, if it is the only
 * one; else the caller has to drop it.
 */
static int regbuf_buf_kill(struct regbuf_ctx *ctx,
			   struct regbuf_ioc_deregister *dereg,
			   struct regbuf_buf **killed)
{
	struct regbuf_buf *buf;
	int err;

	mutex_lock(&ctx->lock);
	err = regbuf_buf_find(ctx, dereg->id, &buf);
	if (!err && !buf->live)
		err = -ESTALE;
	if (err)
		goto out;
	dereg->in_flight = regbuf_buf_uses(buf, true);
	if (dereg->flags & REGBUF_DEREGISTER_F_BUSY &&
	    !refcount_dec_if_one(&buf->ref)) {
		err = -EBUSY;
		goto out;
	}
	WRITE_ONCE(buf->live, false);
	/* From now on nothing is kept any more. */
	regbuf_stock_recall(buf);
	*killed = buf;
out:
	mutex_unlock(&ctx->lock);
	return err;
}

/* Let go of what the id held, and wait for the rest if that is wanted. */
static int regbuf_buf_finish(struct regbuf_ctx *ctx, struct regbuf_buf *buf,
			     const struct regbuf_ioc_deregister *dereg)
{
	regbuf_note_deregistered(ctx, dereg);
	if (dereg->flags & REGBUF_DEREGISTER_F_BUSY) {
		regbuf_buf_release(buf);
		return 0;
	}
	regbuf_buf_drop(buf);
	if (dereg->flags & REGBUF_DEREGISTER_F_WAIT)
		return regbuf_buf_wait(ctx, dereg->id, dereg->timeout_ns) ==
		       -ESTALE ? 0 : -EINPROGRESS;
	return 0;
}

int regbuf_ioctl_deregister(void *of, struct regbuf_call *call)
{
	struct regbuf_ioc_deregister *dereg = &call->u.dereg;
	bool wait = dereg->flags & REGBUF_DEREGISTER_F_WAIT;
	bool busy = dereg->flags & REGBUF_DEREGISTER_F_BUSY;
	struct regbuf_ctx *ctx = of;
	struct regbuf_buf *buf;
	int err;

	if (dereg->__resv || (wait && busy) || (!wait && dereg->timeout_ns))
		return -EINVAL;
	dereg->in_flight = 0;
	/* What cannot be told must not be done. */
	err = regbuf_reply(call);
	if (err)
		return err;
	err = regbuf_buf_kill(ctx, dereg, &buf);
	if (!err)
		err = regbuf_buf_finish(ctx, buf, dereg);
	if (!err || err == -EBUSY || err == -EINPROGRESS)
		err = regbuf_reply(call) ?: err;
	return err;
}
