// SPDX-License-Identifier: GPL-2.0
/*
 * C8: buffers that another context imports: its rights, whose pages and charge
 * they are, and how it ends. Descriptors in odd places: exportloop.c.
 */
#include "regbuf_buf.h"

#include "kselftest_harness.h"

#define PAGES		8
#define LEN		(PAGES * RB_PAGE)
#define BOTH		(RB_READ | RB_WRITE)
#define WAIT		REGBUF_DEREGISTER_F_WAIT
#define BUSY		REGBUF_DEREGISTER_F_BUSY

/* The test exports; another process may import and send over rig.near. */
FIXTURE(export)
{
	struct rb_rig rig;
	struct rb_other other;
	__u64 whole;			/* with both rights, as is the next */
	int fd;				/* for all of it */
	__u64 id;			/* the other's */
	struct regbuf_ioc_deregister dereg;
	struct regbuf_ioc_status status;
	struct regbuf_ioc_stats stats;
	unsigned char copy[LEN];
};

FIXTURE_VARIANT(export)
{
	int ns;
	uid_t uid;
};

FIXTURE_VARIANT_ADD(export, process) { 0 };
FIXTURE_VARIANT_ADD(export, user) { .uid = RB_NOBODY };
FIXTURE_VARIANT_ADD(export, namespaces) { CLONE_NEWNET | CLONE_NEWPID };

FIXTURE_SETUP(export)
{
	struct rb_rig *rig = &self->rig;

	ASSERT_EQ(0, rb_rig_setup(rig, AF_INET, SOCK_STREAM, false, LEN));
	memcpy(self->copy, rig->mem, LEN);
	ASSERT_EQ(0, rb_deregister(rig->dev, rig->id));
	ASSERT_EQ(0, rb_register(rig->dev, rig->mem, LEN, BOTH, &rig->id));
	self->fd = rb_export(rig->dev, rig->id, 0, 0, BOTH);
	ASSERT_LE(0, self->fd);
	self->other.sock = rig->near;
	self->other.ns = variant->ns;
	self->other.uid = variant->uid;
	ASSERT_EQ(0, rb_other_start(&self->other));
	ASSERT_EQ(0, rb_other_imports(&self->other, self->fd, 0, &self->id));
}

FIXTURE_TEARDOWN(export)
{
	if (self->other.pid)
		EXPECT_EQ(0, rb_other_end(&self->other));
	close(self->fd);
	EXPECT_EQ(0, rb_rig_close(&self->rig));
}

/* It ended by force. */
static void kill_other(FIXTURE_DATA(export) *self)
{
	rb_other_kill(&self->other);
	self->other.pid = 0;
}

/* The other sends all of it, and it arrives: 0 or -errno. */
static int other_carries(FIXTURE_DATA(export) *self)
{
	static unsigned char got[LEN];
	int err = rb_other_sends(&self->other, self->id, 0, LEN);

	if (err)
		return err;
	if (self->other.answer.value != LEN ||
	    rb_recv_all(self->rig.far, got, LEN))
		return -EIO;
	return memcmp(got, self->rig.mem, LEN) ? -EBADMSG : 0;
}

/* The other sends all of it, which stays in flight. */
static void launch(struct __test_metadata *_metadata,
		   FIXTURE_DATA(export) *self)
{
	ASSERT_EQ(0, rb_rig_hold(&self->rig, LEN));
	ASSERT_EQ(0, rb_other_sends(&self->other, self->id, 0, LEN));
	ASSERT_EQ(LEN, self->other.answer.value);
	ASSERT_EQ(1, rb_in_flight(self->rig.dev, self->rig.id));
}

/* It arrives, and then the pages are gone. */
static void land(struct __test_metadata *_metadata, FIXTURE_DATA(export) *self)
{
	EXPECT_TRUE(rb_pinned(self->rig.pins, PAGES));
	EXPECT_EQ(0, rb_rig_lands(&self->rig, self->copy, LEN));
	EXPECT_TRUE(rb_pinned(self->rig.pins, 0));
}

/* What it imported is dead for it, at once, and goes harmlessly. */
#define EXPECT_OTHER_DEAD() do {					\
	struct rb_task __give_up = {					\
		.what = RB_DO_DEREGISTER,				\
		.id = self->id,						\
	};								\
	__u64 __again;							\
									\
	EXPECT_EQ(-ESTALE, rb_other_sends(&self->other, self->id, 0, 1)); \
	EXPECT_NE(REGBUF_STATE_LIVE,					\
		  rb_other_state(&self->other, self->id));		\
	EXPECT_EQ(-ESTALE, rb_other_imports(&self->other, self->fd, 0,	\
					    &__again));			\
	rb_other_do(&self->other, __give_up);				\
	EXPECT_GE(0, rb_other_state(&self->other, self->id));		\
} while (0)

