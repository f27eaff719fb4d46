// SPDX-License-Identifier: GPL-2.0
/*
 * The cache of registrations against a fake kernel, which counts its calls, and
 * to which memory can be moved away, kept in flight, or refused at will. With
 * ThreadSanitizer it sees what threads do to each other.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <regbuf.h>

#include "wrap.h"

#define CHECK(what) do {						\
	if (!(what)) {							\
		fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what); \
		exit(1);						\
	}								\
} while (0)

#define PAGE	4096u
#define ARENA	((char *)0x10000000)	/* nobody looks there */
#define PAGES	64u
#define SLOTS	64u
#define READ	REGBUF_ACCESS_READ
#define BOTH	(REGBUF_ACCESS_READ | REGBUF_ACCESS_WRITE)

struct fake_buf {
	uintptr_t start, end;
	unsigned int access;
	unsigned int in_flight;
	uint32_t generation;
	uint64_t detached;	/* when, or 0 */
};

static struct {
	uint64_t features;
	int fd;
	int slow;	/* so that others come while it registers */
	pthread_mutex_t lock;
	/* Under the lock. */
	struct fake_buf bufs[SLOTS];
	uint64_t now;
	uint64_t pages, allowed;
	unsigned int slots;
	uintptr_t hole;		/* a page that cannot be registered */
	unsigned int registers, deregisters, live;
} fake = {
	.features = REGBUF_FEAT_MOVED | REGBUF_FEAT_SLOTS,
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.allowed = 1000,
	.slots = SLOTS,
};

static struct regbuf_slot slots[SLOTS];

static void fake_state(unsigned int slot, uint32_t state)
{
	__atomic_store_n(&slots[slot].state, state, __ATOMIC_RELEASE);
}

/* The lock is held. */
static int fake_find(uint64_t id)
{
	unsigned int slot = (uint32_t)id;

	if (slot >= SLOTS || !fake.bufs[slot].end ||
	    fake.bufs[slot].generation != id >> 32)
		return -1;
	return (int)slot;
}

static unsigned int fake_free_slot(void)
{
	unsigned int slot = 0;

	while (slot < fake.slots && fake.bufs[slot].end)
		slot++;
	return slot;
}

static int fake_refuse(const struct regbuf_ioc_register *reg, unsigned int slot)
{
	if (reg->addr <= fake.hole && reg->addr + reg->length > fake.hole)
		return -EFAULT;
	if (fake.pages + reg->length / PAGE > fake.allowed)
		return -ENOBUFS;
	return slot == fake.slots ? -ENOSPC : 0;
}

static int fake_register(struct regbuf_ioc_register *reg)
{
	unsigned int slot = fake_free_slot();
	struct fake_buf *buf = &fake.bufs[slot];
	int err = fake_refuse(reg, slot);

	CHECK(reg->addr % PAGE == 0 && reg->length % PAGE == 0 && reg->length);
	fake.registers++;
	if (err)
		return err;
	buf->start = reg->addr;
	buf->end = reg->addr + reg->length;
	buf->access = reg->access;
	buf->detached = 0;
	buf->generation++;
	fake.pages += reg->length / PAGE;
	fake.live++;
	reg->id = (uint64_t)buf->generation << 32 | slot;
	__atomic_store_n(&slots[slot].id, reg->id, __ATOMIC_RELAXED);
	fake_state(slot, REGBUF_STATE_LIVE);
	return 0;
}

static int fake_deregister(struct regbuf_ioc_deregister *dereg)
{
	int slot = fake_find(dereg->id);
	struct fake_buf *buf = &fake.bufs[slot];

	fake.deregisters++;
	CHECK(slot >= 0);
	dereg->in_flight = buf->in_flight;
	if (buf->in_flight && dereg->flags & REGBUF_DEREGISTER_F_BUSY)
		return -EBUSY;
	fake.pages -= (buf->end - buf->start) / PAGE;
	fake.live--;
	buf->end = 0;
	buf->in_flight = 0;
	fake_state(slot, REGBUF_STATE_NONE);
	return 0;
}

static int fake_query(struct regbuf_ioc_query *query)
{
	query->features = fake.features;
	query->access = BOTH;
	query->max_buffers = SLOTS;
	query->slot_size = sizeof(struct regbuf_slot);
	return 0;
}

