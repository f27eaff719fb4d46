// SPDX-License-Identifier: MIT
/*
 * HOT: taking RIO's completions. No system call and no lock, unless a socket
 * was closed, or more is asked for than the data.
 */
#include <errno.h>

#include "rio.h"
#include "rio_calls.h"

/* What the kernel wrote may have been written over since. */
static struct rio_record *rio_record_of(struct rio_cq *cq,
					const struct regbuf_cqe *cqe)
{
	uint32_t number = (uint32_t)cqe->user_data;

	if (unlikely(cqe->user_data >> 32 != RIO_USER_DATA ||
		     number >= cq->capacity || !cq->records[number].busy))
		return NULL;
	return &cq->records[number];
}

static LONG rio_status_of(const struct rio_record *record,
			  const struct regbuf_cqe *cqe)
{
	if (record->refused)
		return (LONG)record->refused;
	/* The peer's port was closed: what Winsock says of datagrams. */
	if (cqe->error == ECONNREFUSED && !record->rq->stream)
		return WSAECONNRESET;
	if (cqe->error)
		return (LONG)win_wsa_code((int)cqe->error);
	/* Who has no room for any of it did not want to read it. */
	return record->blank ? 0 : WSAEMSGSIZE;
}

static LONG rio_status(const struct rio_record *record,
		       const struct regbuf_cqe *cqe)
{
	if (likely(!cqe->error && !record->refused &&
		   !(cqe->flags & REGBUF_CQE_F_TRUNC)))
		return 0;
	return rio_status_of(record, cqe);
}

static void rio_result(RIORESULT *result, const struct rio_record *record,
		       const struct regbuf_cqe *cqe)
{
	result->Status = rio_status(record, cqe);
	result->BytesTransferred = (ULONG)cqe->value;
	result->SocketContext = record->rq->context;
	result->RequestContext = record->context;
}

/* What one call takes. @taken: records, linked, the last one first. */
struct rio_taking {
	RIORESULT *results;
	ULONG nr;
	uint32_t consumed;
	rio_link taken;
};

static bool rio_take_one(struct rio_cq *cq, const struct regbuf_cqe *cqe,
			 struct rio_taking *t)
{
	struct rio_record *record = rio_record_of(cq, cqe);

	if (unlikely(!record)) {
		/* No call of the program's, see win_rio_shutdown(). */
		if (cqe->user_data == RIO_USER_OWN)
			return true;
		cq->corrupt = true;
		return false;
	}
	rio_result(&t->results[t->nr++], record, cqe);
	if (unlikely(record->extra))
		rio_names_done(cq, record - cq->records, cqe);
	record->busy = false;
	record->next = t->taken;
	t->taken = record - cq->records + 1;
	return true;
}

static void rio_take(struct rio_cq *cq, ULONG max, struct rio_taking *t)
{
	const struct regbuf_cqe *cqe;

	while (t->nr < max) {
		cqe = regbuf_queue_peek_at(cq->q, t->consumed);
		if (!cqe || unlikely(!rio_take_one(cq, cqe, t)))
			break;
		t->consumed++;
	}
}

static struct rio_lane *rio_record_lane(const struct rio_record *record)
{
	return &record->rq->lanes[record->direction];
}

/* Free records, linked from @first to @last. */
static void rio_lane_return(struct rio_lane *lane, rio_link first,
			    struct rio_record *last)
{
	struct rio_rq *rq = lane->rq;

	last->next = __atomic_load_n(&lane->returned, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&lane->returned, &last->next, first,
					    true, __ATOMIC_SEQ_CST,
					    __ATOMIC_RELAXED))
		;
	/* After that: pairs with rio_rq_close(). */
	if (unlikely(__atomic_load_n(&rq->closing, __ATOMIC_SEQ_CST)))
		rio_rq_reap(rq);
}

/* Those of one lane that follow each other go back together. */
static void rio_give_back(struct rio_cq *cq, rio_link first)
{
	struct rio_record *last, *next;
	struct rio_lane *lane;
	rio_link rest;

	for (; first; first = rest) {
		last = &cq->records[first - 1];
		lane = rio_record_lane(last);
		for (rest = last->next; rest; rest = last->next) {
			next = &cq->records[rest - 1];
			if (rio_record_lane(next) != lane)
				break;
			last = next;
		}
		rio_lane_return(lane, first, last);
	}
}

/* Entries waited for a place. */
static void rio_unstick(struct rio_cq *cq)
{
	pthread_mutex_lock(&cq->lock);
	__atomic_store_n(&cq->stuck, false, __ATOMIC_SEQ_CST);
	rio_cq_submit(cq, 0);
	pthread_mutex_unlock(&cq->lock);
}

static bool rio_cq_damaged(struct rio_cq *cq)
{
	const struct regbuf_queue *q = cq->q;
	uint32_t flags = __atomic_load_n(&q->ring->flags, __ATOMIC_RELAXED);

	if (flags & REGBUF_RING_F_BROKEN || q->cq_tail - q->cq_head >
					    regbuf_queue_cq_entries(q))
		cq->corrupt = true;
	return cq->corrupt;
}

ULONG rio_dequeue(RIO_CQ handle, PRIORESULT results, ULONG max)
{
	struct rio_taking t = { .results = results };
	struct rio_cq *cq = rio_cq_find(handle);

	if (unlikely(!cq || !results))
		return RIO_CORRUPT_CQ;
	rio_take(cq, max, &t);
	if (!t.consumed)
		return unlikely(rio_cq_damaged(cq)) ? RIO_CORRUPT_CQ : 0;
	/* The places first: who gets a record is to find one. */
	regbuf_queue_advance(cq->q, t.consumed);
	rio_give_back(cq, t.taken);
	if (unlikely(__atomic_load_n(&cq->stuck, __ATOMIC_SEQ_CST)))
		rio_unstick(cq);
	return t.nr;
}
