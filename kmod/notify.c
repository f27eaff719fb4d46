// SPDX-License-Identifier: GPL-2.0
/*
 * HOT: telling about completions: waiting threads, poll, eventfd.
 */
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/fs.h>

#include "compat.h"
#include "queue.h"

/*
 * One signal for each time that the program asked for one, and only if there is
 * something for it. It may have consumed this completion already, and then have
 * asked for the next: its index was written before, so it is read after. It may
 * do so once more before we take it up: each time it asks with another number.
 */
static void regbuf_notify_eventfd(struct regbuf_queue *q)
{
	struct regbuf_ring *ring = q->shm->ring;
	u32 armed;

	/* Before cq_head; pairs with the program's release. */
	armed = smp_load_acquire(&ring->cq_armed);
	if (!armed || (s32)(q->cq_loud - READ_ONCE(ring->cq_head)) <= 0)
		return;
	if (cmpxchg(&ring->cq_armed, armed, 0) == armed)
		eventfd_signal(q->eventfd);
}

/**
 * regbuf_notify() - a completion that is not silent was posted
 * @q: the queue
 *
 * Context: Any. q->cq_lock held.
 */
void regbuf_notify(struct regbuf_queue *q)
{
	lockdep_assert_held(&q->cq_lock);
	/*
	 * The indices before the look at who waits. Pairs with the barriers of
	 * prepare_to_wait(), of poll_wait(), and of the program between setting
	 * cq_armed and reading cq_loud.
	 */
	smp_mb();
	/* After the barrier above. */
	if (waitqueue_active(&q->wait))
		__wake_up(&q->wait, TASK_NORMAL, 0, (void *)REGBUF_WAKE_POSTED);
	/* Likewise. */
	if (waitqueue_active(&q->poll))
		wake_up_poll(&q->poll, EPOLLIN | EPOLLRDNORM);
	if (q->eventfd)
		regbuf_notify_eventfd(q);
}

__poll_t regbuf_queue_poll(struct file *file, poll_table *table)
{
	struct regbuf_queue *q = file->private_data;
	__poll_t mask = 0;

	poll_wait(file, &q->poll, table);
	/* Pairs with regbuf_notify(). */
	smp_mb();
	if (regbuf_cq_loud_ready(q))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(q->broken))
		mask |= EPOLLERR;
	if (READ_ONCE(q->shut))
		mask |= EPOLLHUP;
	return mask;
}

int regbuf_ioctl_eventfd(void *of, struct regbuf_call *call)
{
	struct regbuf_ioc_eventfd *arg = &call->u.eventfd;
	struct eventfd_ctx *eventfd = NULL;
	struct regbuf_queue *q = of;

	if (arg->__resv || arg->fd < -1)
		return arg->__resv ? -EINVAL : -EBADF;
	if (arg->fd >= 0)
		eventfd = eventfd_ctx_fdget(arg->fd);
	if (IS_ERR(eventfd))
		return PTR_ERR(eventfd);
	spin_lock_irq(&q->cq_lock);
	swap(eventfd, q->eventfd);
	spin_unlock_irq(&q->cq_lock);
	if (eventfd)
		eventfd_ctx_put(eventfd);
	return 0;
}
