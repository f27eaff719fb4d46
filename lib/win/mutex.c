// SPDX-License-Identifier: MIT
/* Mutexes and semaphores that have handles. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <unistd.h>

#include <synchapi.h>

#include "win.h"

struct win_mutex {
	struct win_object obj;
	int fd;			/* can be read while nobody owns it */
	const void *owner;
	/* The owner's. */
	LIST_ENTRY(win_mutex) link;
	unsigned int count;
	bool abandoned;
};

LIST_HEAD(win_mutexes, win_mutex);

/* A reference to each. Its address stands for the thread. */
static __thread struct win_mutexes win_owned;

static struct win_mutex *win_mutex_of(struct win_object *obj)
{
	return (struct win_mutex *)obj;
}

static int win_mutex_fd(struct win_object *obj)
{
	return win_mutex_of(obj)->fd;
}

static void win_mutex_destroy(struct win_object *obj)
{
	close(win_mutex_fd(obj));
	free(obj);
}

/* Only the thread itself makes itself the owner, so it need not be locked. */
static bool win_mutex_mine(const struct win_mutex *mutex)
{
	return __atomic_load_n(&mutex->owner, __ATOMIC_RELAXED) == &win_owned;
}

static void win_mutex_own(struct win_mutex *mutex)
{
	__atomic_store_n(&mutex->owner, &win_owned, __ATOMIC_RELAXED);
	mutex->count = 1;
	LIST_INSERT_HEAD(&win_owned, mutex, link);
	win_object_get(&mutex->obj);
}

static void win_mutex_disown(struct win_mutex *mutex)
{
	LIST_REMOVE(mutex, link);
	__atomic_store_n(&mutex->owner, NULL, __ATOMIC_RELAXED);
	win_eventfd_write(mutex->fd);
	win_object_put(&mutex->obj);
}

/* That the thread has an object makes its end known here. */
static bool win_mutex_take(struct win_object *obj)
{
	struct win_mutex *mutex = win_mutex_of(obj);
	struct win_object *self;

	if (win_mutex_mine(mutex)) {
		mutex->count++;
		return true;
	}
	self = win_thread_self();
	if (!self)
		return false;
	win_object_put(self);
	if (!win_eventfd_read(mutex->fd))
		return false;
	win_mutex_own(mutex);
	return true;
}

static void win_mutex_untake(struct win_object *obj)
{
	struct win_mutex *mutex = win_mutex_of(obj);

	if (--mutex->count == 0)
		win_mutex_disown(mutex);
}

static const struct win_object_ops win_mutex_ops = {
	.kind = WIN_MUTEX,
	.destroy = win_mutex_destroy,
	.fd = win_mutex_fd,
	.take = win_mutex_take,
	.untake = win_mutex_untake,
};

void win_mutex_abandon_all(void)
{
	struct win_mutex *mutex;

	while ((mutex = LIST_FIRST(&win_owned))) {
		mutex->abandoned = true;
		win_mutex_disown(mutex);
	}
}

bool win_mutex_was_abandoned(struct win_object *obj)
{
	bool was;

	if (obj->ops->kind != WIN_MUTEX)
		return false;
	was = win_mutex_of(obj)->abandoned;
	win_mutex_of(obj)->abandoned = false;
	return was;
}

/* The caller is its owner. */
static HANDLE win_mutex_owned(HANDLE handle)
{
	struct win_object *obj = win_handle_get(handle, WIN_MUTEX);
	bool taken;

	if (!obj)
		return NULL;
	taken = win_mutex_take(obj);
	win_object_put(obj);
	if (taken)
		return handle;
	win_handle_close(handle, WIN_MUTEX);
	win_refuse(ERROR_NOT_ENOUGH_MEMORY);
	return NULL;
}

static HANDLE win_mutex_new(void)
{
	struct win_mutex *mutex = calloc(1, sizeof(*mutex));

	if (!mutex) {
		win_refuse(ERROR_NOT_ENOUGH_MEMORY);
		return NULL;
	}
	mutex->obj.ops = &win_mutex_ops;
	mutex->obj.refs = 1;
	mutex->fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	if (mutex->fd < 0) {
		win_refuse(win_code(errno));
		free(mutex);
		return NULL;
	}
	return win_handle_new(&mutex->obj);
}

static HANDLE win_mutex_create(const void *name, bool owned)
{
	HANDLE mutex;

	if (name) {
		win_refuse(ERROR_NOT_SUPPORTED);
		return NULL;
	}
	mutex = win_mutex_new();
	if (mutex && owned)
		mutex = win_mutex_owned(mutex);
	if (mutex)
		win_refuse(ERROR_SUCCESS);
	return mutex;
}

