// SPDX-License-Identifier: GPL-2.0
/*
 * Memory on pages of 2 MiB or surely of 4 KiB, all of it present.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "bench.h"

/* Of 2 MiB, whatever the default is. */
#ifndef MAP_HUGE_SHIFT
#define MAP_HUGE_SHIFT	26
#endif
#define BENCH_MAP_HUGE	(MAP_HUGETLB | 21 << MAP_HUGE_SHIFT)

int memory_map(struct memory *mem, size_t length, bool huge)
{
	size_t unit = huge ? BENCH_HUGE : 4096;
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | (huge ? BENCH_MAP_HUGE : 0);
	char *base;

	length = (length + unit - 1) & ~(unit - 1);
	base = mmap(NULL, length, PROT_READ | PROT_WRITE, flags, -1, 0);
	if (base == MAP_FAILED)
		return bench_failed(huge ? "mapping huge pages" : "mapping",
				    -errno);
	if (!huge)
		madvise(base, length, MADV_NOHUGEPAGE);
	memset(base, 'r', length);
	mem->base = base;
	mem->length = length;
	return 0;
}

void memory_unmap(struct memory *mem)
{
	if (mem->base)
		munmap(mem->base, mem->length);
	mem->base = NULL;
}
