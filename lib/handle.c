// SPDX-License-Identifier: MIT
/*
 * Registrations for one socket each, with handles. The kernel counts those of
 * the same range and rights; what is known here is whose they are.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "regbuf_int.h"

/* In the order of sockets, and then of handles, which is that of time. */
struct regbuf_handle {
	uint64_t cookie;
	uint64_t handle;
	uint64_t id;
	uintptr_t addr;
	size_t length;
	unsigned int access;
	unsigned int count;
};

void regbuf_handles_init(struct regbuf_handles *all)
{
	memset(all, 0, sizeof(*all));
	pthread_mutex_init(&all->lock, NULL);
}

void regbuf_handles_free(struct regbuf_handles *all)
{
	pthread_mutex_destroy(&all->lock);
	free(all->array);
}

static int regbuf_handle_cookie(int sock, uint64_t *cookie)
{
	socklen_t len = sizeof(*cookie);

	if (getsockopt(sock, SOL_SOCKET, SO_COOKIE, cookie, &len))
		return -errno;
	return 0;
}

static int regbuf_handle_option(int sock, int option)
{
	int value = 0;
	socklen_t len = sizeof(value);

	if (getsockopt(sock, SOL_SOCKET, option, &value, &len))
		return -errno;
	return value;
}

/* Can it be used, and is it connected if it has to be? */
static int regbuf_handle_check(int sock)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	int domain = regbuf_handle_option(sock, SO_DOMAIN);
	int protocol;

	if (domain < 0)
		return domain;
	protocol = regbuf_handle_option(sock, SO_PROTOCOL);
	if ((domain != AF_INET && domain != AF_INET6) ||
	    (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP))
		return -EOPNOTSUPP;
	if (protocol == IPPROTO_UDP)
		return 0;
	return getpeername(sock, (struct sockaddr *)&peer, &len) ? -errno : 0;
}

