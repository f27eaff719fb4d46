// SPDX-License-Identifier: MIT
/*
 * A cache of registrations, by address. What is in the index is of whole pages
 * and does not overlap, so a range is in one entry or in none. The kernel says
 * in the view of the slots what is not mapped any more: nothing is assumed of
 * what the program's allocator does.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <unistd.h>

#include "regbuf_int.h"

struct regbuf_range {
	uintptr_t start;
	uintptr_t end;
	unsigned int access;
};

static int regbuf_range_same(const struct regbuf_range *a,
			     const struct regbuf_range *b)
{
	return a->start == b->start && a->end == b->end &&
	       a->access == b->access;
}

struct regbuf_entry {
	TAILQ_ENTRY(regbuf_entry) link;
	struct regbuf_range range;
	uint64_t id;
	unsigned int users;
	int indexed;
};

TAILQ_HEAD(regbuf_entries, regbuf_entry);

struct regbuf_cache {
	struct regbuf *rb;
	struct regbuf_slots slots;
	uint64_t budget;
	uint64_t access;	/* what the kernel knows */
	uintptr_t page;
	/* For who adds to the index: one at a time. Taken before the other. */
	pthread_mutex_t miss;
	/* Guards what follows. Never held during a system call. */
	pthread_mutex_t lock;
	struct regbuf_entry **index;	/* by address */
	size_t nr;
	size_t room;
	struct regbuf_entries idle;	/* least recently used first */
	struct regbuf_entries used;
	struct regbuf_cache_stats stats;
};

static uint64_t regbuf_entry_size(const struct regbuf_entry *entry)
{
	return entry->range.end - entry->range.start;
}

static int regbuf_entry_live(const struct regbuf_cache *cache,
			     const struct regbuf_entry *entry)
{
	return regbuf_slot_state(&cache->slots, entry->id) ==
	       REGBUF_STATE_LIVE;
}

