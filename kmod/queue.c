// SPDX-License-Identifier: GPL-2.0
/*
 * Queues: how they begin and end, and their descriptors.
 */
#include <linux/anon_inodes.h>
#include <linux/bvec.h>
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/log2.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "queue.h"

static void regbuf_queue_free(struct regbuf_queue *q)
{
	struct regbuf_chunk *chunk, *next;

	list_for_each_entry_safe(chunk, next, &q->chunks, node)
		regbuf_chunk_destroy(chunk);
	regbuf_fleet_free(q);
	if (q->eventfd)
		eventfd_ctx_put(q->eventfd);
	regbuf_pool_free(&q->pool);
	if (q->shm)
		regbuf_shm_destroy(q->shm);
	xa_destroy(&q->eps);
	kvfree(q->bv);
	if (q->frag.page)
		put_page(q->frag.page);
	mem_cgroup_put(q->memcg);
	atomic_dec(&q->ctx->open_queues);
	kfree_rcu(q, rcu);
}

/* The last reference is gone. */
static void regbuf_queue_free_work(struct work_struct *work)
{
	struct regbuf_queue *q = container_of(work, struct regbuf_queue,
					      free_work);
	struct regbuf_ctx *ctx = q->ctx;

	regbuf_queue_free(q);
	regbuf_ctx_put(ctx);
}

/**
 * regbuf_queue_put() - drop a reference
 * @q: the queue
 *
 * Context: Any.
 */
void regbuf_queue_put(struct regbuf_queue *q)
{
	if (refcount_dec_and_test(&q->ref))
		queue_work(regbuf_wq, &q->free_work);
}

/* Cancel everything, for good. What is in the network completes still. */
static void regbuf_queue_kill(struct regbuf_queue *q)
{
	mutex_lock(&q->ctx->lock);
	regbuf_stock_close(&q->stock);
	mutex_unlock(&q->ctx->lock);
	mutex_lock(&q->kill_lock);
	regbuf_poller_stop(q);
	regbuf_queue_lock(q);
	WRITE_ONCE(q->shut, true);
	regbuf_ep_detach_all(q);
	regbuf_queue_abort_others(q);
	regbuf_queue_idle_stop(q);
	hrtimer_cancel(&q->timer);
	regbuf_queue_unlock(q);
	/* Nothing is queued for a queue that is shut. */
	cancel_work_sync(&q->run_work);
	regbuf_ep_reap(q);
	mutex_unlock(&q->kill_lock);
	/* Who only looks at the rings is to come and be told. */
	regbuf_ring_need(q, REGBUF_NEED_SHUT, true);
	wake_up_all(&q->wait);
	wake_up_poll(&q->poll, EPOLLHUP);
}

static void regbuf_queue_unlist(struct regbuf_queue *q)
{
	struct regbuf_ctx *ctx = q->ctx;

	mutex_lock(&ctx->lock);
	list_del_init(&q->node);
	atomic_inc(&ctx->changes);
	mutex_unlock(&ctx->lock);
}

static void regbuf_queue_end(struct regbuf_queue *q)
{
	bool last;

	regbuf_queue_unlist(q);
	regbuf_queue_kill(q);
	/* The requests have one reference together. */
	spin_lock_irq(&q->cq_lock);
	last = regbuf_reqs_shut(q);
	spin_unlock_irq(&q->cq_lock);
	if (last)
		regbuf_queue_put(q);
	regbuf_queue_put(q);
}

static void regbuf_queue_end_work(struct work_struct *work)
{
	regbuf_queue_end(container_of(work, struct regbuf_queue, end_work));
}

/*
 * Ending a queue may have to wait for sockets that others hold up. That is the
 * time of whoever closes it; a thread of the kernel that does so, collecting
 * garbage for all, leaves it to the context's own workers.
 */
static int regbuf_queue_release(struct inode *inode, struct file *file)
{
	struct regbuf_queue *q = file->private_data;

	if (current->flags & PF_KTHREAD)
		queue_work(q->ctx->wq, &q->end_work);
	else
		regbuf_queue_end(q);
	return 0;
}

/**
 * regbuf_queue_from() - the first queue of a context from an id on
 * @ctx: the context
 * @id: the id
 *
 * Context: Process context.
 * Return: the queue, with a reference, or NULL.
 */
struct regbuf_queue *regbuf_queue_from(struct regbuf_ctx *ctx, u32 id)
{
	struct regbuf_queue *q, *found = NULL;

	mutex_lock(&ctx->lock);
	/* Newer ones are behind older ones. */
	list_for_each_entry(q, &ctx->queues, node) {
		if (q->id < id || !refcount_inc_not_zero(&q->ref))
			continue;
		found = q;
		break;
	}
	mutex_unlock(&ctx->lock);
	return found;
}

/**
 * regbuf_queue_kill_all() - a context is closed: end its queues
 * @ctx: the context
 *
 * They are there, for whoever wants to see what they hold, until they are
 * closed themselves.
 *
 * Context: Process context, of whoever closes it. May sleep.
 */
