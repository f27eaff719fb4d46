// SPDX-License-Identifier: GPL-2.0
/*
 * Queues against a fake kernel: a thread of this program that has the other
 * side of the rings, in plain memory. The linker puts it where the library
 * makes its system calls (--wrap). So ThreadSanitizer sees both sides of each
 * barrier, and what the kernel may do can be made to happen: it takes one entry
 * at a time, goes to sleep at every opportunity, and refuses.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <regbuf.h>

#include "wrap.h"

#define CHECK(what) do {						\
	if (!(what)) {							\
		fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what); \
		exit(1);						\
	}								\
} while (0)

#define COUNT		40000u		/* requests in a test */
#define SLICES		8u
#define BOUND_MS	20000		/* until something is lost */
#define MAX_CQ		1024

static struct fake {
	/* Set while there are no other threads. */
	uint32_t flags;
	uint32_t sq, cq, pool;
	struct regbuf_ring *ring;
	struct regbuf_sqe *sqes;
	struct regbuf_cqe *cqes;
	uint32_t *returned;
	int fd;
	int eventfd;
	int map_fails;
	void (*pause)(void);	/* what happens just before a signal */
	void *mapped, *mapped_before;
	pthread_t thread;
	/* Its own; without a poller under the lock. */
	uint32_t sq_head;
	/* Its own. */
	uint32_t cq_tail, cq_loud;
	uint32_t pool_head;
	uint32_t free[SLICES];
	uint32_t nr_free;
	uint64_t signals;
	/* Under the lock. */
	pthread_mutex_t lock;
	pthread_cond_t cond;
	int kicked;
	struct regbuf_sqe fifo[MAX_CQ];
	uint32_t fifo_head, fifo_tail;
	uint32_t accepted;
	uint64_t enters;
	/* Atomic. */
	int stop;
	int waiters;
} fake = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.cond = PTHREAD_COND_INITIALIZER,
};

static uint32_t load(const uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_SEQ_CST);
}

static void store(uint32_t *p, uint32_t value)
{
	__atomic_store_n(p, value, __ATOMIC_SEQ_CST);
}

static int stopped(void)
{
	return __atomic_load_n(&fake.stop, __ATOMIC_SEQ_CST);
}

/* The lock is held. Whether something came. */
static int fake_cond_wait(long long ns)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	ns += end.tv_nsec;
	end.tv_sec += ns / 1000000000;
	end.tv_nsec = ns % 1000000000;
	return !pthread_cond_timedwait(&fake.cond, &fake.lock, &end);
}

static int fake_has_room(void)
{
	/* Acquire: what was read there is read before it is overwritten. */
	return fake.cq_tail - load(&fake.ring->cq_head) < fake.cq;
}

static int fake_has_entry(void)
{
	return load(&fake.ring->sq_tail) != fake.sq_head || stopped();
}

static int fake_has_slice(void)
{
	while (load(&fake.ring->pool_tail) != fake.pool_head) {
		CHECK(fake.nr_free < SLICES);
		fake.free[fake.nr_free++] =
			fake.returned[fake.pool_head++ & (fake.pool - 1)];
		store(&fake.ring->pool_head, fake.pool_head);
	}
	return fake.nr_free > 0;
}

/* C16: ask to be called, look once more, and only then sleep. */
static void fake_until(int (*condition)(void))
{
	while (!condition()) {
		store(&fake.ring->flags, REGBUF_RING_F_NEED_ENTER);
		if (!condition()) {
			pthread_mutex_lock(&fake.lock);
			while (!fake.kicked)
				CHECK(fake_cond_wait(BOUND_MS * 1000000LL));
			fake.kicked = 0;
			pthread_mutex_unlock(&fake.lock);
		}
		store(&fake.ring->flags, 0);
	}
}

