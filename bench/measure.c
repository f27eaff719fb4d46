// SPDX-License-Identifier: GPL-2.0
/*
 * Measuring: warm up, then windows of requests until two in a row agree. Each
 * window begins and ends with nothing in flight and nothing in the card.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "bench.h"
#include "mark.h"

#define AGREE		0.01
#define WARM_OPS	512
#define WINDOW_OPS	1024
#define WINDOW_INSNS	8e6
#define TRIES		7

static int window(struct run *run, uint64_t batches, double *per_op)
{
	uint64_t ops = batches * run->cell->depth, i;
	double start = clock_busy();
	int err = 0;

	if (options.profile)
		mark(MARK_BEGIN);

	for (i = 0; i < batches && !err; i++)
		err = run->engine->batch(run);
	if (!err && run->engine->drain)
		err = run->engine->drain(run);
	if (!err)
		err = net_drain(run);
	if (options.profile)
		mark(MARK_END);
	*per_op = (clock_busy() - start) / ops;
	run->sent += ops * (run->cell->size + run->cell->header);
	return err;
}

/* Batches in which every slot and endpoint has its turn, and some more. */
static uint64_t window_size(const struct run *run, double per_op)
{
	const struct cell *cell = run->cell;
	double ops = WINDOW_INSNS / per_op;

	ops = fmax(ops, WINDOW_OPS);
	if (cell->endpoints > cell->depth)
		ops = fmax(ops, 2 * cell->endpoints);
	ops = fmax(ops, cell->buffers);
	return ceil(ops / cell->depth);
}

/* What was measured last. */
static void measure_keep(const struct run *run, uint64_t batches, double per_op)
{
	mark(MARK_KEEP);
	csv_profile(run->cell, run->engine->name, batches * run->cell->depth,
		    per_op);
}

static int measure_run(struct run *run, struct result *result)
{
	uint64_t batches = (WARM_OPS + run->cell->depth - 1) / run->cell->depth;
	double last, per_op;
	int i, err;

	run->report = true;
	err = window(run, batches, &per_op);
	run->report = false;
	/* The first finds everything cold. */
	if (!err)
		err = window(run, batches, &per_op);
	if (err)
		return err;
	batches = window_size(run, per_op);
	/* And each endpoint is cold once. */
	if (run->cell->endpoints > run->cell->depth)
		err = window(run, batches, &per_op);
	if (!err)
		err = window(run, batches, &last);
	for (i = 1; i < TRIES && !err; i++) {
		err = window(run, batches, &per_op);
		result->apart = fabs(per_op - last) / per_op;
		result->per_op = (per_op + last) / 2;
		if (result->apart <= AGREE)
			break;
		last = per_op;
		/* Longer ones are worth a try. */
		batches += batches / 2;
	}
	result->copied = run->engine->copied ? run->engine->copied(run) : 100;
	return err;
}

static int measure_once(const struct cell *cell, const struct engine *engine,
			unsigned int limit, struct result *result)
{
	struct run run;
	int err = run_open(&run, cell, engine, limit);

	if (err)
		return err;
	result->limit = run.limit;
	err = measure_run(&run, result);
	run_close(&run);
	return err;
}

/* Is @a a better result than @b? One that can be trusted is. */
static bool better(const struct result *a, const struct result *b)
{
	bool good = a->apart <= AGREE, was_good = b->apart <= AGREE;

	return good != was_good ? good : a->per_op < b->per_op;
}

int measure(const struct cell *cell, const struct engine *engine,
	    struct result *result)
{
	static const unsigned int batches[] = { 1, 2, 4, 8, 32, 256 };
	/* Few at a time need more of them. */
	size_t i, last = cell->depth > 8 ? 4 : ARRAY_SIZE(batches);
	struct result one = *result;
	int err, ret = -1;
	bool quiet;

	if (options.limit)
		return measure_once(cell, engine, options.limit, result);
	/* Who leaves nothing in flight has no choice. */
	if (!engine->drain)
		return measure_once(cell, engine, cell->depth, result);
	for (i = 0; i < last; i++) {
		quiet = bench_hush(ret < 0 ? i + 1 < last : true);
		err = measure_once(cell, engine, batches[i] * cell->depth,
				   &one);
		bench_hush(quiet);
		if (!err && (ret || better(&one, result)))
			*result = one;
		if (!err || ret < 0)
			ret = err;
	}
	return ret;
}

int measure_profile(const struct cell *cell, const struct engine *engine,
		    const struct result *result)
{
	uint64_t batches;
	struct run run;
	double per_op;
	int err = run_open(&run, cell, engine, result->limit);

	if (err)
		return err;
	batches = window_size(&run, result->per_op);
	err = window(&run, batches, &per_op);
	if (!err)
		err = window(&run, batches, &per_op);
	if (!err)
		measure_keep(&run, batches, per_op);
	run_close(&run);
	return err;
}

/* Copies are done when the call returns, and only a backlog can be late. */
static bool measure_is_late(const struct cell *cell,
			    const struct engine *engine)
{
	return engine->drain && strstr(cell->bench, "backlogged");
}

int measure_line(const struct cell *cell, const struct engine *engine)
{
	struct result result = { .p50_ns = -1, .p99_ns = -1 };
	int err;

	clock_settle();
	err = measure(cell, engine, &result);
	if (err) {
		bench_say("%s: %s of %zu, depth %u, by %s: none", cell->bench,
			  cell->name, cell->size, cell->depth, engine->name);
		return err;
	}
	if (measure_is_late(cell, engine) && result.copied < 100)
		err = latency_measure(cell, engine, &result);
	csv_line(cell, engine->name, &result);
	if (!err && options.profile)
		err = measure_profile(cell, engine, &result);
	if (result.apart <= AGREE)
		return err;
	bench_say("%s: %s of %zu, depth %u, by %s: windows %.1f %% apart",
		  cell->bench, cell->name, cell->size, cell->depth,
		  engine->name, 100 * result.apart);
	return -ERANGE;
}
