// SPDX-License-Identifier: GPL-2.0
/*
 * A thread on each CPU, with a queue and a socket of its own; one buffer for
 * all. An operation costs more than on one CPU where they are in each other's
 * way; the profiler tells which locked instructions are on lines that they
 * share.
 */
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include "bench.h"
#include "mark.h"

#define MAX_CPUS	4u
/* CPUs take turns, and each has its ticks. */
#define AGREE		0.02
#define BATCHES		400u	/* of a window, at first */
#define TRIES		7

struct cpus {
	const struct cell *cell;
	const struct engine *engine;
	unsigned int n;
	pthread_barrier_t barrier;
	struct run runs[MAX_CPUS];
	struct result result;
	unsigned int batches;	/* of the next window */
	uint64_t ops;		/* of the last one */
	bool more;		/* another window; the first thread's to say */
	int err;		/* any thread's */
};

struct worker {
	struct cpus *cpus;
	unsigned int number;
	pthread_t thread;
};

static void cpus_failed(struct cpus *cpus, int err)
{
	if (err)
		__atomic_store_n(&cpus->err, err, __ATOMIC_RELAXED);
}

static int worker_open(struct worker *worker)
{
	struct cpus *cpus = worker->cpus;
	struct run *run = &cpus->runs[worker->number];
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(worker->number, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		return bench_failed("binding a thread", -errno);
	if (worker->number)
		return run_join(run, &cpus->runs[0]);
	return run_open(run, cpus->cell, cpus->engine, 2 * cpus->cell->depth);
}

static int worker_window(struct run *run, unsigned int batches)
{
	int err = 0;
	unsigned int i;

	for (i = 0; i < batches && !err; i++)
		err = run->engine->batch(run);
	if (!err && run->engine->drain)
		err = run->engine->drain(run);
	return err ? err : net_drain(run);
}

/* One window of all threads; the first has the clock. */
static double worker_turn(struct worker *worker)
{
	struct cpus *cpus = worker->cpus;
	double start;

	pthread_barrier_wait(&cpus->barrier);
	start = clock_now();
	if (!worker->number && options.profile)
		mark(MARK_BEGIN);
	cpus_failed(cpus, worker_window(&cpus->runs[worker->number],
					cpus->batches));
	pthread_barrier_wait(&cpus->barrier);
	if (!worker->number && options.profile)
		mark(MARK_END);
	return clock_now() - start;
}

static void worker_judge(struct cpus *cpus, double insns, unsigned int turn)
{
	struct result *result = &cpus->result;
	double per_op;

	cpus->ops = (uint64_t)cpus->n * cpus->batches * cpus->cell->depth;
	per_op = insns / cpus->ops;
	result->apart = fabs(per_op - result->per_op) / per_op;
	result->per_op = per_op;
	/* The first finds everything cold. */
	cpus->more = turn < 2 || (result->apart > AGREE && turn < TRIES);
	if (cpus->err)
		cpus->more = false;
	/* Longer ones are worth a try. */
	if (turn)
		cpus->batches += cpus->batches / 2;
}

static void *worker_main(void *data)
{
	struct worker *worker = data;
	struct cpus *cpus = worker->cpus;
	unsigned int turn = 0;
	double insns;

	/* Who joins needs what the first has opened. */
	if (worker->number)
		pthread_barrier_wait(&cpus->barrier);
	cpus_failed(cpus, worker_open(worker));
	if (!worker->number)
		pthread_barrier_wait(&cpus->barrier);
	pthread_barrier_wait(&cpus->barrier);
	while (!cpus->err && cpus->more) {
		insns = worker_turn(worker);
		if (!worker->number)
			worker_judge(cpus, insns, turn++);
		pthread_barrier_wait(&cpus->barrier);
	}
	return NULL;
}

static int cpus_run(struct cpus *cpus)
{
	struct worker workers[MAX_CPUS];
	unsigned int i;

	cpus->more = true;
	cpus->batches = BATCHES;
	pthread_barrier_init(&cpus->barrier, NULL, cpus->n);
	for (i = 0; i < cpus->n; i++) {
		workers[i] = (struct worker){ .cpus = cpus, .number = i };
		/* The others would wait for ever for one that is missing. */
		if (pthread_create(&workers[i].thread, NULL, worker_main,
				   &workers[i]))
			_exit(1);
	}
	for (i = 0; i < cpus->n; i++)
		pthread_join(workers[i].thread, NULL);
	for (i = cpus->n; i-- > 0; )
		run_close(&cpus->runs[i]);
	pthread_barrier_destroy(&cpus->barrier);
	return cpus->err;
}

/* So much work for each of @n CPUs. */
int cpus_measure(const struct cell *cell, const struct engine *engine,
		 unsigned int n)
{
	struct cpus cpus = {
		.cell = cell,
		.engine = engine,
		.n = n < MAX_CPUS ? n : MAX_CPUS,
		.result = { .copied = -1, .p50_ns = -1, .p99_ns = -1 },
	};
	int err = cpus_run(&cpus);

	if (err)
		return bench_failed(cell->name, err);
	csv_line(cell, engine->name, &cpus.result);
	if (options.profile) {
		mark(MARK_KEEP);
		csv_profile(cell, engine->name, cpus.ops, cpus.result.per_op);
	}
	if (cpus.result.apart <= AGREE)
		return 0;
	bench_say("%s, %u CPUs, by %s: windows %.1f %% apart", cell->name,
		  cpus.n, engine->name, 100 * cpus.result.apart);
	return -ERANGE;
}
