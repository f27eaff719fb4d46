// SPDX-License-Identifier: GPL-2.0
/*
 * C12, S25 to S36: a table of buffers, registered, replaced and updated as a
 * whole or not at all, and named by index. In queues: arrayqueue.c.
 */
#include "regbuf_buf.h"

#include "kselftest_harness.h"

#define NR	6
#define PAGES	4			/* of each entry */
#define LEN	(PAGES * RB_PAGE)
#define BOTH	(RB_READ | RB_WRITE)
#define ROUNDS	300

/* A table of NR buffers, and a socket to send from them. */
FIXTURE(array)
{
	struct rb_rig rig;		/* its buffer is not in the table */
	char *mem;			/* 2 * NR ranges of LEN */
	struct regbuf_array_entry entries[NR];
	struct regbuf_ioc_array args;
	struct regbuf_ioc_status status;
	struct regbuf_ioc_stats stats;
	struct regbuf_ioc_send msg;
	long base;			/* pins without a table */
};

static char *range(const FIXTURE_DATA(array) *self, int i)
{
	return self->mem + i * LEN;
}

static struct regbuf_array_entry entry(const FIXTURE_DATA(array) *self, int i)
{
	return rb_entry(range(self, i), LEN, BOTH);
}

FIXTURE_SETUP(array)
{
	struct rb_rig *rig = &self->rig;

	ASSERT_EQ(0, rb_rig_setup(rig, AF_INET, SOCK_STREAM, false, RB_PAGE));
	self->base = rig->pins + 1;
	self->mem = rb_pages(2 * NR * PAGES);
	ASSERT_NE(NULL, self->mem);
	for (int i = 0; i < NR; i++)
		self->entries[i] = entry(self, i);
	ASSERT_EQ(0, rb_array(rig->dev, self->entries, NR));
	ASSERT_TRUE(rb_pinned(self->base, NR * PAGES));
}

FIXTURE_TEARDOWN(array)
{
	EXPECT_EQ(0, rb_rig_close(&self->rig));
}

/* Send a piece of what is at an index, and get it: 0 or -errno. */
static int carries(FIXTURE_DATA(array) *self, __u64 index, int i)
{
	struct regbuf_slice slice = rb_at(index, 100, 1000);
	char got[1000];
	int err;

	self->msg = rb_msg(self->rig.near, &slice, 1);
	err = rb_ioctl(self->rig.dev, REGBUF_IOC_SEND, &self->msg);
	if (err)
		return err;
	if (rb_recv_all(self->rig.far, got, sizeof(got)))
		return -EIO;
	return memcmp(got, range(self, i) + 100, sizeof(got)) ? -EBADMSG : 0;
}

/* 0 if the table is as it was made; or the first index that is not, and one. */
static int differs(FIXTURE_DATA(array) *self)
{
	for (int i = 0; i < NR; i++)
		if (carries(self, i, i) ||
		    rb_state(self->rig.dev, self->entries[i].id) !=
		    REGBUF_STATE_LIVE)
			return i + 1;
	return carries(self, NR, 0) == -ENOENT ? 0 : NR + 1;
}

/* With all members; what it says is left in self->args. */
static int change(FIXTURE_DATA(array) *self, __u32 flags,
		  struct regbuf_array_entry *entries, __u32 nr, __u32 first)
{
	self->args = rb_array_args(flags, entries, nr, first);
	self->args.failed = 0xffffffff;
	return rb_ioctl(self->rig.dev, REGBUF_IOC_ARRAY, &self->args);
}

static int update(FIXTURE_DATA(array) *self,
		  struct regbuf_array_entry *entries, __u32 nr, __u32 first)
{
	return change(self, REGBUF_ARRAY_F_UPDATE, entries, nr, first);
}

/* Refused with that error for that entry: nothing changed, nothing pinned. */
#define EXPECT_REFUSED(want, at, flags, entries, nr, first) do {	\
	EXPECT_EQ(want, change(self, flags, entries, nr, first));	\
	if ((at) >= 0)							\
		EXPECT_EQ(at, self->args.failed);			\
	EXPECT_EQ(0, differs(self));					\
	EXPECT_TRUE(rb_pinned(self->base, NR * PAGES));			\
	EXPECT_EQ(NR * PAGES + 1, rb_vmpin());				\
} while (0)