/* The end of what is of a socket. */
static size_t regbuf_handles_end(const struct regbuf_handles *all,
				 uint64_t cookie)
{
	size_t low = 0, high = all->nr, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (all->array[mid].cookie > cookie)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

/* The one before, of the same socket: from the latest on. */
static struct regbuf_handle *
regbuf_handles_back(const struct regbuf_handles *all, uint64_t cookie,
		    size_t *at)
{
	if (!*at || all->array[*at - 1].cookie != cookie)
		return NULL;
	return &all->array[--*at];
}

static struct regbuf_handle *
regbuf_handles_get(const struct regbuf_handles *all, uint64_t cookie,
		   uint64_t handle)
{
	size_t at = regbuf_handles_end(all, cookie);
	struct regbuf_handle *h;

	while ((h = regbuf_handles_back(all, cookie, &at)))
		if (h->handle == handle)
			return h;
	return NULL;
}

static int regbuf_handles_make_room(struct regbuf_handles *all)
{
	struct regbuf_handle *array;
	size_t room = all->room ? 2 * all->room : 16;

	if (all->nr < all->room)
		return 0;
	array = realloc(all->array, room * sizeof(*array));
	if (!array)
		return -ENOMEM;
	all->array = array;
	all->room = room;
	return 0;
}

static int regbuf_handles_add(struct regbuf_handles *all,
			      struct regbuf_handle *new)
{
	size_t end = regbuf_handles_end(all, new->cookie), at = end;
	struct regbuf_handle *h;
	int err;

	while ((h = regbuf_handles_back(all, new->cookie, &at))) {
		if (h->id == new->id) {
			h->count++;
			new->handle = h->handle;
			return 0;
		}
	}
	err = regbuf_handles_make_room(all);
	if (err)
		return err;
	new->handle = ++all->last;
	memmove(&all->array[end + 1], &all->array[end],
		(all->nr++ - end) * sizeof(*new));
	all->array[end] = *new;
	return 0;
}

static void regbuf_handles_remove(struct regbuf_handles *all,
				  struct regbuf_handle *h)
{
	const struct regbuf_handle *end = all->array + all->nr--;

	memmove(h, h + 1, (size_t)(end - h - 1) * sizeof(*h));
}

REGBUF_EXPORT int regbuf_handle_register(struct regbuf *rb, int sock,
					 void *addr, size_t length,
					 unsigned int access, uint64_t *handle)
{
	struct regbuf_handle new = {
		.addr = (uintptr_t)addr,
		.length = length,
		.access = access,
		.count = 1,
	};
	int err;

	*handle = 0;
	if (!access || access & ~(REGBUF_ACCESS_READ | REGBUF_ACCESS_WRITE))
		return -EINVAL;
	err = regbuf_handle_check(sock);
	if (!err)
		err = regbuf_handle_cookie(sock, &new.cookie);
	if (!err)
		err = regbuf_register_flags(rb, addr, length, access,
					    REGBUF_REGISTER_F_COUNT, &new.id,
					    NULL);
	if (err)
		return err;
	pthread_mutex_lock(&rb->handles.lock);
	err = regbuf_handles_add(&rb->handles, &new);
	pthread_mutex_unlock(&rb->handles.lock);
	if (err)
		regbuf_deregister(rb, new.id);
	*handle = new.handle;
	return err;
}

/* The lock is held, so that of two calls one is the last. */
static int regbuf_handle_leave(struct regbuf *rb, struct regbuf_handle *h)
{
	int err = regbuf_deregister_if_idle(rb, h->id, NULL);

	if (err != -EBUSY && err != -EPERM && !--h->count)
		regbuf_handles_remove(&rb->handles, h);
	return err;
}

REGBUF_EXPORT int regbuf_handle_deregister(struct regbuf *rb, int sock,
					   uint64_t handle)
{
	struct regbuf_handle *h;
	uint64_t cookie;
	int err = regbuf_handle_cookie(sock, &cookie);

	if (err)
		return err;
	pthread_mutex_lock(&rb->handles.lock);
	h = regbuf_handles_get(&rb->handles, cookie, handle);
	err = h ? regbuf_handle_leave(rb, h) : -ENOENT;
	pthread_mutex_unlock(&rb->handles.lock);
	return err;
}

REGBUF_EXPORT int regbuf_handle_slice(struct regbuf *rb, int sock,
				      uint64_t handle, uint64_t offset,
				      uint32_t length,
				      struct regbuf_slice *slice)
{
	const struct regbuf_handle *h;
	uint64_t cookie;
	int err = regbuf_handle_cookie(sock, &cookie);

	memset(slice, 0, sizeof(*slice));
	if (err)
		return err;
	pthread_mutex_lock(&rb->handles.lock);
	h = regbuf_handles_get(&rb->handles, cookie, handle);
	if (h)
		*slice = regbuf_slice_of(h->id, offset, length);
	pthread_mutex_unlock(&rb->handles.lock);
	return h ? 0 : -ENOENT;
}

static int regbuf_handle_has(const struct regbuf_handle *h, uintptr_t addr,
			     uint32_t length, unsigned int access)
{
	return addr >= h->addr && addr - h->addr <= h->length &&
	       length <= h->length - (addr - h->addr) && !(access & ~h->access);
}

REGBUF_EXPORT int regbuf_handle_find(struct regbuf *rb, int sock,
				     const void *addr, uint32_t length,
				     unsigned int access,
				     struct regbuf_slice *slice)
{
	const uintptr_t start = (uintptr_t)addr;
	const struct regbuf_handle *h;
	uint64_t cookie;
	int err = regbuf_handle_cookie(sock, &cookie);
	size_t at;

	memset(slice, 0, sizeof(*slice));
	if (err)
		return err;
	pthread_mutex_lock(&rb->handles.lock);
	at = regbuf_handles_end(&rb->handles, cookie);
	do
		h = regbuf_handles_back(&rb->handles, cookie, &at);
	while (h && !regbuf_handle_has(h, start, length, access));
	if (h)
		*slice = regbuf_slice_of(h->id, start - h->addr, length);
	pthread_mutex_unlock(&rb->handles.lock);
	return h ? 0 : -ENOENT;
}
