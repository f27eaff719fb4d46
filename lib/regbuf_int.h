/* SPDX-License-Identifier: MIT */
#ifndef REGBUF_INT_H
#define REGBUF_INT_H

#include <regbuf.h>

/* Everything else is hidden; libregbuf.map lists the same names. */
#define REGBUF_EXPORT	__attribute__((visibility("default")))

/* Never changes once it is open, so threads need no lock. */
struct regbuf {
	int fd;
};

/* 0 or -errno. A signal is the caller's affair: never started again. */
int regbuf_call(const struct regbuf *rb, unsigned long cmd, void *arg);

#endif /* REGBUF_INT_H */
