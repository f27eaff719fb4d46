// SPDX-License-Identifier: MIT
/*
 * Queues: make, change, submit, wait. What is done for each request is inline,
 * in regbuf.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "regbuf_int.h"

/* A sigset_t as the kernel sees it. */
#define REGBUF_SIGMASK_SIZE	8

/* What the header's inline functions see comes first. */
struct regbuf_queue_all {
	struct regbuf_queue q;
	int fd;
	/* Entries handed over to a poller. Others are taken during the call. */
	uint32_t published;
	size_t map_size;
};

static struct regbuf_queue_all *regbuf_queue_all(struct regbuf_queue *q)
{
	return (struct regbuf_queue_all *)q;
}

static int regbuf_queue_call(struct regbuf_queue *q, unsigned long cmd,
			     void *arg)
{
	return ioctl(regbuf_queue_all(q)->fd, cmd, arg) < 0 ? -errno : 0;
}

/*
 * Where the rings are, of which the kernel told us once. Nothing of this is
 * ever read from shared memory, where anybody may write.
 */
struct regbuf_layout {
	uint32_t sq_entries;
	uint32_t cq_entries;
	uint32_t sq_off;
	uint32_t cq_off;
	uint32_t pool_off;
	uint64_t map_size;
};

static int regbuf_queue_map(struct regbuf_queue *q,
			    const struct regbuf_layout *at)
{
	struct regbuf_queue_all *all = regbuf_queue_all(q);
	char *map = mmap(NULL, at->map_size, PROT_READ | PROT_WRITE, MAP_SHARED,
			 all->fd, 0);

	if (map == MAP_FAILED)
		return -errno;
	if (q->ring)
		munmap(q->ring, all->map_size);
	all->map_size = at->map_size;
	q->ring = (void *)map;
	q->sqes = (void *)(map + at->sq_off);
	q->cqes = (void *)(map + at->cq_off);
	q->returned = (void *)(map + at->pool_off);
	q->sq_mask = at->sq_entries - 1;
	q->cq_mask = at->cq_entries - 1;
	return 0;
}

static int regbuf_queue_open(struct regbuf *rb,
			     const struct regbuf_queue_params *params,
			     struct regbuf_queue *q)
{
	struct regbuf_ioc_queue queue = {
		.size = sizeof(queue),
		.flags = params->flags,
		.sq_entries = params->sq_entries,
		.cq_entries = params->cq_entries,
		.pool_entries = params->pool_entries,
		.poller_idle_us = params->poller_idle_us,
	};
	struct regbuf_layout at;
	int err = regbuf_call(rb, REGBUF_IOC_QUEUE, &queue);

	if (err)
		return err;
	at.sq_entries = queue.sq_entries;
	at.cq_entries = queue.cq_entries;
	at.sq_off = queue.sq_off;
	at.cq_off = queue.cq_off;
	at.pool_off = queue.pool_off;
	at.map_size = queue.map_size;
	q->flags = params->flags;
	q->pool_mask = queue.pool_entries ? queue.pool_entries - 1 : 0;
	regbuf_queue_all(q)->fd = queue.fd;
	err = regbuf_queue_map(q, &at);
	if (err)
		close(queue.fd);
	return err;
}

REGBUF_EXPORT int regbuf_queue_create(struct regbuf *rb,
				      const struct regbuf_queue_params *params,
				      struct regbuf_queue **out)
{
	struct regbuf_queue *q;
	int err;

	*out = NULL;
	/* For members to come: a program that sets them wants what they do. */
	if (params->reserved[0] || params->reserved[1] || params->reserved[2])
		return -EINVAL;
	q = calloc(1, sizeof(struct regbuf_queue_all));
	if (!q)
		return -ENOMEM;
	err = regbuf_queue_open(rb, params, q);
	if (err) {
		free(q);
		return err;
	}
	*out = q;
	return 0;
}

