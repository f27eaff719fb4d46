// SPDX-License-Identifier: MIT
/*
 * WSAEventSelect(). An event of the network is told once; then it is not looked
 * at until the program has made the call that it was to be told for.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "async.h"
#include "netevent.h"

#define ALL	(FD_READ | FD_WRITE | FD_OOB | FD_ACCEPT | FD_CONNECT | \
		 FD_CLOSE)

/* Instead of what can be waited for. */
#define UNTIL_CONNECTED	EPOLLONESHOT

/* How many sockets have events. Most programs have none. */
static unsigned int selected;

enum state { FRESH, CONNECTING, CONNECTED, LISTENING, DATAGRAMS };

static enum state state_of(struct async_sock *s, short ready)
{
	SOCKADDR_STORAGE name;
	unsigned int length = sizeof(name);

	if (!s->stream)
		return DATAGRAMS;
	if (win_sock_option(s->fd, SO_ACCEPTCONN, 0))
		return LISTENING;
	if (win_sock_flags(s->fd) & SOCK_CONNECTING)
		return CONNECTING;
	/* One that was reset has no peer any more, but an error. */
	if (!libc_getpeername(s->fd, &name, &length) || ready & POLLERR)
		s->events.live = true;
	return s->events.live ? CONNECTED : FRESH;
}

static void record(struct async_events *events, LONG event, int code)
{
	LONG now = event & events->wanted & events->enabled;

	events->enabled &= ~event;
	if (!now)
		return;
	events->recorded |= now;
	events->codes[__builtin_ctz((unsigned int)event)] = code;
	win_event_set(events->event);
}

static bool is_drained(int fd)
{
	int n = 0;

	return !libc_ioctl(fd, LIBC_FIONREAD, &n) && !n;
}

/* That the peer has gone is told when there are no data any more. */
static uint32_t check_stream(struct async_sock *s, short ready)
{
	const short end = LIBC_POLLRDHUP | POLLERR | POLLHUP;
	struct async_events *events = &s->events;
	bool drained = ready & end && is_drained(s->fd);
	int err;

	if (ready & POLLOUT)
		record(events, FD_WRITE, 0);
	if (ready & POLLPRI)
		record(events, FD_OOB, 0);
	if (ready & POLLIN && !drained)
		record(events, FD_READ, 0);
	if (drained && events->wanted & events->enabled & FD_CLOSE) {
		err = win_sock_option(s->fd, SO_ERROR, 0);
		record(events, FD_CLOSE, err ? (int)win_recv_code(s->fd, err) :
					       0);
	}
	/* Nothing more will come, so nothing to wait for. */
	if (ready & end)
		return ready & (POLLERR | POLLHUP) ? 0 : EPOLLOUT;
	return EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP;
}

static uint32_t check_connecting(struct async_sock *s, short ready)
{
	int err;

	if (!(ready & (POLLOUT | POLLERR | POLLHUP)))
		return UNTIL_CONNECTED;
	err = win_sock_option(s->fd, SO_ERROR, 0);
	win_sock_mark(s->fd, 0, SOCK_CONNECTING);
	record(&s->events, FD_CONNECT, (int)win_wsa_code(err));
	return err ? 0 : check_stream(s, ready);
}

static uint32_t check_datagrams(struct async_sock *s, short ready)
{
	if (ready & (POLLIN | POLLERR))
		record(&s->events, FD_READ, 0);
	if (ready & POLLOUT)
		record(&s->events, FD_WRITE, 0);
	return ready & POLLERR ? 0 : EPOLLIN | EPOLLOUT;
}

static uint32_t check(struct async_sock *s, short ready)
{
	switch (state_of(s, ready)) {
	case LISTENING:
		if (ready & POLLIN)
			record(&s->events, FD_ACCEPT, 0);
		return EPOLLIN;
	case CONNECTING:
		return check_connecting(s, ready);
	case CONNECTED:
		return check_stream(s, ready);
	case DATAGRAMS:
		return check_datagrams(s, ready);
	default:
		return 0;
	}
}

/* What would be told if it happened: of that, what can be waited for. */
static uint32_t wait_for(const struct async_events *events, uint32_t possible)
{
	LONG open = events->wanted & events->enabled;
	uint32_t wait = 0;

	if (open & (FD_READ | FD_ACCEPT))
		wait |= EPOLLIN;
	if (open & (FD_WRITE | FD_CONNECT))
		wait |= EPOLLOUT;
	if (open & FD_OOB)
		wait |= EPOLLPRI;
	if (open & FD_CLOSE)
		wait |= EPOLLRDHUP;
	/* What comes after the connection begins with it. */
	if (possible == UNTIL_CONNECTED)
		return open ? EPOLLOUT : 0;
	return wait & possible;
}

uint32_t async_events_check(struct async_sock *s)
{
	struct libc_pollfd poll = {
		.fd = s->fd,
		.events = POLLIN | POLLOUT | POLLPRI | LIBC_POLLRDHUP,
	};

	if (!s->events.event)
		return 0;
	libc_poll(&poll, 1, 0);
	return wait_for(&s->events, check(s, poll.revents));
}