/* C8: the importer sends what the exporter writes, from that one's pages */
TEST_F(export, is_sent_from)
{
	EXPECT_EQ(REGBUF_STATE_LIVE, rb_other_state(&self->other, self->id));
	EXPECT_EQ(0, other_carries(self));
	rb_pattern(self->rig.mem, LEN, 200);
	EXPECT_EQ(0, other_carries(self));
	EXPECT_TRUE(rb_pinned(self->rig.pins, PAGES));
	EXPECT_EQ(PAGES, rb_vmpin());
	ASSERT_EQ(0, rb_stats(self->rig.dev, &self->stats));
	EXPECT_EQ(1, self->stats.buffers);
	EXPECT_EQ(PAGES, self->stats.pages);
}

/* C8: the exporter sees how many exports there are, and imports of them. */
TEST_F(export, status_counts)
{
	int fd = rb_export(self->rig.dev, self->rig.id, 1, 2, RB_READ);
	struct rb_task dereg = { .what = RB_DO_DEREGISTER };
	__u64 id;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, rb_other_imports(&self->other, fd, 0, &id));
	ASSERT_EQ(0, rb_other_imports(&self->other, fd, 0, &dereg.id));
	EXPECT_NE(id, dereg.id);
	ASSERT_EQ(0, rb_status(self->rig.dev, self->rig.id, &self->status));
	EXPECT_EQ(2, self->status.exports);
	EXPECT_EQ(3, self->status.imports);
	ASSERT_EQ(0, rb_other_do(&self->other, dereg));
	ASSERT_EQ(0, rb_status(self->rig.dev, self->rig.id, &self->status));
	EXPECT_EQ(2, self->status.exports);
	EXPECT_EQ(2, self->status.imports);
	ASSERT_EQ(0, rb_revoke(self->rig.dev, 0, fd));
	ASSERT_EQ(0, rb_status(self->rig.dev, self->rig.id, &self->status));
	EXPECT_EQ(1, self->status.exports);
	EXPECT_EQ(1, self->status.imports);
	EXPECT_EQ(0, other_carries(self));
	close(fd);
}

/* C6, C8: deregistered by the importer: only for it; it may import again */
TEST_F(export, importer_deregisters)
{
	struct rb_task dereg = { .what = RB_DO_DEREGISTER, .id = self->id };

	ASSERT_EQ(0, rb_other_do(&self->other, dereg));
	EXPECT_EQ(-ESTALE, rb_other_sends(&self->other, self->id, 0, 1));
	EXPECT_EQ(-ESTALE, rb_other_do(&self->other, dereg));
	EXPECT_EQ(0, rb_use(self->rig.dev, self->rig.id));
	EXPECT_TRUE(rb_pinned(self->rig.pins, PAGES));
	ASSERT_EQ(0, rb_other_imports(&self->other, self->fd, 0, &self->id));
	EXPECT_NE(dereg.id, self->id);
	EXPECT_EQ(0, other_carries(self));
}

/* C8: dead for the importer, harmlessly */
TEST_F(export, exporter_deregisters)
{
	ASSERT_EQ(0, rb_deregister(self->rig.dev, self->rig.id));
	EXPECT_TRUE(rb_pinned(self->rig.pins, 0));
	EXPECT_OTHER_DEAD();
}

/* C8: dead for the importer, harmlessly */
TEST_F(export, exporter_revokes_the_buffer)
{
	ASSERT_EQ(0, rb_revoke(self->rig.dev, self->rig.id, 0));
	EXPECT_OTHER_DEAD();
	EXPECT_EQ(0, rb_use(self->rig.dev, self->rig.id));
	EXPECT_EQ(0, rb_revoke(self->rig.dev, self->rig.id, 0));
	EXPECT_EQ(0, rb_revoke(self->rig.dev, 0, self->fd));
	/* And may export it once more. */
	close(self->fd);
	self->fd = rb_export(self->rig.dev, self->rig.id, 0, 0, BOTH);
	ASSERT_EQ(0, rb_other_imports(&self->other, self->fd, 0, &self->id));
	EXPECT_EQ(0, other_carries(self));
}

