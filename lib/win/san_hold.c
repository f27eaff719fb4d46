// SPDX-License-Identifier: MIT
/*
 * Registered memory that a call writes to, or reads by itself: the kernel does
 * not count that, so it is counted here.
 */
#include <errno.h>

#include "san.h"

static bool san_buffer_has(const struct san_buffer *b,
			   const struct san_segment *segment)
{
	uintptr_t addr = (uintptr_t)segment->addr;

	return addr >= b->addr && addr - b->addr <= b->length &&
	       segment->length <= b->length - (addr - b->addr);
}

static int san_hold_one(struct san_socket *s, struct san_segment *segment,
			unsigned int access)
{
	struct san_buffer *b = s->buffers;

	while (b && (b->gone || b->pin.handle != segment->handle))
		b = b->next;
	if (!b)
		return -ENOENT;
	if (access & ~b->access)
		return -EACCES;
	if (!san_buffer_has(b, segment))
		return -EFAULT;
	b->users++;
	segment->buffer = b;
	return 0;
}

static int san_hold_found_one(struct san_socket *s, struct san_segment *segment,
			      unsigned int access)
{
	struct san_buffer *b;
	bool known = false;

	for (b = s->buffers; b; b = b->next) {
		if (b->gone || !san_buffer_has(b, segment))
			continue;
		known = true;
		if (access & ~b->access)
			continue;
		b->users++;
		segment->buffer = b;
		return 0;
	}
	return known ? -EFAULT : 0;
}

/* The lock is held. */
static void san_drop(struct san_segment *segments, size_t nr)
{
	while (nr--) {
		if (segments[nr].buffer)
			segments[nr].buffer->users--;
		segments[nr].buffer = NULL;
	}
}

int san_hold(struct san_socket *s, struct san_segment *segments, size_t nr,
	     unsigned int access)
{
	size_t i;
	int err;

	for (i = 0; i < nr; i++) {
		err = san_hold_one(s, &segments[i], access);
		if (err) {
			san_drop(segments, i);
			return err;
		}
	}
	return 0;
}

int san_hold_found(struct san_socket *s, struct san_segment *segments,
		   size_t nr, unsigned int access)
{
	size_t i;
	int err;

	for (i = 0; i < nr; i++) {
		err = san_hold_found_one(s, &segments[i], access);
		if (err) {
			san_drop(segments, i);
			return err;
		}
	}
	return 0;
}

void san_release(struct san_segment *segments, size_t nr)
{
	pthread_mutex_lock(&san.lock);
	san_drop(segments, nr);
	pthread_mutex_unlock(&san.lock);
}
