// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/regbuf: open, close, and the table of ioctls.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm_types.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

#include "regbuf.h"

struct regbuf_ioctl {
	u32 size;
	u32 min_size;	/* of the first version */
	u32 flags;	/* known ones */
	int (*handle)(struct regbuf_ctx *ctx, struct regbuf_call *call);
};

static int regbuf_ioctl_query(struct regbuf_ctx *ctx, struct regbuf_call *call)
{
	struct regbuf_ioc_query *query = &call->u.query;

	if (query->__resv)
		return -EINVAL;
	query->features = REGBUF_FEAT_SEND;
	query->register_flags = 0;
	query->access = REGBUF_ACCESS_READ | REGBUF_ACCESS_WRITE;
	query->deregister_flags = REGBUF_DEREGISTER_F_ALL;
	query->send_flags = REGBUF_SEND_F_ALL;
	query->slice_flags = REGBUF_SLICE_F_ALL;
	query->copy_reasons = BIT_ULL(REGBUF_COPY_NR) - 1;
	query->max_buffers = REGBUF_MAX_BUFFERS;
	query->max_slices = REGBUF_MAX_SLICES;
	query->max_inline = REGBUF_MAX_INLINE;
	query->max_length = REGBUF_MAX_LENGTH;
	return regbuf_reply(call);
}

#define REGBUF_IOCTL(cmd, type, last, known, fn)			\
	[_IOC_NR(cmd)] = {						\
		.size = sizeof(struct type),				\
		.min_size = offsetofend(struct type, last),		\
		.flags = known,						\
		.handle = fn,						\
	}

static const struct regbuf_ioctl regbuf_ioctls[] = {
	REGBUF_IOCTL(REGBUF_IOC_QUERY, regbuf_ioc_query, max_length,
		     0, regbuf_ioctl_query),
	REGBUF_IOCTL(REGBUF_IOC_REGISTER, regbuf_ioc_register, allowed,
		     0, regbuf_ioctl_register),
	REGBUF_IOCTL(REGBUF_IOC_DEREGISTER, regbuf_ioc_deregister, __resv,
		     REGBUF_DEREGISTER_F_ALL, regbuf_ioctl_deregister),
	REGBUF_IOCTL(REGBUF_IOC_STATUS, regbuf_ioc_status, __resv,
		     0, regbuf_ioctl_status),
	REGBUF_IOCTL(REGBUF_IOC_WAIT, regbuf_ioc_wait, timeout_ns,
		     0, regbuf_ioctl_wait),
	REGBUF_IOCTL(REGBUF_IOC_SEND, regbuf_ioc_send, __resv,
		     REGBUF_SEND_F_ALL, regbuf_ioctl_send),
	REGBUF_IOCTL(REGBUF_IOC_STATS, regbuf_ioc_stats, deregistered_in_flight,
		     0, regbuf_ioctl_stats),
};

static int regbuf_fetch(struct regbuf_call *call, const struct regbuf_ioctl *op)
{
	u32 __user *user_size = call->arg;
	u32 size;
	int err;

	if (get_user(size, user_size))
		return -EFAULT;
	if (size < op->min_size)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	err = copy_struct_from_user(&call->u, op->size, call->arg, size);
	if (err)
		return err;
	/* It may have changed in between; the first reading counts. */
	call->u.head.size = size;
	call->size = min(size, op->size);
	if (call->u.head.flags & ~op->flags)
		return -EOPNOTSUPP;
	return 0;
}

/**
 * regbuf_reply() - write a call's structure back to the caller
 * @call: the call
 *
 * Handlers do it before the step that cannot be undone.
 *
 * Context: Process context. May sleep.
 * Return: 0, or -EFAULT.
 */
int regbuf_reply(const struct regbuf_call *call)
{
	return copy_to_user(call->arg, &call->u, call->size) ? -EFAULT : 0;
}

static long regbuf_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct regbuf_ctx *ctx = file->private_data;
	struct regbuf_call call = { .arg = (void __user *)arg };
	const struct regbuf_ioctl *op;
	unsigned int nr = _IOC_NR(cmd);
	int err;

	if (cmd != _IO(REGBUF_IOC_TYPE, nr) || nr >= ARRAY_SIZE(regbuf_ioctls))
		return -ENOTTY;
	if (current->mm != ctx->mm)
		return -EPERM;
	op = &regbuf_ioctls[array_index_nospec(nr, ARRAY_SIZE(regbuf_ioctls))];
	err = regbuf_fetch(&call, op);
	if (err)
		return err;
	return op->handle(ctx, &call);
}

static int regbuf_open(struct inode *inode, struct file *file)
{
	struct regbuf_ctx *ctx = regbuf_ctx_create();

	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	file->private_data = ctx;
	return nonseekable_open(inode, file);
}

static int regbuf_release(struct inode *inode, struct file *file)
{
	struct regbuf_ctx *ctx = file->private_data;

	regbuf_buf_kill_all(ctx);
	regbuf_ctx_put(ctx);
	return 0;
}

static const struct file_operations regbuf_fops = {
	.owner = THIS_MODULE,
	.open = regbuf_open,
	.release = regbuf_release,
	.unlocked_ioctl = regbuf_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice regbuf_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "regbuf",
	.mode = 0660,
	.fops = &regbuf_fops,
};

