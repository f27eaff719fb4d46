// SPDX-License-Identifier: GPL-2.0
/*
 * Calls: from the caller's structure to a handler and back.
 */
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/uaccess.h>

#include "regbuf.h"

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

/**
 * regbuf_ioctl() - find a call in a table and do it
 * @table: by _IOC_NR()
 * @nr_calls: of the table
 * @of: what the handlers get
 * @cmd: as of ioctl(2)
 * @arg: likewise
 *
 * Context: Process context, of the owner.
 * Return: what the handler returns, or an error of the structure.
 */
long regbuf_ioctl(const struct regbuf_ioctl *table, unsigned int nr_calls,
		  void *of, unsigned int cmd, unsigned long arg)
{
	struct regbuf_call call = { .arg = (void __user *)arg };
	const struct regbuf_ioctl *op;
	unsigned int nr = _IOC_NR(cmd);
	int err;

	if (cmd != _IO(REGBUF_IOC_TYPE, nr) || nr >= nr_calls)
		return -ENOTTY;
	op = &table[array_index_nospec(nr, nr_calls)];
	if (!op->handle)
		return -ENOTTY;
	err = regbuf_fetch(&call, op);
	if (err)
		return err;
	return op->handle(of, &call);
}
