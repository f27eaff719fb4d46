// SPDX-License-Identifier: MIT
/*
 * Threads. Each that needs one has an object, also those that the library did
 * not start: what is left to do at its end is done by a key's destructor, after
 * those of the program.
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <errhandlingapi.h>
#include <process.h>
#include <processthreadsapi.h>

#include "thread.h"

static __thread struct win_thread *win_self;
static __thread DWORD win_tid;	/* 0: not asked for yet */
static pthread_once_t win_threads_once = PTHREAD_ONCE_INIT;
static pthread_key_t win_threads_key;
static int win_threads_err;

static int win_thread_fd(struct win_object *obj)
{
	return win_thread_of(obj)->done;
}

static void win_thread_destroy(struct win_object *obj)
{
	struct win_thread *thread = win_thread_of(obj);

	pthread_mutex_destroy(&thread->lock);
	sem_destroy(&thread->gate);
	sem_destroy(&thread->born);
	close(thread->done);
	free(thread);
}

static bool win_thread_has_ended(struct win_object *obj)
{
	struct win_thread *thread = win_thread_of(obj);
	bool ended;

	pthread_mutex_lock(&thread->lock);
	ended = thread->ended;
	pthread_mutex_unlock(&thread->lock);
	return ended;
}

static const struct win_object_ops win_thread_ops = {
	.kind = WIN_THREAD,
	.destroy = win_thread_destroy,
	.fd = win_thread_fd,
	.take = win_thread_has_ended,
};

/* Destructors of the program's may use what this ends: it is the last one. */
static void win_thread_end(void *arg)
{
	struct win_thread *thread = arg;

	if (!thread->late) {
		thread->late = true;
		pthread_setspecific(win_threads_key, thread);
		return;
	}
	win_mutex_abandon_all();
	win_self = NULL;
	if (thread->own)
		win_handle_close(thread->own, WIN_THREAD);
	pthread_mutex_lock(&thread->lock);
	thread->ended = true;
	pthread_mutex_unlock(&thread->lock);
	win_eventfd_write(thread->done);
	win_object_put(&thread->obj);
}

/* Who forks is another thread in the child. */
static void win_thread_child(void)
{
	win_tid = gettid();
	if (win_self)
		win_self->tid = win_tid;
}

__attribute__((constructor))
static void win_thread_init(void)
{
	pthread_atfork(NULL, NULL, win_thread_child);
}

static void win_threads_init(void)
{
	win_threads_err = pthread_key_create(&win_threads_key, win_thread_end);
}

static struct win_thread *win_thread_alloc(void)
{
	struct win_thread *thread;
	int err;

	pthread_once(&win_threads_once, win_threads_init);
	thread = win_threads_err ? NULL : calloc(1, sizeof(*thread));
	if (!thread) {
		win_refuse(ERROR_NOT_ENOUGH_MEMORY);
		return NULL;
	}
	thread->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (thread->done < 0) {
		err = errno;
		free(thread);
		win_refuse(win_code(err));
		return NULL;
	}
	thread->obj.ops = &win_thread_ops;
	thread->obj.refs = 1;
	sem_init(&thread->gate, 0, 0);
	sem_init(&thread->born, 0, 0);
	pthread_mutex_init(&thread->lock, NULL);
	return thread;
}

/* The calling thread's from now on, with a reference. */
static int win_thread_adopt(struct win_thread *thread)
{
	int err = pthread_setspecific(win_threads_key, thread);

	if (err)
		return -err;
	thread->tid = gettid();
	win_self = thread;
	return 0;
}

struct win_object *win_thread_self(void)
{
	struct win_thread *thread = win_self;

	if (thread)
		return win_object_get(&thread->obj);
	thread = win_thread_alloc();
	if (!thread)
		return NULL;
	if (win_thread_adopt(thread)) {
		win_object_put(&thread->obj);
		win_refuse(ERROR_NOT_ENOUGH_MEMORY);
		return NULL;
	}
	return win_object_get(&thread->obj);
}

struct win_thread *win_thread_get(HANDLE handle)
{
	struct win_object *obj;

	if (handle == GetCurrentThread())
		obj = win_thread_self();
	else
		obj = win_handle_get(handle, WIN_THREAD);
	return obj ? win_thread_of(obj) : NULL;
}

static void win_thread_finish(DWORD code)
{
	if (!win_self)
		return;
	pthread_mutex_lock(&win_self->lock);
	win_self->code = code;
	pthread_mutex_unlock(&win_self->lock);
}

/* A semaphore's waits end early for signals. */
static void win_thread_pass(sem_t *sem)
{
	while (sem_wait(sem) && errno == EINTR)
		;
}

/* That it could not be adopted is known to who started it. */
static void *win_thread_main(void *arg)
{
	struct win_thread *thread = arg;
	bool adopted = !win_thread_adopt(thread);

	thread->failed = !adopted;
	sem_post(&thread->born);
	if (!adopted)
		return NULL;
	win_thread_pass(&thread->gate);
	if (thread->plain) {
		thread->plain(thread->parameter);
		win_thread_finish(0);
	} else {
		win_thread_finish(thread->routine(thread->parameter));
	}
	return NULL;
}

/*
 * What a program asks for without the flag is what is there from the start,
 * and never less than usual.
 */
