// SPDX-License-Identifier: MIT
/*
 * Completion ports. Who waits for one polls the descriptors that are watched,
 * and one of the port's own that can be read while packets are queued.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <errhandlingapi.h>
#include <handleapi.h>
#include <ioapiset.h>

#include "port.h"

#define WIN_PORT_EVENTS	64
/* What epoll says of the port's own descriptor; others by their slot. */
#define WIN_PORT_QUEUED	UINT32_MAX

STAILQ_HEAD(win_packets, win_packet);

struct win_watch {
	int fd;		/* -1: the slot is free */
	OVERLAPPED_ENTRY entry;
};

struct win_port {
	struct win_object obj;
	int epoll;
	int queued;
	pthread_mutex_t lock;	/* guards what follows */
	struct win_packets packets;
	struct win_watch *watches;
	uint32_t room;
	uint32_t watched;
	bool closed;
};

static struct win_port *win_port_of(struct win_object *obj)
{
	return (struct win_port *)obj;
}

static void win_port_destroy(struct win_object *obj)
{
	struct win_port *port = win_port_of(obj);
	struct win_packet *packet;

	while ((packet = STAILQ_FIRST(&port->packets))) {
		STAILQ_REMOVE_HEAD(&port->packets, link);
		free(packet);
	}
	close(port->queued);
	close(port->epoll);
	pthread_mutex_destroy(&port->lock);
	free(port->watches);
	free(port);
}

/* Its own descriptor can be read from now on, for all who wait. */
static void win_port_close(struct win_object *obj)
{
	struct win_port *port = win_port_of(obj);

	pthread_mutex_lock(&port->lock);
	port->closed = true;
	win_eventfd_write(port->queued);
	pthread_mutex_unlock(&port->lock);
}

static const struct win_object_ops win_port_ops = {
	.kind = WIN_PORT,
	.destroy = win_port_destroy,
	.close = win_port_close,
};

