/* SPDX-License-Identifier: MIT */
/* What thread.c and priority.c share. */
#ifndef REGBUF_WIN_THREAD_H
#define REGBUF_WIN_THREAD_H

#include <pthread.h>
#include <semaphore.h>
#include <sys/types.h>

#include <processthreadsapi.h>
#include <winnt.h>

#include "win.h"

struct win_thread {
	struct win_object obj;
	int done;		/* can be read when it has ended */
	/* One of them is what it runs. */
	LPTHREAD_START_ROUTINE routine;
	void (*plain)(void *parameter);
	LPVOID parameter;
	HANDLE own;		/* to close at its end */
	sem_t born;		/* it has its tid, or has failed */
	sem_t gate;		/* to begin with the routine */
	bool failed;
	bool late;		/* the thread's own */
	pthread_mutex_t lock;	/* guards what follows */
	pid_t tid;		/* its own while it has not ended */
	bool ended;
	bool suspended;
	DWORD code;
	int priority;
	DWORD ideal;
};

static inline struct win_thread *win_thread_of(struct win_object *obj)
{
	return (struct win_thread *)obj;
}

/* A reference, or NULL and the last error. */
struct win_thread *win_thread_get(HANDLE handle);

#endif /* REGBUF_WIN_THREAD_H */
