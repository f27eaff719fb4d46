/* SPDX-License-Identifier: MIT */
#ifndef REGBUF_INT_H
#define REGBUF_INT_H

#include <pthread.h>

#include <regbuf.h>

/* Everything else is hidden; libregbuf.map lists the same names. */
#define REGBUF_EXPORT	__attribute__((visibility("default")))

/* handle.c's own. */
struct regbuf_handles {
	pthread_mutex_t lock;
	/* Under the lock. */
	struct regbuf_handle *array;
	size_t nr;
	size_t room;
	uint64_t last;
};

void regbuf_handles_init(struct regbuf_handles *all);
void regbuf_handles_free(struct regbuf_handles *all);

struct regbuf {
	/* Never changes once it is open, so threads need no lock. */
	int fd;
	struct regbuf_handles handles;
};

/* 0 or -errno. A signal is the caller's affair: never started again. */
int regbuf_call(const struct regbuf *rb, unsigned long cmd, void *arg);

#endif /* REGBUF_INT_H */