static int fake_call(unsigned long cmd, void *arg)
{
	switch (cmd) {
	case REGBUF_IOC_QUERY:
		return fake_query(arg);
	case REGBUF_IOC_REGISTER:
		return fake_register(arg);
	case REGBUF_IOC_DEREGISTER:
		return fake_deregister(arg);
	}
	return -ENOTTY;
}

int __wrap_open(const char *path, int flags, ...)
{
	(void)path;
	fake.fd = __real_open("/dev/null", flags);
	return fake.fd;
}

int __wrap_ioctl(int fd, unsigned long cmd, ...)
{
	va_list args;
	int err;

	CHECK(fd == fake.fd);
	va_start(args, cmd);
	if (fake.slow && cmd == REGBUF_IOC_REGISTER)
		usleep(200);
	pthread_mutex_lock(&fake.lock);
	err = fake_call(cmd, va_arg(args, void *));
	pthread_mutex_unlock(&fake.lock);
	va_end(args);
	errno = -err;
	return err ? -1 : 0;
}

void *__wrap_mmap(void *at, size_t len, int prot, int flags, int fd, off_t off)
{
	if (fd < 0 || fd != fake.fd)
		return __real_mmap(at, len, prot, flags, fd, off);
	CHECK(len == sizeof(slots) && !off);
	CHECK(prot == PROT_READ && flags == MAP_SHARED);
	return slots;
}

int __wrap_munmap(void *at, size_t len)
{
	return at == slots ? 0 : __real_munmap(at, len);
}

/* C9: what munmap(2) does to registrations. */
static void fake_move(char *addr, size_t len)
{
	uintptr_t start = (uintptr_t)addr;
	unsigned int i;

	pthread_mutex_lock(&fake.lock);
	fake.now++;
	for (i = 0; i < SLOTS; i++) {
		if (fake.bufs[i].end <= start || fake.bufs[i].detached ||
		    fake.bufs[i].start >= start + len)
			continue;
		fake.bufs[i].detached = fake.now;
		fake_state(i, REGBUF_STATE_DETACHED);
	}
	pthread_mutex_unlock(&fake.lock);
}

static struct regbuf *rb;
static struct regbuf_cache *cache;

static void begin(uint64_t pages)
{
	fake.registers = 0;
	fake.deregisters = 0;
	CHECK(!regbuf_open(&rb));
	CHECK(!regbuf_cache_create(rb, pages * PAGE, &cache));
}

/* Whatever a test did, nothing is left. */
static void end(void)
{
	regbuf_cache_destroy(cache);
	regbuf_close(rb);
	CHECK(!fake.live && !fake.pages);
}

static struct regbuf_cache_ref get_as(unsigned int page, unsigned int nr,
				      unsigned int access)
{
	uintptr_t at = (uintptr_t)ARENA + page * PAGE;
	struct regbuf_cache_ref ref;
	struct fake_buf *buf;

	CHECK(!regbuf_cache_get(cache, (void *)at, nr * PAGE, access, &ref));
	buf = &fake.bufs[fake_find(ref.id)];
	CHECK(buf->start + ref.offset == at && buf->end >= at + nr * PAGE);
	CHECK(!(access & ~buf->access));
	return ref;
}

static struct regbuf_cache_ref get(unsigned int page, unsigned int nr)
{
	return get_as(page, nr, READ);
}

static uint64_t touch(unsigned int page, unsigned int nr)
{
	struct regbuf_cache_ref ref = get(page, nr);
	uint64_t id = ref.id;

	regbuf_cache_put(cache, &ref);
	CHECK(!ref.id && !ref.entry);
	regbuf_cache_put(cache, &ref);
	return id;
}

static struct regbuf_cache_stats stats(void)
{
	struct regbuf_cache_stats now;

	regbuf_cache_stats(cache, &now);
	return now;
}

/* A hit is any part of a range that is there, and calls nobody. */
static void hits(void)
{
	struct regbuf_cache_ref ref;
	uint64_t id;

	begin(16);
	id = touch(4, 4);
	CHECK(fake.registers == 1);
	CHECK(touch(4, 4) == id && touch(5, 1) == id && touch(7, 1) == id);
	CHECK(!regbuf_cache_get(cache, ARENA + 5 * PAGE - 1, 2, READ, &ref));
	CHECK(ref.id == id && ref.offset == PAGE - 1);
	CHECK(touch(4, 4) == id);
	regbuf_cache_put(cache, &ref);
	CHECK(fake.registers == 1 && !fake.deregisters);
	CHECK(stats().hits == 5 && stats().misses == 1);
	CHECK(stats().entries == 1 && stats().pinned == 4 * PAGE);
	/* Whole pages around what was asked for. */
	CHECK(!regbuf_cache_get(cache, ARENA + 10 * PAGE - 1, 2, READ, &ref));
	CHECK(ref.offset == PAGE - 1 && stats().pinned == 6 * PAGE);
	regbuf_cache_put(cache, &ref);
	end();
}

