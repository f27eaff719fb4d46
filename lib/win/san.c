// SPDX-License-Identifier: MIT
/* Memory that is registered for one socket each. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <ws2san.h>

#include "san.h"

struct san_state san = {
	.change = PTHREAD_MUTEX_INITIALIZER,
	.lock = PTHREAD_MUTEX_INITIALIZER,
};

static pthread_once_t san_once = PTHREAD_ONCE_INIT;
static int san_hooked;

DWORD san_code(int err)
{
	switch (err) {
	case -ENOENT:
	case -EBUSY:
		return WSAEINVAL;
	default:
		return win_wsa_code(-err);
	}
}

static void san_prepare(void)
{
	pthread_mutex_lock(&san.change);
	pthread_mutex_lock(&san.lock);
	rdma_ring_prepare();
}

static void san_unlock(void)
{
	pthread_mutex_unlock(&san.lock);
	pthread_mutex_unlock(&san.change);
}

static void san_parent(void)
{
	rdma_ring_parent();
	san_unlock();
}

/* S55: nothing of it is the child's. */
static void san_child(void)
{
	rdma_ring_child();
	rdma_agent_forked();
	san.sockets = NULL;
	san_unlock();
}

static void san_hook(void)
{
	san_hooked = pthread_atfork(san_prepare, san_parent, san_child);
}

/* The context hooks fork first: its lock is taken after these. */
int san_begin(struct regbuf **rb)
{
	int err = win_context(rb);

	if (err)
		return err;
	pthread_once(&san_once, san_hook);
	return -san_hooked;
}

int san_access(DWORD flags, unsigned int *access)
{
	*access = 0;
	if (!flags || flags & ~(DWORD)MEM_READWRITE)
		return -EINVAL;
	if (flags & MEM_READ)
		*access |= REGBUF_ACCESS_READ;
	if (flags & MEM_WRITE)
		*access |= REGBUF_ACCESS_WRITE;
	return 0;
}

struct san_socket *san_socket_get(uint64_t cookie)
{
	struct san_socket *s;

	for (s = san.sockets; s; s = s->next) {
		if (s->cookie == cookie) {
			s->refs++;
			return s;
		}
	}
	return NULL;
}

int san_socket_make(int sock, uint64_t cookie, struct san_socket **out)
{
	struct san_socket *s = san_socket_get(cookie);

	*out = s;
	if (s)
		return 0;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->cookie = cookie;
	s->sock = sock;
	s->refs = 2;
	s->peer.fd = -1;
	pthread_mutex_init(&s->peer.lock, NULL);
	s->next = san.sockets;
	__atomic_store_n(&san.sockets, s, __ATOMIC_RELAXED);
	*out = s;
	return 0;
}

static void san_socket_free(struct san_socket *s)
{
	struct san_buffer *buffer;

	while ((buffer = s->buffers)) {
		s->buffers = buffer->next;
		free(buffer);
	}
	rdma_peer_end(s);
	pthread_mutex_destroy(&s->peer.lock);
	free(s);
}

void san_socket_put(struct san_socket *s)
{
	bool last;

	pthread_mutex_lock(&san.lock);
	last = !--s->refs;
	pthread_mutex_unlock(&san.lock);
	if (last)
		san_socket_free(s);
}

static void san_socket_unlink(struct san_socket *s)
{
	struct san_socket **at = &san.sockets;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
}

static int san_register(struct regbuf *rb, int sock, void *addr,
			uint32_t length, unsigned int access, uint64_t *handle)
{
	int err = regbuf_handle_register(rb, sock, addr, length, access,
					 handle);

	if (err == -ENOBUFS || err == -ENOSPC || err == -ENOMEM) {
		if (san_forget_all(rb))
			err = regbuf_handle_register(rb, sock, addr, length,
						     access, handle);
	}
	return err;
}

int san_pin(struct regbuf *rb, int sock, void *addr, uint32_t length,
	    unsigned int access, struct san_pin *pin)
{
	struct regbuf_slice slice;
	int err = san_register(rb, sock, addr, length, access, &pin->handle);

	/* Not the socket, but memory that must not be pinned. */
	if (err == -EOPNOTSUPP && san_sys_inet(sock))
		return -EFAULT;
	if (err)
		return err;
	err = regbuf_handle_slice(rb, sock, pin->handle, 0, 0, &slice);
	pin->id = slice.id;
	if (err)
		regbuf_handle_deregister(rb, sock, pin->handle);
	return err;
}