/* C8: dead for the importer, harmlessly */
TEST_F(export, exporter_revokes_the_export)
{
	ASSERT_EQ(0, rb_revoke(self->rig.dev, 0, self->fd));
	EXPECT_OTHER_DEAD();
	EXPECT_EQ(0, rb_revoke(self->rig.dev, 0, self->fd));
	EXPECT_EQ(0, rb_use(self->rig.dev, self->rig.id));
}

/* C8: taking back is the exporter's. */
TEST_F(export, importer_does_not_revoke)
{
	struct rb_task revoke = { .what = RB_DO_REVOKE };
	int got;

	EXPECT_EQ(-EPERM, rb_other_trade(&self->other, revoke, self->fd,
					 &got));
	EXPECT_EQ(0, other_carries(self));
}

/* C8, C15: dead for the importer, harmlessly */
TEST_F(export, exporter_closes)
{
	close(self->rig.dev);
	self->rig.dev = -1;
	EXPECT_TRUE(rb_pinned(self->rig.pins, 0));
	EXPECT_OTHER_DEAD();
}

/* C8, C9: memory that moved is gone for importers too. */
TEST_F(export, exporter_unmaps)
{
	ASSERT_EQ(0, munmap(self->rig.mem + RB_PAGE, RB_PAGE));
	EXPECT_OTHER_DEAD();
	EXPECT_EQ(REGBUF_STATE_DETACHED, rb_state(self->rig.dev,
						  self->rig.id));
}

/* C9: the importer's use finds out what moved without notice. */
TEST_F(export, exporter_drops_pages)
{
	ASSERT_EQ(0, madvise(self->rig.mem, RB_PAGE, MADV_DONTNEED));
	EXPECT_EQ(-ESTALE, rb_other_sends(&self->other, self->id, LEN - 1, 1));
	EXPECT_EQ(REGBUF_STATE_DETACHED, rb_state(self->rig.dev,
						  self->rig.id));
}

/* C8: the importer's end, in each way, is nothing to the exporter. */
TEST_F(export, importer_closes)
{
	struct rb_task leave = { .what = RB_DO_CLOSE };

	ASSERT_EQ(0, rb_other_do(&self->other, leave));
	ASSERT_EQ(0, rb_status(self->rig.dev, self->rig.id, &self->status));
	EXPECT_EQ(0, self->status.imports);
	EXPECT_EQ(0, rb_use(self->rig.dev, self->rig.id));
}

/* C8: nothing to the exporter */
TEST_F(export, importer_dies)
{
	kill_other(self);
	EXPECT_TRUE(rb_within(20, !rb_status(self->rig.dev, self->rig.id,
					     &self->status) &&
			      !self->status.imports));
	EXPECT_EQ(1, self->status.exports);
	EXPECT_EQ(0, rb_use(self->rig.dev, self->rig.id));
	EXPECT_EQ(0, rb_deregister(self->rig.dev, self->rig.id));
	EXPECT_TRUE(rb_pinned(self->rig.pins, 0));
}

/* C8: nothing to the exporter */
TEST_F(export, importer_execs)
{
	struct rb_task exec = { .what = RB_DO_EXEC };

	ASSERT_EQ(0, rb_other_do(&self->other, exec));
	EXPECT_EQ(0, rb_use(self->rig.dev, self->rig.id));
	EXPECT_EQ(0, rb_deregister(self->rig.dev, self->rig.id));
	EXPECT_TRUE(rb_pinned(self->rig.pins, 0));
}

/* C8: with the descriptor alone kept, nothing is. */
TEST_F(export, descriptor_keeps_nothing)
{
	EXPECT_EQ(0, rb_other_end(&self->other));
	self->other.pid = 0;
	close(self->rig.dev);
	self->rig.dev = -1;
	EXPECT_TRUE(rb_pinned(self->rig.pins, 0));
}

/* C8: nor does it take away by being closed. */
TEST_F(export, descriptor_is_closed)
{
	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(0, other_carries(self));
	ASSERT_EQ(0, rb_revoke(self->rig.dev, self->rig.id, 0));
	EXPECT_EQ(-ESTALE, rb_other_sends(&self->other, self->id, 0, 1));
}