static void wrong(void)
{
	struct regbuf_cache_ref ref;

	begin(4);
	CHECK(regbuf_cache_get(cache, ARENA, 0, READ, &ref) == -EINVAL);
	CHECK(regbuf_cache_get(cache, ARENA, 1, 0, &ref) == -EINVAL);
	CHECK(regbuf_cache_get(cache, ARENA, 1, 4, &ref) == -EOPNOTSUPP);
	CHECK(regbuf_cache_get(cache, ARENA, SIZE_MAX, READ, &ref) == -EFAULT);
	CHECK(regbuf_cache_get(cache, (void *)(UINTPTR_MAX - 1), 1, READ,
			       &ref) == -EFAULT);
	CHECK(!fake.registers && !ref.entry && !ref.id);
	fake.hole = (uintptr_t)ARENA;
	CHECK(regbuf_cache_get(cache, ARENA, 1, READ, &ref) == -EFAULT);
	CHECK(!ref.entry && stats().misses == 1 && !stats().entries);
	fake.hole = 0;
	end();

	CHECK(!regbuf_open(&rb));
	CHECK(regbuf_cache_create(rb, 0, &cache) == -EINVAL && !cache);
	fake.features = REGBUF_FEAT_SLOTS;
	CHECK(regbuf_cache_create(rb, 1, &cache) == -EOPNOTSUPP && !cache);
	fake.features = REGBUF_FEAT_MOVED;
	CHECK(regbuf_cache_create(rb, 1, &cache) == -EOPNOTSUPP && !cache);
	fake.features |= REGBUF_FEAT_SLOTS;
	regbuf_cache_destroy(NULL);
	regbuf_close(rb);
}

/* What was given back first goes first, and only what nobody has. */
static void evictions(void)
{
	struct regbuf_cache_ref held, none;
	uint64_t a, b, d;

	begin(4);
	held = get(0, 1);
	a = touch(10, 1);
	b = touch(20, 1);
	touch(30, 1);
	CHECK(touch(10, 1) == a);
	d = touch(40, 1);
	CHECK(stats().evictions == 1 && stats().pinned == 4 * PAGE);
	CHECK(touch(10, 1) == a && touch(40, 1) == d);
	CHECK(touch(20, 1) != b && stats().evictions == 2);
	CHECK(touch(0, 1) == held.id);
	/* Room for three pages, if all others go. */
	touch(50, 3);
	CHECK(stats().entries == 2 && fake.pages == 4);
	CHECK(regbuf_cache_get(cache, ARENA, 5 * PAGE, READ, &none) ==
	      -ENOBUFS);
	CHECK(stats().entries == 2);
	CHECK(regbuf_cache_get(cache, ARENA + 10 * PAGE, 4 * PAGE, READ,
			       &none) == -ENOBUFS);
	CHECK(stats().entries == 1 && touch(0, 1) == held.id);
	regbuf_cache_put(cache, &held);
	touch(10, 4);
	CHECK(stats().entries == 1 && fake.pages == 4);
	end();
}

/* C10: and where it is the kernel that has no room. */
static void kernel_is_full(void)
{
	struct regbuf_cache_ref none;
	uint64_t a, b;

	begin(100);
	fake.allowed = 3;
	a = touch(0, 1);
	b = touch(10, 1);
	touch(20, 2);
	CHECK(stats().evictions == 1 && touch(10, 1) == b);
	CHECK(touch(0, 1) != a);
	CHECK(regbuf_cache_get(cache, ARENA, 4 * PAGE, READ, &none) ==
	      -ENOBUFS);
	fake.allowed = 1000;
	fake.slots = 2;
	touch(30, 1);
	touch(40, 1);
	touch(50, 1);
	CHECK(fake.live == 2);
	fake.slots = SLOTS;
	end();
}

