// SPDX-License-Identifier: GPL-2.0
/*
 * What numbers refer to.
 */
#include "world.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int first = -1;	/* descriptor that is a program's */

/**
 * fz_world_begin() - what every program finds: a context, and memory
 * @w: gets it
 */
void fz_world_begin(struct fz_world *w)
{
	memset(w, 0, sizeof(*w));
	memset(w->dev, -1, sizeof(w->dev));
	memset(w->sock, -1, sizeof(w->sock));
	memset(w->export, -1, sizeof(w->export));
	w->event = -1;
	w->epoll = -1;
	mmap(FZ_ARENA, FZ_ARENA_SIZE, PROT_READ | PROT_WRITE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	memset(FZ_ARENA, 'r', FZ_TOUCHED);
	w->dev[0] = open(REGBUF_DEVICE, O_RDWR | O_CLOEXEC);
	if (first < 0)
		first = w->dev[0];
}

void fz_world_end(struct fz_world *w)
{
	int i;

	fz_kids_end(w);
	if (first >= 0)
		close_range(first, ~0U, 0);
	for (i = 0; i < FZ_QUEUES; i++)
		if (w->queue[i].map)
			munmap(w->queue[i].map, w->queue[i].size);
	if (w->view)
		munmap(w->view, w->view_size);
	munmap(FZ_ARENA, FZ_ARENA_SIZE);
}

int fz_dev(struct fz_world *w, __u64 n)
{
	return w->dev[n % FZ_DEVS] >= 0 ? w->dev[n % FZ_DEVS] : w->dev[0];
}

/* A buffer's id, or with FZ_RAW one that is none. */
__u64 fz_id(struct fz_world *w, __u64 n)
{
	__u32 nr = w->nr_bufs < FZ_BUFS ? w->nr_bufs : FZ_BUFS;
	__u64 id = nr ? w->buf[n % nr] : 0;

	if (n < FZ_RAW)
		return id;
	switch (n - FZ_RAW) {
	case 0:
		return 0;
	case 1:
		return 0xffffffff;
	case 2:
		return id + (1ULL << 32);
	case 3:
		return id + 1;
	case 4:
		return (__u32)id;
	case 5:
		return ~0ULL;
	default:
		return n;
	}
}

/* An address: an offset in the arena, or with FZ_WILD somewhere else. */
void *fz_addr(__u64 n)
{
	if (n < FZ_WILD)
		return FZ_ARENA + n % (2 * FZ_ARENA_SIZE);
	switch (n - FZ_WILD) {
	case 0:
		return NULL;
	case 1:
		return (void *)-FZ_PAGE;
	case 2:
		return (void *)0xffff888000000000UL;
	case 3:
		return (void *)0xffffc90000000000UL;
	case 4:
		return (void *)((unsigned long)fz_addr & -FZ_PAGE);
	case 5:
		return (void *)((unsigned long)&n & -FZ_PAGE);
	case 6:
		return FZ_ARENA - FZ_PAGE;
	default:
		return (void *)n;
	}
}

/* There may be none: its descriptor is -1 then, its memory NULL. */
struct fz_queue *fz_queue(struct fz_world *w, __u64 n)
{
	static struct fz_queue none = { .fd = -1 };
	__u32 nr = w->nr_queues < FZ_QUEUES ? w->nr_queues : FZ_QUEUES;

	return nr ? &w->queue[n % nr] : &none;
}

__u32 fz_ep(struct fz_queue *q, __u64 n)
{
	__u32 nr = q->nr_eps < FZ_EPS ? q->nr_eps : FZ_EPS;

	return n < FZ_RAW && nr ? q->ep[n % nr] : n;
}

int fz_sock(struct fz_world *w, __u64 n)
{
	__u32 nr = w->nr_socks < FZ_SOCKS ? w->nr_socks : FZ_SOCKS;

	return nr ? w->sock[n % nr] : -1;
}

/* Any descriptor. */
int fz_fd(struct fz_world *w, __u64 n)
{
	switch (n % 8) {
	case 0:
		return w->dev[n / 8 % FZ_DEVS];
	case 1:
	case 2:
		return fz_queue(w, n / 8)->fd;
	case 3:
	case 4:
		return fz_sock(w, n / 8);
	case 5:
		return w->export[n / 8 % FZ_EXPORTS];
	case 6:
		if (w->event < 0)
			w->event = memfd_create("fuzz", MFD_CLOEXEC);
		return w->event;
	default:
		return -1;
	}
}

void fz_add_id(struct fz_world *w, __u64 id)
{
	w->buf[w->nr_bufs++ % FZ_BUFS] = id;
}

void fz_add_ep(struct fz_queue *q, __u32 ep)
{
	if (q->fd >= 0)
		q->ep[q->nr_eps++ % FZ_EPS] = ep;
}

int fz_add_sock(struct fz_world *w, int fd)
{
	if (fd >= 0)
		w->sock[w->nr_socks++ % FZ_SOCKS] = fd;
	return fd;
}