REGBUF_EXPORT void regbuf_queue_destroy(struct regbuf_queue *q)
{
	if (!q)
		return;
	munmap(q->ring, regbuf_queue_all(q)->map_size);
	close(regbuf_queue_all(q)->fd);
	free(q);
}

REGBUF_EXPORT int regbuf_queue_fd(const struct regbuf_queue *q)
{
	return ((const struct regbuf_queue_all *)q)->fd;
}

REGBUF_EXPORT int regbuf_queue_attach(struct regbuf_queue *q, int sock,
				      struct regbuf_ioc_attach *attach)
{
	attach->fd = sock;
	return regbuf_queue_call(q, REGBUF_IOC_ATTACH, attach);
}

REGBUF_EXPORT int regbuf_queue_detach(struct regbuf_queue *q, uint32_t endpoint,
				      unsigned int flags)
{
	struct regbuf_ioc_detach detach = {
		.size = sizeof(detach),
		.flags = flags,
		.endpoint = endpoint,
	};

	return regbuf_queue_call(q, REGBUF_IOC_DETACH, &detach);
}

REGBUF_EXPORT int regbuf_queue_socket(struct regbuf_queue *q, uint32_t endpoint)
{
	struct regbuf_ioc_socket sock = {
		.size = sizeof(sock),
		.endpoint = endpoint,
	};
	int err = regbuf_queue_call(q, REGBUF_IOC_SOCKET, &sock);

	return err ? err : sock.fd;
}

REGBUF_EXPORT int regbuf_queue_eventfd(struct regbuf_queue *q, int fd)
{
	struct regbuf_ioc_eventfd eventfd = {
		.size = sizeof(eventfd),
		.fd = fd,
	};

	return regbuf_queue_call(q, REGBUF_IOC_EVENTFD, &eventfd);
}

REGBUF_EXPORT int regbuf_queue_pool_set(struct regbuf_queue *q, uint64_t id,
					uint64_t offset, uint32_t length,
					uint32_t count)
{
	struct regbuf_ioc_pool pool = {
		.size = sizeof(pool),
		.id = id,
		.offset = offset,
		.length = length,
		.count = count,
	};

	return regbuf_queue_call(q, REGBUF_IOC_POOL, &pool);
}

/* Let the kernel see what was filled. How many it has not taken. */
static uint32_t regbuf_queue_publish(struct regbuf_queue *q)
{
	/*
	 * Pairs with the kernel's acquire before it reads an entry; and with
	 * a poller's setting NEED_ENTER, after which it looks once more.
	 */
	regbuf_store_full(&q->ring->sq_tail, q->sq_tail);
	/* Pairs with the kernel's release after it read an entry. */
	q->sq_head = regbuf_load_acquire(&q->ring->sq_head);
	return q->sq_tail - q->sq_head;
}

REGBUF_EXPORT int regbuf_queue_resize(struct regbuf_queue *q,
				      uint32_t sq_entries, uint32_t cq_entries)
{
	struct regbuf_ioc_resize resize = {
		.size = sizeof(resize),
		.sq_entries = sq_entries,
		.cq_entries = cq_entries,
	};
	struct regbuf_layout at;
	int err;

	/* The kernel takes over the entries that it knows of. */
	regbuf_queue_publish(q);
	err = regbuf_queue_call(q, REGBUF_IOC_RESIZE, &resize);
	if (err)
		return err;
	at.sq_entries = resize.sq_entries;
	at.cq_entries = resize.cq_entries;
	at.sq_off = resize.sq_off;
	at.cq_off = resize.cq_off;
	at.pool_off = resize.pool_off;
	at.map_size = resize.map_size;
	return regbuf_queue_map(q, &at) ? -ENOMEM : 0;
}

static int regbuf_queue_enter(struct regbuf_queue *q,
			      struct regbuf_ioc_enter *enter,
			      const void *sigmask)
{
	enter->size = sizeof(*enter);
	if (sigmask) {
		enter->sigmask = (uintptr_t)sigmask;
		enter->sigmask_size = REGBUF_SIGMASK_SIZE;
	}
	return regbuf_queue_call(q, REGBUF_IOC_ENTER, enter);
}

