// SPDX-License-Identifier: MIT
/* HOT: RIO's sends and receives. */
#include <errno.h>

#include "rio.h"
#include "rio_calls.h"

/* What a direction may be asked for. */
static const DWORD rio_flags[2] = {
	[RIO_RECV] = RIO_MSG_DONT_NOTIFY | RIO_MSG_DEFER | RIO_MSG_WAITALL,
	[RIO_SEND] = RIO_MSG_DONT_NOTIFY | RIO_MSG_DEFER,
};

/* Nothing will come of a queue that says so. */
static bool rio_queue_dead(int err)
{
	return err == -ENOTRECOVERABLE || err == -ESHUTDOWN || err == -EPERM;
}

static DWORD rio_cq_broken(struct rio_cq *cq)
{
	__atomic_store_n(&cq->corrupt, true, __ATOMIC_RELAXED);
	regbuf_queue_drop(cq->q);
	return WSAEINVAL;
}

/* Its call is long over: the error is to be its completion. */
static void rio_refuse_deferred(struct rio_cq *cq, struct regbuf_sqe *sqe,
				int err)
{
	uint16_t silent = sqe->flags & REGBUF_SQE_F_SILENT;
	struct rio_record *record;

	if (sqe->user_data != RIO_USER_OWN) {
		record = &cq->records[(uint32_t)sqe->user_data];
		record->refused = record->rq->obj.handle ?
				  win_wsa_code(-err) : WSA_OPERATION_ABORTED;
	}
	regbuf_prep_nop(sqe);
	sqe->flags = silent;
}

/*
 * What closed sockets left takes the places: entries wait in the ring until
 * some of it is taken. True if that may have been meanwhile. Pairs with
 * rio_dequeue(), which looks at this after it made room.
 */
static bool rio_cq_stick(struct rio_cq *cq)
{
	if (cq->stuck)
		return false;
	__atomic_store_n(&cq->stuck, true, __ATOMIC_SEQ_CST);
	return true;
}

/* True if something came of it, and there may be more. */
static bool rio_cq_refused(struct rio_cq *cq, uint64_t own, int err,
			   DWORD *code)
{
	struct regbuf_sqe *sqe = regbuf_queue_refused(cq->q);

	if (!sqe)
		return false;
	if (err == -ENOBUFS)
		return rio_cq_stick(cq);
	/* Only the last may be the caller's own. */
	if (sqe->user_data == own) {
		regbuf_queue_drop(cq->q);
		*code = win_wsa_code(-err);
		return false;
	}
	rio_refuse_deferred(cq, sqe, err);
	return true;
}

DWORD rio_cq_submit(struct rio_cq *cq, uint64_t own)
{
	DWORD code = 0;
	int n;

	if (unlikely(cq->corrupt))
		return rio_cq_broken(cq);
	do {
		n = regbuf_queue_submit(cq->q);
		if (likely(n > 0) || !n)
			continue;
		if (rio_queue_dead(n))
			return rio_cq_broken(cq);
		if (!rio_cq_refused(cq, own, n, &code))
			return code;
	} while (unlikely(cq->q->sq_tail != cq->q->sq_head));
	return 0;
}

static struct rio_record *rio_record_pop(struct rio_lane *lane)
{
	struct rio_record *record;

	if (!lane->free)
		lane->free = __atomic_exchange_n(&lane->returned, 0,
						 __ATOMIC_ACQUIRE);
	if (unlikely(!lane->free))
		return NULL;
	record = &lane->cq->records[lane->free - 1];
	lane->free = record->next;
	return record;
}

static void rio_record_push(struct rio_lane *lane, struct rio_record *record)
{
	record->next = lane->free;
	record->busy = false;
	lane->free = record - lane->cq->records + 1;
}

/* An entry to fill; what was deferred starts early if there are too many. */
static struct regbuf_sqe *rio_entry(struct rio_cq *cq)
{
	struct regbuf_sqe *sqe = regbuf_queue_sqe(cq->q);

	if (unlikely(!sqe)) {
		rio_cq_submit(cq, 0);
		sqe = regbuf_queue_sqe(cq->q);
	}
	return sqe;
}

