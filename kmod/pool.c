// SPDX-License-Identifier: GPL-2.0
/*
 * HOT: the pool of slices that a queue receives into. A slice is here, or out:
 * the program's, until it comes back through the ring of returned slices.
 */
#include <linux/bitmap.h>
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/slab.h>

#include "queue.h"

/* Take back what the program returned; what is not its own is ignored. */
static void regbuf_pool_refill(struct regbuf_queue *q)
{
	struct regbuf_pool *pool = &q->pool;
	struct regbuf_shm *shm = q->shm;
	u32 tail, nr, mask = shm->pool_entries - 1;

	/* The entries after the index: pairs with the program's release. */
	tail = smp_load_acquire(&shm->ring->pool_tail);
	if (tail == pool->head)
		return;
	if (unlikely(tail - pool->head > shm->pool_entries)) {
		regbuf_queue_break(q);
		return;
	}
	for (; pool->head != tail; pool->head++) {
		nr = READ_ONCE(shm->pool[pool->head & mask]);
		if (nr >= pool->count)
			continue;
		nr = array_index_nospec(nr, pool->count);
		if (__test_and_clear_bit(nr, pool->out))
			pool->free[pool->nr_free++] = nr;
	}
	/* After the entries were read; pairs with the program's acquire. */
	smp_store_release(&shm->ring->pool_head, pool->head);
}

/**
 * regbuf_pool_take() - take a slice to receive into
 * @q: the queue
 * @nr: gets its number
 *
 * Context: q->lock held.
 * Return: 0, -ENOBUFS if all are out, -ESTALE if there is no pool any more.
 */
int regbuf_pool_take(struct regbuf_queue *q, u32 *nr)
{
	struct regbuf_pool *pool = &q->pool;

	if (!pool->count)
		return -ESTALE;
	/* Each time: what is returned counts as of before what is taken now. */
	regbuf_pool_refill(q);
	if (!pool->nr_free)
		return -ENOBUFS;
	*nr = pool->free[--pool->nr_free];
	return 0;
}

/**
 * regbuf_pool_untake() - put a slice back that was not used
 * @q: the queue
 * @nr: the slice
 *
 * Context: q->lock held.
 */
void regbuf_pool_untake(struct regbuf_queue *q, u32 nr)
{
	q->pool.free[q->pool.nr_free++] = nr;
}

/**
 * regbuf_pool_free() - take the pool away
 * @pool: the pool
 *
 * Context: q->lock held, or nobody else left.
 */
void regbuf_pool_free(struct regbuf_pool *pool)
{
	pool->count = 0;
	kvfree(pool->free);
	bitmap_free(pool->out);
	pool->free = NULL;
	pool->out = NULL;
}

static int regbuf_pool_alloc(struct regbuf_pool *pool, u32 count)
{
	u32 i;

	pool->free = kvmalloc_array(count, sizeof(*pool->free),
				    GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	pool->out = bitmap_zalloc(count, GFP_KERNEL_ACCOUNT);
	if (!pool->free || !pool->out) {
		regbuf_pool_free(pool);
		return -ENOMEM;
	}
	/* The first ones first. */
	for (i = 0; i < count; i++)
		pool->free[i] = count - 1 - i;
	pool->nr_free = count;
	return 0;
}

static int regbuf_pool_check(struct regbuf_ctx *ctx,
			     const struct regbuf_ioc_pool *arg)
{
	u64 bytes = (u64)arg->length * arg->count;
	struct regbuf_buf *buf = regbuf_buf_get(ctx, arg->id, 1);
	int err = 0;

	if (IS_ERR(buf))
		return regbuf_note_failed(ctx, arg->id, PTR_ERR(buf));
	if (!(buf->access & REGBUF_ACCESS_WRITE))
		err = -EACCES;
	else if (arg->offset > buf->length || bytes > buf->length - arg->offset)
		err = -EFAULT;
	regbuf_buf_put(buf, 1);
	return err;
}

static int regbuf_pool_set(struct regbuf_queue *q,
			   const struct regbuf_ioc_pool *arg)
{
	struct regbuf_pool *pool = &q->pool;
	int err;

	if (!arg->length || arg->count > q->shm->pool_entries)
		return -EINVAL;
	if (pool->count)
		return -EBUSY;
	err = regbuf_pool_check(q->ctx, arg) ?:
	      regbuf_pool_alloc(pool, arg->count);
	if (err)
		return err;
	pool->id = arg->id;
	pool->offset = arg->offset;
	pool->length = arg->length;
	pool->count = arg->count;
	/* Numbers of an earlier pool mean nothing now. */
	pool->head = READ_ONCE(q->shm->ring->pool_tail);
	WRITE_ONCE(q->shm->ring->pool_head, pool->head);
	return 0;
}

int regbuf_ioctl_pool(void *of, struct regbuf_call *call)
{
	struct regbuf_ioc_pool *arg = &call->u.pool;
	struct regbuf_queue *q = of;
	int err = 0;

	if (!arg->count && (arg->id || arg->offset || arg->length))
		return -EINVAL;
	if (regbuf_queue_lock_killable(q))
		return -EINTR;
	if (arg->count)
		err = regbuf_pool_set(q, arg);
	else
		regbuf_pool_free(&q->pool);
	/* Who waits for a slice of a pool that is gone is told. */
	regbuf_queue_unstall(q);
	regbuf_queue_unlock(q);
	return err;
}
