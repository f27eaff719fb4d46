/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VECTOR_H
#define VECTOR_H

#include <linux/errqueue.h>
#include <sys/socket.h>

#include "bench.h"

/* A batch gathered by hand: one message of all its headers and bodies. */
struct vector {
	struct msghdr msg;
	size_t size;		/* bytes in it */
	/* UDP_SEGMENT */
	char control[CMSG_SPACE(sizeof(uint16_t))];
	struct iovec iov[];
};

/* With room for a whole batch; NULL if there is no memory. */
struct vector *vector_new(const struct cell *cell);

/* Begin with nothing in it. */
void vector_clear(struct vector *vector);

/* Add the next request of the run's batch, number @i. */
void vector_add(struct run *run, unsigned int i, struct vector *vector);

/*
 * Send all of it. A stream may take less in one call; more calls follow.
 * Returns how many there were.
 */
int vector_send(int sock, struct vector *vector, int flags);

/* Have it cut up into datagrams of @size bytes. */
void vector_segment(struct vector *vector, uint16_t size);

/* Requests that one message with UDP_SEGMENT may have. */
unsigned int vector_segments(const struct cell *cell);

/* Can a whole batch go down as one message by reference? */
bool vector_gathers(const struct cell *cell);

#endif /* VECTOR_H */
