// SPDX-License-Identifier: GPL-2.0
/*
 * libregbuf's cache of registrations with the kernel: what it says of memory is
 * true, whatever became of it. What it does by itself is tested in
 * host/cache.c, too.
 */
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "lib_test.h"

#include "kselftest_harness.h"

#define PAGES	16

FIXTURE(cache) {
	struct regbuf *rb;
	struct regbuf_cache *cache;
	char *mem;
	int sv[2];
};

FIXTURE_SETUP(cache)
{
	ASSERT_EQ(0, regbuf_open(&self->rb));
	ASSERT_EQ(0, regbuf_cache_create(self->rb, PAGES * PAGE, &self->cache));
	self->mem = map(2 * PAGES * PAGE, 'a');
	ASSERT_NE(NULL, self->mem);
	ASSERT_EQ(0, pair(SOCK_STREAM, self->sv));
}

FIXTURE_TEARDOWN(cache)
{
	regbuf_cache_destroy(self->cache);
	EXPECT_EQ(0, stats_of(self->rb).buffers);
	regbuf_close(self->rb);
}

/* As regbuf_cache_create(3) has it. Whether it was sent at once. */
static int cache_send(struct regbuf *rb, struct regbuf_cache *cache, int sock,
		      void *addr, size_t len)
{
	struct regbuf_cache_ref ref;
	int err, tries = 0;

	do {
		err = regbuf_cache_get(cache, addr, len, READ, &ref);
		if (err)
			return err;
		err = regbuf_send(rb, sock, ref.id, ref.offset, len, 0, NULL);
		if (err == -ESTALE)
			regbuf_cache_drop(cache, &ref);
		regbuf_cache_put(cache, &ref);
		tries++;
	} while (err == -ESTALE);
	return err ? err : tries == 1;
}

static uint64_t touch(struct regbuf_cache *cache, void *addr, size_t len)
{
	struct regbuf_cache_ref ref;
	uint64_t id;

	if (regbuf_cache_get(cache, addr, len, READ, &ref))
		return REGBUF_ID_NONE;
	id = ref.id;
	regbuf_cache_put(cache, &ref);
	return id;
}

static struct regbuf_cache_stats cache_stats(struct regbuf_cache *cache)
{
	struct regbuf_cache_stats stats;

	regbuf_cache_stats(cache, &stats);
	return stats;
}

struct hits {
	struct regbuf_cache *cache;
	char *mem;
	uint64_t id;
	int good;
};

/* A system call other than read, write or exit would be its end. */
static void *hit_often(void *arg)
{
	struct hits *hits = arg;
	int good = 0, i;

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT))
		syscall(SYS_exit, 0);
	for (i = 0; i < 1000; i++)
		good += touch(hits->cache, hits->mem + i, PAGE) == hits->id;
	__atomic_store_n(&hits->good, good, __ATOMIC_SEQ_CST);
	syscall(SYS_exit, 0);
	return NULL;
}

/* S32, C9: looking is done without the kernel. */
TEST_F(cache, hits_make_no_system_call)
{
	struct hits hits = { .cache = self->cache, .mem = self->mem };
	pthread_t thread;

	hits.id = touch(self->cache, self->mem, 2 * PAGE);
	ASSERT_NE(REGBUF_ID_NONE, hits.id);
	ASSERT_EQ(0, pthread_create(&thread, NULL, hit_often, &hits));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(1000, hits.good);
	EXPECT_EQ(1000, cache_stats(self->cache).hits);
	EXPECT_EQ(1, cache_stats(self->cache).misses);
	EXPECT_EQ(1, stats_of(self->rb).buffers);
}

/* S9 */
TEST_F(cache, whole_pages_are_registered)
{
	struct regbuf_ioc_status status = { .size = sizeof(status) };
	struct regbuf_cache_ref ref;

	ASSERT_EQ(0, regbuf_cache_get(self->cache, self->mem + PAGE - 1, 2,
				      READ, &ref));
	EXPECT_EQ(PAGE - 1, ref.offset);
	ASSERT_EQ(0, regbuf_status(self->rb, ref.id, &status));
	EXPECT_EQ((uintptr_t)self->mem, status.addr);
	EXPECT_EQ(2 * PAGE, status.length);
	EXPECT_EQ(2 * PAGE, cache_stats(self->cache).pinned);
	regbuf_cache_put(self->cache, &ref);
	EXPECT_EQ(NULL, ref.entry);
}

