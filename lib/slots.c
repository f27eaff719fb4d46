// SPDX-License-Identifier: MIT
/*
 * The view of the slots. What is looked up in it is inline, in regbuf.h.
 */
#include <errno.h>
#include <sys/mman.h>

#include "regbuf_int.h"

static size_t regbuf_slots_size(const struct regbuf_slots *slots)
{
	return (size_t)slots->count * slots->stride;
}

/* How many there may be, and how large they are. */
static int regbuf_slots_query(struct regbuf *rb, struct regbuf_slots *slots)
{
	struct regbuf_ioc_query query = { .size = sizeof(query) };
	int err = regbuf_query(rb, &query);

	if (err)
		return err;
	if (!(query.features & REGBUF_FEAT_SLOTS) ||
	    query.slot_size < sizeof(struct regbuf_slot))
		return -EOPNOTSUPP;
	slots->count = query.max_buffers;
	slots->stride = query.slot_size;
	return slots->count <= SIZE_MAX / slots->stride ? 0 : -ENOMEM;
}

REGBUF_EXPORT int regbuf_slots_map(struct regbuf *rb,
				   struct regbuf_slots *slots)
{
	struct regbuf_slots new;
	void *map;
	int err;

	memset(slots, 0, sizeof(*slots));
	err = regbuf_slots_query(rb, &new);
	if (err)
		return err;
	map = mmap(NULL, regbuf_slots_size(&new), PROT_READ, MAP_SHARED,
		   rb->fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	new.map = map;
	*slots = new;
	return 0;
}

REGBUF_EXPORT void regbuf_slots_unmap(struct regbuf_slots *slots)
{
	if (slots->map)
		munmap((void *)slots->map, regbuf_slots_size(slots));
	memset(slots, 0, sizeof(*slots));
}