/* C6, C8: requests of an importer count as any, whatever way it is given up. */
TEST_F(export, in_flight_is_busy)
{
	launch(_metadata, self);
	EXPECT_EQ(-EBUSY, rb_deregister_flags(self->rig.dev, self->rig.id,
					      BUSY, 0, &self->dereg));
	EXPECT_EQ(1, self->dereg.in_flight);
	EXPECT_EQ(-ETIMEDOUT, rb_wait(self->rig.dev, self->rig.id, RB_SHORT));
	EXPECT_EQ(0, rb_rig_lands(&self->rig, self->copy, LEN));
	EXPECT_EQ(0, rb_wait(self->rig.dev, self->rig.id, RB_LONG));
	EXPECT_EQ(0, rb_deregister_flags(self->rig.dev, self->rig.id, BUSY, 0,
					 &self->dereg));
	EXPECT_TRUE(rb_pinned(self->rig.pins, 0));
}

/* C6, C8: what is in flight arrives */
TEST_F(export, in_flight_is_waited_for)
{
	struct rb_rig *rig = &self->rig;

	launch(_metadata, self);
	EXPECT_EQ(-EINPROGRESS, rb_deregister_flags(rig->dev, rig->id, WAIT,
						    RB_SHORT, &self->dereg));
	EXPECT_EQ(1, self->dereg.in_flight);
	ASSERT_EQ(0, rb_status(rig->dev, rig->id, &self->status));
	EXPECT_EQ(REGBUF_STATE_CLOSING, self->status.state);
	EXPECT_EQ(1, self->status.in_flight);
	EXPECT_EQ(-ESTALE, rb_other_sends(&self->other, self->id, 0, 1));
	land(_metadata, self);
}

struct waiter {
	FIXTURE_DATA(export) *self;
	int err;
};

static void *wait_for_others(void *arg)
{
	struct waiter *w = arg;
	struct regbuf_ioc_deregister dereg;

	w->err = rb_deregister_flags(w->self->rig.dev, w->self->rig.id, WAIT,
				     RB_LONG, &dereg);
	return NULL;
}

/* C6: and is back when the last of them is through. */
TEST_F(export, waiting_ends_with_the_flight)
{
	struct waiter w = { self, 1 };
	pthread_t thread;

	launch(_metadata, self);
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for_others, &w));
	EXPECT_TRUE(rb_within(20, rb_state(self->rig.dev, self->rig.id) ==
				  REGBUF_STATE_CLOSING));
	land(_metadata, self);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, w.err);
}

/* C6, C8: in flight it goes on without the id, and is counted. */
TEST_F(export, deregistered_in_flight)
{
	launch(_metadata, self);
	ASSERT_EQ(0, rb_deregister(self->rig.dev, self->rig.id));
	EXPECT_EQ(-ESTALE, rb_other_sends(&self->other, self->id, 0, 1));
	ASSERT_EQ(0, rb_stats(self->rig.dev, &self->stats));
	EXPECT_EQ(1, self->stats.deregistered_in_flight);
	land(_metadata, self);
}

/* C8: what is in flight arrives */
TEST_F(export, revoked_in_flight)
{
	struct regbuf_ioc_revoke revoke = {
		.size = sizeof(revoke),
		.id = self->rig.id,
	};

	launch(_metadata, self);
	ASSERT_EQ(0, rb_ioctl(self->rig.dev, REGBUF_IOC_REVOKE, &revoke));
	EXPECT_EQ(1, revoke.in_flight);
	EXPECT_EQ(-ESTALE, rb_other_sends(&self->other, self->id, 0, 1));
	EXPECT_EQ(1, rb_in_flight(self->rig.dev, self->rig.id));
	EXPECT_EQ(0, rb_deregister(self->rig.dev, self->rig.id));
	land(_metadata, self);
}

/* C8, C15: what is in flight arrives */
TEST_F(export, closed_in_flight)
{
	launch(_metadata, self);
	close(self->rig.dev);
	self->rig.dev = -1;
	EXPECT_EQ(-ESTALE, rb_other_sends(&self->other, self->id, 0, 1));
	land(_metadata, self);
}

/* C8, C9: what is in flight arrives */
TEST_F(export, unmapped_in_flight)
{
	launch(_metadata, self);
	ASSERT_EQ(0, munmap(self->rig.mem, LEN));
	EXPECT_EQ(-ESTALE, rb_other_sends(&self->other, self->id, 0, 1));
	EXPECT_TRUE(rb_pinned(self->rig.pins, PAGES));
	EXPECT_EQ(0, rb_rig_lands(&self->rig, self->copy, LEN));
	EXPECT_EQ(0, rb_deregister(self->rig.dev, self->rig.id));
	EXPECT_TRUE(rb_pinned(self->rig.pins, 0));
}

