// SPDX-License-Identifier: GPL-2.0
/*
 * How much memory may be pinned, huge pages to take it from, and how dear it is
 * to copy instead.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <regbuf.h>

#include "doctor.h"
#include "print.h"

/* What a few streams in flight take; systems that allow less are common. */
#define ENOUGH		(64ull << 20)

#define SET		(8u << 20)	/* measured; more than most caches */
#define PAGE		4096u
#define COPY		1024u
#define ROUNDS		5
#define PARAMETER	"/sys/module/regbuf/parameters/copy_below"
#define TRANSPARENT	"/sys/kernel/mm/transparent_hugepage/enabled"
#define LIMITS		"ulimit -l, LimitMEMLOCK= of the service, or memlock " \
			"in /etc/security/limits.conf"

/* Register a page, to hear what this user is charged with. */
static bool ask_budget(struct regbuf_budget *budget)
{
	void *page = aligned_alloc(PAGE, PAGE);
	struct regbuf *rb;
	uint64_t id;
	int err = -1;

	if (page && !regbuf_open(&rb)) {
		err = regbuf_register_budget(rb, page, PAGE,
					     REGBUF_ACCESS_READ, &id, budget);
		regbuf_close(rb);
	}
	free(page);
	return !err || err == -ENOBUFS;
}

static bool has_ipc_lock(void)
{
	char caps[32];

	return doctor_find("/proc/self/status", "CapEff:", caps,
			   sizeof(caps)) &&
	       strtoull(caps, NULL, 16) & 1ull << CAP_IPC_LOCK;
}

/* @taken: as a sentence has it. */
static void say_memlock(struct doctor *d, uint64_t limit, uint64_t left,
			const char *taken)
{
	char sizes[2][PRINT_SIZE];

	doctor_say(d, "memlock",
		   left >= ENOUGH ? VERDICT_OK :
		   left >= PAGE ? VERDICT_WARN : VERDICT_BAD,
		   "RLIMIT_MEMLOCK is %s, %s taken: %s can be registered",
		   print_size(limit, sizes[0]), taken,
		   print_size(left, sizes[1]));
	if (left < ENOUGH)
		doctor_mend(d, LIMITS);
}

static void memlock(struct doctor *d)
{
	struct regbuf_budget budget;
	char size[PRINT_SIZE];
	struct rlimit limit;
	uint64_t charged;

	getrlimit(RLIMIT_MEMLOCK, &limit);
	if (has_ipc_lock()) {
		doctor_say(d, "memlock", VERDICT_OK,
			   "you have CAP_IPC_LOCK: nothing is charged");
	} else if (limit.rlim_cur == RLIM_INFINITY) {
		doctor_say(d, "memlock", VERDICT_OK,
			   "RLIMIT_MEMLOCK is unlimited");
	} else if (!ask_budget(&budget)) {
		say_memlock(d, limit.rlim_cur, limit.rlim_cur,
			    "nobody knows what is");
	} else {
		charged = budget.charged * sysconf(_SC_PAGESIZE);
		say_memlock(d, limit.rlim_cur,
			    charged < limit.rlim_cur ?
			    limit.rlim_cur - charged : 0,
			    print_size(charged, size));
	}
}

static uint64_t memory_line(const char *name)
{
	char line[128];

	if (!doctor_find("/proc/meminfo", name, line, sizeof(line)))
		return 0;
	return strtoull(line, NULL, 10);
}

static void hugepages(struct doctor *d)
{
	uint64_t nr = memory_line("HugePages_Free:");
	uint64_t bytes = memory_line("Hugepagesize:") << 10;
	char size[PRINT_SIZE], line[128];
	bool transparent;

	transparent = doctor_read(TRANSPARENT, line, sizeof(line)) &&
		      !strstr(line, "[never]");
	doctor_say(d, "hugepages",
		   nr || transparent ? VERDICT_OK : VERDICT_WARN,
		   "%" PRIu64 " of %s set aside and free; transparent: %s", nr,
		   print_size(bytes, size), transparent ? "yes" : "no");
	if (!nr && !transparent)
		doctor_mend(d, "echo madvise > " TRANSPARENT);
}

void doctor_memory(struct doctor *d)
{
	memlock(d);
	hugepages(d);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

/* Nanoseconds for a byte, of memory that is in no cache near. */
static double copy_byte(char *to, const char *from)
{
	double begin = now();
	size_t i;

	for (i = 0; i < SET; i += COPY) {
		memcpy(to + i, from + i, COPY);
		__asm__ volatile("" : : "r" (to) : "memory");
	}
	return (now() - begin) / SET;
}

/* For a reference taken and dropped, on something as far away. */
static double count_reference(char *set)
{
	double begin = now();
	size_t i;

	for (i = 0; i < SET; i += PAGE) {
		__atomic_fetch_add(&set[i], 1, __ATOMIC_SEQ_CST);
		__atomic_fetch_sub(&set[i], 1, __ATOMIC_SEQ_CST);
	}
	return (now() - begin) / (SET / PAGE);
}

/* How many bytes are copied in the time of a reference: the best of rounds. */
static unsigned int measure(char *to, char *from)
{
	double byte = 1e9, reference = 1e9, t;
	unsigned int estimate = 64;
	int i;

	memset(to, 1, SET);
	memset(from, 1, SET);
	for (i = 0; i < ROUNDS; i++) {
		t = copy_byte(to, from);
		byte = t < byte ? t : byte;
		t = count_reference(from);
		reference = t < reference ? t : reference;
	}
	while (estimate < PAGE && estimate * 1.5 * byte < reference)
		estimate *= 2;
	return estimate;
}

void doctor_copying(struct doctor *d)
{
	char *set = malloc(2 * SET);
	unsigned int estimate, is;
	char line[32];

	if (!set)
		return;
	estimate = measure(set, set + SET);
	free(set);
	if (!doctor_read(PARAMETER, line, sizeof(line))) {
		doctor_say(d, "copying", VERDICT_OK,
			   "copy_below=%u would fit (an estimate)", estimate);
		return;
	}
	is = strtoul(line, NULL, 10);
	doctor_say(d, "copying", VERDICT_OK,
		   "copy_below is %u; %u would fit (an estimate)", is,
		   estimate);
	if (is > 4 * estimate || estimate > 4 * is)
		doctor_mend(d, "measure with regbuf-perf; then: echo %u > "
			    PARAMETER, estimate);
}
