// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/regbuf: open, close, and its calls.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm_types.h>
#include <linux/module.h>
#include <linux/sched.h>

#include "queue.h"
#include "regbuf.h"

static const struct regbuf_ioctl regbuf_chardev_calls[] = {
	REGBUF_IOCTL(REGBUF_IOC_QUERY, regbuf_ioc_query, max_length,
		     0, regbuf_ioctl_query),
	REGBUF_IOCTL(REGBUF_IOC_REGISTER, regbuf_ioc_register, allowed,
		     REGBUF_REGISTER_F_ALL, regbuf_ioctl_register),
	REGBUF_IOCTL(REGBUF_IOC_DEREGISTER, regbuf_ioc_deregister, count,
		     REGBUF_DEREGISTER_F_ALL, regbuf_ioctl_deregister),
	REGBUF_IOCTL(REGBUF_IOC_STATUS, regbuf_ioc_status, count,
		     0, regbuf_ioctl_status),
	REGBUF_IOCTL(REGBUF_IOC_WAIT, regbuf_ioc_wait, timeout_ns,
		     0, regbuf_ioctl_wait),
	REGBUF_IOCTL(REGBUF_IOC_SEND, regbuf_ioc_send, __resv,
		     REGBUF_SEND_F_ALL, regbuf_ioctl_send),
	REGBUF_IOCTL(REGBUF_IOC_STATS, regbuf_ioc_stats, deregistered_in_flight,
		     0, regbuf_ioctl_stats),
	REGBUF_IOCTL(REGBUF_IOC_QUEUE, regbuf_ioc_queue, map_size,
		     REGBUF_QUEUE_F_ALL, regbuf_ioctl_queue),
	REGBUF_IOCTL(REGBUF_IOC_ARRAY, regbuf_ioc_array, allowed,
		     REGBUF_ARRAY_F_ALL, regbuf_ioctl_array),
	REGBUF_IOCTL(REGBUF_IOC_EXPORT, regbuf_ioc_export, fd,
		     0, regbuf_ioctl_export),
	REGBUF_IOCTL(REGBUF_IOC_IMPORT, regbuf_ioc_import, __resv,
		     0, regbuf_ioctl_import),
	REGBUF_IOCTL(REGBUF_IOC_REVOKE, regbuf_ioc_revoke, in_flight,
		     0, regbuf_ioctl_revoke),
};

/**
 * regbuf_ctx_call() - make a call on a context
 * @ctx: the context
 * @cmd: as of ioctl(2)
 * @arg: likewise
 *
 * Context: Process context, of the owner.
 * Return: as ioctl(2).
 */
long regbuf_ctx_call(struct regbuf_ctx *ctx, unsigned int cmd,
		     unsigned long arg)
{
	return regbuf_ioctl(regbuf_chardev_calls,
			    ARRAY_SIZE(regbuf_chardev_calls), ctx, cmd, arg);
}

static long regbuf_chardev_ioctl(struct file *file, unsigned int cmd,
				 unsigned long arg)
{
	struct regbuf_ctx *ctx = file->private_data;

	if (current->mm != ctx->mm)
		return -EPERM;
	return regbuf_ctx_call(ctx, cmd, arg);
}

static int regbuf_chardev_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct regbuf_ctx *ctx = file->private_data;

	if (current->mm != ctx->mm)
		return -EPERM;
	return regbuf_slots_map(ctx, vma);
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
	regbuf_ctx_close(file->private_data);
	return 0;
}

static const struct file_operations regbuf_fops = {
	.owner = THIS_MODULE,
	.open = regbuf_open,
	.release = regbuf_release,
	.unlocked_ioctl = regbuf_chardev_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = regbuf_chardev_mmap,
};

static struct miscdevice regbuf_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "regbuf",
	.mode = 0660,
	.fops = &regbuf_fops,
};

int __init regbuf_chardev_init(void)
{
	return misc_register(&regbuf_misc);
}

void regbuf_chardev_exit(void)
{
	misc_deregister(&regbuf_misc);
}
