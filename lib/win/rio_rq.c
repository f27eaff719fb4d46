// SPDX-License-Identifier: MIT
/* RIO's request queues: sockets with a lane for each direction. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rio.h"
#include "rio_calls.h"

/* By descriptor: which request queue, its number and 1. Under rio_lock. */
static struct {
	uint32_t *rqs;
	uint32_t count;
} rio_socks;

static struct rio_rq *rio_sock_rq(int sock)
{
	uint32_t number = 0;

	if (sock >= 0 && (uint32_t)sock < rio_socks.count)
		number = rio_socks.rqs[sock];
	return number ? rio_object_at(&rio_rqs, sizeof(struct rio_rq),
				      number - 1) : NULL;
}

static bool rio_socks_grow(uint32_t sock)
{
	uint32_t count = sock < 512 ? 1024 : sock * 2;
	uint32_t *rqs;

	if (sock < rio_socks.count)
		return true;
	rqs = realloc(rio_socks.rqs, count * sizeof(*rqs));
	if (!rqs)
		return false;
	memset(rqs + rio_socks.count, 0,
	       (count - rio_socks.count) * sizeof(*rqs));
	rio_socks.rqs = rqs;
	rio_socks.count = count;
	return true;
}

void rio_socks_forget(void)
{
	if (rio_socks.rqs)
		memset(rio_socks.rqs, 0,
		       rio_socks.count * sizeof(*rio_socks.rqs));
}

/* Its requests will complete there. */
static DWORD rio_lane_open(struct rio_lane *lane, struct rio_cq *cq,
			   uint32_t max)
{
	bool taken;

	if ((uint64_t)cq->used + max > cq->size)
		return WSAENOBUFS;
	pthread_mutex_lock(&cq->lock);
	taken = rio_records_take(lane, cq, max);
	if (!taken) {
		rio_records_give(cq, lane->free);
		lane->free = 0;
	}
	pthread_mutex_unlock(&cq->lock);
	if (!taken)
		return WSAENOBUFS;
	cq->used += max;
	lane->max = max;
	lane->cq = cq;
	lane->next = cq->lanes;
	if (lane->next)
		lane->next->at = &lane->next;
	lane->at = &cq->lanes;
	cq->lanes = lane;
	return 0;
}

/* The completion queue has nothing to do with it any more. */
static void rio_lane_leave(struct rio_lane *lane)
{
	*lane->at = lane->next;
	if (lane->next)
		lane->next->at = lane->at;
	lane->cq = NULL;
}

/* What is free goes back; the rest does when its completions are taken. */
static void rio_lane_close(struct rio_lane *lane)
{
	struct rio_cq *cq = lane->cq;

	if (!cq)
		return;
	pthread_mutex_lock(&cq->lock);
	/* What was deferred is cancelled, not lost. */
	rio_cq_submit(cq, 0);
	if (lane->endpoint)
		regbuf_queue_detach(cq->q, lane->endpoint, 0);
	lane->missing = lane->max - rio_records_give(cq, lane->free);
	lane->free = 0;
	cq->used -= lane->max;
	pthread_mutex_unlock(&cq->lock);
}

/* True if all records are back. */
static bool rio_lane_reap(struct rio_lane *lane)
{
	struct rio_cq *cq = lane->cq;
	rio_link returned;

	if (!cq)
		return true;
	pthread_mutex_lock(&cq->lock);
	returned = __atomic_exchange_n(&lane->returned, 0, __ATOMIC_SEQ_CST);
	lane->missing -= rio_records_give(cq, returned);
	pthread_mutex_unlock(&cq->lock);
	if (lane->missing)
		return false;
	rio_lane_leave(lane);
	return true;
}

static void __rio_rq_reap(struct rio_rq *rq)
{
	bool recv, send;

	recv = rio_lane_reap(&rq->lanes[RIO_RECV]);
	send = rio_lane_reap(&rq->lanes[RIO_SEND]);
	if (!recv || !send)
		return;
	__atomic_store_n(&rq->closing, false, __ATOMIC_SEQ_CST);
	rio_object_free(&rio_rqs, &rq->obj);
}

void rio_rq_reap(struct rio_rq *rq)
{
	pthread_mutex_lock(&rio_lock);
	/* Somebody else may have, and it may be another one by now. */
	if (rq->closing)
		__rio_rq_reap(rq);
	pthread_mutex_unlock(&rio_lock);
}

void rio_lane_orphan(struct rio_lane *lane)
{
	struct rio_rq *rq = lane->rq;

	rio_lane_leave(lane);
	lane->home = NULL;
	if (rq->closing)
		__rio_rq_reap(rq);
}