void regbuf_queue_kill_all(struct regbuf_ctx *ctx)
{
	struct regbuf_queue *q;
	u32 id = 0;

	while ((q = regbuf_queue_from(ctx, id))) {
		id = q->id + 1;
		regbuf_queue_kill(q);
		regbuf_queue_put(q);
	}
}

static int regbuf_queue_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct regbuf_queue *q = file->private_data;
	int err;

	if (current->mm != q->ctx->mm)
		return -EPERM;
	/* Not q->lock: user memory is touched under it, and mmap_lock taken. */
	mutex_lock(&q->map_lock);
	err = regbuf_shm_map(q->shm, vma);
	mutex_unlock(&q->map_lock);
	return err;
}

static const struct regbuf_ioctl regbuf_queue_calls[] = {
	REGBUF_IOCTL(REGBUF_IOC_ENTER, regbuf_ioc_enter, ready,
		     0, regbuf_ioctl_enter),
	REGBUF_IOCTL(REGBUF_IOC_ATTACH, regbuf_ioc_attach, __resv,
		     REGBUF_ATTACH_F_ALL, regbuf_ioctl_attach),
	REGBUF_IOCTL(REGBUF_IOC_DETACH, regbuf_ioc_detach, __resv,
		     REGBUF_DETACH_F_ALL, regbuf_ioctl_detach),
	REGBUF_IOCTL(REGBUF_IOC_RESIZE, regbuf_ioc_resize, map_size,
		     0, regbuf_ioctl_resize),
	REGBUF_IOCTL(REGBUF_IOC_EVENTFD, regbuf_ioc_eventfd, __resv,
		     0, regbuf_ioctl_eventfd),
	REGBUF_IOCTL(REGBUF_IOC_POOL, regbuf_ioc_pool, count,
		     0, regbuf_ioctl_pool),
	REGBUF_IOCTL(REGBUF_IOC_SOCKET, regbuf_ioc_socket, fd,
		     0, regbuf_ioctl_socket),
};

static long regbuf_queue_ioctl(struct file *file, unsigned int cmd,
			       unsigned long arg)
{
	struct regbuf_queue *q = file->private_data;
	long ret;

	if (current->mm != q->ctx->mm)
		return -EPERM;
	if (cmd == REGBUF_IOC_ENTER && regbuf_enter_quick(q, arg, &ret))
		return ret;
	/* That one has more to tell. */
	if (READ_ONCE(q->shut) && cmd != REGBUF_IOC_ENTER)
		return -ESHUTDOWN;
	return regbuf_ioctl(regbuf_queue_calls, ARRAY_SIZE(regbuf_queue_calls),
			    q, cmd, arg);
}

