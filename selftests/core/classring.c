// SPDX-License-Identifier: GPL-2.0
/*
 * Bugs that others had with memory that they share with programs, and with
 * tables that change while they are read, by class: see
 * Documentation/bug-classes.rst. C1, C2, C12, C16, C17.
 */
#include "regbuf_buf.h"

#include <stdatomic.h>

#include "kselftest_harness.h"

#define LEN	(16 * RB_PAGE)
#define ENTRIES	8
#define ROUNDS	400
#define MANY	4096	/* completions, and more */
#define TIMERS	1000
#define RECEIVES	100
#define SENDS	2500

FIXTURE(ring)
{
	struct rb_qrig qr;
	struct rb_queue *q;
	struct rb_rig *rig;
	struct regbuf_ioc_enter out;
	struct regbuf_cqe cqe;
	atomic_int stop;
	atomic_int wrong;
};

FIXTURE_SETUP(ring)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	self->q = &self->qr.q;
	self->rig = &self->qr.rig;
	ASSERT_EQ(0, rb_qrig_loopback(&self->qr, AF_INET, SOCK_DGRAM, LEN,
				      ENTRIES));
	ASSERT_EQ(0, getsockname(self->rig->near, (struct sockaddr *)&ss,
				 &len));
	ASSERT_EQ(0, connect(self->rig->far, (struct sockaddr *)&ss, len));
}

