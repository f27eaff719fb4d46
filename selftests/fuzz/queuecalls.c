// SPDX-License-Identifier: GPL-2.0
/*
 * Calls on a queue. The first argument says on which.
 */
#include "world.h"

#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>

/* queue, submit, wait, timeout, mask */
long fz_call_enter(struct fz_world *w, const __u64 *arg)
{
	struct regbuf_ioc_enter enter = {
		.size = sizeof(enter),
		.submit = arg[1],
		.wait = arg[2],
		.timeout_ns = arg[3],
		.sigmask = arg[4] & 1 ? (unsigned long)&w->args.sigmask : 0,
		.sigmask_size = arg[4] & 1 ? 8 : 0,
	};

	return ioctl(fz_queue(w, arg[0])->fd, REGBUF_IOC_ENTER, &enter);
}

/* queue, socket, flags, max_send, max_recv */
long fz_call_attach(struct fz_world *w, const __u64 *arg)
{
	struct fz_queue *q = fz_queue(w, arg[0]);
	struct regbuf_ioc_attach attach = {
		.size = sizeof(attach),
		.flags = arg[2],
		.fd = arg[1] < FZ_RAW ? fz_sock(w, arg[1]) : fz_fd(w, arg[1]),
		.max_send = arg[3],
		.max_recv = arg[4],
	};
	int ret = ioctl(q->fd, REGBUF_IOC_ATTACH, &attach);

	if (!ret)
		fz_add_ep(q, attach.endpoint);
	return ret;
}

/* queue, endpoint, flags */
long fz_call_detach(struct fz_world *w, const __u64 *arg)
{
	struct fz_queue *q = fz_queue(w, arg[0]);
	struct regbuf_ioc_detach detach = {
		.size = sizeof(detach),
		.flags = arg[2],
		.endpoint = fz_ep(q, arg[1]),
	};

	return ioctl(q->fd, REGBUF_IOC_DETACH, &detach);
}

static long fz_map_again(struct fz_queue *q, size_t size)
{
	char *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, q->fd,
			 0);
	char *old = q->map;
	size_t old_size = q->size;

	if (map == MAP_FAILED)
		return -1;
	q->map = map;
	q->size = size;
	if (old)
		munmap(old, old_size);
	return 0;
}

/* queue, sq, cq, whether to map it again */
long fz_call_resize(struct fz_world *w, const __u64 *arg)
{
	struct fz_queue *q = fz_queue(w, arg[0]);
	struct regbuf_ioc_resize resize = {
		.size = sizeof(resize),
		.sq_entries = arg[1],
		.cq_entries = arg[2],
	};
	int ret = ioctl(q->fd, REGBUF_IOC_RESIZE, &resize);

	if (ret || arg[3] & 1)
		return ret;
	if (fz_map_again(q, resize.map_size))
		return -1;
	q->sq_entries = resize.sq_entries;
	q->cq_entries = resize.cq_entries;
	q->sq_off = resize.sq_off;
	q->cq_off = resize.cq_off;
	q->pool_off = resize.pool_off;
	return 0;
}

/* queue, descriptor */
long fz_call_eventfd(struct fz_world *w, const __u64 *arg)
{
	struct regbuf_ioc_eventfd event = { .size = sizeof(event), .fd = -1 };

	if (arg[1] == 1)
		event.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	else if (arg[1])
		event.fd = fz_fd(w, arg[1]);
	return ioctl(fz_queue(w, arg[0])->fd, REGBUF_IOC_EVENTFD, &event);
}

/* queue, buffer, offset, length, count */
long fz_call_pool(struct fz_world *w, const __u64 *arg)
{
	struct regbuf_ioc_pool pool = {
		.size = sizeof(pool),
		.id = arg[4] ? fz_id(w, arg[1]) : 0,
		.offset = arg[4] ? arg[2] : 0,
		.length = arg[4] ? arg[3] : 0,
		.count = arg[4],
	};

	return ioctl(fz_queue(w, arg[0])->fd, REGBUF_IOC_POOL, &pool);
}

/* queue, endpoint */
long fz_call_socket(struct fz_world *w, const __u64 *arg)
{
	struct fz_queue *q = fz_queue(w, arg[0]);
	struct regbuf_ioc_socket sock = {
		.size = sizeof(sock),
		.endpoint = fz_ep(q, arg[1]),
	};
	int ret = ioctl(q->fd, REGBUF_IOC_SOCKET, &sock);

	if (!ret)
		fz_add_sock(w, sock.fd);
	return ret;
}

/* queue, how: in every way that rings may not be mapped, or cut */
long fz_call_remap(struct fz_world *w, const __u64 *arg)
{
	struct fz_queue *q = fz_queue(w, arg[0]);
	void *map;

	if (!q->map)
		return -1;
	switch (arg[1] % 6) {
	case 0:
		return fz_map_again(q, q->size);
	case 1:
		map = mmap(NULL, q->size + FZ_PAGE, PROT_READ, MAP_SHARED,
			   q->fd, 0);
		break;
	case 2:
		map = mmap(NULL, FZ_PAGE, PROT_READ, MAP_SHARED, q->fd,
			   FZ_PAGE);
		break;
	case 3:
		map = mmap(NULL, q->size, PROT_READ, MAP_PRIVATE, q->fd, 0);
		break;
	case 4:
		map = mremap(q->map, q->size, 2 * q->size, MREMAP_MAYMOVE);
		break;
	default:
		map = mremap(q->map, FZ_PAGE, FZ_PAGE,
			     MREMAP_MAYMOVE | MREMAP_FIXED,
			     FZ_ARENA + FZ_ARENA_SIZE - FZ_PAGE);
	}
	return map == MAP_FAILED ? -1 : 0;
}