#define REGBUF_ASSERT(type, member, at) \
	static_assert(offsetof(struct type, member) == (at))

/* The layout is the interface: nothing may move. */
REGBUF_ASSERT(regbuf_ioc_query, features, 8);
REGBUF_ASSERT(regbuf_ioc_query, register_flags, 16);
REGBUF_ASSERT(regbuf_ioc_query, access, 24);
REGBUF_ASSERT(regbuf_ioc_query, deregister_flags, 32);
REGBUF_ASSERT(regbuf_ioc_query, send_flags, 40);
REGBUF_ASSERT(regbuf_ioc_query, slice_flags, 48);
REGBUF_ASSERT(regbuf_ioc_query, copy_reasons, 56);
REGBUF_ASSERT(regbuf_ioc_query, max_buffers, 64);
REGBUF_ASSERT(regbuf_ioc_query, max_slices, 68);
REGBUF_ASSERT(regbuf_ioc_query, max_inline, 72);
REGBUF_ASSERT(regbuf_ioc_query, __resv, 76);
REGBUF_ASSERT(regbuf_ioc_query, max_length, 80);
static_assert(sizeof(struct regbuf_ioc_query) == 88);

REGBUF_ASSERT(regbuf_ioc_register, addr, 8);
REGBUF_ASSERT(regbuf_ioc_register, length, 16);
REGBUF_ASSERT(regbuf_ioc_register, access, 24);
REGBUF_ASSERT(regbuf_ioc_register, result, 28);
REGBUF_ASSERT(regbuf_ioc_register, id, 32);
REGBUF_ASSERT(regbuf_ioc_register, needed, 40);
REGBUF_ASSERT(regbuf_ioc_register, charged, 48);
REGBUF_ASSERT(regbuf_ioc_register, allowed, 56);
static_assert(sizeof(struct regbuf_ioc_register) == 64);

REGBUF_ASSERT(regbuf_ioc_deregister, id, 8);
REGBUF_ASSERT(regbuf_ioc_deregister, timeout_ns, 16);
REGBUF_ASSERT(regbuf_ioc_deregister, in_flight, 24);
REGBUF_ASSERT(regbuf_ioc_deregister, __resv, 28);
static_assert(sizeof(struct regbuf_ioc_deregister) == 32);

REGBUF_ASSERT(regbuf_ioc_status, id, 8);
REGBUF_ASSERT(regbuf_ioc_status, addr, 16);
REGBUF_ASSERT(regbuf_ioc_status, length, 24);
REGBUF_ASSERT(regbuf_ioc_status, pages, 32);
REGBUF_ASSERT(regbuf_ioc_status, access, 40);
REGBUF_ASSERT(regbuf_ioc_status, state, 44);
REGBUF_ASSERT(regbuf_ioc_status, in_flight, 48);
REGBUF_ASSERT(regbuf_ioc_status, __resv, 52);
static_assert(sizeof(struct regbuf_ioc_status) == 56);

REGBUF_ASSERT(regbuf_ioc_wait, id, 8);
REGBUF_ASSERT(regbuf_ioc_wait, timeout_ns, 16);
static_assert(sizeof(struct regbuf_ioc_wait) == 24);

REGBUF_ASSERT(regbuf_slice, id, 0);
REGBUF_ASSERT(regbuf_slice, offset, 8);
REGBUF_ASSERT(regbuf_slice, length, 16);
REGBUF_ASSERT(regbuf_slice, flags, 20);
static_assert(sizeof(struct regbuf_slice) == 24);

REGBUF_ASSERT(regbuf_ioc_send, fd, 8);
REGBUF_ASSERT(regbuf_ioc_send, nr_slices, 12);
REGBUF_ASSERT(regbuf_ioc_send, slices, 16);
REGBUF_ASSERT(regbuf_ioc_send, addr, 24);
REGBUF_ASSERT(regbuf_ioc_send, addr_len, 32);
REGBUF_ASSERT(regbuf_ioc_send, error, 36);
REGBUF_ASSERT(regbuf_ioc_send, sent, 40);
REGBUF_ASSERT(regbuf_ioc_send, zerocopied, 48);
REGBUF_ASSERT(regbuf_ioc_send, copied, 56);
REGBUF_ASSERT(regbuf_ioc_send, copy_reasons, 64);
REGBUF_ASSERT(regbuf_ioc_send, __resv, 68);
static_assert(sizeof(struct regbuf_ioc_send) == 72);

REGBUF_ASSERT(regbuf_ioc_stats, buffers, 8);
REGBUF_ASSERT(regbuf_ioc_stats, pages, 16);
REGBUF_ASSERT(regbuf_ioc_stats, sends, 24);
REGBUF_ASSERT(regbuf_ioc_stats, zerocopied, 32);
REGBUF_ASSERT(regbuf_ioc_stats, copied, 40);
REGBUF_ASSERT(regbuf_ioc_stats, copied_later, 168);
REGBUF_ASSERT(regbuf_ioc_stats, deregistered_in_flight, 176);
static_assert(sizeof(struct regbuf_ioc_stats) == 184);

int __init regbuf_chardev_init(void)
{
	return misc_register(&regbuf_misc);
}

void regbuf_chardev_exit(void)
{
	misc_deregister(&regbuf_misc);
}