int san_unpin(struct regbuf *rb, int sock, const struct san_pin *pin)
{
	int err = regbuf_handle_deregister(rb, sock, pin->handle);

	/* It was not mapped any more: that is no fault of this call. */
	return err == -ESTALE ? 0 : err;
}

/* Nobody else registers meanwhile, so what is counted is this one's. */
void san_unpin_now(struct regbuf *rb, int sock, const struct san_pin *pin)
{
	if (san_unpin(rb, sock, pin) != -EBUSY)
		return;
	regbuf_deregister(rb, pin->id);
	san_unpin(rb, sock, pin);
}

bool san_live(struct regbuf *rb, uint64_t id)
{
	struct regbuf_ioc_status status = { .size = sizeof(status) };

	return !regbuf_status(rb, id, &status) &&
	       status.state == REGBUF_STATE_LIVE;
}

static bool san_socket_overlaps(const struct san_socket *s, uintptr_t addr,
				size_t length)
{
	const struct san_buffer *b;

	for (b = s->buffers; b; b = b->next)
		if (!b->gone && b->addr < addr + length &&
		    addr < b->addr + b->length)
			return true;
	return rdma_overlaps(s, addr, length);
}

bool san_overlaps(uintptr_t addr, size_t length)
{
	const struct san_socket *s;

	for (s = san.sockets; s; s = s->next)
		if (san_socket_overlaps(s, addr, length))
			return true;
	return false;
}

static struct san_buffer *san_buffer_find(const struct san_socket *s,
					  uint64_t handle)
{
	struct san_buffer *b = s->buffers;

	while (b && b->pin.handle != handle)
		b = b->next;
	return b;
}

/* Takes @new over if it is another one. */
static int san_buffer_add(int sock, struct san_buffer *new)
{
	struct san_buffer *b;
	struct san_socket *s;
	uint64_t cookie;
	int err = san_sys_cookie(sock, &cookie);

	if (err)
		return err;
	pthread_mutex_lock(&san.lock);
	err = san_socket_make(sock, cookie, &s);
	if (err) {
		pthread_mutex_unlock(&san.lock);
		return err;
	}
	b = san_buffer_find(s, new->pin.handle);
	if (b) {
		b->count++;
		free(new);
	} else {
		new->next = s->buffers;
		s->buffers = new;
	}
	pthread_mutex_unlock(&san.lock);
	san_socket_put(s);
	return 0;
}

/* Likewise. */
static int san_buffer_register(struct regbuf *rb, int sock,
			       struct san_buffer *new, uint64_t *handle)
{
	struct san_pin pin = { 0, 0 };
	int err;

	pthread_mutex_lock(&san.change);
	err = san_pin(rb, sock, (void *)new->addr, new->length, new->access,
		      &pin);
	if (!err) {
		new->pin = pin;
		err = san_buffer_add(sock, new);
		if (err)
			san_unpin_now(rb, sock, &pin);
	}
	pthread_mutex_unlock(&san.change);
	*handle = pin.handle;
	return err;
}

static int san_memory_register(int sock, void *addr, uint32_t length,
			       DWORD flags, uint64_t *handle)
{
	struct san_buffer *new;
	unsigned int access;
	struct regbuf *rb;
	int err;

	err = san_access(flags, &access);
	if (!err)
		err = san_begin(&rb);
	if (err)
		return err;
	new = calloc(1, sizeof(*new));
	if (!new)
		return -ENOMEM;
	new->addr = (uintptr_t)addr;
	new->length = length;
	new->access = access;
	new->count = 1;
	err = san_buffer_register(rb, sock, new, handle);
	if (err)
		free(new);
	return err;
}

HANDLE WSPAPI WSPRegisterMemory(SOCKET s, PVOID lpBuffer, DWORD dwBufferLength,
				DWORD dwFlags, LPINT lpErrno)
{
	uint64_t handle;
	int err = san_memory_register(san_fd(s), lpBuffer, dwBufferLength,
				      dwFlags, &handle);

	if (!err)
		return (HANDLE)(uintptr_t)handle;
	*lpErrno = (INT)san_code(err);
	return NULL;
}

