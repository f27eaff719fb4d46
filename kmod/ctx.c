// SPDX-License-Identifier: GPL-2.0
/*
 * Contexts: one for each open file.
 */
#include <linux/err.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "queue.h"
#include "regbuf.h"

static void regbuf_ctx_free(struct work_struct *work)
{
	struct regbuf_ctx *ctx = container_of(work, struct regbuf_ctx, work);

	if (ctx->wq)
		destroy_workqueue(ctx->wq);
	xa_destroy(&ctx->bufs);
	free_percpu(ctx->stats);
	mmdrop(ctx->mm);
	kfree_rcu(ctx, rcu);
	module_put(THIS_MODULE);
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

	if (!current->mm)
		return ERR_PTR(-EINVAL);
	ctx = kzalloc(sizeof(*ctx), GFP_KERNEL_ACCOUNT);
	if (!ctx)
		return ERR_PTR(-ENOMEM);
	ctx->stats = alloc_percpu_gfp(struct regbuf_stats, GFP_KERNEL_ACCOUNT);
	if (!ctx->stats) {
		kfree(ctx);
		return ERR_PTR(-ENOMEM);
	}
	__module_get(THIS_MODULE);
	mmgrab(current->mm);
	ctx->mm = current->mm;
	xa_init_flags(&ctx->bufs, XA_FLAGS_ACCOUNT);
	mutex_init(&ctx->lock);
	INIT_LIST_HEAD(&ctx->queues);
	INIT_HLIST_HEAD(&ctx->stocks);
	init_waitqueue_head(&ctx->wait);
	refcount_set(&ctx->ref, 1);
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

	regbuf_queue_kill_all(ctx);
	regbuf_buf_kill_all(ctx);
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
	INIT_WORK(&ctx->work, regbuf_ctx_end);
	if (ctx->wq && current->flags & PF_KTHREAD)
		queue_work(ctx->wq, &ctx->work);
	else
		regbuf_ctx_end(&ctx->work);
}

static void regbuf_stats_sum(struct regbuf_ctx *ctx,
			     struct regbuf_ioc_stats *sum)
{
	int cpu, i;

	for_each_possible_cpu(cpu) {
		struct regbuf_stats *s = per_cpu_ptr(ctx->stats, cpu);

		sum->sends += READ_ONCE(s->sends);
		sum->zerocopied += READ_ONCE(s->zerocopied);
		sum->copied_later += READ_ONCE(s->copied_later);
		sum->deregistered_in_flight +=
			READ_ONCE(s->deregistered_in_flight);
		sum->used_after_deregister +=
			READ_ONCE(s->used_after_deregister);
		sum->over_budget += READ_ONCE(s->over_budget);
		for (i = 0; i < REGBUF_COPY_NR; i++)
			sum->copied[i] += READ_ONCE(s->copied[i]);
	}
}

int regbuf_ioctl_stats(void *of, struct regbuf_call *call)
{
	struct regbuf_ioc_stats *sum = &call->u.stats;
	struct regbuf_ctx *ctx = of;

	*sum = (struct regbuf_ioc_stats){ .size = sum->size };
	mutex_lock(&ctx->lock);
	sum->buffers = ctx->nr_bufs;
	sum->pages = ctx->nr_pages;
	mutex_unlock(&ctx->lock);
	regbuf_stats_sum(ctx, sum);
	return regbuf_reply(call);
}
