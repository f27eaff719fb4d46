// SPDX-License-Identifier: GPL-2.0
/*
 * C17: the program's index moves while the kernel takes entries, to where it
 * cannot be: the queue is broken or the entry refused, and the kernel has
 * nothing to complain about.
 */
#include "regbuf_halt.h"
#include "regbuf_queue.h"
#include "kselftest_harness.h"

#define LEN	RB_PAGE
#define ENTRIES	64

/* What of the entry the kernel reads, and is held up at. */
enum what { LIST, BYTES, ADDRESS, EXT };

FIXTURE(queuetrust)
{
	struct rb_qrig qr;
	struct rb_queue *q;
	int log;		/* the kernel's, from now on */
	int uffd;
	void *page;		/* that is missing, */
	void *content;		/* what will be there, */
	__u32 head;		/* and where the index is then */
	__u32 enough;
	pthread_t thread;
};

FIXTURE_VARIANT(queuetrust)
{
	enum what what;
	__u32 head;
};

FIXTURE_VARIANT_ADD(queuetrust, list) { LIST, 32 };
FIXTURE_VARIANT_ADD(queuetrust, bytes) { BYTES, 32 };
FIXTURE_VARIANT_ADD(queuetrust, address) { ADDRESS, 32 };
FIXTURE_VARIANT_ADD(queuetrust, ext) { EXT, 32 };
FIXTURE_VARIANT_ADD(queuetrust, by_one) { LIST, 1 };
FIXTURE_VARIANT_ADD(queuetrust, by_all) { LIST, ENTRIES };
FIXTURE_VARIANT_ADD(queuetrust, backwards) { LIST, -1 };

FIXTURE_SETUP(queuetrust)
{
	ASSERT_EQ(0, rb_qrig_loopback(&self->qr, AF_INET, SOCK_DGRAM, LEN,
				      ENTRIES));
	self->q = &self->qr.q;
	self->head = variant->head;
	/* What the kernel says only once, it is to say again. */
	rb_write_file("/sys/kernel/debug/clear_warn_once", "1");
	self->log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ASSERT_LE(0, self->log);
	ASSERT_LE(0, lseek(self->log, 0, SEEK_END));
	self->page = rb_map(RB_PAGE, PROT_READ | PROT_WRITE, 0);
	self->content = rb_map(RB_PAGE, PROT_READ | PROT_WRITE, 0);
	ASSERT_NE(NULL, self->page);
	ASSERT_NE(NULL, self->content);
	self->uffd = rb_miss_page(self->page);
	ASSERT_LE(0, self->uffd);
}

FIXTURE_TEARDOWN(queuetrust)
{
	close(self->uffd);
	close(self->log);
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

/* Lines of the kernel that complain. */
static int complaints(FIXTURE_DATA(queuetrust) *self)
{
	char line[8192];
	int nr = 0;
	ssize_t n;

	while ((n = read(self->log, line, sizeof(line) - 1)) > 0) {
		line[n] = 0;
		nr += strstr(line, "WARNING:") || strstr(line, "BUG:");
	}
	return nr;
}

/* The kernel is in the middle of an entry: lie, and let it go on. */
static void *lie(void *arg)
{
	FIXTURE_DATA(queuetrust) *self = arg;

	if (!rb_is_missed(self->uffd))
		return NULL;
	rb_store(&self->q->ring->cq_head, self->head);
	return rb_give_page(self->uffd, self->page, self->content) ? NULL :
								     self;
}

/* An entry, some of which is in the page that is missing. */
static void post_slow(FIXTURE_DATA(queuetrust) *self, enum what what)
{
	struct regbuf_ext ext = { .size = sizeof(ext) };
	struct regbuf_slice slice = rb_slice(self->qr.rig.id, 0, 100);
	unsigned long page = (unsigned long)self->page;
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct regbuf_sqe *sqe;

	sqe = rb_qrig_send(&self->qr, 0, 100, 1);
	if (what == LIST) {
		memcpy(self->content, &slice, sizeof(slice));
		sqe->id = page;
		sqe->length = 1;
		sqe->flags = REGBUF_SQE_F_LIST;
	} else if (what == BYTES) {
		sqe->id = page;
		sqe->flags = REGBUF_SQE_F_INLINE;
	} else if (what == ADDRESS) {
		getsockname(self->qr.rig.far, (struct sockaddr *)&ss, &len);
		memcpy(self->content, &ss, len);
		sqe->addr_id = page;
		sqe->flags = REGBUF_SQE_F_ADDR_PTR;
	} else {
		memcpy(self->content, &ext, sizeof(ext));
		sqe->ext = page;
	}
}

/* All places are promised but one; then there are entries for two more. */
TEST_F(queuetrust, head_moves_meanwhile)
{
	struct regbuf_ioc_enter out;
	void *done = NULL;
	int err;

	for (int i = 1; i < ENTRIES; i++)
		rb_qrig_recv(&self->qr, 0, 10, 100 + i);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	post_slow(self, variant->what);
	rb_qrig_recv(&self->qr, 0, 10, 2);
	ASSERT_EQ(0, pthread_create(&self->thread, NULL, lie, self));
	err = rb_q_enter(self->q, 2, 0, 0, &out);
	ASSERT_EQ(0, pthread_join(self->thread, &done));
	ASSERT_NE(NULL, done);
	if (err) {
		EXPECT_EQ(-ENOTRECOVERABLE, err);
		EXPECT_TRUE(rb_load(&self->q->ring->flags) &
			    REGBUF_RING_F_BROKEN);
	} else {
		EXPECT_EQ(1, out.submitted);
		EXPECT_EQ(ENOBUFS, out.error);
	}
	EXPECT_EQ(0, complaints(self));
	/* Whatever is made of it, there is no end of the others. */
	rb_q_close(self->q);
	EXPECT_TRUE(rb_within(10, !rb_in_flight(self->qr.rig.dev,
						self->qr.rig.id)));
}

/* And in no order, by a thread that does nothing else. */
static void *scribble(void *arg)
{
	FIXTURE_DATA(queuetrust) *self = arg;
	__u32 *head = &self->q->ring->cq_head;

	for (__u32 i = 0; !rb_load(&self->enough); i++)
		rb_store(head, i % ENTRIES);
	return self;
}

TEST_F(queuetrust, head_is_anywhere)
{
	struct regbuf_ioc_enter out;

	for (int i = 1; i < ENTRIES; i++)
		rb_qrig_recv(&self->qr, 0, 10, 100 + i);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(0, pthread_create(&self->thread, NULL, scribble, self));
	for (int i = 0; i < 1000; i++) {
		for (int j = 0; j < 4; j++)
			rb_qrig_recv(&self->qr, 0, 10, j);
		if (rb_q_enter(self->q, 4, 0, 0, &out))
			break;
		rb_q_drop(self->q);
	}
	rb_store(&self->enough, 1);
	ASSERT_EQ(0, pthread_join(self->thread, NULL));
	EXPECT_EQ(0, complaints(self));
}

TEST_HARNESS_MAIN
