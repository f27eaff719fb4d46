// SPDX-License-Identifier: MIT
/* I/O rings: requests on sockets, which the kernel's queue carries out. */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "ioring.h"

/* Raw memory up to this size is copied when it is sent. */
#define IORING_INLINE	4096U

static void ioring_fly(struct ioring *ring, struct ioring_op *op, int sock)
{
	op->sock = sock;
	op->again = false;
	TAILQ_INSERT_TAIL(&ring->flying, op, link);
	ring->nr_flying++;
}

static void ioring_release(struct ioring *ring, struct ioring_op *op)
{
	if (op->copy)
		regbuf_cache_drop(ring->cache, &op->ref);
	else
		regbuf_cache_put(ring->cache, &op->ref);
	free(op->copy);
	op->copy = NULL;
}

static void ioring_land(struct ioring *ring, struct ioring_op *op)
{
	TAILQ_REMOVE(&ring->flying, op, link);
	ring->nr_flying--;
	ioring_release(ring, op);
}

/* There is room once what is in the ring was handed over, or refused. */
static struct regbuf_sqe *ioring_sqe(struct ioring *ring,
				     const struct ioring_op *op)
{
	struct regbuf_sqe *sqe = regbuf_queue_sqe(ring->q);

	if (!sqe) {
		ioring_sock_flush(ring);
		sqe = regbuf_queue_sqe(ring->q);
	}
	if (sqe)
		sqe->user_data = (uintptr_t)op;
	return sqe;
}

/* Where @op's memory is registered. */
struct ioring_place {
	uint64_t id;
	uint64_t offset;
};

static int ioring_cached(struct ioring *ring, struct ioring_op *op, void *addr,
			 struct ioring_place *place)
{
	int err = regbuf_cache_get(ring->cache, addr, op->count,
				   op->code == IORING_OP_WRITE ?
				   REGBUF_ACCESS_READ : REGBUF_ACCESS_WRITE,
				   &op->ref);

	place->id = op->ref.id;
	place->offset = op->ref.offset;
	return err;
}

/* The program's constants are of a file, and cannot be pinned. */
static int ioring_copied(struct ioring *ring, struct ioring_op *op,
			 struct ioring_place *place)
{
	op->copy = malloc(op->count);
	if (!op->copy)
		return -ENOMEM;
	if (!win_copy_in(op->copy, op->buffer.Buffer.Address, op->count))
		return -EFAULT;
	return ioring_cached(ring, op, op->copy, place);
}

static int ioring_raw(struct ioring *ring, struct ioring_op *op,
		      struct ioring_place *place)
{
	int err = ioring_cached(ring, op, op->buffer.Buffer.Address, place);

	if (op->code == IORING_OP_WRITE &&
	    (err == -EOPNOTSUPP || err == -EFAULT))
		err = ioring_copied(ring, op, place);
	if (err)
		ioring_release(ring, op);
	return err;
}

static bool ioring_inline(const struct ioring_op *op)
{
	return op->code == IORING_OP_WRITE && op->count <= IORING_INLINE &&
	       (op->buffer.Kind == IORING_REF_RAW || !op->count);
}

/* To read nothing is to wait for something. */
static bool ioring_poll(const struct ioring_op *op)
{
	return op->code == IORING_OP_READ && !op->count;
}

static HRESULT ioring_place(struct ioring *ring, struct ioring_op *op,
			    struct ioring_place *place)
{
	const struct ioring_buffer *buffer;
	char *addr;
	HRESULT hr = ioring_memory(ring, op, &buffer, &addr);
	int err = 0;

	if (FAILED(hr) || ioring_inline(op) || ioring_poll(op))
		return hr;
	if (buffer) {
		place->id = buffer->id;
		place->offset = addr - (char *)buffer->addr;
	} else {
		err = ioring_raw(ring, op, place);
	}
	return err ? ioring_sock_error(-err) : S_OK;
}

static void ioring_prep(struct regbuf_sqe *sqe, const struct ioring_op *op,
			uint32_t endpoint, const struct ioring_place *place)
{
	if (ioring_poll(op))
		regbuf_prep_poll(sqe, endpoint, EPOLLIN | EPOLLRDHUP);
	else if (ioring_inline(op))
		regbuf_prep_send_inline(sqe, endpoint,
					op->buffer.Buffer.Address, op->count);
	else if (op->code == IORING_OP_WRITE)
		regbuf_prep_send(sqe, endpoint, place->id, place->offset,
				 op->count);
	else
		regbuf_prep_recv(sqe, endpoint, place->id, place->offset,
				 op->count);
}

