/* SPDX-License-Identifier: GPL-2.0 */
#ifndef URING_H
#define URING_H

#include <liburing.h>

#include "perf.h"

/* A ring in its best setup, of this thread, with the socket as file 0. */
int uring_setup(struct stream *s, struct io_uring *ring, unsigned int entries,
		unsigned int completions);

#endif /* URING_H */
