/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ROOM_H
#define ROOM_H

#include "perf.h"

/* Slices to receive into, of which the kernel takes any. */
struct room {
	char *base;
	size_t length;		/* of all */
	uint32_t slice;		/* bytes of each */
	uint32_t count;		/* a power of two */
};

int room_open(struct stream *s, struct room *room);
void room_close(struct room *room);

#endif /* ROOM_H */
