// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel memory: how many pages are free before and after, those that the CPU
 * keeps at hand included. Many of a kind at once, so that what is rounded, and
 * what others do meanwhile, counts for little.
 */
#include <errno.h>
#include <liburing.h>
#include <regbuf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "kmem.h"

#define SMALL		16384u	/* as many as io_uring takes */
#define GIB		((size_t)1 << 30)
#define TIMES		64u
#define SLOTS		32768u

static long kmem_free(void)
{
	FILE *file = fopen("/proc/zoneinfo", "r");
	long pages = 0, n;
	char line[256];

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, " pages free %ld", &n) == 1 ||
		    sscanf(line, " count: %ld", &n) == 1)
			pages += n;
	fclose(file);
	return pages;
}

/* Wait for what is freed late: until nothing changes for a while. */
static long kmem_settled(void)
{
	long last, pages = kmem_free();
	int i;

	for (i = 0; i < 50; i++) {
		last = pages;
		usleep(200000);
		pages = kmem_free();
		if (labs(pages - last) < 4)
			break;
	}
	return pages * 4096;
}

static void kmem_say(const char *what, const char *whose, double bytes)
{
	printf("memory: %s, %s: %.0f bytes\n", what, whose, bytes);
	fflush(stdout);
}

static int kmem_rb_many(struct memory *mem)
{
	struct regbuf *rb;
	int err = regbuf_open(&rb);
	unsigned int i;
	long before;
	uint64_t id;

	if (err)
		return bench_failed("opening regbuf", err);
	before = kmem_settled();
	for (i = 0; i < SMALL && !err; i++)
		err = regbuf_register(rb, mem->base + i * 4096, 4096,
				      REGBUF_ACCESS_READ, &id);
	if (err)
		bench_failed("registering", err);
	else
		kmem_say("a buffer of 4 KiB", "regbuf",
			 (double)(before - kmem_settled()) / SMALL);
	regbuf_close(rb);
	return err;
}

static int kmem_rb_one(struct memory *mem)
{
	struct regbuf *rbs[TIMES] = { NULL };
	long before = kmem_settled();
	unsigned int i;
	uint64_t id;
	int err = 0;

	for (i = 0; i < TIMES && !err; i++) {
		err = regbuf_open(&rbs[i]);
		if (!err)
			err = regbuf_register(rbs[i], mem->base, mem->length,
					      REGBUF_ACCESS_READ, &id);
	}
	if (err)
		bench_failed("registering", err);
	else
		kmem_say("1 GiB on pages of 2 MiB, and a context", "regbuf",
			 (double)(before - kmem_settled()) / TIMES);
	for (i = 0; i < TIMES; i++)
		regbuf_close(rbs[i]);
	return err;
}

static int kmem_uring_one(struct memory *mem)
{
	struct iovec iov = { mem->base, mem->length };
	struct io_uring rings[TIMES];
	unsigned int i, n = 0;
	long before;
	int err = 0;

	for (; n < TIMES && !err; n += !err)
		err = io_uring_queue_init(8, &rings[n], 0);
	before = kmem_settled();
	for (i = 0; i < n && !err; i++)
		err = io_uring_register_buffers(&rings[i], &iov, 1);
	if (!err)
		kmem_say("1 GiB on pages of 2 MiB", "io_uring",
			 (double)(before - kmem_settled()) / TIMES);
	while (n--)
		io_uring_queue_exit(&rings[n]);
	return err ? bench_failed("registering with io_uring", err) : 0;
}

static int kmem_uring_many(struct memory *mem)
{
	struct iovec *iov = calloc(SMALL, sizeof(*iov));
	struct io_uring ring;
	unsigned int i;
	long before;
	int err;

	if (!iov)
		return bench_failed("registering with io_uring", -ENOMEM);
	for (i = 0; i < SMALL; i++) {
		iov[i].iov_base = mem->base + i * 4096;
		iov[i].iov_len = 4096;
	}
	err = io_uring_queue_init(8, &ring, 0);
	if (!err) {
		before = kmem_settled();
		err = io_uring_register_buffers(&ring, iov, SMALL);
		if (!err)
			kmem_say("a buffer of 4 KiB", "io_uring",
				 (double)(before - kmem_settled()) / SMALL);
		io_uring_queue_exit(&ring);
	}
	free(iov);
	return err ? bench_failed("registering with io_uring", err) : 0;
}

static int kmem_rb_slots(void)
{
	struct regbuf_queue_params params = {
		.sq_entries = SLOTS,
		.cq_entries = SLOTS,
	};
	struct regbuf_queue *queue;
	struct regbuf *rb;
	int err = regbuf_open(&rb);
	long before;

	if (err)
		return bench_failed("opening regbuf", err);
	before = kmem_settled();
	err = regbuf_queue_create(rb, &params, &queue);
	if (err) {
		bench_failed("making a queue", err);
	} else {
		kmem_say("a ring slot", "regbuf",
			 (double)(before - kmem_settled()) / SLOTS);
		regbuf_queue_destroy(queue);
	}
	regbuf_close(rb);
	return err;
}

/* Its requests come on top, when they are in flight. */
static int kmem_uring_slots(void)
{
	struct io_uring_params params = {
		.flags = IORING_SETUP_CQSIZE,
		.cq_entries = SLOTS,
	};
	struct io_uring ring;
	long before = kmem_settled();
	int err = io_uring_queue_init_params(SLOTS, &ring, &params);

	if (err)
		return bench_failed("making a ring", err);
	kmem_say("a ring slot without its request", "io_uring",
		 (double)(before - kmem_settled()) / SLOTS);
	io_uring_queue_exit(&ring);
	return 0;
}

static int kmem_buffers(size_t length, bool huge)
{
	struct memory mem;
	int err = memory_map(&mem, length, huge);

	if (err)
		return err;
	if (huge) {
		err = kmem_rb_one(&mem);
		err |= kmem_uring_one(&mem);
	} else {
		err = kmem_rb_many(&mem);
		err |= kmem_uring_many(&mem);
	}
	memory_unmap(&mem);
	return err;
}

int kmem_show(void)
{
	int err = kmem_buffers(GIB, true);

	err |= kmem_rb_slots();
	err |= kmem_uring_slots();
	/* Last: it leaves the most behind for others to use. */
	err |= kmem_buffers(SMALL * 4096, false);
	return err;
}
