// SPDX-License-Identifier: GPL-2.0
/*
 * C5, C9: the slots of a context, as they can be mapped: what became of an id,
 * without a call.
 */
#include "regbuf_buf.h"

#include "kselftest_harness.h"

#define LEN	(4 * RB_PAGE)
#define RW	(PROT_READ | PROT_WRITE)

FIXTURE(slots)
{
	struct rb_rig rig;
	struct regbuf_ioc_query query;
	char *view;
	size_t size;		/* of the view */
	unsigned char *more;	/* memory to register */
};

/* All of it, in whole pages. */
static size_t view_size(const struct regbuf_ioc_query *query)
{
	size_t size = (size_t)query->slot_size * query->max_buffers;

	return (size + RB_PAGE - 1) & -RB_PAGE;
}

static void *map_slots(int dev, size_t size)
{
	return mmap(NULL, size, PROT_READ, MAP_SHARED, dev, 0);
}

FIXTURE_SETUP(slots)
{
	struct rb_rig *rig = &self->rig;

	ASSERT_EQ(0, rb_rig_setup(rig, AF_INET, SOCK_STREAM, false, LEN));
	self->query.size = sizeof(self->query);
	ASSERT_EQ(0, rb_ioctl(rig->dev, REGBUF_IOC_QUERY, &self->query));
	self->size = view_size(&self->query);
	self->view = map_slots(rig->dev, self->size);
	ASSERT_NE(MAP_FAILED, self->view);
	self->more = rb_pages(64);
	ASSERT_NE(NULL, self->more);
}

FIXTURE_TEARDOWN(slots)
{
	/* Some of it may be gone. */
	munmap(self->view, self->size);
	EXPECT_EQ(0, rb_rig_close(&self->rig));
}

static const struct regbuf_slot *slot(const FIXTURE_DATA(slots) *self,
				      __u64 id)
{
	return (void *)(self->view + (__u32)id * self->query.slot_size);
}

/* As a program would look: what is not this id's is as good as free. */
static __u32 seen(const FIXTURE_DATA(slots) *self, __u64 id)
{
	const struct regbuf_slot *s = slot(self, id);
	__u32 state = rb_load(&s->state);

	return *(volatile __u64 *)&s->id == id ? state : REGBUF_STATE_NONE;
}

/* A live one, as registered. */
static int is_live(const FIXTURE_DATA(slots) *self, __u64 id, __u64 length)
{
	const struct regbuf_slot *s = slot(self, id);

	return seen(self, id) == REGBUF_STATE_LIVE && s->length == length &&
	       !s->__resv[0] && !s->__resv[1] && !s->__resv[2];
}

/* How many slots are not free, of those that are given first. */
static unsigned int used(const FIXTURE_DATA(slots) *self)
{
	unsigned int nr = 0;

	for (__u32 i = 0; i < 2048; i++)
		nr += slot(self, i)->state != REGBUF_STATE_NONE;
	return nr;
}

/* C5: what is live is seen at once, and so is its end. */
TEST_F(slots, states_follow_the_buffer)
{
	__u64 id;

	EXPECT_TRUE(is_live(self, self->rig.id, LEN));
	EXPECT_EQ(1, used(self));
	ASSERT_EQ(0, rb_register(self->rig.dev, self->more + 5, 123, RB_WRITE,
				 &id));
	EXPECT_TRUE(is_live(self, id, 123));
	EXPECT_EQ(2, used(self));
	ASSERT_EQ(0, rb_deregister(self->rig.dev, id));
	EXPECT_NE(REGBUF_STATE_LIVE, seen(self, id));
	EXPECT_EQ(1, used(self));
}