static void win_thread_stack(pthread_attr_t *attr, size_t stack, DWORD flags)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	const size_t least = 4 * page + PTHREAD_STACK_MIN;
	size_t usual;

	pthread_attr_getstacksize(attr, &usual);
	if (!(flags & STACK_SIZE_PARAM_IS_A_RESERVATION) && stack < usual)
		return;
	if (!stack)
		return;
	stack = stack < least ? least : (stack + page - 1) & ~(page - 1);
	pthread_attr_setstacksize(attr, stack);
}

static int win_thread_spawn(struct win_thread *thread, size_t stack,
			    DWORD flags)
{
	pthread_attr_t attr;
	pthread_t id;
	int err;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	win_thread_stack(&attr, stack, flags);
	err = pthread_create(&id, &attr, win_thread_main, thread);
	pthread_attr_destroy(&attr);
	if (err)
		return err;
	win_thread_pass(&thread->born);
	return thread->failed ? ENOMEM : 0;
}

/* Takes over the caller's reference; the thread has one of its own. */
static HANDLE win_thread_start(struct win_thread *thread, size_t stack,
			       DWORD flags, LPDWORD id)
{
	HANDLE handle;
	int err;

	thread->suspended = flags & CREATE_SUSPENDED;
	win_object_get(&thread->obj);
	handle = win_handle_new(&thread->obj);
	if (!handle)
		goto err_put;
	if (thread->plain)
		thread->own = handle;
	err = win_thread_spawn(thread, stack, flags);
	if (err) {
		win_handle_close(handle, WIN_THREAD);
		win_refuse(win_code(err));
		goto err_put;
	}
	if (id)
		*id = thread->tid;
	if (!(flags & CREATE_SUSPENDED))
		sem_post(&thread->gate);
	return handle;

err_put:
	win_object_put(&thread->obj);
	return NULL;
}

HANDLE CreateThread(LPSECURITY_ATTRIBUTES attributes, SIZE_T stack,
		    LPTHREAD_START_ROUTINE routine, LPVOID parameter,
		    DWORD flags, LPDWORD id)
{
	struct win_thread *thread;

	(void)attributes;
	if (!routine || flags & ~(CREATE_SUSPENDED |
				  STACK_SIZE_PARAM_IS_A_RESERVATION)) {
		win_refuse(ERROR_INVALID_PARAMETER);
		return NULL;
	}
	thread = win_thread_alloc();
	if (!thread)
		return NULL;
	thread->routine = routine;
	thread->parameter = parameter;
	return win_thread_start(thread, stack, flags, id);
}

uintptr_t _beginthreadex(void *attributes, unsigned int stack,
			 unsigned int (*routine)(void *parameter),
			 void *parameter, unsigned int flags, unsigned int *id)
{
	HANDLE thread = CreateThread(attributes, stack, routine, parameter,
				     flags, id);

	if (!thread)
		errno = GetLastError() == ERROR_INVALID_PARAMETER ? EINVAL :
								    EAGAIN;
	return (uintptr_t)thread;
}

uintptr_t _beginthread(void (*routine)(void *parameter), unsigned int stack,
		       void *parameter)
{
	struct win_thread *thread = routine ? win_thread_alloc() : NULL;
	HANDLE handle = NULL;

	if (thread) {
		thread->plain = routine;
		thread->parameter = parameter;
		handle = win_thread_start(thread, stack, 0, NULL);
	}
	if (!handle)
		errno = routine ? EAGAIN : EINVAL;
	return handle ? (uintptr_t)handle : (uintptr_t)-1;
}

void ExitThread(DWORD code)
{
	win_thread_finish(code);
	pthread_exit(NULL);
}

void _endthreadex(unsigned int code)
{
	ExitThread(code);
}

void _endthread(void)
{
	ExitThread(0);
}

BOOL GetExitCodeThread(HANDLE handle, LPDWORD code)
{
	struct win_thread *thread = win_thread_get(handle);

	if (!thread)
		return FALSE;
	pthread_mutex_lock(&thread->lock);
	*code = thread->ended ? thread->code : STILL_ACTIVE;
	pthread_mutex_unlock(&thread->lock);
	win_object_put(&thread->obj);
	return TRUE;
}

DWORD ResumeThread(HANDLE handle)
{
	struct win_thread *thread = win_thread_get(handle);
	bool suspended;

	if (!thread)
		return (DWORD)-1;
	pthread_mutex_lock(&thread->lock);
	suspended = thread->suspended;
	thread->suspended = false;
	pthread_mutex_unlock(&thread->lock);
	if (suspended)
		sem_post(&thread->gate);
	win_object_put(&thread->obj);
	return suspended;
}

DWORD GetThreadId(HANDLE handle)
{
	struct win_thread *thread = win_thread_get(handle);
	DWORD tid;

	if (!thread)
		return 0;
	tid = thread->tid;
	win_object_put(&thread->obj);
	return tid;
}

HANDLE GetCurrentThread(void)
{
	return (HANDLE)(LONG_PTR)(-2);
}

DWORD GetCurrentThreadId(void)
{
	if (!win_tid)
		win_tid = gettid();
	return win_tid;
}

BOOL SwitchToThread(void)
{
	sched_yield();
	return TRUE;
}

HANDLE GetCurrentProcess(void)
{
	return (HANDLE)(LONG_PTR)(-1);
}

DWORD GetCurrentProcessId(void)
{
	return getpid();
}
