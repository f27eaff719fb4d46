// SPDX-License-Identifier: GPL-2.0
/*
 * Sending: each kind of work, size, depth and kind of page, by each engine.
 */
#include "bench.h"

static const struct kind {
	const char *name;
	enum work work;
	const char *sizes;	/* unless others are asked for */
	size_t header;
	bool fans;		/* to as many as a batch is deep */
	bool ipv6;
} kinds[] = {
	{ .name = "udp", .work = UDP, .sizes = "64 1400" },
	{ .name = "udp-dests", .work = UDP_DESTS, .sizes = "1400",
	  .fans = true },
	{ .name = "tcp", .work = TCP, .sizes = "1400 4096 16384 65536" },
	{ .name = "tcp-header", .work = TCP_HEADER, .sizes = "16384",
	  .header = 200 },
	{ .name = "tcp-endpoints", .work = TCP_FAN, .sizes = "4096",
	  .fans = true },
	{ .name = "udp6", .work = UDP, .sizes = "1400", .ipv6 = true },
	{ .name = "tcp6", .work = TCP, .sizes = "4096", .ipv6 = true },
};

/* No fragments. */
#define MAX_DGRAM	1472
#define MAX_DGRAM_IPV6	1452

static int tx_cell(const struct cell *cell)
{
	const struct engine *const *engine;
	int err = 0;

	for (engine = engines; *engine; engine++) {
		if (!(*engine)->fits(cell) ||
		    !option_has(options.engines, (*engine)->name))
			continue;
		err |= measure_line(cell, *engine);
	}
	return err ? -1 : 0;
}

static int tx_pages(struct cell *cell)
{
	int err = 0;

	cell->huge = true;
	if (option_has(options.pages, "2m"))
		err |= tx_cell(cell);
	cell->huge = false;
	if (option_has(options.pages, "4k"))
		err |= tx_cell(cell);
	return err;
}

static bool tx_fits(const struct cell *cell)
{
	return work_is_tcp(cell->work) ||
	       cell->size <= (cell->ipv6 ? MAX_DGRAM_IPV6 : MAX_DGRAM);
}

static int tx_kind(const struct kind *kind, const char *bench, size_t depth)
{
	const char *sizes = options.sizes ? options.sizes : kind->sizes;
	struct cell cell = {
		.bench = bench,
		.name = kind->name,
		.work = kind->work,
		.header = kind->header,
		.depth = depth,
		.ipv6 = kind->ipv6,
		.endpoints = kind->fans && work_is_tcp(kind->work) ? depth : 1,
		.dests = kind->work == UDP_DESTS ? depth : 0,
	};
	int err = 0;

	/* One of many is just one. */
	if (kind->fans && depth == 1)
		return 0;
	while (option_next(&sizes, &cell.size))
		if (tx_fits(&cell))
			err |= tx_pages(&cell);
	return err;
}

static int tx_mode(const char *mode, const char *bench)
{
	const char *depths = options.depths ? options.depths : "32 1";
	int err = net_card(mode);
	size_t depth, i;

	if (err)
		return err;
	while (option_next(&depths, &depth))
		for (i = 0; i < ARRAY_SIZE(kinds); i++)
			if (option_has(options.works, kinds[i].name))
				err |= tx_kind(&kinds[i], bench, depth);
	return err;
}

int bench_tx(void)
{
	int err = 0;

	/* To try it out on another card. */
	if (options.mode && option_has(options.mode, "none"))
		return tx_mode("none", "tx");
	if (option_has(options.mode, "backlogged"))
		err |= tx_mode("backlogged", "tx-backlogged");
	if (option_has(options.mode, "immediate"))
		err |= tx_mode("immediate", "tx-immediate");
	return err;
}