static void rio_rq_close(struct rio_rq *rq)
{
	rio_object_kill(&rq->obj);
	if (rio_sock_rq(rq->sock) == rq)
		rio_socks.rqs[rq->sock] = 0;
	rio_lane_close(&rq->lanes[RIO_RECV]);
	rio_lane_close(&rq->lanes[RIO_SEND]);
	/* Who takes completions from here on looks; what was is looked at. */
	__atomic_store_n(&rq->closing, true, __ATOMIC_SEQ_CST);
	__rio_rq_reap(rq);
}

void win_rio_close(int sock)
{
	struct rio_rq *rq;

	pthread_mutex_lock(&rio_lock);
	rq = rio_sock_rq(sock);
	if (rq)
		rio_rq_close(rq);
	pthread_mutex_unlock(&rio_lock);
}

bool win_rio_uses(int sock, bool send)
{
	struct rio_rq *rq;
	bool uses;

	pthread_mutex_lock(&rio_lock);
	rq = rio_sock_rq(sock);
	uses = rq && rq->lanes[send ? RIO_SEND : RIO_RECV].cq;
	pthread_mutex_unlock(&rio_lock);
	return uses;
}

/* Collect what is free: how many. The completion queue's lock held. */
static uint32_t rio_lane_idle(struct rio_lane *lane)
{
	struct rio_cq *cq = lane->cq;
	uint32_t nr = 0;
	rio_link *at;

	for (at = &lane->free; *at; at = &cq->records[*at - 1].next)
		nr++;
	*at = __atomic_exchange_n(&lane->returned, 0, __ATOMIC_ACQUIRE);
	for (; *at; at = &cq->records[*at - 1].next)
		nr++;
	return nr;
}

/* The completion queue's lock held. True if nothing is outstanding. */
static bool rio_lane_is_idle(struct rio_lane *lane)
{
	return rio_lane_idle(lane) == lane->max;
}

/* After what was sent, deferred sends among it. */
static bool rio_lane_shutdown(struct rio_lane *lane)
{
	struct regbuf_queue *q = lane->cq->q;
	struct regbuf_sqe *sqe;

	if (lane->cq->corrupt || rio_lane_is_idle(lane))
		return false;
	rio_cq_submit(lane->cq, 0);
	sqe = regbuf_queue_sqe(q);
	if (!sqe)
		return false;
	regbuf_prep_shutdown(sqe, lane->endpoint);
	sqe->flags = REGBUF_SQE_F_SILENT;
	sqe->user_data = RIO_USER_OWN;
	return !rio_cq_submit(lane->cq, RIO_USER_OWN);
}

bool win_rio_shutdown(int sock)
{
	struct rio_lane *lane;
	struct rio_rq *rq;
	bool done = false;

	pthread_mutex_lock(&rio_lock);
	rq = rio_sock_rq(sock);
	lane = rq ? &rq->lanes[RIO_SEND] : NULL;
	if (lane && lane->cq && rq->stream) {
		pthread_mutex_lock(&lane->cq->lock);
		done = rio_lane_shutdown(lane);
		pthread_mutex_unlock(&lane->cq->lock);
	}
	pthread_mutex_unlock(&rio_lock);
	return done;
}

static DWORD rio_lane_attach(struct rio_rq *rq, struct rio_lane *lane,
			     uint32_t flags)
{
	struct regbuf_ioc_attach attach = {
		.size = sizeof(attach),
		.flags = flags,
	};
	int err;

	/* Programs reuse what they send from in the order that it was sent. */
	if (rq->stream && flags & REGBUF_ATTACH_F_SEND)
		attach.flags |= REGBUF_ATTACH_F_ORDERED;
	err = regbuf_queue_attach(lane->cq->q, rq->sock, &attach);
	lane->endpoint = err ? 0 : attach.endpoint;
	/* It has a queue already, if not one of this process. */
	return err == -EBUSY ? WSAEINVAL : win_wsa_code(-err);
}

static DWORD rio_rq_attach(struct rio_rq *rq)
{
	struct rio_lane *recv = &rq->lanes[RIO_RECV];
	struct rio_lane *send = &rq->lanes[RIO_SEND];
	DWORD code = 0;

	if (recv->cq && recv->cq == send->cq) {
		code = rio_lane_attach(rq, recv, REGBUF_ATTACH_F_RECV |
						 REGBUF_ATTACH_F_SEND);
		send->endpoint = recv->endpoint;
		return code;
	}
	if (recv->cq)
		code = rio_lane_attach(rq, recv, REGBUF_ATTACH_F_RECV);
	if (!code && send->cq)
		code = rio_lane_attach(rq, send, REGBUF_ATTACH_F_SEND);
	return code;
}

/* What RIOCreateRequestQueue is asked for. */
struct rio_wanted {
	int sock;
	bool stream;
	uint64_t inode;
	uint64_t context;
	struct rio_cq *cqs[2];
	uint32_t max[2];
};

