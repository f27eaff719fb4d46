// SPDX-License-Identifier: GPL-2.0
/*
 * Sends that go together complete together: what do they save, and for how long
 * does the first completion wait for others? With flights of some sizes.
 */
#include <stdio.h>
#include <string.h>

#include "bench.h"

extern const struct engine engine_regbuf;

#define REQUESTS	"flight_requests"

static const char *const flights[] = { "64", "16", "4", "1" };

static const struct cell cells[] = {
	{ .name = "udp", .work = UDP, .size = 1400 },
	{ .name = "tcp", .work = TCP, .size = 4096 },
	{ .name = "tcp", .work = TCP, .size = 16384 },
};

static int held_cell(const struct cell *cell, const struct param *before)
{
	struct engine engine = engine_regbuf;
	char name[32];
	int err = 0;
	size_t i;

	engine.name = name;
	for (i = 0; i < ARRAY_SIZE(flights) && !err; i++) {
		snprintf(name, sizeof(name), "regbuf_flight_%s", flights[i]);
		err = param_write(REQUESTS, flights[i]);
		if (!err)
			err = measure_line(cell, &engine);
	}
	return err | param_write(REQUESTS, before->value);
}

int bench_held(void)
{
	struct param before;
	struct cell cell;
	int err = net_card("backlogged") ?: param_read(REQUESTS, &before);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cells) && !err; i++) {
		cell = cells[i];
		cell.bench = "held-backlogged";
		cell.depth = 32;
		cell.endpoints = 1;
		cell.huge = true;
		cell.first = true;
		if (option_has(options.works, cell.name))
			err = held_cell(&cell, &before);
	}
	return err;
}
