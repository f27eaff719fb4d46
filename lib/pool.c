// SPDX-License-Identifier: MIT
/*
 * Pools: one registration, handed out in slices.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "regbuf_int.h"

#define REGBUF_HUGE	((size_t)2 << 20)
#define REGBUF_LINE	64u

/* Of 2 MiB, whatever the default is: what regbuf_pool_size() rounds to. */
#ifndef MAP_HUGE_SHIFT
#define MAP_HUGE_SHIFT	26
#endif
#define REGBUF_MAP_HUGE	(MAP_HUGETLB | 21 << MAP_HUGE_SHIFT)

/* In a list of free slices: the last; and not in it, but taken. */
#define REGBUF_POOL_END		UINT32_MAX
#define REGBUF_POOL_TAKEN	(UINT32_MAX - 1)

struct regbuf_pool {
	struct regbuf *rb;
	char *mem;
	size_t size;
	uint64_t id;
	uint32_t length;
	uint32_t count;
	/* Guards what follows. */
	pthread_mutex_t lock;
	uint32_t first;		/* free slice, or REGBUF_POOL_END */
	uint32_t next[];	/* of each slice: the next that is free */
};

static char *regbuf_pool_mmap(size_t size, int flags)
{
	char *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	return mem == MAP_FAILED ? NULL : mem;
}

/* From the pool of huge pages that an administrator set aside. */
static char *regbuf_pool_map_huge(size_t size)
{
	return regbuf_pool_mmap(size, REGBUF_MAP_HUGE);
}

/* Where the kernel can use huge pages if it finds any: aligned to them. */
static char *regbuf_pool_map_aligned(size_t size)
{
	char *mem = regbuf_pool_mmap(size + REGBUF_HUGE, 0);
	size_t before;

	if (!mem)
		return NULL;
	before = -(uintptr_t)mem & (REGBUF_HUGE - 1);
	if (before)
		munmap(mem, before);
	munmap(mem + before + size, REGBUF_HUGE - before);
	madvise(mem + before, size, MADV_HUGEPAGE);
	return mem + before;
}

/* Where a huge page would be charged as a whole for a small pool. */
static char *regbuf_pool_map_small(size_t size)
{
	char *mem = regbuf_pool_mmap(size, 0);

	if (mem)
		madvise(mem, size, MADV_NOHUGEPAGE);
	return mem;
}

/* Map and register, or neither. */
static int regbuf_pool_back(struct regbuf_pool *pool, char *(*map)(size_t))
{
	int err;

	pool->mem = map(pool->size);
	if (!pool->mem)
		return -ENOMEM;
	err = regbuf_register(pool->rb, pool->mem, pool->size,
			      REGBUF_ACCESS_READ | REGBUF_ACCESS_WRITE,
			      &pool->id);
	if (err)
		munmap(pool->mem, pool->size);
	return err;
}

static int regbuf_pool_memory(struct regbuf_pool *pool, unsigned int flags)
{
	if (pool->size < REGBUF_HUGE || flags & REGBUF_POOL_F_SMALL_PAGES)
		return regbuf_pool_back(pool, regbuf_pool_map_small);
	pool->size = (pool->size + REGBUF_HUGE - 1) & ~(REGBUF_HUGE - 1);
	/* A control group may have no share in those that there are. */
	if (!regbuf_pool_back(pool, regbuf_pool_map_huge))
		return 0;
	return regbuf_pool_back(pool, regbuf_pool_map_aligned);
}

/* Slice 0 is handed out first, and the one given back last is the next. */
static void regbuf_pool_fill(struct regbuf_pool *pool)
{
	uint32_t i;

	pthread_mutex_init(&pool->lock, NULL);
	pool->first = 0;
	for (i = 0; i < pool->count; i++)
		pool->next[i] = i + 1;
	pool->next[pool->count - 1] = REGBUF_POOL_END;
}

/* What is not an overflow: with room for the last huge page. */
static int regbuf_pool_fits(uint32_t slice_size, uint32_t count)
{
	uint64_t size = ((uint64_t)slice_size + REGBUF_LINE - 1) * count;

	return count < REGBUF_POOL_TAKEN &&
	       slice_size <= UINT32_MAX - REGBUF_LINE &&
	       size <= SIZE_MAX - 2 * REGBUF_HUGE;
}

REGBUF_EXPORT int regbuf_pool_create(struct regbuf *rb, uint32_t slice_size,
				     uint32_t count, unsigned int flags,
				     struct regbuf_pool **out)
{
	struct regbuf_pool *pool;
	int err;

	*out = NULL;
	if (flags & ~REGBUF_POOL_F_SMALL_PAGES)
		return -EOPNOTSUPP;
	if (!slice_size || !count)
		return -EINVAL;
	if (!regbuf_pool_fits(slice_size, count))
		return -EOVERFLOW;
	pool = malloc(sizeof(*pool) + count * sizeof(pool->next[0]));
	if (!pool)
		return -ENOMEM;
	pool->rb = rb;
	pool->count = count;
	pool->length = (slice_size + REGBUF_LINE - 1) & ~(REGBUF_LINE - 1);
	pool->size = (size_t)pool->length * count;
	err = regbuf_pool_memory(pool, flags);
	if (err) {
		free(pool);
		return err;
	}
	regbuf_pool_fill(pool);
	*out = pool;
	return 0;
}

REGBUF_EXPORT void regbuf_pool_destroy(struct regbuf_pool *pool)
{
	if (!pool)
		return;
	regbuf_deregister(pool->rb, pool->id);
	munmap(pool->mem, pool->size);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

REGBUF_EXPORT int regbuf_pool_at(const struct regbuf_pool *pool, uint32_t index,
				 struct regbuf_pool_slice *slice)
{
	memset(slice, 0, sizeof(*slice));
	if (index >= pool->count)
		return -EINVAL;
	slice->id = pool->id;
	slice->index = index;
	slice->length = pool->length;
	slice->offset = (uint64_t)index * pool->length;
	slice->ptr = pool->mem + slice->offset;
	return 0;
}

REGBUF_EXPORT int regbuf_pool_get(struct regbuf_pool *pool,
				  struct regbuf_pool_slice *slice)
{
	uint32_t index;

	pthread_mutex_lock(&pool->lock);
	index = pool->first;
	if (index != REGBUF_POOL_END) {
		pool->first = pool->next[index];
		pool->next[index] = REGBUF_POOL_TAKEN;
	}
	pthread_mutex_unlock(&pool->lock);
	/* The end is no slice's number. */
	return regbuf_pool_at(pool, index, slice) ? -ENOBUFS : 0;
}

REGBUF_EXPORT int regbuf_pool_put(struct regbuf_pool *pool, uint32_t index)
{
	int err = -EINVAL;

	if (index >= pool->count)
		return err;
	pthread_mutex_lock(&pool->lock);
	if (pool->next[index] == REGBUF_POOL_TAKEN) {
		pool->next[index] = pool->first;
		pool->first = index;
		err = 0;
	}
	pthread_mutex_unlock(&pool->lock);
	return err;
}