/* C6: deregistered in flight: closing, and free when it is through */
TEST_F(slots, closing_is_seen)
{
	struct rb_rig *rig = &self->rig;
	struct regbuf_ioc_send msg;

	ASSERT_EQ(0, rb_rig_hold(rig, LEN));
	ASSERT_EQ(0, rb_rig_send(rig, 0, LEN, &msg));
	ASSERT_EQ(LEN, msg.zerocopied);
	EXPECT_TRUE(is_live(self, rig->id, LEN));
	ASSERT_EQ(0, rb_deregister(rig->dev, rig->id));
	EXPECT_EQ(REGBUF_STATE_CLOSING, seen(self, rig->id));
	EXPECT_EQ(REGBUF_STATE_CLOSING, rb_state(rig->dev, rig->id));
	EXPECT_EQ(0, rb_rig_lands(rig, rig->mem, LEN));
	EXPECT_TRUE(rb_within(20, seen(self, rig->id) == REGBUF_STATE_NONE));
	EXPECT_EQ(0, used(self));
}

/* C9: unmapped: detached, before munmap() is back */
TEST_F(slots, detached_is_seen)
{
	ASSERT_EQ(0, munmap(self->rig.mem + RB_PAGE, RB_PAGE));
	EXPECT_EQ(REGBUF_STATE_DETACHED, seen(self, self->rig.id));
	ASSERT_EQ(0, rb_deregister(self->rig.dev, self->rig.id));
	EXPECT_EQ(0, used(self));
}

/* C9: what is only found out by a use is seen after it. */
TEST_F(slots, dropped_pages_are_seen_after_a_use)
{
	ASSERT_EQ(0, madvise(self->rig.mem, RB_PAGE, MADV_DONTNEED));
	EXPECT_EQ(-ESTALE, rb_use(self->rig.dev, self->rig.id));
	EXPECT_EQ(REGBUF_STATE_DETACHED, seen(self, self->rig.id));
}

/* C9: F_KEEP: live without a mapping */
TEST_F(slots, kept_ones_stay_live)
{
	struct regbuf_ioc_register reg;

	ASSERT_EQ(0, rb_register_flags(self->rig.dev, self->more, LEN, RB_READ,
				       REGBUF_REGISTER_F_KEEP, &reg));
	ASSERT_EQ(0, munmap(self->more, LEN));
	EXPECT_TRUE(is_live(self, reg.id, LEN));
}

/* C5: a slot that is used again has the new id, and not the old one. */
TEST_F(slots, reused_slots_have_another_id)
{
	__u64 old, id;
	int reused = 0;

	ASSERT_EQ(0, rb_register(self->rig.dev, self->more, 1, RB_READ, &old));
	for (int i = 0; i < 100; i++) {
		ASSERT_EQ(0, rb_deregister(self->rig.dev, old));
		ASSERT_EQ(0, rb_register(self->rig.dev, self->more, i + 1,
					 RB_READ, &id));
		EXPECT_TRUE(is_live(self, id, i + 1));
		EXPECT_EQ(REGBUF_STATE_NONE, seen(self, old));
		reused += (__u32)id == (__u32)old;
		old = id;
	}
	EXPECT_LT(0, reused);
	EXPECT_EQ(2, used(self));
}

/* C5: more than a page of slots: new ones appear in what is mapped already. */
TEST_F(slots, fresh_slots_appear)
{
	__u64 ids[600];

	for (int i = 0; i < 600; i++) {
		ASSERT_EQ(0, rb_register(self->rig.dev, self->more + i, i + 1,
					 RB_READ, &ids[i]));
		EXPECT_TRUE(is_live(self, ids[i], i + 1));
	}
	EXPECT_EQ(601, used(self));
	for (int i = 0; i < 600; i++)
		ASSERT_EQ(0, rb_deregister(self->rig.dev, ids[i * 7 % 600]));
	EXPECT_EQ(1, used(self));
}