TEST_F(cache, what_is_wrong_is_said)
{
	struct regbuf_cache *none = self->cache;
	struct regbuf_cache_ref ref;

	EXPECT_EQ(-EINVAL, regbuf_cache_create(self->rb, 0, &none));
	EXPECT_EQ(NULL, none);
	EXPECT_EQ(-EINVAL, regbuf_cache_get(self->cache, self->mem, 0, READ,
					    &ref));
	EXPECT_EQ(-EINVAL, regbuf_cache_get(self->cache, self->mem, 1, 0,
					    &ref));
	EXPECT_EQ(-EOPNOTSUPP, regbuf_cache_get(self->cache, self->mem, 1,
						1u << 31, &ref));
	ASSERT_EQ(0, munmap(self->mem, PAGE));
	EXPECT_EQ(-EFAULT, regbuf_cache_get(self->cache, self->mem, 1, READ,
					    &ref));
	EXPECT_EQ(NULL, ref.entry);
}

/* Not more than the budget, and what was used last stays. */
TEST_F(cache, the_least_recently_used_goes)
{
	uint64_t ids[PAGES];
	int i;

	for (i = 0; i < PAGES; i++)
		ids[i] = touch(self->cache, self->mem + i * PAGE, PAGE);
	EXPECT_EQ(ids[0], touch(self->cache, self->mem, PAGE));
	EXPECT_EQ(PAGES, stats_of(self->rb).pages);
	touch(self->cache, self->mem + PAGES * PAGE, 2 * PAGE);
	EXPECT_EQ(PAGES, stats_of(self->rb).pages);
	EXPECT_EQ(2, cache_stats(self->cache).evictions);
	EXPECT_EQ(ids[0], touch(self->cache, self->mem, PAGE));
	EXPECT_EQ(ids[3], touch(self->cache, self->mem + 3 * PAGE, PAGE));
	EXPECT_NE(ids[1], touch(self->cache, self->mem + PAGE, PAGE));
}

/* C10: the kernel's budget counts, too. */
TEST_F(cache, what_the_user_may_not_pin_is_made_room_for)
{
	struct regbuf_cache_ref held, none;
	uint64_t id;

	ASSERT_EQ(0, limit_to(4));
	ASSERT_EQ(0, regbuf_cache_get(self->cache, self->mem, PAGE, READ,
				      &held));
	id = touch(self->cache, self->mem + 2 * PAGE, PAGE);
	EXPECT_NE(REGBUF_ID_NONE,
		  touch(self->cache, self->mem + 4 * PAGE, 3 * PAGE));
	EXPECT_EQ(1, cache_stats(self->cache).evictions);
	EXPECT_NE(id, touch(self->cache, self->mem + 2 * PAGE, PAGE));
	EXPECT_EQ(-ENOBUFS, regbuf_cache_get(self->cache, self->mem + 4 * PAGE,
					     4 * PAGE, READ, &none));
	EXPECT_EQ(held.id, touch(self->cache, self->mem, PAGE));
	regbuf_cache_put(self->cache, &held);
}

/* C9: other memory at the same address is other memory. */
TEST_F(cache, memory_that_was_mapped_anew_is_sent)
{
	uint64_t id = touch(self->cache, self->mem, PAGE);

	for (int fill = 'b'; fill <= 'z'; fill++) {
		ASSERT_EQ(1, cache_send(self->rb, self->cache, self->sv[0],
					self->mem, PAGE));
		ASSERT_EQ(fill - 1, received(self->sv[1], PAGE));
		ASSERT_EQ(0, munmap(self->mem, PAGE));
		ASSERT_EQ(self->mem, map_at(self->mem, PAGE, fill));
		EXPECT_NE(id, touch(self->cache, self->mem, PAGE));
	}
	EXPECT_EQ(25, cache_stats(self->cache).stale);
	EXPECT_EQ(1, stats_of(self->rb).buffers);
}

/* What is not there is not sent, either. */
TEST_F(cache, memory_that_was_unmapped_is_gone)
{
	struct regbuf_cache_ref ref;

	ASSERT_NE(REGBUF_ID_NONE, touch(self->cache, self->mem, 4 * PAGE));
	ASSERT_EQ(0, munmap(self->mem + 3 * PAGE, PAGE));
	EXPECT_EQ(-EFAULT, regbuf_cache_get(self->cache, self->mem, 4 * PAGE,
					    READ, &ref));
	EXPECT_EQ(0, stats_of(self->rb).buffers);
	ASSERT_EQ(1, cache_send(self->rb, self->cache, self->sv[0], self->mem,
				3 * PAGE));
	EXPECT_EQ('a', received(self->sv[1], 3 * PAGE));
}

/* C9: what the view does not tell the request does. */
TEST_F(cache, pages_that_were_given_back_are_found_when_used)
{
	uint64_t id = touch(self->cache, self->mem, 2 * PAGE);

	ASSERT_EQ(0, madvise(self->mem, PAGE, MADV_DONTNEED));
	memset(self->mem, 'b', PAGE);
	EXPECT_EQ(0, cache_send(self->rb, self->cache, self->sv[0], self->mem,
				PAGE));
	EXPECT_EQ('b', received(self->sv[1], PAGE));
	EXPECT_NE(id, touch(self->cache, self->mem, 2 * PAGE));
	EXPECT_EQ(1, stats_of(self->rb).buffers);
}