/* S26, S28, S33: registered by one call, and named by integers */
TEST_F(array, entries_are_named_by_index)
{
	EXPECT_EQ(0, differs(self));
	ASSERT_EQ(0, rb_stats(self->rig.dev, &self->stats));
	EXPECT_EQ(NR + 1, self->stats.buffers);
	EXPECT_EQ(NR * PAGES + 1, self->stats.pages);
}

/* C12: an entry's id is one as any other */
TEST_F(array, ids_are_usable)
{
	for (int i = 0; i < NR; i++) {
		__u64 id = self->entries[i].id;

		EXPECT_NE(0, id);
		ASSERT_EQ(0, rb_status(self->rig.dev, id, &self->status));
		EXPECT_EQ((unsigned long)range(self, i), self->status.addr);
		EXPECT_EQ(LEN, self->status.length);
		EXPECT_EQ(BOTH, self->status.access);
		EXPECT_EQ(PAGES, self->status.pages);
		EXPECT_EQ(0, rb_carries(self->rig.dev, id, range(self, i),
					LEN));
	}
}

/* C5: an index is one only where a flag says so, and an id never is. */
TEST_F(array, index_is_no_id)
{
	struct regbuf_slice slice = rb_at(self->entries[0].id, 0, 1);

	for (int i = 0; i < NR; i++)
		EXPECT_GT(0, rb_use(self->rig.dev, i));
	self->msg = rb_msg(self->rig.near, &slice, 1);
	EXPECT_EQ(0, rb_rig_refuses(&self->rig, &self->msg, -ENOENT));
}

/* C5: past the end, by little and by much; never other memory */
TEST_F(array, index_outside_is_unknown)
{
	static const __u64 outside[] = {
		NR, NR + 1, 255, 256, 65536, 0x7fffffff, 0x80000000, 0xffffffff,
		1ULL << 32, 1ULL << 32 | 1, 1ULL << 63, ~0ULL,
	};
	struct regbuf_slice slice;

	for (int i = 0; i < ARRAY_SIZE(outside); i++) {
		slice = rb_at(outside[i], 0, 1);
		self->msg = rb_msg(self->rig.near, &slice, 1);
		EXPECT_EQ(0, rb_rig_refuses(&self->rig, &self->msg, -ENOENT));
	}
	EXPECT_EQ(0, rb_rig_silent(&self->rig));
}

/* C5, C7: range and rights are looked at as for an id. */
TEST_F(array, slices_have_the_buffer_s_limits)
{
	struct regbuf_slice slice = rb_at(1, LEN - 1, 2);

	self->msg = rb_msg(self->rig.near, &slice, 1);
	EXPECT_EQ(0, rb_rig_refuses(&self->rig, &self->msg, -EFAULT));
	self->entries[1].access = RB_WRITE;
	ASSERT_EQ(0, update(self, &self->entries[1], 1, 1));
	slice = rb_at(1, 0, 1);
	self->msg = rb_msg(self->rig.near, &slice, 1);
	EXPECT_EQ(0, rb_rig_refuses(&self->rig, &self->msg, -EACCES));
	EXPECT_EQ(0, rb_rig_silent(&self->rig));
}

/*
 * S33: by index, by id and inline in one message; index and inline is nonsense.
 */
TEST_F(array, index_and_id_in_one_message)
{
	struct regbuf_slice slices[] = {
		rb_at(2, 10, 20), rb_inline("mid", 3),
		rb_slice(self->entries[3].id, 5, 30), rb_at(0, 0, 7),
	};
	char got[60], want[60];

	memcpy(want, range(self, 2) + 10, 20);
	memcpy(want + 20, "mid", 3);
	memcpy(want + 23, range(self, 3) + 5, 30);
	memcpy(want + 53, range(self, 0), 7);
	self->msg = rb_msg(self->rig.near, slices, ARRAY_SIZE(slices));
	ASSERT_EQ(0, rb_ioctl(self->rig.dev, REGBUF_IOC_SEND, &self->msg));
	ASSERT_EQ(0, rb_recv_all(self->rig.far, got, sizeof(got)));
	EXPECT_EQ(0, memcmp(got, want, sizeof(got)));
	slices[1].flags |= REGBUF_SLICE_F_INDEX;
	self->msg = rb_msg(self->rig.near, slices, ARRAY_SIZE(slices));
	EXPECT_GT(0, rb_ioctl(self->rig.dev, REGBUF_IOC_SEND, &self->msg));
}

