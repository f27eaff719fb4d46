// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "perf.h"

static double seconds(const struct timeval *tv)
{
	return tv->tv_sec + tv->tv_usec / 1e6;
}

/* Everything but idling and waiting for disks; guests are a part of "user". */
static int read_machine(struct cpu *cpu)
{
	unsigned long long user, nice, system, irq, softirq, steal;
	FILE *file = fopen("/proc/stat", "re");
	int n;

	if (!file)
		return perf_fail(NULL, "/proc/stat", -errno);
	n = fscanf(file, "cpu %llu %llu %llu %*u %*u %llu %llu %llu", &user,
		   &nice, &system, &irq, &softirq, &steal);
	fclose(file);
	if (n != 6)
		return perf_fail(NULL, "/proc/stat", -EINVAL);
	cpu->machine = (double)(user + nice + system + irq + softirq + steal) /
		       sysconf(_SC_CLK_TCK);
	cpu->processors = sysconf(_SC_NPROCESSORS_ONLN);
	return 0;
}

int cpu_read(struct cpu *cpu)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage))
		return perf_fail(NULL, "getrusage", -errno);
	cpu->user = seconds(&usage.ru_utime);
	cpu->system = seconds(&usage.ru_stime);
	return read_machine(cpu);
}