void async_events_end(struct async_sock *s)
{
	if (!s->events.event)
		return;
	win_object_put(s->events.event);
	memset(&s->events, 0, sizeof(s->events));
	__atomic_fetch_sub(&selected, 1, __ATOMIC_RELAXED);
}

/* Takes the reference. */
static DWORD begin(struct async_sock *s, struct win_object *event, LONG wanted)
{
	async_events_end(s);
	s->events.event = event;
	s->events.wanted = wanted;
	s->events.enabled = ALL;
	__atomic_fetch_add(&selected, 1, __ATOMIC_RELAXED);
	return async_arm(s);
}

static DWORD select_event(int fd, struct win_object *event, LONG wanted)
{
	DWORD code = 0;
	struct async_sock *s = async_get(fd, &code);

	if (s) {
		pthread_mutex_lock(&s->lock);
		if (s->closed)
			code = WSAENOTSOCK;
		else if (wanted)
			code = begin(s, win_object_get(event), wanted);
		else
			async_events_end(s);
		pthread_mutex_unlock(&s->lock);
		async_put(s);
	}
	return code;
}

int WSAEventSelect(SOCKET s, WSAEVENT event, long events)
{
	struct win_object *obj = NULL;
	int fd = win_sock(s);
	DWORD code;

	if (fd < 0)
		return -1;
	if (events & ~(long)ALL)
		return win_fail(WSAEINVAL);
	if (win_sock_option(fd, SO_TYPE, -1) < 0)
		return win_fail(WSAENOTSOCK);
	if (events) {
		obj = win_handle_get(event, WIN_EVENT);
		if (!obj)
			return win_fail(WSA_INVALID_HANDLE);
	}
	code = win_sock_set_blocking(fd, false);
	if (!code)
		code = select_event(fd, obj, (LONG)events);
	if (obj)
		win_object_put(obj);
	return code ? win_fail(code) : 0;
}

/* What isn't recorded is 0. */
static void take(struct async_events *events, WSANETWORKEVENTS *out)
{
	int i;

	memset(out, 0, sizeof(*out));
	out->lNetworkEvents = events->recorded;
	for (i = 0; i < FD_MAX_EVENTS; i++)
		if (events->recorded & 1 << i)
			out->iErrorCode[i] = events->codes[i];
	events->recorded = 0;
}

static void take_events(int fd, struct win_object *event,
			WSANETWORKEVENTS *out)
{
	struct async_sock *s = async_find(fd);

	if (!s && event)
		win_event_reset(event);
	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	async_arm(s);
	if (event)
		win_event_reset(event);
	take(&s->events, out);
	pthread_mutex_unlock(&s->lock);
	async_put(s);
}

int WSAEnumNetworkEvents(SOCKET s, WSAEVENT event, LPWSANETWORKEVENTS events)
{
	struct win_object *obj = NULL;
	WSANETWORKEVENTS out = { 0 };
	int fd = win_sock(s);

	if (fd < 0)
		return -1;
	if (win_sock_option(fd, SO_TYPE, -1) < 0)
		return win_fail(WSAENOTSOCK);
	/* Before what would be lost. */
	if (!win_copy_out(events, &out, sizeof(out)))
		return win_fail(WSAEFAULT);
	if (event) {
		obj = win_handle_get(event, WIN_EVENT);
		if (!obj)
			return win_fail(WSA_INVALID_HANDLE);
	}
	take_events(fd, obj, events);
	if (obj)
		win_object_put(obj);
	return 0;
}

/* A reference if there are events; NULL mostly. */
static struct async_sock *find(int fd)
{
	struct async_sock *s;

	if (!__atomic_load_n(&selected, __ATOMIC_RELAXED))
		return NULL;
	s = async_find(fd);
	if (!s)
		return NULL;
	pthread_mutex_lock(&s->lock);
	if (s->events.event)
		return s;
	pthread_mutex_unlock(&s->lock);
	async_put(s);
	return NULL;
}

static void leave(struct async_sock *s)
{
	async_arm(s);
	pthread_mutex_unlock(&s->lock);
	async_put(s);
}

void win_event_again(int fd, LONG event)
{
	const int err = errno;
	struct async_sock *s = find(fd);

	if (s) {
		s->events.enabled |= event;
		leave(s);
	}
	errno = err;
}

void win_event_connected(int fd, DWORD code)
{
	struct async_sock *s = find(fd);

	if (!s)
		return;
	s->events.enabled |= FD_CONNECT;
	record(&s->events, FD_CONNECT, (int)code);
	leave(s);
}

void win_event_changed(int fd)
{
	const int err = errno;
	struct async_sock *s = find(fd);

	if (s) {
		s->events.enabled = ALL;
		s->events.live = false;
		leave(s);
	}
	errno = err;
}

bool win_event_selected(int fd)
{
	struct async_sock *s = find(fd);

	if (!s)
		return false;
	pthread_mutex_unlock(&s->lock);
	async_put(s);
	return true;
}

void win_event_inherit(int fd, int peer)
{
	struct async_sock *s = find(fd);
	struct win_object *event;
	LONG wanted;

	if (!s)
		return;
	event = win_object_get(s->events.event);
	wanted = s->events.wanted;
	leave(s);
	select_event(peer, event, wanted);
	win_object_put(event);
}
