/* SPDX-License-Identifier: GPL-2.0 */
#ifndef URING_H
#define URING_H

#include <liburing.h>

#include "bench.h"

/* What the distribution's liburing may be too old to know. */
#ifndef IORING_SEND_ZC_REPORT_USAGE
#define IORING_SEND_ZC_REPORT_USAGE	(1U << 3)
#define IORING_NOTIF_USAGE_ZC_COPIED	(1U << 31)
#endif

/*
 * A ring in its best setup. A request has a result, and one that was sent
 * without copying a notice as well, when its memory is free.
 */
struct uring {
	struct io_uring ring;
	unsigned int results;	/* to come */
	unsigned int notices;	/* likewise, in requests */
	unsigned int weight;	/* requests that one notice is for */
	uint16_t asked;		/* order of requests and of results */
	uint16_t answered;
	bool ordered;		/* results have to be in it */
	bool reports;		/* the kernel can tell what was copied */
};

/* A ring with the run's sockets, and with its memory as buffer 0. */
int uring_open(struct run *run);
void uring_close(struct run *run);

/*
 * Finish an entry: it is to send @size bytes and stands for @weight requests.
 * Flags of IOSQE are added to those that it has.
 */
void uring_entry(struct uring *u, struct io_uring_sqe *sqe, size_t size,
		 unsigned int weight);

/* Submit, wait for all results and until no more are in flight than @left. */
int uring_submit(struct run *run, unsigned int left);

/* As engines have them. */
int uring_drain(struct run *run);
double uring_copied(struct run *run);

#endif /* URING_H */
