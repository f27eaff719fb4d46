// SPDX-License-Identifier: MIT
/* RIO's queues by handles, which are numbers with a generation. */
#include <stdlib.h>

#include "rio.h"

pthread_mutex_t rio_lock = PTHREAD_MUTEX_INITIALIZER;

struct rio_space rio_cqs = {
	.size = sizeof(struct rio_cq),
	.kind = RIO_KIND_CQ,
};

struct rio_space rio_rqs = {
	.size = sizeof(struct rio_rq),
	.kind = RIO_KIND_RQ,
};

/* One that was never used. */
static struct rio_object *rio_object_fresh(struct rio_space *space)
{
	uint32_t number = space->count;
	struct rio_object *obj;
	char *chunk;

	if (number == RIO_CHUNK * RIO_CHUNKS)
		return NULL;
	if (number % RIO_CHUNK == 0) {
		chunk = calloc(RIO_CHUNK, space->size);
		if (!chunk)
			return NULL;
		__atomic_store_n(&space->chunks[number / RIO_CHUNK], chunk,
				 __ATOMIC_RELEASE);
	}
	obj = rio_object_at(space, space->size, number);
	obj->number = number;
	space->count++;
	return obj;
}

void *rio_object_new(struct rio_space *space)
{
	struct rio_object *obj = space->free;

	if (obj)
		space->free = obj->next;
	else
		obj = rio_object_fresh(space);
	if (!obj)
		return NULL;
	if (!++obj->generation)
		obj->generation = 1;
	return obj;
}

void rio_object_show(struct rio_space *space, struct rio_object *obj)
{
	uint64_t handle = (uint64_t)obj->generation << 32 | obj->number << 8 |
			  space->kind;

	__atomic_store_n(&obj->handle, handle, __ATOMIC_RELEASE);
}

void rio_object_kill(struct rio_object *obj)
{
	__atomic_store_n(&obj->handle, 0, __ATOMIC_RELEASE);
}

void rio_object_free(struct rio_space *space, struct rio_object *obj)
{
	rio_object_kill(obj);
	obj->next = space->free;
	space->free = obj;
}
