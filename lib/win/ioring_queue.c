// SPDX-License-Identifier: MIT
/* I/O rings: the kernel's queue, and the sockets that are attached to it. */
#include <errno.h>
#include <stdlib.h>

/* Not one of Windows' headers has been included that it could disturb. */
#include <sys/socket.h>

#include "ioring.h"

/* To begin with; the completion ring grows. */
#define IORING_SQ	128
#define IORING_CQ	256

/* Bytes of raw memory that are registered, or stay so. */
#define IORING_CACHE	(256U << 20)

int ioring_context(struct ioring *ring)
{
	return ring->rb ? 0 : win_context(&ring->rb);
}

static int ioring_queue_create(struct ioring *ring)
{
	const struct regbuf_queue_params params = {
		.sq_entries = IORING_SQ,
		.cq_entries = IORING_CQ,
	};
	int err = regbuf_cache_create(ring->rb, IORING_CACHE, &ring->cache);

	if (!err)
		err = regbuf_queue_create(ring->rb, &params, &ring->q);
	if (!err && ring->event)
		err = regbuf_queue_eventfd(ring->q, win_event_fd(ring->event));
	return err;
}

int ioring_queue(struct ioring *ring)
{
	int err;

	if (ring->q)
		return 0;
	err = ioring_context(ring);
	if (!err)
		err = ioring_queue_create(ring);
	if (err)
		ioring_sock_end(ring);
	else
		ioring_arm(ring);
	return err;
}

static int ioring_socks_grow(struct ioring *ring, int sock)
{
	int nr = ring->nr_socks ? ring->nr_socks : 16;
	struct ioring_sock *socks;

	while (nr <= sock)
		nr *= 2;
	socks = realloc(ring->socks, nr * sizeof(*socks));
	if (!socks)
		return -ENOMEM;
	memset(socks + ring->nr_socks, 0,
	       (nr - ring->nr_socks) * sizeof(*socks));
	ring->socks = socks;
	ring->nr_socks = nr;
	return 0;
}

/* Each direction by itself: another ring may have the other one. */
static int ioring_attach(struct ioring *ring, int sock, bool send,
			 uint32_t *endpoint)
{
	struct regbuf_ioc_attach attach = {
		.size = sizeof(attach),
		.flags = send ? REGBUF_ATTACH_F_SEND : REGBUF_ATTACH_F_RECV,
	};
	int err = regbuf_queue_attach(ring->q, sock, &attach);

	if (!err)
		*endpoint = attach.endpoint;
	return err;
}

/* The table is not made larger for a number that is no socket's. */
static int ioring_meet(struct ioring *ring, int sock, bool send,
		       uint32_t *endpoint)
{
	int err = ioring_attach(ring, sock, send, endpoint);

	if (err || sock < ring->nr_socks)
		return err;
	err = ioring_socks_grow(ring, sock);
	if (err)
		regbuf_queue_detach(ring->q, *endpoint, 0);
	return err;
}

int ioring_endpoint(struct ioring *ring, int sock, bool send,
		    uint32_t *endpoint)
{
	const struct ioring_sock none = { 0 };
	const struct ioring_sock *s = sock < ring->nr_socks ?
				      &ring->socks[sock] : &none;
	int err;

	*endpoint = send ? s->send : s->recv;
	if (*endpoint)
		return 0;
	err = ioring_meet(ring, sock, send, endpoint);
	if (err)
		return err;
	if (send)
		ring->socks[sock].send = *endpoint;
	else
		ring->socks[sock].recv = *endpoint;
	return 0;
}

static bool ioring_hard_close(int sock)
{
	struct linger linger = { 0 };
	socklen_t len = sizeof(linger);

	return !getsockopt(sock, SOL_SOCKET, SO_LINGER, &linger, &len) &&
	       linger.l_onoff && !linger.l_linger;
}

static bool ioring_sends(const struct ioring *ring, int sock)
{
	const struct ioring_op *op;

	TAILQ_FOREACH(op, &ring->flying, link)
		if (op->code == IORING_OP_WRITE && op->sock == sock)
			return true;
	return false;
}

/*
 * What was submitted still goes out, unless that is not wanted; then the end,
 * which closing the descriptor does not bring about while that lasts.
 */
void ioring_detach(struct ioring *ring, int sock)
{
	struct ioring_sock *s;

	if (sock < 0 || sock >= ring->nr_socks)
		return;
	s = &ring->socks[sock];
	if (s->recv)
		regbuf_queue_detach(ring->q, s->recv, 0);
	if (s->send)
		regbuf_queue_detach(ring->q, s->send,
				    ioring_sends(ring, sock) &&
				    !ioring_hard_close(sock) ?
				    REGBUF_DETACH_F_CLOSE : 0);
	*s = (struct ioring_sock){ 0 };
}

/* The queue is not made larger here: another thread may be waiting in it. */
static bool ioring_has_room(struct ioring *ring)
{
	return ring->nr_flying + regbuf_queue_ready(ring->q) <
	       regbuf_queue_cq_entries(ring->q);
}

bool ioring_shutdown(struct ioring *ring, int sock)
{
	struct regbuf_sqe *sqe;

	if (sock < 0 || sock >= ring->nr_socks || !ring->socks[sock].send ||
	    !ioring_sends(ring, sock) || !ioring_has_room(ring))
		return false;
	sqe = regbuf_queue_sqe(ring->q);
	if (!sqe)
		return false;
	regbuf_prep_shutdown(sqe, ring->socks[sock].send);
	sqe->flags = REGBUF_SQE_F_SILENT;
	ioring_sock_flush(ring);
	return true;
}

void ioring_sock_end(struct ioring *ring)
{
	regbuf_queue_destroy(ring->q);
	regbuf_cache_destroy(ring->cache);
	ring->q = NULL;
	ring->cache = NULL;
}
