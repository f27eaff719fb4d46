// SPDX-License-Identifier: GPL-2.0
/*
 * Runs programs: a thread that makes their calls, a second one for those that
 * are made aside, and one that scribbles into what the kernel reads.
 */
#define _GNU_SOURCE
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct fz_thread {
	struct fz_exec *exec;
	struct fz_trace trace;
	int nth;		/* its fail-nth, or -1 */
	__u32 found;		/* edges */
};

struct fz_exec {
	struct fz_shared *shared;
	struct fz_world world;
	struct fz_thread main;
	struct fz_thread side;
	struct fz_rng rng;	/* the scribbler's */
	bool alone;		/* there is one CPU */
	pthread_t side_thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct fz_call job;	/* lock */
	bool has_job;		/* lock */
};

static void fz_fail(struct fz_thread *thread, unsigned int nth)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%u", nth);

	if (thread->nth >= 0 && pwrite(thread->nth, text, length, 0) < 0)
		thread->nth = -1;
}

static void fz_make(struct fz_thread *thread, const struct fz_call *call)
{
	struct fz_shared *shared = thread->exec->shared;
	long ret;

	if (call->nth)
		fz_fail(thread, call->nth);
	fz_trace_start(&thread->trace);
	ret = fz_descs[call->nr].run(&thread->exec->world, call->arg);
	thread->found += fz_trace_stop(&thread->trace, &shared->cover);
	if (call->nth)
		fz_fail(thread, 0);
	shared->calls++;
	shared->good += ret >= 0;
	shared->alive++;
}

static void fz_thread_open(struct fz_thread *thread, struct fz_exec *exec)
{
	thread->exec = exec;
	fz_trace_open(&thread->trace);
	thread->nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
}

static void *fz_side(void *arg)
{
	struct fz_exec *exec = arg;

	fz_thread_open(&exec->side, exec);
	pthread_mutex_lock(&exec->lock);
	exec->has_job = false;
	for (;;) {
		pthread_cond_broadcast(&exec->changed);
		while (!exec->has_job)
			pthread_cond_wait(&exec->changed, &exec->lock);
		pthread_mutex_unlock(&exec->lock);
		fz_make(&exec->side, &exec->job);
		pthread_mutex_lock(&exec->lock);
		exec->has_job = false;
	}
	return NULL;
}

/* What blocks there for long is interrupted. */
static void fz_side_wait(struct fz_exec *exec)
{
	struct timespec ts;

	while (exec->has_job) {
		clock_gettime(CLOCK_REALTIME, &ts);
		ts.tv_nsec += 20000000;
		ts.tv_sec += ts.tv_nsec / 1000000000;
		ts.tv_nsec %= 1000000000;
		if (pthread_cond_timedwait(&exec->changed, &exec->lock, &ts) ==
		    ETIMEDOUT)
			pthread_kill(exec->side_thread, SIGALRM);
	}
}

static void fz_aside(struct fz_exec *exec, const struct fz_call *call)
{
	pthread_mutex_lock(&exec->lock);
	fz_side_wait(exec);
	exec->job = *call;
	exec->has_job = true;
	pthread_cond_broadcast(&exec->changed);
	pthread_mutex_unlock(&exec->lock);
}

static void fz_side_done(struct fz_exec *exec)
{
	pthread_mutex_lock(&exec->lock);
	fz_side_wait(exec);
	pthread_mutex_unlock(&exec->lock);
}

/* Where there is one CPU, the others get it now and then. */
static void *fz_scribbler(void *arg)
{
	static const struct timespec rest = { .tv_nsec = 50000 };
	static const struct timespec idle = { .tv_nsec = 1000000 };
	struct fz_exec *exec = arg;

	for (;;) {
		if (!__atomic_load_n(&exec->world.scribble, __ATOMIC_RELAXED))
			nanosleep(&idle, NULL);
		else if (exec->alone)
			nanosleep(&rest, NULL);
		fz_scribble(&exec->world, &exec->rng);
	}
	return NULL;
}

static void fz_nothing(int sig)
{
}

static void fz_alarm(long usec)
{
	struct itimerval timer = {
		.it_interval = { .tv_usec = usec },
		.it_value = { .tv_usec = usec },
	};
	struct sigaction action = { .sa_handler = fz_nothing };

	sigaction(SIGALRM, &action, NULL);
	sigaction(SIGIO, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	setitimer(ITIMER_REAL, &timer, NULL);
}

static pthread_t fz_thread(void *(*run)(void *arg), struct fz_exec *exec)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run, exec)) {
		perror("fuzz: pthread_create");
		_exit(1);
	}
	return thread;
}

/**
 * fz_exec_start() - get ready to run programs in this process
 * @shared: of all such processes
 *
 * Return: what fz_exec() wants. It ends with the process.
 */
struct fz_exec *fz_exec_start(struct fz_shared *shared)
{
	static struct fz_exec exec;
	sigset_t set;

	exec.shared = shared;
	exec.rng.state = shared->programs;
	exec.alone = sysconf(_SC_NPROCESSORS_ONLN) == 1;
	pthread_mutex_init(&exec.lock, NULL);
	pthread_cond_init(&exec.changed, NULL);
	fz_thread_open(&exec.main, &exec);
	exec.has_job = true;
	exec.side_thread = fz_thread(fz_side, &exec);
	fz_side_done(&exec);
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigaddset(&set, SIGIO);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	fz_thread(fz_scribbler, &exec);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	fz_alarm(exec.alone ? 10000 : 50000);
	return &exec;
}

/**
 * fz_exec() - run a program
 * @exec: what fz_exec_start() gave
 * @prog: the program
 *
 * Return: edges that it found.
 */
__u32 fz_exec(struct fz_exec *exec, const struct fz_prog *prog)
{
	__u32 i;

	exec->main.found = 0;
	exec->side.found = 0;
	fz_world_begin(&exec->world);
	for (i = 0; i < prog->nr; i++) {
		if (prog->call[i].aside)
			fz_aside(exec, &prog->call[i]);
		else
			fz_make(&exec->main, &prog->call[i]);
	}
	fz_side_done(exec);
	exec->world.scribble = 0;
	fz_trace_start(&exec->main.trace);
	fz_world_end(&exec->world);
	exec->main.found += fz_trace_stop(&exec->main.trace,
					  &exec->shared->cover);
	exec->shared->programs++;
	return exec->main.found + exec->side.found;
}
