// SPDX-License-Identifier: GPL-2.0
/*
 * The end of ids: REGBUF_IOC_DEREGISTER, and of all with their context.
 */
#include <linux/err.h>
#include <linux/list.h>
#include <linux/sched.h>

#include "regbuf.h"

/**
 * __regbuf_buf_kill() - make a buffer's id dead
 * @buf: the buffer; the caller calls in what is kept of it, and drops the id's
 *       reference, if this succeeds
 *
 * Context: Process context. Of imports, with regbuf_export_lock held.
 * Return: 0, or -ESTALE if somebody else has.
 */
int __regbuf_buf_kill(struct regbuf_buf *buf)
{
	int old = atomic_fetch_or(REGBUF_OUT_DEAD, &buf->out);

	if (old & REGBUF_OUT_DEAD)
		return -ESTALE;
	regbuf_slot_show(buf->ctx, regbuf_id_slot(buf->id));
	return 0;
}

/* Of one's own; then the id's reference is to be dropped. */
static int regbuf_buf_kill(struct regbuf_buf *buf)
{
	int err = __regbuf_buf_kill(buf);

	/* From now on nothing is kept any more. */
	if (!err)
		regbuf_stock_recall(buf);
	return err;
}

/* With its id's reference, if that is the only one. */
static int regbuf_buf_kill_idle(struct regbuf_buf *buf)
{
	if (!refcount_dec_if_one(&buf->ref))
		return -EBUSY;
	return regbuf_buf_kill(buf);
}

/*
 * Make an id dead, unless it counts others. With F_BUSY that takes its
 * reference too, if it is the only one; else the caller has to drop it.
 */
static int regbuf_deregister_one(struct regbuf_buf *buf,
				 struct regbuf_ioc_deregister *dereg)
{
	bool busy = dereg->flags & REGBUF_DEREGISTER_F_BUSY;

	lockdep_assert_held(&buf->ctx->lock);
	if (atomic_read(&buf->out) & REGBUF_OUT_DEAD)
		return -ESTALE;
	dereg->in_flight = regbuf_buf_uses(buf);
	if (buf->count > 1) {
		dereg->count = buf->count - 1;
		WRITE_ONCE(buf->count, dereg->count);
		return 0;
	}
	if (busy && dereg->in_flight)
		return -EBUSY;
	if (buf->imported)
		return regbuf_import_kill(buf, busy);
	return busy && !buf->exported ? regbuf_buf_kill_idle(buf) :
					regbuf_buf_kill(buf);
}

static struct regbuf_buf *
regbuf_deregister_find(struct regbuf_ctx *ctx,
		       struct regbuf_ioc_deregister *dereg)
{
	struct regbuf_buf *buf;
	int err;

	mutex_lock(&ctx->lock);
	buf = regbuf_buf_find(ctx, dereg->id);
	err = IS_ERR(buf) ? 0 : regbuf_deregister_one(buf, dereg);
	mutex_unlock(&ctx->lock);
	return err ? ERR_PTR(err) : buf;
}

/* Others had imported it, and had begun to use it before they were stopped. */
static int regbuf_deregister_lost(struct regbuf_ctx *ctx,
				  struct regbuf_buf *buf,
				  struct regbuf_ioc_deregister *dereg)
{
	dereg->in_flight = regbuf_buf_uses(buf) - 1;
	regbuf_buf_drop(buf);
	return dereg->in_flight ? -EINPROGRESS : 0;
}

/* Let go of what the id held, and wait for the rest if that is wanted. */
static int regbuf_deregister_end(struct regbuf_ctx *ctx, struct regbuf_buf *buf,
				 struct regbuf_ioc_deregister *dereg)
{
	bool exported = READ_ONCE(buf->exported);

	regbuf_note_deregistered(ctx, dereg);
	if (exported)
		regbuf_exports_end(buf);
	if (dereg->flags & REGBUF_DEREGISTER_F_BUSY) {
		if (exported)
			return regbuf_deregister_lost(ctx, buf, dereg);
		regbuf_buf_release(buf);
		return 0;
	}
	regbuf_buf_drop(buf);
	if (dereg->flags & REGBUF_DEREGISTER_F_WAIT)
		return regbuf_buf_wait(ctx, dereg->id, dereg->timeout_ns) ==
		       -ESTALE ? 0 : -EINPROGRESS;
	return 0;
}

static int regbuf_deregister(struct regbuf_ctx *ctx,
			     struct regbuf_ioc_deregister *dereg)
{
	struct regbuf_buf *buf = regbuf_deregister_find(ctx, dereg);

	if (IS_ERR(buf))
		return PTR_ERR(buf);
	return dereg->count ? 0 : regbuf_deregister_end(ctx, buf, dereg);
}

/**
 * regbuf_deregister_id() - REGBUF_IOC_DEREGISTER without flags
 * @ctx: the context
 * @id: the buffer; or none any more
 *
 * Context: Process context. May sleep.
 */
void regbuf_deregister_id(struct regbuf_ctx *ctx, u64 id)
{
	struct regbuf_ioc_deregister dereg = { .id = id };

	regbuf_deregister(ctx, &dereg);
}

int regbuf_ioctl_deregister(void *of, struct regbuf_call *call)
{
	struct regbuf_ioc_deregister *dereg = &call->u.dereg;
	bool wait = dereg->flags & REGBUF_DEREGISTER_F_WAIT;
	bool busy = dereg->flags & REGBUF_DEREGISTER_F_BUSY;
	int err;

	if ((wait && busy) || (!wait && dereg->timeout_ns))
		return -EINVAL;
	dereg->in_flight = 0;
	dereg->count = 0;
	/* What cannot be told must not be done. */
	err = regbuf_reply(call);
	if (err)
		return err;
	err = regbuf_deregister(of, dereg);
	if (!err || err == -EBUSY || err == -EINPROGRESS)
		err = regbuf_reply(call) ?: err;
	return err;
}

/* The next one that is not dead, from a slot on; with one more reference. */
static struct regbuf_buf *regbuf_kill_next(struct regbuf_ctx *ctx,
					   unsigned long *slot)
{
	struct regbuf_buf *buf;

	rcu_read_lock();
	xa_for_each_start(&ctx->bufs, *slot, buf, *slot) {
		if (xa_is_value(buf) ||
		    atomic_read(&buf->out) & (REGBUF_OUT_DEAD | REGBUF_OUT_NEW))
			continue;
		if (refcount_inc_not_zero(&buf->ref))
			break;
	}
	rcu_read_unlock();
	return buf;
}

/**
 * regbuf_buf_kill_all() - deregister all buffers of a context
 * @ctx: the context
 *
 * Context: Process context. May sleep.
 */
void regbuf_buf_kill_all(struct regbuf_ctx *ctx)
{
	struct regbuf_buf *buf;
	unsigned long slot = 0;
	u32 leaked = 0;
	int err;

	while ((buf = regbuf_kill_next(ctx, &slot))) {
		err = buf->imported ? regbuf_import_kill(buf, false) :
				      regbuf_buf_kill(buf);
		if (!err && buf->exported)
			regbuf_exports_end(buf);
		if (!err)
			regbuf_buf_drop(buf);
		regbuf_buf_drop(buf);
		leaked += !err;
		slot++;
		cond_resched();
	}
	if (leaked)
		regbuf_note_leaked(ctx, leaked);
}
