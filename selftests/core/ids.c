// SPDX-License-Identifier: GPL-2.0
/*
 * C5: an id names one buffer of one context, once.
 */
#include "regbuf_buf.h"
#include "regbuf_halt.h"
#include "kselftest_harness.h"

#include <pthread.h>
#include <sys/syscall.h>

#define SLOT(id)	((__u32)(id))
#define GENERATION(id)	((__u32)((id) >> 32))
#define ONE		(1ULL << 32)	/* in the generation */

FIXTURE(ids) {
	int dev;
	int sv[2];
	char *mem;
	__u64 live;
	long pins;
};

FIXTURE_SETUP(ids)
{
	self->pins = rb_pins();
	self->dev = rb_open();
	ASSERT_GE(self->dev, 0);
	ASSERT_EQ(0, rb_pair(NULL, AF_INET, SOCK_STREAM, self->sv));
	self->mem = rb_pages(2);
	ASSERT_NE(NULL, self->mem);
	ASSERT_EQ(0, rb_register(self->dev, self->mem, RB_PAGE, RB_READ,
				 &self->live));
}

FIXTURE_TEARDOWN(ids)
{
	struct regbuf_ioc_status status;

	/* Whatever was tried: the one that is live still is. */
	EXPECT_EQ(0, rb_status(self->dev, self->live, &status));
	EXPECT_EQ(0, rb_deregister(self->dev, self->live));
	EXPECT_EQ(0, rb_left(self->dev));
	close(self->dev);
	EXPECT_EQ(self->pins, rb_pins());
}

/* Register something and give it up again. */
static __u64 dead_id(const FIXTURE_DATA(ids) *self)
{
	__u64 id;

	if (rb_register(self->dev, self->mem, 1, RB_READ, &id) ||
	    rb_deregister(self->dev, id))
		return 0;
	return id;
}

/* Every call that takes an id says the same about one. */
static void expect_all(struct __test_metadata *_metadata,
		       const FIXTURE_DATA(ids) *self, int err, __u64 id)
{
	struct regbuf_slice slices[2] = {
		rb_slice(self->live, 0, 1), rb_slice(id, 0, 1),
	};
	struct regbuf_ioc_send msg = rb_msg(self->sv[0], slices, 2);
	struct regbuf_ioc_status status;
	struct regbuf_ioc_stats stats;

	EXPECT_EQ(err, rb_status(self->dev, id, &status));
	EXPECT_EQ(err, rb_wait(self->dev, id, 0));
	EXPECT_EQ(err, rb_wait(self->dev, id, RB_FOREVER));
	EXPECT_EQ(err, rb_ioctl(self->dev, REGBUF_IOC_SEND, &msg));
	EXPECT_EQ(err, rb_deregister(self->dev, id));
	EXPECT_EQ(0, rb_stats(self->dev, &stats));
	EXPECT_EQ(1, stats.buffers);
	EXPECT_EQ(0, stats.sends);
	EXPECT_EQ(0, rb_in_flight(self->dev, self->live));
}

/* S2, X7: neither 0 nor 0xffffffff is ever one, nor has one generation 0 */
TEST_F(ids, are_never_null_or_invalid)
{
	__u64 ids[300];

	for (int i = 0; i < ARRAY_SIZE(ids); i++) {
		ASSERT_EQ(0, rb_register(self->dev, self->mem, 1, RB_READ,
					 &ids[i]));
		EXPECT_NE(0, GENERATION(ids[i]));
		EXPECT_NE(REGBUF_ID_NONE, ids[i]);
		EXPECT_NE(0xffffffffULL, ids[i]);
	}
	for (int i = 0; i < ARRAY_SIZE(ids); i++)
		EXPECT_EQ(0, rb_deregister(self->dev, ids[i]));
	expect_all(_metadata, self, -ENOENT, 0);
	expect_all(_metadata, self, -ENOENT, 0xffffffff);
	expect_all(_metadata, self, -ENOENT, -1ULL);
}

/* C5: what never was is ENOENT: wrong slots, generations to come and none */
TEST_F(ids, unknown_ones_are_not_found)
{
	__u64 live = self->live;

	expect_all(_metadata, self, -ENOENT, live + ONE);
	expect_all(_metadata, self, -ENOENT, live + 1000 * ONE);
	expect_all(_metadata, self, -ENOENT, SLOT(live) | ~0ULL << 32);
	expect_all(_metadata, self, -ENOENT, SLOT(live));
	for (int bit = 8; bit < 32; bit++)
		expect_all(_metadata, self, -ENOENT, live ^ 1ULL << bit);
}

/* C5, S19, S20: what was and is no more is ESTALE, also a second time */
TEST_F(ids, dead_ones_are_stale)
{
	__u64 id = dead_id(self);

	ASSERT_NE(0, id);
	expect_all(_metadata, self, -ESTALE, id);
	expect_all(_metadata, self, -ESTALE, id);
}

