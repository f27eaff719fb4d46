/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LIB_TEST_H
#define LIB_TEST_H

/* What tests of the library's memory share: pages, sockets, and sent bytes. */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <regbuf.h>

#include "lib_pair.h"

#define PAGE	4096UL
#define SEC	1000000000LL
#define NOBODY	65534
#define READ	REGBUF_ACCESS_READ
#define WRITE	REGBUF_ACCESS_WRITE

/* At @at if that is not NULL. A huge page would be charged as a whole. */
static inline char *map_at(void *at, size_t len, int fill)
{
	char *mem = mmap(at, len, PROT_READ | PROT_WRITE, MAP_PRIVATE |
			 MAP_ANONYMOUS | (at ? MAP_FIXED : 0), -1, 0);

	if (mem == MAP_FAILED)
		return NULL;
	madvise(mem, len, MADV_NOHUGEPAGE);
	memset(mem, fill, len);
	return mem;
}

static inline char *map(size_t len, int fill)
{
	return map_at(NULL, len, fill);
}

/* What every one of the next @len bytes is, or -1. */
static inline int received(int sock, size_t len)
{
	char buf[4 * PAGE];

	if (recv(sock, buf, len, MSG_WAITALL) != (ssize_t)len ||
	    memcmp(buf, buf + 1, len - 1))
		return -1;
	return (unsigned char)buf[0];
}

/* Become a user without CAP_IPC_LOCK who may pin that many pages. */
static inline int limit_to(unsigned long pages)
{
	struct rlimit limit = { pages * PAGE, pages * PAGE };

	return setrlimit(RLIMIT_MEMLOCK, &limit) || setgid(NOBODY) ||
	       setuid(NOBODY);
}

static inline struct regbuf_ioc_stats stats_of(struct regbuf *rb)
{
	struct regbuf_ioc_stats stats = { .size = sizeof(stats) };

	regbuf_stats(rb, &stats);
	return stats;
}

#endif /* LIB_TEST_H */
