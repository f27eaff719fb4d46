/* SPDX-License-Identifier: GPL-2.0 */
#ifndef WIN_PLAIN_RIO_H
#define WIN_PLAIN_RIO_H

/* What the tests of RIO want of Linux besides sockets. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of the process's context. */
struct plain_stats {
	uint64_t buffers;
	uint64_t pages;
	uint64_t deregistered_in_flight;
	uint64_t used_after_deregister;
};

int plain_stats(struct plain_stats *stats);

/* Memory with no access, or that can only be read. NULL if not. */
void *plain_map_none(size_t length);
void *plain_map_read(size_t length);
int plain_unmap(void *mem, size_t length);

/* As any user, with so much memory to lock. */
int plain_limit(size_t bytes);

/* How many descriptors this process has. */
int plain_fds(void);

/* Writes over the rings of a queue. */
int plain_damage(void);

/*
 * Wait until there are so many completions in a queue that is armed, or is not
 * (any more), and take none: who takes one may have more made.
 */
bool plain_posted(unsigned int nr, bool armed);

/* Datagrams that found no room in the socket that they were for. */
int plain_refused_datagrams(void);

/* Calls of the kernel that this thread makes from now on: none but a few. */
int plain_no_calls(void);

#endif /* WIN_PLAIN_RIO_H */