static void fake_notify(void)
{
	uint64_t one = 1;
	uint32_t armed;

	if (__atomic_load_n(&fake.waiters, __ATOMIC_SEQ_CST)) {
		pthread_mutex_lock(&fake.lock);
		pthread_cond_broadcast(&fake.cond);
		pthread_mutex_unlock(&fake.lock);
	}
	armed = load(&fake.ring->cq_armed);
	if (fake.eventfd < 0 || !armed)
		return;
	/* It may have been armed after this one had been consumed. */
	if ((int32_t)(fake.cq_loud - load(&fake.ring->cq_head)) <= 0)
		return;
	if (fake.pause)
		fake.pause();
	/* Taken back, and armed again? */
	if (!__atomic_compare_exchange_n(&fake.ring->cq_armed, &armed, 0, 0,
					 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return;
	fake.signals++;
	CHECK(write(fake.eventfd, &one, sizeof(one)) == sizeof(one));
}

static uint64_t value_of(const struct regbuf_sqe *sqe)
{
	return sqe->id ^ sqe->offset ^ sqe->length ^ sqe->endpoint;
}

static void fake_post(const struct regbuf_sqe *sqe, uint32_t flags,
		      uint32_t detail)
{
	int silent = sqe->flags & REGBUF_SQE_F_SILENT;

	fake_until(fake_has_room);
	fake.cqes[fake.cq_tail & (fake.cq - 1)] = (struct regbuf_cqe){
		.user_data = sqe->user_data,
		.flags = flags | (silent ? REGBUF_CQE_F_SILENT : 0),
		.value = value_of(sqe),
		.detail = detail,
	};
	/* No more than a release: what the real one has is no stronger. */
	__atomic_store_n(&fake.ring->cq_tail, ++fake.cq_tail, __ATOMIC_RELEASE);
	if (silent)
		return;
	fake.cq_loud = fake.cq_tail;
	store(&fake.ring->cq_loud, fake.cq_loud);
	fake_notify();
}

static void fake_multishot(const struct regbuf_sqe *sqe)
{
	uint32_t i;

	for (i = 1; i <= sqe->length; i++) {
		fake_until(fake_has_slice);
		fake_post(sqe, REGBUF_CQE_F_POOL |
			  (i < sqe->length ? REGBUF_CQE_F_MORE : 0),
			  fake.free[--fake.nr_free]);
	}
}

static void fake_do(const struct regbuf_sqe *sqe)
{
	if (sqe->flags & REGBUF_SQE_F_MULTI)
		fake_multishot(sqe);
	else
		fake_post(sqe, 0, 0);
}

static void *fake_poller(void *arg)
{
	struct regbuf_sqe sqe;

	for (;;) {
		fake_until(fake_has_entry);
		if (stopped())
			return arg;
		sqe = fake.sqes[fake.sq_head & (fake.sq - 1)];
		__atomic_store_n(&fake.ring->sq_head, ++fake.sq_head,
				 __ATOMIC_RELEASE);
		fake_do(&sqe);
	}
}

/* Without a poller: what was accepted completes here, later. */
static void *fake_worker(void *arg)
{
	struct regbuf_sqe sqe;

	for (;;) {
		pthread_mutex_lock(&fake.lock);
		while (fake.fifo_head == fake.fifo_tail && !stopped())
			CHECK(fake_cond_wait(BOUND_MS * 1000000LL));
		if (!stopped())
			sqe = fake.fifo[fake.fifo_head++ % MAX_CQ];
		pthread_mutex_unlock(&fake.lock);
		if (stopped())
			return arg;
		fake_do(&sqe);
	}
}

/* C1, C2: 0, or why an entry is refused. */
static int fake_accept(const struct regbuf_sqe *sqe)
{
	if (sqe->op >= REGBUF_OP_NR)
		return -EINVAL;
	if (fake.accepted - load(&fake.ring->cq_head) >= fake.cq)
		return -ENOBUFS;
	fake.accepted += sqe->flags & REGBUF_SQE_F_MULTI ? sqe->length : 1;
	fake.fifo[fake.fifo_tail++ % MAX_CQ] = *sqe;
	return 0;
}

static void fake_submit(struct regbuf_ioc_enter *enter)
{
	uint32_t tail = load(&fake.ring->sq_tail);
	struct regbuf_sqe sqe;
	int err;

	CHECK(tail - fake.sq_head <= fake.sq);
	CHECK(enter->submit <= tail - fake.sq_head);
	while (enter->submitted < enter->submit) {
		sqe = fake.sqes[fake.sq_head & (fake.sq - 1)];
		err = fake_accept(&sqe);
		enter->error = -err;
		if (err)
			break;
		enter->submitted++;
		store(&fake.ring->sq_head, ++fake.sq_head);
	}
}

/* The lock is held. */
static int fake_wait(const struct regbuf_ioc_enter *enter)
{
	uint32_t n = enter->wait < fake.cq ? enter->wait : fake.cq;
	int in_time = 1;

	CHECK(enter->timeout_ns >= 0);
	__atomic_add_fetch(&fake.waiters, 1, __ATOMIC_SEQ_CST);
	while (load(&fake.ring->cq_tail) - load(&fake.ring->cq_head) < n &&
	       in_time)
		in_time = fake_cond_wait(enter->timeout_ns);
	__atomic_sub_fetch(&fake.waiters, 1, __ATOMIC_SEQ_CST);
	return in_time ? 0 : -ETIMEDOUT;
}

static int fake_enter(struct regbuf_ioc_enter *enter)
{
	int err = 0;

	enter->submitted = 0;
	enter->error = 0;
	pthread_mutex_lock(&fake.lock);
	fake.enters++;
	fake.kicked = 1;
	if (enter->submit) {
		CHECK(!(fake.flags & REGBUF_QUEUE_F_POLLER));
		fake_submit(enter);
	}
	pthread_cond_broadcast(&fake.cond);
	if (enter->wait && !enter->error)
		err = fake_wait(enter);
	pthread_mutex_unlock(&fake.lock);
	return err;
}

static size_t fake_size(uint32_t sq, uint32_t cq)
{
	return sizeof(struct regbuf_ring) + sq * sizeof(struct regbuf_sqe) +
	       cq * sizeof(struct regbuf_cqe) + fake.pool * sizeof(uint32_t);
}

/* Rings of these sizes, with what is in those that there were. */
static void fake_rings(uint32_t sq, uint32_t cq)
{
	struct fake old = fake;
	char *mem;
	uint32_t i;

	CHECK(!posix_memalign((void **)&mem, 4096, fake_size(sq, cq)));
	memset(mem, 0, fake_size(sq, cq));
	fake.sq = sq;
	fake.cq = cq;
	fake.ring = (void *)mem;
	fake.sqes = (void *)(fake.ring + 1);
	fake.cqes = (void *)(fake.sqes + sq);
	fake.returned = (void *)(fake.cqes + cq);
	if (!old.ring)
		return;
	*fake.ring = *old.ring;
	for (i = 0; i < old.sq; i++)
		fake.sqes[(fake.sq_head + i) & (sq - 1)] =
			old.sqes[(fake.sq_head + i) & (old.sq - 1)];
	for (i = 1; i <= old.cq; i++)
		fake.cqes[(fake.cq_tail - i) & (cq - 1)] =
			old.cqes[(fake.cq_tail - i) & (old.cq - 1)];
	if (old.ring != fake.mapped)
		free(old.ring);
}

static uint32_t fake_off(const void *part)
{
	return (const char *)part - (const char *)fake.ring;
}

static int fake_queue(struct regbuf_ioc_queue *queue)
{
	if (queue->sq_entries > MAX_CQ || queue->cq_entries > MAX_CQ)
		return -EINVAL;
	fake.flags = queue->flags;
	fake.pool = queue->pool_entries;
	fake_rings(queue->sq_entries, queue->cq_entries);
	fake.fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	queue->fd = fake.fd;
	queue->sq_off = fake_off(fake.sqes);
	queue->cq_off = fake_off(fake.cqes);
	queue->pool_off = fake_off(fake.returned);
	queue->map_size = fake_size(fake.sq, fake.cq);
	return 0;
}

static int fake_resize(struct regbuf_ioc_resize *resize)
{
	if (!resize->sq_entries)
		resize->sq_entries = fake.sq;
	if (!resize->cq_entries)
		resize->cq_entries = fake.cq;
	fake_rings(resize->sq_entries, resize->cq_entries);
	resize->sq_off = fake_off(fake.sqes);
	resize->cq_off = fake_off(fake.cqes);
	resize->pool_off = fake_off(fake.returned);
	resize->map_size = fake_size(fake.sq, fake.cq);
	return 0;
}

static int fake_call(unsigned long cmd, void *arg)
{
	switch (cmd) {
	case REGBUF_IOC_QUEUE:
		return fake_queue(arg);
	case REGBUF_IOC_ENTER:
		return fake_enter(arg);
	case REGBUF_IOC_RESIZE:
		return fake_resize(arg);
	case REGBUF_IOC_EVENTFD:
		fake.eventfd = ((struct regbuf_ioc_eventfd *)arg)->fd;
		return 0;
	case REGBUF_IOC_REGISTER:
		((struct regbuf_ioc_register *)arg)->id = 1ULL << 32;
		return 0;
	case REGBUF_IOC_DEREGISTER:
		return 0;
	}
	return -ENOTTY;
}

int __wrap_open(const char *path, int flags, ...)
{
	if (!strcmp(path, REGBUF_DEVICE))
		path = "/dev/null";
	return __real_open(path, flags);
}

int __wrap_ioctl(int fd, unsigned long cmd, ...)
{
	va_list args;
	int err;

	(void)fd;
	va_start(args, cmd);
	err = fake_call(cmd, va_arg(args, void *));
	va_end(args);
	errno = -err;
	return err ? -1 : 0;
}

void *__wrap_mmap(void *at, size_t len, int prot, int flags, int fd, off_t off)
{
	if (fd < 0 || fd != fake.fd)
		return __real_mmap(at, len, prot, flags, fd, off);
	CHECK(prot == (PROT_READ | PROT_WRITE) && flags == MAP_SHARED && !off);
	CHECK(len == fake_size(fake.sq, fake.cq));
	errno = ENOMEM;
	if (fake.map_fails)
		return MAP_FAILED;
	fake.mapped_before = fake.mapped;
	fake.mapped = fake.ring;
	return fake.ring;
}

/* The address sanitizer sees who still uses it. */
int __wrap_munmap(void *at, size_t len)
{
	if (at != fake.mapped && at != fake.mapped_before)
		return __real_munmap(at, len);
	free(at);
	return 0;
}

/*
 * Tests.
 */

static struct regbuf *rb;
static struct regbuf_queue *q;

static void start(uint32_t flags, uint32_t sq, uint32_t cq)
{
	struct regbuf_queue_params params = {
		.flags = flags,
		.sq_entries = sq,
		.cq_entries = cq,
		.pool_entries = SLICES,
	};
	uint32_t i;

	fake.ring = NULL;
	fake.mapped = NULL;
	fake.eventfd = -1;
	fake.sq_head = 0;
	fake.cq_tail = 0;
	fake.cq_loud = 0;
	fake.pool_head = 0;
	fake.fifo_head = 0;
	fake.fifo_tail = 0;
	fake.accepted = 0;
	fake.signals = 0;
	fake.enters = 0;
	fake.stop = 0;
	fake.kicked = 0;
	for (i = 0; i < SLICES; i++)
		fake.free[i] = i;
	fake.nr_free = SLICES;
	CHECK(!regbuf_open(&rb));
	CHECK(!regbuf_queue_create(rb, &params, &q));
	CHECK(regbuf_queue_fd(q) == fake.fd);
}

static void run_fake(void)
{
	CHECK(!pthread_create(&fake.thread, NULL,
			      fake.flags & REGBUF_QUEUE_F_POLLER ?
			      fake_poller : fake_worker, NULL));
}

static void stop_fake(void)
{
	__atomic_store_n(&fake.stop, 1, __ATOMIC_SEQ_CST);
	CHECK(!regbuf_queue_kick(q));
	CHECK(!pthread_join(fake.thread, NULL));
}

static void finish(void)
{
	regbuf_queue_destroy(q);
	regbuf_close(rb);
	fake.fd = -1;
}

/* The request number n, and different in every member that is looked at. */
static void fill(struct regbuf_sqe *sqe, uint64_t n)
{
	regbuf_prep_send(sqe, n % 7, n * 3, n * n, n % 1000);
	sqe->user_data = n;
}

static void check(const struct regbuf_cqe *cqe, uint64_t n)
{
	struct regbuf_sqe sqe = { 0 };

	fill(&sqe, n);
	CHECK(cqe->user_data == n);
	CHECK(cqe->value == value_of(&sqe));
	CHECK(!regbuf_cqe_error(cqe));
}

/* Wait for the signal that must come; it must be one. */
static void read_signal(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	uint64_t value;

	CHECK(poll(&pfd, 1, BOUND_MS) == 1);
	CHECK(read(fd, &value, sizeof(value)) == sizeof(value));
	CHECK(value == 1);
}

/* With a full completion ring nothing is taken: C2. */
static void submit(void)
{
	int n = regbuf_queue_submit(q);

	CHECK(n >= 0 || n == -ENOBUFS);
	if (n <= 0)
		sched_yield();
}

static void *submitter(void *arg)
{
	struct regbuf_sqe *sqe;
	uint64_t n;

	for (n = 0; n < COUNT; n++) {
		while (!(sqe = regbuf_queue_sqe(q)))
			submit();
		fill(sqe, n);
		if (n % 16 >= n / 16 % 16)
			submit();
	}
	while (!(fake.flags & REGBUF_QUEUE_F_POLLER) && regbuf_queue_refused(q))
		submit();
	submit();
	return arg;
}

/* In all the ways that there are. */
static uint32_t consume(uint64_t next)
{
	const struct regbuf_cqe *cqe;
	struct regbuf_cqe cqes[4];
	uint32_t n = 0, i;

	switch (next % 3) {
	case 0:
		n = regbuf_queue_reap(q, cqes, 4);
		for (i = 0; i < n; i++)
			check(&cqes[i], next + i);
		return n;
	case 1:
		cqe = regbuf_queue_peek(q);
		if (!cqe)
			return 0;
		check(cqe, next);
		regbuf_queue_advance(q, 1);
		return 1;
	}
	regbuf_for_each_cqe(q, n, cqe) {
		check(cqe, next + n - 1);
		if (n == 5)
			break;
	}
	if (n)
		regbuf_queue_advance(q, n);
	return n;
}

static void *consumer(void *arg)
{
	uint64_t next = 0;
	uint32_t n;

	while (next < COUNT) {
		n = consume(next);
		next += n;
		if (!n)
			sched_yield();
	}
	return arg;
}

static int done;

static void *waiter(void *arg)
{
	unsigned int n = 0;
	int err;

	while (!__atomic_load_n(&done, __ATOMIC_ACQUIRE)) {
		err = regbuf_queue_wait(q, n++ % 20, 1000000, NULL);
		CHECK(!err || err == -ETIMEDOUT);
	}
	return arg;
}

/* C1: one submits, one consumes, two wait, and the kernel is the fifth. */
static void flow(uint32_t flags)
{
	pthread_t submits, consumes, waits[2];

	start(flags, 8, 16);
	done = 0;
	run_fake();
	CHECK(!pthread_create(&submits, NULL, submitter, NULL));
	CHECK(!pthread_create(&consumes, NULL, consumer, NULL));
	CHECK(!pthread_create(&waits[0], NULL, waiter, NULL));
	CHECK(!pthread_create(&waits[1], NULL, waiter, NULL));
	CHECK(!pthread_join(submits, NULL));
	CHECK(!pthread_join(consumes, NULL));
	__atomic_store_n(&done, 1, __ATOMIC_RELEASE);
	CHECK(!pthread_join(waits[0], NULL));
	CHECK(!pthread_join(waits[1], NULL));
	CHECK(!regbuf_queue_ready(q));
	stop_fake();
	finish();
}

static int loud(uint64_t n)
{
	return n % 3 != 1;
}

static void *loud_and_silent(void *arg)
{
	struct regbuf_sqe *sqe;
	uint64_t n;

	for (n = 0; n < COUNT; n++) {
		while (!(sqe = regbuf_queue_sqe(q)))
			submit();
		regbuf_prep_nop(sqe);
		sqe->user_data = n;
		if (!loud(n))
			sqe->flags = REGBUF_SQE_F_SILENT;
		submit();
	}
	return arg;
}

/* How many came; whether one of them was loud. */
static uint32_t consume_loud(uint64_t next, int *any)
{
	const struct regbuf_cqe *cqe;
	uint32_t n = 0;

	*any = 0;
	regbuf_for_each_cqe(q, n, cqe) {
		CHECK(cqe->user_data == next + n - 1);
		*any |= !(cqe->flags & REGBUF_CQE_F_SILENT);
	}
	regbuf_queue_advance(q, n);
	return n;
}

/* Armed; take it back every other time. Whether a signal was read. */
static int take_signal(int fd, uint64_t *signals)
{
	if (*signals % 2 == 0 && !regbuf_queue_disarm(q)) {
		(*signals)++;
		return 0;
	}
	read_signal(fd);
	(*signals)++;
	return 1;
}

/* C16: each signal is of an unconsumed completion, and none is lost. */
static void signals(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), any, signalled, armed;
	uint64_t next = 0, value, count = 0, turn = 0;
	pthread_t submits;

	start(REGBUF_QUEUE_F_POLLER, 8, 16);
	CHECK(!regbuf_queue_eventfd(q, fd));
	run_fake();
	CHECK(!pthread_create(&submits, NULL, loud_and_silent, NULL));
	while (next < COUNT - 1) {
		armed = !regbuf_queue_arm(q);
		signalled = armed && take_signal(fd, &turn);
		count += signalled;
		next += consume_loud(next, &any);
		/* Neither spurious, nor "there already" without reason. */
		CHECK(any || (armed && !signalled));
	}
	CHECK(!pthread_join(submits, NULL));
	stop_fake();
	CHECK(read(fd, &value, sizeof(value)) < 0 && errno == EAGAIN);
	CHECK(count == fake.signals && count > 0);
	close(fd);
	finish();
}

static void wait_ready(uint32_t n)
{
	while (regbuf_queue_ready(q) < n)
		sched_yield();
	CHECK(regbuf_queue_ready(q) == n);
}

/* Consume that many of a multishot that has @left to go; where they are. */
static void look_at(uint32_t n, uint32_t left, uint32_t *numbers)
{
	const struct regbuf_cqe *cqe;
	uint32_t i;

	for (i = 0; i < n; i++) {
		cqe = regbuf_queue_peek_at(q, i);
		CHECK(cqe->flags & REGBUF_CQE_F_POOL && cqe->detail < SLICES);
		CHECK(!(cqe->flags & REGBUF_CQE_F_MORE) == (i + 1 == left));
		numbers[i] = cqe->detail;
	}
}

/*
 * C2, C16: a multishot that has no places, or no slices, goes on when there
 * are: each time it must be told by the last of these calls.
 */
static void slices(uint32_t flags, uint32_t cq)
{
	uint32_t round = cq < SLICES ? cq : SLICES, left, numbers[SLICES], i;
	struct regbuf_sqe *sqe;

	start(flags, 2, cq);
	run_fake();
	sqe = regbuf_queue_sqe(q);
	regbuf_prep_recv_multi(sqe, 1, COUNT);
	CHECK(regbuf_queue_submit(q) == 1);
	for (left = COUNT; left; left -= round) {
		wait_ready(round);
		look_at(round, left, numbers);
		if (cq > SLICES)
			regbuf_queue_advance(q, round);
		for (i = 0; i < round; i++)
			regbuf_queue_pool_return(q, numbers[i]);
		if (cq < SLICES)
			regbuf_queue_advance(q, round);
	}
	stop_fake();
	finish();
}

/* C1: a refused entry stays at the head, with what follows. */
static void refusals(void)
{
	struct regbuf_sqe *sqe;
	uint64_t n;

	start(0, 4, 8);
	CHECK(!regbuf_queue_refused(q));
	CHECK(regbuf_queue_submit(q) == 0 && !fake.enters);
	for (n = 0; n < 4; n++) {
		CHECK(regbuf_queue_space(q) == 4 - n);
		fill(regbuf_queue_sqe(q), n);
	}
	CHECK(!regbuf_queue_sqe(q));
	q->sqes[1].op = REGBUF_OP_NR;
	CHECK(regbuf_queue_submit(q) == 1);
	CHECK(regbuf_queue_submit(q) == -EINVAL);
	sqe = regbuf_queue_refused(q);
	CHECK(sqe && sqe->user_data == 1);
	regbuf_prep_nop(sqe);
	CHECK(sqe->op == REGBUF_OP_NOP && sqe->user_data == 1 && !sqe->id);
	sqe = &q->sqes[2];
	sqe->op = REGBUF_OP_NR;
	CHECK(regbuf_queue_submit_wait(q, 8, 1000000, NULL) == 1);
	CHECK(regbuf_queue_drop(q) == 2);
	CHECK(!regbuf_queue_refused(q) && regbuf_queue_space(q) == 4);
	CHECK(regbuf_queue_submit(q) == 0);
	/* The ring is whole. */
	fill(regbuf_queue_sqe(q), 4);
	CHECK(regbuf_queue_submit(q) == 1 && fake.accepted == 3);
	finish();
}

static void take_back_and_arm_again(void)
{
	fake.pause = NULL;
	CHECK(!regbuf_queue_disarm(q));
	CHECK(regbuf_queue_peek(q));
	regbuf_queue_advance(q, 1);
	CHECK(!regbuf_queue_arm(q));
}

/* C16: a signal for what was consumed meanwhile would be spurious. */
static void arms(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct regbuf_sqe sqe = { 0 };

	start(0, 4, 4);
	CHECK(!regbuf_queue_eventfd(q, fd));
	CHECK(!regbuf_queue_arm(q));
	fake.pause = take_back_and_arm_again;
	fake_post(&sqe, 0, 0);
	CHECK(!fake.pause && !fake.signals);
	fake_post(&sqe, 0, 0);
	CHECK(fake.signals == 1 && regbuf_queue_ready(q) == 1);
	read_signal(fd);
	/* One is there, and nobody took the arm. */
	CHECK(regbuf_queue_arm(q) == 1 && fake.signals == 1);
	fake_post(&sqe, 0, 0);
	CHECK(fake.signals == 1);
	close(fd);
	finish();
}

/* C2: no place left: refused, and accepted when there is. */
static void full(void)
{
	uint64_t n;

	start(0, 4, 2);
	run_fake();
	for (n = 0; n < 4; n++)
		fill(regbuf_queue_sqe(q), n);
	CHECK(regbuf_queue_submit(q) == 2);
	CHECK(regbuf_queue_submit(q) == -ENOBUFS);
	/* More than there can be is as many as there can be. */
	CHECK(regbuf_queue_wait(q, 100, BOUND_MS * 1000000LL, NULL) == 0);
	CHECK(regbuf_queue_ready(q) == 2);
	regbuf_queue_advance(q, 1);
	CHECK(regbuf_queue_submit_wait(q, 2, 0, NULL) == 1);
	check(regbuf_queue_peek(q), 1);
	stop_fake();
	finish();
}

/* What waits for nothing is no call; time that ran out is told. */
static void waits(void)
{
	uint64_t enters;

	start(0, 4, 4);
	run_fake();
	CHECK(regbuf_queue_wait(q, 0, -1, NULL) == 0 && !fake.enters);
	CHECK(regbuf_queue_submit_wait(q, 1, 1000, NULL) == -ETIMEDOUT);
	CHECK(regbuf_queue_wait(q, 1, 0, NULL) == -ETIMEDOUT);
	fill(regbuf_queue_sqe(q), 0);
	fill(regbuf_queue_sqe(q), 1);
	CHECK(regbuf_queue_submit_wait(q, 2, BOUND_MS * 1000000LL, NULL) == 2);
	CHECK(regbuf_queue_ready(q) == 2);
	check(regbuf_queue_peek_at(q, 1), 1);
	CHECK(!regbuf_queue_peek_at(q, 2));
	enters = fake.enters;
	CHECK(regbuf_queue_wait(q, 2, -1, NULL) == 0);
	CHECK(fake.enters == enters);
	stop_fake();
	finish();
}

/* Rings of another size have what was in the old ones, and indices go on. */
static void resizes(void)
{
	uint64_t n;

	start(0, 4, 4);
	run_fake();
	for (n = 0; n < 3; n++)
		fill(regbuf_queue_sqe(q), n);
	CHECK(regbuf_queue_submit_wait(q, 3, BOUND_MS * 1000000LL, NULL) == 3);
	regbuf_queue_advance(q, 1);
	stop_fake();
	fill(regbuf_queue_sqe(q), 3);
	fake.map_fails = 1;
	CHECK(regbuf_queue_resize(q, 16, 8) == -ENOMEM);
	fake.map_fails = 0;
	CHECK(regbuf_queue_resize(q, 0, 0) == 0);
	CHECK(regbuf_queue_sq_entries(q) == 16);
	CHECK(regbuf_queue_cq_entries(q) == 8);
	fake.stop = 0;
	run_fake();
	CHECK(regbuf_queue_space(q) == 15);
	CHECK(regbuf_queue_submit_wait(q, 3, BOUND_MS * 1000000LL, NULL) == 1);
	for (n = 1; n < 4; n++)
		check(regbuf_queue_peek_at(q, n - 1), n);
	stop_fake();
	finish();
}

static struct regbuf_pool *pool;

/* Slices are one thread's at a time, or the sanitizer complains. */
static void *pool_user(void *arg)
{
	struct regbuf_pool_slice slice;
	unsigned int i;

	for (i = 0; i < COUNT / 4; i++) {
		if (regbuf_pool_get(pool, &slice)) {
			CHECK(!slice.ptr);
			sched_yield();
			continue;
		}
		*(unsigned int *)slice.ptr = i;
		CHECK(*(unsigned int *)slice.ptr == i);
		CHECK(!regbuf_pool_put(pool, slice.index));
	}
	return arg;
}

static void pools(void)
{
	struct regbuf_pool_slice slice[3], other;
	pthread_t threads[4];
	unsigned int i;

	CHECK(!regbuf_open(&rb));
	CHECK(regbuf_pool_create(rb, 0, 3, 0, &pool) == -EINVAL && !pool);
	CHECK(regbuf_pool_create(rb, 1, 0, 0, &pool) == -EINVAL);
	CHECK(regbuf_pool_create(rb, 1, 1, 1u << 31, &pool) == -EOPNOTSUPP);
	CHECK(regbuf_pool_create(rb, 1, ~0u, 0, &pool) == -EOVERFLOW);
	CHECK(regbuf_pool_create(rb, ~0u, 1, 0, &pool) == -EOVERFLOW);
	CHECK(!regbuf_pool_create(rb, 100, 3, 0, &pool));
	for (i = 0; i < 4; i++)
		CHECK(!pthread_create(&threads[i], NULL, pool_user, NULL));
	for (i = 0; i < 4; i++)
		CHECK(!pthread_join(threads[i], NULL));
	/* All are there, each once, and rounded up. */
	for (i = 0; i < 3; i++) {
		CHECK(!regbuf_pool_get(pool, &slice[i]));
		memset(slice[i].ptr, 'a' + i, slice[i].length);
		CHECK(slice[i].length == 128 && slice[i].id == 1ULL << 32);
		CHECK(slice[i].offset == slice[i].index * 128ull);
		CHECK(!regbuf_pool_at(pool, slice[i].index, &other));
		CHECK(other.ptr == slice[i].ptr);
	}
	CHECK(regbuf_pool_get(pool, &other) == -ENOBUFS && !other.id);
	for (i = 0; i < 3; i++)
		CHECK(*((char *)slice[i].ptr + 127) == (char)('a' + i));
	CHECK(!regbuf_pool_put(pool, 1));
	CHECK(regbuf_pool_put(pool, 1) == -EINVAL);
	CHECK(regbuf_pool_put(pool, 3) == -EINVAL);
	CHECK(regbuf_pool_put(pool, ~0u) == -EINVAL);
	CHECK(regbuf_pool_at(pool, 3, &other) == -EINVAL);
	CHECK(!regbuf_pool_get(pool, &other) && other.index == 1);
	regbuf_pool_destroy(pool);
	regbuf_pool_destroy(NULL);
	regbuf_close(rb);
}

/* As large as a huge page: every byte is there, and aligned to one. */
static void large_pools(void)
{
	struct regbuf_pool_slice slice;
	size_t i;

	CHECK(!regbuf_open(&rb));
	CHECK(!regbuf_pool_create(rb, 1 << 20, 5, 0, &pool));
	CHECK(!regbuf_pool_at(pool, 0, &slice));
	CHECK((uintptr_t)slice.ptr % (2 << 20) == 0);
	for (i = 0; i < 5; i++) {
		CHECK(!regbuf_pool_get(pool, &slice) && slice.index == i);
		memset(slice.ptr, 1, slice.length);
	}
	regbuf_pool_destroy(pool);
	regbuf_close(rb);
}

static void refused_queues(void)
{
	struct regbuf_queue_params params = {
		.sq_entries = 1,
		.cq_entries = 1,
	};

	CHECK(!regbuf_open(&rb));
	params.reserved[2] = 1;
	CHECK(regbuf_queue_create(rb, &params, &q) == -EINVAL && !q);
	params.reserved[2] = 0;
	params.sq_entries = MAX_CQ + 1;
	CHECK(regbuf_queue_create(rb, &params, &q) == -EINVAL && !q);
	params.sq_entries = 1;
	fake.map_fails = 1;
	fake.ring = NULL;
	CHECK(regbuf_queue_create(rb, &params, &q) == -ENOMEM && !q);
	CHECK(fcntl(fake.fd, F_GETFD) < 0);
	free(fake.ring);
	fake.map_fails = 0;
	fake.fd = -1;
	regbuf_queue_destroy(NULL);
	regbuf_close(rb);
}

int main(void)
{
	/* Whatever hangs. */
	alarm(300);
	fake.fd = -1;
	refused_queues();
	refusals();
	arms();
	full();
	waits();
	resizes();
	slices(0, SLICES / 2);
	slices(0, SLICES * 2);
	slices(REGBUF_QUEUE_F_POLLER, SLICES / 2);
	slices(REGBUF_QUEUE_F_POLLER, SLICES * 2);
	flow(0);
	flow(REGBUF_QUEUE_F_POLLER);
	signals();
	pools();
	large_pools();
	return 0;
}