HRESULT ioring_sock_start(struct ioring *ring, struct ioring_op *op, int sock)
{
	bool send = op->code == IORING_OP_WRITE;
	struct ioring_place place = { 0 };
	struct regbuf_sqe *sqe;
	uint32_t endpoint;
	HRESULT hr;
	int err;

	if (!send && op->code != IORING_OP_READ)
		return HRESULT_FROM_WIN32(ERROR_INVALID_FUNCTION);
	if (ring->nr_flying >= IORING_MAX_FLYING)
		return HRESULT_FROM_WIN32(ERROR_NO_SYSTEM_RESOURCES);
	err = ioring_queue(ring);
	if (!err)
		err = ioring_endpoint(ring, sock, send, &endpoint);
	if (err)
		return ioring_sock_error(-err);
	hr = ioring_place(ring, op, &place);
	if (FAILED(hr))
		return hr;
	sqe = ioring_sqe(ring, op);
	if (!sqe) {
		ioring_release(ring, op);
		return HRESULT_FROM_WIN32(ERROR_NO_SYSTEM_RESOURCES);
	}
	ioring_prep(sqe, op, endpoint, &place);
	ioring_fly(ring, op, sock);
	return S_OK;
}

HRESULT ioring_sock_cancel(struct ioring *ring, struct ioring_op *op,
			   struct ioring_op *target)
{
	struct regbuf_sqe *sqe = ioring_sqe(ring, op);

	if (!sqe)
		return HRESULT_FROM_WIN32(ERROR_NO_SYSTEM_RESOURCES);
	regbuf_prep_cancel(sqe, 0, (uintptr_t)target);
	ioring_fly(ring, op, -1);
	return S_OK;
}

/* What has entered the socket is through soon, cancelled or not. */
static HRESULT ioring_result(const struct ioring_op *op,
			     const struct regbuf_cqe *cqe)
{
	if (op->code == IORING_OP_CANCEL && cqe->error == ENOENT)
		return HRESULT_FROM_WIN32(ERROR_NOT_FOUND);
	if (op->code == IORING_OP_CANCEL && cqe->error == EALREADY)
		return S_OK;
	if (cqe->error)
		return ioring_sock_error(cqe->error);
	if (cqe->flags & REGBUF_CQE_F_TRUNC)
		return HRESULT_FROM_WIN32(ERROR_MORE_DATA);
	return S_OK;
}

void ioring_sock_done(struct ioring *ring, const struct regbuf_cqe *cqe)
{
	struct ioring_op *op = (struct ioring_op *)(uintptr_t)cqe->user_data;

	/* In the place of one that was refused. */
	if (!op)
		return;
	ioring_land(ring, op);
	ioring_complete(ring, op, ioring_result(op, cqe),
			cqe->value < op->count ? cqe->value : op->count);
}

/* Once, if it was registered before and its memory is not mapped any more. */
static bool ioring_again(struct ioring *ring, struct ioring_op *op,
			 struct regbuf_sqe *sqe)
{
	struct ioring_place place;

	if (!op->ref.entry || op->copy || op->again)
		return false;
	op->again = true;
	regbuf_cache_drop(ring->cache, &op->ref);
	if (ioring_cached(ring, op, op->buffer.Buffer.Address, &place))
		return false;
	sqe->id = place.id;
	sqe->offset = place.offset;
	return true;
}

static void ioring_refuse(struct ioring *ring, struct regbuf_sqe *sqe, int err)
{
	struct ioring_op *op = (struct ioring_op *)(uintptr_t)sqe->user_data;

	if (op && err == ESTALE && ioring_again(ring, op, sqe))
		return;
	sqe->user_data = 0;
	regbuf_prep_nop(sqe);
	sqe->flags = REGBUF_SQE_F_SILENT;
	if (!op)
		return;
	ioring_land(ring, op);
	ioring_complete(ring, op, ioring_sock_error(err), 0);
}

/* The queue itself does not work any more: nothing comes of what flies. */
static void ioring_ground(struct ioring *ring, int err)
{
	struct ioring_op *op;

	regbuf_queue_drop(ring->q);
	while ((op = TAILQ_FIRST(&ring->flying))) {
		ioring_land(ring, op);
		ioring_complete(ring, op, ioring_sock_error(err), 0);
	}
}

/* True if there are places in the completion ring that there were not. */
static bool ioring_room(struct ioring *ring)
{
	uint32_t entries = regbuf_queue_cq_entries(ring->q);

	if (regbuf_queue_ready(ring->q)) {
		ioring_reap(ring);
		return true;
	}
	return entries < IORING_MAX_CQ &&
	       !regbuf_queue_resize(ring->q, 0, 2 * entries);
}

/* After an entry was not taken. False if it has to wait for others to be. */
static bool ioring_refused(struct ioring *ring, int err)
{
	switch (err) {
	case ENOTRECOVERABLE:
	case ESHUTDOWN:
	case EPERM:
		ioring_ground(ring, err);
		return true;
	case EINTR:
		return true;
	case ENOBUFS:
		return ioring_room(ring);
	default:
		ioring_refuse(ring, regbuf_queue_refused(ring->q), err);
		return true;
	}
}

void ioring_sock_flush(struct ioring *ring)
{
	int taken = 0;

	if (!ring->q)
		return;
	while (regbuf_queue_refused(ring->q) &&
	       (taken >= 0 || ioring_refused(ring, -taken)))
		taken = regbuf_queue_submit(ring->q);
}