static void rio_rq_init(struct rio_rq *rq, const struct rio_wanted *wanted)
{
	int i;

	rq->closing = false;
	rq->stream = wanted->stream;
	rq->pktinfo = false;
	rq->sock = wanted->sock;
	rq->inode = wanted->inode;
	rq->context = wanted->context;
	memset(rq->name, 0, sizeof(rq->name));
	memset(rq->lanes, 0, sizeof(rq->lanes));
	for (i = 0; i < 2; i++) {
		rq->lanes[i].rq = rq;
		rq->lanes[i].home = wanted->cqs[i];
	}
}

static DWORD rio_rq_open(struct rio_rq *rq, const struct rio_wanted *wanted)
{
	DWORD code = 0;
	int i;

	rio_rq_init(rq, wanted);
	for (i = 0; i < 2 && !code; i++)
		if (wanted->max[i])
			code = rio_lane_open(&rq->lanes[i], wanted->cqs[i],
					     wanted->max[i]);
	return code ? code : rio_rq_attach(rq);
}

/* There is one for each socket. A descriptor may be another socket by now. */
static bool rio_rq_taken(const struct rio_wanted *wanted)
{
	struct rio_rq *rq = rio_sock_rq(wanted->sock);

	if (!rq)
		return false;
	if (rq->inode == wanted->inode)
		return true;
	rio_rq_close(rq);
	return false;
}

/* rio_lock held. */
static DWORD rio_rq_make(const struct rio_wanted *wanted, struct rio_rq **out)
{
	struct rio_rq *rq;
	DWORD code;

	if (!wanted->cqs[RIO_RECV] || !wanted->cqs[RIO_SEND] ||
	    rio_rq_taken(wanted))
		return WSAEINVAL;
	if (!rio_socks_grow(wanted->sock))
		return WSAENOBUFS;
	rq = rio_object_new(&rio_rqs);
	if (!rq)
		return WSAENOBUFS;
	code = rio_rq_open(rq, wanted);
	if (code) {
		rio_rq_close(rq);
		return code;
	}
	rio_socks.rqs[rq->sock] = rq->obj.number + 1;
	rio_object_show(&rio_rqs, &rq->obj);
	*out = rq;
	return 0;
}

/* Requests have one piece of data each. */
static bool rio_maxima_good(uint32_t max, uint32_t buffers)
{
	return buffers == 1 || (!max && !buffers);
}

RIO_RQ rio_rq_create(SOCKET sock, ULONG max_recv, ULONG recv_buffers,
		     ULONG max_send, ULONG send_buffers, RIO_CQ recv_cq,
		     RIO_CQ send_cq, PVOID context)
{
	struct rio_wanted wanted = {
		.sock = sock > INT32_MAX ? -1 : (int)sock,
		.context = (uintptr_t)context,
		.max = { max_recv, max_send },
	};
	struct rio_rq *rq = NULL;
	DWORD code;

	code = rio_socket_look(wanted.sock, &wanted.stream, &wanted.inode);
	if (!code && ((max_recv && win_async_busy(wanted.sock, false)) ||
		      (max_send && win_async_busy(wanted.sock, true))))
		code = ERROR_BUSY;
	if (!code && ((!max_recv && !max_send) ||
		      !rio_maxima_good(max_recv, recv_buffers) ||
		      !rio_maxima_good(max_send, send_buffers)))
		code = WSAEINVAL;
	if (!code) {
		pthread_mutex_lock(&rio_lock);
		wanted.cqs[RIO_RECV] = rio_cq_find(recv_cq);
		wanted.cqs[RIO_SEND] = rio_cq_find(send_cq);
		code = rio_rq_make(&wanted, &rq);
		pthread_mutex_unlock(&rio_lock);
	}
	if (code) {
		win_refuse(code);
		return RIO_INVALID_RQ;
	}
	if (!wanted.stream)
		rio_socket_make_room(wanted.sock, max_recv);
	return (RIO_RQ)(uintptr_t)rq->obj.handle;
}

/* May so many records go? */
static DWORD rio_lane_may_shrink(struct rio_lane *lane, uint32_t max)
{
	uint32_t idle;

	if (!lane->cq || max >= lane->max)
		return 0;
	pthread_mutex_lock(&lane->cq->lock);
	idle = rio_lane_idle(lane);
	pthread_mutex_unlock(&lane->cq->lock);
	return lane->max - max > idle ? WSAETOOMANYREFS : 0;
}

static void rio_lane_shrink(struct rio_lane *lane, uint32_t max)
{
	struct rio_cq *cq = lane->cq;
	rio_link link;

	pthread_mutex_lock(&cq->lock);
	cq->used -= lane->max - max;
	for (; lane->max > max; lane->max--) {
		link = lane->free;
		lane->free = cq->records[link - 1].next;
		cq->records[link - 1].next = cq->spare;
		cq->spare = link;
	}
	pthread_mutex_unlock(&cq->lock);
}