/* S34: the former table is gone whole: shorter, its high indices too */
TEST_F(array, replaced_by_a_shorter_one)
{
	struct regbuf_array_entry shorter[2] = {
		entry(self, NR), entry(self, NR + 1),
	};

	ASSERT_EQ(0, rb_array(self->rig.dev, shorter, 2));
	EXPECT_EQ(0, carries(self, 0, NR));
	EXPECT_EQ(0, carries(self, 1, NR + 1));
	for (int i = 2; i < NR; i++)
		EXPECT_EQ(-ENOENT, carries(self, i, i));
	for (int i = 0; i < NR; i++)
		EXPECT_EQ(-ESTALE, rb_use(self->rig.dev, self->entries[i].id));
	EXPECT_TRUE(rb_pinned(self->base, 2 * PAGES));
}

/* S34: neither merged nor appended: a longer one is just what it says */
TEST_F(array, replaced_by_a_longer_one)
{
	struct regbuf_array_entry longer[2 * NR];

	for (int i = 0; i < 2 * NR; i++)
		longer[i] = entry(self, 2 * NR - 1 - i);
	ASSERT_EQ(0, rb_array(self->rig.dev, longer, 2 * NR));
	for (int i = 0; i < 2 * NR; i++)
		EXPECT_EQ(0, carries(self, i, 2 * NR - 1 - i));
	EXPECT_EQ(-ENOENT, carries(self, 2 * NR, 0));
	EXPECT_TRUE(rb_pinned(self->base, 2 * NR * PAGES));
}

/* C11, C12: replaced by itself it stays pinned and charged once, renamed. */
TEST_F(array, replaced_by_itself)
{
	__u64 old[NR];

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < NR; i++)
			old[i] = self->entries[i].id;
		ASSERT_EQ(0, rb_array(self->rig.dev, self->entries, NR));
		EXPECT_EQ(0, differs(self));
		EXPECT_EQ(NR * PAGES + 1, rb_vmpin());
		for (int i = 0; i < NR; i++) {
			EXPECT_NE(old[i], self->entries[i].id);
			EXPECT_EQ(-ESTALE, rb_use(self->rig.dev, old[i]));
		}
	}
}

/* S34: no entries: no table, and no pins; as often as one likes */
TEST_F(array, replaced_by_nothing)
{
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, rb_array(self->rig.dev, NULL, 0));
		EXPECT_EQ(-ENOENT, carries(self, 0, 0));
		EXPECT_TRUE(rb_pinned(self->base, 0));
	}
	ASSERT_EQ(0, rb_stats(self->rig.dev, &self->stats));
	EXPECT_EQ(1, self->stats.buffers);
	EXPECT_EQ(-ERANGE, update(self, self->entries, 1, 0));
	ASSERT_EQ(0, rb_array(self->rig.dev, self->entries, NR));
	EXPECT_EQ(0, differs(self));
}

/* C12: some entries, at any place; the others stay as they are. */
TEST_F(array, updated_in_part)
{
	struct regbuf_array_entry two[2] = {
		entry(self, NR), entry(self, NR + 1),
	};

	ASSERT_EQ(0, update(self, two, 2, 3));
	EXPECT_EQ(0, carries(self, 3, NR));
	EXPECT_EQ(0, carries(self, 4, NR + 1));
	for (int i = 0; i < NR; i++) {
		if (i == 3 || i == 4) {
			EXPECT_EQ(-ESTALE, rb_use(self->rig.dev,
						  self->entries[i].id));
			continue;
		}
		EXPECT_EQ(0, carries(self, i, i));
		EXPECT_EQ(0, rb_use(self->rig.dev, self->entries[i].id));
	}
	EXPECT_TRUE(rb_pinned(self->base, NR * PAGES));
}