/* The first of the index that ends after @addr. */
static size_t regbuf_cache_at(const struct regbuf_cache *cache, uintptr_t addr)
{
	size_t low = 0, high = cache->nr, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (cache->index[mid]->range.end > addr)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

static void regbuf_cache_insert(struct regbuf_cache *cache,
				struct regbuf_entry *entry)
{
	size_t at = regbuf_cache_at(cache, entry->range.start);

	memmove(&cache->index[at + 1], &cache->index[at],
		(cache->nr++ - at) * sizeof(*cache->index));
	cache->index[at] = entry;
	entry->indexed = 1;
	cache->stats.entries++;
	cache->stats.pinned += regbuf_entry_size(entry);
}

static void regbuf_cache_remove(struct regbuf_cache *cache,
				struct regbuf_entry *entry)
{
	size_t at = regbuf_cache_at(cache, entry->range.start);

	memmove(&cache->index[at], &cache->index[at + 1],
		(--cache->nr - at) * sizeof(*cache->index));
	entry->indexed = 0;
}

/* It is idle, and not in the index. */
static void regbuf_cache_unlink(struct regbuf_cache *cache,
				struct regbuf_entry *entry)
{
	TAILQ_REMOVE(&cache->idle, entry, link);
	cache->stats.entries--;
	cache->stats.pinned -= regbuf_entry_size(entry);
}

/* Not to be found again, and for @dead if nobody has it. */
static void regbuf_cache_forget(struct regbuf_cache *cache,
				struct regbuf_entry *entry,
				struct regbuf_entries *dead)
{
	if (entry->indexed) {
		cache->stats.stale += !regbuf_entry_live(cache, entry);
		regbuf_cache_remove(cache, entry);
	}
	if (entry->users)
		return;
	regbuf_cache_unlink(cache, entry);
	TAILQ_INSERT_TAIL(dead, entry, link);
}

static void regbuf_cache_bury(struct regbuf_cache *cache,
			      struct regbuf_entries *dead)
{
	struct regbuf_entry *entry;

	while ((entry = TAILQ_FIRST(dead))) {
		TAILQ_REMOVE(dead, entry, link);
		regbuf_deregister(cache->rb, entry->id);
		free(entry);
	}
}

static struct regbuf_entry *regbuf_cache_find(const struct regbuf_cache *cache,
					      const struct regbuf_range *want)
{
	size_t at = regbuf_cache_at(cache, want->start);
	struct regbuf_entry *entry;

	if (at == cache->nr)
		return NULL;
	entry = cache->index[at];
	if (entry->range.start > want->start || entry->range.end < want->end ||
	    want->access & ~entry->range.access)
		return NULL;
	return regbuf_entry_live(cache, entry) ? entry : NULL;
}

/* HOT: the only thing that happens most of the time. */
static struct regbuf_entry *regbuf_cache_hit(struct regbuf_cache *cache,
					     const struct regbuf_range *want)
{
	struct regbuf_entry *entry;

	pthread_mutex_lock(&cache->lock);
	entry = regbuf_cache_find(cache, want);
	if (entry) {
		cache->stats.hits++;
		if (!entry->users++) {
			TAILQ_REMOVE(&cache->idle, entry, link);
			TAILQ_INSERT_TAIL(&cache->used, entry, link);
		}
	}
	pthread_mutex_unlock(&cache->lock);
	return entry;
}

/* The least recently used that nobody has, out of the index. */
static struct regbuf_entry *regbuf_cache_oldest(struct regbuf_cache *cache)
{
	struct regbuf_entry *entry;

	pthread_mutex_lock(&cache->lock);
	entry = TAILQ_FIRST(&cache->idle);
	if (entry) {
		regbuf_cache_remove(cache, entry);
		regbuf_cache_unlink(cache, entry);
	}
	pthread_mutex_unlock(&cache->lock);
	return entry;
}

/* One that is in flight is in use after all: there is its place yet. */
static int regbuf_cache_evict_one(struct regbuf_cache *cache,
				  struct regbuf_entry *entry)
{
	int busy = regbuf_deregister_if_idle(cache->rb, entry->id, NULL) ==
		   -EBUSY;

	pthread_mutex_lock(&cache->lock);
	if (busy) {
		regbuf_cache_insert(cache, entry);
		TAILQ_INSERT_TAIL(&cache->idle, entry, link);
	} else {
		cache->stats.evictions++;
	}
	pthread_mutex_unlock(&cache->lock);
	if (!busy)
		free(entry);
	return !busy;
}

/* Whether there is less pinned now. */
static int regbuf_cache_evict(struct regbuf_cache *cache)
{
	struct regbuf_entry *entry;
	size_t tries;

	pthread_mutex_lock(&cache->lock);
	tries = cache->nr;
	pthread_mutex_unlock(&cache->lock);
	for (; tries; tries--) {
		entry = regbuf_cache_oldest(cache);
		if (!entry)
			return 0;
		if (regbuf_cache_evict_one(cache, entry))
			return 1;
	}
	return 0;
}

static int regbuf_cache_fits(struct regbuf_cache *cache, uint64_t size)
{
	int fits;

	pthread_mutex_lock(&cache->lock);
	fits = size <= cache->budget &&
	       cache->stats.pinned <= cache->budget - size;
	pthread_mutex_unlock(&cache->lock);
	return fits;
}

static int regbuf_cache_register(struct regbuf_cache *cache,
				 struct regbuf_entry *entry)
{
	uint64_t size = regbuf_entry_size(entry);
	int err;

	if (size > cache->budget)
		return -ENOBUFS;
	do {
		err = -ENOBUFS;
		if (regbuf_cache_fits(cache, size))
			err = regbuf_register(cache->rb,
					      (void *)entry->range.start, size,
					      entry->range.access, &entry->id);
	} while ((err == -ENOBUFS || err == -ENOSPC) &&
		 regbuf_cache_evict(cache));
	return err;
}

/* What is not mapped any more need not be pinned any longer. */
static void regbuf_cache_sweep(struct regbuf_cache *cache,
			       struct regbuf_entries *dead)
{
	struct regbuf_entry *entry, *next;

	for (entry = TAILQ_FIRST(&cache->idle); entry; entry = next) {
		next = TAILQ_NEXT(entry, link);
		if (!regbuf_entry_live(cache, entry))
			regbuf_cache_forget(cache, entry, dead);
	}
}

static int regbuf_cache_make_room(struct regbuf_cache *cache)
{
	struct regbuf_entry **index;
	size_t room = cache->room ? 2 * cache->room : 16;

	if (cache->nr < cache->room)
		return 0;
	index = realloc(cache->index, room * sizeof(*index));
	if (!index)
		return -ENOMEM;
	cache->index = index;
	cache->room = room;
	return 0;
}

/* Ranges that overlap become one: who asks for them in turn finds them all. */
static void regbuf_cache_widen(const struct regbuf_cache *cache,
			       struct regbuf_range *range)
{
	const uintptr_t end = range->end;
	const struct regbuf_entry *entry;
	size_t at;

	at = regbuf_cache_at(cache, range->start);
	for (; at < cache->nr; at++) {
		entry = cache->index[at];
		if (entry->range.start >= end)
			return;
		if (!regbuf_entry_live(cache, entry))
			continue;
		if (entry->range.start < range->start)
			range->start = entry->range.start;
		if (entry->range.end > range->end)
			range->end = entry->range.end;
		range->access |= entry->range.access;
	}
}

/* What is to be registered, and a place for it. */
static int regbuf_cache_plan(struct regbuf_cache *cache,
			     struct regbuf_range *range)
{
	struct regbuf_entries dead = TAILQ_HEAD_INITIALIZER(dead);
	int err;

	pthread_mutex_lock(&cache->lock);
	cache->stats.misses++;
	regbuf_cache_sweep(cache, &dead);
	regbuf_cache_widen(cache, range);
	err = regbuf_cache_make_room(cache);
	pthread_mutex_unlock(&cache->lock);
	regbuf_cache_bury(cache, &dead);
	return err;
}

/* In place of all that it overlaps. */
static void regbuf_cache_publish(struct regbuf_cache *cache,
				 struct regbuf_entry *entry)
{
	struct regbuf_entries dead = TAILQ_HEAD_INITIALIZER(dead);
	size_t at;

	pthread_mutex_lock(&cache->lock);
	at = regbuf_cache_at(cache, entry->range.start);
	while (at < cache->nr &&
	       cache->index[at]->range.start < entry->range.end)
		regbuf_cache_forget(cache, cache->index[at], &dead);
	regbuf_cache_insert(cache, entry);
	entry->users = 1;
	TAILQ_INSERT_TAIL(&cache->used, entry, link);
	pthread_mutex_unlock(&cache->lock);
	regbuf_cache_bury(cache, &dead);
}

static int regbuf_cache_fill(struct regbuf_cache *cache,
			     const struct regbuf_range *want,
			     struct regbuf_entry *entry)
{
	int err;

	entry->range = *want;
	err = regbuf_cache_plan(cache, &entry->range);
	if (!err)
		err = regbuf_cache_register(cache, entry);
	/* More than was asked for may be too much. */
	if (err && !regbuf_range_same(&entry->range, want)) {
		entry->range = *want;
		err = regbuf_cache_register(cache, entry);
	}
	if (!err)
		regbuf_cache_publish(cache, entry);
	return err;
}

static int regbuf_cache_miss(struct regbuf_cache *cache,
			     const struct regbuf_range *want,
			     struct regbuf_entry **out)
{
	struct regbuf_entry *entry;
	int err;

	/* Another thread may have been faster. */
	*out = regbuf_cache_hit(cache, want);
	if (*out)
		return 0;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return -ENOMEM;
	err = regbuf_cache_fill(cache, want, entry);
	if (err)
		free(entry);
	else
		*out = entry;
	return err;
}

static int regbuf_cache_range(const struct regbuf_cache *cache, void *addr,
			      size_t length, unsigned int access,
			      struct regbuf_range *range)
{
	uintptr_t start = (uintptr_t)addr, in_page = cache->page - 1;

	if (!length || !access)
		return -EINVAL;
	if (access & ~cache->access)
		return -EOPNOTSUPP;
	if (start > UINTPTR_MAX - in_page ||
	    length > UINTPTR_MAX - in_page - start)
		return -EFAULT;
	range->start = start & ~in_page;
	range->end = (start + length + in_page) & ~in_page;
	range->access = access;
	return 0;
}

REGBUF_EXPORT int regbuf_cache_get(struct regbuf_cache *cache, void *addr,
				   size_t length, unsigned int access,
				   struct regbuf_cache_ref *ref)
{
	struct regbuf_entry *entry;
	struct regbuf_range want;
	int err;

	memset(ref, 0, sizeof(*ref));
	err = regbuf_cache_range(cache, addr, length, access, &want);
	if (err)
		return err;
	entry = regbuf_cache_hit(cache, &want);
	if (!entry) {
		pthread_mutex_lock(&cache->miss);
		err = regbuf_cache_miss(cache, &want, &entry);
		pthread_mutex_unlock(&cache->miss);
		if (err)
			return err;
	}
	ref->id = entry->id;
	ref->offset = (uintptr_t)addr - entry->range.start;
	ref->entry = entry;
	return 0;
}

static void regbuf_cache_release(struct regbuf_cache *cache,
				 struct regbuf_cache_ref *ref, int drop)
{
	struct regbuf_entries dead = TAILQ_HEAD_INITIALIZER(dead);
	struct regbuf_entry *entry = ref->entry;

	if (!entry)
		return;
	memset(ref, 0, sizeof(*ref));
	pthread_mutex_lock(&cache->lock);
	if (!--entry->users) {
		TAILQ_REMOVE(&cache->used, entry, link);
		TAILQ_INSERT_TAIL(&cache->idle, entry, link);
	}
	if (drop || !entry->indexed || !regbuf_entry_live(cache, entry))
		regbuf_cache_forget(cache, entry, &dead);
	pthread_mutex_unlock(&cache->lock);
	regbuf_cache_bury(cache, &dead);
}

REGBUF_EXPORT void regbuf_cache_put(struct regbuf_cache *cache,
				    struct regbuf_cache_ref *ref)
{
	regbuf_cache_release(cache, ref, 0);
}

REGBUF_EXPORT void regbuf_cache_drop(struct regbuf_cache *cache,
				     struct regbuf_cache_ref *ref)
{
	regbuf_cache_release(cache, ref, 1);
}

REGBUF_EXPORT void regbuf_cache_flush(struct regbuf_cache *cache)
{
	struct regbuf_entries dead = TAILQ_HEAD_INITIALIZER(dead);

	/* Who evicts has one that is in neither list. */
	pthread_mutex_lock(&cache->miss);
	pthread_mutex_lock(&cache->lock);
	while (cache->nr)
		regbuf_cache_forget(cache, cache->index[cache->nr - 1], &dead);
	pthread_mutex_unlock(&cache->lock);
	regbuf_cache_bury(cache, &dead);
	pthread_mutex_unlock(&cache->miss);
}

REGBUF_EXPORT void regbuf_cache_stats(struct regbuf_cache *cache,
				      struct regbuf_cache_stats *stats)
{
	pthread_mutex_lock(&cache->lock);
	*stats = cache->stats;
	pthread_mutex_unlock(&cache->lock);
}

/* Without notice of what is unmapped there is no cache that could be right. */
static int regbuf_cache_open(struct regbuf_cache *cache)
{
	struct regbuf_ioc_query query = { .size = sizeof(query) };
	int err = regbuf_query(cache->rb, &query);

	if (err)
		return err;
	if (!(query.features & REGBUF_FEAT_MOVED))
		return -EOPNOTSUPP;
	cache->access = query.access;
	return regbuf_slots_map(cache->rb, &cache->slots);
}

REGBUF_EXPORT int regbuf_cache_create(struct regbuf *rb, uint64_t budget,
				      struct regbuf_cache **out)
{
	struct regbuf_cache *cache;
	int err;

	*out = NULL;
	if (!budget)
		return -EINVAL;
	cache = calloc(1, sizeof(*cache));
	if (!cache)
		return -ENOMEM;
	cache->rb = rb;
	cache->budget = budget;
	cache->page = (uintptr_t)sysconf(_SC_PAGESIZE);
	err = regbuf_cache_open(cache);
	if (err) {
		free(cache);
		return err;
	}
	TAILQ_INIT(&cache->idle);
	TAILQ_INIT(&cache->used);
	pthread_mutex_init(&cache->miss, NULL);
	pthread_mutex_init(&cache->lock, NULL);
	*out = cache;
	return 0;
}

REGBUF_EXPORT void regbuf_cache_destroy(struct regbuf_cache *cache)
{
	if (!cache)
		return;
	regbuf_cache_flush(cache);
	/* What was never given back. */
	regbuf_cache_bury(cache, &cache->used);
	regbuf_slots_unmap(&cache->slots);
	pthread_mutex_destroy(&cache->lock);
	pthread_mutex_destroy(&cache->miss);
	free(cache->index);
	free(cache);
}