/* C5: a slot that is used again has another generation; the old one is dead */
TEST_F(ids, of_a_reused_slot_differ)
{
	__u64 ids[50], old;
	int reused = 0;

	for (int i = 0; i < 50; i++) {
		ids[i] = dead_id(self);
		for (int j = 0; j < i; j++) {
			EXPECT_NE(ids[j], ids[i]);
			reused += SLOT(ids[j]) == SLOT(ids[i]);
		}
	}
	EXPECT_LT(0, reused);
	/* Again with one live in the slot: the dead ones don't reach it. */
	old = self->live;
	ASSERT_EQ(0, rb_register(self->dev, self->mem, RB_PAGE, RB_READ,
				 &self->live));
	for (int i = 0; i < 50; i++)
		EXPECT_EQ(-ESTALE, rb_deregister(self->dev, ids[i]));
	EXPECT_EQ(0, rb_deregister(self->dev, old));
	expect_all(_metadata, self, -ESTALE, old);
}

/* C5: ids are of one context, even if another has the same numbers */
TEST_F(ids, of_another_context_do_not_work)
{
	char *other_mem = rb_pages(1), got[16];
	int dev = rb_open();
	__u64 ids[8];

	rb_pattern(other_mem, RB_PAGE, 99);
	for (int i = 0; i < 8; i++)
		ASSERT_EQ(0, rb_register(dev, other_mem, 16, RB_READ,
					 &ids[i]));
	for (int i = 0; i < 8; i++)
		if (ids[i] != self->live)
			expect_all(_metadata, self, -ENOENT, ids[i]);
	/* What they name here is our own. */
	ASSERT_EQ(0, rb_fetch(self->dev, self->live, 0, 16, got));
	EXPECT_EQ(0, memcmp(got, self->mem, 16));
	ASSERT_EQ(0, rb_fetch(dev, ids[0], 0, 16, got));
	EXPECT_EQ(0, memcmp(got, other_mem, 16));
	close(dev);
}

/* C5, S55: guessing doesn't help */
TEST_F(ids, cannot_be_guessed)
{
	struct regbuf_ioc_status status;
	__u64 id, seed = 88172645463325252ULL;
	int found = 0, odd = 0, err;

	for (int i = 0; i < 100000; i++) {
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		id = seed;
		/* Half of them near to what there is. */
		if (i & 1)
			id = (id & 0xff000000ffULL) | (id & 0x300ULL);
		if (id == self->live)
			continue;
		err = i % 3 ? rb_status(self->dev, id, &status) :
			      rb_deregister(self->dev, id);
		found += err == 0;
		odd += err != 0 && err != -ENOENT && err != -ESTALE;
	}
	EXPECT_EQ(0, found);
	EXPECT_EQ(0, odd);
}

/* C5: slots are reused: their number is that of live buffers, not of all */
TEST_F(ids, slots_do_not_grow)
{
	__u32 highest = 0;
	__u64 id;

	for (int i = 0; i < 10000; i++) {
		id = dead_id(self);
		ASSERT_NE(0, id);
		if (SLOT(id) > highest)
			highest = SLOT(id);
	}
	EXPECT_GE(64, highest);
}

/* S18, S20: deregistering nonsense harms nothing and nobody */
TEST_F(ids, deregistering_garbage_is_harmless)
{
	static const __u64 garbage[] = {
		0, 1, 0xffffffff, 0x100000000, 0xffffffff00000000, -1ULL,
		0x8000000000000000, 0x7fffffff7fffffff,
	};
	char got[16];
	int err;

	for (int i = 0; i < ARRAY_SIZE(garbage); i++) {
		if (garbage[i] == self->live)
			continue;
		err = rb_deregister(self->dev, garbage[i]);
		EXPECT_EQ(-ENOENT, err);
	}
	ASSERT_EQ(0, rb_fetch(self->dev, self->live, 0, 16, got));
	EXPECT_EQ(0, memcmp(got, self->mem, 16));
}

/* The module, loaded so that generations are about to run out. */
FIXTURE(last) {
	int dev;
};

static int reload(const char *params)
{
	int fd = open("/regbuf.ko", O_RDONLY | O_CLOEXEC);
	int err;

	/* What was closed may still be at it. */
	err = !rb_within(20, !syscall(SYS_delete_module, "regbuf",
				      O_NONBLOCK)) ||
	      syscall(SYS_finit_module, fd, params, 0);
	close(fd);
	return err;
}

FIXTURE_SETUP(last)
{
	ASSERT_EQ(0, reload("first_generation=0xfffffffd"));
	self->dev = rb_open();
	ASSERT_GE(self->dev, 0);
}

FIXTURE_TEARDOWN(last)
{
	close(self->dev);
	EXPECT_EQ(0, reload(""));
}