/* C6: what was given back in flight is not given up in flight. */
static void flights(void)
{
	struct regbuf_cache_ref none;
	uint64_t a, b;

	begin(2);
	a = touch(0, 1);
	b = touch(10, 1);
	fake.bufs[fake_find(a)].in_flight = 1;
	touch(20, 1);
	CHECK(touch(0, 1) == a);
	CHECK(fake_find(b) < 0 && stats().evictions == 1);
	fake.bufs[fake_find(touch(20, 1))].in_flight = 1;
	CHECK(regbuf_cache_get(cache, ARENA + 30 * PAGE, 1, READ, &none) ==
	      -ENOBUFS);
	CHECK(stats().entries == 2 && stats().pinned == 2 * PAGE);
	CHECK(touch(0, 1) == a);
	end();
}

/* C9: what was unmapped is not what is mapped there now. */
static void moves(void)
{
	struct regbuf_cache_ref old, new;
	uint64_t a, b;

	begin(16);
	a = touch(0, 4);
	b = touch(10, 1);
	fake_move(ARENA + 3 * PAGE, PAGE);
	old = get(0, 1);
	CHECK(old.id != a && fake_find(a) < 0 && touch(10, 1) == b);
	CHECK(stats().stale == 1 && fake.live == 2);
	/* Somebody has it still. */
	fake_move(ARENA, PAGE);
	new = get(0, 1);
	CHECK(new.id != old.id && fake_find(old.id) >= 0);
	a = old.id;
	regbuf_cache_put(cache, &old);
	CHECK(fake_find(a) < 0 && touch(0, 1) == new.id);
	/* At once, when nobody has it. */
	fake_move(ARENA, PAGE);
	a = new.id;
	regbuf_cache_put(cache, &new);
	CHECK(fake_find(a) < 0 && stats().stale == 3);
	/* At the next miss, if it was idle. */
	fake_move(ARENA + 10 * PAGE, PAGE);
	touch(20, 1);
	CHECK(fake_find(b) < 0 && fake.live == 1);
	end();
}

/* ESTALE of a request, of which the view did not tell. */
static void drops(void)
{
	struct regbuf_cache_ref a, b;
	uint64_t id;

	begin(16);
	a = get(0, 1);
	b = get(0, 1);
	id = a.id;
	CHECK(a.id == b.id);
	regbuf_cache_drop(cache, &a);
	CHECK(!a.entry && fake_find(id) >= 0);
	CHECK(touch(0, 1) != id && fake.live == 2);
	regbuf_cache_drop(cache, &b);
	CHECK(fake_find(id) < 0 && fake.live == 1 && !stats().stale);
	end();
}

static void overlaps(void)
{
	struct regbuf_cache_ref held;
	uint64_t id;

	begin(16);
	touch(0, 3);
	held = get(4, 2);
	id = touch(2, 3);
	/* All that overlapped is in it, and so are their rights. */
	CHECK(touch(0, 1) == id && touch(5, 1) == id && fake.registers == 3);
	CHECK(fake.live == 2 && held.id != id);
	regbuf_cache_put(cache, &held);
	CHECK(fake.live == 1 && stats().pinned == 6 * PAGE);
	held = get_as(1, 1, REGBUF_ACCESS_WRITE);
	id = held.id;
	regbuf_cache_put(cache, &held);
	held = get_as(0, 6, BOTH);
	CHECK(held.id == id && fake.live == 1);
	regbuf_cache_put(cache, &held);
	/* More than there is room for: what was asked for, at least. */
	touch(5, 15);
	CHECK(stats().entries == 1 && stats().pinned == 15 * PAGE);
	/* Or than can be had. */
	fake.hole = (uintptr_t)ARENA + 12 * PAGE;
	touch(4, 2);
	CHECK(stats().entries == 1 && stats().pinned == 2 * PAGE);
	fake.hole = 0;
	end();
}

static void many(void)
{
	uint64_t ids[SLOTS];
	unsigned int i;

	begin(PAGES);
	for (i = 0; i < PAGES; i++)
		ids[i * 37 % PAGES] = touch(i * 37 % PAGES, 1);
	for (i = 0; i < PAGES; i++)
		CHECK(touch(i, 1) == ids[i]);
	CHECK(fake.registers == PAGES);
	regbuf_cache_flush(cache);
	CHECK(!fake.live && !stats().entries && !stats().pinned);
	CHECK(touch(0, 1) != ids[0]);
	end();
}

