// SPDX-License-Identifier: MIT
/*
 * Bytes of a connection into registered memory: C9, into those pages, whatever
 * is mapped at the address now, and S49, not after they were taken back. That
 * is done by a queue of the kernel, which is asked and answers at once, under a
 * lock of its own, the last of all.
 */
#include <errno.h>
#include <unistd.h>

#include "rdma.h"

static struct {
	pthread_mutex_t lock;
	struct regbuf_queue *q;
} rdma_ring = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* A receive, and what takes it back. */
#define RDMA_RING_SQ	2
#define RDMA_RING_CQ	4
#define RDMA_RING_RECV	1

static int rdma_ring_make(struct regbuf *rb)
{
	const struct regbuf_queue_params params = {
		.sq_entries = RDMA_RING_SQ,
		.cq_entries = RDMA_RING_CQ,
	};

	return rdma_ring.q ? 0 :
	       regbuf_queue_create(rb, &params, &rdma_ring.q);
}

int rdma_attach(struct regbuf *rb, int fd, uint32_t *endpoint)
{
	struct regbuf_ioc_attach attach = {
		.size = sizeof(attach),
		.flags = REGBUF_ATTACH_F_RECV,
	};
	int err;

	if (*endpoint)
		return 0;
	pthread_mutex_lock(&rdma_ring.lock);
	err = rdma_ring_make(rb);
	if (!err)
		err = regbuf_queue_attach(rdma_ring.q, fd, &attach);
	pthread_mutex_unlock(&rdma_ring.lock);
	if (!err)
		*endpoint = attach.endpoint;
	return err;
}

void rdma_detach(uint32_t *endpoint)
{
	if (!*endpoint)
		return;
	pthread_mutex_lock(&rdma_ring.lock);
	regbuf_queue_detach(rdma_ring.q, *endpoint, 0);
	pthread_mutex_unlock(&rdma_ring.lock);
	*endpoint = 0;
}

/* What became of the receive, -EAGAIN if that is not known. */
static ssize_t rdma_ring_result(struct regbuf_queue *q)
{
	const struct regbuf_cqe *cqe;
	ssize_t got = -EAGAIN;

	while ((cqe = regbuf_queue_peek(q))) {
		if (cqe->user_data == RDMA_RING_RECV)
			got = cqe->error && !cqe->value ?
			      regbuf_cqe_error(cqe) : (ssize_t)cqe->value;
		regbuf_queue_advance(q, 1);
	}
	return got;
}

static int rdma_ring_submit(struct regbuf_queue *q)
{
	int n;

	do {
		n = regbuf_queue_submit(q);
	} while (n == -EINTR);
	/* Refused: the next one finds the ring empty. */
	if (n < 0)
		regbuf_queue_drop(q);
	return n < 0 ? n : 0;
}

/* It was not there yet: nothing stays behind that could write later. */
static ssize_t rdma_ring_cancel(struct regbuf_queue *q)
{
	ssize_t got;
	int err;

	regbuf_prep_cancel(regbuf_queue_sqe(q), 0, RDMA_RING_RECV);
	err = rdma_ring_submit(q);
	if (err)
		return err;
	got = rdma_ring_result(q);
	return got == -ECANCELED ? -EAGAIN : got;
}

static ssize_t rdma_ring_recv(struct regbuf_queue *q, uint32_t endpoint,
			      const struct regbuf_slice *slices, uint32_t nr)
{
	struct regbuf_sqe *sqe = regbuf_queue_sqe(q);
	ssize_t got;
	int err;

	regbuf_prep_recvv(sqe, endpoint, slices, nr);
	sqe->user_data = RDMA_RING_RECV;
	err = rdma_ring_submit(q);
	if (err)
		return err;
	got = rdma_ring_result(q);
	return got == -EAGAIN ? rdma_ring_cancel(q) : got;
}

ssize_t rdma_receive(uint32_t endpoint, const struct regbuf_slice *slices,
		     uint32_t nr)
{
	ssize_t got;

	pthread_mutex_lock(&rdma_ring.lock);
	got = rdma_ring_recv(rdma_ring.q, endpoint, slices, nr);
	pthread_mutex_unlock(&rdma_ring.lock);
	return got;
}

void rdma_ring_prepare(void)
{
	pthread_mutex_lock(&rdma_ring.lock);
}

void rdma_ring_parent(void)
{
	pthread_mutex_unlock(&rdma_ring.lock);
}

/* Its descriptor would keep the parent's connections. */
void rdma_ring_child(void)
{
	if (rdma_ring.q)
		close(regbuf_queue_fd(rdma_ring.q));
	rdma_ring.q = NULL;
	rdma_ring_parent();
}
