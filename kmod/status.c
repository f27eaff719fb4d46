// SPDX-License-Identifier: GPL-2.0
/*
 * Looking at buffers, and waiting for them.
 */
#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/sched/signal.h>

#include "regbuf.h"

/**
 * regbuf_buf_state() - what a buffer is to its program
 * @buf: the buffer; kept by the caller, or by RCU
 *
 * Context: Any.
 * Return: REGBUF_STATE_*; REGBUF_STATE_NONE if its id is not told yet.
 */
u32 regbuf_buf_state(const struct regbuf_buf *buf)
{
	int out = atomic_read(&buf->out);

	if (out & REGBUF_OUT_NEW)
		return REGBUF_STATE_NONE;
	if (out & REGBUF_OUT_DEAD)
		return REGBUF_STATE_CLOSING;
	return out & REGBUF_OUT_DETACHED ? REGBUF_STATE_DETACHED :
					   REGBUF_STATE_LIVE;
}

/* Ids of its context on the same pins. */
static u32 regbuf_buf_shared(const struct regbuf_buf *buf)
{
	struct regbuf_ctx *owner = regbuf_buf_owner(buf);
	const struct regbuf_buf *other;
	u32 nr = 0;

	spin_lock(&owner->mem_lock);
	hlist_for_each_entry(other, &buf->mem->bufs, node)
		nr += other->ctx == buf->ctx;
	spin_unlock(&owner->mem_lock);
	return nr;
}

static void regbuf_status_fill(struct regbuf_buf *buf,
			       struct regbuf_ioc_status *status)
{
	const struct regbuf_mem *mem = buf->mem;

	*status = (struct regbuf_ioc_status){
		.size = status->size,
		.id = buf->id,
		.length = buf->length,
		.access = buf->access,
		.state = regbuf_buf_state(buf),
		.in_flight = regbuf_buf_uses(buf),
		.count = READ_ONCE(buf->count),
		.shared = regbuf_buf_shared(buf),
	};
	if (buf->imported) {
		status->flags_out |= REGBUF_STATUS_R_IMPORTED;
	} else {
		status->addr = mem->pin.start + mem->first;
		status->pages = mem->charge.pages;
	}
	if (mem->keep)
		status->flags_out |= REGBUF_STATUS_R_KEEP;
	if (READ_ONCE(buf->exported))
		regbuf_export_count(buf, status);
}

/* Whether its memory is mapped is found out now, if it is not known. */
static void regbuf_status_verify(struct regbuf_ctx *ctx, u64 id)
{
	struct regbuf_buf *buf = regbuf_buf_get(ctx, id, 1);

	if (!IS_ERR(buf))
		regbuf_buf_put(buf, 1);
}

/* True if its memory may be other memory by now. */
static bool regbuf_status_suspect(struct regbuf_ctx *ctx, u64 id)
{
	const struct regbuf_buf *buf;
	bool suspect;

	rcu_read_lock();
	buf = regbuf_buf_find(ctx, id);
	suspect = !IS_ERR(buf) && atomic_read(&buf->out) == REGBUF_OUT_SUSPECT;
	rcu_read_unlock();
	return suspect;
}

/**
 * regbuf_buf_look() - what REGBUF_IOC_STATUS tells of a buffer
 * @ctx: the context
 * @status: has the id; gets the rest
 *
 * Context: Process context.
 * Return: 0, -ENOENT or -ESTALE.
 */
int regbuf_buf_look(struct regbuf_ctx *ctx, struct regbuf_ioc_status *status)
{
	struct regbuf_buf *buf;
	int err;

	rcu_read_lock();
	buf = regbuf_buf_find(ctx, status->id);
	err = PTR_ERR_OR_ZERO(buf);
	if (!err)
		regbuf_status_fill(buf, status);
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
	struct regbuf_buf *buf;
	bool found = false;

	for (; !found; cond_resched()) {
		rcu_read_lock();
		buf = xa_find(&ctx->bufs, slot, ULONG_MAX, XA_PRESENT);
		found = buf && !xa_is_value(buf) &&
			!(atomic_read(&buf->out) & REGBUF_OUT_NEW);
		if (found)
			regbuf_status_fill(buf, status);
		rcu_read_unlock();
		if (!buf)
			break;
		*slot += !found;
	}
	return found;
}

int regbuf_ioctl_status(void *of, struct regbuf_call *call)
{
	struct regbuf_ioc_status *status = &call->u.status;

	if (regbuf_status_suspect(of, status->id))
		regbuf_status_verify(of, status->id);
	return regbuf_buf_look(of, status) ?: regbuf_reply(call);
}

/**
 * regbuf_buf_idle() - does anything use a buffer
 * @ctx: the context
 * @id: the buffer's id
 *
 * Context: Process context. To be told when that changes, wait on ctx->wait.
 * Return: 1 if nothing uses it, 0 if something does or it is closing; -ESTALE
 *         if it is gone, -ENOENT if it never was.
 */
int regbuf_buf_idle(struct regbuf_ctx *ctx, u64 id)
{
	struct regbuf_buf *buf;
	int ret;

	rcu_read_lock();
	buf = regbuf_buf_find(ctx, id);
	if (IS_ERR(buf))
		ret = PTR_ERR(buf);
	else
		ret = !(atomic_read(&buf->out) & REGBUF_OUT_DEAD) &&
		      !regbuf_buf_uses(buf);
	rcu_read_unlock();
	return ret;
}

static bool regbuf_over(struct regbuf_ctx *ctx, u64 id, int *idle)
{
	*idle = regbuf_buf_idle(ctx, id);
	return *idle;
}

/**
 * regbuf_buf_wait() - wait until nothing uses a buffer
 * @ctx: the context
 * @id: the buffer's id
 * @timeout_ns: how long at most; negative for no limit
 *
 * Context: Process context. Sleeps.
 * Return: 0, -EINTR, -ETIMEDOUT, or as regbuf_buf_idle().
 */
int regbuf_buf_wait(struct regbuf_ctx *ctx, u64 id, s64 timeout_ns)
{
	ktime_t timeout = timeout_ns < 0 ? KTIME_MAX : timeout_ns;
	int idle, err;

	if (regbuf_over(ctx, id, &idle) || !timeout_ns)
		return idle ? min(idle, 0) : -ETIMEDOUT;
	/* Not in jiffies: when ticks are late that would be too early. */
	err = wait_event_interruptible_hrtimeout(ctx->wait,
						 regbuf_over(ctx, id, &idle),
						 timeout);
	if (err)
		return err == -ETIME ? -ETIMEDOUT : -EINTR;
	return min(idle, 0);
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
