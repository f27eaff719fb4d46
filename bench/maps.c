// SPDX-License-Identifier: GPL-2.0
/*
 * What registered memory costs those who change mappings elsewhere in the same
 * process: as many pages, registered one by one or not at all. The depth is how
 * many there are.
 */
#include <errno.h>
#include <regbuf.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define MAPS_PAGE	((size_t)4096)
#define MAPS_TIMES	20

static struct regbuf *regbuf;
static char *elsewhere;

static int do_fork(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	return pid < 0 || waitpid(pid, NULL, 0) != pid ? -errno : 0;
}

static int do_mprotect(void)
{
	return mprotect(elsewhere, MAPS_PAGE, PROT_READ) ||
	       mprotect(elsewhere, MAPS_PAGE, PROT_READ | PROT_WRITE) ?
	       -errno : 0;
}

static int do_munmap(void)
{
	char *page = mmap(NULL, MAPS_PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	return page == MAP_FAILED || munmap(page, MAPS_PAGE) ? -errno : 0;
}

static const struct {
	const char *name;
	int (*change)(void);
} changes[] = {
	{ "fork", do_fork },
	{ "mprotect", do_mprotect },
	{ "munmap", do_munmap },
};

static int maps_measure(const char *engine, unsigned int pages)
{
	struct result result = { .copied = -1, .p50_ns = -1, .p99_ns = -1 };
	struct cell cell = { .bench = "maps", .depth = pages };
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(changes) && !err; i++) {
		double start;

		err = changes[i].change();
		start = clock_busy();
		for (int j = 0; j < MAPS_TIMES && !err; j++)
			err = changes[i].change();
		result.per_op = (clock_busy() - start) / MAPS_TIMES;
		cell.name = changes[i].name;
		if (!err)
			csv_line(&cell, engine, &result);
	}
	return err ? bench_failed("changing mappings", err) : 0;
}

static int maps_register(const struct memory *mem, unsigned int pages)
{
	uint64_t id;
	int err = 0;

	for (unsigned int i = 0; i < pages && !err; i++)
		err = regbuf_register(regbuf, (char *)mem->base + i * MAPS_PAGE,
				      MAPS_PAGE, REGBUF_ACCESS_READ, &id);
	return err ? bench_failed("registering", err) : 0;
}

static int maps_pages(unsigned int pages)
{
	struct memory mem = { };
	int err = regbuf_open(&regbuf);

	if (err)
		return bench_failed("opening regbuf", err);
	err = pages ? memory_map(&mem, pages * MAPS_PAGE, false) : 0;
	if (!err)
		err = maps_measure("none", pages);
	if (!err && pages)
		err = maps_register(&mem, pages);
	if (!err && pages)
		err = maps_measure("regbuf", pages);
	regbuf_close(regbuf);
	memory_unmap(&mem);
	return err;
}

int bench_maps(void)
{
	static const unsigned int counts[] = { 0, 1000, 100000 };
	int err = 0;

	elsewhere = mmap(NULL, MAPS_PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (elsewhere == MAP_FAILED)
		return bench_failed("mapping", -errno);
	for (size_t i = 0; i < ARRAY_SIZE(counts) && !err; i++)
		err = maps_pages(counts[i]);
	munmap(elsewhere, MAPS_PAGE);
	return err;
}
