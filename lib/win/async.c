// SPDX-License-Identifier: MIT
/* Sockets that had something to do with overlapped calls, by descriptor. */
#include <stdlib.h>

#include "async.h"

static struct {
	pthread_mutex_t lock;
	struct async_sock **socks;
	int nr;
	uint32_t generation;
	bool hooked;
} table = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void prepare(void)
{
	pthread_mutex_lock(&async_fork);
	pthread_mutex_lock(&table.lock);
}

static void parent(void)
{
	pthread_mutex_unlock(&table.lock);
	pthread_mutex_unlock(&async_fork);
}

/*
 * Neither requests nor associations are the child's. Another thread may have
 * been in the middle of one: it is not looked at any more.
 */
static void child(void)
{
	table.socks = NULL;
	table.nr = 0;
	async_wait_forked();
	async_thread_forked();
	parent();
}

struct async_sock *async_hold(struct async_sock *s)
{
	__atomic_fetch_add(&s->refs, 1, __ATOMIC_RELAXED);
	return s;
}

void async_put(struct async_sock *s)
{
	if (__atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL))
		return;
	if (s->port)
		win_object_put(s->port);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static struct async_sock *find_locked(int fd)
{
	struct async_sock *s = fd >= 0 && fd < table.nr ? table.socks[fd] :
							  NULL;

	return s ? async_hold(s) : NULL;
}

struct async_sock *async_find(int fd)
{
	struct async_sock *s;

	pthread_mutex_lock(&table.lock);
	s = find_locked(fd);
	pthread_mutex_unlock(&table.lock);
	return s;
}

struct async_sock *async_find_generation(int fd, uint32_t generation)
{
	struct async_sock *s = async_find(fd);

	if (!s || s->generation == generation)
		return s;
	async_put(s);
	return NULL;
}

static bool grow(int fd)
{
	int nr = fd < 512 ? 1024 : fd * 2, i;
	struct async_sock **socks;

	if (fd < table.nr)
		return true;
	socks = realloc(table.socks, (size_t)nr * sizeof(*socks));
	if (!socks)
		return false;
	for (i = table.nr; i < nr; i++)
		socks[i] = NULL;
	table.socks = socks;
	table.nr = nr;
	return true;
}

static struct async_sock *make(int fd, int type)
{
	struct async_sock *s;

	if (!table.hooked)
		table.hooked = !pthread_atfork(prepare, parent, child);
	if (!table.hooked || !grow(fd))
		return NULL;
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->fd = fd;
	s->generation = ++table.generation;
	s->refs = 2;
	s->stream = type == SOCK_STREAM;
	pthread_mutex_init(&s->lock, NULL);
	TAILQ_INIT(&s->lanes[ASYNC_IN]);
	TAILQ_INIT(&s->lanes[ASYNC_OUT]);
	table.socks[fd] = s;
	return s;
}

/* Nobody finds it any more. */
static void forget(struct async_sock *s)
{
	bool there;

	pthread_mutex_lock(&table.lock);
	there = s->fd < table.nr && table.socks[s->fd] == s;
	if (there)
		table.socks[s->fd] = NULL;
	pthread_mutex_unlock(&table.lock);
	if (there)
		async_put(s);
}

static bool is_closed(const struct async_sock *s)
{
	return __atomic_load_n(&s->closed, __ATOMIC_SEQ_CST);
}

struct async_sock *async_get(int fd, DWORD *code)
{
	struct async_sock *s = async_find(fd);
	bool closing;
	int type;

	/* While it's being closed it stays; then it's another one's number. */
	if (s && is_closed(s) && win_sock_flags(fd) & SOCK_OURS) {
		forget(s);
		async_put(s);
		s = NULL;
	}
	if (s)
		return s;
	type = win_sock_option(fd, SO_TYPE, -1);
	if (type < 0) {
		*code = WSAENOTSOCK;
		return NULL;
	}
	pthread_mutex_lock(&table.lock);
	s = find_locked(fd);
	/* Who closes it has looked already, and won't find it. */
	closing = win_sock_flags(fd) & SOCK_CLOSING;
	if (!s && !closing)
		s = make(fd, type);
	pthread_mutex_unlock(&table.lock);
	if (!s)
		*code = closing ? WSAENOTSOCK : WSAENOBUFS;
	return s;
}

/* The one that is there; NULL at the end. */
static struct async_sock *next(int *fd)
{
	struct async_sock *s = NULL;

	pthread_mutex_lock(&table.lock);
	while (!s && *fd < table.nr)
		s = find_locked((*fd)++);
	pthread_mutex_unlock(&table.lock);
	return s;
}

bool async_any(bool (*func)(struct async_sock *s, const void *what),
	       const void *what)
{
	struct async_sock *s;
	bool done = false;
	int fd = 0;

	while (!done && (s = next(&fd))) {
		done = func(s, what);
		async_put(s);
	}
	return done;
}

static void end_accept(struct async_sock *s, struct async_sock *listener)
{
	struct async_chosen chosen = { .owner = listener, .accept = s };

	async_cancel(&chosen);
	async_put(listener);
}

void win_async_close(int fd)
{
	struct async_sock *s = async_find(fd), *listener;
	struct async_chosen all = { .owner = s };

	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	__atomic_store_n(&s->closed, true, __ATOMIC_SEQ_CST);
	listener = s->accepting ? async_hold(s->accepting) : NULL;
	pthread_mutex_unlock(&s->lock);
	if (listener)
		end_accept(s, listener);
	async_cancel(&all);
	pthread_mutex_lock(&s->lock);
	/* Others' may have come here. */
	async_abort(s, ASYNC_IN, ERROR_OPERATION_ABORTED);
	async_abort(s, ASYNC_OUT, ERROR_OPERATION_ABORTED);
	async_events_end(s);
	async_disarm(s);
	pthread_mutex_unlock(&s->lock);
	async_put(s);
}

void win_async_closed(int fd)
{
	struct async_sock *s = async_find(fd);

	if (!s)
		return;
	if (is_closed(s))
		forget(s);
	async_put(s);
}

bool win_async_busy(int fd, bool send)
{
	struct async_sock *s = async_find(fd);
	bool busy;

	if (!s)
		return false;
	pthread_mutex_lock(&s->lock);
	busy = s->accepting ||
	       !TAILQ_EMPTY(&s->lanes[send ? ASYNC_OUT : ASYNC_IN]);
	pthread_mutex_unlock(&s->lock);
	async_put(s);
	return busy;
}
