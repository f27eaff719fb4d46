// SPDX-License-Identifier: GPL-2.0
/*
 * REGBUF_IOC_REGISTER.
 */
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "regbuf.h"

/**
 * regbuf_register_check() - could this be registered
 * @want: the range
 *
 * Return: 0, or what regbuf_ioc_register says.
 */
int regbuf_register_check(const struct regbuf_want *want)
{
	if (want->access & ~(REGBUF_ACCESS_READ | REGBUF_ACCESS_WRITE))
		return -EOPNOTSUPP;
	if (!want->access || !want->length)
		return -EINVAL;
	if (want->length > REGBUF_MAX_LENGTH)
		return -EOVERFLOW;
	if (want->addr + want->length < want->addr ||
	    !access_ok(u64_to_user_ptr(want->addr), want->length))
		return -EFAULT;
	return 0;
}

/**
 * regbuf_register() - make a buffer of a range
 * @ctx: the context
 * @want: the range, checked; gets what it costs
 *
 * Context: Process context, of the owner. May sleep.
 * Return: the buffer, with the id's reference; in the table, and to be
 *         published or released. Or an ERR_PTR.
 */
struct regbuf_buf *regbuf_register(struct regbuf_ctx *ctx,
				   struct regbuf_want *want)
{
	struct regbuf_buf *buf = kzalloc(sizeof(*buf), GFP_KERNEL_ACCOUNT);
	struct regbuf_mem *mem;
	int err;

	if (!buf)
		return ERR_PTR(-ENOMEM);
	mem = regbuf_mem_get(ctx, want);
	if (IS_ERR(mem)) {
		kfree(buf);
		return ERR_CAST(mem);
	}
	/* Others see it as soon as it is on the range. */
	buf->counted = want->flags & REGBUF_REGISTER_F_COUNT;
	regbuf_buf_init(buf, ctx, mem, want->access);
	err = regbuf_buf_insert(buf);
	if (!err)
		return buf;
	regbuf_mem_leave(buf);
	kfree_rcu(buf, rcu);
	return ERR_PTR(err);
}

/**
 * regbuf_register_done() - publish what was registered
 * @buf: the buffer
 * @want: what it is
 *
 * Context: Process context.
 */
void regbuf_register_done(struct regbuf_buf *buf,
			  const struct regbuf_want *want)
{
	struct regbuf_ctx *ctx = buf->ctx;
	u64 id = buf->id;

	/* Another thread may guess the id, and be rid of the buffer at once. */
	regbuf_buf_publish(buf);
	regbuf_note_registered(ctx, id, want, 0);
}

static void regbuf_register_told(struct regbuf_ioc_register *reg,
				 const struct regbuf_want *want)
{
	reg->result = want->result;
	reg->needed = want->needed;
	reg->charged = want->charged;
	reg->allowed = want->allowed;
}

static int regbuf_register_new(struct regbuf_ctx *ctx,
			       struct regbuf_want *want,
			       struct regbuf_call *call)
{
	struct regbuf_ioc_register *reg = &call->u.reg;
	struct regbuf_buf *buf = regbuf_register(ctx, want);
	int err = PTR_ERR_OR_ZERO(buf);

	regbuf_register_told(reg, want);
	if (err) {
		regbuf_note_registered(ctx, REGBUF_ID_NONE, want, err);
		if (err == -ENOBUFS && regbuf_reply(call))
			return -EFAULT;
		return err;
	}
	reg->id = buf->id;
	/* What cannot be told must not be done. */
	err = regbuf_reply(call);
	if (err)
		regbuf_buf_release(buf);
	else
		regbuf_register_done(buf, want);
	return err;
}

/* One more, if there is one that was registered like that. */
static u64 regbuf_register_count(struct regbuf_ctx *ctx,
				 const struct regbuf_want *want)
{
	struct regbuf_buf *buf;
	u64 id = REGBUF_ID_NONE;

	mutex_lock(&ctx->lock);
	buf = regbuf_mem_counted(ctx, want);
	if (buf && buf->count < U32_MAX) {
		WRITE_ONCE(buf->count, buf->count + 1);
		id = buf->id;
	}
	mutex_unlock(&ctx->lock);
	return id;
}

/* It was counted: is it good, and what does it cost? */
static int regbuf_register_look(struct regbuf_ctx *ctx, u64 id,
				struct regbuf_want *want)
{
	struct regbuf_buf *buf = regbuf_buf_get(ctx, id, 1);
	int err;

	if (IS_ERR(buf))
		return PTR_ERR(buf);
	want->result = REGBUF_REGISTER_R_SHARED | REGBUF_REGISTER_R_COUNTED;
	regbuf_charge_tell(&buf->mem->charge, want);
	/* With F_KEEP it is good for others, whatever is mapped there. */
	err = regbuf_mem_check(buf->mem);
	regbuf_buf_put(buf, 1);
	return err;
}

/* As another, if there is one; then @id is set. */
static int regbuf_register_again(struct regbuf_ctx *ctx,
				 struct regbuf_want *want,
				 struct regbuf_call *call)
{
	struct regbuf_ioc_register *reg = &call->u.reg;
	int err = 0;

	while ((reg->id = regbuf_register_count(ctx, want))) {
		err = regbuf_register_look(ctx, reg->id, want);
		if (!err)
			break;
		regbuf_deregister_id(ctx, reg->id);
		/* Its memory went from under it: it is not found again. */
		if (err != -ESTALE)
			return err;
	}
	if (!reg->id)
		return 0;
	regbuf_register_told(reg, want);
	err = regbuf_reply(call);
	if (err)
		regbuf_deregister_id(ctx, reg->id);
	return err;
}

/* One id for each range, however many threads register it at once. */
static int regbuf_register_counted(struct regbuf_ctx *ctx,
				   struct regbuf_want *want,
				   struct regbuf_call *call)
{
	int err;

	mutex_lock(&ctx->count_lock);
	err = regbuf_register_again(ctx, want, call);
	if (!err && !call->u.reg.id)
		err = regbuf_register_new(ctx, want, call);
	mutex_unlock(&ctx->count_lock);
	return err;
}

int regbuf_ioctl_register(void *of, struct regbuf_call *call)
{
	struct regbuf_ioc_register *reg = &call->u.reg;
	struct regbuf_want want = {
		.addr = reg->addr,
		.length = reg->length,
		.access = reg->access,
		.flags = reg->flags,
	};
	int err = regbuf_register_check(&want);

	if (err)
		return err;
	reg->id = REGBUF_ID_NONE;
	return want.flags & REGBUF_REGISTER_F_COUNT ?
	       regbuf_register_counted(of, &want, call) :
	       regbuf_register_new(of, &want, call);
}