/* C5: a slot is retired before an id could come again; its dead stay dead */
TEST_F(last, generation_retires_the_slot)
{
	struct regbuf_ioc_status status;
	char *mem = rb_pages(1);
	__u64 ids[9];

	for (int i = 0; i < ARRAY_SIZE(ids); i++) {
		ASSERT_EQ(0, rb_register(self->dev, mem, 1, RB_READ, &ids[i]));
		EXPECT_EQ(0, rb_status(self->dev, ids[i], &status));
		EXPECT_LE(0xfffffffd, GENERATION(ids[i]));
		EXPECT_EQ(0, rb_deregister(self->dev, ids[i]));
		for (int j = 0; j < i; j++)
			EXPECT_NE(ids[j], ids[i]);
	}
	/* Three generations to a slot. */
	EXPECT_EQ(0xffffffff, GENERATION(ids[2]));
	EXPECT_NE(SLOT(ids[0]), SLOT(ids[3]));
	EXPECT_NE(SLOT(ids[0]), SLOT(ids[6]));
	for (int i = 0; i < ARRAY_SIZE(ids); i++)
		EXPECT_EQ(-ESTALE, rb_deregister(self->dev, ids[i]));
	EXPECT_EQ(-ENOENT, rb_status(self->dev, SLOT(ids[0]), &status));
	EXPECT_EQ(0, rb_left(self->dev));
}

struct table {
	int dev;
	struct regbuf_array_entry *entries;
	int err;
};

static void *make_table(void *arg)
{
	struct table *table = arg;

	table->err = rb_array(table->dev, table->entries, 2);
	return NULL;
}

/*
 * A use after free: the dead id was taken for the buffer that was being
 * registered in its slot. The second entry is empty, and late.
 */
TEST_F(ids, stay_dead_while_the_slot_is_taken)
{
	char *pages = rb_map(2 * RB_PAGE, PROT_READ | PROT_WRITE, 0);
	char *zeros = rb_map(RB_PAGE, PROT_READ | PROT_WRITE, 0);
	struct table table = { .dev = self->dev };
	struct regbuf_ioc_status status;
	pthread_t thread;
	__u64 id;
	int uffd;

	ASSERT_NE(NULL, pages);
	ASSERT_NE(NULL, zeros);
	table.entries = (void *)(pages + RB_PAGE - sizeof(*table.entries));
	table.entries[0] = rb_entry(self->mem, RB_PAGE, RB_READ);
	uffd = rb_miss_page(pages + RB_PAGE);
	ASSERT_LE(0, uffd);
	id = dead_id(self);
	ASSERT_EQ(0, pthread_create(&thread, NULL, make_table, &table));
	ASSERT_TRUE(rb_is_missed(uffd));
	ASSERT_EQ(id + ONE, table.entries[0].id);
	EXPECT_EQ(-ESTALE, rb_status(self->dev, id, &status));
	EXPECT_EQ(-ESTALE, rb_wait(self->dev, id, 0));
	EXPECT_EQ(-ESTALE, rb_deregister(self->dev, id));
	EXPECT_EQ(-ENOENT, rb_deregister(self->dev, id + ONE));
	ASSERT_EQ(0, rb_give_page(uffd, pages + RB_PAGE, zeros));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, table.err);
	EXPECT_EQ(0, rb_deregister(self->dev, id + ONE));
	close(uffd);
}

struct guess {
	int dev;
	__u64 id;
	int stop;
	unsigned long right;
};

/* Whoever has it, away with it. */
static void *guess_ids(void *arg)
{
	struct guess *g = arg;

	while (!__atomic_load_n(&g->stop, __ATOMIC_ACQUIRE)) {
		if (rb_deregister(g->dev, __atomic_load_n(&g->id,
							  __ATOMIC_RELAXED)))
			continue;
		__atomic_store_n(&g->id, g->id + ONE, __ATOMIC_RELAXED);
		g->right++;
	}
	return NULL;
}

/*
 * A use after free: who registers looked at the buffer when it was live, and
 * gone again, as another thread had guessed its id.
 */
TEST_F(ids, guessed_before_they_are_told)
{
	struct guess guess = { .dev = self->dev };
	struct regbuf_ioc_status status;
	pthread_t thread;
	__u64 id;

	guess.id = dead_id(self) + ONE;
	ASSERT_EQ(0, pthread_create(&thread, NULL, guess_ids, &guess));
	for (int i = 0; i < 1000; i++) {
		ASSERT_EQ(0, rb_register(self->dev, self->mem, RB_PAGE, RB_READ,
					 &id));
		ASSERT_TRUE(rb_within(20, rb_status(self->dev, id, &status) ==
				      -ESTALE));
	}
	__atomic_store_n(&guess.stop, 1, __ATOMIC_RELEASE);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(1000, guess.right);
}

TEST_HARNESS_MAIN
