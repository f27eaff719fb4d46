// SPDX-License-Identifier: MIT
/*
 * Waiting for objects. Each has a descriptor that can be read when it may be
 * taken; who is fastest has it. Who wants all of several takes them while
 * nobody else takes any, and gives back what it has if one is missing.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <time.h>

#include <processthreadsapi.h>
#include <synchapi.h>

#include "win.h"

/* Who takes one object goes along with others, who takes several does not. */
static struct {
	pthread_mutex_t lock;	/* held by who takes several */
	pthread_cond_t change;
	unsigned int takers;	/* of one */
	unsigned int waiting;	/* to take several: they go first */
} win_taking = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.change = PTHREAD_COND_INITIALIZER,
};

static void win_one_begin(void)
{
	pthread_mutex_lock(&win_taking.lock);
	while (win_taking.waiting)
		pthread_cond_wait(&win_taking.change, &win_taking.lock);
	win_taking.takers++;
	pthread_mutex_unlock(&win_taking.lock);
}

static void win_one_end(void)
{
	pthread_mutex_lock(&win_taking.lock);
	if (--win_taking.takers == 0)
		pthread_cond_broadcast(&win_taking.change);
	pthread_mutex_unlock(&win_taking.lock);
}

static void win_all_begin(void)
{
	pthread_mutex_lock(&win_taking.lock);
	win_taking.waiting++;
	while (win_taking.takers)
		pthread_cond_wait(&win_taking.change, &win_taking.lock);
	win_taking.waiting--;
}

static void win_all_end(void)
{
	pthread_cond_broadcast(&win_taking.change);
	pthread_mutex_unlock(&win_taking.lock);
}

/* Those that wait here are not in the child. */
static void win_taking_child(void)
{
	win_taking.waiting = 0;
	pthread_cond_init(&win_taking.change, NULL);
	pthread_mutex_unlock(&win_taking.lock);
}

__attribute__((constructor))
static void win_taking_init(void)
{
	pthread_atfork(win_all_begin, win_all_end, win_taking_child);
}

static uint64_t win_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

struct win_deadline win_deadline(DWORD milliseconds)
{
	struct win_deadline deadline = { .at = UINT64_MAX };

	if (milliseconds == 0)
		deadline.at = 0;
	else if (milliseconds != INFINITE)
		deadline.at = win_now() + milliseconds * 1000000ull;
	return deadline;
}

int win_deadline_left(struct win_deadline deadline)
{
	uint64_t now, left;

	if (deadline.at == UINT64_MAX)
		return -1;
	now = deadline.at ? win_now() : 0;
	if (now >= deadline.at)
		return 0;
	left = (deadline.at - now + 999999) / 1000000;
	return left < INT_MAX ? (int)left : INT_MAX;
}

static bool win_take_one(struct win_object *obj)
{
	bool taken;

	win_one_begin();
	taken = obj->ops->take(obj);
	win_one_end();
	return taken;
}

/* A mutex whose owner has ended is had all the same. */
static DWORD win_taken(struct win_object *const *objs, DWORD first, DWORD n)
{
	DWORD code = WAIT_OBJECT_0 + first;

	for (; n; n--, first++)
		if (win_mutex_was_abandoned(objs[first]))
			code = WAIT_ABANDONED_0 + first;
	return code;
}

static DWORD win_take_any(struct win_object *const *objs, DWORD n)
{
	DWORD at;

	for (at = 0; at < n; at++)
		if (win_take_one(objs[at]))
			return win_taken(objs, at, 1);
	return WAIT_TIMEOUT;
}

static void win_untake(struct win_object *const *objs, DWORD n)
{
	while (n--)
		if (objs[n]->ops->untake)
			objs[n]->ops->untake(objs[n]);
}

/* @missing: the one that was not to be had. */
static DWORD win_take_all(struct win_object *const *objs, DWORD n,
			  DWORD *missing)
{
	DWORD at;

	win_all_begin();
	for (at = 0; at < n && objs[at]->ops->take(objs[at]); at++)
		;
	if (at < n)
		win_untake(objs, at);
	win_all_end();
	*missing = at;
	return at == n ? win_taken(objs, 0, n) : WAIT_TIMEOUT;
}

