// SPDX-License-Identifier: GPL-2.0
/*
 * Calls on a context. The first argument says on which.
 */
#include "world.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

long fz_call_open(struct fz_world *w, const __u64 *arg)
{
	int fd = open(REGBUF_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		w->dev[arg[0] % FZ_DEVS] = fd;
	return fd;
}

long fz_call_query(struct fz_world *w, const __u64 *arg)
{
	struct regbuf_ioc_query query = { .size = sizeof(query) };

	return ioctl(fz_dev(w, arg[0]), REGBUF_IOC_QUERY, &query);
}

/* dev, addr, length, access, flags */
long fz_call_register(struct fz_world *w, const __u64 *arg)
{
	struct regbuf_ioc_register reg = {
		.size = sizeof(reg),
		.flags = arg[4],
		.addr = (unsigned long)fz_addr(arg[1]),
		.length = arg[2],
		.access = arg[3],
	};
	int ret = ioctl(fz_dev(w, arg[0]), REGBUF_IOC_REGISTER, &reg);

	if (!ret)
		fz_add_id(w, reg.id);
	return ret;
}

/* dev, buffer, flags, timeout */
long fz_call_deregister(struct fz_world *w, const __u64 *arg)
{
	struct regbuf_ioc_deregister dereg = {
		.size = sizeof(dereg),
		.flags = arg[2],
		.id = fz_id(w, arg[1]),
		.timeout_ns = arg[2] & REGBUF_DEREGISTER_F_WAIT ? arg[3] : 0,
	};

	return ioctl(fz_dev(w, arg[0]), REGBUF_IOC_DEREGISTER, &dereg);
}

long fz_call_status(struct fz_world *w, const __u64 *arg)
{
	struct regbuf_ioc_status status = {
		.size = sizeof(status),
		.id = fz_id(w, arg[1]),
	};

	return ioctl(fz_dev(w, arg[0]), REGBUF_IOC_STATUS, &status);
}

long fz_call_wait(struct fz_world *w, const __u64 *arg)
{
	struct regbuf_ioc_wait wait = {
		.size = sizeof(wait),
		.id = fz_id(w, arg[1]),
		.timeout_ns = arg[2],
	};

	return ioctl(fz_dev(w, arg[0]), REGBUF_IOC_WAIT, &wait);
}

long fz_call_stats(struct fz_world *w, const __u64 *arg)
{
	struct regbuf_ioc_stats stats = { .size = sizeof(stats) };

	return ioctl(fz_dev(w, arg[0]), REGBUF_IOC_STATS, &stats);
}

/* A socket's own name, as an address to send to. */
static __u32 fz_name(struct fz_world *w, int fd)
{
	socklen_t length = sizeof(w->args.addr);

	if (getsockname(fd, (void *)w->args.addr, &length))
		return 0;
	return length;
}

/* dev, socket, flags, slices, buffer, offset, length, slice flags + where to */
long fz_call_send(struct fz_world *w, const __u64 *arg)
{
	struct regbuf_ioc_send send = {
		.size = sizeof(send),
		.flags = arg[2],
		.fd = fz_sock(w, arg[1]),
		.nr_slices = arg[3],
		.slices = (unsigned long)w->args.slice,
	};
	__u32 i;

	for (i = 0; i < FZ_SLICES; i++) {
		bool inlined = arg[7] & REGBUF_SLICE_F_INLINE && !(i & 1);

		w->args.slice[i] = (struct regbuf_slice){
			.id = inlined ? arg[5] + (unsigned long)FZ_ARENA :
			      arg[7] & REGBUF_SLICE_F_INDEX ? arg[4] + i :
			      fz_id(w, arg[4] + i),
			.offset = inlined ? 0 : arg[5],
			.length = inlined ? arg[6] % 512 : arg[6],
			.flags = inlined ? REGBUF_SLICE_F_INLINE :
				 arg[7] & ~REGBUF_SLICE_F_INLINE & 0xff,
		};
	}
	if (arg[7] & 0x100) {
		send.addr = (unsigned long)w->args.addr;
		send.addr_len = fz_name(w, fz_sock(w, arg[7] >> 9));
	}
	return ioctl(fz_dev(w, arg[0]), REGBUF_IOC_SEND, &send);
}

/* dev, flags, sq, cq, pool, idle */
long fz_call_queue(struct fz_world *w, const __u64 *arg)
{
	struct regbuf_ioc_queue queue = {
		.size = sizeof(queue),
		.flags = arg[1],
		.sq_entries = arg[2],
		.cq_entries = arg[3],
		.pool_entries = arg[4],
		.poller_idle_us = arg[1] & REGBUF_QUEUE_F_POLLER ?
				  arg[5] % 2000 : arg[5],
	};
	struct fz_queue *q = &w->queue[w->nr_queues % FZ_QUEUES];
	int ret = ioctl(fz_dev(w, arg[0]), REGBUF_IOC_QUEUE, &queue);
	char *map;

	if (ret || q->map)
		return ret;
	map = mmap(NULL, queue.map_size, PROT_READ | PROT_WRITE, MAP_SHARED,
		   queue.fd, 0);
	*q = (struct fz_queue){
		.fd = queue.fd,
		.size = queue.map_size,
		.sq_entries = queue.sq_entries,
		.cq_entries = queue.cq_entries,
		.pool_entries = queue.pool_entries,
		.sq_off = queue.sq_off,
		.cq_off = queue.cq_off,
		.pool_off = queue.pool_off,
	};
	if (map != MAP_FAILED)
		q->map = map;
	w->nr_queues++;
	return 0;
}

/* What calls and REGBUF_OP_ARRAY take; first and flags may be wrong. */
/* dev, flags, nr, first, addr, length, access, entries' flags */
long fz_call_array(struct fz_world *w, const __u64 *arg)
{
	struct regbuf_ioc_array *array = &w->args.array;
	int ret;
	__u32 i;

	for (i = 0; i < FZ_SLICES; i++) {
		bool empty = arg[7] >> (8 + i) & 1;

		w->args.entry[i] = (struct regbuf_array_entry){
			.addr = empty ? 0 : (unsigned long)
				fz_addr(arg[4] + i * FZ_PAGE),
			.length = empty ? 0 : arg[5],
			.access = empty ? 0 : arg[6],
			.flags = empty ? 0 : arg[7] & 0xff,
		};
	}
	*array = (struct regbuf_ioc_array){
		.size = sizeof(*array),
		.flags = arg[1],
		.entries = (unsigned long)w->args.entry,
		.nr = arg[2],
		.first = arg[1] ? arg[3] : arg[3] >> 8,
	};
	ret = ioctl(fz_dev(w, arg[0]), REGBUF_IOC_ARRAY, array);
	for (i = 0; !ret && i < FZ_SLICES; i++)
		if (w->args.entry[i].id)
			fz_add_id(w, w->args.entry[i].id);
	return ret;
}

/* dev, buffer, offset, length, access */
long fz_call_export(struct fz_world *w, const __u64 *arg)
{
	struct regbuf_ioc_export export = {
		.size = sizeof(export),
		.id = fz_id(w, arg[1]),
		.offset = arg[2],
		.length = arg[3],
		.access = arg[4],
	};
	int ret = ioctl(fz_dev(w, arg[0]), REGBUF_IOC_EXPORT, &export);

	if (!ret)
		w->export[w->nr_exports++ % FZ_EXPORTS] = export.fd;
	return ret;
}

/* dev, export, access */
long fz_call_import(struct fz_world *w, const __u64 *arg)
{
	struct regbuf_ioc_import import = {
		.size = sizeof(import),
		.fd = arg[1] < FZ_RAW ? w->export[arg[1] % FZ_EXPORTS] :
		      fz_fd(w, arg[1]),
		.access = arg[2],
	};
	int ret = ioctl(fz_dev(w, arg[0]), REGBUF_IOC_IMPORT, &import);

	if (!ret)
		fz_add_id(w, import.id);
	return ret;
}

/* dev, what by, buffer, export */
long fz_call_revoke(struct fz_world *w, const __u64 *arg)
{
	struct regbuf_ioc_revoke revoke = {
		.size = sizeof(revoke),
		.id = arg[1] & 1 ? fz_id(w, arg[2]) : 0,
		.fd = arg[1] & 1 ? 0 : w->export[arg[3] % FZ_EXPORTS],
	};

	return ioctl(fz_dev(w, arg[0]), REGBUF_IOC_REVOKE, &revoke);
}

/* descriptor, call, size, flags, and words: a structure of any kind */
long fz_call_raw(struct fz_world *w, const __u64 *arg)
{
	__u64 words[64] = { };
	__u32 size = arg[2];

	memcpy(words, &size, sizeof(size));
	memcpy((char *)words + 4, &arg[3], 4);
	memcpy(&words[1], &arg[4], 4 * sizeof(*arg));
	return ioctl(fz_fd(w, arg[0]), _IO(REGBUF_IOC_TYPE, arg[1] & 0xff),
		     words);
}

/* dev, offset, length, protection, kind */
long fz_call_view(struct fz_world *w, const __u64 *arg)
{
	char *map = mmap(NULL, arg[2] % FZ_ARENA_SIZE, arg[3] & 3,
			 arg[4] ? MAP_PRIVATE : MAP_SHARED, fz_dev(w, arg[0]),
			 arg[1] & -FZ_PAGE);

	if (map == MAP_FAILED)
		return -1;
	if (w->view)
		munmap(w->view, w->view_size);
	w->view = map;
	w->view_size = arg[2] % FZ_ARENA_SIZE;
	return 0;
}