/* C8, C12: those of a table, and those that were imported, are there too. */
TEST_F(slots, all_kinds_of_buffers)
{
	struct regbuf_array_entry two[2] = {
		rb_entry(self->more, LEN, RB_READ),
		rb_entry(self->more + LEN, RB_PAGE, RB_WRITE),
	};
	int dev = rb_open(), fd;
	__u64 theirs, id;

	ASSERT_EQ(0, rb_array(self->rig.dev, two, 2));
	EXPECT_TRUE(is_live(self, two[0].id, LEN));
	EXPECT_TRUE(is_live(self, two[1].id, RB_PAGE));
	ASSERT_EQ(0, rb_array(self->rig.dev, NULL, 0));
	EXPECT_EQ(REGBUF_STATE_NONE, seen(self, two[0].id));

	ASSERT_EQ(0, rb_register(dev, self->more, LEN, RB_READ, &theirs));
	fd = rb_export(dev, theirs, 100, 1000, RB_READ);
	ASSERT_EQ(0, rb_import(self->rig.dev, fd, 0, &id));
	EXPECT_TRUE(is_live(self, id, 1000));
	ASSERT_EQ(0, rb_revoke(dev, theirs, 0));
	EXPECT_EQ(-ESTALE, rb_use(self->rig.dev, id));
	EXPECT_NE(REGBUF_STATE_LIVE, seen(self, id));
	close(fd);
	close(dev);
}

/* C5: a second view shows the same; each goes by itself. */
TEST_F(slots, several_views)
{
	char *other = map_slots(self->rig.dev, self->size), *first;
	__u64 id = self->rig.id;

	ASSERT_NE(MAP_FAILED, other);
	ASSERT_EQ(0, munmap(self->view, self->size));
	first = self->view;
	self->view = other;
	EXPECT_NE(first, other);
	EXPECT_TRUE(is_live(self, id, LEN));
	ASSERT_EQ(0, rb_deregister(self->rig.dev, id));
	EXPECT_EQ(REGBUF_STATE_NONE, seen(self, id));
}

/* C5: as much as one likes, from the start; not a page past the end. */
TEST_F(slots, part_may_be_mapped)
{
	char *page = map_slots(self->rig.dev, RB_PAGE);

	ASSERT_NE(MAP_FAILED, page);
	EXPECT_EQ(0, memcmp(page, self->view, RB_PAGE));
	EXPECT_EQ(0, munmap(page, RB_PAGE));
	EXPECT_EQ(MAP_FAILED, map_slots(self->rig.dev, self->size + RB_PAGE));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, RB_PAGE, PROT_READ, MAP_SHARED,
				   self->rig.dev, self->size));
	EXPECT_EQ(EINVAL, errno);
}

/* C17: nobody writes there, now or later. */
TEST_F(slots, is_read_only)
{
	int dev = self->rig.dev;

	EXPECT_EQ(MAP_FAILED, mmap(NULL, RB_PAGE, RW, MAP_SHARED, dev, 0));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, RB_PAGE, PROT_WRITE, MAP_SHARED, dev,
				   0));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, mprotect(self->view, RB_PAGE, RW));
	EXPECT_EQ(EACCES, errno);
}

/* C5: a private view would stay as it was. */
TEST_F(slots, is_shared)
{
	EXPECT_EQ(MAP_FAILED, mmap(NULL, RB_PAGE, PROT_READ, MAP_PRIVATE,
				   self->rig.dev, 0));
	EXPECT_EQ(EINVAL, errno);
}

/* C8: another process gets no view, and inherits none. */
TEST_F(slots, is_the_owner_s)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(map_slots(self->rig.dev, RB_PAGE) != MAP_FAILED ||
		      errno != EPERM);
	EXPECT_EQ(0, rb_child_result(pid));
	pid = fork();
	if (!pid)
		_exit(*(volatile char *)self->view & 0);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(SIGSEGV, WTERMSIG(status));
}