/* C12: an update is not for making the table longer. */
TEST_F(array, update_past_the_end_is_refused)
{
	struct regbuf_array_entry two[2] = {
		entry(self, NR), entry(self, NR + 1),
	};

	EXPECT_REFUSED(-ERANGE, -1, REGBUF_ARRAY_F_UPDATE, two, 2, NR - 1);
	EXPECT_REFUSED(-ERANGE, -1, REGBUF_ARRAY_F_UPDATE, two, 1, NR);
	EXPECT_REFUSED(-ERANGE, -1, REGBUF_ARRAY_F_UPDATE, two, 2, 0xffffffff);
	EXPECT_REFUSED(-ERANGE, -1, REGBUF_ARRAY_F_UPDATE, two, 0xffffffff, 1);
	EXPECT_REFUSED(-ERANGE, -1, REGBUF_ARRAY_F_UPDATE, two, 0xffffffff,
		       0xffffffff);
	EXPECT_EQ(0, update(self, two, 1, NR - 1));
}

/* S35: an empty entry has a place and no buffer */
TEST_F(array, empty_entries_are_not_used)
{
	struct regbuf_array_entry sparse[4] = {
		rb_entry(NULL, 0, 0), entry(self, 1), rb_entry(NULL, 0, 0),
		rb_entry(NULL, 0, 0),
	};

	sparse[0].id = 77;
	ASSERT_EQ(0, rb_array(self->rig.dev, sparse, 4));
	EXPECT_EQ(0, sparse[0].id);
	EXPECT_EQ(-ENOENT, carries(self, 0, 0));
	EXPECT_EQ(0, carries(self, 1, 1));
	EXPECT_EQ(-ENOENT, carries(self, 2, 0));
	EXPECT_EQ(-ENOENT, carries(self, 3, 0));
	EXPECT_TRUE(rb_pinned(self->base, PAGES));
	sparse[2] = entry(self, 2);
	ASSERT_EQ(0, update(self, &sparse[2], 1, 2));
	EXPECT_EQ(0, carries(self, 2, 2));
}

/* S36: emptying some releases those, and only those */
TEST_F(array, emptied_ones_are_released)
{
	struct regbuf_array_entry none[2] = {};

	ASSERT_EQ(0, update(self, none, 2, 1));
	EXPECT_TRUE(rb_pinned(self->base, (NR - 2) * PAGES));
	for (int i = 0; i < NR; i++)
		EXPECT_EQ(i == 1 || i == 2 ? -ENOENT : 0, carries(self, i, i));
	ASSERT_EQ(0, update(self, none, 2, 1));
	EXPECT_TRUE(rb_pinned(self->base, (NR - 2) * PAGES));
}

/* S35: an address without a length, a length without one: no empty entries */
TEST_F(array, half_empty_entries_are_refused)
{
	struct regbuf_array_entry three[3] = {
		entry(self, NR), rb_entry(NULL, LEN, BOTH), entry(self, NR + 1),
	};

	EXPECT_REFUSED(-EINVAL, 1, 0, three, 3, 0);
	EXPECT_REFUSED(-EINVAL, 1, REGBUF_ARRAY_F_UPDATE, three, 3, 2);
	three[1] = rb_entry(range(self, 0), 0, BOTH);
	EXPECT_REFUSED(-EINVAL, 1, 0, three, 3, 0);
	three[1] = rb_entry(NULL, 0, RB_READ);
	EXPECT_REFUSED(-EINVAL, 1, 0, three, 3, 0);
	three[1] = rb_entry(NULL, 0, 0);
	three[1].flags = REGBUF_REGISTER_F_KEEP;
	EXPECT_REFUSED(-EINVAL, 1, 0, three, 3, 0);
	three[1].flags = 0;
	EXPECT_EQ(0, change(self, 0, three, 3, 0));
}

/* C12: one bad entry, at each place: all or nothing */
TEST_F(array, one_bad_entry_changes_nothing)
{
	struct regbuf_array_entry other[NR];
	char *hole = rb_pages(1);

	ASSERT_EQ(0, munmap(hole, RB_PAGE));
	for (int bad = 0; bad < NR; bad++) {
		for (int i = 0; i < NR; i++)
			other[i] = entry(self, NR + i);
		other[bad] = rb_entry(hole, RB_PAGE, BOTH);
		EXPECT_REFUSED(-EFAULT, bad, 0, other, NR, 0);
		EXPECT_REFUSED(-EFAULT, bad, REGBUF_ARRAY_F_UPDATE, other, NR,
			       0);
	}
	ASSERT_EQ(0, rb_stats(self->rig.dev, &self->stats));
	EXPECT_EQ(NR + 1, self->stats.buffers);
}

