// SPDX-License-Identifier: GPL-2.0
/*
 * Where the module has been, by KCOV. The module alone is built for it: each
 * point is a place where a piece of its code begins; two that follow each other
 * are an edge.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <linux/kcov.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define WORDS	(32u << 10)

/**
 * fz_trace_open() - begin to look where this thread goes
 * @trace: gets what it takes
 *
 * Return: 0, or -1.
 */
int fz_trace_open(struct fz_trace *trace)
{
	void *pcs;

	trace->pcs = NULL;
	trace->fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);
	if (trace->fd < 0 || ioctl(trace->fd, KCOV_INIT_TRACE, WORDS))
		return -1;
	pcs = mmap(NULL, WORDS * sizeof(__u64), PROT_READ | PROT_WRITE,
		   MAP_SHARED, trace->fd, 0);
	if (pcs == MAP_FAILED || ioctl(trace->fd, KCOV_ENABLE, KCOV_TRACE_PC))
		return -1;
	trace->pcs = pcs;
	return 0;
}

void fz_trace_start(struct fz_trace *trace)
{
	if (trace->pcs)
		__atomic_store_n(&trace->pcs[0], 0, __ATOMIC_RELAXED);
}

static void fz_point(struct fz_cover *cover, __u64 pc)
{
	__u32 at = (pc * 0x9e3779b97f4a7c15ULL) >> 48;

	while (cover->point[at] && cover->point[at] != pc)
		at = (at + 1) % FZ_POINTS;
	if (!cover->point[at]) {
		cover->point[at] = pc;
		cover->nr_points++;
	}
}

/**
 * fz_trace_stop() - count where this thread has been since it started
 * @trace: of the thread
 * @cover: is added to
 *
 * Return: edges that were not there before.
 */
__u32 fz_trace_stop(struct fz_trace *trace, struct fz_cover *cover)
{
	__u64 i, nr, pc, last = 0;
	__u32 found = 0, edge;

	if (!trace->pcs)
		return 0;
	nr = __atomic_load_n(&trace->pcs[0], __ATOMIC_RELAXED);
	for (i = 1; i <= nr; i++) {
		pc = trace->pcs[i];
		edge = ((pc ^ last * 3) * 0x9e3779b97f4a7c15ULL >> 40) %
		       FZ_EDGES;
		last = pc;
		if (cover->edge[edge])
			continue;
		cover->edge[edge] = 1;
		found++;
		fz_point(cover, pc);
	}
	cover->nr_edges += found;
	return found;
}