FIXTURE_TEARDOWN(ring)
{
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

/*
 * An entry that is read twice is two entries. Each of these words makes it
 * wrong in another way, or right again, while the kernel reads it.
 */
static void *change_entry(void *arg)
{
	FIXTURE_DATA(ring) *self = arg;
	volatile struct regbuf_sqe *sqe = self->q->sqes;
	__u64 id = self->rig->id;
	__u32 ep = self->qr.ep;

	/* One word for a while, back and forth, then the next one. */
	for (unsigned int i = 0; !atomic_load(&self->stop); i++)
		switch (i >> 9 & 7) {
		case 0:
			sqe->length = i % 2 ? 100 : LEN + 1;
			break;
		case 1:
			sqe->offset = i % 2 ? 0 : LEN - 50;
			break;
		case 2:
			sqe->id = i % 2 ? id : id ^ 1;
			break;
		case 3:
			sqe->endpoint = i % 2 ? ep : ep + 1;
			break;
		case 4:
			sqe->op = i % 2 ? REGBUF_OP_SEND :
				  REGBUF_OP_SHUTDOWN;
			break;
		case 5:
			sqe->flags = i % 2 ? 0 : REGBUF_SQE_F_LIST;
			break;
		default:
			sqe->user_data = i % 2 ? 1 : 2;
		}
	return NULL;
}

/* What came is bytes of the buffer, from where an entry may have said. */
static int is_right(const FIXTURE_DATA(ring) *self, const char *got, ssize_t n)
{
	const char *mem = (const char *)self->rig->mem;

	return n == 100 && !memcmp(got, mem, 100);
}

/* C1, C17: taken and refused ones add up, and only right ones were sent. */
TEST_F_TIMEOUT(ring, sqe_mixed_entry_changes_while_it_is_read, 120)
{
	char got[2 * RB_PAGE];
	unsigned int done = 0;
	pthread_t thread;
	ssize_t n;

	rb_qrig_send(&self->qr, 0, 100, 1);
	ASSERT_EQ(0, pthread_create(&thread, NULL, change_entry, self));
	for (int i = 0; i < 10 * ROUNDS || !done; i++) {
		/* Always the same one. */
		self->q->tail = rb_load(&self->q->ring->sq_head) + 1;
		ASSERT_EQ(0, rb_q_enter(self->q, 1, 0, 0, &self->out));
		if (!self->out.submitted)
			continue;
		ASSERT_EQ(0, rb_q_next(self->q, &self->cqe));
		done++;
		ASSERT_TRUE(self->cqe.user_data == 1 ||
			    self->cqe.user_data == 2);
		ASSERT_EQ(0, self->cqe.error);
		ASSERT_EQ(100, self->cqe.value);
		n = recv(self->rig->far, got, sizeof(got), 0);
		ASSERT_TRUE(is_right(self, got, n));
		/* Where the next one is read: the same place again. */
		while (rb_load(&self->q->ring->sq_head) % ENTRIES) {
			self->q->tail = rb_load(&self->q->ring->sq_head);
			rb_sqe_nop(self->q, 3);
			ASSERT_EQ(0, rb_q_one(self->q, &self->cqe));
		}
	}
	atomic_store(&self->stop, 1);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_TRUE(rb_q_empty(self->q));
	EXPECT_EQ(0, rb_rig_silent(self->rig));
}

/* Every number that is in no table is refused, however far beyond it is. */
TEST_F(ring, cve_2025_21863_numbers_beyond_the_tables)
{
	static const __u64 far[] = {
		8, 9, 63, 64, 255, 256, 65535, 1U << 31, -1U, 1ULL << 32,
		(1ULL << 32) + 1, 1ULL << 63, -2ULL, -1ULL,
	};
	struct regbuf_ioc_query query = { .size = sizeof(query) };
	struct regbuf_array_entry entries[8];
	struct regbuf_slice slice;
	struct regbuf_ioc_send msg;

	ASSERT_EQ(0, rb_ioctl(self->rig->dev, REGBUF_IOC_QUERY, &query));
	for (int op = 0; op < 256; op++) {
		if (op < 64 && query.ops >> op & 1)
			continue;
		rb_sqe_op(self->q, op, 0, 1);
		EXPECT_EQ(0, rb_q_refuses(self->q, -EINVAL));
	}
	for (int i = 0; i < 8; i++)
		entries[i] = rb_entry(self->rig->mem, RB_PAGE, RB_READ);
	ASSERT_EQ(0, rb_array(self->rig->dev, entries, 8));
	for (int i = 0; i < ARRAY_SIZE(far); i++) {
		slice = rb_at(far[i], 0, 1);
		msg = rb_msg(self->rig->near, &slice, 1);
		EXPECT_EQ(-ENOENT, rb_ioctl(self->rig->dev, REGBUF_IOC_SEND,
					    &msg));
	}
}

/*
 * Rings are replaced while completions, waiting, signals and dumps use them.
 */
static void *resize_all_the_time(void *arg)
{
	FIXTURE_DATA(ring) *self = arg;
	struct regbuf_ioc_resize resize;
	unsigned int seed = 5;
	int err;

	while (!atomic_load(&self->stop)) {
		resize = (struct regbuf_ioc_resize){
			.size = sizeof(resize),
			.sq_entries = ENTRIES << rand_r(&seed) % 6,
			.cq_entries = MANY << rand_r(&seed) % 3,
		};
		err = rb_ioctl(self->q->fd, REGBUF_IOC_RESIZE, &resize);
		if (err && err != -EBUSY)
			atomic_fetch_add(&self->wrong, 1);
	}
	return NULL;
}

static void *change_eventfd(void *arg)
{
	FIXTURE_DATA(ring) *self = arg;
	int fd;

	while (!atomic_load(&self->stop)) {
		fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (rb_q_eventfd(self->q, fd))
			atomic_fetch_add(&self->wrong, 1);
		close(fd);
		rb_q_eventfd(self->q, -1);
		rb_q_poll(self->q);
	}
	return NULL;
}

/* Waits for more than there will be, and writes to whatever is mapped. */
static void *wait_and_map(void *arg)
{
	FIXTURE_DATA(ring) *self = arg;
	struct regbuf_ioc_enter enter = {
		.size = sizeof(enter),
		.wait = 4 * MANY,
		.timeout_ns = RB_MSEC,
	};
	struct regbuf_ring *ring;

	while (!atomic_load(&self->stop)) {
		rb_ioctl(self->q->fd, REGBUF_IOC_ENTER, &enter);
		ring = mmap(NULL, RB_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			    self->q->fd, 0);
		if (ring == MAP_FAILED) {
			atomic_fetch_add(&self->wrong, 1);
			continue;
		}
		__atomic_store_n(&ring->cq_armed, 1, __ATOMIC_SEQ_CST);
		munmap(ring, RB_PAGE);
	}
	return NULL;
}

/* As the kernel says. */
static unsigned int ready(const FIXTURE_DATA(ring) *self)
{
	struct regbuf_ioc_enter enter = { .size = sizeof(enter) };

	return rb_ioctl(self->q->fd, REGBUF_IOC_ENTER, &enter) ? 0 :
							       enter.ready;
}

/* How many completions came, by who maps the rings anew to see. */
static unsigned int count_all(FIXTURE_DATA(ring) *self)
{
	struct rb_queue *q = self->q;

	rb_q_unmap(q);
	if (rb_q_resize(q, 64, MANY))
		return 0;
	return rb_load(&q->ring->cq_tail);
}

/* Whoever reads what is sent: it is acknowledged, and complete then. */
static void *read_all(void *arg)
{
	static char bytes[65536];

	while (recv(*(int *)arg, bytes, sizeof(bytes), 0) > 0)
		;
	return NULL;
}

/* Timers, receives and sends, none of which waits for another: how many. */
static unsigned int submit_all(struct __test_metadata *_metadata,
			       FIXTURE_DATA(ring) *self, __u32 stream)
{
	struct rb_rig *rig = self->rig;
	unsigned int i;

	for (i = 0; i < TIMERS; i++)
		rb_sqe_timeout(self->q, (i * 200) * 1000LL, i);
	for (; i < TIMERS + RECEIVES; i++)
		rb_qrig_recv(&self->qr, 0, 10, i);
	for (; i < TIMERS + RECEIVES + SENDS; i++)
		rb_sqe_send(self->q, stream, rig->id, 0, 1200, i);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	return i;
}

/* All have completed, each once. */
static void check_all(struct __test_metadata *_metadata,
		      FIXTURE_DATA(ring) *self, unsigned int wanted)
{
	static unsigned char seen[MANY];

	EXPECT_TRUE(rb_within(60, count_all(self) == wanted));
	EXPECT_EQ(wanted, rb_q_ready(self->q));
	for (unsigned int i = 0; i < wanted; i++) {
		ASSERT_EQ(1, rb_q_pop(self->q, &self->cqe));
		ASSERT_GT(wanted, self->cqe.user_data);
		ASSERT_EQ(1, ++seen[self->cqe.user_data]);
	}
}

/*
 * C1, C16: the kernel completes timeouts, receives and, where the network lets
 * go of them, sends by itself meanwhile. None is lost: the index of the last,
 * in whatever ring, counts them.
 */
TEST_F_TIMEOUT(ring, ring_resize_against_completions_and_eventfd, 120)
{
	void *(*const run[])(void *) = {
		resize_all_the_time, resize_all_the_time, change_eventfd,
		wait_and_map,
	};
	pthread_t threads[4], reader;
	unsigned int wanted;
	struct rb_net net;
	__u32 stream;
	int sv[2];

	ASSERT_EQ(0, rb_net_setup(&net));
	ASSERT_EQ(0, rb_pair(&net, AF_INET, SOCK_STREAM, sv));
	ASSERT_EQ(0, rb_q_resize(self->q, MANY, MANY));
	ASSERT_EQ(0, rb_q_attach(self->q, sv[0], REGBUF_ATTACH_F_SEND |
				 REGBUF_ATTACH_F_SINGLE, 0, 0, &stream));
	/* Most of it waits for the reader. */
	ASSERT_EQ(0, rb_sockbuf(sv[0], SO_SNDBUF, 32768));
	wanted = submit_all(_metadata, self, stream);
	for (int i = 0; i < 4; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, run[i], self));
	ASSERT_EQ(0, pthread_create(&reader, NULL, read_all, &sv[1]));
	for (int i = 0; i < RECEIVES; i++)
		ASSERT_EQ(1, send(self->rig->far, "x", 1, 0));
	/* None is consumed, so whatever ring there is has to have them all. */
	ASSERT_TRUE(rb_within(60, ready(self) == wanted));
	atomic_store(&self->stop, 1);
	for (int i = 0; i < 4; i++)
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
	check_all(_metadata, self, wanted);
	EXPECT_EQ(0, atomic_load(&self->wrong));
	ASSERT_EQ(0, rb_q_detach(self->q, stream, 0));
	close(sv[0]);
	ASSERT_EQ(0, pthread_join(reader, NULL));
	close(sv[1]);
}

