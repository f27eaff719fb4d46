// SPDX-License-Identifier: MIT
/* Events: eventfds, so that the kernel can set them, too. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <synchapi.h>

#include "win.h"

struct win_event {
	struct win_object obj;
	int fd;
	unsigned int sets;
};

static struct win_event *win_event_of(struct win_object *obj)
{
	return (struct win_event *)obj;
}

int win_event_fd(struct win_object *event)
{
	return win_event_of(event)->fd;
}

static void win_event_destroy(struct win_object *obj)
{
	close(win_event_fd(obj));
	free(obj);
}

/* Nobody but the kernel may have set it: then there is nothing to order. */
static bool win_event_is_set(struct win_object *obj)
{
	struct pollfd pfd = { .fd = win_event_fd(obj), .events = POLLIN };

	if (poll(&pfd, 1, 0) != 1)
		return false;
	__atomic_load_n(&win_event_of(obj)->sets, __ATOMIC_ACQUIRE);
	return true;
}

static bool win_event_take(struct win_object *obj)
{
	return win_eventfd_read(win_event_fd(obj));
}

static const struct win_object_ops win_manual_ops = {
	.kind = WIN_EVENT,
	.destroy = win_event_destroy,
	.fd = win_event_fd,
	.take = win_event_is_set,
};

static const struct win_object_ops win_automatic_ops = {
	.kind = WIN_EVENT,
	.destroy = win_event_destroy,
	.fd = win_event_fd,
	.take = win_event_take,
	.untake = win_event_set,
};

/* Full is set, too. */
void win_event_set(struct win_object *event)
{
	__atomic_fetch_add(&win_event_of(event)->sets, 1, __ATOMIC_RELEASE);
	win_eventfd_write(win_event_fd(event));
}

void win_event_reset(struct win_object *event)
{
	win_eventfd_read(win_event_fd(event));
}

static HANDLE win_event_new(bool manual, bool set)
{
	struct win_event *event = calloc(1, sizeof(*event));

	if (!event) {
		win_refuse(ERROR_NOT_ENOUGH_MEMORY);
		return NULL;
	}
	event->obj.ops = manual ? &win_manual_ops : &win_automatic_ops;
	event->obj.refs = 1;
	event->fd = eventfd(set, EFD_CLOEXEC | EFD_NONBLOCK);
	if (event->fd < 0) {
		win_refuse(win_code(errno));
		free(event);
		return NULL;
	}
	return win_handle_new(&event->obj);
}

static HANDLE win_event_create(const void *name, bool manual, bool set)
{
	HANDLE event;

	if (name) {
		win_refuse(ERROR_NOT_SUPPORTED);
		return NULL;
	}
	event = win_event_new(manual, set);
	/* Programs ask whether it existed before. */
	if (event)
		win_refuse(ERROR_SUCCESS);
	return event;
}

HANDLE CreateEventA(LPSECURITY_ATTRIBUTES attributes, BOOL manual, BOOL set,
		    LPCSTR name)
{
	(void)attributes;
	return win_event_create(name, manual, set);
}

HANDLE CreateEventW(LPSECURITY_ATTRIBUTES attributes, BOOL manual, BOOL set,
		    LPCWSTR name)
{
	(void)attributes;
	return win_event_create(name, manual, set);
}

HANDLE CreateEventExA(LPSECURITY_ATTRIBUTES attributes, LPCSTR name,
		      DWORD flags, DWORD access)
{
	(void)attributes;
	(void)access;
	return win_event_create(name, flags & CREATE_EVENT_MANUAL_RESET,
				flags & CREATE_EVENT_INITIAL_SET);
}

HANDLE CreateEventExW(LPSECURITY_ATTRIBUTES attributes, LPCWSTR name,
		      DWORD flags, DWORD access)
{
	(void)attributes;
	(void)access;
	return win_event_create(name, flags & CREATE_EVENT_MANUAL_RESET,
				flags & CREATE_EVENT_INITIAL_SET);
}

BOOL SetEvent(HANDLE event)
{
	struct win_object *obj = win_handle_get(event, WIN_EVENT);

	if (!obj)
		return FALSE;
	win_event_set(obj);
	win_object_put(obj);
	return TRUE;
}

BOOL ResetEvent(HANDLE event)
{
	struct win_object *obj = win_handle_get(event, WIN_EVENT);

	if (!obj)
		return FALSE;
	win_event_reset(obj);
	win_object_put(obj);
	return TRUE;
}
