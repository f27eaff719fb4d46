// SPDX-License-Identifier: GPL-2.0
/*
 * Cache lines: which CPUs touched each, and which locked instructions did. A
 * line is shared if one CPU wrote to it and another touched it as well.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lines.h"

#define LINE_SHIFT	6
#define LINES		((uint64_t)1 << 26)	/* 4 GiB */
#define SITES		((uint64_t)1 << 20)	/* a power of two */

/* Bits 0 to 3: CPUs that touched it; 4: somebody wrote. */
#define LINE_CPUS	0x0f
#define LINE_WRITTEN	0x10

struct site {
	uint64_t va;		/* 0: free */
	uint64_t caller;
	uint64_t line;
	uint64_t count;
};

static uint8_t *lines;
static struct site *sites;
static uint64_t nr_sites;

int lines_open(void)
{
	lines = calloc(LINES, 1);
	sites = calloc(SITES, sizeof(*sites));
	return lines && sites ? 0 : -1;
}

void lines_begin(void)
{
	memset(lines, 0, LINES);
	memset(sites, 0, SITES * sizeof(*sites));
	nr_sites = 0;
}

void lines_touch(unsigned int cpu, uint64_t phys, bool store)
{
	uint64_t line = phys >> LINE_SHIFT;

	if (line < LINES)
		lines[line] |= 1 << (cpu & 3) | (store ? LINE_WRITTEN : 0);
}

void lines_lock(unsigned int cpu, uint64_t phys, uint64_t va, uint64_t caller)
{
	uint64_t line = phys >> LINE_SHIFT;
	uint64_t hash = (va ^ caller << 20 ^ line * 31) * 0x9e3779b97f4a7c15;
	struct site *site = &sites[hash >> 44];

	lines_touch(cpu, phys, true);
	while (site->va && (site->va != va || site->caller != caller ||
			    site->line != line))
		site = site + 1 < sites + SITES ? site + 1 : sites;
	/* Full: say so instead of running for ever. */
	if (!site->va && ++nr_sites > SITES / 2) {
		fputs("profile: too many locked instructions\n", stderr);
		exit(1);
	}
	site->va = va;
	site->caller = caller;
	site->line = line;
	site->count++;
}

static bool is_shared(uint64_t line)
{
	uint8_t cpus;

	if (line >= LINES)
		return false;
	cpus = lines[line] & LINE_CPUS;
	return cpus & (cpus - 1) && lines[line] & LINE_WRITTEN;
}

void lines_print(FILE *file)
{
	const struct site *site;

	for (site = sites; site < sites + SITES; site++)
		if (site->va && is_shared(site->line))
			fprintf(file, "shared %016" PRIx64 " %016" PRIx64
				" %" PRIu64 " %" PRIx64 "\n", site->va,
				site->caller, site->count,
				site->line << LINE_SHIFT);
}