static int win_port_add(struct win_port *port, int fd, uint32_t at,
			uint32_t events)
{
	struct epoll_event event = { .events = events, .data.u32 = at };

	return epoll_ctl(port->epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int win_port_open(struct win_port *port)
{
	int err;

	port->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (port->epoll < 0)
		return -errno;
	port->queued = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (port->queued < 0) {
		err = -errno;
		goto err_close_epoll;
	}
	err = win_port_add(port, port->queued, WIN_PORT_QUEUED, EPOLLIN);
	if (err)
		goto err_close_queued;
	return 0;

err_close_queued:
	close(port->queued);
err_close_epoll:
	close(port->epoll);
	return err;
}

static HANDLE win_port_new(void)
{
	struct win_port *port = calloc(1, sizeof(*port));
	int err;

	if (!port) {
		win_refuse(ERROR_NOT_ENOUGH_MEMORY);
		return NULL;
	}
	err = win_port_open(port);
	if (err) {
		free(port);
		win_refuse(win_code(-err));
		return NULL;
	}
	port->obj.ops = &win_port_ops;
	port->obj.refs = 1;
	STAILQ_INIT(&port->packets);
	pthread_mutex_init(&port->lock, NULL);
	return win_handle_new(&port->obj);
}

static bool win_port_associate(HANDLE file, HANDLE port, ULONG_PTR key)
{
	struct win_object *obj = win_handle_get(port, WIN_PORT);
	bool done;

	if (!obj)
		return false;
	done = win_async_associate(file, obj, key);
	win_object_put(obj);
	return done;
}

HANDLE CreateIoCompletionPort(HANDLE file, HANDLE port, ULONG_PTR key,
			      DWORD threads)
{
	HANDLE made = NULL;
	DWORD code;

	(void)threads;
	if (file == INVALID_HANDLE_VALUE && port) {
		win_refuse(ERROR_INVALID_PARAMETER);
		return NULL;
	}
	if (!port) {
		made = win_port_new();
		port = made;
	}
	if (!port || file == INVALID_HANDLE_VALUE ||
	    win_port_associate(file, port, key))
		return port;
	code = GetLastError();
	if (made)
		CloseHandle(made);
	win_refuse(code);
	return NULL;
}

static int win_port_more_watches(struct win_port *port)
{
	uint32_t room = port->room ? 2 * port->room : 4;
	struct win_watch *watches;

	watches = realloc(port->watches, room * sizeof(*watches));
	if (!watches)
		return -ENOMEM;
	port->watches = watches;
	while (port->room < room)
		watches[port->room++].fd = -1;
	return 0;
}

/* The slot that watches @fd; of -1: one that is free. */
static uint32_t win_port_slot(const struct win_port *port, int fd)
{
	uint32_t at = 0;

	while (at < port->room && port->watches[at].fd != fd)
		at++;
	return at;
}

static int win_port_watch_locked(struct win_port *port, int fd,
				 const OVERLAPPED_ENTRY *entry)
{
	uint32_t at = win_port_slot(port, -1);
	int err = 0;

	if (at == port->room)
		err = win_port_more_watches(port);
	/* Who is told reads it: no other thread need wake up for it. */
	if (!err)
		err = win_port_add(port, fd, at, EPOLLIN | EPOLLET);
	if (err)
		return err;
	port->watches[at].fd = fd;
	port->watches[at].entry = *entry;
	port->watched++;
	return 0;
}

int win_port_watch(struct win_object *obj, int fd, ULONG_PTR key,
		   LPOVERLAPPED overlapped)
{
	const OVERLAPPED_ENTRY entry = {
		.lpCompletionKey = key,
		.lpOverlapped = overlapped,
	};
	struct win_port *port = win_port_of(obj);
	int err;

	pthread_mutex_lock(&port->lock);
	err = win_port_watch_locked(port, fd, &entry);
	pthread_mutex_unlock(&port->lock);
	return err;
}

void win_port_unwatch(struct win_object *obj, int fd)
{
	struct win_port *port = win_port_of(obj);
	uint32_t at;

	pthread_mutex_lock(&port->lock);
	at = win_port_slot(port, fd);
	if (at < port->room) {
		epoll_ctl(port->epoll, EPOLL_CTL_DEL, fd, NULL);
		port->watches[at].fd = -1;
		port->watched--;
	}
	pthread_mutex_unlock(&port->lock);
}

static ULONG win_port_pop(struct win_port *port, LPOVERLAPPED_ENTRY entries,
			  ULONG room)
{
	struct win_packet *packet;
	ULONG n = 0;

	while (n < room && (packet = STAILQ_FIRST(&port->packets))) {
		entries[n++] = packet->entry;
		STAILQ_REMOVE_HEAD(&port->packets, link);
		free(packet);
	}
	if (n && STAILQ_EMPTY(&port->packets) && !port->closed)
		win_eventfd_read(port->queued);
	return n;
}

/*
 * Another thread may have been faster, or it is not watched any more. Of
 * several signals whoever waits is told once: the rest is signalled again.
 */
static ULONG win_port_read(struct win_port *port, uint32_t at,
			   LPOVERLAPPED_ENTRY entry)
{
	struct win_watch *watch = &port->watches[at];
	uint64_t signals = watch->fd < 0 ? 0 : win_eventfd_read(watch->fd);

	if (!signals)
		return 0;
	if (signals > 1)
		win_eventfd_add(watch->fd, signals - 1);
	*entry = watch->entry;
	return 1;
}

/* What was queued gets the room that what was watched leaves. */
static ULONG win_port_take(struct win_port *port,
			   const struct epoll_event *events, int nr,
			   LPOVERLAPPED_ENTRY entries, ULONG room)
{
	bool queued = false;
	ULONG n = 0;
	int i;

	for (i = 0; i < nr; i++) {
		if (events[i].data.u32 == WIN_PORT_QUEUED)
			queued = true;
		else
			n += win_port_read(port, events[i].data.u32,
					   &entries[n]);
	}
	if (queued)
		n += win_port_pop(port, &entries[n], room - n);
	return n;
}

/* Without a system call if only packets that were posted may be there. */
static ULONG win_port_try(struct win_port *port, LPOVERLAPPED_ENTRY entries,
			  ULONG room)
{
	return port->watched ? 0 : win_port_pop(port, entries, room);
}

/* How many; 0 and the last error if none came in time. */
static ULONG win_port_wait(struct win_port *port, LPOVERLAPPED_ENTRY entries,
			   ULONG room, struct win_deadline deadline)
{
	ULONG want = room < WIN_PORT_EVENTS ? room : WIN_PORT_EVENTS, n;
	struct epoll_event events[WIN_PORT_EVENTS];
	bool closed;
	int left, nr;

	pthread_mutex_lock(&port->lock);
	n = win_port_try(port, entries, room);
	pthread_mutex_unlock(&port->lock);
	while (!n) {
		left = win_deadline_left(deadline);
		nr = epoll_wait(port->epoll, events, want, left);
		if (!nr && left >= 0 && !win_deadline_left(deadline))
			return win_refuse(WAIT_TIMEOUT);
		pthread_mutex_lock(&port->lock);
		closed = port->closed;
		n = win_port_take(port, events, nr, entries, room);
		pthread_mutex_unlock(&port->lock);
		if (!n && closed)
			return win_refuse(ERROR_ABANDONED_WAIT_0);
	}
	return n;
}

/* Likewise, by handle; 0 and the last error. */
static ULONG win_port_get(HANDLE handle, LPOVERLAPPED_ENTRY entries,
			  ULONG room, DWORD milliseconds)
{
	struct win_object *obj = win_handle_get(handle, WIN_PORT);
	struct win_port *port;
	ULONG n;

	if (!obj)
		return 0;
	port = win_port_of(obj);
	n = win_port_wait(port, entries, room, win_deadline(milliseconds));
	win_object_put(obj);
	return n;
}

BOOL GetQueuedCompletionStatus(HANDLE port, LPDWORD bytes, PULONG_PTR key,
			       LPOVERLAPPED *overlapped, DWORD milliseconds)
{
	OVERLAPPED_ENTRY entry;

	*overlapped = NULL;
	if (!win_port_get(port, &entry, 1, milliseconds))
		return FALSE;
	*bytes = entry.dwNumberOfBytesTransferred;
	*key = entry.lpCompletionKey;
	*overlapped = entry.lpOverlapped;
	return !entry.Internal ||
	       win_refuse(win_status_code((DWORD)entry.Internal));
}

BOOL GetQueuedCompletionStatusEx(HANDLE port, LPOVERLAPPED_ENTRY entries,
				 ULONG count, PULONG removed,
				 DWORD milliseconds, BOOL alertable)
{
	(void)alertable;
	*removed = 0;
	if (!count)
		return win_refuse(ERROR_INVALID_PARAMETER);
	*removed = win_port_get(port, entries, count, milliseconds);
	return *removed > 0;
}

void win_port_push(struct win_object *obj, struct win_packet *packet)
{
	struct win_port *port = win_port_of(obj);
	bool closed;

	pthread_mutex_lock(&port->lock);
	closed = port->closed;
	if (!closed && STAILQ_EMPTY(&port->packets))
		win_eventfd_write(port->queued);
	if (!closed)
		STAILQ_INSERT_TAIL(&port->packets, packet, link);
	pthread_mutex_unlock(&port->lock);
	if (closed)
		free(packet);
}

BOOL PostQueuedCompletionStatus(HANDLE port, DWORD bytes, ULONG_PTR key,
				LPOVERLAPPED overlapped)
{
	struct win_object *obj = win_handle_get(port, WIN_PORT);
	struct win_packet *packet;

	if (!obj)
		return FALSE;
	packet = calloc(1, sizeof(*packet));
	if (packet) {
		packet->entry.lpCompletionKey = key;
		packet->entry.lpOverlapped = overlapped;
		packet->entry.dwNumberOfBytesTransferred = bytes;
		win_port_push(obj, packet);
	}
	win_object_put(obj);
	return packet || win_refuse(ERROR_NOT_ENOUGH_MEMORY);
}