static void flushes(void)
{
	struct regbuf_cache_ref held;
	uint64_t id;

	begin(16);
	held = get(0, 1);
	id = held.id;
	regbuf_cache_flush(cache);
	CHECK(fake_find(id) >= 0 && touch(0, 1) != id);
	regbuf_cache_put(cache, &held);
	CHECK(fake_find(id) < 0 && stats().entries == 1);
	/* Destroyed with what nobody gave back. */
	held = get(20, 1);
	regbuf_cache_flush(cache);
	held = get(30, 1);
	end();
}

static int done;

/* C9: nothing that was moved away before it was asked for. */
static void check_fresh(const struct regbuf_cache_ref *ref, uintptr_t at,
			size_t len, uint64_t before)
{
	const struct fake_buf *buf;

	pthread_mutex_lock(&fake.lock);
	CHECK(fake_find(ref->id) >= 0);
	buf = &fake.bufs[fake_find(ref->id)];
	CHECK(buf->start + ref->offset == at && buf->end >= at + len);
	CHECK(!buf->detached || buf->detached > before);
	pthread_mutex_unlock(&fake.lock);
}

static uint64_t fake_now(void)
{
	uint64_t now;

	pthread_mutex_lock(&fake.lock);
	now = fake.now;
	pthread_mutex_unlock(&fake.lock);
	return now;
}

static void *user(void *arg)
{
	unsigned int seed = (unsigned int)(uintptr_t)arg, i;
	struct regbuf_cache_ref ref;
	uint64_t before;
	uintptr_t at;
	size_t len;
	int err;

	for (i = 0; i < 100000; i++) {
		at = (uintptr_t)ARENA + (uint32_t)rand_r(&seed) % 30 * PAGE;
		at += (uint32_t)rand_r(&seed) % PAGE;
		len = 1 + (uint32_t)rand_r(&seed) % (2 * PAGE);
		before = fake_now();
		err = regbuf_cache_get(cache, (void *)at, len,
				       1 + (uint32_t)rand_r(&seed) % 3, &ref);
		CHECK(!err || err == -ENOBUFS);
		if (err)
			continue;
		check_fresh(&ref, at, len, before);
		if (i % 16)
			regbuf_cache_put(cache, &ref);
		else
			regbuf_cache_drop(cache, &ref);
		if (i % 1024 == 0)
			regbuf_cache_flush(cache);
	}
	return NULL;
}

static void *mover(void *arg)
{
	unsigned int seed = 7;

	while (!__atomic_load_n(&done, __ATOMIC_RELAXED)) {
		fake_move(ARENA + (uint32_t)rand_r(&seed) % 32 * PAGE, PAGE);
		usleep(50);
	}
	return arg;
}

static void threads(void)
{
	pthread_t users[3], moves;
	uintptr_t i;

	begin(24);
	CHECK(!pthread_create(&moves, NULL, mover, NULL));
	for (i = 0; i < 3; i++)
		CHECK(!pthread_create(&users[i], NULL, user, (void *)(i + 1)));
	for (i = 0; i < 3; i++)
		pthread_join(users[i], NULL);
	__atomic_store_n(&done, 1, __ATOMIC_RELAXED);
	pthread_join(moves, NULL);
	CHECK(stats().hits && stats().evictions && stats().stale);
	CHECK(stats().pinned == fake.pages * PAGE);
	CHECK(stats().entries == fake.live);
	end();
}

#define ROUNDS	200u

static pthread_barrier_t barrier;

static void *racer(void *arg)
{
	struct regbuf_cache_ref ref;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		pthread_barrier_wait(&barrier);
		CHECK(!regbuf_cache_get(cache, ARENA + i % PAGES * PAGE, 1,
					READ, &ref));
		pthread_barrier_wait(&barrier);
		regbuf_cache_drop(cache, &ref);
	}
	return arg;
}

/* Who misses the same at the same time has it registered once. */
static void races(void)
{
	pthread_t other;

	begin(PAGES);
	fake.slow = 1;
	pthread_barrier_init(&barrier, NULL, 2);
	CHECK(!pthread_create(&other, NULL, racer, NULL));
	racer(NULL);
	pthread_join(other, NULL);
	CHECK(fake.registers == ROUNDS && fake.deregisters == ROUNDS);
	CHECK(stats().misses == ROUNDS && stats().hits == ROUNDS);
	pthread_barrier_destroy(&barrier);
	fake.slow = 0;
	end();
}

int main(void)
{
	/* Whatever hangs. */
	alarm(300);
	hits();
	wrong();
	evictions();
	kernel_is_full();
	flights();
	moves();
	drops();
	overlaps();
	many();
	flushes();
	threads();
	races();
	return 0;
}
