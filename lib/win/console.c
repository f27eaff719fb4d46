// SPDX-License-Identifier: MIT
/*
 * Ctrl-C and the like: a signal wakes a thread, which asks the program's
 * routines. They may do what a signal's handler may not.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <unistd.h>

#include <consoleapi.h>
#include <winnt.h>

#include "win.h"

struct win_routine {
	LIST_ENTRY(win_routine) link;
	PHANDLER_ROUTINE call;
};

LIST_HEAD(win_routines, win_routine);

struct win_signal {
	int number;
	DWORD event;
	struct sigaction before;
};

static struct win_signal win_signals[] = {
	{ .number = SIGINT, .event = CTRL_C_EVENT },
	{ .number = SIGQUIT, .event = CTRL_BREAK_EVENT },
	{ .number = SIGHUP, .event = CTRL_CLOSE_EVENT },
	{ .number = SIGTERM, .event = CTRL_SHUTDOWN_EVENT },
};

#define WIN_SIGNALS	ARRAYSIZE(win_signals)

static struct {
	pthread_mutex_t lock;	/* guards the list; not held in a routine */
	struct win_routines routines;
	int wake;
	unsigned int pending;	/* a bit for each of win_signals */
	bool started;
} win_console = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void win_console_signal(int number)
{
	const int err = errno;
	size_t i;

	for (i = 0; i < WIN_SIGNALS; i++)
		if (win_signals[i].number == number)
			__atomic_fetch_or(&win_console.pending, 1U << i,
					  __ATOMIC_RELEASE);
	win_eventfd_write(win_console.wake);
	errno = err;
}

/* The one before which @nth others are asked, or NULL. */
static PHANDLER_ROUTINE win_console_routine(unsigned int nth)
{
	PHANDLER_ROUTINE call = NULL;
	struct win_routine *routine;

	pthread_mutex_lock(&win_console.lock);
	LIST_FOREACH(routine, &win_console.routines, link) {
		if (nth-- == 0) {
			call = routine->call;
			break;
		}
	}
	pthread_mutex_unlock(&win_console.lock);
	return call;
}

static bool win_console_ask(DWORD event)
{
	PHANDLER_ROUTINE call;
	unsigned int nth;

	for (nth = 0; (call = win_console_routine(nth)); nth++)
		if (call(event))
			return true;
	return false;
}

static void win_console_handle(struct win_signal *signal)
{
	if (win_console_ask(signal->event))
		return;
	sigaction(signal->number, &signal->before, NULL);
	kill(getpid(), signal->number);
}

static void *win_console_thread(void *unused)
{
	unsigned int pending, i;
	uint64_t value;

	(void)unused;
	for (;;) {
		if (read(win_console.wake, &value, sizeof(value)) < 0)
			continue;
		pending = __atomic_exchange_n(&win_console.pending, 0,
					      __ATOMIC_ACQUIRE);
		for (i = 0; i < WIN_SIGNALS; i++)
			if (pending & 1U << i)
				win_console_handle(&win_signals[i]);
	}
	return NULL;
}

/* A child has no thread to ask: signals are what they were before. */
static void win_console_child(void)
{
	size_t i;

	for (i = 0; i < WIN_SIGNALS; i++)
		sigaction(win_signals[i].number, &win_signals[i].before, NULL);
}

/* Signals are for the program's threads. */
static int win_console_spawn(void)
{
	sigset_t all, before;
	pthread_t thread;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&thread, NULL, win_console_thread, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!err)
		pthread_detach(thread);
	return err;
}

static int win_console_start(void)
{
	struct sigaction action = { .sa_handler = win_console_signal };
	size_t i;
	int err;

	win_console.wake = eventfd(0, EFD_CLOEXEC);
	if (win_console.wake < 0)
		return -errno;
	err = win_console_spawn();
	if (err) {
		close(win_console.wake);
		return -err;
	}
	win_console.started = true;
	sigfillset(&action.sa_mask);
	action.sa_flags = SA_RESTART;
	for (i = 0; i < WIN_SIGNALS; i++)
		sigaction(win_signals[i].number, &action,
			  &win_signals[i].before);
	return -pthread_atfork(NULL, NULL, win_console_child);
}

static int win_console_add(PHANDLER_ROUTINE call)
{
	struct win_routine *routine = malloc(sizeof(*routine));
	int err = 0;

	if (!routine)
		return -ENOMEM;
	routine->call = call;
	pthread_mutex_lock(&win_console.lock);
	if (!win_console.started)
		err = win_console_start();
	if (!err)
		LIST_INSERT_HEAD(&win_console.routines, routine, link);
	pthread_mutex_unlock(&win_console.lock);
	if (err)
		free(routine);
	return err;
}

static struct win_routine *win_console_find(PHANDLER_ROUTINE call)
{
	struct win_routine *routine;

	LIST_FOREACH(routine, &win_console.routines, link)
		if (routine->call == call)
			return routine;
	return NULL;
}

static int win_console_remove(PHANDLER_ROUTINE call)
{
	struct win_routine *routine;

	pthread_mutex_lock(&win_console.lock);
	routine = win_console_find(call);
	if (routine)
		LIST_REMOVE(routine, link);
	pthread_mutex_unlock(&win_console.lock);
	free(routine);
	return routine ? 0 : -EINVAL;
}

static int win_console_ignore(bool ignore)
{
	struct sigaction action = { .sa_handler = SIG_DFL };

	if (ignore)
		action.sa_handler = SIG_IGN;
	else if (win_console.started)
		action.sa_handler = win_console_signal;
	return sigaction(SIGINT, &action, NULL) ? -errno : 0;
}

BOOL SetConsoleCtrlHandler(PHANDLER_ROUTINE routine, BOOL add)
{
	int err;

	if (!routine)
		err = win_console_ignore(add);
	else
		err = add ? win_console_add(routine) :
			    win_console_remove(routine);
	return !err || win_refuse(win_code(-err));
}
