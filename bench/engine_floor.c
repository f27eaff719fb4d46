// SPDX-License-Identifier: GPL-2.0
/*
 * The floor: the stack's own sending, from pinned memory, with next to nothing
 * around it; see floor.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bench.h"
#include "floor.h"

#define FLOOR_DEVICE	"/dev/regbuf-floor"

struct floor {
	int fd;
	uint32_t flags;
};

/* It counts offsets by itself, and knows no headers. */
static bool floor_fits(const struct cell *cell)
{
	return options.layout == PACKED && !cell->header &&
	       !((options.ipv6 || cell->ipv6) && cell->dests);
}

static void floor_close(struct run *run)
{
	struct floor *floor = run->state;

	close(floor->fd);
	free(floor);
}

static int floor_pin(struct run *run)
{
	struct floor *floor = run->state;
	struct regbuf_floor_pin pin = {
		.addr = (uintptr_t)run->mem.base,
		.len = run->mem.length,
	};
	struct regbuf_floor_sockets sockets = {
		.fds = (uintptr_t)run->socks,
		.count = run->cell->endpoints,
	};

	if (ioctl(floor->fd, REGBUF_FLOOR_PIN, &pin))
		return bench_failed("pinning for the floor", -errno);
	if (ioctl(floor->fd, REGBUF_FLOOR_SOCKETS, &sockets))
		return bench_failed("the floor's sockets", -errno);
	return 0;
}

static int floor_names(struct run *run)
{
	unsigned int i, n = run->cell->dests;
	struct floor *floor = run->state;
	struct sockaddr_in *list;
	struct regbuf_floor_names names = { .count = n };
	int err = 0;

	list = calloc(n, sizeof(list[0]));
	if (!list)
		return bench_failed("the floor's names", -ENOMEM);
	for (i = 0; i < n; i++)
		list[i] = *(struct sockaddr_in *)&run->dests[i];
	names.names = (uintptr_t)list;
	if (ioctl(floor->fd, REGBUF_FLOOR_NAMES, &names))
		err = bench_failed("the floor's names", -errno);
	free(list);
	return err;
}

static int floor_open(struct run *run)
{
	struct floor *floor = calloc(1, sizeof(*floor));
	int err;

	if (!floor)
		return bench_failed("the floor", -ENOMEM);
	floor->fd = open(FLOOR_DEVICE, O_RDWR | O_CLOEXEC);
	if (floor->fd < 0) {
		free(floor);
		return bench_failed(FLOOR_DEVICE, -errno);
	}
	run->state = floor;
	err = floor_pin(run);
	if (err)
		return err;
	if (run->cell->endpoints > 1)
		floor->flags = REGBUF_FLOOR_F_SPREAD;
	else if (run->cell->dests)
		floor->flags = REGBUF_FLOOR_F_NAMES;
	else
		floor->flags = REGBUF_FLOOR_F_COALESCE;
	return run->cell->dests ? floor_names(run) : 0;
}

static int floor_wait(struct run *run, unsigned int left)
{
	struct floor *floor = run->state;
	struct regbuf_floor_wait wait = { .count = left };

	if (ioctl(floor->fd, REGBUF_FLOOR_WAIT, &wait))
		return bench_failed("waiting for the floor", -errno);
	run->in_flight = left;
	return 0;
}

static int floor_batch(struct run *run)
{
	struct floor *floor = run->state;
	struct regbuf_floor_run batch = {
		.len = run->cell->size,
		.count = run->cell->depth,
		.flags = floor->flags,
	};
	struct request req;

	run_request(run, 0, &req);
	batch.offset = req.offset;
	run->next = (run->next + run->cell->depth - 1) % run->slots;
	if (ioctl(floor->fd, REGBUF_FLOOR_RUN, &batch))
		return bench_failed("the floor", -errno);
	run->in_flight += run->cell->depth;
	return run_full(run) ? floor_wait(run, run_half(run)) : 0;
}

static int floor_drain(struct run *run)
{
	return floor_wait(run, 0);
}

/* Not that the stack could not do it behind its back. */
static double floor_copied(struct run *run)
{
	(void)run;
	return -1;
}

const struct engine engine_floor = {
	.name = "floor",
	.fits = floor_fits,
	.open = floor_open,
	.batch = floor_batch,
	.drain = floor_drain,
	.copied = floor_copied,
	.close = floor_close,
};