/* C12: what REGBUF_IOC_REGISTER refuses, refused for an entry */
TEST_F(array, entries_are_checked_as_registrations)
{
	struct regbuf_array_entry two[2] = { entry(self, NR) };

	two[1] = rb_entry(range(self, NR + 1), LEN, 0);
	EXPECT_REFUSED(-EINVAL, 1, 0, two, 2, 0);
	two[1] = rb_entry(range(self, NR + 1), LEN, 4);
	EXPECT_REFUSED(-EOPNOTSUPP, 1, 0, two, 2, 0);
	two[1] = rb_entry(range(self, NR + 1), ~0ULL, BOTH);
	EXPECT_REFUSED(-EOVERFLOW, 1, 0, two, 2, 0);
	for (int bit = 0; bit < 32; bit++) {
		two[1] = entry(self, NR + 1);
		two[1].flags = 1u << bit;
		if (two[1].flags == REGBUF_REGISTER_F_KEEP)
			continue;
		EXPECT_EQ(-EOPNOTSUPP, change(self, 0, two, 2, 0));
	}
	EXPECT_REFUSED(-EOPNOTSUPP, 1, 0, two, 2, 0);
}

/* C12: the call's own arguments. */
TEST_F(array, calls_are_checked)
{
	struct regbuf_ioc_query query = { .size = sizeof(query) };
	struct regbuf_array_entry one = entry(self, NR);

	ASSERT_EQ(0, rb_ioctl(self->rig.dev, REGBUF_IOC_QUERY, &query));
	EXPECT_REFUSED(-EINVAL, -1, 0, &one, 1, 1);
	EXPECT_REFUSED(-EFAULT, -1, 0, NULL, 1, 0);
	EXPECT_REFUSED(-EFAULT, -1, 0, (void *)~0UL, 1, 0);
	EXPECT_REFUSED(-ERANGE, -1, 0, &one, query.max_array + 1, 0);
	EXPECT_REFUSED(-ERANGE, -1, 0, &one, 0xffffffff, 0);
}

/* C12: what cannot be told of is not done: ids must have a place to go. */
TEST_F(array, read_only_entries_change_nothing)
{
	struct regbuf_array_entry *two = (void *)rb_pages(2);
	struct regbuf_array_entry *last = (void *)((char *)two + RB_PAGE);

	last[-1] = entry(self, NR);
	last[0] = entry(self, NR + 1);
	ASSERT_EQ(0, mprotect(last, RB_PAGE, PROT_READ));
	EXPECT_REFUSED(-EFAULT, -1, 0, last, 1, 0);
	EXPECT_REFUSED(-EFAULT, -1, 0, last - 1, 2, 0);
	EXPECT_REFUSED(-EFAULT, -1, REGBUF_ARRAY_F_UPDATE, last - 1, 2, 1);
	ASSERT_EQ(0, munmap(last, RB_PAGE));
	EXPECT_REFUSED(-EFAULT, -1, 0, last - 1, 2, 0);
}

/* C5, C12: who deregisters an entry leaves an index that is dead. */
TEST_F(array, deregistered_entry_is_stale)
{
	ASSERT_EQ(0, rb_deregister(self->rig.dev, self->entries[2].id));
	EXPECT_EQ(-ESTALE, carries(self, 2, 2));
	EXPECT_EQ(-ENOENT, carries(self, NR, 0));
	EXPECT_EQ(0, carries(self, 1, 1));
	EXPECT_TRUE(rb_pinned(self->base, (NR - 1) * PAGES));
	/* Its slot is another buffer's: still not that one's bytes. */
	for (int i = 0; i < NR; i++)
		ASSERT_EQ(0, rb_register(self->rig.dev, range(self, NR + i),
					 LEN, BOTH, &self->entries[2].id));
	EXPECT_EQ(-ESTALE, carries(self, 2, 2));
	ASSERT_EQ(0, update(self, &self->entries[2], 1, 2));
	EXPECT_EQ(0, carries(self, 2, 2));
}

