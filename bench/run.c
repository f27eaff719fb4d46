// SPDX-License-Identifier: GPL-2.0
/*
 * A run: memory in slots, sockets, and an engine that sends the one over the
 * other.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

/* Slots that there are at least. */
#define SLOTS		512u

static size_t run_stride(const struct cell *cell)
{
	size_t stride = 64;

	if (cell->buffers)
		return 4096;
	if (options.layout == PACKED)
		return cell->size;
	while (stride < cell->size)
		stride *= 2;
	return stride;
}

/* Always the same disorder. */
static void run_shuffle(size_t *offsets, unsigned int n)
{
	uint32_t seed = 1;
	unsigned int i, other;
	size_t tmp;

	for (i = n - 1; i; i--) {
		seed = seed * 1664525u + 1013904223u;
		other = (seed >> 8) % (i + 1);
		tmp = offsets[i];
		offsets[i] = offsets[other];
		offsets[other] = tmp;
	}
}

static int run_slots(struct run *run)
{
	const struct cell *cell = run->cell;
	size_t stride = run_stride(cell);
	unsigned int i;

	/* Whole batches, and none in use twice. */
	run->slots = SLOTS / cell->depth * cell->depth;
	while (run->slots < 2 * run->limit)
		run->slots += cell->depth;
	if (cell->buffers)
		run->slots = cell->buffers;
	run->offsets = malloc(run->slots * sizeof(run->offsets[0]));
	run->headers = calloc(run->slots, cell->header ? cell->header : 1);
	if (!run->offsets || !run->headers)
		return bench_failed("slots", -ENOMEM);
	for (i = 0; i < run->slots; i++)
		run->offsets[i] = i * stride;
	if (options.layout == RANDOM)
		run_shuffle(run->offsets, run->slots);
	return memory_map(&run->mem, run->slots * stride, cell->huge);
}

int run_open(struct run *run, const struct cell *cell,
	     const struct engine *engine, unsigned int limit)
{
	int err;

	memset(run, 0, sizeof(*run));
	run->cell = cell;
	run->engine = engine;
	run->limit = limit < cell->depth ? cell->depth : limit;
	err = run_slots(run);
	if (!err)
		err = net_open(run);
	if (!err)
		err = engine->open(run);
	if (err)
		run_close(run);
	return err;
}

int run_join(struct run *run, const struct run *lead)
{
	int err;

	memset(run, 0, sizeof(*run));
	run->cell = lead->cell;
	run->engine = lead->engine;
	run->limit = lead->limit;
	run->lead = lead;
	run->mem = lead->mem;
	run->offsets = lead->offsets;
	run->slots = lead->slots;
	run->headers = lead->headers;
	err = net_open(run);
	if (!err)
		err = run->engine->open(run);
	if (err)
		run_close(run);
	return err;
}

/* Engines close what they opened, if only half of it. */
void run_close(struct run *run)
{
	if (run->state)
		run->engine->close(run);
	net_close(run);
	if (run->lead)
		return;
	memory_unmap(&run->mem);
	free(run->offsets);
	free(run->headers);
}
