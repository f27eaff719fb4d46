// SPDX-License-Identifier: GPL-2.0
/*
 * HOT: taking entries from the submission ring. The ring is the program's
 * memory: each entry is copied once, checked, and only the copy is used.
 */
#include <linux/err.h>
#include <linux/nospec.h>
#include <linux/sched/signal.h>

#include "queue.h"

/* Entries until others may run. */
#define REGBUF_SUBMIT_RESCHED	32

/* What an operation has no use for is 0, so that it can get a use. */
static int regbuf_sqe_check(const struct regbuf_op *op,
			    const struct regbuf_sqe *sqe)
{
	u32 used = 0;

	if (sqe->flags & ~op->flags)
		return -EOPNOTSUPP;
	if (sqe->__resv)
		return -EINVAL;
	if (op->uses == REGBUF_USES_ALL)
		return 0;
	if (sqe->endpoint)
		used |= REGBUF_USES_ENDPOINT;
	if (sqe->id)
		used |= REGBUF_USES_ID;
	if (sqe->offset)
		used |= REGBUF_USES_OFFSET;
	if (sqe->length)
		used |= REGBUF_USES_LENGTH;
	if (sqe->timeout_us)
		used |= REGBUF_USES_TIMEOUT;
	if (sqe->addr_id || sqe->addr_offset)
		used |= REGBUF_USES_ADDR;
	if (sqe->ext)
		used |= REGBUF_USES_EXT;
	return used & ~op->uses ? -EINVAL : 0;
}

static int regbuf_submit_req(struct regbuf_queue *q, const struct regbuf_op *op,
			     const struct regbuf_sqe *sqe)
{
	u32 places = sqe->flags & REGBUF_SQE_F_EARLY ? 2 : 1;
	struct regbuf_req *req;
	int err;

	req = regbuf_req_start(q, places);
	if (IS_ERR(req))
		return PTR_ERR(req);
	req->user_data = sqe->user_data;
	req->op = sqe->op;
	req->flags = sqe->flags;
	req->early = places > 1;
	req->fancy = req->early || sqe->timeout_us;
	req->state = REGBUF_REQ_PENDING;
	err = sqe->timeout_us ? regbuf_req_more(req) : 0;
	err = err ?: op->start(q, req, sqe);
	if (err)
		regbuf_req_refuse(req, places);
	else if (sqe->timeout_us)
		regbuf_timer_add(q, &req->more->timer,
				 sqe->timeout_us * 1000ULL);
	return err;
}

static int regbuf_submit_one(struct regbuf_queue *q,
			     const struct regbuf_sqe *sqe)
{
	const struct regbuf_op *op;
	int err;

	if (sqe->op >= REGBUF_OP_NR)
		return -EINVAL;
	op = &regbuf_ops[array_index_nospec(sqe->op, REGBUF_OP_NR)];
	err = regbuf_sqe_check(op, sqe);
	if (!err)
		err = regbuf_submit_req(q, op, sqe);
	regbuf_trace(submit, q, sqe, err);
	return err;
}

static void regbuf_sqe_read(struct regbuf_queue *q, struct regbuf_sqe *sqe)
{
	const u64 *from = (const u64 *)&q->shm->sqes[q->sq_head &
						     (q->shm->sq_entries - 1)];
	u64 *to = (u64 *)sqe;
	int i;

	/* Or its address would be put together for each word. */
	OPTIMIZER_HIDE_VAR(from);
	/* Word by word: a call of memcpy() takes three times as long. */
#pragma GCC unroll 8
	for (i = 0; i < sizeof(*sqe) / sizeof(*to); i++)
		to[i] = READ_ONCE(from[i]);
	/* From here on the ring may say what it likes. */
	barrier();
}

static void regbuf_sqe_next(struct regbuf_queue *q)
{
	u32 head = q->sq_head + 1;

	WRITE_ONCE(q->sq_head, head);
	/* After the entry was read; pairs with the program's acquire. */
	smp_store_release(&q->shm->ring->sq_head, head);
}

/* Entries that the program has written; it may have lied. */
static int regbuf_sq_ready(struct regbuf_queue *q, u32 *ready)
{
	/* Before the entries; pairs with the program's release. */
	*ready = smp_load_acquire(&q->shm->ring->sq_tail) - q->sq_head;
	if (regbuf_cq_look(q))
		return -ENOTRECOVERABLE;
	if (*ready <= q->shm->sq_entries)
		return 0;
	regbuf_queue_break(q);
	return -ENOTRECOVERABLE;
}

static int regbuf_submit_some(struct regbuf_queue *q, u32 ready, u32 *submitted)
{
	int err;

	while (*submitted < ready) {
		regbuf_sqe_read(q, &q->sqe);
		err = regbuf_submit_one(q, &q->sqe);
		if (err)
			return err;
		regbuf_sqe_next(q);
		if (++*submitted % REGBUF_SUBMIT_RESCHED)
			continue;
		cond_resched();
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	return 0;
}

/**
 * regbuf_submit() - take entries from the submission ring
 * @q: the queue
 * @max: how many at most
 * @submitted: gets how many were taken
 *
 * Context: q->lock held. Process context, of the owner.
 * Return: 0, or the error of the first that was refused; it is still there.
 */
int regbuf_submit(struct regbuf_queue *q, u32 max, u32 *submitted)
{
	u32 ready;
	int err;

	*submitted = 0;
	err = regbuf_sq_ready(q, &ready);
	if (err)
		return err;
	ready = min(ready, max);
	q->hold.want = ready;
	err = regbuf_submit_some(q, ready, submitted);
	regbuf_cq_flush(q);
	/* Before any of them is run: its buffers are idle when that is told. */
	regbuf_hold_drop(&q->hold);
	return err;
}

/* A refusal is a completion, if there is a place for it. */
static int regbuf_submit_refused(struct regbuf_queue *q,
				 const struct regbuf_sqe *sqe, int err)
{
	struct regbuf_req *req;

	/* A full ring is no refusal: it is tried again. A full lane is one. */
	if (sqe->flags & REGBUF_SQE_F_EARLY && regbuf_req_reserve(q, 2))
		return -ENOBUFS;
	if (sqe->flags & REGBUF_SQE_F_EARLY)
		regbuf_req_unreserve(q, 2);
	req = regbuf_req_start(q, 1);
	if (IS_ERR(req))
		return -ENOBUFS;
	req->user_data = sqe->user_data;
	req->op = REGBUF_OP_NOP;
	req->flags = sqe->flags & REGBUF_SQE_F_SILENT;
	req->early = false;
	req->cqe_flags = REGBUF_CQE_F_REFUSED;
	regbuf_req_complete(req, err);
	regbuf_sqe_next(q);
	return 0;
}

/**
 * regbuf_submit_poller() - take entries on behalf of the program
 * @q: the queue
 * @submitted: gets how many were taken, refused ones too
 *
 * Context: q->lock held. The poller, with the owner's memory.
 * Return: 0, -ENOBUFS if there is no place for what is next, or
 *         -ENOTRECOVERABLE.
 */
int regbuf_submit_poller(struct regbuf_queue *q, u32 *submitted)
{
	u32 taken;
	int err;

	*submitted = 0;
	do {
		err = regbuf_submit(q, q->shm->sq_entries, &taken);
		*submitted += taken;
		if (!err)
			return 0;
		if (err == -ENOTRECOVERABLE)
			return err;
		regbuf_sqe_read(q, &q->sqe);
		err = regbuf_submit_refused(q, &q->sqe, err);
		*submitted += !err;
	} while (!err && *submitted < q->shm->sq_entries);
	return err;
}