/* Until one may be taken. */
static bool win_poll(struct win_object *const *objs, DWORD n,
		     struct win_deadline deadline)
{
	struct pollfd pfds[MAXIMUM_WAIT_OBJECTS];
	int timeout, ready;
	DWORD at;

	for (at = 0; at < n; at++) {
		pfds[at].fd = objs[at]->ops->fd(objs[at]);
		pfds[at].events = POLLIN;
	}
	do {
		timeout = win_deadline_left(deadline);
		ready = poll(pfds, n, timeout);
	} while (ready < 0 && errno == EINTR);
	return ready > 0;
}

static DWORD win_wait_any(struct win_object *const *objs, DWORD n,
			  struct win_deadline deadline)
{
	DWORD code;

	do {
		code = win_take_any(objs, n);
	} while (code == WAIT_TIMEOUT && win_poll(objs, n, deadline));
	return code;
}

static DWORD win_wait_all(struct win_object *const *objs, DWORD n,
			  struct win_deadline deadline)
{
	DWORD missing, code;

	do {
		code = win_take_all(objs, n, &missing);
	} while (code == WAIT_TIMEOUT &&
		 win_poll(&objs[missing], 1, deadline));
	return code;
}

static void win_put_all(struct win_object *const *objs, DWORD n)
{
	while (n--)
		win_object_put(objs[n]);
}

static struct win_object *win_waitable(HANDLE handle)
{
	struct win_object *obj;

	if (handle == GetCurrentThread())
		return win_thread_self();
	obj = win_handle_get(handle, WIN_ANY);
	if (obj && !obj->ops->fd) {
		win_object_put(obj);
		win_refuse(ERROR_INVALID_HANDLE);
		return NULL;
	}
	return obj;
}

/* To wait for all of them, each has to be another one. */
static bool win_distinct(struct win_object *const *objs, DWORD n)
{
	DWORD a, b;

	for (a = 0; a < n; a++)
		for (b = 0; b < a; b++)
			if (objs[a] == objs[b])
				return false;
	return true;
}

static DWORD win_wait(struct win_object *const *objs, DWORD n, BOOL all,
		      DWORD milliseconds)
{
	struct win_deadline deadline = win_deadline(milliseconds);

	if (!all || n == 1)
		return win_wait_any(objs, n, deadline);
	if (!win_distinct(objs, n)) {
		win_refuse(ERROR_INVALID_PARAMETER);
		return WAIT_FAILED;
	}
	return win_wait_all(objs, n, deadline);
}

DWORD WaitForMultipleObjects(DWORD count, const HANDLE *handles, BOOL all,
			     DWORD milliseconds)
{
	struct win_object *objs[MAXIMUM_WAIT_OBJECTS];
	DWORD at, code = WAIT_FAILED;

	if (!count || count > MAXIMUM_WAIT_OBJECTS) {
		win_refuse(ERROR_INVALID_PARAMETER);
		return WAIT_FAILED;
	}
	for (at = 0; at < count; at++) {
		objs[at] = win_waitable(handles[at]);
		if (!objs[at])
			break;
	}
	if (at == count)
		code = win_wait(objs, count, all, milliseconds);
	win_put_all(objs, at);
	return code;
}

DWORD WaitForMultipleObjectsEx(DWORD count, const HANDLE *handles, BOOL all,
			       DWORD milliseconds, BOOL alertable)
{
	(void)alertable;
	return WaitForMultipleObjects(count, handles, all, milliseconds);
}

DWORD WaitForSingleObject(HANDLE handle, DWORD milliseconds)
{
	return WaitForMultipleObjects(1, &handle, FALSE, milliseconds);
}

DWORD WaitForSingleObjectEx(HANDLE handle, DWORD milliseconds, BOOL alertable)
{
	(void)alertable;
	return WaitForSingleObject(handle, milliseconds);
}

void Sleep(DWORD milliseconds)
{
	struct win_deadline deadline = win_deadline(milliseconds);
	int left;

	if (!milliseconds) {
		SwitchToThread();
		return;
	}
	while ((left = win_deadline_left(deadline)))
		poll(NULL, 0, left);
}

DWORD SleepEx(DWORD milliseconds, BOOL alertable)
{
	(void)alertable;
	Sleep(milliseconds);
	return 0;
}