/* What is asked for, in one piece. */
struct rio_asked {
	const RIO_BUF *data;
	DWORD flags;
	uint64_t context;
	const struct rio_names *names;
};

static void rio_fill(struct rio_lane *lane, struct regbuf_sqe *sqe,
		     const struct rio_asked *asked)
{
	const RIO_BUF *data = asked->data;
	bool send = lane == &lane->rq->lanes[RIO_SEND];

	sqe->op = send ? REGBUF_OP_SEND : REGBUF_OP_RECV;
	sqe->endpoint = lane->endpoint;
	if (asked->flags & RIO_MSG_DONT_NOTIFY)
		sqe->flags |= REGBUF_SQE_F_SILENT;
	if (asked->flags & RIO_MSG_WAITALL)
		sqe->flags |= REGBUF_SQE_F_WAITALL;
	if (likely(data)) {
		sqe->id = (uintptr_t)data->BufferId;
		sqe->offset = data->Offset;
		sqe->length = data->Length;
	}
}

static DWORD rio_fill_names(struct rio_lane *lane, struct regbuf_sqe *sqe,
			    const struct rio_asked *asked)
{
	uint32_t number = (uint32_t)sqe->user_data;

	if (lane == &lane->rq->lanes[RIO_SEND])
		return rio_names_send(lane, sqe, number, asked->names);
	return rio_names_recv(lane, sqe, number, asked->names);
}

static DWORD rio_write(struct rio_lane *lane, struct rio_record *record,
		       const struct rio_asked *asked)
{
	struct rio_cq *cq = lane->cq;
	struct regbuf_sqe *sqe = rio_entry(cq);
	DWORD code = 0;

	if (unlikely(!sqe))
		return WSAENOBUFS;
	record->context = asked->context;
	record->refused = 0;
	record->blank = !asked->data;
	record->extra = false;
	record->busy = true;
	sqe->user_data = RIO_USER_DATA << 32 | (record - cq->records);
	rio_fill(lane, sqe, asked);
	if (unlikely(asked->names))
		code = rio_fill_names(lane, sqe, asked);
	if (unlikely(code))
		cq->q->sq_tail--;
	else if (!(asked->flags & RIO_MSG_DEFER))
		code = rio_cq_submit(cq, sqe->user_data);
	return code;
}

/* The completion queue's lock held. */
static DWORD rio_post_locked(struct rio_lane *lane,
			     const struct rio_asked *asked)
{
	struct rio_record *record;
	DWORD code;

	if (unlikely(lane->cq->corrupt))
		return WSAEINVAL;
	record = rio_record_pop(lane);
	if (unlikely(!record))
		return WSAENOBUFS;
	code = rio_write(lane, record, asked);
	if (unlikely(code))
		rio_record_push(lane, record);
	return code;
}

/* With the lock of the lane's completion queue, if it has one still. */
static struct rio_cq *rio_lane_lock(struct rio_rq *rq, struct rio_lane *lane,
				    RIO_RQ handle)
{
	struct rio_cq *cq = __atomic_load_n(&lane->cq, __ATOMIC_ACQUIRE);

	if (unlikely(!cq))
		return NULL;
	pthread_mutex_lock(&cq->lock);
	if (likely(lane->cq == cq && rq->obj.handle == (uintptr_t)handle))
		return cq;
	pthread_mutex_unlock(&cq->lock);
	return NULL;
}

static DWORD rio_post(struct rio_rq *rq, struct rio_lane *lane, RIO_RQ handle,
		      const struct rio_asked *asked)
{
	struct rio_cq *cq = rio_lane_lock(rq, lane, handle);
	DWORD code;

	if (unlikely(!cq))
		return lane->home ? WSAENOBUFS : WSAEINVAL;
	code = rio_post_locked(lane, asked);
	pthread_mutex_unlock(&cq->lock);
	return code;
}

/* What one direction has deferred; what else is in the ring may start, too. */
static DWORD rio_commit(struct rio_rq *rq, struct rio_lane *lane, RIO_RQ handle)
{
	struct rio_cq *cq = rio_lane_lock(rq, lane, handle);
	DWORD code;

	if (!cq)
		return lane->home ? 0 : WSAEINVAL;
	code = rio_cq_submit(cq, 0);
	pthread_mutex_unlock(&cq->lock);
	return code;
}

