// SPDX-License-Identifier: MIT
/* RIO's buffers, and what all of RIO needs: the context, its slots, fork. */
#include <errno.h>
#include <sys/mman.h>

#include "rio.h"
#include "rio_calls.h"

struct rio_buffers rio_buffers;

/* Where each buffer is. Most of it is never touched. */
static int rio_addrs_map(void)
{
	size_t size = rio_buffers.slots.count * sizeof(*rio_buffers.addrs);
	void *map;

	if (rio_buffers.addrs)
		return 0;
	map = mmap(NULL, size, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED)
		return -errno;
	rio_buffers.addrs = map;
	return 0;
}

static int rio_open_first(void)
{
	struct regbuf *rb;
	int err = win_context(&rb);

	if (err)
		return err;
	/* After the context's own: locks are taken the other way round. */
	err = rio_fork_hook();
	if (err)
		return err;
	err = regbuf_slots_map(rb, &rio_buffers.slots);
	if (err)
		return err;
	err = rio_addrs_map();
	if (err)
		regbuf_slots_unmap(&rio_buffers.slots);
	else
		__atomic_store_n(&rio_buffers.rb, rb, __ATOMIC_RELEASE);
	return err;
}

DWORD rio_open(struct regbuf **rb)
{
	int err = 0;

	*rb = __atomic_load_n(&rio_buffers.rb, __ATOMIC_ACQUIRE);
	if (likely(*rb))
		return 0;
	pthread_mutex_lock(&rio_lock);
	if (!rio_buffers.rb)
		err = rio_open_first();
	*rb = rio_buffers.rb;
	pthread_mutex_unlock(&rio_lock);
	return win_wsa_code(-err);
}

void rio_buffers_forget(void)
{
	rio_buffers.rb = NULL;
	/* Not mapped here, so there is nothing to unmap. */
	rio_buffers.slots = (struct regbuf_slots){ 0 };
}

/* What is not registered for these reasons is, to a program, a bad address. */
static DWORD rio_register_code(int err)
{
	if (err == -EOPNOTSUPP || err == -EOVERFLOW || err == -EACCES)
		return WSAEFAULT;
	return win_wsa_code(-err);
}

RIO_BUFFERID rio_register(PCHAR data, DWORD length)
{
	struct regbuf *rb;
	uint64_t id;
	DWORD code;
	int err;

	code = length ? rio_open(&rb) : WSAEINVAL;
	if (code) {
		win_refuse(code);
		return RIO_INVALID_BUFFERID;
	}
	err = regbuf_register(rb, data, length,
			      REGBUF_ACCESS_READ | REGBUF_ACCESS_WRITE, &id);
	if (err) {
		win_refuse(rio_register_code(err));
		return RIO_INVALID_BUFFERID;
	}
	rio_buffers.addrs[(uint32_t)id] = (uintptr_t)data;
	return (RIO_BUFFERID)(uintptr_t)id;
}

void rio_deregister(RIO_BUFFERID id)
{
	struct regbuf *rb = __atomic_load_n(&rio_buffers.rb, __ATOMIC_ACQUIRE);

	/* What is no buffer is refused, and nobody cares. */
	if (rb)
		regbuf_deregister(rb, (uintptr_t)id);
}
