// SPDX-License-Identifier: MIT
/* The thread that waits for sockets. It is there from the first wait on. */
#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "async.h"

#define SOME	64

/* Held while it works: not to be forked in the middle of that. */
pthread_mutex_t async_fork = PTHREAD_MUTEX_INITIALIZER;

static struct {
	pthread_mutex_t lock;
	int epoll;	/* -1: there is no thread */
} thread = { .lock = PTHREAD_MUTEX_INITIALIZER, .epoll = -1 };

static uint64_t name_of(const struct async_sock *s)
{
	return (uint64_t)s->generation << 32 | (uint32_t)s->fd;
}

static void serve(uint64_t name)
{
	struct async_sock *s = async_find_generation((int)(uint32_t)name,
						     (uint32_t)(name >> 32));
	DWORD code;

	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	s->armed = 0;
	if (!s->closed) {
		async_run(s, ASYNC_IN);
		async_run(s, ASYNC_OUT);
		code = async_arm(s);
		if (code) {
			async_abort(s, ASYNC_IN, code);
			async_abort(s, ASYNC_OUT, code);
		}
	}
	pthread_mutex_unlock(&s->lock);
	async_put(s);
}

static void *serve_all(void *data)
{
	const int epoll = (int)(intptr_t)data;
	struct epoll_event events[SOME];
	int n, i;

	for (;;) {
		n = epoll_wait(epoll, events, SOME, -1);
		pthread_mutex_lock(&async_fork);
		for (i = 0; i < n; i++)
			serve(events[i].data.u64);
		pthread_mutex_unlock(&async_fork);
	}
	return NULL;
}

/* Signals are for the program's threads. */
static int start(int epoll)
{
	sigset_t all, before;
	pthread_t id;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&id, NULL, serve_all, (void *)(intptr_t)epoll);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!err)
		pthread_detach(id);
	return err;
}

static int epoll_of_thread(void)
{
	int epoll;

	pthread_mutex_lock(&thread.lock);
	epoll = thread.epoll;
	if (epoll < 0)
		epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll >= 0 && thread.epoll < 0 && start(epoll)) {
		close(epoll);
		epoll = -1;
	}
	thread.epoll = epoll;
	pthread_mutex_unlock(&thread.lock);
	return epoll;
}

/* It shares its parent's: no more. */
void async_thread_forked(void)
{
	pthread_mutex_init(&thread.lock, NULL);
	if (thread.epoll >= 0)
		close(thread.epoll);
	thread.epoll = -1;
}

static int control(const struct async_sock *s, int op, uint32_t events)
{
	struct epoll_event event = {
		.events = events | EPOLLONESHOT,
		.data.u64 = name_of(s),
	};

	return epoll_ctl(thread.epoll, op, s->fd, &event);
}

DWORD async_arm(struct async_sock *s)
{
	uint32_t events = async_events_check(s);

	if (!TAILQ_EMPTY(&s->lanes[ASYNC_IN]))
		events |= EPOLLIN;
	if (!TAILQ_EMPTY(&s->lanes[ASYNC_OUT]))
		events |= EPOLLOUT;
	if (!(events & ~s->armed))
		return 0;
	if (epoll_of_thread() < 0 ||
	    control(s, s->known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, events))
		return WSAENOBUFS;
	s->known = true;
	s->armed = events;
	return 0;
}

void async_disarm(struct async_sock *s)
{
	if (s->known)
		control(s, EPOLL_CTL_DEL, 0);
	s->known = false;
	s->armed = 0;
}