/* C8: the importer dies first, with its request in flight. */
TEST_F(export, importer_dies_in_flight)
{
	launch(_metadata, self);
	kill_other(self);
	EXPECT_TRUE(rb_within(20, rb_in_flight(self->rig.dev,
					       self->rig.id) == 1));
	EXPECT_EQ(-EBUSY, rb_deregister_flags(self->rig.dev, self->rig.id,
					      BUSY, 0, &self->dereg));
	EXPECT_EQ(0, rb_deregister(self->rig.dev, self->rig.id));
	land(_metadata, self);
}

/* C10: the importer is charged with nothing: who cannot pay may import. */
TEST_F(export, importer_is_not_charged)
{
	struct rb_task charged = { .what = RB_DO_CHARGED };

	if (!variant->uid)
		SKIP(return, "root is not charged anyway");
	ASSERT_EQ(0, rb_other_do(&self->other, charged));
	EXPECT_EQ(0, self->other.answer.value);
	EXPECT_EQ(0, other_carries(self));
}

/* C8: what is imported is not passed on by who imported it. */
TEST_F(export, importer_does_not_export)
{
	struct rb_task task = {
		.what = RB_DO_EXPORT,
		.id = self->id,
		.access = RB_READ,
	};
	int fd;

	EXPECT_EQ(-EOPNOTSUPP, rb_other_trade(&self->other, task, -1, &fd));
}

/*
 * The other process exports, and the test imports.
 */
FIXTURE(import)
{
	struct rb_rig rig;
	struct rb_other other;
	int fd;
	__u64 theirs;
	__u64 id;
	struct regbuf_ioc_send msg;
	struct regbuf_ioc_status status;
	struct regbuf_ioc_stats stats;
	unsigned char *bytes;		/* what theirs holds */
};

FIXTURE_SETUP(import)
{
	struct rb_rig *rig = &self->rig;

	ASSERT_EQ(0, rb_rig_setup(rig, AF_INET6, SOCK_STREAM, false, RB_PAGE));
	self->other.sock = rig->near;
	ASSERT_EQ(0, rb_other_start(&self->other));
	self->fd = rb_other_exports(&self->other, LEN, BOTH, &self->theirs);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, rb_import(rig->dev, self->fd, 0, &self->id));
	self->bytes = rb_pages(PAGES);
	EXPECT_TRUE(rb_pinned(rig->pins, 1 + PAGES));
}

FIXTURE_TEARDOWN(import)
{
	if (self->other.pid)
		EXPECT_EQ(0, rb_other_end(&self->other));
	close(self->fd);
	EXPECT_EQ(0, rb_rig_close(&self->rig));
}

/* C8: an id of the importer's, which says what it is, and costs nothing */
TEST_F(import, is_a_buffer)
{
	ASSERT_EQ(0, rb_status(self->rig.dev, self->id, &self->status));
	EXPECT_EQ(0, self->status.addr);
	EXPECT_EQ(LEN, self->status.length);
	EXPECT_EQ(0, self->status.pages);
	EXPECT_EQ(BOTH, self->status.access);
	EXPECT_EQ(REGBUF_STATE_LIVE, self->status.state);
	EXPECT_EQ(REGBUF_STATUS_R_IMPORTED, self->status.flags_out);
	ASSERT_EQ(0, rb_stats(self->rig.dev, &self->stats));
	EXPECT_EQ(2, self->stats.buffers);
	EXPECT_EQ(1, self->stats.pages);
	EXPECT_EQ(1, rb_vmpin());
	EXPECT_EQ(0, rb_carries(self->rig.dev, self->id, self->bytes, LEN));
}

/* C6, C8: its requests in flight are in its own status as well. */
TEST_F(import, in_flight_is_seen_here)
{
	ASSERT_EQ(0, rb_rig_hold(&self->rig, LEN));
	ASSERT_EQ(0, rb_send(self->rig.dev, self->rig.near, self->id, 0, LEN,
			     &self->msg));
	EXPECT_EQ(1, rb_in_flight(self->rig.dev, self->id));
	EXPECT_EQ(-ETIMEDOUT, rb_wait(self->rig.dev, self->id, RB_SHORT));
	EXPECT_EQ(0, rb_rig_lands(&self->rig, self->bytes, LEN));
	EXPECT_EQ(0, rb_wait(self->rig.dev, self->id, RB_LONG));
}