/* C9: an entry's memory is noticed as any other; F_KEEP is for entries, too. */
TEST_F(array, moved_entry_is_stale)
{
	struct regbuf_array_entry kept = entry(self, 4);
	char copy[LEN];

	memcpy(copy, range(self, 4), LEN);
	kept.flags = REGBUF_REGISTER_F_KEEP;
	ASSERT_EQ(0, update(self, &kept, 1, 4));
	ASSERT_EQ(0, munmap(range(self, 3), 2 * LEN));
	EXPECT_EQ(-ESTALE, carries(self, 3, 0));
	EXPECT_EQ(0, carries(self, 2, 2));
	EXPECT_EQ(0, rb_carries(self->rig.dev, kept.id, copy, LEN));
}

/* C6, C12: nothing is waited for; what is in flight goes on. */
TEST_F(array, replaced_in_flight)
{
	struct regbuf_slice slice = rb_at(0, 0, LEN);
	struct rb_rig *rig = &self->rig;
	__u64 old = self->entries[0].id;

	ASSERT_EQ(0, rb_rig_hold(rig, LEN));
	self->msg = rb_msg(rig->near, &slice, 1);
	ASSERT_EQ(0, rb_ioctl(rig->dev, REGBUF_IOC_SEND, &self->msg));
	ASSERT_EQ(LEN, self->msg.zerocopied);
	for (int i = 0; i < NR; i++)
		self->entries[i] = entry(self, NR + i);
	ASSERT_EQ(0, rb_array(rig->dev, self->entries, NR));
	EXPECT_EQ(REGBUF_STATE_CLOSING, rb_state(rig->dev, old));
	EXPECT_TRUE(rb_pinned(self->base, (NR + 1) * PAGES));
	ASSERT_EQ(0, rb_stats(rig->dev, &self->stats));
	EXPECT_EQ(1, self->stats.deregistered_in_flight);
	EXPECT_EQ(0, rb_rig_lands(rig, range(self, 0), LEN));
	EXPECT_TRUE(rb_pinned(self->base, NR * PAGES));
	EXPECT_EQ(0, carries(self, 0, NR));
}

/* C15: the context's end is the table's. */
TEST_F(array, goes_with_the_context)
{
	close(self->rig.dev);
	EXPECT_TRUE(rb_pinned(self->rig.pins, 0));
	self->rig.dev = rb_open();
	EXPECT_EQ(-ENOENT, carries(self, 0, 0));
}

/* C12: each context has one table of its own. */
TEST_F(array, is_the_context_s_own)
{
	struct regbuf_array_entry one = entry(self, NR);
	int dev = rb_open();

	ASSERT_EQ(0, rb_array(dev, &one, 1));
	EXPECT_EQ(0, differs(self));
	close(dev);
	EXPECT_EQ(0, differs(self));
}

/* C12: as long as the query says. */
TEST_F(array, longest_table)
{
	struct regbuf_ioc_query query = { .size = sizeof(query) };
	struct regbuf_array_entry *entries;
	__u32 nr;

	ASSERT_EQ(0, rb_ioctl(self->rig.dev, REGBUF_IOC_QUERY, &query));
	nr = query.max_array;
	entries = calloc(nr, sizeof(*entries));
	ASSERT_NE(NULL, entries);
	entries[nr - 1] = entry(self, 5);
	ASSERT_EQ(0, rb_array(self->rig.dev, entries, nr));
	EXPECT_EQ(0, carries(self, nr - 1, 5));
	EXPECT_EQ(-ENOENT, carries(self, nr, 5));
	EXPECT_EQ(-ENOENT, carries(self, nr / 2, 5));
	entries[0] = entry(self, 1);
	ASSERT_EQ(0, update(self, entries, 1, nr / 2));
	EXPECT_EQ(0, carries(self, nr / 2, 1));
	EXPECT_TRUE(rb_pinned(self->base, 2 * PAGES));
	free(entries);
}

struct user {
	FIXTURE_DATA(array) *self;
	volatile int *stop;
	long sends;
	long wrong;
	pthread_t thread;
};

