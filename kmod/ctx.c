// SPDX-License-Identifier: GPL-2.0
/*
 * Contexts: one for each open file.
 */
#include <linux/err.h>
#include <linux/module.h>
#include <linux/nsproxy.h>
#include <linux/percpu.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/user.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "queue.h"
#include "regbuf.h"

static void regbuf_ctx_free(struct work_struct *work)
{
	struct regbuf_ctx *ctx = container_of(work, struct regbuf_ctx, work);

	regbuf_census_leave(ctx);
	if (ctx->wq)
		destroy_workqueue(ctx->wq);
	regbuf_exports_forget(ctx);
	regbuf_array_free(ctx);
	regbuf_slots_close(ctx);
	xa_destroy(&ctx->watches);
	xa_destroy(&ctx->bufs);
	free_percpu(ctx->stats);
	put_pid(ctx->pid);
	mmdrop(ctx->mm);
	kfree_rcu(ctx, rcu);
	module_put(THIS_MODULE);
}

/* The owner's memory has ended, and somebody else keeps the file open. */
static void regbuf_ctx_exit(struct work_struct *work)
{
	struct regbuf_ctx *ctx = container_of(work, struct regbuf_ctx,
					      exit_work);

	regbuf_buf_kill_all(ctx);
	regbuf_ctx_put(ctx);
}

static void regbuf_ctx_init(struct regbuf_ctx *ctx)
{
	xa_init_flags(&ctx->bufs, XA_FLAGS_ACCOUNT);
	mutex_init(&ctx->lock);
	INIT_LIST_HEAD(&ctx->queues);
	INIT_HLIST_HEAD(&ctx->stocks);
	init_waitqueue_head(&ctx->wait);
	refcount_set(&ctx->ref, 1);
	init_llist_head(&ctx->unused);
	INIT_WORK(&ctx->release_work, regbuf_buf_release_all);
	INIT_WORK(&ctx->exit_work, regbuf_ctx_exit);
	mutex_init(&ctx->count_lock);
	mutex_init(&ctx->watch_lock);
	xa_init_flags(&ctx->watches, XA_FLAGS_ACCOUNT);
	spin_lock_init(&ctx->mem_lock);
	ctx->mems = RB_ROOT;
	INIT_LIST_HEAD(&ctx->exports);
}

/* Who opens it, for others to see. */
static void regbuf_ctx_sign(struct regbuf_ctx *ctx)
{
	ctx->pid = get_pid(task_tgid(current));
	ctx->pid_nr = task_tgid_vnr(current);
	ctx->uid = current_euid();
	ctx->payer = current_user()->uid;
	get_task_comm(ctx->comm, current);
	ctx->net = get_net(current->nsproxy->net_ns);
	ctx->net_cookie = ctx->net->net_cookie;
}

/**
 * regbuf_ctx_create() - make a context owned by the caller's memory
 *
 * Context: Process context, from open: the file holds the module.
 * Return: the context, with one reference, or an ERR_PTR.
 */
struct regbuf_ctx *regbuf_ctx_create(void)
{
	struct regbuf_ctx *ctx;
	int err;

	if (!current->mm)
		return ERR_PTR(-EINVAL);
	ctx = kzalloc(sizeof(*ctx), GFP_KERNEL_ACCOUNT);
	if (!ctx)
		return ERR_PTR(-ENOMEM);
	/* Or the heap would print where it failed. */
	ctx->stats = alloc_percpu_gfp(struct regbuf_stats,
				      GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!ctx->stats) {
		kfree(ctx);
		return ERR_PTR(-ENOMEM);
	}
	__module_get(THIS_MODULE);
	mmgrab(current->mm);
	ctx->mm = current->mm;
	regbuf_ctx_init(ctx);
	regbuf_ctx_sign(ctx);
	err = regbuf_census_enter(ctx);
	if (err) {
		regbuf_ctx_close(ctx);
		return ERR_PTR(err);
	}
	return ctx;
}

/**
 * regbuf_ctx_put() - drop a reference
 * @ctx: the context
 *
 * Context: Process context. The last reference takes the module's with it, so
 *          the caller is kept by a file, or is work in regbuf_wq.
 */