/* A send goes, and then the exporter does, in some way; the bytes arrive. */
#define EXPECT_OUTLIVES(how) do {					\
	ASSERT_EQ(0, rb_rig_hold(&self->rig, LEN));			\
	ASSERT_EQ(0, rb_send(self->rig.dev, self->rig.near, self->id, 0, \
			     LEN, &self->msg));				\
	ASSERT_EQ(LEN, self->msg.zerocopied);				\
	how;								\
	EXPECT_TRUE(rb_within(20, rb_use(self->rig.dev, self->id) ==	\
				  -ESTALE));				\
	EXPECT_TRUE(rb_pinned(self->rig.pins, 1 + PAGES));		\
	EXPECT_EQ(0, rb_rig_lands(&self->rig, self->bytes, LEN));	\
	EXPECT_TRUE(rb_pinned(self->rig.pins, 1));			\
	EXPECT_EQ(-ESTALE, rb_import(self->rig.dev, self->fd, 0,	\
				     &self->id));			\
} while (0)

/* C8, C15: killed: by then it is dead for new requests */
TEST_F(import, exporter_is_killed)
{
	rb_other_kill(&self->other);
	self->other.pid = 0;
	EXPECT_EQ(-ESTALE, rb_use(self->rig.dev, self->id));
	EXPECT_TRUE(rb_pinned(self->rig.pins, 1));
	EXPECT_EQ(-ESTALE, rb_import(self->rig.dev, self->fd, 0, &self->id));
}

/* C8, C15: what is in flight arrives */
TEST_F(import, exporter_is_killed_in_flight)
{
	EXPECT_OUTLIVES(({
		rb_other_kill(&self->other);
		self->other.pid = 0;
	}));
}

/* C8, C15: what is in flight arrives */
TEST_F(import, exporter_exits_in_flight)
{
	EXPECT_OUTLIVES(({
		EXPECT_EQ(0, rb_other_end(&self->other));
		self->other.pid = 0;
	}));
}

/* C8: exec: the descriptor survives it, the memory does not */
TEST_F(import, exporter_execs_in_flight)
{
	struct rb_task exec = { .what = RB_DO_EXEC };

	EXPECT_OUTLIVES(ASSERT_EQ(0, rb_other_do(&self->other, exec)));
}

/* C8, C15: what is in flight arrives */
TEST_F(import, exporter_closes_in_flight)
{
	struct rb_task leave = { .what = RB_DO_CLOSE };

	EXPECT_OUTLIVES(ASSERT_EQ(0, rb_other_do(&self->other, leave)));
}

/* C6, C8: what is in flight arrives */
TEST_F(import, exporter_deregisters_in_flight)
{
	struct rb_task dereg = { .what = RB_DO_DEREGISTER, .id = self->theirs };

	EXPECT_OUTLIVES(ASSERT_EQ(0, rb_other_do(&self->other, dereg)));
}

/* C1, C8: the same from a queue: accepted requests complete, new ones fail. */
TEST_F(import, used_by_a_queue)
{
	struct rb_rig *rig = &self->rig;
	struct rb_queue q;
	__u32 ep;

	ASSERT_EQ(0, rb_q_open(rig->dev, &q, 8, 8, 0));
	ASSERT_EQ(0, rb_q_attach(&q, rig->near, RB_BOTH, 0, 0, &ep));
	ASSERT_EQ(0, rb_rig_hold(rig, LEN));
	rb_sqe_send(&q, ep, self->id, 0, LEN, 1);
	rb_sqe_recv(&q, ep, self->id, 0, 1, 2);
	ASSERT_EQ(0, rb_q_submit_all(&q));
	rb_other_kill(&self->other);
	self->other.pid = 0;
	rb_sqe_send(&q, ep, self->id, 0, LEN, 3);
	EXPECT_EQ(0, rb_q_refuses(&q, -ESTALE));
	EXPECT_TRUE(rb_q_empty(&q));
	EXPECT_EQ(0, rb_rig_lands(rig, self->bytes, LEN));
	for (int i = 0; i < 2; i++) {
		struct regbuf_cqe cqe;

		ASSERT_EQ(0, rb_q_next(&q, &cqe));
		EXPECT_EQ(0, cqe.error);
		EXPECT_EQ(cqe.user_data == 1 ? LEN : 1, cqe.value);
	}
	EXPECT_TRUE(rb_pinned(rig->pins, 1));
	rb_q_close(&q);
}

#include "regbuf_main.h"
