// SPDX-License-Identifier: GPL-2.0
/*
 * Does it cost more if there are many? One request in each submission, so that
 * nothing is gained by putting some together: to endpoints in turn, or from
 * buffers in turn. Where there are more CPUs than one: on all of them.
 */
#include <stdio.h>
#include <unistd.h>

#include "bench.h"

extern const struct engine engine_regbuf, engine_send, engine_uring_fixed;

static const struct engine *const scaled[] = {
	&engine_regbuf,
	&engine_send,
	&engine_uring_fixed,
};

static const struct scale {
	const char *name;
	enum work work;
	size_t size;
	unsigned int endpoints;
	unsigned int buffers;
} scales[] = {
	{ "udp-endpoints", UDP, 1400, 1, 0 },
	{ "udp-endpoints", UDP, 1400, 100, 0 },
	{ "udp-endpoints", UDP, 1400, 10000, 0 },
	{ "tcp-endpoints", TCP_FAN, 4096, 1, 0 },
	{ "tcp-endpoints", TCP_FAN, 4096, 100, 0 },
	{ "tcp-endpoints", TCP_FAN, 4096, 10000, 0 },
	{ "udp-buffers-1", UDP, 1400, 1, 1 },
	{ "udp-buffers-1000", UDP, 1400, 1, 1000 },
	{ "udp-buffers-10000", UDP, 1400, 1, 10000 },
	{ "udp-buffers-100000", UDP, 1400, 1, 100000 },
};

#define URING_BUFFERS	16384	/* that a ring can have */

static int scale_cell(const struct cell *cell)
{
	int err = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(scaled); i++) {
		if (scaled[i] == &engine_uring_fixed &&
		    cell->buffers > URING_BUFFERS)
			continue;
		if (option_has(options.engines, scaled[i]->name))
			err |= measure_line(cell, scaled[i]);
	}
	return err;
}

static const struct {
	const char *name;
	enum work work;
	size_t size;
} cpu_scales[] = {
	{ "udp-cpus", UDP, 1400 },
	{ "tcp-cpus", TCP, 4096 },
};

/* Named for how many CPUs there are, as those with many buffers are. */
static int scale_on_cpus(const struct cell *like, unsigned int n)
{
	struct cell cell = *like;
	char name[32];
	int err = 0;
	size_t i;

	snprintf(name, sizeof(name), "%s-%u", like->name, n);
	cell.name = name;
	for (i = 0; i < ARRAY_SIZE(scaled); i++) {
		/* By itself it does not keep a stream's bytes in order. */
		if (scaled[i] == &engine_uring_fixed && cell.work == TCP)
			continue;
		if (option_has(options.engines, scaled[i]->name))
			err |= cpus_measure(&cell, scaled[i], n);
	}
	return err;
}

static int scale_cpus(unsigned int n)
{
	struct cell cell;
	int err = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cpu_scales); i++) {
		cell = (struct cell){
			.bench = "scale",
			.name = cpu_scales[i].name,
			.work = cpu_scales[i].work,
			.size = cpu_scales[i].size,
			.depth = 32,
			.endpoints = 1,
			.huge = true,
		};
		if (!option_has(options.works, cell.name))
			continue;
		err |= scale_on_cpus(&cell, 1);
		err |= scale_on_cpus(&cell, n);
	}
	return err;
}

int bench_scale(void)
{
	int err = net_card(options.mode ? options.mode : "immediate");
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct cell cell;
	size_t i;

	if (err)
		return err;
	if (cpus > 1)
		return scale_cpus(cpus);
	if (!options.limit)
		options.limit = 32;
	for (i = 0; i < ARRAY_SIZE(scales); i++) {
		cell = (struct cell){
			.bench = "scale",
			.name = scales[i].name,
			.work = scales[i].work,
			.size = scales[i].size,
			.depth = 1,
			.endpoints = scales[i].endpoints,
			.buffers = scales[i].buffers,
			.huge = true,
		};
		if (option_has(options.works, cell.name))
			err |= scale_cell(&cell);
	}
	return err;
}