/* Does the kernel want to be called, or have an error to tell? */
static int regbuf_queue_flagged(const struct regbuf_queue *q)
{
	/* Pairs with its setting the flag before it looks once more. */
	return regbuf_load_full(&q->ring->flags) &
	       (REGBUF_RING_F_NEED_ENTER | REGBUF_RING_F_BROKEN);
}

/* As any thread sees it, not only the consumer. */
static int regbuf_queue_has(const struct regbuf_queue *q, uint32_t n)
{
	uint32_t head, tail;

	if (!n)
		return 1;
	/*
	 * Head first: what is consumed meanwhile counts, rather than that the
	 * difference is of numbers that never were together. Pairs with
	 * regbuf_queue_advance() in another thread.
	 */
	head = regbuf_load_acquire(&q->ring->cq_head);
	tail = regbuf_load_acquire(&q->ring->cq_tail);
	/* A wait for more than there are entries is one for all. */
	return tail - head >= n || tail - head > q->cq_mask;
}

REGBUF_EXPORT int regbuf_queue_kick(struct regbuf_queue *q)
{
	struct regbuf_ioc_enter enter = { 0 };

	return regbuf_queue_enter(q, &enter, NULL);
}

REGBUF_EXPORT int regbuf_queue_wait(struct regbuf_queue *q, uint32_t n,
				    int64_t timeout_ns, const void *sigmask)
{
	struct regbuf_ioc_enter enter = {
		.wait = n,
		.timeout_ns = timeout_ns,
	};

	if (regbuf_queue_has(q, n) && !regbuf_queue_flagged(q))
		return 0;
	return regbuf_queue_enter(q, &enter, sigmask);
}

/* The poller takes them by itself, unless it asks to be called. */
static int regbuf_queue_submit_poller(struct regbuf_queue *q, uint32_t n,
				      int64_t timeout_ns, const void *sigmask)
{
	struct regbuf_queue_all *all = regbuf_queue_all(q);
	uint32_t count = q->sq_tail - all->published;
	int err;

	all->published = q->sq_tail;
	err = regbuf_queue_wait(q, n, timeout_ns, sigmask);
	/* A queue that is dead has nobody else to say so. */
	if (!count || (err && err != -ETIMEDOUT && err != -EINTR))
		return err;
	return (int)count;
}

REGBUF_EXPORT int regbuf_queue_submit_wait(struct regbuf_queue *q, uint32_t n,
					   int64_t timeout_ns,
					   const void *sigmask)
{
	struct regbuf_ioc_enter enter = {
		.submit = regbuf_queue_publish(q),
		.wait = n,
		.timeout_ns = timeout_ns,
	};
	int err;

	if (q->flags & REGBUF_QUEUE_F_POLLER)
		return regbuf_queue_submit_poller(q, n, timeout_ns, sigmask);
	if (!enter.submit)
		return regbuf_queue_wait(q, n, timeout_ns, sigmask);
	err = regbuf_queue_enter(q, &enter, sigmask);
	q->sq_head += enter.submitted;
	if (enter.submitted)
		return (int)enter.submitted;
	return enter.error ? -(int)enter.error : err;
}

REGBUF_EXPORT int regbuf_queue_submit(struct regbuf_queue *q)
{
	return regbuf_queue_submit_wait(q, 0, 0, NULL);
}

REGBUF_EXPORT uint32_t regbuf_queue_reap(struct regbuf_queue *q,
					 struct regbuf_cqe *cqes, uint32_t max)
{
	const struct regbuf_cqe *cqe;
	uint32_t n = 0;

	while (n < max && (cqe = regbuf_queue_next(q, &n)))
		cqes[n - 1] = *cqe;
	if (n)
		regbuf_queue_advance(q, n);
	return n;
}
