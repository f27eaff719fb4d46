// SPDX-License-Identifier: GPL-2.0
/* What the tests of RIO want of Linux besides sockets. */
#include <dirent.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <linux/regbuf.h>

#include "plain_rio.h"
#include "regbuf_test.h"

#define NOBODY	65534

/* The descriptor of the library's context. */
static int context_fd(void)
{
	char link[64], name[64];
	ssize_t n;
	int fd;

	for (fd = 0; fd < 1024; fd++) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		n = readlink(link, name, sizeof(name) - 1);
		if (n < 0)
			continue;
		name[n] = 0;
		if (!strcmp(name, REGBUF_DEVICE))
			return fd;
	}
	return -ENOENT;
}

int plain_stats(struct plain_stats *stats)
{
	struct regbuf_ioc_stats all = { .size = sizeof(all) };

	memset(stats, 0, sizeof(*stats));
	if (ioctl(context_fd(), REGBUF_IOC_STATS, &all))
		return -errno;
	stats->buffers = all.buffers;
	stats->pages = all.pages;
	stats->deregistered_in_flight = all.deregistered_in_flight;
	stats->used_after_deregister = all.used_after_deregister;
	return 0;
}

static void *map(size_t length, int prot, int flags, int fd)
{
	void *mem = mmap(NULL, length, prot, flags, fd, 0);

	return mem == MAP_FAILED ? NULL : mem;
}

void *plain_map_none(size_t length)
{
	return map(length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

void *plain_map_read(size_t length)
{
	return map(length, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

int plain_unmap(void *mem, size_t length)
{
	return munmap(mem, length) ? -errno : 0;
}

int plain_limit(size_t bytes)
{
	struct rlimit limit = { bytes, bytes };

	if (setrlimit(RLIMIT_MEMLOCK, &limit) || setuid(NOBODY))
		return -errno;
	return 0;
}

int plain_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int nr = 0;

	if (!dir)
		return -errno;
	while (readdir(dir))
		nr++;
	closedir(dir);
	return nr;
}

/* Some mapping of a queue, of which everybody may write; until one is right. */
static bool find_ring(bool (*right)(void *start, size_t length, void *arg),
		      void *arg)
{
	unsigned long start, end;
	char line[512], prot[8];
	FILE *maps = fopen("/proc/self/maps", "r");
	bool found = false;

	while (maps && !found && fgets(line, sizeof(line), maps)) {
		if (!strstr(line, "regbuf") ||
		    sscanf(line, "%lx-%lx %7s", &start, &end, prot) != 3 ||
		    strcmp(prot, "rw-s"))
			continue;
		found = right((void *)start, end - start, arg);
	}
	if (maps)
		fclose(maps);
	return found;
}

static bool damage(void *start, size_t length, void *arg)
{
	(void)arg;
	memset(start, 0xff, length);
	return true;
}

int plain_damage(void)
{
	return find_ring(damage, NULL) ? 0 : -ENOENT;
}

struct posted {
	unsigned int nr;
	bool armed;
};

static bool has_posted(void *start, size_t length, void *arg)
{
	const struct regbuf_ring *ring = start;
	const struct posted *p = arg;

	(void)length;
	return __atomic_load_n(&ring->cq_tail, __ATOMIC_ACQUIRE) -
	       ring->cq_head >= p->nr &&
	       !!__atomic_load_n(&ring->cq_armed, __ATOMIC_ACQUIRE) == p->armed;
}

bool plain_posted(unsigned int nr, bool armed)
{
	struct posted p = { nr, armed };

	return rb_within(10, find_ring(has_posted, &p));
}

/* Of "Udp:" there is a line of names and one of numbers. */
int plain_refused_datagrams(void)
{
	char names[512], numbers[512], *name, *number, *n, *m;
	FILE *snmp = fopen("/proc/net/snmp", "r");
	int value = -ENOENT;

	while (snmp && value < 0 && fgets(names, sizeof(names), snmp)) {
		if (strncmp(names, "Udp:", 4) ||
		    !fgets(numbers, sizeof(numbers), snmp))
			continue;
		name = strtok_r(names, " ", &n);
		number = strtok_r(numbers, " ", &m);
		while (name && number && strcmp(name, "RcvbufErrors")) {
			name = strtok_r(NULL, " ", &n);
			number = strtok_r(NULL, " ", &m);
		}
		value = name && number ? atoi(number) : -EPROTO;
	}
	if (snmp)
		fclose(snmp);
	return value;
}

/* read, write, exit and sigreturn: all others kill. */
int plain_no_calls(void)
{
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) ? -errno : 0;
}
