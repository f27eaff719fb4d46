// SPDX-License-Identifier: GPL-2.0
/*
 * C5, C9, C11: pages that F_KEEP keeps are shared with who registers the range
 * again, with F_KEEP as well, while they are what is mapped there; they are not
 * given to who registers other memory that has come to that address.
 */
#include <sys/syscall.h>

#include "regbuf_buf.h"

#include "kselftest_harness.h"

#define PAGES	8
#define LEN	(PAGES * RB_PAGE)
#define RW	(PROT_READ | PROT_WRITE)
#define COUNT	REGBUF_REGISTER_F_COUNT
#define KEEP	REGBUF_REGISTER_F_KEEP
#define SHARED	REGBUF_REGISTER_R_SHARED
#define COUNTED	REGBUF_REGISTER_R_COUNTED

FIXTURE(kept)
{
	struct rb_rig rig;
	char old[LEN];		/* what was there first */
	__u64 id;
	struct regbuf_ioc_register reg;
	struct regbuf_ioc_send msg;
};

FIXTURE_VARIANT(kept)
{
	__u32 flags;
	__u32 again;		/* the result of another one of the same */
};

FIXTURE_VARIANT_ADD(kept, shared)
{
	.flags = KEEP,
	.again = SHARED,
};

FIXTURE_VARIANT_ADD(kept, counted)
{
	.flags = KEEP | COUNT,
	.again = SHARED | COUNTED,
};

static int again(FIXTURE_DATA(kept) *self, __u32 flags)
{
	return rb_register_flags(self->rig.dev, self->rig.mem, LEN, RB_READ,
				 flags, &self->reg) ?:
	       (int)(self->reg.result & (SHARED | COUNTED));
}

FIXTURE_SETUP(kept)
{
	struct rb_rig *rig = &self->rig;

	ASSERT_EQ(0, rb_rig_setup(rig, AF_INET, SOCK_STREAM, false, LEN));
	ASSERT_EQ(0, rb_deregister(rig->dev, rig->id));
	rig->id = 0;
	rb_pattern(rig->mem, LEN, 1);
	memcpy(self->old, rig->mem, LEN);
	ASSERT_EQ(0, again(self, variant->flags));
	self->id = self->reg.id;
	ASSERT_EQ(variant->again, again(self, variant->flags));
	EXPECT_EQ(0, rb_deregister(rig->dev, self->reg.id));
}

FIXTURE_TEARDOWN(kept)
{
	EXPECT_EQ(0, rb_rig_close(&self->rig));
}

/* Other memory has come there: it gets pins of its own, which can be shared. */
static void check_apart(struct __test_metadata *_metadata,
			FIXTURE_DATA(kept) *self,
			const FIXTURE_VARIANT(kept) *variant)
{
	struct rb_rig *rig = &self->rig;
	__u64 id;

	rb_pattern(rig->mem, LEN, 99);
	ASSERT_EQ(0, again(self, variant->flags));
	id = self->reg.id;
	EXPECT_NE(self->id, id);
	EXPECT_EQ(0, rb_carries(rig->dev, id, rig->mem, LEN));
	ASSERT_EQ(variant->again, again(self, variant->flags));
	EXPECT_EQ(0, rb_carries(rig->dev, self->reg.id, rig->mem, LEN));
	EXPECT_EQ(0, rb_deregister(rig->dev, id));
	EXPECT_EQ(0, rb_deregister(rig->dev, self->reg.id));
}

static int remap(void *mem)
{
	return mmap(mem, LEN, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		    0) == mem ? 0 : -1;
}

/* Another mapping; and what was kept is kept. */
TEST_F(kept, not_given_to_another_mapping)
{
	ASSERT_EQ(0, remap(self->rig.mem));
	check_apart(_metadata, self, variant);
	EXPECT_EQ(0, rb_carries(self->rig.dev, self->id, self->old, LEN));
	EXPECT_EQ(0, rb_deregister(self->rig.dev, self->id));
}

/* The same mapping, of which one page is another. */
TEST_F(kept, not_given_to_other_pages)
{
	struct rb_rig *rig = &self->rig;
	char now[LEN];

	ASSERT_EQ(0, madvise(rig->mem + 6 * RB_PAGE, RB_PAGE, MADV_DONTNEED));
	check_apart(_metadata, self, variant);
	/* The others are still common to both. */
	memcpy(now, rig->mem, LEN);
	memcpy(now + 6 * RB_PAGE, self->old + 6 * RB_PAGE, RB_PAGE);
	EXPECT_EQ(0, rb_carries(rig->dev, self->id, now, LEN));
	EXPECT_EQ(0, rb_deregister(rig->dev, self->id));
}

/* It is dead, but a send of it is in flight. */
TEST_F(kept, not_given_while_it_is_in_flight)
{
	struct rb_rig *rig = &self->rig;

	ASSERT_EQ(0, rb_rig_hold(rig, LEN));
	rig->id = self->id;
	ASSERT_EQ(0, rb_rig_send(rig, 0, LEN, &self->msg));
	ASSERT_EQ(LEN, self->msg.zerocopied);
	ASSERT_EQ(1, rb_in_flight(rig->dev, self->id));
	EXPECT_EQ(0, rb_deregister(rig->dev, self->id));
	ASSERT_EQ(0, remap(rig->mem));
	check_apart(_metadata, self, variant);
	EXPECT_EQ(0, rb_rig_lands(rig, self->old, LEN));
}

/* What could have been given other pages, and was not, is shared as before. */
TEST_F(kept, given_if_nothing_has_changed)
{
	int file = syscall(SYS_memfd_create, "kept", 1), dev = self->rig.dev;
	void *mem = self->rig.mem;
	__u64 id;

	ASSERT_EQ(0, ftruncate(file, LEN));
	ASSERT_EQ(mem, mmap(mem, LEN, RW, MAP_SHARED | MAP_FIXED, file, 0));
	rb_pattern(mem, LEN, 99);
	ASSERT_EQ(0, again(self, variant->flags));
	id = self->reg.id;
	/* They are in the file: the same ones come back. */
	ASSERT_EQ(0, madvise(mem, LEN, MADV_DONTNEED));
	ASSERT_EQ(variant->again, again(self, variant->flags));
	EXPECT_EQ(0, rb_carries(dev, self->reg.id, mem, LEN));
	EXPECT_EQ(0, rb_deregister(dev, self->reg.id));
	EXPECT_EQ(0, rb_deregister(dev, id));
	EXPECT_EQ(0, rb_deregister(dev, self->id));
	close(file);
}

/* C8: to others it is exported as it was, whatever has come there. */
TEST_F(kept, imported_as_it_was)
{
	int dev = rb_open(), fd;
	__u64 id;

	ASSERT_EQ(0, remap(self->rig.mem));
	check_apart(_metadata, self, variant);
	fd = rb_export(self->rig.dev, self->id, 0, 0, RB_READ);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, rb_import(dev, fd, RB_READ, &id));
	EXPECT_EQ(0, rb_carries(dev, id, self->old, LEN));
	close(fd);
	close(dev);
	EXPECT_EQ(0, rb_deregister(self->rig.dev, self->id));
}

#include "regbuf_main.h"