/* And the queue is closed under all of that. */
TEST_F_TIMEOUT(ring, ring_teardown_against_completions_and_eventfd, 120)
{
	void *(*const run[])(void *) = {
		resize_all_the_time, change_eventfd, wait_and_map,
	};
	pthread_t threads[3];

	rb_q_close(self->q);
	for (int round = 0; round < 20; round++) {
		struct rb_queue q;

		ASSERT_EQ(0, rb_q_open(self->rig->dev, &q, 64, 64, 0));
		for (int i = 0; i < 60; i++)
			rb_sqe_timeout(&q, i * 50000LL, i);
		ASSERT_EQ(0, rb_q_submit_all(&q));
		atomic_store(&self->stop, 0);
		*self->q = q;
		for (int i = 0; i < 3; i++)
			ASSERT_EQ(0, pthread_create(&threads[i], NULL, run[i],
						    self));
		usleep(rand() % 4000);
		close(q.fd);
		usleep(500);
		atomic_store(&self->stop, 1);
		for (int i = 0; i < 3; i++)
			ASSERT_EQ(0, pthread_join(threads[i], NULL));
		rb_q_unmap(&q);
	}
	*self->q = (struct rb_queue){ .fd = -1 };
}

static bool is_all(const char *mem, size_t len, char byte)
{
	for (size_t i = 0; i < len; i++)
		if (mem[i] != byte)
			return false;
	return true;
}