static DWORD rio_data_check(const struct rio_rq *rq, const RIO_BUF *data,
			    ULONG count)
{
	if (unlikely(!data))
		return count || rq->stream ? WSAEINVAL : 0;
	if (unlikely(count != 1))
		return WSAEINVAL;
	return likely(rio_slice_good(data)) ? 0 : WSAEFAULT;
}

static DWORD rio_flags_check(const struct rio_rq *rq,
			     enum rio_direction direction, DWORD flags)
{
	if (unlikely(flags & ~rio_flags[direction]))
		return WSAEINVAL;
	return unlikely(flags & RIO_MSG_WAITALL && !rq->stream) ? WSAEINVAL : 0;
}

static DWORD rio_commit_only(struct rio_rq *rq, RIO_RQ handle,
			     enum rio_direction direction, ULONG count,
			     const struct rio_asked *asked)
{
	if (asked->flags != RIO_MSG_COMMIT_ONLY || asked->data || count ||
	    asked->context || asked->names)
		return WSAEINVAL;
	return rio_commit(rq, &rq->lanes[direction], handle);
}

static DWORD rio_request(RIO_RQ handle, enum rio_direction direction,
			 ULONG count, const struct rio_asked *asked)
{
	struct rio_rq *rq = rio_rq_find(handle);
	DWORD code;

	if (unlikely(!rq))
		return WSAEINVAL;
	if (unlikely(asked->flags & RIO_MSG_COMMIT_ONLY))
		return rio_commit_only(rq, handle, direction, count, asked);
	code = rio_flags_check(rq, direction, asked->flags);
	if (likely(!code))
		code = rio_data_check(rq, asked->data, count);
	if (unlikely(!code && asked->names))
		code = rio_names_check(direction, asked->names);
	if (unlikely(code))
		return code;
	return rio_post(rq, &rq->lanes[direction], handle, asked);
}

static BOOL rio_plain(RIO_RQ handle, enum rio_direction direction,
		      const RIO_BUF *data, ULONG count, DWORD flags,
		      PVOID context)
{
	const struct rio_asked asked = {
		.data = data,
		.flags = flags,
		.context = (uintptr_t)context,
	};
	DWORD code = rio_request(handle, direction, count, &asked);

	return likely(!code) ? TRUE : win_refuse(code);
}

BOOL rio_receive(RIO_RQ handle, PRIO_BUF data, ULONG count, DWORD flags,
		 PVOID context)
{
	return rio_plain(handle, RIO_RECV, data, count, flags, context);
}

BOOL rio_send(RIO_RQ handle, PRIO_BUF data, ULONG count, DWORD flags,
	      PVOID context)
{
	return rio_plain(handle, RIO_SEND, data, count, flags, context);
}

/* With no names it is a plain one. */
static BOOL rio_named(RIO_RQ handle, enum rio_direction direction,
		      const RIO_BUF *data, ULONG count,
		      const struct rio_names *names, DWORD flags, PVOID context)
{
	bool any = names->local || names->remote || names->control ||
		   names->flags;
	const struct rio_asked asked = {
		.data = data,
		.flags = flags,
		.context = (uintptr_t)context,
		.names = any ? names : NULL,
	};
	DWORD code = rio_request(handle, direction, count, &asked);

	return likely(!code) ? TRUE : win_refuse(code);
}

int rio_receive_ex(RIO_RQ handle, PRIO_BUF data, ULONG count, PRIO_BUF local,
		   PRIO_BUF remote, PRIO_BUF control, PRIO_BUF flags_slice,
		   DWORD flags, PVOID context)
{
	const struct rio_names names = { local, remote, control, flags_slice };

	return rio_named(handle, RIO_RECV, data, count, &names, flags, context);
}

BOOL rio_send_ex(RIO_RQ handle, PRIO_BUF data, ULONG count, PRIO_BUF local,
		 PRIO_BUF remote, PRIO_BUF control, PRIO_BUF flags_slice,
		 DWORD flags, PVOID context)
{
	const struct rio_names names = { local, remote, control, flags_slice };

	return rio_named(handle, RIO_SEND, data, count, &names, flags, context);
}
