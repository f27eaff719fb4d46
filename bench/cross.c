// SPDX-License-Identifier: GPL-2.0
/*
 * From which size on does it pay to send by reference? regbuf at all sizes,
 * copying whatever it is given, never copying, and as it is set up.
 */
#include <string.h>

#include "bench.h"

extern const struct engine engine_regbuf;

#define COPY_BELOW	"copy_below"
#define SIZES		"64 128 256 512 1024 1400 2048 4096 8192 16384 65536"

static const struct way {
	const char *name;
	const char *below;	/* NULL: what it is */
} ways[] = {
	{ "regbuf", NULL },
	{ "regbuf_copy", "4294967295" },
	{ "regbuf_reference", "0" },
};

static const struct kind {
	const char *name;
	enum work work;
	size_t most;
} kinds[] = {
	{ "udp", UDP, 1472 },
	{ "tcp", TCP, SIZE_MAX },
};

static struct param before;	/* what it is */

static int cross_cell(const struct cell *cell)
{
	struct engine engine = engine_regbuf;
	int err = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ways) && !err; i++) {
		if (!option_has(options.engines, ways[i].name))
			continue;
		err = param_write(COPY_BELOW, ways[i].below ? ways[i].below :
							      before.value);
		engine.name = ways[i].name;
		if (!err)
			err = measure_line(cell, &engine);
	}
	return err | param_write(COPY_BELOW, before.value);
}

static int cross_kind(const struct kind *kind, const char *bench, size_t depth)
{
	const char *sizes = options.sizes ? options.sizes : SIZES;
	struct cell cell = {
		.bench = bench,
		.name = kind->name,
		.work = kind->work,
		.depth = depth,
		.endpoints = 1,
		.huge = true,
	};
	int err = 0;

	while (option_next(&sizes, &cell.size))
		if (cell.size <= kind->most)
			err |= cross_cell(&cell);
	return err;
}

int bench_cross(void)
{
	const char *depths = options.depths ? options.depths : "32 1";
	bool immediate = options.mode && !strcmp(options.mode, "immediate");
	const char *bench = immediate ? "cross-immediate" : "cross-backlogged";
	int err = net_card(immediate ? "immediate" : "backlogged");
	size_t depth, i;

	if (!err)
		err = param_read(COPY_BELOW, &before);
	if (err)
		return err;
	while (option_next(&depths, &depth))
		for (i = 0; i < ARRAY_SIZE(kinds); i++)
			if (option_has(options.works, kinds[i].name))
				err |= cross_kind(&kinds[i], bench, depth);
	return err;
}
