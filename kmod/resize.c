// SPDX-License-Identifier: GPL-2.0
/*
 * REGBUF_IOC_RESIZE: new rings with what is in the old ones. Submission is kept
 * out by q->lock, completions, in the end, by q->cq_lock; no index moves. The
 * old pages stay in the program's mapping until it lets go of it.
 */
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "queue.h"

/* Indices: the program's, read once; and how far we were then. */
struct regbuf_tails {
	u32 cq_head;
	u32 sq_tail;
	u32 cq_tail;
};

/* Completions of which nobody writes any more. */
static void regbuf_shm_copy_cqes(const struct regbuf_shm *from,
				 struct regbuf_shm *to, u32 i, u32 end)
{
	for (; i != end; i++)
		to->cqes[i & (to->cq_entries - 1)] =
			from->cqes[i & (from->cq_entries - 1)];
}

/* All that does not change but under q->lock: perhaps megabytes. */
static void regbuf_shm_copy(const struct regbuf_queue *q, struct regbuf_shm *to,
			    const struct regbuf_tails *at)
{
	const struct regbuf_shm *from = q->shm;
	u32 i;

	for (i = q->sq_head; i != at->sq_tail; i++)
		to->sqes[i & (to->sq_entries - 1)] =
			from->sqes[i & (from->sq_entries - 1)];
	memcpy(to->pool, from->pool, from->pool_entries * sizeof(*from->pool));
	regbuf_shm_copy_cqes(from, to, at->cq_head, at->cq_tail);
}

/* What came since, and the change. */
static void regbuf_shm_swap(struct regbuf_queue *q, struct regbuf_shm **shm,
			    const struct regbuf_tails *at)
{
	struct regbuf_shm *to = *shm;

	lockdep_assert_held(&q->cq_lock);
	*to->ring = *q->shm->ring;
	to->ring->cq_head = at->cq_head;
	to->ring->sq_tail = at->sq_tail;
	regbuf_shm_copy_cqes(q->shm, to, at->cq_tail, q->cq_tail);
	swap(q->shm, *shm);
	WRITE_ONCE(q->cq_entries, to->cq_entries);
}

/* Does what there is fit; are the indices possible at all? */
static int regbuf_resize_check(struct regbuf_queue *q,
			       const struct regbuf_shm *to,
			       const struct regbuf_tails *at)
{
	u32 used = at->cq_tail - at->cq_head;
	u32 promised = q->promised - at->cq_head;
	u32 ready = at->sq_tail - q->sq_head;

	if (used > q->shm->cq_entries || ready > q->shm->sq_entries ||
	    q->broken)
		return -ENOTRECOVERABLE;
	if (promised > to->cq_entries || ready > to->sq_entries)
		return -EBUSY;
	return 0;
}

/* Change rings; @shm gets the ones to destroy. */
static int regbuf_resize_swap(struct regbuf_queue *q, struct regbuf_shm **shm)
{
	struct regbuf_tails at;
	int err;

	mutex_lock(&q->map_lock);
	spin_lock_irq(&q->cq_lock);
	at.cq_head = READ_ONCE(q->shm->ring->cq_head);
	at.sq_tail = READ_ONCE(q->shm->ring->sq_tail);
	at.cq_tail = q->cq_tail;
	err = regbuf_resize_check(q, *shm, &at);
	spin_unlock_irq(&q->cq_lock);
	if (!err) {
		regbuf_shm_copy(q, *shm, &at);
		spin_lock_irq(&q->cq_lock);
		regbuf_shm_swap(q, shm, &at);
		spin_unlock_irq(&q->cq_lock);
	}
	mutex_unlock(&q->map_lock);
	return err;
}

/* Requests for the places that there will be more. */
static int regbuf_resize_reqs(struct regbuf_queue *q, u32 cq_entries)
{
	struct regbuf_chunk *chunk;
	u32 have = 0;

	list_for_each_entry(chunk, &q->chunks, node)
		have += chunk->nr;
	if (cq_entries <= have)
		return 0;
	chunk = regbuf_chunk_create(q, cq_entries - have);
	if (!chunk)
		return -ENOMEM;
	regbuf_chunk_add(q, chunk);
	return 0;
}

static int regbuf_resize(struct regbuf_queue *q, struct regbuf_ioc_resize *arg)
{
	struct regbuf_shm *shm;
	int err;

	if (q->shut)
		return -ESHUTDOWN;
	arg->sq_entries = arg->sq_entries ?: q->shm->sq_entries;
	arg->cq_entries = arg->cq_entries ?: q->shm->cq_entries;
	err = regbuf_resize_reqs(q, arg->cq_entries);
	if (err)
		return err;
	shm = regbuf_shm_create(arg->sq_entries, arg->cq_entries,
				q->shm->pool_entries);
	if (IS_ERR(shm))
		return PTR_ERR(shm);
	err = regbuf_resize_swap(q, &shm);
	regbuf_shm_destroy(shm);
	if (err)
		return err;
	regbuf_shm_tell(q->shm, &arg->sq_off, &arg->cq_off, &arg->pool_off,
			&arg->map_size);
	regbuf_queue_unstall(q);
	return 0;
}

int regbuf_ioctl_resize(void *of, struct regbuf_call *call)
{
	struct regbuf_ioc_resize *arg = &call->u.resize;
	struct regbuf_queue *q = of;
	int err;

	if (arg->__resv || arg->sq_entries > REGBUF_MAX_SQ ||
	    arg->cq_entries > REGBUF_MAX_CQ)
		return -EINVAL;
	if (arg->sq_entries)
		arg->sq_entries = roundup_pow_of_two(arg->sq_entries);
	if (arg->cq_entries)
		arg->cq_entries = roundup_pow_of_two(arg->cq_entries);
	/* What cannot be told must not be done. */
	err = regbuf_reply(call);
	if (err)
		return err;
	if (regbuf_queue_lock_killable(q))
		return -EINTR;
	err = regbuf_resize(q, arg);
	regbuf_queue_unlock(q);
	return err ?: regbuf_reply(call);
}
