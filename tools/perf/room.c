// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <sys/mman.h>

#include "room.h"

#define STREAM_SLICE	65536u
#define ROOM		(2u << 20)	/* within what users may lock */
#define LEAST		16u
#define MOST		1024u

/* A datagram that is longer than it should be is seen to be. */
static uint32_t slice_for(const struct options *opt)
{
	return opt->udp ? (opt->size + 64) & ~63u : STREAM_SLICE;
}

int room_open(struct stream *s, struct room *room)
{
	room->slice = slice_for(&s->test->opt);
	room->count = LEAST;
	while (room->count < MOST && 2 * room->count * room->slice <= ROOM)
		room->count *= 2;
	room->length = (size_t)room->count * room->slice;
	room->base = mmap(NULL, room->length, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (room->base != MAP_FAILED)
		return 0;
	room->base = NULL;
	return perf_fail(s->test, "room to receive", -errno);
}

void room_close(struct room *room)
{
	if (room->base)
		munmap(room->base, room->length);
}