/*
 * What is mapped stays the mapping's own, after whoever made it has closed
 * everything: it has what was written there, and nobody else has.
 */
TEST_F(ring, cve_2024_0582_rings_outlive_their_queue)
{
	int dev = rb_open();
	struct rb_queue q, old;
	__u64 id;

	ASSERT_EQ(0, rb_q_open(dev, &q, 256, 256, 64));
	old = q;
	q.map = NULL;		/* keeps the mapping */
	ASSERT_EQ(0, rb_q_resize(&q, 512, 512));
	rb_q_close(&q);
	memset(old.map, 0x5a, old.map_size);
	close(dev);
	ASSERT_EQ(0, rb_churn());
	EXPECT_TRUE(is_all(old.map, old.map_size, 0x5a));
	/* A part of it goes, the rest stays. */
	ASSERT_EQ(0, munmap((char *)old.map + RB_PAGE, RB_PAGE));
	ASSERT_EQ(0, rb_churn());
	EXPECT_TRUE(is_all(old.map, RB_PAGE, 0x5a));
	EXPECT_TRUE(is_all((char *)old.map + 2 * RB_PAGE,
			   old.map_size - 2 * RB_PAGE, 0x5a));
	/* Not memory to register: it is the kernel's. */
	EXPECT_EQ(-EFAULT, rb_register(self->rig->dev, old.map, RB_PAGE,
				       RB_READ, &id));
	munmap(old.map, old.map_size);
}

/* The same of the page that shows slots; it can only be read. */
TEST_F(ring, cve_2024_0582_slots_outlive_their_context)
{
	int dev = rb_open();
	char *view, *copy = malloc(RB_PAGE);
	__u64 id;

	view = mmap(NULL, RB_PAGE, PROT_READ, MAP_SHARED, dev, 0);
	ASSERT_NE(MAP_FAILED, view);
	for (int i = 0; i < 5; i++)
		ASSERT_EQ(0, rb_register(dev, self->rig->mem, RB_PAGE, RB_READ,
					 &id));
	ASSERT_EQ(id, ((struct regbuf_slot *)view)[4].id);
	close(dev);
	memcpy(copy, view, RB_PAGE);
	ASSERT_EQ(0, rb_churn());
	EXPECT_EQ(0, memcmp(copy, view, RB_PAGE));
	EXPECT_EQ(-1, mprotect(view, RB_PAGE, PROT_READ | PROT_WRITE));
	munmap(view, RB_PAGE);
	free(copy);
}

/* A child has no part of it, nor has whoever moves it. */
TEST_F(ring, cve_2024_0582_rings_are_not_copied)
{
	char *map = self->q->map;
	size_t size = self->q->map_size;
	pid_t pid = fork();

	if (!pid)
		/* Not there: it can't even be looked at. */
		_exit(msync(map, RB_PAGE, MS_ASYNC) != -1 || errno != ENOMEM);
	EXPECT_EQ(0, rb_child_result(pid));
	EXPECT_EQ(MAP_FAILED, mremap(map, size, 2 * size, MREMAP_MAYMOVE));
	EXPECT_EQ(MAP_FAILED, mremap(map, size, size, MREMAP_MAYMOVE |
				     MREMAP_FIXED, rb_map(size, PROT_READ, 0)));
	EXPECT_EQ(MAP_FAILED, mremap(map, 0, size, MREMAP_MAYMOVE));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 2 * size, PROT_READ, MAP_SHARED,
				   self->q->fd, 0));
}