void regbuf_ctx_put(struct regbuf_ctx *ctx)
{
	if (!refcount_dec_and_test(&ctx->ref))
		return;
	INIT_WORK(&ctx->work, regbuf_ctx_free);
	/* Work that gives memory back must not wait for work that does not. */
	if (ctx->wq && current->flags & PF_WQ_WORKER)
		queue_work(regbuf_ctx_wq, &ctx->work);
	else
		regbuf_ctx_free(&ctx->work);
}

static void regbuf_ctx_end(struct work_struct *work)
{
	struct regbuf_ctx *ctx = container_of(work, struct regbuf_ctx, work);
	struct net *net = ctx->net;

	regbuf_queue_kill_all(ctx);
	regbuf_buf_kill_all(ctx);
	/* Who waits for a process to end finds its pages given back. */
	if (cancel_work_sync(&ctx->exit_work))
		regbuf_ctx_put(ctx);
	/* What the network has of it must not keep the network. */
	WRITE_ONCE(ctx->net, NULL);
	put_net(net);
	regbuf_ctx_put(ctx);
}

/**
 * regbuf_ctx_close() - the context's file is closed
 * @ctx: the context
 *
 * Context: Process context. May sleep; for long, if the queues' sockets are
 *          held up. See regbuf_queue_release() for threads of the kernel.
 */
void regbuf_ctx_close(struct regbuf_ctx *ctx)
{
	WRITE_ONCE(ctx->closed, true);
	INIT_WORK(&ctx->work, regbuf_ctx_end);
	if (ctx->wq && current->flags & PF_KTHREAD)
		queue_work(ctx->wq, &ctx->work);
	else
		regbuf_ctx_end(&ctx->work);
}

/**
 * __regbuf_ctx_count() - a buffer comes or goes
 * @ctx: the context
 * @buf: the buffer
 * @sign: 1 or -1
 *
 * Context: ctx->lock held.
 */
void __regbuf_ctx_count(struct regbuf_ctx *ctx, const struct regbuf_buf *buf,
			int sign)
{
	lockdep_assert_held(&ctx->lock);
	ctx->nr_bufs += sign;
	ctx->nr_bytes += sign * buf->length;
	atomic_inc(&ctx->changes);
}

/**
 * regbuf_stats_sum() - add counters to others
 * @sum: is added to
 * @more: the counters; may be in use
 *
 * Context: Any.
 */
void regbuf_stats_sum(struct regbuf_stats *sum, const struct regbuf_stats *more)
{
	const u64 *from = (const u64 *)more;
	u64 *to = (u64 *)sum;
	int i;

	for (i = 0; i < sizeof(*sum) / sizeof(*to); i++)
		to[i] += READ_ONCE(from[i]);
}

/**
 * regbuf_stats_add() - add up the counters of a context
 * @sum: is added to
 * @ctx: the context
 *
 * Context: Any.
 */
void regbuf_stats_add(struct regbuf_stats *sum, const struct regbuf_ctx *ctx)
{
	int cpu;

	for_each_possible_cpu(cpu)
		regbuf_stats_sum(sum, per_cpu_ptr(ctx->stats, cpu));
}

int regbuf_ioctl_stats(void *of, struct regbuf_call *call)
{
	struct regbuf_ioc_stats *reply = &call->u.stats;
	struct regbuf_stats sum = { };
	struct regbuf_ctx *ctx = of;

	regbuf_stats_add(&sum, ctx);
	*reply = (struct regbuf_ioc_stats){
		.size = reply->size,
		.sends = sum.sends,
		.zerocopied = sum.zerocopied,
		.copied_later = sum.copied_later,
		.deregistered_in_flight = sum.deregistered_in_flight,
		.used_after_deregister = sum.used_after_deregister,
		.over_budget = sum.over_budget,
		.detached = sum.detached,
		.used_detached = sum.used_detached,
	};
	memcpy(reply->copied, sum.copied, sizeof(sum.copied));
	mutex_lock(&ctx->lock);
	reply->buffers = ctx->nr_bufs;
	mutex_unlock(&ctx->lock);
	/* After: who counts a buffer down has counted its pages. */
	reply->pages = atomic64_read(&ctx->nr_pages);
	return regbuf_reply(call);
}