HANDLE CreateMutexA(LPSECURITY_ATTRIBUTES attributes, BOOL owned, LPCSTR name)
{
	(void)attributes;
	return win_mutex_create(name, owned);
}

HANDLE CreateMutexW(LPSECURITY_ATTRIBUTES attributes, BOOL owned, LPCWSTR name)
{
	(void)attributes;
	return win_mutex_create(name, owned);
}

BOOL ReleaseMutex(HANDLE mutex)
{
	struct win_object *obj = win_handle_get(mutex, WIN_MUTEX);
	bool mine;

	if (!obj)
		return FALSE;
	mine = win_mutex_mine(win_mutex_of(obj));
	if (mine)
		win_mutex_untake(obj);
	win_object_put(obj);
	return mine || win_refuse(ERROR_NOT_OWNER);
}

struct win_semaphore {
	struct win_object obj;
	int fd;			/* can be read while count is not 0 */
	pthread_mutex_t lock;
	LONG count;
	LONG maximum;
};

static struct win_semaphore *win_semaphore_of(struct win_object *obj)
{
	return (struct win_semaphore *)obj;
}

static int win_semaphore_fd(struct win_object *obj)
{
	return win_semaphore_of(obj)->fd;
}

static void win_semaphore_destroy(struct win_object *obj)
{
	pthread_mutex_destroy(&win_semaphore_of(obj)->lock);
	close(win_semaphore_fd(obj));
	free(obj);
}

static bool win_semaphore_take(struct win_object *obj)
{
	struct win_semaphore *sem = win_semaphore_of(obj);
	bool taken;

	pthread_mutex_lock(&sem->lock);
	taken = sem->count > 0;
	if (taken && --sem->count == 0)
		win_eventfd_read(sem->fd);
	pthread_mutex_unlock(&sem->lock);
	return taken;
}

static bool win_semaphore_give(struct win_semaphore *sem, LONG n, LPLONG before)
{
	bool fits;

	pthread_mutex_lock(&sem->lock);
	fits = n <= sem->maximum - sem->count;
	if (fits) {
		if (before)
			*before = sem->count;
		if (!sem->count)
			win_eventfd_write(sem->fd);
		sem->count += n;
	}
	pthread_mutex_unlock(&sem->lock);
	return fits;
}

static void win_semaphore_untake(struct win_object *obj)
{
	win_semaphore_give(win_semaphore_of(obj), 1, NULL);
}

static const struct win_object_ops win_semaphore_ops = {
	.kind = WIN_SEMAPHORE,
	.destroy = win_semaphore_destroy,
	.fd = win_semaphore_fd,
	.take = win_semaphore_take,
	.untake = win_semaphore_untake,
};

static HANDLE win_semaphore_new(LONG count, LONG maximum)
{
	struct win_semaphore *sem = calloc(1, sizeof(*sem));

	if (!sem) {
		win_refuse(ERROR_NOT_ENOUGH_MEMORY);
		return NULL;
	}
	sem->obj.ops = &win_semaphore_ops;
	sem->obj.refs = 1;
	sem->count = count;
	sem->maximum = maximum;
	sem->fd = eventfd(count > 0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (sem->fd < 0) {
		win_refuse(win_code(errno));
		free(sem);
		return NULL;
	}
	pthread_mutex_init(&sem->lock, NULL);
	return win_handle_new(&sem->obj);
}

static HANDLE win_semaphore_create(const void *name, LONG count, LONG maximum)
{
	HANDLE semaphore = NULL;

	if (name)
		win_refuse(ERROR_NOT_SUPPORTED);
	else if (maximum <= 0 || count < 0 || count > maximum)
		win_refuse(ERROR_INVALID_PARAMETER);
	else
		semaphore = win_semaphore_new(count, maximum);
	if (semaphore)
		win_refuse(ERROR_SUCCESS);
	return semaphore;
}

HANDLE CreateSemaphoreA(LPSECURITY_ATTRIBUTES attributes, LONG count,
			LONG maximum, LPCSTR name)
{
	(void)attributes;
	return win_semaphore_create(name, count, maximum);
}

HANDLE CreateSemaphoreW(LPSECURITY_ATTRIBUTES attributes, LONG count,
			LONG maximum, LPCWSTR name)
{
	(void)attributes;
	return win_semaphore_create(name, count, maximum);
}

BOOL ReleaseSemaphore(HANDLE semaphore, LONG count, LPLONG before)
{
	struct win_object *obj;
	bool given;

	if (count <= 0)
		return win_refuse(ERROR_INVALID_PARAMETER);
	obj = win_handle_get(semaphore, WIN_SEMAPHORE);
	if (!obj)
		return FALSE;
	given = win_semaphore_give(win_semaphore_of(obj), count, before);
	win_object_put(obj);
	return given || win_refuse(ERROR_TOO_MANY_POSTS);
}