/* C6: in use by somebody, it lives as long as that. */
TEST_F(cache, what_somebody_has_lives_on)
{
	struct regbuf_cache_ref ref;

	ASSERT_EQ(0, regbuf_cache_get(self->cache, self->mem, PAGE, READ,
				      &ref));
	regbuf_cache_flush(self->cache);
	EXPECT_EQ(0, cache_stats(self->cache).evictions);
	ASSERT_EQ(0, regbuf_send(self->rb, self->sv[0], ref.id, ref.offset,
				 PAGE, 0, NULL));
	EXPECT_EQ('a', received(self->sv[1], PAGE));
	regbuf_cache_put(self->cache, &ref);
	EXPECT_EQ(0, stats_of(self->rb).buffers);
}

/* C7: rights are what was asked for. */
TEST_F(cache, read_only_memory_is_for_reading)
{
	struct regbuf_cache_ref ref;

	ASSERT_EQ(0, mprotect(self->mem, PAGE, PROT_READ));
	ASSERT_NE(REGBUF_ID_NONE, touch(self->cache, self->mem, PAGE));
	EXPECT_EQ(-EFAULT, regbuf_cache_get(self->cache, self->mem, PAGE, WRITE,
					    &ref));
	ASSERT_EQ(0, regbuf_cache_get(self->cache, self->mem + PAGE, PAGE,
				      WRITE, &ref));
	EXPECT_EQ(-EACCES, regbuf_send(self->rb, self->sv[0], ref.id, 0, 1, 0,
				       NULL));
	regbuf_cache_put(self->cache, &ref);
}

/*
 * Threads send the number that is in a page, while another moves pages with
 * ever larger numbers there. What arrives is not older than what was there
 * when they asked.
 */
#define THREADS	3
#define ROUNDS	1000

struct moving {
	struct regbuf *rb;
	struct regbuf_cache *cache;
	char *mem;
	unsigned int number;
	int stop;
	int failed;
};

static void *moves(void *arg)
{
	struct moving *m = arg;
	unsigned int number = 0;
	unsigned int *page;

	while (!__atomic_load_n(&m->stop, __ATOMIC_SEQ_CST)) {
		page = (void *)map(PAGE, 0);
		*page = ++number;
		if (mremap(page, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			   m->mem + number % 4 * PAGE) == MAP_FAILED)
			m->failed = errno;
		__atomic_store_n(&m->number, number, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

/* Often enough, and that was noticed. */
static bool has_moved(const struct moving *m)
{
	return __atomic_load_n(&m->number, __ATOMIC_SEQ_CST) > 100 &&
	       cache_stats(m->cache).stale;
}

/* The page that was moved last, and so whatever came there since. */
static int send_latest(struct moving *m, int sv[2])
{
	unsigned int before = __atomic_load_n(&m->number, __ATOMIC_SEQ_CST);
	unsigned int got;
	int err;

	/* Registering says so of what moves meanwhile. */
	do
		err = cache_send(m->rb, m->cache, sv[0],
				 m->mem + before % 4 * PAGE, sizeof(got));
	while (err == -EFAULT);
	if (err < 0)
		return err;
	if (recv(sv[1], &got, sizeof(got), MSG_WAITALL) != sizeof(got))
		return -EIO;
	return got < before ? -ESTALE : 0;
}

static void *sends(void *arg)
{
	struct moving *m = arg;
	int sv[2], err, i;

	if (pair(SOCK_STREAM, sv))
		return NULL;
	/* And until pages were moved. */
	for (i = 0; i < ROUNDS || !has_moved(m); i++) {
		err = send_latest(m, sv);
		if (err)
			__atomic_store_n(&m->failed, err, __ATOMIC_SEQ_CST);
	}
	return m;
}

TEST_F_TIMEOUT(cache, threads_never_send_what_was_moved_away, 120)
{
	struct moving m = {
		.rb = self->rb,
		.cache = self->cache,
		.mem = map(4 * PAGE, 0),
	};
	pthread_t mover, threads[THREADS];
	void *done;
	int i;

	ASSERT_NE(NULL, m.mem);
	ASSERT_EQ(0, pthread_create(&mover, NULL, moves, &m));
	for (i = 0; i < THREADS; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, sends, &m));
	for (i = 0; i < THREADS; i++) {
		ASSERT_EQ(0, pthread_join(threads[i], &done));
		EXPECT_EQ(&m, done);
	}
	__atomic_store_n(&m.stop, 1, __ATOMIC_SEQ_CST);
	ASSERT_EQ(0, pthread_join(mover, NULL));
	EXPECT_EQ(0, m.failed);
	EXPECT_LT(0, cache_stats(self->cache).stale);
}

TEST_HARNESS_MAIN
