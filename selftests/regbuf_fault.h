/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REGBUF_FAULT_H
#define REGBUF_FAULT_H

/*
 * Faults: allocations, and copies to and from programs, that fail. Needs a
 * kernel with fault injection: see vm/kasan.config. What failed is left in
 * RB_FAULT_LOG, with the way there, if guest-check.sh has the kernel record it.
 */

#include <ctype.h>
#include <dirent.h>

#include "regbuf_buf.h"
#include "regbuf_proc.h"
#include "kselftest_harness.h"

#define RB_INJECT	"/sys/kernel/debug/"
#define RB_RECORD	"/sys/kernel/debug/tracing/instances/faults/"
#define RB_FAULT_LOG	"/faults.log"
#define NR_HUGE		"/proc/sys/vm/nr_hugepages"
#define RW		(PROT_READ | PROT_WRITE)
#define MOST		2000	/* faults that one call can have */
#define UNMET		6	/* calls without: there are no more */
#define MANY		12	/* slices: a buffer each, one inline */
#define VICTIMS		64	/* tasks whose steps fail */
#define FDS		512	/* that a process has room for in the end */
#define SECONDS		300

struct rig {
	int dev;
	int sv[2];
	char *mem;		/* MANY pages, registered as ids[] */
	__u64 ids[MANY];
	char *fresh;		/* memory to register */
	size_t length;
	__u64 id;		/* of it */
	int fd;			/* opened */
	struct rb_queue q;
	__u32 ep;
	int late;		/* failures after all was done */
	/* the rig's own */
	int nth[VICTIMS];	/* fail-nth of each */
	int nr_nth;
	int fillers[FDS];
	int nr_fillers;
	bool taken;		/* the entries were */
	struct regbuf_cqe cqe;
	struct regbuf_ioc_stats before;
	long pins;
};

/*
 * Which faults
 */

/* Only what is done below some code ("require"), or what is not ("reject"). */
static int rb_fault_range(const char *what, unsigned long start,
			  unsigned long end)
{
	static const char * const kinds[] = {
		"failslab", "fail_page_alloc", "fail_usercopy",
	};
	char path[128], text[32];
	int err = 0;

	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), RB_INJECT "%s/%s-start", kinds[i],
			 what);
		snprintf(text, sizeof(text), "%#lx", start);
		err |= rb_write_file(path, text);
		snprintf(path, sizeof(path), RB_INJECT "%s/%s-end", kinds[i],
			 what);
		snprintf(text, sizeof(text), "%#lx", end);
		err |= rb_write_file(path, text);
	}
	return err;
}

static unsigned long rb_read_number(const char *path)
{
	char text[32];

	rb_first_line(path, text, sizeof(text));
	return strtoul(text, NULL, 0);
}

static int rb_fault_below_module(void)
{
	unsigned long at =
		rb_read_number("/sys/module/regbuf/sections/.text");
	unsigned long size = rb_read_number("/sys/module/regbuf/coresize");

	return !at || !size || rb_fault_range("require", at, at + size);
}

/* The same of one function of the kernel, whose name may have a suffix. */
static inline int rb_fault_symbol(const char *what, const char *name)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	unsigned long at, start = 0, end = 0;
	size_t len = strlen(name);
	char line[256], symbol[128];

	while (file && !end && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%lx %*c %127s", &at, symbol) != 2)
			continue;
		if (start && at > start)
			end = at;
		else if (!strncmp(symbol, name, len) &&
			 (!symbol[len] || !strncmp(symbol + len, ".isra", 5)))
			start = at;
	}
	if (file)
		fclose(file);
	return !end || rb_fault_range(what, start, end);
}

/* The leak detector's own memory is no concern of the module's. */
static int rb_fault_not_below_detector(void)
{
	if (!rb_read_number(RB_INJECT "failslab/reject-start"))
		rb_fault_symbol("reject", "kmemleak_alloc");
	return 0;
}

/* All kinds may fail, quietly. */
static int rb_fault_allow(void)
{
	return rb_write_file(RB_INJECT "failslab/ignore-gfp-wait", "N") ||
	       rb_write_file(RB_INJECT "failslab/verbose", "0") ||
	       rb_write_file(RB_INJECT "fail_page_alloc/ignore-gfp-wait",
			     "N") ||
	       rb_write_file(RB_INJECT "fail_page_alloc/ignore-gfp-highmem",
			     "N") ||
	       rb_write_file(RB_INJECT "fail_page_alloc/min-order", "0") ||
	       rb_write_file(RB_INJECT "fail_page_alloc/verbose", "0") ||
	       rb_write_file(RB_INJECT "fail_usercopy/verbose", "0") ||
	       rb_fault_not_below_detector() || rb_fault_below_module();
}

#define RB_FAILURES	"1000000"	/* more than there are; counts down */