static void san_buffer_remove(struct san_socket *s, struct san_buffer *b)
{
	struct san_buffer **at = &s->buffers;

	while (*at != b)
		at = &(*at)->next;
	*at = b->next;
	free(b);
}

/* From here on nobody begins to use it. */
static int san_buffer_leave(struct san_socket *s, uint64_t handle,
			    struct san_buffer **out)
{
	struct san_buffer *b;
	int err = 0;

	pthread_mutex_lock(&san.lock);
	b = san_buffer_find(s, handle);
	if (!b)
		err = -ENOENT;
	else if (b->count == 1 && b->users)
		err = -EBUSY;
	else
		b->gone = b->count == 1;
	pthread_mutex_unlock(&san.lock);
	*out = b;
	return err;
}

static void san_buffer_left(struct san_socket *s, struct san_buffer *b, int err)
{
	pthread_mutex_lock(&san.lock);
	b->gone = false;
	if (!err && !--b->count)
		san_buffer_remove(s, b);
	pthread_mutex_unlock(&san.lock);
}

static int san_buffer_deregister(struct regbuf *rb, int sock,
				 struct san_socket *s, uint64_t handle)
{
	struct san_buffer *b;
	int err = san_buffer_leave(s, handle, &b);

	if (err)
		return err;
	if (b->gone)
		san_keep(rb, s, b);
	err = san_unpin(rb, sock, &b->pin);
	san_buffer_left(s, b, err);
	return err;
}

static int san_memory_deregister(int sock, uint64_t handle)
{
	struct san_socket *s;
	struct regbuf *rb;
	uint64_t cookie;
	int err;

	err = san_sys_cookie(sock, &cookie);
	if (!err)
		err = san_begin(&rb);
	if (err)
		return err;
	pthread_mutex_lock(&san.change);
	pthread_mutex_lock(&san.lock);
	s = san_socket_get(cookie);
	pthread_mutex_unlock(&san.lock);
	err = s ? san_buffer_deregister(rb, sock, s, handle) : -ENOENT;
	pthread_mutex_unlock(&san.change);
	if (s)
		san_socket_put(s);
	return err;
}

int WSPAPI WSPDeregisterMemory(SOCKET s, HANDLE Handle, LPINT lpErrno)
{
	int err = san_memory_deregister(san_fd(s), (uintptr_t)Handle);

	if (!err)
		return 0;
	*lpErrno = (INT)san_code(err);
	return SOCKET_ERROR;
}

static void san_buffers_end(struct regbuf *rb, struct san_socket *s)
{
	struct san_buffer *b;

	for (b = s->buffers; b; b = b->next)
		for (; b->count; b->count--)
			san_unpin_now(rb, s->sock, &b->pin);
}

/* The list goes when the last user of the socket does. */
static void san_socket_end(struct regbuf *rb, int sock, struct san_socket *s)
{
	struct san_buffer *b;

	pthread_mutex_lock(&san.lock);
	san_socket_unlink(s);
	s->closed = true;
	s->sock = sock;
	for (b = s->buffers; b; b = b->next)
		b->gone = true;
	rdma_regions_end(rb, s);
	pthread_mutex_unlock(&san.lock);
	san_buffers_end(rb, s);
	san_forget(rb, s);
}

void win_san_close(int sock)
{
	struct san_socket *s;
	struct regbuf *rb;
	uint64_t cookie;

	/* Most programs never have any. */
	if (!__atomic_load_n(&san.sockets, __ATOMIC_RELAXED) ||
	    san_sys_cookie(sock, &cookie) || san_begin(&rb))
		return;
	pthread_mutex_lock(&san.change);
	pthread_mutex_lock(&san.lock);
	s = san_socket_get(cookie);
	pthread_mutex_unlock(&san.lock);
	if (s)
		san_socket_end(rb, sock, s);
	pthread_mutex_unlock(&san.change);
	if (!s)
		return;
	/* That of the list, and this call's. */
	san_socket_put(s);
	san_socket_put(s);
}