static const struct file_operations regbuf_queue_fops = {
	.owner = THIS_MODULE,
	.release = regbuf_queue_release,
	.mmap = regbuf_queue_mmap,
	.poll = regbuf_queue_poll,
	.unlocked_ioctl = regbuf_queue_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static void regbuf_queue_init(struct regbuf_queue *q)
{
	mutex_init(&q->lock);
	mutex_init(&q->map_lock);
	mutex_init(&q->kill_lock);
	xa_init_flags(&q->eps, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	INIT_LIST_HEAD(&q->others);
	INIT_LIST_HEAD(&q->idles);
	INIT_LIST_HEAD(&q->stalled);
	INIT_LIST_HEAD(&q->chunks);
	INIT_LIST_HEAD(&q->gone);
	regbuf_timer_init(q);
	spin_lock_init(&q->cq_lock);
	INIT_LIST_HEAD(&q->free);
	spin_lock_init(&q->ready_lock);
	INIT_LIST_HEAD(&q->posted);
	INIT_LIST_HEAD(&q->ready);
	INIT_WORK(&q->run_work, regbuf_run_work);
	init_waitqueue_head(&q->wait);
	init_waitqueue_head(&q->poll);
	/* The file's, and the requests'. */
	refcount_set(&q->ref, 2);
	INIT_LIST_HEAD(&q->node);
	INIT_WORK(&q->end_work, regbuf_queue_end_work);
	INIT_WORK(&q->free_work, regbuf_queue_free_work);
}

static int regbuf_queue_alloc(struct regbuf_queue *q,
			      const struct regbuf_ioc_queue *arg)
{
	struct regbuf_chunk *chunk;
	struct regbuf_shm *shm;

	q->bv = kvmalloc_array(REGBUF_QUEUE_BVECS, sizeof(*q->bv),
			       GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!q->bv)
		return -ENOMEM;
	q->batch.x.ctx = q->ctx;
	q->batch.x.to.bv = q->bv;
	q->batch.x.to.max = REGBUF_QUEUE_BVECS;
	q->batch.x.flags = MSG_NOSIGNAL | MSG_DONTWAIT;
	shm = regbuf_shm_create(arg->sq_entries, arg->cq_entries,
				arg->pool_entries);
	if (IS_ERR(shm))
		return PTR_ERR(shm);
	q->shm = shm;
	q->cq_entries = shm->cq_entries;
	chunk = regbuf_chunk_create(q, shm->cq_entries);
	if (!chunk)
		return -ENOMEM;
	regbuf_chunk_add(q, chunk);
	return 0;
}

/* Nor may ids wrap: as many as are counted may be on their way to one. */
static bool regbuf_queue_may_be(struct regbuf_ctx *ctx)
{
	if (!atomic_add_unless(&ctx->open_queues, 1, REGBUF_MAX_QUEUES))
		return false;
	if (READ_ONCE(ctx->nr_queues) < U32_MAX - REGBUF_MAX_QUEUES)
		return true;
	atomic_dec(&ctx->open_queues);
	return false;
}

static struct regbuf_queue *regbuf_queue_create(struct regbuf_ctx *ctx,
						struct regbuf_ioc_queue *arg)
{
	struct regbuf_queue *q = kzalloc(sizeof(*q), GFP_KERNEL_ACCOUNT);
	int err;

	if (!q)
		return ERR_PTR(-ENOMEM);
	if (!regbuf_queue_may_be(ctx)) {
		kfree(q);
		return ERR_PTR(-ENOSPC);
	}
	q->ctx = ctx;
	q->hold.ctx = ctx;
	q->hold.stock = &q->stock;
	q->flags = arg->flags;
	q->memcg = get_mem_cgroup_from_mm(current->mm);
	regbuf_queue_init(q);
	err = regbuf_queue_alloc(q, arg);
	if (err) {
		regbuf_queue_free(q);
		return ERR_PTR(err);
	}
	refcount_inc(&ctx->ref);
	return q;
}

static int regbuf_queue_check(struct regbuf_ioc_queue *arg)
{
	bool poller = arg->flags & REGBUF_QUEUE_F_POLLER;

	if (!arg->sq_entries || arg->sq_entries > REGBUF_MAX_SQ ||
	    !arg->cq_entries || arg->cq_entries > REGBUF_MAX_CQ ||
	    arg->pool_entries > REGBUF_MAX_POOL ||
	    (!poller && arg->poller_idle_us))
		return -EINVAL;
	if (poller && !capable(CAP_SYS_NICE))
		return -EPERM;
	arg->sq_entries = roundup_pow_of_two(arg->sq_entries);
	arg->cq_entries = roundup_pow_of_two(arg->cq_entries);
	if (arg->pool_entries)
		arg->pool_entries = roundup_pow_of_two(arg->pool_entries);
	return 0;
}

/* The context's own workers: who holds them up holds up only himself. */
static int regbuf_ctx_start_wq(struct regbuf_ctx *ctx)
{
	int err = 0;

	mutex_lock(&ctx->lock);
	if (!ctx->wq)
		ctx->wq = alloc_workqueue("regbuf-run", WQ_UNBOUND |
					  WQ_FREEZABLE, REGBUF_RUN_WORKERS);
	if (!ctx->wq)
		err = -ENOMEM;
	mutex_unlock(&ctx->lock);
	return err;
}

static void regbuf_queue_list(struct regbuf_queue *q)
{
	struct regbuf_ctx *ctx = q->ctx;

	mutex_lock(&ctx->lock);
	WRITE_ONCE(ctx->nr_queues, ctx->nr_queues + 1);
	q->id = ctx->nr_queues;
	list_add_tail(&q->node, &ctx->queues);
	atomic_inc(&ctx->changes);
	regbuf_stock_open(&q->stock, ctx);
	mutex_unlock(&ctx->lock);
}

/* A file for the queue, which it has then; its end ends the queue. */
static struct file *regbuf_queue_file(struct regbuf_ctx *ctx,
				      struct regbuf_ioc_queue *arg)
{
	struct regbuf_queue *q;
	struct file *file;
	int err;

	q = regbuf_queue_create(ctx, arg);
	if (IS_ERR(q))
		return ERR_CAST(q);
	regbuf_shm_tell(q->shm, &arg->sq_off, &arg->cq_off, &arg->pool_off,
			&arg->map_size);
	file = anon_inode_getfile("[regbuf]", &regbuf_queue_fops, q,
				  O_RDWR | O_CLOEXEC);
	if (IS_ERR(file)) {
		regbuf_queue_put(q);
		regbuf_queue_put(q);
		return file;
	}
	regbuf_queue_list(q);
	err = regbuf_poller_start(q, arg->poller_idle_us);
	if (err) {
		fput(file);
		return ERR_PTR(err);
	}
	return file;
}

int regbuf_ioctl_queue(void *of, struct regbuf_call *call)
{
	struct regbuf_ioc_queue *arg = &call->u.queue;
	struct file *file;
	int err;

	err = regbuf_queue_check(arg) ?: regbuf_ctx_start_wq(of);
	if (err)
		return err;
	arg->fd = get_unused_fd_flags(O_CLOEXEC);
	if (arg->fd < 0)
		return arg->fd;
	file = regbuf_queue_file(of, arg);
	if (IS_ERR(file)) {
		err = PTR_ERR(file);
		goto err_put_fd;
	}
	err = regbuf_reply(call);
	if (err)
		goto err_put_file;
	fd_install(arg->fd, file);
	return 0;

err_put_file:
	fput(file);
err_put_fd:
	put_unused_fd(arg->fd);
	return err;
}