static inline int rb_fault_set(const char *kind, const char *what,
			       const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), RB_INJECT "%s/%s", kind, what);
	return rb_write_file(path, value);
}

/*
 * From now on there are so many bytes of slab memory, or pages, for this task,
 * and then no more; or as much as it likes (-1).
 */
static inline int rb_fault_space(const char *kind, long amount)
{
	bool on = amount >= 0;
	char text[32];

	snprintf(text, sizeof(text), "%ld", on ? amount : 0);
	if (on && (rb_write_file("/proc/self/make-it-fail", "1") ||
		   rb_fault_set(kind, "times", RB_FAILURES)))
		return -1;
	return rb_fault_set(kind, "probability", "0") ||
	       rb_fault_set(kind, "task-filter", on ? "Y" : "N") ||
	       rb_fault_set(kind, "space", text) ||
	       rb_fault_set(kind, "probability", on ? "100" : "0");
}

/* Whether there was too little. */
static inline bool rb_fault_lacked(const char *kind)
{
	char path[128];

	snprintf(path, sizeof(path), RB_INJECT "%s/times", kind);
	return rb_read_number(path) != atol(RB_FAILURES);
}

/* From now on all of a kind fail, or none do, for whomever. */
static inline int rb_fault_all(const char *kind, bool on)
{
	return rb_fault_set(kind, "times", "-1") ||
	       rb_fault_set(kind, "probability", on ? "100" : "0");
}

/*
 * What failed
 */

static void rb_fault_record(bool on)
{
	if (!access(RB_RECORD, F_OK))
		rb_write_file(RB_RECORD "events/faults/failed/enable",
			      on ? "1" : "0");
}

/* Names are found only as long as the module is where it is. */
static void rb_fault_save(void)
{
	int to = open(RB_FAULT_LOG, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
		      0644);
	int from = open(RB_RECORD "trace", O_RDONLY | O_CLOEXEC);
	static char text[65536];
	ssize_t n;

	while (from >= 0 && (n = read(from, text, sizeof(text))) > 0)
		if (write(to, text, n) != n)
			break;
	if (from >= 0) {
		close(from);
		/* Empties it. */
		close(open(RB_RECORD "trace", O_WRONLY | O_TRUNC | O_CLOEXEC));
	}
	close(to);
}

/*
 * Whose
 */

static void rb_fault_victim(struct rig *rig, const char *pid)
{
	char path[300];
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/fail-nth", pid);
	fd = rig->nr_nth < VICTIMS ? open(path, O_RDWR | O_CLOEXEC) : -1;
	if (fd >= 0)
		rig->nth[rig->nr_nth++] = fd;
}

/* Tasks come and go: each time. */
static void rb_fault_victims(struct rig *rig, const char *name)
{
	DIR *proc = opendir("/proc");
	const char *pid;
	char comm[64];

	while (proc && (pid = rb_next_task(proc, comm, sizeof(comm))))
		if (!strncmp(comm, name, strlen(name)))
			rb_fault_victim(rig, pid);
	if (proc)
		closedir(proc);
}

/* Make the nth thing that can fail, from now on, do so. */
static int arm(struct rig *rig, const char *whose, int nth)
{
	char text[16];
	int err = 0;

	snprintf(text, sizeof(text), "%d", nth);
	if (whose)
		rb_fault_victims(rig, whose);
	/* A worker may have ended since it was found. */
	for (int i = 0; i < rig->nr_nth; i++)
		if (pwrite(rig->nth[i], text, strlen(text), 0) < 0 &&
		    errno != ESRCH)
			err = -errno;
	return rig->nr_nth ? err : -ESRCH;
}

/*
 * No more; and whether it did. Others' may have ended. The caller's own way to
 * find out is not below the module's code, and meets nothing.
 */
static bool disarm(struct rig *rig, const char *whose)
{
	bool met = false;
	char text[16];

	for (int i = 0; i < rig->nr_nth; i++) {
		memset(text, 0, sizeof(text));
		if (pread(rig->nth[i], text, sizeof(text) - 1, 0) > 0)
			met |= atoi(text) == 0;
		if (pwrite(rig->nth[i], "0", 1, 0) < 0)
			met |= false;
		if (whose)
			close(rig->nth[i]);
	}
	if (whose)
		rig->nr_nth = 0;
	return met;
}

#define RB_TABLE	64	/* ids that a new table has memory for */

/* The next endpoint takes more memory than itself: the table grows. */
static inline int rb_fill_table(struct rb_queue *q, int sock)
{
	__u32 ep = 0;
	int err = 0;

	while (!err && ep != RB_TABLE - 1)
		err = rb_q_attach(q, sock, RB_BOTH, 0, 0, &ep) ?:
		      rb_q_detach(q, ep, 0);
	return err;
}

#endif /* REGBUF_FAULT_H */