/* Use index 0 all the time: no error is right. */
static void *use_index(void *arg)
{
	struct regbuf_slice slice = rb_at(0, 0, 1);
	struct user *user = arg;
	struct regbuf_ioc_send msg;
	char byte;
	int sv[2] = { -1, -1 };

	if (rb_pair(NULL, AF_INET, SOCK_DGRAM, sv))
		user->wrong++;
	while (!*user->stop) {
		msg = rb_msg(sv[0], &slice, 1);
		if (rb_ioctl(user->self->rig.dev, REGBUF_IOC_SEND, &msg) ||
		    recv(sv[1], &byte, 1, 0) != 1)
			user->wrong++;
		user->sends++;
	}
	close(sv[0]);
	close(sv[1]);
	return NULL;
}

/* C12: who uses an index while it is replaced by its like sees no error. */
TEST_F_TIMEOUT(array, used_while_it_is_replaced, 120)
{
	bool slow = !access("/sys/kernel/debug/kmemleak", F_OK);
	int rounds = slow ? ROUNDS / 5 : ROUNDS;
	struct user users[2] = {};
	volatile int stop = 0;

	for (int i = 0; i < 2; i++) {
		users[i].self = self;
		users[i].stop = &stop;
		ASSERT_EQ(0, pthread_create(&users[i].thread, NULL, use_index,
					    &users[i]));
	}
	for (int i = 0; i < rounds || !users[0].sends || !users[1].sends; i++) {
		EXPECT_EQ(0, i % 2 ? update(self, self->entries, 1, 0) :
			     rb_array(self->rig.dev, self->entries, NR));
	}
	stop = 1;
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, pthread_join(users[i].thread, NULL));
		EXPECT_EQ(0, users[i].wrong);
	}
	EXPECT_TRUE(rb_pinned(self->base, NR * PAGES));
}

/* A process that is charged, with room for two entries. */
FIXTURE(arraybudget)
{
	int dev;
	char *mem;
	struct regbuf_array_entry entries[3];
	struct regbuf_ioc_array args;
	long pins;
};

FIXTURE_SETUP(arraybudget)
{
	self->pins = rb_pins();
	self->dev = rb_open();
	ASSERT_LE(0, self->dev);
	self->mem = rb_pages(3 * PAGES);
	for (int i = 0; i < 3; i++)
		self->entries[i] = rb_entry(self->mem + i * LEN, LEN, BOTH);
	ASSERT_EQ(0, rb_set_memlock(2 * PAGES));
	ASSERT_EQ(0, setresuid(RB_NOBODY, RB_NOBODY, RB_NOBODY));
}

/* By root, when the process is gone. */
FIXTURE_TEARDOWN_PARENT(arraybudget)
{
	EXPECT_TRUE(rb_pinned(self->pins, 0));
}

/* C10, C12: the entry that does not fit, and by how much; no charge stays */
TEST_F(arraybudget, refusal_has_the_numbers)
{
	self->args = rb_array_args(0, self->entries, 3, 0);
	EXPECT_EQ(-ENOBUFS, rb_ioctl(self->dev, REGBUF_IOC_ARRAY, &self->args));
	EXPECT_EQ(2, self->args.failed);
	EXPECT_EQ(PAGES, self->args.needed);
	EXPECT_EQ(2 * PAGES, self->args.charged);
	EXPECT_EQ(2 * PAGES, self->args.allowed);
	EXPECT_EQ(0, rb_left(self->dev));
	EXPECT_EQ(0, rb_charged(self->dev));

	ASSERT_EQ(0, rb_array(self->dev, self->entries, 2));
	EXPECT_EQ(2 * PAGES, rb_charged(self->dev));
	/* By itself it needs no more. */
	ASSERT_EQ(0, rb_array(self->dev, self->entries, 2));
	EXPECT_EQ(2 * PAGES, rb_charged(self->dev));
	ASSERT_EQ(0, rb_array(self->dev, self->entries, 1));
	EXPECT_EQ(PAGES, rb_charged(self->dev));
	ASSERT_EQ(0, rb_array(self->dev, NULL, 0));
	EXPECT_EQ(0, rb_charged(self->dev));
}

#include "regbuf_main.h"