/*
 * Lock and quiesce bugs: a table that changes under requests that name two of
 * its entries. Whatever they get is one of what an entry was, whole.
 */
#define USERS		48
#define CHANGERS	16
#define PIECE		64

struct worker {
	FIXTURE_DATA(ring) *self;
	unsigned int seed;
	pthread_t thread;
};

/* Pages of one byte each, 1 to 15. */
static void fill_pages(unsigned char *mem)
{
	for (int i = 0; i < LEN / RB_PAGE; i++)
		memset(mem + i * RB_PAGE, i, RB_PAGE);
}

static void *use_table(void *arg)
{
	struct worker *w = arg;
	struct regbuf_slice two[2];
	struct regbuf_ioc_send msg;
	char got[2 * PIECE];
	int sv[2], err;

	if (rb_pair(NULL, AF_INET, SOCK_DGRAM, sv))
		return NULL;
	for (int i = 0; i < ROUNDS / 4; i++) {
		two[0] = rb_at(rand_r(&w->seed) % 4, 0, PIECE);
		two[1] = rb_at(rand_r(&w->seed) % 4, 0, PIECE);
		msg = rb_msg(sv[0], two, 2);
		err = rb_ioctl(w->self->rig->dev, REGBUF_IOC_SEND, &msg);
		if (err == -ENOENT)	/* empty then */
			continue;
		if (err || recv(sv[1], got, sizeof(got), 0) != 2 * PIECE ||
		    !is_all(got, PIECE, got[0]) || got[0] > 15 ||
		    !is_all(got + PIECE, PIECE, got[PIECE]))
			atomic_fetch_add(&w->self->wrong, 1);
	}
	close(sv[0]);
	close(sv[1]);
	return NULL;
}

static void *change_table(void *arg)
{
	struct worker *w = arg;
	struct rb_rig *rig = w->self->rig;
	struct regbuf_array_entry entry[4];
	__u64 id;
	int err;

	while (!atomic_load(&w->self->stop)) {
		for (int i = 0; i < 4; i++)
			entry[i] = rb_entry(rig->mem + rand_r(&w->seed) % 16 *
					    RB_PAGE, RB_PAGE, RB_READ);
		if (rand_r(&w->seed) % 8 == 0)
			entry[1] = rb_entry(NULL, 0, 0);
		err = rand_r(&w->seed) % 2 ?
		      rb_array(rig->dev, entry, 4) :
		      rb_array_update(rig->dev, entry, 1,
				      rand_r(&w->seed) % 4);
		if (err)
			atomic_fetch_add(&w->self->wrong, 1);
		if (rb_register(rig->dev, rig->mem, RB_PAGE, RB_READ, &id) ||
		    rb_deregister(rig->dev, id))
			atomic_fetch_add(&w->self->wrong, 1);
	}
	return NULL;
}

TEST_F_TIMEOUT(ring, buffer_table_races_of_64_threads, 240)
{
	struct worker workers[USERS + CHANGERS];
	struct regbuf_array_entry entry[4];

	fill_pages(self->rig->mem);
	for (int i = 0; i < 4; i++)
		entry[i] = rb_entry(self->rig->mem, RB_PAGE, RB_READ);
	ASSERT_EQ(0, rb_array(self->rig->dev, entry, 4));
	for (int i = 0; i < USERS + CHANGERS; i++) {
		workers[i] = (struct worker){ .self = self, .seed = i };
		ASSERT_EQ(0, pthread_create(&workers[i].thread, NULL,
					    i < USERS ? use_table :
							change_table,
					    &workers[i]));
	}
	for (int i = 0; i < USERS + CHANGERS; i++) {
		ASSERT_EQ(0, pthread_join(workers[i].thread, NULL));
		if (i == USERS - 1)
			atomic_store(&self->stop, 1);
	}
	EXPECT_EQ(0, atomic_load(&self->wrong));
	ASSERT_EQ(0, rb_array(self->rig->dev, NULL, 0));
	EXPECT_TRUE(rb_pinned(self->rig->pins, LEN / RB_PAGE));
}

TEST_HARNESS_MAIN