/* It has room for them; see rio_rq_may_resize(). */
static DWORD rio_lane_grow(struct rio_lane *lane, uint32_t max)
{
	struct rio_cq *cq = lane->cq;
	uint32_t more = max - lane->max;
	rio_link had, link;
	bool taken;

	pthread_mutex_lock(&cq->lock);
	had = lane->free;
	taken = rio_records_take(lane, cq, more);
	if (taken) {
		cq->used += more;
		lane->max = max;
	} else {
		while ((link = lane->free) != had) {
			lane->free = cq->records[link - 1].next;
			cq->records[link - 1].next = cq->spare;
			cq->spare = link;
		}
	}
	pthread_mutex_unlock(&cq->lock);
	return taken ? 0 : WSAENOBUFS;
}

/* A direction that it did not have. */
static DWORD rio_lane_start(struct rio_rq *rq, struct rio_lane *lane,
			    uint32_t max)
{
	uint32_t flags = lane == &rq->lanes[RIO_RECV] ? REGBUF_ATTACH_F_RECV :
							REGBUF_ATTACH_F_SEND;
	DWORD code;

	if (win_async_busy(rq->sock, flags == REGBUF_ATTACH_F_SEND))
		return ERROR_BUSY;
	code = rio_lane_open(lane, lane->home, max);
	if (code)
		return code;
	code = rio_lane_attach(rq, lane, flags);
	if (code) {
		rio_lane_shrink(lane, 0);
		rio_lane_leave(lane);
	}
	return code;
}

static DWORD rio_lane_resize(struct rio_rq *rq, struct rio_lane *lane,
			     uint32_t max)
{
	if (max == lane->max)
		return 0;
	if (!lane->cq)
		return rio_lane_start(rq, lane, max);
	if (max > lane->max)
		return rio_lane_grow(lane, max);
	rio_lane_shrink(lane, max);
	return 0;
}

/* Would the completion queues still have room for all? */
static bool rio_rq_fits(const struct rio_rq *rq, const uint32_t max[2])
{
	const struct rio_lane *recv = &rq->lanes[RIO_RECV];
	const struct rio_lane *send = &rq->lanes[RIO_SEND];
	int64_t more_recv = (int64_t)max[RIO_RECV] - recv->max;
	int64_t more_send = (int64_t)max[RIO_SEND] - send->max;
	int64_t used_recv = recv->home->used + more_recv;
	int64_t used_send = send->home->used + more_send;

	if (recv->home == send->home)
		return used_recv + more_send <= recv->home->size;
	return (more_recv <= 0 || used_recv <= recv->home->size) &&
	       (more_send <= 0 || used_send <= send->home->size);
}

static DWORD rio_rq_may_resize(struct rio_rq *rq, const uint32_t max[2])
{
	DWORD code;

	if (!max[RIO_RECV] && !max[RIO_SEND])
		return WSAEINVAL;
	if (!rq->lanes[RIO_RECV].home || !rq->lanes[RIO_SEND].home)
		return WSAEINVAL;
	code = rio_lane_may_shrink(&rq->lanes[RIO_RECV], max[RIO_RECV]);
	if (!code)
		code = rio_lane_may_shrink(&rq->lanes[RIO_SEND], max[RIO_SEND]);
	if (!code && !rio_rq_fits(rq, max))
		code = WSAENOBUFS;
	return code;
}

/* Both or none; what shrinks comes first, to make room for what grows. */
static DWORD rio_rq_resize_to(struct rio_rq *rq, const uint32_t max[2])
{
	int first = max[RIO_SEND] < rq->lanes[RIO_SEND].max;
	struct rio_lane *lane = &rq->lanes[first];
	struct rio_lane *other = &rq->lanes[!first];
	uint32_t had = lane->max;
	DWORD code;

	code = rio_rq_may_resize(rq, max);
	if (code)
		return code;
	code = rio_lane_resize(rq, lane, max[first]);
	if (code)
		return code;
	code = rio_lane_resize(rq, other, max[!first]);
	if (code)
		rio_lane_resize(rq, lane, had);
	return code;
}

BOOL rio_rq_resize(RIO_RQ handle, DWORD max_recv, DWORD max_send)
{
	const uint32_t max[2] = { max_recv, max_send };
	struct rio_rq *rq;
	DWORD code;

	pthread_mutex_lock(&rio_lock);
	rq = rio_rq_find(handle);
	code = rq ? rio_rq_resize_to(rq, max) : WSAEINVAL;
	if (!code && !rq->stream)
		rio_socket_make_room(rq->sock, max_recv);
	pthread_mutex_unlock(&rio_lock);
	return code ? win_refuse(code) : TRUE;
}
