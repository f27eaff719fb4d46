// SPDX-License-Identifier: MIT
/*
 * Memory that is registered, given up and registered again stays pinned in
 * between, from the second time on. The kernel finds it by its range, and not
 * if the memory was unmapped meanwhile: then the pages are not what is mapped.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <ws2san.h>

#include "san.h"

/* Ranges that are remembered for a socket; bytes that are kept in all. */
#define SAN_RANGES	32
#define SAN_KEPT_MAX	(64ULL << 20)

static uint64_t san_kept;

/* Others of this user want to register as well. */
static uint64_t san_kept_max(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) ||
	    limit.rlim_cur / 4 > SAN_KEPT_MAX)
		return SAN_KEPT_MAX;
	return limit.rlim_cur / 4;
}

static bool san_range_drop(struct regbuf *rb, struct san_range *range)
{
	if (range->id == REGBUF_ID_NONE)
		return false;
	regbuf_deregister(rb, range->id);
	range->id = REGBUF_ID_NONE;
	san_kept -= range->length;
	return true;
}

/* Takes it off the list, and what is mapped no more is dropped on the way. */
static struct san_range *san_range_take(struct regbuf *rb, struct san_socket *s,
					const struct san_buffer *buffer)
{
	struct san_range **at, *range;

	for (at = &s->ranges; (range = *at); at = &range->next) {
		if (range->id != REGBUF_ID_NONE && !san_live(rb, range->id))
			san_range_drop(rb, range);
		if (range->addr == buffer->addr &&
		    range->length == buffer->length &&
		    range->access == buffer->access) {
			*at = range->next;
			return range;
		}
	}
	return NULL;
}

static void san_ranges_trim(struct regbuf *rb, struct san_socket *s)
{
	struct san_range **at = &s->ranges, *range;
	unsigned int nr;

	for (nr = 0; *at && nr < SAN_RANGES; nr++)
		at = &(*at)->next;
	while ((range = *at)) {
		*at = range->next;
		san_range_drop(rb, range);
		free(range);
	}
}

static struct san_range *san_range_new(const struct san_buffer *buffer)
{
	struct san_range *range = calloc(1, sizeof(*range));

	if (!range)
		return NULL;
	range->addr = buffer->addr;
	range->length = buffer->length;
	range->access = buffer->access;
	range->id = REGBUF_ID_NONE;
	return range;
}

/* What is in use is refused by who gives it up, and must not look as if not. */
static void san_range_keep(struct regbuf *rb, struct san_range *range,
			   const struct san_buffer *buffer)
{
	struct regbuf_ioc_status status = { .size = sizeof(status) };

	if (range->id != REGBUF_ID_NONE ||
	    san_kept + range->length > san_kept_max() ||
	    regbuf_status(rb, buffer->pin.id, &status) || status.in_flight)
		return;
	if (!regbuf_register_flags(rb, (void *)range->addr, range->length,
				   range->access, REGBUF_REGISTER_F_COUNT,
				   &range->id, NULL))
		san_kept += range->length;
}

void san_keep(struct regbuf *rb, struct san_socket *s,
	      const struct san_buffer *buffer)
{
	struct san_range *range = san_range_take(rb, s, buffer);

	if (range)
		san_range_keep(rb, range, buffer);
	else
		range = san_range_new(buffer);
	if (!range)
		return;
	range->next = s->ranges;
	s->ranges = range;
	san_ranges_trim(rb, s);
}

void san_forget(struct regbuf *rb, struct san_socket *s)
{
	struct san_range *range;

	while ((range = s->ranges)) {
		s->ranges = range->next;
		san_range_drop(rb, range);
		free(range);
	}
}

/* Sockets come and go under the other lock, but end under this one. */
static bool san_drop_within(struct regbuf *rb, uintptr_t addr, size_t length)
{
	struct san_range *range;
	struct san_socket *s;
	bool any = false;

	pthread_mutex_lock(&san.lock);
	for (s = san.sockets; s; s = s->next)
		for (range = s->ranges; range; range = range->next)
			if (range->addr < addr + length &&
			    addr < range->addr + range->length)
				any |= san_range_drop(rb, range);
	pthread_mutex_unlock(&san.lock);
	return any;
}

bool san_forget_all(struct regbuf *rb)
{
	return san_drop_within(rb, 0, SIZE_MAX);
}

static int san_callback(uintptr_t addr, size_t length)
{
	struct regbuf *rb;
	bool busy, any;
	int err;

	if (!length || length > UINTPTR_MAX - addr)
		return -EINVAL;
	err = san_begin(&rb);
	if (err)
		return err;
	pthread_mutex_lock(&san.change);
	any = san_drop_within(rb, addr, length);
	pthread_mutex_lock(&san.lock);
	busy = san_overlaps(addr, length);
	pthread_mutex_unlock(&san.lock);
	pthread_mutex_unlock(&san.change);
	if (busy)
		return -EFAULT;
	return any ? 0 : -EINVAL;
}

int WSPAPI WSPMemoryRegistrationCacheCallback(LPVOID lpvAddress, SIZE_T Size,
					      LPINT lpErrno)
{
	int err = san_callback((uintptr_t)lpvAddress, Size);

	if (!err)
		return 0;
	*lpErrno = (INT)san_code(err);
	return SOCKET_ERROR;
}
