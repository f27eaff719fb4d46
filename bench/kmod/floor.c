// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/regbuf-floor: the stack's own cost of sending from pinned memory, which
 * is the limit for regbuf. See ../floor.h.
 */
#include <linux/fs.h>
#include <linux/in.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <net/sock.h>

#include "floor_int.h"

/* More sockets or names are nobody's business here. */
#define REGBUF_FLOOR_MAX_SET	65536

#define REGBUF_FLOOR_F_ALL	(REGBUF_FLOOR_F_COALESCE | \
				 REGBUF_FLOOR_F_COPY | \
				 REGBUF_FLOOR_F_SPREAD | \
				 REGBUF_FLOOR_F_NAMES | REGBUF_FLOOR_F_REFS)

static int regbuf_floor_ioctl_pin(struct regbuf_floor *floor, void __user *arg)
{
	struct regbuf_floor_pin pin;

	if (copy_from_user(&pin, arg, sizeof(pin)))
		return -EFAULT;
	return regbuf_floor_pin(floor, pin.addr, pin.len);
}

static void regbuf_floor_put_sockets(struct regbuf_floor *floor)
{
	while (floor->nr_sockets)
		sockfd_put(floor->sockets[--floor->nr_sockets]);
	kvfree(floor->sockets);
	floor->sockets = NULL;
}

/* Only what the sends are made for. */
static int regbuf_floor_add_socket(struct regbuf_floor *floor, int fd)
{
	struct socket *sock;
	int err;

	sock = sockfd_lookup(fd, &err);
	if (!sock)
		return err;
	if (!sk_is_tcp(sock->sk) && !sk_is_udp(sock->sk)) {
		sockfd_put(sock);
		return -EOPNOTSUPP;
	}
	floor->sockets[floor->nr_sockets++] = sock;
	return 0;
}

static int regbuf_floor_ioctl_sockets(struct regbuf_floor *floor,
				      void __user *arg)
{
	struct regbuf_floor_sockets set;
	int err = 0;
	s32 *fds;
	u32 i;

	if (copy_from_user(&set, arg, sizeof(set)))
		return -EFAULT;
	if (floor->sockets)
		return -EBUSY;
	if (!set.count || set.count > REGBUF_FLOOR_MAX_SET || set.reserved)
		return -EINVAL;
	fds = vmemdup_user(u64_to_user_ptr(set.fds), set.count * sizeof(*fds));
	if (IS_ERR(fds))
		return PTR_ERR(fds);
	floor->sockets = kvcalloc(set.count, sizeof(*floor->sockets),
				  GFP_KERNEL);
	if (!floor->sockets)
		err = -ENOMEM;
	for (i = 0; !err && i < set.count; i++)
		err = regbuf_floor_add_socket(floor, fds[i]);
	if (err)
		regbuf_floor_put_sockets(floor);
	kvfree(fds);
	return err;
}

static int regbuf_floor_ioctl_names(struct regbuf_floor *floor,
				    void __user *arg)
{
	struct regbuf_floor_names set;
	struct sockaddr_in *names;

	if (copy_from_user(&set, arg, sizeof(set)))
		return -EFAULT;
	if (floor->names)
		return -EBUSY;
	if (!set.count || set.count > REGBUF_FLOOR_MAX_SET || set.reserved)
		return -EINVAL;
	names = vmemdup_user(u64_to_user_ptr(set.names),
			     set.count * sizeof(*names));
	if (IS_ERR(names))
		return PTR_ERR(names);
	floor->names = names;
	floor->nr_names = set.count;
	return 0;
}

static int regbuf_floor_ioctl_run(struct regbuf_floor *floor, void __user *arg)
{
	struct regbuf_floor_run run;

	if (copy_from_user(&run, arg, sizeof(run)))
		return -EFAULT;
	if (run.flags & ~REGBUF_FLOOR_F_ALL)
		return -EOPNOTSUPP;
	return regbuf_floor_send(floor, &run);
}

static int regbuf_floor_ioctl_wait(struct regbuf_floor *floor,
				   void __user *arg)
{
	struct regbuf_floor_wait wait;
	int err;

	if (copy_from_user(&wait, arg, sizeof(wait)))
		return -EFAULT;
	if (wait.reserved)
		return -EINVAL;
	spin_lock_irq(&floor->wait.lock);
	err = wait_event_interruptible_locked_irq(floor->wait,
						  floor->in_flight <=
						  wait.count);
	spin_unlock_irq(&floor->wait.lock);
	return err;
}

static int regbuf_floor_ioctl_locked(struct regbuf_floor *floor,
				     unsigned int cmd, void __user *arg)
{
	switch (cmd) {
	case REGBUF_FLOOR_RUN:
		return regbuf_floor_ioctl_run(floor, arg);
	case REGBUF_FLOOR_PIN:
		return regbuf_floor_ioctl_pin(floor, arg);
	case REGBUF_FLOOR_SOCKETS:
		return regbuf_floor_ioctl_sockets(floor, arg);
	case REGBUF_FLOOR_NAMES:
		return regbuf_floor_ioctl_names(floor, arg);
	default:
		return -ENOTTY;
	}
}

static long regbuf_floor_ioctl(struct file *file, unsigned int cmd,
			       unsigned long arg)
{
	struct regbuf_floor *floor = file->private_data;
	int err;

	if (cmd == REGBUF_FLOOR_WAIT)
		return regbuf_floor_ioctl_wait(floor, (void __user *)arg);
	mutex_lock(&floor->lock);
	err = regbuf_floor_ioctl_locked(floor, cmd, (void __user *)arg);
	mutex_unlock(&floor->lock);
	return err;
}

static int regbuf_floor_open(struct inode *inode, struct file *file)
{
	struct regbuf_floor *floor = kzalloc(sizeof(*floor), GFP_KERNEL);

	if (!floor)
		return -ENOMEM;
	mutex_init(&floor->lock);
	init_waitqueue_head(&floor->wait);
	file->private_data = floor;
	return 0;
}

/*
 * Waits for what is in flight, so that neither the memory nor this code goes
 * away before it. The peer of a bench always answers.
 */
static int regbuf_floor_release(struct inode *inode, struct file *file)
{
	struct regbuf_floor *floor = file->private_data;

	regbuf_floor_put_sockets(floor);
	wait_event(floor->wait, !READ_ONCE(floor->in_flight));
	/* Whoever landed last is about to leave this. */
	spin_lock_irq(&floor->wait.lock);
	spin_unlock_irq(&floor->wait.lock);
	regbuf_floor_unpin(floor);
	kvfree(floor->names);
	kfree(floor);
	return 0;
}

static const struct file_operations regbuf_floor_fops = {
	.owner		= THIS_MODULE,
	.open		= regbuf_floor_open,
	.release	= regbuf_floor_release,
	.unlocked_ioctl	= regbuf_floor_ioctl,
};

static struct miscdevice regbuf_floor_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "regbuf-floor",
	.fops	= &regbuf_floor_fops,
	.mode	= 0600,
};

static int __init regbuf_floor_start(void)
{
	int err = regbuf_floor_send_setup();

	if (err)
		return err;
	err = misc_register(&regbuf_floor_device);
	if (err)
		regbuf_floor_send_cleanup();
	return err;
}
module_init(regbuf_floor_start);

static void __exit regbuf_floor_end(void)
{
	misc_deregister(&regbuf_floor_device);
	regbuf_floor_send_cleanup();
}
module_exit(regbuf_floor_end);

MODULE_DESCRIPTION("regbuf: sends with nothing around them, to measure against");
MODULE_LICENSE("GPL");