/* C8: it is not to be made longer or moved behind the kernel's back. */
TEST_F(slots, is_not_extended)
{
	char *page = map_slots(self->rig.dev, RB_PAGE);
	char *place = rb_map(RB_PAGE, PROT_NONE, 0);

	ASSERT_NE(MAP_FAILED, page);
	EXPECT_EQ(MAP_FAILED, mremap(page, RB_PAGE, 2 * RB_PAGE,
				     MREMAP_MAYMOVE));
	EXPECT_EQ(MAP_FAILED, mremap(page, 0, 2 * RB_PAGE, MREMAP_MAYMOVE));
	EXPECT_EQ(MAP_FAILED, mremap(page, RB_PAGE, RB_PAGE,
				     MREMAP_MAYMOVE | MREMAP_FIXED, place));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, memcmp(page, self->view, RB_PAGE));
}

/* C15: the context ends with its descriptor, whatever is mapped of it. */
TEST_F(slots, closed_context_has_none)
{
	__u64 ids[10];

	for (int i = 0; i < 10; i++)
		ASSERT_EQ(0, rb_register(self->rig.dev, self->more + i, 1,
					 RB_READ, &ids[i]));
	close(self->rig.dev);
	self->rig.dev = -1;
	EXPECT_EQ(0, used(self));
	for (int i = 0; i < 10; i++)
		EXPECT_EQ(REGBUF_STATE_NONE, seen(self, ids[i]));
	EXPECT_TRUE(rb_pinned(self->rig.pins, 0));
}

/* C15: a copy of the descriptor is the descriptor. */
TEST_F(slots, last_descriptor_counts)
{
	int copy = dup(self->rig.dev);

	close(self->rig.dev);
	EXPECT_TRUE(is_live(self, self->rig.id, LEN));
	self->rig.dev = copy;
	EXPECT_EQ(0, rb_use(copy, self->rig.id));
	close(copy);
	self->rig.dev = -1;
	EXPECT_EQ(0, used(self));
}

/* C15: it ends for the view while a flight still has pages. */
TEST_F(slots, closed_in_flight)
{
	struct rb_rig *rig = &self->rig;
	struct regbuf_ioc_send msg;

	ASSERT_EQ(0, rb_rig_hold(rig, LEN));
	ASSERT_EQ(0, rb_rig_send(rig, 0, LEN, &msg));
	ASSERT_EQ(LEN, msg.zerocopied);
	close(rig->dev);
	rig->dev = -1;
	EXPECT_EQ(REGBUF_STATE_CLOSING, seen(self, rig->id));
	EXPECT_EQ(0, rb_rig_lands(rig, rig->mem, LEN));
	EXPECT_TRUE(rb_pinned(rig->pins, 0));
	EXPECT_TRUE(rb_within(20, !used(self)));
}

struct watcher {
	FIXTURE_DATA(slots) *self;
	volatile __u64 id;	/* live as long as it is told */
	volatile int stop;
	long looks;
	long wrong;
};

/* While an id is known to be live it must look so. */
static void *watch(void *arg)
{
	struct watcher *w = arg;
	__u64 id;

	while (!w->stop) {
		id = w->id;
		if (!id)
			continue;
		if (seen(w->self, id) != REGBUF_STATE_LIVE && w->id == id)
			w->wrong++;
		w->looks++;
	}
	return NULL;
}

/* C17: read at any time by another thread, it says nothing that is not so. */
TEST_F(slots, read_while_they_change)
{
	struct watcher w = { .self = self };
	pthread_t thread;
	__u64 id;

	ASSERT_EQ(0, pthread_create(&thread, NULL, watch, &w));
	for (int i = 0; i < 500 || !w.looks; i++) {
		ASSERT_EQ(0, rb_register(self->rig.dev, self->more, 1, RB_READ,
					 &id));
		w.id = id;
		sched_yield();
		w.id = 0;
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		ASSERT_EQ(0, rb_deregister(self->rig.dev, id));
	}
	w.stop = 1;
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, w.wrong);
}

#include "regbuf_main.h"
